/* Judges what becomes known: the log is replayed in memory (trial.h), and what the trial finds is held. */
#include "upgrade.h"

#include "hold.h"
#include "log.h"
#include "schema.h"
#include "trial.h"

/* A walk along the log. */
struct walk {
    struct central *c;
    struct trial *trial;
    int version; /* the schema that the office judged by, as its record says up to here */
    int found;   /* not 0: a version in front of a change did not know all that this one knows of it */
};

/* 1: a head that its device signed names this change; 0: none does; -1: failed. */
static int ends_batch(struct db *db, const struct change *c, struct error *e)
{
    return db_exists(db, e, "SELECT 1 FROM head WHERE device = ? AND epoch = ? AND seq = ?", "duu", &c->device,
                     c->epoch, c->seq);
}

/* The version that an entry of the office's writes into its record; 0: it writes none. */
static int version_of(const struct change *c)
{
    const struct schema_field *field = schema_field_named(schema_kind(KIND_OFFICE), "schema_version");
    int64_t version = 0;
    for (size_t i = 0; c->kind == KIND_OFFICE && i < c->op_count; i++)
        if (c->ops[i].field == field->number && !slice_int(c->ops[i].value, &version))
            version = 0;
    return version > 0 && version < INT32_MAX ? (int)version : 0;
}

/* Looks for a change of a laptop that its office's program did not know whole. */
static int look(void *arg, struct log_entry *entry, struct error *e)
{
    struct walk *w = arg;
    const struct change *c = &entry->change;
    (void)e;
    if (!id_equal(&c->device, &w->c->author.chain.device))
        w->found |= judge_since(c) > w->version;
    else if (version_of(c) != 0)
        w->version = version_of(c);
    return 0;
}

static int try_entry(void *arg, struct log_entry *entry, struct error *e)
{
    struct walk *w = arg;
    int ends = ends_batch(w->c->db, &entry->change, e);
    return ends < 0 ? error_code(e) : trial_take(w->trial, entry, ends, e);
}

/* Of what was erased the trial knows the skeleton from its place on. */
static int foresee(void *arg, struct log_entry *entry, struct error *e)
{
    struct walk *w = arg;
    return entry->change.kind == KIND_ERASURE ? trial_foresee(w->trial, &entry->change, e) : 0;
}

/* Holds a change that no hold names. */
static int hold_breach(struct central *c, const struct trial_breach *b, struct error *e)
{
    const struct hold hold = {&b->device, &b->author, b->epoch, b->seq, b->reason};
    char hex[DEVICE_HEX];
    int held;
    device_hex(&b->device, hex);
    if ((held = db_exists(c->db, e, "SELECT 1 FROM hold WHERE device = ? AND epoch = ? AND seq = ?", "tuu", hex,
                          b->epoch, b->seq)) != 0)
        return held < 0 ? error_code(e) : 0;
    return hold_write(c, &hold, e);
}

int upgrade_judge(struct central *c, struct error *e)
{
    struct walk w = {.c = c};
    const struct trial_breach *breaches;
    size_t count = 0;
    int code = log_each(c->db, 0, look, &w, e);
    if (code != 0 || !w.found)
        return code;
    if ((code = trial_open(&w.trial, &c->author.chain.device, e)) == 0 &&
        (code = log_each(c->db, 0, foresee, &w, e)) == 0)
        code = log_each(c->db, 0, try_entry, &w, e);
    breaches = code == 0 ? trial_breaches(w.trial, &count) : NULL;
    for (size_t i = 0; code == 0 && i < count; i++)
        if (breaches[i].since != 0 && breaches[i].since <= schema_version())
            code = hold_breach(c, &breaches[i], e);
    trial_close(w.trial);
    return code;
}
