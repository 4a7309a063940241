#include "base/os.h"

#include "base/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <xxhash.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

#define NAME_FORMAT ".tandem-%ld-%llu.part"

/* The longest such name, with its end. */
#define NAME_CAPACITY 64

/* What looking costs at most: folders of a process, and entries of a folder. */
#define MAX_FOLDERS 100
#define MAX_ENTRIES 100000

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

char *tdi_leftover_name(const char *path, uint64_t number)
{
    return tdi_format("%.*s" NAME_FORMAT, folder_length(path), path, (long)getpid(),
                      (unsigned long long)number);
}

void tdi_leftover_hold(int fd)
{
    /* Where there are no locks, none can be taken by who looks either. */
    (void)flock(fd, LOCK_EX | LOCK_NB);
}

/* True the first time for a folder. Two folders of one hash would only mean that one is not looked
 * at. */
static bool is_new(const char *folder)
{
    static tdi_mutex lock = TDI_MUTEX_STATIC(TDI_RANK_FILE);
    static uint64_t folders[MAX_FOLDERS];
    static size_t count;
    uint64_t hash = XXH3_64bits(folder, strlen(folder));
    tdi_mutex_lock(&lock);
    bool found = count == MAX_FOLDERS;
    for (size_t i = 0; i < count && !found; i++)
        found = folders[i] == hash;
    if (!found)
        folders[count++] = hash;
    tdi_mutex_unlock(&lock);
    return !found;
}

/* The process that gave the name, 0 if that is not exactly one of ours. */
static pid_t process_of(const char *name)
{
    long process;
    unsigned long long number;
    char same[NAME_CAPACITY];
    if (strncmp(name, ".tandem-", 8) != 0 ||
        sscanf(name, ".tandem-%10ld-%20llu.part", &process, &number) != 2)
        return 0;
    snprintf(same, sizeof same, NAME_FORMAT, process, number);
    return process > 0 && process <= INT_MAX && strcmp(name, same) == 0 ? (pid_t)process : 0;
}

/* A process of another machine or container may have the number; but then the file is locked, where
 * the file system has locks, and is not ours to judge where it has none. */
static void remove_if_left(int folder, const char *name)
{
    pid_t process = process_of(name);
    if (process == 0 || kill(process, 0) == 0 || errno != ESRCH)
        return;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(folder, name, 0);
    (void)close(fd);
}

void tdi_leftover_remove(const char *path)
{
    char folder[PATH_MAX];
    int length = folder_length(path);
    if (length >= (int)sizeof folder)
        return;
    snprintf(folder, sizeof folder, "%.*s", length > 0 ? length : 1, length > 0 ? path : ".");
    if (!is_new(folder))
        return;
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    const struct dirent *entry;
    for (int i = 0; i < MAX_ENTRIES && (entry = readdir(entries)) != NULL; i++)
        remove_if_left(dirfd(entries), entry->d_name);
    (void)closedir(entries);
}
