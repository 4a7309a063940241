#include "batch.h"

#include <stdlib.h>
#include <string.h>

/* One block: the batch, then its semaphores, then its command buffers. */
static batch *batch_new(uint32_t waits, uint32_t commands, uint32_t signals)
{
    batch *made = calloc(1, sizeof *made + (waits + signals) * sizeof(VkSemaphoreSubmitInfo) +
                                commands * sizeof(VkCommandBufferSubmitInfo));
    if (!made)
        return NULL;
    made->waits = (VkSemaphoreSubmitInfo *)(made + 1);
    made->info = (VkSubmitInfo2){
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = waits,
        .pWaitSemaphoreInfos = made->waits,
        .commandBufferInfoCount = commands,
        .pCommandBufferInfos = (VkCommandBufferSubmitInfo *)(made->waits + waits + signals),
        .signalSemaphoreInfoCount = signals,
        .pSignalSemaphoreInfos = made->waits + waits,
    };
    return made;
}

static batch *copy_one2(const VkSubmitInfo2 *info)
{
    batch *copy = batch_new(info->waitSemaphoreInfoCount, info->commandBufferInfoCount,
                            info->signalSemaphoreInfoCount);
    if (!copy)
        return NULL;
    copy->count = 1;
    copy->info.flags = info->flags;
    VkSemaphoreSubmitInfo *semaphores = copy->waits;
    for (uint32_t i = 0; i < info->waitSemaphoreInfoCount; i++)
        *semaphores++ = info->pWaitSemaphoreInfos[i];
    for (uint32_t i = 0; i < info->signalSemaphoreInfoCount; i++)
        *semaphores++ = info->pSignalSemaphoreInfos[i];
    VkCommandBufferSubmitInfo *commands = (VkCommandBufferSubmitInfo *)semaphores;
    for (uint32_t i = 0; i < info->commandBufferInfoCount; i++)
        *commands++ = info->pCommandBufferInfos[i];
    return copy;
}

static const VkTimelineSemaphoreSubmitInfo *timeline_values(const VkSubmitInfo *info)
{
    const VkBaseInStructure *at = info->pNext;
    while (at && at->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
        at = at->pNext;
    return (const VkTimelineSemaphoreSubmitInfo *)at;
}

static VkSemaphoreSubmitInfo semaphore_info(VkSemaphore semaphore, const uint64_t *values,
                                            uint32_t value_count, uint32_t index)
{
    return (VkSemaphoreSubmitInfo){
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = semaphore,
        .value = index < value_count ? values[index] : 0,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
}

static batch *copy_one(const VkSubmitInfo *info)
{
    static const VkTimelineSemaphoreSubmitInfo none = {0};
    const VkTimelineSemaphoreSubmitInfo *given = timeline_values(info);
    const VkTimelineSemaphoreSubmitInfo *values = given ? given : &none;
    batch *copy =
        batch_new(info->waitSemaphoreCount, info->commandBufferCount, info->signalSemaphoreCount);
    if (!copy)
        return NULL;
    copy->count = 1;
    VkSemaphoreSubmitInfo *semaphores = copy->waits;
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
        *semaphores = semaphore_info(info->pWaitSemaphores[i], values->pWaitSemaphoreValues,
                                     values->waitSemaphoreValueCount, i);
        semaphores++->stageMask = info->pWaitDstStageMask[i];
    }
    for (uint32_t i = 0; i < info->signalSemaphoreCount; i++)
        *semaphores++ = semaphore_info(info->pSignalSemaphores[i], values->pSignalSemaphoreValues,
                                       values->signalSemaphoreValueCount, i);
    VkCommandBufferSubmitInfo *commands = (VkCommandBufferSubmitInfo *)semaphores;
    for (uint32_t i = 0; i < info->commandBufferCount; i++)
        *commands++ = (VkCommandBufferSubmitInfo){
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
            .commandBuffer = info->pCommandBuffers[i],
        };
    return copy;
}

void batch_free_chain(batch *first)
{
    while (first) {
        batch *following = first->following;
        free(first);
        first = following;
    }
}

/* Either array, the other NULL. */
static batch *copy_all(uint32_t count, const VkSubmitInfo *old, const VkSubmitInfo2 *infos,
                       VkFence fence)
{
    batch *first = NULL, *last = NULL;
    for (uint32_t i = 0; i < count || !first; i++) {
        batch *copy = count == 0 ? batch_new(0, 0, 0)
                      : old      ? copy_one(&old[i])
                                 : copy_one2(&infos[i]);
        if (!copy) {
            batch_free_chain(first);
            return NULL;
        }
        *(last ? &last->following : &first) = copy;
        last = copy;
    }
    last->fence = fence;
    return first;
}

batch *batch_copy2(uint32_t count, const VkSubmitInfo2 *infos, VkFence fence)
{
    return copy_all(count, NULL, infos, fence);
}

batch *batch_copy(uint32_t count, const VkSubmitInfo *infos, VkFence fence)
{
    return copy_all(count, infos, NULL, fence);
}
