/* What a PNG file is made of: a header, chunks, and rows that are filtered (Up) before they are
 * compressed. Format: W3C Portable Network Graphics (PNG) Specification, third edition. */
#ifndef TDI_SCENE_PNG_FORMAT_H
#define TDI_SCENE_PNG_FORMAT_H

#include "scene/png.h"

/* The data of a chunk begins so far behind its start. */
#define TDI_PNG_CHUNK_DATA 8
/* What a chunk takes beside its data. */
#define TDI_PNG_CHUNK_EXTRA 12
/* The header never takes more. */
#define TDI_PNG_HEADER_MAX 64
/* Rows are filtered in portions of about this size, so that they are still in the second level
 * cache when they are compressed. */
#define TDI_PNG_PORTION_BYTES (128u * 1024u)

/* TD_ERROR_ARGUMENT for a size or kind that a PNG cannot have. Looks at no pixels. */
td_result tdi_png_check(const tdi_png_image *image);
/* Bytes of a row as it is filtered, without the byte that names the filter. */
size_t tdi_png_row_bytes(const tdi_png_image *image);
/* What comes before the first IDAT chunk; returns its length. */
size_t tdi_png_header(const tdi_png_image *image, uint8_t *out);
/* Completes a chunk whose data is there already; returns its end. */
uint8_t *tdi_png_chunk(uint8_t *chunk, const char *type, size_t size);

/* Filters the rows of a picture one after another. Zero at first. */
typedef struct tdi_png_filter {
    size_t row_bytes;
    bool swap; /* samples have 16 bits, whose bytes go the other way round */
    const uint8_t *above;
    uint8_t *memory; /* two rows */
    size_t capacity;
    uint32_t next; /* which of the two is written next */
} tdi_png_filter;

/* A picture begins. */
td_result tdi_png_filter_begin(tdi_png_filter *filter, const tdi_png_image *image);
/* Writes row_bytes + 1 bytes. The row must stay until the next one was filtered, or until keep. */
void tdi_png_filter_row(tdi_png_filter *filter, const uint8_t *row, uint8_t *out);
/* Keeps a copy of the last row: the caller's may go. */
void tdi_png_filter_keep(tdi_png_filter *filter);
void tdi_png_filter_free(tdi_png_filter *filter);

#endif
