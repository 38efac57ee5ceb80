/* Finds the person and the case that a record belongs to, and names them. */
#include "whose.h"

#include <string.h>

#include "cli.h"
#include "person.h"
#include "record.h"
#include "schema.h"

#define LINKED_MAX 16 /* other records of a person that are asked for the day of a death */

static void read_death(struct db *db, const struct id *client, char out[WHOSE_BIRTH])
{
    char text[ID_TEXT];
    sqlite3_stmt *s;
    id_format(client, text);
    if (db_first(db, &s, NULL, "SELECT death_date FROM client WHERE id = ? AND death_date IS NOT NULL", "t", text) != 1)
        return;
    cli_cut(out, WHOSE_BIRTH, db_text(s, 0));
    db_done(db, s);
}

struct looking_for_death {
    struct db *db;
    char *died;
};

static int look_at_other(void *arg, const struct id *record, struct error *e)
{
    struct looking_for_death *l = arg;
    (void)e;
    read_death(l->db, record, l->died);
    return l->died[0] != '\0';
}

static int read_person(struct db *db, const struct id *client, struct whose *w, struct error *e)
{
    struct looking_for_death death = {db, w->died};
    char text[ID_TEXT];
    sqlite3_stmt *s;
    int row;
    id_format(client, text);
    w->has_person = 1;
    w->person = *client;
    if ((row = db_first(
             db, &s, e,
             "SELECT coalesce(legal_name, preferred_name, ''), coalesce(birth_date, '') FROM client WHERE id = ?", "t",
             text)) < 0)
        return error_code(e);
    if (row == 1) {
        cli_cut(w->name, sizeof w->name, db_text(s, 0));
        cli_cut(w->birth, sizeof w->birth, db_text(s, 1));
        db_done(db, s);
    }
    /* It stands on whichever record of the person somebody wrote it on. */
    read_death(db, client, w->died);
    return w->died[0] != '\0' || person_near(db, client, look_at_other, &death, LINKED_MAX, e) >= 0 ? 0 : error_code(e);
}

static int read_case(struct db *db, const struct id *scope, struct whose *w, struct error *e)
{
    char text[ID_TEXT];
    struct id client;
    sqlite3_stmt *s;
    int row;
    id_format(scope, text);
    w->has_case = 1;
    w->scope = *scope;
    if ((row = db_first(db, &s, e, "SELECT coalesce(number, source_id, ''), id_blob(client) FROM \"case\" WHERE id = ?",
                        "t", text)) < 0)
        return error_code(e);
    if (row == 0)
        return 0;
    cli_cut(w->number, sizeof w->number, db_text(s, 0));
    client = db_id(s, 1);
    row = !db_is_null(s, 1);
    db_done(db, s);
    return row ? read_person(db, &client, w, e) : 0;
}

int whose_find(struct db *db, const struct id *record, struct whose *out, struct error *e)
{
    struct record_place place;
    int code = record_find(db, record, &place, e);
    memset(out, 0, sizeof *out);
    if (code != 0)
        return code;
    if (place.kind->place == SCHEMA_CLIENT) {
        out->is_person = 1;
        return read_person(db, &place.scope, out, e);
    }
    return place.kind->place == SCHEMA_CASE ? read_case(db, &place.scope, out, e) : 0;
}

static void print_died(FILE *out, const struct whose *w)
{
    if (w->died[0] != '\0')
        (void)fprintf(out, "[died %s] ", w->died);
}

void whose_died(FILE *out, struct db *db, const struct id *record)
{
    struct whose w;
    if (whose_find(db, record, &w, NULL) == 0)
        print_died(out, &w);
}

void whose_day_of_death(struct db *db, const struct id *record, char out[WHOSE_BIRTH])
{
    struct whose w;
    cli_cut(out, WHOSE_BIRTH, whose_find(db, record, &w, NULL) == 0 ? w.died : "");
}

static void print(FILE *out, const struct whose *w, int with_birth)
{
    char brief[ID_BRIEF];
    print_died(out, w);
    if (w->name[0] != '\0')
        cli_line(out, w->name);
    else if (w->has_person)
        (void)fprintf(out, "a person without a name (%s)", id_brief(&w->person, brief));
    else if (w->has_case)
        (void)fputs("nobody yet", out);
    if (with_birth && w->birth[0] != '\0')
        (void)fprintf(out, ", born %s", w->birth);
    if (!w->has_case)
        return;
    if (w->number[0] != '\0') {
        (void)fputs(", case ", out);
        cli_line(out, w->number);
    } else {
        (void)fprintf(out, ", a case without a number (%s)", id_brief(&w->scope, brief));
    }
}

void whose_print(FILE *out, const struct whose *w)
{
    print(out, w, w->is_person);
}

void whose_print_birth(FILE *out, const struct whose *w)
{
    print(out, w, 1);
}

void whose_say(FILE *out, struct db *db, const struct id *record)
{
    struct whose w;
    char brief[ID_BRIEF];
    if (whose_find(db, record, &w, NULL) != 0 || (!w.has_person && !w.has_case))
        (void)fputs(id_brief(record, brief), out);
    else
        whose_print(out, &w);
}
