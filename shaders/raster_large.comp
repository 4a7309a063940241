#version 460
#extension GL_GOOGLE_include_directive : require
#include "raster.glsl"

/* Draws the parts of large triangles, each in one bin: a workgroup an entry of the list.
 *
 * Samples of one index lie a whole number of pixels apart, so the value of an edge at the first of
 * them, divided by 256 and rounded down, plus whole steps has the sign of the exact value. Over 31
 * pixels the steps of both directions stay below 2^30, so a start beyond that may be set to it. */

layout(binding = 1, scalar) readonly buffer large_lists_buffer
{
    tdi_large_header header;
};
layout(binding = 2, scalar) readonly buffer large_triangles_buffer
{
    tdi_large_triangle large[];
};
layout(binding = 3, scalar) readonly buffer entries_buffer
{
    uvec2 entries[];
};

#ifdef MASKED
#define LARGE_KIND TDI_LARGE_MASKED
#else
#define LARGE_KIND TDI_LARGE_OPAQUE
#endif

const int LANES_ACROSS = 8; /* pixels side by side in a workgroup */

int edge_start(ivec2 from, ivec2 to, ivec2 at)
{
    int64_t value = (edge64(from, to, at) + edge_bias(from, to)) >> 8;
    return int(clamp(value, int64_t(-0x40000000), int64_t(0x3FFFFFFF)));
}

void draw_entry(uvec2 entry)
{
    tdi_large_triangle source = large[entry.x];
    target to = make_target(source.view, source.word >> 7);
    LOAD_MASK(source.view, source.word);
    screen_triangle t;
    t.a = source.a;
    t.b = source.b;
    t.c = source.c;
    t.depth_a = source.depth_a;
    set_depth_plane(t, vec2(source.depth_b, source.depth_c), float(edge64(t.a, t.b, t.c)));
    ivec2 corner = to.low + ivec2(entry.y & 0xFFFFu, entry.y >> 16) * BIN;
    ivec3 step_x = -ivec3(t.c.y - t.b.y, t.a.y - t.c.y, t.b.y - t.a.y);
    ivec3 step_y = ivec3(t.c.x - t.b.x, t.a.x - t.c.x, t.b.x - t.a.x);
    int across = int(gl_LocalInvocationID.x) % LANES_ACROSS;
    int down = int(gl_LocalInvocationID.x) / LANES_ACROSS;
    for (uint s = 0u; s < SAMPLES; s++) {
        ivec2 offset = sample_offset(s);
        ivec2 first, last;
        pixel_box(t, to, offset, first, last);
        first = max(first - corner, 0);
        last = min(last - corner, BIN - 1);
        ivec2 start = corner * 256 + offset;
        ivec3 origin = ivec3(edge_start(t.b, t.c, start), edge_start(t.c, t.a, start),
                             edge_start(t.a, t.b, start));
        for (int y = first.y + down; y <= last.y; y += int(WORKGROUP_SIZE) / LANES_ACROSS)
            for (int x = first.x + across; x <= last.x; x += LANES_ACROSS) {
                ivec3 value = origin + step_x * x + step_y * y;
                if ((value.x | value.y | value.z) < 0)
                    continue;
                ivec2 pixel = corner + ivec2(x, y);
                ivec2 where = pixel * 256 + offset;
                float depth = depth_at(t, where);
                COVER(word_index(to, pixel, s), source.word, depth, where);
            }
    }
}

void main()
{
    uint count = header.lists[LARGE_KIND].count;
    uint end = uint(entries.length()) - 1u;
    for (uint i = gl_WorkGroupID.x; i < count; i += gl_NumWorkGroups.x)
        draw_entry(entries[LARGE_KIND == TDI_LARGE_MASKED ? end - i : i]);
}
