#include "scene/residency.h"

#include "base/memory.h"
#include "gpu/budget.h"
#include "gpu/memory.h"
#include "gpu/pressure.h"
#include "scene/device_textures.h"
#include "scene/residency_plan.h"

#define MOST_STAGING (UINT64_C(2) << 20)
/* Blocks that may be partly unused. More where allocations showed that there are more. */
#define LEAST_SLACK 1
#define MOST_SLACK  6
#define MOST_TRIES  8

struct tdi_residency {
    tdi_device_scene *device_scene;
    const td_scene *scene;
    td_texture_policy policy;
    tdi_texture_detail *detail;
    tdi_texture_need *needs;   /* two for each picture */
    bool *masks;               /* likewise: alpha decides coverage */
    tdi_residency_item *items; /* by texture of the device scene, as the next */
    uint32_t *least;
    uint32_t slack_blocks;
    bool less_detailed; /* what is planned is less than what is needed */
    uint64_t submissions, changes;
};

static uint32_t need_index(const tdi_device_texture *texture)
{
    return 2 * texture->picture + texture->srgb;
}

/* Which pictures give the alpha that masks are cut from. */
static void find_masks(tdi_residency *residency)
{
    const td_scene *scene = residency->scene;
    const tdi_geometry *g = &scene->geometry;
    for (uint32_t i = 0; i < g->surface_count; i++) {
        const struct tdi_material *material =
            &residency->device_scene->plan.materials[g->surfaces[i].material];
        const uint32_t texture = material->base_color_texture.texture;
        if ((g->surfaces[i].flags & TDI_SURFACE_MASKED) && texture != TDI_TEXTURE_NONE)
            residency->masks[2 * scene->textures[texture].image + 1] = true;
    }
}

static td_result measure_item(const tdi_residency *residency, uint32_t index)
{
    const tdi_device_texture *texture = &residency->device_scene->textures[index];
    const tdi_image *picture = &residency->scene->images[texture->picture];
    tdi_residency_item *item = &residency->items[index];
    item->tail = tdi_texture_tail(picture);
    item->base = texture->base;
    for (uint32_t level = 0; level <= item->tail; level++) {
        VkMemoryRequirements requirements;
        TDI_TRY(tdi_device_texture_bytes(residency->device_scene->device, picture, texture->srgb,
                                         level, &requirements));
        item->bytes[level] = requirements.size;
    }
    return TD_OK;
}

static td_result fill_residency(tdi_residency *residency)
{
    const size_t count = residency->device_scene->texture_count;
    const size_t pictures = 2 * (size_t)residency->scene->image_count;
    residency->needs = tdi_alloc_zero(pictures + 1, sizeof *residency->needs);
    residency->masks = tdi_alloc_zero(pictures + 1, sizeof *residency->masks);
    residency->items = tdi_alloc_zero(count + 1, sizeof *residency->items);
    residency->least = tdi_alloc_zero(count + 1, sizeof *residency->least);
    if (!residency->needs || !residency->masks || !residency->items || !residency->least)
        return TD_ERROR_HOST_MEMORY;
    find_masks(residency);
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(measure_item(residency, i));
    return tdi_texture_detail_create(residency->scene, &residency->device_scene->plan,
                                     &residency->detail);
}

td_result tdi_residency_create(tdi_device_scene *device_scene, const td_scene *scene,
                               td_texture_policy policy, tdi_residency **out)
{
    tdi_residency *residency = tdi_alloc_zero(1, sizeof *residency);
    if (!residency)
        return TD_ERROR_HOST_MEMORY;
    residency->device_scene = device_scene;
    residency->scene = scene;
    residency->policy = policy;
    const td_result result = fill_residency(residency);
    if (result != TD_OK) {
        tdi_residency_destroy(residency);
        return result;
    }
    *out = residency;
    return TD_OK;
}

void tdi_residency_destroy(tdi_residency *residency)
{
    if (!residency)
        return;
    tdi_texture_detail_destroy(residency->detail);
    tdi_free(residency->needs);
    tdi_free(residency->masks);
    tdi_free(residency->items);
    tdi_free(residency->least);
    tdi_free(residency);
}

static void take_need(tdi_residency *residency, uint32_t index, uint32_t level)
{
    tdi_residency_item *item = &residency->items[index];
    item->needed = level < item->tail ? level : item->tail;
    if (level < item->tail)
        item->last_needed = residency->submissions;
}

static void take_needs(tdi_residency *residency)
{
    const tdi_device_scene *device_scene = residency->device_scene;
    for (uint32_t i = 0; i < device_scene->texture_count; i++) {
        const tdi_texture_need *need = &residency->needs[need_index(&device_scene->textures[i])];
        residency->items[i].weight = need->weight;
        take_need(residency, i, need->level);
    }
}

void tdi_residency_begin(tdi_residency *residency)
{
    residency->submissions++;
    residency->slack_blocks = LEAST_SLACK;
    tdi_texture_detail_start(residency->detail, residency->needs);
    take_needs(residency);
}

void tdi_residency_add_view(tdi_residency *residency, const struct tdi_view *view, uint32_t width,
                            uint32_t height)
{
    tdi_texture_detail_add(residency->detail, view, width, height, residency->needs);
    take_needs(residency);
}

static uint64_t bytes_now(const tdi_residency *residency)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++)
        if (residency->device_scene->textures[i].image.handle)
            bytes += residency->items[i].bytes[residency->items[i].base];
    return bytes;
}

/* Staging memory, and what of blocks may be unused. */
static uint64_t bytes_beside(const tdi_residency *residency)
{
    return MOST_STAGING +
           residency->slack_blocks * tdi_memory_block_bytes(residency->device_scene->device);
}

/* What the category's limit leaves to textures in all. */
static uint64_t available_to_textures(const tdi_residency *residency)
{
    const uint64_t more =
        tdi_budget_available_to(residency->device_scene->device->budget, TD_BUDGET_TEXTURES);
    return more == UINT64_MAX ? more : more + bytes_now(residency);
}

/* What textures may take in all. */
static uint64_t available(const tdi_residency *residency)
{
    const uint64_t most =
        tdi_memory_available(residency->device_scene->device) + bytes_now(residency);
    const uint64_t beside = bytes_beside(residency);
    const uint64_t whole = most > beside ? most - beside : 0;
    const uint64_t part = available_to_textures(residency);
    return whole < part ? whole : part;
}

bool tdi_residency_suffices(const tdi_residency *residency)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++)
        bytes += residency->items[i].bytes[residency->items[i].needed];
    return bytes <= available(residency);
}

void tdi_residency_keep_masks(tdi_residency *residency)
{
    const tdi_device_scene *device_scene = residency->device_scene;
    for (uint32_t i = 0; i < device_scene->texture_count; i++)
        if (!residency->masks[need_index(&device_scene->textures[i])])
            residency->items[i].needed = residency->items[i].tail;
}

/* A sampler that reads level 0 only does so whatever the level that was worked out. */
void tdi_residency_add_footprint(tdi_residency *residency, const uint32_t *lowest)
{
    const tdi_device_scene *device_scene = residency->device_scene;
    for (uint32_t i = 0; i < device_scene->slot_count; i++) {
        const tdi_device_slot *slot = &device_scene->slots[i];
        if (!slot->taken || lowest[slot->slot] > residency->items[slot->texture].tail)
            continue;
        const bool only_0 = residency->scene->textures[i / 2].mip_filter == TD_MIP_NONE;
        const uint32_t level = only_0 ? 0 : lowest[slot->slot];
        if (level < residency->items[slot->texture].needed)
            take_need(residency, slot->texture, level);
    }
}

static void plan(tdi_residency *residency)
{
    residency->less_detailed =
        !tdi_residency_plan(residency->items, residency->device_scene->texture_count,
                            available(residency), residency->policy);
}

static bool differs(const tdi_residency *residency, uint32_t index)
{
    return residency->items[index].planned != residency->items[index].base ||
           !residency->device_scene->textures[index].image.handle;
}

bool tdi_residency_wants_change(tdi_residency *residency)
{
    plan(residency);
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++)
        if (differs(residency, i))
            return true;
    return residency->less_detailed && residency->policy == TD_TEXTURES_NEEDED;
}

/* All that shrinks or grows goes first, so that old and new need not fit together. */
static void drop_changed(tdi_residency *residency)
{
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++)
        if (differs(residency, i))
            tdi_device_texture_drop(residency->device_scene, i);
}

static td_result make_changed(tdi_residency *residency, tdi_upload *upload)
{
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++) {
        tdi_residency_item *item = &residency->items[i];
        if (residency->device_scene->textures[i].image.handle)
            continue;
        const td_result result = tdi_device_texture_make(residency->device_scene, residency->scene,
                                                         i, item->planned, upload);
        if (result != TD_OK) {
            tdi_device_texture_drop(residency->device_scene, i);
            return result;
        }
        item->base = item->planned;
        residency->changes++;
        TDI_TRY(tdi_device_texture_may_retire(residency->device_scene, i));
    }
    return tdi_device_scene_write_materials(residency->device_scene, residency->scene, upload);
}

/* What has more levels than is needed; the one that nobody has needed for longest. */
static tdi_residency_item *find_surplus(tdi_residency *residency)
{
    tdi_residency_item *found = NULL;
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++) {
        tdi_residency_item *item = &residency->items[i];
        const tdi_device_texture *texture = &residency->device_scene->textures[i];
        if (texture->image.handle && texture->retirement && item->base < item->needed &&
            (!found || item->last_needed < found->last_needed))
            found = item;
    }
    return found;
}

/* All levels go, since an image with fewer would take memory when there is none; what is needed of
 * them comes back as anything else does that is needed and not there. */
uint64_t tdi_residency_give_up(tdi_residency *residency, uint64_t wanted, td_ticket last_use)
{
    uint64_t given = 0;
    for (tdi_residency_item *item = find_surplus(residency); item && given < wanted;
         item = find_surplus(residency)) {
        const uint32_t index = (uint32_t)(item - residency->items);
        given += tdi_device_texture_retire(residency->device_scene, index, last_use);
        item->base = residency->device_scene->textures[index].base = item->tail;
    }
    if (given > 0)
        tdi_memory_trim(residency->device_scene->device);
    return given;
}

static bool lacks(const tdi_residency *residency)
{
    return residency->less_detailed && residency->policy == TD_TEXTURES_NEEDED;
}

/* Of textures and `beside` them, beyond what is there. */
static uint64_t bytes_to_come(const tdi_residency *residency, uint64_t beside)
{
    uint64_t bytes = beside;
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++)
        bytes += residency->items[i].bytes[residency->items[i].needed];
    const uint64_t now = bytes_now(residency);
    return bytes > now ? bytes - now : 0;
}

static td_result refuse(const tdi_residency *residency)
{
    td_budget *budget = residency->device_scene->device->budget;
    const char *what = "what these views sample of the textures";
    TDI_TRY(
        tdi_budget_check_category(budget, TD_BUDGET_TEXTURES, bytes_to_come(residency, 0), what));
    return tdi_budget_check(budget, bytes_to_come(residency, bytes_beside(residency)), what,
                            "beside what is there");
}

/* Room that somebody else gave back since the plan was made counts, so that it is made again. */
static td_result plan_or_refuse(void *user)
{
    tdi_residency *residency = user;
    plan(residency);
    for (uint32_t tries = 0; lacks(residency); tries++) {
        TDI_TRY(refuse(residency));
        if (tries == MOST_TRIES)
            return tdi_fail(TD_ERROR_BUDGET, "memory for what these views sample of the textures "
                                             "comes and goes; raise the budget");
        plan(residency);
    }
    return TD_OK;
}

static tdi_shortage missing_of_plan(void *user)
{
    const tdi_residency *residency = user;
    td_budget *budget = residency->device_scene->device->budget;
    const uint64_t textures = bytes_to_come(residency, 0);
    if (textures > tdi_budget_available_to(budget, TD_BUDGET_TEXTURES))
        return tdi_budget_shortage(budget, TD_BUDGET_TEXTURES, textures, 0);
    return tdi_budget_shortage_of_all(budget, bytes_to_come(residency, bytes_beside(residency)));
}

/* What others can spare is asked for before it is refused. */
static td_result find_room(tdi_residency *residency)
{
    const tdi_attempt attempt = {
        .run = plan_or_refuse,
        .missing = missing_of_plan,
        .user = residency,
        .deadline_ns = UINT64_MAX,
    };
    return tdi_pressure_run(tdi_budget_pressure(residency->device_scene->device->budget), &attempt);
}

static td_result change(tdi_residency *residency)
{
    drop_changed(residency);
    tdi_upload *upload = NULL;
    TDI_TRY(tdi_upload_create(residency->device_scene->device, MOST_STAGING, &upload));
    td_result result = make_changed(residency, upload);
    if (result == TD_OK)
        result = tdi_upload_flush(upload, &residency->device_scene->ready);
    tdi_upload_destroy(upload);
    return result;
}

/* Blocks of memory that are partly unused may not leave what was planned with: then the plan is
 * made for less. For which there is no room either if there was none for more. */
td_result tdi_residency_apply(tdi_residency *residency)
{
    for (;;) {
        TDI_TRY(find_room(residency));
        const td_result result = change(residency);
        if (result != TD_ERROR_BUDGET || residency->slack_blocks == MOST_SLACK)
            return result;
        residency->slack_blocks++;
    }
}

bool tdi_residency_submitted(tdi_residency *residency)
{
    if (!residency->less_detailed)
        return false;
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++) {
        const tdi_residency_item *item = &residency->items[i];
        if (item->base > item->needed && item->base > residency->least[i])
            residency->least[i] = item->base;
    }
    return true;
}

void tdi_residency_describe(const tdi_residency *residency, td_renderer_info *out)
{
    out->textures_change = true;
    out->textures = residency->device_scene->texture_count;
    out->textures_partial = 0;
    out->texture_bytes = bytes_now(residency);
    out->texture_full_bytes = 0;
    for (uint32_t i = 0; i < residency->device_scene->texture_count; i++) {
        out->texture_full_bytes += residency->items[i].bytes[0];
        out->textures_partial += residency->items[i].base > 0;
    }
    out->texture_changes = residency->changes;
}

void tdi_residency_describe_texture(const tdi_residency *residency, uint32_t texture,
                                    td_texture_state *out)
{
    const tdi_device_texture *state = &residency->device_scene->textures[texture];
    const tdi_image *picture = &residency->scene->images[state->picture];
    out->first_level = state->image.handle ? state->base : picture->levels;
    out->least_level = residency->least[texture];
}
