/* What bringing results back costs, beside plain Vulkan loops of the same shape on the same device,
 * in turns: by the copy lane and straight into host memory, for images of several sizes, alone and
 * in groups.
 *
 *     bench_readback [--quick] [--only TEXT]
 *                                the rows, or those whose name has TEXT in it
 *     bench_readback --clear     frames a second of an image of 1920x1080 that is cleared and read
 *                                back, and of pixels that are cleared where they are read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cores.h"
#include "gpu/image.h"
#include "load.h"
#include "readback_loops.h"

#define MOST_ROUNDS 11
#define BUDGET      (UINT64_C(2) << 30)

typedef struct row {
    const char *name;
    loops_shape shape;
} row;

static const row rows[] = {
    {"1920x1080, direct", {.width = 1920, .height = 1080, .views = 1, .slots = 3}},
    {"1920x1080, copy lane", {.width = 1920, .height = 1080, .views = 1, .slots = 3, .copy = true}},
    {"1920x1080, direct, and memcpy",
     {.width = 1920, .height = 1080, .views = 1, .slots = 3, .copy_out = true}},
    {"128x128, direct", {.width = 128, .height = 128, .views = 1, .slots = 32}},
    {"128x128, copy lane", {.width = 128, .height = 128, .views = 1, .slots = 32, .copy = true}},
    {"128x128 by 16, direct", {.width = 128, .height = 128, .views = 16, .slots = 16}},
    {"128x128 by 16, direct, one request",
     {.width = 128, .height = 128, .views = 16, .slots = 16, .whole = true}},
    {"512x512, direct", {.width = 512, .height = 512, .views = 1, .slots = 8}},
    {"512x512, copy lane", {.width = 512, .height = 512, .views = 1, .slots = 8, .copy = true}},
    {"3840x2160, direct", {.width = 3840, .height = 2160, .views = 1, .slots = 3}},
    {"3840x2160, copy lane", {.width = 3840, .height = 2160, .views = 1, .slots = 3, .copy = true}},
};

/* Submissions that take about `seconds`. */
static uint32_t calibrate(loops *l, double seconds)
{
    uint32_t submissions = 2 * l->shape.slots;
    double took = loops_plain(l, submissions);
    while (took < 0.2 * seconds) {
        submissions *= 2;
        took = loops_plain(l, submissions);
    }
    const double wanted = submissions * (seconds / took);
    return wanted < 2.0 * l->shape.slots ? 2 * l->shape.slots : (uint32_t)wanted;
}

typedef struct figures {
    double plain[MOST_ROUNDS], tandem[MOST_ROUNDS]; /* views a second */
    double ratios[MOST_ROUNDS];
} figures;

/* Which is first changes from round to round. */
static void measure(loops *l, uint32_t rounds, uint32_t submissions, figures *out)
{
    const double views = (double)submissions * l->shape.views;
    (void)loops_tandem(l, submissions);
    for (uint32_t r = 0; r < rounds; r++) {
        const bool plain_first = r % 2 == 0;
        if (plain_first)
            out->plain[r] = views / loops_plain(l, submissions);
        out->tandem[r] = views / loops_tandem(l, submissions);
        if (!plain_first)
            out->plain[r] = views / loops_plain(l, submissions);
        out->ratios[r] = out->tandem[r] / out->plain[r];
    }
}

static json_t *describe(const row *r, figures *f, uint32_t rounds, uint32_t submissions)
{
    const double plain = load_median(f->plain, rounds), tandem = load_median(f->tandem, rounds);
    const double bytes = 4.0 * r->shape.width * r->shape.height;
    const double ratio = load_median(f->ratios, rounds);
    return json_pack("{s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f}", "what", r->name, "ring",
                     (int)r->shape.slots, "submissions", (int)submissions, "plain_views_s", plain,
                     "tandem_views_s", tandem, "tandem_gb_s", 1e-9 * bytes * tandem,
                     "tandem_over_plain", ratio, "lowest_ratio", f->ratios[0], "highest_ratio",
                     f->ratios[rounds - 1]);
}

static json_t *run_row(td_device *device, const row *r, uint32_t rounds, double seconds)
{
    static loops l;
    figures f;
    loops_create(device, &r->shape, &l);
    const uint32_t submissions = calibrate(&l, seconds);
    measure(&l, rounds, submissions, &f);
    loops_destroy(&l);
    return describe(r, &f, rounds, submissions);
}

/* ---- an image that is cleared, for comparison with other libraries ---- */

#define CLEAR_SLOTS  3
#define CLEAR_WIDTH  1920
#define CLEAR_HEIGHT 1080

typedef struct clearing {
    td_device *device;
    td_readback *ring;
    tdi_vk_image images[CLEAR_SLOTS];
    VkCommandPool pools[CLEAR_SLOTS];
    VkCommandBuffer commands[CLEAR_SLOTS];
    td_request *requests[CLEAR_SLOTS];
    bool direct; /* what is cleared is the slot itself */
} clearing;

static void open_clearing(td_device *device, clearing *c)
{
    *c = (clearing){.device = device};
    const td_readback_params ring = {.slot_bytes = CLEAR_WIDTH * CLEAR_HEIGHT * 4,
                                     .slots = CLEAR_SLOTS};
    const tdi_vk_image_params image = {
        .name = "cleared",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = CLEAR_WIDTH,
        .height = CLEAR_HEIGHT,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                 VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TARGETS,
    };
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family,
    };
    load_ok(td_readback_create(device, &ring, &c->ring), "readback");
    for (uint32_t i = 0; i < CLEAR_SLOTS; i++) {
        load_ok(tdi_vk_image_create(device, &image, &c->images[i]), "image");
        load_check(device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &c->pools[i]),
                   "pool");
        const VkCommandBufferAllocateInfo commands = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
            .commandPool = c->pools[i],
            .commandBufferCount = 1,
        };
        load_check(device->vk.vkAllocateCommandBuffers(device->handle, &commands, &c->commands[i]),
                   "commands");
    }
}

static void close_clearing(clearing *c)
{
    td_readback_destroy(c->ring);
    for (uint32_t i = 0; i < CLEAR_SLOTS; i++) {
        c->device->vk.vkDestroyCommandPool(c->device->handle, c->pools[i], NULL);
        tdi_vk_image_destroy(c->device, &c->images[i]);
    }
}

static void change_layout(const clearing *c, uint32_t slot, VkImageLayout from, VkImageLayout to)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_CLEAR_BIT | VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_CLEAR_BIT | VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT | VK_ACCESS_2_TRANSFER_READ_BIT,
        .oldLayout = from,
        .newLayout = to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = c->images[slot].handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .imageMemoryBarrierCount = 1,
                                   .pImageMemoryBarriers = &barrier};
    c->device->vk.vkCmdPipelineBarrier2(c->commands[slot], &info);
}

static void record_copy(const clearing *c, uint32_t slot, VkBuffer buffer)
{
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageExtent = {CLEAR_WIDTH, CLEAR_HEIGHT, 1},
    };
    change_layout(c, slot, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                  VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
    c->device->vk.vkCmdCopyImageToBuffer(c->commands[slot], c->images[slot].handle,
                                         VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, buffer, 1, &region);
    td_readback_record_barrier(c->ring, c->commands[slot], VK_PIPELINE_STAGE_2_COPY_BIT,
                               VK_ACCESS_2_TRANSFER_WRITE_BIT);
}

static void record_fill(const clearing *c, uint32_t slot, float grey, VkBuffer buffer)
{
    const uint32_t pixel = (uint32_t)(255 * grey + 0.5f) | 0xff408000;
    c->device->vk.vkCmdFillBuffer(c->commands[slot], buffer, 0, VK_WHOLE_SIZE, pixel);
    td_readback_record_barrier(c->ring, c->commands[slot], VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
                               VK_ACCESS_2_TRANSFER_WRITE_BIT);
}

static void record_clear(const clearing *c, uint32_t slot, float grey)
{
    const VkClearColorValue color = {.float32 = {grey, 0.5f, 0.25f, 1.0f}};
    const VkImageSubresourceRange range = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    change_layout(c, slot, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    c->device->vk.vkCmdClearColorImage(c->commands[slot], c->images[slot].handle,
                                       VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &color, 1, &range);
}

static void record(const clearing *c, uint32_t slot, float grey, VkBuffer buffer)
{
    const struct VolkDeviceTable *vk = &c->device->vk;
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    load_check(vk->vkResetCommandPool(c->device->handle, c->pools[slot], 0), "reset");
    load_check(vk->vkBeginCommandBuffer(c->commands[slot], &begin), "begin");
    if (c->direct) {
        record_fill(c, slot, grey, buffer);
    } else {
        record_clear(c, slot, grey);
        record_copy(c, slot, buffer);
    }
    load_check(vk->vkEndCommandBuffer(c->commands[slot]), "end");
}

/* In one submission, as the other library does. */
static void clear_and_read(clearing *c, uint32_t slot, float grey)
{
    const td_lane_submit_params submit = {
        .lane = TD_LANE_GRAPHICS, .commands = &c->commands[slot], .command_count = 1};
    td_readback_target target;
    td_ticket ticket;
    load_ok(td_readback_begin(c->ring, 1, NULL, TD_FOREVER, &target), "begin");
    record(c, slot, grey, target.buffer);
    load_ok(td_lane_submit(c->device, &submit, &ticket), "submit");
    load_ok(td_readback_submitted(c->ring, &target, NULL, ticket, &c->requests[slot]), "submitted");
}

/* Looks at a pixel of what arrived. */
static void arrive(clearing *c, uint32_t slot, float grey)
{
    td_readback_data data;
    load_ok(td_request_wait(c->requests[slot], TD_FOREVER), "wait");
    load_ok(td_readback_get_data(c->requests[slot], &data), "data");
    const int seen = ((const uint8_t *)data.bytes)[data.size - 4], meant = (int)(255 * grey + 0.5f);
    if (seen != meant) {
        fprintf(stderr, "a pixel is %d and not %d\n", seen, meant);
        exit(1);
    }
    td_request_release(c->requests[slot]);
}

static float grey_of(uint32_t frame)
{
    return (float)(frame % 256) / 255.0f;
}

static double clear_frames(clearing *c, uint32_t frames)
{
    const double start = load_now();
    for (uint32_t i = 0; i < frames + CLEAR_SLOTS; i++) {
        if (i >= CLEAR_SLOTS)
            arrive(c, i % CLEAR_SLOTS, grey_of(i - CLEAR_SLOTS));
        if (i < frames)
            clear_and_read(c, i % CLEAR_SLOTS, grey_of(i));
    }
    return load_now() - start;
}

static double clear_rate(clearing *c, bool direct)
{
    c->direct = direct;
    (void)clear_frames(c, 10);
    const uint32_t frames = c->device->info.software ? 150 : 5000;
    return frames / clear_frames(c, frames);
}

static void run_clear(td_device *device)
{
    clearing c;
    open_clearing(device, &c);
    const double copied = clear_rate(&c, false), direct = clear_rate(&c, true);
    printf("{\"frames_s\": %.2f, \"direct_frames_s\": %.2f}\n", copied, direct);
    close_clearing(&c);
}

/* `only`: text in the names of the rows that are wanted. */
static void run_rows(td_device *device, bool quick, const char *only)
{
    const uint32_t rounds = quick ? 3 : MOST_ROUNDS;
    const double seconds = quick ? 0.1 : 0.25;
    json_t *list = json_array();
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strstr(rows[i].name, only))
            json_array_append_new(list, run_row(device, &rows[i], rounds, seconds));
    }
    json_t *report = json_pack("{s:s, s:s, s:i, s:o}", "benchmark", "readback", "device",
                               device->info.name, "cores", (int)tdi_core_count(), "rows", list);
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
}

static bool has_option(int count, char **arguments, const char *name)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], name) == 0)
            return true;
    }
    return false;
}

static const char *only_of(int count, char **arguments)
{
    for (int i = 1; i + 1 < count; i++) {
        if (strcmp(arguments[i], "--only") == 0)
            return arguments[i + 1];
    }
    return "";
}

int main(int count, char **arguments)
{
    const td_device_params params = {.budget_bytes = BUDGET};
    td_device *device;
    load_ok(td_device_create(&params, &device), "no device");
    if (has_option(count, arguments, "--clear"))
        run_clear(device);
    else
        run_rows(device, has_option(count, arguments, "--quick"), only_of(count, arguments));
    td_device_destroy(device);
    return 0;
}
