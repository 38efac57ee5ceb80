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

#include "change.h"
#include "json.h"
#include "log.h"
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

/* Takes all entries in one transaction: the store is new, and it lives no longer than this process. */
static int take_all(const struct audit_replay_options *options, struct archive *archive, struct db *db,
                    uint64_t *entries, struct error *e)
{
    struct log_entry *entry = malloc(sizeof *entry);
    struct archive_item record;
    int code;
    if (entry == NULL)
        return error_memory(e);
    if ((code = db_begin(db, e)) != 0)
        goto out;
    do {
        if ((code = archive_next(archive, &record, e)) != 0 || record.type != ARCHIVE_ENTRY)
            continue;
        /* Entries that came later are still read, so that an archive with a bad end is not taken for a good one. */
        if (record.received_ms <= options->until_ms) {
            code = take(db, &record, entry, e);
            ++*entries;
        }
        if (options->progress != NULL)
            options->progress(record.position + 1, archive_entries(archive));
    } while (code == 0 && record.type != ARCHIVE_END);
    if (code == 0)
        code = db_commit(db, e);
    else
        db_rollback(db);
out:
    free(entry);
    return code;
}

int audit_replay(const struct audit_replay_options *options, struct db **out, uint64_t *entries, struct error *e)
{
    struct archive *archive = NULL;
    struct db *db = NULL;
    struct error here;
    uint64_t count = 0;
    int code;
    if (e == NULL)
        e = &here;
    *out = NULL;
    if ((code = archive_open(&archive, options->archive, options->passphrase, options->passphrase_bytes, e)) == 0 &&
        (code = db_open_memory(&db, e)) == 0 && (code = log_create(db, e)) == 0 && (code = record_create(db, e)) == 0)
        code = take_all(options, archive, db, &count, e);
    archive_close(archive);
    if (code != 0) {
        db_close(db);
        return code;
    }
    *out = db;
    if (entries != NULL)
        *entries = count;
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

int audit_replay_time(const char *text, uint64_t *out, struct error *e)
{
    struct tm said = {0}, made;
    int span = 0; /* seconds that the words stand for; 0: a day */
    const char *p, *next;
    time_t start, end;
    int utc = 0;
    p = number(text, 4, &said.tm_year);
    p = part(p, "-", &said.tm_mon);
    p = part(p, "-", &said.tm_mday);
    if (p != NULL && (next = part(p, "T ", &said.tm_hour)) != NULL) {
        span = 60;
        p = part(next, ":", &said.tm_min);
        if (p != NULL && (next = part(p, ":", &said.tm_sec)) != NULL) {
            span = 1;
            p = next;
        }
    }
    if (p != NULL && *p == 'Z') {
        utc = 1;
        p++;
    }
    if (p == NULL || *p != 0 || said.tm_year < 1970)
        goto bad;
    said.tm_year -= 1900;
    said.tm_mon -= 1;
    said.tm_isdst = -1;
    made = said;
    start = utc ? timegm(&made) : mktime(&made);
    /* A 31 June has become a 1 July. */
    if (start < 0 || made.tm_mon != said.tm_mon || made.tm_mday != said.tm_mday || made.tm_min != said.tm_min ||
        made.tm_sec != said.tm_sec || said.tm_hour > 23)
        goto bad;
    end = start + span;
    if (span == 0) { /* not always 24 hours */
        said.tm_mday++;
        end = utc ? timegm(&said) : mktime(&said);
    }
    *out = (uint64_t)end * 1000 - 1;
    return 0;
bad:
    return error_set(e, E_INPUT,
                     "--at takes a time such as 2026-11-23, \"2026-11-23 20:45\" or 2026-11-23T20:45:00Z (Z: UTC, else "
                     "local time)");
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

int audit_replay_print(const struct cli *cli, struct db *db, const struct id *scope, uint64_t entries, struct error *e)
{
    struct record_dump_options options = of_scope(scope);
    char *text = NULL;
    size_t bytes = 0;
    int code;
    /* A file gets the very bytes that the digest is made of; on a terminal, escapes are made harmless. */
    if (!cli->json && isatty(fileno(cli->out)) == 0)
        return record_dump(db, &options, write_piece, cli->out, e);
    if ((code = collect(db, &options, &text, &bytes, e)) == 0) {
        if (cli->json) {
            struct json j = json_start(cli->out);
            json_object(&j);
            json_uint(json_key(&j, "entries"), entries);
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

int audit_replay_print_digest(const struct cli *cli, struct db *db, const struct id *scope, uint64_t entries,
                              struct error *e)
{
    struct record_dump_options options = of_scope(scope);
    uint8_t digest[32], ops[32];
    char hex[65], ops_hex[65];
    struct json j = json_start(cli->out);
    int code;
    if ((code = record_dump_digest(db, scope == NULL ? NULL : &options, digest, e)) != 0 ||
        (code = record_digest(db, scope, scope != NULL, ops, e)) != 0)
        return code;
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    sodium_bin2hex(ops_hex, sizeof ops_hex, ops, sizeof ops);
    if (!cli->json) {
        fprintf(cli->out, "%s\n", hex);
        return 0;
    }
    json_object(&j);
    json_uint(json_key(&j, "entries"), entries);
    json_text(json_key(&j, "digest"), hex);
    json_text(json_key(&j, "ops"), ops_hex);
    json_int(json_key(&j, "schema"), schema_version());
    json_end(&j);
    return 0;
}
