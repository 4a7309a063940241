/* Requests of views: leases, backpressure, errors, and the orders in which things end. */
#include "scene_support.h"

#include <string.h>

#include "base/clock.h"
#include "base/thread.h"

enum { SIDE = 24, VIEWS = 6 };

typedef struct fixture {
    td_scene *scene;
    td_renderer *renderer;
} fixture;

static fixture start(td_device *device, uint32_t in_flight, uint32_t result_slots,
                     uint32_t views_per_submission)
{
    fixture f = {.scene = scene_rich(1)};
    td_renderer_params params = scene_renderer_params(f.scene, SIDE, SIDE);
    params.in_flight = in_flight;
    params.result_slots = result_slots;
    params.views_per_submission = views_per_submission;
    f.renderer = scene_renderer(device, &params);
    return f;
}

static void stop(fixture *f)
{
    td_renderer_destroy(f->renderer);
    td_scene_destroy(f->scene);
}

static td_request *submit(const fixture *f, uint32_t camera_index)
{
    const td_camera camera = scene_rich_camera(camera_index);
    td_request *request = NULL;
    scene_submit(f->renderer, &camera, 1, &request);
    return request;
}

static td_result try_submit(const fixture *f, uint64_t timeout_ns)
{
    const td_camera camera = scene_rich_camera(0);
    td_request *request = NULL;
    const td_result result = td_renderer_submit(f->renderer, &camera, 1, 0, timeout_ns, &request);
    td_request_release(request);
    return result;
}

/* The pixels in place, as a picture that must not be freed. */
static scene_picture lease(td_request *request)
{
    td_image color, depth, object;
    gpu_ok(td_request_wait(request, SCENE_LIMIT_NS));
    gpu_ok(td_request_image(request, TD_OUTPUT_COLOR, &color));
    gpu_ok(td_request_image(request, TD_OUTPUT_DEPTH, &depth));
    gpu_ok(td_request_image(request, TD_OUTPUT_OBJECT, &object));
    return (scene_picture){
        .width = color.width,
        .height = color.height,
        .color = (uint8_t *)(uintptr_t)color.pixels,
        .depth = (float *)(uintptr_t)depth.pixels,
        .object = (int32_t *)(uintptr_t)object.pixels,
    };
}

static void leased_pixels_stay(td_device *device)
{
    fixture f = start(device, 2, VIEWS, 1);
    td_request *leased[VIEWS - 1];
    uint64_t hashes[VIEWS - 1];
    for (uint32_t i = 0; i < VIEWS - 1; i++) {
        leased[i] = submit(&f, i);
        const scene_picture picture = lease(leased[i]);
        hashes[i] = scene_hash(&picture);
        assert_true(i == 0 || hashes[i] != hashes[i - 1]);
    }
    /* The one free slot is written again and again. */
    for (uint32_t i = 0; i < 8; i++) {
        scene_picture picture = scene_take(submit(&f, i));
        scene_picture_free(&picture);
    }
    for (uint32_t i = 0; i < VIEWS - 1; i++) {
        const scene_picture picture = lease(leased[i]);
        assert_true(scene_hash(&picture) == hashes[i]);
        td_request_release(leased[i]);
    }
    stop(&f);
}

/* With leases given back in any order, the slot that is free is the one that is used. */
static void leases_end_in_any_order(td_device *device)
{
    fixture f = start(device, 2, VIEWS, 1);
    uint64_t expected[VIEWS];
    td_request *requests[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++) {
        requests[i] = submit(&f, i);
        const scene_picture picture = lease(requests[i]);
        expected[i] = scene_hash(&picture);
    }
    const uint32_t order[] = {3, 0, 5, 1, 4, 2, 5, 0, 3, 3, 1, 2};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const uint32_t next = order[i];
        assert_int_equal(try_submit(&f, 0), TD_ERROR_AGAIN);
        td_request_release(requests[next]);
        requests[next] = submit(&f, next);
        for (uint32_t j = 0; j < VIEWS; j++) {
            const scene_picture picture = lease(requests[j]);
            assert_true(scene_hash(&picture) == expected[j]);
        }
    }
    for (uint32_t i = 0; i < VIEWS; i++)
        td_request_release(requests[i]);
    stop(&f);
}

static void views_of_a_submission_end_apart(td_device *device)
{
    fixture f = start(device, 1, 2, 3);
    td_camera cameras[3];
    for (uint32_t i = 0; i < 3; i++)
        cameras[i] = scene_rich_camera(i);
    td_request *first[3], *second[3];
    scene_submit(f.renderer, cameras, 3, first);
    scene_submit(f.renderer, cameras, 3, second);
    const scene_picture kept = lease(first[1]);
    const uint64_t hash = scene_hash(&kept);
    td_request_release(first[0]);
    td_request_release(first[2]);
    for (uint32_t i = 0; i < 3; i++)
        td_request_release(second[i]);
    /* Only one of the two slots is free: a view of the other is leased. */
    for (uint32_t i = 0; i < 4; i++) {
        scene_submit(f.renderer, cameras, 2, second);
        gpu_ok(td_request_wait(second[1], SCENE_LIMIT_NS));
        assert_int_equal(try_submit(&f, 0), TD_ERROR_AGAIN);
        td_request_release(second[0]);
        td_request_release(second[1]);
    }
    assert_true(scene_hash(&kept) == hash);
    td_request_release(first[1]);
    stop(&f);
}

static void a_full_ring_is_backpressure(td_device *device)
{
    fixture f = start(device, 4, 3, 1);
    td_request *requests[3];
    for (uint32_t i = 0; i < 3; i++) {
        requests[i] = submit(&f, i);
        gpu_ok(td_request_wait(requests[i], SCENE_LIMIT_NS));
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(try_submit(&f, 0), TD_ERROR_AGAIN);
        const uint64_t before = tdi_now_ns();
        assert_int_equal(try_submit(&f, 20 * TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
        assert_true(tdi_now_ns() - before >= 20 * TDI_NS_PER_MS);
        assert_true(strlen(td_last_error()) > 0);
    }
    td_request_release(requests[1]);
    assert_int_equal(try_submit(&f, SCENE_LIMIT_NS), TD_OK);
    td_request_release(requests[0]);
    td_request_release(requests[2]);
    stop(&f);
}

/* With one in flight and results to spare, a limit of 0 never waits for the GPU. */
static void submissions_in_flight_are_backpressure(td_device *device)
{
    fixture f = start(device, 1, 8, 1);
    td_request *requests[8];
    uint32_t count = 0, again = 0;
    const td_camera camera = scene_rich_camera(0);
    while (count < 8) {
        const td_result result = td_renderer_submit(f.renderer, &camera, 1, 0, 0, &requests[count]);
        if (result == TD_OK) {
            count++;
            continue;
        }
        assert_int_equal(result, TD_ERROR_AGAIN);
        again++;
        /* The one before is all that can be in the way. */
        assert_true(count > 0);
        gpu_ok(td_request_wait(requests[count - 1], SCENE_LIMIT_NS));
    }
    assert_in_range(again, 0, 8);
    for (uint32_t i = 0; i < 8; i++)
        td_request_release(requests[i]);
    stop(&f);
}

static void released_requests_free_their_slots(td_device *device)
{
    fixture f = start(device, 2, 2, 1);
    for (uint32_t i = 0; i < 12; i++) {
        td_request *request = submit(&f, i % 3);
        if (i % 2)
            td_request_cancel(request);
        td_request_release(request);
    }
    scene_picture picture = scene_take(submit(&f, 1));
    assert_true(scene_covered(&picture) > 0);
    scene_picture_free(&picture);
    stop(&f);
}

static void what_is_in_flight_ends_before_its_renderer(td_device *device)
{
    fixture f = start(device, 3, 5, 1);
    for (uint32_t i = 0; i < 5; i++)
        td_request_release(submit(&f, i));
    stop(&f);
}

static void the_scene_may_go_first(td_device *device)
{
    fixture f = start(device, 2, 4, 1);
    scene_picture before = scene_take(submit(&f, 2));
    td_request *request = submit(&f, 2);
    td_scene_destroy(f.scene);
    scene_picture during = scene_take(request);
    scene_picture after = scene_take(submit(&f, 2));
    scene_assert_same(&during, &before, "while the scene goes");
    scene_assert_same(&after, &before, "after the scene");
    scene_picture_free(&before);
    scene_picture_free(&during);
    scene_picture_free(&after);
    td_renderer_destroy(f.renderer);
}

static void td_request_image_says_what_is_wrong(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.outputs = TD_OUTPUT_COLOR | TD_OUTPUT_OBJECT;
    td_renderer *renderer = scene_renderer(device, &params);
    const td_camera camera = scene_rich_camera(0);
    td_request *request = NULL;
    scene_submit(renderer, &camera, 1, &request);
    td_image image;
    assert_int_equal(td_request_image(NULL, TD_OUTPUT_COLOR, &image), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_image(request, TD_OUTPUT_COLOR, NULL), TD_ERROR_ARGUMENT);
    const td_result early = td_request_image(request, TD_OUTPUT_COLOR, &image);
    assert_true(early == TD_ERROR_STATE || early == TD_OK);
    gpu_ok(td_request_wait(request, SCENE_LIMIT_NS));
    assert_int_equal(td_request_image(request, TD_OUTPUT_DEPTH, &image), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_request_image(request, (td_output)8, &image), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_request_image(request, (td_output)0, &image), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_request_image(request, (td_output)5, &image), TD_ERROR_ARGUMENT);
    gpu_ok(td_request_image(request, TD_OUTPUT_COLOR, &image));
    assert_int_equal(image.channels, 4);
    assert_int_equal(image.component, TD_COMPONENT_UINT8);
    gpu_ok(td_request_image(request, TD_OUTPUT_OBJECT, &image));
    assert_int_equal(image.channels, 1);
    assert_int_equal(image.component, TD_COMPONENT_INT32);
    assert_int_equal(image.width, SIDE);
    assert_int_equal(image.height, SIDE);
    assert_int_equal(image.row_bytes, SIDE * 4);
    td_request_release(request);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void a_cancelled_view_has_no_image(td_device *device)
{
    fixture f = start(device, 2, 4, 1);
    uint32_t cancelled = 0;
    for (uint32_t i = 0; i < 8; i++) {
        td_request *request = submit(&f, 0);
        const bool will_be = td_request_cancel(request);
        const td_result result = td_request_wait(request, SCENE_LIMIT_NS);
        assert_int_equal(result, will_be ? TD_ERROR_CANCELLED : TD_OK);
        td_image image;
        assert_int_equal(td_request_image(request, TD_OUTPUT_COLOR, &image),
                         will_be ? TD_ERROR_STATE : TD_OK);
        cancelled += will_be;
        td_request_release(request);
    }
    assert_true(cancelled > 0);
    stop(&f);
}

static void wrong_submissions_leave_nothing_behind(td_device *device)
{
    fixture f = start(device, 2, 2, 2);
    td_camera cameras[3];
    for (uint32_t i = 0; i < 3; i++)
        cameras[i] = scene_rich_camera(i);
    td_request *requests[3] = {NULL};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(td_renderer_submit(NULL, cameras, 1, 0, 0, requests), TD_ERROR_ARGUMENT);
        assert_int_equal(td_renderer_submit(f.renderer, NULL, 1, 0, 0, requests),
                         TD_ERROR_ARGUMENT);
        assert_int_equal(td_renderer_submit(f.renderer, cameras, 1, 0, 0, NULL), TD_ERROR_ARGUMENT);
        assert_int_equal(td_renderer_submit(f.renderer, cameras, 0, 0, 0, requests),
                         TD_ERROR_ARGUMENT);
        assert_int_equal(td_renderer_submit(f.renderer, cameras, 3, 0, 0, requests),
                         TD_ERROR_ARGUMENT);
        cameras[1].near_plane = -1.0f;
        assert_int_equal(td_renderer_submit(f.renderer, cameras, 2, 0, 0, requests),
                         TD_ERROR_ARGUMENT);
        assert_non_null(strstr(td_last_error(), "near plane"));
        cameras[1] = scene_rich_camera(1);
        assert_null(requests[0]);
    }
    scene_submit(f.renderer, cameras, 2, requests);
    for (uint32_t i = 0; i < 2; i++) {
        scene_picture picture = scene_take(requests[i]);
        assert_true(scene_covered(&picture) > 0);
        scene_picture_free(&picture);
    }
    stop(&f);
}

typedef struct submitter {
    const fixture *f;
    uint64_t hashes[VIEWS];
} submitter;

static void submit_on_thread(void *user)
{
    submitter *s = user;
    for (uint32_t i = 0; i < VIEWS; i++) {
        scene_picture picture = scene_take(submit(s->f, i));
        s->hashes[i] = scene_hash(&picture);
        scene_picture_free(&picture);
    }
}

static void another_thread_may_submit(td_device *device)
{
    fixture f = start(device, 2, 3, 1);
    submitter here = {.f = &f}, there = {.f = &f};
    tdi_thread thread;
    gpu_ok(tdi_thread_start(&thread, "submitter", submit_on_thread, &there));
    tdi_thread_join(&thread);
    submit_on_thread(&here);
    assert_memory_equal(here.hashes, there.hashes, sizeof here.hashes);
    stop(&f);
}

/* Two renderers of one device and scene, each with a thread of its own. */
static void renderers_do_not_disturb_each_other(td_device *device)
{
    fixture f = start(device, 2, 3, 1);
    fixture other = {.scene = f.scene};
    td_renderer_params params = scene_renderer_params(f.scene, SIDE, SIDE);
    params.views_per_submission = 1;
    other.renderer = scene_renderer(device, &params);
    submitter here = {.f = &f}, there = {.f = &other};
    tdi_thread thread;
    gpu_ok(tdi_thread_start(&thread, "submitter", submit_on_thread, &there));
    submit_on_thread(&here);
    tdi_thread_join(&thread);
    assert_memory_equal(here.hashes, there.hashes, sizeof here.hashes);
    td_renderer_destroy(other.renderer);
    stop(&f);
}

static void a_completion_queue_collects_views(td_device *device)
{
    fixture f = start(device, 3, VIEWS + 1, 1);
    td_completion_queue *queue = NULL;
    gpu_ok(td_completion_queue_create(&queue));
    for (uint32_t i = 0; i < VIEWS; i++) {
        td_request *request = submit(&f, i);
        gpu_ok(td_completion_queue_watch(queue, request, i));
        td_request_release(request);
    }
    uint32_t seen = 0, next = 0;
    while (seen < VIEWS) {
        td_completion done[4];
        uint32_t count = 0;
        gpu_ok(td_completion_queue_take(queue, done, 4, SCENE_LIMIT_NS, &count));
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(done[i].tag, next++);
            gpu_ok(done[i].result);
            const scene_picture picture = lease(done[i].request);
            assert_true(scene_covered(&picture) > 0);
            td_request_release(done[i].request);
        }
        seen += count;
    }
    td_completion_queue_destroy(queue);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(leased_pixels_stay),
        gpu_test(leases_end_in_any_order),
        gpu_test(views_of_a_submission_end_apart),
        gpu_test(a_full_ring_is_backpressure),
        gpu_test(submissions_in_flight_are_backpressure),
        gpu_test(released_requests_free_their_slots),
        gpu_test(what_is_in_flight_ends_before_its_renderer),
        gpu_test(the_scene_may_go_first),
        gpu_test(td_request_image_says_what_is_wrong),
        gpu_test(a_cancelled_view_has_no_image),
        gpu_test(wrong_submissions_leave_nothing_behind),
        gpu_test(another_thread_may_submit),
        gpu_test(renderers_do_not_disturb_each_other),
        gpu_test(a_completion_queue_collects_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
