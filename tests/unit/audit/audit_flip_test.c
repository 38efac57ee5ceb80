/* Tests: client/audit/audit_verify.c common/log/archive.c Of an archive, every bit that is flipped is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit_ask_fixture.h"

/* One flipped bit anywhere fails the proof, and the sentence begins with the record's name. */
static void flipped_bits(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    tamper_copy(&t, &audit_archive);
    for (size_t at = 0, i = 0; at < t.size; at++) {
        int code;
        while (i + 1 < t.count && at >= t.item[i + 1].at)
            i++;
        t.p[at] ^= (uint8_t)(1 << at % 8);
        code = audit_ask_bytes(&t, 1, &e);
        t.p[at] ^= (uint8_t)(1 << at % 8);
        assert_int_equal(code, at < tamper_magic() ? E_INPUT : E_VERIFY);
        if (at >= tamper_magic())
            assert_begins(&e, tamper_name(&t, i, name));
    }
    tamper_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bits),
    };
    return cmocka_run_group_tests(tests, audit_ask_begin, audit_ask_end);
}
