#version 460

/* Pixels of a view, four an invocation. */
layout(local_size_x = 64) in;

layout(set = 0, binding = 0, std430) writeonly buffer Pixels
{
    uvec4 pixels[];
};

layout(push_constant) uniform Push
{
    uint first; /* of the view, in fours */
    uint count;
    uint frame;
};

void main()
{
    uint index = gl_GlobalInvocationID.x;
    if (index < count)
        pixels[first + index] = uvec4(index, index + 1u, index + 2u, index + 3u) ^ uvec4(frame);
}
