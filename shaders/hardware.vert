#version 460
#extension GL_GOOGLE_include_directive : require
#define VARYING out
#include "cluster.glsl"
#include "hardware.glsl"
#include "hardware_data.glsl"
#include "lists.glsl"

/* The corners of the triangles of visible clusters that need no clipping, already snapped. Each
 * invocation works out its whole triangle: depth is a function of all corners, and whichever corner
 * the rasteriser takes the flat values from, they are the same. */

#ifdef INDIRECT
layout(binding = 1, scalar) readonly buffer visible_buffer
{
    uint visible[];
};
#else
layout(binding = 1, scalar) readonly buffer states_buffer
{
    uint states[];
};
#ifdef MASKED
const uint LIST = TDI_LIST_PLAIN | TDI_LIST_MASKED;
#else
const uint LIST = TDI_LIST_PLAIN;
#endif
#endif

/* Which cluster of which view this vertex belongs to; false if it is not drawn here. */
bool find_cluster(out uint index, out uint view)
{
    index = uint(gl_InstanceIndex) / INSTANCES;
#ifdef INDIRECT
    uint entry = visible[index];
    index = entry & ((1u << TDI_CLUSTER_BITS) - 1u);
    view = entry >> TDI_CLUSTER_BITS;
    return true;
#else
    view = uint(gl_VertexIndex) / (3u * TDI_CLUSTER_TRIANGLES);
    return states[view * FRAME.cluster_instance_count + index] == LIST;
#endif
}

bool emit(cluster_source c, uint view, uint triangle, uint which)
{
    uint packed = uint_ref(FRAME.triangles).data[c.first_triangle + triangle];
    snapped v[3];
    for (uint i = 0u; i < 3u; i++)
        v[i] = snap(corner_of(c, packed, i));
    screen_triangle t;
    vec2 unused;
    if (!make_triangle(v[0], v[1], v[2], c.sides, t, unused))
        return false;
    uint index = uint(gl_InstanceIndex) % INSTANCES;
    corner = t.a;
    plane = vec3(t.depth_a, t.slope_x, t.slope_y);
    depths = vec2(t.depth_min, t.depth_max);
    identity = uvec3(view, c.index << 7 | triangle, index);
    /* Where there is an instance for each sample, pixels are covered at their centres: so that is
     * where the sample is moved to. */
    ivec2 at = v[which].at;
    if (INSTANCES > 1u)
        at += 128 - sample_offset(index);
    gl_Position = vec4(vec2(at - viewport_center()) * SCALE, 0.0, 1.0);
    return true;
}

void main()
{
    uint index, view;
    uint triangle = uint(gl_VertexIndex) / 3u % TDI_CLUSTER_TRIANGLES;
    bool drawn = find_cluster(index, view);
    if (drawn) {
        cluster_source c = load_cluster(index, view);
        drawn = triangle < c.count && emit(c, view, triangle, uint(gl_VertexIndex) % 3u);
    }
    if (!drawn)
        gl_Position = vec4(2.0, 2.0, 0.0, 1.0); /* all corners there: outside, without area */
}
