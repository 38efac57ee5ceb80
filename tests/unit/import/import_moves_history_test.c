/* Tests: daemon/import/import_write.c daemon/import/import_withdraw.c daemon/import/mapping.c
 * Histories by chance of what moves, adds up, or is one of several: services that the source moves from one enrolment
 * to another, deletes and brings back, with an amount that it changes or withdraws; and a set that it puts elements
 * into and takes them out of; between people who add to the same amounts and sets, and void and bring back the same
 * services. The model knows only what each has said. 500 histories, or as many as the first argument says; the second
 * is where chance begins. */
#include "export_fixture.h"

enum { BATCH = 50, ROUNDS = 7, CASES = 3, ELEMENTS = 3 };

static uint64_t seed = 1, histories = 500;

static unsigned any(unsigned below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % below;
}

/* --- the model --- */

/* The record of a service in one case. */
struct stay {
    int exists, people_wrote, people_void; /* people_void: a person voided it, and nobody took that back */
    int64_t said, people;                  /* cents: of the source, of people */
};

struct service {
    struct stay stays[CASES];
    int at, is_deleted, updated; /* the row that was taken last; at -1: none */
};

/* Of a set: who has put each element there. */
struct set {
    int source_says[ELEMENTS], by_source[ELEMENTS], by_people[ELEMENTS];
};

/* Rows as the export has them. */
struct service_row {
    int at, amount, day, is_deleted; /* amount: in tens; 0: none */
};
struct set_row {
    int element, day; /* element -1: none */
};

static void model_service(struct service *s, const struct service_row *row)
{
    struct stay *stay = &s->stays[row->at];
    if (row->day < s->updated)
        return;
    s->updated = row->day;
    s->is_deleted = row->is_deleted;
    if (row->is_deleted)
        return;
    s->at = row->at;
    if (stay->people_void)
        return;
    stay->exists = 1;
    stay->said = (int64_t)row->amount * 1000;
}

static void model_set(struct set *s, const struct set_row *row)
{
    for (int i = 0; i < ELEMENTS; i++) {
        if (s->source_says[i] != (row->element == i))
            s->by_source[i] = row->element == i;
        s->source_says[i] = row->element == i;
    }
}

/* --- the program --- */

static struct id case_id(int at)
{
    char key[8];
    (void)snprintf(key, sizeof key, "E%d", at);
    return id_derive("hmis", "Enrollment", key);
}

/* Finds the record of a service in a case. 1: it is there. */
static int find_stay(struct central *c, int number, int at, struct id *record, int *is_voided, int64_t *amount)
{
    char key[16], scope[ID_TEXT];
    struct id id = case_id(at);
    sqlite3_stmt *s;
    int row;
    (void)snprintf(key, sizeof key, "S%d", number);
    id_format(&id, scope);
    row = db_first(c->db, &s, NULL,
                   "SELECT id, voided, coalesce(amount, 0) FROM service WHERE source_id = ? AND scope = ?", "tt", key,
                   scope);
    assert_true(row >= 0);
    if (row == 0)
        return 0;
    PAIR_OK(id_parse(db_text(s, 0), record, &pair_e));
    *is_voided = db_int(s, 1) != 0;
    *amount = db_int(s, 2);
    assert_int_equal(db_next(c->db, s, NULL), 0); /* never two in one case */
    return 1;
}

static void check_stay(struct central *c, const struct service *s, int number, int at, int round)
{
    const struct stay *stay = &s->stays[at];
    int is_here = s->at == at && !s->is_deleted, is_voided = 0;
    int64_t amount = 0;
    struct id record;
    if (find_stay(c, number, at, &record, &is_voided, &amount) != stay->exists)
        fail_msg("service %d, round %d: whether it is in case %d (model: %d)", number, round, at, stay->exists);
    if (!stay->exists)
        return;
    if (is_voided ? is_here && !stay->people_void : stay->people_void || (!is_here && !stay->people_wrote))
        fail_msg("service %d, round %d, case %d: voided %d; the source has it here: %d, people wrote %d, voided %d",
                 number, round, at, is_voided, is_here, stay->people_wrote, stay->people_void);
    if (amount != stay->said + stay->people)
        fail_msg("service %d, round %d, case %d: %lld, and the model has %lld of the source and %lld of people", number,
                 round, at, (long long)amount, (long long)stay->said, (long long)stay->people);
}

static void check_set(struct central *c, const struct set *s, int number, int round)
{
    char key[16], id_words[ID_TEXT];
    struct id id;
    (void)snprintf(key, sizeof key, "%d", number + 2);
    id = id_derive("hmis", "Client", key);
    id_format(&id, id_words);
    for (int i = 0; i < ELEMENTS; i++) {
        char word[24];
        int is;
        (void)snprintf(word, sizeof word, "SSN 11122333%d", i);
        is = db_exists(c->db, NULL,
                       "SELECT 1 FROM client, json_each(client.identifier) WHERE client.id = ? AND value = ?", "tt",
                       id_words, word);
        if (is != (s->by_source[i] || s->by_people[i]))
            fail_msg("set %d, round %d: element %d is there: %d (source says %d, put %d, people %d)", number, round, i,
                     is, s->source_says[i], s->by_source[i], s->by_people[i]);
    }
}

/* Something that a person does with a service in one of its cases. */
static void act_on_service(struct central *c, struct export_person *p, struct service *s, int number)
{
    int at = (int)any(CASES), is_voided;
    struct stay *stay = &s->stays[at];
    struct id record;
    int64_t amount;
    struct edit edit;
    if (!find_stay(c, number, at, &record, &is_voided, &amount))
        return;
    if (is_voided) {
        if (any(2)) {
            export_restore(c, p, &record);
            stay->people_wrote = 1;
            stay->people_void = 0;
        }
    } else if (any(4) == 0) {
        export_void(c, p, &record);
        stay->people_void = 1;
    } else {
        PAIR_OK(edit_open(&edit, c->db, &record, &pair_e));
        PAIR_OK(edit_add_text(&edit, "amount", "5.00", &pair_e));
        export_write(c, p, &edit);
        stay->people += 500;
        stay->people_wrote = 1;
    }
}

static void act_on_set(struct central *c, struct export_person *p, struct set *s, int number)
{
    int i = (int)any(ELEMENTS), is_there = s->by_source[i] || s->by_people[i];
    struct edit edit;
    char key[16], word[24];
    struct id id;
    (void)snprintf(key, sizeof key, "%d", number + 2);
    (void)snprintf(word, sizeof word, "SSN 11122333%d", i);
    id = id_derive("hmis", "Client", key);
    PAIR_OK(edit_open(&edit, c->db, &id, &pair_e));
    PAIR_OK(is_there ? edit_remove_text(&edit, "identifier", word, &pair_e)
                     : edit_add_text(&edit, "identifier", word, &pair_e));
    export_write(c, p, &edit);
    s->by_source[i] = 0;
    s->by_people[i] = !is_there;
}

/* --- a history --- */

struct history {
    struct service services[BATCH];
    struct service_row service_rows[BATCH];
    struct set sets[BATCH];
    struct set_row set_rows[BATCH];
};

static void export_services(struct history *h, int round)
{
    char *text = NULL, amount[16];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(EXPORT_SERVICES, out);
    for (int i = 0; i < BATCH; i++) {
        struct service_row *row = &h->service_rows[i];
        if (any(2) == 0)
            row->at = (int)any(CASES);
        if (any(2) == 0)
            row->amount = (int)any(4);
        if (any(6) == 0)
            row->is_deleted = !row->is_deleted;
        row->day = any(6) == 0 ? 1 + (int)any((unsigned)round + 1) : round + 1;
        if (any(8) == 0)
            continue; /* it is not in this export */
        amount[0] = '\0';
        if (row->amount != 0)
            (void)snprintf(amount, sizeof amount, "%d.00", row->amount * 10);
        (void)fprintf(out, "S%d,E%d,2026-01-06,152,1,%s,2026-01-%02d 00:00:00,%s\n", i, row->at, amount, row->day,
                      row->is_deleted ? "2026-01-20" : "");
        model_service(&h->services[i], row);
    }
    assert_int_equal(fclose(out), 0);
    export_file("Services", text);
    free(text);
}

static void export_sets(struct history *h, int round)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(EXPORT_CLIENT "1,Ada,,Byron,,1990-01-02,0,0,,,2026-01-01 00:00:00,\n", out);
    for (int i = 0; i < BATCH; i++) {
        struct set_row *row = &h->set_rows[i];
        char word[24] = "";
        if (round > 0 && any(8) == 0)
            continue; /* it is not in this export */
        if (any(2) == 0)
            row->element = (int)any(ELEMENTS + 1) - 1;
        if (row->element >= 0)
            (void)snprintf(word, sizeof word, "11122333%d", row->element);
        (void)fprintf(out, "%d,Bo,,Berg,,,,,%s,,2026-01-%02d 00:00:00,\n", i + 2, word, round + 1);
        model_set(&h->sets[i], row);
    }
    assert_int_equal(fclose(out), 0);
    export_file("Client", text);
    free(text);
}

static void check(struct central *c, const struct history *h, int round)
{
    for (int i = 0; i < BATCH; i++) {
        for (int at = 0; at < CASES; at++)
            check_stay(c, &h->services[i], i, at, round);
        check_set(c, &h->sets[i], i, round);
    }
}

static void run_batch(void)
{
    struct central *c = office_new();
    struct history *h = calloc(1, sizeof *h);
    struct export_person p;
    assert_non_null(h);
    export_person(&p);
    export_no_files();
    export_file("Enrollment", EXPORT_ENROLLMENT "E0,1,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n"
                                                "E1,1,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n"
                                                "E2,1,,2026-01-05,,1,116,,2026-01-05 00:00:00,\n");
    for (int i = 0; i < BATCH; i++) {
        h->services[i].at = -1;
        h->set_rows[i].element = -1;
    }
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before;
        export_services(h, round);
        export_sets(h, round);
        export_take(c);
        check(c, h, round);
        before = c->tree.size;
        export_take(c); /* the same once more says nothing new */
        assert_int_equal(c->tree.size, before);
        for (int i = 0; i < BATCH; i++) {
            if (any(3) == 0)
                act_on_service(c, &p, &h->services[i], i);
            if (any(3) == 0)
                act_on_set(c, &p, &h->sets[i], i);
        }
    }
    office_check(c);
    pair_office_free(c);
    free(h);
}

/* Goal: a service stands where the source has it, and nowhere else but where people wrote; its amount is what the
 * source says now and what people added; an element is in a set as long as the source or a person has it there. */
static void moves_sums_and_sets(void **state)
{
    (void)state;
    for (uint64_t done = 0; done < histories; done += BATCH)
        run_batch();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(moves_sums_and_sets)};
    if (argc > 1)
        histories = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, export_make_folder, export_remove_folder);
}
