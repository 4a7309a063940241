/* What fails in the uploader fails alone: with its code and its sentence, without a leak, and the
 * next job works. And a crowd of threads may do everything at once. */
#include "uploader_support.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gpu/pressure.h"

#define MIB ((size_t)1 << 20)

static const uint8_t zeros[9 * MIB];

static tdi_upload_job *add_zeros(tdi_uploader *uploader, size_t size)
{
    return add_bytes(uploader, 1, zeros, size, 0);
}

static void expect_failure(tdi_upload_job *job, td_result code, td_ticket *ticket)
{
    td_ticket own = {.value = 99};
    assert_int_equal(tdi_upload_job_wait_submitted(job, 60 * TDI_NS_PER_S, &own), code);
    assert_true(strlen(td_last_error()) > 0);
    assert_int_equal(tdi_upload_job_poll(job), TDI_UPLOAD_FAILED);
    tdi_upload_job_release(job);
    if (ticket)
        *ticket = own;
}

static void expect_success(tdi_uploader *uploader)
{
    tdi_upload_job *job = add_zeros(uploader, 100);
    (void)wait_submitted(job);
    tdi_upload_job_release(job);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    static char mark;
    const tdi_vk_image image = {.handle = (VkImage)&mark, .width = 16, .height = 16, .levels = 2};
    const tdi_upload_job_params bad[] = {
        {.buffer = buffer_of(0), .size = 4},
        {.buffer = buffer_of(0), .data = zeros},
        {.size = 4, .data = zeros},
        {.image = &image, .texel_bytes = 4},
        {.image = &image, .texel_bytes = 0, .data = zeros},
        {.image = &image, .texel_bytes = 3, .data = zeros},
        {.image = &image, .texel_bytes = 32, .data = zeros},
        {.image = &image, .texel_bytes = 4, .level = 2, .data = zeros},
        {.image = &image, .texel_bytes = 4, .first_row = 16, .data = zeros},
        {.image = &image, .texel_bytes = 4, .first_row = 9, .row_count = 8, .data = zeros},
    };
    tdi_uploader *uploader = uploader_create(1);
    tdi_upload_job *job = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tdi_uploader_add(uploader, &bad[i], &job), TD_ERROR_ARGUMENT);
    assert_null(job);
    assert_int_equal(copies_count(), 0);
    uploader_destroy_all();
}

/* Those that share the slot fail together. */
static void a_failed_submission_fails_its_jobs(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    tdi_upload_job *gate = gate_add(uploader);
    tdi_upload_job *job = add_zeros(uploader, 10);
    fake_fail_submit(1, VK_ERROR_OUT_OF_HOST_MEMORY);
    gate_open();
    td_ticket ticket;
    expect_failure(gate, TD_ERROR_HOST_MEMORY, &ticket);
    assert_int_equal(ticket.value, 0);
    expect_failure(job, TD_ERROR_HOST_MEMORY, NULL);
    expect_success(uploader);
    until_idle();
    uploader_destroy_all();
}

static void fail_otherwise(void *user, td_result result)
{
    *(td_result *)user = result;
    (void)tdi_fail(TD_ERROR_IO, "what the callback failed at");
}

/* What a callback fails at is not what those that end after it are told. */
static void a_callback_that_fails_leaves_the_sentence_of_others(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    tdi_upload_job *gate = gate_add(uploader);
    tdi_upload_job *jobs[2];
    td_result told_results[2] = {TD_OK, TD_OK};
    for (uint32_t i = 0; i < 2; i++) {
        const tdi_upload_job_params params = {.buffer = buffer_of(1),
                                              .data = zeros,
                                              .size = 10,
                                              .finished = fail_otherwise,
                                              .user = &told_results[i]};
        assert_int_equal(tdi_uploader_add(uploader, &params, &jobs[i]), TD_OK);
    }
    fake_fail_submit(1, VK_ERROR_OUT_OF_HOST_MEMORY);
    gate_open();
    expect_failure(gate, TD_ERROR_HOST_MEMORY, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        expect_failure(jobs[i], TD_ERROR_HOST_MEMORY, NULL);
        assert_null(strstr(td_last_error(), "callback"));
    }
    until_idle();
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(told_results[i], TD_ERROR_HOST_MEMORY);
    uploader_destroy_all();
}

/* Of five pieces the third is not submitted: what was is told. */
static void a_job_that_fails_midway_tells_its_last_ticket(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    fake_fail_submit(3, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    td_ticket ticket;
    expect_failure(add_zeros(uploader, 5 * MIB), TD_ERROR_DEVICE_MEMORY, &ticket);
    assert_int_equal(ticket.value, 2);
    expect_success(uploader);
    uploader_destroy_all();
}

static td_result write_until(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes)
{
    const VkDeviceSize *limit = user;
    memset(to, 1, bytes);
    return offset < *limit ? TD_OK : tdi_fail(TD_ERROR_IO, "the source went away");
}

/* Its pieces in the open slot are submitted, so that the ticket covers them. */
static void a_producer_can_fail(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    for (VkDeviceSize limit = 0; limit <= 2 * MIB; limit += MIB) {
        const tdi_upload_job_params params = {
            .buffer = buffer_of(0), .size = 4 * MIB, .write = write_until, .user = &limit};
        tdi_upload_job *job = NULL;
        const uint32_t before = copies_count();
        assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
        td_ticket ticket;
        expect_failure(job, TD_ERROR_IO, &ticket);
        assert_non_null(strstr(td_last_error(), "went away"));
        assert_int_equal(copies_count() - before, limit / MIB);
        assert_int_equal(ticket.value > 0, limit > 0);
        assert_true(!ticket.value || ticket.value == fake_submission_count());
        expect_success(uploader);
        until_idle();
    }
    uploader_destroy_all();
}

typedef struct telling {
    _Atomic td_result result;
} telling;

static void told(void *user, td_result result)
{
    atomic_store(&((telling *)user)->result, result);
}

static void a_lost_device_fails_every_job(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(3);
    telling t = {TD_OK};
    fake_hold(true);
    const tdi_upload_job_params params = {
        .buffer = buffer_of(0), .size = 4, .data = zeros, .finished = told, .user = &t};
    tdi_upload_job *submitted = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &submitted), TD_OK);
    (void)wait_submitted(submitted);
    tdi_upload_job *large = add_zeros(uploader, 8 * MIB); /* waits for a slot */
    fake_until_waiting(1);
    fake_lose();
    expect_failure(large, TD_ERROR_DEVICE_LOST, NULL);
    expect_failure(add_zeros(uploader, 4), TD_ERROR_DEVICE_LOST, NULL);
    assert_int_equal(tdi_upload_job_poll(submitted), TDI_UPLOAD_FAILED);
    tdi_upload_job_release(submitted);
    uploader_destroy_all();
    assert_int_equal(t.result, TD_ERROR_DEVICE_LOST);
}

static td_result take_memory(td_device *device, uint64_t bytes, tdi_allocation *out)
{
    const VkMemoryRequirements requirements = {.size = bytes, .alignment = 16, .memoryTypeBits = 3};
    const tdi_memory_request request = {
        .requirements = &requirements,
        .kind = TDI_MEMORY_UPLOAD,
        .linear = true,
        .category = TD_BUDGET_GEOMETRY,
        .name = "other",
    };
    return tdi_memory_allocate(device, &request, out);
}

/* The ring takes what it can get, and without any memory the job fails. */
static void a_full_budget_makes_a_smaller_ring(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    td_device *device = uploader_device();
    tdi_allocation other;
    assert_int_equal(take_memory(device, 62 * MIB, &other), TD_OK);
    tdi_upload_job *job = add_zeros(uploader, 2 * MIB);
    (void)wait_submitted(job);
    assert_true(copies_count() > 2);
    tdi_upload_job_release(job);
    tdi_memory_free(device, &other);
    tdi_allocation everything;
    td_result result = TD_ERROR_BUDGET;
    while (result == TD_ERROR_BUDGET) /* until the ring is gone */
        result = take_memory(device, 64 * MIB, &everything);
    assert_int_equal(result, TD_OK);
    expect_failure(add_zeros(uploader, 1), TD_ERROR_BUDGET, NULL);
    tdi_memory_free(device, &everything);
    expect_success(uploader);
    uploader_destroy_all();
}

static uint64_t staging_bytes(void)
{
    td_budget_info info;
    td_budget_get_info(uploader_device()->budget, &info);
    return info.by_category[TD_BUDGET_STAGING];
}

/* All of it, as soon as the uploader's thread is done with the ring. */
static void take_everything(void *user)
{
    td_result result = TD_ERROR_BUDGET;
    while (result == TD_ERROR_BUDGET)
        result = take_memory(uploader_device(), 64 * MIB, user);
    assert_int_equal(result, TD_OK);
}

static void a_held_ring_goes_before_others_lack_memory(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    tdi_allocation everything;
    tdi_uploader_hold(uploader);
    for (uint32_t round = 0; round < 3; round++) {
        expect_success(uploader);
        assert_int_equal(staging_bytes(), tdi_uploader_staging_bytes(uploader_device()));
        take_everything(&everything);
        assert_int_equal(staging_bytes(), 0);
        tdi_memory_free(uploader_device(), &everything);
    }
    expect_success(uploader);
    tdi_uploader_let_go(uploader);
    until_idle();
    uploader_destroy_all();
}

/* Not under the GPU's hands: who needs its memory waits for the copies. */
static void a_ring_in_use_by_the_gpu_is_waited_for(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(1);
    tdi_allocation everything;
    tdi_thread other;
    tdi_uploader_hold(uploader);
    fake_hold(true);
    expect_success(uploader);
    assert_int_equal(tdi_thread_start(&other, "other", take_everything, &everything), TD_OK);
    while (!tdi_pressure_expects(tdi_budget_pressure(uploader_device()->budget)))
        continue;
    assert_true(staging_bytes() > 0);
    fake_hold(false);
    tdi_thread_join(&other);
    assert_int_equal(staging_bytes(), 0);
    tdi_memory_free(uploader_device(), &everything);
    expect_success(uploader);
    tdi_uploader_let_go(uploader);
    uploader_destroy_all();
}

/* Whichever allocation fails, on whichever thread. */
static void host_memory_can_run_out(void **state)
{
    (void)state;
    support_use_allocator();
    bool failed = true;
    for (uint32_t nth = 1; failed; nth++) {
        tdi_uploader *uploader = uploader_create(1);
        support_fail_allocation(nth);
        tdi_upload_job *job = NULL;
        const tdi_upload_job_params params = {
            .buffer = buffer_of(0), .size = 2 * MIB, .data = zeros};
        td_ticket ticket;
        if (tdi_uploader_add(uploader, &params, &job) == TD_OK) {
            const td_result result = tdi_upload_job_wait_submitted(job, 60 * TDI_NS_PER_S, &ticket);
            assert_true(result == TD_OK || result == TD_ERROR_HOST_MEMORY);
            tdi_upload_job_release(job);
        }
        failed = support_allocation_failed();
        support_fail_allocation(0);
        expect_success(uploader);
        uploader_destroy_all();
    }
    support_restore_allocator();
}

/* Helpers are not needed; the thread itself is. */
static void threads_can_be_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    tdi_uploader *uploader = NULL;
    fake_add_memory();
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
    support_fail_thread(1);
    assert_int_equal(tdi_uploader_get(device, &uploader), TD_ERROR_SYSTEM);
    support_restore_threads();
    assert_int_equal(tdi_uploader_get(device, &uploader), TD_OK);
    fake_device_destroy();
    uploader = uploader_create(1);
    support_fail_thread(1);
    tdi_upload_job *job = add_zeros(uploader, 3 * MIB);
    (void)wait_submitted(job);
    tdi_upload_job_release(job);
    support_restore_threads();
    uploader_destroy_all();
}

#define CROWD 16
#define TURNS 60

typedef struct member {
    tdi_uploader *uploader;
    uint32_t seed;
    _Atomic uint32_t finished;
} member;

static void count_end(void *user, td_result result)
{
    member *m = user;
    assert_true(result == TD_OK || result == TD_ERROR_CANCELLED);
    m->finished++;
}

static void do_everything(void *user)
{
    member *m = user;
    for (uint32_t i = 0; i < TURNS; i++) {
        m->seed = m->seed * 1664525u + 1013904223u;
        const tdi_upload_job_params params = {.buffer = buffer_of(m->seed >> 22),
                                              .size = 1 + (m->seed >> 16),
                                              .data = zeros,
                                              .priority = m->seed >> 29,
                                              .finished = count_end,
                                              .user = m};
        tdi_upload_job *job = NULL;
        td_ticket ticket;
        assert_int_equal(tdi_uploader_add(m->uploader, &params, &job), TD_OK);
        tdi_upload_job_set_priority(job, m->seed >> 28);
        (void)tdi_upload_job_poll(job);
        if (m->seed >> 27 & 1)
            (void)tdi_upload_job_cancel(job);
        else if (m->seed >> 26 & 1)
            (void)tdi_upload_job_wait_submitted(job, 60 * TDI_NS_PER_S, &ticket);
        tdi_upload_job_release(job);
    }
}

static void a_crowd_may_do_everything_at_once(void **state)
{
    (void)state;
    tdi_uploader *uploader = uploader_create(3);
    static member members[CROWD];
    tdi_thread threads[CROWD];
    for (uint32_t i = 0; i < CROWD; i++) {
        members[i].uploader = uploader;
        members[i].seed = i;
        members[i].finished = 0;
        assert_int_equal(tdi_thread_start(&threads[i], "crowd", do_everything, &members[i]), TD_OK);
    }
    for (uint32_t i = 0; i < CROWD; i++)
        tdi_thread_join(&threads[i]);
    uploader_destroy_all();
    for (uint32_t i = 0; i < CROWD; i++)
        assert_int_equal(members[i].finished, TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(a_failed_submission_fails_its_jobs),
        cmocka_unit_test(a_callback_that_fails_leaves_the_sentence_of_others),
        cmocka_unit_test(a_job_that_fails_midway_tells_its_last_ticket),
        cmocka_unit_test(a_producer_can_fail),
        cmocka_unit_test(a_lost_device_fails_every_job),
        cmocka_unit_test(a_full_budget_makes_a_smaller_ring),
        cmocka_unit_test(a_held_ring_goes_before_others_lack_memory),
        cmocka_unit_test(a_ring_in_use_by_the_gpu_is_waited_for),
        cmocka_unit_test(host_memory_can_run_out),
        cmocka_unit_test(threads_can_be_refused),
        cmocka_unit_test(a_crowd_may_do_everything_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
