/* A program's own pass in the graph of a renderer: it changes the colours between shading and the
 * host, on whatever lane, in tiles and copied results; what it declares wrongly is an error with
 * the names. */
#include "scene_support.h"

#include <string.h>

#include <tandem/graph.h>

#include "gpu/pipeline.h"
#include "invert_spv.h"

#define COMPUTE VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT
#define ACCESS  (VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT)
#define SETS    64

typedef struct inverter {
    td_device *device;
    tdi_pipeline pipeline;
    tdi_descriptor_pool *pool;
    VkDescriptorSet sets[SETS]; /* each is used once */
    uint32_t used;
    td_resource result;
    td_lane lane;
    uint32_t recorded;
    bool circle;
    bool unordered;
} inverter;

static void record_invert(const td_pass_context *context)
{
    inverter *guest = context->user;
    const td_renderer_frame *frame = context->frame;
    const td_bound *result = &context->resources[guest->result];
    const tdi_binding binding = {result->buffer, result->offset, result->size};
    assert_true(guest->used < SETS);
    const VkDescriptorSet set = guest->sets[guest->used++];
    const struct VolkDeviceTable *vk = &context->device->vk;
    tdi_descriptor_set_update(context->device, &guest->pipeline, set, &binding);
    vk->vkCmdBindPipeline(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                          guest->pipeline.handle);
    vk->vkCmdBindDescriptorSets(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                guest->pipeline.layout, 0, 1, &set, 0, NULL);
    for (uint32_t view = 0; view < frame->views; view++) {
        const uint64_t first = (view * frame->view_bytes + frame->color_offset) / 4 +
                               (uint64_t)frame->tile_y * frame->width + frame->tile_x;
        const uint32_t push[] = {(uint32_t)first, frame->width, frame->tile_width,
                                 frame->tile_height};
        vk->vkCmdPushConstants(context->commands, guest->pipeline.layout,
                               VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push, push);
        vk->vkCmdDispatch(context->commands, (frame->tile_width + 63) / 64, frame->tile_height, 1);
    }
    guest->recorded++;
}

static td_result declare(void *user, td_graph *graph, const td_renderer_graph *renderer)
{
    inverter *guest = user;
    guest->result = renderer->result;
    const td_use uses[] = {
        {.resource = renderer->result,
         .stages = COMPUTE,
         .access = ACCESS,
         .mode = guest->circle ? TD_ACCESS_READ : TD_ACCESS_WRITE},
        {.resource = renderer->words,
         .stages = COMPUTE,
         .access = ACCESS,
         .mode = TD_ACCESS_ACCUMULATE},
    };
    const td_pass_params pass = {
        .name = "invert",
        .lane = guest->lane,
        .capabilities = VK_QUEUE_COMPUTE_BIT,
        .uses = uses,
        .use_count = guest->circle ? 2 : 1,
        .record = record_invert,
        .user = guest,
        .after = &renderer->filled_by,
        .after_count = guest->unordered || guest->circle ? 0 : 1,
    };
    return td_graph_add_pass(graph, &pass);
}

static void make_inverter(td_device *device, inverter *guest)
{
    const tdi_compute_pipeline_params params = {
        .name = "invert",
        .code = invert_spv,
        .code_bytes = sizeof invert_spv,
        .binding_count = 1,
        .push_bytes = 16,
    };
    *guest = (inverter){.device = device, .lane = TD_LANE_GRAPHICS};
    gpu_ok(tdi_pipeline_create_compute(device, &params, &guest->pipeline));
    gpu_ok(tdi_descriptor_pool_create(device, SETS, SETS, &guest->pool));
    for (uint32_t i = 0; i < SETS; i++)
        gpu_ok(tdi_descriptor_set_create(device, guest->pool, &guest->pipeline, NULL,
                                         &guest->sets[i]));
}

static void destroy_inverter(td_device *device, inverter *guest)
{
    tdi_descriptor_pool_destroy(device, guest->pool);
    tdi_pipeline_destroy(device, &guest->pipeline);
}

static void invert(scene_picture *picture)
{
    for (uint32_t i = 0; i < picture->width * picture->height; i++) {
        for (uint32_t channel = 0; channel < 3; channel++)
            picture->color[4 * i + channel] = (uint8_t)(255 - picture->color[4 * i + channel]);
    }
}

/* The picture without the guest, turned into its complement here. */
static void check_inverted(td_device *device, td_renderer_params params, uint32_t views)
{
    td_camera cameras[4];
    scene_picture expected[4];
    for (uint32_t i = 0; i < views; i++) {
        cameras[i] = scene_rich_camera(i);
        expected[i] = scene_render(device, &params, &cameras[i]);
        invert(&expected[i]);
    }
    inverter guest;
    make_inverter(device, &guest);
    for (int lane = 0; lane < 2; lane++) {
        guest.lane = lane ? TD_LANE_COMPUTE : TD_LANE_GRAPHICS;
        const td_renderer_guest passes = {.declare = declare, .user = &guest};
        params.guest = &passes;
        td_renderer *renderer = scene_renderer(device, &params);
        td_request *requests[4];
        scene_submit(renderer, cameras, views, requests);
        for (uint32_t i = 0; i < views; i++) {
            scene_picture found = scene_take(requests[i]);
            scene_assert_same(&found, &expected[i], lane ? "compute lane" : "graphics lane");
            scene_picture_free(&found);
        }
        td_renderer_destroy(renderer);
    }
    assert_true(guest.recorded >= 2);
    for (uint32_t i = 0; i < views; i++)
        scene_picture_free(&expected[i]);
    destroy_inverter(device, &guest);
}

static void a_guest_changes_the_colours(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 70, 50);
    params.views_per_submission = 3;
    check_inverted(device, params, 3);
    td_scene_destroy(scene);
}

static void results_may_be_copied(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 70, 50);
    params.copy_results = TD_COPY_ALWAYS;
    check_inverted(device, params, 1);
    td_scene_destroy(scene);
}

/* Each execution changes its own part of the result. */
static void images_may_be_tiled(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 70, 50);
    params.tile_width = 40;
    params.tile_height = 30;
    check_inverted(device, params, 1);
    td_scene_destroy(scene);
}

static void expect_refused(td_device *device, const td_renderer_params *params, const char *one,
                           const char *two)
{
    td_renderer *renderer;
    assert_int_equal(td_renderer_create(device, params, &renderer), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), one));
    assert_non_null(strstr(td_last_error(), two));
}

static td_result refuse(void *user, td_graph *graph, const td_renderer_graph *renderer)
{
    (void)user;
    (void)renderer;
    const td_resource_params again = {.name = "frame", .kind = TD_RESOURCE_EXTERNAL};
    td_resource resource;
    return td_graph_add_resource(graph, &again, &resource);
}

static td_result declare_unbound(void *user, td_graph *graph, const td_renderer_graph *renderer)
{
    (void)renderer;
    const td_resource_params params = {.name = "lookup", .kind = TD_RESOURCE_PERSISTENT};
    td_resource lookup;
    TDI_TRY(td_graph_add_resource(graph, &params, &lookup));
    const td_use use = {.resource = lookup, .stages = COMPUTE, .access = ACCESS};
    const td_pass_params pass = {
        .name = "look", .uses = &use, .use_count = 1, .record = record_invert, .user = user};
    return td_graph_add_pass(graph, &pass);
}

static void wrong_declarations_are_named(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 16, 16);
    inverter guest = {.circle = true};
    td_renderer_guest passes = {.declare = declare, .user = &guest};
    params.guest = &passes;
    expect_refused(device, &params, "circle", "'invert' before 'shade'");
    guest = (inverter){.unordered = true};
    expect_refused(device, &params, "'invert'", "both write 'result'");
    passes.declare = refuse;
    expect_refused(device, &params, "'frame'", "already");
    passes.declare = NULL;
    expect_refused(device, &params, "declare", "NULL");
    passes = (td_renderer_guest){.declare = declare, .binding_count = 17};
    expect_refused(device, &params, "17", "16");
    td_scene_destroy(scene);
}

/* Only submissions need what is bound. */
static void what_a_guest_does_not_bind_is_named(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 16, 16);
    inverter guest = {0};
    const td_renderer_guest passes = {.declare = declare_unbound, .user = &guest};
    params.guest = &passes;
    td_renderer *renderer = scene_renderer(device, &params);
    const td_camera camera = scene_rich_camera(0);
    td_request *request;
    assert_int_equal(td_renderer_submit(renderer, &camera, 1, 0, SCENE_LIMIT_NS, &request),
                     TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "'lookup'"));
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(a_guest_changes_the_colours),
        gpu_test(results_may_be_copied),
        gpu_test(images_may_be_tiled),
        gpu_test(wrong_declarations_are_named),
        gpu_test(what_a_guest_does_not_bind_is_named),
    };
    return gpu_run_tests(tests);
}
