#define _XOPEN_SOURCE 700

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tandem/host.h>

#include "base/memory.h"
#include "base/thread.h"

static atomic_uint allocations_until_failure;
static atomic_bool allocation_failed;

static bool fails_now(atomic_uint *until)
{
    unsigned left = atomic_load(until);
    while (left > 0)
        if (atomic_compare_exchange_weak(until, &left, left - 1))
            return left == 1;
    return false;
}

static void *counted_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    assert_true(size > 0);
    assert_true(alignment > 0 && (alignment & (alignment - 1)) == 0);
    if (fails_now(&allocations_until_failure)) {
        atomic_store(&allocation_failed, true);
        return NULL;
    }
    void *block = NULL;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void *counted_reallocate(void *user, void *block, size_t size)
{
    (void)user;
    assert_non_null(block);
    assert_true(size > 0);
    if (fails_now(&allocations_until_failure)) {
        atomic_store(&allocation_failed, true);
        return NULL;
    }
    return realloc(block, size);
}

static void counted_release(void *user, void *block)
{
    (void)user;
    assert_non_null(block);
    free(block);
}

void support_use_allocator(void)
{
    const td_allocator allocator = {
        .allocate = counted_allocate,
        .reallocate = counted_reallocate,
        .release = counted_release,
    };
    assert_int_equal(td_set_allocator(&allocator), TD_OK);
    support_fail_allocation(0);
}

void support_restore_allocator(void)
{
    support_fail_allocation(0);
    assert_int_equal(tdi_live_blocks(), 0);
    assert_int_equal(td_set_allocator(NULL), TD_OK);
}

void support_fail_allocation(uint32_t nth)
{
    atomic_store(&allocation_failed, false);
    atomic_store(&allocations_until_failure, nth);
}

bool support_allocation_failed(void)
{
    return atomic_load(&allocation_failed);
}

static atomic_uint threads_until_failure;

static int counted_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *user)
{
    if (fails_now(&threads_until_failure))
        return EAGAIN;
    return pthread_create(thread, attributes, fn, user);
}

void support_fail_thread(uint32_t nth)
{
    atomic_store(&threads_until_failure, nth);
    tdi_set_thread_create(counted_create);
}

void support_restore_threads(void)
{
    tdi_set_thread_create(NULL);
}

static char folder[256];

const char *support_make_folder(void)
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(folder, sizeof folder, "%s/tandem-test-XXXXXX", base ? base : "/tmp");
    assert_true(length > 0 && (size_t)length < sizeof folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void support_remove_folder(void)
{
    assert_int_equal(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *support_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

int support_count_entries(void)
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count++;
    closedir(directory);
    return count;
}

void support_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

void support_assert_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *found = malloc(size + 1);
    assert_non_null(found);
    assert_int_equal(fread(found, 1, size + 1, file), size);
    assert_memory_equal(found, data, size);
    free(found);
    fclose(file);
}

int support_run_process(int (*fn)(const void *user), const void *user)
{
    fflush(NULL);
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0)
        _exit(fn(user));
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int support_enter_folder(void **state)
{
    (void)state;
    support_make_folder();
    support_use_allocator();
    return 0;
}

int support_leave_folder(void **state)
{
    (void)state;
    support_restore_allocator();
    support_remove_folder();
    return 0;
}

uint32_t support_count_text(const char *text, const char *part)
{
    uint32_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

void support_expect_well_formed(const char *text)
{
    uint32_t depth = 0;
    for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        assert_non_null(end);
        const char *next = strchr(at + 1, '<');
        assert_true(!next || next > end);
        if (at[1] == '/') {
            assert_true(depth > 0);
            depth--;
        } else if (end[-1] != '/') {
            depth++;
        }
    }
    assert_int_equal(depth, 0);
}
