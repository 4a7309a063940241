/* How results get into host memory: written there by the last pass, or by way of device memory and
 * the transfer lane. Chosen by what is asked and by a table of what was measured; never by the
 * run's own clock, though the bytes would be the same. */
#ifndef TDI_RENDER_RESULT_WAY_H
#define TDI_RENDER_RESULT_WAY_H

#include <tandem/renderer.h>

#include "gpu/device.h"

/* For results of `bytes` a view; `bound`: the last pass can bind so much. `copied` is set, and why.
 * TD_ERROR_UNSUPPORTED if it is to write them itself and cannot. */
td_result tdi_result_way_choose(const td_device *device, td_copy_mode asked, uint64_t bytes,
                                bool bound, bool *copied, const char **reason);

#endif
