/* Status: what is queued, what the office holds back and why, and whether both show the same. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decided.h"
#include "record.h"
#include "reissue.h"
#include "renewal.h"
#include "schema.h"
#include "setback.h"
#include "store.h"
#include "unknown.h"
#include "unsent.h"

struct status {
    uint64_t queued, sealed, held, incomplete, scopes, decided, newer, reissued, lost;
    size_t loud, quiet;
    uint64_t last_sync, checkpoint, agrees, position;
};

static int count(struct db *db, const char *sql, uint64_t *out, struct error *e)
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
        (code = count(db, "SELECT count(*) FROM held_note", &st->held, e)) != 0 ||
        (code = count(db, "SELECT count(*) FROM scope WHERE complete = 0 AND id <> zeroblob(16)", &st->incomplete,
                      e)) != 0 ||
        (code = count(db, "SELECT count(*) FROM scope WHERE complete = 1 AND id <> zeroblob(16)", &st->scopes, e)) !=
            0 ||
        (code = record_conflicts(db, count_conflict, st, e)) != 0 || (code = decided_count(db, &st->decided, e)) != 0 ||
        (code = record_newer_count(db, &st->newer, e)) != 0 || (code = reissue_count(db, &st->reissued, e)) != 0 ||
        (code = setback_count(db, &st->lost, e)) != 0 ||
        (code = db_meta_get_uint(db, "last_sync", &st->last_sync, e)) != 0 ||
        (code = db_meta_get_uint(db, "checkpoint_size", &st->checkpoint, e)) != 0 ||
        (code = db_meta_get_uint(db, "agrees", &st->agrees, e)) != 0)
        return code;
    return db_meta_get_uint(db, "digest_position", &st->position, e);
}

/* The held changes, one after another. */
static int show_held(const struct cli *cli, struct db *db, struct error *e)
{
    sqlite3_stmt *s;
    int row, code, first = 1;
    if ((code = db_query(db, &s, e, "SELECT seq, record, kind, reason FROM held_note ORDER BY epoch, seq", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        const char *reason = db_text(s, 3);
        struct id record = db_id(s, 1);
        char text[ID_TEXT], name[UNKNOWN_KIND];
        unknown_kind((unsigned)db_uint(s, 2), name);
        id_format(&record, text);
        if (cli->json) {
            fprintf(cli->out, "%s{\"seq\": %llu, \"kind\": \"%s\", \"record\": \"%s\", \"reason\": ", first ? "" : ", ",
                    (unsigned long long)db_uint(s, 0), name, text);
            cli_json_text(cli->out, reason, strlen(reason));
            fputc('}', cli->out);
        } else {
            fprintf(cli->out, "  change %llu, %s %s: ", (unsigned long long)db_uint(s, 0), name, text);
            cli_text(cli->out, reason);
            fputc('\n', cli->out);
        }
        first = 0;
    }
    return row < 0 ? error_code(e) : 0;
}

static int show_json(const struct cli *cli, const struct store *s, const struct status *st, struct error *e)
{
    char user[ID_TEXT], device[ID_TEXT];
    int code;
    id_format(&s->user, user);
    id_format(&s->author.chain.device, device);
    fputs("{\"locked\": false, \"folder\": ", cli->out);
    cli_json_text(cli->out, s->folder, strlen(s->folder));
    fputs(", \"office\": ", cli->out);
    cli_json_text(cli->out, s->office_host, strlen(s->office_host));
    fprintf(cli->out,
            ", \"port\": %u, \"user\": \"%s\", \"device\": \"%s\", \"changes\": %llu, \"queued\": %llu, "
            "\"sealed\": %llu, \"lost_there\": %llu, \"scopes\": %llu, \"incomplete\": %llu, \"newer\": %llu, "
            "\"schema\": %d, "
            "\"conflicts\": %zu, \"quiet\": %zu, \"decided\": %llu, \"last_sync_ms\": %llu, "
            "\"lease_until_ms\": %llu, \"checkpoint\": %llu, \"agrees\": %s, \"agrees_at\": %llu, \"epoch\": %llu, "
            "\"reissued\": %llu, \"put_back\": %s, \"held\": [",
            s->office_port, user, device, (unsigned long long)s->author.chain.seq, (unsigned long long)st->queued,
            (unsigned long long)st->sealed, (unsigned long long)st->lost, (unsigned long long)st->scopes,
            (unsigned long long)st->incomplete, (unsigned long long)st->newer, schema_version(), st->loud, st->quiet,
            (unsigned long long)st->decided, (unsigned long long)st->last_sync, (unsigned long long)s->lease_until_ms,
            (unsigned long long)st->checkpoint,
            st->agrees == 0   ? "null"
            : st->agrees == 1 ? "true"
                              : "false",
            (unsigned long long)st->position, (unsigned long long)s->author.chain.epoch,
            (unsigned long long)st->reissued, s->put_back ? "true" : "false");
    code = show_held(cli, s->db, e);
    fputs("]}\n", cli->out);
    return code;
}

static int show_words(const struct cli *cli, const struct store *s, const struct status *st, struct error *e)
{
    FILE *out = cli->out;
    char user[ID_TEXT], device[ID_TEXT], when[32] = "never", lease[32] = "none";
    id_format(&s->user, user);
    id_format(&s->author.chain.device, device);
    if (st->last_sync != 0)
        cli_time(st->last_sync, when);
    if (s->lease_until_ms != 0)
        cli_time(s->lease_until_ms, lease);
    fprintf(out, "user        %s\ndevice      %s\noffice      %s:%u\nstore       %s, unlocked\n", user, device,
            s->office_host, s->office_port, s->folder);
    fprintf(out, "last sync   %s\nlease ends  %s\n", when, lease);
    fprintf(out, "checkpoint  %llu\n", (unsigned long long)st->checkpoint);
    fprintf(out, "caseload    %llu cases and persons whole, %llu under way\n", (unsigned long long)st->scopes,
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
            "lost there  %llu of others, kept here: the office was put back from a backup and has not got them again\n",
            (unsigned long long)st->lost);
    fprintf(out, "conflicts   %zu to decide, and %zu parallel edit%s\n", st->loud, st->quiet,
            st->quiet == 1 ? "" : "s");
    fprintf(out, "decided     %llu over what you wrote, not looked at%s\n", (unsigned long long)st->decided,
            st->decided != 0 ? ": `satchel decided` lists them" : "");
    if (s->author.chain.epoch > 1)
        fprintf(
            out,
            "epoch       %llu: this store was copied, or an old copy put back; %llu changes were written once more, "
            "and the old ones are kept\n",
            (unsigned long long)s->author.chain.epoch, (unsigned long long)st->reissued);
    if (st->newer != 0)
        fprintf(out, "newer       %llu fields than this program knows: kept, and shown by number; update it\n",
                (unsigned long long)st->newer);
    fprintf(out, "held back   %llu\n", (unsigned long long)st->held);
    return show_held(cli, s->db, e);
}

/* A locked store says no more than that it is there, and how much is sealed beside it. */
static int show_locked(const struct cli *cli, struct error *e)
{
    char *folder;
    int code = store_folder(&folder, e);
    if (code != 0)
        return code;
    if (cli->json) {
        fputs("{\"locked\": true, \"folder\": ", cli->out);
        cli_json_text(cli->out, folder, strlen(folder));
        fprintf(cli->out, ", \"sealed\": %llu}\n", (unsigned long long)outbox_sealed(folder));
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
