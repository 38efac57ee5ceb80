/* The SQL that makes the projection's tables, one for each kind with one column for each field, and the links of
 * persons; and the fingerprint of what they are made by. */
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "schema.h"
#include "schema_table.h"

/* The type of a field's column. */
static const char *sql_type(const struct schema_field *field)
{
    if (schema_traits(field)->is_list)
        return "TEXT"; /* a JSON array */
    if (schema_traits(field)->adds_up || field->type == SCHEMA_INTEGER || field->type == SCHEMA_MONEY ||
        field->type == SCHEMA_FLAG)
        return "INTEGER";
    return "TEXT";
}

static void add_columns(sqlite3_str *sql, const struct schema_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].type != SCHEMA_DOTS) /* no column: "voided" says the one, and the other is nobody's word */
            sqlite3_str_appendf(sql, ", \"%w\" %s", fields[i].name, sql_type(&fields[i]));
}

static void add_index(sqlite3_str *sql, const char *kind, const char *column)
{
    sqlite3_str_appendf(sql, "CREATE INDEX IF NOT EXISTS \"%w_%w\" ON \"%w\"(\"%w\");\n", kind, column, kind, column);
}

/* What a client's field says of other clients stands in the table person_link besides, one row for each element, so
 * that it is found from either side without reading every link. Triggers keep it: a client's row is written, and the
 * rows of its links follow. An element that is no id, or names its own record, names nobody. */
static void add_links(sqlite3_str *sql, const char *field)
{
    static const char put[] = "INSERT OR IGNORE INTO person_link(field, a, b) SELECT '%w', new.id, value FROM "
                              "json_each(new.\"%w\") WHERE length(value) = 36 AND value <> new.id; ";
    static const char drop[] = "DELETE FROM person_link WHERE field = '%w' AND a = %s.id; ";
    sqlite3_str_appendf(sql, "CREATE TRIGGER IF NOT EXISTS \"%w_made\" AFTER INSERT ON client BEGIN ", field);
    sqlite3_str_appendf(sql, drop, field, "new");
    sqlite3_str_appendf(sql, put, field, field);
    sqlite3_str_appendf(sql,
                        "END;\nCREATE TRIGGER IF NOT EXISTS \"%w_set\" AFTER UPDATE OF \"%w\" ON client WHEN "
                        "new.\"%w\" IS NOT old.\"%w\" BEGIN ",
                        field, field, field, field);
    sqlite3_str_appendf(sql, drop, field, "new");
    sqlite3_str_appendf(sql, put, field, field);
    sqlite3_str_appendf(sql, "END;\nCREATE TRIGGER IF NOT EXISTS \"%w_gone\" AFTER DELETE ON client BEGIN ", field);
    sqlite3_str_appendf(sql, drop, field, "old");
    sqlite3_str_appendall(sql, "END;\n");
}

int schema_sql(char **sql, struct error *e)
{
    static const struct {
        const char *kind, *column;
    } looked_up[] = {
        {"case", "client"}, {"assignment", "user"}, {"user", "login"}, {"user", "source_id"}, {"client", "source_id"}};
    /* A hold names a change: by the device alone each look-up would read all holds of a laptop. */
    static const char held[] = "CREATE INDEX IF NOT EXISTS hold_change ON hold(device, epoch, seq);\n";
    static const char links[] =
        "CREATE TABLE IF NOT EXISTS person_link(field TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, "
        "PRIMARY KEY(field, a, b)) WITHOUT ROWID;\n"
        "CREATE INDEX IF NOT EXISTS person_link_back ON person_link(field, b);\n";
    static const char *const linked[] = {"same_as", "different_from"};
    sqlite3_str *text = sqlite3_str_new(NULL);
    char *made;
    for (size_t i = 0; i < schema_table_count; i++) {
        const struct schema_kind *kind = &schema_table[i];
        /* Names are quoted: `case` is a word of SQL's own. */
        sqlite3_str_appendf(text,
                            "CREATE TABLE IF NOT EXISTS \"%w\"(id TEXT PRIMARY KEY, scope TEXT NOT NULL, "
                            "voided INTEGER NOT NULL DEFAULT 0, contested INTEGER NOT NULL DEFAULT 0",
                            kind->name);
        add_columns(text, schema_table_shared, schema_table_shared_count);
        add_columns(text, kind->fields, kind->field_count);
        sqlite3_str_appendf(text, ") WITHOUT ROWID;\n");
        add_index(text, kind->name, "scope");
    }
    for (size_t i = 0; i < sizeof looked_up / sizeof *looked_up; i++)
        add_index(text, looked_up[i].kind, looked_up[i].column);
    sqlite3_str_appendall(text, held);
    sqlite3_str_appendall(text, links);
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++)
        add_links(text, linked[i]);
    made = sqlite3_str_finish(text);
    *sql = made == NULL ? NULL : strdup(made);
    sqlite3_free(made);
    return *sql == NULL ? error_memory(e) : 0;
}

/* --- the fingerprint --- */

static void add_number(crypto_generichash_state *hash, unsigned number)
{
    uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    crypto_generichash_update(hash, bytes, sizeof bytes);
}

static void add_name(crypto_generichash_state *hash, const char *name)
{
    crypto_generichash_update(hash, (const uint8_t *)name, strlen(name) + 1);
}

static void add_fields(crypto_generichash_state *hash, const struct schema_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_number(hash, fields[i].number);
        add_name(hash, fields[i].name);
        add_number(hash, fields[i].type);
        add_number(hash, fields[i].policy);
        for (const struct schema_choice *c = fields[i].choices; c != NULL && c->name != NULL; c++) {
            add_number(hash, c->code);
            add_name(hash, c->name);
        }
    }
}

void schema_print(const struct schema_kind *kind, uint8_t out[32])
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, 32);
    add_number(&hash, SCHEMA_PROJECTION);
    add_name(&hash, kind->name);
    add_fields(&hash, schema_table_shared, schema_table_shared_count);
    add_fields(&hash, kind->fields, kind->field_count);
    crypto_generichash_final(&hash, out, 32);
}
