/* Tests: common/text/text.c common/text/text_diff.c
 * Properties of the text merge over texts made at random, and the merge against a reference that is written plainly. */
#include "text_reference_fixture.h"

static uint64_t random_state;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* --- against the reference --- */

static int any_sign(unsigned ideographs)
{
    unsigned what = below(8);
    return what == 0 ? LINE_FEED : what == 1 ? COMMA : 2 + (int)below(ideographs);
}

static struct signs any_signs(unsigned ideographs, unsigned longest)
{
    struct signs s;
    s.count = (int)below(longest + 1);
    for (int i = 0; i < s.count; i++)
        s.at[i] = any_sign(ideographs);
    return s;
}

/* Some words, or a whole paragraph, put in, taken out or replaced, here and there. */
static struct signs edited(const struct signs *base, unsigned ideographs)
{
    struct signs s = *base;
    for (unsigned times = below(5); times > 0; times--) {
        int from = (int)below((unsigned)s.count + 1), gone = (int)below(4), fresh = (int)below(4);
        struct signs put = any_signs(ideographs, (unsigned)fresh);
        if (below(4) == 0) /* from a line's start, with a line's end */
            while (from > 0 && s.at[from - 1] != LINE_FEED)
                from--;
        if (below(4) == 0 && put.count > 0)
            put.at[put.count - 1] = LINE_FEED;
        if (from + gone > s.count)
            gone = s.count - from;
        if (s.count - gone + put.count > SIGNS)
            continue;
        memmove(s.at + from + put.count, s.at + from + gone, (size_t)(s.count - from - gone) * sizeof(int));
        memcpy(s.at + from, put.at, (size_t)put.count * sizeof(int));
        s.count += put.count - gone;
    }
    return s;
}

static int agrees(const struct signs *base, const struct signs *versions, int count)
{
    struct shown texts[REFERENCE_VERSIONS + 1] = {{NULL, 0, 0}}, expected = {NULL, 0, 0}, merged;
    struct text_version handed[REFERENCE_VERSIONS];
    struct text_merged m;
    int known;
    text_show_words(&expected, "");
    for (int v = 0; v <= count; v++) {
        text_show_words(&texts[v], "");
        reference_write_signs(&texts[v], v < count ? &versions[v] : base, 0,
                              v < count ? versions[v].count : base->count);
        if (v < count)
            handed[v] = text_version((unsigned)v + 1, texts[v].p);
    }
    assert_int_equal(text_merge(text_words(texts[count].p), handed, (size_t)count, &m, NULL), 0);
    assert_is_made_of(&m, text_words(texts[count].p), handed);
    known = reference_merge(base, versions, count, &expected);
    merged = text_show(&m);
    if (known && strcmp(expected.p, merged.p) != 0) {
        print_error("base \"%s\"\n", texts[count].p);
        for (int v = 0; v < count; v++)
            print_error("%c    \"%s\"\n", 'A' + v, texts[v].p);
        assert_string_equal(merged.p, expected.p);
    }
    for (int v = 0; v <= count; v++)
        free(texts[v].p);
    free(expected.p);
    free(merged.p);
    text_merged_free(&m);
    return known;
}

static void merge_is_the_reference(void **state)
{
    /* Goal: wherever an alignment leaves no choice, edits of small texts merge as the plainly written rule says. */
    unsigned compared = 0, rounds = 60000;
    (void)state;
    random_state = 88172645463325252ull;
    for (unsigned round = 0; round < rounds; round++) {
        unsigned ideographs = 3 + below(60);
        struct signs base = any_signs(ideographs, round % 3 == 0 ? 8 : 30), versions[REFERENCE_VERSIONS];
        int count = 1 + (int)below(REFERENCE_VERSIONS);
        for (int v = 0; v < count; v++)
            versions[v] = below(6) == 0 && v > 0 ? versions[v - 1] : edited(&base, ideographs);
        compared += (unsigned)agrees(&base, versions, count);
    }
    assert_true(compared > rounds / 4);
}

/* --- properties --- */

/* A text of a small vocabulary: spaces, marks, line ends of both kinds, umlauts, so that repetition is common. */
static struct shown any_text(unsigned longest)
{
    static const char *const pieces[] = {"a",    "be",   "see", " ", " ",         " ",  "  ", ".", ", ", "\n",
                                         "\r\n", "\n\n", "für", "é", "e\xcc\x81", "日", "本", "👍", "-",  "5.5"};
    struct shown s = {NULL, 0, 0};
    text_show_words(&s, "");
    for (unsigned n = below(longest + 1); n > 0; n--)
        text_show_words(&s, pieces[below(sizeof pieces / sizeof *pieces)]);
    return s;
}

/* Cut at two characters' starts, with something else, or nothing, between. */
static struct shown any_edit(const struct shown *base, unsigned times)
{
    struct shown s = {NULL, 0, 0};
    text_show_bytes(&s, base->p, base->used);
    for (; times > 0; times--) {
        struct shown put = any_text(below(4)), next = {NULL, 0, 0};
        size_t from = below((unsigned)s.used + 1), to = from + below(6);
        to = to > s.used ? s.used : to;
        while (from > 0 && from < s.used && ((uint8_t)s.p[from] & 0xc0) == 0x80)
            from--;
        while (to < s.used && ((uint8_t)s.p[to] & 0xc0) == 0x80)
            to++;
        text_show_bytes(&next, s.p, from);
        text_show_bytes(&next, put.p, put.used);
        text_show_bytes(&next, s.p + to, s.used - to);
        free(put.p);
        free(s.p);
        s = next;
    }
    return s;
}

static struct slice bytes_of(const struct shown *s)
{
    return (struct slice){(const uint8_t *)s->p, s->used};
}

/* A clean merge as one text. */
static struct shown plain(const struct text_merged *m)
{
    struct shown s = {NULL, 0, 0};
    text_show_words(&s, "");
    assert_int_equal(m->overlaps, 0);
    for (size_t i = 0; i < m->segment_count; i++)
        text_show_slice(&s, m->segments[i].text);
    return s;
}

static void assert_merges_to(const struct shown *base, const struct shown *a, const struct shown *b,
                             const struct shown *expected)
{
    struct text_version versions[2] = {text_version(1, a->p), text_version(2, b->p)};
    struct text_merged m;
    struct shown s;
    assert_int_equal(text_merge(bytes_of(base), versions, 2, &m, NULL), 0);
    assert_is_made_of(&m, bytes_of(base), versions);
    s = plain(&m);
    assert_string_equal(s.p, expected->p);
    free(s.p);
    text_merged_free(&m);
}

static void unchanged_and_equal_sides(void **state)
{
    /* Goal: beside an unchanged side the other side is the result; of two equal sides, that side. */
    (void)state;
    random_state = 362436069362436069ull;
    for (unsigned round = 0; round < 20000; round++) {
        struct shown base = any_text(40), side = round % 4 == 0 ? any_text(40) : any_edit(&base, 1 + below(6));
        assert_merges_to(&base, &side, &base, &side);
        assert_merges_to(&base, &base, &side, &side);
        assert_merges_to(&base, &side, &side, &side);
        free(base.p);
        free(side.p);
    }
}

static void order_and_names_do_not_matter(void **state)
{
    /* Goal: the order in which versions are handed in changes nothing; two authors who change places change places in
     * the result, and nothing else. */
    (void)state;
    random_state = 521288629521288629ull;
    for (unsigned round = 0; round < 20000; round++) {
        struct shown base = any_text(40), text[3], one, other;
        struct text_version v[3], turned[3];
        struct text_merged m, n;
        for (unsigned i = 0; i < 3; i++) {
            text[i] = any_edit(&base, below(5));
            v[i] = text_version(i + 1, text[i].p);
            turned[2 - i] = v[i];
        }
        assert_int_equal(text_merge(bytes_of(&base), v, 3, &m, NULL), 0);
        assert_int_equal(text_merge(bytes_of(&base), turned, 3, &n, NULL), 0);
        assert_is_made_of(&m, bytes_of(&base), v);
        assert_is_made_of(&n, bytes_of(&base), turned);
        one = text_show(&m);
        other = text_show(&n);
        assert_string_equal(one.p, other.p);
        text_merged_free(&n);
        for (unsigned i = 0; i < 3; i++)
            v[i].dot.device.b[0] = (uint8_t)(3 - i);
        assert_int_equal(text_merge(bytes_of(&base), v, 3, &n, NULL), 0);
        assert_int_equal(m.segment_count, n.segment_count);
        assert_int_equal(m.overlaps, n.overlaps);
        for (size_t i = 0; i < m.segment_count; i++) {
            text_writers w = n.segments[i].writers;
            assert_int_equal(m.segments[i].form, n.segments[i].form);
            assert_true(m.segments[i].writers == ((w & 1) << 2 | (w & 2) | (w & 4) >> 2));
            assert_true(m.segments[i].base.p == n.segments[i].base.p || m.segments[i].base.size == 0);
            assert_int_equal(m.segments[i].base.size, n.segments[i].base.size);
        }
        text_merged_free(&n);
        text_merged_free(&m);
        free(one.p);
        free(other.p);
        free(base.p);
        for (unsigned i = 0; i < 3; i++)
            free(text[i].p);
    }
}

/* Texts in which every word is typed once: numbers, counted up. */
struct numbered {
    unsigned word[400];
    size_t count;
};

static unsigned fresh;

static void put_word(struct numbered *n, unsigned word)
{
    n->word[n->count++] = word;
}

static struct shown written(const struct numbered *n)
{
    struct shown s = {NULL, 0, 0};
    char word[16];
    text_show_words(&s, "");
    for (size_t i = 0; i < n->count; i++) {
        /* What follows a word depends on the word alone. */
        static const char *const after[] = {" ", " ", " ", ", ", ". ", "\n", ".\r\n\r\n"};
        (void)snprintf(word, sizeof word, "w%u%s", n->word[i], after[n->word[i] % 7]);
        text_show_words(&s, word);
    }
    return s;
}

static size_t times_in(const char *text, size_t size, unsigned word)
{
    char needle[16];
    size_t found = 0, length = (size_t)snprintf(needle, sizeof needle, "w%u", word);
    for (size_t i = 0; i + length <= size; i++)
        found += memcmp(text + i, needle, length) == 0 &&
                 (i + length == size || text[i + length] < '0' || text[i + length] > '9');
    return found;
}

static void what_was_typed_once_is_there_once(void **state)
{
    /* Goal: every word that somebody typed is in the result, once; of the base's words none appears twice, and those
     * are gone that somebody took out and nobody's edit holds. */
    (void)state;
    random_state = 123456789123456789ull;
    for (unsigned round = 0; round < 4000; round++) {
        struct numbered base = {{0}, 0}, side[2] = {{{0}, 0}, {{0}, 0}};
        struct shown texts[3], all = {NULL, 0, 0};
        struct text_version v[2];
        struct text_merged m;
        unsigned old;
        fresh = 0;
        for (size_t n = below(40); n > 0; n--)
            put_word(&base, fresh++);
        old = fresh;
        for (unsigned i = 0; i < 2; i++)
            for (size_t k = 0; k <= base.count; k++) {
                for (unsigned n = below(8) == 0 ? 1 + below(3) : 0; n > 0; n--)
                    put_word(&side[i], fresh++);
                if (k < base.count && below(6) != 0)
                    put_word(&side[i], base.word[k]);
            }
        texts[2] = written(&base);
        for (unsigned i = 0; i < 2; i++) {
            texts[i] = written(&side[i]);
            v[i] = text_version(i + 1, texts[i].p);
        }
        assert_int_equal(text_merge(bytes_of(&texts[2]), v, 2, &m, NULL), 0);
        assert_is_made_of(&m, bytes_of(&texts[2]), v);
        text_show_words(&all, "");
        for (size_t i = 0; i < m.segment_count; i++) {
            text_show_slice(&all, m.segments[i].text);
            for (size_t k = 0; k < m.segments[i].count; k++) {
                text_show_words(&all, "\n");
                text_show_slice(&all, m.alternatives[m.segments[i].first + k].text);
            }
            if (m.segments[i].count != 0)
                text_show_words(&all, "\n");
        }
        for (unsigned w = 0; w < fresh; w++) {
            size_t times = times_in(all.p, all.used, w), mine = times_in(texts[0].p, texts[0].used, w),
                   hers = times_in(texts[1].p, texts[1].used, w);
            if (w >= old || (mine == 1 && hers == 1))
                assert_int_equal(times, 1);
            else
                assert_true(times <= mine + hers);
        }
        free(all.p);
        for (unsigned i = 0; i < 3; i++)
            free(texts[i].p);
        text_merged_free(&m);
    }
}

static void edits_apart_apply(void **state)
{
    /* Goal: edits with two untouched words between them all apply, whoever made them, and give the text that one person
     * would have who had made them all. */
    (void)state;
    random_state = 987654321987654321ull;
    for (unsigned round = 0; round < 4000; round++) {
        struct numbered base = {{0}, 0}, side[2] = {{{0}, 0}, {{0}, 0}}, both = {{0}, 0};
        struct shown texts[4];
        unsigned count = 1 + below(60);
        fresh = 0;
        for (unsigned i = 0; i < count; i++)
            put_word(&base, fresh++);
        for (size_t k = 0, rest = below(4); k < base.count; k++) {
            unsigned who, what;
            if (rest > 0) { /* untouched */
                rest--;
                for (unsigned i = 0; i < 2; i++)
                    put_word(&side[i], base.word[k]);
                put_word(&both, base.word[k]);
                continue;
            }
            who = below(2);
            what = below(3);
            for (unsigned n = what == 0 ? 0 : 1 + below(2); n > 0; n--) { /* put in, or in place of */
                put_word(&side[who], fresh);
                put_word(&both, fresh++);
            }
            if (what == 1) {
                put_word(&side[who], base.word[k]);
                put_word(&both, base.word[k]);
            }
            put_word(&side[1 - who], base.word[k]);
            rest = 2 + below(3);
        }
        texts[0] = written(&side[0]);
        texts[1] = written(&side[1]);
        texts[2] = written(&base);
        texts[3] = written(&both);
        assert_merges_to(&texts[2], &texts[0], &texts[1], &texts[3]);
        for (unsigned i = 0; i < 4; i++)
            free(texts[i].p);
    }
}

static void hostile_texts_come_to_an_end(void **state)
{
    /* Goal: texts made to be hard merge all the same, and nothing of them is lost. */
    enum { SIZE = 60000 };
    static char base[SIZE + 1], one[SIZE + 1], other[SIZE + 1];
    (void)state;
    random_state = 314159265358979323ull;
    for (unsigned shape = 0; shape < 7; shape++) {
        static const char *const alphabets[] = {"abcdefghij klm\n", "!?.,;:", " \n", "a", "a\n", ".\n", " x\n."};
        const char *letters = alphabets[shape];
        unsigned count = (unsigned)strlen(letters);
        struct text_version v[2];
        struct text_merged m;
        for (size_t i = 0; i < SIZE; i++) {
            base[i] = letters[shape == 4 ? (unsigned)i % 2 : below(count)];
            one[i] = letters[shape == 4 ? (unsigned)i % 2 : below(count)];
            other[i] = base[i];
            if (below(9) == 0)
                other[i] = letters[below(count)];
        }
        v[0] = text_version(1, one);
        v[1] = text_version(2, other);
        if (shape == 4)
            v[1].text.size = SIZE / 3;
        assert_int_equal(text_merge(text_words(base), v, 2, &m, NULL), 0);
        assert_is_made_of(&m, text_words(base), v);
        text_merged_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge_is_the_reference),
        cmocka_unit_test(unchanged_and_equal_sides),
        cmocka_unit_test(order_and_names_do_not_matter),
        cmocka_unit_test(what_was_typed_once_is_there_once),
        cmocka_unit_test(edits_apart_apply),
        cmocka_unit_test(hostile_texts_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
