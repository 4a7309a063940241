/* An environment on a device: what is mirrored of it is a texture of the bindless array, and what
 * is diffuse nine terms. */
#ifndef TDI_RENDER_ENVIRONMENT_H
#define TDI_RENDER_ENVIRONMENT_H

#include <stdatomic.h>

#include <tandem/environment.h>
#include <tandem/ticket.h>

#include "gpu/image.h"
#include "scene/environment_map.h"

/* Levels of what is mirrored, from roughness 0 to 1. */
#define TDI_MIRRORED_LEVELS 5

struct td_environment {
    td_device *device;
    atomic_uint references;
    tdi_vk_image mirrored;
    td_ticket ready; /* when it is there */
    uint32_t slot;
    float irradiance[TDI_IRRADIANCE_TERMS][3];
};

/* One more owner, who destroys it too, when the GPU is done with it. NULL is fine. */
td_environment *tdi_environment_retain(td_environment *environment);

#endif
