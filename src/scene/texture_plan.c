#include "scene/texture_plan.h"

#include <string.h>

#include "base/memory.h"
#include "scene/material.h"
#include "scene/material_textures.h"
#include "scene/mipmap.h"

#define CONFLICT (TD_NONE - 1) /* R is read, or wanted by more than one picture */

static uint32_t picture_of(const td_scene *scene, const struct tdi_texture_ref *use)
{
    return !use || use->texture == TDI_TEXTURE_NONE ? TD_NONE : scene->textures[use->texture].image;
}

/* True if occlusion could be fetched where metallic-roughness is. */
static bool could_ride(const td_scene *scene, const struct tdi_material *material)
{
    if (!tdi_occlusion_beside_roughness(scene, material))
        return false;
    const uint32_t carrier = picture_of(scene, &material->metallic_roughness_texture);
    const uint32_t rider = picture_of(scene, &material->occlusion_texture);
    const tdi_image *x = &scene->images[carrier], *y = &scene->images[rider];
    return carrier != rider && x->pixels && y->pixels && x->width == y->width &&
           x->height == y->height && x->levels == y->levels;
}

static void claim(tdi_texture_plan *plan, uint32_t picture, uint32_t occlusion)
{
    if (picture == TD_NONE)
        return;
    uint32_t *rider = &plan->occlusion[picture];
    *rider = *rider == TD_NONE || *rider == occlusion ? occlusion : CONFLICT;
}

/* Who wants which R. A picture that something else reads as it is can carry nothing. */
static void find_riders(const td_scene *scene, tdi_texture_plan *plan)
{
    for (uint32_t i = 0; i < scene->material_count; i++) {
        const struct tdi_material *material = &scene->materials[i].data;
        for (uint32_t k = 0; k < TDI_MATERIAL_TEXTURES; k++) {
            const struct tdi_texture_ref *use = tdi_material_texture_of(material, scene->more, k);
            if (use != &material->metallic_roughness_texture)
                claim(plan, picture_of(scene, use), CONFLICT);
        }
        if (could_ride(scene, material))
            claim(plan, picture_of(scene, &material->metallic_roughness_texture),
                  picture_of(scene, &material->occlusion_texture));
    }
    for (uint32_t i = 0; i < scene->image_count; i++)
        if (plan->occlusion[i] == CONFLICT)
            plan->occlusion[i] = TD_NONE;
}

static void plan_material(const td_scene *scene, tdi_texture_plan *plan, uint32_t index)
{
    struct tdi_material *material = &plan->materials[index];
    *material = scene->materials[index].data;
    if (could_ride(scene, material) &&
        plan->occlusion[picture_of(scene, &material->metallic_roughness_texture)] ==
            picture_of(scene, &material->occlusion_texture))
        material->flags |= TDI_MATERIAL_OCCLUSION_IN_MR;
    if (material->flags & TDI_MATERIAL_OCCLUSION_IN_MR)
        material->occlusion_texture.texture = TDI_TEXTURE_NONE;
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        const uint32_t picture =
            picture_of(scene, tdi_material_texture_of(material, scene->more, i));
        if (picture != TD_NONE)
            plan->readings[picture] |=
                tdi_material_textures[i].srgb ? TDI_IMAGE_USED_SRGB : TDI_IMAGE_USED_LINEAR;
    }
}

td_result tdi_texture_plan_make(const td_scene *scene, tdi_texture_plan *out)
{
    *out = (tdi_texture_plan){
        .materials = tdi_alloc_zero((size_t)scene->material_count + 1, sizeof *out->materials),
        .readings = tdi_alloc_zero((size_t)scene->image_count + 1, sizeof *out->readings),
        .occlusion = tdi_alloc_zero((size_t)scene->image_count + 1, sizeof *out->occlusion),
    };
    if (!out->materials || !out->readings || !out->occlusion)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < scene->image_count; i++)
        out->occlusion[i] = TD_NONE;
    find_riders(scene, out);
    for (uint32_t i = 0; i < scene->material_count; i++)
        plan_material(scene, out, i);
    return TD_OK;
}

void tdi_texture_plan_free(tdi_texture_plan *plan)
{
    tdi_free(plan->materials);
    tdi_free(plan->readings);
    tdi_free(plan->occlusion);
    *plan = (tdi_texture_plan){0};
}

static uint64_t sum_readings(const td_scene *scene, const tdi_texture_plan *plan)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < scene->image_count; i++) {
        const tdi_image *image = &scene->images[i];
        const uint64_t texels = tdi_mip_offset(image->width, image->height, image->levels);
        if (plan->readings[i] & TDI_IMAGE_USED_SRGB)
            bytes += texels;
        if (plan->readings[i] & TDI_IMAGE_USED_LINEAR)
            bytes += texels;
    }
    return bytes;
}

td_result tdi_texture_plan_measure(const td_scene *scene, uint64_t *bytes)
{
    tdi_texture_plan plan;
    const td_result result = tdi_texture_plan_make(scene, &plan);
    *bytes = result == TD_OK ? sum_readings(scene, &plan) : 0;
    tdi_texture_plan_free(&plan);
    return result;
}

uint8_t *tdi_texture_plan_compose(const tdi_image *picture, const tdi_image *occlusion,
                                  size_t offset)
{
    const size_t bytes = picture->pixel_bytes - offset;
    uint8_t *texels = tdi_alloc(bytes);
    if (!texels)
        return NULL;
    for (size_t i = 0; i < bytes; i += 4) {
        memcpy(texels + i, picture->pixels + offset + i, 4);
        texels[i] = occlusion->pixels[offset + i];
    }
    return texels;
}
