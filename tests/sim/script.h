/* A script: what happens in a run, one event a line, readable and writable by hand. docs/SIMULATION.md has the words.
 *
 *     seed 42
 *     laptops anna ben
 *     0 08:00:00 office case assign :c1 anna
 *     0 09:30:00 anna :c1 = new case client=:p1 risk=high
 *     0 09:31:10 weather anna link delay=300 cut0=4000
 *     0 09:32:00 anna sync
 *
 * What an event draws from chance follows from the seed and its own line: taking a line out changes no other. */
#ifndef SATCHEL_SIM_SCRIPT_H
#define SATCHEL_SIM_SCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCRIPT_LAPTOPS_MAX 5
#define SCRIPT_NAME_MAX 16
#define SCRIPT_WORDS_MAX 20
#define SCRIPT_EVENTS_MAX 20000

struct script_event {
    uint64_t at_s; /* seconds since the run began, at 00:00 of its first day */
    char *line;    /* behind the time, as it is written */
    int argc;      /* its words; argv[0] is who */
    char *argv[SCRIPT_WORDS_MAX + 1];
    char *words; /* that argv points into */
};

struct script {
    uint64_t seed;
    unsigned laptops;
    char names[SCRIPT_LAPTOPS_MAX][SCRIPT_NAME_MAX];
    struct script_event *events; /* in order of time */
    size_t count, room;
};

/* Adds an event: who and what, as one line of shell-like words (single quotes hold spaces). 0; -1: no such line. */
int script_add(struct script *s, uint64_t at_s, const char *line);
int script_addf(struct script *s, uint64_t at_s, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Into order of time; those of one second stay in the order in which they were added. */
void script_sort(struct script *s);

/* 0; -1: words on stderr. */
int script_read(struct script *s, const char *path);
/* kept: one flag for each event, or NULL for all. */
void script_write(const struct script *s, const char *kept, FILE *out);
void script_free(struct script *s);

/* The seed of what this event draws. */
uint64_t script_event_seed(const struct script *s, const struct script_event *ev);

#endif
