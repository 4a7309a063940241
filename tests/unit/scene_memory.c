/* Loading a scene never needs more than twice the host memory that the finished scene has, and
 * 4 MiB: small files consist of JSON, animation and vertices that are posed, of which little stays.
 */
#include "support.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/host.h>
#include <tandem/scene.h>

#define ALLOWANCE (UINT64_C(4) << 20)

static _Atomic uint64_t held;
static _Atomic uint64_t highest;

static void add(size_t bytes)
{
    uint64_t now = atomic_fetch_add(&held, bytes) + bytes;
    uint64_t before = atomic_load(&highest);
    while (before < now && !atomic_compare_exchange_weak(&highest, &before, now))
        continue;
}

static void *counted_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    void *block = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (block)
        add(malloc_usable_size(block));
    return block;
}

static void counted_release(void *user, void *block)
{
    (void)user;
    atomic_fetch_sub(&held, malloc_usable_size(block));
    free(block);
}

/* Both blocks count while one is copied to the other. */
static void *counted_reallocate(void *user, void *block, size_t size)
{
    size_t before = malloc_usable_size(block);
    void *moved = counted_allocate(user, size, 16);
    if (!moved)
        return NULL;
    memcpy(moved, block, before < size ? before : size);
    counted_release(user, block);
    return moved;
}

static void check(const char *path)
{
    td_scene *scene;
    const td_scene_load_params params = {.threads = 2};
    atomic_store(&highest, 0);
    assert_int_equal(atomic_load(&held), 0);
    assert_int_equal(td_scene_load(path, &params, &scene), TD_OK);
    uint64_t finished = atomic_load(&held);
    uint64_t peak = atomic_load(&highest);
    td_scene_destroy(scene);
    assert_int_equal(atomic_load(&held), 0);
    if (peak > 2 * finished + ALLOWANCE)
        fail_msg("%s has %llu bytes, and needs %llu while it is loaded", path,
                 (unsigned long long)finished, (unsigned long long)peak);
}

static int start(void **state)
{
    static const td_allocator counted = {
        .allocate = counted_allocate,
        .reallocate = counted_reallocate,
        .release = counted_release,
    };
    (void)state;
    return td_set_allocator(&counted) == TD_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    return td_set_allocator(NULL) == TD_OK ? 0 : -1;
}

static void builtin_scenes(void **state)
{
    static const char *const names[] = {"city", "spheres", "terrain"};
    char path[64];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "builtin:%s", names[i]);
        check(path);
    }
}

/* Those that INDEX.md lists: | file | bytes | ... | */
static void real_scenes(void **state)
{
    char path[1024], line[1024], file[256];
    unsigned checked = 0;
    const char *folder = getenv("TANDEM_ASSETS");
    (void)state;
    if (!folder || !*folder) {
        print_message("TANDEM_ASSETS is not set\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/INDEX.md", folder);
    FILE *index = fopen(path, "r");
    assert_non_null(index);
    while (fgets(line, sizeof line, index)) {
        unsigned long long bytes;
        bool compressed = strstr(line, "EXT_meshopt_compression");
        if (compressed || sscanf(line, "| %255s | %llu |", file, &bytes) != 2)
            continue;
        snprintf(path, sizeof path, "%s/scenes/%s", folder, file);
        check(path);
        checked++;
    }
    fclose(index);
    assert_true(checked >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(builtin_scenes, start, finish),
        cmocka_unit_test_setup_teardown(real_scenes, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
