#include "render/hardware.h"

#include "base/memory.h"
#include "base/text.h"
#include "render/pass_sets.h"
#include "scene/flat.h"
#include "scene/scene.h"

#define MOST_SIDE        32768 /* pixels: exact in a float, with 8 bits below the pixel */
#define SUBPIXEL_BITS    8
#define CLUSTER_VERTICES (3 * TDI_CLUSTER_TRIANGLES)

/* ---- what a device can do ---- */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t viewport_side(const td_device *device)
{
    const VkPhysicalDeviceLimits *limits = &device->properties.limits;
    const uint32_t most = least(limits->maxViewportDimensions[0], limits->maxViewportDimensions[1]);
    uint32_t side = MOST_SIDE;
    while (side > most)
        side /= 2;
    return side;
}

static uint32_t largest_image(const td_device *device)
{
    const VkPhysicalDeviceLimits *limits = &device->properties.limits;
    return least(viewport_side(device),
                 least(limits->maxFramebufferWidth, limits->maxFramebufferHeight));
}

static td_result check_device(const td_device *device, uint32_t width, uint32_t height)
{
    const td_device_info *info = &device->info;
    const uint32_t most = largest_image(device);
    const VkQueueFlags lane = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].capabilities;
    const struct {
        bool there;
        const char *what;
    } needs[] = {
        {(lane & VK_QUEUE_GRAPHICS_BIT) != 0, "a queue for graphics"},
        {device->features.fragment_stores,
         "stores and atomics in fragment shaders (fragmentStoresAndAtomics)"},
        {device->features.dynamic_rendering, "dynamic rendering (dynamicRendering)"},
        {device->features.indirect_draws,
         "indirect draws, many at once and with a first instance (multiDrawIndirect, "
         "drawIndirectFirstInstance)"},
        {device->properties.limits.subPixelPrecisionBits >= SUBPIXEL_BITS,
         "8 bits of position below the pixel (subPixelPrecisionBits)"},
    };
    char missing[512] = "";
    size_t length = 0;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (!needs[i].there)
            length += (size_t)tdi_snprintf(missing + length, sizeof missing - length, "%s%s",
                                           length ? ", " : "", needs[i].what);
    }
    if (length > 0)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the hardware rasteriser needs %s, which %s lacks; rasterise in compute",
                        missing, info->name);
    if (width > most || height > most)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the hardware rasteriser of %s draws images of up to %ux%u, and %ux%u were "
                        "asked for; rasterise in compute",
                        info->name, most, most, width, height);
    return TD_OK;
}

td_result tdi_raster_choose(const td_device *device, td_raster wanted, uint32_t width,
                            uint32_t height, td_raster *out, const char **reason)
{
    *out = wanted;
    *reason = "asked for";
    if (wanted == TD_RASTER_AUTO) {
        *out = TD_RASTER_COMPUTE;
        *reason = device->info.software
                      ? "on a processor the hardware rasteriser is compute as well, with more to do"
                      : "dense triangles are drawn about a hundred times faster in compute";
    }
    return *out == TD_RASTER_COMPUTE ? TD_OK : check_device(device, width, height);
}

tdi_hardware_shape tdi_hardware_shape_of(const td_device *device, uint32_t samples)
{
    const VkPhysicalDeviceLimits *limits = &device->properties.limits;
    const bool at_once = samples == 1 || (limits->standardSampleLocations &&
                                          (limits->framebufferNoAttachmentsSampleCounts & samples));
    return (tdi_hardware_shape){
        .side = viewport_side(device),
        .samples = at_once ? samples : 1,
        .instances = at_once ? 1 : samples,
    };
}

/* ---- objects ---- */

static bool is_masked(const td_scene *scene, uint32_t surface)
{
    return (scene->geometry.surfaces[surface].flags & TDI_SURFACE_MASKED) != 0;
}

/* Appends the runs of cluster instances of one surface and instance; without `items` they are only
 * counted. */
static void find_objects(const td_scene *scene, bool masked, tdi_hardware_objects *objects)
{
    const tdi_flat *flat = scene->flat;
    uint32_t first = 0;
    for (uint32_t i = 1; i <= flat->cluster_instance_count; i++) {
        const struct tdi_cluster_instance *run = &flat->cluster_instances[first];
        const struct tdi_cluster_instance *next = run + (i - first);
        const uint32_t surface = scene->geometry.clusters[run->cluster].surface;
        if (i < flat->cluster_instance_count && next->instance == run->instance &&
            scene->geometry.clusters[next->cluster].surface == surface)
            continue;
        if (is_masked(scene, surface) == masked) {
            if (objects->items)
                objects->items[objects->count] = (tdi_hardware_object){first, i - first};
            objects->count++;
        }
        first = i;
    }
}

td_result tdi_hardware_objects_make(const td_scene *scene, tdi_hardware_objects *out)
{
    *out = (tdi_hardware_objects){0};
    find_objects(scene, false, out);
    find_objects(scene, true, out);
    out->items = tdi_alloc_zero(out->count + 1, sizeof *out->items);
    if (!out->items)
        return TD_ERROR_HOST_MEMORY;
    out->count = 0;
    find_objects(scene, false, out);
    out->opaque_count = out->count;
    find_objects(scene, true, out);
    return TD_OK;
}

void tdi_hardware_objects_free(tdi_hardware_objects *objects)
{
    tdi_free(objects->items);
    *objects = (tdi_hardware_objects){0};
}

/* ---- recording ---- */

/* The viewport lies about the middle of the image, wherever the tile is; see hardware.glsl. */
static void set_window(const td_device *device, VkCommandBuffer commands,
                       const struct tdi_frame *frame, uint32_t side)
{
    const VkViewport viewport = {
        .x = (float)(frame->image_width / 2) - (float)frame->tile_x - (float)(side / 2),
        .y = (float)(frame->image_height / 2) - (float)frame->tile_y - (float)(side / 2),
        .width = (float)side,
        .height = (float)side,
        .maxDepth = 1.0f,
    };
    const VkRect2D scissor = {.extent = {frame->tile_width, frame->tile_height}};
    device->vk.vkCmdSetViewport(commands, 0, 1, &viewport);
    device->vk.vkCmdSetScissor(commands, 0, 1, &scissor);
}

static void begin_rendering(const td_pass_context *context, VkRenderingFlags flags)
{
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .flags = flags,
        .renderArea = {.extent = {frame->tile_width, frame->tile_height}},
        .layerCount = 1,
    };
    context->device->vk.vkCmdBeginRendering(context->commands, &info);
}

void tdi_record_zero_draws(const td_pass_context *context)
{
    const tdi_passes *passes = context->user;
    const td_bound *draws = &context->resources[passes->roles[TDI_ROLE_DRAWS]];
    context->device->vk.vkCmdFillBuffer(context->commands, draws->buffer, draws->offset,
                                        draws->size, 0);
}

static void draw_list(const td_pass_context *context, uint32_t list, uint32_t first, uint32_t most)
{
    const tdi_passes *passes = context->user;
    const struct VolkDeviceTable *vk = &context->device->vk;
    const td_bound *draws = &context->resources[passes->roles[TDI_ROLE_DRAWS]];
    const td_bound *lists = &context->resources[passes->roles[TDI_ROLE_LISTS]];
    const VkDeviceSize at = draws->offset + first * sizeof(struct tdi_draw);
    if (most == 0)
        return;
    if (context->device->features.indirect_draw_count)
        vk->vkCmdDrawIndirectCount(context->commands, draws->buffer, at, lists->buffer,
                                   lists->offset + list * sizeof(struct tdi_dispatch_list) +
                                       offsetof(struct tdi_dispatch_list, count),
                                   most, sizeof(struct tdi_draw));
    else
        vk->vkCmdDrawIndirect(context->commands, draws->buffer, at, most, sizeof(struct tdi_draw));
}

void tdi_record_draw_indirect(const td_pass_context *context)
{
    const tdi_passes *passes = context->user;
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const uint32_t masked = frame->masked_instance_count * frame->view_count;
    const uint32_t opaque = frame->cluster_instance_count * frame->view_count - masked;
    begin_rendering(context, 0);
    set_window(context->device, context->commands, frame, passes->shape.side);
    tdi_pass_bind_context(context, TDI_PIPELINE_DRAW_INDIRECT, NULL);
    draw_list(context, TDI_LIST_PLAIN, 0, opaque);
    if (passes->params.masked) {
        tdi_pass_bind_context(context, TDI_PIPELINE_DRAW_INDIRECT_MASKED, NULL);
        draw_list(context, TDI_LIST_PLAIN | TDI_LIST_MASKED, opaque, masked);
    }
    context->device->vk.vkCmdEndRendering(context->commands);
}

/* What the threads share while they record a frame's draws. */
typedef struct drawing {
    const tdi_passes *passes;
    const tdi_pass_frame *frame;
    VkDescriptorSet sets[2]; /* of opaque and of masked objects */
} drawing;

static void bind_objects(const drawing *work, VkCommandBuffer commands, bool masked)
{
    const tdi_passes *passes = work->passes;
    const VkDescriptorSet sets[] = {work->sets[masked], work->frame->bindless};
    const tdi_pass_push push = {.frame = work->frame->address};
    tdi_pass_bind(passes, commands, masked ? TDI_PIPELINE_DRAW_MASKED : TDI_PIPELINE_DRAW, sets,
                  &push);
}

/* Items are objects, each for all views. */
static td_result record_objects(const td_recorder_part *part)
{
    const drawing *work = part->user;
    const tdi_passes *passes = work->passes;
    const struct VolkDeviceTable *vk = &passes->device->vk;
    const uint32_t views = work->frame->frame->view_count;
    const uint32_t instances = passes->shape.instances;
    set_window(passes->device, part->commands, work->frame->frame, passes->shape.side);
    for (uint32_t i = part->first; i < part->first + part->count; i++) {
        const tdi_hardware_object *object = &passes->objects.items[i];
        if (i == part->first || i == passes->objects.opaque_count)
            bind_objects(work, part->commands, i >= passes->objects.opaque_count);
        for (uint32_t view = 0; view < views; view++)
            vk->vkCmdDraw(part->commands, CLUSTER_VERTICES, object->count * instances,
                          view * CLUSTER_VERTICES, object->first * instances);
    }
    return TD_OK;
}

static td_result record_secondary(const td_pass_context *context, const VkCommandBuffer **parts,
                                  uint32_t *count)
{
    const tdi_passes *passes = context->user;
    drawing work = {.passes = passes, .frame = context->frame};
    const VkCommandBufferInheritanceRenderingInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO,
        .rasterizationSamples = (VkSampleCountFlagBits)passes->shape.samples,
    };
    const VkCommandBufferInheritanceInfo inheritance = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
        .pNext = &rendering,
    };
    const td_recorder_frame frame = {
        .items = passes->objects.count,
        .record = record_objects,
        .user = &work,
        .inheritance = &inheritance,
    };
    work.sets[0] = tdi_pass_set(context, TDI_PIPELINE_DRAW);
    if (passes->params.masked)
        work.sets[1] = tdi_pass_set(context, TDI_PIPELINE_DRAW_MASKED);
    return td_recorder_record(passes->recorder, &frame, UINT64_MAX, parts, count);
}

/* Not as pure as td_record_fn is to be: it takes a slot of the recorder that all frames share, and
 * leaves in the frame whether that went well. It can be, since a renderer executes its plans one at
 * a time, records each pass once an execution, and then tells the recorder the ticket. */
void tdi_record_draw_objects(const td_pass_context *context)
{
    tdi_pass_frame *frame = context->frame;
    const VkCommandBuffer *parts = NULL;
    uint32_t count = 0;
    frame->drawn = record_secondary(context, &parts, &count);
    if (frame->drawn != TD_OK)
        return;
    begin_rendering(context, VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT);
    context->device->vk.vkCmdExecuteCommands(context->commands, count, parts);
    context->device->vk.vkCmdEndRendering(context->commands);
}
