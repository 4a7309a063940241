/* What a killed process left is removed by the next that writes into the folder; nothing else is.
 */
#define _DEFAULT_SOURCE

#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"

static int tell_number(const void *user)
{
    FILE *file = fopen(user, "w");
    return !file || fprintf(file, "%ld", (long)getpid()) < 0 || fclose(file) != 0;
}

/* The number of a process that has ended. */
static long dead_process(void)
{
    long number = 0;
    assert_int_equal(support_run_process(tell_number, support_path("number")), 0);
    FILE *file = fopen(support_path("number"), "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &number), 1);
    fclose(file);
    assert_int_equal(unlink(support_path("number")), 0);
    return number;
}

static const char *make_file(const char *format, long process)
{
    char name[128];
    snprintf(name, sizeof name, format, process);
    const char *path = support_path(name);
    support_write_file(path, "begun");
    return path;
}

/* In a process of its own: each looks only once. */
static int write_one(const void *user)
{
    const tdi_file_writer_params params = {.path = user, .replace = true};
    return tdi_file_write(&params, "data", 4) == TD_OK ? 0 : 1;
}

static void write_in_folder(void)
{
    assert_int_equal(support_run_process(write_one, support_path("file")), 0);
    support_assert_file(support_path("file"), "data", 4);
}

static int die_while_writing(const void *user)
{
    const tdi_file_writer_params params = {.path = user};
    tdi_file_writer *writer;
    if (tdi_file_writer_create(&params, &writer) != TD_OK ||
        tdi_file_writer_append(writer, "data", 4) != TD_OK)
        return 1;
    _exit(0);
}

static void what_a_killed_process_left_is_removed(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(die_while_writing, support_path("file")), 0);
    assert_int_equal(support_count_entries(), 1);
    make_file(".tandem-%ld-17.part", dead_process());
    assert_int_equal(support_count_entries(), 2);
    write_in_folder();
    assert_int_equal(support_count_entries(), 1);
}

static void what_a_living_process_writes_stays(void **state)
{
    (void)state;
    make_file(".tandem-%ld-1000000.part", (long)getpid());
    write_in_folder();
    assert_int_equal(support_count_entries(), 2);
}

static void what_somebody_holds_stays(void **state)
{
    (void)state;
    const char *path = make_file(".tandem-%ld-0.part", dead_process());
    int fd = open(path, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    write_in_folder();
    assert_int_equal(support_count_entries(), 2);
    close(fd);
    write_in_folder();
    assert_int_equal(support_count_entries(), 1);
}

/* As one of another container sees it, to whom the number of the process means nothing. */
static void a_writer_holds_its_file(void **state)
{
    (void)state;
    const tdi_file_writer_params params = {.path = support_path("file")};
    tdi_file_writer *writer;
    assert_int_equal(tdi_file_writer_create(&params, &writer), TD_OK);
    DIR *entries = opendir(support_path("."));
    assert_non_null(entries);
    const struct dirent *entry = readdir(entries);
    while (entry != NULL && strncmp(entry->d_name, ".tandem-", 8) != 0)
        entry = readdir(entries);
    assert_non_null(entry);
    int fd = open(support_path(entry->d_name), O_RDONLY);
    closedir(entries);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    tdi_file_writer_abort(writer);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
}

static void other_names_stay(void **state)
{
    (void)state;
    static const char *const formats[] = {
        ".tandem-%ld-0.part2",    ".tandem-%ld-0.par",
        ".tandem-%ld-.part",      ".tandem-%ld.part",
        ".tandem-%ld-00.part",    "tandem-%ld-0.part",
        ".tandem-0%ld-0.part",    ".tandem- %ld-0.part",
        ".tandem-+%ld-0.part",    ".tandem--%ld-0.part",
        ".tandem-%ld-0.part.png", ".tandem-%ld-99999999999999999999999.part"};
    long process = dead_process();
    int count = sizeof formats / sizeof *formats;
    for (int i = 0; i < count; i++)
        make_file(formats[i], process);
    assert_int_equal(symlink("file", support_path(".tandem-1-1.part")), 0);
    write_in_folder();
    assert_int_equal(support_count_entries(), count + 2);
}

static int write_twice(const void *user)
{
    if (write_one(user) != 0)
        return 1;
    make_file(".tandem-%ld-5.part", 0x7FFFFFFF); /* above the system's largest number */
    return write_one(user);
}

static void a_process_looks_once(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(write_twice, support_path("file")), 0);
    assert_int_equal(support_count_entries(), 2);
    write_in_folder();
    assert_int_equal(support_count_entries(), 1);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, support_enter_folder, support_leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_killed_process_left_is_removed),
        TEST(what_a_living_process_writes_stays),
        TEST(what_somebody_holds_stays),
        TEST(a_writer_holds_its_file),
        TEST(other_names_stay),
        TEST(a_process_looks_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
