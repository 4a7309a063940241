#include "gpu/pipeline.h"

#include "base/memory.h"

struct tdi_descriptor_pool {
    tdi_mutex mutex; /* Vulkan's pools are for one thread at a time */
    VkDescriptorPool handle;
};

static td_result create_handle(td_device *device, uint32_t sets, uint32_t storage_buffers,
                               VkDescriptorPool *out)
{
    VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                 storage_buffers > 0 ? storage_buffers : 1};
    VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = sets,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    return tdi_vk_check(device->vk.vkCreateDescriptorPool(device->handle, &info, NULL, out),
                        "vkCreateDescriptorPool");
}

td_result tdi_descriptor_pool_create(td_device *device, uint32_t sets, uint32_t storage_buffers,
                                     tdi_descriptor_pool **out)
{
    tdi_descriptor_pool *pool = tdi_alloc_zero(1, sizeof *pool);
    if (!pool)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&pool->mutex, TDI_RANK_DESCRIPTOR);
    if (result != TD_OK) {
        tdi_free(pool);
        return result;
    }
    result = create_handle(device, sets, storage_buffers, &pool->handle);
    if (result != TD_OK) {
        tdi_descriptor_pool_destroy(device, pool);
        return result;
    }
    *out = pool;
    return TD_OK;
}

void tdi_descriptor_pool_destroy(td_device *device, tdi_descriptor_pool *pool)
{
    if (!pool)
        return;
    if (pool->handle)
        device->vk.vkDestroyDescriptorPool(device->handle, pool->handle, NULL);
    tdi_mutex_destroy(&pool->mutex);
    tdi_free(pool);
}

td_result tdi_descriptor_set_create(td_device *device, tdi_descriptor_pool *pool,
                                    const tdi_pipeline *pipeline, const tdi_binding *bindings,
                                    VkDescriptorSet *out)
{
    VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = pool->handle,
        .descriptorSetCount = 1,
        .pSetLayouts = &pipeline->set_layout,
    };
    tdi_mutex_lock(&pool->mutex);
    VkResult result = device->vk.vkAllocateDescriptorSets(device->handle, &info, out);
    tdi_mutex_unlock(&pool->mutex);
    TDI_TRY_VK("vkAllocateDescriptorSets", result);
    if (bindings)
        tdi_descriptor_set_update(device, pipeline, *out, bindings);
    return TD_OK;
}

void tdi_descriptor_set_update(td_device *device, const tdi_pipeline *pipeline, VkDescriptorSet set,
                               const tdi_binding *bindings)
{
    VkDescriptorBufferInfo buffers[TDI_PIPELINE_MAX_BINDINGS];
    VkWriteDescriptorSet writes[TDI_PIPELINE_MAX_BINDINGS];
    for (uint32_t i = 0; i < pipeline->binding_count; i++) {
        buffers[i] =
            (VkDescriptorBufferInfo){bindings[i].buffer, bindings[i].offset, bindings[i].size};
        writes[i] = (VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = set,
            .dstBinding = i,
            .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .pBufferInfo = &buffers[i],
        };
    }
    device->vk.vkUpdateDescriptorSets(device->handle, pipeline->binding_count, writes, 0, NULL);
}
