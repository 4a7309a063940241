/* What keeps the accesses of an execution apart: the semaphores that it is given, and every barrier
 * and wait, which a test can leave out one by one. */
#include "fake_device.h"

#include <string.h>

#include "base/memory.h"
#include "graph_support.h"

/* A semaphore of the caller's is waited for by the first batch of each queue, at those of its
 * stages that the queue uses. */
static void semaphores_are_waited_for_on_every_queue(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    const VkSemaphore semaphore = (VkSemaphore)(uintptr_t)0x5e;
    td_wait wait = {.stages = COMPUTE | DRAW, .semaphore = semaphore, .value = 7};
    const td_binding bindings[] = {
        {.resource = f.scene, .bound = {.buffer = f.transient.handle}},
        {.resource = f.out, .bound = {.buffer = f.transient.handle}},
    };
    const td_execution execution = {
        .bindings = bindings, .binding_count = 2, .waits = &wait, .wait_count = 1};
    td_ticket ticket;
    assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_OK);
    for (uint32_t i = 0; i < 3; i++) {
        fake_submission got = fake_submission_at(i);
        assert_int_equal(got.foreign_waits, got.queue == 2 ? 0 : 1);
        if (got.queue == 2)
            continue;
        assert_true(got.foreign_wait.semaphore == semaphore);
        assert_int_equal(got.foreign_wait.value, 7);
        assert_int_equal(got.foreign_wait.stageMask, COMPUTE);
    }
    wait.value = 0; /* as a binary one has */
    assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "td_ticket_import"));
    assert_int_equal(fake_submission_count(), 3);
    td_wait many[TD_MAX_WAITS + 1];
    for (uint32_t i = 0; i <= TD_MAX_WAITS; i++)
        many[i] = (td_wait){.stages = COMPUTE, .semaphore = semaphore, .value = 1};
    td_execution crowded = execution;
    crowded.waits = many;
    for (crowded.wait_count = TD_MAX_WAITS; crowded.wait_count <= TD_MAX_WAITS + 1;
         crowded.wait_count++)
        assert_int_equal(tdi_plan_execute(slot, &crowded, &ticket), TD_ERROR_ARGUMENT);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

static void tickets_of_no_queue_are_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    tdi_plan_slot *slot = frame_slot(device, &f);
    const td_ticket nowhere = {.queue = 9, .value = 1};
    td_ticket ticket;
    assert_int_equal(frame_execute(&f, slot, nowhere, &ticket), TD_ERROR_ARGUMENT);
    const td_wait wait = {.ticket = nowhere, .stages = COMPUTE};
    const td_execution execution = {.waits = &wait, .wait_count = 1};
    assert_int_equal(tdi_plan_execute(slot, &execution, &ticket), TD_ERROR_ARGUMENT);
    assert_int_equal(fake_submission_count(), 0);
    tdi_plan_slot_destroy(slot);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

/* Barriers and waits of the submissions from `first` on. */
static uint32_t count_parts(uint32_t first)
{
    uint32_t parts = 0;
    for (uint32_t i = first; i < fake_submission_count(); i++) {
        fake_submission got = fake_submission_at(i);
        parts += got.wait_count + got.commands->barrier_count;
    }
    return parts;
}

/* Executes on two slots that share memory, after a submission to each lane; gives the parts of the
 * second one. */
static uint32_t parts_without(uint32_t queues, uint32_t dropped, uint32_t *droppable)
{
    td_device *device = fake_device_create(queues);
    frame_graph f;
    frame_make(device, &f);
    *droppable = tdi_plan_droppable(f.plan);
    if (dropped < *droppable) {
        char *text;
        tdi_plan_drop(f.plan, dropped);
        assert_int_equal(tdi_plan_droppable_text(f.plan, dropped, &text), TD_OK);
        assert_true(strlen(text) > 10);
        tdi_free(text);
    }
    tdi_plan_slot *one = frame_slot(device, &f);
    tdi_plan_slot *two = frame_slot(device, &f);
    td_ticket ticket;
    fake_hold(true);
    assert_int_equal(frame_execute(&f, one, NO_TICKET, &ticket), TD_OK);
    const td_ticket scene = frame_submit(device, TD_LANE_TRANSFER);
    const td_ticket out = frame_submit(device, TD_LANE_GRAPHICS);
    const td_wait wait = {.ticket = frame_submit(device, TD_LANE_COMPUTE),
                          .stages = COMPUTE | COPY};
    const td_binding bindings[] = {
        {.resource = f.scene, .bound = {.buffer = f.transient.handle}, .ready = scene},
        {.resource = f.out, .bound = {.buffer = f.transient.handle}, .ready = out},
    };
    const td_execution execution = {
        .bindings = bindings, .binding_count = 2, .waits = &wait, .wait_count = 1};
    const uint32_t first = fake_submission_count();
    assert_int_equal(tdi_plan_execute(two, &execution, &ticket), TD_OK);
    const uint32_t parts = count_parts(first);
    fake_hold(false);
    tdi_plan_slot_destroy(one);
    tdi_plan_slot_destroy(two);
    td_plan_destroy(f.plan);
    fake_device_destroy();
    return parts;
}

/* Each part that is dropped is one barrier or wait less, except where another one stands for it:
 * waits of one queue for another are one, and so is what they are for. */
static void every_part_can_be_dropped(void **state)
{
    (void)state;
    for (uint32_t queues = 1; queues <= 3; queues += 2) {
        uint32_t droppable;
        uint32_t missing = 0;
        const uint32_t all = parts_without(queues, UINT32_MAX, &droppable);
        assert_true(droppable > 6);
        for (uint32_t i = 0; i < droppable; i++) {
            uint32_t ignored;
            const uint32_t left = parts_without(queues, i, &ignored);
            assert_true(left == all || left == all - 1);
            missing += all - left;
        }
        assert_true(missing >= (queues == 1 ? 4 : 6));
    }
}

static void parts_say_what_they_are_for(void **state)
{
    (void)state;
    for (uint32_t queues = 1; queues <= 3; queues += 2) {
        td_device *device = fake_device_create(queues);
        frame_graph f;
        frame_make(device, &f);
        bool found = false;
        for (uint32_t i = 0; i < tdi_plan_droppable(f.plan); i++) {
            char *text;
            assert_int_equal(tdi_plan_droppable_text(f.plan, i, &text), TD_OK);
            found |= strcmp(text, queues == 1 ? "barrier before 'shade': 'visibility' -> 'shade' "
                                                "(words)"
                                              : "wait of 'shade' for queue 1: 'visibility' -> "
                                                "'shade' (words)") == 0;
            tdi_free(text);
        }
        assert_true(found);
        td_plan_destroy(f.plan);
        fake_device_destroy();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semaphores_are_waited_for_on_every_queue),
        cmocka_unit_test(tickets_of_no_queue_are_refused),
        cmocka_unit_test(every_part_can_be_dropped),
        cmocka_unit_test(parts_say_what_they_are_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
