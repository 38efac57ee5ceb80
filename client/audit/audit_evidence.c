/* Reads what an auditor brings from elsewhere, and holds the archive's log against it: as in RFC 6962, a log is
 * consistent with a statement of `size` entries if the root over its own first `size` is the one that was stated. */
#include "audit_evidence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "db.h"

#define STATUS_MAX 65536 /* bytes of what `satchel status --json` says */

/* --- files --- */

/* Reads a whole file of less than `room` - 1 bytes, NUL-ended. E_INPUT: there is none, or it is longer. E_IO. */
static int read_small(const char *path, const char *what, char *out, size_t room, struct error *e)
{
    FILE *file = fopen(path, "re");
    size_t n;
    int failed;
    if (file == NULL)
        return error_system(e, E_INPUT, errno, "%s (%s)", what, path);
    n = fread(out, 1, room - 1, file);
    failed = ferror(file);
    (void)fclose(file);
    if (failed)
        return error_set(e, E_IO, "the file %s cannot be read", path);
    if (n == room - 1)
        return error_set(e, E_INPUT, "the file %s is too long: it may have %zu bytes", path, room - 2);
    out[n] = 0;
    return 0;
}

int audit_evidence_key(const char *words, struct checkpoint_vkey *out, struct error *e)
{
    char room[CHECKPOINT_VKEY_MAX];
    size_t n;
    int code;
    if (checkpoint_vkey_parse(words, out, NULL) == 0)
        return 0;
    if ((code = read_small(words, "--key is neither an office's verifier key nor a file that can be read", room,
                           sizeof room, e)) != 0)
        return code;
    n = strlen(room);
    while (n != 0 && (room[n - 1] == '\n' || room[n - 1] == '\r' || room[n - 1] == ' '))
        room[--n] = 0;
    if ((code = checkpoint_vkey_parse(room, out, e)) != 0)
        error_prefix(e, "the key in %s", words);
    return code;
}

/* Takes the signed note out of what `satchel status --json` says. "": it has none. E_INPUT: this is no JSON. */
static int note_of_status(const char *path, const char *json, char note[CHECKPOINT_TEXT_MAX], struct error *e)
{
    struct db *db = NULL;
    sqlite3_stmt *s;
    int row = -1, code;
    note[0] = 0;
    if ((code = db_open_memory(&db, e)) != 0)
        return code;
    if ((row = db_first(db, &s, e,
                        "SELECT json_valid(?1), json_extract(CASE WHEN json_valid(?1) THEN ?1 END, "
                        "'$.checkpoint_note')",
                        "t", json)) == 1) {
        if (db_int(s, 0) == 0)
            code = error_set(e, E_INPUT, "--seen: %s begins as JSON and is none: it may have been cut", path);
        else if (!db_is_null(s, 1))
            (void)snprintf(note, CHECKPOINT_TEXT_MAX, "%s", db_text(s, 1));
        db_done(db, s);
    }
    db_close(db);
    return row < 0 ? error_code(e) : code;
}

static int open_note(const char *note, size_t bytes, const struct checkpoint_vkey *vkey, struct audit_evidence *out,
                     struct error *e)
{
    int code = checkpoint_open(note, bytes, vkey, &out->stated, e);
    if (code != 0)
        error_prefix(e, "%s", out->option);
    return code;
}

int audit_evidence_seen(const char *path, const struct checkpoint_vkey *vkey, struct audit_evidence *out,
                        struct error *e)
{
    char text[STATUS_MAX], note[CHECKPOINT_TEXT_MAX];
    int code;
    memset(out, 0, sizeof *out);
    if ((code = read_small(path, "--seen is no file that can be read", text, sizeof text, e)) != 0)
        return code;
    out->option = "--seen";
    if (text[0] != '{')
        return open_note(text, strlen(text), vkey, out, e);
    if ((code = note_of_status(path, text, note, e)) != 0)
        return code;
    if (note[0] == 0)
        return error_set(e, E_INPUT,
                         "--seen: %s says of no checkpoint; `satchel status --json` does after the first sync", path);
    return open_note(note, strlen(note), vkey, out, e);
}

int audit_evidence_since(const char *path, const struct checkpoint_vkey *vkey, struct audit_evidence *out,
                         struct error *e)
{
    struct archive *archive = NULL;
    struct archive_item item;
    int code;
    memset(out, 0, sizeof *out);
    out->option = "--since";
    if ((code = archive_open(&archive, path, NULL, 0, e)) != 0 || (code = archive_next(archive, &item, e)) != 0)
        error_prefix(e, "--since");
    else
        code = open_note((const char *)item.checkpoint.p, item.checkpoint.size, vkey, out, e);
    archive_close(archive);
    return code;
}

/* --- holding the log against it --- */

void audit_evidence_look(struct audit_evidence *x, const struct merkle_frontier *f)
{
    struct merkle_hash root;
    if (x->option == NULL || x->stated.size != f->size)
        return;
    merkle_root(f, &root);
    x->reached = 1;
    x->agrees = memcmp(root.b, x->stated.root.b, sizeof root.b) == 0;
}

int audit_evidence_end(const struct audit_evidence *x, uint64_t entries, int has_reason, int *lost, struct error *e)
{
    const char *what =
        x->option != NULL && strcmp(x->option, "--since") == 0 ? "the earlier archive" : "the checkpoint";
    if (x->option == NULL || x->agrees)
        return 0;
    if (has_reason) {
        *lost = 1;
        return 0;
    }
    if (x->reached)
        return error_set(e, E_VERIFY,
                         "%s: the office signed a log of %llu entries with another root than the first %llu of this "
                         "archive have: the office has two histories, and %s is of another one",
                         x->option, (unsigned long long)x->stated.size, (unsigned long long)x->stated.size, what);
    return error_set(
        e, E_VERIFY,
        "%s: the office signed a log of %llu entries, and this archive has only %llu: it is older than %s, "
        "or the office's history has shrunk",
        x->option, (unsigned long long)x->stated.size, (unsigned long long)entries, what);
}
