/* The scene as shaders read it: one definition for C and GLSL.
 * All structs have scalar layout; every member is 4 bytes wide, so C and GLSL agree.
 *
 * Vertices are stored cluster by cluster: the vertices of a cluster are contiguous, so a triangle
 * is three 8-bit indices relative to the cluster's first vertex. A surface is a glTF primitive: its
 * clusters, and so its vertices, are contiguous too. */
#ifndef TDI_SCENE_DATA_H
#define TDI_SCENE_DATA_H

#ifdef __STDC__
#include <stdint.h>
#define TDI_UINT   uint32_t
#define TDI_FLOAT  float
#define TDI_STRUCT struct
#else
#define TDI_UINT  uint
#define TDI_FLOAT float
#define TDI_STRUCT
#endif

#define TDI_CLUSTER_TRIANGLES 128 /* at most, 7 bits of the visibility word */
#define TDI_CLUSTER_VERTICES  192 /* at most, below 256 */
#define TDI_CLUSTER_BITS      25  /* of the visibility word */

/* At most 128 triangles of one surface, in object space. */
struct tdi_cluster {
    TDI_FLOAT center[3]; /* of the bounding box */
    TDI_UINT first_vertex;
    TDI_FLOAT extent[3]; /* half of the box */
    TDI_UINT first_triangle;
    TDI_UINT counts; /* triangles | vertices << 8 */
    TDI_UINT surface;
};

#define TDI_SURFACE_DOUBLE_SIDED 1u
#define TDI_SURFACE_MASKED       2u
#define TDI_SURFACE_UNLIT        4u
#define TDI_SURFACE_TRANSMISSIVE 8u
#define TDI_SURFACE_NO_STREAM    0xFFFFFFFFu

/* A primitive: where the optional vertex streams begin (in elements, at its first vertex), or
 * TDI_SURFACE_NO_STREAM. Positions and normals are always there. */
struct tdi_surface {
    TDI_UINT material;
    TDI_UINT flags;
    TDI_UINT first_vertex;
    TDI_UINT first_tangent;   /* uint: octahedral, snorm 15 in bits 0-14 (x) and 15-29 (y), two's
                                 complement, 1 = 16383; bit 31: the handedness is -1 */
    TDI_UINT first_texcoord0; /* 2 floats */
    TDI_UINT first_texcoord1; /* 2 floats */
    TDI_UINT first_color;     /* 2 uints: 4 half floats, linear */
};

#define TDI_INSTANCE_MIRRORED 1u /* the matrix has a negative determinant */

/* A mesh where a node (or an instance attribute of a node) puts it. */
struct tdi_instance {
    TDI_FLOAT rows[12]; /* object to world, three rows of four */
    TDI_UINT object_id;
    TDI_UINT flags;
};

/* Scene order: instances in order, clusters of a mesh in order. Its index is what the visibility
 * word holds. */
struct tdi_cluster_instance {
    TDI_UINT instance;
    TDI_UINT cluster;
};

#define TDI_TEXTURE_NONE 0xFFFFFFFFu

/* A texture of a material: index into the bindless array, coordinate set, and the two rows of
 * KHR_texture_transform. */
struct tdi_texture_ref {
    TDI_UINT texture;
    TDI_UINT set;           /* 0 or 1; bit 8: the transform is the identity; from bit 16 on: the
                               picture's level that is the image's first */
    TDI_FLOAT size[2];      /* texels of the picture's level 0 */
    TDI_FLOAT transform[6]; /* u' = t0 u + t1 v + t2, v' = t3 u + t4 v + t5 */
};

#define TDI_MATERIAL_OCCLUSION_IN_MR 1u /* R of the metallic-roughness texture is occlusion */
#define TDI_MATERIAL_PLAIN           0xFFFFFFFFu

struct tdi_material {
    TDI_FLOAT base_color[4];
    TDI_FLOAT emissive[3];
    TDI_FLOAT metallic;
    TDI_FLOAT roughness;
    TDI_FLOAT normal_scale;
    TDI_FLOAT occlusion_strength;
    TDI_FLOAT alpha_cutoff;
    TDI_UINT flags;
    TDI_UINT surface_flags;
    TDI_UINT more; /* into the scene's tdi_material_more, or TDI_MATERIAL_PLAIN */
    TDI_STRUCT tdi_texture_ref base_color_texture;
    TDI_STRUCT tdi_texture_ref metallic_roughness_texture;
    TDI_STRUCT tdi_texture_ref normal_texture;
    TDI_STRUCT tdi_texture_ref occlusion_texture;
    TDI_STRUCT tdi_texture_ref emissive_texture;
};

/* What a material has beyond the metallic-roughness model. */
#define TDI_LOBE_DIELECTRIC   1u /* ior and specular: the base mirrors other than 4% head-on */
#define TDI_LOBE_GLOSSINESS   2u /* specular-glossiness instead of metallic-roughness */
#define TDI_LOBE_CLEARCOAT    4u
#define TDI_LOBE_SHEEN        8u
#define TDI_LOBE_ANISOTROPY   16u
#define TDI_LOBE_IRIDESCENCE  32u
#define TDI_LOBE_TRANSMISSION 64u

/* Only what `lobes` names is meaningful; textures of other lobes are TDI_TEXTURE_NONE. */
struct tdi_material_more {
    TDI_UINT lobes;
    TDI_FLOAT ior;
    TDI_FLOAT specular;
    TDI_FLOAT specular_color[3]; /* also of specular-glossiness */
    TDI_FLOAT glossiness;
    TDI_FLOAT clearcoat;
    TDI_FLOAT clearcoat_roughness;
    TDI_FLOAT clearcoat_normal_scale;
    TDI_FLOAT sheen_color[3];
    TDI_FLOAT sheen_roughness;
    TDI_FLOAT anisotropy;
    TDI_FLOAT anisotropy_direction[2]; /* along the tangent and the bitangent, unit length */
    TDI_FLOAT iridescence;
    TDI_FLOAT iridescence_ior;
    TDI_FLOAT iridescence_thickness[2]; /* least, most; nanometres */
    TDI_FLOAT transmission;
    TDI_FLOAT thickness;      /* object space */
    TDI_FLOAT attenuation[3]; /* absorbed a metre: exp(-attenuation * metres) is left */
    TDI_STRUCT tdi_texture_ref specular_texture;
    TDI_STRUCT tdi_texture_ref specular_color_texture;
    TDI_STRUCT tdi_texture_ref glossiness_texture;
    TDI_STRUCT tdi_texture_ref clearcoat_texture;
    TDI_STRUCT tdi_texture_ref clearcoat_roughness_texture;
    TDI_STRUCT tdi_texture_ref clearcoat_normal_texture;
    TDI_STRUCT tdi_texture_ref sheen_color_texture;
    TDI_STRUCT tdi_texture_ref sheen_roughness_texture;
    TDI_STRUCT tdi_texture_ref anisotropy_texture;
    TDI_STRUCT tdi_texture_ref iridescence_texture;
    TDI_STRUCT tdi_texture_ref iridescence_thickness_texture;
    TDI_STRUCT tdi_texture_ref transmission_texture;
    TDI_STRUCT tdi_texture_ref thickness_texture;
};

/* A light at a node, where that is now. */
struct tdi_punctual_light {
    TDI_FLOAT position[3];
    TDI_FLOAT direction[3];            /* to the light, along its axis */
    TDI_FLOAT color[3];                /* candela, or lux if it is directional */
    TDI_FLOAT inverse_range;           /* 0: no end */
    TDI_FLOAT spot_scale, spot_offset; /* of the cosine to the axis; 0 and 1: no spot */
    TDI_UINT directional;
};

#endif
