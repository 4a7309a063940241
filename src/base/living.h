/* The objects of users that exist, so that in debug builds a call with one that was destroyed is
 * told from its address alone. Where NDEBUG is defined everybody lives; NULL never does.
 * Thread-safe. */
#ifndef TDI_BASE_LIVING_H
#define TDI_BASE_LIVING_H

#include <stdbool.h>

void tdi_living_add(const void *object);
void tdi_living_remove(const void *object);
bool tdi_living(const void *object);

#endif
