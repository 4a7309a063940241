/* Counts views by their submissions, of which a view in bands has many: in any order, and those of
 * several views by turns. */
#ifndef TDI_RENDER_VIEW_TALLY_H
#define TDI_RENDER_VIEW_TALLY_H

#include <tandem/result.h>

#include "frame_data.h"

/* Views in bands that are told apart at a time; the bands of more by turns may count twice. */
#define TDI_TALLY_VIEWS 8

typedef struct tdi_view_tally tdi_view_tally;

/* `bands`: of an image, at least 1. */
td_result tdi_view_tally_create(uint32_t bands, tdi_view_tally **out);
/* NULL is fine. */
void tdi_view_tally_destroy(tdi_view_tally *tally);

/* Counts the views of a submission of whole images. */
void tdi_view_tally_add(tdi_view_tally *tally, uint32_t views);
/* Counts the view, unless another band of it was counted. `item` is the submission's. The same band
 * again is the same view once more. */
void tdi_view_tally_add_band(tdi_view_tally *tally, const struct tdi_view *view, uint64_t item,
                             uint32_t band);
uint64_t tdi_view_tally_count(const tdi_view_tally *tally);

#endif
