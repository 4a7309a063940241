/* The built-in scenes: what they promise to hold, and that they are the same every time. */
#include "gltf_support.h"

#include <string.h>

#include "base/memory.h"
#include "scene/builtin.h"

static td_scene *load(const char *path)
{
    td_scene *scene;
    td_result result = td_scene_load(path, NULL, &scene);
    if (result != TD_OK)
        print_error("%s\n", td_last_error());
    assert_int_equal(result, TD_OK);
    return scene;
}

typedef struct contents {
    uint32_t masked, emissive, textured, normal_mapped;
} contents;

static contents count_materials(const td_scene *scene)
{
    contents c = {0};
    for (uint32_t i = 0; i < scene->material_count; i++) {
        const td_material_params *p = &scene->materials[i].params;
        c.masked += p->alpha_mode == TD_ALPHA_MASK;
        c.emissive += p->emissive[0] + p->emissive[1] + p->emissive[2] > 0;
        c.textured += p->base_color_texture.texture != 0;
        c.normal_mapped += p->normal_texture.texture != 0;
    }
    return c;
}

/* Bounds on what is drawn, so that the scenes stay what the documentation says. */
static void check_scene(const char *path, uint64_t least, uint64_t most, uint32_t instances,
                        uint32_t materials)
{
    td_scene *scene = load(path);
    td_scene_info info;
    assert_int_equal(td_scene_get_info(scene, &info), TD_OK);
    assert_in_range(info.triangles, least, most);
    assert_true(info.instances >= instances);
    assert_true(info.materials >= materials);
    assert_true(info.cameras >= 1);
    assert_int_equal(info.unsupported_count, 0);
    contents c = count_materials(scene);
    assert_true(c.masked >= 1 && c.emissive >= 1 && c.textured >= 3 && c.normal_mapped >= 2);
    td_scene_destroy(scene);
}

static void the_city_is_large(void **state)
{
    (void)state;
    check_scene("builtin:city", 200000, 500000, 1000, 30);
}

static void the_spheres_are_a_grid(void **state)
{
    (void)state;
    check_scene("builtin:spheres", 100000, 400000, 48, 40);
}

static void the_terrain_is_a_large_height_field(void **state)
{
    (void)state;
    check_scene("builtin:terrain", 524288, 1500000, 1000, 5);
}

static void the_names_are_listed(void **state)
{
    (void)state;
    static const char *const expected[] = {"city", "spheres", "terrain"};
    const char *const *names = tdi_builtin_names();
    for (int i = 0; i < 3; i++)
        assert_string_equal(names[i], expected[i]);
    assert_null(names[3]);
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    td_scene *scene = NULL;
    assert_int_equal(td_scene_load("builtin:castle", NULL, &scene), TD_ERROR_NOT_FOUND);
    assert_null(scene);
    assert_non_null(strstr(td_last_error(), "castle"));
    assert_non_null(strstr(td_last_error(), "city, spheres or terrain"));
}

static void they_are_the_same_every_time(void **state)
{
    (void)state;
    td_scene *a = load("builtin:city");
    td_scene *b = load("builtin:city");
    assert_int_equal(a->geometry.vertex_count, b->geometry.vertex_count);
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->image_count, b->image_count);
    assert_memory_equal(a->geometry.positions, b->geometry.positions,
                        (size_t)12 * a->geometry.vertex_count);
    for (uint32_t i = 0; i < a->node_count; i++)
        assert_memory_equal(a->nodes[i].local, b->nodes[i].local, sizeof a->nodes[i].local);
    for (uint32_t i = 0; i < a->image_count; i++) {
        assert_int_equal(a->images[i].pixel_bytes, b->images[i].pixel_bytes);
        assert_memory_equal(a->images[i].pixels, b->images[i].pixels, a->images[i].pixel_bytes);
    }
    td_scene_destroy(a);
    td_scene_destroy(b);
}

/* Not each of many thousand allocations, but ever later ones. */
static void a_want_of_memory_leaves_nothing(void **state)
{
    (void)state;
    support_use_allocator();
    for (uint32_t nth = 1;; nth = 2 * nth + 1) {
        td_scene *scene = NULL;
        support_fail_allocation(nth);
        td_result result = td_scene_load("builtin:spheres", NULL, &scene);
        if (!support_allocation_failed()) {
            support_fail_allocation(0);
            td_scene_destroy(scene);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_null(scene);
    }
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_city_is_large),
        cmocka_unit_test(the_spheres_are_a_grid),
        cmocka_unit_test(the_terrain_is_a_large_height_field),
        cmocka_unit_test(the_names_are_listed),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(they_are_the_same_every_time),
        cmocka_unit_test(a_want_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests_name("builtin", tests, NULL, NULL);
}
