/* Who may have and change what. A user's caseload is a set of scopes: the cases that are assigned to the user; the
 * clients of these cases, with every record that is linked as the same person's (person.h); the cases and persons in
 * which something is contested that the user is to decide (review_owners), as long as it is; the persons whom the
 * user's laptops took down and of whom no case has come yet; and the zero scope, for what is office-wide. The office
 * asks it before it applies a change and before it deals out. */
#ifndef SATCHEL_CASELOAD_H
#define SATCHEL_CASELOAD_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "error.h"
#include "id.h"

/* Scopes, rising, each once; the zero scope is always among them. */
struct caseload {
    struct id *scopes;
    size_t count;
};

#define CASELOAD_MAX 65536 /* scopes; a message may list as many (proto/wire_limits.h) */

/* Computes the caseload of a user from the record, as a program of schema `version` does (schema_version() for this
 * one): a field that is newer is not followed. *out is freed with caseload_free; after an error it is empty.
 * E_LIMIT: more than CASELOAD_MAX scopes. E_MEMORY, the store's. */
int caseload_load(struct db *db, const struct id *user, int version, struct caseload *out, struct error *e);
void caseload_free(struct caseload *l);
/* The scope within l->scopes; NULL: it is not among them. */
const struct id *caseload_find(const struct caseload *l, const struct id *scope);
int caseload_has(const struct caseload *l, const struct id *scope); /* 1, 0 */

/* 1: the user is one of those who decide what is contested in the case or person of others, whether or not anything is
 * contested there now (review_owners); 0: not; -1: failed. */
int caseload_decides(struct db *db, const struct id *user, const struct id *scope, struct error *e);

/* 1: this device took the case or person down in the field, and the office has assigned it to nobody yet; or nothing of
 * it is in the log, and its id is one that anybody may take. 0: not so; -1: failed. */
int caseload_is_taken_down(struct db *db, const struct id *scope, const struct id *device, struct error *e);
/* Counts the persons whom this device took down in the field and of whom no case has come yet. It costs a few queries
 * for each person whom the device ever took down. Errors: the store's. */
int caseload_count_taken_down(struct db *db, const struct id *device, uint64_t *count, struct error *e);
/* 1: anybody may make a record with this id: it is a UUIDv7, which nobody can guess before it exists. Other ids are the
 * office's to give: an import derives them from the keys of its source, and somebody who knows such a key could
 * otherwise make the record first. */
int caseload_is_free_id(const struct id *id);

#endif
