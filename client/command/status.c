/* `satchel status`: what is queued, what the office holds back and why, and whether laptop and office show the same. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decided.h"
#include "json.h"
#include "printer.h"
#include "record.h"
#include "reissue.h"
#include "renewal.h"
#include "schema.h"
#include "setback.h"
#include "store.h"
#include "unknown.h"
#include "unsent.h"
#include "whose.h"

struct status {
    uint64_t queued, sealed, held, incomplete, scopes, decided, newer, reissued, lost;
    size_t loud, quiet;
    uint64_t last_sync, checkpoint, agrees, position;
};

static int count_rows(struct db *db, const char *sql, uint64_t *out, struct error *e)
{
    return db_number_of(db, out, e, sql, "");
}

static int count_conflict(void *arg, const struct record_conflict *c, struct error *e)
{
    struct status *st = arg;
    (void)e;
    st->loud += c->loud != 0;
    st->quiet += c->loud == 0;
    return 0;
}

static int read_status(const struct store *s, struct status *st, struct error *e)
{
    struct db *db = s->db;
    int code;
    memset(st, 0, sizeof *st);
    if ((code = unsent_count(db, &st->queued, e)) != 0 || (code = outbox_count(&s->outbox, db, &st->sealed, e)) != 0 ||
        (code = count_rows(db, "SELECT count(*) FROM held_note", &st->held, e)) != 0 ||
        (code = count_rows(db, "SELECT count(*) FROM scope WHERE complete = 0 AND id <> zeroblob(16)", &st->incomplete,
                           e)) != 0 ||
        (code = count_rows(db, "SELECT count(*) FROM scope WHERE complete = 1 AND id <> zeroblob(16)", &st->scopes,
                           e)) != 0 ||
        (code = record_conflicts(db, count_conflict, st, e)) != 0 || (code = decided_count(db, &st->decided, e)) != 0 ||
        (code = record_newer_count(db, &st->newer, e)) != 0 || (code = reissue_count(db, &st->reissued, e)) != 0 ||
        (code = setback_count(db, &st->lost, e)) != 0 ||
        (code = db_meta_get_uint(db, "last_sync", &st->last_sync, e)) != 0 ||
        (code = db_meta_get_uint(db, "checkpoint_size", &st->checkpoint, e)) != 0 ||
        (code = db_meta_get_uint(db, "agrees", &st->agrees, e)) != 0)
        return code;
    return db_meta_get_uint(db, "digest_position", &st->position, e);
}

static void held_json(struct json *j, sqlite3_stmt *s, const char *kind, const struct id *record)
{
    json_object(j);
    json_uint(json_key(j, "seq"), db_uint(s, 0));
    json_text(json_key(j, "kind"), kind);
    json_id(json_key(j, "record"), record);
    json_text(json_key(j, "reason"), db_text(s, 3));
    json_end(j);
}

/* Prints "  note of Ada Byron, case 2024-171: its case is not in the caseload of its author". */
static void held_words(FILE *out, struct db *db, sqlite3_stmt *s, const char *kind, const struct id *record)
{
    fprintf(out, "  %s of ", kind);
    whose_say(out, db, record);
    fputs(": ", out);
    cli_text(out, db_text(s, 3));
    fputc('\n', out);
}

/* Lists the held changes, each with its reason: elements of the array that j has open, or with j NULL words on out. */
static int show_held(struct json *j, FILE *out, struct db *db, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT seq, record, kind, reason FROM held_note ORDER BY epoch, seq", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct id record = db_id(s, 1);
        char kind[UNKNOWN_KIND];
        unknown_kind((unsigned)db_uint(s, 2), kind);
        if (j != NULL)
            held_json(j, s, kind, &record);
        else
            held_words(out, db, s, kind, &record);
    }
    return row < 0 ? error_code(e) : 0;
}

static int show_json(const struct cli *cli, const struct store *s, const struct status *st, struct error *e)
{
    char note[CHECKPOINT_TEXT_MAX];
    struct json j = json_start(cli->out);
    int code;
    db_meta_text(s->db, "checkpoint", note, sizeof note);
    json_object(&j);
    json_flag(json_key(&j, "locked"), 0);
    json_text(json_key(&j, "folder"), s->folder);
    json_text(json_key(&j, "office"), s->office_host);
    json_uint(json_key(&j, "port"), s->office_port);
    json_id(json_key(&j, "user"), &s->user);
    json_id(json_key(&j, "device"), &s->author.chain.device);
    json_uint(json_key(&j, "changes"), s->author.chain.seq);
    json_uint(json_key(&j, "queued"), st->queued);
    json_uint(json_key(&j, "sealed"), st->sealed);
    json_uint(json_key(&j, "lost_there"), st->lost);
    json_uint(json_key(&j, "scopes"), st->scopes);
    json_uint(json_key(&j, "incomplete"), st->incomplete);
    json_uint(json_key(&j, "newer"), st->newer);
    json_int(json_key(&j, "schema"), schema_version());
    json_uint(json_key(&j, "conflicts"), st->loud);
    json_uint(json_key(&j, "quiet"), st->quiet);
    json_uint(json_key(&j, "decided"), st->decided);
    json_uint(json_key(&j, "last_sync_ms"), st->last_sync);
    json_uint(json_key(&j, "lease_until_ms"), s->lease_until_ms);
    json_uint(json_key(&j, "checkpoint"), st->checkpoint);
    json_text(json_key(&j, "checkpoint_note"), note[0] == 0 ? NULL : note); /* as the office signed it */
    json_key(&j, "agrees");
    if (st->agrees == 0) /* not compared with the office yet */
        json_null(&j);
    else
        json_flag(&j, st->agrees == 1);
    json_uint(json_key(&j, "agrees_at"), st->position);
    json_uint(json_key(&j, "epoch"), s->author.chain.epoch);
    json_uint(json_key(&j, "reissued"), st->reissued);
    json_flag(json_key(&j, "put_back"), s->put_back);
    json_array(json_key(&j, "held"));
    code = show_held(&j, NULL, s->db, e);
    json_end(&j);
    json_end(&j);
    return code;
}

static int show_words(const struct cli *cli, const struct store *s, const struct status *st, struct error *e)
{
    FILE *out = cli->out;
    char user[PRINTER_NAME], when[32] = "never", lease[32] = "none";
    printer_author(s->db, &s->user, user);
    if (st->last_sync != 0)
        cli_time(st->last_sync, when);
    if (s->lease_until_ms != 0)
        cli_time(s->lease_until_ms, lease);
    fputs("user        ", out);
    printer_line(out, user, 0);
    fprintf(out, "\noffice      %s:%u\nstore       %s, unlocked\n", s->office_host, s->office_port, s->folder);
    fprintf(out, "last sync   %s\nlease ends  %s\n", when, lease);
    fprintf(out, "seen        %llu changes of the office's log\n", (unsigned long long)st->checkpoint);
    fprintf(out, "caseload    %llu cases and persons complete, %llu still to come\n", (unsigned long long)st->scopes,
            (unsigned long long)st->incomplete);
    fprintf(out, "agrees      %s\n",
            st->agrees == 0   ? "not compared with the office yet"
            : st->agrees == 1 ? "with the office"
                              : "NOT with the office: `satchel sync` fetches everything anew");
    fprintf(out, "queued      %llu\n", (unsigned long long)st->queued);
    fprintf(out, "sealed      %llu of them%s%s\n", (unsigned long long)st->sealed,
            s->unsealed.code != 0 ? "; not more, because " : "", s->unsealed.code != 0 ? s->unsealed.text : "");
    if (st->lost != 0)
        fprintf(
            out,
            "lost there  %llu of others, kept here: the office was put back from a backup and does not have them yet\n",
            (unsigned long long)st->lost);
    fprintf(out, "conflicts   %zu to decide, and %zu parallel edit%s\n", st->loud, st->quiet,
            st->quiet == 1 ? "" : "s");
    fprintf(out, "decided     %llu over what you wrote, not looked at%s\n", (unsigned long long)st->decided,
            st->decided != 0 ? ": `satchel decided` lists them" : "");
    if (s->author.chain.epoch > 1)
        fprintf(
            out,
            "copied      this store was copied, or an old copy put back; %llu changes were written once more, and the "
            "old ones are kept\n",
            (unsigned long long)st->reissued);
    if (st->newer != 0)
        fprintf(
            out,
            "newer       %llu fields that this program does not know yet: kept, and shown by number; update satchel\n",
            (unsigned long long)st->newer);
    fprintf(out, "held back   %llu\n", (unsigned long long)st->held);
    return show_held(NULL, out, s->db, e);
}

/* Tells of a locked store only that it is there, and how much is sealed beside it. */
static int show_locked(const struct cli *cli, struct error *e)
{
    char *folder;
    int code = store_folder(&folder, e);
    if (code != 0)
        return code;
    if (cli->json) {
        struct json j = json_start(cli->out);
        json_object(&j);
        json_flag(json_key(&j, "locked"), 1);
        json_text(json_key(&j, "folder"), folder);
        json_uint(json_key(&j, "sealed"), outbox_sealed(folder));
        json_end(&j);
    } else {
        fprintf(cli->out, "store       %s, locked: `satchel unlock` opens it\n", folder);
        fprintf(cli->out,
                "sealed      %llu changes: `satchel courier out FILE` takes out what is unsent, without a key\n",
                (unsigned long long)outbox_sealed(folder));
    }
    free(folder);
    return 0;
}

static int tell_status(struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct error why = {0, ""};
    struct status st;
    struct store *s;
    unsigned aside = 0;
    int code;
    if ((code = store_open(&s, &why)) == E_LOCKED)
        return show_locked(cli, e);
    if (code != 0)
        return error_set(e, code, "%s", why.text);
    if ((code = read_status(s, &st, e)) == 0)
        code = cli->json ? show_json(cli, s, &st, e) : show_words(cli, s, &st, e);
    if (code == 0) {
        renewal_warn(cli, s->lease_until_ms);
        if (s->put_back)
            store_warn(s, cli->err);
        else
            aside = outbox_warn(s->folder, cli->err);
    }
    call->waiting = code == 0 && (st.loud != 0 || st.held != 0 || s->put_back || aside != 0);
    store_close(s);
    return code;
}

const struct command command_status = {
    .usage = {.name = "status",
              .help = "tell what is queued, what is held, and what is agreed with the office",
              .example = "satchel status"},
    .run = tell_status,
};
