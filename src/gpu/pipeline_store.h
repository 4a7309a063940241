/* The pipelines of a device, shared by all that want the same: drivers take a second for those of a
 * renderer, and a program that makes one renderer after another should pay that once. Those that
 * nobody uses any more are kept, up to TDI_PIPELINES_KEPT of them. Safe to use from several threads
 * at once. */
#ifndef TDI_GPU_PIPELINE_STORE_H
#define TDI_GPU_PIPELINE_STORE_H

#include "gpu/pipeline.h"

#define TDI_PIPELINES_KEPT     64
#define TDI_PIPELINE_KEY_BYTES 48

/* What tells one pipeline from another; no padding, zero where it says nothing. */
typedef struct tdi_pipeline_key {
    uint8_t bytes[TDI_PIPELINE_KEY_BYTES];
} tdi_pipeline_key;

/* The pipeline of this key, which `make` makes if there is none; two threads may make it at once,
 * and one of both is used. `*out` is a copy that tdi_pipeline_store_give_back takes. */
td_result tdi_pipeline_store_take(td_device *device, const tdi_pipeline_key *key,
                                  td_result (*make)(td_device *device, void *user,
                                                    tdi_pipeline *out),
                                  void *user, tdi_pipeline *out);
/* The GPU must be done with it. Clears it; one that is clear is fine. */
void tdi_pipeline_store_give_back(td_device *device, tdi_pipeline *pipeline);
/* Destroys those that nobody uses. */
void tdi_pipeline_store_trim(td_device *device);

#endif
