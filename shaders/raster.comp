#version 460
#extension GL_GOOGLE_include_directive : require
#include "draw.glsl"

/* Draws the clusters of which nothing needs clipping: a workgroup a cluster, an invocation a
 * triangle. */

void draw_corners(cluster_source c, uint corners, target to, uint word)
{
    draw_triangle(snap(corner_of(c, corners, 0u)), snap(corner_of(c, corners, 1u)),
                  snap(corner_of(c, corners, 2u)), c.sides, to, word);
}

void main()
{
    draw_list(TDI_LIST_PLAIN | LIST_KIND);
}
