/* A simulated disk in a folder of its own, for one test; and small files on it. Include it after cmocka.h. */
#ifndef SATCHEL_TESTS_DISK_FIXTURE_H
#define SATCHEL_TESTS_DISK_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/disk.h"

static char root[64];
static struct luck luck;

static inline int start(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s/satchel-disk-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(root) == NULL)
        return -1;
    disk_start(root);
    luck_seed(&luck, 1);
    return 0;
}

static inline int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int end(void **state)
{
    (void)state;
    disk_end();
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path beneath the root; the last four stay. */
static inline const char *at(const char *name)
{
    static char paths[4][128];
    static int turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static inline void sync_folder(const char *name)
{
    int fd = open(at(name), O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(close(fd), 0);
}

static inline void put(const char *name, const char *text, int synced)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    if (synced)
        assert_int_equal(fsync(fd), 0);
    assert_int_equal(close(fd), 0);
}

/* What a small file holds; "-" where there is none. The last two stay. */
static inline const char *get(const char *name)
{
    static char texts[2][256];
    static int turn;
    char *text = texts[turn++ % 2];
    ssize_t got;
    int fd = open(at(name), O_RDONLY);
    if (fd < 0)
        return "-";
    got = read(fd, text, sizeof texts[0] - 1);
    assert_true(got >= 0);
    text[got] = '\0';
    assert_int_equal(close(fd), 0);
    return text;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

#endif
