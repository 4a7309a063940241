/* The device is lost while results are lent: their pixels stay as they were until the last lease
 * ends, whatever is destroyed first. */
#include "fault_support.h"
#include "scene_support.h"

#include <string.h>

enum { SIDE = 16, LEASES = 3 };

typedef struct lease {
    td_request *request;
    td_image image;
    uint8_t pixels[SIDE * SIDE * 4]; /* as they were before the loss */
} lease;

static td_renderer *make_renderer(td_device *device, td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.in_flight = 2;
    params.result_slots = LEASES + 2;
    params.views_per_submission = 1;
    return scene_renderer(device, &params);
}

static void take_leases(td_renderer *renderer, lease leases[LEASES])
{
    for (uint32_t i = 0; i < LEASES; i++) {
        const td_camera camera = scene_rich_camera(i);
        scene_submit(renderer, &camera, 1, &leases[i].request);
        gpu_ok(td_request_wait(leases[i].request, SCENE_LIMIT_NS));
        gpu_ok(td_request_image(leases[i].request, TD_OUTPUT_COLOR, &leases[i].image));
        memcpy(leases[i].pixels, leases[i].image.pixels, sizeof leases[i].pixels);
    }
}

static void end_lease(lease *l)
{
    assert_memory_equal(l->image.pixels, l->pixels, sizeof l->pixels);
    td_request_release(l->request);
}

/* A view that is on its way when the device goes, and one that comes too late. */
static void lose(td_device *device, const faults *f, const faults_plan *plan, td_renderer *renderer)
{
    const td_camera camera = scene_rich_camera(LEASES);
    td_request *request = NULL;
    f->arm(device->handle, plan);
    for (uint32_t i = 0; i < 2; i++) {
        if (!fault_went_well(td_renderer_submit(renderer, &camera, 1, 0, SCENE_LIMIT_NS, &request)))
            continue;
        fault_went_well(td_request_wait(request, SCENE_LIMIT_NS));
        td_request_release(request);
    }
    assert_true(f->lost(device->handle));
}

static void release_after_the_loss(td_device *device, const faults *f, const faults_plan *plan)
{
    td_scene *scene = scene_rich(1);
    td_renderer *renderer = make_renderer(device, scene);
    lease leases[LEASES];
    take_leases(renderer, leases);
    lose(device, f, plan, renderer);
    end_lease(&leases[1]);
    end_lease(&leases[0]);
    end_lease(&leases[2]);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void lost_while_leases_are_held(void **state)
{
    (void)state;
    const uint64_t calls[] = {FAULTS_SUBMIT2, FAULTS_COUNTER_VALUE};
    for (uint32_t i = 0; i < 2; i++) {
        const faults_plan plan = {.calls = calls[i], .nth = 1, .result = VK_ERROR_DEVICE_LOST};
        assert_true(fault_survives(release_after_the_loss, &plan));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_while_leases_are_held),
    };
    return gpu_run_tests(tests);
}
