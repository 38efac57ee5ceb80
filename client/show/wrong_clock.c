/* Marks the dates that were written under a wrong clock, in lists and on a record's page. */
#include "wrong_clock.h"

#include "clock.h"
#include "fields.h"

/* The field by which a list of the kind is sorted, if that is a day or a time; else NULL. */
static const struct schema_field *dated(const struct schema_kind *kind)
{
    const struct schema_field *first =
        kind->columns[0] != NULL ? schema_field_named(kind, kind->columns[0]) : &kind->fields[0];
    return first != NULL && (first->type == SCHEMA_TIME || first->type == SCHEMA_DATE) ? first : NULL;
}

int wrong_clock_has(const struct printer *v, const struct schema_kind *kind, const struct id *record, int64_t *off_ms,
                    struct error *e)
{
    static const char sql[] = "SELECT entry.header, entry.received FROM op CROSS JOIN entry ON entry.id = op.entry "
                              "WHERE op.record = ? AND op.field = ?";
    const struct schema_field *field = dated(kind);
    struct change header;
    sqlite3_stmt *s;
    int row;
    *off_ms = 0;
    if (field == NULL)
        return 0;
    if (db_query(v->db, &s, e, sql, "du", record, (uint64_t)field->number) != 0)
        return -1;
    while ((row = db_next(v->db, s, e)) == 1) {
        uint64_t received = db_uint(s, 1);
        if (*off_ms == 0 && change_read_known(db_slice(s, 0), &header, NULL) == 0)
            *off_ms = clock_off(header.hlc, header.wall_ms, received != 0 ? received : v->now_ms);
    }
    return row < 0 ? -1 : *off_ms != 0;
}

int wrong_clock_words(struct printer *v, const struct schema_kind *kind, const struct id *record, int indent,
                      struct error *e)
{
    char span[MOMENT_TEXT];
    int64_t off;
    int is_off = wrong_clock_has(v, kind, record, &off, e);
    if (is_off < 0)
        return error_code(e);
    if (!is_off)
        return 0;
    moment_span((uint64_t)(off < 0 ? -off : off), span);
    fields_label(v, "IS THIS RIGHT?", indent);
    (void)fprintf(v->cli->out, "%s: it was written by a clock that was at least %s %s\n", dated(kind)->name, span,
                  off > 0 ? "ahead" : "behind");
    return 0;
}

int wrong_clock_json(struct printer *v, const struct schema_kind *kind, const struct id *record, struct error *e)
{
    int64_t off;
    int is_off = wrong_clock_has(v, kind, record, &off, e);
    if (is_off < 0)
        return error_code(e);
    json_flag(json_key(&v->json, "wrong_clock"), is_off);
    return 0;
}
