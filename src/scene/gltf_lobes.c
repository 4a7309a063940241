#include "scene/gltf_lobes.h"

#include <float.h>

#include "scene/gltf_texture.h"

/* An extension of a material while it is being read. */
typedef struct extension {
    tdi_gltf *gltf;
    tdi_json link, at;
} extension;

/* False where the material does not have it, or it is wrong: then `*result` says so. */
static bool open_extension(tdi_gltf *gltf, const tdi_json *material, const char *name,
                           extension *out, td_result *result)
{
    out->gltf = gltf;
    *result = tdi_json_get_extension(material, name, &out->link, &out->at);
    return *result == TD_OK && out->at.value != NULL;
}

static td_result keep_within(tdi_gltf *gltf, const tdi_json *at, float low, float high,
                             float *value)
{
    const float nearest = *value < low ? low : *value > high ? high : *value;
    if (nearest == *value)
        return TD_OK;
    const double was = (double)*value;
    *value = nearest;
    return tdi_scene_note(gltf->scene, tdi_json_sentence(at, "%g is outside the range: %g is used",
                                                         was, (double)nearest));
}

static td_result read_number(extension *from, const char *key, float low, float high, float *out)
{
    const tdi_json at = tdi_json_member(&from->at, key);
    TDI_TRY(tdi_json_get_float(&from->at, key, out));
    return keep_within(from->gltf, &at, low, high, out);
}

static td_result read_unit(extension *from, const char *key, float *out)
{
    return read_number(from, key, 0.0f, 1.0f, out);
}

static td_result read_color(extension *from, const char *key, float high, float out[3])
{
    const tdi_json at = tdi_json_member(&from->at, key);
    TDI_TRY(tdi_json_get_floats(&from->at, key, 3, out, NULL));
    for (size_t i = 0; i < 3; i++) {
        const tdi_json item = tdi_json_item(&at, i);
        TDI_TRY(keep_within(from->gltf, &item, 0.0f, high, &out[i]));
    }
    return TD_OK;
}

static td_result read_texture(extension *from, const char *key, td_texture_use *out)
{
    tdi_json info;
    return tdi_gltf_read_texture(from->gltf, &from->at, key, &info, out);
}

static td_result read_ior(tdi_gltf *gltf, const tdi_json *material, td_material_params *params)
{
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_ior", &e, &result))
        return result;
    TDI_TRY(tdi_json_get_float(&e.at, "ior", &params->ior));
    return params->ior != 0.0f ? read_number(&e, "ior", 1.0f, FLT_MAX, &params->ior) : TD_OK;
}

static td_result read_specular(tdi_gltf *gltf, const tdi_json *material, td_material_params *params)
{
    td_material_specular *out = &params->specular;
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_specular", &e, &result))
        return result;
    TDI_TRY(read_unit(&e, "specularFactor", &out->factor));
    TDI_TRY(read_color(&e, "specularColorFactor", FLT_MAX, out->color));
    TDI_TRY(read_texture(&e, "specularTexture", &out->texture));
    return read_texture(&e, "specularColorTexture", &out->color_texture);
}

static td_result read_clearcoat(tdi_gltf *gltf, const tdi_json *material,
                                td_material_params *params)
{
    td_material_clearcoat *out = &params->clearcoat;
    extension e;
    tdi_json normal;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_clearcoat", &e, &result))
        return result;
    TDI_TRY(read_unit(&e, "clearcoatFactor", &out->factor));
    TDI_TRY(read_unit(&e, "clearcoatRoughnessFactor", &out->roughness));
    TDI_TRY(read_texture(&e, "clearcoatTexture", &out->texture));
    TDI_TRY(read_texture(&e, "clearcoatRoughnessTexture", &out->roughness_texture));
    TDI_TRY(tdi_gltf_read_texture(gltf, &e.at, "clearcoatNormalTexture", &normal,
                                  &out->normal_texture));
    return tdi_json_get_float(&normal, "scale", &out->normal_scale);
}

static td_result read_sheen(tdi_gltf *gltf, const tdi_json *material, td_material_params *params)
{
    td_material_sheen *out = &params->sheen;
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_sheen", &e, &result))
        return result;
    TDI_TRY(read_color(&e, "sheenColorFactor", 1.0f, out->color));
    TDI_TRY(read_unit(&e, "sheenRoughnessFactor", &out->roughness));
    TDI_TRY(read_texture(&e, "sheenColorTexture", &out->color_texture));
    return read_texture(&e, "sheenRoughnessTexture", &out->roughness_texture);
}

static td_result read_anisotropy(tdi_gltf *gltf, const tdi_json *material,
                                 td_material_params *params)
{
    td_material_anisotropy *out = &params->anisotropy;
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_anisotropy", &e, &result))
        return result;
    TDI_TRY(read_unit(&e, "anisotropyStrength", &out->strength));
    TDI_TRY(tdi_json_get_float(&e.at, "anisotropyRotation", &out->rotation));
    return read_texture(&e, "anisotropyTexture", &out->texture);
}

static td_result read_iridescence(tdi_gltf *gltf, const tdi_json *material,
                                  td_material_params *params)
{
    td_material_iridescence *out = &params->iridescence;
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_iridescence", &e, &result))
        return result;
    TDI_TRY(read_unit(&e, "iridescenceFactor", &out->factor));
    TDI_TRY(read_number(&e, "iridescenceIor", 1.0f, FLT_MAX, &out->ior));
    TDI_TRY(read_number(&e, "iridescenceThicknessMinimum", 0.0f, FLT_MAX, &out->thickness_min));
    TDI_TRY(read_number(&e, "iridescenceThicknessMaximum", 0.0f, FLT_MAX, &out->thickness_max));
    TDI_TRY(read_texture(&e, "iridescenceTexture", &out->texture));
    return read_texture(&e, "iridescenceThicknessTexture", &out->thickness_texture);
}

static td_result read_transmission(tdi_gltf *gltf, const tdi_json *material,
                                   td_material_params *params)
{
    td_material_transmission *out = &params->transmission;
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_transmission", &e, &result))
        return result;
    TDI_TRY(read_unit(&e, "transmissionFactor", &out->factor));
    return read_texture(&e, "transmissionTexture", &out->texture);
}

static td_result read_volume(tdi_gltf *gltf, const tdi_json *material, td_material_params *params)
{
    td_material_transmission *out = &params->transmission;
    extension e;
    td_result result;
    if (!open_extension(gltf, material, "KHR_materials_volume", &e, &result))
        return result;
    TDI_TRY(read_number(&e, "thicknessFactor", 0.0f, FLT_MAX, &out->thickness));
    TDI_TRY(read_number(&e, "attenuationDistance", 0.0f, FLT_MAX, &out->attenuation_distance));
    TDI_TRY(read_color(&e, "attenuationColor", 1.0f, out->attenuation_color));
    return read_texture(&e, "thicknessTexture", &out->thickness_texture);
}

td_result tdi_gltf_read_lobes(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    TDI_TRY(read_ior(gltf, at, params));
    TDI_TRY(read_specular(gltf, at, params));
    TDI_TRY(read_clearcoat(gltf, at, params));
    TDI_TRY(read_sheen(gltf, at, params));
    TDI_TRY(read_anisotropy(gltf, at, params));
    TDI_TRY(read_iridescence(gltf, at, params));
    TDI_TRY(read_transmission(gltf, at, params));
    return read_volume(gltf, at, params);
}

td_result tdi_gltf_read_glossiness(tdi_gltf *gltf, const tdi_json *at, td_material_params *params)
{
    td_material_glossiness *out = &params->glossiness;
    extension e;
    td_result result;
    if (!open_extension(gltf, at, "KHR_materials_pbrSpecularGlossiness", &e, &result))
        return result;
    out->used = true;
    TDI_TRY(tdi_json_get_floats(&e.at, "diffuseFactor", 4, params->base_color, NULL));
    TDI_TRY(read_color(&e, "specularFactor", 1.0f, out->specular));
    TDI_TRY(read_unit(&e, "glossinessFactor", &out->factor));
    TDI_TRY(read_texture(&e, "diffuseTexture", &params->base_color_texture));
    return read_texture(&e, "specularGlossinessTexture", &out->texture);
}
