/* Attributes of vertices, and the triangle that a visibility word names. */
#ifndef VERTEX_GLSL
#define VERTEX_GLSL

#include "barycentric.glsl"
#include "positions.glsl"

struct source_triangle {
    uint instance;
    uint surface;
    uvec3 vertices; /* absolute */
};

source_triangle find_triangle(uint word)
{
    tdi_cluster_instance source = cluster_instance_ref(FRAME.cluster_instances).data[word >> 7];
    cluster_ref clusters = cluster_ref(FRAME.clusters);
    uint corners = uint_ref(FRAME.triangles)
                       .data[clusters.data[source.cluster].first_triangle + (word & 127u)];
    uint first = clusters.data[source.cluster].first_vertex;
    source_triangle t;
    t.instance = source.instance;
    t.surface = clusters.data[source.cluster].surface;
    t.vertices = first + (uvec3(corners, corners >> 8, corners >> 16) & 255u);
    return t;
}

/* Octahedral maps: Cigolle et al., "A Survey of Efficient Representations for Independent Unit
 * Vectors", JCGT 3(2), 2014. */
vec3 from_octahedron(vec2 e)
{
    vec3 v = vec3(e, 1.0 - abs(e.x) - abs(e.y));
    float fold = max(-v.z, 0.0);
    v.x += v.x >= 0.0 ? -fold : fold;
    v.y += v.y >= 0.0 ? -fold : fold;
    return v * inversesqrt(dot(v, v));
}

vec3 fetch_normal(uint vertex)
{
    return from_octahedron(unpackSnorm2x16(uint_ref(FRAME.normals).data[vertex]));
}

vec4 fetch_tangent(uint element)
{
    uint packed = uint_ref(FRAME.tangents).data[element];
    ivec2 e = ivec2(bitfieldExtract(int(packed), 0, 15), bitfieldExtract(int(packed), 15, 15));
    return vec4(from_octahedron(max(vec2(e) * (1.0 / 16383.0), -1.0)),
                (packed >> 31) != 0u ? -1.0 : 1.0);
}

vec4 fetch_color(uint element)
{
    uvec2 packed = uvec2_ref(FRAME.colors).data[element];
    return vec4(unpackHalf2x16(packed.x), unpackHalf2x16(packed.y));
}

#endif
