/* What the visibility passes hand on. */
#ifndef LISTS_GLSL
#define LISTS_GLSL

#include "frame.glsl"
#include "list_data.h"

const int BIN = 32; /* pixels across: what raster_large.comp can draw */

/* A visible cluster is one uint: cluster instance, view above. */
uint pack_visible(uint cluster_instance, uint view)
{
    return cluster_instance | view << TDI_CLUSTER_BITS;
}

/* The lists share one buffer: opaque clusters lie before masked ones; in each part those to be
 * clipped grow from the end. */
uint visible_slot(uint list, uint index)
{
    uint masked = FRAME.masked_instance_count * FRAME.view_count;
    uint opaque = FRAME.cluster_instance_count * FRAME.view_count - masked;
    uint first = (list & TDI_LIST_MASKED) != 0u ? opaque : 0u;
    uint count = (list & TDI_LIST_MASKED) != 0u ? masked : opaque;
    return (list & TDI_LIST_CLIP) != 0u ? first + count - 1u - index : first + index;
}

#endif
