/* Textures that take ten times the budget, under each residency policy: what is rendered, with how
 * much memory.
 *
 * Three walls, one behind and above another, show thirty pictures of 1024x1024: 160 MiB with all
 * their levels. The device may hold 16 MiB. The same six views are rendered one after another under
 * each policy, on a device of its own: from far, close to one picture and then another, from half
 * way, close to where four pictures meet, which is more than fits, and close to one again.
 *
 *     cc large_texture_upload_policies.c $(pkg-config --cflags --libs tandem) -o policies
 *     ./policies --out DIR
 *
 * texture_upload_metrics.json says for each policy:
 *   success_rate          of the views, those that were rendered, with or without all their detail
 *   full_detail_rate      of the views, those that are as with all the memory in the world
 *   views_refused         views that the budget had no room for; all of them where the renderer
 *                         was not made
 *   views_less_detailed   rendered with levels that are coarser than they would have sampled
 *   textures_uploaded     how often a texture came to the device with other levels than before,
 *                         not counting the small levels that all textures start with
 *   memory_used_mb        the most that textures took at any moment, in MiB
 *   memory_utilization    the most that was held of the device's memory, for whatever, over the
 *                         budget: never above 1
 *
 * texture_upload_policies.png has a row for each policy and a column for each view; dark red is
 * what was refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/tandem.h>

#define MIB       (UINT64_C(1) << 20)
#define BUDGET    (16 * MIB)
#define TEXELS    1024u
#define LETTER    16u /* texels from letter to letter */
#define STROKE    2u  /* texels */
#define DOTS      5u  /* strokes of a letter each way */
#define FRAME     16u /* texels */
#define WALLS     3u
#define COLUMNS   5u
#define ROWS      2u
#define EDGE      4.0f /* metres of a picture */
#define WALL_STEP 8.0f /* metres from wall to wall, back and up */
#define WIDTH     240u
#define HEIGHT    180u
#define GAP       8u
#define VIEWS     6u
#define POLICIES  4u
#define METRICS   "texture_upload_metrics.json"
#define PICTURE   "texture_upload_policies.png"

static const struct {
    const char *name;
    td_texture_policy policy;
} POLICY[POLICIES] = {
    {"all", TD_TEXTURES_ALL},
    {"needed_mips", TD_TEXTURES_NEEDED},
    {"lru", TD_TEXTURES_LRU},
    {"priority", TD_TEXTURES_PRIORITY},
};

/* All views look straight at the walls. */
static const struct {
    const char *name;
    float eye[3];
} VIEW[VIEWS] = {
    {"far", {0, 12, 40}},
    {"close to one", {-8, 2, 0.8f}},
    {"close to another", {0, 2, 0.8f}},
    {"half way", {0, 5, 8}},
    {"where four meet", {2.2f, 4.15f, 0.8f}},
    {"close to one again", {-8, 2, 0.8f}},
};

/* What a policy came to. */
typedef struct outcome {
    bool made;         /* the renderer */
    uint32_t rendered; /* views */
    bool there[VIEWS]; /* rendered, by view */
    uint8_t pixels[VIEWS][WIDTH * HEIGHT * 4];
    td_renderer_info renderer; /* zero if it was not made */
    td_budget_info budget;
} outcome;

static outcome outcomes[POLICIES];

/* An upright rectangle that faces +Z; `corner` is the lower left one. */
static td_result add_quad(td_scene *scene, float width, float height, const float corner[3],
                          uint32_t material)
{
    static const float texcoords[] = {0, 1, 1, 1, 1, 0, 0, 0};
    static const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const float positions[] = {0, 0, 0, width, 0, 0, width, height, 0, 0, height, 0};
    const float matrix[16] = {1, 0, 0, 0, 0,         1,         0,         0,
                              0, 0, 1, 0, corner[0], corner[1], corner[2], 1};
    const td_mesh_params params = {
        .positions = positions,
        .texcoords = texcoords,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = material,
    };
    td_node_params node = {.parent = TD_NONE, .matrix = matrix};
    uint32_t index;
    const td_result result = td_scene_add_mesh(scene, &params, &node.mesh);
    return result == TD_OK ? td_scene_add_node(scene, &node, &index) : result;
}

/* A material that shows a picture as it is. */
static td_result add_picture(td_scene *scene, const td_texture_params *picture, uint32_t *material)
{
    td_material_params params;
    td_material_defaults(&params);
    params.unlit = true;
    uint32_t texture;
    const td_result result = td_scene_add_texture(scene, picture, &texture);
    params.base_color_texture.texture = texture + 1;
    return result == TD_OK ? td_scene_add_material(scene, &params, material) : result;
}

static bool inked(const uint64_t *letters, uint32_t x, uint32_t y)
{
    if (x < FRAME || y < FRAME || x >= TEXELS - FRAME || y >= TEXELS - FRAME)
        return true;
    const uint32_t column = x % LETTER / STROKE, row = y % LETTER / STROKE;
    return column < DOTS && row < DOTS && letters[x / LETTER] >> (32 + row * DOTS + column) & 1;
}

/* A framed page of small print: legible where no level is missing. */
static td_result add_page(td_scene *scene, uint32_t number, uint32_t *material)
{
    static uint8_t pixels[TEXELS * TEXELS * 3];
    const uint32_t paper[3] = {120 + number * 37 % 136, 120 + number * 59 % 136,
                               120 + number * 83 % 136};
    uint64_t letters[TEXELS / LETTER] = {0}, state = number + 1;
    for (uint32_t y = 0; y < TEXELS; y++) {
        for (uint32_t i = 0; y % LETTER == 0 && i < TEXELS / LETTER; i++)
            letters[i] = state = state * UINT64_C(6364136223846793005) + 2 * number + 1;
        for (uint32_t x = 0; x < TEXELS; x++) {
            const uint32_t darker = inked(letters, x, y) ? 6 : 1;
            for (uint32_t c = 0; c < 3; c++)
                pixels[3 * (y * TEXELS + x) + c] = (uint8_t)(paper[c] / darker);
        }
    }
    const td_texture_params params = {
        .pixels = pixels, .width = TEXELS, .height = TEXELS, .channels = 3};
    return add_picture(scene, &params, material);
}

static td_result make_walls(td_scene **scene)
{
    td_result result = td_scene_create(NULL, scene);
    for (uint32_t i = 0; i < WALLS * COLUMNS * ROWS && result == TD_OK; i++) {
        const uint32_t column = i % COLUMNS, row = i / COLUMNS % ROWS, wall = i / (COLUMNS * ROWS);
        const float corner[3] = {
            EDGE * ((float)column - 0.5f * COLUMNS),
            EDGE * (float)row + WALL_STEP * (float)wall,
            -WALL_STEP * (float)wall,
        };
        uint32_t material;
        if ((result = add_page(*scene, i, &material)) == TD_OK)
            result = add_quad(*scene, EDGE, EDGE, corner, material);
    }
    return result;
}

static td_result render_view(td_renderer *renderer, uint32_t view, outcome *out)
{
    const float *eye = VIEW[view].eye, up[3] = {0, 1, 0};
    const float target[3] = {eye[0], eye[1], eye[2] - 10};
    td_camera camera;
    td_request *request;
    td_image image;
    td_result result = td_camera_look_at(eye, target, up, &camera);
    if (result == TD_OK)
        result = td_renderer_submit(renderer, &camera, 1, view, TD_FOREVER, &request);
    if (result != TD_OK)
        return result;
    if ((result = td_request_wait(request, TD_FOREVER)) == TD_OK &&
        (result = td_request_image(request, TD_OUTPUT_COLOR, &image)) == TD_OK) {
        memcpy(out->pixels[view], image.pixels, sizeof out->pixels[view]);
        out->there[view] = true;
        out->rendered++;
    }
    td_request_release(request);
    return result;
}

/* A view that is refused leaves the renderer as it was: the others go on. */
static td_result render_views(td_device *device, const td_renderer_params *params, outcome *out)
{
    td_renderer *renderer = NULL;
    td_result result = td_renderer_create(device, params, &renderer);
    if (result == TD_ERROR_BUDGET)
        return TD_OK;
    out->made = result == TD_OK;
    for (uint32_t i = 0; i < VIEWS && result == TD_OK; i++) {
        result = render_view(renderer, i, out);
        if (result == TD_ERROR_BUDGET)
            result = TD_OK;
    }
    if (out->made)
        td_renderer_get_info(renderer, &out->renderer);
    td_renderer_destroy(renderer);
    return result;
}

static td_result try_policy(td_scene *scene, td_texture_policy policy, outcome *out)
{
    const td_device_params device_params = {.budget_bytes = BUDGET};
    const td_renderer_params params = {
        .scene = scene,
        .width = WIDTH,
        .height = HEIGHT,
        .samples = 1,
        .background = {0.2f, 0.25f, 0.3f, 1},
        .tonemap = TD_TONEMAP_LINEAR,
        .textures = policy,
    };
    td_device *device = NULL;
    td_result result = td_device_create(&device_params, &device);
    if (result == TD_OK) {
        result = render_views(device, &params, out);
        td_budget_get_info(td_device_budget(device), &out->budget);
    }
    td_device_destroy(device);
    return result;
}

/* The views as pictures on a wall, one unit a pixel, or what stands for a view that is not there.
 */
static td_result add_cell(td_scene *scene, const outcome *from, uint32_t view,
                          const float corner[3])
{
    td_material_params refused;
    td_material_defaults(&refused);
    refused.unlit = true;
    refused.base_color[0] = 0.1f;
    refused.base_color[1] = refused.base_color[2] = 0;
    const td_texture_params picture = {
        .pixels = from->pixels[view],
        .width = WIDTH,
        .height = HEIGHT,
        .channels = 4,
        .mag_filter = TD_FILTER_NEAREST,
        .min_filter = TD_FILTER_NEAREST,
        .mip_filter = TD_MIP_NONE,
    };
    uint32_t material;
    const td_result result = from->there[view] ? add_picture(scene, &picture, &material)
                                               : td_scene_add_material(scene, &refused, &material);
    return result == TD_OK ? add_quad(scene, WIDTH, HEIGHT, corner, material) : result;
}

static td_result make_sheet(td_scene **scene)
{
    td_result result = td_scene_create(NULL, scene);
    for (uint32_t i = 0; i < POLICIES * VIEWS && result == TD_OK; i++) {
        const uint32_t policy = i / VIEWS, view = i % VIEWS;
        const float corner[3] = {(float)(GAP + view * (WIDTH + GAP)),
                                 (float)(GAP + (POLICIES - 1 - policy) * (HEIGHT + GAP)), 0};
        result = add_cell(*scene, &outcomes[policy], view, corner);
    }
    return result;
}

static td_result write_sheet(td_scene *scene, const char *path)
{
    const uint32_t width = GAP + VIEWS * (WIDTH + GAP), height = GAP + POLICIES * (HEIGHT + GAP);
    const td_camera camera = {
        .world = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0.5f * (float)width, 0.5f * (float)height, 1,
                  1},
        .ortho_height = (float)height,
        .near_plane = 0.1f,
        .far_plane = 10,
    };
    td_device *device = NULL;
    td_batch *batch = NULL;
    td_result result = td_device_create(NULL, &device);
    const td_batch_params params = {
        .device = device,
        .scene = scene,
        .cameras = &camera,
        .view_count = 1,
        .output = path,
        .existing = TD_EXISTING_REPLACE,
        .width = width,
        .height = height,
        .samples = 1,
        .tonemap = TD_TONEMAP_LINEAR,
        .background = {0, 0, 0, 1},
    };
    if (result == TD_OK && (result = td_batch_create(&params, &batch)) == TD_OK)
        result = td_batch_run(batch);
    td_batch_destroy(batch);
    td_device_destroy(device);
    return result;
}

static td_result draw_sheet(const char *path)
{
    td_scene *scene = NULL;
    td_result result = make_sheet(&scene);
    if (result == TD_OK)
        result = write_sheet(scene, path);
    td_scene_destroy(scene);
    return result;
}

static double mib(uint64_t bytes)
{
    return (double)bytes / (double)MIB;
}

static void print_configuration(FILE *file, const td_scene_info *scene)
{
    (void)fprintf(file,
                  "  \"test_configuration\": {\n"
                  "    \"budget_mb\": %.3f,\n"
                  "    \"textures_mb\": %.3f,\n"
                  "    \"textures_over_budget\": %.3f,\n"
                  "    \"views\": %u,\n    \"width\": %u,\n    \"height\": %u,\n"
                  "    \"samples\": 1\n  },\n",
                  mib(BUDGET), mib(scene->texture_bytes),
                  (double)scene->texture_bytes / (double)BUDGET, VIEWS, WIDTH, HEIGHT);
    (void)fprintf(file,
                  "  \"texture_breakdown\": {\n"
                  "    \"count\": %u,\n    \"width\": %u,\n    \"height\": %u,\n"
                  "    \"mb_each\": %.3f,\n    \"level_mb\": [",
                  scene->textures, TEXELS, TEXELS, mib(scene->texture_bytes / scene->textures));
    for (uint32_t edge = TEXELS; edge > 0; edge /= 2)
        (void)fprintf(file, "%.6f%s", mib(UINT64_C(4) * edge * edge),
                      edge > 1 ? ", " : "]\n  },\n");
}

static void print_policy(FILE *file, uint32_t policy)
{
    const outcome *out = &outcomes[policy];
    const uint64_t less = out->renderer.views_less_detailed;
    (void)fprintf(file,
                  "    \"%s\": {\n"
                  "      \"success_rate\": %.6f,\n"
                  "      \"full_detail_rate\": %.6f,\n"
                  "      \"views_refused\": %u,\n"
                  "      \"views_less_detailed\": %llu,\n"
                  "      \"textures_uploaded\": %llu,\n"
                  "      \"memory_used_mb\": %.3f,\n"
                  "      \"memory_utilization\": %.6f\n    }%s\n",
                  POLICY[policy].name, (double)out->rendered / VIEWS,
                  (double)(out->rendered - less) / VIEWS, VIEWS - out->rendered,
                  (unsigned long long)less, (unsigned long long)out->renderer.texture_changes,
                  mib(out->budget.peak_by_category[TD_BUDGET_TEXTURES]),
                  (double)out->budget.peak_bytes / (double)out->budget.limit_bytes,
                  policy + 1 < POLICIES ? "," : "");
}

static void print_outputs(FILE *file)
{
    (void)fprintf(file, "  \"outputs\": {\n    \"picture\": \"%s\",\n    \"rows\": [", PICTURE);
    for (uint32_t i = 0; i < POLICIES; i++)
        (void)fprintf(file, "%s\"%s\"", i > 0 ? ", " : "", POLICY[i].name);
    (void)fprintf(file, "],\n    \"columns\": [");
    for (uint32_t i = 0; i < VIEWS; i++)
        (void)fprintf(file, "%s\"%s\"", i > 0 ? ", " : "", VIEW[i].name);
    (void)fprintf(file, "]\n  }\n");
}

static td_result write_metrics(const char *path, const td_scene *scene)
{
    td_scene_info info;
    const td_result result = td_scene_get_info(scene, &info);
    if (result != TD_OK)
        return result;
    FILE *file = fopen(path, "w");
    if (!file)
        return TD_ERROR_IO;
    (void)fprintf(file, "{\n");
    print_configuration(file, &info);
    (void)fprintf(file, "  \"policy_performance\": {\n");
    for (uint32_t i = 0; i < POLICIES; i++)
        print_policy(file, i);
    (void)fprintf(file, "  },\n");
    print_outputs(file);
    (void)fprintf(file, "}\n");
    const int bad = ferror(file);
    return fclose(file) != 0 || bad ? TD_ERROR_IO : TD_OK;
}

static td_result compare(const char *picture, const char *metrics)
{
    td_scene *scene = NULL;
    td_result result = make_walls(&scene);
    for (uint32_t i = 0; i < POLICIES && result == TD_OK; i++)
        result = try_policy(scene, POLICY[i].policy, &outcomes[i]);
    if (result == TD_OK && (result = draw_sheet(picture)) == TD_OK)
        result = write_metrics(metrics, scene);
    td_scene_destroy(scene);
    return result;
}

int main(int argc, char **argv)
{
    const char *folder = argc == 3 && strcmp(argv[1], "--out") == 0 ? argv[2] : "out";
    char picture[4096], metrics[4096];
    const int length = snprintf(picture, sizeof picture, "%s/" PICTURE, folder);
    if ((argc != 1 && folder != argv[2]) || length < 0 || (size_t)length >= sizeof picture) {
        (void)fprintf(stderr, "usage: large_texture_upload_policies [--out DIR]\n");
        return 2;
    }
    (void)snprintf(metrics, sizeof metrics, "%s/" METRICS, folder);
    const td_result result = compare(picture, metrics);
    if (result != TD_OK)
        (void)fprintf(stderr, "large_texture_upload_policies: %s: %s\n", td_result_text(result),
                      td_last_error());
    return result == TD_OK ? 0 : 1;
}
