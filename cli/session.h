/* A device and a scene, made at the same time. */
#ifndef TANDEM_CLI_SESSION_H
#define TANDEM_CLI_SESSION_H

#include <tandem/environment.h>
#include <tandem/scene.h>

typedef struct cli_session {
    td_device *device;
    td_environment *environment; /* NULL: none */
    td_scene *scene;
    double device_ms;
    double scene_ms;
} cli_session;

/* Opens both; 0, or an exit code after the messages. Close it in any case. */
int cli_session_open(const td_device_params *device, const char *path,
                     const td_scene_load_params *load, cli_session *session);
void cli_session_close(cli_session *session);

/* The name of a scene without folders, ending and "builtin:"; the caller's (tdi_free), or NULL. */
char *cli_scene_name(const char *path);

/* Makes the folders for one more file of a command and checks that it may be written: 0, or an exit
 * code after a message. `path` NULL is fine. */
int cli_check_file(const char *path, bool may_exist);
/* Writes it, in the place of an existing one if that may be. */
td_result cli_write_text(const char *path, const char *text, bool may_exist);

#endif
