/* A laptop's store in memory, its owner, a colleague and an office, for the tests of the record commands. */
#ifndef SATCHEL_DESK_SCENE_H
#define SATCHEL_DESK_SCENE_H

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
#include "review.h"
#include "tables.h"

#define ARGUMENTS_MAX 16

static uint64_t clock_now = 1760000000000;

static inline uint64_t tick(void)
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

static inline struct id numbered(uint8_t number)
{
    struct id id = {{0x01, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0xee, 0xee, 0xee, number}};
    return id;
}

static inline void write_as(struct desk *d, struct edit_author *author, struct edit *edit, const char *reason)
{
    assert_int_equal(edit_commit(edit, author, reason, LOG_NO_POSITION, 0, NULL, &d->e), 0);
    /* The store's own chain is that of the laptop alone. */
    assert_int_equal(edit_author_save(d->store.db, &d->store.author, &d->e), 0);
}

static inline void make_user(struct desk *d, uint8_t number, const char *name)
{
    static const struct id everywhere;
    struct id user = numbered(number);
    struct edit edit;
    assert_int_equal(edit_new(&edit, d->store.db, schema_kind(KIND_USER), &everywhere, &user, &d->e), 0);
    assert_int_equal(edit_set_text(&edit, "name", name, &d->e), 0);
    write_as(d, &d->office, &edit, NULL);
}

static inline struct edit_author other_author(uint8_t device, uint8_t person)
{
    struct edit_author author;
    memset(&author, 0, sizeof author);
    author.chain.device = numbered(device);
    author.chain.epoch = 1;
    author.person = numbered(person);
    author.wall = tick;
    return author;
}

static inline void forget_output(struct desk *d)
{
    free(d->out);
    free(d->err);
    d->out = d->err = NULL;
}

/* Runs a command with the words of `line`, of which those in 'quotes' are one. */
static inline int run(struct desk *d, desk_work *work, const char *line)
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
static inline int run_on(struct desk *d, desk_work *work, const char *form_before, const char *id,
                         const char *form_after)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s %s %s", form_before, id, form_after);
    return run(d, work, line);
}

static inline void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static inline void has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static inline void take_id(const struct desk *d, char out[ID_TEXT])
{
    struct id id;
    assert_int_equal(d->out_bytes, ID_TEXT);
    memcpy(out, d->out, ID_TEXT - 1);
    out[ID_TEXT - 1] = '\0';
    assert_int_equal(id_parse(out, &id, NULL), 0);
}

static inline int setup(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    struct id device = numbered(1);
    assert_non_null(d);
    assert_true(sodium_init() >= 0);
    assert_int_equal(db_open_memory(&d->store.db, &d->e), 0);
    assert_int_equal(log_create(d->store.db, &d->e), 0);
    assert_int_equal(record_create(d->store.db, &d->e), 0);
    assert_int_equal(tables_create(d->store.db, &d->e), 0);
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

static inline int teardown(void **state)
{
    struct desk *d = *state;
    forget_output(d);
    db_close(d->store.db);
    free(d);
    return 0;
}

/* The colleague sets a field of a record, without having seen what is there. */
static inline void set_unseen(struct desk *d, const char *record, const char *name, const char *text)
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

/* `satchel resolve RECORD FIELD VALUE --seen CODE`, by somebody who looked at what lives now. */
static inline int resolve(struct desk *d, const char *record, const char *name, const char *value)
{
    const struct schema_field *field;
    struct record_place place;
    struct record_field f;
    char code[REVIEW_CODE], words[256];
    struct id id;
    assert_int_equal(id_parse(record, &id, NULL), 0);
    assert_int_equal(record_find(d->store.db, &id, &place, &d->e), 0);
    field = schema_field_named(place.kind, name);
    assert_int_equal(record_field_load(d->store.db, &id, place.kind, field, &f, &d->e), 0);
    assert_int_equal(review_code(d->store.db, &id, field, &f, code, &d->e), 0);
    record_field_free(&f);
    (void)snprintf(words, sizeof words, "%s %s --seen %s", name, value, code);
    return run_on(d, conflicts_resolve, "resolve", record, words);
}

static inline void set_arriving(struct desk *d, const char *scope)
{
    struct id id;
    assert_int_equal(id_parse(scope, &id, NULL), 0);
    assert_int_equal(db_run(d->store.db, &d->e, "INSERT INTO scope(id, complete) VALUES(?, 0)", "d", &id), 0);
}

static inline const char *last8(const char *id)
{
    return id + strlen(id) - 8;
}

#endif
