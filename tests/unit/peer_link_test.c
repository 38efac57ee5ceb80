/* The office's links, over TCP on this machine. */
#include "office_world.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"
#include "wire.h"

struct room {
    char folder[64], ready[96];
    struct central *office;
    uint8_t noise_secret[32]; /* the laptop's */
    pid_t pid;
    unsigned port;
};

static void run_office(struct room *r)
{
    struct server_options options = {"127.0.0.1", 0, r->ready};
    struct error e;
    (void)signal(SIGPIPE, SIG_IGN);
    _exit(server_run(r->office, &options, NULL, &e) == 0 ? 0 : 1);
}

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct world_laptop laptop;
    char noise[65];
    struct id user;
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    (void)strcpy(r->folder, "/tmp/satchel-peer-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    (void)snprintf(r->ready, sizeof r->ready, "%s/ready", r->folder);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    r->office->folder = r->folder;
    randombytes_buf(r->office->keys->noise_secret, 32);
    crypto_scalarmult_base(r->office->noise_public, r->office->keys->noise_secret);
    user = world_user(r->office, "anna", "case manager");
    world_laptop(r->office, &user, &laptop);
    randombytes_buf(r->noise_secret, sizeof r->noise_secret);
    crypto_scalarmult_base(public_key, r->noise_secret);
    world_hex(public_key, sizeof public_key, noise);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &laptop.device.device, 0, "noise_key", noise, NULL);
    if ((r->pid = fork()) == 0)
        run_office(r);
    assert_true(r->pid > 0);
    while (r->port == 0) {
        FILE *f = fopen(r->ready, "r");
        int ended = waitpid(r->pid, NULL, WNOHANG) != 0;
        char line[16];
        assert_false(ended);
        if (f != NULL && fgets(line, sizeof line, f) != NULL && strchr(line, '\n') != NULL)
            r->port = (unsigned)strtoul(line, NULL, 10);
        else
            (void)usleep(10000);
        if (f != NULL)
            (void)fclose(f);
    }
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    int status;
    (void)kill(r->pid, SIGTERM);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)unlink(r->ready);
    (void)rmdir(r->folder);
    pair_office_free(r->office);
    free(r);
    return 0;
}

static struct wire *connect_to(const struct room *r)
{
    struct wire_options options = {.host = "127.0.0.1",
                                   .port = r->port,
                                   .mode = LINK_SYNC,
                                   .noise_secret = r->noise_secret,
                                   .office_noise = r->office->noise_public};
    struct wire *w;
    PAIR_OK(wire_open(&w, &options, &pair_e));
    return w;
}

/* Goal: a laptop that comes again takes the place of its older link, which is closed at once: one laptop cannot hold
 * every link that the office has, and the newest works. */
static void test_one_link_each(void **state)
{
    struct room *r = *state;
    struct message m = {.type = MESSAGE_HELLO};
    struct wire *older = connect_to(r), *newer;
    struct error e = {0, ""};
    m.as.hello.end.epoch = 1;
    PAIR_OK(wire_send(older, &m, &pair_e));
    PAIR_OK(wire_receive(older, &m, &pair_e)); /* the office knows who this is */
    newer = connect_to(r);
    m = (struct message){.type = MESSAGE_HELLO};
    m.as.hello.end.epoch = 1;
    PAIR_OK(wire_send(newer, &m, &pair_e));
    PAIR_OK(wire_receive(newer, &m, &pair_e));
    assert_int_equal(m.type, MESSAGE_WELCOME);
    assert_int_equal(wire_receive(older, &m, &e), E_NET);
    if (strstr(e.text, "said nothing more") != NULL) /* after a minute, that is */
        fail_msg("the older link was left open: %s", e.text);
    wire_close(older);
    wire_end(newer);
    wire_close(newer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {TEST(test_one_link_each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
