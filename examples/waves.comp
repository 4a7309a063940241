#version 460

/* A sheet of tiles on moving water. Each invocation computes the height of one tile, and writes the
 * tile's two triangles and the count of the indirect draw where the tile is above the water. */
layout(local_size_x = 64) in;

struct Vertex {
    vec2 position;
    uint color;
    uint unused;
};
layout(set = 0, binding = 0) writeonly buffer Vertices { Vertex vertices[]; };
layout(set = 0, binding = 1) buffer Draw { uint vertex_count; uint instance_count; uvec2 first; };
layout(push_constant) uniform Push { uint columns; uint rows; float time; };

const vec2 CORNERS[6] = vec2[](vec2(0, 0), vec2(1, 0), vec2(0, 1), vec2(0, 1), vec2(1, 0), vec2(1, 1));

void main()
{
    uint tile = gl_GlobalInvocationID.x;
    if (tile >= columns * rows)
        return;
    vec2 grid = vec2(columns, rows);
    vec2 place = vec2(tile % columns, tile / columns);
    vec2 centre = (place + 0.5) / grid * 2.0 - 1.0;
    float height = 0.6 * sin(7.0 * length(centre) - 3.0 * time) + 0.4 * cos(5.0 * centre.x + 2.0 * time);
    if (height < -0.5)
        return;
    uint first = atomicAdd(vertex_count, 6);
    vec4 color = vec4(0.1 + 0.4 * max(height, 0.0), 0.4 + 0.4 * height, 0.7 + 0.25 * height, 1.0);
    for (uint i = 0; i < 6; i++) {
        vec2 corner = (place + 0.5 + 0.9 * (CORNERS[i] - 0.5)) / grid * 2.0 - 1.0;
        vertices[first + i] = Vertex(corner, packUnorm4x8(color), 0);
    }
}
