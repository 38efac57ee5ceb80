/* The running office: one loop, one writer. Laptops come in over TCP (peer.c), operators over a socket in the office's
 * folder (operator.c). What several laptops brought in one turn of the loop is committed in one transaction, and
 * answered when that is on the disk (commit.c). */
#ifndef SATCHEL_SERVER_H
#define SATCHEL_SERVER_H

#include <stdio.h>
#include <uv.h>

#include "central.h"
#include "cli.h"
#include "error.h"
#include "pack.h"

#define SERVER_PEERS_MAX 1024

struct peer;
struct commit_item;

/* Carries out a command of an operator's: argv[0] is the command, cli where its output goes, folder the one that it was
 * called in, secret what was asked for with it (p NULL: nothing). Returns the exit status. */
typedef int server_command(struct central *central, struct cli *cli, const char *folder, struct slice secret, int argc,
                           char **argv);

struct server {
    uv_loop_t loop;
    struct central *central;
    FILE *journal; /* lines for the one who runs it: ids, counts, never names or notes */
    uv_tcp_t listener;
    uv_check_t after_poll;
    uv_signal_t on_term, on_int;
    uv_pipe_t operator_listener;
    server_command *command;
    struct peer *peers; /* a list */
    unsigned peer_count;
    struct commit_item *first, **last; /* pushes that wait for the next commit, in order of arrival */
    int stopping;
};

struct server_options {
    const char *host;       /* "0.0.0.0", "::", or an address */
    unsigned port;          /* 0: any; the journal says which */
    const char *ready_file; /* NULL, or a file that gets "PORT\n" once connections are taken */
    server_command *command;
};

/* Runs until SIGTERM or SIGINT; then commits what has arrived, closes every link, and returns 0. E_IO: the disk failed
 * under a commit; it has stopped, having acknowledged nothing that is not on the disk, and is to be started again. */
int server_run(struct central *central, const struct server_options *options, FILE *journal, struct error *e);

/* One line in the journal, with the time before it. */
void server_say(struct server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
