/* Tests: common/text/text.c common/text/text_diff.c common/text/text_number.c
 * The merge of texts, example by example. A result is written as in text_fixture.h: {who: new < old} is an edit, [who:
 * one | who: other < old] an overlap, everything else is common. */
#include "text_fixture.h"

static void merges(const char *base, const struct text_version *versions, size_t count, const char *expected)
{
    struct text_merged m;
    struct error e;
    struct shown s;
    assert_int_equal(text_merge(text_words(base), versions, count, &m, &e), 0);
    assert_is_made_of(&m, text_words(base), versions);
    s = text_show(&m);
    assert_string_equal(s.p, expected);
    free(s.p);
    text_merged_free(&m);
}

static void two(const char *base, const char *a, const char *b, const char *expected)
{
    struct text_version versions[2] = {text_version(1, a), text_version(2, b)}, turned[2] = {versions[1], versions[0]};
    merges(base, versions, 2, expected);
    merges(base, turned, 2, expected);
}

static void what_one_changed_applies(void **state)
{
    /* Goal: beside somebody who changed nothing every edit applies. */
    (void)state;
    two("She lives alone.", "She lives alone.", "She lives alone.", "She lives alone.");
    two("She lives alone.", "She lives with her son.", "She lives alone.", "She lives {A:with her son<alone}.");
    two("She lives alone.", "She lives alone.", "", "{B:<She lives alone.}");
    two("", "She lives alone.", "", "{A:She lives alone.<}");
    merges("", NULL, 0, "");
    merges("As it was.", NULL, 0, "As it was.");
}

static void edits_apart_all_apply(void **state)
{
    /* Goal: what two people changed in different places is all there, and says who wrote it. */
    (void)state;
    two("He takes five pills every day.", "He takes six pills every day.", "He takes five pills every week.",
        "He takes {A:six<five} pills every {B:week<day}.");
    two("One.\nTwo.\nThree.\n", "One!\nTwo.\nThree.\n", "One.\nTwo.\nThree?\n", "One{A:!<.}\nTwo.\nThree{B:?<.}\n");
}

static void equal_edits_count_once(void **state)
{
    /* Goal: what two people changed in the same way is one edit of both. */
    (void)state;
    two("Calls on Monday.", "Calls on Friday.", "Calls on Friday.", "Calls on {AB:Friday<Monday}.");
    two("One.\n", "One.\nTwo.\n", "One.\nTwo.\n", "One.\n{AB:Two.\n<}");
    two("Calls.", "", "", "{AB:<Calls.}");
}

static void overlaps_keep_both(void **state)
{
    /* Goal: what two people changed in one place is kept whole, twice, and never mixed. */
    (void)state;
    two("Calls on Monday.", "Calls on Friday.", "Calls on Sunday.", "Calls on [A:Friday|B:Sunday<Monday].");
    /* One took out what the other changed. */
    two("One. Two. Three.", "One. Three.", "One. Two and a half. Three.", "One. [A:|B:Two and a half. <Two. ]Three.");
    /* Both wrote where nothing was. */
    two("", "Mine.", "Yours.", "[A:Mine.|B:Yours.<]");
    two("Here.\n", "Here.\nMine.\n", "Here.\nYours.\n", "Here.\n[A:Mine.\n|B:Yours.\n<]");
}

static void neighbours_are_one_phrase(void **state)
{
    /* Goal: words side by side are one phrase; a word between keeps apart, white space and punctuation do not. */
    (void)state;
    two("the red house", "the blue house", "the red barn", "the [A:blue house|B:red barn<red house]");
    two("a red, house", "a blue, house", "a red, barn", "a [A:blue, house|B:red, barn<red, house]");
    two("the red old house", "the blue old house", "the red old barn", "the {A:blue<red} old {B:barn<house}");
    /* What is written without a space is one word: no number and no date that nobody wrote. */
    two("due 2026-01-05 at noon", "due 2025-01-05 at noon", "due 2026-01-06 at noon",
        "due [A:2025-01-05|B:2026-01-06<2026-01-05] at noon");
    two("5.5 mg", "6.5 mg", "5.0 mg", "[A:6.5|B:5.0<5.5] mg");
    two("I don't", "I can't", "I don't", "I {A:can't<don't}");
}

static void paragraphs_beside_each_other(void **state)
{
    /* Goal: a paragraph that is put in or taken out stands apart from one beside it that changes. */
    (void)state;
    two("One.\n\nTwo.\n", "One.\n\nNew.\n\nTwo.\n", "One.\n\nThree.\n", "One.\n\n{A:New.\n\n<}{B:Three<Two}.\n");
    two("One.\n\nTwo.\n", "Two.\n", "One.\n\nThree.\n", "{A:<One.\n\n}{B:Three<Two}.\n");
    two("He is home", "He is out", "He is home\n\nMore.", "He is {A:out<home}{B:\n\nMore.<}");
    two("He is home", "He is home, he says", "He is home\n\nMore.", "He is home[A:, he says|B:\n\nMore.<]");
    two("He is home", "He is home, he says", "He is home now", "He is home[A:, he says|B: now<]");
    /* So with other line ends. */
    two("One\xe2\x80\xa8Two", "One\xe2\x80\xa8New\xe2\x80\xa8Two", "One\xe2\x80\xa8Three",
        "One\xe2\x80\xa8{A:New\xe2\x80\xa8<}{B:Three<Two}");
    two("One\xe2\x80\xa8Two", "New\xe2\x80\xa8Two", "One\nTwo", "{A:New<One}{B:\n<\xe2\x80\xa8}Two");
    two("One\r\nTwo", "One\r\nNew\r\nTwo", "One\r\nThree", "One\r\n{A:New\r\n<}{B:Three<Two}");
    two("One\rTwo", "One\rNew\rTwo", "One\rThree", "One\r{A:New\r<}{B:Three<Two}");
    /* A line that was joined to the next keeps nothing apart. */
    two("One\nTwo\n", "One and Two\n", "One\nThree\n", "One[A: and Two|B:\nThree<\nTwo]\n");
}

static void many_versions(void **state)
{
    /* Goal: with three and more versions each edit applies once; a chain of overlaps is one overlap. */
    struct text_version three[3] = {text_version(3, "a b c d e F"), text_version(1, "A b c d e f"),
                                    text_version(2, "a b C d e f")};
    struct text_version chain[3] = {text_version(1, "X Y c d e"), text_version(2, "a S T U e"),
                                    text_version(3, "a b c V W")};
    struct text_version same[3] = {text_version(1, "a X c d e"), text_version(2, "a b c Y e"),
                                   text_version(3, "a X c d e")};
    struct text_version point[4] = {text_version(1, "one x"), text_version(2, "one two x"),
                                    text_version(3, "one two x"), text_version(4, "one x")};
    (void)state;
    merges("a b c d e f", three, 3, "{A:A<a} b {B:C<c} d e {C:F<f}");
    merges("a b c d e", chain, 3, "[A:X Y c d e|B:a S T U e|C:a b c V W<a b c d e]");
    merges("a b c d e", same, 3, "a {AC:X<b} c {B:Y<d} e");
    merges("x", point, 4, "[AD:one |BC:one two <]x");
}

static void put_in_at_one_point(void **state)
{
    /* Goal: whatever order dots are in, all that is put in at one point makes one overlap. */
    const char *base = "Word\nEnd\n", *texts[3] = {"Ward\nEnd\n", "Word\nfoo\nEnd\n", "Word more\nEnd\n"};
    (void)state;
    for (unsigned turn = 0; turn < 6; turn++) {
        static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        struct text_version v[3];
        struct text_merged m;
        for (unsigned i = 0; i < 3; i++)
            v[i] = text_version(i + 1, texts[orders[turn][i]]);
        assert_int_equal(text_merge(text_words(base), v, 3, &m, NULL), 0);
        assert_is_made_of(&m, text_words(base), v);
        assert_int_equal(m.overlaps, 1);
        text_merged_free(&m);
    }
}

static void as_typed(void **state)
{
    /* Goal: line ends and characters stay exactly as they were typed; nothing is cut within a character. */
    (void)state;
    two("Eins\r\nZwei\r\n", "Eins\r\nDrei\r\n", "Null\r\nZwei\r\n", "{B:Null<Eins}\r\n{A:Drei<Zwei}\r\n");
    two("a\nb\n", "a\r\nb\n", "a\nb\n", "a{A:\r\n<\n}b\n");
    two("Frau Öz und Zoë", "Frau Ös und Zoë", "Frau Öz und Zoe", "Frau {A:Ös<Öz} und {B:Zoe<Zoë}");
    /* A letter with a combining mark is one; so is a flag, and a family. */
    two("e\xcc\x81t\xc3\xa9 x y", "e\xcc\x80t\xc3\xa9 x y", "e\xcc\x81t\xc3\xa9 x z",
        "{A:e\xcc\x80t\xc3\xa9<e\xcc\x81t\xc3\xa9} x {B:z<y}");
    two("ok 👩‍👩‍👧 x y", "ok 👨‍👩‍👧 x y", "ok 👩‍👩‍👧 x z",
        "ok {A:👨‍👩‍👧<👩‍👩‍👧} x {B:z<y}");
    /* Ideographs are words. */
    two("他住在北京市", "她住在北京市", "他住在南京市", "{A:她<他}住在{B:南<北}京市");
    two("が。は", "か。は", "が。ば", "[A:か。は|B:が。ば<が。は]");
    /* Other line ends. */
    two("a\rb\rc", "x\rb\rc", "a\rb\ry", "{A:x<a}\rb\r{B:y<c}");
    two("a\xe2\x80\xa8"
        "b",
        "x\xe2\x80\xa8"
        "b",
        "a\xe2\x80\xa8"
        "y",
        "{A:x<a}\xe2\x80\xa8{B:y<b}");
}

static void alignment_follows_paragraphs(void **state)
{
    /* Goal: a blank line is no landmark: what was put in before a paragraph that also changed does not swallow it. */
    (void)state;
    two("p\n\nThe old plan is good\n\nq\n", "p\n\nNew\n\nThe old plan is bad\n\nq\n",
        "p\n\nThe new plan is good\n\nq\n", "p\n\n{A:New\n\n<}The {B:new<old} plan is {A:bad<good}\n\nq\n");
}

static void lists_just_full(void **state)
{
    /* Goal: whatever number of edits there is, and of pieces, nothing is read beyond the last one (with ASan this
     * tells): one person changes every word, the other writes more below. */
    char base[800] = "", one[800] = "", other[810] = "";
    (void)state;
    for (unsigned n = 0; n < 140; n++) {
        struct text_version v[2];
        struct text_merged m;
        (void)snprintf(base + strlen(base), 6, "%sw a", n == 0 ? "" : " ");
        (void)snprintf(one + strlen(one), 6, "%sw b", n == 0 ? "" : " ");
        (void)snprintf(other, sizeof other, "%s%s", base, n % 2 == 0 ? "\n\nMore." : " more");
        v[0] = text_version(1, one);
        v[1] = text_version(2, other);
        assert_int_equal(text_merge(text_words(base), v, 2, &m, NULL), 0);
        assert_is_made_of(&m, text_words(base), v);
        assert_int_equal(m.overlaps, n % 2);
        text_merged_free(&m);
    }
}

static void limits_are_told(void **state)
{
    /* Goal: what is too much or no text is refused with a sentence, and nothing is left to free. */
    static struct text_version many[TEXT_VERSIONS_MAX + 1];
    static uint8_t long_text[TEXT_BYTES_MAX + 1];
    struct text_merged m;
    struct error e;
    (void)state;
    memset(long_text, 'a', sizeof long_text);
    for (unsigned i = 0; i <= TEXT_VERSIONS_MAX; i++)
        many[i] = text_version(i, "a");
    assert_int_equal(text_merge(text_words("b"), many, TEXT_VERSIONS_MAX, &m, &e), 0);
    assert_int_equal(m.segment_count, 1);
    assert_true(m.segments[0].writers == UINT64_MAX);
    text_merged_free(&m);
    for (unsigned i = 1; i < TEXT_VERSIONS_MAX; i += 2)
        many[i].text = text_words("c");
    assert_int_equal(text_merge(text_words("b"), many, TEXT_VERSIONS_MAX, &m, &e), 0);
    assert_int_equal(m.alternative_count, 2);
    assert_true(m.alternatives[0].writers == 0x5555555555555555 && m.alternatives[1].writers == 0xaaaaaaaaaaaaaaaa);
    text_merged_free(&m);
    assert_int_equal(text_merge(text_words("b"), many, TEXT_VERSIONS_MAX + 1, &m, &e), E_LIMIT);
    text_merged_free(&m);
    many[0].text = (struct slice){long_text, sizeof long_text};
    assert_int_equal(text_merge(text_words("b"), many, 1, &m, &e), E_LIMIT);
    assert_int_equal(text_merge((struct slice){long_text, sizeof long_text}, many, 0, &m, &e), E_LIMIT);
    /* Together: the base and seven others at their longest are just not too much. */
    for (unsigned i = 0; i < 8; i++)
        many[i].text = (struct slice){long_text, TEXT_BYTES_MAX};
    many[7].text.size = 1;
    assert_int_equal(text_merge((struct slice){long_text, TEXT_BYTES_MAX}, many, 7, &m, &e), 0);
    assert_int_equal(m.segment_count, 1);
    text_merged_free(&m);
    assert_int_equal(text_merge((struct slice){long_text, TEXT_BYTES_MAX}, many, 8, &m, &e), E_LIMIT);
    many[7].text.size = TEXT_BYTES_MAX - 1;
    assert_int_equal(text_merge(text_words("b"), many, 8, &m, &e), 0);
    text_merged_free(&m);
    assert_int_equal(text_merge(text_words("b"), many, 1, &m, &e), 0);
    text_merged_free(&m);
    many[0].text = text_words("\xc3(");
    assert_int_equal(text_merge(text_words("b"), many, 1, &m, &e), E_INPUT);
    assert_int_equal(text_merge(text_words("\xff"), many + 10, 1, &m, &e), E_INPUT);
    many[0] = text_version(7, "x");
    assert_int_equal(text_merge(text_words("b"), many, 8, &m, &e), E_INPUT); /* 7 stands there already */
    assert_true(strlen(e.text) > 0);
    many[0] = many[1] = text_version(1, "x");
    assert_int_equal(text_merge(text_words("b"), many, 2, &m, &e), E_INPUT);
    text_merged_free(&m);
    many[0].text = (struct slice){NULL, 0};
    assert_int_equal(text_merge((struct slice){NULL, 0}, many, 1, &m, &e), 0);
    assert_int_equal(m.segment_count, 0);
    text_merged_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_changed_applies),
        cmocka_unit_test(edits_apart_all_apply),
        cmocka_unit_test(equal_edits_count_once),
        cmocka_unit_test(overlaps_keep_both),
        cmocka_unit_test(neighbours_are_one_phrase),
        cmocka_unit_test(paragraphs_beside_each_other),
        cmocka_unit_test(many_versions),
        cmocka_unit_test(put_in_at_one_point),
        cmocka_unit_test(as_typed),
        cmocka_unit_test(alignment_follows_paragraphs),
        cmocka_unit_test(lists_just_full),
        cmocka_unit_test(limits_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
