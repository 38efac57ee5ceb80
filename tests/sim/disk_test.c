/* Tests: tests/sim/disk.c tests/sim/disk_call.c tests/sim/disk_image.c tests/sim/disk_inode.c tests/sim/disk_stream.c
 * The simulated disk: what a power cut may take and what it may not, kills, quotas, failures and copies. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "disk_fixture.h"

#define SECTOR DISK_SECTOR_BYTES
#define SECTORS 24
#define ROOM ((size_t)SECTORS * SECTOR)
#define VERSIONS_MAX 64

/* ---- a file ---- */

/* What a sector may be after a cut: any of these, or any of these with zeros from one of the cut points on. */
struct sector {
    uint8_t versions[VERSIONS_MAX][SECTOR];
    int count;
};

static struct {
    uint8_t now[ROOM];
    struct sector sectors[SECTORS];
    size_t size, least, most; /* sizes since the last sync */
    size_t cuts[VERSIONS_MAX];
    int cut_count, fd;
} file;

static void note(size_t from, size_t to, int synced)
{
    for (size_t s = from / SECTOR; s < SECTORS && s * SECTOR < to; s++) {
        struct sector *sector = &file.sectors[s];
        if (synced)
            sector->count = 0;
        assert_true(sector->count < VERSIONS_MAX);
        memcpy(sector->versions[sector->count++], file.now + s * SECTOR, SECTOR);
    }
}

static void is_durable(void)
{
    note(0, ROOM, 1);
    file.least = file.most = file.size;
    file.cut_count = 0;
}

static void resized(size_t size)
{
    file.size = size;
    file.least = size < file.least ? size : file.least;
    file.most = size > file.most ? size : file.most;
}

static int write_some(void)
{
    uint8_t bytes[4 * SECTOR];
    size_t offset = luck_below(&disk_luck, ROOM - sizeof bytes), count = 1 + luck_below(&disk_luck, sizeof bytes - 1);
    ssize_t wrote;
    memset(bytes, (int)luck_below(&disk_luck, 256), count);
    memcpy(file.now + offset, bytes, count);
    note(offset, offset + count, 0);
    if (offset + count > file.size)
        resized(offset + count);
    wrote = pwrite(file.fd, bytes, count, (off_t)offset);
    assert_true(wrote == (ssize_t)count || disk_is_dark(1));
    return wrote < 0;
}

static int truncate_some(void)
{
    size_t size = luck_below(&disk_luck, ROOM);
    if (size < file.size)
        memset(file.now + size, 0, ROOM - size);
    note(size, ROOM, 0);
    file.cuts[file.cut_count++] = size;
    resized(size);
    return ftruncate(file.fd, (off_t)size) != 0;
}

static int step(void)
{
    uint32_t what = luck_below(&disk_luck, 10);
    if (what < 7)
        return write_some();
    if (what < 8)
        return truncate_some();
    if (fsync(file.fd) != 0)
        return 1;
    is_durable();
    return 0;
}

static int is_version(size_t s, const uint8_t *got, size_t count)
{
    for (int i = 0; i < file.sectors[s].count; i++) {
        size_t same = 0;
        while (same < count && file.sectors[s].versions[i][same] == got[same])
            same++;
        if (same == count)
            return 1;
        for (int k = 0; k < file.cut_count; k++) {
            size_t from = file.cuts[k] > s * SECTOR ? file.cuts[k] - s * SECTOR : 0;
            if (from <= same && sodium_is_zero(got + from, count - from))
                return 1;
        }
    }
    return 0;
}

/* Reads the file as the cut left it, and holds every sector against what it may be. Returns how many are not the last
 * version. */
static int check_file(void)
{
    uint8_t got[ROOM];
    ssize_t size = pread(file.fd, got, sizeof got, 0);
    int older = 0;
    assert_true(size >= (ssize_t)file.least && size <= (ssize_t)file.most);
    for (size_t s = 0; s * SECTOR < (size_t)size; s++) {
        size_t count = (size_t)size - s * SECTOR < SECTOR ? (size_t)size - s * SECTOR : SECTOR;
        if (!is_version(s, got + s * SECTOR, count))
            fail_msg("sector %zu holds what it never held", s);
        older += memcmp(got + s * SECTOR, file.now + s * SECTOR, count) != 0;
    }
    memset(file.now, 0, sizeof file.now);
    memcpy(file.now, got, (size_t)size);
    file.size = (size_t)size;
    is_durable();
    return older;
}

static void begin_file(void)
{
    memset(&file, 0, sizeof file);
    disk_put("m1/file", "", 1);
    disk_sync_folder("m1");
    file.fd = open(disk_at("m1/file"), O_RDWR);
    is_durable();
}

/* One life of the file, to a cut. Returns how many sectors were not as last written. */
static int live_and_cut(void)
{
    int older, alive = 1;
    disk_cut_after(1, 1 + luck_below(&disk_luck, 30), &disk_luck);
    for (int i = 0; i < 30 && alive; i++)
        alive = step() == 0;
    if (alive)
        disk_cut(1, &disk_luck);
    assert_int_equal(close(file.fd), 0);
    disk_on(1);
    file.fd = open(disk_at("m1/file"), O_RDWR);
    assert_true(file.fd >= 0);
    older = check_file();
    return older;
}

/* Shows: in 2000 random histories a cut leaves in each sector one of the values since the last sync, what was synced is
 * never lost, and something that was not synced often is. */
static void sectors_hold_what_they_held(void **state)
{
    int older = 0;
    (void)state;
    begin_file();
    for (int i = 0; i < 2000; i++)
        older += live_and_cut();
    assert_int_equal(close(file.fd), 0);
    assert_true(older > 2000);
}

/* Shows: the sync with which the power goes is done, half done or not done. */
static void last_step_may_be_half(void **state)
{
    int none = 0, half = 0, all = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        static char before[4 * SECTOR], after[sizeof before], got[sizeof before];
        int fd = open(disk_at("m1/file"), O_RDWR | O_CREAT, 0600);
        memset(after, 1, sizeof after);
        assert_int_equal(pwrite(fd, before, sizeof before, 0), sizeof before);
        assert_int_equal(fsync(fd), 0);
        disk_sync_folder("m1");
        assert_int_equal(pwrite(fd, after, sizeof after, 0), sizeof after);
        disk_cut_after(1, 1, &disk_luck);
        assert_int_equal(fsync(fd), -1);
        assert_int_equal(errno, EIO);
        assert_int_equal(close(fd), 0);
        disk_on(1);
        fd = open(disk_at("m1/file"), O_RDONLY);
        assert_int_equal(read(fd, got, sizeof got), sizeof got);
        assert_int_equal(close(fd), 0);
        if (memcmp(got, before, sizeof got) == 0)
            none++;
        else if (memcmp(got, after, sizeof got) == 0)
            all++;
        else
            half++;
    }
    assert_true(none > 10 && half > 20 && all > 60);
}

/* Shows: a kill loses nothing, every call fails until the machine is on again, and a later cut can still take what was
 * not synced. */
static void kill_loses_nothing(void **state)
{
    int lost = 0;
    (void)state;
    for (int i = 0; i < 100; i++) {
        char byte;
        int fd;
        disk_put("m1/file", "first", 1);
        disk_sync_folder("m1");
        disk_put("m1/file", "other", 0);
        fd = open(disk_at("m1/file"), O_RDWR);
        disk_kill(1);
        assert_int_equal(disk_is_dark(1), 1);
        assert_int_equal(disk_is_dark(2), 0);
        assert_int_equal(pread(fd, &byte, 1, 0), -1);
        assert_int_equal(errno, EIO);
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(fsync(fd), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(open(disk_at("m1/file"), O_RDONLY), -1);
        assert_int_equal(rename(disk_at("m1/file"), disk_at("m1/more")), -1);
        assert_int_equal(unlink(disk_at("m1/file")), -1);
        assert_int_equal(errno, EIO);
        assert_int_equal(close(fd), 0);
        disk_on(1);
        assert_string_equal(disk_get("m1/file"), "other");
        disk_cut(1, &disk_luck);
        disk_on(1);
        lost += strcmp(disk_get("m1/file"), "other") != 0;
    }
    assert_in_range(lost, 10, 90);
}

/* ---- names ---- */

/* Shows: as the key file is replaced (write, fsync, rename, fsync of the folder), a cut at any step leaves the old file
 * or the new one, whole; both come to pass; and once the folder is synced, the new one. */
static void replaced_file_is_whole(void **state)
{
    int olds = 0, news = 0;
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        int done = 0, fd;
        disk_put("m1/keys", "the old one", 1);
        (void)unlink(disk_at("m1/keys.new"));
        disk_sync_folder("m1");
        disk_cut_after(1, 1 + i % 6, &disk_luck);
        if ((fd = open(disk_at("m1/keys.new"), O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0) {
            if (write(fd, "the new one", 11) == 11 && fsync(fd) == 0 &&
                rename(disk_at("m1/keys.new"), disk_at("m1/keys")) == 0) {
                int folder = open(disk_at("m1"), O_RDONLY | O_DIRECTORY);
                done = fsync(folder) == 0;
                assert_int_equal(close(folder), 0);
            }
            assert_int_equal(close(fd), 0);
        }
        if (!disk_is_dark(1))
            disk_cut(1, &disk_luck);
        disk_on(1);
        if (strcmp(disk_get("m1/keys"), "the new one") == 0)
            news++;
        else if (!done && strcmp(disk_get("m1/keys"), "the old one") == 0)
            olds++;
        else
            fail_msg("the file holds \"%s\"", disk_get("m1/keys"));
    }
    assert_true(olds > 50 && news > 50);
}

/* Shows: whatever renames a cut takes, no file is lost by them and none has two names; folders too. */
static void renames_are_never_half(void **state)
{
    static const char *const names[] = {"m1/a", "m1/b", "m1/c", "m1/d", "m1/e", "m1/f"};
    int moved = 0;
    (void)state;
    disk_put("m1/a", "1", 1);
    disk_put("m1/b", "2", 1);
    assert_int_equal(mkdir(disk_at("m1/c"), 0700), 0);
    disk_put("m1/c/inside", "3", 1);
    disk_sync_folder("m1/c");
    disk_sync_folder("m1");
    for (int i = 0; i < 300; i++) {
        char found[8] = "", path[32];
        for (int k = 0; k < 5; k++) {
            const char *from = names[luck_below(&disk_luck, 6)], *to = names[luck_below(&disk_luck, 6)];
            if (access(disk_at(from), F_OK) == 0 && access(disk_at(to), F_OK) != 0)
                moved += rename(disk_at(from), disk_at(to)) == 0;
        }
        disk_cut(1, &disk_luck);
        disk_on(1);
        for (size_t k = 0; k < 6; k++) {
            struct stat s;
            (void)snprintf(path, sizeof path, "%s/inside", names[k]);
            if (stat(disk_at(names[k]), &s) == 0)
                (void)strncat(found, disk_get(S_ISDIR(s.st_mode) ? path : names[k]), sizeof found - strlen(found) - 1);
        }
        assert_int_equal(strlen(found), 3);
        assert_true(strchr(found, '1') != NULL && strchr(found, '2') != NULL && strchr(found, '3') != NULL);
    }
    assert_true(moved > 200);
}

/* Shows: a name that was made, linked or removed stays so once its folder is synced, and may or may not before; the
 * sync of a file does not sync its name. */
static void names_want_their_folder_synced(void **state)
{
    int made = 0, removed = 0, linked = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        disk_put("m1/old", "old", 1);
        disk_put("m1/second", "second", 1);
        (void)unlink(disk_at("m1/new"));
        (void)unlink(disk_at("m1/link"));
        disk_sync_folder("m1");
        disk_put("m1/new", "new", 1);
        assert_int_equal(link(disk_at("m1/second"), disk_at("m1/link")), 0);
        assert_int_equal(unlink(disk_at("m1/old")), 0);
        assert_string_equal(disk_get("m1/old"), "-");
        if (i % 2 == 0)
            disk_sync_folder("m1");
        disk_cut(1, &disk_luck);
        disk_on(1);
        assert_string_equal(disk_get("m1/second"), "second");
        for (size_t k = 0; k < 3; k++) { /* what one cut left, the next one leaves */
            static const char *const names[] = {"m1/new", "m1/link", "m1/old"};
            int was = access(disk_at(names[k]), F_OK);
            disk_cut(1, &disk_luck);
            disk_on(1);
            assert_int_equal(access(disk_at(names[k]), F_OK), was);
        }
        if (i % 2 == 0) {
            assert_string_equal(disk_get("m1/new"), "new");
            assert_string_equal(disk_get("m1/link"), "second");
            assert_string_equal(disk_get("m1/old"), "-");
        } else {
            made += strcmp(disk_get("m1/new"), "new") == 0;
            linked += strcmp(disk_get("m1/link"), "second") == 0;
            removed += strcmp(disk_get("m1/old"), "-") == 0;
        }
    }
    assert_in_range(made, 10, 90);
    assert_in_range(linked, 10, 90);
    assert_in_range(removed, 10, 90);
}

/* ---- streams, quota, failures, copies ---- */

/* Shows: what is written by stdio is on this disk, too: a cut takes it until it is synced by its fileno. */
static void streams_are_simulated(void **state)
{
    int lost = 0;
    (void)state;
    for (int i = 0; i < 60; i++) {
        FILE *out = fopen(disk_at("m1/stream"), "we");
        char line[32] = "";
        assert_non_null(out);
        assert_true(fputs("one line\n", out) >= 0);
        assert_int_equal(fflush(out), 0);
        if (i % 2 == 0) {
            assert_int_equal(fsync(fileno(out)), 0);
            disk_sync_folder("m1");
        }
        assert_int_equal(fclose(out), 0);
        disk_cut(1, &disk_luck);
        disk_on(1);
        out = fopen(disk_at("m1/stream"), "re");
        if (out != NULL) {
            line[fread(line, 1, sizeof line - 1, out)] = '\0';
            assert_int_equal(fclose(out), 0);
        }
        if (i % 2 == 0)
            assert_string_equal(line, "one line\n");
        lost += strcmp(line, "one line\n") != 0;
        (void)unlink(disk_at("m1/stream"));
        disk_sync_folder("m1");
    }
    assert_in_range(lost, 5, 29);
}

/* Shows: a full disk takes what fits, then ENOSPC; removing makes room; other machines are not concerned. */
static void quota_is_kept(void **state)
{
    char bytes[1000] = {1};
    int fd = open(disk_at("m1/file"), O_RDWR | O_CREAT, 0600), other = open(disk_at("m2/file"), O_RDWR | O_CREAT, 0600);
    (void)state;
    disk_quota(1, 1500);
    assert_int_equal(write(fd, bytes, 1000), 1000);
    assert_int_equal(write(fd, bytes, 1000), 500);
    assert_int_equal(write(fd, bytes, 1000), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(pwrite(fd, bytes, 1000, 500), 1000);
    assert_int_equal(ftruncate(fd, 1501), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(write(other, bytes, 1000), 1000);
    assert_int_equal(ftruncate(fd, 100), 0);
    assert_int_equal(pwrite(fd, bytes, 1000, 100), 1000);
    assert_int_equal(unlink(disk_at("m1/file")), 0);
    disk_put("m1/more", "fits", 0);
    assert_int_equal(close(fd), 0);
    fd = open(disk_at("m1/third"), O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, bytes, 1000), 1000);
    assert_int_equal(pwrite(fd, bytes, 1000, 1000), 496);
    disk_calm(1);
    assert_int_equal(write(fd, bytes, 1000), 1000);
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(other), 0);
}

/* Shows: each sort of call can be made to fail, the n-th from now, once, and then has done nothing. */
static void calls_fail_once(void **state)
{
    char bytes[4];
    int fd = open(disk_at("m1/file"), O_RDWR | O_CREAT, 0600);
    uint64_t count = disk_count(1, DISK_WRITE);
    (void)state;
    disk_fail(1, DISK_WRITE, 2);
    assert_int_equal(write(fd, "good", 4), 4);
    assert_int_equal(write(fd, "none", 4), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(write(fd, "more", 4), 4);
    assert_true(disk_count(1, DISK_WRITE) == count + 3);
    assert_string_equal(disk_get("m1/file"), "goodmore");
    disk_fail(1, DISK_READ, 1);
    assert_int_equal(pread(fd, bytes, 4, 0), -1);
    assert_int_equal(errno, EIO);
    assert_int_equal(pread(fd, bytes, 4, 0), 4);
    disk_fail(1, DISK_SYNC, 1);
    assert_int_equal(fdatasync(fd), -1);
    assert_int_equal(fdatasync(fd), 0);
    disk_fail(1, DISK_TRUNCATE, 1);
    assert_int_equal(ftruncate(fd, 4), -1);
    assert_string_equal(disk_get("m1/file"), "goodmore");
    disk_fail(1, DISK_RENAME, 1);
    assert_int_equal(rename(disk_at("m1/file"), disk_at("m1/more")), -1);
    disk_fail(1, DISK_UNLINK, 1);
    assert_int_equal(unlink(disk_at("m1/file")), -1);
    disk_fail(1, DISK_OPEN, 1);
    assert_int_equal(open(disk_at("m1/file"), O_RDONLY), -1);
    assert_string_equal(disk_get("m1/file"), "goodmore");
    assert_int_equal(close(fd), 0);
}

/* Shows: a machine becomes what another one is, with folders and links, and nothing else, durably; what it was is gone
 * for good, and the other one stays as it was. */
static void copies_are_whole(void **state)
{
    struct stat a, b;
    int fd;
    (void)state;
    disk_put("m1/file", "first", 1);
    assert_int_equal(link(disk_at("m1/file"), disk_at("m1/link")), 0);
    assert_int_equal(mkdir(disk_at("m1/folder"), 0700), 0);
    disk_put("m1/folder/inside", "inside", 0);
    disk_put("m12/other", "other", 1);
    disk_sync_folder("m12");
    fd = open(disk_at("m1/file"), O_RDONLY);
    assert_int_equal(disk_copy(1, 12), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(close(fd), 0);
    assert_int_equal(disk_copy(1, 12), 0);
    disk_put("m1/file", "second", 1);
    disk_put("m1/later", "later", 1);
    for (int i = 0; i < 20; i++) {
        disk_cut(12, &disk_luck);
        disk_on(12);
    }
    assert_string_equal(disk_get("m12/file"), "first");
    assert_string_equal(disk_get("m12/folder/inside"), "inside");
    assert_string_equal(disk_get("m12/other"), "-");
    assert_int_equal(stat(disk_at("m12/file"), &a) | stat(disk_at("m12/link"), &b), 0);
    assert_true(a.st_ino == b.st_ino && a.st_nlink == 2);
    disk_cut(1, &disk_luck);
    assert_int_equal(disk_copy(12, 1), 0);
    assert_int_equal(disk_is_dark(1), 1);
    disk_on(1);
    assert_string_equal(disk_get("m1/file"), "first");
    assert_string_equal(disk_get("m1/link"), "first");
    assert_string_equal(disk_get("m1/later"), "-");
    assert_int_equal(disk_copy(15, 12), 0); /* an empty one */
    disk_cut(12, &disk_luck);
    disk_on(12);
    assert_string_equal(disk_get("m12/file"), "-");
    assert_string_equal(disk_get("m12/folder/inside"), "-");
}

/* ---- the same again ---- */

static void add_text(crypto_generichash_state *sum, const char *text)
{
    crypto_generichash_update(sum, (const uint8_t *)text, strlen(text) + 1);
}

/* Everything goes on in another folder beneath the first one. */
static void move_house(const char *first)
{
    static unsigned number;
    char path[64];
    (void)snprintf(path, sizeof path, "%.40s/%u", first, ++number);
    assert_int_equal(mkdir(path, 0700), 0);
    disk_house(path);
    memcpy(disk_root, path, sizeof disk_root);
}

/* A history of files and names over 200 cuts, and the sum of all that was seen. moves: in another folder each time
 * after so many steps; 0: in one. */
static void history(uint64_t seed, unsigned moves, uint8_t out[32])
{
    char first[sizeof disk_root];
    unsigned steps = 0;
    static const char *const names[] = {"m1/a", "m1/b", "m1/c", "m1/d"};
    crypto_generichash_state sum;
    memcpy(first, disk_root, sizeof first);
    crypto_generichash_init(&sum, NULL, 0, 32);
    luck_seed(&disk_luck, seed);
    for (int i = 0; i < 200; i++) {
        disk_cut_after(1, 1 + luck_below(&disk_luck, 20), &disk_luck);
        while (!disk_is_dark(1)) {
            const char *a = names[luck_below(&disk_luck, 4)], *b = names[luck_below(&disk_luck, 4)];
            char text[64];
            int fd = open(disk_at(a), O_RDWR | O_CREAT | O_APPEND, 0600);
            (void)snprintf(text, sizeof text, "%u ", luck_below(&disk_luck, 1000));
            if (fd >= 0 && write(fd, text, strlen(text)) > 0 && luck_chance(&disk_luck, 300))
                (void)fsync(fd);
            if (fd >= 0)
                assert_int_equal(close(fd), 0);
            if (luck_chance(&disk_luck, 300))
                (void)rename(disk_at(a), disk_at(b));
            if (luck_chance(&disk_luck, 100))
                (void)unlink(disk_at(b));
            if (luck_chance(&disk_luck, 50) && link(disk_at(a), disk_at(b)) != 0)
                assert_true(errno == EEXIST || errno == ENOENT || errno == EIO);
            if (moves != 0 && ++steps % moves == 0)
                move_house(first);
        }
        disk_on(1);
        for (size_t k = 0; k < 4; k++)
            add_text(&sum, disk_get(names[k]));
    }
    for (int what = 0; what < DISK_CALLS; what++) {
        uint64_t count = disk_count(1, (enum disk_call)what);
        crypto_generichash_update(&sum, (const uint8_t *)&count, sizeof count);
    }
    crypto_generichash_final(&sum, out, 32);
    memcpy(disk_root, first, sizeof disk_root);
}

/* Shows: the same seed gives the same files, names and counts in another folder, and another seed others. */
static void seeds_repeat(void **state)
{
    uint8_t first[32], second[32], third[32];
    history(5, 0, first);
    assert_int_equal(disk_fixture_tear_down(state), 0);
    assert_int_equal(disk_fixture_set_up(state), 0);
    history(5, 0, second);
    assert_int_equal(disk_fixture_tear_down(state), 0);
    assert_int_equal(disk_fixture_set_up(state), 0);
    history(6, 0, third);
    assert_memory_equal(first, second, 32);
    assert_memory_not_equal(first, third, 32);
}

/* Shows: in another folder everything goes on as it would have in the first: what is there, what is not synced yet,
 * what was removed and may come back, and the counts; and the first folder's files stay what they were. */
static void other_folder_is_the_same(void **state)
{
    uint8_t stays[32], moves[32];
    char first[sizeof disk_root];
    history(5, 0, stays);
    assert_int_equal(disk_fixture_tear_down(state), 0);
    assert_int_equal(disk_fixture_set_up(state), 0);
    history(5, 7, moves);
    assert_memory_equal(stays, moves, 32);
    assert_int_equal(disk_fixture_tear_down(state), 0);
    assert_int_equal(disk_fixture_set_up(state), 0);
    disk_put("m1/kept", "as it was", 0);
    memcpy(first, disk_root, sizeof first);
    move_house(first);
    disk_put("m1/kept", "another", 0);
    assert_int_equal(unlink(disk_at("m1/kept")), 0);
    memcpy(disk_root, first, sizeof disk_root);
    assert_string_equal(disk_get("m1/kept"), "as it was");
}

/* Shows: files that lie elsewhere are not touched by any of this. */
static void others_pass_through(void **state)
{
    char path[] = "/tmp/satchel-disk-other-XXXXXX", more[64], text[8] = "";
    FILE *stream;
    int fd = mkstemp(path);
    (void)state;
    disk_kill(1);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "else", 4), 4);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(close(fd), 0);
    (void)snprintf(more, sizeof more, "%s.more", path);
    assert_int_equal(rename(path, more), 0);
    assert_non_null(stream = fopen(more, "r"));
    assert_non_null(fgets(text, sizeof text, stream));
    assert_string_equal(text, "else");
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(unlink(more), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sectors_hold_what_they_held),
        TEST(last_step_may_be_half),
        TEST(kill_loses_nothing),
        TEST(replaced_file_is_whole),
        TEST(renames_are_never_half),
        TEST(names_want_their_folder_synced),
        TEST(streams_are_simulated),
        TEST(quota_is_kept),
        TEST(calls_fail_once),
        TEST(copies_are_whole),
        TEST(seeds_repeat),
        TEST(other_folder_is_the_same),
        TEST(others_pass_through),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
