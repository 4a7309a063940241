/* The clusters of the scene, as all that draw read them. */
#ifndef CLUSTER_GLSL
#define CLUSTER_GLSL

#include "coverage.glsl"

/* A cluster to draw. */
struct cluster_source {
    uint index; /* of the cluster instance */
    uint first_vertex, first_triangle, count;
    facing sides;
    transform instance;
    mat4 clip;
};

cluster_source load_cluster(uint index, uint view)
{
    cluster_instance_ref sources = cluster_instance_ref(FRAME.cluster_instances);
    tdi_cluster_instance source = sources.data[index];
    cluster_ref clusters = cluster_ref(FRAME.clusters);
    cluster_source c;
    c.index = index;
    c.first_vertex = clusters.data[source.cluster].first_vertex;
    c.first_triangle = clusters.data[source.cluster].first_triangle;
    c.count = clusters.data[source.cluster].counts & 255u;
    uint surface = surface_ref(FRAME.surfaces).data[clusters.data[source.cluster].surface].flags;
    uint flags = instance_ref(FRAME.instances).data[source.instance].flags;
    c.sides.double_sided = (surface & TDI_SURFACE_DOUBLE_SIDED) != 0u;
    c.sides.mirrored = (flags & TDI_INSTANCE_MIRRORED) != 0u;
    c.instance = load_instance(source.instance);
    c.clip = load_clip(view);
    return c;
}

vec4 corner_of(cluster_source c, uint corners, uint corner)
{
    uint vertex = c.first_vertex + (corners >> 8u * corner & 255u);
    return to_clip(c.clip, to_world(c.instance, fetch_position(vertex)));
}

#endif
