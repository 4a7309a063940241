#include "scene/gltf_json.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define LONGEST_SENTENCE 512

td_result tdi_json_parse(const uint8_t *text, size_t size, json_t **root)
{
    json_error_t error;
    *root = json_loadb((const char *)text, size, 0, &error);
    if (*root != NULL)
        return TD_OK;
    if (json_error_code(&error) == json_error_out_of_memory)
        return tdi_fail(TD_ERROR_HOST_MEMORY, "out of host memory while parsing JSON");
    return tdi_fail(TD_ERROR_INPUT, "JSON, line %d, column %d: %s", error.line, error.column,
                    error.text);
}

/* RFC 6901: ~ is ~0 and / is ~1. */
static void append_key(tdi_text_builder *text, const char *key)
{
    for (; *key != '\0'; key++) {
        if (*key == '~')
            tdi_text_append_bytes(text, "~0", 2);
        else if (*key == '/')
            tdi_text_append_bytes(text, "~1", 2);
        else
            tdi_text_append_bytes(text, key, 1);
    }
}

static void append_place(tdi_text_builder *text, const tdi_json *at)
{
    const tdi_json *way[16];
    size_t depth = 0;
    for (; at->parent != NULL && depth < sizeof way / sizeof *way; at = at->parent)
        way[depth++] = at;
    while (depth-- > 0) {
        tdi_text_append_bytes(text, "/", 1);
        if (way[depth]->key != NULL)
            append_key(text, way[depth]->key);
        else
            tdi_text_append(text, "%zu", way[depth]->index);
    }
}

/* "/pointer: what is wrong"; NULL without memory. */
static char *make_sentence(const tdi_json *at, const char *format, va_list arguments)
{
    char what[LONGEST_SENTENCE];
    tdi_vsnprintf(what, sizeof what, format, arguments);
    tdi_text_builder builder = {0};
    if (at->parent == NULL)
        tdi_text_append(&builder, "root object");
    append_place(&builder, at);
    tdi_text_append(&builder, ": %s", what);
    char *sentence = NULL;
    return tdi_text_take(&builder, &sentence, NULL) == TD_OK ? sentence : NULL;
}

char *tdi_json_sentence(const tdi_json *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sentence = make_sentence(at, format, arguments);
    va_end(arguments);
    return sentence;
}

td_result tdi_json_fail(const tdi_json *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *sentence = make_sentence(at, format, arguments);
    va_end(arguments);
    if (!sentence)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_fail(TD_ERROR_INPUT, "%s", sentence);
    tdi_free(sentence);
    return result;
}

tdi_json tdi_json_member(const tdi_json *object, const char *key)
{
    return (tdi_json){.value = json_object_get(object->value, key), .parent = object, .key = key};
}

tdi_json tdi_json_item(const tdi_json *array, size_t index)
{
    return (tdi_json){
        .value = json_array_get(array->value, index), .parent = array, .index = index};
}

td_result tdi_json_get_array(const tdi_json *object, const char *key, tdi_json *out)
{
    *out = tdi_json_member(object, key);
    if (out->value != NULL && !json_is_array(out->value))
        return tdi_json_fail(out, "is not an array");
    return TD_OK;
}

td_result tdi_json_get_object(const tdi_json *object, const char *key, tdi_json *out)
{
    *out = tdi_json_member(object, key);
    if (out->value != NULL && !json_is_object(out->value))
        return tdi_json_fail(out, "is not an object");
    return TD_OK;
}

td_result tdi_json_get_item(const tdi_json *array, size_t index, tdi_json *out)
{
    *out = tdi_json_item(array, index);
    return json_is_object(out->value) ? TD_OK : tdi_json_fail(out, "is not an object");
}

/* Whole numbers may be written as 4.0 too. Above 2^53 a double no longer tells them apart. */
static bool to_u64(const json_t *value, uint64_t *out)
{
    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0)
            return false;
        *out = (uint64_t)json_integer_value(value);
        return true;
    }
    double number = json_is_real(value) ? json_real_value(value) : -1.0;
    if (!(number >= 0.0 && number <= 0x1p53) || number != floor(number))
        return false;
    *out = (uint64_t)number;
    return true;
}

td_result tdi_json_get_u64(const tdi_json *object, const char *key, uint64_t *out)
{
    tdi_json member = tdi_json_member(object, key);
    if (member.value != NULL && !to_u64(member.value, out))
        return tdi_json_fail(&member, "is not a whole number of at least 0");
    return TD_OK;
}

td_result tdi_json_get_u32(const tdi_json *object, const char *key, uint32_t *out)
{
    uint64_t wide = *out;
    TDI_TRY(tdi_json_get_u64(object, key, &wide));
    if (wide > UINT32_MAX) {
        tdi_json member = tdi_json_member(object, key);
        return tdi_json_fail(&member, "%llu is too large", (unsigned long long)wide);
    }
    *out = (uint32_t)wide;
    return TD_OK;
}

static td_result to_float(const tdi_json *at, float *out)
{
    if (!json_is_number(at->value))
        return tdi_json_fail(at, "is not a number");
    double number = json_number_value(at->value);
    if (!isfinite((float)number))
        return tdi_json_fail(at, "%g is too large", number);
    *out = (float)number;
    return TD_OK;
}

td_result tdi_json_get_float(const tdi_json *object, const char *key, float *out)
{
    tdi_json member = tdi_json_member(object, key);
    return member.value != NULL ? to_float(&member, out) : TD_OK;
}

td_result tdi_json_get_bool(const tdi_json *object, const char *key, bool *out)
{
    tdi_json member = tdi_json_member(object, key);
    if (member.value == NULL)
        return TD_OK;
    if (!json_is_boolean(member.value))
        return tdi_json_fail(&member, "is neither true nor false");
    *out = json_is_true(member.value);
    return TD_OK;
}

td_result tdi_json_get_string(const tdi_json *object, const char *key, const char **out)
{
    tdi_json member = tdi_json_member(object, key);
    if (member.value == NULL)
        return TD_OK;
    if (!json_is_string(member.value))
        return tdi_json_fail(&member, "is not a string");
    *out = json_string_value(member.value);
    return TD_OK;
}

td_result tdi_json_get_floats(const tdi_json *object, const char *key, unsigned count, float *out,
                              bool *found)
{
    tdi_json array;
    TDI_TRY(tdi_json_get_array(object, key, &array));
    if (found != NULL)
        *found = array.value != NULL;
    if (array.value == NULL)
        return TD_OK;
    if (json_array_size(array.value) != count)
        return tdi_json_fail(&array, "has %zu numbers where %u are needed",
                             json_array_size(array.value), count);
    for (unsigned i = 0; i < count; i++) {
        tdi_json item = tdi_json_item(&array, i);
        TDI_TRY(to_float(&item, &out[i]));
    }
    return TD_OK;
}

td_result tdi_json_to_index(const tdi_json *at, size_t count, const char *what, uint32_t *out)
{
    uint64_t index;
    if (!to_u64(at->value, &index))
        return tdi_json_fail(at, "is not the index of a %s", what);
    if (index >= count)
        return tdi_json_fail(at, "%llu is past the last %s (%zu of them)",
                             (unsigned long long)index, what, count);
    *out = (uint32_t)index;
    return TD_OK;
}

td_result tdi_json_get_index(const tdi_json *object, const char *key, size_t count,
                             const char *what, uint32_t *out)
{
    tdi_json member = tdi_json_member(object, key);
    *out = TD_NONE;
    return member.value != NULL ? tdi_json_to_index(&member, count, what, out) : TD_OK;
}

td_result tdi_json_require(const tdi_json *object, const char *key)
{
    if (json_object_get(object->value, key) == NULL)
        return tdi_json_fail(object, "has no \"%s\"", key);
    return TD_OK;
}

td_result tdi_json_get_extension(const tdi_json *object, const char *name, tdi_json *link,
                                 tdi_json *out)
{
    TDI_TRY(tdi_json_get_object(object, "extensions", link));
    return tdi_json_get_object(link, name, out);
}
