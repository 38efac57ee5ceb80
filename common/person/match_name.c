/* Cuts names into folded parts (fold.h), and compares them by spelling and by sound, in any order of the
 * parts. */
#include <assert.h>
#include <string.h>

#include "fold.h"
#include "match_private.h"

/* 1: the character separates the parts of a name. */
static int is_between(uint32_t c)
{
    static const char ascii[] = " \t\r\n-'`.,;:/()\"_";
    return c < 0x80 ? c != 0 && strchr(ascii, (int)c) != NULL
                    : c == 0xa0 || c == 0xb4 || (c >= 0x2000 && c <= 0x206f) || c == 0x3000 || c == 0x2bc;
}

/* --- sound --- */

/* Writes the American Soundex of a part (Russell, US patent 1,261,167 of 1918, in the rules of the US National
 * Archives: letters of one group side by side count once, also across h and w; vowels separate them). */
static void put_sound(struct match_part *part)
{
    static const char groups[] = "01230120022455012623010202"; /* a to z; 0: not coded */
    char last = 0;
    size_t used = 0;
    memset(part->sound, 0, sizeof part->sound);
    for (size_t i = 0; i < part->length && used < 4; i++) {
        uint32_t c = part->letter[i];
        char group;
        if (c < 'a' || c > 'z')
            continue;
        group = groups[c - 'a'];
        if (used == 0)
            part->sound[used++] = (char)c;
        else if (group != '0' && group != last)
            part->sound[used++] = group;
        if (c != 'h' && c != 'w')
            last = group;
    }
    while (used != 0 && used < 4)
        part->sound[used++] = '0';
}

size_t match_name_cut(const char *text, struct match_part parts[MATCH_PARTS_MAX])
{
    struct match_part *part = NULL;
    size_t count = 0;
    while (*text != '\0') {
        uint32_t folded[FOLD_LETTERS_MAX], c = fold_next(&text);
        size_t letters;
        if (is_between(c)) {
            part = NULL;
            continue;
        }
        if ((letters = fold_letter(c, folded)) == 0)
            continue;
        if (part == NULL) {
            if (count == MATCH_PARTS_MAX)
                break;
            part = &parts[count++];
            part->length = 0;
        }
        for (size_t i = 0; i < letters && part->length < MATCH_PART_MAX; i++)
            part->letter[part->length++] = folded[i];
    }
    for (size_t i = 0; i < count; i++)
        put_sound(&parts[i]);
    return count;
}

/* --- spelling --- */

/* The optimal string alignment distance (Damerau 1964, in Wagner and Fischer's table): how many letters are inserted,
 * deleted or changed, or swapped with the next, if no letter takes part twice. */
static unsigned distance(const struct match_part *a, const struct match_part *b)
{
    unsigned rows[3][MATCH_PART_MAX + 1] = {{0}}, *before = rows[0], *last = rows[1], *now = rows[2], *spare;
    assert(a->length <= MATCH_PART_MAX && b->length <= MATCH_PART_MAX);
    for (unsigned k = 0; k <= b->length; k++)
        last[k] = k;
    for (unsigned i = 1; i <= a->length; i++) {
        now[0] = i;
        for (unsigned k = 1; k <= b->length; k++) {
            unsigned best = last[k - 1] + (a->letter[i - 1] != b->letter[k - 1]);
            if (last[k] + 1 < best)
                best = last[k] + 1;
            if (now[k - 1] + 1 < best)
                best = now[k - 1] + 1;
            if (i > 1 && k > 1 && a->letter[i - 1] == b->letter[k - 2] && a->letter[i - 2] == b->letter[k - 1] &&
                before[k - 2] + 1 < best)
                best = before[k - 2] + 1;
            now[k] = best;
        }
        spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b->length];
}

static int is_equal(const struct match_part *a, const struct match_part *b)
{
    return a->length == b->length && memcmp(a->letter, b->letter, a->length * sizeof *a->letter) == 0;
}

/* 1: one is an initial of the other; or they differ by one letter of four or more, or by two of eight or more; or they
 * sound the same, and no more than half of the letters differ (Soundex alone takes Robert for Rupert, and more). */
static int is_alike(const struct match_part *a, const struct match_part *b)
{
    unsigned shorter = a->length < b->length ? a->length : b->length;
    unsigned longer = a->length < b->length ? b->length : a->length, differ;
    if (shorter <= 1)
        return shorter == 1 && a->letter[0] == b->letter[0];
    if (longer - shorter > longer / 2)
        return 0;
    differ = distance(a, b);
    if (differ <= (shorter >= 8 ? 2u : shorter >= 4 ? 1u : 0u))
        return 1;
    return a->sound[0] != 0 && strcmp(a->sound, b->sound) == 0 && differ <= longer / 2;
}

/* Pairs each part of the shorter name with a part of the longer one that fits and is not taken. found and used say
 * which parts have a partner. Returns how many pairs this call added. */
static size_t pair_up(const struct match_name *shorter, const struct match_name *longer, uint8_t found[MATCH_PARTS_MAX],
                      uint8_t used[MATCH_PARTS_MAX], int (*fits)(const struct match_part *, const struct match_part *))
{
    size_t count = 0;
    for (size_t i = 0; i < shorter->count; i++)
        for (size_t k = 0; k < longer->count && !found[i]; k++)
            if (!used[k] && fits(&shorter->parts[i], &longer->parts[k])) {
                found[i] = used[k] = 1;
                count++;
            }
    return count;
}

enum match_reason match_name_compare(const struct match_name *a, const struct match_name *b)
{
    const struct match_name *shorter = a->count <= b->count ? a : b, *longer = a->count <= b->count ? b : a;
    uint8_t found[MATCH_PARTS_MAX] = {0}, used[MATCH_PARTS_MAX] = {0};
    size_t equal = pair_up(shorter, longer, found, used, is_equal);
    size_t alike = pair_up(shorter, longer, found, used, is_alike);
    if (equal + alike == 0)
        return MATCH_NAME_DIFFERENT;
    /* A single part says less than a whole name. */
    if (equal + alike < shorter->count || (shorter->count == 1 && longer->count != 1))
        return MATCH_NAME_SHARED;
    if (alike != 0 || shorter->count == 1)
        return MATCH_NAME_ALIKE;
    return shorter->count == longer->count ? MATCH_NAME_SAME : MATCH_NAME_PART_MISSING;
}
