/** @file
 * Scenes: loaded from glTF 2.0 or made in memory.
 *
 * A scene lives in host memory and belongs to no device; a renderer takes what it needs to its
 * device. Indices of meshes, materials, textures, nodes, cameras and lights are given out from 0 in
 * the order of their making and never change. Right-handed, +Y up, metres, radians, linear
 * Rec. 709 colour, column-major 4x4 matrices, as in glTF.
 *
 * A scene may be changed by one thread at a time, and not while a call that takes it runs on
 * another thread.
 */
#ifndef TANDEM_SCENE_H
#define TANDEM_SCENE_H

#include <tandem/material.h>
#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** No index: no parent, no mesh, no material, no texture. */
#define TD_NONE UINT32_MAX

/** A scene. Opaque. */
typedef struct td_scene td_scene;

/** How a scene is made. Zero is the default. */
typedef struct td_scene_params {
    const char *name;       /**< For messages and reports; NULL: "scene". Copied. */
    uint32_t threads;       /**< Threads that decode and prepare; 0: the cores given. */
    const char *cache_path; /**< Unused in memory scenes; reserved, must be NULL. */
} td_scene_params;

/** How a file is loaded. Zero is the default. */
typedef struct td_scene_load_params {
    uint32_t scene;          /**< Index of the glTF scene plus one; 0: the file's default. */
    uint32_t threads;        /**< Threads that decode and prepare; 0: the cores given. */
    uint64_t max_file_bytes; /**< Largest file that is read; 0: 4 GiB. */
    const char *variant;     /**< Name of one of the file's material variants
                                  (KHR_materials_variants), whose materials are drawn instead of the
                                  primitives' own; NULL: none. */
} td_scene_load_params;

/** Makes an empty scene. On success `*out` is the caller's, to be destroyed. */
TD_API td_result td_scene_create(const td_scene_params *params, td_scene **out);

/** Loads a .gltf or .glb file, or a built-in scene by "builtin:NAME".
 * ::TD_ERROR_INPUT with a sentence that names file and JSON pointer or byte offset,
 * ::TD_ERROR_NOT_FOUND for a file, a scene or variant of it or a built-in scene that is not there,
 * ::TD_ERROR_UNSUPPORTED for more than can be addressed, ::TD_ERROR_IO, ::TD_ERROR_SYSTEM,
 * ::TD_ERROR_HOST_MEMORY. `params` may be NULL. */
TD_API td_result td_scene_load(const char *path, const td_scene_load_params *params,
                               td_scene **out);

/** Destroys a scene. Renderers that were made from it go on, and its memory is freed with the last
 * of them. NULL is fine. */
TD_API void td_scene_destroy(td_scene *scene);

/** A mesh from arrays. The arrays are copied during the call. */
typedef struct td_mesh_params {
    const float *positions;  /**< (vertex_count, 3), object space. */
    const float *normals;    /**< (vertex_count, 3) or NULL: flat normals. */
    const float *tangents;   /**< (vertex_count, 4), w is the handedness, or NULL. */
    const float *texcoords;  /**< (vertex_count, 2) or NULL; (0, 0) is the upper left. */
    const float *texcoords1; /**< (vertex_count, 2) or NULL, the second set. */
    const float *colors;     /**< (vertex_count, 4), linear RGBA, or NULL. */
    const uint32_t *indices; /**< (index_count), or NULL: vertices in order. */
    uint32_t vertex_count;   /**< At least 3. */
    uint32_t index_count;    /**< A multiple of 3; three make a counter-clockwise triangle. */
    uint32_t material;       /**< A material's index, or ::TD_NONE: the default material. */
    const char *name;        /**< May be NULL. */
} td_mesh_params;

/** Adds a mesh of one primitive. ::TD_ERROR_ARGUMENT for an index past the last vertex, a count
 * that is not a multiple of three, a value that is not finite. `*mesh` is its index. */
TD_API td_result td_scene_add_mesh(td_scene *scene, const td_mesh_params *params, uint32_t *mesh);

/** Adds a box with the given edge lengths, centred at the origin, with normals and one texture
 * coordinate square a face. */
TD_API td_result td_scene_add_box(td_scene *scene, const float size[3], uint32_t material,
                                  uint32_t *mesh);

/** Adds a sphere of rings x segments quads (rings >= 2, segments >= 3), smooth normals, an
 * equirectangular texture. The poles lie on Y. */
TD_API td_result td_scene_add_sphere(td_scene *scene, float radius, uint32_t rings,
                                     uint32_t segments, uint32_t material, uint32_t *mesh);

/** Adds a closed cylinder about Y, centred at the origin (segments >= 3). */
TD_API td_result td_scene_add_cylinder(td_scene *scene, float radius, float height,
                                       uint32_t segments, uint32_t material, uint32_t *mesh);

/** Adds a height field in the XZ plane, centred at the origin, of `size` by `size` metres.
 * `heights` is (rows, columns), row 0 at -Z, rows and columns at least 2; smooth normals. */
TD_API td_result td_scene_add_height_field(td_scene *scene, const float *heights, uint32_t rows,
                                           uint32_t columns, float size, uint32_t material,
                                           uint32_t *mesh);

/** Filters and wrapping of a texture, with glTF's meaning. */
typedef enum td_wrap {
    TD_WRAP_REPEAT = 0,          /**< glTF 10497. */
    TD_WRAP_MIRRORED_REPEAT = 1, /**< glTF 33648. */
    TD_WRAP_CLAMP_TO_EDGE = 2,   /**< glTF 33071. */
} td_wrap;

/** How texels are combined. */
typedef enum td_filter {
    TD_FILTER_LINEAR = 0,  /**< Weighted. */
    TD_FILTER_NEAREST = 1, /**< The closest. */
} td_filter;

/** How mip levels are used. */
typedef enum td_mip_filter {
    TD_MIP_LINEAR = 0,  /**< Between two levels (trilinear). */
    TD_MIP_NEAREST = 1, /**< The closest level. */
    TD_MIP_NONE = 2,    /**< Level 0 only. */
} td_mip_filter;

/** A texture from memory. The pixels are copied during the call. */
typedef struct td_texture_params {
    const uint8_t *pixels;    /**< (height, width, channels), rows top to bottom, tight. */
    uint32_t width;           /**< 1 to 16384. */
    uint32_t height;          /**< 1 to 16384. */
    uint32_t channels;        /**< 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA). */
    td_wrap wrap_s;           /**< Horizontally. */
    td_wrap wrap_t;           /**< Vertically. */
    td_filter mag_filter;     /**< When enlarged. */
    td_filter min_filter;     /**< When reduced. */
    td_mip_filter mip_filter; /**< Between levels. */
    const char *name;         /**< May be NULL. */
} td_texture_params;

/** Adds a texture. Whether its colours are sRGB follows from where a material uses it. */
TD_API td_result td_scene_add_texture(td_scene *scene, const td_texture_params *params,
                                      uint32_t *texture);

/** Adds a material (material.h). ::TD_ERROR_ARGUMENT for a texture that does not exist, a value
 * that is not finite, an index of refraction that is neither 0 nor at least 1. */
TD_API td_result td_scene_add_material(td_scene *scene, const td_material_params *params,
                                       uint32_t *material);

/** A node of the hierarchy. */
typedef struct td_node_params {
    uint32_t parent;     /**< A node's index, or ::TD_NONE. */
    uint32_t mesh;       /**< A mesh's index, or ::TD_NONE. */
    const float *matrix; /**< 16 floats, column-major, local to parent; NULL: identity. */
    uint32_t object_id;  /**< Id in the object output plus one; 0: the node's own index. */
    const char *name;    /**< May be NULL. */
} td_node_params;

/** Adds a node. */
TD_API td_result td_scene_add_node(td_scene *scene, const td_node_params *params, uint32_t *node);

/** Changes a node's local matrix (16 finite floats, column-major). Views that are submitted later
 * see it; views submitted before do not. */
TD_API td_result td_scene_set_transform(td_scene *scene, uint32_t node, const float matrix[16]);

/** A directional light beside those at nodes, which come with files (KHR_lights_punctual). */
typedef struct td_light_params {
    float direction[3]; /**< Where the light travels to, world space; need not be normalised. */
    float color[3];     /**< Linear. */
    float intensity;    /**< Lux: irradiance on a surface that faces the light. */
} td_light_params;

/** Sets the directional light of the scene, in place of the default: direction (-1, -1, -2), white,
 * intensity pi, or 0 where a file has lights of its own. ::TD_ERROR_ARGUMENT for a zero direction.
 */
TD_API td_result td_scene_set_light(td_scene *scene, const td_light_params *params);

/** Sets the constant ambient radiance (linear RGB) in place of the default 0.1 grey. */
TD_API td_result td_scene_set_ambient(td_scene *scene, const float radiance[3]);

/** A camera: where it is and how it projects. */
typedef struct td_camera {
    float world[16];    /**< Camera to world, column-major; looks along -Z, +Y up, no scale. */
    float fov_y;        /**< Vertical field of view in radians; 0: orthographic. */
    float ortho_height; /**< Height of the orthographic view in metres, if fov_y is 0. */
    float aspect;       /**< Width over height; 0: that of the image. */
    float near_plane;   /**< Above 0 (perspective), metres. */
    float far_plane;    /**< Above near; 0: infinite (perspective only). */
} td_camera;

/** Adds a camera; `*camera` is its index. The axes of `world` are made perpendicular and of unit
 * length. ::TD_ERROR_ARGUMENT for values outside what ::td_camera says. `name` may be NULL. */
TD_API td_result td_scene_add_camera(td_scene *scene, const td_camera *params, const char *name,
                                     uint32_t *camera);

/** Copies the camera with that index as it stands in the world now. ::TD_ERROR_NOT_FOUND. */
TD_API td_result td_scene_get_camera(const td_scene *scene, uint32_t index, td_camera *out);

/** Finds the first camera with that name, or else the first whose node has it.
 * ::TD_ERROR_NOT_FOUND. */
TD_API td_result td_scene_find_camera(const td_scene *scene, const char *name, uint32_t *camera);

/** A camera at `eye` that looks at `target`, 45 degrees vertically, near plane at a hundredth of
 * the distance between the two, no far plane. ::TD_ERROR_ARGUMENT if they coincide, `up` is
 * parallel to the line of sight, or a value is not finite. Thread-safe. */
TD_API td_result td_camera_look_at(const float eye[3], const float target[3], const float up[3],
                                   td_camera *camera);

/** The orbit camera that looks at the middle of the bounding box: yaw and pitch in degrees, yaw 0
 * on +Z and anticlockwise seen from above, distance 2.5 r, near 0.01 r, far 10 r, 45 degrees
 * vertically, r being half the box's diagonal (1 if nothing is drawn). */
TD_API td_result td_scene_orbit_camera(const td_scene *scene, double yaw, double pitch,
                                       td_camera *camera);

/** What is in a scene. */
typedef struct td_scene_info {
    const char *name;               /**< The scene's, valid while it lives. */
    uint64_t triangles;             /**< Drawn, instances counted. */
    uint64_t stored_triangles;      /**< In memory. */
    uint64_t cluster_instances;     /**< Drawn clusters. */
    uint32_t clusters;              /**< Stored clusters. */
    uint32_t instances;             /**< Drawn instances of meshes. */
    uint32_t nodes;                 /**< Nodes. */
    uint32_t meshes;                /**< Meshes. */
    uint32_t materials;             /**< Materials. */
    uint32_t textures;              /**< Textures. */
    uint32_t cameras;               /**< Cameras. */
    uint32_t lights;                /**< Lights at nodes (KHR_lights_punctual). */
    uint64_t geometry_bytes;        /**< Device memory that the geometry takes. */
    uint64_t texture_bytes;         /**< Device memory of the textures' texels, all levels. */
    float bounds_min[3];            /**< Of the world's bounding box; 0 if nothing is drawn. */
    float bounds_max[3];            /**< Of the world's bounding box. */
    uint32_t unsupported_count;     /**< Number of sentences in `unsupported`. */
    const char *const *unsupported; /**< What the file has that is not drawn (fully). */
    uint32_t lobes;                 /**< ::td_lobe bits that some material has at work. */
    uint32_t variant_count;         /**< Number of names in `variants`. */
    const char *const *variants;    /**< Names of the material variants that the file has. */
} td_scene_info;

/** Fills `*out`; pointers in it are valid until the scene changes or is destroyed. What the last
 * change asks for is worked out by the first call after it: ::TD_ERROR_HOST_MEMORY.
 * ::TD_ERROR_ARGUMENT if an argument is NULL. */
TD_API td_result td_scene_get_info(const td_scene *scene, td_scene_info *out);

/** Writes the scene as a binary glTF file. An existing file is replaced only if `replace`. */
TD_API td_result td_scene_write_glb(const td_scene *scene, const char *path, bool replace);

#ifdef __cplusplus
}
#endif
#endif
