/* Tickets and the semaphores of other programs: what is waited for, what is signalled, and what is
 * refused. */
#include "guest_support.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"

#define LIMIT_NS (60 * TDI_NS_PER_S)

static td_ticket submit_empty(td_device *device, td_lane lane)
{
    const td_lane_submit_params params = {.lane = lane};
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    return ticket;
}

static td_result submit_waiting(td_device *device, td_ticket ticket)
{
    const td_wait wait = {.ticket = ticket};
    const td_lane_submit_params params = {.lane = TD_LANE_COMPUTE, .waits = &wait, .wait_count = 1};
    td_ticket own;
    return td_lane_submit(device, &params, &own);
}

/* A submission that waits for the program's semaphore, and so is not reached before that is. */
static td_ticket submit_held(td_device *device, VkSemaphore semaphore)
{
    const td_wait wait = {.semaphore = semaphore, .value = 1};
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS, .waits = &wait, .wait_count = 1};
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    return ticket;
}

static void assert_says(const char *part)
{
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), part);
}

static void tickets_follow_the_programs_semaphore(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    VkSemaphore go = guest_semaphore(&program, true);
    const td_ticket held = submit_held(device, go);
    assert_false(td_ticket_reached(device, held));
    assert_int_equal(td_ticket_wait(device, held, 0), TD_ERROR_TIMEOUT);
    assert_int_equal(td_ticket_wait(device, held, TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
    guest_signal(&program, go, 1);
    gpu_ok(td_ticket_wait(device, held, LIMIT_NS));
    assert_true(td_ticket_reached(device, held));
    gpu_ok(td_ticket_wait(device, held, 0));
    td_device_destroy(device);
    program.vk.vkDestroySemaphore(program.device, go, NULL);
    guest_close(&program);
}

static void on_finish(void *user, td_request *request)
{
    (void)request;
    atomic_fetch_add((atomic_int *)user, 1);
}

/* tests/unit/ticket.c has requests that are pending: the validation layer of Debian 12 cannot have
 * one thread wait while another signals. */
static void requests_finish_with_their_ticket(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    td_request *request, *at_once;
    atomic_int calls = 0;
    gpu_ok(td_ticket_request(device, submit_empty(device, TD_LANE_COMPUTE), &request));
    gpu_ok(td_request_on_finish(request, on_finish, &calls));
    gpu_ok(td_request_wait(request, LIMIT_NS));
    gpu_ok(td_ticket_request(device, (td_ticket){.queue = 77}, &at_once));
    gpu_ok(td_request_wait(at_once, LIMIT_NS));
    td_request_release(at_once);
    td_request_release(request);
    td_device_destroy(device);
    assert_int_equal(atomic_load(&calls), 1);
    guest_close(&program);
}

static void a_submission_signals_the_programs_semaphores(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    VkSemaphore done[TD_MAX_WAITS];
    td_signal signals[TD_MAX_WAITS];
    for (uint32_t i = 0; i < TD_MAX_WAITS; i++) {
        done[i] = guest_semaphore(&program, true);
        signals[i] = (td_signal){.semaphore = done[i], .value = 5 + i};
    }
    const td_lane_submit_params params = {
        .lane = TD_LANE_COMPUTE, .signals = signals, .signal_count = TD_MAX_WAITS};
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    gpu_ok(td_ticket_wait(device, ticket, LIMIT_NS));
    td_device_destroy(device);
    for (uint32_t i = 0; i < TD_MAX_WAITS; i++) {
        assert_int_equal(guest_value(&program, done[i]), 5 + i);
        program.vk.vkDestroySemaphore(program.device, done[i], NULL);
    }
    guest_close(&program);
}

/* Out by a ticket's semaphore to a submission of the program's, and back in as a ticket. */
static void the_programs_own_submission_waits_and_is_waited_for(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    VkSemaphore go = guest_semaphore(&program, true), own = guest_semaphore(&program, true);
    VkSemaphoreSubmitInfo wait = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    gpu_ok(td_ticket_semaphore(device, submit_held(device, go), &wait.semaphore, &wait.value));
    VkSemaphoreSubmitInfo signal = wait;
    signal.semaphore = own;
    signal.value = 9;
    guest_submit(&program, TD_LANE_COMPUTE, &wait, &signal);
    td_ticket back;
    gpu_ok(td_ticket_import(device, TD_LANE_TRANSFER, own, 9, &back));
    assert_int_equal(td_ticket_wait(device, back, 0), TD_ERROR_TIMEOUT);
    assert_int_equal(guest_value(&program, own), 0);
    guest_signal(&program, go, 1);
    gpu_ok(td_ticket_wait(device, back, LIMIT_NS));
    assert_int_equal(guest_value(&program, own), 9);
    td_device_destroy(device);
    program.vk.vkDestroySemaphore(program.device, own, NULL);
    program.vk.vkDestroySemaphore(program.device, go, NULL);
    guest_close(&program);
}

/* As a swapchain's: signalled once, waited for once, and usable again then. */
static void binary_semaphores_are_bridged(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    VkSemaphore binary = guest_semaphore(&program, false);
    for (int i = 0; i < 3; i++) {
        const td_ticket ticket = submit_empty(device, TD_LANE_COMPUTE);
        td_ticket back;
        gpu_ok(td_ticket_signal_binary(device, TD_LANE_GRAPHICS, ticket, binary));
        gpu_ok(td_ticket_import(device, TD_LANE_TRANSFER, binary, 0, &back));
        gpu_ok(td_ticket_wait(device, back, LIMIT_NS));
        assert_true(td_ticket_reached(device, ticket));
    }
    td_device_destroy(device);
    program.vk.vkDestroySemaphore(program.device, binary, NULL);
    guest_close(&program);
}

static void tickets_of_another_device_are_refused(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    submit_empty(device, TD_LANE_GRAPHICS);
    const td_ticket foreign = submit_empty(host, TD_LANE_GRAPHICS);
    td_request *request = NULL;
    VkSemaphore semaphore;
    uint64_t value;
    gpu_ok(td_ticket_wait(host, foreign, LIMIT_NS));
    assert_int_equal(td_ticket_wait(device, foreign, 0), TD_ERROR_ARGUMENT);
    assert_says("is not one of this device");
    assert_false(td_ticket_reached(device, foreign));
    assert_int_equal(td_ticket_request(device, foreign, &request), TD_ERROR_ARGUMENT);
    assert_null(request);
    assert_int_equal(td_ticket_semaphore(device, foreign, &semaphore, &value), TD_ERROR_ARGUMENT);
    assert_int_equal(submit_waiting(device, foreign), TD_ERROR_ARGUMENT);
    assert_says("is not one of this device");
    /* A device that is gone leaves tickets that no later one takes for its own. */
    const td_ticket old = submit_empty(device, TD_LANE_GRAPHICS);
    td_device_destroy(device);
    device = guest_import(&program);
    submit_empty(device, TD_LANE_GRAPHICS);
    submit_empty(device, TD_LANE_GRAPHICS);
    assert_int_equal(td_ticket_wait(device, old, 0), TD_ERROR_ARGUMENT);
    /* Value 0 belongs to everybody. */
    gpu_ok(td_ticket_wait(device, (td_ticket){.device = foreign.device}, 0));
    gpu_ok(submit_waiting(device, (td_ticket){.queue = 9, .device = foreign.device}));
    td_device_destroy(device);
    guest_close(&program);
}

static void tickets_that_were_never_given_out_are_refused(td_device *device)
{
    td_ticket ticket = submit_empty(device, TD_LANE_GRAPHICS);
    ticket.value += 1;
    td_request *request = NULL;
    VkSemaphore semaphore;
    uint64_t value;
    assert_false(td_ticket_reached(device, ticket));
    assert_int_equal(td_ticket_wait(device, ticket, TD_FOREVER), TD_ERROR_STATE);
    assert_says("was never given out");
    assert_int_equal(td_ticket_request(device, ticket, &request), TD_ERROR_STATE);
    assert_int_equal(td_ticket_semaphore(device, ticket, &semaphore, &value), TD_ERROR_STATE);
    assert_int_equal(submit_waiting(device, ticket), TD_ERROR_STATE);
    ticket.queue = TD_LANE_COUNT;
    assert_int_equal(td_ticket_wait(device, ticket, 0), TD_ERROR_ARGUMENT);
}

#ifndef NDEBUG
static void a_destroyed_device_is_known(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    const td_ticket ticket = submit_empty(device, TD_LANE_GRAPHICS);
    const td_lane_submit_params params = {.lane = TD_LANE_GRAPHICS};
    td_device_destroy(device);
    td_ticket own;
    td_request *request;
    assert_int_equal(td_lane_submit(device, &params, &own), TD_ERROR_STATE);
    assert_says("was destroyed");
    assert_int_equal(td_ticket_wait(device, ticket, TD_FOREVER), TD_ERROR_STATE);
    assert_int_equal(td_ticket_request(device, ticket, &request), TD_ERROR_STATE);
    assert_false(td_ticket_reached(device, ticket));
    td_device_destroy(device);
    guest_close(&program);
}
#endif

static void too_much_and_nothing_are_refused(td_device *device)
{
    const td_wait waits[TD_MAX_WAITS + 1] = {0};
    const td_signal signals[TD_MAX_WAITS + 1] = {0};
    const VkCommandBuffer none = VK_NULL_HANDLE;
    const td_lane_submit_params wrong[] = {
        {.waits = waits, .wait_count = TD_MAX_WAITS + 1},
        {.signals = signals, .signal_count = TD_MAX_WAITS + 1},
        {.signals = signals, .signal_count = 1},
        {.wait_count = 1},
        {.signal_count = 1},
        {.command_count = 1},
        {.commands = &none, .command_count = 1},
        {.commands = &none, .command_count = 65},
        {.lane = TD_LANE_COUNT},
    };
    td_ticket ticket;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(td_lane_submit(device, &wrong[i], &ticket), TD_ERROR_ARGUMENT);
    assert_int_equal(td_lane_submit(device, NULL, &ticket), TD_ERROR_ARGUMENT);
    assert_int_equal(td_lane_submit(device, &wrong[0], NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_lane_submit(NULL, &wrong[0], &ticket), TD_ERROR_ARGUMENT);
    assert_int_equal(td_ticket_import(device, TD_LANE_COMPUTE, VK_NULL_HANDLE, 0, &ticket),
                     TD_ERROR_ARGUMENT);
    assert_int_equal(
        td_ticket_signal_binary(device, TD_LANE_COMPUTE, (td_ticket){0}, VK_NULL_HANDLE),
        TD_ERROR_ARGUMENT);
    const td_lane_submit_params most = {.waits = waits, .wait_count = TD_MAX_WAITS};
    gpu_ok(td_lane_submit(device, &most, &ticket));
}

/* Before it reaches Vulkan, which cannot tell. */
static void commands_of_another_family_are_refused(td_device *device)
{
    const uint32_t family = device->queues[device->lane_queue[TD_LANE_COMPUTE]].family;
    const uint32_t families[2] = {family, family + 1};
    int marks[2];
    const VkCommandBuffer commands[2] = {(VkCommandBuffer)&marks[0], (VkCommandBuffer)&marks[1]};
    const td_lane_submit_params params = {
        .lane = TD_LANE_COMPUTE,
        .commands = commands,
        .command_families = families,
        .command_count = 2,
    };
    td_ticket ticket;
    assert_int_equal(td_lane_submit(device, &params, &ticket), TD_ERROR_ARGUMENT);
    assert_says("command buffer 1 is of queue family");
}

/* The program's lock, which knows who holds it. */
typedef struct queue_lock {
    tdi_mutex mutex;
    atomic_bool held;
    atomic_uint taken;
    uint32_t family, index;
} queue_lock;

static queue_lock locks[TD_LANE_COUNT];
static atomic_uint unlocked_submits;
static PFN_vkQueueSubmit2 true_submit;
static const guest *locked_program;
static _Thread_local uint32_t held_here;

static queue_lock *lock_of(uint32_t family, uint32_t index)
{
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        if (locks[i].family == family && locks[i].index == index)
            return &locks[i];
    }
    fail_msg("family %u, index %u is no queue of the program's", family, index);
    return NULL;
}

static void lock_queue(void *user, uint32_t family, uint32_t index)
{
    assert_ptr_equal(user, locks);
    assert_int_equal(held_here++, 0);
    queue_lock *lock = lock_of(family, index);
    tdi_mutex_lock(&lock->mutex);
    assert_false(atomic_exchange(&lock->held, true));
    atomic_fetch_add(&lock->taken, 1);
}

static void unlock_queue(void *user, uint32_t family, uint32_t index)
{
    assert_ptr_equal(user, locks);
    assert_int_equal(--held_here, 0);
    queue_lock *lock = lock_of(family, index);
    assert_true(atomic_exchange(&lock->held, false));
    tdi_mutex_unlock(&lock->mutex);
}

static VKAPI_ATTR VkResult VKAPI_CALL watched_submit(VkQueue queue, uint32_t count,
                                                     const VkSubmitInfo2 *submits, VkFence fence)
{
    if (held_here != 1)
        atomic_fetch_add(&unlocked_submits, 1);
    return true_submit(queue, count, submits, fence);
}

#define THREADS     4
#define SUBMISSIONS 100

typedef struct submitter {
    td_device *device; /* NULL: the program itself submits */
    td_lane lane;
    tdi_thread thread;
} submitter;

static void submit_many(void *user)
{
    submitter *s = user;
    const td_import_queue *queue = &locked_program->params.queues[s->lane];
    for (int i = 0; i < SUBMISSIONS; i++) {
        if (s->device) {
            submit_empty(s->device, s->lane);
            continue;
        }
        lock_queue(locks, queue->family, queue->index);
        guest_submit(locked_program, s->lane, NULL, NULL);
        unlock_queue(locks, queue->family, queue->index);
    }
}

static void watch_locks(guest *program)
{
    locked_program = program;
    program->params.lock_queue = lock_queue;
    program->params.unlock_queue = unlock_queue;
    program->params.user = locks;
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        locks[i] = (queue_lock){.family = program->params.queues[i].family,
                                .index = program->params.queues[i].index};
        gpu_ok(tdi_mutex_init(&locks[i].mutex, TDI_RANK_NONE));
    }
    atomic_store(&unlocked_submits, 0);
}

/* Validation reports a queue that two threads use at once. */
static void the_programs_lock_is_around_every_submission(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    watch_locks(&program);
    td_device *device = guest_import(&program);
    true_submit = device->vk.vkQueueSubmit2;
    device->vk.vkQueueSubmit2 = watched_submit;
    submitter submitters[2 * THREADS];
    for (int i = 0; i < 2 * THREADS; i++) {
        submitters[i] = (submitter){.device = i < THREADS ? device : NULL, .lane = i % 3};
        gpu_ok(tdi_thread_start(&submitters[i].thread, "submit", submit_many, &submitters[i]));
    }
    for (int i = 0; i < 2 * THREADS; i++)
        tdi_thread_join(&submitters[i].thread);
    td_device_destroy(device);
    uint32_t taken = 0;
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        taken += atomic_load(&locks[i].taken);
        assert_false(atomic_load(&locks[i].held));
        tdi_mutex_destroy(&locks[i].mutex);
    }
    assert_int_equal(taken, 2 * THREADS * SUBMISSIONS);
    assert_int_equal(atomic_load(&unlocked_submits), 0);
    guest_close(&program);
}

static void submit_under_tandems_lock(void *user)
{
    submitter *s = user;
    td_device_vulkan vulkan;
    td_device_get_vulkan(s->device, &vulkan);
    const VkSubmitInfo2 nothing = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    for (int i = 0; i < SUBMISSIONS; i++) {
        td_device_lock_queue(s->device, s->lane);
        gpu_ok(tdi_vk_check(s->device->vk.vkQueueSubmit2(vulkan.queues[s->lane].handle, 1, &nothing,
                                                         VK_NULL_HANDLE),
                            "vkQueueSubmit2"));
        td_device_unlock_queue(s->device, s->lane);
        submit_empty(s->device, s->lane);
    }
}

/* The other way round: the program submits to a device of tandem's own. */
static void tandems_lock_can_be_taken(td_device *device)
{
    submitter submitters[THREADS];
    for (int i = 0; i < THREADS; i++) {
        submitters[i] = (submitter){.device = device, .lane = i % 3};
        gpu_ok(tdi_thread_start(&submitters[i].thread, "submit", submit_under_tandems_lock,
                                &submitters[i]));
    }
    for (int i = 0; i < THREADS; i++)
        tdi_thread_join(&submitters[i].thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(tickets_follow_the_programs_semaphore),
        gpu_test(requests_finish_with_their_ticket),
        gpu_test(a_submission_signals_the_programs_semaphores),
        gpu_test(the_programs_own_submission_waits_and_is_waited_for),
        gpu_test(binary_semaphores_are_bridged),
        gpu_test(tickets_of_another_device_are_refused),
        gpu_test(tickets_that_were_never_given_out_are_refused),
#ifndef NDEBUG
        gpu_test(a_destroyed_device_is_known),
#endif
        gpu_test(too_much_and_nothing_are_refused),
        gpu_test(commands_of_another_family_are_refused),
        gpu_test(the_programs_lock_is_around_every_submission),
        gpu_test(tandems_lock_can_be_taken),
    };
    return gpu_run_tests(tests);
}
