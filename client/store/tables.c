/* Makes the tables that a laptop has beside the log and the record. The file named over each table is the one that
 * fills it; its header says what the columns mean. */
#include "tables.h"

int tables_create(struct db *db, struct error *e)
{
    static const char sql[] =
        /* setback: own changes that were let go of with their case, and the announcements that this laptop knows */
        "CREATE TABLE IF NOT EXISTS own_header("
        "  epoch INTEGER NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL, header BLOB NOT NULL,"
        "  PRIMARY KEY(epoch, seq)) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS set_back("
        "  hash BLOB PRIMARY KEY, size INTEGER NOT NULL, seen INTEGER NOT NULL, told INTEGER NOT NULL,"
        "  note TEXT NOT NULL) WITHOUT ROWID;"
        /* queue: our changes that the office holds, and why */
        "CREATE TABLE IF NOT EXISTS held_note("
        "  epoch INTEGER NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL, kind INTEGER NOT NULL,"
        "  reason TEXT NOT NULL, header BLOB, body BLOB, PRIMARY KEY(epoch, seq)) WITHOUT ROWID;"
        /* decided: what others decided over this person's words */
        "CREATE TABLE IF NOT EXISTS decided("
        "  id INTEGER PRIMARY KEY, device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
        "  op INTEGER NOT NULL, record BLOB NOT NULL, kind INTEGER NOT NULL, field INTEGER NOT NULL,"
        "  scope BLOB NOT NULL, author BLOB NOT NULL, wall INTEGER NOT NULL, value BLOB NOT NULL, mine BLOB,"
        "  told INTEGER NOT NULL DEFAULT 0, UNIQUE(device, epoch, seq, op));"
        /* news: what came from others and has not been told; epoch 0: a whole scope */
        "CREATE TABLE IF NOT EXISTS news("
        "  id INTEGER PRIMARY KEY, scope BLOB NOT NULL, device BLOB NOT NULL, epoch INTEGER NOT NULL,"
        "  seq INTEGER NOT NULL, UNIQUE(scope, device, epoch, seq));"
        /* seen: the ops that a person of this laptop was shown */
        "CREATE TABLE IF NOT EXISTS seen("
        "  person BLOB NOT NULL, device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
        "  op INTEGER NOT NULL, PRIMARY KEY(person, device, epoch, seq, op)) WITHOUT ROWID;"
        /* reissue: changes that are written once more in a new epoch */
        "CREATE TABLE IF NOT EXISTS stranded("
        "  new_epoch INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, new_seq INTEGER,"
        "  scope BLOB NOT NULL, kind INTEGER NOT NULL, header BLOB NOT NULL, body BLOB,"
        "  PRIMARY KEY(new_epoch, epoch, seq)) WITHOUT ROWID;"
        /* draft: what was typed and is not written yet */
        "CREATE TABLE IF NOT EXISTS draft("
        "  scope BLOB NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL,"
        "  PRIMARY KEY(scope, kind)) WITHOUT ROWID;"
        /* unfinished: the session of a sync that broke off, for the next one; one row or none */
        "CREATE TABLE IF NOT EXISTS unfinished("
        "  session BLOB NOT NULL, flags INTEGER NOT NULL, epoch INTEGER NOT NULL, seen INTEGER NOT NULL);"
        /* apply: which scopes are here and whole, and the entries that have come of those that are not */
        "CREATE TABLE IF NOT EXISTS scope(id BLOB PRIMARY KEY, complete INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS arriving("
        "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, scope BLOB NOT NULL,"
        "  position INTEGER NOT NULL, received INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0,"
        "  header BLOB NOT NULL, body BLOB, mask BLOB, UNIQUE(device, epoch, seq));"
        "CREATE INDEX IF NOT EXISTS arriving_scope ON arriving(scope, position);"
        /* refused: scopes that came whole in the deal under way, and were not taken, since a change was queued there */
        "CREATE TABLE IF NOT EXISTS refused(scope BLOB PRIMARY KEY) WITHOUT ROWID;";
    return db_exec(db, sql, e);
}
