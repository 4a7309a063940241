#include "scene/gltf_accessor.h"

#include <math.h>
#include <string.h>

#include "scene/gltf_buffer.h"

/* Elements that no bytes stand for cost nothing in the file, so their number is limited. */
#define MOST_ZERO_ELEMENTS (1u << 24)

typedef struct tdi_shape {
    const char *name;
    uint8_t rows;
    uint8_t columns;
} tdi_shape;

static const tdi_shape shapes[] = {
    {"SCALAR", 1, 1}, {"VEC2", 2, 1}, {"VEC3", 3, 1}, {"VEC4", 4, 1},
    {"MAT2", 2, 2},   {"MAT3", 3, 3}, {"MAT4", 4, 4},
};

static uint32_t component_bytes(tdi_component component)
{
    switch (component) {
    case TDI_COMPONENT_BYTE:
    case TDI_COMPONENT_UBYTE:
        return 1;
    case TDI_COMPONENT_SHORT:
    case TDI_COMPONENT_USHORT:
        return 2;
    default:
        return 4;
    }
}

static bool is_unsigned(tdi_component component)
{
    return component == TDI_COMPONENT_UBYTE || component == TDI_COMPONENT_USHORT ||
           component == TDI_COMPONENT_UINT;
}

static td_result read_component(const tdi_json *at, tdi_component *out)
{
    uint32_t value = 0;
    TDI_TRY(tdi_json_require(at, "componentType"));
    TDI_TRY(tdi_json_get_u32(at, "componentType", &value));
    if (value < TDI_COMPONENT_BYTE || value > TDI_COMPONENT_FLOAT || value == 5124) {
        tdi_json member = tdi_json_member(at, "componentType");
        return tdi_json_fail(&member, "%u is not a component type", value);
    }
    *out = (tdi_component)value;
    return TD_OK;
}

static td_result read_shape(const tdi_json *at, tdi_accessor *out)
{
    const char *name = NULL;
    TDI_TRY(tdi_json_require(at, "type"));
    TDI_TRY(tdi_json_get_string(at, "type", &name));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(shapes[i].name, name) == 0) {
            out->rows = shapes[i].rows;
            out->columns = shapes[i].columns;
            return TD_OK;
        }
    }
    tdi_json member = tdi_json_member(at, "type");
    return tdi_json_fail(&member, "\"%.40s\" is not an accessor type", name);
}

static uint32_t element_bytes(const tdi_accessor *accessor)
{
    return (accessor->columns - 1) * accessor->column_bytes +
           accessor->rows * component_bytes(accessor->component);
}

/* Checks that `count` elements fit into a view from `offset` on. All sums are of 64 bits and their
 * terms far below 2^63. */
static td_result open_elements(const tdi_gltf *gltf, const tdi_json *at, uint32_t view,
                               uint32_t count, uint32_t bytes, tdi_elements *out)
{
    const uint8_t *data;
    size_t size;
    uint32_t stride;
    uint64_t offset = 0;
    TDI_TRY(tdi_gltf_view(gltf, view, &data, &size, &stride));
    TDI_TRY(tdi_json_get_u64(at, "byteOffset", &offset));
    if (stride == 0)
        stride = bytes;
    if (stride < bytes)
        return tdi_json_fail(at, "elements of %u bytes do not fit the byteStride of %u", bytes,
                             stride);
    uint64_t needed = count > 0 ? (uint64_t)(count - 1) * stride + bytes : 0;
    if (offset > size || needed > size - offset)
        return tdi_json_fail(at,
                             "%u elements from byte %llu on need %llu bytes, but bufferView %u "
                             "has %zu",
                             count, (unsigned long long)offset, (unsigned long long)needed, view,
                             size);
    out->data = data + offset;
    out->stride = stride;
    return TD_OK;
}

static td_result open_part(const tdi_gltf *gltf, const tdi_json *sparse, const char *key,
                           uint32_t count, uint32_t bytes, tdi_elements *out)
{
    tdi_json part;
    uint32_t view;
    TDI_TRY(tdi_json_require(sparse, key));
    TDI_TRY(tdi_json_get_object(sparse, key, &part));
    TDI_TRY(tdi_json_require(&part, "bufferView"));
    TDI_TRY(tdi_json_get_index(&part, "bufferView", tdi_gltf_count(&gltf->arrays.buffer_views),
                               "buffer view", &view));
    return open_elements(gltf, &part, view, count, bytes, out);
}

static uint32_t integer_at(tdi_component component, const uint8_t *data)
{
    uint16_t half;
    uint32_t word;
    switch (component) {
    case TDI_COMPONENT_UBYTE:
        return *data;
    case TDI_COMPONENT_USHORT:
        memcpy(&half, data, sizeof half);
        return half;
    default:
        memcpy(&word, data, sizeof word);
        return word;
    }
}

static td_result check_sparse_indices(const tdi_json *sparse, const tdi_accessor *accessor)
{
    uint32_t bytes = component_bytes(accessor->sparse_component);
    for (uint32_t i = 0; i < accessor->sparse_count; i++) {
        uint32_t index =
            integer_at(accessor->sparse_component, accessor->sparse_indices + (size_t)i * bytes);
        if (index >= accessor->count)
            return tdi_json_fail(sparse, "index %u is %u, past the last element (%u of them)", i,
                                 index, accessor->count);
    }
    return TD_OK;
}

static td_result open_sparse(const tdi_gltf *gltf, const tdi_json *at, tdi_accessor *out)
{
    tdi_json sparse;
    TDI_TRY(tdi_json_get_object(at, "sparse", &sparse));
    if (sparse.value == NULL)
        return TD_OK;
    TDI_TRY(tdi_json_get_u32(&sparse, "count", &out->sparse_count));
    tdi_json indices;
    TDI_TRY(tdi_json_get_object(&sparse, "indices", &indices));
    TDI_TRY(tdi_json_require(&sparse, "indices"));
    TDI_TRY(read_component(&indices, &out->sparse_component));
    if (!is_unsigned(out->sparse_component))
        return tdi_json_fail(&indices, "component type %d is not one for indices",
                             (int)out->sparse_component);
    tdi_elements positions;
    TDI_TRY(open_part(gltf, &sparse, "indices", out->sparse_count,
                      component_bytes(out->sparse_component), &positions));
    out->sparse_indices = positions.data;
    TDI_TRY(open_part(gltf, &sparse, "values", out->sparse_count, element_bytes(out),
                      &out->sparse_values));
    return check_sparse_indices(&sparse, out);
}

td_result tdi_accessor_open(const tdi_gltf *gltf, uint32_t index, tdi_accessor *out)
{
    tdi_json at;
    uint32_t view;
    *out = (tdi_accessor){0};
    TDI_TRY(tdi_json_get_item(&gltf->arrays.accessors, index, &at));
    TDI_TRY(read_component(&at, &out->component));
    TDI_TRY(read_shape(&at, out));
    TDI_TRY(tdi_json_get_bool(&at, "normalized", &out->normalized));
    TDI_TRY(tdi_json_require(&at, "count"));
    TDI_TRY(tdi_json_get_u32(&at, "count", &out->count));
    if (out->count == 0 || out->count == UINT32_MAX)
        return tdi_json_fail(&at, "a count of %u is not possible", out->count);
    out->column_bytes = out->rows * component_bytes(out->component);
    if (out->columns > 1)
        out->column_bytes = (out->column_bytes + 3) / 4 * 4;
    TDI_TRY(tdi_json_get_index(&at, "bufferView", tdi_gltf_count(&gltf->arrays.buffer_views),
                               "buffer view", &view));
    if (view != TD_NONE)
        TDI_TRY(open_elements(gltf, &at, view, out->count, element_bytes(out), &out->elements));
    else if (out->count > MOST_ZERO_ELEMENTS)
        return tdi_json_fail(&at, "has %u elements without a bufferView; at most %u are read",
                             out->count, MOST_ZERO_ELEMENTS);
    return open_sparse(gltf, &at, out);
}

uint32_t tdi_accessor_width(const tdi_accessor *accessor)
{
    return accessor->rows * accessor->columns;
}

bool tdi_accessor_is_unsigned(const tdi_accessor *accessor)
{
    return is_unsigned(accessor->component);
}

/* Normalisation as glTF 2.0, section 3.11, gives it: c / 127 and c / 32767, at least -1. */
static float float_at(const tdi_accessor *accessor, const uint8_t *data)
{
    int16_t half;
    float value;
    switch (accessor->component) {
    case TDI_COMPONENT_BYTE:
        value = (float)(int8_t)*data;
        return accessor->normalized ? fmaxf(value / 127.0f, -1.0f) : value;
    case TDI_COMPONENT_SHORT:
        memcpy(&half, data, sizeof half);
        value = (float)half;
        return accessor->normalized ? fmaxf(value / 32767.0f, -1.0f) : value;
    case TDI_COMPONENT_UBYTE:
        return accessor->normalized ? (float)*data / 255.0f : (float)*data;
    case TDI_COMPONENT_USHORT:
        value = (float)integer_at(TDI_COMPONENT_USHORT, data);
        return accessor->normalized ? value / 65535.0f : value;
    case TDI_COMPONENT_UINT:
        return accessor->normalized
                   ? (float)((double)integer_at(TDI_COMPONENT_UINT, data) / 4294967295.0)
                   : (float)integer_at(TDI_COMPONENT_UINT, data);
    default:
        memcpy(&value, data, sizeof value);
        return value;
    }
}

static void read_element(const tdi_accessor *accessor, const uint8_t *data, float *out)
{
    uint32_t bytes = component_bytes(accessor->component);
    for (uint32_t column = 0; column < accessor->columns; column++) {
        const uint8_t *component = data + (size_t)column * accessor->column_bytes;
        for (uint32_t row = 0; row < accessor->rows; row++, component += bytes)
            *out++ = float_at(accessor, component);
    }
}

static void read_dense(const tdi_accessor *accessor, uint32_t first, uint32_t count, float *out)
{
    const tdi_elements *elements = &accessor->elements;
    uint32_t width = tdi_accessor_width(accessor);
    if (elements->data == NULL) {
        memset(out, 0, (size_t)count * width * sizeof(float));
        return;
    }
    const uint8_t *data = elements->data + first * elements->stride;
    size_t tight = width * sizeof(float);
    if (accessor->component != TDI_COMPONENT_FLOAT) {
        for (uint32_t i = 0; i < count; i++, data += elements->stride, out += width)
            read_element(accessor, data, out);
    } else if (elements->stride == tight) {
        memcpy(out, data, count * tight);
    } else {
        for (uint32_t i = 0; i < count; i++, data += elements->stride, out += width)
            memcpy(out, data, tight);
    }
}

void tdi_accessor_read_floats(const tdi_accessor *accessor, uint32_t first, uint32_t count,
                              float *out)
{
    uint32_t width = tdi_accessor_width(accessor);
    uint32_t bytes = component_bytes(accessor->sparse_component);
    read_dense(accessor, first, count, out);
    for (uint32_t i = 0; i < accessor->sparse_count; i++) {
        uint32_t index =
            integer_at(accessor->sparse_component, accessor->sparse_indices + (size_t)i * bytes);
        if (index >= first && index - first < count)
            read_element(accessor,
                         accessor->sparse_values.data + i * accessor->sparse_values.stride,
                         out + (size_t)(index - first) * width);
    }
}

static void read_integers(const tdi_accessor *accessor, const uint8_t *data, uint32_t *out)
{
    uint32_t bytes = component_bytes(accessor->component);
    for (uint32_t i = 0; i < accessor->rows; i++)
        out[i] = integer_at(accessor->component, data + (size_t)i * bytes);
}

void tdi_accessor_read_integers(const tdi_accessor *accessor, uint32_t first, uint32_t count,
                                uint32_t *out)
{
    uint32_t width = accessor->rows;
    uint32_t bytes = component_bytes(accessor->sparse_component);
    const tdi_elements *elements = &accessor->elements;
    if (elements->data == NULL)
        memset(out, 0, (size_t)count * width * sizeof *out);
    for (uint32_t i = 0; i < count && elements->data != NULL; i++)
        read_integers(accessor, elements->data + ((size_t)first + i) * elements->stride,
                      out + (size_t)i * width);
    for (uint32_t i = 0; i < accessor->sparse_count; i++) {
        uint32_t index =
            integer_at(accessor->sparse_component, accessor->sparse_indices + (size_t)i * bytes);
        if (index >= first && index - first < count)
            read_integers(accessor,
                          accessor->sparse_values.data + i * accessor->sparse_values.stride,
                          out + (size_t)(index - first) * width);
    }
}
