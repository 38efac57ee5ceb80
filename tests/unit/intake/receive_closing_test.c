/* Tests: common/judge/judge.c daemon/intake/receive.c
 * Closings as an office takes them: one that says that its author had seen what cannot have been seen is held. */
#include "receive_fixture.h"

struct room {
    struct receive_fixture *r;
    struct office_laptop ben; /* who holds Anna's case too */
};

static int set_up(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    struct id assignment = id_new(clock_wall());
    char user[ID_TEXT];
    void *fixture;
    assert_non_null(room);
    (void)receive_fixture_set_up(&fixture);
    room->r = fixture;
    id_format(&room->r->ben, user);
    pair_office_write(room->r->office, KIND_ASSIGNMENT, &room->r->kase, &assignment, 1, "user", user, "status",
                      "active", NULL);
    office_laptop(room->r->office, &room->r->ben, &room->ben);
    *state = room;
    return 0;
}

static int tear_down(void **state)
{
    struct room *room = *state;
    void *fixture = room->r;
    free(room);
    return receive_fixture_tear_down(&fixture);
}

/* Puts Anna's closing of her case into a batch, which says that she had seen what the office wrote, and so much of what
 * Ben did. */
static void close_case(struct room *room, struct office_batch *b, const struct dot *ben)
{
    const struct chain *office = &room->r->office->author.chain;
    struct dot seen[2] = {*ben, {office->device, office->epoch, 0, 0}};
    struct office_op ops[2] = {{.field = "status", .words = "closed"}, {.number = FIELD_SEEN}};
    struct pack value;
    sqlite3_stmt *s;
    assert_int_equal(db_first(room->r->office->db, &s, NULL,
                              "SELECT max(seq) FROM entry WHERE scope = ? AND device = ?", "dd", &room->r->kase,
                              &office->device),
                     1);
    seen[1].seq = db_uint(s, 0);
    db_done(room->r->office->db, s);
    if (dot_compare(&seen[0], &seen[1]) > 0) {
        seen[0] = seen[1];
        seen[1] = *ben;
    }
    pack_start(&value);
    pack_array(&value, 2);
    dot_pack(&value, &seen[0]);
    dot_pack(&value, &seen[1]);
    ops[1].raw = pack_bytes(&value);
    office_write(&room->r->laptop, b, KIND_CASE, &room->r->kase, &room->r->kase, ops, 2);
    pack_free(&value);
}

/* Ben writes a note; returns the dot of the change. */
static struct dot write_note(struct room *room, const struct id *kase, const char *text, size_t held)
{
    struct office_batch *b = office_batch();
    struct id note = id_new(clock_wall());
    uint64_t seq = office_set(&room->ben, b, KIND_NOTE, kase, &note, "text", text);
    assert_int_equal(office_push_well(room->r->office, &room->ben, b), held);
    office_batch_free(b);
    return (struct dot){room->ben.chain.device, 1, seq, 0};
}

static void assert_case(struct room *room, const char *status, int contested)
{
    office_expect(room->r->office->db, "SELECT coalesce(status, 'nothing') FROM \"case\" WHERE id = ?", &room->r->kase,
                  status);
    office_expect(room->r->office->db, "SELECT CAST(coalesce(contested, 0) AS TEXT) FROM \"case\" WHERE id = ?",
                  &room->r->kase, contested ? "1" : "0");
}

/* The office decides about the first change that it holds. */
static void decide(struct room *room, const char *status)
{
    char text[ID_TEXT];
    struct id hold;
    office_text(room->r->office->db, "SELECT id FROM hold WHERE status = 'held' AND ?1 <> '' ORDER BY id LIMIT 1",
                &pair_everywhere, text, sizeof text);
    PAIR_OK(id_parse(text, &hold, &pair_e));
    pair_office_write(room->r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", status, NULL);
}

static void a_vector_that_names_what_is_not_in_the_log_is_held(void **state)
{
    /* Goal: a closing that claims to have seen what is not written yet would keep it from ever contesting; so would one
     * that names a change of another case, behind which anything may come. */
    struct room *room = *state;
    struct dot seen = {room->ben.chain.device, 1, 1, 0}, other;
    struct office_batch *b = office_batch();
    close_case(room, b, &seen);
    receive_expect_held(room->r, b, 1, "claims to have seen what nobody has written yet");
    assert_case(room, "nothing", 0);
    /* 1. What it named comes, and is not ended by it. */
    seen = write_note(room, &room->r->kase, "needs insulin", 0);
    assert_case(room, "nothing", 0);
    /* 2. A number beyond what is there, and one of another case. */
    other = write_note(room, &room->r->other, "another case", 0);
    for (int i = 0; i < 2; i++) {
        b = office_batch();
        close_case(room, b, i == 0 ? &other : &(struct dot){seen.device, 1, other.seq + 1, 0});
        receive_expect_held(room->r, b, 1, "claims to have seen what nobody has written yet");
    }
    /* 3. What is there is taken. */
    b = office_batch();
    close_case(room, b, &seen);
    receive_expect_held(room->r, b, 0, "");
    assert_case(room, "closed", 0);
}

static void a_closing_over_a_held_change_waits_until_that_is_decided(void **state)
{
    /* Goal: nobody was dealt what is held, though later changes of its laptop were: a closing that reaches over it is
     * held behind it. Both are released, the words first; then both are in the record. */
    struct room *room = *state;
    struct office_batch *b = office_batch();
    struct dot last;
    room->ben.author = room->r->anna;
    (void)write_note(room, &room->r->kase, "needs insulin", 1);
    room->ben.author = room->r->ben;
    last = write_note(room, &room->r->kase, "was well on Monday", 0);
    close_case(room, b, &last);
    receive_expect_held(room->r, b, 1, "decide about that one first");
    assert_case(room, "nothing", 0);
    decide(room, "released");
    assert_int_equal(pair_count(room->r->office->db, "SELECT count(*) FROM note WHERE text LIKE '%insulin%'"), 1);
    assert_case(room, "nothing", 0);
    decide(room, "released");
    assert_case(room, "closed", 0);
    assert_int_equal(pair_count(room->r->office->db, "SELECT count(*) FROM hold WHERE status = 'held'"), 0);
}

static void a_held_change_that_is_released_contests_a_closing_that_stops_before_it(void **state)
{
    /* Goal: as long as it is held it contests nothing; once it is released it does, since whoever closed the case had
     * not seen it. */
    struct room *room = *state;
    struct office_batch *b = office_batch();
    struct dot first = write_note(room, &room->r->kase, "was well on Monday", 0);
    room->ben.author = office_user(room->r->office, "cara", "case manager");
    (void)write_note(room, &room->r->kase, "needs insulin", 1);
    room->ben.author = room->r->ben;
    close_case(room, b, &first);
    receive_expect_held(room->r, b, 0, "");
    assert_case(room, "closed", 0);
    decide(room, "released");
    assert_case(room, "closed", 1);
}

static void a_closing_over_a_change_that_was_kept_out_or_released_is_taken(void **state)
{
    /* Goal: only what waits for a decision holds a closing up: else a case with a change that was kept out could never
     * be closed. */
    struct room *room = *state;
    struct office_batch *b = office_batch();
    struct dot last;
    room->ben.author = room->r->anna;
    (void)write_note(room, &room->r->kase, "forged", 1);
    room->ben.author = room->r->ben;
    last = write_note(room, &room->r->kase, "was well on Monday", 0);
    decide(room, "kept out");
    close_case(room, b, &last);
    receive_expect_held(room->r, b, 0, "");
    assert_case(room, "closed", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_vector_that_names_what_is_not_in_the_log_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_closing_over_a_held_change_waits_until_that_is_decided, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_held_change_that_is_released_contests_a_closing_that_stops_before_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_closing_over_a_change_that_was_kept_out_or_released_is_taken, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
