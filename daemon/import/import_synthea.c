/* Synthea's CSV export as a mapping: organizations, providers -> provider; patients with their allergies and present
 * conditions -> client and one case; encounters -> service; careplans -> plan. */
#include "mapping.h"

static const struct mapping_file files[] = {
    {.name = "patients",
     .key = "Id",
     .columns =
         "Id! BIRTHDATE# DEATHDATE# FIRST! MIDDLE LAST! SUFFIX GENDER ADDRESS CITY STATE ZIP SSN DRIVERS PASSPORT"},
    {.name = "encounters",
     .key = "Id",
     .columns = "Id! START@ STOP@ PATIENT! PROVIDER CODE DESCRIPTION REASONDESCRIPTION"},
    {.name = "careplans", .key = "Id", .columns = "Id! START@ STOP@ PATIENT! CODE DESCRIPTION REASONDESCRIPTION"},
    {.name = "conditions", .means = "of its client", .columns = "PATIENT! STOP# DESCRIPTION!"},
    {.name = "allergies",
     .means = "of its client",
     .columns = "PATIENT! STOP# DESCRIPTION! DESCRIPTION1 SEVERITY1 DESCRIPTION2 SEVERITY2"},
    {.name = "organizations", .key = "Id", .columns = "Id! NAME! ADDRESS CITY STATE ZIP PHONE"},
    {.name = "providers", .key = "Id", .columns = "Id! ORGANIZATION NAME! SPECIALITY ADDRESS CITY STATE ZIP"},
};

static const struct mapping_reference references[] = {
    {"encounters", "PATIENT", "patients", "its patient was not taken", 1},
    {"careplans", "PATIENT", "patients", "its patient was not taken", 1},
    {"conditions", "PATIENT", "patients", "its patient was not taken", 1},
    {"allergies", "PATIENT", "patients", "its patient was not taken", 1},
};

static const struct mapping_sift sifts[] = {
    {"conditions", "coalesce(STOP, '') <> ''", ACCOUNT_PASSED,
     "it has ended: only what is present goes into the record"},
    {"allergies", "coalesce(STOP, '') <> ''", ACCOUNT_PASSED,
     "it has ended: only what is present goes into the record"},
    {"conditions", "DESCRIPTION LIKE '%(situation)'", ACCOUNT_PASSED, "a situation, not a condition"},
};

#define ADDRESS_WORDS "CASE WHEN ADDRESS IS NULL THEN NULL ELSE words_by(', ', ADDRESS, words(CITY, STATE, ZIP)) END"

/* All of what a patient has of a file; NULL if the folder has no such file: then nothing is known of it. */
#define ALL_OF(file, words, condition)                                                                                 \
    "CASE WHEN NOT EXISTS(SELECT 1 FROM account_file WHERE file = '" file "') THEN coalesce((SELECT "                  \
    "group_concat(element, char(31)) FROM (SELECT DISTINCT " words " AS element FROM " file                            \
    " o WHERE o.PATIENT = patients.Id AND " condition " ORDER BY 1)), '') END"

/* The worst known severity, and the reactions. */
#define ALLERGY                                                                                                        \
    "DESCRIPTION || CASE WHEN SEVERITY1 <> '' OR SEVERITY2 <> '' THEN ' (' || lower(CASE WHEN 'SEVERE' IN "            \
    "(SEVERITY1, SEVERITY2) THEN 'severe' WHEN 'MODERATE' IN (SEVERITY1, SEVERITY2) THEN 'moderate' ELSE SEVERITY1 "   \
    "END) || CASE WHEN DESCRIPTION1 <> '' THEN ': ' || DESCRIPTION1 ELSE '' END || CASE WHEN DESCRIPTION2 <> '' THEN " \
    "', ' || DESCRIPTION2 ELSE '' END || ')' ELSE '' END"

static const char prepare[] =
    "CREATE INDEX a ON allergies(PATIENT); CREATE INDEX c ON conditions(PATIENT); CREATE INDEX n ON "
    "encounters(PATIENT)";

static const struct mapping_field organization_fields[] = {
    {"name", "NAME", MAPPING_SET},
    {"type", "'organization'", MAPPING_SET},
    {"address", ADDRESS_WORDS, MAPPING_SET},
    {"phone", "PHONE", MAPPING_SET},
};

static const struct mapping_field provider_fields[] = {
    {"name", "NAME", MAPPING_SET},
    {"type", "SPECIALITY", MAPPING_SET},
    {"address", ADDRESS_WORDS, MAPPING_SET},
    {"parent", "record_id('organization', ORGANIZATION)", MAPPING_SET},
};

/* What Synthea codes as a (finding) about somebody's life is a need for a case manager, the rest is a diagnosis. */
static const struct mapping_field patient_fields[] = {
    {"legal_name", "words(FIRST, MIDDLE, LAST, SUFFIX)", MAPPING_SET},
    {"birth_date", "BIRTHDATE", MAPPING_SET},
    {"death_date", "DEATHDATE", MAPPING_SET},
    {"gender", "CASE GENDER WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' ELSE GENDER END", MAPPING_SET},
    {"address", ADDRESS_WORDS, MAPPING_SET},
    {"allergy", ALL_OF("allergies", ALLERGY, "1"), MAPPING_ELEMENTS},
    {"diagnosis", ALL_OF("conditions", "DESCRIPTION", "DESCRIPTION NOT LIKE '%(finding)'"), MAPPING_ELEMENTS},
    {"identifier", "CASE DRIVERS WHEN '' THEN '' ELSE 'driver''s licence ' || DRIVERS END", MAPPING_ELEMENTS},
    {"identifier", "CASE PASSPORT WHEN '' THEN '' ELSE 'passport ' || PASSPORT END", MAPPING_ELEMENTS},
    {"identifier", "CASE SSN WHEN '' THEN '' ELSE 'SSN ' || SSN END", MAPPING_ELEMENTS},
    {"need", ALL_OF("conditions", "DESCRIPTION", "DESCRIPTION LIKE '%(finding)'"), MAPPING_ELEMENTS},
};

static const struct mapping_field case_fields[] = {
    {"client", "record_id('patient', Id)", MAPPING_SET},
    {"number", "Id", MAPPING_SET},
    {"title", "'primary care'", MAPPING_SET},
    {"opened", "(SELECT substr(min(START), 1, 10) FROM encounters n WHERE n.PATIENT = patients.Id AND START <> '')",
     MAPPING_SET},
    {"status", "CASE WHEN DEATHDATE IS NULL THEN 'open' END", MAPPING_NEW},
    {"status", "CASE WHEN DEATHDATE = '' THEN 'open' WHEN DEATHDATE <> '' THEN 'closed' END", MAPPING_SET},
};

static const struct mapping_field encounter_fields[] = {
    {"type", "DESCRIPTION", MAPPING_SET},
    {"code", "CODE", MAPPING_SET},
    {"started", "START", MAPPING_SET},
    {"ended", "STOP", MAPPING_SET},
    {"provider", "record_id('provider', PROVIDER)", MAPPING_SET},
    {"reason", "REASONDESCRIPTION", MAPPING_SET},
};

static const struct mapping_field careplan_fields[] = {
    {"title", "DESCRIPTION", MAPPING_SET},
    {"code", "CODE", MAPPING_SET},
    {"started", "START", MAPPING_SET},
    {"ended", "STOP", MAPPING_SET},
    {"status", "CASE WHEN STOP = '' THEN 'active' WHEN STOP <> '' THEN 'completed' END", MAPPING_SET},
    {"reason", "REASONDESCRIPTION", MAPPING_SET},
};

static const struct mapping_record records[] = {
    {.kind = "provider",
     .file = "organizations",
     .table = "organization",
     .key = "Id",
     .from = "organizations",
     MAPPING_FIELDS(organization_fields)},
    {.kind = "provider",
     .file = "providers",
     .table = "provider",
     .key = "Id",
     .from = "providers",
     MAPPING_FIELDS(provider_fields)},
    {.kind = "client",
     .file = "patients",
     .table = "patient",
     .key = "Id",
     .from = "patients",
     MAPPING_FIELDS(patient_fields)},
    {.kind = "case", .file = "patients", .table = "case", .key = "Id", .from = "patients", MAPPING_FIELDS(case_fields)},
    {.kind = "service",
     .file = "encounters",
     .table = "encounter",
     .key = "Id",
     .scope = "record_id('case', PATIENT)",
     .from = "encounters",
     .moves = 1,
     MAPPING_FIELDS(encounter_fields)},
    {.kind = "plan",
     .file = "careplans",
     .table = "careplan",
     .key = "Id",
     .scope = "record_id('case', PATIENT)",
     .from = "careplans",
     .moves = 1,
     MAPPING_FIELDS(careplan_fields)},
};

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

const struct mapping mapping_synthea = {
    .format = "synthea",
    .needs = {"patients"},
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
