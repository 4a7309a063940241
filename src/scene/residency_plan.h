/* Which levels of which textures are to be on the device, so that what views need fits. Arithmetic
 * only. */
#ifndef TDI_SCENE_RESIDENCY_PLAN_H
#define TDI_SCENE_RESIDENCY_PLAN_H

#include <tandem/renderer.h>

#include "scene/mipmap.h"

typedef struct tdi_residency_item {
    uint64_t bytes[TDI_MAX_MIP_LEVELS]; /* of an image with the levels from there on */
    uint32_t tail;                      /* the highest first level */
    uint32_t base;                      /* first level now */
    uint32_t needed;                    /* that views sample, at most `tail` */
    float weight;                       /* about how many pixels show it */
    uint64_t last_needed;               /* number of the submission */
    uint32_t planned;                   /* the result */
} tdi_residency_item;

/* Plans for `available` bytes in all. What is there stays as long as there is room. False if what
 * is needed and not there does not fit: then everything else is given up, and with TD_TEXTURES_LRU
 * and TD_TEXTURES_PRIORITY as much of the needed, too, as must be. */
bool tdi_residency_plan(tdi_residency_item *items, uint32_t count, uint64_t available,
                        td_texture_policy policy);

#endif
