#version 460
#extension GL_EXT_scalar_block_layout : require

/* Small triangles, each where the compute work of its frame says. */
layout(set = 0, binding = 0, scalar) readonly buffer Offsets { vec4 offsets[]; };
layout(push_constant, scalar) uniform Push { uint count; uint rounds; uint frame; };
layout(location = 0) flat out vec4 color;

void main()
{
    uint triangle = gl_VertexIndex / 3u;
    uint corner = gl_VertexIndex % 3u;
    vec4 offset = offsets[triangle % count];
    vec2 place = fract(vec2(triangle & 1023u, triangle >> 10) / 1024.0 + offset.xy * 1e-3);
    vec2 edge = vec2(corner == 1u ? 1.0 : 0.0, corner == 2u ? 1.0 : 0.0) / 400.0;
    gl_Position = vec4((place + edge) * 2.0 - 1.0, offset.z, 1.0);
    color = offset;
}
