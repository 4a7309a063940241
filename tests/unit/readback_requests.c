/* Requests of a readback: what a full ring does by each choice, what becomes of requests in every
 * state, and how copies are submitted. The device does nothing until it is told to. */
#include "fake_device.h"

#include <stdatomic.h>
#include <string.h>

#include "async/copy.h"
#include "base/clock.h"
#include "base/memory.h"
#include "gpu/memory.h"

#define BYTES 4096

static td_device *device;

#define HOUR_NS (3600 * TDI_NS_PER_S)

/* An hour passes with each look at the clock. */
static uint64_t leap(void)
{
    static _Atomic uint64_t time;
    return atomic_fetch_add(&time, HOUR_NS) + HOUR_NS;
}

static void open_device(uint32_t queues)
{
    support_use_allocator();
    device = fake_device_create(queues);
    fake_add_memory();
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
}

/* The budget is back where it was. */
static void close_device(void)
{
    td_budget_info info;
    tdi_memory_trim(device);
    td_budget_get_info(device->budget, &info);
    assert_int_equal(info.used_bytes, 0);
    assert_int_equal(info.held_bytes, 0);
    fake_device_destroy();
    support_restore_allocator();
}

static td_readback *make(const td_readback_params *params)
{
    td_readback_params filled = *params;
    filled.slot_bytes = filled.slot_bytes ? filled.slot_bytes : BYTES;
    td_readback *ring;
    assert_int_equal(td_readback_create(device, &filled, &ring), TD_OK);
    return ring;
}

static td_readback_info info_of(td_readback *ring)
{
    td_readback_info info;
    td_readback_get_info(ring, &info);
    assert_int_equal(info.slots, info.free + info.in_flight + info.leased);
    return info;
}

static const td_readback_range RANGE = {.buffer = (VkBuffer)16, .offset = 32, .size = 100};

static td_request *copy(td_readback *ring)
{
    td_request *request = NULL;
    assert_int_equal(
        td_readback_copy_buffer(ring, &RANGE, NULL, (td_ticket){0}, TD_FOREVER, &request), TD_OK);
    return request;
}

static td_result try_copy(td_readback *ring, uint64_t timeout_ns, td_request **out)
{
    return td_readback_copy_buffer(ring, &RANGE, NULL, (td_ticket){0}, timeout_ns, out);
}

/* ---- a full ring ---- */

static void a_full_ring_says_again(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2});
    td_request *requests[2] = {copy(ring), copy(ring)}, *none = NULL;
    assert_int_equal(try_copy(ring, 0, &none), TD_ERROR_AGAIN);
    assert_null(none);
    assert_int_equal(info_of(ring).again, 1);
    assert_int_equal(info_of(ring).waits, 0);
    assert_int_equal(td_request_wait(requests[0], TD_FOREVER), TD_OK);
    assert_int_equal(try_copy(ring, 0, &none), TD_ERROR_AGAIN);
    td_request_release(requests[0]);
    requests[0] = copy(ring);
    for (int i = 0; i < 2; i++)
        td_request_release(requests[i]);
    td_readback_destroy(ring);
    close_device();
}

static void a_full_ring_waits_as_long_as_it_is_told(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2});
    td_request *requests[2] = {copy(ring), copy(ring)}, *none = NULL;
    for (int i = 0; i < 2; i++)
        assert_int_equal(td_request_wait(requests[i], TD_FOREVER), TD_OK);
    tdi_set_clock(leap);
    assert_int_equal(try_copy(ring, HOUR_NS / 2, &none), TD_ERROR_TIMEOUT);
    tdi_set_clock(NULL);
    assert_null(none);
    assert_int_equal(info_of(ring).waits, 1);
    assert_int_equal(info_of(ring).again, 1);
    for (int i = 0; i < 2; i++)
        td_request_release(requests[i]);
    td_readback_destroy(ring);
    close_device();
}

static void release_it(void *user)
{
    td_request_release(user);
}

static void a_waiter_gets_the_slot_that_is_released(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2});
    td_request *requests[2] = {copy(ring), copy(ring)};
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "release", release_it, requests[1]), TD_OK);
    requests[1] = copy(ring);
    tdi_thread_join(&thread);
    for (int i = 0; i < 2; i++)
        td_request_release(requests[i]);
    td_readback_destroy(ring);
    close_device();
}

static void a_ring_grows_within_its_limit(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2, .grow = true, .most_slots = 4});
    td_request *requests[4], *none = NULL;
    for (int i = 0; i < 4; i++)
        requests[i] = copy(ring);
    assert_int_equal(try_copy(ring, 0, &none), TD_ERROR_AGAIN);
    assert_int_equal(info_of(ring).slots, 4);
    assert_int_equal(info_of(ring).grown, 2);
    for (int i = 0; i < 4; i++)
        td_request_wait(requests[i], TD_FOREVER);
    assert_int_equal(td_readback_trim(ring), 0);
    td_request_release(requests[3]);
    assert_int_equal(td_readback_trim(ring), 1);
    assert_int_equal(info_of(ring).slots, 3);
    requests[3] = copy(ring);
    assert_int_equal(info_of(ring).growths, 3);
    for (int i = 0; i < 4; i++)
        td_request_release(requests[i]);
    td_readback_destroy(ring);
    close_device();
}

static void a_ring_grows_within_the_budget(void **state)
{
    (void)state;
    open_device(1);
    const td_readback_params params = {.slots = 2, .slot_bytes = UINT64_C(20) << 20, .grow = true};
    td_readback *ring = make(&params);
    td_request *requests[3], *none = NULL;
    for (int i = 0; i < 3; i++)
        requests[i] = copy(ring);
    assert_int_equal(try_copy(ring, 0, &none), TD_ERROR_AGAIN);
    assert_int_equal(info_of(ring).slots, 3);
    support_fail_allocation(1);
    assert_int_equal(try_copy(ring, 0, &none), TD_ERROR_AGAIN);
    support_fail_allocation(0);
    for (int i = 0; i < 3; i++)
        td_request_release(requests[i]);
    td_readback_destroy(ring);
    close_device();
}

/* ---- states ---- */

static void requests_in_every_state_are_closed(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 8});
    td_request *ready = copy(ring), *cancelled, *dropped, *watched;
    td_completion_queue *queue;
    td_readback_target begun, target;
    assert_int_equal(td_request_wait(ready, TD_FOREVER), TD_OK);
    fake_hold(true);
    cancelled = copy(ring);
    dropped = copy(ring);
    watched = copy(ring);
    assert_int_equal(td_completion_queue_create(&queue), TD_OK);
    assert_int_equal(td_completion_queue_watch(queue, watched, 1), TD_OK);
    assert_true(td_request_cancel(cancelled));
    td_request_release(dropped);
    td_request_release(watched);
    assert_int_equal(td_readback_begin(ring, 1, NULL, 0, &begun), TD_OK);
    assert_int_equal(td_readback_begin(ring, 1, NULL, 0, &target), TD_OK);
    assert_int_equal(info_of(ring).in_flight, 5);
    assert_int_equal(info_of(ring).leased, 1);
    assert_int_equal(td_readback_abandon(ring, &begun, (td_ticket){0}), TD_OK);
    assert_int_equal(info_of(ring).in_flight, 4);
    assert_int_equal(td_readback_abandon(ring, &begun, (td_ticket){0}), TD_ERROR_STATE);
    fake_hold(false);
    assert_int_equal(td_request_wait(cancelled, TD_FOREVER), TD_ERROR_CANCELLED);
    assert_int_equal(td_readback_abandon(ring, &target, (td_ticket){0}), TD_OK);
    td_completion_queue_destroy(queue);
    td_request_release(cancelled);
    td_request_release(ready);
    td_readback_destroy(ring);
    close_device();
}

static void a_target_becomes_requests_once(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2, .parts = 4});
    td_readback_target target;
    td_request *requests[4] = {0};
    const td_readback_part outside[] = {{0, 8}, {8, 8}, {16, 8}, {BYTES - 4, 8}};
    const td_readback_part parts[] = {{0, 8}, {8, 8}, {16, 8}, {BYTES - 8, 8}};
    assert_int_equal(td_readback_begin(ring, 5, NULL, 0, &target), TD_ERROR_ARGUMENT);
    assert_int_equal(td_readback_begin(ring, 4, NULL, 0, &target), TD_OK);
    assert_int_equal(target.size, BYTES);
    assert_int_equal(td_readback_submitted(ring, &target, outside, (td_ticket){0}, requests),
                     TD_ERROR_ARGUMENT);
    const td_ticket never = {.value = 7, .device = device->serial};
    assert_int_equal(td_readback_submitted(ring, &target, parts, never, requests), TD_ERROR_STATE);
    assert_null(requests[0]);
    assert_int_equal(td_readback_submitted(ring, &target, parts, (td_ticket){0}, requests), TD_OK);
    assert_int_equal(td_readback_submitted(ring, &target, parts, (td_ticket){0}, requests),
                     TD_ERROR_STATE);
    td_readback_data data, first;
    for (int i = 0; i < 4; i++)
        assert_int_equal(td_request_wait(requests[i], TD_FOREVER), TD_OK);
    assert_int_equal(td_readback_get_data(requests[0], &first), TD_OK);
    assert_int_equal(td_readback_get_data(requests[3], &data), TD_OK);
    assert_int_equal((const char *)data.bytes - (const char *)first.bytes, BYTES - 8);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(info_of(ring).leased, 1);
        td_request_release(requests[i]);
    }
    assert_int_equal(info_of(ring).free, 2);
    assert_int_equal(info_of(ring).bytes, BYTES);
    td_readback_destroy(ring);
    close_device();
}

static void lent_memory_outlives_the_loss_of_the_device(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 3});
    td_request *lent = copy(ring), *lost, *none = NULL;
    td_readback_data data;
    assert_int_equal(td_request_wait(lent, TD_FOREVER), TD_OK);
    assert_int_equal(td_readback_get_data(lent, &data), TD_OK);
    memset((void *)(uintptr_t)data.bytes, 7, data.size);
    fake_hold(true);
    lost = copy(ring);
    fake_lose();
    assert_int_equal(td_request_wait(lost, TD_FOREVER), TD_ERROR_DEVICE_LOST);
    assert_int_equal(td_readback_get_data(lost, &data), TD_ERROR_STATE);
    assert_int_equal(try_copy(ring, 0, &none), TD_ERROR_DEVICE_LOST);
    assert_int_equal(td_readback_get_data(lent, &data), TD_OK);
    for (uint64_t i = 0; i < data.size; i++)
        assert_int_equal(((const char *)data.bytes)[i], 7);
    td_request_release(lost);
    td_request_release(lent);
    assert_int_equal(info_of(ring).free, 3);
    assert_int_equal(info_of(ring).finished, 1);
    td_readback_destroy(ring);
    close_device();
}

/* ---- copies ---- */

static void copies_go_to_the_transfer_lane_after_their_ticket(void **state)
{
    (void)state;
    open_device(3);
    td_readback *ring = make(&(td_readback_params){.slots = 2});
    const td_lane_submit_params empty = {.lane = TD_LANE_GRAPHICS};
    td_ticket after, own;
    td_request *request;
    assert_int_equal(td_lane_submit(device, &empty, &after), TD_OK);
    assert_int_equal(td_readback_copy_buffer(ring, &RANGE, NULL, after, 0, &request), TD_OK);
    const fake_submission entry = fake_submission_at(1);
    assert_int_equal(entry.queue, TD_LANE_TRANSFER);
    assert_int_equal(entry.wait_count, 1);
    assert_int_equal(entry.waits[0].queue, TD_LANE_GRAPHICS);
    assert_int_equal(entry.waits[0].stages, VK_PIPELINE_STAGE_2_COPY_BIT);
    assert_int_equal(entry.commands->copy_count, 1);
    assert_int_equal(entry.commands->buffer_copy.srcOffset, 32);
    assert_int_equal(entry.commands->buffer_copy.size, 100);
    /* To the host, and nothing else: the semaphore orders the rest. */
    assert_int_equal(entry.commands->barrier_count, 1);
    assert_int_equal(entry.commands->barriers[0].dstStageMask, VK_PIPELINE_STAGE_2_HOST_BIT);
    assert_int_equal(td_readback_ticket(request, &own), TD_OK);
    assert_int_equal(own.queue, TD_LANE_TRANSFER);
    assert_int_equal(own.value, 1);
    assert_int_equal(td_request_wait(request, TD_FOREVER), TD_OK);
    td_request_release(request);
    td_readback_destroy(ring);
    close_device();
}

static void on_one_queue_a_barrier_orders_the_copy(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2});
    const td_lane_submit_params empty = {.lane = TD_LANE_GRAPHICS};
    td_ticket after;
    td_request *request;
    assert_int_equal(td_lane_submit(device, &empty, &after), TD_OK);
    assert_int_equal(td_readback_copy_buffer(ring, &RANGE, NULL, after, 0, &request), TD_OK);
    const fake_submission entry = fake_submission_at(1);
    assert_int_equal(entry.wait_count, 0);
    assert_int_equal(entry.commands->barrier_count, 2);
    assert_int_equal(entry.commands->barriers[0].dstStageMask, VK_PIPELINE_STAGE_2_COPY_BIT);
    assert_int_equal(td_request_wait(request, TD_FOREVER), TD_OK);
    td_request_release(request);
    td_readback_destroy(ring);
    close_device();
}

static td_lane lane_of(const td_readback_image *image)
{
    const tdi_copy_source source = {.image = image};
    return tdi_copy_lane(device, &source);
}

static td_lane lane_of_rectangle(uint32_t x, uint32_t width, bool exclusive)
{
    return lane_of(&(td_readback_image){.image = (VkImage)16,
                                        .format = VK_FORMAT_R8G8B8A8_UNORM,
                                        .layout = VK_IMAGE_LAYOUT_GENERAL,
                                        .x = x,
                                        .width = width,
                                        .height = 16,
                                        .exclusive = exclusive});
}

static td_lane lane_of_aspect(VkImageAspectFlags aspect)
{
    return lane_of(&(td_readback_image){.image = (VkImage)16,
                                        .format = VK_FORMAT_D32_SFLOAT_S8_UINT,
                                        .aspect = aspect,
                                        .layout = VK_IMAGE_LAYOUT_GENERAL,
                                        .width = 16,
                                        .height = 16});
}

static void rectangles_that_the_transfer_queue_cannot_copy_go_to_graphics(void **state)
{
    (void)state;
    open_device(3);
    tdi_queue *queue = &device->queues[device->lane_queue[TD_LANE_TRANSFER]];
    assert_int_equal(lane_of_rectangle(3, 5, false), TD_LANE_TRANSFER);
    assert_int_equal(lane_of_rectangle(3, 5, true), TD_LANE_GRAPHICS);
    queue->granularity = (VkExtent3D){16, 16, 1};
    assert_int_equal(lane_of_rectangle(16, 32, false), TD_LANE_TRANSFER);
    assert_int_equal(lane_of_rectangle(16, 33, false), TD_LANE_GRAPHICS);
    assert_int_equal(lane_of_rectangle(8, 32, false), TD_LANE_GRAPHICS);
    queue->granularity = (VkExtent3D){0, 0, 0};
    assert_int_equal(lane_of_rectangle(0, 64, false), TD_LANE_GRAPHICS);
    close_device();
}

static void depth_and_stencil_are_copied_by_queues_with_graphics(void **state)
{
    (void)state;
    open_device(3);
    tdi_queue *queue = &device->queues[device->lane_queue[TD_LANE_TRANSFER]];
    const VkQueueFlags without[] = {VK_QUEUE_TRANSFER_BIT,
                                    VK_QUEUE_TRANSFER_BIT | VK_QUEUE_COMPUTE_BIT};
    for (uint32_t i = 0; i < 2; i++) {
        queue->capabilities = without[i];
        assert_int_equal(lane_of_aspect(VK_IMAGE_ASPECT_DEPTH_BIT), TD_LANE_GRAPHICS);
        assert_int_equal(lane_of_aspect(VK_IMAGE_ASPECT_STENCIL_BIT), TD_LANE_GRAPHICS);
        assert_int_equal(lane_of_rectangle(0, 16, false), TD_LANE_TRANSFER);
    }
    queue->capabilities = VK_QUEUE_TRANSFER_BIT | VK_QUEUE_GRAPHICS_BIT;
    assert_int_equal(lane_of_aspect(VK_IMAGE_ASPECT_DEPTH_BIT), TD_LANE_TRANSFER);
    assert_int_equal(lane_of_aspect(VK_IMAGE_ASPECT_STENCIL_BIT), TD_LANE_TRANSFER);
    close_device();
}

static void texels_have_the_size_of_their_format(void **state)
{
    (void)state;
    const struct {
        VkFormat format;
        VkImageAspectFlags aspect;
        uint32_t bytes;
    } known[] = {
        {VK_FORMAT_UNDEFINED, 1, 0},
        {VK_FORMAT_R8_UNORM, 1, 1},
        {VK_FORMAT_R8G8_UINT, 1, 2},
        {VK_FORMAT_B8G8R8_UNORM, 1, 3},
        {VK_FORMAT_B8G8R8A8_SRGB, 1, 4},
        {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 1, 4},
        {VK_FORMAT_R16_UINT, 1, 2},
        {VK_FORMAT_R16G16B16A16_SFLOAT, 1, 8},
        {VK_FORMAT_R32_SINT, 1, 4},
        {VK_FORMAT_R32G32B32A32_SFLOAT, 1, 16},
        {VK_FORMAT_B10G11R11_UFLOAT_PACK32, 1, 4},
        {VK_FORMAT_D32_SFLOAT, VK_IMAGE_ASPECT_DEPTH_BIT, 4},
        {VK_FORMAT_D16_UNORM_S8_UINT, VK_IMAGE_ASPECT_DEPTH_BIT, 2},
        {VK_FORMAT_D24_UNORM_S8_UINT, VK_IMAGE_ASPECT_STENCIL_BIT, 1},
        {VK_FORMAT_R8_UNORM, VK_IMAGE_ASPECT_STENCIL_BIT, 0},
        {VK_FORMAT_BC1_RGB_UNORM_BLOCK, 1, 0},
        {VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, 1, 0},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(tdi_texel_bytes(known[i].format, known[i].aspect), known[i].bytes);
}

static void what_cannot_be_copied_is_refused(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2});
    const td_readback_image good = {.image = (VkImage)16,
                                    .format = VK_FORMAT_R8G8B8A8_UNORM,
                                    .layout = VK_IMAGE_LAYOUT_GENERAL,
                                    .width = 4,
                                    .height = 4};
    td_readback_image wrong[5] = {good, good, good, good, good};
    wrong[0].width = 0;
    wrong[1].layout = VK_IMAGE_LAYOUT_UNDEFINED;
    wrong[2].image = VK_NULL_HANDLE;
    wrong[3].aspect = VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT;
    wrong[4].width = BYTES;
    td_request *request = NULL;
    for (int i = 0; i < 5; i++)
        assert_int_equal(td_readback_copy_image(ring, &wrong[i], NULL, (td_ticket){0}, 0, &request),
                         TD_ERROR_ARGUMENT);
    td_readback_image planes = good;
    planes.format = VK_FORMAT_BC1_RGB_UNORM_BLOCK;
    assert_int_equal(td_readback_copy_image(ring, &planes, NULL, (td_ticket){0}, 0, &request),
                     TD_ERROR_UNSUPPORTED);
    const td_ticket foreign = {.value = 1, .device = device->serial + 1};
    assert_int_equal(td_readback_copy_image(ring, &good, NULL, foreign, 0, &request),
                     TD_ERROR_ARGUMENT);
    fake_fail_submit(1, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(td_readback_copy_image(ring, &good, NULL, (td_ticket){0}, 0, &request),
                     TD_ERROR_DEVICE_MEMORY);
    assert_null(request);
    assert_int_equal(info_of(ring).free, 2);
    assert_int_equal(td_readback_copy_image(ring, &good, NULL, (td_ticket){0}, 0, &request), TD_OK);
    td_request_release(request);
    td_readback_destroy(ring);
    close_device();
}

static void every_allocation_of_a_copy_can_fail(void **state)
{
    (void)state;
    open_device(1);
    td_readback *ring = make(&(td_readback_params){.slots = 2, .parts = 3});
    for (uint32_t nth = 1;; nth++) {
        td_readback_target target;
        td_request *requests[3];
        support_fail_allocation(nth);
        const td_result result = td_readback_begin(ring, 3, NULL, 0, &target);
        support_fail_allocation(0);
        if (result == TD_OK) {
            assert_int_equal(nth, 4);
            assert_int_equal(td_readback_submitted(ring, &target, NULL, (td_ticket){0}, requests),
                             TD_OK);
            for (int i = 0; i < 3; i++)
                td_request_release(requests[i]);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_int_equal(info_of(ring).free, 2);
    }
    td_readback_destroy(ring);
    close_device();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_ring_says_again),
        cmocka_unit_test(a_full_ring_waits_as_long_as_it_is_told),
        cmocka_unit_test(a_waiter_gets_the_slot_that_is_released),
        cmocka_unit_test(a_ring_grows_within_its_limit),
        cmocka_unit_test(a_ring_grows_within_the_budget),
        cmocka_unit_test(requests_in_every_state_are_closed),
        cmocka_unit_test(a_target_becomes_requests_once),
        cmocka_unit_test(lent_memory_outlives_the_loss_of_the_device),
        cmocka_unit_test(copies_go_to_the_transfer_lane_after_their_ticket),
        cmocka_unit_test(on_one_queue_a_barrier_orders_the_copy),
        cmocka_unit_test(rectangles_that_the_transfer_queue_cannot_copy_go_to_graphics),
        cmocka_unit_test(depth_and_stencil_are_copied_by_queues_with_graphics),
        cmocka_unit_test(texels_have_the_size_of_their_format),
        cmocka_unit_test(what_cannot_be_copied_is_refused),
        cmocka_unit_test(every_allocation_of_a_copy_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
