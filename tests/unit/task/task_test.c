/* Tests: daemon/task/task.c daemon/task/task_people.c daemon/task/task_case.c
 * satcheld's commands on an open office: what each does, what it refuses, and that what waits for a person is said. */
#include "office_fixture.h"
#include "task_fixture.h"

#include <unistd.h>

static int end(void **state)
{
    struct central *c = *state;
    assert_int_equal(db_in_transaction(c->db), 0);
    assert_int_equal(OFFICE_TASK(c, 1, "check"), 0);
    office_says("replay agree");
    office_check(c);
    pair_office_free(c);
    return 0;
}

/* Goal: `--hours 5x` is not taken for 5 hours, nor a port, a size or days that begin with a digit. */
static void test_numbers(void **state)
{
    struct central *c = *state;
    uint64_t before = c->tree.size;
    assert_int_equal(
        OFFICE_TASK(c, 9, "device", "invite", "boss", "--address", "office", "--out", "never.ticket", "--hours", "5x"),
        2);
    office_says("--hours takes a number from 1 to 24");
    assert_int_equal(OFFICE_TASK(c, 7, "device", "invite", "boss", "--address", "office:80x", "--out", "never.ticket"),
                     2);
    office_says("the port of --address takes a number from 1 to 65535");
    assert_int_equal(OFFICE_TASK(c, 2, "restored", "--size=7x"), 2);
    office_says("--size takes a number");
    assert_int_equal(OFFICE_TASK(c, 2, "lease", "7x"), 2);
    office_says("a lease takes 1 to");
    assert_true(c->tree.size == before);
}

/* Goal: what is no command, lacks a word, or has one too many is a usage error that says what would be right. */
static void test_usage(void **state)
{
    struct central *c = *state;
    uint64_t before = c->tree.size;
    assert_int_equal(OFFICE_TASK(c, 1, "nonsense"), 2);
    office_says("does not know");
    assert_int_equal(OFFICE_TASK(c, 1, "user"), 2);
    assert_int_equal(OFFICE_TASK(c, 2, "user", "nonsense"), 2);
    assert_int_equal(OFFICE_TASK(c, 2, "user", "add"), 2);
    office_says("usage");
    assert_int_equal(OFFICE_TASK(c, 3, "user", "add", "anna"), 2);
    office_says("--name");
    assert_int_equal(OFFICE_TASK(c, 3, "user", "list", "more"), 2);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "list", "--what"), 2);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "x", "boss"), 2);
    office_says("no case x");
    assert_int_equal(OFFICE_TASK(c, 3, "held", "release", "x"), 2);
    assert_int_equal(OFFICE_TASK(c, 3, "device", "revoke", "00000000-0000-0000-0000-000000000001"), 2);
    office_says("no laptop");
    assert_int_equal(OFFICE_TASK(c, 2, "archive", "/tmp/never"), 2);
    office_says("passphrase");
    assert_int_equal(OFFICE_TASK(c, 3, "status", "--json", "more"), 2);
    office_says("\"error\""); /* a sentence for a program, too */
    assert_int_equal(c->tree.size, before);
}

/* Goal: people are added once, by somebody who may, and disabled; every change has the acting person's name. */
static void test_users(void **state)
{
    struct central *c = *state;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct id boss;
    PAIR_OK(central_user(c, "boss", &boss, &pair_e));
    assert_int_equal(OFFICE_TASK(c, 7, "user", "add", "anna", "--name", "Anna Berg", "--role", "case manager"), 0);
    PAIR_OK(log_load(c->db, (int64_t)pair_count(c->db, "SELECT max(id) FROM entry"), 1, &memory, &entry, &pair_e));
    log_memory_free(&memory); /* its numbers alone are looked at */
    assert_true(id_equal(&entry.change.author, &boss));
    assert_int_equal(OFFICE_TASK(c, 7, "user", "add", "anna", "--name", "Another", "--role", "senior"), 2);
    office_says("already");
    assert_int_equal(OFFICE_TASK(c, 7, "user", "add", "ben", "--name", "Ben", "--role", "emperor"), 2);
    assert_int_equal(OFFICE_TASK(c, 9, "user", "add", "ben", "--name", "Ben", "--role", "senior", "--as", "anna"), 2);
    office_says("no active administrator");
    assert_int_equal(OFFICE_TASK(c, 7, "user", "add", "second", "--name", "S", "--role", "administrator"), 0);
    assert_int_equal(OFFICE_TASK(c, 7, "user", "add", "ben", "--name", "Ben", "--role", "senior"), 2);
    office_says("--as");
    assert_int_equal(OFFICE_TASK(c, 9, "user", "add", "ben", "--name", "Ben", "--role", "senior", "--as", "second"), 0);
    assert_int_equal(OFFICE_TASK(c, 5, "user", "disable", "second", "--as", "boss"), 0);
    assert_int_equal(OFFICE_TASK(c, 5, "user", "disable", "ben", "--as", "second"), 2);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "list", "--json"), 0);
    office_says("\"login\": \"anna\"");
    office_says("\"status\": \"disabled\"");
}

/* Goal: a case goes into a caseload, out of it and in again, in one record, found by id, by number and by its key. */
static void test_cases(void **state)
{
    struct central *c = *state;
    struct id client = id_new(clock_wall()), kase = id_new(clock_wall());
    char text[ID_TEXT];
    (void)office_user(c, "anna", "case manager");
    id_format(&client, text);
    pair_office_write(c, KIND_CLIENT, &client, &client, 1, "legal_name", "Ada", NULL);
    pair_office_write(c, KIND_CASE, &kase, &kase, 1, "client", text, "number", "N-7", "source_id", "K7", NULL);
    assert_int_equal(OFFICE_TASK(c, 1, "status"), 0);
    office_says("1  of them in nobody's caseload");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "release", "N-7", "anna"), 2);
    office_says("not in that person's caseload");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-7", "nobody"), 2);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-7", "anna"), 0);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "list", "--user", "anna"), 0);
    office_says("N-7");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "list", "--user", "boss"), 0);
    assert_null(strstr(office_out, "N-7"));
    assert_int_equal(OFFICE_TASK(c, 4, "case", "release", "K7", "anna"), 0);
    id_format(&kase, text);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", text, "anna"), 0);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM assignment"), 1);
    pair_office_write(c, KIND_CASE, &client, &client, 1, "title", "t", NULL); /* another record's id: carried alone */
    client = id_new(clock_wall());
    pair_office_write(c, KIND_CASE, &client, &client, 1, "number", "N-7", NULL);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", "N-7", "anna"), 2);
    office_says("2 of kind case are called so");
}

static void void_case(struct central *c, const struct id *kase)
{
    struct edit edit;
    PAIR_OK(central_begin(c, &pair_e));
    central_act_as_office(c);
    PAIR_OK(edit_open(&edit, c->db, kase, &pair_e));
    PAIR_OK(edit_void(&edit, &pair_e));
    PAIR_OK(central_write(c, &edit, "entered twice", &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
}

/* Goal: the office says who supervises whom and who answers for a case; one answers, the last who was named; both are
 * listed, and what waits is listed by owner. */
static void test_owners(void **state)
{
    struct central *c = *state;
    struct id anna = office_user(c, "anna", "case manager"), client, kase, a;
    struct office_laptop laptops[2];
    uint64_t before;
    char text[ID_TEXT];
    (void)office_user(c, "ben", "case manager");
    (void)office_user(c, "sue", "supervisor");
    (void)office_user(c, "tom", "supervisor");
    pair_office_case(c, &anna, &client, &kase, &a);
    id_format(&kase, text);
    assert_int_equal(OFFICE_TASK(c, 4, "user", "supervisor", "anna", "nobody"), 2);
    assert_int_equal(OFFICE_TASK(c, 4, "user", "supervisor", "anna", "anna"), 2);
    office_says("name another person");
    assert_int_equal(OFFICE_TASK(c, 4, "user", "supervisor", "anna", "sue"), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "user", "list", "--json"), 0);
    office_says("\"name\": \"anna\", \"supervisor\": \"sue\"");
    for (int i = 0; i < 2; i++) {
        struct office_batch *b = office_batch();
        office_laptop(c, &anna, &laptops[i]);
        office_set(&laptops[i], b, KIND_CASE, &kase, &kase, "risk", i == 0 ? "critical" : "high");
        assert_int_equal(office_push_well(c, &laptops[i], b), 0);
        office_batch_free(b);
    }
    assert_int_equal(OFFICE_TASK(c, 1, "conflicts"), 1);
    office_says("to decide: anna, sue; since ");
    office_says("decided on a laptop that holds its case"); /* the office has no command that decides */
    office_says("had seen: nothing");
    assert_int_equal(OFFICE_TASK(c, 3, "conflicts", "--owner", "tom"), 0);
    assert_null(strstr(office_out, "risk"));
    assert_int_equal(OFFICE_TASK(c, 3, "conflicts", "--owner", "sue"), 1);
    office_says("risk");
    assert_int_equal(OFFICE_TASK(c, 3, "conflicts", "--owner", "nobody"), 2);
    assert_int_equal(OFFICE_TASK(c, 4, "user", "supervisor", "anna", ""), 0);
    assert_int_equal(OFFICE_TASK(c, 1, "conflicts"), 1);
    /* Both supervisors, by their ids, which were made in one millisecond or in two. */
    if (strstr(office_out, "to decide: anna, tom, sue; since ") == NULL)
        office_says("to decide: anna, sue, tom; since ");
    /* Who does not hold the case cannot answer for it. */
    before = c->tree.size;
    assert_int_equal(OFFICE_TASK(c, 4, "case", "responsible", text, "ben"), 2);
    office_says("does not hold this case");
    assert_int_equal(c->tree.size, before);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", text, "ben"), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "case", "list", "--json"), 0);
    office_says("\"responsible\": \"anna\"");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "responsible", text, "ben"), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "case", "list", "--json"), 0);
    office_says("\"responsible\": \"ben\"");
    assert_int_equal(OFFICE_TASK(c, 4, "case", "responsible", text, "anna"), 0);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM assignment WHERE responsible = 1"), 1);
    assert_int_equal(OFFICE_TASK(c, 3, "case", "list", "--json"), 0);
    office_says("\"responsible\": \"anna\"");
    /* To say again what is so already writes nothing. */
    before = c->tree.size;
    assert_int_equal(OFFICE_TASK(c, 4, "case", "responsible", text, "anna"), 0);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "assign", text, "anna"), 0);
    assert_int_equal(c->tree.size, before);
    assert_int_equal(OFFICE_TASK(c, 4, "case", "release", text, "anna"), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "case", "list", "--json"), 0);
    office_says("\"responsible\": \"ben\"");
    /* What is voided waits for nobody: status counts what the queue lists. */
    assert_int_equal(OFFICE_TASK(c, 2, "status", "--json"), 1);
    office_says("\"loud\": 1");
    void_case(c, &kase);
    assert_int_equal(OFFICE_TASK(c, 1, "conflicts"), 0);
    assert_int_equal(OFFICE_TASK(c, 2, "status", "--json"), 0);
    office_says("\"loud\": 0");
}

/* Goal: a conflict is shown with its values and who must decide, and a held change with its reason; both make the exit
 * status 1, until they are decided and released. */
static void test_waiting(void **state)
{
    struct central *c = *state;
    struct id anna = office_user(c, "anna", "case manager"), ben = office_user(c, "ben", "case manager"), client, kase,
              a;
    struct office_laptop laptops[2];
    struct office_batch *b;
    char hold[ID_TEXT];
    assert_int_equal(OFFICE_TASK(c, 1, "conflicts"), 0);
    assert_int_equal(OFFICE_TASK(c, 2, "held", "list"), 0);
    pair_office_case(c, &anna, &client, &kase, &a);
    office_laptop(c, &anna, &laptops[0]);
    office_laptop(c, &anna, &laptops[1]);
    for (int i = 0; i < 2; i++) {
        b = office_batch();
        office_set(&laptops[i], b, KIND_CLIENT, &client, &client, "birth_date", i == 0 ? "1990-01-01" : "1990-10-10");
        assert_int_equal(office_push_well(c, &laptops[i], b), 0);
        office_batch_free(b);
    }
    assert_int_equal(OFFICE_TASK(c, 1, "conflicts"), 1);
    office_says("A PERSON MUST DECIDE");
    office_says("1990-01-01");
    office_says("1990-10-10");
    office_says("to decide: anna");
    assert_int_equal(OFFICE_TASK(c, 2, "conflicts", "--json"), 1);
    office_says("\"login\": \"anna\"");
    office_says("\"label\": \"conflict\"");
    assert_int_equal(OFFICE_TASK(c, 1, "status"), 1);
    /* Ben's laptop writes about Anna's client. */
    office_laptop(c, &ben, &laptops[0]);
    b = office_batch();
    office_set(&laptops[0], b, KIND_CLIENT, &client, &client, "phone", "123");
    assert_int_equal(office_push_well(c, &laptops[0], b), 1);
    office_batch_free(b);
    assert_int_equal(OFFICE_TASK(c, 2, "held", "list"), 1);
    office_says("by ben on the laptop \"");
    office_says(": its case is not in the caseload");
    assert_int_equal(OFFICE_TASK(c, 3, "held", "list", "--json"), 1);
    office_says("\"author\": \"ben\"");
    office_text(c->db, "SELECT id FROM hold WHERE ?1 IS NOT NULL", &client, hold, sizeof hold);
    assert_int_equal(OFFICE_TASK(c, 3, "held", "release", hold), 0);
    assert_int_equal(OFFICE_TASK(c, 2, "held", "list"), 0);
    office_expect(c->db, "SELECT phone FROM client WHERE id = ?", &client, "123");
    /* What only the office writes stays office_out, whoever asks. */
    b = office_batch();
    office_set(&laptops[0], b, KIND_USER, &pair_everywhere, &ben, "role", "administrator");
    assert_int_equal(office_push_well(c, &laptops[0], b), 1);
    office_batch_free(b);
    office_text(c->db, "SELECT id FROM hold WHERE status = 'held' AND ?1 <> ''", &client, hold, sizeof hold);
    assert_int_equal(OFFICE_TASK(c, 3, "held", "release", hold), 2);
    office_says("the office's own");
    office_expect(c->db, "SELECT role FROM \"user\" WHERE id = ?", &ben, "case manager");
}

/* Goal: an invitation writes a ticket for its owner alone, and never over another file; laptops are listed with what
 * they sent, and revoked. */
static void test_devices(void **state)
{
    struct central *c = *state;
    struct id anna = office_user(c, "anna", "case manager"), client, kase, a, note = id_new(clock_wall());
    struct office_laptop laptop;
    struct office_batch *b = office_batch();
    char path[] = "/tmp/task_test.XXXXXX", device[ID_TEXT];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(OFFICE_TASK(c, 7, "device", "invite", "anna", "--address", "office.example", "--out", path), 2);
    office_says("cannot be written");
    (void)unlink(path);
    assert_int_equal(OFFICE_TASK(c, 7, "device", "invite", "anna", "--address", "office.example:99999", "--out", path),
                     2);
    assert_int_equal(
        OFFICE_TASK(c, 9, "device", "invite", "anna", "--address", "[::1]:7411", "--out", path, "--hours", "25"), 2);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(OFFICE_TASK(c, 7, "device", "invite", "anna", "--address", "[::1]:7411", "--out", path), 0);
    assert_int_equal(access(path, R_OK), 0);
    (void)unlink(path);
    pair_office_case(c, &anna, &client, &kase, &a);
    office_laptop(c, &anna, &laptop);
    office_set(&laptop, b, KIND_NOTE, &kase, &note, "text", "x");
    office_set(&laptop, b, KIND_NOTE, &kase, &note, "text", "y");
    assert_int_equal(office_push_well(c, &laptop, b), 0);
    office_batch_free(b);
    assert_int_equal(OFFICE_TASK(c, 3, "device", "list", "--json"), 0);
    office_says("\"changes\": 2,");
    id_format(&laptop.device.device, device);
    assert_int_equal(OFFICE_TASK(c, 3, "device", "revoke", device), 0);
    assert_int_equal(OFFICE_TASK(c, 2, "device", "list"), 0);
    office_says("disabled");
}

/* Goal: a laptop that is to be wiped is so listed until it has said that it is wiped, and then with the time; another
 * laptop's word does not count for it. */
static void test_wipe(void **state)
{
    struct central *c = *state;
    struct id anna = office_user(c, "anna", "case manager"), event = id_new(clock_wall()), other = id_new(clock_wall());
    struct office_laptop laptops[2];
    const struct office_op wiped[] = {{.field = "what", .words = "wiped"},
                                      {.field = "at", .words = "2030-01-02T03:04:05Z"}};
    struct device device;
    struct office_batch *b;
    char name[ID_TEXT];
    uint8_t noise[32];
    for (int i = 0; i < 2; i++)
        office_laptop(c, &anna, &laptops[i]);
    assert_int_equal(OFFICE_TASK(c, 3, "device", "wipe", "00000000-0000-0000-0000-000000000001"), 2);
    office_says("no laptop");
    id_format(&laptops[0].device.device, name);
    assert_int_equal(OFFICE_TASK(c, 3, "device", "wipe", name), 0);
    assert_int_equal(OFFICE_TASK(c, 2, "device", "list"), 0);
    office_says("to be wiped");
    assert_int_equal(OFFICE_TASK(c, 1, "status"), 0);
    office_says("1  laptops that have not said yet that they were wiped");
    memcpy(noise, laptops[0].device.sign_key, sizeof noise);
    noise[0] ^= 1; /* as office_laptop makes it */
    PAIR_OK(device_by_link(c->db, noise, &device, &pair_e));
    assert_int_equal(device.wipe, 1);
    assert_int_equal(device.revoked, 1);
    for (int i = 1; i >= 0; i--) {
        b = office_batch();
        (void)office_write(&laptops[i], b, KIND_EVENT, &pair_everywhere, i == 1 ? &other : &event, wiped, 2);
        laptops[i].device.revoked = i == 0;
        assert_int_equal(office_push_well(c, &laptops[i], b), 0);
        office_batch_free(b);
        assert_int_equal(OFFICE_TASK(c, 3, "device", "list", "--json"), 0);
        office_says(i == 1 ? "\"status\": \"to be wiped\"" : "\"status\": \"says that it was wiped\"");
    }
    assert_int_equal(OFFICE_TASK(c, 1, "status"), 0);
    office_says("0  laptops that have not said yet that they were wiped");
    assert_int_equal(OFFICE_TASK(c, 3, "device", "revoke", name), 0);
    assert_int_equal(OFFICE_TASK(c, 3, "event", "list", "--json"), 0);
    office_says("\"at\": \"2030-01-02T03:04:05Z\"");
    office_says(name);
}

/* Goal: what happened to stores is listed with whose it was, how often and by whom, and counted in the status. */
static void test_events(void **state)
{
    struct central *c = *state;
    struct id officers[2] = {office_user(c, "anna", "supervisor"), office_user(c, "ben", "director")};
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    assert_int_equal(OFFICE_TASK(c, 2, "event", "list"), 0);
    assert_string_equal(office_out, "no event is written down\n");
    PAIR_OK(central_event(c, "wrong passphrases", 4, 0, NULL, &pair_e));
    PAIR_OK(central_event(c, "wrong passphrases", 3, 0, NULL, &pair_e));
    PAIR_OK(central_event(c, "recovered", 1, 0, officers, &pair_e));
    PAIR_OK(log_load(c->db, (int64_t)pair_count(c->db, "SELECT max(id) FROM entry"), 0, &memory, &entry, &pair_e));
    log_memory_free(&memory); /* its numbers alone are looked at */
    assert_true(id_equal(&entry.change.author, &c->office));
    assert_int_equal(OFFICE_TASK(c, 2, "event", "list"), 0);
    office_says("the office");
    office_says("anna and ben");
    assert_int_equal(OFFICE_TASK(c, 1, "status"), 0);
    office_says("7  wrong passphrases");
    office_says("1  stores that two officers opened");
}

/* Goal: the office says how long a lease lasts, in its own chain, by an administrator, within bounds. */
static void test_lease(void **state)
{
    struct central *c = *state;
    static const char *const wrong[] = {"0", "401", "-3", "x", "3x", "", "99999999999999999999"};
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct id boss;
    PAIR_OK(central_user(c, "boss", &boss, &pair_e));
    assert_int_equal(OFFICE_TASK(c, 1, "lease"), 0);
    office_says("30 days");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(OFFICE_TASK(c, 2, "lease", wrong[i]), 2);
        office_says("1 to 400 days");
    }
    assert_int_equal(OFFICE_TASK(c, 3, "lease", "7", "8"), 2);
    assert_int_equal(OFFICE_TASK(c, 4, "lease", "7", "--as", "nobody"), 2);
    assert_int_equal(OFFICE_TASK(c, 3, "lease", "7", "--json"), 0);
    office_says("{\"lease_days\": 7}");
    PAIR_OK(log_load(c->db, (int64_t)pair_count(c->db, "SELECT max(id) FROM entry"), 0, &memory, &entry, &pair_e));
    log_memory_free(&memory); /* its numbers alone are looked at */
    assert_true(id_equal(&entry.change.author, &boss));
    assert_int_equal(OFFICE_TASK(c, 2, "lease", "400"), 0);
    office_says("400 days");
}

/* Goal: a check finds a table that says something else than the log, and a log whose entry is gone. */
static void test_check(void **state)
{
    struct central *c = *state;
    struct id client = id_new(clock_wall());
    pair_office_write(c, KIND_CLIENT, &client, &client, 1, "legal_name", "Ada", NULL);
    PAIR_OK(db_exec(c->db, "UPDATE client SET legal_name = 'Eve'", &pair_e));
    assert_int_equal(OFFICE_TASK(c, 1, "check"), 13);
    office_says("differ from a replay");
    PAIR_OK(db_exec(c->db, "UPDATE client SET legal_name = 'Ada'", &pair_e));
    assert_int_equal(OFFICE_TASK(c, 1, "check"), 0);
    PAIR_OK(db_exec(c->db, "CREATE TABLE kept AS SELECT * FROM entry WHERE position = 1", &pair_e));
    PAIR_OK(db_exec(c->db, "DELETE FROM entry WHERE position = 1", &pair_e));
    assert_int_equal(OFFICE_TASK(c, 1, "check"), 13);
    PAIR_OK(db_exec(c->db, "INSERT INTO entry SELECT * FROM kept", &pair_e));
    PAIR_OK(db_exec(c->db, "UPDATE entry SET received = received + 1 WHERE position = 1", &pair_e));
    assert_int_equal(OFFICE_TASK(c, 1, "check"), 13);
    office_says("not those that its signed checkpoint states");
    PAIR_OK(db_exec(c->db, "UPDATE entry SET received = received - 1 WHERE position = 1", &pair_e));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, office_set_up, end)
    const struct CMUnitTest tests[] = {
        TEST(test_numbers), TEST(test_usage),   TEST(test_users),   TEST(test_cases),
        TEST(test_owners),  TEST(test_waiting), TEST(test_devices), TEST(test_wipe),
        TEST(test_events),  TEST(test_lease),   TEST(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
