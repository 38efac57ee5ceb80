/* A run: a script is played on office and laptops, then the weather clears and everything must come into order.
 *
 * world.c is the run and the office's operator; laptop.c is what people do; weather.c is what happens to them;
 * restore.c puts older disks in the office's place. */
#ifndef SATCHEL_SIM_WORLD_H
#define SATCHEL_SIM_WORLD_H

#include <stdint.h>
#include <stdio.h>

#include "luck.h"
#include "process.h"
#include "script.h"

#define WORLD_BEGIN_MS 1772409600000ull /* 2026-03-02 00:00 UTC, a Monday */
#define WORLD_CLONE 6u                  /* the machine that a clone runs on; its name is the laptop's with a ~ */
#define WORLD_IMAGE 8u                  /* the image of laptop m is machine WORLD_IMAGE + m, the office's WORLD_IMAGE */
#define WORLD_EMPTY 15u                 /* a machine with nothing on its disk */
#define WORLD_LOCKED 11                 /* the status of a command that finds the store locked */
#define WORLD_UNVERIFIED 13             /* and of one that finds damage */
#define WORLD_ROUNDS 8                  /* of syncs, once the weather is clear: after them every queue is empty */

struct machine_run;

struct world_laptop {
    const char *name;            /* NULL: nobody has this machine */
    char login[SCRIPT_NAME_MAX]; /* whose laptop it is */
    char device[40], user[40];   /* ids; empty: not known yet */
    int is_enrolled, is_gone;    /* gone: lost, wiped or revoked for good, nothing is expected of it */
    int is_revoked;              /* its work comes to the office, and is held there */
    int is_disabled;             /* so is its person, for now */
    int is_bounded;              /* the office let it bring little, for a time */
    int has_image, image_is_enrolled;
    char image_device[40];
    char backup_device[40]; /* the device that the office's backup knows, */
    char kept_device[40];   /* and the one that the image of its disk does */
    int has_synced;         /* its last sync came to its end: status 0 or 1 */
    int status;             /* of its last command; -1: its machine died under it */
    char ticket[300];       /* that it has, and has not used yet; empty: none */
    unsigned ticket_port;   /* the office's, when it gave it */
    char wants[24];         /* the name that the record of the running command gets */
};

struct world {
    const struct script *script;
    struct luck luck;
    char root[256];
    FILE *trace; /* NULL: nobody wants it */
    struct world_laptop laptops[PROCESS_MACHINES];
    unsigned port;
    unsigned backups, backup; /* how many there were, and the one that is there; 0: none */
    uint64_t office_image;    /* how many entries the log has in the image of the office's disk; 0: there is none */
    int is_unsaid;            /* that is in the office's place, and nobody has said so */
    char revoked[32][40];     /* devices that the office has revoked, or may have */
    unsigned revoked_count;
    char used_ticket[300];   /* the last one that enrolled a laptop; empty: none */
    uint64_t office_down_ms; /* since when it is down; 0: it runs */
    int strange; /* something happened after which a refusal to verify is the right answer: a disk put back or cloned */
    size_t import_end; /* how many entries the log had when the newest export had been taken; SIZE_MAX: not known */
    uint64_t events, commands, syncs, rounds;
};

struct world_result {
    char finding[1024]; /* "": everything holds */
    uint8_t trace_hash[32];
    int fault_waits; /* a call that was to fail, or a power cut, was still to come when the script ended */
    uint64_t events, commands, syncs, bytes, laptop_days;
};

/* Plays the events of the script for which kept is set (NULL: all) in an empty folder. trace: where each command and
 * what it said goes, or NULL; the hash of it is in the result in any case. */
void world_play(const struct script *s, const char *kept, const char *root, FILE *trace, struct world_result *out);

/* The same in two parts, for many runs that begin alike: all events of s, at whose end no program may run; and, in a
 * child of that process, the rest of a script that begins with them, in another empty folder. */
void world_before(struct world *w, const struct script *s, const char *kept, const char *root, FILE *trace);
void world_after(struct world *w, const struct script *s, const char *root, struct world_result *out);

/* --- for laptop.c, weather.c and restore.c --- */

/* The machine of a name: a laptop, a clone, "office"; -1: there is none. */
int world_machine(const struct world *w, const char *name);
/* Has the office, as far as anybody knows, revoked this device? */
int world_is_revoked(const struct world *w, const char *device);
/* A command of the office's operator, on the office that runs; freed with machine_free. NULL: it does not run. */
struct machine_run *world_task(struct world *w, int argc, const char *const *argv);
void world_trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The programs of machines whose disk went dark die. */
void world_reap(struct world *w);
/* The oracle hears of the commands that have ended. */
void world_collect(struct world *w);
/* Everything goes on until then. */
void world_advance(struct world *w, uint64_t until_ms);
/* Until no command runs on the machine, or somebody loses patience. 1: none runs. */
int world_wait(struct world *w, unsigned m);
/* Somebody starts the office, where it does not run. */
void world_office_up(struct world *w);

/* A line that begins with "weather". 0; -1: there is no such weather. */
int weather_happens(struct world *w, int argc, char *const *argv);
/* All of it ends: links, disks, clocks, power. */
void weather_clears(struct world *w);
/* All but one thing: every link breaks after 2,500 bytes each way. */
void weather_stays_thin(struct world *w);

#endif
