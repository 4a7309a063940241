#include "scene/geometry.h"

#include <string.h>

#include "base/memory.h"

void tdi_geometry_free(tdi_geometry *geometry)
{
#define FREE_ARRAY(array, count, capacity, items) tdi_free(geometry->array);
    TDI_GEOMETRY_ARRAYS(FREE_ARRAY)
#undef FREE_ARRAY
    *geometry = (tdi_geometry){0};
}

/* What `count` pieces have in all, or a failure where a 32-bit index could not reach the end. */
static td_result sum_counts(const tdi_geometry *geometry, const tdi_geometry *pieces, size_t count,
                            tdi_geometry *sums)
{
    /* Every stream has at most as many elements as there are vertices. */
    uint64_t vertices = geometry->vertex_count;
    uint64_t triangles = geometry->triangle_count;
    for (size_t i = 0; i < count; i++) {
        vertices += pieces[i].vertex_count;
        triangles += pieces[i].triangle_count;
    }
    if (vertices >= UINT32_MAX || triangles >= UINT32_MAX)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the scene has %llu vertices and %llu triangles, but at most 4294967294 of "
                        "each can be addressed",
                        (unsigned long long)vertices, (unsigned long long)triangles);
    *sums = *geometry;
    for (size_t i = 0; i < count; i++) {
        const tdi_geometry *piece = &pieces[i];
        sums->cluster_count += piece->cluster_count;
        sums->surface_count += piece->surface_count;
        sums->triangle_count += piece->triangle_count;
        sums->vertex_count += piece->vertex_count;
        sums->tangent_count += piece->tangent_count;
        sums->texcoord0_count += piece->texcoord0_count;
        sums->texcoord1_count += piece->texcoord1_count;
        sums->color_count += piece->color_count;
    }
    return TD_OK;
}

td_result tdi_geometry_reserve(tdi_geometry *geometry, const tdi_geometry *pieces, size_t count)
{
    tdi_geometry sums = {0};
    TDI_TRY(sum_counts(geometry, pieces, count, &sums));
#define GROW_ARRAY(array, counter, capacity, items)                                                \
    TDI_TRY(tdi_grow((void **)&geometry->array, &geometry->capacity, sums.counter,                 \
                     sizeof *geometry->array *(items)));
    TDI_GEOMETRY_ARRAYS(GROW_ARRAY)
#undef GROW_ARRAY
    return TD_OK;
}

static void shift_stream(uint32_t *first, uint32_t offset)
{
    if (*first != TDI_SURFACE_NO_STREAM)
        *first += offset;
}

static void shift_clusters(const tdi_geometry *geometry, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tdi_cluster *cluster = &geometry->clusters[geometry->cluster_count + i];
        cluster->first_vertex += geometry->vertex_count;
        cluster->first_triangle += geometry->triangle_count;
        cluster->surface += geometry->surface_count;
    }
}

static void shift_surfaces(const tdi_geometry *geometry, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tdi_surface *surface = &geometry->surfaces[geometry->surface_count + i];
        surface->first_vertex += geometry->vertex_count;
        shift_stream(&surface->first_tangent, geometry->tangent_count);
        shift_stream(&surface->first_texcoord0, geometry->texcoord0_count);
        shift_stream(&surface->first_texcoord1, geometry->texcoord1_count);
        shift_stream(&surface->first_color, geometry->color_count);
    }
}

void tdi_geometry_place(tdi_geometry *geometry, const tdi_geometry *piece)
{
#define COPY_ARRAY(array, counter, capacity, items)                                                \
    if (piece->counter > 0)                                                                        \
        memcpy(geometry->array + (size_t)geometry->counter * (items), piece->array,                \
               (size_t)piece->counter * (items) * sizeof *piece->array);
    TDI_GEOMETRY_ARRAYS(COPY_ARRAY)
#undef COPY_ARRAY
    shift_clusters(geometry, piece->cluster_count);
    shift_surfaces(geometry, piece->surface_count);
    geometry->cluster_count += piece->cluster_count;
    geometry->surface_count += piece->surface_count;
    geometry->triangle_count += piece->triangle_count;
    geometry->vertex_count += piece->vertex_count;
    geometry->tangent_count += piece->tangent_count;
    geometry->texcoord0_count += piece->texcoord0_count;
    geometry->texcoord1_count += piece->texcoord1_count;
    geometry->color_count += piece->color_count;
}

uint64_t tdi_geometry_bytes(const tdi_geometry *geometry)
{
    uint64_t bytes = 0;
#define ADD_BYTES(array, counter, capacity, items)                                                 \
    bytes += (uint64_t)geometry->counter * (items) * sizeof *geometry->array;
    TDI_GEOMETRY_ARRAYS(ADD_BYTES)
#undef ADD_BYTES
    return bytes;
}
