/* The light that comes from all around, which is the same wherever a surface is. */
#ifndef INCIDENT_GLSL
#define INCIDENT_GLSL

#include "frame.glsl"

/* Radiance that a surface of this roughness mirrors when it looks along `direction`. */
vec3 incident_radiance(vec3 direction, float roughness)
{
    return vec3(FRAME.ambient[0], FRAME.ambient[1], FRAME.ambient[2]);
}

/* Irradiance over pi: the radiance that a white surface with this normal has. */
vec3 incident_irradiance(vec3 normal)
{
    return vec3(FRAME.ambient[0], FRAME.ambient[1], FRAME.ambient[2]);
}

#endif
