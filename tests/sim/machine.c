/* Runs the programs' own commands on the machines of a run, each in its folder of the simulated disk. */
#include "machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "central_fixture.h"
#include "cli.h"
#include "command.h"
#include "disk.h"
#include "folder.h"
#include "loop.h"
#include "oracle_erased.h"
#include "process.h"
#include "server.h"
#include "sitting.h"
#include "task.h"
#include "versions.h"

static char root[256];
static struct machine_run *running[PROCESS_MACHINES]; /* one on each laptop */
static struct machine_run *beside[PROCESS_MACHINES];  /* and one more, while a sync waits */
static struct machine_run *over, **over_last = &over;
static int newer[PROCESS_MACHINES];

static struct {
    struct process *process;
    struct central *central;
    unsigned port;
    FILE *journal;
    char *text; /* of the journal */
    size_t bytes;
} office;

const char *machine_folder(unsigned machine)
{
    static char folder[300];
    (void)snprintf(folder, sizeof folder, "%s/m%u", root, machine);
    return folder;
}

/* What a program of this machine finds around it. */
static void switched(unsigned machine)
{
    char home[320];
    (void)snprintf(home, sizeof home, "%s/satchel", machine_folder(machine));
    (void)setenv("SATCHEL_HOME", home, 1);
    versions_use(newer[machine]);
}

void machine_version(unsigned machine, int is_newer)
{
    newer[machine] = is_newer;
}

int machine_is_newer(unsigned machine)
{
    return newer[machine];
}

void machine_start(const char *folder)
{
    (void)snprintf(root, sizeof root, "%s", folder);
    memset(newer, 0, sizeof newer);
    for (unsigned m = 0; m < PROCESS_MACHINES; m++)
        sitting_forget(m);
    process_on_switch = switched;
}

void machine_house(const char *folder)
{
    (void)snprintf(root, sizeof root, "%s", folder);
}

/* --- runs --- */

static struct machine_run *new_run(unsigned machine, int argc, const char *const *argv)
{
    struct machine_run *r = calloc(1, sizeof *r);
    if (r == NULL || argc > MACHINE_WORDS_MAX)
        abort();
    r->machine = machine;
    r->argc = argc;
    r->started_ms = process_now_ms;
    for (int i = 0; i < argc; i++)
        r->argv[i] = strdup(argv[i]);
    return r;
}

void machine_free(struct machine_run *r)
{
    if (r == NULL)
        return;
    for (int i = 0; i < r->argc; i++)
        free(r->argv[i]);
    process_free(r->process);
    free(r->out);
    free(r->err);
    free(r);
}

/* As satchel's main does it. */
static int run_command(void *arg)
{
    struct machine_run *r = arg;
    struct cli cli = {open_memstream(&r->out, &r->out_bytes), open_memstream(&r->err, &r->err_bytes), 0, 0};
    struct error e = {E_INTERNAL, "the command failed without a word"};
    char *argv[MACHINE_WORDS_MAX + 1] = {NULL};
    int argc = 0, status = 0, code, over_options = 0;
    for (int i = 0; i < r->argc; i++) {
        over_options |= strcmp(r->argv[i], "--") == 0;
        if (!over_options && strcmp(r->argv[i], "--json") == 0)
            cli.json = 1;
        else
            argv[argc++] = r->argv[i];
    }
    code = argc != 0 ? command_run(&cli, argc, argv, &status, &e) : E_USAGE;
    r->status = code != 0 ? cli_fail(&cli, "satchel", &e) : status;
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    return r->status;
}

static void collect(struct machine_run **slot)
{
    struct machine_run *r = *slot;
    *slot = NULL;
    r->next = NULL;
    *over_last = r;
    over_last = &r->next;
}

struct machine_run *machine_command(unsigned machine, int argc, const char *const *argv)
{
    struct machine_run *r;
    if (running[machine] != NULL)
        return NULL;
    r = running[machine] = new_run(machine, argc, argv);
    r->process = process_start(machine, run_command, r);
    if (disk_is_dark(machine))
        machine_die(machine);
    return r;
}

struct machine_run *machine_command_beside(unsigned machine, int argc, const char *const *argv)
{
    struct machine_run *r;
    if (beside[machine] != NULL || !machine_is_busy(machine) || strcmp(running[machine]->argv[0], "sync") != 0)
        return NULL;
    r = beside[machine] = new_run(machine, argc, argv);
    r->is_beside = 1;
    r->process = process_start(machine, run_command, r);
    if (disk_is_dark(machine))
        machine_die(machine);
    return r;
}

struct machine_run *machine_take(void)
{
    struct machine_run *r;
    for (unsigned m = 0; m < PROCESS_MACHINES; m++) {
        if (beside[m] != NULL && process_is_over(beside[m]->process))
            collect(&beside[m]);
        if (running[m] != NULL && process_is_over(running[m]->process))
            collect(&running[m]);
    }
    if ((r = over) != NULL && (over = r->next) == NULL)
        over_last = &over;
    return r;
}

int machine_is_busy(unsigned machine)
{
    return running[machine] != NULL && !process_is_over(running[machine]->process);
}

void machine_die(unsigned machine)
{
    struct machine_run *all[] = {running[machine], beside[machine]};
    for (size_t i = 0; i < 2; i++)
        if (all[i] != NULL) {
            all[i]->died = 1;
            if (!process_is_over(all[i]->process))
                process_kill(all[i]->process);
        }
    if (machine == MACHINE_OFFICE && office.process != NULL) {
        process_kill(office.process);
        process_free(office.process);
        office.process = NULL;
    }
    sitting_forget(machine);
}

/* --- the office --- */

static const char *office_folder(void)
{
    static char folder[320];
    (void)snprintf(folder, sizeof folder, "%s/office", machine_folder(MACHINE_OFFICE));
    return folder;
}

static int init(void *arg)
{
    struct central_options o = {.folder = office_folder(),
                                .name = "Office",
                                .admin_login = "boss",
                                .admin_name = "Boss",
                                .passphrase = MACHINE_PASSPHRASE,
                                .passphrase_bytes = strlen(MACHINE_PASSPHRASE)};
    struct error e = {0, ""};
    int code = central_create(&o, &e);
    (void)arg;
    if (code != 0)
        (void)fprintf(stderr, "init: %s\n", e.text);
    return code;
}

int machine_office_init(void)
{
    struct process *p = process_start(MACHINE_OFFICE, init, NULL);
    int code = process_result(p);
    process_free(p);
    return code;
}

static int serve(void *arg)
{
    struct server_options o = {.host = "0.0.0.0", .port = office.port};
    struct error e = {0, ""};
    struct central *c;
    int code = central_fixture_open(&c, office_folder(), MACHINE_PASSPHRASE, strlen(MACHINE_PASSPHRASE), &e);
    (void)arg;
    if (code == 0) {
        office.central = c;
        code = server_run(c, &o, office.journal, &e);
        office.central = NULL;
    }
    if (code != 0)
        (void)fprintf(office.journal, "satcheld: %s\n", e.text);
    central_close(c);
    return code;
}

int machine_office_start(unsigned port)
{
    if (office.process != NULL && !process_is_over(office.process))
        return 0;
    process_free(office.process);
    if (office.journal == NULL)
        office.journal = open_memstream(&office.text, &office.bytes);
    office.port = port;
    office.process = process_start(MACHINE_OFFICE, serve, NULL);
    if (disk_is_dark(MACHINE_OFFICE))
        machine_die(MACHINE_OFFICE);
    return machine_office() != NULL ? 0 : -1;
}

const char *machine_journal_whole(void)
{
    if (office.journal == NULL)
        return "";
    (void)fflush(office.journal);
    return office.text;
}

const char *machine_journal(void)
{
    const char *last = machine_journal_whole();
    if (office.journal == NULL)
        return last;
    for (last = office.text + office.bytes; last > office.text && (last[0] == '\0' || last[0] == '\n');)
        last--;
    while (last > office.text && last[-1] != '\n')
        last--;
    return last;
}

void machine_office_stop(void)
{
    loop_signal(MACHINE_OFFICE);
}

struct central *machine_office(void)
{
    return office.process != NULL && !process_is_over(office.process) ? office.central : NULL;
}

/* An import commits wherever it would let others have the record. */
static void give_turn(void *arg)
{
    (void)arg;
}

static int take_turn(void *arg)
{
    (void)arg;
    return 0;
}

static int is_turn_wanted(void *arg)
{
    (void)arg;
    return 1;
}

static int run_task(void *arg)
{
    static const struct central_turn turn = {give_turn, take_turn, is_turn_wanted, NULL};
    struct machine_run *r = arg;
    struct cli cli = {open_memstream(&r->out, &r->out_bytes), open_memstream(&r->err, &r->err_bytes), 0, 0};
    struct task t = {machine_office(), &cli, root, MACHINE_PASSPHRASE, strlen(MACHINE_PASSPHRASE), 0, NULL};
    char *argv[MACHINE_WORDS_MAX + 1] = {NULL};
    memcpy(argv, r->argv, sizeof argv);
    assert(t.central != NULL);
    t.central->turn = strcmp(argv[0], "import") == 0 ? &turn : NULL;
    r->status = strcmp(argv[0], "erase") == 0 && r->argc == 2
                    ? oracle_erased_erase(t.central, (unsigned)strtoul(argv[1], NULL, 10), cli.err)
                    : task_run(&t, r->argc, argv);
    t.central->turn = NULL;
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    return r->status;
}

struct machine_run *machine_task(int argc, const char *const *argv)
{
    struct machine_run *r;
    if (machine_office() == NULL)
        return NULL;
    r = new_run(MACHINE_OFFICE, argc, argv);
    r->process = process_start(MACHINE_OFFICE, run_task, r);
    assert(process_is_over(r->process));
    loop_wake(MACHINE_OFFICE);
    if (disk_is_dark(MACHINE_OFFICE)) {
        r->died = 1;
        machine_die(MACHINE_OFFICE);
    }
    return r;
}

/* --- the office's backups --- */

const char *machine_backup(unsigned n)
{
    static char folder[320];
    (void)snprintf(folder, sizeof folder, "%s/backup-%u", machine_folder(MACHINE_OFFICE), n);
    return folder;
}

static int run_restored(void *arg)
{
    char *argv[MACHINE_WORDS_MAX + 1] = {NULL}; /* parsing takes options out of it */
    struct machine_run *r = arg;
    struct cli cli = {open_memstream(&r->out, &r->out_bytes), open_memstream(&r->err, &r->err_bytes), 0, 0};
    struct task t = {NULL, &cli, root, NULL, 0, 0, NULL};
    struct error e = {0, ""};
    memcpy(argv, r->argv, (size_t)r->argc * sizeof *argv);
    if (central_fixture_open_unwritten(&t.central, office_folder(), MACHINE_PASSPHRASE, strlen(MACHINE_PASSPHRASE),
                                       &e) == 0)
        r->status = task_run(&t, r->argc, argv);
    else
        r->status = cli_fail(&cli, "satcheld", &e);
    central_close(t.central);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    return r->status;
}

static struct machine_run *say_restored(int argc, const char *const *argv)
{
    struct machine_run *r = new_run(MACHINE_OFFICE, argc, argv);
    r->process = process_start(MACHINE_OFFICE, run_restored, r);
    assert(process_is_over(r->process));
    if (disk_is_dark(MACHINE_OFFICE))
        r->died = 1;
    return r;
}

struct machine_run *machine_restored(uint64_t size)
{
    char number[24];
    const char *words[] = {"restored", "--size", number};
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)size);
    return say_restored(3, words);
}

struct machine_run *machine_put_back(unsigned n)
{
    static const char *const words[] = {"restored"};
    static unsigned number;
    char lost[330];
    (void)snprintf(lost, sizeof lost, "%s-%u", office_folder(), ++number);
    if (machine_office() != NULL || access(machine_backup(n), F_OK) != 0 || rename(office_folder(), lost) != 0 ||
        rename(machine_backup(n), office_folder()) != 0 || folder_sync(machine_folder(MACHINE_OFFICE), NULL) != 0)
        return NULL;
    return say_restored(1, words);
}

/* --- the end --- */

void machine_reset(void)
{
    struct machine_run *r;
    for (unsigned m = 0; m < PROCESS_MACHINES; m++) {
        disk_kill(m);
        machine_die(m);
    }
    while ((r = machine_take()) != NULL)
        machine_free(r);
    if (office.journal != NULL)
        (void)fclose(office.journal);
    free(office.text);
    memset(&office, 0, sizeof office);
    process_on_switch = NULL;
}
