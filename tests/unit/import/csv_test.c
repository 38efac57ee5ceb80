/* Tests: daemon/import/csv.c
 * CSV: what RFC 4180 allows, what people's programs write beside it, and what must be refused row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "csv.h"

static char path[] = "/tmp/csv_test.XXXXXX";

static void start(struct csv *c, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(csv_open(c, path, NULL), 0);
}

static void start_text(struct csv *c, const char *text)
{
    start(c, text, strlen(text));
}

/* The next row is this: fields with '|' between them. */
static void expect_row(struct csv *c, const char *expected)
{
    const char *why = "";
    char row[4096] = "";
    size_t used = 0;
    assert_int_equal(csv_next(c, &why), CSV_ROW);
    for (size_t i = 0; i < c->count; i++)
        used += (size_t)snprintf(row + used, sizeof row - used, "%s%s", i == 0 ? "" : "|", c->fields[i]);
    assert_string_equal(row, expected);
}

static void expect_bad(struct csv *c, const char *expected)
{
    const char *why = "";
    assert_int_equal(csv_next(c, &why), CSV_BAD);
    assert_string_equal(why, expected);
}

static void expect_end(struct csv *c)
{
    const char *why = "";
    assert_int_equal(csv_next(c, &why), CSV_END);
    assert_int_equal(csv_next(c, &why), CSV_END);
    csv_close(c);
}

/* Goal: rows with LF, CRLF, no end at all, and a byte order mark give their fields and nothing else. */
static void test_plain(void **state)
{
    struct csv c;
    (void)state;
    start_text(&c, "\xef\xbb\xbfid,name\r\n1,Ada\r\n2,\n,\n3,last");
    expect_row(&c, "id|name");
    assert_int_equal(c.line, 1);
    expect_row(&c, "1|Ada");
    expect_row(&c, "2|");
    expect_row(&c, "|");
    expect_row(&c, "3|last");
    assert_int_equal(c.line, 5);
    expect_end(&c);
    /* A mark that is cut is no mark, but text that is not UTF-8. */
    start_text(&c, "\xef\xbb,x\n");
    expect_bad(&c, "not UTF-8, or with a NUL byte");
    expect_end(&c);
}

/* Goal: quoted fields hold commas, quotes and line ends, and the line of the row after them is still right. */
static void test_quotes(void **state)
{
    struct csv c;
    (void)state;
    start_text(&c, "\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n\"\",\"\"\n\"crlf\r\nin\",x\n");
    expect_row(&c, "a,b|say \"no\"|two\nlines");
    expect_row(&c, "|");
    assert_int_equal(c.line, 3);
    expect_row(&c, "crlf\r\nin|x");
    assert_int_equal(c.line, 4);
    expect_end(&c);
    start_text(&c, "a,\"quoted to the end\"");
    expect_row(&c, "a|quoted to the end");
    expect_end(&c);
    start_text(&c, "a\rb,c\r\r\n");
    expect_row(&c, "a\rb|c\r"); /* a carriage return inside a line is text */
    expect_end(&c);
}

/* Goal: empty lines are no rows, an empty file has none. */
static void test_empty(void **state)
{
    struct csv c;
    (void)state;
    start_text(&c, "");
    expect_end(&c);
    start_text(&c, "\n\r\n\n a \n\n\n");
    expect_row(&c, " a ");
    assert_int_equal(c.line, 4);
    expect_end(&c);
    start_text(&c, "\xef\xbb\xbf");
    expect_end(&c);
}

/* Goal: a quote out of place, an open quote, NUL bytes and bytes that are not UTF-8 spoil their row and no other. */
static void test_bad_rows(void **state)
{
    static const char nul[] = "a,b\nx\0y,z\nc,d\n";
    struct csv c;
    (void)state;
    start_text(&c, "ok,1\nbad\"quote,2\n\"closed\"too,3\nok,4\n\"open,5\nand on\n");
    expect_row(&c, "ok|1");
    expect_bad(&c, "a quote stands where none may stand");
    expect_bad(&c, "a quote stands where none may stand");
    expect_row(&c, "ok|4");
    assert_int_equal(c.line, 4);
    expect_bad(&c, "the file ends within quotes");
    expect_end(&c);
    start(&c, nul, sizeof nul - 1);
    expect_row(&c, "a|b");
    expect_bad(&c, "not UTF-8, or with a NUL byte");
    expect_row(&c, "c|d");
    expect_end(&c);
    start_text(&c, "a\xff,b\n\xed\xa0\x80\nc\n");
    expect_bad(&c, "not UTF-8, or with a NUL byte");
    expect_bad(&c, "not UTF-8, or with a NUL byte");
    expect_row(&c, "c");
    expect_end(&c);
}

/* Goal: a row of the largest size is read, one byte more is refused, empty fields behind a full row are refused too
 * (their ends have no room), and the row after it is read. */
static void test_long_rows(void **state)
{
    static char text[CSV_ROW_MAX + 1024];
    struct csv c;
    for (size_t size = CSV_ROW_MAX - 3; size <= CSV_ROW_MAX + 1; size++) {
        for (unsigned commas = 0; commas < 600; commas = commas == 0 ? 1 : commas * 5) {
            const char *why = "";
            size_t needs = size + 1 + commas; /* bytes with the ends of the fields */
            memset(text, 'x', size);
            memset(text + size, ',', commas);
            memcpy(text + size + commas, "\nnext,row\n", sizeof "\nnext,row\n");
            start_text(&c, text);
            assert_int_equal(csv_next(&c, &why), needs <= CSV_ROW_MAX && commas < CSV_COLUMNS_MAX ? CSV_ROW : CSV_BAD);
            expect_row(&c, "next|row");
            expect_end(&c);
        }
    }
    /* The same within quotes, that never end. */
    text[0] = '"';
    memset(text + 1, '\n', CSV_ROW_MAX + 10);
    text[CSV_ROW_MAX + 11] = 0;
    start_text(&c, text);
    expect_bad(&c, "the row is too long");
    expect_end(&c);
    (void)state;
}

/* Goal: as many columns as are allowed, and not one more. */
static void test_columns(void **state)
{
    char text[CSV_COLUMNS_MAX + 32];
    const char *why = "";
    struct csv c;
    (void)state;
    memset(text, ',', CSV_COLUMNS_MAX - 1);
    memcpy(text + CSV_COLUMNS_MAX - 1, "\nnext\n", sizeof "\nnext\n");
    start_text(&c, text);
    assert_int_equal(csv_next(&c, &why), CSV_ROW);
    assert_int_equal(c.count, CSV_COLUMNS_MAX);
    expect_row(&c, "next");
    expect_end(&c);
    memset(text, ',', CSV_COLUMNS_MAX);
    memcpy(text + CSV_COLUMNS_MAX, "\nnext\n", sizeof "\nnext\n");
    start_text(&c, text);
    expect_bad(&c, "too many columns");
    expect_row(&c, "next");
    expect_end(&c);
}

/* Goal: a file cut at any byte gives rows, bad rows and an end, and never a row that the whole file does not begin
 * with. */
static void test_cut(void **state)
{
    static const char whole[] = "\xef\xbb\xbfid,\"na\"\"me\"\r\n1,\"two\r\nlines\",\xc3\xa4\n\n2,b\"ad\n3,z\n";
    (void)state;
    for (size_t size = 0; size < sizeof whole; size++) {
        const char *why = "";
        enum csv_result r;
        unsigned rows = 0;
        struct csv c;
        start(&c, whole, size);
        while ((r = csv_next(&c, &why)) != CSV_END) {
            assert_true(++rows <= 6);
            if (r == CSV_ROW && rows == 1 && size > 16)
                assert_string_equal(c.fields[1], "na\"me");
        }
        csv_close(&c);
    }
}

/* Goal: a file that is not there is told by its name. */
static void test_absent(void **state)
{
    struct error e = {0};
    struct csv c;
    (void)state;
    assert_int_equal(csv_open(&c, "/tmp/csv_test.absent/x.csv", &e), E_IO);
    assert_non_null(strstr(e.text, "x.csv"));
    csv_close(&c); /* allowed after a failure */
}

static int make_file(void **state)
{
    int fd = mkstemp(path);
    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Goal: only regular files are imported: a FIFO that nobody writes to does not keep the program waiting. */
static void only_regular_files_are_imported(void **state)
{
    char fifo[64];
    struct csv c;
    struct error e;
    (void)state;
    (void)snprintf(fifo, sizeof fifo, "%s.fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    (void)alarm(20); /* it would wait for ever */
    assert_int_equal(csv_open(&c, fifo, &e), E_INPUT);
    assert_non_null(strstr(e.text, "only regular files"));
    assert_int_equal(csv_open(&c, "/dev/zero", &e), E_INPUT);
    assert_int_equal(csv_open(&c, "/tmp", &e), E_INPUT);
    (void)alarm(0);
    (void)unlink(fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_regular_files_are_imported),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_absent),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
