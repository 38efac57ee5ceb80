/* Remembers what came from others, until the person of this laptop has been told. */
#include "news.h"

#include <string.h>

#include "log.h"
#include "schema.h"

/* device zero stands for the whole scope. */
static int add(struct db *db, const struct id *scope, const struct id *device, uint64_t epoch, uint64_t seq,
               struct error *e)
{
    int code = db_run(db, e, "INSERT OR IGNORE INTO news(scope, device, epoch, seq) VALUES(?,?,?,?)", "dduu", scope,
                      device, epoch, seq);
    uint64_t dropped;
    if (code != 0 || db_changes(db) == 0)
        return code;
    if ((code = db_run(db, e, "DELETE FROM news WHERE id <= ?", "i", db_last_rowid(db) - NEWS_MAX)) != 0 ||
        db_changes(db) == 0)
        return code;
    return (code = news_dropped(db, &dropped, e)) != 0 ? code : db_meta_set_uint(db, "news_dropped", dropped + 1, e);
}

int news_dropped(struct db *db, uint64_t *count, struct error *e)
{
    return db_meta_get_uint(db, "news_dropped", count, e);
}

int news_tells(const struct schema_kind *kind, const struct schema_field *field, const struct change_op *op)
{
    if (field->policy == SCHEMA_HIGHEST || field->policy == SCHEMA_STATUS)
        return 1;
    if (kind->number != KIND_CLIENT)
        return 0;
    return strcmp(field->name, "death_date") == 0 ||
           (op->action == CHANGE_ADD && (strcmp(field->name, "alert") == 0 || strcmp(field->name, "allergy") == 0));
}

/* 1: the change has an op that is told. */
static int is_told(const struct change *c)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    for (size_t i = 0; kind != NULL && i < c->op_count; i++) {
        const struct schema_field *field = schema_field(kind, c->ops[i].field);
        if (field != NULL && news_tells(kind, field, &c->ops[i]))
            return 1;
    }
    return 0;
}

int news_remember(struct db *db, const struct id *person, const struct change *c, struct error *e)
{
    int64_t there;
    if (id_equal(&c->author, person) || !is_told(c))
        return 0;
    if ((there = log_find(db, &c->device, c->epoch, c->seq, NULL, e)) < 0)
        return error_code(e);
    return there != 0 ? 0 : add(db, &c->scope, &c->device, c->epoch, c->seq, e);
}

int news_remember_scope(struct db *db, const struct id *scope, struct error *e)
{
    static const struct id whole;
    return add(db, scope, &whole, 0, 0, e);
}

int news_each(struct db *db, int (*each)(void *arg, const struct news *news, struct error *e), void *arg,
              struct error *e)
{
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e,
                             "SELECT news.scope, coalesce(entry.id, 0) FROM news LEFT JOIN entry ON entry.device = "
                             "news.device AND entry.epoch = news.epoch AND entry.seq = news.seq WHERE news.epoch = 0 "
                             "OR entry.id IS NOT NULL ORDER BY news.id",
                             "");
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct news news = {db_id(s, 0), db_int(s, 1)};
        if ((code = each(arg, &news, e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

int news_told(struct store *s, struct error *e)
{
    int code, any = db_exists(s->db, e, "SELECT 1 FROM news LIMIT 1", "");
    if (any <= 0)
        return any < 0 ? error_code(e) : 0;
    if ((code = store_begin(s, e)) != 0)
        return code;
    if ((code = db_run(s->db, e, "DELETE FROM news", "")) != 0 ||
        (code = db_meta_set_uint(s->db, "news_dropped", 0, e)) != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}
