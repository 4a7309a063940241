/* 4x4 matrices, column-major, 16 floats without alignment. */
#ifndef TDI_SCENE_MATRIX_H
#define TDI_SCENE_MATRIX_H

#include <stdbool.h>

void tdi_matrix_identity(float out[16]);
/* `out` may be `a` or `b`. */
void tdi_matrix_multiply(const float a[16], const float b[16], float out[16]);
/* Translation times rotation (a quaternion x y z w, normalised here; zero: none) times scale. */
void tdi_matrix_from_trs(const float translation[3], const float rotation[4], const float scale[3],
                         float out[16]);
/* Of the upper left 3x3. */
double tdi_matrix_determinant(const float matrix[16]);
/* The matrix moves but does not project: the last row is 0 0 0 1. */
bool tdi_matrix_is_affine(const float matrix[16]);
bool tdi_all_finite(const float *values, unsigned count);

#endif
