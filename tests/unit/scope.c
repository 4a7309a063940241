/* Scopes: what is in one is given back with it, the newest first, and nothing is counted twice. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include <tandem/scope.h>

#include "base/thread.h"
#include "gpu/budget.h"

#define MIB (UINT64_C(1) << 20)

static td_budget *budget;
static td_scope *scope;

static int start(void **state)
{
    (void)state;
    support_use_allocator();
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(td_scope_create(budget, "a job", &scope), TD_OK);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    td_budget_info info;
    td_scope_destroy(scope);
    td_budget_get_info(budget, &info);
    assert_int_equal(info.reserved_bytes, 0);
    tdi_budget_destroy(budget);
    support_restore_allocator();
    return 0;
}

static td_scope_info sums(void)
{
    td_scope_info info;
    td_scope_get_info(scope, &info);
    return info;
}

static void ids_are_live_once(void **state)
{
    (void)state;
    assert_int_equal(td_scope_reserve(scope, "a", TD_BUDGET_TEXTURES, 10 * MIB), TD_OK);
    assert_int_equal(td_scope_reserve(scope, "a", TD_BUDGET_TEXTURES, MIB), TD_ERROR_EXISTS);
    assert_string_equal(td_last_error(), "a job has a already; release it first");
    assert_int_equal(td_scope_reserve(scope, "b", TD_BUDGET_STAGING, 5 * MIB), TD_OK);
    assert_int_equal(sums().bytes, 15 * MIB);
    assert_int_equal(sums().reservations, 2);
    assert_int_equal(td_scope_release(scope, "a"), TD_OK);
    assert_int_equal(td_scope_release(scope, "a"), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_scope_reserve(scope, "a", TD_BUDGET_TEXTURES, 1), TD_OK);
    assert_int_equal(sums().bytes, 5 * MIB + 1);
    assert_int_equal(sums().peak_bytes, 15 * MIB);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(td_scope_reserve(scope, "a", TD_BUDGET_TEXTURES, 60 * MIB), TD_OK);
    assert_int_equal(td_scope_reserve(scope, "b", TD_BUDGET_TEXTURES, 5 * MIB), TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "a job: b needs 5.0 MiB"));
    assert_int_equal(sums().refused, 1);
    assert_int_equal(td_scope_release(scope, "b"), TD_ERROR_NOT_FOUND);
}

static char order[16];

static void end(void *object)
{
    strncat(order, object, 1);
}

static void the_newest_goes_first(void **state)
{
    (void)state;
    static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";
    order[0] = '\0';
    assert_int_equal(td_scope_adopt(scope, a, end), TD_OK);
    assert_int_equal(td_scope_adopt(scope, b, end), TD_OK);
    assert_int_equal(td_scope_adopt(scope, b, end), TD_ERROR_EXISTS);
    assert_int_equal(td_scope_reserve(scope, "r", TD_BUDGET_TEXTURES, MIB), TD_OK);
    assert_int_equal(td_scope_adopt(scope, c, end), TD_OK);
    assert_int_equal(td_scope_adopt(scope, d, end), TD_OK);
    assert_int_equal(td_scope_disown(scope, c), TD_OK);
    assert_int_equal(td_scope_disown(scope, c), TD_ERROR_NOT_FOUND);
    assert_int_equal(sums().objects, 3);
    td_scope_clear(scope);
    assert_string_equal(order, "dba");
    assert_int_equal(sums().objects, 0);
    assert_int_equal(sums().bytes, 0);
    assert_int_equal(sums().reservations, 0);
    assert_int_equal(td_scope_adopt(scope, a, end), TD_OK); /* goes with the scope */
}

static void mistakes_are_told(void **state)
{
    (void)state;
    td_scope *none;
    assert_int_equal(td_scope_create(NULL, NULL, &none), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_create(budget, NULL, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_reserve(scope, "", TD_BUDGET_STAGING, 1), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_reserve(NULL, "a", TD_BUDGET_STAGING, 1), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_reserve(scope, "a", TD_BUDGET_CATEGORY_COUNT, 1), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_release(scope, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_release(scope, ""), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_scope_adopt(scope, NULL, end), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_adopt(scope, order, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scope_disown(scope, NULL), TD_ERROR_ARGUMENT);
    td_scope_clear(NULL);
    td_scope_destroy(NULL);
    assert_int_equal(sums().reservations, 0);
}

static td_result use_scope(void)
{
    static char object[] = "o";
    td_scope *own;
    TDI_TRY(td_scope_create(budget, "own", &own));
    td_result result = td_scope_reserve(own, "a", TD_BUDGET_STAGING, 10);
    if (result == TD_OK)
        result = td_scope_adopt(own, object, end);
    td_scope_destroy(own);
    return result;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    uint32_t nth = 1;
    for (; nth < 50; nth++) {
        support_fail_allocation(nth);
        td_result result = use_scope();
        td_budget_info info;
        td_budget_get_info(budget, &info);
        assert_int_equal(info.reserved_bytes, 0);
        if (!support_allocation_failed()) {
            assert_int_equal(result, TD_OK);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
    }
    support_fail_allocation(0);
    assert_int_equal(nth, 6); /* scope, name, member, reservation, member */
}

typedef struct user {
    tdi_thread thread;
    uint32_t index;
    uint32_t added;
} user;

/* Threads fight for the same ids; each is given to one at a time. */
static void use_ids(void *data)
{
    user *self = data;
    char id[16];
    for (uint32_t i = 0; i < 2000; i++) {
        snprintf(id, sizeof id, "%u", (i + self->index) % 5);
        if (td_scope_reserve(scope, id, TD_BUDGET_STAGING, 16) != TD_OK)
            continue;
        self->added++;
        assert_int_equal(td_scope_release(scope, id), TD_OK);
    }
}

static void threads_share_a_scope(void **state)
{
    (void)state;
    user users[16] = {0};
    uint32_t added = 0;
    for (uint32_t i = 0; i < 16; i++) {
        users[i].index = i;
        assert_int_equal(tdi_thread_start(&users[i].thread, "test", use_ids, &users[i]), TD_OK);
    }
    for (uint32_t i = 0; i < 16; i++) {
        tdi_thread_join(&users[i].thread);
        added += users[i].added;
    }
    assert_true(added > 0);
    assert_int_equal(sums().bytes, 0);
    assert_true(sums().peak_bytes <= 5 * 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_live_once, start, finish),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, start, finish),
        cmocka_unit_test_setup_teardown(the_newest_goes_first, start, finish),
        cmocka_unit_test_setup_teardown(mistakes_are_told, start, finish),
        cmocka_unit_test_setup_teardown(any_allocation_may_fail, start, finish),
        cmocka_unit_test_setup_teardown(threads_share_a_scope, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
