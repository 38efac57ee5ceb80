/* Tests: daemon/server/reader.c
 * Commands that read run beside the loop, each in its thread; the loop goes on; only so many run at a time; all are
 * told to end when the daemon stops. */
#include "central_fixture.h"
#include "office_fixture.h"

#include <unistd.h>

#include "reader.h"

static const char passphrase[] = "correct horse battery";
static const char endless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

static struct server server;
static struct reader *readers[READERS_MAX];
static struct job {
    int code;
    int has_ended;
} jobs[READERS_MAX];
static int rounds;

static void work(void *arg, struct central *snapshot)
{
    struct job *j = arg;
    struct error e = {0, ""};
    uint64_t count;
    assert_true(snapshot != server.central && snapshot->db != server.central->db);
    j->code = db_number_of(snapshot->db, &count, &e, endless, "");
}

static void done(void *arg)
{
    ((struct job *)arg)->has_ended = 1;
}

/* While they run the loop goes round, and writes. */
static void on_timer(uv_timer_t *timer)
{
    struct error e = {0, ""};
    struct reader *more;
    PAIR_OK(central_event(server.central, "wrong passphrases", 1, 0, NULL, &pair_e));
    if (++rounds == 3) {
        assert_int_equal(reader_start(&server, &(struct reader_job){work, done, &jobs[0]}, &more, &e), E_BUSY);
        assert_non_null(strstr(e.text, "3 commands"));
        reader_stop(readers[1]);
    }
    if (rounds > 3 && jobs[1].has_ended) {
        assert_false(jobs[0].has_ended || jobs[2].has_ended);
        reader_stop_all(&server);
        uv_close((uv_handle_t *)timer, NULL);
    }
}

/* Goal: as it says above. */
static void they_run_beside_the_loop(void **state)
{
    char folder[] = "/tmp/reader_test.XXXXXX", command[64];
    struct central_options o = {.name = "Test",
                                .admin_login = "boss",
                                .admin_name = "Boss",
                                .passphrase = passphrase,
                                .passphrase_bytes = sizeof passphrase - 1};
    uv_timer_t timer;
    (void)state;
    PAIR_OK(vault_init(&pair_e));
    assert_non_null(o.folder = mkdtemp(folder));
    PAIR_OK(central_create(&o, &pair_e));
    PAIR_OK(central_fixture_open(&server.central, folder, passphrase, sizeof passphrase - 1, &pair_e));
    assert_int_equal(uv_loop_init(&server.loop), 0);
    for (size_t i = 0; i < READERS_MAX; i++)
        PAIR_OK(reader_start(&server, &(struct reader_job){work, done, &jobs[i]}, &readers[i], &pair_e));
    assert_int_equal(uv_timer_init(&server.loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, on_timer, 10, 10), 0);
    assert_int_equal(uv_run(&server.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&server.loop), 0);
    assert_null(server.readers);
    for (size_t i = 0; i < READERS_MAX; i++) {
        assert_true(jobs[i].has_ended);
        assert_int_equal(jobs[i].code, E_BUSY);
    }
    central_close(server.central);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_run_beside_the_loop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
