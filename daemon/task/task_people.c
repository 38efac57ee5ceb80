/* `satcheld user add|list|disable|enable|supervisor` and `device invite|list|revoke|wipe`: people and their laptops. */
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
#include "task_find.h"
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

/* An id is for programs: people have names and logins. */
static void json_one_id(struct task *t, const char *name, const struct id *id)
{
    struct json j = json_start(t->cli->out);
    if (!t->cli->json)
        return;
    json_object(&j);
    json_id(json_key(&j, name), id);
    json_end(&j);
}

static void say_user(struct task *t, const struct id *user, const char *what)
{
    task_say_user(t, user);
    (void)fprintf(t->cli->err, " %s\n", what);
}

static int user_add(struct task *t, struct usage_call *call, struct error *e)
{
    struct new_user u = {.login = call->words[0],
                         .name = usage_text(call, "name"),
                         .role = usage_text(call, "role"),
                         .email = usage_text(call, "email"),
                         .phone = usage_text(call, "phone")};
    int code;
    if ((code = task_write(t, usage_text(call, "as"), add_user, &u, e)) != 0)
        return code;
    json_one_id(t, "user", &u.id);
    say_user(t, &u.id, "is added; `satcheld device invite` makes a ticket for a laptop");
    return 0;
}

const struct task_row task_user_add = {
    .usage = {.group = "user",
              .name = "add",
              .words = "LOGIN",
              .options = {{.name = "name", .value = "NAME", .help = "the name in full", .required = 1},
                          {.name = "role",
                           .value = "ROLE",
                           .help = "assistant, case manager, senior, supervisor, director, auditor or administrator",
                           .required = 1},
                          {.name = "email", .value = "ADDRESS", .help = "where to write to"},
                          {.name = "phone", .value = "NUMBER", .help = "where to call"},
                          TASK_AS},
              .help = "add a person who works with Satchel",
              .example = "satcheld user add /srv/office anna --name 'Anna Berg' --role 'case manager'"},
    .run = user_add,
};

const struct task_row task_user_list = {
    .usage = {.group = "user", .name = "list", .help = "list the people", .example = "satcheld user list /srv/office"},
    .sql = "SELECT id, login, role, status, name, (SELECT s.login FROM \"user\" s WHERE s.id = u.supervisor) AS "
           "supervisor, "
           "(SELECT count(*) FROM assignment a WHERE a.\"user\" = u.id AND "
           "a.status = 'active' AND a.voided = 0) AS cases FROM \"user\" u WHERE voided = 0 ORDER BY login, id",
};

/* Refuses to disable the last person who can act in the office: nobody could ever mend anything again. */
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

static int set_status(struct task *t, struct usage_call *call, const char *status, struct error *e)
{
    struct task_setting s = {.field = "status", .value = status};
    int code = central_user(t->central, call->words[0], &s.record, e);
    if (code != 0)
        return code;
    if (strcmp(status, "active") != 0 && (code = check_others_left(t, &s.record, e)) != 0)
        return code;
    if ((code = task_set_user(t, usage_text(call, "as"), &s, e)) == 0)
        say_user(t, &s.record, strcmp(status, "active") == 0 ? "is active" : "is disabled");
    return code;
}

static int user_disable(struct task *t, struct usage_call *call, struct error *e)
{
    return set_status(t, call, "disabled", e);
}

const struct task_row task_user_disable = {
    .usage = {.group = "user",
              .name = "disable",
              .words = "LOGIN",
              .options = {TASK_AS},
              .help = "disable a person: what their laptops bring from now on is held",
              .example = "satcheld user disable /srv/office anna"},
    .run = user_disable,
};

static int user_enable(struct task *t, struct usage_call *call, struct error *e)
{
    return set_status(t, call, "active", e);
}

const struct task_row task_user_enable = {
    .usage = {.group = "user",
              .name = "enable",
              .words = "LOGIN",
              .options = {TASK_AS},
              .help = "enable a person again, for what comes from then on",
              .example = "satcheld user enable /srv/office anna"},
    .run = user_enable,
};

static int user_supervisor(struct task *t, struct usage_call *call, struct error *e)
{
    const char *login = call->words[1];
    struct task_setting s = {.field = "supervisor"};
    struct id supervisor;
    char text[ID_TEXT] = "";
    int code = central_user(t->central, call->words[0], &s.record, e);
    if (code != 0)
        return code;
    if (login[0] != 0) {
        if ((code = central_user(t->central, login, &supervisor, e)) != 0)
            return code;
        if (id_equal(&supervisor, &s.record))
            return error_set(e, E_INPUT, "nobody is told by being told of oneself; name another person");
        id_format(&supervisor, text);
    }
    s.value = text;
    if ((code = task_write(t, usage_text(call, "as"), task_set, &s, e)) != 0)
        return code;
    task_say_user(t, &s.record);
    (void)fputs(login[0] != 0 ? " is supervised by " : " has no supervisor", t->cli->err);
    if (login[0] != 0)
        task_say_user(t, &supervisor);
    (void)fputc('\n', t->cli->err);
    return 0;
}

const struct task_row task_user_supervisor = {
    .usage = {.group = "user",
              .name = "supervisor",
              .words = "LOGIN SUPERVISOR",
              .options = {TASK_AS},
              .help = "say who decides conflicts in a person's cases as well",
              .more = "An empty SUPERVISOR (\"\") is nobody in particular.",
              .example = "satcheld user supervisor /srv/office anna maria"},
    .run = user_supervisor,
};

/* --- another name --- */

struct renaming {
    struct id user;
    const char *name, *login; /* NULL: stays */
};

static int write_names(struct task *t, void *arg, struct error *e)
{
    const struct renaming *r = arg;
    struct error none;
    struct edit edit;
    struct id there;
    int code;
    if (r->login != NULL && central_user(t->central, r->login, &there, &none) == 0 && !id_equal(&there, &r->user))
        return error_set(e, E_EXISTS, "there is a user %s already", r->login);
    if ((code = edit_open(&edit, t->central->db, &r->user, e)) != 0)
        return code;
    if ((r->name != NULL && (code = edit_set_text(&edit, "name", r->name, e)) != 0) ||
        (r->login != NULL && (code = edit_set_text(&edit, "login", r->login, e)) != 0)) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

static int user_rename(struct task *t, struct usage_call *call, struct error *e)
{
    struct renaming r = {.name = usage_text(call, "name"), .login = usage_text(call, "login")};
    int code;
    if ((r.name == NULL && r.login == NULL) || (r.name != NULL && r.name[strspn(r.name, " ")] == 0) ||
        (r.login != NULL && r.login[strspn(r.login, " ")] == 0))
        return error_set(e, E_USAGE, "say what the person is called now, with --name NAME or --login LOGIN");
    if ((code = central_user(t->central, call->words[0], &r.user, e)) != 0)
        return code;
    task_say_user(t, &r.user);
    if ((code = task_write(t, usage_text(call, "as"), write_names, &r, e)) != 0) {
        (void)fputs(" keeps that name\n", t->cli->err);
        return code;
    }
    (void)fputs(" is called ", t->cli->err);
    say_user(t, &r.user, "now");
    return 0;
}

const struct task_row task_user_rename = {
    .usage = {.group = "user",
              .name = "rename",
              .words = "LOGIN",
              .options = {{.name = "name", .value = "NAME", .help = "the name in full"},
                          {.name = "login", .value = "NEW", .help = "the short name that commands take"},
                          TASK_AS},
              .help = "give a person another name, or another login",
              .example = "satcheld user rename /srv/office anna --name 'Anna Berg-Lind'"},
    .run = user_rename,
};

/* --- devices --- */

/* Parses HOST, HOST:PORT, [V6]:PORT or a bare IPv6 address. */
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
        uint64_t n;
        if (cli_number(colon + 1, "the port of --address", 1, 65535, &n, e) != 0)
            return E_USAGE;
        *port = (unsigned)n;
    }
    if (end == start || (size_t)(end - start) >= TICKET_HOST_MAX)
        return error_set(e, E_USAGE, "--address takes HOST, HOST:PORT or [IPV6]:PORT");
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = 0;
    return 0;
}

/* Writes a ticket, which is a secret: the file is made for its owner alone, and never over another. */
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

static int device_invite(struct task *t, struct usage_call *call, struct error *e)
{
    const char *out = usage_text(call, "out");
    unsigned hours = (unsigned)usage_number(call, "hours", ADMIT_HOURS_MAX);
    char host[TICKET_HOST_MAX], text[TICKET_TEXT_MAX], when[32];
    struct ticket ticket;
    struct id user;
    unsigned port;
    int code;
    if ((code = split_address(usage_text(call, "address"), host, &port, e)) != 0 ||
        (code = central_user(t->central, call->words[0], &user, e)) != 0 ||
        (code = central_act_as(t->central, usage_text(call, "as"), e)) != 0 ||
        (code = admit_invite(t->central, &user, hours, &(struct admit_address){host, port}, &ticket, e)) != 0)
        return code;
    if ((code = ticket_format(&ticket, text, e)) == 0 && (code = write_ticket(t, out, text, e)) == 0) {
        cli_time(ticket.expires_ms, when);
        (void)fprintf(t->cli->err, "The ticket is in %s. It enrols one laptop of ", out);
        task_say_user(t, &user);
        (void)fprintf(t->cli->err, ", until %s; hand it over like a key.\n", when);
        json_one_id(t, "ticket", &ticket.ticket);
    }
    sodium_memzero(&ticket, sizeof ticket);
    sodium_memzero(text, sizeof text);
    return code;
}

const struct task_row task_device_invite = {
    .usage =
        {.group = "device",
         .name = "invite",
         .words = "LOGIN",
         .options =
             {{.name = "address", .value = "HOST[:PORT]", .help = "where the laptop reaches the office", .required = 1},
              {.name = "out", .value = "FILE", .help = "where the ticket goes; hand it over like a key", .required = 1},
              {.name = "hours",
               .value = "N",
               .help = "how long the ticket is good; 24, if not said",
               .min = 1,
               .max = ADMIT_HOURS_MAX},
              TASK_AS},
         .help = "write a ticket that enrols one laptop",
         .example = "satcheld device invite /srv/office anna --address office.example.org --out anna.ticket"},
    .run = device_invite,
};

/* The laptops that said that they have destroyed their store, with the time at which the office heard of it. */
#define WIPED                                                                                                          \
    "(SELECT id_text(entry.device) AS id, strftime('%Y-%m-%dT%H:%M:%SZ', max(entry.received) / 1000, 'unixepoch') AS " \
    "heard " TASK_EVENTS " WHERE event.what = 'wiped' GROUP BY entry.device)"

const struct task_row task_device_list = {
    .usage = {.group = "device",
              .name = "list",
              .help = "list the laptops",
              .example = "satcheld device list /srv/office"},
    .none = "no laptop is enrolled; `satcheld device invite` writes a ticket for one",
    .sql = "SELECT d.id, u.login, CASE WHEN w.heard IS NOT NULL AND d.status <> 'active' THEN 'says that it was wiped' "
           "WHEN b.closed = 1 AND (d.status <> 'active' OR u.status <> 'active') THEN 'closed' ELSE d.status "
           "END AS status, d.label, coalesce(h.seq, 0) AS changes, w.heard AS wiped FROM device d "
           "LEFT JOIN \"user\" u ON u.id = d.\"user\" "
           "LEFT JOIN (SELECT id_text(device) AS id, max(seq) AS seq FROM head GROUP BY device) h "
           "ON h.id = d.id "
           "LEFT JOIN " WIPED " w ON w.id = d.id "
           "LEFT JOIN brought b ON b.device = id_blob(d.id) "
           "WHERE d.voided = 0 ORDER BY u.login, d.id",
};

static int set_device(struct task *t, struct usage_call *call, const char *status, const char *words, struct error *e)
{
    struct task_setting s = {.field = "status", .value = status};
    int code = task_find_device(t, call->words[0], &s.record, e);
    if (code != 0 || (code = task_write(t, usage_text(call, "as"), task_set, &s, e)) != 0)
        return code;
    task_say_device(t, &s.record);
    (void)fprintf(t->cli->err, " %s\n", words);
    return 0;
}

static int device_revoke(struct task *t, struct usage_call *call, struct error *e)
{
    return set_device(t, call, "disabled", "is revoked: what it brings from now on is held", e);
}

const struct task_row task_device_revoke = {
    .usage =
        {.group = "device",
         .name = "revoke",
         .words = "LAPTOP",
         .options = {TASK_AS},
         .help = "revoke a laptop: what it brings from now on is held",
         .more =
             "LAPTOP is its label, or the login of its person if that person has one laptop, or the first word that\n"
             "`satcheld device list` shows.",
         .example = "satcheld device revoke /srv/office 'anna, blue'"},
    .run = device_revoke,
};

static int device_wipe(struct task *t, struct usage_call *call, struct error *e)
{
    return set_device(t, call, "to be wiped",
                      "is revoked, and destroys its store at its next sync, once it has sent what is unsent", e);
}

const struct task_row task_device_wipe = {
    .usage =
        {.group = "device",
         .name = "wipe",
         .words = "LAPTOP",
         .options = {TASK_AS},
         .help = "revoke a laptop, and have it destroy its store once it has sent what is unsent",
         .more =
             "LAPTOP is its label, or the login of its person if that person has one laptop, or the first word that\n"
             "`satcheld device list` shows.",
         .example = "satcheld device wipe /srv/office 'anna, blue'"},
    .run = device_wipe,
};
