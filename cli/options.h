/* Options of the command line, described by tables. */
#ifndef TANDEM_CLI_OPTIONS_H
#define TANDEM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How the argument of an option is read, and the type of the member that takes it. */
typedef enum cli_kind {
    CLI_FLAG,   /* no argument; bool */
    CLI_TEXT,   /* const char * */
    CLI_TEXTS,  /* cli_texts: the option may be repeated */
    CLI_COUNT,  /* uint32_t, from `low` to `high` */
    CLI_NUMBER, /* cli_number, from `low` to `high` */
    CLI_INDEX,  /* cli_number: a whole one, from `low` to `high` */
    CLI_VECTOR, /* cli_vector: three numbers with commas */
    CLI_SIZE,   /* cli_size: WxH, 1 to 16384 each */
    CLI_BYTES,  /* uint64_t: 64MiB, 2GB, 1000000 */
    CLI_CHOICE, /* int: the value of one of `words` */
    CLI_SET,    /* uint32_t: the values of some of `words`, with commas, or-ed */
    CLI_COLOR,  /* cli_color: env, none or #RRGGBB */
    CLI_LATER,  /* refused: its time has not come */
} cli_kind;

#define CLI_MOST_TEXTS 64

typedef struct cli_texts {
    const char *items[CLI_MOST_TEXTS];
    uint32_t count;
} cli_texts;

typedef struct cli_number {
    bool given;
    double value;
} cli_number;

typedef struct cli_vector {
    bool given;
    double value[3];
} cli_vector;

typedef struct cli_size {
    uint32_t width;
    uint32_t height;
} cli_size;

typedef struct cli_color {
    bool given; /* and neither "none" nor "env" */
    bool env;
    uint8_t srgb[3];
} cli_color;

/* A word and what it stands for; one without text ends a list. */
typedef struct cli_word {
    const char *text;
    int value;
    bool later; /* known, but refused so far */
} cli_word;

typedef struct cli_option {
    const char *name; /* without hyphens; NULL ends a table */
    char letter;      /* 0: none */
    cli_kind kind;
    size_t offset;        /* of the member that takes the value */
    const char *argument; /* what help calls it */
    const char *help;
    double low;
    double high;
    const cli_word *words;
} cli_option;

/* A command: what help says, and what runs it. */
typedef struct cli_command {
    const char *name;
    const char *usage; /* after "tandem NAME " */
    const char *summary;
    const cli_option *options;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} cli_command;

/* Reads options into `values`, in any order with the other arguments, which are left behind:
 * argv[*first] to argv[argc - 1]. False after a message on standard error; the exit code is then
 * CLI_EXIT_USAGE. */
bool cli_parse(const cli_option *options, int argc, char **argv, void *values, int *first);

/* As cli_parse, for commands that take from `low` to `high` other arguments. */
bool cli_parse_command(const cli_command *command, int argc, char **argv, void *values, int low,
                       int high, int *first);

void cli_print_options(FILE *stream, const cli_option *options);

#endif
