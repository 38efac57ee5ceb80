/* What the vault costs, as ratios to plain SQLite doing the same work in the same run.
 *
 *   vault_bench [--runs N] [--rows N] [--folder DIR] [--peer NAME=LIBRARY[:STATEMENT]]...
 *               [--speedtest1 NAME=COMMAND]...
 *
 * Plain SQLite (the system's libsqlite3) and the vault are always measured. A peer is another library with SQLite's
 * functions: SQLCipher, SQLite3 Multiple Ciphers, a SQLite of another version; the statement, given to it when it has
 * opened its database, is where its key goes:
 *
 *   vault_bench --peer 'sqlcipher=libsqlcipher.so:PRAGMA key = "x'00..ff'"' --peer ...
 *
 * (a raw key of 64 digits, so that nobody's key derivation is measured; Multiple Ciphers wants
 * PRAGMA cipher="chacha20"; PRAGMA key="raw:00..ff").
 *
 * The work: rows of 300 bytes inserted in transactions of 100 with WAL, synchronous FULL and then NORMAL; random reads
 * by number and a full scan that hands out each row, with a cache of 2 MiB; and the same with the cache of 64 MiB that
 * Satchel ships, where the reads come after the scan. Every measurement is a process of its own, so that nobody's
 * allocator or cache helps or hinders another's; the sides alternate, and the medians of the runs are printed with the
 * least and the most.
 *
 * --speedtest1 runs a shell command in an empty folder and takes its time; the first is what the others are divided
 * by. SQLite's speedtest1.c (test/speedtest1.c in its source) is built once for each library, with
 * -DSQLITE_DBCONFIG_STMT_SCANSTATUS=1018 where it is younger than SQLite's header:
 *
 *   cc -O2 speedtest1.c -lsqlite3 -o plain1
 *   cc -O2 -iquote common -include tests/bench/vault_speedtest1.h speedtest1.c build/release/libcommon.a \
 *      -lsqlite3 -lsodium -lmsgpackc -lz -o vault1
 *   cc -O2 speedtest1.c /path/to/libmc.so -o mc1           (and --key raw:00..ff when it runs)
 *
 *   vault_bench --speedtest1 'plain=/path/to/plain1 --journal wal --cachesize -2000 x.db' \
 *               --speedtest1 'vault=/path/to/vault1 --journal wal --cachesize -2000 x.db'
 *
 * On a busy machine go by the processor's time and the least; seconds of the wall are for a quiet one. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vault.h"

enum { SIDES_MAX = 8, RUNS_MAX = 99, ROW_BYTES = 300, BATCH = 100 };

static unsigned rows = 100000, runs = 5;

static _Noreturn void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "vault_bench: %s: %s\n", what, why);
    exit(2);
}

/* What a piece of work took: by the wall's clock, and of this process' processor time, which the rest of a busy machine
 * disturbs less (and which does not see how long the disk took). */
struct took {
    double wall, cpu;
};

static struct took clocks(void)
{
    struct timespec wall, cpu;
    (void)clock_gettime(CLOCK_MONOTONIC, &wall);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct took){(double)wall.tv_sec + (double)wall.tv_nsec / 1e9,
                         (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9};
}

static struct took since(struct took start)
{
    struct took now = clocks();
    return (struct took){now.wall - start.wall, now.cpu - start.cpu};
}

/* ---- a library's functions ---- */

#define EACH_FUNCTION(X)                                                                                               \
    X(open_v2)                                                                                                         \
    X(close)                                                                                                           \
    X(exec)                                                                                                            \
    X(errmsg)                                                                                                          \
    X(prepare_v2)                                                                                                      \
    X(bind_int)                                                                                                        \
    X(bind_blob)                                                                                                       \
    X(step)                                                                                                            \
    X(reset)                                                                                                           \
    X(column_bytes)                                                                                                    \
    X(finalize)                                                                                                        \
    X(libversion)

#define DECLARE(function) __typeof__(&sqlite3_##function) function; // NOLINT(bugprone-macro-parentheses): a name
static struct {
    EACH_FUNCTION(DECLARE)
} lib;

/* What is measured: plain SQLite, the vault, or a library at a path. */
struct side {
    const char *name, *library, *key; /* library: NULL for what we are linked to */
    int is_vault;
};

static struct side sides[SIDES_MAX] = {{.name = "plain"}, {.name = "vault", .is_vault = 1}};
static unsigned side_count = 2;

static void *find(const struct side *side, void *handle, const char *function)
{
    void *found = dlsym(handle, function);
    if (found == NULL)
        give_up(side->name, dlerror());
    return found;
}

/* Deep binding: the library must find its own functions, not those of the SQLite that we are linked to. */
static void load(const struct side *side)
{
    void *handle;
#define TAKE(function) lib.function = sqlite3_##function;
#define FIND(function) *(void **)&lib.function = find(side, handle, "sqlite3_" #function);
    if (side->library == NULL) {
        EACH_FUNCTION(TAKE)
        return;
    }
    handle = dlopen(side->library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (handle == NULL)
        give_up(side->name, dlerror());
    EACH_FUNCTION(FIND)
}

static void must(sqlite3 *db, const char *sql)
{
    if (lib.exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        give_up(sql, lib.errmsg(db));
}

static sqlite3 *open_side(const struct side *side, const char *path)
{
    static const uint8_t key[VAULT_KEY_BYTES] = {1};
    sqlite3 *db = NULL;
    struct error e = {0};
    load(side);
    if (side->is_vault) {
        if (vault_init(&e) != 0 || vault_open(&db, path, key, 1, 0, &e) != 0)
            give_up("vault", e.text);
        return db;
    }
    if (lib.open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, side->library == NULL ? "unix" : NULL) !=
        SQLITE_OK)
        give_up(side->name, lib.errmsg(db));
    if (side->key != NULL)
        must(db, side->key);
    must(db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL");
    return db;
}

/* ---- the work ---- */

static uint64_t random_state;

static unsigned below(unsigned bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % bound);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (lib.prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        give_up(sql, lib.errmsg(db));
    return stmt;
}

static struct took insert(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    uint8_t body[ROW_BYTES];
    struct took start;
    must(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    stmt = prepare(db, "INSERT INTO t VALUES (?1, ?2)");
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)below(256);
    start = clocks();
    for (unsigned i = 0; i < rows; i++) {
        if (i % BATCH == 0)
            must(db, "BEGIN");
        memcpy(body, &i, sizeof i);
        lib.bind_int(stmt, 1, (int)i);
        lib.bind_blob(stmt, 2, body, sizeof body, SQLITE_STATIC);
        if (lib.step(stmt) != SQLITE_DONE)
            give_up("insert", lib.errmsg(db));
        lib.reset(stmt);
        if (i % BATCH == BATCH - 1 || i == rows - 1)
            must(db, "COMMIT");
    }
    start = since(start);
    lib.finalize(stmt);
    return start;
}

static struct took insert_full(sqlite3 *db)
{
    must(db, "PRAGMA synchronous=FULL; PRAGMA cache_size=-2048");
    return insert(db);
}

static struct took insert_normal(sqlite3 *db)
{
    must(db, "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-2048");
    return insert(db);
}

/* The work is of use only where it is whole: what comes back is counted. */
static struct took read_rows(sqlite3 *db)
{
    sqlite3_stmt *stmt = prepare(db, "SELECT b FROM t WHERE a = ?1");
    struct took start = clocks();
    for (unsigned i = 0; i < rows; i++) {
        lib.bind_int(stmt, 1, (int)below(rows));
        if (lib.step(stmt) != SQLITE_ROW || lib.column_bytes(stmt, 0) != ROW_BYTES)
            give_up("read", lib.errmsg(db));
        lib.reset(stmt);
    }
    start = since(start);
    lib.finalize(stmt);
    return start;
}

/* Every row is handed out, as a report would have it. */
static struct took scan_rows(sqlite3 *db)
{
    sqlite3_stmt *stmt = prepare(db, "SELECT a, b FROM t");
    struct took start = clocks();
    int64_t bytes = 0;
    while (lib.step(stmt) == SQLITE_ROW)
        bytes += lib.column_bytes(stmt, 1);
    start = since(start);
    if (bytes != (int64_t)rows * ROW_BYTES)
        give_up("scan", lib.errmsg(db));
    lib.finalize(stmt);
    return start;
}

static struct took read_small(sqlite3 *db)
{
    must(db, "PRAGMA cache_size=-2048");
    return read_rows(db);
}

static struct took scan_small(sqlite3 *db)
{
    must(db, "PRAGMA cache_size=-2048");
    return scan_rows(db);
}

static struct took insert_shipped(sqlite3 *db)
{
    must(db, "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536");
    return insert(db);
}

static struct took scan_shipped(sqlite3 *db)
{
    must(db, "PRAGMA cache_size=-65536");
    return scan_rows(db);
}

static struct took read_shipped(sqlite3 *db)
{
    must(db, "PRAGMA cache_size=-65536");
    (void)scan_rows(db);
    return read_rows(db);
}

/* In this order: what reads finds what the last insert left. */
static const struct work {
    const char *name;
    struct took (*run)(sqlite3 *db);
    int starts_anew;
} works[] = {
    {"insert, synchronous=FULL, 2 MiB", insert_full, 1},
    {"insert, synchronous=NORMAL, 2 MiB", insert_normal, 1},
    {"random reads, 2 MiB", read_small, 0},
    {"full scan, 2 MiB", scan_small, 0},
    {"insert, synchronous=FULL, 64 MiB", insert_shipped, 1},
    {"full scan, 64 MiB", scan_shipped, 0},
    {"random reads after it, 64 MiB", read_shipped, 0},
};

enum { WORKS = sizeof works / sizeof *works };

/* ---- measuring ---- */

static void remove_database(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".new"};
    char name[512];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
}

/* One piece of work, in a process of its own. */
static struct took measure(const struct side *side, const struct work *work)
{
    int answer[2], status;
    struct took took = {0, 0};
    char path[64];
    pid_t pid;
    (void)snprintf(path, sizeof path, "%s.db", side->name);
    if (work->starts_anew)
        remove_database(path);
    if (pipe(answer) != 0 || (pid = fork()) < 0)
        give_up("fork", strerror(errno));
    if (pid == 0) {
        sqlite3 *db = open_side(side, path);
        random_state = 1;
        took = work->run(db);
        (void)lib.close(db);
        _exit(write(answer[1], &took, sizeof took) == sizeof took ? 0 : 2);
    }
    (void)close(answer[1]);
    if (read(answer[0], &took, sizeof took) != sizeof took)
        took.wall = 0;
    (void)close(answer[0]);
    if (waitpid(pid, &status, 0) != pid || status != 0 || took.wall <= 0)
        give_up(side->name, work->name);
    return took;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

struct series {
    double wall[RUNS_MAX], cpu[RUNS_MAX];
};

static void add(struct series *series, unsigned run, struct took took)
{
    series->wall[run] = took.wall;
    series->cpu[run] = took.cpu;
}

static void print_work(const char *title, const char *const *names, struct series *series, unsigned count)
{
    (void)printf("\n%-34s%17s%11s%18s\n", title, "seconds (least to most)", "ratio", "processor, ratio");
    for (unsigned i = 0; i < count; i++) {
        qsort(series[i].wall, runs, sizeof *series[i].wall, by_value);
        qsort(series[i].cpu, runs, sizeof *series[i].cpu, by_value);
        (void)printf("  %-30s %7.3f (%7.3f %7.3f) %8.2f %9.3f %8.2f\n", names[i], series[i].wall[runs / 2],
                     series[i].wall[0], series[i].wall[runs - 1], series[i].wall[runs / 2] / series[0].wall[runs / 2],
                     series[i].cpu[runs / 2], series[i].cpu[runs / 2] / series[0].cpu[runs / 2]);
    }
    (void)fflush(stdout);
}

static void measure_works(void)
{
    static struct series series[WORKS][SIDES_MAX];
    const char *names[SIDES_MAX];
    for (unsigned i = 0; i < side_count; i++)
        names[i] = sides[i].name;
    for (unsigned run = 0; run < runs; run++)
        for (size_t w = 0; w < WORKS; w++)
            for (unsigned i = 0; i < side_count; i++)
                add(&series[w][i], run, measure(&sides[i], &works[w]));
    for (unsigned i = 0; i < side_count; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s.db", sides[i].name);
        remove_database(path);
    }
    for (size_t w = 0; w < WORKS; w++)
        print_work(works[w].name, names, series[w], side_count);
}

/* ---- speedtest1 ---- */

static struct {
    const char *name, *command;
} speedtests[SIDES_MAX];
static unsigned speedtest_count;

static void shell(const char *command)
{
    if (system(command) != 0) // NOLINT(cert-env33-c): it is what the user asked for
        give_up(command, "the command failed");
}

static double children_cpu(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure_speedtests(void)
{
    static struct series series[SIDES_MAX];
    const char *names[SIDES_MAX];
    for (unsigned run = 0; run < runs; run++)
        for (unsigned i = 0; i < speedtest_count; i++) {
            char command[2048];
            struct took start;
            double before;
            names[i] = speedtests[i].name;
            (void)snprintf(command, sizeof command, "rm -rf speedtest1 && mkdir speedtest1 && cd speedtest1 && %s >out",
                           speedtests[i].command);
            start = clocks();
            before = children_cpu();
            shell(command);
            add(&series[i], run, (struct took){since(start).wall, children_cpu() - before});
        }
    shell("rm -rf speedtest1");
    if (speedtest_count > 0)
        print_work("speedtest1", names, series, speedtest_count);
}

/* ---- the command line ---- */

/* NAME=REST; name ends where the sign was. */
static char *split(char *text, char sign)
{
    char *at = strchr(text, sign);
    if (at == NULL)
        return NULL;
    *at = '\0';
    return at + 1;
}

static int usage(void)
{
    (void)fputs("usage: vault_bench [--runs N] [--rows N] [--folder DIR] [--peer NAME=LIBRARY[:STATEMENT]]...\n"
                "                   [--speedtest1 NAME=COMMAND]...\n",
                stderr);
    return 2;
}

static int take_option(const char *option, char *value, const char **folder)
{
    char *rest;
    if (strcmp(option, "--runs") == 0)
        runs = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(option, "--rows") == 0)
        rows = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(option, "--folder") == 0)
        *folder = value;
    else if (strcmp(option, "--peer") == 0 && side_count < SIDES_MAX && (rest = split(value, '=')) != NULL) {
        sides[side_count] = (struct side){.name = value, .library = rest, .key = split(rest, ':')};
        side_count++;
    } else if (strcmp(option, "--speedtest1") == 0 && speedtest_count < SIDES_MAX &&
               (rest = split(value, '=')) != NULL) {
        speedtests[speedtest_count].name = value;
        speedtests[speedtest_count++].command = rest;
    } else
        return -1;
    return runs >= 1 && runs <= RUNS_MAX && rows >= 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
    char work_folder[512];
    const char *folder = ".";
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || take_option(argv[i], argv[i + 1], &folder) != 0)
            return usage();
    (void)snprintf(work_folder, sizeof work_folder, "%s/vault-bench-XXXXXX", folder);
    if (mkdtemp(work_folder) == NULL || chdir(work_folder) != 0)
        give_up(work_folder, strerror(errno));
    (void)printf("%u rows of %d bytes in transactions of %d, medians of %u runs (least to most)\n", rows, ROW_BYTES,
                 BATCH, runs);
    measure_works();
    measure_speedtests();
    return chdir("..") == 0 && rmdir(work_folder) == 0 ? 0 : 2;
}
