/* Patterns of output paths. */
#include "support.h"

#include <string.h>

#include "base/memory.h"
#include "batch/pattern.h"

static void check(const char *text, const char *path)
{
    tdi_pattern *pattern;
    assert_int_equal(tdi_pattern_parse(text, &pattern), TD_OK);
    assert_string_equal(tdi_pattern_text(pattern), text);
    tdi_pattern_values values = {.view = 42, .camera = "front", .output = "depth", .scene = "city"};
    char *found;
    assert_int_equal(tdi_pattern_expand(pattern, &values, &found), TD_OK);
    assert_string_equal(found, path);
    tdi_free(found);
    tdi_pattern_destroy(pattern);
}

static void placeholders_are_replaced(void **state)
{
    (void)state;
    check("out.png", "out.png");
    check("{view}", "42");
    check("{view:04}.png", "0042.png");
    check("{view:4}|", "  42|");
    check("{view:1}", "42");
    check("{scene}/{camera}_{output}{view}.npy", "city/front_depth42.npy");
    check("{{{view}}}", "{42}");
    check("{{view}}", "{view}");
}

static void refuse(const char *text, const char *part)
{
    tdi_pattern *pattern;
    assert_int_equal(tdi_pattern_parse(text, &pattern), TD_ERROR_ARGUMENT);
    assert_null(pattern);
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), part);
}

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    refuse("", "empty");
    refuse("a{b}.png", "{b}");
    refuse("{}", "{}");
    refuse("{view:}", "{view:}");
    refuse("{view:0x4}", "{view:0x4}");
    refuse("{view:999}", "{view:999}");
    refuse("{camera:04}", "{camera:04}");
    refuse("{View}", "{View}");
    refuse("{time}", "not there yet");
    refuse("a{view", "character 2");
    refuse("a}", "character 2");
}

static void placeholders_can_be_asked_for(void **state)
{
    (void)state;
    tdi_pattern *pattern;
    assert_int_equal(tdi_pattern_parse("{view:03}{{scene}}", &pattern), TD_OK);
    assert_true(tdi_pattern_has(pattern, TDI_PLACEHOLDER_VIEW));
    assert_false(tdi_pattern_has(pattern, TDI_PLACEHOLDER_SCENE));
    assert_false(tdi_pattern_has(pattern, TDI_PLACEHOLDER_OUTPUT));
    tdi_pattern_destroy(pattern);
}

static void names_stay_in_their_folder(void **state)
{
    (void)state;
    static const struct {
        const char *name, *safe;
    } cases[] = {
        {"../up", "_._up"},
        {".", "_"},
        {"..", "_."},
        {"a/b\\c", "a_b_c"},
        {"", "_"},
        {"a\nb", "a_b"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
    };
    tdi_pattern *pattern;
    assert_int_equal(tdi_pattern_parse("{camera}", &pattern), TD_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tdi_pattern_values values = {.camera = cases[i].name, .output = "", .scene = ""};
        char *found;
        assert_int_equal(tdi_pattern_expand(pattern, &values, &found), TD_OK);
        assert_string_equal(found, cases[i].safe);
        tdi_free(found);
    }
    tdi_pattern_destroy(pattern);
}

static void memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    support_use_allocator();
    bool failed = true;
    for (uint32_t nth = 1; failed; nth++) {
        support_fail_allocation(nth);
        tdi_pattern *pattern;
        char *path = NULL;
        tdi_pattern_values values = {.camera = "c", .output = "o", .scene = "s"};
        td_result result = tdi_pattern_parse("{scene}/{view:04}_{output}.png", &pattern);
        if (result == TD_OK)
            result = tdi_pattern_expand(pattern, &values, &path);
        failed = support_allocation_failed();
        assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
        tdi_free(path);
        tdi_pattern_destroy(pattern);
    }
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_replaced),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(placeholders_can_be_asked_for),
        cmocka_unit_test(names_stay_in_their_folder),
        cmocka_unit_test(memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
