/* NPY headers, against what NumPy 2.4 writes (numpy.save) for the same arrays. */
#include "support.h"

#include <string.h>

#include "batch/npy.h"

static void check_header(const tdi_npy_array *array, const char *text)
{
    uint8_t header[TDI_NPY_HEADER_MAX];
    size_t size = tdi_npy_header(array, header);
    assert_int_equal(size, 128);
    static const uint8_t start[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
    assert_memory_equal(header, start, sizeof start);
    assert_memory_equal(header + 10, text, strlen(text));
    for (size_t i = 10 + strlen(text); i < size - 1; i++)
        assert_int_equal(header[i], ' ');
    assert_int_equal(header[size - 1], '\n');
}

static void headers_are_those_of_numpy(void **state)
{
    (void)state;
    tdi_npy_array depth = {.width = 1280, .height = 720, .type = TDI_NPY_FLOAT32};
    tdi_npy_array ids = {.width = 3, .height = 5, .type = TDI_NPY_INT32};
    tdi_npy_array color = {.width = 16384, .height = 16384, .channels = 4, .type = TDI_NPY_UINT8};
    check_header(&depth, "{'descr': '<f4', 'fortran_order': False, 'shape': (720, 1280), }");
    check_header(&ids, "{'descr': '<i4', 'fortran_order': False, 'shape': (5, 3), }");
    check_header(&color, "{'descr': '|u1', 'fortran_order': False, 'shape': (16384, 16384, 4), }");
}

static void the_longest_header_fits(void **state)
{
    (void)state;
    tdi_npy_array array = {
        .width = UINT32_MAX, .height = UINT32_MAX, .channels = UINT32_MAX, .type = TDI_NPY_FLOAT32};
    check_header(&array, "{'descr': '<f4', 'fortran_order': False, "
                         "'shape': (4294967295, 4294967295, 4294967295), }");
}

static void rows_have_the_bytes_of_their_type(void **state)
{
    (void)state;
    tdi_npy_array depth = {.width = 7, .height = 2, .type = TDI_NPY_FLOAT32};
    tdi_npy_array color = {.width = 7, .height = 2, .channels = 4, .type = TDI_NPY_UINT8};
    assert_int_equal(tdi_npy_row_bytes(&depth), 28);
    assert_int_equal(tdi_npy_row_bytes(&color), 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_those_of_numpy),
        cmocka_unit_test(the_longest_header_fits),
        cmocka_unit_test(rows_have_the_bytes_of_their_type),
    };
    return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
