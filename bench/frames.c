/* tandem's own frames: what queues of its own gain, scene by scene, whether the automatic choice
 * finds the better mode, and what several queues of a family give to independent renderers. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tandem/renderer.h>
#include <tandem/vulkan.h>

#include "base/clock.h"
#include "gpu/feature.h"
#include "load.h"

#define ROUNDS        15
#define ROUND_SECONDS 0.2
#define FEW_ROUNDS    5 /* of what is not compared in pairs */
#define BUDGET        (UINT64_C(4) << 30)
#define MOST_VIEWS    64
#define MOST_PENDING  1024
#define MOST_DEVICES  4
#define FOV           0.7853981634f /* 45 degrees */

typedef struct workload {
    const char *name, *scene; /* under $TANDEM_ASSETS/scenes, or builtin:NAME */
    uint32_t width, height, views;
} workload;

static const workload workloads[] = {
    {"helmet", "DamagedHelmet/glTF-Binary/DamagedHelmet.glb", 512, 512, 32},
    {"helmet-small", "DamagedHelmet/glTF-Binary/DamagedHelmet.glb", 128, 128, 64},
    {"cubes", "many-cubes/many-cubes.gltf", 256, 256, 8},
    {"teapots", "teapots_galore/glTF-instancing/teapots_galore.gltf", 256, 256, 8},
    {"sponza", "Sponza/glTF/Sponza.gltf", 1920, 1080, 8},
    {"city", "builtin:city", 1920, 1080, 8},
    {"spheres", "builtin:spheres", 128, 128, 64},
};

typedef enum mode { OFF, ON, AUTO, MODE_COUNT } mode;
static const td_async_mode mode_values[] = {TD_ASYNC_OFF, TD_ASYNC_ON, TD_ASYNC_AUTO};

/* A renderer with what is in flight. */
typedef struct runner {
    td_renderer *renderer;
    td_camera cameras[MOST_VIEWS];
    uint32_t views, at_once;
    td_request *pending[MOST_PENDING];
    uint32_t first, count;
    uint64_t total; /* views of a run */
} runner;

static void finish_oldest(runner *r)
{
    td_request *request = r->pending[r->first];
    r->first = (r->first + 1) % MOST_PENDING;
    r->count--;
    load_ok(td_request_wait(request, TD_FOREVER), "view");
    td_request_release(request);
}

static void submit(runner *r, uint64_t next, uint32_t count)
{
    td_request *requests[MOST_VIEWS];
    td_camera cameras[MOST_VIEWS];
    for (uint32_t i = 0; i < count; i++)
        cameras[i] = r->cameras[(next + i) % r->views];
    td_result result = TD_ERROR_AGAIN;
    while ((result = td_renderer_submit(r->renderer, cameras, count, next, 0, requests)) ==
               TD_ERROR_AGAIN &&
           r->count > 0)
        finish_oldest(r);
    load_ok(result, "submit");
    for (uint32_t i = 0; i < count; i++)
        r->pending[(r->first + r->count++) % MOST_PENDING] = requests[i];
}

static void *run_views(void *user)
{
    runner *r = user;
    for (uint64_t next = 0; next < r->total;) {
        const uint64_t left = r->total - next;
        const uint32_t count = left < r->at_once ? (uint32_t)left : r->at_once;
        submit(r, next, count);
        next += count;
    }
    while (r->count > 0)
        finish_oldest(r);
    return NULL;
}

/* Seconds that all runners take, each in a thread of its own, for `total` views together. */
static double run(runner *runners, uint32_t count, uint64_t total)
{
    pthread_t threads[MOST_DEVICES];
    const double start = load_now();
    for (uint32_t i = 0; i < count; i++) {
        runners[i].total = total / count;
        if (i > 0)
            pthread_create(&threads[i], NULL, run_views, &runners[i]);
    }
    (void)run_views(&runners[0]);
    for (uint32_t i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    return load_now() - start;
}

typedef struct way {
    td_async_mode async;
    td_raster raster;
} way;

static void make_runner(td_device *device, const workload *w, td_scene *scene, way how, runner *r)
{
    const td_renderer_params params = {.scene = scene,
                                       .width = w->width,
                                       .height = w->height,
                                       .samples = 1,
                                       .async = how.async,
                                       .raster = how.raster};
    td_renderer_info info;
    memset(r, 0, sizeof *r);
    load_ok(td_renderer_create(device, &params, &r->renderer), w->name);
    td_renderer_get_info(r->renderer, &info);
    r->at_once = info.views_per_submission;
    r->views = w->views;
    for (uint32_t i = 0; i < w->views; i++)
        load_ok(td_scene_orbit_camera(scene, 360.0 * i / w->views, 15, &r->cameras[i]), w->name);
}

/* Views that take about ROUND_SECONDS. */
static uint64_t count_views(runner *r)
{
    (void)run(r, 1, r->at_once);
    const uint64_t some = 2 * (uint64_t)r->at_once;
    const double seconds = run(r, 1, some);
    const uint64_t wanted = (uint64_t)((double)some * ROUND_SECONDS / seconds);
    return wanted > some ? wanted : some;
}

static td_scene *load_scene(const workload *w)
{
    char path[1024];
    td_scene *scene = NULL;
    const char *assets = getenv("TANDEM_ASSETS");
    const bool builtin = strncmp(w->scene, "builtin:", 8) == 0;
    snprintf(path, sizeof path, "%s%s%s", builtin || !assets ? "" : assets,
             builtin ? "" : "/scenes/", w->scene);
    return td_scene_load(path, NULL, &scene) == TD_OK ? scene : NULL;
}

static json_t *compare_modes(td_device *device, const workload *w, td_scene *scene)
{
    runner *runners = calloc(MODE_COUNT, sizeof *runners);
    double seconds[MODE_COUNT][ROUNDS], over[ROUNDS], median[MODE_COUNT];
    for (uint32_t m = 0; m < MODE_COUNT; m++)
        make_runner(device, w, scene, (way){.async = mode_values[m]}, &runners[m]);
    const uint64_t views = count_views(&runners[OFF]);
    for (uint32_t m = 0; m < MODE_COUNT; m++)
        (void)run(&runners[m], 1, views);
    (void)run(&runners[AUTO], 1, 3 * views); /* until it has decided */
    for (uint32_t r = 0; r < ROUNDS; r++) {
        for (uint32_t m = 0; m < MODE_COUNT; m++)
            seconds[m][r] = run(&runners[m], 1, views);
    }
    for (uint32_t m = 0; m < MODE_COUNT; m++) {
        double sorted[ROUNDS];
        memcpy(sorted, seconds[m], sizeof sorted);
        median[m] = load_median(sorted, ROUNDS);
    }
    const mode best = median[ON] < median[OFF] ? ON : OFF;
    for (uint32_t r = 0; r < ROUNDS; r++)
        over[r] = seconds[AUTO][r] / seconds[best][r];
    td_renderer_info info;
    td_renderer_get_info(runners[AUTO].renderer, &info);
    json_t *row =
        json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:b, s:s}", "scene", w->name, "off_views_per_s",
                  (double)views / median[OFF], "on_views_per_s", (double)views / median[ON],
                  "auto_views_per_s", (double)views / median[AUTO], "on_over_off",
                  median[OFF] / median[ON], "auto_time_over_best", load_median(over, ROUNDS),
                  "auto_chose_on", (int)info.async, "reason", info.async_reason);
    for (uint32_t m = 0; m < MODE_COUNT; m++)
        td_renderer_destroy(runners[m].renderer);
    free(runners);
    return row;
}

/* ---- several queues of a family ---- */

typedef struct shared_device {
    tdi_vk_instance instance;
    VkDevice handle;
    td_device *devices[MOST_DEVICES]; /* each with queues of its own, of one VkDevice */
    uint32_t count;
} shared_device;

static void import_queues(shared_device *s, VkPhysicalDevice physical,
                          const VkPhysicalDeviceFeatures2 *features, const td_device_info *info)
{
    struct VolkDeviceTable vk;
    tdi_instance_load_device(&s->instance, s->handle, &vk);
    for (uint32_t i = 0; i < s->count; i++) {
        td_device_import_params import = {
            .instance = s->instance.handle,
            .physical_device = physical,
            .device = s->handle,
            .features = features,
            .budget_bytes = BUDGET,
        };
        for (uint32_t lane = 0; lane < TD_LANE_TRANSFER; lane++) {
            td_import_queue *queue = &import.queues[lane];
            queue->family = info->lanes[lane].family;
            queue->index = i;
            vk.vkGetDeviceQueue(s->handle, queue->family, i, &queue->handle);
        }
        load_ok(td_device_import(&import, &s->devices[i]), "import");
    }
}

static void make_shared(const td_device_info *info, uint32_t count, shared_device *s)
{
    static const float priorities[MOST_DEVICES] = {1, 1, 1, 1};
    const tdi_device_features optional = {.sampler_anisotropy = true, .dynamic_rendering = true};
    tdi_feature_chain features;
    VkDeviceQueueCreateInfo queues[2];
    memset(s, 0, sizeof *s);
    s->count = count;
    tdi_feature_chain_init(&features);
    tdi_feature_chain_require(&features, &optional);
    load_ok(tdi_instance_create(false, &s->instance), "no Vulkan");
    const VkPhysicalDevice physical = load_find_physical(&s->instance, info->uuid);
    for (uint32_t i = 0; i < 2; i++)
        queues[i] = (VkDeviceQueueCreateInfo){
            .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
            .queueFamilyIndex = info->lanes[i].family,
            .queueCount = count,
            .pQueuePriorities = priorities,
        };
    const VkDeviceCreateInfo create = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &features.core,
        .queueCreateInfoCount = 2,
        .pQueueCreateInfos = queues,
    };
    load_check(s->instance.vkCreateDevice(physical, &create, NULL, &s->handle), "vkCreateDevice");
    import_queues(s, physical, &features.core, info);
}

static void destroy_shared(shared_device *s)
{
    struct VolkDeviceTable vk;
    tdi_instance_load_device(&s->instance, s->handle, &vk);
    for (uint32_t i = 0; i < s->count; i++)
        td_device_destroy(s->devices[i]);
    vk.vkDestroyDevice(s->handle, NULL);
    tdi_instance_destroy(&s->instance);
}

static double median_rate(runner *runners, uint32_t count, uint64_t views)
{
    double rates[FEW_ROUNDS];
    (void)run(runners, count, views);
    for (uint32_t r = 0; r < FEW_ROUNDS; r++)
        rates[r] = (double)views / run(runners, count, views);
    return load_median(rates, FEW_ROUNDS);
}

/* Views a second of 1, 2 and 4 renderers, each with queues of its own. */
static json_t *compare_queues(const td_device_info *info, const workload *w, td_scene *scene)
{
    json_t *rates = json_object();
    for (uint32_t count = 1; count <= MOST_DEVICES; count *= 2) {
        char name[32];
        shared_device s;
        runner *runners = calloc(count, sizeof *runners);
        make_shared(info, count, &s);
        for (uint32_t i = 0; i < count; i++)
            make_runner(s.devices[i], w, scene, (way){.async = TD_ASYNC_ON}, &runners[i]);
        const uint64_t views = count_views(&runners[0]) * count;
        snprintf(name, sizeof name, "%u of each family", count);
        json_object_set_new(rates, name, json_real(median_rate(runners, count, views)));
        for (uint32_t i = 0; i < count; i++)
            td_renderer_destroy(runners[i].renderer);
        destroy_shared(&s);
        free(runners);
    }
    return rates;
}

static bool is_wanted(const char *name, int count, char **names)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return count < 2;
}

/* Views a second of each rasteriser. */
static json_t *compare_rasters(td_device *device, const workload *w, td_scene *scene)
{
    static const struct {
        const char *name;
        td_raster raster;
    } ways[] = {{"compute", TD_RASTER_COMPUTE},
                {"hardware", TD_RASTER_HARDWARE},
                {"hardware, recorded draws", TD_RASTER_HARDWARE_DRAWS}};
    json_t *rates = json_object();
    for (uint32_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        runner *r = calloc(1, sizeof *r);
        make_runner(device, w, scene, (way){.async = TD_ASYNC_OFF, .raster = ways[i].raster}, r);
        json_object_set_new(rates, ways[i].name, json_real(median_rate(r, 1, count_views(r))));
        td_renderer_destroy(r->renderer);
        free(r);
    }
    return rates;
}

/* Names of workloads; without any, all whose scenes are there. */
int main(int count, char **names)
{
    const td_device_params params = {.budget_bytes = BUDGET};
    td_device *device = NULL;
    td_device_info info;
    json_t *rows = json_array();
    load_ok(td_device_create(&params, &device), "no device");
    td_device_get_info(device, &info);
    if (info.lanes[TD_LANE_COMPUTE].passthrough) {
        fprintf(stderr, "%s has no queue for compute beside graphics: nothing to compare\n",
                info.name);
        td_device_destroy(device);
        return 77;
    }
    for (uint32_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        td_scene *scene =
            is_wanted(workloads[i].name, count, names) ? load_scene(&workloads[i]) : NULL;
        if (!scene)
            continue;
        json_t *row = compare_modes(device, &workloads[i], scene);
        if (!info.software && i < 2)
            json_object_set_new(row, "queues", compare_queues(&info, &workloads[i], scene));
        json_object_set_new(row, "rasters", compare_rasters(device, &workloads[i], scene));
        json_array_append_new(rows, row);
        td_scene_destroy(scene);
    }
    json_t *report =
        json_pack("{s:s, s:s, s:o}", "benchmark", "frames", "device", info.name, "rows", rows);
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    td_device_destroy(device);
    return 0;
}
