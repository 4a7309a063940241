/* A file system that misbehaves: every operation of a writer fails in turn, writes are short or
 * interrupted, the disk is full, and there are no hard links. */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define DATA_SIZE 1000

/* What the replaced operations do. An error of 0 is none. */
static struct {
    int open_error;
    int write_error;
    size_t write_limit; /* bytes that fit before write_error */
    bool short_writes;
    bool interrupted;
    bool mute; /* write returns 0 */
    int close_error;
    int fsync_error;
    int rename_error;
    int rename_exclusive_error;
    int link_error;
    int links;
} faults;

static int calls;
static size_t bytes_written;

static int fail_with(int error)
{
    errno = error;
    return -1;
}

static bool is_interrupted(void)
{
    return faults.interrupted && calls++ % 2 == 0;
}

static int faulty_open(const char *path, int flags, mode_t mode)
{
    if (is_interrupted())
        return fail_with(EINTR);
    return faults.open_error ? fail_with(faults.open_error) : open(path, flags, mode);
}

static ssize_t faulty_write(int fd, const void *data, size_t size)
{
    if (is_interrupted())
        return fail_with(EINTR);
    if (faults.mute)
        return 0;
    if (faults.write_error) {
        size_t left = faults.write_limit - bytes_written;
        if (left == 0)
            return fail_with(faults.write_error);
        if (size > left)
            size = left;
    }
    if (faults.short_writes && size > 7)
        size = 7;
    ssize_t count = write(fd, data, size);
    bytes_written += count > 0 ? (size_t)count : 0;
    return count;
}

static int faulty_close(int fd)
{
    int code = close(fd);
    return faults.close_error ? fail_with(faults.close_error) : code;
}

static int faulty_fsync(int fd)
{
    if (is_interrupted())
        return fail_with(EINTR);
    return faults.fsync_error ? fail_with(faults.fsync_error) : fsync(fd);
}

static int faulty_rename(const char *from, const char *to)
{
    return faults.rename_error ? fail_with(faults.rename_error) : rename(from, to);
}

static int faulty_rename_exclusive(const char *from, const char *to)
{
    if (faults.rename_exclusive_error)
        return fail_with(faults.rename_exclusive_error);
    if (access(to, F_OK) == 0)
        return fail_with(EEXIST);
    return rename(from, to);
}

static int faulty_link(const char *from, const char *to)
{
    faults.links++;
    return faults.link_error ? fail_with(faults.link_error) : link(from, to);
}

static int plain_stat(const char *path, struct stat *out)
{
    return stat(path, out);
}

static int plain_fstat(int fd, struct stat *out)
{
    return fstat(fd, out);
}

static const tdi_file_ops faulty_ops = {
    .open = faulty_open,
    .read = read,
    .write = faulty_write,
    .close = faulty_close,
    .fsync = faulty_fsync,
    .rename = faulty_rename,
    .rename_exclusive = faulty_rename_exclusive,
    .link = faulty_link,
    .unlink = unlink,
    .mkdir = mkdir,
    .stat = plain_stat,
    .fstat = plain_fstat,
};

static uint8_t data[DATA_SIZE];

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < DATA_SIZE; i++)
        data[i] = (uint8_t)(i * 7);
    memset(&faults, 0, sizeof faults);
    calls = 0;
    bytes_written = 0;
    support_make_folder();
    support_use_allocator();
    tdi_set_file_ops(&faulty_ops);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tdi_set_file_ops(NULL);
    support_restore_allocator();
    support_remove_folder();
    return 0;
}

static td_result write_file(bool replace, bool durable)
{
    const tdi_file_writer_params params = {
        .path = support_path("file"), .replace = replace, .durable = durable};
    return tdi_file_write(&params, data, sizeof data);
}

/* The write fails with that text, and nothing but the old file, if there was one, is left. */
static void expect_failure(bool replace, bool durable, const char *text)
{
    bytes_written = 0;
    if (replace)
        support_write_file(support_path("file"), "old");
    assert_int_equal(write_file(replace, durable), TD_ERROR_IO);
    assert_non_null(strstr(td_last_error(), support_path("file")));
    assert_non_null(strstr(td_last_error(), text));
    assert_int_equal(support_count_entries(), replace);
    if (replace) {
        support_assert_file(support_path("file"), "old", 3);
        assert_int_equal(unlink(support_path("file")), 0);
    }
}

static void expect_complete(bool replace, bool durable)
{
    assert_int_equal(write_file(replace, durable), TD_OK);
    support_assert_file(support_path("file"), data, sizeof data);
    assert_int_equal(support_count_entries(), 1);
}

static void short_writes_go_on(void **state)
{
    (void)state;
    faults.short_writes = true;
    expect_complete(false, false);
    assert_int_equal(bytes_written, DATA_SIZE);
}

static void interrupted_calls_are_repeated(void **state)
{
    (void)state;
    faults.interrupted = true;
    faults.short_writes = true;
    faults.close_error = EINTR;
    expect_complete(false, true);
}

static void a_full_disk_is_told_with_its_sum(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < DATA_SIZE; limit += 333) {
        faults.write_error = ENOSPC;
        faults.write_limit = limit;
        char text[64];
        snprintf(text, sizeof text, "the disk is full after %zu bytes", limit);
        expect_failure(false, false, text);
        expect_failure(true, false, text);
    }
}

static void a_used_up_quota_is_told(void **state)
{
    (void)state;
    faults.write_error = EDQUOT;
    faults.write_limit = 10;
    expect_failure(false, false, "quota");
}

static void a_full_disk_may_show_when_closing(void **state)
{
    (void)state;
    faults.close_error = ENOSPC;
    expect_failure(false, false, "the disk is full");
    expect_failure(true, false, "the disk is full");
}

static void a_device_that_takes_nothing_is_an_error(void **state)
{
    (void)state;
    faults.mute = true;
    expect_failure(false, false, "Input/output error");
}

static void a_failed_sync_is_an_error(void **state)
{
    (void)state;
    faults.fsync_error = EIO;
    expect_failure(false, true, "Input/output error");
    expect_failure(true, true, "Input/output error");
}

static void a_failed_rename_keeps_the_old_file(void **state)
{
    (void)state;
    faults.rename_error = EIO;
    expect_failure(true, false, "Input/output error");
}

static void a_failed_naming_is_an_error(void **state)
{
    (void)state;
    faults.rename_exclusive_error = EIO;
    expect_failure(false, false, "Input/output error");
    assert_int_equal(faults.links, 0);
    faults.rename_exclusive_error = EINVAL;
    faults.link_error = EIO;
    expect_failure(false, false, "Input/output error");
}

static void a_refused_open_is_an_error(void **state)
{
    (void)state;
    const int reasons[] = {EACCES, EROFS, EMFILE};
    for (int i = 0; i < 3; i++) {
        faults.open_error = reasons[i];
        expect_failure(false, false, "cannot be written");
    }
}

static void names_that_are_always_taken_do_not_hang(void **state)
{
    (void)state;
    faults.open_error = EEXIST;
    expect_failure(false, false, "cannot be written");
}

/* If a placeholder were made first, its name would be taken for these. */
static void without_an_exclusive_rename_a_link_serves(void **state)
{
    (void)state;
    expect_complete(false, false);
    assert_int_equal(faults.links, 0);
    assert_int_equal(unlink(support_path("file")), 0);
    const int reasons[] = {EINVAL, EOPNOTSUPP, ENOSYS};
    for (int i = 0; i < 3; i++) {
        faults.rename_exclusive_error = reasons[i];
        expect_complete(false, false);
        assert_int_equal(faults.links, i + 1);
        assert_int_equal(unlink(support_path("file")), 0);
    }
}

/* The old file appears while the new one is being written. */
static void expect_old_file_stays(void)
{
    const tdi_file_writer_params params = {.path = support_path("file")};
    tdi_file_writer *writer;
    assert_int_equal(tdi_file_writer_create(&params, &writer), TD_OK);
    assert_int_equal(tdi_file_writer_append(writer, data, sizeof data), TD_OK);
    support_write_file(params.path, "old");
    assert_int_equal(tdi_file_writer_commit(writer), TD_ERROR_EXISTS);
    support_assert_file(params.path, "old", 3);
    assert_int_equal(support_count_entries(), 1);
    assert_int_equal(unlink(params.path), 0);
}

static void with_neither_a_placeholder_serves(void **state)
{
    (void)state;
    faults.link_error = EPERM;
    faults.rename_exclusive_error = EINVAL;
    expect_complete(false, false);
    assert_int_equal(unlink(support_path("file")), 0);
    faults.rename_error = EIO;
    expect_failure(false, false, "Input/output error");
}

static void an_existing_file_stays_in_every_way(void **state)
{
    (void)state;
    expect_old_file_stays();
    faults.rename_exclusive_error = EINVAL;
    expect_old_file_stays();
    faults.link_error = EPERM;
    expect_old_file_stays();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(short_writes_go_on),
        TEST(interrupted_calls_are_repeated),
        TEST(a_full_disk_is_told_with_its_sum),
        TEST(a_used_up_quota_is_told),
        TEST(a_full_disk_may_show_when_closing),
        TEST(a_device_that_takes_nothing_is_an_error),
        TEST(a_failed_sync_is_an_error),
        TEST(a_failed_rename_keeps_the_old_file),
        TEST(a_failed_naming_is_an_error),
        TEST(a_refused_open_is_an_error),
        TEST(names_that_are_always_taken_do_not_hang),
        TEST(without_an_exclusive_rename_a_link_serves),
        TEST(with_neither_a_placeholder_serves),
        TEST(an_existing_file_stays_in_every_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
