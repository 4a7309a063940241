#include "render/environment.h"

#include "async/upload.h"
#include "async/waiter.h"
#include "base/memory.h"
#include "gpu/bindless.h"
#include "render/environment_filter.h"

/* A texture with its slot. */
typedef struct sky {
    tdi_vk_image image;
    uint32_t slot;
    bool has_slot;
} sky;

static void destroy_sky(td_device *device, sky *s)
{
    if (s->has_slot)
        tdi_bindless_remove(device, s->slot);
    tdi_vk_image_destroy(device, &s->image);
}

static td_result create_slot(td_device *device, sky *s)
{
    const VkSamplerCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
        .magFilter = VK_FILTER_LINEAR,
        .minFilter = VK_FILTER_LINEAR,
        .mipmapMode = VK_SAMPLER_MIPMAP_MODE_LINEAR,
        .addressModeU = VK_SAMPLER_ADDRESS_MODE_REPEAT,
        .addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
        .addressModeW = VK_SAMPLER_ADDRESS_MODE_REPEAT,
        .maxLod = VK_LOD_CLAMP_NONE,
    };
    VkSampler sampler = VK_NULL_HANDLE;
    TDI_TRY(tdi_bindless_sampler(device, &info, &sampler));
    TDI_TRY(tdi_bindless_add(device, s->image.view, sampler, &s->slot));
    s->has_slot = true;
    return TD_OK;
}

static td_result upload_levels(td_device *device, const sky *s, const uint32_t *texels,
                               td_ticket *ready)
{
    tdi_upload *upload = NULL;
    const size_t bytes = tdi_environment_texels(s->image.levels) * sizeof *texels;
    TDI_TRY(tdi_upload_create(device, bytes, &upload));
    td_result result = tdi_upload_image(upload, &s->image, (const uint8_t *)texels);
    if (result == TD_OK)
        result = tdi_upload_flush(upload, ready);
    tdi_upload_destroy(upload); /* waits */
    return result;
}

static td_result fill_sky(td_device *device, const char *name, uint32_t levels,
                          const uint32_t *texels, td_ticket *ready, sky *out)
{
    const tdi_vk_image_params params = {
        .name = name,
        .format = VK_FORMAT_E5B9G9R9_UFLOAT_PACK32,
        .width = TDI_ENVIRONMENT_WIDTH,
        .height = TDI_ENVIRONMENT_HEIGHT,
        .levels = levels,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    TDI_TRY(tdi_vk_image_create(device, &params, &out->image));
    TDI_TRY(create_slot(device, out));
    return upload_levels(device, out, texels, ready);
}

/* `texels` are those of the map; what is mirrored takes the place of all levels but the first. */
static td_result filter_texels(td_device *device, uint32_t *texels)
{
    sky source = {0};
    td_ticket ready = {0};
    td_result result =
        fill_sky(device, "environment as it is", TDI_ENVIRONMENT_LEVELS, texels, &ready, &source);
    if (result == TD_OK)
        result = tdi_environment_filter(device, source.slot, ready, TDI_MIRRORED_LEVELS,
                                        texels + tdi_environment_texels(1));
    destroy_sky(device, &source);
    return result;
}

static td_result fill_mirrored(td_environment *environment, uint32_t *texels)
{
    td_device *device = environment->device;
    sky made = {0};
    TDI_TRY(filter_texels(device, texels));
    const td_result result =
        fill_sky(device, "environment", TDI_MIRRORED_LEVELS, texels, &environment->ready, &made);
    if (result != TD_OK) {
        destroy_sky(device, &made);
        return result;
    }
    environment->mirrored = made.image;
    environment->slot = made.slot;
    return TD_OK;
}

static td_result fill_environment(td_environment *environment, const td_environment_params *params)
{
    tdi_environment_map map = {0};
    TDI_TRY(tdi_environment_map_make(params, &map));
    for (uint32_t i = 0; i < TDI_IRRADIANCE_TERMS; i++)
        for (uint32_t c = 0; c < 3; c++)
            environment->irradiance[i][c] = map.irradiance[i][c];
    uint32_t *texels = tdi_environment_map_pack(&map);
    tdi_environment_map_free(&map);
    const td_result result = texels ? fill_mirrored(environment, texels) : TD_ERROR_HOST_MEMORY;
    tdi_free(texels);
    return result;
}

td_result td_environment_create(td_device *device, const td_environment_params *params,
                                td_environment **out)
{
    if (!device || !params || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_environment_create: device, params and out must not be NULL");
    TDI_TRY(tdi_check_may_wait("td_environment_create"));
    TDI_TRY(tdi_lanes_ready(device));
    td_environment *environment = tdi_alloc_zero(1, sizeof *environment);
    if (!environment)
        return TD_ERROR_HOST_MEMORY;
    environment->device = device;
    atomic_init(&environment->references, 1);
    const td_result result = fill_environment(environment, params);
    if (result != TD_OK) {
        tdi_free(environment);
        return result;
    }
    *out = environment;
    return TD_OK;
}

td_environment *tdi_environment_retain(td_environment *environment)
{
    if (environment)
        atomic_fetch_add_explicit(&environment->references, 1, memory_order_relaxed);
    return environment;
}

void td_environment_destroy(td_environment *environment)
{
    if (!environment ||
        atomic_fetch_sub_explicit(&environment->references, 1, memory_order_acq_rel) != 1)
        return;
    tdi_bindless_remove(environment->device, environment->slot);
    tdi_vk_image_destroy(environment->device, &environment->mirrored);
    tdi_free(environment);
}
