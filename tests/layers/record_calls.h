/* What a test calls in the layer VK_LAYER_TANDEM_record_calls, which writes down the Vulkan calls
 * of a device: every vkCmd*, the life of command pools and buffers, semaphores, fences and events,
 * and every submission. A test that names the layer in tests/gpu/meson.build does
 *
 *     record_calls calls;
 *     record_calls_find(vkGetDeviceProcAddr, device->handle, &calls);
 *     calls.begin(device->handle);
 *     ...the first frame...
 *     record_calls_text first = calls.end(device->handle);
 *     calls.begin(device->handle);
 *     ...the second frame...
 *     record_calls_text second = calls.end(device->handle);
 *     assert_true(first.complete && second.complete);
 *     assert_string_equal(first.text, second.text);
 *
 * The text has one line a call, in the order of the calls; a handle is its type and a number, which
 * counts the handles of that type in the order in which the section first shows them: for those
 * that are made in it, the order of their creation. Values of timeline semaphores count from the
 * section's first one of that semaphore, and 8 aligned bytes of push constants that are an address
 * inside a buffer become the buffer and the offset. So two frames that do the same give the same
 * text although they use other objects, on other devices too.
 *
 * Not written: what only asks or waits on the host (vkWaitSemaphores, vkGetSemaphoreCounterValue,
 * vkWaitForFences), which happens on several threads at their own times, and what makes resources
 * and pipelines or writes descriptors. A test that records from several threads gets their calls
 * in the order in which they happened.
 *
 * `complete` is false if a structure was passed whose chain the layer cannot write. A vkCmd* that
 * the layer does not know ends the program with the command's name when it is called, in a section
 * or not; add it to record_commands.c.
 */
#ifndef TESTS_LAYERS_RECORD_CALLS_H
#define TESTS_LAYERS_RECORD_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <vulkan/vulkan_core.h>

typedef struct record_calls_text {
    const char *text; /* lives as long as the device */
    bool complete;
} record_calls_text;

typedef struct record_calls {
    /* Starts a section of the device, with all numbers at 0. */
    void (*begin)(VkDevice device);
    /* Ends it. */
    record_calls_text (*end)(VkDevice device);
} record_calls;

#define RECORD_CALLS_BEGIN "vkTandemRecordCallsBegin"
#define RECORD_CALLS_END   "vkTandemRecordCallsEnd"

/* False where the layer is not loaded. */
static inline bool record_calls_find(PFN_vkGetDeviceProcAddr get, VkDevice device,
                                     record_calls *out)
{
    const PFN_vkVoidFunction begin = get(device, RECORD_CALLS_BEGIN);
    const PFN_vkVoidFunction end = get(device, RECORD_CALLS_END);
    memcpy(&out->begin, &begin, sizeof begin);
    memcpy(&out->end, &end, sizeof end);
    return begin && end;
}

#endif
