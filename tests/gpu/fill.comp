#version 460
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_nonuniform_qualifier : require

/* out[i] = base + i * STEP, plus the red of texture `slot` where TEXTURED. */
layout(local_size_x = 64) in;
layout(constant_id = 0) const uint STEP = 1;
layout(constant_id = 1) const bool TEXTURED = false;
layout(set = 0, binding = 0, scalar) buffer Out { uint values[]; };
layout(set = 0, binding = 1, scalar) readonly buffer In { uint base; };
layout(set = 1, binding = 0) uniform sampler2D textures[];
layout(push_constant, scalar) uniform Push { uint count; uint slot; };

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i >= count)
        return;
    uint value = base + i * STEP;
    if (TEXTURED)
        value += uint(textureLod(textures[nonuniformEXT(slot)], vec2(0.5), 0.0).r * 255.0 + 0.5);
    values[i] = value;
}
