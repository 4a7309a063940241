#include "scene/gltf.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "scene/gltf_buffer.h"
#include "scene/gltf_camera.h"
#include "scene/gltf_container.h"
#include "scene/gltf_extension.h"
#include "scene/gltf_image.h"
#include "scene/gltf_light.h"
#include "scene/gltf_material.h"
#include "scene/gltf_mesh.h"
#include "scene/gltf_meshopt.h"
#include "scene/gltf_node.h"
#include "scene/gltf_variant.h"

#define DEFAULT_LIMIT (UINT64_C(4) << 30)

static td_result read_document(tdi_gltf *gltf)
{
    size_t size;
    tdi_gltf_container parts;
    TDI_TRY(tdi_file_read(gltf->path, gltf->limit, &gltf->bytes, &size));
    gltf->was_read = true;
    TDI_TRY(tdi_gltf_open_container(gltf->bytes, size, &parts));
    gltf->chunk = parts.chunk;
    gltf->chunk_size = parts.chunk_size;
    TDI_TRY(tdi_json_parse(parts.json, parts.json_size, &gltf->document));
    gltf->root = (tdi_json){.value = gltf->document};
    if (!json_is_object(gltf->document))
        return tdi_json_fail(&gltf->root, "is not an object");
    return TD_OK;
}

static td_result find_arrays(tdi_gltf *gltf)
{
    tdi_gltf_arrays *arrays = &gltf->arrays;
    const struct {
        const char *key;
        tdi_json *array;
    } table[] = {
        {"accessors", &arrays->accessors},
        {"animations", &arrays->animations},
        {"bufferViews", &arrays->buffer_views},
        {"buffers", &arrays->buffers},
        {"cameras", &arrays->cameras},
        {"images", &arrays->images},
        {"materials", &arrays->materials},
        {"meshes", &arrays->meshes},
        {"nodes", &arrays->nodes},
        {"samplers", &arrays->samplers},
        {"scenes", &arrays->scenes},
        {"skins", &arrays->skins},
        {"textures", &arrays->textures},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        TDI_TRY(tdi_json_get_array(&gltf->root, table[i].key, table[i].array));
    return TD_OK;
}

/* A table of `count` indices that are not known yet. */
static td_result make_table(size_t count, uint32_t **out)
{
    *out = tdi_alloc_zero(count, sizeof **out);
    if (*out == NULL)
        return TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++)
        (*out)[i] = TD_NONE;
    return TD_OK;
}

/* The part of the file that is only JSON. */
static td_result read_structure(tdi_gltf *gltf, const td_scene_load_params *params)
{
    TDI_TRY(tdi_gltf_check_version(&gltf->root));
    TDI_TRY(tdi_gltf_check_required(&gltf->root));
    TDI_TRY(find_arrays(gltf));
    TDI_TRY(make_table(tdi_gltf_count(&gltf->arrays.textures), &gltf->textures));
    TDI_TRY(make_table(tdi_gltf_count(&gltf->arrays.images), &gltf->images));
    TDI_TRY(make_table(tdi_gltf_count(&gltf->arrays.images), &gltf->image_sources));
    TDI_TRY(tdi_gltf_read_variants(gltf, params->variant));
    TDI_TRY(tdi_gltf_read_materials(gltf));
    TDI_TRY(tdi_gltf_read_nodes(gltf, params->scene > 0 ? params->scene - 1 : TD_NONE));
    TDI_TRY(tdi_gltf_read_cameras(gltf));
    TDI_TRY(tdi_gltf_read_lights(gltf));
    return tdi_gltf_note_unsupported(gltf);
}

/* Work for the pool: pictures first, since they take longest, then primitives. */
typedef struct tdi_gltf_work {
    tdi_gltf *gltf;
    tdi_gltf_meshes *meshes;
    td_result *image_results;
    char **image_sentences;
} tdi_gltf_work;

static void do_work(void *user, uint32_t index)
{
    tdi_gltf_work *work = user;
    uint32_t images = work->gltf->scene->image_count;
    if (index >= images) {
        tdi_gltf_meshes_read(work->meshes, index - images);
        return;
    }
    work->image_results[index] = tdi_gltf_read_image(work->gltf, index);
    if (work->image_results[index] != TD_OK)
        work->image_sentences[index] = tdi_strdup(td_last_error());
}

static td_result first_image_failure(const tdi_gltf_work *work)
{
    for (uint32_t i = 0; i < work->gltf->scene->image_count; i++) {
        if (work->image_results[i] == TD_OK)
            continue;
        if (work->image_sentences[i] != NULL)
            tdi_set_last_error(work->image_sentences[i]);
        return work->image_results[i];
    }
    return TD_OK;
}

static td_result run_work(tdi_gltf_work *work)
{
    uint32_t images = work->gltf->scene->image_count;
    work->image_results = tdi_alloc_zero(images, sizeof *work->image_results);
    work->image_sentences = tdi_alloc_zero(images, sizeof *work->image_sentences);
    td_result result = TD_ERROR_HOST_MEMORY;
    if (work->image_results != NULL && work->image_sentences != NULL) {
        tdi_pool_for(work->gltf->pool, images + tdi_gltf_meshes_count(work->meshes), do_work, work);
        result = first_image_failure(work);
    }
    for (uint32_t i = 0; i < images && work->image_sentences != NULL; i++)
        tdi_free(work->image_sentences[i]);
    tdi_free(work->image_sentences);
    tdi_free(work->image_results);
    return result;
}

/* What the file and its buffers held is in primitives and pictures by now. */
static void free_buffers(tdi_gltf *gltf)
{
    tdi_gltf_free_decoded(gltf);
    for (uint32_t i = 0; i < gltf->buffer_count; i++)
        tdi_free(gltf->buffers[i].owned);
    tdi_free(gltf->buffers);
    tdi_free(gltf->bytes);
    gltf->buffers = NULL;
    gltf->buffer_count = 0;
    gltf->bytes = NULL;
    gltf->chunk = NULL;
}

/* The part that is in buffers and pictures. */
static td_result read_contents(tdi_gltf *gltf)
{
    tdi_gltf_work work = {.gltf = gltf};
    TDI_TRY(tdi_gltf_load_buffers(gltf));
    TDI_TRY(tdi_gltf_decode_views(gltf));
    TDI_TRY(tdi_gltf_read_placements(gltf));
    TDI_TRY(tdi_gltf_meshes_plan(gltf, &work.meshes));
    td_result result = run_work(&work);
    free_buffers(gltf);
    if (result == TD_OK)
        result = tdi_gltf_meshes_finish(work.meshes);
    tdi_gltf_meshes_destroy(work.meshes);
    return result;
}

static td_result load_all(tdi_gltf *gltf, const td_scene_load_params *params)
{
    const char *slash = strrchr(gltf->path, '/');
    gltf->folder = tdi_strndup(gltf->path, slash != NULL ? (size_t)(slash - gltf->path) + 1 : 0);
    if (gltf->folder == NULL)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(read_document(gltf));
    TDI_TRY(read_structure(gltf, params));
    TDI_TRY(read_contents(gltf));
    tdi_scene_changed(gltf->scene);
    return tdi_scene_update(gltf->scene);
}

static void close_file(tdi_gltf *gltf)
{
    free_buffers(gltf);
    tdi_free(gltf->textures);
    tdi_free(gltf->images);
    tdi_free(gltf->image_sources);
    tdi_free(gltf->folder);
    json_decref(gltf->document);
    tdi_pool_destroy(gltf->pool);
}

/* "folder/Name.gltf" is the scene "Name". */
static char *scene_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(start, '.');
    return tdi_strndup(start, dot != NULL && dot > start ? (size_t)(dot - start) : strlen(start));
}

static td_result make_scene(const char *path, uint32_t threads, td_scene **out)
{
    char *name = scene_name(path);
    if (name == NULL)
        return TD_ERROR_HOST_MEMORY;
    const td_scene_params params = {.name = name, .threads = threads};
    td_result result = td_scene_create(&params, out);
    tdi_free(name);
    return result;
}

td_result tdi_gltf_load(const char *path, const td_scene_load_params *params, td_scene **out)
{
    tdi_gltf gltf = {
        .path = path,
        .limit = params->max_file_bytes != 0 ? params->max_file_bytes : DEFAULT_LIMIT,
    };
    td_result result = make_scene(path, params->threads, &gltf.scene);
    if (result == TD_OK)
        result = tdi_pool_create(params->threads, "load", &gltf.pool);
    if (result == TD_OK)
        result = load_all(&gltf, params);
    if (result != TD_OK && gltf.was_read)
        result = tdi_fail_in(result, "%s", path);
    close_file(&gltf);
    if (result != TD_OK) {
        td_scene_destroy(gltf.scene);
        return result;
    }
    *out = gltf.scene;
    return TD_OK;
}
