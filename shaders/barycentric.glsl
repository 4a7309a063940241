/* Where in a triangle a point of the image lies, with derivatives, from clip coordinates alone: no
 * clipping needed. Olano and Greer, "Triangle Scan Conversion using 2D Homogeneous Coordinates",
 * Graphics Hardware 1997; derivatives for shading from a visibility buffer as in Schied and
 * Dachsbacher, "Deferred Attribute Interpolation for Memory-Efficient Deferred Shading", HPG 2015.
 */
#ifndef BARYCENTRIC_GLSL
#define BARYCENTRIC_GLSL

struct weights {
    vec3 at;
    vec3 dx, dy; /* a pixel further */
};

/* `at` in 1/256 pixel. The corners are moved there first, so that what follows does not cancel. */
weights weigh(vec4 clip0, vec4 clip1, vec4 clip2, vec2 at)
{
    vec2 p0 = clip0.xy - at * clip0.w;
    vec2 p1 = clip1.xy - at * clip1.w;
    vec2 p2 = clip2.xy - at * clip2.w;
    vec3 area =
        vec3(p1.x * p2.y - p1.y * p2.x, p2.x * p0.y - p2.y * p0.x, p0.x * p1.y - p0.y * p1.x);
    vec3 area_dx = vec3(p1.y * clip2.w - clip1.w * p2.y, p2.y * clip0.w - clip2.w * p0.y,
                        p0.y * clip1.w - clip0.w * p1.y);
    vec3 area_dy = vec3(clip1.w * p2.x - p1.x * clip2.w, clip2.w * p0.x - p2.x * clip0.w,
                        clip0.w * p1.x - p0.x * clip1.w);
    float inverse = 1.0 / (area.x + area.y + area.z);
    float step = inverse * 256.0;
    weights result;
    result.at = area * inverse;
    result.dx = (area_dx - result.at * (area_dx.x + area_dx.y + area_dx.z)) * step;
    result.dy = (area_dy - result.at * (area_dy.x + area_dy.y + area_dy.z)) * step;
    return result;
}

#endif
