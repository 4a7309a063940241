#version 460
#extension GL_GOOGLE_include_directive : require
#include "draw.glsl"

/* Draws the clusters that may reach over the near plane or out of the guard band. Triangles are
 * clipped before snapping, and without regard to tiles. */

const uint PLANES = 5;

/* Positive inside: near, then left, right, upper and lower limit of the guard band. */
float plane_distance(vec4 p, uint plane)
{
    precise float band = GUARD * p.w;
    precise float distance = plane == 0u   ? p.w - p.z
                             : plane == 1u ? band + p.x
                             : plane == 2u ? band - p.x
                             : plane == 3u ? band + p.y
                                           : band - p.y;
    return distance;
}

/* Where an edge meets a plane: always worked out from the inner end, so that both triangles at the
 * edge get the same point. */
vec4 crossing(vec4 inner, vec4 outer, float inner_distance, float outer_distance)
{
    precise float inverse = 1.0 / (inner_distance - outer_distance);
    precise float t = inner_distance * inverse;
    precise vec4 p = inner + (outer - inner) * t;
    return p;
}

/* A convex polygon gains at most a corner a plane; what rounding may add to that is left out. */
const uint MAX_CORNERS = 3 + PLANES;
vec4 polygon[MAX_CORNERS];
vec4 kept[MAX_CORNERS];
uint polygon_count, kept_count;

void keep(vec4 p)
{
    if (kept_count < MAX_CORNERS)
        kept[kept_count++] = p;
}

void clip_polygon(uint plane)
{
    kept_count = 0u;
    for (uint i = 0u; i < polygon_count; i++) {
        vec4 p = polygon[i];
        vec4 q = polygon[i + 1u == polygon_count ? 0u : i + 1u];
        float p_distance = plane_distance(p, plane);
        float q_distance = plane_distance(q, plane);
        if (p_distance >= 0.0)
            keep(p);
        if (p_distance >= 0.0 && q_distance < 0.0)
            keep(crossing(p, q, p_distance, q_distance));
        if (p_distance < 0.0 && q_distance >= 0.0)
            keep(crossing(q, p, q_distance, p_distance));
    }
    for (uint i = 0u; i < kept_count; i++)
        polygon[i] = kept[i];
    polygon_count = kept_count;
}

void draw_corners(cluster_source c, uint corners, target to, uint word)
{
    for (uint i = 0u; i < 3u; i++)
        polygon[i] = corner_of(c, corners, i);
    polygon_count = 3u;
    for (uint plane = 0u; plane < PLANES; plane++)
        clip_polygon(plane);
    if (polygon_count < 3u)
        return;
    /* Each corner is snapped once, so that the triangles of the fan share it whatever the compiler
     * does. */
    snapped first = snap(polygon[0]);
    snapped last = snap(polygon[1]);
    for (uint i = 2u; i < polygon_count; i++) {
        snapped next = snap(polygon[i]);
        draw_triangle(first, last, next, c.sides, to, word);
        last = next;
    }
}

void main()
{
    draw_list(TDI_LIST_CLIP | LIST_KIND);
}
