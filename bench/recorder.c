/* Draws recorded a second by the recorder, beside a plain Vulkan loop that records the same draws
 * on as many threads: a command pool for each thread and slot, reset whole. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <tandem/recorder.h>

#include "base/cores.h"
#include "load.h"

#define ROUNDS       15
#define FRAMES       24
#define DRAWS        100000 /* a thread and frame */
#define MOST_THREADS 16

typedef enum level { PRIMARY, SECONDARY } level;

typedef struct plain_thread {
    struct plain *all;
    uint32_t index;
    pthread_t handle;
    VkCommandPool pools[LOAD_SLOTS];
    VkCommandBuffer commands[LOAD_SLOTS];
} plain_thread;

typedef struct plain {
    const load *l;
    level kind;
    uint32_t thread_count;
    plain_thread threads[MOST_THREADS];
    pthread_barrier_t start, done;
    bool stopping;
    uint32_t slot;
} plain;

static const VkFormat target_format = VK_FORMAT_R8G8B8A8_UNORM;
static const VkCommandBufferInheritanceRenderingInfo inherited_rendering = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO,
    .colorAttachmentCount = 1,
    .pColorAttachmentFormats = &target_format,
    .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
};
static const VkCommandBufferInheritanceInfo inheritance = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO, .pNext = &inherited_rendering};

static void record_draws(const load *l, level kind, VkCommandBuffer commands, uint32_t count)
{
    if (kind == PRIMARY)
        load_begin_rendering(l, commands, 0);
    load_bind_triangles(l, commands, 0);
    for (uint32_t i = 0; i < count; i++)
        l->vk->vkCmdDraw(commands, 3, 1, 3 * i, 0);
    if (kind == PRIMARY)
        l->vk->vkCmdEndRendering(commands);
}

/* ---- the plain loop ---- */

static void record_plain(plain_thread *thread, uint32_t slot)
{
    const load *l = thread->all->l;
    const level kind = thread->all->kind;
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT |
                 (kind == SECONDARY ? VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT : 0u),
        .pInheritanceInfo = kind == SECONDARY ? &inheritance : NULL,
    };
    load_check(l->vk->vkResetCommandPool(l->handle, thread->pools[slot], 0), "vkResetCommandPool");
    load_check(l->vk->vkBeginCommandBuffer(thread->commands[slot], &begin), "vkBeginCommandBuffer");
    record_draws(l, kind, thread->commands[slot], DRAWS);
    load_check(l->vk->vkEndCommandBuffer(thread->commands[slot]), "vkEndCommandBuffer");
}

static void *run_plain_thread(void *user)
{
    plain_thread *thread = user;
    plain *all = thread->all;
    for (;;) {
        pthread_barrier_wait(&all->start);
        if (all->stopping)
            return NULL;
        record_plain(thread, all->slot);
        pthread_barrier_wait(&all->done);
    }
}

static void make_plain_thread(plain *all, uint32_t index)
{
    const load *l = all->l;
    plain_thread *thread = &all->threads[index];
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                          .queueFamilyIndex = l->graphics_family};
    thread->all = all;
    thread->index = index;
    for (uint32_t i = 0; i < LOAD_SLOTS; i++) {
        load_check(l->vk->vkCreateCommandPool(l->handle, &pool, NULL, &thread->pools[i]),
                   "vkCreateCommandPool");
        const VkCommandBufferAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
            .commandPool = thread->pools[i],
            .level = all->kind == SECONDARY ? VK_COMMAND_BUFFER_LEVEL_SECONDARY
                                            : VK_COMMAND_BUFFER_LEVEL_PRIMARY,
            .commandBufferCount = 1,
        };
        load_check(l->vk->vkAllocateCommandBuffers(l->handle, &info, &thread->commands[i]),
                   "vkAllocateCommandBuffers");
    }
    if (index > 0) /* the calling thread is the first */
        pthread_create(&thread->handle, NULL, run_plain_thread, thread);
}

static void make_plain(const load *l, level kind, uint32_t threads, plain *out)
{
    memset(out, 0, sizeof *out);
    out->l = l;
    out->kind = kind;
    out->thread_count = threads;
    pthread_barrier_init(&out->start, NULL, threads);
    pthread_barrier_init(&out->done, NULL, threads);
    for (uint32_t i = 0; i < threads; i++)
        make_plain_thread(out, i);
}

static void destroy_plain(plain *all)
{
    all->stopping = true;
    pthread_barrier_wait(&all->start);
    for (uint32_t i = 0; i < all->thread_count; i++) {
        if (i > 0)
            pthread_join(all->threads[i].handle, NULL);
        for (uint32_t k = 0; k < LOAD_SLOTS; k++)
            all->l->vk->vkDestroyCommandPool(all->l->handle, all->threads[i].pools[k], NULL);
    }
    pthread_barrier_destroy(&all->start);
    pthread_barrier_destroy(&all->done);
}

/* Draws a second. */
static double run_plain(plain *all)
{
    const double start = load_now();
    for (uint32_t i = 0; i < FRAMES; i++) {
        all->slot = i % LOAD_SLOTS;
        pthread_barrier_wait(&all->start);
        record_plain(&all->threads[0], all->slot);
        pthread_barrier_wait(&all->done);
    }
    return (double)FRAMES * DRAWS * all->thread_count / (load_now() - start);
}

/* ---- tandem ---- */

typedef struct work {
    const load *l;
    level kind;
} work;

static td_result record_part(const td_recorder_part *part)
{
    const work *w = part->user;
    record_draws(w->l, w->kind, part->commands, part->count);
    return TD_OK;
}

static double run_tandem(td_recorder *recorder, const work *w, uint32_t threads)
{
    const td_recorder_frame frame = {
        .items = DRAWS * threads,
        .record = record_part,
        .user = (void *)(uintptr_t)w,
        .inheritance = w->kind == SECONDARY ? &inheritance : NULL,
    };
    const double start = load_now();
    for (uint32_t i = 0; i < FRAMES; i++) {
        const VkCommandBuffer *commands;
        uint32_t count;
        load_ok(td_recorder_record(recorder, &frame, TD_FOREVER, &commands, &count), "record");
    }
    return (double)FRAMES * DRAWS * threads / (load_now() - start);
}

static json_t *compare(const load *l, level kind, uint32_t threads)
{
    plain all;
    td_recorder *recorder = NULL;
    const work w = {l, kind};
    const td_recorder_params params = {.threads = threads, .slots = LOAD_SLOTS};
    double plain_runs[ROUNDS], tandem_runs[ROUNDS], ratios[ROUNDS];
    make_plain(l, kind, threads, &all);
    load_ok(td_recorder_create(l->device, &params, &recorder), "recorder");
    (void)run_plain(&all);
    (void)run_tandem(recorder, &w, threads);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        plain_runs[i] = run_plain(&all);
        tandem_runs[i] = run_tandem(recorder, &w, threads);
        ratios[i] = tandem_runs[i] / plain_runs[i];
    }
    td_recorder_destroy(recorder);
    destroy_plain(&all);
    return json_pack("{s:s, s:i, s:f, s:f, s:f}", "level",
                     kind == SECONDARY ? "secondary" : "primary", "threads", (int)threads,
                     "plain_draws_per_s", load_median(plain_runs, ROUNDS), "tandem_draws_per_s",
                     load_median(tandem_runs, ROUNDS), "tandem_over_plain",
                     load_median(ratios, ROUNDS));
}

int main(void)
{
    const load_params params = {0};
    load l;
    load_create(&params, &l);
    json_t *rows = json_array();
    for (int kind = PRIMARY; kind <= SECONDARY; kind++) {
        for (uint32_t threads = 1; threads <= MOST_THREADS; threads *= 2)
            json_array_append_new(rows, compare(&l, (level)kind, threads));
    }
    json_t *report = json_pack("{s:s, s:s, s:i, s:o}", "benchmark", "recorder", "device", l.name,
                               "cores", (int)tdi_core_count(), "rows", rows);
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    load_destroy(&l);
    return 0;
}
