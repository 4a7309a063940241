/* Sinks: which outputs there are, and what kind of file or stream takes them. */
#ifndef TDI_BATCH_SINK_H
#define TDI_BATCH_SINK_H

#include <tandem/renderer.h>

#include "batch/encoder.h"

typedef enum tdi_sink {
    TDI_SINK_PNG = 0, /* color and object */
    TDI_SINK_NPY = 1, /* every output */
    TDI_SINK_RAW = 2, /* pixels and nothing else, into a stream */
} tdi_sink;

/* An output, and how it is encoded. */
typedef struct tdi_output_kind {
    td_output output;
    const char *name; /* "color" */
    tdi_picture_kind picture;
} tdi_output_kind;

/* The outputs in the order of their bits. */
#define TDI_OUTPUT_COUNT 3
extern const tdi_output_kind tdi_output_kinds[TDI_OUTPUT_COUNT];

/* Follows from the ending of a path; "-" is raw. TD_ERROR_ARGUMENT if there is no such sink or it
 * cannot hold one of `outputs` (td_output bits). */
td_result tdi_sink_choose(const char *path, uint32_t outputs, tdi_sink *sink);

#endif
