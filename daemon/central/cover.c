/* Ends what somebody covers until a day, once that day has gone by. No clock is asked when a caseload is computed: what
 * ends it is an entry. */
#include "cover.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "schema.h"

void cover_today(const struct central *c, char out[COVER_DAY])
{
    time_t now = (time_t)(c->author.wall() / 1000);
    struct tm local;
    if (localtime_r(&now, &local) == NULL || strftime(out, COVER_DAY, "%Y-%m-%d", &local) == 0)
        out[0] = '\0';
}

/* 1: *id is an assignment whose last day is before today; 0: there is none; -1: failed. */
static int next_due(struct db *db, const char *today, struct id *id, struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(db, &s, e,
                       "SELECT id FROM assignment WHERE until < ? AND status = 'active' AND voided = 0 ORDER BY id "
                       "LIMIT 1",
                       "t", today);
    if (row != 1)
        return row < 0 ? -1 : 0;
    row = id_parse(db_text(s, 0), id, e) == 0 ? 1 : -1;
    db_done(db, s);
    return row;
}

static int end_all(struct central *c, const char *today, struct error *e)
{
    struct edit edit;
    struct id id;
    int row, code = 0;
    while (code == 0 && (row = next_due(c->db, today, &id, e)) != 0) {
        if (row < 0)
            return error_code(e);
        if ((code = edit_open(&edit, c->db, &id, e)) == 0)
            code = edit_set_text(&edit, "status", "disabled", e);
        if (code != 0)
            edit_free(&edit);
        else
            code = central_write(c, &edit, "the last day of this cover has gone by", e);
    }
    return code;
}

int cover_end(struct central *c, struct error *e)
{
    struct edit_author acting = c->author;
    char today[COVER_DAY];
    struct id id;
    int row, code;
    cover_today(c, today);
    if (c->backup_size != 0 || c->is_read_only || today[0] == '\0' || strcmp(today, c->cover_day) == 0)
        return 0;
    if ((row = next_due(c->db, today, &id, e)) < 0)
        return error_code(e);
    if (row == 1) {
        if ((code = central_begin(c, e)) != 0)
            return code;
        central_act_as_office(c);
        code = central_end(c, end_all(c, today, e), e);
        c->author.person = acting.person;
        c->author.session = acting.session;
        if (code != 0)
            return code;
    }
    (void)snprintf(c->cover_day, sizeof c->cover_day, "%s", today);
    return 0;
}
