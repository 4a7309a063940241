/* Meshes of simple shapes: td_scene_add_box and its kin. */
#include "scene/shapes.h"

#include <math.h>

#include "scene/mesh_builder.h"

#define PI 3.14159265358979323846f

/* Larger grids are surely a mistake, and their indices would not fit 32 bits. */
#define MOST_QUADS (UINT64_C(1) << 28)

/* Where segment `i` of a circle stands, seen from above: 0 is -Z, and it goes on over -X. The last
 * one stands exactly where the first does. */
static void circle(uint32_t i, uint32_t segments, float *x, float *z)
{
    float angle = 2 * PI * (float)(i % segments) / (float)segments;
    *x = -sinf(angle);
    *z = -cosf(angle);
}

static bool is_length(float value)
{
    return isfinite(value) && value > 0;
}

static td_result check_grid(const char *what, uint32_t rows, uint32_t columns)
{
    if ((uint64_t)rows * columns > MOST_QUADS)
        return tdi_fail(TD_ERROR_ARGUMENT, "a %s of %u x %u is too fine: at most 2^28 quads", what,
                        rows, columns);
    return TD_OK;
}

void tdi_build_box(tdi_mesh_builder *builder, const float low[3], const float high[3])
{
    float x = high[0] - low[0];
    float y = high[1] - low[1];
    float z = high[2] - low[2];
    const tdi_quad faces[6] = {
        {{low[0], low[1], high[2]}, {x, 0, 0}, {0, y, 0}, 0, 0, 1, 1},   /* +Z */
        {{high[0], low[1], low[2]}, {-x, 0, 0}, {0, y, 0}, 0, 0, 1, 1},  /* -Z */
        {{high[0], low[1], high[2]}, {0, 0, -z}, {0, y, 0}, 0, 0, 1, 1}, /* +X */
        {{low[0], low[1], low[2]}, {0, 0, z}, {0, y, 0}, 0, 0, 1, 1},    /* -X */
        {{low[0], high[1], high[2]}, {x, 0, 0}, {0, 0, -z}, 0, 0, 1, 1}, /* +Y */
        {{low[0], low[1], low[2]}, {x, 0, 0}, {0, 0, z}, 0, 0, 1, 1},    /* -Y */
    };
    for (int i = 0; i < 6; i++)
        tdi_mesh_builder_quad(builder, &faces[i]);
}

td_result td_scene_add_box(td_scene *scene, const float size[3], uint32_t material, uint32_t *mesh)
{
    if (!scene || !size)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_box: a pointer is NULL");
    if (!is_length(size[0]) || !is_length(size[1]) || !is_length(size[2]))
        return tdi_fail(TD_ERROR_ARGUMENT, "a box needs edges above 0, not %g x %g x %g",
                        (double)size[0], (double)size[1], (double)size[2]);
    float high[3] = {size[0] / 2, size[1] / 2, size[2] / 2};
    float low[3] = {-high[0], -high[1], -high[2]};
    tdi_mesh_builder builder = {0};
    tdi_build_box(&builder, low, high);
    return tdi_mesh_builder_finish(&builder, scene, material, "box", mesh);
}

/* Two triangles a quad of a grid whose vertices were added row by row, `columns` + 1 a row, the
 * rows from top to bottom and the columns from left to right as seen from the front. `poles`: the
 * first and last row are points. */
static void add_grid(tdi_mesh_builder *builder, uint32_t first, uint32_t rows, uint32_t columns,
                     bool poles)
{
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++) {
            uint32_t a = first + row * (columns + 1) + column;
            uint32_t b = a + columns + 1;
            if (!poles || row > 0)
                tdi_mesh_builder_triangle(builder, a, b, a + 1);
            if (!poles || row < rows - 1)
                tdi_mesh_builder_triangle(builder, a + 1, b, b + 1);
        }
    }
}

void tdi_build_sphere(tdi_mesh_builder *builder, const float center[3], float radius,
                      uint32_t rings, uint32_t segments)
{
    uint32_t first = (uint32_t)builder->vertex_count;
    tdi_mesh_builder_reserve(builder, (size_t)(rings + 1) * (segments + 1),
                             (size_t)6 * (rings - 1) * segments);
    for (uint32_t ring = 0; ring <= rings; ring++) {
        float v = (float)ring / (float)rings;
        bool pole = ring == 0 || ring == rings;
        float y = ring == 0 ? 1 : ring == rings ? -1 : cosf(PI * v);
        float across = pole ? 0 : sinf(PI * v);
        for (uint32_t segment = 0; segment <= segments; segment++) {
            float u = (float)segment / (float)segments;
            float x;
            float z;
            circle(segment, segments, &x, &z);
            float normal[3] = {across * x, y, across * z};
            float position[3];
            for (int i = 0; i < 3; i++)
                position[i] = center[i] + radius * normal[i];
            /* A pole's vertex serves one triangle: it stands in the middle of its edge. */
            float shift = pole ? 0.5f / (float)segments * (ring == 0 ? -1.0f : 1.0f) : 0;
            tdi_mesh_builder_vertex(builder, position, normal, u + shift, v);
        }
    }
    add_grid(builder, first, rings, segments, true);
}

td_result td_scene_add_sphere(td_scene *scene, float radius, uint32_t rings, uint32_t segments,
                              uint32_t material, uint32_t *mesh)
{
    if (!scene)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_sphere: a pointer is NULL");
    if (!is_length(radius) || rings < 2 || segments < 3)
        return tdi_fail(
            TD_ERROR_ARGUMENT,
            "a sphere needs a radius above 0, 2 rings and 3 segments, not %g, %u and %u",
            (double)radius, rings, segments);
    TDI_TRY(check_grid("sphere", rings, segments));
    tdi_mesh_builder builder = {0};
    tdi_build_sphere(&builder, (const float[3]){0, 0, 0}, radius, rings, segments);
    return tdi_mesh_builder_finish(&builder, scene, material, "sphere", mesh);
}

static void add_cap(tdi_mesh_builder *builder, const float center[3], float radius, float up,
                    uint32_t segments)
{
    const float normal[3] = {0, up, 0};
    uint32_t middle = tdi_mesh_builder_vertex(builder, center, normal, 0.5f, 0.5f);
    for (uint32_t i = 0; i <= segments; i++) {
        float x;
        float z;
        circle(i, segments, &x, &z);
        float position[3] = {center[0] + radius * x, center[1], center[2] + radius * z};
        tdi_mesh_builder_vertex(builder, position, normal, 0.5f + 0.5f * x, 0.5f + 0.5f * up * z);
    }
    for (uint32_t i = 1; i <= segments; i++)
        tdi_mesh_builder_triangle(builder, middle, middle + (up > 0 ? i : i + 1),
                                  middle + (up > 0 ? i + 1 : i));
}

void tdi_build_cone(tdi_mesh_builder *builder, const tdi_cone *cone)
{
    uint32_t first = (uint32_t)builder->vertex_count;
    uint32_t segments = cone->segments;
    float slope = (cone->radius - cone->top_radius) / cone->height;
    float scale = 1 / sqrtf(1 + slope * slope);
    for (uint32_t row = 0; row < 2; row++) {
        float radius = row == 0 ? cone->top_radius : cone->radius;
        for (uint32_t i = 0; i <= segments; i++) {
            float x;
            float z;
            circle(i, segments, &x, &z);
            float normal[3] = {x * scale, slope * scale, z * scale};
            float position[3] = {cone->base[0] + radius * x,
                                 cone->base[1] + (row == 0 ? cone->height : 0),
                                 cone->base[2] + radius * z};
            tdi_mesh_builder_vertex(builder, position, normal, (float)i / (float)segments,
                                    (float)row);
        }
    }
    add_grid(builder, first, 1, segments, false);
    const float *base = cone->base;
    float top[3] = {base[0], base[1] + cone->height, base[2]};
    if (cone->top_radius > 0)
        add_cap(builder, top, cone->top_radius, 1, segments);
    add_cap(builder, base, cone->radius, -1, segments);
}

td_result td_scene_add_cylinder(td_scene *scene, float radius, float height, uint32_t segments,
                                uint32_t material, uint32_t *mesh)
{
    if (!scene)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_cylinder: a pointer is NULL");
    if (!is_length(radius) || !is_length(height) || segments < 3)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a cylinder needs a radius and a height above 0 and 3 segments, not %g, %g "
                        "and %u",
                        (double)radius, (double)height, segments);
    TDI_TRY(check_grid("cylinder", 1, segments));
    tdi_cone cone = {{0, -height / 2, 0}, radius, radius, height, segments};
    tdi_mesh_builder builder = {0};
    tdi_build_cone(&builder, &cone);
    return tdi_mesh_builder_finish(&builder, scene, material, "cylinder", mesh);
}

/* A height field and the spacing of its samples. */
typedef struct field {
    const float *heights;
    uint32_t rows, columns;
    float step_x, step_z;
} field;

static float height_at(const field *f, uint32_t row, uint32_t column)
{
    return f->heights[(size_t)row * f->columns + column];
}

/* The normal of the surface through the neighbours, one-sided at the rim. */
static void field_normal(const field *f, uint32_t row, uint32_t column, float out[3])
{
    uint32_t left = column > 0 ? column - 1 : 0;
    uint32_t right = column + 1 < f->columns ? column + 1 : column;
    uint32_t above = row > 0 ? row - 1 : 0;
    uint32_t below = row + 1 < f->rows ? row + 1 : row;
    float dx =
        (height_at(f, row, right) - height_at(f, row, left)) / ((float)(right - left) * f->step_x);
    float dz = (height_at(f, below, column) - height_at(f, above, column)) /
               ((float)(below - above) * f->step_z);
    float scale = 1 / sqrtf(dx * dx + 1 + dz * dz);
    out[0] = -dx * scale;
    out[1] = scale;
    out[2] = -dz * scale;
}

static void build_field(tdi_mesh_builder *builder, const field *f, float size)
{
    uint32_t rows = f->rows;
    uint32_t columns = f->columns;
    tdi_mesh_builder_reserve(builder, (size_t)rows * columns,
                             (size_t)6 * (rows - 1) * (columns - 1));
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++) {
            float u = (float)column / (float)(columns - 1);
            float v = (float)row / (float)(rows - 1);
            float position[3] = {(u - 0.5f) * size, height_at(f, row, column), (v - 0.5f) * size};
            float normal[3];
            field_normal(f, row, column, normal);
            tdi_mesh_builder_vertex(builder, position, normal, u, v);
        }
    }
    add_grid(builder, 0, rows - 1, columns - 1, false);
}

td_result td_scene_add_height_field(td_scene *scene, const float *heights, uint32_t rows,
                                    uint32_t columns, float size, uint32_t material, uint32_t *mesh)
{
    if (!scene || !heights)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_height_field: a pointer is NULL");
    if (rows < 2 || columns < 2 || !is_length(size))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a height field needs 2 x 2 heights and a size above 0, not %u x %u and %g",
                        rows, columns, (double)size);
    TDI_TRY(check_grid("height field", rows, columns));
    for (size_t i = 0; i < (size_t)rows * columns; i++)
        if (!isfinite(heights[i]))
            return tdi_fail(TD_ERROR_ARGUMENT, "height %zu of a height field is not finite", i);
    field f = {heights, rows, columns, size / (float)(columns - 1), size / (float)(rows - 1)};
    tdi_mesh_builder builder = {0};
    build_field(&builder, &f, size);
    return tdi_mesh_builder_finish(&builder, scene, material, "height field", mesh);
}
