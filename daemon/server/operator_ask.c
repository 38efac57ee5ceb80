/* The other end of the operator's socket: another satcheld asks the daemon, and prints what it answers. */
#include "operator.h"

#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "operator_private.h"
#include "pack.h"

int operator_path(const char *folder, struct sockaddr_un *out, struct error *e)
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
    return operator_path(folder, &address, e);
}

/* --- asking --- */

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
        (void)snprintf(shown, sizeof shown, "%.*s", (int)words.size, words.p != NULL ? (const char *)words.p : "");
        progress_print(shown);
        *shows = count == 1;
    }
    if (code == 0 && count == 3) {
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
    int code = operator_path(folder, &address, e);
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
