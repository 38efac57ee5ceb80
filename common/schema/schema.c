/* What the table of kinds and fields means: it looks kinds and fields up, checks values, reads and writes them in
 * words, and writes the page about them. A value has one form: an empty text is a nil, a day is ten characters. */
#include "schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dot.h"
#include "schema_table.h"

#define DAY_BYTES 10    /* YYYY-MM-DD */
#define MINUTE_BYTES 16 /* and Thh:mm */
#define MOMENT_BYTES 20 /* and :ssZ */
#define YEAR_MIN 1800
#define YEAR_MAX 2200

/* --- looking up --- */

int schema_version(void)
{
    return schema_table_version;
}

const struct schema_kind *schema_kinds(size_t *count)
{
    *count = schema_table_count;
    return schema_table;
}

const struct schema_kind *schema_kind(unsigned number)
{
    for (size_t i = 0; i < schema_table_count; i++)
        if (schema_table[i].number == number)
            return &schema_table[i];
    return NULL;
}

/* What the number of a kind that this version does not know says: docs/SCHEMA.md, "Numbers". From OWN_KINDS on an
 * office has kinds of its own. */
enum { KINDS_OF_ONE_SORT = 1000, SORTS_END = 4000, OWN_KINDS = 10000, OWN_OFFICE_KINDS = 20000, OWN_KINDS_END = 30000 };

int schema_is_dealt(unsigned kind)
{
    const struct schema_kind *known = schema_kind(kind);
    if (known != NULL)
        return known->dealt;
    return kind < 2 * KINDS_OF_ONE_SORT || (kind >= OWN_KINDS && kind < OWN_KINDS_END);
}

int schema_is_office_only(unsigned kind)
{
    const struct schema_kind *known = schema_kind(kind);
    if (known != NULL)
        return known->office_only;
    if (kind < SORTS_END)
        return kind / KINDS_OF_ONE_SORT % 2 != 0;
    return kind < OWN_KINDS || kind >= OWN_OFFICE_KINDS;
}

int schema_is_erasable(unsigned kind)
{
    return schema_is_dealt(kind) && !schema_is_office_only(kind);
}

const struct schema_kind *schema_kind_named(const char *name)
{
    for (size_t i = 0; i < schema_table_count; i++)
        if (strcmp(schema_table[i].name, name) == 0)
            return &schema_table[i];
    return NULL;
}

const struct schema_field *schema_field(const struct schema_kind *kind, unsigned number)
{
    for (size_t i = 0; i < schema_table_shared_count; i++)
        if (schema_table_shared[i].number == number)
            return &schema_table_shared[i];
    for (size_t i = 0; i < kind->field_count; i++)
        if (kind->fields[i].number == number)
            return &kind->fields[i];
    return NULL;
}

const struct schema_field *schema_field_named(const struct schema_kind *kind, const char *name)
{
    for (size_t i = 0; i < schema_table_shared_count; i++)
        if (strcmp(schema_table_shared[i].name, name) == 0)
            return &schema_table_shared[i];
    for (size_t i = 0; i < kind->field_count; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return &kind->fields[i];
    return NULL;
}

const char *schema_type_name(enum schema_type type)
{
    static const char *const names[] = {"text",  "choice", "date", "time",  "integer",
                                        "money", "flag",   "ref",  "bytes", "dots"};
    return names[type];
}

unsigned schema_rank(const struct schema_field *field, uint64_t code)
{
    unsigned rank = 0;
    while (field->choices != NULL && field->choices[rank].name != NULL && field->choices[rank].code != code)
        rank++;
    return rank;
}

int schema_closes(const struct schema_field *field, struct slice value)
{
    /* The third state of a case, and the third and the fourth of a plan. */
    enum { FIRST_CLOSED = 2 };
    int64_t code;
    unsigned rank;
    if (field->policy != SCHEMA_STATUS || !slice_int(value, &code) || code < 1)
        return 0;
    rank = schema_rank(field, (uint64_t)code);
    return rank >= FIRST_CLOSED && field->choices[rank].name != NULL;
}

static const char *choice_name(const struct schema_field *field, uint64_t code)
{
    return field->choices == NULL ? NULL : field->choices[schema_rank(field, code)].name;
}

/* --- policies --- */

static const struct schema_traits policies[] = {
    [SCHEMA_LATEST] = {.name = "latest"},
    [SCHEMA_HIGHEST] = {.name = "highest", .is_loud = 1},
    [SCHEMA_REVIEW] = {.name = "review", .is_loud = 1},
    [SCHEMA_STATUS] = {.name = "status", .looks_back = 1, .is_loud = 1},
    [SCHEMA_SET] = {.name = "set", .is_list = 1, .has_elements = 1},
    [SCHEMA_SUM] = {.name = "sum", .adds_up = 1, .is_loud = 1},
    [SCHEMA_TEXTUAL] = {.name = "text", .is_narrative = 1, .looks_back = 1, .is_loud = 1},
    [SCHEMA_ONCE] = {.name = "once", .is_list = 1, .is_amended = 1},
};

const struct schema_traits *schema_traits(const struct schema_field *field)
{
    return &policies[field->policy];
}

int schema_holds_one(const struct schema_field *field)
{
    const struct schema_traits *traits = schema_traits(field);
    return !traits->has_elements && !traits->adds_up;
}

/* --- days and moments --- */

/* The number that `count` decimal digits make; -1: one of them is no digit. */
static int digits(const char *p, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        value = 10 * value + (p[i] - '0');
    }
    return value;
}

/* A day that the calendar has: DAY_BYTES bytes. */
static int is_day(const char *p)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = digits(p, 4), month = digits(p + 5, 2), day = digits(p + 8, 2), leap;
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || p[4] != '-' || p[7] != '-')
        return 0;
    leap = month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    return day >= 1 && day <= lengths[month - 1] + leap;
}

/* MOMENT_BYTES bytes. There are no leap seconds: no clock in reach tells them. */
static int is_moment(const char *p)
{
    int hour, minute, second;
    if (!is_day(p) || p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != 'Z')
        return 0;
    hour = digits(p + 11, 2);
    minute = digits(p + 14, 2);
    second = digits(p + 17, 2);
    return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
}

/* --- checking --- */

static int is_dots(struct slice value)
{
    struct unpack r;
    unpack_start(&r, value);
    for (size_t count = unpack_array(&r); count > 0 && !r.failed; count--)
        (void)dot_unpack(&r);
    return unpack_end(&r, "dots", NULL) == 0;
}

static int is_flag(struct slice value)
{
    return value.size == 1 && (value.p[0] == 0xc2 || value.p[0] == 0xc3);
}

static int is_bytes(struct slice value, struct slice *bytes)
{
    struct unpack r;
    unpack_start(&r, value);
    *bytes = unpack_bin(&r);
    return unpack_end(&r, "bytes", NULL) == 0;
}

/* 1: the value has the form that the type asks for; 0: it has not. */
static int fits(enum schema_type type, struct slice value)
{
    struct slice inner;
    struct id id;
    int64_t number;
    switch (type) {
    case SCHEMA_TEXT:
        return slice_text(value, &inner) && inner.size != 0 && inner.size <= SCHEMA_TEXT_MAX;
    case SCHEMA_CHOICE:
        return slice_int(value, &number) && number >= 1;
    case SCHEMA_DATE:
        return slice_text(value, &inner) && inner.size == DAY_BYTES && is_day((const char *)inner.p);
    case SCHEMA_TIME:
        return slice_text(value, &inner) && ((inner.size == MOMENT_BYTES && is_moment((const char *)inner.p)) ||
                                             (inner.size == DAY_BYTES && is_day((const char *)inner.p)));
    case SCHEMA_INTEGER:
    case SCHEMA_MONEY:
        return slice_int(value, &number);
    case SCHEMA_FLAG:
        return is_flag(value);
    case SCHEMA_REF:
        return slice_id(value, &id);
    case SCHEMA_BYTES:
        return is_bytes(value, &inner) && inner.size != 0;
    case SCHEMA_DOTS:
        return is_dots(value);
    }
    return 0;
}

int schema_check(const struct schema_kind *kind, const struct schema_field *field, struct slice value, struct error *e)
{
    if (value.size > SCHEMA_VALUE_MAX)
        return error_set(e, E_INPUT, "%s of a %s has %zu bytes; at most %d are allowed", field->name, kind->name,
                         value.size, SCHEMA_VALUE_MAX);
    if (slice_is_nil(value) || fits(field->type, value))
        return 0;
    return error_set(e, E_INPUT, "%s of a %s does not hold a valid %s", field->name, kind->name,
                     schema_type_name(field->type));
}

/* --- from words --- */

static int wrong(const struct schema_kind *kind, const struct schema_field *field, const char *right, struct error *e)
{
    return error_set(e, E_INPUT, "%s of a %s is %s", field->name, kind->name, right);
}

/* A sign and digits, at most `decimals` of them behind a point; the value in units of the last. 1 on success. */
static int parse_number(const char *text, int decimals, int64_t *out)
{
    int negative = *text == '-', behind = -1, any = 0;
    uint64_t value = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    for (const char *p = text + negative; *p != '\0'; p++) {
        if (*p == '.' && any && behind < 0 && decimals > 0) {
            behind = 0;
            any = 0;
            continue;
        }
        if (*p < '0' || *p > '9' || behind == decimals || value > (limit - (uint64_t)(*p - '0')) / 10)
            return 0;
        value = 10 * value + (uint64_t)(*p - '0');
        behind += behind >= 0;
        any = 1;
    }
    if (!any)
        return 0;
    for (behind = behind < 0 ? 0 : behind; behind < decimals; behind++) {
        if (value > limit / 10)
            return 0;
        value *= 10;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return 1;
}

/* A choice's name in either case; on a command line "case-manager" and "case_manager" are easier to type. */
static int same_name(const char *name, const char *text)
{
    for (; *name != '\0' && *text != '\0'; name++, text++) {
        int c = (unsigned char)*text;
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        else if (c == '-' || c == '_')
            c = ' ';
        if (c != *name)
            return 0;
    }
    return *name == *text;
}

static int parse_choice(const struct schema_kind *kind, const struct schema_field *field, const char *text,
                        struct pack *w, struct error *e)
{
    char names[256] = "one of:";
    int64_t code;
    int by_code = parse_number(text, 0, &code);
    for (const struct schema_choice *c = field->choices; c->name != NULL; c++) {
        size_t used = strlen(names);
        if (by_code ? code == (int64_t)c->code : same_name(c->name, text)) {
            pack_uint(w, c->code);
            return 0;
        }
        (void)snprintf(names + used, sizeof names - used, "%s %s", c == field->choices ? "" : ",", c->name);
    }
    return wrong(kind, field, names, e);
}

/* "YYYY-MM-DD hh:mm", with or without seconds, a T and a Z, into the one form; a day alone stays one. 1 on success. */
static int parse_moment(const char *text, char out[MOMENT_BYTES + 1])
{
    size_t size = strlen(text);
    if (size == DAY_BYTES) {
        memcpy(out, text, DAY_BYTES + 1);
        return is_day(out);
    }
    size -= size > 0 && (text[size - 1] == 'Z' || text[size - 1] == 'z');
    if ((size != MINUTE_BYTES && size != MOMENT_BYTES - 1) || strchr(" Tt", text[DAY_BYTES]) == NULL)
        return 0;
    (void)snprintf(out, MOMENT_BYTES + 1, "%.*sT%.*s%s", DAY_BYTES, text, (int)(size - DAY_BYTES - 1),
                   text + DAY_BYTES + 1, size == MINUTE_BYTES ? ":00Z" : "Z");
    return is_moment(out);
}

static int parse_flag(const char *text, int *flag)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(words[i], text) == 0) {
            *flag = i % 2 != 0;
            return 1;
        }
    }
    return 0;
}

static int parse_hex(const struct schema_kind *kind, const struct schema_field *field, const char *text, struct pack *w,
                     struct error *e)
{
    static const char hex[] = "0123456789abcdef";
    size_t size = strlen(text);
    uint8_t *bytes;
    if (size % 2 != 0 || size / 2 > SCHEMA_VALUE_MAX - 5 || strspn(text, "0123456789abcdefABCDEF") != size)
        return wrong(kind, field, "bytes: write them as pairs of hex digits, as 00ff17", e);
    if ((bytes = malloc(size / 2)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < size / 2; i++) {
        /* | 0x20 makes a letter small and leaves a digit as it is. */
        size_t high = (size_t)(strchr(hex, text[2 * i] | 0x20) - hex);
        size_t low = (size_t)(strchr(hex, text[2 * i + 1] | 0x20) - hex);
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    pack_bin(w, bytes, size / 2);
    free(bytes);
    return 0;
}

int schema_parse(const struct schema_kind *kind, const struct schema_field *field, const char *text, struct pack *w,
                 struct error *e)
{
    size_t size = strlen(text);
    char moment[MOMENT_BYTES + 1];
    struct id id;
    int64_t number;
    int flag;
    if (size == 0) {
        pack_nil(w);
        return 0;
    }
    switch (field->type) {
    case SCHEMA_TEXT:
        if (size > SCHEMA_TEXT_MAX)
            return wrong(kind, field, "too long: at most 60000 bytes are allowed", e);
        if (!pack_is_utf8((const uint8_t *)text, size))
            return wrong(kind, field, "not UTF-8 text: type it again, or convert the file that it comes from", e);
        pack_text(w, text, size);
        return 0;
    case SCHEMA_CHOICE:
        return parse_choice(kind, field, text, w, e);
    case SCHEMA_DATE:
        if (size != DAY_BYTES || !is_day(text))
            return wrong(kind, field, "a day of the calendar from 1800 to 2200: write it as 1984-05-31", e);
        pack_text(w, text, size);
        return 0;
    case SCHEMA_TIME:
        if (!parse_moment(text, moment))
            return wrong(kind, field, "a time: write it as 2025-05-31 14:30, or the day alone", e);
        pack_text(w, moment, strlen(moment));
        return 0;
    case SCHEMA_INTEGER:
    case SCHEMA_MONEY:
        if (!parse_number(text, field->type == SCHEMA_MONEY ? 2 : 0, &number))
            return wrong(
                kind, field,
                field->type == SCHEMA_MONEY ? "an amount: write it as 12.50" : "a whole number: write it as 12", e);
        pack_int(w, number);
        return 0;
    case SCHEMA_FLAG:
        if (!parse_flag(text, &flag))
            return wrong(kind, field, "yes or no", e);
        pack_flag(w, flag);
        return 0;
    case SCHEMA_REF:
        if (id_parse(text, &id, NULL) != 0)
            return wrong(kind, field, "the id of a record: 36 characters, as 01890a5d-ac96-774b-bcce-b302099a8057", e);
        pack_id(w, &id);
        return 0;
    case SCHEMA_BYTES:
        return parse_hex(kind, field, text, w, e);
    case SCHEMA_DOTS:
        break;
    }
    return wrong(kind, field, "not to be typed: use `satchel void`", e);
}

/* --- to words --- */

/* Copies as many of the bytes as fit, cut before a character, and a NUL. */
static char *put_bytes(char *out, size_t out_max, const uint8_t *bytes, size_t size)
{
    if (size > out_max - 1) {
        size = out_max - 1;
        while (size > 0 && (bytes[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(out, bytes, size);
    out[size] = '\0';
    return out;
}

static char *put_words(char *out, size_t out_max, const char *words)
{
    return put_bytes(out, out_max, (const uint8_t *)words, strlen(words));
}

static char *put_number(char *out, size_t out_max, int64_t number, int is_money)
{
    char words[32];
    uint64_t positive = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (is_money)
        (void)snprintf(words, sizeof words, "%s%" PRIu64 ".%02u", number < 0 ? "-" : "", positive / 100,
                       (unsigned)(positive % 100));
    else
        (void)snprintf(words, sizeof words, "%" PRId64, number);
    return put_words(out, out_max, words);
}

static char *put_hex(char *out, size_t out_max, struct slice bytes)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < bytes.size && used + 2 < out_max; i++) {
        out[used++] = hex[bytes.p[i] >> 4];
        out[used++] = hex[bytes.p[i] & 15];
    }
    out[used] = '\0';
    return out;
}

/* Writes an unknown code. It must not look like a number that somebody typed. */
static char *put_newer(char *out, size_t out_max, int64_t code)
{
    char words[64];
    (void)snprintf(words, sizeof words, "newer than this program (%" PRId64 ")", code);
    return put_words(out, out_max, words);
}

char *schema_format(const struct schema_field *field, struct slice value, char *out, size_t out_max)
{
    struct slice inner = {NULL, 0};
    char text[ID_TEXT];
    struct id id = {{0}};
    int64_t number = 0;
    if (slice_is_nil(value))
        return put_words(out, out_max, "");
    if (value.size == 0)
        return put_words(out, out_max, "(erased)");
    if (!fits(field->type, value))
        return put_words(out, out_max, "(this version cannot read it)");
    switch (field->type) {
    case SCHEMA_TEXT:
    case SCHEMA_DATE:
    case SCHEMA_TIME:
        (void)slice_text(value, &inner);
        return put_bytes(out, out_max, inner.p, inner.size);
    case SCHEMA_CHOICE:
        (void)slice_int(value, &number);
        if (choice_name(field, (uint64_t)number) != NULL)
            return put_words(out, out_max, choice_name(field, (uint64_t)number));
        return put_newer(out, out_max, number);
    case SCHEMA_INTEGER:
    case SCHEMA_MONEY:
        (void)slice_int(value, &number);
        return put_number(out, out_max, number, field->type == SCHEMA_MONEY);
    case SCHEMA_FLAG:
        return put_words(out, out_max, value.p[0] == 0xc3 ? "yes" : "no");
    case SCHEMA_REF:
        (void)slice_id(value, &id);
        id_format(&id, text);
        return put_words(out, out_max, text);
    case SCHEMA_BYTES:
        (void)is_bytes(value, &inner);
        return put_hex(out, out_max, inner);
    case SCHEMA_DOTS:
        break;
    }
    return put_words(out, out_max, "voided");
}

char *schema_format_unknown(struct slice value, char *out, size_t out_max)
{
    struct slice inner;
    int64_t number;
    char words[48];
    if (slice_is_nil(value))
        return put_words(out, out_max, "");
    if (value.size == 0)
        return put_words(out, out_max, "(erased)");
    if (slice_text(value, &inner))
        return put_bytes(out, out_max, inner.p, inner.size);
    if (slice_int(value, &number))
        return put_number(out, out_max, number, 0);
    if (is_flag(value))
        return put_words(out, out_max, value.p[0] == 0xc3 ? "yes" : "no");
    if (is_bytes(value, &inner))
        return put_hex(out, out_max, inner);
    (void)snprintf(words, sizeof words, "(%zu bytes)", value.size);
    return put_words(out, out_max, words);
}

/* --- the page --- */

static const char *place_words(enum schema_place place)
{
    return place == SCHEMA_OFFICE ? "office-wide" : place == SCHEMA_CLIENT ? "a person" : "in a case";
}

/* "choice: open, on hold, closed", "ref to client", "date". */
static void type_words(const struct schema_field *field, FILE *out)
{
    (void)fprintf(out, "%s", schema_type_name(field->type));
    if (field->type == SCHEMA_REF && schema_kind(field->ref) != NULL)
        (void)fprintf(out, " to %s", schema_kind(field->ref)->name);
    for (const struct schema_choice *c = field->choices; c != NULL && c->name != NULL; c++)
        (void)fprintf(out, "%s %u %s", c == field->choices ? ":" : ",", c->code, c->name);
}

/* How a person writes a value, if that has a form of its own. */
static const char *hint(enum schema_type type)
{
    switch (type) {
    case SCHEMA_DATE:
        return " (1984-05-31)";
    case SCHEMA_TIME:
        return " (2025-05-31 14:30)";
    case SCHEMA_MONEY:
        return " (12.50)";
    case SCHEMA_FLAG:
        return " (yes or no)";
    case SCHEMA_BYTES:
        return " (hex digits)";
    default:
        return "";
    }
}

static void document_fields(const struct schema_field *fields, size_t count, FILE *out)
{
    (void)fprintf(out, "| number | field | type | merge | what it is |\n| ---: | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "| %u | `%s` | ", fields[i].number, fields[i].name);
        type_words(&fields[i], out);
        (void)fprintf(out, " | %s | %s |\n", schema_traits(&fields[i])->name, fields[i].help);
    }
}

void schema_document(FILE *out)
{
    (void)fprintf(
        out,
        "# The schema\n\n"
        "Generated from `common/schema/schema_table.c` by `satchel help schema`: change the table, not this page. "
        "Schema "
        "version %d.\n\n"
        "A change names its record's kind and each op its field by the numbers below (`CHANGE.md`). They "
        "stand in the log for ever: none is ever changed or used again. A version keeps what it does not know "
        "in the log and shows it by its number (`MERGE.md`, \"Older and newer programs\").\n\n"
        "## Values\n\n"
        "Every value is one canonical msgpack object; nil clears a field. At most %d bytes encoded.\n\n"
        "| type | on the wire | a person writes |\n| --- | --- | --- |\n"
        "| text | str, 1 to %d bytes | anything |\n"
        "| choice | uint from 1: a code of the field's list | the name or the code |\n"
        "| date | str `YYYY-MM-DD`, %d to %d | `1984-05-31` |\n"
        "| time | str `YYYY-MM-DDThh:mm:ssZ`, in UTC, or `YYYY-MM-DD`: a day of which the hour is not known, in no "
        "zone | "
        "`2025-05-31 14:30`, seconds, `T` and `Z` allowed; `2025-05-31` |\n"
        "| integer | int, 64 bits with sign | `12` |\n"
        "| money | int: hundredths of the office's currency | `12.50` |\n"
        "| flag | bool | `yes`, `no` |\n"
        "| ref | bin 16: a record's id | the id, 36 characters |\n"
        "| bytes | bin, at least one byte | hex digits |\n"
        "| dots | array of dots (`CHANGE.md`): the ops that a voider saw | not typed |\n\n"
        "## Numbers\n\n"
        "The number of a kind says what every version must know of it, also a version that is older than the kind. "
        "Laptops get kinds below 1000 that are not listed here, and everybody writes them. Laptops get kinds from 1000 "
        "to 1999 too, but the office alone writes them. No laptop gets kinds from 2000 on: everybody writes those from "
        "2000 to 2999, the office alone those from 3000 to 3999. Numbers of kinds and of fields that end in 900 to 999 "
        "are for tests.\n\n"
        "An office's own kinds have numbers from 10000 on, and laptops get them: everybody writes those from 10000 to "
        "19999, the office alone those from 20000 to 29999. Numbers from 4000 to 9999 and from 30000 on have no use "
        "yet: no laptop gets such a kind, and what a laptop writes of one is held.\n\n"
        "Every kind and field that comes later names the first version that has it (`since`). By that an office that "
        "gets a newer program, and an auditor, know what an older one took unjudged (`MERGE.md`).\n\n"
        "The list of a choice stands in rising rank. A code that a version does not know ranks above all "
        "that it knows. `MERGE.md` says what each merge policy does.\n\n"
        "## Every kind\n\n",
        schema_table_version, SCHEMA_VALUE_MAX, SCHEMA_TEXT_MAX, YEAR_MIN, YEAR_MAX);
    document_fields(schema_table_shared, schema_table_shared_count, out);
    for (size_t i = 0; i < schema_table_count; i++) {
        const struct schema_kind *kind = &schema_table[i];
        (void)fprintf(out, "\n## %u: %s\n\n%c%s; %s. Written by %s; laptops %s it.\n\n", kind->number, kind->name,
                      kind->help[0] >= 'a' && kind->help[0] <= 'z' ? kind->help[0] - 'a' + 'A' : kind->help[0],
                      kind->help + 1, place_words(kind->place), kind->office_only ? "the office alone" : "everybody",
                      kind->dealt ? "get" : "do not get");
        document_fields(kind->fields, kind->field_count, out);
    }
}

void schema_help(const struct schema_kind *kind, FILE *out)
{
    int width = 0;
    for (size_t i = 0; i < kind->field_count; i++)
        if ((int)strlen(kind->fields[i].name) > width)
            width = (int)strlen(kind->fields[i].name);
    (void)fprintf(out, "%s: %s (%s)\n", kind->name, kind->help, place_words(kind->place));
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct schema_field *field = &kind->fields[i];
        (void)fprintf(out, "  %-*s  %s\n  %*s  ", width, field->name, field->help, width, "");
        type_words(field, out);
        (void)fprintf(out, "%s; merge: %s\n", hint(field->type), schema_traits(field)->name);
    }
}
