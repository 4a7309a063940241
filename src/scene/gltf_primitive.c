#include "scene/gltf_primitive.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/cluster.h"
#include "scene/gltf_accessor.h"
#include "scene/gltf_pose.h"

/* glTF's primitive modes that are drawn. */
#define MODE_TRIANGLES 4u
#define MODE_STRIP     5u
#define MODE_FAN       6u

/* The vertices that the indices reach; only they are read. */
typedef struct tdi_range {
    uint32_t first;
    uint32_t count;
} tdi_range;

td_result tdi_gltf_primitive_is_drawn(const tdi_json *at, bool *drawn, const char **why)
{
    uint32_t mode = MODE_TRIANGLES;
    tdi_json attributes;
    TDI_TRY(tdi_json_get_u32(at, "mode", &mode));
    TDI_TRY(tdi_json_require(at, "attributes"));
    TDI_TRY(tdi_json_get_object(at, "attributes", &attributes));
    if (mode > MODE_FAN) {
        tdi_json member = tdi_json_member(at, "mode");
        return tdi_json_fail(&member, "%u is not a primitive mode", mode);
    }
    *drawn = false;
    if (mode < MODE_TRIANGLES)
        *why = "points and lines are left out";
    else if (json_object_get(attributes.value, "POSITION") == NULL)
        *why = "primitives without positions are left out";
    else
        *drawn = true;
    return TD_OK;
}

/* Opens the accessor that an attribute names; absent is fine: the count is then 0. */
static td_result open_attribute(const tdi_gltf *gltf, const tdi_json *attributes, const char *name,
                                tdi_accessor *out)
{
    uint32_t index;
    *out = (tdi_accessor){0};
    TDI_TRY(tdi_json_get_index(attributes, name, tdi_gltf_count(&gltf->arrays.accessors),
                               "accessor", &index));
    if (index == TD_NONE)
        return TD_OK;
    return tdi_accessor_open(gltf, index, out);
}

static td_result check_attribute(const tdi_json *attributes, const char *name,
                                 const tdi_accessor *accessor, uint32_t least, uint32_t most,
                                 uint32_t vertex_count)
{
    tdi_json at = tdi_json_member(attributes, name);
    uint32_t width = tdi_accessor_width(accessor);
    if (accessor->columns != 1 || width < least || width > most)
        return tdi_json_fail(&at, "the accessor has %u components", width);
    if (accessor->count != vertex_count)
        return tdi_json_fail(&at, "the accessor has %u elements, but POSITION has %u",
                             accessor->count, vertex_count);
    return TD_OK;
}

/* Reads an optional attribute, `width` floats a vertex; a narrower accessor is filled up with 1.
 * What is not finite becomes 0: exporters write such normals and coordinates. */
static td_result read_attribute(const tdi_gltf *gltf, const tdi_json *attributes, const char *name,
                                uint32_t least, uint32_t width, uint32_t vertex_count,
                                tdi_range range, float **out)
{
    tdi_accessor accessor;
    TDI_TRY(open_attribute(gltf, attributes, name, &accessor));
    if (accessor.count == 0)
        return TD_OK;
    TDI_TRY(check_attribute(attributes, name, &accessor, least, width, vertex_count));
    float *values = tdi_alloc_zero(range.count, width * sizeof(float));
    if (values == NULL)
        return TD_ERROR_HOST_MEMORY;
    *out = values;
    tdi_accessor_read_floats(&accessor, range.first, range.count, values);
    uint32_t narrow = tdi_accessor_width(&accessor);
    for (size_t i = range.count; narrow < width && i-- > 0;) {
        memmove(values + i * width, values + i * narrow, narrow * sizeof(float));
        for (uint32_t j = narrow; j < width; j++)
            values[i * width + j] = 1.0f;
    }
    for (size_t i = 0; i < (size_t)range.count * width; i++)
        values[i] = isfinite(values[i]) ? values[i] : 0.0f;
    return TD_OK;
}

static td_result read_positions(const tdi_json *attributes, const tdi_accessor *accessor,
                                tdi_range range, tdi_primitive *out)
{
    out->positions = tdi_alloc_zero(range.count, 3 * sizeof(float));
    if (out->positions == NULL)
        return TD_ERROR_HOST_MEMORY;
    out->vertex_count = range.count;
    tdi_accessor_read_floats(accessor, range.first, range.count, out->positions);
    for (size_t i = 0; i < (size_t)3 * range.count; i++) {
        if (!isfinite(out->positions[i])) {
            tdi_json at = tdi_json_member(attributes, "POSITION");
            return tdi_json_fail(&at, "element %zu of the accessor is not finite",
                                 range.first + i / 3);
        }
    }
    return TD_OK;
}

static uint32_t restart_value(tdi_component component)
{
    switch (component) {
    case TDI_COMPONENT_UBYTE:
        return UINT8_MAX;
    case TDI_COMPONENT_USHORT:
        return UINT16_MAX;
    default:
        return UINT32_MAX;
    }
}

static td_result check_corners(const tdi_json *at, const tdi_accessor *accessor,
                               const uint32_t *corners, uint32_t vertex_count)
{
    uint32_t restart = restart_value(accessor->component);
    for (uint32_t i = 0; i < accessor->count; i++) {
        if (corners[i] == restart)
            return tdi_json_fail(at,
                                 "index %u is %u, the primitive restart value, which is not "
                                 "allowed",
                                 i, corners[i]);
        if (corners[i] >= vertex_count)
            return tdi_json_fail(at, "index %u is %u, past the last vertex (%u of them)", i,
                                 corners[i], vertex_count);
    }
    return TD_OK;
}

/* The corners in the order of the file: its indices, or all vertices. */
static td_result read_corners(const tdi_gltf *gltf, const tdi_json *at, uint32_t vertex_count,
                              uint32_t **corners, uint32_t *count)
{
    tdi_json member = tdi_json_member(at, "indices");
    tdi_accessor accessor;
    TDI_TRY(open_attribute(gltf, at, "indices", &accessor));
    bool indexed = accessor.count > 0;
    if (indexed && (!tdi_accessor_is_unsigned(&accessor) || tdi_accessor_width(&accessor) != 1))
        return tdi_json_fail(&member, "the accessor does not hold unsigned integer scalars");
    *count = indexed ? accessor.count : vertex_count;
    *corners = tdi_alloc_zero(*count, sizeof **corners);
    if (*corners == NULL)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < *count && !indexed; i++)
        (*corners)[i] = i;
    if (!indexed)
        return TD_OK;
    tdi_accessor_read_integers(&accessor, 0, accessor.count, *corners);
    return check_corners(&member, &accessor, *corners, vertex_count);
}

/* The corners of triangle `i`, glTF 2.0, section 3.7.2.1. */
static void triangle_corners(uint32_t mode, const uint32_t *corners, uint32_t i, uint32_t out[3])
{
    uint32_t order[3] = {3 * i, 3 * i + 1, 3 * i + 2};
    if (mode == MODE_STRIP) {
        order[0] = i;
        order[1] = i + (1 + i % 2);
        order[2] = i + (2 - i % 2);
    } else if (mode == MODE_FAN) {
        order[0] = i + 1;
        order[1] = i + 2;
        order[2] = 0;
    }
    for (int j = 0; j < 3; j++)
        out[j] = corners[order[j]];
}

/* Turns corners into a list of triangles; corners that are left over make none. */
static td_result list_triangles(uint32_t mode, const uint32_t *corners, uint32_t count,
                                tdi_primitive *out)
{
    uint32_t triangles = mode == MODE_TRIANGLES ? count / 3 : (count > 2 ? count - 2 : 0);
    if (triangles > UINT32_MAX / 3)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "%u triangles in one primitive are too many",
                        triangles);
    out->indices = tdi_alloc_zero(triangles, 3 * sizeof(uint32_t));
    if (out->indices == NULL)
        return TD_ERROR_HOST_MEMORY;
    out->index_count = 3 * triangles;
    for (uint32_t i = 0; i < triangles; i++)
        triangle_corners(mode, corners, i, out->indices + (size_t)3 * i);
    return TD_OK;
}

static td_result read_indices(const tdi_gltf *gltf, const tdi_json *at, uint32_t vertex_count,
                              tdi_primitive *out)
{
    uint32_t mode = MODE_TRIANGLES;
    uint32_t *corners = NULL;
    uint32_t count = 0;
    TDI_TRY(tdi_json_get_u32(at, "mode", &mode));
    td_result result = read_corners(gltf, at, vertex_count, &corners, &count);
    if (result == TD_OK)
        result = list_triangles(mode, corners, count, out);
    tdi_free(corners);
    return result;
}

/* Makes the indices relative to the first vertex that they reach. Primitives often share one large
 * set of vertices. */
static tdi_range rebase_indices(tdi_primitive *primitive)
{
    uint32_t lowest = UINT32_MAX;
    uint32_t highest = 0;
    for (uint32_t i = 0; i < primitive->index_count; i++) {
        uint32_t index = primitive->indices[i];
        lowest = index < lowest ? index : lowest;
        highest = index > highest ? index : highest;
    }
    for (uint32_t i = 0; i < primitive->index_count; i++)
        primitive->indices[i] -= lowest;
    return (tdi_range){.first = lowest, .count = highest - lowest + 1};
}

static td_result read_optional(const tdi_gltf *gltf, const tdi_json *attributes,
                               tdi_gltf_needs needs, uint32_t count, tdi_range range,
                               tdi_primitive *out)
{
    TDI_TRY(read_attribute(gltf, attributes, "NORMAL", 3, 3, count, range, &out->normals));
    if (needs.tangents && out->normals != NULL)
        TDI_TRY(read_attribute(gltf, attributes, "TANGENT", 4, 4, count, range, &out->tangents));
    if (needs.texcoords[0])
        TDI_TRY(
            read_attribute(gltf, attributes, "TEXCOORD_0", 2, 2, count, range, &out->texcoords[0]));
    if (needs.texcoords[1])
        TDI_TRY(
            read_attribute(gltf, attributes, "TEXCOORD_1", 2, 2, count, range, &out->texcoords[1]));
    return read_attribute(gltf, attributes, "COLOR_0", 3, 4, count, range, &out->colors);
}

/* What was read before a failure is left in `out` for the caller to free. */
static td_result read_arrays(const tdi_gltf *gltf, const tdi_json *at, const tdi_gltf_pose *pose,
                             tdi_gltf_needs needs, tdi_primitive *out)
{
    tdi_json attributes;
    tdi_accessor positions;
    TDI_TRY(tdi_json_get_object(at, "attributes", &attributes));
    TDI_TRY(open_attribute(gltf, &attributes, "POSITION", &positions));
    TDI_TRY(check_attribute(&attributes, "POSITION", &positions, 3, 3, positions.count));
    TDI_TRY(read_indices(gltf, at, positions.count, out));
    if (out->index_count == 0)
        return TD_OK;
    tdi_range range = rebase_indices(out);
    TDI_TRY(read_positions(&attributes, &positions, range, out));
    TDI_TRY(read_optional(gltf, &attributes, needs, positions.count, range, out));
    if (pose != NULL)
        TDI_TRY(tdi_gltf_pose_apply(gltf, at, pose, range.first, out));
    if (out->normals == NULL)
        TDI_TRY(tdi_primitive_flatten(out));
    return tdi_primitive_weld(out);
}

td_result tdi_gltf_primitive_read(const tdi_gltf *gltf, const tdi_json *at,
                                  const tdi_gltf_pose *pose, tdi_gltf_needs needs,
                                  tdi_geometry *out)
{
    tdi_primitive primitive = {0};
    td_result result = read_arrays(gltf, at, pose, needs, &primitive);
    if (result == TD_OK && primitive.index_count > 0)
        result = tdi_cluster_primitive(&primitive, out);
    tdi_primitive_free(&primitive);
    return result;
}
