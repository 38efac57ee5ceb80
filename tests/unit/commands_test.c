/* The record commands on a store in memory: what a person types, and what the program says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "desk.h"
#include "log.h"
#include "queue.h"
#include "record.h"

#define ARGUMENTS_MAX 16

static uint64_t clock_now = 1760000000000;

static uint64_t tick(void)
{
    return clock_now += 60000;
}

/* A laptop, a colleague's laptop and the office, all of whose changes stand in one store; and what a command said. */
struct desk {
    struct store store;
    struct edit_author colleague, office;
    char folder[16];
    uint8_t key[32];
    char *out, *err;
    size_t out_bytes, err_bytes;
    int waiting;
    struct error e;
    char client[ID_TEXT], file[ID_TEXT]; /* file: the case */
};

static struct id numbered(uint8_t number)
{
    struct id id = {{0x01, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0xee, 0xee, 0xee, number}};
    return id;
}

static void write_as(struct desk *d, struct edit_author *author, struct edit *edit, const char *reason)
{
    assert_int_equal(edit_commit(edit, author, reason, LOG_NO_POSITION, 0, NULL, &d->e), 0);
    /* The store's own chain is that of the laptop alone. */
    assert_int_equal(edit_author_save(d->store.db, &d->store.author, &d->e), 0);
}

static void make_user(struct desk *d, uint8_t number, const char *name)
{
    static const struct id everywhere;
    struct id user = numbered(number);
    struct edit edit;
    assert_int_equal(edit_new(&edit, d->store.db, schema_kind(KIND_USER), &everywhere, &user, &d->e), 0);
    assert_int_equal(edit_set_text(&edit, "name", name, &d->e), 0);
    write_as(d, &d->office, &edit, NULL);
}

static struct edit_author other_author(uint8_t device, uint8_t person)
{
    struct edit_author author;
    memset(&author, 0, sizeof author);
    author.chain.device = numbered(device);
    author.chain.epoch = 1;
    author.person = numbered(person);
    author.wall = tick;
    return author;
}

static void forget_output(struct desk *d)
{
    free(d->out);
    free(d->err);
    d->out = d->err = NULL;
}

/* Runs a command with the words of `line`, of which those in 'quotes' are one. */
static int run(struct desk *d, desk_work *work, const char *line)
{
    char *words = strdup(line), *argv[ARGUMENTS_MAX + 1], *p = words;
    struct cli cli = {NULL, NULL, 0, 0};
    int argc = 0, code;
    assert_non_null(words);
    forget_output(d);
    while (*p != '\0') {
        int quoted = 0;
        assert_true(argc < ARGUMENTS_MAX);
        for (argv[argc++] = p; *p != '\0' && (quoted || *p != ' ');) {
            quoted ^= *p == '\'';
            if (*p == '\'')
                memmove(p, p + 1, strlen(p));
            else
                p++;
        }
        if (*p == ' ')
            *p++ = '\0';
    }
    argv[argc] = NULL;
    cli.out = open_memstream(&d->out, &d->out_bytes);
    cli.err = open_memstream(&d->err, &d->err_bytes);
    assert_non_null(cli.out);
    assert_non_null(cli.err);
    d->waiting = 0;
    memset(&d->e, 0, sizeof d->e);
    code = work(&d->store, &cli, argc, argv, &d->waiting, &d->e);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    free(words);
    if (code != 0)
        assert_int_equal(code, d->e.code);
    assert_false(db_in_transaction(d->store.db));
    return code;
}

/* As run, with one %s for an id. */
static int run_on(struct desk *d, desk_work *work, const char *form_before, const char *id, const char *form_after)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s %s %s", form_before, id, form_after);
    return run(d, work, line);
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static void take_id(const struct desk *d, char out[ID_TEXT])
{
    struct id id;
    assert_int_equal(d->out_bytes, ID_TEXT);
    memcpy(out, d->out, ID_TEXT - 1);
    out[ID_TEXT - 1] = '\0';
    assert_int_equal(id_parse(out, &id, NULL), 0);
}

static int setup(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    struct id device = numbered(1);
    assert_non_null(d);
    assert_true(sodium_init() >= 0);
    assert_int_equal(db_open_memory(&d->store.db, &d->e), 0);
    assert_int_equal(log_create(d->store.db, &d->e), 0);
    assert_int_equal(record_create(d->store.db, &d->e), 0);
    assert_int_equal(queue_create(d->store.db, &d->e), 0);
    assert_int_equal(apply_create(d->store.db, &d->e), 0);
    assert_int_equal(edit_author_create(d->store.db, &device, &d->e), 0);
    assert_int_equal(edit_author_load(d->store.db, &d->store.author, &d->e), 0);
    (void)snprintf(d->folder, sizeof d->folder, "/nonexistent");
    d->store.folder = d->folder;
    d->store.key = d->key;
    d->store.user = d->store.author.person = numbered(11);
    d->store.author.wall = tick;
    d->colleague = other_author(2, 12);
    d->office = other_author(3, 13);
    make_user(d, 11, "Anna Berg");
    make_user(d, 12, "Bo Lind");
    assert_int_equal(run(d, write_new, "new client 'legal_name=Ada Byron' birth_date=1984-05-31"), 0);
    take_id(d, d->client);
    assert_int_equal(run_on(d, write_new, "new case", "number=2024-17 risk=moderate 'client=ada byron'", ""), 0);
    take_id(d, d->file);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct desk *d = *state;
    forget_output(d);
    db_close(d->store.db);
    free(d);
    return 0;
}

/* The colleague sets a field of a record, without having seen what is there. */
static void set_unseen(struct desk *d, const char *record, const char *name, const char *text)
{
    const struct schema_field *field;
    struct pack value;
    struct edit edit;
    struct id id;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(edit_open(&edit, d->store.db, &id, &d->e), 0);
    field = schema_field_named(edit.kind, name);
    pack_start(&value);
    assert_int_equal(schema_parse(edit.kind, field, text, &value, &d->e), 0);
    assert_int_equal(edit_set_over(&edit, field, pack_bytes(&value), NULL, 0, &d->e), 0);
    pack_free(&value);
    write_as(d, &d->colleague, &edit, NULL);
}

static void set_arriving(struct desk *d, const char *scope)
{
    struct id id;
    assert_int_equal(id_parse(scope, &id, NULL), 0);
    assert_int_equal(db_run(d->store.db, &d->e, "INSERT INTO scope(id, complete) VALUES(?, 0)", "d", &id), 0);
}

static const char *last8(const char *id)
{
    return id + strlen(id) - 8;
}

/* --- reading --- */

/* Goal: the caseload shows what one needs to choose the next visit, and what waits. */
static void list_shows_the_caseload(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run_on(d, write_set, "set", d->file, "'next_visit=2026-11-23 14:30'"), 0);
    assert_int_equal(run_on(d, write_add, "add", d->client, "'alert=a dog'"), 0);
    assert_int_equal(run(d, list_run, "list"), 0);
    has(d->out, last8(d->file));
    has(d->out, "2024-17");
    has(d->out, "Ada Byron");
    has(d->out, "moderate");
    has(d->out, "open");
    has(d->out, "2026-11-23 14:30Z");
    has(d->out, "[alert]");
    has(d->out, "[unsent: 4]");
    has(d->err, "1 case\n");
    assert_int_equal(run(d, list_run, "list --json"), 0);
    has(d->out, d->file);
    has(d->out, "\"risk\": \"moderate\"");
}

/* Goal: contested cases stand first, then the higher risk, then the name. */
static void list_is_in_the_order_of_need(void **state)
{
    struct desk *d = *state;
    char low[ID_TEXT], high[ID_TEXT], contested[ID_TEXT];
    const char *first, *second, *third, *fourth;
    assert_int_equal(run(d, write_new, "new case client=byron risk=low"), 0);
    take_id(d, low);
    assert_int_equal(run(d, write_new, "new case client=byron risk=critical"), 0);
    take_id(d, high);
    assert_int_equal(run(d, write_new, "new case client=byron risk='none known'"), 0);
    take_id(d, contested);
    set_unseen(d, contested, "risk", "low");
    assert_int_equal(run(d, list_run, "list"), 0);
    assert_non_null(first = strstr(d->out, last8(contested)));
    assert_non_null(second = strstr(d->out, last8(high)));
    assert_non_null(third = strstr(d->out, last8(d->file)));
    assert_non_null(fourth = strstr(d->out, last8(low)));
    assert_true(first < second && second < third && third < fourth);
    has(d->out, "[contested: 1]");
}

/* Goal: allergies and alerts stand before everything else, and where there are none that is said as what it is. */
static void show_begins_with_allergies(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "ALLERGIES         no allergies recorded\n");
    has(d->out, "ALERTS            no alerts recorded\n");
    assert_int_equal(run_on(d, write_add, "add", d->client, "'allergy=penicillin (severe)' 'alert=a dog'"), 0);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    assert_int_equal(strncmp(d->out, "ALLERGIES         penicillin (severe)\nALERTS            a dog\n", 59), 0);
    has_not(d->out, "no allergies");
    has(d->out, "2024-17");
    has(d->out, "1984-05-31");
    has(d->out, "moderate");
}

/* Goal: what has not arrived is never said to be empty, in words or in JSON. */
static void what_is_arriving_is_not_empty(void **state)
{
    struct desk *d = *state;
    set_arriving(d, d->client);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has_not(d->out, "no allergies");
    has_not(d->out, "no alerts");
    has(d->out, "ALLERGIES         not all of this person's record has arrived yet");
    has(d->out, "NOT ALL OF THIS PERSON HAS ARRIVED YET");
    assert_int_equal(run_on(d, show_run, "show --json", d->client, ""), 0);
    has(d->out, "\"arriving\": true");
    has_not(d->out, "allergy");
    set_arriving(d, d->file);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "NOT ALL OF THIS CASE HAS ARRIVED YET");
    assert_int_equal(run_on(d, write_add, "add", d->client, "allergy=latex"), 0);
    assert_int_equal(run_on(d, show_run, "show", d->client, ""), 0);
    has(d->out, "there may be more");
    assert_int_equal(run(d, list_run, "list"), 0);
    has(d->out, "[arriving]");
    has(d->err, "2 cases and persons have not arrived whole yet");
}

/* Goal: a case whose client is not on this laptop says so, and says nothing of allergies. */
static void a_case_without_its_client(void **state)
{
    struct desk *d = *state;
    struct id client;
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    assert_int_equal(db_run(d->store.db, &d->e, "UPDATE entry SET position = id", ""), 0);
    assert_int_equal(record_purge(d->store.db, &client, &d->e), 0);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "ALLERGIES         not known here");
    has(d->out, "not on this laptop");
    has_not(d->out, "no allergies");
    assert_int_equal(run(d, list_run, "list"), 0);
    has(d->out, "[arriving]");
}

/* Goal: a record cannot drive the terminal, and cannot fake a line of a list. */
static void records_do_not_drive_the_terminal(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run(d, write_new,
                         "new client 'legal_name=Eve\x1b[2J\nfaked row \xc2\x9b"
                         "1m'"),
                     0);
    assert_int_equal(run(d, list_run, "list client"), 0);
    has(d->out, "faked row");
    has_not(d->out, "\x1b");
    has_not(d->out, "\xc2\x9b");
    has_not(d->out, "\nfaked");
    assert_int_equal(run(d, list_run, "list client --json"), 0);
    has_not(d->out, "\x1b");
    assert_int_equal(run(d, show_run, "show faked"), 0);
    has_not(d->out, "\x1b");
    has_not(d->out, "\nfaked");
    assert_int_equal(run(d, search_run, "search faked"), 0);
    has_not(d->out, "\x1b");
    has_not(d->out, "\nfaked");
    assert_int_equal(run(d, write_new,
                         "new client legal_name=Mallory 'need=\xc2\x9b"
                         "1m\x7f'"),
                     0);
    assert_int_equal(run(d, list_run, "list client --json"), 0);
    has_not(d->out, "\xc2\x9b");
    has_not(d->out, "\x7f");
    has(d->out, "\\u009b1m\\u007f");
}

/* Goal: a search finds records that hold all the words, in either case, in sets and notes too, and not the voided. */
static void search_wants_all_words(void **state)
{
    struct desk *d = *state;
    char note[ID_TEXT];
    assert_int_equal(run_on(d, write_add, "add", d->client, "'allergy=Penicillin, hives'"), 0);
    assert_int_equal(run_on(d, note_run, "note", d->file, "'Quiet visit; the \"new\" dog is kind.'"), 0);
    take_id(d, note);
    assert_int_equal(run(d, search_run, "search PENICILLIN byron"), 0);
    has(d->out, "allergy: Penicillin, hives");
    has(d->out, "legal_name: Ada Byron");
    has(d->err, "1 record on");
    assert_int_equal(run(d, search_run, "search penicillin nobody"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(run(d, search_run, "search '\"new\" DOG'"), 0);
    has(d->out, last8(note));
    has(d->out, "Ada Byron  text: Quiet visit");
    assert_int_equal(run(d, search_run, "search --json dog"), 0);
    has(d->out, note);
    assert_int_equal(run_on(d, write_void, "void", note, "--reason mistake"), 0);
    assert_int_equal(run(d, search_run, "search dog"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(run(d, search_run, "search"), E_USAGE);
}

/* --- finding --- */

/* Goal: a record is found by its id, the end or the beginning of it, its number or a name; never by a guess. */
static void find_takes_what_people_say(void **state)
{
    struct desk *d = *state;
    struct id id, client, file;
    char other[ID_TEXT], upper[9];
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    assert_int_equal(id_parse(d->file, &file, NULL), 0);
    assert_int_equal(store_find(&d->store, d->file, &id, &d->e), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(store_find(&d->store, last8(d->file), &id, &d->e), 0);
    assert_true(id_equal(&id, &file));
    for (int i = 0; i < 9; i++)
        upper[i] = (char)(last8(d->file)[i] >= 'a' ? last8(d->file)[i] - 'a' + 'A' : last8(d->file)[i]);
    assert_int_equal(store_find(&d->store, upper, &id, &d->e), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(store_find(&d->store, "BYRON", &id, &d->e), 0);
    assert_true(id_equal(&id, &client));
    /* A case is asked for: the name of its client names it. */
    assert_int_equal(find_record(&d->store, schema_kind(KIND_CASE), "byron", &id, &d->e), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(find_record(&d->store, schema_kind(KIND_CASE), d->client, &id, &d->e), 0);
    assert_true(id_equal(&id, &file));
    /* A whole number goes before a part of one; parts of two do not name either. */
    assert_int_equal(run(d, write_new, "new case client=byron number=2024-171"), 0);
    take_id(d, other);
    assert_int_equal(store_find(&d->store, "2024-17", &id, &d->e), 0);
    assert_true(id_equal(&id, &file));
    assert_int_equal(store_find(&d->store, "024-1", &id, &d->e), E_INPUT);
    has(d->e.text, "2 records match");
    /* Two persons, one of whom has the whole of the words for a name. */
    assert_int_equal(run(d, write_new, "new client legal_name=Ada"), 0);
    assert_int_equal(store_find(&d->store, "Ada", &id, &d->e), E_INPUT);
    assert_int_equal(store_find(&d->store, "nobody at all", &id, &d->e), E_NOT_FOUND);
    assert_int_equal(store_find(&d->store, "", &id, &d->e), E_USAGE);
    assert_int_equal(store_find(&d->store, "%", &id, &d->e), E_NOT_FOUND);
    /* Three characters are no id. */
    assert_int_equal(store_find(&d->store, last8(d->file) + 5, &id, &d->e), E_NOT_FOUND);
    assert_int_equal(find_record(&d->store, schema_kind(KIND_NOTE), d->file, &id, &d->e), E_NOT_FOUND);
}

/* --- writing --- */

/* Goal: a write says what it did and that it is queued, and is there. */
static void a_write_says_what_it_did(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run_on(d, write_set, "set", d->file, "risk=high title=Housing"), 0);
    has(d->err, "risk of case ");
    has(d->err, last8(d->file));
    has(d->err, ": high; title: Housing (queued: ");
    has(d->err, "changes wait for the office)\n");
    assert_string_equal(d->out, "");
    assert_int_equal(run_on(d, show_run, "show --json", d->file, ""), 0);
    has(d->out, "\"risk\": \"high\"");
    has(d->out, "\"title\": \"Housing\"");
    assert_int_equal(run_on(d, write_set, "set", d->file, "title="), 0);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has_not(d->out, "title");
}

/* Goal: sets and sums are added to and taken out of. */
static void sets_and_sums(void **state)
{
    struct desk *d = *state;
    char service[ID_TEXT];
    assert_int_equal(run_on(d, write_add, "add", d->client, "need=transport need=food"), 0);
    assert_int_equal(run_on(d, write_remove, "remove", d->client, "need=food"), 0);
    assert_int_equal(run_on(d, write_remove, "remove", d->client, "need=shelter"), E_NOT_FOUND);
    assert_int_equal(run_on(d, show_run, "show --json", d->client, ""), 0);
    has(d->out, "\"need\": [\"transport\"]");
    assert_int_equal(run_on(d, write_set, "set", d->client, "need=food"), E_USAGE);
    assert_int_equal(run_on(d, write_add, "add", d->file, "risk=low"), E_USAGE);
    assert_int_equal(run_on(d, write_new, "new service", d->file, "type=visit units=30 units=15 amount=-0.05"), 0);
    take_id(d, service);
    assert_int_equal(run_on(d, show_run, "show", service, ""), 0);
    has(d->out, "45 (of 2)");
    assert_int_equal(run(d, list_run, "list service --json"), 0);
    has(d->out, "\"units\": 45");
    has(d->out, "\"amount\": -0.05");
}

/* Goal: what cannot be written is refused with a sentence, and nothing of it is written. */
static void refusals(void **state)
{
    struct desk *d = *state;
    static const struct {
        desk_work *work;
        const char *before, *after, *says;
        int code;
    } all[] = {
        {write_set, "set", "nonsense=1", "`satchel help case`", E_NOT_FOUND},
        {write_set, "set", "risk=tremendous", "one of:", E_INPUT},
        {write_set, "set", "risk", "FIELD=VALUE", E_USAGE},
        {write_set, "set", "risk=low risk=high", "given twice", E_USAGE},
        {write_set, "set", "title=x risk=tremendous", "one of:", E_INPUT},
        {write_set, "set", "void=yes", "satchel void", E_REFUSED},
        {write_set, "set", "source_id=7", "import", E_REFUSED},
        {write_set, "set", "", "say which record", E_USAGE},
        {write_set, "set", "client=nobody", "client: no client", E_NOT_FOUND},
        {write_void, "void", "", "--reason", E_USAGE},
        {write_void, "void", "--reason=", "--reason", E_USAGE},
        {write_new, "new provider name=x", "", "office alone", E_REFUSED},
        {write_new, "new assignment", "status=active", "office alone", E_REFUSED},
        {write_new, "new receipt", "position=1", "office alone", E_REFUSED},
        {write_new, "new nonsense", "", "there is no kind", E_NOT_FOUND},
        {write_new, "new case title=x", "", "FIELD=VALUE", E_USAGE},
        {write_new, "new note", "", "nothing to write", E_USAGE},
        {write_new, "new note", "type=telephone type=other", "given twice", E_USAGE},
        {note_run, "note", "text --type=seance", "one of:", E_INPUT},
        {note_run, "note", "text --visited=yesterday", "a time", E_INPUT},
        {note_run, "note", "''", "empty", E_INPUT},
        {conflicts_resolve, "resolve", "risk high", "not contested", E_REFUSED},
        {conflicts_resolve, "resolve", "void yes", "nobody contests", E_REFUSED},
        {conflicts_resolve, "resolve", "nonsense 1", "has no field", E_NOT_FOUND},
    };
    uint64_t seq = d->store.author.chain.seq;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(run_on(d, all[i].work, all[i].before, d->file, all[i].after), all[i].code);
        has(d->e.text, all[i].says);
        assert_string_equal(d->out, "");
    }
    assert_int_equal(run(d, write_new, "new case title=x"), E_USAGE);
    has(d->e.text, "whose case");
    assert_int_equal(run(d, write_new, "new note text=x"), E_USAGE);
    has(d->e.text, "which case");
    assert_int_equal(run(d, write_set, "set anna name=x"), E_NOT_FOUND);
    assert_int_equal(d->store.author.chain.seq, seq);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has_not(d->out, "title");
}

/* Goal: a user's record, which the office alone writes, is refused by id too. */
static void office_records_are_the_offices(void **state)
{
    struct desk *d = *state;
    struct id user = numbered(12);
    char text[ID_TEXT];
    id_format(&user, text);
    assert_int_equal(run_on(d, write_set, "set", text, "name=x"), E_REFUSED);
    assert_int_equal(run_on(d, write_void, "void", text, "--reason x"), E_REFUSED);
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", text, "name x"), E_REFUSED);
}

/* Goal: a note is written once; to set its text amends it, with the first text above. */
static void notes_are_amended(void **state)
{
    struct desk *d = *state;
    char note[ID_TEXT];
    const char *first, *second;
    assert_int_equal(run_on(d, note_run, "note", d->file, "'seen at home' '--visited=2025-05-31 14:30'"), 0);
    take_id(d, note);
    has(d->err, "written in case ");
    assert_int_equal(run_on(d, write_set, "set", note, "'text=seen at the school'"), 0);
    has(d->err, "amended");
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    assert_non_null(first = strstr(d->out, "seen at home"));
    assert_non_null(second = strstr(d->out, "seen at the school"));
    assert_true(first < second);
    has(d->out, "by Anna Berg (text): seen at the school");
    has(d->out, "2025-05-31 14:30 UTC");
    has(d->out, "home visit");
}

/* Goal: without a text the note comes from the standard input, whole and without its last newline. */
static void notes_come_from_the_input(void **state)
{
    struct desk *d = *state;
    static const char typed[] = "first line\nsecond line\n";
    int ends[2], kept = dup(STDIN_FILENO);
    char note[ID_TEXT];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], typed, sizeof typed - 1), sizeof typed - 1);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    assert_int_equal(run_on(d, note_run, "note", d->file, "--type=telephone"), 0);
    take_id(d, note);
    /* There is nothing more to read: an empty note is none. */
    assert_int_equal(run_on(d, note_run, "note", d->file, ""), E_INPUT);
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
    (void)close(ends[0]);
    assert_int_equal(run_on(d, show_run, "show --json", note, ""), 0);
    has(d->out, "\"value\": \"first line\\nsecond line\"");
    has(d->out, "telephone");
}

/* Goal: a note that is too long is refused whole, wherever its newlines stand; one that just fits is taken whole. */
static void long_notes_are_not_cut(void **state)
{
    struct desk *d = *state;
    static const struct {
        size_t bytes, newline;
        int code;
    } all[] = {{60001, 60000, 0},       {60000, 59999, 0},       {60001, 59999, E_INPUT},
               {62000, 60000, E_LIMIT}, {61024, 61023, E_LIMIT}, {70000, 61023, E_LIMIT}};
    int kept = dup(STDIN_FILENO);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        FILE *file = tmpfile();
        assert_non_null(file);
        for (size_t at = 0; at < all[i].bytes; at++)
            (void)fputc(at == all[i].newline ? '\n' : 'x', file);
        rewind(file);
        (void)dup2(fileno(file), STDIN_FILENO);
        assert_int_equal(run_on(d, note_run, "note", d->file, ""), all[i].code);
        (void)fclose(file);
    }
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
    assert_int_equal(run(d, list_run, "list note"), 0);
    has(d->err, "2 of kind note");
}

/* Goal: of a case the newest notes stand first, and of its services the last ten, with how many there are. */
static void show_lists_what_is_in_a_case(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run_on(d, note_run, "note", d->file, "'the old visit' '--visited=2020-01-01 10:00'"), 0);
    assert_int_equal(run_on(d, note_run, "note", d->file, "'the new visit' '--visited=2021-01-01 10:00'"), 0);
    assert_int_equal(run_on(d, write_new, "new contact", d->file, "name=Lord relationship=father"), 0);
    for (int i = 10; i < 22; i++) {
        char words[64];
        (void)snprintf(words, sizeof words, "type=service-%d 'started=2020-01-%d 10:00'", i, i);
        assert_int_equal(run_on(d, write_new, "new service", d->file, words), 0);
    }
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    assert_true(strstr(d->out, "the new visit") < strstr(d->out, "the old visit"));
    has(d->out, "father");
    has(d->out, "service-21");
    has(d->out, "service-12");
    has_not(d->out, "service-11");
    has(d->out, "12 services in all");
    assert_int_equal(run_on(d, show_run, "show --json", d->file, ""), 0);
    has(d->out, "\"service_count\": 12");
    assert_int_equal(run_on(d, list_run, "list service --case", d->file, ""), 0);
    has(d->err, "12 of kind service");
}

/* --- conflicts --- */

/* Goal: a contested field shows every value with its author, and ends when somebody who saw them decides. */
static void a_conflict_is_shown_and_decided(void **state)
{
    struct desk *d = *state;
    set_unseen(d, d->file, "risk", "critical");
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "contested: decide with `satchel resolve ");
    has(d->out, "1 shown:  critical  (Bo Lind, ");
    has(d->out, "2 beside: moderate  (Anna Berg, ");
    assert_int_equal(run(d, conflicts_run, "conflicts"), 0);
    assert_int_equal(d->waiting, 1);
    has(d->out, "A PERSON MUST DECIDE");
    has(d->out, "Ada Byron");
    has(d->err, "1 to decide, 0 kept for review");
    assert_int_equal(run(d, conflicts_run, "conflicts --json"), 0);
    has(d->out, "\"value\": \"critical\", \"author\": \"Bo Lind\"");
    /* A number that stands for no value is not taken for a code. */
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, "risk 5"), E_INPUT);
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, "risk 2 --reason 'seen on Monday'"), 0);
    has(d->err, "moderate, decided over 2 entries (queued: ");
    assert_int_equal(run(d, conflicts_run, "conflicts"), 0);
    assert_int_equal(d->waiting, 0);
    assert_int_equal(run_on(d, show_run, "show --json", d->file, ""), 0);
    has(d->out, "\"risk\": \"moderate\"");
    has(d->out, "\"conflicts\": {}");
    assert_int_equal(run_on(d, history_run, "log", d->file, ""), 0);
    has(d->out, "reason: seen on Monday");
    has(d->out, "set risk: critical");
}

/* Goal: a conflict may be decided for a value that nobody wrote, and loud ones stand before quiet ones. */
static void a_conflict_is_decided_anew(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run_on(d, write_set, "set", d->client, "phone=1234"), 0);
    set_unseen(d, d->client, "phone", "5678");
    set_unseen(d, d->client, "legal_name", "Ada Lovelace");
    assert_int_equal(run(d, conflicts_run, "conflicts"), 0);
    assert_true(strstr(d->out, "legal_name") < strstr(d->out, "phone"));
    has(d->out, "(kept for review)");
    has(d->err, "1 to decide, 1 kept for review");
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->client, "legal_name 'Ada King'"), 0);
    assert_int_equal(run(d, conflicts_run, "conflicts"), 0);
    assert_int_equal(d->waiting, 0);
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->client, "phone 9999"), 0);
    assert_int_equal(run_on(d, show_run, "show", d->client, ""), 0);
    has(d->out, "Ada King");
    has(d->out, "9999");
    has_not(d->out, "Lovelace");
}

/* Goal: where the client of a case is contested, the warnings of each are shown. */
static void a_contested_client_warns_for_both(void **state)
{
    struct desk *d = *state;
    char other[ID_TEXT];
    assert_int_equal(run(d, write_new, "new client legal_name=Eve allergy=latex"), 0);
    take_id(d, other);
    assert_int_equal(run_on(d, write_add, "add", d->client, "allergy=peanuts"), 0);
    set_unseen(d, d->file, "client", other);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "latex");
    has(d->out, "peanuts");
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, "client eve"), 0);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "latex");
    has_not(d->out, "peanuts");
}

/* Goal: a voided record is out of the lists, is not changed any more, and can be taken back. */
static void a_void_and_its_way_back(void **state)
{
    struct desk *d = *state;
    assert_int_equal(run_on(d, write_void, "void", d->file, "--reason 'the wrong person'"), 0);
    has(d->err, "voided, and kept in the log (queued: ");
    assert_int_equal(run(d, list_run, "list"), 0);
    assert_string_equal(d->out, "");
    assert_int_equal(run(d, list_run, "list --all"), 0);
    has(d->out, "[voided]");
    assert_int_equal(run_on(d, write_set, "set", d->file, "risk=low"), E_REFUSED);
    has(d->e.text, "voided");
    assert_int_equal(run_on(d, write_void, "void", d->file, "--reason again"), E_REFUSED);
    assert_int_equal(run_on(d, note_run, "note", d->file, "text"), E_REFUSED);
    assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
    has(d->out, "VOIDED");
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, "void yes"), E_REFUSED);
    assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, "void no"), 0);
    assert_int_equal(run_on(d, write_set, "set", d->file, "risk=low"), 0);
    assert_int_equal(run_on(d, history_run, "log", d->file, ""), 0);
    has(d->out, "reason: the wrong person");
    has(d->out, "void taken back");
}

/* Goal: a void that somebody contests by writing on is decided with yes or no. */
static void a_contested_void_is_decided(void **state)
{
    struct desk *d = *state;
    for (int yes = 0; yes < 2; yes++) {
        assert_int_equal(run_on(d, write_void, "void", d->file, "--reason 'a double'"), 0);
        set_unseen(d, d->file, "title", yes ? "Work" : "Housing");
        assert_int_equal(run(d, conflicts_run, "conflicts"), 0);
        assert_int_equal(d->waiting, 1);
        has(d->out, "void yes|no");
        has(d->out, "voided by Anna Berg");
        assert_int_equal(run_on(d, show_run, "show", d->file, ""), 0);
        has(d->out, "voided by one person and changed by another");
        assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, "void perhaps"), E_INPUT);
        assert_int_equal(run_on(d, conflicts_resolve, "resolve", d->file, yes ? "void yes" : "void no"), 0);
        assert_int_equal(run(d, list_run, "list"), 0);
        assert_int_equal(strstr(d->out, last8(d->file)) == NULL, yes);
    }
}

/* --- the log --- */

/* Goal: the log says of each change whether it waits, is at the office, or is held back, and why. */
static void the_log_tells_what_became_of_a_change(void **state)
{
    struct desk *d = *state;
    int64_t id;
    assert_int_equal(run_on(d, write_set, "set", d->file, "title=First --reason 'asked to'"), 0);
    assert_int_equal(run_on(d, write_set, "set", d->file, "title=Second"), 0);
    assert_int_equal(run_on(d, write_set, "set", d->file, "title=Third"), 0);
    id = log_find(d->store.db, &d->store.author.chain.device, 1, 3, NULL, &d->e);
    assert_true(id > 0);
    assert_int_equal(log_accept(d->store.db, id, 41, 1760000000000, &d->e), 0);
    id = log_find(d->store.db, &d->store.author.chain.device, 1, 4, NULL, &d->e);
    assert_int_equal(log_accept(d->store.db, id, 42, 1760000000000, &d->e), 0);
    assert_int_equal(record_set_held(d->store.db, id, 1, &d->e), 0);
    assert_int_equal(db_run(d->store.db, &d->e,
                            "INSERT INTO held_note SELECT epoch, seq, record, kind, 'not your case' FROM entry WHERE "
                            "id = ?",
                            "i", id),
                     0);
    assert_int_equal(run_on(d, history_run, "log", d->file, ""), 0);
    has(d->out, "Anna Berg  at the office, position 41\n    set title: First\n    reason: asked to\n");
    has(d->out, "HELD BACK BY THE OFFICE: not your case\n    set title: Second\n");
    has(d->out, "queued\n    set title: Third\n");
    assert_int_equal(run(d, history_run, "log"), 0);
    has(d->err, "5 changes\n");
    has(d->out, "set legal_name: Ada Byron");
    assert_int_equal(run(d, history_run, "log --json"), 0);
    has(d->out, "\"state\": \"held\", \"position\": 42, \"held_reason\": \"not your case\"");
    has(d->out, "\"state\": \"queued\", \"position\": null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(list_shows_the_caseload),
        TEST(list_is_in_the_order_of_need),
        TEST(show_begins_with_allergies),
        TEST(what_is_arriving_is_not_empty),
        TEST(a_case_without_its_client),
        TEST(records_do_not_drive_the_terminal),
        TEST(search_wants_all_words),
        TEST(find_takes_what_people_say),
        TEST(a_write_says_what_it_did),
        TEST(sets_and_sums),
        TEST(refusals),
        TEST(office_records_are_the_offices),
        TEST(notes_are_amended),
        TEST(notes_come_from_the_input),
        TEST(long_notes_are_not_cut),
        TEST(show_lists_what_is_in_a_case),
        TEST(a_conflict_is_shown_and_decided),
        TEST(a_conflict_is_decided_anew),
        TEST(a_contested_client_warns_for_both),
        TEST(a_void_and_its_way_back),
        TEST(a_contested_void_is_decided),
        TEST(the_log_tells_what_became_of_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
