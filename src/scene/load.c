#include <string.h>

#include "base/error.h"
#include "scene/builtin.h"
#include "scene/gltf.h"

static td_result load_builtin(const char *name, const td_scene_load_params *params, td_scene **out)
{
    if (params->variant != NULL)
        return tdi_fail(TD_ERROR_NOT_FOUND,
                        "there is no material variant \"%.80s\": built-in scenes have none",
                        params->variant);
    const td_scene_params scene_params = {.name = name, .threads = params->threads};
    TDI_TRY(td_scene_create(&scene_params, out));
    td_result result = tdi_builtin_scene(name, *out);
    if (result != TD_OK) {
        td_scene_destroy(*out);
        *out = NULL;
    }
    return result;
}

td_result td_scene_load(const char *path, const td_scene_load_params *params, td_scene **out)
{
    static const td_scene_load_params defaults = {0};
    static const char prefix[] = "builtin:";
    if (path == NULL || out == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_load: the path or `out` is NULL");
    *out = NULL;
    if (params == NULL)
        params = &defaults;
    if (strncmp(path, prefix, sizeof prefix - 1) == 0)
        return load_builtin(path + sizeof prefix - 1, params, out);
    return tdi_gltf_load(path, params, out);
}
