/* The laptop's clock against the office's: how far it is off is said at once, and kept, so that what was written under
 * it can be marked before the office has received it. */
#include "skew.h"

#include <stdio.h>

#include "clock.h"
#include "moment.h"

int64_t skew_of(uint64_t office_ms)
{
    uint64_t here = clock_wall();
    int64_t off = here > office_ms ? (int64_t)(here - office_ms) : -(int64_t)(office_ms - here);
    return off > SKEW_SAID_MS || off < -SKEW_SAID_MS ? off : 0;
}

int skew_keep(struct db *db, struct edit_author *author, uint64_t office_ms, struct error *e)
{
    int64_t off = skew_of(office_ms);
    uint64_t last = author->hlc;
    int code;
    author->hlc = clock_next(0, office_ms);
    if ((code = db_meta_set_uint(db, "clock_ahead", off > CLOCK_FITS_MS ? (uint64_t)off : 0, e)) == 0 &&
        (code = db_meta_set_uint(db, "clock_met", clock_wall(), e)) == 0)
        code = edit_author_save(db, author, e);
    if (code != 0)
        author->hlc = last;
    return code;
}

uint64_t skew_now(struct db *db)
{
    uint64_t now = clock_wall(), ahead, met;
    if (db_meta_get_uint(db, "clock_ahead", &ahead, NULL) != 0 || db_meta_get_uint(db, "clock_met", &met, NULL) != 0)
        return now;
    return now >= met && now > ahead ? now - ahead : now;
}

void skew_words(int64_t off_ms, uint64_t office_ms, char out[SKEW_WORDS])
{
    char here[MOMENT_TEXT], there[MOMENT_TEXT], span[MOMENT_TEXT];
    moment_of(clock_wall(), here);
    moment_of(office_ms, there);
    moment_span((uint64_t)(off_ms < 0 ? -off_ms : off_ms), span);
    (void)snprintf(
        out, SKEW_WORDS,
        "this laptop's clock is wrong, or the office's: it is %s here and %s there, %s %s; set it right before "
        "you write%s",
        here, there, span, off_ms > 0 ? "ahead" : "behind",
        off_ms > CLOCK_FITS_MS || off_ms < -CLOCK_FITS_MS
            ? ": what is written until then is marked as written under a wrong clock"
            : "");
}
