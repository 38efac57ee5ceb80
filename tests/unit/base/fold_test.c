/* Tests: common/base/fold.c common/base/utf8.c
 * Folding: what people write in different ways compares as one, in every letter; nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fold.h"

static void folds_to(const char *text, const char *folded)
{
    char *out = fold_text(text);
    assert_non_null(out);
    assert_string_equal(out, folded);
    free(out);
}

/* Goal: öberg is found by "oberg" and by "Öberg", José García by "jose"; letters without a decomposition read as on
 * another keyboard. */
static void case_and_marks_fold(void **state)
{
    (void)state;
    folds_to("", "");
    folds_to("\xc3\xb6"
             "berg",
             "oberg");
    folds_to("\xc3\x96"
             "BERG",
             "oberg");
    folds_to("o\xcc\x88"
             "berg",
             "oberg"); /* o, and a mark of its own */
    folds_to("Jos\xc3\xa9 Garc\xc3\xad"
             "a",
             "jose garcia");
    folds_to("Stra\xc3\x9f"
             "e \xc3\x86sop \xc5\x81ukasz \xc3\x98re",
             "strasse aesop lukasz ore");
    folds_to("\xc4\xb0stanbul", "istanbul");
    folds_to("\xce\x9f\xce\xb4\xcf\x8c\xcf\x82", "\xce\xbf\xce\xb4\xce\xbf\xcf\x83"); /* Greek, with its final sigma */
    folds_to("\xd0\x81\xd0\xbb\xd0\xba\xd0\xb0", "\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0"); /* Cyrillic */
}

/* Goal: ' and ' of print are one, and so are dashes and spaces. */
static void apostrophes_and_dashes_fold(void **state)
{
    (void)state;
    folds_to("O\xe2\x80\x99"
             "Brien",
             "o'brien");
    folds_to("O\xe2\x80\x98"
             "Brien O`Brien O\xc2\xb4"
             "Brien",
             "o'brien o'brien o'brien");
    folds_to("M\xc3\xbcller\xe2\x80\x93Kr\xc3\xbcger\xc2\xa0"
             "A",
             "muller-kruger a");
}

/* Goal: vowels that a script writes as marks are letters: two words of Hindi, which differ in them alone, stay two. */
static void vowels_of_other_scripts_stay(void **state)
{
    char *one = fold_text("\xe0\xa4\x95\xe0\xa4\xbf"), *two = fold_text("\xe0\xa4\x95\xe0\xa5\x81");
    (void)state;
    assert_non_null(one);
    assert_non_null(two);
    assert_string_not_equal(one, two);
    free(one);
    free(two);
}

/* Goal: the longest character of Unicode, and bytes that are no UTF-8, have room and an end. */
static void long_and_broken_texts_fold(void **state)
{
    enum { TIMES = 500 };
    char *text = malloc(3 * TIMES + 1), *out;
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < TIMES; i++)
        memcpy(text + 3 * i, "\xef\xb7\xba", 4);
    out = fold_text(text);
    assert_non_null(out);
    assert_true(strlen(out) >= (size_t)TIMES * 18);
    free(out);
    free(text);
    folds_to("a\xff"
             "b\xc3",
             "a\xef\xbf\xbd"
             "b\xef\xbf\xbd");
    for (uint32_t c = 1; c < 0x110000; c++) {
        uint32_t letters[FOLD_LETTERS_MAX];
        assert_true(fold_letter(c, letters) < FOLD_LETTERS_MAX);
    }
}

/* Goal: a found word points into the text as it was written, at the letter that it begins with. */
static void a_word_is_found_where_it_stands(void **state)
{
    const char *text = "Frau \xc3\x96"
                       "berg, O\xe2\x80\x99"
                       "Brien";
    (void)state;
    assert_ptr_equal(fold_find(text, "oberg"), text + 5);
    assert_ptr_equal(fold_find(text, "o'brien"), strstr(text, "O\xe2"));
    assert_null(fold_find(text, "obergs"));
}

/* Goal: of a telephone number the digits count. */
static void digits_are_taken_out(void **state)
{
    char out[FOLD_DIGITS_MAX + 1];
    (void)state;
    assert_int_equal(fold_digits("(030) 55-12", out, sizeof out), 7);
    assert_string_equal(out, "0305512");
    assert_int_equal(fold_digits("+49 171 555 12 34", out, sizeof out), 12);
    assert_string_equal(out, "491715551");
    assert_int_equal(fold_digits("none", out, sizeof out), 0);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_marks_fold),
        cmocka_unit_test(apostrophes_and_dashes_fold),
        cmocka_unit_test(vowels_of_other_scripts_stay),
        cmocka_unit_test(long_and_broken_texts_fold),
        cmocka_unit_test(a_word_is_found_where_it_stands),
        cmocka_unit_test(digits_are_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
