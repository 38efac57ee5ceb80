/* Tests: daemon/import/import.c daemon/import/import_hmis.c daemon/import/import_synthea.c daemon/import/mapping.c
 * daemon/import/csv.c daemon/import/import_stage.c daemon/import/account.c daemon/task/task_import.c Importing: every
 * row is taken or counted with its reason; a second import writes nothing; what people wrote since stays beside what
 * the source changed. The real exports are read where they are (SATCHEL_SHARED). */
#include "export_fixture.h"
#include "task_fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csv.h"
#include "mapping.h"
#include "snapshot.h"

/* A folder of the shared data, or NULL and a word about it. */
static const char *data(const char *name)
{
    static char path[512];
    const char *shared = getenv("SATCHEL_SHARED");
    struct stat there;
    (void)snprintf(path, sizeof path, "%s/data/%s", shared != NULL ? shared : "../shared", name);
    if (stat(path, &there) == 0)
        return path;
    print_message("skipped: %s is not there\n", path);
    return NULL;
}

/* Frees the result of run. */
static void done(struct import *im)
{
    struct central *copy = im->dry_run ? im->central : NULL;
    import_close(im);
    central_close(copy);
    free(im);
}

/* Runs an import; the counts and the account stay in the result, until done. */
static struct import *run_named(struct central *c, const struct mapping *mapping, const char *folder,
                                const char *system, int dry_run, int *code, struct error *e)
{
    struct import *im = calloc(1, sizeof *im);
    assert_non_null(im);
    pair_office_scratch(c);
    im->central = c;
    im->system = system;
    im->dry_run = dry_run;
    if (dry_run)
        PAIR_OK(central_copy(c, &im->central, &pair_e));
    PAIR_OK(import_open(im, &pair_e));
    *code = mapping_fits(mapping, folder) ? mapping_import(im, mapping, folder, e) : E_NOT_FOUND;
    if (*code == 0) {
        PAIR_OK(account_end(im->staging, &pair_e));
        *code = import_end(im, e);
    }
    if (*code != 0 && im->in_transaction != 0)
        central_rollback(im->central);
    return im;
}

static struct import *run(struct central *c, const struct mapping *mapping, const char *folder, int dry_run)
{
    struct error e = {0, ""};
    int code;
    struct import *im = run_named(c, mapping, folder, "", dry_run, &code, &e);
    if (code != 0)
        fail_msg("%s: %d %s", folder, code, e.text);
    return im;
}

/* Rows of a file with an outcome, by reason; NULL: any. */
static uint64_t counted(const struct import *im, const char *file, const char *why, enum account_outcome outcome)
{
    uint64_t count;
    PAIR_OK(
        db_number_of(im->staging, &count, &pair_e,
                     "SELECT count(*) FROM account_row WHERE file = ?1 AND outcome = ?2 AND (?3 IS NULL OR why = ?3)",
                     "tut", file, (uint64_t)outcome, why));
    return count;
}

/* Values of a column that were left. */
static uint64_t values_left(const struct import *im, const char *file, const char *column)
{
    uint64_t count;
    PAIR_OK(db_number_of(im->staging, &count, &pair_e,
                         "SELECT count(*) FROM account_value WHERE file = ?1 AND \"column\" = ?2", "tt", file, column));
    return count;
}

/* Records of a kind; what NULL: new, changed and unchanged. */
static uint64_t records(const struct import *im, const char *kind, const char *what)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < im->count_count; i++)
        if (strcmp(im->counts[i].kind, kind) == 0 && (what == NULL || strcmp(im->counts[i].what, what) == 0))
            sum += im->counts[i].records;
    return sum;
}

static uint64_t taken(const struct import *im, const char *kind)
{
    return records(im, kind, NULL);
}

/* Rows in a file, good or bad, without its heading; 0 if there is none. */
static uint64_t rows(const char *folder, const char *name)
{
    char path[1024];
    const char *why;
    struct csv csv;
    uint64_t n = 0;
    (void)snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    if (csv_open(&csv, path, NULL, NULL) != 0)
        return 0;
    while (csv_next(&csv, &why) != CSV_END)
        n++;
    csv_close(&csv);
    return n == 0 ? 0 : n - 1;
}

/* Taken, passed over and left are all the rows that there are. */
static void check_rows(const struct import *im, const char *folder, const char *file)
{
    uint64_t sum = 0, all = rows(folder, file);
    for (int outcome = ACCOUNT_TAKEN; outcome <= ACCOUNT_LEFT; outcome++)
        sum += counted(im, file, NULL, (enum account_outcome)outcome);
    if (sum != all)
        fail_msg("%s %s: %llu are accounted for, of %llu rows", folder, file, (unsigned long long)sum,
                 (unsigned long long)all);
    assert_int_equal(counted(im, file, "nothing was made of it", ACCOUNT_LEFT), 0);
}

static void check_hmis(const struct import *im, const char *folder)
{
    static const char *const names[] = {"Client",       "Enrollment", "Services", "User",
                                        "Organization", "Project",    "Exit",     "HealthAndDV"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_rows(im, folder, names[i]);
}

static void check_all_unchanged(const struct import *im)
{
    for (size_t i = 0; i < im->count_count; i++)
        assert_string_equal(im->counts[i].what, "unchanged");
}

/* Goal: a whole HMIS export is taken: each row, or its reason; a dry run writes nothing and counts the same; a second
 * import writes nothing. */
static void test_hmis(void **state)
{
    struct central *c = *state;
    const char *folder = data("hmis-fy2026");
    uint64_t before = c->tree.size;
    struct import *dry, *wet, *again;
    if (folder == NULL)
        skip();
    dry = run(c, &mapping_hmis, folder, 1);
    assert_int_equal(c->tree.size, before);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM entry"), before);
    wet = run(c, &mapping_hmis, folder, 0);
    assert_int_equal(dry->count_count, wet->count_count);
    for (size_t i = 0; i < wet->count_count; i++)
        assert_int_equal(dry->counts[i].records, wet->counts[i].records);
    check_hmis(wet, folder);
    assert_int_equal(taken(wet, "client"), 514);
    assert_int_equal(taken(wet, "case"), 574);
    assert_int_equal(taken(wet, "service"), 6385);
    assert_int_equal(taken(wet, "user"), 12);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM client"), 514);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"case\""), 574);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM service"), 6385);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"case\" WHERE client NOT IN (SELECT id FROM client)"), 0);
    assert_int_equal(
        pair_count(c->db, "SELECT count(*) FROM assignment WHERE \"user\" NOT IN (SELECT id FROM \"user\")"), 0);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM service WHERE scope NOT IN (SELECT id FROM \"case\")"), 0);
    before = c->tree.size;
    again = run(c, &mapping_hmis, folder, 0);
    assert_int_equal(c->tree.size, before);
    check_all_unchanged(again);
    check_hmis(again, folder);
    done(dry);
    done(wet);
    done(again);
}

/* Goal: a whole Synthea export is taken; a second import writes nothing; another system with the same keys makes other
 * records. */
static void test_synthea(void **state)
{
    struct central *c = *state;
    const char *folder = data("synthea-csv-nebraska");
    struct import *im;
    struct error e = {0, ""};
    uint64_t before;
    int code;
    if (folder == NULL)
        skip();
    im = run(c, &mapping_synthea, folder, 0);
    assert_int_equal(taken(im, "client"), 111);
    assert_int_equal(taken(im, "case"), 111);
    assert_int_equal(taken(im, "service"), 7584);
    assert_int_equal(taken(im, "plan"), 387);
    assert_int_equal(counted(im, "providers", NULL, ACCOUNT_LEFT), 0);
    assert_int_equal(taken(im, "provider"), rows(folder, "organizations") + rows(folder, "providers"));
    assert_int_equal(rows(folder, "providers"), 215);
    /* Every patient was seen at least once: the first time opens the case. */
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"case\" WHERE opened IS NOT NULL"), 111);
    /* 90 allergies: those that have ended are left, with that reason; the others are elements of their clients. */
    assert_int_equal(
        pair_count(c->db, "SELECT count(*) FROM op JOIN entry ON entry.id = op.entry WHERE field = 19 AND kind = 7") +
            counted(im, "allergies", NULL, ACCOUNT_PASSED),
        90);
    /* Every patient has a social security number; most have a licence and a passport. */
    assert_int_equal(
        pair_count(c->db, "SELECT count(*) FROM client, json_each(identifier) WHERE value LIKE 'SSN 999-%'"), 111);
    assert_true(pair_count(c->db, "SELECT count(*) FROM client, json_each(identifier) WHERE value LIKE 'passport X%'") >
                50);
    static const char *const names[] = {"patients",  "encounters",    "careplans", "conditions",
                                        "allergies", "organizations", "providers"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_rows(im, folder, names[i]);
    done(im);
    before = c->tree.size;
    im = run(c, &mapping_synthea, folder, 0);
    assert_int_equal(c->tree.size, before);
    check_all_unchanged(im);
    done(im);
    im = run_named(c, &mapping_synthea, folder, "north", 1, &code, &e);
    assert_int_equal(code, 0);
    assert_int_equal(records(im, "client", "new"), 111);
    done(im);
}

/* Goal: each of the small exports with one thing wrong is taken or refused with a sentence, and each of its rows is
 * taken or counted; in any order, into one office. */
static void test_edge_cases(void **state)
{
    struct central *c = *state;
    const char *folder = data("hmis-edge-cases");
    struct dirent **names;
    int count, found = 0;
    if (folder == NULL)
        skip();
    count = scandir(folder, &names, NULL, alphasort);
    assert_true(count > 2);
    for (int i = 0; i < count; i++) {
        char path[1024];
        struct stat there;
        struct error e = {0, ""};
        struct import *im;
        int code;
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] == '.' || stat(path, &there) != 0 || !S_ISDIR(there.st_mode))
            continue;
        im = run_named(c, &mapping_hmis, path, names[i]->d_name, 0, &code, &e);
        if (code == 0) {
            check_hmis(im, path);
            found++;
        } else {
            print_message("%s: %s\n", names[i]->d_name,
                          code == E_NOT_FOUND ? "no Client.csv or Enrollment.csv" : e.text);
            assert_true(code == E_INPUT || code == E_NOT_FOUND);
            assert_true(code == E_NOT_FOUND || e.text[0] != 0);
        }
        done(im);
        /* Once more: all that was taken is there, unchanged. */
        im = run_named(c, &mapping_hmis, path, names[i]->d_name, 0, &code, &e);
        if (code == 0)
            check_all_unchanged(im);
        done(im);
    }
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    assert_true(found != 0);
}

/* --- small exports, made here --- */

#define CLIENT "PersonalID,FirstName,MiddleName,LastName,NameSuffix,DOB,Sex,VeteranStatus,DateUpdated,DateDeleted\n"
#define ENROLLMENT                                                                                                     \
    "EnrollmentID,PersonalID,ProjectID,EntryDate,HouseholdID,RelationshipToHoH,LivingSituation,UserID,DateUpdated,"    \
    "DateDeleted\n"
#define USER "UserID,UserFirstName,UserLastName,UserPhone,UserEmail,DateUpdated,DateDeleted\n"
#define SERVICES "ServicesID,EnrollmentID,DateProvided,RecordType,TypeProvided,FAAmount,DateUpdated,DateDeleted\n"
#define EXIT "ExitID,EnrollmentID,ExitDate,Destination,DateUpdated,DateDeleted\n"
#define ONE_CLIENT CLIENT "1,Ada,,Byron,,1990-01-02,0,0,2026-01-01 00:00:00,\n"
#define ONE_CASE ENROLLMENT "E1,1,,2026-01-05,H1,1,116,u1,2026-01-05 00:00:00,\n"
#define ONE_USER USER "u1,Wil,Worker,555,w@example.org,2026-01-01 00:00:00,\n"

static void expect_one(struct central *c, const char *sql, const char *expected)
{
    struct id any = {{0}};
    office_expect(c->db, sql, &any, expected);
}

/* Goal: rows that are deleted, lack their key, repeat one, name nobody, or hold what their field cannot, are left, each
 * with its reason; of two with one key the one that was updated last is taken. */
static void test_left(void **state)
{
    struct central *c = *state;
    struct import *im;
    export_no_files();
    export_file("Client", CLIENT "1,Old,,Byron,,1990-01-02,0,0,2026-01-01 00:00:00,\n"
                                 "1,Ada,,Byron,,1990-01-02,0,0,2026-02-01 00:00:00,\n"
                                 "1,Middle,,Byron,,1990-01-02,0,0,2026-01-15 00:00:00,\n"
                                 "2,Gone,,,,,,,2026-01-01 00:00:00,2026-02-02\n"
                                 ",Nobody,,,,,,,2026-01-01 00:00:00,\n"
                                 "3,Bad,,Day,,1990-02-31,,,2026-01-01 00:00:00,\n"
                                 "4,Few\n"
                                 "5,\"quote\"d,,,,,,,,\n"
                                 "6,Bo,,Berg,,,,,2026-01-01 00:00:00,\n");
    export_file("Enrollment", ONE_CASE "E2,2,,2026-01-05,,1,,u1,2026-01-05 00:00:00,\n"
                                       "E3,3,,2026-01-05,,1,,u1,2026-01-05 00:00:00,\n"
                                       "E4,6,,not a day,,1,,nobody,2026-01-05 00:00:00,\n"
                                       "E6,6,,2026-01-06,,1,,nobody,2026-01-05 00:00:00,\n");
    export_file("User", ONE_USER);
    export_file("Services", SERVICES "S1,E1,2026-01-06,200,200,,2026-01-06,\n"
                                     "S2,E9,2026-01-06,200,200,,2026-01-06,\n"
                                     "S4,E4,2026-01-06,200,200,,2026-01-06,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(taken(im, "client"), 3);
    assert_int_equal(
        counted(im, "Client", "another row has its key, and was updated later or stands before it", ACCOUNT_LEFT), 2);
    assert_int_equal(counted(im, "Client", "deleted in the source", ACCOUNT_PASSED), 1);
    assert_int_equal(counted(im, "Client", "its key is empty", ACCOUNT_LEFT), 1);
    assert_int_equal(values_left(im, "Client", "DOB"), 1);
    assert_int_equal(values_left(im, "Enrollment", "EntryDate"), 1);
    assert_int_equal(counted(im, "Client", "it has more or fewer columns than the heading", ACCOUNT_LEFT), 1);
    assert_int_equal(counted(im, "Client", "a quote stands where none may stand", ACCOUNT_LEFT), 1);
    check_hmis(im, export_folder());
    /* One bad date takes nothing else with it: the third client and the fourth case are here without theirs. */
    expect_one(
        c,
        "SELECT legal_name || coalesce(birth_date, ' of no known day') FROM client WHERE source_id = '3' AND ?1 <> ''",
        "Bad Day of no known day");
    assert_int_equal(counted(im, "Enrollment", "its client was not taken", ACCOUNT_LEFT), 1);
    assert_int_equal(counted(im, "Services", "its enrolment was not taken", ACCOUNT_LEFT), 1);
    assert_int_equal(taken(im, "service"), 2);
    expect_one(c, "SELECT legal_name FROM client WHERE source_id = '1' AND ?1 <> ''", "Ada Byron");
    /* A worker that the export does not name holds no case. */
    assert_int_equal(
        pair_count(c->db, "SELECT count(*) FROM assignment WHERE \"user\" NOT IN (SELECT id FROM \"user\")"), 0);
    done(im);
}

/* Goal: a person's edit of an imported field is not overwritten when the source changes that field: both stand; and not
 * touched at all when the source changed another field. */
static void test_changed_source(void **state)
{
    struct central *c = *state;
    struct office_laptop laptop;
    struct office_batch *b = office_batch();
    struct import *im;
    struct id client = id_derive("hmis", "Client", "1"), user = id_derive("hmis", "User", "u1");
    struct dot seen;
    struct office_op op = {.field = "gender", .words = "as Ada says", .supersedes = &seen, .supersedes_count = 1};
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    uint64_t before;
    export_no_files();
    export_file("Client", ONE_CLIENT);
    export_file("Enrollment", ONE_CASE);
    export_file("User", ONE_USER);
    im = run(c, &mapping_hmis, export_folder(), 0);
    done(im);
    /* Her worker, who holds the case by the import's own assignment, writes what he was shown to be wrong. */
    office_laptop(c, &user, &laptop);
    PAIR_OK(log_load(c->db, (int64_t)pair_count(c->db, "SELECT id FROM entry WHERE kind = 7"), 1, &memory, &entry,
                     &pair_e));
    seen = (struct dot){entry.change.device, entry.change.epoch, entry.change.seq, 0};
    while (entry.change.ops[seen.index].field != 14)
        seen.index++;
    log_memory_free(&memory);
    office_write(&laptop, b, KIND_CLIENT, &client, &client, &op, 1);
    assert_int_equal(office_push_well(c, &laptop, b), 0);
    office_batch_free(b);
    office_expect(c->db, "SELECT gender FROM client WHERE id = ?", &client, "as Ada says");
    /* The source changes her birth date alone. */
    export_file("Client", CLIENT "1,Ada,,Byron,,1990-01-03,0,0,2026-03-01 00:00:00,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(records(im, "client", "changed"), 1);
    done(im);
    office_expect(c->db, "SELECT gender FROM client WHERE id = ?", &client, "as Ada says");
    office_expect(c->db, "SELECT birth_date FROM client WHERE id = ?", &client, "1990-01-03");
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 0);
    /* Now it changes what she said: both stand. */
    export_file("Client", CLIENT "1,Ada,,Byron,,1990-01-03,1,0,2026-04-01 00:00:00,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    done(im);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM op JOIN conflict USING(record, field) WHERE field = 14"),
                     2);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 1);
    /* The same once more writes nothing, and neither does a step back and forth of the date of update. */
    before = c->tree.size;
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(c->tree.size, before);
    done(im);
}

/* Goal: what the source takes back is cleared, a sum that it corrects is corrected, and what it closes is closed and
 * opened again. */
static void test_taken_back(void **state)
{
    struct central *c = *state;
    struct import *im;
    export_no_files();
    export_file("Client", ONE_CLIENT);
    export_file("Enrollment", ONE_CASE);
    export_file("User", ONE_USER);
    export_file("Exit", EXIT "X1,E1,2026-02-01,410,2026-02-01,\n");
    export_file("Services", SERVICES "S1,E1,2026-01-06,152,1,100.00,2026-01-06,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    done(im);
    expect_one(c, "SELECT status || closed FROM \"case\" WHERE ?1 <> ''", "closed2026-02-01");
    expect_one(c, "SELECT amount FROM service WHERE ?1 <> ''", "10000");
    export_file("Exit", EXIT "X1,E1,2026-02-01,410,2026-02-02,2026-02-02\n");
    export_file("Services", SERVICES "S1,E1,2026-01-06,152,1,120.00,2026-02-06,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(records(im, "service", "changed"), 1);
    done(im);
    expect_one(c, "SELECT status || coalesce(closed, '') FROM \"case\" WHERE ?1 <> ''", "open");
    expect_one(c, "SELECT amount FROM service WHERE ?1 <> ''", "12000");
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM conflict"), 0);
}

/* Goal: a file or a column that is not there says nothing and changes nothing, and is named. */
static void an_absent_file_or_column_changes_nothing(void **state)
{
    struct central *c = *state;
    struct import *im;
    uint64_t before;
    export_no_files();
    export_file("Client", ONE_CLIENT);
    export_file("Enrollment", ONE_CASE);
    export_file("User", ONE_USER);
    export_file("Exit", EXIT "X1,E1,2026-02-01,410,2026-02-01,\n");
    done(run(c, &mapping_hmis, export_folder(), 0));
    before = c->tree.size;
    export_file("Exit", NULL);
    export_file("User", NULL);
    export_file("Client", "PersonalID,FirstName,LastName,DateUpdated,DateDeleted\n1,Ada,Byron,2026-01-01 00:00:00,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    expect_one(c, "SELECT status || closed || outcome FROM \"case\" WHERE ?1 <> ''",
               "closed2026-02-01destination 410 (HUD list 3.12.1)");
    expect_one(c, "SELECT birth_date || gender || veteran FROM client WHERE ?1 <> ''", "1990-01-02female0");
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM assignment WHERE status = 'active'"), 1);
    assert_int_equal(pair_count(im->staging, "SELECT count(*) FROM account_file WHERE file IN ('Exit', 'User') AND why "
                                             "LIKE '%not in the folder%'"),
                     2);
    assert_int_equal(pair_count(im->staging,
                                "SELECT count(*) FROM account_column WHERE is_absent = 1 AND \"column\" IN "
                                "('DOB', 'Sex', 'VeteranStatus')"),
                     3);
    done(im);
    assert_true(c->tree.size <= before + 2); /* the hashes of what the two records are made of */
}

/* Goal: what the office made of a user stays: an import gives a role and a status once, and never again. */
static void an_import_never_raises_a_status_or_a_role(void **state)
{
    struct central *c = *state;
    char out[4096];
    export_no_files();
    export_file("Client", ONE_CLIENT);
    export_file("Enrollment", ONE_CASE);
    export_file("User", ONE_USER);
    done(run(c, &mapping_hmis, export_folder(), 0));
    free(c->folder); /* it has no key file in which recovery officers could stand */
    c->folder = NULL;
    assert_int_equal(office_task(c, out, sizeof out, 3, "user", "disable", "hmisu1"), 0);
    export_file("User", USER "u1,Wil,Worker,556,w@example.org,2026-03-01 00:00:00,\n");
    done(run(c, &mapping_hmis, export_folder(), 0));
    expect_one(c, "SELECT status || phone FROM \"user\" WHERE login = 'hmisu1' AND ?1 <> ''", "disabled556");
}

/* Goal: of the rows of a key the newest counts, by the time and not by its letters; if it is deleted, all are. */
static void the_newest_row_of_a_key_counts(void **state)
{
    struct central *c = *state;
    struct import *im;
    export_no_files();
    export_file("Client", CLIENT "1,Old,,Byron,,1990-01-02,0,0,9/1/2022 8:00,\n"
                                 "1,New,,Byron,,1990-01-02,0,0,10/01/2023 8:00,\n"
                                 "2,Alive,,Lind,,1990-01-02,0,0,1/2/2023 8:00,\n"
                                 "2,Gone,,Lind,,1990-01-02,0,0,1/3/2023 8:00,2023-01-03\n"
                                 "3,Odd,,Day,,1990-01-02,0,0,soon,\n");
    export_file("Enrollment", ENROLLMENT);
    im = run(c, &mapping_hmis, export_folder(), 0);
    expect_one(c, "SELECT group_concat(legal_name) FROM (SELECT legal_name FROM client WHERE ?1 <> '' ORDER BY 1)",
               "New Byron,Odd Day");
    assert_int_equal(values_left(im, "Client", "DateUpdated"), 1);
    assert_int_equal(counted(im, "Client", "deleted in the source", ACCOUNT_PASSED), 1);
    check_hmis(im, export_folder());
    done(im);
}

/* Goal: who is marked as fleeing has an alert, and nobody else of the household has one; the latest answer counts. */
static void fleeing_is_an_alert_of_that_person_alone(void **state)
{
    struct central *c = *state;
    struct import *im;
    export_no_files();
    export_file("Client", ONE_CLIENT "2,Bo,,Byron,,2015-01-02,1,0,2026-01-01 00:00:00,\n"
                                     "3,Cy,,Quill,,1980-01-02,1,0,2026-01-01 00:00:00,\n");
    export_file("Enrollment", ONE_CASE "E2,2,,2026-01-05,H1,2,116,u1,2026-01-05 00:00:00,\n"
                                       "E3,3,,2026-01-05,H3,1,116,u1,2026-01-05 00:00:00,\n");
    export_file("HealthAndDV", "HealthAndDVID,EnrollmentID,PersonalID,InformationDate,DomesticViolenceSurvivor,"
                               "CurrentlyFleeing,DateUpdated,DateDeleted\n"
                               "h1,E1,1,2026-01-05,1,1,2026-01-05,\n"
                               "h4,E1,1,2026-02-05,99,99,2026-02-05,\n"
                               "h2,E3,3,2026-01-05,1,1,2026-01-05,\n"
                               "h3,E3,3,2026-02-05,1,0,2026-02-05,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    expect_one(c, "SELECT group_concat(source_id) FROM client WHERE alert LIKE '%ask before sharing%' AND ?1 <> ''",
               "1");
    assert_int_equal(counted(im, "HealthAndDV", NULL, ACCOUNT_TAKEN), 2);
    assert_int_equal(counted(im, "HealthAndDV", NULL, ACCOUNT_PASSED), 2);
    done(im);
    export_file("HealthAndDV", NULL);
}

/* Goal: no part of a name is cut, however long it is; what is longer than a field may be is left, with its line. */
static void nothing_is_cut(void **state)
{
    struct central *c = *state;
    static char file[2 * 70000 + 1000], name[70000];
    struct import *im;
    export_no_files();
    memset(name, 'n', 500);
    (void)snprintf(file, sizeof file, CLIENT "1,%s,%s,Byron,,,,,,\n", name, name);
    export_file("Client", file);
    export_file("Enrollment", ENROLLMENT);
    done(run(c, &mapping_hmis, export_folder(), 0));
    assert_int_equal(pair_count(c->db, "SELECT length(legal_name) FROM client"), 500 + 1 + 500 + 1 + 5);
    memset(name, 'n', sizeof name - 1);
    (void)snprintf(file, sizeof file, CLIENT "2,Bo,,%s,,,,,,\n", name);
    export_file("Client", file);
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(pair_count(im->staging, "SELECT count(*) FROM account_value WHERE line = 2 AND key = '2' AND "
                                             "\"column\" = 'legal_name' AND length(value) > 60000"),
                     1);
    done(im);
}

/* Goal: what names nothing is told, and the field stays empty. */
static void a_reference_to_nothing_is_told(void **state)
{
    struct central *c = *state;
    struct import *im;
    export_no_files();
    export_file("Client", ONE_CLIENT);
    export_file("User", ONE_USER);
    export_file("Enrollment", ENROLLMENT "E1,1,P9,2026-01-05,H1,1,116,u9,2026-01-05 00:00:00,\n");
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(values_left(im, "Enrollment", "ProjectID"), 1);
    assert_int_equal(values_left(im, "Enrollment", "UserID"), 1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"case\" WHERE program IS NULL"), 1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM assignment"), 0);
    done(im);
}

/* Goal: every row, value, file and column is in the report, and the screen names the first that were left. */
static void the_report_accounts_for_every_row(void **state)
{
    struct central *c = *state;
    static char out[65536];
    char report[256], line[512];
    unsigned lines = 0, left = 0;
    uint64_t before;
    FILE *f;
    export_no_files();
    export_file("Client", "PersonalID, First Name of a kind ,FirstName,LastName,DOB,NameDataQuality\n"
                          "1,x,Ada,Byron,1990-01-02,1\n2,,Bo,\"=Lind\",31.31.1990,1\n,,No,Key,,\n3,Few\n");
    export_file("Enrollment", ENROLLMENT);
    export_file("Disabilities", "DisabilitiesID\n1\n2\n");
    (void)snprintf(report, sizeof report, "%s/report.txt", export_folder());
    assert_int_equal(office_task(c, out, sizeof out, 4, "import", export_folder(), "--report", report), 1);
    assert_non_null(strstr(out, "  Client.csv:3 2: DOB \"31.31.1990\": this is no day\n"));
    assert_non_null(strstr(out, "  Client.csv:4 (no key): its key is empty\n"));
    assert_non_null(strstr(out, "  Client.csv:5 3: it has more or fewer columns than the heading\n"));
    assert_non_null(strstr(out, "  Disabilities.csv, 2 rows: Satchel has no place for what is in it yet\n"));
    assert_non_null(strstr(out, "does not read:  First Name of a kind , NameDataQuality (3 values)\n"));
    f = fopen(report, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        lines += strncmp(line, "Client,", 7) == 0;
        left += strstr(line, ",left,") != NULL;
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(left, 3);
    assert_true(lines >= 4 + 1 + 2); /* rows, a value, columns */
    /* It is not written over, and nothing is imported then. */
    export_file("Client", ONE_CLIENT);
    before = c->tree.size;
    assert_int_equal(office_task(c, out, sizeof out, 4, "import", export_folder(), "--report", report), 2);
    assert_non_null(strstr(out, "choose a file that is not there yet"));
    assert_int_equal(c->tree.size, before);
    (void)unlink(report);
    export_file("Disabilities", NULL);
}

/* Goal: a household key that hundreds share is a placeholder: it does not make a contact of each for each. */
static void test_placeholder_household(void **state)
{
    struct central *c = *state;
    char *clients = NULL, *cases = NULL;
    size_t size;
    FILE *f = open_memstream(&clients, &size), *g = open_memstream(&cases, &size);
    struct import *im;
    export_no_files();
    (void)fputs(CLIENT, f);
    (void)fputs(ENROLLMENT, g);
    for (int i = 0; i < 300; i++) {
        (void)fprintf(f, "%d,A,,B,,,,,2026-01-01,\n", i);
        (void)fprintf(g, "E%d,%d,,2026-01-01,%s,1,,,2026-01-01,\n", i, i, i < 296 ? "N/A" : "H1");
    }
    (void)fclose(f);
    (void)fclose(g);
    export_file("Client", clients);
    export_file("Enrollment", cases);
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(taken(im, "case"), 300);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM contact"), 4 * 3);
    done(im);
    free(clients);
    free(cases);
}

/* Goal: a pipe that nobody writes to, in the folder of an export, keeps the office waiting for nothing; it is told. */
static void a_pipe_in_the_folder_is_not_waited_for(void **state)
{
    struct central *c = *state;
    struct import *im;
    char pipe_path[256];
    export_no_files();
    export_file("Client", ONE_CLIENT);
    export_file("Enrollment", ONE_CASE);
    (void)snprintf(pipe_path, sizeof pipe_path, "%s/Extra.csv", export_folder());
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(taken(im, "client"), 1);
    done(im);
    assert_int_equal(unlink(pipe_path), 0);
}

/* Goal: a file whose heading is not one (a name twice, no name, a column that is needed missing, none at all) is
 * refused with a sentence that names it, and nothing was written. */
static void test_headings(void **state)
{
    static const char *const bad[] = {
        "PersonalID,PersonalID,DateUpdated\n", "a,,b\n", "a;b;c\n", "line,x\n", "x\n", ""};
    struct central *c = *state;
    uint64_t before = c->tree.size;
    export_no_files();
    export_file("Enrollment", ONE_CASE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error e = {0, ""};
        int code;
        struct import *im;
        export_file("Client", bad[i]);
        im = run_named(c, &mapping_hmis, export_folder(), "", 0, &code, &e);
        assert_int_equal(code, E_INPUT);
        assert_non_null(strstr(e.text, "Client.csv"));
        assert_int_equal(c->tree.size, before);
        assert_int_equal(db_in_transaction(c->db), 0);
        done(im);
    }
}

/* Goal: `import` as the command that it is: dry run, assignment in turn, JSON, and sentences for what is no export. */
static void test_command(void **state)
{
    struct central *c = *state;
    char out[8192];
    uint64_t before = c->tree.size;
    export_no_files();
    assert_int_equal(office_task(c, out, sizeof out, 2, "import", export_folder()), 2);
    assert_non_null(strstr(out, "holds no export"));
    assert_int_equal(office_task(c, out, sizeof out, 2, "import", "import_test.absent"), 2);
    assert_non_null(strstr(out, "no folder"));
    export_file("Client", ONE_CLIENT "2,Bo,,Berg,,,,,2026-01-01,\n");
    export_file("Enrollment", ENROLLMENT "E1,1,,2026-01-05,,1,,,2026-01-05,\nE2,2,,2026-01-05,,1,,,2026-01-05,\n");
    assert_int_equal(office_task(c, out, sizeof out, 4, "import", export_folder(), "--dry-run", "--json"), 0);
    assert_non_null(strstr(out, "\"dry_run\": true"));
    assert_non_null(strstr(out, "{\"kind\": \"client\", \"taken\": \"new\", \"rows\": 2}"));
    assert_int_equal(c->tree.size, before);
    assert_int_equal(office_task(c, out, sizeof out, 4, "import", export_folder(), "--assign", "boss,nobody"), 2);
    assert_non_null(strstr(out, "no user nobody"));
    (void)office_user(c, "anna", "case manager");
    assert_int_equal(office_task(c, out, sizeof out, 4, "import", export_folder(), "--assign", "boss,anna"), 0);
    assert_int_equal(pair_count(c->db, "SELECT count(DISTINCT \"user\") FROM assignment"), 2);
    before = c->tree.size;
    assert_int_equal(office_task(c, out, sizeof out, 4, "import", export_folder(), "--assign", "anna"), 0);
    assert_int_equal(c->tree.size, before); /* each case has somebody already */
    assert_int_equal(db_in_transaction(c->db), 0);
}

/* Goal: a whole social security number comes in as an identifier, once; what is a part of one, or doubtful, does not.
 */
static void test_identifiers(void **state)
{
    struct central *c = *state;
    struct import *im;
    uint64_t before;
    export_no_files();
    export_file("Client", "PersonalID,FirstName,MiddleName,LastName,NameSuffix,SSN,SSNDataQuality,DOB,VeteranStatus,"
                          "DateUpdated,DateDeleted\n"
                          "1,Ada,,Byron,,123456789,1,1990-01-02,0,2026-01-01,\n"
                          "2,Bo,,Lind,,xxxxx6789,2,1990-01-03,0,2026-01-01,\n"
                          "3,Cy,,Quill,,987654321,99,1990-01-04,0,2026-01-01,\n"
                          "4,Di,,Heron,,,99,1990-01-05,0,2026-01-01,\n");
    export_file("Enrollment", ONE_CASE);
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(taken(im, "client"), 4);
    done(im);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM client WHERE identifier IS NOT NULL"), 1);
    assert_int_equal(pair_count(c->db, "SELECT identifier = '[\"SSN 123456789\"]' FROM client WHERE source_id = '1'"),
                     1);
    before = c->tree.size;
    im = run(c, &mapping_hmis, export_folder(), 0);
    assert_int_equal(c->tree.size, before);
    done(im);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, office_set_up, office_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_hmis),
        TEST(test_synthea),
        TEST(test_edge_cases),
        TEST(test_left),
        TEST(test_changed_source),
        TEST(test_taken_back),
        TEST(test_placeholder_household),
        TEST(an_absent_file_or_column_changes_nothing),
        TEST(an_import_never_raises_a_status_or_a_role),
        TEST(the_newest_row_of_a_key_counts),
        TEST(fleeing_is_an_alert_of_that_person_alone),
        TEST(nothing_is_cut),
        TEST(a_reference_to_nothing_is_told),
        TEST(the_report_accounts_for_every_row),
        TEST(test_identifiers),
        TEST(a_pipe_in_the_folder_is_not_waited_for),
        TEST(test_headings),
        TEST(test_command),
    };
    return cmocka_run_group_tests(tests, export_make_folder, export_remove_folder);
}
