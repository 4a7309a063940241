#version 460
#extension GL_EXT_scalar_block_layout : require

/* Arithmetic: `rounds` of multiply and add for each of `count` offsets. */
layout(local_size_x = 64) in;
layout(set = 0, binding = 0, scalar) buffer Offsets { vec4 offsets[]; };
layout(push_constant, scalar) uniform Push { uint count; uint rounds; uint frame; };

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i >= count)
        return;
    vec4 value = vec4(float(i), float(frame & 255u), 1.0, 2.0) * 1e-3;
    for (uint k = 0; k < rounds; k++)
        value = value * vec4(0.999, 1.001, 0.998, 1.002) + vec4(1e-4, -1e-4, 2e-4, -2e-4);
    offsets[i] = fract(value);
}
