/* Tests: daemon/import/said.c daemon/import/import_write.c daemon/import/import_withdraw.c daemon/import/import_mark.c
 * Histories by chance: an export whose rows change, are deleted, come back, stand twice, go back in time or are
 * missing, between edits of people; held against a model that knows nothing but the rule of three. 3,000 of them, or
 * as many as the first argument says; the second is where chance begins. */
#include "export_fixture.h"

#include "record.h"

enum { BATCH = 250, ROUNDS = 6, FIELDS = 2, LIVE_MAX = 8 };

static uint64_t seed = 1, histories = 3000;

static unsigned any(unsigned below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % below;
}

/* --- the model --- */

struct value {
    char words[12];
    int is_import;
};

struct model {
    int exists, is_voided;
    int import_voids, person_voids; /* whose void lives */
    int has_kept;                   /* a person took a void back, and voided nothing since */
    int said_deleted, was_updated;  /* the last day of a row that was taken */
    struct {
        char said[12];
        int was_said;
        size_t count;
        struct value live[LIVE_MAX];
    } fields[FIELDS];
};

/* A row as the export has it. */
struct row {
    char words[FIELDS][12];
    int day, is_deleted;
};

static const char *const names[FIELDS] = {"legal_name", "gender"};

static int holds_only(const struct model *m, int f, const char *words)
{
    for (size_t i = 0; i < m->fields[f].count; i++)
        if (strcmp(m->fields[f].live[i].words, words) != 0)
            return 0;
    return m->fields[f].count != 0 || words[0] == '\0';
}

static void put(struct model *m, int f, const char *words, int is_import)
{
    assert_true(m->fields[f].count < LIVE_MAX);
    (void)strcpy(m->fields[f].live[m->fields[f].count].words, words);
    m->fields[f].live[m->fields[f].count++].is_import = is_import;
}

/* The rule of three, for one field. */
static void model_say(struct model *m, int f, const char *words, int fills)
{
    size_t kept = 0;
    int is_same;
    if (strcmp(m->fields[f].said, words) == 0 || (fills && (m->fields[f].was_said || m->fields[f].count != 0)))
        return;
    is_same = holds_only(m, f, m->fields[f].said);
    for (size_t i = 0; i < m->fields[f].count; i++)
        if (!is_same && !m->fields[f].live[i].is_import)
            m->fields[f].live[kept++] = m->fields[f].live[i];
    m->fields[f].count = kept;
    put(m, f, words, 1);
    (void)strcpy(m->fields[f].said, words);
    m->fields[f].was_said = 1;
}

static int has_person(const struct model *m)
{
    for (int f = 0; f < FIELDS; f++)
        for (size_t i = 0; i < m->fields[f].count; i++)
            if (!m->fields[f].live[i].is_import)
                return 1;
    return 0;
}

static void model_row(struct model *m, const struct row *r, int fills)
{
    if (!fills && r->day < m->was_updated)
        return;
    if (r->day > m->was_updated)
        m->was_updated = r->day;
    if (r->is_deleted) {
        if (fills || !m->exists || m->is_voided || m->said_deleted)
            return;
        m->said_deleted = m->import_voids = 1;
        m->is_voided = !has_person(m) && !m->has_kept;
        return;
    }
    if (m->exists && m->is_voided && (m->person_voids || fills))
        return;
    if (m->exists && m->said_deleted && !fills)
        m->said_deleted = m->import_voids = m->is_voided = 0;
    for (int f = 0; f < FIELDS; f++)
        if (m->exists || r->words[f][0] != '\0')
            model_say(m, f, r->words[f], m->exists && fills);
    m->exists = 1;
}

/* --- the program --- */

static struct id id_of(int number)
{
    char key[16];
    (void)snprintf(key, sizeof key, "%d", number);
    return id_derive("hmis", "Client", key);
}

static void check(struct central *c, const struct model *m, int number, int round)
{
    struct id id = id_of(number);
    struct record_place place;
    struct error e = {0, ""};
    int code = record_find(c->db, &id, &place, &e);
    if ((code == 0) != m->exists || (code == 0 && (place.voided != 0) != m->is_voided))
        fail_msg("seed and history %d, round %d: exists %d (model %d), voided %d (model %d)", number, round, code == 0,
                 m->exists, code == 0 && place.voided, m->is_voided);
    if (code == 0 && (db_exists(c->db, NULL, "SELECT 1 FROM conflict WHERE record = ? AND field = 1", "d", &id) == 1) !=
                         (m->import_voids && !m->is_voided))
        fail_msg("history %d, round %d: whether its void is contested (model: %d)", number, round, m->import_voids);
    for (int f = 0; code == 0 && f < FIELDS; f++) {
        const struct schema_field *field = schema_field_named(place.kind, names[f]);
        struct record_field live;
        PAIR_OK(record_field_load(c->db, &id, place.kind, field, &live, &pair_e));
        assert_int_equal(live.count, m->fields[f].count);
        for (size_t k = 0; k < m->fields[f].count; k++) {
            int found = 0;
            for (size_t i = 0; i < live.count; i++) {
                char words[64];
                (void)schema_format(field, live.ops[i].merge.value, words, sizeof words);
                found |= strcmp(words, m->fields[f].live[k].words) == 0;
            }
            if (!found)
                fail_msg("history %d, round %d: %s lacks %s", number, round, names[f], m->fields[f].live[k].words);
        }
        record_field_free(&live);
    }
}

/* Something that a person does with a record. */
static void act(struct central *c, struct export_person *p, struct model *m, int number)
{
    static const char *const words[FIELDS][4] = {{"Pa B", "Qi B", "A B", "B B"}, {"as told", "female", "male", ""}};
    struct id id = id_of(number);
    int f = (int)any(FIELDS);
    const char *chosen = words[f][any(4)];
    if (!m->exists)
        return;
    if (m->is_voided) {
        if (any(2)) {
            export_restore(c, p, &id);
            m->is_voided = m->import_voids = m->person_voids = 0;
            m->has_kept = 1;
        } else if (any(2)) {
            export_void(c, p, &id); /* as well */
            m->person_voids = 1;
            m->import_voids = m->has_kept = 0;
        }
    } else if (any(5) == 0) {
        export_void(c, p, &id);
        m->is_voided = m->person_voids = 1;
        m->import_voids = m->has_kept = 0;
    } else {
        export_set(c, p, &id, names[f], chosen);
        m->fields[f].count = 0;
        put(m, f, chosen, 0);
    }
}

static void write_row(FILE *out, int number, const struct row *r)
{
    (void)fprintf(out, "%d,%.1s,,B,,,%s,,,,2026-01-%02d 00:00:00,%s\n", number, r->words[0],
                  strcmp(r->words[1], "female") == 0 ? "0"
                  : strcmp(r->words[1], "male") == 0 ? "1"
                                                     : "",
                  r->day, r->is_deleted ? "2026-01-01" : "");
}

/* Changes a row by chance; sometimes it goes back in time. */
static void change_row(struct row *r, int round)
{
    static const char *const firsts[] = {"A B", "B B", "C B", "D B"}, *const genders[] = {"female", "male", ""};
    if (any(3) == 0)
        (void)strcpy(r->words[0], firsts[any(4)]);
    if (any(3) == 0)
        (void)strcpy(r->words[1], genders[any(3)]);
    if (any(6) == 0)
        r->is_deleted = !r->is_deleted;
    r->day = any(6) == 0 ? 1 + (int)any((unsigned)round + 1) : round + 1;
}

/* Writes the export of a round, and tells the model. */
static void export_round(struct row *rows, struct model *models, int round, int fills)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(EXPORT_CLIENT, out);
    for (int i = 0; i < BATCH; i++) {
        struct row other = rows[i];
        change_row(&rows[i], round);
        if (any(8) == 0 && round > 0)
            continue;      /* it is not in this export */
        if (any(8) == 0) { /* and an older row of its key */
            other.day = 0;
            (void)strcpy(other.words[0], "Z B");
            (void)fprintf(out, "%d,Z,,B,,,,,,,2025-12-31 00:00:00,%s\n", i, any(2) ? "2025-12-31" : "");
        }
        write_row(out, i, &rows[i]);
        model_row(&models[i], &rows[i], fills);
    }
    assert_int_equal(fclose(out), 0);
    export_file("Client", text);
    free(text);
}

static void run_batch(void)
{
    struct central *c = office_new();
    struct model *models = calloc(BATCH, sizeof *models);
    struct row *rows = calloc(BATCH, sizeof *rows);
    struct export_person p;
    int newest = 0;
    assert_true(models != NULL && rows != NULL);
    export_person(&p);
    export_no_files();
    export_file("Enrollment", EXPORT_ENROLLMENT);
    for (int i = 0; i < BATCH; i++)
        (void)strcpy(rows[i].words[0], "A B");
    for (int round = 0; round < ROUNDS; round++) {
        int exported = any(5) == 0 && round > 0 ? newest - 1 : round + 2, code, fills = exported < newest;
        struct error e = {0, ""};
        char date[64];
        uint64_t before;
        (void)snprintf(date, sizeof date, EXPORT_DATE "1,2026-02-%02d\n", exported);
        export_file("Export", date);
        export_round(rows, models, round, fills);
        export_done(export_run(c, 1, &code, &e));
        if (code != 0)
            fail_msg("round %d: %s", round, e.text);
        newest = exported > newest ? exported : newest;
        for (int i = 0; i < BATCH; i++)
            check(c, &models[i], i, round);
        before = c->tree.size;
        export_done(export_run(c, 1, &code, &e)); /* the same once more says nothing new */
        assert_int_equal(code, 0);
        assert_int_equal(c->tree.size, before);
        for (int i = 0; i < BATCH; i++)
            if (any(3) == 0)
                act(c, &p, &models[i], i);
    }
    office_check(c);
    pair_office_free(c);
    free(models);
    free(rows);
}

/* Goal: nobody's typed value is lost, the source's newest word stands where nobody contradicted it, what was contested
 * is, and the same export once more writes nothing. */
static void the_rule_of_three_holds(void **state)
{
    (void)state;
    for (uint64_t done = 0; done < histories; done += BATCH)
        run_batch();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_rule_of_three_holds)};
    if (argc > 1)
        histories = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, export_make_folder, export_remove_folder);
}
