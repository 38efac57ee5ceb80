/* Judges what people replace by what their laptops printed for them. It knows no table of the programs': it keeps every
 * word that was printed, and looks for the value among them, without the spaces. */
#include "oracle_seen.h"

#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "oracle_erased.h"
#include "oracle_ledger.h"
#include "pack.h"
#include "process.h"
#include "schema.h"
#include "versions.h"

struct printed {
    unsigned machine;
    size_t typed; /* how long the ledger was then */
    int json;     /* a program read it, and no person but one who decides */
    char *text;   /* without spaces */
};

static struct {
    struct printed *all;
    size_t count, room;
    size_t judged[PROCESS_MACHINES]; /* how far the ledger was when the machine's last command ended */
} seen;

void oracle_seen_reset(void)
{
    for (size_t i = 0; i < seen.count; i++)
        free(seen.all[i].text);
    free(seen.all);
    memset(&seen, 0, sizeof seen);
}

/* --- what was printed --- */

static void add_text(char *out, size_t *used, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if (strchr(" \t\r\n", *text) == NULL)
            out[(*used)++] = *text;
    out[*used] = '\0';
}

static int is_json(const struct machine_run *run)
{
    for (int i = 1; i < run->argc; i++)
        if (strcmp(run->argv[i], "--json") == 0)
            return 1;
    return 0;
}

static void keep(const struct machine_run *run)
{
    size_t room = (run->out == NULL ? 0 : strlen(run->out)) + (run->err == NULL ? 0 : strlen(run->err)) + 1, used = 0;
    struct printed *p;
    if (seen.count >= seen.room &&
        (seen.all = realloc(seen.all, (seen.room = 2 * seen.room + 64) * sizeof *seen.all)) == NULL)
        abort();
    p = &seen.all[seen.count++];
    *p = (struct printed){run->machine, oracle_ledger_count(), is_json(run), malloc(room)};
    if (p->text == NULL)
        abort();
    add_text(p->text, &used, run->out);
    add_text(p->text, &used, run->err);
}

/* Has this machine's person written on that machine too? */
static int is_same_person(unsigned m, const struct id *person)
{
    for (size_t i = 0; i < oracle_ledger_count(); i++)
        if (oracle_ledger_at(i)->machine == m && id_equal(&oracle_ledger_at(i)->author, person))
            return 1;
    return 0;
}

/* Was the value printed for the person since it was typed (the ledger's change number `since`)? Those who decide, with
 * the code of what they looked at, read JSON here. until: what was printed before. */
static int was_printed(const struct oracle_typed *t, size_t since, const char *value, int decides, size_t until)
{
    for (size_t i = 0; i < until; i++) {
        const struct printed *p = &seen.all[i];
        if (p->typed > since && (!p->json || decides) && strstr(p->text, value) != NULL &&
            (p->machine == t->machine || is_same_person(p->machine, &t->author)))
            return 1;
    }
    return 0;
}

/* --- what was written --- */

struct op {
    unsigned field;
    struct slice value, supersedes;
};

/* Op number `index` of a body [salt, [[field, action, value, supersedes], ...], reason]. 0: it has none. *reason: 1 if
 * a reason was given. */
static int read_op(struct slice body, size_t index, struct op *out, int *reason)
{
    struct unpack r;
    struct slice text;
    size_t count;
    int found = 0;
    unpack_start(&r, body);
    if (unpack_array(&r) != 3)
        return 0;
    (void)unpack_any(&r);
    count = unpack_array(&r);
    for (size_t i = 0; i < count && !r.failed; i++) {
        struct op op;
        (void)unpack_array(&r);
        op.field = (unsigned)unpack_uint(&r);
        (void)unpack_any(&r);
        op.value = unpack_any(&r);
        op.supersedes = unpack_any(&r);
        if (i != index || r.failed)
            continue;
        *out = op;
        found = 1;
    }
    text = unpack_any(&r);
    *reason = !r.failed && !slice_is_nil(text) && text.size > 1;
    return found;
}

/* The change that a dot names; *at: its number in the ledger. NULL: no laptop typed it. */
static const struct oracle_typed *find_typed(const struct dot *dot, size_t *at)
{
    for (size_t i = 0; i < oracle_ledger_count(); i++) {
        const struct oracle_typed *t = oracle_ledger_at(i);
        if (t->epoch == dot->epoch && t->seq == dot->seq && id_equal(&t->device, &dot->device)) {
            *at = i;
            return t;
        }
    }
    return NULL;
}

/* The higher, the worse; what is not known is the worst. */
static unsigned rank(const struct schema_field *field, struct slice value)
{
    unsigned at = 0;
    int64_t code;
    if (!slice_int(value, &code))
        return 0;
    while (field->choices[at].name != NULL && field->choices[at].code != (uint64_t)code)
        at++;
    return at + 1;
}

static int is_judged(const struct schema_field *field, struct slice value)
{
    return field != NULL && field->number != FIELD_VOID && field->number != FIELD_SOURCE_ID &&
           field->number != FIELD_SOURCE_HASH && field->number != FIELD_SEEN &&
           (field->policy == SCHEMA_LATEST || field->policy == SCHEMA_HIGHEST || field->policy == SCHEMA_REVIEW ||
            field->policy == SCHEMA_STATUS) &&
           field->type != SCHEMA_BYTES && field->type != SCHEMA_REF && field->type != SCHEMA_TIME &&
           !slice_is_nil(value);
}

/* How a change came to be. */
struct judging {
    const struct oracle_typed *t;
    int decides;
    size_t until; /* of what was printed counts what was printed before this */
};

/* An older laptop shows a choice that it does not know by its code, and as newer than it is; and so a whole field. */
static int was_printed_as_newer(const struct judging *j, const struct schema_field *field, struct slice value,
                                size_t since)
{
    char words[64], bare[64];
    size_t used = 0;
    int64_t code;
    if (field->since == versions_newest()) {
        add_text(bare, &used, "a field that is newer than this program");
        return was_printed(j->t, since, bare, j->decides, j->until);
    }
    if (field->type != SCHEMA_CHOICE || !slice_int(value, &code))
        return 0;
    (void)snprintf(words, sizeof words, "newer than this program (%lld)", (long long)code);
    add_text(bare, &used, words);
    return was_printed(j->t, since, bare, j->decides, j->until);
}

/* The change ends the op of this dot: by a value of its own (`by`), or by a void (NULL). */
static void judge_dot(const struct judging *j, const struct dot *dot, const struct op *by, int has_reason)
{
    size_t at = 0, used = 0;
    const struct oracle_typed *old = find_typed(dot, &at);
    const struct schema_field *field;
    const struct schema_kind *kind = schema_kind(j->t->kind);
    char words[SCHEMA_FORMAT_MAX], bare[SCHEMA_FORMAT_MAX];
    struct op op;
    int reason, is_lower;
    if (old == NULL || kind == NULL || !id_equal(&old->record, &j->t->record) ||
        !read_op(old->body, dot->index, &op, &reason) || (by != NULL && op.field != by->field))
        return;
    field = schema_field(kind, op.field);
    if (!is_judged(field, op.value))
        return;
    is_lower = by != NULL && field->policy == SCHEMA_HIGHEST && rank(field, by->value) < rank(field, op.value);
    if (is_lower && !has_reason)
        oracle_found("3: %s lowers %s, and gives no reason", oracle_ledger_name(j->t), field->name);
    if (id_equal(&old->author, &j->t->author) || (by != NULL && field->policy == SCHEMA_HIGHEST && !is_lower))
        return;
    if (oracle_erased_knows(old->hash))
        return; /* what was shown of it is that it was erased */
    add_text(bare, &used, schema_format(field, op.value, words, sizeof words));
    /* JSON has a flag as true or false; and a closing shows first what it closes. */
    if (j->decides && field->type == SCHEMA_FLAG &&
        was_printed(j->t, at, strcmp(bare, "yes") == 0 ? ":true" : ":false", 1, j->until))
        return;
    if (!was_printed_as_newer(j, field, op.value, at) &&
        !was_printed(j->t, at, bare, j->decides, by != NULL && schema_closes(field, by->value) ? seen.count : j->until))
        oracle_found("3: %s ends \"%.60s\" of %s, which was never shown to who wrote it", oracle_ledger_name(j->t),
                     words, field->name);
}

static void judge_list(const struct judging *j, struct slice list, const struct op *by, int has_reason)
{
    struct unpack r;
    size_t count;
    unpack_start(&r, list);
    count = unpack_array(&r);
    for (size_t i = 0; i < count && !r.failed; i++) {
        struct dot dot = dot_unpack(&r);
        if (!r.failed)
            judge_dot(j, &dot, by, has_reason);
    }
}

static void judge_change(const struct judging *j)
{
    struct op op;
    int reason;
    for (size_t i = 0; read_op(j->t->body, i, &op, &reason); i++) {
        if (op.field == FIELD_VOID && !slice_is_nil(op.value))
            judge_list(j, op.value, NULL, 1);
        else if (op.field != FIELD_VOID)
            judge_list(j, op.supersedes, &op, reason);
    }
}

void oracle_seen_command(const struct machine_run *run)
{
    struct judging j = {NULL, strcmp(run->argv[0], "resolve") == 0, seen.count};
    size_t from = seen.judged[run->machine];
    keep(run);
    if (strcmp(run->argv[0], "void") == 0 ||
        (j.decides && run->argc > 2 && strcmp(run->argv[2], "void") == 0)) /* these show first */
        j.until = seen.count;
    for (size_t i = from; i < oracle_ledger_count(); i++) {
        j.t = oracle_ledger_at(i);
        if (j.t->machine == run->machine && !j.t->reissue)
            judge_change(&j);
    }
    seen.judged[run->machine] = oracle_ledger_count();
}
