/* Fills what nobody may read with SPLIT_POISON: memory when it is allocated, an image whose content
 * a barrier gives up, and transient memory that starts a life in a pass of a graph
 * (plan_declare.h). Images only whole, and where their memory is known. */
#ifndef TESTS_LAYERS_POISON_H
#define TESTS_LAYERS_POISON_H

#include "ownership.h"

/* Records that the image's bytes are given up by a barrier that follows, if it takes all of it. */
void poison_discarded(command_record *record, VkCommandBuffer commands, VkImage image,
                      const VkImageSubresourceRange *range);

extern const layer_function poison_functions[];
extern const size_t poison_function_count;

#endif
