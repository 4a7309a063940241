/* Where the samples of a pixel lie, in 1/256 pixel: the standard sample locations of Vulkan 1.3,
 * section 28.2 (Multisampling). */
#ifndef SAMPLES_GLSL
#define SAMPLES_GLSL

#include "frame.glsl"

#define AT(x, y) ((x)*16u | (y)*16u << 8)
const uint sample_table[31] = uint[31](
    AT(8, 8),           /* 1 */
    AT(8, 8), AT(8, 8), /* padding: the table of n samples begins at n - 1 */
    AT(6, 2), AT(14, 6), AT(2, 10), AT(10, 14),                                            /* 4 */
    AT(9, 5), AT(7, 11), AT(13, 9), AT(5, 3), AT(3, 13), AT(1, 7), AT(11, 15), AT(15, 1),  /* 8 */
    AT(9, 9), AT(7, 5), AT(5, 10), AT(12, 7), AT(3, 6), AT(10, 13), AT(13, 11), AT(11, 3), /* 16 */
    AT(6, 14), AT(8, 1), AT(4, 2), AT(2, 12), AT(0, 8), AT(15, 4), AT(14, 15), AT(1, 0));
#undef AT

ivec2 sample_offset(uint index)
{
    uint packed = sample_table[SAMPLES - 1u + index];
    return ivec2(packed & 255u, packed >> 8);
}

#endif
