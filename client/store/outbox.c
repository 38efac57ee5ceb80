/* Keeps the outbox where the store is: appends what is queued, cuts back what the office has, makes it anew if it is
 * not this store's. */
#include "outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unsent.h"

#define NEXT_FILE OUTBOX_FILE ".next" /* one that is being made */

void outbox_close(struct outbox *o)
{
    if (o->is_open)
        (void)close(o->fd);
    memset(o, 0, sizeof *o);
}

int outbox_count(const struct outbox *o, struct db *db, uint64_t *count, struct error *e)
{
    *count = 0;
    return !o->is_open ? 0 : unsent_count_through(db, o->epoch, o->through, count, e);
}

/* --- reading --- */

static int open_folder(const char *folder, int *out, struct error *e)
{
    *out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0 && errno == ENOENT)
        return error_set(e, E_NOT_FOUND, "there is no folder %s", folder);
    return *out >= 0 ? 0 : error_system(e, E_IO, errno, "the folder %s cannot be opened", folder);
}

/* Opens a file of the folder. E_NOT_FOUND. E_REFUSED: it is no regular file (a link or a pipe that somebody put there).
 */
static int open_at(int folder, const char *name, int flags, int *out, struct error *e)
{
    struct stat s;
    int fd = openat(folder, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 && errno == ENOENT)
        return error_set(e, E_NOT_FOUND, "there is no %s", name);
    if (fd < 0 && errno != ELOOP && errno != EISDIR)
        return error_system(e, E_IO, errno, "%s cannot be opened", name);
    if (fd < 0 || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
        if (fd >= 0)
            (void)close(fd);
        return error_set(e, E_REFUSED, "%s is no regular file; look at what it is, and move it away", name);
    }
    *out = fd;
    return 0;
}

static int read_at(int folder, FILE **out, struct error *e)
{
    int fd = -1, code = open_at(folder, OUTBOX_FILE, O_RDONLY, &fd, e);
    if (code != 0)
        return code;
    if ((*out = fdopen(fd, "rb")) == NULL) {
        (void)close(fd);
        return error_memory(e);
    }
    return 0;
}

int outbox_read(const char *folder, FILE **out, struct error *e)
{
    int fd, code = open_folder(folder, &fd, e);
    if (code != 0)
        return code;
    code = read_at(fd, out, e);
    (void)close(fd);
    return code;
}

int outbox_source(void *file, uint8_t *out, size_t size, size_t *got, struct error *e)
{
    *got = fread(out, 1, size, file);
    return ferror((FILE *)file) ? error_system(e, E_IO, errno, "%s cannot be read", OUTBOX_FILE) : 0;
}

uint64_t outbox_sealed(const char *folder)
{
    struct courier_reader r = {.typed = 0};
    FILE *file;
    if (outbox_read(folder, &file, NULL) != 0)
        return 0;
    (void)courier_walk(&r, (struct courier_source){outbox_source, file}, NULL);
    (void)fclose(file);
    return r.typed;
}

/* --- following the store --- */

static int write_all(const struct outbox *o, struct slice bytes, uint64_t at)
{
    while (bytes.size != 0) {
        ssize_t wrote = pwrite(o->fd, bytes.p, bytes.size, (off_t)at);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -1;
        bytes.p += wrote;
        bytes.size -= (size_t)wrote;
        at += (uint64_t)wrote;
    }
    return 0;
}

static int append_batch(struct outbox *o, const struct unsent_batch *batch, struct error *e)
{
    const struct courier_item item = {.epoch = batch->epoch,
                                      .first_seq = batch->first_seq,
                                      .last_seq = batch->last_seq,
                                      .typed = (uint32_t)batch->typed};
    struct slice bytes;
    int code = courier_seal(&o->header, &item, (struct slice){batch->head, batch->head_bytes}, batch->bytes, &bytes, e);
    if (code != 0)
        return code;
    if (write_all(o, bytes, o->bytes) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", OUTBOX_FILE);
    else
        o->bytes += bytes.size;
    free((void *)bytes.p);
    return code;
}

/* Appends all queued changes from number `from` on: one item for what one batch takes. */
static int append_from(struct outbox *o, struct db *db, const struct chain *own, const uint8_t *secret, uint64_t from,
                       struct error *e)
{
    for (;;) {
        struct unsent_batch batch;
        int code = unsent_take(db, &(struct unsent_from){own, secret, from, LIMITS_BATCH_MAX}, &batch, e);
        if (code == 0 && batch.count == 0)
            return 0;
        if (code == 0)
            code = append_batch(o, &batch, e);
        from = batch.last_seq + 1;
        unsent_free(&batch);
        if (code != 0)
            return code;
    }
}

static int cut(const struct outbox *o, uint64_t bytes, struct error *e)
{
    if (ftruncate(o->fd, (off_t)bytes) != 0 || fsync(o->fd) != 0)
        return error_system(e, E_IO, errno, "%s cannot be cut back", OUTBOX_FILE);
    return 0;
}

/* 1: the outbox has changes, but not all queued ones before them; 0: none is missing; -1: failed, e says why. */
static int lacks(const struct outbox *o, struct db *db, const struct chain *own, struct error *e)
{
    uint64_t acked;
    if (unsent_acked(db, own->epoch, &acked, e) != 0)
        return -1;
    return o->bytes > COURIER_HEADER_BYTES && o->epoch == own->epoch && acked + 1 < o->from;
}

/* The file is open and whole up to o->bytes: brings it to where the store is. */
static int catch_up(struct outbox *o, struct db *db, const struct chain *own, const uint8_t *secret, struct error *e)
{
    int is_empty = o->bytes == COURIER_HEADER_BYTES, code, waits = 0;
    /* Queued changes of an earlier epoch need no copy: the office has them, and proves it at a push, or they were
     * written once more. */
    uint64_t acked, through = o->epoch == own->epoch && !is_empty ? o->through : 0;
    if ((code = unsent_acked(db, own->epoch, &acked, e)) != 0 || (code = unsent_waits(db, &waits, e)) != 0)
        return code;
    if (waits && through < own->seq) {
        if (acked >= through)
            o->from = acked + 1;
        code = append_from(o, db, own, secret, (through > acked ? through : acked) + 1, e);
        if (code == 0 && fsync(o->fd) != 0)
            code = error_system(e, E_IO, errno, "%s cannot be written", OUTBOX_FILE);
    } else if (!waits && o->bytes > COURIER_HEADER_BYTES) {
        if ((code = cut(o, COURIER_HEADER_BYTES, e)) == 0)
            o->bytes = COURIER_HEADER_BYTES;
    }
    if (code == 0) {
        o->epoch = own->epoch;
        o->through = own->seq;
    }
    return code;
}

/* Makes a new outbox, whole before it replaces the file that was there. */
static int make_outbox(struct outbox *o, int folder, struct db *db, const struct chain *own, const uint8_t *secret,
                       struct error *e)
{
    uint8_t header[COURIER_HEADER_BYTES];
    int code = open_at(folder, NEXT_FILE, O_WRONLY | O_CREAT | O_TRUNC, &o->fd, e);
    if (code != 0)
        return code;
    o->is_open = 1;
    courier_header_write(&o->header, header);
    o->bytes = sizeof header;
    if (write_all(o, (struct slice){header, sizeof header}, 0) != 0 || fchmod(o->fd, S_IRUSR | S_IWUSR) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", NEXT_FILE);
    if (code == 0)
        code = catch_up(o, db, own, secret, e);
    if (code == 0 && (fsync(o->fd) != 0 || renameat(folder, NEXT_FILE, folder, OUTBOX_FILE) != 0 || fsync(folder) != 0))
        code = error_system(e, E_IO, errno, "%s cannot be put in its place", NEXT_FILE);
    if (code != 0)
        (void)unlinkat(folder, NEXT_FILE, 0);
    return code;
}

/* Gives the file a name of its own, beside: it is what another store left unsent, and not ours to drop. */
static int move_aside(int folder, const struct id *device, struct error *e)
{
    char name[sizeof OUTBOX_FILE + ID_TEXT + 8], text[ID_TEXT];
    id_format(device, text);
    for (int n = 1; n < 1000; n++) {
        (void)snprintf(name, sizeof name, "%s.%s.%d", OUTBOX_FILE, text, n);
        if (linkat(folder, OUTBOX_FILE, folder, name, 0) == 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return error_system(e, E_IO, errno, "%s cannot be set aside", OUTBOX_FILE);
}

int outbox_set_aside(const char *folder, const struct id *device, struct error *e)
{
    int fd, code = open_folder(folder, &fd, e);
    if (code != 0)
        return code;
    /* The file has two names until this removes the first; then the next outbox is made. */
    if ((code = move_aside(fd, device, e)) == 0 && (unlinkat(fd, OUTBOX_FILE, 0) != 0 || fsync(fd) != 0))
        code = error_system(e, E_IO, errno, "%s cannot be set aside", OUTBOX_FILE);
    (void)close(fd);
    return code;
}

unsigned outbox_warn(const char *folder, FILE *err)
{
    DIR *all = opendir(folder);
    const struct dirent *file;
    unsigned count = 0;
    if (all == NULL)
        return 0;
    while ((file = readdir(all)) != NULL) {
        /* "store.outbox.", a device's id, and a number */
        if (strncmp(file->d_name, OUTBOX_FILE ".", sizeof OUTBOX_FILE) != 0 ||
            strlen(file->d_name) < sizeof OUTBOX_FILE + ID_TEXT)
            continue;
        count++;
        (void)fprintf(err,
                      "%s/%s has sealed changes that this store may lack: bring it to the office, where `satcheld "
                      "courier DIR FILE` takes it in, and remove it then\n",
                      folder, file->d_name);
    }
    (void)closedir(all);
    return count;
}

/* Opens the file that is there, if it is this store's and sealed to the office's key, else makes one. o->header is what
 * it must say. */
static int attach(struct outbox *o, int folder, struct db *db, const struct chain *own, const uint8_t *secret,
                  struct error *e)
{
    struct courier_reader r = {.end = COURIER_DAMAGED};
    FILE *file;
    int behind, code = read_at(folder, &file, e);
    if (code == 0) {
        code = courier_walk(&r, (struct courier_source){outbox_source, file}, e);
        (void)fclose(file);
    }
    if (code == E_NOT_FOUND || code == E_INPUT)
        return make_outbox(o, folder, db, own, secret, e);
    if (code != 0)
        return code;
    if (!id_equal(&r.header.device, &own->device)) {
        if (r.items != 0 && (code = move_aside(folder, &r.header.device, e)) != 0)
            return code;
        return make_outbox(o, folder, db, own, secret, e);
    }
    if (r.epoch > own->epoch || (r.epoch == own->epoch && r.last_seq > own->seq))
        return error_set(e, E_EXISTS,
                         "this store is an older copy: it ends at change %llu of this laptop, and %s has change %llu",
                         (unsigned long long)own->seq, OUTBOX_FILE, (unsigned long long)r.last_seq);
    o->bytes = r.good_bytes;
    o->epoch = r.epoch;
    o->from = r.run_seq;
    o->through = r.last_seq;
    if ((behind = lacks(o, db, own, e)) < 0)
        return error_code(e);
    if (behind || memcmp(&r.header.seal_key, &o->header.seal_key, sizeof o->header.seal_key) != 0)
        return make_outbox(o, folder, db, own, secret, e);
    if ((code = open_at(folder, OUTBOX_FILE, O_WRONLY, &o->fd, e)) != 0)
        return code;
    o->is_open = 1;
    code = r.end != COURIER_WHOLE ? cut(o, o->bytes, e) : 0;
    return code != 0 ? code : catch_up(o, db, own, secret, e);
}

int outbox_follow(struct outbox *o, const char *folder, struct db *db, const struct chain *own, const uint8_t *secret,
                  struct error *e)
{
    struct courier_header header = {.device = own->device};
    uint64_t whole = o->bytes;
    int fd, behind, code = db_meta_get(db, "seal_key", header.seal_key, sizeof header.seal_key, e);
    if (code == E_NOT_FOUND)
        return 0;
    if (code != 0)
        return code;
    if ((behind = o->is_open ? lacks(o, db, own, e) : 0) < 0)
        return error_code(e);
    if (o->is_open && (behind || memcmp(&header, &o->header, sizeof header) != 0))
        outbox_close(o);
    if (o->is_open) {
        /* Cut off what was written of an item that did not fit; if that fails, the next attach does it. */
        if ((code = catch_up(o, db, own, secret, e)) != 0)
            (void)cut(o, whole, NULL);
    } else {
        o->header = header;
        if ((code = open_folder(folder, &fd, e)) == 0) {
            code = attach(o, fd, db, own, secret, e);
            (void)close(fd);
        }
    }
    if (code != 0)
        outbox_close(o);
    return code;
}
