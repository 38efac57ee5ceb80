/* Tests: client/store/wipe.c client/store/sync_lock.c
 * A wipe that broke off is ended by whatever comes next; one that a sync is carrying out is left to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"
#include "store.h"
#include "sync_lock.h"
#include "wipe.h"

#define PASSPHRASE "correct horse battery"

static char folder[64];

static void make(const char *name, const char *text)
{
    char path[128];
    FILE *f;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int is_there(const char *name)
{
    struct stat s;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &s) == 0;
}

static int start(void **state)
{
    (void)state;
    (void)strcpy(folder, "/tmp/satchel-wipe-XXXXXX");
    assert_non_null(mkdtemp(folder));
    make(STORE_DB, "pages");
    make(STORE_WIPING, "");
    return 0;
}

static int end(void **state)
{
    static const char *const names[] = {STORE_DB, STORE_KEYS, STORE_WIPING, SYNC_LOCK_FILE};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static void make_keys(void)
{
    static const struct keyfile_new_passphrase first = {
        {PASSPHRASE, sizeof PASSPHRASE - 1}, "Ana", KEYFILE_MINIMUM, NULL};
    uint8_t key[KEYFILE_KEY_BYTES];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/" STORE_KEYS, folder);
    assert_int_equal(keyfile_create(path, &first, key, NULL), 0);
}

/* Goal: what a wipe had begun to destroy is destroyed to its end. */
static void a_wipe_that_broke_off_is_ended(void **state)
{
    (void)state;
    make(STORE_KEYS, "half of it is zeros");
    assert_int_equal(wipe_resume(folder, NULL), 1);
    assert_false(is_there(STORE_KEYS));
    assert_false(is_there(STORE_DB));
    assert_false(is_there(STORE_WIPING));
    assert_int_equal(wipe_resume(folder, NULL), 0);
}

/* Goal: of a wipe that had destroyed nothing yet the marker alone goes: the office orders it again. */
static void a_wipe_that_had_destroyed_nothing_is_none(void **state)
{
    (void)state;
    make_keys();
    assert_int_equal(wipe_resume(folder, NULL), 0);
    assert_true(is_there(STORE_KEYS));
    assert_true(is_there(STORE_DB));
    assert_false(is_there(STORE_WIPING));
}

/* Goal: while a sync carries the wipe out, another command neither takes its marker, which says that the wipe must be
 * ended if the power goes, nor destroys anything beside it: it says so. */
static void a_wipe_under_way_is_left_to_the_sync(void **state)
{
    struct error e = {0, ""};
    int lock;
    (void)state;
    make_keys();
    assert_int_equal(sync_lock_take(folder, &lock, NULL), 0);
    assert_int_equal(wipe_resume(folder, &e), -1);
    assert_int_equal(e.code, E_BUSY);
    assert_non_null(strstr(e.text, "a sync is doing so"));
    assert_true(is_there(STORE_WIPING));
    make(STORE_KEYS, "half of it is zeros");
    assert_int_equal(wipe_resume(folder, &e), -1);
    assert_true(is_there(STORE_WIPING));
    assert_true(is_there(STORE_KEYS));
    assert_true(is_there(STORE_DB));
    sync_lock_free(lock);
    assert_int_equal(wipe_resume(folder, &e), 1);
    assert_false(is_there(STORE_DB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wipe_that_broke_off_is_ended, start, end),
        cmocka_unit_test_setup_teardown(a_wipe_that_had_destroyed_nothing_is_none, start, end),
        cmocka_unit_test_setup_teardown(a_wipe_under_way_is_left_to_the_sync, start, end),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
