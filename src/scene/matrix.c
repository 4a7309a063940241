#include "scene/matrix.h"

#include <cglm/cglm.h>
#include <math.h>
#include <string.h>

void tdi_matrix_identity(float out[16])
{
    memset(out, 0, 16 * sizeof(float));
    for (int i = 0; i < 4; i++)
        out[5 * i] = 1.0f;
}

void tdi_matrix_multiply(const float a[16], const float b[16], float out[16])
{
    mat4 left, right, product;
    memcpy(left, a, sizeof left);
    memcpy(right, b, sizeof right);
    glm_mat4_mul(left, right, product);
    memcpy(out, product, sizeof product);
}

void tdi_matrix_from_trs(const float translation[3], const float rotation[4], const float scale[3],
                         float out[16])
{
    versor quaternion;
    mat4 matrix = GLM_MAT4_IDENTITY_INIT;
    memcpy(quaternion, rotation, sizeof quaternion);
    if (glm_vec4_norm2(quaternion) > 0.0f) {
        glm_quat_normalize(quaternion);
        glm_quat_mat4(quaternion, matrix);
    }
    for (int column = 0; column < 3; column++)
        glm_vec3_scale(matrix[column], scale[column], matrix[column]);
    memcpy(matrix[3], translation, 3 * sizeof(float));
    memcpy(out, matrix, sizeof matrix);
}

double tdi_matrix_determinant(const float matrix[16])
{
    double m[9];
    for (int i = 0; i < 9; i++)
        m[i] = (double)matrix[i / 3 * 4 + i % 3];
    return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[3] * (m[1] * m[8] - m[2] * m[7]) +
           m[6] * (m[1] * m[5] - m[2] * m[4]);
}

bool tdi_matrix_is_affine(const float matrix[16])
{
    return matrix[3] == 0.0f && matrix[7] == 0.0f && matrix[11] == 0.0f && matrix[15] == 1.0f;
}

bool tdi_all_finite(const float *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}
