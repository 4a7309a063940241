/* The extensions of materials: what is taken, defaults, ranges, and what is wrong. */
#include "gltf_support.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "scene/material_textures.h"

/* A PNG of one white texel. */
#define WHITE                                                                                      \
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAH"   \
    "ggJ/PchI7wAAAABJRU5ErkJggg=="

#define FILE_OF(members)                                                                           \
    "{\"asset\":{\"version\":\"2.0\"},\"images\":[{\"uri\":\"" WHITE "\"}],"                       \
    "\"textures\":[{\"source\":0},{\"source\":0}],\"materials\":[{" members "}]}"
#define WITH(name, members) FILE_OF("\"extensions\":{\"KHR_materials_" name "\":{" members "}}")

static const struct tdi_material_more *more_of(const td_scene *scene)
{
    const uint32_t index = scene->materials[0].data.more;
    assert_true(index < scene->more_count);
    return &scene->more[index];
}

static void assert_plain(const char *json)
{
    td_scene *scene = gltf_load(json);
    assert_int_equal(scene->materials[0].data.more, TDI_MATERIAL_PLAIN);
    assert_int_equal(scene->more_count, 0);
    assert_int_equal(scene->unsupported_count, 0);
    td_scene_destroy(scene);
}

/* A lobe that changes nothing costs nothing, not even the place of its textures. */
static void what_changes_nothing_is_plain(void **state)
{
    (void)state;
    assert_plain(FILE_OF(""));
    assert_plain(WITH("ior", ""));
    assert_plain(WITH("ior", "\"ior\":1.5"));
    assert_plain(WITH("specular", ""));
    assert_plain(WITH("clearcoat", "\"clearcoatRoughnessFactor\":0.5,"
                                   "\"clearcoatTexture\":{\"index\":0}"));
    assert_plain(WITH("sheen", "\"sheenRoughnessFactor\":0.5"));
    assert_plain(WITH("anisotropy", "\"anisotropyRotation\":1"));
    assert_plain(WITH("iridescence", "\"iridescenceTexture\":{\"index\":0}"));
    assert_plain(WITH("transmission", ""));
    assert_plain(WITH("volume", "\"thicknessFactor\":1"));
    assert_plain(FILE_OF("\"extensions\":{\"KHR_materials_unlit\":{},\"KHR_materials_clearcoat\":{"
                         "\"clearcoatFactor\":1}}"));
}

static void specular_and_ior_are_taken(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(
        FILE_OF("\"extensions\":{\"KHR_materials_ior\":{\"ior\":1.25},\"KHR_materials_specular\":{"
                "\"specularFactor\":0.5,\"specularColorFactor\":[0.25,0.5,2],"
                "\"specularTexture\":{\"index\":0},\"specularColorTexture\":{\"index\":1,"
                "\"texCoord\":1}}}"));
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_DIELECTRIC);
    assert_float_equal(more->ior, 1.25f, 0.0f);
    assert_float_equal(more->specular, 0.5f, 0.0f);
    gltf_assert_near(more->specular_color, (float[3]){0.25f, 0.5f, 2}, 3, 0);
    assert_int_equal(more->specular_texture.texture, 0);
    assert_int_equal(more->specular_color_texture.texture, 1);
    assert_int_equal(more->specular_color_texture.set & 1u, 1);
    assert_int_equal(scene->images[0].uses, TDI_IMAGE_USED_SRGB | TDI_IMAGE_USED_LINEAR);
    td_scene_destroy(scene);
    scene = gltf_load(WITH("ior", "\"ior\":0"));
    assert_float_equal(more_of(scene)->ior, 0.0f, 0.0f);
    assert_int_equal(scene->unsupported_count, 0);
    td_scene_destroy(scene);
}

static void clearcoat_is_taken(void **state)
{
    (void)state;
    td_scene *scene =
        gltf_load(WITH("clearcoat", "\"clearcoatFactor\":0.5,\"clearcoatRoughnessFactor\":0.25,"
                                    "\"clearcoatTexture\":{\"index\":0},"
                                    "\"clearcoatRoughnessTexture\":{\"index\":1},"
                                    "\"clearcoatNormalTexture\":{\"index\":1,\"scale\":0.7}"));
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_CLEARCOAT);
    assert_float_equal(more->clearcoat, 0.5f, 0.0f);
    assert_float_equal(more->clearcoat_roughness, 0.25f, 0.0f);
    assert_float_equal(more->clearcoat_normal_scale, 0.7f, 0.0f);
    assert_int_equal(more->clearcoat_texture.texture, 0);
    assert_int_equal(more->clearcoat_roughness_texture.texture, 1);
    assert_int_equal(more->clearcoat_normal_texture.texture, 1);
    assert_int_equal(more->sheen_color_texture.texture, TDI_TEXTURE_NONE);
    assert_int_equal(scene->images[0].uses, TDI_IMAGE_USED_LINEAR);
    td_scene_destroy(scene);
}

static void sheen_is_taken(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(WITH(
        "sheen", "\"sheenColorFactor\":[0.1,0.2,0.3],\"sheenRoughnessFactor\":0.4,"
                 "\"sheenColorTexture\":{\"index\":0},\"sheenRoughnessTexture\":{\"index\":1}"));
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_SHEEN);
    gltf_assert_near(more->sheen_color, (float[3]){0.1f, 0.2f, 0.3f}, 3, 0);
    assert_float_equal(more->sheen_roughness, 0.4f, 0.0f);
    assert_int_equal(more->sheen_color_texture.texture, 0);
    assert_int_equal(more->sheen_roughness_texture.texture, 1);
    assert_int_equal(scene->images[0].uses, TDI_IMAGE_USED_SRGB | TDI_IMAGE_USED_LINEAR);
    td_scene_destroy(scene);
}

static void anisotropy_is_taken(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(WITH("anisotropy", "\"anisotropyStrength\":0.6,"
                                                   "\"anisotropyRotation\":1.5707963267948966,"
                                                   "\"anisotropyTexture\":{\"index\":1}"));
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_ANISOTROPY);
    assert_float_equal(more->anisotropy, 0.6f, 0.0f);
    gltf_assert_near(more->anisotropy_direction, (float[2]){0, 1}, 2, 1e-6);
    assert_int_equal(more->anisotropy_texture.texture, 0);
    assert_int_equal(scene->texture_count, 1);
    td_scene_destroy(scene);
}

static void iridescence_is_taken(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(WITH("iridescence", "\"iridescenceFactor\":1"));
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_IRIDESCENCE);
    assert_float_equal(more->iridescence_ior, 1.3f, 0.0f);
    gltf_assert_near(more->iridescence_thickness, (float[2]){100, 400}, 2, 0);
    td_scene_destroy(scene);
    scene = gltf_load(WITH("iridescence",
                           "\"iridescenceFactor\":0.5,\"iridescenceIor\":1.8,"
                           "\"iridescenceThicknessMinimum\":10,\"iridescenceThicknessMaximum\":5,"
                           "\"iridescenceTexture\":{\"index\":0},"
                           "\"iridescenceThicknessTexture\":{\"index\":1}"));
    more = more_of(scene);
    assert_float_equal(more->iridescence, 0.5f, 0.0f);
    assert_float_equal(more->iridescence_ior, 1.8f, 0.0f);
    gltf_assert_near(more->iridescence_thickness, (float[2]){10, 5}, 2, 0);
    assert_int_equal(more->iridescence_texture.texture, 0);
    assert_int_equal(more->iridescence_thickness_texture.texture, 1);
    td_scene_destroy(scene);
}

static void transmission_and_volume_are_taken(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF(
        "\"extensions\":{\"KHR_materials_transmission\":{\"transmissionFactor\":0.5,"
        "\"transmissionTexture\":{\"index\":0}},\"KHR_materials_volume\":{\"thicknessFactor\":2,"
        "\"thicknessTexture\":{\"index\":1},\"attenuationDistance\":0.5,"
        "\"attenuationColor\":[1,0.5,0]}}"));
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_TRANSMISSION);
    assert_float_equal(more->transmission, 0.5f, 0.0f);
    assert_float_equal(more->thickness, 2.0f, 0.0f);
    /* Half a metre leaves what the colour says. */
    assert_float_equal(expf(-0.5f * more->attenuation[0]), 1.0f, 0.0f);
    assert_float_equal(expf(-0.5f * more->attenuation[1]), 0.5f, 1e-6f);
    assert_float_equal(expf(-0.5f * more->attenuation[2]), 0.0f, 1e-5f);
    assert_true(isfinite(more->attenuation[2]));
    assert_int_equal(more->transmission_texture.texture, 0);
    assert_int_equal(more->thickness_texture.texture, 1);
    td_scene_destroy(scene);
}

#define GLOSSY                                                                                     \
    "\"pbrMetallicRoughness\":{\"baseColorFactor\":[1,0,0,1],\"roughnessFactor\":0.1,"             \
    "\"metallicRoughnessTexture\":{\"index\":2}},\"extensions\":{"                                 \
    "\"KHR_materials_pbrSpecularGlossiness\":{"

static void glossiness_takes_the_place_of_roughness(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(
        FILE_OF(GLOSSY "\"diffuseFactor\":[0.1,0.2,0.3,0.4],\"specularFactor\":[0.5,0.6,0.7],"
                       "\"glossinessFactor\":0.8,\"diffuseTexture\":{\"index\":0},"
                       "\"specularGlossinessTexture\":{\"index\":1}}}"));
    const struct tdi_material *base = &scene->materials[0].data;
    const struct tdi_material_more *more = more_of(scene);
    assert_int_equal(more->lobes, TDI_LOBE_GLOSSINESS);
    gltf_assert_near(base->base_color, (float[4]){0.1f, 0.2f, 0.3f, 0.4f}, 4, 0);
    gltf_assert_near(more->specular_color, (float[3]){0.5f, 0.6f, 0.7f}, 3, 0);
    assert_float_equal(more->glossiness, 0.8f, 0.0f);
    assert_int_equal(base->base_color_texture.texture, 0);
    assert_int_equal(base->metallic_roughness_texture.texture, TDI_TEXTURE_NONE);
    assert_int_equal(more->glossiness_texture.texture, 1);
    assert_int_equal(scene->images[0].uses, TDI_IMAGE_USED_SRGB);
    td_scene_destroy(scene);
    scene = gltf_load(FILE_OF(GLOSSY "}}"));
    gltf_assert_near(scene->materials[0].data.base_color, (float[4]){1, 1, 1, 1}, 4, 0);
    gltf_assert_near(more_of(scene)->specular_color, (float[3]){1, 1, 1}, 3, 0);
    assert_float_equal(more_of(scene)->glossiness, 1.0f, 0.0f);
    td_scene_destroy(scene);
}

static void assert_said(const char *json, const char *sentence)
{
    td_scene *scene = gltf_load(json);
    bool found = false;
    for (uint32_t i = 0; i < scene->unsupported_count; i++)
        found = found || strcmp(scene->unsupported[i], sentence) == 0;
    if (!found)
        fail_msg("not said: %s", sentence);
    td_scene_destroy(scene);
}

static void numbers_outside_their_range_are_said(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(WITH("clearcoat", "\"clearcoatFactor\":1.5"));
    assert_float_equal(more_of(scene)->clearcoat, 1.0f, 0.0f);
    td_scene_destroy(scene);
    assert_said(WITH("clearcoat", "\"clearcoatFactor\":1.5"),
                "/materials/0/extensions/KHR_materials_clearcoat/clearcoatFactor: 1.5 is outside "
                "the range: 1 is used");
    assert_said(WITH("sheen", "\"sheenColorFactor\":[0,-1,0]"),
                "/materials/0/extensions/KHR_materials_sheen/sheenColorFactor/1: -1 is outside the "
                "range: 0 is used");
    assert_said(WITH("ior", "\"ior\":0.5"),
                "/materials/0/extensions/KHR_materials_ior/ior: 0.5 is outside the range: 1 is "
                "used");
    assert_said(WITH("iridescence", "\"iridescenceIor\":0"),
                "/materials/0/extensions/KHR_materials_iridescence/iridescenceIor: 0 is outside "
                "the range: 1 is used");
}

static void refuse(const char *json, const char *part)
{
    gltf_refuse(json, TD_ERROR_INPUT, part);
}

static void wrong_lobes_are_refused(void **state)
{
    (void)state;
    refuse(FILE_OF("\"extensions\":{\"KHR_materials_sheen\":1}"),
           "/materials/0/extensions/KHR_materials_sheen: is not an object");
    refuse(WITH("ior", "\"ior\":\"glass\""),
           "/materials/0/extensions/KHR_materials_ior/ior: is not a number");
    refuse(WITH("specular", "\"specularColorFactor\":[1,1]"),
           "specularColorFactor: has 2 numbers where 3 are needed");
    refuse(WITH("specular", "\"specularTexture\":{\"index\":2}"),
           "/materials/0/extensions/KHR_materials_specular/specularTexture/index: 2 is past the "
           "last texture (2 of them)");
    refuse(WITH("clearcoat", "\"clearcoatNormalTexture\":{}"),
           "clearcoatNormalTexture: has no \"index\"");
    refuse(WITH("clearcoat", "\"clearcoatNormalTexture\":{\"index\":0,\"scale\":[]}"),
           "clearcoatNormalTexture/scale: is not a number");
    refuse(WITH("sheen", "\"sheenRoughnessTexture\":[]"),
           "sheenRoughnessTexture: is not an object");
    refuse(WITH("anisotropy", "\"anisotropyStrength\":true"),
           "anisotropyStrength: is not a number");
    refuse(WITH("iridescence", "\"iridescenceThicknessTexture\":{\"index\":-1}"),
           "iridescenceThicknessTexture/index: is not the index of a texture");
    refuse(WITH("transmission", "\"transmissionFactor\":1e99"), "transmissionFactor: 1e+99 is too");
    refuse(WITH("volume", "\"attenuationColor\":0.5"), "attenuationColor: is not an array");
    refuse(WITH("pbrSpecularGlossiness", "\"diffuseFactor\":[1,1,1]"),
           "diffuseFactor: has 3 numbers where 4 are needed");
}

static void refuse_params(td_scene *scene, const td_material_params *params, const char *part)
{
    assert_int_equal(td_scene_add_material(scene, params, NULL), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), part));
    assert_int_equal(scene->material_count, 0);
    assert_int_equal(scene->more_count, 0);
}

static void wrong_params_are_refused(void **state)
{
    (void)state;
    td_scene *scene;
    td_material_params params;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    td_material_defaults(&params);
    params.sheen.color[2] = NAN;
    refuse_params(scene, &params, "a value of a lobe is not finite");
    td_material_defaults(&params);
    params.transmission.thickness = INFINITY;
    refuse_params(scene, &params, "a value of a lobe is not finite");
    td_material_defaults(&params);
    params.ior = 0.5f;
    refuse_params(scene, &params, "ior is 0.5");
    td_material_defaults(&params);
    params.iridescence.factor = 1.0f;
    params.iridescence.ior = 0.9f;
    refuse_params(scene, &params, "iridescence.ior is 0.9");
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        td_material_defaults(&params);
        const td_texture_use use = {.texture = 1};
        memcpy((char *)&params + tdi_material_textures[i].use, &use, sizeof use);
        refuse_params(scene, &params, tdi_material_textures[i].name);
    }
    td_scene_destroy(scene);
}

/* A darkness that no float holds is not infinite either. */
static void attenuation_is_always_finite(void **state)
{
    (void)state;
    td_scene *scene;
    td_material_params params;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    td_material_defaults(&params);
    params.transmission = (td_material_transmission){
        .factor = 1.0f, .thickness = 1.0f, .attenuation_distance = FLT_MIN / 8.0f};
    assert_int_equal(td_scene_add_material(scene, &params, NULL), TD_OK);
    assert_true(isfinite(more_of(scene)->attenuation[0]));
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_nothing_is_plain),
        cmocka_unit_test(specular_and_ior_are_taken),
        cmocka_unit_test(clearcoat_is_taken),
        cmocka_unit_test(sheen_is_taken),
        cmocka_unit_test(anisotropy_is_taken),
        cmocka_unit_test(iridescence_is_taken),
        cmocka_unit_test(transmission_and_volume_are_taken),
        cmocka_unit_test(glossiness_takes_the_place_of_roughness),
        cmocka_unit_test(numbers_outside_their_range_are_said),
        cmocka_unit_test(wrong_lobes_are_refused),
        cmocka_unit_test(wrong_params_are_refused),
        cmocka_unit_test(attenuation_is_always_finite),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
