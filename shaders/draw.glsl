/* Draws a triangle of a visible cluster: at once if it is small, by way of bins if it is large. */
#ifndef DRAW_GLSL
#define DRAW_GLSL

#include "cluster.glsl"
#include "raster.glsl"

/* Boxes above this many pixels go through bins; at most 127. */
layout(constant_id = 2) const int LARGE_BOX = 32;

layout(binding = 1, scalar) readonly buffer lists_buffer
{
    tdi_dispatch_list lists[TDI_LIST_COUNT];
};
layout(binding = 2, scalar) readonly buffer visible_buffer
{
    uint visible[];
};
layout(binding = 3, scalar) buffer large_lists_buffer
{
    tdi_large_header header;
};
layout(binding = 4, scalar) writeonly buffer large_triangles_buffer
{
    tdi_large_triangle large[];
};
layout(binding = 5, scalar) writeonly buffer entries_buffer
{
    uvec2 entries[];
};

#ifdef MASKED
#define LIST_KIND  TDI_LIST_MASKED
#define LARGE_KIND TDI_LARGE_MASKED
#else
#define LIST_KIND  0u
#define LARGE_KIND TDI_LARGE_OPAQUE
#endif

/* Boxes of at most 127 pixels. One loop over all pixels of the box, so that neighbours with boxes
 * of other shapes do not wait at the end of each row. */
void raster_small(screen_triangle t, target to, uint word)
{
    LOAD_MASK(to.view, word);
    ivec3 step_x = -256 * ivec3(t.c.y - t.b.y, t.a.y - t.c.y, t.b.y - t.a.y);
    ivec3 step_y = 256 * ivec3(t.c.x - t.b.x, t.a.x - t.c.x, t.b.x - t.a.x);
    for (uint s = 0u; s < SAMPLES; s++) {
        ivec2 offset = sample_offset(s);
        ivec2 first, last;
        pixel_box(t, to, offset, first, last);
        if (first.x > last.x || first.y > last.y)
            continue;
        ivec2 start = first * 256 + offset;
        ivec3 row = ivec3(edge32(t.b, t.c, start) + edge_bias(t.b, t.c),
                          edge32(t.c, t.a, start) + edge_bias(t.c, t.a),
                          edge32(t.a, t.b, start) + edge_bias(t.a, t.b));
        ivec3 value = row;
        ivec2 pixel = first;
        uint line = word_index(to, first, s);
        uint at = line;
        while (true) {
            if ((value.x | value.y | value.z) >= 0) {
                ivec2 where = pixel * 256 + offset;
                float depth = depth_at(t, where);
                COVER(at, word, depth, where);
            }
            pixel.x++;
            at += SAMPLES;
            value += step_x;
            if (pixel.x > last.x) {
                pixel.x = first.x;
                pixel.y++;
                if (pixel.y > last.y)
                    break;
                line += FRAME.tile_width * SAMPLES;
                at = line;
                row += step_y;
                value = row;
            }
        }
    }
}

/* The part of any triangle from pixel `low` to `high`, by one invocation: for when there is no room
 * in the lists. */
void raster_alone(screen_triangle t, target to, uint word, ivec2 low, ivec2 high)
{
    LOAD_MASK(to.view, word);
    for (uint s = 0u; s < SAMPLES; s++) {
        ivec2 offset = sample_offset(s);
        ivec2 first, last;
        pixel_box(t, to, offset, first, last);
        first = max(first, low);
        last = min(last, high);
        ivec2 pixel;
        for (pixel.y = first.y; pixel.y <= last.y; pixel.y++)
            for (pixel.x = first.x; pixel.x <= last.x; pixel.x++) {
                ivec2 where = pixel * 256 + offset;
                int64_t inside = (edge64(t.b, t.c, where) + edge_bias(t.b, t.c)) |
                                 (edge64(t.c, t.a, where) + edge_bias(t.c, t.a)) |
                                 (edge64(t.a, t.b, where) + edge_bias(t.a, t.b));
                if (inside < 0)
                    continue;
                float depth = depth_at(t, where);
                COVER(word_index(to, pixel, s), word, depth, where);
            }
    }
}

bool edge_touches(ivec2 from, ivec2 to, ivec2 low, ivec2 high)
{
    ivec2 farthest = ivec2(to.y < from.y ? high.x : low.x, to.x > from.x ? high.y : low.y);
    return edge64(from, to, farthest) >= 0;
}

/* False only if no sample of the bin is inside. */
bool bin_touched(screen_triangle t, ivec2 corner)
{
    ivec2 low = corner * 256;
    ivec2 high = low + BIN * 256;
    return edge_touches(t.a, t.b, low, high) && edge_touches(t.b, t.c, low, high) &&
           edge_touches(t.c, t.a, low, high);
}

/* Both lists share the entries, the masked ones from the end; false if there is no room. */
bool append_entry(uvec2 entry)
{
    uint capacity = uint(entries.length());
    if (atomicAdd(header.entry_count, 1u) >= capacity)
        return false;
    uint index = atomicAdd(header.lists[LARGE_KIND].count, 1u);
    atomicMax(header.lists[LARGE_KIND].x, min(index + 1u, TDI_MAX_GROUPS));
    entries[LARGE_KIND == TDI_LARGE_MASKED ? capacity - 1u - index : index] = entry;
    return true;
}

/* Puts a large triangle on the list for every bin that it touches. */
void bin_triangle(screen_triangle t, vec2 depths, target to, uint word, ivec2 first, ivec2 last)
{
    uint index = atomicAdd(header.triangle_count, 1u);
    if (index >= uint(large.length())) {
        raster_alone(t, to, word, first, last);
        return;
    }
    large[index] = tdi_large_triangle(t.a, t.b, t.c, t.depth_a, depths.x, depths.y, to.view, word);
    ivec2 low = (first - to.low) / BIN;
    ivec2 high = (last - to.low) / BIN;
    ivec2 bin;
    for (bin.y = low.y; bin.y <= high.y; bin.y++)
        for (bin.x = low.x; bin.x <= high.x; bin.x++) {
            ivec2 corner = to.low + bin * BIN;
            if (bin_touched(t, corner) && !append_entry(uvec2(index, bin.x | bin.y << 16)))
                raster_alone(t, to, word, corner, corner + BIN - 1);
        }
}

void draw_triangle(snapped v0, snapped v1, snapped v2, facing sides, target to, uint word)
{
    ivec2 low = min(v0.at, min(v1.at, v2.at));
    ivec2 high = max(v0.at, max(v1.at, v2.at));
    ivec2 first = max((low + (SAMPLES == 1u ? 127 : 0)) >> 8, to.low);
    ivec2 last = min((high - (SAMPLES == 1u ? 128 : 0)) >> 8, to.high);
    if (first.x > last.x || first.y > last.y)
        return;
    screen_triangle t;
    vec2 depths;
    if (!make_triangle(v0, v1, v2, sides, t, depths))
        return;
    int size = max(high.x - low.x, high.y - low.y);
    if (size <= LARGE_BOX * 256)
        raster_small(t, to, word);
    else
        bin_triangle(t, depths, to, word, first, last);
}

void draw_corners(cluster_source c, uint corners, target to, uint word);

void draw_cluster(uint entry)
{
    uint view = entry >> TDI_CLUSTER_BITS;
    uint index = entry & ((1u << TDI_CLUSTER_BITS) - 1u);
    target to = make_target(view, index);
    cluster_source c = load_cluster(index, view);
    if (gl_LocalInvocationID.x >= c.count)
        return;
    for (uint i = gl_LocalInvocationID.x; i < c.count; i += WORKGROUP_SIZE) {
        uint corners = uint_ref(FRAME.triangles).data[c.first_triangle + i];
        draw_corners(c, corners, to, c.index << 7 | i);
    }
}

/* A workgroup a cluster, more than one where groups are fewer. */
void draw_list(uint list)
{
    uint count = lists[list].count;
    for (uint i = gl_WorkGroupID.x; i < count; i += gl_NumWorkGroups.x)
        draw_cluster(visible[visible_slot(list, i)]);
}

#endif
