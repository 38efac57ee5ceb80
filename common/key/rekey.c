/* A new data key for a store. The order of the steps makes the job safe against a crash at any moment:
 *
 *   1  open the key file with what the caller has; carry the store's log over, so that it is empty; lock the store, and
 *      open its first page (begin, settle, lock_store, open_source)
 *   2  make <keys>.next, with a new data key under the same passphrase; or take up that of an earlier job, if it opens
 *      (take_up_or_make)
 *   3  make <db>.next, page by page. A page's nonce comes from its old nonce and tag, so a page that is there already
 *      with that nonce, and whose tag fits, is right; any other is written (copy_page)
 *   4  sync <db>.next. From here on both files are complete (copy_all)
 *   4b what stands in the database sealed under the old data key is sealed under the new one (renew)
 *   5  carry the chain end, the lease and the pairs over into <keys>.next (keyfile_next_carry)
 *   6  rename <db>.next to <db>, and sync the folder (change_places)
 *   7  rename <keys>.next to <keys>, and sync the folder (replace_keys)
 *
 * Before 6 the store is the old one; after 7 it is the new one. In between its key stands in <keys>.next alone, and
 * rekey_finish does step 7. So <keys>.next is never removed once step 6 may have happened. */
#include "rekey.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "folder.h"
#include "keyfile_private.h"
#include "vault_private.h"

#define NAME_MAX_BYTES (PATH_MAX + 8)
#define SYNC_PAGES 4096 /* 16 MiB */

/* SQLite never writes or reads the page at 1 GiB: a database that reaches it has a hole there. */
#define LOCK_PAGE ((1ull << 30) / VAULT_PAGE_BYTES + 1)

/* All secrets of a job, in memory from sodium_malloc. */
struct secrets {
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES], lease[32];
    struct vault_secret from, to;
};

struct job {
    const struct rekey_options *o;
    struct keyfile_next files;
    char db[NAME_MAX_BYTES], keys[NAME_MAX_BYTES], next_db[NAME_MAX_BYTES + 8], next_keys[NAME_MAX_BYTES + 8];
    struct vault_share share;
    struct secrets *secrets;
    int from, to; /* the databases; -1: not open */
    uint64_t pages;
    size_t dropped;
};

static void tell_progress(const struct job *j, uint64_t done)
{
    if (j->o->progress != NULL)
        j->o->progress(j->o->context, done, j->pages);
}

/* ---- beginning and ending ---- */

/* Resolves links: the file itself gets replaced, not a link to it. */
static int resolve(const char *path, char out[NAME_MAX_BYTES], struct error *e)
{
    char full[PATH_MAX];
    if (realpath(path, full) == NULL)
        return error_system(e, errno == ENOENT || errno == ENOTDIR ? E_NO_STORE : E_IO, errno, "%s could not be found",
                            path);
    (void)snprintf(out, NAME_MAX_BYTES, "%s", full);
    return 0;
}

static void end(struct job *j)
{
    if (j->from >= 0)
        (void)close(j->from);
    if (j->to >= 0)
        (void)close(j->to);
    vault_share_close(&j->share);
    sodium_free(j->secrets);
}

/* Reads the lease, if there is one that goes on. None is no error: whoever opened the key file without a lease needs
 * none now. */
static int read_lease(struct job *j, struct error *e)
{
    struct keyfile_lease lease;
    struct error told = {0};
    int code = keyfile_lease_get(j->keys, j->secrets->old_key, j->o->now_ms, &lease, &told);
    memcpy(j->secrets->lease, lease.secret, sizeof lease.secret);
    j->files.lease = code == 0 ? j->secrets->lease : NULL;
    sodium_memzero(&lease, sizeof lease);
    if (code == 0 || code == E_NOT_FOUND || code == E_LOCKED)
        return 0;
    return error_set(e, code, "%s", told.text);
}

static int open_keys(struct job *j, struct error *e)
{
    const struct keyfile_opener *with = &j->o->with;
    struct keyfile_attempt attempt = {with->passphrase, j->o->now_ms};
    return with->secret != NULL ? keyfile_open_secret(j->keys, with->secret, j->secrets->old_key, e)
                                : keyfile_open(j->keys, &attempt, j->secrets->old_key, NULL, e);
}

/* Settles names and memory, and opens the old key. On an error everything has been given back. */
static int begin(struct job *j, const struct rekey_options *o, struct error *e)
{
    int code;
    memset(j, 0, sizeof *j);
    j->o = o;
    j->from = j->to = j->share.file = -1;
    if ((code = resolve(o->db, j->db, e)) != 0 || (code = resolve(o->keys, j->keys, e)) != 0)
        return code;
    (void)snprintf(j->next_db, sizeof j->next_db, "%s.next", j->db);
    (void)snprintf(j->next_keys, sizeof j->next_keys, "%s.next", j->keys);
    if ((j->secrets = sodium_malloc(sizeof *j->secrets)) == NULL) {
        (void)error_set(e, E_MEMORY, "there is no memory for a new key; close other programs and try again");
        return E_MEMORY;
    }
    sodium_memzero(j->secrets, sizeof *j->secrets);
    j->files = (struct keyfile_next){.path = j->keys,
                                     .next = j->next_keys,
                                     .with = o->with,
                                     .cost = o->cost,
                                     .old_key = j->secrets->old_key,
                                     .key = j->secrets->key,
                                     .holds = o->holds,
                                     .context = o->context};
    code = open_keys(j, e);
    if (code == 0)
        code = read_lease(j, e);
    if (code != 0)
        end(j);
    return code;
}

/* ---- 1: an empty log, and nobody else ---- */

/* Carries the log of a database over into it, which also proves that the key is the database's. */
static int settle(const char *path, const uint8_t key[VAULT_KEY_BYTES], struct error *e)
{
    sqlite3 *db;
    int rc, code = vault_open(&db, path, key, 0, 0, e);
    if (code != 0)
        return code;
    rc = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc != SQLITE_OK)
        code = vault_error(db, "the store could not be made ready for a new key", e);
    vault_close(db);
    return code;
}

static int busy(struct error *e)
{
    return error_set(e, E_BUSY, "another program is using the store; close it and try again");
}

/* Locks the store against all writers and readers, in this process too. */
static int lock_store(struct job *j, struct error *e)
{
    char log[NAME_MAX_BYTES + 8];
    struct stat status;
    int rc = vault_share_open(&j->share, j->db, 1);
    if (rc == SQLITE_OK)
        rc = vault_share_keep_out(&j->share, VAULT_SHARE_CHECKPOINT);
    if (rc == SQLITE_BUSY)
        return busy(e);
    if (rc != SQLITE_OK)
        return error_system(e, E_IO, errno, "%s could not be locked", j->db);
    /* Somebody wrote between settle and this lock, and died: the log is back. */
    (void)snprintf(log, sizeof log, "%s-wal", j->db);
    if (stat(log, &status) == 0 && status.st_size > 0)
        return busy(e);
    return 0;
}

/* ---- 2: the new key file ---- */

/* A log of the new database is one that renew left when it was killed: its pages are older than the copy. */
static void remove_log(const struct job *j)
{
    static const char *const ends[] = {"-wal", "-lock"};
    char path[NAME_MAX_BYTES + 16];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(path, sizeof path, "%s%s", j->next_db, ends[i]);
        (void)unlink(path);
    }
}

static void remove_next(const struct job *j)
{
    remove_log(j);
    (void)unlink(j->next_db);
    (void)unlink(j->next_keys);
}

static int take_up_or_make(const struct job *j, struct error *e)
{
    int code = keyfile_next_open(&j->files, NULL);
    if (code == 0)
        return 0;
    if (code == E_MEMORY)
        return error_set(e, code, "there is no memory to open %s; close other programs", j->next_keys);
    /* The file is missing, somebody else's, or damaged: nothing that was sealed under its key is of use. */
    remove_next(j);
    return keyfile_next_make(&j->files, e);
}

/* ---- 3, 4: the new database ---- */

static int bad_page(const struct job *j, uint64_t number, struct error *e)
{
    return error_set(e, E_VERIFY, "page %llu of %s failed its seal; restore the store from a backup",
                     (unsigned long long)number, j->db);
}

static int cut_short(const struct job *j, struct error *e)
{
    return error_set(e, E_VERIFY, "%s was cut short; restore the store from a backup", j->db);
}

/* Returns how many pages the database has, as page 1 says (SQLite's file format, 1.3.7; big endian). */
static uint64_t page_count(const uint8_t page[VAULT_PAGE_BYTES])
{
    return (uint64_t)page[28] << 24 | (uint64_t)page[29] << 16 | (uint64_t)page[30] << 8 | page[31];
}

/* 0: read; 1: the file ends before the page does; -1: errno says why. */
static int read_page(int fd, uint64_t number, uint8_t disk[VAULT_PAGE_BYTES])
{
    for (size_t at = 0; at < VAULT_PAGE_BYTES;) {
        ssize_t got =
            pread(fd, disk + at, VAULT_PAGE_BYTES - at, (off_t)((number - 1) * VAULT_PAGE_BYTES + (uint64_t)at));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            return 1;
        at += (size_t)got;
    }
    return 0;
}

static int write_page(int fd, uint64_t number, const uint8_t disk[VAULT_PAGE_BYTES])
{
    for (size_t at = 0; at < VAULT_PAGE_BYTES;) {
        ssize_t wrote =
            pwrite(fd, disk + at, VAULT_PAGE_BYTES - at, (off_t)((number - 1) * VAULT_PAGE_BYTES + (uint64_t)at));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -1;
        at += (size_t)wrote;
    }
    return 0;
}

/* Gives the new database the owner and mode of the old one. */
static int same_rights(int fd, const struct stat *status)
{
    if (geteuid() == 0 && fchown(fd, status->st_uid, status->st_gid) != 0)
        return -1;
    return fchmod(fd, status->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO));
}

/* Opens the database as it is. Its first page must open: that proves that the old key is this store's before anything
 * is removed. */
static int open_source(struct job *j, struct error *e)
{
    uint8_t disk[VAULT_PAGE_BYTES];
    struct vault_secret *from = &j->secrets->from;
    struct stat status;
    int rc;
    j->from = open(j->db, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (j->from < 0 || fstat(j->from, &status) != 0 || (rc = read_page(j->from, 1, disk)) < 0)
        return error_system(e, E_IO, errno, "%s could not be read", j->db);
    if (rc > 0 || status.st_size % VAULT_PAGE_BYTES != 0)
        return cut_short(j, e);
    j->pages = (uint64_t)status.st_size / VAULT_PAGE_BYTES;
    vault_page_keys(from, j->secrets->old_key, disk);
    if (vault_page_open(from, 1, disk, from->plain) != 0)
        return bad_page(j, 1, e);
    return page_count(from->plain) > j->pages ? cut_short(j, e) : 0;
}

/* Opens the new database. It has a file id of its own: that of an earlier job, if its first page opens. */
static int open_target(struct job *j, struct error *e)
{
    uint8_t disk[VAULT_PAGE_BYTES];
    struct vault_secret *to = &j->secrets->to;
    struct stat status;
    int rc;
    j->to = open(j->next_db, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (j->to < 0 || fstat(j->from, &status) != 0 || same_rights(j->to, &status) != 0 ||
        (rc = read_page(j->to, 1, disk)) < 0)
        return error_system(e, E_IO, errno, "%s could not be made", j->next_db);
    if (rc > 0)
        memset(disk, 0, sizeof disk);
    vault_page_keys(to, j->secrets->key, disk);
    if (rc > 0 || vault_page_open(to, 1, disk, to->plain) != 0) {
        randombytes_buf(disk, VAULT_ID_BYTES);
        vault_page_keys(to, j->secrets->key, disk);
    }
    return 0;
}

/* Seals one page into the new database, unless it is there already and right. */
static int copy_page(struct job *j, uint64_t number, struct error *e)
{
    struct vault_secret *from = &j->secrets->from, *to = &j->secrets->to;
    uint8_t old[VAULT_PAGE_BYTES], new[VAULT_PAGE_BYTES], nonce[VAULT_NONCE_BYTES];
    int rc = read_page(j->from, number, old);
    if (rc < 0)
        return error_system(e, E_IO, errno, "%s could not be read", j->db);
    vault_page_next_nonce(to, number, old, nonce);
    if (rc == 0 && read_page(j->to, number, new) == 0 && memcmp(new + VAULT_BODY_BYTES, nonce, sizeof nonce) == 0 &&
        vault_page_open(to, number, new, to->plain) == 0)
        return 0;
    if (rc == 0 && number == LOCK_PAGE && sodium_is_zero(old, sizeof old)) {
        memset(new, 0, sizeof new);
    } else if (rc != 0 || vault_page_open(from, number, old, from->plain) != 0 ||
               !vault_page_fits(number, from->plain)) {
        return bad_page(j, number, e);
    } else {
        vault_page_seal_with(to, number, from->plain, nonce, new);
    }
    if (write_page(j->to, number, new) != 0)
        return error_system(e, E_IO, errno, "%s could not be written; the store is as it was", j->next_db);
    return 0;
}

static int copy_all(struct job *j, struct error *e)
{
    int code;
    remove_log(j);
    code = open_target(j, e);
    tell_progress(j, 0);
    for (uint64_t number = 1; number <= j->pages && code == 0; number++) {
        code = copy_page(j, number, e);
        if (code == 0 && number % SYNC_PAGES == 0 && fdatasync(j->to) != 0)
            code = error_system(e, E_IO, errno, "%s could not be written; the store is as it was", j->next_db);
        if (code == 0)
            tell_progress(j, number);
    }
    /* An earlier job may have left a longer file. */
    if (code == 0 && (ftruncate(j->to, (off_t)(j->pages * VAULT_PAGE_BYTES)) != 0 || fsync(j->to) != 0))
        code = error_system(e, E_IO, errno, "%s could not be written; the store is as it was", j->next_db);
    tell_progress(j, j->pages);
    return code;
}

/* The caller seals what he must. The lock file that the vault made beside the new database goes. */
/* What renew wrote stands in the new database's log until that is carried over: SQLite does it when it closes, and says
 * nothing if it fails. The log is removed only once it is empty, since what was sealed anew is nowhere else. */
static int renew(const struct job *j, struct error *e)
{
    int code;
    if (j->o->renew == NULL)
        return 0;
    code = j->o->renew(j->o->context, j->next_db, j->secrets->old_key, j->secrets->key, e);
    if (code == 0)
        code = settle(j->next_db, j->secrets->key, e);
    remove_log(j);
    if (code == 0 && fsync(j->to) != 0)
        code = error_system(e, E_IO, errno, "%s could not be written; the store is as it was", j->next_db);
    return code;
}

/* ---- 5, 6, 7: the files change places ---- */

static int replace(const char *next, const char *path)
{
    return rename(next, path) != 0 || folder_sync_of(path, NULL) != 0 ? -1 : 0;
}

/* Step 7. If it fails, rekey_finish can do it later. */
static int replace_keys(struct job *j, struct error *e)
{
    struct stat status;
    /* The new key file gets the old one's owner. */
    if (stat(j->keys, &status) != 0 || (geteuid() == 0 && lchown(j->next_keys, status.st_uid, status.st_gid) != 0) ||
        replace(j->next_keys, j->keys) != 0)
        return error_system(e, E_IO, errno,
                            "%s has a new key, but %s could not take its place; do not remove either, and try again",
                            j->db, j->next_keys);
    tell_progress(j, j->pages);
    return 0;
}

/* Steps 5 to 7. *begun: 1 once the database may have changed places. The lock of the key file's folder keeps away
 * everybody who would write an old key file over the new one. */
static int change_places(struct job *j, int *begun, struct error *e)
{
    int folder, code = file_lock(j->keys, &folder, e);
    if (code != 0)
        return code;
    code = keyfile_next_carry(&j->files, folder, &j->dropped, e);
    tell_progress(j, j->pages);
    if (code == 0) {
        *begun = 1;
        if (replace(j->next_db, j->db) != 0)
            code = error_system(e, E_IO, errno, "%s could not be replaced; try again", j->db);
        tell_progress(j, j->pages);
    }
    if (code == 0)
        code = replace_keys(j, e);
    file_unlock(folder);
    return code;
}

/* ---- a job that died between 6 and 7 ---- */

/* E_WRONG_KEY: the new key does not open the database. */
static int check_database(struct job *j, struct error *e)
{
    uint8_t disk[VAULT_PAGE_BYTES];
    struct vault_secret *to = &j->secrets->to;
    int rc;
    j->from = open(j->db, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (j->from < 0 || (rc = read_page(j->from, 1, disk)) < 0)
        return error_system(e, E_IO, errno, "%s could not be read", j->db);
    vault_page_keys(to, j->secrets->key, disk);
    if (rc > 0 || vault_page_open(to, 1, disk, to->plain) != 0)
        return error_set(e, E_WRONG_KEY, "neither %s nor %s opens %s; restore the store from a backup", j->keys,
                         j->next_keys, j->db);
    return 0;
}

/* Step 7 of a job that died. j has the old key. */
static int finish(struct job *j, struct error *e)
{
    int folder, code;
    if (access(j->next_keys, F_OK) != 0)
        return error_set(e, E_NOT_FOUND, "no new key was being made for %s", j->db);
    if ((code = keyfile_next_open(&j->files, e)) != 0 || (code = lock_store(j, e)) != 0 ||
        (code = check_database(j, e)) != 0 || (code = file_lock(j->keys, &folder, e)) != 0)
        return code;
    code = keyfile_next_carry(&j->files, folder, &j->dropped, e);
    if (code == 0)
        code = replace_keys(j, e);
    file_unlock(folder);
    return code;
}

/* ---- what others call ---- */

static int give(const struct job *j, int code, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped)
{
    if (code == 0)
        memcpy(key, j->secrets->key, KEYFILE_KEY_BYTES);
    if (dropped != NULL)
        *dropped = j->dropped;
    return code;
}

int rekey_run(const struct rekey_options *o, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped, struct error *e)
{
    struct job j;
    int begun = 0, code = begin(&j, o, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    code = settle(j.db, j.secrets->old_key, e);
    if (code == E_WRONG_KEY && access(j.next_keys, F_OK) == 0) {
        code = finish(&j, e);
        goto out;
    }
    if (code != 0 || (code = lock_store(&j, e)) != 0 || (code = open_source(&j, e)) != 0)
        goto out;
    if ((code = take_up_or_make(&j, e)) == 0) {
        tell_progress(&j, 0);
        code = copy_all(&j, e);
    }
    if (code == 0)
        code = renew(&j, e);
    if (code == 0)
        code = change_places(&j, &begun, e);
    if (code != 0 && !begun)
        remove_next(&j);
out:
    code = give(&j, code, key, dropped);
    end(&j);
    return code;
}

int rekey_finish(const struct rekey_options *o, uint8_t key[KEYFILE_KEY_BYTES], size_t *dropped, struct error *e)
{
    struct job j;
    int code = begin(&j, o, e);
    memset(key, 0, KEYFILE_KEY_BYTES);
    if (code != 0)
        return code;
    code = give(&j, finish(&j, e), key, dropped);
    end(&j);
    return code;
}
