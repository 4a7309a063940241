/* The parts of bench_upload. */
#ifndef BENCH_UPLOAD_H
#define BENCH_UPLOAD_H

#include <jansson.h>

#include "async/uploader.h"

#define UPLOAD_MIB (UINT64_C(1) << 20)

/* What all parts work with. */
typedef struct upload_bench {
    td_device *device;
    tdi_uploader *uploader;
    bool software;
    uint64_t stream_bytes; /* that go up in one run */
    uint8_t *source;       /* host memory, source_bytes of it */
    uint64_t source_bytes;
} upload_bench;

/* Frames of a renderer while textures stream in, beside the same frames without. */
json_t *measure_frames(const upload_bench *bench);

/* An image whose levels can be uploaded. */
void upload_make_image(const upload_bench *bench, uint32_t side, uint32_t levels,
                       tdi_vk_image *out);

#endif
