/* What the parts of the record share. Only record*.c include it. Below record.c's entrances e is never NULL. */
#ifndef SATCHEL_RECORD_PRIVATE_H
#define SATCHEL_RECORD_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* --- record_text.c: a text that grows; errors (no memory) are kept and told once, by record_text_check --- */
struct record_text {
    char *p; /* no NUL at its end */
    size_t used, room;
    int failed;
};

void record_text_add(struct record_text *t, const char *bytes, size_t size);
void record_text_words(struct record_text *t, const char *words);
void record_text_number(struct record_text *t, int64_t number);
void record_text_id(struct record_text *t, const struct id *id);
/* As a JSON string, in quotes. */
void record_text_json(struct record_text *t, const char *bytes, size_t size);
/* A value as schema_format writes it. */
void record_text_value(struct record_text *t, const struct schema_field *field, struct slice value);
/* The same as a JSON string; a nil gives null. */
void record_text_json_value(struct record_text *t, const struct schema_field *field, struct slice value);
int record_text_check(const struct record_text *t, struct error *e);
void record_text_free(struct record_text *t); /* zeroes; it may be used again */

/* --- record_living.c: what lives in a record, and what a change ends of it --- */
#define RECORD_LIVING_MAX 64 /* live ops of a record that are looked at in memory, not one by one in the store */

struct record_life {
    unsigned field;
    int64_t entry;
    unsigned op, action; /* the op's index in the entry's change */
    size_t at, size;     /* the value's place in its body */
};
struct record_living {
    int known; /* it has no more than these */
    size_t count;
    struct record_life ops[RECORD_LIVING_MAX];
};

/* The rows of op of one record. */
int record_living_list(struct db *db, const struct id *record, struct record_living *out, struct error *e);
/* Is there one on this field, as far as is known? */
int record_living_has(const struct record_living *living, unsigned field);
/* Takes what the ops of a change supersede out of op and out of `living`, or notes it in superseded. *awaited becomes 1
 * where the change names an op of its own. */
int record_living_end(struct db *db, const struct change *c, struct record_living *living, int *awaited,
                      struct error *e);

/* --- record_field.c: the live ops of a field --- */
struct record_who {
    struct id author;
    uint64_t wall_ms;
};
struct record_live {
    size_t count, room;
    struct merge_op *ops; /* tag: which of `who` */
    struct record_who *who;
    struct record_text values; /* what the values stand in */
};
/* In no order. Freed with record_field_forget, on failure too. */
int record_field_live(struct db *db, const struct id *record, unsigned field, struct record_live *out, struct error *e);
void record_field_forget(struct record_live *live);

/* --- record_ancestry.c: what the live ops of a field were written over --- */

/* Beyond these, and beyond TEXT_BYTES_TOGETHER bytes of values, the field has no known ancestry. A generation's lists
 * are counted before the first of them is followed, so that it does not matter in which order ops are found. */
#define RECORD_ANCESTRY_OPS MERGE_DEAD_MAX
#define RECORD_ANCESTRY_NAMES 16384 /* dots in the lists of all that was found */

struct record_ancestor {
    int64_t entry;  /* entry.id: where it stands */
    uint8_t *bytes; /* what its value and its list stand in */
    size_t size;
};
struct record_ancestry {
    size_t count;           /* of ops; 0 also where there are too many */
    struct merge_op *ops;   /* the dead, generation by generation; tag: which of found */
    struct merge_base base; /* where it was asked for; which of ops */
    size_t found_count;     /* everything that was looked at, also where there are too many */
    struct record_ancestor *found;
    size_t room, value_bytes;
    struct record_ancestor *own; /* of the live ops */
    size_t own_count;
};
/* Whose ancestry. live: the live ops of the field, whose lists (supersedes) are filled in. */
struct record_descendants {
    const struct id *record;
    unsigned field;
    struct merge_op *live;
    size_t count;
};
/* Follows what the live ops supersede from entry to entry. Their lists stand in *out, and live as long. to_base: not 0:
 * only as far as the first generation that has a common ancestor; 0: to the end. An op is not found if it is not in the
 * log, not applied, erased, or of another record or field. *out is freed with record_ancestry_free, on failure too. */
int record_ancestry_load(struct db *db, const struct record_descendants *of, int to_base, struct record_ancestry *out,
                         struct error *e);
void record_ancestry_free(struct record_ancestry *a);

/* --- record_contest.c: a text or a status with several live values --- */

/* kind, field and record are set by the caller, the rest here; freed with record_contest_free, on failure too. */
struct record_contest {
    const struct schema_kind *kind;
    const struct schema_field *field;
    const struct id *record;
    struct merge_shown shown;
    struct record_merged *merged; /* a text that was brought together; NULL: none */
    int newer_rule;               /* as in record_field */
};
/* What a field shows, as merge_show does, and with what its ancestry says of it. ops: the live ops, which are put in
 * order, and must outlive c->merged. */
enum record_wants {
    RECORD_ORDER,     /* shown.conflict of a text and merged are not needed */
    RECORD_MERGED,    /* for a reader */
    RECORD_BACKGROUND /* for a writer: also notes which entries were needed for it */
};
int record_contest_show(struct db *db, struct record_contest *c, struct merge_op *ops, size_t count,
                        enum record_wants wants, struct error *e);
void record_contest_free(struct record_contest *c);
void record_merged_free(struct record_merged *m);
/* Nothing is noted for a field any more. */
int record_contest_end(struct db *db, const struct id *record, const struct schema_field *field, struct error *e);
/* The rule by which the office brings texts together (TEXT_RULE), as its record in this store names it; 1 where it
 * names none. */
int record_contest_rule(struct db *db, int64_t *rule, struct error *e);
/* Makes every record again that has a contested text or status: that rule has changed, or an older version showed them.
 */
int record_contest_redo(struct db *db, struct error *e);

/* A field of a record. */
struct record_field_at {
    const struct id *record;
    const struct schema_kind *kind;
    const struct schema_field *field;
};
/* record_field_load (in record_field.c), with as much of it as is wanted. */
int record_field_read(struct db *db, const struct record_field_at *at, enum record_wants wants,
                      struct record_field *out, struct error *e);
/* In no order: the ops of `living` that are on a field of the change; tag: the field. `who` stays empty. Freed as
 * above. */
int record_field_others(struct db *db, const struct record_living *living, const struct change *c,
                        struct record_live *out, struct error *e);

/* --- record_show.c --- */

/* What applying found out about a record, so that showing need not ask again. */
struct record_view {
    const struct record_living *living; /* of other changes; not known: the live ops are to be read from the store */
    const uint8_t *live;                /* a byte for each op of the change: not 0 where it lives */
    int may_have_conflict;              /* 0: the record has no row in conflict */
};

/* Shows the fields that a change touches. */
int record_show_change(struct db *db, const struct schema_kind *kind, const struct log_entry *entry,
                       const struct record_view *view, struct error *e);
/* Writes down the conflict on a field of c's record, or that there is none. *changed becomes 1 if that is news. */
int record_show_conflict(struct db *db, const struct change *c, unsigned field, enum merge_conflict conflict,
                         int *changed, struct error *e);

/* --- record_void.c --- */

/* Decides anew whether c's record is voided. touched: c has ops on the void field itself. *changed as in
 * record_show_conflict. */
int record_void_show(struct db *db, const struct schema_kind *kind, const struct change *c, int touched, int *changed,
                     struct error *e);

/* --- record_hold.c --- */

/* Brings `held` in step with a hold record. *released: the entry that is to be applied now; 0: none. */
int record_hold_follow(struct db *db, const struct id *hold, int64_t *released, struct error *e);
/* Marks an entry as held and, if it is in the record, takes it out. */
int record_hold_entry(struct db *db, int64_t entry, struct error *e);

/* --- record_mask.c --- */

/* Which ops of a change were superseded before they came: live, a byte for each op, becomes 0. */
int record_mask_awaited(struct db *db, const struct change *c, uint8_t *live, struct error *e);

/* --- record_create.c --- */

/* record_create where something is to be done, inside the caller's transaction. */
int record_make(struct db *db, struct error *e);

/* --- record.c --- */

/* Makes one record again from its entries. */
int record_redo(struct db *db, const struct id *record, struct error *e);

#endif
