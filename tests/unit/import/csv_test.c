/* Tests: daemon/import/csv.c daemon/import/letters.c
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

static void write_file(const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void start(struct csv *c, const void *bytes, size_t size)
{
    struct error e = {0, ""};
    write_file(bytes, size);
    if (csv_open(c, path, NULL, &e) != 0)
        fail_msg("%s", e.text);
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

/* No line from here on can be read. */
static void expect_lost(struct csv *c, uint64_t line, uint64_t last)
{
    const char *why = "";
    assert_int_equal(csv_next(c, &why), CSV_LOST);
    assert_non_null(strstr(why, "nothing behind it can be read"));
    assert_int_equal(c->line, line);
    assert_int_equal(c->last_line, last);
}

static void expect_end(struct csv *c)
{
    const char *why = "";
    assert_int_equal(csv_next(c, &why), CSV_END);
    assert_int_equal(csv_next(c, &why), CSV_END);
    assert_int_equal(csv_check(c, NULL), 0);
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
    expect_lost(&c, 5, 6);
    expect_end(&c);
    start(&c, nul, sizeof nul - 1);
    expect_row(&c, "a|b");
    expect_bad(&c, "it holds a NUL byte");
    expect_row(&c, "c|d");
    expect_end(&c);
}

/* Goal: a quote that is not closed ends the file, with the numbers of all lines that are lost; wherever the next quote
 * stands that seems to close it. */
static void an_open_quote_ends_the_file(void **state)
{
    struct csv c;
    (void)state;
    start_text(&c, "id,name\n1,Ada\n2,\"Bo\n3,Cy\n4,\"Di\"\n5,Ed\n");
    expect_row(&c, "id|name");
    expect_row(&c, "1|Ada");
    expect_lost(&c, 3, 6);
    expect_end(&c);
    start_text(&c, "1,\"Bo\n2,Cy\n3,Di\n");
    expect_lost(&c, 1, 3);
    expect_end(&c);
    start_text(&c, "1,\"Bo\n2,Cy");
    expect_lost(&c, 1, 2);
    expect_end(&c);
    start_text(&c, "1,\"Bo");
    expect_lost(&c, 1, 1);
    expect_end(&c);
    start_text(&c, "1,\"Bo\n2,\"Cy");
    expect_lost(&c, 1, 2);
    expect_end(&c);
}

static void refused(const void *bytes, size_t size, const char *encoding, const char *words)
{
    struct error e = {0, ""};
    struct csv c;
    write_file(bytes, size);
    assert_int_equal(csv_open(&c, path, encoding, &e), E_INPUT);
    if (strstr(e.text, words) == NULL)
        fail_msg("%s: %s", words, e.text);
}

/* Goal: a file of another encoding is refused as a whole, with the first line that shows it, until it is said what it
 * is; UTF-16 with its mark is read without a word. */
static void every_encoding_is_read_or_asked_for(void **state)
{
    static const char windows[] = "id,name\n1,Ada\n2,Ren\xe9"
                                  "e\n",
                      utf16[] = "\xff\xfe"
                                "i\0d\0\n\0\xe9\0\n\0",
                      big[] = "\xfe\xff\0i\0d\0\n\0\xe9\0\n",
                      odd[] = "\xff\xfe"
                              "i\0d\0\n\0\xe9";
    struct csv c;
    (void)state;
    refused(windows, sizeof windows - 1, NULL, "line 3: this is no UTF-8");
    refused(windows, sizeof windows - 1, NULL, "--encoding windows-1252");
    refused(windows, sizeof windows - 1, "klingon", "no encoding \"klingon\"");
    refused(windows, sizeof windows - 1, "ascii", "neither UTF-8 (line 3) nor ascii (line 3)");
    refused("\xef\xbb\xbf"
            "a\xff"
            "\n",
            6, "windows-1252", "no text as the mark");
    refused("a\xc3", 2, NULL, "line 1: this is no UTF-8");
    refused("\xef\xbb,x\n", 5, NULL, "line 1: this is no UTF-8"); /* a mark that is cut is none */
    refused(odd, sizeof odd - 1, NULL, "no text as the mark");
    write_file(windows, sizeof windows - 1);
    assert_int_equal(csv_open(&c, path, "windows-1252", NULL), 0);
    expect_row(&c, "id|name");
    expect_row(&c, "1|Ada");
    expect_row(&c, "2|Ren\xc3\xa9"
                   "e");
    expect_end(&c);
    start(&c, utf16, sizeof utf16 - 1);
    expect_row(&c, "id");
    expect_row(&c, "\xc3\xa9");
    expect_end(&c);
    start(&c, big, sizeof big - 1);
    expect_row(&c, "id");
    expect_row(&c, "\xc3\xa9");
    expect_end(&c);
    /* What is UTF-8 stays UTF-8, whatever is said of the other files. */
    write_file("Ren\xc3\xa9"
               "e\n",
               7);
    assert_int_equal(csv_open(&c, path, "windows-1252", NULL), 0);
    expect_row(&c, "Ren\xc3\xa9"
                   "e");
    expect_end(&c);
}

/* Goal: letters that stand across the blocks in which a file is read are whole, in every encoding. */
static void letters_stand_across_blocks(void **state)
{
    enum { COUNT = 70000 };
    static char text[2 + 2 * COUNT];
    struct csv c;
    (void)state;
    for (unsigned offset = 0; offset < 2; offset++) {
        size_t size = 0;
        text[size++] = 'x';
        text[size] = 'y';
        size += offset;
        for (unsigned i = 0; i < COUNT; i++) {
            text[size++] = '\xc3';
            text[size++] = '\xa9';
        }
        start(&c, text, size);
        assert_int_equal(csv_next(&c, &(const char *){""}), CSV_ROW);
        assert_int_equal(strlen(c.fields[0]), size);
        assert_memory_equal(c.fields[0], text, size);
        expect_end(&c);
    }
    memset(text, '\xe9', sizeof text);
    write_file(text, sizeof text);
    assert_int_equal(csv_open(&c, path, "windows-1252", NULL), 0);
    assert_int_equal(csv_next(&c, &(const char *){""}), CSV_ROW);
    assert_int_equal(strlen(c.fields[0]), 2 * sizeof text);
    expect_end(&c);
}

/* Goal: a row of the largest size is read, one byte more is refused, empty fields behind a full row are refused too
 * (their ends have no room), and the row after it is read. */
static void test_long_rows(void **state)
{
    static char text[CSV_ROW_MAX + 8192];
    struct csv c;
    for (size_t size = CSV_ROW_MAX - 3; size <= CSV_ROW_MAX + 1; size++) {
        for (unsigned commas = 0; commas < 5000; commas = commas == 0 ? 1 : commas * 7) {
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
    expect_lost(&c, 1, CSV_ROW_MAX + 10);
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
    expect_bad(&c, "it has too many columns");
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
        write_file(whole, size);
        if (csv_open(&c, path, NULL, NULL) != 0) { /* within a letter: it is refused as a whole */
            assert_true(size < 3 || whole[size - 1] == '\xc3');
            continue;
        }
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
    assert_int_equal(csv_open(&c, "/tmp/csv_test.absent/x.csv", NULL, &e), E_IO);
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
    assert_int_equal(csv_open(&c, fifo, NULL, &e), E_INPUT);
    assert_non_null(strstr(e.text, "only regular files"));
    assert_int_equal(csv_open(&c, "/dev/zero", NULL, &e), E_INPUT);
    assert_int_equal(csv_open(&c, "/tmp", NULL, &e), E_INPUT);
    (void)alarm(0);
    (void)unlink(fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_regular_files_are_imported),
        cmocka_unit_test(an_open_quote_ends_the_file),
        cmocka_unit_test(every_encoding_is_read_or_asked_for),
        cmocka_unit_test(letters_stand_across_blocks),
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
