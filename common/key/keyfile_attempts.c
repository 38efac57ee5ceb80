/* Wrong passphrases: they are counted in the key file, and from the fourth on each attempt waits.
 *
 * The count is a courtesy to the owner and a brake for a thief who has the keyboard and nothing else: whoever can copy
 * the file can also guess beside it. So the count is not authenticated, and a file that cannot be written opens without
 * it. The wait is computed from times that a clock gave, and never exceeds a minute whatever the clock does. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "keyfile_private.h"

#define COUNT_AT KEYFILE_HEADER_BYTES
#define TIME_AT (KEYFILE_HEADER_BYTES + 8)
#define FREE_TRIES 3
#define WAIT_MAX_S 60

static void read_count(const struct keyfile_image *image, uint64_t *wrong, uint64_t *wrong_ms)
{
    size_t at = keyfile_image_find(image, KEYFILE_ATTEMPTS, KEYFILE_SLOTS_AT);
    *wrong = *wrong_ms = 0;
    if (at == image->count)
        return;
    *wrong = keyfile_image_get_le(image->bytes + at + COUNT_AT, 8);
    *wrong_ms = keyfile_image_get_le(image->bytes + at + TIME_AT, 8);
}

int keyfile_attempts_forget(struct keyfile_image *image)
{
    size_t at = keyfile_image_find(image, KEYFILE_ATTEMPTS, KEYFILE_SLOTS_AT);
    return at < image->count && keyfile_image_put(image, at, NULL, 0, NULL) == 0;
}

/* Changes the file's count by -1 or 1 and sets its time; does nothing if the file cannot be written. */
static void change_count(const char *path, int by, uint64_t wrong_ms)
{
    uint8_t slot[KEYFILE_ATTEMPTS_BYTES];
    struct keyfile_image image;
    uint64_t wrong, was_ms;
    int code = keyfile_image_begin(&image, path, NULL, NULL);
    if (code != 0)
        return;
    read_count(&image, &wrong, &was_ms);
    if (by > 0 && wrong < UINT64_MAX)
        wrong++;
    else if (by < 0 && wrong > 0)
        wrong--;
    (void)keyfile_attempts_forget(&image);
    if (wrong > 0) {
        keyfile_image_header(&image, slot, KEYFILE_ATTEMPTS, sizeof slot, NULL);
        keyfile_image_put_le(slot + COUNT_AT, wrong, 8);
        keyfile_image_put_le(slot + TIME_AT, wrong_ms, 8);
        code = keyfile_image_put(&image, image.count, slot, sizeof slot, NULL);
    }
    (void)keyfile_image_end(&image, code, NULL);
}

static void end_count(const char *path)
{
    struct keyfile_image image;
    if (keyfile_image_begin(&image, path, NULL, NULL) != 0)
        return;
    if (keyfile_attempts_forget(&image))
        (void)keyfile_image_end(&image, 0, NULL);
    else
        keyfile_image_leave(&image);
}

/* ---- waiting ---- */

/* Returns what is left of the wait. If now_ms is before wrong_ms (the clock was set back, or the file is forged), the
 * wait starts again. */
static uint64_t wait_ms(uint64_t wrong, uint64_t wrong_ms, uint64_t now_ms)
{
    uint64_t whole, gone = now_ms > wrong_ms ? now_ms - wrong_ms : 0;
    if (wrong < FREE_TRIES)
        return 0;
    whole = wrong - FREE_TRIES < 6 ? 1000ull << (wrong - FREE_TRIES) : WAIT_MAX_S * 1000ull;
    return gone < whole ? whole - gone : 0;
}

unsigned keyfile_wait_s(const char *path, uint64_t now_ms)
{
    struct keyfile_image image;
    uint64_t wrong, wrong_ms;
    if (keyfile_image_read(&image, path, NULL) != 0)
        return 0;
    read_count(&image, &wrong, &wrong_ms);
    sodium_memzero(&image, sizeof image);
    return (unsigned)((wait_ms(wrong, wrong_ms, now_ms) + 999) / 1000);
}

static void sleep_ms(uint64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* ---- one attempt ---- */

/* Erases the secret of a lease that is over on the disk too; the attempt's image has lost it already. */
static void expire_on_disk(const char *path, uint64_t now_ms)
{
    struct keyfile_image image;
    if (keyfile_image_begin(&image, path, NULL, NULL) != 0)
        return;
    if (keyfile_lease_expire(&image, now_ms))
        (void)keyfile_image_end(&image, 0, NULL);
    else
        keyfile_image_leave(&image);
    sodium_memzero(&image, sizeof image);
}

int keyfile_attempts_begin(struct keyfile_try *t, const char *path, const struct keyfile_attempt *attempt,
                           struct error *e)
{
    size_t size = attempt->passphrase.size;
    uint64_t now_ms = attempt->now_ms;
    int code = keyfile_image_read(&t->image, path, e);
    if (code != 0)
        goto out;
    t->now_ms = now_ms;
    t->counted = 0;
    read_count(&t->image, &t->wrong, &t->wrong_ms);
    /* No slot can have been made with this one: it is wrong at once, and not counted. */
    if (size < KEYFILE_PASSPHRASE_MIN || size > KEYFILE_PASSPHRASE_MAX) {
        code = error_set(e, E_WRONG_KEY, "the passphrase is wrong; try again");
        goto out;
    }
    /* Count the attempt before it waits, with the time at which it will be tried, so that killing the program wins
     * nothing. Somebody else may change the file during the wait: read it again. */
    if (t->wrong >= FREE_TRIES) {
        uint64_t wait = wait_ms(t->wrong, t->wrong_ms, now_ms);
        t->now_ms = now_ms < UINT64_MAX - wait ? now_ms + wait : now_ms;
        change_count(path, 1, t->now_ms);
        t->counted = 1;
        sleep_ms(wait);
        code = keyfile_image_read(&t->image, path, e);
    }
    if (code == 0 && keyfile_lease_expire(&t->image, t->now_ms))
        expire_on_disk(path, t->now_ms);
out:
    if (code != 0)
        sodium_memzero(&t->image, sizeof t->image);
    return code;
}

void keyfile_attempts_end(const struct keyfile_try *t, int code)
{
    const char *path = t->image.path;
    if (code == 0 && (t->wrong > 0 || t->counted))
        end_count(path);
    else if (code == E_WRONG_KEY && !t->counted)
        change_count(path, 1, t->now_ms);
    else if (code != 0 && code != E_WRONG_KEY && t->counted)
        change_count(path, -1, t->wrong_ms);
}
