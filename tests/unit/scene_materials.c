/* Materials and textures made in memory. */
#include "gltf_support.h"

#include <math.h>
#include <string.h>

static uint32_t add_texture(td_scene *scene, uint32_t width, uint32_t height, uint32_t channels,
                            const uint8_t *pixels)
{
    uint32_t texture;
    const td_texture_params params = {
        .pixels = pixels, .width = width, .height = height, .channels = channels};
    assert_int_equal(td_scene_add_texture(scene, &params, &texture), TD_OK);
    return texture;
}

static void channels_become_rgba(void **state)
{
    (void)state;
    const uint8_t bytes[4] = {10, 20, 30, 40};
    const uint8_t expected[4][4] = {
        {10, 10, 10, 255}, {10, 10, 10, 20}, {10, 20, 30, 255}, {10, 20, 30, 40}};
    td_scene *scene;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    for (uint32_t channels = 1; channels <= 4; channels++) {
        assert_int_equal(add_texture(scene, 1, 1, channels, bytes), channels - 1);
        assert_memory_equal(scene->images[channels - 1].pixels, expected[channels - 1], 4);
        assert_int_equal(scene->images[channels - 1].has_alpha, channels % 2 == 0);
    }
    td_scene_destroy(scene);
}

/* Black and white in equal parts: 128 as numbers, 188 as light (IEC 61966-2-1). */
static void the_use_decides_about_mip_levels(void **state)
{
    (void)state;
    const uint8_t board[4] = {0, 255, 255, 0};
    td_scene *scene;
    td_scene_info info;
    td_material_params params;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    td_material_defaults(&params);
    params.base_color_texture.texture = add_texture(scene, 2, 2, 1, board) + 1;
    params.metallic_roughness_texture.texture = add_texture(scene, 2, 2, 1, board) + 1;
    add_texture(scene, 2, 2, 1, board);
    assert_int_equal(td_scene_add_material(scene, &params, NULL), TD_OK);
    assert_int_equal(scene->images[0].levels, 2);
    assert_int_equal(scene->images[0].pixels[16], 188);
    assert_int_equal(scene->images[1].levels, 2);
    assert_in_range(scene->images[1].pixels[16], 127, 128);
    assert_int_equal(scene->images[0].uses, TDI_IMAGE_USED_SRGB);
    assert_int_equal(scene->images[1].uses, TDI_IMAGE_USED_LINEAR);
    assert_int_equal(scene->images[2].uses, 0);
    /* Two of the three are on the device, 4 + 1 texels each. */
    assert_int_equal(td_scene_get_info(scene, &info), TD_OK);
    assert_int_equal(info.texture_bytes, 2 * 5 * 4);
    assert_int_equal(info.textures, 3);
    td_scene_destroy(scene);
}

static void refuse_texture(td_scene *scene, td_texture_params params, const char *part)
{
    assert_int_equal(td_scene_add_texture(scene, &params, NULL), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), part));
    assert_int_equal(scene->texture_count, 0);
}

static void wrong_textures_are_refused(void **state)
{
    (void)state;
    const uint8_t byte = 0;
    td_scene *scene;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    refuse_texture(scene, (td_texture_params){.width = 1, .height = 1, .channels = 1}, "NULL");
    refuse_texture(scene,
                   (td_texture_params){.pixels = &byte, .width = 0, .height = 1, .channels = 1},
                   "0 x 1 texels");
    refuse_texture(scene,
                   (td_texture_params){.pixels = &byte, .width = 1, .height = 16385, .channels = 1},
                   "1 x 16385 texels");
    refuse_texture(scene,
                   (td_texture_params){.pixels = &byte, .width = 1, .height = 1, .channels = 5},
                   "5 channels");
    refuse_texture(
        scene,
        (td_texture_params){
            .pixels = &byte, .width = 1, .height = 1, .channels = 1, .wrap_s = (td_wrap)3},
        "wrapping mode");
    td_scene_destroy(scene);
}

static void refuse_material(td_scene *scene, const td_material_params *params, const char *part)
{
    assert_int_equal(td_scene_add_material(scene, params, NULL), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), part));
    assert_int_equal(scene->material_count, 0);
}

static void wrong_materials_are_refused(void **state)
{
    (void)state;
    const uint8_t byte = 0;
    td_scene *scene;
    td_material_params params;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    add_texture(scene, 1, 1, 1, &byte);
    td_material_defaults(&params);
    params.normal_texture.texture = 2;
    refuse_material(scene, &params, "normal_texture is texture 1, but the scene has 1");
    td_material_defaults(&params);
    params.emissive_texture.texture = 1;
    params.emissive_texture.texcoord = 2;
    refuse_material(scene, &params, "texture coordinate set 2");
    td_material_defaults(&params);
    params.occlusion_texture.rotation = NAN;
    refuse_material(scene, &params, "transform of occlusion_texture");
    td_material_defaults(&params);
    params.roughness = INFINITY;
    refuse_material(scene, &params, "not finite");
    td_material_defaults(&params);
    params.alpha_mode = (td_alpha_mode)3;
    refuse_material(scene, &params, "alpha_mode 3");
    td_scene_destroy(scene);
}

static void lights_are_normalised(void **state)
{
    (void)state;
    td_scene *scene;
    td_light_params light = {.direction = {0, -3, 4}, .color = {1, 0.5f, 0}, .intensity = 2};
    const float infinite[3] = {INFINITY, 0, 0};
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    gltf_assert_near(scene->ambient, (float[3]){0.1f, 0.1f, 0.1f}, 3, 0);
    uint64_t before = scene->light_revision;
    assert_int_equal(td_scene_set_light(scene, &light), TD_OK);
    gltf_assert_near(scene->light.direction, (float[3]){0, -0.6f, 0.8f}, 3, 1e-7);
    assert_true(scene->light_revision > before);
    memset(light.direction, 0, sizeof light.direction);
    assert_int_equal(td_scene_set_light(scene, &light), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scene_set_ambient(scene, infinite), TD_ERROR_ARGUMENT);
    gltf_assert_near(scene->light.direction, (float[3]){0, -0.6f, 0.8f}, 3, 1e-7);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_become_rgba),
        cmocka_unit_test(the_use_decides_about_mip_levels),
        cmocka_unit_test(wrong_textures_are_refused),
        cmocka_unit_test(wrong_materials_are_refused),
        cmocka_unit_test(lights_are_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
