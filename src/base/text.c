#include "base/os.h"

#include "base/text.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* glibc returns its static "C" locale here: nothing is allocated and nothing can fail. */
static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int tdi_vsnprintf(char *out, size_t capacity, const char *format, va_list arguments)
{
    locale_t before = uselocale(c_locale());
    int length = vsnprintf(out, capacity, format, arguments);
    uselocale(before);
    return length;
}

int tdi_snprintf(char *out, size_t capacity, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = tdi_vsnprintf(out, capacity, format, arguments);
    va_end(arguments);
    return length;
}

/* Makes room for `more` bytes and the closing zero. */
static bool reserve(tdi_text_builder *text, size_t more)
{
    if (text->failed)
        return false;
    void *data = text->data;
    if (more > SIZE_MAX - text->length - 1 ||
        tdi_grow(&data, &text->capacity, text->length + more + 1, 1) != TD_OK) {
        text->failed = true;
        return false;
    }
    text->data = data;
    return true;
}

TD_PRINTF(2, 0)
static void append_formatted(tdi_text_builder *text, const char *format, va_list arguments,
                             va_list again)
{
    char small[256];
    int length = tdi_vsnprintf(small, sizeof small, format, arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if ((size_t)length < sizeof small) {
        tdi_text_append_bytes(text, small, (size_t)length);
        return;
    }
    if (!reserve(text, (size_t)length))
        return;
    tdi_vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
}

void tdi_text_append(tdi_text_builder *text, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    append_formatted(text, format, arguments, again);
    va_end(again);
    va_end(arguments);
}

void tdi_text_append_bytes(tdi_text_builder *text, const void *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    if (size)
        memcpy(text->data + text->length, bytes, size);
    text->length += size;
    text->data[text->length] = '\0';
}

td_result tdi_text_take(tdi_text_builder *text, char **out, size_t *length)
{
    tdi_text_append_bytes(text, NULL, 0);
    if (text->failed) {
        tdi_text_free(text);
        return tdi_fail(TD_ERROR_HOST_MEMORY, "out of host memory while a text was written");
    }
    *out = text->data;
    if (length)
        *length = text->length;
    *text = (tdi_text_builder){0};
    return TD_OK;
}

void tdi_text_free(tdi_text_builder *text)
{
    tdi_free(text->data);
    *text = (tdi_text_builder){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads decimal digits; `*end` is the first character after them. */
static bool parse_digits(const char *text, uint64_t limit, uint64_t *out, const char **end)
{
    uint64_t value = 0;
    const char *at = text;
    for (; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    *end = at;
    return at != text;
}

bool tdi_parse_u32(const char *text, uint32_t *out)
{
    uint64_t value;
    const char *end;
    if (!parse_digits(text, UINT32_MAX, &value, &end) || *end)
        return false;
    *out = (uint32_t)value;
    return true;
}

bool tdi_parse_f64(const char *text, double *out)
{
    if (!*text || text[strspn(text, "0123456789+-.eE")])
        return false;
    char *end;
    double value = strtod_l(text, &end, c_locale());
    if (end == text || *end || !isfinite(value))
        return false;
    *out = value;
    return true;
}

bool tdi_parse_size(const char *text, uint64_t *out)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"K", UINT64_C(1) << 10},
        {"KiB", UINT64_C(1) << 10},
        {"KB", UINT64_C(1000)},
        {"M", UINT64_C(1) << 20},
        {"MiB", UINT64_C(1) << 20},
        {"MB", UINT64_C(1000000)},
        {"G", UINT64_C(1) << 30},
        {"GiB", UINT64_C(1) << 30},
        {"GB", UINT64_C(1000000000)},
        {"T", UINT64_C(1) << 40},
        {"TiB", UINT64_C(1) << 40},
        {"TB", UINT64_C(1000000000000)},
    };
    uint64_t value;
    const char *unit;
    if (!parse_digits(text, UINT64_MAX, &value, &unit))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcasecmp(unit, units[i].name) != 0)
            continue;
        if (value > UINT64_MAX / units[i].factor)
            return false;
        *out = value * units[i].factor;
        return true;
    }
    return false;
}

/* Length of the well-formed sequence at `at`, 0 if there is none. The second byte's range is what
 * excludes overlong forms (E0, F0), surrogates (ED) and values above U+10FFFF (F4). */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    unsigned char lead = at[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > left)
        return 0;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool tdi_utf8_valid(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    while (size > 0) {
        size_t length = utf8_sequence(at, size);
        if (length == 0)
            return false;
        at += length;
        size -= length;
    }
    return true;
}
