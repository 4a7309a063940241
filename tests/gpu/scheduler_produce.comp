#version 460
/* One pass of a frame's compute work. The first writes an indirect draw, the corners of two
 * triangles over everything, and a colour a pixel; each later one changes every colour. */
layout(local_size_x = 64) in;

layout(set = 0, binding = 0) writeonly buffer Draw {
    uint draw[4]; /* VkDrawIndirectCommand */
};
layout(set = 0, binding = 1) writeonly buffer Corners {
    vec2 corners[6];
};
layout(set = 0, binding = 2) buffer Colors {
    uint colors[];
};
layout(push_constant) uniform Push {
    uint pass;
    uint frame;
    uint pixels;
};

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (pass == 0 && i == 0) {
        draw[0] = 6;
        draw[1] = 1;
        draw[2] = 0;
        draw[3] = 0;
    }
    if (pass == 0 && i < 6) {
        uint corner = i < 3 ? i : i - 2;
        corners[i] = vec2((corner & 1) * 2.0 - 1.0, (corner >> 1) * 2.0 - 1.0);
    }
    if (i >= pixels)
        return;
    colors[i] = pass == 0 ? i * 2654435761u + frame : colors[i] * 3 + pass;
}
