/* A camera becomes a projection: where known points land, and which cameras are refused. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "render/view.h"

#define WIDTH  640
#define HEIGHT 480

static td_camera perspective(void)
{
    td_camera camera;
    const float eye[3] = {0.0f, 0.0f, 10.0f}, target[3] = {0.0f, 0.0f, 0.0f};
    const float up[3] = {0.0f, 1.0f, 0.0f};
    assert_int_equal(td_camera_look_at(eye, target, up, &camera), TD_OK);
    camera.fov_y = 1.0f;
    camera.near_plane = 0.5f;
    camera.far_plane = 50.0f;
    return camera;
}

typedef struct projected {
    double x, y, depth, w;
} projected;

/* Pixels and depth of a point. */
static projected project(const struct tdi_view *view, double x, double y, double z)
{
    double clip[4];
    for (int row = 0; row < 4; row++)
        clip[row] = (double)view->clip[4 * row] * x + (double)view->clip[4 * row + 1] * y +
                    (double)view->clip[4 * row + 2] * z + (double)view->clip[4 * row + 3];
    return (projected){clip[0] / clip[3] / 256.0, clip[1] / clip[3] / 256.0, clip[2] / clip[3],
                       clip[3]};
}

static void test_centre_lands_in_the_middle(void **state)
{
    (void)state;
    const td_camera camera = perspective();
    struct tdi_view view;
    assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_OK);
    const projected p = project(&view, 0.0, 0.0, 0.0);
    assert_true(fabs(p.x - WIDTH / 2.0) < 1e-3);
    assert_true(fabs(p.y - HEIGHT / 2.0) < 1e-3);
    assert_true(fabs(p.w - 10.0) < 1e-5);
    assert_true(fabs(p.depth - 0.5 / 10.0) < 1e-6);
}

static void test_field_of_view_is_vertical(void **state)
{
    (void)state;
    const td_camera camera = perspective();
    struct tdi_view view;
    assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_OK);
    const double half = 10.0 * tan(0.5);
    assert_true(fabs(project(&view, 0.0, half, 0.0).y - 0.0) < 1e-2);
    assert_true(fabs(project(&view, 0.0, -half, 0.0).y - HEIGHT) < 1e-2);
    assert_true(fabs(project(&view, half * WIDTH / HEIGHT, 0.0, 0.0).x - WIDTH) < 1e-2);
}

static void test_depth_is_one_at_the_near_plane(void **state)
{
    (void)state;
    const td_camera camera = perspective();
    struct tdi_view view;
    assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_OK);
    assert_true(fabs(project(&view, 1.0, 2.0, 9.5).depth - 1.0) < 1e-5);
    assert_true(fabs((double)view.depth_min - 0.5 / 50.0) < 1e-8);
}

static void test_orthographic_depth_is_linear(void **state)
{
    (void)state;
    td_camera camera = perspective();
    camera.fov_y = 0.0f;
    camera.ortho_height = 4.0f;
    camera.near_plane = 2.0f;
    camera.far_plane = 18.0f;
    struct tdi_view view;
    assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_OK);
    assert_true(view.flags & TDI_VIEW_ORTHOGRAPHIC);
    assert_true(fabs(project(&view, 0.0, 0.0, 8.0).depth - 1.0) < 1e-6);
    assert_true(fabs(project(&view, 0.0, 0.0, 0.0).depth - 0.5) < 1e-6);
    assert_true(fabs(project(&view, 0.0, 2.0, 0.0).y) < 1e-3);
}

static void refuse(td_camera camera)
{
    struct tdi_view view;
    assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_ERROR_ARGUMENT);
    assert_true(strlen(td_last_error()) > 10);
}

static void test_bad_cameras_are_refused(void **state)
{
    (void)state;
    td_camera camera = perspective();
    camera.world[3] = NAN;
    refuse(camera);
    camera = perspective();
    camera.world[0] *= 2.0f;
    refuse(camera);
    camera = perspective();
    camera.near_plane = 0.0f;
    refuse(camera);
    camera = perspective();
    camera.far_plane = 0.25f;
    refuse(camera);
    camera = perspective();
    camera.fov_y = 3.2f;
    refuse(camera);
    camera = perspective();
    camera.fov_y = 0.0f;
    refuse(camera);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_centre_lands_in_the_middle),
        cmocka_unit_test(test_field_of_view_is_vertical),
        cmocka_unit_test(test_depth_is_one_at_the_near_plane),
        cmocka_unit_test(test_orthographic_depth_is_linear),
        cmocka_unit_test(test_bad_cameras_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
