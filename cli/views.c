#include "views.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define RADIANS_PER_DEGREE 0.017453292519943295
#define DEFAULT_PITCH      15.0
#define DEFAULT_FOV        45.0
/* Depth is reversed and infinite, so a near plane this close costs no precision. */
#define NEAR_OF_RADIUS 1e-3
#define FAR_OF_RADIUS  10.0

void cli_views_count(const cli_render_options *options, cli_views *views)
{
    *views = (cli_views){.count = options->views > 0 ? options->views : 1};
    if (options->cameras.count > 0) {
        views->count = options->cameras.count;
        views->names = options->cameras.items;
    }
}

void cli_views_free(cli_views *views)
{
    tdi_free(views->cameras);
    views->cameras = NULL;
}

/* The middle and half the diagonal of the scene's bounding box. */
static td_result find_ball(const td_scene *scene, float middle[3], double *radius)
{
    td_scene_info info;
    TDI_TRY(td_scene_get_info(scene, &info));
    double square = 0;
    for (int i = 0; i < 3; i++) {
        double half = 0.5 * ((double)info.bounds_max[i] - (double)info.bounds_min[i]);
        middle[i] = (float)((double)info.bounds_min[i] + half);
        square += half * half;
    }
    *radius = square > 0 ? sqrt(square) : 1;
    return TD_OK;
}

static void set_lens(const cli_render_options *options, td_camera *camera)
{
    if (options->fov.given)
        camera->fov_y = (float)(options->fov.value * RADIANS_PER_DEGREE);
    if (options->ortho.given) {
        camera->fov_y = 0;
        camera->ortho_height = (float)options->ortho.value;
    }
    if (options->near_plane.given)
        camera->near_plane = (float)options->near_plane.value;
    if (options->far_plane.given)
        camera->far_plane = (float)options->far_plane.value;
}

static td_result place_orbit(const cli_render_options *options, const td_scene *scene,
                             cli_views *views)
{
    double yaw0 = 0;
    double yaw1 = 360;
    double pitch = DEFAULT_PITCH;
    if (options->orbit.given) {
        yaw0 = options->orbit.value[0];
        yaw1 = options->orbit.value[1];
        pitch = options->orbit.value[2];
    }
    for (uint32_t i = 0; i < views->count; i++) {
        double yaw = yaw0 + (yaw1 - yaw0) * i / views->count;
        TDI_TRY(td_scene_orbit_camera(scene, yaw, pitch, &views->cameras[i]));
        set_lens(options, &views->cameras[i]);
    }
    return TD_OK;
}

static td_result place_cameras(const cli_render_options *options, const td_scene *scene,
                               cli_views *views)
{
    for (uint32_t i = 0; i < views->count; i++) {
        const char *name = options->cameras.items[i];
        uint32_t index;
        if (td_scene_find_camera(scene, name, &index) != TD_OK && !tdi_parse_u32(name, &index))
            return tdi_fail(TD_ERROR_NOT_FOUND, "--camera %s: the scene has no such camera", name);
        if (td_scene_get_camera(scene, index, &views->cameras[i]) != TD_OK)
            return tdi_fail_in(TD_ERROR_NOT_FOUND, "--camera %s", name);
    }
    return TD_OK;
}

static void copy_vector(const cli_vector *vector, float out[3])
{
    for (int i = 0; i < 3 && vector->given; i++)
        out[i] = (float)vector->value[i];
}

static td_result place_free(const cli_render_options *options, const td_scene *scene,
                            td_camera *camera)
{
    float eye[3] = {0, 0, 0};
    float target[3];
    float up[3] = {0, 1, 0};
    double radius;
    TDI_TRY(find_ball(scene, target, &radius));
    copy_vector(&options->eye, eye);
    copy_vector(&options->target, target);
    copy_vector(&options->up, up);
    td_result result = td_camera_look_at(eye, target, up, camera);
    if (result != TD_OK)
        return tdi_fail(result, "--eye, --target and --up: %s",
                        memcmp(eye, target, sizeof eye) == 0
                            ? "the camera stands where it looks at"
                            : "up is zero or along the line of sight, or a value is too large");
    double distance = 0;
    for (int i = 0; i < 3; i++)
        distance += ((double)eye[i] - (double)target[i]) * ((double)eye[i] - (double)target[i]);
    camera->fov_y = (float)(DEFAULT_FOV * RADIANS_PER_DEGREE);
    camera->near_plane = (float)(NEAR_OF_RADIUS * radius);
    /* An orthographic view needs a far plane; one that contains everything. */
    camera->far_plane =
        options->ortho.given ? (float)(sqrt(distance) + FAR_OF_RADIUS * radius) : 0.0f;
    set_lens(options, camera);
    return TD_OK;
}

static td_result place_default(const cli_render_options *options, const td_scene *scene,
                               cli_views *views)
{
    td_scene_info info;
    TDI_TRY(td_scene_get_info(scene, &info));
    if (info.cameras > 0)
        return td_scene_get_camera(scene, 0, &views->cameras[0]);
    return place_orbit(options, scene, views);
}

td_result cli_views_place(const cli_render_options *options, const td_scene *scene,
                          cli_views *views)
{
    views->cameras = tdi_alloc_zero(views->count, sizeof *views->cameras);
    if (!views->cameras)
        return TD_ERROR_HOST_MEMORY;
    if (options->cameras.count > 0)
        return place_cameras(options, scene, views);
    if (options->eye.given)
        return place_free(options, scene, &views->cameras[0]);
    if (options->views > 0 || options->orbit.given)
        return place_orbit(options, scene, views);
    return place_default(options, scene, views);
}
