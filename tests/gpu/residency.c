/* Textures that do not all fit: what views sample is brought in, and the image is the one that all
 * levels give; where even that does not fit, the policy decides. */
#include "scene_support.h"

#include <stdatomic.h>
#include <string.h>

#include "gpu/budget.h"

#define MIB   (UINT64_C(1) << 20)
#define AMPLE (64 * MIB)
/* All levels of the walls take 14.7 MiB, each 1.33; a view of some needs a part of that. */
#define SMALL (12 * MIB)
/* One renderer keeps what it had for views that are over; two cannot. */
#define SHARED (8 * MIB)
#define TIGHT  (4 * MIB)

enum { WIDTH = 160, HEIGHT = 120, WALLS = 11, TEXELS = 512, VIEWS = 4, BANDS = 8 };

/* Noise at every scale, so that each level looks different; alpha cuts holes. */
static uint32_t add_noise(td_scene *scene, uint32_t seed)
{
    static uint8_t pixels[TEXELS * TEXELS * 4];
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (uint32_t i = 0; i < TEXELS * TEXELS; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        for (uint32_t c = 0; c < 4; c++)
            pixels[4 * i + c] = (uint8_t)(state >> (32 + 8 * c));
    }
    uint32_t texture = 0;
    const td_texture_params params = {
        .pixels = pixels, .width = TEXELS, .height = TEXELS, .channels = 4, .name = "noise"};
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    return texture + 1;
}

/* A coat whose textures lie larger on the wall than the others. */
static void add_coat(td_material_params *params)
{
    td_texture_use use = params->base_color_texture;
    use.scale[0] = use.scale[1] = 0.1f;
    params->clearcoat.factor = 1;
    params->clearcoat.roughness = 1;
    params->clearcoat.roughness_texture = use;
    params->clearcoat.normal_texture = use;
}

/* Walls side by side, farther and farther; every third is masked, every fourth is bent by a normal
 * map, and every fourth coated if that is asked for. */
static td_scene *make_coated_walls(bool coated)
{
    td_scene *scene = scene_make();
    for (uint32_t i = 0; i < WALLS; i++) {
        td_material_params params = scene_unlit_params();
        params.unlit = i % 2 == 0;
        params.base_color_texture.texture = add_noise(scene, i);
        params.base_color_texture.scale[0] = params.base_color_texture.scale[1] = 0.3f;
        params.double_sided = true;
        if (i % 3 == 0)
            params.alpha_mode = TD_ALPHA_MASK;
        if (i % 4 == 1)
            params.normal_texture = params.base_color_texture;
        if (i % 4 == 3 && coated)
            add_coat(&params);
        const uint32_t wall = scene_quad(scene, 3, 3, scene_material(scene, &params));
        (void)scene_place_at(scene, wall, 3.1f * ((float)i - WALLS / 2), 0.3f * (float)(i % 3),
                             -1.5f * (float)i, i);
    }
    return scene;
}

static td_scene *make_walls(void)
{
    return make_coated_walls(false);
}

/* Along the walls, so that each view sees others, and one from far. */
static td_camera camera_of(uint32_t view)
{
    td_camera camera = scene_perspective(3 + 2 * (float)view, 0.9f, 0.1f, 0);
    camera.world[12] = 4 * (float)view - 8;
    if (view == VIEWS - 1) {
        camera = scene_perspective(60, 0.9f, 0.1f, 0);
        camera.world[12] = 0;
    }
    return camera;
}

typedef struct outcome {
    td_result result;       /* of making the renderer */
    td_result views[VIEWS]; /* of submitting */
    scene_picture pictures[VIEWS];
    td_renderer_info info;
    uint32_t reduced; /* textures that a view had less of */
} outcome;

static void submit_view(td_renderer *renderer, uint32_t view, outcome *out)
{
    const td_camera camera = camera_of(view);
    td_request *request = NULL;
    out->views[view] = td_renderer_submit(renderer, &camera, 1, view, SCENE_LIMIT_NS, &request);
    if (out->views[view] == TD_OK)
        out->pictures[view] = scene_take(request);
}

static void count_reduced(const td_renderer *renderer, outcome *out)
{
    td_texture_state states[64];
    uint32_t count = 0;
    gpu_ok(td_renderer_textures(renderer, states, 64, &count));
    assert_int_equal(count, out->info.textures);
    for (uint32_t i = 0; i < count; i++) {
        assert_string_equal(states[i].name, "noise");
        assert_true(states[i].first_level < states[i].levels);
        out->reduced += states[i].least_level > 0;
    }
}

/* The views with so much memory, on a device of its own. */
static outcome render(td_scene *scene, uint64_t budget, td_texture_policy policy, uint32_t samples)
{
    outcome out = {0};
    td_device *device = NULL;
    td_renderer *renderer = NULL;
    const td_device_params device_params = {.budget_bytes = budget, .validation = true};
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    gpu_ok(td_device_create(&device_params, &device));
    params.samples = samples;
    params.textures = policy;
    out.result = td_renderer_create(device, &params, &renderer);
    for (uint32_t i = 0; i < VIEWS && out.result == TD_OK; i++)
        submit_view(renderer, i, &out);
    if (out.result == TD_OK) {
        td_renderer_get_info(renderer, &out.info);
        count_reduced(renderer, &out);
    }
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    assert_true(info.peak_bytes <= budget);
    assert_int_equal(info.exceeded, 0);
    td_renderer_destroy(renderer);
    td_device_destroy(device);
    return out;
}

static void free_outcome(outcome *out)
{
    for (uint32_t i = 0; i < VIEWS; i++)
        if (out->result == TD_OK && out->views[i] == TD_OK)
            scene_picture_free(&out->pictures[i]);
}

static void assert_same_pictures(const outcome *found, const outcome *expected)
{
    for (uint32_t i = 0; i < VIEWS; i++) {
        assert_int_equal(found->views[i], TD_OK);
        scene_assert_same(&found->pictures[i], &expected->pictures[i], "with fewer levels");
    }
}

static void what_fits_is_there_for_good(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome out = render(scene, AMPLE, TD_TEXTURES_NEEDED, 1);
    assert_int_equal(out.result, TD_OK);
    assert_false(out.info.textures_change);
    assert_int_equal(out.info.texture_bytes, out.info.texture_full_bytes);
    assert_true(out.info.texture_bytes > 14 * MIB);
    assert_int_equal(out.reduced, 0);
    free_outcome(&out);
    td_scene_destroy(scene);
}

/* Occlusion of a picture of its own, which rides along in R of the other, and one that cannot. */
static td_scene *make_occluded(void)
{
    td_scene *scene = scene_make();
    td_material_params params = scene_unlit_params();
    params.unlit = false;
    params.base_color_texture.texture = add_noise(scene, 0);
    params.metallic_roughness_texture.texture = add_noise(scene, 1);
    params.occlusion_texture.texture = add_noise(scene, 2);
    (void)scene_place_at(scene, scene_quad(scene, 3, 3, scene_material(scene, &params)), 0, 0, 0,
                         0);
    params.metallic_roughness_texture = params.base_color_texture;
    params.occlusion_texture.texture = add_noise(scene, 3);
    (void)scene_place_at(scene, scene_quad(scene, 3, 3, scene_material(scene, &params)), 0, 0, -1,
                         1);
    return scene;
}

static uint64_t texel_bytes(const td_texture_state *state)
{
    uint64_t texels = 0;
    for (uint32_t level = state->first_level; level < state->levels; level++)
        texels += (uint64_t)(state->width >> level) * (state->height >> level);
    return 4 * texels;
}

static void a_scene_says_what_it_takes_on_a_device(td_device *device)
{
    td_scene *scene = make_occluded();
    td_scene_info expected;
    td_renderer_info info;
    td_texture_state states[8];
    uint32_t count = 0;
    uint64_t bytes = 0;
    gpu_ok(td_scene_get_info(scene, &expected));
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.textures = TD_TEXTURES_ALL;
    td_renderer *renderer = scene_renderer(device, &params);
    gpu_ok(td_renderer_textures(renderer, states, 8, &count));
    for (uint32_t i = 0; i < count; i++)
        bytes += texel_bytes(&states[i]);
    td_renderer_get_info(renderer, &info);
    assert_int_equal(count, 4); /* one picture in two readings, one not at all */
    assert_int_equal(expected.texture_bytes, bytes);
    assert_true(info.texture_bytes >= bytes);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void levels_that_no_view_samples_are_left_out(td_device *device)
{
    (void)device;
    for (uint32_t samples = 1; samples <= 4; samples += 3) {
        td_scene *scene = make_coated_walls(samples == 4);
        outcome all = render(scene, AMPLE, TD_TEXTURES_ALL, samples);
        outcome few = render(scene, SMALL, TD_TEXTURES_NEEDED, samples);
        assert_int_equal(all.result, TD_OK);
        assert_int_equal(few.result, TD_OK);
        assert_true(few.info.textures_change);
        assert_true(few.info.textures_partial > 0);
        assert_true(few.info.texture_changes > 0);
        assert_true(few.info.texture_bytes < few.info.texture_full_bytes);
        assert_int_equal(few.info.views_less_detailed, 0);
        assert_int_equal(few.reduced, 0);
        assert_same_pictures(&few, &all);
        free_outcome(&all);
        free_outcome(&few);
        td_scene_destroy(scene);
    }
}

static void all_asks_for_all(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome out = render(scene, SMALL, TD_TEXTURES_ALL, 1);
    assert_int_equal(out.result, TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "textures"));
    td_scene_destroy(scene);
}

/* A view that cannot have what it samples fails alone, with the sums. */
static void needed_refuses_a_view_and_goes_on(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome all = render(scene, AMPLE, TD_TEXTURES_ALL, 1);
    outcome out = render(scene, TIGHT, TD_TEXTURES_NEEDED, 1);
    uint32_t refused = 0;
    assert_int_equal(out.result, TD_OK);
    for (uint32_t i = 0; i < VIEWS; i++) {
        if (out.views[i] == TD_OK)
            scene_assert_same(&out.pictures[i], &all.pictures[i], "between refused views");
        else
            assert_int_equal(out.views[i], TD_ERROR_BUDGET);
        refused += out.views[i] != TD_OK;
    }
    assert_true(refused > 0);
    assert_int_equal(out.views[VIEWS - 1], TD_OK); /* from far, little is sampled */
    assert_int_equal(out.info.views_less_detailed, 0);
    free_outcome(&all);
    free_outcome(&out);
    td_scene_destroy(scene);
}

/* Nothing is refused; what was less is told; the same again gives the same again. */
static void others_render_with_less_detail(td_device *device)
{
    static const td_texture_policy policies[] = {TD_TEXTURES_LRU, TD_TEXTURES_PRIORITY};
    (void)device;
    td_scene *scene = make_walls();
    outcome all = render(scene, AMPLE, TD_TEXTURES_ALL, 1);
    for (uint32_t p = 0; p < 2; p++) {
        outcome out = render(scene, TIGHT, policies[p], 1);
        outcome again = render(scene, TIGHT, policies[p], 1);
        assert_int_equal(out.result, TD_OK);
        assert_true(out.info.views_less_detailed > 0);
        assert_true(out.info.views_less_detailed < VIEWS);
        assert_true(out.reduced > 0);
        assert_same_pictures(&again, &out);
        scene_assert_same(&out.pictures[VIEWS - 1], &all.pictures[VIEWS - 1], "from far");
        uint32_t first, differing = 0;
        for (uint32_t i = 0; i < VIEWS; i++)
            differing += scene_differences(&out.pictures[i], &all.pictures[i], &first) > 0;
        assert_int_equal(differing, out.info.views_less_detailed);
        free_outcome(&out);
        free_outcome(&again);
    }
    free_outcome(&all);
    td_scene_destroy(scene);
}

typedef scene_picture band_pictures[VIEWS][BANDS];

/* The views in bands, of which the last comes first, on a device of its own. */
static td_renderer_info render_bands(td_scene *scene, uint64_t budget, band_pictures pictures)
{
    td_device *device = NULL;
    td_renderer_info info;
    const td_device_params device_params = {.budget_bytes = budget, .validation = true};
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    gpu_ok(td_device_create(&device_params, &device));
    params.textures = TD_TEXTURES_PRIORITY;
    params.band_height = HEIGHT / BANDS;
    td_renderer *renderer = scene_renderer(device, &params);
    for (uint32_t view = 0; view < VIEWS; view++) {
        const td_camera camera = camera_of(view);
        for (uint32_t band = BANDS; band-- > 0;) {
            td_request *request = NULL;
            gpu_ok(td_renderer_submit_band(renderer, &camera, band, 0, SCENE_LIMIT_NS, &request));
            pictures[view][band] = scene_take(request);
        }
    }
    td_renderer_get_info(renderer, &info);
    td_renderer_destroy(renderer);
    td_device_destroy(device);
    return info;
}

/* Bands of a view that differ. */
static uint32_t compare_bands(scene_picture a[BANDS], scene_picture b[BANDS])
{
    uint32_t first, differing = 0;
    for (uint32_t band = 0; band < BANDS; band++) {
        differing += scene_differences(&a[band], &b[band], &first) > 0;
        scene_picture_free(&a[band]);
        scene_picture_free(&b[band]);
    }
    return differing;
}

static void a_view_in_bands_counts_once(td_device *device)
{
    (void)device;
    static band_pictures all, less;
    td_scene *scene = make_walls();
    uint32_t views = 0, bands = 0;
    (void)render_bands(scene, AMPLE, all);
    const td_renderer_info info = render_bands(scene, TIGHT, less);
    for (uint32_t view = 0; view < VIEWS; view++) {
        const uint32_t differing = compare_bands(all[view], less[view]);
        views += differing > 0;
        bands += differing;
    }
    assert_true(bands >= VIEWS); /* so many submissions lacked something */
    /* What a mask outside of a band lacks counts, and is not seen in it. */
    assert_true(info.views_less_detailed >= views);
    assert_true(info.views_less_detailed < VIEWS);
    td_scene_destroy(scene);
}

/* What the first had to keep for views that are over is given up for the second, and comes back. */
static void levels_that_are_not_needed_are_given_up_for_others(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome all = render(scene, AMPLE, TD_TEXTURES_ALL, 1);
    outcome first = {0}, second = {0}, again = {0};
    td_renderer_info before, after;
    td_device *shared = NULL;
    const td_device_params device_params = {.budget_bytes = SHARED, .validation = true};
    const td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    gpu_ok(td_device_create(&device_params, &shared));
    td_renderer *renderer = scene_renderer(shared, &params);
    for (uint32_t i = 0; i < VIEWS; i++)
        submit_view(renderer, i, &first);
    td_renderer_get_info(renderer, &before);
    td_renderer *other = scene_renderer(shared, &params);
    for (uint32_t i = 0; i < VIEWS; i++)
        submit_view(other, i, &second);
    td_renderer_get_info(renderer, &after);
    assert_true(after.texture_bytes < before.texture_bytes);
    for (uint32_t i = 0; i < VIEWS; i++)
        submit_view(renderer, i, &again);
    assert_same_pictures(&first, &all);
    assert_same_pictures(&second, &all);
    assert_same_pictures(&again, &all);
    td_renderer_destroy(other);
    td_renderer_destroy(renderer);
    td_device_destroy(shared);
    free_outcome(&all);
    free_outcome(&first);
    free_outcome(&second);
    free_outcome(&again);
    td_scene_destroy(scene);
}

/* Keeps a queue busy for a good part of a second. */
static void fill_often(td_device *device, VkCommandBuffer commands, void *user)
{
    const tdi_buffer *buffer = user;
    for (uint32_t i = 0; i < 8000; i++) {
        device->vk.vkCmdFillBuffer(commands, buffer->handle, 0, buffer->size, i);
        gpu_full_barrier(device, commands);
    }
}

/* Asks for a byte of textures, as an allocation does that does not fit. */
static uint64_t ask_for_textures(td_device *device)
{
    tdi_relief *relief = tdi_budget_pressure(device->budget)->first;
    while (relief && relief->categories != 1u << TD_BUDGET_TEXTURES)
        relief = relief->next;
    assert_non_null(relief);
    return relief->free_some(relief, 1);
}

static uint64_t used_by_textures(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    return info.by_category[TD_BUDGET_TEXTURES];
}

static void assert_one_is_gone(const td_renderer *renderer)
{
    td_texture_state states[64];
    uint32_t count = 0, gone = 0;
    gpu_ok(td_renderer_textures(renderer, states, 64, &count));
    for (uint32_t i = 0; i < count; i++)
        gone += states[i].first_level == states[i].levels;
    assert_int_equal(gone, 1);
}

/* Frames that sample an image do not keep it from being given up: it goes when they are over. */
static void levels_in_flight_are_given_up_too(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome first = {0}, again = {0};
    td_request *request = NULL;
    td_ticket last = {0};
    tdi_buffer filled;
    td_device *own = NULL;
    const td_camera far = camera_of(VIEWS - 1);
    const td_device_params device_params = {.budget_bytes = SMALL, .validation = true};
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.async = TD_ASYNC_OFF;
    gpu_ok(td_device_create(&device_params, &own));
    gpu_make_buffer(own, 256 << 10, TDI_MEMORY_DEVICE, &filled);
    td_renderer *renderer = scene_renderer(own, &params);
    for (uint32_t i = 0; i < VIEWS; i++)
        submit_view(renderer, i, &first);
    const uint64_t before = used_by_textures(own);
    const gpu_submission work = gpu_submit_to_lane(own, TD_LANE_GRAPHICS, fill_often, &filled);
    gpu_ok(td_renderer_submit(renderer, &far, 1, 0, SCENE_LIMIT_NS, &request));
    const td_lane_submit_params after = {.lane = TD_LANE_GRAPHICS};
    gpu_ok(td_lane_submit(own, &after, &last));
    assert_true(ask_for_textures(own) > 0);
    assert_one_is_gone(renderer);
    assert_int_equal(used_by_textures(own), before); /* a frame samples it still */
    assert_true(tdi_pressure_expects(tdi_budget_pressure(own->budget)));
    assert_false(td_ticket_reached(own, last));
    scene_picture picture = scene_take(request);
    gpu_submission_wait(own, &work);
    gpu_settle(own);
    assert_true(used_by_textures(own) < before);
    scene_assert_same(&picture, &first.pictures[VIEWS - 1], "while levels were given up");
    for (uint32_t i = 0; i < VIEWS; i++)
        submit_view(renderer, i, &again);
    assert_same_pictures(&again, &first);
    scene_picture_free(&picture);
    free_outcome(&first);
    free_outcome(&again);
    td_renderer_destroy(renderer);
    tdi_buffer_destroy(own, &filled);
    td_device_destroy(own);
    td_scene_destroy(scene);
}

typedef struct asker {
    tdi_thread thread;
    td_renderer *renderer;
    atomic_bool enough;
    uint32_t answers;
} asker;

static void keep_asking(void *user)
{
    asker *a = user;
    while (!atomic_load(&a->enough)) {
        td_texture_state states[64];
        td_renderer_info info;
        uint32_t count = 0;
        td_renderer_get_info(a->renderer, &info);
        gpu_ok(td_renderer_textures(a->renderer, states, 64, &count));
        assert_int_equal(count, info.textures);
        assert_true(info.texture_bytes <= info.texture_full_bytes);
        for (uint32_t i = 0; i < count; i++)
            assert_true(states[i].first_level <= states[i].levels);
        a->answers++;
    }
}

/* And keep nobody from anything. */
static void questions_may_be_asked_while_views_are_submitted(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome out = {0};
    td_device *own = NULL;
    asker a = {0};
    const td_device_params device_params = {.budget_bytes = SMALL, .validation = true};
    const td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    gpu_ok(td_device_create(&device_params, &own));
    a.renderer = scene_renderer(own, &params);
    gpu_ok(tdi_thread_start(&a.thread, "asker", keep_asking, &a));
    for (uint32_t i = 0; i < VIEWS; i++)
        submit_view(a.renderer, i, &out);
    assert_true(ask_for_textures(own) > 0);
    atomic_store(&a.enough, true);
    tdi_thread_join(&a.thread);
    assert_true(a.answers > 0);
    free_outcome(&out);
    td_renderer_destroy(a.renderer);
    td_device_destroy(own);
    td_scene_destroy(scene);
}

/* The views on a device with room for everything but so many bytes of textures. */
static outcome render_with_limit(td_scene *scene, uint64_t limit, td_texture_policy policy)
{
    outcome out = {0};
    td_device *device = NULL;
    td_renderer *renderer = NULL;
    td_budget_info info;
    const td_device_params device_params = {.budget_bytes = AMPLE, .validation = true};
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    gpu_ok(td_device_create(&device_params, &device));
    gpu_ok(td_budget_set_category_limit(td_device_budget(device), TD_BUDGET_TEXTURES, limit));
    params.textures = policy;
    out.result = td_renderer_create(device, &params, &renderer);
    for (uint32_t i = 0; i < VIEWS && out.result == TD_OK; i++)
        submit_view(renderer, i, &out);
    if (out.result == TD_OK)
        td_renderer_get_info(renderer, &out.info);
    td_budget_get_info(td_device_budget(device), &info);
    assert_true(info.peak_by_category[TD_BUDGET_TEXTURES] <= limit);
    td_renderer_destroy(renderer);
    td_device_destroy(device);
    return out;
}

static void a_limit_of_textures_counts_as_the_whole_does(td_device *device)
{
    (void)device;
    td_scene *scene = make_walls();
    outcome all = render_with_limit(scene, 10 * MIB, TD_TEXTURES_NEEDED);
    assert_int_equal(all.result, TD_OK);
    assert_true(all.info.textures_change);
    outcome less = render_with_limit(scene, MIB / 2, TD_TEXTURES_PRIORITY);
    assert_int_equal(less.result, TD_OK);
    assert_true(less.info.views_less_detailed > 0);
    scene_assert_same(&less.pictures[VIEWS - 1], &all.pictures[VIEWS - 1], "from far");
    outcome none = render_with_limit(scene, 10 * MIB, TD_TEXTURES_ALL);
    assert_int_equal(none.result, TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "the limit for textures is 10.0 MiB"));
    free_outcome(&all);
    free_outcome(&less);
    td_scene_destroy(scene);
}

static void a_policy_must_exist(td_device *device)
{
    td_scene *scene = make_walls();
    td_renderer *renderer = NULL;
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.textures = (td_texture_policy)9;
    assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_ARGUMENT);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(what_fits_is_there_for_good),
        gpu_test(a_scene_says_what_it_takes_on_a_device),
        gpu_test(levels_that_no_view_samples_are_left_out),
        gpu_test(all_asks_for_all),
        gpu_test(needed_refuses_a_view_and_goes_on),
        gpu_test(others_render_with_less_detail),
        gpu_test(a_view_in_bands_counts_once),
        gpu_test(levels_that_are_not_needed_are_given_up_for_others),
        gpu_test(levels_in_flight_are_given_up_too),
        gpu_test(questions_may_be_asked_while_views_are_submitted),
        gpu_test(a_limit_of_textures_counts_as_the_whole_does),
        gpu_test(a_policy_must_exist),
    };
    return gpu_run_tests(tests);
}
