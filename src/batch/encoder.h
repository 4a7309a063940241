/* Turns pictures into files on threads of its own, so that the device and the threads that feed it
 * never wait for compression. Thread-safe. */
#ifndef TDI_BATCH_ENCODER_H
#define TDI_BATCH_ENCODER_H

#include "base/pool.h"
#include "batch/picture.h"

/* A picture to be written. It belongs to the encoder from submission until `done` is called. */
typedef struct tdi_encode_job tdi_encode_job;
struct tdi_encode_job {
    /* Called first, on a thread of the encoder, if not NULL: what takes time to find out. May set
     * everything below but `user` and `done`; without `*wanted` nothing is written. */
    td_result (*prepare)(tdi_encode_job *job, bool *wanted);
    /* Given by the caller; pixels and path must stay until `done`. */
    const char *path;
    const void *pixels;
    size_t row_bytes; /* from one row to the next; 0: rows are tight */
    uint32_t width;
    uint32_t height;
    tdi_picture_kind kind;
    tdi_file_kind file;
    uint64_t deadline_ns; /* on tdi_now_ns's clock: TD_ERROR_TIMEOUT if encoded later; 0: none */
    /* Called on a thread of the encoder with `result` set; the sentence of a failure is
     * td_last_error() there. May free the job. */
    void (*done)(tdi_encode_job *job);
    void *user;

    /* Set by the encoder. */
    td_result result;
    uint32_t worker;     /* the thread, below tdi_encoder_threads */
    uint64_t file_bytes; /* 0 on failure, and where nothing was wanted */
    uint64_t begin_ns;   /* of the work itself, in tdi_now_ns time */
    uint64_t encoded_ns; /* compression ended, writing begins */
    uint64_t end_ns;

    /* The encoder's own. */
    tdi_task task;
    struct tdi_encoder *encoder;
};

typedef struct tdi_encoder_params {
    uint32_t threads;        /* 0: the cores given */
    tdi_png_deflate deflate; /* 0: the quickest */
    bool replace;            /* else an existing file is TD_ERROR_EXISTS */
    bool durable;            /* files are on the disk when `done` is called */
} tdi_encoder_params;

typedef struct tdi_encoder tdi_encoder;

/* `params` may be NULL. */
td_result tdi_encoder_create(const tdi_encoder_params *params, tdi_encoder **out);
/* Finishes what was submitted. NULL is fine. */
void tdi_encoder_destroy(tdi_encoder *encoder);
/* Never blocks and never fails: failures come with the job. */
void tdi_encoder_submit(tdi_encoder *encoder, tdi_encode_job *job);
/* Lets a thread of the encoder do something else in between; `task` as in tdi_pool_submit. */
void tdi_encoder_run(tdi_encoder *encoder, tdi_task *task);
/* Returns when every job that was submitted before has called `done`. */
void tdi_encoder_wait_idle(tdi_encoder *encoder);
uint32_t tdi_encoder_threads(const tdi_encoder *encoder);
uint64_t tdi_encoder_busy_ns(const tdi_encoder *encoder, uint32_t worker);
/* The library that compresses PNG files: "ISA-L" or "libdeflate". */
const char *tdi_encoder_library(const tdi_encoder *encoder);

#endif
