/* Which way of rasterising is taken, and what is said where it cannot be. */
#include "scene_support.h"

#include <string.h>

enum { WIDTH = 64, HEIGHT = 48 };

static td_renderer_params plain_params(td_scene *scene, td_raster raster)
{
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.raster = raster;
    return params;
}

static void assert_refused(td_device *device, td_scene *scene, td_raster raster, uint32_t width,
                           td_result expected, const char *says)
{
    td_renderer_params params = plain_params(scene, raster);
    td_renderer *renderer = NULL;
    params.width = width;
    assert_int_equal(td_renderer_create(device, &params, &renderer), expected);
    assert_null(renderer);
    if (!strstr(td_last_error(), says))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), says);
}

static void assert_taken(td_device *device, td_scene *scene, td_raster asked, td_raster taken)
{
    const td_renderer_params params = plain_params(scene, asked);
    td_renderer *renderer = scene_renderer(device, &params);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    assert_int_equal(info.raster, taken);
    assert_true(strlen(info.raster_reason) > 0);
    td_renderer_destroy(renderer);
}

static void what_is_asked_for_is_taken(td_device *device)
{
    td_scene *scene = scene_rich(1);
    assert_taken(device, scene, TD_RASTER_AUTO, TD_RASTER_COMPUTE);
    assert_taken(device, scene, TD_RASTER_COMPUTE, TD_RASTER_COMPUTE);
    assert_taken(device, scene, TD_RASTER_HARDWARE, TD_RASTER_HARDWARE);
    assert_taken(device, scene, TD_RASTER_HARDWARE_DRAWS, TD_RASTER_HARDWARE_DRAWS);
    assert_refused(device, scene, (td_raster)4, WIDTH, TD_ERROR_ARGUMENT, "no such way");
    td_scene_destroy(scene);
}

static void what_is_missing_is_named(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const tdi_device_features features = device->features;
    device->features.fragment_stores = false;
    device->features.indirect_draws = false;
    assert_refused(device, scene, TD_RASTER_HARDWARE, WIDTH, TD_ERROR_UNSUPPORTED,
                   "fragmentStoresAndAtomics), indirect draws");
    assert_refused(device, scene, TD_RASTER_HARDWARE_DRAWS, WIDTH, TD_ERROR_UNSUPPORTED,
                   "fragmentStoresAndAtomics");
    assert_taken(device, scene, TD_RASTER_AUTO, TD_RASTER_COMPUTE);
    device->features = features;
    device->features.dynamic_rendering = false;
    assert_refused(device, scene, TD_RASTER_HARDWARE, WIDTH, TD_ERROR_UNSUPPORTED,
                   "dynamicRendering");
    device->features = features;
    const uint32_t bits = device->properties.limits.subPixelPrecisionBits;
    device->properties.limits.subPixelPrecisionBits = 4;
    assert_refused(device, scene, TD_RASTER_HARDWARE, WIDTH, TD_ERROR_UNSUPPORTED,
                   "subPixelPrecisionBits");
    device->properties.limits.subPixelPrecisionBits = bits;
    td_scene_destroy(scene);
}

static void images_larger_than_the_viewport_are_refused(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const uint32_t most = device->properties.limits.maxViewportDimensions[0];
    device->properties.limits.maxViewportDimensions[0] = 5000;
    assert_refused(device, scene, TD_RASTER_HARDWARE, 4097, TD_ERROR_UNSUPPORTED, "4096x4096");
    device->properties.limits.maxViewportDimensions[0] = most;
    td_scene_destroy(scene);
}

static void assert_same_as_compute(td_device *device, td_raster raster, uint32_t samples,
                                   const char *what)
{
    td_scene *scene = scene_rich(1);
    const td_camera camera = scene_rich_camera(1);
    td_renderer_params params = plain_params(scene, TD_RASTER_COMPUTE);
    params.samples = samples;
    scene_picture expected = scene_render(device, &params, &camera);
    params.raster = raster;
    scene_picture found = scene_render(device, &params, &camera);
    scene_assert_same(&found, &expected, what);
    scene_picture_free(&found);
    scene_picture_free(&expected);
    td_scene_destroy(scene);
}

static void draws_without_a_count_draw_the_same(td_device *device)
{
    device->features.indirect_draw_count = false;
    assert_same_as_compute(device, TD_RASTER_HARDWARE, 4, "without a count");
}

/* Each sample by an instance of its own, where the pixel's samples may lie elsewhere. */
static void samples_of_the_devices_own_are_not_used(td_device *device)
{
    device->properties.limits.standardSampleLocations = VK_FALSE;
    assert_same_as_compute(device, TD_RASTER_HARDWARE, 4, "indirect, an instance a sample");
    assert_same_as_compute(device, TD_RASTER_HARDWARE_DRAWS, 4, "draws, an instance a sample");
}

/* What leaves a small viewport is clipped in compute: other clusters than before, the same image.
 */
static void a_small_viewport_draws_the_same(td_device *device)
{
    for (uint32_t i = 0; i < 2; i++)
        device->properties.limits.maxViewportDimensions[i] = 64;
    assert_same_as_compute(device, TD_RASTER_HARDWARE, 1, "a viewport of 64 pixels");
    assert_same_as_compute(device, TD_RASTER_HARDWARE_DRAWS, 1, "draws, a viewport of 64 pixels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(what_is_asked_for_is_taken),
        gpu_test(what_is_missing_is_named),
        gpu_test(images_larger_than_the_viewport_are_refused),
        gpu_test(draws_without_a_count_draw_the_same),
        gpu_test(samples_of_the_devices_own_are_not_used),
        gpu_test(a_small_viewport_draws_the_same),
    };
    return gpu_run_tests(tests);
}
