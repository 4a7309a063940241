/* The lobes of materials against the formulas of glTF's extensions, worked out here in double
 * precision. All patches are of one scene, so that they cost one pipeline. */
#include "lobe_formulas.h"
#include "scene_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4, ROWS = 4, CELL = 4 };

/* Of the texture that some materials read everything from. */
static const uint8_t texel[4] = {160, 200, 120, 220};

static double texel_linear(int channel)
{
    return texel[channel] / 255.0;
}

typedef enum look { AS_THEY_ARE, TEXTURED, WHITE } look;

static void set_color(float color[3], float red, float green, float blue)
{
    color[0] = red;
    color[1] = green;
    color[2] = blue;
}

/* Those of the base. */
static void set_mirrors(td_material_params *m, uint32_t index)
{
    m->metallic = index == 2 ? 0.25f : 0.0f;
    m->ior = index == 3 ? 0.0f : index == 2 ? 1.33f : 1.8f;
    if (index == 2) {
        m->specular.factor = 0.6f;
        set_color(m->specular.color, 4.0f, 2.0f, 0.5f);
    }
}

static void set_coat(td_material_params *m, float factor, float roughness)
{
    m->clearcoat.factor = factor;
    m->clearcoat.roughness = roughness;
    set_color(m->emissive, 0.1f, 0.2f, 0.1f);
}

static void set_film(td_material_params *m, float ior, float thickness)
{
    m->iridescence.factor = 0.8f;
    m->iridescence.ior = ior;
    m->iridescence.thickness_max = thickness;
}

static void set_glass(td_material_params *m, float thickness)
{
    m->transmission.factor = 0.6f;
    m->transmission.thickness = thickness;
    m->transmission.attenuation_distance = 0.5f;
    set_color(m->transmission.attenuation_color, 0.8f, 0.6f, 0.9f);
}

static void set_lobes(td_material_params *m, uint32_t index)
{
    const bool all = index == 15;
    m->metallic = index == 6 || index == 9 || index == 12 ? 1.0f : 0.0f;
    if (index == 4) {
        m->glossiness.used = true;
        m->glossiness.factor = 0.7f;
        set_color(m->glossiness.specular, 0.1f, 0.3f, 0.5f);
    }
    if (index == 5 || index == 6 || all)
        set_coat(m, index == 6 ? 1.0f : 0.7f, 0.35f);
    if (index == 7 || index == 8 || all) {
        set_color(m->sheen.color, 0.4f, index == 8 ? 0.9f : 0.6f, 0.5f);
        m->sheen.roughness = index == 8 ? 0.3f : 0.6f;
    }
    if (index == 9 || index == 10 || all) {
        m->anisotropy.strength = index == 9 ? 0.7f : 0.4f;
        m->anisotropy.rotation = index == 9 ? 0.5f : 1.9f;
    }
    if (index == 11 || index == 12 || all)
        set_film(m, index == 11 ? 1.8f : 1.3f, index == 12 ? 520.0f : 300.0f);
    if (index == 14)
        m->ior = 1.2f;
    if (index == 13 || index == 14 || all)
        set_glass(m, index == 14 ? 0.4f : 0.0f);
}

static td_material_params material_of(uint32_t index)
{
    td_material_params m;
    td_material_defaults(&m);
    set_color(m.base_color, 0.7f, 0.4f, 0.2f);
    m.metallic = 0.0f;
    m.roughness = 0.4f;
    if (index >= 1 && index <= 3)
        set_mirrors(&m, index);
    else if (index > 3)
        set_lobes(&m, index);
    return m;
}

/* What the texture makes of a material. */
static void apply_texel(patch *p)
{
    td_material_params *m = &p->m;
    const float r = (float)texel_linear(0), g = (float)texel_linear(1);
    const float b = (float)texel_linear(2), a = (float)texel_linear(3);
    const double d[2] = {2.0 * texel_linear(0) - 1.0, 2.0 * texel_linear(1) - 1.0};
    const double cosine = p->direction[0], sine = p->direction[1];
    p->direction[0] = cosine * d[0] - sine * d[1];
    p->direction[1] = sine * d[0] + cosine * d[1];
    m->anisotropy.strength *= b;
    m->clearcoat.factor *= r;
    m->clearcoat.roughness *= g;
    m->specular.factor *= a;
    m->glossiness.factor *= a;
    m->sheen.roughness *= a;
    m->iridescence.factor *= r;
    m->iridescence.thickness_max =
        (float)mix(m->iridescence.thickness_min, m->iridescence.thickness_max, g);
    m->transmission.factor *= r;
    m->transmission.thickness *= g;
    for (int c = 0; c < 3; c++) {
        const float linear = (float)scene_linear(texel[c]);
        m->specular.color[c] *= linear;
        m->glossiness.specular[c] *= linear;
        m->sheen.color[c] *= linear;
    }
}

static void use_texture(td_material_params *m, uint32_t texture)
{
    td_texture_use *const uses[] = {
        &m->clearcoat.texture,       &m->clearcoat.roughness_texture,
        &m->specular.texture,        &m->specular.color_texture,
        &m->glossiness.texture,      &m->sheen.color_texture,
        &m->sheen.roughness_texture, &m->anisotropy.texture,
        &m->iridescence.texture,     &m->iridescence.thickness_texture,
        &m->transmission.texture,    &m->transmission.thickness_texture,
    };
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        uses[i]->texture = texture + 1;
}

static patch patch_of(uint32_t column, uint32_t row)
{
    const double turn = 0.3 * ((int)column - 1) + 0.1 * row;
    patch p = {.m = material_of(4 * row + column)};
    p.normal = (vector){sin(turn), 0.0, cos(turn)};
    p.tangent = (vector){cos(turn), 0.0, -sin(turn)};
    p.bitangent = (vector){0.0, 1.0, 0.0};
    p.scale = 2.2 / 3.0; /* 0.2 times as wide as its mesh, as high and as deep */
    p.direction[0] = cos((double)p.m.anisotropy.rotation);
    p.direction[1] = sin((double)p.m.anisotropy.rotation);
    return p;
}

static void place_patch(td_scene *scene, const patch *p, uint32_t texture, uint32_t column,
                        uint32_t row)
{
    td_material_params material = p->m;
    if (texture != TD_NONE)
        use_texture(&material, texture);
    const float positions[] = {-2, -0.5f, 0, 2, -0.5f, 0, 2, 0.5f, 0, -2, 0.5f, 0};
    const float normals[] = {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1};
    const float tangents[] = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1};
    const float texcoords[8] = {0};
    const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const td_mesh_params params = {
        .positions = positions,
        .normals = normals,
        .tangents = tangents,
        .texcoords = texcoords,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = scene_material(scene, &material),
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &params, &mesh));
    float matrix[16];
    scene_translation(-1.5f + (float)column, 1.5f - (float)row, 0.0f, matrix);
    /* Half a metre to either side is left of a patch, whatever the turn and the scale. */
    matrix[0] = 0.2f * (float)p->tangent.x;
    matrix[2] = 0.2f * (float)p->tangent.z;
    matrix[8] = (float)p->normal.x;
    matrix[10] = (float)p->normal.z;
    scene_place(scene, mesh, matrix, 4 * row + column);
}

/* Nothing takes more of the light than it must. */
static void whiten(td_material_params *m)
{
    /* A plain surface gives back its colour and 4%. */
    set_color(m->base_color, 0.96f, 0.96f, 0.96f);
    set_color(m->emissive, 0.0f, 0.0f, 0.0f);
    set_color(m->specular.color, 1.0f, 1.0f, 1.0f);
    if (m->sheen.color[0] > 0.0f)
        set_color(m->sheen.color, 1.0f, 1.0f, 1.0f);
    set_color(m->glossiness.specular, 0.5f, 0.5f, 0.5f);
    set_color(m->transmission.attenuation_color, 1.0f, 1.0f, 1.0f);
}

static td_scene *make_patches(look how)
{
    td_scene *scene = scene_make();
    const td_texture_params params = {.pixels = texel, .width = 1, .height = 1, .channels = 4};
    uint32_t texture = TD_NONE;
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++) {
            patch p = patch_of(column, row);
            if (how == WHITE)
                whiten(&p.m);
            place_patch(scene, &p, how == TEXTURED ? texture : TD_NONE, column, row);
        }
    return scene;
}

static void assert_patch(const scene_picture *picture, uint32_t index, const double expected[3])
{
    const uint32_t x = index % COLUMNS * CELL + CELL / 2, y = index / COLUMNS * CELL + CELL / 2;
    assert_int_equal(scene_object_at(picture, x, y), index);
    for (int c = 0; c < 3; c++) {
        const int code = scene_srgb(fmin(1.0, expected[c]));
        const int found = scene_color_at(picture, x, y)[c];
        if (abs(found - code) > 1)
            fail_msg("patch %u, channel %d: %d instead of %d", index, c, found, code);
    }
}

static void assert_lit(td_renderer *renderer, td_scene *scene, bool textured, vector direction,
                       double ambient)
{
    const double color[3] = {2.0, 1.0, 0.5};
    const td_light_params light = {
        .direction = {(float)direction.x, (float)direction.y, (float)direction.z},
        .color = {1.0f, 0.5f, 0.25f},
        .intensity = 2.0f,
    };
    const float grey[3] = {(float)ambient, (float)ambient, (float)ambient};
    const td_camera camera = scene_ortho(5.0f, 4.0f, 0.1f, 20.0f);
    gpu_ok(td_scene_set_light(scene, &light));
    gpu_ok(td_scene_set_ambient(scene, grey));
    scene_picture picture = scene_view(renderer, &camera);
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        patch p = patch_of(i % COLUMNS, i / COLUMNS);
        double expected[3];
        if (textured)
            apply_texel(&p);
        patch_radiance(&p, unit(combine(-1.0, direction, 0.0, direction)), color, ambient,
                       expected);
        assert_patch(&picture, i, expected);
    }
    scene_picture_free(&picture);
}

static td_renderer *make_renderer(td_device *device, td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, COLUMNS * CELL, ROWS * CELL);
    params.views_per_submission = 1;
    return scene_renderer(device, &params);
}

static void lobes_follow_their_formulas(td_device *device)
{
    const vector directions[] = {
        {0, 0, -1}, {-1, -1, -2}, {2, 0.5, -1}, {-1, 3, -0.5}, {0.3, 0, 1}};
    for (int textured = 0; textured < 2; textured++) {
        td_scene *scene = make_patches(textured ? TEXTURED : AS_THEY_ARE);
        td_renderer *renderer = make_renderer(device, scene);
        for (int i = 0; i < 5; i++)
            assert_lit(renderer, scene, textured != 0, directions[i], 0.03 * i);
        td_renderer_destroy(renderer);
        td_scene_destroy(scene);
    }
}

/* Under light that is the same from everywhere nothing is brighter than that. */
static void no_lobe_gains_light(td_device *device)
{
    const float grey[3] = {0.5f, 0.5f, 0.5f};
    const td_light_params dark = {.direction = {0, 0, -1}, .color = {1, 1, 1}};
    const td_camera camera = scene_ortho(5.0f, 4.0f, 0.1f, 20.0f);
    td_scene *scene = make_patches(WHITE);
    td_renderer *renderer = make_renderer(device, scene);
    gpu_ok(td_scene_set_light(scene, &dark));
    gpu_ok(td_scene_set_ambient(scene, grey));
    scene_picture picture = scene_view(renderer, &camera);
    for (uint32_t i = 0; i < picture.width * picture.height; i++)
        for (int c = 0; picture.object[i] >= 0 && c < 3; c++)
            if (picture.color[4 * i + c] > scene_srgb(1.01 * grey[c]))
                fail_msg("patch %d, channel %d: %d", picture.object[i], c,
                         picture.color[4 * i + c]);
    scene_picture_free(&picture);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

enum { GLASS_VIEWS = 3, GLASS_WIDTH = 48, GLASS_HEIGHT = 32 };

static uint32_t glass_pane(td_scene *scene, float factor, float width)
{
    td_material_params m;
    td_material_defaults(&m);
    set_color(m.base_color, 1.0f, 0.5f, 0.25f);
    m.metallic = 0.0f;
    m.double_sided = true;
    m.transmission.factor = factor;
    return scene_quad(scene, width, 4.0f, scene_material(scene, &m));
}

/* A wall behind the left half of a pane of glass, and another pane behind both. */
static td_scene *make_glass(void)
{
    const float grey[3] = {0.5f, 0.5f, 0.5f};
    const td_light_params dark = {.direction = {0, 0, -1}, .color = {1, 1, 1}};
    td_scene *scene = scene_make();
    scene_place_at(scene, scene_quad(scene, 4.0f, 4.0f, scene_unlit(scene, 0.8f, 0.6f, 0.1f)),
                   -2.0f, 0.0f, -1.0f, 1);
    scene_place_at(scene, glass_pane(scene, 0.5f, 4.0f), 0.0f, 0.0f, 0.0f, 2);
    scene_place_at(scene, glass_pane(scene, 1.0f, 8.0f), 0.0f, 0.0f, -2.0f, 3);
    gpu_ok(td_scene_set_light(scene, &dark));
    gpu_ok(td_scene_set_ambient(scene, grey));
    return scene;
}

static void assert_pixel(const scene_picture *picture, uint32_t x, int object, float depth,
                         const double expected[3])
{
    const uint32_t y = picture->height / 2;
    assert_int_equal(scene_object_at(picture, x, y), object);
    assert_float_equal(scene_depth_at(picture, x, y), depth, 1e-4f);
    for (int c = 0; c < 3; c++)
        if (abs(scene_color_at(picture, x, y)[c] - scene_srgb(expected[c])) > 1)
            fail_msg("column %u, channel %d: %d instead of %d", x, c,
                     scene_color_at(picture, x, y)[c], scene_srgb(expected[c]));
}

static void opaque_surfaces_are_seen_through_glass(td_device *device)
{
    static const double wall[3] = {0.8, 0.6, 0.1}, glass[3] = {1.0, 0.5, 0.25};
    td_scene *scene = make_glass();
    const td_renderer_params params = scene_renderer_params(scene, GLASS_WIDTH, GLASS_HEIGHT);
    const td_camera camera = scene_ortho(5.0f, 4.0f, 0.1f, 20.0f); /* 6 metres wide */
    scene_picture picture = scene_render(device, &params, &camera);
    double before_wall[3], before_nothing[3], far[3];
    for (int c = 0; c < 3; c++) {
        const double mirrored = 0.04 * 0.5;
        before_wall[c] = mirrored + glass[c] * (0.5 * 0.5 + 0.5 * wall[c]);
        before_nothing[c] = mirrored + glass[c] * 0.5;
        far[c] = mirrored + glass[c] * 0.5;
    }
    assert_pixel(&picture, 3, 1, 6.0f, wall); /* the pane behind is not seen */
    assert_pixel(&picture, 15, 2, 5.0f, before_wall);
    assert_pixel(&picture, 30, 2, 5.0f, before_nothing); /* nor through glass */
    assert_pixel(&picture, 45, 3, 7.0f, far);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void assert_same_glass(td_device *device, const td_renderer_params *params,
                              const scene_picture expected[GLASS_VIEWS], const char *what)
{
    td_camera cameras[GLASS_VIEWS];
    td_request *requests[GLASS_VIEWS];
    td_renderer *renderer = scene_renderer(device, params);
    for (uint32_t i = 0; i < GLASS_VIEWS; i++) {
        cameras[i] = scene_perspective(5.0f, 0.9f, 0.1f, 0.0f);
        cameras[i].world[12] = 1.5f * (float)i - 2.0f;
    }
    scene_submit(renderer, cameras, GLASS_VIEWS, requests);
    for (uint32_t i = 0; i < GLASS_VIEWS; i++) {
        scene_picture found = scene_take(requests[i]);
        scene_assert_same(&found, &expected[i], what);
        scene_picture_free(&found);
    }
    td_renderer_destroy(renderer);
}

/* The second layer of words lies behind all views of the first. */
static void glass_is_the_same_in_tiles_and_submissions(td_device *device)
{
    td_scene *scene = make_glass();
    scene_picture alone[GLASS_VIEWS];
    td_renderer_params params = scene_renderer_params(scene, GLASS_WIDTH, GLASS_HEIGHT);
    params.samples = 4;
    params.views_per_submission = 1;
    params.result_slots = GLASS_VIEWS + 1;
    td_renderer *renderer = scene_renderer(device, &params);
    for (uint32_t i = 0; i < GLASS_VIEWS; i++) {
        td_camera camera = scene_perspective(5.0f, 0.9f, 0.1f, 0.0f);
        camera.world[12] = 1.5f * (float)i - 2.0f;
        alone[i] = scene_view(renderer, &camera);
        assert_true(scene_covered(&alone[i]) > 500);
    }
    td_renderer_destroy(renderer);
    params.views_per_submission = GLASS_VIEWS;
    assert_same_glass(device, &params, alone, "several a submission");
    params.tile_width = 33;
    params.tile_height = 17;
    assert_same_glass(device, &params, alone, "tiles");
    params.raster = TD_RASTER_HARDWARE;
    assert_same_glass(device, &params, alone, "the hardware rasteriser");
    for (uint32_t i = 0; i < GLASS_VIEWS; i++)
        scene_picture_free(&alone[i]);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(lobes_follow_their_formulas),
        gpu_test(no_lobe_gains_light),
        gpu_test(opaque_surfaces_are_seen_through_glass),
        gpu_test(glass_is_the_same_in_tiles_and_submissions),
    };
    return gpu_run_tests(tests);
}
