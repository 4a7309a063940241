#include "render/pipelines.h"

#include <assert.h>
#include <string.h>

#include "base/pool.h"
#include "gpu/pipeline_store.h"
#include "shaders.h"

#define MAX_ROLES 6

/* Measured with DamagedHelmet, Sponza and teapots_galore. What all invocations of a workgroup share
 * is fetched again by each of its subgroups. On processors that costs more than threads gain:
 * there, a workgroup that draws clusters is one subgroup, and one that shades is one row of eight
 * pixels, and both loop. */
#define RASTER_WORKGROUP 128 /* invocations; clusters have up to 128 triangles */
#define LARGE_WORKGROUP  32  /* a bin is 32 pixels across, rows of 8 lie side by side */
#define SHADE_ROWS       8
#define LARGE_BOX        32 /* pixels; larger triangles go through bins */

/* What samples and rounding move corners by, at most, in 1/256 pixel. */
#define REACH_MARGIN 512.0f

typedef struct pipeline_source {
    const char *name;
    const tdi_shader_code *code;
    const tdi_shader_code *lobes; /* instead, where materials have some; NULL: the same */
    /* Instead of either, where an environment lights the scene; NULL: the same. */
    const tdi_shader_code *environment, *environment_lobes;
    /* Instead of any, where lights at nodes do, without and with an environment. */
    const tdi_shader_code *punctual, *environment_punctual;
    const tdi_shader_code *fragment; /* NULL: a compute pipeline */
    uint32_t rasters;                /* bits of td_raster that need it; 0: all */
    bool bindless;
    uint32_t workgroup; /* specialisation constant; 0: has none */
    uint32_t role_count;
    tdi_pass_role roles[MAX_ROLES];
} pipeline_source;

#define ONLY(raster) (1u << (raster))

#define DRAW_ROLES                                                                                 \
    .role_count = 6, .roles = {TDI_ROLE_WORDS,       TDI_ROLE_LISTS,           TDI_ROLE_VISIBLE,   \
                               TDI_ROLE_LARGE_LISTS, TDI_ROLE_LARGE_TRIANGLES, TDI_ROLE_ENTRIES}
#define LARGE_ROLES                                                                                \
    .role_count = 4,                                                                               \
    .roles = {TDI_ROLE_WORDS, TDI_ROLE_LARGE_LISTS, TDI_ROLE_LARGE_TRIANGLES, TDI_ROLE_ENTRIES}

static const pipeline_source sources[TDI_PIPELINE_COUNT] = {
    [TDI_PIPELINE_CLEAR] = {.name = "clear",
                            .code = &tdi_shader_clear,
                            .role_count = 3,
                            .roles = {TDI_ROLE_WORDS, TDI_ROLE_LISTS, TDI_ROLE_LARGE_LISTS}},
    [TDI_PIPELINE_CULL] = {.name = "cull",
                           .code = &tdi_shader_cull,
                           .rasters = ONLY(TD_RASTER_COMPUTE),
                           .role_count = 2,
                           .roles = {TDI_ROLE_LISTS, TDI_ROLE_VISIBLE}},
    [TDI_PIPELINE_CULL_INDIRECT] = {.name = "cull to draws",
                                    .code = &tdi_shader_cull_indirect,
                                    .rasters = ONLY(TD_RASTER_HARDWARE),
                                    .role_count = 3,
                                    .roles = {TDI_ROLE_LISTS, TDI_ROLE_VISIBLE, TDI_ROLE_DRAWS}},
    [TDI_PIPELINE_CULL_DRAWS] = {.name = "cull to states",
                                 .code = &tdi_shader_cull_draws,
                                 .rasters = ONLY(TD_RASTER_HARDWARE_DRAWS),
                                 .role_count = 3,
                                 .roles = {TDI_ROLE_LISTS, TDI_ROLE_VISIBLE, TDI_ROLE_STATES}},
    [TDI_PIPELINE_RASTER] = {.name = "raster",
                             .code = &tdi_shader_raster,
                             .rasters = ONLY(TD_RASTER_COMPUTE),
                             .workgroup = RASTER_WORKGROUP,
                             DRAW_ROLES},
    [TDI_PIPELINE_RASTER_CLIP] = {.name = "raster clip",
                                  .code = &tdi_shader_raster_clip,
                                  .workgroup = RASTER_WORKGROUP,
                                  DRAW_ROLES},
    [TDI_PIPELINE_RASTER_LARGE] = {.name = "raster large",
                                   .code = &tdi_shader_raster_large,
                                   .workgroup = LARGE_WORKGROUP,
                                   LARGE_ROLES},
    [TDI_PIPELINE_DRAW_INDIRECT] = {.name = "draw indirect",
                                    .code = &tdi_shader_hardware_indirect,
                                    .fragment = &tdi_shader_hardware,
                                    .rasters = ONLY(TD_RASTER_HARDWARE),
                                    .role_count = 2,
                                    .roles = {TDI_ROLE_WORDS, TDI_ROLE_VISIBLE}},
    [TDI_PIPELINE_DRAW] = {.name = "draw",
                           .code = &tdi_shader_hardware_draws,
                           .fragment = &tdi_shader_hardware,
                           .rasters = ONLY(TD_RASTER_HARDWARE_DRAWS),
                           .role_count = 2,
                           .roles = {TDI_ROLE_WORDS, TDI_ROLE_STATES}},
    [TDI_PIPELINE_SHADE] = {.name = "shade",
                            .code = &tdi_shader_shade,
                            .lobes = &tdi_shader_shade_lobes,
                            .environment = &tdi_shader_shade_environment,
                            .environment_lobes = &tdi_shader_shade_environment_lobes,
                            .punctual = &tdi_shader_shade_lights,
                            .environment_punctual = &tdi_shader_shade_environment_lights,
                            .bindless = true,
                            .workgroup = SHADE_ROWS,
                            .role_count = 2,
                            .roles = {TDI_ROLE_WORDS, TDI_ROLE_PIXELS}},
    [TDI_PIPELINE_FOOTPRINT] = {.name = "footprint",
                                .code = &tdi_shader_footprint,
                                .lobes = &tdi_shader_footprint_lobes,
                                .bindless = true,
                                .workgroup = SHADE_ROWS,
                                .role_count = 2,
                                .roles = {TDI_ROLE_WORDS, TDI_ROLE_PIXELS}},
    [TDI_PIPELINE_RASTER_MASKED] = {.name = "raster masked",
                                    .code = &tdi_shader_raster_masked,
                                    .rasters = ONLY(TD_RASTER_COMPUTE),
                                    .bindless = true,
                                    .workgroup = RASTER_WORKGROUP,
                                    DRAW_ROLES},
    [TDI_PIPELINE_RASTER_CLIP_MASKED] = {.name = "raster clip masked",
                                         .code = &tdi_shader_raster_clip_masked,
                                         .bindless = true,
                                         .workgroup = RASTER_WORKGROUP,
                                         DRAW_ROLES},
    [TDI_PIPELINE_RASTER_LARGE_MASKED] = {.name = "raster large masked",
                                          .code = &tdi_shader_raster_large_masked,
                                          .bindless = true,
                                          .workgroup = LARGE_WORKGROUP,
                                          LARGE_ROLES},
    [TDI_PIPELINE_DRAW_INDIRECT_MASKED] = {.name = "draw indirect masked",
                                           .code = &tdi_shader_hardware_indirect,
                                           .fragment = &tdi_shader_hardware_masked,
                                           .rasters = ONLY(TD_RASTER_HARDWARE),
                                           .bindless = true,
                                           .role_count = 2,
                                           .roles = {TDI_ROLE_WORDS, TDI_ROLE_VISIBLE}},
    [TDI_PIPELINE_DRAW_MASKED] = {.name = "draw masked",
                                  .code = &tdi_shader_hardware_draws_masked,
                                  .fragment = &tdi_shader_hardware_masked,
                                  .rasters = ONLY(TD_RASTER_HARDWARE_DRAWS),
                                  .bindless = true,
                                  .role_count = 2,
                                  .roles = {TDI_ROLE_WORDS, TDI_ROLE_STATES}},
};

static bool wanted(const tdi_pipelines_params *params, uint32_t index)
{
    const uint32_t rasters = sources[index].rasters;
    if (index == (params->footprint ? TDI_PIPELINE_SHADE : TDI_PIPELINE_FOOTPRINT))
        return false;
    return (index < TDI_PIPELINE_RASTER_MASKED || params->masked) &&
           (rasters == 0 || (rasters & ONLY(params->raster)) != 0);
}

uint32_t tdi_pipeline_roles(tdi_pass_pipeline pipeline, const tdi_pass_role **out)
{
    *out = sources[pipeline].roles;
    return sources[pipeline].role_count;
}

/* Specialisation constants, by their ids. */
typedef struct constants {
    uint32_t samples;
    uint32_t workgroup;
    uint32_t large_box;
    uint32_t outputs;
    uint32_t instances;
    float reach, scale; /* see hardware.glsl */
    uint32_t lobes;
    uint32_t layers; /* of words */
} constants;

static const VkSpecializationMapEntry constant_map[] = {
    {0, offsetof(constants, samples), sizeof(uint32_t)},
    {1, offsetof(constants, workgroup), sizeof(uint32_t)},
    {2, offsetof(constants, large_box), sizeof(uint32_t)},
    {3, offsetof(constants, outputs), sizeof(uint32_t)},
    {4, offsetof(constants, instances), sizeof(uint32_t)},
    {5, offsetof(constants, reach), sizeof(float)},
    {6, offsetof(constants, scale), sizeof(float)},
    {7, offsetof(constants, lobes), sizeof(uint32_t)},
    {8, offsetof(constants, layers), sizeof(uint32_t)},
};

static uint32_t workgroup_size(const td_device *device, uint32_t wanted)
{
    if (!device->info.software)
        return wanted;
    switch (wanted) {
    case RASTER_WORKGROUP:
        return device->subgroup.subgroupSize;
    case SHADE_ROWS:
        return 1;
    default:
        return wanted;
    }
}

static constants constants_of(const td_device *device, const tdi_pipelines_params *params,
                              const pipeline_source *source)
{
    const float half = 128.0f * (float)params->shape.side; /* of the viewport, in 1/256 pixel */
    return (constants){
        .samples = params->samples,
        .workgroup = workgroup_size(device, source->workgroup),
        .large_box = LARGE_BOX,
        .outputs = params->outputs,
        .instances = params->shape.instances,
        .reach = half - REACH_MARGIN,
        .scale = 1.0f / half,
        .lobes = params->lobes,
        .layers = tdi_word_layers(params->lobes),
    };
}

/* What a pipeline is made from. */
typedef struct recipe {
    const pipeline_source *source;
    constants values;
    uint32_t samples; /* of a pixel, in one invocation of a fragment shader */
    bool environment, punctual;
} recipe;

static const tdi_shader_code *code_of(const recipe *r)
{
    if (r->punctual)
        return r->environment ? r->source->environment_punctual : r->source->punctual;
    if (r->environment)
        return r->values.lobes ? r->source->environment_lobes : r->source->environment;
    return r->values.lobes ? r->source->lobes : r->source->code;
}

static td_result create_pipeline(td_device *device, void *user, tdi_pipeline *out)
{
    const recipe *made_from = user;
    const pipeline_source *source = made_from->source;
    const constants values = made_from->values;
    const tdi_shader_code *code = code_of(made_from);
    const VkSpecializationInfo specialization = {
        .mapEntryCount = sizeof constant_map / sizeof constant_map[0],
        .pMapEntries = constant_map,
        .dataSize = sizeof values,
        .pData = &values,
    };
    const tdi_compute_pipeline_params compute = {
        .name = source->name,
        .code = code->words,
        .code_bytes = code->bytes,
        .binding_count = source->role_count,
        .push_bytes = sizeof(tdi_pass_push),
        .bindless = source->bindless,
        .specialization = &specialization,
    };
    if (!source->fragment)
        return tdi_pipeline_create_compute(device, &compute, out);
    const tdi_graphics_pipeline_params graphics = {
        .name = source->name,
        .vertex_code = source->code->words,
        .vertex_bytes = source->code->bytes,
        .fragment_code = source->fragment->words,
        .fragment_bytes = source->fragment->bytes,
        .samples = made_from->samples,
        .binding_count = source->role_count,
        .push_bytes = sizeof(tdi_pass_push),
        .bindless = source->bindless,
        .specialization = &specialization,
    };
    return tdi_pipeline_create_graphics(device, &graphics, out);
}

static td_result take_pipeline(td_device *device, const tdi_pipelines_params *params,
                               uint32_t index, tdi_pipeline *out)
{
    recipe made_from = {
        .source = &sources[index],
        .values = constants_of(device, params, &sources[index]),
        .samples = sources[index].fragment ? params->shape.samples : 0,
        .environment = params->environment && sources[index].environment,
        .punctual = params->punctual && sources[index].punctual,
    };
    /* No others look at these, so that all are shared. */
    if (index != TDI_PIPELINE_SHADE)
        made_from.values.outputs = 0;
    if (!sources[index].lobes)
        made_from.values.lobes = 0;
    const struct {
        uint16_t index, samples;
        uint16_t environment, punctual;
        constants values;
    } all = {(uint16_t)index, (uint16_t)made_from.samples, made_from.environment,
             made_from.punctual, made_from.values};
    tdi_pipeline_key key = {{0}};
    static_assert(sizeof all <= sizeof key, "what tells pipelines apart fits a key");
    memcpy(key.bytes, &all, sizeof all);
    return tdi_pipeline_store_take(device, &key, create_pipeline, &made_from, out);
}

/* The threads' share of the work; errors are kept for the thread that asked. */
typedef struct making {
    td_device *device;
    const tdi_pipelines_params *params;
    tdi_pipeline *pipelines;
    td_result results[TDI_PIPELINE_COUNT];
    char sentences[TDI_PIPELINE_COUNT][256];
} making;

static void make_one(void *user, uint32_t index)
{
    making *work = user;
    if (!wanted(work->params, index))
        return;
    work->results[index] =
        take_pipeline(work->device, work->params, index, &work->pipelines[index]);
    if (work->results[index] != TD_OK)
        strncpy(work->sentences[index], td_last_error(), sizeof work->sentences[index] - 1);
}

td_result tdi_pipelines_create(td_device *device, const tdi_pipelines_params *params,
                               tdi_pipeline pipelines[TDI_PIPELINE_COUNT])
{
    making work = {.device = device, .params = params, .pipelines = pipelines};
    memset(pipelines, 0, TDI_PIPELINE_COUNT * sizeof *pipelines);
    tdi_pool *pool = NULL;
    TDI_TRY(tdi_pool_create(params->threads, "pipelines", &pool));
    tdi_pool_for(pool, TDI_PIPELINE_COUNT, make_one, &work);
    tdi_pool_destroy(pool);
    for (uint32_t i = 0; i < TDI_PIPELINE_COUNT; i++) {
        if (work.results[i] == TD_OK)
            continue;
        tdi_pipelines_destroy(device, pipelines);
        return tdi_fail(work.results[i], "%s", work.sentences[i]);
    }
    return TD_OK;
}

void tdi_pipelines_destroy(td_device *device, tdi_pipeline pipelines[TDI_PIPELINE_COUNT])
{
    for (uint32_t i = 0; i < TDI_PIPELINE_COUNT; i++)
        tdi_pipeline_store_give_back(device, &pipelines[i]);
}
