#include "render/levels.h"

#include <stddef.h>

#include "base/memory.h"
#include "base/thread.h"
#include "gpu/memory.h"
#include "render/band.h"

struct tdi_levels {
    td_device *device;
    const td_renderer_params *params;
    tdi_footprint *footprint;
    tdi_device_scene *device_scene;
    tdi_residency *residency;
    tdi_relief relief;
    uint32_t band_height;
    tdi_view_tally *less_detailed;
    tdi_mutex mutex; /* for what follows, and for the textures while nobody submits */
    bool held;       /* somebody submits, and alone sees the textures */
    td_ticket last;  /* of the frames that use the textures */
    /* What is told of the textures: as the last submission left them, or what was given up. */
    td_renderer_info told;
    td_texture_state *told_textures;
};

/* Under the lock. */
static void tell(tdi_levels *levels)
{
    tdi_residency_describe(levels->residency, &levels->told);
    levels->told.views_less_detailed = tdi_view_tally_count(levels->less_detailed);
    for (uint32_t i = 0; i < levels->device_scene->texture_count; i++)
        tdi_residency_describe_texture(levels->residency, i, &levels->told_textures[i]);
}

/* For others that lack memory, by any of their threads. Not in the middle of a submission: what it
 * needs is not known before, and to wait for its end could be to wait in a circle, since it may
 * lack memory too. */
static uint64_t give_up(tdi_relief *relief, uint64_t wanted)
{
    tdi_levels *levels = (tdi_levels *)((char *)relief - offsetof(tdi_levels, relief));
    uint64_t given = 0;
    tdi_mutex_lock(&levels->mutex);
    if (!levels->held)
        given = tdi_residency_give_up(levels->residency, wanted, levels->last);
    if (given > 0)
        tell(levels);
    tdi_mutex_unlock(&levels->mutex);
    return given;
}

void tdi_levels_hold(tdi_levels *levels)
{
    if (!levels)
        return;
    tdi_mutex_lock(&levels->mutex);
    levels->held = true;
    tdi_mutex_unlock(&levels->mutex);
}

void tdi_levels_release(tdi_levels *levels, td_ticket last)
{
    if (!levels)
        return;
    tdi_mutex_lock(&levels->mutex);
    levels->held = false;
    levels->last = last;
    tell(levels);
    tdi_mutex_unlock(&levels->mutex);
}

static td_result fill_levels(tdi_levels *levels, const tdi_sizing *sizing)
{
    const td_renderer_params *params = levels->params;
    const tdi_footprint_params footprint = {
        .samples = params->samples,
        .width = params->width,
        .tile_width = sizing->tile_width,
        .tile_height = sizing->tile_height,
        .threads = params->scene->threads,
        .scene = params->scene,
        .monitor = params->monitor,
    };
    TDI_TRY(tdi_footprint_create(levels->device, &footprint, &levels->footprint));
    return tdi_view_tally_create(tdi_band_count(params->height, sizing->band_height),
                                 &levels->less_detailed);
}

td_result tdi_levels_create(td_device *device, const td_renderer_params *params,
                            const tdi_sizing *sizing, tdi_levels **out)
{
    tdi_levels *levels = tdi_alloc_zero(1, sizeof *levels);
    if (!levels)
        return TD_ERROR_HOST_MEMORY;
    levels->device = device;
    levels->params = params;
    levels->band_height = sizing->band_height;
    levels->relief = (tdi_relief){.free_some = give_up, .categories = 1u << TD_BUDGET_TEXTURES};
    td_result result = tdi_mutex_init(&levels->mutex, TDI_RANK_RENDERER);
    if (result != TD_OK) {
        tdi_free(levels);
        return result;
    }
    result = fill_levels(levels, sizing);
    if (result != TD_OK) {
        tdi_levels_destroy(levels);
        return result;
    }
    *out = levels;
    return TD_OK;
}

void tdi_levels_destroy(tdi_levels *levels)
{
    if (!levels)
        return;
    tdi_memory_remove_relief(levels->device, &levels->relief);
    tdi_residency_destroy(levels->residency);
    tdi_footprint_destroy(levels->footprint);
    tdi_view_tally_destroy(levels->less_detailed);
    tdi_free(levels->told_textures);
    tdi_mutex_destroy(&levels->mutex);
    tdi_free(levels);
}

VkDeviceSize tdi_levels_transient_bytes(const tdi_levels *levels)
{
    return tdi_footprint_transient_bytes(levels->footprint);
}

td_result tdi_levels_start(tdi_levels *levels, tdi_device_scene *device_scene,
                           const tdi_buffer *transient)
{
    levels->device_scene = device_scene;
    TDI_TRY(tdi_footprint_allocate(levels->footprint, transient));
    TDI_TRY(tdi_residency_create(device_scene, levels->params->scene, levels->params->textures,
                                 &levels->residency));
    levels->told_textures =
        tdi_alloc_zero(device_scene->texture_count, sizeof *levels->told_textures);
    if (!levels->told_textures)
        return TD_ERROR_HOST_MEMORY;
    tell(levels);
    /* The other policies choose by what is there, which must not depend on when others lack memory.
     */
    if (levels->params->textures == TD_TEXTURES_NEEDED)
        tdi_memory_add_relief(levels->device, &levels->relief);
    return TD_OK;
}

static td_result change_if_wanted(tdi_levels *levels, td_ticket last)
{
    if (!tdi_residency_wants_change(levels->residency))
        return TD_OK;
    if (last.value)
        TDI_TRY(tdi_ticket_wait(levels->device, last, UINT64_MAX));
    return tdi_residency_apply(levels->residency);
}

/* What geometry alone tells does not fit, so it is looked at what is really seen. That takes the
 * masks, which decide what that is. */
static td_result look(tdi_levels *levels, const struct tdi_frame *frame,
                      const struct tdi_view *views, td_ticket last)
{
    tdi_residency_keep_masks(levels->residency);
    TDI_TRY(change_if_wanted(levels, last));
    if (!(levels->params->outputs & TD_OUTPUT_COLOR))
        return TD_OK;
    for (uint32_t i = 0; i < frame->view_count; i++) {
        struct tdi_frame own = *frame;
        const uint32_t *lowest = NULL;
        TDI_TRY(tdi_footprint_measure(levels->footprint, &own, &views[i],
                                      levels->device_scene->ready, &lowest));
        tdi_residency_add_footprint(levels->residency, lowest);
    }
    return TD_OK;
}

td_result tdi_levels_prepare(tdi_levels *levels, const struct tdi_frame *frame,
                             const struct tdi_view *views, td_ticket last)
{
    tdi_residency *residency = levels->residency;
    tdi_residency_begin(residency);
    for (uint32_t i = 0; i < frame->view_count; i++)
        tdi_residency_add_view(residency, &views[i], levels->params->width, levels->params->height);
    if (!tdi_residency_suffices(residency))
        TDI_TRY(look(levels, frame, views, last));
    return change_if_wanted(levels, last);
}

void tdi_levels_submitted(tdi_levels *levels, const struct tdi_frame *frame,
                          const struct tdi_view *views, uint64_t item)
{
    if (!tdi_residency_submitted(levels->residency))
        return;
    if (levels->band_height >= frame->image_height)
        tdi_view_tally_add(levels->less_detailed, frame->view_count);
    else
        tdi_view_tally_add_band(levels->less_detailed, &views[0], item,
                                frame->first_row / levels->band_height);
}

void tdi_levels_describe(tdi_levels *levels, td_renderer_info *out)
{
    tdi_mutex_lock(&levels->mutex);
    const td_renderer_info told = levels->told;
    tdi_mutex_unlock(&levels->mutex);
    out->textures_change = told.textures_change;
    out->textures = told.textures;
    out->textures_partial = told.textures_partial;
    out->texture_bytes = told.texture_bytes;
    out->texture_full_bytes = told.texture_full_bytes;
    out->texture_changes = told.texture_changes;
    out->views_less_detailed = told.views_less_detailed;
}

void tdi_levels_describe_textures(tdi_levels *levels, td_texture_state *states, uint32_t count)
{
    tdi_mutex_lock(&levels->mutex);
    for (uint32_t i = 0; i < count; i++) {
        states[i].first_level = levels->told_textures[i].first_level;
        states[i].least_level = levels->told_textures[i].least_level;
    }
    tdi_mutex_unlock(&levels->mutex);
}
