/* `satcheld import PATH`: takes an export in, assigns its cases, and prints how much was taken and left. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "map_file.h"
#include "record.h"
#include "snapshot.h"
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
        code = import_assign(im, "assignment in turn", &scopes[i], &people[i % person_count], "", e);
    free(scopes);
    return code;
}

enum { LEFT_SHOWN = 20, CHANGES_SHOWN = 200 };

/* {"kind": "client", "taken": "new", "rows": 514}, and for what was left or not read {"file": ..., "left": WHY, ...}.
 */
static int counts_json(const struct import *im, struct json *j, struct error *e)
{
    static const char *const names[] = {"left", "taken", "passed_over", "left", "not_read", "left_out"};
    sqlite3_stmt *s;
    int row, code;
    for (size_t i = 0; i < im->count_count; i++) {
        json_object(j);
        json_text(json_key(j, "kind"), im->counts[i].kind);
        json_text(json_key(j, "taken"), im->counts[i].what);
        json_uint(json_key(j, "rows"), im->counts[i].records);
        json_end(j);
    }
    if ((code = db_query(
             im->staging, &s, e,
             "SELECT file, outcome, why, count(*) FROM account_row WHERE outcome <> 1 GROUP BY 1, 2, 3 "
             "UNION ALL SELECT file, 5, \"column\" || ': ' || why, count(*) FROM account_value GROUP BY 1, 2, 3 "
             "UNION ALL SELECT file, 4, why, rows FROM account_file ORDER BY 1, 2, 3",
             "")) != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1) {
        json_object(j);
        json_text(json_key(j, "file"), db_text(s, 0));
        json_text(json_key(j, names[db_int(s, 1) % 6]), db_text(s, 2));
        json_uint(json_key(j, "rows"), db_uint(s, 3));
        json_end(j);
    }
    return row < 0 ? error_code(e) : 0;
}

/* {"file": "Client", "column": "NameDataQuality", "values": 514}; of a column that the file lacks: "absent": true. */
static int columns_json(const struct import *im, struct json *j, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = db_query(im->staging, &s, e,
                             "SELECT file, \"column\", filled, is_absent FROM account_column ORDER BY 1, 2", "");
    if (code != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1) {
        json_object(j);
        json_text(json_key(j, "file"), db_text(s, 0));
        json_text(json_key(j, "column"), db_text(s, 1));
        json_uint(json_key(j, "values"), db_uint(s, 2));
        json_flag(json_key(j, "absent"), db_int(s, 3) != 0);
        json_end(j);
    }
    return row < 0 ? error_code(e) : 0;
}

/* {"kind": "client", "key": "900", "field": "gender", "before": "female", "after": "male", "contested": false} */
static int changes_json(const struct import *im, struct json *j, struct error *e)
{
    sqlite3_stmt *s;
    int row,
        code = db_query(im->staging, &s, e,
                        "SELECT kind, key, field, before, after, is_contested FROM account_change ORDER BY rowid", "");
    if (code != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1) {
        static const char *const names[] = {"kind", "key", "field", "before", "after"};
        json_object(j);
        for (int i = 0; i < 5; i++)
            json_text(json_key(j, names[i]), db_text(s, i));
        json_flag(json_key(j, "contested"), db_int(s, 5) != 0);
        json_end(j);
    }
    return row < 0 ? error_code(e) : 0;
}

static int answer_json(struct task *t, const struct import *im, struct error *e)
{
    struct json j = json_start(t->cli->out);
    int code;
    json_object(&j);
    json_text(json_key(&j, "source"), im->source);
    json_flag(json_key(&j, "dry_run"), im->dry_run);
    json_array(json_key(&j, "counts"));
    if ((code = counts_json(im, &j, e)) != 0)
        return code;
    json_end(&j);
    json_array(json_key(&j, "not_read"));
    if ((code = columns_json(im, &j, e)) != 0)
        return code;
    json_end(&j);
    if (im->dry_run) {
        json_array(json_key(&j, "changes"));
        if ((code = changes_json(im, &j, e)) != 0)
            return code;
        json_end(&j);
    }
    json_end(&j);
    return 0;
}

/* Prints how many rows the source calls deleted or ended, by file. */
static int print_passed(struct task *t, const struct import *im, struct error *e)
{
    sqlite3_stmt *s;
    int row,
        code =
            db_query(im->staging, &s, e,
                     "SELECT file, why, count(*) FROM account_row WHERE outcome = 2 GROUP BY 1, 2 ORDER BY 1, 2", "");
    if (code != 0)
        return code;
    while ((row = db_next(im->staging, s, e)) == 1)
        (void)fprintf(t->cli->out, "%8llu  %-12s passed over: %s\n", (unsigned long long)db_uint(s, 2), db_text(s, 0),
                      db_text(s, 1));
    return row < 0 ? error_code(e) : 0;
}

static int print_words(struct task *t, const struct import *im, struct error *e)
{
    int code;
    for (size_t i = 0; i < im->count_count; i++)
        (void)fprintf(t->cli->out, "%8llu  %-12s %s\n", (unsigned long long)im->counts[i].records, im->counts[i].kind,
                      im->counts[i].what);
    if ((code = print_passed(t, im, e)) != 0)
        return code;
    if (im->contested != 0)
        (void)fprintf(t->cli->out,
                      "%8llu  %s contested, since people wrote there as well; `satcheld conflicts` lists them\n",
                      (unsigned long long)im->contested, im->contested == 1 ? "is" : "are");
    if (im->dry_run && (code = account_print_changes(im->staging, t->cli->out, CHANGES_SHOWN, e)) != 0)
        return code;
    return account_print(im->staging, t->cli->out, LEFT_SHOWN, e);
}

/* Makes the report's file, before anything is imported. file NULL: none is wanted, and *out is NULL. E_IO: it is there
 * already, or cannot be made. */
static int open_report(const struct task *t, const char *file, FILE **out, struct error *e)
{
    char *path;
    int fd, code = 0;
    *out = NULL;
    if (file == NULL)
        return 0;
    if ((path = task_path(t, file)) == NULL)
        return error_memory(e);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || (*out = fdopen(fd, "w")) == NULL)
        code = error_system(e, E_IO, errno,
                            "the report %s cannot be made, and nothing was imported; choose a file that is not there "
                            "yet",
                            file);
    if (*out == NULL && fd >= 0)
        (void)close(fd);
    free(path);
    return code;
}

/* Writes the whole account into the report, if one is wanted, and closes it. */
static int write_report(const struct import *im, FILE **report, struct error *e)
{
    int code;
    if (*report == NULL)
        return 0;
    code = account_report(im->staging, *report, e);
    if ((ferror(*report) | fclose(*report)) != 0 && code == 0)
        code = error_system(e, E_IO, errno, "the report cannot be written, though the import is done");
    *report = NULL;
    return code;
}

/* Tells what became of the export. *left 1: something of it was left. */
static int tell(struct task *t, const struct import *im, FILE **report, int *left, struct error *e)
{
    uint64_t rows, values;
    int code = write_report(im, report, e);
    if (code == 0)
        code = t->cli->json ? answer_json(t, im, e) : print_words(t, im, e);
    if (code == 0 && (code = account_left(im->staging, &rows, &values, e)) == 0)
        *left = rows + values != 0;
    return code;
}

/* The mapping that a folder is imported by: the one of a file, or the format that the folder holds. *file: to be freed
 * with map_file_free after the import; NULL: none. */
static int choose_mapping(const struct task *t, const char *map, const char *folder, struct map_file **file,
                          const struct mapping **out, struct error *e)
{
    static const struct mapping *const known[] = {&mapping_hmis, &mapping_synthea};
    char *path;
    int code;
    *file = NULL;
    *out = NULL;
    if (map != NULL) {
        if ((path = task_path(t, map)) == NULL)
            return error_memory(e);
        if ((code = map_file_read(path, file, e)) == 0)
            *out = map_file_mapping(*file);
        free(path);
        if (code == 0 && !mapping_fits(*out, folder))
            return error_set(e, E_INPUT, "%s has no %s.csv, which the mapping %s begins with", folder, (*out)->needs[0],
                             map);
        return code;
    }
    for (size_t i = 0; *out == NULL && i < sizeof known / sizeof known[0]; i++)
        *out = mapping_fits(known[i], folder) ? known[i] : NULL;
    return *out != NULL ? 0
                        : error_set(e, E_INPUT,
                                    "%s holds no export that Satchel knows: neither HMIS (Client.csv, Enrollment.csv) "
                                    "nor Synthea (patients.csv); for another system, write a mapping file and name it "
                                    "with --map",
                                    folder);
}

static int read_export(struct import *im, const struct mapping *m, const char *path, const char *assign,
                       struct error *e)
{
    char *logins;
    int code;
    if ((code = import_open(im, e)) != 0 || (code = mapping_import(im, m, path, e)) != 0 ||
        (code = import_give(im, e)) != 0 || (code = import_unread(im, path, e)) != 0 ||
        (code = import_take(im, e)) != 0)
        return code;
    if (assign != NULL) {
        if ((logins = strdup(assign)) == NULL)
            return error_memory(e);
        code = assign_in_turn(im, logins, e);
        free(logins);
    }
    if (code == 0)
        code = account_end(im->staging, e);
    return code != 0 ? code : import_end(im, e);
}

/* An import, or a dry run: t->central is then the copy that it works on. */
static int import_export(struct task *t, struct usage_call *call, int dry_run, struct error *e)
{
    const char *source = usage_text(call, "source");
    struct import *im;
    struct stat there;
    FILE *report = NULL;
    struct map_file *map = NULL;
    const struct mapping *mapping;
    char *path = NULL;
    int left = 0, code = central_act_as(t->central, usage_text(call, "as"), e);
    if (code != 0)
        return code;
    if ((im = calloc(1, sizeof *im)) == NULL || (path = task_path(t, call->words[0])) == NULL) {
        free(im);
        return error_memory(e);
    }
    im->central = t->central;
    im->takes_turns = 1;
    im->dry_run = dry_run;
    im->progress = t->central->progress; /* the central's own is another command's while others have the record */
    im->is_older = usage_flag(call, "older");
    im->tells = im->dry_run || usage_text(call, "report") != NULL;
    im->system = source != NULL ? source : "";
    im->encoding = usage_text(call, "encoding");
    if (stat(path, &there) != 0 || !S_ISDIR(there.st_mode))
        code = error_set(e, E_NOT_FOUND, "%s is no folder; name the folder that holds the CSV files", call->words[0]);
    else if ((code = choose_mapping(t, usage_text(call, "map"), path, &map, &mapping, e)) == 0 &&
             (code = open_report(t, usage_text(call, "report"), &report, e)) == 0)
        code = read_export(im, mapping, path, usage_text(call, "assign"), e);
    if (code != 0 && im->in_transaction != 0)
        central_rollback(t->central);
    if (im->progress != NULL && im->progress->is_shown)
        progress_print("");
    if (code == 0 && (code = import_give(im, e)) == 0)
        code = tell(t, im, &report, &left, e);
    import_close(im);
    if (report != NULL)
        (void)fclose(report);
    if (code == 0 && !im->dry_run)
        code = task_say_doubts(t, e);
    if (code == 0 && (left || im->contested != 0))
        t->waiting = 1;
    map_file_free(map);
    free(path);
    free(im);
    return code;
}

static int import_or_try(struct task *t, struct usage_call *call, struct error *e)
{
    struct central *office = t->central;
    struct progress here = {.is_shown = !t->cli->json && t->cli->err == stderr && isatty(STDERR_FILENO)};
    int code;
    if (here.is_shown)
        office->progress = &here;
    if (!usage_flag(call, "dry-run")) {
        code = import_export(t, call, 0, e);
        office->progress = here.is_shown ? NULL : office->progress;
        return code;
    }
    if ((code = central_copy(office, &t->central, e)) == 0) {
        code = import_export(t, call, 1, e);
        central_close(t->central);
    }
    t->central = office;
    office->progress = here.is_shown ? NULL : office->progress;
    return code;
}

const struct task_row task_import = {
    .usage =
        {.name = "import",
         .words = "PATH",
         .options = {TASK_AS,
                     {.name = "assign",
                      .value = "LOGIN,...",
                      .help = "give the cases that nobody holds to these people in turn"},
                     {.name = "source",
                      .value = "NAME",
                      .help = "which system it is from: keeps two systems with the same keys apart"},
                     {.name = "map",
                      .value = "FILE",
                      .help = "which columns are which fields, for a system that Satchel does not know"},
                     {.name = "encoding",
                      .value = "NAME",
                      .help = "what the files are that are not UTF-8 (windows-1252)"},
                     {.name = "report", .value = "FILE", .help = "write what became of each row into a new CSV file"},
                     {.name = "older",
                      .help = "take from an export that is older than the last one what is missing, and no more"},
                     {.name = "dry-run", .help = "say what would be written, by record and field, and write nothing"}},
         .help = "read an HMIS or Synthea export, or CSV files by a mapping",
         .more = "PATH is the folder with the CSV files.",
         .example = "satcheld import /srv/office hmis-2026 --assign anna,ben --dry-run"},
    .run = import_or_try,
    .way = TASK_IN_TURNS,
    .reads_with = "dry-run",
};
