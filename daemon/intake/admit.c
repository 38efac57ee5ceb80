#include "admit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "lease.h"
#include "record.h"
#include "schema.h"

static const struct id everywhere;

/* One text column of one record; "" where there is none. */
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

static int check_active(struct central *c, const struct id *user, struct error *e)
{
    char status[32];
    int code = text_of(c, "SELECT status FROM \"user\" WHERE id = ? AND voided = 0", user, status, sizeof status, e);
    if (code == 0 && strcmp(status, "active") != 0)
        code = error_set(e, E_REFUSED, "the user of this ticket has been disabled; ask the office");
    return code;
}

static int time_text(uint64_t unix_ms, char out[CLOCK_TEXT], struct error *e)
{
    return clock_text(unix_ms, out) == 0 ? 0 : error_set(e, E_INTERNAL, "this machine's clock gives no date");
}

int admit_invite(struct central *c, const struct id *user, unsigned hours, const char *host, unsigned port,
                 struct ticket *out, struct error *e)
{
    uint64_t now = clock_wall();
    char expires[CLOCK_TEXT];
    struct edit edit;
    int code;
    memset(out, 0, sizeof *out);
    if (hours < 1 || hours > ADMIT_HOURS_MAX)
        return error_set(e, E_INPUT, "a ticket is good for 1 to %d hours", ADMIT_HOURS_MAX);
    if (strlen(host) >= sizeof out->host || host[0] == 0 || port == 0 || port > 65535)
        return error_set(e, E_INPUT, "the office's address must be HOST and a PORT from 1 to 65535");
    if ((code = check_active(c, user, e)) != 0)
        return code;
    out->ticket = id_new(now);
    out->user = *user;
    randombytes_buf(out->secret, sizeof out->secret);
    memcpy(out->noise_key, c->noise_public, sizeof out->noise_key);
    out->expires_ms = now + hours * 3600000ull;
    out->port = port;
    (void)snprintf(out->host, sizeof out->host, "%s", host);
    if ((code = time_text(out->expires_ms, expires, e)) != 0 ||
        (code = checkpoint_vkey_format(&c->vkey, out->log_key, e)) != 0 || (code = central_begin(c, e)) != 0)
        return code;
    if ((code = edit_new(&edit, c->db, schema_kind(KIND_TICKET), &everywhere, &out->ticket, e)) != 0 ||
        (code = edit_set_id(&edit, "user", user, e)) != 0 || (code = edit_set_text(&edit, "expires", expires, e)) != 0)
        edit_free(&edit);
    else
        code = central_write(c, &edit, NULL, e);
    if (code == 0)
        code = db_run(c->db, e, "INSERT INTO ticket_secret(ticket, secret) VALUES(?,?)", "db", &out->ticket,
                      (struct slice){out->secret, sizeof out->secret});
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
        if (kept.size == 32)
            memcpy(secret, kept.p, 32);
        db_done(c->db, s);
    }
    return 0;
}

/* --- enrolling --- */

/* Did the laptop that holds the Noise key of this link make the signing key that it brings? */
static int check_proof(const struct message_enrol *m, const struct id *ticket, const uint8_t noise_key[32],
                       struct error *e)
{
    uint8_t statement[sizeof "satchel enrol 1" + ID_BYTES + 32];
    memcpy(statement, "satchel enrol 1", sizeof "satchel enrol 1");
    memcpy(statement + sizeof "satchel enrol 1", ticket->b, ID_BYTES);
    memcpy(statement + sizeof "satchel enrol 1" + ID_BYTES, noise_key, 32);
    if (!id_equal(&m->ticket, ticket) ||
        crypto_sign_verify_detached(m->proof, statement, sizeof statement, m->sign_key) != 0)
        return error_set(e, E_REFUSED, "the laptop did not prove that its signing key is its own");
    return 0;
}

/* The ticket's user. Sets *again where this device has used it already. */
static int check_ticket(struct central *c, const struct id *ticket, const struct id *device, struct id *user,
                        int *again, struct error *e)
{
    char id[ID_TEXT], own[33], now[CLOCK_TEXT];
    sqlite3_stmt *s;
    int row, code;
    id_format(ticket, id);
    sodium_bin2hex(own, sizeof own, device->b, ID_BYTES);
    if ((code = time_text(c->author.wall(), now, e)) != 0)
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

/* Neither of a laptop's keys may be another's: its links are known by the one, its changes by the other. */
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

static int write_device(struct central *c, const struct id *ticket, const struct id *device, const struct id *user,
                        const struct message_enrol *m, const uint8_t noise_key[32], struct error *e)
{
    char sign[65], noise[65], label[101], own[33];
    struct edit edit;
    int code;
    sodium_bin2hex(sign, sizeof sign, m->sign_key, 32);
    sodium_bin2hex(noise, sizeof noise, noise_key, 32);
    sodium_bin2hex(own, sizeof own, device->b, ID_BYTES);
    (void)snprintf(label, sizeof label, "%.*s", (int)m->label.size, (const char *)m->label.p);
    if ((code = edit_new(&edit, c->db, schema_kind(KIND_DEVICE), &everywhere, device, e)) != 0 ||
        (code = edit_set_id(&edit, "user", user, e)) != 0 || (code = edit_set_text(&edit, "label", label, e)) != 0 ||
        (code = edit_set_text(&edit, "sign_key", sign, e)) != 0 ||
        (code = edit_set_text(&edit, "noise_key", noise, e)) != 0 ||
        (code = edit_set_text(&edit, "status", "active", e)) != 0) {
        edit_free(&edit);
        return code;
    }
    if ((code = central_write(c, &edit, NULL, e)) != 0)
        return code;
    if ((code = edit_open(&edit, c->db, ticket, e)) != 0 || (code = edit_set_text(&edit, "used_by", own, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(c, &edit, NULL, e);
}

int admit_enrol(struct central *c, const struct id *ticket, const struct message_enrol *m, const uint8_t noise_key[32],
                struct admit_answer *out, struct error *e)
{
    struct id device = id_of_device(m->sign_key), user;
    char status[32] = "active";
    int code, again = 0, revoked;
    memset(out, 0, sizeof *out);
    if ((code = check_proof(m, ticket, noise_key, e)) != 0 ||
        (code = check_ticket(c, ticket, &device, &user, &again, e)) != 0)
        return code;
    if (!again) {
        if ((code = check_new(c, &device, noise_key, e)) != 0 || (code = central_begin(c, e)) != 0)
            return code;
        central_act_as_office(c);
        code = write_device(c, ticket, &device, &user, m, noise_key, e);
        if ((code = central_end(c, code, e)) != 0)
            return code;
    } else if ((code = text_of(c, "SELECT status FROM device WHERE id = ?", &device, status, sizeof status, e)) != 0) {
        return code;
    }
    revoked = strcmp(status, "active") != 0; /* since it enrolled: then it gets the answer, and no lease */
    if ((code = text_of(c, "SELECT name FROM \"user\" WHERE id = ?", &user, out->user_name, sizeof out->user_name,
                        e)) != 0 ||
        (code = text_of(c, "SELECT name FROM office WHERE id = ?", &c->office, out->office_name,
                        sizeof out->office_name, e)) != 0 ||
        (code = checkpoint_vkey_format(&c->vkey, out->log_key, e)) != 0)
        return code;
    out->message.device = device;
    out->message.user = user;
    out->message.office = c->office;
    out->message.user_name = (struct slice){(const uint8_t *)out->user_name, strlen(out->user_name)};
    out->message.office_name = (struct slice){(const uint8_t *)out->office_name, strlen(out->office_name)};
    out->message.log_key = (struct slice){(const uint8_t *)out->log_key, strlen(out->log_key)};
    out->message.office_ms = clock_wall();
    memcpy(out->message.seal_key, c->seal_public, sizeof out->message.seal_key);
    return lease_of(c, &device, revoked, out->message.office_ms, out->message.lease_secret,
                    &out->message.lease_until_ms, e);
}
