#include "batch/pattern.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define MOST_DIGITS 20

/* Literal text, or a placeholder. */
typedef struct pattern_piece {
    bool literal;
    tdi_placeholder placeholder;
    uint32_t width; /* digits at least */
    bool zeros;     /* filled up with zeros, not spaces */
    size_t first;   /* literal: into the pattern's text */
    size_t length;
} pattern_piece;

struct tdi_pattern {
    char *text;
    pattern_piece *pieces;
    size_t count;
    size_t capacity;
};

static const char *const placeholder_names[TDI_PLACEHOLDER_COUNT] = {
    [TDI_PLACEHOLDER_VIEW] = "view",
    [TDI_PLACEHOLDER_CAMERA] = "camera",
    [TDI_PLACEHOLDER_OUTPUT] = "output",
    [TDI_PLACEHOLDER_SCENE] = "scene",
};

static td_result add_piece(tdi_pattern *pattern, const pattern_piece *piece)
{
    TDI_TRY(tdi_grow((void **)&pattern->pieces, &pattern->capacity, pattern->count + 1,
                     sizeof *pattern->pieces));
    pattern->pieces[pattern->count++] = *piece;
    return TD_OK;
}

/* The width in "view:04"; true if all of `text` is one. */
static bool parse_width(const char *text, size_t length, pattern_piece *piece)
{
    piece->zeros = length > 0 && text[0] == '0';
    char digits[4];
    if (length == 0 || length >= sizeof digits)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return tdi_parse_u32(digits, &piece->width) && piece->width <= MOST_DIGITS;
}

/* The inside of a pair of braces. */
static td_result parse_placeholder(tdi_pattern *pattern, const char *inside, size_t length)
{
    const char *colon = memchr(inside, ':', length);
    size_t name_length = colon ? (size_t)(colon - inside) : length;
    if (name_length == 4 && memcmp(inside, "time", 4) == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: {time} is not there yet", pattern->text);
    for (int i = 0; i < TDI_PLACEHOLDER_COUNT; i++) {
        pattern_piece piece = {.placeholder = (tdi_placeholder)i};
        const char *name = placeholder_names[i];
        if (strlen(name) != name_length || memcmp(name, inside, name_length) != 0)
            continue;
        bool numeric = i == TDI_PLACEHOLDER_VIEW;
        if (colon && (!numeric || !parse_width(colon + 1, length - name_length - 1, &piece)))
            break;
        return add_piece(pattern, &piece);
    }
    return tdi_fail(TD_ERROR_ARGUMENT,
                    "%s: {%.*s} is no placeholder; there are {view}, {view:04}, {camera}, {output} "
                    "and {scene}, and {{ for a brace",
                    pattern->text, (int)length, inside);
}

static td_result parse_pieces(tdi_pattern *pattern)
{
    const char *text = pattern->text;
    size_t at = 0;
    while (text[at] != '\0') {
        bool brace = text[at] == '{' || text[at] == '}';
        if (brace && text[at + 1] != text[at]) {
            const char *end = text[at] == '{' ? strchr(text + at, '}') : NULL;
            if (!end)
                return tdi_fail(TD_ERROR_ARGUMENT,
                                "%s: the brace at character %zu has no counterpart; write it "
                                "twice if it is part of the name",
                                text, at + 1);
            size_t length = (size_t)(end - text) - at - 1;
            TDI_TRY(parse_placeholder(pattern, text + at + 1, length));
            at += length + 2;
            continue;
        }
        pattern_piece piece = {.literal = true, .first = at};
        piece.length = brace ? 1 : strcspn(text + at, "{}");
        TDI_TRY(add_piece(pattern, &piece));
        at += brace ? 2 : piece.length;
    }
    return TD_OK;
}

td_result tdi_pattern_parse(const char *text, tdi_pattern **out)
{
    *out = NULL;
    if (text[0] == '\0')
        return tdi_fail(TD_ERROR_ARGUMENT, "the output is an empty name");
    tdi_pattern *pattern = tdi_alloc_zero(1, sizeof *pattern);
    if (!pattern)
        return TD_ERROR_HOST_MEMORY;
    pattern->text = tdi_strdup(text);
    td_result result = pattern->text ? parse_pieces(pattern) : TD_ERROR_HOST_MEMORY;
    if (result != TD_OK) {
        tdi_pattern_destroy(pattern);
        return result;
    }
    *out = pattern;
    return TD_OK;
}

void tdi_pattern_destroy(tdi_pattern *pattern)
{
    if (!pattern)
        return;
    tdi_free(pattern->pieces);
    tdi_free(pattern->text);
    tdi_free(pattern);
}

const char *tdi_pattern_text(const tdi_pattern *pattern)
{
    return pattern->text;
}

bool tdi_pattern_has(const tdi_pattern *pattern, tdi_placeholder placeholder)
{
    for (size_t i = 0; i < pattern->count; i++) {
        if (!pattern->pieces[i].literal && pattern->pieces[i].placeholder == placeholder)
            return true;
    }
    return false;
}

static void append_name(tdi_text_builder *path, const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        bool bad = (unsigned char)*at < 0x20 || *at == '/' || *at == '\\' || *at == 0x7f ||
                   (*at == '.' && at == name);
        tdi_text_append_bytes(path, bad ? "_" : at, 1);
    }
    if (name[0] == '\0')
        tdi_text_append(path, "_");
}

static void append_value(tdi_text_builder *path, const pattern_piece *piece,
                         const tdi_pattern_values *values)
{
    const char *texts[TDI_PLACEHOLDER_COUNT] = {
        [TDI_PLACEHOLDER_CAMERA] = values->camera,
        [TDI_PLACEHOLDER_OUTPUT] = values->output,
        [TDI_PLACEHOLDER_SCENE] = values->scene,
    };
    unsigned long long view = values->view;
    if (piece->placeholder != TDI_PLACEHOLDER_VIEW)
        append_name(path, texts[piece->placeholder]);
    else if (piece->zeros)
        tdi_text_append(path, "%0*llu", (int)piece->width, view);
    else
        tdi_text_append(path, "%*llu", (int)piece->width, view);
}

td_result tdi_pattern_expand(const tdi_pattern *pattern, const tdi_pattern_values *values,
                             char **path)
{
    tdi_text_builder text = {0};
    for (size_t i = 0; i < pattern->count; i++) {
        const pattern_piece *piece = &pattern->pieces[i];
        if (piece->literal)
            tdi_text_append_bytes(&text, pattern->text + piece->first, piece->length);
        else
            append_value(&text, piece, values);
    }
    return tdi_text_take(&text, path, NULL);
}
