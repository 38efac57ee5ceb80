/* What a newer version has beside the schema of this one, for the tests: fields of each policy, a choice, kinds of each
 * sort. schema_table.c includes it in the middle of itself, for the programs in the folder newer alone. */
#define EXTRA_VERSION 1
#define LATER (THIS_VERSION + EXTRA_VERSION) /* what has them first */
#define EXTRA_RISKS {6, "imminent"},
#define EXTRA_CLIENT_FIELDS                                                                                            \
    FIELD_SINCE(LATER, 1900, "pronouns", TEXT, LATEST, "as the person says"),                                          \
        FIELD_SINCE(LATER, 1901, "tax_name", TEXT, REVIEW, "for the tax"),                                             \
        FIELD_SINCE(LATER, 1902, "aid", TEXT, SET, "aids that the person uses"),                                       \
        FIELD_SINCE(LATER, 1903, "visits", INTEGER, SUM, "visits by others"),
#define EXTRA_CASE_FIELDS                                                                                              \
    CHOICE_SINCE(LATER, 1910, "fall_risk", HIGHEST, risks, "how likely a fall is"),                                    \
        FIELD_SINCE(LATER, 1911, "story", TEXT, TEXTUAL, "the person's own story"),                                    \
        FIELD_SINCE(LATER, 1912, "pledge", TEXT, ONCE, "what was promised"),                                           \
        REF_SINCE(LATER, 1913, "second_client", CLIENT, REVIEW, "somebody else whom the case is about"),               \
        CHOICE_SINCE(LATER, 1914, "stage", STATUS, case_states, "where the case stands"),
#define EXTRA_KINDS                                                                                                    \
    KIND_SINCE(LATER, 900, "goal", CASE, 0, 1, goal_fields, LIST(NULL), LIST(NULL), "what the person wants to reach"), \
        KIND_SINCE(LATER, 1900, "holiday", OFFICE, 1, 1, holiday_fields, LIST(NULL), LIST(NULL),                       \
                   "a day when nobody works"),                                                                         \
        KIND_SINCE(LATER, 2900, "diary", CASE, 0, 0, diary_fields, LIST(NULL), LIST(NULL),                             \
                   "what a worker keeps beside a case, for the office alone"),                                         \
        KIND_SINCE(LATER, 3900, "ledger", OFFICE, 1, 0, ledger_fields, LIST(NULL), LIST(NULL),                         \
                   "what the office keeps for itself"),

static const struct schema_field goal_fields[] = {
    FIELD(10, "title", TEXT, REVIEW, "what it is"),
    FIELD(11, "progress", INTEGER, SUM, "steps that were made"),
    FIELD(12, "note", TEXT, ONCE, "how it goes"),
};
static const struct schema_field holiday_fields[] = {FIELD(10, "day", DATE, LATEST, "which")};
static const struct schema_field diary_fields[] = {FIELD(10, "text", TEXT, ONCE, "what was seen")};
static const struct schema_field ledger_fields[] = {FIELD(10, "text", TEXT, LATEST, "what is noted")};
