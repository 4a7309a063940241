#include "fuzz.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say_nothing(void *user, td_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_set_log(say_nothing, NULL, TD_LOG_ERROR);
    fuzz_one(data, size);
    if (tdi_live_blocks() > 0)
        abort();
    return 0;
}
