#include "hazards_scope.h"

#include <stdbool.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In their logical order. */
static const VkPipelineStageFlags2 graphics_order[] = {
    VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
    VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT,
    VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT,
    VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT,
    VK_PIPELINE_STAGE_2_TESSELLATION_CONTROL_SHADER_BIT,
    VK_PIPELINE_STAGE_2_TESSELLATION_EVALUATION_SHADER_BIT,
    VK_PIPELINE_STAGE_2_GEOMETRY_SHADER_BIT,
    VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT,
    VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT,
    VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT,
    VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
};
static const VkPipelineStageFlags2 compute_order[] = {
    VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
    VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
};

#define TRANSFER_STAGES                                                                            \
    (VK_PIPELINE_STAGE_2_COPY_BIT | VK_PIPELINE_STAGE_2_RESOLVE_BIT |                              \
     VK_PIPELINE_STAGE_2_BLIT_BIT | VK_PIPELINE_STAGE_2_CLEAR_BIT)
#define VERTEX_INPUT_STAGES                                                                        \
    (VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT | VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT)
#define PRE_RASTERIZATION_STAGES                                                                   \
    (VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT | VK_PIPELINE_STAGE_2_TESSELLATION_CONTROL_SHADER_BIT | \
     VK_PIPELINE_STAGE_2_TESSELLATION_EVALUATION_SHADER_BIT |                                      \
     VK_PIPELINE_STAGE_2_GEOMETRY_SHADER_BIT)
#define GRAPHICS_STAGES                                                                            \
    (VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VERTEX_INPUT_STAGES | PRE_RASTERIZATION_STAGES |      \
     VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT |      \
     VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT |                                                 \
     VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT)
#define ALL_STAGES (GRAPHICS_STAGES | VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | TRANSFER_STAGES)

typedef struct group {
    VkFlags64 name, members;
} group;

static const group stage_groups[] = {
    {VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, ALL_STAGES},
    {VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT, GRAPHICS_STAGES},
    {VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT, TRANSFER_STAGES},
    {VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT, VERTEX_INPUT_STAGES},
    {VK_PIPELINE_STAGE_2_PRE_RASTERIZATION_SHADERS_BIT, PRE_RASTERIZATION_STAGES},
};

#define SHADER_READS (VK_ACCESS_2_SHADER_SAMPLED_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_READ_BIT)
#define ALL_READS                                                                                  \
    (VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT | VK_ACCESS_2_INDEX_READ_BIT |                          \
     VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT | VK_ACCESS_2_UNIFORM_READ_BIT | SHADER_READS |         \
     VK_ACCESS_2_INPUT_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT |               \
     VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_2_TRANSFER_READ_BIT |               \
     VK_ACCESS_2_HOST_READ_BIT)
#define ALL_WRITES                                                                                 \
    (VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT |               \
     VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT |             \
     VK_ACCESS_2_HOST_WRITE_BIT)

static const group access_groups[] = {
    {VK_ACCESS_2_MEMORY_READ_BIT, ALL_READS},
    {VK_ACCESS_2_MEMORY_WRITE_BIT, ALL_WRITES},
    {VK_ACCESS_2_SHADER_READ_BIT, SHADER_READS},
    {VK_ACCESS_2_SHADER_WRITE_BIT, VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT},
};

static VkFlags64 expand(VkFlags64 mask, const group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mask & groups[i].name)
            mask = (mask & ~groups[i].name) | groups[i].members;
    }
    return mask;
}

static VkPipelineStageFlags2 stages_of(VkPipelineStageFlags2 mask, VkPipelineStageFlags2 nothing,
                                       VkPipelineStageFlags2 everything)
{
    if (mask & everything)
        mask |= VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    return expand(mask & ~(nothing | everything), stage_groups, COUNT(stage_groups));
}

VkPipelineStageFlags2 hazards_source_stages(VkPipelineStageFlags2 mask)
{
    return stages_of(mask, VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT,
                     VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT);
}

VkPipelineStageFlags2 hazards_destination_stages(VkPipelineStageFlags2 mask)
{
    return stages_of(mask, VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT,
                     VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT);
}

static VkPipelineStageFlags2 earlier_in(const VkPipelineStageFlags2 *order, size_t count,
                                        VkPipelineStageFlags2 stages)
{
    VkPipelineStageFlags2 found = 0;
    bool seen = false;
    for (size_t i = count; i-- > 0;) {
        seen = seen || (stages & order[i]);
        found |= seen ? order[i] : 0;
    }
    return found;
}

static VkPipelineStageFlags2 later_in(const VkPipelineStageFlags2 *order, size_t count,
                                      VkPipelineStageFlags2 stages)
{
    VkPipelineStageFlags2 found = 0;
    bool seen = false;
    for (size_t i = 0; i < count; i++) {
        seen = seen || (stages & order[i]);
        found |= seen ? order[i] : 0;
    }
    return found;
}

VkPipelineStageFlags2 hazards_and_earlier(VkPipelineStageFlags2 stages)
{
    return stages | earlier_in(graphics_order, COUNT(graphics_order), stages) |
           earlier_in(compute_order, COUNT(compute_order), stages);
}

VkPipelineStageFlags2 hazards_and_later(VkPipelineStageFlags2 stages)
{
    return stages | later_in(graphics_order, COUNT(graphics_order), stages) |
           later_in(compute_order, COUNT(compute_order), stages);
}

VkAccessFlags2 hazards_accesses(VkAccessFlags2 mask)
{
    return expand(mask, access_groups, COUNT(access_groups));
}

VkAccessFlags2 hazards_accesses_at(VkPipelineStageFlags2 stage, VkAccessFlags2 mask)
{
    static const VkAccessFlags2 of_shaders =
        SHADER_READS | VK_ACCESS_2_UNIFORM_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT;
    const VkAccessFlags2 single = hazards_accesses(mask);
    switch (stage) {
    case VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT:
        return single & VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT;
    case VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT:
        return single & VK_ACCESS_2_INDEX_READ_BIT;
    case VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT:
        return single & VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT;
    case VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT:
    case VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT:
        return single & of_shaders;
    case VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT:
        return single & (of_shaders | VK_ACCESS_2_INPUT_ATTACHMENT_READ_BIT);
    case VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT:
        return single &
               (VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT);
    case VK_PIPELINE_STAGE_2_HOST_BIT:
        return single & (VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT);
    default:
        return single & (stage & TRANSFER_STAGES
                             ? VK_ACCESS_2_TRANSFER_READ_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT
                             : ~(VkAccessFlags2)0);
    }
}
