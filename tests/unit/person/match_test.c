/* Tests: common/person/match.c common/person/match_compare.c common/person/match_name.c common/person/match_print.c
 *     common/person/match_read.c
 * Candidates: what is proposed, with which evidence, and what is not. */
#include "person_fixture.h"

#include "match_print.h"

struct scene {
    struct db *db;
    struct edit_author author;
    struct match_result found;
};

static int start(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->db = history_store_new();
    s->author = person_author(s->db, 1);
    *state = s;
    return 0;
}

static int finish(void **state)
{
    struct scene *s = *state;
    match_free(&s->found);
    db_close(s->db);
    free(s);
    return 0;
}

#define CLIENT(number, ...) (void)person_client(s->db, &s->author, number, __VA_ARGS__, NULL)

static size_t look(struct scene *s)
{
    match_free(&s->found);
    assert_done(match_all(s->db, 1000, &s->found, &history_error));
    return s->found.count;
}

/* The pair of two records; NULL: it is not proposed. */
static const struct match_pair *pair_of(const struct scene *s, unsigned a, unsigned b)
{
    struct id one = history_id(a < b ? a : b), other = history_id(a < b ? b : a);
    for (size_t i = 0; i < s->found.count; i++)
        if (id_equal(&s->found.pairs[i].a, &one) && id_equal(&s->found.pairs[i].b, &other))
            return &s->found.pairs[i];
    return NULL;
}

static int has_reason(const struct match_pair *pair, enum match_reason reason)
{
    for (size_t i = 0; pair != NULL && i < pair->count; i++)
        if (pair->evidence[i].reason == reason)
            return 1;
    return 0;
}

/* Two clients alone in a store: their class, with the reasons in *pair (class NONE: zeroed). */
static enum match_class compare(struct scene *s, const char *a_name, const char *a_birth, const char *b_name,
                                const char *b_birth, struct match_pair *pair)
{
    struct db *db = history_store_new();
    struct edit_author author = person_author(db, 2);
    struct match_result found;
    enum match_class class;
    (void)s;
    (void)person_client(db, &author, 1, "legal_name", a_name, "birth_date", a_birth, NULL);
    (void)person_client(db, &author, 2, "legal_name", b_name, "birth_date", b_birth, NULL);
    assert_done(match_all(db, 10, &found, &history_error));
    memset(pair, 0, sizeof *pair);
    if (found.count == 1)
        *pair = found.pairs[0];
    pair->a_name = pair->b_name = NULL;
    class = pair->class;
    match_free(&found);
    db_close(db);
    return class;
}

/* Goal: each usual mistake in a name or a date leaves the pair in sight, with the right reason. */
static void mistakes(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *a_name, *a_birth, *b_name, *b_birth;
        enum match_class class;
        enum match_reason name, birth;
    } all[] = {
        {"Ada Byron", "1984-05-31", "Ada Byron", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Ada Byron", "1984-05-31", "BYRON, Ada", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Ada Byron", "1984-05-31", "Ada Bryon", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE, MATCH_BIRTH_SAME},
        {"Eva Meyer", "1984-05-31", "Eva Maier", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE, MATCH_BIRTH_SAME},
        {"Ada Augusta Byron", "1984-05-31", "Ada Byron", "1984-05-31", MATCH_LIKELY, MATCH_NAME_PART_MISSING,
         MATCH_BIRTH_SAME},
        {"Ada Byron", "1984-05-31", "A. Byron", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE, MATCH_BIRTH_SAME},
        {"Ada Byron", "1984-05-31", "Ada King", "1984-05-31", MATCH_POSSIBLE, MATCH_NAME_SHARED, MATCH_BIRTH_SAME},
        {"Ada Byron", "1984-05-09", "Ada Byron", "1984-09-05", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SWAPPED},
        {"Ada Byron", "1984-05-09", "Ada Byron", "1984-05-19", MATCH_POSSIBLE, MATCH_NAME_SAME, MATCH_BIRTH_DIGIT},
        {"Ada Byron", "1984-05-09", "Ada Byron", "1948-05-09", MATCH_POSSIBLE, MATCH_NAME_SAME, MATCH_BIRTH_DIGIT},
        {"Ada Byron", "1984-05-09", "Ada Bryon", "1984-05-19", MATCH_POSSIBLE, MATCH_NAME_ALIKE, MATCH_BIRTH_DIGIT},
        {"Ada Byron", "1984-01-01", "Ada Byron", "1984-01-01", MATCH_POSSIBLE, MATCH_NAME_SAME, MATCH_BIRTH_SAME_YEAR},
        {"Ada Byron", "1984-01-01", "Ada Byron", "1984-05-31", MATCH_POSSIBLE, MATCH_NAME_SAME,
         MATCH_BIRTH_UNKNOWN_DAY},
        {"José Nuñez", "1984-05-31", "Jose Nunez", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Jose\xcc\x81 Nuñez", "1984-05-31", "José Nuñez", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME,
         MATCH_BIRTH_SAME},
        {"Łukasz Wójcik", "1984-05-31", "LUKASZ WOJCIK", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Nguyễn Thị", "1984-05-31", "Nguyen Thi", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Jörg Müller", "1984-05-31", "Jörg Mueller", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE, MATCH_BIRTH_SAME},
        {"Weiß Anna", "1984-05-31", "Anna WEISS", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Иван Петров", "1984-05-31", "ИВАН ПЕТРОВ", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Иван Петров", "1984-05-31", "Иван Петпов", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE, MATCH_BIRTH_SAME},
        {"محمد علي", "1984-05-31", "علي محمد", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME, MATCH_BIRTH_SAME},
        {"Siobhan O'Brien", "1984-05-31", "Siobhan OBrien", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE,
         MATCH_BIRTH_SAME},
        {"Eva Meyer-Lind", "1984-05-31", "Eva Lind Meyer", "1984-05-31", MATCH_LIKELY, MATCH_NAME_SAME,
         MATCH_BIRTH_SAME},
        {"Suharto", "1984-05-31", "Suharto", "1984-05-31", MATCH_LIKELY, MATCH_NAME_ALIKE, MATCH_BIRTH_SAME},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct match_pair pair;
        enum match_class class = compare(s, all[i].a_name, all[i].a_birth, all[i].b_name, all[i].b_birth, &pair);
        if (class != all[i].class || !has_reason(&pair, all[i].name) || !has_reason(&pair, all[i].birth))
            fail_msg("%s %s / %s %s: %s, score %d, first reason %d", all[i].a_name, all[i].a_birth, all[i].b_name,
                     all[i].b_birth, match_class_name(class), pair.score, pair.evidence[0].reason);
    }
}

/* Goal: people who share a name, a day, or a family are not proposed for that alone. */
static void strangers(void **state)
{
    struct scene *s = *state;
    static const char *const all[][4] = {
        {"Ada Byron", "1984-05-31", "Ada Byron", "1951-11-20"},
        {"Ada Byron", "1984-05-31", "Bo Lind", "1984-05-31"},
        {"Ada Byron", "1984-05-31", "Charles Babbage", "1891-12-26"},
        {"Robert Lind", "1984-05-31", "Rupert Berg", "1984-06-30"},
        {"Anna Byron", "1984-05-31", "Paul Byron", "1986-07-12"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct match_pair pair;
        if (compare(s, all[i][0], all[i][1], all[i][2], all[i][3], &pair) != MATCH_NONE)
            fail_msg("%s / %s: %s, score %d", all[i][0], all[i][2], match_class_name(pair.class), pair.score);
    }
}

/* Goal: twins share nearly everything and are never likely; what tells them apart is said. */
static void twins(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 1; i <= 2; i++)
        CLIENT(i, "legal_name", i == 1 ? "Paul Byron" : "Marie Byron", "birth_date", "2015-05-31", "phone",
               "+1 402 555 0147", "address", "12 North Street, Omaha", "email", "byrons@home.invalid", "identifier",
               "insurance F-77120");
    assert_int_equal(look(s), 1);
    assert_int_equal(s->found.pairs[0].class, MATCH_POSSIBLE);
    assert_true(has_reason(&s->found.pairs[0], MATCH_NAME_SHARED));
}

/* Goal: ways to reach somebody count however they are written, and a number in common is always worth a look. */
static void other_evidence(void **state)
{
    struct scene *s = *state;
    CLIENT(1, "legal_name", "Ada Byron", "phone", "(402) 555-0147", "email", "Ada@Home.invalid");
    CLIENT(2, "legal_name", "Ada Byron", "phone", "+1 402 555 0147", "email", "ada@home.invalid");
    CLIENT(3, "legal_name", "Grete Sund", "birth_date", "1950-03-04", "identifier", "SSN 999-49-3983");
    CLIENT(4, "legal_name", "Margarethe Holm", "birth_date", "1961-12-13", "identifier", "ssn 999493983");
    CLIENT(5, "legal_name", "Nils Aas", "birth_date", "1950-03-14", "identifier", "SSN 999-11-1111");
    CLIENT(6, "legal_name", "Nils Aas", "birth_date", "1950-03-15", "identifier", "SSN 999-22-2222");
    assert_int_equal(look(s), 2);
    assert_true(has_reason(pair_of(s, 1, 2), MATCH_PHONE));
    assert_true(has_reason(pair_of(s, 1, 2), MATCH_EMAIL));
    assert_int_equal(pair_of(s, 1, 2)->class, MATCH_LIKELY);
    assert_int_equal(pair_of(s, 3, 4)->class, MATCH_POSSIBLE);
    assert_true(has_reason(pair_of(s, 3, 4), MATCH_IDENTIFIER));
    /* Of 5 and 6 two numbers of one sort speak against it. */
    assert_null(pair_of(s, 5, 6));
}

/* Goal: a contested or preferred name counts as the first does; what people are called among friends does not. */
static void every_live_name(void **state)
{
    struct scene *s = *state;
    struct pack value;
    struct edit edit;
    struct id one;
    CLIENT(1, "legal_name", "Ada King", "birth_date", "1984-05-31");
    CLIENT(2, "legal_name", "Ada Byron", "birth_date", "1984-05-31");
    CLIENT(3, "legal_name", "Robert Lind", "preferred_name", "Bob");
    CLIENT(4, "legal_name", "Robin Berg", "preferred_name", "Bob");
    CLIENT(5, "legal_name", "Marek Zelenka", "preferred_name", "Maria Zelenka", "birth_date", "1990-02-03");
    CLIENT(6, "legal_name", "Maria Zelenka", "birth_date", "1990-02-03");
    assert_int_equal(look(s), 2);
    assert_int_equal(pair_of(s, 1, 2)->class, MATCH_POSSIBLE);
    assert_int_equal(pair_of(s, 5, 6)->class, MATCH_LIKELY);
    /* Somebody who had not seen it writes another name: now either will do. */
    one = history_id(1);
    pack_start(&value);
    pack_text(&value, "Ada Byron", 9);
    assert_done(edit_open(&edit, s->db, &one, &history_error));
    assert_done(
        edit_set_over(&edit, schema_field_named(edit.kind, "legal_name"), pack_bytes(&value), NULL, 0, &history_error));
    pack_free(&value);
    assert_done(edit_commit(&edit, &s->author, NULL, NULL, &history_error));
    assert_int_equal(look(s), 2);
    assert_int_equal(pair_of(s, 1, 2)->class, MATCH_LIKELY);
    assert_true(has_reason(pair_of(s, 1, 2), MATCH_NAME_SAME));
}

/* Goal: what persons have decided is not asked again, for none of a person's records; and what contradicts itself comes
 * first. */
static void decided(void **state)
{
    struct scene *s = *state;
    size_t written;
    for (unsigned i = 1; i <= 4; i++)
        CLIENT(i, "legal_name", "Ada Byron", "birth_date", "1984-05-31");
    person_void(s->db, &s->author, 4);
    assert_int_equal(look(s), 3);
    assert_done(person_say(s->db, &s->author, person_link, 1, 2, &written));
    assert_int_equal(look(s), 2);
    assert_null(pair_of(s, 1, 2));
    assert_done(person_say(s->db, &s->author, person_part, 3, 2, &written));
    assert_int_equal(look(s), 0); /* 3 is not 2, so it is not 1 either */
    /* Somebody who has seen nothing of that links 3 and 1. */
    {
        struct id three = history_id(3), one = history_id(1);
        struct pack value;
        struct edit edit;
        pack_start(&value);
        pack_id(&value, &one);
        assert_done(edit_open(&edit, s->db, &three, &history_error));
        change_draft_op(&edit.draft, SAME_AS, CHANGE_ADD, pack_bytes(&value), NULL, 0);
        pack_free(&value);
        assert_done(edit_commit(&edit, &s->author, NULL, NULL, &history_error));
    }
    assert_int_equal(look(s), 1);
    assert_int_equal(s->found.pairs[0].class, MATCH_CONTRADICTED);
    assert_non_null(pair_of(s, 2, 3));
}

/* Goal: the same store gives the same list, best first, cut if it is asked to be, and the rest is counted. */
static void order_and_limit(void **state)
{
    struct scene *s = *state;
    struct match_result cut;
    struct id two = history_id(2);
    CLIENT(1, "legal_name", "Ada Byron", "birth_date", "1984-05-31");
    CLIENT(2, "legal_name", "Ada King", "birth_date", "1984-05-31");
    CLIENT(3, "legal_name", "Ada Byron", "birth_date", "1984-05-31");
    CLIENT(4, "legal_name", "Eva Lind", "birth_date", "1990-05-31");
    CLIENT(5, "legal_name", "Eva Lind", "birth_date", "1990-05-31");
    assert_int_equal(look(s), 4);
    assert_ptr_equal(pair_of(s, 1, 3), &s->found.pairs[0]);
    assert_ptr_equal(pair_of(s, 4, 5), &s->found.pairs[1]);
    assert_ptr_equal(pair_of(s, 1, 2), &s->found.pairs[2]);
    assert_ptr_equal(pair_of(s, 2, 3), &s->found.pairs[3]);
    assert_int_equal(s->found.clients, 5);
    assert_done(match_all(s->db, 1, &cut, &history_error));
    assert_int_equal(cut.count, 1);
    assert_int_equal(cut.more, 3);
    assert_memory_equal(&cut.pairs[0].b, &s->found.pairs[0].b, sizeof cut.pairs[0].b);
    match_free(&cut);
    assert_done(match_one(s->db, &two, 10, &cut, &history_error));
    assert_int_equal(cut.count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(id_equal(&cut.pairs[i].a, &two) || id_equal(&cut.pairs[i].b, &two));
    match_free(&cut);
}

/* Goal: what so many share that it would take too long is left out, and said; they are found over what else they share.
 */
static void too_common(void **state)
{
    struct scene *s = *state;
    char birth[16], *out = NULL, *err = NULL;
    size_t out_bytes, err_bytes;
    struct cli cli = {open_memstream(&out, &out_bytes), open_memstream(&err, &err_bytes), 0, 0};
    for (unsigned i = 1; i <= 260; i++) {
        (void)snprintf(birth, sizeof birth, "%u-%02u-%02u", 1900 + i / 3, 1 + i % 12, 1 + i % 28);
        CLIENT(i, "legal_name", "Ada Byron", "phone", "402 555 0147", "birth_date", birth);
    }
    CLIENT(500, "legal_name", "Ada Byron", "birth_date", birth);
    (void)look(s);
    assert_int_equal(s->found.common_names, 1);
    assert_int_equal(s->found.common_contacts, 1);
    assert_int_equal(s->found.common_births, 0);
    assert_non_null(pair_of(s, 260, 500));
    match_print(s->db, &s->found, &cli, "satchel");
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    assert_non_null(strstr(err, "left out: 1 name, 1 telephone"));
    assert_non_null(strstr(out, "the same name: 'Ada Byron'"));
    free(out);
    free(err);
}

/* Goal: on the standard error, which may end in a log, no sentence quotes a record. */
static void words_without_values(void **state)
{
    struct scene *s = *state;
    char words[1024];
    CLIENT(1, "legal_name", "Ada Byron", "birth_date", "1984-05-31", "identifier", "SSN 123456789");
    CLIENT(2, "legal_name", "Ada Bryon", "birth_date", "1984-05-31", "identifier", "SSN 123456789");
    assert_int_equal(look(s), 1);
    for (size_t i = 0; i < s->found.pairs[0].count; i++) {
        match_words(&s->found.pairs[0].evidence[i], 0, words, sizeof words);
        assert_null(strchr(words, '\''));
        assert_null(strpbrk(words, "0123456789"));
        match_words(&s->found.pairs[0].evidence[i], 1, words, sizeof words);
        assert_non_null(strchr(words, '\''));
    }
}

/* Goal: what is no name, no number and no end of a list does no harm. */
static void odd_values(void **state)
{
    struct scene *s = *state;
    char name[4000];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CLIENT(1, "legal_name", "- ' .", "phone", "none", "email", "none", "identifier", "-");
    CLIENT(2, "legal_name", "- ' .", "phone", "none", "email", "none", "identifier", "-");
    CLIENT(3, "legal_name", name, "identifier", name);
    for (size_t i = 3; i < sizeof name - 1; i += 4)
        name[i] = ' ';
    CLIENT(4, "legal_name", name, "address", name);
    CLIENT(5, "phone", "402 555 0147");
    CLIENT(6, "phone", "402 555 0147");
    CLIENT(7, "allergy", "penicillin");
    for (unsigned i = 8; i < 10; i++)
        CLIENT(i, "identifier", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80 \xc3\x9f\xc3\x9f");
    assert_int_equal(look(s), 1);
    assert_non_null(pair_of(s, 8, 9));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(mistakes), TEST(strangers),       TEST(twins),      TEST(other_evidence),       TEST(every_live_name),
        TEST(decided),  TEST(order_and_limit), TEST(too_common), TEST(words_without_values), TEST(odd_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
