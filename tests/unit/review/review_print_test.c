/* Tests: common/review/review_print.c
 * How the review queue looks: what a person needs for a decision stands in it, and its JSON is JSON. */
#include "history_fixture.h"

#include "review_print.h"

static const struct id a_case = {{0x01, 0x90, [15] = 1}}, nowhere;

static unsigned number_of(unsigned kind, const char *field)
{
    return schema_field_named(schema_kind(kind), field)->number;
}

/* --- printing --- */

struct printed {
    struct review_print print;
    char *text;
};

static void put_value(void *arg, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                      int indent)
{
    struct printed *p = arg;
    char text[128];
    (void)kind;
    (void)indent;
    (void)schema_format(field, value, text, sizeof text);
    cli_line(p->print.cli->out, text);
}

static void put_merged(void *arg, const struct record_field *field, int indent)
{
    struct printed *p = arg;
    (void)indent;
    if (p->print.json == NULL) {
        (void)fprintf(p->print.cli->out, "    together: %zu overlaps\n", field->merged->text.overlaps);
        return;
    }
    json_object(p->print.json);
    json_uint(json_key(p->print.json, "overlaps"), field->merged->text.overlaps);
    json_end(p->print.json);
}

static int print_one(void *arg, const struct review *r, struct error *e)
{
    struct printed *p = arg;
    (void)e;
    review_print(&p->print, r);
    return 0;
}

/* The whole queue of a store that has this history; freed by the caller. */
static char *queue_of(const struct history *h, int json, int decides)
{
    struct db *db = history_store_new();
    struct printed p = {.text = NULL};
    size_t bytes = 0;
    FILE *out = open_memstream(&p.text, &bytes);
    struct cli cli = {out, out, json, 0};
    struct json writer = json_start(out);
    static char room[SCHEMA_FORMAT_MAX];
    assert_non_null(out);
    history_take_all(db, h);
    p.print = (struct review_print){.db = db,
                                    .cli = &cli,
                                    .now_ms = TODAY,
                                    .decides = decides,
                                    .json = json ? &writer : NULL,
                                    .room = room,
                                    .value = put_value,
                                    .merged = put_merged,
                                    .arg = &p};
    if (json)
        json_array(&writer);
    assert_done(review_each(db, print_one, &p, &history_error));
    if (json)
        json_end(&writer);
    else
        review_print_count(&p.print);
    assert_int_equal(fclose(out), 0);
    db_close(db);
    return p.text;
}

static void assert_says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("\"%s\" is not in:\n%s", words, text);
}

/* What a JSON path gives, as a text, from SQLite's own reader; "" if it is not there. */
static const char *json_at(const char *json, const char *path)
{
    static char text[256];
    struct db *db;
    sqlite3_stmt *s;
    assert_done(db_open_memory(&db, &history_error));
    assert_done(db_query(db, &s, &history_error, "SELECT json_extract(?, ?)", "tt", json, path));
    if (db_next(db, s, &history_error) != 1)
        fail_msg("%s: %s", history_error.text, json);
    (void)snprintf(text, sizeof text, "%s", db_text(s, 0));
    db_done(db, s);
    db_close(db);
    return text;
}

/* --- what is printed --- */

/* A case that is voided over its risk, and whose title somebody wrote who had not seen it, in a field of a newer
 * version as well. */
static struct history *voided_and_written_on(void)
{
    struct history *h = history_new();
    struct dot seen;
    history_begin(h, 1, KIND_CASE, a_case, a_case);
    history_put_number(h, number_of(KIND_CASE, "risk"), CHANGE_SET, 3, NULL, 0);
    seen = history_dot(h, history_end(h), 0);
    history_begin(h, 2, KIND_CASE, a_case, a_case);
    history_put_void(h, &seen, 1, NULL, 0);
    (void)history_end(h);
    history_begin(h, 3, KIND_CASE, a_case, a_case);
    history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, "food", NULL, 0);
    history_put_text(h, 1900, CHANGE_SET, "of a newer version", NULL, 0);
    h->entries[history_end(h)].waiting = 1;
    return h;
}

static void a_contested_void_names_who_went_on(void **state)
{
    /* Goal: who voided, who went on and in which fields, how it is decided; the same in JSON. */
    struct history *h = voided_and_written_on();
    char *text = queue_of(h, 0, 1), *json = queue_of(h, 1, 1), author[ID_TEXT];
    (void)state;
    assert_says(text, "CONFLICT: A PERSON MUST DECIDE");
    assert_says(text, "    voided by ");
    assert_says(text, "    title written by ");
    assert_says(text, "    a field that this version does not know written by ");
    assert_says(text, "not at the office yet");
    assert_says(text, "    to decide: nobody: the office has no active administrator");
    assert_says(text, " void yes|no --seen ");
    assert_says(text, "1 conflict to decide, 0 parallel edits");
    id_format(&(struct id){{0x01, 0x90, [14] = 0xa0, [15] = 3}}, author);
    assert_string_equal(json_at(json, "$[0].values[0].value"), "1"); /* a flag: true */
    assert_string_equal(json_at(json, "$[0].beside[0].field"), "title");
    assert_string_equal(json_at(json, "$[0].beside[0].author_id"), author);
    assert_string_equal(json_at(json, "$[0].beside[1].field"), "");
    assert_string_equal(json_at(json, "$[0].beside[2]"), "");
    free(text);
    free(json);
    history_free(h);
}

static void a_total_is_corrected_and_not_chosen(void **state)
{
    /* Goal: of a total that is too large there is no value to choose: the way out is another contribution. */
    struct history *h = history_new();
    char *text;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        history_begin(h, i + 1, KIND_SERVICE, a_case, history_id(9));
        history_put_number(h, number_of(KIND_SERVICE, "units"), CHANGE_ADD, INT64_MAX, NULL, 0);
        (void)history_end(h);
    }
    text = queue_of(h, 0, 1);
    assert_says(text, "    correct it: satchel add ");
    assert_says(text, " units=-NUMBER");
    free(text);
    history_free(h);
}

/* A person with a case, whose risk two laptops changed: one over eleven earlier values, one over what is not here. */
static struct history *seen_by_two(void)
{
    struct history *h = history_new();
    struct id owner = history_id(0x77);
    struct dot seen[12], unknown[2];
    history_begin(h, 0, KIND_CLIENT, owner, owner);
    history_put_text(h, number_of(KIND_CLIENT, "legal_name"), CHANGE_SET, "Ada\nMoss", NULL, 0);
    (void)history_end(h);
    history_begin(h, 0, KIND_CASE, a_case, a_case);
    history_put_id(h, number_of(KIND_CASE, "client"), &owner);
    (void)history_end(h);
    history_begin(h, 0, KIND_DEVICE, nowhere, history_id(0xd000 + 1));
    history_put_text(h, number_of(KIND_DEVICE, "label"), CHANGE_SET, "blue laptop", NULL, 0);
    (void)history_end(h);
    for (unsigned i = 0; i < 12; i++) {
        char title[8];
        (void)snprintf(title, sizeof title, "t%u", i);
        history_begin(h, 2 + i, KIND_CASE, a_case, a_case);
        history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, title, NULL, 0);
        seen[i] = history_dot(h, history_end(h), 0);
    }
    history_begin(h, 1, KIND_CASE, a_case, a_case);
    history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, "one", seen, 12);
    (void)history_end(h);
    unknown[0] = unknown[1] = seen[0];
    unknown[0].seq = 500;
    unknown[1].seq = 501;
    history_begin(h, 15, KIND_CASE, a_case, a_case);
    history_put_text(h, number_of(KIND_CASE, "title"), CHANGE_SET, "other", unknown, 2);
    (void)history_end(h);
    return h;
}

static void each_value_has_its_story(void **state)
{
    /* Goal: for each value who wrote it, when, on which laptop and having seen what; of what is not shown, how much
     * there is; whose case it is, on one line. */
    struct history *h = seen_by_two();
    char *text = queue_of(h, 0, 0), *json = queue_of(h, 1, 0);
    (void)state;
    assert_says(text, "Ada Moss\n");
    assert_says(text, " by the clock of blue laptop ");
    assert_says(text, "had seen: t0; t1; t2; t3; t4; t5; t6; t7; and 4 more\n");
    assert_says(text, "had seen: 2 earlier values that are not in this store\n");
    assert_null(strstr(text, "--seen")); /* who cannot decide is not told how */
    assert_string_equal(json_at(json, "$[0].person"), "Ada\nMoss");
    assert_string_equal(json_at(json, "$[0].values[1].seen[7]"), "t7");
    assert_string_equal(json_at(json, "$[0].values[1].seen_more"), "4");
    assert_string_equal(json_at(json, "$[0].values[1].device_label"), "blue laptop");
    assert_string_equal(json_at(json, "$[0].values[0].seen_unknown"), "2");
    free(text);
    free(json);
    history_free(h);
}

static void texts_are_printed_together(void **state)
{
    /* Goal: of a text that was brought together its versions and what became of them are there. */
    struct history *h = history_new();
    struct dot base;
    char *text, *json;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const char *const words[] = {"Lives alone.\n\nWalks well.\n", "Lives with Eve.\n\nWalks well.\n",
                                            "Lives alone.\n\nWalks badly.\n"};
        history_begin(h, i + 1, KIND_CASE, a_case, a_case);
        history_put_text(h, number_of(KIND_CASE, "assessment"), CHANGE_SET, words[i], &base, i > 0);
        base = i == 0 ? history_dot(h, history_end(h), 0) : (history_end(h), base);
    }
    text = queue_of(h, 0, 1);
    json = queue_of(h, 1, 1);
    assert_says(text, "parallel edit");
    assert_says(text, "    1 version: ");
    assert_says(text, "    together: 0 overlaps\n");
    assert_says(text, " merged --seen ");
    assert_says(text, "0 conflicts to decide, 1 parallel edit");
    assert_string_equal(json_at(json, "$[0].merged.overlaps"), "0");
    free(text);
    free(json);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contested_void_names_who_went_on),
        cmocka_unit_test(a_total_is_corrected_and_not_chosen),
        cmocka_unit_test(each_value_has_its_story),
        cmocka_unit_test(texts_are_printed_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
