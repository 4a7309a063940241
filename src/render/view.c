#include "render/view.h"

#include <math.h>

#include "base/error.h"

#define SUBPIXELS 256.0 /* snapped positions are in 1/256 pixel */

/* A camera's axes must be orthonormal to this much. */
#define AXIS_TOLERANCE 1e-3

static td_result check_camera(const td_camera *camera)
{
    for (int i = 0; i < 16; i++)
        if (!isfinite(camera->world[i]))
            return tdi_fail(TD_ERROR_ARGUMENT, "camera: element %d of its matrix is not finite", i);
    for (int axis = 0; axis < 3; axis++) {
        const float *a = &camera->world[4 * axis];
        const double length = sqrt((double)a[0] * a[0] + (double)a[1] * a[1] + (double)a[2] * a[2]);
        if (fabs(length - 1.0) > AXIS_TOLERANCE)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "camera: axis %d of its matrix has length %g and not 1; a camera must "
                            "not be scaled",
                            axis, length);
    }
    const bool perspective = camera->fov_y != 0.0f;
    if (perspective && !(camera->fov_y > 0.0f && camera->fov_y < 3.1415f))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "camera: a vertical field of view of %g radians; it "
                        "must lie between 0 and pi",
                        (double)camera->fov_y);
    if (!perspective && !(camera->ortho_height > 0.0f && isfinite(camera->ortho_height)))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "camera: an orthographic height of %g; it must be "
                        "above 0",
                        (double)camera->ortho_height);
    if (!(camera->aspect >= 0.0f && isfinite(camera->aspect)))
        return tdi_fail(TD_ERROR_ARGUMENT, "camera: an aspect ratio of %g", (double)camera->aspect);
    if (!isfinite(camera->near_plane) || !isfinite(camera->far_plane) ||
        (perspective ? camera->near_plane <= 0.0f : camera->near_plane < 0.0f))
        return tdi_fail(TD_ERROR_ARGUMENT, "camera: a near plane at %g; it must be above 0",
                        (double)camera->near_plane);
    if ((camera->far_plane != 0.0f || !perspective) && camera->far_plane <= camera->near_plane)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "camera: the far plane at %g does not lie behind the near plane at %g",
                        (double)camera->far_plane, (double)camera->near_plane);
    return TD_OK;
}

/* World to camera: the transpose of the rotation, and the origin moved; three rows of four. */
static void invert_rigid(const float world[16], double out[3][4])
{
    for (int row = 0; row < 3; row++) {
        double offset = 0.0;
        for (int column = 0; column < 3; column++) {
            out[row][column] = world[4 * row + column];
            offset -= out[row][column] * world[12 + column];
        }
        out[row][3] = offset;
    }
}

/* Rows of the projection over camera space (x, y, z, 1). Perspective: x and y over -z, depth
 * near / -z, which is the reversed infinite projection. Orthographic: linear depth, 1 at the near
 * plane, 0 at the far plane. */
static void project(const td_camera *camera, uint32_t width, uint32_t height, double out[4][4])
{
    const double half_width = 0.5 * SUBPIXELS * width;
    const double half_height = 0.5 * SUBPIXELS * height;
    const double aspect = camera->aspect > 0.0f ? camera->aspect : (double)width / height;
    for (int i = 0; i < 16; i++)
        out[i / 4][i % 4] = 0.0;
    if (camera->fov_y != 0.0f) {
        const double scale = 1.0 / tan(0.5 * camera->fov_y);
        out[0][0] = scale / aspect * half_width;
        out[0][2] = -half_width;
        out[1][1] = -scale * half_height;
        out[1][2] = -half_height;
        out[2][3] = camera->near_plane;
        out[3][2] = -1.0;
        return;
    }
    const double range = (double)camera->far_plane - camera->near_plane;
    out[0][0] = 2.0 / (camera->ortho_height * aspect) * half_width;
    out[0][3] = half_width;
    out[1][1] = -2.0 / camera->ortho_height * half_height;
    out[1][3] = half_height;
    out[2][2] = 1.0 / range;
    out[2][3] = camera->far_plane / range;
    out[3][3] = 1.0;
}

td_result tdi_view_make(const td_camera *camera, uint32_t width, uint32_t height,
                        struct tdi_view *out)
{
    TDI_TRY(check_camera(camera));
    double inverse[3][4], projection[4][4];
    invert_rigid(camera->world, inverse);
    project(camera, width, height, projection);
    for (int row = 0; row < 4; row++) {
        for (int column = 0; column < 4; column++) {
            double sum = column == 3 ? projection[row][3] : 0.0;
            for (int k = 0; k < 3; k++)
                sum += projection[row][k] * inverse[k][column];
            out->clip[4 * row + column] = (float)sum;
        }
    }
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 4; column++)
            out->world[4 * row + column] = camera->world[4 * column + row];
    const bool perspective = camera->fov_y != 0.0f;
    out->near_plane = camera->near_plane;
    out->far_plane = camera->far_plane;
    out->depth_min = 0.0f;
    if (perspective && camera->far_plane > 0.0f)
        out->depth_min = camera->near_plane / camera->far_plane;
    out->flags = perspective ? 0 : TDI_VIEW_ORTHOGRAPHIC;
    return TD_OK;
}
