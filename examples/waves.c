#include "waves.h"

#include <stddef.h>

#include "waves_comp.h"
#include "waves_frag.h"
#include "waves_vert.h"

#define COLUMNS      96
#define ROWS         64
#define GROUP        64 /* local_size_x of waves.comp */
#define TILE_CORNERS 6

typedef struct vertex {
    float position[2];
    uint8_t color[4];
    uint32_t unused;
} vertex;

typedef struct push {
    uint32_t columns, rows;
    float time;
} push;

static void make_sets(waves *water)
{
    const VkDevice device = water->device.device;
    const VkDescriptorSetLayoutBinding bindings[2] = {
        {0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
        {1, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL},
    };
    const VkDescriptorSetLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 2,
        .pBindings = bindings,
    };
    guest_vk(vkCreateDescriptorSetLayout(device, &layout, NULL, &water->set_layout),
             "vkCreateDescriptorSetLayout");
    const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 2 * WAVES_SLOTS};
    const VkDescriptorPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = WAVES_SLOTS,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    guest_vk(vkCreateDescriptorPool(device, &pool, NULL, &water->pool), "vkCreateDescriptorPool");
    for (uint32_t i = 0; i < WAVES_SLOTS; i++) {
        const VkDescriptorSetAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
            .descriptorPool = water->pool,
            .descriptorSetCount = 1,
            .pSetLayouts = &water->set_layout,
        };
        guest_vk(vkAllocateDescriptorSets(device, &info, &water->sets[i]),
                 "vkAllocateDescriptorSets");
    }
}

static void make_slot(waves *water, uint32_t slot)
{
    const guest_device *device = &water->device;
    water->vertices[slot] =
        guest_make_buffer(device, sizeof(vertex) * TILE_CORNERS * COLUMNS * ROWS,
                          VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
                          VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    water->counts[slot] =
        guest_make_buffer(device, sizeof(VkDrawIndirectCommand),
                          VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT |
                              VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                          VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    const VkDescriptorBufferInfo buffers[2] = {
        {water->vertices[slot].handle, 0, VK_WHOLE_SIZE},
        {water->counts[slot].handle, 0, VK_WHOLE_SIZE},
    };
    const VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = water->sets[slot],
        .descriptorCount = 2,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .pBufferInfo = buffers,
    };
    vkUpdateDescriptorSets(device->device, 1, &write, 0, NULL);
}

static void make_compute(waves *water)
{
    const VkDevice device = water->device.device;
    const VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push)};
    const VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &water->set_layout,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &range,
    };
    guest_vk(vkCreatePipelineLayout(device, &layout, NULL, &water->compute_layout),
             "vkCreatePipelineLayout");
    VkShaderModule module = guest_module(&water->device, waves_comp, sizeof waves_comp);
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main"},
        .layout = water->compute_layout,
    };
    guest_vk(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, NULL, &water->compute),
             "vkCreateComputePipelines");
    vkDestroyShaderModule(device, module, NULL);
}

static const VkPipelineInputAssemblyStateCreateInfo ASSEMBLY = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
    .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
};
static const VkPipelineViewportStateCreateInfo VIEWPORT = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
    .viewportCount = 1,
    .scissorCount = 1,
};
static const VkPipelineRasterizationStateCreateInfo RASTER = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
    .lineWidth = 1.0f,
};
static const VkPipelineMultisampleStateCreateInfo SAMPLES = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
    .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
};

static void make_draw_pipeline(waves *water, const VkPipelineShaderStageCreateInfo stages[2],
                               VkFormat format)
{
    const VkVertexInputBindingDescription binding = {0, sizeof(vertex),
                                                     VK_VERTEX_INPUT_RATE_VERTEX};
    const VkVertexInputAttributeDescription attributes[2] = {
        {0, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(vertex, position)},
        {1, 0, VK_FORMAT_R8G8B8A8_UNORM, offsetof(vertex, color)},
    };
    const VkPipelineVertexInputStateCreateInfo input = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
        .vertexBindingDescriptionCount = 1,
        .pVertexBindingDescriptions = &binding,
        .vertexAttributeDescriptionCount = 2,
        .pVertexAttributeDescriptions = attributes,
    };
    const VkPipelineColorBlendAttachmentState opaque = {.colorWriteMask = 0xF};
    const VkPipelineColorBlendStateCreateInfo blend = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = 1,
        .pAttachments = &opaque,
    };
    const VkDynamicState states[2] = {VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR};
    const VkPipelineDynamicStateCreateInfo dynamic = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DYNAMIC_STATE_CREATE_INFO,
        .dynamicStateCount = 2,
        .pDynamicStates = states,
    };
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = 1,
        .pColorAttachmentFormats = &format,
    };
    const VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .stageCount = 2,
        .pStages = stages,
        .pVertexInputState = &input,
        .pInputAssemblyState = &ASSEMBLY,
        .pViewportState = &VIEWPORT,
        .pRasterizationState = &RASTER,
        .pMultisampleState = &SAMPLES,
        .pColorBlendState = &blend,
        .pDynamicState = &dynamic,
        .layout = water->draw_layout,
    };
    guest_vk(vkCreateGraphicsPipelines(water->device.device, VK_NULL_HANDLE, 1, &info, NULL,
                                       &water->draw),
             "vkCreateGraphicsPipelines");
}

static void make_draw(waves *water, VkFormat format)
{
    const VkDevice device = water->device.device;
    const VkPipelineLayoutCreateInfo layout = {.sType =
                                                   VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    guest_vk(vkCreatePipelineLayout(device, &layout, NULL, &water->draw_layout),
             "vkCreatePipelineLayout");
    const VkPipelineShaderStageCreateInfo stages[2] = {
        {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_VERTEX_BIT,
         .module = guest_module(&water->device, waves_vert, sizeof waves_vert),
         .pName = "main"},
        {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
         .stage = VK_SHADER_STAGE_FRAGMENT_BIT,
         .module = guest_module(&water->device, waves_frag, sizeof waves_frag),
         .pName = "main"},
    };
    make_draw_pipeline(water, stages, format);
    vkDestroyShaderModule(device, stages[0].module, NULL);
    vkDestroyShaderModule(device, stages[1].module, NULL);
}

void waves_create(waves *water, const guest_device *device, VkFormat format)
{
    *water = (waves){.device = *device};
    make_sets(water);
    for (uint32_t i = 0; i < WAVES_SLOTS; i++)
        make_slot(water, i);
    make_compute(water);
    make_draw(water, format);
}

void waves_destroy(waves *water)
{
    const VkDevice device = water->device.device;
    vkDestroyPipeline(device, water->draw, NULL);
    vkDestroyPipeline(device, water->compute, NULL);
    vkDestroyPipelineLayout(device, water->draw_layout, NULL);
    vkDestroyPipelineLayout(device, water->compute_layout, NULL);
    for (uint32_t i = 0; i < WAVES_SLOTS; i++) {
        guest_drop_buffer(&water->device, &water->vertices[i]);
        guest_drop_buffer(&water->device, &water->counts[i]);
    }
    vkDestroyDescriptorPool(device, water->pool, NULL);
    vkDestroyDescriptorSetLayout(device, water->set_layout, NULL);
}

static void barrier(VkCommandBuffer commands, VkPipelineStageFlags2 from, VkAccessFlags2 written,
                    VkPipelineStageFlags2 to, VkAccessFlags2 read)
{
    const VkMemoryBarrier2 memory = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = from,
        .srcAccessMask = written,
        .dstStageMask = to,
        .dstAccessMask = read,
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &memory,
    };
    vkCmdPipelineBarrier2(commands, &info);
}

td_result waves_record(void *user, VkCommandBuffer commands)
{
    const waves_frame *frame = user;
    waves *water = frame->water;
    const uint32_t slot = (uint32_t)(frame->index % WAVES_SLOTS);
    const VkDrawIndirectCommand none = {.instanceCount = 1};
    const push constants = {COLUMNS, ROWS, (float)frame->index / 30.0f};
    vkCmdUpdateBuffer(commands, water->counts[slot].handle, 0, sizeof none, &none);
    barrier(commands, VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT,
            VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, water->compute);
    vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, water->compute_layout, 0, 1,
                            &water->sets[slot], 0, NULL);
    vkCmdPushConstants(commands, water->compute_layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                       sizeof constants, &constants);
    vkCmdDispatch(commands, (COLUMNS * ROWS + GROUP - 1) / GROUP, 1, 1);
    return TD_OK;
}

void waves_barrier(VkCommandBuffer commands)
{
    barrier(commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT,
            VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT,
            VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT | VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT);
}

void waves_draw(const waves_frame *frame, VkCommandBuffer commands, VkImageView view,
                VkExtent2D size)
{
    const waves *water = frame->water;
    const uint32_t slot = (uint32_t)(frame->index % WAVES_SLOTS);
    const VkRenderingAttachmentInfo color = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = view,
        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
        .clearValue.color.float32 = {0.02f, 0.05f, 0.12f, 1.0f},
    };
    const VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea.extent = size,
        .layerCount = 1,
        .colorAttachmentCount = 1,
        .pColorAttachments = &color,
    };
    const VkViewport viewport = {0, 0, (float)size.width, (float)size.height, 0, 1};
    const VkRect2D scissor = {{0, 0}, size};
    const VkDeviceSize start = 0;
    vkCmdBeginRendering(commands, &info);
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, water->draw);
    vkCmdSetViewport(commands, 0, 1, &viewport);
    vkCmdSetScissor(commands, 0, 1, &scissor);
    vkCmdBindVertexBuffers(commands, 0, 1, &water->vertices[slot].handle, &start);
    vkCmdDrawIndirect(commands, water->counts[slot].handle, 0, 1, sizeof(VkDrawIndirectCommand));
    vkCmdEndRendering(commands);
}
