/* Tests: client/sync/reissue.c
 * A laptop whose chain forked: what the office has stays, the rest is written once more in a new epoch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reissue_fixture.h"

struct room {
    struct pair p;
    struct id client, kase;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    char text[ID_TEXT], sign[65], noise[65];
    struct apply_result result;
    struct id assignment;
    assert_non_null(r);
    pair_start(&r->p);
    id_format(&r->p.user, text);
    office_hex(r->p.device.sign_key, 32, sign);
    office_hex(r->p.device.sign_key, 31, noise);
    (void)strncat(noise, "00", sizeof noise - strlen(noise) - 1);
    pair_office_write(r->p.office, KIND_DEVICE, &pair_everywhere, &r->p.device.device, 1, "user", text, "sign_key",
                      sign, "noise_key", noise, "status", "active", NULL);
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &assignment);
    (void)pair_push(&r->p);
    (void)pair_pull(&r->p, &result);
    pair_field_write(&r->p, KIND_CLIENT, &r->client, &r->client, 0, "phone", "before", NULL);
    pair_field_write(&r->p, KIND_CLIENT, &r->client, &r->client, 0, "email", "before", NULL);
    (void)pair_push(&r->p); /* what is acknowledged is no part of a fork */
    (void)pair_pull(&r->p, &result);
    assert_true(result.agrees);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->p.office);
    PAIR_OK(fork_check(r->p.office->db, &pair_e));
    pair_end(&r->p);
    free(r);
    return 0;
}

static struct id note(struct room *r, const char *text)
{
    struct id record = id_new(clock_wall());
    pair_field_write(&r->p, KIND_NOTE, &r->kase, &record, 1, "text", text, NULL);
    return record;
}

/* A copy of the disk writes a note and brings it to the office; then it is as if this disk had never heard of it. */
static void note_elsewhere(struct room *r, const char *text)
{
    struct pair *p = &r->p;
    struct edit_author before = p->author;
    struct unsent_batch batch;
    struct message_pushed answer;
    struct pack memory;
    (void)note(r, text);
    PAIR_OK(unsent_take(p->db,
                        &(struct unsent_from){&p->author.chain, p->sign_secret, before.chain.seq + 1, LIMITS_BATCH_MAX},
                        &batch, &pair_e));
    pair_receive(p, &batch, &answer, &memory);
    pack_free(&memory);
    unsent_free(&batch);
    PAIR_OK(db_run(p->db, &pair_e, "DELETE FROM entry WHERE position IS NULL AND seq > ?", "u", before.chain.seq));
    PAIR_OK(record_rebuild(p->db, &pair_e));
    p->author = before;
    PAIR_OK(edit_author_save(p->db, &before, &pair_e));
}

/* The rest of the sync; at its end both show the same. */
static void finish(struct room *r)
{
    struct apply_result result;
    assert_int_equal(pair_push(&r->p), 0);
    assert_false(r->p.forked);
    (void)pair_pull(&r->p, &result);
    assert_true(result.agrees);
    assert_false(result.rebuilt);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM entry WHERE position IS NULL"), 0);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM note"),
                     pair_count(r->p.office->db, "SELECT count(*) FROM note"));
}

static void meet_forked(struct room *r)
{
    struct message_welcome welcome;
    pair_welcome(&r->p, &welcome);
    PAIR_OK(pair_meet(&r->p, &welcome, &pair_e));
    assert_true(r->p.forked);
}

/* Goal: edits over edits and a void that waited mean the same in the new epoch: each takes the place of what it took
 * the place of, under its new name; authors, sittings and times are the old ones, and so is the order; the old bytes
 * stay here and at the office. */
static void what_waited_means_what_it_meant(void **state)
{
    struct room *r = *state;
    struct db *db = r->p.db, *office = r->p.office->db;
    struct reissue_answer answer;
    struct edit edit;
    struct id gone;
    note_elsewhere(r, "written on the copy");
    pair_field_write(&r->p, KIND_CLIENT, &r->client, &r->client, 0, "phone", "2", NULL);
    pair_field_write(&r->p, KIND_CLIENT, &r->client, &r->client, 0, "phone", "3", NULL);
    gone = note(r, "of another person");
    (void)note(r, "seen at home");
    PAIR_OK(db_begin(db, &pair_e));
    PAIR_OK(edit_open(&edit, db, &gone, &pair_e));
    PAIR_OK(edit_void(&edit, &pair_e));
    PAIR_OK(edit_commit(&edit, &r->p.author, "wrong person", NULL, &pair_e));
    PAIR_OK(db_commit(db, &pair_e));
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    assert_true(answer.epoch > 1);
    assert_int_equal(answer.had[0].common, 0);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 5);
    assert_int_equal(r->p.author.chain.epoch, answer.epoch);
    assert_int_equal(r->p.author.chain.seq, 6); /* and the event */
    assert_int_equal(pair_count(db, "SELECT count(*) FROM scope WHERE complete = 1"), 0);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM conflict"), 0);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM op JOIN entry ON entry.id = op.entry WHERE entry.epoch = 1 "
                                    "AND entry.position IS NULL"),
                     0);
    {
        sqlite3_stmt *s;
        unsigned count = 0;
        PAIR_OK(db_query(db, &s, &pair_e,
                         "SELECT stranded.header, entry.header, stranded.body, entry.body FROM stranded JOIN entry ON "
                         "entry.epoch = new_epoch AND entry.seq = new_seq ORDER BY new_seq",
                         ""));
        while (db_next(db, s, NULL) == 1) {
            static struct change old, new;
            PAIR_OK(change_read(db_slice(s, 0), db_slice(s, 2), &old, &pair_e));
            PAIR_OK(change_read(db_slice(s, 1), db_slice(s, 3), &new, &pair_e));
            assert_int_equal(new.seq, ++count);
            assert_int_equal(new.hlc, old.hlc);
            assert_int_equal(new.wall_ms, old.wall_ms);
            assert_true(id_equal(&new.author, &old.author) && id_equal(&new.session, &old.session));
            assert_true(id_equal(&new.record, &old.record) && id_equal(&new.scope, &old.scope));
            assert_true(slice_equal(new.reason, old.reason));
            assert_memory_not_equal(new.body_hash, old.body_hash, 32);
        }
        assert_int_equal(count, 5);
    }
    finish(r);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM conflict"), 0);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM client WHERE phone = '3'"), 1);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM note WHERE voided = 0"), 2);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM note WHERE voided = 1"), 1);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM evidence"), 5);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM event WHERE what = 'new epoch' AND count = 5"), 1);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM hold"), 0);
    /* It stays so. */
    (void)note(r, "later");
    finish(r);
}

/* Goal: what the office has under the old number is not written again: it goes on waiting, and leaves the queue with
 * the office's proof alone; what comes after it is written once more. */
static void what_the_office_has_is_let_go_of_with_proof(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    uint64_t first = p->author.chain.seq;
    struct reissue_answer answer;
    struct unsent_batch batch;
    struct message_pushed lost;
    struct pack memory;
    (void)note(r, "one");
    (void)note(r, "two");
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    pair_receive(p, &batch, &lost, &memory); /* and the answer is lost */
    pack_free(&memory);
    unsent_free(&batch);
    note_elsewhere(r, "on the copy");
    (void)note(r, "three");
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    assert_int_equal(answer.had[0].common, first + 2);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 1);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry WHERE position IS NULL AND epoch = 1"), 2);
    assert_int_equal(db_meta_uint(p->db, "acked_seq"), first);
    finish(r);
    assert_int_equal(db_meta_uint(p->db, "acked_epoch"), answer.epoch);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM note"), 4);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM evidence"), 1);
}

static int everything_was_shown(void *arg, const struct dot *dot, const struct id *author, struct error *e)
{
    (void)arg;
    (void)dot;
    (void)author;
    (void)e;
    return 1;
}

static void write_status(struct room *r, const char *status)
{
    struct edit edit;
    PAIR_OK(db_begin(r->p.db, &pair_e));
    PAIR_OK(edit_open(&edit, r->p.db, &r->kase, &pair_e));
    edit.seen.was_shown = everything_was_shown;
    PAIR_OK(edit_set_text(&edit, "status", status, &pair_e));
    PAIR_OK(edit_commit(&edit, &r->p.author, NULL, NULL, &pair_e));
    PAIR_OK(db_commit(r->p.db, &pair_e));
}

/* Goal: a closing says how far its author had seen the case, and what was written afterwards names the closing: both by
 * the names that the changes have in the new epoch, since the office knows no other ones and would hold them. */
static void a_reissue_renames_what_a_closing_had_seen_and_the_closing(void **state)
{
    struct room *r = *state;
    struct db *office = r->p.office->db;
    struct reissue_answer answer;
    note_elsewhere(r, "on the copy");
    (void)note(r, "before it was closed");
    (void)note(r, "and one more"); /* the office has no change of the old epoch with this number */
    write_status(r, "closed");
    pair_field_write(&r->p, KIND_CASE, &r->kase, &r->kase, 0, "title", "as it ended", NULL);
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 4);
    finish(r);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM hold"), 0);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM \"case\" WHERE status = 'closed' AND NOT contested"), 1);
    assert_int_equal(pair_count(office, "SELECT count(*) FROM closing JOIN entry ON entry.id = closing.entry WHERE "
                                        "entry.epoch > 1"),
                     1);
}

/* Goal: the answer is lost, and it asks again: nothing is written twice. A second copy put back gets a third epoch. */
static void asking_again_writes_nothing_twice(void **state)
{
    struct room *r = *state;
    struct reissue_answer answer;
    uint64_t first;
    note_elsewhere(r, "on the copy");
    (void)note(r, "here");
    meet_forked(r);
    first = reissue_fixture_ask(&r->p).epoch;
    answer = reissue_fixture_ask(&r->p);
    assert_true(answer.epoch > first);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 1);
    finish(r);
    assert_int_equal(pair_count(r->p.office->db, "SELECT count(*) FROM note"), 2);
    assert_int_equal(pair_count(r->p.office->db, "SELECT count(*) FROM evidence"), 1);
    note_elsewhere(r, "on a second copy");
    (void)note(r, "and here");
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    assert_true(answer.epoch > r->p.author.chain.epoch);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 1);
    finish(r);
    assert_int_equal(pair_count(r->p.office->db, "SELECT count(*) FROM note"), 4);
}

static const char *const imaged[] = {"entry", "meta", "scope", "stranded"};

static void image(struct room *r)
{
    char sql[100];
    for (size_t i = 0; i < sizeof imaged / sizeof imaged[0]; i++) {
        (void)snprintf(sql, sizeof sql, "CREATE TABLE image_%s AS SELECT * FROM %s", imaged[i], imaged[i]);
        PAIR_OK(db_exec(r->p.db, sql, &pair_e));
    }
}

static void put_back(struct room *r, const struct edit_author *author)
{
    char sql[100];
    PAIR_OK(db_begin(r->p.db, &pair_e));
    for (size_t i = 0; i < sizeof imaged / sizeof imaged[0]; i++) {
        (void)snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s SELECT * FROM image_%s", imaged[i], imaged[i],
                       imaged[i]);
        PAIR_OK(db_exec(r->p.db, sql, &pair_e));
    }
    PAIR_OK(record_rebuild(r->p.db, &pair_e));
    PAIR_OK(db_commit(r->p.db, &pair_e));
    r->p.author = *author;
}

/* Goal: an old copy of a store that had its changes written once more already writes them once more again; the office
 * holds these, and nothing counts twice. What is new on the old copy is taken. */
static void what_was_written_once_more_counts_once(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    struct reissue_answer answer;
    struct apply_result result;
    static const char live[] = "SELECT count(*) FROM op JOIN entry ON entry.id = op.entry WHERE kind IN (7, 10)";
    struct edit_author before;
    uint64_t lived;
    note_elsewhere(r, "on the copy");
    (void)note(r, "here");
    pair_field_write(p, KIND_CLIENT, &r->client, &r->client, 0, "phone", "2", NULL);
    image(r);
    before = p->author;
    meet_forked(r);
    answer = reissue_fixture_ask(p);
    assert_int_equal(reissue_fixture_go_on(p, &answer), 2);
    finish(r);
    lived = pair_count(p->office->db, live);
    put_back(r, &before);
    (void)note(r, "and here");
    meet_forked(r);
    answer = reissue_fixture_ask(p);
    assert_int_equal(reissue_fixture_go_on(p, &answer), 3);
    assert_int_equal(pair_push(p), 2);
    (void)pair_pull(p, &result);
    assert_true(result.agrees);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM hold WHERE reason LIKE '%is here already'"), 2);
    assert_int_equal(pair_count(p->office->db, live), lived + 1);
    assert_int_equal(pair_count(p->db, live), lived + 1);
}

/* Goal: a put-back disk on which nothing was written gets what it lacks, its own changes too. */
static void a_bare_old_copy_gets_its_own_changes(void **state)
{
    struct room *r = *state;
    struct reissue_answer answer;
    note_elsewhere(r, "of its own");
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 0);
    finish(r);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM note WHERE text LIKE '%of its own%'"), 1);
}

/* Goal: if the office has all that waited, nothing is written again, and the proof comes for all of it. */
static void all_of_it_may_be_there(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    struct reissue_answer answer;
    struct unsent_batch batch;
    struct message_pushed lost;
    struct pack memory;
    (void)note(r, "one");
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, LIMITS_BATCH_MAX}, &batch,
                        &pair_e));
    pair_receive(p, &batch, &lost, &memory);
    pack_free(&memory);
    unsent_free(&batch);
    note_elsewhere(r, "on the copy");
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    assert_int_equal(reissue_fixture_go_on(&r->p, &answer), 0);
    finish(r);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM note"), 2);
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM evidence"), 0);
}

/* Goal: a copy that goes on in the old epoch is a colleague: what it sends comes here as news. */
static void the_copys_work_comes_as_news(void **state)
{
    struct room *r = *state;
    struct pair *p = &r->p;
    struct office_laptop copy = {.device = p->device, .author = p->user};
    struct office_batch *b = office_batch();
    struct reissue_answer answer;
    struct id record = id_new(clock_wall());
    note_elsewhere(r, "on the copy");
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    (void)reissue_fixture_go_on(&r->p, &answer);
    finish(r);
    memcpy(copy.secret, p->sign_secret, sizeof copy.secret);
    PAIR_OK(log_chain_end(p->office->db, &p->device.device, 1, &copy.chain, &pair_e));
    (void)office_set(&copy, b, KIND_NOTE, &r->kase, &record, "text", "and more of it");
    assert_int_equal(office_push_well(p->office, &copy, b), 0);
    office_batch_free(b);
    finish(r);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM note WHERE text LIKE '%and more of it%'"), 1);
}

/* Goal: an answer that cannot be changes nothing. */
static void impossible_answers_change_nothing(void **state)
{
    struct room *r = *state;
    struct edit_author before;
    struct error e;
    uint64_t typed, end;
    (void)note(r, "here");
    before = r->p.author;
    end = before.chain.seq;
    const struct reissue_answer answers[] = {{.epoch = 0},
                                             {.epoch = 1},
                                             {.epoch = (uint64_t)INT64_MAX + 1},
                                             {.epoch = 2, .count = 1, .had = {{1, end + 1}}}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        PAIR_OK(db_begin(r->p.db, &pair_e));
        assert_int_equal(reissue_write(r->p.db, &r->p.author, &answers[i], &typed, &e), E_PEER);
        db_rollback(r->p.db);
        assert_memory_equal(&before.chain, &r->p.author.chain, sizeof before.chain);
    }
    finish(r);
}

/* Goal: what is kept of a scope leaves with it. */
static void evidence_leaves_with_its_scope(void **state)
{
    struct room *r = *state;
    struct reissue_answer answer;
    note_elsewhere(r, "on the copy");
    (void)note(r, "here");
    meet_forked(r);
    answer = reissue_fixture_ask(&r->p);
    (void)reissue_fixture_go_on(&r->p, &answer);
    finish(r);
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM stranded"), 1);
    PAIR_OK(reissue_forget(r->p.db, &r->kase, &pair_e));
    assert_int_equal(pair_count(r->p.db, "SELECT count(*) FROM stranded"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waited_means_what_it_meant, start, end),
        cmocka_unit_test_setup_teardown(what_the_office_has_is_let_go_of_with_proof, start, end),
        cmocka_unit_test_setup_teardown(a_reissue_renames_what_a_closing_had_seen_and_the_closing, start, end),
        cmocka_unit_test_setup_teardown(asking_again_writes_nothing_twice, start, end),
        cmocka_unit_test_setup_teardown(what_was_written_once_more_counts_once, start, end),
        cmocka_unit_test_setup_teardown(a_bare_old_copy_gets_its_own_changes, start, end),
        cmocka_unit_test_setup_teardown(all_of_it_may_be_there, start, end),
        cmocka_unit_test_setup_teardown(the_copys_work_comes_as_news, start, end),
        cmocka_unit_test_setup_teardown(impossible_answers_change_nothing, start, end),
        cmocka_unit_test_setup_teardown(evidence_leaves_with_its_scope, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
