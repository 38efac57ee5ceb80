/* What came from others and has not been told yet: changes, and whole cases. A sync remembers it with the batch that
 * brings it, so that nothing is lost if the link breaks, and tells it at the end in words (client/command/told_news.h).
 * A change that came with a whole case is no news beside the case. */
#ifndef SATCHEL_NEWS_H
#define SATCHEL_NEWS_H

#include "change.h"
#include "db.h"
#include "error.h"
#include "id.h"
#include "schema.h"
#include "store.h"

#define NEWS_MAX 4096 /* so much is remembered until it is told: the newest */

/* 1: people are told of such an op by name: a risk, a status, an alert, an allergy, a death. */
int news_tells(const struct schema_kind *kind, const struct schema_field *field, const struct change_op *op);
/* How many were let go of since people were told last, since NEWS_MAX came after them. Errors: the store's. */
int news_dropped(struct db *db, uint64_t *count, struct error *e);

/* Remember a change that somebody else wrote and people are told of, before it is added to the log (one that is in the
 * log is no news), and a scope that arrives for the first time. person: whose laptop it is. Inside the caller's
 * transaction. */
int news_remember(struct db *db, const struct id *person, const struct change *c, struct error *e);
int news_remember_scope(struct db *db, const struct id *scope, struct error *e);

/* One piece of news. */
struct news {
    struct id scope;
    int64_t entry; /* entry.id of the change; 0: the whole scope is new */
};
/* Hands `each` all news, in the order in which they came; what is not in the log any more is left out. Stops at the
 * first return of `each` that is not 0, and returns that. */
int news_each(struct db *db, int (*each)(void *arg, const struct news *news, struct error *e), void *arg,
              struct error *e);

/* All has been told. In a transaction of its own. */
int news_told(struct store *s, struct error *e);

#endif
