/* tandem's scheduler inside a plain Vulkan program that has its own instance, device and queues:
 * the water of frame N+1 is computed on the compute queue while frame N is drawn. The program
 * submits its graphics work itself, by a timeline semaphore of its own, and writes the last frame
 * as a PPM file.
 *
 *     guest_vulkan image.ppm [auto|on|off]
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "waves.h"

#define FRAMES 60

static const VkExtent2D SIZE = {640, 480};
static const VkFormat FORMAT = VK_FORMAT_R8G8B8A8_UNORM;

typedef struct frame_slot {
    guest_commands commands;
    td_ticket done; /* the graphics work of the slot's last frame */
} frame_slot;

typedef struct program {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    td_import_queue queues[TD_LANE_COUNT];
    pthread_mutex_t queue_lock; /* of all queues; tandem takes it too */
    td_device *tandem;
    td_scheduler *scheduler;
    guest_device own;
    waves water;
    guest_image picture;
    guest_buffer pixels;
    VkSemaphore timeline; /* the program's own: frame N is drawn at N + 1 */
    frame_slot slots[WAVES_SLOTS];
} program;

static void make_instance(program *p)
{
    const VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "guest_vulkan",
        .apiVersion = VK_API_VERSION_1_3,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &application,
    };
    uint32_t count = 1;
    guest_vk(vkCreateInstance(&info, NULL, &p->instance), "vkCreateInstance");
    guest_vk(vkEnumeratePhysicalDevices(p->instance, &count, &p->physical),
             "vkEnumeratePhysicalDevices");
    if (count == 0)
        guest_die("vkEnumeratePhysicalDevices", "there is no device");
}

/* A queue that draws, and one that computes beside it where the device has one: of a family
 * without graphics, or a second one of the first family. The transfer lane is left out, and so
 * shares the graphics queue. */
static void choose_queues(program *p)
{
    VkQueueFamilyProperties families[16];
    uint32_t count = 16;
    vkGetPhysicalDeviceQueueFamilyProperties(p->physical, &count, families);
    uint32_t graphics = 0, compute = 0;
    while (graphics < count && !(families[graphics].queueFlags & VK_QUEUE_GRAPHICS_BIT))
        graphics++;
    while (compute < count &&
           (families[compute].queueFlags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) !=
               VK_QUEUE_COMPUTE_BIT)
        compute++;
    if (graphics == count)
        guest_die("queues", "the device cannot draw");
    p->queues[TD_LANE_GRAPHICS] = (td_import_queue){.family = graphics};
    p->queues[TD_LANE_COMPUTE] = (td_import_queue){.family = graphics};
    if (compute < count)
        p->queues[TD_LANE_COMPUTE].family = compute;
    else if (families[graphics].queueCount > 1)
        p->queues[TD_LANE_COMPUTE].index = 1;
}

/* What the scheduler needs, and dynamic rendering for the program's own drawing. */
static void make_device(program *p, VkPhysicalDeviceFeatures2 *features)
{
    const float priorities[2] = {1.0f, 1.0f};
    const td_import_queue *graphics = &p->queues[TD_LANE_GRAPHICS];
    const td_import_queue *compute = &p->queues[TD_LANE_COMPUTE];
    const VkDeviceQueueCreateInfo queues[2] = {
        {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
         .queueFamilyIndex = graphics->family,
         .queueCount = compute->index + 1,
         .pQueuePriorities = priorities},
        {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
         .queueFamilyIndex = compute->family,
         .queueCount = 1,
         .pQueuePriorities = priorities},
    };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = features,
        .queueCreateInfoCount = compute->family == graphics->family ? 1 : 2,
        .pQueueCreateInfos = queues,
    };
    guest_vk(vkCreateDevice(p->physical, &info, NULL, &p->device), "vkCreateDevice");
    for (int lane = 0; lane <= TD_LANE_COMPUTE; lane++)
        vkGetDeviceQueue(p->device, p->queues[lane].family, p->queues[lane].index,
                         &p->queues[lane].handle);
}

static void lock_queue(void *user, uint32_t family, uint32_t index)
{
    (void)family;
    (void)index;
    pthread_mutex_lock(user);
}

static void unlock_queue(void *user, uint32_t family, uint32_t index)
{
    (void)family;
    (void)index;
    pthread_mutex_unlock(user);
}

/* tandem is told what there is, and what the device was made with. */
static void import(program *p, const VkPhysicalDeviceFeatures2 *features, td_async_mode mode)
{
    td_device_import_params params = {
        .instance = p->instance,
        .physical_device = p->physical,
        .device = p->device,
        .get_instance_proc_addr = vkGetInstanceProcAddr,
        .features = features,
        .lock_queue = lock_queue,
        .unlock_queue = unlock_queue,
        .user = &p->queue_lock,
    };
    memcpy(params.queues, p->queues, sizeof params.queues);
    guest_td(td_device_import(&params, &p->tandem), "td_device_import");
    const td_scheduler_params scheduler = {.frames_in_flight = WAVES_SLOTS, .mode = mode};
    guest_td(td_scheduler_create(p->tandem, &scheduler, &p->scheduler), "td_scheduler_create");
}

static void make_things(program *p)
{
    p->own = guest_device_of(p->tandem);
    waves_create(&p->water, &p->own, FORMAT);
    p->picture = guest_make_image(&p->own, FORMAT, SIZE);
    p->pixels = guest_make_buffer(
        &p->own, (VkDeviceSize)SIZE.width * SIZE.height * 4, VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
    p->timeline = guest_make_timeline(&p->own);
    for (int i = 0; i < WAVES_SLOTS; i++)
        p->slots[i].commands = guest_make_commands(&p->own, p->queues[TD_LANE_GRAPHICS].family);
}

static void copy_out(const program *p, VkCommandBuffer commands)
{
    const VkImageMemoryBarrier2 drawn = {
        .srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
    };
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageExtent = {SIZE.width, SIZE.height, 1},
    };
    const VkMemoryBarrier2 to_host = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &to_host,
    };
    guest_image_barrier(commands, p->picture.handle, &drawn);
    vkCmdCopyImageToBuffer(commands, p->picture.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                           p->pixels.handle, 1, &region);
    vkCmdPipelineBarrier2(commands, &info);
}

static void record_graphics(const program *p, const waves_frame *frame, VkCommandBuffer commands)
{
    const VkImageMemoryBarrier2 fresh = {
        .srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
        .newLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
    };
    guest_image_barrier(commands, p->picture.handle, &fresh);
    waves_draw(frame, commands, p->picture.view, SIZE);
    if (frame->index == FRAMES - 1)
        copy_out(p, commands);
    guest_vk(vkEndCommandBuffer(commands), "vkEndCommandBuffer");
}

/* The program's own submission, under its own lock. It waits for what the scheduler says, and turns
 * into a ticket afterwards. */
static void submit_graphics(program *p, uint64_t index, frame_slot *slot)
{
    VkSemaphoreSubmitInfo wait = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
    uint32_t waits;
    guest_td(td_scheduler_wait_tickets(p->scheduler, &wait.semaphore, &wait.value, &wait.stageMask,
                                       &waits),
             "td_scheduler_wait_tickets");
    const VkSemaphoreSubmitInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = p->timeline,
        .value = index + 1,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    const VkCommandBufferSubmitInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
        .commandBuffer = slot->commands.handle,
    };
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = waits,
        .pWaitSemaphoreInfos = &wait,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &commands,
        .signalSemaphoreInfoCount = 1,
        .pSignalSemaphoreInfos = &signal,
    };
    pthread_mutex_lock(&p->queue_lock);
    VkResult result =
        vkQueueSubmit2(p->queues[TD_LANE_GRAPHICS].handle, 1, &submit, VK_NULL_HANDLE);
    pthread_mutex_unlock(&p->queue_lock);
    guest_vk(result, "vkQueueSubmit2");
    guest_td(td_ticket_import(p->tandem, TD_LANE_GRAPHICS, p->timeline, index + 1, &slot->done),
             "td_ticket_import");
}

static void run_frame(program *p, uint64_t index)
{
    frame_slot *slot = &p->slots[index % WAVES_SLOTS];
    const VkCommandBuffer commands = slot->commands.handle;
    waves_frame frame = {&p->water, index};
    guest_td(td_ticket_wait(p->tandem, slot->done, 10 * GUEST_NS_A_SECOND), "td_ticket_wait");
    guest_begin(&p->own, &slot->commands);
    guest_td(td_scheduler_begin_frame(p->scheduler, index, commands, 10 * GUEST_NS_A_SECOND),
             "td_scheduler_begin_frame");
    guest_td(td_scheduler_record(p->scheduler, waves_record, &frame), "td_scheduler_record");
    guest_td(td_scheduler_submit(p->scheduler, NULL), "td_scheduler_submit");
    if (!td_scheduler_is_async(p->scheduler))
        waves_barrier(commands);
    record_graphics(p, &frame, commands);
    submit_graphics(p, index, slot);
    guest_td(td_scheduler_consumed(p->scheduler, slot->done), "td_scheduler_consumed");
}

static void run(program *p, const char *path)
{
    for (uint64_t index = 0; index < FRAMES; index++)
        run_frame(p, index);
    guest_td(td_ticket_wait(p->tandem, p->slots[(FRAMES - 1) % WAVES_SLOTS].done,
                            10 * GUEST_NS_A_SECOND),
             "td_ticket_wait");
    guest_write_ppm(path, p->pixels.mapped, SIZE);
}

/* tandem goes first; it leaves everything that it was handed as it was. */
static void clean_up(program *p)
{
    td_scheduler_destroy(p->scheduler);
    td_device_destroy(p->tandem);
    guest_vk(vkDeviceWaitIdle(p->device), "vkDeviceWaitIdle");
    for (int i = 0; i < WAVES_SLOTS; i++)
        vkDestroyCommandPool(p->device, p->slots[i].commands.pool, NULL);
    vkDestroySemaphore(p->device, p->timeline, NULL);
    guest_drop_buffer(&p->own, &p->pixels);
    guest_drop_image(&p->own, &p->picture);
    waves_destroy(&p->water);
    vkDestroyDevice(p->device, NULL);
    vkDestroyInstance(p->instance, NULL);
    pthread_mutex_destroy(&p->queue_lock);
}

int main(int argc, char **argv)
{
    program p = {0};
    guest_features features;
    guest_ask_features(&features);
    pthread_mutex_init(&p.queue_lock, NULL);
    make_instance(&p);
    choose_queues(&p);
    make_device(&p, &features.all);
    import(&p, &features.all, guest_mode(argc > 2 ? argv[2] : "auto"));
    make_things(&p);
    run(&p, argc > 1 ? argv[1] : "image.ppm");
    printf("%u frames, compute %s\n", FRAMES,
           td_scheduler_is_async(p.scheduler) ? "on its own queue" : "among the graphics work");
    clean_up(&p);
    return 0;
}
