/* A text or a status on which several different values live: what it shows depends on what they were written over.
 *
 *   status   needs all of the ancestry, to see which of the changes follow one another
 *   text     needs the ancestry as far as the first generation that the versions have in common, for the base
 *
 * A store that got a scope in its compact form has the live ops alone. So the entries that were needed are written into
 * `background` and dealt along with the others; a store that has them comes to the same result. */
#include "record_private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char overlap_begins[] = "[versions of this place, to be brought together:]\n";
static const char overlap_nothing[] = "[nothing: it was taken out]\n";
static const char overlap_or[] = "[or:]\n";
static const char overlap_ends[] = "[end of the versions]\n";

/* --- the office's rule --- */

/* Nothing else reads it. A value that this version cannot read counts as newer than all rules that it knows. */
int record_contest_rule(struct db *db, int64_t *rule, struct error *e)
{
    static const char sql[] = "SELECT coalesce(max(CASE typeof(text_rule) WHEN 'integer' THEN text_rule "
                              "WHEN 'text' THEN 9223372036854775807 END), 1) FROM office";
    sqlite3_stmt *s;
    if (db_first(db, &s, e, sql, "") != 1)
        return e->code;
    *rule = db_int(s, 0);
    db_done(db, s);
    return 0;
}

/* Finds the next record that has a contested text or status. *found: not 0 if there is one behind *record. Records are
 * looked up one after the other, since each is then taken out of the tables and put back. */
static int next_record(struct db *db, struct id *record, int *found, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    *found = 0;
    if ((code = db_query(db, &s, e, "SELECT record, kind, field FROM conflict WHERE record > ? ORDER BY record", "d",
                         record)) != 0)
        return code;
    while (!*found && (row = db_next(db, s, e)) == 1) {
        const struct schema_kind *kind = schema_kind((unsigned)db_uint(s, 1));
        const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, (unsigned)db_uint(s, 2));
        *found = field != NULL && schema_traits(field)->looks_back;
        *record = db_id(s, 0);
    }
    if (*found)
        db_done(db, s);
    return row < 0 ? e->code : 0;
}

int record_contest_redo(struct db *db, struct error *e)
{
    struct id record = {{0}};
    int found = 1, code = 0;
    while (code == 0 && found)
        if ((code = next_record(db, &record, &found, e)) == 0 && found)
            code = record_redo(db, &record, e);
    return code;
}

/* --- background --- */

int record_contest_end(struct db *db, const struct id *record, const struct schema_field *field, struct error *e)
{
    if (!schema_traits(field)->looks_back)
        return 0;
    return db_run(db, e, "DELETE FROM background WHERE record = ? AND field = ?", "du", record,
                  (uint64_t)field->number);
}

static int note_background(struct db *db, const struct record_contest *c, const struct record_ancestry *a,
                           struct error *e)
{
    int code = 0;
    for (size_t i = 0; i < a->found_count && code == 0; i++)
        code = db_run(db, e, "INSERT OR IGNORE INTO background(record, field, entry) VALUES(?,?,?)", "dui", c->record,
                      (uint64_t)c->field->number, a->found[i].entry);
    return code;
}

/* --- a text, brought together --- */

/* 1: *words are the words of a version; 0: it has none, or this version cannot read it. */
static int words_of(const struct record_contest *c, struct slice value, struct slice *words)
{
    struct error why;
    return schema_check(c->kind, c->field, value, &why) == 0 && slice_text(value, words);
}

/* 1: the versions could be brought together over a base; 0: they could not, whatever the base. */
static int may_merge(const struct record_contest *c, const struct merge_op *ops)
{
    struct slice words;
    if (c->shown.count < 2 || c->shown.count > TEXT_VERSIONS_MAX)
        return 0;
    for (size_t i = 0; i < c->shown.count; i++)
        if (!words_of(c, ops[i].value, &words))
            return 0;
    return 1;
}

static void put_slice(struct record_text *t, struct slice words)
{
    record_text_add(t, (const char *)words.p, words.size);
}

/* Adds a mark, on a line of its own. */
static void put_mark(struct record_text *t, const char *mark)
{
    if (t->used != 0 && t->p[t->used - 1] != '\n')
        record_text_words(t, "\n");
    record_text_words(t, mark);
}

void record_contest_words(struct record_text *t, const struct text_merged *m)
{
    for (size_t i = 0; i < m->segment_count; i++) {
        const struct text_segment *segment = &m->segments[i];
        if (segment->form != TEXT_OVERLAP) {
            put_slice(t, segment->text);
            continue;
        }
        for (size_t k = 0; k < segment->count; k++) {
            put_mark(t, k == 0 ? overlap_begins : overlap_or);
            if (m->alternatives[segment->first + k].text.size == 0)
                record_text_words(t, overlap_nothing);
            put_slice(t, m->alternatives[segment->first + k].text);
        }
        put_mark(t, overlap_ends);
    }
}

/* Brings the versions together over a base. If they are beyond the limits of text.h, c stays as it is. */
static int merge_texts(struct record_contest *c, const struct merge_op *ops, struct slice base, struct error *e)
{
    struct text_version versions[TEXT_VERSIONS_MAX];
    struct record_text words = {NULL, 0, 0, 0};
    struct record_merged *m = calloc(1, sizeof *m);
    struct error why;
    int code;
    if (m == NULL || (m->memory = malloc(base.size)) == NULL) {
        record_merged_free(m);
        return error_memory(e);
    }
    c->merged = m;
    memcpy(m->memory, base.p, base.size);
    m->memory_bytes = base.size;
    m->base = (struct slice){m->memory, base.size};
    for (size_t i = 0; i < c->shown.count; i++) {
        versions[i].dot = ops[i].dot;
        (void)slice_text(ops[i].value, &versions[i].text);
    }
    code = text_merge(m->base, versions, c->shown.count, &m->text, &why);
    if (code != 0) {
        record_merged_free(m);
        c->merged = NULL;
        return code == E_MEMORY ? error_memory(e) : 0;
    }
    record_contest_words(&words, &m->text);
    m->words = words.p;
    m->words_bytes = words.used;
    if (m->text.overlaps == 0)
        c->shown.conflict = MERGE_QUIET;
    return record_text_check(&words, e);
}

void record_merged_free(struct record_merged *m)
{
    struct record_text words;
    if (m == NULL)
        return;
    words = (struct record_text){m->words, m->words_bytes, m->words_bytes, 0};
    record_text_free(&words);
    text_merged_free(&m->text);
    if (m->memory != NULL)
        sodium_memzero(m->memory, m->memory_bytes);
    free(m->memory);
    free(m);
}

/* --- what is shown --- */

/* Frees the ancestry, and with it the lists of the live ops. */
static void let_go(struct record_ancestry *a, struct merge_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ops[i].supersedes = (struct slice){NULL, 0};
    record_ancestry_free(a);
}

static int show_text(struct db *db, struct record_contest *c, struct merge_op *ops, size_t count,
                     enum record_wants wants, struct error *e)
{
    const struct record_descendants of = {c->record, c->field->number, ops, count};
    struct record_ancestry a;
    struct slice base;
    int64_t rule = 0;
    int code;
    /* 1. See whether it is to be done at all. */
    if (wants == RECORD_ORDER || !may_merge(c, ops))
        return 0;
    if ((code = record_contest_rule(db, &rule, e)) != 0)
        return code;
    c->newer_rule = rule > TEXT_RULE;
    /* 2. Find what the versions were written over. A newer rule needs that too. */
    code = record_ancestry_load(db, &of, 1, &a, e);
    if (code == 0 && wants == RECORD_BACKGROUND)
        code = note_background(db, c, &a, e);
    /* 3. Bring them together. */
    if (code == 0 && !c->newer_rule && a.count != 0 && a.base.base != MERGE_NO_BASE &&
        words_of(c, a.ops[a.base.base].value, &base))
        code = merge_texts(c, ops, base, e);
    let_go(&a, ops, count);
    return code;
}

static int show_status(struct db *db, struct record_contest *c, struct merge_op *ops, size_t count,
                       enum record_wants wants, struct error *e)
{
    const struct record_descendants of = {c->record, c->field->number, ops, count};
    struct record_ancestry a;
    int code = record_ancestry_load(db, &of, 0, &a, e);
    if (code == 0)
        c->shown = merge_show_over(c->field, ops, count, a.ops, a.count);
    if (code == 0 && wants == RECORD_BACKGROUND)
        code = note_background(db, c, &a, e);
    let_go(&a, ops, count);
    return code;
}

int record_contest_show(struct db *db, struct record_contest *c, struct merge_op *ops, size_t count,
                        enum record_wants wants, struct error *e)
{
    c->merged = NULL;
    c->newer_rule = 0;
    c->shown = merge_show(c->field, ops, count);
    if (c->shown.conflict == MERGE_AGREED)
        return 0;
    if (schema_traits(c->field)->is_narrative)
        return show_text(db, c, ops, count, wants, e);
    return schema_traits(c->field)->looks_back ? show_status(db, c, ops, count, wants, e) : 0;
}

void record_contest_free(struct record_contest *c)
{
    record_merged_free(c->merged);
    c->merged = NULL;
}
