#include "readback_loops.h"

#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "pixels_spv.h"

#define GROUP 256 /* pixels of a workgroup of pixels.comp */

typedef struct push {
    uint32_t first, count, frame;
} push;

static const struct VolkDeviceTable *table(const loops *l)
{
    return &l->device->vk;
}

static VkDeviceSize view_bytes(const loops *l)
{
    return (VkDeviceSize)l->shape.width * l->shape.height * 4;
}

static VkDeviceSize slot_bytes(const loops *l)
{
    return view_bytes(l) * l->shape.views;
}

/* ---- making ---- */

static void make_pipeline(loops *l)
{
    const struct VolkDeviceTable *vk = table(l);
    const VkDevice device = l->device->handle;
    const VkDescriptorSetLayoutBinding binding = {
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .descriptorCount = 1,
        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
    };
    const VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 1,
        .pBindings = &binding,
    };
    load_check(vk->vkCreateDescriptorSetLayout(device, &set, NULL, &l->set_layout), "set layout");
    const VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push)};
    const VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &l->set_layout,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &range,
    };
    load_check(vk->vkCreatePipelineLayout(device, &layout, NULL, &l->layout), "layout");
    const VkShaderModuleCreateInfo module = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = sizeof pixels_spv,
        .pCode = pixels_spv,
    };
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .pName = "main"},
        .layout = l->layout,
    };
    load_check(vk->vkCreateShaderModule(device, &module, NULL, &info.stage.module), "shader");
    load_check(vk->vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, NULL, &l->pipeline),
               "pipeline");
    vk->vkDestroyShaderModule(device, info.stage.module, NULL);
}

static void make_descriptors(loops *l)
{
    const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, LOOPS_MOST_SETS};
    const VkDescriptorPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = LOOPS_MOST_SETS,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    load_check(table(l)->vkCreateDescriptorPool(l->device->handle, &pool, NULL, &l->descriptors),
               "descriptor pool");
}

static VkDescriptorSet make_set(loops *l, VkBuffer buffer)
{
    VkDescriptorSet set;
    const VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = l->descriptors,
        .descriptorSetCount = 1,
        .pSetLayouts = &l->set_layout,
    };
    load_check(table(l)->vkAllocateDescriptorSets(l->device->handle, &info, &set), "set");
    const VkDescriptorBufferInfo range = {buffer, 0, VK_WHOLE_SIZE};
    const VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = set,
        .descriptorCount = 1,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .pBufferInfo = &range,
    };
    table(l)->vkUpdateDescriptorSets(l->device->handle, 1, &write, 0, NULL);
    return set;
}

/* The buffers of a ring are few, so they are looked for one by one. */
static VkDescriptorSet set_for(loops *l, VkBuffer buffer)
{
    for (uint32_t i = 0; i < l->set_count; i++) {
        if (l->sets[i].buffer == buffer)
            return l->sets[i].set;
    }
    l->sets[l->set_count].buffer = buffer;
    l->sets[l->set_count].set = make_set(l, buffer);
    return l->sets[l->set_count++].set;
}

static void make_commands(const loops *l, td_lane lane, VkCommandPool *pool, VkCommandBuffer *out)
{
    const VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = l->device->queues[l->device->lane_queue[lane]].family,
    };
    load_check(table(l)->vkCreateCommandPool(l->device->handle, &info, NULL, pool), "pool");
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = *pool,
        .commandBufferCount = 1,
    };
    load_check(table(l)->vkAllocateCommandBuffers(l->device->handle, &commands, out), "commands");
}

static void make_buffer(const loops *l, tdi_memory_kind kind, tdi_buffer *out)
{
    const tdi_buffer_params params = {
        .name = "pixels",
        .size = slot_bytes(l),
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
        .kind = kind,
        .category = TD_BUDGET_READBACK,
    };
    load_ok(tdi_buffer_create(l->device, &params, out), "a buffer for pixels");
}

static void make_slot(loops *l, loops_slot *slot)
{
    make_commands(l, TD_LANE_GRAPHICS, &slot->pool, &slot->commands);
    make_commands(l, TD_LANE_TRANSFER, &slot->copy_pool, &slot->copy_commands);
    make_buffer(l, TDI_MEMORY_READBACK, &slot->host);
    if (l->shape.copy)
        make_buffer(l, TDI_MEMORY_DEVICE, &slot->pixels);
}

static void make_timelines(loops *l)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = &type};
    for (uint32_t i = 0; i < 2; i++)
        load_check(table(l)->vkCreateSemaphore(l->device->handle, &info, NULL, &l->timelines[i]),
                   "semaphore");
}

void loops_create(td_device *device, const loops_shape *shape, loops *out)
{
    memset(out, 0, sizeof *out);
    out->device = device;
    out->shape = *shape;
    out->graphics = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].handle;
    out->transfer = device->queues[device->lane_queue[TD_LANE_TRANSFER]].handle;
    make_pipeline(out);
    make_descriptors(out);
    make_timelines(out);
    for (uint32_t i = 0; i < shape->slots; i++)
        make_slot(out, &out->slots[i]);
    const td_readback_params params = {
        .slot_bytes = slot_bytes(out),
        .slots = shape->slots,
        .parts = shape->views,
    };
    load_ok(td_readback_create(device, &params, &out->ring), "readback");
    load_ok(td_completion_queue_create(&out->queue), "completion queue");
    out->out = malloc(slot_bytes(out));
    if (!out->out)
        exit(1);
    memset(out->out, 1, slot_bytes(out));
}

void loops_destroy(loops *l)
{
    const struct VolkDeviceTable *vk = table(l);
    const VkDevice device = l->device->handle;
    td_completion_queue_destroy(l->queue);
    td_readback_destroy(l->ring);
    for (uint32_t i = 0; i < l->shape.slots; i++) {
        vk->vkDestroyCommandPool(device, l->slots[i].pool, NULL);
        vk->vkDestroyCommandPool(device, l->slots[i].copy_pool, NULL);
        tdi_buffer_destroy(l->device, &l->slots[i].host);
        tdi_buffer_destroy(l->device, &l->slots[i].pixels);
    }
    for (uint32_t i = 0; i < 2; i++)
        vk->vkDestroySemaphore(device, l->timelines[i], NULL);
    vk->vkDestroyDescriptorPool(device, l->descriptors, NULL);
    vk->vkDestroyPipeline(device, l->pipeline, NULL);
    vk->vkDestroyPipelineLayout(device, l->layout, NULL);
    vk->vkDestroyDescriptorSetLayout(device, l->set_layout, NULL);
    free(l->out);
}

/* ---- recording ---- */

static void open_commands(const loops *l, VkCommandPool pool, VkCommandBuffer commands)
{
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    load_check(table(l)->vkResetCommandPool(l->device->handle, pool, 0), "vkResetCommandPool");
    load_check(table(l)->vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
}

static void record_to_host(const loops *l, VkCommandBuffer commands, VkPipelineStageFlags2 stage,
                           VkAccessFlags2 access)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = stage,
        .srcAccessMask = access,
        .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .memoryBarrierCount = 1,
                                   .pMemoryBarriers = &barrier};
    table(l)->vkCmdPipelineBarrier2(commands, &info);
}

/* The compute pass of a submission. With `copy` the copy's semaphore, or its barrier, does the
 * rest. */
static void record_pixels(loops *l, loops_slot *slot, VkBuffer buffer, uint32_t frame)
{
    const struct VolkDeviceTable *vk = table(l);
    const VkDescriptorSet set = set_for(l, buffer);
    push constants = {.count = l->shape.width * l->shape.height / 4, .frame = frame};
    open_commands(l, slot->pool, slot->commands);
    vk->vkCmdBindPipeline(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, l->pipeline);
    vk->vkCmdBindDescriptorSets(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, l->layout, 0, 1,
                                &set, 0, NULL);
    for (uint32_t i = 0; i < l->shape.views; i++) {
        constants.first = i * constants.count;
        vk->vkCmdPushConstants(slot->commands, l->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               sizeof constants, &constants);
        vk->vkCmdDispatch(slot->commands, (4 * constants.count + GROUP - 1) / GROUP, 1, 1);
    }
    if (!l->shape.copy)
        record_to_host(l, slot->commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
                       VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
    load_check(vk->vkEndCommandBuffer(slot->commands), "vkEndCommandBuffer");
}

/* ---- plain Vulkan ---- */

static void plain_submit(const loops *l, VkQueue queue, VkCommandBuffer commands,
                         const VkSemaphoreSubmitInfo *wait, uint32_t timeline)
{
    const VkCommandBufferSubmitInfo buffer = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                              .commandBuffer = commands};
    const VkSemaphoreSubmitInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = l->timelines[timeline],
        .value = l->value,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = wait ? 1 : 0,
        .pWaitSemaphoreInfos = wait,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &buffer,
        .signalSemaphoreInfoCount = 1,
        .pSignalSemaphoreInfos = &signal,
    };
    load_check(table(l)->vkQueueSubmit2(queue, 1, &submit, VK_NULL_HANDLE), "vkQueueSubmit2");
}

static void plain_copy(loops *l, loops_slot *slot)
{
    const VkSemaphoreSubmitInfo wait = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = l->timelines[0],
        .value = l->value,
        .stageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
    };
    const VkBufferCopy region = {.size = slot_bytes(l)};
    open_commands(l, slot->copy_pool, slot->copy_commands);
    table(l)->vkCmdCopyBuffer(slot->copy_commands, slot->pixels.handle, slot->host.handle, 1,
                              &region);
    record_to_host(l, slot->copy_commands, VK_PIPELINE_STAGE_2_COPY_BIT,
                   VK_ACCESS_2_TRANSFER_WRITE_BIT);
    load_check(table(l)->vkEndCommandBuffer(slot->copy_commands), "vkEndCommandBuffer");
    plain_submit(l, l->transfer, slot->copy_commands, &wait, 1);
}

/* Reads a word of each view, as whoever looks at what arrived does, and copies if that is asked. */
static void consume(const loops *l, const void *bytes, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += view_bytes(l))
        (void)*(const volatile uint32_t *)((const char *)bytes + at);
    if (l->shape.copy_out)
        memcpy(l->out, bytes, size);
}

static void plain_arrive(const loops *l, const loops_slot *slot)
{
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &l->timelines[1],
        .pValues = &slot->value,
    };
    load_check(table(l)->vkWaitSemaphores(l->device->handle, &info, UINT64_MAX), "wait");
    load_ok(tdi_memory_invalidate(l->device, &slot->host.memory, 0, slot_bytes(l)), "invalidate");
    consume(l, slot->host.memory.mapped, slot_bytes(l));
}

double loops_plain(loops *l, uint32_t submissions)
{
    const double start = load_now();
    for (uint32_t i = 0; i < submissions + l->shape.slots; i++) {
        loops_slot *slot = &l->slots[i % l->shape.slots];
        if (i >= l->shape.slots)
            plain_arrive(l, slot);
        if (i >= submissions)
            continue;
        slot->value = ++l->value;
        record_pixels(l, slot, l->shape.copy ? slot->pixels.handle : slot->host.handle, i);
        plain_submit(l, l->graphics, slot->commands, NULL, l->shape.copy ? 0 : 1);
        if (l->shape.copy)
            plain_copy(l, slot);
    }
    return load_now() - start;
}

/* ---- tandem ---- */

static td_ticket submit(const loops *l, const loops_slot *slot)
{
    td_ticket ticket;
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS, .commands = &slot->commands, .command_count = 1};
    load_ok(td_lane_submit(l->device, &params, &ticket), "submit");
    return ticket;
}

/* Requests of a submission; the number of them. */
static uint32_t tandem_copy(loops *l, loops_slot *slot, uint32_t frame, td_request **requests)
{
    const td_readback_range range = {.buffer = slot->pixels.handle, .size = slot_bytes(l)};
    record_pixels(l, slot, slot->pixels.handle, frame);
    load_ok(td_readback_copy_buffer(l->ring, &range, NULL, submit(l, slot), TD_FOREVER, requests),
            "copy");
    return 1;
}

static uint32_t tandem_direct(loops *l, loops_slot *slot, uint32_t frame, td_request **requests)
{
    td_readback_target target;
    const uint32_t parts = l->shape.whole ? 1 : l->shape.views;
    load_ok(td_readback_begin(l->ring, parts, NULL, TD_FOREVER, &target), "begin");
    record_pixels(l, slot, target.buffer, frame);
    load_ok(td_readback_submitted(l->ring, &target, NULL, submit(l, slot), requests), "submitted");
    return parts;
}

static void tandem_submission(loops *l, uint32_t frame)
{
    td_request *requests[TD_READBACK_MOST_PARTS];
    loops_slot *slot = &l->slots[frame % l->shape.slots];
    const uint32_t count = l->shape.copy ? tandem_copy(l, slot, frame, requests)
                                         : tandem_direct(l, slot, frame, requests);
    load_ok(td_completion_queue_watch_all(l->queue, requests, NULL, count), "watch");
    for (uint32_t i = 0; i < count; i++)
        td_request_release(requests[i]);
}

/* Waits for what arrives next, and gives it back; the number of requests. */
static uint32_t tandem_arrive(const loops *l)
{
    td_completion done[256];
    td_readback_data data;
    uint32_t count = 0;
    load_ok(td_completion_queue_take(l->queue, done, 256, TD_FOREVER, &count), "take");
    for (uint32_t i = 0; i < count; i++) {
        load_ok(done[i].result, "readback");
        load_ok(td_readback_get_data(done[i].request, &data), "data");
        consume(l, data.bytes, data.size);
        td_request_release(done[i].request);
    }
    return count;
}

double loops_tandem(loops *l, uint32_t submissions)
{
    const uint32_t each = l->shape.copy || l->shape.whole ? 1 : l->shape.views;
    const uint32_t most = each * l->shape.slots;
    const double start = load_now();
    uint32_t pending = 0;
    for (uint32_t i = 0; i < submissions; i++) {
        while (pending + each > most)
            pending -= tandem_arrive(l);
        tandem_submission(l, i);
        pending += each;
    }
    while (pending > 0)
        pending -= tandem_arrive(l);
    return load_now() - start;
}
