#version 460
/* What is seen goes into a buffer: the pixels of the frame's part of it. */
layout(set = 0, binding = 1) readonly buffer Colors {
    uint colors[];
};
layout(set = 0, binding = 2) writeonly buffer Seen {
    uint seen[];
};
layout(push_constant) uniform Push {
    uint width;
    uint first;
};

void main()
{
    uint i = uint(gl_FragCoord.y) * width + uint(gl_FragCoord.x);
    seen[first + i] = colors[i];
}
