/* What Satchel costs, as ratios to plain SQLite in the same run: an office takes a laptop's signed batches (verified,
 * judged, logged, hashed into the tree, merged and projected, encrypted, durable), against the same rows inserted into
 * a plain database of the same folder, in transactions of the same size, as durable.
 *
 *   bench [CHANGES [BATCH]]     by default 20000 changes of 6 fields, in batches of 500
 *
 * Each figure is measured ROUNDS times, alternating; the median is printed. */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "central_fixture.h"
#include "clock.h"
#include "edit.h"
#include "receive.h"
#include "record.h"
#include "vault.h"

enum { ROUNDS = 3, BATCHES_MAX = 4096 };

struct laptop {
    struct db *db;
    struct edit_author author;
    uint8_t sign_public[32], sign_secret[64];
    struct device device;
};

static struct error error;

static void must(int code, const char *what)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench: %s: %s\n", what, error.text);
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

static double bytes_of(const char *folder, const char *name)
{
    char path[512];
    struct stat there;
    double total = 0;
    static const char *const endings[] = {"", "-wal"};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, endings[i]);
        if (stat(path, &there) == 0)
            total += (double)there.st_size;
    }
    return total;
}

/* --- the rows: the same words for both sides --- */

static void words(unsigned i, char out[6][64])
{
    (void)snprintf(out[0], 64, "home visit %u", i % 17);
    (void)snprintf(out[1], 64, "code-%u", i % 101);
    (void)snprintf(out[2], 64, "2026-%02u-%02uT09:%02u:00Z", 1 + i % 12, 1 + i % 28, i % 60);
    (void)snprintf(out[3], 64, "2026-%02u-%02uT10:%02u:00Z", 1 + i % 12, 1 + i % 28, i % 60);
    (void)snprintf(out[4], 64, "went as planned, next in %u days", i % 30);
    (void)snprintf(out[5], 64, "asked for by family %u", i);
}

static const char *const fields[6] = {"type", "code", "started", "ended", "outcome", "reason"};

/* --- the laptop's side, made once --- */

static void make_laptop(struct laptop *l)
{
    static const struct id nobody;
    crypto_sign_keypair(l->sign_public, l->sign_secret);
    l->device.device = id_of_device(l->sign_public);
    l->device.user = id_new(clock_wall());
    memcpy(l->device.sign_key, l->sign_public, sizeof l->sign_public);
    l->device.revoked = 0;
    must(db_open_memory(&l->db, &error), "laptop");
    must(log_create(l->db, &error), "laptop");
    must(record_create(l->db, &error), "laptop");
    must(edit_author_create(l->db, &l->device.device, &error), "laptop");
    must(edit_author_load(l->db, &l->author, &error), "laptop");
    l->author.person = l->device.user;
    l->author.session = nobody;
}

static void write_changes(struct laptop *l, unsigned count)
{
    struct id file = id_new(clock_wall());
    struct edit edit;
    char text[6][64];
    must(db_begin(l->db, &error), "begin");
    must(edit_new(&edit, l->db, schema_kind(KIND_CASE), &file, &file, &error), "case");
    must(edit_set_text(&edit, "title", "a case", &error), "case");
    must(edit_commit(&edit, &l->author, NULL, NULL, &error), "case");
    for (unsigned i = 1; i < count; i++) {
        struct id record = id_new(clock_wall());
        words(i, text);
        must(edit_new(&edit, l->db, schema_kind(KIND_SERVICE), &file, &record, &error), "service");
        for (int k = 0; k < 6; k++)
            must(edit_set_text(&edit, fields[k], text[k], &error), "field");
        must(edit_commit(&edit, &l->author, NULL, NULL, &error), "commit");
    }
    must(db_commit(l->db, &error), "commit");
}

struct batches {
    struct laptop *laptop;
    unsigned size;
    size_t count;
    struct message_push pushes[BATCHES_MAX];
    struct batch_writer open;
    struct chain end;
    size_t raw_bytes, wire_bytes;
};

static void close_batch(struct batches *b)
{
    struct message_push *p = &b->pushes[b->count];
    struct chain_head head = {.end = b->end};
    uint8_t *signed_head;
    size_t bytes = 0;
    if (b->open.count == 0)
        return;
    if ((signed_head = malloc(CHAIN_HEAD_MAX)) == NULL)
        must(error_set(&error, E_MEMORY, "there is no memory left"), "batch");
    chain_sign(&head, b->laptop->sign_secret, signed_head, &bytes);
    p->head = (struct slice){signed_head, bytes};
    must(batch_finish(&b->open, &p->batch, &error), "batch");
    batch_free(&b->open);
    batch_start(&b->open);
    b->wire_bytes += p->batch.size + bytes + 16 + 8;
    b->count++;
}

static int put(void *arg, struct log_entry *entry, struct error *e)
{
    struct batches *b = arg;
    (void)e;
    batch_add_change(&b->open, entry->change.header, entry->change.body);
    b->raw_bytes += entry->change.header.size + entry->change.body.size;
    b->end.device = entry->change.device;
    b->end.epoch = entry->change.epoch;
    b->end.seq = entry->change.seq;
    memcpy(b->end.hash, entry->change.hash, sizeof b->end.hash);
    if (b->open.count >= b->size)
        close_batch(b);
    return 0;
}

/* --- one round of each --- */

static double run_office(const struct laptop *l, const struct batches *b, const char *folder, unsigned count,
                         double *disk)
{
    struct central_options o = {folder, "bench", "admin", "Admin", "correct horse", 13};
    struct central *c;
    struct receive_result result;
    double start, seconds, before;
    must(central_create(&o, &error), "office");
    must(central_fixture_open(&c, folder, "correct horse", 13, &error), "office");
    before = bytes_of(folder, "office.db");
    start = now();
    for (size_t i = 0; i < b->count; i++) {
        must(central_begin(c, &error), "begin");
        must(receive_push(c, &l->device, &b->pushes[i], &result, &error), "push");
        if (result.held_count != 0)
            must(error_set(&error, E_INTERNAL, "%s", result.held[0].reason), "held");
        receive_free(&result);
        must(central_commit(c, &error), "commit");
    }
    seconds = now() - start;
    central_close(c);
    *disk = (bytes_of(folder, "office.db") - before) / count;
    return count / seconds;
}

static void plain(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        must(error_set(&error, E_IO, "%s", sqlite3_errmsg(db)), "plain SQLite");
}

static double run_plain(const char *path, unsigned count, unsigned batch)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    char text[6][64], id_text[ID_TEXT];
    double start;
    struct id id;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix") != SQLITE_OK)
        must(error_set(&error, E_IO, "%s", path), "plain SQLite");
    plain(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
              "CREATE TABLE service(id TEXT PRIMARY KEY, type, code, started, ended, outcome, reason) WITHOUT ROWID");
    (void)sqlite3_prepare_v2(db, "INSERT INTO service VALUES(?,?,?,?,?,?,?)", -1, &s, NULL);
    start = now();
    for (unsigned i = 0; i < count; i++) {
        if (i % batch == 0)
            plain(db, "BEGIN IMMEDIATE");
        id = id_new(clock_wall());
        id_format(&id, id_text);
        words(i, text);
        (void)sqlite3_bind_text(s, 1, id_text, -1, SQLITE_STATIC);
        for (int k = 0; k < 6; k++)
            (void)sqlite3_bind_text(s, k + 2, text[k], -1, SQLITE_STATIC);
        (void)sqlite3_step(s);
        (void)sqlite3_reset(s);
        if (i % batch == batch - 1 || i == count - 1)
            plain(db, "COMMIT");
    }
    start = count / (now() - start);
    (void)sqlite3_finalize(s);
    (void)sqlite3_close(db);
    return start;
}

struct replaying {
    struct db *db;
};

static int replay_one(void *arg, struct log_entry *entry, struct error *e)
{
    struct replaying *r = arg;
    struct change again;
    int code;
    /* Read from its bytes, as an auditor does. */
    if ((code = change_read(entry->change.header, entry->change.body, &again, e)) != 0)
        return code;
    entry->change = again;
    if ((code = log_add(r->db, entry, e)) != 0)
        return code;
    return record_apply(r->db, entry, e);
}

static double run_replay(const struct laptop *l, unsigned count)
{
    struct replaying r;
    double start;
    must(db_open_memory(&r.db, &error), "replay");
    must(log_create(r.db, &error), "replay");
    must(record_create(r.db, &error), "replay");
    start = now();
    must(db_begin(r.db, &error), "replay");
    must(log_each(l->db, 0, replay_one, &r, &error), "replay");
    must(db_commit(r.db, &error), "replay");
    start = count / (now() - start);
    db_close(r.db);
    return start;
}

static void remove_files(const char *folder)
{
    static const char *const names[] = {"office.db", "office.db-wal", "office.keys",
                                        "plain.db",  "plain.db-wal",  "plain.db-shm"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20000;
    unsigned size = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500;
    char folder[] = "bench-XXXXXX", path[64];
    double merged[ROUNDS], inserted[ROUNDS], replayed[ROUNDS], in_memory[ROUNDS], disk = 0, plain_disk = 0;
    static struct laptop laptop;
    static struct batches batches;
    if (count < 2 || size < 1 || size > 4096 || count / size >= BATCHES_MAX || mkdtemp(folder) == NULL) {
        (void)fprintf(stderr, "usage: bench [CHANGES [BATCH]]   (at most %d batches, of at most 4096)\n", BATCHES_MAX);
        return 2;
    }
    must(vault_init(&error), "vault");
    make_laptop(&laptop);
    write_changes(&laptop, count);
    batches.laptop = &laptop;
    batches.size = size;
    batch_start(&batches.open);
    must(log_each(laptop.db, 0, put, &batches, &error), "batches");
    close_batch(&batches);
    (void)snprintf(path, sizeof path, "%s/plain.db", folder);
    for (int i = 0; i < ROUNDS; i++) {
        inserted[i] = run_plain(path, count, size);
        plain_disk = bytes_of(folder, "plain.db") / count;
        merged[i] = run_office(&laptop, &batches, folder, count, &disk);
        remove_files(folder);
        replayed[i] = run_replay(&laptop, count);
        in_memory[i] = run_plain(":memory:", count, count);
    }
    (void)rmdir(folder);
    (void)printf("%u changes of 6 fields in batches of %u, medians of %d rounds\n\n", count, size, ROUNDS);
    (void)printf("changes merged by an office   %9.0f /s   plain SQLite inserts %9.0f /s   ratio %.3f\n",
                 median(merged), median(inserted), median(merged) / median(inserted));
    (void)printf("changes replayed in memory    %9.0f /s   plain SQLite inserts %9.0f /s   ratio %.3f\n",
                 median(replayed), median(in_memory), median(replayed) / median(in_memory));
    (void)printf("bytes on the wire per change  %9.1f      as written          %9.1f      ratio %.3f\n",
                 (double)batches.wire_bytes / count, (double)batches.raw_bytes / count,
                 (double)batches.wire_bytes / (double)batches.raw_bytes);
    (void)printf("bytes on disk per change      %9.1f      plain SQLite row    %9.1f      ratio %.3f\n", disk,
                 plain_disk, disk / plain_disk);
    return 0;
}
