/* Tests: daemon/intake/receive.c common/record/record_field.c
 * What somebody with a laptop that was rightly enrolled may try against his colleagues' records and against the office:
 * each of these was tried, and did harm, before it was refused. */
#include "office_fixture.h"
#include "task.h"

struct room {
    struct central *office;
    struct id anna, ben; /* both hold the case */
    struct id client, kase;
    struct office_laptop laptop, other; /* Anna's, who is not to be trusted; Ben's */
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct id assignment, admin;
    char text[ID_TEXT];
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    pair_office_write(r->office, KIND_OFFICE, &pair_everywhere, &r->office->office, 1, "name", "Test", NULL);
    admin = office_user(r->office, "root", "administrator");
    (void)admin;
    r->anna = office_user(r->office, "anna", "case manager");
    r->ben = office_user(r->office, "ben", "case manager");
    pair_office_case(r->office, &r->anna, &r->client, &r->kase, &assignment);
    id_format(&r->ben, text);
    assignment = id_new(clock_wall());
    pair_office_write(r->office, KIND_ASSIGNMENT, &r->kase, &assignment, 1, "user", text, "status", "active", NULL);
    office_laptop(r->office, &r->anna, &r->laptop);
    office_laptop(r->office, &r->ben, &r->other);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    office_check(r->office);
    pair_office_free(r->office);
    free(r);
    return 0;
}

/* Pushes one change alone. Returns whether it is held, and why. */
static int push_one(struct room *r, struct office_laptop *l, struct office_batch *b, char reason[200])
{
    struct receive_result result;
    struct error e = {0, ""};
    int held;
    if (office_push(r->office, l, b, &result, &e) != 0)
        fail_msg("%s", e.text);
    held = result.held_count != 0;
    (void)snprintf(reason, 200, "%s", held ? result.held[0].reason : "");
    receive_free(&result);
    office_batch_free(b);
    return held;
}

static int set_one(struct room *r, struct office_laptop *l, unsigned kind, const struct id *scope,
                   const struct id *record, const char *field, const char *words)
{
    struct office_batch *b = office_batch();
    char reason[200];
    office_set(l, b, kind, scope, record, field, words);
    return push_one(r, l, b, reason);
}

/* Voids a record with a list of dots. */
static int void_one(struct room *r, struct office_laptop *l, const struct id *record, const struct dot *dots,
                    size_t count, char reason[200])
{
    struct office_batch *b = office_batch();
    struct office_op op = {.number = FIELD_VOID};
    struct pack value;
    int held;
    pack_start(&value);
    pack_array(&value, count);
    for (size_t i = 0; i < count; i++)
        dot_pack(&value, &dots[i]);
    op.raw = pack_bytes(&value);
    office_write(l, b, KIND_CLIENT, record, record, &op, 1);
    held = push_one(r, l, b, reason);
    pack_free(&value);
    return held;
}

/* Goal: a void that lists what a colleague has not written yet is held: else his allergy would come in and stay hidden
 * in a voided record, where it must bring the record back, contested. */
static void test_void_of_the_unwritten(void **state)
{
    struct room *r = *state;
    struct dot dots[4];
    uint64_t last = r->office->author.chain.seq;
    char reason[200];
    assert_int_equal(set_one(r, &r->other, KIND_CLIENT, &r->client, &r->client, "phone", "2"), 0);
    /* Everything that lives, and what Ben will write next. */
    for (uint64_t seq = 1; seq <= last; seq++) {
        struct log_memory memory = {NULL, 0};
        struct log_entry entry;
        int64_t id = log_find(r->office->db, &r->office->author.chain.device, 1, seq, NULL, NULL);
        PAIR_OK(log_load(r->office->db, id, 0, &memory, &entry, &pair_e));
        log_memory_free(&memory);
        if (id_equal(&entry.change.record, &r->client)) {
            dots[0] = (struct dot){r->office->author.chain.device, 1, seq, 0};
            dots[1] = (struct dot){r->office->author.chain.device, 1, seq, 1};
        }
    }
    dots[2] = (struct dot){r->other.chain.device, 1, 1, 0};
    dots[3] = (struct dot){r->other.chain.device, 1, 2, 0};
    assert_int_equal(void_one(r, &r->laptop, &r->client, dots, 4, reason), 1);
    assert_non_null(strstr(reason, "nobody has written yet"));
    office_expect(r->office->db, "SELECT voided FROM client WHERE id = ?", &r->client, "0");
    /* What is there may be voided; and what was not seen brings it back. */
    assert_int_equal(void_one(r, &r->laptop, &r->client, dots, 3, reason), 0);
    office_expect(r->office->db, "SELECT voided FROM client WHERE id = ?", &r->client, "1");
    {
        struct office_batch *b = office_batch();
        const struct office_op op = {.field = "allergy", .words = "penicillin", .action = CHANGE_ADD};
        office_write(&r->other, b, KIND_CLIENT, &r->client, &r->client, &op, 1);
        assert_int_equal(push_one(r, &r->other, b, reason), 0);
    }
    office_expect(r->office->db, "SELECT voided || contested FROM client WHERE id = ?", &r->client, "01");
}

/* Goal: a record, or a case, under an id that an import will give is held: else who knows a key of the source would
 * have the imported person in his own caseload, or keep the import from ever taking that person. */
static void test_ids_of_imports(void **state)
{
    struct room *r = *state;
    struct id person = id_derive("hmis", "Client", "4711"), stay = id_derive("hmis", "Enrollment", "1");
    struct id note = id_new(clock_wall()), mine = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(&person, text);
    assert_int_equal(set_one(r, &r->laptop, KIND_CLIENT, &person, &person, "phone", "1"), 1);
    assert_int_equal(set_one(r, &r->laptop, KIND_NOTE, &r->kase, &person, "text", "in its place"), 1);
    assert_int_equal(set_one(r, &r->laptop, KIND_NOTE, &stay, &note, "text", "in a case to come"), 1);
    assert_int_equal(set_one(r, &r->laptop, KIND_CASE, &mine, &mine, "client", text), 1);
    /* What the office has imported is changed as anything else. */
    pair_office_write(r->office, KIND_NOTE, &r->kase, &stay, 1, "text", "imported", NULL);
    assert_int_equal(set_one(r, &r->laptop, KIND_NOTE, &r->kase, &stay, "text", "amended"), 0);
    office_expect(r->office->db, "SELECT json_array_length(text) FROM note WHERE id = ?", &stay, "2");
}

/* Goal: nobody fills a field until each change of it takes seconds, and until no op can supersede all that lives on it;
 * at the bound a person still decides. */
static void test_endless_field(void **state)
{
    struct room *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result result;
    struct record_field f;
    struct edit edit;
    const struct schema_field *risk = schema_field_named(schema_kind(KIND_CASE), "risk");
    for (int i = 0; i < 1100; i++) /* in a batch, each beside the ones before */
        office_set(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, "risk", i % 2 ? "critical" : "low");
    PAIR_OK(office_push(r->office, &r->laptop, b, &result, &pair_e));
    assert_int_equal(result.held_count, 101); /* one was there */
    assert_non_null(strstr(result.held[0].reason, "too many values"));
    receive_free(&result);
    office_batch_free(b);
    PAIR_OK(record_field_load(r->office->db, &r->kase, schema_kind(KIND_CASE), risk, &f, &pair_e));
    assert_int_equal(f.count, 1000);
    /* A colleague who saw them all writes one value over them. */
    {
        struct dot *dots = calloc(f.count, sizeof *dots);
        struct office_op op = {.field = "risk", .words = "high", .supersedes = dots, .supersedes_count = f.count};
        char reason[200];
        assert_non_null(dots);
        for (size_t i = 0; i < f.count; i++)
            dots[i] = f.ops[i].merge.dot;
        b = office_batch();
        office_write(&r->other, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
        assert_int_equal(push_one(r, &r->other, b, reason), 0);
        free(dots);
    }
    record_field_free(&f);
    office_expect(r->office->db, "SELECT risk || contested FROM \"case\" WHERE id = ?", &r->kase, "high0");
    /* And so does the office, by hand. */
    PAIR_OK(edit_open(&edit, r->office->db, &r->kase, &pair_e));
    PAIR_OK(edit_set_text(&edit, "risk", "low", &pair_e));
    edit_free(&edit);
}

/* Goal: many voids of one record, each to be held against all of it at every change, are held; void after void by who
 * sees the one before is not. */
static void test_endless_voids(void **state)
{
    struct room *r = *state;
    struct dot seen = {r->office->author.chain.device, 1, 1, 0};
    char reason[200];
    int held = 0;
    for (int i = 0; i < 20; i++)
        held += void_one(r, &r->laptop, &r->client, &seen, 1, reason);
    assert_int_equal(held, 4);
}

/* Goal: the work of judging does not grow with the square of how many cases of one person a batch holds. */
static void test_many_cases_of_one(void **state)
{
    struct room *r = *state;
    struct office_batch *b = office_batch();
    struct receive_result result;
    struct id person = id_new(clock_wall());
    char text[ID_TEXT];
    id_format(&person, text);
    for (int i = 0; i < 200; i++) {
        struct id kase = id_new(clock_wall());
        office_set(&r->laptop, b, KIND_CASE, &kase, &kase, "client", text);
    }
    PAIR_OK(office_push(r->office, &r->laptop, b, &result, &pair_e));
    assert_int_equal(result.held_count, 200 - 65);
    receive_free(&result);
    office_batch_free(b);
}

/* `satcheld held release DIR HOLD`, of the only hold with that seq. */
static int release(struct room *r, uint64_t seq)
{
    char *out = NULL, *err = NULL, sql[64], hold[ID_TEXT] = "";
    char words[3][8] = {"held", "release", ""};
    char *argv[] = {words[0], words[1], hold, NULL};
    size_t sizes[2];
    struct cli cli = {open_memstream(&out, &sizes[0]), open_memstream(&err, &sizes[1]), 0, 0};
    struct task task = {.central = r->office, .cli = &cli};
    int status;
    (void)snprintf(sql, sizeof sql, "SELECT id FROM hold WHERE seq = %llu AND ?1 > ''", (unsigned long long)seq);
    office_text(r->office->db, sql, &r->kase, hold, sizeof hold);
    assert_string_not_equal(hold, "");
    status = task_run(&task, 3, argv);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    free(out);
    free(err);
    return status;
}

/* Goal: a release never makes a laptop's word one of the office's own, nor lets a change go from the list of held ones
 * that it does not apply. */
static void test_release(void **state)
{
    struct room *r = *state;
    struct id note = id_new(clock_wall()), others = id_new(clock_wall());
    pair_office_write(r->office, KIND_NOTE, &r->kase, &others, 1, "text", "the office's", NULL);
    /* 1: I am an administrator; 2: a note that stands elsewhere; 3: one whose case is not mine. */
    assert_int_equal(set_one(r, &r->laptop, KIND_USER, &pair_everywhere, &r->anna, "role", "administrator"), 1);
    assert_int_equal(set_one(r, &r->laptop, KIND_SERVICE, &r->kase, &others, "type", "as a service"), 1);
    r->laptop.author = r->ben;
    assert_int_equal(set_one(r, &r->laptop, KIND_NOTE, &r->kase, &note, "text", "honest, and held"), 1);
    assert_int_equal(release(r, 1), 2);
    assert_int_equal(release(r, 2), 2);
    office_expect(r->office->db, "SELECT role FROM \"user\" WHERE id = ?", &r->anna, "case manager");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM hold WHERE status = 'held'"), 3);
    assert_int_equal(release(r, 3), 0);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM hold WHERE status = 'held'"), 2);
    office_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"honest, and held\"]");
}

/* Goal: a laptop's label, or a case's number, is one item of one line of a list, whatever it holds: nobody revokes the
 * wrong laptop because of what another one is called. */
static void test_lists_are_lines(void **state)
{
    struct room *r = *state;
    char *out = NULL, words[2][8] = {"case", "list"};
    char *argv[] = {words[0], words[1], NULL};
    size_t size, lines = 0;
    struct cli cli = {open_memstream(&out, &size), stderr, 0, 0};
    struct task task = {.central = r->office, .cli = &cli};
    assert_int_equal(set_one(r, &r->laptop, KIND_CASE, &r->kase, &r->kase, "number", "1\n0190  -\x1b[2J\tben"), 0);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &r->laptop.device.device, 0, "label", "a\nb", NULL);
    assert_int_equal(task_run(&task, 2, argv), 0);
    memcpy(words[0], "device", sizeof "device");
    assert_int_equal(task_run(&task, 2, argv), 0);
    (void)fclose(cli.out);
    for (size_t i = 0; i < size; i++) {
        lines += out[i] == '\n';
        assert_true(out[i] != '\t' && out[i] != '\x1b');
    }
    assert_int_equal(lines, 3); /* a case, two laptops */
    free(out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_void_of_the_unwritten), TEST(test_ids_of_imports),    TEST(test_endless_field),
        TEST(test_endless_voids),         TEST(test_many_cases_of_one), TEST(test_release),
        TEST(test_lists_are_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
