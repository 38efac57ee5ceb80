/* Tests: common/log/archive.c
 * An archive when the store, the memory or the disk fails: it is there whole, or it is not there. */
#include "store_failure_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "archive_fixture.h"

static int files_in_folder(void)
{
    DIR *dir = opendir(archive_folder);
    struct dirent *entry;
    int count = 0;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    assert_int_equal(closedir(dir), 0);
    return count;
}

static int write_one(void *world, struct error *e)
{
    struct archive_office o = archive_office;
    uint64_t entries = 0;
    int code;
    o.db = world;
    code = archive_write_office(&o, &entries, e);
    assert_int_equal(entries, code == 0 ? ENTRIES : 0);
    return code;
}

/* An archive is in its place before its folder is synced. */
static void is_whole_or_not_there(void *world, int code)
{
    struct error e = {0, ""};
    (void)world;
    assert_true(code != 0 || access(archive_path, F_OK) == 0);
    assert_int_equal(files_in_folder(), access(archive_path, F_OK) == 0);
    if (access(archive_path, F_OK) == 0)
        assert_int_equal(archive_read_all(archive_path, PASSPHRASE, &e), 0);
    (void)unlink(archive_path);
}

static void a_failed_archive_is_not_there(void **state)
{
    /* Goal: whichever call of memory or of the store fails, there is an archive that verifies, or nothing at all, and
     * the caller is told. */
    const struct failing f = {store_failure_copy, write_one, is_whole_or_not_there, store_failure_drop};
    (void)state;
    store_failure_original = archive_office.db;
    assert_true(failure_each(&f) > 20);
}

static void a_full_disk_leaves_nothing(void **state)
{
    /* Goal: wherever the disk is full, nothing is left, and the sentence names the archive. */
    struct rlimit before, limit;
    struct stat whole;
    struct error e;
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(archive_write_office(&archive_office, NULL, &e), 0);
    assert_int_equal(stat(archive_path, &whole), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    for (limit.rlim_cur = 0; limit.rlim_cur < (rlim_t)whole.st_size; limit.rlim_cur += 97) {
        int code;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        code = archive_write_office(&archive_office, NULL, &e);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(code, E_IO);
        assert_non_null(strstr(e.text, archive_path));
        assert_int_equal(files_in_folder(), 0);
    }
}

/* --- reading --- */

static void *nothing(void)
{
    assert_int_equal(archive_write_office(&archive_office, NULL, NULL), 0);
    return NULL;
}

static int read_one(void *world, struct error *e)
{
    struct archive *a;
    struct archive_item r;
    int code = archive_open(&a, archive_path, PASSPHRASE, strlen(PASSPHRASE), e);
    (void)world;
    assert_int_equal(code == 0, a != NULL);
    while (code == 0 && (code = archive_next(a, &r, e)) == 0 && r.type != ARCHIVE_END)
        continue;
    archive_close(a);
    return code;
}

static void drop_nothing(void *world)
{
    assert_null(world);
}

static void an_archive_is_read_or_the_reading_fails(void **state)
{
    /* Goal: an auditor without memory is told that, and not that the archive is wrong. */
    const struct failing f = {nothing, read_one, NULL, drop_nothing};
    (void)state;
    assert_true(failure_each(&f) >= 5);
}

static void a_folder_is_no_archive(void **state)
{
    /* Goal: what can be opened and not be read is a failure of the disk, and not an archive of another version. */
    struct archive *a;
    struct error e;
    (void)state;
    assert_int_equal(archive_open(&a, archive_folder, NULL, 0, &e), E_IO);
    assert_null(a);
    assert_non_null(strstr(e.text, archive_folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_archive_is_not_there),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(an_archive_is_read_or_the_reading_fails),
        cmocka_unit_test(a_folder_is_no_archive),
    };
    return cmocka_run_group_tests(tests, archive_fixture_set_up, archive_fixture_tear_down);
}
