/* Receiving: what an honest laptop brings is in the log and proved to it; what a broken or hostile one brings is
 * refused as a whole, or held with a reason, and never stands in the way of the next. */
#include "office_world.h"

struct room {
    struct central *office;
    struct id anna, ben;        /* users */
    struct id client, kase;     /* Anna's */
    struct id stranger, other;  /* Ben's client and case */
    struct world_laptop laptop; /* Anna's */
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct id assignment;
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    pair_office_write(r->office, KIND_OFFICE, &pair_everywhere, &r->office->office, 1, "name", "Test", NULL);
    r->anna = world_user(r->office, "anna", "case manager");
    r->ben = world_user(r->office, "ben", "case manager");
    pair_office_case(r->office, &r->anna, &r->client, &r->kase, &assignment);
    pair_office_case(r->office, &r->ben, &r->stranger, &r->other, &assignment);
    world_laptop(r->office, &r->anna, &r->laptop);
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    world_check_office(r->office);
    pair_office_free(r->office);
    free(r);
    return 0;
}

static uint64_t entries(const struct room *r)
{
    return pair_count(r->office->db, "SELECT count(*) FROM entry");
}

static uint64_t write_note(struct room *r, struct world_batch *b, const struct id *kase, struct id *note)
{
    *note = id_new(clock_wall());
    return world_set(&r->laptop, b, KIND_NOTE, kase, note, "text", "seen at home");
}

/* Pushes a batch that must be held in just these changes (bit i: change i). */
static void expect_held(struct room *r, struct world_batch *b, unsigned held, const char *reason)
{
    struct receive_result result;
    struct error e = {0, ""};
    size_t next = 0;
    if (world_push(r->office, &r->laptop, b, &result, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(result.seq, r->laptop.chain.seq);
    for (size_t i = 0; i < b->count; i++) {
        if ((held >> i & 1) == 0)
            continue;
        assert_true(next < result.held_count);
        assert_int_equal(result.held[next].seq, b->first_seq + i);
        if (strstr(result.held[next].reason, reason) == NULL)
            fail_msg("held because %s", result.held[next].reason);
        next++;
    }
    assert_int_equal(next, result.held_count);
    receive_free(&result);
    world_batch_free(b);
}

/* Goal: an honest batch is durable as it came, one after another, and its proof holds; sent again it changes nothing
 * and is proved again. */
static void test_honest(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct receive_result first, again;
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push;
    struct merkle_hash root;
    uint64_t size = r->office->checkpoint_size, before;
    struct id note;
    world_root(r->office, &root);
    for (int i = 0; i < 20; i++)
        (void)write_note(r, b, &r->kase, &note);
    world_set(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, "risk", "high");
    push = world_seal(&r->laptop, b, head);
    before = entries(r);
    PAIR_OK(world_give(r->office, &r->laptop, &push, &first, &pair_e));
    assert_int_equal(first.first_seq, 1);
    assert_int_equal(first.seq, 21);
    assert_int_equal(first.first_position, size);
    assert_int_equal(first.held_count, 0);
    assert_int_equal(first.receipt, 0);
    assert_int_equal(entries(r), before + 21);
    world_check_answer(r->office, b, &first, size, &root);
    world_expect(r->office->db, "SELECT risk FROM \"case\" WHERE id = ?", &r->kase, "high");
    /* The answer got lost: the same bytes once more. */
    PAIR_OK(world_give(r->office, &r->laptop, &push, &again, &pair_e));
    assert_int_equal(entries(r), before + 21);
    assert_int_equal(again.first_seq, 1);
    assert_int_equal(again.seq, 21);
    assert_int_equal(again.first_position, first.first_position);
    assert_int_equal(again.received_ms, first.received_ms);
    world_check_answer(r->office, b, &again, size, &root);
    receive_free(&first);
    receive_free(&again);
    free((void *)push.batch.p);
    world_batch_free(b);
}

/* Goal: a batch that begins with what the office has is answered for that part; the rest goes with the next push. */
static void test_overlap(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch(), *longer = world_batch();
    struct world_laptop before = r->laptop;
    struct receive_result result;
    struct id note = id_new(clock_wall());
    uint64_t size;
    world_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "one");
    assert_int_equal(world_push_well(r->office, &r->laptop, b), 0);
    /* The same first change (a chain is made of hashes: so it is made of the same bytes), and one more. */
    r->laptop = before;
    batch_free(&longer->w);
    batch_start(&longer->w);
    {
        struct log_entry entry;
        int64_t id = log_find(r->office->db, &r->laptop.device.device, 1, 1, NULL, NULL);
        PAIR_OK(log_load(r->office->db, id, 1, &entry, &pair_e));
        batch_add_change(&longer->w, entry.change.header, entry.change.body);
        pack_start(&longer->headers[0]);
        pack_raw(&longer->headers[0], entry.change.header);
        longer->count = 1;
        longer->first_seq = 1;
        r->laptop.chain.seq = 1;
        memcpy(r->laptop.chain.hash, entry.change.hash, sizeof entry.change.hash);
    }
    world_set(&r->laptop, longer, KIND_NOTE, &r->kase, &note, "text", "two");
    size = entries(r);
    PAIR_OK(world_push(r->office, &r->laptop, longer, &result, &pair_e));
    assert_int_equal(result.first_seq, 1);
    assert_int_equal(result.seq, 1); /* not 2: that is not durable */
    assert_int_equal(entries(r), size);
    receive_free(&result);
    world_batch_free(b);
    world_batch_free(longer);
}

/* A push that must be refused as a whole with E_VERIFY, leaving nothing. */
static void refuse(struct room *r, struct world_batch *b, const char *words)
{
    struct receive_result result;
    struct error e = {0, ""};
    uint64_t before = entries(r), heads = pair_count(r->office->db, "SELECT count(*) FROM head");
    struct merkle_frontier tree = r->office->tree;
    struct edit_author author = r->office->author;
    assert_int_equal(world_push(r->office, &r->laptop, b, &result, &e), E_VERIFY);
    if (strstr(e.text, words) == NULL)
        fail_msg("refused because %s", e.text);
    assert_int_equal(entries(r), before);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM head"), heads);
    assert_int_equal(tree.size, r->office->tree.size);
    assert_int_equal(author.chain.seq, r->office->author.chain.seq);
    assert_int_equal(author.hlc, r->office->author.hlc);
    receive_free(&result);
    world_batch_free(b);
}

/* Goal: a gap, another previous hash, another epoch, another device's change and a head that names something else are
 * refused as a whole, whatever stands before them in the batch; then the honest batch is taken. */
static void test_broken_chain(void **state)
{
    struct room *r = *state;
    struct world_laptop honest = r->laptop, strange;
    struct world_batch *b;
    struct id note;
    for (int broken = 0; broken < 6; broken++) {
        b = world_batch();
        r->laptop = honest;
        (void)write_note(r, b, &r->kase, &note);
        (void)write_note(r, b, &r->other, &note); /* one that would be held: the second pass is undone, too */
        if (broken == 0)
            r->laptop.chain.seq++;
        else if (broken == 1)
            r->laptop.chain.hash[5] ^= 1;
        else if (broken == 2)
            r->laptop.chain.epoch++;
        else if (broken == 3) {
            world_laptop(r->office, &r->ben, &strange);
            r->laptop.chain.device = strange.device.device;
        }
        (void)write_note(r, b, &r->kase, &note);
        r->laptop.chain.device = honest.chain.device;
        if (broken == 4)
            r->laptop.chain.seq++; /* of the head alone */
        else if (broken == 5)
            r->laptop.chain.hash[0] ^= 1;
        refuse(r, b, broken >= 4 ? "head" : "");
    }
    r->laptop = honest;
    r->laptop.chain.seq = 3; /* nothing of 1 to 3 has come */
    b = world_batch();
    (void)write_note(r, b, &r->kase, &note);
    refuse(r, b, "");
    r->laptop = honest;
    b = world_batch();
    (void)write_note(r, b, &r->kase, &note);
    assert_int_equal(world_push_well(r->office, &r->laptop, b), 0);
    world_batch_free(b);
}

/* Goal: a head that another key signed, or of which any bit was changed, is refused. */
static void test_forged_head(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    uint8_t head[CHAIN_HEAD_MAX], key[32], secret[64];
    struct world_laptop forger = r->laptop;
    struct receive_result result;
    struct message_push push;
    uint64_t before = entries(r);
    struct id note;
    (void)write_note(r, b, &r->kase, &note);
    forger.chain = r->laptop.chain;
    crypto_sign_keypair(key, secret);
    memcpy(forger.secret, secret, sizeof secret);
    push = world_seal(&forger, b, head);
    assert_int_equal(world_give(r->office, &r->laptop, &push, &result, NULL), E_VERIFY);
    receive_free(&result);
    free((void *)push.batch.p);
    {
        struct chain_head honest = {.end = r->laptop.chain};
        chain_sign(&honest, r->laptop.secret, head, &push.head.size);
    }
    world_batch_free(b);
    r->laptop.chain.seq = 0;
    memset(r->laptop.chain.hash, 0, sizeof r->laptop.chain.hash);
    b = world_batch();
    (void)write_note(r, b, &r->kase, &note);
    push = world_seal(&r->laptop, b, head);
    for (size_t bit = 0; bit < 8 * push.head.size; bit++) {
        head[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(world_give(r->office, &r->laptop, &push, &result, NULL), 0);
        receive_free(&result);
        head[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < push.head.size; size++) {
        struct message_push cut = push;
        cut.head.size = size;
        assert_int_not_equal(world_give(r->office, &r->laptop, &cut, &result, NULL), 0);
        receive_free(&result);
    }
    for (size_t size = 0; size < push.batch.size; size++) {
        struct message_push cut = push;
        cut.batch.size = size;
        assert_int_not_equal(world_give(r->office, &r->laptop, &cut, &result, NULL), 0);
        receive_free(&result);
    }
    assert_int_equal(entries(r), before);
    free((void *)push.batch.p);
    world_batch_free(b);
}

/* Goal: an empty batch is refused with a sentence. */
static void test_empty_batch(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct receive_result result;
    struct error e = {0, ""};
    assert_int_equal(world_push(r->office, &r->laptop, b, &result, &e), E_INPUT);
    assert_non_null(strstr(e.text, "no change"));
    receive_free(&result);
    world_batch_free(b);
}

/* Goal: a disk image that was put back writes another change with a number that the office has: refused, with words for
 * the one who reads them; what the office has stays. */
static void test_fork(void **state)
{
    struct room *r = *state;
    struct world_laptop image = r->laptop;
    struct world_batch *b = world_batch();
    struct id note;
    (void)write_note(r, b, &r->kase, &note);
    (void)write_note(r, b, &r->kase, &note);
    assert_int_equal(world_push_well(r->office, &r->laptop, b), 0);
    world_batch_free(b);
    r->laptop = image;
    b = world_batch();
    (void)write_note(r, b, &r->kase, &note);
    refuse(r, b, "copied or put back");
}

/* Goal: a change out of scope is held; its hold stands before it in the log, the rest of the batch is applied, and all
 * of it stands together and is proved; a lost answer is given again with its reason. */
static void test_held(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct receive_result result, again;
    uint8_t head[CHAIN_HEAD_MAX];
    struct message_push push;
    struct merkle_hash root;
    struct id note, foreign;
    uint64_t size = r->office->checkpoint_size;
    world_root(r->office, &root);
    (void)write_note(r, b, &r->kase, &note);
    (void)write_note(r, b, &r->other, &foreign);
    (void)write_note(r, b, &r->kase, &note);
    push = world_seal(&r->laptop, b, head);
    PAIR_OK(world_give(r->office, &r->laptop, &push, &result, &pair_e));
    assert_int_equal(result.held_count, 1);
    assert_int_equal(result.held[0].seq, 2);
    assert_int_equal(result.first_position, size + 1); /* behind the hold */
    assert_int_equal(result.seq, 3);
    world_check_answer(r->office, b, &result, size, &root);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 2);
    assert_int_equal(pair_count(r->office->db, "SELECT held FROM entry WHERE seq = 2 AND kind = 10"), 1);
    assert_int_equal(pair_count(r->office->db,
                                "SELECT count(*) FROM entry h, entry n WHERE h.kind = 6 AND n.kind = 10 AND n.held = 1 "
                                "AND h.position < n.position"),
                     1);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM hold WHERE status = 'held' AND seq = 2"), 1);
    PAIR_OK(world_give(r->office, &r->laptop, &push, &again, &pair_e));
    assert_int_equal(again.held_count, 1);
    assert_string_equal(again.held[0].reason, result.held[0].reason);
    assert_int_equal(again.first_position, result.first_position);
    world_check_answer(r->office, b, &again, size, &root);
    receive_free(&result);
    receive_free(&again);
    free((void *)push.batch.p);
    world_batch_free(b);
}

static uint64_t tick;
static uint64_t ticking(void)
{
    return tick += 1000;
}

/* Goal: the time of receipt never runs backwards in the log, also where holds are written between two passes over a
 * batch, and where the office's clock was put back. (The end of each test checks the log; an auditor refuses one whose
 * time does.) */
static void test_time(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id note;
    tick = clock_wall();
    r->office->author.wall = ticking; /* every look at the clock is a second later */
    (void)write_note(r, b, &r->kase, &note);
    (void)write_note(r, b, &r->other, &note);
    (void)write_note(r, b, &r->other, &note);
    expect_held(r, b, 6, "caseload");
    tick = 1000000;
    b = world_batch();
    (void)write_note(r, b, &r->kase, &note);
    (void)write_note(r, b, &r->other, &note);
    expect_held(r, b, 2, "caseload");
}

/* Goal: what only the office writes, and what claims another author, is held. */
static void test_not_allowed(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id fresh = id_new(clock_wall()), note;
    char text[ID_TEXT];
    id_format(&r->anna, text);
    world_set(&r->laptop, b, KIND_USER, &pair_everywhere, &r->anna, "role", "administrator");
    world_set(&r->laptop, b, KIND_ASSIGNMENT, &r->kase, &fresh, "user", text);
    world_set(&r->laptop, b, KIND_ASSIGNMENT, &r->other, &fresh, "user", text);
    fresh = id_new(clock_wall());
    world_set(&r->laptop, b, KIND_HOLD, &pair_everywhere, &fresh, "status", "released");
    world_set(&r->laptop, b, KIND_OFFICE, &pair_everywhere, &r->office->office, "name", "Mine");
    world_set(&r->laptop, b, KIND_TICKET, &pair_everywhere, &fresh, "user", text);
    expect_held(r, b, 0x3f, "only the office itself");
    b = world_batch();
    r->laptop.author = r->ben;
    (void)write_note(r, b, &r->kase, &note);
    r->laptop.author = r->anna;
    (void)write_note(r, b, &r->kase, &note);
    expect_held(r, b, 1, "author");
    world_expect(r->office->db, "SELECT role FROM \"user\" WHERE id = ?", &r->anna, "case manager");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"), 2);
}

/* Goal: a laptop that is revoked, or whose user is disabled, brings nothing that is applied, and nothing is lost. */
static void test_revoked(void **state)
{
    struct room *r = *state;
    struct receive_device found;
    uint8_t noise[32];
    struct world_batch *b = world_batch();
    struct id note;
    memcpy(noise, r->laptop.device.sign_key, sizeof noise);
    noise[0] ^= 1;
    PAIR_OK(receive_device(r->office, noise, &found, &pair_e));
    assert_int_equal(found.revoked, 0);
    assert_true(id_equal(&found.user, &r->anna));
    assert_memory_equal(found.sign_key, r->laptop.device.sign_key, 32);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->anna, 0, "status", "disabled", NULL);
    PAIR_OK(receive_device(r->office, noise, &found, &pair_e));
    assert_int_equal(found.revoked, 1);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->anna, 0, "status", "active", NULL);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &r->laptop.device.device, 0, "status", "disabled",
                      NULL);
    PAIR_OK(receive_device(r->office, noise, &found, &pair_e));
    assert_int_equal(found.revoked, 1);
    noise[0] ^= 1;
    assert_int_equal(receive_device(r->office, noise, &found, NULL), E_REFUSED);
    r->laptop.device.revoked = 1;
    (void)write_note(r, b, &r->kase, &note);
    world_set(&r->laptop, b, KIND_RECEIPT, &pair_everywhere, &note, "position", "3");
    expect_held(r, b, 3, "disabled");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 0);
}

/* Goal: what happened to its store is heard from every laptop, also one that is to be wiped or an auditor's; but no
 * laptop changes what another one, or the office, said of itself, and an event stands in no case. */
static void test_events(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id note, event = id_new(clock_wall()), offices, wrong = id_new(clock_wall());
    char text[ID_TEXT];
    r->laptop.device.revoked = r->laptop.device.wipe = 1;
    (void)write_note(r, b, &r->kase, &note);
    world_set(&r->laptop, b, KIND_EVENT, &pair_everywhere, &event, "what", "wiped");
    expect_held(r, b, 1, "disabled");
    world_expect(r->office->db, "SELECT what FROM event WHERE id = ?", &event, "wiped");
    r->laptop.device.revoked = r->laptop.device.wipe = 0;
    r->laptop.device.reads_only = 1;
    b = world_batch();
    world_set(&r->laptop, b, KIND_EVENT, &pair_everywhere, &event, "count", "2");
    (void)write_note(r, b, &r->kase, &note);
    expect_held(r, b, 2, "auditor");
    PAIR_OK(central_event(r->office, "recovered", 1, 0, NULL, &pair_e));
    world_text(r->office->db, "SELECT id FROM event WHERE what = 'recovered' AND ?1 <> ''", &event, text, sizeof text);
    PAIR_OK(id_parse(text, &offices, &pair_e));
    b = world_batch();
    world_set(&r->laptop, b, KIND_EVENT, &pair_everywhere, &offices, "what", "wiped");
    expect_held(r, b, 1, "said of itself");
    b = world_batch();
    world_set(&r->laptop, b, KIND_EVENT, &r->kase, &wrong, "what", "wiped");
    expect_held(r, b, 1, "stands in another case");
    world_expect(r->office->db, "SELECT what FROM event WHERE id = ?", &offices, "recovered");
}

/* A person, a case about it and a note, taken down in the field. */
static void write_new(struct room *r, struct world_batch *b, struct id *person, struct id *kase)
{
    char text[ID_TEXT];
    struct id note = id_new(clock_wall());
    *person = id_new(clock_wall());
    *kase = id_new(clock_wall());
    id_format(person, text);
    world_set(&r->laptop, b, KIND_CLIENT, person, person, "legal_name", "New Person");
    world_set(&r->laptop, b, KIND_CASE, kase, kase, "client", text);
    world_set(&r->laptop, b, KIND_NOTE, kase, &note, "text", "first visit");
}

/* Goal: a person, a case and a note taken down in the field are taken in one batch, or in several, and the case is its
 * author's; the same after a batch with a held change among them. */
static void test_taken_down(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct caseload load;
    struct id person, kase, second_person, second_case, note;
    char text[ID_TEXT];
    write_new(r, b, &person, &kase);
    (void)write_note(r, b, &r->other, &note);
    world_set(&r->laptop, b, KIND_CASE, &kase, &kase, "risk", "high");
    expect_held(r, b, 8, "caseload");
    PAIR_OK(caseload_load(r->office, &r->anna, &load, &pair_e));
    assert_int_equal(load.count, 5);
    assert_true(caseload_has(&load, &person) && caseload_has(&load, &kase));
    caseload_free(&load);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"),
                     3); /* one for it, not one for each change */
    /* The person first, the case on another day. */
    second_person = id_new(clock_wall());
    second_case = id_new(clock_wall());
    b = world_batch();
    world_set(&r->laptop, b, KIND_CLIENT, &second_person, &second_person, "legal_name", "Second");
    expect_held(r, b, 0, "");
    b = world_batch();
    id_format(&second_person, text);
    world_set(&r->laptop, b, KIND_CLIENT, &second_person, &second_person, "phone", "5");
    world_set(&r->laptop, b, KIND_CASE, &second_case, &second_case, "client", text);
    expect_held(r, b, 0, "");
    b = world_batch();
    world_set(&r->laptop, b, KIND_CASE, &second_case, &second_case, "risk", "low");
    expect_held(r, b, 0, "");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"), 4);
}

/* Goal: what was taken down here and has since been given to another is not touched any more; nor does naming it in a
 * new case bring it back. */
static void test_given_away(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id person, kase, assignment, fresh = id_new(clock_wall());
    char text[ID_TEXT];
    write_new(r, b, &person, &kase);
    expect_held(r, b, 0, "");
    world_text(r->office->db, "SELECT id FROM assignment WHERE scope = ?", &kase, text, sizeof text);
    PAIR_OK(id_parse(text, &assignment, &pair_e));
    pair_office_write(r->office, KIND_ASSIGNMENT, &kase, &assignment, 0, "status", "disabled", NULL);
    b = world_batch();
    world_set(&r->laptop, b, KIND_CASE, &kase, &kase, "risk", "low");
    world_set(&r->laptop, b, KIND_CLIENT, &person, &person, "phone", "1");
    expect_held(r, b, 3, "caseload");
    b = world_batch();
    id_format(&person, text);
    world_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", text);
    expect_held(r, b, 1, "names a person");
}

/* Goal: a new case, a contact or a change of a case that names somebody else's person is held: naming would be a way to
 * read that person's record. */
static void test_foreign_person(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id fresh = id_new(clock_wall()), contact = id_new(clock_wall());
    struct caseload load;
    char text[ID_TEXT], own[ID_TEXT];
    id_format(&r->stranger, text);
    id_format(&r->client, own);
    world_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", text);
    world_set(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, "client", text);
    world_set(&r->laptop, b, KIND_CONTACT, &r->kase, &contact, "client", text);
    world_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", own);
    expect_held(r, b, 7, "names a person");
    PAIR_OK(caseload_load(r->office, &r->anna, &load, &pair_e));
    assert_false(caseload_has(&load, &r->stranger));
    assert_int_equal(load.count, 4);
    caseload_free(&load);
    /* A case about nobody at all is no way to have what is office-wide twice. */
    b = world_batch();
    world_set(&r->laptop, b, KIND_CASE, &fresh, &fresh, "client", "00000000-0000-0000-0000-000000000000");
    expect_held(r, b, 0, "");
    PAIR_OK(caseload_load(r->office, &r->anna, &load, &pair_e));
    for (size_t i = 1; i < load.count; i++)
        assert_true(id_compare(&load.scopes[i - 1], &load.scopes[i]) < 0);
    caseload_free(&load);
}

/* Goal: a record id that stands elsewhere, as another kind, or under a kind of which nobody knows where it stands, is
 * not taken over. */
static void test_hijack(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    static const uint8_t five = 5;
    const struct world_op unknown = {.number = 77, .raw = {&five, 1}};
    struct id theirs = id_new(clock_wall()), mine;
    pair_office_write(r->office, KIND_NOTE, &r->other, &theirs, 1, "text", "Ben's", NULL);
    (void)write_note(r, b, &r->kase, &mine);
    expect_held(r, b, 0, "");
    b = world_batch();
    world_set(&r->laptop, b, KIND_NOTE, &r->kase, &theirs, "text", "Anna's");
    world_set(&r->laptop, b, KIND_SERVICE, &r->kase, &mine, "type", "now a service");
    world_write(&r->laptop, b, 99, &r->kase, &theirs, &unknown, 1);
    world_set(&r->laptop, b, KIND_NOTE, &r->kase, &r->kase, "text", "under the case's own id");
    world_set(&r->laptop, b, KIND_CLIENT, &r->kase, &mine, "phone", "a person inside a case");
    expect_held(r, b, 0x1f, "stands in another case");
    world_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &theirs, "[\"Ben's\"]");
}

/* Goal: what a newer schema wrote (a kind, a field, a choice that is not known here) is carried, in a case that the
 * laptop may touch; a value that its field cannot hold is held. */
static void test_newer(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    static const uint8_t five = 5;
    static const uint8_t nonsense[] = {0xa1, 'x'};
    const struct world_op unknown = {.number = 77, .raw = {&five, 1}}, wrong = {.number = 20, .raw = {nonsense, 2}};
    struct id fresh = id_new(clock_wall());
    world_write(&r->laptop, b, 99, &r->kase, &fresh, &unknown, 1);
    world_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &unknown, 1);
    world_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &wrong, 1);
    world_write(&r->laptop, b, 99, &r->other, &fresh, &unknown, 1);
    expect_held(r, b, 0xc, "case");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM op WHERE field = 77"), 2);
}

/* Goal: of a kind that is newer than the office its number says enough: what only an office writes is held, and so is
 * what every laptop would get; what no laptop gets is taken, and nobody else goes on with it. */
static void test_newer_kinds(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    static const uint8_t five = 5;
    const struct world_op op = {.number = 77, .raw = {&five, 1}};
    struct world_laptop bens;
    struct receive_result result;
    struct id ids[6];
    for (size_t i = 0; i < 6; i++)
        ids[i] = id_new(clock_wall());
    world_write(&r->laptop, b, 1900, &r->kase, &ids[0], &op, 1);
    world_write(&r->laptop, b, 3900, &pair_everywhere, &ids[1], &op, 1);
    expect_held(r, b, 3, "only the office itself");
    b = world_batch();
    world_write(&r->laptop, b, 900, &pair_everywhere, &ids[2], &op, 1);
    expect_held(r, b, 1, "newer than the office's program");
    b = world_batch();
    world_write(&r->laptop, b, 900, &r->client, &ids[3], &op, 1);
    world_write(&r->laptop, b, 2900, &pair_everywhere, &ids[4], &op, 1);
    world_write(&r->laptop, b, 2900, &r->kase, &ids[5], &op, 1);
    world_write(&r->laptop, b, 2900, &r->kase, &ids[5], &op, 1);
    expect_held(r, b, 0, "");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM op WHERE field = 77"), 4);
    world_laptop(r->office, &r->ben, &bens);
    b = world_batch();
    world_write(&bens, b, 2900, &pair_everywhere, &ids[4], &op, 1);
    PAIR_OK(world_push(r->office, &bens, b, &result, &pair_e));
    assert_int_equal(result.held_count, 1);
    assert_non_null(strstr(result.held[0].reason, "said of itself"));
    receive_free(&result);
    world_batch_free(b);
}

/* Goal: no change can end the life of an op of another record, or of one that is not written yet. */
static void test_supersede_attack(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct world_laptop ben;
    struct dot dots[2] = {{.device = r->office->author.chain.device, .epoch = 1}};
    struct world_op op = {.field = "risk", .words = "low", .supersedes = dots, .supersedes_count = 1};
    /* Ben's case has its risk from the office; Anna's change in her own case names that op. */
    pair_office_write(r->office, KIND_CASE, &r->other, &r->other, 0, "risk", "critical", NULL);
    dots[0].seq = r->office->author.chain.seq;
    world_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    expect_held(r, b, 0, "");
    world_expect(r->office->db, "SELECT risk FROM \"case\" WHERE id = ?", &r->other, "critical");
    /* What Ben's laptop will write is named before it is there. */
    world_laptop(r->office, &r->anna, &ben);
    dots[0] = (struct dot){ben.device.device, 1, 1, 0};
    b = world_batch();
    world_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    expect_held(r, b, 1, "nobody has written yet");
    b = world_batch();
    world_set(&ben, b, KIND_CASE, &r->kase, &r->kase, "risk", "critical");
    assert_int_equal(world_push_well(r->office, &ben, b), 0);
    world_batch_free(b);
    world_expect(r->office->db, "SELECT risk FROM \"case\" WHERE id = ?", &r->kase, "critical");
    /* One's own, held or not, is known: a change behind a held one may replace it. */
    b = world_batch();
    world_set(&r->laptop, b, KIND_CASE, &r->other, &r->other, "title", "held");
    dots[0] = (struct dot){r->laptop.chain.device, 1, r->laptop.chain.seq, 0};
    world_write(&r->laptop, b, KIND_CASE, &r->kase, &r->kase, &op, 1);
    expect_held(r, b, 1, "caseload");
}

/* Goal: a note is never lost: a change that names one, to take its place, is held, whoever wrote the note; an amendment
 * is not. */
static void test_note_is_not_replaced(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id note = id_new(clock_wall());
    struct dot first;
    struct world_op op = {.field = "text", .words = "nothing was seen", .supersedes = &first, .supersedes_count = 1};
    world_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "the door was open");
    first = (struct dot){r->laptop.chain.device, 1, r->laptop.chain.seq, 0};
    world_write(&r->laptop, b, KIND_NOTE, &r->kase, &note, &op, 1);
    world_set(&r->laptop, b, KIND_NOTE, &r->kase, &note, "text", "at four");
    expect_held(r, b, 2, "written once");
    world_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"the door was open\",\"at four\"]");
}

/* Goal: a held change that is released is applied, and a replay says the same; released again it changes nothing. */
static void test_release(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct id note, hold;
    char text[ID_TEXT];
    (void)write_note(r, b, &r->other, &note);
    world_set(&r->laptop, b, KIND_NOTE, &r->other, &note, "text", "an amendment");
    expect_held(r, b, 3, "caseload");
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM note"), 0);
    for (unsigned seq = 1; seq <= 2; seq++) {
        char sql[80];
        (void)snprintf(sql, sizeof sql, "SELECT id FROM hold WHERE seq = %u AND ?1 IS NOT NULL", seq);
        world_text(r->office->db, sql, &note, text, sizeof text);
        PAIR_OK(id_parse(text, &hold, &pair_e));
        pair_office_write(r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
        world_check_office(r->office);
    }
    world_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"seen at home\",\"an amendment\"]");
    pair_office_write(r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "released", NULL);
    pair_office_write(r->office, KIND_HOLD, &pair_everywhere, &hold, 0, "status", "kept out", NULL);
    world_check_office(r->office);
    world_expect(r->office->db, "SELECT text FROM note WHERE id = ?", &note, "[\"seen at home\"]");
}

/* Goal: the largest batch, all of it held, and all of it new cases, is taken without its work growing with the square
 * of its size (this test would run for minutes), and its receipt is seen. */
static void test_large(void **state)
{
    struct room *r = *state;
    struct world_batch *b = world_batch();
    struct receive_result result;
    struct id record;
    for (int i = 0; i < 1500; i++)
        (void)write_note(r, b, &r->other, &record);
    PAIR_OK(world_push(r->office, &r->laptop, b, &result, &pair_e));
    assert_int_equal(result.held_count, 1500);
    receive_free(&result);
    world_batch_free(b);
    b = world_batch();
    for (int i = 0; i < 1500; i++) {
        record = id_new(clock_wall());
        world_set(&r->laptop, b, KIND_CASE, &record, &record, "title", "new");
    }
    record = id_new(clock_wall());
    world_set(&r->laptop, b, KIND_RECEIPT, &pair_everywhere, &record, "position", "1");
    PAIR_OK(world_push(r->office, &r->laptop, b, &result, &pair_e));
    assert_int_equal(result.held_count, 0);
    assert_int_equal(result.receipt, 1);
    receive_free(&result);
    world_batch_free(b);
    assert_int_equal(pair_count(r->office->db, "SELECT count(*) FROM assignment"), 1502);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_honest),      TEST(test_overlap),        TEST(test_broken_chain),
        TEST(test_forged_head), TEST(test_empty_batch),    TEST(test_fork),
        TEST(test_held),        TEST(test_time),           TEST(test_not_allowed),
        TEST(test_revoked),     TEST(test_events),         TEST(test_taken_down),
        TEST(test_given_away),  TEST(test_foreign_person), TEST(test_hijack),
        TEST(test_newer),       TEST(test_newer_kinds),    TEST(test_supersede_attack),
        TEST(test_release),     TEST(test_large),          TEST(test_note_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
