/* tandem's scheduler on libplacebo's Vulkan device: a texture of libplacebo's is filled on the
 * compute queue while libplacebo renders the one before. Both submit to the same queues, under
 * libplacebo's locks. Writes the last frame as a PPM file.
 *
 *     guest_libplacebo image.ppm [auto|on|off]
 */
#include <stdio.h>
#include <stdlib.h>

#include <libplacebo/renderer.h>
#include <libplacebo/vulkan.h>

#include "guest.h"
#include "plasma_comp.h"

#define FRAMES 30
#define SLOTS  2
#define GROUP  8 /* local_size of plasma.comp */

static const VkExtent2D SOURCE = {320, 240}, TARGET = {640, 480};

typedef struct frame_slot {
    pl_tex texture;
    VkImageView view;
    VkDescriptorSet set;
    VkSemaphore held; /* libplacebo has let go of the texture: a timeline */
    uint64_t holds;
    guest_commands commands; /* for compute work among the graphics work */
    td_ticket done;          /* of what filled the texture */
} frame_slot;

typedef struct program {
    VkInstance instance;
    pl_log log;
    pl_vulkan vulkan;
    pl_gpu gpu;
    pl_renderer renderer;
    pl_tex target;
    td_device *tandem;
    td_scheduler *scheduler;
    guest_device own;
    uint32_t graphics_family;
    VkDescriptorSetLayout set_layout;
    VkDescriptorPool pool;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    frame_slot slots[SLOTS];
} program;

/* libplacebo uses both where the loader has them. */
static const char *const instance_extensions[] = {VK_KHR_SURFACE_EXTENSION_NAME,
                                                  VK_EXT_DEBUG_UTILS_EXTENSION_NAME};

static void open_libplacebo(program *p)
{
    const VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "guest_libplacebo",
        .apiVersion = VK_API_VERSION_1_3,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &application,
        .enabledExtensionCount = 2,
        .ppEnabledExtensionNames = instance_extensions,
    };
    /* The only one that libplacebo does not ask for by itself. */
    const VkPhysicalDeviceSynchronization2Features synchronization = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
        .synchronization2 = VK_TRUE,
    };
    VkPhysicalDeviceFeatures2 features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = (void *)(uintptr_t)&synchronization,
    };
    guest_vk(vkCreateInstance(&info, NULL, &p->instance), "vkCreateInstance");
    p->log =
        pl_log_create(PL_API_VER, pl_log_params(.log_cb = pl_log_simple, .log_level = PL_LOG_ERR));
    p->vulkan = pl_vulkan_create(
        p->log, pl_vulkan_params(.instance = p->instance, .get_proc_addr = vkGetInstanceProcAddr,
                                 .allow_software = true, .features = &features));
    if (!p->vulkan)
        guest_die("pl_vulkan_create", "there is no device for libplacebo");
    p->gpu = p->vulkan->gpu;
}

static void lock_queue(void *user, uint32_t family, uint32_t index)
{
    const program *p = user;
    p->vulkan->lock_queue(p->vulkan, (int)family, (int)index);
}

static void unlock_queue(void *user, uint32_t family, uint32_t index)
{
    const program *p = user;
    p->vulkan->unlock_queue(p->vulkan, (int)family, (int)index);
}

static td_import_queue take_queue(const program *p, struct pl_vulkan_queue given)
{
    td_import_queue queue = {.family = given.index};
    if (given.count > 0)
        vkGetDeviceQueue(p->vulkan->device, given.index, 0, &queue.handle);
    return queue;
}

static void import(program *p, td_async_mode mode)
{
    const td_device_import_params params = {
        .instance = p->instance,
        .physical_device = p->vulkan->phys_device,
        .device = p->vulkan->device,
        .get_instance_proc_addr = vkGetInstanceProcAddr,
        .instance_extensions = instance_extensions,
        .instance_extension_count = 2,
        .device_extensions = p->vulkan->extensions,
        .device_extension_count = (uint32_t)p->vulkan->num_extensions,
        .features = p->vulkan->features,
        .queues = {[TD_LANE_GRAPHICS] = take_queue(p, p->vulkan->queue_graphics),
                   [TD_LANE_COMPUTE] = take_queue(p, p->vulkan->queue_compute)},
        .lock_queue = lock_queue,
        .unlock_queue = unlock_queue,
        .user = p,
    };
    guest_td(td_device_import(&params, &p->tandem), "td_device_import");
    const td_scheduler_params scheduler = {.frames_in_flight = SLOTS, .mode = mode};
    guest_td(td_scheduler_create(p->tandem, &scheduler, &p->scheduler), "td_scheduler_create");
    p->own = guest_device_of(p->tandem);
    p->graphics_family = p->vulkan->queue_graphics.index;
}

static void make_pipeline(program *p)
{
    const VkDevice device = p->own.device;
    const VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 1,
                                                  VK_SHADER_STAGE_COMPUTE_BIT, NULL};
    const VkDescriptorSetLayoutCreateInfo set_layout = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 1,
        .pBindings = &binding,
    };
    guest_vk(vkCreateDescriptorSetLayout(device, &set_layout, NULL, &p->set_layout),
             "vkCreateDescriptorSetLayout");
    const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, SLOTS};
    const VkDescriptorPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = SLOTS,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    guest_vk(vkCreateDescriptorPool(device, &pool, NULL, &p->pool), "vkCreateDescriptorPool");
    const VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(float)};
    const VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &p->set_layout,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &push,
    };
    guest_vk(vkCreatePipelineLayout(device, &layout, NULL, &p->layout), "vkCreatePipelineLayout");
    const VkShaderModule module = guest_module(&p->own, plasma_comp, sizeof plasma_comp);
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main"},
        .layout = p->layout,
    };
    guest_vk(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, NULL, &p->pipeline),
             "vkCreateComputePipelines");
    vkDestroyShaderModule(device, module, NULL);
}

static pl_tex make_texture(const program *p, VkExtent2D size, bool source)
{
    const enum pl_fmt_caps caps = source ? PL_FMT_CAP_STORABLE | PL_FMT_CAP_SAMPLEABLE
                                         : PL_FMT_CAP_RENDERABLE | PL_FMT_CAP_HOST_READABLE;
    pl_tex texture = pl_tex_create(
        p->gpu, pl_tex_params(.w = (int)size.width, .h = (int)size.height,
                              .format = pl_find_fmt(p->gpu, PL_FMT_UNORM, 4, 8, 8, caps),
                              .storable = source, .sampleable = source, .renderable = !source,
                              .host_readable = !source));
    if (!texture)
        guest_die("pl_tex_create", "libplacebo cannot make the texture");
    return texture;
}

static void make_slot(program *p, frame_slot *slot)
{
    VkFormat format;
    VkImageUsageFlags usage;
    slot->texture = make_texture(p, SOURCE, true);
    slot->view = guest_make_view(&p->own, pl_vulkan_unwrap(p->gpu, slot->texture, &format, &usage),
                                 VK_FORMAT_R8G8B8A8_UNORM);
    if (format != VK_FORMAT_R8G8B8A8_UNORM)
        guest_die("libplacebo", "the texture has another format");
    const VkDescriptorSetAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = p->pool,
        .descriptorSetCount = 1,
        .pSetLayouts = &p->set_layout,
    };
    guest_vk(vkAllocateDescriptorSets(p->own.device, &allocate, &slot->set),
             "vkAllocateDescriptorSets");
    const VkDescriptorImageInfo image = {VK_NULL_HANDLE, slot->view, VK_IMAGE_LAYOUT_GENERAL};
    const VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = slot->set,
        .descriptorCount = 1,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
        .pImageInfo = &image,
    };
    vkUpdateDescriptorSets(p->own.device, 1, &write, 0, NULL);
    slot->held = guest_make_timeline(&p->own);
    slot->commands = guest_make_commands(&p->own, p->graphics_family);
}

static void make_things(program *p)
{
    make_pipeline(p);
    for (int i = 0; i < SLOTS; i++)
        make_slot(p, &p->slots[i]);
    p->target = make_texture(p, TARGET, false);
    p->renderer = pl_renderer_create(p->log, p->gpu);
    if (!p->renderer)
        guest_die("pl_renderer_create", "libplacebo cannot render");
}

typedef struct plasma_frame {
    const program *program;
    const frame_slot *slot;
    uint64_t index;
} plasma_frame;

static td_result record(void *user, VkCommandBuffer commands)
{
    const plasma_frame *frame = user;
    const program *p = frame->program;
    const float time = (float)frame->index / 15.0f;
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->pipeline);
    vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1,
                            &frame->slot->set, 0, NULL);
    vkCmdPushConstants(commands, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof time, &time);
    vkCmdDispatch(commands, (SOURCE.width + GROUP - 1) / GROUP, (SOURCE.height + GROUP - 1) / GROUP,
                  1);
    return TD_OK;
}

/* libplacebo lets go of the texture and signals; the compute work waits for that. */
static td_wait hold(const program *p, frame_slot *slot)
{
    const pl_vulkan_sem semaphore = {slot->held, ++slot->holds};
    if (!pl_vulkan_hold(p->gpu, slot->texture, VK_IMAGE_LAYOUT_GENERAL, semaphore))
        guest_die("pl_vulkan_hold", "libplacebo keeps the texture");
    return (td_wait){
        .semaphore = slot->held,
        .value = slot->holds,
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
    };
}

/* libplacebo takes the texture back; its own work waits for the ticket's semaphore. */
static void release(const program *p, const frame_slot *slot)
{
    pl_vulkan_sem semaphore;
    guest_td(td_ticket_semaphore(p->tandem, slot->done, &semaphore.sem, &semaphore.value),
             "td_ticket_semaphore");
    pl_vulkan_release(p->gpu, slot->texture, VK_IMAGE_LAYOUT_GENERAL, semaphore);
}

static void fill(program *p, frame_slot *slot, uint64_t index)
{
    plasma_frame frame = {p, slot, index};
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &slot->commands.handle,
        .command_count = 1,
    };
    guest_td(td_ticket_wait(p->tandem, slot->done, 10 * GUEST_NS_A_SECOND), "td_ticket_wait");
    guest_begin(&p->own, &slot->commands);
    const td_wait held = hold(p, slot);
    guest_td(td_scheduler_begin_frame(p->scheduler, index, slot->commands.handle,
                                      10 * GUEST_NS_A_SECOND),
             "td_scheduler_begin_frame");
    guest_td(td_scheduler_wait_for(p->scheduler, &held), "td_scheduler_wait_for");
    guest_td(td_scheduler_record(p->scheduler, record, &frame), "td_scheduler_record");
    guest_td(td_scheduler_submit(p->scheduler, &slot->done), "td_scheduler_submit");
    guest_vk(vkEndCommandBuffer(slot->commands.handle), "vkEndCommandBuffer");
    if (!td_scheduler_is_async(p->scheduler))
        guest_td(td_lane_submit(p->tandem, &params, &slot->done), "td_lane_submit");
    release(p, slot);
}

static struct pl_frame frame_of(pl_tex texture)
{
    return (struct pl_frame){
        .num_planes = 1,
        .planes = {{.texture = texture, .components = 4, .component_mapping = {0, 1, 2, 3}}},
        .repr = pl_color_repr_rgb,
        .color = pl_color_space_srgb,
        .crop = {0, 0, (float)texture->params.w, (float)texture->params.h},
    };
}

static void run(program *p, const char *path)
{
    for (uint64_t index = 0; index < FRAMES; index++) {
        frame_slot *slot = &p->slots[index % SLOTS];
        fill(p, slot, index);
        const struct pl_frame source = frame_of(slot->texture), target = frame_of(p->target);
        if (!pl_render_image(p->renderer, &source, &target, &pl_render_fast_params))
            guest_die("pl_render_image", "libplacebo cannot render the texture");
        pl_gpu_flush(p->gpu);
    }
    uint8_t *pixels = malloc((size_t)TARGET.width * TARGET.height * 4);
    if (!pixels ||
        !pl_tex_download(p->gpu, pl_tex_transfer_params(.tex = p->target, .ptr = pixels)))
        guest_die("pl_tex_download", "libplacebo cannot read the picture back");
    guest_write_ppm(path, pixels, TARGET);
    free(pixels);
}

/* libplacebo waits for tandem's semaphores, so it comes to its end first. */
static void clean_up(program *p)
{
    pl_gpu_finish(p->gpu);
    td_scheduler_destroy(p->scheduler);
    td_device_destroy(p->tandem);
    for (int i = 0; i < SLOTS; i++) {
        vkDestroyCommandPool(p->own.device, p->slots[i].commands.pool, NULL);
        vkDestroySemaphore(p->own.device, p->slots[i].held, NULL);
        vkDestroyImageView(p->own.device, p->slots[i].view, NULL);
        pl_tex_destroy(p->gpu, &p->slots[i].texture);
    }
    vkDestroyPipeline(p->own.device, p->pipeline, NULL);
    vkDestroyPipelineLayout(p->own.device, p->layout, NULL);
    vkDestroyDescriptorPool(p->own.device, p->pool, NULL);
    vkDestroyDescriptorSetLayout(p->own.device, p->set_layout, NULL);
    pl_tex_destroy(p->gpu, &p->target);
    pl_renderer_destroy(&p->renderer);
    pl_vulkan_destroy(&p->vulkan);
    pl_log_destroy(&p->log);
    vkDestroyInstance(p->instance, NULL);
}

int main(int argc, char **argv)
{
    program p = {0};
    open_libplacebo(&p);
    import(&p, guest_mode(argc > 2 ? argv[2] : "auto"));
    make_things(&p);
    run(&p, argc > 1 ? argv[1] : "image.ppm");
    printf("%u frames, compute %s\n", FRAMES,
           td_scheduler_is_async(p.scheduler) ? "on its own queue" : "among the graphics work");
    clean_up(&p);
    return 0;
}
