/* Tests: client/audit/audit_evidence.c client/audit/audit_own.c client/audit/audit_verify.c
 *     client/audit/audit_verify_print.c client/audit/audit_replay.c
 * What an auditor is told beside "verified": what no witness covers, who wrote in the office's own chain; what he holds
 * the archive against: a checkpoint that somebody saw, an earlier archive; and whether a replay was verified. */
#include "audit_fixture.h"

#include "audit_verify.h"
#include "tamper_fixture.h"

static struct audit_office office;
static struct audit_verify_result result;
static char seen_path[64], since_path[64];

static int set_up(void **state)
{
    (void)state;
    audit_make_folder();
    (void)snprintf(seen_path, sizeof seen_path, "%s/seen", audit_folder);
    (void)snprintf(since_path, sizeof since_path, "%s/since", audit_folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(seen_path);
    (void)unlink(since_path);
    return audit_remove_folder();
}

static int begin(void **state)
{
    (void)state;
    audit_open_office(&office, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    audit_close_office(&office);
    return 0;
}

static int verify(const char *seen, const char *since, int with, struct error *e)
{
    struct audit_verify_options options = {.archive = audit_path,
                                           .key = office.log_key,
                                           .passphrase = with ? PASSPHRASE : NULL,
                                           .passphrase_bytes = strlen(PASSPHRASE),
                                           .seen = seen,
                                           .since = since};
    memset(e, 0, sizeof *e);
    return audit_verify(&options, &result, e);
}

/* What is printed of an archive that verifies has these words; *status: of the proof. */
static void expect_printed(const char *words, int wanted)
{
    char *text;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 0, 0};
    int status = audit_verify_print(&cli, &result);
    fclose(cli.out);
    if (strstr(text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, text);
    assert_int_equal(status, wanted);
    free(text);
}

/* The office writes one more entry: a note in the case, under somebody's name. */
static void write_as(const struct id *person)
{
    struct edit edit;
    struct id own = office.own.author.person, record = id_new(audit_now_ms);
    office.own.author.person = *person;
    audit_start(&edit, &office.own, KIND_NOTE, &office.scope, &record);
    audit_set(&edit, "text", "written at the office");
    audit_write_own(&office, &edit);
    office.own.author.person = own;
    audit_add_head(&office, &office.own);
    audit_state_checkpoint(&office);
}

/* Goal: the auditor hears up to where laptops vouch for the log, and how many entries stand on the office's word alone;
 * without the passphrase, that no laptop's signature could be checked. */
static void what_no_witness_covers_is_said(void **state)
{
    uint64_t covered;
    char words[128];
    struct error e;
    (void)state;
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, NULL, 1, &e), 0);
    assert_int_equal(result.witnesses, 2);
    covered = result.witnessed;
    assert_true(covered > 0 && covered <= result.entries);
    for (int i = 0; i < 3; i++)
        write_as(&office.own.author.person);
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, NULL, 1, &e), 0);
    assert_int_equal(result.witnessed, covered);
    (void)snprintf(
        words, sizeof words,
        "under the signatures of 2 laptops up to %llu entries; the last %llu entries on the office's word alone\n",
        (unsigned long long)covered, (unsigned long long)(result.entries - covered));
    expect_printed(words, 0);
    assert_int_equal(verify(NULL, NULL, 0, &e), 0);
    assert_int_equal(result.witnessed, 0);
    expect_printed("no laptop's signature could be checked: all of it stands on the office's word",
                   ERROR_STATUS_WAITING);
}

/* Goal: what the office signed in a worker's name is told with name and number. */
static void who_wrote_in_the_offices_own_chain_is_said(void **state)
{
    struct error e;
    (void)state;
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, NULL, 1, &e), 0);
    assert_int_equal(result.writer_count, 0);
    write_as(&office.anna.user);
    write_as(&office.anna.user);
    write_as(&office.ben.user);
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, NULL, 1, &e), 0);
    assert_int_equal(result.writer_count, 2);
    assert_true(id_equal(&result.writers[0].id, &office.anna.user));
    assert_int_equal(result.writers[0].changes, 2);
    assert_int_equal(result.writers[1].last, result.entries - 1);
    expect_printed("of them 2 in the name of Anna Berg", 0);
    /* Names are sealed without the passphrase; ids are not. */
    assert_int_equal(verify(NULL, NULL, 0, &e), 0);
    assert_int_equal(result.writers[0].changes, 2);
    assert_string_equal(result.writers[0].name, "");
}

/* Goal: an office cannot hide in whose name it wrote behind a second record of an office with that person's id. */
static void a_second_record_of_an_office_fails_the_archive(void **state)
{
    struct edit edit;
    struct error e;
    char begins[64];
    (void)state;
    write_as(&office.anna.user);
    (void)snprintf(begins, sizeof begins, "entry %llu: it is a second record of an office",
                   (unsigned long long)office.tree.size);
    audit_start(&edit, &office.own, KIND_OFFICE, &audit_everywhere, &office.client);
    audit_set(&edit, "name", "Another office");
    audit_write_own(&office, &edit);
    audit_add_head(&office, &office.own);
    audit_state_checkpoint(&office);
    audit_write_archive(&office);
    for (int with = 0; with < 2; with++) {
        assert_int_equal(verify(NULL, NULL, with, &e), E_VERIFY);
        assert_begins(&e, begins);
    }
}

static void store_note(const char *note)
{
    tamper_store(seen_path, (const uint8_t *)note, strlen(note));
}

/* The office's own note, and so many lines behind it that the file is longer than what is read of one. */
static void store_long_note(void)
{
    size_t bytes = strlen(office.note), room = 65536;
    uint8_t *text = malloc(room);
    assert_non_null(text);
    memset(text, '\n', room);
    memcpy(text, office.note, bytes);
    tamper_store(seen_path, text, room);
    free(text);
}

/* A checkpoint of the office's, or of another key's. */
static void store_checkpoint(uint64_t size, const struct merkle_hash *root, const uint8_t secret[64])
{
    struct checkpoint c;
    char note[CHECKPOINT_TEXT_MAX];
    memset(&c, 0, sizeof c);
    memcpy(c.origin, office.vkey.origin, sizeof c.origin);
    c.size = size;
    c.root = *root;
    assert_int_equal(checkpoint_sign(&c, secret, note, NULL), 0);
    store_note(note);
}

/* Goal: a checkpoint that somebody has seen is of this log, or the archive is refused as any that is contradicted. */
static void an_archive_is_held_against_a_checkpoint_that_was_seen(void **state)
{
    static const struct merkle_hash other = {{7}};
    char status[2 * CHECKPOINT_TEXT_MAX], *p = status;
    uint64_t size = office.tree.size;
    struct merkle_hash root;
    struct error e;
    (void)state;
    merkle_root(&office.tree, &root);
    store_note(office.note);
    write_as(&office.anna.user);
    audit_write_archive(&office);
    assert_int_equal(verify(seen_path, NULL, 1, &e), 0);
    expect_printed("is of this log", 0);
    /* What `satchel status --json` says of it. */
    p += sprintf(p, "{\"locked\": false, \"checkpoint_note\": \"");
    for (const char *c = office.note; *c != 0; c++)
        p += *c == '\n' ? sprintf(p, "\\n") : sprintf(p, "%c", *c);
    (void)sprintf(p, "\"}\n");
    store_note(status);
    assert_int_equal(verify(seen_path, NULL, 1, &e), 0);
    store_note("{\"locked\": false, \"checkpoint_note\": null}\n");
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_INPUT);
    store_note("{\"locked\": ");
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_INPUT);
    assert_says(&e, "begins as JSON and is none");
    /* A file that is too long is not read in part. */
    store_long_note();
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_INPUT);
    assert_says(&e, "is too long");
    /* Another root, a longer log, another key; without a set-back nothing excuses them. */
    store_checkpoint(size, &other, office.own.secret);
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_VERIFY);
    assert_begins(&e, "--seen:");
    assert_says(&e, "the office has two histories");
    store_checkpoint(office.tree.size + 1, &root, office.own.secret);
    assert_int_equal(verify(seen_path, NULL, 0, &e), E_VERIFY);
    assert_says(&e, "the office's history has shrunk");
    store_checkpoint(size, &root, office.anna.secret);
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_VERIFY);
    store_checkpoint(0, &root, office.own.secret); /* whoever saw nothing saw no root */
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_VERIFY);
    assert_int_equal(verify(audit_folder, NULL, 1, &e), E_IO);
    assert_int_equal(verify("/nowhere", NULL, 1, &e), E_INPUT);
}

/* Goal: an archive goes on from the earlier one, or it is refused. */
static void an_archive_is_held_against_an_earlier_one(void **state)
{
    struct tamper earlier;
    struct error e;
    (void)state;
    audit_write_archive(&office);
    tamper_load(&earlier, audit_path);
    tamper_store(since_path, earlier.p, earlier.size);
    tamper_free(&earlier);
    assert_int_equal(verify(NULL, since_path, 1, &e), 0);
    write_as(&office.anna.user);
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, since_path, 1, &e), 0);
    expect_printed("since       the earlier archive, of ", 0);
    /* The other way round: the one in hand is the older one. */
    assert_int_equal(rename(audit_path, audit_other), 0);
    assert_int_equal(rename(since_path, audit_path), 0);
    assert_int_equal(verify(NULL, audit_other, 1, &e), E_VERIFY);
    assert_begins(&e, "--since:");
    assert_int_equal(verify(NULL, "/dev/null", 1, &e), E_INPUT);
    /* Another history under the same key. */
    audit_close_office(&office);
    audit_open_office(&office, 0);
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, audit_other, 0, &e), E_VERIFY);
}

/* The office says that it was put back to a backup of as many entries as the log has now. */
static void announce_set_back(void)
{
    struct id record = id_new(audit_now_ms);
    char count[24];
    struct edit edit;
    memset(&office.own.author.chain.hash, 0, sizeof office.own.author.chain.hash);
    office.own.author.chain.epoch++;
    office.own.author.chain.seq = 0;
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)office.tree.size);
    audit_start(&edit, &office.own, KIND_EVENT, &audit_everywhere, &record);
    audit_set(&edit, "what", "set back");
    audit_set(&edit, "count", count);
    audit_write_own(&office, &edit);
    audit_add_head(&office, &office.own);
    audit_state_checkpoint(&office);
}

/* Goal: a statement that a set-back lost is no contradiction, and is not silently taken either. */
static void a_set_back_may_be_why_a_checkpoint_is_of_no_use(void **state)
{
    static const struct merkle_hash other = {{7}};
    struct error e;
    (void)state;
    store_checkpoint(office.tree.size + 5, &other, office.own.secret);
    announce_set_back();
    audit_write_archive(&office);
    assert_int_equal(verify(seen_path, NULL, 1, &e), 0);
    assert_int_equal(result.evidence_lost[0], 1);
    expect_printed("is not of this log: the office was put back since", ERROR_STATUS_WAITING);
}

/* Goal: of several set-backs each explains what it lost: a later one that lost less does not accuse the office. */
static void an_earlier_set_back_explains_a_checkpoint_too(void **state)
{
    static const struct merkle_hash other = {{7}};
    uint64_t first = office.tree.size, first_ms, now = audit_now_ms;
    char when[32], words[64];
    struct error e;
    (void)state;
    announce_set_back();
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, NULL, 1, &e), 0);
    first_ms = result.set_back_ms;
    for (int i = 0; i < 4; i++)
        write_as(&office.own.author.person);
    audit_now_ms += 7200000;
    announce_set_back();
    audit_write_archive(&office);
    audit_now_ms = now;
    store_checkpoint(first + 2, &other, office.own.secret);
    assert_int_equal(verify(seen_path, NULL, 1, &e), 0);
    assert_int_equal(result.evidence_lost[0], 1);
    assert_int_equal(result.evidence_lost_ms[0], first_ms);
    assert_true(result.set_back_ms > first_ms);
    cli_time(first_ms, when);
    (void)snprintf(words, sizeof words, "if it is from before %s;", when);
    expect_printed(words, ERROR_STATUS_WAITING);
    store_checkpoint(office.tree.size + 2, &other, office.own.secret);
    assert_int_equal(verify(seen_path, NULL, 1, &e), 0);
    assert_int_equal(result.evidence_lost_ms[0], result.set_back_ms);
    store_checkpoint(first, &other, office.own.secret); /* none of them goes back to before that */
    assert_int_equal(verify(seen_path, NULL, 1, &e), E_VERIFY);
}

/* What is said of this proof; *json: the answer in JSON. The texts are freed by the caller. */
static int say_replayed(const struct audit_verify_result *proof, char **words, char **json)
{
    size_t bytes, json_bytes;
    struct audit_replayed r = {NULL, 7, proof};
    struct error e;
    struct cli cli = {open_memstream(json, &json_bytes), open_memstream(words, &bytes), 1, 0};
    int status = audit_replay_say(&cli, proof);
    assert_int_equal(db_open_memory(&r.db, &e), 0);
    assert_int_equal(log_create(r.db, &e), 0);
    assert_int_equal(record_create(r.db, &e), 0);
    assert_int_equal(audit_replay_print_digest(&cli, &r, NULL, &e), 0);
    db_close(r.db);
    fclose(cli.out);
    fclose(cli.err);
    return status;
}

static void expect_replayed(const struct audit_verify_result *proof, int wanted, const char *said, const char *flags)
{
    char *words, *json;
    assert_int_equal(say_replayed(proof, &words, &json), wanted);
    if (strstr(words, said) == NULL || strstr(json, flags) == NULL)
        fail_msg("\"%s\" and \"%s\" are not in: %s%s", said, flags, words, json);
    free(words);
    free(json);
}

static int replay(const char *key, struct error *e)
{
    struct audit_replay_options options = {.archive = audit_path,
                                           .passphrase = PASSPHRASE,
                                           .passphrase_bytes = strlen(PASSPHRASE),
                                           .until_ms = UINT64_MAX,
                                           .key = key,
                                           .verified = &result};
    struct db *db = NULL;
    int code = audit_replay(&options, &db, NULL, e);
    if (code != 0)
        assert_null(db);
    db_close(db);
    return code;
}

/* Goal: with the key a replay gives nothing that does not verify, and the archive is read once; without it the words
 * say so. */
static void a_replay_with_the_key_is_verified_in_the_same_pass(void **state)
{
    struct error e;
    (void)state;
    audit_write_archive(&office);
    assert_int_equal(replay(NULL, &e), 0);
    assert_int_equal(replay(office.log_key, &e), 0);
    assert_int_equal(result.entries, office.tree.size);
    expect_replayed(NULL, 0, "not verified", "\"verified\": false, \"complete\": false");
    expect_replayed(&result, 0, "verified in the same pass: nothing was altered",
                    "\"verified\": true, \"complete\": true");
    /* An office that nobody enrolled wrote entries: a replay shows them, and with the key it does not. */
    audit_close_office(&office);
    audit_open_office(&office, 0);
    audit_write_archive(&office);
    assert_int_equal(replay(NULL, &e), 0);
    assert_int_equal(replay(office.log_key, &e), E_VERIFY);
    assert_says(&e, "had not been enrolled");
}

/* Goal: a replay of what an office took by a newer program is verified in part, in words, in JSON and by its exit
 * status, as verify says of the same archive. */
static void a_replay_that_is_verified_in_part_says_so(void **state)
{
    struct id note = id_new(audit_now_ms);
    struct edit edit;
    struct error e;
    (void)state;
    assert_int_equal(edit_open(&edit, office.own.db, &office.own.author.person, &e), 0);
    audit_set(&edit, "schema_version", "99");
    audit_write_own(&office, &edit);
    audit_add_head(&office, &office.own);
    audit_start(&edit, &office.ben, KIND_NOTE, &office.scope, &note);
    audit_set(&edit, "text", "seen at home");
    audit_commit(&office.ben, &edit, NULL);
    audit_push(&office, &office.ben);
    audit_state_checkpoint(&office);
    audit_write_archive(&office);
    assert_int_equal(replay(office.log_key, &e), 0);
    assert_true(result.unjudged > 0);
    assert_int_equal(audit_verify_is_complete(&result), 0);
    expect_printed("verified in part: the office took ", ERROR_STATUS_WAITING);
    expect_printed("all keep them; 1 not judged", ERROR_STATUS_WAITING);
    expect_replayed(&result, ERROR_STATUS_WAITING, "verified in part, in the same pass",
                    "\"verified\": true, \"complete\": false");
    result.unjudged = 0;
    result.heads_unchecked = 1;
    expect_replayed(&result, ERROR_STATUS_WAITING, "verified in part", "\"complete\": false");
}

/* Goal: "all keep them" is said only if they do: what breaks a rule that a newer program alone knows is counted, and
 * what was not judged too. */
static void what_breaks_a_later_rule_or_was_not_judged_is_said(void **state)
{
    struct error e;
    (void)state;
    audit_write_archive(&office);
    assert_int_equal(verify(NULL, NULL, 1, &e), 0);
    expect_printed("judged by the log before each: all keep them; 1 more held by the office\n", 0);
    result.late = 1;
    result.judged = 7;
    expect_printed(
        "6 keep them, 1 breaks a rule that only a newer program than the office's of that time knows; 1 more", 0);
    result.unjudged = 3;
    expect_printed("knows; 3 not judged, since this program is older than the office's; 1 more held by the office\n",
                   ERROR_STATUS_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_no_witness_covers_is_said, begin, end),
        cmocka_unit_test_setup_teardown(who_wrote_in_the_offices_own_chain_is_said, begin, end),
        cmocka_unit_test_setup_teardown(a_second_record_of_an_office_fails_the_archive, begin, end),
        cmocka_unit_test_setup_teardown(an_archive_is_held_against_a_checkpoint_that_was_seen, begin, end),
        cmocka_unit_test_setup_teardown(an_archive_is_held_against_an_earlier_one, begin, end),
        cmocka_unit_test_setup_teardown(a_set_back_may_be_why_a_checkpoint_is_of_no_use, begin, end),
        cmocka_unit_test_setup_teardown(an_earlier_set_back_explains_a_checkpoint_too, begin, end),
        cmocka_unit_test_setup_teardown(a_replay_with_the_key_is_verified_in_the_same_pass, begin, end),
        cmocka_unit_test_setup_teardown(a_replay_that_is_verified_in_part_says_so, begin, end),
        cmocka_unit_test_setup_teardown(what_breaks_a_later_rule_or_was_not_judged_is_said, begin, end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
