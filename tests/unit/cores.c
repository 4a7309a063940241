/* The number of cores: scheduler affinity, and the quotas of control groups of both versions. */
#define _GNU_SOURCE 1 /* sched_setaffinity */

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/cores.h"
#include "base/file.h"

/* The files of a made-up system: pairs of path and content, ended by NULL. */
static const char *const *system_files;

static int open_system_file(const char *path, int flags, mode_t mode)
{
    (void)flags;
    (void)mode;
    for (const char *const *file = system_files; *file; file += 2) {
        if (strcmp(file[0], path) != 0)
            continue;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], file[1], strlen(file[1])), strlen(file[1]));
        close(ends[1]);
        return ends[0];
    }
    errno = ENOENT;
    return -1;
}

static uint32_t cores_of(const char *const *files)
{
    const tdi_file_ops ops = {.open = open_system_file, .read = read, .close = close};
    system_files = files;
    tdi_set_file_ops(&ops);
    uint32_t cores = tdi_core_count();
    tdi_set_file_ops(NULL);
    return cores;
}

#define CORES(...) cores_of((const char *const[]){__VA_ARGS__, NULL})

static const char own_group[] = "/proc/self/cgroup";

static uint32_t affinity(void)
{
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return (uint32_t)CPU_COUNT(&set);
}

static int use_one_core(const void *user)
{
    (void)user;
    cpu_set_t all;
    cpu_set_t one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return 100;
    int first = 0;
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_SET(first, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        return 101;
    return (int)tdi_core_count();
}

static void affinity_counts(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(use_one_core, NULL), 1);
    assert_int_equal(CORES(own_group, ""), affinity());
    assert_in_range(tdi_core_count(), 1, affinity());
}

static void a_missing_group_file_is_no_limit(void **state)
{
    (void)state;
    assert_int_equal(CORES("/nothing", ""), affinity());
}

static void version_2_quotas_count(void **state)
{
    (void)state;
    static const char max_file[] = "/sys/fs/cgroup/a/b/cpu.max";
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "100000 100000\n"), 1);
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "5000 100000\n"), 1);
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "max 100000\n"), affinity());
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "999999999 1000\n"), affinity());
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "garbage"), affinity());
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "100000"), affinity());
    assert_int_equal(CORES(own_group, "0::/a/b\n", max_file, "100000 0"), affinity());
}

static void quotas_are_rounded_up(void **state)
{
    (void)state;
    if (affinity() < 2)
        skip();
    assert_int_equal(CORES(own_group, "0::/\n", "/sys/fs/cgroup/cpu.max", "100001 100000\n"), 2);
    assert_int_equal(CORES(own_group, "0::/\n", "/sys/fs/cgroup/cpu.max", "200000 100000\n"), 2);
}

static void the_groups_above_limit_too(void **state)
{
    (void)state;
    assert_int_equal(CORES(own_group, "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n",
                           "/sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
                     1);
    assert_int_equal(CORES(own_group, "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n",
                           "/sys/fs/cgroup/a/cpu.max", "6400000 100000\n"),
                     1);
    /* In a container whose path is that of the machine outside. */
    assert_int_equal(
        CORES(own_group, "0::/docker/1f\n", "/sys/fs/cgroup/cpu.max", "50000 100000\n"), 1);
}

static void version_1_quotas_count(void **state)
{
    (void)state;
    static const char groups[] = "9:name=systemd:/x\n4:cpuacct,cpu:/a\n3:cpuset:/b\n";
    assert_int_equal(CORES(own_group, groups, "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n",
                           "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"),
                     1);
    assert_int_equal(CORES(own_group, groups, "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n",
                           "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"),
                     affinity());
    assert_int_equal(CORES(own_group, "3:cpuset:/a\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us",
                           "100000\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"),
                     affinity());
}

static void malformed_lines_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(CORES(own_group, "\n::\nno colon\n1:one colon\n0::/a\n",
                           "/sys/fs/cgroup/a/cpu.max", "100000 100000\n"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(affinity_counts),
        cmocka_unit_test(a_missing_group_file_is_no_limit),
        cmocka_unit_test(version_2_quotas_count),
        cmocka_unit_test(quotas_are_rounded_up),
        cmocka_unit_test(the_groups_above_limit_too),
        cmocka_unit_test(version_1_quotas_count),
        cmocka_unit_test(malformed_lines_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
