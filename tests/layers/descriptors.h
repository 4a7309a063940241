/* What descriptor sets show, so that a dispatch or a draw is known to use it. Bindings that may be
 * partially bound are not followed: what is in them need not be used. */
#ifndef TESTS_LAYERS_DESCRIPTORS_H
#define TESTS_LAYERS_DESCRIPTORS_H

#include "ownership.h"

/* Notes a use of everything in the sets that are bound, where they changed since the last one. */
void descriptors_use(command_record *record, VkPipelineBindPoint point, const char *command);

/* What the map of sets keeps. */
void descriptors_free_set(void *set);

extern const layer_function descriptor_functions[];
extern const size_t descriptor_function_count;

#endif
