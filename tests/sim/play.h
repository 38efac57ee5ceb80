/* Runs of scripts in processes of their own. */
#ifndef SATCHEL_SIM_PLAY_H
#define SATCHEL_SIM_PLAY_H

#include <stdio.h>
#include <sys/types.h>

#include "script.h"
#include "world.h"

struct play {
    pid_t pid;
    int from; /* a pipe that the result comes through */
    char root[64];
    struct script script;
    struct world *begun; /* by play_before: only the rest of the script is played; NULL: all of it */
};

/* A folder for all runs, in memory where there is /dev/shm, else in /tmp. 0, or -1 with errno. */
int play_start(void);
void play_end(void);

/* Begins to play p->script; kept and trace as world_play's. What it says is taken by play_finish, which waits. */
void play_begin(struct play *p, const char *kept, FILE *trace);
void play_finish(struct play *p, struct world_result *out);

/* The beginning of many scripts, once, in this process. 0, or -1: it cannot be played. */
int play_before(struct world *w, const struct script *s);

/* Both. */
void play_run(const struct script *s, const char *kept, FILE *trace, struct world_result *out);

#endif
