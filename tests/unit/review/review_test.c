/* Tests: common/review/review.c
 * The review queue: since when a conflict waits, what happened, what each had seen, and the code of what was seen. */
#include "history_fixture.h"

#include "review.h"

static struct id person(unsigned number)
{
    return history_id(0xa000 + number);
}

static unsigned number_of(unsigned kind, const char *field)
{
    return schema_field_named(schema_kind(kind), field)->number;
}

/* --- one conflict --- */

static const struct id a_case = {{0x01, 0x90, [15] = 1}};

/* A device's person sets a number of the case. */
static size_t set_number(struct history *h, unsigned device, const char *field, int64_t value, const struct dot *dots,
                         size_t count)
{
    history_begin(h, device, KIND_CASE, a_case, a_case);
    history_put_number(h, number_of(KIND_CASE, field), CHANGE_SET, value, dots, count);
    return history_end(h);
}

static size_t set_text(struct history *h, unsigned device, const char *field, const char *text, const struct dot *dots,
                       size_t count)
{
    history_begin(h, device, KIND_CASE, a_case, a_case);
    history_put_text(h, number_of(KIND_CASE, field), CHANGE_SET, text, dots, count);
    return history_end(h);
}

static struct review load(struct db *db, const char *field, int loud)
{
    struct record_conflict c = {a_case, a_case, schema_kind(KIND_CASE), NULL, loud, 0};
    struct review r;
    c.field = schema_field_named(c.kind, field);
    assert_done(review_load(db, &c, &r, &history_error));
    return r;
}

static struct review review_of(const struct history *h, const char *field, int loud)
{
    struct db *db = history_store_new();
    struct review r;
    history_take_all(db, h);
    r = load(db, field, loud);
    db_close(db);
    return r;
}

#define assert_sentence(h, field, loud, words)                                                                         \
    do {                                                                                                               \
        struct review one = review_of(h, field, loud);                                                                 \
        assert_string_equal(one.sentence, words);                                                                      \
        review_free(&one);                                                                                             \
    } while (0)

/* Goal: a conflict is as old as the office's receipt of the first op that differed, whatever came after; before the
 * office has it, as the author's clock says, and that is told. */
static void it_waits_since_the_values_differed(void **state)
{
    struct history *h = history_new();
    struct review r;
    (void)state;
    (void)set_number(h, 1, "risk", 4, NULL, 0);
    (void)set_number(h, 2, "risk", 4, NULL, 0);
    (void)set_number(h, 3, "risk", 2, NULL, 0);
    (void)set_number(h, 4, "risk", 5, NULL, 0);
    r = review_of(h, "risk", 1);
    assert_int_equal(r.since_ms, TODAY + 2);
    assert_int_equal(r.at_office, 1);
    review_free(&r);
    h->entries[2].waiting = h->entries[3].waiting = 1;
    r = review_of(h, "risk", 1);
    assert_int_equal(r.since_ms, h->entries[2].change.wall_ms);
    assert_int_equal(r.at_office, 0);
    review_free(&r);
    /* What waits comes after what does not, whatever the clocks say. */
    h->entries[3].waiting = 0;
    r = review_of(h, "risk", 1);
    assert_int_equal(r.since_ms, TODAY + 3);
    assert_int_equal(r.at_office, 1);
    review_free(&r);
    history_free(h);
    /* Of several that wait, the one that was written first. */
    h = history_new();
    (void)set_number(h, 1, "risk", 4, NULL, 0);
    h->entries[set_number(h, 9, "risk", 2, NULL, 0)].waiting = 1;
    h->entries[set_number(h, 3, "risk", 5, NULL, 0)].waiting = 1;
    r = review_of(h, "risk", 1);
    assert_int_equal(r.since_ms, TODAY + 1);
    review_free(&r);
    history_free(h);
}

/* Goal: a total is too large since the contribution came that made it so. */
static void a_sum_waits_since_it_was_too_large(void **state)
{
    struct history *h = history_new();
    struct record_conflict c = {history_id(9), a_case, schema_kind(KIND_SERVICE), NULL, 1, 3};
    struct db *db = history_store_new();
    struct review r;
    static const int64_t parts[] = {INT64_MAX - 1, 1, 7, -1};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        history_begin(h, i + 1, KIND_SERVICE, a_case, c.record);
        history_put_number(h, number_of(KIND_SERVICE, "units"), CHANGE_ADD, parts[i], NULL, 0);
        (void)history_end(h);
    }
    history_take_all(db, h);
    c.field = schema_field_named(c.kind, "units");
    assert_done(review_load(db, &c, &r, &history_error));
    assert_int_equal(r.since_ms, TODAY + 2);
    assert_string_equal(r.sentence, "The total of units is too large to be right");
    review_free(&r);
    db_close(db);
    history_free(h);
}

/* Goal: each situation has a sentence of its own, in plain words. */
static void a_sentence_says_what_happened(void **state)
{
    struct history *h = history_new();
    struct dot seen;
    (void)state;
    (void)set_number(h, 1, "level_of_care", 1, NULL, 0);
    (void)set_number(h, 2, "level_of_care", 2, NULL, 0);
    assert_sentence(h, "level_of_care", 1, "Two people changed the level of care without seeing each other's change");
    (void)set_number(h, 3, "level_of_care", 3, NULL, 0);
    assert_sentence(h, "level_of_care", 1, "Three people changed the level of care without seeing each other's change");
    (void)set_number(h, 1, "status", 1, NULL, 0);
    (void)set_number(h, 2, "status", 2, NULL, 0);
    assert_sentence(h, "status", 1,
                    "Two people changed the status; what is not shown started from a status that no longer held");
    (void)set_text(h, 1, "assessment", "a", NULL, 0);
    (void)set_text(h, 2, "assessment", "b", NULL, 0);
    assert_sentence(
        h, "assessment", 1,
        "Two people wrote the assessment without seeing each other's words; a person must bring them together");
    /* One person, two laptops. */
    (void)set_text(h, 1, "title", "a", NULL, 0);
    history_begin(h, 2, KIND_CASE, a_case, a_case);
    h->draft.author = person(1);
    history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, "b", NULL, 0);
    (void)history_end(h);
    assert_sentence(h, "title", 0, "One person changed the title on two laptops, on each without what the other had");
    /* A void, and somebody who went on. */
    seen = history_dot(h, 0, 0);
    history_begin(h, 5, KIND_CASE, a_case, a_case);
    history_put_void(h, &seen, 1, NULL, 0);
    (void)history_end(h);
    assert_sentence(h, "void", 1, "Somebody went on with this case, without having seen that it was voided");
    history_free(h);
}

/* Goal: of a text it is said whether the edits met. */
static void a_sentence_says_where_texts_met(void **state)
{
    (void)state;
    for (int loud = 0; loud < 2; loud++) {
        struct history *h = history_new();
        struct dot base = history_dot(h, set_text(h, 1, "assessment", "Lives alone.\n\nWalks well.\n", NULL, 0), 0);
        (void)set_text(h, 2, "assessment", "Lives with Eve.\n\nWalks well.\n", &base, 1);
        (void)set_text(h, 3, "assessment", loud ? "Lives with Bob.\n\nWalks well.\n" : "Lives alone.\n\nWalks badly.\n",
                       &base, 1);
        assert_sentence(h, "assessment", loud,
                        loud
                            ? "Two people edited the assessment; where they wrote in one place, a person must bring it "
                              "together"
                            : "Two people edited the assessment in different places; both edits are in");
        history_free(h);
    }
}

/* Goal: of a contested void those are named who wrote what the void does not list, and it waits since both were there.
 */
static void a_void_names_who_went_on(void **state)
{
    struct history *h = history_new();
    struct dot seen;
    struct review r;
    size_t first = set_number(h, 1, "risk", 3, NULL, 0);
    (void)state;
    seen = history_dot(h, first, 0);
    history_begin(h, 2, KIND_CASE, a_case, a_case);
    history_put_void(h, &seen, 1, NULL, 0);
    (void)history_end(h);
    (void)set_text(h, 3, "title", "food", NULL, 0);
    (void)set_text(h, 4, "outcome", "well", NULL, 0);
    r = review_of(h, "void", 1);
    assert_int_equal(r.beside_count, 2);
    assert_int_equal(r.beside[0].field, number_of(KIND_CASE, "title"));
    assert_int_equal(r.beside[0].author.b[15], 3);
    assert_int_equal(r.beside[1].author.b[15], 4);
    assert_int_equal(r.since_ms, TODAY + 2);
    review_free(&r);
    history_free(h);
}

/* Goal: of one who voids and one who takes a void back beside him it is said so, since both were there. */
static void a_void_and_one_taken_back(void **state)
{
    struct history *h = history_new();
    struct dot old;
    struct review r;
    (void)state;
    history_begin(h, 1, KIND_CASE, a_case, a_case);
    history_put_void(h, NULL, 0, NULL, 0);
    old = history_dot(h, history_end(h), 0);
    history_begin(h, 2, KIND_CASE, a_case, a_case);
    history_put_void(h, NULL, 0, NULL, 0);
    (void)history_end(h);
    history_begin(h, 3, KIND_CASE, a_case, a_case);
    history_put_text(h, FIELD_VOID, CHANGE_SET, NULL, &old, 1);
    (void)history_end(h);
    r = review_of(h, "void", 1);
    assert_string_equal(r.sentence, "Somebody voided this case while somebody took an older void back");
    assert_int_equal(r.since_ms, TODAY + 2);
    review_free(&r);
    history_free(h);
}

/* Goal: of each value it is known what its author had seen: values, nothing, or that they are not in this store. */
static void each_had_seen_something(void **state)
{
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct dot seen[3];
    struct review r;
    struct unpack u;
    (void)state;
    seen[0] = history_dot(h, set_number(h, 1, "risk", 2, NULL, 0), 0);
    seen[1] = history_dot(h, set_number(h, 2, "risk", 3, NULL, 0), 0);
    seen[2] = history_dot(h, set_number(h, 5, "risk", 3, NULL, 0), 0); /* the same value is shown once */
    (void)set_number(h, 3, "risk", 5, seen, 3);
    (void)set_number(h, 4, "risk", 1, NULL, 0);
    r = review_of(h, "risk", 1);
    assert_int_equal(r.field.count, 2);
    assert_int_equal(r.values[0].seen_count, 2);
    assert_int_equal(r.values[0].unknown, 0);
    unpack_start(&u, r.values[0].seen[1]);
    assert_int_equal(unpack_uint(&u), 3);
    assert_int_equal(r.values[1].seen_count + r.values[1].unknown + r.values[1].more, 0);
    review_free(&r);
    /* A compact store has what lives, and says that it lacks the rest. All else is the same. */
    (void)history_take(db, h, 3);
    (void)history_take(db, h, 4);
    r = load(db, "risk", 1);
    assert_int_equal(r.values[0].seen_count, 0);
    assert_int_equal(r.values[0].unknown, 3);
    review_free(&r);
    db_close(db);
    history_free(h);
}

/* Goal: who had seen hundreds of values is told so, without each of them. */
static void many_seen_values_are_counted(void **state)
{
    struct history *h = history_new();
    struct dot seen[20];
    struct review r;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "%u", i);
        seen[i] = history_dot(h, set_text(h, i % 3, "title", text, NULL, 0), 0);
    }
    (void)set_text(h, 5, "title", "all", seen, 20);
    (void)set_text(h, 6, "title", "other", NULL, 0);
    r = review_of(h, "title", 0);
    for (size_t i = 0; i < 2; i++) {
        int saw = r.field.ops[i].author.b[15] == 5;
        assert_int_equal(r.values[i].seen_count, saw ? REVIEW_SEEN_MAX : 0);
        assert_int_equal(r.values[i].more, saw ? 20 - REVIEW_SEEN_MAX : 0);
    }
    review_free(&r);
    history_free(h);
}

/* Goal: one who names a thousand ops, all of one value or not in this store, is told of as briefly: not each is read.
 */
static void what_was_named_is_not_read_without_end(void **state)
{
    struct history *h = history_new();
    struct dot named[60];
    struct review r;
    size_t looked = 0;
    (void)state;
    for (unsigned i = 0; i < 60; i++)
        named[i] = (struct dot){history_id(0xd000 + 1), 1, 500 + i, 0};
    (void)set_text(h, 5, "title", "all", named, 60);
    (void)set_text(h, 6, "title", "other", NULL, 0);
    r = review_of(h, "title", 0);
    for (size_t i = 0; i < 2; i++) {
        looked += r.values[i].unknown;
        assert_int_equal(r.values[i].unknown + r.values[i].more, r.field.ops[i].author.b[15] == 5 ? 60 : 0);
    }
    assert_true(looked > 0 && looked < 60);
    review_free(&r);
    history_free(h);
}

/* --- the code --- */

static void code_of(struct db *db, const char *field, char out[REVIEW_CODE])
{
    struct review r = load(db, field, 1);
    memcpy(out, r.code, REVIEW_CODE);
    review_free(&r);
}

/* Goal: the code is the same in two stores that show the same, in whatever order it came, and another one as soon as
 * anything else is to be decided over. */
static void the_code_is_what_was_seen(void **state)
{
    struct history *h = history_new();
    struct db *one = history_store_new(), *other = history_store_new();
    char codes[4][REVIEW_CODE];
    struct dot dot;
    (void)state;
    dot = history_dot(h, set_number(h, 1, "risk", 2, NULL, 0), 0);
    (void)set_number(h, 2, "risk", 3, NULL, 0);
    (void)set_number(h, 3, "risk", 3, NULL, 0);
    (void)set_number(h, 4, "risk", 2, &dot, 1); /* the same value by another hand */
    for (size_t i = 0; i < 3; i++) {
        (void)history_take(one, h, i);
        (void)history_take(other, h, 2 - i);
    }
    code_of(one, "risk", codes[0]);
    code_of(other, "risk", codes[1]);
    assert_string_equal(codes[0], codes[1]);
    assert_int_equal(strlen(codes[0]), REVIEW_CODE - 1);
    assert_int_equal(strspn(codes[0], "0123456789abcdef"), REVIEW_CODE - 1);
    (void)history_take(one, h, 3);
    code_of(one, "risk", codes[2]);
    assert_string_not_equal(codes[0], codes[2]);
    /* The code of a void is that of the whole record, and no other field's. */
    code_of(one, "void", codes[0]);
    code_of(other, "void", codes[3]);
    assert_string_not_equal(codes[0], codes[3]);
    (void)set_text(h, 5, "title", "x", NULL, 0);
    (void)history_take(one, h, 4);
    code_of(one, "void", codes[1]);
    assert_string_not_equal(codes[0], codes[1]);
    code_of(one, "risk", codes[3]);
    assert_string_equal(codes[2], codes[3]);
    /* That the office takes an op in changes nothing of what a void would list. */
    h->entries[1].waiting = 1;
    {
        struct db *waiting = history_store_new();
        history_take_all(waiting, h);
        code_of(waiting, "void", codes[3]);
        assert_string_equal(codes[1], codes[3]);
        db_close(waiting);
    }
    db_close(one);
    db_close(other);
    history_free(h);
}

/* Goal: if a number on the list comes to stand for another value, the code is another one, too: here an op that the
 * office had not got counts from its receipt on. */
static void a_number_that_moved_has_another_code(void **state)
{
    struct history *h = history_new();
    struct db *before = history_store_new(), *after = history_store_new();
    char codes[2][REVIEW_CODE];
    struct review r[2];
    (void)state;
    (void)set_text(h, 1, "title", "early", NULL, 0);
    history_begin(h, 2, KIND_CASE, a_case, a_case);
    h->draft.hlc = (TODAY + 1000) << 16; /* a clock that runs ahead */
    history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, "ahead", NULL, 0);
    (void)history_end(h);
    history_begin(h, 3, KIND_CASE, a_case, a_case);
    h->draft.hlc = (TODAY + 500) << 16;
    history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, "then", NULL, 0);
    (void)history_end(h);
    h->entries[1].waiting = h->entries[2].waiting = 1;
    history_take_all(before, h);
    h->entries[1].waiting = 0;
    history_take_all(after, h);
    r[0] = load(before, "title", 0);
    r[1] = load(after, "title", 0);
    assert_true(!slice_equal(r[0].field.ops[0].merge.value, r[1].field.ops[0].merge.value));
    memcpy(codes[0], r[0].code, REVIEW_CODE);
    memcpy(codes[1], r[1].code, REVIEW_CODE);
    assert_string_not_equal(codes[0], codes[1]);
    review_free(&r[0]);
    review_free(&r[1]);
    db_close(before);
    db_close(after);
    history_free(h);
}

/* --- the queue --- */

struct words {
    char text[128];
    size_t used;
};

static int name_fields(void *arg, const struct review *r, struct error *e)
{
    struct words *w = arg;
    (void)e;
    w->used += (size_t)snprintf(w->text + w->used, sizeof w->text - w->used, "%s ", r->conflict.field->name);
    return 0;
}

static int stop_at_second(void *arg, const struct review *r, struct error *e)
{
    (void)r;
    return ++*(int *)arg == 2 ? error_set(e, E_INPUT, "enough") : 0;
}

/* Goal: what is loud stands first, then what is at the office, the oldest first; a callback can stop it. */
static void the_oldest_stands_first(void **state)
{
    struct history *h = history_new();
    struct db *db = history_store_new();
    struct words words = {"", 0};
    int calls = 0;
    (void)state;
    (void)set_text(h, 1, "title", "a", NULL, 0);
    (void)set_text(h, 2, "title", "b", NULL, 0);
    (void)set_number(h, 1, "risk", 1, NULL, 0);
    (void)set_number(h, 1, "status", 1, NULL, 0);
    (void)set_number(h, 2, "level_of_care", 2, NULL, 0);
    h->entries[set_number(h, 1, "level_of_care", 1, NULL, 0)].waiting = 1;
    (void)set_number(h, 2, "status", 2, NULL, 0);
    (void)set_number(h, 2, "risk", 2, NULL, 0);
    history_take_all(db, h);
    assert_done(review_each(db, name_fields, &words, &history_error));
    assert_string_equal(words.text, "status risk level_of_care title ");
    assert_int_equal(review_each(db, stop_at_second, &calls, NULL), E_INPUT);
    assert_int_equal(calls, 2);
    db_close(db);
    history_free(h);
}

/* Goal: an age is in words, and never less than nothing. */
static void ages_are_in_words(void **state)
{
    char out[REVIEW_AGE];
    (void)state;
    assert_string_equal(review_age(1000, 500, out), "less than a minute");
    assert_string_equal(review_age(1000, 60999, out), "less than a minute");
    assert_string_equal(review_age(0, 60000, out), "1 minute");
    assert_string_equal(review_age(0, 7200000, out), "2 hours");
    assert_string_equal(review_age(0, 86399999, out), "23 hours");
    assert_string_equal(review_age(0, 86400000, out), "1 day");
    assert_string_equal(review_age(0, 3 * 86400000ull, out), "3 days");
}

/* --- deciding twice --- */

static uint64_t seed = 20261126;

static unsigned any(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

/* What a store shows of the case, and what it could not decide; applied in a random order. */
static char *shown_of(const struct history *h, size_t count)
{
    size_t order[HISTORY_MAX];
    struct db *db = history_store_new();
    char *text = malloc(512);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t k = any((unsigned)i), kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
    for (size_t i = 0; i < count; i++)
        (void)history_take(db, h, order[i]);
    (void)snprintf(text, 512, "%s",
                   history_text(db, "SELECT printf('%s|%s|%s|%s|%d', title, risk, status, assessment, contested) || "
                                    "(SELECT count(*) FROM conflict) FROM \"case\""));
    db_close(db);
    return text;
}

/* Goal: deciding twice is the same as once: two people take the same value at the same time, or one after the other,
 * and every store, in whatever order it hears of it, shows what one decision alone gives. */
static void deciding_twice_is_deciding_once(void **state)
{
    static const char *const fields[] = {"title", "risk", "status", "assessment"};
    (void)state;
    for (int round = 0; round < 200; round++) {
        const char *field = fields[round % 4];
        int is_text = schema_field_named(schema_kind(KIND_CASE), field)->type == SCHEMA_TEXT;
        struct history *h = history_new();
        struct dot dots[8];
        size_t live = 2 + any(4), first;
        unsigned value = 1 + any(3);
        char text[2] = {(char)('a' + value), 0}, *once, *twice;
        for (size_t i = 0; i < live; i++) {
            char one[2] = {(char)('a' + i), 0};
            dots[i] = history_dot(h,
                                  is_text ? set_text(h, (unsigned)i, field, one, NULL, 0)
                                          : set_number(h, (unsigned)i, field, (int)(i % 3) + 1, NULL, 0),
                                  0);
        }
        first = is_text ? set_text(h, 8, field, text, dots, live) : set_number(h, 8, field, value, dots, live);
        once = shown_of(h, h->count);
        if (any(2)) /* having seen the first decision, or not */
            dots[0] = history_dot(h, first, 0);
        (void)(is_text ? set_text(h, 9, field, text, dots, live) : set_number(h, 9, field, value, dots, live));
        twice = shown_of(h, h->count);
        assert_string_equal(once, twice);
        assert_string_equal(once + strlen(once) - 2, "00"); /* nothing is contested any more */
        free(once);
        free(twice);
        history_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_since_the_values_differed),
        cmocka_unit_test(a_sum_waits_since_it_was_too_large),
        cmocka_unit_test(a_sentence_says_what_happened),
        cmocka_unit_test(a_sentence_says_where_texts_met),
        cmocka_unit_test(a_void_names_who_went_on),
        cmocka_unit_test(a_void_and_one_taken_back),
        cmocka_unit_test(each_had_seen_something),
        cmocka_unit_test(many_seen_values_are_counted),
        cmocka_unit_test(what_was_named_is_not_read_without_end),
        cmocka_unit_test(the_code_is_what_was_seen),
        cmocka_unit_test(a_number_that_moved_has_another_code),
        cmocka_unit_test(the_oldest_stands_first),
        cmocka_unit_test(ages_are_in_words),
        cmocka_unit_test(deciding_twice_is_deciding_once),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
