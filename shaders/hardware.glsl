/* What the hardware rasteriser's shaders share.
 *
 * Clip space is that of the image, not of the tile: coordinates in the viewport are multiples of
 * 1/256 pixel and the viewport's side is a power of two, so that getting there and back is exact,
 * and what lies outside, and is clipped in compute, does not depend on the tile. */
#ifndef HARDWARE_GLSL
#define HARDWARE_GLSL

#include "frame.glsl"

layout(constant_id = 4) const uint INSTANCES = 1; /* a cluster: one, or one for each sample */
/* Clusters that reach further from the middle, in 1/256 pixel, are clipped in compute. */
layout(constant_id = 5) const float REACH = 4193792.0;
layout(constant_id = 6) const float SCALE = 1.0 / 4194304.0; /* from 1/256 pixel to the viewport */

/* 1/256 pixel. */
ivec2 viewport_center()
{
    return 256 * (ivec2(FRAME.image_width, FRAME.image_height) / 2);
}

#endif
