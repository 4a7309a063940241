/* The inside of a td_scene: packed host arrays as shaders/scene_data.h describes them, and the
 * hierarchy they are placed by. Nothing here knows a device.
 *
 * Written by one thread at a time. What follows from the hierarchy (world matrices, the flat list
 * of instances, bounds) is worked out on demand by tdi_scene_update (flat.h), which any number of
 * readers may call at once. */
#ifndef TDI_SCENE_SCENE_H
#define TDI_SCENE_SCENE_H

#include <stdatomic.h>

#include <tandem/scene.h>

#include "base/thread.h"
#include "scene/flat.h"
#include "scene/geometry.h"
#include "scene_data.h"

/* A glTF mesh: some surfaces. A mesh whose primitives are all left out has none. */
typedef struct tdi_mesh {
    char *name; /* may be NULL */
    uint32_t first_cluster;
    uint32_t cluster_count;
    uint32_t first_surface;
    uint32_t surface_count;
    uint32_t triangle_count;
    float bounds_min[3]; /* object space; min > max if the mesh is empty */
    float bounds_max[3];
} tdi_mesh;

#define TDI_IMAGE_USED_SRGB   1u /* by a base colour or emissive texture */
#define TDI_IMAGE_USED_LINEAR 2u /* by any other texture */

/* Pixels of one or more textures. Either `pixels` is there, or, before decoding, `encoded`.
 * image.h works on it. */
typedef struct tdi_image {
    char *name;      /* file name or JSON pointer, for messages; may be NULL */
    uint8_t *pixels; /* RGBA, 8 bits each, level after level, rows tight, top to bottom */
    size_t pixel_bytes;
    uint32_t width; /* of level 0; level n is max(1, width >> n) wide */
    uint32_t height;
    uint32_t levels;  /* in `pixels`; 1 until the mip chain is made */
    uint32_t uses;    /* TDI_IMAGE_USED_*, of all materials so far */
    bool has_alpha;   /* some alpha is not 255 */
    uint8_t *encoded; /* PNG or JPEG; NULL for textures from memory and once decoded */
    size_t encoded_bytes;
} tdi_image;

typedef struct tdi_texture {
    char *name; /* may be NULL */
    uint32_t image;
    td_wrap wrap_s;
    td_wrap wrap_t;
    td_filter mag_filter;
    td_filter min_filter;
    td_mip_filter mip_filter;
} tdi_texture;

/* The texture references of `data` and of the scene's `more` hold indices of scene textures (or
 * TDI_TEXTURE_NONE); whether a reference reads sRGB follows from its place (material_textures.h).
 */
typedef struct tdi_material_entry {
    char *name; /* may be NULL */
    struct tdi_material data;
    td_material_params params; /* what `data` was made from; its `name` is NULL */
} tdi_material_entry;

typedef struct tdi_node {
    char *name;               /* may be NULL */
    float local[16];          /* column-major, relative to the parent */
    uint32_t parent;          /* TD_NONE: a root, or not in the scene */
    uint32_t first_child;     /* TD_NONE: none */
    uint32_t last_child;      /* TD_NONE: none */
    uint32_t next_sibling;    /* also links the roots; TD_NONE: the last */
    uint32_t mesh;            /* TD_NONE: none */
    uint32_t object_id;       /* what the object output shows for its instances */
    uint32_t first_placement; /* into placements: EXT_mesh_gpu_instancing */
    uint32_t placement_count; /* meaningful if `placed` */
    bool placed;              /* drawn once for each placement, instead of once */
    bool in_scene;            /* reachable from a root */
    bool world_space;         /* its mesh is in world space already (a posed skin) */
} tdi_node;

typedef struct tdi_camera {
    char *name;       /* may be NULL */
    char *alias;      /* a second name it is found by (its node's); may be NULL */
    td_camera params; /* `world` is used only if there is no node */
    uint32_t node;    /* that it stands at, or TD_NONE */
} tdi_camera;

typedef struct tdi_light {
    float direction[3]; /* unit length, where the light travels to */
    float color[3];
    float intensity;
} tdi_light;

/* A light at a node. */
typedef struct tdi_punctual {
    uint32_t node;
    bool directional, spot; /* else in all directions from a point */
    float color[3];         /* candela, or lux if directional */
    float range;            /* 0: no end */
    float inner_cosine, outer_cosine;
} tdi_punctual;

struct td_scene {
    atomic_uint references; /* the user's, and one for each renderer */
    char *name;
    uint32_t threads; /* 0: the cores given */

    tdi_geometry geometry;
    tdi_mesh *meshes;
    tdi_material_entry *materials;
    struct tdi_material_more *more; /* of the materials that have lobes */
    tdi_texture *textures;
    tdi_image *images;
    tdi_node *nodes;
    float *placements; /* 16 each, column-major, relative to their node */
    tdi_camera *cameras;
    char **unsupported; /* sentences, in the order of their finding, each once */
    char **variants;    /* names */

    uint32_t mesh_count, material_count, more_count, texture_count, image_count, node_count;
    uint32_t placement_count, camera_count, unsupported_count, variant_count;
    size_t mesh_capacity, material_capacity, more_capacity, texture_capacity, image_capacity;
    size_t node_capacity;
    size_t placement_capacity, camera_capacity, unsupported_capacity, variant_capacity;

    uint32_t first_root; /* TD_NONE: none */
    uint32_t last_root;
    uint32_t default_material; /* made when first needed; TD_NONE before */

    tdi_light light;
    float ambient[3];
    tdi_punctual *punctual;
    uint32_t punctual_count;
    size_t punctual_capacity;

    uint64_t structure_revision; /* grows with every mesh, material, texture and node added */
    uint64_t transform_revision; /* grows with every transform; also with the structure */
    uint64_t light_revision;     /* grows with every change of light or ambient */

    tdi_mutex *flat_lock; /* held while `flat` is brought up to date */
    tdi_flat *flat;       /* up to date after tdi_scene_update */
};

/* One more reference, dropped by td_scene_destroy. Thread-safe. */
td_scene *tdi_scene_retain(td_scene *scene);

/* Appends one element to one of the scene's arrays; the element is zeroed but for its name and
 * counted at once. The pointer is valid until the next such call. */
td_result tdi_scene_new_mesh(td_scene *scene, const char *name, tdi_mesh **out);
td_result tdi_scene_new_image(td_scene *scene, const char *name, tdi_image **out);
td_result tdi_scene_new_texture(td_scene *scene, const char *name, tdi_texture **out);
td_result tdi_scene_new_material(td_scene *scene, const char *name, tdi_material_entry **out);
td_result tdi_scene_new_node(td_scene *scene, const char *name, tdi_node **out);
td_result tdi_scene_new_camera(td_scene *scene, const char *name, tdi_camera **out);

/* The same for what a material has beyond the plain model; what is in it is not set. */
td_result tdi_scene_new_more(td_scene *scene, struct tdi_material_more **out);

/* TDI_LOBE_ bits that some material has. */
uint32_t tdi_scene_lobes(const td_scene *scene);

/* Says that meshes, materials, textures or nodes were added, so that what follows is made anew. */
void tdi_scene_changed(td_scene *scene);

/* Keeps a sentence about something in the file that is not drawn (fully); once if repeated. The
 * scene takes the string over, also on failure; NULL (from tdi_format) is out of memory. */
td_result tdi_scene_note(td_scene *scene, char *sentence);

/* Appends the name of a material variant, which is copied. */
td_result tdi_scene_add_variant(td_scene *scene, const char *name);

#endif
