/* Tests: common/text/text_script.c
 * The shortest script, against the table of a longest common subsequence. */
#include "text_fixture.h"

#include <sodium.h>

#include "text_private.h"

_Static_assert(TEXT_RULE == 1, "these are the scripts of rule 1");

enum { LONGEST = 200 };

static uint64_t random_state = 88172645463325252ull;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* The length of a longest common subsequence: the textbook's table. */
static unsigned longest_common(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    static unsigned table[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n; i++)
        for (size_t k = 0; k <= m; k++)
            if (i == 0 || k == 0)
                table[i][k] = 0;
            else if (a[i - 1] == b[k - 1])
                table[i][k] = table[i - 1][k - 1] + 1;
            else
                table[i][k] = table[i - 1][k] > table[i][k - 1] ? table[i - 1][k] : table[i][k - 1];
    return table[n][m];
}

/* Runs the script, checks that what is not marked is the same sequence on both sides, and returns its length. */
static size_t kept_by_script(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint64_t work)
{
    uint8_t *a_marked = calloc(n + 1, 1), *b_marked = calloc(m + 1, 1);
    size_t i = 0, k = 0, kept = 0;
    assert_non_null(a_marked);
    assert_non_null(b_marked);
    assert_int_equal(
        text_script((struct text_sequence){a, n, a_marked}, (struct text_sequence){b, m, b_marked}, &work, NULL), 0);
    assert_int_equal(a_marked[n] + b_marked[m], 0);
    for (;;) {
        while (i < n && a_marked[i])
            i++;
        while (k < m && b_marked[k])
            k++;
        if (i == n || k == m)
            break;
        assert_int_equal(a[i], b[k]);
        i++, k++, kept++;
    }
    assert_int_equal(i, n);
    assert_int_equal(k, m);
    free(a_marked);
    free(b_marked);
    return kept;
}

static void scripts_are_shortest(void **state)
{
    /* Goal: with work enough the script keeps as much as any could: small alphabets, edits of one another, any lengths.
     */
    uint32_t a[LONGEST], b[LONGEST];
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned letters = 1 + below(round % 3 == 0 ? 3 : 40), longest = round % 50 == 0 ? LONGEST : 24;
        size_t n = below(longest + 1), m = below(longest + 1);
        for (size_t i = 0; i < n; i++)
            a[i] = below(letters);
        for (size_t i = 0; i < m; i++)
            b[i] = round % 2 == 0 && i < n && below(5) != 0 ? a[i] : below(letters);
        assert_int_equal(kept_by_script(a, n, b, m, TEXT_WORK), longest_common(a, n, b, m));
    }
}

static void without_work_scripts_are_right(void **state)
{
    /* Goal: wherever the work runs out the script still leads from one to the other; only it may be longer. */
    uint32_t a[LONGEST], b[LONGEST];
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        unsigned letters = 1 + below(12);
        size_t n = below(LONGEST + 1), m = below(LONGEST + 1);
        for (size_t i = 0; i < n; i++)
            a[i] = below(letters);
        for (size_t i = 0; i < m; i++)
            b[i] = below(letters);
        assert_true(kept_by_script(a, n, b, m, below(3000)) <= longest_common(a, n, b, m));
    }
}

static void without_work_scripts_stay_the_same(void **state)
{
    /* Goal: where the work runs out, and what of it is left, is part of the rule: the scripts of many small sequences,
     * one much longer than the other too, with every little work, are for ever the same. */
    static const unsigned longest[] = {2, 4, 12, LONGEST};
    uint32_t a[LONGEST], b[LONGEST];
    crypto_generichash_state all;
    uint8_t hash[16];
    char hex[2 * sizeof hash + 1];
    (void)state;
    random_state = 362436069362436069u;
    (void)crypto_generichash_init(&all, NULL, 0, sizeof hash);
    for (unsigned round = 0; round < 40000; round++) {
        uint8_t a_marked[LONGEST] = {0}, b_marked[LONGEST] = {0}, left[8];
        unsigned letters = 1 + below(12);
        size_t n = below(longest[round % 4] + 1), m = below(longest[round / 4 % 4] + 1);
        uint64_t work = below(3) == 0 ? 0 : below(round % 2 == 0 ? 20 : 400);
        for (size_t i = 0; i < n; i++)
            a[i] = below(letters);
        for (size_t i = 0; i < m; i++)
            b[i] = below(letters);
        assert_int_equal(
            text_script((struct text_sequence){a, n, a_marked}, (struct text_sequence){b, m, b_marked}, &work, NULL),
            0);
        (void)crypto_generichash_update(&all, a_marked, n);
        (void)crypto_generichash_update(&all, b_marked, m);
        for (unsigned i = 0; i < sizeof left; i++)
            left[i] = (uint8_t)(work >> 8 * i);
        (void)crypto_generichash_update(&all, left, sizeof left);
    }
    (void)crypto_generichash_final(&all, hash, sizeof hash);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), "16cbb820df6489a16e8d18e6cdbbbc76");
}

static void hostile_sequences_end(void **state)
{
    /* Goal: long sequences with nothing, little, or everything in common come to an end, and use up at most the work.
     */
    enum { COUNT = 200000 };
    uint32_t *a = malloc(COUNT * sizeof *a), *b = malloc(COUNT * sizeof *b);
    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    for (unsigned shape = 0; shape < 6; shape++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            a[i] = shape == 0   ? i
                   : shape == 1 ? below(2)
                   : shape == 2 ? 7
                   : shape == 3 ? i % 2
                   : shape == 4 ? i % 3
                                : i;
            b[i] = shape == 0   ? COUNT + i
                   : shape == 1 ? below(2)
                   : shape == 2 ? 7
                   : shape == 3 ? (i + 1) % 2
                   : shape == 4 ? 2 - i % 3
                                : COUNT - 1 - i;
        }
        (void)kept_by_script(a, COUNT, b, shape == 2 ? COUNT / 3 : COUNT, TEXT_WORK);
    }
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_are_shortest),
        cmocka_unit_test(without_work_scripts_are_right),
        cmocka_unit_test(without_work_scripts_stay_the_same),
        cmocka_unit_test(hostile_sequences_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
