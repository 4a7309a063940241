#include "scene/gltf.h"

td_result td_scene_load(const char *path, const td_scene_load_params *params, td_scene **out)
{
    static const td_scene_load_params defaults = {0};
    if (path == NULL || out == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_load: the path or `out` is NULL");
    *out = NULL;
    return tdi_gltf_load(path, params != NULL ? params : &defaults, out);
}
