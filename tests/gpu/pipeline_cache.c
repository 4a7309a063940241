/* The pipeline cache on disk: written when it grew, read again, never trusted when damaged. */
#define _XOPEN_SOURCE 700

#include "gpu_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "gpu/pipeline.h"

static char folder[256];
static char path[600];

static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/tandem-cache-XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

/* Finds the one file; false if there is none. Anything beside it would be left-over work. */
static bool find_file(void)
{
    int found = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] == '.' && strlen(entry->d_name) <= 2)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        found++;
    }
    closedir(directory);
    assert_true(found <= 1);
    return found == 1;
}

static int remove_folder(void **state)
{
    (void)state;
    if (find_file())
        unlink(path);
    return rmdir(folder);
}

static long file_size(void)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_size;
}

/* A driver whose cache is `made` bytes of a known pattern, since lavapipe keeps nothing in its own.
 * What it was given when the cache was made is remembered. */
static size_t made;
static size_t given;
static bool refuses;

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8));
}

static VkResult VKAPI_PTR create(VkDevice owner, const VkPipelineCacheCreateInfo *info,
                                 const VkAllocationCallbacks *callbacks, VkPipelineCache *out)
{
    (void)owner;
    (void)callbacks;
    if (refuses)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    given = info->initialDataSize;
    made = given;
    const uint8_t *data = info->pInitialData;
    for (size_t i = 0; i < given; i++)
        assert_int_equal(data[i], pattern(i));
    static int object;
    void *handle = &object;
    memcpy(out, &handle, sizeof *out);
    return VK_SUCCESS;
}

static void VKAPI_PTR destroy(VkDevice owner, VkPipelineCache cache,
                              const VkAllocationCallbacks *callbacks)
{
    (void)owner;
    (void)cache;
    (void)callbacks;
}

static VkResult VKAPI_PTR get_data(VkDevice owner, VkPipelineCache cache, size_t *size, void *out)
{
    (void)owner;
    (void)cache;
    uint8_t *bytes = out;
    if (bytes) {
        for (size_t i = 0; i < made; i++)
            bytes[i] = pattern(i);
    }
    *size = made;
    return VK_SUCCESS;
}

static td_device *device;

static int make_device(void **state)
{
    (void)state;
    const td_device_params params = {.no_cache = true};
    td_result result = td_device_create(&params, &device);
    return result == TD_OK || result == TD_ERROR_NO_DEVICE ? 0 : -1;
}

static int destroy_device(void **state)
{
    (void)state;
    td_device_destroy(device);
    return tdi_live_blocks() == 0 ? 0 : -1;
}

/* Opens the cache, lets it grow to `size` bytes, and closes it. Gives what was read from disk. */
static size_t use_cache(size_t size, bool on_disk)
{
    gpu_check_device(device ? TD_OK : TD_ERROR_NO_DEVICE);
    struct VolkDeviceTable driver = device->vk;
    struct tdi_pipeline_cache *cache;
    device->vk.vkCreatePipelineCache = create;
    device->vk.vkDestroyPipelineCache = destroy;
    device->vk.vkGetPipelineCacheData = get_data;
    td_result result = tdi_pipeline_cache_create(device, folder, on_disk, &cache);
    if (result == TD_OK) {
        if (size > made)
            made = size;
        tdi_pipeline_cache_destroy(device, cache);
    }
    device->vk = driver;
    gpu_ok(result);
    return given;
}

static void nothing_is_written_without_need(void **state)
{
    (void)state;
    assert_int_equal(use_cache(0, true), 0);
    assert_false(find_file());
    assert_int_equal(use_cache(1000, false), 0);
    assert_false(find_file());
}

static void what_was_made_is_kept(void **state)
{
    (void)state;
    struct stat before, after;
    use_cache(1000, true);
    assert_true(find_file());
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(use_cache(0, true), 1000);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* not written again */
    assert_int_equal(use_cache(100000, true), 1000);
    assert_int_equal(use_cache(0, true), 100000);
    assert_true(find_file());
}

static int byte_at(long offset)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    int value = fgetc(file);
    fclose(file);
    return value;
}

static void set_byte(long offset, int value)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fputc(value, file), value);
    assert_int_equal(fclose(file), 0);
}

/* Each byte of the header and some of the data in turn: the driver never sees what is left. */
static void a_damaged_file_is_replaced(void **state)
{
    (void)state;
    use_cache(1000, true);
    assert_true(find_file());
    long size = file_size();
    for (long offset = 0; offset < size; offset += offset < 32 ? 1 : 107) {
        int right = byte_at(offset);
        set_byte(offset, right ^ 0x41);
        assert_int_equal(use_cache(1000, true), 0);
        assert_int_equal(byte_at(offset), right);
        assert_int_equal(use_cache(0, true), 1000);
    }
}

static void a_cut_file_is_replaced(void **state)
{
    (void)state;
    use_cache(1000, true);
    assert_true(find_file());
    long size = file_size();
    const long sizes[] = {0, 1, 23, 24, 25, size - 1, size + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(use_cache(1000, true), 0);
        assert_int_equal(file_size(), size);
    }
}

/* Something that is no file lies where the cache should be: tandem goes on without. */
static void a_folder_in_its_place_does_no_harm(void **state)
{
    (void)state;
    use_cache(1000, true);
    assert_true(find_file());
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(use_cache(1000, true), 0);
    assert_int_equal(rmdir(path), 0);
}

static void a_folder_that_cannot_be_made_does_no_harm(void **state)
{
    (void)state;
    char kept[sizeof folder];
    use_cache(0, false); /* skips without a device */
    strcpy(kept, folder);
    strcpy(folder, "/proc/nowhere");
    assert_int_equal(use_cache(1000, true), 0);
    strcpy(folder, kept);
}

static void missing_folders_are_made(void **state)
{
    (void)state;
    char kept[sizeof folder];
    use_cache(0, false); /* skips without a device */
    strcpy(kept, folder);
    strcat(folder, "/a/b");
    use_cache(1000, true);
    assert_true(find_file());
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(rmdir(folder), 0);
    strcpy(folder, kept);
}

static void a_driver_that_refuses_is_reported(void **state)
{
    (void)state;
    use_cache(0, false); /* skips without a device */
    struct VolkDeviceTable driver = device->vk;
    struct tdi_pipeline_cache *cache = NULL;
    refuses = true;
    device->vk.vkCreatePipelineCache = create;
    td_result result = tdi_pipeline_cache_create(device, folder, true, &cache);
    refuses = false;
    device->vk = driver;
    assert_int_equal(result, TD_ERROR_HOST_MEMORY);
    assert_null(cache);
    assert_false(find_file());
}

/* Processes that end at once: whoever is last, the file is whole. */
static void writers_at_once_leave_a_whole_file(void **state)
{
    (void)state;
    use_cache(0, false); /* skips without a device */
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            for (size_t j = 0; j < 50; j++)
                use_cache(2000 + 5000 * (j % 7), true);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_true(find_file());
    assert_true(use_cache(0, true) >= 2000);
}

#define cache_test(fn) cmocka_unit_test_setup_teardown(fn, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cache_test(nothing_is_written_without_need),
        cache_test(what_was_made_is_kept),
        cache_test(a_damaged_file_is_replaced),
        cache_test(a_cut_file_is_replaced),
        cache_test(a_folder_in_its_place_does_no_harm),
        cache_test(a_folder_that_cannot_be_made_does_no_harm),
        cache_test(missing_folders_are_made),
        cache_test(a_driver_that_refuses_is_reported),
        cache_test(writers_at_once_leave_a_whole_file),
    };
    return gpu_finish(cmocka_run_group_tests(tests, make_device, destroy_device));
}
