/* Rebuilds log and record from an archive, in a store in memory, and prints the dump of it or its digest. */
#include "audit_replay.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit_erased.h"
#include "change.h"
#include "json.h"
#include "log.h"
#include "moment.h"
#include "record.h"
#include "schema.h"

/* --- rebuilding --- */

static int take(struct db *db, const struct archive_item *record, struct log_entry *entry, struct error *e)
{
    memset(entry, 0, offsetof(struct log_entry, change));
    entry->position = record->position;
    entry->received_ms = record->received_ms;
    if (change_read(record->header, record->body, &entry->change, e) != 0 || log_add(db, entry, e) != 0 ||
        record_apply(db, entry, e) != 0) {
        error_prefix(e, "entry %llu", (unsigned long long)record->position);
        if (e->code == E_INPUT || e->code == E_LIMIT || e->code == E_EXISTS)
            e->code = E_VERIFY;
        return e->code;
    }
    return 0;
}

/* What takes the entries. */
struct taking {
    const struct audit_replay_options *options;
    struct db *db;
    struct log_entry *entry;
    uint64_t count;
    int foreseen; /* the erasures have been read ahead */
};

static int foresee(void *arg, const struct change *erasure, struct error *e)
{
    return record_foresee(arg, erasure, e);
}

/* Entries that came later are still read, so that an archive with a bad end is not taken for a good one. */
static int take_next(struct taking *t, const struct archive_item *item, struct error *e)
{
    if (item->received_ms > t->options->until_ms)
        return 0;
    t->count++;
    if (item->body.p == NULL && !item->sealed && !t->foreseen) {
        const struct audit_replay_options *o = t->options;
        int code = audit_erased_each(o->archive, o->passphrase, o->passphrase_bytes, foresee, t->db, e);
        if (code != 0)
            return code;
        t->foreseen = 1;
    }
    return take(t->db, item, t->entry, e);
}

static int take_verified(void *arg, const struct archive_item *item, const struct change *c, struct error *e)
{
    (void)c;
    return take_next(arg, item, e);
}

/* Replays and proves in one pass: what is replayed is what was verified. */
static int take_and_verify(struct taking *t, struct error *e)
{
    const struct audit_replay_options *o = t->options;
    return audit_verify(&(struct audit_verify_options){.archive = o->archive,
                                                       .key = o->key,
                                                       .passphrase = o->passphrase,
                                                       .passphrase_bytes = o->passphrase_bytes,
                                                       .each = take_verified,
                                                       .arg = t,
                                                       .progress = o->progress},
                        o->verified, e);
}

static int take_unverified(struct taking *t, struct error *e)
{
    const struct audit_replay_options *o = t->options;
    struct archive *archive = NULL;
    struct archive_item item;
    int code = archive_open(&archive, o->archive, o->passphrase, o->passphrase_bytes, e);
    while (code == 0 && (code = archive_next(archive, &item, e)) == 0 && item.type != ARCHIVE_END) {
        if (item.type != ARCHIVE_ENTRY)
            continue;
        code = take_next(t, &item, e);
        if (o->progress != NULL)
            o->progress(item.position + 1, archive_entries(archive));
    }
    archive_close(archive);
    return code;
}

/* Takes all entries in one transaction: the store is new, and it lives no longer than this process. */
static int take_all(struct taking *t, struct error *e)
{
    int code;
    if ((t->entry = malloc(sizeof *t->entry)) == NULL)
        return error_memory(e);
    if ((code = db_begin(t->db, e)) == 0) {
        code = t->options->key != NULL ? take_and_verify(t, e) : take_unverified(t, e);
        if (code == 0)
            code = db_commit(t->db, e);
        else
            db_rollback(t->db);
    }
    free(t->entry);
    return code;
}

int audit_replay(const struct audit_replay_options *options, struct db **out, uint64_t *entries, struct error *e)
{
    struct taking t = {.options = options};
    struct error here;
    int code;
    if (e == NULL)
        e = &here;
    *out = NULL;
    if ((code = db_open_memory(&t.db, e)) == 0 && (code = log_create(t.db, e)) == 0 &&
        (code = record_create(t.db, e)) == 0)
        code = take_all(&t, e);
    if (code != 0) {
        db_close(t.db);
        return code;
    }
    *out = t.db;
    if (entries != NULL)
        *entries = t.count;
    return 0;
}

/* --- a time in words --- */

/* Reads `digits` digits into *out and returns what follows them; NULL: they are not there. */
static const char *number(const char *p, int digits, int *out)
{
    *out = 0;
    for (int i = 0; i < digits; i++, p++) {
        if (!isdigit((unsigned char)*p))
            return NULL;
        *out = 10 * *out + (*p - '0');
    }
    return p;
}

/* Reads one part after its sign: "-11", ":45". */
static const char *part(const char *p, const char *signs, int *out)
{
    if (p == NULL || *p == 0 || strchr(signs, *p) == NULL)
        return NULL;
    return number(p + 1, 2, out);
}

/* Finds the moment at which a day is over: the next one's first minute, which is not midnight if the clock skips it. */
static int find_end_of_day(const struct tm *day, int utc, time_t *end)
{
    struct tm next = *day;
    next.tm_mday++;
    (void)timegm(&next); /* makes a 32 May a 1 June */
    for (int minute = 0; minute < 24 * 60; minute++) {
        next.tm_hour = minute / 60;
        next.tm_min = minute % 60;
        if ((utc ? moment_find_utc(&next, end) : moment_find_local(&next, 0, end)) == 0)
            return 0;
    }
    return -1;
}

/* Reads the parts of a time. *span: the seconds that the words stand for; 0: a day. -1: the words are no time. */
static int read_time(const char *text, struct tm *said, int *span, int *utc)
{
    const char *p, *next;
    *span = *utc = 0;
    p = number(text, 4, &said->tm_year);
    p = part(p, "-", &said->tm_mon);
    p = part(p, "-", &said->tm_mday);
    if (p != NULL && (next = part(p, "T ", &said->tm_hour)) != NULL) {
        *span = 60;
        p = part(next, ":", &said->tm_min);
        if (p != NULL && (next = part(p, ":", &said->tm_sec)) != NULL) {
            *span = 1;
            p = next;
        }
    }
    if (p != NULL && *p == 'Z') {
        *utc = 1;
        p++;
    }
    if (p == NULL || *p != 0 || said->tm_year < 1970)
        return -1;
    said->tm_year -= 1900;
    said->tm_mon -= 1;
    return 0;
}

int audit_replay_time(const char *text, uint64_t *out, struct error *e)
{
    struct tm said = {0};
    int span, utc;
    time_t start, end;
    if (read_time(text, &said, &span, &utc) != 0 || moment_find_utc(&said, &start) != 0)
        return error_set(e, E_INPUT,
                         "--at takes a time such as 2026-11-23, \"2026-11-23 20:45\" or 2026-11-23T20:45:00Z (Z: UTC, "
                         "else local time)");
    if (span == 0 && find_end_of_day(&said, utc, &end) != 0)
        return error_set(e, E_INPUT, "--at: the clock here has no end of the day %s", text);
    if (span != 0) {
        /* It counts to its end: of an hour that comes twice, to that of the second. */
        if (!utc && moment_find_local(&said, 1, &start) != 0)
            return error_set(e, E_INPUT, "--at: there is no such time on the clock here: %s; it was skipped", text);
        end = start + span;
    }
    if (end <= 0)
        return error_set(e, E_INPUT, "--at: %s is before 1970 in UTC", text);
    *out = (uint64_t)end * 1000 - 1;
    return 0;
}

/* --- telling --- */

static int write_piece(void *arg, const char *text, size_t bytes, struct error *e)
{
    if (bytes != 0 && fwrite(text, bytes, 1, arg) != 1)
        return error_system(e, E_IO, errno, "the output cannot be written");
    return 0;
}

static struct record_dump_options of_scope(const struct id *scope)
{
    struct record_dump_options options = {scope, scope != NULL};
    return options;
}

/* Makes the dump as one text, for those that need it whole. *text is freed with free. */
static int collect(struct db *db, const struct record_dump_options *options, char **text, size_t *bytes,
                   struct error *e)
{
    FILE *memory = open_memstream(text, bytes);
    int code;
    if (memory == NULL)
        return error_memory(e);
    code = record_dump(db, options, write_piece, memory, e);
    if (fclose(memory) != 0 && code == 0)
        code = error_memory(e);
    return code;
}

int audit_replay_say(const struct cli *cli, const struct audit_verify_result *verified)
{
    if (verified == NULL) {
        fputs("not verified: this is what the archive says, and nothing proves that the office's log says it; with "
              "--key KEY it is verified in the same pass\n",
              cli->err);
        return 0;
    }
    if (!audit_verify_is_complete(verified))
        fputs("verified in part, in the same pass: some of it could not be checked; `satchel-audit verify` says what\n",
              cli->err);
    if (verified->set_backs != 0)
        fputs("verified in the same pass, but the office was put back from a backup: `satchel-audit verify` says what "
              "was lost\n",
              cli->err);
    if (!audit_verify_is_complete(verified) || verified->set_backs != 0)
        return ERROR_STATUS_WAITING;
    fputs("verified in the same pass: nothing was altered, dropped, added or moved\n", cli->err);
    return 0;
}

static void proof_json(struct json *j, const struct audit_replayed *r)
{
    json_uint(json_key(j, "entries"), r->entries);
    json_flag(json_key(j, "verified"), r->verified != NULL);
    json_flag(json_key(j, "complete"), r->verified != NULL && audit_verify_is_complete(r->verified));
}

int audit_replay_warn(const struct cli *cli, struct db *db, struct error *e)
{
    char words[64];
    uint64_t count;
    int code = record_newer_count(db, &count, e);
    if (code == 0 && count != 0)
        fprintf(cli->err,
                "%s newer than this program: not in the dump, so its digest equals only that of a program of this "
                "version; the digest of the ops, `--digest --json`, is any version's\n",
                cli_count(count, "field is", "fields are", words, sizeof words));
    return code;
}

int audit_replay_print(const struct cli *cli, const struct audit_replayed *r, const struct id *scope, struct error *e)
{
    struct record_dump_options options = of_scope(scope);
    char *text = NULL;
    size_t bytes = 0;
    int code;
    /* A file gets the very bytes that the digest is made of; on a terminal, escapes are made harmless. */
    if (!cli->json && isatty(fileno(cli->out)) == 0)
        return record_dump(r->db, &options, write_piece, cli->out, e);
    if ((code = collect(r->db, &options, &text, &bytes, e)) == 0) {
        if (cli->json) {
            struct json j = json_start(cli->out);
            json_object(&j);
            proof_json(&j, r);
            json_bytes(json_key(&j, "dump"), text, bytes);
            json_end(&j);
        } else {
            cli_text(cli->out, text);
        }
        sodium_memzero(text, bytes);
    }
    free(text);
    return code;
}

int audit_replay_print_digest(const struct cli *cli, const struct audit_replayed *r, const struct id *scope,
                              struct error *e)
{
    struct record_dump_options options = of_scope(scope);
    uint8_t digest[32], ops[32];
    char hex[65], ops_hex[65];
    struct json j = json_start(cli->out);
    int code;
    if ((code = record_dump_digest(r->db, scope == NULL ? NULL : &options, digest, e)) != 0 ||
        (code = record_digest_anew(r->db, scope, scope != NULL, ops, e)) != 0)
        return code;
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    sodium_bin2hex(ops_hex, sizeof ops_hex, ops, sizeof ops);
    if (!cli->json) {
        fprintf(cli->out, "%s\n", hex);
        return 0;
    }
    json_object(&j);
    proof_json(&j, r);
    json_text(json_key(&j, "digest"), hex);
    json_text(json_key(&j, "ops"), ops_hex);
    json_int(json_key(&j, "schema"), schema_version());
    json_end(&j);
    return 0;
}
