/* What merging costs, as ratios to SQLite's session extension in the same run: four people's ops on each field, in
 * memory under each policy, and their changes applied to the projection; against sqlite3changeset_apply of the same
 * values on the same rows, where a conflict is settled by the last writer (REPLACE). Everything is in memory on both
 * sides.
 *
 *   merge_bench [ROWS]     by default 20000 fields, and a quarter as many records of 6 fields
 *
 * The first person's ops are there, each of the three others replaced them without having seen the other two. Each
 * figure is measured ROUNDS times, alternating; medians are printed. */
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "merge_live_fixture.h"
#include "record.h"
#include "text.h"

enum { ROUNDS = 5, WRITERS = 4, COLUMNS = 6, SETS = 8 };
#define TODAY 1800000000000ull /* ms */

static struct error error;

static void must(int right, const char *what)
{
    if (right)
        return;
    (void)fprintf(stderr, "merge_bench: %s: %s\n", what, error.text);
    exit(2);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

/* --- the values: the same for both sides --- */

static const struct schema_choice risks[] = {{1, "none"}, {2, "low"}, {3, "high"}, {0, NULL}};
static const struct schema_field policies[] = {{10, SCHEMA_TEXT, "latest", SCHEMA_LATEST, 0, NULL, "", 0},
                                               {11, SCHEMA_CHOICE, "highest", SCHEMA_HIGHEST, 0, risks, "", 0},
                                               {12, SCHEMA_TEXT, "review", SCHEMA_REVIEW, 0, NULL, "", 0},
                                               {13, SCHEMA_TEXT, "set", SCHEMA_SET, 0, NULL, "", 0},
                                               {14, SCHEMA_INTEGER, "sum", SCHEMA_SUM, 0, NULL, "", 0},
                                               {15, SCHEMA_TEXT, "text", SCHEMA_TEXTUAL, 0, NULL, "", 0},
                                               {16, SCHEMA_TEXT, "once", SCHEMA_ONCE, 0, NULL, "", 0},
                                               {17, SCHEMA_TEXT, "status", SCHEMA_STATUS, 0, NULL, "", 0}};
enum { POLICIES = sizeof policies / sizeof *policies };

static void words(unsigned row, unsigned writer, unsigned column, char out[64])
{
    (void)snprintf(out, 64, "what writer %u says of %u in column %u", writer, row, column);
}

static int64_t number(unsigned row, unsigned writer)
{
    return 1 + (row + writer) % 3;
}

static int is_number(const struct schema_field *field)
{
    return field != NULL && (field->type == SCHEMA_INTEGER || field->type == SCHEMA_CHOICE);
}

/* --- the session extension's side --- */

struct sets {
    int count;
    int bytes[SETS];
    void *changes[SETS];
};

static sqlite3 *plain_new(unsigned columns)
{
    static const char *const tables[] = {"CREATE TABLE t(id INTEGER PRIMARY KEY, a)",
                                         "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d, e, f)"};
    sqlite3 *db;
    must(sqlite3_open(":memory:", &db) == SQLITE_OK &&
             sqlite3_exec(db, tables[columns > 1], NULL, NULL, NULL) == SQLITE_OK,
         "plain SQLite");
    return db;
}

static int last_writer_wins(void *arg, int why, sqlite3_changeset_iter *at)
{
    (void)arg;
    (void)at;
    return why == SQLITE_CHANGESET_DATA || why == SQLITE_CHANGESET_CONFLICT ? SQLITE_CHANGESET_REPLACE
                                                                            : SQLITE_CHANGESET_OMIT;
}

static void write_rows(sqlite3 *db, const struct schema_field *field, unsigned rows, unsigned writer, unsigned columns)
{
    static const char *const inserts[] = {"INSERT INTO t VALUES(?,?)", "INSERT INTO t VALUES(?,?,?,?,?,?,?)"};
    static const char *const updates[] = {"UPDATE t SET a=?2 WHERE id=?1",
                                          "UPDATE t SET a=?2, b=?3, c=?4, d=?5, e=?6, f=?7 WHERE id=?1"};
    sqlite3_stmt *s;
    char text[64];
    must(sqlite3_prepare_v2(db, (writer == 0 ? inserts : updates)[columns > 1], -1, &s, NULL) == SQLITE_OK, "rows");
    (void)sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    for (unsigned row = 0; row < rows; row++) {
        (void)sqlite3_bind_int64(s, 1, (int64_t)row + 1);
        for (unsigned column = 0; column < columns; column++) {
            words(row, writer, column, text);
            if (is_number(field))
                (void)sqlite3_bind_int64(s, 2, number(row, writer));
            else
                (void)sqlite3_bind_text(s, (int)column + 2, text, -1, SQLITE_TRANSIENT);
        }
        must(sqlite3_step(s) == SQLITE_DONE, "a row");
        (void)sqlite3_reset(s);
    }
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    (void)sqlite3_finalize(s);
}

/* A changeset for each writer: the first one's rows, and what each of the others made of them. */
static void make_sets(const struct schema_field *field, unsigned rows, unsigned columns, struct sets *out)
{
    out->count = 0;
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        sqlite3 *db = plain_new(columns);
        sqlite3_session *session;
        if (writer != 0)
            write_rows(db, field, rows, 0, columns);
        must(sqlite3session_create(db, "main", &session) == SQLITE_OK &&
                 sqlite3session_attach(session, "t") == SQLITE_OK,
             "a session");
        write_rows(db, field, rows, writer, columns);
        must(sqlite3session_changeset(session, &out->bytes[writer], &out->changes[writer]) == SQLITE_OK, "a changeset");
        sqlite3session_delete(session);
        (void)sqlite3_close(db);
        out->count++;
    }
}

static void free_sets(struct sets *sets)
{
    for (int i = 0; i < sets->count; i++)
        sqlite3_free(sets->changes[i]);
}

/* Rows that were applied, by the second. */
static double run_session(const struct sets *sets, unsigned rows, unsigned columns)
{
    sqlite3 *db = plain_new(columns);
    double start = now();
    for (int i = 0; i < sets->count; i++)
        must(sqlite3changeset_apply(db, sets->bytes[i], sets->changes[i], NULL, last_writer_wins, NULL) == SQLITE_OK,
             "changeset_apply");
    start = (double)rows * WRITERS / (now() - start);
    (void)sqlite3_close(db);
    return start;
}

/* --- the merge's side, in memory --- */

/* The bytes of all values and lists of one policy. */
struct arena {
    uint8_t *bytes;
    size_t used, room;
};

static struct slice kept(struct arena *arena, struct pack *w)
{
    struct slice out = {arena->bytes + arena->used, pack_bytes(w).size};
    must(pack_finish(w, &error) == 0 && arena->used + out.size <= arena->room, "a value");
    memcpy(arena->bytes + arena->used, pack_bytes(w).p, out.size);
    arena->used += out.size;
    pack_free(w);
    return out;
}

static struct merge_op *make_ops(const struct schema_field *field, unsigned rows, struct arena *arena)
{
    struct merge_op *ops = calloc((size_t)rows * WRITERS, sizeof *ops);
    arena->used = 0;
    arena->room = (size_t)rows * WRITERS * 128;
    arena->bytes = malloc(arena->room);
    must(ops != NULL && arena->bytes != NULL, "memory");
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned writer = 0; writer < WRITERS; writer++) {
            struct merge_op *o = &ops[(size_t)row * WRITERS + writer];
            char text[64];
            struct pack w;
            o->dot = (struct dot){{{(uint8_t)(1 + writer)}}, 1, row + 1, 0};
            o->hlc = (TODAY + (uint64_t)row * WRITERS + writer) << 16;
            o->position = (uint64_t)row * WRITERS + writer;
            o->received_ms = TODAY + o->position;
            o->action = writer == 0 ? CHANGE_SET : CHANGE_ADD;
            words(row, writer, 0, text);
            pack_start(&w);
            if (is_number(field))
                pack_int(&w, number(row, writer));
            else
                pack_text(&w, text, strlen(text));
            o->value = kept(arena, &w);
            pack_start(&w);
            pack_array(&w, writer == 0 ? 0 : 1);
            if (writer != 0)
                dot_pack(&w, &ops[(size_t)row * WRITERS].dot);
            o->supersedes = kept(arena, &w);
        }
    }
    return ops;
}

/* A text: its versions brought together over their base. */
static void bring_together(const struct merge_op *ops, size_t live, size_t count)
{
    struct merge_base base = merge_base(ops, live, ops + live, count - live);
    struct text_version versions[WRITERS];
    struct text_merged merged;
    struct slice was;
    must(base.base != MERGE_NO_BASE && slice_text(ops[live + base.base].value, &was), "a base");
    for (size_t i = 0; i < live; i++) {
        versions[i].dot = ops[i].dot;
        must(slice_text(ops[i].value, &versions[i].text), "a version");
    }
    must(text_merge(was, versions, live, &merged, &error) == 0 && merged.overlaps != 0, "a text");
    text_merged_free(&merged);
}

/* Ops that were merged, by the second. */
static double run_merge(const struct schema_field *field, const struct merge_op *ops, struct merge_op *room,
                        unsigned rows)
{
    size_t shown = 0;
    double start;
    memcpy(room, ops, (size_t)rows * WRITERS * sizeof *ops);
    start = now();
    for (unsigned row = 0; row < rows; row++) {
        struct merge_op *these = &room[(size_t)row * WRITERS];
        size_t live = merge_live(these, WRITERS);
        shown += merge_show_over(field, these, live, these + live, WRITERS - live).count;
        if (field->policy == SCHEMA_TEXTUAL)
            bring_together(these, live, WRITERS);
    }
    start = (double)rows * WRITERS / (now() - start);
    must(shown >= rows, "the merge shows too little");
    return start;
}

/* --- the projection --- */

/* Fields of the policy latest; and the same with a text and a status, whose conflicts need what they were written over.
 */
static const struct shape {
    const char *name;
    unsigned kind, columns[COLUMNS];
} shapes[] = {{"changes", KIND_SERVICE, {10, 11, 17, 18, 2, 12}}, {"contest", KIND_CASE, {11, 12, 14, 15, 19, 23}}};

struct written {
    struct pack header, body;
};

static struct id id_of(unsigned kind, unsigned at)
{
    struct id id = {{1, 0x90, (uint8_t)kind}};
    id.b[13] = (uint8_t)(at >> 16);
    id.b[14] = (uint8_t)(at >> 8);
    id.b[15] = (uint8_t)at;
    return id;
}

static void write_change(const struct shape *shape, struct written *out, unsigned row, unsigned writer)
{
    uint8_t hash[CHANGE_HASH_BYTES];
    struct change_draft d;
    char text[64];
    change_draft_start(&d);
    d.device = id_of(0xd0, writer);
    d.epoch = 1;
    d.seq = row + 1;
    d.wall_ms = TODAY + row;
    d.hlc = d.wall_ms << 16;
    d.author = id_of(0xa0, writer);
    d.record = id_of(0x50, row);
    d.scope = shape->kind == KIND_CASE ? d.record : id_of(0xc0, 1);
    d.kind = shape->kind;
    for (unsigned column = 0; column < COLUMNS; column++) {
        struct dot first = {id_of(0xd0, 0), 1, row + 1, column};
        struct pack w;
        words(row, writer, column, text);
        pack_start(&w);
        pack_text(&w, text, strlen(text));
        change_draft_op(&d, shape->columns[column], CHANGE_SET, pack_bytes(&w), &first, writer != 0);
        pack_free(&w);
    }
    must(change_write(&d, &out->header, &out->body, hash, &error) == 0, "a change");
    change_draft_free(&d);
}

/* Changes that were read, logged and applied, by the second. */
static double run_projection(const struct written *changes, unsigned rows)
{
    static struct log_entry entry;
    struct db *db;
    double start;
    must(db_open_memory(&db, &error) == 0 && log_create(db, &error) == 0 && record_create(db, &error) == 0, "a store");
    start = now();
    must(db_begin(db, &error) == 0, "begin");
    for (size_t i = 0; i < (size_t)rows * WRITERS; i++) {
        memset(&entry, 0, offsetof(struct log_entry, change));
        must(change_read(pack_bytes(&changes[i].header), pack_bytes(&changes[i].body), &entry.change, &error) == 0,
             "read");
        entry.position = i;
        entry.received_ms = TODAY + i;
        must(log_add(db, &entry, &error) == 0 && record_apply(db, &entry, &error) == 0, "apply");
    }
    must(db_commit(db, &error) == 0, "commit");
    start = (double)rows * WRITERS / (now() - start);
    db_close(db);
    return start;
}

/* --- both, alternating --- */

static void compare_policy(const struct schema_field *field, unsigned rows)
{
    double merged[ROUNDS], applied[ROUNDS], ours, theirs;
    struct arena arena;
    struct merge_op *ops = make_ops(field, rows, &arena), *room = malloc((size_t)rows * WRITERS * sizeof *room);
    struct sets sets;
    must(room != NULL, "memory");
    make_sets(field, rows, 1, &sets);
    for (int i = 0; i < ROUNDS; i++) {
        merged[i] = run_merge(field, ops, room, rows);
        applied[i] = run_session(&sets, rows, 1);
    }
    ours = median(merged);
    theirs = median(applied);
    (void)printf("%-8s %10.0f ops/s      changeset_apply %9.0f rows/s     ratio %6.2f\n", field->name, ours, theirs,
                 ours / theirs);
    free_sets(&sets);
    free(ops);
    free(arena.bytes);
    free(room);
}

static void compare_projection(const struct shape *shape, unsigned rows)
{
    double applied[ROUNDS], set_apply[ROUNDS], ours, theirs;
    struct written *changes = calloc((size_t)rows * WRITERS, sizeof *changes);
    struct sets sets;
    must(changes != NULL, "memory");
    make_sets(NULL, rows, COLUMNS, &sets);
    for (unsigned writer = 0; writer < WRITERS; writer++)
        for (unsigned row = 0; row < rows; row++)
            write_change(shape, &changes[(size_t)writer * rows + row], row, writer);
    for (int i = 0; i < ROUNDS; i++) {
        applied[i] = run_projection(changes, rows);
        set_apply[i] = run_session(&sets, rows, COLUMNS);
    }
    ours = median(applied);
    theirs = median(set_apply);
    (void)printf("%s  %10.0f /s (%.0f ops/s)      changeset_apply %9.0f rows/s (%.0f values/s)     ratio %6.3f\n",
                 shape->name, ours, ours * COLUMNS, theirs, theirs * COLUMNS, ours / theirs);
    for (size_t i = 0; i < (size_t)rows * WRITERS; i++) {
        pack_free(&changes[i].header);
        pack_free(&changes[i].body);
    }
    free(changes);
    free_sets(&sets);
}

int main(int argc, char **argv)
{
    unsigned rows = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20000;
    double load[1] = {0};
    if (rows < 4 || rows > 1000000 || argc > 2) {
        (void)fprintf(stderr, "usage: merge_bench [ROWS]   (4 to 1000000)\n");
        return 2;
    }
    must(sodium_init() >= 0, "libsodium");
    (void)getloadavg(load, 1);
    (void)printf("%u fields, %d writers each; medians of %d alternating rounds; load %.1f\n\n", rows, WRITERS, ROUNDS,
                 load[0]);
    (void)printf("in memory, one field at a time: which ops live, and what they show\n");
    for (size_t i = 0; i < POLICIES; i++)
        compare_policy(&policies[i], rows);
    (void)printf("\ninto the projection (read, logged, applied), %u records of %d fields\n", rows / 4, COLUMNS);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_projection(&shapes[i], rows / 4);
    return 0;
}
