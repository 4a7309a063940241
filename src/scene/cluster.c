#include "scene/cluster.h"

#include <math.h>
#include <meshoptimizer.h>
#include <string.h>

#include "base/memory.h"
#include "scene/pack.h"

/* What meshopt_buildMeshlets holds while it works (0.18), marks rounded up to a word: of a vertex
 * the count, the offset and the number of its triangles and a mark; of a triangle its place in the
 * lists of three vertices, a mark, a cone of six floats, and an index and two nodes in a tree. */
#define BYTES_PER_VERTEX    (4 * sizeof(uint32_t))
#define BYTES_PER_TRIANGLE  (9 * sizeof(uint32_t) + 6 * sizeof(float))
#define BYTES_OF_MANAGEMENT 1024 /* the allocator's own */

/* What meshoptimizer makes: per cluster its vertices as indices into the primitive's, and its
 * triangles as bytes that index those. */
typedef struct tdi_meshlets {
    struct meshopt_Meshlet *meshlets;
    unsigned int *vertices;
    unsigned char *triangles;
    size_t count;
} tdi_meshlets;

static void free_meshlets(tdi_meshlets *cut)
{
    tdi_free(cut->meshlets);
    tdi_free(cut->vertices);
    tdi_free(cut->triangles);
}

size_t tdi_cluster_working_bytes(const tdi_primitive *primitive)
{
    return BYTES_PER_VERTEX * (size_t)primitive->vertex_count +
           BYTES_PER_TRIANGLE * (size_t)(primitive->index_count / 3) + BYTES_OF_MANAGEMENT;
}

/* meshoptimizer takes its working memory with operator new, and where there is none the process
 * ends. So as much is taken here first, where that can fail, and given back. It is only a guard:
 * others may take the memory in between, and a system that promises more than it has grants both.
 * Installing an allocator in meshoptimizer would not do: it is the whole process's, and
 * meshoptimizer takes it for granted that an allocation succeeds. */
static td_result guard_memory(const tdi_primitive *primitive)
{
    void *block = tdi_alloc(tdi_cluster_working_bytes(primitive));
    if (block == NULL)
        return TD_ERROR_HOST_MEMORY;
    tdi_free(block);
    return TD_OK;
}

static td_result cut_primitive(const tdi_primitive *primitive, tdi_meshlets *cut)
{
    size_t bound = meshopt_buildMeshletsBound(primitive->index_count, TDI_CLUSTER_VERTICES,
                                              TDI_CLUSTER_TRIANGLES);
    cut->meshlets = tdi_alloc_zero(bound, sizeof *cut->meshlets);
    cut->vertices = tdi_alloc(bound * TDI_CLUSTER_VERTICES * sizeof *cut->vertices);
    cut->triangles = tdi_alloc(bound * TDI_CLUSTER_TRIANGLES * 3);
    if (cut->meshlets == NULL || cut->vertices == NULL || cut->triangles == NULL)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(guard_memory(primitive));
    cut->count =
        meshopt_buildMeshlets(cut->meshlets, cut->vertices, cut->triangles, primitive->indices,
                              primitive->index_count, primitive->positions, primitive->vertex_count,
                              3 * sizeof(float), TDI_CLUSTER_VERTICES, TDI_CLUSTER_TRIANGLES, 0.0f);
    return TD_OK;
}

/* Makes the arrays of `out`, exactly as large as needed, and its one surface. */
static td_result make_arrays(const tdi_primitive *primitive, const tdi_meshlets *cut,
                             tdi_geometry *out)
{
    tdi_geometry sizes = {0};
    sizes.surface_count = 1;
    sizes.cluster_count = (uint32_t)cut->count;
    sizes.triangle_count = primitive->index_count / 3;
    for (size_t i = 0; i < cut->count; i++)
        sizes.vertex_count += cut->meshlets[i].vertex_count;
    sizes.tangent_count = primitive->tangents != NULL ? sizes.vertex_count : 0;
    sizes.texcoord0_count = primitive->texcoords[0] != NULL ? sizes.vertex_count : 0;
    sizes.texcoord1_count = primitive->texcoords[1] != NULL ? sizes.vertex_count : 0;
    sizes.color_count = primitive->colors != NULL ? sizes.vertex_count : 0;
    TDI_TRY(tdi_geometry_reserve(out, &sizes, 1));
    out->surface_count = 1;
    out->surfaces[0] = (struct tdi_surface){
        .first_tangent = sizes.tangent_count > 0 ? 0 : TDI_SURFACE_NO_STREAM,
        .first_texcoord0 = sizes.texcoord0_count > 0 ? 0 : TDI_SURFACE_NO_STREAM,
        .first_texcoord1 = sizes.texcoord1_count > 0 ? 0 : TDI_SURFACE_NO_STREAM,
        .first_color = sizes.color_count > 0 ? 0 : TDI_SURFACE_NO_STREAM,
    };
    out->tangent_count = sizes.tangent_count;
    out->texcoord0_count = sizes.texcoord0_count;
    out->texcoord1_count = sizes.texcoord1_count;
    out->color_count = sizes.color_count;
    return TD_OK;
}

static void copy_vertex(const tdi_primitive *primitive, size_t from, tdi_geometry *out, size_t to)
{
    memcpy(out->positions + 3 * to, primitive->positions + 3 * from, 3 * sizeof(float));
    out->normals[to] = tdi_pack_normal(primitive->normals + 3 * from);
    if (primitive->tangents != NULL)
        out->tangents[to] = tdi_pack_tangent(primitive->tangents + 4 * from);
    if (primitive->texcoords[0] != NULL)
        memcpy(out->texcoords0 + 2 * to, primitive->texcoords[0] + 2 * from, 2 * sizeof(float));
    if (primitive->texcoords[1] != NULL)
        memcpy(out->texcoords1 + 2 * to, primitive->texcoords[1] + 2 * from, 2 * sizeof(float));
    if (primitive->colors != NULL)
        tdi_pack_color(primitive->colors + 4 * from, out->colors + 2 * to);
}

/* The box is given by centre and half size; the half size is rounded up, so that the box holds
 * every vertex. */
static void bound_cluster(const float *positions, uint32_t count, struct tdi_cluster *cluster)
{
    for (int axis = 0; axis < 3; axis++) {
        float lowest = positions[axis];
        float highest = positions[axis];
        for (size_t i = 1; i < count; i++) {
            float value = positions[3 * i + axis];
            lowest = value < lowest ? value : lowest;
            highest = value > highest ? value : highest;
        }
        float center = 0.5f * lowest + 0.5f * highest;
        float extent = fmaxf(highest - center, center - lowest);
        cluster->center[axis] = center;
        cluster->extent[axis] = extent > 0.0f ? nextafterf(extent, INFINITY) : 0.0f;
    }
}

static void fill_cluster(const tdi_primitive *primitive, const tdi_meshlets *cut, size_t index,
                         tdi_geometry *out)
{
    const struct meshopt_Meshlet *meshlet = &cut->meshlets[index];
    struct tdi_cluster *cluster = &out->clusters[index];
    *cluster = (struct tdi_cluster){
        .first_vertex = out->vertex_count,
        .first_triangle = out->triangle_count,
        .counts = meshlet->triangle_count | meshlet->vertex_count << 8,
    };
    const unsigned int *vertices = cut->vertices + meshlet->vertex_offset;
    for (uint32_t i = 0; i < meshlet->vertex_count; i++)
        copy_vertex(primitive, vertices[i], out, (size_t)cluster->first_vertex + i);
    const unsigned char *corners = cut->triangles + meshlet->triangle_offset;
    for (uint32_t i = 0; i < meshlet->triangle_count; i++, corners += 3)
        out->triangles[cluster->first_triangle + i] =
            corners[0] | (uint32_t)corners[1] << 8 | (uint32_t)corners[2] << 16;
    bound_cluster(out->positions + 3 * (size_t)cluster->first_vertex, meshlet->vertex_count,
                  cluster);
    out->vertex_count += meshlet->vertex_count;
    out->triangle_count += meshlet->triangle_count;
}

td_result tdi_cluster_primitive(const tdi_primitive *primitive, tdi_geometry *out)
{
    tdi_meshlets cut = {0};
    td_result result = cut_primitive(primitive, &cut);
    if (result == TD_OK)
        result = make_arrays(primitive, &cut, out);
    if (result == TD_OK) {
        for (size_t i = 0; i < cut.count; i++)
            fill_cluster(primitive, &cut, i, out);
        out->cluster_count = (uint32_t)cut.count;
    } else {
        tdi_geometry_free(out);
    }
    free_meshlets(&cut);
    return result;
}
