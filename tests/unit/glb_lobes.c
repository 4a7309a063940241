/* Materials with lobes, written as .glb and loaded again. */
#include "gltf_support.h"

#include <string.h>

#include "scene/material_textures.h"

enum { TEXTURES = 3 };

static void add_textures(td_scene *scene)
{
    const uint8_t pixel[4] = {10, 20, 30, 40};
    for (int i = 0; i < TEXTURES; i++) {
        const td_texture_params params = {.pixels = pixel, .width = 1, .height = 1, .channels = 4};
        assert_int_equal(td_scene_add_texture(scene, &params, NULL), TD_OK);
    }
}

static td_texture_use use_of(uint32_t texture)
{
    return (td_texture_use){.texture = texture + 1, .texcoord = texture % 2, .scale = {2, 1}};
}

/* Every number is one that a double holds as a float does. */
static td_material_params all_lobes(void)
{
    td_material_params p;
    td_material_defaults(&p);
    p.ior = 1.25f;
    p.specular = (td_material_specular){0.5f, {0.25f, 0.5f, 2}, use_of(0), use_of(1)};
    p.clearcoat = (td_material_clearcoat){0.5f, 0.25f, 0.75f, use_of(0), use_of(1), use_of(2)};
    p.sheen = (td_material_sheen){{0.1f, 0.2f, 0.3f}, 0.4f, use_of(1), use_of(2)};
    p.anisotropy = (td_material_anisotropy){0.6f, 0.5f, use_of(2)};
    p.iridescence = (td_material_iridescence){0.7f, 1.8f, 50, 500, use_of(0), use_of(2)};
    p.transmission =
        (td_material_transmission){0.8f, 2, 0.5f, {1, 0.5f, 0.25f}, use_of(1), use_of(0)};
    return p;
}

static td_scene *write_and_load(const td_material_params *params)
{
    td_scene *scene, *loaded;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    add_textures(scene);
    assert_int_equal(td_scene_add_material(scene, params, NULL), TD_OK);
    const char *path = support_path("lobes.glb");
    assert_int_equal(td_scene_write_glb(scene, path, true), TD_OK);
    assert_int_equal(td_scene_load(path, NULL, &loaded), TD_OK);
    td_scene_destroy(scene);
    return loaded;
}

/* The textures of a file are taken in the order of their use, so that a texture's own place says
 * nothing: which transform and set it is used with does. */
static void assert_uses(const td_material_params *found, const td_material_params *expected)
{
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        const td_texture_use *a = tdi_material_use(found, i), *b = tdi_material_use(expected, i);
        assert_int_equal(a->texture != 0, b->texture != 0);
        assert_int_equal(a->texcoord, b->texcoord);
        if (b->texture)
            gltf_assert_near(a->scale, b->scale, 2, 0);
    }
}

/* Everything but the textures. */
static struct tdi_material_more numbers_of(const td_scene *scene)
{
    assert_int_equal(scene->more_count, 1);
    struct tdi_material_more more = scene->more[0];
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++)
        if (tdi_material_textures[i].lobe)
            *tdi_material_reference(NULL, &more, i) = (struct tdi_texture_ref){0};
    return more;
}

static void lobes_come_back(void **state)
{
    (void)state;
    const td_material_params params = all_lobes();
    td_scene *first = write_and_load(&params);
    assert_uses(&first->materials[0].params, &params);
    td_scene *second = write_and_load(&first->materials[0].params);
    const struct tdi_material_more a = numbers_of(first), b = numbers_of(second);
    assert_int_equal(a.lobes, 127u & ~TDI_LOBE_GLOSSINESS);
    assert_memory_equal(&a, &b, sizeof a);
    assert_float_equal(a.ior, params.ior, 0.0f);
    assert_float_equal(a.clearcoat_normal_scale, params.clearcoat.normal_scale, 0.0f);
    assert_float_equal(a.sheen_roughness, params.sheen.roughness, 0.0f);
    assert_float_equal(a.iridescence_thickness[1], params.iridescence.thickness_max, 0.0f);
    assert_float_equal(a.thickness, params.transmission.thickness, 0.0f);
    td_scene_destroy(first);
    td_scene_destroy(second);
}

static void glossiness_comes_back(void **state)
{
    (void)state;
    td_material_params p;
    td_material_defaults(&p);
    p.base_color[1] = 0.5f;
    p.base_color[3] = 0.25f;
    p.base_color_texture = use_of(1);
    p.glossiness = (td_material_glossiness){true, {0.1f, 0.2f, 0.3f}, 0.4f, use_of(0)};
    td_scene *loaded = write_and_load(&p);
    const td_material_params *found = &loaded->materials[0].params;
    assert_true(found->glossiness.used);
    gltf_assert_near(found->base_color, p.base_color, 4, 0);
    gltf_assert_near(found->glossiness.specular, p.glossiness.specular, 3, 0);
    assert_float_equal(found->glossiness.factor, 0.4f, 0.0f);
    assert_uses(found, &p);
    td_scene_destroy(loaded);
}

static void plain_materials_stay_plain(void **state)
{
    (void)state;
    td_material_params p;
    td_material_defaults(&p);
    td_scene *loaded = write_and_load(&p);
    assert_int_equal(loaded->more_count, 0);
    assert_int_equal(loaded->unsupported_count, 0);
    td_scene_destroy(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lobes_come_back),
        cmocka_unit_test(glossiness_comes_back),
        cmocka_unit_test(plain_materials_stay_plain),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
