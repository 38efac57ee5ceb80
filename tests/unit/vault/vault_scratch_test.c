/* Tests: common/vault/vault_scratch.c
 * A scratch database holds more than its cache does, in a file without a name whose bytes say nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "db.h"
#include "vault.h"

enum { ROWS = 20000, ROW_BYTES = 700 }; /* some 14 MB, over a cache of 8 */

static const char mark[] = "penicillin, by name of Ada";

struct room {
    char folder[64];
    struct db *db;
    struct error e;
};

static int set_up(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(vault_init(&r->e), 0);
    (void)snprintf(r->folder, sizeof r->folder, "/tmp/vault_scratch_test.XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    struct room *r = *state;
    db_close(r->db);
    assert_int_equal(rmdir(r->folder), 0); /* nothing is left in it */
    free(r);
    return 0;
}

static void fill(struct room *r)
{
    char row[ROW_BYTES];
    assert_int_equal(db_open_scratch(&r->db, r->folder, &r->e), 0);
    assert_int_equal(db_exec(r->db, "CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT)", &r->e), 0);
    assert_int_equal(db_begin(r->db, &r->e), 0);
    for (int64_t i = 0; i < ROWS; i++) {
        (void)snprintf(row, sizeof row, "%lld %s %0600lld", (long long)i, mark, (long long)i * i);
        assert_int_equal(db_run(r->db, &r->e, "INSERT INTO t VALUES (?, ?)", "it", i, row), 0);
    }
    assert_int_equal(db_commit(r->db, &r->e), 0);
}

static unsigned names_in(const char *folder)
{
    DIR *d = opendir(folder);
    unsigned count = 0;
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;)
        count += entry->d_name[0] != '.';
    (void)closedir(d);
    return count;
}

/* The file behind the database, as this process has it open; it is opened once more, by its descriptor. */
static int open_again(const struct room *r, int flags)
{
    for (int fd = 3; fd < 64; fd++) {
        char link[64], target[256];
        ssize_t size;
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if ((size = readlink(link, target, sizeof target - 1)) <= 0)
            continue;
        target[size] = 0;
        if (strncmp(target, r->folder, strlen(r->folder)) == 0)
            return open(link, flags);
    }
    return -1;
}

/* Goal: every row is there, and stays so when rows go and others come. */
static void it_holds_more_than_its_cache(void **state)
{
    struct room *r = *state;
    uint64_t sum;
    fill(r);
    assert_int_equal(db_exec(r->db, "DELETE FROM t WHERE k % 3 = 0", &r->e), 0);
    assert_int_equal(db_exec(r->db, "CREATE INDEX i ON t(v)", &r->e), 0);
    assert_int_equal(db_exec(r->db, "INSERT INTO t SELECT k * 3 + 300000, v FROM t WHERE k % 2 = 0", &r->e), 0);
    assert_int_equal(db_number_of(r->db, &sum, &r->e, "SELECT count(*) FROM t WHERE v LIKE k || ' %'", ""), 0);
    assert_int_equal(sum, ROWS - (ROWS + 2) / 3);
    assert_int_equal(db_exists(r->db, &r->e, "SELECT 1 FROM pragma_integrity_check WHERE integrity_check = 'ok'", ""),
                     1);
}

/* Goal: the file has no name from the beginning, and none of the rows can be read in it. */
static void its_file_has_no_name_and_says_nothing(void **state)
{
    struct room *r = *state;
    struct stat there;
    char *bytes;
    int fd;
    fill(r);
    assert_int_equal(names_in(r->folder), 0);
    assert_true((fd = open_again(r, O_RDONLY)) >= 0);
    assert_int_equal(fstat(fd, &there), 0);
    assert_true(there.st_size > 10 << 20);
    assert_non_null(bytes = malloc((size_t)there.st_size));
    assert_int_equal(read(fd, bytes, (size_t)there.st_size), there.st_size);
    assert_null(memmem(bytes, (size_t)there.st_size, mark, 10));
    assert_null(memmem(bytes, (size_t)there.st_size, "SQLite format 3", 15));
    free(bytes);
    (void)close(fd);
}

/* Goal: bytes that somebody else changed are found. */
static void a_changed_page_is_found(void **state)
{
    struct room *r = *state;
    const char bad[1] = {'x'};
    uint64_t count;
    int fd;
    fill(r);
    assert_true((fd = open_again(r, O_RDWR)) >= 0);
    for (off_t at = 409650; at < 819200; at += 4096)
        assert_int_equal(pwrite(fd, bad, 1, at), 1);
    (void)close(fd);
    assert_int_equal(db_number_of(r->db, &count, &r->e, "SELECT sum(length(v)) FROM t", ""), E_VERIFY);
}

/* Goal: a folder that is not there is said, and makes nothing. */
static void a_folder_that_is_not_there_is_said(void **state)
{
    struct room *r = *state;
    assert_int_equal(db_open_scratch(&r->db, "/nowhere/at/all", &r->e), E_IO);
    assert_null(r->db);
    assert_non_null(strstr(r->e.text, "scratch file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_holds_more_than_its_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_file_has_no_name_and_says_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_page_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
