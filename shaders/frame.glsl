/* What every pass reads: the frame and the scene, through device addresses. */
#ifndef FRAME_GLSL
#define FRAME_GLSL

#extension GL_EXT_buffer_reference2 : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_shader_atomic_int64 : require

#include "frame_data.h"

layout(constant_id = 0) const uint SAMPLES = 1; /* a pixel */
layout(constant_id = 8) const uint LAYERS = 1;  /* of words: 2 with transmissive surfaces */

#define READ_ONLY(name, alignment)                                                                 \
    layout(buffer_reference, scalar, buffer_reference_align = alignment) readonly buffer name

READ_ONLY(frame_ref, 8)
{
    tdi_frame data;
};
READ_ONLY(view_ref, 4)
{
    tdi_view data[];
};
READ_ONLY(punctual_ref, 4)
{
    tdi_punctual_light data[];
};
READ_ONLY(cluster_ref, 4)
{
    tdi_cluster data[];
};
READ_ONLY(surface_ref, 4)
{
    tdi_surface data[];
};
READ_ONLY(instance_ref, 4)
{
    tdi_instance data[];
};
READ_ONLY(cluster_instance_ref, 4)
{
    tdi_cluster_instance data[];
};
READ_ONLY(material_ref, 4)
{
    tdi_material data[];
};
READ_ONLY(material_more_ref, 4)
{
    tdi_material_more data[];
};
READ_ONLY(uint_ref, 4)
{
    uint data[];
};
READ_ONLY(uvec2_ref, 4)
{
    uvec2 data[];
};
READ_ONLY(vec2_ref, 4)
{
    vec2 data[];
};
READ_ONLY(vec3_ref, 4)
{
    vec3 data[];
};

layout(push_constant, scalar) uniform push_constants
{
    frame_ref reference;
    tdi_output_layout result; /* what shade writes */
}
push;

#define FRAME push.reference.data

#endif
