/* What is uploaded arrives, however often the staging ring has to go round. */
#include "gpu_test.h"

#include <stdlib.h>
#include <string.h>

#include "async/upload.h"
#include "gpu/image.h"

#define MIB (UINT64_C(1) << 20)

static uint8_t *noise(size_t size, uint32_t seed)
{
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    return bytes;
}

typedef struct copy {
    const tdi_buffer *from;
    const tdi_vk_image *image;
    const tdi_buffer *to;
} copy;

static void record_buffer_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const copy *c = user;
    const VkBufferCopy region = {0, 0, c->from->size};
    device->vk.vkCmdCopyBuffer(commands, c->from->handle, c->to->handle, 1, &region);
    gpu_full_barrier(device, commands);
}

static void assert_buffer_holds(td_device *device, const tdi_buffer *buffer, const uint8_t *bytes)
{
    tdi_buffer readback;
    gpu_make_buffer(device, buffer->size, TDI_MEMORY_READBACK, &readback);
    copy c = {.from = buffer, .to = &readback};
    gpu_submit(device, record_buffer_copy, &c);
    gpu_ok(tdi_memory_invalidate(device, &readback.memory, 0, buffer->size));
    assert_memory_equal(readback.memory.mapped, bytes, buffer->size);
    tdi_buffer_destroy(device, &readback);
}

/* Pieces of a buffer, in order, each with its own call; `announced` is what the upload was made
 * for. */
static void upload_pieces(td_device *device, const size_t *pieces, size_t count, uint64_t announced)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i];
    uint8_t *bytes = noise(size, (uint32_t)size);
    tdi_buffer buffer;
    gpu_make_buffer(device, size, TDI_MEMORY_DEVICE, &buffer);
    tdi_upload *upload = NULL;
    gpu_ok(tdi_upload_create(device, announced, &upload));
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t *passing = malloc(pieces[i] + 1);
        assert_non_null(passing);
        memcpy(passing, bytes + offset, pieces[i]);
        gpu_ok(tdi_upload_buffer(upload, &buffer, offset, passing, pieces[i]));
        memset(passing, 0xEE, pieces[i]); /* it may be reused at once */
        free(passing);
        offset += pieces[i];
    }
    td_ticket ticket = {0};
    gpu_ok(tdi_upload_flush(upload, &ticket));
    assert_true(ticket.value > 0);
    gpu_ok(tdi_ticket_wait(device, ticket, UINT64_MAX));
    tdi_upload_destroy(upload);
    assert_buffer_holds(device, &buffer, bytes);
    tdi_buffer_destroy(device, &buffer);
    free(bytes);
}

static void buffers_arrive(td_device *device)
{
    const size_t small[] = {1, 3, 0, 17, 64, 1000, 1, 4};
    upload_pieces(device, small, 8, 1090);
    const size_t one[] = {23 * MIB + 13};
    upload_pieces(device, one, 1, one[0]);
    const size_t halves[] = {4 * MIB, 4 * MIB, 4 * MIB - 1, 2, 4 * MIB + 1};
    upload_pieces(device, halves, 5, 17 * MIB);
    /* More than was announced only makes more rounds. */
    const size_t many[] = {MIB, 70000, 65536, 65535, 65537, 3};
    upload_pieces(device, many, 6, 100);
}

static void nothing_to_upload_is_no_ticket(td_device *device)
{
    tdi_upload *upload = NULL;
    gpu_ok(tdi_upload_create(device, 0, &upload));
    td_ticket ticket = {.value = 77};
    gpu_ok(tdi_upload_flush(upload, &ticket));
    assert_int_equal(ticket.value, 0);
    tdi_upload_destroy(upload);
    tdi_upload_destroy(NULL);
}

static uint32_t side_of(uint32_t side, uint32_t level)
{
    return side >> level ? side >> level : 1;
}

static void record_image_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const copy *c = user;
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
        .newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = c->image->handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, c->image->levels, 0, 1},
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &dependency);
    VkDeviceSize offset = 0;
    for (uint32_t level = 0; level < c->image->levels; level++) {
        const VkExtent3D extent = {side_of(c->image->width, level),
                                   side_of(c->image->height, level), 1};
        const VkBufferImageCopy region = {
            .bufferOffset = offset,
            .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, 1},
            .imageExtent = extent,
        };
        device->vk.vkCmdCopyImageToBuffer(commands, c->image->handle,
                                          VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, c->to->handle, 1,
                                          &region);
        offset += (VkDeviceSize)extent.width * extent.height * 4;
    }
    gpu_full_barrier(device, commands);
}

static void upload_picture(td_device *device, uint32_t width, uint32_t height, uint32_t levels)
{
    size_t size = 0;
    for (uint32_t level = 0; level < levels; level++)
        size += (size_t)side_of(width, level) * side_of(height, level) * 4;
    uint8_t *texels = noise(size, width + height);
    const tdi_vk_image_params params = {
        .name = "test",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = width,
        .height = height,
        .levels = levels,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                 VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    tdi_vk_image image;
    tdi_buffer readback;
    gpu_ok(tdi_vk_image_create(device, &params, &image));
    gpu_make_buffer(device, size, TDI_MEMORY_READBACK, &readback);
    tdi_upload *upload = NULL;
    td_ticket ticket = {0};
    gpu_ok(tdi_upload_create(device, size, &upload));
    gpu_ok(tdi_upload_image(upload, &image, texels));
    gpu_ok(tdi_upload_flush(upload, &ticket));
    gpu_ok(tdi_ticket_wait(device, ticket, UINT64_MAX));
    tdi_upload_destroy(upload);
    copy c = {.image = &image, .to = &readback};
    gpu_submit(device, record_image_copy, &c);
    gpu_ok(tdi_memory_invalidate(device, &readback.memory, 0, size));
    assert_memory_equal(readback.memory.mapped, texels, size);
    tdi_buffer_destroy(device, &readback);
    tdi_vk_image_destroy(device, &image);
    free(texels);
}

static void pictures_arrive_with_all_levels(td_device *device)
{
    upload_picture(device, 1, 1, 1);
    upload_picture(device, 5, 3, 3);
    upload_picture(device, 1024, 1, 11);
    upload_picture(device, 16384, 9, 15);   /* rows of 64 KiB */
    upload_picture(device, 1601, 1027, 11); /* twice round, rows that do not fill a half */
}

static void staging_is_what_was_said(td_device *device)
{
    const uint64_t sizes[] = {0, 1, 100000, MIB, 20 * MIB, 4096 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        td_budget_info info;
        tdi_upload *upload = NULL;
        gpu_ok(tdi_upload_create(device, sizes[i], &upload));
        td_budget_get_info(td_device_budget(device), &info);
        assert_int_equal(info.by_category[TD_BUDGET_STAGING], tdi_upload_staging_bytes(sizes[i]));
        assert_true(tdi_upload_staging_bytes(sizes[i]) <= 8 * MIB);
        tdi_upload_destroy(upload);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(buffers_arrive),
        gpu_test(nothing_to_upload_is_no_ticket),
        gpu_test(pictures_arrive_with_all_levels),
        gpu_test(staging_is_what_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
