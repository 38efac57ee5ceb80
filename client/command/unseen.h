/* What a person who writes had not been shown of what they write over (seen.h): a text and a voided record are shown
 * before they are replaced; of everything else the person hears afterwards that it stays beside their own value. All of
 * it goes to cli->err, and counts as shown then, but for --json. Every function fails with E_MEMORY and the store's
 * errors (db.h), beside those that it names. */
#ifndef SATCHEL_UNSEEN_H
#define SATCHEL_UNSEEN_H

#include "cli.h"
#include "edit.h"
#include "error.h"
#include "id.h"
#include "store.h"

/* Who writes what, and where. */
struct unseen {
    struct store *s;
    struct cli *cli;
    const struct id *record;
    const struct schema_kind *kind;
    const struct id
        *scope; /* the case that is looked through, of which it is one record (set by unseen_case); else NULL */
    struct unseen_imports *imports; /* counts what an import wrote there (set by unseen_case); else NULL */
};

/* The edit, just opened, names only what this person was shown. */
void unseen_ask(const struct unseen *u, struct edit *edit);

/* Before a narrative is replaced: prints each version that the person was not shown, whole. E_REFUSED: with --json
 * nothing is shown, so nothing that was not seen is replaced. */
int unseen_text(const struct unseen *u, const struct schema_field *field, struct error *e);
/* Before a record is voided: prints everything in it that the person was not shown. E_REFUSED: as above. */
int unseen_record(const struct unseen *u, struct error *e);

/* Before a case, or a plan in it, is closed: prints everything in the case that the person was not shown, since whoever
 * closes says to have seen it. What an import wrote, but for risks and statuses, is only counted: it contests no
 * closing (record_is_import), and was not shown. scope: the case. E_REFUSED: as above. */
int unseen_case(const struct unseen *u, const struct id *scope, struct error *e);

/* After a field was set: prints each value that stays beside the new one because the person had not seen it, by whom,
 * when and why, what the field shows now, and the command that decides. value: what was typed, in words. *waiting
 * becomes 1 if a person must decide now. */
int unseen_tell(const struct unseen *u, const struct schema_field *field, const char *value, int *waiting,
                struct error *e);

#endif
