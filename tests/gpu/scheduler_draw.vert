#version 460
layout(set = 0, binding = 0) readonly buffer Corners {
    vec2 corners[6];
};

void main()
{
    gl_Position = vec4(corners[gl_VertexIndex], 0, 1);
}
