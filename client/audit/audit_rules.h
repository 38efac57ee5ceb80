/* The rules, in an archive: each change of a laptop is judged by the log in front of it (trial.h). */
#ifndef SATCHEL_AUDIT_RULES_H
#define SATCHEL_AUDIT_RULES_H

#include "archive.h"
#include "change.h"
#include "error.h"
#include "trial.h"

/* Takes the next entry of the archive, whose change is c. ends: a head of its device names it. What breaks a rule is
 * told by audit_rules_check, when all else is known to be right: it may be somebody's tampering, and that has a better
 * name. E_VERIFY: it cannot stand in a log. E_MEMORY, the store's. */
int audit_rules_take(struct trial *trial, const struct archive_item *record, const struct change *c, int ends,
                     struct error *e);

/* E_VERIFY: the office took a change that breaks a rule, and no hold keeps it out; the sentence names its position, the
 * laptop, its person and the rule. The store's. */
int audit_rules_check(const struct trial *trial, struct error *e);

#endif
