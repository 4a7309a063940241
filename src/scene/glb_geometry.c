#include "scene/glb_geometry.h"

#include <math.h>

#include "base/memory.h"
#include "scene/pack.h"

enum { ARRAY_BUFFER = 34962, ELEMENT_ARRAY_BUFFER = 34963, FLOAT_TYPE = 5126, UINT_TYPE = 5125 };

/* One buffer view for each kind of vertex data, of the whole scene. */
typedef struct views {
    uint32_t positions, normals, tangents, texcoords[2], colors, indices;
} views;

/* What an accessor covers. */
typedef struct span {
    uint32_t view;
    uint32_t first; /* element */
    uint32_t count;
    uint32_t stride; /* bytes */
    const char *type;
    uint32_t component;
} span;

static float *alloc_floats(tdi_glb *glb, size_t count)
{
    float *values = tdi_alloc_zero(count, sizeof *values);
    if (!values)
        tdi_glb_fail(glb, TD_ERROR_HOST_MEMORY);
    return values;
}

static uint32_t add_normals(tdi_glb *glb, const tdi_geometry *g)
{
    float *values = alloc_floats(glb, (size_t)3 * g->vertex_count);
    if (!values)
        return 0;
    for (uint32_t i = 0; i < g->vertex_count; i++)
        tdi_unpack_normal(g->normals[i], values + (size_t)3 * i);
    return tdi_glb_add_view(glb, values, values, (size_t)12 * g->vertex_count, 12, ARRAY_BUFFER);
}

static uint32_t add_tangents(tdi_glb *glb, const tdi_geometry *g)
{
    float *values = alloc_floats(glb, (size_t)4 * g->tangent_count);
    if (!values)
        return 0;
    for (uint32_t i = 0; i < g->tangent_count; i++)
        tdi_unpack_tangent(g->tangents[i], values + (size_t)4 * i);
    return tdi_glb_add_view(glb, values, values, (size_t)16 * g->tangent_count, 16, ARRAY_BUFFER);
}

static uint32_t add_colors(tdi_glb *glb, const tdi_geometry *g)
{
    float *values = alloc_floats(glb, (size_t)4 * g->color_count);
    if (!values)
        return 0;
    for (uint32_t i = 0; i < g->color_count; i++)
        tdi_unpack_color(g->colors + (size_t)2 * i, values + (size_t)4 * i);
    return tdi_glb_add_view(glb, values, values, (size_t)16 * g->color_count, 16, ARRAY_BUFFER);
}

/* Cluster by cluster, so in the order of the clusters' triangles; relative to the surface. */
static void fill_indices(const tdi_geometry *g, uint32_t *out)
{
    for (uint32_t i = 0; i < g->cluster_count; i++) {
        const struct tdi_cluster *cluster = &g->clusters[i];
        uint32_t base = cluster->first_vertex - g->surfaces[cluster->surface].first_vertex;
        for (uint32_t t = 0; t < (cluster->counts & 255); t++) {
            uint32_t packed = g->triangles[cluster->first_triangle + t];
            uint32_t *triangle = out + (size_t)3 * (cluster->first_triangle + t);
            for (int corner = 0; corner < 3; corner++)
                triangle[corner] = base + (packed >> 8 * corner & 255);
        }
    }
}

static uint32_t add_indices(tdi_glb *glb, const tdi_geometry *g)
{
    size_t bytes = (size_t)12 * g->triangle_count;
    uint32_t *indices = tdi_alloc_zero(g->triangle_count, 12);
    if (!indices) {
        tdi_glb_fail(glb, TD_ERROR_HOST_MEMORY);
        return 0;
    }
    fill_indices(g, indices);
    return tdi_glb_add_view(glb, indices, indices, bytes, 0, ELEMENT_ARRAY_BUFFER);
}

static uint32_t add_texcoords(tdi_glb *glb, const float *values, uint32_t count)
{
    return tdi_glb_add_view(glb, values, NULL, (size_t)8 * count, 8, ARRAY_BUFFER);
}

static views add_views(tdi_glb *glb, const tdi_geometry *g)
{
    views v = {0};
    v.positions =
        tdi_glb_add_view(glb, g->positions, NULL, (size_t)12 * g->vertex_count, 12, ARRAY_BUFFER);
    v.normals = add_normals(glb, g);
    if (g->tangent_count > 0)
        v.tangents = add_tangents(glb, g);
    if (g->texcoord0_count > 0)
        v.texcoords[0] = add_texcoords(glb, g->texcoords0, g->texcoord0_count);
    if (g->texcoord1_count > 0)
        v.texcoords[1] = add_texcoords(glb, g->texcoords1, g->texcoord1_count);
    if (g->color_count > 0)
        v.colors = add_colors(glb, g);
    v.indices = add_indices(glb, g);
    return v;
}

static json_t *make_accessor(tdi_glb *glb, const span *s)
{
    json_t *accessor = json_object();
    tdi_glb_set(glb, accessor, "bufferView", json_integer(s->view));
    tdi_glb_set(glb, accessor, "byteOffset", json_integer((json_int_t)s->first * s->stride));
    tdi_glb_set(glb, accessor, "componentType", json_integer(s->component));
    tdi_glb_set(glb, accessor, "count", json_integer(s->count));
    tdi_glb_set(glb, accessor, "type", json_string(s->type));
    return accessor;
}

static void add_attribute(tdi_glb *glb, json_t *attributes, const char *name, const span *s)
{
    uint32_t index = tdi_glb_add(glb, "accessors", make_accessor(glb, s));
    tdi_glb_set(glb, attributes, name, json_integer(index));
}

/* Positions carry their bounds (glTF 2.0, section 3.7.2.1). */
static void add_positions(tdi_glb *glb, json_t *attributes, const tdi_geometry *g, const span *s)
{
    float low[3] = {INFINITY, INFINITY, INFINITY};
    float high[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (uint32_t i = 0; i < s->count; i++) {
        for (int axis = 0; axis < 3; axis++) {
            float value = g->positions[(size_t)3 * (s->first + i) + axis];
            low[axis] = fminf(low[axis], value);
            high[axis] = fmaxf(high[axis], value);
        }
    }
    json_t *accessor = make_accessor(glb, s);
    tdi_glb_set(glb, accessor, "min", tdi_glb_numbers(low, 3));
    tdi_glb_set(glb, accessor, "max", tdi_glb_numbers(high, 3));
    uint32_t index = tdi_glb_add(glb, "accessors", accessor);
    tdi_glb_set(glb, attributes, "POSITION", json_integer(index));
}

/* The part of the scene's arrays that a surface takes. */
typedef struct extent {
    uint32_t vertices;
    uint32_t first_triangle;
    uint32_t triangles;
} extent;

static extent measure_surface(const tdi_geometry *g, const tdi_mesh *mesh, uint32_t surface)
{
    extent e = {0};
    for (uint32_t i = 0; i < mesh->cluster_count; i++) {
        const struct tdi_cluster *cluster = &g->clusters[mesh->first_cluster + i];
        if (cluster->surface != surface)
            continue;
        if (e.triangles == 0)
            e.first_triangle = cluster->first_triangle;
        e.triangles += cluster->counts & 255;
        e.vertices += cluster->counts >> 8;
    }
    return e;
}

static json_t *make_attributes(tdi_glb *glb, const tdi_geometry *g, const views *v,
                               const struct tdi_surface *surface, uint32_t count)
{
    json_t *attributes = json_object();
    span s = {v->positions, surface->first_vertex, count, 12, "VEC3", FLOAT_TYPE};
    add_positions(glb, attributes, g, &s);
    s.view = v->normals;
    add_attribute(glb, attributes, "NORMAL", &s);
    if (surface->first_tangent != TDI_SURFACE_NO_STREAM) {
        s = (span){v->tangents, surface->first_tangent, count, 16, "VEC4", FLOAT_TYPE};
        add_attribute(glb, attributes, "TANGENT", &s);
    }
    const uint32_t first[2] = {surface->first_texcoord0, surface->first_texcoord1};
    static const char *const names[2] = {"TEXCOORD_0", "TEXCOORD_1"};
    for (int i = 0; i < 2; i++) {
        /* Sets must be numbered without a gap: the second stands in for a first that was dropped
         * because nothing reads it. */
        int from = i == 0 && first[0] == TDI_SURFACE_NO_STREAM ? 1 : i;
        if (first[from] == TDI_SURFACE_NO_STREAM)
            continue;
        s = (span){v->texcoords[from], first[from], count, 8, "VEC2", FLOAT_TYPE};
        add_attribute(glb, attributes, names[i], &s);
    }
    if (surface->first_color != TDI_SURFACE_NO_STREAM) {
        s = (span){v->colors, surface->first_color, count, 16, "VEC4", FLOAT_TYPE};
        add_attribute(glb, attributes, "COLOR_0", &s);
    }
    return attributes;
}

static json_t *make_primitive(tdi_glb *glb, const tdi_geometry *g, const views *v,
                              const tdi_mesh *mesh, uint32_t index)
{
    const struct tdi_surface *surface = &g->surfaces[index];
    extent e = measure_surface(g, mesh, index);
    json_t *primitive = json_object();
    tdi_glb_set(glb, primitive, "attributes", make_attributes(glb, g, v, surface, e.vertices));
    span s = {v->indices, 3 * e.first_triangle, 3 * e.triangles, 4, "SCALAR", UINT_TYPE};
    uint32_t indices = tdi_glb_add(glb, "accessors", make_accessor(glb, &s));
    tdi_glb_set(glb, primitive, "indices", json_integer(indices));
    tdi_glb_set(glb, primitive, "material", json_integer(surface->material));
    return primitive;
}

void tdi_glb_add_meshes(tdi_glb *glb, const td_scene *scene, uint32_t *numbers)
{
    const tdi_geometry *g = &scene->geometry;
    views v = {0};
    if (g->triangle_count > 0)
        v = add_views(glb, g);
    for (uint32_t i = 0; i < scene->mesh_count; i++) {
        const tdi_mesh *mesh = &scene->meshes[i];
        numbers[i] = TD_NONE;
        if (mesh->triangle_count == 0)
            continue;
        json_t *object = json_object();
        json_t *primitives = json_array();
        for (uint32_t s = 0; s < mesh->surface_count; s++)
            tdi_glb_append(glb, primitives,
                           make_primitive(glb, g, &v, mesh, mesh->first_surface + s));
        tdi_glb_set(glb, object, "primitives", primitives);
        tdi_glb_set_name(glb, object, mesh->name);
        numbers[i] = tdi_glb_add(glb, "meshes", object);
    }
}
