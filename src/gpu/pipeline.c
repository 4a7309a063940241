#include "gpu/pipeline.h"

#include <string.h>

#include "base/memory.h"
#include "gpu/bindless.h"

static td_result create_set_layout(td_device *device, tdi_pipeline *out)
{
    VkDescriptorSetLayoutBinding bindings[TDI_PIPELINE_MAX_BINDINGS];
    for (uint32_t i = 0; i < out->binding_count; i++) {
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    }
    VkDescriptorSetLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = out->binding_count,
        .pBindings = bindings,
    };
    return tdi_vk_check(
        device->vk.vkCreateDescriptorSetLayout(device->handle, &info, NULL, &out->set_layout),
        "vkCreateDescriptorSetLayout");
}

static td_result create_layout(td_device *device, tdi_pipeline *out)
{
    VkDescriptorSetLayout sets[] = {
        [0] = out->set_layout,
        [TDI_BINDLESS_SET] = tdi_bindless_layout(device->bindless),
    };
    VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, out->push_bytes};
    VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = out->bindless ? TDI_BINDLESS_SET + 1 : 1,
        .pSetLayouts = sets,
        .pushConstantRangeCount = out->push_bytes ? 1 : 0,
        .pPushConstantRanges = &push,
    };
    return tdi_vk_check(
        device->vk.vkCreatePipelineLayout(device->handle, &info, NULL, &out->layout),
        "vkCreatePipelineLayout");
}

static td_result create_handle(td_device *device, const tdi_compute_pipeline_params *params,
                               VkShaderModule module, tdi_pipeline *out)
{
    VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = params->subgroup_size,
    };
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = params->subgroup_size ? &subgroup : NULL,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main",
                  .pSpecializationInfo = params->specialization},
        .layout = out->layout,
    };
    VkPipelineCache cache = tdi_pipeline_cache_handle(device->pipeline_cache);
    return tdi_vk_check(
        device->vk.vkCreateComputePipelines(device->handle, cache, 1, &info, NULL, &out->handle),
        "vkCreateComputePipelines");
}

static td_result check(const td_device *device, const tdi_compute_pipeline_params *params)
{
    uint32_t wanted = params->subgroup_size;
    uint32_t push_limit = device->properties.limits.maxPushConstantsSize;
    if (params->binding_count > TDI_PIPELINE_MAX_BINDINGS)
        return tdi_fail(TD_ERROR_ARGUMENT, "it has %u bindings; %u are possible",
                        params->binding_count, TDI_PIPELINE_MAX_BINDINGS);
    if (params->push_bytes > push_limit)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "it has %u bytes of push constants; the device "
                        "allows %u",
                        params->push_bytes, push_limit);
    if (wanted && (wanted < device->min_subgroup_size || wanted > device->max_subgroup_size ||
                   !device->subgroup_size_selectable))
        return tdi_fail(TD_ERROR_UNSUPPORTED, "it needs subgroups of %u; the device has %u to %u",
                        wanted, device->min_subgroup_size, device->max_subgroup_size);
    return TD_OK;
}

static td_result build(td_device *device, const tdi_compute_pipeline_params *params,
                       tdi_pipeline *out)
{
    TDI_TRY(check(device, params));
    out->binding_count = params->binding_count;
    out->push_bytes = params->push_bytes;
    out->bindless = params->bindless;
    TDI_TRY(create_set_layout(device, out));
    TDI_TRY(create_layout(device, out));
    VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = params->code_bytes,
        .pCode = params->code,
    };
    VkShaderModule module;
    TDI_TRY_VK("vkCreateShaderModule",
               device->vk.vkCreateShaderModule(device->handle, &info, NULL, &module));
    td_result result = create_handle(device, params, module, out);
    device->vk.vkDestroyShaderModule(device->handle, module, NULL);
    if (result == TD_OK)
        tdi_device_name(device, VK_OBJECT_TYPE_PIPELINE, (uint64_t)out->handle, "%s", params->name);
    return result;
}

td_result tdi_pipeline_create_compute(td_device *device, const tdi_compute_pipeline_params *params,
                                      tdi_pipeline *out)
{
    memset(out, 0, sizeof *out);
    td_result result = build(device, params, out);
    if (result == TD_OK)
        return TD_OK;
    tdi_pipeline_destroy(device, out);
    return tdi_fail_in(result, "the pipeline %s", params->name);
}

void tdi_pipeline_destroy(td_device *device, tdi_pipeline *pipeline)
{
    if (pipeline->handle)
        device->vk.vkDestroyPipeline(device->handle, pipeline->handle, NULL);
    if (pipeline->layout)
        device->vk.vkDestroyPipelineLayout(device->handle, pipeline->layout, NULL);
    if (pipeline->set_layout)
        device->vk.vkDestroyDescriptorSetLayout(device->handle, pipeline->set_layout, NULL);
    memset(pipeline, 0, sizeof *pipeline);
}
