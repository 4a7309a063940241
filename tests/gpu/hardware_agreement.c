/* The hardware rasteriser against the one in compute, sample by sample. */
#include "scene_support.h"

#include <string.h>

enum { VIEWS = 4, WIDTH = 160, HEIGHT = 112 };

/* What devices may differ by: nothing where the fixed-function rasteriser is exact, and a
 * hundred-thousandth of the pixels elsewhere. */
static uint32_t allowed(const td_device *device, uint64_t samples)
{
    return strstr(device->info.name, "NVIDIA") ? 0 : (uint32_t)(samples / 100000);
}

static td_renderer *renderer_of(td_device *device, td_scene *scene, td_raster raster,
                                uint32_t samples)
{
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.samples = samples;
    params.raster = raster;
    return scene_renderer(device, &params);
}

/* `threads` make the scene and record its draws. */
static void compare(td_device *device, td_raster raster, uint32_t samples, uint32_t threads)
{
    td_scene *scene = scene_rich(threads);
    td_renderer *compute = renderer_of(device, scene, TD_RASTER_COMPUTE, samples);
    td_renderer *hardware = renderer_of(device, scene, raster, samples);
    uint32_t differ = 0;
    for (uint32_t view = 0; view < VIEWS; view++) {
        const td_camera camera = scene_rich_camera(view);
        scene_picture expected = scene_view(compute, &camera);
        scene_picture found = scene_view(hardware, &camera);
        uint32_t first = 0;
        const uint32_t here = scene_differences(&found, &expected, &first);
        if (here)
            print_message("raster %d, %u samples, view %u: %u differ, the first is (%u, %u)\n",
                          (int)raster, samples, view, here, first % WIDTH, first / WIDTH);
        assert_in_range(scene_covered(&expected), 1000, WIDTH * HEIGHT);
        differ += here;
        scene_picture_free(&expected);
        scene_picture_free(&found);
    }
    td_renderer_destroy(hardware);
    td_renderer_destroy(compute);
    td_scene_destroy(scene);
    assert_in_range(differ, 0, allowed(device, (uint64_t)VIEWS * WIDTH * HEIGHT * samples));
}

static void indirect_draws_agree(td_device *device)
{
    const uint32_t samples[] = {1, 4, 8, 16};
    for (int i = 0; i < 4; i++)
        compare(device, TD_RASTER_HARDWARE, samples[i], 1);
}

static void recorded_draws_agree(td_device *device)
{
    compare(device, TD_RASTER_HARDWARE_DRAWS, 1, 1);
    compare(device, TD_RASTER_HARDWARE_DRAWS, 4, 3);
    compare(device, TD_RASTER_HARDWARE_DRAWS, 16, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(indirect_draws_agree),
        gpu_test(recorded_draws_agree),
    };
    return gpu_run_tests(tests);
}
