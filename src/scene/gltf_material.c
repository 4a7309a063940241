#include "scene/gltf_material.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/gltf_image.h"

static float clamp(float value, float lowest, float highest)
{
    return fminf(fmaxf(value, lowest), highest);
}

static td_result read_transform(const tdi_json *info, td_texture_use *use)
{
    tdi_json link, extension;
    TDI_TRY(tdi_json_get_extension(info, "KHR_texture_transform", &link, &extension));
    if (extension.value == NULL)
        return TD_OK;
    use->scale[0] = 1.0f;
    use->scale[1] = 1.0f;
    TDI_TRY(tdi_json_get_floats(&extension, "offset", 2, use->offset, NULL));
    TDI_TRY(tdi_json_get_floats(&extension, "scale", 2, use->scale, NULL));
    TDI_TRY(tdi_json_get_float(&extension, "rotation", &use->rotation));
    return tdi_json_get_u32(&extension, "texCoord", &use->texcoord);
}

/* Reads textureInfo `key`; absent leaves `use` empty. `info` is given to hold the place. */
static td_result read_texture(tdi_gltf *gltf, const tdi_json *owner, const char *key,
                              tdi_json *info, td_texture_use *use)
{
    uint32_t index, texture;
    TDI_TRY(tdi_json_get_object(owner, key, info));
    if (info->value == NULL)
        return TD_OK;
    TDI_TRY(tdi_json_require(info, "index"));
    TDI_TRY(tdi_json_get_index(info, "index", tdi_gltf_count(&gltf->arrays.textures), "texture",
                               &index));
    TDI_TRY(tdi_json_get_u32(info, "texCoord", &use->texcoord));
    TDI_TRY(read_transform(info, use));
    if (use->texcoord > 1) {
        TDI_TRY(tdi_scene_note(gltf->scene,
                               tdi_format("texture coordinate set %u is not supported: set 0 is "
                                          "used instead",
                                          use->texcoord)));
        use->texcoord = 0;
    }
    TDI_TRY(tdi_gltf_take_texture(gltf, index, &texture));
    use->texture = texture != TD_NONE ? texture + 1 : 0;
    return TD_OK;
}

static td_result read_metallic_roughness(tdi_gltf *gltf, const tdi_json *at,
                                         td_material_params *params)
{
    tdi_json pbr, info;
    TDI_TRY(tdi_json_get_object(at, "pbrMetallicRoughness", &pbr));
    TDI_TRY(tdi_json_get_floats(&pbr, "baseColorFactor", 4, params->base_color, NULL));
    TDI_TRY(tdi_json_get_float(&pbr, "metallicFactor", &params->metallic));
    TDI_TRY(tdi_json_get_float(&pbr, "roughnessFactor", &params->roughness));
    params->metallic = clamp(params->metallic, 0.0f, 1.0f);
    params->roughness = clamp(params->roughness, 0.0f, 1.0f);
    TDI_TRY(read_texture(gltf, &pbr, "baseColorTexture", &info, &params->base_color_texture));
    return read_texture(gltf, &pbr, "metallicRoughnessTexture", &info,
                        &params->metallic_roughness_texture);
}

static td_result read_other_textures(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    tdi_json normal, occlusion, emissive;
    TDI_TRY(read_texture(gltf, at, "normalTexture", &normal, &params->normal_texture));
    TDI_TRY(tdi_json_get_float(&normal, "scale", &params->normal_scale));
    TDI_TRY(read_texture(gltf, at, "occlusionTexture", &occlusion, &params->occlusion_texture));
    TDI_TRY(tdi_json_get_float(&occlusion, "strength", &params->occlusion_strength));
    params->occlusion_strength = clamp(params->occlusion_strength, 0.0f, 1.0f);
    return read_texture(gltf, at, "emissiveTexture", &emissive, &params->emissive_texture);
}

static td_result read_alpha(const tdi_json *at, td_material_params *params)
{
    const char *mode = "OPAQUE";
    TDI_TRY(tdi_json_get_string(at, "alphaMode", &mode));
    TDI_TRY(tdi_json_get_float(at, "alphaCutoff", &params->alpha_cutoff));
    tdi_json member = tdi_json_member(at, "alphaMode");
    if (strcmp(mode, "OPAQUE") == 0)
        params->alpha_mode = TD_ALPHA_OPAQUE;
    else if (strcmp(mode, "MASK") == 0)
        params->alpha_mode = TD_ALPHA_MASK;
    else if (strcmp(mode, "BLEND") == 0)
        params->alpha_mode = TD_ALPHA_BLEND;
    else
        return tdi_json_fail(&member, "\"%.40s\" is not an alpha mode", mode);
    return TD_OK;
}

static td_result read_extensions(const tdi_json *at, td_material_params *params)
{
    tdi_json link, unlit, strength;
    float factor = 1.0f;
    TDI_TRY(tdi_json_get_extension(at, "KHR_materials_unlit", &link, &unlit));
    params->unlit = unlit.value != NULL;
    TDI_TRY(tdi_json_get_extension(at, "KHR_materials_emissive_strength", &link, &strength));
    TDI_TRY(tdi_json_get_float(&strength, "emissiveStrength", &factor));
    for (int i = 0; i < 3; i++) {
        params->emissive[i] *= factor;
        if (!isfinite(params->emissive[i]))
            return tdi_json_fail(&strength, "the emissive radiance is too large");
    }
    return TD_OK;
}

static td_result read_material(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    td_material_defaults(params);
    TDI_TRY(tdi_json_get_string(at, "name", &params->name));
    TDI_TRY(read_metallic_roughness(gltf, at, params));
    TDI_TRY(read_other_textures(gltf, at, params));
    TDI_TRY(tdi_json_get_floats(at, "emissiveFactor", 3, params->emissive, NULL));
    TDI_TRY(tdi_json_get_bool(at, "doubleSided", &params->double_sided));
    TDI_TRY(read_alpha(at, params));
    TDI_TRY(read_extensions(at, params));
    if (params->alpha_mode == TD_ALPHA_BLEND)
        return tdi_scene_note(gltf->scene,
                              tdi_strdup("blended surfaces are drawn as masks at 0.5"));
    return TD_OK;
}

td_result tdi_gltf_read_materials(tdi_gltf *gltf)
{
    const tdi_json *array = &gltf->arrays.materials;
    for (size_t i = 0; i < tdi_gltf_count(array); i++) {
        tdi_json at;
        td_material_params params;
        TDI_TRY(tdi_json_get_item(array, i, &at));
        TDI_TRY(read_material(gltf, &at, &params));
        TDI_TRY(td_scene_add_material(gltf->scene, &params, NULL));
    }
    return TD_OK;
}
