#include "batch/row_file.h"

#include "base/clock.h"
#include "base/memory.h"
#include "scene/png_stream.h"

struct tdi_row_file {
    tdi_file_writer *writer;
    tdi_png_stream *png; /* NULL: NPY */
    tdi_picture_kind kind;
    uint32_t rows_left; /* of NPY; a PNG counts its own */
    char *path;
    uint16_t *ids;
    size_t id_capacity;
    uint64_t bytes;
    uint64_t write_ns;
};

static td_result append(void *user, const void *data, size_t size)
{
    tdi_row_file *file = user;
    const uint64_t begin = tdi_now_ns();
    TDI_TRY(tdi_file_writer_append(file->writer, data, size));
    file->write_ns += tdi_now_ns() - begin;
    file->bytes += size;
    return TD_OK;
}

static td_result begin_png(tdi_row_file *file, uint32_t width, uint32_t height)
{
    tdi_png_image image;
    TDI_TRY(tdi_picture_as_png(file->kind, file->path, &image));
    image.width = width;
    image.height = height;
    TDI_TRY(tdi_png_stream_create(TDI_PNG_DEFLATE_AUTO, &file->png));
    return tdi_png_stream_begin(file->png, &image, append, file);
}

static td_result begin_npy(tdi_row_file *file, uint32_t width, uint32_t height)
{
    tdi_npy_array array = tdi_picture_as_npy(file->kind);
    array.width = width;
    array.height = height;
    uint8_t header[TDI_NPY_HEADER_MAX];
    file->rows_left = height;
    return append(file, header, tdi_npy_header(&array, header));
}

td_result tdi_row_file_create(const tdi_file_writer_params *params, tdi_picture_kind kind,
                              tdi_file_kind file, uint32_t width, uint32_t height,
                              tdi_row_file **out)
{
    tdi_row_file *made = tdi_alloc_zero(1, sizeof *made);
    if (!made)
        return TD_ERROR_HOST_MEMORY;
    made->kind = kind;
    made->path = tdi_strdup(params->path);
    td_result result = made->path ? TD_OK : TD_ERROR_HOST_MEMORY;
    if (result == TD_OK)
        result = tdi_file_writer_create(params, &made->writer);
    if (result == TD_OK)
        result =
            file == TDI_FILE_PNG ? begin_png(made, width, height) : begin_npy(made, width, height);
    if (result != TD_OK) {
        tdi_row_file_abort(made);
        return result;
    }
    *out = made;
    return TD_OK;
}

static td_result add_png(tdi_row_file *file, const tdi_picture_rows *rows)
{
    if (file->kind != TDI_PICTURE_ID)
        return tdi_png_stream_rows(file->png, rows->pixels, rows->row_bytes, rows->rows);
    TDI_TRY(tdi_picture_narrow_ids(rows, file->path, &file->ids, &file->id_capacity));
    return tdi_png_stream_rows(file->png, file->ids, 0, rows->rows);
}

static td_result add_npy(tdi_row_file *file, const tdi_picture_rows *rows)
{
    const size_t step = tdi_picture_row_step(rows);
    const size_t row_bytes = (size_t)rows->width * TDI_PICTURE_PIXEL_BYTES;
    const bool tight = step == row_bytes;
    const uint32_t pieces = tight ? 1 : rows->rows;
    const size_t piece_bytes = tight ? row_bytes * rows->rows : row_bytes;
    if (rows->rows > file->rows_left)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: %u rows for a file that lacks %u", file->path,
                        rows->rows, file->rows_left);
    for (uint32_t i = 0; i < pieces; i++)
        TDI_TRY(append(file, (const char *)rows->pixels + i * step, piece_bytes));
    file->rows_left -= rows->rows;
    return TD_OK;
}

td_result tdi_row_file_add(tdi_row_file *file, const tdi_picture_rows *rows)
{
    return file->png ? add_png(file, rows) : add_npy(file, rows);
}

uint64_t tdi_row_file_write_ns(const tdi_row_file *file)
{
    return file->write_ns;
}

static td_result finish(tdi_row_file *file)
{
    if (file->png)
        return tdi_png_stream_end(file->png);
    if (file->rows_left > 0)
        return tdi_fail(TD_ERROR_STATE, "%s: ends, but lacks %u rows", file->path, file->rows_left);
    return TD_OK;
}

td_result tdi_row_file_commit(tdi_row_file *file, uint64_t *bytes)
{
    td_result result = finish(file);
    if (result == TD_OK) {
        tdi_file_writer *writer = file->writer;
        file->writer = NULL;
        result = tdi_file_writer_commit(writer);
    }
    *bytes = result == TD_OK ? file->bytes : 0;
    tdi_row_file_abort(file);
    return result;
}

void tdi_row_file_abort(tdi_row_file *file)
{
    if (!file)
        return;
    tdi_file_writer_abort(file->writer);
    tdi_png_stream_destroy(file->png);
    tdi_free(file->path);
    tdi_free(file->ids);
    tdi_free(file);
}
