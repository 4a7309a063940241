/* The hazards layer reports each kind of fault that it is there for, and nothing that is in order.
 * What is declared here is not done by any command: validation has nothing to say. */
#include "gpu_test.h"

#include "async/lane.h"
#include "async/plan_declare.h"

#define COMPUTE  VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT
#define COPY     VK_PIPELINE_STAGE_2_COPY_BIT
#define FRAGMENT VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT
#define HOST     VK_PIPELINE_STAGE_2_HOST_BIT
#define ALL      VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT

#define STORAGE_READ  VK_ACCESS_2_SHADER_STORAGE_READ_BIT
#define STORAGE_WRITE VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT
#define COPY_READ     VK_ACCESS_2_TRANSFER_READ_BIT
#define COPY_WRITE    VK_ACCESS_2_TRANSFER_WRITE_BIT
#define HOST_READ     VK_ACCESS_2_HOST_READ_BIT

#define BYTES     1024
#define MAX_STEPS 8

/* Mostly a submission: it waits for earlier ones, has a barrier, and uses the buffer. */
typedef struct step {
    td_lane lane;
    uint32_t waits; /* for the steps before, a bit each */
    VkPipelineStageFlags2 wait_stages;
    VkPipelineStageFlags2 src_stages, dst_stages; /* of the barrier; none if both are 0 */
    VkAccessFlags2 src_access, dst_access;
    VkPipelineStageFlags2 stages; /* of the use; 0: none */
    VkAccessFlags2 access;
    td_access_mode mode;
    td_before before;
    VkDeviceSize offset, size; /* 0: all */
    bool host_waits;           /* before the submission, for all earlier ones */
    bool same;                 /* in the submission of the step before */
} step;

typedef struct run {
    td_device *device;
    tdi_declare_uses_fn declare;
    tdi_buffer buffer;
    VkCommandPool pools[MAX_STEPS];
    td_ticket tickets[MAX_STEPS];
} run;

static void record_barrier(const run *all, VkCommandBuffer commands, const step *s)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = s->src_stages,
        .srcAccessMask = s->src_access,
        .dstStageMask = s->dst_stages,
        .dstAccessMask = s->dst_access,
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };
    if (s->src_stages | s->dst_stages)
        all->device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static void declare_use(const run *all, VkCommandBuffer commands, const step *s)
{
    const tdi_declared_use use = {
        .resource = "buffer",
        .buffer = all->buffer.handle,
        .offset = s->offset,
        .size = s->size ? s->size : VK_WHOLE_SIZE,
        .stages = s->stages,
        .access = s->access,
        .mode = s->mode,
        .before = s->before,
    };
    const tdi_declared_pass pass = {
        .graph = "test", .pass = "step", .commands = commands, .uses = &use, .use_count = 1};
    if (s->stages)
        all->declare(all->device->handle, &pass);
}

static VkCommandBuffer record(run *all, uint32_t index, const step *s, uint32_t count)
{
    const struct VolkDeviceTable *vk = &all->device->vk;
    VkDevice device = all->device->handle;
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = all->device->queues[all->device->lane_queue[s->lane]].family,
    };
    gpu_ok(tdi_vk_check(vk->vkCreateCommandPool(device, &pool, NULL, &all->pools[index]), "pool"));
    const VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = all->pools[index],
        .commandBufferCount = 1,
    };
    VkCommandBuffer commands;
    gpu_ok(tdi_vk_check(vk->vkAllocateCommandBuffers(device, &allocate, &commands), "allocate"));
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    };
    gpu_ok(tdi_vk_check(vk->vkBeginCommandBuffer(commands, &begin), "begin"));
    for (uint32_t i = 0; i < count; i++) {
        record_barrier(all, commands, &s[i]);
        declare_use(all, commands, &s[i]);
    }
    gpu_ok(tdi_vk_check(vk->vkEndCommandBuffer(commands), "end"));
    return commands;
}

static void wait_for_steps(run *all, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        gpu_ok(tdi_ticket_wait(all->device, all->tickets[i], UINT64_MAX));
}

static void submit(run *all, uint32_t index, const step *s, uint32_t count)
{
    td_wait waits[MAX_STEPS];
    const VkCommandBuffer commands = record(all, index, s, count);
    tdi_submission submission = {
        .lane = s->lane, .commands = &commands, .command_count = 1, .waits = waits};
    for (uint32_t i = 0; i < index; i++)
        if ((s->waits >> i) & 1)
            waits[submission.wait_count++] =
                (td_wait){.ticket = all->tickets[i], .stages = s->wait_stages};
    if (s->host_waits)
        wait_for_steps(all, index);
    gpu_ok(tdi_lane_submit(all->device, &submission, &all->tickets[index]));
}

static tdi_declare_uses_fn find_layer(td_device *device)
{
    const tdi_declare_uses_fn found = tdi_plan_declare_find(device);
    if (found)
        return found;
    print_message("skipped: needs the hazards layer\n");
    td_device_destroy(device);
    skip();
    return NULL;
}

static void run_steps(td_device *device, const step *steps, uint32_t count)
{
    run all = {.device = device, .declare = find_layer(device)};
    gpu_make_buffer(device, BYTES, TDI_MEMORY_DEVICE, &all.buffer);
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && steps[next].same;)
            next++;
        submit(&all, i, &steps[i], next - i);
    }
    wait_for_steps(&all, count);
    for (uint32_t i = 0; i < count; i++) {
        if (all.pools[i])
            device->vk.vkDestroyCommandPool(device->handle, all.pools[i], NULL);
    }
    tdi_buffer_destroy(device, &all.buffer);
}

#define RUN(...)                                                                                   \
    run_steps(device, (const step[]){__VA_ARGS__}, sizeof((step[]){__VA_ARGS__}) / sizeof(step))

#define WRITES                                                                                     \
    .stages = COMPUTE, .access = STORAGE_WRITE, .mode = TD_ACCESS_WRITE,                           \
    .before = TD_BEFORE_UNDEFINED
#define READS .stages = COPY, .access = COPY_READ, .mode = TD_ACCESS_READ
#define ADDS  .stages = COMPUTE, .access = STORAGE_READ | STORAGE_WRITE, .mode = TD_ACCESS_ACCUMULATE
#define BARRIER(from, from_access, to, to_access)                                                  \
    .src_stages = (from), .src_access = (from_access), .dst_stages = (to), .dst_access = (to_access)
#define WAIT(steps, at) .waits = (steps), .wait_stages = (at)

static void a_missing_barrier(td_device *device)
{
    RUN({WRITES}, {READS});
}

static void a_missing_barrier_between_writes(td_device *device)
{
    RUN({WRITES}, {WRITES});
}

static void a_missing_barrier_after_a_read(td_device *device)
{
    RUN({READS}, {WRITES});
}

static void a_wrong_source_stage(td_device *device)
{
    RUN({WRITES}, {BARRIER(COPY, COPY_WRITE, COPY, COPY_READ), READS});
}

static void a_wrong_destination_stage(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_WRITE, COMPUTE, STORAGE_READ), READS});
}

/* Between submissions the signal makes every write available. */
static void a_wrong_source_access(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_READ, COPY, COPY_READ), READS, .same = true});
}

static void a_wrong_destination_access(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_WRITE, COPY, COPY_WRITE), READS});
}

/* An execution dependency does not make a write visible to another one. */
static void execution_alone_between_writes(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, 0, COMPUTE, 0), WRITES});
}

static void a_missing_wait(td_device *device)
{
    RUN({TD_LANE_COMPUTE, WRITES}, {TD_LANE_TRANSFER, READS});
}

static void a_wait_for_somebody_else(td_device *device)
{
    RUN({TD_LANE_TRANSFER, WAIT(0, 0)}, {TD_LANE_COMPUTE, WRITES},
        {TD_LANE_TRANSFER, WAIT(1, ALL), READS});
}

static void a_wait_at_the_wrong_stage(td_device *device)
{
    RUN({TD_LANE_COMPUTE, WRITES}, {TD_LANE_GRAPHICS, WAIT(1, COMPUTE), READS});
}

/* The barrier does not take up where the wait left. */
static void a_broken_chain(td_device *device)
{
    RUN({TD_LANE_COMPUTE, WRITES},
        {TD_LANE_GRAPHICS, WAIT(1, COMPUTE), BARRIER(FRAGMENT, 0, COPY, COPY_READ), READS});
}

static void a_missing_host_barrier(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_WRITE, ALL, COPY_READ), .stages = HOST,
                   .access = HOST_READ, .mode = TD_ACCESS_READ});
}

static void a_write_before_the_host_has_read(td_device *device)
{
    RUN({WRITES},
        {BARRIER(COMPUTE, STORAGE_WRITE, HOST, HOST_READ), .stages = HOST, .access = HOST_READ,
         .mode = TD_ACCESS_READ},
        {BARRIER(ALL, STORAGE_WRITE, COMPUTE, STORAGE_WRITE), WRITES});
}

static void adding_to_what_is_not_there_yet(td_device *device)
{
    RUN({WRITES}, {ADDS});
}

static void reading_before_all_was_added(td_device *device)
{
    RUN({ADDS}, {BARRIER(COMPUTE, STORAGE_WRITE, COPY, COPY_READ)}, {ADDS}, {READS});
}

/* What the barrier ordered is the first half only: the second was written again after it. */
static void a_part_that_was_written_again(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_WRITE, ALL, COPY_READ | STORAGE_WRITE)},
        {WRITES, .offset = BYTES / 2, .size = BYTES / 2}, {READS});
}

static void everything_in_order(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_WRITE, COPY, COPY_READ), READS}, {READS},
        {BARRIER(COPY, 0, COMPUTE, 0), WRITES},
        {BARRIER(COMPUTE, STORAGE_WRITE, COMPUTE, STORAGE_READ | STORAGE_WRITE), ADDS}, {ADDS},
        {BARRIER(COMPUTE, STORAGE_WRITE, HOST, HOST_READ), .stages = HOST, .access = HOST_READ,
         .mode = TD_ACCESS_READ},
        {.host_waits = true, WRITES});
}

static void parts_that_do_not_meet(td_device *device)
{
    RUN({WRITES, .size = BYTES / 2}, {WRITES, .offset = BYTES / 2, .size = BYTES / 2});
}

/* Where lanes share a queue, the waits are none and the barriers do it; a queue for transfers alone
 * knows no stage of shaders. */
static void a_chain_over_three_lanes(td_device *device)
{
    const VkPipelineStageFlags2 shaders = device->queue_count > 1 ? 0 : COMPUTE;
    RUN({TD_LANE_COMPUTE, WRITES},
        {TD_LANE_TRANSFER, WAIT(1, COPY), BARRIER(shaders | COPY, 0, COPY, COPY_READ), READS},
        {TD_LANE_GRAPHICS, WAIT(2, COMPUTE), BARRIER(COMPUTE | COPY, 0, COMPUTE, STORAGE_WRITE),
         WRITES});
}

/* Two barriers, of which the second makes visible what the first made available. */
static void a_chain_of_barriers(td_device *device)
{
    RUN({WRITES}, {BARRIER(COMPUTE, STORAGE_WRITE, FRAGMENT, 0)},
        {BARRIER(FRAGMENT, 0, COPY, COPY_READ), READS});
}

/* The copy is of the first half, and the pass declares the second. */
static void record_undeclared_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const run *all = user;
    const VkBufferCopy region = {0, BYTES / 2, BYTES / 2};
    declare_use(all, commands,
                &(step){.stages = COPY,
                        .access = COPY_READ | COPY_WRITE,
                        .mode = TD_ACCESS_WRITE,
                        .offset = BYTES / 2,
                        .size = BYTES / 2});
    device->vk.vkCmdCopyBuffer(commands, all->buffer.handle, all->buffer.handle, 1, &region);
}

static void an_undeclared_copy(td_device *device)
{
    run all = {.device = device, .declare = find_layer(device)};
    gpu_make_buffer(device, BYTES, TDI_MEMORY_DEVICE, &all.buffer);
    gpu_submit(device, record_undeclared_copy, &all);
    tdi_buffer_destroy(device, &all.buffer);
}

#define RAW "TANDEM-HAZARD-READ-AFTER-WRITE"
#define WAW "TANDEM-HAZARD-WRITE-AFTER-WRITE"
#define WAR "TANDEM-HAZARD-WRITE-AFTER-READ"

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_canary(a_missing_barrier, RAW),
        gpu_canary(a_missing_barrier_between_writes, WAW),
        gpu_canary(a_missing_barrier_after_a_read, WAR),
        gpu_canary(a_wrong_source_stage, RAW),
        gpu_canary(a_wrong_destination_stage, RAW),
        gpu_canary(a_wrong_source_access, RAW),
        gpu_canary(a_wrong_destination_access, RAW),
        gpu_canary(execution_alone_between_writes, WAW),
        gpu_canary(a_missing_wait, RAW),
        gpu_canary(a_wait_for_somebody_else, RAW),
        gpu_canary(a_wait_at_the_wrong_stage, RAW),
        gpu_canary(a_broken_chain, RAW),
        gpu_canary(a_missing_host_barrier, RAW),
        gpu_canary(a_write_before_the_host_has_read, WAR),
        gpu_canary(adding_to_what_is_not_there_yet, WAW),
        gpu_canary(reading_before_all_was_added, RAW),
        gpu_canary(a_part_that_was_written_again, RAW),
        gpu_canary(an_undeclared_copy, "TANDEM-HAZARD-UNDECLARED"),
        gpu_test(everything_in_order),
        gpu_test(parts_that_do_not_meet),
        gpu_test(a_chain_over_three_lanes),
        gpu_test(a_chain_of_barriers),
    };
    return gpu_run_tests(tests);
}
