/* HUD HMIS CSV (2024 and 2026 standards): User -> user; Organization, Project -> provider; Client -> client;
 * Enrollment with its Exit -> case, one for each person's stay; the others of its household -> contacts of the case;
 * Enrollment.UserID -> assignment; Services -> service; HealthAndDV.CurrentlyFleeing -> an alert of that client. */
#include <stdio.h>
#include <string.h>

#include "import.h"
#include "record.h"

static struct id id_for(const struct import *im, const char *table, const char *key)
{
    return id_derive(im->source, table, key);
}

/* The id of the record that a key refers to, as text; "": there is no key. */
static void ref(const struct import *im, const char *table, const char *key, char out[ID_TEXT])
{
    struct id id = id_for(im, table, key);
    out[0] = 0;
    if (key[0] != 0)
        id_format(&id, out);
}

/* --- which rows are taken --- */

/* A file, by the order in which its rows are sifted. */
struct file {
    const char *name, *key, *parent; /* parent: the column that names what a row hangs on; NULL: it hangs on nothing */
    const char *columns;
};

/* Settles rows that lack their key, repeat one, are older than what was taken, or are deleted in the source. Of the
 * rows of one key the newest counts, even if it says that all are deleted. Those that are deleted are kept in `gone`.
 */
static int sift(struct import *im, const struct file *f, struct error *e)
{
    static const char deleted[] = "trim(coalesce(DateDeleted, '')) <> ''";
    char condition[2][512], keep[512];
    int code;
    (void)snprintf(condition[0], sizeof condition[0], "trim(\"%s\") = ''", f->key);
    (void)snprintf(condition[1], sizeof condition[1],
                   "line IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY \"%s\" ORDER BY "
                   "coalesce(DateUpdated, '') DESC, coalesce(DateDeleted, '') <> '' DESC, line) AS n FROM \"%s\") "
                   "WHERE n > 1)",
                   f->key, f->name);
    (void)snprintf(keep, sizeof keep,
                   "INSERT INTO gone SELECT '%s', line, \"%s\", %s, DateUpdated, old FROM \"%s\" WHERE %s", f->name,
                   f->key, f->parent != NULL ? f->parent : "''", f->name, deleted);
    if ((code = import_sift(im, f->name, condition[0], ACCOUNT_LEFT, "its key is empty", e)) == 0 &&
        (code = import_sift(im, f->name, condition[1], ACCOUNT_LEFT,
                            "another row has its key, and was updated later or stands before it", e)) == 0 &&
        (code = import_old(im, f->name, f->key, "DateUpdated", e)) == 0 && (code = db_exec(im->staging, keep, e)) == 0)
        code = import_sift(im, f->name, deleted, ACCOUNT_PASSED, "deleted in the source", e);
    return code;
}

/* A column that names a row of another table. */
struct reference {
    const char *table, *column, *to, *key;
    const char *why; /* if it names none */
    int is_needed;   /* then the row is left; else this value alone */
};

/* Leaves the values that name no row: the field stays as it is, and the account has the source's word. */
static int leave_references(struct import *im, const struct reference *r, struct error *e)
{
    char condition[256], sql[1024];
    (void)snprintf(condition, sizeof condition, "\"%s\" <> '' AND \"%s\" NOT IN (SELECT \"%s\" FROM \"%s\")", r->column,
                   r->column, r->key, r->to);
    (void)snprintf(
        sql, sizeof sql,
        "INSERT INTO account_value SELECT '%s', line, (SELECT key FROM account_row a WHERE a.file = '%s' AND "
        "a.line = t.line), '%s', \"%s\", '%s' FROM \"%s\" t WHERE %s; UPDATE \"%s\" SET \"%s\" = NULL WHERE "
        "%s",
        r->table, r->table, r->column, r->column, r->why, r->table, condition, r->table, r->column, condition);
    return db_exec(im->staging, sql, e);
}

static int sift_references(struct import *im, const struct reference *all, size_t count, struct error *e)
{
    char condition[256];
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        (void)snprintf(condition, sizeof condition, "\"%s\" NOT IN (SELECT \"%s\" FROM \"%s\")", all[i].column,
                       all[i].key, all[i].to);
        code = all[i].is_needed ? import_sift(im, all[i].table, condition, ACCOUNT_LEFT, all[i].why, e)
                                : leave_references(im, &all[i], e);
    }
    return code;
}

/* --- one row of each table --- */

static int take_user(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0), *login = db_text(s, 1), *name = db_text(s, 2);
    struct import_record r = {.kind = schema_kind(KIND_USER), .source_id = key, .row = import_row_at("User", s)};
    r.id = id_for(im, "User", key);
    import_field(&r, "name", name[0] != 0 ? name : NULL);
    /* What a person is here, and may do, is the office's to say. */
    if (name[0] == 0)
        import_field_new(&r, "name", login);
    import_field_new(&r, "login", login);
    import_field_new(&r, "role", "case manager");
    import_field_new(&r, "status", "active");
    import_field(&r, "phone", import_known(s, 3));
    import_field(&r, "email", import_known(s, 4));
    return import_write(im, &r, e);
}

static int take_organization(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {
        .kind = schema_kind(KIND_PROVIDER), .source_id = key, .row = import_row_at("Organization", s)};
    r.id = id_for(im, "Organization", key);
    import_field(&r, "name", import_known(s, 1));
    import_field(&r, "type", "organization");
    return import_write(im, &r, e);
}

static int take_project(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_PROVIDER), .source_id = key, .row = import_row_at("Project", s)};
    char parent[ID_TEXT];
    r.id = id_for(im, "Project", key);
    ref(im, "Organization", db_text(s, 1), parent);
    import_field(&r, "name", import_known(s, 2));
    import_field(&r, "type", "project");
    import_field(&r, "parent", import_known(s, 1) != NULL ? parent : NULL);
    return import_write(im, &r, e);
}

/* 1: a social security number, or the hash of one, that the source calls whole (list 3.02.2). A part of one, with x for
 * what is not known, would be shared by many persons. */
static int is_whole_number(const char *ssn, const char *quality)
{
    return strlen(ssn) >= 9 && strpbrk(ssn, "xX") == NULL && (quality[0] == 0 || strcmp(quality, "1") == 0);
}

/* The word for a code; "": the source has none; NULL: nothing is known, or it is a code that is not told. */
static const char *word_of(const char *code, const char *zero, const char *one)
{
    return code == NULL || code[0] == 0 ? code : strcmp(code, "0") == 0 ? zero : strcmp(code, "1") == 0 ? one : "";
}

static int take_client(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_CLIENT), .source_id = key, .row = import_row_at("Client", s)};
    struct {
        const char *field, *value;
    } elements[2];
    r.id = r.scope = id_for(im, "Client", key);
    import_field(&r, "legal_name", db_text(s, 1));
    import_field(&r, "birth_date", import_known(s, 2));
    import_field(&r, "gender", word_of(import_known(s, 3), "female", "male"));
    import_field(&r, "veteran", word_of(import_known(s, 4), "no", "yes"));
    if (import_known(s, 5) != NULL)
        import_set(&r, "identifier");
    if (is_whole_number(db_text(s, 5), db_text(s, 6))) {
        elements[r.element_count].field = "identifier";
        elements[r.element_count++].value = db_text(s, 7);
    }
    /* HMIS 2026, 4.11.B: of this person alone, whoever else is in the household. */
    if (import_known(s, 8) != NULL)
        import_set(&r, "alert");
    if (db_int(s, 8) == 1) {
        elements[r.element_count].field = "alert";
        elements[r.element_count++].value = "fleeing domestic violence: ask before sharing where this person is";
    }
    r.elements = (void *)elements;
    return import_write(im, &r, e);
}

/* The relationship to the head of the household in words (HMIS 2026, list 3.15.1); NULL: nothing is known; "": the code
 * is none of the list. */
static const char *relationship(const char *code)
{
    static const char *const words[] = {"head of the household", "child of the head", "partner of the head",
                                        "relative of the head", "not related to the head"};
    return code == NULL ? NULL : code[0] >= '1' && code[0] <= '5' && code[1] == 0 ? words[code[0] - '1'] : "";
}

static int take_enrollment(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0), *closed = import_known(s, 7);
    struct import_record r = {.kind = schema_kind(KIND_CASE), .source_id = key, .row = import_row_at("Enrollment", s)};
    char client[ID_TEXT], program[ID_TEXT];
    struct id user = id_for(im, "User", db_text(s, 8));
    int code;
    r.id = r.scope = id_for(im, "Enrollment", key);
    ref(im, "Client", db_text(s, 1), client);
    ref(im, "Project", db_text(s, 2), program);
    import_field(&r, "client", client);
    import_field(&r, "number", key);
    import_field(&r, "program", import_known(s, 2) != NULL ? program : NULL);
    import_field(&r, "title", import_known(s, 10));
    import_field(&r, "opened", import_known(s, 3));
    import_field(&r, "household", import_known(s, 4));
    import_field(&r, "relationship", relationship(import_known(s, 5)));
    import_field(&r, "closed", closed);
    import_field(&r, "outcome", import_known(s, 6));
    import_field(&r, "living_situation", import_known(s, 9));
    if (closed == NULL) /* without a file of exits nothing is known of them */
        import_field_new(&r, "status", "open");
    else
        import_field(&r, "status", closed[0] != 0 ? "closed" : "open");
    if ((code = import_write(im, &r, e)) != 0 || r.is_left || db_text(s, 8)[0] == 0)
        return code;
    return import_assign(im, "assignment", &r.id, &user, key, e);
}

static int take_household_member(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {.kind = schema_kind(KIND_CONTACT), .row = import_row_at("Enrollment", s)};
    char client[ID_TEXT];
    r.source_id = db_text(s, 3);
    r.id = id_for(im, "household", r.source_id);
    r.scope = id_for(im, "Enrollment", db_text(s, 0));
    ref(im, "Client", db_text(s, 1), client);
    import_field(&r, "name", db_text(s, 4));
    import_field(&r, "relationship", relationship(import_known(s, 2)));
    import_field(&r, "client", client);
    return import_write(im, &r, e);
}

static int take_service(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_SERVICE), .source_id = key, .row = import_row_at("Services", s)};
    struct {
        const char *field, *value;
    } amount = {"amount", import_known(s, 5)};
    r.id = id_for(im, "Services", key);
    r.table = "Services";
    r.scope = id_for(im, "Enrollment", db_text(s, 1));
    import_field(&r, "type", strcmp(db_text(s, 3), "200") == 0 ? "bed night" : "HUD service");
    import_field(&r, "code", db_text(s, 4));
    import_field(&r, "started", import_known(s, 2));
    if (amount.value != NULL) {
        r.elements = (void *)&amount;
        r.element_count = 1;
        import_set(&r, "amount");
    }
    return import_write(im, &r, e);
}

/* --- what the source has no more --- */

static int take_gone(struct import *im, sqlite3_stmt *s, struct error *e)
{
    static const struct {
        const char *file;
        unsigned kind;
    } kinds[] = {{"Services", KIND_SERVICE},
                 {"Enrollment", KIND_CASE},
                 {"Client", KIND_CLIENT},
                 {"Project", KIND_PROVIDER},
                 {"Organization", KIND_PROVIDER}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct account_row row = {kinds[i].file, db_uint(s, 2), db_text(s, 0)};
        struct id id = id_for(im, kinds[i].file, db_text(s, 0));
        if (strcmp(db_text(s, 1), kinds[i].file) == 0)
            return import_withdraw(im, schema_kind(kinds[i].kind), &id, &row, "deleted in the source", e);
    }
    return 0;
}

/* Withdraws what stood on a row as it was before. */
static int take_orphan(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct account_row row = {NULL, 0, ""};
    struct import_record r = {.kind = schema_kind(KIND_ASSIGNMENT)};
    struct record_place place;
    struct id id;
    int code = id_parse(db_text(s, 0), &id, e);
    if (code != 0)
        return code;
    if ((code = id_parse(db_text(s, 2), &r.scope, e)) != 0)
        return code;
    /* The case of a row that is gone may stand all the same, since people wrote in it; then all that is in it stands.
     */
    if (db_int(s, 3) == 2 && (code = record_find(im->central->db, &r.scope, &place, e)) == 0 && !place.voided)
        return 0;
    if (code != 0 || strcmp(db_text(s, 1), "assignment") != 0)
        return code != 0 ? code
                         : import_withdraw(im, schema_kind_named(db_text(s, 1)), &id, &row,
                                           "the row that it stood on says something else now", e);
    r.id = id;
    import_field(&r, "status", "disabled");
    return import_write(im, &r, e);
}

/* Which records of this source stand on a row that says something else now, or is gone: ?1 is the record's id, ?2 its
 * scope, ?3 its key in the source, or the user of an assignment. */
static const struct import_orphans orphans[] = {
    {"service", "SELECT id, scope, source_id FROM service WHERE source_id IS NOT NULL AND voided = 0",
     "SELECT 1 FROM Services WHERE ServicesID = ?3 AND old = 0 AND record_id('Enrollment', EnrollmentID) <> ?2 AND ?1 "
     "IN (record_id('Services', ?3), record_id('Services', ?3 || ' in ' || ?2))"},
    {"contact", "SELECT id, scope, source_id FROM contact WHERE source_id IS NOT NULL AND voided = 0",
     "SELECT 1 FROM Enrollment n WHERE record_id('Enrollment', n.EnrollmentID) = ?2 AND n.old = 0 AND n.HouseholdID IS "
     "NOT NULL AND ?1 = record_id('household', ?3) AND NOT EXISTS(SELECT 1 FROM pair WHERE key = ?3) AND "
     "(EXISTS(SELECT 1 FROM Enrollment b WHERE b.PersonalID = substr(?3, length(n.EnrollmentID) + 2)) OR "
     "EXISTS(SELECT 1 FROM gone g WHERE g.file = 'Enrollment' AND g.parent = substr(?3, length(n.EnrollmentID) + 2))) "
     "UNION ALL SELECT 2 FROM gone WHERE file = 'Enrollment' AND old = 0 AND record_id('Enrollment', key) = ?2 AND ?1 "
     "= record_id('household', ?3)"},
    {"assignment",
     "SELECT a.id, a.scope, a.\"user\" FROM assignment a JOIN \"case\" c ON c.id = a.scope AND c.source_id IS NOT NULL "
     "WHERE a.voided = 0 AND a.status = 'active'",
     "SELECT 1 FROM Enrollment n WHERE record_id('Enrollment', n.EnrollmentID) = ?2 AND n.old = 0 AND n.UserID IS NOT "
     "NULL AND ?1 = record_id('assignment', ?2 || ' ' || ?3) AND ?3 <> CASE n.UserID WHEN '' THEN '' ELSE "
     "record_id('User', n.UserID) END "
     "UNION ALL SELECT 2 FROM gone WHERE file = 'Enrollment' AND old = 0 AND record_id('Enrollment', key) = ?2 AND ?1 "
     "= record_id('assignment', ?2 || ' ' || ?3)"},
};

/* --- all files --- */

static const struct file files[] = {
    {"User", "UserID", NULL, "UserID! UserFirstName UserLastName UserPhone UserEmail DateUpdated@ DateDeleted"},
    {"Organization", "OrganizationID", NULL, "OrganizationID! OrganizationName DateUpdated@ DateDeleted"},
    {"Project", "ProjectID", NULL, "ProjectID! OrganizationID ProjectName DateUpdated@ DateDeleted"},
    {"Client", "PersonalID", NULL,
     "PersonalID! FirstName! MiddleName LastName! NameSuffix DOB# Sex VeteranStatus SSN SSNDataQuality DateUpdated@ "
     "DateDeleted"},
    {"Enrollment", "EnrollmentID", "PersonalID",
     "EnrollmentID! PersonalID! ProjectID EntryDate# HouseholdID RelationshipToHoH LivingSituation UserID DateUpdated@ "
     "DateDeleted"},
    {"Exit", "ExitID", "EnrollmentID", "ExitID! EnrollmentID! ExitDate# Destination DateUpdated@ DateDeleted"},
    {"Services", "ServicesID", "EnrollmentID",
     "ServicesID! EnrollmentID! DateProvided@ RecordType TypeProvided FAAmount DateUpdated@ DateDeleted"},
    {"HealthAndDV", "HealthAndDVID", "PersonalID",
     "HealthAndDVID! PersonalID! InformationDate# CurrentlyFleeing DateUpdated@ DateDeleted"},
};

/* Reads when the export was made, and begins the import. */
static int begin_hmis(struct import *im, const char *folder, struct error *e)
{
    char exported[MOMENT_TEXT] = "";
    sqlite3_stmt *s;
    int row, there, code = import_stage(im, folder, "Export", "ExportID ExportDate@", &there, e);
    if (code != 0)
        return code;
    if (!there && (code = account_file(im->staging, "Export", 0,
                                       "it is not in the folder, so nobody knows when it was made", e)) != 0)
        return code;
    if ((code = db_exec(im->staging,
                        "UPDATE account_row SET outcome = 1, why = 'when the export was made' WHERE file = 'Export' "
                        "AND outcome = 0",
                        e)) != 0)
        return code;
    if ((row = db_first(im->staging, &s, e, "SELECT max(ExportDate) FROM Export", "")) < 0)
        return error_code(e);
    if (row == 1) {
        (void)snprintf(exported, sizeof exported, "%s", db_text(s, 0));
        db_done(im->staging, s);
    }
    return import_begin(im, folder, exported, e);
}

/* Stages every file, and sifts its rows. */
static int stage_all(struct import *im, const char *folder, struct error *e)
{
    static const struct reference references[] = {
        {"Project", "OrganizationID", "Organization", "OrganizationID", "no organization has this key", 0},
        {"Enrollment", "PersonalID", "Client", "PersonalID", "its client was not taken", 1},
        {"Enrollment", "ProjectID", "Project", "ProjectID", "no project has this key", 0},
        {"Enrollment", "UserID", "User", "UserID", "no user has this key", 0},
        {"Exit", "EnrollmentID", "Enrollment", "EnrollmentID", "its enrolment was not taken", 1},
        {"Services", "EnrollmentID", "Enrollment", "EnrollmentID", "its enrolment was not taken", 1},
        {"HealthAndDV", "PersonalID", "Client", "PersonalID", "its client was not taken", 1},
    };
    int code, there;
    if ((code = db_exec(im->staging,
                        "CREATE TABLE gone(file TEXT, line INTEGER, key TEXT, parent TEXT, updated TEXT, old INTEGER)",
                        e)) != 0)
        return code;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if ((code = import_stage(im, folder, files[i].name, files[i].columns, &there, e)) != 0 ||
            (there && (code = sift(im, &files[i], e)) != 0))
            return code;
    if ((code = db_exec(im->staging,
                        "CREATE INDEX e ON Enrollment(HouseholdID); CREATE INDEX x ON Exit(EnrollmentID); "
                        "CREATE INDEX u ON User(UserID); CREATE INDEX p ON Project(ProjectID); "
                        "CREATE INDEX h ON HealthAndDV(PersonalID); CREATE INDEX c ON Client(PersonalID); "
                        "CREATE INDEX n ON Enrollment(EnrollmentID); CREATE INDEX o ON Organization(OrganizationID); "
                        "CREATE INDEX s ON Services(ServicesID); CREATE INDEX m ON Enrollment(PersonalID); "
                        "CREATE INDEX i ON Enrollment(record_id('Enrollment', EnrollmentID)); "
                        "CREATE INDEX g ON gone(file, parent); "
                        "CREATE INDEX j ON gone(record_id('Enrollment', key))",
                        e)) != 0)
        return code;
    return sift_references(im, references, sizeof references / sizeof *references, e);
}

/* Settles the rows that say something of a record that another row makes: the exit that was updated last closes its
 * enrolment; the newest answer that is yes or no says whether a person is fleeing. */
static int settle_others(struct import *im, struct error *e)
{
    static const char newest_exit[] =
        "line NOT IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY EnrollmentID ORDER BY "
        "coalesce(DateUpdated, '') DESC, line) AS n FROM Exit) WHERE n = 1)";
    static const char newest_answer[] =
        "line NOT IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY PersonalID ORDER BY "
        "CurrentlyFleeing IN ('0', '1') DESC, coalesce(InformationDate, '') DESC, coalesce(DateUpdated, '') DESC, "
        "line) AS n FROM HealthAndDV) WHERE n = 1)";
    int code = import_sift(im, "Exit", newest_exit, ACCOUNT_LEFT,
                           "another exit of its enrolment was updated later or stands before it", e);
    if (code == 0)
        code = import_sift(im, "HealthAndDV", newest_answer, ACCOUNT_PASSED,
                           "the same person has a later answer, or a plain one, which counts", e);
    return code != 0 ? code
                     : db_exec(im->staging,
                               "UPDATE account_row SET outcome = 1, why = 'the end of its case' WHERE file = 'Exit' "
                               "AND line IN (SELECT line FROM Exit WHERE old = 0);"
                               "UPDATE account_row SET outcome = 1, why = 'whether the client is fleeing' WHERE file "
                               "= 'HealthAndDV' AND line IN (SELECT line FROM HealthAndDV WHERE old = 0)",
                               e);
}

/* Without a file of exits nothing is known of an end (NULL), nor if an older row says that an exit was deleted; without
 * an exit in it there is none (''). */
#define NO_EXIT                                                                                                        \
    "(SELECT '' WHERE NOT EXISTS(SELECT 1 FROM account_file WHERE file = 'Exit') AND NOT EXISTS(SELECT 1 FROM gone g " \
    "WHERE g.file = 'Exit' AND g.parent = n.EnrollmentID AND g.old = 1))"
#define OF_EXIT "CASE WHEN x.line IS NULL THEN " NO_EXIT " WHEN x.old THEN NULL "
#define CLOSED OF_EXIT "ELSE x.ExitDate END"
#define OUTCOME                                                                                                        \
    OF_EXIT "WHEN x.Destination = '' THEN '' ELSE 'destination ' || x.Destination || ' (HUD list 3.12.1)' END"
/* An answer is known if it is a plain one, or if every answer of the person was deleted. */
#define IS_FLEEING                                                                                                     \
    "CASE WHEN h.old = 0 AND h.CurrentlyFleeing IN ('0', '1') THEN h.CurrentlyFleeing WHEN h.line IS NULL AND "        \
    "EXISTS(SELECT 1 FROM gone g WHERE g.file = 'HealthAndDV' AND g.parent = c.PersonalID AND g.old = 0) THEN '0' END"
/* A key that more than 30 share is a placeholder, not a household. */
#define PAIRS                                                                                                          \
    "CREATE TABLE pair AS SELECT a.EnrollmentID AS enrollment, b.PersonalID AS person, b.RelationshipToHoH AS "        \
    "relationship, a.EnrollmentID || ' ' || b.PersonalID AS key, words(c.FirstName, c.LastName) AS name, max(a.old, "  \
    "b.old) AS old, a.line AS line FROM Enrollment a JOIN Enrollment b ON b.HouseholdID = a.HouseholdID AND "          \
    "b.PersonalID <> a.PersonalID JOIN Client c ON c.PersonalID = b.PersonalID WHERE a.HouseholdID <> '' AND "         \
    "a.HouseholdID IN (SELECT HouseholdID FROM Enrollment GROUP BY HouseholdID HAVING count(*) <= 30) GROUP BY "       \
    "a.EnrollmentID, b.PersonalID ORDER BY a.line, b.line; CREATE INDEX k ON pair(key)"

static const struct {
    const char *sql;
    import_row *take;
} steps[] = {
    {"SELECT key, file, line FROM gone WHERE old = 0 ORDER BY CASE file WHEN 'Services' THEN 0 WHEN 'Enrollment' THEN "
     "1 WHEN 'Client' THEN 2 ELSE 3 END, line",
     take_gone},
    {"SELECT UserID, 'hmis' || UserID, words(UserFirstName, UserLastName), UserPhone, UserEmail, line FROM User WHERE "
     "old = 0 ORDER BY line",
     take_user},
    {"SELECT OrganizationID, OrganizationName, line FROM Organization WHERE old = 0 ORDER BY line", take_organization},
    {"SELECT ProjectID, OrganizationID, ProjectName, line FROM Project WHERE old = 0 ORDER BY line", take_project},
    {"SELECT c.PersonalID, words(FirstName, MiddleName, LastName, NameSuffix), DOB, Sex, VeteranStatus, SSN, "
     "SSNDataQuality, 'SSN ' || SSN, " IS_FLEEING ", c.line FROM Client c LEFT JOIN HealthAndDV h ON h.PersonalID = "
     "c.PersonalID WHERE c.old = 0 ORDER BY c.line",
     take_client},
    {"SELECT n.EnrollmentID, n.PersonalID, n.ProjectID, n.EntryDate, n.HouseholdID, n.RelationshipToHoH, " OUTCOME
     ", " CLOSED
     ", n.UserID, CASE n.LivingSituation WHEN '' THEN '' ELSE n.LivingSituation || ' (HUD list 3.12.1)' END, "
     "p.ProjectName, n.line FROM Enrollment n LEFT JOIN Exit x ON x.EnrollmentID = n.EnrollmentID LEFT JOIN Project p "
     "ON p.ProjectID = n.ProjectID WHERE n.old = 0 ORDER BY n.line",
     take_enrollment},
    {"SELECT enrollment, person, relationship, key, name, line FROM pair WHERE old = 0 ORDER BY line",
     take_household_member},
    {"SELECT ServicesID, EnrollmentID, DateProvided, RecordType, coalesce(RecordType, '') || '/' || "
     "coalesce(TypeProvided, ''), FAAmount, line FROM Services WHERE old = 0 ORDER BY line",
     take_service},
};

/* Remembers when each row that was taken, or is gone, was updated. */
static int remember_all(struct import *im, struct error *e)
{
    char sql[512];
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof files / sizeof *files; i++) {
        (void)snprintf(sql, sizeof sql,
                       "SELECT \"%s\", DateUpdated FROM \"%s\" WHERE old = 0 AND DateUpdated <> '' UNION ALL SELECT "
                       "key, updated FROM gone WHERE file = '%s' AND old = 0 AND updated <> ''",
                       files[i].key, files[i].name, files[i].name);
        code = import_remember(im, files[i].name, sql, e);
    }
    return code;
}

int import_hmis(struct import *im, const char *folder, int *found, struct error *e)
{
    int code;
    *found = import_has(folder, "Client") && import_has(folder, "Enrollment");
    if (!*found || (code = import_source(im, "hmis", e)) != 0 || (code = begin_hmis(im, folder, e)) != 0 ||
        (code = stage_all(im, folder, e)) != 0 || (code = settle_others(im, e)) != 0 ||
        (code = db_exec(im->staging, PAIRS, e)) != 0)
        return *found ? code : 0;
    for (size_t i = im->fills ? 1 : 0; i < sizeof steps / sizeof *steps; i++)
        if ((code = import_each(im, steps[i].sql, steps[i].take, e)) != 0)
            return code;
    if (!im->fills && (code = import_orphaned(im, orphans, sizeof orphans / sizeof *orphans, take_orphan, e)) != 0)
        return code;
    return remember_all(im, e);
}
