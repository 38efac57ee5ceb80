/* Each run is a child of its own, so that one that dies is a finding too, and begins with nothing left of the one
 * before.
 */
#include "play.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vault.h"

enum { RUN_SECONDS = 120 }; /* of the core: a run that takes longer hangs */

static char folder[40];

int play_start(void)
{
    static const char *const places[] = {"/dev/shm", "/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        (void)snprintf(folder, sizeof folder, "%s/satchel-sim.XXXXXX", places[i]);
        if (mkdtemp(folder) != NULL)
            return 0;
    }
    return -1;
}

static void remove_folder(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        (void)execlp("rm", "rm", "-rf", path, (char *)NULL);
        _exit(127);
    }
    if (child > 0)
        (void)waitpid(child, NULL, 0);
}

void play_end(void)
{
    remove_folder(folder);
}

/* Plays into a folder of its own, and writes the result to the pipe. */
static _Noreturn void play(const struct play *p, const char *kept, FILE *trace, int to)
{
    struct rlimit limit = {RUN_SECONDS, RUN_SECONDS};
    struct world_result r;
    struct error e = {0, ""};
    (void)setrlimit(RLIMIT_CPU, &limit);
    if (vault_init(&e) != 0 || mkdir(p->root, 0700) != 0)
        _exit(3);
    if (p->begun != NULL)
        world_after(p->begun, &p->script, p->root, &r);
    else
        world_play(&p->script, kept, p->root, trace, &r);
    if (trace != NULL)
        (void)fflush(trace);
    if (write(to, &r, sizeof r) != (ssize_t)sizeof r)
        _exit(3);
    exit(0); /* not _exit: LeakSanitizer looks then */
}

void play_begin(struct play *p, const char *kept, FILE *trace)
{
    static unsigned long number;
    int ends[2];
    (void)snprintf(p->root, sizeof p->root, "%s/%lu", folder, ++number);
    if (pipe(ends) != 0)
        abort();
    (void)fflush(NULL);
    if ((p->pid = fork()) < 0)
        abort();
    if (p->pid == 0) {
        (void)close(ends[0]);
        play(p, kept, trace, ends[1]);
    }
    (void)close(ends[1]);
    p->from = ends[0];
}

int play_before(struct world *w, const struct script *s)
{
    char root[64];
    struct error e = {0, ""};
    (void)snprintf(root, sizeof root, "%s/before", folder);
    if (vault_init(&e) != 0 || mkdir(root, 0700) != 0)
        return -1;
    world_before(w, s, NULL, root, NULL);
    return 0;
}

void play_finish(struct play *p, struct world_result *out)
{
    int status = 0;
    ssize_t got = read(p->from, out, sizeof *out);
    (void)close(p->from);
    (void)waitpid(p->pid, &status, 0);
    if (got != (ssize_t)sizeof *out)
        memset(out, 0, sizeof *out);
    if (WIFSIGNALED(status))
        (void)snprintf(out->finding, sizeof out->finding, "0: the simulation died of signal %d", WTERMSIG(status));
    else if (got != (ssize_t)sizeof *out || WEXITSTATUS(status) != 0)
        (void)snprintf(out->finding, sizeof out->finding, "0: the simulation ended with status %d",
                       WEXITSTATUS(status));
    remove_folder(p->root);
}

void play_run(const struct script *s, const char *kept, FILE *trace, struct world_result *out)
{
    struct play p = {.script = *s};
    play_begin(&p, kept, trace);
    play_finish(&p, out);
}
