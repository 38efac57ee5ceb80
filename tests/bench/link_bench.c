/* What a push of anybody costs for the links that others have made: the caseload of one worker with 50 cases, whose
 * first client is linked, in an office where one laptop has linked N records of its own, 50 to a person.
 *
 *   link_bench [LINKS...]     by default 1000 10000 100000 600000
 *
 * "all links" is the same work by the map of every link, as every push had it before; "ratio" is to the caseload
 * without any links of others, in the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "caseload.h"
#include "log.h"
#include "person.h"
#include "record.h"
#include "schema.h"

static struct error error;

static void must(int code, const char *what)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "link_bench: %s: %s\n", what, error.text);
    exit(2);
}

static double milliseconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Record number n: its id as SQL writes it. */
#define RECORD "printf('%08x-0000-7000-8000-%012x', n, n)"

static void worker(struct db *db)
{
    static const char sql[] =
        "WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM c WHERE n < 50) "
        "INSERT INTO \"case\"(id, scope, client) SELECT " RECORD ", " RECORD ", id_text(id_blob(printf("
        "'%08x-0000-7000-8000-%012x', n + 100, n + 100))) FROM c;"
        "WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM c WHERE n < 50) "
        "INSERT INTO assignment(id, scope, \"user\", status) SELECT " RECORD ", " RECORD
        ", '00000009-0000-7000-8000-000000000009', 'active' FROM c;"
        "WITH RECURSIVE c(n) AS (VALUES(101) UNION ALL SELECT n + 1 FROM c WHERE n < 151) "
        "INSERT INTO client(id, scope, same_as) SELECT " RECORD ", " RECORD
        ", CASE n WHEN 101 THEN '[\"00000097-0000-7000-8000-000000000097\"]' END FROM c;"
        "INSERT INTO place(record, kind, scope) SELECT id_blob(id), 7, id_blob(id) FROM client;";
    must(db_exec(db, sql, &error), "worker");
}

static void others(struct db *db, unsigned count)
{
    static const char sql[] =
        "WITH RECURSIVE c(n) AS (VALUES(1000) UNION ALL SELECT n + 1 FROM c WHERE n < ?) "
        "INSERT INTO client(id, scope, same_as) SELECT " RECORD ", " RECORD
        ", CASE WHEN n % 50 <> 0 THEN '[\"' || printf('%08x-0000-7000-8000-%012x', n - 1, n - 1) || '\"]' END FROM c";
    must(db_run(db, &error, sql, "u", 999 + (uint64_t)count), "links");
    must(db_exec(db, "INSERT OR IGNORE INTO place(record, kind, scope) SELECT id_blob(id), 7, id_blob(id) FROM client",
                 &error),
         "links");
}

/* The fastest of some rounds. */
static double time_of(struct db *db, int all)
{
    static const struct id user = {{0, 0, 0, 9, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}};
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        struct caseload l = {NULL, 0};
        struct person_map map;
        double start = milliseconds(), took;
        if (all)
            must(person_map_load(db, &map, &error), "all links");
        else
            must(caseload_load(db, &user, schema_version(), &l, &error), "caseload");
        took = milliseconds() - start;
        best = took < best ? took : best;
        if (all)
            person_map_free(&map);
        else if (l.count != 102)
            must(error_set(&error, E_INTERNAL, "%zu scopes", l.count), "caseload");
        caseload_free(&l);
    }
    return best;
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {1000, 10000, 100000, 600000};
    size_t count = argc > 1 ? (size_t)argc - 1 : sizeof sizes / sizeof *sizes;
    double without = 0;
    (void)printf("%10s %14s %8s %14s\n", "links", "caseload, ms", "ratio", "all links, ms");
    for (size_t i = 0; i <= count; i++) {
        unsigned links = i == 0 ? 0 : argc > 1 ? (unsigned)strtoul(argv[i], NULL, 10) : sizes[i - 1];
        struct db *db;
        double took;
        must(db_open_memory(&db, &error), "store");
        must(log_create(db, &error), "store");
        must(record_create(db, &error), "store");
        must(db_begin(db, &error), "store");
        worker(db);
        if (links != 0)
            others(db, links);
        took = time_of(db, 0);
        without = i == 0 ? took : without;
        (void)printf("%10u %14.2f %8.1f %14.2f\n", links, took, took / without, time_of(db, 1));
        db_rollback(db);
        db_close(db);
    }
    return 0;
}
