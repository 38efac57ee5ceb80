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
    struct import_record r = {.kind = schema_kind(KIND_PROVIDER), .source_id = db_text(s, 0), .file = "organizations"};
    char address[512];
    r.id = id_derive(im->source, "organization", db_text(s, 0));
    (void)snprintf(address, sizeof address, "%.200s, %.100s", db_text(s, 2), db_text(s, 3));
    import_field(&r, "name", db_text(s, 1));
    import_field(&r, "type", "organization");
    import_field(&r, "address", address);
    import_field(&r, "phone", db_text(s, 4));
    return import_write(im, &r, e);
}

static int take_provider(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {.kind = schema_kind(KIND_PROVIDER), .source_id = db_text(s, 0), .file = "providers"};
    char address[512], parent[ID_TEXT];
    r.id = id_derive(im->source, "provider", db_text(s, 0));
    ref(im, "organization", db_text(s, 1), parent);
    (void)snprintf(address, sizeof address, "%.200s, %.100s", db_text(s, 4), db_text(s, 5));
    import_field(&r, "name", db_text(s, 2));
    import_field(&r, "type", db_text(s, 3));
    import_field(&r, "address", address);
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
        "<> '' THEN ', ' || DESCRIPTION2 ELSE '' END || ')' ELSE '' END FROM allergies WHERE PATIENT = ?1 AND STOP = "
        "'' "
        "UNION SELECT CASE WHEN DESCRIPTION LIKE '%(finding)' THEN 'need' ELSE 'diagnosis' END, DESCRIPTION FROM "
        "conditions WHERE PATIENT = ?1 AND STOP = '' AND DESCRIPTION NOT LIKE '%(situation)' "
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
    const char *key = db_text(s, 0), *sex = db_text(s, 6);
    struct import_record client = {.kind = schema_kind(KIND_CLIENT), .source_id = key, .file = "patients"};
    struct import_record file = {.kind = schema_kind(KIND_CASE), .source_id = key, .file = "patients"};
    struct elements elements = {0};
    char name[512], address[512], person[ID_TEXT];
    int code;
    client.id = client.scope = id_derive(im->source, "patient", key);
    file.id = file.scope = id_derive(im->source, "case", key);
    (void)snprintf(name, sizeof name, "%.100s %.100s", db_text(s, 3), db_text(s, 4));
    (void)snprintf(address, sizeof address, "%.200s, %.100s", db_text(s, 7), db_text(s, 8));
    import_field(&client, "legal_name", name);
    import_field(&client, "birth_date", db_text(s, 1));
    import_field(&client, "death_date", db_text(s, 2));
    import_field(&client, "gender", strcmp(sex, "F") == 0 ? "female" : strcmp(sex, "M") == 0 ? "male" : NULL);
    import_field(&client, "address", address);
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
    import_field(&file, "opened", db_text(s, 9));
    import_field(&file, "status", db_text(s, 2)[0] != 0 ? "closed" : "open");
    return import_write(im, &file, e);
}

static int take_encounter(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {.kind = schema_kind(KIND_SERVICE), .source_id = db_text(s, 0), .file = "encounters"};
    char provider[ID_TEXT];
    r.id = id_derive(im->source, "encounter", db_text(s, 0));
    r.scope = id_derive(im->source, "case", db_text(s, 1));
    ref(im, "provider", db_text(s, 4), provider);
    import_field(&r, "type", db_text(s, 6));
    import_field(&r, "code", db_text(s, 5));
    import_field(&r, "started", db_text(s, 2));
    import_field(&r, "ended", db_text(s, 3));
    import_field(&r, "provider", provider);
    import_field(&r, "reason", db_text(s, 7));
    return import_write(im, &r, e);
}

static int take_careplan(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {.kind = schema_kind(KIND_PLAN), .source_id = db_text(s, 0), .file = "careplans"};
    r.id = id_derive(im->source, "careplan", db_text(s, 0));
    r.scope = id_derive(im->source, "case", db_text(s, 1));
    import_field(&r, "title", db_text(s, 5));
    import_field(&r, "code", db_text(s, 4));
    import_field(&r, "started", db_text(s, 2));
    import_field(&r, "ended", db_text(s, 3));
    import_field(&r, "status", db_text(s, 3)[0] != 0 ? "completed" : "active");
    import_field(&r, "reason", db_text(s, 6));
    return import_write(im, &r, e);
}

/* --- all files --- */

/* Removes the rows of a condition from a staging table, and counts them as left. */
static int sift(struct import *im, const char *table, const char *condition, const char *reason, struct error *e)
{
    char sql[512];
    int code;
    (void)snprintf(sql, sizeof sql, "DELETE FROM \"%s\" WHERE %s", table, condition);
    if ((code = db_exec(im->staging, sql, e)) != 0)
        return code;
    for (int n = db_changes(im->staging); n > 0; n--)
        import_left(im, table, reason);
    return 0;
}

/* Stages every file. *found 0: the folder has no patients. Any other file that is absent becomes an empty table. */
static int stage_all(struct import *im, const char *folder, int *found, struct error *e)
{
    static const char *const patients[] = {"Id",     "BIRTHDATE", "DEATHDATE", "FIRST", "LAST",
                                           "GENDER", "ADDRESS",   "CITY",      NULL};
    static const char *const encounters[] = {
        "Id", "START", "STOP", "PATIENT", "PROVIDER", "CODE", "DESCRIPTION", "REASONDESCRIPTION", NULL};
    static const char *const careplans[] = {
        "Id", "START", "STOP", "PATIENT", "CODE", "DESCRIPTION", "REASONDESCRIPTION", NULL};
    static const char *const conditions[] = {"STOP", "PATIENT", "DESCRIPTION", NULL};
    static const char *const allergies[] = {"STOP",      "PATIENT",      "DESCRIPTION", "DESCRIPTION1",
                                            "SEVERITY1", "DESCRIPTION2", "SEVERITY2",   NULL};
    static const char *const organizations[] = {"Id", "NAME", "ADDRESS", "CITY", "PHONE", NULL};
    static const char *const providers[] = {"Id", "ORGANIZATION", "NAME", "SPECIALITY", "ADDRESS", "CITY", NULL};
    static const char *const optional[] = {"SSN", "DRIVERS", "PASSPORT"};
    static const struct {
        const char *name;
        const char *const *columns;
    } files[] = {{"patients", patients},     {"encounters", encounters}, {"careplans", careplans},
                 {"conditions", conditions}, {"allergies", allergies},   {"organizations", organizations},
                 {"providers", providers}};
    char sql[512];
    int code, there;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if ((code = import_stage(im, folder, files[i].name, files[i].columns, &there, e)) != 0)
            return code;
        if (!there && i == 0)
            return 0;
        if (!there) { /* an empty table of the same columns */
            size_t used = (size_t)snprintf(sql, sizeof sql, "CREATE TABLE \"%s\"(line", files[i].name);
            for (size_t k = 0; files[i].columns[k] != NULL; k++)
                used += (size_t)snprintf(sql + used, sizeof sql - used, ", %s", files[i].columns[k]);
            (void)snprintf(sql + used, sizeof sql - used, ")");
            if ((code = db_exec(im->staging, sql, e)) != 0)
                return code;
        }
    }
    *found = 1;
    /* These columns may be absent from an export. */
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        (void)snprintf(sql, sizeof sql, "ALTER TABLE patients ADD COLUMN %s TEXT DEFAULT ''", optional[i]);
        (void)db_exec(im->staging, sql, NULL);
    }
    return db_exec(
        im->staging,
        "CREATE INDEX p ON patients(Id); CREATE INDEX a ON allergies(PATIENT); CREATE INDEX c ON conditions(PATIENT); "
        "CREATE INDEX n ON encounters(PATIENT)",
        e);
}

/* Removes the rows that are not imported. */
static int sift_all(struct import *im, struct error *e)
{
    static const char *const keyed[] = {"patients", "encounters", "careplans", "organizations", "providers"};
    static const char *const of_patients[] = {"encounters", "careplans", "conditions", "allergies"};
    char condition[256];
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof keyed / sizeof *keyed; i++) {
        (void)snprintf(condition, sizeof condition, "rowid NOT IN (SELECT min(rowid) FROM \"%s\" GROUP BY Id)",
                       keyed[i]);
        if ((code = sift(im, keyed[i], "Id = ''", "its key is empty", e)) == 0)
            code = sift(im, keyed[i], condition, "its key has been seen before", e);
    }
    for (size_t i = 0; code == 0 && i < sizeof of_patients / sizeof *of_patients; i++)
        code = sift(im, of_patients[i], "PATIENT NOT IN (SELECT Id FROM patients)", "its patient was not taken", e);
    for (size_t i = 2; code == 0 && i < sizeof of_patients / sizeof *of_patients; i++)
        code = sift(im, of_patients[i], "STOP <> ''", "it has ended: only what is present goes into the record", e);
    return code != 0 ? code
                     : sift(im, "conditions", "DESCRIPTION LIKE '%(situation)'", "a situation, not a condition", e);
}

int import_synthea(struct import *im, const char *folder, int *found, struct error *e)
{
    static const struct {
        const char *sql;
        import_row *take;
    } steps[] = {
        {"SELECT Id, NAME, ADDRESS, CITY, PHONE FROM organizations ORDER BY line", take_organization},
        {"SELECT Id, ORGANIZATION, NAME, SPECIALITY, ADDRESS, CITY FROM providers ORDER BY line", take_provider},
        {"SELECT Id, BIRTHDATE, DEATHDATE, FIRST, LAST, '', GENDER, ADDRESS, CITY, (SELECT substr(min(START), 1, 10) "
         "FROM encounters n WHERE n.PATIENT = p.Id) FROM patients p ORDER BY line",
         take_patient},
        {"SELECT Id, PATIENT, START, STOP, PROVIDER, CODE, DESCRIPTION, REASONDESCRIPTION FROM encounters ORDER BY "
         "line",
         take_encounter},
        {"SELECT Id, PATIENT, START, STOP, CODE, DESCRIPTION, REASONDESCRIPTION FROM careplans ORDER BY line",
         take_careplan},
    };
    int code;
    *found = 0;
    if ((code = import_source(im, "synthea", e)) != 0 || (code = stage_all(im, folder, found, e)) != 0 || !*found ||
        (code = sift_all(im, e)) != 0)
        return code;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if ((code = import_each(im, steps[i].sql, steps[i].take, e)) != 0)
            return code;
    return import_flush(im, e);
}
