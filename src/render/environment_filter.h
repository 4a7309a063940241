/* What surfaces mirror of an environment, by their roughness, worked out on the device. */
#ifndef TDI_RENDER_ENVIRONMENT_FILTER_H
#define TDI_RENDER_ENVIRONMENT_FILTER_H

#include "async/lane.h"
#include "scene/environment_map.h"

/* Writes the texels of levels 1 to `levels` - 1, as tdi_environment_map_pack has them. `source` is
 * the slot of the bindless array with the map and all of its levels, there after `ready`. Waits for
 * the GPU. */
td_result tdi_environment_filter(td_device *device, uint32_t source, td_ticket ready,
                                 uint32_t levels, uint32_t *texels);

#endif
