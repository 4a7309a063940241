/* What the passes of one submission read: written by the host into one buffer, once for each
 * submission and tile. Scalar layout; 64-bit addresses first, so C and GLSL agree. */
#ifndef TDI_FRAME_DATA_H
#define TDI_FRAME_DATA_H

#include "scene_data.h"

#define TDI_ADDRESS uint64_t

#define TDI_VIEW_ORTHOGRAPHIC 1u

/* One view. Clip space is that of the whole image; x and y are already scaled to 1/256 pixel:
 * snapped x = round(clip.x / clip.w), with y down. Depth d = clip.z / clip.w is 1 at the near plane
 * and falls: near / distance (perspective, reversed infinite), linear (orthographic). */
struct tdi_view {
    TDI_FLOAT clip[16];  /* world to clip, four rows of four: x, y, z, w */
    TDI_FLOAT world[12]; /* camera to world, three rows of four */
    TDI_FLOAT near_plane;
    TDI_FLOAT far_plane; /* infinite: 0 */
    TDI_FLOAT depth_min; /* samples with d below are beyond the far plane */
    TDI_UINT flags;
};

struct tdi_frame {
    TDI_ADDRESS clusters;
    TDI_ADDRESS triangles;
    TDI_ADDRESS positions;
    TDI_ADDRESS normals;
    TDI_ADDRESS tangents;
    TDI_ADDRESS texcoords0;
    TDI_ADDRESS texcoords1;
    TDI_ADDRESS colors;
    TDI_ADDRESS surfaces;
    TDI_ADDRESS materials;
    TDI_ADDRESS more; /* struct tdi_material_more[]; 0 if all materials are plain */
    TDI_ADDRESS instances;
    TDI_ADDRESS cluster_instances;
    TDI_ADDRESS views;  /* struct tdi_view[view_count] */
    TDI_ADDRESS lights; /* struct tdi_punctual_light[light_count] */

    TDI_UINT image_width, image_height;
    TDI_UINT tile_x, tile_y, tile_width, tile_height; /* in the image */
    TDI_UINT first_row, rows; /* of the image, that the result has; tiles lie within */
    TDI_UINT view_count;
    TDI_UINT light_count;
    TDI_UINT cluster_instance_count;
    TDI_UINT masked_instance_count; /* how many of them have a masked surface */

    /* Where the outputs of a view lie in the readback slot, in 4-byte words. */
    TDI_UINT view_words;
    TDI_UINT color_word, depth_word, object_word;
    TDI_UINT outputs;

    TDI_UINT tonemap;
    TDI_FLOAT exposure;           /* a factor */
    TDI_FLOAT light_direction[3]; /* to the light, normalised, world */
    TDI_FLOAT light_color[3];
    TDI_FLOAT ambient[3];
    TDI_FLOAT background[4];

    /* The environment, if there is one: instead of the light and the ambient. */
    TDI_UINT sky;             /* slot of what is mirrored */
    TDI_UINT sky_behind;      /* it is the background, too */
    TDI_FLOAT sky_roughest;   /* its last level, of roughness 1 */
    TDI_FLOAT sky_turn[2];    /* cosine and sine of its turn around +Y */
    TDI_FLOAT irradiance[54]; /* of 18 terms red, green, blue: scene/environment_map.h */
};

/* Where shading puts the tile of the first view, in 4-byte words of the buffer that it writes. */
struct tdi_output_layout {
    TDI_UINT color_word, depth_word, object_word;
    TDI_UINT row_words;  /* from row to row */
    TDI_UINT view_words; /* from view to view */
};

#endif
