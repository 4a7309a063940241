#include "base/os.h"

#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/thread.h"

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec * 1e-6;
}

static uint32_t count_entries(const char *folder)
{
    DIR *stream = opendir(folder);
    if (!stream)
        return 0;
    uint32_t count = 0;
    for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
        if (entry->d_name[0] != '.')
            count++;
    }
    (void)closedir(stream);
    return count;
}

void tdi_process_get_info(tdi_process_info *out)
{
    memset(out, 0, sizeof *out);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out->rss_peak_bytes = (uint64_t)usage.ru_maxrss * 1024; /* Linux gives KiB */
        out->cpu_s = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
    }
    uint32_t descriptors = count_entries("/proc/self/fd");
    out->descriptors = descriptors ? descriptors - 1 : 0; /* less the folder's own */
    out->threads = count_entries("/proc/self/task");
}

bool tdi_process_start_ns(uint64_t *out)
{
    char text[1024];
    if (!tdi_file_peek("/proc/self/stat", text, sizeof text))
        return false;
    /* Field 22 of proc(5); field 2, the name, is in brackets and may hold anything. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    long ticks_per_s = sysconf(_SC_CLK_TCK);
    struct timespec boot;
    if (!at || ticks_per_s <= 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return false;
    uint64_t now = tdi_now_ns();
    uint64_t since_boot = (uint64_t)boot.tv_sec * TDI_NS_PER_S + (uint64_t)boot.tv_nsec;
    uint64_t start = strtoull(at + 1, NULL, 10) * (TDI_NS_PER_S / (uint64_t)ticks_per_s);
    uint64_t age = since_boot > start ? since_boot - start : 0;
    *out = now > age ? now - age : 0;
    return true;
}

static void (*interrupt_fn)(void *user, int signal);

static void wait_for_interrupts(void *user)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    for (;;) {
        int number = 0;
        if (sigwait(&set, &number) == 0)
            interrupt_fn(user, number);
    }
}

td_result tdi_watch_interrupts(void (*fn)(void *user, int signal), void *user)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    int code = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (code != 0)
        return tdi_fail(TD_ERROR_SYSTEM, "signals cannot be blocked: %s", tdi_system_text(code));
    interrupt_fn = fn;
    static tdi_thread thread; /* which nobody joins */
    return tdi_thread_start(&thread, "td-signals", wait_for_interrupts, user);
}

void tdi_fill_standard_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

void tdi_end_process(int code)
{
    _exit(code);
}

void tdi_ignore_broken_pipes(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}

void tdi_ignore_file_size_limit(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
}
