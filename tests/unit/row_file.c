/* Files that are written row by row: right when they are complete, and else not there. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include <spng.h>

#include "base/memory.h"
#include "batch/row_file.h"

enum { WIDTH = 37, HEIGHT = 23, STRIDE = WIDTH * 4 + 12 };

static uint8_t pixels[HEIGHT * STRIDE];

/* Ids that fit a PNG; as colours and floats they are as good as any. Rows are not tight. */
static void fill(void)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const int32_t id = (x * y) % 7 == 0 ? -1 : x * 1000 + y;
            memcpy(pixels + y * STRIDE + x * 4, &id, 4);
        }
}

static td_result create(const char *name, tdi_picture_kind kind, tdi_file_kind file,
                        tdi_row_file **out)
{
    const tdi_file_writer_params params = {.path = support_path(name), .replace = true};
    return tdi_row_file_create(&params, kind, file, WIDTH, HEIGHT, out);
}

static td_result add(tdi_row_file *file, uint32_t first, uint32_t rows)
{
    const tdi_picture_rows part = {
        .pixels = pixels + first * STRIDE,
        .row_bytes = STRIDE,
        .width = WIDTH,
        .rows = rows,
    };
    return tdi_row_file_add(file, &part);
}

/* A complete file in parts of five rows. */
static td_result write_file(const char *name, tdi_picture_kind kind, tdi_file_kind file,
                            uint64_t *bytes)
{
    tdi_row_file *rows;
    TDI_TRY(create(name, kind, file, &rows));
    td_result result = TD_OK;
    for (uint32_t y = 0; y < HEIGHT && result == TD_OK; y += 5)
        result = add(rows, y, y + 5 <= HEIGHT ? 5 : HEIGHT - y);
    if (result == TD_OK)
        return tdi_row_file_commit(rows, bytes);
    tdi_row_file_abort(rows);
    return result;
}

static uint8_t *read_file(const char *name, uint64_t expected_bytes)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read(support_path(name), 1 << 20, &data, &size), TD_OK);
    assert_int_equal(size, expected_bytes);
    return data;
}

static void decode(const char *name, uint64_t bytes, int format, void *out, size_t size)
{
    uint8_t *data = read_file(name, bytes);
    spng_ctx *context = spng_ctx_new(0);
    assert_int_equal(spng_set_png_buffer(context, data, bytes), 0);
    assert_int_equal(spng_decode_image(context, out, size, format, 0), 0);
    spng_ctx_free(context);
    tdi_free(data);
}

static void colours_become_png(void **state)
{
    (void)state;
    static uint8_t decoded[HEIGHT][WIDTH * 4];
    uint64_t bytes;
    fill();
    assert_int_equal(write_file("c.png", TDI_PICTURE_COLOR, TDI_FILE_PNG, &bytes), TD_OK);
    decode("c.png", bytes, SPNG_FMT_RGBA8, decoded, sizeof decoded);
    for (int y = 0; y < HEIGHT; y++)
        assert_memory_equal(decoded[y], pixels + y * STRIDE, WIDTH * 4);
}

static void ids_become_16_bits(void **state)
{
    (void)state;
    static uint16_t decoded[HEIGHT][WIDTH];
    uint64_t bytes;
    fill();
    assert_int_equal(write_file("i.png", TDI_PICTURE_ID, TDI_FILE_PNG, &bytes), TD_OK);
    decode("i.png", bytes, SPNG_FMT_PNG, decoded, sizeof decoded);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            assert_int_equal(decoded[y][x], (x * y) % 7 == 0 ? 65535 : x * 1000 + y);
}

static void arrays_are_as_they_were(void **state)
{
    (void)state;
    uint64_t bytes;
    fill();
    for (int kind = TDI_PICTURE_COLOR; kind <= TDI_PICTURE_ID; kind++) {
        assert_int_equal(write_file("a.npy", (tdi_picture_kind)kind, TDI_FILE_NPY, &bytes), TD_OK);
        uint8_t *data = read_file("a.npy", bytes);
        const uint8_t *row = data + bytes - HEIGHT * WIDTH * 4;
        assert_memory_equal(data, "\x93NUMPY", 6);
        for (int y = 0; y < HEIGHT; y++, row += WIDTH * 4)
            assert_memory_equal(row, pixels + y * STRIDE, WIDTH * 4);
        tdi_free(data);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const int32_t large = 65535;
    uint64_t bytes;
    fill();
    memcpy(pixels + 12 * STRIDE, &large, 4);
    assert_int_equal(write_file("i.png", TDI_PICTURE_ID, TDI_FILE_PNG, &bytes), TD_ERROR_INPUT);
    assert_non_null(strstr(td_last_error(), "65535 does not fit"));
    tdi_row_file *rows = NULL;
    assert_int_equal(create("s.png", TDI_PICTURE_SCALAR, TDI_FILE_PNG, &rows), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "s.png"));
    assert_null(rows);
    assert_int_equal(support_count_entries(), 0);
}

static void incomplete_files_are_not_there(void **state)
{
    (void)state;
    static const tdi_file_kind kinds[] = {TDI_FILE_PNG, TDI_FILE_NPY};
    fill();
    for (int i = 0; i < 2; i++) {
        tdi_row_file *rows;
        uint64_t bytes = 1;
        assert_int_equal(create("f", TDI_PICTURE_COLOR, kinds[i], &rows), TD_OK);
        assert_int_equal(add(rows, 0, HEIGHT - 1), TD_OK);
        assert_int_equal(add(rows, 0, 2), TD_ERROR_ARGUMENT);
        tdi_row_file_abort(rows);
        assert_int_equal(create("f", TDI_PICTURE_COLOR, kinds[i], &rows), TD_OK);
        assert_int_equal(add(rows, 0, HEIGHT - 1), TD_OK);
        assert_int_equal(tdi_row_file_commit(rows, &bytes), TD_ERROR_STATE);
        assert_int_equal(bytes, 0);
        assert_int_equal(support_count_entries(), 0);
    }
    tdi_row_file_abort(NULL);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const tdi_file_kind kinds[] = {TDI_FILE_PNG, TDI_FILE_NPY};
    fill();
    for (int i = 0; i < 2; i++) {
        bool failed = true;
        for (uint32_t nth = 1; failed; nth++) {
            uint64_t bytes;
            support_fail_allocation(nth);
            const td_result result = write_file("f", TDI_PICTURE_ID, kinds[i], &bytes);
            failed = support_allocation_failed();
            assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
            assert_int_equal(support_count_entries(), failed ? 0 : 1);
        }
        support_fail_allocation(0);
        assert_int_equal(remove(support_path("f")), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(colours_become_png, support_enter_folder,
                                        support_leave_folder),
        cmocka_unit_test_setup_teardown(ids_become_16_bits, support_enter_folder,
                                        support_leave_folder),
        cmocka_unit_test_setup_teardown(arrays_are_as_they_were, support_enter_folder,
                                        support_leave_folder),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, support_enter_folder,
                                        support_leave_folder),
        cmocka_unit_test_setup_teardown(incomplete_files_are_not_there, support_enter_folder,
                                        support_leave_folder),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, support_enter_folder,
                                        support_leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
