/* Tests: daemon/task/task_courier.c
 * satcheld courier: what a file brings is taken as a sync's pushes are, each change once; what is forged, missing or of
 * somebody else takes nothing wrong in; and a later sync finds it all acknowledged. */
#include "office_fixture.h"
#include "task_fixture.h"

#include <unistd.h>

#include "outbox.h"

struct room {
    struct central *office;
    struct id anna, client, kase;
    struct office_laptop laptop;
    char path[40];
    FILE *file; /* the courier file that is being written */
};

static char out[4096];
#define COURIER(r) office_task((r)->office, out, sizeof out, 2, "courier", (r)->path)
#define COURIER_JSON(r) office_task((r)->office, out, sizeof out, 3, "courier", (r)->path, "--json")

static void says(const char *words)
{
    if (strstr(out, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, out);
}

static void begin_file(struct room *r, const struct id *device, const uint8_t seal_key[32])
{
    struct courier_header header = {.device = *device};
    uint8_t bytes[COURIER_HEADER_BYTES];
    memcpy(header.seal_key, seal_key, 32);
    courier_header_write(&header, bytes);
    if (r->file != NULL)
        (void)fclose(r->file);
    r->file = fopen(r->path, "wb");
    assert_non_null(r->file);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, r->file), sizeof bytes);
}

static void begin_own(struct room *r)
{
    begin_file(r, &r->laptop.device.device, r->office->seal_public);
}

/* Ends a batch as a record of the file. */
static void put(struct room *r, struct office_batch *b)
{
    struct courier_header header = {.device = r->laptop.device.device};
    struct courier_item record = {.epoch = r->laptop.chain.epoch,
                                  .first_seq = b->first_seq,
                                  .last_seq = r->laptop.chain.seq,
                                  .typed = (uint32_t)b->count};
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push = office_seal(&r->laptop, b, head);
    struct slice bytes;
    memcpy(header.seal_key, r->office->seal_public, 32);
    PAIR_OK(courier_seal(&header, &record, push.head, push.batch, &bytes, &pair_e));
    assert_int_equal(fwrite(bytes.p, 1, bytes.size, r->file), bytes.size);
    (void)fflush(r->file);
    free((void *)bytes.p);
    free((void *)push.batch.p);
    office_batch_free(b);
}

static void add_notes(struct room *r, struct office_batch *b, unsigned count)
{
    while (count-- != 0) {
        struct id note = id_new(clock_wall());
        (void)office_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "seen at home");
    }
}

static void put_notes(struct room *r, unsigned count)
{
    struct office_batch *b = office_batch();
    add_notes(r, b, count);
    put(r, b);
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct id assignment;
    int fd;
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    pair_office_write(r->office, KIND_OFFICE, &pair_everywhere, &r->office->office, 1, "name", "Test", NULL);
    (void)office_user(r->office, "boss", "administrator");
    r->anna = office_user(r->office, "anna", "case manager");
    pair_office_case(r->office, &r->anna, &r->client, &r->kase, &assignment);
    office_laptop(r->office, &r->anna, &r->laptop);
    (void)strcpy(r->path, "/tmp/task_courier_test.XXXXXX");
    fd = mkstemp(r->path);
    assert_true(fd >= 0);
    (void)close(fd);
    begin_own(r);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    assert_int_equal(db_in_transaction(r->office->db), 0);
    assert_int_equal(r->office->receipt_ms, 0);
    office_check(r->office);
    (void)fclose(r->file);
    (void)unlink(r->path);
    pair_office_free(r->office);
    free(r);
    return 0;
}

static uint64_t notes(const struct room *r)
{
    return pair_count(r->office->db, "SELECT count(*) FROM note");
}

/* Goal: all records are taken, a second time nothing is, and it says how many. */
static void each_change_is_taken_once(void **state)
{
    struct room *r = *state;
    uint64_t size;
    put_notes(r, 1);
    put_notes(r, 3);
    put_notes(r, 2);
    assert_int_equal(COURIER(r), 0);
    says("6 changes were taken from the laptop \"");
    assert_int_equal(notes(r), 6);
    size = r->office->tree.size;
    assert_int_equal(COURIER_JSON(r), 0);
    says("\"taken\": 0, \"already\": 6, \"held\": 0");
    assert_int_equal(r->office->tree.size, size);
    /* The same file, longer by then. */
    put_notes(r, 1);
    assert_int_equal(COURIER_JSON(r), 0);
    says("\"taken\": 1, \"already\": 6, \"held\": 0");
    assert_int_equal(notes(r), 7);
    begin_own(r);
    (void)fflush(r->file);
    assert_int_equal(COURIER_JSON(r), 0);
    says("\"taken\": 0, \"already\": 0");
}

/* Goal: a file of many records is committed in parts, and everything in it is received at one time. */
static void many_records_are_one_receipt(void **state)
{
    struct room *r = *state;
    for (int i = 0; i < 700; i++)
        put_notes(r, 1);
    assert_int_equal(COURIER_JSON(r), 0);
    says("\"taken\": 700");
    assert_int_equal(notes(r), 700);
    assert_int_equal(pair_count(r->office->db, "SELECT count(DISTINCT received) FROM entry WHERE record IN "
                                               "(SELECT record FROM entry ORDER BY position DESC LIMIT 700)"),
                     1);
}

/* Goal: if a sync had brought a part of a record already, the rest of it is taken, and only that. */
static void a_record_may_be_half_there(void **state)
{
    struct room *r = *state;
    struct office_batch *first = office_batch(), *whole = office_batch();
    add_notes(r, first, 2);
    pack_raw(&whole->w.items, pack_bytes(&first->w.items));
    whole->w.count = first->w.count;
    assert_int_equal(office_push_well(r->office, &r->laptop, first), 0);
    add_notes(r, whole, 3);
    whole->first_seq = first->first_seq;
    office_batch_free(first);
    put(r, whole);
    assert_int_equal(COURIER_JSON(r), 0);
    says("\"taken\": 3, \"already\": 2, \"held\": 0");
    assert_int_equal(notes(r), 5);
}

/* Goal: what a revoked laptop brings is kept and held, and the command says that something waits. */
static void a_revoked_laptop_is_held(void **state)
{
    struct room *r = *state;
    put_notes(r, 2);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &r->laptop.device.device, 0, "status", "disabled",
                      NULL);
    assert_int_equal(COURIER(r), 1);
    says("2 of them are held");
    assert_int_equal(notes(r), 0);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM hold WHERE status = 'held'"), 2);
    assert_int_equal(COURIER_JSON(r), 1);
    says("\"taken\": 0, \"already\": 2, \"held\": 2");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM hold WHERE status = 'held'"), 2);
}

/* Goal: so is what a disabled person's laptop brings. */
static void a_disabled_user_is_held(void **state)
{
    struct room *r = *state;
    put_notes(r, 1);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->anna, 0, "status", "disabled", NULL);
    assert_int_equal(COURIER_JSON(r), 1);
    says("\"taken\": 1, \"already\": 0, \"held\": 1");
}

/* Goal: what is missing is seen: nothing behind a gap is taken, everything before it stays. */
static void a_gap_is_an_error(void **state)
{
    struct room *r = *state;
    struct office_batch *lost = office_batch();
    put_notes(r, 2);
    add_notes(r, lost, 1);
    office_batch_free(lost);
    put_notes(r, 1);
    put_notes(r, 1);
    assert_int_equal(COURIER(r), 13);
    says("changes 3 to 3 are missing");
    says("what comes before is taken (2 changes)");
    assert_int_equal(notes(r), 2);
    assert_int_equal(COURIER(r), 13);
    assert_null(strstr(out, "what comes before"));
    assert_int_equal(notes(r), 2);
}

/* Goal: a record that anybody sealed to the office, in the laptop's name and without its key, takes nothing in. */
static void a_forged_record_is_an_error(void **state)
{
    struct room *r = *state;
    uint8_t public_key[32], secret[64];
    put_notes(r, 1);
    memcpy(secret, r->laptop.secret, 64);
    crypto_sign_keypair(public_key, r->laptop.secret);
    put_notes(r, 1);
    memcpy(r->laptop.secret, secret, 64);
    put_notes(r, 1);
    assert_int_equal(COURIER(r), 13);
    says("does not carry its signature");
    assert_int_equal(notes(r), 1);
}

/* Goal: what a copied laptop wrote beside its chain is kept as evidence, whatever is in a record with it, once; it is
 * named in the log; what stands on it is evidence too, and what comes in a new epoch behind it is taken. */
static void a_fork_is_evidence(void **state)
{
    struct room *r = *state;
    struct device device;
    struct fork_claim claim = {.epoch = 1};
    struct office_laptop copy;
    struct office_batch *b = office_batch();
    uint64_t epoch;
    add_notes(r, b, 1);
    assert_int_equal(office_push_well(r->office, &r->laptop, b), 0);
    copy = r->laptop;
    add_notes(r, b, 1);
    put(r, b);       /* 1 is there, 2 is the copy's */
    put_notes(r, 1); /* 3 is there, and another */
    put_notes(r, 1); /* 4 stands on another 3 than the log's */
    put_notes(r, 1); /* 5 stands on evidence alone */
    r->laptop = copy;
    b = office_batch();
    add_notes(r, b, 2);
    assert_int_equal(office_push_well(r->office, &r->laptop, b), 0);
    office_batch_free(b);
    assert_int_equal(COURIER_JSON(r), 1);
    says("\"taken\": 0, \"already\": 1, \"held\": 0, \"evidence\": 4");
    assert_int_equal(notes(r), 3);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM evidence"), 4);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM evidence WHERE head IS NOT NULL"), 4);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM fork WHERE epoch = 1 AND first_seq = 2 AND "
                                               "last_seq = 5 AND new_epoch IS NULL"),
                     1);
    PAIR_OK(device_by_id(r->office->db, &r->laptop.device.device, &device, &pair_e));
    PAIR_OK(central_begin(r->office, &pair_e));
    PAIR_OK(fork_close(r->office, &device, &claim, &epoch, &pair_e));
    PAIR_OK(central_commit(r->office, &pair_e));
    r->laptop.chain = (struct chain){.device = r->laptop.chain.device, .epoch = epoch};
    put_notes(r, 2);
    assert_int_equal(COURIER_JSON(r), 1);
    says("\"taken\": 2, \"already\": 1, \"held\": 0, \"evidence\": 4");
    assert_int_equal(notes(r), 5);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM evidence"), 4);
    PAIR_OK(fork_check(r->office->db, &pair_e));
}

/* Goal: changes of an epoch that was never given are evidence, and in no record. */
static void a_strange_epoch_is_evidence(void **state)
{
    struct room *r = *state;
    r->laptop.chain.epoch = 2;
    put_notes(r, 2);
    assert_int_equal(COURIER_JSON(r), 1);
    says("\"taken\": 0, \"already\": 0, \"held\": 0, \"evidence\": 2");
    assert_int_equal(notes(r), 0);
}

/* Goal: a file that is cut anywhere takes its whole records in and says that it is cut; a damaged one, too. */
static void cut_and_damaged_files(void **state)
{
    struct room *r = *state;
    long whole;
    put_notes(r, 1);
    whole = ftell(r->file);
    put_notes(r, 1);
    assert_int_equal(truncate(r->path, ftell(r->file) - 1), 0);
    assert_int_equal(COURIER(r), 2);
    says("cut short behind change 1");
    says("1 changes");
    assert_int_equal(notes(r), 1);
    assert_int_equal(truncate(r->path, whole + 5), 0);
    assert_int_equal(COURIER(r), 2);
    assert_int_equal(truncate(r->path, whole), 0);
    assert_int_equal(fseek(r->file, whole - 1, SEEK_SET), 0);
    assert_int_not_equal(fputc('x', r->file), EOF);
    (void)fflush(r->file);
    assert_int_equal(COURIER(r), 13);
    says("damaged behind change 0");
    assert_int_equal(truncate(r->path, COURIER_HEADER_BYTES - 1), 0);
    assert_int_equal(COURIER(r), 2);
    says("cut short");
    assert_int_equal(truncate(r->path, 0), 0);
    assert_int_equal(COURIER(r), 2);
    says("not a courier file");
}

/* Goal: files of others are told apart, and nothing of them is opened. */
static void other_files(void **state)
{
    struct room *r = *state;
    uint8_t other_public[32], other_secret[32];
    struct id unknown = id_new(clock_wall());
    struct chain before = r->laptop.chain;
    uint64_t size = r->office->tree.size;
    crypto_box_keypair(other_public, other_secret);
    begin_file(r, &r->laptop.device.device, other_public);
    put_notes(r, 1);
    assert_int_equal(COURIER(r), 2);
    says("sealed for another office");
    begin_file(r, &unknown, r->office->seal_public);
    put_notes(r, 1);
    assert_int_equal(COURIER(r), 2);
    says("does not know the laptop");
    /* A right header around what is sealed to somebody else. */
    memcpy(other_secret, r->office->seal_public, 32);
    begin_own(r);
    r->laptop.chain = before;
    memcpy(r->office->seal_public, other_public, 32);
    put_notes(r, 1);
    memcpy(r->office->seal_public, other_secret, 32);
    assert_int_equal(COURIER(r), 13);
    says("not sealed to this office");
    assert_int_equal(office_task(r->office, out, sizeof out, 2, "courier", "/nonexistent/file"), 2);
    assert_int_equal(office_task(r->office, out, sizeof out, 2, "courier", "/tmp"), 2);
    says("is no file");
    assert_int_equal(office_task(r->office, out, sizeof out, 1, "courier"), 2);
    says("courier DIR FILE");
    assert_int_equal(truncate(r->path, (off_t)(256 << 20) + 1), 0);
    assert_int_equal(COURIER(r), 2);
    says("larger than");
    assert_int_equal(r->office->tree.size, size);
}

/* Goal: a path is relative to where the command was called (here /tmp). */
static void paths_are_the_callers(void **state)
{
    struct room *r = *state;
    put_notes(r, 1);
    assert_int_equal(office_task(r->office, out, sizeof out, 2, "courier", r->path + strlen("/tmp/")), 0);
    says("1 change was taken");
}

/* A laptop with a store, a case and an outbox. */
struct home {
    struct pair p;
    struct id kase;
    struct outbox outbox;
    char folder[40], path[64];
    uint64_t written;
};

static struct home *home_new(void)
{
    struct home *h = calloc(1, sizeof *h);
    struct pair *p = &h->p;
    char user[ID_TEXT], hex[65];
    struct id client, assignment;
    struct apply_result result;
    pair_start(p);
    pair_office_case(p->office, &p->user, &client, &h->kase, &assignment);
    id_format(&p->user, user);
    office_hex(p->device.sign_key, 32, hex);
    pair_office_write(p->office, KIND_DEVICE, &pair_everywhere, &p->device.device, 1, "user", user, "sign_key", hex,
                      "noise_key", hex, "status", "active", NULL);
    (void)pair_push(p);
    (void)pair_pull(p, &result);
    PAIR_OK(db_meta_set(p->db, "seal_key", p->office->seal_public, 32, &pair_e));
    (void)strcpy(h->folder, "/tmp/task_courier_test.XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    (void)snprintf(h->path, sizeof h->path, "%s/%s", h->folder, OUTBOX_FILE);
    return h;
}

static void home_follow(struct home *h)
{
    PAIR_OK(outbox_follow(&h->outbox, h->folder, h->p.db, &h->p.author.chain, h->p.sign_secret, &pair_e));
}

static void home_write(struct home *h)
{
    struct id note = id_new(clock_wall());
    pair_field_write(&h->p, KIND_NOTE, &h->kase, &note, 1, "text", "seen at home", NULL);
    h->written++;
}

/* All is at the office, once, and nothing is left in the outbox. */
static void home_end(struct home *h)
{
    char command[80];
    assert_int_equal(pair_count(h->p.office->db, "SELECT count(*) FROM note"), h->written);
    assert_int_equal(h->outbox.bytes, COURIER_HEADER_BYTES);
    office_check(h->p.office);
    outbox_close(&h->outbox);
    (void)snprintf(command, sizeof command, "rm -r %s", h->folder);
    assert_int_equal(system(command), 0);
    pair_end(&h->p);
    free(h);
}

/* One batch of a sync; if `lost` the office has it and the laptop does not hear of that. */
static void home_sync(struct home *h, size_t room, int lost)
{
    struct pair *p = &h->p;
    struct message_welcome welcome;
    struct message_pushed answer;
    struct unsent_batch batch;
    struct pack memory;
    size_t held;
    pair_welcome(p, &welcome);
    PAIR_OK(pair_meet(p, &welcome, &pair_e));
    PAIR_OK(unsent_take(p->db, &(struct unsent_from){&p->author.chain, p->sign_secret, 0, room}, &batch, &pair_e));
    if (batch.count == 0)
        return;
    pair_receive(p, &batch, &answer, &memory);
    if (!lost)
        PAIR_OK(pair_accept(p, &batch, &answer, &held, &pair_e));
    pack_free(&memory);
    unsent_free(&batch);
}

/* Goal: from a laptop's own outbox to the office, and after that a sync finds all of it acknowledged, in one answer. */
static void a_sync_finds_it_acknowledged(void **state)
{
    struct home *h = home_new();
    uint64_t size, waits;
    (void)state;
    for (int i = 0; i < 20; i++) {
        home_write(h);
        home_follow(h);
    }
    assert_int_equal(office_task(h->p.office, out, sizeof out, 2, "courier", h->path), 0);
    says("20 changes were taken");
    size = h->p.office->tree.size;
    home_sync(h, LIMITS_BATCH_MAX, 0);
    PAIR_OK(unsent_count(h->p.db, &waits, &pair_e));
    assert_int_equal(waits, 0);
    assert_int_equal(h->p.office->tree.size, size);
    home_follow(h);
    home_end(h);
}

/* Goal: courier files of any moment and parts of syncs, in any order, with answers lost and copies late, bring each
 * change in once. */
static void any_order_takes_each_once(void **state)
{
    struct home *h = home_new();
    char saved[4][80], command[200];
    (void)state;
    for (int i = 0; i < 4; i++)
        (void)snprintf(saved[i], sizeof saved[i], "%s/saved.%d", h->folder, i);
    home_follow(h);
    for (int step = 0; step < 400; step++) {
        const char *file = saved[randombytes_uniform(4)];
        switch (randombytes_uniform(5)) {
        case 0:
            for (uint32_t n = randombytes_uniform(6); n != 0; n--)
                home_write(h);
            if (randombytes_uniform(3) != 0)
                home_follow(h);
            break;
        case 1:
            (void)snprintf(command, sizeof command, "cp %s %s", h->path, file);
            assert_int_equal(system(command), 0);
            break;
        case 2:
            if (access(file, F_OK) == 0 && office_task(h->p.office, out, sizeof out, 2, "courier", file) != 0)
                fail_msg("%s", out);
            break;
        case 3:
            home_sync(h, randombytes_uniform(2000), randombytes_uniform(2) != 0);
            break;
        default:
            outbox_close(&h->outbox); /* a program ends, another begins */
            home_follow(h);
        }
    }
    (void)pair_push(&h->p);
    home_follow(h);
    home_end(h);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(each_change_is_taken_once),
        TEST(many_records_are_one_receipt),
        TEST(a_record_may_be_half_there),
        TEST(a_revoked_laptop_is_held),
        TEST(a_disabled_user_is_held),
        TEST(a_gap_is_an_error),
        TEST(a_forged_record_is_an_error),
        TEST(a_fork_is_evidence),
        TEST(a_strange_epoch_is_evidence),
        TEST(cut_and_damaged_files),
        TEST(other_files),
        TEST(paths_are_the_callers),
        cmocka_unit_test(a_sync_finds_it_acknowledged),
        cmocka_unit_test(any_order_takes_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
