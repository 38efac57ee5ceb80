/* Finds a record by what a person calls it: a whole id, the first or last 4 or more characters of one, a case number,
 * or a part of a name.
 *
 * A whole id is certain. Eight characters of one, which is what `satchel list` shows, and a whole case number go before
 * the rest. All else is equal: if "Ada" is one person and "Ada Byron" a second, or if four letters of a name are the
 * end of an id, the person is asked which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"
#include "with_store.h"

#define HEX_MIN 4
#define LISTED_MAX 10
#define MATCHES_MAX 1000

/* The statement gives every record with the rank of its match: 2 for 8 or more characters of its id and for its whole
 * number, 1 for less. ?1 the words; ?2 their hex digits or NULL; ?3 a kind or 0; ?4 the kind case, ?5 the kind client.
 */
static const char matches[] =
    "WITH hit(record, rank) AS ("
    "  SELECT record, 1 + (length(?2) >= 8) FROM place WHERE ?2 IS NOT NULL AND (?3 = 0 OR kind = ?3) AND"
    "    (substr(lower(hex(record)), 1, length(?2)) = ?2 OR substr(lower(hex(record)), -length(?2)) = ?2)"
    "  UNION ALL SELECT id_blob(id), CASE WHEN lower(number) = lower(?1) THEN 2 ELSE 1 END FROM \"case\""
    "    WHERE voided = 0 AND ?3 IN (0, ?4) AND (instr(lower(number), lower(?1)) OR instr(lower(title), lower(?1)))"
    "  UNION ALL SELECT id_blob(id), 1 FROM client WHERE voided = 0 AND ?3 IN (0, ?5) AND"
    "    (instr(lower(legal_name), lower(?1)) OR instr(lower(preferred_name), lower(?1)))"
    "  UNION ALL SELECT id_blob(c.id), 1 FROM \"case\" c JOIN client p ON p.id = c.client"
    "    WHERE c.voided = 0 AND ?3 = ?4 AND (instr(lower(p.legal_name), lower(?1)) OR"
    "    instr(lower(p.preferred_name), lower(?1)) OR (?2 IS NOT NULL AND"
    "    substr(replace(p.id, '-', ''), -length(?2)) = ?2)))"
    " SELECT h.record, max(hit.rank) FROM hit JOIN place h ON h.record = hit.record"
    "  GROUP BY h.record ORDER BY 2 DESC, 1";

/* 1: the words can be a part of an id, and out has their hex digits; 0: they cannot. */
static int hex_digits(const char *words, char out[ID_TEXT])
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t n = 0;
    for (; *words != '\0'; words++) {
        const char *digit = strchr(digits, *words);
        if (*words == '-')
            continue;
        if (n == (size_t)2 * ID_BYTES || digit == NULL)
            return 0;
        out[n++] = digits[(digit - digits) % 16];
    }
    out[n] = '\0';
    return n >= HEX_MIN;
}

/* Prints ids only, since what goes to stderr may end in a log. */
static void list_matches(struct db *db, const struct id *found, size_t count)
{
    for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
        struct record_place place;
        char text[ID_TEXT];
        id_format(&found[i], text);
        (void)fprintf(stderr, "  %-10s %s\n",
                      record_find(db, &found[i], &place, NULL) == 0 ? place.kind->name : "newer", text);
    }
    if (count > LISTED_MAX)
        (void)fprintf(stderr, "  and %zu more\n", count - LISTED_MAX);
}

/* Reads the matches of the best rank. */
static int collect(struct db *db, const struct schema_kind *kind, const char *words, struct id found[MATCHES_MAX],
                   size_t *count, struct error *e)
{
    char hex[ID_TEXT];
    const char *digits = hex_digits(words, hex) ? hex : NULL;
    sqlite3_stmt *s;
    int64_t rank = 0;
    int row, code;
    *count = 0;
    if ((code = db_query(db, &s, e, matches, "ttuuu", words, digits, (uint64_t)(kind != NULL ? kind->number : 0),
                         (uint64_t)KIND_CASE, (uint64_t)KIND_CLIENT)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct id id = db_id(s, 0);
        if (*count != 0 && db_int(s, 1) < rank)
            break;
        rank = db_int(s, 1);
        found[(*count)++] = id;
        if (*count == MATCHES_MAX)
            break;
    }
    if (row == 1)
        db_done(db, s);
    return row < 0 ? error_code(e) : 0;
}

int find_record(struct store *s, const struct schema_kind *kind, const char *words, struct id *record, struct error *e)
{
    const char *what = kind != NULL ? kind->name : "record";
    struct record_place place;
    struct id whole, *found;
    size_t count;
    int code;
    /* 1. A whole id names one record, or nothing. If a case is asked for, a client's id names the client's case. */
    if (id_parse(words, &whole, NULL) == 0 && record_find(s->db, &whole, &place, NULL) == 0 &&
        (kind == NULL || place.kind == kind)) {
        *record = whole;
        return 0;
    }
    if (words[0] == '\0')
        return error_set(e, E_USAGE, "name a %s: its id, the end of its id, a case number or a part of a name", what);
    /* 2. All else may name several. */
    if ((found = malloc(MATCHES_MAX * sizeof *found)) == NULL)
        return error_memory(e);
    code = collect(s->db, kind, words, found, &count, e);
    if (code == 0 && count == 1) {
        *record = found[0];
    } else if (code == 0 && count == 0) {
        code = error_set(e, E_NOT_FOUND,
                         "no %s on this laptop is called that; `satchel list` and `satchel search` show what there is",
                         what);
    } else if (code == 0) {
        list_matches(s->db, found, count);
        code = error_set(e, E_INPUT, "%zu%s records match; say which by its id (the last 8 characters will do)", count,
                         count == MATCHES_MAX ? " or more" : "");
    }
    free(found);
    return code;
}

int store_find(struct store *s, const char *words, struct id *record, struct error *e)
{
    return find_record(s, NULL, words, record, e);
}
