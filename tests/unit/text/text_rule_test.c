/* Tests: common/text/text.c
 * Rule 1 of the text merge, held fast. While TEXT_RULE is 1 nothing in this file may change but by cases that are
 * added: a result that somebody was shown years ago is made again by the rule that its record names, and has to come
 * out the same. A change of the merge that makes one of these fail is another rule: it gets the next number, and the
 * old one stays. */
#include "text_fixture.h"

#include <sodium.h>

_Static_assert(TEXT_RULE == 1, "these are the results of rule 1");

struct golden {
    const char *base, *versions[4], *result; /* as in text_fixture.h */
};

static const struct golden cases[] = {
    {"", {"Lives alone.", ""}, "{A:Lives alone.<}"},
    {"She lives alone.", {"She lives with her son.", "She lives alone."}, "She lives {A:with her son<alone}."},
    {"He takes five pills every day.",
     {"He takes six pills every day.", "He takes five pills every week."},
     "He takes {A:six<five} pills every {B:week<day}."},
    {"Calls on Monday.",
     {"Calls on Friday.", "Calls on Sunday.", "Calls on Friday."},
     "Calls on [AC:Friday|B:Sunday<Monday]."},
    {"the red house", {"the blue house", "the red barn"}, "the [A:blue house|B:red barn<red house]"},
    {"the red old house", {"the blue old house", "the red old barn"}, "the {A:blue<red} old {B:barn<house}"},
    {"a red, house", {"a blue, house", "a red; house"}, "a [A:blue,|B:red;<red,] house"},
    {"due 2026-01-05, 5.5 mg, don't",
     {"due 2025-01-05, 5.5 mg, can't", "due 2026-01-06, 6.5 mg, don't"},
     "due [A:2025-01-05, 5.5|B:2026-01-06, 6.5<2026-01-05, 5.5] mg, {A:can't<don't}"},
    {"One.\n\nTwo.\n", {"One.\n\nNew.\n\nTwo.\n", "One.\n\nThree.\n"}, "One.\n\n{A:New.\n\n<}{B:Three<Two}.\n"},
    {"One.\n\nTwo.\n",
     {"Two.\n", "One.\n\nThree.\n", "One.\n\nTwo.\n\nEnd."},
     "{A:<One.\n\n}{B:Three<Two}.\n{C:\nEnd.<}"},
    {"He is home",
     {"He is home, he says", "He is home\n\nMore.", "He is out"},
     "He is [A:home, he says|B:home\n\nMore.|C:out<home]"},
    {"One\r\nTwo\r\n\r\nThree\rFour\xe2\x80\xa8"
     "Five\xe2\x80\xa9Six",
     {"One\nTwo\r\n\r\nThree\rFour\xe2\x80\xa8"
      "Five\xe2\x80\xa9Six",
      "One\r\nTwo!\r\n\r\nThree\nFour\xe2\x80\xa8"
      "Fire\xe2\x80\xa9Six",
      "One\r\nTwo\r\n\r\nThree\rFour\nFive\xe2\x80\xa9Seven"},
     "One{A:\n<\r\n}Two{B:!<}\r\n\r\nThree{B:\n<\r}Four{C:\n<\xe2\x80\xa8}{B:Fire<Five}\xe2\x80\xa9{C:Seven<Six}"},
    {"Word\nEnd\n",
     {"Ward\nEnd\n", "Word\nfoo\nEnd\n", "Word more\nEnd\n", "Word\nEnd\nfoo\n"},
     "[A:Ward|C:Word more<Word]\n{B:foo\n<}End\n{D:foo\n<}"},
    {"a b c d e f g h",
     {"X Y c d e f g h", "a S T U e f g h", "a b c V W f g h", "a b c d e f g Z"},
     "[A:X Y c d e|B:a S T U e|C:a b c V W<a b c d e] f g {D:Z<h}"},
    {"a b a b", {"a b", "a b a b a b"}, "a b[A:|B: a b a b< a b]"},
    {"a a a", {"a a", "a a a a", "a, a a"}, "a{C:,<} a[A:|B: a a< a]"},
    {"e\xcc\x81t\xc3\xa9 x \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 y",
     {"e\xcc\x80t\xc3\xa9 x \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 y",
      "e\xcc\x81te x \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 z"},
     "[A:e\xcc\x80t\xc3\xa9|B:e\xcc\x81te<e\xcc\x81t\xc3\xa9] x "
     "[A:\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
     "y|B:\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
     "z<\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 y]"},
    {"\xe4\xbb\x96\xe4\xbd\x8f\xe5\x9c\xa8\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82\xe3\x80\x82\xe3\x81\x8c",
     {"\xe5\xa5\xb9\xe4\xbd\x8f\xe5\x9c\xa8\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82\xe3\x80\x82\xe3\x81\x8c",
      "\xe4\xbb\x96\xe4\xbd\x8f\xe5\x9c\xa8\xe5\x8d\x97\xe4\xba\xac\xe5\xb8\x82\xe3\x80\x82\xe3\x81\x8b",
      "\xe4\xbb\x96\xe4\xbd\x8f\xe5\x9c\xa8\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82\xe3\x80\x81\xe3\x81\x8c"},
     "{A:\xe5\xa5\xb9<\xe4\xbb\x96}\xe4\xbd\x8f\xe5\x9c\xa8{B:\xe5\x8d\x97<\xe5\x8c\x97}\xe4\xba\xac\xe5\xb8\x82[B:"
     "\xe3\x80\x82\xe3\x81\x8b|C:\xe3\x80\x81\xe3\x81\x8c<\xe3\x80\x82\xe3\x81\x8c]"},
    {"p\n\nThe old plan is good\n\nq\n",
     {"p\n\nNew\n\nThe old plan is bad\n\nq\n", "p\n\nThe new plan is good\n\nq\n"},
     "p\n\n{A:New\n\n<}The {B:new<old} plan is {A:bad<good}\n\nq\n"},
    {"one two\nthree four\nfive six\n",
     {"three four\none two\nfive six\n", "one two\nthree fore\nfive six\n"},
     "{A:<one two\n}three {B:fore<four}\n{A:one two\n<}five six\n"},
    {" \n \n.\n", {"\n.\n", " \n \n!\n", " \n \n.\n \n"}, "{A:< \n }\n{B:!<.}\n{C: \n<}"},
    {"\xcc\x81"
     "a\xcc\x81 \xcc\x81"
     "b\n\xcc\x81"
     "c",
     {"\xcc\x81"
      "a \xcc\x81"
      "b\n\xcc\x81"
      "c",
      "\xcc\x81"
      "a\xcc\x81 b\n\xcc\x81"
      "c",
      "\xcc\x81"
      "a\xcc\x81 \xcc\x81"
      "b\n\xcc\x82"
      "c"},
     "[A:\xcc\x81"
     "a \xcc\x81|B:\xcc\x81"
     "a\xcc\x81 <\xcc\x81"
     "a\xcc\x81 \xcc\x81]b\n{C:\xcc\x82"
     "c<\xcc\x81"
     "c}"},
    {"Gone. Kept. Gone.", {"Kept.", "Gone. Kept. Gone. New."}, "{A:<Gone. }Kept.[A:|B: Gone. New.< Gone.]"},
};

static void results_are_those_of_rule_1(void **state)
{
    /* Goal: for ever the same results of the same texts. */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text_version v[4];
        struct text_merged m;
        struct shown s;
        size_t count = 0;
        for (; count < 4 && cases[i].versions[count] != NULL; count++)
            v[count] = text_version((unsigned)count + 1, cases[i].versions[count]);
        assert_int_equal(text_merge(text_words(cases[i].base), v, count, &m, NULL), 0);
        assert_int_equal(m.rule, 1);
        s = text_show(&m);
        assert_string_equal(s.p, cases[i].result);
        free(s.p);
        text_merged_free(&m);
    }
}

/* --- many, by a digest of all results --- */

/* Numbers that are the same for ever (a linear congruence; Knuth's constants for 64 bits). */
static uint64_t number_state;

static unsigned below(unsigned bound)
{
    number_state = number_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((number_state >> 33) % bound);
}

static void write_pieces(struct shown *s, const char *const *pieces, unsigned count, unsigned times)
{
    for (; times > 0; times--)
        text_show_words(s, pieces[below(count)]);
}

/* Every now and then one piece of a text that is made of pieces of one byte is another, or gone, or two. */
static struct shown changed(const struct shown *base, const char *const *pieces, unsigned count, unsigned seldom)
{
    struct shown s = {NULL, 0, 0};
    text_show_words(&s, "");
    for (size_t i = 0; i < base->used; i++)
        if (below(seldom) == 0 && ((uint8_t)base->p[i] & 0x80) == 0)
            write_pieces(&s, pieces, count, below(3));
        else
            text_show_bytes(&s, base->p + i, 1);
    return s;
}

static void digest(crypto_generichash_state *all, const struct text_merged *m)
{
    struct shown s = text_show(m);
    (void)crypto_generichash_update(all, (const uint8_t *)s.p, s.used + 1);
    free(s.p);
}

/* The digest of `rounds` merges of up to `versions` versions, of texts of up to `longest` pieces. */
static void assert_digest(const char *const *pieces, unsigned count, unsigned rounds, unsigned versions,
                          unsigned longest, unsigned seldom, const char *expected)
{
    crypto_generichash_state all;
    uint8_t hash[16];
    char hex[2 * sizeof hash + 1];
    number_state = 1;
    (void)crypto_generichash_init(&all, NULL, 0, sizeof hash);
    for (unsigned round = 0; round < rounds; round++) {
        struct shown base = {NULL, 0, 0}, texts[4];
        struct text_version v[4];
        struct text_merged m;
        unsigned n = 1 + below(versions);
        text_show_words(&base, "");
        write_pieces(&base, pieces, count, longest / 2 + below(longest / 2));
        for (unsigned i = 0; i < n; i++) {
            texts[i] = changed(&base, pieces, count, seldom);
            v[i] = text_version(i + 1, texts[i].p);
        }
        assert_int_equal(text_merge(text_words(base.p), v, n, &m, NULL), 0);
        digest(&all, &m);
        text_merged_free(&m);
        for (unsigned i = 0; i < n; i++)
            free(texts[i].p);
        free(base.p);
    }
    (void)crypto_generichash_final(&all, hash, sizeof hash);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), expected);
}

static void many_results_are_those_of_rule_1(void **state)
{
    /* Goal: the same for some thousand small texts of every kind of piece, and for long ones whose steps run out,
     * so that edits come out coarser. */
    static const char *const every[] = {"a",
                                        "be",
                                        "see",
                                        " ",
                                        " ",
                                        " ",
                                        "  ",
                                        ".",
                                        ", ",
                                        "\n",
                                        "\r\n",
                                        "\n\n",
                                        "f\xc3\xbcr",
                                        "\r",
                                        "5.5",
                                        "don't",
                                        "\t",
                                        "-",
                                        "(",
                                        "\n \n",
                                        "\xe4\xb8\x80",
                                        "\xe3\x80\x81",
                                        "e\xcc\x81",
                                        "\xcc\x81",
                                        "\xc2\xa0",
                                        "\xc2\x85",
                                        "\xe2\x80\xa8",
                                        "\xe2\x80\xa9",
                                        "\xf0\x9f\x91\x8d",
                                        "\xe2\x80\x8d",
                                        "\xef\xbc\x8c",
                                        "\xf0\xa0\x80\x80"};
    static const char *const marks[] = {".", ",", ";", "!"}, *const letters[] = {"a", "b", " "},
                             *const lines[] = {"a", "\n"};
    (void)state;
    assert_digest(every, 32, 4000, 4, 60, 12, "4bdac96881d91db0858b8ba2a168a426");
    assert_digest(every, 32, 20, 4, 4000, 40, "5371eb231a42ab78af103923a419d896");
    assert_digest(marks, 4, 2, 2, 30000, 3, "ece952e579768de80aedce836c467dd1");
    assert_digest(letters, 3, 2, 2, 60000, 3, "e03cba3f90daf4cf52067ff6ffa4b027");
    assert_digest(lines, 2, 2, 2, 60000, 3, "f764cc117e9eb52d5f0e426a98acfe57");
    /* Of three and more, each has an equal part of the steps. */
    assert_digest(letters, 3, 5, 4, 60000, 3, "397772e21730e594669dc312a9e9589f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_those_of_rule_1),
        cmocka_unit_test(many_results_are_those_of_rule_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
