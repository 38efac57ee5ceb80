/* The lease's life on a laptop, and the file store.office, which says where the office is when the store does not open.
 *
 *   NONE     the key file has no lease: the office gives none, and the store opens without
 *   LASTS    its end is ahead: passphrase or agent open the store
 *   OVER     its end has passed, or it was altered: the passphrase opens only the link key
 *
 * and what moves it:
 *
 *   NONE, LASTS -> LASTS   a sync brings a new one                                        renewal_keep
 *   LASTS -> OVER          time passes; whoever sees it stops the agent                   check_lease (store.c)
 *   OVER -> LASTS          a passphrase, and the office gives one over the link key       open_by_office
 *   OVER -> LASTS          two officers opened the store, and the office gives one        renewal_fetch (recover.c)
 *   OVER -> OVER           the office is out of reach, or has disabled laptop or user
 *
 * Nothing unsent is lost while the lease is over: its sealed copy is in the outbox. */
#include "renewal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "officers.h"
#include "rekey.h"
#include "wire.h"

#define DAY_MS 86400000u
#define OFFICE "store.office"
#define OFFICE_FIRST "satchel office 2"

/* --- what a sync brings --- */

int renewal_keep(struct store *s, const uint8_t secret[32], uint64_t until_ms, uint64_t office_ms, struct error *e)
{
    struct keyfile_lease lease = {.until_ms = until_ms, .seen_ms = office_ms};
    char *path;
    int code;
    if (until_ms == 0)
        return 0;
    if ((path = store_path(s->folder, STORE_KEYS)) == NULL)
        return error_memory(e);
    memcpy(lease.secret, secret, sizeof lease.secret);
    if ((code = keyfile_lease_set(path, s->key, &lease, e)) == 0)
        s->lease_until_ms = until_ms;
    sodium_memzero(&lease, sizeof lease);
    free(path);
    return code;
}

int renewal_officers(struct store *s, struct slice recovery, struct error *e)
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    size_t count = 0;
    char *path;
    int code = officers_read(recovery, s->office_key.public_key, pairs, &count, e);
    if (code != 0)
        return code;
    if ((path = store_path(s->folder, STORE_KEYS)) == NULL)
        return error_memory(e);
    code = keyfile_recovery_set(path, s->key, pairs, count, e);
    free(path);
    return code;
}

void renewal_officers_digest(const char *folder, uint8_t out[32])
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    char *path = store_path(folder, STORE_KEYS);
    size_t count = 0;
    memset(out, 0, 32);
    if (path != NULL && keyfile_recovery_pairs(path, pairs, &count, NULL) == 0)
        officers_digest(pairs, count, out);
    free(path);
}

void renewal_warn(const struct cli *cli, uint64_t until_ms)
{
    uint64_t now = clock_wall(), left = until_ms > now ? until_ms - now : 0;
    char when[32], days[64] = "less than a day";
    if (until_ms == 0 || left > (uint64_t)RENEWAL_WARN_DAYS * DAY_MS)
        return;
    cli_time(until_ms, when);
    if (left >= DAY_MS)
        (void)cli_count(left / DAY_MS, "day", "days", days, sizeof days);
    fprintf(cli->err, "this laptop's lease ends on %s, in %s: `satchel sync` before that renews it\n", when, days);
}

/* --- the office, as it is known without the store --- */

struct office {
    char host[256];
    unsigned port;
    uint8_t noise[32];
    uint8_t seal[32]; /* that this laptop wrote the key: a hash of it under the link key (seal_of) */
};

/* Only who has the laptop's link key can make this, so nobody else can put another office's key into the file. */
static void seal_of(const uint8_t noise[32], const uint8_t link[32], uint8_t seal[32])
{
    static const uint8_t domain[] = "satchel office key 1";
    uint8_t own[32];
    crypto_generichash(own, sizeof own, domain, sizeof domain - 1, link, 32);
    crypto_generichash(seal, 32, noise, 32, own, sizeof own);
    sodium_memzero(own, sizeof own);
}

/* E_VERIFY: the file names a key that this laptop did not write there. */
static int check_key(const struct office *o, const uint8_t link[32], struct error *e)
{
    uint8_t seal[32];
    seal_of(o->noise, link, seal);
    return sodium_memcmp(seal, o->seal, sizeof seal) == 0
               ? 0
               : error_set(e, E_VERIFY,
                           "the file %s in this laptop's folder does not name the office that this laptop was enrolled "
                           "with: somebody changed it. Nothing was sent: tell the office",
                           OFFICE);
}

/* Reads one line, without its end. 0; -1: there is none, or it is too long. */
static int read_line(FILE *file, char *out, size_t size)
{
    size_t length;
    if (fgets(out, (int)size, file) == NULL || (length = strlen(out)) == 0 || out[length - 1] != '\n')
        return -1;
    out[length - 1] = '\0';
    return 0;
}

/* Reads one line of 32 bytes in hexadecimal. 0; -1. */
static int read_hex(FILE *file, uint8_t out[32])
{
    char hex[2 * 32 + 2];
    size_t bytes = 0;
    return read_line(file, hex, sizeof hex) == 0 &&
                   sodium_hex2bin(out, 32, hex, strlen(hex), NULL, &bytes, NULL) == 0 && bytes == 32
               ? 0
               : -1;
}

static int read_office(const char *folder, struct office *out, struct error *e)
{
    char first[sizeof OFFICE_FIRST + 1], port[16], *path = store_path(folder, OFFICE);
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    uint64_t number = 0;
    int code = 0;
    if (file == NULL || read_line(file, first, sizeof first) != 0 || strcmp(first, OFFICE_FIRST) != 0 ||
        read_line(file, out->host, sizeof out->host) != 0 || read_line(file, port, sizeof port) != 0 ||
        cli_number(port, "", 1, 65535, &number, NULL) != 0 || read_hex(file, out->noise) != 0 ||
        read_hex(file, out->seal) != 0)
        code =
            error_set(e, E_LOCKED,
                      "the lease of this laptop is over, and what it knows of the office is missing or damaged (%s); "
                      "call the office: two officers open the store (`satchel recover`), and unsent work is sealed "
                      "(`satchel courier out FILE`)",
                      OFFICE);
    out->port = (unsigned)number;
    if (file != NULL)
        (void)fclose(file);
    free(path);
    return code;
}

static int write_lines(const struct office *o, FILE *file)
{
    char hex[2 * sizeof o->noise + 1], seal[2 * sizeof o->seal + 1];
    sodium_bin2hex(hex, sizeof hex, o->noise, sizeof o->noise);
    sodium_bin2hex(seal, sizeof seal, o->seal, sizeof o->seal);
    return fprintf(file, "%s\n%s\n%u\n%s\n%s\n", OFFICE_FIRST, o->host, o->port, hex, seal) < 0 || fflush(file) != 0 ||
                   fsync(fileno(file)) != 0
               ? -1
               : 0;
}

/* Replaces store.office as a whole. Nothing in it is secret. If a power cut spoils it, the next opening makes it again.
 */
static int write_office(const char *folder, const struct office *o, struct error *e)
{
    char *path = store_path(folder, OFFICE), *next = store_path(folder, OFFICE ".new");
    FILE *file;
    int code = 0;
    if (path == NULL || next == NULL) {
        code = error_memory(e);
        goto out;
    }
    (void)unlink(next);
    if ((file = fopen(next, "wxe")) == NULL) {
        code = error_system(e, E_IO, errno, "%s cannot be made", next);
        goto out;
    }
    if (fchmod(fileno(file), S_IRUSR | S_IWUSR) != 0 || write_lines(o, file) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", next);
    if (fclose(file) != 0 && code == 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", next);
    if (code == 0 && rename(next, path) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be put in its place", next);
    if (code != 0)
        (void)unlink(next);
out:
    free(next);
    free(path);
    return code;
}

/* Keep a file that is whole: the laptop may have been told another address since. */
int renewal_remember_office(const char *folder, const struct renewal_office *office, struct error *e)
{
    struct office known = {.port = 0};
    if (read_office(folder, &known, NULL) == 0)
        return 0;
    known.port = office->port;
    (void)snprintf(known.host, sizeof known.host, "%s", office->host);
    memcpy(known.noise, office->noise, sizeof known.noise);
    seal_of(known.noise, office->link, known.seal);
    return write_office(folder, &known, e);
}

int renewal_remember_own_office(const struct store *s, struct error *e)
{
    const struct renewal_office office = {s->office_host, s->office_port, s->office_noise, s->noise_secret};
    return renewal_remember_office(s->folder, &office, e);
}

int renewal_check_office(const struct store *s, struct error *e)
{
    struct office known = {.port = 0};
    if (read_office(s->folder, &known, NULL) != 0)
        return 0;
    /* What the store says is the truth; the seal alone would hold for an office before this one. */
    if (memcmp(known.noise, s->office_noise, sizeof known.noise) != 0)
        memset(known.seal, 0, sizeof known.seal);
    return check_key(&known, s->noise_secret, e);
}

int renewal_moved(const char *folder, const char *host, unsigned port, struct error *e)
{
    struct office known = {.port = 0};
    int code = read_office(folder, &known, e);
    if (code != 0)
        return code;
    if ((host == NULL || strcmp(host, known.host) == 0) && (port == 0 || port == known.port))
        return 0;
    if (host != NULL && (strlen(host) >= sizeof known.host || strpbrk(host, "\n") != NULL))
        return error_set(e, E_USAGE, "%.40s... is no address of an office", host);
    if (host != NULL)
        (void)snprintf(known.host, sizeof known.host, "%s", host);
    if (port != 0)
        known.port = port;
    return write_office(folder, &known, e);
}

/* --- meeting the office for a lease --- */

/* Says a hello that tells nothing of the store, which is not open, and takes the lease out of the welcome. */
static int ask_for_lease(struct wire *w, const char *folder, struct keyfile_lease *out, struct error *e)
{
    struct message m = {.type = MESSAGE_HELLO};
    int code;
    message_caseload_digest(NULL, 0, m.as.hello.caseload_digest);
    m.as.hello.wall_ms = clock_wall();
    renewal_officers_digest(folder, m.as.hello.officers); /* they are of no use here */
    if ((code = wire_send(w, &m, e)) != 0 || (code = wire_receive(w, &m, e)) != 0)
        return code;
    if (m.type != MESSAGE_WELCOME)
        return error_set(e, E_PEER, "the office answers out of turn (message %d)", (int)m.type);
    wire_end(w);
    if (m.as.welcome.lease_until_ms == 0)
        return error_set(e, E_REFUSED,
                         "the office has disabled this laptop or its user and gives it no new lease; what is unsent is "
                         "sealed to the office: `satchel courier out FILE` takes it out; talk to the office");
    memcpy(out->secret, m.as.welcome.lease_secret, sizeof out->secret);
    sodium_memzero(m.as.welcome.lease_secret, sizeof m.as.welcome.lease_secret);
    out->until_ms = m.as.welcome.lease_until_ms;
    out->seen_ms = m.as.welcome.office_ms;
    return 0;
}

int renewal_fetch(const char *folder, const uint8_t *link, struct keyfile_lease *out, struct error *e)
{
    struct wire_options options = {.mode = LINK_SYNC, .noise_secret = link, .goes_on = 1};
    struct error why = {0, ""};
    struct office office = {.port = 0};
    struct wire *w = NULL;
    int code = read_office(folder, &office, e);
    if (code != 0 || (code = check_key(&office, link, e)) != 0)
        return code;
    options.host = office.host;
    options.port = office.port;
    options.office_noise = office.noise;
    if ((code = wire_open(&w, &options, &why)) == 0)
        code = ask_for_lease(w, folder, out, &why);
    wire_close(w);
    if (code == E_NET)
        return error_set(e, E_LOCKED,
                         "the lease of this laptop is over: connect to the office and run this again, which renews it "
                         "(%s); what is unsent is sealed to the office, and `satchel courier out FILE` takes it out",
                         why.text);
    return code != 0 ? error_set(e, code, "%s", why.text) : 0;
}

/* An opening under way: what there is to open with, and what comes of it. */
struct opening {
    const char *folder, *keys; /* keys: the path of the key file */
    struct keyfile_passphrase passphrase;
    uint8_t *key; /* 32 bytes, for the data key */
    struct keyfile_opened *opened;
};

/* Gets a new lease from the office by the link key, and opens the key file with it. */
static int open_by_office(const struct opening *o, struct error *e)
{
    struct keyfile_lease *lease = sodium_malloc(sizeof *lease);
    uint8_t *link = sodium_malloc(32);
    struct keyfile_attempt attempt = {o->passphrase, clock_wall()};
    int code;
    if (lease == NULL || link == NULL)
        code = error_memory(e);
    else if ((code = keyfile_open_link(o->keys, &attempt, link, e)) == 0 &&
             (code = renewal_fetch(o->folder, link, lease, e)) == 0) {
        attempt.now_ms = clock_wall();
        code = keyfile_lease_renew(o->keys, &attempt, lease, o->key, o->opened, e);
    }
    sodium_free(link);
    sodium_free(lease);
    return code;
}

/* Ends a `satchel key rotate` that died when only the database had its new key. Does nothing if none died so. */
static int finish_rotate(const struct opening *o, struct error *e)
{
    char *next = store_path(o->folder, STORE_KEYS ".next"), *db = store_path(o->folder, STORE_DB);
    /* No pair of officers is carried over from here: the next sync brings them. */
    struct rekey_options options = {
        .db = db, .keys = o->keys, .with = {o->passphrase, NULL}, .cost = KEYFILE_MEASURED, .now_ms = clock_wall()};
    struct keyfile_opened again;
    uint8_t *rotated = sodium_malloc(KEYFILE_KEY_BYTES);
    struct error why = {0, ""};
    int code = 0;
    if (next == NULL || db == NULL || rotated == NULL) {
        code = error_memory(e);
    } else if (access(next, F_OK) == 0) {
        if ((code = rekey_finish(&options, rotated, NULL, &why)) == 0 &&
            (code = keyfile_open(o->keys, &(struct keyfile_attempt){o->passphrase, clock_wall()}, o->key, &again,
                                 &why)) == 0)
            o->opened->slot = again.slot; /* the slots are numbered anew */
        code = code == E_NOT_FOUND || code == E_WRONG_KEY ? 0 : code != 0 ? error_set(e, code, "%s", why.text) : 0;
    }
    sodium_free(rotated);
    free(db);
    free(next);
    return code;
}

int renewal_open(const char *folder, struct keyfile_passphrase passphrase, uint8_t *key, struct keyfile_opened *opened,
                 struct error *e)
{
    char *keys = store_path(folder, STORE_KEYS);
    struct opening o = {folder, keys, passphrase, key, opened};
    int code;
    if (keys == NULL)
        return error_memory(e);
    /* E_VERIFY: if the lease alone is damaged, the office's new one replaces it; else the link key does not open
     * either. */
    code = keyfile_open(keys, &(struct keyfile_attempt){passphrase, clock_wall()}, key, opened, e);
    if (code == E_LOCKED || code == E_VERIFY)
        code = open_by_office(&o, e);
    if (code == 0)
        code = finish_rotate(&o, e);
    free(keys);
    return code;
}
