#include "batch/banded.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "batch/view.h"

td_result tdi_banded_create(td_batch *batch, uint64_t number, uint32_t bands, tdi_banded **out)
{
    tdi_banded *banded = tdi_alloc_zero(1, sizeof *banded);
    if (!banded)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = tdi_stream_init(&banded->stream);
    if (result != TD_OK) {
        tdi_free(banded);
        return result;
    }
    banded->batch = batch;
    banded->number = number;
    banded->bands = bands;
    banded->holders = 1;
    *out = banded;
    return TD_OK;
}

void tdi_banded_hold(tdi_banded *banded)
{
    atomic_fetch_add(&banded->holders, 1);
}

void tdi_banded_release(tdi_banded *banded)
{
    if (atomic_fetch_sub(&banded->holders, 1) != 1)
        return;
    for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
        tdi_row_file_abort(banded->files[i].file);
        tdi_free(banded->files[i].path);
    }
    tdi_stream_free(&banded->stream);
    tdi_free(banded);
}

static td_result begin_file(tdi_banded *banded, uint32_t output)
{
    const td_batch *batch = banded->batch;
    const td_batch_params *params = &batch->params;
    const tdi_output_kind *kind = &tdi_output_kinds[output];
    const bool png = tdi_destination_sink(batch->destination) == TDI_SINK_PNG;
    char **path = &banded->files[output].path;
    bool wanted = false;
    TDI_TRY(tdi_destination_path(batch->destination, banded->number, kind, path));
    TDI_TRY(tdi_destination_prepare(batch->destination, *path, &wanted));
    if (!wanted)
        return TD_OK;
    const tdi_file_writer_params writer = {
        .path = *path,
        .replace = params->existing != TD_EXISTING_ERROR,
        .durable = params->durable,
    };
    return tdi_row_file_create(&writer, kind->picture, png ? TDI_FILE_PNG : TDI_FILE_NPY,
                               params->width, params->height, &banded->files[output].file);
}

static td_result begin_files(tdi_banded *banded)
{
    for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
        if ((banded->batch->params.outputs & tdi_output_kinds[i].output) != 0)
            TDI_TRY(begin_file(banded, i));
    }
    banded->begun = true;
    return TD_OK;
}

/* Compression and writing take turns; the timeline shows them one after the other. */
static void add_spans(const tdi_banded *banded, uint32_t worker, uint64_t begin_ns,
                      uint64_t write_ns)
{
    const uint64_t end_ns = tdi_now_ns();
    tdi_batch_span(banded->batch, worker, "encode", banded->number, begin_ns, end_ns - write_ns);
    tdi_batch_span(banded->batch, worker, "write", banded->number, end_ns - write_ns, end_ns);
}

static td_result add_rows(tdi_banded *banded, td_request *request, uint32_t output, uint32_t worker)
{
    tdi_row_file *file = banded->files[output].file;
    td_image image;
    TDI_TRY(td_request_image(request, tdi_output_kinds[output].output, &image));
    const tdi_picture_rows rows = {
        .pixels = image.pixels,
        .row_bytes = image.row_bytes,
        .width = image.width,
        .rows = image.height,
    };
    const uint64_t begin = tdi_now_ns();
    const uint64_t before = tdi_row_file_write_ns(file);
    TDI_TRY(tdi_row_file_add(file, &rows));
    add_spans(banded, worker, begin, tdi_row_file_write_ns(file) - before);
    return TD_OK;
}

static td_result commit_file(tdi_banded *banded, uint32_t output)
{
    tdi_row_file *file = banded->files[output].file;
    uint64_t bytes = 0;
    banded->files[output].file = NULL;
    TDI_TRY(tdi_row_file_commit(file, &bytes));
    tdi_tally_file(&banded->batch->tally, banded->number, output, bytes);
    return TD_OK;
}

td_result tdi_banded_add(tdi_banded *banded, td_request *request, uint32_t band, uint32_t worker)
{
    if (!banded->begun)
        TDI_TRY(begin_files(banded));
    for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
        if (!banded->files[i].file)
            continue;
        TDI_TRY(add_rows(banded, request, i, worker));
        if (band == banded->bands - 1)
            TDI_TRY(commit_file(banded, i));
    }
    return TD_OK;
}
