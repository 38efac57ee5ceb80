/* `satchel recover`: two officers of the office together open a store whose passphrase nobody knows any more, and its
 * person sets a new one. Each use is an event in the laptop's log, with both officers' names. */
#include "command.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "keyfile.h"
#include "renewal.h"
#include "store.h"
#include "store_event.h"

struct recovery {
    const struct cli *cli;
    const struct usage_call *call;
    const char *label;
    char *folder, *keys;
    struct secrets { /* in locked memory */
        uint8_t officer[2][KEYFILE_KEY_BYTES];
        uint8_t key[KEYFILE_KEY_BYTES];
    } * secrets;
    struct id officers[2];
};

/* Opens an officer's key file, which has an X25519 secret in the place of a store's data key. */
static int open_officer(struct recovery *r, size_t which, struct error *e)
{
    static const char *const prompts[] = {"Passphrase of the first officer: ", "Passphrase of the second officer: "};
    static const char *const files[] = {"first-passphrase-file", "second-passphrase-file"};
    static const char *const fds[] = {"first-passphrase-fd", "second-passphrase-fd"};
    const char *path = r->call->words[which];
    char *passphrase = NULL;
    size_t bytes = 0;
    int code = cli_secret(&(struct cli_secret_from){usage_text(r->call, files[which]), usage_text(r->call, fds[which]),
                                                    prompts[which], 0},
                          &passphrase, &bytes, e);
    if (code == 0)
        code = keyfile_open(path, &(struct keyfile_attempt){{passphrase, bytes}, clock_wall()},
                            r->secrets->officer[which], NULL, e);
    cli_secret_free(passphrase, bytes);
    return code == E_NO_STORE ? error_set(e, E_INPUT, "there is no officer's key file %s", path) : code;
}

/* Finds the slot that gets the new passphrase: the one with the label, or the only one. E_USAGE: there is not just one.
 */
static int find_slot(const struct recovery *r, uint8_t *slot, struct error *e)
{
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    size_t count, found = 0;
    int code = keyfile_list(r->keys, slots, KEYFILE_SLOTS_MAX, &count, e);
    for (size_t i = 0; code == 0 && i < count && i < KEYFILE_SLOTS_MAX; i++)
        if (slots[i].type == KEYFILE_PASSPHRASE && (r->label == NULL || strcmp(slots[i].label, r->label) == 0)) {
            *slot = slots[i].number;
            found++;
        }
    if (code == 0 && found != 1)
        code = error_set(e, E_USAGE, "there are %zu passphrases%s%s here; say whose with --label (`satchel key list`)",
                         found, r->label != NULL ? " labelled " : "", r->label != NULL ? r->label : "");
    return code;
}

/* Makes sure that the lease's secret is there, which a passphrase needs under a lease. If it is over or damaged, the
 * office gives a new one. *link: the link key, NULL if this store has no lease. */
static int ensure_lease(const struct recovery *r, const struct store *s, const uint8_t **link, struct error *e)
{
    struct keyfile_lease *lease = sodium_malloc(sizeof *lease);
    int code;
    if (lease == NULL)
        return error_memory(e);
    *link = s->noise_secret;
    code = keyfile_lease_get(r->keys, r->secrets->key, clock_wall(), lease, e);
    if (code == E_NOT_FOUND) {
        *link = NULL;
        code = 0;
    } else if ((code == E_LOCKED || code == E_VERIFY) &&
               (code = renewal_fetch(r->folder, s->noise_secret, lease, e)) == 0) {
        code = keyfile_lease_set(r->keys, r->secrets->key, lease, e);
    }
    sodium_free(lease);
    return code;
}

/* Sets the new passphrase. The event is written first: there must be no recovery that nobody hears of. */
static int set_passphrase(struct recovery *r, uint8_t slot, struct error *e)
{
    const char *file = usage_text(r->call, "new-passphrase-file"), *fd = usage_text(r->call, "new-passphrase-fd");
    struct event event = {.what = "recovered", .at_ms = clock_wall(), .officers = r->officers};
    struct id session = id_new(clock_wall());
    const uint8_t *link = NULL;
    struct store *s = NULL;
    char *passphrase = NULL;
    size_t bytes = 0;
    int code;
    if ((code = store_open_recovered(&s, r->folder, r->secrets->key, &session, e)) == 0 &&
        (code = store_event_write(s, &event, e)) == 0 && (code = ensure_lease(r, s, &link, e)) == 0 &&
        (code = cli_secret(&(struct cli_secret_from){file, fd, "A new passphrase for this laptop: ", 1}, &passphrase,
                           &bytes, e)) == 0)
        code = keyfile_change(
            r->keys, r->secrets->key, slot,
            &(struct keyfile_new_passphrase){{passphrase, bytes}, .cost = KEYFILE_MEASURED, .link = link}, e);
    cli_secret_free(passphrase, bytes);
    store_close(s);
    return code;
}

static void say_recovered(const struct recovery *r)
{
    struct json j = json_start(r->cli->out);
    char first[ID_TEXT], second[ID_TEXT];
    if (r->cli->json) {
        json_object(&j);
        json_flag(json_key(&j, "recovered"), 1);
        json_ids(json_key(&j, "officers"), r->officers, 2);
        json_end(&j);
        return;
    }
    id_format(&r->officers[0], first);
    id_format(&r->officers[1], second);
    fprintf(r->cli->err,
            "the new passphrase is set; the log says that officers %s and %s opened this store\n"
            "next: `satchel unlock`\n",
            first, second);
}

static int recover_store(struct usage_call *call, struct error *e)
{
    struct recovery r = {.cli = call->cli, .label = usage_text(call, "label"), .call = call};
    uint8_t slot = 0;
    int code;
    if ((r.secrets = sodium_malloc(sizeof *r.secrets)) == NULL)
        return error_memory(e);
    if ((code = store_folder(&r.folder, e)) != 0 || (code = store_check(r.folder, e)) != 0)
        goto out;
    if ((r.keys = store_path(r.folder, STORE_KEYS)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((code = find_slot(&r, &slot, e)) == 0 && (code = open_officer(&r, 0, e)) == 0 &&
        (code = open_officer(&r, 1, e)) == 0 &&
        (code = keyfile_open_recovery(r.keys, r.secrets->officer[0], r.secrets->officer[1], r.secrets->key, r.officers,
                                      e)) == 0 &&
        (code = set_passphrase(&r, slot, e)) == 0)
        say_recovered(&r);
out:
    sodium_free(r.secrets);
    free(r.keys);
    free(r.folder);
    return code;
}

const struct command command_recover = {
    .usage =
        {.name = "recover",
         .words = "FIRST SECOND",
         .options = {{.name = "label", .value = "NAME", .help = "whose passphrase is set anew, if there are several"},
                     USAGE_SECRET("first-", "the first officer's passphrase"),
                     USAGE_SECRET("second-", "the second officer's passphrase"),
                     USAGE_SECRET("new-", "the new passphrase")},
         .help = "set a new passphrase with the help of two recovery officers",
         .more = "FIRST and SECOND are the officers' key files. Nothing of the store is lost; that it was opened so is "
                 "told to the office.",
         .example = "satchel recover maria.officer jon.officer"},
    .run = recover_store,
};
