#include "base/os.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/thread.h"

#define MESSAGE_CAPACITY 2048

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static tdi_mutex lock = TDI_MUTEX_STATIC(TDI_RANK_LOG);
static td_log_fn sink;
static void *sink_user;
static atomic_int max_level;

static pthread_once_t environment_once = PTHREAD_ONCE_INIT;
static td_log_level environment_level = TD_LOG_WARNING;
static atomic_bool environment_is_wrong;

static void read_environment(void)
{
    const char *wanted = getenv("TANDEM_LOG");
    bool known = !wanted || !*wanted;
    for (int i = 0; !known && i <= TD_LOG_DEBUG; i++) {
        if (strcmp(wanted, level_names[i]) != 0)
            continue;
        environment_level = (td_log_level)i;
        known = true;
    }
    atomic_store(&environment_is_wrong, !known);
    atomic_store(&max_level, environment_level);
}

td_log_level td_default_log_level(void)
{
    pthread_once(&environment_once, read_environment);
    return environment_level;
}

void td_set_log(td_log_fn fn, void *user, td_log_level level)
{
    pthread_once(&environment_once, read_environment);
    tdi_mutex_lock(&lock);
    sink = fn;
    sink_user = user;
    tdi_mutex_unlock(&lock);
    atomic_store(&max_level, (int)level);
}

bool tdi_log_enabled(td_log_level level)
{
    pthread_once(&environment_once, read_environment);
    return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

static void deliver(td_log_level level, const char *message)
{
#if TDI_LOCK_CHECKS
    tdi_lock_check_none("a message to the host program");
#endif
    tdi_mutex_lock(&lock);
    td_log_fn fn = sink;
    void *user = sink_user;
    tdi_mutex_unlock(&lock);
    if (fn)
        fn(user, level, message);
    else
        fprintf(stderr, "tandem: %s: %s\n", level_names[level], message);
}

void tdi_log_check_environment(void)
{
    pthread_once(&environment_once, read_environment);
    if (atomic_exchange(&environment_is_wrong, false) && tdi_log_enabled(TD_LOG_WARNING))
        deliver(TD_LOG_WARNING, "the environment variable TANDEM_LOG has an unknown value; it may "
                                "be error, warning, info or debug");
}

void tdi_log(td_log_level level, const char *format, ...)
{
    if (!tdi_log_enabled(level))
        return;
    tdi_log_check_environment();
    char message[MESSAGE_CAPACITY];
    va_list arguments;
    va_start(arguments, format);
    int length = tdi_vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length >= 0)
        deliver(level, message);
}
