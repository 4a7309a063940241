/* Where the outputs of a view lie: apart, aligned, and all inside. */
#include "support.h"

#include "render/result.h"

typedef struct plane {
    bool there;
    VkDeviceSize start;
} plane;

static void check(uint32_t width, uint32_t height, uint32_t outputs)
{
    tdi_result_layout layout;
    tdi_result_layout_make(width, height, outputs, &layout);
    const plane planes[] = {
        {outputs & TD_OUTPUT_COLOR, layout.color},
        {outputs & TD_OUTPUT_DEPTH, layout.depth},
        {outputs & TD_OUTPUT_OBJECT, layout.object},
    };
    const VkDeviceSize bytes = (VkDeviceSize)width * height * 4;
    VkDeviceSize sum = 0;
    for (int i = 0; i < 3; i++) {
        if (!planes[i].there)
            continue;
        sum += bytes;
        assert_int_equal(planes[i].start % 16, 0);
        assert_true(planes[i].start + bytes <= layout.view_bytes);
        for (int j = 0; j < i; j++)
            assert_true(!planes[j].there || planes[j].start + bytes <= planes[i].start);
    }
    assert_int_equal(layout.width, width);
    assert_int_equal(layout.height, height);
    assert_int_equal(layout.outputs, outputs);
    assert_int_equal(layout.view_bytes % 16, 0);
    /* Nothing is wasted but what aligns the planes. */
    assert_true(layout.view_bytes >= sum && layout.view_bytes < sum + 3 * 16);
}

static void planes_lie_apart(void **state)
{
    (void)state;
    const uint32_t sizes[][2] = {{1, 1},     {3, 1},         {33, 17},  {1920, 1080},
                                 {16384, 1}, {16384, 16384}, {511, 513}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint32_t outputs = 1; outputs < 8; outputs++)
            check(sizes[i][0], sizes[i][1], outputs);
}

static void large_sizes_do_not_wrap(void **state)
{
    (void)state;
    tdi_result_layout layout;
    tdi_result_layout_make(16384, 16384, 7, &layout);
    assert_true(layout.view_bytes == UINT64_C(3) << 30);
    assert_true(layout.object == UINT64_C(2) << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_lie_apart),
        cmocka_unit_test(large_sizes_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
