/* `satchel courier out`: takes what is unsent out of the outbox, into a file that the office opens. It needs no
 * passphrase, no agent and no key, and touches neither store nor key file: it is for the day on which those do not
 * open any more. If the store does open, everything that it has queued is first sealed into the outbox. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "courier.h"
#include "folder.h"
#include "json.h"
#include "store.h"

#define COPY_BYTES 65536

/* Opens the store, which brings the outbox to where the store is. If it does not open, the outbox is taken as it
 * stands. *waiting: 1 if the store is known to have more. */
static void catch_up_outbox(const struct cli *cli, int *waiting)
{
    struct store *s;
    if (store_open(&s, NULL) != 0)
        return;
    *waiting |= s->unsealed.code != 0 || s->put_back;
    store_warn(s, cli->err);
    store_close(s);
}

/* Copies the whole items of the outbox, and nothing behind them. */
static int copy(FILE *from, uint64_t bytes, int to, const char *path, struct error *e)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    int code = 0;
    if (buffer == NULL)
        return error_memory(e);
    rewind(from);
    while (code == 0 && bytes != 0) {
        size_t want = bytes < COPY_BYTES ? (size_t)bytes : COPY_BYTES, got, at = 0;
        code = outbox_source(from, buffer, want, &got, e);
        if (code == 0 && got != want)
            code = error_set(e, E_IO, "%s was cut while it was read; run the command again", OUTBOX_FILE);
        while (code == 0 && at < got) {
            ssize_t wrote = write(to, buffer + at, got - at);
            if (wrote < 0 && errno != EINTR)
                code = error_system(e, E_IO, errno, "%s cannot be written", path);
            at += wrote > 0 ? (size_t)wrote : 0;
        }
        bytes -= got;
    }
    free(buffer);
    return code;
}

/* Writes the file: it is whole on the disk in the end, or not there. */
static int write_file(FILE *from, uint64_t bytes, const char *path, struct error *e)
{
    int code, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return error_set(e, E_EXISTS, "%s is there already; nothing was touched: name another file", path);
    if (fd < 0)
        return error_system(e, E_IO, errno, "%s cannot be made", path);
    if ((code = copy(from, bytes, fd, path, e)) == 0 && fsync(fd) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", path);
    if (close(fd) != 0 && code == 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", path);
    if (code == 0)
        code = folder_sync_of(path, e);
    if (code != 0)
        (void)unlink(path);
    return code;
}

/* path NULL: no file was written, since nothing is unsent. */
static void say_json(const struct cli *cli, const struct courier_reader *r, const char *path)
{
    struct json j = json_start(cli->out);
    json_object(&j);
    json_text(json_key(&j, "file"), path);
    json_uint(json_key(&j, "changes"), path != NULL ? r->changes : 0);
    json_uint(json_key(&j, "typed"), path != NULL ? r->typed : 0);
    json_uint(json_key(&j, "through"), path != NULL ? r->last_seq : 0);
    json_flag(json_key(&j, "whole"), path == NULL || r->end == COURIER_WHOLE);
    json_end(&j);
}

static void say_nothing_unsent(const struct cli *cli)
{
    if (cli->json)
        say_json(cli, NULL, NULL);
    else
        fputs("nothing is unsent: no file was written\n", cli->out);
}

static void say_taken(const struct cli *cli, const struct courier_reader *r, const char *path)
{
    char count[64];
    if (cli->json) {
        say_json(cli, r, path);
    } else {
        fprintf(cli->out, "%s: %s, up to change %llu of this laptop\n", path,
                cli_count(r->typed, "unsent change", "unsent changes", count, sizeof count),
                (unsigned long long)r->last_seq);
        fprintf(cli->err,
                "they are sealed to the office, and nobody else can read them; bring the file there, where `satcheld "
                "courier DIR %s` takes it in. Keep the laptop as it is until it has\n",
                path);
    }
    if (r->end != COURIER_WHOLE)
        fprintf(cli->err, "%s %s behind change %llu: what follows it is not in the file; keep %s as it is\n",
                OUTBOX_FILE, r->end == COURIER_TORN ? "breaks off" : "is damaged", (unsigned long long)r->last_seq,
                OUTBOX_FILE);
}

static int take_out(struct cli *cli, FILE *outbox, const char *path, int *waiting, struct error *e)
{
    struct courier_reader r;
    int code = courier_walk(&r, (struct courier_source){outbox_source, outbox}, e);
    if (code == E_INPUT)
        return error_set(e, E_VERIFY,
                         "%s is damaged at its beginning: keep it as it is, and call the office before anything else "
                         "is done with this laptop",
                         OUTBOX_FILE);
    if (code != 0)
        return code;
    if (r.items == 0 && r.end != COURIER_WHOLE)
        return error_set(
            e, E_VERIFY,
            "%s has nothing whole in it: what it began with broke off or is damaged; keep it as it is, and "
            "call the office",
            OUTBOX_FILE);
    if (r.items == 0) {
        say_nothing_unsent(cli);
        return 0;
    }
    if ((code = write_file(outbox, r.good_bytes, path, e)) != 0)
        return code;
    say_taken(cli, &r, path);
    *waiting |= r.end != COURIER_WHOLE;
    return 0;
}

static int courier_out(struct usage_call *call, struct error *e)
{
    const char *from = usage_text(call, "from");
    char *folder = NULL;
    FILE *outbox;
    int code;
    if ((code = from == NULL ? store_folder(&folder, e) : 0) != 0)
        return code;
    if (from == NULL)
        catch_up_outbox(call->cli, &call->waiting);
    if ((code = outbox_read(from != NULL ? from : folder, &outbox, e)) == 0) {
        code = take_out(call->cli, outbox, call->words[0], &call->waiting, e);
        (void)fclose(outbox);
    } else if (code == E_NOT_FOUND) {
        code = error_set(e, E_NO_STORE,
                         "there is no outbox (%s) in %s; if the store was moved, name its folder with --from FOLDER",
                         OUTBOX_FILE, from != NULL ? from : folder);
    }
    free(folder);
    return code;
}

const struct command command_courier = {
    .usage = {.group = "courier",
              .name = "out",
              .words = "FILE",
              .options = {{.name = "from",
                           .value = "FOLDER",
                           .help = "from the outbox of another folder than the store's own"}},
              .help = "take what is unsent out of this laptop, into a file for the office",
              .more = "It needs no passphrase. The file is sealed to the office; `satcheld courier` takes it in there.",
              .example = "satchel courier out /media/stick/anna.courier"},
    .run = courier_out,
};
