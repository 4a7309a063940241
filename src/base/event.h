/* A file descriptor that others can wait for: readable while the event is set. */
#ifndef TDI_BASE_EVENT_H
#define TDI_BASE_EVENT_H

#include "base/error.h"

/* TD_ERROR_SYSTEM if there is no descriptor to be had. The caller closes it with tdi_event_close.
 */
td_result tdi_event_create(int *fd);
void tdi_event_close(int fd);
/* Setting a set event and clearing a clear one change nothing. */
void tdi_event_set(int fd);
void tdi_event_clear(int fd);

/* Replaces creation (tests); NULL restores eventfd. */
void tdi_set_event_create(int (*create)(void));

#endif
