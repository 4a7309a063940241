/* Real files and broken ones, where TANDEM_ASSETS points: triangles and nodes as its INDEX.md lists
 * them, and no crash, leak or silence over files that are broken on purpose. */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/scene.h>

#include "base/memory.h"

static const char *assets(void)
{
    const char *folder = getenv("TANDEM_ASSETS");
    if (folder == NULL || *folder == '\0') {
        print_message("TANDEM_ASSETS is not set\n");
        skip();
    }
    return folder;
}

/* One row of the table: | file | bytes | triangles | nodes | ... | extensions | */
static bool parse_row(const char *line, char file[256], unsigned long long *triangles,
                      unsigned *nodes)
{
    unsigned long long bytes;
    return sscanf(line, "| %255s | %llu | %llu | %u |", file, &bytes, triangles, nodes) == 4;
}

/* The list counts the triangles of all scenes of a file. */
static unsigned long long count_triangles(const char *path, unsigned *nodes)
{
    unsigned long long triangles = 0;
    for (uint32_t number = 1;; number++) {
        td_scene *scene;
        td_scene_info info;
        const td_scene_load_params params = {.scene = number};
        td_result result = td_scene_load(path, &params, &scene);
        if (result == TD_ERROR_NOT_FOUND && number > 1)
            return triangles;
        if (result != TD_OK)
            fail_msg("%s", td_last_error());
        assert_int_equal(td_scene_get_info(scene, &info), TD_OK);
        for (int i = 0; i < 3; i++)
            assert_true(info.bounds_min[i] <= info.bounds_max[i]);
        triangles += info.triangles;
        *nodes = info.nodes;
        td_scene_destroy(scene);
    }
}

static void check_scene(const char *path, unsigned long long triangles, unsigned nodes)
{
    unsigned found_nodes = 0;
    unsigned long long found = count_triangles(path, &found_nodes);
    if (found != triangles || found_nodes != nodes)
        fail_msg("%s has %llu triangles and %u nodes, not %llu and %u", path, found, found_nodes,
                 triangles, nodes);
}

static void real_scenes_have_their_triangles(void **state)
{
    (void)state;
    char path[1024], line[1024], file[256];
    const char *folder = assets();
    snprintf(path, sizeof path, "%s/INDEX.md", folder);
    FILE *index = fopen(path, "r");
    assert_non_null(index);
    unsigned checked = 0;
    while (fgets(line, sizeof line, index) != NULL) {
        unsigned long long triangles;
        unsigned nodes;
        if (!parse_row(line, file, &triangles, &nodes))
            continue;
        snprintf(path, sizeof path, "%s/scenes/%s", folder, file);
        check_scene(path, triangles, nodes);
        checked++;
    }
    fclose(index);
    assert_true(checked >= 50);
    assert_int_equal(tdi_live_blocks(), 0);
}

static unsigned broken_files;

static int load_broken(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)walk;
    const char *dot = strrchr(path, '.');
    if (type != FTW_F || dot == NULL || (strcmp(dot, ".gltf") != 0 && strcmp(dot, ".glb") != 0))
        return 0;
    td_scene *scene;
    td_scene_info details;
    td_result result = td_scene_load(path, NULL, &scene);
    if (result == TD_OK) {
        assert_int_equal(td_scene_get_info(scene, &details), TD_OK);
        td_scene_destroy(scene);
    } else {
        assert_true(result == TD_ERROR_INPUT || result == TD_ERROR_NOT_FOUND);
        assert_non_null(strstr(td_last_error(), path));
    }
    assert_int_equal(tdi_live_blocks(), 0);
    broken_files++;
    return 0;
}

static void broken_files_do_no_harm(void **state)
{
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%s/bad", assets());
    broken_files = 0;
    assert_int_equal(nftw(path, load_broken, 8, FTW_PHYS), 0);
    assert_true(broken_files >= 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_scenes_have_their_triangles),
        cmocka_unit_test(broken_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
