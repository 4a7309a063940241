/* A whole render from a scene on disk to pictures on disk, with the pipeline cache read and written
 * between: any operation on files may fail, once or from then on. What was written is complete or
 * absent, and what cannot be done without has a code and a sentence. */
#define _XOPEN_SOURCE 700

#include "fault_job.h"
#include "fault_support.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

/* Encoders work on several threads. */
static atomic_uint counted, nth_fails, times_failing;
static atomic_bool has_failed;

static void arm(uint32_t nth, uint32_t times)
{
    atomic_store(&counted, 0);
    atomic_store(&has_failed, false);
    atomic_store(&nth_fails, nth);
    atomic_store(&times_failing, times);
}

static bool fails_now(int error)
{
    const uint32_t number = atomic_fetch_add(&counted, 1) + 1, nth = atomic_load(&nth_fails);
    if (nth == 0 || number < nth || number - nth >= atomic_load(&times_failing))
        return false;
    atomic_store(&has_failed, true);
    errno = error;
    return true;
}

static const tdi_file_ops *system_ops;

static int failing_open(const char *path, int flags, mode_t mode)
{
    return fails_now(EMFILE) ? -1 : system_ops->open(path, flags, mode);
}

static ssize_t failing_read(int fd, void *data, size_t size)
{
    return fails_now(EIO) ? -1 : system_ops->read(fd, data, size);
}

static ssize_t failing_write(int fd, const void *data, size_t size)
{
    return fails_now(ENOSPC) ? -1 : system_ops->write(fd, data, size);
}

static int failing_close(int fd)
{
    const int code = system_ops->close(fd);
    return fails_now(EIO) ? -1 : code;
}

static int failing_fsync(int fd)
{
    return fails_now(EIO) ? -1 : system_ops->fsync(fd);
}

static int failing_rename(const char *from, const char *to)
{
    return fails_now(EIO) ? -1 : system_ops->rename(from, to);
}

static int failing_rename_exclusive(const char *from, const char *to)
{
    return fails_now(EIO) ? -1 : system_ops->rename_exclusive(from, to);
}

static int failing_mkdir(const char *path, mode_t mode)
{
    return fails_now(EACCES) ? -1 : system_ops->mkdir(path, mode);
}

static int failing_stat(const char *path, struct stat *out)
{
    return fails_now(EIO) ? -1 : system_ops->stat(path, out);
}

static int failing_fstat(int fd, struct stat *out)
{
    return fails_now(EIO) ? -1 : system_ops->fstat(fd, out);
}

/* All but unlink: what cannot be removed has to stay. */
static tdi_file_ops failing_ops(void)
{
    tdi_file_ops ops = *system_ops;
    ops.open = failing_open;
    ops.read = failing_read;
    ops.write = failing_write;
    ops.close = failing_close;
    ops.fsync = failing_fsync;
    ops.rename = failing_rename;
    ops.rename_exclusive = failing_rename_exclusive;
    ops.mkdir = failing_mkdir;
    ops.stat = failing_stat;
    ops.fstat = failing_fstat;
    return ops;
}

/* ---- the render ---- */

/* A folder with the scene, and one for the pipeline cache. */
typedef struct disk {
    char folder[256], scene[300], cache[300];
} disk;

static td_result load(const disk *d, td_scene **scene)
{
    return td_scene_load(d->scene, &(td_scene_load_params){.threads = 1}, scene);
}

static void render(const disk *d, fault_outcome *out)
{
    const td_device_params params = {.validation = true, .cache_folder = d->cache};
    td_scene *scene = NULL;
    td_device *device = NULL;
    *out = (fault_outcome){0};
    out->result = load(d, &scene);
    if (out->result == TD_OK)
        out->result = td_device_create(&params, &device);
    if (out->result == TD_OK)
        fault_job_batch(device, scene, out);
    else
        snprintf(out->sentence, sizeof out->sentence, "%s", td_last_error());
    td_device_destroy(device);
    td_scene_destroy(scene);
}

static void make_disk(disk *d)
{
    const char *base = getenv("TMPDIR");
    tdi_snprintf(d->folder, sizeof d->folder, "%s/tandem-disk-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(d->folder));
    tdi_snprintf(d->scene, sizeof d->scene, "%s/scene.glb", d->folder);
    tdi_snprintf(d->cache, sizeof d->cache, "%s/cache", d->folder);
    td_scene *scene = fault_scene();
    gpu_ok(td_scene_write_glb(scene, d->scene, false));
    td_scene_destroy(scene);
}

/* Removes the cache, of which there is one file at most. */
static void drop_cache(const disk *d)
{
    uint32_t files = 0;
    DIR *folder = opendir(d->cache);
    if (!folder)
        return;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[600];
        if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
            continue;
        tdi_snprintf(path, sizeof path, "%s/%s", d->cache, entry->d_name);
        assert_int_equal(remove(path), 0);
        files++;
    }
    closedir(folder);
    assert_true(files <= 1);
    assert_int_equal(remove(d->cache), 0);
}

static void remove_disk(const disk *d)
{
    drop_cache(d);
    assert_int_equal(remove(d->scene), 0);
    assert_int_equal(remove(d->folder), 0);
}

/* False if there are fewer operations. */
static bool survives(const disk *d, const fault_outcome *expected, uint32_t nth, bool ever)
{
    fault_outcome outcome;
    char where[64];
    const tdi_file_ops ops = failing_ops();
    snprintf(where, sizeof where, "operation %u%s", nth, ever ? " and all that follow" : "");
    arm(nth, ever ? UINT32_MAX : 1);
    tdi_set_file_ops(&ops);
    render(d, &outcome);
    tdi_set_file_ops(NULL);
    const bool failed = atomic_load(&has_failed);
    fault_assert_sound(&outcome, expected, failed ? TD_ERROR_IO : TD_OK, where);
    assert_int_equal(tdi_live_blocks(), 0);
    assert_int_equal(gpu_message_count(), 0);
    drop_cache(d);
    return failed;
}

static void prepare(disk *d, fault_outcome *expected)
{
    uint32_t count;
    system_ops = tdi_file_ops_in_use();
    gpu_watch_messages(NULL);
    gpu_check_device(td_device_list(NULL, 0, &count));
    make_disk(d);
    render(d, expected);
    gpu_ok(expected->result);
    drop_cache(d);
}

static void quiet(void *user, td_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

/* The cache complains of each of its files that it cannot use, as it should. */
static void sweep(bool ever, uint32_t step)
{
    const uint32_t apart = fault_step(step);
    fault_outcome expected, again;
    uint32_t nth = 1;
    disk d;
    td_set_log(quiet, NULL, TD_LOG_ERROR);
    prepare(&d, &expected);
    while (survives(&d, &expected, nth, ever))
        nth += apart;
    render(&d, &again);
    fault_assert_sound(&again, &expected, TD_OK, "afterwards");
    remove_disk(&d);
    td_set_log(NULL, NULL, td_default_log_level());
    print_message("up to operation %u\n", nth);
    assert_true(nth > 12);
}

static void each_operation_may_fail(void **state)
{
    (void)state;
    sweep(false, 3);
}

static void each_operation_and_all_that_follow_may_fail(void **state)
{
    (void)state;
    sweep(true, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_may_fail),
        cmocka_unit_test(each_operation_and_all_that_follow_may_fail),
    };
    return gpu_run_tests(tests);
}
