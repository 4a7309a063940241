#include "scene/gltf_meshopt.h"

#include <string.h>

#include <meshoptimizer.h>

#include "base/memory.h"

#define EXTENSION   "EXT_meshopt_compression"
#define MOST_STRIDE 256 /* bytes of an attribute */
/* Bytes that one byte can stand for, at most: in the attributes' codec two bits stand for 16
 * elements of a byte each; what a small view has besides is its header. */
#define MOST_RATIO   64
#define HEADER_BYTES 64

typedef enum view_mode { ATTRIBUTES, TRIANGLES, INDICES } view_mode;
typedef enum view_filter { NONE, OCTAHEDRAL, QUATERNION, EXPONENTIAL } view_filter;

/* A compressed view, as the extension describes it. */
typedef struct compressed {
    tdi_json at;
    const uint8_t *data;
    size_t size;
    uint32_t stride, count;
    view_mode mode;
    view_filter filter;
} compressed;

static td_result read_word(const tdi_json *at, const char *key, const char *const *words,
                           uint32_t count, uint32_t *out)
{
    const char *text = NULL;
    TDI_TRY(tdi_json_get_string(at, key, &text));
    for (*out = 0; text && *out < count; (*out)++)
        if (strcmp(text, words[*out]) == 0)
            return TD_OK;
    if (!text) {
        *out = 0;
        return TD_OK;
    }
    const tdi_json member = tdi_json_member(at, key);
    return tdi_json_fail(&member, "\"%.40s\" is not known", text);
}

static td_result read_kind(compressed *c)
{
    static const char *const modes[] = {"ATTRIBUTES", "TRIANGLES", "INDICES"};
    static const char *const filters[] = {"NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL"};
    uint32_t mode, filter;
    TDI_TRY(tdi_json_require(&c->at, "mode"));
    TDI_TRY(read_word(&c->at, "mode", modes, 3, &mode));
    TDI_TRY(read_word(&c->at, "filter", filters, 4, &filter));
    c->mode = (view_mode)mode;
    c->filter = (view_filter)filter;
    return TD_OK;
}

static td_result read_source(const tdi_gltf *gltf, compressed *c)
{
    uint32_t index;
    uint64_t offset = 0, length = 0;
    TDI_TRY(tdi_json_require(&c->at, "buffer"));
    TDI_TRY(tdi_json_require(&c->at, "byteLength"));
    TDI_TRY(tdi_json_get_index(&c->at, "buffer", gltf->buffer_count, "buffer", &index));
    TDI_TRY(tdi_json_get_u64(&c->at, "byteOffset", &offset));
    TDI_TRY(tdi_json_get_u64(&c->at, "byteLength", &length));
    const tdi_gltf_buffer *buffer = &gltf->buffers[index];
    if (!buffer->data)
        return tdi_json_fail(&c->at, "uses buffer %u, which has no bytes", index);
    if (length > buffer->size || offset > buffer->size - length)
        return tdi_json_fail(&c->at, "bytes %llu to %llu are past the end of buffer %u (%zu bytes)",
                             (unsigned long long)offset, (unsigned long long)(offset + length),
                             index, buffer->size);
    c->data = buffer->data + offset;
    c->size = (size_t)length;
    return TD_OK;
}

static bool filter_fits(const compressed *c)
{
    switch (c->filter) {
    case OCTAHEDRAL:
        return c->stride == 4 || c->stride == 8;
    case QUATERNION:
        return c->stride == 8;
    default:
        return c->stride % 4 == 0;
    }
}

/* What the decoders take for granted. */
static td_result check_shape(const compressed *c)
{
    const bool attributes = c->mode == ATTRIBUTES;
    if (attributes && (c->stride == 0 || c->stride % 4 != 0 || c->stride > MOST_STRIDE))
        return tdi_json_fail(&c->at, "a byteStride of %u; it must be 4, 8, ... or 256", c->stride);
    if (!attributes && c->stride != 2 && c->stride != 4)
        return tdi_json_fail(&c->at, "a byteStride of %u; of indices it must be 2 or 4", c->stride);
    if (c->mode == TRIANGLES && c->count % 3 != 0)
        return tdi_json_fail(&c->at, "a count of %u, which is no number of triangles", c->count);
    if (c->filter != NONE && (!attributes || !filter_fits(c)))
        return tdi_json_fail(&c->at, "the filter does not go with this mode and byteStride");
    if ((uint64_t)c->count * c->stride > MOST_RATIO * ((uint64_t)c->size + HEADER_BYTES))
        return tdi_json_fail(&c->at, "%u elements of %u bytes are more than %zu bytes can hold",
                             c->count, c->stride, c->size);
    return TD_OK;
}

static td_result read_compressed(const tdi_gltf *gltf, const tdi_json *view, compressed *c)
{
    uint64_t length = 0;
    TDI_TRY(tdi_json_require(&c->at, "byteStride"));
    TDI_TRY(tdi_json_require(&c->at, "count"));
    TDI_TRY(tdi_json_get_u32(&c->at, "byteStride", &c->stride));
    TDI_TRY(tdi_json_get_u32(&c->at, "count", &c->count));
    TDI_TRY(read_kind(c));
    TDI_TRY(read_source(gltf, c));
    TDI_TRY(check_shape(c));
    TDI_TRY(tdi_json_require(view, "byteLength"));
    TDI_TRY(tdi_json_get_u64(view, "byteLength", &length));
    if (length != (uint64_t)c->count * c->stride)
        return tdi_json_fail(&c->at, "%u elements of %u bytes, where the view has %llu bytes",
                             c->count, c->stride, (unsigned long long)length);
    return TD_OK;
}

static int decode(const compressed *c, uint8_t *out)
{
    switch (c->mode) {
    case ATTRIBUTES:
        return meshopt_decodeVertexBuffer(out, c->count, c->stride, c->data, c->size);
    case TRIANGLES:
        return meshopt_decodeIndexBuffer(out, c->count, c->stride, c->data, c->size);
    case INDICES:
        break;
    }
    return meshopt_decodeIndexSequence(out, c->count, c->stride, c->data, c->size);
}

static void undo_filter(const compressed *c, uint8_t *out)
{
    switch (c->filter) {
    case OCTAHEDRAL:
        meshopt_decodeFilterOct(out, c->count, c->stride);
        break;
    case QUATERNION:
        meshopt_decodeFilterQuat(out, c->count, c->stride);
        break;
    case EXPONENTIAL:
        meshopt_decodeFilterExp(out, c->count, c->stride);
        break;
    case NONE:
        break;
    }
}

static td_result decode_view(const compressed *c, tdi_gltf_buffer *out)
{
    out->size = (size_t)c->count * c->stride;
    /* One byte more, so that an empty view has an address too. */
    out->owned = tdi_alloc(out->size + 1);
    if (!out->owned)
        return TD_ERROR_HOST_MEMORY;
    out->data = out->owned;
    if (c->count > 0 && decode(c, out->owned) != 0)
        return tdi_json_fail(&c->at, "the compressed bytes are damaged");
    undo_filter(c, out->owned);
    return TD_OK;
}

static td_result decode_if_compressed(tdi_gltf *gltf, uint32_t index)
{
    tdi_json view, link;
    compressed c = {0};
    TDI_TRY(tdi_json_get_item(&gltf->arrays.buffer_views, index, &view));
    TDI_TRY(tdi_json_get_extension(&view, EXTENSION, &link, &c.at));
    if (!c.at.value)
        return TD_OK;
    TDI_TRY(read_compressed(gltf, &view, &c));
    return decode_view(&c, &gltf->decoded[index]);
}

td_result tdi_gltf_decode_views(tdi_gltf *gltf)
{
    const uint32_t count = (uint32_t)tdi_gltf_count(&gltf->arrays.buffer_views);
    gltf->decoded = tdi_alloc_zero(count, sizeof *gltf->decoded);
    if (!gltf->decoded)
        return TD_ERROR_HOST_MEMORY;
    gltf->decoded_count = count;
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(decode_if_compressed(gltf, i));
    return TD_OK;
}

void tdi_gltf_free_decoded(tdi_gltf *gltf)
{
    for (uint32_t i = 0; i < gltf->decoded_count; i++)
        tdi_free(gltf->decoded[i].owned);
    tdi_free(gltf->decoded);
    gltf->decoded = NULL;
    gltf->decoded_count = 0;
}
