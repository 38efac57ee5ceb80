/* What the mappings share of the staged rows: sifting them, and walking through them. */
#include "import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int import_has(const char *folder, const char *name)
{
    char path[4096];
    struct stat there;
    return (size_t)snprintf(path, sizeof path, "%s/%s.csv", folder, name) < sizeof path && stat(path, &there) == 0;
}

int import_sift(struct import *im, const char *table, const char *condition, enum account_outcome outcome,
                const char *why, struct error *e)
{
    char *sql =
        sqlite3_mprintf("UPDATE account_row SET outcome = %d, why = %Q WHERE file = %Q AND line IN (SELECT line "
                        "FROM \"%w\" WHERE %s);"
                        "DELETE FROM \"%w\" WHERE %s",
                        (int)outcome, why, table, table, condition, table, condition);
    int code = sql == NULL ? error_memory(e) : db_exec(im->staging, sql, e);
    sqlite3_free(sql);
    return code;
}

int import_each(struct import *im, const char *sql, import_row *take, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(im->staging, &s, e, sql, "")) != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1) {
        if ((code = take(im, s, e)) != 0) {
            db_done(im->staging, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

const char *import_known(sqlite3_stmt *s, int column)
{
    return db_is_null(s, column) ? NULL : db_text(s, column);
}
