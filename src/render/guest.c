#include "render/guest.h"

#include <string.h>

td_result tdi_guest_declare(const td_renderer_guest *guest, td_graph *graph,
                            const tdi_pass_resources *resources, bool copied)
{
    if (!guest)
        return TD_OK;
    if (!guest->declare || (guest->binding_count > 0 && !guest->bindings))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_renderer_guest: declare must not be NULL, nor bindings if there are "
                        "any");
    const td_renderer_graph numbers = {
        .words = resources->words,
        .result = resources->result,
        .filled_by = copied ? "copy" : "shade",
    };
    return guest->declare(guest->user, graph, &numbers);
}

static uint64_t offset_of(const tdi_result_layout *layout, td_output output, VkDeviceSize offset)
{
    return layout->outputs & (uint32_t)output ? offset : UINT64_MAX;
}

td_renderer_frame tdi_guest_frame(const struct tdi_frame *frame, const tdi_result_layout *layout,
                                  uint64_t item)
{
    return (td_renderer_frame){
        .item = item,
        .views = frame->view_count,
        .width = frame->image_width,
        .height = frame->image_height,
        .tile_x = frame->tile_x,
        .tile_y = frame->tile_y,
        .tile_width = frame->tile_width,
        .tile_height = frame->tile_height,
        .first_row = frame->first_row,
        .rows = frame->rows,
        .view_bytes = layout->view_bytes,
        .color_offset = offset_of(layout, TD_OUTPUT_COLOR, layout->color),
        .depth_offset = offset_of(layout, TD_OUTPUT_DEPTH, layout->depth),
        .object_offset = offset_of(layout, TD_OUTPUT_OBJECT, layout->object),
    };
}

uint32_t tdi_guest_bind(const td_renderer_guest *guest, const td_binding *own, uint32_t own_count,
                        td_binding *all)
{
    memcpy(all, own, own_count * sizeof own[0]);
    if (!guest || guest->binding_count == 0)
        return own_count;
    memcpy(all + own_count, guest->bindings, guest->binding_count * sizeof all[0]);
    return own_count + guest->binding_count;
}
