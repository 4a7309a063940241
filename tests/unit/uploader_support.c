#include "uploader_support.h"

#include <string.h>

#include "base/clock.h"

#define BUFFERS      4096
#define LAYOUTS_MOST 16

typedef struct gate {
    tdi_mutex mutex;
    tdi_cond changed;
    bool entered, open;
} gate;

static td_device *device;
static gate the_gate;
static copy_entry copies[COPIES_MOST];
static _Atomic uint32_t copy_count;
static VkImageMemoryBarrier2 layouts[LAYOUTS_MOST];
static uint32_t layout_number;
static char buffer_marks[BUFFERS];
/* The ring is the only buffer that is really made: where its memory is. */
static const uint8_t *ring;

VkBuffer buffer_of(uint32_t index)
{
    assert_true(index < BUFFERS);
    return (VkBuffer)&buffer_marks[index];
}

static VkResult bind_ring(VkDevice handle, VkBuffer buffer, VkDeviceMemory memory,
                          VkDeviceSize offset)
{
    (void)handle;
    (void)buffer;
    ring = (const uint8_t *)memory + offset;
    return VK_SUCCESS;
}

static void log_copy(copy_entry entry)
{
    assert_true(copy_count < COPIES_MOST);
    copies[copy_count] = entry;
    copy_count++;
}

static void copy_buffer(VkCommandBuffer commands, VkBuffer from, VkBuffer to, uint32_t count,
                        const VkBufferCopy *region)
{
    (void)commands;
    (void)from;
    assert_int_equal(count, 1);
    log_copy((copy_entry){.buffer = to,
                          .offset = region->dstOffset,
                          .bytes = region->size,
                          .first = ring[region->srcOffset]});
}

static void copy_image(VkCommandBuffer commands, VkBuffer from, VkImage to, VkImageLayout layout,
                       uint32_t count, const VkBufferImageCopy *region)
{
    (void)commands;
    (void)from;
    assert_int_equal(count, 1);
    assert_int_equal(layout, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    assert_int_equal(region->bufferOffset % 16, 0);
    log_copy((copy_entry){.image = to,
                          .level = region->imageSubresource.mipLevel,
                          .x = (uint32_t)region->imageOffset.x,
                          .y = (uint32_t)region->imageOffset.y,
                          .width = region->imageExtent.width,
                          .height = region->imageExtent.height,
                          .first = ring[region->bufferOffset]});
}

/* Barriers of memory go to nobody. */
static void log_barrier(VkCommandBuffer commands, const VkDependencyInfo *info)
{
    (void)commands;
    for (uint32_t i = 0; i < info->imageMemoryBarrierCount && layout_number < LAYOUTS_MOST; i++)
        layouts[layout_number++] = info->pImageMemoryBarriers[i];
}

uint32_t layout_count(void)
{
    return layout_number;
}

VkImageMemoryBarrier2 layout_at(uint32_t index)
{
    assert_true(index < layout_number);
    return layouts[index];
}

td_device *uploader_device(void)
{
    return device;
}

tdi_uploader *uploader_create(uint32_t queues)
{
    tdi_uploader *uploader = NULL;
    device = fake_device_create(queues);
    fake_add_memory();
    device->vk.vkBindBufferMemory = bind_ring;
    device->vk.vkCmdCopyBuffer = copy_buffer;
    device->vk.vkCmdCopyBufferToImage = copy_image;
    device->vk.vkCmdPipelineBarrier2 = log_barrier;
    copy_count = 0;
    layout_number = 0;
    assert_int_equal(tdi_mutex_init(&the_gate.mutex, TDI_RANK_NONE), TD_OK);
    assert_int_equal(tdi_cond_init(&the_gate.changed), TD_OK);
    the_gate.entered = the_gate.open = false;
    assert_int_equal(tdi_uploader_get(device, &uploader), TD_OK);
    return uploader;
}

void uploader_destroy_all(void)
{
    uploader_destroy_device();
    uploader_destroy_gate();
}

void uploader_destroy_device(void)
{
    fake_device_destroy();
}

void uploader_destroy_gate(void)
{
    tdi_cond_destroy(&the_gate.changed);
    tdi_mutex_destroy(&the_gate.mutex);
}

uint32_t copies_count(void)
{
    return copy_count;
}

copy_entry copy_at(uint32_t index)
{
    assert_true(index < copy_count);
    return copies[index];
}

static td_result wait_at_gate(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes)
{
    gate *g = user;
    memset(to, 0, bytes);
    assert_int_equal(offset, 0);
    tdi_mutex_lock(&g->mutex);
    g->entered = true;
    tdi_cond_broadcast(&g->changed);
    while (!g->open)
        tdi_cond_wait(&g->changed, &g->mutex);
    g->entered = g->open = false;
    tdi_mutex_unlock(&g->mutex);
    return TD_OK;
}

tdi_upload_job *gate_add(tdi_uploader *uploader)
{
    const tdi_upload_job_params params = {
        .buffer = buffer_of(BUFFERS - 1), .size = 1, .write = wait_at_gate, .user = &the_gate};
    tdi_upload_job *job = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    tdi_mutex_lock(&the_gate.mutex);
    while (!the_gate.entered)
        tdi_cond_wait(&the_gate.changed, &the_gate.mutex);
    tdi_mutex_unlock(&the_gate.mutex);
    return job;
}

void gate_open(void)
{
    tdi_mutex_lock(&the_gate.mutex);
    the_gate.open = true;
    tdi_cond_broadcast(&the_gate.changed);
    tdi_mutex_unlock(&the_gate.mutex);
}

tdi_upload_job *add_bytes(tdi_uploader *uploader, uint32_t buffer, const void *data, size_t size,
                          int64_t priority)
{
    const tdi_upload_job_params params = {
        .buffer = buffer_of(buffer), .size = size, .data = data, .priority = priority};
    tdi_upload_job *job = NULL;
    assert_int_equal(tdi_uploader_add(uploader, &params, &job), TD_OK);
    return job;
}

td_ticket wait_submitted(tdi_upload_job *job)
{
    td_ticket ticket = {0};
    assert_int_equal(tdi_upload_job_wait_submitted(job, 60 * TDI_NS_PER_S, &ticket), TD_OK);
    assert_true(ticket.value > 0);
    return ticket;
}

/* Only the uploader's thread sees that it is idle, so this looks until it has. */
void until_idle(void)
{
    td_budget_info info = {.used_bytes = 1};
    while (info.used_bytes > 0)
        td_budget_get_info(device->budget, &info);
}
