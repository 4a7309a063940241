#include "scene/builtin.h"

#include <string.h>

static const struct {
    const char *name;
    void (*build)(tdi_stage *stage);
} scenes[] = {
    {"city", tdi_builtin_city},
    {"spheres", tdi_builtin_spheres},
    {"terrain", tdi_builtin_terrain},
};

const char *const *tdi_builtin_names(void)
{
    static const char *const names[] = {"city", "spheres", "terrain", NULL};
    return names;
}

td_result tdi_builtin_scene(const char *name, td_scene *scene)
{
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        if (strcmp(name, scenes[i].name) != 0)
            continue;
        tdi_stage stage = {.scene = scene};
        scenes[i].build(&stage);
        return stage.result;
    }
    return tdi_fail(TD_ERROR_NOT_FOUND,
                    "there is no built-in scene \"%s\"; choose city, spheres or terrain", name);
}
