#include "options.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "messages.h"

#define MOST_OPTIONS 96
#define FIRST_LONG   1000 /* above every letter */
#define LARGEST_SIDE 16384
#define HELP_COLUMN  30
#define HELP_WIDTH   80
#define MOST_WORD    64

static void *member(void *values, const cli_option *option)
{
    return (char *)values + option->offset;
}

/* Copies the first part of `text`, up to a separator or the end, and steps behind it. False if it
 * does not fit. */
static bool next_part(const char **text, char separator, char *part, size_t capacity)
{
    const char *end = strchr(*text, separator);
    size_t length = end ? (size_t)(end - *text) : strlen(*text);
    if (length >= capacity)
        return false;
    memcpy(part, *text, length);
    part[length] = '\0';
    *text += length + (end ? 1 : 0);
    return true;
}

static bool read_count(const cli_option *option, const char *text, void *out)
{
    uint32_t value;
    if (tdi_parse_u32(text, &value) && value >= option->low && value <= option->high) {
        *(uint32_t *)out = value;
        return true;
    }
    (void)cli_usage("--%s %s: is not a whole number from %.0f to %.0f", option->name, text,
                    option->low, option->high);
    return false;
}

static bool read_index(const cli_option *option, const char *text, void *out)
{
    uint32_t value;
    bool good = read_count(option, text, &value);
    if (good)
        *(cli_number *)out = (cli_number){.given = true, .value = value};
    return good;
}

static bool read_number(const cli_option *option, const char *text, void *out)
{
    double value;
    if (tdi_parse_f64(text, &value) && value >= option->low && value <= option->high) {
        *(cli_number *)out = (cli_number){.given = true, .value = value};
        return true;
    }
    (void)cli_usage("--%s %s: is not a number from %g to %g", option->name, text, option->low,
                    option->high);
    return false;
}

static bool read_vector(const cli_option *option, const char *text, void *out)
{
    cli_vector vector = {.given = true};
    const char *at = text;
    bool good = true;
    for (int i = 0; i < 3 && good; i++) {
        char part[MOST_WORD];
        good = next_part(&at, ',', part, sizeof part) && tdi_parse_f64(part, &vector.value[i]);
    }
    if (good && *at == '\0' && at > text && at[-1] != ',') {
        *(cli_vector *)out = vector;
        return true;
    }
    (void)cli_usage("--%s %s: is not three numbers with commas between them", option->name, text);
    return false;
}

static bool read_size(const cli_option *option, const char *text, void *out)
{
    cli_size size;
    char part[MOST_WORD];
    const char *at = text;
    if (next_part(&at, 'x', part, sizeof part) && tdi_parse_u32(part, &size.width) &&
        tdi_parse_u32(at, &size.height) && size.width > 0 && size.height > 0 &&
        size.width <= LARGEST_SIDE && size.height <= LARGEST_SIDE) {
        *(cli_size *)out = size;
        return true;
    }
    (void)cli_usage("--%s %s: is not a size like 1280x720, from 1 to %d each way", option->name,
                    text, LARGEST_SIDE);
    return false;
}

static bool read_bytes(const cli_option *option, const char *text, void *out)
{
    uint64_t value;
    if (tdi_parse_size(text, &value) && value > 0) {
        *(uint64_t *)out = value;
        return true;
    }
    (void)cli_usage("--%s %s: is not an amount of memory like 512MiB or 2GB", option->name, text);
    return false;
}

static const cli_word *find_word(const cli_word *words, const char *text)
{
    for (; words->text; words++) {
        if (strcmp(words->text, text) == 0)
            return words;
    }
    return NULL;
}

/* Looks a word up; says what there is if it is none. */
static const cli_word *need_word(const cli_option *option, const char *text)
{
    const cli_word *word = find_word(option->words, text);
    if (word && !word->later)
        return word;
    if (word) {
        (void)cli_usage("--%s %s: is not there yet", option->name, text);
        return NULL;
    }
    tdi_text_builder list = {0};
    for (word = option->words; word->text; word++) {
        if (!word->later)
            tdi_text_append(&list, "%s%s", list.length ? ", " : "", word->text);
    }
    (void)cli_usage("--%s %s: is none of %s", option->name, text, list.data ? list.data : "");
    tdi_text_free(&list);
    return NULL;
}

static bool read_choice(const cli_option *option, const char *text, void *out)
{
    const cli_word *word = need_word(option, text);
    if (word)
        *(int *)out = word->value;
    return word != NULL;
}

static bool read_set(const cli_option *option, const char *text, void *out)
{
    uint32_t bits = 0;
    const char *at = text;
    do {
        char part[MOST_WORD];
        if (!next_part(&at, ',', part, sizeof part)) {
            (void)cli_usage("--%s %s: is too long", option->name, text);
            return false;
        }
        const cli_word *word = need_word(option, part);
        if (!word)
            return false;
        bits |= (uint32_t)word->value;
    } while (*at != '\0');
    *(uint32_t *)out = bits;
    return true;
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    char lower = digit >= 'A' && digit <= 'F' ? (char)(digit - 'A' + 'a') : digit;
    const char *at = lower ? strchr(digits, lower) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool read_color(const cli_option *option, const char *text, void *out)
{
    cli_color color = {.env = strcmp(text, "env") == 0};
    color.given = !color.env && strcmp(text, "none") != 0;
    bool good = !color.given || (text[0] == '#' && strlen(text) == 7);
    for (int i = 0; good && color.given && i < 3; i++) {
        int high = hex_digit(text[1 + 2 * i]);
        int low = hex_digit(text[2 + 2 * i]);
        good = high >= 0 && low >= 0;
        color.srgb[i] = (uint8_t)(good ? high * 16 + low : 0);
    }
    if (good) {
        *(cli_color *)out = color;
        return true;
    }
    (void)cli_usage("--%s %s: is neither env, none nor a colour like #1a2b3c", option->name, text);
    return false;
}

static bool read_texts(const cli_option *option, const char *text, void *out)
{
    cli_texts *texts = out;
    if (texts->count == CLI_MOST_TEXTS) {
        (void)cli_usage("--%s: can be given %d times at most", option->name, CLI_MOST_TEXTS);
        return false;
    }
    texts->items[texts->count++] = text;
    return true;
}

static bool read_value(const cli_option *option, const char *text, void *values)
{
    void *out = member(values, option);
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)out = true;
        return true;
    case CLI_TEXT:
        *(const char **)out = text;
        return true;
    case CLI_TEXTS:
        return read_texts(option, text, out);
    case CLI_COUNT:
        return read_count(option, text, out);
    case CLI_NUMBER:
        return read_number(option, text, out);
    case CLI_INDEX:
        return read_index(option, text, out);
    case CLI_VECTOR:
        return read_vector(option, text, out);
    case CLI_SIZE:
        return read_size(option, text, out);
    case CLI_BYTES:
        return read_bytes(option, text, out);
    case CLI_CHOICE:
        return read_choice(option, text, out);
    case CLI_SET:
        return read_set(option, text, out);
    case CLI_COLOR:
        return read_color(option, text, out);
    case CLI_LATER:
        break;
    }
    (void)cli_usage("--%s: is not there yet", option->name);
    return false;
}

/* getopt_long's own tables. */
typedef struct getopt_tables {
    struct option options[MOST_OPTIONS + 1];
    char letters[2 * MOST_OPTIONS + 3];
} getopt_tables;

static void fill_tables(const cli_option *options, getopt_tables *tables)
{
    memset(tables, 0, sizeof *tables);
    char *letter = tables->letters;
    *letter++ = ':'; /* a missing argument is told apart from an unknown option */
    for (int i = 0; options[i].name && i < MOST_OPTIONS; i++) {
        /* What is not there yet is refused with or without an argument. */
        bool bare = options[i].kind == CLI_FLAG;
        int argument = options[i].kind == CLI_LATER ? optional_argument
                       : bare                       ? no_argument
                                                    : required_argument;
        tables->options[i] =
            (struct option){.name = options[i].name, .has_arg = argument, .val = FIRST_LONG + i};
        if (options[i].letter != 0) {
            *letter++ = options[i].letter;
            if (!bare)
                *letter++ = ':';
        }
    }
}

static const cli_option *find_option(const cli_option *options, int code)
{
    if (code >= FIRST_LONG)
        return &options[code - FIRST_LONG];
    for (; options->name; options++) {
        if (options->letter == code)
            return options;
    }
    return NULL;
}

/* The number of options that begin like this "--name" or "--name=value". */
static int count_beginnings(const cli_option *options, const char *text)
{
    int count = 0;
    text += strspn(text, "-");
    for (; options->name; options++)
        count += strncmp(options->name, text, strcspn(text, "=")) == 0;
    return count;
}

static void say_unknown(const cli_option *options, char **argv)
{
    if (optopt > 0 && optopt < FIRST_LONG)
        (void)cli_usage("-%c: there is no such option; see tandem help %s", optopt, argv[0]);
    else if (optopt >= FIRST_LONG)
        (void)cli_usage("%s: takes no argument", argv[optind - 1]);
    else
        (void)cli_usage("%s: %s; see tandem help %s", argv[optind - 1],
                        count_beginnings(options, argv[optind - 1]) > 1 ? "could be several options"
                                                                        : "there is no such option",
                        argv[0]);
}

bool cli_parse(const cli_option *options, int argc, char **argv, void *values, int *first)
{
    getopt_tables tables;
    fill_tables(options, &tables);
    opterr = 0;
    optind = 1;
    for (;;) {
        int code = getopt_long(argc, argv, tables.letters, tables.options, NULL);
        if (code == -1)
            break;
        if (code == ':') {
            (void)cli_usage("%s: needs an argument", argv[optind - 1]);
            return false;
        }
        const cli_option *option = code == '?' ? NULL : find_option(options, code);
        if (!option) {
            say_unknown(options, argv);
            return false;
        }
        if (!read_value(option, optarg, values))
            return false;
    }
    *first = optind;
    return true;
}

bool cli_parse_command(const cli_command *command, int argc, char **argv, void *values, int low,
                       int high, int *first)
{
    if (!cli_parse(command->options, argc, argv, values, first))
        return false;
    int count = argc - *first;
    if (count >= low && count <= high)
        return true;
    if (count > high)
        (void)cli_usage("%s: is one argument too many; usage: tandem %s %s", argv[*first + high],
                        command->name, command->usage);
    else
        (void)cli_usage("an argument is missing; usage: tandem %s %s", command->name,
                        command->usage);
    return false;
}

/* Prints text in a column of its own, broken between words. */
static void print_wrapped(FILE *stream, const char *text)
{
    int column = HELP_COLUMN;
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
            (void)fprintf(stream, "\n%-*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        (void)fprintf(stream, " %.*s", length, text);
        column += 1 + length;
        text += length;
        text += strspn(text, " ");
    }
    (void)fputs("\n", stream);
}

void cli_print_options(FILE *stream, const cli_option *options)
{
    for (; options->name; options++) {
        if (options->kind == CLI_LATER)
            continue;
        char head[MOST_WORD * 2];
        char letter[8] = "    ";
        if (options->letter != 0)
            tdi_snprintf(letter, sizeof letter, "-%c, ", options->letter);
        tdi_snprintf(head, sizeof head, "  %s--%s%s%s", letter, options->name,
                     options->argument ? " " : "", options->argument ? options->argument : "");
        (void)fprintf(stream, "%-*s", HELP_COLUMN, head);
        if (strlen(head) >= HELP_COLUMN)
            (void)fprintf(stream, "\n%-*s", HELP_COLUMN, "");
        print_wrapped(stream, options->help);
    }
}
