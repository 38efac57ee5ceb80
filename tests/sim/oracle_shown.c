/* Judges that what was typed and lives at the office is shown on the laptops too. */
#include "oracle_shown.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "oracle.h"
#include "oracle_book.h"
#include "oracle_ledger.h"
#include "schema.h"

struct here {
    uint8_t hash[CHANGE_HASH_BYTES];
    int lives, held;
};

static int by_here(const void *a, const void *b)
{
    return memcmp(a, b, CHANGE_HASH_BYTES);
}

/* Of its log; NULL: it could not be read. */
static struct here *read_log(unsigned m, struct db *db, size_t *count)
{
    size_t room = 0;
    struct here *all = malloc(sizeof *all);
    struct error e = {0, ""};
    struct change c;
    sqlite3_stmt *s;
    int row = -1;
    *count = 0;
    if (db_query(db, &s, &e,
                 "SELECT header, position IS NULL, live IS NOT NULL, held FROM entry LEFT JOIN applied ON "
                 "applied.entry = entry.id ORDER BY entry.id",
                 "") == 0)
        while ((row = db_next(db, s, &e)) == 1 && change_read_header(db_slice(s, 0), &c, &e) == 0) {
            if (*count >= room && (all = realloc(all, (room = 2 * room + 256) * sizeof *all)) == NULL)
                abort();
            memcpy(all[*count].hash, c.hash, sizeof c.hash);
            all[*count].held = db_int(s, 3) != 0;
            all[(*count)++].lives = db_int(s, 2) != 0;
            if (db_int(s, 1) && c.kind != KIND_RECEIPT && c.kind != KIND_EVENT)
                oracle_found("2: change %llu.%llu (kind %u) still waits on laptop %u", (unsigned long long)c.epoch,
                             (unsigned long long)c.seq, c.kind, m);
        }
    if (row == 1)
        db_done(db, s);
    if (row != 0)
        oracle_found("2: the log of laptop %u cannot be read: %s", m, e.text);
    qsort(all, *count, sizeof *all, by_here);
    return all;
}

/* 1, 0. */
static int is_whole(struct db *db, const struct id *scope)
{
    sqlite3_stmt *s;
    int whole = 0;
    if (db_query(db, &s, NULL, "SELECT complete FROM scope WHERE id = ?", "d", scope) == 0 &&
        db_next(db, s, NULL) == 1) {
        whole = db_int(s, 0) != 0;
        db_done(db, s);
    }
    return whole;
}

/* Does this op take the place of the change? */
static int names(const struct change_op *op, const struct oracle_typed *t)
{
    struct unpack list;
    size_t count = change_supersedes(op, &list);
    for (size_t i = 0; i < count; i++) {
        struct dot dot = dot_unpack(&list);
        if (dot.epoch == t->epoch && dot.seq == t->seq && id_equal(&dot.device, &t->device))
            return 1;
    }
    return 0;
}

/* What somebody wrote over it stood behind a backup: the laptop shows that, and goes on doing so until the office deals
 * it again. Where its author sent it before this change came again the office holds it, until a person releases it. */
static int is_under_stray(struct db *db, const struct oracle_typed *t)
{
    struct change c;
    sqlite3_stmt *s;
    int found = 0;
    if (db_query(db, &s, NULL, "SELECT header, body FROM entry WHERE record = ? AND position >= 1 << 62", "d",
                 &t->record) != 0)
        return 0;
    while (db_next(db, s, NULL) == 1) {
        if (change_read(db_slice(s, 0), db_slice(s, 1), &c, NULL) != 0)
            continue;
        for (size_t i = 0; i < c.op_count; i++)
            found |= names(&c.ops[i], t);
    }
    return found;
}

void oracle_shown_laptop(unsigned machine, struct db *db)
{
    size_t count;
    struct here *all = read_log(machine, db, &count);
    for (size_t i = 0; i < oracle_ledger_count(); i++) {
        const struct oracle_typed *t = oracle_ledger_at(i);
        const struct oracle_book_entry *entry = oracle_book_find(t->hash);
        const struct here *here;
        if (entry == NULL || entry->held || !schema_is_dealt(t->kind) || !is_whole(db, &t->scope))
            continue;
        here = count == 0 ? NULL : bsearch(t->hash, all, count, sizeof *all, by_here);
        if (here != NULL && here->held)
            oracle_found("2: %s has been released, and laptop %u takes it for held", oracle_ledger_name(t), machine);
        if (!entry->lives)
            continue;
        if (here == NULL || (!here->lives && !is_under_stray(db, t)))
            oracle_found("2: %s lives at the office, and laptop %u, which holds its scope whole, %s",
                         oracle_ledger_name(t), machine, here == NULL ? "does not have it" : "does not show it");
    }
    free(all);
}
