/* tandem's scheduler in a program with a window: the water of frame N+1 is computed on the compute
 * queue while frame N is drawn into the window. A swapchain knows binary semaphores only, so the
 * graphics submission waits for one, and the ticket of what was drawn is turned into another.
 *
 *     guest_sdl [frames [auto|on|off]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <SDL.h>
#include <SDL_vulkan.h>

#include "waves.h"

#define MOST_IMAGES     16
#define MOST_EXTENSIONS 16

typedef struct frame_slot {
    guest_commands commands;
    VkSemaphore acquired;
    td_ticket done; /* the graphics work of the slot's last frame */
} frame_slot;

typedef struct window_image {
    VkImage handle;
    VkImageView view;
    VkSemaphore drawn; /* what presenting it waits for */
} window_image;

typedef struct program {
    SDL_Window *window;
    SDL_mutex *queue_lock; /* of all queues; tandem takes it too */
    VkInstance instance;
    VkSurfaceKHR surface;
    VkPhysicalDevice physical;
    VkDevice device;
    td_import_queue queues[TD_LANE_COUNT];
    td_device *tandem;
    td_scheduler *scheduler;
    guest_device own;
    waves water;
    VkSwapchainKHR swapchain;
    VkSurfaceFormatKHR format;
    VkExtent2D size;
    window_image images[MOST_IMAGES];
    uint32_t image_count;
    frame_slot slots[WAVES_SLOTS];
} program;

static void open_window(program *p)
{
    const char *extensions[MOST_EXTENSIONS];
    unsigned count = MOST_EXTENSIONS;
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        guest_die("SDL_Init", SDL_GetError());
    p->queue_lock = SDL_CreateMutex();
    p->window = SDL_CreateWindow("tandem", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 640,
                                 480, SDL_WINDOW_VULKAN);
    if (!p->queue_lock || !p->window ||
        !SDL_Vulkan_GetInstanceExtensions(p->window, &count, extensions))
        guest_die("SDL", SDL_GetError());
    const VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "guest_sdl",
        .apiVersion = VK_API_VERSION_1_3,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &application,
        .enabledExtensionCount = count,
        .ppEnabledExtensionNames = extensions,
    };
    uint32_t devices = 1;
    guest_vk(vkCreateInstance(&info, NULL, &p->instance), "vkCreateInstance");
    if (!SDL_Vulkan_CreateSurface(p->window, p->instance, &p->surface))
        guest_die("SDL_Vulkan_CreateSurface", SDL_GetError());
    guest_vk(vkEnumeratePhysicalDevices(p->instance, &devices, &p->physical),
             "vkEnumeratePhysicalDevices");
    if (devices == 0)
        guest_die("vkEnumeratePhysicalDevices", "there is no device");
}

/* A family that draws and presents, and one of compute without graphics where there is one. */
static void choose_queues(program *p)
{
    VkQueueFamilyProperties families[16];
    uint32_t count = 16, graphics = UINT32_MAX, compute = UINT32_MAX;
    vkGetPhysicalDeviceQueueFamilyProperties(p->physical, &count, families);
    for (uint32_t i = 0; i < count; i++) {
        const VkQueueFlags flags = families[i].queueFlags;
        VkBool32 presents = VK_FALSE;
        guest_vk(vkGetPhysicalDeviceSurfaceSupportKHR(p->physical, i, p->surface, &presents),
                 "vkGetPhysicalDeviceSurfaceSupportKHR");
        if (graphics == UINT32_MAX && presents && (flags & VK_QUEUE_GRAPHICS_BIT))
            graphics = i;
        if (compute == UINT32_MAX && !(flags & VK_QUEUE_GRAPHICS_BIT) &&
            (flags & VK_QUEUE_COMPUTE_BIT))
            compute = i;
    }
    if (graphics == UINT32_MAX)
        guest_die("queues", "no family draws and presents");
    p->queues[TD_LANE_GRAPHICS].family = graphics;
    p->queues[TD_LANE_COMPUTE].family = compute == UINT32_MAX ? graphics : compute;
}

static const char *const device_extensions[] = {VK_KHR_SWAPCHAIN_EXTENSION_NAME};

static void make_device(program *p, const VkPhysicalDeviceFeatures2 *features)
{
    const float priority = 1.0f;
    VkDeviceQueueCreateInfo queues[2];
    for (int i = 0; i < 2; i++)
        queues[i] = (VkDeviceQueueCreateInfo){
            .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
            .queueFamilyIndex = p->queues[i].family,
            .queueCount = 1,
            .pQueuePriorities = &priority,
        };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = features,
        .queueCreateInfoCount =
            p->queues[TD_LANE_COMPUTE].family == p->queues[TD_LANE_GRAPHICS].family ? 1 : 2,
        .pQueueCreateInfos = queues,
        .enabledExtensionCount = 1,
        .ppEnabledExtensionNames = device_extensions,
    };
    guest_vk(vkCreateDevice(p->physical, &info, NULL, &p->device), "vkCreateDevice");
    for (int lane = 0; lane <= TD_LANE_COMPUTE; lane++)
        vkGetDeviceQueue(p->device, p->queues[lane].family, 0, &p->queues[lane].handle);
}

static void lock_queue(void *user, uint32_t family, uint32_t index)
{
    (void)family;
    (void)index;
    SDL_LockMutex(user);
}

static void unlock_queue(void *user, uint32_t family, uint32_t index)
{
    (void)family;
    (void)index;
    SDL_UnlockMutex(user);
}

static void import(program *p, const VkPhysicalDeviceFeatures2 *features, td_async_mode mode)
{
    td_device_import_params params = {
        .instance = p->instance,
        .physical_device = p->physical,
        .device = p->device,
        .get_instance_proc_addr = vkGetInstanceProcAddr,
        .device_extensions = device_extensions,
        .device_extension_count = 1,
        .features = features,
        .lock_queue = lock_queue,
        .unlock_queue = unlock_queue,
        .user = p->queue_lock,
    };
    memcpy(params.queues, p->queues, sizeof params.queues);
    guest_td(td_device_import(&params, &p->tandem), "td_device_import");
    const td_scheduler_params scheduler = {.frames_in_flight = WAVES_SLOTS, .mode = mode};
    guest_td(td_scheduler_create(p->tandem, &scheduler, &p->scheduler), "td_scheduler_create");
    p->own = guest_device_of(p->tandem);
}

static void make_swapchain(program *p)
{
    VkSurfaceCapabilitiesKHR can;
    uint32_t formats = 1;
    guest_vk(vkGetPhysicalDeviceSurfaceCapabilitiesKHR(p->physical, p->surface, &can),
             "vkGetPhysicalDeviceSurfaceCapabilitiesKHR");
    guest_vk(vkGetPhysicalDeviceSurfaceFormatsKHR(p->physical, p->surface, &formats, &p->format),
             "vkGetPhysicalDeviceSurfaceFormatsKHR");
    p->size = can.currentExtent.width != UINT32_MAX ? can.currentExtent : (VkExtent2D){640, 480};
    const VkSwapchainCreateInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
        .surface = p->surface,
        .minImageCount = can.minImageCount,
        .imageFormat = p->format.format,
        .imageColorSpace = p->format.colorSpace,
        .imageExtent = p->size,
        .imageArrayLayers = 1,
        .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
        .preTransform = can.currentTransform,
        .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
        .presentMode = VK_PRESENT_MODE_FIFO_KHR,
        .clipped = VK_TRUE,
    };
    guest_vk(vkCreateSwapchainKHR(p->device, &info, NULL, &p->swapchain), "vkCreateSwapchainKHR");
}

static VkSemaphore make_binary(const program *p)
{
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    VkSemaphore semaphore;
    guest_vk(vkCreateSemaphore(p->device, &info, NULL, &semaphore), "vkCreateSemaphore");
    return semaphore;
}

static void take_images(program *p)
{
    VkImage handles[MOST_IMAGES];
    p->image_count = MOST_IMAGES;
    guest_vk(vkGetSwapchainImagesKHR(p->device, p->swapchain, &p->image_count, handles),
             "vkGetSwapchainImagesKHR");
    for (uint32_t i = 0; i < p->image_count; i++)
        p->images[i] = (window_image){
            .handle = handles[i],
            .view = guest_make_view(&p->own, handles[i], p->format.format),
            .drawn = make_binary(p),
        };
    for (int i = 0; i < WAVES_SLOTS; i++) {
        p->slots[i].commands = guest_make_commands(&p->own, p->queues[TD_LANE_GRAPHICS].family);
        p->slots[i].acquired = make_binary(p);
    }
}

static void record_graphics(const program *p, const waves_frame *frame, VkCommandBuffer commands,
                            const window_image *image)
{
    /* Behind the wait for the image, which is for the same stage. */
    const VkImageMemoryBarrier2 fresh = {
        .srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
        .newLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
    };
    const VkImageMemoryBarrier2 shown = {
        .srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
        .srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .oldLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .newLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR,
    };
    guest_image_barrier(commands, image->handle, &fresh);
    waves_draw(frame, commands, image->view, p->size);
    guest_image_barrier(commands, image->handle, &shown);
    guest_vk(vkEndCommandBuffer(commands), "vkEndCommandBuffer");
}

/* Graphics waits for the frame's compute work and for the window's image. */
static void submit_graphics(program *p, frame_slot *slot)
{
    td_wait waits[2];
    uint32_t count;
    guest_td(td_scheduler_waits(p->scheduler, &waits[0], &count), "td_scheduler_waits");
    waits[count++] = (td_wait){
        .semaphore = slot->acquired,
        .stages = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
    };
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &slot->commands.handle,
        .command_count = 1,
        .waits = waits,
        .wait_count = count,
    };
    guest_td(td_lane_submit(p->tandem, &params, &slot->done), "td_lane_submit");
}

static void present(program *p, const frame_slot *slot, uint32_t index)
{
    const VkPresentInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
        .waitSemaphoreCount = 1,
        .pWaitSemaphores = &p->images[index].drawn,
        .swapchainCount = 1,
        .pSwapchains = &p->swapchain,
        .pImageIndices = &index,
    };
    guest_td(
        td_ticket_signal_binary(p->tandem, TD_LANE_GRAPHICS, slot->done, p->images[index].drawn),
        "td_ticket_signal_binary");
    SDL_LockMutex(p->queue_lock);
    VkResult result = vkQueuePresentKHR(p->queues[TD_LANE_GRAPHICS].handle, &info);
    SDL_UnlockMutex(p->queue_lock);
    guest_vk(result, "vkQueuePresentKHR");
}

static void run_frame(program *p, uint64_t number)
{
    frame_slot *slot = &p->slots[number % WAVES_SLOTS];
    const VkCommandBuffer commands = slot->commands.handle;
    waves_frame frame = {&p->water, number};
    uint32_t index;
    guest_td(td_ticket_wait(p->tandem, slot->done, 10 * GUEST_NS_A_SECOND), "td_ticket_wait");
    guest_vk(vkAcquireNextImageKHR(p->device, p->swapchain, 10 * GUEST_NS_A_SECOND, slot->acquired,
                                   VK_NULL_HANDLE, &index),
             "vkAcquireNextImageKHR");
    guest_begin(&p->own, &slot->commands);
    guest_td(td_scheduler_begin_frame(p->scheduler, number, commands, 10 * GUEST_NS_A_SECOND),
             "td_scheduler_begin_frame");
    guest_td(td_scheduler_record(p->scheduler, waves_record, &frame), "td_scheduler_record");
    guest_td(td_scheduler_submit(p->scheduler, NULL), "td_scheduler_submit");
    if (!td_scheduler_is_async(p->scheduler))
        waves_barrier(commands);
    record_graphics(p, &frame, commands, &p->images[index]);
    submit_graphics(p, slot);
    guest_td(td_scheduler_consumed(p->scheduler, slot->done), "td_scheduler_consumed");
    present(p, slot, index);
}

static bool window_closed(void)
{
    SDL_Event event;
    bool closed = false;
    while (SDL_PollEvent(&event))
        closed |= event.type == SDL_QUIT;
    return closed;
}

/* The device is the program's, so it may wait for all of it: for what presents, too. */
static void clean_up(program *p)
{
    td_scheduler_destroy(p->scheduler);
    td_device_destroy(p->tandem);
    guest_vk(vkDeviceWaitIdle(p->device), "vkDeviceWaitIdle");
    for (int i = 0; i < WAVES_SLOTS; i++) {
        vkDestroyCommandPool(p->device, p->slots[i].commands.pool, NULL);
        vkDestroySemaphore(p->device, p->slots[i].acquired, NULL);
    }
    for (uint32_t i = 0; i < p->image_count; i++) {
        vkDestroyImageView(p->device, p->images[i].view, NULL);
        vkDestroySemaphore(p->device, p->images[i].drawn, NULL);
    }
    waves_destroy(&p->water);
    vkDestroySwapchainKHR(p->device, p->swapchain, NULL);
    vkDestroyDevice(p->device, NULL);
    vkDestroySurfaceKHR(p->instance, p->surface, NULL);
    vkDestroyInstance(p->instance, NULL);
    SDL_DestroyWindow(p->window);
    SDL_DestroyMutex(p->queue_lock);
    SDL_Quit();
}

int main(int argc, char **argv)
{
    program p = {0};
    const uint64_t frames = argc > 1 ? strtoull(argv[1], NULL, 10) : UINT64_MAX;
    guest_features features;
    guest_ask_features(&features);
    open_window(&p);
    choose_queues(&p);
    make_device(&p, &features.all);
    import(&p, &features.all, guest_mode(argc > 2 ? argv[2] : "auto"));
    make_swapchain(&p);
    take_images(&p);
    waves_create(&p.water, &p.own, p.format.format);
    uint64_t shown = 0;
    while (shown < frames && !window_closed())
        run_frame(&p, shown++);
    printf("%llu frames, compute %s\n", (unsigned long long)shown,
           td_scheduler_is_async(p.scheduler) ? "on its own queue" : "among the graphics work");
    clean_up(&p);
    return 0;
}
