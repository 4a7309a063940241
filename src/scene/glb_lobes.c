#include "scene/glb_lobes.h"

#include "scene/glb_texture.h"

static void set_number(tdi_glb *glb, json_t *object, const char *key, float value)
{
    tdi_glb_set(glb, object, key, json_real((double)value));
}

static void set_color(tdi_glb *glb, json_t *object, const char *key, const float color[3])
{
    tdi_glb_set(glb, object, key, tdi_glb_numbers(color, 3));
}

static void set_texture(tdi_glb *glb, json_t *object, const char *key, const td_texture_use *use)
{
    tdi_glb_set_texture(glb, object, key, use, NULL, 0.0f);
}

static void set_specular(tdi_glb *glb, json_t *material, const td_material_specular *p)
{
    json_t *object = json_object();
    set_number(glb, object, "specularFactor", p->factor);
    set_color(glb, object, "specularColorFactor", p->color);
    set_texture(glb, object, "specularTexture", &p->texture);
    set_texture(glb, object, "specularColorTexture", &p->color_texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_specular", object);
}

static void set_clearcoat(tdi_glb *glb, json_t *material, const td_material_clearcoat *p)
{
    json_t *object = json_object();
    set_number(glb, object, "clearcoatFactor", p->factor);
    set_number(glb, object, "clearcoatRoughnessFactor", p->roughness);
    set_texture(glb, object, "clearcoatTexture", &p->texture);
    set_texture(glb, object, "clearcoatRoughnessTexture", &p->roughness_texture);
    tdi_glb_set_texture(glb, object, "clearcoatNormalTexture", &p->normal_texture, "scale",
                        p->normal_scale);
    tdi_glb_set_extension(glb, material, "KHR_materials_clearcoat", object);
}

static void set_sheen(tdi_glb *glb, json_t *material, const td_material_sheen *p)
{
    json_t *object = json_object();
    set_color(glb, object, "sheenColorFactor", p->color);
    set_number(glb, object, "sheenRoughnessFactor", p->roughness);
    set_texture(glb, object, "sheenColorTexture", &p->color_texture);
    set_texture(glb, object, "sheenRoughnessTexture", &p->roughness_texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_sheen", object);
}

static void set_anisotropy(tdi_glb *glb, json_t *material, const td_material_anisotropy *p)
{
    json_t *object = json_object();
    set_number(glb, object, "anisotropyStrength", p->strength);
    set_number(glb, object, "anisotropyRotation", p->rotation);
    set_texture(glb, object, "anisotropyTexture", &p->texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_anisotropy", object);
}

static void set_iridescence(tdi_glb *glb, json_t *material, const td_material_iridescence *p)
{
    json_t *object = json_object();
    set_number(glb, object, "iridescenceFactor", p->factor);
    set_number(glb, object, "iridescenceIor", p->ior);
    set_number(glb, object, "iridescenceThicknessMinimum", p->thickness_min);
    set_number(glb, object, "iridescenceThicknessMaximum", p->thickness_max);
    set_texture(glb, object, "iridescenceTexture", &p->texture);
    set_texture(glb, object, "iridescenceThicknessTexture", &p->thickness_texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_iridescence", object);
}

static void set_transmission(tdi_glb *glb, json_t *material, const td_material_transmission *p)
{
    json_t *object = json_object();
    set_number(glb, object, "transmissionFactor", p->factor);
    set_texture(glb, object, "transmissionTexture", &p->texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_transmission", object);
}

static void set_volume(tdi_glb *glb, json_t *material, const td_material_transmission *p)
{
    json_t *object = json_object();
    set_number(glb, object, "thicknessFactor", p->thickness);
    if (p->attenuation_distance > 0.0f)
        set_number(glb, object, "attenuationDistance", p->attenuation_distance);
    set_color(glb, object, "attenuationColor", p->attenuation_color);
    set_texture(glb, object, "thicknessTexture", &p->thickness_texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_volume", object);
}

static void set_glossiness(tdi_glb *glb, json_t *material, const td_material_params *p)
{
    json_t *object = json_object();
    tdi_glb_set(glb, object, "diffuseFactor", tdi_glb_numbers(p->base_color, 4));
    set_color(glb, object, "specularFactor", p->glossiness.specular);
    set_number(glb, object, "glossinessFactor", p->glossiness.factor);
    set_texture(glb, object, "diffuseTexture", &p->base_color_texture);
    set_texture(glb, object, "specularGlossinessTexture", &p->glossiness.texture);
    tdi_glb_set_extension(glb, material, "KHR_materials_pbrSpecularGlossiness", object);
}

static bool is_usual(const td_material_specular *p)
{
    return p->factor == 1.0f && p->color[0] == 1.0f && p->color[1] == 1.0f && p->color[2] == 1.0f &&
           p->texture.texture == 0 && p->color_texture.texture == 0;
}

static bool has_color(const float color[3])
{
    return color[0] != 0.0f || color[1] != 0.0f || color[2] != 0.0f;
}

/* Members that say nothing while their lobe is not at work are not kept. */
void tdi_glb_set_lobes(tdi_glb *glb, json_t *material, const td_material_params *params)
{
    td_material_params usual;
    td_material_defaults(&usual);
    if (params->ior != usual.ior) {
        json_t *object = json_object();
        set_number(glb, object, "ior", params->ior);
        tdi_glb_set_extension(glb, material, "KHR_materials_ior", object);
    }
    if (!is_usual(&params->specular))
        set_specular(glb, material, &params->specular);
    if (params->clearcoat.factor > 0.0f)
        set_clearcoat(glb, material, &params->clearcoat);
    if (has_color(params->sheen.color))
        set_sheen(glb, material, &params->sheen);
    if (params->anisotropy.strength > 0.0f)
        set_anisotropy(glb, material, &params->anisotropy);
    if (params->iridescence.factor > 0.0f)
        set_iridescence(glb, material, &params->iridescence);
    if (params->transmission.factor > 0.0f) {
        set_transmission(glb, material, &params->transmission);
        if (params->transmission.thickness > 0.0f)
            set_volume(glb, material, &params->transmission);
    }
    if (params->glossiness.used)
        set_glossiness(glb, material, params);
}
