/* Encodings of vertex attributes, against the numbers that they stand for. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "scene/pack.h"

static double angle_between(const float a[3], const float b[3])
{
    double cross[3], sine = 0.0, cosine = 0.0;
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        cross[i] = (double)a[j] * (double)b[k] - (double)a[k] * (double)b[j];
        sine += cross[i] * cross[i];
        cosine += (double)a[i] * (double)b[i];
    }
    return atan2(sqrt(sine), cosine);
}

static void random_direction(float out[4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (float)rand() / (float)RAND_MAX * 2.0f - 1.0f;
}

/* Rounding moves a point of the square by up to 0.71 steps of 1 / 32767, and the map to the sphere
 * stretches by up to 3, in the middle of a face. */
static void normals_keep_their_direction(void **state)
{
    (void)state;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        float direction[4], back[3];
        random_direction(direction);
        tdi_unpack_normal(tdi_pack_normal(direction), back);
        assert_true(angle_between(direction, back) < 2.13 / 32767.0);
    }
}

static void axes_are_exact(void **state)
{
    (void)state;
    for (int axis = 0; axis < 3; axis++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            float direction[4] = {0.0f, 0.0f, 0.0f, (float)sign}, back[4];
            direction[axis] = (float)sign;
            tdi_unpack_normal(tdi_pack_normal(direction), back);
            for (int i = 0; i < 3; i++)
                assert_float_equal(back[i], direction[i], 0.0f);
            tdi_unpack_tangent(tdi_pack_tangent(direction), back);
            for (int i = 0; i < 4; i++)
                assert_float_equal(back[i], direction[i], 0.0f);
        }
    }
}

static void tangents_keep_their_handedness(void **state)
{
    (void)state;
    srand(2);
    for (int i = 0; i < 20000; i++) {
        float direction[4], back[4];
        random_direction(direction);
        tdi_unpack_tangent(tdi_pack_tangent(direction), back);
        assert_true(angle_between(direction, back) < 2.13 / 16383.0);
        assert_true((back[3] < 0.0f) == (direction[3] < 0.0f));
    }
}

static void useless_normals_point_along_z(void **state)
{
    (void)state;
    const float useless[][3] = {{0.0f, 0.0f, 0.0f}, {NAN, 0.0f, 0.0f}, {INFINITY, 1.0f, 0.0f}};
    for (size_t i = 0; i < 3; i++) {
        float back[3];
        tdi_unpack_normal(tdi_pack_normal(useless[i]), back);
        assert_float_equal(back[2], 1.0f, 0.0f);
    }
}

/* IEEE 754-2019, table 3.5 and 4.3.1, worked out by hand. */
static void halves_are_ieee(void **state)
{
    (void)state;
    const struct {
        float value;
        uint16_t half;
    } table[] = {
        {0.0f, 0x0000},           {-0.0f, 0x8000},        {1.0f, 0x3C00},
        {-2.0f, 0xC000},          {65504.0f, 0x7BFF},     {1e30f, 0x7BFF},
        {0x1p-14f, 0x0400},       {0x1p-24f, 0x0001},     {0x1p-25f, 0x0000},
        {0x3p-25f, 0x0002},       {0.333333f, 0x3555},    {1.00048828125f, 0x3C00},
        {1.00146484375f, 0x3C02}, {0x1.ff8p-15f, 0x03FF}, {0x1.fffp-15f, 0x0400},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(tdi_pack_half(table[i].value), table[i].half);
}

static void every_finite_half_survives(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < 0x10000; half++) {
        if ((half & 0x7C00u) != 0x7C00u)
            assert_int_equal(tdi_pack_half(tdi_unpack_half((uint16_t)half)), half);
    }
}

static void colors_keep_their_order(void **state)
{
    (void)state;
    const float color[4] = {0.25f, 0.5f, 2.0f, 1.0f};
    uint32_t packed[2];
    float back[4];
    tdi_pack_color(color, packed);
    assert_int_equal(packed[0] & 0xFFFFu, tdi_pack_half(0.25f));
    tdi_unpack_color(packed, back);
    for (int i = 0; i < 4; i++)
        assert_float_equal(back[i], color[i], 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normals_keep_their_direction),
        cmocka_unit_test(axes_are_exact),
        cmocka_unit_test(tangents_keep_their_handedness),
        cmocka_unit_test(useless_normals_point_along_z),
        cmocka_unit_test(halves_are_ieee),
        cmocka_unit_test(every_finite_half_survives),
        cmocka_unit_test(colors_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
