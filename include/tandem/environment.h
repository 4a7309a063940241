/** @file
 * Environments: light that comes from all around, from infinitely far away, and what is seen
 * between the surfaces. A picture in equirectangular projection is prefiltered on the device when
 * an environment is made: diffuse light by spherical harmonics up to order 4 (Ramamoorthi and
 * Hanrahan, "An Efficient Representation for Irradiance Environment Maps", 2001), mirrored light as
 * mip levels of rising roughness (Karis, "Real Shading in Unreal Engine 4", 2013; Krivanek and
 * Colbert, "Real-time Shading with Filtered Importance Sampling", 2008).
 *
 * The middle of the picture is seen along +X, its upper edge along +Y, and to the right of the
 * middle lies +Z. */
#ifndef TANDEM_ENVIRONMENT_H
#define TANDEM_ENVIRONMENT_H

#include <tandem/device.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct td_environment td_environment;

/** Where it comes from: `path` or `pixels`. */
typedef struct td_environment_params {
    const char *path;    /**< A Radiance picture (.hdr), at most 134 million pixels. */
    const float *pixels; /**< (height, width, 3), linear red, green, blue radiance, rows from the
                              top; finite and not negative. Read during the call only. */
    uint32_t width;      /**< Of `pixels`, 1 to 32768. */
    uint32_t height;     /**< Of `pixels`, 1 to 32768. */
} td_environment_params;

/** Loads and prefilters. The environment is the caller's, for any number of renderers of this
 * device, and holds about 700 KiB of device memory (textures); while it is made, 1 MiB more. Waits
 * for the GPU; not in a callback. ::TD_ERROR_INPUT and ::TD_ERROR_UNSUPPORTED with the file and the
 * byte, ::TD_ERROR_NOT_FOUND, ::TD_ERROR_IO, ::TD_ERROR_ARGUMENT, ::TD_ERROR_BUDGET,
 * ::TD_ERROR_DEVICE_MEMORY, ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_DEVICE_LOST. Thread-safe. */
TD_API td_result td_environment_create(td_device *device, const td_environment_params *params,
                                       td_environment **out);

/** Renderers that were made with it go on, and its memory is freed with the last of them. NULL is
 * fine. Thread-safe. */
TD_API void td_environment_destroy(td_environment *environment);

#ifdef __cplusplus
}
#endif
#endif
