/* Tests: common/base/progress.c
 * What is counted can be told at any time; nothing is told before it begins, and nobody has to look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "progress.h"

/* Goal: as it says above. */
static void it_counts(void **state)
{
    struct progress p = {.is_shown = 0};
    char words[PROGRESS_WORDS];
    (void)state;
    progress_words(&p, words);
    assert_string_equal(words, "");
    progress_begin(&p, "rows read");
    for (int i = 0; i < 1000; i++)
        progress_step(&p);
    progress_words(&p, words);
    assert_string_equal(words, "1000 rows read");
    progress_begin(&p, "records written");
    progress_words(&p, words);
    assert_string_equal(words, "0 records written");
    progress_begin(NULL, "nothing");
    progress_step(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
