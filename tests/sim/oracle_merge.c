/* Judges property 1: office and laptops show what a naive merge of the log shows. */
#include "oracle_merge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "oracle.h"
#include "oracle_replay.h"
#include "oracle_rows.h"
#include "oracle_store.h"
#include "process.h"
#include "record.h"

enum {
    CLIP = 160,  /* bytes of a line in a finding */
    REBUILT = 3, /* of so many stores one is made anew: that costs more than all else here */
};

void oracle_merge_command(const struct machine_run *run)
{
    if (strcmp(run->argv[0], "sync") != 0 || run->err == NULL)
        return;
    if (strstr(run->err, "differs from the office's record") != NULL ||
        strstr(run->err, "differed from the office's record") != NULL)
        oracle_found("1: the sync of laptop %u at %llu: %s", run->machine, (unsigned long long)process_now_ms,
                     run->err);
}

/* --- digests and dumps --- */

/* What the store's live ops are, whatever its program shows of them. */
static void digest(struct db *db, const struct id *scopes, size_t count, uint8_t out[32])
{
    struct error e = {0, ""};
    if (record_digest_anew(db, scopes, count, out, &e) != 0)
        oracle_found("1: a digest cannot be made: %s", e.text);
}

/* What a store keeps of its scopes' digests is what they are. */
static void check_kept(struct db *db, const char *who)
{
    struct error e = {0, ""};
    int code = record_digest_check(db, &e);
    if (code == E_VERIFY)
        oracle_found("1: %s: %s", who, e.text);
}

static int write_text(void *arg, const char *text, size_t bytes, struct error *e)
{
    (void)e;
    return bytes != 0 && fwrite(text, bytes, 1, arg) != 1 ? E_MEMORY : 0;
}

/* Freed with free. scopes NULL: all. */
static char *dump(struct db *db, const struct id *scopes, size_t count)
{
    struct record_dump_options options = {scopes, count};
    struct error e = {0, ""};
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL)
        abort();
    if (record_dump(db, scopes == NULL ? NULL : &options, write_text, out, &e) != 0)
        oracle_found("1: a dump cannot be made: %s", e.text);
    (void)fclose(out);
    return text;
}

/* Is the line about a kind that laptops get? */
static int is_dealt(const char *line)
{
    static const char *const before[] = {"conflict ", "live "};
    char name[64];
    size_t size;
    const struct schema_kind *kind;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (strncmp(line, before[i], strlen(before[i])) == 0)
            line += strlen(before[i]);
    size = strcspn(line, " ");
    (void)snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1), line);
    kind = schema_kind_named(name);
    return kind != NULL && schema_is_dealt(kind->number);
}

/* The next line that counts, from at on; "" at the end. */
static const char *next_line(const char *at, int dealt_alone)
{
    while (*at != '\0' && dealt_alone && !is_dealt(at))
        at += strcspn(at, "\n") + 1;
    return at;
}

static int clipped(const char *line)
{
    size_t size = strcspn(line, "\n");
    return (int)(size < CLIP ? size : CLIP);
}

/* dealt_alone: of the kinds that laptops get. The words say which dumps they are. */
static void compare_dumps(const char *a, const char *b, int dealt_alone, const char *format, ...)
{
    char words[120];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof words, format, args);
    va_end(args);
    for (;;) {
        size_t size;
        a = next_line(a, dealt_alone);
        b = next_line(b, dealt_alone);
        size = strcspn(a, "\n");
        if (size != strcspn(b, "\n") || memcmp(a, b, size) != 0) {
            size_t same = 0;
            while (a[same] == b[same])
                same++;
            same = same > 60 ? same - 60 : 0;
            oracle_found("1: %s: \"%.*s\" and \"%.*s\" (from column %zu: \"%.*s\" and \"%.*s\")", words, clipped(a), a,
                         clipped(b), b, same, clipped(a + same), a + same, clipped(b + same), b + same);
            return;
        }
        if (*a == '\0')
            return;
        a += size + 1;
        b += size + 1;
    }
}

/* --- a store, made anew from its own log --- */

/* As record_rebuild does it, which would make the tables of a copy twice. */
static int take_entry(void *arg, struct log_entry *entry, struct error *e)
{
    struct db *copy = arg;
    int held = entry->held;
    int code = log_add(copy, entry, e);
    if (code == 0 && held)
        code = log_set_held(copy, entry->id, 1, e);
    return code != 0 ? code : record_apply(copy, entry, e);
}

static void rebuild(struct db *db, unsigned machine, int is_current)
{
    struct db *copy = NULL;
    struct error e = {0, ""};
    uint8_t ours[32], anew[32];
    if (db_open_memory(&copy, &e) != 0 || db_begin(copy, &e) != 0 || log_create(copy, &e) != 0 ||
        record_create(copy, &e) != 0 || log_each(db, 0, take_entry, copy, &e) != 0 || db_commit(copy, &e) != 0) {
        oracle_found("1: the store of laptop %u cannot be made anew: %s", machine, e.text);
        db_close(copy);
        return;
    }
    digest(db, NULL, 0, ours);
    digest(copy, NULL, 0, anew);
    if (is_current) {
        char *a = dump(db, NULL, 0), *b = dump(copy, NULL, 0);
        compare_dumps(a, b, 0, "what laptop %u shows, and made anew from its log", machine);
        free(a);
        free(b);
    }
    if (memcmp(ours, anew, sizeof ours) != 0)
        oracle_found("1: the live ops of laptop %u are not those that its log gives anew", machine);
    db_close(copy);
}

/* --- all of it --- */

int oracle_merge_office(const struct oracle_log *log)
{
    process_act_on(MACHINE_OFFICE);
    check_kept(machine_office()->db, "the office");
    return oracle_rows_check(log, machine_office()->db, "the office", NULL, 0);
}

/* Is there something in the office's log that this laptop has not asked for yet, because it may not sync any more, or
 * refuses to, as the office's log is not the one that it knows? Then it shows what was so; whether it should have
 * synced is for others to say (oracle_replay_laptop, and who waits for it). */
static int is_behind(const struct oracle_log *log, struct db *db, const struct id *scopes, size_t count)
{
    if (!oracle_replay_continues(log, db))
        return 1;
    for (uint64_t i = oracle_store_meta(db, "pull_cursor"); i < log->entry_count; i++)
        for (size_t k = 0; k < count && schema_is_dealt(log->entries[i].kind); k++)
            if (!log->entries[i].is_out && id_equal(&log->entries[i].scope, &scopes[k]))
                return 1;
    return 0;
}

/* The office's tables of these scopes. The simulator acts on the laptop, and goes on doing so. */
static char *dump_office(unsigned machine, const struct id *scopes, size_t count, uint8_t ops[32])
{
    char *text;
    process_act_on(MACHINE_OFFICE);
    digest(machine_office()->db, scopes, count, ops);
    text = dump(machine_office()->db, scopes, count);
    process_act_on(machine);
    return text;
}

/* Held against the office and its log. */
static void compare(const struct oracle_log *log, unsigned machine, struct db *db, const struct id *scopes,
                    size_t count, int is_current)
{
    uint8_t ours[32], offices[32];
    char *there = dump_office(machine, scopes, count, offices), who[32];
    (void)snprintf(who, sizeof who, "laptop %u", machine);
    digest(db, scopes, count, ours);
    if (is_current)
        check_kept(db, who);
    if (is_current && oracle_rows_check(log, db, who, scopes, count) != 0)
        oracle_found("1: the tables of %s cannot be read", who);
    if (is_current && machine_is_newer(machine) == machine_is_newer(MACHINE_OFFICE)) {
        char *here = dump(db, scopes, count);
        compare_dumps(here, there, 1, "what laptop %u shows, and the office", machine);
        free(here);
    }
    if (memcmp(ours, offices, sizeof ours) != 0)
        oracle_found("1: the live ops of laptop %u are not the office's in its %zu scopes", machine, count);
    free(there);
}

/* What an office wrote and lost with a set-back stays on the laptops that have it, and is told there (docs/LOG.md):
 * they show more than the office's log says. */
static int has_strays(struct db *db)
{
    return oracle_store_count(db, "SELECT count(*) FROM entry WHERE position >= 4611686018427387904") != 0;
}

void oracle_merge_laptop(const struct oracle_log *log, unsigned machine)
{
    struct db *db;
    struct id *scopes;
    size_t count;
    int is_current;
    if (!oracle_is_settled(machine) || (db = oracle_store_open(machine)) == NULL)
        return;
    scopes = oracle_store_scopes(db, &count);
    /* Tables that another version made are made anew when the store is opened to write: then they are looked at. */
    is_current = record_is_current(db, NULL) == 1;
    if (scopes == NULL)
        oracle_found("1: the store of laptop %u cannot be read", machine);
    else if (!is_behind(log, db, scopes, count) && !has_strays(db))
        compare(log, machine, db, scopes, count, is_current);
    if ((log->entry_count + machine) % REBUILT == 0)
        rebuild(db, machine, is_current);
    free(scopes);
    oracle_store_close(db);
}
