/* Tests: common/record/edit.c
 * Edits: each op names what its author saw and nothing else; a change goes to the end of its device's chain, or nothing
 * happened. */
#include "office_fixture.h"

static struct db *db;
static struct edit_author author;
static struct id person, kase;
static struct log_memory memory; /* of the entry that a test looks at */

static int start(void **state)
{
    struct id device = {{7}};
    (void)state;
    if (sodium_init() < 0 || db_open_memory(&db, NULL) != 0 || log_create(db, NULL) != 0 ||
        record_create(db, NULL) != 0)
        return -1;
    if (edit_author_load(db, &author, NULL) != E_NOT_FOUND) /* nobody's store yet */
        return -1;
    if (edit_author_create(db, &device, NULL) != 0 || edit_author_load(db, &author, NULL) != 0)
        return -1;
    person = id_new(1);
    kase = id_new(2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_memory_free(&memory);
    db_close(db);
    return 0;
}

static void commit(struct edit *edit)
{
    PAIR_OK(edit_commit(edit, &author, NULL, NULL, &pair_e));
}

static void set(unsigned kind, const struct id *record, int is_new, const char *field, const char *words)
{
    struct edit edit;
    if (is_new)
        PAIR_OK(edit_new(&edit, db, schema_kind(kind), record, record, &pair_e));
    else
        PAIR_OK(edit_open(&edit, db, record, &pair_e));
    PAIR_OK(edit_set_text(&edit, field, words, &pair_e));
    commit(&edit);
}

/* The last change of our own chain; its slices live until the next call. */
static void last(struct log_entry *entry)
{
    PAIR_OK(log_load(db, (int64_t)pair_count(db, "SELECT max(id) FROM entry"), 1, &memory, entry, &pair_e));
}

static size_t superseded(const struct log_entry *entry, size_t op)
{
    struct unpack r;
    return change_supersedes(&entry->change.ops[op], &r);
}

/* Goal: changes form one chain with rising stamps, which a store that is opened again goes on with. */
static void test_chain(void **state)
{
    struct chain chain = {.device = author.chain.device, .epoch = 1};
    struct edit_author again;
    uint64_t hlc = 0;
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct log_entry entry;
        set(KIND_CLIENT, &person, i == 0, "phone", i % 2 ? "1" : "2");
        last(&entry);
        PAIR_OK(chain_follow(&chain, &entry.change, &pair_e));
        assert_true(entry.change.hlc > hlc);
        hlc = entry.change.hlc;
        assert_int_equal(superseded(&entry, 0), i == 0 ? 0 : 1);
    }
    PAIR_OK(edit_author_load(db, &again, &pair_e));
    assert_int_equal(again.chain.seq, 5);
    assert_memory_equal(again.chain.hash, chain.hash, 32);
    assert_int_equal(again.hlc, hlc);
    edit_author_saw(&author, hlc + (1ull << 40));
    set(KIND_CLIENT, &person, 0, "phone", "3");
    assert_true(author.hlc > hlc + (1ull << 40)); /* what was seen came before */
}

/* Goal: sets, sums, texts that are written once, and fields with one value are each edited as they are, and in no other
 * way. */
static void test_policies(void **state)
{
    struct log_entry entry;
    struct error e = {0, ""};
    struct edit edit;
    struct id note = id_new(3), service = id_new(4);
    (void)state;
    PAIR_OK(edit_new(&edit, db, schema_kind(KIND_CLIENT), &person, &person, &pair_e));
    PAIR_OK(edit_add_text(&edit, "need", "housing", &pair_e));
    assert_int_equal(edit_set_text(&edit, "need", "food", &e), E_USAGE);
    assert_int_equal(edit_add_text(&edit, "phone", "1", &e), E_USAGE);
    assert_int_equal(edit_remove_text(&edit, "phone", "1", &e), E_USAGE);
    assert_int_equal(edit_add_text(&edit, "need", "", &e), E_INPUT);
    assert_int_equal(edit_set_text(&edit, "birth_date", "1990-02-30", &e), E_INPUT);
    assert_int_equal(edit_set_text(&edit, "void", "x", &e), E_NOT_FOUND);
    assert_int_equal(edit_set_text(&edit, "nonsense", "x", &e), E_NOT_FOUND);
    commit(&edit);
    last(&entry);
    assert_int_equal(entry.change.op_count, 1); /* what was refused is not in it */
    PAIR_OK(edit_open(&edit, db, &person, &pair_e));
    assert_int_equal(edit_remove_text(&edit, "need", "food", &e), E_NOT_FOUND);
    PAIR_OK(edit_add_text(&edit, "need", "housing", &pair_e)); /* once more: takes the place of the first */
    PAIR_OK(edit_add_text(&edit, "need", "food", &pair_e));
    commit(&edit);
    last(&entry);
    assert_int_equal(superseded(&entry, 0), 1);
    assert_int_equal(superseded(&entry, 1), 0);
    PAIR_OK(edit_open(&edit, db, &person, &pair_e));
    PAIR_OK(edit_remove_text(&edit, "need", "housing", &pair_e));
    commit(&edit);
    office_expect(db, "SELECT need FROM client WHERE id = ?", &person, "[\"food\"]");
    /* An amendment stands beside what it amends. */
    PAIR_OK(edit_new(&edit, db, schema_kind(KIND_NOTE), &kase, &note, &pair_e));
    PAIR_OK(edit_set_text(&edit, "text", "seen", &pair_e));
    commit(&edit);
    PAIR_OK(edit_open(&edit, db, &note, &pair_e));
    PAIR_OK(edit_set_text(&edit, "text", "amended", &pair_e));
    commit(&edit);
    last(&entry);
    assert_int_equal(superseded(&entry, 0), 0);
    office_expect(db, "SELECT text FROM note WHERE id = ?", &note, "[\"seen\",\"amended\"]");
    /* Contributions add up. */
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            PAIR_OK(edit_new(&edit, db, schema_kind(KIND_SERVICE), &kase, &service, &pair_e));
        else
            PAIR_OK(edit_open(&edit, db, &service, &pair_e));
        PAIR_OK(edit_add_text(&edit, "units", "20", &pair_e));
        commit(&edit);
    }
    office_expect(db, "SELECT units FROM service WHERE id = ?", &service, "60");
}

/* Goal: a void names every op that its author saw; it voids the record, and a second void says the same again. */
static void test_void(void **state)
{
    struct log_entry entry;
    struct edit edit;
    struct unpack r;
    (void)state;
    set(KIND_CLIENT, &person, 1, "phone", "1");
    set(KIND_CLIENT, &person, 0, "email", "a@example.org");
    set(KIND_CLIENT, &person, 0, "phone", "2");
    for (int i = 0; i < 2; i++) {
        PAIR_OK(edit_open(&edit, db, &person, &pair_e));
        PAIR_OK(edit_void(&edit, &pair_e));
        PAIR_OK(edit_commit(&edit, &author, "a double of another", NULL, &pair_e));
        last(&entry);
        assert_int_equal(entry.change.reason.size, 19);
        unpack_start(&r, entry.change.ops[0].value);
        assert_int_equal(unpack_array(&r), 2); /* the email and the second phone */
        assert_int_equal(superseded(&entry, 0), (size_t)i);
        office_expect(db, "SELECT voided FROM client WHERE id = ?", &person, "1");
    }
    set(KIND_CLIENT, &person, 0, "phone", "3"); /* not seen by the voider */
    office_expect(db, "SELECT voided FROM client WHERE id = ?", &person, "0");
}

/* Goal: an edit of nothing writes nothing; one that is too large, and one of a record that is not there, fail with a
 * sentence and leave the chain where it was. */
static void test_refused(void **state)
{
    struct edit_author before = author;
    struct error e = {0, ""};
    struct edit edit;
    static char text[50000];
    (void)state;
    PAIR_OK(edit_new(&edit, db, schema_kind(KIND_CLIENT), &person, &person, &pair_e));
    commit(&edit);
    assert_int_equal(author.chain.seq, before.chain.seq);
    assert_int_equal(edit_open(&edit, db, &person, &e), E_NOT_FOUND);
    edit_free(&edit);
    memset(text, 'x', sizeof text - 1);
    PAIR_OK(edit_new(&edit, db, schema_kind(KIND_CLIENT), &person, &person, &pair_e));
    for (int i = 0; i < 6; i++) {
        text[0] = (char)('a' + i);
        PAIR_OK(edit_add_text(&edit, "need", text, &pair_e));
    }
    assert_int_equal(edit_commit(&edit, &author, NULL, NULL, &e), E_LIMIT);
    assert_memory_equal(&author, &before, sizeof author);
    assert_int_equal(pair_count(db, "SELECT count(*) FROM entry"), 0);
}

/* Goal: an element that comes and goes, again and again, leaves no pile of removes behind: each edit names the one
 * before. */
static void test_removes_do_not_pile_up(void **state)
{
    struct log_entry entry;
    struct error e = {0, ""};
    struct edit edit;
    (void)state;
    PAIR_OK(edit_new(&edit, db, schema_kind(KIND_CLIENT), &person, &person, &pair_e));
    PAIR_OK(edit_add_text(&edit, "need", "food", &pair_e));
    commit(&edit);
    for (int i = 0; i < 10; i++) {
        PAIR_OK(edit_open(&edit, db, &person, &pair_e));
        PAIR_OK(edit_add_text(&edit, "need", "housing", &pair_e));
        commit(&edit);
        last(&entry);
        assert_int_equal(superseded(&entry, 0), i == 0 ? 0 : 1);
        PAIR_OK(edit_open(&edit, db, &person, &pair_e));
        PAIR_OK(edit_remove_text(&edit, "need", "housing", &pair_e));
        commit(&edit);
        assert_int_equal(pair_count(db, "SELECT count(*) FROM op"), 2);
    }
    office_expect(db, "SELECT need FROM client WHERE id = ?", &person, "[\"food\"]");
    /* A remove alone does not make an element that can be removed. */
    PAIR_OK(edit_open(&edit, db, &person, &pair_e));
    assert_int_equal(edit_remove_text(&edit, "need", "housing", &e), E_NOT_FOUND);
    edit_free(&edit);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_chain), TEST(test_policies), TEST(test_removes_do_not_pile_up), TEST(test_void), TEST(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
