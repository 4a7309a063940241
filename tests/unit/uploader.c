/* The uploader: what is added arrives piece by piece in the order of its priority, can be moved,
 * cancelled and let go in any state, and says when its data is free and when it is there. */
#include "uploader_support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define KIB ((size_t)1 << 10)

static tdi_vk_image some_image(uint32_t width, uint32_t height, uint32_t levels)
{
    static char mark;
    return (tdi_vk_image){
        .handle = (VkImage)&mark, .width = width, .height = height, .levels = levels};
}

static void a_job_is_submitted_and_done(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(3);
    fake_hold(true);
    tdi_upload_job *job = add_bytes(uploader, 1, "bytes", 5, 0);
    td_ticket ticket = wait_submitted(job);
    assert_int_equal(tdi_upload_job_poll(job), TDI_UPLOAD_SUBMITTED);
    assert_int_equal(fake_submission_at(0).queue, TD_LANE_TRANSFER);
    fake_complete(ticket.queue, ticket.value);
    assert_int_equal(tdi_upload_job_poll(job), TDI_UPLOAD_DONE);
    assert_int_equal(copies_count(), 1);
    assert_ptr_equal(copy_at(0).buffer, buffer_of(1));
    assert_int_equal(copy_at(0).bytes, 5);
    assert_int_equal(copy_at(0).first, 'b');
    tdi_upload_job_release(job);
    uploader_destroy_all();
}

static void the_most_wanted_goes_first(void **state)
{
    (void)state;
    static const int64_t priorities[] = {0, 5, -3, 5, 7, 0};
    static const uint32_t order[] = {4, 1, 3, 0, 5, 2};
    tdi_uploader *uploader = uploader_create(1);
    tdi_upload_job *jobs[6];
    tdi_upload_job *gate = gate_add(uploader);
    for (uint32_t i = 0; i < 6; i++)
        jobs[i] = add_bytes(uploader, i, "x", 1, priorities[i]);
    gate_open();
    for (uint32_t i = 0; i < 6; i++)
        (void)wait_submitted(jobs[i]);
    assert_int_equal(copies_count(), 7);
    for (uint32_t i = 0; i < 6; i++) {
        assert_ptr_equal(copy_at(1 + i).buffer, buffer_of(order[i]));
        tdi_upload_job_release(jobs[i]);
    }
    /* Small ones that wait together travel together. */
    assert_int_equal(fake_submission_count(), 1);
    tdi_upload_job_release(gate);
    uploader_destroy_all();
}

static void priorities_change_while_queued(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    tdi_upload_job *gate = gate_add(uploader);
    tdi_upload_job *first = add_bytes(uploader, 1, "1", 1, 1);
    tdi_upload_job *second = add_bytes(uploader, 2, "2", 1, 2);
    tdi_upload_job_set_priority(first, 3);
    tdi_upload_job_set_priority(gate, 9); /* it was begun: nothing happens */
    gate_open();
    (void)wait_submitted(first);
    (void)wait_submitted(second);
    assert_int_equal(copy_at(1).first, '1');
    assert_int_equal(copy_at(2).first, '2');
    tdi_upload_job_set_priority(first, 5);
    tdi_upload_job_release(gate);
    tdi_upload_job_release(first);
    tdi_upload_job_release(second);
    uploader_destroy_all();
}

typedef struct told {
    tdi_mutex mutex;
    tdi_cond changed;
    uint32_t submitted, finished;
    td_result result;
    td_ticket ticket;
} told;

static void told_init(told *t)
{
    *t = (told){0};
    assert_int_equal(tdi_mutex_init(&t->mutex, TDI_RANK_NONE), TD_OK);
    assert_int_equal(tdi_cond_init(&t->changed), TD_OK);
}

static void told_free(told *t)
{
    tdi_cond_destroy(&t->changed);
    tdi_mutex_destroy(&t->mutex);
}

static void on_submitted(void *user, td_ticket ticket)
{
    told *t = user;
    tdi_mutex_lock(&t->mutex);
    t->submitted++;
    t->ticket = ticket;
    tdi_cond_broadcast(&t->changed);
    tdi_mutex_unlock(&t->mutex);
}

static void on_finished(void *user, td_result result)
{
    told *t = user;
    tdi_mutex_lock(&t->mutex);
    t->finished++;
    t->result = result;
    tdi_cond_broadcast(&t->changed);
    tdi_mutex_unlock(&t->mutex);
}

static void until_told(told *t, const uint32_t *count)
{
    tdi_mutex_lock(&t->mutex);
    while (*count == 0)
        tdi_cond_wait(&t->changed, &t->mutex);
    tdi_mutex_unlock(&t->mutex);
}

static tdi_upload_job *add_telling(tdi_uploader *uploader, told *t)
{
    const tdi_upload_job_params params = {
        .buffer = buffer_of(3),
        .size = 4,
        .data = "data",
        .submitted = on_submitted,
        .finished = on_finished,
        .user = t,
    };
    tdi_upload_job *job = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    return job;
}

static void callbacks_tell_both_moments(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(3);
    told t;
    told_init(&t);
    fake_hold(true);
    tdi_upload_job *job = add_telling(uploader, &t);
    until_told(&t, &t.submitted);
    assert_int_equal(t.finished, 0);
    assert_true(t.ticket.value > 0);
    tdi_upload_job_release(job); /* what is on its way is told all the same */
    fake_hold(false);
    until_told(&t, &t.finished);
    assert_int_equal(t.result, TD_OK);
    uploader_destroy_all();
    assert_int_equal(t.submitted, 1);
    assert_int_equal(t.finished, 1);
    told_free(&t);
}

static void a_cancelled_job_never_begins(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    told t;
    told_init(&t);
    tdi_upload_job *gate = gate_add(uploader);
    tdi_upload_job *job = add_telling(uploader, &t);
    tdi_upload_job *dropped = add_bytes(uploader, 4, "x", 1, 0);
    assert_false(tdi_upload_job_cancel(gate));
    assert_true(tdi_upload_job_cancel(job));
    assert_false(tdi_upload_job_cancel(job));
    assert_int_equal(t.result, TD_ERROR_CANCELLED);
    assert_int_equal(t.finished, 1);
    assert_int_equal(tdi_upload_job_poll(job), TDI_UPLOAD_CANCELLED);
    tdi_upload_job_release(dropped); /* cancels it */
    td_ticket ticket = {.value = 7};
    assert_int_equal(tdi_upload_job_wait_submitted(job, 0, &ticket), TD_ERROR_CANCELLED);
    assert_int_equal(ticket.value, 0);
    gate_open();
    (void)wait_submitted(gate);
    assert_int_equal(copies_count(), 1);
    assert_int_equal(t.submitted, 0);
    tdi_upload_job_release(job);
    tdi_upload_job_release(gate);
    tdi_upload_job_release(NULL);
    uploader_destroy_all();
    told_free(&t);
}

/* What a callback is told that waits for an upload. */
typedef struct impatient {
    tdi_upload_job *job;
    td_result waited, looked;
} impatient;

static void wait_for_upload(void *user, td_request *request)
{
    impatient *who = user;
    td_ticket ticket;
    (void)request;
    who->waited = tdi_upload_job_wait_submitted(who->job, TD_FOREVER, &ticket);
    who->looked = tdi_upload_job_wait_submitted(who->job, 0, &ticket);
}

static void nobody_waits_for_it_in_a_callback(void **state)
{
    (void)state;
    impatient who = {.job = gate_add(uploader_create(3))};
    fake_call_back(wait_for_upload, &who);
    assert_int_equal(who.waited, TD_ERROR_STATE);
    assert_int_equal(who.looked, TD_ERROR_TIMEOUT);
    gate_open();
    (void)wait_submitted(who.job);
    fake_call_back(wait_for_upload, &who);
    assert_int_equal(who.waited, TD_OK);
    tdi_upload_job_release(who.job);
    uploader_destroy_all();
}

static uint64_t frozen_time(void)
{
    static _Atomic uint64_t now = 1000;
    return atomic_fetch_add(&now, TDI_NS_PER_S);
}

static void waiting_has_a_limit(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    tdi_upload_job *gate = gate_add(uploader);
    td_ticket ticket;
    assert_int_equal(tdi_upload_job_wait_submitted(gate, 0, &ticket), TD_ERROR_TIMEOUT);
    tdi_set_clock(frozen_time); /* a second passes with each look */
    assert_int_equal(tdi_upload_job_wait_submitted(gate, TDI_NS_PER_S, &ticket), TD_ERROR_TIMEOUT);
    tdi_set_clock(NULL);
    gate_open();
    (void)wait_submitted(gate);
    tdi_upload_job_release(gate);
    uploader_destroy_all();
}

/* Pieces cover a range once, in order, and each goes into one slot. */
static void large_buffers_go_in_pieces(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    const VkDeviceSize slot = tdi_uploader_staging_bytes(uploader_device()) / 4;
    const size_t size = 5 * slot + 77;
    uint8_t *data = calloc(1, size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i += slot)
        data[i] = (uint8_t)(1 + i / slot);
    tdi_upload_job *job = add_bytes(uploader, 1, data, size, 0);
    (void)wait_submitted(job);
    assert_int_equal(copies_count(), 6);
    assert_int_equal(fake_submission_count(), 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(copy_at(i).offset, i * slot);
        assert_int_equal(copy_at(i).bytes, i < 5 ? slot : 77);
        assert_int_equal(copy_at(i).first, i + 1);
    }
    tdi_upload_job_release(job);
    uploader_destroy_all();
    free(data);
}

static void check_rows(uint32_t width, uint32_t first_row, uint32_t rows)
{
    uint32_t x = 0;
    uint32_t y = first_row;
    for (uint32_t i = 0; i < copies_count(); i++) {
        copy_entry piece = copy_at(i);
        assert_int_equal(piece.x, x);
        assert_int_equal(piece.y, y);
        assert_true(piece.width == width || piece.height == 1);
        x = (x + piece.width) % width;
        y += x == 0 ? piece.height : 0;
    }
    assert_int_equal(x, 0);
    assert_int_equal(y, first_row + rows);
}

static void upload_rows(uint32_t width, uint32_t height, uint32_t first_row, uint32_t rows)
{
    tdi_uploader *uploader = uploader_create(1);
    const tdi_vk_image image = some_image(width * 2, height * 2, 2);
    uint8_t *data = calloc((size_t)width * height, 16);
    assert_non_null(data);
    const tdi_upload_job_params params = {
        .image = &image,
        .level = 1,
        .texel_bytes = 16,
        .first_row = first_row,
        .row_count = rows,
        .data = data,
    };
    tdi_upload_job *job = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    (void)wait_submitted(job);
    assert_int_equal(copy_at(0).level, 1);
    check_rows(width, first_row, rows ? rows : height - first_row);
    tdi_upload_job_release(job);
    uploader_destroy_all();
    free(data);
}

/* The slots have 1 MiB on this device. */
static void levels_go_in_rows(void **state)
{
    (void)state;
    upload_rows(3, 5, 0, 0);
    upload_rows(3, 5, 2, 2);
    upload_rows(3, 5, 4, 0);
    upload_rows(1000, 200, 0, 0); /* rows that do not fill a slot */
    upload_rows(100000, 7, 0, 0); /* a row is larger than a slot */
    upload_rows(100000, 7, 3, 3);
}

static void each_level_is_moved_alone(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    const tdi_vk_image image = some_image(8, 8, 4);
    tdi_upload_job_params params = {
        .image = &image, .level = 2, .texel_bytes = 4, .data = "0123456789abcdef"};
    tdi_upload_job *job = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    (void)wait_submitted(job);
    tdi_upload_job_release(job);
    params.keep = true;
    params.first_row = 1;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    (void)wait_submitted(job);
    tdi_upload_job_release(job);
    assert_int_equal(layout_count(), 4);
    static const VkImageLayout layouts[] = {
        VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
        VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL};
    for (uint32_t i = 0; i < 4; i++) {
        const VkImageMemoryBarrier2 barrier = layout_at(i);
        assert_int_equal(barrier.subresourceRange.baseMipLevel, 2);
        assert_int_equal(barrier.subresourceRange.levelCount, 1);
        assert_int_equal(barrier.oldLayout, layouts[i]);
        assert_int_equal(barrier.newLayout, i % 2 ? VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL
                                                  : VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    }
    uploader_destroy_all();
}

static td_result write_counting(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes)
{
    VkDeviceSize *expected = user;
    assert_int_equal(offset, *expected);
    *expected += bytes;
    memset(to, 0x5A, bytes);
    return TD_OK;
}

static void data_can_be_written_straight_into_staging(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    VkDeviceSize written = 0;
    const tdi_upload_job_params params = {
        .buffer = buffer_of(0), .size = 3000 * KIB, .write = write_counting, .user = &written};
    tdi_upload_job *job = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    (void)wait_submitted(job);
    assert_int_equal(written, params.size);
    assert_int_equal(copy_at(0).first, 0x5A);
    tdi_upload_job_release(job);
    uploader_destroy_all();
}

static void the_ring_goes_when_all_is_done(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    td_budget_info info;
    for (uint32_t round = 0; round < 20; round++) {
        fake_hold(true);
        tdi_upload_job *job = add_bytes(uploader, 1, "x", 1, 0);
        (void)wait_submitted(job);
        td_budget_get_info(uploader_device()->budget, &info);
        assert_int_equal(info.by_category[TD_BUDGET_STAGING],
                         tdi_uploader_staging_bytes(uploader_device()));
        tdi_upload_job *more = add_bytes(uploader, 1, "x", 1, 0);
        (void)wait_submitted(more);
        fake_hold(false);
        until_idle();
        tdi_upload_job_release(job);
        tdi_upload_job_release(more);
    }
    uploader_destroy_all();
}

/* A job that its last callback releases. */
typedef struct own_job {
    tdi_upload_job *job;
    _Atomic uint32_t finished;
} own_job;

static void release_itself(void *user, td_result result)
{
    own_job *own = user;
    assert_true(result == TD_OK || result == TD_ERROR_CANCELLED);
    tdi_upload_job_release(own->job);
    own->finished++;
}

static void open_gate(void *user)
{
    (void)user;
    gate_open();
}

/* The thread is at the gate when the device goes; whatever is reached first, each job ends once. */
static void the_end_of_the_device_ends_every_job(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 20; round++) {
        tdi_uploader *uploader = uploader_create(3);
        own_job jobs[3] = {0};
        tdi_upload_job_release(gate_add(uploader)); /* it comes to its end all the same */
        for (uint32_t i = 0; i < 3; i++) {
            const tdi_upload_job_params params = {.buffer = buffer_of(i),
                                                  .size = 1,
                                                  .data = "x",
                                                  .finished = release_itself,
                                                  .user = &jobs[i]};
            assert_int_equal(tdi_uploader_add(uploader, &params, &jobs[i].job), TD_OK);
        }
        tdi_thread thread;
        assert_int_equal(tdi_thread_start(&thread, "gate", open_gate, NULL), TD_OK);
        uploader_destroy_device();
        tdi_thread_join(&thread);
        uploader_destroy_gate();
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(jobs[i].finished, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_submitted_and_done),
        cmocka_unit_test(the_most_wanted_goes_first),
        cmocka_unit_test(priorities_change_while_queued),
        cmocka_unit_test(callbacks_tell_both_moments),
        cmocka_unit_test(a_cancelled_job_never_begins),
        cmocka_unit_test(nobody_waits_for_it_in_a_callback),
        cmocka_unit_test(waiting_has_a_limit),
        cmocka_unit_test(large_buffers_go_in_pieces),
        cmocka_unit_test(levels_go_in_rows),
        cmocka_unit_test(each_level_is_moved_alone),
        cmocka_unit_test(data_can_be_written_straight_into_staging),
        cmocka_unit_test(the_ring_goes_when_all_is_done),
        cmocka_unit_test(the_end_of_the_device_ends_every_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
