#include "scene/camera.h"

#include <math.h>
#include <string.h>

#include "scene/matrix.h"
#include "scene/scene.h"

#define PI            3.14159265358979323846
#define FIELD_OF_VIEW (45.0 * PI / 180.0)

static void cross(const double a[3], const double b[3], double out[3])
{
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3;
        int k = (i + 2) % 3;
        out[i] = a[j] * b[k] - a[k] * b[j];
    }
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* False if there is no direction. */
static bool normalise(double vector[3])
{
    double length = sqrt(dot(vector, vector));
    if (!(length > 0.0) || !isfinite(length))
        return false;
    for (int i = 0; i < 3; i++)
        vector[i] /= length;
    return true;
}

/* From the camera's backward and any upward direction. False if they are parallel or zero. */
static bool make_axes(double back[3], const double up[3], double right[3], double top[3])
{
    if (!normalise(back))
        return false;
    cross(up, back, right);
    double reach = sqrt(dot(up, up));
    if (!(sqrt(dot(right, right)) > 1e-6 * reach) || !normalise(right))
        return false;
    cross(back, right, top);
    return true;
}

static void set_world(const double right[3], const double top[3], const double back[3],
                      const double place[3], float world[16])
{
    const double *columns[4] = {right, top, back, place};
    for (int column = 0; column < 4; column++) {
        for (int row = 0; row < 3; row++)
            world[4 * column + row] = (float)columns[column][row];
        world[4 * column + 3] = column == 3 ? 1.0f : 0.0f;
    }
}

void tdi_camera_straighten(float world[16])
{
    double back[3], up[3], place[3], right[3], top[3];
    for (int i = 0; i < 3; i++) {
        up[i] = (double)world[4 + i];
        back[i] = (double)world[8 + i];
        place[i] = (double)world[12 + i];
    }
    const double x[3] = {1.0, 0.0, 0.0}, y[3] = {0.0, 1.0, 0.0}, z[3] = {0.0, 0.0, 1.0};
    if (make_axes(back, up, right, top))
        set_world(right, top, back, place, world);
    else
        set_world(x, y, z, place, world);
}

td_result tdi_camera_check(const td_camera *camera, td_result code)
{
    if (!tdi_all_finite(&camera->fov_y, 1) || !tdi_all_finite(&camera->ortho_height, 1) ||
        !tdi_all_finite(&camera->aspect, 1) || !tdi_all_finite(&camera->near_plane, 1) ||
        !tdi_all_finite(&camera->far_plane, 1))
        return tdi_fail(code, "a value of the camera is not finite");
    bool perspective = camera->fov_y != 0.0f;
    if (perspective && !(camera->fov_y > 0.0f && (double)camera->fov_y < PI))
        return tdi_fail(code, "a field of view of %g radians is not between 0 and pi",
                        (double)camera->fov_y);
    if (!perspective && !(camera->ortho_height > 0.0f))
        return tdi_fail(code, "an orthographic height of %g is not above 0",
                        (double)camera->ortho_height);
    if (!(camera->aspect >= 0.0f))
        return tdi_fail(code, "an aspect ratio of %g is below 0", (double)camera->aspect);
    if (perspective && !(camera->near_plane > 0.0f))
        return tdi_fail(code, "a near plane at %g is not above 0", (double)camera->near_plane);
    bool infinite = perspective && camera->far_plane == 0.0f;
    if (!infinite && !(camera->far_plane > camera->near_plane))
        return tdi_fail(code, "a far plane at %g is not behind the near plane at %g",
                        (double)camera->far_plane, (double)camera->near_plane);
    return TD_OK;
}

td_result td_scene_add_camera(td_scene *scene, const td_camera *params, const char *name,
                              uint32_t *camera)
{
    if (scene == NULL || params == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_camera: an argument is NULL");
    if (!tdi_all_finite(params->world, 16))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_camera: `world` is not finite");
    td_result result = tdi_camera_check(params, TD_ERROR_ARGUMENT);
    if (result != TD_OK)
        return tdi_fail_in(result, "td_scene_add_camera");
    tdi_camera *entry;
    TDI_TRY(tdi_scene_new_camera(scene, name, &entry));
    entry->params = *params;
    entry->node = TD_NONE;
    tdi_camera_straighten(entry->params.world);
    if (camera != NULL)
        *camera = scene->camera_count - 1;
    return TD_OK;
}

td_result td_scene_get_camera(const td_scene *scene, uint32_t index, td_camera *out)
{
    if (scene == NULL || out == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_get_camera: an argument is NULL");
    if (index >= scene->camera_count)
        return tdi_fail(TD_ERROR_NOT_FOUND, "scene %s has no camera %u; it has %u", scene->name,
                        index, scene->camera_count);
    const tdi_camera *camera = &scene->cameras[index];
    *out = camera->params;
    if (camera->node == TD_NONE)
        return TD_OK;
    TDI_TRY(tdi_scene_update(scene));
    memcpy(out->world, scene->flat->worlds + (size_t)16 * camera->node, sizeof out->world);
    tdi_camera_straighten(out->world);
    return TD_OK;
}

td_result td_scene_find_camera(const td_scene *scene, const char *name, uint32_t *camera)
{
    if (scene == NULL || name == NULL || camera == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_find_camera: an argument is NULL");
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < scene->camera_count; i++) {
            const tdi_camera *entry = &scene->cameras[i];
            const char *candidate = pass == 0 ? entry->name : entry->alias;
            if (candidate != NULL && strcmp(candidate, name) == 0) {
                *camera = i;
                return TD_OK;
            }
        }
    }
    return tdi_fail(TD_ERROR_NOT_FOUND, "scene %s has no camera named %s; it has %u cameras",
                    scene->name, name, scene->camera_count);
}

td_result td_camera_look_at(const float eye[3], const float target[3], const float up[3],
                            td_camera *camera)
{
    if (eye == NULL || target == NULL || up == NULL || camera == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_camera_look_at: an argument is NULL");
    if (!tdi_all_finite(eye, 3) || !tdi_all_finite(target, 3) || !tdi_all_finite(up, 3))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_camera_look_at: a value is not finite");
    double back[3], upward[3], place[3], right[3], top[3];
    for (int i = 0; i < 3; i++) {
        place[i] = (double)eye[i];
        back[i] = (double)eye[i] - (double)target[i];
        upward[i] = (double)up[i];
    }
    double distance = sqrt(dot(back, back));
    if (!(distance > 0.0))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_camera_look_at: eye and target coincide");
    if (!make_axes(back, upward, right, top))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_camera_look_at: `up` is zero or parallel to the line of sight");
    *camera = (td_camera){
        .fov_y = (float)FIELD_OF_VIEW,
        .near_plane = (float)(0.01 * distance),
    };
    set_world(right, top, back, place, camera->world);
    return TD_OK;
}

/* Centre and half diagonal of the scene's box; 1 for a scene without extent. */
static double bounding_radius(const tdi_flat *flat, double center[3])
{
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        double lowest = (double)flat->bounds_min[i];
        double highest = (double)flat->bounds_max[i];
        center[i] = 0.5 * (lowest + highest);
        sum += (highest - lowest) * (highest - lowest);
    }
    return sum > 0.0 ? 0.5 * sqrt(sum) : 1.0;
}

td_result td_scene_orbit_camera(const td_scene *scene, double yaw, double pitch, td_camera *camera)
{
    if (scene == NULL || camera == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_orbit_camera: an argument is NULL");
    if (!isfinite(yaw) || !isfinite(pitch))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_orbit_camera: an angle is not finite");
    TDI_TRY(tdi_scene_update(scene));
    double center[3], place[3], top[3];
    double radius = bounding_radius(scene->flat, center);
    double sine = sin(yaw * PI / 180.0), cosine = cos(yaw * PI / 180.0);
    double rise = sin(pitch * PI / 180.0), level = cos(pitch * PI / 180.0);
    const double back[3] = {sine * level, rise, cosine * level};
    const double right[3] = {cosine, 0.0, -sine};
    cross(back, right, top);
    for (int i = 0; i < 3; i++)
        place[i] = center[i] + 2.5 * radius * back[i];
    *camera = (td_camera){
        .fov_y = (float)FIELD_OF_VIEW,
        .near_plane = (float)(0.01 * radius),
        .far_plane = (float)(10.0 * radius),
    };
    set_world(right, top, back, place, camera->world);
    return TD_OK;
}
