/* Tests: daemon/server/peer.c daemon/server/peer_answer.c daemon/server/server.c daemon/server/strangers.c
 *     daemon/server/pace.c client/store/wire.c
 * The office's links, over TCP on this machine. */
#include "office_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admit.h"
#include "lease.h"
#include "officers.h"
#include "pace.h"
#include "recovery.h"
#include "server.h"
#include "session.h"
#include "wire.h"

struct room {
    char folder[64], ready[96];
    struct central *office;
    uint8_t noise_secret[32]; /* the laptop's */
    struct id device, user;
    struct ticket ticket;
    pid_t pid;
    unsigned port;
};

static void run_office(struct room *r)
{
    struct server_options options = {.host = "127.0.0.1", .ready_file = r->ready};
    struct error e;
    (void)signal(SIGPIPE, SIG_IGN);
    _exit(server_run(r->office, &options, NULL, &e) == 0 ? 0 : 1);
}

/* `prepare` writes into the office before it runs; NULL: nothing. */
static int start_with(void **state, void (*prepare)(struct room *r))
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    struct office_laptop laptop;
    char noise[65];
    struct id user;
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    (void)strcpy(r->folder, "/tmp/satchel-peer-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    (void)snprintf(r->ready, sizeof r->ready, "%s/ready", r->folder);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    r->office->folder = strdup(r->folder);
    randombytes_buf(r->office->keys->noise_secret, 32);
    crypto_scalarmult_base(r->office->noise_public, r->office->keys->noise_secret);
    user = office_user(r->office, "anna", "case manager");
    office_laptop(r->office, &user, &laptop);
    randombytes_buf(r->noise_secret, sizeof r->noise_secret);
    crypto_scalarmult_base(public_key, r->noise_secret);
    office_hex(public_key, sizeof public_key, noise);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &laptop.device.device, 0, "noise_key", noise, NULL);
    r->device = laptop.device.device;
    r->user = user;
    if (prepare != NULL)
        prepare(r);
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

static int start(void **state)
{
    return start_with(state, NULL);
}

static void add_officers(struct room *r)
{
    randombytes_buf(r->office->keys->lease_secret, 32);
    pair_office_write(r->office, KIND_OFFICE, &pair_everywhere, &r->office->office, 1, "lease_days", "3", NULL);
    for (int i = 0; i < 3; i++) {
        struct id user = office_user(r->office, "officer", "director");
        uint8_t secret[32], public_key[32];
        char hex[65];
        crypto_box_keypair(public_key, secret);
        office_hex(public_key, 32, hex);
        pair_office_write(r->office, KIND_USER, &pair_everywhere, &user, 0, "recovery_key", hex, NULL);
    }
}

static int start_officers(void **state)
{
    return start_with(state, add_officers);
}

static void order_wipe(struct room *r)
{
    add_officers(r);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &r->device, 0, "status", "to be wiped", NULL);
}

static int start_wipe(void **state)
{
    return start_with(state, order_wipe);
}

static void add_used_ticket(struct room *r)
{
    PAIR_OK(admit_invite(r->office, &r->user, 24, &(struct admit_address){"office", 1}, &r->ticket, &pair_e));
    pair_office_write(r->office, KIND_TICKET, &pair_everywhere, &r->ticket.ticket, 0, "expires", "2020-01-01T00:00:00Z",
                      NULL);
}

static int start_ticket(void **state)
{
    return start_with(state, add_used_ticket);
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

/* Says hello; the welcome's slices live as long as the link. */
static struct wire *greet(const struct room *r, struct message *m)
{
    struct wire *w = connect_to(r);
    *m = (struct message){.type = MESSAGE_HELLO};
    m->as.hello.end.epoch = 1;
    PAIR_OK(wire_send(w, m, &pair_e));
    PAIR_OK(wire_receive(w, m, &pair_e));
    assert_int_equal(m->type, MESSAGE_WELCOME);
    return w;
}

/* Goal: a laptop that comes again takes the place of its older link, which is closed at once: one laptop cannot hold
 * every link that the office has, and the newest works. */
static void test_one_link_each(void **state)
{
    struct room *r = *state;
    struct message m;
    struct wire *older = greet(r, &m), *newer; /* the office knows who this is */
    struct error e = {0, ""};
    newer = greet(r, &m);
    assert_int_equal(wire_receive(older, &m, &e), E_NET);
    if (strstr(e.text, "said nothing more") != NULL) /* after a minute, that is */
        fail_msg("the older link was left open: %s", e.text);
    wire_close(older);
    wire_end(newer);
    wire_close(newer);
}

/* Goal: a welcome brings the laptop its own lease, from now on, and the officers as the office signed them. */
static void test_lease_and_officers(void **state)
{
    struct room *r = *state;
    struct keyfile_pair expected[KEYFILE_PAIRS_MAX], pairs[KEYFILE_PAIRS_MAX];
    size_t expected_count, count;
    struct lease lease;
    struct message m;
    struct wire *w = greet(r, &m);
    PAIR_OK(lease_of(r->office, &r->device, 0, m.as.welcome.office_ms, &lease, &pair_e));
    assert_memory_equal(m.as.welcome.lease_secret, lease.secret, 32);
    assert_int_equal(m.as.welcome.lease_until_ms, lease.until_ms);
    assert_int_equal(lease.until_ms, m.as.welcome.office_ms + 3ull * 24 * 3600 * 1000);
    assert_int_equal(m.as.welcome.wipe, 0);
    PAIR_OK(recovery_pairs(r->office, expected, &expected_count, &pair_e));
    PAIR_OK(officers_read(m.as.welcome.recovery, r->office->vkey.public_key, pairs, &count, &pair_e));
    assert_int_equal(count, 3);
    assert_int_equal(count, expected_count);
    assert_memory_equal(pairs, expected, count * sizeof *pairs);
    wire_end(w);
    wire_close(w);
}

/* Goal: the officers come only if they are others than those that the laptop has, whichever way they stand in its key
 * file. */
static void test_officers_come_only_when_changed(void **state)
{
    struct room *r = *state;
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], turned[KEYFILE_PAIRS_MAX] = {0};
    size_t count, all = 0;
    PAIR_OK(recovery_pairs(r->office, pairs, &count, &pair_e));
    for (size_t i = 0; i < count; i++)
        turned[i] = pairs[count - 1 - i];
    for (int wrong = 0; wrong < 2; wrong++) {
        struct message m = {.type = MESSAGE_HELLO};
        struct wire *w = connect_to(r);
        m.as.hello.end.epoch = 1;
        turned[0].signature[0] ^= (uint8_t)wrong;
        officers_digest(turned, count, m.as.hello.officers);
        PAIR_OK(wire_send(w, &m, &pair_e));
        PAIR_OK(wire_receive(w, &m, &pair_e));
        assert_int_equal(m.as.welcome.has_recovery, wrong);
        assert_int_equal(m.as.welcome.recovery.size, wrong ? count * OFFICERS_PAIR_BYTES : 0);
        all += m.as.welcome.recovery.size;
        wire_end(w);
        wire_close(w);
    }
    assert_int_equal(all, 3 * OFFICERS_PAIR_BYTES);
}

/* Goal: a laptop that is to be wiped is told so, and gets no lease. */
static void test_wipe(void **state)
{
    struct message m;
    struct wire *w = greet(*state, &m);
    assert_int_equal(m.as.welcome.wipe, 1);
    assert_int_equal(m.as.welcome.revoked, 1);
    assert_true(sodium_is_zero(m.as.welcome.lease_secret, 32));
    assert_int_equal(m.as.welcome.lease_until_ms, 0);
    wire_end(w);
    wire_close(w);
}

/* --- the pace --- */

static uint64_t now_ms(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Pulls from the beginning; the answer's slices live as long as the link. */
static void pull(struct wire *w, struct message *m)
{
    *m = (struct message){.type = MESSAGE_PULL};
    m->as.pull.credit = LIMITS_BATCH_MAX;
    m->as.pull.has_caseload = 1;
    PAIR_OK(wire_send(w, m, &pair_e));
    PAIR_OK(wire_receive(w, m, &pair_e));
    assert_int_equal(m->type, MESSAGE_ENTRIES);
    assert_int_equal(m->as.entries.done, 1);
}

/* Goal: a laptop that begins anew again and again, on one link and on the next, is answered each time, and after the
 * burst no faster than PACE_PER_SECOND: so many take so long at least, on however fast a machine. */
static void test_who_pulls_without_end_is_slowed_down_over_its_links(void **state)
{
    enum { BURST = PACE_BURST / PACE_BEGINNING, MORE = 6 };
    const struct room *r = *state;
    uint64_t start_ms = now_ms();
    struct message m;
    struct wire *w = greet(r, &m);
    for (int i = 0; i < BURST + MORE; i++) {
        pull(w, &m);
        if (i == BURST / 2) {
            wire_end(w);
            wire_close(w);
            w = greet(r, &m);
        }
    }
    assert_true(now_ms() - start_ms >= (MORE - 1) * 1000ull * PACE_BEGINNING / PACE_PER_SECOND);
    wire_end(w);
    wire_close(w);
}

/* --- strangers --- */

/* A connection from this host of the machine's own network, 127.0.0.HOST. */
static int connection_from(unsigned host, unsigned port)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static int raw_connection(unsigned port)
{
    return connection_from(1, port);
}

/* 1: the office has closed this connection, or closes it within the time. */
static int is_closed(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char byte;
    return poll(&p, 1, wait_ms) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

/* Goal: a crowd of strangers from one host pushes out its own oldest and nobody else: the laptop that talks goes on,
 * and one that comes then gets in. */
static void test_a_crowd_of_strangers_takes_no_room_from_laptops(void **state)
{
    enum { CROWD = 300 };
    struct room *r = *state;
    struct message m;
    struct wire *w = greet(r, &m);
    int fds[CROWD], open = 0;
    for (int i = 0; i < CROWD; i++)
        fds[i] = raw_connection(r->port);
    assert_true(is_closed(fds[0], 5000));
    for (int i = 0; i < CROWD - STRANGERS_HOST_MAX; i++)
        assert_true(is_closed(fds[i], 5000)); /* the oldest went first */
    for (int i = CROWD - STRANGERS_HOST_MAX; i < CROWD; i++)
        open += !is_closed(fds[i], 0);
    assert_true(open > 0); /* unless this machine was slow, they are STRANGERS_HOST_MAX */
    wire_end(w);           /* the office answered the laptop's end: its link was open all the time */
    wire_close(w);
    w = greet(r, &m);
    wire_end(w);
    wire_close(w);
    for (int i = 0; i < CROWD; i++)
        (void)close(fds[i]);
}

/* Goal: a few hosts that fill the strangers' pool keep nobody out: a host with one link keeps it, whatever they open,
 * and their own oldest go. */
static void test_a_few_hosts_keep_nobody_out(void **state)
{
    enum { CROWD = 2 * STRANGERS_MAX, HOSTS = STRANGERS_MAX / STRANGERS_HOST_MAX };
    struct room *r = *state;
    int fds[CROWD], one = -1, open = 0;
    for (int i = 0; i < CROWD; i++) {
        if (i == STRANGERS_MAX)
            one = connection_from(9, r->port);
        fds[i] = connection_from(2 + (unsigned)i % HOSTS, r->port);
    }
    for (int i = 0; i <= CROWD - STRANGERS_MAX; i++)
        assert_true(is_closed(fds[i], 2000));
    for (int i = 0; i < CROWD; i++)
        open += !is_closed(fds[i], 0);
    assert_int_equal(open, STRANGERS_MAX - 1);
    assert_false(is_closed(one, 0));
    for (int i = 0; i < CROWD; i++)
        (void)close(fds[i]);
    (void)close(one);
}

/* Sends what the session has to say. */
static void send_all(struct session *session, int fd)
{
    size_t size;
    const uint8_t *bytes = session_output(session, &size);
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
    session_sent(session, size);
}

/* A connection whose handshake proves the ticket, and that then says nothing. */
static int come_with_ticket(const struct room *r)
{
    struct session *session =
        session_new_laptop(LINK_ENROL, r->noise_secret, r->office->noise_public, &r->ticket.ticket, r->ticket.secret);
    struct session_event ev = {.type = SESSION_NOTHING};
    int fd = raw_connection(r->port);
    uint8_t answer[64];
    ssize_t size;
    assert_non_null(session);
    send_all(session, fd);
    while (ev.type != SESSION_READY) {
        size = recv(fd, answer, sizeof answer, 0);
        assert_true(size > 0);
        PAIR_OK(session_receive(session, answer, (size_t)size, &pair_e));
        PAIR_OK(session_next(session, &ev, &pair_e));
    }
    send_all(session, fd);
    session_free(session);
    return fd;
}

/* Goal: whoever holds a ticket, used up or not, has one link with it, and that one is a stranger's until it has
 * enrolled: newer strangers of its host push it out. */
static void test_a_ticket_has_one_link_and_stays_among_the_strangers(void **state)
{
    struct room *r = *state;
    int first = come_with_ticket(r), second = come_with_ticket(r), fds[STRANGERS_HOST_MAX];
    assert_true(is_closed(first, 2000));
    assert_false(is_closed(second, 0));
    for (int i = 0; i < STRANGERS_HOST_MAX; i++)
        fds[i] = raw_connection(r->port);
    assert_true(is_closed(second, 2000));
    for (int i = 0; i < STRANGERS_HOST_MAX; i++)
        (void)close(fds[i]);
    (void)close(first);
    (void)close(second);
}

/* Answers one connection with so many bytes, and closes it. */
static unsigned false_office(size_t bytes, pid_t *pid)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    if ((*pid = fork()) == 0) {
        uint8_t said[64] = {0, 48};
        int peer = accept(fd, NULL, NULL);
        (void)recv(peer, said + 2, 58, MSG_WAITALL); /* the preface and the first message */
        if (bytes != 0)
            (void)send(peer, said, bytes, MSG_NOSIGNAL);
        (void)close(peer);
        _exit(0);
    }
    (void)close(fd);
    return ntohs(at.sin_port);
}

static void refuses_with(struct room *r, unsigned port, int code, int says_key)
{
    struct wire_options options = {.host = "127.0.0.1",
                                   .port = port,
                                   .mode = LINK_SYNC,
                                   .noise_secret = r->noise_secret,
                                   .office_noise = r->office->noise_public};
    struct wire *w;
    struct error e = {0, ""};
    assert_int_equal(wire_open(&w, &options, &e), code);
    assert_int_equal(strstr(e.text, "does not hold the office's key") != NULL, says_key);
    assert_int_equal(strstr(e.text, "too much to do") != NULL, !says_key);
}

/* Goal: that somebody does not hold the office's key is said only if the handshake proved it. An office that closes
 * without a word may be the right one. */
static void test_no_key_is_said_only_when_it_is_proved(void **state)
{
    struct room *r = *state;
    pid_t pid;
    unsigned port = false_office(0, &pid);
    refuses_with(r, port, E_NET, 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    port = false_office(50, &pid);
    refuses_with(r, port, E_PEER, 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_one_link_each),
        TEST(test_who_pulls_without_end_is_slowed_down_over_its_links),
        TEST(test_a_crowd_of_strangers_takes_no_room_from_laptops),
        TEST(test_a_few_hosts_keep_nobody_out),
        TEST(test_no_key_is_said_only_when_it_is_proved),
        cmocka_unit_test_setup_teardown(test_a_ticket_has_one_link_and_stays_among_the_strangers, start_ticket, end),
        cmocka_unit_test_setup_teardown(test_lease_and_officers, start_officers, end),
        cmocka_unit_test_setup_teardown(test_officers_come_only_when_changed, start_officers, end),
        cmocka_unit_test_setup_teardown(test_wipe, start_wipe, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
