/* The event loop of the running office: starting, stopping, and the journal. */
#include "server.h"

#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "beside.h"
#include "commit.h"
#include "exchange.h"
#include "operator.h"
#include "peer.h"
#include "reader.h"

void server_say(struct server *s, const char *format, ...)
{
    char when[32];
    struct tm tm;
    time_t now = time(NULL);
    va_list args;
    if (s->journal == NULL)
        return;
    if (gmtime_r(&now, &tm) == NULL || strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        when[0] = 0;
    (void)fprintf(s->journal, "%s ", when);
    va_start(args, format);
    (void)vfprintf(s->journal, format, args);
    va_end(args);
    (void)fputc('\n', s->journal);
    (void)fflush(s->journal);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    if (status == 0)
        peer_accept(s);
    else
        server_say(s, "a connection could not be taken: %s", uv_strerror(status));
}

/* Closes every link and handle; the loop ends when the last one has closed. */
static void close_all(struct server *s)
{
    peer_close_all(s);
    operator_stop(s);
    strangers_stop(s);
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)&s->after_poll, NULL);
    uv_close((uv_handle_t *)&s->again, NULL);
    uv_close((uv_handle_t *)&s->on_term, NULL);
    uv_close((uv_handle_t *)&s->on_int, NULL);
}

void server_stop(struct server *s)
{
    s->stopping = 1;
    reader_stop_all(s);
    if (s->beside != NULL)
        beside_stop(s->beside);
    if (s->beside != NULL || s->readers != NULL)
        return; /* their ends call this once more */
    while (s->first != NULL && s->central->failure.code == 0)
        commit_run(s);
    if (!uv_is_closing((uv_handle_t *)&s->listener))
        close_all(s);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *s = signal->data;
    if (s->stopping)
        return;
    server_say(s, "stopping (signal %d): what has arrived is stored first", number);
    server_stop(s);
}

/* Does nothing: the check after the poll commits. */
static void on_again(uv_timer_t *timer)
{
    (void)timer;
}

/* After each poll: commits pushes, a turn of them; if some are left, the loop goes round once more without waiting, so
 * that whatever else has come is looked at in between. After a commit that met a failing disk: stops, one turn later,
 * so that those who wait for an answer have got it. */
static void after_poll(uv_check_t *check)
{
    struct server *s = check->data;
    if (s->central->failure.code != 0 && !s->stopping) {
        server_say(s, "stopping: %s", s->central->failure.text);
        server_stop(s);
        return;
    }
    commit_run(s);
    if (s->first != NULL)
        (void)uv_timer_start(&s->again, on_again, 0, 0);
}

/* For a server that could not start: closes what there is. */
static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static int uv_failed(struct error *e, int status, const char *what)
{
    return error_set(e, E_IO, "%s: %s", what, uv_strerror(status));
}

static int write_ready(const char *path, unsigned port, struct error *e)
{
    FILE *f = fopen(path, "w");
    int bad;
    if (f == NULL)
        return error_set(e, E_IO, "%s cannot be written", path);
    bad = fprintf(f, "%u\n", port) < 0;
    return fclose(f) != 0 || bad ? error_set(e, E_IO, "%s cannot be written", path) : 0;
}

static int start_listening(struct server *s, const struct server_options *o, struct error *e)
{
    struct sockaddr_storage address;
    struct sockaddr_storage bound;
    int size = sizeof bound, status;
    unsigned port;
    status = uv_ip4_addr(o->host, (int)o->port, (struct sockaddr_in *)&address);
    if (status != 0)
        status = uv_ip6_addr(o->host, (int)o->port, (struct sockaddr_in6 *)&address);
    if (status != 0)
        return error_set(e, E_USAGE, "%s is no address to listen on; use one as 0.0.0.0, :: or 192.0.2.7", o->host);
    if ((status = uv_tcp_bind(&s->listener, (struct sockaddr *)&address, 0)) != 0 ||
        (status = uv_listen((uv_stream_t *)&s->listener, 256, on_connection)) != 0 ||
        (status = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&bound, &size)) != 0)
        return error_set(e, E_IO, "cannot listen on %s port %u: %s", o->host, o->port, uv_strerror(status));
    port = ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                            : ((struct sockaddr_in6 *)&bound)->sin6_port);
    server_say(s, "listening on %s port %u; the log has %llu entries", o->host, port,
               (unsigned long long)s->central->checkpoint_size);
    return o->ready_file != NULL ? write_ready(o->ready_file, port, e) : 0;
}

/* Raises the limit on descriptors as far as it goes. Returns for how many laptops there is room beside strangers and
 * the reserve: SERVER_PEERS_MAX, or what the system allows; never fewer than a few. */
static unsigned make_room(struct server *s)
{
    enum { FEW = 16 };
    struct rlimit limit;
    rlim_t room;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return SERVER_PEERS_MAX;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= SERVER_PEERS_MAX + STRANGERS_MAX + SERVER_RESERVE)
        return SERVER_PEERS_MAX;
    room =
        limit.rlim_cur > STRANGERS_MAX + SERVER_RESERVE + FEW ? limit.rlim_cur - STRANGERS_MAX - SERVER_RESERVE : FEW;
    server_say(s,
               "the system allows this program %llu open files, which is enough for %llu laptops at one time; raise "
               "the limit (LimitNOFILE in systemd) to %d",
               (unsigned long long)limit.rlim_cur, (unsigned long long)room,
               SERVER_PEERS_MAX + STRANGERS_MAX + SERVER_RESERVE);
    return (unsigned)room;
}

int server_run(struct central *central, const struct server_options *options, FILE *journal, struct error *e)
{
    struct server s;
    int code = 0, status;
    memset(&s, 0, sizeof s);
    s.central = central;
    s.journal = journal;
    s.command = options->command;
    s.is_long = options->is_long;
    s.reads = options->reads;
    s.last = &s.first;
    if ((status = uv_loop_init(&s.loop)) != 0)
        return uv_failed(e, status, "the event loop cannot start");
    s.peers_max = make_room(&s);
    strangers_start(&s);
    (void)uv_tcp_init(&s.loop, &s.listener);
    (void)uv_check_init(&s.loop, &s.after_poll);
    (void)uv_timer_init(&s.loop, &s.again);
    (void)uv_signal_init(&s.loop, &s.on_term);
    (void)uv_signal_init(&s.loop, &s.on_int);
    s.listener.data = s.after_poll.data = s.on_term.data = s.on_int.data = &s;
    if ((code = operator_listen(&s, e)) == 0 && (code = start_listening(&s, options, e)) == 0) {
        (void)uv_check_start(&s.after_poll, after_poll);
        (void)uv_signal_start(&s.on_term, on_signal, SIGTERM);
        (void)uv_signal_start(&s.on_int, on_signal, SIGINT);
        (void)uv_run(&s.loop, UV_RUN_DEFAULT);
        server_say(&s, "stopped; the log has %llu entries", (unsigned long long)central->checkpoint_size);
    } else {
        operator_stop(&s);
        uv_walk(&s.loop, close_handle, NULL);
        (void)uv_run(&s.loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&s.loop);
    while (s.parked != NULL)
        exchange_drop(s.parked);
    pace_free(&s.pace);
    if (code == 0 && central->failure.code != 0)
        code = error_set(e, central->failure.code,
                         "%s; nothing was acknowledged that is not on the disk: look at the disk, then start satcheld "
                         "again",
                         central->failure.text);
    return code;
}
