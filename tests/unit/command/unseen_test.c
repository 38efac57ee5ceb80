/* Tests: client/command/unseen.c client/store/seen.c client/command/with_store.c common/record/edit.c
 *     client/command/told_news.c client/sync/news.c
 * What a person was not shown is never replaced in passing: it stays beside, and the person is told. */
#include "laptop_fixture.h"

#include "merge.h"
#include "news.h"
#include "printer.h"
#include "told_news.h"

/* The colleague replaces a value, having seen what is there. */
static void colleague_sets(struct laptop_fixture *d, const char *record, const char *name, const char *text,
                           const char *reason)
{
    struct edit edit;
    struct id id;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(edit_open(&edit, d->store.db, &id, &d->e), 0);
    assert_int_equal(edit_set_text(&edit, name, text, &d->e), 0);
    laptop_write_as(d, &d->colleague, &edit, reason);
}

/* The live ops of a field, and what it shows. */
static size_t live(struct laptop_fixture *d, const char *record, const char *name, char shown[64])
{
    struct record_place place;
    struct record_field f;
    const struct schema_field *field;
    struct id id;
    size_t count;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(record_find(d->store.db, &id, &place, &d->e), 0);
    field = schema_field_named(place.kind, name);
    assert_int_equal(record_field_load(d->store.db, &id, place.kind, field, &f, &d->e), 0);
    count = f.count;
    shown[0] = '\0';
    if (f.count != 0)
        (void)schema_format(field, f.ops[0].merge.value, shown, 64);
    record_field_free(&f);
    return count;
}

static void set(struct laptop_fixture *d, const char *words, int code)
{
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->file, words), code);
}

/* Goal: worker B raised the risk to critical; A, who was not shown that, sets it low. Nothing is lowered, and A is
 * told. */
static void a_risk_that_was_not_shown_stays(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[64];
    colleague_sets(d, d->file, "risk", "critical", "threats with a knife");
    set(d, "risk=low", 0);
    assert_int_equal(live(d, d->file, "risk", shown), 2);
    assert_string_equal(shown, "critical");
    assert_int_equal(d->waiting, 1);
    assert_has(d->err, "critical, by Bo Lind on ");
    assert_has(d->err, ": 'threats with a knife'; you had not seen it");
    assert_has(d->err, "risk stays critical; to lower it: `satchel resolve ");
    /* Now it was shown, so it can be decided; and never in passing. */
    set(d, "risk=low", E_REFUSED);
    assert_int_equal(laptop_resolve_seen(d, d->file, "risk", "low"), E_REFUSED);
    assert_has(d->e.text, "this lowers risk: say why, with --reason TEXT");
    assert_int_equal(live(d, d->file, "risk", shown), 2);
    assert_int_equal(laptop_resolve_seen(d, d->file, "risk", "low --reason 'it was a toy'"), 0);
    assert_int_equal(live(d, d->file, "risk", shown), 1);
    assert_string_equal(shown, "low");
}

/* Goal: what a command printed was shown, so a later value replaces it; to lower it takes a reason, without which
 * nothing is written. */
static void what_was_shown_is_replaced(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[64];
    colleague_sets(d, d->file, "risk", "critical", NULL);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    set(d, "risk=low", E_REFUSED);
    assert_has(d->e.text, "say why, with --reason TEXT");
    assert_int_equal(live(d, d->file, "risk", shown), 1);
    assert_string_equal(shown, "critical");
    set(d, "risk= --reason ''", E_REFUSED);
    set(d, "risk=low --reason 'seen today'", 0);
    assert_int_equal(live(d, d->file, "risk", shown), 1);
    assert_string_equal(shown, "low");
    assert_has_not(d->err, "you had not seen it");
}

/* Goal: a lower rank may always be named: who raises a risk need not have seen the lower one. */
static void a_lower_rank_may_always_be_named(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[64];
    colleague_sets(d, d->file, "risk", "low", NULL);
    set(d, "risk=high", 0);
    assert_int_equal(live(d, d->file, "risk", shown), 1);
    assert_string_equal(shown, "high");
}

/* Goal: of latest, review and status only what was shown is replaced; the rest stays beside, and is told. */
static void what_was_not_shown_stays_beside(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[64];
    colleague_sets(d, d->file, "status", "on hold", NULL);
    colleague_sets(d, d->client, "phone", "555 0100", NULL);
    colleague_sets(d, d->client, "legal_name", "Ada King", NULL);
    set(d, "status=open", 0);
    assert_int_equal(live(d, d->file, "status", shown), 2);
    assert_has(d->err, "on hold, by Bo Lind on ");
    assert_has(d->err, "both are kept, and a person must decide");
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "phone='555 0199' 'legal_name=Ada Lovelace'"), 0);
    assert_int_equal(live(d, d->client, "phone", shown), 2);
    assert_has(d->err, "555 0100, by Bo Lind on ");
    assert_has(d->err, "to settle it: `satchel resolve ");
    assert_int_equal(live(d, d->client, "legal_name", shown), 2);
    assert_has(d->err, "Ada King, by Bo Lind on ");
    assert_int_equal(d->waiting, 1);
    /* After that answer it was shown: the next telephone number replaces both. */
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "phone='555 0200'"), 0);
    assert_int_equal(live(d, d->client, "phone", shown), 1);
}

/* Goal: list, search, log, conflicts and a set's own answer show what they print, and --json shows nothing. */
static void which_commands_show(void **state)
{
    static const struct {
        const struct command *command;
        const char *line; /* %s: the case */
        int shows;
    } all[] = {
        {&command_list, "list", 1},
        {&command_list, "list --json", 0},
        {&command_list, "list --json --seen", 1},
        {&command_list, "list note", 0},
        {&command_show, "show %s", 1},
        {&command_show, "show %s --json", 0},
        {&command_show, "show %s --json --seen", 1},
        {&command_log, "log %s", 1},
        {&command_log, "log %s --json", 0},
        {&command_log, "log %s --json --seen", 1},
        {&command_conflicts, "conflicts", 0},
    };
    struct laptop_fixture *d = *state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char line[128], shown[64];
        colleague_sets(d, d->file, "status", "on hold", NULL);
        (void)snprintf(line, sizeof line, all[i].line, d->file);
        assert_int_equal(laptop_run(d, all[i].command, line), 0);
        set(d, "status=open", 0);
        if (live(d, d->file, "status", shown) != (all[i].shows ? 1 : 2))
            fail_msg("after %s: %zu values live", all[i].line, live(d, d->file, "status", shown));
        if (!all[i].shows)
            assert_int_equal(laptop_resolve_seen(d, d->file, "status", "open"), 0);
    }
}

/* Goal: a search shows a value that it prints whole, and not one that it cuts. */
static void a_search_shows_what_it_prints_whole(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[128];
    colleague_sets(d, d->client, "address", "7 Mill Lane", NULL);
    assert_int_equal(laptop_run(d, &command_search, "search mill"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "address=here"), 0);
    assert_int_equal(live(d, d->client, "address", shown), 1);
    colleague_sets(d, d->client, "address",
                   "7 Mill Lane, by the old water tower, second yard, the green door behind the stables", NULL);
    assert_int_equal(laptop_run(d, &command_search, "search mill"), 0);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "address=there"), 0);
    assert_int_equal(live(d, d->client, "address", shown), 2);
}

/* Goal: a text that was not shown is shown first, and then replaced; --json replaces none. */
static void a_text_is_shown_first(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[64];
    set(d, "'assessment=Lives alone.'", 0);
    colleague_sets(d, d->file, "assessment", "Lives with her sister.", NULL);
    assert_int_equal(laptop_run_on(d, &command_set, "set --json", d->file, "'assessment=Lives in a home.'"), E_REFUSED);
    assert_has(d->e.text, "look first, with `satchel show ");
    set(d, "'assessment=Lives in a home.'", 0);
    assert_has(d->err, "assessment by Bo Lind on ");
    assert_has(d->err, "; you had not seen it:\n    Lives with her sister.\n");
    assert_int_equal(live(d, d->file, "assessment", shown), 1);
}

/* Goal: a void shows what the voider was not shown, and then lists all; --json voids nothing that was not shown. */
static void a_void_shows_first(void **state)
{
    struct laptop_fixture *d = *state;
    colleague_sets(d, d->file, "title", "Insulin at eight", NULL);
    assert_int_equal(laptop_run_on(d, &command_void, "void --json", d->file, "--reason twice"), E_REFUSED);
    assert_has(d->e.text, "look first");
    assert_int_equal(laptop_run_on(d, &command_void, "void", d->file, "--reason twice"), 0);
    assert_has(d->err, "  title by Bo Lind on ");
    assert_has(d->err, "; you had not seen it:\n    Insulin at eight\n");
    assert_int_equal(laptop_run(d, &command_list, "list --all"), 0);
    assert_has(d->out, "[voided]");
}

/* Goal: what a person wrote on another laptop counts as shown. */
static void own_words_count_as_shown(void **state)
{
    struct laptop_fixture *d = *state;
    char shown[64];
    d->colleague.person = d->store.user;
    colleague_sets(d, d->file, "risk", "critical", NULL);
    set(d, "risk=low --reason better", 0);
    assert_int_equal(live(d, d->file, "risk", shown), 1);
    assert_string_equal(shown, "low");
}

/* Goal: rows whose op is dead are cleared away, and no other. */
static void dead_rows_are_cleared_away(void **state)
{
    struct laptop_fixture *d = *state;
    uint64_t rows;
    char shown[64];
    colleague_sets(d, d->file, "title", "One", NULL);
    colleague_sets(d, d->file, "status", "on hold", NULL);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    colleague_sets(d, d->file, "title", "Two", NULL);
    assert_int_equal(db_meta_set_uint(d->store.db, "seen_added", 4096, &d->e), 0);
    assert_int_equal(laptop_run_on(d, &command_show, "show", d->file, ""), 0);
    assert_int_equal(db_number_of(d->store.db, &rows, &d->e,
                                  "SELECT count(*) FROM seen WHERE NOT EXISTS(SELECT 1 FROM entry JOIN op ON op.entry "
                                  "= entry.id AND op.op = seen.op WHERE entry.device = seen.device AND entry.epoch = "
                                  "seen.epoch AND entry.seq = seen.seq)",
                                  ""),
                     0);
    assert_int_equal(rows, 0);
    set(d, "status=open title=Three", 0);
    assert_int_equal(live(d, d->file, "status", shown), 1);
    assert_int_equal(live(d, d->file, "title", shown), 1);
}

/* Goal: a re-issue gives a change another name, and who was shown it under the old one was shown it. */
static void a_renamed_dot_counts_as_shown(void **state)
{
    struct laptop_fixture *d = *state;
    struct id device = laptop_id(1), somebody = laptop_id(12);
    struct dot old = {device, 1, 7, 2}, again = {device, 5, 3, 2}, other = {device, 5, 4, 2};
    assert_int_equal(db_run(d->store.db, &d->e, "INSERT INTO seen(person, device, epoch, seq, op) VALUES(?,?,1,7,2)",
                            "dd", &d->store.user, &device),
                     0);
    assert_int_equal(db_run(d->store.db, &d->e,
                            "INSERT INTO stranded(new_epoch, epoch, seq, new_seq, scope, kind, header) "
                            "VALUES(5,1,7,3,x'00',8,x'00'), (5,1,8,4,x'00',8,x'00'), (5,1,9,NULL,x'00',8,x'00')",
                            ""),
                     0);
    assert_int_equal(seen_rename(d->store.db, &device, 5, &d->e), 0);
    assert_int_equal(seen_was_shown(&d->store.seen, &old, &somebody, &d->e), 1);
    assert_int_equal(seen_was_shown(&d->store.seen, &again, &somebody, &d->e), 1);
    assert_int_equal(seen_was_shown(&d->store.seen, &other, &somebody, &d->e), 0);
}

/* --- news --- */

/* Remembers the colleague's last change as news, as the sync that brings it does. */
static void it_came(struct laptop_fixture *d)
{
    assert_int_equal(db_run(d->store.db, &d->e,
                            "INSERT INTO news(scope, device, epoch, seq) SELECT scope, device, epoch, seq FROM entry "
                            "WHERE id = (SELECT max(id) FROM entry)",
                            ""),
                     0);
}

/* Tells the news; *told: how many lines. The text is freed by the caller. */
static char *tell(struct laptop_fixture *d, size_t *told)
{
    struct error why = {0, ""};
    struct printer v;
    char *text = NULL;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, 0, 0};
    seen_begin(&d->store.seen, 0);
    assert_int_equal(printer_open(&v, d->store.db, &cli, &d->e), 0);
    v.seen = &d->store.seen;
    assert_int_equal(told_news(&v, told, &d->e), 0);
    printer_close(&v);
    (void)fclose(cli.out);
    assert_int_equal(seen_keep(&d->store.seen, &why), 0);
    return text;
}

/* Goal: a sync says in words what came: risks raised, alerts, allergies, closings, new cases, by name; that was shown,
 * and what came quietly was not. */
static void a_sync_says_what_came(void **state)
{
    struct laptop_fixture *d = *state;
    struct edit edit;
    struct id client, file;
    char shown[64], *text;
    size_t told;
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    assert_int_equal(id_parse(d->file, &file, NULL), 0);
    colleague_sets(d, d->file, "risk", "critical", "threats with a knife");
    it_came(d);
    colleague_sets(d, d->file, "status", "closed", NULL);
    it_came(d);
    colleague_sets(d, d->client, "phone", "555 0100", NULL);
    it_came(d);
    assert_int_equal(edit_open(&edit, d->store.db, &client, &d->e), 0);
    assert_int_equal(edit_add_text(&edit, "alert", "a dog that bites", &d->e), 0);
    assert_int_equal(edit_add_text(&edit, "allergy", "latex", &d->e), 0);
    laptop_write_as(d, &d->colleague, &edit, NULL);
    it_came(d);
    text = tell(d, &told);
    assert_int_equal(told, 4);
    assert_has(text, "  risk of Ada Byron (case 2024-17) was raised: critical, by Bo Lind, ");
    assert_has(text, ": 'threats with a knife'\n");
    assert_has(text, "alert newly recorded of Ada Byron: a dog that bites, by Bo Lind");
    assert_has(text, "allergy newly recorded of Ada Byron: latex, by Bo Lind");
    assert_has(text, "status of Ada Byron (case 2024-17): closed, by Bo Lind");
    assert_has_not(text, "555 0100");
    free(text);
    set(d, "risk=low", E_REFUSED); /* it was shown, so this would lower it */
    set(d, "status=open", 0);
    assert_int_equal(live(d, d->file, "status", shown), 1);
    assert_int_equal(laptop_run_on(d, &command_set, "set", d->client, "phone='555 0199'"), 0);
    assert_int_equal(live(d, d->client, "phone", shown), 2);
    assert_int_equal(news_told(&d->store, &d->e), 0);
    text = tell(d, &told);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(news_remember_scope(d->store.db, &file, &d->e), 0);
    text = tell(d, &told);
    assert_has(text, "  new case of Ada Byron (case 2024-17): risk critical, open\n");
    free(text);
}

/* Goal: the list of news has an end, and says how many more there are. */
static void the_news_have_an_end(void **state)
{
    struct laptop_fixture *d = *state;
    struct id client;
    char *text, words[32];
    size_t told;
    assert_int_equal(id_parse(d->client, &client, NULL), 0);
    for (int i = 0; i < TOLD_NEWS_LINES + 3; i++) {
        struct edit edit;
        (void)snprintf(words, sizeof words, "alert %d", i);
        assert_int_equal(edit_open(&edit, d->store.db, &client, &d->e), 0);
        assert_int_equal(edit_add_text(&edit, "alert", words, &d->e), 0);
        laptop_write_as(d, &d->colleague, &edit, NULL);
        it_came(d);
    }
    text = tell(d, &told);
    assert_int_equal(told, TOLD_NEWS_LINES);
    assert_has(text, "alert 19, by");
    assert_has_not(text, "alert 20, by");
    assert_has(text, "  and 3 more");
    free(text);
}

int main(void)
{
#define WITH(name) cmocka_unit_test_setup_teardown(name, laptop_fixture_set_up, laptop_fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WITH(a_risk_that_was_not_shown_stays),
        WITH(what_was_shown_is_replaced),
        WITH(a_lower_rank_may_always_be_named),
        WITH(what_was_not_shown_stays_beside),
        WITH(which_commands_show),
        WITH(a_search_shows_what_it_prints_whole),
        WITH(a_text_is_shown_first),
        WITH(a_void_shows_first),
        WITH(own_words_count_as_shown),
        WITH(dead_rows_are_cleared_away),
        WITH(a_renamed_dot_counts_as_shown),
        WITH(a_sync_says_what_came),
        WITH(the_news_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
