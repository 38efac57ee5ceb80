/* Tests: common/text/text.c
 * What the merge of texts asks of memory: how much, and what happens if there is none. */
#include "text_fixture.h"

#include "allocation_fixture.h"

/* What text.h says: for each byte of the base and of the longest version, for each of the others; and for any merge. */
enum { BYTES_LONGEST = 70, BYTES_OTHERS = 40, BYTES_ANY = 1 << 15, VERSIONS = 8 };

static struct slice repeated(const char *piece, size_t bytes)
{
    size_t size = strlen(piece), count = bytes / size;
    char *p = malloc(bytes + 1);
    assert_non_null(p);
    for (size_t i = 0; i < count * size; i++)
        p[i] = piece[i % size];
    return (struct slice){(const uint8_t *)p, count * size};
}

/* No two words are equal, and none is equal to one with another `first`. */
static struct slice numbered(char first, const char *after, size_t bytes)
{
    char *p = malloc(bytes + 1);
    size_t size = 0;
    assert_non_null(p);
    for (unsigned i = 0; bytes - size > 24; i++)
        size += (size_t)snprintf(p + size, bytes - size, "%c%u%s", first, i, after);
    return (struct slice){(const uint8_t *)p, size};
}

/* The most bytes that were allocated at one time while the version was merged with `others` times another. */
static size_t peak_of(struct slice base, struct slice longest, struct slice other, size_t others)
{
    struct text_version v[VERSIONS];
    struct text_merged m;
    for (unsigned i = 0; i <= others; i++) {
        v[i] = text_version(i, "");
        v[i].text = i == 0 ? longest : other;
    }
    allocation_begin(0);
    assert_int_equal(text_merge(base, v, 1 + others, &m, NULL), 0);
    assert_is_made_of(&m, base, v);
    text_merged_free(&m);
    assert_int_equal(allocation.live, 0);
    return allocation.peak;
}

static void memory_is_linear(void **state)
{
    /* Goal: the memory that a merge takes grows as the texts do, whatever they are: the shapes that are cut into the
     * most pieces, of two sizes, in two versions and in many. */
    static const char *const shapes[][2] = {
        {"a\n", "b\n"}, {"a ", "b "},     {".", "!"},       {"\n", "\n\n\n"},
        {".\n", "!\n"}, {"\r\n", "\n\r"}, {"a.\n\n", "\n"}, {"\xcc\x81", "a\xcc\x81"},
        {".", "."},     {"a\n", "a\n"},   {"\n.", ".\n."},  {"\xe4\xb8\x80", "a"}};
    (void)state;
    for (size_t bytes = 1 << 10; bytes <= 1 << 13; bytes <<= 3)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            struct slice base = repeated(shapes[i][0], bytes), one = repeated(shapes[i][1], bytes),
                         other = repeated(shapes[i][1], bytes / 2);
            for (size_t others = 1; others < VERSIONS; others += VERSIONS - 2)
                assert_in_range(peak_of(base, one, other, others), 0,
                                BYTES_ANY + BYTES_LONGEST * (base.size + one.size) +
                                    BYTES_OTHERS * others * other.size);
            free((void *)base.p);
            free((void *)one.p);
            free((void *)other.p);
        }
}

/* Every allocation of the merge of these fails once; returns how many there are. */
static uint64_t fail_each(struct slice base, const struct text_version *v, size_t count)
{
    uint64_t n = 0;
    int code = E_MEMORY;
    while (code != 0) {
        struct text_merged m;
        struct error e = {0};
        allocation_begin(++n);
        code = text_merge(base, v, count, &m, &e);
        if (allocation.asked >= n) {
            assert_int_equal(code, E_MEMORY);
            assert_true(strlen(e.text) > 0);
        } else {
            assert_int_equal(code, 0);
            assert_is_made_of(&m, base, v);
        }
        text_merged_free(&m);
        assert_int_equal(m.segment_count + m.alternative_count, 0);
        assert_int_equal(allocation.live, 0);
        allocation_begin(0); /* or the n-th of somebody else would fail */
    }
    return n - 1;
}

static void no_memory_is_told(void **state)
{
    /* Goal: whichever allocation fails, the merge says so, and nothing is left over; once there is memory it merges. */
    struct slice base = numbered('w', " ", 1000), lines = numbered('w', ".\n", 500);
    struct text_version v[3], few[2];
    char *texts[3];
    (void)state;
    /* 1. Words: edits apart, edits that overlap; more than one block of each list holds. */
    for (unsigned i = 0; i < 3; i++) {
        texts[i] = malloc(base.size + 1);
        assert_non_null(texts[i]);
        memcpy(texts[i], base.p, base.size);
        texts[i][base.size] = 0;
        for (size_t at = 0, word = 0; at < base.size; at++)
            if (texts[i][at] == 'w' && (word++ % 12 == 0 || word % 8 == i))
                texts[i][at] = (char)('A' + i);
        v[i] = text_version(i + 1, texts[i]);
    }
    assert_true(fail_each(base, v, 3) > 60);
    /* 2. Lines with marks: every pass, one version that is all new, and one that is empty. */
    few[0] = text_version(1, "w1,\nw2!\n w3.\nx\n\n");
    few[1] = text_version(2, "");
    assert_true(fail_each(lines, few, 2) > 20);
    /* 3. Whichever comes first, what is common or what is not: one of both is where the list of segments grows. */
    few[0] = text_version(1, "a Y b Y c Y d Y e Y f Y g Y h Y i Y j Y");
    few[1] = text_version(2, "a Z b Z c Z d Z e Z f Z g Z h Z i Z j Z");
    for (unsigned i = 0; i < 2; i++)
        assert_true(fail_each(text_words("a X b X c X d X e X f X g X h X i X j X"), few, 1 + i) > 10);
    few[0] = text_version(1, "Y a Y b Y c Y d Y e Y f Y g Y h Y i Y j");
    few[1] = text_version(2, "Z a Z b Z c Z d Z e Z f Z g Z h Z i Z j");
    for (unsigned i = 0; i < 2; i++)
        assert_true(fail_each(text_words("X a X b X c X d X e X f X g X h X i X j"), few, 1 + i) > 10);
    /* 4. What is refused has allocated nothing, and without a version the base is one segment. */
    assert_int_equal(fail_each(lines, NULL, 0), 1);
    for (unsigned i = 0; i < 3; i++)
        free(texts[i]);
    free((void *)base.p);
    free((void *)lines.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_linear),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
