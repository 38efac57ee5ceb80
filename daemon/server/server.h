/* The running office: one loop, one writer. Laptops connect over TCP (peer.c), operators over a socket in the office's
 * folder (operator.c). Pushes that come in one turn of the loop are committed in one transaction, and answered when
 * that is on the disk (commit.c). */
#ifndef SATCHEL_SERVER_H
#define SATCHEL_SERVER_H

#include <stdio.h>
#include <uv.h>

#include "central.h"
#include "cli.h"
#include "error.h"
#include "pace.h"
#include "pack.h"
#include "strangers.h"

#define SERVER_PEERS_MAX 1024 /* laptops at one time, if there are descriptors for so many */
#define SERVER_RESERVE 64     /* descriptors that are kept for the store, its backups, and operators */

struct beside;
struct reader;
struct peer;
struct exchange;
struct commit_item;

/* Carries out an operator's command: argv[0] is the command, cli takes its output, folder is the one that it was called
 * in, secret a passphrase that belongs to it (p NULL: none). Returns the exit status. */
typedef int server_command(struct central *central, struct cli *cli, const char *folder, struct slice secret, int argc,
                           char **argv);

struct server {
    uv_loop_t loop;
    struct central *central;
    FILE *journal; /* lines for the person who runs the office: ids and counts, never names or what records say; or NULL
                    */
    uv_tcp_t listener;
    uv_check_t after_poll;
    uv_signal_t on_term, on_int;
    uv_pipe_t operator_listener;
    server_command *command;
    int (*is_long)(int argc, char **argv);
    int (*reads)(int argc, char **argv);
    struct beside *beside;  /* a long command runs (beside.h); NULL: none */
    struct reader *readers; /* commands that only read (reader.h), a list */
    struct peer *peers;     /* a list, the newest first */
    unsigned peers_max;     /* laptops at one time */
    struct strangers strangers;
    struct commit_item *first, **last; /* pushes that wait for the next commit, oldest first */
    uv_timer_t again;                  /* wakes the loop if pushes are left after a commit */
    struct pace pace;
    struct exchange *parked; /* what laptops whose links broke were at (exchange.h), the newest first */
    int stopping;
};

struct server_options {
    const char *host;       /* "0.0.0.0", "::", or an address */
    unsigned port;          /* 0: any that is free; the journal and ready_file say which */
    const char *ready_file; /* NULL, or a file that gets "PORT\n" once connections are taken */
    server_command *command;
    /* 1: the command may take long, and runs beside the loop: it writes as well, and takes turns with the loop
     * (beside.h); or it only reads (reader.h). */
    int (*is_long)(int argc, char **argv);
    int (*reads)(int argc, char **argv);
};

/* Ends the loop once what has arrived is stored, and the long commands have ended. */
void server_stop(struct server *s);

/* Runs until SIGTERM or SIGINT; then commits what has arrived, closes every link, and returns 0. E_IO: the disk failed
 * during a commit; nothing was acknowledged that is not on the disk, and the server is to be started again; or a socket
 * or ready_file failed at the start. E_USAGE: host is no address. E_INPUT: the folder's path is too long for a socket.
 */
int server_run(struct central *central, const struct server_options *options, FILE *journal, struct error *e);

/* Writes one line into the journal, with the time before it. */
void server_say(struct server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
