#include "scene/gltf_material.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/gltf_lobes.h"
#include "scene/gltf_texture.h"

static float clamp(float value, float lowest, float highest)
{
    return fminf(fmaxf(value, lowest), highest);
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
    TDI_TRY(
        tdi_gltf_read_texture(gltf, &pbr, "baseColorTexture", &info, &params->base_color_texture));
    return tdi_gltf_read_texture(gltf, &pbr, "metallicRoughnessTexture", &info,
                                 &params->metallic_roughness_texture);
}

static td_result read_other_textures(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    tdi_json normal, occlusion, emissive;
    TDI_TRY(tdi_gltf_read_texture(gltf, at, "normalTexture", &normal, &params->normal_texture));
    TDI_TRY(tdi_json_get_float(&normal, "scale", &params->normal_scale));
    TDI_TRY(tdi_gltf_read_texture(gltf, at, "occlusionTexture", &occlusion,
                                  &params->occlusion_texture));
    TDI_TRY(tdi_json_get_float(&occlusion, "strength", &params->occlusion_strength));
    params->occlusion_strength = clamp(params->occlusion_strength, 0.0f, 1.0f);
    return tdi_gltf_read_texture(gltf, at, "emissiveTexture", &emissive, &params->emissive_texture);
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

static td_result read_emissive_strength(const tdi_json *at, td_material_params *params)
{
    tdi_json link, strength;
    float factor = 1.0f;
    TDI_TRY(tdi_json_get_extension(at, "KHR_materials_emissive_strength", &link, &strength));
    TDI_TRY(tdi_json_get_float(&strength, "emissiveStrength", &factor));
    for (int i = 0; i < 3; i++) {
        params->emissive[i] *= factor;
        if (!isfinite(params->emissive[i]))
            return tdi_json_fail(&strength, "the emissive radiance is too large");
    }
    return TD_OK;
}

static td_result read_extensions(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    tdi_json link, unlit;
    TDI_TRY(tdi_json_get_extension(at, "KHR_materials_unlit", &link, &unlit));
    params->unlit = unlit.value != NULL;
    TDI_TRY(read_emissive_strength(at, params));
    return tdi_gltf_read_lobes(gltf, at, params);
}

static td_result read_material(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    td_material_defaults(params);
    TDI_TRY(tdi_json_get_string(at, "name", &params->name));
    TDI_TRY(tdi_gltf_read_glossiness(gltf, at, params));
    if (!params->glossiness.used)
        TDI_TRY(read_metallic_roughness(gltf, at, params));
    TDI_TRY(read_other_textures(gltf, at, params));
    TDI_TRY(tdi_json_get_floats(at, "emissiveFactor", 3, params->emissive, NULL));
    TDI_TRY(tdi_json_get_bool(at, "doubleSided", &params->double_sided));
    TDI_TRY(read_alpha(at, params));
    TDI_TRY(read_extensions(gltf, at, params));
    if (params->transmission.factor > 0.0f && !params->unlit)
        TDI_TRY(tdi_scene_note(
            gltf->scene, tdi_strdup("behind a transmissive surface only opaque ones are seen, "
                                    "straight on and sharp")));
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
