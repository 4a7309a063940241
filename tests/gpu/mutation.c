/* Every barrier and every wait of the renderer's plan is dropped in turn, and something notices:
 * the hazards layer or validation on submissions in order, or the pixels where the layer
 * split_queues runs its queues as badly as it may. `--table` prints rows of the table in
 * docs/synchronisation.md. */
#define _XOPEN_SOURCE 700

#include "scene_support.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../layers/hazards_control.h"
#include "../layers/split_control.h"
#include "async/graph.h"
#include "base/memory.h"

enum { VIEWS = 5 }; /* more than are in flight, so that slots and memory are used again */

typedef struct variant {
    const char *name;
    bool copy_results;
    td_raster raster;
    uint32_t tile_width, in_flight;
} variant;

static const variant variants[] = {
    {"compute", false, TD_RASTER_COMPUTE, 0, 3},
    {"copied results", true, TD_RASTER_COMPUTE, 0, 3},
    {"tiles", false, TD_RASTER_COMPUTE, 32, 3},
    {"hardware", false, TD_RASTER_HARDWARE, 0, 3},
    {"draws", false, TD_RASTER_HARDWARE_DRAWS, 0, 3},
};

/* ---- what notices ---- */

static atomic_uint of_validation;

static void on_message(void *user, const char *id, const char *text)
{
    (void)user;
    if (getenv("TANDEM_TEST_VERBOSE"))
        fprintf(stderr, "%s: %s\n", id, text);
    if (strncmp(id, "TANDEM-", 7) != 0)
        atomic_fetch_add(&of_validation, 1);
}

static void drop_log(void *user, td_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

typedef struct noticed {
    bool hazards, validation;
    const char *pixels; /* what the adversarial schedule makes of them; NULL: not tried */
} noticed;

/* ---- a renderer and its plan ---- */

typedef struct fixture {
    td_device *device;
    td_renderer *renderer;
    td_plan *plan;
    hazards_count_fn count_hazards;
    hazards_hold_fn hold;
    scene_picture expected[VIEWS];
} fixture;

static void remember_plan(td_plan *plan, void *user)
{
    *(td_plan **)user = plan;
}

static void render(const fixture *f, scene_picture pictures[VIEWS])
{
    td_request *requests[VIEWS];
    f->hold(f->device->handle, VK_TRUE);
    for (uint32_t i = 0; i < VIEWS; i++) {
        const td_camera camera = scene_rich_camera(i);
        scene_submit(f->renderer, &camera, 1, &requests[i]);
    }
    for (uint32_t i = 0; i < VIEWS; i++)
        pictures[i] = scene_take(requests[i]);
    f->device->vk.vkDeviceWaitIdle(f->device->handle);
    f->hold(f->device->handle, VK_FALSE);
}

static void make_device(fixture *f)
{
    const td_device_params params = {.validation = true};
    gpu_check_device(td_device_create(&params, &f->device));
    const PFN_vkGetDeviceProcAddr find = f->device->instance.vkGetDeviceProcAddr;
    f->count_hazards = (hazards_count_fn)find(f->device->handle, HAZARDS_COUNT);
    f->hold = (hazards_hold_fn)find(f->device->handle, HAZARDS_HOLD);
    if (!f->count_hazards) {
        print_message("skipped: needs the hazards layer\n");
        td_device_destroy(f->device);
        skip();
    }
}

static void make_renderer(fixture *f, const variant *v)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 64, 48);
    params.samples = 4;
    params.views_per_submission = 1;
    params.in_flight = v->in_flight;
    params.result_slots = VIEWS + 1;
    params.copy_results = v->copy_results ? TD_COPY_ALWAYS : TD_COPY_NEVER;
    params.raster = v->raster;
    params.tile_width = v->tile_width;
    if (f->device->queue_count > 1)
        params.async = TD_ASYNC_ON;
    f->renderer = scene_renderer(f->device, &params);
    td_scene_destroy(scene);
}

static void make_fixture(fixture *f, const variant *v)
{
    make_device(f);
    tdi_set_plan_hook(remember_plan, &f->plan);
    make_renderer(f, v);
    tdi_set_plan_hook(NULL, NULL);
    atomic_store(&of_validation, 0);
    render(f, f->expected);
    assert_int_equal(atomic_load(&of_validation), 0);
    assert_int_equal(f->count_hazards(f->device->handle), 0);
}

static void free_pictures(scene_picture pictures[VIEWS])
{
    for (uint32_t i = 0; i < VIEWS; i++)
        scene_picture_free(&pictures[i]);
}

static void destroy_fixture(fixture *f)
{
    free_pictures(f->expected);
    td_renderer_destroy(f->renderer);
    td_device_destroy(f->device);
}

/* ---- the adversarial schedule ---- */

/* Another process renders with the part dropped from its first frame on, since anything may come of
 * it. */
enum { SAME_PIXELS = 0, OTHER_PIXELS = 10, LIMIT_S = 30 };

static uint64_t hash_of(const scene_picture pictures[VIEWS])
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < VIEWS; i++)
        hash = hash * 31 + scene_hash(&pictures[i]);
    return hash;
}

static void drop_at_once(td_plan *plan, void *user)
{
    tdi_plan_drop(plan, *(const uint32_t *)user);
}

/* `--drop VARIANT PART HASH`. */
static int run_adversary(char **arguments)
{
    fixture f = {0};
    scene_picture pictures[VIEWS];
    const variant *v = &variants[strtoul(arguments[0], NULL, 10)];
    uint32_t part = (uint32_t)strtoul(arguments[1], NULL, 10);
    setenv(SPLIT_SCHEDULE_VARIABLE, "adversarial", 1);
    make_device(&f);
    tdi_set_plan_hook(drop_at_once, &part);
    make_renderer(&f, v);
    render(&f, pictures);
    _exit(hash_of(pictures) == strtoull(arguments[2], NULL, 16) ? SAME_PIXELS : OTHER_PIXELS);
}

static const char *name_of_end(int status)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? "no end" : "crash";
    if (WEXITSTATUS(status) == OTHER_PIXELS)
        return "differ";
    return WEXITSTATUS(status) == SAME_PIXELS ? "same" : "failure";
}

static const char *ask_adversary(const fixture *f, uint32_t variant_index, uint32_t part)
{
    char which[16], what[16], hash[24];
    snprintf(which, sizeof which, "%u", variant_index);
    snprintf(what, sizeof what, "%u", part);
    snprintf(hash, sizeof hash, "%" PRIx64, hash_of(f->expected));
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(LIMIT_S); /* which execl() keeps */
        execl("/proc/self/exe", "mutation", "--drop", which, what, hash, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return name_of_end(status);
}

/* ---- the run ---- */

static bool table, ask_all;

/* The driver runs the commands of one queue one after the other: only waits may change pixels. */
static noticed drop(const fixture *f, uint32_t variant_index, uint32_t part, const char *text)
{
    const uint64_t hazards = f->count_hazards(f->device->handle);
    scene_picture pictures[VIEWS];
    noticed by = {0};
    atomic_store(&of_validation, 0);
    tdi_plan_drop(f->plan, part);
    render(f, pictures);
    free_pictures(pictures);
    by.hazards = f->count_hazards(f->device->handle) > hazards;
    by.validation = atomic_load(&of_validation) > 0;
    if (ask_all && f->device->queue_count > 1 && strstr(text, "wait"))
        by.pixels = ask_adversary(f, variant_index, part);
    return by;
}

/* What nothing notices, by the beginning of its name, with the reason. Where the hazards layer says
 * nothing, all that the part orders is ordered without it. */
typedef struct exception {
    bool split;          /* holds where lanes have queues of their own */
    const char *variant; /* holds there only; NULL: everywhere */
    const char *part, *why;
} exception;

#define NOTHING_TO_WAIT_FOR "the renderer binds what the host has waited for"
#define UPLOADED            "the scene is uploaded before the renderer is there"
#define BY_OTHER_QUEUES     "the waits for other queues order it, which waited for this one"
#define BY_FIRST_QUEUE      "queue 1 is first to use the memory and has waited"
#define BY_DRAW             "'draw' waits for the same batch, and its barrier to 'shade' goes on"

static const exception exceptions[] = {
    {false, NULL, "wait of queue", NOTHING_TO_WAIT_FOR},
    {true, NULL, "wait of queue", NOTHING_TO_WAIT_FOR},
    {false, NULL, "waits of queue", UPLOADED},
    {true, NULL, "waits of queue", UPLOADED},
    {false, NULL, "first barrier on queue 0: what is", UPLOADED},
    {true, NULL, "first barrier on queue 0: what is", UPLOADED},
    {true, NULL, "first barrier on queue 1: what is", UPLOADED},
    {true, NULL, "first barrier on queue 2: what is", UPLOADED},
    {true, NULL, "first barrier on queue 0: transient", BY_FIRST_QUEUE},
    {true, NULL, "first wait of queue 0 for queue 1", BY_FIRST_QUEUE},
    {true, NULL, "first barrier on queue 1: transient", BY_OTHER_QUEUES},
    {true, "copied results", "first wait of queue 0 for queue 2", BY_FIRST_QUEUE},
    {true, "copied results", "first wait of queue 1 for queue 0", BY_OTHER_QUEUES},
    {true, "copied results", "first barrier on queue 2: transient", BY_FIRST_QUEUE},
    {true, "copied results", "first wait of queue 2 for queue", BY_FIRST_QUEUE},
    {true, "hardware", "wait of 'shade' for queue 1", BY_DRAW},
    {true, "draws", "wait of 'shade' for queue 1", BY_DRAW},
};

static bool excepted[sizeof exceptions / sizeof exceptions[0]]; /* something */

static const char *why_not(const fixture *f, const variant *v, const char *part)
{
    const bool split = f->device->queue_count > 1;
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        const exception *e = &exceptions[i];
        if (e->split == split && (!e->variant || strcmp(e->variant, v->name) == 0) &&
            strncmp(part, e->part, strlen(e->part)) == 0) {
            excepted[i] = true;
            return e->why;
        }
    }
    return NULL;
}

static bool seen(noticed by)
{
    return by.hazards || by.validation || (by.pixels && strcmp(by.pixels, "same") != 0);
}

/* A row of the table: what is the same for several variants is told once. */
typedef struct row {
    char text[512], variants[128];
} row;

static row rows[256];
static size_t row_count;

static void add_row(const variant *v, const char *text)
{
    for (size_t i = 0; i < row_count; i++) {
        row *old = &rows[i];
        const size_t length = strlen(old->variants);
        if (strcmp(old->text, text) == 0) {
            snprintf(old->variants + length, sizeof old->variants - length, ", %s", v->name);
            return;
        }
    }
    assert_true(row_count < sizeof rows / sizeof rows[0]);
    snprintf(rows[row_count].text, sizeof rows[0].text, "%s", text);
    snprintf(rows[row_count].variants, sizeof rows[0].variants, "%s", v->name);
    row_count++;
}

static void print_rows(void)
{
    printf("| what is dropped | hazards | validation | pixels | or why nothing | of |\n"
           "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < row_count; i++)
        printf("%s | %s |\n", rows[i].text, rows[i].variants);
}

static void report(const fixture *f, const variant *v, const char *part, noticed by,
                   uint32_t *missed)
{
    const char *why = seen(by) ? "" : why_not(f, v, part);
    char text[512];
    snprintf(text, sizeof text, "| %s | %s | %s | %s | %s", part, by.hazards ? "yes" : "",
             by.validation ? "yes" : "", by.pixels ? by.pixels : "", why ? why : "**nothing**");
    add_row(v, text);
    if (why)
        return;
    print_error("%s: nothing notices that this is dropped: %s\n", v->name, part);
    *missed += 1;
}

static uint32_t run_variant(uint32_t index, bool *split)
{
    fixture f = {0};
    uint32_t missed = 0;
    make_fixture(&f, &variants[index]);
    *split = f.device->queue_count > 1;
    const uint32_t parts = tdi_plan_droppable(f.plan);
    assert_true(parts > 0);
    for (uint32_t i = 0; i < parts; i++) {
        char *text = NULL;
        gpu_ok(tdi_plan_droppable_text(f.plan, i, &text));
        report(&f, &variants[index], text, drop(&f, index, i, text), &missed);
        tdi_free(text);
    }
    destroy_fixture(&f);
    return missed;
}

/* Exceptions that nothing needs any more would hide what comes later. */
static uint32_t count_idle_exceptions(bool split)
{
    uint32_t idle = 0;
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (exceptions[i].split != split || excepted[i])
            continue;
        print_error("this exception is for nothing: %s\n", exceptions[i].part);
        idle++;
    }
    return idle;
}

static void every_part_is_noticed(void **state)
{
    (void)state;
    uint32_t missed = 0;
    bool split = false;
    for (uint32_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        missed += run_variant(i, &split);
    if (table)
        print_rows();
    missed += count_idle_exceptions(split);
    assert_int_equal(missed, 0);
}

int main(int argc, char **argv)
{
    table = argc > 1 && strcmp(argv[1], "--table") == 0;
    ask_all = table || getenv("TANDEM_TEST_LONG");
    setenv("VK_LAYER_DUPLICATE_MESSAGE_LIMIT", "1000000000", 1);
    setenv("VK_KHRONOS_VALIDATION_ENABLE_MESSAGE_LIMIT", "false", 1); /* newer layers */
    gpu_watch_messages(NULL);
    tdi_instance_set_message_hook(on_message, NULL);
    td_set_log(drop_log, NULL, TD_LOG_ERROR);
    if (argc > 4 && strcmp(argv[1], "--drop") == 0)
        return run_adversary(argv + 2);
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_part_is_noticed)};
    return gpu_run_tests(tests);
}
