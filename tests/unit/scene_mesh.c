/* Meshes from arrays: what is taken, what is refused, and what becomes of it. */
#include "gltf_support.h"

#include <math.h>
#include <string.h>

#include "scene/pack.h"

static const float square[] = {0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0};
static const uint32_t square_indices[] = {0, 1, 2, 0, 2, 3};

static td_mesh_params square_params(void)
{
    return (td_mesh_params){
        .positions = square,
        .indices = square_indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = TD_NONE,
    };
}

static void arrays_become_triangles(void **state)
{
    (void)state;
    td_scene *scene;
    uint32_t mesh = TD_NONE;
    const float expected[2][9] = {{0, 0, 0, 1, 0, 0, 1, 1, 0}, {0, 0, 0, 1, 1, 0, 0, 1, 0}};
    const td_mesh_params params = square_params();
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    assert_int_equal(td_scene_add_mesh(scene, &params, &mesh), TD_OK);
    assert_int_equal(mesh, 0);
    assert_int_equal(scene->geometry.triangle_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        float corners[9];
        gltf_triangle(scene, i, corners);
        assert_true(gltf_same_triangle(corners, expected[0]) ||
                    gltf_same_triangle(corners, expected[1]));
    }
    td_scene_destroy(scene);
}

static void missing_normals_are_flat(void **state)
{
    (void)state;
    td_scene *scene;
    const float roof[] = {0, 0, 0, 0, 0, 1, 1, 1, 0, 2, 0, 0};
    const uint32_t indices[] = {0, 1, 2, 2, 1, 3};
    td_mesh_params params = square_params();
    params.positions = roof;
    params.indices = indices;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    assert_int_equal(td_scene_add_mesh(scene, &params, NULL), TD_OK);
    assert_int_equal(scene->geometry.vertex_count, 6);
    /* (0,0,1) x (1,1,0) = (-1,1,0); (-1,-1,1) x (1,-1,0) = (1,1,2). */
    const float left[3] = {-sqrtf(0.5f), sqrtf(0.5f), 0.0f};
    const float right[3] = {sqrtf(1.0f / 6.0f), sqrtf(1.0f / 6.0f), sqrtf(4.0f / 6.0f)};
    unsigned found_left = 0, found_right = 0;
    for (uint32_t i = 0; i < 6; i++) {
        float normal[3], distance_left = 0.0f, distance_right = 0.0f;
        tdi_unpack_normal(scene->geometry.normals[i], normal);
        for (int j = 0; j < 3; j++) {
            distance_left += fabsf(normal[j] - left[j]);
            distance_right += fabsf(normal[j] - right[j]);
        }
        found_left += distance_left < 1e-3f;
        found_right += distance_right < 1e-3f;
    }
    assert_int_equal(found_left, 3);
    assert_int_equal(found_right, 3);
    td_scene_destroy(scene);
}

static void refuse(td_scene *scene, const td_mesh_params *params, const char *part)
{
    uint32_t mesh = 77;
    assert_int_equal(td_scene_add_mesh(scene, params, &mesh), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), part));
    assert_int_equal(mesh, 77);
    assert_int_equal(scene->mesh_count, 0);
    assert_int_equal(scene->geometry.vertex_count, 0);
}

static void wrong_arrays_are_refused(void **state)
{
    (void)state;
    td_scene *scene;
    const uint32_t past[] = {0, 1, 4};
    float infinite[12] = {0};
    infinite[7] = INFINITY;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    td_mesh_params params = square_params();
    params.indices = past;
    params.index_count = 3;
    refuse(scene, &params, "indices[2] is 4, but there are 4 vertices");
    params = square_params();
    params.index_count = 5;
    refuse(scene, &params, "5 corners do not make whole triangles");
    params = square_params();
    params.index_count = 0;
    refuse(scene, &params, "0 corners");
    params = square_params();
    params.indices = NULL;
    refuse(scene, &params, "4 corners");
    params = square_params();
    params.vertex_count = 2;
    refuse(scene, &params, "2 vertices");
    params = square_params();
    params.positions = infinite;
    refuse(scene, &params, "positions[2] has a value that is not finite");
    params = square_params();
    params.normals = infinite;
    refuse(scene, &params, "normals[2]");
    params = square_params();
    params.material = 0;
    refuse(scene, &params, "material 0 does not exist");
    params = square_params();
    params.positions = NULL;
    refuse(scene, &params, "NULL");
    refuse(scene, NULL, "NULL");
    td_scene_destroy(scene);
}

static void further_meshes_follow(void **state)
{
    (void)state;
    td_scene *scene;
    const float texcoords[8] = {0, 0, 1, 0, 1, 1, 0, 1};
    td_mesh_params params = square_params();
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t mesh;
        params.texcoords = i % 2 == 1 ? texcoords : NULL;
        assert_int_equal(td_scene_add_mesh(scene, &params, &mesh), TD_OK);
        assert_int_equal(mesh, i);
        assert_int_equal(scene->meshes[i].first_cluster, i);
        const struct tdi_surface *surface = &scene->geometry.surfaces[i];
        assert_int_equal(scene->geometry.clusters[i].surface, i);
        assert_int_equal(surface->first_vertex, scene->geometry.clusters[i].first_vertex);
        assert_int_equal(surface->first_texcoord0,
                         i % 2 == 1 ? (i / 2) * 6 : TDI_SURFACE_NO_STREAM);
    }
    assert_int_equal(scene->geometry.texcoord0_count, 20 * 6);
    td_scene_destroy(scene);
}

static void the_default_material_is_made_once(void **state)
{
    (void)state;
    td_scene *scene;
    const td_mesh_params params = square_params();
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    assert_int_equal(td_scene_add_mesh(scene, &params, NULL), TD_OK);
    assert_int_equal(td_scene_add_mesh(scene, &params, NULL), TD_OK);
    assert_int_equal(scene->material_count, 1);
    assert_float_equal(scene->materials[0].data.base_color[1], 1.0f, 0.0f);
    assert_float_equal(scene->materials[0].data.roughness, 1.0f, 0.0f);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_become_triangles),
        cmocka_unit_test(missing_normals_are_flat),
        cmocka_unit_test(wrong_arrays_are_refused),
        cmocka_unit_test(further_meshes_follow),
        cmocka_unit_test(the_default_material_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
