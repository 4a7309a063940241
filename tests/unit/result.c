/* The table of result codes: every code has the value, the name and a text that callers rely on. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include <tandem/result.h>

/* Written out by hand: values are part of the binary interface and never change. */
static const struct {
    int value;
    const char *name;
} expected[] = {
    {0, "TD_OK"},
    {-1, "TD_ERROR_AGAIN"},
    {-2, "TD_ERROR_TIMEOUT"},
    {-3, "TD_ERROR_CANCELLED"},
    {-4, "TD_ERROR_ARGUMENT"},
    {-5, "TD_ERROR_STATE"},
    {-6, "TD_ERROR_HOST_MEMORY"},
    {-7, "TD_ERROR_DEVICE_MEMORY"},
    {-8, "TD_ERROR_BUDGET"},
    {-9, "TD_ERROR_NO_DEVICE"},
    {-10, "TD_ERROR_DEVICE_LOST"},
    {-11, "TD_ERROR_VULKAN"},
    {-12, "TD_ERROR_UNSUPPORTED"},
    {-13, "TD_ERROR_INPUT"},
    {-14, "TD_ERROR_NOT_FOUND"},
    {-15, "TD_ERROR_EXISTS"},
    {-16, "TD_ERROR_IO"},
    {-17, "TD_ERROR_SYSTEM"},
};
#define EXPECTED_COUNT (sizeof expected / sizeof expected[0])

static void names_and_values_are_fixed(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++)
        assert_string_equal(td_result_name((td_result)expected[i].value), expected[i].name);
}

static void table_has_no_other_codes(void **state)
{
    (void)state;
    size_t count = 0;
#define COUNT_ONE(name, value, text) count++;
    TD_RESULT_MAP(COUNT_ONE)
#undef COUNT_ONE
    assert_int_equal(count, EXPECTED_COUNT);
}

static void texts_are_present_and_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        const char *text = td_result_text((td_result)expected[i].value);
        assert_true(strlen(text) > 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, td_result_text((td_result)expected[j].value));
    }
}

static void foreign_values_have_a_name_and_a_text(void **state)
{
    (void)state;
    const int foreign[] = {1, -18, -1000};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_string_equal(td_result_name((td_result)foreign[i]), "TD_ERROR_UNKNOWN");
        assert_true(strlen(td_result_text((td_result)foreign[i])) > 0);
    }
}

static void version_is_that_of_the_header(void **state)
{
    (void)state;
    char expected_version[32];
    snprintf(expected_version, sizeof expected_version, "%d.%d.%d", TD_VERSION_MAJOR,
             TD_VERSION_MINOR, TD_VERSION_PATCH);
    assert_string_equal(td_version(), expected_version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_fixed),
        cmocka_unit_test(table_has_no_other_codes),
        cmocka_unit_test(texts_are_present_and_differ),
        cmocka_unit_test(foreign_values_have_a_name_and_a_text),
        cmocka_unit_test(version_is_that_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
