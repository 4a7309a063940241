/* Frames in flight of a plan (include/tandem/graph.h): slots that take turns with sets of transient
 * memory. */
#ifndef TDI_ASYNC_FRAMES_H
#define TDI_ASYNC_FRAMES_H

#include "async/graph.h"

/* Most frames in flight. */
#define TDI_FRAMES_MAX 16

#endif
