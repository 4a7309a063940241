/* Attributes of vertices, and the triangle that a visibility word names. */
#ifndef VERTEX_GLSL
#define VERTEX_GLSL

#include "barycentric.glsl"
#include "positions.glsl"

/* What is the same for all triangles of a cluster instance. First elements of streams are those of
 * the cluster's first vertex. */
struct place {
    transform instance;
    bool mirrored;
    uint first_triangle, first_vertex;
    uint first_tangent, first_texcoord0, first_texcoord1, first_color;
    uint material, flags; /* TDI_SURFACE_ bits */
};

uint stream_at(uint first, uint vertex)
{
    return first == TDI_SURFACE_NO_STREAM ? first : first + vertex;
}

place load_place(uint cluster_instance)
{
    cluster_instance_ref sources = cluster_instance_ref(FRAME.cluster_instances);
    tdi_cluster_instance source = sources.data[cluster_instance];
    cluster_ref clusters = cluster_ref(FRAME.clusters);
    tdi_surface surface = surface_ref(FRAME.surfaces).data[clusters.data[source.cluster].surface];
    place at;
    at.instance = load_instance(source.instance);
    at.mirrored =
        (instance_ref(FRAME.instances).data[source.instance].flags & TDI_INSTANCE_MIRRORED) != 0u;
    at.first_triangle = clusters.data[source.cluster].first_triangle;
    at.first_vertex = clusters.data[source.cluster].first_vertex;
    uint vertex = at.first_vertex - surface.first_vertex;
    at.first_tangent = stream_at(surface.first_tangent, vertex);
    at.first_texcoord0 = stream_at(surface.first_texcoord0, vertex);
    at.first_texcoord1 = stream_at(surface.first_texcoord1, vertex);
    at.first_color = stream_at(surface.first_color, vertex);
    at.material = surface.material;
    at.flags = surface.flags;
    return at;
}

/* The corners of a triangle. */
struct corners {
    uvec3 vertices; /* relative to the cluster's first */
    vec3 positions[3];
    uint normals[3];
};

corners load_corners(uint triangle, uint first_vertex)
{
    uint packed = uint_ref(FRAME.triangles).data[triangle];
    corners k;
    k.vertices = uvec3(packed, packed >> 8, packed >> 16) & 255u;
    uint_ref normals = uint_ref(FRAME.normals);
    for (int i = 0; i < 3; i++) {
        k.positions[i] = fetch_position(first_vertex + k.vertices[i]);
        k.normals[i] = normals.data[first_vertex + k.vertices[i]];
    }
    return k;
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

vec3 unpack_normal(uint packed)
{
    return from_octahedron(unpackSnorm2x16(packed));
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
