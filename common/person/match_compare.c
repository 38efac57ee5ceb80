/* Weighs the evidence for and against that two clients are one person. docs/DUPLICATES.md says why it weighs so. */
#include <string.h>

#include "match_private.h"

/* Weights in bits: how many times likelier it is to see this of one person than of two, as a power of two (Fellegi and
 * Sunter 1969). We chose the figures by judgement; tests/bench/match_bench tries them on made-up caseloads. */
static const int weights[MATCH_REASONS] = {
    [MATCH_NAME_SAME] = 13,
    [MATCH_NAME_PART_MISSING] = 11,
    [MATCH_NAME_ALIKE] = 9,
    [MATCH_NAME_SHARED] = 2,
    [MATCH_NAME_DIFFERENT] = -8,
    [MATCH_BIRTH_SAME] = 12,
    [MATCH_BIRTH_SAME_YEAR] = 4,
    [MATCH_BIRTH_SWAPPED] = 6,
    [MATCH_BIRTH_DIGIT] = 4,
    [MATCH_BIRTH_UNKNOWN_DAY] = 2,
    [MATCH_BIRTH_DIFFERENT] = -10,
    [MATCH_IDENTIFIER] = 20,
    [MATCH_IDENTIFIER_DIFFERENT] = -6,
    [MATCH_PHONE] = 5,
    [MATCH_EMAIL] = 7,
    [MATCH_ADDRESS] = 3,
    [MATCH_BOTH_MARKS] = 0,
};
enum { POSSIBLE = 13, LIKELY = 18 };

static void add_reason(struct match_pair *out, enum match_reason reason, const char *a, const char *b)
{
    if (out->count == MATCH_EVIDENCE_MAX)
        return;
    out->evidence[out->count++] = (struct match_evidence){reason, weights[reason], a, b};
    out->score += weights[reason];
}

/* --- names --- */

/* The best reason that any two of their names give: contested and preferred names count like the first. */
static enum match_reason compare_names(const struct match_client *a, const struct match_client *b,
                                       struct match_pair *out)
{
    enum match_reason best = MATCH_REASONS;
    const char *one = NULL, *other = NULL;
    for (size_t i = 0; i < a->name_count; i++)
        for (size_t k = 0; k < b->name_count; k++) {
            enum match_reason reason = match_name_compare(&a->names[i], &b->names[k]);
            if (reason < best) {
                best = reason;
                one = a->names[i].shown;
                other = b->names[k].shown;
            }
        }
    if (best != MATCH_REASONS)
        add_reason(out, best, one, other);
    return best;
}

/* --- dates of birth --- */

/* How many changes make one date of the other, each of one digit or a swap of two neighbours: 0, 1, or 2 for more. */
static int digits_apart(const char *a, const char *b)
{
    char one[9] = "", other[9] = "";
    size_t first = 0, last = 8;
    (void)memcpy(one, a, 4), (void)memcpy(one + 4, a + 5, 2), (void)memcpy(one + 6, a + 8, 2);
    (void)memcpy(other, b, 4), (void)memcpy(other + 4, b + 5, 2), (void)memcpy(other + 6, b + 8, 2);
    while (first < last && one[first] == other[first])
        first++;
    while (first < last && one[last - 1] == other[last - 1])
        last--;
    if (last - first <= 1)
        return (int)(last - first);
    return last - first == 2 && one[first] == other[first + 1] && one[first + 1] == other[first] ? 1 : 2;
}

static int is_new_year(const char *day)
{
    return strcmp(day + 5, "01-01") == 0;
}

static enum match_reason compare_births(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return is_new_year(a) ? MATCH_BIRTH_SAME_YEAR : MATCH_BIRTH_SAME;
    if (strncmp(a, b, 5) == 0 && strncmp(a + 5, b + 8, 2) == 0 && strncmp(a + 8, b + 5, 2) == 0)
        return MATCH_BIRTH_SWAPPED;
    if (digits_apart(a, b) == 1)
        return MATCH_BIRTH_DIGIT;
    if (strncmp(a, b, 5) == 0 && (is_new_year(a) || is_new_year(b)))
        return MATCH_BIRTH_UNKNOWN_DAY;
    return MATCH_BIRTH_DIFFERENT;
}

static void compare_all_births(const struct match_client *a, const struct match_client *b, struct match_pair *out)
{
    enum match_reason best = MATCH_REASONS;
    const char *one = NULL, *other = NULL;
    for (size_t i = 0; i < a->birth_count; i++)
        for (size_t k = 0; k < b->birth_count; k++) {
            enum match_reason reason = compare_births(a->births[i], b->births[k]);
            if (best == MATCH_REASONS || weights[reason] > weights[best]) {
                best = reason;
                one = a->births[i];
                other = b->births[k];
            }
        }
    if (best != MATCH_REASONS)
        add_reason(out, best, one, other);
}

/* --- numbers, ways to reach somebody --- */

static void compare_texts(const char *const *a, size_t a_count, const char *const *b, size_t b_count,
                          enum match_reason reason, struct match_pair *out)
{
    for (size_t i = 0; i < a_count; i++)
        for (size_t k = 0; k < b_count; k++)
            if (strcmp(a[i], b[k]) == 0) {
                add_reason(out, reason, NULL, NULL);
                return;
            }
}

/* 1: they have an identifier in common, which outweighs others that differ; 0: they have none. */
static int compare_identifiers(const struct match_client *a, const struct match_client *b, struct match_pair *out)
{
    const struct match_identifier *one = NULL, *other = NULL;
    for (size_t i = 0; i < a->identifier_count; i++)
        for (size_t k = 0; k < b->identifier_count; k++) {
            const struct match_identifier *x = &a->identifiers[i], *y = &b->identifiers[k];
            if (strcmp(x->folded, y->folded) == 0) {
                add_reason(out, MATCH_IDENTIFIER, x->shown, y->shown);
                return 1;
            }
            if (x->sort != 0 && x->sort == y->sort && strncmp(x->folded, y->folded, x->sort) == 0 && one == NULL) {
                one = x;
                other = y;
            }
        }
    if (one != NULL)
        add_reason(out, MATCH_IDENTIFIER_DIFFERENT, one->shown, other->shown);
    return 0;
}

void match_compare(const struct match_client *a, const struct match_client *b, struct match_pair *out)
{
    enum match_reason name;
    int has_identifier;
    out->a = a->id;
    out->b = b->id;
    out->a_name = a->name;
    out->b_name = b->name;
    out->score = 0;
    out->count = 0;
    name = compare_names(a, b, out);
    compare_all_births(a, b, out);
    has_identifier = compare_identifiers(a, b, out);
    compare_texts(a->phones, a->phone_count, b->phones, b->phone_count, MATCH_PHONE, out);
    compare_texts(a->emails, a->email_count, b->emails, b->email_count, MATCH_EMAIL, out);
    compare_texts(a->addresses, a->address_count, b->addresses, b->address_count, MATCH_ADDRESS, out);
    /* Twins share family name, day of birth, telephone and address: so no pair is likely without a name that agrees,
     * whatever else agrees. And an identifier in common is always worth a look, whatever else differs. */
    out->class = out->score >= LIKELY && name <= MATCH_NAME_ALIKE ? MATCH_LIKELY
                 : out->score >= POSSIBLE || has_identifier       ? MATCH_POSSIBLE
                                                                  : MATCH_NONE;
}
