/* Messages of the validation layer reach the log, in order, though they come under locks. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include <tandem/host.h>

#include "base/thread.h"
#include "gpu/messages.h"

static char received[64][64];
static unsigned received_count;
static unsigned flood_count;
static unsigned dropped_count;

/* On the messages' own thread, which has ended when this is read. */
static void receive(void *user, td_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TD_LOG_WARNING);
    unsigned dropped;
    if (strcmp(message, "ID: flood") == 0)
        flood_count++;
    else if (sscanf(message, "%u more messages", &dropped) == 1)
        dropped_count += dropped;
    if (received_count < 64)
        snprintf(received[received_count++], sizeof received[0], "%.63s", message);
}

static tdi_messages *begin(void)
{
    tdi_messages *messages;
    received_count = 0;
    td_set_log(receive, NULL, TD_LOG_WARNING);
    assert_int_equal(tdi_messages_create(&messages), TD_OK);
    return messages;
}

static void end(tdi_messages *messages)
{
    tdi_messages_destroy(messages);
    td_set_log(NULL, NULL, td_default_log_level());
}

static void messages_added_under_a_lock_arrive_in_order(void **state)
{
    (void)state;
    tdi_mutex mutex;
    assert_int_equal(tdi_mutex_init(&mutex, TDI_RANK_QUEUE), TD_OK);
    tdi_messages *messages = begin();
    tdi_mutex_lock(&mutex);
    for (int i = 0; i < 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "number %d", i);
        tdi_messages_add(messages, TD_LOG_WARNING, "ID", text);
    }
    tdi_mutex_unlock(&mutex);
    end(messages);
    tdi_mutex_destroy(&mutex);
    assert_int_equal(received_count, 10);
    assert_string_equal(received[0], "ID: number 0");
    assert_string_equal(received[9], "ID: number 9");
}

static void a_flood_is_counted(void **state)
{
    (void)state;
    tdi_messages *messages = begin();
    for (int i = 0; i < 20000; i++)
        tdi_messages_add(messages, TD_LOG_WARNING, "ID", "flood");
    end(messages);
    assert_true(flood_count > 0);
    assert_int_equal(flood_count + dropped_count, 20000);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    tdi_messages *messages = begin();
    tdi_messages_add(messages, TD_LOG_WARNING, "ID", text);
    end(messages);
    assert_int_equal(received_count, 1);
    assert_memory_equal(received[0], "ID: xxx", 7);
}

static void faults_of_host_memory_and_threads_leave_nothing(void **state)
{
    (void)state;
    tdi_messages *messages;
    support_use_allocator();
    support_fail_allocation(1);
    assert_int_equal(tdi_messages_create(&messages), TD_ERROR_HOST_MEMORY);
    support_fail_thread(1);
    assert_int_equal(tdi_messages_create(&messages), TD_ERROR_SYSTEM);
    support_restore_threads();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_added_under_a_lock_arrive_in_order),
        cmocka_unit_test(a_flood_is_counted),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(faults_of_host_memory_and_threads_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
