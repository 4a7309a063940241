#include "scene/material.h"

#include <math.h>

#include "scene/image.h"
#include "scene/material_lobes.h"
#include "scene/material_textures.h"
#include "scene/matrix.h"

/* Drawn as a mask: where alpha is at least this. */
#define BLEND_CUTOFF 0.5f

#define TEXTURE_IDENTITY 0x100u /* of tdi_texture_ref.set */

void td_material_defaults(td_material_params *params)
{
    if (params == NULL)
        return;
    *params = (td_material_params){
        .base_color = {1.0f, 1.0f, 1.0f, 1.0f},
        .metallic = 1.0f,
        .roughness = 1.0f,
        .normal_scale = 1.0f,
        .occlusion_strength = 1.0f,
        .alpha_cutoff = 0.5f,
    };
    tdi_lobes_defaults(params);
}

/* Scale, then rotation, then offset. The rotation is counter-clockwise as seen with V downwards:
 * the example of KHR_texture_transform that uses the lower left quarter fixes its sign. */
static void texture_matrix(const td_texture_use *use, float matrix[6])
{
    bool unscaled = use->scale[0] == 0.0f && use->scale[1] == 0.0f;
    float scale_u = unscaled ? 1.0f : use->scale[0];
    float scale_v = unscaled ? 1.0f : use->scale[1];
    float sine = sinf(use->rotation);
    float cosine = cosf(use->rotation);
    matrix[0] = cosine * scale_u;
    matrix[1] = sine * scale_v;
    matrix[2] = use->offset[0];
    matrix[3] = -sine * scale_u;
    matrix[4] = cosine * scale_v;
    matrix[5] = use->offset[1];
}

static bool is_identity(const float matrix[6])
{
    return matrix[0] == 1.0f && matrix[1] == 0.0f && matrix[2] == 0.0f && matrix[3] == 0.0f &&
           matrix[4] == 1.0f && matrix[5] == 0.0f;
}

static struct tdi_texture_ref make_reference(td_scene *scene, const td_texture_use *use,
                                             uint32_t image_use)
{
    struct tdi_texture_ref reference = {.texture = TDI_TEXTURE_NONE, .set = use->texcoord};
    texture_matrix(use, reference.transform);
    if (is_identity(reference.transform))
        reference.set |= TEXTURE_IDENTITY;
    if (use->texture == 0)
        return reference;
    reference.texture = use->texture - 1;
    scene->images[scene->textures[reference.texture].image].uses |= image_use;
    return reference;
}

static td_result check_use(const td_scene *scene, const td_texture_use *use, const char *name)
{
    if (use->texture > scene->texture_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_material: %s is texture %u, but the scene has %u", name,
                        use->texture - 1, scene->texture_count);
    if (use->texcoord > 1)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_material: %s uses texture coordinate set %u; there are 0 "
                        "and 1",
                        name, use->texcoord);
    if (!tdi_all_finite(use->offset, 2) || !tdi_all_finite(use->scale, 2) ||
        !isfinite(use->rotation))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_material: the transform of %s is not finite", name);
    return TD_OK;
}

static td_result check_params(const td_scene *scene, const td_material_params *params)
{
    const float factors[] = {params->metallic, params->roughness, params->normal_scale,
                             params->occlusion_strength, params->alpha_cutoff};
    if (!tdi_all_finite(params->base_color, 4) || !tdi_all_finite(params->emissive, 3) ||
        !tdi_all_finite(factors, 5))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_material: a factor is not finite");
    if ((unsigned)params->alpha_mode > TD_ALPHA_BLEND)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_material: alpha_mode %d does not exist",
                        (int)params->alpha_mode);
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++)
        TDI_TRY(check_use(scene, tdi_material_use(params, i), tdi_material_textures[i].name));
    return tdi_lobes_check(params);
}

static uint32_t surface_flags(const td_material_params *params)
{
    return (params->double_sided ? TDI_SURFACE_DOUBLE_SIDED : 0u) |
           (params->alpha_mode != TD_ALPHA_OPAQUE ? TDI_SURFACE_MASKED : 0u) |
           (params->unlit ? TDI_SURFACE_UNLIT : 0u) |
           (params->transmission.factor > 0.0f && !params->unlit ? TDI_SURFACE_TRANSMISSIVE : 0u);
}

bool tdi_occlusion_beside_roughness(const td_scene *scene, const struct tdi_material *data)
{
    const struct tdi_texture_ref *a = &data->metallic_roughness_texture;
    const struct tdi_texture_ref *b = &data->occlusion_texture;
    if (a->texture == TDI_TEXTURE_NONE || b->texture == TDI_TEXTURE_NONE || a->set != b->set)
        return false;
    for (int i = 0; i < 6; i++) {
        if (a->transform[i] != b->transform[i])
            return false;
    }
    const tdi_texture *s = &scene->textures[a->texture];
    const tdi_texture *t = &scene->textures[b->texture];
    return s->wrap_s == t->wrap_s && s->wrap_t == t->wrap_t && s->mag_filter == t->mag_filter &&
           s->min_filter == t->min_filter && s->mip_filter == t->mip_filter;
}

/* One fetch serves both if the picture is the same too. */
static bool shares_occlusion(const td_scene *scene, const struct tdi_material *data)
{
    return tdi_occlusion_beside_roughness(scene, data) &&
           scene->textures[data->metallic_roughness_texture.texture].image ==
               scene->textures[data->occlusion_texture.texture].image;
}

static void fill_data(const td_material_params *params, struct tdi_material *data)
{
    for (int i = 0; i < 4; i++)
        data->base_color[i] = params->base_color[i];
    for (int i = 0; i < 3; i++)
        data->emissive[i] = params->emissive[i];
    data->metallic = params->metallic;
    data->roughness = params->roughness;
    data->normal_scale = params->normal_scale;
    data->occlusion_strength = params->occlusion_strength;
    data->alpha_cutoff = params->alpha_mode == TD_ALPHA_BLEND ? BLEND_CUTOFF : params->alpha_cutoff;
    data->surface_flags = surface_flags(params);
    data->more = TDI_MATERIAL_PLAIN;
}

/* Textures of lobes that the material does not have are left out, and so is what the model is not
 * made of. */
static bool is_needed(const td_material_params *params, const struct tdi_material_more *more,
                      uint32_t which)
{
    const tdi_material_texture *texture = &tdi_material_textures[which];
    if (texture->lobe)
        return (more->lobes & texture->lobe) != 0;
    return !params->glossiness.used ||
           texture->use != offsetof(td_material_params, metallic_roughness_texture);
}

static void fill_references(td_scene *scene, const td_material_params *params,
                            struct tdi_material *data, struct tdi_material_more *more)
{
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        const bool srgb = tdi_material_textures[i].srgb;
        const td_texture_use none = {0};
        const td_texture_use *use =
            is_needed(params, more, i) ? tdi_material_use(params, i) : &none;
        *tdi_material_reference(data, more, i) =
            make_reference(scene, use, srgb ? TDI_IMAGE_USED_SRGB : TDI_IMAGE_USED_LINEAR);
    }
    data->flags = shares_occlusion(scene, data) ? TDI_MATERIAL_OCCLUSION_IN_MR : 0;
}

/* Makes the mip levels of a texture from memory, now that it is known whether it is sRGB. Pictures
 * of files are prepared by their loader. */
static td_result prepare_texture(td_scene *scene, const struct tdi_texture_ref *reference)
{
    if (reference->texture == TDI_TEXTURE_NONE)
        return TD_OK;
    tdi_image *image = &scene->images[scene->textures[reference->texture].image];
    return image->pixels != NULL ? tdi_image_prepare(image, NULL) : TD_OK;
}

static td_result append_material(td_scene *scene, const char *name, struct tdi_material *data,
                                 const struct tdi_material_more *more, tdi_material_entry **entry)
{
    struct tdi_material_more *kept = NULL;
    if (more->lobes != 0) {
        data->more = scene->more_count;
        TDI_TRY(tdi_scene_new_more(scene, &kept));
        *kept = *more;
    }
    const td_result result = tdi_scene_new_material(scene, name, entry);
    if (result != TD_OK && kept)
        scene->more_count--;
    return result;
}

td_result td_scene_add_material(td_scene *scene, const td_material_params *params,
                                uint32_t *material)
{
    if (scene == NULL || params == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_material: an argument is NULL");
    TDI_TRY(check_params(scene, params));
    struct tdi_material data = {0};
    struct tdi_material_more more = {0};
    fill_data(params, &data);
    tdi_lobes_fill(params, &more);
    fill_references(scene, params, &data, &more);
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++)
        TDI_TRY(prepare_texture(scene, tdi_material_reference(&data, &more, i)));
    tdi_material_entry *entry;
    TDI_TRY(append_material(scene, params->name, &data, &more, &entry));
    entry->data = data;
    entry->params = *params;
    entry->params.name = NULL;
    tdi_scene_changed(scene);
    if (material != NULL)
        *material = scene->material_count - 1;
    return TD_OK;
}

td_result tdi_scene_default_material(td_scene *scene, uint32_t *material)
{
    if (scene->default_material == TD_NONE) {
        td_material_params params;
        td_material_defaults(&params);
        params.name = "default";
        TDI_TRY(td_scene_add_material(scene, &params, &scene->default_material));
    }
    *material = scene->default_material;
    return TD_OK;
}
