/* `satcheld import PATH`: takes an export in, assigns its cases, and prints how much was taken and left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import.h"
#include "record.h"
#include "task.h"

/* Assigns the cases that nobody holds to the given people in turn. */
static int assign_in_turn(struct import *im, char *logins, struct error *e)
{
    enum { PEOPLE_MAX = 256 };
    static struct id people[PEOPLE_MAX];
    struct id *scopes = NULL;
    size_t count = 0, room = 0, person_count = 0;
    sqlite3_stmt *s;
    char *rest = NULL;
    int row, code = 0;
    for (char *login = strtok_r(logins, ",", &rest); login != NULL; login = strtok_r(NULL, ",", &rest)) {
        if (person_count == PEOPLE_MAX)
            return error_set(e, E_LIMIT, "--assign takes at most %d people", PEOPLE_MAX);
        if ((code = central_user(im->central, login, &people[person_count++], e)) != 0)
            return code;
    }
    if (person_count == 0)
        return error_set(e, E_USAGE, "--assign wants logins: --assign anna,ben");
    if ((code = db_query(im->central->db, &s, e,
                         "SELECT id FROM \"case\" c WHERE voided = 0 AND NOT EXISTS(SELECT 1 FROM assignment a WHERE "
                         "a.scope = c.id) ORDER BY id",
                         "")) != 0)
        return code;
    while ((row = db_next(im->central->db, s, e)) == 1 && code == 0) {
        if (count == room) {
            struct id *more = realloc(scopes, (room = 2 * room + 64) * sizeof *more);
            if (more == NULL) {
                code = error_memory(e);
                break;
            }
            scopes = more;
        }
        code = id_parse(db_text(s, 0), &scopes[count++], e);
    }
    if (row == 1)
        db_done(im->central->db, s);
    else if (row < 0)
        code = error_code(e);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = import_assign(im, &scopes[i], &people[i % person_count], e);
    free(scopes);
    return code != 0 ? code : import_flush(im, e);
}

static void count_json(struct json *j, const struct import_count *c)
{
    static const char *const names[] = {"taken", "left", "left_out"};
    json_object(j);
    json_text(json_key(j, c->outcome != IMPORT_TAKEN ? "file" : "kind"), c->what);
    json_text(json_key(j, names[c->outcome]), c->reason);
    json_uint(json_key(j, "rows"), c->rows);
    json_end(j);
}

static void count_words(FILE *out, const struct import_count *c)
{
    static const char *const words[] = {"", "LEFT: ", "LEFT OUT: "};
    (void)fprintf(out, "%8llu  %-12s %s%s\n", (unsigned long long)c->rows, c->what, words[c->outcome], c->reason);
}

static void print(struct task *t, const struct import *im)
{
    struct json j = json_start(t->cli->out);
    if (t->cli->json) {
        json_object(&j);
        json_text(json_key(&j, "source"), im->source);
        json_flag(json_key(&j, "dry_run"), im->dry_run);
        json_array(json_key(&j, "counts"));
    }
    for (int left = IMPORT_TAKEN; left <= IMPORT_LEFT_VALUE; left++) {
        for (size_t i = 0; i < im->count_count; i++) {
            const struct import_count *c = &im->counts[i];
            if ((int)c->outcome != left)
                continue;
            if (t->cli->json)
                count_json(&j, c);
            else
                count_words(t->cli->out, c);
        }
    }
    if (t->cli->json) {
        json_end(&j);
        json_end(&j);
    }
}

static int read_export(struct import *im, const char *path, const char *assign, struct error *e)
{
    int found = 0, code;
    char *logins;
    if ((code = import_hmis(im, path, &found, e)) != 0)
        return code;
    if (!found && (code = import_synthea(im, path, &found, e)) != 0)
        return code;
    if (!found)
        return error_set(e, E_INPUT,
                         "%s holds no export that Satchel knows: neither HMIS (Client.csv, Enrollment.csv) nor "
                         "Synthea (patients.csv)",
                         path);
    if (assign == NULL || im->dry_run)
        return 0;
    if ((logins = strdup(assign)) == NULL)
        return error_memory(e);
    code = assign_in_turn(im, logins, e);
    free(logins);
    return code;
}

static int import_export(struct task *t, struct usage_call *call, struct error *e)
{
    const char *source = usage_text(call, "source");
    struct import *im;
    struct stat there;
    char *path = NULL;
    int code = central_act_as(t->central, usage_text(call, "as"), e);
    if (code != 0)
        return code;
    if ((im = calloc(1, sizeof *im)) == NULL || (path = task_path(t, call->words[0])) == NULL) {
        free(im);
        return error_memory(e);
    }
    im->central = t->central;
    im->dry_run = usage_flag(call, "dry-run");
    im->system = source != NULL ? source : "";
    im->encoding = usage_text(call, "encoding");
    if (stat(path, &there) != 0 || !S_ISDIR(there.st_mode))
        code = error_set(e, E_NOT_FOUND, "%s is no folder; name the folder that holds the CSV files", call->words[0]);
    else if ((code = db_open_memory(&im->staging, e)) == 0)
        code = read_export(im, path, usage_text(call, "assign"), e);
    if (code != 0 && im->in_transaction != 0)
        central_rollback(t->central);
    db_close(im->staging);
    if (code == 0)
        print(t, im);
    if (code == 0 && !im->dry_run)
        code = task_say_doubts(t, e);
    free(path);
    free(im);
    return code;
}

const struct task_row task_import = {
    .usage = {.name = "import",
              .words = "PATH",
              .options = {TASK_AS,
                          {.name = "assign",
                           .value = "LOGIN,...",
                           .help = "give the cases that nobody holds to these people in turn"},
                          {.name = "source",
                           .value = "NAME",
                           .help = "which system it is from: keeps two systems with the same keys apart"},
                          {.name = "encoding",
                           .value = "NAME",
                           .help = "what the files are that are not UTF-8 (windows-1252)"},
                          {.name = "dry-run", .help = "count what would be taken, and take nothing"}},
              .help = "read an HMIS or Synthea export",
              .more = "PATH is the folder with the CSV files.",
              .example = "satcheld import /srv/office hmis-2026 --assign anna,ben --dry-run"},
    .run = import_export,
};
