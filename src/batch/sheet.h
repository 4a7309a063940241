/* Contact sheets: all views of a batch, scaled down, in one picture. Tiles may be set by many
 * threads at once, each tile once. */
#ifndef TDI_BATCH_SHEET_H
#define TDI_BATCH_SHEET_H

#include <tandem/renderer.h>

#include "base/file.h"

typedef struct tdi_sheet tdi_sheet;

/* A grid, about square, for `views` images of that size; more than 256 are thinned out evenly. */
td_result tdi_sheet_create(uint64_t views, uint32_t width, uint32_t height, tdi_sheet **out);
/* NULL is fine. */
void tdi_sheet_destroy(tdi_sheet *sheet);
/* Puts a colour image at its place, if it has one: averages of boxes of pixels, of linear light
 * weighted by alpha. */
void tdi_sheet_set(tdi_sheet *sheet, uint64_t view, const td_image *image);

/* The longer side of a view's place on the sheet, at most. */
#define TDI_SHEET_TILE_SIDE 256

/* How far a view is whose rows come in parts. Zero at first. */
typedef struct tdi_sheet_part {
    uint32_t rows;     /* of the image, so far */
    uint32_t tile_row; /* that they are summed up for */
    struct {
        float color[3]; /* linear, weighted by alpha */
        uint32_t alpha;
    } sums[TDI_SHEET_TILE_SIDE];
} tdi_sheet_part;

/* The next rows of a colour image that has `height` in all. The sheet is the same in the end. One
 * thread at a time for a view. */
void tdi_sheet_add(tdi_sheet *sheet, uint64_t view, const td_image *rows, uint32_t height,
                   tdi_sheet_part *part);
/* Writes the sheet as PNG. */
td_result tdi_sheet_write(const tdi_sheet *sheet, const tdi_file_writer_params *params);

#endif
