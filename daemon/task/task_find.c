/* Finds what a command of the office names, and names it in the answer (task_find.h). */
#include "task_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"
#include "whose.h"

enum { MATCHES_MAX = 100, LISTED_MAX = 10 };

/* The statements: ?1 is the words. They give an id as text, and a rank that is higher for a better match. */

/* Everybody in whose name the words stand, if they are anybody's whole name: Ann Lee and Joann Lee are alike. */
#define PERSONS                                                                                                        \
    "WITH person(id) AS (SELECT id FROM client WHERE voided = 0 AND EXISTS(SELECT 1 FROM client w WHERE w.voided = 0 " \
    "AND fold(?1) IN (fold(w.legal_name), fold(w.preferred_name))) AND (instr(fold(legal_name), fold(?1)) OR "         \
    "instr(fold(preferred_name), fold(?1))))"
#define BY_ID(table) "(" table ".id = lower(?1) OR (length(?1) = 8 AND substr(" table ".id, -8) = lower(?1)))"

/* A person without a case is a match beside one who has a case: the words stand in his name as well, and whoever typed
 * them may have meant him. */
static const char cases[] = PERSONS
    ", own(id, client, open) AS (SELECT c.id, c.client, coalesce(c.status, '') <> 'closed' FROM \"case\" c JOIN "
    "person ON person.id = c.client WHERE c.voided = 0)"
    " SELECT c.id, 1 FROM \"case\" c WHERE c.voided = 0 AND (" BY_ID(
        "c") " OR fold(c.number) = fold(?1) OR c.source_id = ?1)"
             " UNION SELECT id, 1 FROM own WHERE (SELECT count(*) FROM person) > 1 OR open = (SELECT max(open) "
             "FROM own)"
             " UNION SELECT id, 1 FROM person WHERE EXISTS(SELECT 1 FROM own) AND id NOT IN (SELECT client "
             "FROM own)";

static const char clients[] = PERSONS " SELECT c.id, 1 FROM client c WHERE " BY_ID("c") " OR (c.voided = 0 AND "
                                                                                        "c.source_id = ?1)"
                                                                                        " UNION SELECT id, 1 FROM "
                                                                                        "person";

/* A laptop gives itself its label. So the label is better than a login only if the login is of nobody else: then both
 * are matches, and that person too if he has no laptop. */
static const char devices[] =
    "WITH named(id, \"user\") AS (SELECT d.id, d.\"user\" FROM device d WHERE d.voided = 0 AND (" BY_ID(
        "d") " OR fold(d.label) = fold(?1))),"
             " person(id) AS (SELECT id FROM \"user\" WHERE voided = 0 AND fold(login) = fold(?1)),"
             " other(id) AS (SELECT id FROM person WHERE EXISTS(SELECT 1 FROM named WHERE named.\"user\" IS NOT "
             "person.id))"
             " SELECT id, CASE WHEN EXISTS(SELECT 1 FROM other) THEN 1 ELSE 2 END AS rank FROM named"
             " UNION SELECT d.id, 1 FROM device d JOIN person ON person.id = d.\"user\" WHERE d.voided = 0"
             " UNION SELECT id, 1 FROM other WHERE NOT EXISTS(SELECT 1 FROM device d WHERE d.voided = 0 AND "
             "d.\"user\" = other.id)"
             " ORDER BY rank DESC";

static const char holds[] =
    "SELECT n.id, 1 FROM " TASK_NUMBERED("6") " n WHERE n.id = lower(?1) OR CAST(n.number AS TEXT) = ?1";
static const char forks[] =
    "SELECT n.id, 1 FROM " TASK_NUMBERED("3000") " n WHERE n.id = lower(?1) OR CAST(n.number AS TEXT) = ?1";

void task_say_user(struct task *t, const struct id *user)
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    id_format(user, text);
    if (db_first(t->central->db, &s, NULL, "SELECT coalesce(name, ''), coalesce(login, '') FROM \"user\" WHERE id = ?",
                 "t", text) != 1) {
        (void)fputs(text, t->cli->err);
        return;
    }
    cli_line(t->cli->err, db_text(s, 0));
    (void)fputs(" (", t->cli->err);
    cli_line(t->cli->err, db_text(s, 1));
    (void)fputc(')', t->cli->err);
    db_done(t->central->db, s);
}

void task_say_device(struct task *t, const struct id *device)
{
    char text[ID_TEXT];
    struct id user;
    sqlite3_stmt *s;
    int has_user;
    id_format(device, text);
    if (db_first(t->central->db, &s, NULL, "SELECT coalesce(label, ''), id_blob(\"user\") FROM device WHERE id = ?",
                 "t", text) != 1) {
        (void)fprintf(t->cli->err, "the laptop %s", text);
        return;
    }
    (void)fputs("the laptop \"", t->cli->err);
    cli_line(t->cli->err, db_text(s, 0));
    (void)fputc('"', t->cli->err);
    has_user = !db_is_null(s, 1);
    user = db_id(s, 1);
    db_done(t->central->db, s);
    if (has_user) {
        (void)fputs(" of ", t->cli->err);
        task_say_user(t, &user);
    }
}

/* Prints "  Ada Byron, born 1984-05-31, case 2024-171; type: 7f3a91c2". */
static void list_record(struct task *t, const struct id *record)
{
    struct whose w;
    char brief[ID_BRIEF];
    (void)fputs("  ", t->cli->err);
    if (whose_find(t->central->db, record, &w, NULL) == 0)
        whose_print_birth(t->cli->err, &w);
    (void)fprintf(t->cli->err, "; type: %s\n", id_brief(record, brief));
}

/* The same of a case; a person who has none is named without anything to type. */
static void list_case(struct task *t, const struct id *record)
{
    struct record_place place;
    struct whose w;
    if (record_find(t->central->db, record, &place, NULL) != 0 || place.kind->number != KIND_CLIENT) {
        list_record(t, record);
        return;
    }
    (void)fputs("  ", t->cli->err);
    if (whose_find(t->central->db, record, &w, NULL) == 0)
        whose_print_birth(t->cli->err, &w);
    (void)fputs(", who has no case\n", t->cli->err);
}

/* Prints "  the laptop "anna" of Anna Berg (anna), enrolled 2026-11-23 20:45, disabled; type: " and the whole id: its
 * end can be somebody's label. A person who has no laptop is named without anything to type. */
static void list_device(struct task *t, const struct id *device)
{
    char text[ID_TEXT], when[32];
    struct record_place place;
    sqlite3_stmt *s;
    id_format(device, text);
    (void)fputs("  ", t->cli->err);
    if (record_find(t->central->db, device, &place, NULL) == 0 && place.kind->number == KIND_USER) {
        task_say_user(t, device);
        (void)fputs(", who has no laptop\n", t->cli->err);
        return;
    }
    task_say_device(t, device);
    if (db_first(t->central->db, &s, NULL,
                 "SELECT min(entry.received), (SELECT status FROM device WHERE id = ?2) FROM entry WHERE record = ?1",
                 "dt", device, text) == 1) {
        cli_time(db_uint(s, 0), when);
        (void)fprintf(t->cli->err, ", enrolled %s, %s", when, db_text(s, 1));
        db_done(t->central->db, s);
    }
    (void)fprintf(t->cli->err, "; type: %s\n", text);
}

struct sought {
    const char *sql, *what, *list; /* what: "case"; list: the command that names them */
    void (*print)(struct task *t, const struct id *id);
};

/* Reads the matches of the best rank. */
static int collect(struct db *db, const struct sought *x, const char *words, struct id found[MATCHES_MAX],
                   size_t *count, struct error *e)
{
    sqlite3_stmt *s;
    int64_t rank = 0;
    int row, code;
    *count = 0;
    if ((code = db_query(db, &s, e, x->sql, "t", words)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1 && *count < MATCHES_MAX && (*count == 0 || db_int(s, 1) == rank)) {
        rank = db_int(s, 1);
        if ((code = id_parse(db_text(s, 0), &found[(*count)++], e)) != 0)
            break;
    }
    if (row == 1)
        db_done(db, s);
    return row < 0 ? error_code(e) : code;
}

static int find(struct task *t, const struct sought *x, const char *words, struct id *out, struct error *e)
{
    struct id *found = malloc(MATCHES_MAX * sizeof *found);
    size_t count = 0;
    int code = found == NULL ? error_memory(e) : collect(t->central->db, x, words, found, &count, e);
    if (code == 0 && count == 1)
        *out = found[0];
    else if (code == 0 && count == 0)
        code = error_set(e, E_NOT_FOUND, "there is no %s %s; `satcheld %s` names them", x->what, words, x->list);
    else if (code == 0) {
        for (size_t i = 0; i < count && i < LISTED_MAX; i++)
            x->print(t, &found[i]);
        if (count > LISTED_MAX)
            (void)fprintf(t->cli->err, "  and %s%zu more\n", count == MATCHES_MAX ? "at least " : "",
                          count - LISTED_MAX);
        code = error_set(e, E_INPUT,
                         "%s%zu of kind %s are called so, and nothing was written; type one of them as it is "
                         "shown above",
                         count == MATCHES_MAX ? "at least " : "", count, x->what);
    }
    free(found);
    return code;
}

/* 1: the words are the whole id of a record of the kind, which needs no search. */
static int is_id_of(struct task *t, unsigned kind, const char *words, struct id *out)
{
    struct record_place place;
    struct id id;
    if (id_parse(words, &id, NULL) != 0 || record_find(t->central->db, &id, &place, NULL) != 0 ||
        place.kind->number != kind)
        return 0;
    *out = id;
    return 1;
}

int task_find_case(struct task *t, const char *words, struct id *out, struct error *e)
{
    static const struct sought x = {cases, "case", "case list", list_case};
    return find(t, &x, words, out, e);
}

int task_find_client(struct task *t, const char *words, struct id *out, struct error *e)
{
    static const struct sought x = {clients, "client", "case list", list_record};
    return is_id_of(t, KIND_CLIENT, words, out) ? 0 : find(t, &x, words, out, e);
}

int task_find_device(struct task *t, const char *words, struct id *out, struct error *e)
{
    static const struct sought x = {devices, "laptop", "device list", list_device};
    return is_id_of(t, KIND_DEVICE, words, out) ? 0 : find(t, &x, words, out, e);
}

int task_find_held(struct task *t, const char *words, struct id *out, struct error *e)
{
    static const struct sought x = {holds, "held change", "held list", list_record};
    return is_id_of(t, KIND_HOLD, words, out) ? 0 : find(t, &x, words, out, e);
}

int task_find_fork(struct task *t, const char *words, struct id *out, struct error *e)
{
    static const struct sought x = {forks, "copied store", "fork list", list_record};
    return is_id_of(t, KIND_FORK, words, out) ? 0 : find(t, &x, words, out, e);
}
