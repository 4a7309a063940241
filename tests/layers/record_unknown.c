/* Commands that record_commands.c and record_barriers.c do not have. Nothing in C passes on
 * arguments that it does not know, so a call of such a command is the end: it cannot be overlooked.
 * One function for each, which knows its place and so its name. */
#include "record_stream.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN_MAX 512
static const char *unknown_names[UNKNOWN_MAX];
static uint32_t unknown_count;
static pthread_mutex_t unknown_mutex = PTHREAD_MUTEX_INITIALIZER;

static void end_with(uint32_t place)
{
    fprintf(stderr, "record_calls: %s was called, which the layer cannot write down\n",
            unknown_names[place]);
    abort();
}

#define TIMES_8(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define TIMES_64(X, n)                                                                             \
    TIMES_8(X, n##0)                                                                               \
    TIMES_8(X, n##1)                                                                               \
    TIMES_8(X, n##2)                                                                               \
    TIMES_8(X, n##3) TIMES_8(X, n##4) TIMES_8(X, n##5) TIMES_8(X, n##6) TIMES_8(X, n##7)
/* Octal numbers, hence eight. */
#define TIMES_512(X)                                                                               \
    TIMES_64(X, 00)                                                                                \
    TIMES_64(X, 01)                                                                                \
    TIMES_64(X, 02) TIMES_64(X, 03) TIMES_64(X, 04) TIMES_64(X, 05) TIMES_64(X, 06) TIMES_64(X, 07)

#define UNKNOWN_FUNCTION(n)                                                                        \
    static VKAPI_ATTR void VKAPI_CALL unknown_##n(void)                                            \
    {                                                                                              \
        end_with(n);                                                                               \
    }
TIMES_512(UNKNOWN_FUNCTION)

#define UNKNOWN_ENTRY(n) unknown_##n,
static const PFN_vkVoidFunction unknown_functions[UNKNOWN_MAX] = {TIMES_512(UNKNOWN_ENTRY)};

PFN_vkVoidFunction record_unknown_command(const char *name)
{
    pthread_mutex_lock(&unknown_mutex);
    uint32_t place = 0;
    while (place < unknown_count && strcmp(unknown_names[place], name) != 0)
        place++;
    if (place == unknown_count && place < UNKNOWN_MAX) {
        unknown_names[place] = strdup(name);
        unknown_count++;
    }
    pthread_mutex_unlock(&unknown_mutex);
    return place < UNKNOWN_MAX ? unknown_functions[place] : NULL;
}
