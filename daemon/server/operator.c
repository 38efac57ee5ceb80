/* The daemon's end of the operator's socket: hears a command, carries it out, and answers. */
#include "operator.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "beside.h"
#include "folder.h"
#include "operator_private.h"
#include "pack.h"
#include "reader.h"

/* A command that was connected: reads a request, carries it out, writes the answer, and hangs up. */
struct caller {
    struct server *server;
    uv_pipe_t pipe;
    uv_timer_t tick; /* says how far the command is */
    int open;        /* of these two handles */
    uv_write_t write;
    uint8_t *bytes; /* the length, then length and request, as they come; at last the answer */
    size_t size, used;
    struct request *running; /* its command runs beside the loop; NULL: not */
    char watch[1];           /* what a caller might send meanwhile */
};

enum { WORDS_MAX = 256, PROGRESS_MS = 500 };

/* A request, as it is carried out. All of its words are in `copy`. */
struct request {
    struct caller *caller; /* NULL: it has hung up, and the command runs on to its next piece */
    struct server *server;
    struct reader *reader; /* it only reads; NULL: it does not */
    int shows_progress;
    struct progress progress;
    char told[PROGRESS_WORDS]; /* what the caller was told of it last */
    char *argv[WORDS_MAX + 1], *copy, *folder;
    int argc, status;
    struct slice secret; /* in copy */
    size_t copy_size;
    char *out, *err;
    size_t out_size, err_size;
};

static void on_caller_closed(uv_handle_t *handle)
{
    struct caller *c = handle->data;
    if (--c->open != 0)
        return;
    if (c->bytes != NULL)
        sodium_memzero(c->bytes, c->size);
    free(c->bytes);
    free(c);
}

/* Hangs up on a caller whose command was not carried out, and says in the journal why. */
static void hang_up(struct caller *c);
static void refuse(struct caller *c, const char *why)
{
    server_say(c->server, "command: not carried out, since %s", why);
    hang_up(c);
}

static void hang_up(struct caller *c)
{
    if (uv_is_closing((uv_handle_t *)&c->pipe))
        return;
    uv_close((uv_handle_t *)&c->pipe, on_caller_closed);
    uv_close((uv_handle_t *)&c->tick, on_caller_closed);
}

static void on_answered(uv_write_t *write, int status)
{
    (void)status;
    hang_up(write->data);
}

static void answer_caller(struct caller *c, int status, struct slice out, struct slice err)
{
    struct pack w;
    struct error e;
    uv_buf_t buffer;
    pack_start(&w);
    pack_array(&w, 3);
    pack_uint(&w, (uint64_t)status);
    pack_bin(&w, out.p, out.size);
    pack_bin(&w, err.p, err.size);
    if (pack_finish(&w, &e) == 0) {
        struct slice packed = pack_bytes(&w);
        uint8_t *bytes = malloc(packed.size + 4);
        if (bytes != NULL) {
            put_length(bytes, packed.size);
            memcpy(bytes + 4, packed.p, packed.size);
            sodium_memzero(c->bytes, c->size);
            free(c->bytes);
            c->bytes = bytes;
            c->size = c->used = packed.size + 4;
            buffer = uv_buf_init((char *)bytes, (unsigned)c->size);
            c->write.data = c;
            if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &buffer, 1, on_answered) == 0) {
                pack_free(&w);
                return;
            }
        }
    }
    pack_free(&w);
    hang_up(c);
}

static void request_free(struct request *r)
{
    if (r->out != NULL)
        sodium_memzero(r->out, r->out_size);
    free(r->out);
    free(r->err);
    if (r->copy != NULL)
        sodium_memzero(r->copy, r->copy_size);
    free(r->copy);
    free(r);
}

/* Runs the command with its output in memory. */
static void run_on(struct request *r, struct central *c)
{
    struct progress *others = c->progress;
    struct cli cli = {open_memstream(&r->out, &r->out_size), open_memstream(&r->err, &r->err_size), 0, 0};
    r->status = 2;
    c->progress = r->shows_progress ? &r->progress : NULL;
    if (cli.out != NULL && cli.err != NULL)
        r->status = r->server->command(c, &cli, r->folder, r->secret, r->argc, r->argv);
    c->progress = others;
    if (cli.out != NULL)
        (void)fclose(cli.out);
    if (cli.err != NULL)
        (void)fclose(cli.err);
}

/* In the thread beside the loop, or on the loop. */
static void run_request(void *arg)
{
    struct request *r = arg;
    run_on(r, r->server->central);
}

/* In a reader's thread. */
static void run_reading(void *arg, struct central *snapshot)
{
    run_on(arg, snapshot);
}

static void answer_request(struct request *r)
{
    if (r->caller != NULL)
        answer_caller(r->caller, r->status, (struct slice){(uint8_t *)r->out, r->out_size},
                      (struct slice){(uint8_t *)r->err, r->err_size});
    request_free(r);
}

/* What a caller is told, until it is written. */
struct telling {
    uv_write_t write;
    uint8_t bytes[4 + PROGRESS_WORDS + 8];
};

static void on_told(uv_write_t *write, int status)
{
    (void)status; /* who has hung up is noticed elsewhere */
    free(write->data);
}

/* Tells the caller how far the command is, if that is anything new. */
static void on_tick(uv_timer_t *tick)
{
    struct caller *c = tick->data;
    struct request *r = c->running;
    char words[PROGRESS_WORDS];
    struct telling *t;
    struct pack w;
    uv_buf_t buffer;
    if (r == NULL || uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe) != 0)
        return; /* a caller that stands still is not told more and more */
    progress_words(&r->progress, words);
    if (strcmp(words, r->told) == 0)
        return;
    memcpy(r->told, words, sizeof words);
    pack_start(&w);
    pack_array(&w, 1);
    pack_text(&w, words, strlen(words));
    if (pack_finish(&w, NULL) == 0 && pack_bytes(&w).size <= sizeof t->bytes - 4 && (t = malloc(sizeof *t)) != NULL) {
        put_length(t->bytes, pack_bytes(&w).size);
        memcpy(t->bytes + 4, pack_bytes(&w).p, pack_bytes(&w).size);
        t->write.data = t;
        buffer = uv_buf_init((char *)t->bytes, (unsigned)pack_bytes(&w).size + 4);
        if (uv_write(&t->write, (uv_stream_t *)&c->pipe, &buffer, 1, on_told) != 0)
            free(t);
    }
    pack_free(&w);
}

/* A command that ran beside the loop has ended. */
static void on_request_ended(void *arg)
{
    struct request *r = arg;
    struct server *s = r->server;
    server_say(s, "command: satcheld %s has ended, with status %d", r->argv[0], r->status);
    if (r->caller != NULL) {
        r->caller->running = NULL;
        (void)uv_timer_stop(&r->caller->tick);
        (void)uv_read_stop((uv_stream_t *)&r->caller->pipe);
    }
    answer_request(r);
    if (s->stopping)
        server_stop(s);
}

static void give_watch(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct caller *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(c->watch, sizeof c->watch);
}

/* A caller whose command runs hangs up: the command ends at its next piece. */
static void on_watched(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct caller *c = stream->data;
    (void)buffer;
    if (size == 0 || c->running == NULL)
        return;
    server_say(c->server, "command: its caller hung up, and it ends");
    if (c->running->reader != NULL)
        reader_stop(c->running->reader);
    else
        beside_stop(c->server->beside);
    c->running->caller = NULL;
    c->running = NULL;
    hang_up(c);
}

/* Starts the command beside the loop, on a snapshot or in turns. */
static int start_beside(struct server *s, struct request *r, struct error *e)
{
    const struct reader_job job = {run_reading, on_request_ended, r};
    if (s->stopping)
        return error_set(e, E_BUSY, "the daemon stops; start it again, or call the command without one");
    return s->reads(r->argc, r->argv) ? reader_start(s, &job, &r->reader, e)
                                      : beside_start(s, r->argv[0], run_request, on_request_ended, r, e);
}

static void carry_out(struct request *r)
{
    struct caller *c = r->caller;
    struct server *s = c->server;
    struct error e = {0, ""};
    if (s->is_long == NULL || (!s->is_long(r->argc, r->argv) && !s->reads(r->argc, r->argv))) {
        server_say(s, "command: satcheld %s", r->argv[0]);
        run_request(r);
        answer_request(r);
        return;
    }
    if (start_beside(s, r, &e) != 0) {
        int size = asprintf(&r->err, "satcheld: %s\n", e.text);
        r->status = 2;
        r->err_size = size < 0 ? 0 : (size_t)size;
        r->err = size < 0 ? NULL : r->err;
        answer_request(r);
        return;
    }
    server_say(s, "command: satcheld %s begins, beside the loop", r->argv[0]);
    c->running = r;
    if (r->shows_progress)
        (void)uv_timer_start(&c->tick, on_tick, PROGRESS_MS, PROGRESS_MS);
    (void)uv_read_start((uv_stream_t *)&c->pipe, give_watch, on_watched);
}

/* Unpacks a request, [folder, [argv...], secret or nil, progress], into NUL-ended copies of its words. -1: it is none.
 */
static int unpack_request(struct caller *c, struct request *r)
{
    struct slice word, secret;
    struct unpack u;
    size_t count;
    char *p = r->copy;
    unpack_start(&u, (struct slice){c->bytes + 4, c->size - 4});
    if (unpack_array(&u) != 4)
        u.failed = 1;
    word = unpack_text(&u);
    r->folder = p;
    memcpy(p, word.p != NULL ? word.p : (const uint8_t *)"", word.size);
    p += word.size + 1;
    count = unpack_array(&u);
    if (count == 0 || count > WORDS_MAX)
        u.failed = 1;
    for (size_t i = 0; i < count && !u.failed; i++, r->argc++) {
        word = unpack_text(&u);
        r->argv[i] = p;
        memcpy(p, word.p != NULL ? word.p : (const uint8_t *)"", word.size);
        p += word.size + 1;
    }
    if (!unpack_nil(&u)) {
        secret = unpack_bin(&u);
        memcpy(p, secret.p != NULL ? secret.p : (const uint8_t *)"", secret.size);
        r->secret = (struct slice){(uint8_t *)p, secret.size};
    }
    r->shows_progress = unpack_uint(&u) != 0;
    return unpack_end(&u, "the request", NULL) != 0 ? -1 : 0;
}

static void read_request(struct caller *c)
{
    struct request *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->copy_size = c->size + WORDS_MAX + 8;
        r->copy = calloc(1, r->copy_size);
        r->caller = c;
        r->server = c->server;
    }
    if (r == NULL || r->copy == NULL) {
        free(r);
        refuse(c, "there is no memory");
    } else if (unpack_request(c, r) != 0) {
        request_free(r);
        refuse(c, "it is not of this version of satcheld");
    } else {
        carry_out(r);
    }
}

static void give_rest(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct caller *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)c->bytes + c->used, (unsigned)(c->size - c->used));
}

static void on_request(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct caller *c = stream->data;
    (void)buffer;
    if (size < 0) {
        if (c->used == 0) /* somebody looked if a daemon runs */
            hang_up(c);
        else
            refuse(c, "its caller hung up in the middle of it");
        return;
    }
    c->used += (size_t)size;
    if (c->used < c->size)
        return;
    if (c->size == 4) {
        size_t wanted = get_length(c->bytes);
        uint8_t *more;
        if (wanted == 0 || wanted > OPERATOR_REQUEST_MAX || (more = malloc(wanted + 4)) == NULL) {
            refuse(c, wanted > OPERATOR_REQUEST_MAX ? "it is too long" : "it is empty, or there is no memory");
            return;
        }
        memcpy(more, c->bytes, 4);
        free(c->bytes);
        c->bytes = more;
        c->size = wanted + 4;
        return;
    }
    (void)uv_read_stop(stream);
    read_request(c);
}

/* 1: the caller is the daemon's own user or root; nobody else may give commands. */
static int is_allowed(uv_pipe_t *pipe)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    uv_os_fd_t fd;
    return uv_fileno((uv_handle_t *)pipe, &fd) == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void on_caller(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    struct caller *c;
    if (status != 0 || (c = calloc(1, sizeof *c)) == NULL)
        return;
    c->server = s;
    c->size = 4;
    c->bytes = malloc(c->size);
    (void)uv_pipe_init(&s->loop, &c->pipe, 0);
    (void)uv_timer_init(&s->loop, &c->tick);
    c->open = 2;
    c->pipe.data = c->tick.data = c;
    if (c->bytes == NULL || uv_accept(listener, (uv_stream_t *)&c->pipe) != 0)
        refuse(c, "there is no memory, or no descriptor is free");
    else if (!is_allowed(&c->pipe))
        refuse(c, "its caller is neither root nor the user that the daemon runs as");
    else if (uv_read_start((uv_stream_t *)&c->pipe, give_rest, on_request) != 0)
        refuse(c, "its link cannot be read");
}

int operator_listen(struct server *s, struct error *e)
{
    struct sockaddr_un address;
    int status, code;
    mode_t before;
    (void)uv_pipe_init(&s->loop, &s->operator_listener, 0);
    s->operator_listener.data = s;
    if ((code = operator_path(s->central->folder, &address, e)) != 0)
        return code;
    /* The store is open here and nowhere else, so a socket that exists was left by a daemon that is gone. */
    (void)unlink(address.sun_path);
    before = umask(0177);
    status = uv_pipe_bind(&s->operator_listener, address.sun_path);
    (void)umask(before);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&s->operator_listener, 16, on_caller);
    return status == 0 ? 0 : error_set(e, E_IO, "%s: %s", address.sun_path, uv_strerror(status));
}

/* Hangs up on a caller whose request is not complete, which would keep the loop from ending; an answer that is being
 * written goes on. */
static void stop_caller(uv_handle_t *handle, void *arg)
{
    struct server *s = arg;
    if (handle->type == UV_NAMED_PIPE && handle != (uv_handle_t *)&s->operator_listener) {
        struct caller *c = handle->data;
        if (c->used < c->size)
            refuse(c, "the daemon stops");
    }
}

void operator_stop(struct server *s)
{
    uv_walk(&s->loop, stop_caller, s);
    /* libuv removes the socket's file when it closes the pipe. */
    if (!uv_is_closing((uv_handle_t *)&s->operator_listener))
        uv_close((uv_handle_t *)&s->operator_listener, NULL);
}
