#include "batch/encoder.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

/* What one thread works with. */
typedef struct encode_worker {
    tdi_png_encoder *png;
    uint16_t *ids; /* a picture of ids with 16 bits */
    size_t id_capacity;
} encode_worker;

struct tdi_encoder {
    tdi_pool *pool;
    encode_worker *workers;
    uint32_t threads;
    bool replace;
    bool durable;
};

static tdi_picture_rows rows_of(const tdi_encode_job *job)
{
    return (tdi_picture_rows){
        .pixels = job->pixels,
        .row_bytes = job->row_bytes,
        .width = job->width,
        .rows = job->height,
    };
}

static td_result encode_png(encode_worker *worker, const tdi_encode_job *job, const uint8_t **data,
                            size_t *size)
{
    tdi_png_image image;
    TDI_TRY(tdi_picture_as_png(job->kind, job->path, &image));
    image.pixels = job->pixels;
    image.row_bytes = job->row_bytes;
    image.width = job->width;
    image.height = job->height;
    if (job->kind == TDI_PICTURE_ID) {
        const tdi_picture_rows rows = rows_of(job);
        TDI_TRY(tdi_picture_narrow_ids(&rows, job->path, &worker->ids, &worker->id_capacity));
        image.pixels = worker->ids;
        image.row_bytes = 0;
    }
    return tdi_png_encode(worker->png, &image, data, size);
}

/* Ends encoding. */
static td_result check_deadline(tdi_encode_job *job)
{
    job->encoded_ns = tdi_now_ns();
    if (job->deadline_ns == 0 || job->encoded_ns <= job->deadline_ns)
        return TD_OK;
    return tdi_fail(TD_ERROR_TIMEOUT, "%s: was not written, since the time limit had passed",
                    job->path);
}

static td_result write_png(encode_worker *worker, tdi_encode_job *job,
                           const tdi_file_writer_params *file)
{
    const uint8_t *data;
    size_t size;
    TDI_TRY(encode_png(worker, job, &data, &size));
    TDI_TRY(check_deadline(job));
    TDI_TRY(tdi_file_write(file, data, size));
    job->file_bytes = size;
    return TD_OK;
}

static td_result write_npy(tdi_encode_job *job, const tdi_file_writer_params *file)
{
    tdi_npy_array array = tdi_picture_as_npy(job->kind);
    array.width = job->width;
    array.height = job->height;
    uint8_t header[TDI_NPY_HEADER_MAX];
    size_t header_bytes = tdi_npy_header(&array, header);
    size_t row_bytes = tdi_npy_row_bytes(&array);
    const tdi_picture_rows rows = rows_of(job);
    size_t step = tdi_picture_row_step(&rows);
    bool tight = step == row_bytes;
    uint32_t pieces = tight ? 1 : job->height;
    size_t piece_bytes = tight ? row_bytes * job->height : row_bytes;
    TDI_TRY(check_deadline(job));
    tdi_file_writer *writer;
    TDI_TRY(tdi_file_writer_create(file, &writer));
    td_result result = tdi_file_writer_append(writer, header, header_bytes);
    for (uint32_t i = 0; i < pieces && result == TD_OK; i++)
        result = tdi_file_writer_append(writer, (const char *)job->pixels + i * step, piece_bytes);
    if (result != TD_OK) {
        tdi_file_writer_abort(writer);
        return result;
    }
    TDI_TRY(tdi_file_writer_commit(writer));
    job->file_bytes = header_bytes + row_bytes * job->height;
    return TD_OK;
}

static td_result write_job(encode_worker *worker, tdi_encode_job *job)
{
    bool wanted = true;
    if (job->prepare)
        TDI_TRY(job->prepare(job, &wanted));
    if (!wanted)
        return TD_OK;
    tdi_file_writer_params file = {job->path, job->encoder->replace, job->encoder->durable};
    return job->file == TDI_FILE_PNG ? write_png(worker, job, &file) : write_npy(job, &file);
}

static void run_job(tdi_task *task, uint32_t index)
{
    tdi_encode_job *job = (tdi_encode_job *)((char *)task - offsetof(tdi_encode_job, task));
    job->worker = index;
    job->file_bytes = 0;
    job->begin_ns = tdi_now_ns();
    job->encoded_ns = job->begin_ns;
    job->result = write_job(&job->encoder->workers[index], job);
    job->end_ns = tdi_now_ns();
    job->done(job);
}

void tdi_encoder_submit(tdi_encoder *encoder, tdi_encode_job *job)
{
    job->encoder = encoder;
    job->task.run = run_job;
    tdi_pool_submit(encoder->pool, &job->task);
}

void tdi_encoder_run(tdi_encoder *encoder, tdi_task *task)
{
    tdi_pool_submit(encoder->pool, task);
}

void tdi_encoder_wait_idle(tdi_encoder *encoder)
{
    tdi_pool_wait_idle(encoder->pool);
}

uint32_t tdi_encoder_threads(const tdi_encoder *encoder)
{
    return encoder->threads;
}

uint64_t tdi_encoder_busy_ns(const tdi_encoder *encoder, uint32_t worker)
{
    return tdi_pool_busy_ns(encoder->pool, worker);
}

const char *tdi_encoder_library(const tdi_encoder *encoder)
{
    return tdi_png_encoder_library(encoder->workers[0].png);
}

static td_result create_workers(tdi_encoder *encoder, tdi_png_deflate deflate)
{
    encoder->workers = tdi_alloc_zero(encoder->threads, sizeof *encoder->workers);
    if (!encoder->workers)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < encoder->threads; i++)
        TDI_TRY(tdi_png_encoder_create(deflate, &encoder->workers[i].png));
    return tdi_pool_create(encoder->threads, "td-encode", &encoder->pool);
}

td_result tdi_encoder_create(const tdi_encoder_params *params, tdi_encoder **out)
{
    static const tdi_encoder_params defaults;
    if (!params)
        params = &defaults;
    tdi_encoder *encoder = tdi_alloc_zero(1, sizeof *encoder);
    if (!encoder)
        return TD_ERROR_HOST_MEMORY;
    encoder->threads = params->threads ? params->threads : tdi_core_count();
    encoder->replace = params->replace;
    encoder->durable = params->durable;
    td_result result = create_workers(encoder, params->deflate);
    if (result != TD_OK) {
        tdi_encoder_destroy(encoder);
        return result;
    }
    *out = encoder;
    return TD_OK;
}

void tdi_encoder_destroy(tdi_encoder *encoder)
{
    if (!encoder)
        return;
    tdi_pool_destroy(encoder->pool);
    for (uint32_t i = 0; encoder->workers && i < encoder->threads; i++) {
        tdi_png_encoder_destroy(encoder->workers[i].png);
        tdi_free(encoder->workers[i].ids);
    }
    tdi_free(encoder->workers);
    tdi_free(encoder);
}
