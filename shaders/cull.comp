#version 460
#extension GL_GOOGLE_include_directive : require
#include "coverage.glsl"
#include "lists.glsl"
#if defined(INDIRECT) || defined(DRAWS)
#include "hardware.glsl"
#endif

/* Which clusters can cover a sample of the tile, by the box that bounds them: conservative. One
 * invocation a cluster instance and view, or several in turn where there are too many. */

layout(local_size_x = TDI_CULL_GROUP) in;
layout(binding = 0, scalar) buffer lists_buffer
{
    tdi_dispatch_list lists[TDI_LIST_COUNT];
};
layout(binding = 1, scalar) writeonly buffer visible_buffer
{
    uint visible[];
};
#ifdef INDIRECT
layout(binding = 2, scalar) writeonly buffer commands_buffer
{
    tdi_draw commands[]; /* by slot of `visible` */
};
#endif
#ifdef DRAWS
layout(binding = 2, scalar) writeonly buffer states_buffer
{
    uint states[]; /* by view and cluster instance: the list, or NO_LIST */
};
#endif

/* Positions are transformed in floats, here and by those who draw: each value is off by a few units
 * in the last place of the sum of the magnitudes it was added up from. */
const float ROUNDING = 1.0 / 524288.0;

struct clip_box {
    vec4 center;
    vec4 half_axes[3];
    vec4 error;
};

clip_box make_clip_box(uint view, transform instance, vec3 center, vec3 extent)
{
    mat4 clip = load_clip(view);
    clip_box box;
    box.center = to_clip(clip, to_world(instance, center));
    vec3 reach = abs(center) + extent;
    vec3 magnitude;
    for (int i = 0; i < 3; i++) {
        vec3 axis = vec3(instance.rows[0][i], instance.rows[1][i], instance.rows[2][i]) * extent[i];
        box.half_axes[i] = vec4(dot(clip[0].xyz, axis), dot(clip[1].xyz, axis),
                                dot(clip[2].xyz, axis), dot(clip[3].xyz, axis));
        magnitude[i] = dot(abs(instance.rows[i].xyz), reach) + abs(instance.rows[i].w);
    }
    for (int i = 0; i < 4; i++)
        box.error[i] = ROUNDING * (dot(abs(clip[i].xyz), magnitude) + abs(clip[i].w));
    return box;
}

/* The largest value of dot(plane, p) in the box. */
float largest(clip_box box, vec4 plane)
{
    return dot(plane, box.center) + abs(dot(plane, box.half_axes[0])) +
           abs(dot(plane, box.half_axes[1])) + abs(dot(plane, box.half_axes[2])) +
           dot(abs(plane), box.error);
}

bool outside(clip_box box, vec4 window, float depth_min)
{
    return largest(box, vec4(1.0, 0.0, 0.0, -window.x)) < 0.0 ||
           largest(box, vec4(0.0, 1.0, 0.0, -window.y)) < 0.0 ||
           largest(box, vec4(-1.0, 0.0, 0.0, window.z)) < 0.0 ||
           largest(box, vec4(0.0, -1.0, 0.0, window.w)) < 0.0 ||
           largest(box, vec4(0.0, 0.0, -1.0, 1.0)) < 0.0 ||
           largest(box, vec4(0.0, 0.0, 1.0, -depth_min)) < 0.0;
}

/* Limits of x and y that nothing may cross unclipped, in 1/256 pixel: left, upper, right, lower. */
vec4 unclipped_limits()
{
#ifdef HARDWARE_GLSL
    vec2 center = vec2(viewport_center());
    return vec4(max(center - REACH, -GUARD), min(center + REACH, GUARD));
#else
    return vec4(-GUARD, -GUARD, GUARD, GUARD);
#endif
}

bool needs_clipping(clip_box box)
{
    vec4 limits = unclipped_limits();
    return largest(box, vec4(0.0, 0.0, 1.0, -1.0)) >= 0.0 ||
           largest(box, vec4(0.0, 0.0, 0.0, -1.0)) >= 0.0 ||
           largest(box, vec4(1.0, 0.0, 0.0, -limits.z)) >= 0.0 ||
           largest(box, vec4(-1.0, 0.0, 0.0, limits.x)) >= 0.0 ||
           largest(box, vec4(0.0, 1.0, 0.0, -limits.w)) >= 0.0 ||
           largest(box, vec4(0.0, -1.0, 0.0, limits.y)) >= 0.0;
}

/* The rectangle of the projected box, in 1/256 pixel; all w are positive. */
vec4 projected(clip_box box)
{
    vec4 bounds = vec4(3.0e38, 3.0e38, -3.0e38, -3.0e38);
    float least_w = 3.0e38;
    for (int i = 0; i < 8; i++) {
        vec4 corner = box.center + ((i & 1) != 0 ? box.half_axes[0] : -box.half_axes[0]) +
                      ((i & 2) != 0 ? box.half_axes[1] : -box.half_axes[1]) +
                      ((i & 4) != 0 ? box.half_axes[2] : -box.half_axes[2]);
        vec2 at = corner.xy * (1.0 / corner.w);
        bounds.xy = min(bounds.xy, at);
        bounds.zw = max(bounds.zw, at);
        least_w = min(least_w, corner.w);
    }
    vec2 farthest = max(abs(bounds.xy), abs(bounds.zw));
    vec2 error = (box.error.xy + farthest * box.error.w) / (least_w - box.error.w) +
                 farthest * ROUNDING + 1.0;
    return bounds + vec4(-error, error);
}

bool holds_sample(vec4 bounds, vec4 window)
{
    vec2 lowest = max(bounds.xy, window.xy);
    vec2 highest = min(bounds.zw, window.zw);
    for (uint i = 0u; i < SAMPLES; i++) {
        vec2 offset = vec2(sample_offset(i));
        vec2 first = ceil((lowest - offset) * (1.0 / 256.0));
        vec2 last = floor((highest - offset) * (1.0 / 256.0));
        if (first.x <= last.x && first.y <= last.y)
            return true;
    }
    return false;
}

/* The list that a cluster belongs to. */
uint list_of(tdi_cluster_instance source, uint view, vec4 window, float depth_min)
{
    cluster_ref clusters = cluster_ref(FRAME.clusters);
    vec3 center =
        vec3(clusters.data[source.cluster].center[0], clusters.data[source.cluster].center[1],
             clusters.data[source.cluster].center[2]);
    vec3 extent =
        vec3(clusters.data[source.cluster].extent[0], clusters.data[source.cluster].extent[1],
             clusters.data[source.cluster].extent[2]);
    clip_box box = make_clip_box(view, load_instance(source.instance), center, extent);
    if (outside(box, window, depth_min))
        return TDI_NO_LIST;
    bool clip = needs_clipping(box);
    if (!clip && !holds_sample(projected(box), window))
        return TDI_NO_LIST;
    uint flags = surface_ref(FRAME.surfaces).data[clusters.data[source.cluster].surface].flags;
    return (clip ? TDI_LIST_CLIP : TDI_LIST_PLAIN) |
           ((flags & TDI_SURFACE_MASKED) != 0u ? TDI_LIST_MASKED : 0u);
}

void append(uint list, uint entry, uint cluster)
{
    uint index = atomicAdd(lists[list].count, 1u);
    uint slot = visible_slot(list, index);
    atomicMax(lists[list].x, min(index + 1u, TDI_MAX_GROUPS));
    visible[slot] = entry;
#ifdef INDIRECT
    if ((list & TDI_LIST_CLIP) == 0u) {
        uint count = cluster_ref(FRAME.clusters).data[cluster].counts & 255u;
        commands[slot] = tdi_draw(3u * count, INSTANCES, 0u, slot * INSTANCES);
    }
#endif
}

void cull(uint index, uint view, vec4 window, float depth_min)
{
    tdi_cluster_instance source = cluster_instance_ref(FRAME.cluster_instances).data[index];
    uint list = list_of(source, view, window, depth_min);
#ifdef DRAWS
    states[view * FRAME.cluster_instance_count + index] = list;
    if ((list & TDI_LIST_CLIP) == 0u)
        return;
#endif
    if (list != TDI_NO_LIST)
        append(list, pack_visible(index, view), source.cluster);
}

void main()
{
    uint view = gl_WorkGroupID.y;
    vec4 window = 256.0 * vec4(FRAME.tile_x, FRAME.tile_y, FRAME.tile_x + FRAME.tile_width,
                               FRAME.tile_y + FRAME.tile_height);
    float depth_min = view_ref(FRAME.views).data[view].depth_min;
    uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint i = gl_GlobalInvocationID.x; i < FRAME.cluster_instance_count; i += stride)
        cull(i, view, window, depth_min);
}
