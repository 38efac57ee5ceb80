/* `satchel enrol`: makes a store from a ticket of the office. It can break off anywhere.
 *
 * A marker file, `enrolling`, stands beside the store until the office has answered; it is made before anything of the
 * store. While it is there the store has nothing that a person typed. So running the command again goes on with the
 * same passphrase and the same keys, which the office knows again; and if the office refuses for good, a store that was
 * made a moment ago is removed again. Once the marker is gone nothing here ever touches the store. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "apply.h"
#include "clock.h"
#include "folder.h"
#include "json.h"
#include "keyfile.h"
#include "log.h"
#include "queue.h"
#include "record.h"
#include "renewal.h"
#include "skew.h"
#include "store.h"
#include "tables.h"
#include "ticket.h"
#include "wipe.h"
#include "wire.h"

#define PERSON_NAME 256

struct enrolment {
    struct ticket *ticket; /* in locked memory */
    const char *label, *passphrase_file, *passphrase_fd;
    char *passphrase; /* in locked memory, until the lease is bound to it */
    size_t passphrase_bytes;
    uint8_t slot; /* the passphrase's, in the key file */
    int set_aside;
    char *folder, *keys, *store, *marker;
    char *aside;           /* where the old store went; NULL: there was none */
    uint8_t *key;          /* in locked memory, and so the next two */
    uint8_t *sign_secret;  /* 64 bytes */
    uint8_t *noise_secret; /* 32 bytes */
    uint8_t sign_public[32], noise_public[32];
    struct db *db;
    struct id user;                                /* whose the store is, in the end */
    char person[PERSON_NAME], office[PERSON_NAME]; /* what the office calls that user, and itself */
    uint64_t office_ms;                            /* the office's time, as its answer says */
    int64_t off_ms;                                /* by how much the clock here was ahead then */
    int resumes; /* an enrolment broke off, and its key file is there; else this run makes the store */
};

/* --- the ticket --- */

static int read_ticket(const char *path, struct ticket *out, struct error *e)
{
    int is_stdin = strcmp(path, "-") == 0, code;
    char *text = sodium_malloc(TICKET_TEXT_MAX + 1);
    size_t size = 0;
    ssize_t n = 1;
    int fd;
    if (text == NULL)
        return error_memory(e);
    if ((fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0) {
        code = error_system(e, E_IO, errno, "the ticket %s cannot be opened", path);
        goto out;
    }
    while (size <= TICKET_TEXT_MAX && (n = read(fd, text + size, TICKET_TEXT_MAX + 1 - size)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        size += n > 0 ? (size_t)n : 0;
    }
    code =
        n < 0 ? error_system(e, E_IO, errno, "the ticket %s cannot be read", path) : ticket_parse(text, size, out, e);
    if (!is_stdin)
        close(fd);
out:
    sodium_free(text);
    return code;
}

/* --- the store --- */

static int file_is_there(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0;
}

/* Moves the old store as a whole, with what is unsent and sealed in it, to another name: nothing of it is lost or
 * opened.
 */
static int put_aside(struct enrolment *n, struct error *e)
{
    struct timespec now;
    int was, code = agent_stop(n->folder, &was, e);
    if (code != 0)
        return code;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (asprintf(&n->aside, "%s-aside-%lld", n->folder, (long long)now.tv_sec) < 0) {
        n->aside = NULL;
        return error_memory(e);
    }
    /* An empty folder of that name would be replaced, and one that is not is an error. */
    if (rename(n->folder, n->aside) == 0)
        return 0;
    code = error_system(e, E_IO, errno,
                        "the old store in %s cannot be moved to %s; nothing was touched: set SATCHEL_HOME to another "
                        "folder, and enrol there",
                        n->folder, n->aside);
    free(n->aside);
    n->aside = NULL;
    return code;
}

/* 1: there is a store already that somebody works with; 0: there is not. */
static int is_enrolled(const struct enrolment *n)
{
    return (file_is_there(n->keys) || file_is_there(n->store)) && !file_is_there(n->marker);
}

static int check_free(const struct enrolment *n, struct error *e)
{
    if (n->set_aside || !is_enrolled(n))
        return 0;
    return error_set(e, E_EXISTS,
                     "this laptop is enrolled already: there is a store in %s; nothing was touched. To enrol another "
                     "person set SATCHEL_HOME to another folder; to begin anew in this one, --set-aside keeps the old "
                     "store beside it",
                     n->folder);
}

/* Makes the folder, private to the user, and the marker in it; the marker is on the disk before anything else is. */
static int prepare_folder(struct enrolment *n, struct error *e)
{
    int code, fd;
    struct stat s;
    if (is_enrolled(n) && (code = put_aside(n, e)) != 0)
        return code;
    if ((code = folder_make(n->folder, e)) != 0)
        return code;
    if (stat(n->folder, &s) != 0 || s.st_uid != geteuid() || chmod(n->folder, 0700) != 0)
        return error_set(e, E_IO, "the folder %s cannot be made private to you", n->folder);
    if ((fd = open(n->marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) < 0)
        return error_system(e, E_IO, errno, "%s cannot be made", n->marker);
    code = fsync(fd) == 0 ? 0 : error_system(e, E_IO, errno, "%s cannot be written", n->marker);
    close(fd);
    return code != 0 ? code : folder_sync(n->folder, e);
}

/* Asks for the passphrase before anything is touched, so that who stops here has changed nothing. */
static int ask_passphrase(struct enrolment *n, struct error *e)
{
    n->resumes = file_is_there(n->keys) && file_is_there(n->marker);
    return cli_secret(
        &(struct cli_secret_from){
            n->passphrase_file, n->passphrase_fd,
            n->resumes ? "The passphrase that you chose: " : "A new passphrase for this laptop: ", !n->resumes},
        &n->passphrase, &n->passphrase_bytes, e);
}

/* Makes a key file, or opens the one that a broken enrolment left, and gets the key from it. */
static int open_key(struct enrolment *n, struct error *e)
{
    const struct keyfile_passphrase passphrase = {n->passphrase, n->passphrase_bytes};
    const struct keyfile_attempt attempt = {passphrase, clock_wall()};
    const struct keyfile_new_passphrase first = {passphrase, "owner", KEYFILE_MEASURED, NULL};
    struct keyfile_opened opened = {0};
    int code =
        n->resumes ? keyfile_open(n->keys, &attempt, n->key, &opened, e) : keyfile_create(n->keys, &first, n->key, e);
    n->slot = opened.slot;
    if (n->resumes && (code == E_WRONG_KEY || code == E_LOCKED))
        return error_set(e, code,
                         "this goes on with an enrolment that broke off, and %s; %sremove %s, in which nothing was "
                         "typed yet, and begin again with a new ticket",
                         code == E_LOCKED ? "its lease is over by now" : "it was begun with another passphrase",
                         code == E_LOCKED ? "" : "give that one, or ", n->folder);
    return code;
}

/* Loads the device's two pairs of keys. They are made once, and stored before anybody hears of them. */
static int own_keys(struct enrolment *n, struct error *e)
{
    int code = 0;
    if (db_meta_get(n->db, "sign_secret", n->sign_secret, crypto_sign_SECRETKEYBYTES, NULL) != 0 ||
        db_meta_get(n->db, "noise_secret", n->noise_secret, crypto_scalarmult_SCALARBYTES, NULL) != 0) {
        crypto_sign_keypair(n->sign_public, n->sign_secret);
        randombytes_buf(n->noise_secret, crypto_scalarmult_SCALARBYTES);
        if ((code = db_begin(n->db, e)) != 0)
            return code;
        if ((code = db_meta_set(n->db, "sign_secret", n->sign_secret, crypto_sign_SECRETKEYBYTES, e)) == 0 &&
            (code = db_meta_set(n->db, "noise_secret", n->noise_secret, crypto_scalarmult_SCALARBYTES, e)) == 0)
            code = db_commit(n->db, e);
        if (code != 0)
            db_rollback(n->db);
    }
    crypto_sign_ed25519_sk_to_pk(n->sign_public, n->sign_secret);
    crypto_scalarmult_base(n->noise_public, n->noise_secret);
    return code;
}

/* Removes the store of an enrolment that is not finished. */
static void remove_store(const struct enrolment *n)
{
    static const char *const endings[] = {"", "-wal", "-journal"};
    char path[4096];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        int length = snprintf(path, sizeof path, "%s%s", n->store, endings[i]);
        if (length > 0 && (size_t)length < sizeof path)
            (void)unlink(path);
    }
}

/* Removes what this run made. The office has refused for good, so nobody knows these keys. The marker goes last, when a
 * power cut cannot bring back the others: without it a store counts as somebody's. */
static void undo(struct enrolment *n)
{
    db_close(n->db);
    n->db = NULL;
    remove_store(n);
    (void)unlink(n->keys);
    if (folder_sync(n->folder, NULL) == 0)
        (void)unlink(n->marker);
}

/* --- the office --- */

/* Binds the passphrase to the lease, so that it opens the store only while the lease lasts. This is done before the
 * store says that it is enrolled: if it breaks off, the next run asks the office once more. */
static int bind_lease(struct enrolment *n, const struct message_enrolled *m, struct error *e)
{
    const struct keyfile_new_passphrase leased = {
        {n->passphrase, n->passphrase_bytes}, .cost = KEYFILE_MEASURED, .link = n->noise_secret};
    struct keyfile_lease *lease;
    int code;
    if (m->lease_until_ms == 0)
        return 0;
    if ((lease = sodium_malloc(sizeof *lease)) == NULL)
        return error_memory(e);
    memcpy(lease->secret, m->lease_secret, sizeof lease->secret);
    lease->until_ms = m->lease_until_ms;
    lease->seen_ms = m->office_ms;
    if ((code = keyfile_lease_set(n->keys, n->key, lease, e)) == 0)
        code = keyfile_change(n->keys, n->key, n->slot, &leased, e);
    sodium_free(lease);
    return code;
}

/* Stores everything that makes a store an enrolled one, in one transaction. */
static int keep_answer(struct enrolment *n, const struct message_enrolled *m, const struct id *device, struct error *e)
{
    const struct ticket *t = n->ticket;
    struct db *db = n->db;
    struct edit_author author;
    int code;
    if ((code = db_begin(db, e)) != 0)
        return code;
    if ((code = log_create(db, e)) == 0 && (code = record_create(db, e)) == 0 && (code = tables_create(db, e)) == 0 &&
        (code = edit_author_create(db, device, e)) == 0 &&
        (code = db_meta_set(db, "user", m->user.b, ID_BYTES, e)) == 0 &&
        (code = db_meta_set(db, "office", m->office.b, ID_BYTES, e)) == 0 &&
        (code = db_meta_set_text(db, "log_key", t->log_key, e)) == 0 &&
        (code = db_meta_set(db, "office_noise", t->noise_key, sizeof t->noise_key, e)) == 0 &&
        (code = db_meta_set(db, "seal_key", m->seal_key, sizeof m->seal_key, e)) == 0 &&
        (code = db_meta_set_text(db, "office_host", t->host, e)) == 0 &&
        (code = db_meta_set_uint(db, "office_port", t->port, e)) == 0 &&
        (code = edit_author_load(db, &author, e)) == 0 && (code = skew_keep(db, &author, m->office_ms, e)) == 0 &&
        (code = db_meta_set_uint(db, "enrolled", 1, e)) == 0)
        code = db_commit(db, e);
    if (code != 0)
        db_rollback(db);
    return code;
}

/* E_PEER unless the office speaks of this device, of the ticket's user, and of the log whose key the ticket names. */
static int check_answer(const struct enrolment *n, const struct message *m, const struct id *device, struct error *e)
{
    const struct message_enrolled *a = &m->as.enrolled;
    if (m->type != MESSAGE_ENROLLED || !id_equal(&a->device, device) || !id_equal(&a->user, &n->ticket->user) ||
        a->log_key.size != strlen(n->ticket->log_key) || memcmp(a->log_key.p, n->ticket->log_key, a->log_key.size) != 0)
        return error_set(
            e, E_PEER,
            "the office's answer does not fit the ticket; ask the office for a new ticket and run `satchel "
            "enrol` with it");
    return 0;
}

/* A name from the office's answer, which ends with the link, as much of it as has room. */
static void name_whose(char out[PERSON_NAME], struct slice name)
{
    char whole[MESSAGE_NAME_MAX + 1];
    size_t size = name.size < sizeof whole ? name.size : sizeof whole - 1;
    memcpy(whole, name.p, size);
    whole[size] = '\0';
    cli_cut(out, PERSON_NAME, whole);
}

static int ask_office(struct enrolment *n, const struct id *device, struct error *e)
{
    static const char domain[] = "satchel enrol 1"; /* its NUL is signed too */
    const struct ticket *t = n->ticket;
    struct wire_options options = {.host = t->host,
                                   .port = t->port,
                                   .mode = LINK_ENROL,
                                   .noise_secret = n->noise_secret,
                                   .office_noise = t->noise_key,
                                   .ticket = &t->ticket,
                                   .secret = t->secret};
    struct message m = {.type = MESSAGE_ENROL};
    uint8_t statement[sizeof domain + ID_BYTES + sizeof n->noise_public];
    struct wire *w;
    int code;
    memcpy(statement, domain, sizeof domain);
    memcpy(statement + sizeof domain, t->ticket.b, ID_BYTES);
    memcpy(statement + sizeof domain + ID_BYTES, n->noise_public, sizeof n->noise_public);
    m.as.enrol.ticket = t->ticket;
    memcpy(m.as.enrol.sign_key, n->sign_public, sizeof m.as.enrol.sign_key);
    m.as.enrol.label = (struct slice){(const uint8_t *)n->label, strlen(n->label)};
    crypto_sign_detached(m.as.enrol.proof, NULL, statement, sizeof statement, n->sign_secret);
    if ((code = wire_open(&w, &options, e)) != 0)
        return code;
    if ((code = wire_send(w, &m, e)) == 0 && (code = wire_receive(w, &m, e)) == 0 &&
        (code = check_answer(n, &m, device, e)) == 0 && (code = bind_lease(n, &m.as.enrolled, e)) == 0 &&
        (code = keep_answer(n, &m.as.enrolled, device, e)) == 0) {
        n->office_ms = m.as.enrolled.office_ms;
        n->off_ms = skew_of(n->office_ms);
        name_whose(n->person, m.as.enrolled.user_name);
        name_whose(n->office, m.as.enrolled.office_name);
        wire_end(w);
    }
    /* A ticket that the office does not know cannot make a link: it hangs up without a word. */
    if (code == E_NET) {
        struct error why = *e;
        error_set(e, E_NET,
                  "%s; the ticket may be one that the office does not know any more, or the link is bad: run the "
                  "command again, with the same passphrase, or ask the office for a new ticket",
                  why.text);
    }
    wire_close(w);
    sodium_memzero(&m, sizeof m);
    return code;
}

/* --- the command --- */

static int begin_enrolment(struct enrolment *n, struct error *e)
{
    int code;
    n->ticket = sodium_malloc(sizeof *n->ticket);
    n->key = sodium_malloc(KEYFILE_KEY_BYTES);
    n->sign_secret = sodium_malloc(crypto_sign_SECRETKEYBYTES);
    n->noise_secret = sodium_malloc(crypto_scalarmult_SCALARBYTES);
    if (n->ticket == NULL || n->key == NULL || n->sign_secret == NULL || n->noise_secret == NULL)
        return error_memory(e);
    /* Whatever would keep the store from being unlocked is found before the ticket is used up. */
    if ((code = store_folder(&n->folder, e)) != 0 || (code = agent_check(n->folder, e)) != 0)
        return code;
    n->keys = store_path(n->folder, STORE_KEYS);
    n->store = store_path(n->folder, STORE_DB);
    n->marker = store_path(n->folder, STORE_ENROLLING);
    return n->keys != NULL && n->store != NULL && n->marker != NULL ? 0 : error_memory(e);
}

static void release(struct enrolment *n)
{
    db_close(n->db);
    cli_secret_free(n->passphrase, n->passphrase_bytes);
    sodium_free(n->noise_secret);
    sodium_free(n->sign_secret);
    sodium_free(n->key);
    sodium_free(n->ticket);
    free(n->aside);
    free(n->marker);
    free(n->store);
    free(n->keys);
    free(n->folder);
}

/* Opens the store, or makes it. A power cut while it was made can leave a torn first page, or a log without its store,
 * which do not open with the right key. While the marker is there nothing was typed here, so such a store is made anew;
 * the office refuses the ticket if it has heard of the keys that were in it. */
static int open_store(struct enrolment *n, struct error *e)
{
    struct error why = {0, ""};
    int code = db_open(&n->db, n->store, n->key, 1, 3000, &why);
    if ((code == E_WRONG_KEY || code == E_VERIFY) && file_is_there(n->marker)) {
        remove_store(n);
        return db_open(&n->db, n->store, n->key, 1, 3000, e);
    }
    return code != 0 ? error_set(e, code, "%s", why.text) : 0;
}

static int enrol(struct enrolment *n, struct id *device, struct error *e)
{
    uint64_t enrolled;
    int code;
    if (wipe_resume(n->folder, e) < 0)
        return error_code(e);
    if ((code = check_free(n, e)) != 0 || (code = ask_passphrase(n, e)) != 0 || (code = prepare_folder(n, e)) != 0)
        return code;
    if ((code = open_key(n, e)) != 0) {
        /* Nothing was made yet but the marker. */
        if (!file_is_there(n->keys))
            (void)unlink(n->marker);
        return code;
    }
    if ((code = open_store(n, e)) != 0 || (code = own_keys(n, e)) != 0)
        return code;
    *device = id_of_device(n->sign_public);
    if ((code = db_meta_get_uint(n->db, "enrolled", &enrolled, e)) != 0)
        return code;
    if (enrolled == 0 && (code = ask_office(n, device, e)) != 0) {
        if (!n->resumes && code == E_REFUSED)
            undo(n);
        return code;
    }
    if ((code = db_meta_get(n->db, "user", n->user.b, ID_BYTES, e)) != 0)
        return code;
    /* Who opens the store only when its lease is over needs to know where the office is: it stands on the disk before
     * the store counts as somebody's. */
    if ((code = renewal_remember_office(
             n->folder,
             &(struct renewal_office){n->ticket->host, n->ticket->port, n->ticket->noise_key, n->noise_secret}, e)) !=
            0 ||
        (code = folder_sync(n->folder, e)) != 0)
        return code;
    /* From here on the store is one that nobody takes away. */
    if (unlink(n->marker) != 0 && errno != ENOENT)
        return error_system(e, E_IO, errno, "%s cannot be removed; remove it by hand", n->marker);
    return folder_sync(n->folder, e);
}

/* Adds to an error where the old store is now: the next run does not know of it. */
static int add_aside(const struct enrolment *n, int code, struct error *e)
{
    struct error why = *e;
    return n->aside == NULL ? code : error_set(e, code, "%s; the old store is in %s, as it was", why.text, n->aside);
}

static void say_enrolled(const struct cli *cli, const struct enrolment *n, const struct id *device)
{
    char words[SKEW_WORDS];
    if (cli->json) {
        struct json j = json_start(cli->out);
        json_object(&j);
        json_id(json_key(&j, "device"), device);
        json_id(json_key(&j, "user"), &n->user);
        json_text(json_key(&j, "label"), n->label);
        json_text(json_key(&j, "name"), n->person);
        json_text(json_key(&j, "folder"), n->folder);
        json_text(json_key(&j, "aside"), n->aside);
        json_uint(json_key(&j, "clock_skew_ms"), (uint64_t)(n->off_ms < 0 ? -n->off_ms : n->off_ms));
        json_end(&j);
        return;
    }
    if (n->aside != NULL)
        fprintf(
            cli->err,
            "the old store is in %s; what is unsent in it is sealed to the office: `satchel courier out FILE --from "
            "%s` takes it out\n",
            n->aside, n->aside);
    fputs("enrolled: this laptop is \"", cli->out);
    cli_line(cli->out, n->label);
    fputs("\", the laptop of ", cli->out);
    cli_line(cli->out, n->person);
    fputs(", at ", cli->out);
    cli_line(cli->out, n->office);
    fputc('\n', cli->out);
    if (n->off_ms != 0) {
        skew_words(n->off_ms, n->office_ms, words);
        fprintf(cli->err, "%s\n", words);
    }
    fputs("next: `satchel unlock`, then `satchel sync` fetches the caseload\n", cli->err);
}

static int enrol_laptop(struct usage_call *call, struct error *e)
{
    struct enrolment n = {.label = usage_text(call, "label"),
                          .passphrase_file = usage_text(call, "passphrase-file"),
                          .passphrase_fd = usage_text(call, "passphrase-fd"),
                          .set_aside = usage_flag(call, "set-aside")};
    char host[MESSAGE_LABEL_MAX + 1] = "laptop";
    struct id device;
    int code;
    if (n.label == NULL) {
        if (gethostname(host, sizeof host) != 0 || !pack_is_utf8((const uint8_t *)host, strnlen(host, sizeof host)))
            memcpy(host, "laptop", sizeof "laptop");
        host[sizeof host - 1] = '\0';
        n.label = host;
    }
    if (strlen(n.label) > MESSAGE_LABEL_MAX || !pack_is_utf8((const uint8_t *)n.label, strlen(n.label)))
        return error_set(e, E_USAGE, "--label takes a short name of the laptop, in UTF-8, of at most %d bytes",
                         MESSAGE_LABEL_MAX);
    if ((code = begin_enrolment(&n, e)) == 0 && (code = read_ticket(call->words[0], n.ticket, e)) == 0 &&
        (code = enrol(&n, &device, e)) == 0)
        say_enrolled(call->cli, &n, &device);
    else
        code = add_aside(&n, code, e);
    release(&n);
    return code;
}

const struct command command_enrol = {
    .usage = {.name = "enrol",
              .words = "TICKET",
              .options = {{.name = "label",
                           .value = "NAME",
                           .help = "what the office calls this laptop; its host name, if not said"},
                          {.name = "set-aside", .help = "if there is a store already, keep it beside the new one"},
                          USAGE_SECRET("", "the new passphrase")},
              .help = "enrol this laptop with a ticket from the office",
              .more = "TICKET is the file that the office wrote, or - for the standard input.",
              .example = "satchel enrol anna.ticket"},
    .run = enrol_laptop,
};
