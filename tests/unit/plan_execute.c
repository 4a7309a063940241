/* Executing a plan: batches are submitted on their lanes with the waits of the plan, of bound
 * resources and of shared memory; a failure leaves the slot usable. */
#include "fake_device.h"

#include <string.h>

#include <tandem/monitor.h>

#include "base/memory.h"
#include "graph_support.h"

static void each_pass_is_submitted_on_its_lane(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_ticket ticket;
    assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_OK);
    assert_int_equal(frame_recorded, 3);
    assert_int_equal(fake_submission_count(), 3);
    const uint32_t queues[] = {1, 0, 2};
    const VkPipelineStageFlags2 stages[] = {0, COMPUTE, COPY};
    for (uint32_t i = 0; i < 3; i++) {
        fake_submission got = fake_submission_at(i);
        assert_int_equal(got.queue, queues[i]);
        assert_int_equal(got.signal, 1);
        assert_int_equal(got.wait_count, i > 0 ? 1 : 0);
        if (i > 0) {
            assert_int_equal(got.waits[0].queue, queues[i - 1]);
            assert_int_equal(got.waits[0].value, 1);
            assert_int_equal(got.waits[0].stages, stages[i]);
        }
    }
    assert_int_equal(ticket.queue, 2);
    assert_int_equal(ticket.value, 1);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

static void one_queue_gets_one_command_buffer(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_ticket ticket;
    assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_OK);
    assert_int_equal(fake_submission_count(), 1);
    assert_int_equal(fake_submission_at(0).command_count, 1);
    const fake_commands *commands = fake_submission_at(0).commands;
    assert_int_equal(commands->barrier_count, 3);
    assert_int_equal(commands->barriers[0].dstStageMask, COMPUTE);
    assert_int_equal(commands->barriers[1].dstStageMask, COPY);
    assert_int_equal(commands->barriers[2].dstStageMask, HOST);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

/* At the stages that use the resource, by the first batch that does. */
static void the_host_reads_after_the_last_execution_only(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    const td_binding bindings[] = {
        {.resource = f.scene, .bound = {.buffer = (VkBuffer)(uintptr_t)1, .size = 64}},
        {.resource = f.out, .bound = {.buffer = (VkBuffer)(uintptr_t)2, .size = 64}},
    };
    td_execution execution = {.bindings = bindings, .binding_count = 2};
    for (uint32_t i = 0; i < 3; i++) {
        td_ticket ticket;
        execution.more_to_come = i < 2;
        assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_OK);
        const fake_commands *commands = fake_submission_at(i).commands;
        const VkPipelineStageFlags2 last =
            commands->barriers[commands->barrier_count - 1].dstStageMask;
        assert_int_equal(last, i < 2 ? COPY : HOST);
    }
    assert_int_equal(frame_recorded, 9);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

static void what_is_bound_is_waited_for_where_it_is_used(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_ticket upload = frame_submit(device, TD_LANE_TRANSFER);
    td_ticket ticket;
    assert_int_equal(frame_execute(&f, slot, upload, &ticket), TD_OK);
    fake_submission first = fake_submission_at(1);
    assert_int_equal(first.wait_count, 1);
    assert_int_equal(first.waits[0].queue, 2);
    assert_int_equal(first.waits[0].value, upload.value);
    assert_int_equal(first.waits[0].stages, COMPUTE);
    assert_int_equal(fake_submission_at(2).wait_count, 1);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

static void on_the_same_queue_a_barrier_stands_for_the_wait(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_ticket upload = frame_submit(device, TD_LANE_TRANSFER);
    td_ticket ticket;
    assert_int_equal(frame_execute(&f, slot, upload, &ticket), TD_OK);
    fake_submission got = fake_submission_at(1);
    assert_int_equal(got.wait_count, 0);
    assert_int_equal(got.commands->barrier_count, 4);
    assert_int_equal(got.commands->barriers[0].srcStageMask, ALL);
    assert_int_equal(got.commands->barriers[0].srcAccessMask, VK_ACCESS_2_MEMORY_WRITE_BIT);
    assert_int_equal(got.commands->barriers[0].dstStageMask, COMPUTE); /* of what is waited for */
    assert_int_equal(got.commands->barriers[0].dstAccessMask, SHADER_READ);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

/* All later work of a queue comes after what it has waited for once. */
static void what_was_waited_for_is_not_waited_for_again(void **state)
{
    (void)state;
    for (uint32_t queues = 1; queues <= 3; queues += 2) {
        td_device *device = fake_device_create(queues);
        frame_graph f;
        frame_make(device, &f);
        tdi_plan_slot *slot = frame_slot(device, &f);
        td_ticket upload = frame_submit(device, TD_LANE_TRANSFER);
        td_ticket ticket;
        assert_int_equal(frame_execute(&f, slot, upload, &ticket), TD_OK);
        uint32_t first = fake_submission_count();
        assert_int_equal(frame_execute(&f, slot, upload, &ticket), TD_OK);
        fake_submission got = fake_submission_at(first);
        assert_int_equal(got.wait_count, 0);
        assert_int_equal(got.commands->barrier_count, queues == 1 ? 3 : 0);
        upload = frame_submit(device, TD_LANE_TRANSFER);
        first = fake_submission_count();
        assert_int_equal(frame_execute(&f, slot, upload, &ticket), TD_OK);
        got = fake_submission_at(first);
        assert_int_equal(got.wait_count, queues == 1 ? 0 : 1);
        assert_int_equal(got.commands->barrier_count, queues == 1 ? 4 : 0);
        tdi_plan_slot_destroy(slot);
        td_plan_destroy(f.plan);
        fake_device_destroy();
    }
}

static void slots_that_share_memory_are_ordered_on_the_device(void **state)
{
    (void)state;
    for (uint32_t queues = 1; queues <= 3; queues += 2) {
        td_device *device = fake_device_create(queues);
        frame_graph f;
        frame_make(device, &f);
        tdi_plan_slot *one = frame_slot(device, &f);
        tdi_plan_slot *two = frame_slot(device, &f);
        td_ticket ticket;
        fake_hold(true);
        assert_int_equal(frame_execute(&f, one, NO_TICKET, &ticket), TD_OK);
        uint32_t first = fake_submission_count();
        assert_int_equal(frame_execute(&f, two, NO_TICKET, &ticket), TD_OK);
        for (uint32_t i = first; i < fake_submission_count(); i++) {
            fake_submission got = fake_submission_at(i);
            assert_int_equal(got.wait_count, queues - 1);
            for (uint32_t k = 0; k < got.wait_count; k++) {
                bool of_plan = got.waits[k].value == 2;
                assert_true(of_plan || got.waits[k].value == 1);
            }
            /* After what those that share it do to it there, and no more. */
            const VkPipelineStageFlags2 touched = queues == 1      ? COMPUTE | COPY
                                                  : got.queue == 2 ? COPY
                                                                   : COMPUTE;
            assert_int_equal(got.commands->barriers[0].srcStageMask, touched);
            assert_int_equal(got.commands->barriers[0].srcAccessMask,
                             touched & COMPUTE ? SHADER_WRITE : 0);
            assert_int_equal(got.commands->barriers[0].dstStageMask, touched);
        }
        td_ticket end;
        fake_hold(false);
        assert_int_equal(frame_execute(&f, one, NO_TICKET, &end), TD_OK);
        tdi_plan_slot_destroy(one);
        tdi_plan_slot_destroy(two);
        td_plan_destroy(f.plan);
        fake_device_destroy();
    }
}

static void images_change_layout_between_passes(void **state)
{
    (void)state;
    for (uint32_t queues = 1; queues <= 3; queues += 2) {
        td_device *device = fake_device_create(queues);
        td_graph *graph = graph_make();
        td_resource image;
        const td_resource_params params = {
            .name = "image", .kind = TD_RESOURCE_EXTERNAL, .image = true};
        assert_int_equal(td_graph_add_resource(graph, &params, &image), TD_OK);
        td_use draw = use_write(image);
        draw.layout = VK_IMAGE_LAYOUT_GENERAL;
        td_use copy = use_at(image, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ);
        copy.layout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
        PASS(graph, "draw", TD_LANE_GRAPHICS, draw);
        PASS(graph, "copy", TD_LANE_TRANSFER, copy);
        PASS(graph, "copy again", TD_LANE_TRANSFER, copy);
        tdi_lane_map lanes;
        tdi_lane_map_of(device, &lanes);
        td_plan *plan = graph_plan(graph, &lanes);
        tdi_plan_slot *slot;
        assert_int_equal(tdi_plan_slot_create(device, plan, NULL, &slot), TD_OK);
        const td_binding binding = {.resource = image, .bound = {.image = (VkImage)device}};
        const td_execution execution = {.bindings = &binding, .binding_count = 1};
        td_ticket ticket;
        assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_OK);
        const fake_commands *first = fake_submission_at(0).commands;
        const fake_commands *last = fake_submission_at(fake_submission_count() - 1).commands;
        const VkImageMemoryBarrier2 *made = &first->image_barriers[0];
        const VkImageMemoryBarrier2 *moved = &last->image_barriers[queues == 1 ? 1 : 0];
        assert_int_equal(first->image_barrier_count + (queues > 1 ? last->image_barrier_count : 0),
                         2);
        assert_int_equal(made->oldLayout, VK_IMAGE_LAYOUT_UNDEFINED);
        assert_int_equal(made->newLayout, VK_IMAGE_LAYOUT_GENERAL);
        assert_int_equal(made->dstStageMask, COMPUTE);
        assert_int_equal(moved->oldLayout, VK_IMAGE_LAYOUT_GENERAL);
        assert_int_equal(moved->newLayout, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
        assert_int_equal(moved->srcStageMask, queues == 1 ? COMPUTE | COPY : COPY);
        assert_int_equal(moved->dstStageMask, COPY);
        assert_int_equal(moved->dstAccessMask, VK_ACCESS_2_TRANSFER_READ_BIT);
        tdi_plan_slot_destroy(slot);
        td_plan_destroy(plan);
        fake_device_destroy();
    }
}

static void what_is_not_bound_is_named(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    const td_binding binding = {.resource = f.out, .bound = {.buffer = (VkBuffer)&f}};
    const td_execution execution = {.bindings = &binding, .binding_count = 1};
    td_ticket ticket;
    assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "'scene'"));
    const td_binding wrong = {.resource = f.words, .bound = {.buffer = (VkBuffer)&f}};
    const td_execution second = {.bindings = &wrong, .binding_count = 1};
    assert_int_equal(tdi_plan_execute(slot, &second, &ticket), TD_ERROR_ARGUMENT);
    assert_int_equal(fake_submission_count(), 0);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

static void too_little_memory_is_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    f.transient.size--;
    tdi_plan_slot *slot = NULL;
    assert_int_equal(tdi_plan_slot_create(device, f.plan, &f.transient, &slot), TD_ERROR_ARGUMENT);
    assert_int_equal(tdi_plan_slot_create(device, f.plan, NULL, &slot), TD_ERROR_ARGUMENT);
    assert_null(slot);
    tdi_plan_slot_destroy(NULL);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

/* Whichever submission of an execution fails: the next execution is whole, and waits for what was
 * submitted of the one before. */
static void a_failed_submission_leaves_the_slot_usable(void **state)
{
    (void)state;
    for (uint32_t nth = 1; nth <= 3; nth++) {
        td_device *device = fake_device_create(3);
        frame_graph f;
        frame_make(device, &f);
        tdi_plan_slot *slot = frame_slot(device, &f);
        td_ticket ticket = {.queue = 7, .value = 7};
        fake_fail_submit(nth, VK_ERROR_OUT_OF_HOST_MEMORY);
        assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_ERROR_HOST_MEMORY);
        assert_int_equal(ticket.value, 7);
        assert_int_equal(fake_submission_count(), nth - 1);
        assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_OK);
        assert_int_equal(fake_submission_count(), nth - 1 + 3);
        assert_int_equal(ticket.value, 1);
        tdi_plan_slot_destroy(slot);
        td_plan_destroy(f.plan);
        fake_device_destroy();
    }
}

static void a_lost_device_is_an_error_and_no_hang(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_ticket ticket;
    fake_hold(true);
    assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_OK);
    fake_lose();
    assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_ERROR_DEVICE_LOST);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

/* The model has no timestamps: each batch is a span from its submission to its end. */
static void spans_are_handed_over_before_the_slot_is_used_again(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    const td_binding bindings[] = {
        {.resource = f.scene, .bound = {.buffer = f.transient.handle}},
        {.resource = f.out, .bound = {.buffer = f.transient.handle}},
    };
    for (uint64_t i = 0; i < 20; i++) {
        const td_execution execution = {
            .bindings = bindings, .binding_count = 2, .monitor = monitor, .frame_index = i};
        td_ticket ticket;
        assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_OK);
    }
    tdi_plan_slot_destroy(slot);
    td_operation operation;
    uint32_t count;
    assert_int_equal(td_monitor_operations(monitor, &operation, 1, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_string_equal(operation.name, "test");
    assert_int_equal(operation.count, 20 * TD_LANE_COUNT);
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        td_lane_stats stats;
        td_monitor_lane(monitor, (td_lane)lane, &stats);
        assert_int_equal(stats.submissions, 20);
    }
    td_monitor_destroy(monitor);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

typedef struct resubmission {
    tdi_watch watch;
    const frame_graph *f;
    tdi_plan_slot *slot;
    td_monitor *monitor;
    tdi_mutex mutex;
    tdi_cond changed;
    bool done;
    td_ticket ticket;
} resubmission;

static void execute_monitored(const frame_graph *f, tdi_plan_slot *slot, td_monitor *monitor,
                              td_ticket *out)
{
    const td_binding bindings[] = {
        {.resource = f->scene, .bound = {.buffer = f->transient.handle}},
        {.resource = f->out, .bound = {.buffer = f->transient.handle}},
    };
    const td_execution execution = {.bindings = bindings, .binding_count = 2, .monitor = monitor};
    assert_int_equal(tdi_plan_execute(slot, &execution, out), TD_OK);
}

static void execute_again(tdi_watch *watch, td_result result)
{
    resubmission *r = (resubmission *)watch;
    assert_int_equal(result, TD_OK);
    execute_monitored(r->f, r->slot, r->monitor, &r->ticket);
    tdi_mutex_lock(&r->mutex);
    r->done = true;
    tdi_cond_signal(&r->changed);
    tdi_mutex_unlock(&r->mutex);
}

/* The callback of the first slot's execution comes before the spans of the second slot are handed
 * over, on the thread that would do it. */
static void a_callback_may_execute_a_slot_that_is_just_over(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *one = frame_slot(device, &f);
    tdi_plan_slot *two = frame_slot(device, &f);
    resubmission r = {.watch = {.reached = execute_again}, .f = &f, .slot = two};
    assert_int_equal(td_monitor_create(0, &r.monitor), TD_OK);
    assert_int_equal(tdi_mutex_init(&r.mutex, TDI_RANK_NONE), TD_OK);
    assert_int_equal(tdi_cond_init(&r.changed), TD_OK);
    fake_hold(true);
    td_ticket ticket;
    execute_monitored(&f, one, r.monitor, &r.watch.ticket);
    tdi_ticket_watch(device, &r.watch);
    execute_monitored(&f, two, r.monitor, &ticket);
    fake_complete(0, 2);
    tdi_mutex_lock(&r.mutex);
    while (!r.done)
        tdi_cond_wait(&r.changed, &r.mutex);
    tdi_mutex_unlock(&r.mutex);
    fake_complete(0, 3);
    tdi_plan_slot_destroy(one);
    tdi_plan_slot_destroy(two);
    td_operation operation;
    uint32_t count;
    assert_int_equal(td_monitor_operations(r.monitor, &operation, 1, &count), TD_OK);
    assert_int_equal(operation.count, 3);
    tdi_cond_destroy(&r.changed);
    tdi_mutex_destroy(&r.mutex);
    td_monitor_destroy(r.monitor);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

static void the_steady_state_allocates_nothing(void **state)
{
    (void)state;
    support_use_allocator();
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    td_ticket ticket;
    support_fail_allocation(1);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(frame_execute(&f, slot, NO_TICKET, &ticket), TD_OK);
    assert_false(support_allocation_failed());
    support_fail_allocation(0);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
    support_restore_allocator();
}

static void every_allocation_of_a_slot_may_fail(void **state)
{
    (void)state;
    support_use_allocator();
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
    for (uint32_t nth = 1;; nth++) {
        tdi_plan_slot *slot = NULL;
        support_fail_allocation(nth);
        td_result result = tdi_plan_slot_create(device, f.plan, &f.transient, &slot);
        bool failed = support_allocation_failed();
        support_fail_allocation(0);
        assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
        tdi_plan_slot_destroy(slot);
        if (!failed)
            break;
    }
    td_plan_destroy(f.plan);
    fake_device_destroy();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pass_is_submitted_on_its_lane),
        cmocka_unit_test(one_queue_gets_one_command_buffer),
        cmocka_unit_test(the_host_reads_after_the_last_execution_only),
        cmocka_unit_test(what_is_bound_is_waited_for_where_it_is_used),
        cmocka_unit_test(on_the_same_queue_a_barrier_stands_for_the_wait),
        cmocka_unit_test(what_was_waited_for_is_not_waited_for_again),
        cmocka_unit_test(slots_that_share_memory_are_ordered_on_the_device),
        cmocka_unit_test(images_change_layout_between_passes),
        cmocka_unit_test(what_is_not_bound_is_named),
        cmocka_unit_test(too_little_memory_is_refused),
        cmocka_unit_test(a_failed_submission_leaves_the_slot_usable),
        cmocka_unit_test(a_lost_device_is_an_error_and_no_hang),
        cmocka_unit_test(spans_are_handed_over_before_the_slot_is_used_again),
        cmocka_unit_test(a_callback_may_execute_a_slot_that_is_just_over),
        cmocka_unit_test(the_steady_state_allocates_nothing),
        cmocka_unit_test(every_allocation_of_a_slot_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
