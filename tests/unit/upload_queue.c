/* The order of uploads: the highest priority first, equals as they came, whatever is removed and
 * moved between. */
#include "support.h"

#include <stdlib.h>

#include "async/upload_queue.h"
#include "base/memory.h"

#define MANY 500

static void equals_go_as_they_came(void **state)
{
    (void)state;
    tdi_upload_queue queue = {0};
    tdi_upload_place places[9] = {{.priority = 1}};
    assert_null(tdi_upload_queue_take(&queue));
    for (uint32_t i = 0; i < 9; i++) {
        places[i].priority = i % 3;
        assert_int_equal(tdi_upload_queue_add(&queue, &places[i]), TD_OK);
        assert_true(places[i].queued);
    }
    static const uint32_t order[] = {2, 5, 8, 1, 4, 7, 0, 3, 6};
    for (uint32_t i = 0; i < 9; i++)
        assert_ptr_equal(tdi_upload_queue_take(&queue), &places[order[i]]);
    assert_false(places[0].queued);
    assert_null(tdi_upload_queue_take(&queue));
    tdi_upload_queue_free(&queue);
}

/* The one that a list searched from end to end gives. */
static tdi_upload_place *expected(tdi_upload_place *places)
{
    tdi_upload_place *first = NULL;
    for (uint32_t i = 0; i < MANY; i++) {
        tdi_upload_place *p = &places[i];
        if (p->queued && (!first || p->priority > first->priority ||
                          (p->priority == first->priority && p->number < first->number)))
            first = p;
    }
    return first;
}

static void removed_and_moved_ones_keep_the_order(void **state)
{
    (void)state;
    tdi_upload_queue queue = {0};
    tdi_upload_place *places = calloc(MANY, sizeof *places);
    assert_non_null(places);
    uint32_t seed = 1;
    for (uint32_t i = 0; i < MANY; i++) {
        seed = seed * 1664525u + 1013904223u;
        places[i].priority = (int64_t)(seed >> 28) - 8;
        assert_int_equal(tdi_upload_queue_add(&queue, &places[i]), TD_OK);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        seed = seed * 1664525u + 1013904223u;
        if (seed >> 30 == 0)
            tdi_upload_queue_remove(&queue, &places[i]);
        else if (seed >> 30 == 1)
            tdi_upload_queue_move(&queue, &places[i], (int64_t)(seed >> 20 & 31) - 16);
    }
    for (tdi_upload_place *next; (next = expected(places));)
        assert_ptr_equal(tdi_upload_queue_take(&queue), next);
    assert_null(tdi_upload_queue_take(&queue));
    tdi_upload_queue_free(&queue);
    free(places);
}

static void adding_can_fail(void **state)
{
    (void)state;
    support_use_allocator();
    tdi_upload_queue queue = {0};
    tdi_upload_place place = {0};
    support_fail_allocation(1);
    assert_int_equal(tdi_upload_queue_add(&queue, &place), TD_ERROR_HOST_MEMORY);
    assert_false(place.queued);
    assert_null(tdi_upload_queue_take(&queue));
    tdi_upload_queue_free(&queue);
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_go_as_they_came),
        cmocka_unit_test(removed_and_moved_ones_keep_the_order),
        cmocka_unit_test(adding_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
