/* Opens the laptop's store and keeps what stands beside it in step: key file (the end of our chain), outbox (the sealed
 * copy of what is unsent), store.office. Whether the lease lasts is asked before anything is opened. */
#include "store.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent.h"
#include "clock.h"
#include "log.h"
#include "record.h"
#include "renewal.h"
#include "tables.h"
#include "vault.h"
#include "wipe.h"

#define WAIT_MS 3000     /* for another command of ours to end */
#define SEEN_WAIT_MS 300 /* the same, to write down what was shown */

static int unfinished(struct error *e)
{
    return error_set(e, E_NO_STORE, "the enrolment of this laptop is not finished; run `satchel enrol TICKET` again");
}

/* --- where it is --- */

char *store_path(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

int store_folder(char **out, struct error *e)
{
    const char *own = getenv("SATCHEL_HOME"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    /* An XDG folder that is not absolute is to be ignored (XDG Base Directory Specification). */
    if (own != NULL && own[0] != '\0')
        *out = strdup(own);
    else if (data != NULL && data[0] == '/')
        *out = store_path(data, "satchel");
    else if (home != NULL && home[0] != '\0')
        *out = store_path(home, ".local/share/satchel");
    else {
        (void)error_set(e, E_INPUT, "there is no home folder to keep the store in; set HOME or SATCHEL_HOME");
        return E_INPUT;
    }
    if (*out == NULL)
        return error_memory(e);
    /* "folder/" and "folder" are one: other names are made from it. */
    for (size_t end = strlen(*out); end > 1 && (*out)[end - 1] == '/'; end--)
        (*out)[end - 1] = '\0';
    return 0;
}

/* --- the end of our chain, in the key file --- */

/* 1: the key file remembers a later end of the chain than the store has. */
static int is_later(const struct keyfile_chain_end *a, const struct chain *b)
{
    return a->epoch > b->epoch || (a->epoch == b->epoch && a->seq > b->seq);
}

/* Writes the end of our chain into the key file. Best effort: the change is safe in the store already. If the key file
 * cannot be written, it remembers an earlier end, and the next opening catches up. */
static void remember_chain_end(struct store *s)
{
    struct keyfile_chain_end end = {s->author.chain.epoch, s->author.chain.seq, {0}};
    char *path;
    memcpy(end.hash, s->author.chain.hash, sizeof end.hash);
    /* Until the store has a new epoch, nothing but the key file tells that it is an older copy. */
    if (s->put_back || memcmp(&end, &s->kept, sizeof end) == 0 || (path = store_path(s->folder, STORE_KEYS)) == NULL)
        return;
    if (keyfile_chain_end_set(path, s->key, &end, NULL) == 0)
        s->kept = end;
    free(path);
}

static int read_chain_end(struct store *s, struct error *e)
{
    char *path = store_path(s->folder, STORE_KEYS);
    int code;
    if (path == NULL)
        return error_memory(e);
    code = keyfile_chain_end_get(path, s->key, &s->kept, e);
    free(path);
    return code;
}

/* Sets put_back if the key file was written beside a later, or another, store than this one. Such a store opens all the
 * same: its person must be able to work, and is told (store_warn). */
static int check_chain_end(struct store *s, struct error *e)
{
    const struct chain *own = &s->author.chain;
    uint8_t hash[CHANGE_HASH_BYTES];
    uint64_t put_back;
    int64_t found = 0;
    if (db_meta_get_uint(s->db, "put_back", &put_back, e) != 0)
        return error_code(e);
    s->put_back = put_back != 0 || is_later(&s->kept, own);
    if (s->put_back || s->kept.seq == 0)
        return 0;
    if (s->kept.epoch == own->epoch && s->kept.seq == own->seq)
        memcpy(hash, own->hash, sizeof hash);
    else if ((found = log_find(s->db, &own->device, s->kept.epoch, s->kept.seq, hash, e)) < 0)
        return error_code(e);
    else if (found == 0)
        return 0; /* the office has it, and it left with its case since */
    s->put_back = memcmp(hash, s->kept.hash, sizeof hash) != 0;
    return 0;
}

/* --- the sealed copy of what is unsent --- */

/* Brings the outbox to where the store is. Best effort, too: what the outbox misses the store has, and the next commit
 * or opening catches up; s->unsealed says why. E_EXISTS: the outbox is ahead of this store. */
static int outbox_catch_up(struct store *s)
{
    struct error why = {0, ""};
    int code = outbox_follow(&s->outbox, s->folder, s->db, &s->author.chain, s->sign_secret, &why);
    if (code != 0)
        s->unsealed = why;
    else
        s->unsealed.code = 0;
    return code;
}

/* Sets an outbox aside that is ahead of this store, since it is what a newer copy of the store left unsent, and begins
 * a new one. */
static int outbox_begin_anew(struct store *s, struct error *e)
{
    int code;
    s->put_back = 1;
    if ((code = db_meta_set_uint(s->db, "put_back", 1, e)) != 0 ||
        (code = outbox_set_aside(s->folder, &s->author.chain.device, e)) != 0)
        return code;
    (void)outbox_catch_up(s);
    return 0;
}

void store_warn(struct store *s, FILE *err)
{
    if (s->put_back && !s->told) {
        (void)fputs(
            "this store is an older copy than the one that was used last on this laptop: what was written since "
            "is not in it; you can go on, and `satchel sync` fetches what the office has\n",
            err);
        outbox_warn(s->folder, err);
        s->told = 1;
    }
    if (s->unsealed.code == 0)
        return;
    (void)fprintf(err,
                  "what was written is saved, but not its sealed copy, which `satchel courier out` would take: %s\n",
                  s->unsealed.text);
    s->unsealed.code = 0;
}

/* --- opening and closing --- */

/* Reads from the store whose it is, its keys, and the office that it belongs to. */
static int load_store(struct store *s, struct error *e)
{
    char key[CHECKPOINT_VKEY_MAX], yes;
    uint64_t port;
    /* Only E_NOT_FOUND says that the enrolment is unfinished: a page that cannot be read is a damaged store. */
    int code = db_meta_get(s->db, "enrolled", &yes, sizeof yes, e);
    if (code == E_NOT_FOUND)
        return unfinished(e);
    if (code != 0 || (code = edit_author_load(s->db, &s->author, e)) != 0 ||
        (code = db_meta_get(s->db, "user", s->user.b, ID_BYTES, e)) != 0 ||
        (code = db_meta_get(s->db, "sign_secret", s->sign_secret, crypto_sign_SECRETKEYBYTES, e)) != 0 ||
        (code = db_meta_get(s->db, "noise_secret", s->noise_secret, crypto_scalarmult_SCALARBYTES, e)) != 0 ||
        (code = db_meta_get(s->db, "office_noise", s->office_noise, sizeof s->office_noise, e)) != 0 ||
        (code = db_meta_get_uint(s->db, "office_port", &port, e)) != 0)
        return code;
    db_meta_text(s->db, "log_key", key, sizeof key);
    db_meta_text(s->db, "office_host", s->office_host, sizeof s->office_host);
    s->office_port = (unsigned)port;
    return checkpoint_vkey_parse(key, &s->office_key, e);
}

static struct store *store_allocate(const char *folder)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->folder = strdup(folder);
    s->key = sodium_malloc(KEYFILE_KEY_BYTES);
    s->sign_secret = sodium_malloc(crypto_sign_SECRETKEYBYTES);
    s->noise_secret = sodium_malloc(crypto_scalarmult_SCALARBYTES);
    if (s->folder == NULL || s->key == NULL || s->sign_secret == NULL || s->noise_secret == NULL) {
        store_close(s);
        return NULL;
    }
    return s;
}

/* Makes tables that another version of the program made this version's, and brings what stands beside the store to
 * where the store is. If the latter fails, the next opening tries again. */
static int catch_up_store(struct store *s, struct error *e)
{
    int code = record_create(s->db, e);
    if (code != 0 || (code = tables_create(s->db, e)) != 0)
        return code;
    if (outbox_catch_up(s) == E_EXISTS && (code = outbox_begin_anew(s, e)) != 0)
        return code;
    remember_chain_end(s);
    (void)renewal_remember_own_office(s, NULL);
    return 0;
}

/* 1: the lease alone is over or damaged. 0: the key file is damaged as a whole; then the agent has the last key that
 * there is, and must keep it. code: what keyfile_lease_get said. */
static int is_lease_over(struct store *s, const char *path, int code)
{
    struct keyfile_chain_end end;
    return code == E_LOCKED || (code == E_VERIFY && keyfile_chain_end_get(path, s->key, &end, NULL) == 0);
}

/* Reads the lease. If it is over, stops the agent, so that only an unlocking by way of the office opens the store
 * again. E_LOCKED, E_VERIFY: it is over or damaged. */
static int check_lease(struct store *s, struct error *e)
{
    struct keyfile_lease *lease = sodium_malloc(sizeof *lease);
    char *path = store_path(s->folder, STORE_KEYS);
    struct error why = {0, ""};
    int code, was;
    if (lease == NULL || path == NULL)
        code = error_memory(&why);
    else if ((code = keyfile_lease_get(path, s->key, clock_wall(), lease, &why)) == 0)
        s->lease_until_ms = lease->until_ms;
    else if (is_lease_over(s, path, code)) {
        (void)agent_stop(s->folder, &was, NULL);
        (void)error_set(
            &why, code,
            "the lease of this laptop %s; connect to the office and run `satchel unlock`, which renews it; what is "
            "unsent is kept, and `satchel courier out FILE` takes it out without a key",
            code == E_LOCKED ? "is over" : "was altered or is damaged");
    }
    free(path);
    sodium_free(lease);
    return code == 0 || code == E_NOT_FOUND ? 0 : error_set(e, code, "%s", why.text);
}

enum manner { TO_WRITE, TO_READ, RECOVERED };

/* Opens the store of a folder with its data key. TO_READ opens to write first if another version of the program wrote
 * the store last, so that no command meets tables that it does not know. RECOVERED needs no lease. */
static int open_with(struct store **out, const char *folder, const uint8_t *key, const struct id *session,
                     enum manner manner, struct error *e)
{
    struct store *s = store_allocate(folder);
    char *path = store_path(folder, STORE_DB);
    int current, code;
    *out = NULL;
    if (s == NULL || path == NULL) {
        code = error_memory(e);
        goto out;
    }
    memcpy(s->key, key, KEYFILE_KEY_BYTES);
    if (manner != RECOVERED && (code = check_lease(s, e)) != 0)
        goto out;
    /* The key file is there (store_check), so a store that is not was taken away or emptied. */
    if ((code = db_open(&s->db, path, s->key, manner == TO_READ ? VAULT_READ : 0, WAIT_MS, e)) == E_NO_STORE)
        code =
            error_set(e, E_VERIFY,
                      "%s is missing or empty, but its key file is there: put the store back from a copy, and change "
                      "nothing else; nothing was touched",
                      path);
    /* The key file is read before the store: if somebody else writes meanwhile, the store is never behind it. */
    if (code != 0 || (code = read_chain_end(s, e)) != 0 || (code = load_store(s, e)) != 0 ||
        (code = check_chain_end(s, e)) != 0)
        goto out;
    s->author.person = s->user;
    s->author.session = *session;
    s->seen.db = s->db;
    s->seen.person = s->user;
    if (manner == TO_READ && (current = record_is_current(s->db, e)) != 1) {
        code = current < 0 ? error_code(e) : open_with(out, folder, key, session, TO_WRITE, e);
        goto out;
    }
    if (manner != TO_READ && (code = catch_up_store(s, e)) != 0)
        goto out;
    s->writes = manner != TO_READ;
    *out = s;
    s = NULL;
out:
    free(path);
    store_close(s);
    return code;
}

int store_open_with(struct store **out, const char *folder, const uint8_t *key, const struct id *session,
                    struct error *e)
{
    return open_with(out, folder, key, session, TO_WRITE, e);
}

int store_open_recovered(struct store **out, const char *folder, const uint8_t *key, const struct id *session,
                         struct error *e)
{
    return open_with(out, folder, key, session, RECOVERED, e);
}

const uint8_t *store_link(const struct store *s)
{
    return s->lease_until_ms != 0 ? s->noise_secret : NULL;
}

/* The error of a folder without a key file. */
static int no_keys(const char *folder, int store_is_there, struct error *e)
{
    if (store_is_there)
        return error_set(e, E_VERIFY,
                         "the key file " STORE_KEYS
                         " is missing in %s, and its store is there: put it back from a copy; "
                         "what is unsent is sealed, and `satchel courier out FILE` takes it out without a key",
                         folder);
    return error_set(e, E_NO_STORE, "this laptop is not enrolled (no store in %s); run `satchel enrol TICKET` first",
                     folder);
}

/* The error of a folder whose wipe has been finished just now. */
static int is_wiped(const char *folder, struct error *e)
{
    return error_set(
        e, E_REFUSED,
        "the office has ordered that this laptop is wiped: what was unsent was sent and received there, and "
        "the wipe, which had broken off, is finished now (%s); tell the office, which may have no receipt",
        folder);
}

int store_check(const char *folder, struct error *e)
{
    char *keys = store_path(folder, STORE_KEYS), *marker = store_path(folder, STORE_ENROLLING);
    char *db = store_path(folder, STORE_DB);
    struct stat there;
    int wiped, code = 0;
    if (keys == NULL || marker == NULL || db == NULL)
        code = error_memory(e);
    else if ((wiped = wipe_resume(folder, e)) != 0)
        code = wiped < 0 ? error_code(e) : is_wiped(folder, e);
    else if (stat(marker, &there) == 0)
        code = unfinished(e);
    else if (stat(keys, &there) != 0)
        code = errno == ENOENT || errno == ENOTDIR ? no_keys(folder, stat(db, &there) == 0, e)
                                                   : error_system(e, E_IO, errno, "%s cannot be read", keys);
    free(keys);
    free(marker);
    free(db);
    return code;
}

static int open_by_agent(struct store **out, enum manner manner, struct error *e)
{
    char *folder = NULL;
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES);
    struct id session;
    int code;
    *out = NULL;
    if (key == NULL)
        return error_memory(e);
    if ((code = store_folder(&folder, e)) == 0 && (code = store_check(folder, e)) == 0 &&
        (code = agent_ask(folder, key, &session, e)) == 0)
        code = open_with(out, folder, key, &session, manner, e);
    sodium_free(key);
    free(folder);
    return code;
}

int store_open(struct store **out, struct error *e)
{
    return open_by_agent(out, TO_WRITE, e);
}

int store_open_reading(struct store **out, struct error *e)
{
    return open_by_agent(out, TO_READ, e);
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    outbox_close(&s->outbox);
    seen_free(&s->seen);
    db_close(s->db);
    sodium_free(s->key);
    sodium_free(s->sign_secret);
    sodium_free(s->noise_secret);
    free(s->folder);
    free(s);
}

void store_keep_seen(struct store *s)
{
    struct error why = {0, ""};
    char *path;
    if (seen_is_new(&s->seen, &why) != 1 || (path = store_path(s->folder, STORE_DB)) == NULL)
        return;
    db_close(s->db);
    s->db = NULL;
    if (db_open(&s->db, path, s->key, 0, SEEN_WAIT_MS, &why) == 0) {
        s->seen.db = s->db;
        (void)seen_keep(&s->seen, &why);
    }
    free(path);
}

/* --- turns --- */

void store_let_go(struct store *s)
{
    /* The outbox is one writer's file, like the store: the next one may append to it. */
    outbox_close(&s->outbox);
    db_close(s->db);
    s->db = s->seen.db = NULL;
    s->writes = 0;
}

/* The store is open to write again: reads what another command may have moved. */
static int look_again(struct store *s, struct error *e)
{
    struct edit_author now;
    int current = record_is_current(s->db, e), code;
    if (current < 0)
        return error_code(e);
    if (!current)
        return error_set(e, E_BUSY, "another version of satchel used the store meanwhile; run this again");
    if ((code = edit_author_load(s->db, &now, e)) != 0)
        return code;
    s->author.chain = now.chain;
    s->author.hlc = now.hlc;
    return read_chain_end(s, e);
}

int store_take(struct store *s, int wait_ms, struct error *e)
{
    char *path;
    int code;
    if (s->db != NULL && s->writes)
        return 0;
    store_let_go(s);
    if ((path = store_path(s->folder, STORE_DB)) == NULL)
        return error_memory(e);
    code = db_open(&s->db, path, s->key, 0, wait_ms, e);
    free(path);
    s->writes = code == 0;
    if (code == 0)
        code = look_again(s, e);
    if (code != 0)
        store_let_go(s);
    else
        s->seen.db = s->db;
    return code;
}

/* --- transactions --- */

int store_begin(struct store *s, struct error *e)
{
    return db_begin(s->db, e);
}

int store_commit(struct store *s, struct error *e)
{
    int code = db_commit(s->db, e);
    if (code != 0) {
        store_rollback(s);
        return code;
    }
    remember_chain_end(s);
    (void)outbox_catch_up(s);
    return 0;
}

void store_rollback(struct store *s)
{
    struct edit_author before;
    db_rollback(s->db);
    /* The chain ends again where the store says; person and sitting stay the same. */
    if (edit_author_load(s->db, &before, NULL) == 0) {
        s->author.chain = before.chain;
        s->author.hlc = before.hlc;
    }
}
