/* Tests: client/audit/audit_verify.c common/log/archive.c Every byte of an archive that is altered is found, also if
 * the checksum is made right again, by somebody with its passphrase and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit_ask_fixture.h"

/* If the checksum is made right again, the proof still fails: for an entry by its name, for a head or a checkpoint
 * by its own or by that of the entry that it no longer fits. */
static void tampering(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    tamper_copy(&t, &audit_archive);
    for (size_t i = 0; i < t.count; i++) {
        tamper_name(&t, i, name);
        for (size_t at = t.item[i].at + 4; at < t.item[i].at + t.item[i].size - TAMPER_SUM; at++) {
            int code;
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            code = audit_ask_bytes(&t, 1, &e);
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            assert_true(code == E_VERIFY || (i == 0 && code == E_WRONG_KEY));
            if (i >= 2 + t.heads || i == 1)
                assert_begins(&e, name);
            else if (i >= 2)
                assert_true(strstr(e.text, "head ") != NULL);
        }
    }
    tamper_free(&t);
}

/* The same without the passphrase: nothing but a sealed body can be changed unseen, and an altered time of receipt is
 * told by the entries between which the devices' heads enclose it. */
static void tampering_without_passphrase(void **state)
{
    struct tamper t;
    struct error e;
    (void)state;
    tamper_copy(&t, &audit_archive);
    for (size_t i = 2 + t.heads; i < t.count; i++) {
        struct archive *a;
        struct archive_item r;
        size_t start_at = t.item[i].at + 4;
        size_t header_end = 0;
        uint64_t first, last;
        char *rest;
        uint64_t n = i - 2 - t.heads;
        /* Where its header ends. */
        assert_int_equal(archive_open(&a, audit_path, NULL, 0, NULL), 0);
        do {
            assert_int_equal(archive_next(a, &r, NULL), 0);
        } while (r.type != ARCHIVE_ENTRY || r.position != n);
        for (size_t at = start_at; header_end == 0; at++)
            if (memcmp(t.p + at, r.header.p, r.header.size) == 0)
                header_end = at + r.header.size;
        for (size_t at = start_at; at < header_end; at++) {
            int code;
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            code = audit_ask_bytes(&t, 0, &e);
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            assert_int_equal(code, E_VERIFY);
        }
        archive_close(a);
        /* The last byte of the time of receipt stands before the header and its two bytes of length. */
        t.p[header_end - r.header.size - 3] ^= 1;
        tamper_seal(&t, i);
        assert_int_equal(audit_ask_bytes(&t, 0, &e), E_VERIFY);
        t.p[header_end - r.header.size - 3] ^= 1;
        tamper_seal(&t, i);
        assert_begins(&e, "entry ");
        first = last = strtoull(e.text + 6, &rest, 10);
        if (strncmp(rest, " to entry ", 10) == 0)
            last = strtoull(rest + 10, &rest, 10);
        assert_int_equal(*rest, ':');
        assert_true(first <= n && n <= last && last - first < audit_asked.tree.size / 2);
    }
    tamper_free(&t);
}

/* Nor can the preamble claim another key, or more or fewer records, than the checkpoint and the file have. */
static void preamble_without_passphrase(void **state)
{
    struct tamper t;
    struct error e;
    size_t start_at = audit_archive.item[0].at + 4;
    size_t end = start_at + 4 + strlen(audit_asked.log_key) + 2; /* type, length, key, and two counts of one byte */
    (void)state;
    tamper_copy(&t, &audit_archive);
    for (size_t at = start_at; at < end; at++) {
        int code;
        t.p[at] ^= (uint8_t)(1 << at % 7);
        tamper_seal(&t, 0);
        code = audit_ask_bytes(&t, 0, &e);
        t.p[at] ^= (uint8_t)(1 << at % 7);
        assert_int_equal(code, E_VERIFY);
        assert_true(at + 2 >= end || strncmp(e.text, "preamble:", 9) == 0);
    }
    tamper_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tampering),
        cmocka_unit_test(tampering_without_passphrase),
        cmocka_unit_test(preamble_without_passphrase),
    };
    return cmocka_run_group_tests(tests, audit_ask_begin, audit_ask_end);
}
