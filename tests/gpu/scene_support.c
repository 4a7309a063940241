#include "scene_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

td_scene *scene_make(void)
{
    td_scene *scene = NULL;
    gpu_ok(td_scene_create(NULL, &scene));
    return scene;
}

td_material_params scene_unlit_params(void)
{
    td_material_params params;
    td_material_defaults(&params);
    params.unlit = true;
    return params;
}

uint32_t scene_material(td_scene *scene, const td_material_params *params)
{
    uint32_t material = TD_NONE;
    gpu_ok(td_scene_add_material(scene, params, &material));
    return material;
}

uint32_t scene_unlit(td_scene *scene, float red, float green, float blue)
{
    td_material_params params = scene_unlit_params();
    params.base_color[0] = red;
    params.base_color[1] = green;
    params.base_color[2] = blue;
    return scene_material(scene, &params);
}

uint32_t scene_box(td_scene *scene, float x, float y, float z, uint32_t material)
{
    const float size[3] = {x, y, z};
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_box(scene, size, material, &mesh));
    return mesh;
}

uint32_t scene_quad_uv(td_scene *scene, float width, float height, const float uv[4],
                       uint32_t material)
{
    const float x = 0.5f * width, y = 0.5f * height;
    const float positions[] = {-x, -y, 0, x, -y, 0, x, y, 0, -x, y, 0};
    const float texcoords[] = {uv[0], uv[3], uv[2], uv[3], uv[2], uv[1], uv[0], uv[1]};
    const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const td_mesh_params params = {
        .positions = positions,
        .texcoords = texcoords,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = material,
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &params, &mesh));
    return mesh;
}

uint32_t scene_quad(td_scene *scene, float width, float height, uint32_t material)
{
    const float uv[4] = {0, 0, 1, 1};
    return scene_quad_uv(scene, width, height, uv, material);
}

uint32_t scene_place(td_scene *scene, uint32_t mesh, const float matrix[16], uint32_t object)
{
    const td_node_params params = {
        .parent = TD_NONE, .mesh = mesh, .matrix = matrix, .object_id = object + 1};
    uint32_t node = TD_NONE;
    gpu_ok(td_scene_add_node(scene, &params, &node));
    return node;
}

void scene_scaling(float x, float y, float z, float matrix[16])
{
    memset(matrix, 0, 16 * sizeof *matrix);
    matrix[0] = x;
    matrix[5] = y;
    matrix[10] = z;
    matrix[15] = 1.0f;
}

void scene_translation(float x, float y, float z, float matrix[16])
{
    scene_scaling(1.0f, 1.0f, 1.0f, matrix);
    matrix[12] = x;
    matrix[13] = y;
    matrix[14] = z;
}

uint32_t scene_place_at(td_scene *scene, uint32_t mesh, float x, float y, float z, uint32_t object)
{
    float matrix[16];
    scene_translation(x, y, z, matrix);
    return scene_place(scene, mesh, matrix, object);
}

/* A small generator of its own (splitmix64), so that pictures do not depend on the C library. */
static float random_unit(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (float)((z ^ (z >> 31)) >> 40) / (float)(1 << 24);
}

/* Noise, with alpha of 0 or 255. */
static uint32_t noise_texture(td_scene *scene, uint64_t seed)
{
    enum { SIDE = 16 };
    uint8_t pixels[SIDE * SIDE * 4];
    for (size_t i = 0; i < sizeof pixels; i++) {
        const float value = random_unit(&seed);
        pixels[i] = i % 4 == 3 ? (value < 0.4f ? 0 : 255) : (uint8_t)(value * 255.0f);
    }
    const td_texture_params params = {
        .pixels = pixels, .width = SIDE, .height = SIDE, .channels = 4};
    uint32_t texture = TD_NONE;
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    return texture;
}

static void add_rich_boxes(td_scene *scene, uint32_t texture)
{
    td_material_params params;
    td_material_defaults(&params);
    params.metallic = 0.3f;
    params.roughness = 0.6f;
    params.base_color_texture.texture = texture + 1;
    const uint32_t box = scene_box(scene, 0.7f, 0.9f, 0.5f, scene_material(scene, &params));
    uint64_t state = 1;
    for (uint32_t i = 0; i < 24; i++) {
        float matrix[16];
        scene_translation(3.0f * random_unit(&state) - 1.5f, 2.0f * random_unit(&state) - 1.0f,
                          3.0f * random_unit(&state) - 1.5f, matrix);
        matrix[0] = i % 3 == 0 ? -1.0f : 1.0f;
        matrix[1] = 0.3f * random_unit(&state);
        matrix[6] = 0.4f * random_unit(&state);
        scene_place(scene, box, matrix, 10 + i);
    }
}

static void add_rich_spheres(td_scene *scene)
{
    td_material_params params;
    td_material_defaults(&params);
    params.base_color[1] = 0.4f;
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_sphere(scene, 0.6f, 24, 32, scene_material(scene, &params), &mesh));
    scene_place_at(scene, mesh, 0.4f, 0.3f, 0.2f, 50);
    scene_place_at(scene, mesh, -0.4f, -0.3f, -0.2f, 51);
}

/* A floor of two huge triangles, and a masked leaf that is seen from both sides. */
static void add_rich_sheets(td_scene *scene, uint32_t texture)
{
    td_material_params params = scene_unlit_params();
    params.alpha_mode = TD_ALPHA_MASK;
    params.double_sided = true;
    params.base_color_texture.texture = texture + 1;
    const uint32_t leaf = scene_quad(scene, 3.0f, 2.5f, scene_material(scene, &params));
    scene_place_at(scene, leaf, 0.2f, 0.1f, 0.9f, 60);
    const uint32_t floor = scene_quad(scene, 200.0f, 200.0f, scene_unlit(scene, 0.2f, 0.3f, 0.1f));
    float matrix[16];
    scene_scaling(1.0f, 0.0f, 0.0f, matrix);
    matrix[6] = -1.0f; /* Y becomes -Z and Z becomes Y */
    matrix[9] = 1.0f;
    matrix[13] = -1.3f;
    scene_place(scene, floor, matrix, 61);
}

td_scene *scene_rich(uint32_t threads)
{
    td_scene *scene = NULL;
    const td_scene_params params = {.name = "rich", .threads = threads};
    gpu_ok(td_scene_create(&params, &scene));
    const uint32_t texture = noise_texture(scene, 7);
    add_rich_boxes(scene, texture);
    add_rich_spheres(scene);
    add_rich_sheets(scene, texture);
    return scene;
}

td_camera scene_rich_camera(uint32_t index)
{
    const float angle = 0.7f * (float)index + 0.2f;
    const float eye[3] = {4.0f * sinf(angle), 0.5f + 0.2f * (float)index, 4.0f * cosf(angle)};
    const float target[3] = {0.0f, 0.0f, 0.0f}, up[3] = {0.0f, 1.0f, 0.0f};
    td_camera camera;
    gpu_ok(td_camera_look_at(eye, target, up, &camera));
    return camera;
}

td_camera scene_ortho(float z, float height, float near_plane, float far_plane)
{
    td_camera camera = {.ortho_height = height, .near_plane = near_plane, .far_plane = far_plane};
    scene_translation(0.0f, 0.0f, z, camera.world);
    return camera;
}

td_camera scene_perspective(float z, float fov_y, float near_plane, float far_plane)
{
    td_camera camera = {.fov_y = fov_y, .near_plane = near_plane, .far_plane = far_plane};
    scene_translation(0.0f, 0.0f, z, camera.world);
    return camera;
}

static td_raster raster_of_tests(void)
{
    const char *name = getenv("TANDEM_TEST_RASTER");
    if (name && strcmp(name, "hardware") == 0)
        return TD_RASTER_HARDWARE;
    return name && strcmp(name, "draws") == 0 ? TD_RASTER_HARDWARE_DRAWS : TD_RASTER_AUTO;
}

td_renderer_params scene_renderer_params(td_scene *scene, uint32_t width, uint32_t height)
{
    return (td_renderer_params){
        .scene = scene,
        .width = width,
        .height = height,
        .samples = 1,
        .outputs = SCENE_ALL_OUTPUTS,
        .tonemap = TD_TONEMAP_LINEAR,
        .raster = raster_of_tests(),
    };
}

td_renderer *scene_renderer(td_device *device, const td_renderer_params *params)
{
    td_renderer *renderer = NULL;
    gpu_ok(td_renderer_create(device, params, &renderer));
    return renderer;
}

void scene_submit(td_renderer *renderer, const td_camera *cameras, uint32_t count,
                  td_request **requests)
{
    gpu_ok(td_renderer_submit(renderer, cameras, count, 0, SCENE_LIMIT_NS, requests));
}

/* A copy of one output, or NULL. */
static void *copy_output(td_request *request, td_output output, scene_picture *picture)
{
    td_image image;
    const td_result result = td_request_image(request, output, &image);
    if (result == TD_ERROR_NOT_FOUND)
        return NULL;
    gpu_ok(result);
    picture->width = image.width;
    picture->height = image.height;
    assert_int_equal(image.row_bytes, image.width * 4);
    void *copy = malloc(image.height * image.row_bytes);
    assert_non_null(copy);
    memcpy(copy, image.pixels, image.height * image.row_bytes);
    return copy;
}

scene_picture scene_take(td_request *request)
{
    scene_picture picture = {0};
    gpu_ok(td_request_wait(request, SCENE_LIMIT_NS));
    picture.color = copy_output(request, TD_OUTPUT_COLOR, &picture);
    picture.depth = copy_output(request, TD_OUTPUT_DEPTH, &picture);
    picture.object = copy_output(request, TD_OUTPUT_OBJECT, &picture);
    td_request_release(request);
    return picture;
}

scene_picture scene_view(td_renderer *renderer, const td_camera *camera)
{
    td_request *request = NULL;
    scene_submit(renderer, camera, 1, &request);
    return scene_take(request);
}

scene_picture scene_render(td_device *device, const td_renderer_params *params,
                           const td_camera *camera)
{
    td_renderer *renderer = scene_renderer(device, params);
    const scene_picture picture = scene_view(renderer, camera);
    td_renderer_destroy(renderer);
    return picture;
}

void scene_picture_free(scene_picture *picture)
{
    free(picture->color);
    free(picture->depth);
    free(picture->object);
    *picture = (scene_picture){0};
}

static size_t index_of(const scene_picture *picture, uint32_t x, uint32_t y)
{
    assert_true(x < picture->width && y < picture->height);
    return (size_t)y * picture->width + x;
}

const uint8_t *scene_color_at(const scene_picture *picture, uint32_t x, uint32_t y)
{
    return picture->color + 4 * index_of(picture, x, y);
}

float scene_depth_at(const scene_picture *picture, uint32_t x, uint32_t y)
{
    return picture->depth[index_of(picture, x, y)];
}

int32_t scene_object_at(const scene_picture *picture, uint32_t x, uint32_t y)
{
    return picture->object[index_of(picture, x, y)];
}

/* Compares 4-byte pixels as bytes, so that no two floats are equal that are not the same. */
static uint32_t count_different(const void *a, const void *b, uint32_t pixels, uint32_t *first)
{
    uint32_t different = 0;
    for (uint32_t i = 0; a && i < pixels; i++) {
        if (memcmp((const char *)a + 4 * (size_t)i, (const char *)b + 4 * (size_t)i, 4) == 0)
            continue;
        different++;
        if (i < *first)
            *first = i;
    }
    return different;
}

uint32_t scene_differences(const scene_picture *a, const scene_picture *b, uint32_t *first)
{
    const void *outputs[][2] = {{a->color, b->color}, {a->depth, b->depth}, {a->object, b->object}};
    const uint32_t pixels = a->width * a->height;
    uint32_t different = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    *first = UINT32_MAX;
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        assert_int_equal(outputs[i][0] != NULL, outputs[i][1] != NULL);
        different += count_different(outputs[i][0], outputs[i][1], pixels, first);
    }
    return different;
}

void scene_assert_same(const scene_picture *found, const scene_picture *expected, const char *what)
{
    uint32_t first;
    const uint32_t different = scene_differences(found, expected, &first);
    if (different > 0)
        fail_msg("%s: %u pixels of the outputs differ, the first at (%u, %u)", what, different,
                 first % found->width, first / found->width);
}

uint32_t scene_covered(const scene_picture *picture)
{
    uint32_t covered = 0;
    for (uint32_t i = 0; i < picture->width * picture->height; i++)
        covered += picture->object[i] >= 0;
    return covered;
}

uint64_t scene_hash(const scene_picture *picture)
{
    const size_t bytes = (size_t)picture->width * picture->height * 4;
    uint64_t hash = 0;
    const void *outputs[] = {picture->color, picture->depth, picture->object};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        if (outputs[i])
            hash = XXH3_64bits_withSeed(outputs[i], bytes, hash);
    return hash;
}

uint8_t scene_srgb(double linear)
{
    const double value =
        linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1.0 / 2.4) - 0.055;
    return (uint8_t)lround(255.0 * value);
}

double scene_linear(uint8_t code)
{
    const double value = code / 255.0;
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}
