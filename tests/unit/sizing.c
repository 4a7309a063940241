/* How much a renderer does at once: as asked for where the budget allows, else fewer views a
 * submission, then fewer in flight, then tiles, then bands. The device and the passes are doubles.
 */
#include "support.h"

#include <string.h>

#include <tandem/host.h>

#include "gpu/budget.h"
#include "gpu/memory.h"
#include "render/sizing.h"

#define MIB (UINT64_C(1) << 20)

/* What the doubles of the passes answer. */
static uint64_t most_pixels, most_views;

uint64_t tdi_passes_max_pixels(const tdi_passes *passes, const td_device *device)
{
    (void)passes;
    (void)device;
    return most_pixels;
}

uint64_t tdi_passes_max_views(const tdi_passes *passes, const td_device *device)
{
    (void)passes;
    (void)device;
    return most_views;
}

static VkDeviceSize words_bytes(const td_graph_extent *extent, void *user)
{
    (void)user;
    return (VkDeviceSize)extent->tile_width * extent->tile_height * extent->views *
           extent->samples * 8;
}

static void record_nothing(const td_pass_context *context)
{
    (void)context;
}

typedef struct fixture {
    td_device device;
    td_scene *scene;
    td_graph *graph;
    td_renderer_params params;
    tdi_sizing sizing;
} fixture;

/* A graph of one transient resource: 8 bytes a sample. */
static td_graph *make_graph(void)
{
    td_graph *graph = NULL;
    assert_int_equal(td_graph_create("test", &graph), TD_OK);
    const td_resource_params resource = {
        .name = "words", .kind = TD_RESOURCE_TRANSIENT, .size = words_bytes};
    td_use use = {
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
        .access = VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT,
        .mode = TD_ACCESS_WRITE,
        .before = TD_BEFORE_UNDEFINED,
    };
    assert_int_equal(td_graph_add_resource(graph, &resource, &use.resource), TD_OK);
    const td_pass_params pass = {
        .name = "write",
        .lane = TD_LANE_GRAPHICS,
        .capabilities = VK_QUEUE_COMPUTE_BIT,
        .uses = &use,
        .use_count = 1,
        .record = record_nothing,
    };
    assert_int_equal(td_graph_add_pass(graph, &pass), TD_OK);
    return graph;
}

static void start(fixture *f, uint64_t budget, td_budget_mode mode)
{
    *f = (fixture){.graph = make_graph()};
    td_device *device = &f->device;
    device->queue_count = 1;
    device->queues[0].capabilities =
        VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT;
    device->max_storage_range = 128 * MIB;
    device->memory_properties.memoryTypeCount = 1;
    device->memory_properties.memoryHeapCount = 1;
    device->memory_properties.memoryHeaps[0].size = 64 * 1024 * MIB;
    device->memory_properties.memoryTypes[0].propertyFlags =
        VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
        VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    assert_int_equal(tdi_budget_create(budget, mode, &device->budget), TD_OK);
    assert_int_equal(tdi_memory_create(device, &device->memory), TD_OK);
    assert_int_equal(td_scene_create(NULL, &f->scene), TD_OK);
    /* One view: 1 MiB of result and 8 MiB of words. */
    f->params = (td_renderer_params){
        .scene = f->scene,
        .width = 512,
        .height = 512,
        .samples = 4,
        .outputs = TD_OUTPUT_COLOR,
        .in_flight = 4,
        .result_slots = 6,
        .views_per_submission = 4,
    };
    most_pixels = UINT64_MAX;
    most_views = 64;
}

static void stop(fixture *f)
{
    td_scene_destroy(f->scene);
    td_graph_destroy(f->graph);
    tdi_memory_destroy(f->device.memory);
    tdi_budget_destroy(f->device.budget);
}

static td_result find(fixture *f)
{
    const tdi_sizing_request request = {
        .device = &f->device, .params = &f->params, .graph = f->graph, .scene = f->scene};
    return tdi_sizing_find(&request, &f->sizing);
}

/* A sizing for so much memory; false if it is refused. */
static bool find_with(fixture *f, uint64_t budget)
{
    start(f, budget, TD_BUDGET_ENFORCE);
    const td_result result = find(f);
    assert_true(result == TD_OK || result == TD_ERROR_BUDGET);
    return result == TD_OK;
}

static void plenty_gives_what_was_asked_for(void **state)
{
    (void)state;
    fixture f;
    assert_true(find_with(&f, 1024 * MIB));
    assert_int_equal(f.sizing.views, 4);
    assert_int_equal(f.sizing.in_flight, 4);
    assert_int_equal(f.sizing.result_slots, 6);
    assert_int_equal(f.sizing.tile_width, 512);
    assert_int_equal(f.sizing.tile_height, 512);
    assert_int_equal(f.sizing.transient_bytes, 32 * MIB);
    assert_int_equal(f.sizing.layout.view_bytes, MIB);
    stop(&f);
}

static void less_gives_up_views_then_flight_then_the_whole_image(void **state)
{
    (void)state;
    fixture f;
    uint32_t fewer_views = 0, fewer_in_flight = 0, tiled = 0, refused = 0;
    for (uint64_t budget = 120; budget > 0; budget--) {
        const bool found = find_with(&f, budget * MIB);
        const tdi_sizing *s = &f.sizing;
        if (!found) {
            refused++;
            stop(&f);
            continue;
        }
        const uint64_t least = s->transient_bytes * s->transient_sets +
                               s->layout.view_bytes * s->views * s->result_slots;
        assert_true(least <= budget * MIB);
        assert_in_range(s->in_flight, 1, s->result_slots - 1);
        assert_true(s->result_slots >= 2);
        const bool whole = s->tile_width == 512 && s->tile_height == 512;
        /* In flight is given up only when views are, tiles only when both are. */
        assert_true(s->in_flight == 4 || s->views == 1);
        assert_true(whole || (s->views == 1 && s->result_slots == 2));
        fewer_views += s->views < 4;
        fewer_in_flight += s->in_flight < 4;
        tiled += !whole;
        stop(&f);
    }
    assert_true(refused > 0 && tiled > 0 && fewer_in_flight > tiled);
    assert_true(fewer_views > fewer_in_flight);
}

static void a_refusal_has_the_sums_and_takes_nothing(void **state)
{
    (void)state;
    fixture f;
    assert_false(find_with(&f, 2 * MIB));
    const char *const parts[] = {"geometry",  "textures", "staging",         "readback 2.0 MiB",
                                 "transient", "needs",    "limit is 2.0 MiB"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(td_last_error(), parts[i]));
    td_budget_info info;
    td_budget_get_info(f.device.budget, &info);
    assert_int_equal(info.peak_bytes, 0);
    stop(&f);
}

static void fixed_tiles_are_kept(void **state)
{
    (void)state;
    fixture f;
    start(&f, 1024 * MIB, TD_BUDGET_ENFORCE);
    f.params.tile_width = 100;
    f.params.tile_height = 2000; /* more than the image */
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.tile_width, 100);
    assert_int_equal(f.sizing.tile_height, 512);
    stop(&f);
    start(&f, 6 * MIB, TD_BUDGET_ENFORCE);
    f.params.tile_width = 512;
    f.params.tile_height = 512;
    assert_int_equal(find(&f), TD_ERROR_BUDGET);
    f.params.tile_height = 0;
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.tile_width, 512);
    assert_in_range(f.sizing.tile_height, 1, 256);
    stop(&f);
}

static void bindings_bound_tiles_before_the_flight(void **state)
{
    (void)state;
    fixture f;
    start(&f, 1024 * MIB, TD_BUDGET_ENFORCE);
    most_pixels = 200 * 512;
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.views, 1);
    assert_int_equal(f.sizing.in_flight, 4);
    assert_int_equal(f.sizing.result_slots, 6);
    assert_true(f.sizing.tile_width * f.sizing.tile_height <= most_pixels);
    most_pixels = UINT64_MAX;
    most_views = 2;
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.views, 2);
    stop(&f);
}

static void what_cannot_be_bound_is_unsupported(void **state)
{
    (void)state;
    fixture f;
    start(&f, 4096 * MIB, TD_BUDGET_ENFORCE);
    f.params.width = f.params.height = 8192;
    assert_int_equal(find(&f), TD_ERROR_UNSUPPORTED);
    assert_non_null(strstr(td_last_error(), "8192x8192"));
    assert_non_null(strstr(td_last_error(), "128 MiB"));
    stop(&f);
}

/* What every choice of bands keeps to. */
static void assert_bands(const fixture *f, uint64_t budget)
{
    const tdi_sizing *s = &f->sizing;
    assert_int_equal(s->views, 1);
    assert_in_range(s->in_flight, 1, s->result_slots - 1);
    assert_in_range(s->band_height, 64, (f->params.height + 1) / 2);
    assert_in_range(s->tile_height, 1, s->band_height);
    assert_int_equal(s->layout.height, s->band_height);
    assert_true(s->transient_bytes * s->transient_sets + s->layout.view_bytes * s->result_slots <=
                budget);
    assert_true(s->layout.view_bytes <= f->device.max_storage_range);
}

/* A result of 64 MiB: two of them and a tile of 256x256 are whole images' least. */
static void bands_come_after_tiles_and_before_a_refusal(void **state)
{
    (void)state;
    fixture f;
    uint32_t whole = 0, bands = 0, tiled = 0, refused = 0;
    for (uint64_t budget = 1; budget <= 200; budget++) {
        start(&f, budget * MIB, TD_BUDGET_ENFORCE);
        f.params.width = f.params.height = 4096;
        f.params.bands = true;
        const td_result result = find(&f);
        assert_true(result == TD_OK || result == TD_ERROR_BUDGET);
        if (result != TD_OK) {
            refused++;
            assert_true(bands + whole == 0);
        } else if (f.sizing.band_height < 4096) {
            bands++;
            tiled += f.sizing.tile_width < 4096;
            assert_int_equal(whole, 0);
            assert_bands(&f, budget * MIB);
        } else {
            whole++;
            assert_true(f.sizing.tile_width >= 256 && f.sizing.tile_height >= 256);
        }
        stop(&f);
    }
    assert_in_range(refused, 1, 8);
    assert_true(tiled > 0 && bands > tiled && whole > 0);
    assert_in_range(whole, 200 - 135, 200 - 128);
}

/* Bands of what cannot be bound whole, however large the budget. */
static void bands_are_bound(void **state)
{
    (void)state;
    fixture f;
    const uint64_t budget = 4096 * MIB;
    start(&f, budget, TD_BUDGET_ENFORCE);
    f.params.width = f.params.height = 16384;
    f.params.samples = 1;
    f.params.bands = true;
    most_pixels = 16 * MIB;
    assert_int_equal(find(&f), TD_OK);
    assert_bands(&f, budget);
    assert_true((uint64_t)f.sizing.tile_width * f.sizing.tile_height <= most_pixels);
    assert_true(f.sizing.band_height >= 512);
    stop(&f);
}

static void fixed_bands_are_kept(void **state)
{
    (void)state;
    fixture f;
    start(&f, 1024 * MIB, TD_BUDGET_ENFORCE);
    f.params.band_height = 77;
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.band_height, 77);
    assert_int_equal(f.sizing.layout.height, 77);
    assert_int_equal(f.sizing.tile_height, 77);
    assert_int_equal(f.sizing.tile_width, 512);
    assert_int_equal(f.sizing.views, 1);
    f.params.band_height = 513; /* more than the image */
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.band_height, 512);
    assert_int_equal(f.sizing.views, 4);
    stop(&f);
}

/* As many as fill the device: the larger the fewer, and a CPU is full sooner. */
static void automatic_views_fill_the_device(void **state)
{
    (void)state;
    fixture f;
    start(&f, 1024 * MIB, TD_BUDGET_ENFORCE);
    f.params.views_per_submission = 0;
    uint32_t last = TDI_MAX_VIEWS;
    for (uint32_t side = 32; side <= 4096; side *= 2) {
        f.params.width = f.params.height = side;
        f.device.info.software = false;
        assert_int_equal(find(&f), TD_OK);
        const uint32_t views = f.sizing.views;
        assert_in_range(views, 1, last);
        assert_true(side > 32 || views == TDI_MAX_VIEWS);
        assert_true(side < 4096 || views == 1);
        f.device.info.software = true;
        assert_int_equal(find(&f), TD_OK);
        assert_in_range(f.sizing.views, 1, views);
        assert_true(side < 512 || f.sizing.views == 1);
        last = views;
    }
    stop(&f);
}

static void mode_warn_gives_up_nothing(void **state)
{
    (void)state;
    fixture f;
    start(&f, MIB, TD_BUDGET_WARN);
    assert_int_equal(find(&f), TD_OK);
    assert_int_equal(f.sizing.views, 4);
    assert_int_equal(f.sizing.in_flight, 4);
    assert_int_equal(f.sizing.tile_width, 512);
    stop(&f);
}

static void count_message(void *user, td_log_level level, const char *message)
{
    (void)message;
    *(uint32_t *)user += level == TD_LOG_WARNING;
}

static void less_in_flight_is_told(void **state)
{
    (void)state;
    fixture f;
    uint32_t warnings = 0;
    td_set_log(count_message, &warnings, TD_LOG_WARNING);
    assert_true(find_with(&f, 1024 * MIB));
    assert_int_equal(warnings, 0);
    stop(&f);
    assert_true(find_with(&f, 12 * MIB));
    assert_true(f.sizing.in_flight < 4);
    assert_int_equal(warnings, 1);
    stop(&f);
    td_set_log(NULL, NULL, TD_LOG_ERROR);
}

static void sizing_survives_want_of_memory(void **state)
{
    (void)state;
    support_use_allocator();
    fixture f;
    start(&f, 12 * MIB, TD_BUDGET_ENFORCE);
    uint32_t nth = 0;
    bool failed = true;
    while (failed) {
        support_fail_allocation(++nth);
        const td_result result = find(&f);
        failed = support_allocation_failed();
        assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
    }
    assert_true(nth > 3);
    stop(&f);
    support_restore_allocator();
}

static int be_quiet(void **state)
{
    (void)state;
    td_set_log(NULL, NULL, TD_LOG_ERROR);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plenty_gives_what_was_asked_for),
        cmocka_unit_test(less_gives_up_views_then_flight_then_the_whole_image),
        cmocka_unit_test(a_refusal_has_the_sums_and_takes_nothing),
        cmocka_unit_test(fixed_tiles_are_kept),
        cmocka_unit_test(bindings_bound_tiles_before_the_flight),
        cmocka_unit_test(what_cannot_be_bound_is_unsupported),
        cmocka_unit_test(bands_come_after_tiles_and_before_a_refusal),
        cmocka_unit_test(bands_are_bound),
        cmocka_unit_test(fixed_bands_are_kept),
        cmocka_unit_test(automatic_views_fill_the_device),
        cmocka_unit_test(mode_warn_gives_up_nothing),
        cmocka_unit_test(less_in_flight_is_told),
        cmocka_unit_test(sizing_survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, be_quiet, NULL);
}
