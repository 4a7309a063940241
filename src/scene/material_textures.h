/* The textures that a material can have, as a table: whoever does something with all of them goes
 * through it, so that a texture added here is loaded, planned, kept on the device and written like
 * any other. */
#ifndef TDI_SCENE_MATERIAL_TEXTURES_H
#define TDI_SCENE_MATERIAL_TEXTURES_H

#include <stddef.h>

#include <tandem/scene.h>

#include "scene_data.h"

#define TDI_MATERIAL_TEXTURES 18

typedef struct tdi_material_texture {
    const char *name; /* of the member of td_material_params */
    uint32_t lobe;    /* TDI_LOBE_ bit that it belongs to; 0: the base, in tdi_material */
    bool srgb;
    bool tangents;    /* what it says is relative to the tangent */
    size_t use;       /* offset of the td_texture_use in td_material_params */
    size_t reference; /* offset of the tdi_texture_ref in tdi_material or tdi_material_more */
} tdi_material_texture;

extern const tdi_material_texture tdi_material_textures[TDI_MATERIAL_TEXTURES];

static inline const td_texture_use *tdi_material_use(const td_material_params *params,
                                                     uint32_t which)
{
    const char *base = (const char *)params;
    return (const td_texture_use *)(const void *)(base + tdi_material_textures[which].use);
}

/* The reference of a material with that part of it, which is NULL for a plain material. NULL if it
 * has no place for such a texture. */
static inline struct tdi_texture_ref *tdi_material_reference(struct tdi_material *material,
                                                             struct tdi_material_more *more,
                                                             uint32_t which)
{
    const tdi_material_texture *texture = &tdi_material_textures[which];
    char *base = texture->lobe ? (char *)more : (char *)material;
    return base ? (struct tdi_texture_ref *)(void *)(base + texture->reference) : NULL;
}

/* The same of an array of all such parts, to be read. */
static inline const struct tdi_texture_ref *
tdi_material_texture_of(const struct tdi_material *material, const struct tdi_material_more *all,
                        uint32_t which)
{
    const tdi_material_texture *texture = &tdi_material_textures[which];
    const char *base = (const char *)material;
    if (texture->lobe)
        base = material->more != TDI_MATERIAL_PLAIN ? (const char *)&all[material->more] : NULL;
    return base ? (const struct tdi_texture_ref *)(const void *)(base + texture->reference) : NULL;
}

#endif
