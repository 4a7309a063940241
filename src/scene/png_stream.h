/* Writes a PNG file while its rows come, so that nobody has to hold the whole picture: in IDAT
 * chunks of at most a MiB. The bytes depend on the pixels alone, not on how many rows came at once.
 */
#ifndef TDI_SCENE_PNG_STREAM_H
#define TDI_SCENE_PNG_STREAM_H

#include "scene/png.h"

/* One thread at a time. */
typedef struct tdi_png_stream tdi_png_stream;

/* Takes the next part of the file. */
typedef td_result (*tdi_png_write_fn)(void *user, const void *data, size_t size);

/* ISA-L if AUTO or ISAL allow and the processor suits it, else zlib, since libdeflate cannot
 * compress in parts. TD_ERROR_UNSUPPORTED if ISA-L was asked for and is not there. */
td_result tdi_png_stream_create(tdi_png_deflate deflate, tdi_png_stream **out);
/* NULL is fine. */
void tdi_png_stream_destroy(tdi_png_stream *stream);
/* The library that streams made with `deflate` compress with: "ISA-L" or "zlib". */
const char *tdi_png_stream_library(tdi_png_deflate deflate);

/* Begins a picture, whatever became of the one before. `image` without its pixels. Failures of
 * `write` are forwarded by each of these; after one, only begin and destroy are of use. */
td_result tdi_png_stream_begin(tdi_png_stream *stream, const tdi_png_image *image,
                               tdi_png_write_fn write, void *user);
/* The next rows; row_bytes 0: tight. TD_ERROR_ARGUMENT for more than the picture has. */
td_result tdi_png_stream_rows(tdi_png_stream *stream, const void *pixels, size_t row_bytes,
                              uint32_t rows);
/* All rows have come, else TD_ERROR_STATE. */
td_result tdi_png_stream_end(tdi_png_stream *stream);

#endif
