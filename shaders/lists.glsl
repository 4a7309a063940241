/* What the visibility passes hand on. */
#ifndef LISTS_GLSL
#define LISTS_GLSL

#include "frame.glsl"

/* Lists of visible clusters. */
#define LIST_PLAIN  0u /* nothing needs clipping */
#define LIST_CLIP   1u
#define LIST_MASKED 2u /* added to one of the above */
#define LIST_COUNT  4u

/* Lists of pairs of a large triangle and a bin. */
#define LARGE_OPAQUE 0u
#define LARGE_MASKED 1u
#define LARGE_COUNT  2u

const int BIN = 32; /* pixels across: what raster_large.comp can draw */

#define MAX_GROUPS 65535u /* the least that devices must allow */

/* Arguments of an indirect dispatch, then how many there are. */
struct dispatch_list {
    uint x, y, z;
    uint count;
};

struct large_triangle {
    ivec2 a, b, c;
    float depth_a, depth_b, depth_c;
    uint view;
    uint word;
};

struct large_header {
    dispatch_list lists[LARGE_COUNT];
    uint triangle_count; /* asked for; those above the capacity are not there */
    uint entry_count;    /* of both lists, likewise */
};

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
    uint first = (list & LIST_MASKED) != 0u ? opaque : 0u;
    uint count = (list & LIST_MASKED) != 0u ? masked : opaque;
    return (list & LIST_CLIP) != 0u ? first + count - 1u - index : first + index;
}

#endif
