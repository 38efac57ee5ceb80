/* Tests: common/text/text_cut.c
 * Where a text may be cut: every character's group, and what the groups do. All of it is part of rule 1. */
#include "text_fixture.h"

#include <sodium.h>

#include "text_private.h"

_Static_assert(TEXT_RULE == 1, "these are the cuts of rule 1");

/* The pieces of a text, in square brackets; a word in round ones; a line end as "|". */
static void assert_cut(const char *text, const char *expected)
{
    struct shown s = {NULL, 0, 0};
    size_t size = strlen(text);
    text_show_words(&s, "");
    for (size_t at = 0, bytes; at < size; at += bytes) {
        enum text_piece what;
        bytes = text_cut_piece((const uint8_t *)text + at, size - at, &what);
        assert_in_range(bytes, 1, size - at);
        text_show_words(&s, what == TEXT_WORD ? "(" : what == TEXT_LOOSE ? "[" : "|");
        if (what != TEXT_LINE_END)
            text_show_bytes(&s, text + at, bytes);
        text_show_words(&s, what == TEXT_WORD ? ")" : what == TEXT_LOOSE ? "]" : "");
    }
    assert_string_equal(s.p, expected);
    free(s.p);
}

static void pieces(void **state)
{
    /* Goal: words, marks, white space and line ends are cut as docs/MERGE.md says. */
    (void)state;
    assert_cut("He  takes\t5.", "(He)[  ](takes)[\t](5)[.]");
    assert_cut("don't 5.5 2026-01-05 a..b a.", "(don't)[ ](5.5)[ ](2026-01-05)[ ](a)[.][.](b)[ ](a)[.]");
    assert_cut("a.\xc3\xa9,b c\xc3\xa9.", "(a.\xc3\xa9,b)[ ](c\xc3\xa9)[.]");
    assert_cut("a\xe2\x80\x99s a\xe2\x80\x99", "(a\xe2\x80\x99s)[ ](a)[\xe2\x80\x99]");
    assert_cut("x\r\ny\rz\n\r\n\n", "(x)|(y)|(z)|||");
    assert_cut("x\xe2\x80\xa8y\xe2\x80\xa9z", "(x)|(y)|(z)");
    /* Ideographs are words; a mark does not join them, nor a letter to one. */
    assert_cut("\xe4\xbb\x96\xe4\xbd\x8f.\xe4\xbb\x96", "(\xe4\xbb\x96)(\xe4\xbd\x8f)[.](\xe4\xbb\x96)");
    assert_cut("a.\xe4\xbb\x96z", "(a)[.](\xe4\xbb\x96)(z)");
    /* Combining marks belong to what stands before them, but for a line end; at the start they are words. */
    assert_cut("e\xcc\x81\xcc\x81t .\xcc\x81  \xcc\x81 x", "(e\xcc\x81\xcc\x81t)[ ][.\xcc\x81][  \xcc\x81 ](x)");
    assert_cut("\xe4\xbb\x96\xcc\x81\xe4\xbb\x96", "(\xe4\xbb\x96\xcc\x81)(\xe4\xbb\x96)");
    assert_cut("\n\xcc\x81 \xcc\x81z", "|(\xcc\x81)[ \xcc\x81](z)");
    assert_cut("\xcc\x81z.\xcc\x81z", "(\xcc\x81z)[.\xcc\x81](z)");
    assert_cut("\x01\x7f", "(\x01\x7f)");
}

static void nothing_beyond_the_end(void **state)
{
    /* Goal: what stands behind a text's end, even if memory goes on, is no part of its last piece, word or line. */
    static const char *const runs[] = {"\r\n", "aa", "a.a", "\xc3\xa9\xc3\xa9", "  ", ".\xcc\x81", "e\xcc\x81", "\n\n"};
    static const size_t sizes[] = {1, 1, 1, 2, 1, 1, 1, 1};
    enum text_piece what;
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const uint8_t *p = (const uint8_t *)runs[i];
        assert_int_equal(text_cut_piece(p, sizes[i], &what), sizes[i]);
        assert_int_equal(text_cut_paragraph(p, sizes[i]), sizes[i]);
        assert_int_equal(text_cut_to_word(p, sizes[i]), what == TEXT_WORD ? 0 : sizes[i]);
    }
    /* A mark between two letters, of which the second is not the text's any more. */
    assert_int_equal(text_cut_piece((const uint8_t *)"a.a", 2, &what), 1);
}

/* --- every character --- */

static size_t write_utf8(uint32_t number, char *out)
{
    size_t bytes = number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = bytes; i-- > 1; number >>= 6)
        out[i] = (char)(0x80 | (number & 0x3f));
    out[0] = (char)(lead[bytes] | number);
    return bytes;
}

/* What a character is, by what is done with it. */
static char group_of(uint32_t number)
{
    uint8_t text[16] = {'.'};
    enum text_piece what, pair;
    size_t size = write_utf8(number, (char *)text + 1), twice, after_mark;
    memcpy(text + 1 + size, text + 1, size);
    assert_int_equal(text_cut_piece(text + 1, size, &what), size);
    twice = text_cut_piece(text + 1, 2 * size, &pair);
    after_mark = text_cut_piece(text, 1 + size, &pair);
    if (what == TEXT_LINE_END)
        return 'n';
    if (what == TEXT_LOOSE)
        return twice == 2 * size ? 'w' : 'p';
    if (after_mark > 1)
        return 'm';
    return twice == 2 * size ? 'l' : 'i';
}

static void every_character(void **state)
{
    /* Goal: each character of Unicode is of the group that it was always of. */
    static const struct {
        uint32_t number;
        char group;
    } some[] = {{'\t', 'w'},   {'\n', 'n'},   {'\r', 'n'},   {0x0b, 'w'},    {0x0c, 'w'},    {' ', 'w'},
                {'!', 'p'},    {'0', 'l'},    {'@', 'p'},    {'A', 'l'},     {'`', 'p'},     {'z', 'l'},
                {'~', 'p'},    {0x7f, 'l'},   {0x85, 'w'},   {0xa0, 'w'},    {0xaa, 'l'},    {0xab, 'p'},
                {0xb5, 'l'},   {0xdf, 'l'},   {0x301, 'm'},  {0x2003, 'w'},  {0x200d, 'm'},  {0x2019, 'p'},
                {0x2028, 'n'}, {0x2029, 'n'}, {0x20ac, 'l'}, {0x3001, 'p'},  {0x3042, 'i'},  {0x4e00, 'i'},
                {0xac00, 'l'}, {0xfe0f, 'm'}, {0xff0c, 'p'}, {0x1f44d, 'l'}, {0x20000, 'i'}, {0xe0100, 'm'}};
    crypto_generichash_state all;
    uint8_t hash[16];
    char hex[2 * sizeof hash + 1];
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        assert_int_equal(group_of(some[i].number), some[i].group);
    (void)crypto_generichash_init(&all, NULL, 0, sizeof hash);
    for (uint32_t number = 1; number <= 0x10ffff; number++) {
        uint8_t group;
        if (number >= 0xd800 && number <= 0xdfff) /* surrogates: in no UTF-8 */
            continue;
        group = (uint8_t)group_of(number);
        (void)crypto_generichash_update(&all, &group, 1);
    }
    (void)crypto_generichash_final(&all, hash, sizeof hash);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), "8823e00422fe4d6b415b3b08ac9192b5");
}

/* --- what stands before a word; paragraphs; lines --- */

static size_t to_word(const char *text)
{
    return text_cut_to_word((const uint8_t *)text, strlen(text));
}

static void before_a_word(void **state)
{
    /* Goal: what stands before the first word is what the pieces before it are. */
    static const char *const parts[] = {" ",        ".",        "\n",           "\r\n",        "\r",
                                        "\xcc\x81", "\xc2\xa0", "\xe2\x80\xa8", "\xe3\x80\x81"};
    static const char *const ends[] = {"", "a", "\xe4\xbb\x96", "\xc3\xa9"};
    (void)state;
    assert_int_equal(to_word(""), 0);
    assert_int_equal(to_word("a"), 0);
    assert_int_equal(to_word(" ,\r\n a"), 5);
    assert_int_equal(to_word("\xcc\x81"), 0);
    assert_int_equal(to_word(" \xcc\x81."), 4);
    assert_int_equal(to_word(".\n\xcc\x81"), 2);
    for (unsigned n = 0; n < 9 * 9 * 9 * 9 * 4; n++) {
        char text[32] = "";
        size_t at = 0, size = 0;
        enum text_piece what = TEXT_LOOSE;
        for (unsigned rest = n / 4, i = 0; i < 4; i++, rest /= 9)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s", parts[rest % 9]);
        size += (size_t)snprintf(text + size, sizeof text - size, "%s", ends[n % 4]);
        while (at < size) {
            size_t bytes = text_cut_piece((const uint8_t *)text + at, size - at, &what);
            if (what == TEXT_WORD)
                break;
            at += bytes;
        }
        assert_int_equal(to_word(text), at);
    }
}

static size_t paragraph(const char *text)
{
    return text_cut_paragraph((const uint8_t *)text, strlen(text));
}

static void paragraphs(void **state)
{
    /* Goal: a paragraph is a line with its end, and the blank lines after it, with theirs. */
    (void)state;
    assert_int_equal(paragraph("abc"), 3);
    assert_int_equal(paragraph("abc\n"), 4);
    assert_int_equal(paragraph("abc\nd"), 4);
    assert_int_equal(paragraph("abc\n\n\nd"), 6);
    assert_int_equal(paragraph("abc\r\n\r\nd"), 7);
    assert_int_equal(paragraph("abc\r\rd"), 5);
    assert_int_equal(paragraph("abc\r\r\nd"), 6);
    assert_int_equal(paragraph("abc\n \t\nd"), 7);
    assert_int_equal(paragraph("abc\n \td"), 4);
    assert_int_equal(paragraph("abc\n  "), 4);
    assert_int_equal(paragraph("abc\n\xc2\xa0\nd"), 7);
    assert_int_equal(paragraph("a\xe2\x82\xac\xe2\x80\xa8\xe2\x80\xa9z"), 10);
    assert_int_equal(paragraph("\na"), 1);
    assert_int_equal(paragraph("\n"), 1);
    assert_int_equal(paragraph(" \n\n.\n"), 3);
}

static void lines(void **state)
{
    /* Goal: lines start and end beside each kind of line end, and at the text's ends. */
    struct slice text = text_words("a\nb\rc\xe2\x80\xa8"
                                   "d\xe2\x80\xa9");
    static const uint8_t start[] = {1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1},
                         end[] = {0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1};
    (void)state;
    assert_int_equal(text.size, sizeof start - 1);
    for (size_t at = 0; at <= text.size; at++) {
        assert_int_equal(text_at_line_start(text, at), start[at]);
        assert_int_equal(text_at_line_end(text, at), end[at]);
    }
    text = text_words("\xe2\x80\xa7\xe2\x80\xaa\xe2\x82\xa8");
    for (size_t at = 3; at <= 6; at += 3) {
        assert_int_equal(text_at_line_start(text, at), 0);
        assert_int_equal(text_at_line_end(text, at), 0);
    }
    assert_int_equal(text_at_line_start(text_words("ab"), 2), 0);
    assert_int_equal(text_at_line_end(text_words("ab"), 0), 0);
    assert_int_equal(text_at_line_start(text_words(""), 0), 1);
    assert_int_equal(text_at_line_end(text_words(""), 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),          cmocka_unit_test(nothing_beyond_the_end),
        cmocka_unit_test(every_character), cmocka_unit_test(before_a_word),
        cmocka_unit_test(paragraphs),      cmocka_unit_test(lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
