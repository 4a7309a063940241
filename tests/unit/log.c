/* Messages: where they go, which are dropped, and what TANDEM_LOG decides. */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

typedef struct seen_messages {
    int count;
    td_log_level level;
    char text[128];
} seen_messages;

static void remember(void *user, td_log_level level, const char *message)
{
    seen_messages *seen = user;
    seen->count++;
    seen->level = level;
    snprintf(seen->text, sizeof seen->text, "%s", message);
}

static void messages_reach_the_function(void **state)
{
    (void)state;
    seen_messages seen = {0};
    td_set_log(remember, &seen, TD_LOG_DEBUG);
    tdi_log(TD_LOG_INFO, "%d views", 3);
    td_set_log(NULL, NULL, TD_LOG_WARNING);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.level, TD_LOG_INFO);
    assert_string_equal(seen.text, "3 views");
}

static void messages_above_the_level_are_dropped(void **state)
{
    (void)state;
    for (int most = TD_LOG_ERROR; most <= TD_LOG_DEBUG; most++) {
        seen_messages seen = {0};
        td_set_log(remember, &seen, (td_log_level)most);
        for (int level = TD_LOG_ERROR; level <= TD_LOG_DEBUG; level++) {
            assert_int_equal(tdi_log_enabled((td_log_level)level), level <= most);
            tdi_log((td_log_level)level, "message");
        }
        assert_int_equal(seen.count, most + 1);
        assert_int_equal(seen.level, most);
    }
    td_set_log(NULL, NULL, TD_LOG_WARNING);
}

/* Runs in a process of its own: the variable is looked at once. */
static int level_from_environment(const void *user)
{
    if (user)
        setenv("TANDEM_LOG", user, 1);
    else
        unsetenv("TANDEM_LOG");
    td_log_level level = td_default_log_level();
    bool agrees = tdi_log_enabled(level) &&
                  (level == TD_LOG_DEBUG || !tdi_log_enabled((td_log_level)(level + 1)));
    return agrees ? (int)level : 100;
}

static void the_environment_sets_the_default(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(level_from_environment, NULL), TD_LOG_WARNING);
    assert_int_equal(support_run_process(level_from_environment, ""), TD_LOG_WARNING);
    assert_int_equal(support_run_process(level_from_environment, "error"), TD_LOG_ERROR);
    assert_int_equal(support_run_process(level_from_environment, "warning"), TD_LOG_WARNING);
    assert_int_equal(support_run_process(level_from_environment, "info"), TD_LOG_INFO);
    assert_int_equal(support_run_process(level_from_environment, "debug"), TD_LOG_DEBUG);
    assert_int_equal(support_run_process(level_from_environment, "loud"), TD_LOG_WARNING);
}

static int log_to_standard_error(const void *user)
{
    if (!freopen(user, "wb", stderr))
        return 1;
    setenv("TANDEM_LOG", "error", 1);
    tdi_log(TD_LOG_WARNING, "dropped");
    tdi_log(TD_LOG_ERROR, "kept");
    return fflush(stderr);
}

static void without_a_function_standard_error_is_used(void **state)
{
    (void)state;
    support_make_folder();
    char path[512];
    snprintf(path, sizeof path, "%s", support_path("stderr"));
    assert_int_equal(support_run_process(log_to_standard_error, path), 0);
    const char expected[] = "tandem: error: kept\n";
    support_assert_file(path, expected, sizeof expected - 1);
    support_remove_folder();
}

static int log_with_wrong_environment(const void *user)
{
    (void)user;
    setenv("TANDEM_LOG", "loud", 1);
    seen_messages seen = {0};
    td_set_log(remember, &seen, TD_LOG_WARNING);
    tdi_log(TD_LOG_WARNING, "first");
    if (seen.count != 2)
        return 1;
    tdi_log(TD_LOG_WARNING, "second");
    return seen.count == 3 && strcmp(seen.text, "second") == 0 ? 0 : 2;
}

static void an_unknown_environment_value_is_said_once(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(log_with_wrong_environment, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These start processes that look at the environment, so they come before all that does. */
        cmocka_unit_test(the_environment_sets_the_default),
        cmocka_unit_test(without_a_function_standard_error_is_used),
        cmocka_unit_test(an_unknown_environment_value_is_said_once),
        cmocka_unit_test(messages_reach_the_function),
        cmocka_unit_test(messages_above_the_level_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
