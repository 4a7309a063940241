/* One definition of coverage and depth. Coverage is exact: integers, top-left rule. */
#ifndef COVERAGE_GLSL
#define COVERAGE_GLSL

#include "positions.glsl"
#include "samples.glsl"

/* A triangle on the snapping grid, turned so that its area is positive. */
struct screen_triangle {
    ivec2 a, b, c;
    float depth_min, depth_max;
    float depth_a, slope_x, slope_y; /* of the plane of depth, a sample unit */
};

/* The plane through the three snapped corners, of which the first is set; `depths` are those of b
 * and c, `area` is twice the area and not 0. */
void set_depth_plane(inout screen_triangle t, vec2 depths, float area)
{
    precise float inverse = 1.0 / area;
    precise float b = depths.x - t.depth_a;
    precise float c = depths.y - t.depth_a;
    precise float x = (b * float(t.c.y - t.a.y) - c * float(t.b.y - t.a.y)) * inverse;
    precise float y = (c * float(t.b.x - t.a.x) - b * float(t.c.x - t.a.x)) * inverse;
    t.slope_x = x;
    t.slope_y = y;
    t.depth_min = min(t.depth_a, min(depths.x, depths.y));
    t.depth_max = max(t.depth_a, max(depths.x, depths.y));
}

float depth_at(screen_triangle t, ivec2 at)
{
    precise float d = t.depth_a + float(at.x - t.a.x) * t.slope_x;
    d = d + float(at.y - t.a.y) * t.slope_y;
    return clamp(d, t.depth_min, t.depth_max);
}

/* Samples exactly on an edge belong to the triangle if the edge is a top or a left one. */
int edge_bias(ivec2 from, ivec2 to)
{
    ivec2 d = to - from;
    return (d.y < 0 || (d.y == 0 && d.x > 0)) ? 0 : -1;
}

/* Twice the signed area of a triangle; for a point, positive inside of an edge. Exact if all lies
 * in a box of 127 pixels. */
int edge32(ivec2 from, ivec2 to, ivec2 at)
{
    return (to.x - from.x) * (at.y - from.y) - (to.y - from.y) * (at.x - from.x);
}

int64_t edge64(ivec2 from, ivec2 to, ivec2 at)
{
    return int64_t(to.x - from.x) * int64_t(at.y - from.y) -
           int64_t(to.y - from.y) * int64_t(at.x - from.x);
}

/* What decides about a triangle's sides. */
struct facing {
    bool mirrored, double_sided;
};

/* False if no sample can belong to it: it has no area, or shows the side that is not drawn.
 * `depths` are those of b and c. */
bool make_triangle(snapped v0, snapped v1, snapped v2, facing sides, out screen_triangle t,
                   out vec2 depths)
{
    ivec2 size = max(v0.at, max(v1.at, v2.at)) - min(v0.at, min(v1.at, v2.at));
    float area;
    bool turn; /* to make it positive */
    if (max(size.x, size.y) <= 127 * 256) {
        int exact = edge32(v0.at, v1.at, v2.at);
        area = float(abs(exact));
        turn = exact < 0;
    } else {
        int64_t exact = edge64(v0.at, v1.at, v2.at);
        area = float(abs(exact));
        turn = exact < 0;
    }
    bool front = turn != sides.mirrored; /* y is down */
    if (area == 0.0 || !(front || sides.double_sided))
        return false;
    t.a = v0.at;
    t.b = turn ? v2.at : v1.at;
    t.c = turn ? v1.at : v2.at;
    t.depth_a = v0.depth;
    depths = turn ? vec2(v2.depth, v1.depth) : vec2(v1.depth, v2.depth);
    set_depth_plane(t, depths, area);
    return true;
}

#endif
