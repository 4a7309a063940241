#include "scene/material_lobes.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "scene/matrix.h"

/* Of what is left of light after the attenuation distance: none at all would be an infinite
 * coefficient, which times no distance is not a number. */
#define DARKEST 1.0e-6f

#define USUAL_IOR 1.5f

/* What shaders know is what callers are told. */
static_assert((int)TD_LOBE_SPECULAR == TDI_LOBE_DIELECTRIC, "the same bit");
static_assert((int)TD_LOBE_GLOSSINESS == TDI_LOBE_GLOSSINESS, "the same bit");
static_assert((int)TD_LOBE_CLEARCOAT == TDI_LOBE_CLEARCOAT, "the same bit");
static_assert((int)TD_LOBE_SHEEN == TDI_LOBE_SHEEN, "the same bit");
static_assert((int)TD_LOBE_ANISOTROPY == TDI_LOBE_ANISOTROPY, "the same bit");
static_assert((int)TD_LOBE_IRIDESCENCE == TDI_LOBE_IRIDESCENCE, "the same bit");
static_assert((int)TD_LOBE_TRANSMISSION == TDI_LOBE_TRANSMISSION, "the same bit");

void tdi_lobes_defaults(td_material_params *params)
{
    params->ior = USUAL_IOR;
    params->specular = (td_material_specular){.factor = 1.0f, .color = {1.0f, 1.0f, 1.0f}};
    params->clearcoat = (td_material_clearcoat){.normal_scale = 1.0f};
    params->sheen = (td_material_sheen){0};
    params->anisotropy = (td_material_anisotropy){0};
    params->iridescence = (td_material_iridescence){
        .ior = 1.3f,
        .thickness_min = 100.0f,
        .thickness_max = 400.0f,
    };
    params->transmission = (td_material_transmission){.attenuation_color = {1.0f, 1.0f, 1.0f}};
    params->glossiness = (td_material_glossiness){.specular = {1.0f, 1.0f, 1.0f}, .factor = 1.0f};
}

static bool is_white(const float color[3])
{
    return color[0] == 1.0f && color[1] == 1.0f && color[2] == 1.0f;
}

static uint32_t lobes_of(const td_material_params *p)
{
    const td_material_specular *s = &p->specular;
    const float *sheen = p->sheen.color;
    const bool usual = p->ior == USUAL_IOR && s->factor == 1.0f && is_white(s->color) &&
                       s->texture.texture == 0 && s->color_texture.texture == 0;
    if (p->unlit)
        return 0;
    return (!usual && !p->glossiness.used ? TDI_LOBE_DIELECTRIC : 0u) |
           (p->glossiness.used ? TDI_LOBE_GLOSSINESS : 0u) |
           (p->clearcoat.factor > 0.0f ? TDI_LOBE_CLEARCOAT : 0u) |
           (sheen[0] > 0.0f || sheen[1] > 0.0f || sheen[2] > 0.0f ? TDI_LOBE_SHEEN : 0u) |
           (p->anisotropy.strength > 0.0f ? TDI_LOBE_ANISOTROPY : 0u) |
           (p->iridescence.factor > 0.0f ? TDI_LOBE_IRIDESCENCE : 0u) |
           (p->transmission.factor > 0.0f ? TDI_LOBE_TRANSMISSION : 0u);
}

static td_result check_finite(const td_material_params *p)
{
    const float factors[] = {
        p->ior,
        p->specular.factor,
        p->clearcoat.factor,
        p->clearcoat.roughness,
        p->clearcoat.normal_scale,
        p->sheen.roughness,
        p->anisotropy.strength,
        p->anisotropy.rotation,
        p->iridescence.factor,
        p->iridescence.ior,
        p->iridescence.thickness_min,
        p->iridescence.thickness_max,
        p->transmission.factor,
        p->transmission.thickness,
        p->transmission.attenuation_distance,
        p->glossiness.factor,
    };
    if (!tdi_all_finite(factors, sizeof factors / sizeof *factors) ||
        !tdi_all_finite(p->specular.color, 3) || !tdi_all_finite(p->sheen.color, 3) ||
        !tdi_all_finite(p->transmission.attenuation_color, 3) ||
        !tdi_all_finite(p->glossiness.specular, 3))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_material: a value of a lobe is not finite");
    return TD_OK;
}

td_result tdi_lobes_check(const td_material_params *params)
{
    TDI_TRY(check_finite(params));
    if (params->ior != 0.0f && params->ior < 1.0f)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_material: ior is %g; 0 or at least 1 are "
                        "possible",
                        (double)params->ior);
    if (params->iridescence.factor > 0.0f && params->iridescence.ior < 1.0f)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_material: iridescence.ior is %g; at least 1 is possible",
                        (double)params->iridescence.ior);
    return TD_OK;
}

static float clamp_unit(float value)
{
    return fminf(fmaxf(value, 0.0f), 1.0f);
}

static float clamp_positive(float value)
{
    return fmaxf(value, 0.0f);
}

static void fill_attenuation(const td_material_transmission *from, float out[3])
{
    for (int i = 0; i < 3; i++) {
        const float left = fmaxf(clamp_unit(from->attenuation_color[i]), DARKEST);
        out[i] = from->attenuation_distance > 0.0f
                     ? fminf(-logf(left) / from->attenuation_distance, FLT_MAX)
                     : 0.0f;
    }
}

void tdi_lobes_fill(const td_material_params *params, struct tdi_material_more *out)
{
    const td_material_iridescence *film = &params->iridescence;
    const bool glossy = params->glossiness.used;
    out->lobes = lobes_of(params);
    out->ior = params->ior;
    out->specular = clamp_unit(params->specular.factor);
    out->glossiness = clamp_unit(params->glossiness.factor);
    for (int i = 0; i < 3; i++) {
        out->specular_color[i] = glossy ? clamp_unit(params->glossiness.specular[i])
                                        : clamp_positive(params->specular.color[i]);
        out->sheen_color[i] = clamp_unit(params->sheen.color[i]);
    }
    out->clearcoat = clamp_unit(params->clearcoat.factor);
    out->clearcoat_roughness = clamp_unit(params->clearcoat.roughness);
    out->clearcoat_normal_scale = params->clearcoat.normal_scale;
    out->sheen_roughness = clamp_unit(params->sheen.roughness);
    out->anisotropy = clamp_unit(params->anisotropy.strength);
    out->anisotropy_direction[0] = cosf(params->anisotropy.rotation);
    out->anisotropy_direction[1] = sinf(params->anisotropy.rotation);
    out->iridescence = clamp_unit(film->factor);
    out->iridescence_ior = film->ior;
    out->iridescence_thickness[0] = clamp_positive(film->thickness_min);
    out->iridescence_thickness[1] = clamp_positive(film->thickness_max);
    out->transmission = clamp_unit(params->transmission.factor);
    out->thickness = clamp_positive(params->transmission.thickness);
    fill_attenuation(&params->transmission, out->attenuation);
}
