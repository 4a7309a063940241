/* The same bytes whole, in tiles, and in bands of any height. With TANDEM_TEST_LONG at 4096x4096.
 */
#include "scene_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 75, HEIGHT = 50 };

static td_renderer_params band_params(td_scene *scene, uint32_t width, uint32_t height,
                                      uint32_t samples)
{
    td_renderer_params params = scene_renderer_params(scene, width, height);
    params.samples = samples;
    params.views_per_submission = 1;
    params.tonemap = TD_TONEMAP_PBR_NEUTRAL;
    return params;
}

static void *plane(size_t count)
{
    void *memory = calloc(count, 4);
    assert_non_null(memory);
    return memory;
}

static scene_picture empty_picture(uint32_t width, uint32_t height)
{
    const size_t pixels = (size_t)width * height;
    return (scene_picture){
        .width = width,
        .height = height,
        .color = plane(pixels),
        .depth = plane(pixels),
        .object = plane(pixels),
    };
}

/* Puts a finished band where it belongs, and checks that it has the rows that it should have. */
static void take_band(td_request *request, uint32_t first_row, uint32_t rows, scene_picture *out)
{
    scene_picture band = scene_take(request);
    const size_t first = (size_t)first_row * out->width;
    const size_t bytes = (size_t)rows * out->width * 4;
    assert_int_equal(band.width, out->width);
    assert_int_equal(band.height, rows);
    memcpy(out->color + 4 * first, band.color, bytes);
    memcpy(out->depth + first, band.depth, bytes);
    memcpy(out->object + first, band.object, bytes);
    scene_picture_free(&band);
}

static td_request *submit_band(td_renderer *renderer, const td_camera *camera, uint32_t band)
{
    td_request *request = NULL;
    gpu_ok(td_renderer_submit_band(renderer, camera, band, 0, SCENE_LIMIT_NS, &request));
    assert_non_null(request);
    return request;
}

static uint32_t rows_of(const td_renderer_info *info, uint32_t height, uint32_t band)
{
    const uint32_t left = height - band * info->band_height;
    return left < info->band_height ? left : info->band_height;
}

/* A picture from its bands, of which two are in flight. `upwards`: the lowest comes first. */
static scene_picture render_bands(td_renderer *renderer, const td_camera *camera, uint32_t width,
                                  uint32_t height, bool upwards)
{
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    scene_picture picture = empty_picture(width, height);
    td_request *request = NULL;
    uint32_t before = 0;
    for (uint32_t i = 0; i < info.bands; i++) {
        const uint32_t band = upwards ? info.bands - 1 - i : i;
        td_request *next = submit_band(renderer, camera, band);
        if (request)
            take_band(request, before * info.band_height, rows_of(&info, height, before), &picture);
        request = next;
        before = band;
    }
    take_band(request, before * info.band_height, rows_of(&info, height, before), &picture);
    return picture;
}

static void assert_bands_same(td_device *device, const td_renderer_params *params,
                              const scene_picture *whole)
{
    char text[80];
    snprintf(text, sizeof text, "bands of %u rows, tiles of %ux%u", params->band_height,
             params->tile_width, params->tile_height);
    const td_camera camera = scene_rich_camera(1);
    td_renderer *renderer = scene_renderer(device, params);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    assert_int_equal(info.band_height, params->band_height);
    assert_int_equal(info.bands, (params->height + info.band_height - 1) / info.band_height);
    assert_true(info.tiles >= info.bands);
    const bool upwards = params->band_height % 2 == 1;
    scene_picture picture = render_bands(renderer, &camera, params->width, params->height, upwards);
    scene_assert_same(&picture, whole, text);
    scene_picture_free(&picture);
    td_renderer_destroy(renderer);
}

static void assert_tiles_same(td_device *device, const td_renderer_params *params,
                              const scene_picture *whole)
{
    char text[80];
    snprintf(text, sizeof text, "tiles of %ux%u", params->tile_width, params->tile_height);
    const td_camera camera = scene_rich_camera(1);
    scene_picture picture = scene_render(device, params, &camera);
    scene_assert_same(&picture, whole, text);
    scene_picture_free(&picture);
}

static scene_picture render_whole(td_device *device, const td_renderer_params *params)
{
    const td_camera camera = scene_rich_camera(1);
    const scene_picture whole = scene_render(device, params, &camera);
    /* A picture of nothing would be the same in any way. */
    assert_true(scene_covered(&whole) > params->width * params->height / 4);
    return whole;
}

/* With one sample and with four; straight, and copied in tiles. */
static void bands_of_any_height_are_the_same(td_device *device)
{
    static const uint32_t heights[] = {3, 49, 7, 32};
    td_scene *scene = scene_rich(1);
    for (uint32_t i = 0; i < 4; i += 2) {
        td_renderer_params params = band_params(scene, WIDTH, HEIGHT, i == 0 ? 1 : 4);
        scene_picture whole = render_whole(device, &params);
        params.band_height = heights[i];
        assert_bands_same(device, &params, &whole);
        params.band_height = heights[i + 1];
        params.tile_width = 33;
        params.tile_height = 17;
        params.copy_results = TD_COPY_ALWAYS;
        assert_bands_same(device, &params, &whole);
        scene_picture_free(&whole);
    }
    td_scene_destroy(scene);
}

static void tiles_and_bands_of_a_larger_image_are_the_same(td_device *device)
{
    static const uint32_t sides[] = {512, 4096};
    static const uint32_t tiles[][3] = {{64, 100, 257}, {256, 512, 1000}};
    static const uint32_t heights[][2] = {{61, 129}, {333, 1025}};
    const int size = getenv("TANDEM_TEST_LONG") ? 1 : 0;
    td_scene *scene = scene_rich(1);
    td_renderer_params params = band_params(scene, sides[size], sides[size], 1);
    scene_picture whole = render_whole(device, &params);
    for (int i = 0; i < 3; i++) {
        params.tile_width = params.tile_height = tiles[size][i];
        assert_tiles_same(device, &params, &whole);
    }
    params.tile_width = params.tile_height = 0;
    for (int i = 0; i < 2; i++) {
        params.band_height = heights[size][i];
        assert_bands_same(device, &params, &whole);
    }
    scene_picture_free(&whole);
    td_scene_destroy(scene);
}

/* Bands of several views by turns, as many in flight as the renderer takes. */
static void views_may_take_turns(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = band_params(scene, WIDTH, HEIGHT, 1);
    td_camera cameras[2];
    scene_picture whole[2], found[2];
    for (uint32_t i = 0; i < 2; i++) {
        cameras[i] = scene_rich_camera(i);
        whole[i] = scene_render(device, &params, &cameras[i]);
        found[i] = empty_picture(WIDTH, HEIGHT);
    }
    params.band_height = 20;
    params.result_slots = 6;
    td_renderer *renderer = scene_renderer(device, &params);
    td_request *requests[3][2];
    for (uint32_t band = 0; band < 3; band++)
        for (uint32_t i = 0; i < 2; i++)
            requests[band][i] = submit_band(renderer, &cameras[i], band);
    for (uint32_t band = 3; band-- > 0;)
        for (uint32_t i = 0; i < 2; i++)
            take_band(requests[band][i], band * 20, band < 2 ? 20 : 10, &found[i]);
    for (uint32_t i = 0; i < 2; i++) {
        scene_assert_same(&found[i], &whole[i], "bands by turns");
        scene_picture_free(&found[i]);
        scene_picture_free(&whole[i]);
    }
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void wrong_bands_are_refused(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = band_params(scene, WIDTH, HEIGHT, 1);
    const td_camera camera = scene_rich_camera(0);
    params.bands = true;
    td_request *request = NULL;
    td_renderer *renderer = scene_renderer(device, &params);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    assert_int_equal(info.bands, 1);
    assert_int_equal(info.band_height, HEIGHT);
    assert_int_equal(td_renderer_submit_band(renderer, &camera, 1, 0, 0, &request),
                     TD_ERROR_ARGUMENT);
    assert_null(request);
    /* An image in one band comes either way. */
    scene_picture whole = scene_view(renderer, &camera);
    scene_picture band = scene_take(submit_band(renderer, &camera, 0));
    scene_assert_same(&band, &whole, "one band");
    scene_picture_free(&band);
    scene_picture_free(&whole);
    td_renderer_destroy(renderer);
    params.band_height = 20;
    renderer = scene_renderer(device, &params);
    assert_int_equal(td_renderer_submit(renderer, &camera, 1, 0, 0, &request), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "3 bands of 20 rows"));
    assert_int_equal(td_renderer_submit_band(renderer, &camera, 3, 0, 0, &request),
                     TD_ERROR_ARGUMENT);
    assert_int_equal(td_renderer_submit_band(renderer, NULL, 0, 0, 0, &request), TD_ERROR_ARGUMENT);
    assert_null(request);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(bands_of_any_height_are_the_same),
        /* 4096x4096 whole, with two results, takes about 1 GiB. */
        gpu_test_with(tiles_and_bands_of_a_larger_image_are_the_same,
                      (gpu_case){.run = tiles_and_bands_of_a_larger_image_are_the_same,
                                 .params = {.budget_bytes = UINT64_C(2) << 30}}),
        gpu_test(views_may_take_turns),
        gpu_test(wrong_bands_are_refused),
    };
    return gpu_run_tests(tests);
}
