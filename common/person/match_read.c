/* Reads the clients of a store, and folds what they are compared by. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "match_private.h"
#include "record.h"
#include "schema.h"

enum {
    DIGITS_MIN = 6,     /* of a telephone; a shorter one is not compared */
    DIGITS = 9,         /* the last of a telephone: the country's code before them is not always written */
    IDENTIFIER_MIN = 4, /* letters and digits; a shorter one is not compared */
    ADDRESS_MIN = 8,    /* bytes, folded; the same */
    CHUNK = 1 << 16
};

struct match_chunk {
    struct match_chunk *next;
    size_t used, room;
    char bytes[];
};

/* --- memory --- */

static void *take_memory(struct match_memory *m, size_t size)
{
    struct match_chunk *c = m->chunks;
    size = (size + 15) & ~(size_t)15;
    if (c == NULL || c->room - c->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        if ((c = malloc(sizeof *c + room)) == NULL)
            return NULL;
        c->next = m->chunks;
        c->used = 0;
        c->room = room;
        m->chunks = c;
    }
    c->used += size;
    return c->bytes + c->used - size;
}

static const char *keep_text(struct match_memory *m, const char *text)
{
    size_t size = strlen(text) + 1;
    char *p = take_memory(m, size);
    return p == NULL ? NULL : memcpy(p, text, size);
}

void match_read_free(struct match_memory *m)
{
    while (m != NULL && m->chunks != NULL) {
        struct match_chunk *next = m->chunks->next;
        sodium_memzero(m->chunks->bytes, m->chunks->used);
        free(m->chunks);
        m->chunks = next;
    }
    if (m != NULL)
        free(m->clients);
    free(m);
}

/* --- what a client says --- */

/* Folds a text to its letters and digits, without case and marks. If it is cut, it is cut between characters. */
static void fold(const char *text, int digits_only, char *out, size_t out_max)
{
    size_t used = 0;
    while (*text != '\0' && used + 5 < out_max) {
        uint32_t folded[FOLD_LETTERS_MAX];
        size_t letters = fold_letter(fold_next(&text), folded);
        for (size_t i = 0; i < letters && used + 5 < out_max; i++) {
            int is_digit = folded[i] >= '0' && folded[i] <= '9';
            if (folded[i] < 0x80) {
                if (is_digit || (!digits_only && ((folded[i] >= 'a' && folded[i] <= 'z') || folded[i] == '@')))
                    out[used++] = (char)folded[i];
            } else if (!digits_only) {
                for (int shift = 24; shift >= 0; shift -= 8) /* only compared, so any bytes but NUL do */
                    out[used++] = (char)(1 + ((folded[i] >> shift & 0xffu) % 255u));
            }
        }
    }
    out[used] = '\0';
}

static int add_name(struct match_memory *m, struct match_client *c, const char *text, int is_preferred, struct error *e)
{
    struct match_part parts[MATCH_PARTS_MAX];
    size_t count = match_name_cut(text, parts);
    struct match_name *name = &c->names[c->name_count];
    /* A preferred name of one part says nothing beside a legal name. */
    if (count == 0 || c->name_count == MATCH_VALUES_MAX || (is_preferred && count == 1 && c->name_count != 0))
        return 0;
    name->count = count;
    if ((name->parts = take_memory(m, count * sizeof *parts)) == NULL || (name->shown = keep_text(m, text)) == NULL)
        return error_memory(e);
    memcpy(name->parts, parts, count * sizeof *parts);
    if (c->name[0] == '\0')
        c->name = name->shown;
    c->name_count++;
    return 0;
}

static int add_folded(struct match_memory *m, const char **values, size_t *count, const char *folded, struct error *e)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(values[i], folded) == 0)
            return 0;
    if (*count == MATCH_VALUES_MAX)
        return 0;
    return (values[*count] = keep_text(m, folded)) == NULL ? error_memory(e) : ((*count)++, 0);
}

/* Takes one value of a field, in words, into the client. */
static int add_value(struct match_memory *m, struct match_client *c, const char *field, const char *text,
                     struct error *e)
{
    char folded[256];
    size_t size;
    if (text[0] == '\0')
        return 0;
    if (strcmp(field, "legal_name") == 0 || strcmp(field, "preferred_name") == 0)
        return add_name(m, c, text, field[0] == 'p', e);
    if (strcmp(field, "birth_date") == 0)
        return strlen(text) == 10 ? add_folded(m, c->births, &c->birth_count, text, e) : 0;
    fold(text, strcmp(field, "phone") == 0, folded, sizeof folded);
    size = strlen(folded);
    if (strcmp(field, "phone") == 0)
        return size < DIGITS_MIN
                   ? 0
                   : add_folded(m, c->phones, &c->phone_count, folded + (size > DIGITS ? size - DIGITS : 0), e);
    if (strcmp(field, "email") == 0)
        return strchr(text, '@') == NULL ? 0 : add_folded(m, c->emails, &c->email_count, folded, e);
    return size < ADDRESS_MIN ? 0 : add_folded(m, c->addresses, &c->address_count, folded, e);
}

/* Takes one identifier, such as "SSN 999-49-3983"; the word before the number says of which sort it is. */
static int add_identifier(struct match_memory *m, struct match_client *c, const char *text, struct error *e)
{
    struct match_identifier *identifier = &c->identifiers[c->identifier_count];
    char folded[256], words[64], sort[64];
    size_t word = strcspn(text, " :#0123456789");
    fold(text, 0, folded, sizeof folded);
    if (strlen(folded) < IDENTIFIER_MIN || c->identifier_count == MATCH_IDENTIFIERS_MAX)
        return 0;
    if (text[word] == '\0' || word >= sizeof words)
        word = 0;
    memcpy(words, text, word);
    words[word] = '\0';
    fold(words, 0, sort, sizeof sort);
    identifier->sort = strlen(sort);
    if ((identifier->shown = keep_text(m, text)) == NULL || (identifier->folded = keep_text(m, folded)) == NULL)
        return error_memory(e);
    c->identifier_count++;
    return 0;
}

/* --- reading the store --- */

static const char *const compared[] = {"legal_name", "preferred_name", "birth_date", "phone", "email", "address"};
enum { COMPARED = sizeof compared / sizeof *compared };

struct match_client *match_read_find(struct match_memory *m, const struct id *id)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&m->clients[middle].id, id);
        if (order == 0)
            return &m->clients[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int read_clients(struct db *db, struct match_memory *m, struct error *e)
{
    static const char sql[] = "SELECT id, legal_name, preferred_name, birth_date, phone, email, address FROM client "
                              "WHERE voided = 0 ORDER BY id";
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, sql, "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct match_client *c;
        if (m->clients == NULL || m->count == m->room) {
            struct match_client *more = realloc(m->clients, (m->room = 2 * m->room + 64) * sizeof *more);
            if (more == NULL) {
                db_done(db, s);
                return error_memory(e);
            }
            m->clients = more;
        }
        c = &m->clients[m->count++];
        memset(c, 0, sizeof *c);
        c->name = "";
        code = id_parse(db_text(s, 0), &c->id, e);
        for (int i = 0; code == 0 && i < COMPARED; i++)
            code = add_value(m, c, compared[i], db_text(s, i + 1), e);
        if (code != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int read_identifiers(struct db *db, struct match_memory *m, struct error *e)
{
    static const char sql[] = "SELECT client.id, j.value FROM client, json_each(client.identifier) j WHERE "
                              "client.identifier IS NOT NULL AND voided = 0";
    struct match_client *c;
    sqlite3_stmt *s;
    struct id id;
    int row, code;
    if ((code = db_query(db, &s, e, sql, "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (id_parse(db_text(s, 0), &id, NULL) == 0 && (c = match_read_find(m, &id)) != NULL &&
            (code = add_identifier(m, c, db_text(s, 1), e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Takes the values of a contested field beside the shown one: the person may be known by any of them. */
static int read_field(struct db *db, struct match_memory *m, struct match_client *c, const struct schema_field *field,
                      struct error *e)
{
    struct record_field f;
    char text[1024];
    int code = record_field_load(db, &c->id, schema_kind(KIND_CLIENT), field, &f, e);
    if (code != 0)
        return code;
    for (size_t i = 1; code == 0 && i < f.count; i++)
        code = add_value(m, c, field->name, schema_format(field, f.ops[i].merge.value, text, sizeof text), e);
    record_field_free(&f);
    return code;
}

static int read_contested(struct db *db, struct match_memory *m, struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_CLIENT);
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT record, field FROM conflict WHERE kind = ?", "u", (uint64_t)KIND_CLIENT)) !=
        0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct id id = db_id(s, 0);
        const struct schema_field *field = schema_field(kind, (unsigned)db_uint(s, 1));
        struct match_client *c = match_read_find(m, &id);
        for (size_t i = 0; code == 0 && c != NULL && field != NULL && i < COMPARED; i++)
            if (strcmp(field->name, compared[i]) == 0)
                code = read_field(db, m, c, field, e);
        if (code != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

int match_read(struct db *db, struct match_memory **out, struct error *e)
{
    struct match_memory *m = *out = calloc(1, sizeof *m);
    int code;
    if (m == NULL)
        return error_memory(e);
    if ((code = read_clients(db, m, e)) == 0 && (code = read_identifiers(db, m, e)) == 0)
        code = read_contested(db, m, e);
    return code;
}
