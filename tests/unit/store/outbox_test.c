/* Tests: client/store/outbox.c
 * The outbox: whatever breaks between the store's commit and the copy's, the copy holds in the end just what is unsent;
 * nothing in it can be read without the office's secret, and an outbox that knows more than its store is not touched.
 */
#include "pair_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox.h"

struct room {
    struct pair p;
    struct id client, kase;
    char folder[32], path[64];
    struct outbox outbox;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct apply_result result;
    struct id assignment;
    assert_non_null(r);
    pair_start(&r->p);
    pair_office_case(r->p.office, &r->p.user, &r->client, &r->kase, &assignment);
    (void)pair_push(&r->p);
    (void)pair_pull(&r->p, &result);
    PAIR_OK(db_meta_set(r->p.db, "seal_key", r->p.office->seal_public, 32, &pair_e));
    (void)strcpy(r->folder, "/tmp/outbox_test.XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    (void)snprintf(r->path, sizeof r->path, "%s/%s", r->folder, OUTBOX_FILE);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    char command[64];
    outbox_close(&r->outbox);
    pair_end(&r->p);
    (void)snprintf(command, sizeof command, "rm -r %s", r->folder);
    assert_int_equal(system(command), 0);
    free(r);
    return 0;
}

static void note(struct room *r, const char *words)
{
    struct id record = id_new(clock_wall());
    pair_field_write(&r->p, KIND_NOTE, &r->kase, &record, 1, "text", words, NULL);
}

static int follow(struct room *r, struct error *e)
{
    return outbox_follow(&r->outbox, r->folder, r->p.db, &r->p.author.chain, r->p.sign_secret, e);
}

/* As a program that ends and another that opens the store. */
static int reopen(struct room *r, struct error *e)
{
    outbox_close(&r->outbox);
    return follow(r, e);
}

static struct courier_reader walk(const struct room *r)
{
    struct courier_reader reader;
    FILE *file;
    PAIR_OK(outbox_read(r->folder, &file, &pair_e));
    PAIR_OK(courier_walk(&reader, (struct courier_source){outbox_source, file}, &pair_e));
    (void)fclose(file);
    return reader;
}

/* The outbox holds just the changes first .. last, each once, whole, and what it says of them is so. */
static void expect(const struct room *r, uint64_t first, uint64_t last)
{
    struct courier_reader reader;
    struct courier_item record;
    struct courier_opened opened;
    struct batch_reader batch;
    struct batch_item item;
    struct chain_head head;
    struct change change;
    uint64_t next = first;
    FILE *file;
    PAIR_OK(outbox_read(r->folder, &file, &pair_e));
    PAIR_OK(courier_start(&reader, (struct courier_source){outbox_source, file}, &pair_e));
    assert_true(id_equal(&reader.header.device, &r->p.author.chain.device));
    while (courier_next(&reader, &record, NULL) == 1) {
        PAIR_OK(courier_open(&reader.header, &record, r->p.office->keys->seal_secret, &opened, &pair_e));
        PAIR_OK(chain_open(opened.head, r->p.device.sign_key, &head, &pair_e));
        assert_int_equal(head.end.seq, record.last_seq);
        assert_int_equal(record.first_seq, next);
        PAIR_OK(batch_open(&batch, opened.batch, 0, &pair_e));
        while (batch_next(&batch, &item, NULL) == 1) {
            PAIR_OK(change_read(item.header, item.body, &change, &pair_e));
            assert_int_equal(change.seq, next++);
        }
        assert_memory_equal(head.end.hash, change.hash, sizeof change.hash);
        batch_close(&batch);
        courier_wipe(&opened);
    }
    assert_int_equal(reader.end, COURIER_WHOLE);
    assert_int_equal(next, last + 1);
    courier_close(&reader);
    (void)fclose(file);
}

static off_t size_of(const struct room *r)
{
    struct stat s;
    assert_int_equal(stat(r->path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    return s.st_size;
}

static uint64_t own(const struct room *r)
{
    return r->p.author.chain.seq;
}

/* Goal: each commit is appended once; when the office has acknowledged all, nothing is left but the header. */
static void commits_are_appended_and_let_go(void **state)
{
    struct room *r = *state;
    uint64_t first = own(r) + 1, sealed;
    PAIR_OK(follow(r, &pair_e));
    assert_int_equal(size_of(r), COURIER_HEADER_BYTES);
    for (int i = 0; i < 5; i++) {
        note(r, "seen at home");
        PAIR_OK(follow(r, &pair_e));
        PAIR_OK(follow(r, &pair_e)); /* nothing new */
        expect(r, first, own(r));
    }
    PAIR_OK(outbox_count(&r->outbox, r->p.db, &sealed, &pair_e));
    assert_int_equal(sealed, 5);
    assert_int_equal(walk(r).items, 5);
    assert_int_equal(walk(r).typed, 5);
    PAIR_OK(reopen(r, &pair_e));
    expect(r, first, own(r));
    (void)pair_push(&r->p);
    PAIR_OK(follow(r, &pair_e));
    assert_int_equal(size_of(r), COURIER_HEADER_BYTES);
    first = own(r) + 1;
    note(r, "and again");
    PAIR_OK(reopen(r, &pair_e));
    expect(r, first, own(r));
}

/* Goal: if the process died between the store's commit and the outbox's, the next opening appends what is missing,
 * whether all of the outbox is gone or it is cut at any byte. */
static void what_a_crash_left_out_is_caught_up(void **state)
{
    struct room *r = *state;
    uint64_t first = own(r) + 1;
    off_t size;
    for (int i = 0; i < 3; i++) {
        note(r, "seen at home");
        PAIR_OK(follow(r, &pair_e));
    }
    size = size_of(r);
    for (off_t cut = size - 1; cut >= 0; cut -= 7) {
        outbox_close(&r->outbox);
        assert_int_equal(truncate(r->path, cut), 0);
        PAIR_OK(follow(r, &pair_e));
        expect(r, first, own(r));
    }
    outbox_close(&r->outbox);
    assert_int_equal(unlink(r->path), 0);
    note(r, "not copied before the crash");
    PAIR_OK(follow(r, &pair_e));
    expect(r, first, own(r));
}

/* Goal: what a power cut left behind the last whole record (zeros of a size that was never written, a part of a larger
 * record) is gone after the next opening, whether there is something to append or not. */
static void a_dirty_tail_is_cut(void **state)
{
    struct room *r = *state;
    uint64_t first = own(r) + 1;
    note(r, "seen at home");
    PAIR_OK(follow(r, &pair_e));
    for (int writes = 0; writes < 2; writes++) {
        for (int is_torn = 0; is_torn < 2; is_torn++) {
            uint8_t tail[10000] = {0};
            FILE *file = fopen(r->path, "ab");
            if (is_torn) { /* it says to be a longer one */
                tail[1] = 1;
                tail[15] = 1;
                tail[22] = tail[30] = 0xff;
            }
            assert_int_equal(fwrite(tail, 1, sizeof tail, file), sizeof tail);
            assert_int_equal(fclose(file), 0);
            assert_int_equal(walk(r).end, is_torn ? COURIER_TORN : COURIER_DAMAGED);
            if (writes)
                note(r, "and again");
            PAIR_OK(reopen(r, &pair_e));
            expect(r, first, own(r));
        }
    }
}

/* Goal: a damaged outbox is made good from the queue, wherever the damage is. */
static void damage_is_made_good(void **state)
{
    struct room *r = *state;
    uint64_t first = own(r) + 1;
    off_t size;
    note(r, "seen at home");
    note(r, "seen at home");
    PAIR_OK(follow(r, &pair_e));
    size = size_of(r);
    for (off_t at = 0; at < size; at += 5) {
        FILE *file = fopen(r->path, "r+b");
        int byte;
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        assert_int_not_equal(fputc(byte ^ 0x10, file), EOF);
        assert_int_equal(fclose(file), 0);
        PAIR_OK(reopen(r, &pair_e));
        expect(r, first, own(r));
    }
}

/* Goal: changes that wait without a copy but are partly acknowledged, and a commit of many, come in order. */
static void many_changes_are_several_records(void **state)
{
    struct room *r = *state;
    uint64_t first = own(r) + 1;
    char *words = malloc(50001);
    for (int i = 0; i < 50000; i++)
        words[i] = (char)('a' + randombytes_uniform(26));
    words[50000] = 0;
    for (int i = 0; i < 40; i++)
        note(r, words); /* more than one batch takes */
    free(words);
    PAIR_OK(follow(r, &pair_e));
    assert_true(walk(r).items > 1);
    expect(r, first, own(r));
}

/* Goal: if the disk is full the error says so and the file stays whole; with room again it catches up. */
static void a_full_disk_only_delays(void **state)
{
    struct room *r = *state;
    struct rlimit limit, before;
    struct error e = {0, ""};
    uint64_t first = own(r) + 1, sealed;
    note(r, "before");
    PAIR_OK(follow(r, &pair_e));
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)size_of(r) + 50; /* a part of the next record still fits */
    note(r, "during");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_not_equal(follow(r, &e), 0);
    assert_non_null(strstr(e.text, "cannot be written"));
    expect(r, first, own(r) - 1);
    PAIR_OK(outbox_count(&r->outbox, r->p.db, &sealed, &pair_e));
    assert_int_equal(sealed, 0); /* closed: nothing is claimed */
    assert_int_not_equal(follow(r, &e), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    PAIR_OK(follow(r, &pair_e));
    expect(r, first, own(r));
    PAIR_OK(outbox_count(&r->outbox, r->p.db, &sealed, &pair_e));
    assert_int_equal(sealed, 2);
}

/* Goal: an outbox that is ahead of its store is a sign of an old copy: it is left as it is. */
static void an_older_store_does_not_touch_it(void **state)
{
    struct room *r = *state;
    struct chain older = r->p.author.chain;
    struct error e = {0, ""};
    off_t size;
    note(r, "first");
    note(r, "second");
    PAIR_OK(follow(r, &pair_e));
    size = size_of(r);
    outbox_close(&r->outbox);
    assert_int_equal(outbox_follow(&r->outbox, r->folder, r->p.db, &older, r->p.sign_secret, &e), E_EXISTS);
    assert_non_null(strstr(e.text, "older copy"));
    assert_false(r->outbox.is_open);
    assert_int_equal(size_of(r), size);
}

/* Goal: an outbox of another seal key is sealed anew to this one, and what another laptop left is set aside. */
static void other_keys_and_laptops(void **state)
{
    struct room *r = *state;
    struct courier_header other;
    uint64_t first = own(r) + 1;
    char aside[128], id[ID_TEXT];
    struct id device = r->p.author.chain.device;
    struct stat s;
    off_t size;
    note(r, "seen at home");
    PAIR_OK(follow(r, &pair_e));
    crypto_box_keypair(other.seal_key, r->p.office->keys->seal_secret);
    PAIR_OK(db_meta_set(r->p.db, "seal_key", other.seal_key, 32, &pair_e));
    PAIR_OK(follow(r, &pair_e)); /* a sync told it, while the outbox was open */
    expect(r, first, own(r));
    size = size_of(r);
    outbox_close(&r->outbox);
    id_format(&device, id);
    (void)snprintf(aside, sizeof aside, "%s.%s.1", r->path, id);
    device.b[3] ^= 1;
    {
        struct chain none = {.device = device, .epoch = 1};
        PAIR_OK(outbox_follow(&r->outbox, r->folder, r->p.db, &none, r->p.sign_secret, &pair_e));
    }
    assert_int_equal(size_of(r), COURIER_HEADER_BYTES);
    assert_int_equal(stat(aside, &s), 0);
    assert_int_equal(s.st_size, size);
}

/* Goal: a store that knows no seal key has no outbox; a link or a folder in its place is refused and not followed. */
static void what_is_no_outbox(void **state)
{
    struct room *r = *state;
    struct error e = {0, ""};
    struct stat s;
    FILE *file;
    char target[64];
    PAIR_OK(db_exec(r->p.db, "DELETE FROM meta WHERE name = 'seal_key'", &pair_e));
    note(r, "seen at home");
    PAIR_OK(follow(r, &pair_e));
    assert_int_not_equal(stat(r->path, &s), 0);
    assert_int_equal(outbox_read(r->folder, &file, &e), E_NOT_FOUND);
    assert_int_equal(outbox_read("/nonexistent/folder", &file, &e), E_NOT_FOUND);
    PAIR_OK(db_meta_set(r->p.db, "seal_key", r->p.office->seal_public, 32, &pair_e));
    (void)snprintf(target, sizeof target, "%s/elsewhere", r->folder);
    assert_int_equal(symlink(target, r->path), 0);
    assert_int_equal(follow(r, &e), E_REFUSED);
    assert_int_not_equal(stat(target, &s), 0);
    assert_int_equal(unlink(r->path), 0);
    assert_int_equal(mkdir(r->path, 0700), 0);
    assert_int_equal(follow(r, &e), E_REFUSED);
    assert_int_equal(rmdir(r->path), 0);
    PAIR_OK(follow(r, &pair_e));
    expect(r, own(r), own(r));
}

/* Goal: nothing that a person typed, and no key of the laptop, stands in the outbox. */
static void it_holds_nothing_in_clear(void **state)
{
    struct room *r = *state;
    static uint8_t bytes[65536];
    size_t size;
    FILE *file;
    note(r, "canary canary canary");
    PAIR_OK(follow(r, &pair_e));
    PAIR_OK(outbox_read(r->folder, &file, &pair_e));
    size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_null(memmem(bytes, size, "canary", 6));
    assert_null(memmem(bytes, size, r->p.sign_secret, 32));
    assert_null(memmem(bytes, size, r->kase.b, ID_BYTES));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(commits_are_appended_and_let_go),
        TEST(what_a_crash_left_out_is_caught_up),
        TEST(a_dirty_tail_is_cut),
        TEST(damage_is_made_good),
        TEST(many_changes_are_several_records),
        TEST(a_full_disk_only_delays),
        TEST(an_older_store_does_not_touch_it),
        TEST(other_keys_and_laptops),
        TEST(what_is_no_outbox),
        TEST(it_holds_nothing_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
