/* HUD HMIS CSV (2024 and 2026 standards): User -> user; Organization, Project -> provider; Client -> client;
 * Enrollment with its Exit -> case, one for each person's stay; the others of its household -> contacts of the case;
 * Enrollment.UserID -> assignment; Services -> service. */
#include <stdio.h>
#include <string.h>

#include "import.h"
#include "moment.h"

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

/* "2022-05-09 13:38:05" as one of our times: the export names no zone, so it is the office's. "2022-05-09" is a day,
 * and stays one. Anything else goes on as it is, for the schema to refuse. */
static const char *time_of(const char *source, char out[MOMENT_TEXT])
{
    if (moment_from_words(source, out, NULL) != 0)
        (void)snprintf(out, MOMENT_TEXT, "%.*s", MOMENT_TEXT - 1, source);
    return out;
}

/* --- which rows are taken --- */

/* Removes from the staging table, and counts as left, rows that are deleted in the source, lack their key, or repeat
 * one. */
static int sift(struct import *im, const char *table, const char *key, struct error *e)
{
    static const char *const reasons[] = {"deleted in the source", "its key is empty",
                                          "its key has been seen before, with a later or equal date of update"};
    char sql[3][512];
    int code = 0;
    (void)snprintf(sql[0], sizeof sql[0], "DELETE FROM \"%s\" WHERE trim(\"DateDeleted\") <> ''", table);
    (void)snprintf(sql[1], sizeof sql[1], "DELETE FROM \"%s\" WHERE trim(\"%s\") = ''", table, key);
    (void)snprintf(
        sql[2], sizeof sql[2],
        "DELETE FROM \"%s\" WHERE rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER (PARTITION BY "
        "\"%s\" ORDER BY \"DateUpdated\" DESC, line) AS n FROM \"%s\") WHERE n > 1)",
        table, key, table);
    for (int i = 0; code == 0 && i < 3; i++) {
        code = db_exec(im->staging, sql[i], e);
        for (int n = code == 0 ? db_changes(im->staging) : 0; n > 0; n--)
            import_left(im, table, reasons[i]);
    }
    return code;
}

/* A column that must name a row of another table. */
struct reference {
    const char *table, *column, *to, *key;
    const char *reason; /* why a row is left whose column names none */
};

/* Removes, and counts as left, the rows whose reference is to a row that was not taken. */
static int sift_reference(struct import *im, const struct reference *r, struct error *e)
{
    char sql[512];
    int code;
    (void)snprintf(sql, sizeof sql, "DELETE FROM \"%s\" WHERE \"%s\" NOT IN (SELECT \"%s\" FROM \"%s\")", r->table,
                   r->column, r->key, r->to);
    if ((code = db_exec(im->staging, sql, e)) != 0)
        return code;
    for (int n = db_changes(im->staging); n > 0; n--)
        import_left(im, r->table, r->reason);
    return 0;
}

/* --- one row of each table --- */

static int take_user(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_USER), .source_id = key, .file = "User"};
    char login[64], name[256];
    r.id = id_for(im, "User", key);
    (void)snprintf(login, sizeof login, "hmis%.40s", key);
    (void)snprintf(name, sizeof name, "%.100s%s%.100s", db_text(s, 1), db_text(s, 1)[0] != 0 ? " " : "", db_text(s, 2));
    import_field(&r, "name", name[0] != 0 ? name : login);
    import_field(&r, "login", login);
    import_field(&r, "role", "case manager");
    import_field(&r, "status", "active");
    import_field(&r, "phone", db_text(s, 3));
    import_field(&r, "email", db_text(s, 4));
    return import_write(im, &r, e);
}

static int take_organization(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_PROVIDER), .source_id = key, .file = "Organization"};
    r.id = id_for(im, "Organization", key);
    import_field(&r, "name", db_text(s, 1));
    import_field(&r, "type", "organization");
    return import_write(im, &r, e);
}

static int take_project(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_PROVIDER), .source_id = key, .file = "Project"};
    char parent[ID_TEXT];
    r.id = id_for(im, "Project", key);
    ref(im, "Organization", db_text(s, 1), parent);
    import_field(&r, "name", db_text(s, 2));
    import_field(&r, "type", "project");
    import_field(&r, "parent", parent);
    return import_write(im, &r, e);
}

/* 1: a social security number, or the hash of one, that the source calls whole (list 3.02.2). A part of one, with x for
 * what is not known, would be shared by many persons. */
static int is_whole_number(const char *ssn, const char *quality)
{
    return strlen(ssn) >= 9 && strpbrk(ssn, "xX") == NULL && (quality[0] == 0 || strcmp(quality, "1") == 0);
}

static int take_client(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0), *sex = db_text(s, 6), *veteran = db_text(s, 7);
    struct import_record r = {.kind = schema_kind(KIND_CLIENT), .source_id = key, .file = "Client"};
    struct {
        const char *field, *value;
    } identifier;
    char name[512], number[128];
    size_t used = 0;
    r.id = r.scope = id_for(im, "Client", key);
    name[0] = 0;
    for (int i = 1; i <= 4; i++)
        if (db_text(s, i)[0] != 0)
            used += (size_t)snprintf(name + used, sizeof name - used, "%s%.120s", used == 0 ? "" : " ", db_text(s, i));
    import_field(&r, "legal_name", name);
    import_field(&r, "birth_date", db_text(s, 5));
    import_field(&r, "gender", strcmp(sex, "0") == 0 ? "female" : strcmp(sex, "1") == 0 ? "male" : NULL);
    import_field(&r, "veteran", strcmp(veteran, "1") == 0 ? "yes" : strcmp(veteran, "0") == 0 ? "no" : NULL);
    if (is_whole_number(db_text(s, 8), db_text(s, 9))) {
        (void)snprintf(number, sizeof number, "SSN %.100s", db_text(s, 8));
        identifier.field = "identifier";
        identifier.value = number;
        r.elements = (void *)&identifier;
        r.element_count = 1;
    }
    return import_write(im, &r, e);
}

/* The relationship to the head of the household in words (HMIS 2026, list 3.15.1); NULL: the code is none of the list.
 */
static const char *relationship(const char *code)
{
    static const char *const words[] = {"head of the household", "child of the head", "partner of the head",
                                        "relative of the head", "not related to the head"};
    return code[0] >= '1' && code[0] <= '5' && code[1] == 0 ? words[code[0] - '1'] : NULL;
}

static int take_enrollment(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0), *closed = db_text(s, 7);
    struct import_record r = {.kind = schema_kind(KIND_CASE), .source_id = key, .file = "Enrollment"};
    char client[ID_TEXT], program[ID_TEXT], outcome[96] = "", living[96] = "";
    struct id user = id_for(im, "User", db_text(s, 8));
    int code;
    r.id = r.scope = id_for(im, "Enrollment", key);
    ref(im, "Client", db_text(s, 1), client);
    ref(im, "Project", db_text(s, 2), program);
    if (db_text(s, 6)[0] != 0)
        (void)snprintf(outcome, sizeof outcome, "destination %.40s (HUD list 3.12.1)", db_text(s, 6));
    if (db_text(s, 9)[0] != 0)
        (void)snprintf(living, sizeof living, "%.40s (HUD list 3.12.1)", db_text(s, 9));
    import_field(&r, "client", client);
    import_field(&r, "number", key);
    import_field(&r, "program", program);
    import_field(&r, "title", db_text(s, 10));
    import_field(&r, "opened", db_text(s, 3));
    import_field(&r, "household", db_text(s, 4));
    import_field(&r, "relationship", relationship(db_text(s, 5)));
    import_field(&r, "closed", closed);
    import_field(&r, "outcome", outcome);
    import_field(&r, "living_situation", living);
    import_field(&r, "status", closed[0] != 0 ? "closed" : "open");
    if ((code = import_write(im, &r, e)) != 0 || db_text(s, 8)[0] == 0)
        return code;
    return import_assign(im, &r.id, &user, e);
}

static int take_household_member(struct import *im, sqlite3_stmt *s, struct error *e)
{
    struct import_record r = {.kind = schema_kind(KIND_CONTACT), .file = "Enrollment (household)"};
    char key[256], client[ID_TEXT], name[512];
    (void)snprintf(key, sizeof key, "%.100s %.100s", db_text(s, 0), db_text(s, 1));
    r.id = id_for(im, "household", key);
    r.scope = id_for(im, "Enrollment", db_text(s, 0));
    r.source_id = key;
    ref(im, "Client", db_text(s, 1), client);
    (void)snprintf(name, sizeof name, "%.200s%s%.200s", db_text(s, 3), db_text(s, 3)[0] != 0 ? " " : "", db_text(s, 4));
    import_field(&r, "name", name);
    import_field(&r, "relationship", relationship(db_text(s, 2)));
    import_field(&r, "client", client);
    return import_write(im, &r, e);
}

static int take_service(struct import *im, sqlite3_stmt *s, struct error *e)
{
    const char *key = db_text(s, 0);
    struct import_record r = {.kind = schema_kind(KIND_SERVICE), .source_id = key, .file = "Services"};
    char type[128], code[128], started[MOMENT_TEXT];
    struct {
        const char *field, *value;
    } amount = {"amount", db_text(s, 5)};
    r.id = id_for(im, "Services", key);
    r.scope = id_for(im, "Enrollment", db_text(s, 1));
    (void)snprintf(code, sizeof code, "%.40s/%.40s", db_text(s, 3), db_text(s, 4));
    (void)snprintf(type, sizeof type, "%s", strcmp(db_text(s, 3), "200") == 0 ? "bed night" : "HUD service");
    import_field(&r, "type", type);
    import_field(&r, "code", code);
    import_field(&r, "started", time_of(db_text(s, 2), started));
    if (amount.value[0] != 0) {
        r.elements = (void *)&amount;
        r.element_count = 1;
    }
    return import_write(im, &r, e);
}

/* --- all files --- */

/* Stages every file. *found 0: the folder has no Client or Enrollment. A file that may be absent becomes an empty
 * table. */
static int stage_all(struct import *im, const char *folder, int *found, struct error *e)
{
    static const char *const user[] = {"UserID",    "UserFirstName", "UserLastName", "UserPhone",
                                       "UserEmail", "DateUpdated",   "DateDeleted",  NULL};
    static const char *const organization[] = {"OrganizationID", "OrganizationName", "DateUpdated", "DateDeleted",
                                               NULL};
    static const char *const project[] = {"ProjectID",   "OrganizationID", "ProjectName",
                                          "DateUpdated", "DateDeleted",    NULL};
    static const char *const client[] = {"PersonalID", "FirstName",     "MiddleName",  "LastName",    "NameSuffix",
                                         "DOB",        "VeteranStatus", "DateUpdated", "DateDeleted", NULL};
    static const char *const enrollment[] = {
        "EnrollmentID",    "PersonalID", "ProjectID",   "EntryDate",   "HouseholdID", "RelationshipToHoH",
        "LivingSituation", "UserID",     "DateUpdated", "DateDeleted", NULL};
    static const char *const leaving[] = {"ExitID",      "EnrollmentID", "ExitDate", "Destination",
                                          "DateUpdated", "DateDeleted",  NULL};
    static const char *const services[] = {"ServicesID", "EnrollmentID", "DateProvided", "RecordType", "TypeProvided",
                                           "FAAmount",   "DateUpdated",  "DateDeleted",  NULL};
    static const struct {
        const char *name, *key;
        const char *const *columns;
        const char *empty; /* its columns, for a file that may be absent; NULL: it may not */
    } files[] = {
        {"User", "UserID", user, "UserID,UserFirstName,UserLastName,UserPhone,UserEmail,DateUpdated,DateDeleted"},
        {"Organization", "OrganizationID", organization, "OrganizationID,OrganizationName,DateUpdated,DateDeleted"},
        {"Project", "ProjectID", project, "ProjectID,OrganizationID,ProjectName,DateUpdated,DateDeleted"},
        {"Client", "PersonalID", client, NULL},
        {"Enrollment", "EnrollmentID", enrollment, NULL},
        {"Exit", "ExitID", leaving, "ExitID,EnrollmentID,ExitDate,Destination,DateUpdated,DateDeleted"},
        {"Services", "ServicesID", services,
         "ServicesID,EnrollmentID,DateProvided,RecordType,TypeProvided,FAAmount,DateUpdated,DateDeleted"},
    };
    static const char *const optional[] = {"Sex", "SSN", "SSNDataQuality"};
    char sql[512];
    int code, there;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if ((code = import_stage(im, folder, files[i].name, files[i].columns, &there, e)) != 0)
            return code;
        if (!there && files[i].empty == NULL)
            return 0;
        if (!there) {
            (void)snprintf(sql, sizeof sql, "CREATE TABLE \"%s\"(line, %s)", files[i].name, files[i].empty);
            if ((code = db_exec(im->staging, sql, e)) != 0)
                return code;
        } else if ((code = sift(im, files[i].name, files[i].key, e)) != 0) {
            return code;
        }
    }
    *found = 1;
    /* Client has no column Sex in the 2024 standard, and some remove the SSN before they hand an export on. */
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        (void)snprintf(sql, sizeof sql, "ALTER TABLE Client ADD COLUMN %s TEXT DEFAULT ''", optional[i]);
        (void)db_exec(im->staging, sql, NULL);
    }
    return db_exec(im->staging,
                   "CREATE INDEX e ON Enrollment(HouseholdID); CREATE INDEX x ON Exit(EnrollmentID); "
                   "CREATE INDEX u ON User(UserID); CREATE INDEX p ON Project(ProjectID)",
                   e);
}

static int sift_references(struct import *im, struct error *e)
{
    static const struct reference references[] = {
        {"Enrollment", "PersonalID", "Client", "PersonalID", "its client was not taken"},
        {"Exit", "EnrollmentID", "Enrollment", "EnrollmentID", "its enrolment was not taken"},
        {"Services", "EnrollmentID", "Enrollment", "EnrollmentID", "its enrolment was not taken"},
    };
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof references / sizeof *references; i++)
        code = sift_reference(im, &references[i], e);
    return code;
}

int import_hmis(struct import *im, const char *folder, int *found, struct error *e)
{
    static const struct {
        const char *sql;
        import_row *take;
    } steps[] = {
        {"SELECT UserID, UserFirstName, UserLastName, UserPhone, UserEmail FROM User ORDER BY line", take_user},
        {"SELECT OrganizationID, OrganizationName FROM Organization ORDER BY line", take_organization},
        {"SELECT ProjectID, OrganizationID, ProjectName FROM Project ORDER BY line", take_project},
        {"SELECT PersonalID, FirstName, MiddleName, LastName, NameSuffix, DOB, Sex, VeteranStatus, SSN, "
         "SSNDataQuality FROM Client "
         "ORDER BY line",
         take_client},
        /* If an enrolment has several exits, the one that was updated last closes it. */
        {"SELECT n.EnrollmentID, n.PersonalID, n.ProjectID, n.EntryDate, n.HouseholdID, n.RelationshipToHoH, "
         "x.Destination, x.ExitDate, (SELECT u.UserID FROM User u WHERE u.UserID = n.UserID), n.LivingSituation, "
         "p.ProjectName FROM Enrollment n "
         "LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY EnrollmentID ORDER BY DateUpdated DESC, line) AS n "
         "FROM Exit) x ON x.EnrollmentID = n.EnrollmentID AND x.n = 1 "
         "LEFT JOIN Project p ON p.ProjectID = n.ProjectID ORDER BY n.line",
         take_enrollment},
        /* A key that more than 30 share is a placeholder, not a household. */
        {"SELECT a.EnrollmentID, b.PersonalID, b.RelationshipToHoH, c.FirstName, c.LastName FROM Enrollment a "
         "JOIN Enrollment b ON b.HouseholdID = a.HouseholdID AND b.PersonalID <> a.PersonalID "
         "JOIN Client c ON c.PersonalID = b.PersonalID WHERE a.HouseholdID <> '' AND a.HouseholdID IN "
         "(SELECT HouseholdID FROM Enrollment GROUP BY HouseholdID HAVING count(*) <= 30) "
         "GROUP BY a.EnrollmentID, b.PersonalID ORDER BY a.line, b.line",
         take_household_member},
        {"SELECT ServicesID, EnrollmentID, DateProvided, RecordType, TypeProvided, FAAmount FROM Services ORDER BY "
         "line",
         take_service},
    };
    int code;
    *found = 0;
    if ((code = import_source(im, "hmis", e)) != 0 || (code = stage_all(im, folder, found, e)) != 0 || !*found ||
        (code = sift_references(im, e)) != 0)
        return code;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if ((code = import_each(im, steps[i].sql, steps[i].take, e)) != 0)
            return code;
    return import_flush(im, e);
}
