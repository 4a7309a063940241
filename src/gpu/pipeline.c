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
            .stageFlags = out->stages,
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
        [TDI_BINDLESS_SET] = out->bindless ? tdi_bindless_layout(device->bindless) : VK_NULL_HANDLE,
    };
    VkPushConstantRange push = {out->stages, 0, out->push_bytes};
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

/* What a shader finds bound: `out` says how much. */
static td_result create_layouts(td_device *device, tdi_pipeline *out)
{
    const uint32_t push_limit = device->properties.limits.maxPushConstantsSize;
    if (out->binding_count > TDI_PIPELINE_MAX_BINDINGS)
        return tdi_fail(TD_ERROR_ARGUMENT, "it has %u bindings; %u are possible",
                        out->binding_count, TDI_PIPELINE_MAX_BINDINGS);
    if (out->push_bytes > push_limit)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "it has %u bytes of push constants; the device "
                        "allows %u",
                        out->push_bytes, push_limit);
    TDI_TRY(create_set_layout(device, out));
    return create_layout(device, out);
}

static td_result create_module(td_device *device, const uint32_t *code, size_t bytes,
                               VkShaderModule *out)
{
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = bytes,
        .pCode = code,
    };
    return tdi_vk_check(device->vk.vkCreateShaderModule(device->handle, &info, NULL, out),
                        "vkCreateShaderModule");
}

static void destroy_module(td_device *device, VkShaderModule module)
{
    if (module)
        device->vk.vkDestroyShaderModule(device->handle, module, NULL);
}

static td_result create_compute(td_device *device, const tdi_compute_pipeline_params *params,
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

static td_result check_subgroups(const td_device *device, uint32_t wanted)
{
    if (wanted && (wanted < device->min_subgroup_size || wanted > device->max_subgroup_size ||
                   !device->subgroup_size_selectable))
        return tdi_fail(TD_ERROR_UNSUPPORTED, "it needs subgroups of %u; the device has %u to %u",
                        wanted, device->min_subgroup_size, device->max_subgroup_size);
    return TD_OK;
}

static td_result build_compute(td_device *device, const tdi_compute_pipeline_params *params,
                               tdi_pipeline *out)
{
    VkShaderModule module = VK_NULL_HANDLE;
    out->bind_point = VK_PIPELINE_BIND_POINT_COMPUTE;
    out->stages = VK_SHADER_STAGE_COMPUTE_BIT;
    out->binding_count = params->binding_count;
    out->push_bytes = params->push_bytes;
    out->bindless = params->bindless;
    TDI_TRY(check_subgroups(device, params->subgroup_size));
    TDI_TRY(create_layouts(device, out));
    TDI_TRY(create_module(device, params->code, params->code_bytes, &module));
    td_result result = create_compute(device, params, module, out);
    destroy_module(device, module);
    return result;
}

static td_result finish(td_device *device, const char *name, td_result result, tdi_pipeline *out)
{
    if (result == TD_OK) {
        tdi_device_name(device, VK_OBJECT_TYPE_PIPELINE, (uint64_t)out->handle, "%s", name);
        return TD_OK;
    }
    tdi_pipeline_destroy(device, out);
    return tdi_fail_in(result, "the pipeline %s", name);
}

td_result tdi_pipeline_create_compute(td_device *device, const tdi_compute_pipeline_params *params,
                                      tdi_pipeline *out)
{
    memset(out, 0, sizeof *out);
    return finish(device, params->name, build_compute(device, params, out), out);
}

static td_result create_graphics(td_device *device, const tdi_graphics_pipeline_params *params,
                                 const VkShaderModule modules[2], tdi_pipeline *out)
{
    VkPipelineShaderStageCreateInfo stages[2];
    for (int i = 0; i < 2; i++)
        stages[i] = (VkPipelineShaderStageCreateInfo){
            .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
            .stage = i == 0 ? VK_SHADER_STAGE_VERTEX_BIT : VK_SHADER_STAGE_FRAGMENT_BIT,
            .module = modules[i],
            .pName = "main",
            .pSpecializationInfo = params->specialization,
        };
    const VkPipelineVertexInputStateCreateInfo input = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
    };
    const VkPipelineViewportStateCreateInfo viewport = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = 1,
        .scissorCount = 1,
    };
    const VkPipelineRasterizationStateCreateInfo rasterization = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .lineWidth = 1.0f,
    };
    const VkPipelineMultisampleStateCreateInfo multisample = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = (VkSampleCountFlagBits)params->samples,
    };
    const VkDynamicState dynamic[] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
    const VkPipelineDynamicStateCreateInfo dynamics = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
        .dynamicStateCount = 2,
        .pDynamicStates = dynamic,
    };
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
    const VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .stageCount = 2,
        .pStages = stages,
        .pVertexInputState = &input,
        .pInputAssemblyState = &assembly,
        .pViewportState = &viewport,
        .pRasterizationState = &rasterization,
        .pMultisampleState = &multisample,
        .pDynamicState = &dynamics,
        .layout = out->layout,
    };
    VkPipelineCache cache = tdi_pipeline_cache_handle(device->pipeline_cache);
    return tdi_vk_check(
        device->vk.vkCreateGraphicsPipelines(device->handle, cache, 1, &info, NULL, &out->handle),
        "vkCreateGraphicsPipelines");
}

static td_result build_graphics(td_device *device, const tdi_graphics_pipeline_params *params,
                                tdi_pipeline *out)
{
    VkShaderModule modules[2] = {VK_NULL_HANDLE, VK_NULL_HANDLE};
    out->bind_point = VK_PIPELINE_BIND_POINT_GRAPHICS;
    out->stages = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;
    out->binding_count = params->binding_count;
    out->push_bytes = params->push_bytes;
    out->bindless = params->bindless;
    TDI_TRY(create_layouts(device, out));
    td_result result =
        create_module(device, params->vertex_code, params->vertex_bytes, &modules[0]);
    if (result == TD_OK)
        result = create_module(device, params->fragment_code, params->fragment_bytes, &modules[1]);
    if (result == TD_OK)
        result = create_graphics(device, params, modules, out);
    destroy_module(device, modules[0]);
    destroy_module(device, modules[1]);
    return result;
}

td_result tdi_pipeline_create_graphics(td_device *device,
                                       const tdi_graphics_pipeline_params *params,
                                       tdi_pipeline *out)
{
    memset(out, 0, sizeof *out);
    return finish(device, params->name, build_graphics(device, params, out), out);
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
