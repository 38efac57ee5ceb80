/* Any bytes as a mapping file: a sentence, or a mapping of which every file can be staged and every query is SQL that
 * the staging database takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "map_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prepares(const struct import *im, char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sql == NULL || sqlite3_prepare_v2(db_handle(im->staging), sql, -1, &s, NULL) != SQLITE_OK)
        abort();
    (void)sqlite3_finalize(s);
    sqlite3_free(sql);
}

static void check(struct import *im, const struct mapping *m)
{
    struct error e = {0, ""};
    int there;
    for (size_t i = 0; i < m->file_count; i++)
        if (import_stage(im, "/nowhere", m->files[i].name, m->files[i].columns, &there, &e) != 0)
            abort();
    for (size_t i = 0; i < m->record_count; i++) {
        const struct mapping_record *r = &m->records[i];
        prepares(im,
                 sqlite3_mprintf("SELECT %s, %s, line FROM %s", r->key, r->scope != NULL ? r->scope : "NULL", r->from));
        for (size_t k = 0; k < r->field_count; k++)
            prepares(im, sqlite3_mprintf("SELECT %s FROM %s", r->fields[k].value, r->from));
    }
    for (size_t i = 0; i < m->orphan_count; i++)
        prepares(im, sqlite3_mprintf("%s", m->orphans[i].has_gone));
    for (size_t i = 0; i < m->reference_count; i++)
        prepares(im, sqlite3_mprintf("SELECT a.\"%w\" FROM \"%w\" a, \"%w\" b", m->references[i].column,
                                     m->references[i].file, m->references[i].to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct central office;
    struct import im = {.central = &office};
    struct error e = {0, ""};
    struct map_file *m;
    if (map_file_parse((const char *)data, size, "map", &m, &e) != 0) {
        if (e.code == 0 || e.text[0] == '\0')
            abort();
        return 0;
    }
    if (import_open(&im, &e) != 0)
        abort();
    check(&im, map_file_mapping(m));
    import_close(&im);
    map_file_free(m);
    return 0;
}
