/* Trees of the built-in scenes. */
#ifndef TDI_SCENE_FOLIAGE_H
#define TDI_SCENE_FOLIAGE_H

#include "scene/stage.h"

/* The meshes of one kind of tree; it stands on the origin. */
typedef struct tdi_tree {
    uint32_t trunk;
    uint32_t core;   /* the dark inside of the crown */
    uint32_t leaves; /* masked cards */
} tdi_tree;

typedef struct tdi_tree_kind {
    const char *name;
    uint32_t leaf_color; /* sRGB, 0xRRGGBB */
    uint32_t core_color;
    float trunk_height;
    float crown_radius;
    float crown_height; /* half of it */
    bool conifer;       /* a cone of needles, not a ball of leaves */
    uint32_t cards;     /* quads of leaves */
    uint32_t seed;
} tdi_tree_kind;

/* `bark`: the trunk's material. */
tdi_tree tdi_make_tree(tdi_stage *stage, const tdi_tree_kind *kind, uint32_t bark);
/* A node with the parts below it. */
void tdi_plant_tree(tdi_stage *stage, const tdi_tree *tree, uint32_t parent,
                    const tdi_place *place);
/* A painted material for trunks. */
uint32_t tdi_make_bark(tdi_stage *stage);

#endif
