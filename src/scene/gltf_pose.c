#include "scene/gltf_pose.h"

#include "base/memory.h"
#include "base/text.h"
#include "scene/gltf_accessor.h"
#include "scene/matrix.h"
#include "scene/node.h"

/* Joints and weights come in sets of four; more than this many sets nobody writes. */
#define MOST_SETS 8

/* Opens an attribute that covers the primitive's vertices; `out->count` is 0 if it is absent. */
static td_result open_attribute(const tdi_gltf *gltf, const tdi_json *attributes, const char *name,
                                uint32_t width, uint64_t end, tdi_accessor *out)
{
    uint32_t index;
    *out = (tdi_accessor){0};
    TDI_TRY(tdi_json_get_index(attributes, name, tdi_gltf_count(&gltf->arrays.accessors),
                               "accessor", &index));
    if (index == TD_NONE)
        return TD_OK;
    TDI_TRY(tdi_accessor_open(gltf, index, out));
    tdi_json at = tdi_json_member(attributes, name);
    if (out->columns != 1 || out->rows != width)
        return tdi_json_fail(&at, "the accessor has %u components where %u are needed",
                             tdi_accessor_width(out), width);
    if (out->count < end)
        return tdi_json_fail(&at, "the accessor has %u elements, but vertex %llu needs one",
                             out->count, (unsigned long long)end - 1);
    return TD_OK;
}

/* Adds weight times delta to the first three of every `width` floats. */
static td_result add_deltas(const tdi_gltf *gltf, const tdi_json *target, const char *name,
                            float weight, uint32_t first, uint32_t count, uint32_t width,
                            float *values)
{
    tdi_accessor accessor;
    if (values == NULL)
        return TD_OK;
    TDI_TRY(open_attribute(gltf, target, name, 3, (uint64_t)first + count, &accessor));
    if (accessor.count == 0)
        return TD_OK;
    float *deltas = tdi_alloc_zero(count, 3 * sizeof(float));
    if (deltas == NULL)
        return TD_ERROR_HOST_MEMORY;
    tdi_accessor_read_floats(&accessor, first, count, deltas);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 3; j++)
            values[i * width + j] += weight * deltas[3 * i + j];
    }
    tdi_free(deltas);
    return TD_OK;
}

static td_result apply_morphs(const tdi_gltf *gltf, const tdi_json *at, const tdi_gltf_pose *pose,
                              uint32_t first, tdi_primitive *primitive)
{
    tdi_json targets;
    TDI_TRY(tdi_json_get_array(at, "targets", &targets));
    uint32_t count = primitive->vertex_count;
    for (uint32_t i = 0; i < pose->weight_count && i < tdi_gltf_count(&targets); i++) {
        tdi_json target;
        float weight = pose->weights[i];
        if (weight == 0.0f)
            continue;
        TDI_TRY(tdi_json_get_item(&targets, i, &target));
        TDI_TRY(
            add_deltas(gltf, &target, "POSITION", weight, first, count, 3, primitive->positions));
        TDI_TRY(add_deltas(gltf, &target, "NORMAL", weight, first, count, 3, primitive->normals));
        TDI_TRY(add_deltas(gltf, &target, "TANGENT", weight, first, count, 4, primitive->tangents));
    }
    return TD_OK;
}

/* Four joints and weights of every vertex. */
typedef struct tdi_influences {
    uint32_t *joints;
    float *weights;
} tdi_influences;

/* Adds the matrices of one set of influences to each vertex's matrix. */
static td_result add_matrices(const tdi_json *attributes, const tdi_gltf_pose *pose,
                              const tdi_influences *set, uint32_t count, float *matrices)
{
    for (size_t i = 0; i < (size_t)4 * count; i++) {
        float weight = set->weights[i];
        uint32_t joint = set->joints[i];
        if (weight == 0.0f)
            continue;
        if (joint >= pose->joint_count)
            return tdi_json_fail(attributes,
                                 "vertex %zu uses joint %u, past the last joint of the "
                                 "skin (%u of them)",
                                 i / 4, joint, pose->joint_count);
        const float *matrix = pose->joints + (size_t)16 * joint;
        for (size_t j = 0; j < 16; j++)
            matrices[16 * (i / 4) + j] += weight * matrix[j];
    }
    return TD_OK;
}

static td_result read_set(const tdi_gltf *gltf, const tdi_json *attributes, const char *joints_name,
                          const char *weights_name, uint32_t first, uint32_t count,
                          tdi_influences *set, bool *found)
{
    tdi_accessor joints, weights;
    uint64_t end = (uint64_t)first + count;
    TDI_TRY(open_attribute(gltf, attributes, joints_name, 4, end, &joints));
    TDI_TRY(open_attribute(gltf, attributes, weights_name, 4, end, &weights));
    *found = joints.count > 0 && weights.count > 0;
    if (!*found)
        return TD_OK;
    if (!tdi_accessor_is_unsigned(&joints)) {
        tdi_json at = tdi_json_member(attributes, joints_name);
        return tdi_json_fail(&at, "the accessor does not hold unsigned integers");
    }
    tdi_accessor_read_integers(&joints, first, count, set->joints);
    tdi_accessor_read_floats(&weights, first, count, set->weights);
    return TD_OK;
}

/* Sums the matrices of all sets of influences. */
static td_result sum_influences(const tdi_gltf *gltf, const tdi_json *attributes,
                                const tdi_gltf_pose *pose, uint32_t first, uint32_t count,
                                tdi_influences *set, float *matrices)
{
    for (unsigned i = 0; i < MOST_SETS; i++) {
        char joints_name[16], weights_name[16];
        bool found;
        tdi_snprintf(joints_name, sizeof joints_name, "JOINTS_%u", i);
        tdi_snprintf(weights_name, sizeof weights_name, "WEIGHTS_%u", i);
        TDI_TRY(read_set(gltf, attributes, joints_name, weights_name, first, count, set, &found));
        if (!found)
            return TD_OK;
        TDI_TRY(add_matrices(attributes, pose, set, count, matrices));
    }
    return TD_OK;
}

static void transform(const float matrix[16], float w, float vector[3])
{
    const float in[3] = {vector[0], vector[1], vector[2]};
    for (int i = 0; i < 3; i++)
        vector[i] =
            matrix[i] * in[0] + matrix[4 + i] * in[1] + matrix[8 + i] * in[2] + matrix[12 + i] * w;
}

/* Directions go by the same matrix as positions, which is exact for turns and equal scales. */
static void move_vertices(const float *matrices, tdi_primitive *primitive)
{
    for (size_t i = 0; i < primitive->vertex_count; i++) {
        const float *matrix = matrices + 16 * i;
        transform(matrix, 1.0f, primitive->positions + 3 * i);
        if (primitive->normals != NULL)
            transform(matrix, 0.0f, primitive->normals + 3 * i);
        if (primitive->tangents != NULL)
            transform(matrix, 0.0f, primitive->tangents + 4 * i);
    }
}

static td_result apply_skin(const tdi_gltf *gltf, const tdi_json *at, const tdi_gltf_pose *pose,
                            uint32_t first, tdi_primitive *primitive)
{
    tdi_json attributes;
    uint32_t count = primitive->vertex_count;
    TDI_TRY(tdi_json_get_object(at, "attributes", &attributes));
    if (json_object_get(attributes.value, "JOINTS_0") == NULL)
        return tdi_json_fail(&attributes, "has no JOINTS_0, but its node has a skin");
    float *matrices = tdi_alloc_zero(count, 16 * sizeof(float));
    tdi_influences set = {
        .joints = tdi_alloc_zero(count, 4 * sizeof(uint32_t)),
        .weights = tdi_alloc_zero(count, 4 * sizeof(float)),
    };
    td_result result = TD_ERROR_HOST_MEMORY;
    if (matrices != NULL && set.joints != NULL && set.weights != NULL)
        result = sum_influences(gltf, &attributes, pose, first, count, &set, matrices);
    if (result == TD_OK)
        move_vertices(matrices, primitive);
    tdi_free(matrices);
    tdi_free(set.joints);
    tdi_free(set.weights);
    return result;
}

td_result tdi_gltf_pose_apply(const tdi_gltf *gltf, const tdi_json *at, const tdi_gltf_pose *pose,
                              uint32_t first_vertex, tdi_primitive *primitive)
{
    TDI_TRY(apply_morphs(gltf, at, pose, first_vertex, primitive));
    if (pose->joints != NULL)
        TDI_TRY(apply_skin(gltf, at, pose, first_vertex, primitive));
    for (size_t i = 0; i < primitive->vertex_count; i++) {
        if (!tdi_all_finite(primitive->positions + 3 * i, 3))
            return tdi_json_fail(at, "the pose moves vertex %zu to infinity", first_vertex + i);
    }
    return TD_OK;
}

/* Fills `joints` with the inverse bind matrices; without an accessor they are identities. */
static td_result read_inverse_binds(const tdi_gltf *gltf, const tdi_json *skin, uint32_t count,
                                    float *joints)
{
    uint32_t index;
    tdi_accessor accessor;
    TDI_TRY(tdi_json_get_index(skin, "inverseBindMatrices", tdi_gltf_count(&gltf->arrays.accessors),
                               "accessor", &index));
    if (index == TD_NONE) {
        for (uint32_t i = 0; i < count; i++)
            tdi_matrix_identity(joints + (size_t)16 * i);
        return TD_OK;
    }
    TDI_TRY(tdi_accessor_open(gltf, index, &accessor));
    tdi_json at = tdi_json_member(skin, "inverseBindMatrices");
    if (tdi_accessor_width(&accessor) != 16 || accessor.component != TDI_COMPONENT_FLOAT)
        return tdi_json_fail(&at, "the accessor does not hold 4x4 matrices of floats");
    if (accessor.count < count)
        return tdi_json_fail(&at, "the accessor has %u matrices, but the skin has %u joints",
                             accessor.count, count);
    tdi_accessor_read_floats(&accessor, 0, count, joints);
    return TD_OK;
}

static td_result multiply_joints(const tdi_gltf *gltf, const tdi_json *list, float *joints)
{
    for (size_t i = 0; i < tdi_gltf_count(list); i++) {
        tdi_json item = tdi_json_item(list, i);
        uint32_t node;
        float world[16];
        TDI_TRY(tdi_json_to_index(&item, gltf->scene->node_count, "node", &node));
        tdi_node_world(gltf->scene, node, world);
        tdi_matrix_multiply(world, joints + 16 * i, joints + 16 * i);
    }
    return TD_OK;
}

td_result tdi_gltf_skin_matrices(const tdi_gltf *gltf, uint32_t skin, float **joints,
                                 uint32_t *count)
{
    tdi_json at, list;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.skins, skin, &at));
    TDI_TRY(tdi_json_require(&at, "joints"));
    TDI_TRY(tdi_json_get_array(&at, "joints", &list));
    *count = (uint32_t)tdi_gltf_count(&list);
    *joints = tdi_alloc_zero(*count, 16 * sizeof(float));
    if (*joints == NULL)
        return TD_ERROR_HOST_MEMORY;
    td_result result = read_inverse_binds(gltf, &at, *count, *joints);
    if (result == TD_OK)
        result = multiply_joints(gltf, &list, *joints);
    if (result != TD_OK) {
        tdi_free(*joints);
        *joints = NULL;
    }
    return result;
}
