#include "scene/primitive.h"

#include <math.h>
#include <meshoptimizer.h>
#include <string.h>

#include "base/memory.h"

void tdi_primitive_free(tdi_primitive *primitive)
{
    tdi_free(primitive->positions);
    tdi_free(primitive->normals);
    tdi_free(primitive->tangents);
    tdi_free(primitive->texcoords[0]);
    tdi_free(primitive->texcoords[1]);
    tdi_free(primitive->colors);
    tdi_free(primitive->indices);
    *primitive = (tdi_primitive){0};
}

/* Replaces `*stream` by one element for each index. */
static td_result unshare(float **stream, uint32_t width, const uint32_t *indices, uint32_t count)
{
    if (*stream == NULL)
        return TD_OK;
    float *own = tdi_alloc_zero(count, width * sizeof(float));
    if (own == NULL)
        return TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(own + i * width, *stream + (size_t)indices[i] * width, width * sizeof(float));
    tdi_free(*stream);
    *stream = own;
    return TD_OK;
}

/* The sum with zero turns -0 into 0: equal normals must be equal byte for byte to be merged. */
static void triangle_normal(const float *corners, float normal[3])
{
    double a[3], b[3], cross[3];
    for (int i = 0; i < 3; i++) {
        a[i] = (double)corners[3 + i] - (double)corners[i];
        b[i] = (double)corners[6 + i] - (double)corners[i];
    }
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3;
        int k = (i + 2) % 3;
        cross[i] = a[j] * b[k] - a[k] * b[j];
    }
    double length = sqrt(cross[0] * cross[0] + cross[1] * cross[1] + cross[2] * cross[2]);
    for (int i = 0; i < 3; i++)
        normal[i] = length > 0.0 ? (float)(cross[i] / length) + 0.0f : (i == 2 ? 1.0f : 0.0f);
}

td_result tdi_primitive_flatten(tdi_primitive *primitive)
{
    const uint32_t *indices = primitive->indices;
    uint32_t count = primitive->index_count;
    tdi_free(primitive->tangents);
    tdi_free(primitive->normals);
    primitive->tangents = NULL;
    primitive->normals = tdi_alloc_zero(count, 3 * sizeof(float));
    if (primitive->normals == NULL && count > 0)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(unshare(&primitive->positions, 3, indices, count));
    TDI_TRY(unshare(&primitive->texcoords[0], 2, indices, count));
    TDI_TRY(unshare(&primitive->texcoords[1], 2, indices, count));
    TDI_TRY(unshare(&primitive->colors, 4, indices, count));
    for (uint32_t i = 0; i < count; i++)
        primitive->indices[i] = i;
    primitive->vertex_count = count;
    for (size_t i = 0; i + 2 < count; i += 3) {
        float normal[3];
        triangle_normal(primitive->positions + 3 * i, normal);
        for (size_t corner = 0; corner < 3; corner++)
            memcpy(primitive->normals + 3 * (i + corner), normal, sizeof normal);
    }
    return TD_OK;
}

/* The streams that are there, as meshoptimizer wants them. */
static size_t list_streams(const tdi_primitive *primitive, struct meshopt_Stream out[6])
{
    const struct {
        const float *data;
        size_t width;
    } streams[] = {
        {primitive->positions, 3},    {primitive->normals, 3},      {primitive->tangents, 4},
        {primitive->texcoords[0], 2}, {primitive->texcoords[1], 2}, {primitive->colors, 4},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        size_t bytes = streams[i].width * sizeof(float);
        if (streams[i].data != NULL)
            out[count++] =
                (struct meshopt_Stream){.data = streams[i].data, .size = bytes, .stride = bytes};
    }
    return count;
}

static void remap_stream(float *stream, size_t width, const unsigned int *remap, size_t count)
{
    if (stream != NULL)
        meshopt_remapVertexBuffer(stream, stream, count, width * sizeof(float), remap);
}

td_result tdi_primitive_weld(tdi_primitive *primitive)
{
    struct meshopt_Stream streams[6];
    size_t count = primitive->vertex_count;
    if (count < primitive->index_count)
        return TD_OK;
    unsigned int *remap = tdi_alloc_zero(count, sizeof *remap);
    if (remap == NULL)
        return TD_ERROR_HOST_MEMORY;
    size_t unique =
        meshopt_generateVertexRemapMulti(remap, primitive->indices, primitive->index_count, count,
                                         streams, list_streams(primitive, streams));
    remap_stream(primitive->positions, 3, remap, count);
    remap_stream(primitive->normals, 3, remap, count);
    remap_stream(primitive->tangents, 4, remap, count);
    remap_stream(primitive->texcoords[0], 2, remap, count);
    remap_stream(primitive->texcoords[1], 2, remap, count);
    remap_stream(primitive->colors, 4, remap, count);
    meshopt_remapIndexBuffer(primitive->indices, primitive->indices, primitive->index_count, remap);
    primitive->vertex_count = (uint32_t)unique;
    tdi_free(remap);
    return TD_OK;
}
