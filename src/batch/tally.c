#include "batch/tally.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "batch/sink.h"

#define MOST_SENTENCES 1000
/* One view that cannot be written may be a matter of its name; this many in a row are a full disk
 * or a folder that is gone. */
#define UNWRITTEN_LIMIT 4

td_result tdi_tally_init(tdi_tally *tally, uint64_t views)
{
    memset(tally, 0, sizeof *tally);
    tally->file_bytes = tdi_alloc_zero((size_t)views, TDI_OUTPUT_COUNT * sizeof(uint64_t));
    if (!tally->file_bytes)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&tally->lock, TDI_RANK_BATCH);
    if (result != TD_OK) {
        tdi_free(tally->file_bytes);
        tally->file_bytes = NULL;
    }
    return result;
}

void tdi_tally_free(tdi_tally *tally)
{
    if (!tally->file_bytes)
        return;
    for (size_t i = 0; i < tally->failure_count; i++)
        tdi_free(tally->failures[i].sentence);
    tdi_free(tally->failures);
    tdi_free(tally->file_bytes);
    tdi_mutex_destroy(&tally->lock);
    memset(tally, 0, sizeof *tally);
}

void tdi_tally_file(tdi_tally *tally, uint64_t view, uint32_t output, uint64_t bytes)
{
    tdi_mutex_lock(&tally->lock);
    tally->file_bytes[view * TDI_OUTPUT_COUNT + output] = bytes;
    tally->files++;
    tally->bytes += bytes;
    tdi_mutex_unlock(&tally->lock);
}

void tdi_tally_done(tdi_tally *tally)
{
    uint64_t now = tdi_now_ns();
    tdi_mutex_lock(&tally->lock);
    tally->done++;
    tally->unwritten = 0;
    if (tally->first_done_ns == 0)
        tally->first_done_ns = now;
    tdi_mutex_unlock(&tally->lock);
}

/* The order in which exit codes go, the gravest highest. */
static int gravity(td_result result)
{
    switch (result) {
    case TD_OK:
        return 0;
    case TD_ERROR_DEVICE_LOST:
    case TD_ERROR_NO_DEVICE:
    case TD_ERROR_VULKAN:
    case TD_ERROR_DEVICE_MEMORY:
        return 4;
    case TD_ERROR_BUDGET:
        return 3;
    case TD_ERROR_IO:
    case TD_ERROR_EXISTS:
        return 2;
    default:
        return 1;
    }
}

static void keep_failure(tdi_tally *tally, uint64_t view, td_result result, char *sentence)
{
    if (tdi_grow((void **)&tally->failures, &tally->failure_capacity, tally->failure_count + 1,
                 sizeof *tally->failures) != TD_OK) {
        tdi_free(sentence);
        return;
    }
    tally->failures[tally->failure_count++] =
        (tdi_failure){.view = view, .result = result, .sentence = sentence};
}

void tdi_tally_failed(tdi_tally *tally, uint64_t view, td_result result)
{
    char *sentence = tdi_strdup(td_last_error());
    tdi_mutex_lock(&tally->lock);
    if (tally->failure_count >= MOST_SENTENCES) {
        tdi_free(sentence);
        sentence = NULL;
    }
    keep_failure(tally, view, result, sentence);
    if (view != UINT64_MAX)
        tally->failed++;
    if (gravity(result) > gravity(tally->gravest))
        tally->gravest = result;
    if (result == TD_ERROR_IO)
        tally->unwritten++;
    tdi_mutex_unlock(&tally->lock);
}

bool tdi_tally_hopeless(tdi_tally *tally)
{
    tdi_mutex_lock(&tally->lock);
    bool hopeless = tally->gravest == TD_ERROR_DEVICE_LOST || tally->unwritten >= UNWRITTEN_LIMIT;
    tdi_mutex_unlock(&tally->lock);
    return hopeless;
}
