/* Passes that the program adds to the graph of a renderer. */
#ifndef TDI_RENDER_GUEST_H
#define TDI_RENDER_GUEST_H

#include <tandem/renderer.h>

#include "render/passes.h"
#include "render/result.h"

/* Lets the guest declare its passes; NULL has none. `copied`: results go through device memory. */
td_result tdi_guest_declare(const td_renderer_guest *guest, td_graph *graph,
                            const tdi_pass_resources *resources, bool copied);

/* What the guest's passes are told of an execution. */
td_renderer_frame tdi_guest_frame(const struct tdi_frame *frame, const tdi_result_layout *layout,
                                  uint64_t item);

/* The renderer's own bindings, and behind them the guest's as they are now. `all` has room for
 * both. Gives their number. */
uint32_t tdi_guest_bind(const td_renderer_guest *guest, const td_binding *own, uint32_t own_count,
                        td_binding *all);

#endif
