#include "semaphores.h"

#include <stdlib.h>

#include "split_device.h"

typedef struct semaphore_state {
    bool timeline;
    bool shared;    /* others signal it, unseen */
    uint64_t value; /* of a binary one, 1 if it will be signalled */
} semaphore_state;

static semaphore_state *state_of(queue_set *set, VkSemaphore semaphore)
{
    return object_map_find(&set->semaphores, OBJECT_HANDLE(semaphore));
}

bool semaphore_is_met(queue_set *set, const VkSemaphoreSubmitInfo *wait)
{
    const semaphore_state *state = state_of(set, wait->semaphore);
    if (!state || state->shared)
        return true;
    return state->value >= (state->timeline ? wait->value : 1);
}

bool semaphores_let_go(queue_set *set, const batch *waiting)
{
    for (uint32_t i = 0; i < waiting->info.waitSemaphoreInfoCount; i++)
        if (!semaphore_is_met(set, &waiting->waits[i]))
            return false;
    return true;
}

void semaphore_raise(queue_set *set, VkSemaphore semaphore, uint64_t value)
{
    semaphore_state *state = state_of(set, semaphore);
    if (state && state->value < value)
        state->value = value;
}

void semaphore_set_binary(queue_set *set, VkSemaphore semaphore, bool signalled)
{
    semaphore_state *state = state_of(set, semaphore);
    if (state && !state->timeline)
        state->value = signalled;
}

void semaphores_pass(queue_set *set, const batch *passed)
{
    for (uint32_t i = 0; i < passed->info.waitSemaphoreInfoCount; i++)
        semaphore_set_binary(set, passed->waits[i].semaphore, false);
    for (uint32_t i = 0; i < passed->info.signalSemaphoreInfoCount; i++) {
        const VkSemaphoreSubmitInfo *signal = &passed->info.pSignalSemaphoreInfos[i];
        semaphore_set_binary(set, signal->semaphore, true);
        const semaphore_state *state = state_of(set, signal->semaphore);
        if (state && state->timeline)
            semaphore_raise(set, signal->semaphore, signal->value);
    }
}

bool semaphore_would_meet(queue_set *set, const batch *later, const VkSemaphoreSubmitInfo *wait)
{
    const semaphore_state *state = state_of(set, wait->semaphore);
    for (uint32_t i = 0; i < later->info.signalSemaphoreInfoCount; i++) {
        const VkSemaphoreSubmitInfo *signal = &later->info.pSignalSemaphoreInfos[i];
        if (signal->semaphore == wait->semaphore &&
            (!state || !state->timeline || signal->value >= wait->value))
            return true;
    }
    return false;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_semaphore(VkDevice device,
                                                       const VkSemaphoreCreateInfo *info,
                                                       const VkAllocationCallbacks *allocator,
                                                       VkSemaphore *out)
{
    split_device *split = split_find(device);
    semaphore_state *state = calloc(1, sizeof *state);
    if (!state)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    for (const VkBaseInStructure *at = info->pNext; at; at = at->pNext) {
        const VkSemaphoreTypeCreateInfo *type = (const VkSemaphoreTypeCreateInfo *)at;
        if (at->sType != VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO)
            continue;
        state->timeline = type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
        state->value = type->initialValue;
    }
    const VkResult result =
        LAYER_NEXT(split->base, vkCreateSemaphore)(device, info, allocator, out);
    if (result != VK_SUCCESS) {
        free(state);
        return result;
    }
    if (object_map_put(&split->queues.semaphores, OBJECT_HANDLE(*out), state))
        return VK_SUCCESS;
    LAYER_NEXT(split->base, vkDestroySemaphore)(device, *out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static VKAPI_ATTR void VKAPI_CALL destroy_semaphore(VkDevice device, VkSemaphore semaphore,
                                                    const VkAllocationCallbacks *allocator)
{
    split_device *split = split_find(device);
    free(object_map_take(&split->queues.semaphores, OBJECT_HANDLE(semaphore)));
    LAYER_NEXT(split->base, vkDestroySemaphore)(device, semaphore, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL import_semaphore(VkDevice device,
                                                       const VkImportSemaphoreFdInfoKHR *info)
{
    split_device *split = split_find(device);
    const VkResult result = LAYER_NEXT(split->base, vkImportSemaphoreFdKHR)(device, info);
    pthread_mutex_lock(&split->queues.mutex);
    semaphore_state *state = state_of(&split->queues, info->semaphore);
    if (state && result == VK_SUCCESS)
        state->shared = true;
    pthread_mutex_unlock(&split->queues.mutex);
    return result;
}

const layer_function semaphore_functions[] = {
    LAYER_FUNCTION(vkCreateSemaphore, create_semaphore),
    LAYER_FUNCTION(vkDestroySemaphore, destroy_semaphore),
    LAYER_FUNCTION(vkImportSemaphoreFdKHR, import_semaphore),
};
const size_t semaphore_function_count = LAYER_COUNT(semaphore_functions);
