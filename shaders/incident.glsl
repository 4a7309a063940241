/* The light that comes from all around, which is the same wherever a surface is: constant, or where
 * ENVIRONMENT is defined that of a picture. */
#ifndef INCIDENT_GLSL
#define INCIDENT_GLSL

#include "frame.glsl"
#ifdef ENVIRONMENT
#include "sky.glsl"
#include "texture.glsl"

/* From the world to the picture. */
vec3 turn_to_sky(vec3 v)
{
    float c = FRAME.sky_turn[0], s = FRAME.sky_turn[1];
    return vec3(c * v.x - s * v.z, v.y, s * v.x + c * v.z);
}

/* Radiance that a surface of this roughness mirrors when it looks along `direction`. */
vec3 incident_radiance(vec3 direction, float roughness)
{
    return textureLod(textures[FRAME.sky], sky_texcoord(turn_to_sky(direction)),
                      roughness * FRAME.sky_roughest)
        .rgb;
}

vec3 irradiance_term(uint i)
{
    return vec3(FRAME.irradiance[3u * i], FRAME.irradiance[3u * i + 1u],
                FRAME.irradiance[3u * i + 2u]);
}

/* Irradiance over pi: the radiance that a white surface with this normal has. */
vec3 incident_irradiance(vec3 normal)
{
    vec3 n = turn_to_sky(normal);
    float xx = n.x * n.x, yy = n.y * n.y, zz = n.z * n.z;
    vec3 sum = irradiance_term(0u) + irradiance_term(1u) * n.y + irradiance_term(2u) * n.z +
               irradiance_term(3u) * n.x;
    sum += irradiance_term(4u) * (n.x * n.y) + irradiance_term(5u) * (n.y * n.z) +
           irradiance_term(6u) * (3.0 * zz - 1.0) + irradiance_term(7u) * (n.x * n.z) +
           irradiance_term(8u) * (xx - yy);
    sum += irradiance_term(9u) * (n.x * n.y * (xx - yy)) +
           irradiance_term(10u) * (n.y * n.z * (3.0 * xx - yy)) +
           irradiance_term(11u) * (n.x * n.y * (7.0 * zz - 1.0)) +
           irradiance_term(12u) * (n.y * n.z * (7.0 * zz - 3.0)) +
           irradiance_term(13u) * (35.0 * zz * zz - 30.0 * zz + 3.0) +
           irradiance_term(14u) * (n.x * n.z * (7.0 * zz - 3.0)) +
           irradiance_term(15u) * ((xx - yy) * (7.0 * zz - 1.0)) +
           irradiance_term(16u) * (n.x * n.z * (xx - 3.0 * yy)) +
           irradiance_term(17u) * (xx * (xx - 3.0 * yy) - yy * (3.0 * xx - yy));
    return max(sum, vec3(0.0));
}
#else
vec3 incident_radiance(vec3 direction, float roughness)
{
    return vec3(FRAME.ambient[0], FRAME.ambient[1], FRAME.ambient[2]);
}

vec3 incident_irradiance(vec3 normal)
{
    return vec3(FRAME.ambient[0], FRAME.ambient[1], FRAME.ambient[2]);
}
#endif

#endif
