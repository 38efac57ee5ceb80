/* Tests: daemon/server/operator.c daemon/server/operator_ask.c
 * The operator's socket: a command goes to the daemon and its answer comes back as if it had run here; nonsense and
 * silence cost the daemon nothing, and do not keep it from stopping. */
#include "office_fixture.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operator.h"
#include "task.h"

static char folder[] = "/tmp/operator_test.XXXXXX";
static struct server server;

static void on_child(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static int carry_out(struct central *central, struct cli *cli, const char *called_in, struct slice secret, int argc,
                     char **argv)
{
    struct task task = {central, cli, called_in, (const char *)secret.p, secret.size, 0, NULL};
    return task_run(&task, argc, argv);
}

static int start(void **state)
{
    uint8_t public_key[32], secret[64];
    struct central *c;
    (void)state;
    if (sodium_init() < 0)
        return -1;
    crypto_sign_keypair(public_key, secret);
    c = pair_office_new(secret);
    pair_office_write(c, KIND_OFFICE, &pair_everywhere, &c->office, 1, "name", "Test", NULL);
    (void)office_user(c, "boss", "administrator");
    c->folder = strdup(folder); /* freed with the office */
    memset(&server, 0, sizeof server);
    server.central = c;
    server.command = carry_out;
    if (uv_loop_init(&server.loop) != 0 || uv_signal_init(&server.loop, &server.on_term) != 0 ||
        uv_signal_start(&server.on_term, on_child, SIGCHLD) != 0)
        return -1;
    return operator_listen(&server, NULL);
}

/* The loop ends by itself once the daemon has stopped listening: nobody keeps it. */
static int end(void **state)
{
    char path[256];
    (void)state;
    operator_stop(&server);
    uv_close((uv_handle_t *)&server.on_term, NULL);
    (void)uv_run(&server.loop, UV_RUN_DEFAULT);
    (void)snprintf(path, sizeof path, "%s/operator.sock", folder);
    if (uv_loop_close(&server.loop) != 0 || access(path, F_OK) == 0)
        return -1;
    pair_office_free(server.central);
    return 0;
}

/* Serves until the child has ended; its exit status. */
static int serve(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0)
        (void)uv_run(&server.loop, UV_RUN_ONCE);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A command from another process, with its output into a file. */
static int ask(char *out, size_t out_max, int argc, char **argv)
{
    char path[256];
    FILE *f;
    size_t size;
    pid_t child;
    int status;
    (void)snprintf(path, sizeof path, "%s/out", folder);
    if ((child = fork()) == 0) {
        struct error e = {0, ""};
        int answer = 0;
        if (freopen(path, "w", stdout) == NULL || dup2(fileno(stdout), 2) < 0)
            _exit(97);
        if (operator_ask(folder, argc, argv, (struct slice){NULL, 0}, &answer, &e) != 0) {
            (void)fprintf(stdout, "%s\n", e.text);
            answer = 98;
        }
        (void)fflush(stdout);
        _exit(answer);
    }
    status = serve(child);
    f = fopen(path, "r");
    assert_non_null(f);
    size = fread(out, 1, out_max - 1, f);
    out[size] = 0;
    (void)fclose(f);
    (void)unlink(path);
    return status;
}

/* Goal: a command is carried out by the daemon; its exit status, data and words come back. */
static void test_ask(void **state)
{
    static char out[65536];
    char *list[] = {"user", "list", NULL}, *wrong[] = {"case", "assign", "x", "boss", NULL};
    (void)state;
    assert_int_equal(ask(out, sizeof out, 2, list), 0);
    assert_non_null(strstr(out, "boss"));
    assert_int_equal(ask(out, sizeof out, 4, wrong), 2);
    assert_non_null(strstr(out, "no case x"));
    /* An answer that is larger than what a socket holds. */
    for (int i = 0; i < 400; i++) {
        struct id record = id_new(clock_wall());
        pair_office_write(server.central, KIND_CASE, &record, &record, 1, "number",
                          "a number of a case, and a long one", NULL);
    }
    {
        char *cases[] = {"case", "list", NULL};
        assert_int_equal(ask(out, sizeof out, 2, cases), 0);
        assert_true(strlen(out) > 16000);
    }
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/operator.sock", folder);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Goal: a request that is too long, empty, or not what a request is, is hung up on; the next is answered. */
static void test_nonsense(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } requests[] = {{"\0\0\0\0", 4},
                    {"\xff\xff\xff\xff", 4},
                    {"\0\1\0\1", 4},
                    {"\0\0\0\1\xc0", 5},
                    {"\0\0\0\4\x93\xa1/\x90", 8},                   /* no words */
                    {"\0\0\0\6\x93\xa1/\x91\xa1x", 10},             /* no secret and no nil */
                    {"\0\0\0\10\x93\xa1/\xdd\x7f\xff\xff\xff", 12}, /* two thousand million words */
                    {"\0\0\0\7\x93\xa1/\x91\xa1x\xc3", 11}};
    char *list[] = {"user", "list", NULL};
    static char out[65536];
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        char byte;
        int fd = dial();
        assert_int_equal(send(fd, requests[i].bytes, requests[i].size, MSG_NOSIGNAL), requests[i].size);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        for (int turn = 0; turn < 10; turn++)
            (void)uv_run(&server.loop, UV_RUN_NOWAIT);
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0); /* hung up, nothing said */
        (void)close(fd);
    }
    assert_int_equal(ask(out, sizeof out, 2, list), 0);
}

/* Goal: somebody who connects and says nothing, or half of it, does not keep the daemon from stopping (the end of this
 * test would wait for ever). */
static void test_silence(void **state)
{
    int silent = dial(), half = dial();
    (void)state;
    assert_int_equal(send(half, "\0\0\0\100\x93", 5, MSG_NOSIGNAL), 5);
    for (int turn = 0; turn < 10; turn++)
        (void)uv_run(&server.loop, UV_RUN_NOWAIT);
    (void)silent;
    (void)half;
}

/* Goal: the socket is its owner's alone; if no daemon listens the caller is told so. */
static void test_socket(void **state)
{
    struct error e = {0, ""};
    struct stat there;
    char path[256], *list[] = {"user", "list", NULL};
    int status;
    (void)state;
    (void)snprintf(path, sizeof path, "%s/operator.sock", folder);
    assert_int_equal(stat(path, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0600);
    assert_int_equal(operator_ask("/tmp/operator_test.absent", 2, list, (struct slice){NULL, 0}, &status, &e),
                     E_NOT_FOUND);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(operator_ask(path, 2, list, (struct slice){NULL, 0}, &status, &e), E_INPUT);
}

/* Goal: who calls looks who listens before he says anything: another user's program, or one in a folder that others may
 * write to, is told nothing. */
static void the_caller_checks_who_listens(void **state)
{
    static char out[4096];
    char *list[] = {"user", "list", NULL};
    (void)state;
    assert_int_equal(chmod(folder, 0770), 0);
    assert_int_equal(ask(out, sizeof out, 2, list), 98);
    assert_non_null(strstr(out, "others may write to the folder"));
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(ask(out, sizeof out, 2, list), 0);
}

/* In a child: listens as another user, and counts what it is told. It ends at the first caller: 0 if nothing came. */
static pid_t listen_as(unsigned user, int ready)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pid_t child = fork();
    char byte;
    int fd, caller;
    if (child != 0)
        return child;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/operator.sock", folder);
    if (setgid(user) != 0 || setuid(user) != 0 || (fd = socket(AF_UNIX, SOCK_STREAM, 0)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4) != 0 || write(ready, "x", 1) != 1)
        _exit(3);
    (void)alarm(20);
    caller = accept(fd, NULL, NULL);
    _exit(caller < 0 ? 4 : read(caller, &byte, 1) == 0 ? 0 : 1);
}

static void another_users_listener_is_told_nothing(void **state)
{
    char *list[] = {"user", "list", NULL}, path[256], byte;
    struct error e = {0, ""};
    int status = 0, pipes[2];
    pid_t child;
    (void)state;
    if (geteuid() != 0)
        skip();
    (void)snprintf(path, sizeof path, "%s/operator.sock", folder);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(chmod(folder, 0777), 0); /* as it stood open once */
    child = listen_as(12345, pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(operator_ask(folder, 2, list, (struct slice){NULL, 0}, &status, &e), E_REFUSED);
    assert_non_null(strstr(e.text, "another user's program listens"));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    (void)unlink(path);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {TEST(test_ask),
                                       TEST(test_nonsense),
                                       TEST(test_silence),
                                       TEST(test_socket),
                                       TEST(the_caller_checks_who_listens),
                                       cmocka_unit_test(another_users_listener_is_told_nothing)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
