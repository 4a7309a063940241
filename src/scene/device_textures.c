#include "scene/device_textures.h"

#include "base/memory.h"

static const bool readings[] = {false, true}; /* linear, sRGB */

static bool is_used(const tdi_texture_plan *plan, uint32_t picture, bool srgb)
{
    return plan->readings[picture] & (srgb ? TDI_IMAGE_USED_SRGB : TDI_IMAGE_USED_LINEAR);
}

static tdi_vk_image_params image_params(const tdi_image *picture, bool srgb)
{
    return (tdi_vk_image_params){
        .name = picture->name,
        .format = srgb ? VK_FORMAT_R8G8B8A8_SRGB : VK_FORMAT_R8G8B8A8_UNORM,
        .width = picture->width,
        .height = picture->height,
        .levels = picture->levels,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
}

static td_result measure_planned(td_device *device, const td_scene *scene,
                                 const tdi_texture_plan *plan, tdi_estimate *estimate,
                                 uint64_t *bytes)
{
    *bytes = 0;
    for (uint32_t i = 0; i < scene->image_count; i++) {
        for (uint32_t reading = 0; reading < 2; reading++) {
            if (!is_used(plan, i, readings[reading]))
                continue;
            const tdi_vk_image_params params = image_params(&scene->images[i], readings[reading]);
            VkMemoryRequirements requirements;
            TDI_TRY(tdi_vk_image_requirements(device, &params, &requirements));
            if (estimate)
                TDI_TRY(tdi_estimate_add(estimate, &requirements, TDI_MEMORY_DEVICE, false));
            *bytes += requirements.size;
        }
    }
    return TD_OK;
}

td_result tdi_device_textures_measure(td_device *device, const td_scene *scene,
                                      tdi_estimate *estimate, uint64_t *bytes)
{
    tdi_texture_plan plan;
    td_result result = tdi_texture_plan_make(scene, &plan);
    if (result == TD_OK)
        result = measure_planned(device, scene, &plan, estimate, bytes);
    tdi_texture_plan_free(&plan);
    return result;
}

/* What others read from R of the picture goes in first. */
static td_result upload_composed(const td_scene *scene, const tdi_image *source, uint32_t occlusion,
                                 const tdi_vk_image *image, tdi_upload *upload)
{
    uint8_t *texels = tdi_texture_plan_compose(source, &scene->images[occlusion]);
    if (!texels)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = tdi_upload_image(upload, image, texels);
    tdi_free(texels);
    return result;
}

static td_result create_texture(tdi_device_scene *device_scene, const td_scene *scene,
                                const tdi_texture_plan *plan, uint32_t picture, bool srgb,
                                tdi_upload *upload)
{
    const tdi_image *source = &scene->images[picture];
    tdi_device_texture *texture = &device_scene->textures[device_scene->texture_count];
    texture->picture = picture;
    texture->srgb = srgb;
    const tdi_vk_image_params params = image_params(source, srgb);
    TDI_TRY(tdi_vk_image_create(device_scene->device, &params, &texture->image));
    device_scene->texture_count++;
    if (!srgb && plan->occlusion[picture] != TD_NONE)
        return upload_composed(scene, source, plan->occlusion[picture], &texture->image, upload);
    return tdi_upload_image(upload, &texture->image, source->pixels);
}

static VkSamplerAddressMode address_mode(td_wrap wrap)
{
    switch (wrap) {
    case TD_WRAP_MIRRORED_REPEAT:
        return VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT;
    case TD_WRAP_CLAMP_TO_EDGE:
        return VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
    case TD_WRAP_REPEAT:
        break;
    }
    return VK_SAMPLER_ADDRESS_MODE_REPEAT;
}

static VkSamplerCreateInfo sampler_info(const tdi_texture *texture)
{
    return (VkSamplerCreateInfo){
        .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
        .magFilter =
            texture->mag_filter == TD_FILTER_NEAREST ? VK_FILTER_NEAREST : VK_FILTER_LINEAR,
        .minFilter =
            texture->min_filter == TD_FILTER_NEAREST ? VK_FILTER_NEAREST : VK_FILTER_LINEAR,
        .mipmapMode = texture->mip_filter == TD_MIP_LINEAR ? VK_SAMPLER_MIPMAP_MODE_LINEAR
                                                           : VK_SAMPLER_MIPMAP_MODE_NEAREST,
        .addressModeU = address_mode(texture->wrap_s),
        .addressModeV = address_mode(texture->wrap_t),
        .addressModeW = VK_SAMPLER_ADDRESS_MODE_REPEAT,
        /* 0.25 and not 0: Vulkan would never use the minification filter otherwise (see the note
         * on emulating GL_NEAREST and GL_LINEAR in the specification, "Samplers"). */
        .maxLod = texture->mip_filter == TD_MIP_NONE ? 0.25f : VK_LOD_CLAMP_NONE,
    };
}

static const tdi_device_texture *find_texture(const tdi_device_scene *device_scene,
                                              uint32_t picture, bool srgb)
{
    for (uint32_t i = 0; i < device_scene->texture_count; i++)
        if (device_scene->textures[i].picture == picture && device_scene->textures[i].srgb == srgb)
            return &device_scene->textures[i];
    return NULL;
}

static td_result create_slot(tdi_device_scene *device_scene, const td_scene *scene,
                             uint32_t texture, bool srgb)
{
    const tdi_texture *source = &scene->textures[texture];
    const tdi_device_texture *found = find_texture(device_scene, source->image, srgb);
    if (!found)
        return TD_OK; /* no material reads it that way */
    const VkSamplerCreateInfo info = sampler_info(source);
    VkSampler sampler = VK_NULL_HANDLE;
    TDI_TRY(tdi_bindless_sampler(device_scene->device, &info, &sampler));
    tdi_device_slot *slot = &device_scene->slots[2 * texture + srgb];
    TDI_TRY(tdi_bindless_add(device_scene->device, found->image.view, sampler, &slot->slot));
    slot->taken = true;
    return TD_OK;
}

td_result tdi_device_textures_create(tdi_device_scene *device_scene, const td_scene *scene,
                                     const tdi_texture_plan *plan, tdi_upload *upload)
{
    device_scene->textures =
        tdi_alloc_zero(2 * (size_t)scene->image_count + 1, sizeof *device_scene->textures);
    device_scene->slots =
        tdi_alloc_zero(2 * (size_t)scene->texture_count + 1, sizeof *device_scene->slots);
    if (!device_scene->textures || !device_scene->slots)
        return TD_ERROR_HOST_MEMORY;
    device_scene->slot_count = 2 * scene->texture_count;
    for (uint32_t i = 0; i < scene->image_count; i++)
        for (uint32_t reading = 0; reading < 2; reading++)
            if (is_used(plan, i, readings[reading]))
                TDI_TRY(create_texture(device_scene, scene, plan, i, readings[reading], upload));
    for (uint32_t i = 0; i < scene->texture_count; i++)
        for (uint32_t reading = 0; reading < 2; reading++)
            TDI_TRY(create_slot(device_scene, scene, i, readings[reading]));
    return TD_OK;
}

void tdi_device_textures_destroy(tdi_device_scene *device_scene)
{
    for (uint32_t i = 0; i < device_scene->slot_count; i++)
        if (device_scene->slots[i].taken)
            tdi_bindless_remove(device_scene->device, device_scene->slots[i].slot);
    for (uint32_t i = 0; i < device_scene->texture_count; i++)
        tdi_vk_image_destroy(device_scene->device, &device_scene->textures[i].image);
    tdi_free(device_scene->slots);
    tdi_free(device_scene->textures);
}
