#version 460
/* One step of a chain: to[i] = from[i] * 3 + add; without `reads`, i stands for from[i] * 3. */
layout(local_size_x = 64) in;

layout(set = 0, binding = 0) readonly buffer From {
    uint from[];
};
layout(set = 0, binding = 1) writeonly buffer To {
    uint to[];
};
layout(push_constant) uniform Push {
    uint count;
    uint add;
    uint reads;
};

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i >= count)
        return;
    to[i] = (reads != 0 ? from[i] * 3 : i) + add;
}
