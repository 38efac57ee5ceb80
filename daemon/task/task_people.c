/* People and their laptops: user add|list|disable|enable|supervisor, device invite|list|revoke|wipe. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admit.h"
#include "clock.h"
#include "schema.h"
#include "task.h"
#include "ticket.h"

static const struct id everywhere;

/* --- users --- */

struct new_user {
    const char *login, *name, *role, *email, *phone;
    struct id id;
};

static int add_user(struct task *t, void *arg, struct error *e)
{
    struct new_user *u = arg;
    struct error none;
    struct edit edit;
    struct id there;
    int code;
    if (central_user(t->central, u->login, &there, &none) == 0)
        return error_set(e, E_EXISTS, "there is a user %s already", u->login);
    u->id = id_new(clock_wall());
    if ((code = edit_new(&edit, t->central->db, schema_kind(KIND_USER), &everywhere, &u->id, e)) != 0 ||
        (code = edit_set_text(&edit, "name", u->name, e)) != 0 ||
        (code = edit_set_text(&edit, "login", u->login, e)) != 0 ||
        (code = edit_set_text(&edit, "role", u->role, e)) != 0 ||
        (u->email != NULL && (code = edit_set_text(&edit, "email", u->email, e)) != 0) ||
        (u->phone != NULL && (code = edit_set_text(&edit, "phone", u->phone, e)) != 0) ||
        (code = edit_set_text(&edit, "status", "active", e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

static void print_id(struct task *t, const char *name, const struct id *id)
{
    char text[ID_TEXT];
    id_format(id, text);
    if (t->cli->json)
        (void)fprintf(t->cli->out, "{\"%s\": \"%s\"}\n", name, text);
    else
        (void)fprintf(t->cli->out, "%s\n", text);
}

int task_user_add(struct task *t, int argc, char **argv, struct error *e)
{
    struct new_user u = {0};
    const char *as = NULL;
    const struct cli_option options[] = {
        {"as", &as, NULL},         {"name", &u.name, NULL},       {"role", &u.role, NULL}, {"email", &u.email, NULL},
        {"phone", &u.phone, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 1, "user add DIR LOGIN --name NAME --role ROLE", e)) != 0)
        return code;
    u.login = argv[2];
    if (u.name == NULL || u.role == NULL)
        return error_set(e, E_USAGE, "a user needs --name NAME and --role ROLE (case manager, supervisor, ...)");
    if ((code = task_write(t, as, add_user, &u, e)) == 0)
        print_id(t, "user", &u.id);
    return code;
}

int task_user_list(struct task *t, int argc, char **argv, struct error *e)
{
    return task_list(
        t, argc, argv, "user list DIR",
        "SELECT id, login, role, status, name, (SELECT s.login FROM \"user\" s WHERE s.id = u.supervisor) AS "
        "supervisor, "
        "(SELECT count(*) FROM assignment a WHERE a.\"user\" = u.id AND "
        "a.status = 'active' AND a.voided = 0) AS cases FROM \"user\" u WHERE voided = 0 ORDER BY login, id",
        e);
}

/* The office keeps one who can act in it, or nobody could ever mend anything again. */
static int check_others_left(struct task *t, const struct id *user, struct error *e)
{
    static const char sql[] =
        "SELECT 1 FROM \"user\" WHERE role = 'administrator' AND status = 'active' AND voided = 0 "
        "AND id <> ? LIMIT 1";
    char text[ID_TEXT];
    int row;
    id_format(user, text);
    if ((row = db_exists(t->central->db, e, sql, "t", text)) < 0)
        return error_code(e);
    return row == 1 ? 0 : error_set(e, E_REFUSED, "this is the last active administrator; add another one first");
}

static int set_status(struct task *t, int argc, char **argv, const char *form, const char *status, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct task_setting s = {.field = "status", .value = status};
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 2, 1, form, e)) != 0 ||
        (code = central_user(t->central, argv[2], &s.record, e)) != 0)
        return code;
    if (strcmp(status, "active") != 0 && (code = check_others_left(t, &s.record, e)) != 0)
        return code;
    return task_set_user(t, as, &s, e);
}

int task_user_disable(struct task *t, int argc, char **argv, struct error *e)
{
    return set_status(t, argc, argv, "user disable DIR LOGIN", "disabled", e);
}

int task_user_enable(struct task *t, int argc, char **argv, struct error *e)
{
    return set_status(t, argc, argv, "user enable DIR LOGIN", "active", e);
}

int task_user_supervisor(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct task_setting s = {.field = "supervisor"};
    struct id supervisor;
    char text[ID_TEXT] = "";
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 2, "user supervisor DIR LOGIN SUPERVISOR", e)) != 0 ||
        (code = central_user(t->central, argv[2], &s.record, e)) != 0)
        return code;
    if (argv[3][0] != 0) {
        if ((code = central_user(t->central, argv[3], &supervisor, e)) != 0)
            return code;
        if (id_equal(&supervisor, &s.record))
            return error_set(e, E_INPUT, "nobody is told by being told of oneself; name another person");
        id_format(&supervisor, text);
    }
    s.value = text;
    return task_write(t, as, task_set, &s, e);
}

/* --- devices --- */

/* HOST, HOST:PORT, [V6]:PORT or a bare IPv6 address. */
static int split_address(const char *address, char host[TICKET_HOST_MAX], unsigned *port, struct error *e)
{
    const char *colon = strrchr(address, ':'), *end = address + strlen(address), *start = address;
    *port = 7411;
    if (address[0] == '[') {
        const char *bracket = strchr(address, ']');
        if (bracket == NULL || (bracket[1] != 0 && bracket[1] != ':'))
            return error_set(e, E_USAGE, "--address takes HOST, HOST:PORT or [IPV6]:PORT");
        start = address + 1;
        end = bracket;
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
    } else if (colon != NULL && strchr(address, ':') == colon) {
        end = colon;
    } else {
        colon = NULL;
    }
    if (colon != NULL) {
        char *rest = NULL;
        unsigned long n = strtoul(colon + 1, &rest, 10);
        if (colon[1] == 0 || *rest != 0 || n == 0 || n > 65535)
            return error_set(e, E_USAGE, "the port of --address must be a number from 1 to 65535");
        *port = (unsigned)n;
    }
    if (end == start || (size_t)(end - start) >= TICKET_HOST_MAX)
        return error_set(e, E_USAGE, "--address takes HOST, HOST:PORT or [IPV6]:PORT");
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = 0;
    return 0;
}

/* A ticket is a secret: the file is made for its owner alone, and never over another. */
static int write_ticket(const struct task *t, const char *path, const char *text, struct error *e)
{
    char *full = task_path(t, path);
    size_t size = strlen(text);
    int fd, code = 0;
    if (full == NULL)
        return error_memory(e);
    if ((fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        code = error_system(e, errno == EEXIST ? E_EXISTS : E_IO, errno, "the ticket cannot be written to %s", path);
    else if (write(fd, text, size) != (ssize_t)size || fsync(fd) != 0)
        code = error_system(e, E_IO, errno, "the ticket cannot be written to %s", path);
    if (fd >= 0)
        (void)close(fd);
    if (code != 0 && fd >= 0)
        (void)unlink(full);
    free(full);
    return code;
}

int task_device_invite(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL, *address = NULL, *out = NULL, *hours = "24";
    const struct cli_option options[] = {{"as", &as, NULL},       {"address", &address, NULL},   {"out", &out, NULL},
                                         {"hours", &hours, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    char host[TICKET_HOST_MAX], text[TICKET_TEXT_MAX], when[32];
    struct ticket ticket;
    struct id user;
    unsigned port;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 1, "device invite DIR LOGIN --address HOST[:PORT] --out FILE [--hours N]", e)) != 0)
        return code;
    if (address == NULL || out == NULL)
        return error_set(e, E_USAGE,
                         "a ticket needs --address HOST[:PORT], where the laptop reaches the office, and "
                         "--out FILE");
    if ((code = split_address(address, host, &port, e)) != 0 ||
        (code = central_user(t->central, argv[2], &user, e)) != 0 || (code = central_act_as(t->central, as, e)) != 0 ||
        (code = admit_invite(t->central, &user, (unsigned)strtoul(hours, NULL, 10), &(struct admit_address){host, port},
                             &ticket, e)) != 0)
        return code;
    if ((code = ticket_format(&ticket, text, e)) == 0 && (code = write_ticket(t, out, text, e)) == 0) {
        cli_time(ticket.expires_ms, when);
        (void)fprintf(t->cli->err, "The ticket is in %s. It enrols one laptop, until %s; hand it over like a key.\n",
                      out, when);
        print_id(t, "ticket", &ticket.ticket);
    }
    sodium_memzero(&ticket, sizeof ticket);
    sodium_memzero(text, sizeof text);
    return code;
}

/* The laptops that said that they have destroyed their store, with the time at which the office heard of it. */
#define WIPED                                                                                                          \
    "(SELECT id_text(entry.device) AS id, strftime('%Y-%m-%dT%H:%M:%SZ', max(entry.received) / 1000, 'unixepoch') AS " \
    "heard " TASK_EVENTS " WHERE event.what = 'wiped' GROUP BY entry.device)"

int task_device_list(struct task *t, int argc, char **argv, struct error *e)
{
    return task_list(
        t, argc, argv, "device list DIR",
        "SELECT d.id, u.login, CASE WHEN w.heard IS NULL OR d.status = 'active' THEN d.status ELSE 'wiped' "
        "END AS status, d.label, coalesce(h.seq, 0) AS changes, w.heard AS wiped FROM device d "
        "LEFT JOIN \"user\" u ON u.id = d.\"user\" "
        "LEFT JOIN (SELECT id_text(device) AS id, max(seq) AS seq FROM head GROUP BY device) h "
        "ON h.id = d.id "
        "LEFT JOIN " WIPED " w ON w.id = d.id "
        "WHERE d.voided = 0 ORDER BY u.login, d.id",
        e);
}

static int set_device(struct task *t, int argc, char **argv, const char *form, const char *status, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct task_setting s = {.field = "status", .value = status};
    struct record_place place;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 2, 1, form, e)) != 0 ||
        (code = id_parse(argv[2], &s.record, e)) != 0)
        return code;
    if (record_find(t->central->db, &s.record, &place, NULL) != 0 || place.kind->number != KIND_DEVICE)
        return error_set(e, E_NOT_FOUND, "there is no laptop %s; `satcheld device list` names them", argv[2]);
    return task_write(t, as, task_set, &s, e);
}

int task_device_revoke(struct task *t, int argc, char **argv, struct error *e)
{
    return set_device(t, argc, argv, "device revoke DIR DEVICE", "disabled", e);
}

int task_device_wipe(struct task *t, int argc, char **argv, struct error *e)
{
    return set_device(t, argc, argv, "device wipe DIR DEVICE", "to be wiped", e);
}
