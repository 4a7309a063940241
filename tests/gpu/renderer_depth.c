/* Depth is the distance to the camera plane, worked out here from the rays through the centres of
 * the pixels. */
#include "scene_support.h"

#include <math.h>

/* The ray through a pixel's centre at distance 1 from the camera. */
typedef struct ray {
    double x, y;
} ray;

static ray ray_of(const scene_picture *picture, double fov_y, uint32_t x, uint32_t y)
{
    const double half = tan(0.5 * fov_y);
    const double aspect = (double)picture->width / picture->height;
    return (ray){
        .x = half * aspect * (2.0 * (x + 0.5) / picture->width - 1.0),
        .y = half * (1.0 - 2.0 * (y + 0.5) / picture->height),
    };
}

static void assert_depth(double found, double expected, double tolerance, uint32_t x, uint32_t y)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("depth %.9g at (%u, %u) instead of %.9g, tolerance %.3g", found, x, y, expected,
                 tolerance);
}

static void assert_plane(td_device *device, uint32_t samples, const td_camera *camera,
                         double distance)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 1.5f, 1.0f, TD_NONE);
    scene_place_at(scene, quad, 0.1f, 0.2f, 0.25f, 3);
    td_renderer_params params = scene_renderer_params(scene, 48, 32);
    params.samples = samples;
    scene_picture picture = scene_render(device, &params, camera);
    uint32_t covered = 0;
    for (uint32_t y = 0; y < picture.height; y++) {
        for (uint32_t x = 0; x < picture.width; x++) {
            const float depth = scene_depth_at(&picture, x, y);
            assert_true((scene_object_at(&picture, x, y) == 3) == isfinite(depth));
            if (!isfinite(depth))
                continue;
            assert_depth(depth, distance, 2e-6 * distance, x, y);
            covered++;
        }
    }
    assert_in_range(covered, 48 * 32 / 20, 48 * 32 - 1);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void plane_facing_an_orthographic_camera(td_device *device)
{
    const td_camera camera = scene_ortho(4.0f, 3.0f, 0.0f, 10.0f);
    const uint32_t samples[] = {1, 4, 8, 16};
    for (int i = 0; i < 4; i++)
        assert_plane(device, samples[i], &camera, 3.75);
}

static void plane_facing_a_perspective_camera(td_device *device)
{
    const td_camera infinite = scene_perspective(4.0f, 0.9f, 0.1f, 0.0f);
    const td_camera finite = scene_perspective(4.0f, 0.9f, 0.01f, 100.0f);
    const uint32_t samples[] = {1, 4, 8, 16};
    for (int i = 0; i < 4; i++)
        assert_plane(device, samples[i], &infinite, 3.75);
    assert_plane(device, 1, &finite, 3.75);
}

/* A sphere of `rings` by `segments` lies inside the true one, nowhere deeper than the sagitta of
 * its largest facet, which a ray meets at an angle. */
static void sphere_is_where_rays_meet_it(td_device *device)
{
    const double radius = 1.0, z = 3.0, fov = 1.0;
    td_scene *scene = scene_make();
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_sphere(scene, (float)radius, 64, 128, TD_NONE, &mesh));
    scene_place_at(scene, mesh, 0.5f, -0.25f, 0.0f, 0);
    const td_camera camera = scene_perspective((float)z, (float)fov, 0.1f, 0.0f);
    const td_renderer_params params = scene_renderer_params(scene, 64, 64);
    scene_picture picture = scene_render(device, &params, &camera);
    const double sagitta = 2.0 * radius * (1.0 - cos(3.14159265358979 / 128.0));
    uint32_t met = 0;
    for (uint32_t y = 0; y < 64; y++) {
        for (uint32_t x = 0; x < 64; x++) {
            /* |t (x, y, -1) - c| = r, with the camera in the origin. */
            const ray r = ray_of(&picture, fov, x, y);
            const double a = r.x * r.x + r.y * r.y + 1.0;
            const double b = 0.5 * r.x - 0.25 * r.y + z;
            const double c = 0.25 + 0.0625 + z * z - radius * radius;
            const double discriminant = b * b - a * c;
            const float depth = scene_depth_at(&picture, x, y);
            if (discriminant < -0.05 * b)
                assert_true(isinf(depth));
            if (discriminant < 0.25 * a * radius * radius)
                continue; /* near the silhouette */
            const double expected = (b - sqrt(discriminant)) / a;
            /* Vertices move by up to half of 1/256 pixel. */
            assert_depth(depth, expected + sagitta, sagitta + 4e-4, x, y);
            met++;
        }
    }
    assert_true(met > 300);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* A floor at y = -1 from behind the camera to the horizon: the ray (x, y, -1) meets it at depth
 * -1 / y, if that lies between the planes. */
static void assert_floor(td_device *device, double near_plane, double far_plane)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 2000.0f, 2000.0f, TD_NONE);
    float matrix[16];
    scene_scaling(1.0f, 0.0f, 0.0f, matrix);
    matrix[6] = -1.0f;
    matrix[9] = 1.0f;
    matrix[13] = -1.0f;
    scene_place(scene, quad, matrix, 5);
    const td_camera camera =
        scene_perspective(0.0f, 1.57079633f, (float)near_plane, (float)far_plane);
    const td_renderer_params params = scene_renderer_params(scene, 64, 64);
    scene_picture picture = scene_render(device, &params, &camera);
    const double pixel = 2.0 / 64.0;
    for (uint32_t y = 0; y < 64; y++) {
        for (uint32_t x = 0; x < 64; x++) {
            const double slope = -ray_of(&picture, 1.57079633, x, y).y;
            const double expected = slope > 0.0 ? 1.0 / slope : INFINITY;
            const float depth = scene_depth_at(&picture, x, y);
            const bool beyond = expected > far_plane && far_plane > 0.0;
            if (slope < 0.0 || expected < near_plane || beyond) {
                assert_true(isinf(depth));
                assert_int_equal(scene_object_at(&picture, x, y), -1);
            } else {
                /* A twentieth of a pixel is more than the grid of 1/256. */
                assert_depth(depth, expected, 0.05 * pixel * expected * expected, x, y);
                assert_int_equal(scene_object_at(&picture, x, y), 5);
            }
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void near_and_far_plane_cut_a_floor(td_device *device)
{
    /* None of the planes passes through the centre of a row. */
    assert_floor(device, 0.01, 0.0);
    assert_floor(device, 2.02, 0.0);
    assert_floor(device, 0.5, 15.5);
    assert_floor(device, 2.02, 15.5);
}

static void planes_cut_an_orthographic_view(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 1.0f, 1.0f, TD_NONE);
    scene_place_at(scene, quad, -0.5f, 0.5f, 9.5f, 0);  /* before the near plane */
    scene_place_at(scene, quad, 0.5f, 0.5f, 8.5f, 1);   /* behind it */
    scene_place_at(scene, quad, -0.5f, -0.5f, 5.5f, 2); /* before the far plane */
    scene_place_at(scene, quad, 0.5f, -0.5f, 4.5f, 3);  /* behind it */
    const td_camera camera = scene_ortho(10.0f, 2.0f, 1.0f, 5.0f);
    const td_renderer_params params = scene_renderer_params(scene, 16, 16);
    scene_picture picture = scene_render(device, &params, &camera);
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            const int32_t expected = y < 8 ? (x < 8 ? -1 : 1) : (x < 8 ? 2 : -1);
            assert_int_equal(scene_object_at(&picture, x, y), expected);
            if (expected >= 0)
                assert_depth(scene_depth_at(&picture, x, y), expected == 1 ? 1.5 : 4.5, 1e-5, x, y);
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* In the middle of a box of edge 2, the ray (x, y, -1) leaves it at depth 1 / max(1, |x|, |y|). */
static void inside_a_box_its_walls_are_seen(td_device *device)
{
    td_scene *scene = scene_make();
    td_material_params material = scene_unlit_params();
    material.double_sided = true;
    const uint32_t box = scene_box(scene, 2.0f, 2.0f, 2.0f, scene_material(scene, &material));
    scene_place_at(scene, box, 0.0f, 0.0f, 0.0f, 9);
    const double fov = 2.0;
    const td_camera camera = scene_perspective(0.0f, (float)fov, 0.05f, 0.0f);
    const td_renderer_params params = scene_renderer_params(scene, 40, 40);
    scene_picture picture = scene_render(device, &params, &camera);
    for (uint32_t y = 0; y < 40; y++) {
        for (uint32_t x = 0; x < 40; x++) {
            const ray r = ray_of(&picture, fov, x, y);
            const double reach = fmax(1.0, fmax(fabs(r.x), fabs(r.y)));
            assert_depth(scene_depth_at(&picture, x, y), 1.0 / reach, 2e-3, x, y);
            assert_int_equal(scene_object_at(&picture, x, y), 9);
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void of_several_the_nearest_is_seen(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 4.0f, 4.0f, TD_NONE);
    const float heights[] = {0.5f, 2.0f, 1.0f, 1.9f, -3.0f};
    for (uint32_t i = 0; i < 5; i++)
        scene_place_at(scene, quad, 0.0f, 0.0f, heights[i], i);
    const td_camera camera = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
    const td_renderer_params params = scene_renderer_params(scene, 8, 8);
    scene_picture picture = scene_render(device, &params, &camera);
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(picture.object[i], 1);
        assert_depth(picture.depth[i], 3.0, 1e-5, i % 8, i / 8);
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(plane_facing_an_orthographic_camera), gpu_test(plane_facing_a_perspective_camera),
        gpu_test(sphere_is_where_rays_meet_it),        gpu_test(near_and_far_plane_cut_a_floor),
        gpu_test(planes_cut_an_orthographic_view),     gpu_test(inside_a_box_its_walls_are_seen),
        gpu_test(of_several_the_nearest_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
