/* The hazards layer knows the layouts of images, and that a change of layout writes. */
#include "gpu_test.h"

#include "async/plan_declare.h"
#include "gpu/image.h"

#define COPY    VK_PIPELINE_STAGE_2_COPY_BIT
#define COMPUTE VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT

typedef struct change {
    VkPipelineStageFlags2 src_stages;
    VkAccessFlags2 src_access;
    VkImageLayout from, to; /* both the same: no barrier */
} change;

/* A change of layout to writing, the writing, another change, and a read. */
typedef struct story {
    change second;
    VkImageLayout read_layout;
    tdi_declare_uses_fn declare;
    VkImage image;
} story;

static void record_change(td_device *device, VkCommandBuffer commands, const story *s,
                          const change *c, VkPipelineStageFlags2 stages, VkAccessFlags2 access)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = c->src_stages,
        .srcAccessMask = c->src_access,
        .dstStageMask = stages,
        .dstAccessMask = access,
        .oldLayout = c->from,
        .newLayout = c->to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = s->image,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    if (c->from != c->to)
        device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static void declare_use(td_device *device, VkCommandBuffer commands, const story *s,
                        tdi_declared_use use)
{
    use.resource = "image";
    use.image = s->image;
    const tdi_declared_pass pass = {
        .graph = "test", .pass = "step", .commands = commands, .uses = &use, .use_count = 1};
    s->declare(device->handle, &pass);
}

static void record_story(td_device *device, VkCommandBuffer commands, void *user)
{
    const story *s = user;
    const change first = {.from = VK_IMAGE_LAYOUT_UNDEFINED,
                          .to = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL};
    record_change(device, commands, s, &first, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT);
    declare_use(device, commands, s,
                (tdi_declared_use){.layout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                                   .stages = COPY,
                                   .access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                                   .mode = TD_ACCESS_WRITE});
    record_change(device, commands, s, &s->second, COMPUTE, VK_ACCESS_2_SHADER_SAMPLED_READ_BIT);
    declare_use(device, commands, s,
                (tdi_declared_use){.layout = s->read_layout,
                                   .stages = COMPUTE,
                                   .access = VK_ACCESS_2_SHADER_SAMPLED_READ_BIT,
                                   .mode = TD_ACCESS_READ});
}

static void tell(td_device *device, story s)
{
    const tdi_vk_image_params params = {
        .name = "image",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = 16,
        .height = 16,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    tdi_vk_image image;
    s.declare = tdi_plan_declare_find(device);
    if (!s.declare) {
        print_message("skipped: needs the hazards layer\n");
        td_device_destroy(device);
        skip();
    }
    gpu_ok(tdi_vk_image_create(device, &params, &image));
    s.image = image.handle;
    gpu_submit(device, record_story, &s);
    tdi_vk_image_destroy(device, &image);
}

static const change to_read = {
    .src_stages = COPY,
    .src_access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
    .from = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
    .to = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
};

static void everything_in_order(td_device *device)
{
    tell(device,
         (story){.second = to_read, .read_layout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL});
}

static void a_read_in_another_layout(td_device *device)
{
    tell(device, (story){.second = to_read, .read_layout = VK_IMAGE_LAYOUT_GENERAL});
}

static void a_change_that_does_not_wait(td_device *device)
{
    change early = to_read;
    early.src_stages = COMPUTE;
    early.src_access = 0;
    tell(device, (story){.second = early, .read_layout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL});
}

static void a_change_of_what_is_not_available(td_device *device)
{
    change partial = to_read;
    partial.src_access = 0;
    tell(device,
         (story){.second = partial, .read_layout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(everything_in_order),
        gpu_canary(a_read_in_another_layout, "TANDEM-HAZARD-LAYOUT"),
        gpu_canary(a_change_that_does_not_wait, "TANDEM-HAZARD-WRITE-AFTER-WRITE"),
        gpu_canary(a_change_of_what_is_not_available, "TANDEM-HAZARD-WRITE-AFTER-WRITE"),
    };
    return gpu_run_tests(tests);
}
