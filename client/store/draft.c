/* Keeps drafts in the store (draft.h). */
#include "draft.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int draft_keep(struct db *db, const struct id *scope, unsigned kind, const char *text, uint64_t now_ms, struct error *e)
{
    int code;
    if (strlen(text) > DRAFT_MAX)
        return error_set(e, E_LIMIT, "a draft has at most %d bytes", DRAFT_MAX);
    if ((code = db_begin(db, e)) != 0)
        return code;
    code = db_run(db, e, "INSERT OR REPLACE INTO draft(scope, kind, at, text) VALUES(?, ?, ?, ?)", "duut", scope,
                  (uint64_t)kind, now_ms, text);
    if (code == 0)
        code = db_commit(db, e);
    if (code != 0)
        db_rollback(db);
    return code;
}

int draft_add(struct db *db, const struct id *scope, unsigned kind, const char *text, uint64_t now_ms, struct error *e)
{
    char *before, *whole;
    uint64_t at;
    size_t size;
    int code = draft_find(db, scope, kind, &before, &at, e);
    if (code != 0)
        return code;
    if (before == NULL || before[0] == '\0' || strstr(text, before) != NULL) {
        draft_free(before);
        return draft_keep(db, scope, kind, text, now_ms, e);
    }
    if (strstr(before, text) != NULL) {
        draft_free(before);
        return 0;
    }
    size = strlen(before) + strlen(text) + sizeof "\n\n";
    if ((whole = malloc(size)) == NULL) {
        code = error_memory(e);
    } else {
        (void)snprintf(whole, size, "%s\n\n%s", before, text);
        code = draft_keep(db, scope, kind, whole, now_ms, e);
    }
    draft_free(before);
    draft_free(whole);
    return code;
}

int draft_find(struct db *db, const struct id *scope, unsigned kind, char **text, uint64_t *at_ms, struct error *e)
{
    sqlite3_stmt *s;
    int row =
        db_first(db, &s, e, "SELECT text, at FROM draft WHERE scope = ? AND kind = ?", "du", scope, (uint64_t)kind);
    *text = NULL;
    *at_ms = 0;
    if (row != 1)
        return row < 0 ? error_code(e) : 0;
    *text = strdup(db_text(s, 0));
    *at_ms = db_uint(s, 1);
    db_done(db, s);
    return *text != NULL ? 0 : error_memory(e);
}

void draft_free(char *text)
{
    if (text != NULL)
        sodium_memzero(text, strlen(text));
    free(text);
}

int draft_drop(struct db *db, const struct id *scope, unsigned kind, struct error *e)
{
    return db_run(db, e, "DELETE FROM draft WHERE scope = ? AND kind = ?", "du", scope, (uint64_t)kind);
}
