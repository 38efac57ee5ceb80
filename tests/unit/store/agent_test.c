/* Tests: client/store/agent.c
 * The agent: it holds the key in one locked place, and when it is told to forget, nothing of it is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static char folder[64];
/* Kept inverted, lest we find our own copies of what we look for. */
static uint8_t inverted_key[AGENT_KEY_BYTES];
static const char inverted_canary[] = {~'c', ~'a', ~'n', ~'a', ~'r', ~'y', ~'-', ~'a', ~'g', ~'e', ~'n', ~'t'};

static int setup(void **state)
{
    (void)state;
    (void)unsetenv("XDG_RUNTIME_DIR");
    (void)snprintf(folder, sizeof folder, "/tmp/agent_test_XXXXXX");
    return sodium_init() < 0 || mkdtemp(folder) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    int was;
    (void)state;
    (void)agent_stop(folder, &was, NULL);
    /* Until its process has ended it still has its name: the next test would take it for its own agent. */
    while (waitpid(-1, NULL, 0) > 0)
        ;
    return rmdir(folder);
}

/* The process that we are the parent of, and that has not ended; 0: none. */
static pid_t our_child(void)
{
    struct dirent *entry;
    DIR *all = opendir("/proc");
    pid_t child = 0;
    assert_non_null(all);
    while (child == 0 && (entry = readdir(all)) != NULL) {
        char name[300], line[300], state = 'Z';
        int parent = 0;
        FILE *file;
        (void)snprintf(name, sizeof name, "/proc/%s/stat", entry->d_name);
        if ((file = fopen(name, "re")) == NULL)
            continue;
        /* NOLINTNEXTLINE(cert-err34-c): the kernel's own format */
        if (fgets(line, sizeof line, file) != NULL && sscanf(line, "%*d (satchel-agent) %c %d", &state, &parent) == 2 &&
            parent == (int)getpid() && state != 'Z')
            child = (pid_t)strtol(entry->d_name, NULL, 10);
        (void)fclose(file);
    }
    (void)closedir(all);
    return child;
}

/* An agent with a fresh key, and its process. */
static pid_t start(void)
{
    uint8_t *key = sodium_malloc(AGENT_KEY_BYTES);
    struct id session = {{7}};
    struct error e = {0};
    pid_t agent;
    assert_non_null(key);
    randombytes_buf(key, AGENT_KEY_BYTES);
    for (size_t i = 0; i < AGENT_KEY_BYTES; i++)
        inverted_key[i] = (uint8_t)~key[i];
    assert_int_equal(agent_start(folder, key, &session, 5, &e), 0);
    assert_true(sodium_is_zero(key, AGENT_KEY_BYTES));
    sodium_free(key);
    assert_true((agent = our_child()) > 0);
    return agent;
}

static size_t count_in(const uint8_t *bytes, size_t size, const uint8_t *inverted, size_t count)
{
    size_t found = 0;
    for (size_t at = 0; at + count <= size; at++) {
        size_t same = 0;
        while (same < count && (bytes[at + same] ^ inverted[same]) == 0xff)
            same++;
        found += same == count;
    }
    return found;
}

/* How often the bytes stand in what a process may write to. -1: we may not look. */
static long scan(pid_t pid, const void *inverted, size_t count)
{
    char name[64], line[512];
    long found = 0;
    FILE *maps;
    int memory;
    (void)snprintf(name, sizeof name, "/proc/%d/mem", (int)pid);
    if ((memory = open(name, O_RDONLY | O_CLOEXEC)) < 0)
        return -1;
    (void)snprintf(name, sizeof name, "/proc/%d/maps", (int)pid);
    maps = fopen(name, "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long begin, end;
        char may[5];
        uint8_t *bytes;
        ssize_t got;
        /* NOLINTNEXTLINE(cert-err34-c): the kernel's own format */
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, may) != 3 || may[1] != 'w' || end - begin > 64ul << 20)
            continue;
        bytes = malloc(end - begin);
        assert_non_null(bytes);
        got = pread(memory, bytes, end - begin, (off_t)begin);
        if (got > 0)
            found += (long)count_in(bytes, (size_t)got, inverted, count);
        sodium_memzero(bytes, end - begin);
        free(bytes);
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

/* Goal: the key stands once in the agent's memory while it is unlocked, and what the caller had read of the store not
 * at all; when it has been told to lock, at the very end of its process, the key is not there any more. */
static void nothing_is_left_after_locking(void **state)
{
    char *canary;
    int status = 0, was = 0;
    pid_t agent, locker;
    (void)state;
    if (SANITIZED) /* its allocator keeps what was freed, and maps more than can be read */
        skip();
    canary = malloc(sizeof inverted_canary);
    assert_non_null(canary);
    /* What a command has read and wiped again before it forks the agent off. */
    for (size_t i = 0; i < sizeof inverted_canary; i++)
        canary[i] = (char)~inverted_canary[i];
    sodium_memzero(canary, sizeof inverted_canary);
    agent = start();
    if (scan(agent, inverted_key, sizeof inverted_key) < 0) {
        print_message("skipped: only root may look into the agent's memory\n");
        free(canary);
        skip();
    }
    assert_int_equal(scan(agent, inverted_key, sizeof inverted_key), 1);
    assert_int_equal(scan(agent, inverted_canary, sizeof inverted_canary), 0);
    /* It stops once more before it is gone, with its memory as it leaves it. */
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the options go where a pointer goes elsewhere */
    assert_int_equal(ptrace(PTRACE_SEIZE, agent, NULL, (void *)(uintptr_t)PTRACE_O_TRACEEXIT), 0);
    locker = fork(); /* agent_stop waits for an answer, and we wait for the agent */
    assert_true(locker >= 0);
    if (locker == 0)
        _exit(agent_stop(folder, &was, NULL) == 0 && was ? 0 : 1);
    do
        assert_int_equal(waitpid(agent, &status, __WALL), agent);
    while (!(WIFSTOPPED(status) && status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8))));
    assert_int_equal(scan(agent, inverted_key, sizeof inverted_key), 0);
    assert_int_equal(scan(agent, inverted_canary, sizeof inverted_canary), 0);
    assert_int_equal(ptrace(PTRACE_CONT, agent, NULL, NULL), 0);
    assert_int_equal(waitpid(locker, &status, 0), locker);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(agent_is_there(folder), 0);
    free(canary);
}

/* Goal: a signal that would leave a core file leaves none, wherever the limits stood that it was started with. */
static void a_crash_leaves_no_core(void **state)
{
    struct stat s;
    pid_t agent = start();
    int status = 0;
    char socket_name[96];
    (void)state;
    assert_int_equal(kill(agent, SIGQUIT), 0);
    assert_int_equal(waitpid(agent, &status, 0), agent);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT && !WCOREDUMP(status));
    assert_int_not_equal(stat("/core", &s), 0); /* its folder is / */
    (void)snprintf(socket_name, sizeof socket_name, "%s/agent.sock", folder);
    assert_int_equal(unlink(socket_name), 0);
}

/* Goal: nobody but root may look into the agent or trace it, its own user neither. */
static void nobody_may_trace_it(void **state)
{
    pid_t agent = start(), child;
    int status = 0;
    (void)state;
    if (geteuid() != 0) {
        assert_int_equal(scan(agent, inverted_key, sizeof inverted_key), -1);
        assert_int_equal(ptrace(PTRACE_SEIZE, agent, NULL, NULL), -1);
        return;
    }
    /* As root we may; another process of the agent's user, without root's powers, may not. */
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        _exit(scan(agent, inverted_key, sizeof inverted_key) == -1 && ptrace(PTRACE_SEIZE, agent, NULL, NULL) == -1
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Goal: key and sitting come back as they were handed over, and only while it is unlocked. */
static void key_comes_back(void **state)
{
    uint8_t key[AGENT_KEY_BYTES];
    struct id session;
    struct error e = {0};
    int was = 0;
    (void)state;
    assert_int_equal(agent_ask(folder, key, &session, &e), E_LOCKED);
    (void)start();
    assert_int_equal(agent_ask(folder, key, &session, &e), 0);
    for (size_t i = 0; i < sizeof key; i++)
        assert_int_equal(key[i], (uint8_t)~inverted_key[i]);
    assert_int_equal(session.b[0], 7);
    assert_int_equal(agent_stop(folder, &was, &e), 0);
    assert_int_equal(was, 1);
    assert_int_equal(agent_ask(folder, key, &session, &e), E_LOCKED);
    sodium_memzero(key, sizeof key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(key_comes_back), TEST(nothing_is_left_after_locking),
                                       TEST(a_crash_leaves_no_core), TEST(nobody_may_trace_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
