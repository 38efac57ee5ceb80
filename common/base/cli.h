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

/* A number from min to max, in decimal digits and nothing else. E_USAGE, with `what` at the beginning of its sentence
 * ("--port", "a lease"). The one way in which the programs read a number that somebody typed. */
int cli_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out, struct error *e);

/* Prints "program: sentence" on err (or {"error": code, "sentence": ...} on out with json) and returns the exit status.
 */
int cli_fail(const struct cli *cli, const char *program, const struct error *e);

/* --- secrets: never an argument --- */
/* From file (path), or from descriptor fd (text of a number), or, where both are NULL, from the terminal with prompt
 * (echo off; asked twice where confirm). One trailing newline (LF or CR LF) is dropped. *secret is in locked memory,
 * NUL-ended, freed with cli_secret_free. E_USAGE (no terminal and no file: says which options there are), E_INPUT
 * (empty, over CLI_SECRET_MAX, a NUL byte, not the same twice), E_IO, E_MEMORY. */
#define CLI_SECRET_MAX 1024 /* bytes */
int cli_secret(const char *file, const char *fd, const char *prompt, int confirm, char **secret, size_t *bytes,
               struct error *e);
void cli_secret_free(char *secret, size_t bytes);

/* --- words --- */
/* Local time "2026-11-23 20:45" of unix milliseconds. */
void cli_time(uint64_t unix_ms, char out[32]);
/* "3 changes", "1 change". Returns out. */
char *cli_count(uint64_t n, const char *singular, const char *plural, char *out, size_t out_max);
/* Writes text for a terminal: control characters but newline and tab are shown as U+FFFD, so that a record cannot drive
 * the terminal that shows it. */
void cli_text(FILE *out, const char *text);
/* The same on one line of a list: newline and tab are shown as a space, so that no record passes for a line of its own.
 */
void cli_line(FILE *out, const char *text);

/* As much of a text as fits into out_max bytes (at least 1) with its NUL, cut at a character of UTF-8. */
void cli_cut(char *out, size_t out_max, const char *text);

#endif
