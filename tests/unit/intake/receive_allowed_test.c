/* Tests: daemon/intake/receive.c common/judge/judge.c
 * Which changes an office takes from a laptop: what its user may not write, or what would reach into another record, is
 * held with a reason, and the rest of the batch is applied. */
#include "receive_fixture.h"

/* Goal: what only the office writes, and what claims another author, is held. */
static void test_not_allowed(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id fresh = id_new(clock_wall()), note;
    char text[ID_TEXT];
    id_format(&r->anna, text);
    office_set(&r->laptop, b, KIND_USER, &pair_everywhere, &r->anna, "role", "administrator");
    office_set(&r->laptop, b, KIND_ASSIGNMENT, &r->kase, &fresh, "user", text);
    office_set(&r->laptop, b, KIND_ASSIGNMENT, &r->other, &fresh, "user", text);
    fresh = id_new(clock_wall());
    office_set(&r->laptop, b, KIND_HOLD, &pair_everywhere, &fresh, "status", "released");
    office_set(&r->laptop, b, KIND_OFFICE, &pair_everywhere, &r->office->office, "name", "Mine");
    office_set(&r->laptop, b, KIND_TICKET, &pair_everywhere, &fresh, "user", text);
    receive_expect_held(r, b, 0x3f, "only the office itself");
    b = office_batch();
    r->laptop.author = r->ben;
    (void)receive_write_note(r, b, &r->kase, &note);
    r->laptop.author = r->anna;
    (void)receive_write_note(r, b, &r->kase, &note);
    receive_expect_held(r, b, 1, "author");
    office_expect(r->office->db, "SELECT role FROM \"user\" WHERE id = ?", &r->anna, "case manager");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"), 2);
}

/* Goal: a laptop that is revoked, or whose user is disabled, brings nothing that is applied, and nothing is lost. */
static void test_revoked(void **state)
{
    struct receive_fixture *r = *state;
    struct device found;
    uint8_t noise[32];
    struct office_batch *b = office_batch();
    struct id note;
    memcpy(noise, r->laptop.device.sign_key, sizeof noise);
    noise[0] ^= 1;
    PAIR_OK(device_by_link(r->office->db, noise, &found, &pair_e));
    assert_int_equal(found.revoked, 0);
    assert_true(id_equal(&found.user, &r->anna));
    assert_memory_equal(found.sign_key, r->laptop.device.sign_key, 32);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->anna, 0, "status", "disabled", NULL);
    PAIR_OK(device_by_link(r->office->db, noise, &found, &pair_e));
    assert_int_equal(found.revoked, 1);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->anna, 0, "status", "active", NULL);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &r->laptop.device.device, 0, "status", "disabled",
                      NULL);
    PAIR_OK(device_by_link(r->office->db, noise, &found, &pair_e));
    assert_int_equal(found.revoked, 1);
    noise[0] ^= 1;
    assert_int_equal(device_by_link(r->office->db, noise, &found, NULL), E_REFUSED);
    r->laptop.device.revoked = 1;
    (void)receive_write_note(r, b, &r->kase, &note);
    office_set(&r->laptop, b, KIND_RECEIPT, &pair_everywhere, &note, "position", "3");
    receive_expect_held(r, b, 3, "disabled");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 0);
}

/* Goal: what happened to its store is heard from every laptop, also one that is to be wiped or an auditor's; but no
 * laptop changes what another one, or the office, said of itself, and an event stands in no case. */
static void test_events(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id note, event = id_new(clock_wall()), offices, wrong = id_new(clock_wall());
    char text[ID_TEXT];
    r->laptop.device.revoked = r->laptop.device.wipe = 1;
    (void)receive_write_note(r, b, &r->kase, &note);
    office_set(&r->laptop, b, KIND_EVENT, &pair_everywhere, &event, "what", "wiped");
    receive_expect_held(r, b, 1, "disabled");
    office_expect(r->office->db, "SELECT what FROM event WHERE id = ?", &event, "wiped");
    r->laptop.device.revoked = r->laptop.device.wipe = 0;
    r->laptop.device.reads_only = 1;
    b = office_batch();
    office_set(&r->laptop, b, KIND_EVENT, &pair_everywhere, &event, "count", "2");
    (void)receive_write_note(r, b, &r->kase, &note);
    receive_expect_held(r, b, 2, "auditor");
    PAIR_OK(central_event(r->office, "recovered", 1, 0, NULL, &pair_e));
    office_text(r->office->db, "SELECT id FROM event WHERE what = 'recovered' AND ?1 <> ''", &event, text, sizeof text);
    PAIR_OK(id_parse(text, &offices, &pair_e));
    b = office_batch();
    office_set(&r->laptop, b, KIND_EVENT, &pair_everywhere, &offices, "what", "wiped");
    receive_expect_held(r, b, 1, "said of itself");
    b = office_batch();
    office_set(&r->laptop, b, KIND_EVENT, &r->kase, &wrong, "what", "wiped");
    receive_expect_held(r, b, 1, "stands in another case");
    office_expect(r->office->db, "SELECT what FROM event WHERE id = ?", &offices, "recovered");
}

/* A person, a case about it and a note, taken down in the field. */
static void write_new(struct receive_fixture *r, struct office_batch *b, struct id *person, struct id *kase)
{
    char text[ID_TEXT];
    struct id note = id_new(clock_wall());
    *person = id_new(clock_wall());
    *kase = id_new(clock_wall());
    id_format(person, text);
    office_set(&r->laptop, b, KIND_CLIENT, person, person, "legal_name", "New Person");
    office_set(&r->laptop, b, KIND_CASE, kase, kase, "client", text);
    office_set(&r->laptop, b, KIND_NOTE, kase, &note, "text", "first visit");
}

/* Goal: a person, a case and a note taken down in the field are taken in one batch, or in several, and the case is its
 * author's; the same after a batch with a held change among them. */
static void test_taken_down(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct caseload load;
    struct id person, kase, second_person, second_case, note;
    char text[ID_TEXT];
    write_new(r, b, &person, &kase);
    (void)receive_write_note(r, b, &r->other, &note);
    office_set(&r->laptop, b, KIND_CASE, &kase, &kase, "risk", "high");
    receive_expect_held(r, b, 8, "caseload");
    PAIR_OK(caseload_load(r->office->db, &r->anna, schema_version(), &load, &pair_e));
    assert_int_equal(load.count, 5);
    assert_true(caseload_has(&load, &person) && caseload_has(&load, &kase));
    caseload_free(&load);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"),
                     3); /* one for it, not one for each change */
    /* The person first, the case on another day. */
    second_person = id_new(clock_wall());
    second_case = id_new(clock_wall());
    b = office_batch();
    office_set(&r->laptop, b, KIND_CLIENT, &second_person, &second_person, "legal_name", "Second");
    receive_expect_held(r, b, 0, "");
    b = office_batch();
    id_format(&second_person, text);
    office_set(&r->laptop, b, KIND_CLIENT, &second_person, &second_person, "phone", "5");
    office_set(&r->laptop, b, KIND_CASE, &second_case, &second_case, "client", text);
    receive_expect_held(r, b, 0, "");
    b = office_batch();
    office_set(&r->laptop, b, KIND_CASE, &second_case, &second_case, "risk", "low");
    receive_expect_held(r, b, 0, "");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"), 4);
}

/* Goal: what was taken down here and has since been given to another is not touched any more; nor does naming it in a
 * new case bring it back. */
static void test_given_away(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id person, kase, assignment, fresh = id_new(clock_wall());
    char text[ID_TEXT];
    write_new(r, b, &person, &kase);
    receive_expect_held(r, b, 0, "");
    office_text(r->office->db, "SELECT id FROM assignment WHERE scope = ?", &kase, text, sizeof text);
    PAIR_OK(id_parse(text, &assignment, &pair_e));
    pair_office_write(r->office, KIND_ASSIGNMENT, &kase, &assignment, 0, "status", "disabled", NULL);
    b = office_batch();
    office_set(&r->laptop, b, KIND_CASE, &kase, &kase, "risk", "low");
    office_set(&r->laptop, b, KIND_CLIENT, &person, &person, "phone", "1");
    receive_expect_held(r, b, 3, "caseload");
    b = office_batch();
    id_format(&person, text);
    office_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", text);
    receive_expect_held(r, b, 1, "names a person");
}

/* Goal: a new case, a contact or a change of a case that names somebody else's person is held: naming would be a way to
 * read that person's record. */
static void test_foreign_person(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id fresh = id_new(clock_wall()), contact = id_new(clock_wall());
    struct caseload load;
    char text[ID_TEXT], own[ID_TEXT];
    id_format(&r->stranger, text);
    id_format(&r->client, own);
    office_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", text);
    office_set(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, "client", text);
    office_set(&r->laptop, b, KIND_CONTACT, &r->kase, &contact, "client", text);
    office_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", own);
    receive_expect_held(r, b, 7, "names a person");
    PAIR_OK(caseload_load(r->office->db, &r->anna, schema_version(), &load, &pair_e));
    assert_false(caseload_has(&load, &r->stranger));
    assert_int_equal(load.count, 4);
    caseload_free(&load);
    /* A case about nobody at all is no way to have what is office-wide twice. */
    b = office_batch();
    office_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", "00000000-0000-0000-0000-000000000000");
    receive_expect_held(r, b, 0, "");
    PAIR_OK(caseload_load(r->office->db, &r->anna, schema_version(), &load, &pair_e));
    for (size_t i = 1; i < load.count; i++)
        assert_true(id_compare(&load.scopes[i - 1], &load.scopes[i]) < 0);
    caseload_free(&load);
}

/* Goal: a record id that stands elsewhere, as another kind, or under a kind of which nobody knows where it stands, is
 * not taken over. */
static void test_hijack(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    static const uint8_t five = 5;
    const struct office_op unknown = {.number = 77, .raw = {&five, 1}};
    struct id theirs = id_new(clock_wall()), mine;
    pair_office_write(r->office, KIND_NOTE, &r->other, &theirs, 1, "text", "Ben's", NULL);
    (void)receive_write_note(r, b, &r->kase, &mine);
    receive_expect_held(r, b, 0, "");
    b = office_batch();
    office_set(&r->laptop, b, KIND_NOTE, &r->kase, &theirs, "text", "Anna's");
    office_set(&r->laptop, b, KIND_SERVICE, &r->kase, &mine, "type", "now a service");
    office_write(&r->laptop, b, 99, &r->kase, &theirs, &unknown, 1);
    office_set(&r->laptop, b, KIND_NOTE, &r->kase, &r->kase, "text", "under the case's own id");
    office_set(&r->laptop, b, KIND_CLIENT, &r->kase, &mine, "phone", "a person inside a case");
    receive_expect_held(r, b, 0x1f, "stands in another case");
    office_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &theirs, "[\"Ben's\"]");
}

/* Goal: what a newer schema wrote (a kind, a field, a choice that is not known here) is carried, in a case that the
 * laptop may touch; a value that its field cannot hold is held. */
static void test_newer(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    static const uint8_t five = 5;
    static const uint8_t nonsense[] = {0xa1, 'x'};
    const struct office_op unknown = {.number = 77, .raw = {&five, 1}}, wrong = {.number = 20, .raw = {nonsense, 2}};
    struct id fresh = id_new(clock_wall());
    office_write(&r->laptop, b, 99, &r->kase, &fresh, &unknown, 1);
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &unknown, 1);
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &wrong, 1);
    office_write(&r->laptop, b, 99, &r->other, &fresh, &unknown, 1);
    receive_expect_held(r, b, 0xc, "case");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM op WHERE field = 77"), 2);
}

/* Goal: no laptop's change passes for an import's, which would contest no closing. */
static void test_no_laptop_poses_as_an_import(void **state)
{
    static const uint8_t hash[] = {0xc4, 1, 7};
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    const struct office_op posing = {.number = FIELD_SOURCE_HASH, .raw = {hash, sizeof hash}};
    const struct office_op keyed = {.field = "source_id", .words = "4711"};
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &posing, 1);
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &keyed, 1);
    receive_expect_held(r, b, 3, "imports are the office's alone");
}

/* Goal: of a kind that is newer than the office its number says enough: what only an office writes is held, and so is
 * what every laptop would get; what no laptop gets is taken, and nobody else goes on with it. */
static void test_newer_kinds(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    static const uint8_t five = 5;
    const struct office_op op = {.number = 77, .raw = {&five, 1}};
    struct office_laptop bens;
    struct receive_result result;
    struct id ids[6];
    for (size_t i = 0; i < 6; i++)
        ids[i] = id_new(clock_wall());
    office_write(&r->laptop, b, 1900, &r->kase, &ids[0], &op, 1);
    office_write(&r->laptop, b, 3900, &pair_everywhere, &ids[1], &op, 1);
    receive_expect_held(r, b, 3, "only the office itself");
    b = office_batch();
    office_write(&r->laptop, b, 900, &pair_everywhere, &ids[2], &op, 1);
    receive_expect_held(r, b, 1, "newer than the office's program");
    b = office_batch();
    office_write(&r->laptop, b, 900, &r->client, &ids[3], &op, 1);
    office_write(&r->laptop, b, 2900, &pair_everywhere, &ids[4], &op, 1);
    office_write(&r->laptop, b, 2900, &r->kase, &ids[5], &op, 1);
    office_write(&r->laptop, b, 2900, &r->kase, &ids[5], &op, 1);
    receive_expect_held(r, b, 0, "");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM op WHERE field = 77"), 4);
    office_laptop(r->office, &r->ben, &bens);
    b = office_batch();
    office_write(&bens, b, 2900, &pair_everywhere, &ids[4], &op, 1);
    PAIR_OK(office_push(r->office, &bens, b, &result, &pair_e));
    assert_int_equal(result.held_count, 1);
    assert_non_null(strstr(result.held[0].reason, "said of itself"));
    receive_free(&result);
    office_batch_free(b);
}

/* Goal: no change can end the life of an op of another record, or of one that is not written yet. */
static void test_supersede_attack(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct office_laptop ben;
    struct dot dots[2] = {{.device = r->office->author.chain.device, .epoch = 1}};
    struct office_op op = {.field = "risk", .words = "low", .supersedes = dots, .supersedes_count = 1};
    /* Ben's case has its risk from the office; Anna's change in her own case names that op. */
    pair_office_write(r->office, KIND_CASE, &r->other, &r->other, 0, "risk", "critical", NULL);
    dots[0].seq = r->office->author.chain.seq;
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    receive_expect_held(r, b, 0, "");
    office_expect(r->office->db, "SELECT risk FROM \"case\" WHERE id = ?", &r->other, "critical");
    /* What Ben's laptop will write is named before it is there. */
    office_laptop(r->office, &r->anna, &ben);
    dots[0] = (struct dot){ben.device.device, 1, 1, 0};
    b = office_batch();
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    receive_expect_held(r, b, 1, "nobody has written yet");
    b = office_batch();
    office_set(&ben, b, KIND_CASE, &r->kase, &r->kase, "risk", "critical");
    assert_int_equal(office_push_well(r->office, &ben, b), 0);
    office_batch_free(b);
    office_expect(r->office->db, "SELECT risk FROM \"case\" WHERE id = ?", &r->kase, "critical");
    /* One's own, held or not, is known: a change behind a held one may replace it. */
    b = office_batch();
    office_set(&r->laptop, b, KIND_CASE, &r->other, &r->other, "title", "held");
    dots[0] = (struct dot){r->laptop.chain.device, 1, r->laptop.chain.seq, 0};
    office_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    receive_expect_held(r, b, 1, "caseload");
}

/* Goal: a note is never lost: a change that names one, to take its place, is held, whoever wrote the note; an amendment
 * is not. */
static void test_note_is_not_replaced(void **state)
{
    struct receive_fixture *r = *state;
    struct office_batch *b = office_batch();
    struct id note = id_new(clock_wall());
    struct dot first;
    struct office_op op = {.field = "text", .words = "nothing was seen", .supersedes = &first, .supersedes_count = 1};
    office_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "the door was open");
    first = (struct dot){r->laptop.chain.device, 1, r->laptop.chain.seq, 0};
    office_write(&r->laptop, b, KIND_NOTE, &r->kase, &note, &op, 1);
    office_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "at four");
    receive_expect_held(r, b, 2, "written once");
    office_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"the door was open\",\"at four\"]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, receive_fixture_set_up, receive_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_not_allowed),
        TEST(test_revoked),
        TEST(test_events),
        TEST(test_taken_down),
        TEST(test_given_away),
        TEST(test_foreign_person),
        TEST(test_hijack),
        TEST(test_newer),
        TEST(test_no_laptop_poses_as_an_import),
        TEST(test_newer_kinds),
        TEST(test_supersede_attack),
        TEST(test_note_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
