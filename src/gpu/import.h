/* Devices made of what another program made (tandem/vulkan.h). */
#ifndef TDI_GPU_IMPORT_H
#define TDI_GPU_IMPORT_H

#include <tandem/vulkan.h>

#include "gpu/device.h"

/* TD_ERROR_UNSUPPORTED, with everything that `who` misses, on an imported device that was made
 * without what the renderer needs. */
td_result tdi_import_check_renderer(const td_device *device, const char *who);

#endif
