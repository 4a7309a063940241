#include "session.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "messages.h"

#define BUILTIN "builtin:"

/* A device that is made on a thread of its own: it takes about as long as reading a scene. */
typedef struct device_task {
    const td_device_params *params;
    td_device *device;
    td_result result;
    char sentence[1024];
    double ms;
} device_task;

static double ms_since(uint64_t begin_ns)
{
    return (double)(tdi_now_ns() - begin_ns) * 1e-6;
}

static void make_device(void *user)
{
    device_task *task = user;
    uint64_t begin = tdi_now_ns();
    task->result = td_device_create(task->params, &task->device);
    task->ms = ms_since(begin);
    if (task->result == TD_OK)
        return;
    tdi_snprintf(task->sentence, sizeof task->sentence, "%s", td_last_error());
}

static void warn_if_empty(const td_scene *scene, const char *path)
{
    td_scene_info info;
    if (td_scene_get_info(scene, &info) == TD_OK && info.triangles == 0)
        tdi_log(TD_LOG_WARNING, "%s: there is nothing to draw", path);
}

int cli_session_open(const td_device_params *device, const char *path,
                     const td_scene_load_params *load, cli_session *session)
{
    *session = (cli_session){0};
    device_task task = {.params = device};
    tdi_thread thread;
    bool beside = tdi_thread_start(&thread, "td-device", make_device, &task) == TD_OK;
    if (!beside)
        make_device(&task);
    uint64_t begin = tdi_now_ns();
    td_result result = td_scene_load(path, load, &session->scene);
    session->scene_ms = ms_since(begin);
    if (result == TD_OK)
        warn_if_empty(session->scene, path);
    int code = result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_SCENE, result);
    if (beside)
        tdi_thread_join(&thread);
    session->device = task.device;
    session->device_ms = task.ms;
    if (task.result != TD_OK) {
        tdi_set_last_error(task.sentence);
        code = cli_fail(CLI_STAGE_DEVICE, task.result);
    }
    return code;
}

void cli_session_close(cli_session *session)
{
    td_environment_destroy(session->environment);
    td_scene_destroy(session->scene);
    td_device_destroy(session->device);
    *session = (cli_session){0};
}

char *cli_scene_name(const char *path)
{
    size_t builtin = strlen(BUILTIN);
    if (strncmp(path, BUILTIN, builtin) == 0)
        return tdi_strdup(path + builtin);
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return tdi_strndup(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

int cli_check_file(const char *path, bool may_exist)
{
    if (!path)
        return CLI_EXIT_OK;
    if (!may_exist && tdi_file_exists(path)) {
        cli_say("%s: exists already; --overwrite replaces it", path);
        return CLI_EXIT_OUTPUT;
    }
    td_result result = tdi_make_folders_for(path);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_OUTPUT, result);
}

td_result cli_write_text(const char *path, const char *text, bool may_exist)
{
    tdi_file_writer_params params = {.path = path, .replace = may_exist};
    return tdi_file_write(&params, text, strlen(text));
}
