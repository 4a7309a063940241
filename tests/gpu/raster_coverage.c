/* Random triangles of every kind cover exactly the samples that exact integer arithmetic says; a
 * third of them without TANDEM_TEST_LONG. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  72 /* more than one bin of large triangles each way */
#define HEIGHT 44

static const float unit_triangle[9] = {0, 0, 0, 1, 0, 0, 0, 1, 0};

static double random_unit(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static float random_between(uint64_t *state, double low, double high)
{
    return (float)(low + (high - low) * random_unit(state));
}

/* Three corners in space; the unit triangle's matrix has two of its edges as columns. */
static void matrix_of(const float corners[9], float matrix[16])
{
    memset(matrix, 0, 16 * sizeof *matrix);
    for (int i = 0; i < 3; i++) {
        matrix[i] = corners[3 + i] - corners[i];
        matrix[4 + i] = corners[6 + i] - corners[i];
        matrix[12 + i] = corners[i];
    }
    matrix[10] = 1.0f;
    matrix[15] = 1.0f;
}

typedef void (*shape_fn)(uint64_t *state, float corners[9]);

/* The picture is WIDTH by HEIGHT units large and centred at the origin of the plane z = 0. */
static void scatter(uint64_t *state, double reach, float corners[9])
{
    for (int i = 0; i < 3; i++) {
        corners[3 * i] = random_between(state, -reach * WIDTH, reach * WIDTH);
        corners[3 * i + 1] = random_between(state, -reach * HEIGHT, reach * HEIGHT);
        corners[3 * i + 2] = random_between(state, -1.0, 1.0);
    }
}

static void tiny(uint64_t *state, float corners[9])
{
    scatter(state, 0.5, corners);
    for (int i = 1; i < 3; i++)
        for (int k = 0; k < 2; k++)
            corners[3 * i + k] = corners[k] + random_between(state, -1.5, 1.5);
}

static void middling(uint64_t *state, float corners[9])
{
    scatter(state, 0.4, corners);
    for (int i = 1; i < 3; i++)
        for (int k = 0; k < 2; k++)
            corners[3 * i + k] = corners[k] + random_between(state, -15.0, 15.0);
}

static void large(uint64_t *state, float corners[9])
{
    scatter(state, 1.0, corners);
}

/* Edges that pass through many samples. */
static void on_samples(uint64_t *state, float corners[9])
{
    scatter(state, random_unit(state) < 0.5 ? 0.2 : 0.8, corners);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            corners[3 * i + k] = floorf(corners[3 * i + k]) + 0.5f;
}

static void sliver(uint64_t *state, float corners[9])
{
    scatter(state, 0.7, corners);
    const float t = random_between(state, -0.5, 1.5);
    for (int k = 0; k < 2; k++)
        corners[6 + k] =
            corners[k] + t * (corners[3 + k] - corners[k]) + random_between(state, -0.05, 0.05);
}

/* Beyond the guard band, which is 32768 pixels away. */
static void huge(uint64_t *state, float corners[9])
{
    scatter(state, 1.0, corners);
    for (int i = 0; i < 3; i++) {
        const float factor = powf(10.0f, random_between(state, 0.0, 5.0));
        corners[3 * i] *= factor;
        corners[3 * i + 1] *= factor;
    }
}

/* In front of, behind and through a camera that stands in the origin. */
static void around(uint64_t *state, float corners[9])
{
    for (int i = 0; i < 9; i++)
        corners[i] = random_between(state, -3.0, 3.0);
    corners[2] = random_between(state, -4.0, -0.2);
}

/* Pixels that show the object, or the share of their samples, are those of the reference. */
static void assert_pixel(const scene_picture *picture, const reference *expected, uint32_t x,
                         uint32_t y, uint32_t index)
{
    const size_t pixel = (size_t)y * expected->width + x;
    const uint32_t covered = reference_covered(expected, x, y);
    const long alpha = lround(255.0 * covered / expected->samples);
    if (picture->color[4 * pixel + 3] != alpha)
        fail_msg("triangle %u: alpha %u at (%u, %u) instead of %ld", index,
                 picture->color[4 * pixel + 3], x, y, alpha);
    const size_t sample = pixel * expected->samples;
    if (picture->object[pixel] != expected->object[sample])
        fail_msg("triangle %u: object %d at (%u, %u) instead of %d", index, picture->object[pixel],
                 x, y, expected->object[sample]);
}

typedef struct coverage_case {
    td_camera camera;
    shape_fn shape;
    uint32_t samples, count, tile;
} coverage_case;

static uint64_t check_triangle(td_renderer *renderer, td_scene *scene, uint32_t node,
                               const coverage_case *test, uint32_t index, uint64_t *state)
{
    float corners[9], matrix[16];
    test->shape(state, corners);
    matrix_of(corners, matrix);
    gpu_ok(td_scene_set_transform(scene, node, matrix));
    scene_picture picture = scene_view(renderer, &test->camera);
    reference expected;
    reference_make(WIDTH, HEIGHT, test->samples, &test->camera, &expected);
    reference_draw(&expected, matrix, unit_triangle, 5);
    uint64_t covered = 0;
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            assert_pixel(&picture, &expected, x, y, index);
            covered += reference_covered(&expected, x, y);
        }
    }
    reference_free(&expected);
    scene_picture_free(&picture);
    return covered;
}

static void assert_coverage(td_device *device, const coverage_case *test)
{
    td_scene *scene = scene_make();
    td_material_params params = scene_unlit_params();
    params.double_sided = true;
    const uint32_t material = scene_material(scene, &params);
    const td_mesh_params triangle = {
        .positions = unit_triangle,
        .vertex_count = 3,
        .material = material,
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &triangle, &mesh));
    const uint32_t node = scene_place_at(scene, mesh, 0, 0, 0, 5);
    td_renderer_params renderer_params = scene_renderer_params(scene, WIDTH, HEIGHT);
    renderer_params.samples = test->samples;
    renderer_params.tile_width = test->tile;
    renderer_params.tile_height = test->tile;
    td_renderer *renderer = scene_renderer(device, &renderer_params);
    const uint32_t count = getenv("TANDEM_TEST_LONG") ? test->count : (test->count + 2) / 3;
    uint64_t state = 1 + test->samples, covered = 0;
    for (uint32_t i = 0; i < count; i++)
        covered += check_triangle(renderer, scene, node, test, i, &state);
    assert_true(covered > 0);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

/* One unit is one pixel. */
static void assert_flat(td_device *device, shape_fn shape, uint32_t count)
{
    const td_camera camera = scene_ortho(2.0f, HEIGHT, 0.5f, 4.0f);
    const uint32_t samples[] = {1, 4, 8, 16};
    for (int i = 0; i < 4; i++) {
        const coverage_case test = {camera, shape, samples[i], i == 0 ? count : count / 3, 0};
        assert_coverage(device, &test);
    }
}

static void tiny_triangles(td_device *device)
{
    assert_flat(device, tiny, 120);
}

static void middling_triangles(td_device *device)
{
    assert_flat(device, middling, 90);
}

static void large_triangles(td_device *device)
{
    assert_flat(device, large, 60);
}

static void edges_through_samples(td_device *device)
{
    assert_flat(device, on_samples, 90);
}

static void slivers(td_device *device)
{
    assert_flat(device, sliver, 90);
}

static void huge_triangles(td_device *device)
{
    assert_flat(device, huge, 60);
}

static void triangles_through_the_camera(td_device *device)
{
    const td_camera camera = scene_perspective(0.0f, 1.2f, 0.1f, 0.0f);
    const uint32_t samples[] = {1, 4};
    for (int i = 0; i < 2; i++) {
        const coverage_case test = {camera, around, samples[i], 90, 0};
        assert_coverage(device, &test);
    }
}

static void in_tiles(td_device *device)
{
    const td_camera flat = scene_ortho(2.0f, HEIGHT, 0.5f, 4.0f);
    const coverage_case tests[] = {
        {flat, large, 1, 20, 17}, {flat, large, 8, 10, 33}, {flat, middling, 4, 20, 16}};
    for (int i = 0; i < 3; i++)
        assert_coverage(device, &tests[i]);
    const td_camera inside = scene_perspective(0.0f, 1.2f, 0.1f, 0.0f);
    const coverage_case through = {inside, around, 1, 20, 19};
    assert_coverage(device, &through);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(tiny_triangles),
        gpu_test(middling_triangles),
        gpu_test(large_triangles),
        gpu_test(edges_through_samples),
        gpu_test(slivers),
        gpu_test(huge_triangles),
        gpu_test(triangles_through_the_camera),
        gpu_test(in_tiles),
    };
    return gpu_run_tests(tests);
}
