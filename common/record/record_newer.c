/* What this version does not know: fields, and kinds with all their fields. Their ops stand in op like all others; the
 * table newer names them, so that a person is told of what is kept and not understood. */
#include "record_private.h"

/* Stands in for an unknown field. Its policy is not known either, so that every live op is shown, as with `once`. */
static const struct schema_field unknown = {.type = SCHEMA_TEXT, .name = "", .policy = SCHEMA_ONCE, .help = ""};

int record_newer_load(struct db *db, const struct id *record, unsigned field, struct record_field *out, struct error *e)
{
    struct schema_field any = unknown;
    any.number = field;
    return record_field_load(db, record, NULL, &any, out, e);
}

int record_newer(struct db *db, const struct id *record,
                 int (*each)(void *arg, const struct record_newer *n, struct error *e), void *arg, struct error *e)
{
#define COLUMNS                                                                                                        \
    "SELECT n.record, n.scope, n.kind, n.field, (SELECT count(*) FROM op WHERE op.record = n.record AND "              \
    "op.field = n.field) AS live FROM newer n JOIN place ON place.record = n.record WHERE live > 0 AND "
    static const char of_all[] = COLUMNS "place.voided = 0 ORDER BY n.scope, n.record, n.field";
    static const char of_one[] = COLUMNS "n.record = ? ORDER BY n.field";
#undef COLUMNS
    struct record_newer n;
    struct error own;
    sqlite3_stmt *s;
    int row, code;
    if (e == NULL)
        e = &own;
    if ((code = record == NULL ? db_query(db, &s, e, of_all, "") : db_query(db, &s, e, of_one, "d", record)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        n = (struct record_newer){db_id(s, 0), db_id(s, 1), (unsigned)db_uint(s, 2), (unsigned)db_uint(s, 3),
                                  db_uint(s, 4)};
        if ((code = each(arg, &n, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? e->code : 0;
}

static int count_one(void *arg, const struct record_newer *n, struct error *e)
{
    (void)n;
    (void)e;
    *(uint64_t *)arg += 1;
    return 0;
}

int record_newer_count(struct db *db, uint64_t *count, struct error *e)
{
    *count = 0;
    return record_newer(db, NULL, count_one, count, e);
}
