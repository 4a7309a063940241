/* Reading a file: the whole of it, or an error that names it. */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static int make_folder(void **state)
{
    (void)state;
    support_make_folder();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    tdi_set_file_ops(NULL);
    support_remove_folder();
    return 0;
}

static void expect_failure(const char *path, uint64_t limit, td_result code, const char *reason)
{
    uint8_t *data = NULL;
    size_t size = 12345;
    uint64_t before = tdi_live_blocks();
    assert_int_equal(tdi_file_read(path, limit, &data, &size), code);
    assert_non_null(strstr(td_last_error(), path));
    assert_non_null(strstr(td_last_error(), reason));
    assert_int_equal(tdi_live_blocks(), before);
}

static void expect_text(const char *path, uint64_t limit, const char *text)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read(path, limit, &data, &size), TD_OK);
    assert_int_equal(size, strlen(text));
    assert_string_equal((const char *)data, text);
    tdi_free(data);
}

static void the_whole_file_is_read(void **state)
{
    (void)state;
    const char *path = support_path("file");
    support_write_file(path, "some text");
    expect_text(path, 1000, "some text");
    expect_text(path, UINT64_MAX, "some text");
}

static void an_empty_file_is_no_error(void **state)
{
    (void)state;
    const char *path = support_path("empty");
    support_write_file(path, "");
    expect_text(path, 0, "");
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    const char *path = support_path("file");
    support_write_file(path, "0123456789");
    expect_text(path, 10, "0123456789");
    expect_failure(path, 9, TD_ERROR_INPUT, "limit of 9 bytes");
}

static void a_missing_file_is_not_found(void **state)
{
    (void)state;
    expect_failure(support_path("missing"), 1000, TD_ERROR_NOT_FOUND, "no such file");
    const char *path = support_path("file");
    support_write_file(path, "");
    expect_failure(support_path("file/below"), 1000, TD_ERROR_NOT_FOUND, "no such file");
}

static void folders_devices_and_pipes_are_refused(void **state)
{
    (void)state;
    expect_failure(support_path("."), 1000, TD_ERROR_INPUT, "is a folder");
    expect_failure("/dev/zero", 1000, TD_ERROR_INPUT, "not a regular file");
    const char *pipe_path = support_path("pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    expect_failure(pipe_path, 1000, TD_ERROR_INPUT, "not a regular file");
}

static void files_that_tell_no_size_are_read_to_their_end(void **state)
{
    (void)state;
    /* The kernel gives files under /proc the size 0. */
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read("/proc/self/stat", 100000, &data, &size), TD_OK);
    assert_int_equal(strtol((const char *)data, NULL, 10), getpid());
    assert_true(size > 20);
    tdi_free(data);
    expect_failure("/proc/self/stat", 20, TD_ERROR_INPUT, "limit of 20 bytes");
}

/* A file system that interrupts, reads one byte at a time, and fails at a given byte. */
static int calls;
static int fail_at;

static int plain_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static ssize_t slow_read(int fd, void *data, size_t size)
{
    calls++;
    if (calls == fail_at) {
        errno = EIO;
        return -1;
    }
    if (calls % 2 == 1) {
        errno = EINTR;
        return -1;
    }
    return read(fd, data, size < 1 ? size : 1);
}

static int plain_stat(const char *path, struct stat *out)
{
    return stat(path, out);
}

static int plain_fstat(int fd, struct stat *out)
{
    return fstat(fd, out);
}

static void short_and_interrupted_reads_go_on(void **state)
{
    (void)state;
    const tdi_file_ops slow = {.open = plain_open,
                               .read = slow_read,
                               .close = close,
                               .stat = plain_stat,
                               .fstat = plain_fstat};
    const char *path = support_path("file");
    support_write_file(path, "0123456789");
    tdi_set_file_ops(&slow);
    calls = 0;
    fail_at = 0;
    expect_text(path, 10, "0123456789");
    assert_true(calls >= 21);
    for (fail_at = 1; fail_at <= 21; fail_at += 5) {
        calls = 0;
        expect_failure(path, 10, TD_ERROR_IO, "Input/output error");
    }
}

static void existence_is_told(void **state)
{
    (void)state;
    assert_false(tdi_file_exists(support_path("file")));
    support_write_file(support_path("file"), "");
    assert_true(tdi_file_exists(support_path("file")));
    assert_true(tdi_file_exists(support_path(".")));
}

static void peeking_sets_no_error(void **state)
{
    (void)state;
    char text[5] = "....";
    tdi_set_last_error("before");
    assert_false(tdi_file_peek(support_path("missing"), text, sizeof text));
    support_write_file(support_path("file"), "0123456789");
    assert_true(tdi_file_peek(support_path("file"), text, sizeof text));
    assert_string_equal(text, "0123");
    assert_string_equal(td_last_error(), "before");
}

static void names_of_the_same_file(void **state)
{
    (void)state;
    char folder[4096];
    char path[8192];
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(path, sizeof path, "%s//a/./b/../c", folder);
    assert_true(tdi_same_path(path, "a/c"));
    assert_true(tdi_same_path("./a//c", "x/../a/c"));
    assert_true(tdi_same_path("/../c", "/c"));
    assert_false(tdi_same_path("a/c", "b/c"));
    assert_false(tdi_same_path("a/c", "a/d"));
    assert_false(tdi_same_path("a/...", "..."));
}

static void an_empty_file_has_no_content(void **state)
{
    (void)state;
    const char *path = support_path("empty");
    assert_false(tdi_file_has_content(path));
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0);
    assert_true(tdi_file_exists(path));
    assert_false(tdi_file_has_content(path));
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(close(fd), 0);
    assert_true(tdi_file_has_content(path));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_the_same_file),
        TEST(an_empty_file_has_no_content),
        TEST(the_whole_file_is_read),
        TEST(an_empty_file_is_no_error),
        TEST(the_limit_is_exact),
        TEST(a_missing_file_is_not_found),
        TEST(folders_devices_and_pipes_are_refused),
        TEST(files_that_tell_no_size_are_read_to_their_end),
        TEST(short_and_interrupted_reads_go_on),
        TEST(existence_is_told),
        TEST(peeking_sets_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
