/* Cameras of a scene. */
#ifndef TDI_SCENE_CAMERA_H
#define TDI_SCENE_CAMERA_H

#include "base/error.h"
#include <tandem/scene.h>

/* Fails with `code` unless the projection is what td_camera says; the sentence starts with what is
 * wrong. */
td_result tdi_camera_check(const td_camera *camera, td_result code);

/* Leaves place and direction of a camera's matrix, without scale, shear and mirroring. A matrix
 * that has lost a direction looks along -Z. */
void tdi_camera_straighten(float world[16]);

#endif
