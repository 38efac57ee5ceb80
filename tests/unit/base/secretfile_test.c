/* Tests: common/base/secretfile.c
 * Secret files: what was made is read, and nothing that others could have read or put there. */
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

#include "secretfile.h"

#define FILE_BYTES 62

static char folder[64], path[96], other[96];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/secretfile_test_XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/secret", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    return unsetenv("CREDENTIALS_DIRECTORY");
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(folder);
}

static void save(const char *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void load(char out[FILE_BYTES + 1])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(out, 1, FILE_BYTES + 1, file), FILE_BYTES);
    assert_int_equal(fclose(file), 0);
}

static int reads(const char *name)
{
    uint8_t secret[SECRETFILE_BYTES];
    struct error e = {0};
    int code = secretfile_read(name, secret, &e);
    assert_int_equal(sodium_is_zero(secret, sizeof secret), code != 0);
    assert_int_equal(e.text[0] != '\0', code != 0);
    return code;
}

/* Goal: a new secret is random, private, comes back as it was, and never replaces a file. */
static void comes_back(void **state)
{
    uint8_t secret[SECRETFILE_BYTES], again[SECRETFILE_BYTES];
    char bytes[FILE_BYTES + 1];
    struct stat status;
    struct error e = {0};
    (void)state;
    assert_int_equal(reads(path), E_NOT_FOUND);
    assert_int_equal(secretfile_create("/nonexistent/folder/x", secret, &e), E_NO_STORE);
    assert_int_equal(secretfile_create(path, secret, &e), 0);
    assert_false(sodium_is_zero(secret, sizeof secret));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
    load(bytes);
    assert_memory_equal(bytes, "satchel secret 1\n", 17);
    assert_int_equal(secretfile_read(path, again, &e), 0);
    assert_memory_equal(again, secret, sizeof secret);
    assert_int_equal(secretfile_create(path, again, &e), E_EXISTS);
    assert_true(sodium_is_zero(again, sizeof again));
    assert_int_equal(secretfile_read(path, again, &e), 0);
    assert_memory_equal(again, secret, sizeof secret);
}

/* Goal: what others may read or write is refused; a group may read in systemd's folder for credentials, and there
 * alone. */
static void modes_count(void **state)
{
    static const mode_t bad[] = {0601, 0602, 0604, 0610, 0620, 0640, 0660, 0644, 0666, 0777};
    uint8_t secret[SECRETFILE_BYTES];
    struct error e = {0};
    (void)state;
    assert_int_equal(secretfile_create(path, secret, &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_int_equal(reads(path), E_REFUSED);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(reads(path), 0);
    assert_int_equal(chmod(path, 0440), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp", 1), 0);
    assert_int_equal(reads(path), E_REFUSED);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_int_equal(reads(path), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_int_equal(reads(path), bad[i] == 0640 ? 0 : E_REFUSED);
    }
}

/* Goal: only a regular file of ours counts: no link, no folder, no pipe, no device, nobody else's. */
static void only_files_count(void **state)
{
    uint8_t secret[SECRETFILE_BYTES];
    struct error e = {0};
    (void)state;
    assert_int_equal(secretfile_create(path, secret, &e), 0);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(reads(other), E_REFUSED);
    assert_int_equal(secretfile_create(other, secret, &e), E_EXISTS);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(reads(folder), E_REFUSED);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(reads(other), E_REFUSED);
    assert_int_equal(reads("/dev/null"), E_REFUSED);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(reads(path), E_REFUSED);
    }
}

/* Goal: a file that is cut, too long, or changed in any letter so that it is no secret, is refused; another letter of
 * the alphabet makes another secret. */
static void damage_is_found(void **state)
{
    uint8_t secret[SECRETFILE_BYTES];
    char good[FILE_BYTES + 1], bad[FILE_BYTES + 1];
    struct error e = {0};
    (void)state;
    assert_int_equal(secretfile_create(path, secret, &e), 0);
    load(good);
    for (size_t cut = 0; cut < FILE_BYTES; cut++) {
        save(good, cut);
        assert_int_equal(reads(path), E_INPUT);
    }
    good[FILE_BYTES] = '\n';
    save(good, FILE_BYTES + 1);
    assert_int_equal(reads(path), E_INPUT);
    for (size_t i = 0; i < FILE_BYTES; i++) {
        memcpy(bad, good, sizeof bad);
        bad[i] ^= (char)0x80;
        save(bad, FILE_BYTES);
        assert_int_equal(reads(path), E_INPUT);
        bad[i] = ' ';
        save(bad, FILE_BYTES);
        assert_int_equal(reads(path), good[i] == ' ' ? 0 : E_INPUT);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(comes_back), TEST(modes_count), TEST(only_files_count),
                                       TEST(damage_is_found)};
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
