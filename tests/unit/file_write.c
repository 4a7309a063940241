/* Writing a file: it appears under its name when complete, or not at all. */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/thread.h"

static td_result write_text(const char *path, const char *text, bool replace)
{
    const tdi_file_writer_params params = {.path = path, .replace = replace};
    return tdi_file_write(&params, text, strlen(text));
}

static void expect_text(const char *path, const char *text)
{
    support_assert_file(path, text, strlen(text));
}

static void a_file_appears_when_it_is_complete(void **state)
{
    (void)state;
    const tdi_file_writer_params params = {.path = support_path("file"), .durable = true};
    tdi_file_writer *writer;
    assert_int_equal(tdi_file_writer_create(&params, &writer), TD_OK);
    assert_int_equal(tdi_file_writer_append(writer, "first ", 6), TD_OK);
    assert_int_equal(tdi_file_writer_append(writer, NULL, 0), TD_OK);
    assert_false(tdi_file_exists(params.path));
    assert_int_equal(tdi_file_writer_append(writer, "second", 6), TD_OK);
    assert_false(tdi_file_exists(params.path));
    assert_int_equal(tdi_file_writer_commit(writer), TD_OK);
    expect_text(params.path, "first second");
    assert_int_equal(support_count_entries(), 1);
}

static void an_aborted_file_leaves_nothing(void **state)
{
    (void)state;
    const tdi_file_writer_params params = {.path = support_path("file")};
    tdi_file_writer *writer;
    assert_int_equal(tdi_file_writer_create(&params, &writer), TD_OK);
    assert_int_equal(tdi_file_writer_append(writer, "data", 4), TD_OK);
    assert_int_equal(support_count_entries(), 1);
    tdi_file_writer_abort(writer);
    assert_int_equal(support_count_entries(), 0);
    tdi_file_writer_abort(NULL);
}

static void an_existing_file_stays_unless_replaced(void **state)
{
    (void)state;
    const char *path = support_path("file");
    support_write_file(path, "old");
    assert_int_equal(write_text(path, "new", false), TD_ERROR_EXISTS);
    assert_non_null(strstr(td_last_error(), path));
    expect_text(path, "old");
    assert_int_equal(write_text(path, "new", true), TD_OK);
    expect_text(path, "new");
    assert_int_equal(support_count_entries(), 1);
}

static void a_file_that_appears_meanwhile_stays_too(void **state)
{
    (void)state;
    const tdi_file_writer_params params = {.path = support_path("file")};
    tdi_file_writer *writer;
    assert_int_equal(tdi_file_writer_create(&params, &writer), TD_OK);
    assert_int_equal(tdi_file_writer_append(writer, "new", 3), TD_OK);
    support_write_file(params.path, "old");
    assert_int_equal(tdi_file_writer_commit(writer), TD_ERROR_EXISTS);
    expect_text(params.path, "old");
    assert_int_equal(support_count_entries(), 1);
}

static void a_dangling_link_is_something_too(void **state)
{
    (void)state;
    const char *path = support_path("link");
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(write_text(path, "new", false), TD_ERROR_EXISTS);
    assert_int_equal(support_count_entries(), 1);
}

static void folders_and_pipes_are_never_replaced(void **state)
{
    (void)state;
    const char *folder = support_path("folder");
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(write_text(folder, "new", true), TD_ERROR_IO);
    assert_non_null(strstr(td_last_error(), "is a folder"));
    const char *pipe_path = support_path("pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_int_equal(write_text(pipe_path, "new", true), TD_ERROR_IO);
    assert_non_null(strstr(td_last_error(), "not a regular file"));
    assert_int_equal(support_count_entries(), 2);
}

static void a_missing_folder_is_an_error(void **state)
{
    (void)state;
    const char *path = support_path("missing/file");
    assert_int_equal(write_text(path, "new", false), TD_ERROR_IO);
    assert_non_null(strstr(td_last_error(), path));
}

static void the_mode_follows_the_mask(void **state)
{
    (void)state;
    mode_t before = umask(027);
    td_result result = write_text(support_path("file"), "new", false);
    umask(before);
    assert_int_equal(result, TD_OK);
    struct stat info;
    assert_int_equal(stat(support_path("file"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(info.st_nlink, 1);
}

static void a_path_without_a_folder_is_in_the_current_one(void **state)
{
    (void)state;
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(support_path(".")), 0);
    const tdi_file_writer_params params = {.path = "file", .durable = true};
    td_result result = tdi_file_write(&params, "data", 4);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(result, TD_OK);
    expect_text(support_path("file"), "data");
}

/* In a process of its own, since cleaning up is for good. */
static int clean_up(const void *user)
{
    (void)user;
    tdi_file_writer *writers[3];
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "file%d", i);
        const tdi_file_writer_params params = {.path = support_path(name)};
        assert_int_equal(tdi_file_writer_create(&params, &writers[i]), TD_OK);
        assert_int_equal(tdi_file_writer_append(writers[i], "data", 4), TD_OK);
    }
    assert_int_equal(tdi_file_writer_commit(writers[1]), TD_OK);
    assert_int_equal(support_count_entries(), 3);
    tdi_file_cleanup_all();
    assert_int_equal(support_count_entries(), 1);
    expect_text(support_path("file1"), "data");
    assert_int_equal(tdi_file_writer_commit(writers[0]), TD_ERROR_IO);
    tdi_file_writer_abort(writers[2]);
    assert_int_equal(support_count_entries(), 1);
    tdi_file_cleanup_all();
    return 0;
}

static void cleaning_up_removes_what_is_open(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(clean_up, NULL), 0);
}

static int write_after_cleaning_up(const void *user)
{
    const char *path = user;
    tdi_file_cleanup_all();
    if (write_text(path, "late", false) != TD_ERROR_CANCELLED || !strstr(td_last_error(), path))
        return 1;
    return support_count_entries() == 0 ? 0 : 2;
}

static void after_cleaning_up_nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(write_after_cleaning_up, support_path("file")), 0);
}

static void write_on(void *user)
{
    for (int i = 0;; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/file%d", (const char *)user, i);
        if (write_text(path, "data", false) == TD_ERROR_CANCELLED)
            return;
    }
}

/* The thread sanitizer asks for it: the writers are to run until the process ends. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "report_thread_leaks=0";
}

static int end_while_writing(const void *user)
{
    tdi_thread threads[2];
    char folder[512];
    snprintf(folder, sizeof folder, "%s", (const char *)user);
    for (int i = 0; i < 2; i++)
        if (tdi_thread_start(&threads[i], "writer", write_on, folder) != TD_OK)
            return 1;
    while (support_count_entries() < 20 + 2) /* each writer has one that is not finished */
        continue;
    tdi_file_cleanup_all();
    _exit(0);
}

static void an_end_amid_writing_leaves_no_part(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(end_while_writing, support_path(".")), 0);
    assert_true(support_count_entries() >= 20);
    char command[600];
    snprintf(command, sizeof command, "ls -A '%s' | grep -q part", support_path("."));
    assert_int_not_equal(system(command), 0);
}

static void folders_are_made_for_a_file(void **state)
{
    (void)state;
    const char *path = support_path("a//b/c/file");
    assert_int_equal(tdi_make_folders_for(path), TD_OK);
    assert_int_equal(tdi_make_folders_for(path), TD_OK);
    assert_int_equal(write_text(path, "data", false), TD_OK);
    assert_int_equal(tdi_make_folders_for("file"), TD_OK);
    assert_int_equal(tdi_make_folders_for("/file"), TD_OK);
    expect_text(support_path("a/b/c/file"), "data");
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
    (void)state;
    support_write_file(support_path("a"), "");
    assert_int_equal(tdi_make_folders_for(support_path("a/b/file")), TD_ERROR_IO);
    assert_non_null(strstr(td_last_error(), "folder"));
    assert_int_equal(tdi_make_folders_for(support_path("a/file")), TD_ERROR_IO);
}

/* The real thing: the system takes the first 100,000 bytes and refuses the rest. */
static int write_past_a_limit(const void *user)
{
    const struct rlimit limit = {100000, 100000};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    const tdi_file_writer_params params = {.path = user};
    uint8_t *data = calloc(1, 200000);
    if (!data || tdi_file_write(&params, data, 200000) != TD_ERROR_IO)
        return 2;
    free(data);
    return strstr(td_last_error(), "File too large") ? 0 : 3;
}

static void a_write_that_the_system_cuts_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(write_past_a_limit, support_path("file")), 0);
    assert_int_equal(support_count_entries(), 0);
}

#define WRITERS 4
#define FILES   50

typedef struct race {
    char path[512];
    int wins;
} race;

static void write_same_files(void *user)
{
    race *runner = user;
    for (int i = 0; i < FILES; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/file%d", runner->path, i);
        runner->wins += write_text(path, "data", false) == TD_OK;
    }
}

static void of_many_writers_of_one_name_one_wins(void **state)
{
    (void)state;
    tdi_thread threads[WRITERS];
    race races[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        races[i].wins = 0;
        snprintf(races[i].path, sizeof races[i].path, "%s", support_path("."));
        assert_int_equal(tdi_thread_start(&threads[i], "writer", write_same_files, &races[i]),
                         TD_OK);
    }
    int wins = 0;
    for (int i = 0; i < WRITERS; i++) {
        tdi_thread_join(&threads[i]);
        wins += races[i].wins;
    }
    assert_int_equal(wins, FILES);
    assert_int_equal(support_count_entries(), FILES);
}

static int write_too_large(const void *user)
{
    const struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    const tdi_file_writer_params params = {.path = user};
    const char data[3000] = "";
    tdi_ignore_file_size_limit();
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    if (tdi_file_write(&params, data, sizeof data) != TD_ERROR_IO)
        return 2;
    return strstr(td_last_error(), "File too large") && support_count_entries() == 0 ? 0 : 3;
}

static void a_file_beyond_the_systems_limit_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(write_too_large, support_path("file")), 0);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, support_enter_folder, support_leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_appears_when_it_is_complete),
        TEST(an_aborted_file_leaves_nothing),
        TEST(an_existing_file_stays_unless_replaced),
        TEST(a_file_that_appears_meanwhile_stays_too),
        TEST(a_dangling_link_is_something_too),
        TEST(folders_and_pipes_are_never_replaced),
        TEST(a_missing_folder_is_an_error),
        TEST(the_mode_follows_the_mask),
        TEST(a_path_without_a_folder_is_in_the_current_one),
        TEST(cleaning_up_removes_what_is_open),
        TEST(after_cleaning_up_nothing_is_written),
        TEST(an_end_amid_writing_leaves_no_part),
        TEST(a_file_beyond_the_systems_limit_is_an_error),
        TEST(folders_are_made_for_a_file),
        TEST(a_file_in_the_way_of_a_folder_is_an_error),
        TEST(a_write_that_the_system_cuts_leaves_nothing),
        TEST(of_many_writers_of_one_name_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
