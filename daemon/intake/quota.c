/* What laptops have brought, by the day and since they were shut out; and what is held of them.
 *
 * A day begins with the first push after the end of the one before; 24 hours later, or if the office's clock shows an
 * earlier time than its beginning, it is over. What a laptop brings while it is shut out counts besides, without an
 * end; that count begins anew when the laptop is let in again. */
#include "quota.h"

#include <stdio.h>
#include <string.h>

#include "caseload.h"
#include "cli.h"

enum { DAY_MS = 86400000 };

static uint64_t allowed(const struct quota *q, uint64_t usual)
{
    return usual * q->percent / 100;
}

static void set_limits(struct quota *q)
{
    q->limit = (struct quota_brought){allowed(q, QUOTA_DAY_BYTES), allowed(q, QUOTA_DAY_CHANGES),
                                      allowed(q, QUOTA_DAY_RECORDS), allowed(q, QUOTA_DAY_LINKS)};
    q->held_bytes_limit = allowed(q, QUOTA_HELD_BYTES);
    q->held_changes_limit = allowed(q, QUOTA_HELD_CHANGES);
    q->waiting_limit = allowed(q, QUOTA_WAITING);
}

static int read_held(struct central *c, const struct id *device, struct quota *q, struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(c->db, &s, e,
                       "SELECT count(*), coalesce(sum(length(header) + coalesce(length(body), 0)), 0) FROM entry "
                       "WHERE device = ? AND held = 1",
                       "d", device);
    if (row < 0)
        return error_code(e);
    q->held_changes = db_uint(s, 0);
    q->held_bytes = db_uint(s, 1);
    db_done(c->db, s);
    return 0;
}

/* Reads all but what is held or waits. */
static int read_brought(struct central *c, const struct device *device, struct quota *q, struct error *e)
{
    char id[ID_TEXT];
    sqlite3_stmt *s;
    uint64_t now = c->author.wall();
    int row, code;
    memset(q, 0, sizeof *q);
    id_format(&device->device, id);
    if ((code = db_number_of(c->db, &q->percent, e, "SELECT coalesce(quota, 100) FROM device WHERE id = ?", "t", id)) !=
        0)
        return code;
    if (q->percent > QUOTA_PERCENT_MAX)
        q->percent = QUOTA_PERCENT_MAX;
    set_limits(q);
    if ((row = db_first(c->db, &s, e,
                        "SELECT since, bytes, changes, records, links, shut_bytes, shut_changes, closed FROM brought "
                        "WHERE device = ?",
                        "d", &device->device)) <= 0)
        return row < 0 ? error_code(e) : 0;
    q->since_ms = db_uint(s, 0);
    q->day = (struct quota_brought){db_uint(s, 1), db_uint(s, 2), db_uint(s, 3), db_uint(s, 4)};
    q->shut_bytes = device->revoked ? db_uint(s, 5) : 0;
    q->shut_changes = device->revoked ? db_uint(s, 6) : 0;
    q->closed = device->revoked && db_int(s, 7) != 0;
    db_done(c->db, s);
    if (now < q->since_ms || now - q->since_ms >= DAY_MS) {
        q->since_ms = 0;
        memset(&q->day, 0, sizeof q->day);
    }
    return 0;
}

int quota_read(struct central *c, const struct device *device, struct quota *out, struct error *e)
{
    int code = read_brought(c, device, out, e);
    if (code == 0)
        code = read_held(c, &device->device, out, e);
    return code != 0 ? code : caseload_count_taken_down(c->db, &device->device, &out->waiting, e);
}

/* --- the answers --- */

static int is_closed(struct error *e)
{
    return error_set(e, E_REFUSED,
                     "this laptop, or its user, has been disabled, and the office has received as much as it keeps of "
                     "such a laptop: its link is closed. Nothing on the laptop is lost; talk to the office, where an "
                     "administrator can open the link again");
}

static int is_over(const struct quota *q, const char *what, struct error *e)
{
    char when[32];
    cli_time(q->since_ms + DAY_MS, when);
    return error_set(e, E_BUSY,
                     "later: in one day the office takes no more than %s from one laptop, and this would be more. "
                     "Nothing is lost: it waits on this laptop. Sync again after %s, or ask an administrator of the "
                     "office to allow this laptop more (`satcheld device quota`)",
                     what, when);
}

/* What is brought by now, with the push under way. */
static int check_day(struct quota *q, const struct quota_brought *all, struct error *e)
{
    char what[64];
    if (all->bytes > q->limit.bytes)
        (void)snprintf(what, sizeof what, "%llu MB of changes", (unsigned long long)(q->limit.bytes >> 20));
    else if (all->changes > q->limit.changes)
        (void)snprintf(what, sizeof what, "%llu changes", (unsigned long long)q->limit.changes);
    else if (all->records > q->limit.records)
        (void)snprintf(what, sizeof what, "%llu new persons and cases", (unsigned long long)q->limit.records);
    else if (all->links > q->limit.links)
        (void)snprintf(what, sizeof what, "%llu links between persons", (unsigned long long)q->limit.links);
    else
        return 0;
    return is_over(q, what, e);
}

static int check_held(const struct quota *q, struct error *e)
{
    if (q->held_changes <= q->held_changes_limit && q->held_bytes <= q->held_bytes_limit)
        return 0;
    return error_set(e, E_BUSY,
                     "later: the office holds so much of what this laptop sent that it takes no more before somebody "
                     "there has decided about that (`satcheld held list`). Nothing is lost: it waits on this laptop. "
                     "Call an administrator of the office, who can also allow this laptop more (`satcheld device "
                     "quota`)");
}

static int check_waiting(const struct quota *q, struct error *e)
{
    if (q->waiting <= q->waiting_limit)
        return 0;
    return error_set(e, E_BUSY,
                     "later: %llu persons whom this laptop took down wait at the office for a case, and it takes no "
                     "more of them before somebody there has opened one for some. Nothing is lost: it waits on this "
                     "laptop. Call an administrator of the office, who can also allow this laptop more (`satcheld "
                     "device quota`)",
                     (unsigned long long)q->waiting_limit);
}

/* --- counting --- */

static void add(struct quota_brought *to, const struct quota_brought *more)
{
    to->bytes += more->bytes;
    to->changes += more->changes;
    to->records += more->records;
    to->links += more->links;
}

/* Adds a push to what was brought, and checks the sums. */
static int weigh(struct central *c, const struct device *device, const struct quota_brought *more, struct quota *q,
                 struct error *e)
{
    int is_first, code = read_brought(c, device, q, e);
    if (code != 0)
        return code;
    if ((is_first = q->since_ms == 0) != 0)
        q->since_ms = c->author.wall();
    add(&q->day, more);
    /* The first push of a day is taken however large it is, so that a queue gets smaller in any case. */
    if (!device->revoked)
        return is_first ? 0 : check_day(q, &q->day, e);
    q->shut_bytes += more->bytes;
    q->shut_changes += more->changes;
    return q->closed || q->shut_bytes > q->held_bytes_limit || q->shut_changes > q->held_changes_limit ? is_closed(e)
                                                                                                       : 0;
}

int quota_check(struct central *c, const struct device *device, const struct quota_brought *more, struct error *e)
{
    struct quota q;
    return weigh(c, device, more, &q, e);
}

int quota_note(struct central *c, const struct device *device, const struct quota_brought *more, int was_held,
               struct error *e)
{
    struct quota q;
    int code = weigh(c, device, more, &q, e);
    if (code == 0 && was_held && !device->revoked && (code = read_held(c, &device->device, &q, e)) == 0)
        code = check_held(&q, e);
    /* The office looks at these persons for each push of the laptop's, and each deal to it. */
    if (code == 0 && more->records != 0 && !device->revoked &&
        (code = caseload_count_taken_down(c->db, &device->device, &q.waiting, e)) == 0)
        code = check_waiting(&q, e);
    if (code != 0)
        return code;
    return db_run(c->db, e,
                  "INSERT OR REPLACE INTO brought(device, since, bytes, changes, records, links, shut_bytes, "
                  "shut_changes, closed) VALUES(?,?,?,?,?,?,?,?,0)",
                  "duuuuuuu", &device->device, q.since_ms, q.day.bytes, q.day.changes, q.day.records, q.day.links,
                  q.shut_bytes, q.shut_changes);
}

/* --- the closed link --- */

int quota_close(struct central *c, const struct device *device, struct error *e)
{
    return db_run(
        c->db, e,
        "INSERT INTO brought(device, since, bytes, changes, records, links, shut_bytes, shut_changes, closed) "
        "VALUES(?,0,0,0,0,0,0,0,1) ON CONFLICT DO UPDATE SET closed = 1",
        "d", &device->device);
}

int quota_check_link(struct central *c, const struct device *device, struct error *e)
{
    int closed = !device->revoked ? 0
                                  : db_exists(c->db, e, "SELECT 1 FROM brought WHERE device = ? AND closed = 1", "d",
                                              &device->device);
    if (closed < 0)
        return error_code(e);
    return closed ? is_closed(e) : 0;
}

int quota_open_link(struct central *c, const struct id *device, struct error *e)
{
    return db_run(c->db, e, "UPDATE brought SET closed = 0 WHERE device = ?", "d", device);
}
