/* HUD HMIS CSV (2024 and 2026 standards) as a mapping: User -> user; Organization, Project -> provider; Client ->
 * client; Enrollment with its Exit -> case, one for each person's stay; the others of its household -> contacts of the
 * case; Enrollment.UserID -> assignment; Services -> service; HealthAndDV.CurrentlyFleeing -> an alert of that client.
 */
#include "mapping.h"

static const struct mapping_file files[] = {
    {.name = "User",
     .key = "UserID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .stays = "deleted in the source; the account here stays until the office disables it",
     .columns = "UserID! UserFirstName UserLastName UserPhone UserEmail DateUpdated@ DateDeleted"},
    {.name = "Organization",
     .key = "OrganizationID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .columns = "OrganizationID! OrganizationName DateUpdated@ DateDeleted"},
    {.name = "Project",
     .key = "ProjectID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .columns = "ProjectID! OrganizationID ProjectName DateUpdated@ DateDeleted"},
    {.name = "Client",
     .key = "PersonalID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .columns = "PersonalID! FirstName! MiddleName LastName! NameSuffix DOB# Sex VeteranStatus SSN SSNDataQuality "
                "DateUpdated@ DateDeleted"},
    {.name = "Enrollment",
     .key = "EnrollmentID",
     .parent = "PersonalID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .columns = "EnrollmentID! PersonalID! ProjectID EntryDate# HouseholdID RelationshipToHoH LivingSituation UserID "
                "DateUpdated@ DateDeleted"},
    {.name = "Exit",
     .key = "ExitID",
     .parent = "EnrollmentID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .means = "the end of its case",
     .columns = "ExitID! EnrollmentID! ExitDate# Destination DateUpdated@ DateDeleted"},
    {.name = "Services",
     .key = "ServicesID",
     .parent = "EnrollmentID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .columns = "ServicesID! EnrollmentID! DateProvided@ RecordType TypeProvided FAAmount DateUpdated@ DateDeleted"},
    {.name = "HealthAndDV",
     .key = "HealthAndDVID",
     .parent = "PersonalID",
     .updated = "DateUpdated",
     .deleted = "DateDeleted",
     .means = "whether the client is fleeing",
     .columns = "HealthAndDVID! PersonalID! InformationDate# CurrentlyFleeing DateUpdated@ DateDeleted"},
};

static const struct mapping_reference references[] = {
    {"Project", "OrganizationID", "Organization", "no organization has this key", 0},
    {"Enrollment", "PersonalID", "Client", "its client was not taken", 1},
    {"Enrollment", "ProjectID", "Project", "no project has this key", 0},
    {"Enrollment", "UserID", "User", "no user has this key", 0},
    {"Exit", "EnrollmentID", "Enrollment", "its enrolment was not taken", 1},
    {"Services", "EnrollmentID", "Enrollment", "its enrolment was not taken", 1},
    {"HealthAndDV", "PersonalID", "Client", "its client was not taken", 1},
};

/* The exit that was updated last closes its enrolment; the newest answer that is yes or no says whether a person is
 * fleeing. */
static const struct mapping_sift sifts[] = {
    {"Exit",
     "line NOT IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY EnrollmentID ORDER BY "
     "coalesce(DateUpdated, '') DESC, line) AS n FROM Exit) WHERE n = 1)",
     ACCOUNT_LEFT, "another exit of its enrolment was updated later or stands before it"},
    {"HealthAndDV",
     "line NOT IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY PersonalID ORDER BY CurrentlyFleeing "
     "IN ('0', '1') DESC, coalesce(InformationDate, '') DESC, coalesce(DateUpdated, '') DESC, line) AS n FROM "
     "HealthAndDV) WHERE n = 1)",
     ACCOUNT_PASSED, "the same person has a later answer, or a plain one, which counts"},
};

/* There is no end ('') if the file of exits has none, and either an exit was deleted, or the enrolment was updated
 * later than when it was taken last. Else nothing is known of an end (NULL): an export may hold the exits of a period
 * alone. */
#define NO_EXIT                                                                                                        \
    "(SELECT '' WHERE NOT EXISTS(SELECT 1 FROM account_file WHERE file = 'Exit') AND NOT EXISTS(SELECT 1 FROM gone g " \
    "WHERE g.file = 'Exit' AND g.parent = n.EnrollmentID AND g.old = 1) AND (n.later OR EXISTS(SELECT 1 FROM gone g "  \
    "WHERE g.file = 'Exit' AND g.parent = n.EnrollmentID)))"
#define OF_EXIT "CASE WHEN x.line IS NULL THEN " NO_EXIT " WHEN x.old THEN NULL "

/* The views that the records are made from. A key of a household that more than 30 share is a placeholder. */
static const char prepare[] =
    "CREATE INDEX e ON Enrollment(HouseholdID); CREATE INDEX x ON Exit(EnrollmentID); "
    "CREATE INDEX h ON HealthAndDV(PersonalID); CREATE INDEX m ON Enrollment(PersonalID); "
    "CREATE INDEX i ON Enrollment(record_id('Enrollment', EnrollmentID)); "
    "CREATE INDEX g ON gone(file, parent); CREATE INDEX j ON gone(record_id('Enrollment', key)); "
    "CREATE VIEW person AS SELECT c.*, words(FirstName, MiddleName, LastName, NameSuffix) AS name, "
    /* An answer is known if it is a plain one, or if every answer of the person was deleted. */
    "CASE WHEN h.old = 0 AND h.CurrentlyFleeing IN ('0', '1') THEN h.CurrentlyFleeing WHEN h.line IS NULL AND "
    "EXISTS(SELECT 1 FROM gone g WHERE g.file = 'HealthAndDV' AND g.parent = c.PersonalID AND g.old = 0) THEN '0' END "
    "AS fleeing FROM Client c LEFT JOIN HealthAndDV h ON h.PersonalID = c.PersonalID WHERE c.old = 0; "
    "CREATE VIEW stay AS SELECT n.*, p.ProjectName AS project, " OF_EXIT "ELSE x.ExitDate END AS closed, " OF_EXIT
    "WHEN x.Destination = '' THEN '' ELSE 'destination ' || x.Destination || ' (HUD list 3.12.1)' END AS outcome FROM "
    "Enrollment n LEFT JOIN Exit x ON x.EnrollmentID = n.EnrollmentID LEFT JOIN Project p ON p.ProjectID = n.ProjectID "
    "WHERE n.old = 0; "
    "CREATE TABLE pair AS SELECT a.EnrollmentID AS enrollment, b.PersonalID AS person, b.RelationshipToHoH AS "
    "relationship, a.EnrollmentID || ' ' || b.PersonalID AS key, words(c.FirstName, c.LastName) AS name, max(a.old, "
    "b.old) AS old, a.line AS line FROM Enrollment a JOIN Enrollment b ON b.HouseholdID = a.HouseholdID AND "
    "b.PersonalID <> a.PersonalID JOIN Client c ON c.PersonalID = b.PersonalID WHERE a.HouseholdID <> '' AND "
    "a.HouseholdID IN (SELECT HouseholdID FROM Enrollment GROUP BY HouseholdID HAVING count(*) <= 30) GROUP BY "
    "a.EnrollmentID, b.PersonalID ORDER BY a.line, b.line; CREATE INDEX k ON pair(key)";

/* HMIS 2026, list 3.15.1. */
#define RELATIONSHIP(column)                                                                                           \
    "code(" column ", '1', 'head of the household', '2', 'child of the head', '3', 'partner of the head', '4', "       \
    "'relative of the head', '5', 'not related to the head')"

/* What a person is here, and may do, is the office's to say. */
static const struct mapping_field user_fields[] = {
    {"name", "nullif(words(UserFirstName, UserLastName), '')", MAPPING_SET},
    {"name", "CASE words(UserFirstName, UserLastName) WHEN '' THEN 'hmis' || UserID END", MAPPING_NEW},
    {"login", "'hmis' || UserID", MAPPING_NEW},
    {"role", "'case manager'", MAPPING_NEW},
    {"status", "'active'", MAPPING_NEW},
    {"phone", "UserPhone", MAPPING_SET},
    {"email", "UserEmail", MAPPING_SET},
};

static const struct mapping_field organization_fields[] = {
    {"name", "OrganizationName", MAPPING_SET},
    {"type", "'organization'", MAPPING_SET},
};

static const struct mapping_field project_fields[] = {
    {"name", "ProjectName", MAPPING_SET},
    {"type", "'project'", MAPPING_SET},
    {"parent", "record_id('Organization', OrganizationID)", MAPPING_SET},
};

static const struct mapping_field client_fields[] = {
    {"legal_name", "name", MAPPING_SET},
    {"birth_date", "DOB", MAPPING_SET},
    {"gender", "code(Sex, '0', 'female', '1', 'male')", MAPPING_SET},
    {"veteran", "code(VeteranStatus, '0', 'no', '1', 'yes')", MAPPING_SET},
    /* A social security number, or the hash of one, that the source calls whole (list 3.02.2): a part of one, with x
     * for what is not known, would be shared by many persons. */
    {"identifier",
     "CASE WHEN length(SSN) >= 9 AND SSN NOT GLOB '*[xX]*' AND coalesce(SSNDataQuality, '') IN ('', '1') THEN 'SSN ' "
     "|| SSN WHEN SSN IS NOT NULL THEN '' END",
     MAPPING_ELEMENTS},
    /* HMIS 2026, 4.11.B: of this person alone, whoever else is in the household. */
    {"alert", "code(fleeing, '1', 'fleeing domestic violence: ask before sharing where this person is')",
     MAPPING_ELEMENTS},
};

static const struct mapping_field enrollment_fields[] = {
    {"client", "record_id('Client', PersonalID)", MAPPING_SET},
    {"number", "EnrollmentID", MAPPING_SET},
    {"program", "record_id('Project', ProjectID)", MAPPING_SET},
    {"title", "project", MAPPING_SET},
    {"opened", "EntryDate", MAPPING_SET},
    {"household", "HouseholdID", MAPPING_SET},
    {"relationship", RELATIONSHIP("RelationshipToHoH"), MAPPING_SET},
    {"closed", "closed", MAPPING_SET},
    {"outcome", "outcome", MAPPING_SET},
    {"living_situation", "CASE LivingSituation WHEN '' THEN '' ELSE LivingSituation || ' (HUD list 3.12.1)' END",
     MAPPING_SET},
    {"status", "CASE WHEN closed IS NULL THEN 'open' END", MAPPING_NEW},
    {"status", "CASE WHEN closed = '' THEN 'open' WHEN closed <> '' THEN 'closed' END", MAPPING_SET},
};

static const struct mapping_field assignment_fields[] = {
    {"user", "record_id('User', UserID)", MAPPING_SET},
    {"status", "'active'", MAPPING_SET},
};

static const struct mapping_field member_fields[] = {
    {"name", "name", MAPPING_SET},
    {"relationship", RELATIONSHIP("relationship"), MAPPING_SET},
    {"client", "record_id('Client', person)", MAPPING_SET},
};

static const struct mapping_field service_fields[] = {
    {"type", "CASE RecordType WHEN '200' THEN 'bed night' ELSE 'HUD service' END", MAPPING_SET},
    {"code", "coalesce(RecordType, '') || '/' || coalesce(TypeProvided, '')", MAPPING_SET},
    {"started", "DateProvided", MAPPING_SET},
    {"amount", "FAAmount", MAPPING_ELEMENTS},
};

static const struct mapping_record records[] = {
    {.kind = "user",
     .file = "User",
     .table = "User",
     .key = "UserID",
     .from = "User WHERE old = 0",
     MAPPING_FIELDS(user_fields)},
    {.kind = "provider",
     .file = "Organization",
     .table = "Organization",
     .key = "OrganizationID",
     .from = "Organization WHERE old = 0",
     .goes = 1,
     MAPPING_FIELDS(organization_fields)},
    {.kind = "provider",
     .file = "Project",
     .table = "Project",
     .key = "ProjectID",
     .from = "Project WHERE old = 0",
     .goes = 1,
     MAPPING_FIELDS(project_fields)},
    {.kind = "client",
     .file = "Client",
     .table = "Client",
     .key = "PersonalID",
     .from = "person",
     .goes = 1,
     MAPPING_FIELDS(client_fields)},
    {.kind = "case",
     .file = "Enrollment",
     .table = "Enrollment",
     .key = "EnrollmentID",
     .from = "stay",
     .goes = 1,
     MAPPING_FIELDS(enrollment_fields)},
    {.kind = "assignment",
     .table = "assignment",
     .key = "record_id('Enrollment', EnrollmentID) || ' ' || record_id('User', UserID)",
     .scope = "record_id('Enrollment', EnrollmentID)",
     .label = "EnrollmentID",
     .from = "Enrollment WHERE old = 0 AND UserID <> ''",
     .has_no_key = 1,
     MAPPING_FIELDS(assignment_fields)},
    {.kind = "contact",
     .file = "Enrollment",
     .table = "household",
     .key = "key",
     .scope = "record_id('Enrollment', enrollment)",
     .from = "pair WHERE old = 0",
     MAPPING_FIELDS(member_fields)},
    {.kind = "service",
     .file = "Services",
     .table = "Services",
     .key = "ServicesID",
     .scope = "record_id('Enrollment', EnrollmentID)",
     .from = "Services WHERE old = 0",
     .moves = 1,
     .goes = 1,
     MAPPING_FIELDS(service_fields)},
};

/* Which records of this source stand on a row that says something else now, or is gone. */
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

const struct mapping mapping_hmis = {
    .format = "hmis",
    .needs = {"Client", "Enrollment"},
    .export_file = "Export",
    .export_columns = "ExportID ExportDate@",
    .export_time = "SELECT max(ExportDate) FROM Export",
    .files = files,
    .file_count = MAPPING_COUNT(files),
    .references = references,
    .reference_count = MAPPING_COUNT(references),
    .sifts = sifts,
    .sift_count = MAPPING_COUNT(sifts),
    .prepare = prepare,
    .records = records,
    .record_count = MAPPING_COUNT(records),
    .orphans = orphans,
    .orphan_count = MAPPING_COUNT(orphans),
};
