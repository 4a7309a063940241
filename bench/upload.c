/* What the uploader moves to the device, beside plain loops of the same shape on the same queue:
 * four slots of staging memory in turn, a submission and a fence each. One plain loop copies out of
 * slots that were filled once before ("filled"), which is what the queue can take; the other one
 * fills each slot with memcpy on its one thread first ("memcpy"). The uploader does the same two:
 * jobs that write straight into staging memory, here nothing, and jobs with data of the host, which
 * its helpers copy. */
#include "upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define ROUNDS      7
#define SLOTS       4
#define BUDGET      (UINT64_C(4) << 30)
#define IMAGE_COUNT 4

/* ---- the plain loops ---- */

typedef struct plain_slot {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
} plain_slot;

typedef struct plain_loop {
    const upload_bench *bench;
    const struct VolkDeviceTable *vk;
    VkDevice handle;
    VkQueue queue;
    tdi_buffer staging;
    uint64_t slot_bytes;
    plain_slot slots[SLOTS];
    bool fill; /* memcpy into each slot first */
} plain_loop;

static void make_slot(const plain_loop *p, plain_slot *slot, uint32_t family)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = family,
    };
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                                     .flags = VK_FENCE_CREATE_SIGNALED_BIT};
    load_check(p->vk->vkCreateCommandPool(p->handle, &pool, NULL, &slot->pool),
               "vkCreateCommandPool");
    load_check(p->vk->vkCreateFence(p->handle, &fence, NULL, &slot->fence), "vkCreateFence");
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = slot->pool,
        .commandBufferCount = 1,
    };
    load_check(p->vk->vkAllocateCommandBuffers(p->handle, &commands, &slot->commands),
               "vkAllocateCommandBuffers");
}

static void plain_create(const upload_bench *bench, plain_loop *p)
{
    td_device *device = bench->device;
    const tdi_queue *queue = &device->queues[device->lane_queue[TD_LANE_TRANSFER]];
    *p = (plain_loop){.bench = bench,
                      .vk = &device->vk,
                      .handle = device->handle,
                      .queue = queue->handle,
                      .slot_bytes = tdi_uploader_staging_bytes(device) / SLOTS};
    const tdi_buffer_params params = {
        .name = "plain staging",
        .size = p->slot_bytes * SLOTS,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
        .kind = TDI_MEMORY_UPLOAD,
        .category = TD_BUDGET_STAGING,
    };
    load_ok(tdi_buffer_create(device, &params, &p->staging), "staging");
    memset(p->staging.memory.mapped, 0x5A, params.size);
    for (uint32_t i = 0; i < SLOTS; i++)
        make_slot(p, &p->slots[i], queue->family);
}

static void plain_destroy(plain_loop *p)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        p->vk->vkDestroyFence(p->handle, p->slots[i].fence, NULL);
        p->vk->vkDestroyCommandPool(p->handle, p->slots[i].pool, NULL);
    }
    tdi_buffer_destroy(p->bench->device, &p->staging);
}

static plain_slot *plain_begin(plain_loop *p, uint64_t turn)
{
    plain_slot *slot = &p->slots[turn % SLOTS];
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    load_check(p->vk->vkWaitForFences(p->handle, 1, &slot->fence, VK_TRUE, UINT64_MAX),
               "vkWaitForFences");
    load_check(p->vk->vkResetFences(p->handle, 1, &slot->fence), "vkResetFences");
    load_check(p->vk->vkResetCommandPool(p->handle, slot->pool, 0), "vkResetCommandPool");
    load_check(p->vk->vkBeginCommandBuffer(slot->commands, &begin), "vkBeginCommandBuffer");
    return slot;
}

static void plain_submit(plain_loop *p, plain_slot *slot)
{
    const VkCommandBufferSubmitInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO, .commandBuffer = slot->commands};
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &commands,
    };
    load_check(p->vk->vkEndCommandBuffer(slot->commands), "vkEndCommandBuffer");
    load_check(p->vk->vkQueueSubmit2(p->queue, 1, &submit, slot->fence), "vkQueueSubmit2");
}

static void plain_wait(const plain_loop *p)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        load_check(p->vk->vkWaitForFences(p->handle, 1, &p->slots[i].fence, VK_TRUE, UINT64_MAX),
                   "vkWaitForFences");
}

static void plain_fill(const plain_loop *p, uint64_t turn, uint64_t from, uint64_t bytes)
{
    if (p->fill)
        memcpy((uint8_t *)p->staging.memory.mapped + turn % SLOTS * p->slot_bytes,
               p->bench->source + from, bytes);
}

/* ---- buffers ---- */

static double plain_buffer(plain_loop *p, const tdi_buffer *buffer)
{
    const double start = load_now();
    uint64_t turn = 0;
    for (uint64_t done = 0; done < p->bench->stream_bytes; turn++) {
        const uint64_t at = done % buffer->size;
        const VkBufferCopy region = {turn % SLOTS * p->slot_bytes, at, p->slot_bytes};
        plain_slot *slot = plain_begin(p, turn);
        plain_fill(p, turn, at, p->slot_bytes);
        p->vk->vkCmdCopyBuffer(slot->commands, p->staging.handle, buffer->handle, 1, &region);
        plain_submit(p, slot);
        done += p->slot_bytes;
    }
    plain_wait(p);
    return load_now() - start;
}

/* The data is in staging memory already, as where a decoder has just put it there. */
static td_result write_nothing(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes)
{
    (void)user;
    (void)to;
    (void)offset;
    (void)bytes;
    return TD_OK;
}

static void finish(const upload_bench *bench, tdi_upload_job *job)
{
    td_ticket ticket;
    load_ok(tdi_upload_job_wait_submitted(job, UINT64_MAX, &ticket), "upload");
    load_ok(tdi_ticket_wait(bench->device, ticket, UINT64_MAX), "upload");
    tdi_upload_job_release(job);
}

/* All jobs are queued at once; the last one to end ends the run. */
static double tandem_buffer(const upload_bench *bench, const tdi_buffer *buffer, bool data)
{
    const uint64_t count = bench->stream_bytes / buffer->size;
    tdi_upload_job **jobs = calloc(count, sizeof(tdi_upload_job *));
    const tdi_upload_job_params params = {
        .buffer = buffer->handle,
        .size = buffer->size,
        .data = data ? bench->source : NULL,
        .write = data ? NULL : write_nothing,
    };
    const double start = load_now();
    for (uint64_t i = 0; i < count; i++)
        load_ok(tdi_uploader_add(bench->uploader, &params, &jobs[i]), "add");
    for (uint64_t i = 0; i < count; i++)
        finish(bench, jobs[i]);
    const double seconds = load_now() - start;
    free(jobs);
    return seconds;
}

/* ---- images ---- */

void upload_make_image(const upload_bench *bench, uint32_t side, uint32_t levels, tdi_vk_image *out)
{
    const tdi_vk_image_params params = {
        .name = "texture",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = side,
        .height = side,
        .levels = levels,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    load_ok(tdi_vk_image_create(bench->device, &params, out), "texture");
}

static void plain_layout(const plain_loop *p, VkCommandBuffer commands, const tdi_vk_image *image,
                         bool before)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
        .oldLayout = before ? VK_IMAGE_LAYOUT_UNDEFINED : VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
        .newLayout = before ? VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
                            : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image->handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    p->vk->vkCmdPipelineBarrier2(commands, &dependency);
}

/* One piece of rows that fills a slot. */
static void plain_rows(plain_loop *p, const tdi_vk_image *image, uint64_t turn, uint32_t row)
{
    const uint64_t row_bytes = (uint64_t)image->width * 4;
    const uint32_t rows = (uint32_t)(p->slot_bytes / row_bytes);
    const VkBufferImageCopy region = {
        .bufferOffset = turn % SLOTS * p->slot_bytes,
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageOffset = {0, (int32_t)row, 0},
        .imageExtent = {image->width, rows, 1},
    };
    plain_slot *slot = plain_begin(p, turn);
    plain_fill(p, turn, row * row_bytes, p->slot_bytes);
    if (row == 0)
        plain_layout(p, slot->commands, image, true);
    p->vk->vkCmdCopyBufferToImage(slot->commands, p->staging.handle, image->handle,
                                  VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
    if (row + rows >= image->height)
        plain_layout(p, slot->commands, image, false);
    plain_submit(p, slot);
}

static uint64_t image_bytes(const tdi_vk_image *image)
{
    return (uint64_t)image->width * image->height * 4;
}

static double plain_images(plain_loop *p, const tdi_vk_image *images)
{
    const double start = load_now();
    const uint32_t step = (uint32_t)(p->slot_bytes / ((uint64_t)images[0].width * 4));
    uint64_t turn = 0;
    for (uint64_t done = 0, i = 0; done < p->bench->stream_bytes; i++) {
        const tdi_vk_image *image = &images[i % IMAGE_COUNT];
        for (uint32_t row = 0; row < image->height; row += step)
            plain_rows(p, image, turn++, row);
        done += image_bytes(image);
    }
    plain_wait(p);
    return load_now() - start;
}

/* An image is not written again before its earlier copy is done. */
static double tandem_images(const upload_bench *bench, const tdi_vk_image *images, bool data)
{
    tdi_upload_job *jobs[IMAGE_COUNT] = {0};
    const double start = load_now();
    uint64_t i = 0;
    for (uint64_t done = 0; done < bench->stream_bytes; i++) {
        const tdi_vk_image *image = &images[i % IMAGE_COUNT];
        const tdi_upload_job_params params = {
            .image = image,
            .texel_bytes = 4,
            .data = data ? bench->source : NULL,
            .write = data ? NULL : write_nothing,
        };
        if (jobs[i % IMAGE_COUNT])
            finish(bench, jobs[i % IMAGE_COUNT]);
        load_ok(tdi_uploader_add(bench->uploader, &params, &jobs[i % IMAGE_COUNT]), "add");
        done += image_bytes(image);
    }
    for (uint32_t k = 0; k < IMAGE_COUNT; k++)
        finish(bench, jobs[(i + k) % IMAGE_COUNT]);
    return load_now() - start;
}

/* ---- the table ---- */

typedef enum way { PLAIN_FILLED, PLAIN_MEMCPY, TANDEM_IN_PLACE, TANDEM_DATA, WAYS } way;

typedef struct target {
    const tdi_buffer *buffer;
    const tdi_vk_image *images; /* IMAGE_COUNT of them, where there is no buffer */
} target;

static double run_way(const upload_bench *bench, plain_loop *p, const target *to, way how)
{
    p->fill = how == PLAIN_MEMCPY;
    if (how == PLAIN_FILLED || how == PLAIN_MEMCPY)
        return to->buffer ? plain_buffer(p, to->buffer) : plain_images(p, to->images);
    return to->buffer ? tandem_buffer(bench, to->buffer, how == TANDEM_DATA)
                      : tandem_images(bench, to->images, how == TANDEM_DATA);
}

static json_t *measure_rates(const upload_bench *bench, const char *name, const target *to)
{
    double rates[WAYS][ROUNDS], median[WAYS];
    plain_loop p;
    plain_create(bench, &p);
    for (uint32_t r = 0; r <= ROUNDS; r++) { /* the first round warms up */
        for (uint32_t w = 0; w < WAYS; w++)
            rates[w][r ? r - 1 : 0] =
                (double)bench->stream_bytes / 1e9 / run_way(bench, &p, to, (way)w);
    }
    plain_destroy(&p);
    for (uint32_t w = 0; w < WAYS; w++)
        median[w] = load_median(rates[w], ROUNDS);
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "target", name,
                     "plain_filled_gb_per_s", median[PLAIN_FILLED], "plain_memcpy_gb_per_s",
                     median[PLAIN_MEMCPY], "tandem_in_place_gb_per_s", median[TANDEM_IN_PLACE],
                     "tandem_data_gb_per_s", median[TANDEM_DATA], "in_place_over_filled",
                     median[TANDEM_IN_PLACE] / median[PLAIN_FILLED], "data_over_filled",
                     median[TANDEM_DATA] / median[PLAIN_FILLED], "data_over_memcpy",
                     median[TANDEM_DATA] / median[PLAIN_MEMCPY]);
}

static json_t *measure_buffers(const upload_bench *bench)
{
    const tdi_buffer_params params = {
        .name = "large buffer",
        .size = bench->source_bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_DEVICE,
        .category = TD_BUDGET_GEOMETRY,
    };
    tdi_buffer buffer;
    load_ok(tdi_buffer_create(bench->device, &params, &buffer), "buffer");
    json_t *row = measure_rates(bench, "buffer", &(target){.buffer = &buffer});
    tdi_buffer_destroy(bench->device, &buffer);
    return row;
}

static json_t *measure_images(const upload_bench *bench)
{
    const uint32_t side = bench->software ? 2048 : 4096;
    tdi_vk_image images[IMAGE_COUNT];
    for (uint32_t i = 0; i < IMAGE_COUNT; i++)
        upload_make_image(bench, side, 1, &images[i]);
    json_t *row = measure_rates(bench, "texture", &(target){.images = images});
    for (uint32_t i = 0; i < IMAGE_COUNT; i++)
        tdi_vk_image_destroy(bench->device, &images[i]);
    return row;
}

/* Once nothing is left to upload, so that plain submissions have the queue for themselves. */
static void open_bench(upload_bench *bench, const char *mib, td_device_info *info)
{
    const td_device_params params = {.budget_bytes = BUDGET};
    load_ok(td_device_create(&params, &bench->device), "no device");
    td_device_get_info(bench->device, info);
    bench->software = info->software;
    bench->stream_bytes = (bench->software ? 256 : 2048) * UPLOAD_MIB;
    if (mib)
        bench->stream_bytes = strtoull(mib, NULL, 10) * UPLOAD_MIB;
    bench->source_bytes = 64 * UPLOAD_MIB;
    bench->source = malloc(bench->source_bytes);
    if (!bench->source || bench->stream_bytes == 0 ||
        bench->stream_bytes % bench->source_bytes != 0) {
        fprintf(stderr, "usage: bench_upload [MIB]: a multiple of 64\n");
        exit(2);
    }
    memset(bench->source, 0xA5, bench->source_bytes);
    load_ok(tdi_uploader_get(bench->device, &bench->uploader), "uploader");
    tdi_uploader_hold(bench->uploader); /* as a td_uploader does */
}

/* An argument: how many MiB stream in; 2048, and 256 on a software device. */
int main(int count, char **arguments)
{
    upload_bench bench;
    td_device_info info;
    open_bench(&bench, count > 1 ? arguments[1] : NULL, &info);
    json_t *rates = json_array();
    json_array_append_new(rates, measure_buffers(&bench));
    json_array_append_new(rates, measure_images(&bench));
    json_t *report =
        json_pack("{s:s, s:s, s:I, s:o, s:o}", "benchmark", "upload", "device", info.name,
                  "stream_mib", (json_int_t)(bench.stream_bytes / UPLOAD_MIB), "rates", rates,
                  "frames", measure_frames(&bench));
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    td_device_destroy(bench.device);
    free(bench.source);
    return 0;
}
