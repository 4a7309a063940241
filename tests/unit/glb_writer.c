/* Scenes written as .glb: the container follows the specification, and what is loaded again is what
 * was written. */
#include "gltf_support.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "scene/flat.h"
#include "scene/image.h"

enum { TEXTURE = 6 };

static void turn_by(float angle, const float place[3], float out[16])
{
    const float matrix[16] = {cosf(angle), 0, -sinf(angle), 0, 0,        1,        0,        0,
                              sinf(angle), 0, cosf(angle),  0, place[0], place[1], place[2], 1};
    memcpy(out, matrix, sizeof matrix);
}

static uint32_t add_texture(td_scene *scene, uint32_t channels, td_wrap wrap, td_filter filter,
                            td_mip_filter mip)
{
    uint8_t pixels[TEXTURE * TEXTURE * 4];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37 + channels);
    td_texture_params params = {
        .pixels = pixels,
        .width = TEXTURE,
        .height = TEXTURE,
        .channels = channels,
        .wrap_s = wrap,
        .wrap_t = TD_WRAP_MIRRORED_REPEAT,
        .mag_filter = filter,
        .min_filter = filter,
        .mip_filter = mip,
        .name = "texture",
    };
    uint32_t texture;
    assert_int_equal(td_scene_add_texture(scene, &params, &texture), TD_OK);
    return texture;
}

static uint32_t add_full_material(td_scene *scene)
{
    uint32_t a = add_texture(scene, 4, TD_WRAP_REPEAT, TD_FILTER_LINEAR, TD_MIP_LINEAR);
    uint32_t b = add_texture(scene, 3, TD_WRAP_CLAMP_TO_EDGE, TD_FILTER_NEAREST, TD_MIP_NEAREST);
    uint32_t c = add_texture(scene, 1, TD_WRAP_REPEAT, TD_FILTER_LINEAR, TD_MIP_NONE);
    td_material_params p = {
        .base_color = {0.1f, 0.2f, 0.3f, 0.4f},
        .metallic = 0.25f,
        .roughness = 0.75f,
        .emissive = {0.5f, 0.25f, 4},
        .normal_scale = 0.7f,
        .occlusion_strength = 0.3f,
        .alpha_cutoff = 0.35f,
        .alpha_mode = TD_ALPHA_MASK,
        .double_sided = true,
        .base_color_texture = {a + 1, 0, {0.5f, -0.25f}, 0.3f, {2, 3}},
        .metallic_roughness_texture = {b + 1, 1, {0, 0}, 0, {0, 0}},
        .normal_texture = {b + 1, 0, {0, 0}, 0, {0, 0}},
        .occlusion_texture = {c + 1, 1, {0.125f, 0}, 0, {1, 1}},
        .emissive_texture = {a + 1, 0, {0, 0}, 0, {0, 0}},
        .name = "everything",
    };
    uint32_t material;
    assert_int_equal(td_scene_add_material(scene, &p, &material), TD_OK);
    return material;
}

static uint32_t add_full_mesh(td_scene *scene, uint32_t material)
{
    static const float positions[12] = {0, 0, 0, 1.1f, 0, 0, 1.1f, 1.3f, 0.1f, 0, 1.3f, -0.7f};
    static const float normals[12] = {0, 0, 1, 0, 0, 1, 0.6f, 0, 0.8f, 0, -0.6f, 0.8f};
    static const float tangents[16] = {1, 0, 0, 1, 1, 0, 0, 1, 0.8f, 0, -0.6f, -1, 1, 0, 0, -1};
    static const float texcoords[8] = {0, 1, 1, 1, 1, 0, -0.5f, 2.25f};
    static const float texcoords1[8] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f};
    static const float colors[16] = {1, 0.5f, 0.25f, 1, 0, 1, 0, 1, 0, 0, 1, 0.5f, 1, 1, 1, 0};
    static const uint32_t indices[6] = {0, 1, 2, 0, 2, 3};
    td_mesh_params params = {
        .positions = positions,
        .normals = normals,
        .tangents = tangents,
        .texcoords = texcoords,
        .texcoords1 = texcoords1,
        .colors = colors,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = material,
        .name = "quad \"quoted\" \xC3\xA4",
    };
    uint32_t mesh;
    assert_int_equal(td_scene_add_mesh(scene, &params, &mesh), TD_OK);
    return mesh;
}

static void add_cameras(td_scene *scene)
{
    td_camera camera;
    uint32_t index;
    assert_int_equal(td_camera_look_at((const float[3]){4, 3, 2}, (const float[3]){0, 0.5f, 0},
                                       (const float[3]){0, 1, 0}, &camera),
                     TD_OK);
    camera.fov_y = 0.8f;
    camera.aspect = 1.5f;
    camera.near_plane = 0.1f;
    camera.far_plane = 0;
    assert_int_equal(td_scene_add_camera(scene, &camera, "eye", &index), TD_OK);
    camera.fov_y = 0;
    camera.ortho_height = 3;
    camera.aspect = 2;
    camera.far_plane = 50;
    assert_int_equal(td_scene_add_camera(scene, &camera, "plan", &index), TD_OK);
}

static td_scene *make_scene(void)
{
    td_scene *scene;
    float matrix[16];
    uint32_t parent, child, unlit, ball;
    assert_int_equal(td_scene_create(&(const td_scene_params){.name = "test"}, &scene), TD_OK);
    uint32_t quad = add_full_mesh(scene, add_full_material(scene));
    td_material_params p;
    td_material_defaults(&p);
    p.unlit = true;
    p.alpha_mode = TD_ALPHA_BLEND;
    assert_int_equal(td_scene_add_material(scene, &p, &unlit), TD_OK);
    assert_int_equal(td_scene_add_sphere(scene, 0.5f, 16, 24, unlit, &ball), TD_OK);
    turn_by(0.5f, (const float[3]){1, 2, 3}, matrix);
    td_node_params node = {.parent = TD_NONE, .mesh = TD_NONE, .matrix = matrix, .name = "parent"};
    assert_int_equal(td_scene_add_node(scene, &node, &parent), TD_OK);
    turn_by(-1.25f, (const float[3]){0, -2, 0.5f}, matrix);
    node = (td_node_params){.parent = parent, .mesh = quad, .matrix = matrix, .name = "child"};
    assert_int_equal(td_scene_add_node(scene, &node, &child), TD_OK);
    node = (td_node_params){.parent = parent, .mesh = ball};
    assert_int_equal(td_scene_add_node(scene, &node, &child), TD_OK);
    turn_by(0, (const float[3]){-4, 0, 0}, matrix);
    node = (td_node_params){.parent = TD_NONE, .mesh = ball, .matrix = matrix};
    assert_int_equal(td_scene_add_node(scene, &node, &child), TD_OK);
    add_cameras(scene);
    return scene;
}

static td_scene *write_and_load(const td_scene *scene)
{
    td_scene *loaded = NULL;
    const char *path = support_path("scene.glb");
    td_result result = td_scene_write_glb(scene, path, true);
    if (result == TD_OK)
        result = td_scene_load(path, NULL, &loaded);
    if (result != TD_OK)
        print_error("%s\n", td_last_error());
    assert_int_equal(result, TD_OK);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_int_equal(tdi_scene_update(loaded), TD_OK);
    return loaded;
}

/* Each triangle of the one is found in the other. */
static void check_triangles(const td_scene *a, const td_scene *b)
{
    uint32_t count = a->geometry.triangle_count;
    assert_int_equal(b->geometry.triangle_count, count);
    for (uint32_t i = 0; i < count; i++) {
        float x[9], y[9];
        bool found = false;
        gltf_triangle(a, i, x);
        for (uint32_t k = 0; k < count && !found; k++) {
            gltf_triangle(b, (i + k) % count, y);
            found = gltf_same_triangle(x, y);
        }
        assert_true(found);
    }
}

static void meshes_and_nodes_come_back(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    td_scene *loaded = write_and_load(scene);
    check_triangles(scene, loaded);
    assert_int_equal(loaded->mesh_count, scene->mesh_count);
    assert_string_equal(loaded->meshes[0].name, scene->meshes[0].name);
    assert_int_equal(loaded->flat->instance_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        gltf_assert_near(loaded->flat->instances[i].rows, scene->flat->instances[i].rows, 12, 1e-6);
        assert_int_equal(loaded->flat->instances[i].object_id, scene->flat->instances[i].object_id);
    }
    gltf_assert_near(loaded->flat->bounds_min, scene->flat->bounds_min, 3, 1e-6);
    gltf_assert_near(loaded->flat->bounds_max, scene->flat->bounds_max, 3, 1e-6);
    assert_string_equal(loaded->nodes[1].name, "child");
    assert_int_equal(loaded->nodes[1].parent, 0);
    td_scene_destroy(loaded);
    td_scene_destroy(scene);
}

/* The quad's vertex with the given first texture coordinate. */
static uint32_t find_vertex(const td_scene *scene, float u)
{
    const tdi_geometry *g = &scene->geometry;
    for (uint32_t i = 0; i < 4; i++)
        if (g->texcoords0[2 * (g->surfaces[0].first_texcoord0 + i)] == u)
            return i;
    fail_msg("no vertex with u = %g", (double)u);
    return 0;
}

static void attributes_come_back(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    td_scene *loaded = write_and_load(scene);
    const tdi_geometry *a = &scene->geometry;
    const tdi_geometry *b = &loaded->geometry;
    const struct tdi_surface *s = &a->surfaces[0];
    const struct tdi_surface *t = &b->surfaces[0];
    static const float us[3] = {0, -0.5f, 1};
    for (int i = 0; i < 2; i++) {
        uint32_t v = find_vertex(scene, us[i]);
        uint32_t w = find_vertex(loaded, us[i]);
        assert_memory_equal(a->positions + 3 * (s->first_vertex + v),
                            b->positions + 3 * (t->first_vertex + w), 12);
        assert_memory_equal(a->texcoords0 + 2 * (s->first_texcoord0 + v),
                            b->texcoords0 + 2 * (t->first_texcoord0 + w), 8);
        assert_memory_equal(a->texcoords1 + 2 * (s->first_texcoord1 + v),
                            b->texcoords1 + 2 * (t->first_texcoord1 + w), 8);
        assert_int_equal(a->normals[s->first_vertex + v], b->normals[t->first_vertex + w]);
        assert_int_equal(a->tangents[s->first_tangent + v], b->tangents[t->first_tangent + w]);
        assert_memory_equal(a->colors + 2 * (s->first_color + v),
                            b->colors + 2 * (t->first_color + w), 8);
    }
    td_scene_destroy(loaded);
    td_scene_destroy(scene);
}

static void check_use(const td_texture_use *a, const td_texture_use *b)
{
    bool unscaled = a->scale[0] == 0 && a->scale[1] == 0;
    const float scale[2] = {unscaled ? 1 : a->scale[0], unscaled ? 1 : a->scale[1]};
    bool unscaled_b = b->scale[0] == 0 && b->scale[1] == 0;
    const float scale_b[2] = {unscaled_b ? 1 : b->scale[0], unscaled_b ? 1 : b->scale[1]};
    assert_int_equal(a->texture, b->texture);
    assert_int_equal(a->texcoord, b->texcoord);
    assert_true(a->rotation == b->rotation);
    gltf_assert_near(a->offset, b->offset, 2, 0);
    gltf_assert_near(scale, scale_b, 2, 0);
}

static void materials_come_back(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    td_scene *loaded = write_and_load(scene);
    const td_material_params *a = &scene->materials[0].params;
    const td_material_params *b = &loaded->materials[0].params;
    assert_string_equal(loaded->materials[0].name, "everything");
    gltf_assert_near(b->base_color, a->base_color, 4, 0);
    gltf_assert_near(b->emissive, a->emissive, 3, 0);
    const float factors[2][5] = {
        {a->metallic, a->roughness, a->normal_scale, a->occlusion_strength, a->alpha_cutoff},
        {b->metallic, b->roughness, b->normal_scale, b->occlusion_strength, b->alpha_cutoff}};
    gltf_assert_near(factors[1], factors[0], 5, 0);
    assert_int_equal(b->alpha_mode, TD_ALPHA_MASK);
    assert_true(b->double_sided && !b->unlit);
    check_use(&a->base_color_texture, &b->base_color_texture);
    check_use(&a->metallic_roughness_texture, &b->metallic_roughness_texture);
    check_use(&a->normal_texture, &b->normal_texture);
    check_use(&a->occlusion_texture, &b->occlusion_texture);
    check_use(&a->emissive_texture, &b->emissive_texture);
    assert_int_equal(loaded->materials[1].params.alpha_mode, TD_ALPHA_BLEND);
    assert_true(loaded->materials[1].params.unlit);
    td_scene_destroy(loaded);
    td_scene_destroy(scene);
}

static void textures_come_back(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    td_scene *loaded = write_and_load(scene);
    assert_int_equal(loaded->texture_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const tdi_texture *a = &scene->textures[i];
        const tdi_texture *b = &loaded->textures[i];
        assert_int_equal(a->wrap_s, b->wrap_s);
        assert_int_equal(a->wrap_t, b->wrap_t);
        assert_int_equal(a->mag_filter, b->mag_filter);
        assert_int_equal(a->min_filter, b->min_filter);
        assert_int_equal(a->mip_filter, b->mip_filter);
        tdi_image *image = &loaded->images[b->image];
        assert_int_equal(tdi_image_prepare(image, NULL), TD_OK);
        assert_int_equal(image->width, TEXTURE);
        assert_memory_equal(image->pixels, scene->images[a->image].pixels, TEXTURE * TEXTURE * 4);
    }
    td_scene_destroy(loaded);
    td_scene_destroy(scene);
}

static void cameras_come_back(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    td_scene *loaded = write_and_load(scene);
    static const char *const names[2] = {"eye", "plan"};
    for (uint32_t i = 0; i < 2; i++) {
        td_camera a, b;
        uint32_t index;
        assert_int_equal(td_scene_find_camera(loaded, names[i], &index), TD_OK);
        assert_int_equal(td_scene_get_camera(scene, i, &a), TD_OK);
        assert_int_equal(td_scene_get_camera(loaded, index, &b), TD_OK);
        gltf_assert_near(b.world, a.world, 16, 1e-6);
        const float lens[2][5] = {{a.fov_y, a.ortho_height, a.aspect, a.near_plane, a.far_plane},
                                  {b.fov_y, b.ortho_height, b.aspect, b.near_plane, b.far_plane}};
        gltf_assert_near(lens[1], lens[0], 5, i == 0 ? 0 : 1e-6);
    }
    td_scene_destroy(loaded);
    td_scene_destroy(scene);
}

static uint32_t get_u32(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* Declared bounds against the numbers in the buffer. */
static void check_bounds(const json_t *root, const json_t *accessor, const uint8_t *buffer)
{
    const json_t *view =
        json_array_get(json_object_get(root, "bufferViews"),
                       (size_t)json_integer_value(json_object_get(accessor, "bufferView")));
    const uint8_t *data = buffer + json_integer_value(json_object_get(view, "byteOffset")) +
                          json_integer_value(json_object_get(accessor, "byteOffset"));
    size_t count = (size_t)json_integer_value(json_object_get(accessor, "count"));
    for (size_t axis = 0; axis < 3; axis++) {
        float low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < count; i++) {
            float value;
            memcpy(&value, data + 12 * i + 4 * axis, 4);
            low = fminf(low, value);
            high = fmaxf(high, value);
        }
        const json_t *min = json_array_get(json_object_get(accessor, "min"), axis);
        const json_t *max = json_array_get(json_object_get(accessor, "max"), axis);
        assert_true((float)json_number_value(min) == low);
        assert_true((float)json_number_value(max) == high);
    }
}

/* glTF 2.0, sections 3.6 and 4.4. */
static void the_container_follows_the_rules(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    const char *path = support_path("rules.glb");
    uint8_t *data;
    size_t size;
    assert_int_equal(td_scene_write_glb(scene, path, false), TD_OK);
    assert_int_equal(tdi_file_read(path, 1 << 20, &data, &size), TD_OK);
    assert_memory_equal(data, "glTF", 4);
    assert_int_equal(get_u32(data + 4), 2);
    assert_int_equal(get_u32(data + 8), size);
    uint32_t json_bytes = get_u32(data + 12);
    assert_memory_equal(data + 16, "JSON", 4);
    assert_int_equal(json_bytes % 4, 0);
    const uint8_t *bin = data + 20 + json_bytes;
    assert_memory_equal(bin + 4, "BIN\0", 4);
    assert_int_equal(20 + json_bytes + 8 + get_u32(bin), size);
    json_t *root = json_loadb((const char *)data + 20, json_bytes, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    const json_t *accessors = json_object_get(root, "accessors");
    size_t positions = 0;
    for (size_t i = 0; i < json_array_size(accessors); i++) {
        const json_t *accessor = json_array_get(accessors, i);
        assert_int_equal(json_integer_value(json_object_get(accessor, "byteOffset")) % 4, 0);
        if (!json_object_get(accessor, "min"))
            continue;
        check_bounds(root, accessor, bin + 8);
        positions++;
    }
    assert_int_equal(positions, 2);
    json_decref(root);
    tdi_free(data);
    td_scene_destroy(scene);
}

static void an_empty_scene_is_a_file_too(void **state)
{
    (void)state;
    td_scene *scene;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    const char *path = support_path("empty.glb");
    uint8_t *data;
    size_t size;
    assert_int_equal(td_scene_write_glb(scene, path, false), TD_OK);
    assert_int_equal(tdi_file_read(path, 1 << 20, &data, &size), TD_OK);
    assert_int_equal(get_u32(data + 8), size);
    assert_int_equal(20 + get_u32(data + 12), size);
    tdi_free(data);
    td_scene_destroy(scene);
}

static void existing_files_stay_unless_replaced(void **state)
{
    (void)state;
    td_scene *scene = make_scene();
    const char *path = support_path("old.glb");
    support_write_file(path, "old");
    assert_int_equal(td_scene_write_glb(scene, path, false), TD_ERROR_EXISTS);
    support_assert_file(path, "old", 3);
    assert_int_equal(td_scene_write_glb(scene, path, true), TD_OK);
    assert_int_equal(td_scene_write_glb(NULL, path, true), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scene_write_glb(scene, NULL, true), TD_ERROR_ARGUMENT);
    td_scene_destroy(scene);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *path = support_path("starved.glb");
    int before = support_count_entries();
    support_use_allocator();
    td_scene *scene = make_scene();
    for (uint32_t nth = 1;; nth++) {
        support_fail_allocation(nth);
        td_result result = td_scene_write_glb(scene, path, false);
        if (!support_allocation_failed()) {
            assert_int_equal(result, TD_OK);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_int_equal(support_count_entries(), before);
    }
    support_fail_allocation(0);
    td_scene_destroy(scene);
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meshes_and_nodes_come_back),
        cmocka_unit_test(attributes_come_back),
        cmocka_unit_test(materials_come_back),
        cmocka_unit_test(textures_come_back),
        cmocka_unit_test(cameras_come_back),
        cmocka_unit_test(the_container_follows_the_rules),
        cmocka_unit_test(an_empty_scene_is_a_file_too),
        cmocka_unit_test(existing_files_stay_unless_replaced),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("glb_writer", tests, gltf_make_folder, gltf_remove_folder);
}
