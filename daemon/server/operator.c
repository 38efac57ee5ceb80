/* The operator's socket, from both ends: the daemon that answers, and the command that asks. */
#include "operator.h"

#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "beside.h"
#include "folder.h"
#include "pack.h"
#include "reader.h"

/* --- bytes that both ends know --- */

static void put_length(uint8_t out[4], size_t size)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(size >> (24 - 8 * i));
}

static size_t get_length(const uint8_t in[4])
{
    return (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
}

/* The socket's path. E_INPUT: it is longer than a Unix socket's may be. */
static int socket_path(const char *folder, struct sockaddr_un *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if ((size_t)snprintf(out->sun_path, sizeof out->sun_path, "%s/operator.sock", folder) >= sizeof out->sun_path)
        return error_set(e, E_INPUT, "%s: the path is too long for the operator's socket; use one under 90 bytes",
                         folder);
    return 0;
}

int operator_check(const char *folder, struct error *e)
{
    struct sockaddr_un address;
    return socket_path(folder, &address, e);
}

/* --- the daemon's end --- */

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
    if (r == NULL || (progress_words(&r->progress, words), strcmp(words, r->told) == 0))
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
    if ((code = socket_path(s->central->folder, &address, e)) != 0)
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

/* --- the other end: another satcheld --- */

static int send_all(int fd, const uint8_t *bytes, size_t size, struct error *e)
{
    while (size != 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return error_system(e, E_IO, errno, "the daemon does not listen");
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

static int receive_all(int fd, uint8_t *bytes, size_t size, struct error *e)
{
    while (size != 0) {
        ssize_t got = recv(fd, bytes, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(
                e, E_IO,
                "the daemon ended before it had answered, or takes no commands of this user: its journal says "
                "which, and `satcheld status` whether it runs again");
        bytes += got;
        size -= (size_t)got;
    }
    return 0;
}

static int send_request(int fd, int argc, char **argv, struct slice secret, struct error *e)
{
    char *folder = getcwd(NULL, 0);
    uint8_t length[4];
    struct pack w;
    int code;
    pack_start(&w);
    pack_array(&w, 4);
    pack_text(&w, folder != NULL ? folder : "/", folder != NULL ? strlen(folder) : 1);
    pack_array(&w, (size_t)argc);
    for (int i = 0; i < argc; i++)
        pack_text(&w, argv[i], strlen(argv[i]));
    if (secret.p != NULL)
        pack_bin(&w, secret.p, secret.size);
    else
        pack_nil(&w);
    pack_uint(&w, isatty(STDERR_FILENO) != 0);
    code = pack_finish(&w, e);
    if (code == 0 && pack_bytes(&w).size > OPERATOR_REQUEST_MAX)
        code =
            error_set(e, E_LIMIT, "the command is longer than %d bytes; give it fewer words, or stop the daemon first",
                      OPERATOR_REQUEST_MAX);
    put_length(length, pack_bytes(&w).size);
    if (code == 0 && (code = send_all(fd, length, sizeof length, e)) == 0)
        code = send_all(fd, pack_bytes(&w).p, pack_bytes(&w).size, e);
    pack_free(&w);
    free(folder);
    return code;
}

/* Receives and prints the answer, or how far the command is. 1: it was the answer; 0: it was not; -1: failed. */
static int print_next(int fd, int *status, int *shows, struct error *e)
{
    struct slice out = {NULL, 0}, err = {NULL, 0}, words = {NULL, 0};
    uint8_t length[4], *bytes;
    char shown[PROGRESS_WORDS];
    struct unpack r;
    size_t size, count = 0;
    int code;
    if (receive_all(fd, length, sizeof length, e) != 0)
        return -1;
    size = get_length(length);
    if (size == 0 || size > OPERATOR_ANSWER_MAX || (bytes = malloc(size)) == NULL) {
        (void)error_set(e, E_LIMIT,
                        "the daemon's answer is too large to be printed; stop the daemon and call the command again");
        return -1;
    }
    if ((code = receive_all(fd, bytes, size, e)) == 0) {
        unpack_start(&r, (struct slice){bytes, size});
        if ((count = unpack_array(&r)) == 1) {
            words = unpack_text(&r);
        } else {
            *status = (int)unpack_uint(&r);
            out = unpack_bin(&r);
            err = unpack_bin(&r);
        }
        if (count != 1 && count != 3)
            r.failed = 1;
        code = unpack_end(&r, "the daemon's answer", e);
    }
    if (code == 0 && (count == 1 || *shows)) {
        (void)snprintf(shown, sizeof shown, "%.*s", (int)words.size, (const char *)words.p);
        progress_print(shown);
        *shows = count == 1;
    }
    if (code == 0) {
        (void)fwrite(out.p, 1, out.size, stdout);
        (void)fflush(stdout);
        (void)fwrite(err.p, 1, err.size, stderr);
    }
    sodium_memzero(bytes, size);
    free(bytes);
    return code != 0 ? -1 : count == 3;
}

static int print_answer(int fd, int *status, struct error *e)
{
    int shows = 0, is_answered;
    while ((is_answered = print_next(fd, status, &shows, e)) == 0)
        ;
    return is_answered == 1 ? 0 : error_code(e);
}

/* Looks who listens, before anything is said to him. It must be root, this user, or, if root asks, the user to whom the
 * office's folder belongs; and nobody else may be able to put a socket there. E_REFUSED. */
static int check_listener(int fd, const char *folder, struct error *e)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    struct stat status;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || stat(folder, &status) != 0)
        return error_system(e, E_IO, errno, "who listens in %s cannot be found out", folder);
    if (peer.uid != 0 && peer.uid != geteuid() && (geteuid() != 0 || peer.uid != status.st_uid))
        return error_set(
            e, E_REFUSED,
            "another user's program listens in %s, which is not the office's daemon; nothing was told to it: "
            "see who may write to that folder",
            folder);
    if (!folder_is_closed(folder, peer.uid))
        return error_set(
            e, E_REFUSED,
            "others may write to the folder %s, so that who listens there may be anybody; nothing was told to "
            "it: take that from them (chmod go-w) and start the daemon again",
            folder);
    return 0;
}

/* The name of the user whom a file belongs to; a number if the user has none. */
static const char *owner_of(const char *path, char room[24])
{
    const struct passwd *user;
    struct stat there;
    if (stat(path, &there) != 0)
        return "another user";
    (void)snprintf(room, 24, "%u", (unsigned)there.st_uid);
    user = getpwuid(there.st_uid);
    return user != NULL ? user->pw_name : room;
}

/* Connects to the daemon's socket. *fd is closed by the caller. E_NOT_FOUND: no daemon listens there. */
static int reach_daemon(const char *folder, int *fd, struct error *e)
{
    struct sockaddr_un address;
    char room[24];
    int code = socket_path(folder, &address, e);
    if (code != 0)
        return code;
    if ((*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        return error_system(e, E_IO, errno, "no socket can be made");
    if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    if (errno == ENOENT || errno == ECONNREFUSED)
        code = error_set(e, E_NOT_FOUND, "no daemon runs for %s", folder);
    else if (errno == EACCES)
        code = error_set(e, E_REFUSED, "the office in %s belongs to another user: call the command as %s, or as root",
                         folder, owner_of(folder, room));
    else
        code = error_system(e, E_IO, errno, "%s", address.sun_path);
    (void)close(*fd);
    return code;
}

int operator_is_there(const char *folder)
{
    int fd;
    if (reach_daemon(folder, &fd, NULL) != 0)
        return 0;
    (void)close(fd);
    return 1;
}

int operator_ask(const char *folder, int argc, char **argv, struct slice secret, int *status, struct error *e)
{
    int fd, code = reach_daemon(folder, &fd, e);
    if (code != 0)
        return code;
    if ((code = check_listener(fd, folder, e)) == 0 && (code = send_request(fd, argc, argv, secret, e)) == 0)
        code = print_answer(fd, status, e);
    (void)close(fd);
    return code;
}
