/* Tests: client/sync/reissue.c
 * One laptop's disk is copied and put back, at random, while people write and links break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reissue_fixture.h"

enum { DISKS = 3, NOTES = 64, STEPS = 60, SEEDS = 25 };

struct room {
    struct pair disks[DISKS]; /* the first owns the office */
    struct id client, kase;
    struct id notes[NOTES];
    unsigned note_count;
    uint64_t on[DISKS], sent; /* bits of notes: on a disk; at the office */
    uint64_t random;
};

static unsigned below(struct room *r, unsigned n)
{
    r->random = r->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(r->random >> 33) % n;
}

/* One disk's bytes to another's place. */
static void copy(struct room *r, unsigned from, unsigned to)
{
    struct pair *a = &r->disks[from], *b = &r->disks[to];
    struct central *office = a->office;
    sqlite3_backup *backup;
    db_close(b->db);
    *b = *a;
    b->office = office;
    PAIR_OK(db_open_memory(&b->db, &pair_e));
    backup = sqlite3_backup_init(db_handle(b->db), "main", db_handle(a->db), "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    r->on[to] = r->on[from];
}

static void write(struct room *r, unsigned disk)
{
    struct pair *p = &r->disks[disk];
    if (below(r, 3) == 0) {
        pair_field_write(p, KIND_CLIENT, &r->client, &r->client, 0, "phone", below(r, 2) != 0 ? "1" : "2", NULL);
    } else if (r->note_count < NOTES) {
        r->notes[r->note_count] = id_new(clock_wall());
        pair_field_write(p, KIND_NOTE, &r->kase, &r->notes[r->note_count], 1, "text", "seen", NULL);
        r->on[disk] |= UINT64_C(1) << r->note_count++;
    }
}

/* What is at the office now, from this disk. */
static void note_sent(struct room *r)
{
    for (unsigned i = 0; i < r->note_count; i++) {
        char text[ID_TEXT], sql[128];
        id_format(&r->notes[i], text);
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM note WHERE id = '%s'", text);
        if (pair_count(r->disks[0].office->db, sql) != 0)
            r->sent |= UINT64_C(1) << i;
    }
}

/* A sync that breaks behind `steps` of its steps, or not. */
static void sync(struct room *r, unsigned disk, unsigned steps)
{
    struct pair *p = &r->disks[disk];
    struct message_welcome welcome;
    struct reissue_answer answer;
    struct apply_result result;
    p->device.epoch = p->author.chain.epoch;
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    if (p->forked) {
        answer = reissue_fixture_ask(p);
        if (steps == 1)
            return;
        (void)reissue_fixture_go_on(p, &answer);
    }
    if (steps == 2)
        return;
    if (steps == 3) { /* the office takes a batch, and the answer is lost */
        struct chain from = p->author.chain;
        struct message_pushed lost;
        struct unsent_batch batch;
        struct pack memory;
        PAIR_OK(unsent_oldest(p->db, &p->author.chain, 0, &from.epoch, &pair_e));
        PAIR_OK(unsent_take(p->db, &(struct unsent_from){&from, p->sign_secret, 0, 400}, &batch, &pair_e));
        if (batch.count != 0) {
            pair_receive(p, &batch, &lost, &memory);
            pack_free(&memory);
        }
        unsent_free(&batch);
        note_sent(r);
        return;
    }
    (void)pair_push(p);
    assert_false(p->forked);
    note_sent(r);
    if (steps == 4)
        return;
    (void)pair_pull(p, &result);
    assert_true(result.agrees);
    assert_false(result.rebuilt);
    r->on[disk] |= r->sent;
}

static void check_end(struct room *r)
{
    uint64_t kept = r->sent;
    for (unsigned i = 0; i < DISKS; i++)
        kept |= r->on[i];
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < DISKS; i++)
            sync(r, i, 0);
    assert_int_equal(r->sent & kept, kept);
    for (unsigned i = 0; i < DISKS; i++)
        assert_int_equal(pair_count(r->disks[i].db, "SELECT count(*) FROM entry WHERE position IS NULL"), 0);
    for (unsigned i = 0; i < r->note_count; i++) {
        char text[ID_TEXT], sql[160];
        if ((kept >> i & 1) == 0)
            continue;
        id_format(&r->notes[i], text);
        (void)snprintf(sql, sizeof sql, "SELECT json_array_length(text) FROM note WHERE id = '%s'", text);
        assert_int_equal(pair_count(r->disks[0].office->db, sql), 1);
    }
    /* Held is what is there already, and nothing else. */
    assert_int_equal(
        pair_count(r->disks[0].office->db, "SELECT count(*) FROM hold WHERE reason NOT LIKE '%is here already'"), 0);
    office_check(r->disks[0].office);
    PAIR_OK(fork_check(r->disks[0].office->db, &pair_e));
}

static void start(struct room *r, uint64_t seed)
{
    struct pair *p = &r->disks[0];
    char text[ID_TEXT], sign[65], noise[65];
    struct apply_result result;
    struct id assignment;
    memset(r, 0, sizeof *r);
    r->random = seed;
    pair_start(p);
    id_format(&p->user, text);
    office_hex(p->device.sign_key, 32, sign);
    office_hex(p->device.sign_key, 31, noise);
    (void)strcat(noise, "00");
    pair_office_write(p->office, KIND_DEVICE, &pair_everywhere, &p->device.device, 1, "user", text, "sign_key", sign,
                      "noise_key", noise, "status", "active", NULL);
    pair_office_case(p->office, &p->user, &r->client, &r->kase, &assignment);
    (void)pair_push(p);
    (void)pair_pull(p, &result);
    for (unsigned i = 1; i < DISKS; i++)
        copy(r, 0, i);
}

/* Goal: whatever the order of writing, copying, putting back and breaking links: what was typed and is on any disk gets
 * to the office, and counts once: what a copy writes once more a second time is held; all disks agree with the office;
 * queues are empty; the log is whole. */
static void nothing_is_lost(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    const char *only = getenv("SATCHEL_SEED");
    uint64_t first = only != NULL ? strtoull(only, NULL, 10) : 1, last = only != NULL ? first : SEEDS;
    (void)state;
    assert_non_null(r);
    for (uint64_t seed = first; seed <= last; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        start(r, seed);
        for (unsigned i = 0; i < STEPS; i++) {
            unsigned disk = below(r, DISKS), what = below(r, 10);
            if (what < 5)
                write(r, disk);
            else if (what < 9)
                sync(r, disk, below(r, 2) != 0 ? 0 : 1 + below(r, 4));
            else if (disk != 0 || below(r, 2) != 0)
                copy(r, disk, (disk + 1 + below(r, DISKS - 1)) % DISKS);
        }
        check_end(r);
        for (unsigned i = 1; i < DISKS; i++)
            db_close(r->disks[i].db);
        pair_end(&r->disks[0]);
    }
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
