#include "base/os.h"

#include "base/cores.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

/* Linux 6 can be built for at most 8192 CPUs (CONFIG_NR_CPUS on x86). */
#define MOST_CPUS       8192
#define GROUP_CAPACITY  4096
#define PATH_CAPACITY   4352
#define NUMBER_CAPACITY 64

static uint32_t affinity_count(void)
{
    cpu_set_t sets[MOST_CPUS / CPU_SETSIZE];
    if (sched_getaffinity(0, sizeof sets, sets) != 0)
        return 1;
    int count = CPU_COUNT_S(sizeof sets, sets);
    return count > 0 ? (uint32_t)count : 1;
}

/* Quota over period, rounded up; 0 if there is no limit. */
static uint32_t quota_cores(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long cores = quota / period + (quota % period != 0);
    return cores > UINT32_MAX ? UINT32_MAX : (uint32_t)cores;
}

/* Version 2: "QUOTA PERIOD" or "max PERIOD" in cpu.max. */
static uint32_t limit_v2(const char *group)
{
    char path[PATH_CAPACITY];
    char text[NUMBER_CAPACITY];
    tdi_snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    if (!tdi_file_peek(path, text, sizeof text))
        return 0;
    char *end;
    long long quota = strtoll(text, &end, 10);
    return end == text ? 0 : quota_cores(quota, strtoll(end, NULL, 10));
}

static long long read_v1(const char *group, const char *name)
{
    char path[PATH_CAPACITY];
    char text[NUMBER_CAPACITY];
    tdi_snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/%s", group, name);
    return tdi_file_peek(path, text, sizeof text) ? strtoll(text, NULL, 10) : 0;
}

/* Version 1: -1 in cpu.cfs_quota_us is no limit. */
static uint32_t limit_v1(const char *group)
{
    return quota_cores(read_v1(group, "cpu.cfs_quota_us"), read_v1(group, "cpu.cfs_period_us"));
}

/* The lowest limit of `group` and all groups above it. Inside a container the path may be that of
 * the machine outside; the walk upwards then ends at the container's own root. */
static uint32_t lowest_limit(char *group, uint32_t (*limit)(const char *group))
{
    uint32_t lowest = UINT32_MAX;
    for (;;) {
        uint32_t cores = limit(group);
        if (cores > 0 && cores < lowest)
            lowest = cores;
        char *slash = strrchr(group, '/');
        if (!slash)
            return lowest;
        *slash = '\0';
    }
}

/* True if the comma-separated list of version 1 controllers has "cpu" in it. */
static bool has_cpu(const char *controllers)
{
    for (const char *at = controllers; at; at = strchr(at, ',')) {
        at += *at == ',';
        size_t length = strcspn(at, ",");
        if (length == 3 && memcmp(at, "cpu", 3) == 0)
            return true;
    }
    return false;
}

/* A line of /proc/self/cgroup is "ID:CONTROLLERS:PATH"; version 2 has no controllers (cgroups(7)).
 */
static uint32_t line_limit(char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return UINT32_MAX;
    *controllers++ = '\0';
    *group++ = '\0';
    if (strcmp(group, "/") == 0)
        *group = '\0';
    if (!*controllers)
        return lowest_limit(group, limit_v2);
    return has_cpu(controllers) ? lowest_limit(group, limit_v1) : UINT32_MAX;
}

static uint32_t quota_count(void)
{
    char text[GROUP_CAPACITY];
    if (!tdi_file_peek("/proc/self/cgroup", text, sizeof text))
        return UINT32_MAX;
    uint32_t lowest = UINT32_MAX;
    char *rest = text;
    for (char *line = strtok_r(rest, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        uint32_t cores = line_limit(line);
        if (cores < lowest)
            lowest = cores;
    }
    return lowest;
}

uint32_t tdi_core_count(void)
{
    uint32_t cores = affinity_count();
    uint32_t quota = quota_count();
    return quota < cores ? quota : cores;
}
