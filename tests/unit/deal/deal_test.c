/* Tests: daemon/deal/deal.c
 * Dealing out: whatever happened at the office, and wherever the link broke, a laptop that was dealt to the end shows
 * what the office shows of its caseload. */
#include "deal_fixture.h"

static uint64_t seed;

static unsigned any(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

/* Goal: a case that comes anew after its value was replaced twice shows the last one alone: what C2 ended stays ended,
 * though C2 itself, which holds nothing that lives, does not come. */
static void test_compact(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    char sql[] = "SELECT risk || ' ' || title FROM \"case\" WHERE id = ?";
    uint64_t before;
    /* C1 sets two fields; C2 and C3 replace one of them. */
    pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "high", "title", "kept from C1", NULL);
    pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "critical", NULL);
    pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "risk", "low", NULL);
    before = pair_count(p->office->db, "SELECT count(*) FROM entry WHERE kind = 8");
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    office_expect(p->db, sql, &r->kase, "low kept from C1");
    assert_true(pair_count(p->db, "SELECT count(*) FROM entry WHERE kind = 8") < before);
    assert_true(pair_count(p->db, "SELECT count(*) FROM entry WHERE mask IS NOT NULL") != 0);
    /* News of it, and another laptop's part. */
    pair_field_write(p, KIND_CASE, &r->kase, &r->kase, 0, "risk", "moderate", NULL);
    assert_int_equal(pair_push(p), 0);
    pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "title", "new", NULL);
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    office_expect(p->db, sql, &r->kase, "moderate new");
}

/* Goal: credit of one byte gives one entry for each batch, and comes to its end. */
static void test_small_credit(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    for (int i = 0; i < 20; i++)
        pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, i % 2 ? "title" : "outcome", i % 3 ? "a" : "b",
                          NULL);
    assert_true(deal_pull(p, 1, 0, NULL, NULL));
    assert_true(deal_pull(p, 0, 0, NULL, NULL));
}

/* Goal: what happened to stores, at the office or on a laptop, stays at the office. */
static void test_events_stay(void **state)
{
    struct deal_fixture *r = *state;
    struct id own = id_new(clock_wall());
    pair_field_write(&r->p[0], KIND_EVENT, &pair_everywhere, &own, 1, "what", "wiped", NULL);
    assert_int_equal(pair_push(&r->p[0]), 0);
    PAIR_OK(central_event(r->p[0].office, "recovered", 1, 0, NULL, &pair_e));
    for (int i = 0; i < 2; i++)
        assert_true(deal_pull(&r->p[i], LIMITS_BATCH_MAX, 0, NULL, NULL));
    assert_int_equal(pair_count(r->p[0].office->db, "SELECT count(*) FROM event"), 2);
    assert_int_equal(pair_count(r->p[1].db, "SELECT count(*) FROM entry WHERE kind = 15"), 0);
}

struct edits {
    struct deal_fixture *r;
    unsigned count;
};

/* The value is replaced twice at each break, so that the one in the middle lives for no batch. */
static void replace_twice(void *arg)
{
    struct edits *a = arg;
    char words[32];
    for (int i = 0; i < 2 && a->count < 40; i++) { /* news go first: without an end they would fill every batch */
        (void)snprintf(words, sizeof words, "title %u", a->count++);
        pair_office_write(a->r->p[0].office, KIND_CASE, &a->r->kase, &a->r->kase, 0, "title", words, "risk",
                          a->count % 3 ? "low" : "high", NULL);
    }
    /* What stands behind it, so that the case can be half dealt with the value in the first half. */
    for (int i = 0; i < 6 && a->count < 40; i++) {
        struct id note = id_new(clock_wall());
        pair_office_write(a->r->p[0].office, KIND_NOTE, &a->r->kase, &note, 1, "text", "behind it", NULL);
    }
}

struct watch {
    struct deal_fixture *r;
    struct pair *laptop;
    unsigned count;
};

/* Once the laptop has the value that lives, and waits for the rest of the case, it is replaced twice. */
static void replace_staged(void *arg)
{
    struct watch *w = arg;
    struct edits edits = {w->r, 4 + 2 * w->count}; /* words of its own each time */
    char sql[96];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM arriving WHERE position = %llu",
                   (unsigned long long)pair_count(w->r->p[0].office->db,
                                                  "SELECT position FROM op JOIN entry ON entry.id = op.entry "
                                                  "WHERE op.field = 12 AND entry.kind = 8"));
    if (w->count < 3 && pair_count(w->laptop->db, sql) != 0) {
        w->count++;
        replace_twice(&edits);
    }
}

/* Goal: values that are replaced between the batches of one deal, in a scope that is half dealt, do not come back. */
static void test_between(void **state)
{
    struct deal_fixture *r = *state;
    struct edits edits = {r, 0};
    char words[64];
    replace_twice(&edits);
    for (uint64_t credit = 1; credit < 4000; credit += 600) {
        struct pair fresh;
        struct watch watch = {r, &fresh, 0};
        deal_add_laptop(&r->p[0], &fresh, &r->p[0].user);
        assert_true(deal_pull(&fresh, credit, 0, replace_staged, &watch));
        assert_true(watch.count != 0 || credit > 1); /* with much credit it comes whole */
        office_text(r->p[0].office->db, "SELECT title FROM \"case\" WHERE id = ?", &r->kase, words, sizeof words);
        office_expect(fresh.db, "SELECT title FROM \"case\" WHERE id = ?", &r->kase, words);
        db_close(fresh.db);
    }
}

/* Goal: a deal that breaks off after any number of batches, with edits before the next one, comes to the same end. */
static void test_broken_off(void **state)
{
    struct deal_fixture *r = *state;
    struct edits edits = {r, 0};
    for (int i = 0; i < 8; i++) {
        struct id note = id_new(clock_wall());
        pair_office_write(r->p[0].office, KIND_NOTE, &r->kase, &note, 1, "text", "a note", NULL);
    }
    for (unsigned broken = 1; broken < 20; broken++) {
        struct pair fresh;
        deal_add_laptop(&r->p[0], &fresh, &r->p[0].user);
        (void)deal_pull(&fresh, 500, broken, NULL, NULL);
        edits.count = 0;
        replace_twice(&edits);
        (void)deal_pull(&fresh, 500, broken / 2 + 1, NULL, NULL);
        replace_twice(&edits);
        assert_true(deal_pull(&fresh, 500, 0, NULL, NULL));
        db_close(fresh.db);
    }
}

/* Goal: a case that leaves the caseload goes, with its person, and comes back as it is then. */
static void test_leaves(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM client"), 1);
    pair_office_write(p->office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "disabled", NULL);
    pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "title", "elsewhere", NULL);
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM client"), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM \"case\""), 0);
    assert_int_equal(pair_count(p->db, "SELECT count(*) FROM entry WHERE kind IN (7, 8)"), 0);
    pair_office_write(p->office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "active", NULL);
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    office_expect(p->db, "SELECT title FROM \"case\" WHERE id = ?", &r->kase, "elsewhere");
}

/* Goal: a case that left, went on, and came back, all while deals broke off before they could say so, misses nothing.
 */
static void test_left_and_back(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    pair_office_write(p->office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "disabled", NULL);
    pair_office_write(p->office, KIND_CASE, &r->kase, &r->kase, 0, "title", "while away", NULL);
    for (int i = 0; i < 6; i++)
        (void)office_user(p->office, "news", "senior");
    assert_false(deal_pull(p, 1, 4, NULL, NULL)); /* past the title, not to the end */
    pair_office_write(p->office, KIND_ASSIGNMENT, &r->kase, &r->assignment, 0, "status", "active", NULL);
    assert_true(deal_pull(p, 1, 0, NULL, NULL));
    office_expect(p->db, "SELECT title FROM \"case\" WHERE id = ?", &r->kase, "while away");
}

/* Goal: what is held is dealt to nobody; released, it comes to everybody, also to those whose cursor has passed it. */
static void test_released(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *owner = &r->p[0], *other = &r->p[1];
    struct id note = id_new(clock_wall()), hold;
    char text[ID_TEXT], hold_text[ID_TEXT];
    struct office_laptop stranger;
    struct office_batch *b = office_batch();
    id_format(&other->user, text);
    hold = id_new(clock_wall());
    pair_office_write(owner->office, KIND_ASSIGNMENT, &r->kase, &hold, 1, "user", text, "status", "active", NULL);
    assert_true(deal_pull(owner, LIMITS_BATCH_MAX, 0, NULL, NULL));
    office_laptop(owner->office, &r->p[2].user, &stranger);
    office_set(&stranger, b, KIND_NOTE, &r->kase, &note, "text", "from outside");
    assert_int_equal(office_push_well(owner->office, &stranger, b), 1);
    office_batch_free(b);
    assert_true(deal_pull(owner, LIMITS_BATCH_MAX, 0, NULL, NULL));
    assert_int_equal(pair_count(owner->db, "SELECT count(*) FROM note"), 0);
    office_text(owner->office->db, "SELECT id FROM hold WHERE ?1 IS NOT NULL", &note, hold_text, sizeof hold_text);
    PAIR_OK(id_parse(hold_text, &hold, &pair_e));
    pair_office_write(owner->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
    assert_true(deal_pull(owner, 1, 0, NULL, NULL));
    assert_int_equal(pair_count(owner->db, "SELECT count(*) FROM note"), 1);
    assert_true(deal_pull(other, 1, 0, NULL, NULL)); /* never pulled before: compact */
    assert_int_equal(pair_count(other->db, "SELECT count(*) FROM note"), 1);
}

/* Goal: a change that was released though its record stands elsewhere is applied by nobody, so it is dealt to nobody.
 */
static void test_released_elsewhere(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *owner = &r->p[0];
    struct id theirs = id_new(clock_wall()), kase, client, assignment, hold;
    char hold_text[ID_TEXT];
    struct office_laptop hostile;
    struct office_batch *b = office_batch();
    pair_office_case(owner->office, &r->p[1].user, &client, &kase, &assignment);
    pair_office_write(owner->office, KIND_NOTE, &kase, &theirs, 1, "text", "theirs", NULL);
    assert_true(deal_pull(owner, LIMITS_BATCH_MAX, 0, NULL, NULL));
    office_laptop(owner->office, &owner->user, &hostile);
    office_set(&hostile, b, KIND_NOTE, &r->kase, &theirs, "text", "taken over");
    assert_int_equal(office_push_well(owner->office, &hostile, b), 1);
    office_batch_free(b);
    office_text(owner->office->db, "SELECT id FROM hold WHERE ?1 IS NOT NULL", &theirs, hold_text, sizeof hold_text);
    PAIR_OK(id_parse(hold_text, &hold, &pair_e));
    pair_office_write(owner->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
    assert_true(deal_pull(owner, LIMITS_BATCH_MAX, 0, NULL, NULL));
    assert_int_equal(pair_count(owner->db, "SELECT count(*) FROM note"), 0);
}

/* Goal: the office remembers what a laptop confirmed, by its digest, and nothing else. */
static void test_remembers(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    struct apply_result result = {0};
    struct message_entries m;
    struct deal_memory memory;
    struct caseload held;
    struct deal deal;
    uint8_t digest[32];
    message_caseload_digest(NULL, 0, digest);
    assert_int_equal(deal_remembers(p->office, &p->device, digest, NULL), 1); /* nothing at all */
    pair_deal(p, &deal);
    PAIR_OK(deal_next(&deal, p->office, 1, &m, &memory, &pair_e));
    assert_int_equal(m.done, 0);
    PAIR_OK(pair_apply(p, &m, &result, &pair_e));
    deal_release(&memory);
    PAIR_OK(central_begin(p->office, &pair_e));
    PAIR_OK(deal_confirm(&deal, p->office, &pair_e)); /* not done: nothing to remember */
    PAIR_OK(central_commit(p->office, &pair_e));
    assert_int_equal(pair_count(p->office->db, "SELECT count(*) FROM dealt"), 0);
    while (!result.done) {
        PAIR_OK(deal_next(&deal, p->office, 1, &m, &memory, &pair_e));
        PAIR_OK(pair_apply(p, &m, &result, &pair_e));
        deal_release(&memory);
    }
    PAIR_OK(central_begin(p->office, &pair_e));
    PAIR_OK(deal_confirm(&deal, p->office, &pair_e));
    PAIR_OK(central_commit(p->office, &pair_e));
    deal_free(&deal);
    PAIR_OK(apply_scopes(p->db, &held.scopes, &held.count, &pair_e));
    assert_int_equal(held.count, 3);
    message_caseload_digest(held.scopes, held.count, digest);
    caseload_free(&held);
    assert_int_equal(deal_remembers(p->office, &p->device, digest, NULL), 1);
    PAIR_OK(deal_remembered(p->office, &p->device, &held, &pair_e));
    assert_int_equal(held.count, 3);
    caseload_free(&held);
    digest[31] ^= 1;
    assert_int_equal(deal_remembers(p->office, &p->device, digest, NULL), 0);
    /* A cursor beyond the log is refused, and what was handed over is freed. */
    PAIR_OK(apply_scopes(p->db, &held.scopes, &held.count, &pair_e));
    assert_int_equal(deal_start(&deal, p->office, &p->device, &held, p->office->tree.size + 1, NULL), E_INPUT);
    assert_null(held.scopes);
    deal_free(&deal);
}

/* Goal: dealing keeps no statement and no read of the store open, or its write-ahead log would never begin anew. */
static void test_leaves_nothing_open(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    sqlite3 *db = db_handle(p->office->db);
    assert_true(deal_pull(p, 1, 0, NULL, NULL));
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s != NULL; s = sqlite3_next_stmt(db, s))
        if (sqlite3_stmt_busy(s))
            fail_msg("still in use: %s", sqlite3_sql(s));
}

/* --- what is held by now --- */

/* The office says of one of the laptop's entries that it is held by now, for a reason of 500 bytes. */
static void hold_behind(struct pair *p, uint64_t seq)
{
    char device[DEVICE_HEX], number[24], reason[501];
    struct id hold = id_new(clock_wall());
    device_hex(&p->device.device, device);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)seq);
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    pair_office_write(p->office, KIND_HOLD, &pair_everywhere, &hold, 1, "device", device, "epoch", "1", "seq", number,
                      "reason", reason, "status", "held", NULL);
}

/* Goal: a laptop is told of each of its changes that is held by now, however many they are, in batches that each fit
 * into a message; the cursor stays behind until all are told, so that none is missed if the link breaks. */
static void test_all_that_is_held_by_now_is_told_in_pieces(void **state)
{
    enum { HOLDS = 1300 };
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    struct id note = id_new(clock_wall());
    struct message_entries m;
    struct deal_memory memory;
    uint64_t cursor, told = 0;
    unsigned batches = 0;
    struct deal deal;
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    pair_field_write(p, KIND_NOTE, &r->kase, &note, 1, "text", "mine", NULL);
    assert_int_equal(pair_push(p), 0);
    for (int i = 0; i < HOLDS; i++)
        hold_behind(p, 1);
    cursor = db_meta_uint(p->db, "pull_cursor");
    pair_deal(p, &deal);
    do {
        PAIR_OK(deal_next(&deal, p->office, LIMITS_BATCH_MAX, &m, &memory, &pair_e));
        told += m.held_count;
        assert_true(m.held.size <= 520 << 10);
        if (told != HOLDS) {
            assert_int_equal(m.done, 0);
            assert_int_equal(m.cursor, cursor);
        }
        if (++batches == 1)
            assert_int_equal(m.anew.size, ID_BYTES);
        deal_release(&memory);
    } while (!m.done);
    assert_int_equal(told, HOLDS);
    assert_int_equal(batches, 2);
    assert_int_equal(m.cursor, p->office->checkpoint_size);
    deal_free(&deal);
}

/* Goal: to look for what is held by now costs as much as there are holds, whatever cursor the laptop names and however
 * long the log is. */
static void test_looking_for_holds_reads_no_other_entry(void **state)
{
    struct deal_fixture *r = *state;
    struct pair *p = &r->p[0];
    sqlite3 *db = db_handle(p->office->db);
    struct deal deal;
    int found = 0, steps = 0;
    assert_true(deal_pull(p, LIMITS_BATCH_MAX, 0, NULL, NULL));
    for (int i = 0; i < 300; i++) {
        struct id note = id_new(clock_wall());
        pair_office_write(p->office, KIND_NOTE, &r->kase, &note, 1, "text", "of many", NULL);
    }
    PAIR_OK(db_meta_set_uint(p->db, "pull_cursor", 0, &pair_e));
    pair_deal(p, &deal);
    deal_free(&deal);
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s != NULL; s = sqlite3_next_stmt(db, s))
        if (strstr(sqlite3_sql(s), "AND kind = 6 ") != NULL) {
            steps = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0);
            found++;
        }
    assert_int_equal(found, 1);
    assert_true(steps < 100);
}

/* --- anything at all --- */

struct chaos {
    struct deal_fixture *r;
    struct id clients[6], cases[6], assignments[LAPTOPS][6];
    struct id records[64];
    unsigned record_kind[64];
    unsigned record_count;
    int deep; /* no pushes between the batches of a pull */
};

static const char *const words[] = {"one", "two", "three", "four"};
static const char *const ranks[] = {"none known", "low", "moderate", "high", "critical"};

/* An assessment of three paragraphs, so that edits of it meet, and do not. */
static const char *any_assessment(char room[64])
{
    (void)snprintf(room, 64, "%s\n\n%s\n\n%s\n", words[any(3)], words[any(3)], words[any(3)]);
    return room;
}

/* One edit of a record that the store has: of a field of any policy. */
static void edit_something(struct db *db, struct edit *edit, unsigned kind)
{
    static const char *const states[] = {"open", "on hold", "closed"};
    struct error e = {0, ""};
    char text[64];
    int code = 0;
    (void)db;
    switch (kind) {
    case KIND_CASE:
        code = any(3) == 0   ? edit_set_text(edit, "risk", ranks[any(5)], &e)
               : any(2) == 0 ? edit_set_text(edit, "assessment", any_assessment(text), &e)
                             : edit_set_text(edit, "title", words[any(4)], &e);
        if (code == 0 && any(3) == 0)
            code = edit_set_text(edit, "status", states[any(3)], &e);
        break;
    case KIND_CLIENT:
        code =
            any(2) ? edit_add_text(edit, "need", words[any(4)], &e) : edit_remove_text(edit, "need", words[any(4)], &e);
        if (code == E_NOT_FOUND)
            code = edit_set_text(edit, "legal_name", words[any(4)], &e);
        else if (any(2) == 0)
            code = edit_set_text(edit, "phone", any(4) ? words[any(4)] : "", &e);
        break;
    case KIND_SERVICE:
        code = any(2) ? edit_add_text(edit, "units", any(2) ? "5" : "-2", &e)
                      : edit_set_text(edit, "type", words[any(4)], &e);
        break;
    default:
        code = edit_set_text(edit, "text", words[any(4)], &e);
        break;
    }
    if (code == 0 && any(12) == 0)
        code = edit_void(edit, &e);
    if (code != 0)
        fail_msg("%s", e.text);
}

/* A record to edit, or a new one in one of the cases. Returns its kind. */
static unsigned choose(struct chaos *c, struct id *scope, struct id *record, int *is_new)
{
    unsigned n = any(6), what = any(5);
    *is_new = 0;
    *scope = *record = c->cases[n];
    if (what == 0) {
        *scope = *record = c->clients[n];
        return KIND_CLIENT;
    }
    if (what == 1)
        return KIND_CASE;
    if (c->record_count < 64 && any(3) == 0) {
        c->records[c->record_count] = id_new(clock_wall());
        c->record_kind[c->record_count] = any(2) ? KIND_NOTE : KIND_SERVICE;
        *record = c->records[c->record_count++];
        *is_new = 1;
        return c->record_kind[c->record_count - 1];
    }
    if (c->record_count == 0)
        return KIND_CASE;
    n = any(c->record_count);
    *record = c->records[n];
    return c->record_kind[n];
}

static void office_edits(struct chaos *c)
{
    struct central *office = c->r->p[0].office;
    struct id scope, record;
    int is_new;
    unsigned kind = choose(c, &scope, &record, &is_new);
    struct edit edit;
    PAIR_OK(central_begin(office, &pair_e));
    if (is_new)
        PAIR_OK(edit_new(&edit, office->db, schema_kind(kind), &scope, &record, &pair_e));
    else if (edit_open(&edit, office->db, &record, NULL) != 0) {
        edit_free(&edit);
        central_rollback(office);
        return;
    }
    edit_something(office->db, &edit, kind);
    PAIR_OK(central_write(office, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(office, &pair_e));
}

static void laptop_edits(struct chaos *c, struct pair *p)
{
    struct id scope, record;
    int is_new;
    unsigned kind = choose(c, &scope, &record, &is_new);
    struct record_place place;
    struct edit edit;
    if (record_find(p->db, is_new ? &scope : &record, &place, NULL) != 0)
        return; /* it does not have it, and so cannot edit it */
    PAIR_OK(db_begin(p->db, &pair_e));
    if (is_new)
        PAIR_OK(edit_new(&edit, p->db, schema_kind(kind), &scope, &record, &pair_e));
    else
        PAIR_OK(edit_open(&edit, p->db, &record, &pair_e));
    edit_something(p->db, &edit, kind);
    PAIR_OK(edit_commit(&edit, &p->author, NULL, NULL, &pair_e));
    PAIR_OK(db_commit(p->db, &pair_e));
}

/* A case comes into somebody's caseload or leaves it. */
static void office_assigns(struct chaos *c)
{
    unsigned who = any(LAPTOPS), n = any(6);
    struct id *a = &c->assignments[who][n];
    char user[ID_TEXT];
    id_format(&c->r->p[who].user, user);
    if (id_is_zero(a)) {
        *a = id_new(clock_wall());
        pair_office_write(c->r->p[0].office, KIND_ASSIGNMENT, &c->cases[n], a, 1, "user", user, "status", "active",
                          NULL);
    } else {
        pair_office_write(c->r->p[0].office, KIND_ASSIGNMENT, &c->cases[n], a, 0, "status",
                          any(2) ? "active" : "disabled", NULL);
    }
}

/* A held change is let in after all. */
static void office_releases(struct chaos *c)
{
    char text[ID_TEXT], sql[128];
    struct id hold;
    uint64_t holds = pair_count(c->r->p[0].office->db, "SELECT count(*) FROM hold WHERE status = 'held'");
    if (holds == 0)
        return;
    (void)snprintf(sql, sizeof sql,
                   "SELECT id FROM hold WHERE status = 'held' AND ?1 <> '' ORDER BY id LIMIT 1 OFFSET %u",
                   any((unsigned)holds));
    office_text(c->r->p[0].office->db, sql, &c->cases[0], text, sizeof text);
    PAIR_OK(id_parse(text, &hold, &pair_e));
    pair_office_write(c->r->p[0].office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
}

static void something(void *arg)
{
    struct chaos *c = arg;
    unsigned what = any(9);
    if (what == 8)
        office_releases(c);
    else if (what < 4)
        office_edits(c);
    else if (what < 7 && !c->deep)
        (void)pair_push(&c->r->p[any(LAPTOPS)]);
    else
        office_assigns(c);
}

/* Goal: for offices, edits of several laptops, assignments, pushes and pulls at random, with any credit, broken off
 * anywhere, and with others' work between the batches: each pull that comes to its end agrees with the office at once.
 */
static void test_anything(void **state)
{
    struct deal_fixture *r = *state;
    struct chaos c = {.r = r};
    char text[ID_TEXT];
    const char *given = getenv("SATCHEL_SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : 20261123;
    for (int i = 0; i < 6; i++) {
        c.clients[i] = id_new(clock_wall());
        c.cases[i] = id_new(clock_wall());
        pair_office_write(r->p[0].office, KIND_CLIENT, &c.clients[i], &c.clients[i], 1, "legal_name", "A", NULL);
        id_format(&c.clients[i / 2], text); /* two cases of one person */
        pair_office_write(r->p[0].office, KIND_CASE, &c.cases[i], &c.cases[i], 1, "client", text, "risk", "low", NULL);
    }
    for (int i = 0; i < 12; i++)
        office_assigns(&c);
    for (int step = 0; step < 1200; step++) {
        struct pair *p = &r->p[any(LAPTOPS)];
        unsigned what = any(10);
        if (what < 6) {
            laptop_edits(&c, p);
        } else if (what < 9) {
            something(&c);
        } else {
            uint64_t credit = any(2) ? 1 + any(3000) : LIMITS_BATCH_MAX;
            unsigned broken = any(2) ? 1 + any(12) : 0;
            (void)pair_push(p);
            c.deep = 1;
            if (any(2))
                (void)deal_pull(p, credit, broken, NULL, NULL);
            else
                (void)deal_pull(p, credit, broken, something, &c);
            c.deep = 0;
        }
    }
    for (int i = 0; i < LAPTOPS; i++)
        (void)pair_push(&r->p[i]);
    for (int i = 0; i < LAPTOPS; i++)
        assert_true(deal_pull(&r->p[i], LIMITS_BATCH_MAX, 0, NULL, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, deal_fixture_set_up, deal_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_compact),
        TEST(test_events_stay),
        TEST(test_small_credit),
        TEST(test_between),
        TEST(test_broken_off),
        TEST(test_leaves),
        TEST(test_left_and_back),
        TEST(test_released),
        TEST(test_released_elsewhere),
        TEST(test_remembers),
        TEST(test_leaves_nothing_open),
        TEST(test_all_that_is_held_by_now_is_told_in_pieces),
        TEST(test_looking_for_holds_reads_no_other_entry),
        TEST(test_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
