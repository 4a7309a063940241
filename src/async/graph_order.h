/* The order of passes, from what they declare. */
#ifndef TDI_ASYNC_GRAPH_ORDER_H
#define TDI_ASYNC_GRAPH_ORDER_H

#include "async/plan.h"

/* Fills the plan's `sequence` and the passes' `place` in it: every pass comes after those that it
 * names and those whose contents it needs; passes that nothing orders stand as they were added.
 * TD_ERROR_ARGUMENT with the names where there is no such order, or more than one that matters. */
td_result tdi_graph_order(td_plan *plan);

#endif
