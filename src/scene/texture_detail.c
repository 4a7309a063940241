#include "scene/texture_detail.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/flat.h"
#include "scene/material_textures.h"
#include "scene/scene.h"

#define MOST_CORNERS 8     /* of a triangle cut off by five planes */
#define MARGIN       1.0f  /* pixels around the image that count as inside it */
#define ROUNDING     0.01f /* levels that the shader's own arithmetic may be off by, and more */

/* A texture of a material, as far as its level of detail depends on it. */
typedef struct texture_use {
    uint32_t texture; /* 2 * picture + reading */
    uint32_t set;
    bool level_0;       /* the sampler reads no other */
    float transform[4]; /* of directions, two rows, scaled to texels */
} texture_use;

struct tdi_texture_detail {
    const td_scene *scene;
    uint32_t stride;      /* the most textures that a material of the scene has */
    uint32_t *use_counts; /* (materials) */
    texture_use *uses;    /* (materials, stride) */
    float *densities;     /* (clusters, stride): the least squared density of a triangle, in texels
                             for a unit of object space; infinite where there is none */
};

static texture_use describe_use(const td_scene *scene, const struct tdi_texture_ref *ref, bool srgb)
{
    const tdi_texture *texture = &scene->textures[ref->texture];
    const tdi_image *picture = &scene->images[texture->image];
    const float size[2] = {(float)picture->width, (float)picture->height};
    const bool identity = (ref->set & 256u) != 0;
    texture_use use = {
        .texture = 2 * texture->image + srgb,
        .set = ref->set & 1u,
        .level_0 = texture->mip_filter == TD_MIP_NONE,
    };
    for (int row = 0; row < 2; row++)
        for (int column = 0; column < 2; column++)
            use.transform[2 * row + column] =
                size[row] * (identity ? (float)(row == column) : ref->transform[3 * row + column]);
    return use;
}

/* The texture at that place of a material; NULL if it has none. */
static const struct tdi_texture_ref *
reference_of(const td_scene *scene, const tdi_texture_plan *plan, uint32_t material, uint32_t which)
{
    const struct tdi_texture_ref *ref =
        tdi_material_texture_of(&plan->materials[material], scene->more, which);
    return ref && ref->texture != TDI_TEXTURE_NONE ? ref : NULL;
}

static void count_uses(tdi_texture_detail *detail, const tdi_texture_plan *plan)
{
    for (uint32_t i = 0; i < detail->scene->material_count; i++) {
        for (uint32_t k = 0; k < TDI_MATERIAL_TEXTURES; k++)
            detail->use_counts[i] += reference_of(detail->scene, plan, i, k) != NULL;
        if (detail->stride < detail->use_counts[i])
            detail->stride = detail->use_counts[i];
    }
}

static void describe_material(tdi_texture_detail *detail, const tdi_texture_plan *plan,
                              uint32_t index)
{
    texture_use *use = &detail->uses[index * detail->stride];
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        const struct tdi_texture_ref *ref = reference_of(detail->scene, plan, index, i);
        if (ref)
            *use++ = describe_use(detail->scene, ref, tdi_material_textures[i].srgb);
    }
}

/* How a triangle lies: squares of its edges in the space that densities are for. */
typedef struct triangle_shape {
    float e11, e12, e22;
    float area; /* squared, of the parallelogram */
} triangle_shape;

static triangle_shape shape_of(const float a[3], const float b[3])
{
    triangle_shape s = {0};
    for (int i = 0; i < 3; i++) {
        s.e11 += a[i] * a[i];
        s.e12 += a[i] * b[i];
        s.e22 += b[i] * b[i];
    }
    s.area = s.e11 * s.e22 - s.e12 * s.e12;
    return s;
}

/* The squared length of the gradient of a value that changes by d1 and d2 along the edges. */
static float gradient(const triangle_shape *s, float d1, float d2)
{
    return (d1 * d1 * s->e22 - 2 * d1 * d2 * s->e12 + d2 * d2 * s->e11) / s->area;
}

/* What the coordinates of both sets change by along the two edges of a triangle. */
typedef struct triangle_steps {
    float u[2][2], v[2][2]; /* by set, edge */
} triangle_steps;

static const float *texcoord_at(const tdi_geometry *g, const struct tdi_surface *surface,
                                uint32_t set, uint32_t vertex)
{
    const uint32_t first = set ? surface->first_texcoord1 : surface->first_texcoord0;
    const float *all = set ? g->texcoords1 : g->texcoords0;
    static const float none[2];
    if (first == TDI_SURFACE_NO_STREAM)
        return none;
    return all + 2 * (size_t)(first + vertex - surface->first_vertex);
}

static triangle_steps steps_of(const tdi_geometry *g, const struct tdi_surface *surface,
                               const uint32_t vertices[3])
{
    triangle_steps steps;
    for (uint32_t set = 0; set < 2; set++) {
        const float *t0 = texcoord_at(g, surface, set, vertices[0]);
        for (uint32_t edge = 0; edge < 2; edge++) {
            const float *t = texcoord_at(g, surface, set, vertices[edge + 1]);
            steps.u[set][edge] = t[0] - t0[0];
            steps.v[set][edge] = t[1] - t0[1];
        }
    }
    return steps;
}

/* The squared Frobenius norm of the map from the triangle's plane to texels. */
static float density_of(const texture_use *use, const triangle_steps *steps,
                        const triangle_shape *shape)
{
    const float *u = steps->u[use->set], *v = steps->v[use->set], *t = use->transform;
    return gradient(shape, t[0] * u[0] + t[1] * v[0], t[0] * u[1] + t[1] * v[1]) +
           gradient(shape, t[2] * u[0] + t[3] * v[0], t[2] * u[1] + t[3] * v[1]);
}

static void corners_of(const tdi_geometry *g, const struct tdi_cluster *cluster, uint32_t triangle,
                       uint32_t vertices[3])
{
    const uint32_t packed = g->triangles[cluster->first_triangle + triangle];
    for (uint32_t i = 0; i < 3; i++)
        vertices[i] = cluster->first_vertex + (packed >> 8 * i & 255u);
}

static void measure_cluster(tdi_texture_detail *detail, uint32_t index)
{
    const tdi_geometry *g = &detail->scene->geometry;
    const struct tdi_cluster *cluster = &g->clusters[index];
    const struct tdi_surface *surface = &g->surfaces[cluster->surface];
    const uint32_t use_count = detail->use_counts[surface->material];
    const texture_use *uses = &detail->uses[surface->material * detail->stride];
    float *densities = &detail->densities[index * detail->stride];
    for (uint32_t i = 0; i < use_count; i++)
        densities[i] = INFINITY;
    if (use_count == 0)
        return;
    for (uint32_t t = 0; t < (cluster->counts & 255u); t++) {
        uint32_t vertices[3];
        float edges[2][3];
        corners_of(g, cluster, t, vertices);
        for (int i = 0; i < 6; i++)
            edges[i / 3][i % 3] = g->positions[3 * (size_t)vertices[i / 3 + 1] + i % 3] -
                                  g->positions[3 * (size_t)vertices[0] + i % 3];
        const triangle_shape shape = shape_of(edges[0], edges[1]);
        const triangle_steps steps = steps_of(g, surface, vertices);
        for (uint32_t i = 0; shape.area > 0 && i < use_count; i++)
            densities[i] = fminf(densities[i], density_of(&uses[i], &steps, &shape));
    }
}

static td_result fill_detail(tdi_texture_detail *detail, const tdi_texture_plan *plan)
{
    const td_scene *scene = detail->scene;
    const size_t materials = scene->material_count, clusters = scene->geometry.cluster_count;
    detail->use_counts = tdi_alloc_zero(materials + 1, sizeof *detail->use_counts);
    if (!detail->use_counts)
        return TD_ERROR_HOST_MEMORY;
    count_uses(detail, plan);
    detail->uses = tdi_alloc_zero(materials * detail->stride + 1, sizeof *detail->uses);
    detail->densities = tdi_alloc_zero(clusters * detail->stride + 1, sizeof *detail->densities);
    if (!detail->uses || !detail->densities)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < scene->material_count; i++)
        describe_material(detail, plan, i);
    for (uint32_t i = 0; i < scene->geometry.cluster_count; i++)
        measure_cluster(detail, i);
    return TD_OK;
}

td_result tdi_texture_detail_create(const td_scene *scene, const tdi_texture_plan *plan,
                                    tdi_texture_detail **out)
{
    tdi_texture_detail *detail = tdi_alloc_zero(1, sizeof *detail);
    if (!detail)
        return TD_ERROR_HOST_MEMORY;
    detail->scene = scene;
    const td_result result = fill_detail(detail, plan);
    if (result != TD_OK) {
        tdi_texture_detail_destroy(detail);
        return result;
    }
    *out = detail;
    return TD_OK;
}

void tdi_texture_detail_destroy(tdi_texture_detail *detail)
{
    if (!detail)
        return;
    tdi_free(detail->use_counts);
    tdi_free(detail->uses);
    tdi_free(detail->densities);
    tdi_free(detail);
}

void tdi_texture_detail_start(const tdi_texture_detail *detail, tdi_texture_need *needs)
{
    const td_scene *scene = detail->scene;
    for (uint32_t i = 0; i < 2 * scene->image_count; i++)
        needs[i] = (tdi_texture_need){.level = scene->images[i / 2].levels - 1};
}

/* A view, with what bounds the pixels that a step on a surface makes. x and y are in pixels. */
typedef struct detail_view {
    float rows[3][4]; /* world to x, y, w */
    float width, height;
    float near_w;    /* what is nearer is not seen */
    float focal;     /* pixels that a unit covers at w = 1, the larger of both axes */
    float middle[2]; /* the point that the camera looks at */
    float corner;    /* squared distance from there to the farthest corner of the image */
    bool perspective;
    float planes[5][4]; /* that bound the image: inside, each weighted sum of x, y, w and 1 is not
                           negative */
} detail_view;

static float dot3(const float *a, const float *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The rows of x and y hold the direction of sight too: it moves the middle. */
static void find_focal(detail_view *v)
{
    float squared = 0;
    for (int axis = 0; axis < 2; axis++) {
        const float along = v->perspective ? dot3(v->rows[axis], v->rows[2]) : 0;
        const float length = dot3(v->rows[axis], v->rows[axis]) - along * along;
        squared = fmaxf(squared, length);
        v->middle[axis] = along;
    }
    v->focal = sqrtf(squared);
    const float x = fmaxf(fabsf(v->middle[0]), fabsf(v->width - v->middle[0])) + MARGIN;
    const float y = fmaxf(fabsf(v->middle[1]), fabsf(v->height - v->middle[1])) + MARGIN;
    v->corner = x * x + y * y;
}

static void find_planes(detail_view *v)
{
    const float planes[5][4] = {
        {1, 0, MARGIN, 0},
        {-1, 0, v->width + MARGIN, 0},
        {0, 1, MARGIN, 0},
        {0, -1, v->height + MARGIN, 0},
        {0, 0, 1, v->perspective ? -v->near_w : 0},
    };
    memcpy(v->planes, planes, sizeof planes);
}

static detail_view make_detail_view(const struct tdi_view *view, uint32_t width, uint32_t height)
{
    static const int sources[3] = {0, 1, 3};
    detail_view v = {
        .width = (float)width,
        .height = (float)height,
        .near_w = view->near_plane,
        .perspective = !(view->flags & TDI_VIEW_ORTHOGRAPHIC),
    };
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 4; column++)
            v.rows[row][column] =
                view->clip[4 * sources[row] + column] * (row < 2 ? 1.0f / 256.0f : 1.0f);
    find_focal(&v);
    find_planes(&v);
    return v;
}

/* An instance in a view. */
typedef struct placed_view {
    const detail_view *view;
    const struct tdi_instance *instance;
    float rows[3][4];   /* object to x, y, w */
    float most_stretch; /* squared: no vector of object space gets longer than by this */
} placed_view;

/* The largest eigenvalue of a symmetric matrix is at most the largest sum of magnitudes of a row
 * (Gershgorin). Exact for rotations with a scale. */
static float most_stretch(const struct tdi_instance *instance)
{
    float most = 0;
    for (int i = 0; i < 3; i++) {
        float sum = 0;
        for (int j = 0; j < 3; j++) {
            float product = 0;
            for (int row = 0; row < 3; row++)
                product += instance->rows[4 * row + i] * instance->rows[4 * row + j];
            sum += fabsf(product);
        }
        most = fmaxf(most, sum);
    }
    return most;
}

static placed_view place_view(const detail_view *view, const struct tdi_instance *instance)
{
    placed_view p = {.view = view, .instance = instance, .most_stretch = most_stretch(instance)};
    for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 4; column++) {
            float sum = column == 3 ? view->rows[row][3] : 0;
            for (int k = 0; k < 3; k++)
                sum += view->rows[row][k] * instance->rows[4 * k + column];
            p.rows[row][column] = sum;
        }
    }
    return p;
}

static float against(const float plane[4], const float corner[3])
{
    return dot3(plane, corner) + plane[3];
}

/* The least w of a cluster's box; negative where all of it is out of sight. `*area` is about how
 * many pixels it covers. */
static float nearest_of(const placed_view *p, const struct tdi_cluster *cluster, float *area)
{
    float center[3], axes[3][3];
    for (int row = 0; row < 3; row++) {
        center[row] = dot3(p->rows[row], cluster->center) + p->rows[row][3];
        for (int axis = 0; axis < 3; axis++)
            axes[axis][row] = p->rows[row][axis] * cluster->extent[axis];
    }
    for (int i = 0; i < 5; i++) {
        float most = against(p->view->planes[i], center);
        for (int axis = 0; axis < 3; axis++)
            most += fabsf(dot3(p->view->planes[i], axes[axis]));
        if (most < 0)
            return -1;
    }
    const float reach = fabsf(axes[0][2]) + fabsf(axes[1][2]) + fabsf(axes[2][2]);
    const float least = fmaxf(center[2] - reach, p->view->perspective ? p->view->near_w : 1.0f);
    const float radius = sqrtf(dot3(cluster->extent, cluster->extent) * p->most_stretch) *
                         p->view->focal / fmaxf(center[2], least);
    *area = fminf(4 * radius * radius, p->view->width * p->view->height);
    return least;
}

/* The squared length on a surface, at least, of a step of one pixel, where w is at least `least`
 * and the point lies no farther than the root of `distance` from the middle: a perspective
 * projection stretches what stands upright to the line of sight by focal / w, and what else most by
 * the secant of the angle to it more. */
static float squared_step(const detail_view *v, float least, float distance)
{
    if (!v->perspective)
        return 1 / (v->focal * v->focal);
    return least * least / (v->focal * v->focal + distance);
}

/* The lowest level for a density: the longer side of a pixel's footprint in texels is at least the
 * norm of the whole map over the root of two. */
static uint32_t level_for(float squared_texels)
{
    const float level = 0.5f * log2f(0.5f * squared_texels) - ROUNDING;
    if (!(level > 0))
        return 0;
    return level < 31 ? (uint32_t)level : 31;
}

static void lower(tdi_texture_need *need, const texture_use *use, float squared_texels)
{
    const uint32_t level = use->level_0 ? 0 : level_for(squared_texels);
    if (level < need->level)
        need->level = level;
}

/* Cuts a polygon at a plane; gives the number of corners left. */
static uint32_t cut(float corners[MOST_CORNERS][3], uint32_t count, const float plane[4])
{
    float kept[MOST_CORNERS][3];
    uint32_t kept_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const float *a = corners[i], *b = corners[(i + 1) % count];
        const float at = against(plane, a), next = against(plane, b);
        if (at >= 0)
            memcpy(kept[kept_count++], a, sizeof kept[0]);
        if ((at < 0) != (next < 0) && kept_count < MOST_CORNERS) {
            const float share = at / (at - next);
            for (int k = 0; k < 3; k++)
                kept[kept_count][k] = a[k] + share * (b[k] - a[k]);
            kept_count++;
        }
        if (kept_count == MOST_CORNERS)
            break;
    }
    memcpy(corners, kept, kept_count * sizeof kept[0]);
    return kept_count;
}

static bool faces_away(float corners[MOST_CORNERS][3], bool mirrored)
{
    const float *a = corners[0], *b = corners[1], *c = corners[2];
    const float turn = a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
                       a[2] * (b[0] * c[1] - b[1] * c[0]);
    return mirrored ? turn < 0 : turn > 0;
}

/* The squared length that a pixel's step on a triangle has at least; 0 where it is not seen. */
static float step_on(const detail_view *v, float corners[MOST_CORNERS][3])
{
    uint32_t count = 3;
    for (int i = 0; i < 5 && count > 0; i++) {
        bool outside = false;
        for (uint32_t k = 0; k < count; k++)
            outside = outside || against(v->planes[i], corners[k]) < 0;
        if (outside)
            count = cut(corners, count, v->planes[i]);
    }
    float least = INFINITY, distance = 0;
    for (uint32_t k = 0; k < count; k++) {
        const float x = corners[k][0] / corners[k][2] - v->middle[0];
        const float y = corners[k][1] / corners[k][2] - v->middle[1];
        distance = fmaxf(distance, x * x + y * y);
        least = fminf(least, corners[k][2]);
    }
    return count > 0 ? squared_step(v, least, fminf(distance, v->corner)) : 0;
}

/* Looks at each triangle of a cluster. */
static void refine(const tdi_texture_detail *detail, const placed_view *p,
                   const struct tdi_cluster *cluster, tdi_texture_need *needs)
{
    const tdi_geometry *g = &detail->scene->geometry;
    const struct tdi_surface *surface = &g->surfaces[cluster->surface];
    const uint32_t use_count = detail->use_counts[surface->material];
    const texture_use *uses = &detail->uses[surface->material * detail->stride];
    const bool mirrored = (p->instance->flags & TDI_INSTANCE_MIRRORED) != 0;
    for (uint32_t t = 0; t < (cluster->counts & 255u); t++) {
        uint32_t vertices[3];
        float corners[MOST_CORNERS][3], edges[2][3], object[2][3];
        corners_of(g, cluster, t, vertices);
        for (int i = 0; i < 3; i++)
            for (int row = 0; row < 3; row++)
                corners[i][row] =
                    dot3(p->rows[row], &g->positions[3 * (size_t)vertices[i]]) + p->rows[row][3];
        if (!(surface->flags & TDI_SURFACE_DOUBLE_SIDED) && faces_away(corners, mirrored))
            continue;
        const float step = step_on(p->view, corners);
        if (!(step > 0))
            continue;
        for (int i = 0; i < 6; i++)
            object[i / 3][i % 3] = g->positions[3 * (size_t)vertices[i / 3 + 1] + i % 3] -
                                   g->positions[3 * (size_t)vertices[0] + i % 3];
        for (int i = 0; i < 6; i++)
            edges[i / 3][i % 3] = dot3(&p->instance->rows[4 * (i % 3)], object[i / 3]);
        const triangle_shape shape = shape_of(edges[0], edges[1]);
        const triangle_steps steps = steps_of(g, surface, vertices);
        for (uint32_t i = 0; shape.area > 0 && i < use_count; i++)
            lower(&needs[uses[i].texture], &uses[i], step * density_of(&uses[i], &steps, &shape));
    }
}

/* Whether the cluster, taken as one, might ask for a lower level than is needed anyway. */
static bool may_lower(const placed_view *p, const texture_use *uses, uint32_t use_count,
                      const float *densities, float least, const tdi_texture_need *needs)
{
    const float step = squared_step(p->view, least, p->view->corner);
    for (uint32_t i = 0; i < use_count; i++) {
        if (densities[i] == INFINITY)
            continue;
        const uint32_t level =
            uses[i].level_0 ? 0 : level_for(step * densities[i] / p->most_stretch);
        if (level < needs[uses[i].texture].level)
            return true;
    }
    return false;
}

void tdi_texture_detail_add(const tdi_texture_detail *detail, const struct tdi_view *view,
                            uint32_t width, uint32_t height, tdi_texture_need *needs)
{
    const tdi_geometry *g = &detail->scene->geometry;
    const tdi_flat *flat = detail->scene->flat;
    const detail_view v = make_detail_view(view, width, height);
    placed_view placed = {0};
    for (uint32_t i = 0; i < flat->cluster_instance_count; i++) {
        const struct tdi_cluster_instance *source = &flat->cluster_instances[i];
        const struct tdi_instance *instance = &flat->instances[source->instance];
        const struct tdi_cluster *cluster = &g->clusters[source->cluster];
        const uint32_t material = g->surfaces[cluster->surface].material;
        const uint32_t use_count = detail->use_counts[material];
        const texture_use *uses = &detail->uses[material * detail->stride];
        float area = 0;
        if (use_count == 0)
            continue;
        if (placed.instance != instance)
            placed = place_view(&v, instance);
        const float least = nearest_of(&placed, cluster, &area);
        if (least < 0)
            continue;
        for (uint32_t k = 0; k < use_count; k++)
            needs[uses[k].texture].weight += area;
        if (may_lower(&placed, uses, use_count,
                      &detail->densities[source->cluster * detail->stride], least, needs))
            refine(detail, &placed, cluster, needs);
    }
}
