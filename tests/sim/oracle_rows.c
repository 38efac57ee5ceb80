/* Compares the tables of a store, column by column, with the naive merge. */
#include "oracle_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "oracle_closing.h"
#include "versions.h"

enum { FIELDS_MAX = 128 };

struct conflict {
    struct id record;
    unsigned field;
    int is_loud, was_seen;
};

struct looking {
    const struct oracle_log *log;
    struct db *db;
    const char *who;
    const struct id *scopes;
    size_t scope_count;
    struct conflict *conflicts; /* the store's, by record and field */
    size_t conflict_count;
    uint8_t *seen; /* one for each record of the log */
    int *failed;   /* the store cannot be read: what is missing then says nothing */
};

/* NULL where the store cannot be read. */
static sqlite3_stmt *query(const struct looking *l, const char *sql)
{
    sqlite3_stmt *s = NULL;
    *l->failed |= db_query(l->db, &s, NULL, sql, "") != 0;
    return s;
}

static int next(const struct looking *l, sqlite3_stmt *s)
{
    int row = s == NULL ? -1 : db_next(l->db, s, NULL);
    *l->failed |= row < 0;
    return row == 1;
}

/* --- words that grow --- */

static struct {
    char *p; /* always with a NUL */
    size_t used, room;
} words;

static void words_start(void)
{
    words.room = words.room == 0 ? 4096 : words.room;
    if (words.p == NULL && (words.p = malloc(words.room)) == NULL)
        abort();
    words.used = 0;
    words.p[0] = '\0';
}

static void words_add(const char *bytes, size_t size)
{
    while (words.used + size + 1 > words.room)
        if ((words.p = realloc(words.p, words.room *= 2)) == NULL)
            abort();
    memcpy(words.p + words.used, bytes, size);
    words.used += size;
    words.p[words.used] = '\0';
}

static void words_put(const char *text)
{
    words_add(text, strlen(text));
}

/* As docs/MERGE.md, "The dump", has a text in quotes. */
static void words_json(const char *text)
{
    char escaped[8];
    words_put("\"");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            (void)snprintf(escaped, sizeof escaped, "\\%c", *p);
        else if (*p == '\n')
            (void)snprintf(escaped, sizeof escaped, "\\n");
        else if ((unsigned char)*p < 0x20)
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*p);
        else
            (void)snprintf(escaped, sizeof escaped, "%c", *p);
        words_put(escaped);
    }
    words_put("\"");
}

static const char *format(const struct schema_field *field, struct slice value)
{
    static char room[SCHEMA_FORMAT_MAX];
    return schema_format(field, value, room, sizeof room);
}

/* --- findings --- */

static void found(const struct looking *l, const struct oracle_record *r, const struct schema_field *field,
                  const char *shown, const char *wanted)
{
    const struct schema_kind *kind = schema_kind(r->kind);
    char id[ID_TEXT], scope[ID_TEXT];
    if (*l->failed)
        return;
    id_format(&r->id, id);
    id_format(&r->scope, scope);
    oracle_found("1: %s, %s %s (scope %s), %s: it has \"%.300s\", and by the log it is \"%.300s\"", l->who,
                 kind == NULL ? "record" : kind->name, id, scope, field == NULL ? "row" : field->name,
                 shown == NULL ? "(nothing)" : shown, wanted == NULL ? "(nothing)" : wanted);
}

/* --- texts that several versions live of --- */

static int is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The next run of letters and digits, or one character that is not ASCII, from *at on. 0: none. */
static size_t next_word(const char **at, const char *end)
{
    size_t size = 0;
    while (*at < end && (unsigned char)**at < 0x80 && !is_plain(**at))
        ++*at;
    if (*at < end && (unsigned char)**at >= 0x80)
        size++;
    while (size != 0 && *at + size < end && ((unsigned char)(*at)[size] & 0xc0) == 0x80)
        size++;
    while (*at + size < end && is_plain(**at) && is_plain((*at)[size]))
        size++;
    return size;
}

static int has_word(const char *text, size_t bytes, const char *word, size_t size)
{
    const char *at = text;
    size_t other;
    while ((other = next_word(&at, text + bytes)) != 0) {
        if (other == size && memcmp(at, word, size) == 0)
            return 1;
        at += other;
    }
    return 0;
}

/* Did somebody have this word in front of him when he wrote the version, or one that it goes back to? Who takes a word
 * out and writes it again has not changed what was there. */
static int was_there(const struct oracle_op *ops, size_t count, const struct oracle_op *version, const char *word,
                     size_t size)
{
    for (size_t n = 0; n < version->name_count; n++)
        for (size_t i = 0; i < count; i++) {
            struct slice text;
            if (dot_equal(&ops[i].dot, &version->names[n]) &&
                ((slice_text(ops[i].value, &text) && has_word((const char *)text.p, text.size, word, size)) ||
                 was_there(ops, count, &ops[i], word, size)))
                return 1;
        }
    return 0;
}

/* "So every word that somebody typed is there." */
static void check_text(const struct looking *l, const struct oracle_record *r, const struct schema_field *field,
                       const struct oracle_shown *s, const char *shown)
{
    size_t count;
    const struct oracle_op *ops = oracle_log_field(l->log, r, field->number, &count);
    for (size_t i = 0; i < s->live; i++) {
        struct slice text;
        const char *at;
        size_t size;
        if (!slice_text(s->ops[i]->value, &text))
            continue;
        at = (const char *)text.p;
        for (; (size = next_word(&at, (const char *)text.p + text.size)) != 0; at += size) {
            char word[64];
            if (was_there(ops, count, s->ops[i], at, size) ||
                (shown != NULL && has_word(shown, strlen(shown), at, size)))
                continue;
            (void)snprintf(word, sizeof word, "with the word %.*s", (int)(size < 40 ? size : 40), at);
            found(l, r, field, shown, word);
            return;
        }
    }
}

/* --- a column --- */

static int is_number(const struct schema_field *field, struct slice value)
{
    int64_t number;
    if (field->type == SCHEMA_FLAG)
        return value.size == 1 && (value.p[0] == 0xc2 || value.p[0] == 0xc3);
    return (field->type == SCHEMA_INTEGER || field->type == SCHEMA_MONEY) && slice_int(value, &number);
}

/* What the column must hold, in `words`. 0: it is NULL. *numeric: it is a number. */
static int wanted_of(const struct schema_field *field, const struct oracle_shown *s, int *numeric)
{
    int is_list = field->policy == SCHEMA_SET || field->policy == SCHEMA_ONCE;
    char digits[24];
    int64_t number = s->sum;
    words_start();
    *numeric = 0;
    /* Nobody knows a total of which something was erased. */
    for (size_t i = 0; field->policy == SCHEMA_SUM && i < s->live; i++)
        if (s->ops[i]->value.size == 0 && s->ops[i]->action != CHANGE_REMOVE) {
            words_put("(erased)");
            return 1;
        }
    if (s->count == 0)
        return 0;
    if (is_list) {
        for (size_t i = 0; i < s->count; i++) {
            words_put(i == 0 ? "[" : ",");
            if (slice_is_nil(s->ops[i]->value))
                words_put("null");
            else
                words_json(format(field, s->ops[i]->value));
        }
        words_put("]");
        return 1;
    }
    if (field->policy != SCHEMA_SUM) {
        struct slice value = s->ops[0]->value;
        if (slice_is_nil(value))
            return 0;
        if (!is_number(field, value)) {
            words_put(format(field, value));
            return 1;
        }
        if (field->type == SCHEMA_FLAG)
            number = value.p[0] == 0xc3;
        else
            (void)slice_int(value, &number);
    }
    *numeric = 1;
    (void)snprintf(digits, sizeof digits, "%" PRId64, number);
    words_put(digits);
    return 1;
}

/* An office of an older version deals a case anew without what a status of a newer one went over: then a laptop shows
 * one of those that live (docs/MERGE.md, "Older and newer programs"). */
static int is_any_of(const struct looking *l, const struct oracle_record *r, const struct schema_field *field,
                     const struct oracle_shown *s, const char *shown)
{
    int any = 0;
    if (l->scopes == NULL || field->policy != SCHEMA_STATUS || s->live < 2 || shown == NULL ||
        !versions_is_new(r->kind, field->number))
        return 0;
    for (size_t i = 0; i < s->live; i++)
        any |= !slice_is_nil(s->ops[i]->value) && strcmp(shown, format(field, s->ops[i]->value)) == 0;
    return any;
}

static void check_column(const struct looking *l, const struct oracle_record *r, const struct schema_field *field,
                         const struct oracle_shown *s, sqlite3_stmt *row, int column)
{
    const char *shown = db_is_null(row, column) ? NULL : db_text(row, column);
    int numeric, there;
    if (s->is_apart) {
        check_text(l, r, field, s, shown);
        return;
    }
    there = wanted_of(field, s, &numeric);
    if ((there != (shown != NULL) || (there && strcmp(shown, words.p) != 0)) && !is_any_of(l, r, field, s, shown))
        found(l, r, field, shown, there ? words.p : NULL);
}

/* --- conflicts --- */

static int by_place(const void *a, const void *b)
{
    const struct conflict *x = a, *y = b;
    int order = id_compare(&x->record, &y->record);
    return order != 0 ? order : (x->field > y->field) - (x->field < y->field);
}

static void load_conflicts(struct looking *l)
{
    size_t room = 0;
    sqlite3_stmt *s = query(l, "SELECT record, field, loud FROM conflict ORDER BY record, field");
    while (next(l, s)) {
        if (l->conflict_count == room) {
            room = 2 * room + 16;
            if ((l->conflicts = realloc(l->conflicts, room * sizeof *l->conflicts)) == NULL)
                abort();
        }
        l->conflicts[l->conflict_count++] =
            (struct conflict){db_id(s, 0), (unsigned)db_uint(s, 1), db_int(s, 2) != 0, 0};
    }
}

/* at_least: where it is not said how loud. Returns how it stands in the store. */
static enum oracle_conflict check_conflict(const struct looking *l, const struct oracle_record *r,
                                           const struct schema_field *field, enum oracle_conflict wanted, int at_least)
{
    static const char *const names[] = {"no conflict", "a quiet conflict", "a loud conflict"};
    struct conflict key = {r->id, field->number, 0, 0}, *c = NULL;
    enum oracle_conflict noted = ORACLE_AGREED;
    if (l->conflict_count != 0)
        c = bsearch(&key, l->conflicts, l->conflict_count, sizeof key, by_place);
    if (c != NULL) {
        c->was_seen = 1;
        noted = c->is_loud ? ORACLE_LOUD : ORACLE_QUIET;
    }
    if (at_least ? noted < wanted : noted != wanted)
        found(l, r, field, names[noted], names[wanted]);
    return noted;
}

/* --- a row --- */

/* As the statement of check_kind selects them: every field but the void. */
static size_t list_fields(const struct schema_kind *kind, const struct schema_field **fields)
{
    size_t count = 0;
    fields[count++] = schema_field(kind, FIELD_SOURCE_ID);
    fields[count++] = schema_field(kind, FIELD_SOURCE_HASH);
    for (size_t i = 0; i < kind->field_count && count < FIELDS_MAX; i++)
        fields[count++] = &kind->fields[i];
    return count;
}

/* What `place` says. */
static int is_placed_voided(const struct looking *l, const struct oracle_record *r)
{
    int voided = -1;
    sqlite3_stmt *s;
    if (db_query(l->db, &s, NULL, "SELECT voided FROM place WHERE record = ?", "d", &r->id) != 0)
        s = NULL;
    while (next(l, s))
        voided = db_int(s, 0) != 0;
    return voided;
}

static void check_row(const struct looking *l, const struct oracle_record *r, const struct schema_field **fields,
                      size_t count, sqlite3_stmt *row)
{
    const struct schema_field *void_field = schema_field(schema_kind(r->kind), FIELD_VOID);
    char scope[ID_TEXT];
    int contested, voided = oracle_log_voided(l->log, r, &contested), loud;
    id_format(&r->scope, scope);
    if (strcmp(scope, db_text(row, 1)) != 0)
        found(l, r, NULL, db_text(row, 1), scope);
    if ((db_int(row, 2) != 0) != voided || is_placed_voided(l, r) != voided)
        found(l, r, NULL, voided ? "not voided" : "voided", voided ? "voided" : "not voided");
    loud = check_conflict(l, r, void_field, contested ? ORACLE_LOUD : ORACLE_AGREED, 0) == ORACLE_LOUD;
    for (size_t i = 0; i < count; i++) {
        size_t op_count;
        const struct oracle_op *ops = oracle_log_field(l->log, r, fields[i]->number, &op_count);
        struct oracle_shown s = oracle_log_show(fields[i], ops, op_count);
        check_column(l, r, fields[i], &s, row, (int)i + 4);
        if (s.conflict == ORACLE_AGREED && fields[i]->policy == SCHEMA_STATUS &&
            schema_kind(r->kind)->place == SCHEMA_CASE && oracle_closing_contested(l->log, r, fields[i]))
            s.conflict = ORACLE_LOUD;
        loud |= check_conflict(l, r, fields[i], s.conflict, s.is_apart) == ORACLE_LOUD;
        free(s.ops);
    }
    if ((db_int(row, 3) != 0) != loud)
        found(l, r, NULL, loud ? "not contested" : "contested", loud ? "contested" : "not contested");
}

/* Does the store hold this scope whole? */
static int is_held(const struct looking *l, const struct id *scope)
{
    for (size_t i = 0; i < l->scope_count; i++)
        if (id_equal(&l->scopes[i], scope))
            return 1;
    return l->scopes == NULL;
}

static void check_rows(const struct looking *l, const struct schema_kind *kind)
{
    const struct schema_field *fields[FIELDS_MAX];
    size_t count = list_fields(kind, fields);
    char sql[4096];
    size_t used = (size_t)snprintf(sql, sizeof sql, "SELECT id, scope, voided, contested");
    sqlite3_stmt *row;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, ", \"%s\"", fields[i]->name);
    (void)snprintf(sql + used, sizeof sql - used, " FROM \"%s\" ORDER BY id", kind->name);
    row = query(l, sql);
    while (next(l, row)) {
        const struct oracle_record *r = NULL;
        struct id id, scope;
        if (id_parse(db_text(row, 0), &id, NULL) == 0)
            r = oracle_log_record(l->log, &id);
        if (r != NULL && r->kind == kind->number && is_held(l, &r->scope)) {
            l->seen[r - l->log->records] = 1;
            check_row(l, r, fields, count, row);
        } else if (id_parse(db_text(row, 1), &scope, NULL) != 0 || is_held(l, &scope)) {
            oracle_found("1: %s has %s %s, and the office's log has not", l->who, kind->name, db_text(row, 0));
        }
    }
}

/* --- all of it --- */

/* Records that have no row, and conflicts that nothing is in conflict for. */
static void check_rest(const struct looking *l)
{
    for (size_t i = 0; i < l->log->record_count; i++) {
        const struct oracle_record *r = &l->log->records[i];
        if (!l->seen[i] && schema_kind(r->kind) != NULL && is_held(l, &r->scope) &&
            (l->scopes == NULL || schema_is_dealt(r->kind)) && oracle_log_living(l->log->ops + r->first, r->count) != 0)
            found(l, r, NULL, NULL, "there");
    }
    for (size_t i = 0; i < l->conflict_count; i++) {
        const struct conflict *c = &l->conflicts[i];
        const struct oracle_record *r = oracle_log_record(l->log, &c->record);
        char id[ID_TEXT];
        id_format(&c->record, id);
        if (!c->was_seen && (r == NULL || is_held(l, &r->scope)))
            oracle_found("1: %s has a conflict of field %u of record %s, which has no such row", l->who, c->field, id);
    }
}

int oracle_rows_check(const struct oracle_log *log, struct db *db, const char *who, const struct id *scopes,
                      size_t scope_count)
{
    int failed = 0;
    struct looking l = {log, db, who, scopes, scope_count, NULL, 0, calloc(log->record_count + 1, 1), &failed};
    const struct schema_kind *kinds;
    size_t count;
    if (l.seen == NULL)
        abort();
    load_conflicts(&l);
    kinds = schema_kinds(&count);
    for (size_t i = 0; i < count && !failed; i++)
        if (scopes == NULL || schema_is_dealt(kinds[i].number))
            check_rows(&l, &kinds[i]);
    if (!failed)
        check_rest(&l);
    free(l.conflicts);
    free(l.seen);
    free(words.p);
    memset(&words, 0, sizeof words);
    return failed ? -1 : 0;
}
