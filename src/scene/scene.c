#include "scene/scene.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/matrix.h"
#include "scene/texture_plan.h"

#define DEFAULT_AMBIENT 0.1f

static void set_defaults(td_scene *scene)
{
    const td_light_params light = {
        .direction = {-1.0f, -1.0f, -2.0f},
        .color = {1.0f, 1.0f, 1.0f},
        .intensity = 3.14159265f,
    };
    scene->first_root = TD_NONE;
    scene->last_root = TD_NONE;
    scene->default_material = TD_NONE;
    scene->structure_revision = 1;
    scene->transform_revision = 1;
    for (int i = 0; i < 3; i++)
        scene->ambient[i] = DEFAULT_AMBIENT;
    (void)td_scene_set_light(scene, &light);
}

static td_result fill_new_scene(td_scene *scene, const char *name, uint32_t threads)
{
    atomic_init(&scene->references, 1);
    scene->threads = threads;
    scene->name = tdi_strdup(name);
    scene->flat = tdi_alloc_zero(1, sizeof *scene->flat);
    if (scene->name == NULL || scene->flat == NULL)
        return TD_ERROR_HOST_MEMORY;
    tdi_mutex *lock = tdi_alloc_zero(1, sizeof *lock);
    if (lock == NULL)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(lock, TDI_RANK_SCENE);
    if (result != TD_OK) {
        tdi_free(lock);
        return result;
    }
    scene->flat_lock = lock;
    set_defaults(scene);
    return TD_OK;
}

td_result td_scene_create(const td_scene_params *params, td_scene **out)
{
    if (out == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_create: `out` is NULL");
    *out = NULL;
    if (params != NULL && params->cache_path != NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_create: `cache_path` is reserved; leave it "
                                           "NULL");
    td_scene *scene = tdi_alloc_zero(1, sizeof *scene);
    if (scene == NULL)
        return TD_ERROR_HOST_MEMORY;
    const char *name = params != NULL && params->name != NULL ? params->name : "scene";
    td_result result = fill_new_scene(scene, name, params != NULL ? params->threads : 0);
    if (result != TD_OK) {
        td_scene_destroy(scene);
        return result;
    }
    *out = scene;
    return TD_OK;
}

static void free_contents(td_scene *scene)
{
    for (uint32_t i = 0; i < scene->mesh_count; i++)
        tdi_free(scene->meshes[i].name);
    for (uint32_t i = 0; i < scene->material_count; i++)
        tdi_free(scene->materials[i].name);
    for (uint32_t i = 0; i < scene->texture_count; i++)
        tdi_free(scene->textures[i].name);
    for (uint32_t i = 0; i < scene->image_count; i++) {
        tdi_free(scene->images[i].name);
        tdi_free(scene->images[i].pixels);
        tdi_free(scene->images[i].encoded);
    }
    for (uint32_t i = 0; i < scene->node_count; i++)
        tdi_free(scene->nodes[i].name);
    for (uint32_t i = 0; i < scene->camera_count; i++) {
        tdi_free(scene->cameras[i].name);
        tdi_free(scene->cameras[i].alias);
    }
    for (uint32_t i = 0; i < scene->unsupported_count; i++)
        tdi_free(scene->unsupported[i]);
    for (uint32_t i = 0; i < scene->variant_count; i++)
        tdi_free(scene->variants[i]);
}

td_scene *tdi_scene_retain(td_scene *scene)
{
    atomic_fetch_add_explicit(&scene->references, 1, memory_order_relaxed);
    return scene;
}

void td_scene_destroy(td_scene *scene)
{
    if (scene == NULL ||
        atomic_fetch_sub_explicit(&scene->references, 1, memory_order_acq_rel) != 1)
        return;
    free_contents(scene);
    tdi_geometry_free(&scene->geometry);
    tdi_free(scene->meshes);
    tdi_free(scene->materials);
    tdi_free(scene->more);
    tdi_free(scene->punctual);
    tdi_free(scene->textures);
    tdi_free(scene->images);
    tdi_free(scene->nodes);
    tdi_free(scene->placements);
    tdi_free(scene->cameras);
    tdi_free(scene->unsupported);
    tdi_free(scene->variants);
    if (scene->flat != NULL)
        tdi_flat_free_lists(scene->flat);
    tdi_free(scene->flat);
    if (scene->flat_lock != NULL)
        tdi_mutex_destroy(scene->flat_lock);
    tdi_free(scene->flat_lock);
    tdi_free(scene->name);
    tdi_free(scene);
}

void tdi_scene_changed(td_scene *scene)
{
    scene->structure_revision++;
    scene->transform_revision++;
}

/* Room for one element more of an array, zeroed; and a copy of the name in `*own_name`. */
static td_result new_element(void **items, size_t *capacity, uint32_t count, size_t size,
                             const char *name, char **own_name)
{
    *own_name = NULL;
    if (count >= TD_NONE - 1)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "the scene has too many objects of one kind");
    TDI_TRY(tdi_grow(items, capacity, (size_t)count + 1, size));
    memset((char *)*items + count * size, 0, size);
    if (name == NULL)
        return TD_OK;
    *own_name = tdi_strdup(name);
    return *own_name != NULL ? TD_OK : TD_ERROR_HOST_MEMORY;
}

#define DEFINE_NEW_ELEMENT(kind, type, array)                                                      \
    td_result tdi_scene_new_##kind(td_scene *scene, const char *name, type **out)                  \
    {                                                                                              \
        char *own_name;                                                                            \
        TDI_TRY(new_element((void **)&scene->array, &scene->kind##_capacity, scene->kind##_count,  \
                            sizeof *scene->array, name, &own_name));                               \
        *out = &scene->array[scene->kind##_count++];                                               \
        (*out)->name = own_name;                                                                   \
        return TD_OK;                                                                              \
    }

DEFINE_NEW_ELEMENT(mesh, tdi_mesh, meshes)
DEFINE_NEW_ELEMENT(image, tdi_image, images)
DEFINE_NEW_ELEMENT(texture, tdi_texture, textures)
DEFINE_NEW_ELEMENT(material, tdi_material_entry, materials)
DEFINE_NEW_ELEMENT(node, tdi_node, nodes)
DEFINE_NEW_ELEMENT(camera, tdi_camera, cameras)

td_result tdi_scene_new_more(td_scene *scene, struct tdi_material_more **out)
{
    TDI_TRY(tdi_grow((void **)&scene->more, &scene->more_capacity, (size_t)scene->more_count + 1,
                     sizeof *scene->more));
    *out = &scene->more[scene->more_count++];
    return TD_OK;
}

static bool is_noted(const td_scene *scene, const char *sentence)
{
    for (uint32_t i = 0; i < scene->unsupported_count; i++) {
        if (strcmp(scene->unsupported[i], sentence) == 0)
            return true;
    }
    return false;
}

td_result tdi_scene_note(td_scene *scene, char *sentence)
{
    if (sentence == NULL)
        return TD_ERROR_HOST_MEMORY;
    if (is_noted(scene, sentence)) {
        tdi_free(sentence);
        return TD_OK;
    }
    td_result result = tdi_grow((void **)&scene->unsupported, &scene->unsupported_capacity,
                                (size_t)scene->unsupported_count + 1, sizeof *scene->unsupported);
    if (result != TD_OK)
        tdi_free(sentence);
    else
        scene->unsupported[scene->unsupported_count++] = sentence;
    return result;
}

td_result tdi_scene_add_variant(td_scene *scene, const char *name)
{
    TDI_TRY(tdi_grow((void **)&scene->variants, &scene->variant_capacity,
                     (size_t)scene->variant_count + 1, sizeof *scene->variants));
    char *copy = tdi_strdup(name);
    if (copy == NULL)
        return TD_ERROR_HOST_MEMORY;
    scene->variants[scene->variant_count++] = copy;
    return TD_OK;
}

td_result td_scene_set_light(td_scene *scene, const td_light_params *params)
{
    if (scene == NULL || params == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_set_light: an argument is NULL");
    if (!tdi_all_finite(params->direction, 3) || !tdi_all_finite(params->color, 3) ||
        !isfinite(params->intensity))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_set_light: a value is not finite");
    double length = 0.0;
    for (int i = 0; i < 3; i++)
        length += (double)params->direction[i] * (double)params->direction[i];
    length = sqrt(length);
    if (!(length > 0.0))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_set_light: the direction is zero");
    for (int i = 0; i < 3; i++) {
        scene->light.direction[i] = (float)((double)params->direction[i] / length);
        scene->light.color[i] = params->color[i];
    }
    scene->light.intensity = params->intensity;
    scene->light_revision++;
    return TD_OK;
}

td_result td_scene_set_ambient(td_scene *scene, const float radiance[3])
{
    if (scene == NULL || radiance == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_set_ambient: an argument is NULL");
    if (!tdi_all_finite(radiance, 3))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_set_ambient: a value is not finite");
    memcpy(scene->ambient, radiance, sizeof scene->ambient);
    scene->light_revision++;
    return TD_OK;
}

static uint64_t stored_triangles(const td_scene *scene)
{
    uint64_t triangles = 0;
    for (uint32_t i = 0; i < scene->mesh_count; i++)
        triangles += scene->meshes[i].triangle_count;
    return triangles;
}

uint32_t tdi_scene_lobes(const td_scene *scene)
{
    uint32_t lobes = 0;
    for (uint32_t i = 0; i < scene->more_count; i++)
        lobes |= scene->more[i].lobes;
    return lobes;
}

td_result td_scene_get_info(const td_scene *scene, td_scene_info *out)
{
    if (scene == NULL || out == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_get_info: an argument is NULL");
    TDI_TRY(tdi_scene_update(scene));
    const tdi_flat *flat = scene->flat;
    *out = (td_scene_info){
        .name = scene->name,
        .triangles = flat->triangle_count,
        .stored_triangles = stored_triangles(scene),
        .cluster_instances = flat->cluster_instance_count,
        .clusters = scene->geometry.cluster_count,
        .instances = flat->instance_count,
        .nodes = scene->node_count,
        .meshes = scene->mesh_count,
        .materials = scene->material_count,
        .textures = scene->texture_count,
        .cameras = scene->camera_count,
        .lights = scene->punctual_count,
        .geometry_bytes = tdi_geometry_bytes(&scene->geometry) +
                          (uint64_t)flat->instance_count * sizeof *flat->instances +
                          (uint64_t)flat->cluster_instance_count * sizeof *flat->cluster_instances +
                          (uint64_t)scene->material_count * sizeof(struct tdi_material) +
                          (uint64_t)scene->more_count * sizeof(struct tdi_material_more),
        .unsupported_count = scene->unsupported_count,
        .unsupported = (const char *const *)scene->unsupported,
        .lobes = tdi_scene_lobes(scene),
        .variant_count = scene->variant_count,
        .variants = (const char *const *)scene->variants,
    };
    memcpy(out->bounds_min, flat->bounds_min, sizeof out->bounds_min);
    memcpy(out->bounds_max, flat->bounds_max, sizeof out->bounds_max);
    return tdi_texture_plan_measure(scene, &out->texture_bytes);
}
