/* The hardware rasteriser against the one in compute, sample by sample. */
#include "scene_support.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH  160
#define HEIGHT 112

/* What devices may differ by: nothing where the fixed-function rasteriser is exact, and a
 * hundred-thousandth of the pixels elsewhere. */
static uint32_t allowed(const td_device *device, uint64_t samples)
{
    return strstr(device->info.name, "NVIDIA") ? 0 : (uint32_t)(samples / 100000);
}

static scene_picture picture_of(td_device *device, td_scene *scene, td_raster raster,
                                uint32_t samples, const td_camera *camera)
{
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.samples = samples;
    params.raster = raster;
    return scene_render(device, &params, camera);
}

static void compare(td_device *device, td_raster raster, uint32_t samples)
{
    td_scene *scene = scene_rich(0);
    uint32_t differ = 0;
    uint64_t pixels = 0;
    for (uint32_t view = 0; view < 4; view++) {
        const td_camera camera = scene_rich_camera(view);
        scene_picture compute = picture_of(device, scene, TD_RASTER_COMPUTE, samples, &camera);
        scene_picture hardware = picture_of(device, scene, raster, samples, &camera);
        uint32_t first = 0;
        const uint32_t here = scene_differences(&hardware, &compute, &first);
        if (here)
            print_message("raster %d, %u samples, view %u: %u differ, the first is (%u, %u)\n",
                          (int)raster, samples, view, here, first % WIDTH, first / WIDTH);
        assert_in_range(scene_covered(&compute), 1000, WIDTH * HEIGHT);
        differ += here;
        pixels += (uint64_t)WIDTH * HEIGHT * samples;
        scene_picture_free(&compute);
        scene_picture_free(&hardware);
    }
    td_scene_destroy(scene);
    assert_in_range(differ, 0, allowed(device, pixels));
}

static void indirect_draws_agree(td_device *device)
{
    compare(device, TD_RASTER_HARDWARE, 1);
    compare(device, TD_RASTER_HARDWARE, 4);
    compare(device, TD_RASTER_HARDWARE, 8);
    compare(device, TD_RASTER_HARDWARE, 16);
}

static void recorded_draws_agree(td_device *device)
{
    compare(device, TD_RASTER_HARDWARE_DRAWS, 1);
    compare(device, TD_RASTER_HARDWARE_DRAWS, 4);
    compare(device, TD_RASTER_HARDWARE_DRAWS, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(indirect_draws_agree),
        gpu_test(recorded_draws_agree),
    };
    return gpu_run_tests(tests);
}
