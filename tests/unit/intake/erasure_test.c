/* Tests: daemon/central/erasure.c client/sync/forget.c client/sync/apply.c client/show/erased.c daemon/deal/deal.c
 * daemon/intake/receive.c The office erases words: they leave its store and every laptop, old values do not come back,
 * and both agree. */
#include "erased.h"
#include "erasure.h"
#include "pair_fixture.h"
#include "printer.h"

/* A laptop with a case on which it wrote a risk over the office's, and a note; all is at the office. */
struct erasing {
    struct pair p;
    struct id client, kase, note;
    struct apply_result result;
};

static void begin(struct erasing *r)
{
    struct id assignment;
    pair_start(&r->p);
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &assignment);
    pair_office_write(r->p.office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "low", NULL);
    (void)pair_push(&r->p);
    (void)pair_pull(&r->p, &r->result);
    r->note = id_new(clock_wall());
    pair_field_write(&r->p, KIND_CASE, &r->kase, &r->kase, 0, "risk", "critical", NULL);
    pair_field_write(&r->p, KIND_NOTE, &r->kase, &r->note, 1, "text", "she is hiding at 12 Elm Street", NULL);
    assert_int_equal(pair_push(&r->p), 0);
}

/* Erases the laptop's last change of a kind. */
static int erase_last(struct erasing *r, unsigned kind, struct error *e)
{
    struct central *c = r->p.office;
    struct id device = r->p.device.device;
    uint64_t epoch, seq;
    sqlite3_stmt *s;
    int code;
    assert_int_equal(db_first(c->db, &s, e,
                              "SELECT epoch, seq FROM entry WHERE device = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
                              "du", &device, (uint64_t)kind),
                     1);
    epoch = db_uint(s, 0);
    seq = db_uint(s, 1);
    db_done(c->db, s);
    PAIR_OK(central_begin(c, &pair_e));
    central_act_as_office(c);
    code = erasure_write(c, &device, epoch, seq, "the client asked for it", e);
    return central_end(c, code, e);
}

static void assert_text(struct db *db, const char *sql, const char *text)
{
    sqlite3_stmt *s;
    assert_int_equal(db_first(db, &s, NULL, sql, ""), 1);
    assert_string_equal(db_text(s, 0), text);
    db_done(db, s);
}

/* Goal: the words leave office and laptop, what they had replaced stays replaced, and the digests agree. */
static void the_erased_words_are_nowhere_any_more(void **state)
{
    struct erasing r;
    struct error e;
    (void)state;
    begin(&r);
    assert_int_equal(erase_last(&r, KIND_CASE, &e), 0);
    assert_int_equal(erase_last(&r, KIND_NOTE, &e), 0);
    assert_int_equal(erase_last(&r, KIND_NOTE, &e), E_EXISTS);
    assert_int_equal(pair_count(r.p.office->db, "SELECT count(*) FROM entry WHERE body IS NULL"), 2);
    assert_text(r.p.office->db, "SELECT risk FROM \"case\"", "(erased)");
    (void)pair_pull(&r.p, &r.result);
    assert_true(r.result.agrees);
    assert_false(r.result.rebuilt);
    assert_text(r.p.db, "SELECT risk FROM \"case\"", "(erased)");
    assert_text(r.p.db, "SELECT text FROM note", "[\"(erased)\"]");
    assert_int_equal(pair_count(r.p.db, "SELECT count(*) FROM entry WHERE instr(body, 'Elm Street')"), 0);
    assert_int_equal(pair_count(r.p.office->db, "SELECT count(*) FROM entry WHERE instr(body, 'Elm Street')"), 0);
    /* A laptop that gets the case anew shows the same. */
    PAIR_OK(db_exec(r.p.db, "UPDATE scope SET complete = 0", &pair_e));
    (void)pair_pull(&r.p, &r.result);
    assert_true(r.result.agrees);
    assert_text(r.p.db, "SELECT risk FROM \"case\"", "(erased)");
    pair_end(&r.p);
}

/* Goal: a person reads that the words were erased, whose they were, by whom, and why; never "none". */
static void people_see_who_erased_what_and_why(void **state)
{
    struct erasing r;
    struct error e;
    struct printer v;
    char *text = NULL;
    size_t bytes = 0;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 0, 0};
    (void)state;
    begin(&r);
    assert_int_equal(erase_last(&r, KIND_NOTE, &e), 0);
    (void)pair_pull(&r.p, &r.result);
    PAIR_OK(printer_open(&v, r.p.db, &cli, &pair_e));
    PAIR_OK(erased_words(&v, &r.note, 2, &pair_e));
    PAIR_OK(erased_words(&v, &r.kase, 2, &pair_e));
    printer_close(&v);
    (void)fclose(cli.out);
    assert_int_equal(strncmp(text, "  ERASED: what ", 15), 0);
    assert_non_null(strstr(text, " was erased by "));
    assert_non_null(strstr(text, ": the client asked for it\n"));
    assert_null(strstr(strchr(text, '\n') + 1, "ERASED")); /* nothing of the case's own fields was erased */
    free(text);
    pair_end(&r.p);
}

/* Goal: what the office alone writes, and what a store says of itself, is not erased. */
static void office_only_kinds_cannot_be_erased(void **state)
{
    struct erasing r;
    struct error e;
    struct id device;
    uint64_t seq;
    (void)state;
    begin(&r);
    device = r.p.office->author.chain.device;
    seq = pair_count(r.p.office->db, "SELECT seq FROM entry WHERE kind = 5 LIMIT 1");
    PAIR_OK(central_begin(r.p.office, &pair_e));
    assert_int_equal(erasure_write(r.p.office, &device, 1, seq, "it is wrong", &e), E_REFUSED);
    assert_int_equal(erasure_write(r.p.office, &device, 1, 99999, "it is wrong", &e), E_NOT_FOUND);
    central_rollback(r.p.office);
    pair_end(&r.p);
}

/* Goal: a laptop hears of an erasure before, or with, the change that came to it without its words, however small the
 * batches are, so that it never shows what that had replaced. */
static void an_erasure_is_dealt_in_front_of_its_change(void **state)
{
    struct erasing r;
    struct error e;
    sqlite3_stmt *s;
    (void)state;
    begin(&r);
    /* A change of the office's own, erased before the laptop has got it. */
    pair_office_write(r.p.office, KIND_CASE, &r.kase, &r.kase, 0, "title", "a secret", NULL);
    assert_int_equal(db_first(r.p.office->db, &s, NULL, "SELECT seq FROM entry ORDER BY position DESC LIMIT 1", ""), 1);
    PAIR_OK(central_begin(r.p.office, &pair_e));
    {
        uint64_t seq = db_uint(s, 0);
        struct id device = r.p.office->author.chain.device;
        db_done(r.p.office->db, s);
        central_act_as_office(r.p.office);
        PAIR_OK(central_end(r.p.office,
                            erasure_write(r.p.office, &device, r.p.office->author.chain.epoch, seq, "by law", &e), &e));
    }
    {
        struct deal deal;
        struct message_entries m;
        struct deal_memory memory;
        unsigned seen = 0;
        pair_deal(&r.p, &deal);
        for (int i = 0; i < 20 && !deal.done; i++) {
            PAIR_OK(deal_next(&deal, r.p.office, 1, &m, &memory, &pair_e));
            PAIR_OK(pair_apply(&r.p, &m, &r.result, &pair_e));
            if (pair_count(r.p.db, "SELECT count(*) FROM entry WHERE body IS NULL") == 1) {
                assert_text(r.p.db, "SELECT title FROM \"case\"", "(erased)");
                seen++;
            }
            deal_release(&memory);
        }
        assert_true(seen > 0);
        deal_free(&deal);
    }
    assert_true(r.result.agrees);
    pair_end(&r.p);
}

/* Goal: a program reads the same as a person: who wrote what was erased, who erased it, when, and why. */
static void json_says_who_erased_what_and_why(void **state)
{
    struct erasing r;
    struct error e;
    struct printer v;
    char *text = NULL;
    size_t bytes = 0;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 1, 0};
    (void)state;
    begin(&r);
    assert_int_equal(erase_last(&r, KIND_NOTE, &e), 0);
    (void)pair_pull(&r.p, &r.result);
    PAIR_OK(printer_open(&v, r.p.db, &cli, &pair_e));
    json_object(&v.json);
    PAIR_OK(erased_json(&v, &r.note, &pair_e));
    json_end(&v.json);
    printer_close(&v);
    (void)fclose(cli.out);
    assert_non_null(strstr(text, "\"written_by\": \"Anna\""));
    assert_non_null(strstr(text, "\"erased_by\": "));
    assert_non_null(strstr(text, "\"reason\": \"the client asked for it\", \"known\": true}"));
    free(text);
    pair_end(&r.p);
}

/* Goal: what a laptop keeps beside its log goes too: what is told of a decision, a batch that is still arriving, what
 * the office held, and what was written once more after a fork; of other changes it stays. */
static void what_a_laptop_keeps_beside_its_log_is_forgotten(void **state)
{
    static const char *const tables[] = {"arriving", "held_note", "stranded"};
    struct erasing r;
    struct error e;
    uint64_t epoch, seq;
    sqlite3_stmt *s;
    char sql[160];
    (void)state;
    begin(&r);
    assert_int_equal(db_first(r.p.db, &s, NULL, "SELECT epoch, seq FROM entry WHERE record = ?", "d", &r.note), 1);
    epoch = db_uint(s, 0);
    seq = db_uint(s, 1);
    db_done(r.p.db, s);
    for (uint64_t other = 0; other < 2; other++) {
        PAIR_OK(db_run(r.p.db, &pair_e,
                       "INSERT INTO stranded(new_epoch, epoch, seq, new_seq, scope, kind, header, body) "
                       "VALUES(?,9,?,?,?,?,x'00',x'77')",
                       "uuudu", epoch + other, 1 + other, seq, &r.kase, (uint64_t)KIND_NOTE));
        PAIR_OK(
            db_run(r.p.db, &pair_e,
                   "INSERT INTO held_note(epoch, seq, record, kind, reason, header, body) VALUES(?,?,?,?,'held',x'00',"
                   "x'77')",
                   "uudu", epoch + other, seq, &r.note, (uint64_t)KIND_NOTE));
    }
    assert_int_equal(erase_last(&r, KIND_NOTE, &e), 0);
    (void)pair_pull(&r.p, &r.result);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE body IS NOT NULL", tables[i]);
        assert_int_equal(pair_count(r.p.db, sql), i == 0 ? 0 : 1);
    }
    pair_end(&r.p);
}

/* Goal: a change that replaced thousands of ops has a skeleton that does not fit into one value: it is erased all the
 * same, in parts, and office and laptop agree. */
static void a_skeleton_of_more_than_one_part(void **state)
{
    enum { NAMED = 3 * CHANGE_OPS_MAX };
    static const char *const fields[] = {"title", "household"};
    struct erasing r;
    struct error e;
    struct edit edit;
    struct dot *dots = calloc(NAMED, sizeof *dots);
    struct pack value;
    (void)state;
    assert_non_null(dots);
    begin(&r);
    for (unsigned i = 0; i < NAMED; i++)
        dots[i] = (struct dot){r.p.device.device, 1, 1 + i / CHANGE_OPS_MAX, i % CHANGE_OPS_MAX};
    pack_start(&value);
    pack_text(&value, "behind the mill", 15);
    PAIR_OK(db_begin(r.p.db, &pair_e));
    PAIR_OK(edit_open(&edit, r.p.db, &r.kase, &pair_e));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct schema_field *field = schema_field_named(schema_kind(KIND_CASE), fields[i]);
        if (field != NULL && field->type == SCHEMA_TEXT)
            PAIR_OK(edit_set_over(&edit, field, pack_bytes(&value), dots, NAMED, &pair_e));
    }
    for (unsigned i = 200; i < 206; i++) /* of a newer program */
        change_draft_op(&edit.draft, i, CHANGE_SET, pack_bytes(&value), dots, NAMED);
    PAIR_OK(edit_commit(&edit, &r.p.author, NULL, NULL, &pair_e));
    PAIR_OK(db_commit(r.p.db, &pair_e));
    pack_free(&value);
    free(dots);
    assert_int_equal(pair_push(&r.p), 0);
    assert_int_equal(erase_last(&r, KIND_CASE, &e), 0);
    assert_true(pair_count(r.p.office->db, "SELECT max(length(skeleton)) FROM erased") > SCHEMA_TEXT_MAX);
    (void)pair_pull(&r.p, &r.result);
    assert_true(r.result.agrees);
    assert_int_equal(pair_count(r.p.db, "SELECT count(*) FROM entry WHERE instr(body, 'behind the mill')"), 0);
    assert_int_equal(pair_count(r.p.office->db, "SELECT count(*) FROM entry WHERE instr(body, 'behind the mill')"), 0);
    pair_end(&r.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_erased_words_are_nowhere_any_more),
        cmocka_unit_test(people_see_who_erased_what_and_why),
        cmocka_unit_test(office_only_kinds_cannot_be_erased),
        cmocka_unit_test(json_says_who_erased_what_and_why),
        cmocka_unit_test(what_a_laptop_keeps_beside_its_log_is_forgotten),
        cmocka_unit_test(a_skeleton_of_more_than_one_part),
        cmocka_unit_test(an_erasure_is_dealt_in_front_of_its_change),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
