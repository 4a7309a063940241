/* The options of tandem render. */
#ifndef TANDEM_CLI_RENDER_OPTIONS_H
#define TANDEM_CLI_RENDER_OPTIONS_H

#include "options.h"

typedef enum cli_progress {
    CLI_PROGRESS_AUTO = 0, /* a live line on a terminal, nothing elsewhere */
    CLI_PROGRESS_PLAIN = 1,
    CLI_PROGRESS_NONE = 2,
} cli_progress;

typedef struct cli_render_options {
    const char *output;
    const char *contact_sheet;
    cli_size size;

    uint32_t views; /* 0: not given */
    cli_vector orbit;
    cli_texts cameras;
    cli_vector eye;
    cli_vector target;
    cli_vector up;
    cli_number fov;
    cli_number ortho;
    cli_number near_plane;
    cli_number far_plane;
    cli_number scene; /* index in the file */
    const char *variant;

    uint32_t outputs; /* td_output bits; 0: not given */
    const char *env;
    cli_number env_rotation;
    cli_color background;
    cli_number exposure;
    int tonemap;
    int samples; /* 0: not given */

    const char *device;
    uint64_t budget;
    int budget_mode;
    int async;
    int raster;
    int textures;
    uint32_t in_flight; /* 0: not given */
    uint32_t threads;   /* 0: not given */
    bool no_cache;

    const char *report;
    const char *timeline;
    const char *graph;
    bool resume;
    bool overwrite;
    bool durable;
    cli_number timeout_s;
    int progress;
    bool quiet;
    bool verbose;
    bool json;
} cli_render_options;

extern const cli_option cli_render_table[];
extern const cli_word cli_sample_words[]; /* of --samples */

/* Finds options that exclude or need each other; 0, or an exit code after a message. */
int cli_check_render_options(const cli_render_options *options);

#endif
