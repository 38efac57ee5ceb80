/* Tests: common/person/person.c common/person/person_edit.c
 * Links under every order of arrival: several devices link, unlink, mark as different, void and edit a few clients
 * without having seen each other's changes, and exchange some of them now and then. Whatever the order in which the
 * changes come, every store tells the same persons; undoing restores what was; and no other field ever feels a link. */
#include "person_fixture.h"

enum { DEVICES = 3, CLIENTS = 5, STEPS = 40, HISTORIES = 60, ORDERS = 6, CHANGES_MAX = 160 };

static uint64_t random_state;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* --- devices that exchange changes --- */

struct device {
    struct db *db;
    struct edit_author author;
};

static void take_bytes(struct db *db, struct slice header, struct slice body, struct edit_author *author)
{
    struct log_entry entry;
    int64_t there;
    memset(&entry, 0, offsetof(struct log_entry, change));
    assert_done(change_read(header, body, &entry.change, &history_error));
    entry.position = LOG_NO_POSITION;
    there = log_find(db, &entry.change.device, entry.change.epoch, entry.change.seq, NULL, &history_error);
    assert_true(there >= 0);
    if (there != 0)
        return;
    if (author != NULL)
        edit_author_saw(author, entry.change.hlc);
    assert_done(log_add(db, &entry, &history_error));
    assert_done(record_apply(db, &entry, &history_error));
}

/* All that one store has goes into the other. */
static void send_all(struct device *from, struct device *to)
{
    sqlite3_stmt *s;
    int row;
    assert_done(db_query(from->db, &s, &history_error, "SELECT header, body FROM entry ORDER BY id", ""));
    while ((row = db_next(from->db, s, &history_error)) == 1)
        take_bytes(to->db, db_slice(s, 0), db_slice(s, 1), &to->author);
    assert_int_equal(row, 0);
}

/* --- what a store shows --- */

/* For each client the records of its person, with what is to be known of them; freed by the caller. */
static char *persons_of(struct db *db)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    for (unsigned i = 1; i <= CLIENTS; i++) {
        struct id id = history_id(i);
        struct person person;
        assert_done(person_same(db, &id, &person, &history_error));
        for (size_t k = 0; k < person.count; k++)
            (void)fprintf(out, "%u%s%s ", person.all[k].id.b[15], person.all[k].voided ? "!" : "",
                          person.all[k].absent ? "?" : "");
        (void)fputc('\n', out);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

/* All fields but the links and the marks. */
static char *fields_of(struct db *db)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    sqlite3_stmt *s;
    assert_non_null(out);
    assert_done(db_query(db, &s, &history_error,
                         "SELECT id || coalesce(legal_name, '-') || coalesce(phone, '-') || coalesce(allergy, '-') "
                         "FROM client ORDER BY id",
                         ""));
    while (db_next(db, s, &history_error) == 1)
        (void)fprintf(out, "%s\n", db_text(s, 0));
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_same_text(char *a, char *b)
{
    assert_string_equal(a, b);
    free(a);
    free(b);
}

/* --- histories --- */

static void edit_something(struct device *d, unsigned number)
{
    struct id id = history_id(number);
    char words[16];
    struct edit edit;
    (void)snprintf(words, sizeof words, "words %u", below(4));
    assert_done(edit_open(&edit, d->db, &id, &history_error));
    if (below(2))
        assert_done(edit_add_text(&edit, "allergy", words, &history_error));
    else
        assert_done(edit_set_text(&edit, below(2) ? "phone" : "legal_name", words, &history_error));
    assert_done(edit_commit(&edit, &d->author, NULL, NULL, &history_error));
}

/* Links and undoes that: each of the two changes leaves the rest of the store alone, and both leave nothing. */
static void link_and_undo(struct device *d, unsigned a, unsigned b)
{
    char *before = history_dump(d->db, NULL), *persons = persons_of(d->db);
    size_t written,
        marks = (size_t)history_number(d->db, "SELECT count(*) FROM client WHERE different_from IS NOT NULL");
    if (person_say(d->db, &d->author, person_link, a, b, &written) == 0 && written != 0) {
        assert_done(person_say(d->db, &d->author, person_unlink, b, a, &written));
        assert_same_text(persons_of(d->db), persons);
        if ((size_t)history_number(d->db, "SELECT count(*) FROM client WHERE different_from IS NOT NULL") == marks) {
            char *after = history_dump(d->db, NULL);
            assert_string_equal(after, before);
            free(after);
        }
    } else {
        free(persons);
    }
    free(before);
}

static void step(struct device *devices)
{
    static person_make *const makes[] = {person_link, person_link, person_unlink, person_part, person_unpart};
    struct device *d = &devices[below(DEVICES)];
    unsigned a = 1 + below(CLIENTS), b = 1 + below(CLIENTS), what = below(20);
    size_t written;
    if (what < 10)
        (void)person_say(d->db, &d->author, makes[below(5)], a, b, &written); /* what is refused writes nothing */
    else if (what < 13)
        edit_something(d, a);
    else if (what == 13)
        person_void(d->db, &d->author, a);
    else if (what < 16)
        link_and_undo(d, a, b);
    else
        send_all(&devices[below(DEVICES)], d);
}

struct bytes {
    struct pack header, body;
    int links; /* not 0: it has ops on links or marks alone */
};

static size_t all_changes(struct db *db, struct bytes out[CHANGES_MAX])
{
    sqlite3_stmt *s;
    size_t count = 0;
    assert_done(db_query(db, &s, &history_error, "SELECT header, body FROM entry", ""));
    while (db_next(db, s, &history_error) == 1) {
        struct change c;
        assert_true(count < CHANGES_MAX);
        assert_done(change_read(db_slice(s, 0), db_slice(s, 1), &c, &history_error));
        out[count].links = 1;
        for (size_t i = 0; i < c.op_count; i++)
            out[count].links &= c.ops[i].field == SAME_AS || c.ops[i].field == DIFFERENT_FROM;
        pack_start(&out[count].header);
        pack_start(&out[count].body);
        pack_raw(&out[count].header, db_slice(s, 0));
        pack_raw(&out[count++].body, db_slice(s, 1));
    }
    return count;
}

/* A store that gets the changes in some order; without those that link, if `links` is 0. */
static struct db *replay(struct bytes *all, size_t count, int links)
{
    struct db *db = history_store_new();
    for (size_t i = count; i > 1; i--) {
        size_t k = below((unsigned)i);
        struct bytes kept = all[i - 1];
        all[i - 1] = all[k];
        all[k] = kept;
    }
    for (size_t i = 0; i < count; i++)
        if (links || !all[i].links)
            take_bytes(db, pack_bytes(&all[i].header), pack_bytes(&all[i].body), NULL);
    return db;
}

static void one_history(void)
{
    struct device devices[DEVICES];
    static struct bytes all[CHANGES_MAX];
    struct db *plain;
    size_t count;
    for (unsigned i = 0; i < DEVICES; i++) {
        devices[i].db = history_store_new();
        devices[i].author = person_author(devices[i].db, i);
    }
    for (unsigned i = 1; i <= CLIENTS; i++)
        (void)person_client(devices[0].db, &devices[0].author, i, "legal_name", "Ada Byron", "allergy", "nuts", NULL);
    for (unsigned i = 1; i < DEVICES; i++)
        send_all(&devices[0], &devices[i]);
    for (int i = 0; i < STEPS; i++)
        step(devices);
    /* 1. Everybody meets everybody: all show the same. */
    for (unsigned i = 1; i < DEVICES; i++)
        send_all(&devices[i], &devices[0]);
    for (unsigned i = 1; i < DEVICES; i++) {
        send_all(&devices[0], &devices[i]);
        assert_same_text(persons_of(devices[i].db), persons_of(devices[0].db));
        assert_same_dump(devices[i].db, devices[0].db, NULL);
    }
    /* 2. So does whoever gets the changes in any other order. */
    count = all_changes(devices[0].db, all);
    for (int i = 0; i < ORDERS; i++) {
        struct db *other = replay(all, count, 1);
        assert_same_text(persons_of(other), persons_of(devices[0].db));
        assert_same_dump(other, devices[0].db, NULL);
        db_close(other);
    }
    /* 3. Without a single link every other field is the same. */
    plain = replay(all, count, 0);
    assert_same_text(fields_of(plain), fields_of(devices[0].db));
    db_close(plain);
    for (size_t i = 0; i < count; i++) {
        pack_free(&all[i].header);
        pack_free(&all[i].body);
    }
    for (unsigned i = 0; i < DEVICES; i++)
        db_close(devices[i].db);
}

/* Goal: for many histories, all stores tell the same persons in every order, and links touch nothing else. */
static void any_history(void **state)
{
    const char *seed = getenv("SATCHEL_SEED");
    uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    (void)state;
    for (uint64_t i = 0; i < HISTORIES; i++) {
        random_state = (first + i) * 0x9e3779b97f4a7c15u + 1;
        one_history();
    }
}

/* Goal: whoever links beats whoever unlinks without having seen that; and the two orders of arrival agree. */
static void a_link_beats_an_unseen_unlink(void **state)
{
    struct device devices[2];
    size_t written;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        devices[i].db = history_store_new();
        devices[i].author = person_author(devices[i].db, i);
    }
    for (unsigned i = 1; i <= CLIENTS; i++)
        (void)person_client(devices[0].db, &devices[0].author, i, "legal_name", "Ada Byron", NULL);
    assert_done(person_say(devices[0].db, &devices[0].author, person_link, 1, 2, &written));
    send_all(&devices[0], &devices[1]);
    /* One undoes it; the other undoes and links anew. */
    assert_done(person_say(devices[0].db, &devices[0].author, person_unlink, 1, 2, &written));
    assert_done(person_say(devices[1].db, &devices[1].author, person_unlink, 1, 2, &written));
    assert_done(person_say(devices[1].db, &devices[1].author, person_link, 2, 1, &written));
    send_all(&devices[0], &devices[1]);
    send_all(&devices[1], &devices[0]);
    for (unsigned i = 0; i < 2; i++) {
        struct id one = history_id(1);
        struct person person;
        assert_done(person_same(devices[i].db, &one, &person, &history_error));
        assert_int_equal(person.count, 2);
        db_close(devices[i].db);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history),
        cmocka_unit_test(a_link_beats_an_unseen_unlink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
