/* The commands of the program. */
#ifndef TANDEM_CLI_COMMANDS_H
#define TANDEM_CLI_COMMANDS_H

#include "options.h"

extern const cli_command cli_render;
extern const cli_command cli_info;
extern const cli_command cli_scene;
extern const cli_command cli_bench;
extern const cli_command cli_doctor;

/* When main began, on tdi_now_ns's clock. */
extern uint64_t cli_main_ns;

#endif
