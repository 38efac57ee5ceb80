/* What the three programs share on the command line: numbers, secrets, output (commands and options: usage.h).
 *
 * Data goes to stdout, words to stderr; one sentence for an error. --json gives one JSON value on stdout. Output goes
 * through a struct cli so that the daemon can run a command for somebody else and send its output back. */
#ifndef SATCHEL_CLI_H
#define SATCHEL_CLI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "pack.h"

struct cli {
    FILE *out, *err;
    int json;  /* --json */
    int color; /* stderr is a terminal and NO_COLOR is not set */
};

/* Reads a number from min to max, in decimal digits and nothing else. E_USAGE, with `what` at the beginning of its
 * sentence ("--port", "a lease"). The programs read every number that somebody typed with this. */
int cli_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out, struct error *e);

/* Prints "program: sentence" on err (with json: {"error": code, "sentence": ...} on out). Returns the exit status. */
int cli_fail(const struct cli *cli, const char *program, const struct error *e);

/* --- secrets: never an argument --- */

#define CLI_SECRET_MAX 1024 /* bytes */
struct cli_secret_from {
    const char *file;   /* a path; or NULL */
    const char *fd;     /* the number of an open descriptor, as it was typed; or NULL */
    const char *prompt; /* if both are NULL, the terminal is asked with this, its echo off */
    int confirm;        /* the terminal is asked twice */
};

/* Reads a secret and drops one newline (LF or CR LF) at its end. *secret is in locked memory, NUL-ended; the caller
 * frees it with cli_secret_free. E_USAGE (there is no terminal: says which options there are; or both a file and a
 * descriptor), E_INPUT (empty, over CLI_SECRET_MAX, a NUL byte, not the same twice), E_REFUSED (others may
 * read the file), E_IO, E_MEMORY; then *secret is
 * NULL. */
int cli_secret(const struct cli_secret_from *from, char **secret, size_t *bytes, struct error *e);

/* Wipes and frees a secret; NULL is allowed. */
void cli_secret_free(char *secret, size_t bytes);

/* --- words --- */
/* Writes the local time of unix milliseconds, as moment_of does: "2026-11-23 20:45 CET". */
void cli_time(uint64_t unix_ms, char out[32]);
/* 1: all that was printed is out, so that whoever reads it was shown it; 0: it is not. */
int cli_is_out(struct cli *cli);

/* Writes "3 changes", "1 change" into out, cut to out_max bytes. Returns out. */
char *cli_count(uint64_t n, const char *singular, const char *plural, char *out, size_t out_max);
/* Writes text for a terminal. Control characters other than newline and tab are shown as U+FFFD, so that a record
 * cannot drive the terminal that shows it. */
void cli_text(FILE *out, const char *text);
/* Writes text for one line of a list: as cli_text, with newline and tab shown as a space, so that no record passes for
 * a line of its own. */
void cli_line(FILE *out, const char *text);

/* Writes a value of CSV as RFC 4180 has it, with control characters as cli_text shows them. defuse: what a spreadsheet
 * would take for a formula, and run, gets an apostrophe in front. */
void cli_csv(FILE *out, const char *text, int defuse);

/* Copies as much of a text as fits into out_max bytes (at least 1) with its NUL, cut at a character of UTF-8. */
void cli_cut(char *out, size_t out_max, const char *text);

#endif
