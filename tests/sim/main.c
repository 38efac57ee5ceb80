#include "loop.h"
#include "machine.h"
#include "process.h"
#include "system.h"
#include "vault.h"
#include "versions.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct luck luck;
static double real(void)
{
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void drain(uint64_t until)
{
    while (loop_next() <= until) {
        uint64_t next = loop_next();
        if (next > process_now_ms)
            process_now_ms = next;
        (void)loop_step(&luck);
    }
    process_now_ms = until;
}
static void done(void)
{
    struct machine_run *r;
    while ((r = machine_take()) != NULL) {
        printf("m%u %s: %d %s|%s\n", r->machine, r->argv[0], r->status, r->out, r->err);
        machine_free(r);
    }
}
#define LAPTOP(m, ...)                                                                                                 \
    do {                                                                                                               \
        const char *w[] = {__VA_ARGS__};                                                                               \
        double t = real();                                                                                             \
        assert(machine_command(m, (int)(sizeof w / sizeof *w), w));                                                    \
        printf("%.1fms ", (real() - t) * 1e3);                                                                         \
        drain(process_now_ms + 60000);                                                                                 \
        printf("%.1fms ", (real() - t) * 1e3);                                                                         \
        done();                                                                                                        \
    } while (0)
#define TASK(...)                                                                                                      \
    do {                                                                                                               \
        const char *w[] = {__VA_ARGS__};                                                                               \
        double t = real();                                                                                             \
        struct machine_run *r = machine_task((int)(sizeof w / sizeof *w), w);                                          \
        assert(r);                                                                                                     \
        printf("%.1fms ", (real() - t) * 1e3);                                                                         \
        printf("office %s: %d %s|%s\n", r->argv[0], r->status, r->out, r->err);                                        \
        machine_free(r);                                                                                               \
    } while (0)

int main(int argc, char **argv)
{
    char root[] = "/dev/shm/simXXXXXX", dir[300], ticket[300], pass[300];
    struct error e;
    FILE *f;
    (void)argc;
    (void)argv;
    luck_seed(&luck, 7);
    assert(mkdtemp(root));
    assert(vault_init(&e) == 0);
    system_seed(7);
    process_reset(1772434800000u);
    loop_reset(&luck);
    machine_start(root);
    snprintf(dir, sizeof dir, "%s/m0/office", root);
    snprintf(ticket, sizeof ticket, "%s/t", root);
    snprintf(pass, sizeof pass, "%s/p", root);
    f = fopen(pass, "w");
    fputs("the passphrase of anna\n", f);
    fclose(f);
    double t0 = real();
    assert(machine_office_init() == 0);
    printf("init %.1f ms\n", (real() - t0) * 1e3);
    t0 = real();
    assert(machine_office_start(MACHINE_PORT) == 0);
    printf("start %.1f ms\n", (real() - t0) * 1e3);
    TASK("user", "add", "anna", "--name", "Anna", "--role", "case manager");
    TASK("device", "invite", "anna", "--address", "office:7400", "--out", ticket);
    LAPTOP(1, "enrol", ticket, "--passphrase-file", pass);
    LAPTOP(1, "unlock", "--passphrase-file", pass);
    LAPTOP(1, "sync");
    LAPTOP(1, "new", "client", "legal_name=Ada", "--json");
    LAPTOP(1, "list");
    LAPTOP(1, "sync");
    TASK("status");
    TASK("check");
    printf("bytes %llu\n", (unsigned long long)loop_bytes());
    machine_office_stop();
    drain(process_now_ms + 1000);
    machine_reset();
    return 0;
}
