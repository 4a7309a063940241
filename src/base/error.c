#include "base/os.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A sentence lives in the thread itself: a failure for want of memory must be tellable too. The
 * longest ones hold a path (at most 4096 bytes on Linux) and are cut. */
static _Thread_local char last_error[TDI_SENTENCE_CAPACITY];

const char *td_result_name(td_result result)
{
    switch (result) {
#define NAME_CASE(name, value, text)                                                               \
    case TD_##name:                                                                                \
        return "TD_" #name;
        TD_RESULT_MAP(NAME_CASE)
#undef NAME_CASE
    }
    return "TD_ERROR_UNKNOWN";
}

const char *td_result_text(td_result result)
{
    switch (result) {
#define TEXT_CASE(name, value, text)                                                               \
    case TD_##name:                                                                                \
        return text;
        TD_RESULT_MAP(TEXT_CASE)
#undef TEXT_CASE
    }
    return "an unknown result";
}

const char *td_last_error(void)
{
    return last_error;
}

/* Puts the dots after the last whole UTF-8 character that fits. */
static void mark_cut(char *text)
{
    size_t end = TDI_SENTENCE_CAPACITY - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    memcpy(text + end, "...", 4);
}

TD_PRINTF(1, 0)
static void set_sentence(const char *format, va_list arguments)
{
    /* An argument may be the present sentence. */
    char sentence[TDI_SENTENCE_CAPACITY];
    int length = tdi_vsnprintf(sentence, sizeof sentence, format, arguments);
    if (length < 0)
        sentence[0] = '\0';
    else if ((size_t)length >= sizeof sentence)
        mark_cut(sentence);
    memcpy(last_error, sentence, strlen(sentence) + 1);
}

td_result tdi_fail(td_result code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_sentence(format, arguments);
    va_end(arguments);
    return code;
}

td_result tdi_fail_in(td_result code, const char *format, ...)
{
    char sentence[TDI_SENTENCE_CAPACITY];
    memcpy(sentence, last_error, sizeof sentence);
    va_list arguments;
    va_start(arguments, format);
    set_sentence(format, arguments);
    va_end(arguments);
    return tdi_fail(code, "%s: %s", last_error, sentence);
}

void tdi_set_last_error(const char *sentence)
{
    (void)tdi_fail(TD_OK, "%s", sentence);
}

const char *tdi_system_text(int code)
{
    const char *text = strerrordesc_np(code);
    return text ? text : "unknown error of the system";
}
