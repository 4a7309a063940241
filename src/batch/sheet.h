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
/* Writes the sheet as PNG. */
td_result tdi_sheet_write(const tdi_sheet *sheet, const tdi_file_writer_params *params);

#endif
