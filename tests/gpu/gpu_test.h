/* Tests on a Vulkan device. Each runs on a device of its own with validation and synchronisation
 * validation, and fails if there was any message, if the budget and the sum of live allocations
 * that a layer keeps ever differ, if the budget does not return to where it was, or if host memory
 * is lost. Without any Vulkan device a test is skipped, or fails where
 * TANDEM_REQUIRE_DEVICE is set. */
#ifndef TESTS_GPU_TEST_H
#define TESTS_GPU_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tandem/ticket.h>
#include <tandem/upload.h>

#include "gpu/buffer.h"
#include "gpu/device.h"

typedef void (*gpu_test_fn)(td_device *device);

typedef struct gpu_case {
    gpu_test_fn run;
    td_device_params params; /* `validation` is set by the harness */
    const char *expected;    /* a canary: a message with this part must come, and no other */
    uint32_t layer;          /* skipped where the validation layer's specVersion is older */
} gpu_case;

/* Entries for cmocka's array of tests. */
#define gpu_test(fn)         gpu_test_with(fn, ((gpu_case){.run = (fn)}))
#define gpu_canary(fn, part) gpu_test_with(fn, ((gpu_case){.run = (fn), .expected = (part)}))
#define gpu_canary_since(fn, part, version)                                                        \
    gpu_test_with(fn, ((gpu_case){.run = (fn), .expected = (part), .layer = (version)}))
#define gpu_test_with(fn, ...)                                                                     \
    {                                                                                              \
        .name = #fn, .test_func = gpu_run, .initial_state = &(gpu_case[])                          \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
void gpu_run(void **state);

/* Runs the tests in main(); its value is the program's. 77, which Meson shows as skipped, if there
 * was no device for any of them. */
#define gpu_run_tests(tests) gpu_finish(cmocka_run_group_tests(tests, NULL, NULL))
int gpu_finish(int failed);

/* Fails the test with the sentence of the error, if it is one. */
#define gpu_ok(expression) gpu_check((expression), #expression, __FILE__, __LINE__)
void gpu_check(td_result result, const char *expression, const char *file, int line);

/* For tests that make their devices themselves: skips or fails on TD_ERROR_NO_DEVICE. */
void gpu_check_device(td_result result);

/* Returns when all that was queued for the device's uploader has ended or is submitted, and all
 * that its queues have done so far has been told to those who watch it, and what requests leave
 * behind is freed: that is a moment after who waits for them goes on. */
void gpu_settle(td_device *device);
/* Waits until a ticket is told to who watches it, and returns what it is told. */
td_result gpu_watch(td_device *device, td_ticket ticket);

/* Returns when its staging memory is given back too: the engine does so on a thread of its own,
 * once it has seen that all is done. */
void gpu_close_uploader(td_device *device, td_uploader *uploader);

/* Counts validation messages from now, and each time that the budget of a device does not hold what
 * the layer of tests/layers/ledger.h has seen; gpu_message_count tells how many there were. Called
 * while there is no device. */
void gpu_watch_messages(const char *expected);
uint32_t gpu_message_count(void);
uint32_t gpu_expected_count(void);

/* Records commands with `record(device, commands, user)`, submits them to the graphics lane's
 * queue, and waits. For tests of the layers below the lanes. */
void gpu_submit(td_device *device,
                void (*record)(td_device *device, VkCommandBuffer commands, void *user),
                void *user);

/* The same to any lane's queue, without waiting; gpu_submission_wait waits until the queue is idle
 * and frees the commands. */
typedef struct gpu_submission {
    uint32_t queue; /* the device's number of it */
    VkCommandPool pool;
} gpu_submission;
gpu_submission gpu_submit_to_lane(td_device *device, td_lane lane,
                                  void (*record)(td_device *device, VkCommandBuffer commands,
                                                 void *user),
                                  void *user);
void gpu_submission_wait(td_device *device, const gpu_submission *submission);

/* A buffer in readback memory with the usages that tests need. */
void gpu_make_buffer(td_device *device, VkDeviceSize size, tdi_memory_kind kind, tdi_buffer *out);

/* A barrier from any write to any access. */
void gpu_full_barrier(td_device *device, VkCommandBuffer commands);

#endif
