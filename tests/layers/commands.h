/* Command buffers and what is recorded in them: what the family cannot do is reported, and what
 * commands use is noted for ownership.h. */
#ifndef TESTS_LAYERS_COMMANDS_H
#define TESTS_LAYERS_COMMANDS_H

#include "split_device.h"

extern const layer_function command_functions[];
extern const size_t command_function_count;

#endif
