/* sim: plays seeds, or one script. docs/SIMULATION.md. Each run is a child of its own, so that one that dies is a
 * finding too, and begins with nothing left of the one before. */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "people.h"
#include "play.h"
#include "shrink.h"
#include "sweep.h"
#include "world.h"

enum { JOBS_MAX = 64 };

static struct options {
    uint64_t seed, seeds;
    unsigned seconds, jobs, weather;
    const char *keep;
    char **scripts; /* NULL-ended */
    int has_seed, traces, shrinks, twice, prints, sweeps, first;
} options = {.seeds = 1, .jobs = 1, .weather = (1u << FORECAST_COUNT) - 1};

static struct {
    uint64_t runs, findings, events, commands, syncs, bytes, laptop_days;
} total;

/* The simulation's clock stands before the C library's: this is the real one. */
static double real_seconds(void)
{
    struct timespec t = {0, 0};
    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- findings --- */

static int fails_alike(const struct script *s, const char *kept, const void *arg)
{
    const char *finding = arg;
    struct world_result r;
    play_run(s, kept, NULL, &r);
    return r.finding[0] != '\0' && r.finding[0] == finding[0];
}

/* The shortest script that we find, into the folder --keep. */
static void keep(const struct script *s, const char *finding)
{
    char path[512], *kept = malloc(s->count + 1);
    struct world_result r;
    size_t count = s->count;
    FILE *f;
    if (kept == NULL)
        abort();
    memset(kept, 1, s->count);
    if (options.shrinks)
        count = shrink(s, kept, fails_alike, finding);
    play_run(s, kept, NULL, &r);
    (void)snprintf(path, sizeof path, "%s/seed-%llu.txt", options.keep, (unsigned long long)s->seed);
    if ((f = fopen(path, "w")) != NULL) {
        (void)fprintf(f, "# %s\n", r.finding[0] != '\0' ? r.finding : finding);
        script_write(s, kept, f);
        (void)fclose(f);
        printf("    %s: %zu of %zu events\n", path, count, s->count);
    }
    free(kept);
}

static void count(const struct script *s, const struct world_result *r)
{
    total.runs++;
    total.events += r->events;
    total.commands += r->commands;
    total.syncs += r->syncs;
    total.bytes += r->bytes;
    total.laptop_days += r->laptop_days;
    if (r->finding[0] == '\0')
        return;
    total.findings++;
    printf("seed %llu: %s\n", (unsigned long long)s->seed, r->finding);
    if (options.keep != NULL)
        keep(s, r->finding);
    (void)fflush(stdout);
}

/* --- all seeds --- */

static int is_time_left(double began, uint64_t started)
{
    if (options.first && total.findings != 0)
        return 0;
    return options.seconds != 0 ? real_seconds() - began < options.seconds : started < options.seeds;
}

static void again(const struct script *s, const struct world_result *first)
{
    struct world_result r;
    play_run(s, NULL, NULL, &r);
    if (memcmp(r.trace_hash, first->trace_hash, sizeof r.trace_hash) == 0)
        return;
    total.findings++;
    printf("seed %llu: 0: played twice, it went two ways\n", (unsigned long long)s->seed);
}

static void play_seeds(void)
{
    static struct play children[JOBS_MAX]; /* they begin with nothing: all of each script is played */
    double began = real_seconds();
    uint64_t started = 0;
    unsigned running = 0, oldest = 0;
    for (;;) {
        struct world_result r;
        struct play *c;
        while (running < options.jobs && is_time_left(began, started)) {
            c = &children[(oldest + running++) % JOBS_MAX];
            people_make(&c->script, options.seed + started++, options.weather);
            play_begin(c, NULL, NULL);
        }
        if (running == 0)
            return;
        c = &children[oldest];
        oldest = (oldest + 1) % JOBS_MAX;
        running--;
        play_finish(c, &r);
        count(&c->script, &r);
        if (options.twice && (c->script.seed - options.seed) % 20 == 0)
            again(&c->script, &r);
        script_free(&c->script);
    }
}

static double core_seconds(void)
{
    struct rusage own, others;
    (void)getrusage(RUSAGE_SELF, &own);
    (void)getrusage(RUSAGE_CHILDREN, &others);
    return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec + others.ru_utime.tv_sec + others.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec + others.ru_utime.tv_usec + others.ru_stime.tv_usec) /
               1e6;
}

static void tell(void)
{
    double seconds = core_seconds();
    printf("%llu runs from seed %llu: %llu findings\n", (unsigned long long)total.runs,
           (unsigned long long)options.seed, (unsigned long long)total.findings);
    printf("%llu laptop-days, %.0f a minute of one core; %llu events, %llu commands, %llu syncs, %.1f MiB over links; "
           "%.1f seconds of one core\n",
           (unsigned long long)total.laptop_days, (double)total.laptop_days / seconds * 60,
           (unsigned long long)total.events, (unsigned long long)total.commands, (unsigned long long)total.syncs,
           (double)total.bytes / 1048576, seconds);
}

/* --- one script --- */

static int play_script(struct script *s, const char *name)
{
    struct world_result r;
    char hex[65];
    if (options.prints) {
        script_write(s, NULL, stdout);
        return 0;
    }
    play_run(s, NULL, options.traces ? stdout : NULL, &r);
    sodium_bin2hex(hex, sizeof hex, r.trace_hash, sizeof r.trace_hash);
    printf("%s: %zu events, trace %s%s%s\n", name, s->count, hex, r.finding[0] != '\0' ? "\nFOUND " : "", r.finding);
    if (r.finding[0] != '\0' && options.keep != NULL)
        keep(s, r.finding);
    return r.finding[0] != '\0';
}

static int play_scripts(void)
{
    struct script s;
    int status = 0;
    for (char **name = options.scripts; *name != NULL; name++) {
        if (script_read(&s, *name) != 0)
            return 2;
        status |= play_script(&s, *name);
        script_free(&s);
    }
    return status;
}

static int play_one_seed(void)
{
    struct script s;
    int status;
    people_make(&s, options.seed, options.weather);
    status = play_script(&s, "the seed");
    script_free(&s);
    return status;
}

/* --- options --- */

static const char usage[] =
    "Usage: sim [--seed N] [--seeds COUNT | --for SECONDS] [--jobs N] [--weather WORD,...|none] [--keep FOLDER]\n"
    "           [--shrink] [--twice]        plays seeds: by default one, chosen anew each time\n"
    "           [--first]                   no more of them once there is a finding\n"
    "       sim FILE... [--trace]              plays scripts\n"
    "       sim --sweep [--keep FOLDER]        a sync, over and over: each call that it makes fails once, on each "
    "side\n"
    "           [SIDE [FAULT [FROM]]]       a part of it: `anna memory 300` are her allocations from the 300th on\n"
    "       sim --seed N --trace | --print     one run: what was said in it, or its script\n";

static int read_weather(const char *words)
{
    options.weather = 0;
    for (unsigned i = 0; i < FORECAST_COUNT; i++)
        if (strcmp(words, "all") == 0 || strstr(words, forecast_names[i]) != NULL)
            options.weather |= 1u << i;
    return options.weather != 0 || strcmp(words, "none") == 0 ? 0 : -1;
}

static int read_options(int argc, char **argv)
{
    static const struct option names[] = {{"seed", 1, NULL, 's'},  {"seeds", 1, NULL, 'n'},   {"for", 1, NULL, 'f'},
                                          {"jobs", 1, NULL, 'j'},  {"weather", 1, NULL, 'w'}, {"keep", 1, NULL, 'k'},
                                          {"trace", 0, NULL, 't'}, {"shrink", 0, NULL, 'h'},  {"twice", 0, NULL, '2'},
                                          {"print", 0, NULL, 'p'}, {"sweep", 0, NULL, 'e'},   {"first", 0, NULL, '1'},
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (c) {
        case 's':
            options.seed = strtoull(optarg, NULL, 10);
            options.has_seed = 1;
            break;
        case 'n':
            options.seeds = strtoull(optarg, NULL, 10);
            break;
        case 'f':
            options.seconds = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'j':
            options.jobs = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'w':
            if (read_weather(optarg) != 0)
                return -1;
            break;
        case 'k':
            options.keep = optarg;
            break;
        case 't':
            options.traces = 1;
            break;
        case 'h':
            options.shrinks = 1;
            break;
        case '2':
            options.twice = 1;
            break;
        case 'e':
            options.sweeps = 1;
            break;
        case 'p':
            options.prints = 1;
            break;
        case '1':
            options.first = 1;
            break;
        default:
            return -1;
        }
    }
    options.scripts = argv + optind;
    return options.jobs >= 1 && options.jobs <= JOBS_MAX ? 0 : -1;
}

int main(int argc, char **argv)
{
    int status = 0;
    (void)umask(077); /* a passphrase's file that others may read is refused */
    if (sodium_init() < 0 || read_options(argc, argv) != 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (!options.has_seed)
        options.seed = randombytes_uniform(1000000000);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (play_start() != 0) {
        (void)fprintf(stderr, "sim: no folder can be made in /dev/shm or /tmp: %s\n", strerror(errno));
        return 2;
    }
    if (options.sweeps) {
        status = sweep(options.scripts, options.keep) != 0;
    } else if (options.scripts != NULL && options.scripts[0] != NULL) {
        status = play_scripts();
    } else if (options.traces || options.prints) {
        status = play_one_seed();
    } else {
        play_seeds();
        tell();
        status = total.findings != 0;
    }
    play_end();
    return status;
}
