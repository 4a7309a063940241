/* The uploader on a device: what is read back is what was uploaded, whatever the size, the format
 * and the order, while other levels of the image are read. */
#include "gpu_test.h"

#include <stdlib.h>
#include <string.h>

#include "async/uploader.h"

#define MIB    (UINT64_C(1) << 20)
#define LEVELS 15

static uint8_t *noise(size_t size, uint32_t seed)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    return bytes;
}

static tdi_uploader *uploader_of(td_device *device)
{
    tdi_uploader *uploader = NULL;
    gpu_ok(tdi_uploader_get(device, &uploader));
    return uploader;
}

static void finish(td_device *device, tdi_upload_job *job)
{
    td_ticket ticket = {0};
    gpu_ok(tdi_upload_job_wait_submitted(job, UINT64_MAX, &ticket));
    gpu_ok(tdi_ticket_wait(device, ticket, UINT64_MAX));
    assert_int_equal(tdi_upload_job_poll(job), TDI_UPLOAD_DONE);
    tdi_upload_job_release(job);
}

/* The ring goes on the uploader's thread, once it has seen that all is done. */
static void until_ring_is_gone(td_device *device)
{
    td_budget_info info;
    do
        td_budget_get_info(td_device_budget(device), &info);
    while (info.by_category[TD_BUDGET_STAGING] > 0);
}

typedef struct reading {
    const tdi_buffer *from;
    const tdi_vk_image *image;
    uint32_t level;
    const tdi_buffer *to;
} reading;

static void read_buffer(td_device *device, VkCommandBuffer commands, void *user)
{
    const reading *r = user;
    const VkBufferCopy region = {0, 0, r->from->size};
    device->vk.vkCmdCopyBuffer(commands, r->from->handle, r->to->handle, 1, &region);
    gpu_full_barrier(device, commands);
}

static uint32_t extent(uint32_t whole, uint32_t level)
{
    return whole >> level ? whole >> level : 1;
}

static void move_level(td_device *device, VkCommandBuffer commands, const reading *r, bool back)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT,
        .oldLayout =
            back ? VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
        .newLayout =
            back ? VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL : VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = r->image->handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, r->level, 1, 0, 1},
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &dependency);
}

static void read_level(td_device *device, VkCommandBuffer commands, void *user)
{
    const reading *r = user;
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, r->level, 0, 1},
        .imageExtent = {extent(r->image->width, r->level), extent(r->image->height, r->level), 1},
    };
    move_level(device, commands, r, false);
    device->vk.vkCmdCopyImageToBuffer(commands, r->image->handle,
                                      VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, r->to->handle, 1,
                                      &region);
    move_level(device, commands, r, true);
    gpu_full_barrier(device, commands);
}

static void expect_bytes(td_device *device, reading *r, const uint8_t *bytes, size_t size)
{
    tdi_buffer readback;
    gpu_make_buffer(device, size, TDI_MEMORY_READBACK, &readback);
    r->to = &readback;
    gpu_submit(device, r->image ? read_level : read_buffer, r);
    gpu_ok(tdi_memory_invalidate(device, &readback.memory, 0, size));
    assert_memory_equal(readback.memory.mapped, bytes, size);
    tdi_buffer_destroy(device, &readback);
}

static void upload_buffer(td_device *device, size_t size)
{
    tdi_buffer buffer;
    uint8_t *bytes = noise(size, (uint32_t)size);
    gpu_make_buffer(device, size, TDI_MEMORY_DEVICE, &buffer);
    const tdi_upload_job_params params = {.buffer = buffer.handle, .size = size, .data = bytes};
    tdi_upload_job *job = NULL;
    gpu_ok(tdi_uploader_add(uploader_of(device), &params, &job));
    finish(device, job);
    expect_bytes(device, &(reading){.from = &buffer}, bytes, size);
    tdi_buffer_destroy(device, &buffer);
    free(bytes);
}

static void buffers_arrive(td_device *device)
{
    static const size_t sizes[] = {1, 3, 4096, 65537, 4 * MIB, 4 * MIB + 1, 37 * MIB + 13};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        upload_buffer(device, sizes[i]);
    until_ring_is_gone(device);
}

typedef struct picture {
    tdi_vk_image image;
    uint32_t texel_bytes;
    uint8_t *texels[LEVELS];
    size_t bytes[LEVELS];
    tdi_upload_job *jobs[LEVELS];
} picture;

static void make_picture(td_device *device, VkFormat format, uint32_t texel_bytes, uint32_t width,
                         uint32_t height, uint32_t levels, picture *out)
{
    const tdi_vk_image_params params = {
        .name = "test",
        .format = format,
        .width = width,
        .height = height,
        .levels = levels,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                 VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    *out = (picture){.texel_bytes = texel_bytes};
    gpu_ok(tdi_vk_image_create(device, &params, &out->image));
    for (uint32_t level = 0; level < levels; level++) {
        out->bytes[level] = (size_t)extent(width, level) * extent(height, level) * texel_bytes;
        out->texels[level] = noise(out->bytes[level], width + level);
    }
}

static void free_picture(td_device *device, picture *p)
{
    for (uint32_t level = 0; level < p->image.levels; level++)
        free(p->texels[level]);
    tdi_vk_image_destroy(device, &p->image);
}

static void add_level(td_device *device, picture *p, uint32_t level)
{
    const tdi_upload_job_params params = {
        .image = &p->image,
        .level = level,
        .texel_bytes = p->texel_bytes,
        .data = p->texels[level],
        .priority = level,
    };
    gpu_ok(tdi_uploader_add(uploader_of(device), &params, &p->jobs[level]));
}

static void upload_picture(td_device *device, VkFormat format, uint32_t texel_bytes, uint32_t width,
                           uint32_t height, uint32_t levels)
{
    picture p;
    make_picture(device, format, texel_bytes, width, height, levels, &p);
    for (uint32_t level = 0; level < levels; level++)
        add_level(device, &p, level);
    for (uint32_t level = levels; level-- > 0;) {
        finish(device, p.jobs[level]);
        expect_bytes(device, &(reading){.image = &p.image, .level = level}, p.texels[level],
                     p.bytes[level]);
    }
    free_picture(device, &p);
}

static void every_size_of_texel_arrives(td_device *device)
{
    upload_picture(device, VK_FORMAT_R8_UNORM, 1, 333, 77, 9);
    upload_picture(device, VK_FORMAT_R8G8_UNORM, 2, 63, 65, 7);
    upload_picture(device, VK_FORMAT_R8G8B8A8_SRGB, 4, 5, 3, 3);
    upload_picture(device, VK_FORMAT_R16G16B16A16_SFLOAT, 8, 129, 2, 8);
    upload_picture(device, VK_FORMAT_R32G32B32A32_SFLOAT, 16, 31, 17, 5);
    until_ring_is_gone(device);
}

static void large_levels_arrive_in_pieces(td_device *device)
{
    upload_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, 16384, 9, 15);
    upload_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, 2601, 2027, 12);
    until_ring_is_gone(device);
}

/* With 4 MiB in all the slots have 64 KiB: rows of 16384 texels of 16 bytes go in four pieces. */
static void rows_larger_than_a_slot_arrive(td_device *device)
{
    assert_int_equal(tdi_uploader_staging_bytes(device), MIB / 4);
    upload_picture(device, VK_FORMAT_R32G32B32A32_SFLOAT, 16, 16001, 3, 1);
    upload_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, 301, 303, 4);
    until_ring_is_gone(device);
}

/* Strips of a level, each with a job of its own, the first one discarding what was there. */
static void strips_make_a_level(td_device *device)
{
    picture p;
    make_picture(device, VK_FORMAT_R8G8B8A8_UNORM, 4, 100, 90, 1, &p);
    static const uint32_t starts[] = {40, 0, 41, 89};
    static const uint32_t counts[] = {1, 40, 48, 0};
    for (uint32_t i = 0; i < 4; i++) {
        const tdi_upload_job_params params = {
            .image = &p.image,
            .texel_bytes = 4,
            .first_row = starts[i],
            .row_count = counts[i],
            .keep = i > 0,
            .data = p.texels[0] + (size_t)starts[i] * 400,
        };
        gpu_ok(tdi_uploader_add(uploader_of(device), &params, &p.jobs[i]));
    }
    for (uint32_t i = 0; i < 4; i++)
        finish(device, p.jobs[i]);
    expect_bytes(device, &(reading){.image = &p.image}, p.texels[0], p.bytes[0]);
    free_picture(device, &p);
    until_ring_is_gone(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(buffers_arrive),
        gpu_test(every_size_of_texel_arrives),
        gpu_test(large_levels_arrive_in_pieces),
        gpu_test_with(rows_larger_than_a_slot_arrive,
                      {.run = rows_larger_than_a_slot_arrive, .params.budget_bytes = 4 * MIB}),
        gpu_test(strips_make_a_level),
    };
    return gpu_run_tests(tests);
}
