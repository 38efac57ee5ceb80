/* Tests: client/command/find.c client/command/write.c client/command/unseen.c client/command/conflicts.c
 *     client/store/seen.c common/record/edit.c
 * A thousand slips of a person at the keyboard: dropped digits, two of one name, stale lists, words in the wrong place,
 * a code of something else. None of them writes to the wrong person, loses words that a colleague wrote, or lowers a
 * risk that was not shown. The random numbers are the same each time. */
#include "laptop_fixture.h"

#include "merge.h"
#include "schema.h"

enum { PEOPLE = 24, SLIPS = 1000 };

struct somebody {
    char name[32], number[8], client[ID_TEXT], file[ID_TEXT];
    char risk[16];               /* what the colleague set last; "" : nothing */
    char phone[24];              /* the same */
    int heard_risk, heard_phone; /* 1: it was printed for the person since */
};

struct slips {
    struct laptop_fixture *d;
    struct somebody all[PEOPLE];
    uint64_t luck;
    unsigned written, refused;
};

static unsigned below(struct slips *s, unsigned end)
{
    s->luck ^= s->luck << 13;
    s->luck ^= s->luck >> 7;
    s->luck ^= s->luck << 17;
    return (unsigned)(s->luck >> 11) % end;
}

/* --- who is there --- */

static void make_somebody(struct slips *s, unsigned i)
{
    static const char *const first[] = {"Ada", "Bo", "Cleo", "Dan"}, *const last[] = {"King", "Kingsley", "Reyes"};
    struct somebody *p = &s->all[i];
    char line[160];
    /* Twelve names, so that there are two of each, and one name is the beginning of another. */
    (void)snprintf(p->name, sizeof p->name, "%s %s", first[i % 4], last[i % 3]);
    (void)snprintf(p->number, sizeof p->number, "85%04u", (i * 7919u + 13u) % 10000u);
    (void)snprintf(line, sizeof line, "new client 'legal_name=%s' birth_date=19%02u-01-02 phone=555", p->name, 40 + i);
    assert_int_equal(laptop_run(s->d, &command_new, line), 0);
    laptop_take_id(s->d, p->client);
    (void)snprintf(line, sizeof line, "new case client=%s number=%s risk=moderate", p->client, p->number);
    assert_int_equal(laptop_run(s->d, &command_new, line), 0);
    laptop_take_id(s->d, p->file);
}

/* --- what the colleague does meanwhile --- */

static void colleague_sets(struct slips *s, const char *record, const char *field, const char *value)
{
    struct edit edit;
    struct id id;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(edit_open(&edit, s->d->store.db, &id, &s->d->e), 0);
    assert_int_equal(edit_set_text(&edit, field, value, &s->d->e), 0);
    laptop_write_as(s->d, &s->d->colleague, &edit, "seen on a visit");
}

static void colleague_works(struct slips *s)
{
    static const char *const risks[] = {"high", "critical"};
    struct somebody *p = &s->all[below(s, PEOPLE)];
    if (below(s, 2) == 0) {
        (void)snprintf(p->risk, sizeof p->risk, "%s", risks[below(s, 2)]);
        colleague_sets(s, p->file, "risk", p->risk);
        p->heard_risk = 0;
    } else {
        (void)snprintf(p->phone, sizeof p->phone, "555 %06u", below(s, 1000000));
        colleague_sets(s, p->client, "phone", p->phone);
        p->heard_phone = 0;
    }
}

/* --- what lives --- */

/* 1: the value is among those that live; *shown: what the field shows. */
static int lives(struct slips *s, const char *record, const char *name, const char *value, char shown[64])
{
    struct record_place place;
    struct record_field f;
    const struct schema_field *field;
    struct id id;
    int found = 0;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(record_find(s->d->store.db, &id, &place, &s->d->e), 0);
    field = schema_field_named(place.kind, name);
    assert_int_equal(record_field_load(s->d->store.db, &id, place.kind, field, &f, &s->d->e), 0);
    shown[0] = '\0';
    for (size_t i = f.count; i-- > 0;) {
        (void)schema_format(field, f.ops[i].merge.value, shown, 64);
        found |= strcmp(shown, value) == 0;
    }
    record_field_free(&f);
    return found;
}

/* A list was printed: a line of it has the number, and the risk that is shown. */
static void hear_list(struct slips *s)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct somebody *p = &s->all[i];
        const char *at = strstr(s->d->out, p->number), *end = at == NULL ? NULL : strchr(at, '\n'), *risk;
        if (end == NULL || p->risk[0] == '\0')
            continue;
        risk = strstr(at, p->risk);
        p->heard_risk |= risk != NULL && risk < end;
    }
}

/* What an answer says of a value beside, it says of whom was meant. */
static void hear_answer(struct slips *s, struct somebody *p)
{
    if (s->d->err == NULL || strstr(s->d->err, "you had not seen it") == NULL)
        return;
    p->heard_risk |= p->risk[0] != '\0' && strstr(s->d->err, p->risk) != NULL;
    p->heard_phone |= p->phone[0] != '\0' && strstr(s->d->err, p->phone) != NULL;
}

/* --- a slip --- */

/* What the person types for somebody, meaning that one. Returns 1 if it is whole. */
static int put_words(struct slips *s, const struct somebody *p, char out[64])
{
    unsigned way = below(s, 10), at;
    switch (way) {
    case 0: /* the first digit is missing, or the last, or one between */
    case 1:
    case 2:
        at = way == 0 ? 0 : way == 1 ? 5 : 1 + below(s, 4);
        (void)snprintf(out, 64, "%.*s%s", (int)at, p->number, p->number + at + 1);
        return 0;
    case 3: /* a part of the id that the list shows */
        (void)snprintf(out, 64, "%.*s", 4 + (int)below(s, 4), laptop_last8(p->file));
        return 0;
    case 4:
        (void)snprintf(out, 64, "%s", laptop_last8(p->file) + 1 + below(s, 4));
        return 0;
    case 5: /* there are two of that name */
        (void)snprintf(out, 64, "'%s'", p->name);
        return 0;
    case 6:
        (void)snprintf(out, 64, "%.*s", (int)strcspn(p->name, " "), p->name);
        return 0;
    case 7:
        (void)snprintf(out, 64, "%s", laptop_last8(p->file));
        return 1;
    default:
        (void)snprintf(out, 64, "%s", p->number);
        return 1;
    }
}

/* Runs one command that means p. */
static int slip(struct slips *s, const struct somebody *p, char line[256])
{
    static const char *const risks[] = {"low", "moderate", "high"};
    static const struct command *const which[] = {&command_set,  &command_set,  &command_set,     &command_note,
                                                  &command_void, &command_note, &command_resolve, &command_set};
    unsigned what = below(s, 8);
    char words[64];
    int is_whole = put_words(s, p, words);
    if (what == 4 && is_whole) /* that would be no slip */
        what = 3;
    switch (what) {
    case 0:
        (void)snprintf(line, 256, "set %s risk=%s", words, risks[below(s, 3)]);
        break;
    case 1:
        (void)snprintf(line, 256, "set %s risk=%s --reason 'as I remember'", words, risks[below(s, 3)]);
        break;
    case 2:
        (void)snprintf(line, 256, "set %s 'phone=555 0%05u'", is_whole ? p->client : words, below(s, 100000));
        break;
    case 3:
        (void)snprintf(line, 256, "note %s 'a word for %s'", words, p->number);
        break;
    case 4:
        (void)snprintf(line, 256, "void %s --reason twice", words);
        break;
    case 5: /* the words stand in the wrong place */
        (void)snprintf(line, 256, "note 'a word for her' %s", words);
        break;
    case 6: /* the code of something else */
        (void)snprintf(line, 256, "resolve %s risk 2 --seen 1f2e3d --reason 'as I remember'", words);
        break;
    default:
        (void)snprintf(line, 256, "set risk=low %s", words);
    }
    return laptop_run(s->d, which[what], line);
}

/* Nothing that the person's device wrote since then is about anybody else. */
static void check_whose(struct slips *s, const struct somebody *p, int64_t since, const char *line)
{
    struct id client, file, device = laptop_id(1);
    sqlite3_stmt *q;
    int row;
    assert_int_equal(id_parse(p->client, &client, NULL), 0);
    assert_int_equal(id_parse(p->file, &file, NULL), 0);
    assert_int_equal(db_query(s->d->store.db, &q, &s->d->e, "SELECT scope FROM entry WHERE id > ? AND device = ?", "id",
                              since, &device),
                     0);
    while ((row = db_next(s->d->store.db, q, &s->d->e)) == 1) {
        struct id scope = db_id(q, 0);
        if (!id_equal(&scope, &client) && !id_equal(&scope, &file))
            fail_msg("\"%s\" wrote to somebody else", line);
        s->written++;
    }
    assert_int_equal(row, 0);
}

/* What the colleague wrote of anybody lives, if it was not printed since. */
static void check_words(struct slips *s, const char *line)
{
    char shown[64];
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct somebody *p = &s->all[i];
        if (p->risk[0] != '\0' && !p->heard_risk && !lives(s, p->file, "risk", p->risk, shown))
            fail_msg("\"%s\": the risk %s of %s was never shown, and is gone", line, p->risk, p->number);
        if (p->risk[0] != '\0' && !p->heard_risk && strcmp(shown, p->risk) != 0 && strcmp(shown, "critical") != 0)
            fail_msg("\"%s\": the risk %s of %s was never shown, and is %s now", line, p->risk, p->number, shown);
        if (p->phone[0] != '\0' && !p->heard_phone && !lives(s, p->client, "phone", p->phone, shown))
            fail_msg("\"%s\": the telephone %s of %s was never shown, and is gone", line, p->phone, p->number);
    }
}

static void no_slip_does_harm(void **state)
{
    struct slips *s = calloc(1, sizeof *s);
    char line[256], shown[64], before[64];
    assert_non_null(s);
    s->d = *state;
    s->luck = 20261130;
    for (unsigned i = 0; i < PEOPLE; i++)
        make_somebody(s, i);
    for (unsigned i = 0; i < SLIPS; i++) {
        struct somebody *p = &s->all[below(s, PEOPLE)];
        uint64_t since;
        int code;
        if (below(s, 3) == 0)
            colleague_works(s);
        if (below(s, 12) == 0) { /* a list, which is stale soon */
            assert_int_equal(laptop_run(s->d, &command_list, "list"), 0);
            hear_list(s);
        }
        assert_int_equal(db_number_of(s->d->store.db, &since, &s->d->e, "SELECT max(id) FROM entry", ""), 0);
        (void)lives(s, p->file, "risk", "", before);
        code = slip(s, p, line);
        check_whose(s, p, (int64_t)since, line);
        check_words(s, line);
        (void)lives(s, p->file, "risk", "", shown);
        /* What falls was shown to be higher, and there is a reason. */
        if (strcmp(before, "critical") == 0 && strcmp(shown, "critical") != 0 && strstr(line, "--reason") == NULL)
            fail_msg("\"%s\" lowered a risk without a reason", line);
        hear_answer(s, p);
        s->refused += code != 0;
    }
    /* Some of them are no slips, and are taken. */
    assert_true(s->written > 50);
    assert_true(s->refused > 500);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_slip_does_harm, laptop_fixture_set_up, laptop_fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
