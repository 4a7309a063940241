/* Materials and textures of files: factors, textures and their transforms, what is taken. */
#include "gltf_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "scene/gltf_buffer.h"

/* A PNG of one white texel. */
#define WHITE                                                                                      \
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAH"   \
    "ggJ/PchI7wAAAABJRU5ErkJggg=="

#define FILE_OF(materials)                                                                         \
    "{\"asset\":{\"version\":\"2.0\"},\"images\":[{\"uri\":\"missing.png\"},{\"uri\":\"" WHITE     \
    "\"}],\"samplers\":[{\"magFilter\":9728,\"minFilter\":9986,\"wrapS\":33648,\"wrapT\":33071},"  \
    "{\"minFilter\":9728}],\"textures\":[{\"source\":0},{\"source\":1,\"sampler\":0},"             \
    "{\"source\":1,\"sampler\":1},{}],\"materials\":[" materials "]}"

static void absent_values_are_the_defaults(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF("{}"));
    const struct tdi_material *material = &scene->materials[0].data;
    gltf_assert_near(material->base_color, (float[4]){1, 1, 1, 1}, 4, 0);
    gltf_assert_near(material->emissive, (float[3]){0, 0, 0}, 3, 0);
    assert_float_equal(material->metallic, 1.0f, 0.0f);
    assert_float_equal(material->roughness, 1.0f, 0.0f);
    assert_float_equal(material->normal_scale, 1.0f, 0.0f);
    assert_float_equal(material->occlusion_strength, 1.0f, 0.0f);
    assert_float_equal(material->alpha_cutoff, 0.5f, 0.0f);
    assert_int_equal(material->surface_flags, 0);
    assert_int_equal(material->base_color_texture.texture, TDI_TEXTURE_NONE);
    assert_int_equal(scene->texture_count, 0);
    assert_int_equal(scene->image_count, 0);
    td_scene_destroy(scene);
}

static void values_are_taken(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF(
        "{\"name\":\"paint\",\"pbrMetallicRoughness\":{\"baseColorFactor\":[0.1,0.2,0.3,0.4],"
        "\"metallicFactor\":0.5,\"roughnessFactor\":0.6,\"baseColorTexture\":{\"index\":1}},"
        "\"normalTexture\":{\"index\":2,\"scale\":0.7,\"texCoord\":1},"
        "\"occlusionTexture\":{\"index\":1,\"strength\":0.8},\"emissiveFactor\":[0.1,0,1],"
        "\"alphaMode\":\"MASK\",\"alphaCutoff\":0.25,\"doubleSided\":true,"
        "\"extensions\":{\"KHR_materials_unlit\":{},"
        "\"KHR_materials_emissive_strength\":{\"emissiveStrength\":10}}}"));
    const struct tdi_material *material = &scene->materials[0].data;
    assert_string_equal(scene->materials[0].name, "paint");
    gltf_assert_near(material->base_color, (float[4]){0.1f, 0.2f, 0.3f, 0.4f}, 4, 0);
    gltf_assert_near(material->emissive, (float[3]){1, 0, 10}, 3, 1e-6);
    assert_float_equal(material->metallic, 0.5f, 0.0f);
    assert_float_equal(material->roughness, 0.6f, 0.0f);
    assert_float_equal(material->normal_scale, 0.7f, 0.0f);
    assert_float_equal(material->occlusion_strength, 0.8f, 0.0f);
    assert_float_equal(material->alpha_cutoff, 0.25f, 0.0f);
    assert_int_equal(material->surface_flags,
                     TDI_SURFACE_DOUBLE_SIDED | TDI_SURFACE_MASKED | TDI_SURFACE_UNLIT);
    /* Two textures of one image; the missing file is not asked for. */
    assert_int_equal(scene->texture_count, 2);
    assert_int_equal(scene->image_count, 1);
    assert_int_equal(scene->images[0].uses, TDI_IMAGE_USED_SRGB | TDI_IMAGE_USED_LINEAR);
    assert_int_equal(material->base_color_texture.texture, material->occlusion_texture.texture);
    assert_int_equal(material->normal_texture.set & 1u, 1);
    td_scene_destroy(scene);
}

static void samplers_are_translated(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF("{\"normalTexture\":{\"index\":1}},"
                                        "{\"normalTexture\":{\"index\":2}}"));
    const tdi_texture *first = &scene->textures[0];
    assert_int_equal(first->wrap_s, TD_WRAP_MIRRORED_REPEAT);
    assert_int_equal(first->wrap_t, TD_WRAP_CLAMP_TO_EDGE);
    assert_int_equal(first->mag_filter, TD_FILTER_NEAREST);
    assert_int_equal(first->min_filter, TD_FILTER_NEAREST);
    assert_int_equal(first->mip_filter, TD_MIP_LINEAR);
    const tdi_texture *second = &scene->textures[1];
    assert_int_equal(second->wrap_s, TD_WRAP_REPEAT);
    assert_int_equal(second->mag_filter, TD_FILTER_LINEAR);
    assert_int_equal(second->min_filter, TD_FILTER_NEAREST);
    assert_int_equal(second->mip_filter, TD_MIP_NONE);
    td_scene_destroy(scene);
}

static void apply(const struct tdi_texture_ref *reference, float u, float v, float out[2])
{
    const float *t = reference->transform;
    out[0] = t[0] * u + t[1] * v + t[2];
    out[1] = t[3] * u + t[4] * v + t[5];
}

/* The first example of KHR_texture_transform: the lower left quarter, turned clockwise. The second
 * turns the picture upside down. */
static void texture_transforms_are_those_of_the_examples(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF(
        "{\"emissiveTexture\":{\"index\":1,\"extensions\":{\"KHR_texture_transform\":{"
        "\"offset\":[0,1],\"rotation\":1.57079632679,\"scale\":[0.5,0.5],\"texCoord\":1}}}},"
        "{\"emissiveTexture\":{\"index\":1,\"extensions\":{\"KHR_texture_transform\":{"
        "\"offset\":[0,1],\"scale\":[1,-1]}}}},{\"emissiveTexture\":{\"index\":1}}"));
    const struct tdi_texture_ref *quarter = &scene->materials[0].data.emissive_texture;
    float at[2];
    assert_int_equal(quarter->set, 1);
    apply(quarter, 0, 0, at);
    gltf_assert_near(at, (float[2]){0, 1}, 2, 1e-6);
    apply(quarter, 1, 0, at);
    gltf_assert_near(at, (float[2]){0, 0.5f}, 2, 1e-6);
    apply(quarter, 0, 1, at);
    gltf_assert_near(at, (float[2]){0.5f, 1}, 2, 1e-6);
    apply(&scene->materials[1].data.emissive_texture, 0.25f, 0.25f, at);
    gltf_assert_near(at, (float[2]){0.25f, 0.75f}, 2, 1e-6);
    assert_int_equal(scene->materials[1].data.emissive_texture.set, 0);
    assert_int_equal(scene->materials[2].data.emissive_texture.set, 0x100);
    td_scene_destroy(scene);
}

#define MR(index) "{\"pbrMetallicRoughness\":{\"metallicRoughnessTexture\":{\"index\":" index "}},"

static void one_fetch_serves_occlusion_where_it_can(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF(MR("1") "\"occlusionTexture\":{\"index\":1}}," MR(
        "1") "\"occlusionTexture\":{\"index\":2}}"
             "," MR("1") "\"occlusionTexture\":{\"index\":1,\"texCoord\":1}}," MR(
                 "1") "\"name\":\"\"}"));
    const uint32_t expected[4] = {TDI_MATERIAL_OCCLUSION_IN_MR, 0, 0, 0};
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(scene->materials[i].data.flags, expected[i]);
    td_scene_destroy(scene);
}

#define IMAGES(first, second, third)                                                               \
    "{\"asset\":{\"version\":\"2.0\"},\"images\":[{" first "},{" second "},{" third                \
    "}],\"textures\":[{\"source\":0},{\"source\":1},{\"source\":2}],\"materials\":[{"              \
    "\"normalTexture\":{\"index\":0},\"occlusionTexture\":{\"index\":1},"                          \
    "\"emissiveTexture\":{\"index\":2}}]}"

static void pictures_have_the_name_of_their_file_where_they_have_none(void **state)
{
    (void)state;
    uint8_t *png;
    size_t size;
    assert_int_equal(tdi_uri_decode_data(WHITE, &png, &size), TD_OK);
    gltf_write("a b.png", png, size);
    gltf_write("c.png", png, size);
    tdi_free(png);
    td_scene *scene =
        gltf_load(IMAGES("\"uri\":\"a%20b.png\"", "\"uri\":\"c.png\",\"name\":\"stone\"",
                         "\"uri\":\"c.png\",\"name\":\"\""));
    const char *expected[] = {"a%20b.png", "stone", "c.png"};
    assert_int_equal(scene->image_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_string_equal(scene->images[i].name, expected[i]);
    td_scene_destroy(scene);
    scene = gltf_load(FILE_OF("{\"normalTexture\":{\"index\":1}}"));
    assert_null(scene->images[0].name);
    td_scene_destroy(scene);
    gltf_refuse(IMAGES("\"uri\":1", "\"uri\":\"c.png\"", "\"uri\":\"c.png\""), TD_ERROR_INPUT,
                "/images/0/uri: is not a string");
}

static void what_is_not_drawn_fully_is_said(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF("{\"alphaMode\":\"BLEND\",\"normalTexture\":{\"index\":3},"
                                        "\"emissiveTexture\":{\"index\":1,\"texCoord\":2}}"));
    assert_int_equal(scene->unsupported_count, 3);
    assert_int_equal(scene->materials[0].data.surface_flags, TDI_SURFACE_MASKED);
    assert_float_equal(scene->materials[0].data.alpha_cutoff, 0.5f, 0.0f);
    assert_int_equal(scene->materials[0].data.normal_texture.texture, TDI_TEXTURE_NONE);
    td_scene_destroy(scene);
}

static void wrong_materials_are_refused(void **state)
{
    (void)state;
    gltf_refuse(FILE_OF("{\"normalTexture\":{\"index\":4}}"), TD_ERROR_INPUT,
                "/materials/0/normalTexture/index: 4 is past the last texture (4 of them)");
    gltf_refuse(FILE_OF("{\"normalTexture\":{}}"), TD_ERROR_INPUT,
                "/materials/0/normalTexture: has no \"index\"");
    gltf_refuse(FILE_OF("{\"alphaMode\":\"GLASS\"}"), TD_ERROR_INPUT,
                "/materials/0/alphaMode: \"GLASS\"");
    gltf_refuse(FILE_OF("{\"pbrMetallicRoughness\":{\"baseColorFactor\":[1,1,1]}}"), TD_ERROR_INPUT,
                "/materials/0/pbrMetallicRoughness/baseColorFactor: has 3 numbers");
    gltf_refuse(FILE_OF("{\"doubleSided\":1}"), TD_ERROR_INPUT, "neither true nor false");
    gltf_refuse(FILE_OF("{\"normalTexture\":{\"index\":0}}"), TD_ERROR_NOT_FOUND,
                "/images/0/uri: ");
    gltf_refuse(FILE_OF("{\"emissiveTexture\":{\"index\":1,\"extensions\":{"
                        "\"KHR_texture_transform\":{\"offset\":[1]}}}}"),
                TD_ERROR_INPUT,
                "/materials/0/emissiveTexture/extensions/KHR_texture_transform/offset");
}

static void damaged_images_are_refused(void **state)
{
    (void)state;
    gltf_write("missing.png", "no picture", 10);
    gltf_refuse(FILE_OF("{\"normalTexture\":{\"index\":0}}"), TD_ERROR_INPUT, "/images/0: ");
    gltf_write("missing.png", "", 0);
    gltf_refuse(FILE_OF("{\"normalTexture\":{\"index\":0}}"), TD_ERROR_INPUT, "/images/0: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_values_are_the_defaults),
        cmocka_unit_test(values_are_taken),
        cmocka_unit_test(samplers_are_translated),
        cmocka_unit_test(texture_transforms_are_those_of_the_examples),
        cmocka_unit_test(one_fetch_serves_occlusion_where_it_can),
        cmocka_unit_test(pictures_have_the_name_of_their_file_where_they_have_none),
        cmocka_unit_test(what_is_not_drawn_fully_is_said),
        cmocka_unit_test(wrong_materials_are_refused),
        cmocka_unit_test(damaged_images_are_refused),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
