/* The levels that a view can sample: those of single triangles against the formula of the shader at
 * points of the image, where a tilted plane, a transform, an instance or a cut at the image's
 * border could make the estimate too high. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "render/view.h"
#include "scene/scene.h"
#include "scene/texture_detail.h"

enum { WIDTH = 320, HEIGHT = 200, TEXELS = 256, LEVELS = 9, TRIANGLES = 1000, POINTS = 200 };

typedef struct fixture {
    td_scene *scene;
    tdi_texture_plan plan;
    tdi_texture_detail *detail;
    tdi_texture_need needs[2];
    float positions[9], texcoords[6];
    float matrix[16];
    td_texture_use use;
    bool lobes;
} fixture;

static uint64_t random_state;

static float random_between(float low, float high)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (float)(random_state >> 40) / (float)(1 << 24);
}

static uint32_t add_texture(td_scene *scene, td_mip_filter mip_filter)
{
    static uint8_t pixels[TEXELS * TEXELS];
    uint32_t texture = 0;
    const td_texture_params params = {.pixels = pixels,
                                      .width = TEXELS,
                                      .height = TEXELS,
                                      .channels = 1,
                                      .mip_filter = mip_filter};
    assert_int_equal(td_scene_add_texture(scene, &params, &texture), TD_OK);
    return texture;
}

/* Levels are made when a renderer is; here their number is enough. */
static void pretend_levels(td_scene *scene)
{
    for (uint32_t i = 0; i < scene->image_count; i++)
        scene->images[i].levels = LEVELS;
}

static void make_scene(fixture *f, bool double_sided, td_mip_filter mip_filter)
{
    td_material_params material;
    uint32_t material_index = 0, mesh = 0, node = 0;
    assert_int_equal(td_scene_create(NULL, &f->scene), TD_OK);
    td_material_defaults(&material);
    f->use.texture = add_texture(f->scene, mip_filter) + 1;
    material.base_color_texture = f->use;
    if (f->lobes) {
        material.clearcoat.factor = 1;
        material.clearcoat.roughness_texture = f->use;
        material.clearcoat.roughness_texture.scale[0] = 0.5f;
        material.clearcoat.roughness_texture.scale[1] = 0.5f;
    }
    material.double_sided = double_sided;
    assert_int_equal(td_scene_add_material(f->scene, &material, &material_index), TD_OK);
    const td_mesh_params params = {.positions = f->positions,
                                   .texcoords = f->texcoords,
                                   .vertex_count = 3,
                                   .material = material_index};
    assert_int_equal(td_scene_add_mesh(f->scene, &params, &mesh), TD_OK);
    const td_node_params placed = {.parent = TD_NONE, .mesh = mesh, .matrix = f->matrix};
    assert_int_equal(td_scene_add_node(f->scene, &placed, &node), TD_OK);
    pretend_levels(f->scene);
    assert_int_equal(tdi_scene_update(f->scene), TD_OK);
    assert_int_equal(tdi_texture_plan_make(f->scene, &f->plan), TD_OK);
    assert_int_equal(tdi_texture_detail_create(f->scene, &f->plan, &f->detail), TD_OK);
}

static void free_scene(fixture *f)
{
    tdi_texture_detail_destroy(f->detail);
    tdi_texture_plan_free(&f->plan);
    td_scene_destroy(f->scene);
}

static void look(fixture *f, const struct tdi_view *view)
{
    tdi_texture_detail_start(f->detail, f->needs);
    tdi_texture_detail_add(f->detail, view, WIDTH, HEIGHT, f->needs);
}

static void random_fixture(fixture *f)
{
    *f = (fixture){.matrix = {[15] = 1}};
    for (int i = 0; i < 9; i++)
        f->positions[i] = random_between(-3, 3);
    for (int i = 0; i < 6; i++)
        f->texcoords[i] = random_between(-4, 4);
    for (int i = 0; i < 12; i++)
        f->matrix[i / 3 * 4 + i % 3] = random_between(-1.5f, 1.5f);
    f->use.rotation = random_between(-3, 3);
    f->use.scale[0] = random_between(0.2f, 3);
    f->use.scale[1] = random_between(0.2f, 3);
}

static td_camera random_camera(void)
{
    td_camera camera;
    const float eye[3] = {random_between(-4, 4), random_between(-4, 4), random_between(3, 9)};
    const float target[3] = {random_between(-1, 1), random_between(-1, 1), random_between(-1, 1)};
    assert_int_equal(td_camera_look_at(eye, target, (const float[3]){0, 1, 0}, &camera), TD_OK);
    camera.fov_y = random_between(0.2f, 2.2f);
    if (random_between(0, 1) < 0.2f) {
        camera.fov_y = 0;
        camera.ortho_height = random_between(1, 8);
        camera.far_plane = 100;
    }
    return camera;
}

/* Clip coordinates of a corner, as the shader has them. */
static void corner_of(const fixture *f, const struct tdi_view *view, uint32_t corner, double out[4])
{
    const struct tdi_instance *instance = &f->scene->flat->instances[0];
    double world[4] = {0, 0, 0, 1};
    for (int row = 0; row < 3; row++) {
        world[row] = instance->rows[4 * row + 3];
        for (int i = 0; i < 3; i++)
            world[row] += (double)instance->rows[4 * row + i] * f->positions[3 * corner + i];
    }
    for (int row = 0; row < 4; row++) {
        out[row] = 0;
        for (int i = 0; i < 4; i++)
            out[row] += view->clip[4 * row + i] * world[i];
    }
}

/* Texture coordinates at a point of the image in pixels; false outside of the triangle. */
static bool coordinates_at(const fixture *f, double clip[3][4], double x, double y, double out[2])
{
    double p[3][2], area[3], sum = 0;
    for (int i = 0; i < 3; i++) {
        p[i][0] = clip[i][0] - 256 * x * clip[i][3];
        p[i][1] = clip[i][1] - 256 * y * clip[i][3];
    }
    for (int i = 0; i < 3; i++) {
        const double *a = p[(i + 1) % 3], *b = p[(i + 2) % 3];
        area[i] = a[0] * b[1] - a[1] * b[0];
        sum += area[i];
    }
    bool inside = sum != 0;
    double w = 0;
    out[0] = out[1] = 0;
    for (int i = 0; i < 3; i++) {
        inside = inside && area[i] / sum >= 0;
        w += area[i] / sum * clip[i][3];
        for (int k = 0; k < 2; k++)
            out[k] += area[i] / sum * f->texcoords[2 * i + k];
    }
    return inside && w > 0;
}

/* The level by the shader's formula: the longer of the steps to the next pixels, in texels. */
static double level_at(const fixture *f, double clip[3][4], double x, double y)
{
    const struct tdi_texture_ref *ref = &f->plan.materials[0].base_color_texture;
    const double step = 1e-4;
    double longest = 0;
    for (int axis = 0; axis < 2; axis++) {
        double a[2], b[2], squared = 0;
        (void)coordinates_at(f, clip, axis == 0 ? x - step : x, axis == 1 ? y - step : y, a);
        (void)coordinates_at(f, clip, axis == 0 ? x + step : x, axis == 1 ? y + step : y, b);
        for (int row = 0; row < 2; row++) {
            double texels = 0;
            for (int k = 0; k < 2; k++)
                texels += ref->transform[3 * row + k] * (b[k] - a[k]) / (2 * step) * TEXELS;
            squared += texels * texels;
        }
        longest = fmax(longest, squared);
    }
    return 0.5 * log2(longest);
}

/* How many points of the triangle were looked at. */
static uint32_t check_points(const fixture *f, const struct tdi_view *view, double *slack)
{
    double clip[3][4], least = INFINITY;
    uint32_t checked = 0;
    for (uint32_t i = 0; i < 3; i++)
        corner_of(f, view, i, clip[i]);
    for (uint32_t i = 0; i < POINTS; i++) {
        double at[2];
        const double x = random_between(0, WIDTH), y = random_between(0, HEIGHT);
        if (!coordinates_at(f, clip, x, y, at))
            continue;
        const double level = level_at(f, clip, x, y);
        if (level < LEVELS - 1 && f->needs[1].level > fmax(level, 0))
            fail_msg("level %u is said to be the lowest, and %g is sampled at %g, %g",
                     f->needs[1].level, level, x, y);
        least = fmin(least, fmin(fmax(level, 0), LEVELS - 1));
        checked++;
    }
    *slack = checked > 0 ? least - f->needs[1].level : 0;
    return checked;
}

static void no_point_samples_a_lower_level(void **state)
{
    (void)state;
    uint32_t checked = 0, seen = 0;
    double slack_sum = 0;
    random_state = 1;
    for (uint32_t i = 0; i < TRIANGLES; i++) {
        fixture f;
        struct tdi_view view;
        double slack = 0;
        random_fixture(&f);
        const td_camera camera = random_camera();
        assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_OK);
        make_scene(&f, true, TD_MIP_LINEAR);
        look(&f, &view);
        const uint32_t points = check_points(&f, &view, &slack);
        checked += points;
        seen += points > 0;
        slack_sum += slack;
        free_scene(&f);
    }
    assert_true(checked > 5000);
    /* An estimate that always said level 0 would be right and of no use. Whole levels lose half a
     * level, random triangles that are far from regular about another. */
    assert_true(slack_sum / seen < 2.0);
}

static const float corners[9] = {-1, -1, 0, 1, -1, 0, 0, 1, 0};

static void facing_fixture(fixture *f)
{
    *f = (fixture){.matrix = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}};
    memcpy(f->positions, corners, sizeof corners);
    const float texcoords[6] = {0, 2, 2, 2, 1, 0}; /* one for a unit */
    memcpy(f->texcoords, texcoords, sizeof texcoords);
}

static struct tdi_view view_from(float z, float pixels_a_unit)
{
    struct tdi_view view;
    td_camera camera;
    const float eye[3] = {0, 0, z}, origin[3] = {0};
    assert_int_equal(td_camera_look_at(eye, origin, (const float[3]){0, 1, 0}, &camera), TD_OK);
    camera.fov_y = 0;
    camera.far_plane = 100;
    camera.ortho_height = HEIGHT / pixels_a_unit;
    assert_int_equal(tdi_view_make(&camera, WIDTH, HEIGHT, &view), TD_OK);
    return view;
}

/* 256 texels on 60 pixels: between level 2 and 3. */
static void a_facing_triangle_needs_the_level_of_its_scale(void **state)
{
    (void)state;
    fixture f;
    facing_fixture(&f);
    make_scene(&f, false, TD_MIP_LINEAR);
    struct tdi_view view = view_from(3, 60);
    look(&f, &view);
    assert_int_equal(f.needs[1].level, 2);
    assert_true(f.needs[1].weight > 0);
    assert_int_equal(f.needs[0].level, LEVELS - 1);
    view = view_from(3, 20); /* added to it, changes nothing */
    tdi_texture_detail_add(f.detail, &view, WIDTH, HEIGHT, f.needs);
    assert_int_equal(f.needs[1].level, 2);
    look(&f, &view);
    assert_int_equal(f.needs[1].level, 3);
    free_scene(&f);
}

/* Each with the transform of its own. */
static void textures_of_lobes_need_levels_too(void **state)
{
    (void)state;
    fixture f;
    facing_fixture(&f);
    f.lobes = true;
    make_scene(&f, false, TD_MIP_LINEAR);
    const struct tdi_view view = view_from(3, 60);
    look(&f, &view);
    assert_int_equal(f.needs[1].level, 2); /* as sRGB */
    assert_int_equal(f.needs[0].level, 1); /* as it is, twice as large on the surface */
    free_scene(&f);
}

static void a_sampler_without_levels_needs_the_first(void **state)
{
    (void)state;
    fixture f;
    facing_fixture(&f);
    make_scene(&f, false, TD_MIP_NONE);
    const struct tdi_view view = view_from(3, 10);
    look(&f, &view);
    assert_int_equal(f.needs[1].level, 0);
    free_scene(&f);
}

static void what_is_out_of_sight_needs_nothing(void **state)
{
    (void)state;
    fixture f;
    facing_fixture(&f);
    f.matrix[12] = 100; /* far to the right */
    make_scene(&f, false, TD_MIP_LINEAR);
    const struct tdi_view view = view_from(3, 60);
    look(&f, &view);
    assert_int_equal(f.needs[1].level, LEVELS - 1);
    assert_true(f.needs[1].weight == 0);
    free_scene(&f);
}

static void what_faces_away_needs_nothing_unless_double_sided(void **state)
{
    (void)state;
    for (int double_sided = 0; double_sided < 2; double_sided++) {
        fixture f;
        facing_fixture(&f);
        make_scene(&f, double_sided, TD_MIP_LINEAR);
        const struct tdi_view view = view_from(-3, 60);
        look(&f, &view);
        assert_int_equal(f.needs[1].level, double_sided ? 2 : LEVELS - 1);
        free_scene(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_samples_a_lower_level),
        cmocka_unit_test(a_facing_triangle_needs_the_level_of_its_scale),
        cmocka_unit_test(textures_of_lobes_need_levels_too),
        cmocka_unit_test(a_sampler_without_levels_needs_the_first),
        cmocka_unit_test(what_is_out_of_sight_needs_nothing),
        cmocka_unit_test(what_faces_away_needs_nothing_unless_double_sided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
