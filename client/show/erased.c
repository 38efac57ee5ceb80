/* Reads the erasures of a record, and says them in words. */
#include "erased.h"

#include <stdlib.h>

#include "schema.h"

/* The reason, the erasure's header, and that of what it names, which may not be here. */
#define ERASURES                                                                                                       \
    "SELECT coalesce(erasure.reason, ''), by.header, named.header, erased.skeleton IS NULL, by.received, "             \
    "named.received FROM erased "                                                                                      \
    "JOIN entry AS by ON by.record = erased.erasure JOIN erasure ON erasure.id = id_text(erased.erasure) "             \
    "LEFT JOIN entry AS named ON named.device = erased.device AND named.epoch = erased.epoch AND "                     \
    "named.seq = erased.seq WHERE "

/* "anna on 3 May", or nothing if the header is not here. */
static int put_writer(struct printer *v, struct slice header, uint64_t received_ms, const char *before, struct error *e)
{
    struct change *c = malloc(sizeof *c);
    char name[PRINTER_NAME], when[MOMENT_WRITTEN];
    int code = c == NULL ? error_memory(e) : change_read_known(header, c, e);
    if (code == 0) {
        printer_author(v->db, &c->author, name);
        printer_written_change(v, c, received_ms, when);
        (void)fputs(before, v->cli->out);
        printer_line(v->cli->out, name, 0);
        (void)fprintf(v->cli->out, " on %s", when);
    }
    free(c);
    return code;
}

static int put_row(struct printer *v, sqlite3_stmt *s, int indent, struct error *e)
{
    FILE *out = v->cli->out;
    int code = 0, never_had = db_int(s, 3) != 0;
    (void)fprintf(out, "%*sERASED: what ", indent, "");
    if (db_slice(s, 2).p == NULL)
        (void)fputs("somebody wrote here", out);
    else if ((code = put_writer(v, db_slice(s, 2), db_uint(s, 5), "", e)) == 0)
        (void)fputs(" wrote", out);
    (void)fputs(never_had ? " is not known" : " was erased", out);
    if (code == 0)
        code = put_writer(v, db_slice(s, 1), db_uint(s, 4), never_had ? "; noted by " : " by ", e);
    (void)fputs(": ", out);
    printer_line(out, db_text(s, 0), 0);
    (void)fputc('\n', out);
    return code;
}

static int put_rows(struct printer *v, sqlite3_stmt *s, int indent, size_t *count, struct error *e)
{
    int row, code;
    while ((row = db_next(v->db, s, e)) == 1) {
        ++*count;
        if ((code = put_row(v, s, indent, e)) != 0) {
            db_done(v->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static const char of_record[] =
    ERASURES "named.record = ?1 OR (named.record IS NULL AND erased.scope = ?1) ORDER BY by.position, by.id";

int erased_words(struct printer *v, const struct id *record, int indent, struct error *e)
{
    sqlite3_stmt *s;
    size_t count = 0;
    int code = db_query(v->db, &s, e, of_record, "d", record);
    return code != 0 ? code : put_rows(v, s, indent, &count, e);
}

/* Writes the members PREFIX_by, PREFIX_by_id and PREFIX_ms of a header; null if it is not here. */
static int json_writer(struct printer *v, struct slice header, const char *const names[3], struct error *e)
{
    struct change *c = malloc(sizeof *c);
    char name[PRINTER_NAME];
    int code = c == NULL ? error_memory(e) : header.p != NULL ? change_read_known(header, c, e) : 0;
    if (code == 0 && header.p != NULL) {
        printer_author(v->db, &c->author, name);
        json_text(json_key(&v->json, names[0]), name);
        json_id(json_key(&v->json, names[1]), &c->author);
        json_uint(json_key(&v->json, names[2]), c->wall_ms);
    }
    for (int i = 0; code == 0 && header.p == NULL && i < 3; i++)
        json_null(json_key(&v->json, names[i]));
    free(c);
    return code;
}

int erased_json(struct printer *v, const struct id *record, struct error *e)
{
    static const char *const written[] = {"written_by", "written_by_id", "written_ms"};
    static const char *const erased[] = {"erased_by", "erased_by_id", "erased_ms"};
    sqlite3_stmt *s;
    int row, code = db_query(v->db, &s, e, of_record, "d", record);
    if (code != 0)
        return code;
    json_array(json_key(&v->json, "erased"));
    while ((row = db_next(v->db, s, e)) == 1) {
        json_object(&v->json);
        if ((code = json_writer(v, db_slice(s, 2), written, e)) != 0 ||
            (code = json_writer(v, db_slice(s, 1), erased, e)) != 0) {
            db_done(v->db, s);
            return code;
        }
        json_text(json_key(&v->json, "reason"), db_text(s, 0));
        json_flag(json_key(&v->json, "known"), db_int(s, 3) == 0);
        json_end(&v->json);
    }
    json_end(&v->json);
    return row < 0 ? error_code(e) : 0;
}

int erased_change_words(struct printer *v, const struct change *c, int indent, struct error *e)
{
    static const char sql[] =
        ERASURES "erased.device = ? AND erased.epoch = ? AND erased.seq = ? ORDER BY by.position, by.id";
    sqlite3_stmt *s;
    size_t count = 0;
    int code = db_query(v->db, &s, e, sql, "duu", &c->device, c->epoch, c->seq);
    if (code == 0)
        code = put_rows(v, s, indent, &count, e);
    if (code == 0 && count == 0)
        (void)fprintf(v->cli->out, "%*swhat it said is not here any more\n", indent, "");
    return code;
}
