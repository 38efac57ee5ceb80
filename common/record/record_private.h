/* What the parts of the record share. Only record*.c include it. Functions that are declared here need an e that is not
 * NULL; unless they say otherwise they return 0 or an error of the store. */
#ifndef SATCHEL_RECORD_PRIVATE_H
#define SATCHEL_RECORD_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* --- record_text.c: a text that grows. If memory fails that is remembered, and record_text_check tells it --- */
struct record_text {
    char *p; /* no NUL at its end */
    size_t used, room;
    int failed;
};

void record_text_add(struct record_text *t, const char *bytes, size_t size);
void record_text_words(struct record_text *t, const char *words);
void record_text_number(struct record_text *t, int64_t number);
void record_text_id(struct record_text *t, const struct id *id);
/* Adds bytes as a JSON string, in quotes. */
void record_text_json(struct record_text *t, const char *bytes, size_t size);
/* Adds a value as schema_format writes it. */
void record_text_value(struct record_text *t, const struct schema_field *field, struct slice value);
/* Adds the same as a JSON string; a nil gives null. */
void record_text_json_value(struct record_text *t, const struct schema_field *field, struct slice value);
/* 0, or E_MEMORY if anything could not be added. */
int record_text_check(const struct record_text *t, struct error *e);
void record_text_free(struct record_text *t); /* wipes the bytes; t may be used again */

/* --- record_living.c: what lives in a record, and what a change ends of it --- */
#define RECORD_LIVING_MAX                                                                                              \
    64 /* up to so many live ops of a record are looked at in memory, not one by one in the store */

struct record_life {
    unsigned field;
    int64_t entry;
    unsigned op, action; /* the op's index in the entry's change */
    size_t at, size;     /* where the value stands in the entry's body, in bytes */
};
struct record_living {
    int known; /* not 0: ops are all that live; 0: there may be more */
    size_t count;
    struct record_life ops[RECORD_LIVING_MAX];
};

/* Lists the rows of op of one record. */
int record_living_list(struct db *db, const struct id *record, struct record_living *out, struct error *e);
/* 1: an op of the list is on this field; 0: none is. */
int record_living_has(const struct record_living *living, unsigned field);
/* Takes what the ops of a change supersede out of op and out of `living`; a dot that was not applied yet is written
 * into superseded. *awaited becomes 1 if the change names an op of its own. */
int record_living_end(struct db *db, const struct change *c, struct record_living *living, int *awaited,
                      struct error *e);

/* --- record_field.c: the live ops of a field --- */
struct record_who {
    struct id author;
    uint64_t wall_ms;
};
struct record_live {
    size_t count, room;
    struct merge_op *ops; /* tag: the index in who */
    struct record_who *who;
    struct record_text values; /* holds the values */
};
/* Loads the live ops of a field, in no order. Freed with record_field_forget, after a failure too. */
int record_field_live(struct db *db, const struct id *record, unsigned field, struct record_live *out, struct error *e);
void record_field_forget(struct record_live *live);

/* --- record_ancestry.c: what the live ops of a field were written over --- */

/* A field with more than these, or more than TEXT_BYTES_TOGETHER bytes of values, has no known ancestry. The lists of a
 * generation are counted before the first of them is followed, so that the order in which ops are found does not
 * matter. */
#define RECORD_ANCESTRY_OPS MERGE_DEAD_MAX
#define RECORD_ANCESTRY_NAMES 16384 /* dots in the lists of all ops that were found */

struct record_ancestor {
    int64_t entry;  /* the entry it stands in: entry.id */
    uint8_t *bytes; /* hold its value and its list */
    size_t size;
};
struct record_ancestry {
    size_t count;           /* of ops; 0 also if there are too many */
    struct merge_op *ops;   /* the dead, generation by generation; tag: the index in found */
    struct merge_base base; /* if it was asked for; base.base: the index in ops */
    size_t found_count;     /* everything that was looked at, also if there are too many */
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

/* The caller sets kind, field and record, record_contest_show the rest; freed with record_contest_free, after a failure
 * too. */
struct record_contest {
    const struct schema_kind *kind;
    const struct schema_field *field;
    const struct id *record;
    struct merge_shown shown;
    struct record_merged *merged; /* the text, if its versions were brought together; else NULL */
    int newer_rule;               /* as in record_field */
};
/* How much of a field is wanted. */
enum record_wants {
    RECORD_ORDER,     /* the order of its ops; shown.conflict of a text and merged are not needed */
    RECORD_MERGED,    /* all of it, for a reader */
    RECORD_BACKGROUND /* all of it, for a writer: the entries that were needed are written into background, too */
};
/* Works out what a field shows, as merge_show does, and with what its ancestry says. ops: the live ops, which are put
 * in order and must outlive c->merged. */
int record_contest_show(struct db *db, struct record_contest *c, struct merge_op *ops, size_t count,
                        enum record_wants wants, struct error *e);
void record_contest_free(struct record_contest *c);
void record_merged_free(struct record_merged *m);
/* Appends what several versions make together as a column has it: each overlap between marked lines, with all its
 * wordings (docs/TEXT.md, "The result"). record_text_check says whether memory failed. */
void record_contest_words(struct record_text *t, const struct text_merged *m);
/* Takes everything about a field out of background. */
int record_contest_end(struct db *db, const struct id *record, const struct schema_field *field, struct error *e);
/* Reads by which rule the office brings texts together (TEXT_RULE): the one that its record in this store names, or 1
 * if it names none. */
int record_contest_rule(struct db *db, int64_t *rule, struct error *e);
/* Makes every record again that has a contested text or status: because that rule has changed, or an older version
 * showed them. */
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
/* Loads the ops of `living` that are on a field of the change, in no order; tag: the field. `who` stays empty. Freed
 * with record_field_forget, after a failure too. */
int record_field_others(struct db *db, const struct record_living *living, const struct change *c,
                        struct record_live *out, struct error *e);

/* --- record_show.c --- */

/* What applying has found out about a record, so that showing need not ask the store again. */
struct record_view {
    const struct record_living *living; /* of other changes; if not known, the live ops are read from the store */
    const uint8_t *live;                /* a byte for each op of the change: not 0 if it lives */
    int may_have_conflict;              /* 0: the record has no row in conflict */
};

/* Shows the fields that a change touches. */
int record_show_change(struct db *db, const struct schema_kind *kind, const struct log_entry *entry,
                       const struct record_view *view, struct error *e);
/* Writes down the conflict on a field of c's record, or that there is none. *changed becomes 1 if that is news. */
int record_show_conflict(struct db *db, const struct change *c, unsigned field, enum merge_conflict conflict,
                         int *changed, struct error *e);

/* Sets or clears the mark of a record's row that a person must decide something. */
int record_show_mark(struct db *db, const struct schema_kind *kind, const struct id *record, struct error *e);

/* --- record_void.c --- */

/* Reads the dots of a value and sorts them. A value that is no list of dots lists nothing. The caller frees *dots, on
 * failure too. */
int record_dots_read(struct slice value, struct dot **dots, size_t *count, struct error *e);

/* Decides anew whether c's record is voided. touched: c has ops on the void field itself. *changed as in
 * record_show_conflict. */
int record_void_show(struct db *db, const struct schema_kind *kind, const struct change *c, int touched, int *changed,
                     struct error *e);

/* --- record_closing.c --- */

/* After a change was applied: notes the closings of its record, and decides anew which closings of its scope are
 * contested. entry: its row (entry.id). */
int record_closing_follow(struct db *db, int64_t entry, const struct change *c, struct error *e);
/* Decides that for all closings of a scope, after entries were taken out of it. */
int record_closing_scope(struct db *db, const struct id *scope, struct error *e);

/* --- record_hold.c --- */

/* Brings the table held in step with a hold record. *released: the entry that must be applied now (entry.id); 0: none.
 */
int record_hold_follow(struct db *db, const struct id *hold, int64_t *released, struct error *e);
/* Marks an entry as held and, if it is in the record, takes it out. */
int record_hold_entry(struct db *db, int64_t entry, struct error *e);

/* --- record_erase.c --- */

/* Brings the change that an applied erasure names in step: its words leave the store, and its record is made again from
 * the skeleton. */
int record_erase_follow(struct db *db, const struct change *erasure, struct error *e);
/* 1: an erasure names the entry, which is to be read from the store again: its words are gone, and its ops stand in the
 * skeleton. 0: the entry may be applied as it is; -1: failed. */
int record_erase_late(struct db *db, const struct log_entry *entry, struct error *e);

/* --- record_mask.c --- */

/* Finds the ops of a change that were superseded before they came. live has a byte for each op: theirs become 0. */
int record_mask_awaited(struct db *db, const struct change *c, uint8_t *live, struct error *e);

/* --- record_create.c --- */

/* Does record_create's work, inside the caller's transaction. */
int record_make(struct db *db, struct error *e);

/* --- record.c --- */

/* Makes one record again from its entries. */
int record_redo(struct db *db, const struct id *record, struct error *e);

#endif
