/* A point of a triangle, as far as it follows from geometry: where it is, its normal, and the frame
 * of what textures say of directions. */
#ifndef POINT_GLSL
#define POINT_GLSL

#include "texture.glsl"
#include "vertex.glsl"

struct surface_point {
    vec3 position, normal; /* world; the normal is of unit length and faces as the vertices say */
    vec3 edge1, edge2;
    weights w;
};

surface_point locate(const mat4 clip, const place at, const corners k, vec2 pixel)
{
    vec3 world[3];
    for (int i = 0; i < 3; i++)
        world[i] = to_world(at.instance, k.positions[i]);
    surface_point p;
    p.w = weigh(to_clip(clip, world[0]), to_clip(clip, world[1]), to_clip(clip, world[2]), pixel);
    p.edge1 = world[1] - world[0];
    p.edge2 = world[2] - world[0];
    p.position = world[0] + p.w.at.y * p.edge1 + p.w.at.z * p.edge2;
    vec3 n = p.w.at.x * unpack_normal(k.normals[0]) + p.w.at.y * unpack_normal(k.normals[1]) +
             p.w.at.z * unpack_normal(k.normals[2]);
    /* Normals go by the cofactors of the matrix. */
    vec3 r0 = at.instance.rows[0].xyz, r1 = at.instance.rows[1].xyz, r2 = at.instance.rows[2].xyz;
    n = vec3(dot(cross(r1, r2), n), dot(cross(r2, r0), n), dot(cross(r0, r1), n));
    float scale = inversesqrt(max(dot(n, n), 1.0e-30));
    p.normal = n * (at.mirrored ? -scale : scale);
    return p;
}

/* The tangent of unit length, along the texture's U, and what makes cross(normal, tangent) the
 * bitangent. Without tangents both follow from how the texture lies on the triangle. False where
 * there is no such direction. */
bool find_tangent(const surface_point p, const place at, const corners k, const texcoord uv,
                  out vec3 t, out float handedness)
{
    if (at.first_tangent != TDI_SURFACE_NO_STREAM) {
        vec4 t0 = fetch_tangent(at.first_tangent + k.vertices.x);
        vec3 object = p.w.at.x * t0.xyz +
                      p.w.at.y * fetch_tangent(at.first_tangent + k.vertices.y).xyz +
                      p.w.at.z * fetch_tangent(at.first_tangent + k.vertices.z).xyz;
        t = vec3(dot(at.instance.rows[0].xyz, object), dot(at.instance.rows[1].xyz, object),
                 dot(at.instance.rows[2].xyz, object));
        handedness = at.mirrored ? -t0.w : t0.w; /* a mirror turns cross products round */
    } else {
        /* Along the screen, position and coordinates change together. */
        vec3 dx = p.w.dx.y * p.edge1 + p.w.dx.z * p.edge2;
        vec3 dy = p.w.dy.y * p.edge1 + p.w.dy.z * p.edge2;
        float area = uv.dx.x * uv.dy.y - uv.dy.x * uv.dx.y;
        t = dx * uv.dy.y - dy * uv.dx.y;
        vec3 b = dy * uv.dx.x - dx * uv.dy.x;
        t = area < 0.0 ? -t : t;
        b = area < 0.0 ? -b : b;
        t -= p.normal * dot(p.normal, t);
        /* b follows V, which points down the texture; the map's Y points up. */
        handedness = dot(cross(p.normal, t), b) < 0.0 ? 1.0 : -1.0;
    }
    float length2 = dot(t, t);
    if (length2 == 0.0)
        return false;
    t *= inversesqrt(length2);
    return true;
}

/* The direction that a normal map has at a point. */
vec3 bend_normal(const surface_point p, const place at, const corners k, vec3 m, const texcoord uv)
{
    vec3 t;
    float handedness;
    if (!find_tangent(p, at, k, uv, t, handedness))
        return p.normal;
    return normalize(p.normal * m.z + t * m.x + cross(p.normal, t) * (m.y * handedness));
}

#endif
