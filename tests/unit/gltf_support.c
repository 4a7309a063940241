#include "gltf_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int gltf_make_folder(void **state)
{
    (void)state;
    support_make_folder();
    return 0;
}

int gltf_remove_folder(void **state)
{
    (void)state;
    support_remove_folder();
    return 0;
}

void gltf_write(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(support_path(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

td_result gltf_try(const char *json, td_scene **out)
{
    gltf_write("scene.gltf", json, strlen(json));
    return td_scene_load(support_path("scene.gltf"), NULL, out);
}

td_scene *gltf_load(const char *json)
{
    td_scene *scene;
    td_result result = gltf_try(json, &scene);
    if (result != TD_OK)
        print_error("%s\n", td_last_error());
    assert_int_equal(result, TD_OK);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    return scene;
}

void gltf_refuse(const char *json, td_result code, const char *part)
{
    td_scene *scene;
    td_result result = gltf_try(json, &scene);
    assert_int_equal(result, code);
    assert_null(scene);
    if (strstr(td_last_error(), part) == NULL)
        print_error("\"%s\" is not in \"%s\"\n", part, td_last_error());
    assert_non_null(strstr(td_last_error(), part));
    assert_non_null(strstr(td_last_error(), "scene.gltf"));
}

void gltf_triangle(const td_scene *scene, uint32_t index, float out[9])
{
    const tdi_geometry *geometry = &scene->geometry;
    for (uint32_t i = 0; i < geometry->cluster_count; i++) {
        const struct tdi_cluster *cluster = &geometry->clusters[i];
        uint32_t count = cluster->counts & 0xFFu;
        if (index < cluster->first_triangle || index - cluster->first_triangle >= count)
            continue;
        for (unsigned corner = 0; corner < 3; corner++) {
            uint32_t local = (geometry->triangles[index] >> (8 * corner)) & 0xFFu;
            assert_true(local < cluster->counts >> 8);
            memcpy(out + (size_t)3 * corner,
                   geometry->positions + (size_t)3 * (cluster->first_vertex + local),
                   3 * sizeof(float));
        }
        return;
    }
    fail_msg("no cluster has triangle %u", index);
}

bool gltf_same_triangle(const float a[9], const float b[9])
{
    for (int turn = 0; turn < 3; turn++) {
        bool same = true;
        for (int i = 0; i < 9; i++)
            same = same && fabsf(a[i] - b[(i + 3 * turn) % 9]) < 1e-5f;
        if (same)
            return true;
    }
    return false;
}

void gltf_assert_near(const float *values, const float *expected, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        if (!(fabs((double)values[i] - (double)expected[i]) <= tolerance))
            fail_msg("value %zu is %.9g, not %.9g", i, (double)values[i], (double)expected[i]);
    }
}
