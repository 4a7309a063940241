/* The lists that the visibility passes hand on: one definition for C and GLSL. Scalar layout; every
 * member is a multiple of 4 bytes wide. */
#ifndef TDI_LIST_DATA_H
#define TDI_LIST_DATA_H

#include "scene_data.h"

#define TDI_CULL_GROUP 64     /* invocations of a workgroup of cull */
#define TDI_MAX_GROUPS 65535u /* the least that devices must allow */

/* Lists of visible clusters. */
#define TDI_LIST_PLAIN  0u /* nothing needs clipping */
#define TDI_LIST_CLIP   1u
#define TDI_LIST_MASKED 2u /* added to one of the above */
#define TDI_LIST_COUNT  4u
#define TDI_NO_LIST     0xFFFFFFFFu

/* Lists of pairs of a large triangle and a bin. */
#define TDI_LARGE_OPAQUE 0u
#define TDI_LARGE_MASKED 1u
#define TDI_LARGE_COUNT  2u

/* Arguments of an indirect dispatch, then how many there are. */
struct tdi_dispatch_list {
    TDI_UINT x, y, z;
    TDI_UINT count;
};

/* Arguments of a draw: VkDrawIndirectCommand. */
struct tdi_draw {
    TDI_UINT vertex_count, instance_count;
    TDI_UINT first_vertex, first_instance;
};

struct tdi_large_header {
    TDI_STRUCT tdi_dispatch_list lists[TDI_LARGE_COUNT];
    TDI_UINT triangle_count; /* asked for; those above the capacity are not there */
    TDI_UINT entry_count;    /* of both lists, likewise */
};

#ifdef __STDC__
typedef struct tdi_ivec2 {
    int32_t x, y;
} tdi_ivec2;
#define TDI_IVEC2 tdi_ivec2
#else
#define TDI_IVEC2 ivec2
#endif

/* Snapped, with positive area. */
struct tdi_large_triangle {
    TDI_IVEC2 a, b, c;
    TDI_FLOAT depth_a, depth_b, depth_c;
    TDI_UINT view;
    TDI_UINT word;
};

#endif
