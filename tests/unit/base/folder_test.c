/* Tests: common/base/folder.c
 * Folders are made one within the other, private, and again without harm; what cannot be made or synced is said. */
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

#include "folder.h"

static char root[] = "/tmp/folder_test.XXXXXX";
static struct error e;

static const char *at(const char *name)
{
    static char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL;
}

static int tear_down(void **state)
{
    static const char *const all[] = {"a/b/c", "a/b", "a"};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        (void)rmdir(at(all[i]));
    return rmdir(root);
}

static void all_that_is_missing(void **state)
{
    struct stat s;
    (void)state;
    assert_int_equal(folder_make(at("a/b/c"), &e), 0);
    assert_int_equal(stat(at("a/b/c"), &s), 0);
    assert_true(S_ISDIR(s.st_mode));
    assert_int_equal(s.st_mode & 0777, 0700);
    assert_int_equal(folder_make(at("a/b/c"), &e), 0);
    assert_int_equal(folder_make(at("a/b/c/"), &e), 0);
}

static void where_a_file_stands(void **state)
{
    FILE *f = fopen(at("file"), "w");
    (void)state;
    assert_non_null(f);
    (void)fclose(f);
    assert_int_equal(folder_make(at("file/within"), &e), E_IO);
    assert_non_null(strstr(e.text, "cannot be made"));
    assert_int_equal(folder_sync(at("file"), &e), E_IO);
    assert_int_equal(folder_sync_of(at("file"), &e), 0);
    (void)unlink(at("file"));
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(folder_sync(root, &e), 0);
    assert_int_equal(folder_sync_of("a name alone", &e), 0);
    assert_int_equal(folder_sync_of("/dev", &e), 0);
    assert_int_equal(folder_sync_of(at("none/file"), &e), E_IO);
    assert_non_null(strstr(e.text, "cannot be synced"));
    assert_int_equal(folder_make("", &e), E_IO);
}

/* Goal: a folder that others may write to is closed to them if it is empty, and refused if it is not. */
static void a_folder_that_others_may_write_to_is_tightened_or_refused(void **state)
{
    struct stat status;
    (void)state;
    assert_int_equal(mkdir(at("open"), 0700), 0);
    assert_int_equal(chmod(at("open"), 0777), 0);
    assert_int_equal(folder_is_closed(at("open"), getuid()), 0);
    assert_int_equal(folder_close(at("open"), &e), 0);
    assert_int_equal(stat(at("open"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(folder_is_closed(at("open"), getuid()), 1);
    assert_int_equal(mkdir(at("open/sub"), 0700), 0);
    assert_int_equal(folder_close(at("open"), &e), 0);
    assert_int_equal(chmod(at("open"), 0720), 0);
    assert_int_equal(folder_close(at("open"), &e), E_REFUSED);
    assert_non_null(strstr(e.text, "others may write"));
    assert_int_equal(stat(at("open"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0720); /* what is refused stays as it was */
    if (geteuid() != 0) {
        assert_int_equal(folder_close("/", &e), 0);
    } else {
        assert_int_equal(chown(at("open"), 12345, 12345), 0);
        assert_int_equal(chmod(at("open"), 0700), 0);
        assert_int_equal(folder_close(at("open"), &e), E_REFUSED);
        assert_non_null(strstr(e.text, "another user"));
        assert_int_equal(folder_is_closed(at("open"), 12345), 1);
        assert_int_equal(folder_is_closed(at("open"), 12346), 0);
    }
    (void)rmdir(at("open/sub"));
    (void)rmdir(at("open"));
    assert_int_equal(folder_close(at("nowhere"), &e), E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_folder_that_others_may_write_to_is_tightened_or_refused),
                                       cmocka_unit_test(all_that_is_missing), cmocka_unit_test(where_a_file_stands),
                                       cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
