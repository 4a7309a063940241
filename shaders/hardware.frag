#version 460
#extension GL_GOOGLE_include_directive : require
#define VARYING in
#include "hardware.glsl"
#include "hardware_data.glsl"
#include "words.glsl"

/* The samples of a pixel that a triangle covers. The hardware has found them; depth, mask and word
 * are those of the compute rasteriser. */

void main()
{
    target to = make_target(identity.x, identity.y >> 7);
    screen_triangle t;
    t.a = t.b = t.c = corner;
    t.depth_a = plane.x;
    t.slope_x = plane.y;
    t.slope_y = plane.z;
    t.depth_min = depths.x;
    t.depth_max = depths.y;
    LOAD_MASK(to.view, identity.y);
    ivec2 pixel = ivec2(gl_FragCoord.xy) + to.low;
    uint left = INSTANCES > 1u ? 1u << identity.z : uint(gl_SampleMaskIn[0]);
    while (left != 0u) {
        uint s = uint(findLSB(left));
        left &= left - 1u;
        ivec2 where = pixel * 256 + sample_offset(s);
        float depth = depth_at(t, where);
        COVER(word_index(to, pixel, s), identity.y, depth, where);
    }
}
