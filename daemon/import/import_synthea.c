/* Synthea's CSV export: organizations, providers -> provider; patients with their allergies and present conditions ->
 * client and one case; encounters -> service; careplans -> plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

/* The id of the record that a key refers to, as text; "": there is no key. */
static void ref(const struct import *im, const char *table, const char *key, char out[ID_TEXT])
{
    struct id id = id_derive(im->source, table, key);
    out[0] = 0;
    if (key != NULL && key[0] != 0)
        id_format(&id, out);
}

static int take_organization(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {
        .kind = schema_kind(KIND_PROVIDER), .source_id = db_text(s, 0), .row = import_row_at("organizations", s)};
    r.id = id_derive(im->source, "organization", db_text(s, 0));
    import_field(&r, "name", import_known(s, 1));
    import_field(&r, "type", "organization");
    import_field(&r, "address", import_known(s, 2));
    import_field(&r, "phone", import_known(s, 3));
    return import_write(im, &r, e);
}

static int take_provider(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {
        .kind = schema_kind(KIND_PROVIDER), .source_id = db_text(s, 0), .row = import_row_at("providers", s)};
    char parent[ID_TEXT];
    r.id = id_derive(im->source, "provider", db_text(s, 0));
    ref(im, "organization", db_text(s, 1), parent);
    import_field(&r, "name", import_known(s, 2));
    import_field(&r, "type", import_known(s, 3));
    import_field(&r, "address", import_known(s, 4));
    import_field(&r, "parent", parent);
    return import_write(im, &r, e);
}

/* --- clients: a patient's row, and what other files say about it --- */

struct elements {
    size_t count, room;
    struct {
        const char *field, *value;
    } * items; /* the list owns the values */
};

static void elements_free(struct elements *l)
{
    for (size_t i = 0; i < l->count; i++)
        free((void *)l->items[i].value);
    free(l->items);
}

static int elements_add(struct elements *l, const char *field, const char *value, struct error *e)
{
    char *copy;
    if (l->items == NULL || l->count == l->room) {
        void *more = realloc(l->items, (l->room = 2 * l->room + 16) * sizeof *l->items);
        if (more == NULL)
            return error_memory(e);
        l->items = more;
    }
    if ((copy = strdup(value)) == NULL)
        return error_memory(e);
    l->items[l->count].field = field;
    l->items[l->count++].value = copy;
    return 0;
}

/* Lists a patient's allergies with their worst known severity and reactions; the conditions that have not ended: what
 * Synthea codes as a (finding) about somebody's life is a need for a case manager, the rest is a diagnosis; and the
 * numbers by which others know the person. */
static int gather(struct import *im, const char *patient, struct elements *l, struct error *e)
{
    static const char sql[] =
        "SELECT 'allergy', DESCRIPTION || CASE WHEN SEVERITY1 <> '' OR SEVERITY2 <> '' THEN ' (' || lower(CASE WHEN "
        "'SEVERE' IN (SEVERITY1, SEVERITY2) THEN 'severe' WHEN 'MODERATE' IN (SEVERITY1, SEVERITY2) THEN 'moderate' "
        "ELSE "
        "SEVERITY1 END) || CASE WHEN DESCRIPTION1 <> '' THEN ': ' || DESCRIPTION1 ELSE '' END || CASE WHEN "
        "DESCRIPTION2 "
        "<> '' THEN ', ' || DESCRIPTION2 ELSE '' END || ')' ELSE '' END FROM allergies WHERE PATIENT = ?1 "
        "UNION SELECT CASE WHEN DESCRIPTION LIKE '%(finding)' THEN 'need' ELSE 'diagnosis' END, DESCRIPTION FROM "
        "conditions WHERE PATIENT = ?1 "
        "UNION SELECT 'identifier', 'SSN ' || SSN FROM patients WHERE Id = ?1 AND SSN <> '' "
        "UNION SELECT 'identifier', 'driver''s licence ' || DRIVERS FROM patients WHERE Id = ?1 AND DRIVERS <> '' "
        "UNION SELECT 'identifier', 'passport ' || PASSPORT FROM patients WHERE Id = ?1 AND PASSPORT <> '' "
        "ORDER BY 1, 2";
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(im->staging, &s, e, sql, "t", patient)) != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1) {
        const char *kind = db_text(s, 0);
        const char *field = kind[0] == 'a'   ? "allergy"
                            : kind[0] == 'n' ? "need"
                            : kind[0] == 'i' ? "identifier"
                                             : "diagnosis";
        if ((code = elements_add(l, field, db_text(s, 1), e)) != 0) {
            db_done(im->staging, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int take_patient(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0), *sex = db_text(s, 4);
    struct import_record client = {
        .kind = schema_kind(KIND_CLIENT), .source_id = key, .row = import_row_at("patients", s)};
    struct import_record file = {.kind = schema_kind(KIND_CASE), .source_id = key, .row = import_row_at("patients", s)};
    struct elements elements = {0};
    char person[ID_TEXT];
    int code;
    client.id = client.scope = id_derive(im->source, "patient", key);
    file.id = file.scope = id_derive(im->source, "case", key);
    import_field(&client, "legal_name", db_text(s, 1));
    import_field(&client, "birth_date", import_known(s, 2));
    import_field(&client, "death_date", import_known(s, 3));
    import_field(&client, "gender", strcmp(sex, "F") == 0 ? "female" : strcmp(sex, "M") == 0 ? "male" : sex);
    import_field(&client, "address", import_known(s, 5));
    if (db_int(s, 7))
        import_set(&client, "allergy");
    if (db_int(s, 8)) {
        import_set(&client, "need");
        import_set(&client, "diagnosis");
    }
    if (db_int(s, 9))
        import_set(&client, "identifier");
    if ((code = gather(im, key, &elements, e)) == 0) {
        client.elements = (void *)elements.items;
        client.element_count = elements.count;
        code = import_write(im, &client, e);
    }
    elements_free(&elements);
    if (code != 0)
        return code;
    ref(im, "patient", key, person);
    import_field(&file, "client", person);
    import_field(&file, "number", key);
    import_field(&file, "title", "primary care");
    import_field(&file, "opened", import_known(s, 6));
    if (import_known(s, 3) == NULL)
        import_field_new(&file, "status", "open");
    else
        import_field(&file, "status", db_text(s, 3)[0] != 0 ? "closed" : "open");
    return import_write(im, &file, e);
}

static int take_encounter(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {
        .kind = schema_kind(KIND_SERVICE), .source_id = db_text(s, 0), .row = import_row_at("encounters", s)};
    char provider[ID_TEXT];
    r.id = id_derive(im->source, "encounter", db_text(s, 0));
    r.table = "encounter";
    r.scope = id_derive(im->source, "case", db_text(s, 1));
    ref(im, "provider", db_text(s, 4), provider);
    import_field(&r, "type", import_known(s, 6));
    import_field(&r, "code", import_known(s, 5));
    import_field(&r, "started", import_known(s, 2));
    import_field(&r, "ended", import_known(s, 3));
    import_field(&r, "provider", import_known(s, 4) != NULL ? provider : NULL);
    import_field(&r, "reason", import_known(s, 7));
    return import_write(im, &r, e);
}

static int take_careplan(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {
        .kind = schema_kind(KIND_PLAN), .source_id = db_text(s, 0), .row = import_row_at("careplans", s)};
    r.id = id_derive(im->source, "careplan", db_text(s, 0));
    r.table = "careplan";
    r.scope = id_derive(im->source, "case", db_text(s, 1));
    import_field(&r, "title", import_known(s, 5));
    import_field(&r, "code", import_known(s, 4));
    import_field(&r, "started", import_known(s, 2));
    import_field(&r, "ended", import_known(s, 3));
    if (import_known(s, 3) != NULL)
        import_field(&r, "status", db_text(s, 3)[0] != 0 ? "completed" : "active");
    import_field(&r, "reason", import_known(s, 6));
    return import_write(im, &r, e);
}

/* --- all files --- */

/* 1: the folder has the file, so that it says all of what a patient has. */
#define HAS(name) "NOT EXISTS(SELECT 1 FROM account_file WHERE file = '" name "')"
/* NULL, if nothing is known of it. */
#define ADDRESS_WORDS "CASE WHEN ADDRESS IS NULL THEN NULL ELSE words_by(', ', ADDRESS, words(CITY, STATE, ZIP)) END"

static const struct {
    const char *name, *columns;
    int is_keyed, is_of_patient;
} files[] = {
    {"patients",
     "Id! BIRTHDATE# DEATHDATE# FIRST! MIDDLE LAST! SUFFIX GENDER ADDRESS CITY STATE ZIP SSN DRIVERS PASSPORT", 1, 0},
    {"encounters", "Id! START@ STOP@ PATIENT! PROVIDER CODE DESCRIPTION REASONDESCRIPTION", 1, 1},
    {"careplans", "Id! START@ STOP@ PATIENT! CODE DESCRIPTION REASONDESCRIPTION", 1, 1},
    {"conditions", "PATIENT! STOP# DESCRIPTION!", 0, 1},
    {"allergies", "PATIENT! STOP# DESCRIPTION! DESCRIPTION1 SEVERITY1 DESCRIPTION2 SEVERITY2", 0, 1},
    {"organizations", "Id! NAME! ADDRESS CITY STATE ZIP PHONE", 1, 0},
    {"providers", "Id! ORGANIZATION NAME! SPECIALITY ADDRESS CITY STATE ZIP", 1, 0},
};
enum { FILES = sizeof files / sizeof *files };

/* Stages every file. */
static int stage_all(struct import *im, const char *folder, struct error *e)
{
    int code = 0, there;
    for (size_t i = 0; code == 0 && i < FILES; i++)
        code = import_stage(im, folder, files[i].name, files[i].columns, &there, e);
    return code != 0
               ? code
               : db_exec(im->staging,
                         "CREATE INDEX p ON patients(Id); CREATE INDEX a ON allergies(PATIENT); CREATE INDEX c ON "
                         "conditions(PATIENT); CREATE INDEX n ON encounters(PATIENT); CREATE INDEX e ON "
                         "encounters(Id); CREATE INDEX l ON careplans(Id); CREATE INDEX r ON "
                         "providers(Id); CREATE INDEX o ON organizations(Id)",
                         e);
}

/* Settles the rows of which no record is made, and those that are elements of their patient. */
static int sift_all(struct import *im, struct error *e)
{
    char condition[256];
    int code = 0;
    for (size_t i = 0; code == 0 && i < FILES; i++) {
        if (!files[i].is_keyed)
            continue;
        (void)snprintf(condition, sizeof condition, "line NOT IN (SELECT min(line) FROM \"%s\" GROUP BY Id)",
                       files[i].name);
        if ((code = import_sift(im, files[i].name, "Id = ''", ACCOUNT_LEFT, "its key is empty", e)) == 0)
            code = import_sift(im, files[i].name, condition, ACCOUNT_LEFT, "its key has been seen before", e);
    }
    for (size_t i = 0; code == 0 && i < FILES; i++) {
        if (!files[i].is_of_patient)
            continue;
        code = import_sift(im, files[i].name, "PATIENT NOT IN (SELECT Id FROM patients)", ACCOUNT_LEFT,
                           "its patient was not taken", e);
        if (code == 0 && !files[i].is_keyed)
            code = import_sift(im, files[i].name, "coalesce(STOP, '') <> ''", ACCOUNT_PASSED,
                               "it has ended: only what is present goes into the record", e);
    }
    if (code == 0)
        code = import_sift(im, "conditions", "DESCRIPTION LIKE '%(situation)'", ACCOUNT_PASSED,
                           "a situation, not a condition", e);
    return code != 0
               ? code
               : db_exec(im->staging,
                         "UPDATE account_row SET outcome = 1, why = 'of its client' WHERE (file = 'conditions' AND "
                         "line IN (SELECT line FROM conditions)) OR (file = 'allergies' AND line IN (SELECT line "
                         "FROM allergies))",
                         e);
}

/* Which records stand in a case that their row has left. */
#define HAS_LEFT(table, file)                                                                                          \
    "SELECT 1 FROM " file " WHERE Id = ?3 AND record_id('case', PATIENT) <> ?2 AND ?1 IN (record_id('" table           \
    "', ?3), record_id('" table "', ?3 || ' in ' || ?2))"
static const struct import_orphans orphans[] = {
    {"service", "SELECT id, scope, source_id FROM service WHERE source_id IS NOT NULL AND voided = 0",
     HAS_LEFT("encounter", "encounters")},
    {"plan", "SELECT id, scope, source_id FROM plan WHERE source_id IS NOT NULL AND voided = 0",
     HAS_LEFT("careplan", "careplans")},
};

static int take_orphan(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct account_row row = {NULL, 0, ""};
    struct id id;
    int code = id_parse(db_text(s, 0), &id, e);
    return code != 0
               ? code
               : import_withdraw(im, schema_kind_named(db_text(s, 1)), &id, &row, "its row is in another case now", e);
}

int import_synthea(struct import *im, const char *folder, int *found, struct error *e)
{
    static const struct {
        const char *sql;
        import_row *take;
    } steps[] = {
        {"SELECT Id, NAME, " ADDRESS_WORDS ", PHONE, line FROM organizations ORDER BY line", take_organization},
        {"SELECT Id, ORGANIZATION, NAME, SPECIALITY, " ADDRESS_WORDS ", line FROM providers ORDER BY line",
         take_provider},
        {"SELECT Id, words(FIRST, MIDDLE, LAST, SUFFIX), BIRTHDATE, DEATHDATE, GENDER, " ADDRESS_WORDS
         ", (SELECT substr(min(START), 1, 10) FROM encounters n WHERE n.PATIENT = p.Id AND START <> ''), " HAS(
             "allergies") ", " HAS("conditions") ", SSN IS NOT NULL AND DRIVERS IS NOT NULL AND PASSPORT IS NOT NULL, "
                                                 "line "
                                                 "FROM patients p ORDER BY line",
         take_patient},
        {"SELECT Id, PATIENT, START, STOP, PROVIDER, CODE, DESCRIPTION, REASONDESCRIPTION, line FROM encounters ORDER "
         "BY line",
         take_encounter},
        {"SELECT Id, PATIENT, START, STOP, CODE, DESCRIPTION, REASONDESCRIPTION, line FROM careplans ORDER BY line",
         take_careplan},
    };
    int code;
    *found = import_has(folder, "patients");
    if (!*found || (code = import_source(im, "synthea", e)) != 0 || (code = import_begin(im, folder, "", e)) != 0 ||
        (code = stage_all(im, folder, e)) != 0 || (code = sift_all(im, e)) != 0)
        return *found ? code : 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if ((code = import_each(im, steps[i].sql, steps[i].take, e)) != 0)
            return code;
    return import_orphaned(im, orphans, sizeof orphans / sizeof *orphans, take_orphan, e);
}
