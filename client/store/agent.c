/* The agent and the commands' side of it, over a unix socket. One request is one connection: the command sends a byte,
 * the agent answers and closes.
 *
 *   'k'  the key and the sitting: 'y', 32 bytes, 16 bytes     'p'  are you there: 'y'
 *   'l'  lock: 'y' once the key is wiped
 *
 * Both sides check with the kernel (SO_PEERCRED) that the other one is of the same user. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ASK_KEY 'k'
#define ASK_PING 'p'
#define ASK_LOCK 'l'
#define ANSWER 'y'
#define PEER_SECONDS 2 /* for a peer that connects and says nothing */
#define LOOK_MS 5000   /* how often the clock is looked at */
#define SLEPT_MS 1000  /* the two clocks never differ by more unless the laptop slept */
#define NAME "satchel-agent"
#define HASH_BYTES 8 /* of the folder's name in the socket's */

struct secret { /* in locked memory */
    uint8_t key[AGENT_KEY_BYTES];
    struct id session;
};

/* --- the socket --- */

/* $XDG_RUNTIME_DIR, if it is what its specification says: ours, and nobody else's. */
static const char *runtime_folder(void)
{
    const char *folder = getenv("XDG_RUNTIME_DIR");
    struct stat s;
    if (folder == NULL || folder[0] != '/' || stat(folder, &s) != 0)
        return NULL;
    return S_ISDIR(s.st_mode) && s.st_uid == geteuid() && (s.st_mode & 077) == 0 ? folder : NULL;
}

static int socket_address(const char *folder, struct sockaddr_un *out, struct error *e)
{
    static const uint8_t domain[] = "satchel agent 1";
    const char *runtime = runtime_folder();
    char *whole = realpath(folder, NULL), hex[2 * HASH_BYTES + 1];
    uint8_t hash[crypto_generichash_BYTES];
    int length;
    if (whole == NULL && errno == ENOENT) /* not made yet */
        whole = strdup(folder);
    if (whole == NULL)
        return error_system(e, E_IO, errno, "the folder %s cannot be found", folder);
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    crypto_generichash(hash, sizeof hash, (const uint8_t *)whole, strlen(whole), domain, sizeof domain - 1);
    sodium_bin2hex(hex, sizeof hex, hash, HASH_BYTES);
    if (runtime != NULL)
        length = snprintf(out->sun_path, sizeof out->sun_path, "%s/satchel-%s.sock", runtime, hex);
    else
        length = snprintf(out->sun_path, sizeof out->sun_path, "%s/agent.sock", whole);
    free(whole);
    if (length < 0 || (size_t)length >= sizeof out->sun_path)
        return error_set(e, E_INPUT,
                         "the path of the agent's socket is longer than the system's %zu characters; set "
                         "XDG_RUNTIME_DIR, or SATCHEL_HOME to a shorter folder",
                         sizeof out->sun_path - 1);
    return 0;
}

int agent_check(const char *folder, struct error *e)
{
    struct sockaddr_un address;
    return socket_address(folder, &address, e);
}

static int is_same_user(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static void set_patience(int fd)
{
    struct timeval patience = {PEER_SECONDS, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

/* All bytes, or -1. */
static int send_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size != 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

static int receive_all(int fd, uint8_t *bytes, size_t size)
{
    while (size != 0) {
        ssize_t n = recv(fd, bytes, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* --- the side of the commands --- */

/* One request. 1: answered; 0: nobody is there; -1: e says why. */
static int request(const char *folder, uint8_t what, uint8_t *answer, size_t size, struct error *e)
{
    struct sockaddr_un address;
    uint8_t yes = 0;
    int fd, result = -1;
    if (socket_address(folder, &address, e) != 0)
        return -1;
    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0) {
        (void)error_system(e, E_IO, errno, "a socket cannot be made");
        return -1;
    }
    set_patience(fd);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            result = 0;
        else
            (void)error_system(e, E_IO, errno, "the agent's socket %s cannot be reached", address.sun_path);
        goto out;
    }
    if (!is_same_user(fd)) {
        (void)error_set(e, E_REFUSED, "the socket %s belongs to another user", address.sun_path);
        goto out;
    }
    /* If the agent ends in the middle of an answer, it has just been locked. */
    result = send_all(fd, &what, 1) == 0 && receive_all(fd, &yes, 1) == 0 && yes == ANSWER &&
             receive_all(fd, answer, size) == 0;
    /* Wait until the agent has let go of the socket, so that the store's folder can be unmounted once we return. */
    if (what == ASK_LOCK)
        (void)receive_all(fd, &yes, 1);
out:
    close(fd);
    return result;
}

int agent_ask(const char *folder, uint8_t key[AGENT_KEY_BYTES], struct id *session, struct error *e)
{
    struct secret *answer = sodium_malloc(sizeof *answer);
    struct error why = {E_IO, ""};
    int result, code = 0;
    if (answer == NULL)
        return error_memory(e);
    result = request(folder, ASK_KEY, (uint8_t *)answer, sizeof *answer, &why);
    if (result == 1) {
        memcpy(key, answer->key, sizeof answer->key);
        *session = answer->session;
    } else if (result == 0) {
        code = error_set(e, E_LOCKED, "the store is locked; run `satchel unlock` first");
    } else {
        code = error_set(e, why.code, "%s", why.text);
    }
    sodium_free(answer);
    return code;
}

int agent_is_there(const char *folder)
{
    return request(folder, ASK_PING, NULL, 0, NULL) == 1;
}

int agent_stop(const char *folder, int *was, struct error *e)
{
    struct error why = {E_IO, ""};
    int result = request(folder, ASK_LOCK, NULL, 0, &why);
    *was = result == 1;
    return result >= 0 ? 0 : error_set(e, why.code, "%s", why.text);
}

/* --- the agent itself --- */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static uint64_t read_ms(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Milliseconds that also count while the laptop sleeps. */
static uint64_t now_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

/* How long the laptop has slept since it was started. */
static uint64_t asleep_ms(void)
{
    uint64_t awake = read_ms(CLOCK_MONOTONIC), all = now_ms();
    return all > awake ? all - awake : 0;
}

/* Closes every descriptor of the caller's, so that a script that waits for the end of a pipe goes on. The listening
 * socket becomes descriptor 3. 0, or -1. */
static int detach(int *fd)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || (*fd < 3 && (*fd = fcntl(*fd, F_DUPFD, 3)) < 0))
        return -1;
    for (int i = 0; i < 3; i++)
        if (dup2(null, i) < 0)
            return -1;
    if (*fd != 3 && dup2(*fd, 3) < 0)
        return -1;
    *fd = 3;
    return close_range(4, ~0u, 0) != 0 || chdir("/") != 0 ? -1 : 0;
}

struct agent {
    int fd;
    struct secret *secret;
    struct sockaddr_un address;
    struct stat socket; /* to see whether the path is still our socket */
    uint64_t idle_ms, until;
    uint64_t asleep; /* asleep_ms when it began */
};

static int is_ours(const struct agent *a)
{
    struct stat s;
    return stat(a->address.sun_path, &s) == 0 && s.st_ino == a->socket.st_ino && s.st_dev == a->socket.st_dev;
}

/* Wipes the key, removes the socket if the path is still ours, and lets go of it. */
static void lock(struct agent *a)
{
    if (is_ours(a))
        (void)unlink(a->address.sun_path);
    (void)close(a->fd);
    a->fd = -1;
    sodium_free(a->secret);
    a->secret = NULL;
}

/* 1: it is time to lock: nobody has asked for a while, or the laptop was closed. If the system did not tell us before
 * it slept (packaging/systemd/satchel-lock.service), this is seen when it wakes, before anybody is answered. */
static int is_over(const struct agent *a)
{
    return now_ms() >= a->until || asleep_ms() > a->asleep + SLEPT_MS;
}

/* Answers one connection. Not 0: the agent shall end. */
static int answer(struct agent *a)
{
    const uint8_t yes = ANSWER;
    uint8_t what = 0;
    int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC), end = 0;
    if (fd < 0)
        return errno != EINTR && errno != ECONNABORTED && errno != EAGAIN;
    set_patience(fd);
    if (is_same_user(fd) && receive_all(fd, &what, 1) == 0) {
        if (what == ASK_KEY && send_all(fd, &yes, 1) == 0 &&
            send_all(fd, (const uint8_t *)a->secret, sizeof *a->secret) == 0)
            a->until = now_ms() + a->idle_ms;
        if (what == ASK_PING)
            (void)send_all(fd, &yes, 1);
        if (what == ASK_LOCK) {
            lock(a);
            (void)send_all(fd, &yes, 1);
            end = 1;
        }
    }
    close(fd);
    return end;
}

static void serve(struct agent *a)
{
    struct sigaction action = {.sa_handler = stop};
    sigset_t closed, open_set;
    /* Signals come in while we wait, and at no other time. */
    sigemptyset(&closed);
    sigaddset(&closed, SIGTERM);
    sigaddset(&closed, SIGINT);
    sigaddset(&closed, SIGHUP);
    sigprocmask(SIG_BLOCK, &closed, NULL);
    sigemptyset(&open_set);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    a->until = now_ms() + a->idle_ms;
    a->asleep = asleep_ms();
    while (!stopped && is_ours(a) && !is_over(a)) {
        struct pollfd p = {a->fd, POLLIN, 0};
        uint64_t now = now_ms(), left = a->until > now ? a->until - now : 0;
        struct timespec wait;
        int n;
        left = left < LOOK_MS ? left : LOOK_MS;
        wait.tv_sec = (time_t)(left / 1000);
        wait.tv_nsec = (long)(left % 1000) * 1000000;
        n = ppoll(&p, 1, &wait, &open_set);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0 && (is_over(a) || answer(a) != 0))
            break;
    }
}

/* The new process, from the fork to its end. */
static _Noreturn void run_agent(struct agent *a, uint8_t key[AGENT_KEY_BYTES], const struct id *session)
{
    struct rlimit none = {0, 0};
    (void)setsid();
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NAME, NAME, 0, 0, 0); /* the unit that suspends the laptop finds us by this name */
    /* A lock on memory does not pass through a fork: the copy gets memory of its own. */
    a->secret = sodium_malloc(sizeof *a->secret);
    if (a->secret != NULL) {
        memcpy(a->secret->key, key, AGENT_KEY_BYTES);
        a->secret->session = *session;
    }
    sodium_memzero(key, AGENT_KEY_BYTES);
    if (a->secret != NULL && detach(&a->fd) == 0)
        serve(a);
    if (a->secret != NULL)
        lock(a);
    _exit(0);
}

/* Binds the socket. A crash may have left a path behind that nobody listens on: it is replaced. */
static int listen_at(const char *folder, struct agent *a, struct error *e)
{
    mode_t before;
    int bound;
    if ((a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        return error_system(e, E_IO, errno, "a socket cannot be made");
    before = umask(0177);
    bound = bind(a->fd, (const struct sockaddr *)&a->address, sizeof a->address);
    if (bound != 0 && errno == EADDRINUSE) {
        if (agent_is_there(folder)) {
            umask(before);
            return error_set(e, E_EXISTS, "the store is unlocked already");
        }
        (void)unlink(a->address.sun_path);
        bound = bind(a->fd, (const struct sockaddr *)&a->address, sizeof a->address);
    }
    umask(before);
    if (bound != 0 || listen(a->fd, 16) != 0 || stat(a->address.sun_path, &a->socket) != 0)
        return error_system(e, E_IO, errno, "the agent's socket %s cannot be made", a->address.sun_path);
    return 0;
}

int agent_start(const char *folder, uint8_t key[AGENT_KEY_BYTES], const struct id *session, unsigned idle_minutes,
                struct error *e)
{
    struct agent a = {.fd = -1, .idle_ms = (uint64_t)idle_minutes * 60000};
    pid_t child;
    int code;
    if ((code = socket_address(folder, &a.address, e)) != 0 || (code = listen_at(folder, &a, e)) != 0)
        goto out;
    child = fork();
    if (child == 0)
        run_agent(&a, key, session);
    if (child < 0) {
        code = error_system(e, E_IO, errno, "the agent cannot be started");
        (void)unlink(a.address.sun_path);
    } else if (!agent_is_there(folder)) {
        code = error_set(e, E_IO, "the agent ended as soon as it was started; try again");
    }
out:
    sodium_memzero(key, AGENT_KEY_BYTES);
    if (a.fd >= 0)
        close(a.fd);
    return code;
}
