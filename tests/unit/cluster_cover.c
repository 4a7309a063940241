/* Clusters hold each triangle of a primitive exactly once, within their limits and boxes. */
#include "support.h"

#include <math.h>
#include <meshoptimizer.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scene/cluster.h"
#include "scene/pack.h"

static tdi_primitive make_primitive(uint32_t vertices, uint32_t triangles)
{
    return (tdi_primitive){
        .positions = tdi_alloc_zero(vertices, 3 * sizeof(float)),
        .normals = tdi_alloc_zero(vertices, 3 * sizeof(float)),
        .texcoords[0] = tdi_alloc_zero(vertices, 2 * sizeof(float)),
        .indices = tdi_alloc_zero(triangles, 3 * sizeof(uint32_t)),
        .vertex_count = vertices,
        .index_count = 3 * triangles,
    };
}

/* The texture coordinate names the vertex, so that each can be found again. */
static void name_vertices(tdi_primitive *primitive)
{
    for (size_t i = 0; i < primitive->vertex_count; i++) {
        primitive->normals[3 * i + 1] = 1.0f;
        primitive->texcoords[0][2 * i] = (float)i;
        primitive->texcoords[0][2 * i + 1] = -1.0f;
    }
}

static tdi_primitive make_grid(uint32_t cells)
{
    uint32_t side = cells + 1;
    tdi_primitive grid = make_primitive(side * side, 2 * cells * cells);
    for (uint32_t i = 0; i < side * side; i++) {
        grid.positions[3 * i] = (float)(i % side);
        grid.positions[3 * i + 2] = (float)(i / side);
    }
    uint32_t *out = grid.indices;
    for (uint32_t i = 0; i < cells * cells; i++) {
        uint32_t corner = i / cells * side + i % cells;
        const uint32_t quad[6] = {corner,     corner + side, corner + 1,
                                  corner + 1, corner + side, corner + side + 1};
        memcpy(out, quad, sizeof quad);
        out += 6;
    }
    name_vertices(&grid);
    return grid;
}

/* Triangles between any vertices, some of them degenerate. */
static tdi_primitive make_soup(uint32_t vertices, uint32_t triangles)
{
    tdi_primitive soup = make_primitive(vertices, triangles);
    for (size_t i = 0; i < (size_t)3 * vertices; i++)
        soup.positions[i] = (float)rand() / (float)RAND_MAX * 100.0f - 50.0f;
    for (size_t i = 0; i < (size_t)3 * triangles; i++)
        soup.indices[i] = (uint32_t)rand() % vertices;
    name_vertices(&soup);
    return soup;
}

typedef struct named_triangle {
    uint32_t corners[3]; /* the least first, the turning sense kept */
} named_triangle;

static named_triangle name_triangle(const uint32_t corners[3])
{
    int least = corners[0] <= corners[1] ? 0 : 1;
    least = corners[2] < corners[least] ? 2 : least;
    return (named_triangle){{corners[least], corners[(least + 1) % 3], corners[(least + 2) % 3]}};
}

static int compare_triangles(const void *a, const void *b)
{
    const named_triangle *left = a, *right = b;
    for (int i = 0; i < 3; i++) {
        if (left->corners[i] != right->corners[i])
            return left->corners[i] < right->corners[i] ? -1 : 1;
    }
    return 0;
}

static uint32_t collect_cluster(const tdi_geometry *geometry, const struct tdi_cluster *cluster,
                                named_triangle *out)
{
    uint32_t count = cluster->counts & 0xFFu;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t packed = geometry->triangles[cluster->first_triangle + i];
        uint32_t corners[3];
        for (unsigned j = 0; j < 3; j++) {
            uint32_t local = (packed >> (8 * j)) & 0xFFu;
            assert_true(local < cluster->counts >> 8);
            size_t vertex = (size_t)cluster->first_vertex + local;
            corners[j] = (uint32_t)geometry->texcoords0[2 * vertex];
        }
        out[i] = name_triangle(corners);
    }
    return count;
}

/* A triangle with two equal corners may be stored from another corner on, so it is compared as the
 * least of its turns; name_triangle does that for all but ties, which the sort below settles. */
static void check_cover(const tdi_primitive *primitive, const tdi_geometry *geometry)
{
    uint32_t count = primitive->index_count / 3;
    named_triangle *expected = calloc(count, sizeof *expected);
    named_triangle *found = calloc(count, sizeof *found);
    for (uint32_t i = 0; i < count; i++)
        expected[i] = name_triangle(primitive->indices + (size_t)3 * i);
    uint32_t reached = 0;
    for (uint32_t i = 0; i < geometry->cluster_count; i++) {
        assert_true(reached + (geometry->clusters[i].counts & 0xFFu) <= count);
        reached += collect_cluster(geometry, &geometry->clusters[i], found + reached);
    }
    assert_int_equal(reached, count);
    qsort(expected, count, sizeof *expected, compare_triangles);
    qsort(found, count, sizeof *found, compare_triangles);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(compare_triangles(&expected[i], &found[i]), 0);
    free(expected);
    free(found);
}

static void check_limits(const tdi_geometry *geometry)
{
    uint32_t vertices = 0, triangles = 0;
    for (uint32_t i = 0; i < geometry->cluster_count; i++) {
        const struct tdi_cluster *cluster = &geometry->clusters[i];
        assert_in_range(cluster->counts & 0xFFu, 1, TDI_CLUSTER_TRIANGLES);
        assert_in_range(cluster->counts >> 8, 1, TDI_CLUSTER_VERTICES);
        assert_int_equal(cluster->first_vertex, vertices);
        assert_int_equal(cluster->first_triangle, triangles);
        vertices += cluster->counts >> 8;
        triangles += cluster->counts & 0xFFu;
    }
    assert_int_equal(vertices, geometry->vertex_count);
    assert_int_equal(triangles, geometry->triangle_count);
}

static void check_boxes(const tdi_geometry *geometry)
{
    for (uint32_t i = 0; i < geometry->cluster_count; i++) {
        const struct tdi_cluster *cluster = &geometry->clusters[i];
        for (uint32_t j = 0; j < cluster->counts >> 8; j++) {
            const float *position = geometry->positions + (size_t)3 * (cluster->first_vertex + j);
            for (int axis = 0; axis < 3; axis++)
                assert_true(fabs((double)position[axis] - (double)cluster->center[axis]) <=
                            (double)cluster->extent[axis]);
        }
    }
}

static void check_primitive(tdi_primitive primitive)
{
    tdi_geometry first = {0}, second = {0};
    assert_int_equal(tdi_cluster_primitive(&primitive, &first), TD_OK);
    assert_int_equal(tdi_cluster_primitive(&primitive, &second), TD_OK);
    assert_int_equal(first.surface_count, 1);
    check_limits(&first);
    check_boxes(&first);
    check_cover(&primitive, &first);
    assert_int_equal(first.cluster_count, second.cluster_count);
    assert_memory_equal(first.triangles, second.triangles, 4 * (size_t)first.triangle_count);
    assert_memory_equal(first.positions, second.positions, 12 * (size_t)first.vertex_count);
    tdi_geometry_free(&first);
    tdi_geometry_free(&second);
    tdi_primitive_free(&primitive);
}

static void grids_are_covered(void **state)
{
    (void)state;
    const uint32_t cells[] = {1, 2, 8, 9, 63, 100};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        check_primitive(make_grid(cells[i]));
}

static void soups_are_covered(void **state)
{
    (void)state;
    srand(3);
    check_primitive(make_soup(3, 1));
    check_primitive(make_soup(3, 1000));
    check_primitive(make_soup(50, 500));
    check_primitive(make_soup(100000, 3000));
    check_primitive(make_soup(7000, 20000));
}

static void grids_fill_their_clusters(void **state)
{
    (void)state;
    tdi_primitive grid = make_grid(100);
    tdi_geometry geometry = {0};
    assert_int_equal(tdi_cluster_primitive(&grid, &geometry), TD_OK);
    /* 20000 triangles need 157 clusters at least. */
    assert_in_range(geometry.cluster_count, 157, 180);
    tdi_geometry_free(&geometry);
    tdi_primitive_free(&grid);
}

static void absent_streams_stay_absent(void **state)
{
    (void)state;
    tdi_primitive grid = make_grid(2);
    tdi_geometry geometry = {0};
    assert_int_equal(tdi_cluster_primitive(&grid, &geometry), TD_OK);
    assert_int_equal(geometry.surfaces[0].first_tangent, TDI_SURFACE_NO_STREAM);
    assert_int_equal(geometry.surfaces[0].first_texcoord1, TDI_SURFACE_NO_STREAM);
    assert_int_equal(geometry.surfaces[0].first_color, TDI_SURFACE_NO_STREAM);
    assert_int_equal(geometry.surfaces[0].first_texcoord0, 0);
    assert_int_equal(geometry.texcoord0_count, geometry.vertex_count);
    assert_int_equal(geometry.tangent_count + geometry.texcoord1_count + geometry.color_count, 0);
    tdi_geometry_free(&geometry);
    tdi_primitive_free(&grid);
}

static size_t taken_bytes;

static void *MESHOPTIMIZER_ALLOC_CALLCONV take(size_t size)
{
    taken_bytes += size;
    return malloc(size);
}

static void MESHOPTIMIZER_ALLOC_CALLCONV give_back(void *block)
{
    free(block);
}

/* What the library really takes is not more than what is tried before, nor far less. */
static void check_working_bytes(tdi_primitive primitive)
{
    tdi_geometry geometry = {0};
    taken_bytes = 0;
    meshopt_setAllocator(take, give_back);
    assert_int_equal(tdi_cluster_primitive(&primitive, &geometry), TD_OK);
    size_t guarded = tdi_cluster_working_bytes(&primitive);
    assert_true(taken_bytes > 0);
    assert_in_range(taken_bytes, guarded / 2, guarded);
    tdi_geometry_free(&geometry);
    tdi_primitive_free(&primitive);
}

static void the_guard_covers_what_the_library_takes(void **state)
{
    (void)state;
    check_working_bytes(make_grid(40));
    check_working_bytes(make_soup(100, 3000));
    check_working_bytes(make_soup(5000, 1000));
}

static void memory_that_is_missing_is_told_before(void **state)
{
    (void)state;
    support_use_allocator();
    tdi_primitive primitive = make_grid(8);
    tdi_geometry geometry = {0};
    meshopt_setAllocator(take, give_back);
    taken_bytes = 0;
    support_fail_allocation(4); /* after the three arrays of the result */
    assert_int_equal(tdi_cluster_primitive(&primitive, &geometry), TD_ERROR_HOST_MEMORY);
    assert_true(support_allocation_failed());
    assert_int_equal(taken_bytes, 0);
    tdi_primitive_free(&primitive);
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_are_covered),
        cmocka_unit_test(soups_are_covered),
        cmocka_unit_test(grids_fill_their_clusters),
        cmocka_unit_test(absent_streams_stay_absent),
        cmocka_unit_test(the_guard_covers_what_the_library_takes),
        cmocka_unit_test(memory_that_is_missing_is_told_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
