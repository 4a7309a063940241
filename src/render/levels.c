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
    tdi_mutex mutex; /* for what follows, and for the textures while they are given up */
    uint32_t holders;
    td_ticket last; /* of the frames that use the textures */
    uint32_t band_height;
    tdi_view_tally *less_detailed;
};

/* For others that lack memory, by any of their threads. Only between submissions, and only if no
 * frame needs what would go: nothing is waited for. */
static uint64_t give_up(tdi_relief *relief, uint64_t wanted)
{
    tdi_levels *levels = (tdi_levels *)((char *)relief - offsetof(tdi_levels, relief));
    uint64_t given = 0;
    tdi_mutex_lock(&levels->mutex);
    if (levels->holders == 0 && tdi_ticket_reached(levels->device, levels->last))
        given = tdi_residency_give_up(levels->residency, wanted);
    tdi_mutex_unlock(&levels->mutex);
    return given;
}

void tdi_levels_hold(tdi_levels *levels)
{
    if (!levels)
        return;
    tdi_mutex_lock(&levels->mutex);
    levels->holders++;
    tdi_mutex_unlock(&levels->mutex);
}

void tdi_levels_release(tdi_levels *levels, const td_ticket *last)
{
    if (!levels)
        return;
    tdi_mutex_lock(&levels->mutex);
    levels->holders--;
    if (last)
        levels->last = *last;
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

void tdi_levels_describe(const tdi_levels *levels, td_renderer_info *out)
{
    tdi_residency_describe(levels->residency, out);
    out->views_less_detailed = tdi_view_tally_count(levels->less_detailed);
}

const tdi_residency *tdi_levels_residency(const tdi_levels *levels)
{
    return levels->residency;
}
