/* The import as a record of its own, whose id is the session of every change that it writes; and when each row of a
 * source was updated last. */
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "import.h"
#include "letters.h"

enum { RECORDS_PER_COMMIT = 1000, RECORDS_PER_TURN = 16 }; /* of those that go into one commit */

int import_source(struct import *im, const char *format, struct error *e)
{
    int used = snprintf(im->source, sizeof im->source, "%s%s%s", format, im->system[0] != 0 ? " " : "", im->system);
    return used < 0 || (size_t)used >= sizeof im->source
               ? error_set(e, E_INPUT, "--source takes a short name, as that of the other system")
               : 0;
}

/* --- the export's files --- */

static int hash_file(crypto_generichash_state *state, const char *folder, const char *name, struct error *e)
{
    char path[4096], bytes[8192];
    size_t size;
    FILE *f;
    int code = 0;
    crypto_generichash_update(state, (const uint8_t *)name, strlen(name) + 1);
    /* What is no file, or cannot be opened, gives its name alone: the account says that it was not read. */
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path ||
        letters_regular(path, &f, NULL) != 0)
        return 0;
    while ((size = fread(bytes, 1, sizeof bytes, f)) > 0)
        crypto_generichash_update(state, (const uint8_t *)bytes, size);
    if (ferror(f))
        code = error_set(e, E_IO, "%s cannot be read to its end", name);
    (void)fclose(f);
    return code;
}

static int hash_files(struct import *im, const char *folder, struct error *e)
{
    struct dirent **names = NULL;
    crypto_generichash_state state;
    int count = import_files(folder, &names), code = 0;
    crypto_generichash_init(&state, NULL, 0, sizeof im->files);
    for (int i = 0; i < count; i++) {
        if (code == 0)
            code = hash_file(&state, folder, names[i]->d_name, e);
        free(names[i]);
    }
    free((void *)names);
    crypto_generichash_final(&state, im->files, sizeof im->files);
    return code;
}

/* 1: the import runs beside the loop. */
static int others_wait(const struct import *im)
{
    return im->takes_turns && im->central->turn != NULL;
}

/* 1: what is not committed yet is enough for one commit: if others wait for the record, few, so that its end takes no
 * longer than they may wait. */
static int is_commit_full(const struct import *im)
{
    return im->in_transaction >= (others_wait(im) ? RECORDS_PER_TURN : RECORDS_PER_COMMIT);
}

/* --- times --- */

/* 1: the time a is before b. If one of them is a day alone, the days count. */
static int is_before(const char *a, const char *b)
{
    size_t length = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
    return strncmp(a, b, length) < 0;
}

/* Reads the latest time at which an export of this source was made; "": none of those that were taken says. */
static int last_export(struct import *im, char out[MOMENT_TEXT], struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(im->central->db, &s, e,
                       "SELECT max(exported) FROM \"import\" i WHERE source = ? AND undoes IS NULL AND NOT "
                       "EXISTS(SELECT 1 FROM \"import\" u WHERE u.undoes = i.id AND u.ended IS NOT NULL)",
                       "t", im->source);
    out[0] = 0;
    if (row != 1)
        return row < 0 ? error_code(e) : 0;
    (void)snprintf(out, MOMENT_TEXT, "%s", db_text(s, 0));
    db_done(im->central->db, s);
    return 0;
}

int import_begin(struct import *im, const char *folder, const char *exported, struct error *e)
{
    char last[MOMENT_TEXT], words[2][MOMENT_TEXT];
    int code;
    (void)snprintf(im->exported, sizeof im->exported, "%s", exported);
    if ((code = import_give(im, e)) != 0 || (code = hash_files(im, folder, e)) != 0 ||
        (code = import_take(im, e)) != 0 || (code = last_export(im, last, e)) != 0)
        return code;
    im->fills = exported[0] != 0 && last[0] != 0 && is_before(exported, last);
    if (im->fills && !im->is_older) {
        moment_to_words(exported, words[0]);
        moment_to_words(last, words[1]);
        return error_set(e, E_REFUSED,
                         "this export is of %s, and one of %s has been taken already, so nothing was imported; import "
                         "the newest one, or give --older to take from this one only what is missing",
                         words[0], words[1]);
    }
    im->id = id_new(clock_wall());
    im->central->author.session = im->id;
    return 0;
}

/* --- rows that are older than what was taken --- */

/* Keeps in `gone` where a row stood, if it stands under another parent now. */
static int note_moved(struct import *im, const char *table, sqlite3_stmt *row, const char *stood, struct error *e)
{
    enum { LINE, KEY, UPDATED, PARENT };
    if (stood[0] == '\0' || strcmp(stood, db_text(row, PARENT)) == 0)
        return 0;
    return db_run(im->staging, e, "INSERT INTO gone VALUES (?, ?, ?, ?, ?, 0)", "tuttt", table, db_uint(row, LINE),
                  db_text(row, KEY), stood, db_text(row, UPDATED));
}

int import_old(struct import *im, const char *table, const char *key, const char *updated, const char *parent,
               struct error *e)
{
    sqlite3_stmt *s, *known;
    char sql[3][512];
    int row = 0, is, code;
    if (im->fills || (code = import_take(im, e)) != 0)
        return im->fills ? 0 : code;
    (void)snprintf(sql[0], sizeof sql[0], "SELECT line, \"%s\", \"%s\", %s%s%s FROM \"%s\" WHERE \"%s\" <> ''", key,
                   updated, parent != NULL ? "\"" : "'", parent != NULL ? parent : "", parent != NULL ? "\"" : "'",
                   table, updated);
    (void)snprintf(sql[1], sizeof sql[1], "UPDATE \"%s\" SET old = 1 WHERE line = ?", table);
    (void)snprintf(sql[2], sizeof sql[2], "UPDATE \"%s\" SET later = 1 WHERE line = ?", table);
    if ((code = db_query(im->staging, &s, e, sql[0], "")) != 0)
        return code;
    while (code == 0 && (row = db_next(im->staging, s, e)) == 1) {
        uint64_t line = db_uint(s, 0);
        int is_old = 0, is_later = 0;
        if ((code = import_rest(im, e)) != 0)
            continue;
        if ((is = db_first(im->central->db, &known, e,
                           "SELECT updated, parent FROM import_row WHERE source = ? AND file = ? AND key = ?", "ttt",
                           im->source, table, db_text(s, 1))) < 0)
            code = error_code(e);
        if (is == 1) {
            is_old = is_before(db_text(s, 2), db_text(known, 0));
            is_later = is_before(db_text(known, 0), db_text(s, 2));
            if (parent != NULL && !is_old)
                code = note_moved(im, table, s, db_text(known, 1), e);
            db_done(im->central->db, known);
        }
        if (code == 0 && is_later)
            code = db_run(im->staging, e, sql[2], "u", line);
        if (code == 0 && is_old && (code = db_run(im->staging, e, sql[1], "u", line)) == 0)
            code = account_settle(im->staging, &(struct account_row){table, line, ""}, ACCOUNT_PASSED,
                                  "a later row of its key was taken before", e);
    }
    if (code != 0)
        db_done(im->staging, s);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

int import_remember(struct import *im, const char *file, const char *sql, struct error *e)
{
    sqlite3_stmt *s;
    int row = 0, is_new, code = db_query(im->staging, &s, e, sql, "");
    if (code != 0)
        return code;
    while (code == 0 && (row = db_next(im->staging, s, e)) == 1) {
        if ((code = import_rest(im, e)) != 0)
            continue;
        if ((is_new = db_exists(im->central->db, e,
                                "SELECT 1 WHERE NOT EXISTS(SELECT 1 FROM import_row WHERE source = ? AND file = ? AND "
                                "key = ? AND updated >= ?)",
                                "tttt", im->source, file, db_text(s, 0), db_text(s, 1))) < 0)
            code = error_code(e);
        if (code != 0 || !is_new)
            continue;
        if ((is_commit_full(im) && (code = import_flush(im, e)) != 0) ||
            (im->in_transaction == 0 && (code = central_begin(im->central, e)) != 0))
            continue;
        im->in_transaction++;
        code = db_run(im->central->db, e, "INSERT OR REPLACE INTO import_row VALUES (?, ?, ?, ?, ?, ?)", "ttttdt",
                      im->source, file, db_text(s, 0), db_text(s, 1), &im->id, db_text(s, 2));
    }
    if (code != 0)
        db_done(im->staging, s);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

/* --- turns --- */

int import_give(struct import *im, struct error *e)
{
    int code;
    if (!others_wait(im) || im->pause.is_given)
        return 0;
    if ((code = import_flush(im, e)) == 0)
        central_give(im->central, &im->pause);
    return code;
}

int import_take(struct import *im, struct error *e)
{
    int code;
    if (!im->pause.is_given)
        return 0;
    code = central_take(im->central, &im->pause, e);
    im->since_ms = clock_steady();
    return code;
}

int import_rest(struct import *im, struct error *e)
{
    enum { LEAST_MS = 5, MOST_MS = 250 };
    const struct central_turn *turn = im->central->turn;
    uint64_t had = im->pause.is_given ? 0 : clock_steady() - im->since_ms;
    int code;
    if (!others_wait(im) || (!im->pause.is_given && had < MOST_MS && (had < LEAST_MS || !turn->is_wanted(turn->arg))))
        return 0;
    code = import_give(im, e);
    return code != 0 ? code : import_take(im, e);
}

/* --- transactions --- */

/* Writes the import's own record, without what is known only at its end. */
static int write_beginning(struct import *im, struct error *e)
{
    char files[65];
    struct central_field fields[5] = {{"source", .text = im->source}, {"files", .text = files}};
    size_t count = 2;
    sodium_bin2hex(files, sizeof files, im->files, sizeof im->files);
    if (im->exported[0] != 0)
        fields[count++] = (struct central_field){"exported", .text = im->exported};
    if (im->fills)
        fields[count++] = (struct central_field){"older", .text = "yes"};
    return central_write_record(im->central,
                                &(struct central_record){.kind = KIND_IMPORT, .record = &im->id, .fields = fields}, e);
}

int import_transaction(struct import *im, struct error *e)
{
    int code = 0;
    if (is_commit_full(im))
        code = import_flush(im, e);
    if (code == 0 && im->in_transaction == 0)
        code = central_begin(im->central, e);
    if (code != 0)
        return code;
    im->in_transaction++;
    if (im->is_begun)
        return 0;
    im->is_begun = 1;
    return write_beginning(im, e);
}

int import_flush(struct import *im, struct error *e)
{
    if (im->in_transaction == 0)
        return 0;
    im->in_transaction = 0;
    return central_commit(im->central, e);
}

/* 1: the last import of this source took the very same export, to its end; 0: not; -1: failed. */
static int is_same_export(struct import *im, struct error *e)
{
    char files[65];
    sodium_bin2hex(files, sizeof files, im->files, sizeof im->files);
    return db_exists(im->central->db, e,
                     "SELECT 1 FROM \"import\" i WHERE files = ?2 AND exported IS nullif(?3, '') AND ended IS NOT NULL "
                     "AND i.id = (SELECT l.id FROM \"import\" l JOIN entry ON entry.record = "
                     "id_blob(l.id) WHERE source = ?1 AND undoes IS NULL ORDER BY entry.position DESC "
                     "LIMIT 1)",
                     "ttt", im->source, files, im->exported);
}

static int write_end(struct import *im, struct error *e)
{
    uint64_t rows, values;
    char now[CLOCK_TEXT], number[5][24];
    const struct {
        const char *field;
        uint64_t count;
    } counts[] = {
        {"created", im->created}, {"changed", im->changed}, {"withdrawn", im->withdrawn}, {"disputed", im->contested}};
    struct edit edit;
    int code;
    if ((code = account_left(im->staging, &rows, &values, e)) != 0 ||
        (code = edit_open(&edit, im->central->db, &im->id, e)) != 0)
        return code;
    for (size_t i = 0; code == 0 && i < sizeof counts / sizeof *counts; i++) {
        (void)snprintf(number[i], sizeof number[i], "%llu", (unsigned long long)counts[i].count);
        code = edit_set_text(&edit, counts[i].field, number[i], e);
    }
    rows += values;
    (void)snprintf(number[4], sizeof number[4], "%llu", (unsigned long long)rows);
    if (code == 0 && (code = edit_set_text(&edit, "left", number[4], e)) == 0 &&
        clock_text(im->central->author.wall(), now) == 0)
        code = edit_set_text(&edit, "ended", now, e);
    if (code == 0)
        return central_write(im->central, &edit, NULL, e);
    edit_free(&edit);
    return code;
}

int import_end(struct import *im, struct error *e)
{
    int same = im->is_begun ? 0 : is_same_export(im, e), code;
    if (same < 0)
        return error_code(e);
    if (!same && ((code = import_transaction(im, e)) != 0 || (code = write_end(im, e)) != 0))
        return code;
    return import_flush(im, e);
}
