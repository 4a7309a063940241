/* The device is lost at any submission, wait or reading of a timeline, in the middle of work of
 * several threads: each call returns, each waiting thread wakes up, and destroying frees all. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */

#include "fault_support.h"
#include "scene_support.h"

#include <time.h>

#include <tandem/ticket.h>

#include "async/upload.h"
#include "async/uploader.h"
#include "base/clock.h"
#include "base/thread.h"

enum { SIDE = 16, VIEWS = 5, WAITERS = 8 };

#define MIB (UINT64_C(1) << 20)

/* ---- uploads ---- */

static td_result upload_pieces(tdi_upload *upload, const tdi_buffer *buffer, td_ticket *ticket)
{
    static const uint8_t bytes[3 * MIB];
    for (uint64_t offset = 0; offset < buffer->size; offset += sizeof bytes)
        TDI_TRY(tdi_upload_buffer(upload, buffer, offset, bytes, sizeof bytes));
    return tdi_upload_flush(upload, ticket);
}

/* Goes round the staging ring more than once. */
static void upload_on(td_device *device)
{
    tdi_buffer buffer;
    tdi_upload *upload = NULL;
    td_ticket ticket = {0};
    gpu_make_buffer(device, 21 * MIB, TDI_MEMORY_DEVICE, &buffer);
    const td_result result = tdi_upload_create(device, buffer.size, &upload);
    if (fault_went_well(result) && fault_went_well(upload_pieces(upload, &buffer, &ticket)))
        fault_went_well(tdi_ticket_wait(device, ticket, SCENE_LIMIT_NS));
    tdi_upload_destroy(upload);
    tdi_buffer_destroy(device, &buffer);
}

static void upload(td_device *device, const faults *f, const faults_plan *plan)
{
    f->arm(device->handle, plan);
    upload_on(device);
}

static void lost_while_uploading(void **state)
{
    (void)state;
    fault_survives_at_each(upload, FAULTS_SUBMIT2, 6, 1);
    fault_survives_at_each(upload, FAULTS_WAIT_SEMAPHORES, 1, 2);
    fault_survives_at_each(upload, FAULTS_COUNTER_VALUE, 1, 3);
}

/* One job larger than the ring, and one that waits behind it. */
static void use_uploader(td_device *device, const faults *f, const faults_plan *plan)
{
    static const uint8_t bytes[21 * MIB];
    tdi_upload_job *jobs[2] = {NULL, NULL};
    tdi_uploader *uploader = NULL;
    tdi_buffer buffer;
    gpu_make_buffer(device, 2 * sizeof bytes, TDI_MEMORY_DEVICE, &buffer);
    gpu_ok(tdi_uploader_get(device, &uploader));
    f->arm(device->handle, plan);
    for (uint32_t i = 0; i < 2; i++) {
        const tdi_upload_job_params params = {
            .buffer = buffer.handle,
            .offset = i * sizeof bytes,
            .size = sizeof bytes,
            .data = bytes,
        };
        gpu_ok(tdi_uploader_add(uploader, &params, &jobs[i]));
    }
    for (uint32_t i = 0; i < 2; i++) {
        td_ticket ticket = {0};
        if (fault_went_well(tdi_upload_job_wait_submitted(jobs[i], SCENE_LIMIT_NS, &ticket)))
            fault_went_well(tdi_ticket_wait(device, ticket, SCENE_LIMIT_NS));
        tdi_upload_job_release(jobs[i]);
    }
    td_budget_info info;
    do /* the ring goes on the uploader's thread */
        td_budget_get_info(td_device_budget(device), &info);
    while (info.by_category[TD_BUDGET_STAGING] > 0);
    tdi_buffer_destroy(device, &buffer);
}

static void lost_while_the_uploader_works(void **state)
{
    (void)state;
    fault_survives_at_each(use_uploader, FAULTS_SUBMIT2, 6, 2);
    fault_survives_at_each(use_uploader, FAULTS_WAIT_SEMAPHORES, 1, 3);
}

/* ---- views ---- */

static td_renderer_params view_params(td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.in_flight = 3;
    params.result_slots = 4;
    params.views_per_submission = 1;
    return params;
}

typedef struct view_waiter {
    tdi_thread thread;
    td_request *request;
} view_waiter;

static void wait_for_view(void *user)
{
    view_waiter *waiter = user;
    fault_went_well(td_request_wait(waiter->request, SCENE_LIMIT_NS));
    td_request_release(waiter->request);
}

/* Each view has a thread that waits for it; submitting waits for a free slot. */
static void render_views(td_renderer *renderer)
{
    view_waiter waiters[VIEWS];
    uint32_t count = 0;
    for (; count < VIEWS; count++) {
        const td_camera camera = scene_rich_camera(count);
        view_waiter *waiter = &waiters[count];
        if (!fault_went_well(
                td_renderer_submit(renderer, &camera, 1, 0, SCENE_LIMIT_NS, &waiter->request)))
            break;
        gpu_ok(tdi_thread_start(&waiter->thread, "view", wait_for_view, waiter));
    }
    for (uint32_t i = 0; i < count; i++)
        tdi_thread_join(&waiters[i].thread);
}

static void upload_thread(void *device)
{
    upload_on(device);
}

static void render(td_device *device, const faults *f, const faults_plan *plan)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = view_params(scene);
    td_renderer *renderer = scene_renderer(device, &params);
    tdi_thread uploader;
    f->arm(device->handle, plan);
    gpu_ok(tdi_thread_start(&uploader, "uploader", upload_thread, device));
    render_views(renderer);
    tdi_thread_join(&uploader);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void lost_while_rendering(void **state)
{
    (void)state;
    fault_survives_at_each(render, FAULTS_SUBMIT2, 2, 17);
    fault_survives_at_each(render, FAULTS_WAIT_SEMAPHORES, 1, 29);
    fault_survives_at_each(render, FAULTS_COUNTER_VALUE, 1, 67);
}

static void make_renderer(td_device *device, const faults *f, const faults_plan *plan)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = view_params(scene);
    td_renderer *renderer = NULL;
    f->arm(device->handle, plan);
    if (fault_went_well(td_renderer_create(device, &params, &renderer)))
        render_views(renderer);
    else
        assert_null(renderer);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void lost_while_making_a_renderer(void **state)
{
    (void)state;
    fault_survives_at_each(make_renderer, FAULTS_SUBMIT2, 2, 11);
    fault_survives_at_each(make_renderer, FAULTS_WAIT_SEMAPHORES, 1, 29);
}

/* ---- the end of a device ---- */

/* Destroying asks the device to be idle, which comes after this. */
static void leave_work_behind(td_device *device, const faults *f, const faults_plan *plan)
{
    const td_lane_submit_params params = {.lane = TD_LANE_GRAPHICS};
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    f->arm(device->handle, plan);
}

static void lost_while_destroying(void **state)
{
    (void)state;
    const VkResult results[] = {VK_ERROR_DEVICE_LOST, VK_ERROR_OUT_OF_HOST_MEMORY,
                                VK_ERROR_OUT_OF_DEVICE_MEMORY};
    for (uint32_t i = 0; i < 3; i++) {
        const faults_plan plan = {.calls = FAULTS_DEVICE_IDLE, .nth = 1, .result = results[i]};
        assert_false(fault_survives(leave_work_behind, &plan));
    }
}

/* ---- threads that wait for what cannot end ---- */

typedef struct patient {
    tdi_thread thread;
    td_device *device;
    td_ticket ticket;
    td_request *request; /* waits for it, else for the ticket */
    td_result result;
} patient;

static void be_patient(void *user)
{
    patient *p = user;
    p->result = p->request ? td_request_wait(p->request, TD_FOREVER)
                           : td_ticket_wait(p->device, p->ticket, TD_FOREVER);
}

static VkSemaphore make_timeline(td_device *device)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = &type};
    VkSemaphore semaphore;
    gpu_ok(tdi_vk_check(device->vk.vkCreateSemaphore(device->handle, &info, NULL, &semaphore),
                        "vkCreateSemaphore"));
    return semaphore;
}

typedef struct loser {
    tdi_thread thread;
    td_device *device;
} loser;

static void lose_by_submitting(void *user)
{
    fault_assert_lost(((loser *)user)->device);
}

static void start_patients(td_device *device, td_ticket ticket, patient patients[WAITERS])
{
    for (uint32_t i = 0; i < WAITERS; i++) {
        patients[i] = (patient){.device = device, .ticket = ticket};
        if (i % 2)
            gpu_ok(td_ticket_request(device, ticket, &patients[i].request));
        gpu_ok(tdi_thread_start(&patients[i].thread, "patient", be_patient, &patients[i]));
    }
}

static void end_patients(patient patients[WAITERS], td_result expected)
{
    for (uint32_t i = 0; i < WAITERS; i++) {
        tdi_thread_join(&patients[i].thread);
        assert_int_equal(patients[i].result, expected);
        td_request_release(patients[i].request);
    }
}

/* Work that waits for the host. */
static td_ticket submit_behind(td_device *device, VkSemaphore semaphore)
{
    const td_wait wait = {.semaphore = semaphore, .value = 1};
    const td_lane_submit_params params = {.lane = TD_LANE_COMPUTE, .waits = &wait, .wait_count = 1};
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    return ticket;
}

static void signal_from_host(td_device *device, VkSemaphore semaphore)
{
    const VkSemaphoreSignalInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = semaphore, .value = 1};
    assert_int_equal(device->vk.vkSignalSemaphore(device->handle, &signal), VK_SUCCESS);
}

typedef bool (*condition)(const faults *f, const td_device *device, const faults_plan *plan);

static bool is_lost(const faults *f, const td_device *device, const faults_plan *plan)
{
    (void)plan;
    return f->lost(device->handle);
}

static bool has_repeated(const faults *f, const td_device *device, const faults_plan *plan)
{
    return f->counted(device->handle) >= plan->nth + plan->times;
}

/* Layers have nothing to wait for. False: not within SCENE_LIMIT_NS. */
static bool comes_true(condition holds, const faults *f, const td_device *device,
                       const faults_plan *plan)
{
    const uint64_t deadline = tdi_now_ns() + SCENE_LIMIT_NS;
    while (!holds(f, device, plan) && tdi_now_ns() < deadline)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return holds(f, device, plan);
}

/* Many threads wait for what waits for the host, and a submission from yet another thread loses the
 * device. The host lets go only then, since a layer cannot end what the driver under it waits
 * for. */
static void wait_for_the_host(td_device *device, const faults *f, const faults_plan *plan)
{
    VkSemaphore semaphore = make_timeline(device);
    patient patients[WAITERS];
    const td_ticket ticket = submit_behind(device, semaphore);
    start_patients(device, ticket, patients);
    assert_int_equal(td_ticket_wait(device, ticket, 20000000), TD_ERROR_TIMEOUT);
    loser l = {.device = device};
    f->arm(device->handle, plan);
    gpu_ok(tdi_thread_start(&l.thread, "loser", lose_by_submitting, &l));
    const bool lost = comes_true(is_lost, f, device, plan);
    signal_from_host(device, semaphore);
    tdi_thread_join(&l.thread);
    end_patients(patients, TD_ERROR_DEVICE_LOST);
    assert_true(lost);
    device->vk.vkDestroySemaphore(device->handle, semaphore, NULL);
}

static void waiting_threads_wake_up(void **state)
{
    (void)state;
    const faults_plan plan = {.calls = FAULTS_SUBMIT2, .nth = 1, .result = VK_ERROR_DEVICE_LOST};
    assert_true(fault_survives_unwatched(wait_for_the_host, &plan));
}

/* ---- want of memory is no loss ---- */

/* The waits fail, are repeated, and end as if nothing had been. */
static void wait_without_memory(td_device *device, const faults *f, const faults_plan *plan)
{
    VkSemaphore semaphore = make_timeline(device);
    patient patients[WAITERS];
    const td_ticket ticket = submit_behind(device, semaphore);
    f->arm(device->handle, plan);
    start_patients(device, ticket, patients);
    const bool repeated = comes_true(has_repeated, f, device, plan);
    signal_from_host(device, semaphore);
    end_patients(patients, TD_OK);
    assert_true(repeated);
    device->vk.vkDestroySemaphore(device->handle, semaphore, NULL);
}

static void waits_without_memory_are_repeated(void **state)
{
    (void)state;
    const VkResult results[] = {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY};
    const uint64_t calls[] = {FAULTS_WAIT_SEMAPHORES, FAULTS_COUNTER_VALUE,
                              FAULTS_WAIT_SEMAPHORES | FAULTS_COUNTER_VALUE};
    for (uint32_t i = 0; i < 6; i++) {
        const faults_plan plan = {
            .calls = calls[i / 2], .nth = 1, .times = 4, .result = results[i % 2]};
        assert_true(fault_survives_unwatched(wait_without_memory, &plan));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_while_uploading),
        cmocka_unit_test(lost_while_the_uploader_works),
        cmocka_unit_test(lost_while_rendering),
        cmocka_unit_test(lost_while_making_a_renderer),
        cmocka_unit_test(lost_while_destroying),
        cmocka_unit_test(waiting_threads_wake_up),
        cmocka_unit_test(waits_without_memory_are_repeated),
    };
    return gpu_run_tests(tests);
}
