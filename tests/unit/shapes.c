/* Box, sphere, cylinder and height field: closed, facing outwards, and of the size asked for. */
#include "gltf_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene/pack.h"

#define PI 3.14159265358979323846

static td_scene *make_scene(void)
{
    td_scene *scene;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    return scene;
}

/* The vertices of a triangle of the scene. */
static void triangle_vertices(const td_scene *scene, const struct tdi_cluster *cluster, uint32_t t,
                              uint32_t out[3])
{
    uint32_t packed = scene->geometry.triangles[cluster->first_triangle + t];
    for (int i = 0; i < 3; i++)
        out[i] = cluster->first_vertex + (packed >> 8 * i & 255);
}

static void to_doubles(const float *values, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (double)values[i];
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* Signed volume by the divergence theorem: positive if the triangles face outwards. */
static double find_volume(const td_scene *scene)
{
    double volume = 0;
    for (uint32_t i = 0; i < scene->geometry.triangle_count; i++) {
        float corners[9];
        double c[9];
        double normal[3];
        gltf_triangle(scene, i, corners);
        to_doubles(corners, 9, c);
        cross(c + 3, c + 6, normal);
        volume += dot(c, normal);
    }
    return volume / 6;
}

static double face_area(const float corners[9], double normal[3])
{
    double c[9];
    double u[3];
    double v[3];
    to_doubles(corners, 9, c);
    for (int i = 0; i < 3; i++) {
        u[i] = c[3 + i] - c[i];
        v[i] = c[6 + i] - c[i];
    }
    cross(u, v, normal);
    double length = sqrt(dot(normal, normal));
    for (int i = 0; i < 3; i++)
        normal[i] /= length;
    return length / 2;
}

/* Texture coordinates must not be mirrored: clockwise as stored (V goes down) where the triangle is
 * counter-clockwise. */
static double texture_turn(const td_scene *scene, const uint32_t v[3])
{
    double t[3][2];
    for (int i = 0; i < 3; i++)
        to_doubles(scene->geometry.texcoords0 + (size_t)2 * v[i], 2, t[i]);
    return (t[1][0] - t[0][0]) * (t[2][1] - t[0][1]) - (t[1][1] - t[0][1]) * (t[2][0] - t[0][0]);
}

/* Every vertex normal is within `cosine` of its triangle's, and no texture is mirrored. */
static void check_faces(const td_scene *scene, double cosine)
{
    const tdi_geometry *g = &scene->geometry;
    for (uint32_t i = 0; i < g->cluster_count; i++) {
        for (uint32_t t = 0; t < (g->clusters[i].counts & 255); t++) {
            uint32_t v[3];
            float corners[9];
            double face[3];
            triangle_vertices(scene, &g->clusters[i], t, v);
            gltf_triangle(scene, g->clusters[i].first_triangle + t, corners);
            assert_true(face_area(corners, face) > 0);
            assert_true(texture_turn(scene, v) < 0);
            for (int k = 0; k < 3; k++) {
                float unpacked[3];
                double normal[3];
                tdi_unpack_normal(g->normals[v[k]], unpacked);
                to_doubles(unpacked, 3, normal);
                assert_true(dot(normal, face) >= cosine);
            }
        }
    }
}

static int compare_edges(const void *a, const void *b)
{
    return memcmp(a, b, 6 * sizeof(float));
}

/* Each edge occurs once in each direction: the surface has no hole. */
static void check_closed(const td_scene *scene)
{
    uint32_t count = 3 * scene->geometry.triangle_count;
    float(*edges)[6] = calloc(count, sizeof *edges);
    float(*turned)[6] = calloc(count, sizeof *turned);
    assert_non_null(edges);
    assert_non_null(turned);
    for (uint32_t i = 0; i < count / 3; i++) {
        float corners[9];
        gltf_triangle(scene, i, corners);
        for (int k = 0; k < 9; k++)
            corners[k] += 0.0f; /* minus zero is zero */
        for (uint32_t k = 0; k < 3; k++) {
            const float *from = corners + (size_t)3 * k;
            const float *to = corners + (size_t)3 * ((k + 1) % 3);
            memcpy(edges[3 * i + k], from, 3 * sizeof(float));
            memcpy(edges[3 * i + k] + 3, to, 3 * sizeof(float));
            memcpy(turned[3 * i + k], to, 3 * sizeof(float));
            memcpy(turned[3 * i + k] + 3, from, 3 * sizeof(float));
        }
    }
    qsort(edges, count, sizeof *edges, compare_edges);
    qsort(turned, count, sizeof *turned, compare_edges);
    assert_memory_equal(edges, turned, count * sizeof *edges);
    free(edges);
    free(turned);
}

static void check_bounds(const td_scene *scene, const float low[3], const float high[3])
{
    gltf_assert_near(scene->meshes[0].bounds_min, low, 3, 1e-6);
    gltf_assert_near(scene->meshes[0].bounds_max, high, 3, 1e-6);
}

static void a_box_has_six_faces(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    uint32_t mesh = TD_NONE;
    assert_int_equal(td_scene_add_box(scene, (const float[3]){2, 3, 4}, TD_NONE, &mesh), TD_OK);
    assert_int_equal(mesh, 0);
    assert_int_equal(scene->geometry.triangle_count, 12);
    assert_int_equal(scene->geometry.vertex_count, 24);
    assert_true(fabs(find_volume(scene) - 24) < 1e-6);
    check_bounds(scene, (const float[3]){-1, -1.5f, -2}, (const float[3]){1, 1.5f, 2});
    check_closed(scene);
    check_faces(scene, 0.99999);
    td_scene_destroy(scene);
}

static void a_sphere_is_round(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    assert_int_equal(td_scene_add_sphere(scene, 2, 24, 36, TD_NONE, NULL), TD_OK);
    const tdi_geometry *g = &scene->geometry;
    assert_int_equal(g->triangle_count, 2 * 36 * 23);
    for (uint32_t i = 0; i < g->vertex_count; i++) {
        const float *p = g->positions + (size_t)3 * i;
        float normal[3];
        tdi_unpack_normal(g->normals[i], normal);
        for (int axis = 0; axis < 3; axis++)
            assert_true(fabsf(p[axis] - 2 * normal[axis]) < 2e-3f);
        double place[3];
        to_doubles(p, 3, place);
        assert_true(fabs(sqrt(dot(place, place)) - 2) < 1e-6);
    }
    /* Inscribed: a little less than the ball. */
    double ball = 4.0 / 3 * PI * 8;
    double volume = find_volume(scene);
    assert_true(volume < ball && volume > 0.98 * ball);
    check_closed(scene);
    check_faces(scene, 0.98);
    td_scene_destroy(scene);
}

/* The middle of an equirectangular picture faces +Z, and to its right comes +X. */
static void a_sphere_carries_its_texture(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    assert_int_equal(td_scene_add_sphere(scene, 1, 8, 8, TD_NONE, NULL), TD_OK);
    const tdi_geometry *g = &scene->geometry;
    unsigned found = 0;
    for (uint32_t i = 0; i < g->vertex_count; i++) {
        const float *p = g->positions + (size_t)3 * i;
        const float *t = g->texcoords0 + (size_t)2 * i;
        if (p[2] > 0.999f) {
            found |= 1;
            gltf_assert_near(t, (const float[2]){0.5f, 0.5f}, 2, 1e-6);
        }
        if (p[0] > 0.999f) {
            found |= 2;
            gltf_assert_near(t, (const float[2]){0.75f, 0.5f}, 2, 1e-6);
        }
        if (p[1] > 0.999f) {
            found |= 4;
            assert_true(t[1] == 0.0f);
        }
    }
    assert_int_equal(found, 7);
    td_scene_destroy(scene);
}

static void a_cylinder_is_a_prism(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    assert_int_equal(td_scene_add_cylinder(scene, 1.5f, 4, 20, TD_NONE, NULL), TD_OK);
    assert_int_equal(scene->geometry.triangle_count, 4 * 20);
    double area = 20 * 0.5 * 1.5 * 1.5 * sin(2 * PI / 20);
    assert_true(fabs(find_volume(scene) - 4 * area) < 1e-5);
    assert_true(scene->meshes[0].bounds_min[1] == -2 && scene->meshes[0].bounds_max[1] == 2);
    check_closed(scene);
    check_faces(scene, 0.98);
    td_scene_destroy(scene);
}

/* An inclined plane: y = 0.5 x - 0.25 z. */
static void a_height_field_follows_its_heights(void **state)
{
    (void)state;
    enum { ROWS = 5, COLUMNS = 9 };
    float heights[ROWS * COLUMNS];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            heights[r * COLUMNS + c] = 0.5f * ((float)c / (COLUMNS - 1) - 0.5f) * 8 -
                                       0.25f * ((float)r / (ROWS - 1) - 0.5f) * 8;
    td_scene *scene = make_scene();
    assert_int_equal(td_scene_add_height_field(scene, heights, ROWS, COLUMNS, 8, TD_NONE, NULL),
                     TD_OK);
    const tdi_geometry *g = &scene->geometry;
    assert_int_equal(g->triangle_count, 2 * (ROWS - 1) * (COLUMNS - 1));
    check_bounds(scene, (const float[3]){-4, -3, -4}, (const float[3]){4, 3, 4});
    check_faces(scene, 0.9999);
    double area = 0;
    for (uint32_t i = 0; i < g->triangle_count; i++) {
        float corners[9];
        double normal[3];
        gltf_triangle(scene, i, corners);
        area += face_area(corners, normal);
        assert_true(normal[1] > 0);
    }
    assert_true(fabs(area - 64 * sqrt(1 + 0.25 + 0.0625)) < 1e-4);
    for (uint32_t i = 0; i < g->vertex_count; i++) {
        const float *p = g->positions + (size_t)3 * i;
        const float *t = g->texcoords0 + (size_t)2 * i;
        assert_true(fabsf(p[1] - (0.5f * p[0] - 0.25f * p[2])) < 1e-5f);
        gltf_assert_near(t, (const float[2]){p[0] / 8 + 0.5f, p[2] / 8 + 0.5f}, 2, 1e-6);
    }
    td_scene_destroy(scene);
}

static void impossible_shapes_are_refused(void **state)
{
    (void)state;
    static const float heights[4] = {0, 0, NAN, 0};
    static const float size[3] = {1, -1, 1};
    td_scene *scene = make_scene();
    const td_result results[] = {
        td_scene_add_box(scene, size, TD_NONE, NULL),
        td_scene_add_box(scene, NULL, TD_NONE, NULL),
        td_scene_add_sphere(scene, INFINITY, 4, 4, TD_NONE, NULL),
        td_scene_add_sphere(scene, 1, 1, 4, TD_NONE, NULL),
        td_scene_add_sphere(scene, 1, 4, 2, TD_NONE, NULL),
        td_scene_add_sphere(scene, 1, 100000, 100000, TD_NONE, NULL),
        td_scene_add_cylinder(scene, 1, 0, 4, TD_NONE, NULL),
        td_scene_add_cylinder(scene, 1, 1, 2, TD_NONE, NULL),
        td_scene_add_height_field(scene, heights, 2, 2, 1, TD_NONE, NULL),
        td_scene_add_height_field(scene, heights, 1, 2, 1, TD_NONE, NULL),
        td_scene_add_height_field(scene, heights, 2, 2, NAN, TD_NONE, NULL),
        td_scene_add_height_field(NULL, heights, 2, 2, 1, TD_NONE, NULL),
    };
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        assert_int_equal(results[i], TD_ERROR_ARGUMENT);
    assert_int_equal(scene->mesh_count, 0);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_has_six_faces),
        cmocka_unit_test(a_sphere_is_round),
        cmocka_unit_test(a_sphere_carries_its_texture),
        cmocka_unit_test(a_cylinder_is_a_prism),
        cmocka_unit_test(a_height_field_follows_its_heights),
        cmocka_unit_test(impossible_shapes_are_refused),
    };
    return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}
