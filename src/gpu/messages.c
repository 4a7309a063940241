#include "gpu/messages.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

#define RING_SIZE 32

typedef struct message {
    td_log_level level;
    char text[1536];
} message;

struct tdi_messages {
    tdi_mutex mutex;
    tdi_cond changed;
    tdi_thread thread;
    message ring[RING_SIZE];
    uint32_t first;
    uint32_t count;
    uint32_t dropped;
    bool stopping;
};

/* Waits for a message; false when there will be none. */
static bool next_message(tdi_messages *messages, message *out, uint32_t *dropped)
{
    tdi_mutex_lock(&messages->mutex);
    while (messages->count == 0 && !messages->stopping)
        tdi_cond_wait(&messages->changed, &messages->mutex);
    bool any = messages->count > 0;
    if (any) {
        *out = messages->ring[messages->first];
        messages->first = (messages->first + 1) % RING_SIZE;
        messages->count--;
    }
    *dropped = messages->dropped;
    messages->dropped = 0;
    tdi_mutex_unlock(&messages->mutex);
    return any;
}

static void log_messages(void *user)
{
    tdi_messages *messages = user;
    message next;
    uint32_t dropped;
    while (next_message(messages, &next, &dropped)) {
        tdi_log(next.level, "%s", next.text);
        if (dropped > 0)
            tdi_log(next.level, "%u more messages of the validation layer were dropped", dropped);
    }
}

static td_result start(tdi_messages *messages)
{
    TDI_TRY(tdi_mutex_init(&messages->mutex, TDI_RANK_LOG));
    td_result result = tdi_cond_init(&messages->changed);
    if (result != TD_OK) {
        tdi_mutex_destroy(&messages->mutex);
        return result;
    }
    result = tdi_thread_start(&messages->thread, "td-messages", log_messages, messages);
    if (result != TD_OK) {
        tdi_cond_destroy(&messages->changed);
        tdi_mutex_destroy(&messages->mutex);
    }
    return result;
}

td_result tdi_messages_create(tdi_messages **out)
{
    tdi_messages *messages = tdi_alloc_zero(1, sizeof *messages);
    if (!messages)
        return TD_ERROR_HOST_MEMORY;
    td_result result = start(messages);
    if (result != TD_OK) {
        tdi_free(messages);
        return result;
    }
    *out = messages;
    return TD_OK;
}

void tdi_messages_destroy(tdi_messages *messages)
{
    if (!messages)
        return;
    tdi_mutex_lock(&messages->mutex);
    messages->stopping = true;
    tdi_cond_signal(&messages->changed);
    tdi_mutex_unlock(&messages->mutex);
    tdi_thread_join(&messages->thread);
    tdi_cond_destroy(&messages->changed);
    tdi_mutex_destroy(&messages->mutex);
    tdi_free(messages);
}

void tdi_messages_add(tdi_messages *messages, td_log_level level, const char *id, const char *text)
{
    tdi_mutex_lock(&messages->mutex);
    if (messages->count < RING_SIZE) {
        message *slot = &messages->ring[(messages->first + messages->count++) % RING_SIZE];
        slot->level = level;
        tdi_snprintf(slot->text, sizeof slot->text, "%s: %s", id, text);
        tdi_cond_signal(&messages->changed);
    } else {
        messages->dropped++;
    }
    tdi_mutex_unlock(&messages->mutex);
}
