#version 460
#extension GL_EXT_scalar_block_layout : require

/* Turns the colours of a tile of a view into their complements; opacity stays. */
layout(local_size_x = 64) in;
layout(set = 0, binding = 0, scalar) buffer Result { uint words[]; };
layout(push_constant, scalar) uniform Push { uint first, row_words, width, height; };

void main()
{
    const uint x = gl_GlobalInvocationID.x;
    const uint y = gl_GlobalInvocationID.y;
    if (x < width && y < height)
        words[first + y * row_words + x] ^= 0x00ffffffu;
}
