#include "render/pipelines.h"

#include <string.h>

#include "base/pool.h"
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

typedef struct pipeline_source {
    const char *name;
    const tdi_shader_code *code;
    bool bindless;
    uint32_t workgroup; /* specialisation constant; 0: has none */
    uint32_t role_count;
    tdi_pass_role roles[MAX_ROLES];
} pipeline_source;

#define DRAW_ROLES                                                                                 \
    6,                                                                                             \
    {                                                                                              \
        TDI_ROLE_WORDS, TDI_ROLE_LISTS, TDI_ROLE_VISIBLE, TDI_ROLE_LARGE_LISTS,                    \
            TDI_ROLE_LARGE_TRIANGLES, TDI_ROLE_ENTRIES                                             \
    }
#define LARGE_ROLES                                                                                \
    4,                                                                                             \
    {                                                                                              \
        TDI_ROLE_WORDS, TDI_ROLE_LARGE_LISTS, TDI_ROLE_LARGE_TRIANGLES, TDI_ROLE_ENTRIES           \
    }

static const pipeline_source sources[TDI_PIPELINE_COUNT] = {
    [TDI_PIPELINE_CLEAR] = {"clear",
                            &tdi_shader_clear,
                            false,
                            0,
                            3,
                            {TDI_ROLE_WORDS, TDI_ROLE_LISTS, TDI_ROLE_LARGE_LISTS}},
    [TDI_PIPELINE_CULL] =
        {"cull", &tdi_shader_cull, false, 0, 2, {TDI_ROLE_LISTS, TDI_ROLE_VISIBLE}},
    [TDI_PIPELINE_RASTER] = {"raster", &tdi_shader_raster, false, RASTER_WORKGROUP, DRAW_ROLES},
    [TDI_PIPELINE_RASTER_CLIP] = {"raster clip", &tdi_shader_raster_clip, false, RASTER_WORKGROUP,
                                  DRAW_ROLES},
    [TDI_PIPELINE_RASTER_LARGE] = {"raster large", &tdi_shader_raster_large, false, LARGE_WORKGROUP,
                                   LARGE_ROLES},
    [TDI_PIPELINE_SHADE] =
        {"shade", &tdi_shader_shade, true, SHADE_ROWS, 2, {TDI_ROLE_WORDS, TDI_ROLE_PIXELS}},
    [TDI_PIPELINE_RASTER_MASKED] = {"raster masked", &tdi_shader_raster_masked, true,
                                    RASTER_WORKGROUP, DRAW_ROLES},
    [TDI_PIPELINE_RASTER_CLIP_MASKED] = {"raster clip masked", &tdi_shader_raster_clip_masked, true,
                                         RASTER_WORKGROUP, DRAW_ROLES},
    [TDI_PIPELINE_RASTER_LARGE_MASKED] = {"raster large masked", &tdi_shader_raster_large_masked,
                                          true, LARGE_WORKGROUP, LARGE_ROLES},
};

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
} constants;

static const VkSpecializationMapEntry constant_map[] = {
    {0, offsetof(constants, samples), sizeof(uint32_t)},
    {1, offsetof(constants, workgroup), sizeof(uint32_t)},
    {2, offsetof(constants, large_box), sizeof(uint32_t)},
    {3, offsetof(constants, outputs), sizeof(uint32_t)},
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

static td_result create_pipeline(td_device *device, const tdi_pipelines_params *params,
                                 const pipeline_source *source, tdi_pipeline *out)
{
    const constants values = {
        .samples = params->samples,
        .workgroup = workgroup_size(device, source->workgroup),
        .large_box = LARGE_BOX,
        .outputs = params->outputs,
    };
    const VkSpecializationInfo specialization = {
        .mapEntryCount = sizeof constant_map / sizeof constant_map[0],
        .pMapEntries = constant_map,
        .dataSize = sizeof values,
        .pData = &values,
    };
    const tdi_compute_pipeline_params pipeline_params = {
        .name = source->name,
        .code = source->code->words,
        .code_bytes = source->code->bytes,
        .binding_count = source->role_count,
        .push_bytes = sizeof(tdi_pass_push),
        .bindless = source->bindless,
        .specialization = &specialization,
    };
    return tdi_pipeline_create_compute(device, &pipeline_params, out);
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
    work->results[index] =
        create_pipeline(work->device, work->params, &sources[index], &work->pipelines[index]);
    if (work->results[index] != TD_OK)
        strncpy(work->sentences[index], td_last_error(), sizeof work->sentences[index] - 1);
}

td_result tdi_pipelines_create(td_device *device, const tdi_pipelines_params *params,
                               tdi_pipeline pipelines[TDI_PIPELINE_COUNT])
{
    const uint32_t count = params->masked ? TDI_PIPELINE_COUNT : TDI_PIPELINE_RASTER_MASKED;
    making work = {.device = device, .params = params, .pipelines = pipelines};
    memset(pipelines, 0, TDI_PIPELINE_COUNT * sizeof *pipelines);
    tdi_pool *pool = NULL;
    TDI_TRY(tdi_pool_create(params->threads, "pipelines", &pool));
    tdi_pool_for(pool, count, make_one, &work);
    tdi_pool_destroy(pool);
    for (uint32_t i = 0; i < count; i++) {
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
        tdi_pipeline_destroy(device, &pipelines[i]);
}
