/* Tickets, and the enrolment of a laptop that brings one. */
#include "admit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "hidden.h"
#include "lease.h"
#include "record.h"
#include "schema.h"

/* The one text that a statement finds for a record; "": it finds none. */
static int text_of(struct central *c, const char *sql, const struct id *record, char *out, size_t out_max,
                   struct error *e)
{
    char id[ID_TEXT];
    sqlite3_stmt *s;
    int row;
    out[0] = 0;
    id_format(record, id);
    if ((row = db_first(c->db, &s, e, sql, "t", id)) < 0)
        return error_code(e);
    if (row == 1) {
        (void)snprintf(out, out_max, "%s", db_text(s, 0));
        db_done(c->db, s);
    }
    return 0;
}

/* E_REFUSED: the user is disabled or unknown. */
static int check_active(struct central *c, const struct id *user, struct error *e)
{
    char status[32];
    int code = text_of(c, "SELECT status FROM \"user\" WHERE id = ? AND voided = 0", user, status, sizeof status, e);
    if (code == 0 && strcmp(status, "active") != 0)
        code = error_set(e, E_REFUSED, "the person whom this ticket is for has been disabled; ask the office");
    return code;
}

static int expiry_text(uint64_t unix_ms, char out[CLOCK_TEXT], struct error *e)
{
    return clock_text(unix_ms, out) == 0 ? 0 : error_set(e, E_INTERNAL, "this machine's clock gives no date");
}

int admit_invite(struct central *c, const struct id *user, unsigned hours, const struct admit_address *address,
                 struct ticket *out, struct error *e)
{
    uint64_t now = clock_wall();
    char expires[CLOCK_TEXT];
    uint8_t sealed[sizeof out->secret + HIDDEN_MORE];
    const struct central_field fields[] = {{"user", .id = user}, {"expires", .text = expires}, {.name = NULL}};
    const struct central_record record = {.kind = KIND_TICKET, .record = &out->ticket, .fields = fields};
    int code;
    memset(out, 0, sizeof *out);
    if (hours < 1 || hours > ADMIT_HOURS_MAX)
        return error_set(e, E_INPUT, "a ticket is good for 1 to %d hours", ADMIT_HOURS_MAX);
    if (strlen(address->host) >= sizeof out->host || address->host[0] == 0 || address->port == 0 ||
        address->port > 65535)
        return error_set(e, E_INPUT, "the office's address must be HOST and a PORT from 1 to 65535");
    if ((code = check_active(c, user, e)) != 0)
        return code;
    out->ticket = id_new(now);
    out->user = *user;
    randombytes_buf(out->secret, sizeof out->secret);
    hidden_seal(c->keys->own_key, (struct slice){out->ticket.b, ID_BYTES},
                (struct slice){out->secret, sizeof out->secret}, sealed);
    memcpy(out->noise_key, c->noise_public, sizeof out->noise_key);
    out->expires_ms = now + hours * 3600000ull;
    out->port = address->port;
    (void)snprintf(out->host, sizeof out->host, "%s", address->host);
    if ((code = expiry_text(out->expires_ms, expires, e)) != 0 ||
        (code = checkpoint_vkey_format(&c->vkey, out->log_key, e)) != 0 || (code = central_begin(c, e)) != 0)
        return code;
    if ((code = central_write_record(c, &record, e)) == 0)
        code = db_run(c->db, e, "INSERT INTO ticket_secret(ticket, secret) VALUES(?,?)", "db", &out->ticket,
                      (struct slice){sealed, sizeof sealed});
    return central_end(c, code, e);
}

int admit_secret(struct central *c, const struct id *ticket, uint8_t secret[32], struct error *e)
{
    sqlite3_stmt *s;
    int row;
    randombytes_buf(secret, 32);
    if ((row = db_first(c->db, &s, e, "SELECT secret FROM ticket_secret WHERE ticket = ?", "d", ticket)) < 0)
        return error_code(e);
    if (row == 1) {
        struct slice kept = db_slice(s, 0);
        if (hidden_open(c->keys->own_key, (struct slice){ticket->b, ID_BYTES}, kept, secret, 32, e) != 0) {
            randombytes_buf(secret, 32);
            db_done(c->db, s);
            return error_code(e);
        }
        db_done(c->db, s);
    }
    return 0;
}

/* --- enrolling --- */

/* E_REFUSED: the laptop did not sign, with the signing key that it brings, this ticket and the Noise key of this link.
 */
static int check_proof(const struct message_enrol *m, const struct id *ticket, const uint8_t noise_key[32],
                       struct error *e)
{
    uint8_t statement[sizeof "satchel enrol 1" + ID_BYTES + 32];
    memcpy(statement, "satchel enrol 1", sizeof "satchel enrol 1");
    memcpy(statement + sizeof "satchel enrol 1", ticket->b, ID_BYTES);
    memcpy(statement + sizeof "satchel enrol 1" + ID_BYTES, noise_key, 32);
    if (!id_equal(&m->ticket, ticket) ||
        crypto_sign_verify_detached(m->proof, statement, sizeof statement, m->sign_key) != 0)
        return error_set(e, E_REFUSED,
                         "the laptop did not prove that its signing key is its own; enrol it with a new ticket");
    return 0;
}

/* Finds the ticket's user, who must be active. *again: 1: this very device has used the ticket before. E_REFUSED. */
static int check_ticket(struct central *c, const struct id *ticket, const struct id *device, struct id *user,
                        int *again, struct error *e)
{
    char id[ID_TEXT], own[DEVICE_HEX], now[CLOCK_TEXT];
    sqlite3_stmt *s;
    int row, code;
    id_format(ticket, id);
    device_hex(device, own);
    if ((code = expiry_text(c->author.wall(), now, e)) != 0)
        return code;
    if ((row = db_first(c->db, &s, e, "SELECT \"user\", expires < ?, used_by FROM ticket WHERE id = ? AND voided = 0",
                        "tt", now, id)) < 0)
        return error_code(e);
    if (row == 0)
        return error_set(e, E_REFUSED, "the office does not know this ticket; ask it for a new one");
    *again = strcmp(db_text(s, 2), own) == 0;
    code = id_parse(db_text(s, 0), user, e);
    if (code == 0 && !db_is_null(s, 2) && !*again)
        code = error_set(e, E_REFUSED, "this ticket has been used already; ask the office for a new one");
    else if (code == 0 && !*again && db_int(s, 1) != 0)
        code = error_set(e, E_REFUSED, "this ticket has expired; ask the office for a new one");
    db_done(c->db, s);
    return code != 0 ? code : check_active(c, user, e);
}

/* E_REFUSED: one of the laptop's two keys belongs to a laptop that is enrolled. Each must be its own: its links are
 * recognised by the Noise key, its changes by the signing key. */
static int check_new(struct central *c, const struct id *device, const uint8_t noise_key[32], struct error *e)
{
    struct record_place place;
    char noise[65];
    int row, known = record_find(c->db, device, &place, NULL) == 0;
    sodium_bin2hex(noise, sizeof noise, noise_key, 32);
    if ((row = db_exists(c->db, e, "SELECT 1 FROM device WHERE noise_key = ?", "t", noise)) < 0)
        return error_code(e);
    return known || row == 1 ? error_set(e, E_REFUSED, "this laptop has been enrolled already, with another ticket")
                             : 0;
}

/* A laptop that is being enrolled. */
struct enrolling {
    const struct id *ticket;
    struct id device, user;
    const struct message_enrol *message;
    const uint8_t *noise_key; /* 32 bytes */
};

/* Writes the record of the device, and marks the ticket as used by it. */
static int write_device(struct central *c, const struct enrolling *n, struct error *e)
{
    const struct message_enrol *m = n->message;
    char sign[65], noise[65], label[101], own[DEVICE_HEX];
    const struct central_field fields[] = {{"user", .id = &n->user},     {"label", .text = label},
                                           {"sign_key", .text = sign},   {"noise_key", .text = noise},
                                           {"status", .text = "active"}, {.name = NULL}};
    const struct central_record record = {.kind = KIND_DEVICE, .record = &n->device, .fields = fields};
    struct edit edit;
    int code;
    sodium_bin2hex(sign, sizeof sign, m->sign_key, 32);
    sodium_bin2hex(noise, sizeof noise, n->noise_key, 32);
    device_hex(&n->device, own);
    (void)snprintf(label, sizeof label, "%.*s", (int)m->label.size, (const char *)m->label.p);
    if ((code = central_write_record(c, &record, e)) != 0)
        return code;
    if ((code = edit_open(&edit, c->db, n->ticket, e)) != 0 || (code = edit_set_text(&edit, "used_by", own, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(c, &edit, NULL, e);
}

/* Fills in the answer. The lease is withheld from a laptop that has been revoked since it enrolled. */
static int answer_enrolment(struct central *c, const struct enrolling *n, int revoked, struct admit_answer *out,
                            struct error *e)
{
    struct message_enrolled *m = &out->message;
    struct lease lease;
    int code;
    if ((code = text_of(c, "SELECT name FROM \"user\" WHERE id = ?", &n->user, out->user_name, sizeof out->user_name,
                        e)) != 0 ||
        (code = text_of(c, "SELECT name FROM office WHERE id = ?", &c->office, out->office_name,
                        sizeof out->office_name, e)) != 0 ||
        (code = checkpoint_vkey_format(&c->vkey, out->log_key, e)) != 0)
        return code;
    m->device = n->device;
    m->user = n->user;
    m->office = c->office;
    m->user_name = (struct slice){(const uint8_t *)out->user_name, strlen(out->user_name)};
    m->office_name = (struct slice){(const uint8_t *)out->office_name, strlen(out->office_name)};
    m->log_key = (struct slice){(const uint8_t *)out->log_key, strlen(out->log_key)};
    m->office_ms = clock_wall();
    memcpy(m->seal_key, c->seal_public, sizeof m->seal_key);
    if ((code = lease_of(c, &n->device, revoked, m->office_ms, &lease, e)) != 0)
        return code;
    memcpy(m->lease_secret, lease.secret, sizeof m->lease_secret);
    m->lease_until_ms = lease.until_ms;
    sodium_memzero(&lease, sizeof lease);
    return 0;
}

int admit_enrol(struct central *c, const struct id *ticket, const struct message_enrol *m, const uint8_t noise_key[32],
                struct admit_answer *out, struct error *e)
{
    struct enrolling n = {ticket, id_of_device(m->sign_key), {{0}}, m, noise_key};
    char status[32] = "active";
    int code, again = 0;
    memset(out, 0, sizeof *out);
    if ((code = check_proof(m, ticket, noise_key, e)) != 0 ||
        (code = check_ticket(c, ticket, &n.device, &n.user, &again, e)) != 0)
        return code;
    if (again) {
        code = text_of(c, "SELECT status FROM device WHERE id = ?", &n.device, status, sizeof status, e);
    } else if ((code = check_new(c, &n.device, noise_key, e)) == 0 && (code = central_begin(c, e)) == 0) {
        central_act_as_office(c);
        code = write_device(c, &n, e);
        code = central_end(c, code, e);
    }
    if (code != 0)
        return code;
    return answer_enrolment(c, &n, strcmp(status, "active") != 0, out, e);
}
