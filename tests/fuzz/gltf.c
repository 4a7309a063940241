#define _XOPEN_SOURCE 700

/* .gltf and .glb files, which may have everything within them, through the loader of scenes. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tandem/scene.h>

/* In a folder of its own, where there is nothing else that a URI could name. */
static char folder[] = "/tmp/tandem-fuzz-XXXXXX";
static char path[64];

static void remove_folder(void)
{
    (void)unlink(path);
    (void)rmdir(folder);
}

static void make_folder(void)
{
    if (path[0])
        return;
    if (!mkdtemp(folder) || atexit(remove_folder) != 0)
        abort();
    snprintf(path, sizeof path, "%s/fuzz.gltf", folder);
}

static bool write_file(const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    const bool good = fwrite(data, 1, size, file) == size;
    return fclose(file) == 0 && good;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const td_scene_load_params params = {.threads = 1};
    td_scene *scene = NULL;
    td_scene_info info;
    make_folder();
    if (!write_file(data, size))
        abort();
    if (td_scene_load(path, &params, &scene) == TD_OK) {
        (void)td_scene_get_info(scene, &info);
        td_scene_destroy(scene);
    }
}
