/* Nothing outside the folder is read, whatever links say, with and without the kernel's help. */
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
#include "base/file_below.h"
#include "base/memory.h"

static tdi_file_ops without_kernel;
static int missing_reason;
static int beneath_calls;

static int refuse_beneath(int folder, const char *path, int flags)
{
    (void)folder;
    (void)path;
    (void)flags;
    beneath_calls++;
    errno = missing_reason;
    return -1;
}

/* support_path("scene") is the folder; beside it lies a secret. */
static int make_folder(void **state)
{
    (void)state;
    tdi_set_file_ops(NULL);
    support_make_folder();
    assert_int_equal(mkdir(support_path("scene"), 0700), 0);
    assert_int_equal(mkdir(support_path("scene/sub"), 0700), 0);
    assert_int_equal(mkdir(support_path("scene2"), 0700), 0);
    support_write_file(support_path("secret"), "secret");
    support_write_file(support_path("scene2/secret"), "secret");
    support_write_file(support_path("scene/file"), "inside");
    support_write_file(support_path("scene/sub/file"), "below");
    support_use_allocator();
    return 0;
}

static int make_folder_without_kernel(void **state)
{
    make_folder(state);
    missing_reason = ENOSYS;
    without_kernel = *tdi_file_ops_in_use();
    without_kernel.open_beneath = refuse_beneath;
    beneath_calls = 0;
    tdi_set_file_ops(&without_kernel);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    tdi_set_file_ops(NULL);
    support_restore_allocator();
    support_remove_folder();
    return 0;
}

static void expect_text(const char *relative, const char *text)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read_below(support_path("scene"), relative, 100, &data, &size),
                     TD_OK);
    assert_int_equal(size, strlen(text));
    assert_string_equal((const char *)data, text);
    tdi_free(data);
}

static void refuse(const char *relative, td_result code, const char *reason)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read_below(support_path("scene"), relative, 100, &data, &size), code);
    assert_non_null(strstr(td_last_error(), relative));
    assert_non_null(strstr(td_last_error(), reason));
}

static void link_to(const char *target, const char *name)
{
    assert_int_equal(symlink(target, support_path(name)), 0);
}

static void plain_files_are_read(void **state)
{
    (void)state;
    expect_text("file", "inside");
    expect_text("sub/file", "below");
    expect_text("sub/../file", "inside");
    refuse("missing", TD_ERROR_NOT_FOUND, "no such file");
    refuse("file/x", TD_ERROR_NOT_FOUND, "no such file");
    refuse("sub", TD_ERROR_INPUT, "is a folder");
}

static void links_that_stay_inside_are_followed(void **state)
{
    (void)state;
    link_to("file", "scene/link");
    link_to("../file", "scene/sub/up");
    link_to("sub", "scene/folder");
    link_to(support_path("scene/sub/file"), "scene/absolute");
    expect_text("link", "inside");
    expect_text("sub/up", "inside");
    expect_text("folder/file", "below");
    expect_text("folder/up", "inside");
    expect_text("absolute", "below");
}

static void links_that_leave_are_refused(void **state)
{
    (void)state;
    link_to("/etc/passwd", "scene/system");
    link_to("../secret", "scene/link");
    link_to(support_path("secret"), "scene/absolute");
    link_to("..", "scene/folder");
    link_to("../scene2", "scene/neighbour");
    link_to("link", "scene/twice");
    const char *names[] = {"system",           "link",  "absolute", "folder/secret",
                           "neighbour/secret", "twice", "../secret"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        refuse(names[i], TD_ERROR_INPUT, "leads out of its folder");
}

static void links_to_nothing_are_refused(void **state)
{
    (void)state;
    link_to("nothing", "scene/dangling");
    link_to("circle", "scene/circle");
    refuse("dangling", TD_ERROR_NOT_FOUND, "no such file");
    refuse("circle", TD_ERROR_IO, "links");
}

static void the_folder_itself_may_be_a_link(void **state)
{
    (void)state;
    link_to("scene", "alias");
    link_to("../alias/file", "scene/sub/back");
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read_below(support_path("alias/"), "file", 100, &data, &size), TD_OK);
    assert_string_equal((const char *)data, "inside");
    tdi_free(data);
    assert_int_equal(tdi_file_read_below(support_path("none"), "file", 100, &data, &size),
                     TD_ERROR_NOT_FOUND);
}

static void the_current_folder_has_no_name(void **state)
{
    (void)state;
    char before[1024];
    uint8_t *data;
    size_t size;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(support_path("scene")), 0);
    link_to("../secret", "scene/link");
    td_result plain = tdi_file_read_below("", "sub/file", 100, &data, &size);
    if (plain == TD_OK)
        tdi_free(data);
    td_result leaving = tdi_file_read_below("", "link", 100, &data, &size);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(plain, TD_OK);
    assert_int_equal(leaving, TD_ERROR_INPUT);
}

static void a_filter_may_forbid_the_call(void **state)
{
    (void)state;
    link_to("../secret", "scene/link");
    const int reasons[] = {ENOSYS, EPERM, EINVAL};
    for (int i = 0; i < 3; i++) {
        missing_reason = reasons[i];
        expect_text("file", "inside");
        refuse("link", TD_ERROR_INPUT, "leads out of its folder");
    }
    assert_true(beneath_calls >= 6);
    beneath_calls = 0;
    missing_reason = EAGAIN; /* somebody renames folders for ever */
    refuse("file", TD_ERROR_IO, "cannot be read");
    assert_true(beneath_calls > 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
#define TEST_WITHOUT_KERNEL(function)                                                              \
    {                                                                                              \
#function " without openat2", function, make_folder_without_kernel, remove_folder, NULL    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_files_are_read),
        TEST(links_that_stay_inside_are_followed),
        TEST(links_that_leave_are_refused),
        TEST(links_to_nothing_are_refused),
        TEST(the_folder_itself_may_be_a_link),
        TEST(the_current_folder_has_no_name),
        TEST_WITHOUT_KERNEL(plain_files_are_read),
        TEST_WITHOUT_KERNEL(links_that_stay_inside_are_followed),
        TEST_WITHOUT_KERNEL(links_that_leave_are_refused),
        TEST_WITHOUT_KERNEL(links_to_nothing_are_refused),
        TEST_WITHOUT_KERNEL(the_folder_itself_may_be_a_link),
        TEST_WITHOUT_KERNEL(the_current_folder_has_no_name),
        TEST_WITHOUT_KERNEL(a_filter_may_forbid_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
