/* What the compute shaders that rasterise share: invocations that each have a triangle. */
#ifndef RASTER_GLSL
#define RASTER_GLSL

#include "words.glsl"

layout(constant_id = 1) const uint WORKGROUP_SIZE = 64;
layout(local_size_x_id = 1) in;

/* Pixels whose sample at `offset` may lie in the triangle. */
void pixel_box(screen_triangle t, target to, ivec2 offset, out ivec2 first, out ivec2 last)
{
    first = max((min(t.a, min(t.b, t.c)) - offset + 255) >> 8, to.low);
    last = min((max(t.a, max(t.b, t.c)) - offset) >> 8, to.high);
}

#endif
