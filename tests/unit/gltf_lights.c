/* KHR_lights_punctual: the kinds of light, where they are, and what is wrong. */
#include "gltf_support.h"

#include <math.h>
#include <string.h>

#include "scene/punctual.h"

#define FILE_OF(lights, nodes)                                                                     \
    "{\"asset\":{\"version\":\"2.0\"},\"extensionsUsed\":[\"KHR_lights_punctual\"],"               \
    "\"extensions\":{\"KHR_lights_punctual\":{\"lights\":[" lights "]}},\"nodes\":[" nodes "],"    \
    "\"scenes\":[{\"nodes\":[0]}]}"
#define AT_NODE(index) "\"extensions\":{\"KHR_lights_punctual\":{\"light\":" index "}}"
#define ONE_NODE       "{" AT_NODE("0") "}"

/* Half a turn about Y: what shone along -Z shines along +Z. */
#define TURNED "\"rotation\":[0,1,0,0],\"translation\":[1,2,3],\"scale\":[2,2,2],"

static struct tdi_punctual_light place(const td_scene *scene, uint32_t index)
{
    struct tdi_punctual_light light;
    tdi_punctual_place(scene, index, &light);
    return light;
}

static void lights_are_where_their_nodes_are(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(
        FILE_OF("{\"type\":\"point\",\"intensity\":5,\"color\":[1,0.5,0],\"range\":4},"
                "{\"type\":\"directional\"},"
                "{\"type\":\"spot\",\"spot\":{\"innerConeAngle\":0.5,\"outerConeAngle\":1}},"
                "{\"type\":\"spot\"}",
                "{\"children\":[1,2,3,4]},{" TURNED AT_NODE("0") "},{" TURNED AT_NODE(
                    "1") "},"
                         "{" AT_NODE("2") "},{" AT_NODE("3") "},{" AT_NODE("0") "}"));
    assert_int_equal(scene->punctual_count, 4); /* the last node is in no scene */
    assert_int_equal(scene->unsupported_count, 0);
    assert_float_equal(scene->light.intensity, 0, 0);
    const struct tdi_punctual_light point = place(scene, 0), sun = place(scene, 1);
    const struct tdi_punctual_light spot = place(scene, 2), plain = place(scene, 3);
    assert_float_equal(point.position[1], 2, 1e-6);
    assert_float_equal(point.color[0], 5, 0);
    assert_float_equal(point.color[1], 2.5, 0);
    assert_float_equal(point.inverse_range, 0.25, 0);
    assert_float_equal(point.spot_scale, 0, 0);
    assert_float_equal(point.spot_offset, 1, 0);
    assert_int_equal(point.directional, 0);
    assert_int_equal(sun.directional, 1);
    assert_float_equal(sun.direction[2], -1, 1e-6);
    assert_float_equal(spot.direction[2], 1, 1e-6);
    assert_float_equal(spot.spot_scale, 1 / (cosf(0.5f) - cosf(1)), 1e-4);
    assert_float_equal(spot.spot_scale * cosf(1) + spot.spot_offset, 0, 1e-5);
    assert_float_equal(plain.spot_scale + plain.spot_offset, 1, 1e-5);
    assert_float_equal(plain.inverse_range, 0, 0);
    td_scene_destroy(scene);
}

static void a_scene_without_lights_keeps_the_default(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(FILE_OF("{\"type\":\"point\"}", "{}"));
    assert_int_equal(scene->punctual_count, 0);
    assert_true(scene->light.intensity > 0);
    td_scene_destroy(scene);
}

static void wrong_lights_are_refused(void **state)
{
    (void)state;
    gltf_refuse(FILE_OF("{}", ONE_NODE), TD_ERROR_INPUT, "has no \"type\"");
    gltf_refuse(FILE_OF("{\"type\":\"area\"}", ONE_NODE), TD_ERROR_INPUT, "not a kind of light");
    gltf_refuse(FILE_OF("{\"type\":\"point\",\"intensity\":-1}", ONE_NODE), TD_ERROR_INPUT,
                "/extensions/KHR_lights_punctual/lights/0: intensity and range");
    gltf_refuse(FILE_OF("{\"type\":\"point\",\"range\":-1}", ONE_NODE), TD_ERROR_INPUT,
                "must not be negative");
    gltf_refuse(FILE_OF("{\"type\":\"point\",\"color\":[1,-1,1]}", ONE_NODE), TD_ERROR_INPUT,
                "a colour");
    gltf_refuse(FILE_OF("{\"type\":\"point\",\"color\":[1e30,1,1],\"intensity\":1e30}", ONE_NODE),
                TD_ERROR_INPUT, "a colour");
    gltf_refuse(FILE_OF("{\"type\":\"spot\",\"spot\":{\"innerConeAngle\":1}}", ONE_NODE),
                TD_ERROR_INPUT, "cones of 1 and 0.785");
    gltf_refuse(FILE_OF("{\"type\":\"spot\",\"spot\":{\"outerConeAngle\":2}}", ONE_NODE),
                TD_ERROR_INPUT, "cones of 0 and 2");
    gltf_refuse(FILE_OF("{\"type\":\"point\"}", "{" AT_NODE("1") "}"), TD_ERROR_INPUT,
                "1 is past the last light");
    gltf_refuse(FILE_OF("", "{\"extensions\":{\"KHR_lights_punctual\":{}}}"), TD_ERROR_INPUT,
                "has no \"light\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lights_are_where_their_nodes_are),
        cmocka_unit_test(a_scene_without_lights_keeps_the_default),
        cmocka_unit_test(wrong_lights_are_refused),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
