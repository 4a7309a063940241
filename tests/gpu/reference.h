/* What rasterising must give, worked out on the processor from the definition in
 * docs/concepts/coverage.md: exact integers for coverage, and every sample against every triangle.
 * All triangles are double-sided. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include "scene_support.h"

typedef struct reference {
    uint32_t width, height, samples;
    float clip[16];
    float depth_min;
    float *depth;    /* (H, W, samples), reversed: 1 at the near plane */
    int32_t *object; /* (H, W, samples), -1: nothing */
    uint32_t *hits;  /* (H, W, samples), how many triangles cover the sample */
} reference;

void reference_make(uint32_t width, uint32_t height, uint32_t samples, const td_camera *camera,
                    reference *out);
void reference_free(reference *image);

/* Draws a triangle (three corners of three coordinates) placed by a column-major matrix. Later ones
 * are hidden by equal depths. */
void reference_draw(reference *image, const float matrix[16], const float corners[9],
                    int32_t object);

/* Samples of the pixel that something covers. */
uint32_t reference_covered(const reference *image, uint32_t x, uint32_t y);

#endif
