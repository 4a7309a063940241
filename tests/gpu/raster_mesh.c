/* Triangles that share edges leave no crack between them and hit no sample twice. Each triangle is
 * an object of its own, so the picture tells which one a sample went to. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  96
#define HEIGHT 80

static double random_unit(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* Triangles in world space. */
typedef struct soup {
    float (*corners)[9];
    uint32_t count;
} soup;

/* A plane z = 0 of cells by cells squares with shaken corners, cut along either diagonal. The
 * border is straight, from -reach to reach. */
static soup shaken_plane(uint32_t cells, double reach, uint64_t seed)
{
    const uint32_t side = cells + 1;
    float(*points)[3] = calloc((size_t)side * side, sizeof *points);
    soup mesh = {calloc(2 * (size_t)cells * cells, sizeof *mesh.corners), 0};
    assert_true(points && mesh.corners);
    for (uint32_t i = 0; i < side * side; i++) {
        const uint32_t at[2] = {i % side, i / side};
        for (int k = 0; k < 2; k++) {
            const bool border = at[k] == 0 || at[k] == cells;
            const double shift = border ? 0.0 : 0.7 * (random_unit(&seed) - 0.5);
            points[i][k] = (float)(reach * (2.0 * (at[k] + shift) / cells - 1.0));
        }
    }
    for (uint32_t y = 0; y < cells; y++) {
        for (uint32_t x = 0; x < cells; x++) {
            const uint32_t a = y * side + x, b = a + 1, c = a + side, d = c + 1;
            const bool other = random_unit(&seed) < 0.5;
            const uint32_t order[2][3] = {{a, b, other ? c : d}, {other ? b : a, d, c}};
            for (int t = 0; t < 2; t++, mesh.count++)
                for (int k = 0; k < 3; k++)
                    memcpy(mesh.corners[mesh.count] + 3 * k, points[order[t][k]],
                           3 * sizeof(float));
        }
    }
    free(points);
    return mesh;
}

static void identity(float matrix[16])
{
    scene_scaling(1.0f, 1.0f, 1.0f, matrix);
}

/* A node for each triangle, in order or backwards; object ids are indices in the soup. */
static td_scene *scene_of(const soup *mesh, bool backwards)
{
    td_scene *scene = scene_make();
    td_material_params material = scene_unlit_params();
    material.double_sided = true;
    const uint32_t white = scene_material(scene, &material);
    for (uint32_t i = 0; i < mesh->count; i++) {
        const uint32_t index = backwards ? mesh->count - 1 - i : i;
        const td_mesh_params params = {
            .positions = mesh->corners[index],
            .vertex_count = 3,
            .material = white,
        };
        uint32_t handle = TD_NONE;
        gpu_ok(td_scene_add_mesh(scene, &params, &handle));
        scene_place_at(scene, handle, 0, 0, 0, index);
    }
    return scene;
}

static scene_picture picture_of(td_device *device, const soup *mesh, bool backwards,
                                uint32_t samples, uint32_t tile, const td_camera *camera)
{
    td_scene *scene = scene_of(mesh, backwards);
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.samples = samples;
    params.tile_width = tile;
    params.tile_height = tile;
    scene_picture picture = scene_render(device, &params, camera);
    td_scene_destroy(scene);
    return picture;
}

/* The owner of each sample, of which there must be one, or none outside of the plane. */
static reference owners(const soup *mesh, const td_camera *camera, uint32_t least)
{
    reference image;
    float matrix[16];
    uint32_t covered = 0;
    identity(matrix);
    reference_make(WIDTH, HEIGHT, 1, camera, &image);
    for (uint32_t i = 0; i < mesh->count; i++)
        reference_draw(&image, matrix, mesh->corners[i], (int32_t)i);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
        assert_in_range(image.hits[i], 0, 1);
        covered += image.hits[i];
    }
    assert_in_range(covered, least, WIDTH * HEIGHT);
    return image;
}

static void assert_owners(const scene_picture *picture, const reference *expected)
{
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        if (picture->object[i] != expected->object[i])
            fail_msg("(%u, %u) went to triangle %d instead of %d", i % WIDTH, i / WIDTH,
                     picture->object[i], expected->object[i]);
}

/* Were a sample hit twice, the two orders would give it to different triangles where depths are
 * equal. */
static void assert_partition(td_device *device, const soup *mesh, const td_camera *camera,
                             uint32_t least)
{
    reference expected = owners(mesh, camera, least);
    for (int backwards = 0; backwards < 2; backwards++) {
        scene_picture picture = picture_of(device, mesh, backwards != 0, 1, 0, camera);
        assert_owners(&picture, &expected);
        scene_picture_free(&picture);
    }
    scene_picture tiled = picture_of(device, mesh, false, 1, 37, camera);
    assert_owners(&tiled, &expected);
    scene_picture_free(&tiled);
    reference_free(&expected);
}

static void a_plane_is_covered_once(td_device *device)
{
    const td_camera camera = scene_ortho(2.0f, 2.0f, 0.5f, 4.0f);
    const uint32_t cells[] = {1, 3, 9, 24};
    for (uint32_t i = 0; i < 4; i++) {
        soup mesh = shaken_plane(cells[i], 1.7, i);
        assert_partition(device, &mesh, &camera, WIDTH * HEIGHT);
        free(mesh.corners);
    }
}

static void tiny_triangles_leave_no_crack(td_device *device)
{
    const td_camera camera = scene_ortho(2.0f, 40.0f, 0.5f, 4.0f);
    soup mesh = shaken_plane(32, 7.0, 5);
    assert_partition(device, &mesh, &camera, 600);
    free(mesh.corners);
}

static void all_samples_of_a_plane_are_covered(td_device *device)
{
    const td_camera camera = scene_ortho(2.0f, 2.0f, 0.5f, 4.0f);
    const uint32_t samples[] = {4, 8, 16};
    soup mesh = shaken_plane(11, 1.7, 7);
    for (int i = 0; i < 3; i++) {
        scene_picture picture = picture_of(device, &mesh, false, samples[i], 0, &camera);
        for (uint32_t k = 0; k < WIDTH * HEIGHT; k++)
            assert_int_equal(picture.color[4 * k + 3], 255);
        scene_picture_free(&picture);
    }
    free(mesh.corners);
}

/* The plane turned into a floor below the camera, which reaches far behind it: many edges meet the
 * near plane. */
static void a_floor_is_cut_at_the_near_plane_without_cracks(td_device *device)
{
    const td_camera camera = scene_perspective(0.0f, 1.4f, 0.3f, 0.0f);
    const uint32_t cells[] = {2, 7, 16};
    for (uint32_t i = 0; i < 3; i++) {
        soup mesh = shaken_plane(cells[i], 20.0, 20 + i);
        for (uint32_t t = 0; t < mesh.count; t++) {
            for (int k = 0; k < 3; k++) {
                mesh.corners[t][3 * k + 2] = mesh.corners[t][3 * k + 1];
                mesh.corners[t][3 * k + 1] = -1.0f;
            }
        }
        assert_partition(device, &mesh, &camera, WIDTH * HEIGHT / 3);
        free(mesh.corners);
    }
}

/* More large triangles, and more pairs of them with bins, than the lists have room for. */
static void what_lists_cannot_hold_is_drawn_too(td_device *device)
{
    const td_camera camera = scene_ortho(2.0f, 2.0f, 0.5f, 4.0f);
    const uint32_t count = 1600;
    soup mesh = {calloc(count, sizeof *mesh.corners), count};
    reference expected;
    float matrix[16];
    uint64_t state = 9;
    assert_non_null(mesh.corners);
    identity(matrix);
    reference_make(WIDTH, HEIGHT, 1, &camera, &expected);
    for (uint32_t i = 0; i < count; i++) {
        for (int k = 0; k < 9; k++)
            mesh.corners[i][k] = (float)(2.4 * random_unit(&state) - 1.2);
        reference_draw(&expected, matrix, mesh.corners[i], (int32_t)i);
    }
    scene_picture picture = picture_of(device, &mesh, false, 1, 0, &camera);
    assert_owners(&picture, &expected);
    scene_picture_free(&picture);
    reference_free(&expected);
    free(mesh.corners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(a_plane_is_covered_once),
        gpu_test(tiny_triangles_leave_no_crack),
        gpu_test(all_samples_of_a_plane_are_covered),
        gpu_test(a_floor_is_cut_at_the_near_plane_without_cracks),
        gpu_test(what_lists_cannot_hold_is_drawn_too),
    };
    return gpu_run_tests(tests);
}
