#include "fake_device.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/living.h"
#include "gpu/budget.h"
#include "gpu/memory.h"
#include "gpu/queue.h"

typedef struct fake {
    td_device device;
    tdi_mutex mutex;
    tdi_cond changed;
    uint64_t reached[TD_LANE_COUNT], submitted[TD_LANE_COUNT];
    uint32_t semaphores, semaphores_alive, binaries;
    VkResult semaphore_failure;
    bool hold, lost;
    VkResult failing_submit, next_wait;
    VkResult every_wait, every_look;
    uint32_t fail_in; /* submissions; 0: none fails */
    fake_submission log[FAKE_MOST_SUBMISSIONS];
    uint32_t log_count, calls;
    uint32_t waiting, wait_calls, look_calls;
    bool waited_for[TD_LANE_COUNT];
    uint64_t longest_wait;
    VkMappedMemoryRange invalidated;
} fake;

static fake gpu;

/* Queue i and its semaphore are known by the address of these. */
static char queue_marks[TD_LANE_COUNT];
static char semaphore_marks[TD_LANE_COUNT];
static char binary_marks[FAKE_MOST_BINARIES];

/* Others are binary ones, or the test's own. */
static bool is_timeline(VkSemaphore semaphore)
{
    return (char *)semaphore >= semaphore_marks &&
           (char *)semaphore < semaphore_marks + TD_LANE_COUNT;
}

static uint32_t queue_of_semaphore(VkSemaphore semaphore)
{
    assert_true(is_timeline(semaphore));
    return (uint32_t)((char *)semaphore - semaphore_marks);
}

VkSemaphore fake_binary(uint32_t nth)
{
    return (VkSemaphore)&binary_marks[nth];
}

static VkResult create_semaphore(VkDevice device, const VkSemaphoreCreateInfo *info,
                                 const VkAllocationCallbacks *allocator, VkSemaphore *out)
{
    (void)device;
    (void)allocator;
    const VkSemaphoreTypeCreateInfo *type = info->pNext;
    if (gpu.semaphore_failure)
        return gpu.semaphore_failure;
    gpu.semaphores_alive++;
    if (!type) {
        assert_true(gpu.binaries < FAKE_MOST_BINARIES);
        *out = fake_binary(gpu.binaries++);
        return VK_SUCCESS;
    }
    assert_int_equal(type->semaphoreType, VK_SEMAPHORE_TYPE_TIMELINE);
    assert_true(gpu.semaphores < TD_LANE_COUNT);
    *out = (VkSemaphore)&semaphore_marks[gpu.semaphores++];
    return VK_SUCCESS;
}

static void destroy_semaphore(VkDevice device, VkSemaphore semaphore,
                              const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)semaphore;
    (void)allocator;
    gpu.semaphores_alive--;
}

static void log_signal(fake_submission *entry, const VkSemaphoreSubmitInfo *signal)
{
    if (!is_timeline(signal->semaphore)) {
        entry->foreign_signal = *signal;
        entry->foreign_signals++;
        return;
    }
    assert_int_equal(queue_of_semaphore(signal->semaphore), entry->queue);
    entry->signal = signal->value;
    assert_true(entry->signal > gpu.submitted[entry->queue]);
    gpu.submitted[entry->queue] = entry->signal;
}

static void log_submit(uint32_t queue, const VkSubmitInfo2 *submit)
{
    assert_true(gpu.log_count < FAKE_MOST_SUBMISSIONS);
    fake_submission *entry = &gpu.log[gpu.log_count++];
    *entry = (fake_submission){.queue = queue, .call = gpu.calls};
    for (uint32_t i = 0; i < submit->waitSemaphoreInfoCount; i++) {
        const VkSemaphoreSubmitInfo *wait = &submit->pWaitSemaphoreInfos[i];
        if (!is_timeline(wait->semaphore)) {
            entry->foreign_wait = *wait;
            entry->foreign_waits++;
            continue;
        }
        assert_true(entry->wait_count < TD_LANE_COUNT - 1);
        entry->waits[entry->wait_count++] =
            (fake_wait){queue_of_semaphore(wait->semaphore), wait->value, wait->stageMask};
    }
    entry->command_count = submit->commandBufferInfoCount;
    if (entry->command_count)
        entry->commands = (const void *)submit->pCommandBufferInfos[0].commandBuffer;
    for (uint32_t i = 0; i < submit->signalSemaphoreInfoCount; i++)
        log_signal(entry, &submit->pSignalSemaphoreInfos[i]);
}

static VkResult queue_submit(VkQueue queue, uint32_t count, const VkSubmitInfo2 *submits,
                             VkFence fence)
{
    assert_true(fence == VK_NULL_HANDLE);
    uint32_t index = (uint32_t)((char *)queue - queue_marks);
    tdi_mutex_lock(&gpu.mutex);
    VkResult result = gpu.lost ? VK_ERROR_DEVICE_LOST : VK_SUCCESS;
    if (gpu.fail_in > 0 && --gpu.fail_in == 0)
        result = gpu.failing_submit;
    if (result == VK_SUCCESS) {
        for (uint32_t i = 0; i < count; i++)
            log_submit(index, &submits[i]);
        gpu.calls++;
        if (!gpu.hold)
            gpu.reached[index] = gpu.submitted[index];
    }
    tdi_cond_broadcast(&gpu.changed);
    tdi_mutex_unlock(&gpu.mutex);
    return result;
}

static VkResult counter_value(VkDevice device, VkSemaphore semaphore, uint64_t *value)
{
    (void)device;
    tdi_mutex_lock(&gpu.mutex);
    VkResult result = gpu.lost ? VK_ERROR_DEVICE_LOST : gpu.every_look;
    gpu.look_calls++;
    *value = gpu.reached[queue_of_semaphore(semaphore)];
    tdi_mutex_unlock(&gpu.mutex);
    return result;
}

static VkResult wait_semaphores(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout)
{
    (void)device;
    /* F12: waiting for more than one costs a core on Mesa. */
    assert_int_equal(info->semaphoreCount, 1);
    uint32_t queue = queue_of_semaphore(info->pSemaphores[0]);
    uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout);
    bool in_time = true;
    tdi_mutex_lock(&gpu.mutex);
    if (timeout > gpu.longest_wait)
        gpu.longest_wait = timeout;
    /* Of two threads one would wake up late on some drivers. */
    assert_false(gpu.waited_for[queue]);
    gpu.waited_for[queue] = true;
    gpu.waiting++;
    gpu.wait_calls++;
    tdi_cond_broadcast(&gpu.changed);
    VkResult result = gpu.next_wait ? gpu.next_wait : gpu.every_wait;
    gpu.next_wait = VK_SUCCESS;
    while (result == VK_SUCCESS && !gpu.lost && gpu.reached[queue] < info->pValues[0] && in_time)
        in_time = tdi_cond_wait_until(&gpu.changed, &gpu.mutex, deadline);
    gpu.waiting--;
    gpu.waited_for[queue] = false;
    if (result == VK_SUCCESS && gpu.reached[queue] < info->pValues[0])
        result = gpu.lost ? VK_ERROR_DEVICE_LOST : VK_TIMEOUT;
    tdi_mutex_unlock(&gpu.mutex);
    return result;
}

static VkResult create_command_pool(VkDevice device, const VkCommandPoolCreateInfo *info,
                                    const VkAllocationCallbacks *allocator, VkCommandPool *out)
{
    (void)device;
    (void)info;
    (void)allocator;
    fake_commands **list = calloc(FAKE_MOST_BARRIERS, sizeof list[0]);
    assert_non_null(list);
    *out = (VkCommandPool)list;
    return VK_SUCCESS;
}

static void destroy_command_pool(VkDevice device, VkCommandPool pool,
                                 const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)allocator;
    fake_commands **list = (fake_commands **)pool;
    for (uint32_t i = 0; i < FAKE_MOST_BARRIERS; i++)
        free(list[i]);
    free(list);
}

static VkResult allocate_commands(VkDevice device, const VkCommandBufferAllocateInfo *info,
                                  VkCommandBuffer *out)
{
    (void)device;
    fake_commands **list = (fake_commands **)info->commandPool;
    uint32_t place = 0;
    while (list[place])
        place++;
    list[place] = calloc(1, sizeof *list[place]);
    assert_non_null(list[place]);
    *out = (VkCommandBuffer)list[place];
    return VK_SUCCESS;
}

static VkResult reset_pool(VkDevice device, VkCommandPool pool, VkCommandPoolResetFlags flags)
{
    (void)device;
    (void)flags;
    fake_commands **list = (fake_commands **)pool;
    for (uint32_t i = 0; list[i]; i++)
        *list[i] = (fake_commands){0};
    return VK_SUCCESS;
}

static VkResult begin_commands(VkCommandBuffer commands, const VkCommandBufferBeginInfo *info)
{
    (void)commands;
    assert_int_equal(info->flags, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
    return VK_SUCCESS;
}

static VkResult end_commands(VkCommandBuffer commands)
{
    (void)commands;
    return VK_SUCCESS;
}

static void pipeline_barrier(VkCommandBuffer commands, const VkDependencyInfo *info)
{
    fake_commands *log = (fake_commands *)commands;
    assert_true(log->barrier_count + info->memoryBarrierCount <= FAKE_MOST_BARRIERS);
    for (uint32_t i = 0; i < info->memoryBarrierCount; i++)
        log->barriers[log->barrier_count++] = info->pMemoryBarriers[i];
    for (uint32_t i = 0; i < info->imageMemoryBarrierCount && log->image_barrier_count < 4; i++)
        log->image_barriers[log->image_barrier_count++] = info->pImageMemoryBarriers[i];
}

static void copy_image(VkCommandBuffer commands, VkImage image, VkImageLayout layout,
                       VkBuffer buffer, uint32_t count, const VkBufferImageCopy *regions)
{
    (void)image;
    (void)layout;
    (void)buffer;
    fake_commands *log = (fake_commands *)commands;
    assert_int_equal(count, 1);
    log->image_copy = regions[0];
    log->copy_count++;
}

static void copy_buffer(VkCommandBuffer commands, VkBuffer from, VkBuffer to, uint32_t count,
                        const VkBufferCopy *regions)
{
    (void)from;
    (void)to;
    fake_commands *log = (fake_commands *)commands;
    assert_int_equal(count, 1);
    log->buffer_copy = regions[0];
    log->copy_count++;
}

/* A buffer is its size; memory is a block of the host's. */
static VkResult create_buffer(VkDevice device, const VkBufferCreateInfo *info,
                              const VkAllocationCallbacks *allocator, VkBuffer *out)
{
    (void)device;
    (void)allocator;
    VkDeviceSize *size = malloc(sizeof *size);
    assert_non_null(size);
    *size = info->size;
    *out = (VkBuffer)size;
    return VK_SUCCESS;
}

static void destroy_buffer(VkDevice device, VkBuffer buffer, const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)allocator;
    free((VkDeviceSize *)buffer);
}

static void buffer_requirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *out)
{
    (void)device;
    *out = (VkMemoryRequirements){
        .size = *(VkDeviceSize *)buffer, .alignment = 16, .memoryTypeBits = 3};
}

static VkResult allocate_memory(VkDevice device, const VkMemoryAllocateInfo *info,
                                const VkAllocationCallbacks *allocator, VkDeviceMemory *out)
{
    (void)device;
    (void)allocator;
    *out = (VkDeviceMemory)calloc(1, info->allocationSize);
    return *out ? VK_SUCCESS : VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static void free_memory(VkDevice device, VkDeviceMemory memory,
                        const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)allocator;
    free((void *)memory);
}

static VkResult map_memory(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset,
                           VkDeviceSize size, VkMemoryMapFlags flags, void **out)
{
    (void)device;
    (void)size;
    (void)flags;
    *out = (char *)memory + offset;
    return VK_SUCCESS;
}

static VkResult bind_memory(VkDevice device, VkBuffer buffer, VkDeviceMemory memory,
                            VkDeviceSize offset)
{
    (void)device;
    (void)buffer;
    (void)memory;
    (void)offset;
    return VK_SUCCESS;
}

static VkResult invalidate_memory(VkDevice device, uint32_t count, const VkMappedMemoryRange *range)
{
    (void)device;
    assert_int_equal(count, 1);
    tdi_mutex_lock(&gpu.mutex);
    gpu.invalidated = *range;
    tdi_mutex_unlock(&gpu.mutex);
    return VK_SUCCESS;
}

static void fill_table(struct VolkDeviceTable *vk)
{
    vk->vkCreateBuffer = create_buffer;
    vk->vkDestroyBuffer = destroy_buffer;
    vk->vkGetBufferMemoryRequirements = buffer_requirements;
    vk->vkAllocateMemory = allocate_memory;
    vk->vkFreeMemory = free_memory;
    vk->vkMapMemory = map_memory;
    vk->vkBindBufferMemory = bind_memory;
    vk->vkInvalidateMappedMemoryRanges = invalidate_memory;
    vk->vkCreateSemaphore = create_semaphore;
    vk->vkDestroySemaphore = destroy_semaphore;
    vk->vkQueueSubmit2 = queue_submit;
    vk->vkGetSemaphoreCounterValue = counter_value;
    vk->vkWaitSemaphores = wait_semaphores;
    vk->vkCreateCommandPool = create_command_pool;
    vk->vkDestroyCommandPool = destroy_command_pool;
    vk->vkAllocateCommandBuffers = allocate_commands;
    vk->vkResetCommandPool = reset_pool;
    vk->vkBeginCommandBuffer = begin_commands;
    vk->vkEndCommandBuffer = end_commands;
    vk->vkCmdPipelineBarrier2 = pipeline_barrier;
    vk->vkCmdCopyImageToBuffer = copy_image;
    vk->vkCmdCopyBuffer = copy_buffer;
}

td_device *fake_device_create(uint32_t queues)
{
    memset(&gpu, 0, sizeof gpu);
    assert_int_equal(tdi_cond_init(&gpu.changed), TD_OK);
    assert_int_equal(tdi_mutex_init(&gpu.mutex, TDI_RANK_NONE), TD_OK);
    td_device *device = &gpu.device;
    tdi_living_add(device);
    fill_table(&device->vk);
    const VkQueueFamilyProperties family = {
        .queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
        .minImageTransferGranularity = {1, 1, 1},
    };
    for (uint32_t i = 0; i < queues; i++)
        assert_int_equal(tdi_queue_add(device, (VkQueue)&queue_marks[i], i, 0, &family), TD_OK);
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++)
        device->lane_queue[lane] = lane < queues ? lane : 0;
    assert_int_equal(tdi_mutex_init(&device->attach_mutex, TDI_RANK_ATTACH), TD_OK);
    return device;
}

void fake_add_memory(void)
{
    td_device *device = &gpu.device;
    device->max_buffer_bytes = UINT64_C(1) << 30;
    device->non_coherent_atom = 64;
    device->memory_properties.memoryTypeCount = 2;
    device->memory_properties.memoryTypes[0].propertyFlags =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    device->memory_properties.memoryTypes[1].propertyFlags =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    device->memory_properties.memoryHeapCount = 1;
    device->memory_properties.memoryHeaps[0].size = UINT64_C(1) << 30;
    assert_int_equal(tdi_budget_create(UINT64_C(64) << 20, TD_BUDGET_ENFORCE, &device->budget),
                     TD_OK);
    assert_int_equal(tdi_memory_create(device, &device->memory), TD_OK);
}

VkMappedMemoryRange fake_invalidated(void)
{
    return gpu.invalidated;
}

void fake_device_destroy(void)
{
    fake_hold(false);
    for (int slot = TDI_ATTACH_COUNT - 1; slot >= 0; slot--) {
        if (gpu.device.attached[slot])
            gpu.device.detach[slot](gpu.device.attached[slot]);
    }
    if (gpu.device.memory)
        tdi_memory_destroy(gpu.device.memory);
    if (gpu.device.budget)
        tdi_budget_destroy(gpu.device.budget);
    tdi_queues_destroy(&gpu.device);
    tdi_living_remove(&gpu.device);
    tdi_mutex_destroy(&gpu.device.attach_mutex);
    assert_int_equal(gpu.semaphores_alive, 0);
    tdi_cond_destroy(&gpu.changed);
    tdi_mutex_destroy(&gpu.mutex);
}

void fake_fail_semaphores(VkResult result)
{
    gpu.semaphore_failure = result;
}

/* Runs a change of the model and tells those who wait for one. */
#define CHANGE(statement)                                                                          \
    do {                                                                                           \
        tdi_mutex_lock(&gpu.mutex);                                                                \
        statement;                                                                                 \
        tdi_cond_broadcast(&gpu.changed);                                                          \
        tdi_mutex_unlock(&gpu.mutex);                                                              \
    } while (0)

void fake_hold(bool hold)
{
    tdi_mutex_lock(&gpu.mutex);
    gpu.hold = hold;
    for (uint32_t i = 0; !hold && i < TD_LANE_COUNT; i++)
        gpu.reached[i] = gpu.submitted[i];
    tdi_cond_broadcast(&gpu.changed);
    tdi_mutex_unlock(&gpu.mutex);
}

void fake_complete(uint32_t queue, uint64_t value)
{
    CHANGE(gpu.reached[queue] = value);
}

void fake_fail_submit(uint32_t nth, VkResult result)
{
    CHANGE(gpu.fail_in = nth; gpu.failing_submit = result);
}

void fake_fail_wait(VkResult result)
{
    CHANGE(gpu.next_wait = result);
}

void fake_fail_waits(VkResult wait, VkResult look)
{
    CHANGE(gpu.every_wait = wait; gpu.every_look = look);
}

void fake_lose(void)
{
    CHANGE(gpu.lost = true);
}

uint32_t fake_submission_count(void)
{
    uint32_t count;
    CHANGE(count = gpu.log_count);
    return count;
}

fake_submission fake_submission_at(uint32_t index)
{
    fake_submission entry;
    CHANGE(assert_true(index < gpu.log_count); entry = gpu.log[index]);
    return entry;
}

uint32_t fake_semaphores_alive(void)
{
    return gpu.semaphores_alive;
}

uint32_t fake_waiting(void)
{
    uint32_t count;
    CHANGE(count = gpu.waiting);
    return count;
}

uint32_t fake_wait_calls(void)
{
    uint32_t count;
    CHANGE(count = gpu.wait_calls);
    return count;
}

uint32_t fake_look_calls(void)
{
    uint32_t count;
    CHANGE(count = gpu.look_calls);
    return count;
}

void fake_until_waiting(uint32_t count)
{
    tdi_mutex_lock(&gpu.mutex);
    while (gpu.waiting < count)
        tdi_cond_wait(&gpu.changed, &gpu.mutex);
    tdi_mutex_unlock(&gpu.mutex);
}

uint64_t fake_longest_wait_ns(void)
{
    uint64_t ns;
    CHANGE(ns = gpu.longest_wait);
    return ns;
}

typedef struct called_back {
    td_request_fn fn;
    void *user;
    bool done;
} called_back;

static void note_called_back(void *user, td_request *request)
{
    called_back *call = user;
    call->fn(call->user, request);
    CHANGE(call->done = true);
}

void fake_call_back(td_request_fn fn, void *user)
{
    const tdi_submission submission = {.lane = TD_LANE_GRAPHICS};
    called_back call = {fn, user, false};
    td_ticket ticket;
    td_request *request;
    const bool held = gpu.hold;
    CHANGE(gpu.hold = true);
    assert_int_equal(tdi_lane_submit(&gpu.device, &submission, &ticket), TD_OK);
    assert_int_equal(td_ticket_request(&gpu.device, ticket, &request), TD_OK);
    assert_int_equal(td_request_on_finish(request, note_called_back, &call), TD_OK);
    CHANGE(gpu.hold = held);
    fake_complete(ticket.queue, ticket.value);
    tdi_mutex_lock(&gpu.mutex);
    while (!call.done)
        tdi_cond_wait(&gpu.changed, &gpu.mutex);
    tdi_mutex_unlock(&gpu.mutex);
    td_request_release(request);
}
