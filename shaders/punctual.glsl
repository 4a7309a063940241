/* Lights at nodes, as KHR_lights_punctual has them. */
#ifndef PUNCTUAL_GLSL
#define PUNCTUAL_GLSL

#include "frame.glsl"

/* What arrives of a light at a point. */
struct arriving {
    vec3 direction;  /* to the light, unit length */
    vec3 irradiance; /* on a surface that faces it */
};

/* 1 near the light and 0 from its range on, squared distance taken out (the extension's text,
 * "range Property"). */
float fade(float distance2, float inverse_range)
{
    float part2 = distance2 * inverse_range * inverse_range;
    return clamp(1.0 - part2 * part2, 0.0, 1.0);
}

arriving light_at(uint i, vec3 position)
{
    punctual_ref lights = punctual_ref(FRAME.lights);
    vec3 color = vec3(lights.data[i].color[0], lights.data[i].color[1], lights.data[i].color[2]);
    vec3 axis = vec3(lights.data[i].direction[0], lights.data[i].direction[1],
                     lights.data[i].direction[2]);
    if (lights.data[i].directional != 0u)
        return arriving(axis, color);
    vec3 way = vec3(lights.data[i].position[0], lights.data[i].position[1],
                    lights.data[i].position[2]) -
               position;
    float distance2 = max(dot(way, way), 1.0e-12);
    vec3 direction = way * inversesqrt(distance2);
    float cone = clamp(
        dot(axis, direction) * lights.data[i].spot_scale + lights.data[i].spot_offset, 0.0, 1.0);
    float left = cone * cone * fade(distance2, lights.data[i].inverse_range) / distance2;
    return arriving(direction, color * left);
}

#endif
