/* Calls of commands. The row of a command says its words, its options, what it does, and an example; from the row come
 * the parsing, --help, the sentence of E_USAGE and the completion in a shell. A program is a list of rows.
 *
 * On the command line stand the command (`sync`, or two words as `key add`), its words in their order, and options
 * anywhere among them: `--name VALUE`, `--name=VALUE`, `--flag`. Behind `--` everything is a word. Every command has
 * --json and --help. An option given twice counts as it was given last, if its row does not say that it repeats. */
#ifndef SATCHEL_USAGE_H
#define SATCHEL_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli.h"
#include "error.h"

enum {
    USAGE_OPTIONS_MAX = 12, /* of one row */
    USAGE_GIVEN_MAX = 32    /* that one call may give */
};

struct usage_option {
    const char *name;  /* without the dashes; NULL ends a list */
    const char *value; /* what help calls its value, such as "NAME"; NULL: a flag, which has none */
    const char *help;
    uint64_t min, max; /* max not 0: its value is a number between them */
    int required;
    int repeats; /* all that were given count */
};

struct usage {
    const char *group, *name; /* "key", "add"; group NULL: the name stands alone */
    /* What follows the command, separated by spaces: WORD, [WORD] (may be left out), WORD... (one or more). */
    const char *words;
    struct usage_option options[USAGE_OPTIONS_MAX + 1];
    const char *help;    /* what it does: one sentence without its capital and its full stop */
    const char *more;    /* paragraphs that --help shows behind it; NULL: none */
    const char *example; /* a whole command line */
};

/* The two options by which a secret is handed in. before: "" or a word with its dash, such as "new-"; what: "the
 * passphrase". */
#define USAGE_SECRET(before, what)                                                                                     \
    {.name = before "passphrase-file", .value = "FILE", .help = "take " what " from a file"},                          \
    {                                                                                                                  \
        .name = before "passphrase-fd", .value = "NUMBER", .help = "or from an open descriptor"                        \
    }

struct usage_program {
    const char *name;
    const char *about;  /* what it is, below the usage line of --help */
    const char *footer; /* below the list of commands */
    /* "DIR": the first word of every command, and its meaning; NULL: there is none. */
    const char *folder, *folder_help;
    int is_folder_elsewhere; /* help shows that word, and the command line does not have it: it was taken before */
    const struct usage_option *shared; /* options of every command beside --json and --help; NULL: none */
    /* Other words that `help` takes (satchel's kinds of records): 1 if it printed something about it, 0 if there is no
     * such topic. topic NULL: print what there is, below the list of commands. May be NULL. */
    int (*topic)(const char *topic, FILE *out);
    const struct usage *const *rows;
    size_t count;
};

/* One call of a command, parsed. It points into argv. */
struct usage_call {
    struct cli *cli;
    const struct usage *usage;
    const struct usage_option *shared;
    char *folder; /* NULL: the program has none, or it was taken before */
    char **words; /* those behind the command and the folder; ended by NULL */
    int count;
    struct usage_given {
        const struct usage_option *option;
        char *argument; /* the option as it was written, and */
        char *value;    /* its value, which may stand in the same argument; NULL: a flag */
        uint64_t number;
    } given[USAGE_GIVEN_MAX];
    size_t given_count;
    int waiting; /* set by the command: it is done, and something waits for a person */
};

/* Parses a call; argv[0] is the command, argv[argc] is NULL, and both belong to the call from then on. --json sets
 * cli->json. E_USAGE: no such command or option, a value or a word that is missing or too many, a number out of its
 * bounds; the sentence shows how the command is called. */
int usage_parse(const struct usage_program *p, struct cli *cli, int argc, char **argv, struct usage_call *call,
                struct error *e);

/* 1: the call's row or its program has an option of that name. */
int usage_names(const struct usage_call *call, const char *option);
/* Return what was given for an option of the call's row or of its program. If nothing was given: NULL, 0 or
 * `otherwise`. */
const char *usage_text(const struct usage_call *call, const char *option);
const char *usage_text_at(const struct usage_call *call, const char *option, size_t at); /* of one that repeats */
int usage_flag(const struct usage_call *call, const char *option);
uint64_t usage_number(const struct usage_call *call, const char *option, uint64_t otherwise);

/* Writes the form of a command: "satchel key add --label NAME [OPTIONS]". */
void usage_form(const struct usage_program *p, const struct usage *usage, FILE *out);
/* Print what --help prints: usage_help_program for the program, usage_help for one command with its options and its
 * example, or for all of a group ("key"). second may be NULL. usage_help returns 0 if the words are no command and no
 * group. */
void usage_help_program(const struct usage_program *p, FILE *out);
int usage_help(const struct usage_program *p, const char *first, const char *second, FILE *out);

/* Prints what may stand in place of the last of these words (which may be begun already), one a line: commands, and
 * options of the command that stands before. It prints nothing for a file, or for what only a person knows. */
void usage_complete(const struct usage_program *p, int argc, char **argv, FILE *out);

/* Is a program's main. It answers --version, --help, help and --completion WORD..., and hands every other call to
 * `run`, with the command as argv[0]. It prints the sentence of an error and returns the exit status: the error's, or
 * what run set *status to. */
typedef int usage_run(struct cli *cli, int argc, char **argv, int *status, struct error *e);
int usage_main(const struct usage_program *p, int argc, char **argv, usage_run *run);

#endif
