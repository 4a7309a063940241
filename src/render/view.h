/* A camera as the passes read it. */
#ifndef TDI_RENDER_VIEW_H
#define TDI_RENDER_VIEW_H

#include <tandem/scene.h>

#include "frame_data.h"

/* TD_ERROR_ARGUMENT for a camera that is not finite, has a scale, or planes in the wrong order. */
td_result tdi_view_make(const td_camera *camera, uint32_t width, uint32_t height,
                        struct tdi_view *out);

#endif
