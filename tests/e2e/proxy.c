/* Stands between a laptop and the office, for tests of links that fail: proxy FILE PORT RULE...
 *
 * Listens on a port of 127.0.0.1, which it writes into FILE, and passes on to PORT. RULEs hold for each connection:
 *   answers=N   the office's N-th answer, and what is behind it, does not come. An answer is what the office says after
 *               the laptop has spoken: 1 the handshake, 2 the welcome
 *   bytes=N     of that answer so many bytes come
 *   up=N down=N after so many bytes towards the office, from it, the connection is cut
 * An answer that does not come leaves the link open and silent, and "silent" goes into FILE. If a file FILE.go is there
 * then, or comes, all goes on. One connection at a time; a new one ends the one before. Behind each, "carried UP DOWN"
 * goes into FILE: how many bytes have passed. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LAPTOP, OFFICE };

static long long rule_answers, rule_bytes, rule_cut[2]; /* 0: none; rule_cut: by who speaks */
static long long carried[2];                            /* of this connection */
static const char *file;

static void say(const char *mode, const char *words)
{
    FILE *out = fopen(file, mode);
    if (out == NULL || fprintf(out, "%s\n", words) < 0 || fclose(out) != 0)
        exit(2);
}

static int take_rules(int argc, char **argv)
{
    static const struct {
        const char *name;
        long long *value;
    } all[] = {{"answers=", &rule_answers}, {"bytes=", &rule_bytes}, {"up=", &rule_cut[0]}, {"down=", &rule_cut[1]}};
    for (int i = 3; i < argc; i++) {
        size_t n = 0;
        while (n < 4 && strncmp(argv[i], all[n].name, strlen(all[n].name)) != 0)
            n++;
        if (n == 4)
            return -1;
        *all[n].value = atoll(argv[i] + strlen(all[n].name));
    }
    return 0;
}

static struct sockaddr_in at(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

/* How many of these bytes go on. *silent: the others do not, for now. */
static size_t pass(int from, size_t size, long long answers, long long *of_answer, int *silent)
{
    long long room;
    if (from == LAPTOP || rule_answers == 0 || answers < rule_answers)
        return size;
    room = rule_bytes - *of_answer;
    if ((long long)size < room) {
        *of_answer += (long long)size;
        return size;
    }
    *silent = 1;
    return room > 0 ? (size_t)room : 0;
}

/* Says that the link is silent, and waits until it may go on. */
static void wait_to_go(void)
{
    char go[512];
    (void)snprintf(go, sizeof go, "%s.go", file);
    say("a", "silent");
    while (access(go, F_OK) != 0)
        (void)usleep(10000);
    rule_answers = 0;
}

/* Passes on until somebody closes, the rule cuts, or another laptop comes. */
static void carry(int listener, int laptop, int office)
{
    struct pollfd p[3] = {{laptop, POLLIN, 0}, {office, POLLIN, 0}, {listener, POLLIN, 0}};
    long long came[2] = {0, 0}, answers = 0, of_answer = 0;
    int last = LAPTOP, silent = 0;
    char buffer[65536];
    while (poll(p, 3, -1) > 0 && p[2].revents == 0)
        for (int from = LAPTOP; from <= OFFICE; from++) {
            ssize_t size;
            size_t passed;
            if (p[from].revents == 0)
                continue;
            if ((size = read(p[from].fd, buffer, sizeof buffer)) <= 0)
                return;
            answers += from == OFFICE && (last == LAPTOP || answers == 0);
            last = from;
            if (rule_cut[from] != 0 && came[from] + size > rule_cut[from]) {
                size_t rest = (size_t)(rule_cut[from] - came[from]);
                (void)!write(p[1 - from].fd, buffer, rest);
                carried[from] = rule_cut[from];
                return;
            }
            carried[from] = came[from] += size;
            passed = pass(from, (size_t)size, answers, &of_answer, &silent);
            if (passed != 0 && write(p[1 - from].fd, buffer, passed) != (ssize_t)passed)
                return;
            if (silent) {
                wait_to_go();
                silent = 0;
                if (write(p[1 - from].fd, buffer + passed, (size_t)size - passed) != size - (ssize_t)passed)
                    return;
            }
        }
}

int main(int argc, char **argv)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), laptop, office;
    struct sockaddr_in own = at(0), there;
    socklen_t size = sizeof own;
    char port[16], words[64];
    if (argc < 3 || take_rules(argc, argv) != 0 || listener < 0 || bind(listener, (struct sockaddr *)&own, size) != 0 ||
        listen(listener, 8) != 0 || getsockname(listener, (struct sockaddr *)&own, &size) != 0)
        return 2;
    file = argv[1];
    there = at(atoi(argv[2]));
    (void)snprintf(port, sizeof port, "%d", ntohs(own.sin_port));
    say("w", port);
    while ((laptop = accept(listener, NULL, NULL)) >= 0) {
        office = socket(AF_INET, SOCK_STREAM, 0);
        if (office >= 0 && connect(office, (struct sockaddr *)&there, sizeof there) == 0)
            carry(listener, laptop, office);
        (void)snprintf(words, sizeof words, "carried %lld %lld", carried[LAPTOP], carried[OFFICE]);
        say("a", words);
        carried[LAPTOP] = carried[OFFICE] = 0;
        (void)close(office);
        (void)close(laptop);
    }
    return 0;
}
