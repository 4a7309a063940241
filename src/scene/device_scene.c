#include "scene/device_scene.h"

#include <string.h>

#include "base/memory.h"
#include "scene/device_textures.h"
#include "scene/flat.h"
#include "scene/material_textures.h"

#define PART_ALIGNMENT 16

/* The arrays that make up the geometry buffer, in this order. */
typedef enum geometry_part {
    PART_CLUSTERS,
    PART_TRIANGLES,
    PART_POSITIONS,
    PART_NORMALS,
    PART_TANGENTS,
    PART_TEXCOORDS0,
    PART_TEXCOORDS1,
    PART_COLORS,
    PART_SURFACES,
    PART_CLUSTER_INSTANCES,
    PART_COUNT,
} geometry_part;

typedef struct geometry_layout {
    const void *data[PART_COUNT];
    uint64_t bytes[PART_COUNT];
    uint64_t offset[PART_COUNT];
    uint64_t total;
} geometry_layout;

static void lay_out_geometry(const td_scene *scene, geometry_layout *layout)
{
    const tdi_geometry *g = &scene->geometry;
    const tdi_flat *flat = scene->flat;
    const struct {
        const void *data;
        uint64_t count;
        size_t size;
    } parts[PART_COUNT] = {
        [PART_CLUSTERS] = {g->clusters, g->cluster_count, sizeof *g->clusters},
        [PART_TRIANGLES] = {g->triangles, g->triangle_count, sizeof *g->triangles},
        [PART_POSITIONS] = {g->positions, g->vertex_count, 3 * sizeof *g->positions},
        [PART_NORMALS] = {g->normals, g->vertex_count, sizeof *g->normals},
        [PART_TANGENTS] = {g->tangents, g->tangent_count, sizeof *g->tangents},
        [PART_TEXCOORDS0] = {g->texcoords0, g->texcoord0_count, 2 * sizeof *g->texcoords0},
        [PART_TEXCOORDS1] = {g->texcoords1, g->texcoord1_count, 2 * sizeof *g->texcoords1},
        [PART_COLORS] = {g->colors, g->color_count, 2 * sizeof *g->colors},
        [PART_SURFACES] = {g->surfaces, g->surface_count, sizeof *g->surfaces},
        [PART_CLUSTER_INSTANCES] = {flat->cluster_instances, flat->cluster_instance_count,
                                    sizeof *flat->cluster_instances},
    };
    uint64_t offset = 0;
    for (uint32_t i = 0; i < PART_COUNT; i++) {
        layout->data[i] = parts[i].data;
        layout->bytes[i] = parts[i].count * parts[i].size;
        layout->offset[i] = offset;
        offset += (layout->bytes[i] + PART_ALIGNMENT - 1) / PART_ALIGNMENT * PART_ALIGNMENT;
    }
    layout->total = offset > 0 ? offset : PART_ALIGNMENT;
}

static uint64_t instance_bytes(const td_scene *scene)
{
    const uint64_t count = scene->flat->instance_count;
    return (count > 0 ? count : 1) * sizeof(struct tdi_instance);
}

static uint64_t material_bytes(const td_scene *scene)
{
    const uint64_t count = scene->material_count;
    return (count > 0 ? count : 1) * sizeof(struct tdi_material);
}

static uint64_t more_bytes(const td_scene *scene)
{
    return scene->more_count * sizeof(struct tdi_material_more);
}

static td_result estimate_buffers(const td_scene *scene, const geometry_layout *layout,
                                  uint32_t versions, tdi_estimate *estimate)
{
    for (uint32_t i = 0; i < versions; i++)
        TDI_TRY(tdi_estimate_add_buffer(estimate, instance_bytes(scene), TDI_MEMORY_DYNAMIC));
    TDI_TRY(tdi_estimate_add_buffer(estimate, layout->total, TDI_MEMORY_DEVICE));
    if (scene->more_count > 0)
        TDI_TRY(tdi_estimate_add_buffer(estimate, more_bytes(scene), TDI_MEMORY_DEVICE));
    return tdi_estimate_add_buffer(estimate, material_bytes(scene), TDI_MEMORY_DEVICE);
}

td_result tdi_device_scene_measure(td_device *device, const td_scene *scene, uint32_t versions,
                                   bool tails, tdi_estimate *estimate, tdi_device_scene_bytes *out)
{
    TDI_TRY(tdi_scene_update(scene));
    geometry_layout layout;
    lay_out_geometry(scene, &layout);
    *out = (tdi_device_scene_bytes){0};
    if (estimate)
        TDI_TRY(estimate_buffers(scene, &layout, versions, estimate));
    TDI_TRY(tdi_device_textures_measure(device, scene, tails, estimate, &out->textures));
    const uint64_t materials = material_bytes(scene) + more_bytes(scene);
    out->geometry = layout.total + materials + versions * instance_bytes(scene);
    out->uploaded = layout.total + materials + out->textures;
    out->staging = tdi_upload_staging_bytes(out->uploaded);
    return estimate ? tdi_estimate_add_passing(estimate, out->staging, TDI_MEMORY_UPLOAD) : TD_OK;
}

static td_result create_read_only(td_device *device, const char *name, uint64_t size,
                                  tdi_memory_kind kind, tdi_buffer *out)
{
    const tdi_buffer_params params = {
        .name = name,
        .size = size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = kind,
        .category = TD_BUDGET_GEOMETRY,
    };
    return tdi_buffer_create(device, &params, out);
}

/* Cluster instances of masked surfaces. */
static uint32_t count_masked(const td_scene *scene)
{
    const tdi_geometry *geometry = &scene->geometry;
    uint32_t count = 0;
    for (uint32_t i = 0; i < scene->flat->cluster_instance_count; i++) {
        const struct tdi_cluster *cluster =
            &geometry->clusters[scene->flat->cluster_instances[i].cluster];
        if (geometry->surfaces[cluster->surface].flags & TDI_SURFACE_MASKED)
            count++;
    }
    return count;
}

static void set_addresses(tdi_device_scene *device_scene, const geometry_layout *layout,
                          uint32_t masked)
{
    struct tdi_frame *frame = &device_scene->addresses;
    const VkDeviceAddress base = device_scene->geometry.address;
    frame->clusters = base + layout->offset[PART_CLUSTERS];
    frame->triangles = base + layout->offset[PART_TRIANGLES];
    frame->positions = base + layout->offset[PART_POSITIONS];
    frame->normals = base + layout->offset[PART_NORMALS];
    frame->tangents = base + layout->offset[PART_TANGENTS];
    frame->texcoords0 = base + layout->offset[PART_TEXCOORDS0];
    frame->texcoords1 = base + layout->offset[PART_TEXCOORDS1];
    frame->colors = base + layout->offset[PART_COLORS];
    frame->surfaces = base + layout->offset[PART_SURFACES];
    frame->cluster_instances = base + layout->offset[PART_CLUSTER_INSTANCES];
    frame->materials = device_scene->materials.address;
    frame->more = device_scene->more.address;
    frame->cluster_instance_count = device_scene->cluster_instance_count;
    frame->masked_instance_count = masked;
}

static td_result upload_geometry(tdi_device_scene *device_scene, const td_scene *scene,
                                 tdi_upload *upload)
{
    geometry_layout layout;
    lay_out_geometry(scene, &layout);
    TDI_TRY(create_read_only(device_scene->device, "geometry", layout.total, TDI_MEMORY_DEVICE,
                             &device_scene->geometry));
    for (uint32_t i = 0; i < PART_COUNT; i++)
        TDI_TRY(tdi_upload_buffer(upload, &device_scene->geometry, layout.offset[i], layout.data[i],
                                  layout.bytes[i]));
    TDI_TRY(create_read_only(device_scene->device, "materials", material_bytes(scene),
                             TDI_MEMORY_DEVICE, &device_scene->materials));
    if (scene->more_count > 0)
        TDI_TRY(create_read_only(device_scene->device, "lobes of materials", more_bytes(scene),
                                 TDI_MEMORY_DEVICE, &device_scene->more));
    set_addresses(device_scene, &layout, count_masked(scene));
    return TD_OK;
}

static void resolve_texture(const tdi_device_scene *device_scene, const td_scene *scene,
                            struct tdi_texture_ref *ref, bool srgb)
{
    if (ref->texture == TDI_TEXTURE_NONE)
        return;
    const tdi_image *picture = &scene->images[scene->textures[ref->texture].image];
    const tdi_device_slot *slot = &device_scene->slots[2 * ref->texture + srgb];
    ref->size[0] = (float)picture->width;
    ref->size[1] = (float)picture->height;
    ref->texture = slot->slot;
    ref->set |= device_scene->textures[slot->texture].base << 16;
}

/* Slots in place of indices. `more` is NULL for a plain material. */
static void resolve_material(const tdi_device_scene *device_scene, const td_scene *scene,
                             struct tdi_material *material, struct tdi_material_more *more)
{
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        struct tdi_texture_ref *ref = tdi_material_reference(material, more, i);
        if (ref)
            resolve_texture(device_scene, scene, ref, tdi_material_textures[i].srgb);
    }
}

td_result tdi_device_scene_write_materials(tdi_device_scene *device_scene, const td_scene *scene,
                                           tdi_upload *upload)
{
    for (uint32_t i = 0; i < scene->material_count; i++) {
        struct tdi_material material = device_scene->plan.materials[i];
        struct tdi_material_more more = {0};
        const bool plain = material.more == TDI_MATERIAL_PLAIN;
        if (!plain)
            more = scene->more[material.more];
        resolve_material(device_scene, scene, &material, plain ? NULL : &more);
        TDI_TRY(tdi_upload_buffer(upload, &device_scene->materials, i * sizeof material, &material,
                                  sizeof material));
        if (!plain)
            TDI_TRY(tdi_upload_buffer(upload, &device_scene->more, material.more * sizeof more,
                                      &more, sizeof more));
    }
    return TD_OK;
}

bool tdi_scene_is_masked(const td_scene *scene)
{
    for (uint32_t i = 0; i < scene->geometry.surface_count; i++)
        if (scene->geometry.surfaces[i].flags & TDI_SURFACE_MASKED)
            return true;
    return false;
}

static td_result create_versions(tdi_device_scene *device_scene, const td_scene *scene,
                                 uint32_t versions)
{
    device_scene->versions = tdi_alloc_zero(versions, sizeof *device_scene->versions);
    if (!device_scene->versions)
        return TD_ERROR_HOST_MEMORY;
    device_scene->version_count = versions;
    for (uint32_t i = 0; i < versions; i++)
        TDI_TRY(create_read_only(device_scene->device, "instances", instance_bytes(scene),
                                 TDI_MEMORY_DYNAMIC, &device_scene->versions[i].buffer));
    return TD_OK;
}

static td_result upload_all(tdi_device_scene *device_scene, const td_scene *scene, bool tails,
                            tdi_upload *upload)
{
    TDI_TRY(upload_geometry(device_scene, scene, upload));
    TDI_TRY(tdi_device_textures_create(device_scene, scene, tails, upload));
    TDI_TRY(tdi_device_scene_write_materials(device_scene, scene, upload));
    return tdi_upload_flush(upload, &device_scene->ready);
}

static td_result fill_device_scene(tdi_device_scene *device_scene, const td_scene *scene,
                                   uint32_t versions, bool tails)
{
    tdi_device_scene_bytes bytes;
    TDI_TRY(tdi_device_scene_measure(device_scene->device, scene, versions, tails, NULL, &bytes));
    device_scene->structure_revision = scene->structure_revision;
    device_scene->instance_count = scene->flat->instance_count;
    device_scene->cluster_instance_count = scene->flat->cluster_instance_count;
    TDI_TRY(tdi_texture_plan_make(scene, &device_scene->plan));
    TDI_TRY(create_versions(device_scene, scene, versions));
    tdi_upload *upload = NULL;
    TDI_TRY(tdi_upload_create(device_scene->device, bytes.uploaded, &upload));
    const td_result result = upload_all(device_scene, scene, tails, upload);
    tdi_upload_destroy(upload);
    return result;
}

td_result tdi_device_scene_create(td_device *device, const td_scene *scene, uint32_t versions,
                                  bool tails, tdi_device_scene **out)
{
    tdi_device_scene *device_scene = tdi_alloc_zero(1, sizeof *device_scene);
    if (!device_scene)
        return TD_ERROR_HOST_MEMORY;
    device_scene->device = device;
    const td_result result = fill_device_scene(device_scene, scene, versions, tails);
    if (result != TD_OK) {
        tdi_device_scene_destroy(device_scene);
        return result;
    }
    *out = device_scene;
    return TD_OK;
}

void tdi_device_scene_destroy(tdi_device_scene *scene)
{
    if (!scene)
        return;
    tdi_device_textures_destroy(scene);
    tdi_texture_plan_free(&scene->plan);
    for (uint32_t i = 0; i < scene->version_count; i++)
        tdi_buffer_destroy(scene->device, &scene->versions[i].buffer);
    tdi_buffer_destroy(scene->device, &scene->more);
    tdi_buffer_destroy(scene->device, &scene->materials);
    tdi_buffer_destroy(scene->device, &scene->geometry);
    tdi_free(scene->versions);
    tdi_free(scene);
}

/* Writes the instances into the version after the current one, once its frames are done. */
static td_result write_version(tdi_device_scene *device_scene, const td_scene *scene)
{
    const uint32_t next = (device_scene->current_version + 1) % device_scene->version_count;
    tdi_instance_version *version = &device_scene->versions[next];
    if (version->last_use.value)
        TDI_TRY(tdi_ticket_wait(device_scene->device, version->last_use, UINT64_MAX));
    const size_t bytes = device_scene->instance_count * sizeof(struct tdi_instance);
    if (bytes > 0)
        memcpy(version->buffer.memory.mapped, scene->flat->instances, bytes);
    TDI_TRY(tdi_memory_flush(device_scene->device, &version->buffer.memory, 0, bytes));
    version->revision = scene->flat->transform_revision;
    version->filled = true;
    device_scene->current_version = next;
    return TD_OK;
}

td_result tdi_device_scene_update(tdi_device_scene *device_scene, const td_scene *scene,
                                  struct tdi_frame *frame)
{
    if (scene->structure_revision != device_scene->structure_revision)
        return tdi_fail(TD_ERROR_STATE,
                        "the scene has got new meshes, nodes, materials or textures since this "
                        "renderer was made; make a new renderer");
    TDI_TRY(tdi_scene_update(scene));
    const tdi_instance_version *version = &device_scene->versions[device_scene->current_version];
    if (!version->filled || version->revision != scene->flat->transform_revision)
        TDI_TRY(write_version(device_scene, scene));
    *frame = device_scene->addresses;
    frame->instances = device_scene->versions[device_scene->current_version].buffer.address;
    return TD_OK;
}

void tdi_device_scene_used(tdi_device_scene *device_scene, td_ticket ticket)
{
    device_scene->versions[device_scene->current_version].last_use = ticket;
}

void tdi_device_scene_describe(const tdi_device_scene *device_scene, td_renderer_info *out)
{
    out->textures = device_scene->texture_count;
    for (uint32_t i = 0; i < device_scene->texture_count; i++)
        out->texture_bytes += device_scene->textures[i].image.memory.size;
    out->texture_full_bytes = out->texture_bytes;
}
