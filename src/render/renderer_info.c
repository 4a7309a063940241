#include "render/renderer.h"

#include "render/band.h"
#include "scene/scene.h"

void td_renderer_get_info(td_renderer *renderer, td_renderer_info *out)
{
    const tdi_sizing *sizing = &renderer->sizing;
    *out = (td_renderer_info){
        .in_flight = sizing->in_flight,
        .result_slots = sizing->result_slots,
        .views_per_submission = sizing->views,
        .tile_width = sizing->tile_width,
        .tile_height = sizing->tile_height,
        .tiles = tdi_band_tiles(renderer->params.width, renderer->params.height,
                                sizing->band_height, sizing->tile_width, sizing->tile_height),
        .bands = tdi_band_count(renderer->params.height, sizing->band_height),
        .band_height = sizing->band_height,
        .transient_bytes = sizing->transient_bytes * sizing->transient_sets,
        .readback_bytes = sizing->layout.view_bytes * sizing->views * sizing->result_slots,
        .raster = renderer->params.raster,
        .raster_reason = renderer->raster_reason,
        .copied = tdi_renderer_copies(renderer),
        .copy_reason = renderer->copy_reason,
    };
    tdi_async_choice_describe(&renderer->choice, out);
    if (renderer->levels)
        tdi_levels_describe(renderer->levels, out);
    else
        tdi_device_scene_describe(renderer->device_scene, out);
}

static td_texture_state texture_state(const td_renderer *renderer, uint32_t index)
{
    const tdi_device_texture *texture = &renderer->device_scene->textures[index];
    const tdi_image *picture = &renderer->scene->images[texture->picture];
    return (td_texture_state){
        .name = picture->name,
        .srgb = texture->srgb,
        .width = picture->width,
        .height = picture->height,
        .levels = picture->levels,
    };
}

td_result td_renderer_textures(const td_renderer *renderer, td_texture_state *states,
                               uint32_t capacity, uint32_t *count)
{
    if (!renderer || !count || (!states && capacity > 0))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_renderer_textures: an argument is NULL");
    *count = renderer->device_scene->texture_count;
    const uint32_t filled = capacity < *count ? capacity : *count;
    for (uint32_t i = 0; i < filled; i++)
        states[i] = texture_state(renderer, i);
    if (renderer->levels)
        tdi_levels_describe_textures(renderer->levels, states, filled);
    return TD_OK;
}
