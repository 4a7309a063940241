/* Normal maps: a map that tilts the normal gives what a surface with that very normal gives,
 * whichever way texture coordinates, tangents and instances are turned round. */
#include "scene_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 9 };

/* One turn of everything that a normal map depends on. */
typedef struct turn {
    bool tangents; /* of the mesh; else the frame follows from the texture coordinates */
    bool mirror;   /* the instance, in X */
    bool flip_u;   /* U grows to the left */
    bool flip_v;   /* V grows upwards */
    float tilt[2]; /* of the map's normal: right and up in the texture */
} turn;

static uint32_t map_texture(td_scene *scene, const float tilt[2])
{
    const float z = sqrtf(1.0f - tilt[0] * tilt[0] - tilt[1] * tilt[1]);
    const float normal[3] = {tilt[0], tilt[1], z};
    uint8_t texel[3];
    for (int i = 0; i < 3; i++)
        texel[i] = (uint8_t)lroundf((normal[i] * 0.5f + 0.5f) * 255.0f);
    const td_texture_params params = {.pixels = texel, .width = 1, .height = 1, .channels = 3};
    uint32_t texture;
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    return texture;
}

static uint32_t rough_white(td_scene *scene, const float tilt[2])
{
    td_material_params params;
    td_material_defaults(&params);
    params.metallic = 0.0f;
    params.double_sided = true; /* so that a mirrored quad is seen whatever its winding */
    if (tilt)
        params.normal_texture.texture = map_texture(scene, tilt) + 1;
    return scene_material(scene, &params);
}

/* A quad in the XY plane. `normal` is that of its vertices, +Z if NULL. */
static uint32_t make_quad(td_scene *scene, const turn *how, const float normal[3],
                          uint32_t material)
{
    const float positions[12] = {-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0};
    const uint32_t indices[6] = {0, 1, 2, 0, 2, 3};
    float texcoords[8], normals[12], tangents[16];
    for (int i = 0; i < 4; i++) {
        const float x = positions[3 * i], y = positions[3 * i + 1];
        texcoords[2 * i] = 0.5f + 0.5f * (how->flip_u ? -x : x);
        texcoords[2 * i + 1] = 0.5f + 0.5f * (how->flip_v ? y : -y);
        for (int k = 0; k < 3; k++) {
            normals[3 * i + k] = normal ? normal[k] : k == 2 ? 1.0f : 0.0f;
            tangents[4 * i + k] = k == 0 ? (how->flip_u ? -1.0f : 1.0f) : 0.0f;
        }
        tangents[4 * i + 3] = how->flip_u != how->flip_v ? -1.0f : 1.0f;
    }
    const td_mesh_params params = {
        .positions = positions,
        .normals = normals,
        .tangents = how->tangents ? tangents : NULL,
        .texcoords = texcoords,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = material,
    };
    uint32_t mesh;
    gpu_ok(td_scene_add_mesh(scene, &params, &mesh));
    return mesh;
}

/* The pixel in the middle, lit from the upper right in front. */
static uint8_t brightness(td_device *device, td_scene *scene)
{
    const td_light_params light = {
        .direction = {-0.35f, -0.6f, -0.7f}, .color = {1, 1, 1}, .intensity = 2.0f};
    const float dark[3] = {0.0f, 0.0f, 0.0f};
    gpu_ok(td_scene_set_light(scene, &light));
    gpu_ok(td_scene_set_ambient(scene, dark));
    const td_renderer_params params = scene_renderer_params(scene, SIZE, SIZE);
    const td_camera camera = scene_perspective(4.0f, 0.4f, 0.1f, 100.0f);
    scene_picture picture = scene_render(device, &params, &camera);
    const uint8_t *pixel = &picture.color[4 * (SIZE * (SIZE / 2) + SIZE / 2)];
    assert_int_equal(pixel[3], 255);
    const uint8_t value = pixel[0];
    scene_picture_free(&picture);
    return value;
}

static uint8_t with_map(td_device *device, const turn *how)
{
    td_scene *scene = scene_make();
    const uint32_t mesh = make_quad(scene, how, NULL, rough_white(scene, how->tilt));
    const float mirror[16] = {-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    const float identity[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    scene_place(scene, mesh, how->mirror ? mirror : identity, 1);
    const uint8_t value = brightness(device, scene);
    td_scene_destroy(scene);
    return value;
}

/* The same normal, as that of the vertices. */
static uint8_t with_normal(td_device *device, const turn *how)
{
    const float right = how->flip_u != how->mirror ? -how->tilt[0] : how->tilt[0];
    const float up = how->flip_v ? -how->tilt[1] : how->tilt[1];
    const float normal[3] = {right, up, sqrtf(1.0f - right * right - up * up)};
    td_scene *scene = scene_make();
    const turn plain = {0};
    const uint32_t mesh = make_quad(scene, &plain, normal, rough_white(scene, NULL));
    scene_place_at(scene, mesh, 0.0f, 0.0f, 0.0f, 1);
    const uint8_t value = brightness(device, scene);
    td_scene_destroy(scene);
    return value;
}

static void tilts_are_those_of_the_map(td_device *device)
{
    const float tilts[2][2] = {{0.0f, 0.5f}, {0.5f, 0.0f}};
    for (uint32_t bits = 0; bits < 32; bits++) {
        const turn how = {
            .tangents = bits & 1,
            .mirror = bits & 2,
            .flip_u = bits & 4,
            .flip_v = bits & 8,
            .tilt = {tilts[bits >> 4][0], tilts[bits >> 4][1]},
        };
        const int expected = with_normal(device, &how);
        const int found = with_map(device, &how);
        if (abs(found - expected) > 2) /* the map has 8 bits */
            printf("tangents %d, mirror %d, flip u %d, flip v %d, tilt %g %g\n", how.tangents,
                   how.mirror, how.flip_u, how.flip_v, (double)how.tilt[0], (double)how.tilt[1]);
        assert_in_range(found, expected > 2 ? expected - 2 : 0, expected + 2);
    }
}

/* What the test above relies on: tilts that differ give brightness that differs. */
static void tilts_are_seen(td_device *device)
{
    const turn up = {.tilt = {0.0f, 0.5f}}, down = {.tilt = {0.0f, -0.5f}};
    assert_true(with_normal(device, &up) > with_normal(device, &down) + 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(tilts_are_seen),
        gpu_test(tilts_are_those_of_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
