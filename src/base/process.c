#include "base/os.h"

#include "base/process.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

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

static void (*volatile interrupt_fn)(void *user, int signal);
static void *volatile interrupt_user;

static void handle_interrupt(int number)
{
    void (*fn)(void *, int) = interrupt_fn;
    if (fn)
        fn(interrupt_user, number);
}

void tdi_on_interrupt(void (*fn)(void *user, int signal), void *user)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    (void)sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND;
    action.sa_handler = fn ? handle_interrupt : SIG_DFL;
    interrupt_user = user;
    interrupt_fn = fn;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void tdi_ignore_broken_pipes(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}
