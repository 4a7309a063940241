#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/vulkan.h>

#include "base/clock.h"
#include "gpu/feature.h"
#include "triangles_frag_spv.h"
#include "triangles_vert_spv.h"
#include "waves_spv.h"

#define TARGET_PIXELS 1024
#define MOST_DEVICES  16
#define MOST_FAMILIES 16

typedef struct push {
    uint32_t count, rounds, frame;
} push;

void load_check(VkResult result, const char *call)
{
    if (result == VK_SUCCESS)
        return;
    fprintf(stderr, "%s failed: %d\n", call, (int)result);
    exit(1);
}

void load_ok(td_result result, const char *what)
{
    if (result == TD_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, td_last_error());
    exit(1);
}

double load_now(void)
{
    return (double)tdi_now_ns() / (double)TDI_NS_PER_S;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double load_median(double *values, uint32_t count)
{
    qsort(values, count, sizeof values[0], compare);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

bool load_has_compute_queue(const load *l)
{
    return l->graphics != l->compute;
}

/* ---- device ---- */

VkPhysicalDevice load_find_physical(const tdi_vk_instance *instance, const uint8_t uuid[16])
{
    VkPhysicalDevice devices[MOST_DEVICES];
    uint32_t count = MOST_DEVICES;
    (void)instance->vkEnumeratePhysicalDevices(instance->handle, &count, devices);
    for (uint32_t i = 0; i < count; i++) {
        VkPhysicalDeviceIDProperties ids = {.sType =
                                                VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
        VkPhysicalDeviceProperties2 properties = {
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &ids};
        instance->vkGetPhysicalDeviceProperties2(devices[i], &properties);
        if (memcmp(ids.deviceUUID, uuid, sizeof ids.deviceUUID) == 0)
            return devices[i];
    }
    return VK_NULL_HANDLE;
}

/* The device that tandem would take. */
static void choose_device(load *l)
{
    td_device *chosen = NULL;
    td_device_info info;
    load_ok(td_device_create(NULL, &chosen), "no device");
    td_device_get_info(chosen, &info);
    td_device_destroy(chosen);
    snprintf(l->name, sizeof l->name, "%s", info.name);
    l->software = info.software;
    l->graphics_family = info.lanes[TD_LANE_GRAPHICS].family;
    l->compute_family = info.lanes[TD_LANE_COMPUTE].family;
    load_ok(tdi_instance_create(false, &l->instance), "no Vulkan");
    l->physical = load_find_physical(&l->instance, info.uuid);
}

static void make_device(load *l, const load_params *params, tdi_feature_chain *features)
{
    const float graphics = params->graphics_priority > 0.0f ? params->graphics_priority : 1.0f;
    const float compute = params->compute_priority > 0.0f ? params->compute_priority : 1.0f;
    const VkDeviceQueueCreateInfo queues[] = {
        {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
         .queueFamilyIndex = l->graphics_family,
         .queueCount = 1,
         .pQueuePriorities = &graphics},
        {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
         .queueFamilyIndex = l->compute_family,
         .queueCount = 1,
         .pQueuePriorities = &compute},
    };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &features->core,
        .queueCreateInfoCount = l->graphics_family == l->compute_family ? 1 : 2,
        .pQueueCreateInfos = queues,
    };
    load_check(l->instance.vkCreateDevice(l->physical, &info, NULL, &l->handle), "vkCreateDevice");
}

static void import_device(load *l, const load_params *params)
{
    static const tdi_device_features none = {0};
    struct VolkDeviceTable table;
    tdi_feature_chain features;
    tdi_feature_chain_init(&features);
    tdi_feature_chain_require(&features, &none);
    features.v13.dynamicRendering = VK_TRUE;
    make_device(l, params, &features);
    tdi_instance_load_device(&l->instance, l->handle, &table);
    table.vkGetDeviceQueue(l->handle, l->graphics_family, 0, &l->graphics);
    table.vkGetDeviceQueue(l->handle, l->compute_family, 0, &l->compute);
    const td_device_import_params import = {
        .instance = l->instance.handle,
        .physical_device = l->physical,
        .device = l->handle,
        .features = &features.core,
        .queues = {{l->graphics, l->graphics_family, 0}, {l->compute, l->compute_family, 0}},
        .no_cache = true,
    };
    load_ok(td_device_import(&import, &l->device), "import");
    l->vk = &l->device->vk;
}

/* ---- pipelines ---- */

static VkShaderModule make_module(const load *l, const uint32_t *code, size_t bytes)
{
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = bytes, .pCode = code};
    VkShaderModule module;
    load_check(l->vk->vkCreateShaderModule(l->handle, &info, NULL, &module),
               "vkCreateShaderModule");
    return module;
}

static VkPipelineLayout make_layout(const load *l, VkShaderStageFlags stages)
{
    const VkPushConstantRange range = {stages, 0, sizeof(push)};
    const VkPipelineLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &l->set_layout,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &range,
    };
    VkPipelineLayout layout;
    load_check(l->vk->vkCreatePipelineLayout(l->handle, &info, NULL, &layout),
               "vkCreatePipelineLayout");
    return layout;
}

static void make_waves(load *l)
{
    const VkShaderModule module = make_module(l, waves_spv, sizeof waves_spv);
    l->waves.layout = make_layout(l, VK_SHADER_STAGE_COMPUTE_BIT);
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main"},
        .layout = l->waves.layout,
    };
    load_check(l->vk->vkCreateComputePipelines(l->handle, VK_NULL_HANDLE, 1, &info, NULL,
                                               &l->waves.handle),
               "vkCreateComputePipelines");
    l->vk->vkDestroyShaderModule(l->handle, module, NULL);
}

/* The states that say nothing of interest. */
typedef struct fixed_states {
    VkPipelineVertexInputStateCreateInfo input;
    VkPipelineInputAssemblyStateCreateInfo assembly;
    VkViewport viewport;
    VkRect2D scissor;
    VkPipelineViewportStateCreateInfo viewports;
    VkPipelineRasterizationStateCreateInfo raster;
    VkPipelineMultisampleStateCreateInfo samples;
    VkPipelineColorBlendAttachmentState attachment;
    VkPipelineColorBlendStateCreateInfo blend;
} fixed_states;

static void fill_states(const load *l, fixed_states *s)
{
    *s = (fixed_states){
        .input = {.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO},
        .assembly = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
                     .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST},
        .viewport = {0, 0, (float)l->target.width, (float)l->target.height, 0, 1},
        .scissor = {{0, 0}, {l->target.width, l->target.height}},
        .viewports = {.sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
                      .viewportCount = 1,
                      .pViewports = &s->viewport,
                      .scissorCount = 1,
                      .pScissors = &s->scissor},
        .raster = {.sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
                   .lineWidth = 1.0f},
        .samples = {.sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
                    .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT},
        .attachment = {.colorWriteMask = 0xf},
        .blend = {.sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
                  .attachmentCount = 1,
                  .pAttachments = &s->attachment},
    };
}

static void make_graphics(load *l, const VkPipelineShaderStageCreateInfo stages[2])
{
    fixed_states states;
    fill_states(l, &states);
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = 1,
        .pColorAttachmentFormats = &l->target.format,
    };
    const VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .stageCount = 2,
        .pStages = stages,
        .pVertexInputState = &states.input,
        .pInputAssemblyState = &states.assembly,
        .pViewportState = &states.viewports,
        .pRasterizationState = &states.raster,
        .pMultisampleState = &states.samples,
        .pColorBlendState = &states.blend,
        .layout = l->triangles.layout,
    };
    load_check(l->vk->vkCreateGraphicsPipelines(l->handle, VK_NULL_HANDLE, 1, &info, NULL,
                                                &l->triangles.handle),
               "vkCreateGraphicsPipelines");
}

static void make_triangles(load *l)
{
    const VkShaderModule vertex = make_module(l, triangles_vert_spv, sizeof triangles_vert_spv);
    const VkShaderModule fragment = make_module(l, triangles_frag_spv, sizeof triangles_frag_spv);
    const VkPipelineShaderStageCreateInfo stages[] = {
        {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_VERTEX_BIT,
         .module = vertex,
         .pName = "main"},
        {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
         .module = fragment,
         .pName = "main"},
    };
    l->triangles.layout = make_layout(l, VK_SHADER_STAGE_VERTEX_BIT);
    make_graphics(l, stages);
    l->vk->vkDestroyShaderModule(l->handle, vertex, NULL);
    l->vk->vkDestroyShaderModule(l->handle, fragment, NULL);
}

/* ---- resources ---- */

static void make_sets(load *l)
{
    const VkDescriptorSetLayoutBinding binding = {
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .descriptorCount = 1,
        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT | VK_SHADER_STAGE_VERTEX_BIT,
    };
    const VkDescriptorSetLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 1,
        .pBindings = &binding,
    };
    const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, LOAD_SLOTS};
    const VkDescriptorPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = LOAD_SLOTS,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    load_check(l->vk->vkCreateDescriptorSetLayout(l->handle, &layout, NULL, &l->set_layout),
               "vkCreateDescriptorSetLayout");
    load_check(l->vk->vkCreateDescriptorPool(l->handle, &pool, NULL, &l->descriptors),
               "vkCreateDescriptorPool");
    for (uint32_t i = 0; i < LOAD_SLOTS; i++) {
        const VkDescriptorSetAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
            .descriptorPool = l->descriptors,
            .descriptorSetCount = 1,
            .pSetLayouts = &l->set_layout,
        };
        const VkDescriptorBufferInfo buffer = {l->offsets[i].handle, 0, VK_WHOLE_SIZE};
        load_check(l->vk->vkAllocateDescriptorSets(l->handle, &info, &l->sets[i]),
                   "vkAllocateDescriptorSets");
        const VkWriteDescriptorSet write = {
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = l->sets[i],
            .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .pBufferInfo = &buffer,
        };
        l->vk->vkUpdateDescriptorSets(l->handle, 1, &write, 0, NULL);
    }
}

static void make_memory(load *l, const load_params *params)
{
    const tdi_buffer_params buffer = {
        .name = "offsets",
        .size = LOAD_OFFSETS * 4 * sizeof(float),
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
        .kind = TDI_MEMORY_DEVICE,
        .category = TD_BUDGET_TRANSIENT,
    };
    const uint32_t pixels = params->target ? params->target : TARGET_PIXELS;
    const tdi_vk_image_params target = {
        .name = "target",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = pixels,
        .height = pixels,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
        .category = TD_BUDGET_TARGETS,
    };
    for (uint32_t i = 0; i < LOAD_SLOTS; i++)
        load_ok(tdi_buffer_create(l->device, &buffer, &l->offsets[i]), "offsets");
    load_ok(tdi_vk_image_create(l->device, &target, &l->target), "target");
}

void load_create(const load_params *params, load *out)
{
    memset(out, 0, sizeof *out);
    choose_device(out);
    import_device(out, params);
    make_memory(out, params);
    make_sets(out);
    make_waves(out);
    make_triangles(out);
    out->rounds = 256;
    out->triangle_count = 65536;
}

void load_destroy(load *l)
{
    load_check(l->vk->vkDeviceWaitIdle(l->handle), "vkDeviceWaitIdle");
    const struct VolkDeviceTable table = *l->vk;
    table.vkDestroyPipeline(l->handle, l->triangles.handle, NULL);
    table.vkDestroyPipelineLayout(l->handle, l->triangles.layout, NULL);
    table.vkDestroyPipeline(l->handle, l->waves.handle, NULL);
    table.vkDestroyPipelineLayout(l->handle, l->waves.layout, NULL);
    table.vkDestroyDescriptorPool(l->handle, l->descriptors, NULL);
    table.vkDestroyDescriptorSetLayout(l->handle, l->set_layout, NULL);
    tdi_vk_image_destroy(l->device, &l->target);
    for (uint32_t i = 0; i < LOAD_SLOTS; i++)
        tdi_buffer_destroy(l->device, &l->offsets[i]);
    td_device_destroy(l->device);
    table.vkDestroyDevice(l->handle, NULL);
    tdi_instance_destroy(&l->instance);
}

/* ---- recording ---- */

static void bind(const load *l, VkCommandBuffer commands, const load_pipeline *pipeline,
                 VkPipelineBindPoint point, uint32_t slot)
{
    const push constants = {LOAD_OFFSETS, l->rounds, slot};
    const VkShaderStageFlags stages = point == VK_PIPELINE_BIND_POINT_COMPUTE
                                          ? VK_SHADER_STAGE_COMPUTE_BIT
                                          : VK_SHADER_STAGE_VERTEX_BIT;
    l->vk->vkCmdBindPipeline(commands, point, pipeline->handle);
    l->vk->vkCmdBindDescriptorSets(commands, point, pipeline->layout, 0, 1, &l->sets[slot], 0,
                                   NULL);
    l->vk->vkCmdPushConstants(commands, pipeline->layout, stages, 0, sizeof constants, &constants);
}

static void memory_barrier(const load *l, VkCommandBuffer commands, VkPipelineStageFlags2 from,
                           VkAccessFlags2 wrote, VkPipelineStageFlags2 to, VkAccessFlags2 reads)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = from,
        .srcAccessMask = wrote,
        .dstStageMask = to,
        .dstAccessMask = reads,
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .memoryBarrierCount = 1,
                                   .pMemoryBarriers = &barrier};
    l->vk->vkCmdPipelineBarrier2(commands, &info);
}

void load_record_handover(const load *l, VkCommandBuffer commands)
{
    memory_barrier(l, commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
                   VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT, VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT,
                   VK_ACCESS_2_SHADER_STORAGE_READ_BIT);
}

void load_record_return(const load *l, VkCommandBuffer commands)
{
    memory_barrier(l, commands, VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT, 0,
                   VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, 0);
}

const uint32_t *load_waves_code(size_t *bytes)
{
    *bytes = sizeof waves_spv;
    return waves_spv;
}

void load_record_compute(const load *l, VkCommandBuffer commands, uint32_t slot, uint32_t parts)
{
    bind(l, commands, &l->waves, VK_PIPELINE_BIND_POINT_COMPUTE, slot);
    for (uint32_t i = 0; i < parts; i++) {
        if (i > 0)
            memory_barrier(l, commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
                           VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT,
                           VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
                           VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
        l->vk->vkCmdDispatch(commands, LOAD_OFFSETS / 64, 1, 1);
    }
}

void load_begin_rendering(const load *l, VkCommandBuffer commands, VkRenderingFlags flags)
{
    const VkRenderingAttachmentInfo target = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = l->target.view,
        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
    };
    const VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .flags = flags,
        .renderArea = {{0, 0}, {l->target.width, l->target.height}},
        .layerCount = 1,
        .colorAttachmentCount = 1,
        .pColorAttachments = &target,
    };
    l->vk->vkCmdBeginRendering(commands, &info);
}

void load_bind_triangles(const load *l, VkCommandBuffer commands, uint32_t slot)
{
    bind(l, commands, &l->triangles, VK_PIPELINE_BIND_POINT_GRAPHICS, slot);
}

/* What the frame before drew is not needed: the target starts anew. */
static void begin_target(const load *l, VkCommandBuffer commands)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
        .newLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = l->target.handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .imageMemoryBarrierCount = 1,
                                   .pImageMemoryBarriers = &barrier};
    l->vk->vkCmdPipelineBarrier2(commands, &info);
}

void load_record_graphics(const load *l, VkCommandBuffer commands, uint32_t slot)
{
    begin_target(l, commands);
    load_begin_rendering(l, commands, 0);
    load_bind_triangles(l, commands, slot);
    l->vk->vkCmdDraw(commands, 3 * l->triangle_count, 1, 0, 0);
    l->vk->vkCmdEndRendering(commands);
}
