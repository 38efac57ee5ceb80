/* Judges property 3 from the words that people typed. */
#include "oracle_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "central.h"
#include "disk.h"
#include "oracle.h"
#include "oracle_book.h"
#include "oracle_ledger.h"
#include "process.h"
#include "schema.h"

static size_t told[PROCESS_MACHINES]; /* how far the ledger was when its last command ended */

void oracle_words_reset(void)
{
    memset(told, 0, sizeof told);
}

/* --- what was typed is what was written --- */

static int contains(struct slice bytes, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; size <= bytes.size && i <= bytes.size - size; i++)
        if (memcmp(bytes.p + i, text, size) == 0)
            return 1;
    return 0;
}

/* Did this machine write it since its last command? wrote: how many changes it wrote at all. */
static int was_written(unsigned m, const char *text, size_t *wrote)
{
    int found = 0;
    *wrote = 0;
    for (size_t i = told[m]; i < oracle_ledger_count(); i++) {
        const struct oracle_typed *t = oracle_ledger_at(i);
        if (t->machine != m || t->kind == KIND_RECEIPT || t->kind == KIND_EVENT)
            continue;
        ++*wrote;
        found |= contains(t->body, text);
    }
    return found;
}

/* Is FIELD of FIELD=VALUE a text, whatever kind it is of? */
static int is_text(const char *words, size_t bytes)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    int found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < kinds[i].field_count; k++) {
            const struct schema_field *f = &kinds[i].fields[k];
            if (strlen(f->name) != bytes || strncmp(f->name, words, bytes) != 0)
                continue;
            if (f->type != SCHEMA_TEXT)
                return 0;
            found = 1;
        }
    return found;
}

/* The words of a command without its options; those of all commands here that take none have a value. */
static int take_words(const struct machine_run *run, const char **out)
{
    int count = 0, all = 0;
    for (int i = 1; i < run->argc; i++) {
        if (!all && strcmp(run->argv[i], "--") == 0)
            all = 1;
        else if (!all && strncmp(run->argv[i], "--", 2) == 0)
            i += strcmp(run->argv[i], "--json") != 0 && strchr(run->argv[i], '=') == NULL;
        else
            out[count++] = run->argv[i];
    }
    return count;
}

static void judge_words(const struct machine_run *run)
{
    const char *words[MACHINE_WORDS_MAX];
    int count = take_words(run, words), is_note = strcmp(run->argv[0], "note") == 0;
    size_t wrote;
    if (is_note) {
        if (count == 2 && !was_written(run->machine, words[1], &wrote))
            oracle_found("3: laptop %u said that a note is written, and it is in no change: \"%.60s\"", run->machine,
                         words[1]);
        return;
    }
    for (int i = 1; i < count; i++) {
        const char *value = strchr(words[i], '=');
        /* Where nothing is new nothing is written. */
        if (value != NULL && is_text(words[i], (size_t)(value - words[i])) &&
            !was_written(run->machine, value + 1, &wrote) && wrote != 0)
            oracle_found("3: laptop %u said that %.60s is written, and it is in no change", run->machine, words[i]);
    }
}

void oracle_words_command(const struct machine_run *run)
{
    static const char *const writing[] = {"note", "new", "set", "add", "remove"};
    for (size_t i = 0; i < sizeof writing / sizeof *writing; i++)
        if (!run->died && (run->status == 0 || run->status == 1) && strcmp(run->argv[0], writing[i]) == 0)
            judge_words(run);
    told[run->machine] = oracle_ledger_count();
}

/* --- what was written is shown --- */

static int shows_text(struct db *db, const struct schema_kind *kind, const struct schema_field *field,
                      const struct oracle_book_op *op, struct slice text)
{
    char sql[256], record[ID_TEXT];
    struct error e = {0, ""};
    sqlite3_stmt *s;
    int row;
    id_format(&op->record, record);
    (void)snprintf(sql, sizeof sql,
                   "SELECT 1 FROM \"%s\" t, json_each(t.\"%s\") j WHERE t.id = ? AND CAST(j.value AS BLOB) = ?",
                   kind->name, field->name);
    if (db_query(db, &s, &e, sql, "tb", record, text) != 0 || (row = db_next(db, s, &e)) < 0)
        return 0;
    if (row == 1)
        db_done(db, s);
    return row;
}

/* 0: nothing; else the higher, the worse. What this program does not know is the worst. */
static int rank_of_name(const struct schema_field *field, const char *shown)
{
    int rank = 0;
    if (shown[0] == '\0')
        return 0;
    while (field->choices[rank].name != NULL && strcmp(field->choices[rank].name, shown) != 0)
        rank++;
    return rank + 1;
}

static int rank_of_op(const struct schema_field *field, const struct oracle_book_op *op)
{
    int64_t code;
    int rank = 0;
    if (!slice_int(op->value, &code))
        return 0;
    while (field->choices[rank].name != NULL && field->choices[rank].code != (uint64_t)code)
        rank++;
    return rank + 1;
}

static int shown_rank(struct db *db, const struct schema_kind *kind, const struct schema_field *field,
                      const struct oracle_book_op *op)
{
    char sql[256], record[ID_TEXT];
    struct error e = {0, ""};
    sqlite3_stmt *s;
    int rank = -1;
    id_format(&op->record, record);
    (void)snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"%s\" WHERE id = ?", field->name, kind->name);
    if (db_query(db, &s, &e, sql, "t", record) == 0 && db_next(db, s, &e) == 1) {
        rank = rank_of_name(field, db_text(s, 0));
        db_done(db, s);
    }
    return rank;
}

static void judge_op(struct db *db, const struct oracle_typed *t, const struct oracle_book_op *op)
{
    const struct schema_kind *kind = schema_kind(op->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    char record[ID_BRIEF];
    struct slice text;
    int rank;
    if (field == NULL)
        return;
    id_brief(&op->record, record);
    if (oracle_book_is_named(op)) {
        /* Nobody here takes back what they added. */
        if (field->policy == SCHEMA_SUM && op->action == CHANGE_ADD)
            oracle_found("3: what change %llu.%llu of laptop %u added to %s of %s %s does not count any more",
                         (unsigned long long)op->dot.epoch, (unsigned long long)op->dot.seq, t->machine, field->name,
                         kind->name, record);
        return;
    }
    if ((field->policy == SCHEMA_ONCE || (field->policy == SCHEMA_SET && op->action == CHANGE_ADD)) &&
        field->type == SCHEMA_TEXT && slice_text(op->value, &text) && !shows_text(db, kind, field, op, text))
        oracle_found("3: %s of %s %s does not show \"%.*s\", which laptop %u wrote in change %llu.%llu", field->name,
                     kind->name, record, text.size > 60 ? 60 : (int)text.size, (const char *)text.p, t->machine,
                     (unsigned long long)op->dot.epoch, (unsigned long long)op->dot.seq);
    if (field->policy == SCHEMA_HIGHEST && field->choices != NULL &&
        (rank = shown_rank(db, kind, field, op)) < rank_of_op(field, op))
        oracle_found("3: %s of %s %s is shown as rank %d, and nobody lowered the %d of change %llu.%llu of laptop %u",
                     field->name, kind->name, record, rank, rank_of_op(field, op), (unsigned long long)op->dot.epoch,
                     (unsigned long long)op->dot.seq, t->machine);
}

/* What is written once is amended: an amendment stands beside what was there, and takes the place of nothing. What does
 * is held, and taken out of the record there: but whoever wrote it was shown the old words no more. */
static void judge_once(const struct oracle_book_op *op)
{
    const struct schema_kind *kind = schema_kind(op->kind);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    struct unpack r;
    char record[ID_BRIEF];
    if (field == NULL || field->policy != SCHEMA_ONCE)
        return;
    unpack_start(&r, op->supersedes);
    if (unpack_array(&r) == 0 || r.failed)
        return;
    id_brief(&op->record, record);
    oracle_found("3: change %llu.%llu takes the place of what was written once in %s of %s %s",
                 (unsigned long long)op->dot.epoch, (unsigned long long)op->dot.seq, field->name, kind->name, record);
}

void oracle_words_end(void)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    unsigned acting = process_machine();
    for (size_t i = 0; i < count; i++)
        judge_once(&ops[i]);
    if (machine_office() == NULL || disk_is_dark(MACHINE_OFFICE))
        return;
    process_act_on(MACHINE_OFFICE);
    for (size_t i = 0; i < oracle_ledger_count(); i++) {
        const struct oracle_typed *t = oracle_ledger_at(i);
        const struct oracle_book_entry *entry = oracle_book_find(t->hash);
        if (entry == NULL || entry->held)
            continue;
        for (size_t k = 0; k < entry->op_count; k++)
            judge_op(machine_office()->db, t, &ops[entry->first_op + k]);
    }
    process_act_on(acting);
}
