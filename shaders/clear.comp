#version 460
#extension GL_GOOGLE_include_directive : require
#include "lists.glsl"

/* Before anything is drawn: all samples are empty, and so are all lists. */

layout(local_size_x = 64) in;
layout(binding = 0, scalar) writeonly buffer words_buffer
{
    uint64_t words[];
};
layout(binding = 1, scalar) writeonly buffer lists_buffer
{
    tdi_dispatch_list lists[TDI_LIST_COUNT];
};
layout(binding = 2, scalar) writeonly buffer large_lists_buffer
{
    tdi_large_header header;
};

void main()
{
    const tdi_dispatch_list empty = tdi_dispatch_list(0u, 1u, 1u, 0u);
    uint index = gl_GlobalInvocationID.x;
    if (index < TDI_LIST_COUNT)
        lists[index] = empty;
    if (index < TDI_LARGE_COUNT)
        header.lists[index] = empty;
    if (index == 0u) {
        header.triangle_count = 0u;
        header.entry_count = 0u;
    }
    uint count = FRAME.tile_width * FRAME.tile_height * FRAME.view_count * SAMPLES * LAYERS;
    for (uint i = index; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
        words[i] = ~uint64_t(0);
}
