/* Names the import that an op came with. */
#include <stdio.h>

#include "change.h"
#include "moment.h"
#include "review.h"

/* *session: of the change that the op stands in. 1: it is here; 0: it is not; -1: failed. */
static int session_of(struct db *db, const struct dot *dot, struct id *session, struct error *e)
{
    struct change c;
    sqlite3_stmt *s;
    int code, row = db_first(db, &s, e, "SELECT header FROM entry WHERE device = ? AND epoch = ? AND seq = ?", "duu",
                             &dot->device, dot->epoch, dot->seq);
    if (row != 1)
        return row;
    code = change_read_known(db_slice(s, 0), &c, e);
    *session = c.session;
    db_done(db, s);
    return code == 0 ? 1 : -1;
}

int review_import(struct db *db, const struct dot *dot, char out[REVIEW_IMPORT], struct error *e)
{
    char when[MOMENT_TEXT];
    struct id session;
    sqlite3_stmt *s;
    int row = session_of(db, dot, &session, e);
    out[0] = '\0';
    if (row != 1)
        return row;
    /* The import's own record is of the same chain: nobody else's session can pass for it. */
    if ((row = db_first(
             db, &s, e,
             "SELECT source, exported, undoes IS NOT NULL FROM \"import\" i WHERE id = id_text(?1) AND EXISTS(SELECT 1 "
             "FROM entry WHERE record = ?1 AND device = ?2)",
             "dd", &session, &dot->device)) != 1)
        return row;
    moment_to_words(db_text(s, 1), when);
    (void)snprintf(out, REVIEW_IMPORT, "%s import of %.150s%s%s", db_int(s, 2) ? "the taking back of an" : "the",
                   db_text(s, 0), when[0] != '\0' ? ", export of " : "", when);
    db_done(db, s);
    return 1;
}

int review_import_sentence(struct db *db, struct review *r, struct error *e)
{
    const struct schema_field *field = r->conflict.field;
    char import[REVIEW_IMPORT], name[64];
    size_t imports = 0;
    if (field->number == FIELD_VOID || r->field.unseen || !schema_holds_one(field))
        return 0;
    for (size_t i = 0; i < r->field.count; i++) {
        int is = review_import(db, &r->field.ops[i].merge.dot, import, e);
        if (is < 0)
            return error_code(e);
        imports += (size_t)is;
    }
    if (imports == 0 || imports == r->field.count)
        return 0;
    (void)snprintf(name, sizeof name, "%s", field->name);
    for (char *p = name; *p != '\0'; p++)
        *p = *p == '_' ? ' ' : *p;
    (void)snprintf(r->sentence, sizeof r->sentence,
                   "An import and a person changed the %s without having seen each other's change", name);
    return 0;
}
