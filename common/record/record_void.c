/* Voiding. The value of a void op lists what its author saw: the dots of every op that lived then.
 *
 *   A record is voided if no live void op clears the void (nil), and one of them lists every op that lives now. If a
 *   void op lives and the record is not voided, somebody wrote something that no voider saw, or took the void back
 * while another set it. The record is then shown, contested, until a person voids it again or clears the void.
 *
 * Two people who void one record agree, whatever each of them saw. */
#include "record_private.h"

#include <stdlib.h>

static int by_dot(const void *a, const void *b)
{
    return dot_compare(a, b);
}

int record_dots_read(struct slice value, struct dot **dots, size_t *count, struct error *e)
{
    struct unpack r;
    size_t listed;
    *dots = NULL;
    *count = 0;
    unpack_start(&r, value);
    listed = unpack_array(&r); /* never more than there are bytes */
    if (r.failed || listed == 0)
        return 0;
    if ((*dots = malloc(listed * sizeof **dots)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < listed && !r.failed; i++) {
        struct dot dot = dot_unpack(&r);
        if (!r.failed)
            (*dots)[(*count)++] = dot;
    }
    qsort(*dots, *count, sizeof **dots, by_dot);
    return 0;
}

/* *all: not 0 if the list names every live op of the record, apart from those of the void itself and of what authors
 * had seen (FIELD_SEEN), which are no words in the record. */
static int lists_all(struct db *db, const struct id *record, const struct dot *dots, size_t count, int *all,
                     struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    *all = 1;
    if ((code = db_query(db, &s, e,
                         "SELECT entry.device, entry.epoch, entry.seq, op.op FROM op CROSS JOIN entry "
                         "ON entry.id = op.entry WHERE op.record = ? AND op.field NOT IN (?, ?)",
                         "duu", record, (uint64_t)FIELD_VOID, (uint64_t)FIELD_SEEN)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct dot dot = {db_id(s, 0), db_uint(s, 1), db_uint(s, 2), (unsigned)db_uint(s, 3)};
        if (count == 0 || bsearch(&dot, dots, count, sizeof *dots, by_dot) == NULL) {
            *all = 0;
            db_done(db, s);
            return 0;
        }
    }
    return row < 0 ? e->code : 0;
}

/* *wanted: not 0 if a void op lives; *voided: not 0 if the record is voided. */
static int decide(struct db *db, const struct id *record, const struct record_live *live, int *wanted, int *voided,
                  struct error *e)
{
    int taken_back = 0, code = 0;
    *wanted = *voided = 0;
    for (size_t i = 0; i < live->count && code == 0; i++) {
        struct dot *dots;
        size_t count;
        int all = 0;
        if (slice_is_nil(live->ops[i].value)) {
            taken_back = 1;
            continue;
        }
        *wanted = 1;
        if (*voided)
            continue;
        if ((code = record_dots_read(live->ops[i].value, &dots, &count, e)) == 0)
            code = lists_all(db, record, dots, count, &all, e);
        *voided = all;
        free(dots);
    }
    *voided = *voided && !taken_back;
    return code;
}

static int write_down(struct db *db, const struct schema_kind *kind, const struct id *record, int voided,
                      struct error *e)
{
    struct record_text sql = {NULL, 0, 0, 0};
    char id[ID_TEXT];
    int code;
    id_format(record, id);
    record_text_words(&sql, "UPDATE \"");
    record_text_words(&sql, kind->name);
    record_text_words(&sql, "\" SET voided = ? WHERE id = ?");
    record_text_add(&sql, "", 1);
    if ((code = record_text_check(&sql, e)) == 0 && (code = db_run(db, e, sql.p, "it", (int64_t)voided, id)) == 0)
        code = db_run(db, e, "UPDATE place SET voided = ? WHERE record = ?", "id", (int64_t)voided, record);
    record_text_free(&sql);
    return code;
}

int record_void_show(struct db *db, const struct schema_kind *kind, const struct change *c, int touched, int *changed,
                     struct error *e)
{
    struct record_live live;
    int wanted, voided, code;
    if ((code = record_field_live(db, &c->record, FIELD_VOID, &live, e)) == 0 && (touched || live.count != 0) &&
        (code = decide(db, &c->record, &live, &wanted, &voided, e)) == 0 &&
        (code = write_down(db, kind, &c->record, voided, e)) == 0)
        code = record_show_conflict(db, c, FIELD_VOID, wanted && !voided ? MERGE_LOUD : MERGE_AGREED, changed, e);
    record_field_forget(&live);
    return code;
}
