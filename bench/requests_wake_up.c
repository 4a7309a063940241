#include "requests.h"

#include <pthread.h>
#include <stdlib.h>

#include <tandem/ticket.h>

#include "async/device_clock.h"
#include "base/clock.h"
#include "gpu/pipeline.h"
#include "load.h"

#define SAMPLES      500
#define WARM_UP      20
#define DISPATCH_NS  (UINT64_C(500) * 1000) /* long enough for the other thread to go to sleep */
#define MOST_ROUNDS  (UINT32_C(1) << 16)
#define OFFSET_BYTES 16
#define GROUPS       64
#define GROUP_SIZE   64
#define PUSH_COUNT   3 /* of load_waves_code */

typedef enum wait_kind { WAIT_REQUEST, WAIT_TAKE, WAIT_PLAIN, WAIT_KINDS } wait_kind;
static const char *const kind_names[] = {"td_request_wait", "td_completion_queue_take",
                                         "vkWaitSemaphores"};

/* A dispatch with a timestamp at its end, and the thread that waits for it. */
typedef struct wake {
    td_device *device;
    tdi_device_clock *clock;
    tdi_pipeline pipeline;
    tdi_descriptor_pool *descriptors;
    VkDescriptorSet set;
    tdi_buffer offsets;
    VkQueryPool queries;
    VkCommandPool pool;
    VkCommandBuffer commands;
    td_completion_queue *queue;
    uint32_t rounds;

    pthread_t waiter;
    pthread_barrier_t start, end;
    wait_kind kind;
    bool stopping;
    td_ticket ticket;
    td_request *request;
    uint64_t woken_ns;
} wake;

static uint32_t family_of(const wake *w)
{
    td_device_info info;
    td_device_get_info(w->device, &info);
    return info.lanes[TD_LANE_COMPUTE].family;
}

static void make_pipeline(wake *w)
{
    size_t code_bytes;
    const uint32_t *code = load_waves_code(&code_bytes);
    const tdi_compute_pipeline_params params = {
        .name = "waves",
        .code = code,
        .code_bytes = code_bytes,
        .binding_count = 1,
        .push_bytes = PUSH_COUNT * sizeof(uint32_t),
    };
    const tdi_buffer_params buffer = {
        .name = "offsets",
        .size = (VkDeviceSize)GROUPS * GROUP_SIZE * OFFSET_BYTES,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
        .kind = TDI_MEMORY_DEVICE,
        .category = TD_BUDGET_TRANSIENT,
    };
    load_ok(tdi_pipeline_create_compute(w->device, &params, &w->pipeline), "pipeline");
    load_ok(tdi_buffer_create(w->device, &buffer, &w->offsets), "buffer");
    load_ok(tdi_descriptor_pool_create(w->device, 1, 1, &w->descriptors), "descriptors");
    const tdi_binding binding = {w->offsets.handle, 0, w->offsets.size};
    load_ok(tdi_descriptor_set_create(w->device, w->descriptors, &w->pipeline, &binding, &w->set),
            "descriptor set");
}

static void make_commands(wake *w)
{
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = family_of(w)};
    const VkQueryPoolCreateInfo queries = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                           .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                           .queryCount = 1};
    load_check(w->device->vk.vkCreateCommandPool(w->device->handle, &pool, NULL, &w->pool),
               "vkCreateCommandPool");
    load_check(w->device->vk.vkCreateQueryPool(w->device->handle, &queries, NULL, &w->queries),
               "vkCreateQueryPool");
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = w->pool,
        .commandBufferCount = 1,
    };
    load_check(w->device->vk.vkAllocateCommandBuffers(w->device->handle, &info, &w->commands),
               "vkAllocateCommandBuffers");
}

static void record(const wake *w)
{
    const struct VolkDeviceTable *vk = &w->device->vk;
    const uint32_t push[PUSH_COUNT] = {GROUPS * GROUP_SIZE, w->rounds, 0};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    load_check(vk->vkResetCommandPool(w->device->handle, w->pool, 0), "vkResetCommandPool");
    load_check(vk->vkBeginCommandBuffer(w->commands, &begin), "vkBeginCommandBuffer");
    vk->vkCmdResetQueryPool(w->commands, w->queries, 0, 1);
    vk->vkCmdBindPipeline(w->commands, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline.handle);
    vk->vkCmdBindDescriptorSets(w->commands, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline.layout, 0,
                                1, &w->set, 0, NULL);
    vk->vkCmdPushConstants(w->commands, w->pipeline.layout, w->pipeline.stages, 0, sizeof push,
                           push);
    vk->vkCmdDispatch(w->commands, GROUPS, 1, 1);
    vk->vkCmdWriteTimestamp2(w->commands, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, w->queries, 0);
    load_check(vk->vkEndCommandBuffer(w->commands), "vkEndCommandBuffer");
}

/* ---- the thread that waits ---- */

static void wait_plain(const wake *w)
{
    VkSemaphore semaphore;
    uint64_t value;
    load_ok(td_ticket_semaphore(w->device, w->ticket, &semaphore, &value), "semaphore");
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &semaphore,
        .pValues = &value,
    };
    load_check(w->device->vk.vkWaitSemaphores(w->device->handle, &info, UINT64_MAX),
               "vkWaitSemaphores");
}

static void wait_once(wake *w)
{
    td_completion taken;
    uint32_t count;
    switch (w->kind) {
    case WAIT_REQUEST:
        load_ok(td_request_wait(w->request, TD_FOREVER), "wait");
        break;
    case WAIT_TAKE:
        load_ok(td_completion_queue_take(w->queue, &taken, 1, TD_FOREVER, &count), "take");
        break;
    default:
        wait_plain(w);
    }
    w->woken_ns = tdi_now_ns();
    if (w->kind == WAIT_TAKE)
        td_request_release(taken.request);
}

static void *wait_always(void *user)
{
    wake *w = user;
    for (;;) {
        pthread_barrier_wait(&w->start);
        if (w->stopping)
            return NULL;
        wait_once(w);
        pthread_barrier_wait(&w->end);
    }
}

/* ---- samples ---- */

static void submit(wake *w)
{
    const td_lane_submit_params params = {
        .lane = TD_LANE_COMPUTE, .commands = &w->commands, .command_count = 1};
    load_ok(td_lane_submit(w->device, &params, &w->ticket), "submit");
}

/* The smallest power of two of rounds that keeps the device at work for as long as is wanted. */
static void choose_rounds(wake *w)
{
    uint64_t took = 0;
    for (w->rounds = 1; took < DISPATCH_NS && w->rounds < MOST_ROUNDS; w->rounds *= 2) {
        record(w);
        const uint64_t start = tdi_now_ns();
        submit(w);
        load_ok(td_ticket_wait(w->device, w->ticket, TD_FOREVER), "wait");
        took = tdi_now_ns() - start;
    }
    record(w);
}

static uint64_t end_of_work(const wake *w)
{
    uint64_t ticks = 0;
    const uint32_t bits = w->device->queues[w->ticket.queue].timestamp_bits;
    load_check(w->device->vk.vkGetQueryPoolResults(w->device->handle, w->queries, 0, 1,
                                                   sizeof ticks, &ticks, sizeof ticks,
                                                   VK_QUERY_RESULT_64_BIT),
               "vkGetQueryPoolResults");
    return tdi_device_clock_to_host(w->clock, ticks, bits);
}

/* Microseconds from the end of the work to the return of the wait. */
static double sample(wake *w, wait_kind kind)
{
    w->kind = kind;
    submit(w);
    if (kind != WAIT_PLAIN)
        load_ok(td_ticket_request(w->device, w->ticket, &w->request), "request");
    if (kind == WAIT_TAKE)
        load_ok(td_completion_queue_watch(w->queue, w->request, 0), "watch");
    pthread_barrier_wait(&w->start);
    pthread_barrier_wait(&w->end);
    if (kind != WAIT_PLAIN)
        td_request_release(w->request);
    return ((double)w->woken_ns - (double)end_of_work(w)) * 1e-3;
}

static json_t *summary(const char *name, double *values)
{
    const double median = load_median(values, SAMPLES); /* sorts them */
    return json_pack("{s:s, s:f, s:f, s:f}", "way", name, "least_us", values[0], "median_us",
                     median, "p99_us", values[SAMPLES * 99 / 100]);
}

static void begin(wake *w)
{
    make_pipeline(w);
    make_commands(w);
    choose_rounds(w);
    load_ok(td_completion_queue_create(&w->queue), "completion queue");
    pthread_barrier_init(&w->start, NULL, 2);
    pthread_barrier_init(&w->end, NULL, 2);
    pthread_create(&w->waiter, NULL, wait_always, w);
}

static void end(wake *w)
{
    w->stopping = true;
    pthread_barrier_wait(&w->start);
    pthread_join(w->waiter, NULL);
    pthread_barrier_destroy(&w->start);
    pthread_barrier_destroy(&w->end);
    td_completion_queue_destroy(w->queue);
    w->device->vk.vkDestroyQueryPool(w->device->handle, w->queries, NULL);
    w->device->vk.vkDestroyCommandPool(w->device->handle, w->pool, NULL);
    tdi_descriptor_pool_destroy(w->device, w->descriptors);
    tdi_buffer_destroy(w->device, &w->offsets);
    tdi_pipeline_destroy(w->device, &w->pipeline);
}

static json_t *measure(wake *w)
{
    static double values[WAIT_KINDS][SAMPLES];
    json_t *rows = json_array();
    begin(w);
    for (uint32_t i = 0; i < WARM_UP + SAMPLES; i++)
        for (uint32_t kind = 0; kind < WAIT_KINDS; kind++)
            values[kind][i < WARM_UP ? 0 : i - WARM_UP] = sample(w, (wait_kind)kind);
    for (uint32_t kind = 0; kind < WAIT_KINDS; kind++)
        json_array_append_new(rows, summary(kind_names[kind], values[kind]));
    end(w);
    return rows;
}

json_t *measure_wake_up(void)
{
    wake w = {0};
    td_device_info info;
    if (td_device_create(NULL, &w.device) != TD_OK)
        return json_pack("{s:s}", "why", td_last_error());
    td_device_get_info(w.device, &info);
    load_ok(tdi_device_clock_of(w.device, &w.clock), "clock");
    const uint32_t queue = w.device->lane_queue[TD_LANE_COMPUTE];
    const bool measurable = w.clock && w.device->queues[queue].timestamp_bits > 0;
    json_t *report = json_pack("{s:s}", "device", info.name);
    if (measurable)
        json_object_set_new(report, "rows", measure(&w));
    else
        json_object_set_new(
            report, "why",
            json_string("the device's timestamps cannot be compared with the host's clock"));
    td_device_destroy(w.device);
    return report;
}
