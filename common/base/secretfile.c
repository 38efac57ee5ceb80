/* A secret in a file of its own; secretfile.h has its bytes. */
#include "secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

#define MAGIC "satchel secret 1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define TEXT_BYTES 44 /* base64 of 32 bytes */
#define FILE_BYTES (MAGIC_BYTES + TEXT_BYTES + 1)

_Static_assert(sodium_base64_ENCODED_LEN(SECRETFILE_BYTES, sodium_base64_VARIANT_ORIGINAL) == TEXT_BYTES + 1, "base64");

/* Writes the folder of path, or "." if path names none. -1: it is too long. */
static int folder_of(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 0 : (size_t)(slash + 1 - path);
    if (bytes >= PATH_MAX)
        return -1;
    memcpy(out, bytes > 0 ? path : ".", bytes > 0 ? bytes : 1);
    out[bytes > 0 ? bytes : 1] = '\0';
    return 0;
}

/* ---- making ---- */

static int write_file(int fd, const uint8_t *bytes, size_t count)
{
    ssize_t wrote = 0;
    for (size_t at = 0; at < count; at += (size_t)wrote) {
        wrote = write(fd, bytes + at, count - at);
        if (wrote < 0 && errno == EINTR)
            wrote = 0;
        if (wrote < 0)
            return -1;
    }
    return fsync(fd);
}

int secretfile_create(const char *path, uint8_t secret[SECRETFILE_BYTES], struct error *e)
{
    char text[FILE_BYTES + 1];
    int number = 0, code = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    memset(secret, 0, SECRETFILE_BYTES);
    if (fd < 0 && errno == EEXIST)
        return error_set(e, E_EXISTS, "there is something at %s already; it is left as it is", path);
    if (fd < 0)
        return error_system(e, errno == ENOENT ? E_NO_STORE : E_IO, errno, "%s could not be made", path);
    randombytes_buf(secret, SECRETFILE_BYTES);
    memcpy(text, MAGIC, MAGIC_BYTES);
    sodium_bin2base64(text + MAGIC_BYTES, TEXT_BYTES + 1, secret, SECRETFILE_BYTES, sodium_base64_VARIANT_ORIGINAL);
    text[FILE_BYTES - 1] = '\n';
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || write_file(fd, (const uint8_t *)text, FILE_BYTES) != 0)
        number = errno;
    if (close(fd) != 0 && number == 0)
        number = errno;
    if (number == 0 && folder_sync_of(path, NULL) != 0)
        number = EIO;
    sodium_memzero(text, sizeof text);
    if (number != 0) {
        (void)unlink(path);
        sodium_memzero(secret, SECRETFILE_BYTES);
        code = error_system(e, E_IO, number, "%s could not be written; nothing of it is left", path);
    }
    return code;
}

/* ---- reading ---- */

/* 1: path is in the folder that systemd made for this program's credentials. */
static int is_credential(const char *path)
{
    const char *given = getenv("CREDENTIALS_DIRECTORY");
    char folder[PATH_MAX];
    struct stat a, b;
    return given != NULL && folder_of(path, folder) == 0 && stat(given, &a) == 0 && stat(folder, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int secretfile_check(int fd, const char *path, struct error *e)
{
    struct stat status;
    mode_t others = S_IRWXG | S_IRWXO;
    if (fstat(fd, &status) != 0)
        return error_system(e, E_IO, errno, "%s could not be looked at", path);
    if (!S_ISREG(status.st_mode))
        return error_set(e, E_REFUSED, "%s is not a file; name the file that holds the secret", path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return error_set(e, E_REFUSED, "%s belongs to another user; change its owner", path);
    if (is_credential(path))
        others &= ~(mode_t)S_IRGRP;
    if ((status.st_mode & others) != 0)
        return error_set(e, E_REFUSED,
                         "others may use %s; take that from them (chmod 600), and make a new secret if "
                         "somebody may have read it",
                         path);
    return 0;
}

/* Reads up to room bytes; -1 on an error. */
static ssize_t read_file(int fd, char *out, size_t room)
{
    size_t count = 0;
    while (count < room) {
        ssize_t got = read(fd, out + count, room - count);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        count += (size_t)got;
    }
    return (ssize_t)count;
}

/* Reads the secret from a file's text. 1: done; 0: it is no secret file's. The secret is encoded again and compared,
 * since libsodium's decoder takes some bytes that are no base64. */
static int decode(const char text[FILE_BYTES], uint8_t secret[SECRETFILE_BYTES])
{
    char again[TEXT_BYTES + 1];
    size_t bytes = 0;
    int holds;
    if (memcmp(text, MAGIC, MAGIC_BYTES) != 0 || text[FILE_BYTES - 1] != '\n' ||
        sodium_base642bin(secret, SECRETFILE_BYTES, text + MAGIC_BYTES, TEXT_BYTES, NULL, &bytes, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        bytes != SECRETFILE_BYTES)
        return 0;
    sodium_bin2base64(again, sizeof again, secret, SECRETFILE_BYTES, sodium_base64_VARIANT_ORIGINAL);
    holds = sodium_memcmp(again, text + MAGIC_BYTES, TEXT_BYTES) == 0;
    sodium_memzero(again, sizeof again);
    return holds;
}

int secretfile_read(const char *path, uint8_t secret[SECRETFILE_BYTES], struct error *e)
{
    char text[FILE_BYTES + 1];
    ssize_t got;
    int code, fd;
    memset(secret, 0, SECRETFILE_BYTES);
    /* O_NONBLOCK: a pipe must not keep us waiting. O_NOFOLLOW: the file must be no link to somebody else's file. */
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return error_set(e, E_REFUSED, "%s is a symbolic link; name the file itself", path);
    if (fd < 0)
        return error_system(e, errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : E_IO, errno,
                            "the secret %s could not be opened", path);
    code = secretfile_check(fd, path, e);
    if (code == 0) {
        got = read_file(fd, text, sizeof text);
        if (got < 0)
            code = error_system(e, E_IO, errno, "the secret %s could not be read", path);
        else if (got != FILE_BYTES || !decode(text, secret))
            code = error_set(e, E_INPUT, "%s holds no secret of Satchel; name the file that was made for it", path);
    }
    (void)close(fd);
    sodium_memzero(text, sizeof text);
    if (code != 0)
        sodium_memzero(secret, SECRETFILE_BYTES);
    return code;
}
