/* Colours that follow exactly from what the scene says: unlit surfaces, textures, masks, coverage
 * and background. */
#include "scene_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 2 metres are 16 pixels, the origin is in the middle. */
static td_camera front(void)
{
    return scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
}

static scene_picture render(td_device *device, td_scene *scene)
{
    const td_camera camera = front();
    const td_renderer_params params = scene_renderer_params(scene, 16, 16);
    return scene_render(device, &params, &camera);
}

static void assert_color(const scene_picture *picture, uint32_t x, uint32_t y,
                         const uint8_t expected[4])
{
    const uint8_t *found = scene_color_at(picture, x, y);
    if (memcmp(found, expected, 4) != 0)
        fail_msg("(%u, %u) is %u %u %u %u instead of %u %u %u %u", x, y, found[0], found[1],
                 found[2], found[3], expected[0], expected[1], expected[2], expected[3]);
}

/* As assert_color, off by at most `tolerance` in each channel. */
static void assert_color_near(const scene_picture *picture, uint32_t x, uint32_t y,
                              const uint8_t expected[4], int tolerance)
{
    const uint8_t *found = scene_color_at(picture, x, y);
    for (int i = 0; i < 4; i++)
        if (abs(found[i] - expected[i]) > tolerance)
            fail_msg("(%u, %u) is %u %u %u %u instead of %u %u %u %u +- %d", x, y, found[0],
                     found[1], found[2], found[3], expected[0], expected[1], expected[2],
                     expected[3], tolerance);
}

static void assert_all(const scene_picture *picture, const uint8_t expected[4])
{
    for (uint32_t y = 0; y < picture->height; y++)
        for (uint32_t x = 0; x < picture->width; x++)
            assert_color(picture, x, y, expected);
}

static void background_is_the_linear_colour(td_device *device)
{
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 5, 3);
    const uint8_t codes[4] = {200, 37, 128, 255};
    for (int i = 0; i < 3; i++)
        params.background[i] = (float)scene_linear(codes[i]);
    params.background[3] = 1.0f;
    const td_camera camera = front();
    const uint32_t samples[] = {1, 4, 16};
    for (int i = 0; i < 3; i++) {
        params.samples = samples[i];
        scene_picture picture = scene_render(device, &params, &camera);
        assert_all(&picture, codes);
        scene_picture_free(&picture);
    }
    td_scene_destroy(scene);
}

static void unlit_surfaces_show_their_colour(td_device *device)
{
    const uint8_t codes[][4] = {
        {0, 128, 255, 255}, {1, 10, 11, 255}, {64, 90, 100, 255}, {254, 253, 188, 255}};
    for (int i = 0; i < 4; i++) {
        td_scene *scene = scene_make();
        const uint32_t material =
            scene_unlit(scene, (float)scene_linear(codes[i][0]), (float)scene_linear(codes[i][1]),
                        (float)scene_linear(codes[i][2]));
        scene_place_at(scene, scene_quad(scene, 2.0f, 2.0f, material), 0, 0, 0, 0);
        scene_picture picture = render(device, scene);
        assert_all(&picture, codes[i]);
        scene_picture_free(&picture);
        td_scene_destroy(scene);
    }
}

static void exposure_scales_by_powers_of_two(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t material = scene_unlit(scene, 0.1f, 0.2f, 0.7f);
    scene_place_at(scene, scene_quad(scene, 2.0f, 2.0f, material), 0, 0, 0, 0);
    td_renderer_params params = scene_renderer_params(scene, 4, 4);
    const td_camera camera = front();
    for (int ev = -2; ev <= 2; ev++) {
        const double factor = pow(2.0, ev);
        params.exposure = (float)ev;
        const uint8_t expected[4] = {scene_srgb(fmin(1.0, 0.1 * factor)),
                                     scene_srgb(fmin(1.0, 0.2 * factor)),
                                     scene_srgb(fmin(1.0, 0.7 * factor)), 255};
        scene_picture picture = scene_render(device, &params, &camera);
        assert_color_near(&picture, 1, 2, expected, 1);
        scene_picture_free(&picture);
    }
    td_scene_destroy(scene);
}

static void vertex_colours_multiply_the_base_colour(td_device *device)
{
    td_scene *scene = scene_make();
    const float positions[] = {-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0};
    float colors[16];
    for (int i = 0; i < 4; i++)
        memcpy(colors + 4 * i, (const float[]){0.25f, 1.0f, 0.5f, 1.0f}, 16);
    const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const td_mesh_params mesh_params = {
        .positions = positions,
        .colors = colors,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = scene_unlit(scene, 1.0f, 0.5f, 0.5f),
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &mesh_params, &mesh));
    scene_place_at(scene, mesh, 0, 0, 0, 0);
    scene_picture picture = render(device, scene);
    const uint8_t expected[4] = {scene_srgb(0.25), scene_srgb(0.5), scene_srgb(0.25), 255};
    assert_all(&picture, expected);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* In orthographic projection colours run linearly: red from left to right, green upwards. */
static void vertex_colours_run_linearly(td_device *device)
{
    td_scene *scene = scene_make();
    const float positions[] = {-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0};
    const float colors[] = {0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1};
    const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const td_mesh_params mesh_params = {
        .positions = positions,
        .colors = colors,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = scene_unlit(scene, 1.0f, 1.0f, 1.0f),
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &mesh_params, &mesh));
    scene_place_at(scene, mesh, 0, 0, 0, 0);
    scene_picture picture = render(device, scene);
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            const uint8_t expected[4] = {scene_srgb((x + 0.5) / 16.0),
                                         scene_srgb((15.5 - y) / 16.0), 0, 255};
            assert_color_near(&picture, x, y, expected, 1);
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* Texel (column, row) of the test texture. */
static void texel(int column, int row, uint8_t rgba[4])
{
    rgba[0] = (uint8_t)(40 + 60 * column);
    rgba[1] = (uint8_t)(10 + 70 * row);
    rgba[2] = (uint8_t)(255 - 25 * (4 * row + column) / 2);
    rgba[3] = 255;
}

static uint32_t add_texture(td_scene *scene, td_wrap wrap_s, td_wrap wrap_t)
{
    uint8_t pixels[4 * 4 * 4];
    for (int row = 0; row < 4; row++)
        for (int column = 0; column < 4; column++)
            texel(column, row, pixels + 4 * (4 * row + column));
    const td_texture_params params = {
        .pixels = pixels,
        .width = 4,
        .height = 4,
        .channels = 4,
        .wrap_s = wrap_s,
        .wrap_t = wrap_t,
        .mag_filter = TD_FILTER_NEAREST,
        .min_filter = TD_FILTER_NEAREST,
        .mip_filter = TD_MIP_NONE,
    };
    uint32_t texture = TD_NONE;
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    return texture;
}

/* glTF 2.0, 3.8.4.5. */
static int wrapped(int index, td_wrap wrap)
{
    if (wrap == TD_WRAP_CLAMP_TO_EDGE)
        return index < 0 ? 0 : index > 3 ? 3 : index;
    const int in_two = ((index % 8) + 8) % 8;
    if (wrap == TD_WRAP_MIRRORED_REPEAT)
        return in_two < 4 ? in_two : 7 - in_two;
    return in_two % 4;
}

/* A quad of 16 x 16 pixels with texture coordinates from -1 to 3, so four pixels are a texture. */
static void assert_wrapped(td_device *device, td_wrap wrap_s, td_wrap wrap_t)
{
    td_scene *scene = scene_make();
    td_material_params material = scene_unlit_params();
    material.base_color_texture.texture = add_texture(scene, wrap_s, wrap_t) + 1;
    const float uv[4] = {-1.0f, -1.0f, 3.0f, 3.0f};
    const uint32_t quad = scene_quad_uv(scene, 2.0f, 2.0f, uv, scene_material(scene, &material));
    scene_place_at(scene, quad, 0, 0, 0, 0);
    scene_picture picture = render(device, scene);
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            uint8_t expected[4];
            texel(wrapped((int)x - 4, wrap_s), wrapped((int)y - 4, wrap_t), expected);
            assert_color(&picture, x, y, expected);
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void textures_are_looked_up_and_wrapped(td_device *device)
{
    assert_wrapped(device, TD_WRAP_REPEAT, TD_WRAP_REPEAT);
    assert_wrapped(device, TD_WRAP_CLAMP_TO_EDGE, TD_WRAP_MIRRORED_REPEAT);
    assert_wrapped(device, TD_WRAP_MIRRORED_REPEAT, TD_WRAP_CLAMP_TO_EDGE);
}

/* KHR_texture_transform: uv' = offset + rotation * (scale * uv); counter-clockwise by a quarter:
 * (u, v) -> (v, -u) after scaling. */
static void a_texture_transform_moves_texels(td_device *device)
{
    td_scene *scene = scene_make();
    td_material_params material = scene_unlit_params();
    material.base_color_texture = (td_texture_use){
        .texture = add_texture(scene, TD_WRAP_REPEAT, TD_WRAP_REPEAT) + 1,
        .offset = {0.25f, 0.5f},
        .scale = {2.0f, 1.0f},
        .rotation = 1.57079633f,
    };
    const uint32_t quad = scene_quad(scene, 2.0f, 2.0f, scene_material(scene, &material));
    scene_place_at(scene, quad, 0, 0, 0, 0);
    scene_picture picture = render(device, scene);
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            const double u = (x + 0.5) / 16.0, v = (y + 0.5) / 16.0;
            uint8_t expected[4];
            texel(wrapped((int)floor(4.0 * (v + 0.25)), TD_WRAP_REPEAT),
                  wrapped((int)floor(4.0 * (-2.0 * u + 0.5)), TD_WRAP_REPEAT), expected);
            assert_color(&picture, x, y, expected);
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* A chessboard of 4 x 4 texels, whose black ones have the given alpha and whose white ones 255. */
static void assert_mask(td_device *device, td_alpha_mode mode, float cutoff, uint8_t alpha,
                        bool seen)
{
    td_scene *scene = scene_make();
    uint8_t pixels[4 * 4 * 2];
    for (uint32_t i = 0; i < 16; i++) {
        pixels[2 * i] = 255;
        pixels[2 * i + 1] = (i + i / 4) % 2 ? 255 : alpha;
    }
    const td_texture_params texture_params = {
        .pixels = pixels,
        .width = 4,
        .height = 4,
        .channels = 2,
        .mag_filter = TD_FILTER_NEAREST,
        .min_filter = TD_FILTER_NEAREST,
        .mip_filter = TD_MIP_NONE,
    };
    uint32_t texture = TD_NONE;
    gpu_ok(td_scene_add_texture(scene, &texture_params, &texture));
    td_material_params material = scene_unlit_params();
    material.alpha_mode = mode;
    material.alpha_cutoff = cutoff;
    material.base_color_texture.texture = texture + 1;
    const uint32_t sheet = scene_quad(scene, 2.0f, 2.0f, scene_material(scene, &material));
    const uint32_t wall = scene_quad(scene, 2.0f, 1.0f, scene_unlit(scene, 0.0f, 0.0f, 1.0f));
    scene_place_at(scene, sheet, 0, 0, 1.0f, 1);
    scene_place_at(scene, wall, 0, 0.5f, 0, 2);
    scene_picture picture = render(device, scene);
    const uint8_t white[4] = {255, 255, 255, 255}, blue[4] = {0, 0, 255, 255}, none[4] = {0};
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            const bool there = (x / 4 + y / 4) % 2 == 1 || seen;
            const bool walled = y < 8;
            assert_int_equal(scene_object_at(&picture, x, y), there ? 1 : walled ? 2 : -1);
            assert_color(&picture, x, y, there ? white : walled ? blue : none);
            const float depth = scene_depth_at(&picture, x, y);
            assert_true(there || walled ? fabsf(depth - (there ? 4.0f : 5.0f)) < 1e-4f
                                        : isinf(depth));
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void masked_texels_are_cut_out(td_device *device)
{
    assert_mask(device, TD_ALPHA_MASK, 0.5f, 0, false);
    assert_mask(device, TD_ALPHA_MASK, 0.5f, 127, false);
    assert_mask(device, TD_ALPHA_MASK, 0.5f, 128, true);
    assert_mask(device, TD_ALPHA_MASK, 0.75f, 128, false);
    assert_mask(device, TD_ALPHA_OPAQUE, 0.5f, 0, true);
    assert_mask(device, TD_ALPHA_BLEND, 0.9f, 127, false);
    assert_mask(device, TD_ALPHA_BLEND, 0.9f, 128, true);
}

/* A quad that ends in the middle of column 8 or of row 8: half of the samples there are covered,
 * give or take one that lies on the middle; the colour is straight, so only alpha tells. */
static void alpha_is_the_share_of_covered_samples(td_device *device)
{
    const uint32_t counts[] = {1, 4, 8, 16};
    for (int i = 0; i < 4; i++) {
        td_scene *scene = scene_make();
        const uint32_t quad = scene_quad(scene, 2.0f, 2.0f, scene_unlit(scene, 1.0f, 0.0f, 0.0f));
        scene_place_at(scene, quad, -1.0f + 1.0f / 16.0f, 0.0f, 0.0f, 0);
        td_renderer_params params = scene_renderer_params(scene, 16, 16);
        params.samples = counts[i];
        const td_camera camera = front();
        scene_picture picture = scene_render(device, &params, &camera);
        const double one = 255.0 / counts[i];
        for (uint32_t y = 0; y < 16; y++) {
            const uint8_t *color = scene_color_at(&picture, 8, y);
            const int slack = counts[i] % 2 || counts[i] == 16 ? (int)ceil(one) : 1;
            assert_true(abs(color[3] - 128) <= slack);
            assert_true(color[3] == 0 || (color[0] == 255 && color[1] == 0 && color[2] == 0));
            assert_int_equal(scene_color_at(&picture, 7, y)[3], 255);
            assert_int_equal(scene_color_at(&picture, 9, y)[3], 0);
        }
        scene_picture_free(&picture);
        td_scene_destroy(scene);
    }
}

/* Ambient light alone on a dielectric without reflection: black stays black, and emission is added
 * as it is. */
static void emission_needs_no_light(td_device *device)
{
    td_scene *scene = scene_make();
    td_material_params material;
    td_material_defaults(&material);
    memcpy(material.base_color, (const float[]){0, 0, 0, 1}, 16);
    const uint8_t codes[4] = {188, 64, 10, 255};
    for (int i = 0; i < 3; i++)
        material.emissive[i] = (float)scene_linear(codes[i]);
    const float dark[3] = {0, 0, 0};
    gpu_ok(td_scene_set_ambient(scene, dark));
    const td_light_params light = {.direction = {0, 0, -1}};
    gpu_ok(td_scene_set_light(scene, &light));
    scene_place_at(scene, scene_quad(scene, 2.0f, 2.0f, scene_material(scene, &material)), 0, 0, 0,
                   0);
    scene_picture picture = render(device, scene);
    assert_all(&picture, codes);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(background_is_the_linear_colour),
        gpu_test(unlit_surfaces_show_their_colour),
        gpu_test(exposure_scales_by_powers_of_two),
        gpu_test(vertex_colours_multiply_the_base_colour),
        gpu_test(vertex_colours_run_linearly),
        gpu_test(textures_are_looked_up_and_wrapped),
        gpu_test(a_texture_transform_moves_texels),
        gpu_test(masked_texels_are_cut_out),
        gpu_test(alpha_is_the_share_of_covered_samples),
        gpu_test(emission_needs_no_light),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
