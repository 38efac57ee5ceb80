/* A command of satcheld, run on an office as the daemon runs it for its operator. */
#ifndef SATCHEL_TEST_OFFICE_TASK_H
#define SATCHEL_TEST_OFFICE_TASK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "task.h"

/* `count` words; what it printed (data, then words) goes to out. Returns the exit status. */
static int office_task(struct central *c, char *out, size_t out_max, int count, ...)
{
    char *argv[16] = {NULL}, *text = NULL, *words = NULL;
    size_t size = 0, words_size = 0;
    struct cli cli = {open_memstream(&text, &size), open_memstream(&words, &words_size), 0, 0};
    struct task t = {c, &cli, "/tmp", NULL, 0, 0};
    va_list args;
    int status;
    va_start(args, count);
    for (int i = 0; i < count; i++)
        argv[i] = strdup(va_arg(args, const char *));
    va_end(args);
    {
        char *own[16];
        memcpy(own, argv, sizeof own); /* options are taken out of argv */
        status = task_run(&t, count, own);
    }
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    (void)snprintf(out, out_max, "%s%s", text, words);
    for (int i = 0; i < count; i++)
        free(argv[i]);
    free(text);
    free(words);
    return status;
}

/* The same, into one place that office_says looks into. */
static char office_out[16384] __attribute__((unused));
#define OFFICE_TASK(c, count, ...) office_task(c, office_out, sizeof office_out, count, __VA_ARGS__)

static inline void office_says(const char *words)
{
    if (strstr(office_out, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, office_out);
}

#endif
