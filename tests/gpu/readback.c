/* Readback of images and buffers, of rectangles of any width and texels of any format, compared
 * with what was written; straight into slots, into imported memory, and by one copy. */
#include "gpu_test.h"

#include <string.h>

#include <tandem/readback.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gpu/image.h"
#include "gpu/memory.h"

#define LIMIT_NS (60 * TDI_NS_PER_S)
#define WIDTH    37
#define HEIGHT   23

/* An image with texels that are told apart, and the same on the host. */
typedef struct picture {
    tdi_vk_image image;
    tdi_buffer source;
    uint32_t texel;
    VkImageLayout layout;
    td_ticket ready;
    VkCommandPool pool;
} picture;

static uint8_t byte_at(const picture *p, uint32_t x, uint32_t y, uint32_t k)
{
    return (uint8_t)(31 * x + 7 * y + 101 * k + p->texel);
}

static void fill_source(picture *p)
{
    uint8_t *bytes = p->source.memory.mapped;
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            for (uint32_t k = 0; k < p->texel; k++)
                *bytes++ = byte_at(p, x, y, k);
        }
    }
}

static void change_layout(td_device *device, VkCommandBuffer commands, const picture *p,
                          VkImageLayout from, VkImageLayout to)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT | VK_ACCESS_2_TRANSFER_READ_BIT,
        .oldLayout = from,
        .newLayout = to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = p->image.handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .imageMemoryBarrierCount = 1,
                                   .pImageMemoryBarriers = &barrier};
    device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static VkCommandBuffer begin(td_device *device, VkCommandPool *pool)
{
    const VkCommandPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family,
    };
    const VkCommandBufferBeginInfo begin_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    VkCommandBuffer commands;
    assert_int_equal(device->vk.vkCreateCommandPool(device->handle, &pool_info, NULL, pool), 0);
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = *pool,
        .commandBufferCount = 1,
    };
    assert_int_equal(device->vk.vkAllocateCommandBuffers(device->handle, &info, &commands), 0);
    assert_int_equal(device->vk.vkBeginCommandBuffer(commands, &begin_info), 0);
    return commands;
}

static td_ticket submit(td_device *device, VkCommandBuffer commands)
{
    td_ticket ticket;
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS, .commands = &commands, .command_count = 1};
    assert_int_equal(device->vk.vkEndCommandBuffer(commands), 0);
    gpu_ok(td_lane_submit(device, &params, &ticket));
    return ticket;
}

/* The upload is only submitted: readbacks wait for it by its ticket. */
static void upload(td_device *device, picture *p)
{
    VkCommandBuffer commands = begin(device, &p->pool);
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageExtent = {WIDTH, HEIGHT, 1},
    };
    change_layout(device, commands, p, VK_IMAGE_LAYOUT_UNDEFINED,
                  VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    device->vk.vkCmdCopyBufferToImage(commands, p->source.handle, p->image.handle,
                                      VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
    change_layout(device, commands, p, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, p->layout);
    p->ready = submit(device, commands);
}

static void open_picture(td_device *device, VkFormat format, uint32_t texel, VkImageLayout layout,
                         picture *p)
{
    *p = (picture){.texel = texel, .layout = layout};
    const tdi_vk_image_params params = {
        .name = "picture",
        .format = format,
        .width = WIDTH,
        .height = HEIGHT,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                 VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TARGETS,
    };
    gpu_ok(tdi_vk_image_create(device, &params, &p->image));
    gpu_make_buffer(device, (VkDeviceSize)WIDTH * HEIGHT * texel, TDI_MEMORY_UPLOAD, &p->source);
    fill_source(p);
    upload(device, p);
}

static void close_picture(td_device *device, picture *p)
{
    gpu_ok(td_ticket_wait(device, p->ready, LIMIT_NS));
    device->vk.vkDestroyCommandPool(device->handle, p->pool, NULL);
    tdi_buffer_destroy(device, &p->source);
    tdi_vk_image_destroy(device, &p->image);
}

static td_readback *make_ring(td_device *device)
{
    td_readback *ring;
    const td_readback_params params = {.slot_bytes = WIDTH * HEIGHT * 16, .slots = 3};
    gpu_ok(td_readback_create(device, &params, &ring));
    return ring;
}

static td_readback_image rectangle(const picture *p, VkRect2D r)
{
    return (td_readback_image){
        .image = p->image.handle,
        .format = p->image.format,
        .layout = p->layout,
        .x = (uint32_t)r.offset.x,
        .y = (uint32_t)r.offset.y,
        .width = r.extent.width,
        .height = r.extent.height,
    };
}

static void expect_rectangle(const picture *p, VkRect2D r, const td_readback_data *data)
{
    const uint8_t *bytes = data->bytes;
    assert_int_equal(data->width, r.extent.width);
    assert_int_equal(data->height, r.extent.height);
    assert_int_equal(data->row_bytes, r.extent.width * p->texel);
    assert_int_equal(data->size, data->row_bytes * data->height);
    for (uint32_t y = 0; y < r.extent.height; y++) {
        for (uint32_t x = 0; x < r.extent.width; x++) {
            for (uint32_t k = 0; k < p->texel; k++)
                assert_int_equal(*bytes++,
                                 byte_at(p, (uint32_t)r.offset.x + x, (uint32_t)r.offset.y + y, k));
        }
    }
}

static void read_and_compare(td_readback *ring, const picture *p, VkRect2D r, td_host_buffer *into,
                             bool copied)
{
    const td_readback_image image = rectangle(p, r);
    td_request *request;
    td_readback_data data;
    gpu_ok(td_readback_copy_image(ring, &image, into, p->ready, LIMIT_NS, &request));
    gpu_ok(td_request_wait(request, LIMIT_NS));
    gpu_ok(td_readback_get_data(request, &data));
    assert_int_equal(data.copied, copied);
    expect_rectangle(p, r, &data);
    td_request_release(request);
}

static const VkRect2D WHOLE = {{0, 0}, {WIDTH, HEIGHT}};
static const VkRect2D PARTS[] = {{{0, 0}, {WIDTH, HEIGHT}},
                                 {{5, 3}, {11, 7}},
                                 {{36, 22}, {1, 1}},
                                 {{1, 0}, {1, 23}},
                                 {{0, 22}, {37, 1}}};

static void rectangles_of_all_formats_arrive_as_they_are(td_device *device)
{
    const struct {
        VkFormat format;
        uint32_t texel;
    } formats[] = {
        {VK_FORMAT_R8_UNORM, 1},
        {VK_FORMAT_R8G8_UNORM, 2},
        {VK_FORMAT_R8G8B8A8_UNORM, 4},
        {VK_FORMAT_B8G8R8A8_SRGB, 4},
        {VK_FORMAT_R16_UNORM, 2},
        {VK_FORMAT_R16G16B16A16_UNORM, 8},
        {VK_FORMAT_R16G16B16A16_SFLOAT, 8},
        {VK_FORMAT_R32_SFLOAT, 4},
        {VK_FORMAT_R32G32B32A32_SFLOAT, 16},
        {VK_FORMAT_R32_SINT, 4},
        {VK_FORMAT_R16_UINT, 2},
    };
    td_readback *ring = make_ring(device);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        picture p;
        open_picture(device, formats[i].format, formats[i].texel,
                     VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &p);
        for (size_t k = 0; k < sizeof PARTS / sizeof PARTS[0]; k++)
            read_and_compare(ring, &p, PARTS[k], NULL, false);
        close_picture(device, &p);
    }
    td_readback_destroy(ring);
}

static void leases_stay_as_they_are_while_others_arrive(td_device *device)
{
    td_readback *ring = make_ring(device);
    picture p;
    td_request *requests[3];
    open_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &p);
    for (uint32_t i = 0; i < 3; i++) {
        const td_readback_image image = rectangle(&p, PARTS[i]);
        gpu_ok(td_readback_copy_image(ring, &image, NULL, p.ready, LIMIT_NS, &requests[i]));
    }
    gpu_ok(td_request_wait(requests[1], LIMIT_NS));
    td_request_release(requests[1]);
    read_and_compare(ring, &p, PARTS[3], NULL, false);
    for (uint32_t i = 0; i < 3; i += 2) {
        td_readback_data data;
        gpu_ok(td_request_wait(requests[i], LIMIT_NS));
        gpu_ok(td_readback_get_data(requests[i], &data));
        expect_rectangle(&p, PARTS[i], &data);
        td_request_release(requests[i]);
    }
    close_picture(device, &p);
    td_readback_destroy(ring);
}

static void bytes_of_a_buffer_arrive(td_device *device)
{
    td_readback *ring = make_ring(device);
    picture p;
    open_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &p);
    const td_readback_range range = {.buffer = p.source.handle, .offset = 12, .size = 333};
    td_request *request;
    td_readback_data data;
    gpu_ok(td_readback_copy_buffer(ring, &range, NULL, (td_ticket){0}, LIMIT_NS, &request));
    gpu_ok(td_request_wait(request, LIMIT_NS));
    gpu_ok(td_readback_get_data(request, &data));
    assert_int_equal(data.size, 333);
    assert_memory_equal(data.bytes, (const char *)p.source.memory.mapped + 12, 333);
    td_request_release(request);
    close_picture(device, &p);
    td_readback_destroy(ring);
}

/* Fills a target by commands of the program's own. */
static void write_target(td_device *device, td_readback *ring, td_host_buffer *into, uint32_t word)
{
    td_readback_target target;
    VkCommandPool pool;
    td_request *request;
    td_readback_data data;
    gpu_ok(td_readback_begin(ring, 1, into, LIMIT_NS, &target));
    VkCommandBuffer commands = begin(device, &pool);
    device->vk.vkCmdFillBuffer(commands, target.buffer, 0, 1024, word);
    td_readback_record_barrier(ring, commands, VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
                               VK_ACCESS_2_TRANSFER_WRITE_BIT);
    const td_readback_part part = {.offset = 256, .size = 512};
    gpu_ok(td_readback_submitted(ring, &target, &part, submit(device, commands), &request));
    gpu_ok(td_request_wait(request, LIMIT_NS));
    gpu_ok(td_readback_get_data(request, &data));
    assert_int_equal(data.size, 512);
    for (uint32_t i = 0; i < 128; i++) /* the target need not be aligned */
        assert_memory_equal((const uint8_t *)data.bytes + 4 * i, &word, 4);
    td_request_release(request);
    device->vk.vkDestroyCommandPool(device->handle, pool, NULL);
}

static void the_programs_commands_write_slots(td_device *device)
{
    td_readback *ring = make_ring(device);
    for (uint32_t i = 0; i < 5; i++)
        write_target(device, ring, NULL, 0x01020304 * (i + 1));
    td_readback_info info;
    td_readback_get_info(ring, &info);
    assert_int_equal(info.finished, 5);
    assert_int_equal(info.copies, 0);
    assert_int_equal(info.bytes, 5 * 768);
    td_readback_destroy(ring);
}

static void pages_are_imported_once_and_counted(td_device *device)
{
    const uint64_t bytes = 4 * 4096;
    uint8_t *memory = tdi_alloc_aligned(bytes, 4096);
    td_host_buffer *buffer;
    td_host_buffer_info info;
    td_budget_info before, with;
    td_readback *ring = make_ring(device);
    picture p;
    open_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &p);
    td_budget_get_info(td_device_budget(device), &before);
    gpu_ok(td_host_buffer_create(device, memory, bytes, &buffer));
    td_host_buffer_get_info(buffer, &info);
    assert_int_equal(info.imported, device->features.external_memory_host);
    td_budget_get_info(td_device_budget(device), &with);
    if (info.imported) {
        assert_int_equal(with.held_bytes, before.held_bytes + bytes);
        assert_int_equal(with.by_category[TD_BUDGET_READBACK],
                         before.by_category[TD_BUDGET_READBACK] + bytes);
    }
    for (uint32_t i = 0; i < 3; i++) {
        memset(memory, 0xee, bytes);
        read_and_compare(ring, &p, PARTS[i], buffer, !info.imported);
        assert_int_equal(memory[PARTS[i].extent.width * PARTS[i].extent.height * 4], 0xee);
    }
    write_target(device, ring, buffer, 0x5a5a5a5a);
    td_host_buffer_destroy(buffer);
    td_budget_get_info(td_device_budget(device), &with);
    assert_int_equal(with.held_bytes, before.held_bytes);
    close_picture(device, &p);
    td_readback_destroy(ring);
    tdi_free(memory);
}

static void other_memory_is_copied_to_once(td_device *device)
{
    uint8_t *memory = tdi_alloc_aligned(2 * 4096, 4096);
    td_host_buffer *buffer;
    td_host_buffer_info info;
    td_readback *ring = make_ring(device);
    picture p;
    open_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &p);
    gpu_ok(td_host_buffer_create(device, memory + 3, WIDTH * HEIGHT * 4, &buffer));
    td_host_buffer_get_info(buffer, &info);
    assert_false(info.imported);
    for (uint32_t i = 0; i < 2; i++)
        read_and_compare(ring, &p, PARTS[i], buffer, true);
    write_target(device, ring, buffer, 0x12345678);
    td_host_buffer_destroy(buffer);
    close_picture(device, &p);
    td_readback_destroy(ring);
    tdi_free(memory);
}

/* The budget counts it once, and takes it for no allocation of the driver's: the ledger is compared
 * when the ring is made. */
static void a_pool_that_is_not_imported_is_no_allocation(td_device *device)
{
    const uint64_t bytes = 4 * 4096;
    td_buffer_pool *pool;
    td_buffer_pool_info info;
    td_budget_info before, with;
    device->features.external_memory_host = false;
    td_budget_get_info(td_device_budget(device), &before);
    gpu_ok(td_buffer_pool_create(device, &(td_buffer_class){.bytes = bytes}, 1, &pool));
    td_buffer_pool_get_info(pool, &info);
    td_budget_get_info(td_device_budget(device), &with);
    assert_int_equal(info.imported, 0);
    assert_int_equal(with.host_bytes, info.bytes);
    assert_int_equal(with.held_bytes, before.held_bytes + info.bytes);
    assert_int_equal(with.by_category[TD_BUDGET_READBACK],
                     before.by_category[TD_BUDGET_READBACK] + info.bytes);
    assert_int_equal(with.allocations, before.allocations);
    td_readback_destroy(make_ring(device));
    tdi_memory_trim(device);
    td_buffer_pool_destroy(pool);
    td_budget_get_info(td_device_budget(device), &with);
    assert_int_equal(with.host_bytes, 0);
}

static void a_pool_hands_out_targets(td_device *device)
{
    td_buffer_pool *pool;
    td_buffer_pool_info info;
    td_pool_buffer buffers[4];
    td_readback *ring = make_ring(device);
    picture p;
    open_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, &p);
    gpu_ok(
        td_buffer_pool_create(device, &(td_buffer_class){.bytes = WIDTH * HEIGHT * 4}, 1, &pool));
    td_buffer_pool_get_info(pool, &info);
    assert_int_equal(info.imported, device->features.external_memory_host ? info.buffers : 0);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 4; i++) {
            gpu_ok(td_buffer_pool_get(pool, WIDTH * HEIGHT * 4, &buffers[i]));
            read_and_compare(ring, &p, WHOLE, buffers[i].target, !info.imported);
        }
        for (uint32_t i = 0; i < 4; i++)
            gpu_ok(td_buffer_pool_return(pool, buffers[(i + round) % 4].memory));
    }
    td_buffer_pool_get_info(pool, &info);
    assert_int_equal(info.grown, 1);
    assert_int_equal(info.free, 4);
    td_buffer_pool_destroy(pool);
    close_picture(device, &p);
    td_readback_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(rectangles_of_all_formats_arrive_as_they_are),
        gpu_test(leases_stay_as_they_are_while_others_arrive),
        gpu_test(bytes_of_a_buffer_arrive),
        gpu_test(the_programs_commands_write_slots),
        gpu_test(pages_are_imported_once_and_counted),
        gpu_test(other_memory_is_copied_to_once),
        gpu_test(a_pool_hands_out_targets),
        gpu_test(a_pool_that_is_not_imported_is_no_allocation),
    };
    return gpu_run_tests(tests);
}
