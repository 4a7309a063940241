/* The last error: a sentence for each thread, kept until the next failure. */
#include "support.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/thread.h"

static void fail_returns_its_code_and_keeps_the_sentence(void **state)
{
    (void)state;
    assert_int_equal(tdi_fail(TD_ERROR_INPUT, "%s: %d is wrong", "a.gltf", 7), TD_ERROR_INPUT);
    assert_string_equal(td_last_error(), "a.gltf: 7 is wrong");
    assert_int_equal(tdi_fail(TD_ERROR_IO, "other"), TD_ERROR_IO);
    assert_string_equal(td_last_error(), "other");
}

static void fail_in_puts_the_place_in_front(void **state)
{
    (void)state;
    (void)tdi_fail(TD_ERROR_INPUT, "7 is past the end");
    assert_int_equal(tdi_fail_in(TD_ERROR_INPUT, "/accessors/%d", 3), TD_ERROR_INPUT);
    assert_int_equal(tdi_fail_in(TD_ERROR_INPUT, "%s", "scene.gltf"), TD_ERROR_INPUT);
    assert_string_equal(td_last_error(), "scene.gltf: /accessors/3: 7 is past the end");
}

static void the_sentence_may_quote_itself(void **state)
{
    (void)state;
    (void)tdi_fail(TD_ERROR_IO, "inner");
    (void)tdi_fail(TD_ERROR_IO, "outer (%s)", td_last_error());
    assert_string_equal(td_last_error(), "outer (inner)");
    tdi_set_last_error(td_last_error());
    assert_string_equal(td_last_error(), "outer (inner)");
}

static void percent_signs_of_a_handed_over_sentence_are_kept(void **state)
{
    (void)state;
    tdi_set_last_error("100%s of it");
    assert_string_equal(td_last_error(), "100%s of it");
}

static void long_sentences_are_cut_between_characters(void **state)
{
    (void)state;
    /* Every offset of the cut within a three-byte character (U+20AC). */
    for (int lead = 0; lead < 3; lead++) {
        char text[9001];
        memset(text, 'x', (size_t)lead);
        for (int i = lead; i + 3 < 9000; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        (void)tdi_fail(TD_ERROR_IO, "%s", text);
        const char *sentence = td_last_error();
        size_t length = strlen(sentence);
        assert_in_range(length, 1000, 4096);
        assert_string_equal(sentence + length - 3, "...");
        assert_true(tdi_utf8_valid(sentence, length));
        assert_memory_equal(sentence, text, length - 3);
    }
}

static void numbers_have_a_point_in_every_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
        skip();
    (void)tdi_fail(TD_ERROR_IO, "%.1f", 1.5);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(td_last_error(), "1.5");
}

typedef struct other_thread {
    char before[64];
    char after[64];
} other_thread;

static void fail_on_other_thread(void *user)
{
    other_thread *other = user;
    snprintf(other->before, sizeof other->before, "%s", td_last_error());
    (void)tdi_fail(TD_ERROR_SYSTEM, "there");
    snprintf(other->after, sizeof other->after, "%s", td_last_error());
}

static void each_thread_has_its_own(void **state)
{
    (void)state;
    (void)tdi_fail(TD_ERROR_IO, "here");
    other_thread other = {.before = "not run"};
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "other", fail_on_other_thread, &other), TD_OK);
    tdi_thread_join(&thread);
    assert_string_equal(other.before, "");
    assert_string_equal(other.after, "there");
    assert_string_equal(td_last_error(), "here");
}

static td_result forward(td_result inner, int *reached)
{
    TDI_TRY(inner);
    *reached = 1;
    return TD_OK;
}

static void try_forwards_failures_only(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(forward(TD_ERROR_BUDGET, &reached), TD_ERROR_BUDGET);
    assert_int_equal(reached, 0);
    assert_int_equal(forward(TD_OK, &reached), TD_OK);
    assert_int_equal(reached, 1);
}

static void system_texts_exist_for_all_numbers(void **state)
{
    (void)state;
    assert_string_equal(tdi_system_text(0), "Success");
    assert_true(strlen(tdi_system_text(123456)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_returns_its_code_and_keeps_the_sentence),
        cmocka_unit_test(fail_in_puts_the_place_in_front),
        cmocka_unit_test(the_sentence_may_quote_itself),
        cmocka_unit_test(percent_signs_of_a_handed_over_sentence_are_kept),
        cmocka_unit_test(long_sentences_are_cut_between_characters),
        cmocka_unit_test(numbers_have_a_point_in_every_locale),
        cmocka_unit_test(each_thread_has_its_own),
        cmocka_unit_test(try_forwards_failures_only),
        cmocka_unit_test(system_texts_exist_for_all_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
