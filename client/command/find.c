/* Finds a record by what a person calls it (find.h says by what).
 *
 * Who looks may give a part, and is shown what matches. Who writes gives the whole of a name, a number or an id: a
 * digit that was dropped must not find the next best record, for what is written there is written about another person.
 */
#include "find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "utf8.h"
#include "whose.h"

#define HEX_MIN 4
#define HEX_SHOWN (ID_BRIEF - 1)
#define LISTED_MAX 10
#define MATCHES_MAX 1000

/* Names and numbers are compared by fold() (fold.h): capitals, accents and dashes make no difference.
 *
 * All three of the first: ?1 the words; ?2 their hex digits or NULL; ?3 a kind or 0; ?4 the kind case, ?5 the kind
 * client. They give a record, and a rank that is higher for a better match. */

/* Looking. 3: the whole of an id, of the shown part of one, or of a number; 2: the beginning of what is shown of an id;
 * 1: all else. */
static const char to_look[] =
    "WITH hit(record, rank) AS ("
    "  SELECT record, CASE WHEN length(?2) >= 8 AND substr(lower(hex(record)), -length(?2)) = ?2 THEN 3"
    "    WHEN substr(lower(hex(record)), 25, length(?2)) = ?2 THEN 2 ELSE 1 END"
    "    FROM place WHERE ?2 IS NOT NULL AND (?3 = 0 OR kind = ?3) AND"
    "    (substr(lower(hex(record)), 1, length(?2)) = ?2 OR substr(lower(hex(record)), -length(?2)) = ?2 OR"
    "    substr(lower(hex(record)), 25, length(?2)) = ?2)"
    "  UNION ALL SELECT id_blob(id), CASE WHEN fold(number) = fold(?1) THEN 3 ELSE 1 END FROM \"case\""
    "    WHERE voided = 0 AND ?3 IN (0, ?4) AND (instr(fold(number), fold(?1)) OR instr(fold(title), fold(?1)))"
    "  UNION ALL SELECT id_blob(id), 1 FROM client WHERE voided = 0 AND ?3 IN (0, ?5) AND"
    "    (instr(fold(legal_name), fold(?1)) OR instr(fold(preferred_name), fold(?1)))"
    "  UNION ALL SELECT id_blob(c.id), 1 FROM \"case\" c JOIN client p ON p.id = c.client"
    "    WHERE c.voided = 0 AND ?3 = ?4 AND (instr(fold(p.legal_name), fold(?1)) OR"
    "    instr(fold(p.preferred_name), fold(?1)) OR (?2 IS NOT NULL AND"
    "    (substr(replace(p.id, '-', ''), -length(?2)) = ?2 OR substr(replace(p.id, '-', ''), 25, length(?2)) = ?2))))"
    " SELECT h.record, max(hit.rank) FROM hit JOIN place h ON h.record = hit.record"
    "  GROUP BY h.record ORDER BY 2 DESC, 1";

/* Writing: `person` has those whom the words name, and everybody in whose name the words stand if they are anybody's
 * whole name: Ann Lee and Joann Lee are a letter or two apart. If a case is asked for and there are several persons,
 * the persons themselves match too: one of them may have no case, and the other's must not be taken for it. */
static const char to_write[] =
    "WITH whole(id) AS (SELECT id FROM client WHERE voided = 0 AND"
    "    (fold(legal_name) = fold(?1) OR fold(preferred_name) = fold(?1))),"
    "  person(id) AS (SELECT id FROM client WHERE voided = 0 AND EXISTS(SELECT 1 FROM whole) AND"
    "    (instr(fold(legal_name), fold(?1)) OR instr(fold(preferred_name), fold(?1)))"
    "    UNION SELECT id_text(record) FROM place WHERE kind = ?5 AND length(?2) IN (8, 32) AND"
    "    substr(lower(hex(record)), -length(?2)) = ?2),"
    "  own(id, open) AS (SELECT c.id, coalesce(c.status, '') <> 'closed' FROM \"case\" c"
    "    JOIN person ON person.id = c.client WHERE c.voided = 0),"
    "  hit(record) AS (SELECT record FROM place WHERE (?3 = 0 OR kind = ?3) AND length(?2) IN (8, 32) AND"
    "    substr(lower(hex(record)), -length(?2)) = ?2"
    "  UNION SELECT id_blob(id) FROM \"case\" c WHERE ?3 IN (0, ?4) AND fold(number) = fold(?1) AND"
    "    (voided = 0 OR NOT EXISTS(SELECT 1 FROM \"case\" o WHERE o.voided = 0 AND fold(o.number) = fold(?1)))"
    "  UNION SELECT id_blob(id) FROM person WHERE ?3 IN (0, ?5) OR (?3 = ?4 AND (SELECT count(*) FROM person) > 1)"
    "  UNION SELECT id_blob(id) FROM own WHERE ?3 = ?4 AND"
    "    ((SELECT count(*) FROM person) > 1 OR open = (SELECT max(open) FROM own)))"
    " SELECT DISTINCT place.record, 1 FROM hit JOIN place ON place.record = hit.record ORDER BY 1";

/* Writing a reference to what has a name but is neither a person nor a case; %w: the kind, and the field of its name.
 */
static const char to_name[] =
    "WITH t(id, name) AS (SELECT id, \"%w\" FROM \"%w\" WHERE voided = 0)"
    " SELECT id_blob(id), 1 FROM t WHERE EXISTS(SELECT 1 FROM t WHERE fold(name) = fold(?1)) AND"
    "  instr(fold(name), fold(?1))"
    " UNION SELECT record, 1 FROM place WHERE kind = ?3 AND length(?2) IN (8, 32) AND"
    "  substr(lower(hex(record)), -length(?2)) = ?2 AND ?4 <> ?5";

struct finding {
    struct db *db;
    const struct schema_kind *kind; /* NULL: any */
    const char *words;
    char hex[ID_TEXT];
    const char *digits; /* hex, or NULL */
    struct id *found;   /* MATCHES_MAX */
    size_t count;
};

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

/* Reads the matches of the best rank. */
static int collect(struct finding *f, const char *sql, struct error *e)
{
    sqlite3_stmt *s;
    int64_t rank = 0;
    int row, code;
    f->count = 0;
    if ((code = db_query(f->db, &s, e, sql, "ttuuu", f->words, f->digits,
                         (uint64_t)(f->kind != NULL ? f->kind->number : 0), (uint64_t)KIND_CASE,
                         (uint64_t)KIND_CLIENT)) != 0)
        return code;
    while ((row = db_next(f->db, s, e)) == 1) {
        struct id id = db_id(s, 0);
        if (f->count != 0 && db_int(s, 1) < rank)
            break;
        rank = db_int(s, 1);
        f->found[f->count++] = id;
        if (f->count == MATCHES_MAX)
            break;
    }
    if (row == 1)
        db_done(f->db, s);
    return row < 0 ? error_code(e) : 0;
}

/* 1: the words have the form of a whole id, or of the part that is shown. */
static int is_whole_id(const char *words)
{
    size_t length = strlen(words);
    struct id id;
    return (length == HEX_SHOWN || length == (size_t)2 * ID_BYTES) ? strchr(words, '-') == NULL
                                                                   : id_parse(words, &id, NULL) == 0;
}

/* Reads what may be written to. */
static int collect_whole(struct finding *f, struct error *e)
{
    const struct schema_field *title =
        f->kind != NULL && f->kind->title[0] != NULL ? schema_field_named(f->kind, f->kind->title[0]) : NULL;
    const char *digits = f->digits;
    char *sql;
    int code;
    if (!is_whole_id(f->words))
        f->digits = NULL;
    if (title == NULL || title->type != SCHEMA_TEXT || f->kind->number == KIND_CLIENT)
        sql = sqlite3_mprintf("%s", to_write);
    else
        sql = sqlite3_mprintf(to_name, title->name, f->kind->name);
    code = sql != NULL ? collect(f, sql, e) : error_memory(e);
    sqlite3_free(sql);
    f->digits = digits;
    return code;
}

/* 1: the statement says that the text names this record and no other; 0: it does not, or cannot be asked. */
static int names_it(struct db *db, const char *sql, const char *text, const struct id *record)
{
    char id[ID_TEXT];
    id_format(record, id);
    return db_exists(db, NULL, sql, "tt", text, id) == 1;
}

/* 1: the text can stand in a command that somebody pastes into a shell: as it is, or (quoted 1) between apostrophes. */
static int can_be_pasted(const char *text, int quoted)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
    if (text[0] == '\0' || text[0] == '-')
        return 0;
    if (!quoted)
        return text[strspn(text, plain)] == '\0';
    for (const char *c = text; *c != '\0';) {
        size_t n = utf8_character(c, strnlen(c, 4));
        if (n == 0 || *c == '\'' || utf8_is_control(c, n))
            return 0;
        c += n;
    }
    return 1;
}

/* Whether ?1 is what find_to_write takes for the record ?2 and no other. */
static const char number_names[] =
    "SELECT 1 WHERE (SELECT count(*) = 1 AND max(id = ?2) FROM \"case\" WHERE fold(number) = fold(?1) AND (voided = 0 "
    "OR "
    "NOT EXISTS(SELECT 1 FROM \"case\" o WHERE o.voided = 0 AND fold(o.number) = fold(?1))))";
static const char name_names[] =
    "SELECT 1 WHERE (SELECT count(*) = 1 AND max(id = ?2 AND (fold(legal_name) = fold(?1) OR fold(preferred_name) = "
    "fold(?1))) FROM client WHERE voided = 0 AND (instr(fold(legal_name), fold(?1)) OR instr(fold(preferred_name), "
    "fold(?1))))";
static const char brief_names[] = "SELECT 1 WHERE (SELECT count(*) = 1 AND max(id_text(record) = ?2) FROM place WHERE "
                                  "substr(lower(hex(record)), 25) = "
                                  "?1)";

const char *find_name(struct db *db, const struct id *record, char out[FIND_NAME])
{
    struct record_place place;
    struct whose w;
    char brief[ID_BRIEF];
    (void)id_brief(record, brief);
    id_format(record, out);
    if (record_find(db, record, &place, NULL) != 0 || whose_find(db, record, &w, NULL) != 0)
        return out;
    if (place.kind->number == KIND_CASE && can_be_pasted(w.number, 0) && names_it(db, number_names, w.number, record))
        (void)snprintf(out, FIND_NAME, "%s", w.number);
    else if (w.is_person && can_be_pasted(w.name, 1) && names_it(db, name_names, w.name, record))
        (void)snprintf(out, FIND_NAME, "'%s'", w.name);
    else if (names_it(db, brief_names, brief, record))
        (void)snprintf(out, FIND_NAME, "%s", brief);
    return out;
}

/* Prints ", case 2024-171" for each case of a person. */
static void list_cases(FILE *err, struct db *db, const struct id *person)
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    id_format(person, text);
    if (db_query(db, &s, NULL,
                 "SELECT coalesce(number, 'without a number'), status FROM \"case\" WHERE client = ? AND voided = 0 "
                 "ORDER BY id",
                 "t", text) != 0)
        return;
    while (db_next(db, s, NULL) == 1) {
        (void)fputs(", case ", err);
        cli_line(err, db_text(s, 0));
        if (strcmp(db_text(s, 1), "closed") == 0)
            (void)fputs(" (closed)", err);
    }
}

/* Prints "  case    7f3a91c2  Ada Byron, born 1984-05-31, case 2024-171; type: 2024-171". It goes to the person who
 * typed the words. */
static void list_match(FILE *err, struct db *db, const struct id *record)
{
    struct record_place place;
    struct whose w;
    char brief[ID_BRIEF], name[FIND_NAME];
    int is_known = record_find(db, record, &place, NULL) == 0;
    (void)fprintf(err, "  %-8s %s  ", is_known ? place.kind->name : "newer", id_brief(record, brief));
    if (is_known && whose_find(db, record, &w, NULL) == 0) {
        whose_print_birth(err, &w);
        if (w.is_person)
            list_cases(err, db, record);
        if (place.voided)
            (void)fputs(" (voided)", err);
    }
    (void)fputs("; type: ", err);
    cli_line(err, find_name(db, record, name));
    (void)fputc('\n', err);
}

static void list_matches(const struct finding *f, FILE *err)
{
    for (size_t i = 0; i < f->count && i < LISTED_MAX; i++)
        list_match(err, f->db, &f->found[i]);
    if (f->count > LISTED_MAX)
        (void)fprintf(err, "  and %zu more\n", f->count - LISTED_MAX);
}

static int begin(struct finding *f, struct store *s, const struct schema_kind *kind, const char *words, struct error *e)
{
    *f = (struct finding){.db = s->db, .kind = kind, .words = words};
    if (words[0] == '\0')
        return error_set(e, E_USAGE, "name a %s: its number, a name, or the 8 characters that `satchel list` shows",
                         kind != NULL ? kind->name : "record");
    f->digits = hex_digits(words, f->hex) ? f->hex : NULL;
    return (f->found = malloc(MATCHES_MAX * sizeof *f->found)) != NULL ? 0 : error_memory(e);
}

/* 1: the words are the whole id of a record of the kind, which needs no search. */
static int is_found_at_once(struct finding *f)
{
    struct record_place place;
    if (id_parse(f->words, &f->found[0], NULL) != 0 || record_find(f->db, &f->found[0], &place, NULL) != 0 ||
        (f->kind != NULL && place.kind != f->kind))
        return 0;
    f->count = 1;
    return 1;
}

static int nothing_found(const struct finding *f, struct error *e)
{
    return error_set(e, E_NOT_FOUND,
                     "no %s on this laptop is called that; `satchel list` and `satchel search` show what there is",
                     f->kind != NULL ? f->kind->name : "record");
}

static int several_found(const struct finding *f, const char *what, struct error *e)
{
    return error_set(e, E_INPUT, "%zu%s records match%s; type one of them as it is shown above", f->count,
                     f->count == MATCHES_MAX ? " or more" : "", what);
}

int find_record(struct store *s, struct cli *cli, const struct schema_kind *kind, const char *words, struct id *record,
                struct error *e)
{
    struct finding f;
    int code = begin(&f, s, kind, words, e);
    if (code == 0 && !is_found_at_once(&f) && (code = collect(&f, to_look, e)) == 0 && f.count != 1) {
        list_matches(&f, cli->err);
        code = f.count == 0 ? nothing_found(&f, e) : several_found(&f, "", e);
    }
    if (code == 0)
        *record = f.found[0];
    free(f.found);
    return code;
}

/* Nothing is called that as a whole: shows what the words are a part of, so that the person can type it whole. */
static int refuse_part(struct finding *f, struct cli *cli, struct error *e)
{
    int code = collect(f, to_look, e);
    if (code != 0)
        return code;
    if (f->count == 0)
        return nothing_found(f, e);
    list_matches(f, cli->err);
    return error_set(e, E_INPUT,
                     "that is only a part of a name, a number or an id, and nothing was written; type the whole of it, "
                     "as it is shown above");
}

int find_to_write(struct store *s, struct cli *cli, const struct schema_kind *kind, const char *words,
                  struct id *record, struct error *e)
{
    struct finding f;
    int code = begin(&f, s, kind, words, e);
    if (code == 0 && !is_found_at_once(&f))
        code = collect_whole(&f, e);
    if (code == 0 && f.count > 1) {
        list_matches(&f, cli->err);
        code = several_found(&f, ", and nothing was written", e);
    } else if (code == 0 && f.count == 0) {
        code = refuse_part(&f, cli, e);
    } else if (code == 0) {
        *record = f.found[0];
    }
    free(f.found);
    return code;
}
