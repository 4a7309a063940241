/** @file
 * Materials: the metallic-roughness model of glTF 2.0, and what its extensions put on top.
 *
 * A material is made of a base and of lobes that are each a struct of their own. A lobe whose
 * factor is 0 costs nothing, and its textures are not taken to a device. Factors are multiplied
 * with the textures, as in glTF. docs/concepts/materials.md says which formulas are meant.
 */
#ifndef TANDEM_MATERIAL_H
#define TANDEM_MATERIAL_H

#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A texture of a material. */
typedef struct td_texture_use {
    uint32_t texture;  /**< Index plus one; 0: none. */
    uint32_t texcoord; /**< Texture coordinate set, 0 or 1. */
    float offset[2];   /**< KHR_texture_transform. */
    float rotation;    /**< KHR_texture_transform, radians, counter-clockwise. */
    float scale[2];    /**< KHR_texture_transform; (0, 0) means (1, 1). */
} td_texture_use;

/** How coverage follows from alpha. */
typedef enum td_alpha_mode {
    TD_ALPHA_OPAQUE = 0, /**< Alpha is ignored. */
    TD_ALPHA_MASK = 1,   /**< There where alpha is at least the cutoff. */
    TD_ALPHA_BLEND = 2,  /**< Drawn as a mask at 0.5 so far. */
} td_alpha_mode;

/** What a dielectric mirrors (KHR_materials_specular): scales what follows from the index of
 * refraction. Metals are as they are without it. */
typedef struct td_material_specular {
    float factor;                 /**< 0 to 1; default 1. */
    float color[3];               /**< Linear, of what is mirrored head-on; default white. */
    td_texture_use texture;       /**< The factor in A. */
    td_texture_use color_texture; /**< sRGB. */
} td_material_specular;

/** A clear coat over everything else (KHR_materials_clearcoat), of the index of refraction 1.5. */
typedef struct td_material_clearcoat {
    float factor;                     /**< 0 to 1; default 0: none. */
    float roughness;                  /**< 0 to 1; default 0. */
    float normal_scale;               /**< Scales X and Y of the normal texture; default 1. */
    td_texture_use texture;           /**< The factor in R. */
    td_texture_use roughness_texture; /**< The roughness in G. */
    td_texture_use normal_texture;    /**< Tangent space. None: the coat is as smooth as the mesh,
                                           whatever the normal texture of the base. */
} td_material_clearcoat;

/** The shine of cloth at grazing angles (KHR_materials_sheen). */
typedef struct td_material_sheen {
    float color[3];                   /**< Linear, 0 to 1; default black: none. */
    float roughness;                  /**< 0 to 1; default 0. */
    td_texture_use color_texture;     /**< sRGB. */
    td_texture_use roughness_texture; /**< The roughness in A. */
} td_material_sheen;

/** Reflections that are longer one way than the other (KHR_materials_anisotropy). */
typedef struct td_material_anisotropy {
    float strength;         /**< 0 to 1; default 0: none. */
    float rotation;         /**< Of the direction, radians, counter-clockwise from the tangent. */
    td_texture_use texture; /**< The direction in R and G (from -1 to 1), the strength in B. */
} td_material_anisotropy;

/** A thin film (KHR_materials_iridescence). */
typedef struct td_material_iridescence {
    float factor;                     /**< 0 to 1; default 0: none. */
    float ior;                        /**< Of the film, at least 1; default 1.3. */
    float thickness_min;              /**< Nanometres where the texture is 0; default 100. */
    float thickness_max;              /**< Nanometres where it is 1, or without one; default 400. */
    td_texture_use texture;           /**< The factor in R. */
    td_texture_use thickness_texture; /**< The thickness in G. */
} td_material_iridescence;

/** Light that goes through the surface (KHR_materials_transmission, KHR_materials_volume): from the
 * next opaque surface straight behind it, or from the environment. Transmissive surfaces behind it
 * are not seen. */
typedef struct td_material_transmission {
    float factor;                     /**< 0 to 1; default 0: none. */
    float thickness;                  /**< Of the body below the surface in units of the mesh;
                                           default 0: the surface is a thin wall. */
    float attenuation_distance;       /**< After which light has the attenuation colour, metres;
                                           0, the default: infinite. */
    float attenuation_color[3];       /**< Linear, 0 to 1; default white. */
    td_texture_use texture;           /**< The factor in R. */
    td_texture_use thickness_texture; /**< The thickness in G. */
} td_material_transmission;

/** The model of old files (KHR_materials_pbrSpecularGlossiness), in place of metallic-roughness:
 * the base colour is then the diffuse colour, and the members `metallic`, `roughness` and
 * `metallic_roughness_texture` are not looked at. */
typedef struct td_material_glossiness {
    bool used;              /**< Default false: the model is metallic-roughness. */
    float specular[3];      /**< Linear, of what is mirrored head-on, 0 to 1; default white. */
    float factor;           /**< 0 (rough) to 1 (smooth); default 1. */
    td_texture_use texture; /**< Specular colour in RGB (sRGB), glossiness in A (linear). */
} td_material_glossiness;

/** What a material can have beyond the metallic-roughness model, a bit each. */
typedef enum td_lobe {
    TD_LOBE_SPECULAR = 1,      /**< td_material_params::ior or td_material_params::specular. */
    TD_LOBE_GLOSSINESS = 2,    /**< td_material_params::glossiness. */
    TD_LOBE_CLEARCOAT = 4,     /**< td_material_params::clearcoat. */
    TD_LOBE_SHEEN = 8,         /**< td_material_params::sheen. */
    TD_LOBE_ANISOTROPY = 16,   /**< td_material_params::anisotropy. */
    TD_LOBE_IRIDESCENCE = 32,  /**< td_material_params::iridescence. */
    TD_LOBE_TRANSMISSION = 64, /**< td_material_params::transmission. */
} td_lobe;

/** A material. Fill it with td_material_defaults first: zero factors are black. */
typedef struct td_material_params {
    float base_color[4];               /**< Linear RGBA. */
    float metallic;                    /**< 0 to 1. */
    float roughness;                   /**< 0 to 1. */
    float emissive[3];                 /**< Linear radiance. */
    float normal_scale;                /**< Scales X and Y of the normal texture. */
    float occlusion_strength;          /**< 0 to 1. */
    float alpha_cutoff;                /**< For ::TD_ALPHA_MASK. */
    td_alpha_mode alpha_mode;          /**< Opaque, mask or blend. */
    bool double_sided;                 /**< Back faces are drawn too, with flipped normals. */
    bool unlit;                        /**< KHR_materials_unlit: base colour only. */
    td_texture_use base_color_texture; /**< sRGB colour, linear alpha. */
    td_texture_use metallic_roughness_texture; /**< Roughness in G, metallic in B. */
    td_texture_use normal_texture;             /**< Tangent space. */
    td_texture_use occlusion_texture;          /**< R. */
    td_texture_use emissive_texture;           /**< sRGB. */
    float ior; /**< Index of refraction (KHR_materials_ior), at least 1, or 0: everything is
                    mirrored; default 1.5. */
    td_material_specular specular;         /**< What a dielectric mirrors. */
    td_material_clearcoat clearcoat;       /**< A coat. */
    td_material_sheen sheen;               /**< Cloth. */
    td_material_anisotropy anisotropy;     /**< Brushed surfaces. */
    td_material_iridescence iridescence;   /**< A thin film. */
    td_material_transmission transmission; /**< Glass. */
    td_material_glossiness glossiness;     /**< Another model for the base. */
    const char *name;                      /**< May be NULL. */
} td_material_params;

/** Sets glTF's defaults: white, metallic 1, roughness 1, opaque, cutoff 0.5, and for each lobe what
 * its struct says. Thread-safe. */
TD_API void td_material_defaults(td_material_params *params);

#ifdef __cplusplus
}
#endif
#endif
