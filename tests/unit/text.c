/* Text: growing strings, numbers, sizes, UTF-8. */
#include "support.h"

#include <locale.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void a_builder_joins_its_parts(void **state)
{
    (void)state;
    tdi_text_builder text = {0};
    char long_part[1001];
    memset(long_part, 'x', 1000);
    long_part[1000] = '\0';
    tdi_text_append(&text, "%s=%d;", "a", 1);
    tdi_text_append(&text, "%s", long_part);
    tdi_text_append_bytes(&text, "\0z", 2);
    char *taken;
    size_t length;
    assert_int_equal(tdi_text_take(&text, &taken, &length), TD_OK);
    assert_int_equal(length, 4 + 1000 + 2);
    assert_memory_equal(taken, "a=1;xxx", 7);
    assert_memory_equal(taken + 1003, "x\0z\0", 4);
    tdi_free(taken);
    assert_null(text.data);
    assert_int_equal(text.length, 0);
}

static void parts_of_every_length_are_whole(void **state)
{
    (void)state;
    for (int width = 1; width < 600; width++) {
        tdi_text_builder text = {0};
        tdi_text_append(&text, "%*d|", width, 7);
        assert_int_equal(text.length, width + 1);
        assert_string_equal(text.data + width - 1, "7|");
        tdi_text_free(&text);
    }
}

static void an_empty_builder_gives_an_empty_string(void **state)
{
    (void)state;
    tdi_text_builder text = {0};
    char *taken;
    assert_int_equal(tdi_text_take(&text, &taken, NULL), TD_OK);
    assert_string_equal(taken, "");
    tdi_free(taken);
    tdi_text_free(&text);
}

static void a_failure_sticks(void **state)
{
    (void)state;
    support_use_allocator();
    tdi_text_builder text = {0};
    support_fail_allocation(1);
    tdi_text_append(&text, "lost");
    assert_true(support_allocation_failed());
    tdi_text_append(&text, "not appended either");
    char *taken = NULL;
    assert_int_equal(tdi_text_take(&text, &taken, NULL), TD_ERROR_HOST_MEMORY);
    assert_null(taken);
    support_restore_allocator();
}

static void numbers_do_not_follow_the_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        skip();
    char text[16];
    double value = 0;
    tdi_snprintf(text, sizeof text, "%.2f", 1.25);
    bool parsed = tdi_parse_f64("2.5", &value);
    setlocale(LC_ALL, "C");
    assert_string_equal(text, "1.25");
    assert_true(parsed);
    assert_true(value == 2.5);
}

static void whole_numbers(void **state)
{
    (void)state;
    uint32_t value = 0;
    assert_true(tdi_parse_u32("0", &value) && value == 0);
    assert_true(tdi_parse_u32("007", &value) && value == 7);
    assert_true(tdi_parse_u32("4294967295", &value) && value == UINT32_MAX);
    value = 5;
    const char *const wrong[] = {"",         " 1",         "1 ",          "+1",
                                 "-1",       "1.0",        "0x1",         "1e3",
                                 "\xd9\xa1", "4294967296", "42949672950", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(tdi_parse_u32(wrong[i], &value));
        assert_int_equal(value, 5);
    }
}

static void real_numbers(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double value;
    } right[] = {{"0", 0.0},      {"-1.5", -1.5},
                 {"+2", 2.0},     {".5", 0.5},
                 {"1.", 1.0},     {"1e3", 1000.0},
                 {"1E-2", 0.01},  {"0.1", 0.1},
                 {"1e-400", 0.0}, {"1.7976931348623157e308", 1.7976931348623157e308}};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        double value = 12345;
        assert_true(tdi_parse_f64(right[i].text, &value));
        assert_true(value == right[i].value);
    }
    const char *const wrong[] = {"",          " 1",  "1 ",    "1,5", "nan",   "inf",
                                 "-infinity", "0x1", "1e",    "1e+", "1e400", "--1",
                                 ".",         "e5",  "1.5.2", "1f",  "1e5e5"};
    double value = 5;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(tdi_parse_f64(wrong[i], &value));
        assert_true(value == 5);
    }
}

static void sizes(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint64_t value;
    } right[] = {{"0", 0},
                 {"512", 512},
                 {"512B", 512},
                 {"1k", 1024},
                 {"1KiB", 1024},
                 {"1kB", 1000},
                 {"512MiB", 536870912},
                 {"512mib", 536870912},
                 {"64M", 67108864},
                 {"64MB", 64000000},
                 {"1GiB", 1073741824},
                 {"2g", 2147483648},
                 {"1GB", 1000000000},
                 {"3TiB", 3298534883328},
                 {"1T", 1099511627776},
                 {"1TB", 1000000000000},
                 {"18446744073709551615", UINT64_MAX},
                 {"16777215TiB", UINT64_MAX - 1099511627775}};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        uint64_t value = 12345;
        assert_true(tdi_parse_size(right[i].text, &value));
        assert_true(value == right[i].value);
    }
    const char *const wrong[] = {"",
                                 "MiB",
                                 "-1",
                                 "1 MiB",
                                 "1MiBs",
                                 "1.5G",
                                 "1PiB",
                                 "1iB",
                                 "1 ",
                                 "18446744073709551616",
                                 "16777216TiB",
                                 "18446744073709551615K"};
    uint64_t value = 5;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(tdi_parse_size(wrong[i], &value));
        assert_true(value == 5);
    }
}

/* Encodes by the definition (RFC 3629, section 3), whatever the value. */
static size_t encode(uint32_t value, size_t length, uint8_t *out)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (length == 1) {
        out[0] = (uint8_t)value;
        return 1;
    }
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (value & 0x3f));
        value >>= 6;
    }
    out[0] = (uint8_t)(leads[length] | value);
    return length;
}

static size_t shortest(uint32_t value)
{
    return value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
}

static void utf8_takes_every_character_in_its_shortest_form(void **state)
{
    (void)state;
    static const uint32_t most[] = {0, 0x7f, 0x7ff, 0xffff, 0x1fffff};
    for (uint32_t value = 0; value <= 0x1fffff; value++) {
        for (size_t length = shortest(value); length <= 4; length++) {
            uint8_t bytes[4];
            encode(value, length, bytes);
            bool is_character = value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
            bool right = is_character && length == shortest(value) && value <= most[length];
            if (tdi_utf8_valid(bytes, length) != right)
                fail_msg("U+%04X in %zu bytes", value, length);
        }
    }
}

static void utf8_that_is_cut_or_stray_is_refused(void **state)
{
    (void)state;
    assert_true(tdi_utf8_valid("", 0));
    assert_true(tdi_utf8_valid("a\xe2\x82\xac"
                               "b",
                               5));
    assert_true(tdi_utf8_valid("\0", 1));
    /* What follows the cut would complete the character, but is not part of the text. */
    assert_false(tdi_utf8_valid("\xe2\x82\xac", 2));
    assert_false(tdi_utf8_valid("\xe2", 1));
    assert_false(tdi_utf8_valid("a\x80", 2));
    assert_false(tdi_utf8_valid("\xe2\x82g", 3));
    assert_false(tdi_utf8_valid("\xf0\x9f\x98g", 4));
    assert_false(tdi_utf8_valid("\xff", 1));
    assert_false(tdi_utf8_valid("\xf8\x88\x80\x80\x80", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_builder_joins_its_parts),
        cmocka_unit_test(parts_of_every_length_are_whole),
        cmocka_unit_test(an_empty_builder_gives_an_empty_string),
        cmocka_unit_test(a_failure_sticks),
        cmocka_unit_test(numbers_do_not_follow_the_locale),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(real_numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(utf8_takes_every_character_in_its_shortest_form),
        cmocka_unit_test(utf8_that_is_cut_or_stray_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
