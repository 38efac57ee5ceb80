/* Writes down every change that a laptop commits, and judges property 2. */
#include "oracle_ledger.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "log.h"
#include "machine.h"
#include "oracle.h"
#include "oracle_book.h"
#include "oracle_caseload.h"
#include "oracle_clock.h"
#include "oracle_erased.h"
#include "oracle_store.h"
#include "outbox.h"
#include "process.h"
#include "queue.h"
#include "record.h"

int __real_log_add(struct db *db, struct log_entry *entry, struct error *e);
int __wrap_log_add(struct db *db, struct log_entry *entry, struct error *e);
int __real_record_purge(struct db *db, const struct id *scope, struct error *e);
int __wrap_record_purge(struct db *db, const struct id *scope, struct error *e);
int __real_queue_pushed(const struct queue *q, const struct unsent_batch *sent, const struct message_pushed *m,
                        size_t *held, struct error *e);
int __wrap_queue_pushed(const struct queue *q, const struct unsent_batch *sent, const struct message_pushed *m,
                        size_t *held, struct error *e);
int __real_db_begin(struct db *db, struct error *e);
int __wrap_db_begin(struct db *db, struct error *e);
int __real_db_commit(struct db *db, struct error *e);
int __wrap_db_commit(struct db *db, struct error *e);
void __real_db_rollback(struct db *db);
void __wrap_db_rollback(struct db *db);
int __real_outbox_follow(struct outbox *o, const char *folder, struct db *db, const struct chain *own,
                         const uint8_t *secret, struct error *e);
int __wrap_outbox_follow(struct outbox *o, const char *folder, struct db *db, const struct chain *own,
                         const uint8_t *secret, struct error *e);
struct cli;
int __real_command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e);
int __wrap_command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e);

/* What a program did in a transaction that is not committed yet. */
enum step_what { TYPED, CAME, HEADER, ACKED, PURGED };
struct step {
    enum step_what what;
    struct oracle_typed change; /* CAME, HEADER: its hash, position; ACKED: its number, position; PURGED: its scope */
    uint8_t previous[CHANGE_HASH_BYTES];
};

static struct {
    struct oracle_typed *all;
    size_t count, room;
    struct {
        struct db *db;
        struct step *steps;
        size_t count, room;
        struct id device; /* whose changes it writes */
        int syncs;
    } machines[PROCESS_MACHINES];
} ledger;

size_t oracle_ledger_count(void)
{
    return ledger.count;
}

const struct oracle_typed *oracle_ledger_at(size_t i)
{
    return &ledger.all[i];
}

int oracle_ledger_syncs(unsigned machine)
{
    return ledger.machines[machine].syncs;
}

static void drop_steps(unsigned m)
{
    for (size_t i = 0; i < ledger.machines[m].count; i++)
        free((void *)ledger.machines[m].steps[i].change.body.p);
    ledger.machines[m].count = 0;
}

void oracle_ledger_reset(void)
{
    for (unsigned m = 0; m < PROCESS_MACHINES; m++) {
        drop_steps(m);
        free(ledger.machines[m].steps);
    }
    for (size_t i = 0; i < ledger.count; i++)
        free((void *)ledger.all[i].body.p);
    free(ledger.all);
    memset(&ledger, 0, sizeof ledger);
}

const char *oracle_ledger_name(const struct oracle_typed *t)
{
    static char text[128];
    char record[ID_BRIEF];
    (void)snprintf(text, sizeof text, "change %llu.%llu of laptop %u (kind %u, record %s)",
                   (unsigned long long)t->epoch, (unsigned long long)t->seq, t->machine, t->kind,
                   id_brief(&t->record, record));
    return text;
}

/* --- listening --- */

static int is_laptop(void)
{
    return process_current() != NULL && process_machine() != MACHINE_OFFICE;
}

static struct step *new_step(struct db *db, enum step_what what)
{
    unsigned m = process_machine();
    struct step *step;
    if (ledger.machines[m].db != db)
        drop_steps(m);
    ledger.machines[m].db = db;
    if (ledger.machines[m].count == ledger.machines[m].room) {
        ledger.machines[m].room = 2 * ledger.machines[m].room + 16;
        ledger.machines[m].steps =
            realloc(ledger.machines[m].steps, ledger.machines[m].room * sizeof *ledger.machines[m].steps);
        if (ledger.machines[m].steps == NULL)
            abort();
    }
    step = &ledger.machines[m].steps[ledger.machines[m].count++];
    memset(step, 0, sizeof *step);
    step->what = what;
    step->change.machine = m;
    return step;
}

/* Record, kind, fields, actions, values and reason: not salt, numbers and what is superseded, nor what a voider saw,
 * and whoever closed or knew of a closing, which is numbers too. */
static void make_print(const struct change *c, uint8_t out[32])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, 32);
    (void)crypto_generichash_update(&state, c->record.b, ID_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)&c->kind, sizeof c->kind);
    for (size_t i = 0; i < c->op_count; i++) {
        uint64_t numbers[3] = {c->ops[i].field, (uint64_t)c->ops[i].action, c->ops[i].value.size};
        if ((c->ops[i].field == FIELD_VOID || c->ops[i].field == FIELD_SEEN) && !slice_is_nil(c->ops[i].value))
            numbers[2] = 0;
        (void)crypto_generichash_update(&state, (const uint8_t *)numbers, sizeof numbers);
        (void)crypto_generichash_update(&state, c->ops[i].value.p, (size_t)numbers[2]);
    }
    if (c->reason.size != 0)
        (void)crypto_generichash_update(&state, c->reason.p, c->reason.size);
    (void)crypto_generichash_final(&state, out, 32);
}

static void note_typed(struct db *db, const struct change *c)
{
    struct step *step = new_step(db, TYPED);
    struct oracle_typed *t = &step->change;
    uint8_t *body = malloc(c->body.size + 1);
    if (body == NULL)
        abort();
    if (c->body.size != 0)
        memcpy(body, c->body.p, c->body.size);
    t->body = (struct slice){body, c->body.size};
    memcpy(t->hash, c->hash, sizeof t->hash);
    memcpy(step->previous, c->previous, sizeof step->previous);
    t->device = c->device;
    t->scope = c->scope;
    t->record = c->record;
    t->epoch = c->epoch;
    t->seq = c->seq;
    t->hlc = c->hlc;
    t->wall_ms = c->wall_ms;
    t->true_ms = process_now_ms;
    t->met_ms = oracle_clock_met(t->machine);
    t->author = c->author;
    t->kind = c->kind;
    t->reissue = ledger.machines[t->machine].syncs;
    make_print(c, t->print);
}

static void settle(unsigned m, int sure);

int __wrap_log_add(struct db *db, struct log_entry *entry, struct error *e)
{
    const struct change *c = &entry->change;
    int code = __real_log_add(db, entry, e);
    if (!is_laptop() || code != 0)
        return code;
    /* Nobody writes a change without words: of one that left with its case the header waits again. */
    if (entry->position == LOG_NO_POSITION && c->body.p != NULL) {
        note_typed(db, c);
    } else if (id_equal(&c->device, &ledger.machines[process_machine()].device)) {
        struct step *step = new_step(db, c->body.p != NULL ? CAME : HEADER);
        memcpy(step->change.hash, c->hash, sizeof c->hash);
        step->change.position = entry->position;
    }
    if (!db_in_transaction(db))
        settle(process_machine(), !disk_is_dark(process_machine()));
    return code;
}

/* Does the answer say that this one is held? */
static int is_held(const struct message_pushed *m, uint64_t seq)
{
    struct unpack r;
    int found = 0;
    if (m->held_count == 0)
        return 0;
    unpack_start(&r, m->held);
    for (size_t left = unpack_array(&r); left > 0; left--)
        found |= message_next_held(&r).seq == seq;
    return found;
}

int __wrap_queue_pushed(const struct queue *q, const struct unsent_batch *sent, const struct message_pushed *m,
                        size_t *held, struct error *e)
{
    int code = __real_queue_pushed(q, sent, m, held, e);
    for (uint64_t seq = m->first_seq; code == 0 && seq <= m->seq; seq++) {
        struct step *step = new_step(q->db, ACKED);
        step->change.device = q->own->device;
        step->change.epoch = m->epoch;
        step->change.seq = seq;
        step->change.position = m->first_position + (seq - m->first_seq);
        step->change.was_held = is_held(m, seq);
    }
    return code;
}

/* What a clone was only dealt of its twin's work is the twin's to send. */
static int has_unsent(unsigned m, const struct id *scope)
{
    for (size_t i = 0; i < ledger.count; i++) {
        const struct oracle_typed *t = &ledger.all[i];
        if ((t->on >> m & 1) && !(t->dealt >> m & 1) && t->sure && !t->acked && !t->replaced &&
            id_equal(&t->scope, scope))
            return 1;
    }
    return 0;
}

int __wrap_record_purge(struct db *db, const struct id *scope, struct error *e)
{
    unsigned m = process_machine();
    int code = __real_record_purge(db, scope, e);
    char text[ID_BRIEF];
    if (!is_laptop() || code != 0)
        return code;
    if (!ledger.machines[m].syncs)
        oracle_found("4: laptop %u let go of scope %s, and no sync is under way", m, id_brief(scope, text));
    if (has_unsent(m, scope))
        oracle_found("4: laptop %u let go of scope %s, in which a change of its own is unsent", m,
                     id_brief(scope, text));
    new_step(db, PURGED)->change.scope = *scope;
    return code;
}

/* Beginning and committing is by these everywhere. What is left of an earlier transaction was rolled back. */
int __wrap_db_begin(struct db *db, struct error *e)
{
    if (is_laptop() && ledger.machines[process_machine()].db == db)
        drop_steps(process_machine());
    return __real_db_begin(db, e);
}

int __wrap_db_commit(struct db *db, struct error *e)
{
    unsigned m = process_machine();
    int code, listens = is_laptop() && ledger.machines[m].db == db, was_dark = disk_is_dark(m);
    /* A scope that has a row again was filled anew. */
    for (size_t i = 0; listens && !was_dark && i < ledger.machines[m].count; i++)
        if (ledger.machines[m].steps[i].what == PURGED)
            oracle_caseload_purges(m, db, &ledger.machines[m].steps[i].change.scope);
    code = __real_db_commit(db, e);
    if (listens && was_dark)
        drop_steps(m);
    else if (listens)
        settle(m, code == 0 && !disk_is_dark(m));
    return code;
}

void __wrap_db_rollback(struct db *db)
{
    if (is_laptop() && ledger.machines[process_machine()].db == db)
        drop_steps(process_machine());
    __real_db_rollback(db);
}

int __wrap_command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e)
{
    unsigned m = process_machine();
    int code, syncs = ledger.machines[m].syncs;
    if (strcmp(argv[0], "sync") != 0) {
        ledger.machines[m].syncs = 0; /* a sync may wait beside, and what is typed now is none of its changes */
        code = __real_command_run(cli, argc, argv, status, e);
        ledger.machines[m].syncs = syncs;
        return code;
    }
    ledger.machines[m].syncs = 1;
    oracle_caseload_sync_starts(m);
    code = __real_command_run(cli, argc, argv, status, e);
    ledger.machines[m].syncs = 0;
    return code;
}

/* What it says is in the outbox is on the disk; not what waits of an earlier epoch, nor what a commit that failed took
 * back. */
int __wrap_outbox_follow(struct outbox *o, const char *folder, struct db *db, const struct chain *own,
                         const uint8_t *secret, struct error *e)
{
    unsigned m = process_machine();
    int code = __real_outbox_follow(o, folder, db, own, secret, e);
    for (size_t i = 0; is_laptop() && code == 0 && o->is_open && !disk_is_dark(m) && i < ledger.count; i++) {
        struct oracle_typed *t = &ledger.all[i];
        if ((t->on >> m & 1) && t->sure && t->epoch == own->epoch && t->seq <= own->seq &&
            id_equal(&t->device, &own->device))
            t->sealed |= 1u << m;
    }
    return code;
}

/* --- what a commit leaves --- */

static struct oracle_typed *find(const uint8_t hash[CHANGE_HASH_BYTES])
{
    for (size_t i = ledger.count; i-- > 0;)
        if (memcmp(ledger.all[i].hash, hash, CHANGE_HASH_BYTES) == 0)
            return &ledger.all[i];
    return NULL;
}

/* The last with this number on the machine's disk. */
static struct oracle_typed *find_number(const struct oracle_typed *of)
{
    for (size_t i = ledger.count; i-- > 0;) {
        struct oracle_typed *t = &ledger.all[i];
        if (((t->on | t->header) >> of->machine & 1) && t->epoch == of->epoch && t->seq == of->seq &&
            id_equal(&t->device, &of->device))
            return t;
    }
    return NULL;
}

/* The change that this one repeats: the first that waits there and says the same. 0: there is none. */
static int replace(const struct oracle_typed *by)
{
    for (size_t i = 0; i < ledger.count; i++) {
        struct oracle_typed *t = &ledger.all[i];
        if ((t->on >> by->machine & 1) && !t->acked && !t->replaced && t->epoch < by->epoch &&
            id_equal(&t->device, &by->device) && memcmp(t->print, by->print, sizeof t->print) == 0) {
            t->replaced = 1;
            return 1;
        }
    }
    return 0;
}

/* first: the first of this transaction's stands there in the ledger. */
static void keep_typed(const struct step *step, int sure, size_t first)
{
    /* What it follows is there, also if nobody saw its commit end. */
    struct oracle_typed *before = find(step->previous), *t;
    if (before != NULL && (before->on >> step->change.machine & 1) && (sure || before < ledger.all + first))
        before->sure = 1;
    if (ledger.count == ledger.room) {
        ledger.room = 2 * ledger.room + 64;
        if ((ledger.all = realloc(ledger.all, ledger.room * sizeof *ledger.all)) == NULL)
            abort();
    }
    t = &ledger.all[ledger.count++];
    *t = step->change;
    /* That the store was wiped is written when it is gone: nothing keeps that but the office. */
    t->sure = sure && oracle_store_is_there(t->machine);
    /* Every sync writes what it says of itself; what a person typed it only repeats. */
    if (t->reissue && !replace(t) && (t->kind == KIND_RECEIPT || t->kind == KIND_EVENT))
        t->reissue = 0;
    t->on = 1u << t->machine;
    ledger.machines[t->machine].device = t->device;
}

static void keep_acked(const struct step *step)
{
    struct oracle_typed *t = find_number(&step->change);
    if (t == NULL) {
        oracle_found("2: the office acknowledges change %llu.%llu of laptop %u, which that never wrote",
                     (unsigned long long)step->change.epoch, (unsigned long long)step->change.seq,
                     step->change.machine);
        return;
    }
    t->sure = t->acked = 1;
    t->position = step->change.position;
    t->was_held |= step->change.was_held;
}

/* It has its own change again. One that the office deals it is as good as acknowledged: a courier file brought it. */
static void keep_came(const struct step *step)
{
    uint32_t bit = 1u << step->change.machine;
    struct oracle_typed *t = find(step->change.hash);
    if (t == NULL)
        return;
    if (step->what == CAME) {
        t->dealt |= bit & ~t->on;
        t->on |= bit;
    } else {
        t->header |= bit;
    }
    if (step->change.position >= LOG_STRAY) /* it waits again, or was lost by the office and is kept */
        return;
    t->sure = t->acked = 1;
    t->position = step->change.position;
}

/* It let go of its own with the scope. Where its commit failed nobody knows if it did. */
static void keep_purged(const struct step *step, int sure)
{
    uint32_t bit = 1u << step->change.machine;
    for (size_t i = 0; i < ledger.count; i++) {
        struct oracle_typed *t = &ledger.all[i];
        if (!id_equal(&t->scope, &step->change.scope) || ((t->on | t->header) & bit) == 0)
            continue;
        if (!sure) {
            t->sure = 0;
            continue;
        }
        t->on &= ~bit;
        t->header &= ~bit;
    }
}

static void settle(unsigned m, int sure)
{
    size_t count = ledger.machines[m].count, first = ledger.count;
    for (size_t i = 0; i < count; i++) {
        struct step *step = &ledger.machines[m].steps[i];
        if (step->what == TYPED)
            keep_typed(step, sure, first);
        else if (step->what == ACKED)
            keep_acked(step);
        else if (step->what == PURGED)
            keep_purged(step, sure);
        else
            keep_came(step);
    }
    ledger.machines[m].count = 0; /* the bodies are the ledger's now */
}

/* --- the weather --- */

void oracle_ledger_copied(unsigned from, unsigned to)
{
    ledger.machines[to].device = ledger.machines[from].device;
    for (size_t i = 0; i < ledger.count; i++) {
        struct oracle_typed *t = &ledger.all[i];
        t->on = (t->on & ~(1u << to)) | (t->on >> from & 1u) << to;
        t->header = (t->header & ~(1u << to)) | (t->header >> from & 1u) << to;
    }
}

void oracle_ledger_lost(unsigned machine)
{
    oracle_ledger_broken(machine);
    for (size_t i = 0; i < ledger.count; i++)
        ledger.all[i].sealed &= ~(1u << machine);
}

void oracle_ledger_broken(unsigned machine)
{
    memset(&ledger.machines[machine].device, 0, sizeof ledger.machines[machine].device);
    for (size_t i = 0; i < ledger.count; i++) {
        ledger.all[i].on &= ~(1u << machine);
        ledger.all[i].header &= ~(1u << machine);
    }
}

void oracle_ledger_brought(unsigned machine)
{
    for (size_t i = 0; i < ledger.count; i++) {
        struct oracle_typed *t = &ledger.all[i];
        if (t->sealed >> machine & 1)
            t->brought = 1;
    }
}

void oracle_ledger_set_back(uint64_t size)
{
    for (size_t i = 0; i < ledger.count; i++) {
        if (ledger.all[i].position >= size)
            ledger.all[i].acked = 0;
        ledger.all[i].brought = 0;
    }
}

/* --- judging --- */

static int is_there(const struct oracle_typed *t)
{
    return t->position < oracle_book_count() && memcmp(oracle_book_at(t->position)->hash, t->hash, sizeof t->hash) == 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct oracle_book_entry *const *x = a, *const *y = b;
    return memcmp((*x)->hash, (*y)->hash, CHANGE_HASH_BYTES);
}

/* The office's entries by their hashes; freed with free. */
static const struct oracle_book_entry **sorted(size_t *count)
{
    const struct oracle_book_entry **all = malloc((oracle_book_count() + 1) * sizeof(const struct oracle_book_entry *));
    if (all == NULL)
        abort();
    for (*count = 0; *count < oracle_book_count(); ++*count)
        all[*count] = oracle_book_at(*count);
    qsort(all, *count, sizeof(const struct oracle_book_entry *), by_hash);
    return all;
}

void oracle_ledger_look(void)
{
    const struct oracle_book_entry **all;
    size_t count;
    for (size_t i = 0; i < ledger.count; i++)
        if (ledger.all[i].acked && !is_there(&ledger.all[i]))
            oracle_found("2: %s was acknowledged at position %llu of %zu, and is not there",
                         oracle_ledger_name(&ledger.all[i]), (unsigned long long)ledger.all[i].position,
                         oracle_book_count());
    all = sorted(&count);
    for (size_t i = 1; i < count; i++)
        if (by_hash(&all[i - 1], &all[i]) == 0)
            oracle_found("2: change %llu.%llu stands in the office's log twice", (unsigned long long)all[i]->epoch,
                         (unsigned long long)all[i]->seq);
    free(all);
}

/* Is it applied or held, and whole? What a laptop had let go of when the office was set back to before it came has no
 * words any more: only its header was kept (docs/LOST.md). An image of its disk from before may have them. */
static void judge_entry(const struct oracle_typed *t, const struct oracle_book_entry *entry, uint32_t laptops)
{
    if (entry->body.p == NULL && (t->on & laptops) == 0 && oracle_store_backup() != UINT64_MAX)
        return;
    if (entry->body.p == NULL && oracle_erased_knows(entry->hash))
        return;
    if (entry->body.p == NULL ||
        (memcmp(entry->hash, t->hash, sizeof t->hash) == 0 &&
         (entry->body.size != t->body.size || memcmp(entry->body.p, t->body.p, t->body.size) != 0)))
        oracle_found("2: the office does not have the words of %s", oracle_ledger_name(t));
    if (!entry->applied && !entry->held)
        oracle_found("2: %s is at the office, neither applied nor held", oracle_ledger_name(t));
}

/* Its re-issue at the office that stands for no other change; NULL. One that is applied before one that is held. used:
 * a byte for each change of the ledger. */
static const struct oracle_book_entry *find_reissue(const struct oracle_typed *t, uint8_t *used)
{
    const struct oracle_book_entry *best = NULL;
    size_t at = 0;
    for (size_t i = 0; i < ledger.count && (best == NULL || best->held); i++) {
        const struct oracle_typed *other = &ledger.all[i];
        const struct oracle_book_entry *entry;
        if (!other->reissue || used[i] || other->epoch <= t->epoch || !id_equal(&other->device, &t->device) ||
            memcmp(other->print, t->print, sizeof t->print) != 0 || (entry = oracle_book_find(other->hash)) == NULL ||
            (best != NULL && entry->held))
            continue;
        best = entry;
        at = i;
    }
    if (best != NULL)
        used[at] = 1;
    return best;
}

/* First those that must be there (pass 0), then those that may be: what then is left stands for nothing. */
static void judge_typed(uint32_t laptops, int pass, uint8_t *used)
{
    for (size_t i = 0; i < ledger.count; i++) {
        const struct oracle_typed *t = &ledger.all[i];
        const struct oracle_book_entry *entry = oracle_book_find(t->hash);
        int must = t->acked || t->brought || (t->sure && (t->on & laptops) != 0);
        if (t->reissue || must != (pass == 0))
            continue;
        if (entry == NULL)
            entry = find_reissue(t, used);
        if (entry != NULL)
            judge_entry(t, entry, laptops);
        else if (must)
            oracle_found("2: %s is gone: it is %s, and not at the office", oracle_ledger_name(t),
                         t->acked     ? "acknowledged"
                         : t->brought ? "in what a courier brought"
                                      : "on its disk");
    }
}

void oracle_ledger_end(uint32_t laptops)
{
    uint8_t *used = calloc(ledger.count + 1, 1);
    if (used == NULL)
        abort();
    oracle_ledger_look();
    judge_typed(laptops, 0, used);
    judge_typed(laptops, 1, used);
    /* A re-issue that came before what it repeats stands for it: then that one is held, until a person says otherwise.
     */
    for (size_t i = 0; i < ledger.count; i++) {
        const struct oracle_book_entry *entry = oracle_book_find(ledger.all[i].hash);
        if (!ledger.all[i].reissue && entry != NULL && (entry->held || ledger.all[i].was_held))
            (void)find_reissue(&ledger.all[i], used);
    }
    /* What an old copy of a disk wrote once more again is held, until a person says that it counts all the same. */
    for (size_t i = 0; i < ledger.count; i++) {
        const struct oracle_book_entry *entry = oracle_book_find(ledger.all[i].hash);
        if (ledger.all[i].reissue && !used[i] && entry != NULL && !entry->held && !ledger.all[i].was_held)
            oracle_found("2: %s was written once more, and what it repeats is at the office already",
                         oracle_ledger_name(&ledger.all[i]));
    }
    free(used);
}
