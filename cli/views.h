/* The cameras of a render command. */
#ifndef TANDEM_CLI_VIEWS_H
#define TANDEM_CLI_VIEWS_H

#include <tandem/scene.h>

#include "render_options.h"

typedef struct cli_views {
    uint32_t count;
    const char *const *names; /* NULL: none have one */
    td_camera *cameras;       /* NULL until placed */
} cli_views;

/* How many there are and what they are called, which needs no scene. */
void cli_views_count(const cli_render_options *options, cli_views *views);
/* Where they stand in this scene. */
td_result cli_views_place(const cli_render_options *options, const td_scene *scene,
                          cli_views *views);
void cli_views_free(cli_views *views);

#endif
