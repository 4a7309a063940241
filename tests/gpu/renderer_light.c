/* Lit surfaces against glTF 2.0, appendix B, worked out here in double precision: GGX with the
 * height-correlated Smith term, Schlick's Fresnel term, Lambert. */
#include "scene_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene/punctual.h"

enum { COLUMNS = 4, ROWS = 4, CELL = 4 };

#define PI 3.14159265358979

typedef struct vector {
    double x, y, z;
} vector;

static double dot(vector a, vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static vector unit(vector a)
{
    const double length = sqrt(dot(a, a));
    return (vector){a.x / length, a.y / length, a.z / length};
}

typedef struct look {
    double base[3];
    double metallic, roughness;
} look;

/* The patch in a column and row of the picture. */
static look look_of(uint32_t column, uint32_t row)
{
    return (look){
        .base = {0.2 + 0.2 * column, 0.5, 0.8 - 0.2 * row},
        .metallic = column / 3.0,
        .roughness = 0.25 + 0.25 * row,
    };
}

/* How far the patch is turned about Y. */
static double turn_of(uint32_t column, uint32_t row)
{
    return 0.3 * ((int)column - 1) + 0.1 * row;
}

static double radiance(const look *l, int channel, vector normal, vector to_light, double light,
                       double ambient)
{
    const vector view = {0.0, 0.0, 1.0};
    const double diffuse = l->base[channel] * (1.0 - l->metallic);
    const double f0 = 0.04 + (l->base[channel] - 0.04) * l->metallic;
    const double nl = dot(normal, to_light), nv = dot(normal, view);
    double sum = ambient * (diffuse + f0);
    if (nl <= 0.0)
        return sum;
    const vector half =
        unit((vector){to_light.x + view.x, to_light.y + view.y, to_light.z + view.z});
    const double nh = dot(normal, half), vh = dot(view, half);
    const double a2 = pow(l->roughness, 4.0);
    const double ggx = a2 / (PI * pow(nh * nh * (a2 - 1.0) + 1.0, 2.0));
    const double smith =
        0.5 / (nl * sqrt(nv * nv * (1.0 - a2) + a2) + nv * sqrt(nl * nl * (1.0 - a2) + a2));
    const double fresnel = f0 + (1.0 - f0) * pow(1.0 - vh, 5.0);
    sum += light * nl * (diffuse / PI * (1.0 - fresnel) + fresnel * ggx * smith);
    return sum;
}

static void place_patch(td_scene *scene, uint32_t column, uint32_t row, const float *normals)
{
    const look l = look_of(column, row);
    td_material_params material;
    td_material_defaults(&material);
    for (int i = 0; i < 3; i++)
        material.base_color[i] = (float)l.base[i];
    material.metallic = (float)l.metallic;
    material.roughness = (float)l.roughness;
    const float positions[] = {-2, -0.5f, 0, 2, -0.5f, 0, 2, 0.5f, 0, -2, 0.5f, 0};
    const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const td_mesh_params params = {
        .positions = positions,
        .normals = normals,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = scene_material(scene, &material),
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &params, &mesh));
    const double turn = turn_of(column, row);
    float matrix[16];
    scene_translation(-1.5f + (float)column, 1.5f - (float)row, 0.0f, matrix);
    /* Half a metre to either side is left of a patch, whatever the turn and the scale. */
    matrix[0] = 0.2f * (float)cos(turn);
    matrix[2] = -0.2f * (float)sin(turn);
    matrix[8] = (float)sin(turn);
    matrix[10] = (float)cos(turn);
    scene_place(scene, mesh, matrix, 4 * row + column);
}

static td_scene *make_patches(const float *normals)
{
    td_scene *scene = scene_make();
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++)
            place_patch(scene, column, row, normals);
    return scene;
}

/* The middle of each patch; the picture is of 4 x 4 metres, CELL pixels each. */
static void assert_patches(const scene_picture *picture, vector to_light, const double light[3],
                           double ambient)
{
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t column = 0; column < COLUMNS; column++) {
            const look l = look_of(column, row);
            const double turn = turn_of(column, row);
            const vector normal = {sin(turn), 0.0, cos(turn)};
            const uint32_t x = column * CELL + CELL / 2, y = row * CELL + CELL / 2;
            assert_int_equal(scene_object_at(picture, x, y), 4 * row + column);
            for (int channel = 0; channel < 3; channel++) {
                const double value =
                    radiance(&l, channel, normal, to_light, light[channel], ambient);
                const int expected = scene_srgb(fmin(1.0, value));
                const int found = scene_color_at(picture, x, y)[channel];
                if (abs(found - expected) > 1)
                    fail_msg("patch (%u, %u), channel %d: %d instead of %d", column, row, channel,
                             found, expected);
            }
        }
    }
}

static void assert_lit(td_device *device, const float *normals)
{
    td_scene *scene = make_patches(normals);
    td_renderer_params params = scene_renderer_params(scene, COLUMNS * CELL, ROWS * CELL);
    params.views_per_submission = 1;
    td_renderer *renderer = scene_renderer(device, &params);
    const td_camera camera = scene_ortho(5.0f, 4.0f, 0.1f, 20.0f);
    const vector directions[] = {{0, 0, -1}, {-1, -1, -2}, {2, 0.5, -1}, {-1, 3, -0.5}, {0, 0, 1}};
    for (int i = 0; i < 5; i++) {
        const vector d = directions[i];
        const td_light_params light = {
            .direction = {(float)d.x, (float)d.y, (float)d.z},
            .color = {1.0f, 0.5f, 0.25f},
            .intensity = 2.0f,
        };
        const double ambient = 0.02 * i;
        const float grey[3] = {(float)ambient, (float)ambient, (float)ambient};
        gpu_ok(td_scene_set_light(scene, &light));
        gpu_ok(td_scene_set_ambient(scene, grey));
        scene_picture picture = scene_view(renderer, &camera);
        const double colors[3] = {2.0, 1.0, 0.5};
        assert_patches(&picture, unit((vector){-d.x, -d.y, -d.z}), colors, ambient);
        scene_picture_free(&picture);
    }
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void flat_surfaces_follow_the_model(td_device *device)
{
    assert_lit(device, NULL);
}

static void vertex_normals_follow_the_model(td_device *device)
{
    const float normals[] = {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1};
    assert_lit(device, normals);
}

/* The side that is seen of a double-sided surface is the one that is lit. */
static void back_faces_are_lit_from_their_side(td_device *device)
{
    td_scene *scene = scene_make();
    td_material_params material;
    td_material_defaults(&material);
    material.double_sided = true;
    material.metallic = 0.0f;
    const uint32_t quad = scene_quad(scene, 2.0f, 2.0f, scene_material(scene, &material));
    float matrix[16];
    scene_scaling(-1.0f, 1.0f, -1.0f, matrix);
    scene_place(scene, quad, matrix, 0);
    const td_light_params light = {.direction = {0, 0, -1}, .color = {1, 1, 1}, .intensity = 1.0f};
    const float dark[3] = {0, 0, 0};
    gpu_ok(td_scene_set_light(scene, &light));
    gpu_ok(td_scene_set_ambient(scene, dark));
    const td_renderer_params params = scene_renderer_params(scene, 4, 4);
    const td_camera camera = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
    scene_picture picture = scene_render(device, &params, &camera);
    const look l = {.base = {1, 1, 1}, .metallic = 0.0, .roughness = 1.0};
    const vector front = {0, 0, 1};
    const int expected = scene_srgb(radiance(&l, 0, front, front, 1.0, 0.0));
    assert_true(expected > 100);
    for (uint32_t i = 0; i < 16; i++)
        for (uint32_t c = 0; c < 3; c++)
            assert_true(abs(picture.color[4 * i + c] - expected) <= 1);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* ---- lights at nodes ---- */

/* What arrives at the origin, which faces +Z, as KHR_lights_punctual has it. */
static double irradiance_of(const tdi_punctual *light, vector at, vector *direction)
{
    const double distance2 = dot(at, at);
    *direction = light->directional ? (vector){0, 0, 1} : unit(at);
    if (light->directional)
        return 1;
    double left = 1 / distance2;
    if (light->range > 0)
        left *= fmax(0, fmin(1, 1 - pow(distance2 / pow(light->range, 2), 2)));
    if (light->spot) {
        const double edge = light->inner_cosine - light->outer_cosine;
        const double cone = (direction->z - light->outer_cosine) / fmax(0.001, edge);
        left *= pow(fmax(0, fmin(1, cone)), 2);
    }
    return left;
}

static const tdi_punctual kinds[] = {
    {.color = {3, 2, 1}},
    {.color = {3, 2, 1}, .range = 3},
    {.color = {3, 2, 1}, .range = 1},
    {.color = {2, 2, 3}, .directional = true},
    {.color = {3, 2, 1}, .spot = true, .inner_cosine = 1, .outer_cosine = 0.5f},
    {.color = {3, 2, 1}, .spot = true, .inner_cosine = 0.8f, .outer_cosine = 0.7f},
    {.color = {3, 2, 1}, .spot = true, .inner_cosine = 0.96f, .outer_cosine = 0.95f},
};

static void assert_kind(td_renderer *renderer, td_scene *scene, const tdi_punctual *kind, vector at,
                        const look *l)
{
    const td_camera camera = scene_ortho(5.0f, 0.01f, 0.1f, 20.0f);
    vector direction;
    const double left = irradiance_of(kind, at, &direction);
    const uint32_t node = scene->punctual[0].node;
    scene->punctual[0] = *kind;
    scene->punctual[0].node = node;
    scene_picture picture = scene_view(renderer, &camera);
    for (int c = 0; c < 3; c++) {
        const double value =
            radiance(l, c, (vector){0, 0, 1}, direction, left * (double)kind->color[c], 0);
        const int expected = scene_srgb(fmin(1, value));
        const int found = scene_color_at(&picture, 1, 1)[c];
        if (abs(found - expected) > 1)
            fail_msg("kind %td, channel %d: %d instead of %d", kind - kinds, c, found, expected);
    }
    scene_picture_free(&picture);
}

/* A light above the middle of a plane and to its side, of every kind. */
static void lights_at_nodes_follow_their_formulas(td_device *device)
{
    const float dark[3] = {0, 0, 0};
    const vector at = {1, 0.5, 2};
    const look l = {.base = {0.4, 0.5, 0.6}, .metallic = 0, .roughness = 0.5};
    td_scene *scene = scene_make();
    td_material_params material;
    td_material_defaults(&material);
    for (int i = 0; i < 3; i++)
        material.base_color[i] = (float)l.base[i];
    material.metallic = 0;
    material.roughness = (float)l.roughness;
    (void)scene_place_at(scene, scene_quad(scene, 2, 2, scene_material(scene, &material)), 0, 0, 0,
                         0);
    tdi_punctual *light;
    gpu_ok(tdi_scene_new_punctual(scene, &light));
    *light = kinds[0];
    light->node = scene_place_at(scene, TD_NONE, (float)at.x, (float)at.y, (float)at.z, 1);
    scene->light.intensity = 0;
    gpu_ok(td_scene_set_ambient(scene, dark));
    td_renderer_params params = scene_renderer_params(scene, 2, 2);
    params.tonemap = TD_TONEMAP_LINEAR;
    td_renderer *renderer = scene_renderer(device, &params);
    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_kind(renderer, scene, &kinds[i], at, &l);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

/* ---- environments ---- */

static td_environment *make_environment(td_device *device, const float *pixels, uint32_t width,
                                        uint32_t height)
{
    const td_environment_params params = {.pixels = pixels, .width = width, .height = height};
    td_environment *environment = NULL;
    gpu_ok(td_environment_create(device, &params, &environment));
    return environment;
}

/* White patches of plastic and of metal, from smooth to rough, in uniform light: what does not
 * leave at once enters and leaves later, so that they cannot be told from the light. (Between
 * plastic and metal glTF's model does lose some.) */
static void a_white_furnace_leaves_nothing_to_see(td_device *device)
{
    const float grey[3] = {0.5f, 0.5f, 0.5f};
    td_scene *scene = scene_make();
    for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
        td_material_params material;
        float matrix[16];
        td_material_defaults(&material);
        material.metallic = i % 2 ? 1.0f : 0.0f;
        material.roughness = (float)(i / COLUMNS) / 3;
        const uint32_t quad = scene_quad(scene, 1, 1, scene_material(scene, &material));
        const double turn = 1.2 * (i % COLUMNS) / 3;
        scene_translation(-1.5f + (float)(i % COLUMNS), 1.5f - (float)(i / COLUMNS), 0, matrix);
        matrix[0] = (float)cos(turn);
        matrix[2] = (float)sin(turn);
        scene_place(scene, quad, matrix, i);
    }
    td_renderer_params params = scene_renderer_params(scene, COLUMNS * CELL, ROWS * CELL);
    params.environment = make_environment(device, grey, 1, 1);
    params.tonemap = TD_TONEMAP_LINEAR;
    const td_camera camera = scene_ortho(5.0f, 4.0f, 0.1f, 20.0f);
    scene_picture picture = scene_render(device, &params, &camera);
    td_environment_destroy(params.environment);
    for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
        const uint32_t x = i % COLUMNS * CELL + CELL / 2, y = i / COLUMNS * CELL + CELL / 2;
        assert_int_equal(scene_object_at(&picture, x, y), i);
        for (uint32_t c = 0; c < 3; c++)
            if (abs(scene_color_at(&picture, x, y)[c] - scene_srgb(0.5)) > 1)
                fail_msg("patch %u: %d instead of %d", i, scene_color_at(&picture, x, y)[c],
                         scene_srgb(0.5));
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

/* Red from +X, which is in the middle of the picture, to +Z, a quarter to the right; green from
 * there to the edge; blue elsewhere. */
static void an_environment_is_seen_where_nothing_is(td_device *device)
{
    const float pixels[4][3] = {{0, 0, 1}, {0, 0, 1}, {1, 0, 0}, {0, 1, 0}};
    const float shown[] = {0, 90, 180, 270};
    /* What is seen between -X and -Z, and what turns bring there. */
    const uint8_t expected[4][3] = {{0, 0, 255}, {0, 0, 255}, {255, 0, 0}, {0, 255, 0}};
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 4, 4);
    params.environment = make_environment(device, pixels[0], 4, 1);
    params.environment_behind = true;
    params.tonemap = TD_TONEMAP_LINEAR;
    td_camera camera = scene_perspective(0, 0.2f, 0.1f, 0);
    /* Off the seams between the pixels of the picture. */
    const float turn = 0.78539816f;
    camera.world[0] = camera.world[10] = cosf(turn);
    camera.world[8] = sinf(turn);
    camera.world[2] = -sinf(turn);
    for (uint32_t i = 0; i < 4; i++) {
        params.environment_rotation = shown[i];
        scene_picture picture = scene_render(device, &params, &camera);
        const uint8_t *found = scene_color_at(&picture, 2, 2);
        for (uint32_t c = 0; c < 3; c++)
            if (found[c] != expected[i][c])
                fail_msg("turned by %g: %d %d %d", (double)shown[i], found[0], found[1], found[2]);
        assert_int_equal(found[3], 255);
        scene_picture_free(&picture);
    }
    td_environment_destroy(params.environment);
    td_scene_destroy(scene);
}

static void environments_must_make_sense(td_device *device)
{
    td_environment *environment = NULL;
    td_renderer *renderer = NULL;
    const td_environment_params missing = {.path = "/nonexistent/x.hdr"};
    assert_int_equal(td_environment_create(device, &missing, &environment), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_environment_create(device, NULL, &environment), TD_ERROR_ARGUMENT);
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 4, 4);
    params.environment_behind = true;
    assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_ARGUMENT);
    params.environment_behind = false;
    params.environment_rotation = NAN;
    assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_ARGUMENT);
    td_environment_destroy(NULL);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(flat_surfaces_follow_the_model),
        gpu_test(vertex_normals_follow_the_model),
        gpu_test(back_faces_are_lit_from_their_side),
        gpu_test(lights_at_nodes_follow_their_formulas),
        gpu_test(a_white_furnace_leaves_nothing_to_see),
        gpu_test(an_environment_is_seen_where_nothing_is),
        gpu_test(environments_must_make_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
