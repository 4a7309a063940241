#include "scene/device_textures.h"

#include <stddef.h>

#include "async/retire.h"
#include "base/memory.h"
#include "scene/mipmap.h"

/* Levels of at most 64 x 64 texels: what each texture has on the device, whatever the memory. */
#define TAIL_LEVELS 7

static const bool readings[] = {false, true}; /* linear, sRGB */

static bool is_used(const tdi_texture_plan *plan, uint32_t picture, bool srgb)
{
    return plan->readings[picture] & (srgb ? TDI_IMAGE_USED_SRGB : TDI_IMAGE_USED_LINEAR);
}

uint32_t tdi_texture_tail(const tdi_image *picture)
{
    return picture->levels > TAIL_LEVELS ? picture->levels - TAIL_LEVELS : 0;
}

/* An image that has the picture's levels from `base` on. */
static tdi_vk_image_params image_params(const tdi_image *picture, bool srgb, uint32_t base)
{
    return (tdi_vk_image_params){
        .name = picture->name ? picture->name : "texture",
        .format = srgb ? VK_FORMAT_R8G8B8A8_SRGB : VK_FORMAT_R8G8B8A8_UNORM,
        .width = tdi_mip_extent(picture->width, base),
        .height = tdi_mip_extent(picture->height, base),
        .levels = picture->levels - base,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
}

td_result tdi_device_texture_bytes(td_device *device, const tdi_image *picture, bool srgb,
                                   uint32_t base, VkMemoryRequirements *out)
{
    const tdi_vk_image_params params = image_params(picture, srgb, base);
    return tdi_vk_image_requirements(device, &params, out);
}

static td_result measure_planned(td_device *device, const td_scene *scene,
                                 const tdi_texture_plan *plan, bool tails, tdi_estimate *estimate,
                                 uint64_t *bytes)
{
    *bytes = 0;
    for (uint32_t i = 0; i < scene->image_count; i++) {
        const uint32_t base = tails ? tdi_texture_tail(&scene->images[i]) : 0;
        for (uint32_t reading = 0; reading < 2; reading++) {
            if (!is_used(plan, i, readings[reading]))
                continue;
            VkMemoryRequirements requirements;
            TDI_TRY(tdi_device_texture_bytes(device, &scene->images[i], readings[reading], base,
                                             &requirements));
            if (estimate)
                TDI_TRY(tdi_estimate_add(estimate, &requirements, TDI_MEMORY_DEVICE, false));
            *bytes += requirements.size;
        }
    }
    return TD_OK;
}

td_result tdi_device_textures_measure(td_device *device, const td_scene *scene, bool tails,
                                      tdi_estimate *estimate, uint64_t *bytes)
{
    tdi_texture_plan plan;
    td_result result = tdi_texture_plan_make(scene, &plan);
    if (result == TD_OK)
        result = measure_planned(device, scene, &plan, tails, estimate, bytes);
    tdi_texture_plan_free(&plan);
    return result;
}

/* What others read from R of the picture goes in first. */
static td_result upload_composed(const td_scene *scene, const tdi_image *source, uint32_t occlusion,
                                 size_t offset, const tdi_vk_image *image, tdi_upload *upload)
{
    uint8_t *texels = tdi_texture_plan_compose(source, &scene->images[occlusion], offset);
    if (!texels)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = tdi_upload_image(upload, image, texels);
    tdi_free(texels);
    return result;
}

static td_result upload_texture(const tdi_device_scene *device_scene, const td_scene *scene,
                                const tdi_device_texture *texture, tdi_upload *upload)
{
    const tdi_image *source = &scene->images[texture->picture];
    const uint32_t occlusion = device_scene->plan.occlusion[texture->picture];
    const size_t offset = tdi_mip_offset(source->width, source->height, texture->base);
    if (!texture->srgb && occlusion != TD_NONE)
        return upload_composed(scene, source, occlusion, offset, &texture->image, upload);
    return tdi_upload_image(upload, &texture->image, source->pixels + offset);
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

static td_result create_slot(tdi_device_scene *device_scene, const td_scene *scene, uint32_t index,
                             const tdi_device_texture *texture)
{
    const VkSamplerCreateInfo info = sampler_info(&scene->textures[index]);
    VkSampler sampler = VK_NULL_HANDLE;
    TDI_TRY(tdi_bindless_sampler(device_scene->device, &info, &sampler));
    tdi_device_slot *slot = &device_scene->slots[2 * index + texture->srgb];
    TDI_TRY(tdi_bindless_add(device_scene->device, texture->image.view, sampler, &slot->slot));
    slot->texture = (uint32_t)(texture - device_scene->textures);
    slot->taken = true;
    return TD_OK;
}

td_result tdi_device_texture_make(tdi_device_scene *device_scene, const td_scene *scene,
                                  uint32_t index, uint32_t base, tdi_upload *upload)
{
    tdi_device_texture *texture = &device_scene->textures[index];
    const tdi_vk_image_params params =
        image_params(&scene->images[texture->picture], texture->srgb, base);
    TDI_TRY(tdi_vk_image_create(device_scene->device, &params, &texture->image));
    texture->base = base;
    TDI_TRY(upload_texture(device_scene, scene, texture, upload));
    for (uint32_t i = 0; i < scene->texture_count; i++)
        if (scene->textures[i].image == texture->picture)
            TDI_TRY(create_slot(device_scene, scene, i, texture));
    return TD_OK;
}

void tdi_device_texture_drop(tdi_device_scene *device_scene, uint32_t index)
{
    for (uint32_t i = 0; i < device_scene->slot_count; i++) {
        tdi_device_slot *slot = &device_scene->slots[i];
        if (slot->taken && slot->texture == index)
            tdi_bindless_remove(device_scene->device, slot->slot);
        slot->taken = slot->taken && slot->texture != index;
    }
    tdi_vk_image_destroy(device_scene->device, &device_scene->textures[index].image);
}

/* An image and its slots that frames still sample. */
typedef struct tdi_texture_retirement {
    tdi_retirement retirement;
    tdi_vk_image image;
    uint32_t slot_count;
    uint32_t slots[];
} tdi_texture_retirement;

static uint32_t count_slots(const tdi_device_scene *device_scene, uint32_t index)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < device_scene->slot_count; i++)
        count += device_scene->slots[i].taken && device_scene->slots[i].texture == index;
    return count;
}

td_result tdi_device_texture_may_retire(tdi_device_scene *device_scene, uint32_t index)
{
    tdi_device_texture *texture = &device_scene->textures[index];
    if (texture->retirement)
        return TD_OK;
    const uint32_t slots = count_slots(device_scene, index);
    texture->retirement = tdi_alloc_zero(1, sizeof *texture->retirement + slots * sizeof(uint32_t));
    return texture->retirement ? TD_OK : TD_ERROR_HOST_MEMORY;
}

static void destroy_retired(td_device *device, tdi_retirement *self)
{
    tdi_texture_retirement *retired = (tdi_texture_retirement *)self;
    for (uint32_t i = 0; i < retired->slot_count; i++)
        tdi_bindless_remove(device, retired->slots[i]);
    tdi_vk_image_destroy(device, &retired->image);
    tdi_free(retired);
}

uint64_t tdi_device_texture_retire(tdi_device_scene *device_scene, uint32_t index,
                                   td_ticket last_use)
{
    tdi_device_texture *texture = &device_scene->textures[index];
    tdi_texture_retirement *retired = texture->retirement;
    const uint64_t bytes = texture->image.memory.size;
    if (!retired)
        return 0;
    for (uint32_t i = 0; i < device_scene->slot_count; i++) {
        tdi_device_slot *slot = &device_scene->slots[i];
        if (!slot->taken || slot->texture != index)
            continue;
        retired->slots[retired->slot_count++] = slot->slot;
        slot->taken = false;
    }
    retired->image = texture->image;
    retired->retirement = (tdi_retirement){.destroy = destroy_retired, .bytes = bytes};
    texture->image = (tdi_vk_image){0};
    texture->retirement = NULL;
    tdi_retire(device_scene->device, &retired->retirement, last_use);
    return bytes;
}

static td_result make_arrays(tdi_device_scene *device_scene, const td_scene *scene)
{
    device_scene->textures =
        tdi_alloc_zero(2 * (size_t)scene->image_count + 1, sizeof *device_scene->textures);
    device_scene->slots =
        tdi_alloc_zero(2 * (size_t)scene->texture_count + 1, sizeof *device_scene->slots);
    if (!device_scene->textures || !device_scene->slots)
        return TD_ERROR_HOST_MEMORY;
    device_scene->slot_count = 2 * scene->texture_count;
    return TD_OK;
}

td_result tdi_device_textures_create(tdi_device_scene *device_scene, const td_scene *scene,
                                     bool tails, tdi_upload *upload)
{
    TDI_TRY(make_arrays(device_scene, scene));
    for (uint32_t i = 0; i < scene->image_count; i++) {
        const uint32_t base = tails ? tdi_texture_tail(&scene->images[i]) : 0;
        for (uint32_t reading = 0; reading < 2; reading++) {
            if (!is_used(&device_scene->plan, i, readings[reading]))
                continue;
            const uint32_t index = device_scene->texture_count++;
            device_scene->textures[index] =
                (tdi_device_texture){.picture = i, .srgb = readings[reading]};
            TDI_TRY(tdi_device_texture_make(device_scene, scene, index, base, upload));
        }
    }
    return TD_OK;
}

void tdi_device_textures_destroy(tdi_device_scene *device_scene)
{
    for (uint32_t i = 0; i < device_scene->texture_count; i++) {
        tdi_device_texture_drop(device_scene, i);
        tdi_free(device_scene->textures[i].retirement);
    }
    tdi_free(device_scene->slots);
    tdi_free(device_scene->textures);
}
