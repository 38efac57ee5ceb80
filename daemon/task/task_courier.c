/* `satcheld courier FILE`: takes in what a laptop's outbox has, as a sync would. It goes item by item and verifies each
 * whole before the next, so that everything before an item that is refused stays taken. What the office has already is
 * not taken twice. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "courier.h"
#include "fork.h"
#include "log.h"
#include "receive.h"
#include "task.h"

#define FILE_MAX (256u << 20) /* bytes */
#define COMMIT_MAX (1u << 20) /* sealed bytes in one transaction, whose pages must fit into memory; and one item */
#define COMMIT_ITEMS_MAX 512  /* and items */

struct courier {
    struct central *central;
    struct courier_reader reader;
    struct device device;
    uint64_t epoch, had_seq; /* of the item: where the device's chain of it ended here before the file */
    uint64_t seq;            /* and where it ends now */
    struct fork_claim claim; /* what stands beside that chain */
    struct counts {
        uint64_t changes, old, held; /* of the file: taken or there, there before, held */
        uint64_t evidence;           /* kept as evidence, beside the chain */
    } n;
};

/* --- the file --- */

static int read_some(void *file, uint8_t *out, size_t size, size_t *got, struct error *e)
{
    *got = fread(out, 1, size, file);
    return ferror((FILE *)file) ? error_system(e, E_IO, errno, "the courier file cannot be read") : 0;
}

static int open_file(const char *path, const char *name, FILE **out, struct error *e)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), code = 0;
    struct stat s;
    if (fd < 0)
        return error_system(e, E_IO, errno, "%s cannot be opened", name);
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
        code = error_set(e, E_INPUT, "%s is no file", name);
    else if (s.st_size > FILE_MAX)
        code = error_set(e, E_LIMIT, "%s is larger than the %u MiB that a courier file can have", name, FILE_MAX >> 20);
    else if ((*out = fdopen(fd, "rb")) == NULL)
        code = error_memory(e);
    if (code != 0)
        (void)close(fd);
    return code;
}

/* Checks that the file is sealed to this office and comes from one of its laptops; finds the laptop. E_REFUSED: it is
 * not. */
static int check_header(struct courier *c, struct error *e)
{
    const struct courier_header *h = &c->reader.header;
    int code;
    if (memcmp(h->seal_key, c->central->seal_public, sizeof h->seal_key) != 0)
        return error_set(e, E_REFUSED,
                         "this file is sealed for another office, or for this one before it was set up anew; only "
                         "that office can open it");
    if ((code = device_by_id(c->central->db, &h->device, &c->device, e)) == E_REFUSED)
        return error_set(e, E_REFUSED,
                         "the office does not know the laptop that wrote this file; `satcheld device list` names "
                         "those that it knows");
    return code;
}

/* --- one item --- */

/* Makes a batch of those changes of a batch that come after `seq`. *out is freed with free; size 0: there are none. */
static int cut_batch(struct slice batch, uint64_t seq, struct slice *out, struct error *e)
{
    struct batch_reader r;
    struct batch_writer w;
    struct batch_item item;
    struct change change;
    int more = 0, code;
    *out = (struct slice){NULL, 0};
    batch_start(&w);
    code = batch_open(&r, batch, 0, e);
    while (code == 0 && (more = batch_next(&r, &item, e)) == 1)
        if ((code = change_read_header(item.header, &change, e)) == 0 && change.seq > seq)
            batch_add_change(&w, item.header, item.body);
    if (code == 0 && more < 0)
        code = error_code(e);
    if (code == 0 && w.count != 0)
        code = batch_finish(&w, out, e);
    batch_free(&w);
    batch_close(&r);
    return code;
}

static void count(struct courier *c, const struct receive_result *result)
{
    uint64_t first = result->first_seq, last = result->seq;
    c->n.changes += last - first + 1;
    if (first <= c->had_seq)
        c->n.old += (last < c->had_seq ? last : c->had_seq) - first + 1;
    c->n.held += result->held_count;
    if (last > c->seq)
        c->seq = last;
}

/* Takes an item as a push of the laptop. If the log has its beginning, receive_push looks at that alone, and the rest
 * is pushed after it. */
static int take_push(struct courier *c, const struct courier_item *item, struct message_push push, struct error *e)
{
    struct slice rest = {NULL, 0};
    uint64_t seq = 0;
    int code = 0;
    while (code == 0 && seq < item->last_seq) {
        struct receive_result result;
        code = receive_push(c->central, &c->device, &push, &result, e);
        if (code == 0 && (result.epoch != item->epoch || result.seq <= seq))
            code = error_set(e, E_VERIFY, "this part of the file does not have the changes that it names");
        if (code == 0) {
            seq = result.seq;
            count(c, &result);
        }
        receive_free(&result);
        if (code == 0 && seq < item->last_seq) {
            struct slice before = rest;
            code = cut_batch(push.batch, seq, &rest, e);
            free((void *)before.p);
            push.batch = rest;
        }
    }
    free((void *)rest.p);
    return code;
}

/* Names in the log what was kept of the claim so far. */
static int close_claim(struct courier *c, struct error *e)
{
    int code = fork_log(c->central, &c->device, &c->claim, e);
    c->claim = (struct fork_claim){.epoch = c->epoch};
    return code;
}

/* The laptop's store was copied, or an old copy put back: keeps what it wrote since as evidence, in no person's record.
 */
static int take_beside(struct courier *c, const struct message_push *push, uint64_t first_seq, struct error *e)
{
    uint64_t before = c->claim.count;
    int code = fork_take(c->central, &c->device, &c->claim, push, e);
    if (code != 0)
        return code;
    c->n.evidence += c->claim.count - before;
    if (c->claim.common >= first_seq) {
        c->n.changes += c->claim.common - first_seq + 1;
        c->n.old += c->claim.common - first_seq + 1;
    }
    return 0;
}

static int start_epoch(struct courier *c, uint64_t epoch, struct error *e)
{
    struct chain had;
    int code;
    if (epoch == c->epoch)
        return 0;
    if ((code = close_claim(c, e)) != 0 ||
        (code = log_chain_end(c->central->db, &c->device.device, epoch, &had, e)) != 0)
        return code;
    c->epoch = c->claim.epoch = epoch;
    c->had_seq = c->seq = had.seq;
    return 0;
}

static int take_opened(struct courier *c, const struct courier_item *item, const struct message_push *push,
                       struct error *e)
{
    int beside, code;
    if ((code = start_epoch(c, item->epoch, e)) != 0 ||
        (code = fork_is_beside(c->central, &c->device, item->epoch, push->batch, &beside, e)) != 0)
        return code;
    if (beside)
        return take_beside(c, push, item->first_seq, e);
    if (item->first_seq > c->seq + 1)
        return error_set(e, E_VERIFY,
                         "changes %llu to %llu are missing: they came in no sync and in no file; look for another "
                         "courier file or outbox of this laptop, give that first, and then this one again",
                         (unsigned long long)c->seq + 1, (unsigned long long)item->first_seq - 1);
    return take_push(c, item, *push, e);
}

static int take_item(struct courier *c, const struct courier_item *item, struct error *e)
{
    struct courier_opened opened;
    int code = courier_open(&c->reader.header, item, c->central->keys->seal_secret, &opened, e);
    if (code == 0)
        code = take_opened(c, item, &(struct message_push){opened.head, opened.batch}, e);
    courier_wipe(&opened);
    if (code != 0 && e != NULL) {
        struct error why = *e;
        error_set(e, why.code, "changes %llu to %llu cannot be taken: %s", (unsigned long long)item->first_seq,
                  (unsigned long long)item->last_seq, why.text);
    }
    return code;
}

/* --- the whole --- */

/* Takes some items in one transaction; *more is 0 at the end of the file. An item that fails was rolled back to its
 * savepoint; what came before it is committed, and counts. */
static int take_some(struct courier *c, int *more, struct error *e)
{
    struct courier_item item;
    struct error own = {0, ""};
    struct counts before = c->n;
    uint64_t bytes = 0, items = 0;
    int code, refused = 0;
    if ((code = central_begin(c->central, e)) != 0)
        return code;
    while (refused == 0 && bytes < COMMIT_MAX && items < COMMIT_ITEMS_MAX &&
           (*more = courier_next(&c->reader, &item, e)) == 1) {
        bytes += item.sealed.size;
        items++;
        refused = take_item(c, &item, e);
    }
    if (*more < 0)
        refused = error_code(e);
    if ((code = close_claim(c, &own)) != 0)
        central_rollback(c->central);
    else
        code = central_commit(c->central, &own);
    if (code != 0) {
        c->n = before;
        return error_set(e, code, "%s", own.text);
    }
    return refused;
}

static int check_end(const struct courier *c, struct error *e)
{
    if (c->reader.end == COURIER_TORN)
        return error_set(e, E_INPUT,
                         "the file is cut short behind change %llu: copy the whole of it anew, and give it again",
                         (unsigned long long)c->reader.last_seq);
    if (c->reader.end == COURIER_DAMAGED)
        return error_set(e, E_VERIFY,
                         "the file is damaged behind change %llu: copy it anew, and give it again; if it is the same "
                         "again, the laptop's own outbox is damaged",
                         (unsigned long long)c->reader.last_seq);
    return 0;
}

static int take_file(struct courier *c, struct error *e)
{
    int code, more = 1;
    c->central->receipt_ms = c->central->author.wall(); /* one file is received at one time */
    do
        code = take_some(c, &more, e);
    while (code == 0 && more);
    c->central->receipt_ms = 0;
    if (code == 0)
        code = check_end(c, e);
    if (code != 0 && c->n.changes > c->n.old) {
        struct error why = *e;
        error_set(e, code, "%s; what comes before is taken (%llu changes)", why.text,
                  (unsigned long long)(c->n.changes - c->n.old));
    }
    return code;
}

/* Says what was taken, from which laptop of whom. */
static void say_whose(struct task *t, const struct courier *c)
{
    FILE *out = t->cli->out;
    char device[ID_TEXT], taken[64], old[64];
    sqlite3_stmt *s;
    id_format(&c->device.device, device);
    (void)fprintf(out, "%s taken",
                  cli_count(c->n.changes - c->n.old, "change was", "changes were", taken, sizeof taken));
    if (db_first(t->central->db, &s, NULL,
                 "SELECT coalesce(device.label, ''), coalesce(\"user\".name, \"user\".login, '') FROM device LEFT JOIN "
                 "\"user\" ON \"user\".id = device.\"user\" WHERE device.id = ?",
                 "t", device) == 1) {
        (void)fputs(" from the laptop \"", out);
        cli_line(out, db_text(s, 0));
        (void)fputs("\" of ", out);
        cli_line(out, db_text(s, 1));
        db_done(t->central->db, s);
    }
    (void)fprintf(out, ", %s there already\n", cli_count(c->n.old, "was", "were", old, sizeof old));
}

static void say_taken(struct task *t, const struct courier *c)
{
    struct json j = json_start(t->cli->out);
    char held[64];
    if (t->cli->json) {
        json_object(&j);
        json_id(json_key(&j, "device"), &c->device.device);
        json_uint(json_key(&j, "taken"), c->n.changes - c->n.old);
        json_uint(json_key(&j, "already"), c->n.old);
        json_uint(json_key(&j, "held"), c->n.held);
        json_uint(json_key(&j, "evidence"), c->n.evidence);
        json_end(&j);
        return;
    }
    say_whose(t, c);
    if (c->n.held != 0)
        (void)fprintf(t->cli->err, "%s held; `satcheld held list` says why\n",
                      cli_count(c->n.held, "of them is", "of them are", held, sizeof held));
    if (c->n.evidence != 0)
        (void)fprintf(
            t->cli->err,
            "%s in another copy of this laptop's store, since it was copied or an old copy put back: kept as "
            "evidence, and in no record; `satcheld fork list` names them. The laptop writes them once more when "
            "it syncs; if it never syncs again, `satcheld fork show` says what is in them\n",
            cli_count(c->n.evidence, "change was written", "changes were written", held, sizeof held));
}

static int take_courier(struct task *t, struct usage_call *call, struct error *e)
{
    struct courier c = {.central = t->central};
    FILE *file = NULL;
    char *path;
    int code;
    if ((path = task_path(t, call->words[0])) == NULL)
        return error_memory(e);
    if ((code = open_file(path, call->words[0], &file, e)) == 0) {
        if ((code = courier_start(&c.reader, (struct courier_source){read_some, file}, e)) == 0 &&
            (code = check_header(&c, e)) == 0)
            code = take_file(&c, e);
        courier_close(&c.reader);
        (void)fclose(file);
    }
    free(path);
    if (code != 0)
        return code;
    say_taken(t, &c);
    t->waiting |= c.n.held != 0 || c.n.evidence != 0;
    return 0;
}

const struct task_row task_courier = {
    .usage = {.name = "courier",
              .words = "FILE",
              .help = "take in what `satchel courier out` took out of a laptop",
              .example = "satcheld courier /srv/office /media/stick/anna.courier"},
    .run = take_courier,
};
