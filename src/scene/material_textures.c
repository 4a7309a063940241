#include "scene/material_textures.h"

#define BASE(member)                                                                               \
    .name = #member, .use = offsetof(td_material_params, member),                                  \
    .reference = offsetof(struct tdi_material, member)
#define MORE(bit, member, target)                                                                  \
    .name = #member, .lobe = (bit), .use = offsetof(td_material_params, member),                   \
    .reference = offsetof(struct tdi_material_more, target)

const tdi_material_texture tdi_material_textures[TDI_MATERIAL_TEXTURES] = {
    {BASE(base_color_texture), .srgb = true},
    {BASE(metallic_roughness_texture)},
    {BASE(normal_texture), .tangents = true},
    {BASE(occlusion_texture)},
    {BASE(emissive_texture), .srgb = true},
    {MORE(TDI_LOBE_DIELECTRIC, specular.texture, specular_texture)},
    {MORE(TDI_LOBE_DIELECTRIC, specular.color_texture, specular_color_texture), .srgb = true},
    {MORE(TDI_LOBE_GLOSSINESS, glossiness.texture, glossiness_texture), .srgb = true},
    {MORE(TDI_LOBE_CLEARCOAT, clearcoat.texture, clearcoat_texture)},
    {MORE(TDI_LOBE_CLEARCOAT, clearcoat.roughness_texture, clearcoat_roughness_texture)},
    {MORE(TDI_LOBE_CLEARCOAT, clearcoat.normal_texture, clearcoat_normal_texture),
     .tangents = true},
    {MORE(TDI_LOBE_SHEEN, sheen.color_texture, sheen_color_texture), .srgb = true},
    {MORE(TDI_LOBE_SHEEN, sheen.roughness_texture, sheen_roughness_texture)},
    {MORE(TDI_LOBE_ANISOTROPY, anisotropy.texture, anisotropy_texture)},
    {MORE(TDI_LOBE_IRIDESCENCE, iridescence.texture, iridescence_texture)},
    {MORE(TDI_LOBE_IRIDESCENCE, iridescence.thickness_texture, iridescence_thickness_texture)},
    {MORE(TDI_LOBE_TRANSMISSION, transmission.texture, transmission_texture)},
    {MORE(TDI_LOBE_TRANSMISSION, transmission.thickness_texture, thickness_texture)},
};
