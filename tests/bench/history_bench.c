/* What one arriving change costs (logged and applied), by what its record went through before, and by what lives on the
 * field: ratios to the first column. It must not grow with what is superseded. Everything is in memory, and every store
 * has as many changes in its log: what is not of the record's history is of other records.
 *
 *   history_bench
 *
 * STEP changes are applied and taken back ROUNDS times; medians of processor time are printed. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "edit.h"
#include "record.h"

enum { ROUNDS = 15, STEP = 20, SIZES = 3, LOG = 10000, ENOUGH = 10000 /* no error's code */ };
#define TODAY 1800000000000ull /* ms */

static struct error error;

static void must(int right, const char *what)
{
    if (right)
        return;
    (void)fprintf(stderr, "history_bench: %s: %s\n", what, error.text);
    exit(2);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* --- who writes --- */

static uint64_t tick(void)
{
    static uint64_t ms = TODAY;
    return ++ms;
}

static struct id id_of(unsigned kind, unsigned at)
{
    struct id id = {{1, 0x90, (uint8_t)kind}};
    id.b[14] = (uint8_t)(at >> 8);
    id.b[15] = (uint8_t)at;
    return id;
}

struct writer {
    struct db *db;
    struct edit_author author;
    uint64_t count; /* changes in its log */
};

static struct db *store_new(void)
{
    struct db *db;
    must(db_open_memory(&db, &error) == 0 && log_create(db, &error) == 0 && record_create(db, &error) == 0, "a store");
    return db;
}

static void writer_start(struct writer *w, unsigned number)
{
    struct id device = id_of(0xd0, number);
    w->db = store_new();
    w->count = 0;
    must(edit_author_create(w->db, &device, &error) == 0 && edit_author_load(w->db, &w->author, &error) == 0, "writer");
    w->author.person = id_of(0xa0, number);
    w->author.wall = tick;
    must(db_begin(w->db, &error) == 0, "begin");
}

static void commit(struct writer *w, struct edit *edit)
{
    struct edit_place place = {w->count, TODAY + w->count};
    must(edit_commit(edit, &w->author, NULL, &place, &error) == 0, "a change");
    w->count++;
}

/* --- what it writes --- */

struct story {
    const char *name, *field;
    unsigned kind;
    enum { REPLACE, DECIDE, ADD_AND_REMOVE, ADD, AMEND } what;
    unsigned sizes[SIZES];
};

static const struct story by_history[] = {
    {"latest: a telephone, again and again", "phone", KIND_CLIENT, REPLACE, {10, 1000, LOG}},
    {"status: on and off hold", "status", KIND_CASE, DECIDE, {10, 1000, LOG}},
    {"text: a narrative, again and again", "assessment", KIND_CASE, REPLACE, {10, 1000, LOG}},
    {"set: an allergy, added and removed", "allergy", KIND_CLIENT, ADD_AND_REMOVE, {10, 1000, LOG}}};
static const struct story by_live[] = {{"set: one more allergy", "allergy", KIND_CLIENT, ADD, {10, 100, 900}},
                                       {"once: one more amendment", "text", KIND_NOTE, AMEND, {10, 100, 900}}};
enum { BY_HISTORY = sizeof by_history / sizeof *by_history, BY_LIVE = sizeof by_live / sizeof *by_live };

static void write_one(struct writer *w, const struct story *story, unsigned i)
{
    struct id record = id_of(0x50, 1), scope = id_of(0xc0, 1);
    struct edit edit;
    char text[64];
    int code;
    if (i == 0)
        code = edit_new(&edit, w->db, schema_kind(story->kind), &scope, &record, &error);
    else
        code = edit_open(&edit, w->db, &record, &error);
    must(code == 0, "an edit");
    /* What is removed was added one step before. */
    (void)snprintf(text, sizeof text, "what is said of it, number %05u", story->what == ADD_AND_REMOVE ? i / 2 : i);
    if (story->what == REPLACE || story->what == AMEND)
        code = edit_set_text(&edit, story->field, text, &error);
    else if (story->what == DECIDE)
        code = edit_set_text(&edit, story->field, i % 2 == 0 ? "open" : "on hold", &error);
    else if (story->what == ADD || i % 2 == 0)
        code = edit_add_text(&edit, story->field, text, &error);
    else
        code = edit_remove_text(&edit, story->field, text, &error);
    must(code == 0, story->name);
    commit(w, &edit);
}

static void write_others(struct writer *w)
{
    struct id scope = id_of(0xc0, 2);
    for (unsigned i = 0; i < LOG; i++) {
        struct id record = id_of(0x51, i);
        struct edit edit;
        must(edit_new(&edit, w->db, schema_kind(KIND_SERVICE), &scope, &record, &error) == 0 &&
                 edit_set_text(&edit, "reason", "asked for by the family", &error) == 0,
             "another record");
        commit(w, &edit);
    }
}

/* --- how it arrives --- */

struct arrival {
    struct db *db;
    uint64_t until;    /* in the writer's log */
    uint64_t position; /* in ours */
};

static int arrive(void *arg, struct log_entry *entry, struct error *e)
{
    struct arrival *a = arg;
    int code;
    if (entry->position >= a->until)
        return ENOUGH;
    entry->position = a->position++;
    entry->received_ms = TODAY + entry->position;
    code = log_add(a->db, entry, e);
    return code != 0 ? code : record_apply(a->db, entry, e);
}

static void bring(struct arrival *a, const struct writer *w, uint64_t from, uint64_t until)
{
    int code;
    a->until = until;
    code = log_each(w->db, from, arrive, a, &error);
    must(code == 0 || code == ENOUGH, "arriving");
}

/* Microseconds for one change that comes after `before` others of its record. */
static double measure(const struct writer *writer, const struct writer *others, unsigned before)
{
    struct arrival a = {.db = store_new()};
    double rounds[ROUNDS];
    uint64_t position;
    must(db_begin(a.db, &error) == 0, "begin");
    bring(&a, others, 0, LOG - before);
    bring(&a, writer, 0, before);
    must(db_commit(a.db, &error) == 0, "commit");
    position = a.position;
    for (int i = 0; i < ROUNDS; i++) {
        a.position = position;
        must(db_begin(a.db, &error) == 0, "begin");
        rounds[i] = now();
        bring(&a, writer, before, before + STEP);
        rounds[i] = (now() - rounds[i]) * 1e6 / STEP;
        db_rollback(a.db);
    }
    db_close(a.db);
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    return rounds[ROUNDS / 2];
}

static void tell(const struct story *story, const struct writer *others)
{
    struct writer w;
    double first = 0;
    writer_start(&w, 1);
    for (unsigned i = 0; i < story->sizes[SIZES - 1] + STEP; i++)
        write_one(&w, story, i);
    (void)printf("%-40s", story->name);
    for (int i = 0; i < SIZES; i++) {
        double cost = measure(&w, others, story->sizes[i]);
        if (i == 0)
            (void)printf(" %8.1f us", first = cost);
        else
            (void)printf(" %12.2f", cost / first);
    }
    (void)printf("\n");
    (void)fflush(stdout);
    db_close(w.db);
}

static void tell_all(const char *title, const struct story *stories, int count, const struct writer *others)
{
    (void)printf("%-40s", title);
    for (int i = 0; i < SIZES; i++)
        (void)printf(" %*u", i == 0 ? 11 : 12, stories[0].sizes[i]);
    (void)printf("\n");
    for (int i = 0; i < count; i++)
        tell(&stories[i], others);
}

int main(void)
{
    struct writer others;
    double load[1] = {0};
    must(sodium_init() >= 0, "libsodium");
    (void)getloadavg(load, 1);
    (void)printf("one change, logged and applied; medians of %d rounds of %d; load %.1f\n\n", ROUNDS, STEP, load[0]);
    writer_start(&others, 2);
    write_others(&others);
    tell_all("changes of its record before", by_history, BY_HISTORY, &others);
    (void)printf("\n");
    tell_all("live on its field", by_live, BY_LIVE, &others);
    db_close(others.db);
    return 0;
}
