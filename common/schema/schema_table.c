/* The table: every kind and field, its number, type, policy and help. Numbers are never changed and never used again.
 */
#include "schema_table.h"

#define THIS_VERSION 7

/* Each has a form for what came later: its first argument is the version of the table that has it first. Kinds and
 * fields are never added without it: what an older version took unjudged is judged when the office's program gets
 * there. */
#define FIELD(...) FIELD_SINCE(0, __VA_ARGS__)
#define FIELD_SINCE(since, number, name, type, policy, help)                                                           \
    {                                                                                                                  \
        number, SCHEMA_##type, name, SCHEMA_##policy, 0, NULL, help, since                                             \
    }
#define REF(...) REF_SINCE(0, __VA_ARGS__)
#define REF_SINCE(since, number, name, kind, policy, help)                                                             \
    {                                                                                                                  \
        number, SCHEMA_REF, name, SCHEMA_##policy, KIND_##kind, NULL, help, since                                      \
    }
#define CHOICE(...) CHOICE_SINCE(0, __VA_ARGS__)
#define CHOICE_SINCE(since, number, name, policy, choices, help)                                                       \
    {                                                                                                                  \
        number, SCHEMA_CHOICE, name, SCHEMA_##policy, 0, choices, help, since                                          \
    }
#define KIND(number, name, place, office_only, dealt, fields, title, columns, help)                                    \
    {                                                                                                                  \
        number, SCHEMA_##place, name, office_only, dealt, fields, sizeof(fields) / sizeof *(fields), help, title,      \
            columns, 0                                                                                                 \
    }
#define KIND_SINCE(since, number, name, place, office_only, dealt, fields, title, columns, help)                       \
    {                                                                                                                  \
        number, SCHEMA_##place, name, office_only, dealt, fields, sizeof(fields) / sizeof *(fields), help, title,      \
            columns, since                                                                                             \
    }
#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* Tests alone build programs of another version: their header defines what that version has at the end of each list,
 * and by how much its number is higher. Numbers for tests end in 900 to 999 and are never given to anything real. */
#ifdef SATCHEL_SCHEMA_EXTRA
#include SATCHEL_SCHEMA_EXTRA
#else
#define EXTRA_VERSION 0
#define EXTRA_RISKS
#define EXTRA_CLIENT_FIELDS
#define EXTRA_CASE_FIELDS
#define EXTRA_KINDS
#endif

const int schema_table_version = THIS_VERSION + EXTRA_VERSION;

static const struct schema_choice roles[] = {
    {1, "assistant"}, {2, "case manager"}, {3, "senior"},        {4, "supervisor"},
    {5, "director"},  {6, "auditor"},      {7, "administrator"}, {0, NULL}};
static const struct schema_choice in_use[] = {{1, "active"}, {2, "disabled"}, {0, NULL}};
static const struct schema_choice device_states[] = {{1, "active"}, {2, "disabled"}, {3, "to be wiped"}, {0, NULL}};
static const struct schema_choice events[] = {
    {1, "recovered"}, {2, "wrong passphrases"}, {3, "wiped"}, {4, "new data key"},
    {5, "set back"},  {6, "new epoch"},         {0, NULL}};
static const struct schema_choice hold_states[] = {{1, "held"}, {2, "released"}, {3, "kept out"}, {0, NULL}};
static const struct schema_choice case_states[] = {{1, "open"}, {2, "on hold"}, {3, "closed"}, {0, NULL}};
static const struct schema_choice risks[] = {{1, "none known"}, {2, "low"},      {3, "moderate"},
                                             {4, "high"},       {5, "critical"}, EXTRA_RISKS{0, NULL}};
static const struct schema_choice levels[] = {
    {1, "minimal"}, {2, "standard"}, {3, "intensive"}, {4, "residential"}, {0, NULL}};
static const struct schema_choice consents[] = {{1, "given"}, {2, "refused"}, {3, "withdrawn"}, {0, NULL}};
static const struct schema_choice plan_states[] = {
    {1, "draft"}, {2, "active"}, {3, "completed"}, {4, "ended early"}, {0, NULL}};
static const struct schema_choice note_types[] = {
    {1, "home visit"}, {2, "office visit"}, {3, "telephone"}, {4, "other"}, {0, NULL}};

const struct schema_field schema_table_shared[] = {
    FIELD(FIELD_VOID, "void", DOTS, REVIEW, "the record is voided; what the voider saw"),
    FIELD(FIELD_SOURCE_ID, "source_id", TEXT, LATEST, "its key in the system that it was imported from"),
    FIELD(FIELD_SOURCE_HASH, "source_hash", BYTES, LATEST, "hash of the rows that it was imported from"),
    FIELD_SINCE(
        6, FIELD_SEEN, "seen", DOTS, LATEST,
        "of a closing: how far its author had seen the case; of anything else: the closings that its author knew"),
};
const size_t schema_table_shared_count = sizeof schema_table_shared / sizeof *schema_table_shared;

static const struct schema_field office_fields[] = {
    FIELD(10, "name", TEXT, LATEST, "the office's name"),
    FIELD(11, "log_key", TEXT, LATEST, "its verifier key, as C2SP signed-note writes it"),
    FIELD(12, "noise_key", BYTES, LATEST, "its static X25519 public key"),
    FIELD(13, "schema_version", INTEGER, LATEST, "the schema that it writes"),
    FIELD(14, "lease_days", INTEGER, LATEST, "how long a laptop opens its store without meeting the office"),
    FIELD(15, "text_rule", INTEGER, LATEST, "the rule by which narratives are brought together"),
};
static const struct schema_field user_fields[] = {
    FIELD(10, "name", TEXT, LATEST, "the person's name"),
    CHOICE(11, "role", LATEST, roles, "what the person may do"),
    CHOICE(12, "status", LATEST, in_use, "disabled: may write nothing new"),
    FIELD(13, "email", TEXT, LATEST, "electronic mail"),
    FIELD(14, "phone", TEXT, LATEST, "telephone"),
    FIELD(15, "login", TEXT, LATEST, "the short name that commands take"),
    FIELD(16, "recovery_key", BYTES, LATEST, "X25519 public key of a recovery officer"),
    REF(17, "supervisor", USER, LATEST,
        "who supervises this person, and decides conflicts in this person's cases as well"),
};
static const struct schema_field device_fields[] = {
    REF(10, "user", USER, LATEST, "whose laptop it is"),
    FIELD(11, "label", TEXT, LATEST, "what people call it"),
    FIELD(12, "sign_key", BYTES, LATEST, "Ed25519 public key: signs its heads"),
    FIELD(13, "noise_key", BYTES, LATEST, "X25519 public key: opens its links"),
    CHOICE(14, "status", LATEST, device_states, "disabled: revoked; to be wiped: at its next contact"),
    FIELD(15, "quota", INTEGER, LATEST, "how much it may bring, in percent of what is usual"),
};
static const struct schema_field ticket_fields[] = {
    REF(10, "user", USER, LATEST, "whom it enrols"),
    FIELD(11, "expires", TIME, LATEST, "after that it is refused"),
    FIELD(12, "used_by", BYTES, LATEST, "id of the device that it enrolled"),
};
static const struct schema_field assignment_fields[] = {
    REF(10, "user", USER, LATEST, "who holds the case"),
    CHOICE(11, "status", LATEST, in_use, "disabled: released"),
    FIELD(12, "responsible", FLAG, LATEST, "this person decides what is contested in the case"),
    FIELD(13, "until", DATE, LATEST,
          "the last day, of somebody who has the case for a while; then the office releases it"),
};
static const struct schema_field hold_fields[] = {
    FIELD(10, "device", BYTES, LATEST, "the held change's device"),
    FIELD(11, "epoch", INTEGER, LATEST, "its epoch"),
    FIELD(12, "seq", INTEGER, LATEST, "its number in the chain"),
    FIELD(13, "reason", TEXT, LATEST, "why it could not be applied"),
    REF(14, "owner", USER, LATEST, "who decides"),
    CHOICE(15, "status", LATEST, hold_states, "held, released (applied after all) or kept out"),
    REF(16, "author", USER, LATEST, "who wrote the held change"),
};
static const struct schema_field client_fields[] = {
    FIELD(10, "legal_name", TEXT, REVIEW, "name as in the person's papers"),
    FIELD(11, "preferred_name", TEXT, LATEST, "what the person wants to be called"),
    FIELD(12, "birth_date", DATE, REVIEW, "date of birth"),
    FIELD(13, "death_date", DATE, REVIEW, "date of death"),
    FIELD(14, "gender", TEXT, LATEST, "as the person says"),
    FIELD(15, "phone", TEXT, LATEST, "telephone"),
    FIELD(16, "email", TEXT, LATEST, "electronic mail"),
    FIELD(17, "address", TEXT, LATEST, "where the person lives or stays"),
    FIELD(18, "language", TEXT, SET, "languages that the person speaks"),
    FIELD(19, "allergy", TEXT, SET, "allergies and intolerances, with severity and reaction"),
    FIELD(20, "diagnosis", TEXT, SET, "conditions that are present"),
    FIELD(21, "need", TEXT, SET, "what the person needs"),
    FIELD(22, "alert", TEXT, SET, "what a visitor must know before going there"),
    CHOICE(23, "consent", REVIEW, consents, "consent to sharing the record"),
    FIELD(24, "veteran", FLAG, LATEST, "has served"),
    FIELD(25, "identifier", TEXT, SET, "numbers by which others know the person: insurance, passport"),
    REF(26, "same_as", CLIENT, SET, "a record of the same person: the two are duplicates"),
    REF(27, "different_from", CLIENT, SET, "looks like the same person, and is another"),
    EXTRA_CLIENT_FIELDS};
static const struct schema_field case_fields[] = {
    REF(10, "client", CLIENT, REVIEW, "the person"),
    FIELD(11, "number", TEXT, LATEST, "the office's number, for people to read"),
    FIELD(12, "title", TEXT, LATEST, "what the case is about"),
    REF(13, "program", PROVIDER, LATEST, "the programme or project"),
    FIELD(14, "household", TEXT, LATEST, "the household's key"),
    FIELD(15, "relationship", TEXT, LATEST, "the person's relation to the head of the household"),
    FIELD(16, "opened", DATE, LATEST, "day of entry"),
    FIELD(17, "closed", DATE, LATEST, "day of exit"),
    FIELD(18, "outcome", TEXT, LATEST, "how it ended; where the person went"),
    CHOICE(19, "status", STATUS, case_states, "open, on hold, closed"),
    CHOICE(20, "risk", HIGHEST, risks, "falls only by someone who saw the higher one"),
    CHOICE(21, "level_of_care", HIGHEST, levels, "how much care is needed"),
    FIELD(22, "next_visit", TIME, LATEST, "the next appointment"),
    FIELD(23, "assessment", TEXT, TEXTUAL, "the narrative assessment"),
    FIELD(24, "living_situation", TEXT, LATEST, "where the person came from"),
    EXTRA_CASE_FIELDS};
static const struct schema_field contact_fields[] = {
    FIELD(10, "name", TEXT, LATEST, "the contact's name"),
    FIELD(11, "relationship", TEXT, LATEST, "to the client"),
    FIELD(12, "phone", TEXT, LATEST, "telephone"),
    REF(13, "client", CLIENT, LATEST, "the person, where that is a client too"),
    FIELD(14, "emergency", FLAG, LATEST, "to be called in an emergency"),
};
static const struct schema_field note_fields[] = {
    FIELD(10, "text", TEXT, ONCE, "what was seen, said and done; amended, never edited"),
    FIELD(11, "visited", TIME, ONCE, "when"),
    CHOICE(12, "type", ONCE, note_types, "where"),
};
static const struct schema_field service_fields[] = {
    FIELD(10, "type", TEXT, LATEST, "what was done"),
    FIELD(11, "code", TEXT, LATEST, "its code in the source system"),
    FIELD(12, "started", TIME, LATEST, "when it began"),
    FIELD(13, "ended", TIME, LATEST, "when it ended"),
    REF(14, "provider", PROVIDER, LATEST, "who did it"),
    FIELD(15, "units", INTEGER, SUM, "units or minutes of service"),
    FIELD(16, "amount", MONEY, SUM, "money spent"),
    FIELD(17, "outcome", TEXT, LATEST, "what came of it"),
    FIELD(18, "reason", TEXT, LATEST, "why"),
};
static const struct schema_field plan_fields[] = {
    FIELD(10, "title", TEXT, LATEST, "what the plan is for"),
    FIELD(11, "code", TEXT, LATEST, "its code in the source system"),
    FIELD(12, "started", DATE, LATEST, "from"),
    FIELD(13, "ended", DATE, LATEST, "to"),
    CHOICE(14, "status", STATUS, plan_states, "draft, active, completed, ended early"),
    FIELD(15, "narrative", TEXT, TEXTUAL, "goals and steps"),
    FIELD(16, "reason", TEXT, LATEST, "why"),
};
static const struct schema_field provider_fields[] = {
    FIELD(10, "name", TEXT, LATEST, "the organisation, project or practitioner"),
    FIELD(11, "type", TEXT, LATEST, "organisation, project, or the practitioner's speciality"),
    FIELD(12, "phone", TEXT, LATEST, "telephone"),
    FIELD(13, "address", TEXT, LATEST, "address"),
    REF(14, "parent", PROVIDER, LATEST, "what it belongs to"),
};
static const struct schema_field receipt_fields[] = {
    FIELD(10, "position", INTEGER, LATEST, "the office log's size up to which the laptop had applied its caseload"),
    FIELD(11, "digest", BYTES, LATEST, "digest of its caseload then"),
    FIELD(12, "agrees", FLAG, LATEST, "equal to the office's"),
    FIELD(13, "purged", INTEGER, LATEST, "cases and clients that it let go of"),
};
static const struct schema_field event_fields[] = {
    CHOICE(10, "what", LATEST, events, "what happened"),
    FIELD(11, "at", TIME, LATEST, "when, by the clock of the machine that it happened on"),
    FIELD(12, "count", INTEGER, LATEST, "how many times; of a set-back: how many entries the backup's log had"),
    REF(13, "officer", USER, LATEST, "of a recovery: one of the two officers"),
    REF(14, "second_officer", USER, LATEST, "and the other"),
    FIELD(15, "checkpoint", TEXT, LATEST,
          "of a set-back that a laptop heard of: the office's signed statement of the log that is lost"),
    FIELD(16, "announcement", BYTES, LATEST, "and the hash of the office's announcement"),
};

static const struct schema_field erasure_fields[] = {
    FIELD_SINCE(6, 10, "device", BYTES, LATEST, "the device of the change whose words are gone"),
    FIELD_SINCE(6, 11, "epoch", INTEGER, LATEST, "its epoch"),
    FIELD_SINCE(6, 12, "seq", INTEGER, LATEST, "its number in the chain"),
    FIELD_SINCE(6, 13, "reason", TEXT, LATEST, "why its words are gone"),
    FIELD_SINCE(6, 14, "skeleton", BYTES, ONCE,
                "what it wrote and replaced, without values (CHANGE.md); nothing: the office never had its words"),
};
static const struct schema_field import_fields[] = {
    FIELD_SINCE(7, 10, "source", TEXT, LATEST, "the format and the name of the other system"),
    FIELD_SINCE(7, 11, "exported", TIME, LATEST, "when the other system made the export; nothing: it does not say"),
    FIELD_SINCE(7, 12, "files", BYTES, LATEST, "BLAKE2b-256 over the names and the contents of the export's files"),
    FIELD_SINCE(7, 13, "ended", TIME, LATEST, "when all of it was taken; nothing: it was broken off"),
    FIELD_SINCE(7, 14, "older", FLAG, LATEST,
                "it was older than one taken before, and only filled in what was missing"),
    FIELD_SINCE(7, 15, "created", INTEGER, LATEST, "records that it took down"),
    FIELD_SINCE(7, 16, "changed", INTEGER, LATEST, "records that it changed"),
    FIELD_SINCE(7, 17, "withdrawn", INTEGER, LATEST, "records that it voided, since the other system has them no more"),
    FIELD_SINCE(7, 18, "disputed", INTEGER, LATEST, "fields that a person had changed as well"),
    FIELD_SINCE(7, 19, "left", INTEGER, LATEST, "rows and values that were left"),
    REF_SINCE(7, 20, "undoes", IMPORT, LATEST, "the import that this one takes back"),
};
static const struct schema_field fork_fields[] = {
    FIELD(10, "device", BYTES, LATEST, "the device whose chain forked"),
    FIELD(11, "epoch", INTEGER, LATEST, "the epoch that forked"),
    FIELD(12, "first_seq", INTEGER, LATEST,
          "the first change that the office keeps as evidence; nothing: none was handed over"),
    FIELD(13, "last_seq", INTEGER, LATEST, "and the last"),
    FIELD(14, "hash", BYTES, LATEST, "hash of the last: through their previous it names them all"),
    FIELD(15, "new_epoch", INTEGER, LATEST,
          "the epoch that the device got to go on in; nothing: they came without a link"),
};

const struct schema_kind schema_table[] = {
    KIND(KIND_OFFICE, "office", OFFICE, 1, 1, office_fields, LIST(NULL), LIST("name"), "the office itself"),
    KIND(KIND_USER, "user", OFFICE, 1, 1, user_fields, LIST("name", "login"), LIST("name", "login", "role", "status"),
         "a person who works with Satchel"),
    KIND(KIND_DEVICE, "device", OFFICE, 1, 0, device_fields, LIST(NULL), LIST(NULL), "a laptop"),
    KIND(KIND_TICKET, "ticket", OFFICE, 1, 0, ticket_fields, LIST(NULL), LIST(NULL), "an invitation for one laptop"),
    KIND(KIND_ASSIGNMENT, "assignment", CASE, 1, 1, assignment_fields, LIST(NULL), LIST("user", "status"),
         "who holds a case"),
    KIND(KIND_HOLD, "hold", OFFICE, 1, 0, hold_fields, LIST(NULL), LIST(NULL),
         "a change that the office could not apply"),
    KIND(KIND_CLIENT, "client", CLIENT, 0, 1, client_fields, LIST("legal_name", "preferred_name"),
         LIST("legal_name", "preferred_name", "birth_date", "phone"), "a person whom the office serves"),
    KIND(KIND_CASE, "case", CASE, 0, 1, case_fields, LIST("client"), LIST(NULL), "one person's case"),
    KIND(KIND_CONTACT, "contact", CASE, 0, 1, contact_fields, LIST("name"), LIST("name", "relationship", "phone"),
         "somebody around the client"),
    KIND(KIND_NOTE, "note", CASE, 0, 1, note_fields, LIST(NULL), LIST("visited", "type", "text"), "a visit note"),
    KIND(KIND_SERVICE, "service", CASE, 0, 1, service_fields, LIST(NULL), LIST("started", "type", "units", "outcome"),
         "a service that was given"),
    KIND(KIND_PLAN, "plan", CASE, 0, 1, plan_fields, LIST("title"), LIST("title", "status", "started"), "a care plan"),
    KIND(KIND_PROVIDER, "provider", OFFICE, 1, 1, provider_fields, LIST("name"), LIST("name", "type", "phone"),
         "who gives services"),
    KIND(KIND_RECEIPT, "receipt", OFFICE, 0, 0, receipt_fields, LIST(NULL), LIST(NULL),
         "what a laptop holds, in its own words"),
    KIND(KIND_EVENT, "event", OFFICE, 0, 0, event_fields, LIST(NULL), LIST(NULL),
         "what happened to a store, in its own words"),
    KIND_SINCE(6, KIND_ERASURE, "erasure", CASE, 1, 1, erasure_fields, LIST(NULL), LIST("reason"),
               "the words of a change are gone: which, and why; it stands where that change does"),
    KIND_SINCE(7, KIND_IMPORT, "import", OFFICE, 1, 1, import_fields, LIST("source"),
               LIST("source", "exported", "ended"), "an import: its id is the session of every change that it wrote"),
    KIND(KIND_FORK, "fork", OFFICE, 1, 0, fork_fields, LIST(NULL), LIST(NULL),
         "a device wrote two chains in one epoch"),
    EXTRA_KINDS};
const size_t schema_table_count = sizeof schema_table / sizeof *schema_table;
