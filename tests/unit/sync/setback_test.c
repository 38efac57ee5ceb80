/* Tests: client/sync/setback.c daemon/central/backup.c common/chain/announcement.c
 * An office that is put back from a backup: what a laptop refuses, and how it goes on. */
#include "setback_fixture.h"

#include <stdio.h>

#include "batch.h"
#include "event.h"

struct scene {
    struct pair p;
    struct id client, kase, assignment, note, theirs;
    struct setback_fixture backup;
};

static void back_up(struct scene *s)
{
    setback_fixture_back_up(s->p.office, &s->backup);
}

static void put_back(struct scene *s)
{
    setback_fixture_put_back(s->p.office, &s->backup);
}

static void announce(struct scene *s, uint64_t size)
{
    setback_fixture_announce(s->p.office, size);
}

static void write_note(struct scene *s, const char *words)
{
    s->note = id_new(clock_wall());
    pair_field_write(&s->p, KIND_NOTE, &s->kase, &s->note, 1, "text", words, NULL);
}

/* Out and in, to the end. */
static void sync_all(struct scene *s, struct apply_result *result)
{
    assert_int_equal(pair_push(&s->p), 0);
    (void)pair_pull(&s->p, result);
}

/* The laptop has a case whole. The office is backed up; then the laptop sends a note, and takes one of the office's. */
static int start(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct apply_result result;
    pair_start(&s->p);
    pair_office_case(s->p.office, &s->p.user, &s->client, &s->kase, &s->assignment);
    sync_all(s, &result);
    back_up(s);
    write_note(s, "after the backup");
    s->theirs = id_new(clock_wall());
    pair_office_write(s->p.office, KIND_NOTE, &s->kase, &s->theirs, 1, "text", "from somebody else", NULL);
    sync_all(s, &result);
    assert_true(result.agrees);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct scene *s = *state;
    db_close(s->backup.db);
    pair_end(&s->p);
    free(s);
    return 0;
}

/* Nothing in the laptop's store is other than it was: told by what must not change. */
static void assert_untouched(struct scene *s, const struct unsent_seen *before)
{
    struct unsent_seen seen;
    PAIR_OK(unsent_seen(s->p.db, &seen, &pair_e));
    assert_int_equal(seen.size, before->size);
    assert_memory_equal(seen.root.b, before->root.b, sizeof seen.root.b);
    assert_int_equal(pair_count(s->p.db, "SELECT count(*) FROM entry WHERE position IS NULL"), 0);
    assert_int_equal(pair_count(s->p.db, "SELECT count(*) FROM entry WHERE position >= 4611686018427387904"), 0);
    assert_int_equal(pair_count(s->p.db, "SELECT count(*) FROM scope WHERE complete = 0"), 0);
    assert_int_equal(pair_count(s->p.db, "SELECT count(*) FROM set_back"), 0);
}

/* The laptop refuses this welcome, with these words, and keeps everything. */
static void refuses(struct scene *s, const struct message_welcome *w, const char *words)
{
    struct unsent_seen before;
    struct error e = {0, ""};
    PAIR_OK(unsent_seen(s->p.db, &before, &pair_e));
    assert_int_equal(pair_meet(&s->p, w, &e), E_VERIFY);
    if (strstr(e.text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, e.text);
    assert_untouched(s, &before);
}

/* Goal: an office that was put back and does not say so is refused, and the sentence names what its runner must do. */
static void test_silent(void **state)
{
    struct scene *s = *state;
    struct message_welcome w;
    put_back(s);
    pair_welcome(&s->p, &w);
    assert_int_equal(w.set_back.size, 0);
    refuses(s, &w, "satcheld restored");
    /* Also if it has grown past what the laptop saw. */
    for (int i = 0; i < 20; i++)
        pair_office_write(s->p.office, KIND_CLIENT, &s->client, &s->client, 0, "phone", i % 2 ? "1" : "2", NULL);
    pair_welcome(&s->p, &w);
    assert_true(s->p.office->checkpoint_size > db_meta_uint(s->p.db, "checkpoint_size"));
    refuses(s, &w, "satcheld restored");
}

/* Goal: what was pulled is witnessed: an office that lost it is not accepted, though no push came after it. */
static void test_witness(void **state)
{
    struct scene *s = *state;
    struct message_welcome w;
    struct apply_result result;
    back_up(s);
    pair_office_write(s->p.office, KIND_CLIENT, &s->client, &s->client, 0, "phone", "9", NULL);
    (void)pair_pull(&s->p, &result);
    assert_int_equal(db_meta_uint(s->p.db, "checkpoint_size"), s->p.office->checkpoint_size);
    put_back(s);
    pair_welcome(&s->p, &w);
    refuses(s, &w, "satcheld restored");
}

/* Goal: announced, the laptop goes back to the backup, queues its own again under its old number, keeps others' in view
 * without their place, keeps the old checkpoint, and is whole after one sync. */
static void test_goes_on(void **state)
{
    struct scene *s = *state;
    struct message_welcome w;
    struct apply_result result;
    struct checkpoint stated;
    struct pair *p = &s->p;
    uint64_t number = p->author.chain.seq, seen = db_meta_uint(p->db, "checkpoint_size"), n;
    put_back(s);
    announce(s, s->backup.checkpoint_size);
    pair_welcome(p, &w);
    PAIR_OK(pair_meet(p, &w, &pair_e));
    assert_true(p->back.found);
    assert_int_equal(p->back.size, s->backup.checkpoint_size);
    assert_int_equal(p->back.seen, seen);
    assert_int_equal(p->back.sent_again, 1);
    assert_int_equal(p->back.kept, 1);
    /* what its own event carries as evidence: the office's signature over the lost log */
    PAIR_OK(checkpoint_open(p->back.statement, strlen(p->back.statement), &p->office->vkey, &stated, &pair_e));
    assert_int_equal(stated.size, seen);
    assert_memory_equal(p->back.hash, p->office->author.chain.hash, sizeof p->back.hash);
    PAIR_OK(unsent_count(p->db, &n, &pair_e));
    assert_int_equal(n, 1);
    assert_int_equal(db_meta_uint(p->db, "pull_cursor"), s->backup.checkpoint_size);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 2);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM set_back WHERE note LIKE 'satchel/test%'"), 1);
    assert_int_equal(pair_count(p->db, "SELECT max(seq) FROM entry WHERE position IS NULL"), number);
    /* It is sent, takes the place that the lost one had, and the caseload is dealt anew. */
    sync_all(s, &result);
    assert_false(p->back.found);
    assert_true(result.agrees && !result.rebuilt);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM note"), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 2);
    PAIR_OK(setback_count(p->db, &n, &pair_e));
    assert_int_equal(n, 1);
    /* And so it stays: what others wrote is no part of the digest, and its case is not let go of over it. */
    sync_all(s, &result);
    assert_true(result.agrees && !result.rebuilt);
    pair_office_write(p->office, KIND_ASSIGNMENT, &s->kase, &s->assignment, 0, "status", "disabled", NULL);
    sync_all(s, &result);
    assert_int_equal(result.kept, 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 2);
}

/* Goal: an announcement covers one set-back, and not the next one that nobody announced. */
static void test_once(void **state)
{
    struct scene *s = *state;
    struct message_welcome w;
    struct apply_result result;
    struct message_hello forgets = {.cursor = 0};
    enum backup_verdict verdict;
    struct unsent_seen seen;
    struct error e = {0, ""};
    put_back(s);
    announce(s, s->backup.checkpoint_size);
    back_up(s);
    sync_all(s, &result);
    assert_true(result.agrees);
    put_back(s);
    pair_welcome(&s->p, &w);
    assert_int_equal(w.set_back.size, 0);
    assert_int_equal(pair_meet(&s->p, &w, &e), E_VERIFY);
    assert_non_null(strstr(e.text, "satcheld restored"));
    /* Nor if the office names the old one again. */
    PAIR_OK(unsent_seen(s->p.db, &seen, &pair_e));
    forgets.checkpoint_size = seen.size;
    forgets.checkpoint_root = seen.root;
    PAIR_OK(backup_tell(s->p.office, &forgets, &w, &verdict, &s->p.announcement, &pair_e));
    assert_int_equal(verdict, BACKUP_ANNOUNCED);
    assert_int_equal(pair_meet(&s->p, &w, &e), E_VERIFY);
    assert_non_null(strstr(e.text, "satcheld restored"));
    announce(s, s->backup.checkpoint_size);
    sync_all(s, &result);
    assert_true(result.agrees);
    assert_int_equal(pair_count(s->p.office->db, "SELECT count(*) FROM note"), 1);
    assert_int_equal(pair_count(s->p.db, "SELECT count(*) FROM set_back"), 2);
}

/* The announcement of a welcome as another one, with its proof. */
static void repack(struct scene *s, struct message_welcome *w, const struct batch_item *item, struct slice body)
{
    static const struct slice all;
    struct batch_writer b;
    batch_start(&b);
    batch_add_entry(&b, item->position, item->received_ms, item->header, body, all);
    free(s->p.announcement);
    PAIR_OK(batch_finish(&b, &w->set_back, &pair_e));
    s->p.announcement = (void *)w->set_back.p;
    batch_free(&b);
}

/* Goal: nothing but the office's own entry in its signed log is an announcement. */
static void test_forged(void **state)
{
    struct scene *s = *state;
    static const struct slice none;
    struct message_welcome good, w;
    struct batch_reader r;
    struct batch_item item;
    put_back(s);
    announce(s, s->backup.checkpoint_size);
    pair_welcome(&s->p, &good);
    PAIR_OK(batch_open(&r, good.set_back, 1, &pair_e));
    assert_int_equal(batch_next(&r, &item, NULL), 1);
    /* another place, another time, no body, a proof of less */
    w = good;
    item.position--;
    repack(s, &w, &item, item.body);
    refuses(s, &w, "its proof of that is false");
    item.position++;
    item.received_ms++;
    repack(s, &w, &item, item.body);
    refuses(s, &w, "its proof of that is false");
    item.received_ms--;
    repack(s, &w, &item, none);
    refuses(s, &w, "its proof of that is false");
    repack(s, &w, &item, item.body);
    assert_true(w.set_back_proof.count != 0);
    w.set_back_proof.count--;
    refuses(s, &w, "its proof of that is false");
    w.set_back_proof.count++;
    w.set_back.size--;
    assert_int_not_equal(pair_meet(&s->p, &w, NULL), 0);
    w.set_back.size++;
    PAIR_OK(pair_meet(&s->p, &w, &pair_e));
    batch_close(&r);
}

/* The office announces a set-back with its own key, and not as backup_announce does it. */
static void announce_falsely(struct scene *s, int begins_epoch, uint64_t size)
{
    struct central *c = s->p.office;
    struct event event = {.what = "set back", .count = size};
    struct edit edit;
    PAIR_OK(central_begin(c, &pair_e));
    if (begins_epoch) {
        c->author.chain.epoch += 1000;
        c->author.chain.seq = 0;
        memset(c->author.chain.hash, 0, sizeof c->author.chain.hash);
    }
    PAIR_OK(event_edit(&edit, c->db, &c->author, &event, &pair_e));
    PAIR_OK(central_write(c, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
}

/* Goal: an announcement of another size than its own position, or in the middle of the office's chain, is refused by a
 * laptop, though the office signed it and proves that it is in its log. */
static void test_of_any_size(void **state)
{
    struct scene *s = *state;
    struct message_welcome w;
    for (uint64_t i = 0; i < 4; i++) {
        put_back(s);
        announce_falsely(s, i != 3, i == 0 ? 1 : s->backup.checkpoint_size - (i == 1) + (i == 2));
        pair_welcome(&s->p, &w);
        assert_int_not_equal(w.set_back.size, 0);
        refuses(s, &w, "its proof of that is false");
    }
}

/* Goal: only a copy in which nothing was written since can be said to be put back. */
static void test_written_before(void **state)
{
    struct scene *s = *state;
    struct central *c = s->p.office;
    struct error e = {0, ""};
    put_back(s);
    pair_office_write(c, KIND_CLIENT, &s->client, &s->client, 0, "phone", "5", NULL);
    PAIR_OK(central_begin(c, &pair_e));
    assert_int_equal(backup_announce(c, s->backup.checkpoint_size, &e), E_REFUSED);
    assert_non_null(strstr(e.text, "Put the copy back again"));
    assert_int_equal(backup_announce(c, 1, NULL), E_REFUSED);
    central_rollback(c);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM event"), 0);
}

/* Goal: a laptop's own words, truly in the log, are no announcement of the office's. */
static void test_not_a_laptops(void **state)
{
    struct scene *s = *state;
    struct pair *p = &s->p;
    struct merkle_source tree;
    struct message_welcome w;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct batch_item item;
    struct id record = id_new(clock_wall());
    pair_field_write(p, KIND_EVENT, &pair_everywhere, &record, 1, "what", "set back", "count", "1", NULL);
    assert_int_equal(pair_push(p), 0);
    PAIR_OK(
        log_load(p->office->db,
                 (int64_t)pair_count(p->office->db, "SELECT id FROM entry WHERE kind = 15 ORDER BY id DESC LIMIT 1"), 1,
                 &memory, &entry, &pair_e));
    assert_true(id_equal(&entry.change.device, &p->device.device));
    pair_welcome(p, &w);
    assert_int_equal(w.set_back.size, 0); /* the office does not take it for one */
    item = (struct batch_item){entry.position, entry.received_ms, entry.change.header, entry.change.body, {NULL, 0}};
    repack(s, &w, &item, item.body);
    tree = log_tree(p->office->db);
    PAIR_OK(merkle_inclusion(&tree, entry.position, p->office->checkpoint_size, &w.set_back_proof, &pair_e));
    refuses(s, &w, "its proof of that is false");
    log_memory_free(&memory);
}

/* Goal: an announcement of a backup that is no shorter than what the laptop saw does not say where its history went. */
static void test_does_not_cover(void **state)
{
    struct scene *s = *state;
    struct message_hello far = {.checkpoint_size = INT64_MAX};
    uint64_t seen = db_meta_uint(s->p.db, "checkpoint_size");
    enum backup_verdict verdict;
    struct message_welcome w;
    put_back(s);
    while (s->p.office->checkpoint_size < seen)
        pair_office_write(s->p.office, KIND_CLIENT, &s->client, &s->client, 0, "phone",
                          s->p.office->checkpoint_size % 2 ? "1" : "2", NULL);
    announce(s, seen);
    pair_welcome(&s->p, &w);
    assert_int_equal(w.set_back.size, 0);
    refuses(s, &w, "satcheld restored");
    free(s->p.announcement);
    PAIR_OK(backup_tell(s->p.office, &far, &w, &verdict, &s->p.announcement, &pair_e));
    assert_int_equal(verdict, BACKUP_ANNOUNCED);
    refuses(s, &w, "has seen before that");
}

/* Goal: an entry, or a cursor, that the batch's checkpoint does not cover is refused; so is a checkpoint that does not
 * continue the last one. Nothing is stored. */
static void test_beyond(void **state)
{
    struct scene *s = *state;
    struct pair *p = &s->p;
    struct unsent_seen before;
    struct message_entries old = {.done = 0}, m, bad;
    struct deal_memory memory;
    struct apply_result r = {0};
    char note[CHECKPOINT_TEXT_MAX];
    struct deal deal;
    PAIR_OK(deal_witness(p->office, p->office->checkpoint_size, &old, &pair_e));
    memcpy(note, old.checkpoint.p, old.checkpoint.size);
    old.checkpoint.p = (uint8_t *)note;
    PAIR_OK(unsent_seen(p->db, &before, &pair_e));
    pair_office_write(p->office, KIND_CLIENT, &s->client, &s->client, 0, "phone", "77", NULL);
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
    bad = m;
    bad.checkpoint = old.checkpoint;
    bad.consistency = old.consistency;
    assert_int_equal(pair_apply(p, &bad, &r, NULL), E_VERIFY);
    bad.cursor = before.size; /* the entry alone is beyond it */
    assert_int_equal(pair_apply(p, &bad, &r, NULL), E_VERIFY);
    PAIR_OK(deal_witness(p->office, before.size, &bad, &pair_e));
    bad.consistency.hashes[0].b[0] ^= 1;
    assert_true(bad.consistency.count != 0);
    assert_int_equal(pair_apply(p, &bad, &r, NULL), E_VERIFY);
    bad.consistency.hashes[0].b[0] ^= 1;
    bad.cursor = p->office->checkpoint_size + 1;
    assert_int_equal(pair_apply(p, &bad, &r, NULL), E_VERIFY);
    assert_untouched(s, &before);
    assert_int_equal(db_meta_uint(p->db, "pull_cursor"), before.size);
    memset(&r, 0, sizeof r);
    PAIR_OK(pair_apply(p, &m, &r, &pair_e));
    assert_true(r.agrees);
    deal_release(&memory);
    deal_free(&deal);
    /* In the middle of a commit nothing is dealt: no checkpoint covers what is there. */
    pair_deal(p, &deal);
    PAIR_OK(central_begin(p->office, &pair_e));
    p->office->tree.size++;
    assert_int_equal(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, NULL), E_INTERNAL);
    central_rollback(p->office);
    deal_free(&deal);
}

/* Goal: if another entry has the place that the office proves for a change, that entry gives way, and the sync goes
 * on; the same if an entry is dealt. */
static void test_gives_way(void **state)
{
    struct scene *s = *state;
    struct pair *p = &s->p;
    struct apply_result result;
    uint64_t n;
    write_note(s, "its place is taken");
    PAIR_OK(db_run(p->db, &pair_e, "UPDATE entry SET position = ? WHERE record = ?", "ud", p->office->tree.size,
                   &s->theirs));
    sync_all(s, &result);
    PAIR_OK(unsent_count(p->db, &n, &pair_e));
    assert_int_equal(n, 0);
    PAIR_OK(setback_count(p->db, &n, &pair_e));
    assert_int_equal(n, 1);
    PAIR_OK(db_run(p->db, &pair_e, "UPDATE entry SET position = ? WHERE record = ?", "ud", p->office->tree.size,
                   &s->theirs));
    pair_office_write(p->office, KIND_CLIENT, &s->client, &s->client, 0, "phone", "78", NULL);
    sync_all(s, &result);
    /* That the log here differs is seen, and all is dealt anew. */
    sync_all(s, &result);
    assert_true(result.agrees);
    PAIR_OK(setback_count(p->db, &n, &pair_e));
    assert_int_equal(n, 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 3);
}

/* What a colleague wrote and the office lost, on this laptop, after the set-back was announced. */
static int64_t lose_theirs(struct scene *s)
{
    struct message_welcome w;
    int64_t id;
    put_back(s);
    announce(s, s->backup.checkpoint_size);
    pair_welcome(&s->p, &w);
    PAIR_OK(pair_meet(&s->p, &w, &pair_e));
    id = (int64_t)pair_count(s->p.db, "SELECT id FROM entry WHERE position >= 4611686018427387904");
    assert_int_not_equal(id, 0);
    return id;
}

/* Goal: if the office gives a number that it lost to another change, the lost one stays, apart and out of the
 * record, also when its case is dealt anew; and the sync goes on. */
static void test_number_given_again(void **state)
{
    static const char apart[] = "SELECT count(*) FROM entry WHERE epoch < 0 AND held = 1 AND body IS NOT NULL";
    struct scene *s = *state;
    struct pair *p = &s->p;
    struct chain *office = &p->office->author.chain;
    struct id note = id_new(clock_wall());
    struct apply_result result;
    struct log_memory memory = {NULL, 0};
    struct log_entry lost;
    uint64_t n;
    int64_t id;
    (void)lose_theirs(s);
    sync_all(s, &result);
    id = (int64_t)pair_count(p->db, "SELECT id FROM entry WHERE position >= 4611686018427387904");
    PAIR_OK(log_load(p->db, id, 1, &memory, &lost, &pair_e));
    log_memory_free(&memory); /* its numbers alone are looked at */
    PAIR_OK(db_run(p->db, &pair_e, "UPDATE entry SET device = ?, epoch = ?, seq = ? WHERE id = ?", "duui",
                   &office->device, office->epoch, office->seq + 1, id));
    pair_office_write(p->office, KIND_NOTE, &s->kase, &note, 1, "text", "of the copy", NULL);
    sync_all(s, &result);
    assert_true(result.agrees);
    assert_int_equal(pair_count(p->db, apart), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 2);
    /* Its case is dealt anew, and now something of another scope has its number. */
    PAIR_OK(
        db_run(p->db, &pair_e,
               "UPDATE entry SET device = ?, epoch = ?, seq = ? WHERE id = (SELECT min(id) FROM entry WHERE scope = "
               "?)",
               "duud", &lost.change.device, lost.change.epoch, lost.change.seq, &s->client));
    for (int i = 0; i < 2; i++) {
        PAIR_OK(db_run(p->db, &pair_e, "UPDATE scope SET complete = 0 WHERE id = ?", "d", &s->kase));
        sync_all(s, &result);
        assert_int_equal(pair_count(p->db, apart), 1);
        assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 2);
        PAIR_OK(setback_count(p->db, &n, &pair_e));
        assert_int_equal(n, 1);
    }
}

/* Goal: a lost change goes when its laptop wrote it once more, and that was dealt; one that only looks like it does
 * not. */
static void test_repeated(void **state)
{
    struct scene *s = *state;
    struct pair *p = &s->p;
    struct log_memory memory = {NULL, 0};
    struct log_entry lost;
    struct change dealt;
    uint64_t n;
    int64_t id = lose_theirs(s);
    PAIR_OK(log_load(p->db, id, 1, &memory, &lost, &pair_e));
    dealt = lost.change;
    dealt.epoch = 2;
    PAIR_OK(setback_drop_repeated(p->db, &dealt, &pair_e)); /* itself */
    dealt.hash[0] ^= 1;
    dealt.hlc++;
    PAIR_OK(setback_drop_repeated(p->db, &dealt, &pair_e));
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 2);
    dealt.hlc--;
    PAIR_OK(setback_drop_repeated(p->db, &dealt, &pair_e));
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note"), 1);
    PAIR_OK(setback_count(p->db, &n, &pair_e));
    assert_int_equal(n, 0);
    log_memory_free(&memory);
}

/* Goal: each announcement begins an epoch that was never given, also from the same backup; and an office that is no
 * backup announces nothing unless it is told the size. */
static void test_epochs(void **state)
{
    struct scene *s = *state;
    struct central *c = s->p.office;
    uint64_t first;
    PAIR_OK(central_begin(c, &pair_e));
    assert_int_equal(backup_announce(c, 0, NULL), E_USAGE);
    assert_int_equal(backup_announce(c, c->tree.size + 1, NULL), E_USAGE);
    central_rollback(c);
    assert_int_equal(c->author.chain.epoch, 1);
    put_back(s);
    announce(s, s->backup.checkpoint_size);
    first = c->author.chain.epoch;
    assert_true(first > 1);
    assert_int_equal(c->author.chain.seq, 1);
    while (clock_wall() <= first)
        ; /* the clock is what tells the epochs apart */
    put_back(s);
    announce(s, s->backup.checkpoint_size);
    assert_true(c->author.chain.epoch > first);
    /* A backup, as it is marked, is written by nobody. */
    c->backup_size = 1;
    assert_int_equal(central_begin(c, NULL), E_REFUSED);
    backup_wake(c);
    PAIR_OK(central_begin(c, &pair_e));
    central_rollback(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_silent, start, end),
        cmocka_unit_test_setup_teardown(test_witness, start, end),
        cmocka_unit_test_setup_teardown(test_goes_on, start, end),
        cmocka_unit_test_setup_teardown(test_once, start, end),
        cmocka_unit_test_setup_teardown(test_forged, start, end),
        cmocka_unit_test_setup_teardown(test_not_a_laptops, start, end),
        cmocka_unit_test_setup_teardown(test_does_not_cover, start, end),
        cmocka_unit_test_setup_teardown(test_beyond, start, end),
        cmocka_unit_test_setup_teardown(test_gives_way, start, end),
        cmocka_unit_test_setup_teardown(test_number_given_again, start, end),
        cmocka_unit_test_setup_teardown(test_repeated, start, end),
        cmocka_unit_test_setup_teardown(test_epochs, start, end),
        cmocka_unit_test_setup_teardown(test_of_any_size, start, end),
        cmocka_unit_test_setup_teardown(test_written_before, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
