/* Where a direction lies in an equirectangular picture: include/tandem/environment.h says how it is
 * turned. */
#ifndef SKY_GLSL
#define SKY_GLSL

/* `direction` of unit length. */
vec2 sky_texcoord(vec3 direction)
{
    return vec2(atan(direction.z, direction.x) * 0.15915494309 + 0.5,
                acos(clamp(direction.y, -1.0, 1.0)) * 0.31830988618);
}

vec3 sky_direction(vec2 texcoord)
{
    float turn = (texcoord.x - 0.5) * 6.28318530718;
    float polar = texcoord.y * 3.14159265359;
    return vec3(sin(polar) * cos(turn), cos(polar), sin(polar) * sin(turn));
}

#endif
