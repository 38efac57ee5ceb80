/* Reads a mapping file into the tables of a mapping.
 *
 *   line     source NAME | file NAME | key COLUMN | updated COLUMN | deleted COLUMN
 *            | record KIND [in FILE COLUMN] | FIELD value [once]
 *   value    COLUMN... | COLUMN codes WORD WORD ... | COLUMN from FILE | COLUMN split MARK | always WORDS
 *            | COLUMN filled WORDS empty WORDS
 *
 * What is looked up in other parts of the file (the records that a FILE makes) is checked at its end. */
#include "map_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "letters.h"

#define ANY '?'

enum { WORDS_MAX = 128, STRINGS_MAX = 8192, REFERENCES_MAX = 256, NAME_BYTES = 63 };

/* What is known of a file besides its mapping_file. */
struct columns {
    size_t count;
    struct {
        const char *name;
        char mark; /* as import_stage takes it: '#', '@', or 0; or ANY */
        int is_needed;
    } all[MAP_FILE_COLUMNS];
};

/* That FILE makes a record of a kind, which somebody said on a line. */
struct promise {
    const char *file;
    unsigned kind, line;
};

struct map_file {
    struct mapping mapping;
    struct mapping_file files[MAP_FILE_FILES];
    struct columns columns[MAP_FILE_FILES];
    struct mapping_record records[MAP_FILE_RECORDS];
    struct mapping_field fields[MAP_FILE_RECORDS][IMPORT_FIELDS_MAX];
    struct mapping_reference references[REFERENCES_MAX];
    struct import_orphans orphans[MAP_FILE_RECORDS];
    struct promise promises[REFERENCES_MAX];
    size_t promise_count;
    char *strings[STRINGS_MAX]; /* all that the above points to */
    size_t string_count;
};

/* A reading under way. */
struct reading {
    struct map_file *m;
    const char *name;
    unsigned line;
    struct mapping_file *file;      /* NULL: no file has been named yet */
    struct columns *columns;        /* of the file */
    struct mapping_record *record;  /* NULL: no record has been named in this file yet */
    const struct schema_kind *kind; /* of the record */
    size_t word_count;
    struct word {
        const char *text;
        int is_quoted; /* then it is no keyword */
    } words[WORDS_MAX];
    struct error *e;
};

#define WRONG(r, ...) wrong(r, sqlite3_mprintf(__VA_ARGS__))

/* E_INPUT: "NAME, line 12: " and the sentence, which is freed. */
static int wrong(struct reading *r, char *sentence)
{
    int code =
        sentence == NULL ? error_memory(r->e) : error_set(r->e, E_INPUT, "%s, line %u: %s", r->name, r->line, sentence);
    sqlite3_free(sentence);
    return code;
}

/* Takes a string that sqlite3_mprintf made; NULL: e says why. */
static const char *keep(struct reading *r, char *made)
{
    if (made == NULL || r->m->string_count == STRINGS_MAX) {
        sqlite3_free(made);
        (void)(made == NULL ? error_memory(r->e)
                            : error_set(r->e, E_LIMIT, "%s: it is larger than a mapping may be", r->name));
        return NULL;
    }
    r->m->strings[r->m->string_count++] = made;
    return made;
}

/* --- words --- */

/* Takes one word, quoted or not, from *at, which is none of a blank. */
static int take_word(struct reading *r, const char **at, const char *end)
{
    const char *p = *at;
    struct word *w = &r->words[r->word_count];
    sqlite3_str *text = sqlite3_str_new(NULL);
    w->is_quoted = *p == '"';
    if (w->is_quoted) {
        for (p++; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++) {
            sqlite3_str_appendchar(text, 1, *p);
            p += *p == '"';
        }
        if (p == end) {
            sqlite3_free(sqlite3_str_finish(text));
            return WRONG(r, "a quote is not closed");
        }
        p++;
    } else {
        const char *from = p;
        while (p < end && *p != ' ' && *p != '\t' && *p != '"')
            p++;
        sqlite3_str_append(text, from, (int)(p - from));
    }
    *at = p;
    r->word_count++;
    if (sqlite3_str_length(text) == 0) { /* "" */
        sqlite3_free(sqlite3_str_finish(text));
        return (w->text = keep(r, sqlite3_mprintf(""))) == NULL ? error_code(r->e) : 0;
    }
    return (w->text = keep(r, sqlite3_str_finish(text))) == NULL ? error_code(r->e) : 0;
}

static int take_words(struct reading *r, const char *at, const char *end)
{
    int code = 0;
    r->word_count = 0;
    for (;;) {
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
            at++;
        if (code != 0 || at == end || *at == '#')
            return code;
        if (r->word_count == WORDS_MAX)
            return WRONG(r, "it has more than %d words", (int)WORDS_MAX);
        code = take_word(r, &at, end);
    }
}

/* 1: the word is this keyword. */
static int is_keyword(const struct reading *r, size_t at, const char *keyword)
{
    return at < r->word_count && !r->words[at].is_quoted && strcmp(r->words[at].text, keyword) == 0;
}

static int needs_words(struct reading *r, size_t count, const char *form)
{
    return r->word_count == count ? 0 : WRONG(r, "write: %s", form);
}

/* --- files and columns --- */

static struct mapping_file *find_file(struct map_file *m, const char *name)
{
    for (size_t i = 0; i < m->mapping.file_count; i++)
        if (strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    return NULL;
}

static int read_source(struct reading *r)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *name;
    int code = needs_words(r, 2, "source NAME");
    if (code != 0)
        return code;
    name = r->words[1].text;
    if (name[0] == '\0' || strlen(name) > 32 || strspn(name, letters) != strlen(name))
        return WRONG(r, "a source's name has at most 32 small letters, digits and hyphens, such as old-register");
    if (strcmp(name, mapping_hmis.format) == 0 || strcmp(name, mapping_synthea.format) == 0)
        return WRONG(r, "%s is the name of a format that needs no mapping; choose another name", name);
    r->m->mapping.format = name;
    return 0;
}

/* 1: the name is one that the tables of an import use themselves. */
static int is_taken(const char *name)
{
    static const char *const own[] = {"gone", "orphan", "sqlite_schema", "sqlite_master"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcasecmp(own[i], name) == 0)
            return 1;
    return strncasecmp(name, "account_", 8) == 0 || strncasecmp(name, "sqlite_", 7) == 0;
}

static int read_file(struct reading *r)
{
    const char *name;
    int code = needs_words(r, 2, "file NAME, without .csv");
    if (code != 0)
        return code;
    name = r->words[1].text;
    if (name[0] == '\0' || strlen(name) > NAME_BYTES || strpbrk(name, "/\"") != NULL || name[0] == '.')
        return WRONG(r, "a file's name is that of a CSV file in the export's folder, without .csv");
    if (is_taken(name))
        return WRONG(r, "a file of this name cannot be mapped; give it another one in the folder");
    for (size_t i = 0; i < r->m->mapping.file_count; i++)
        if (strcasecmp(r->m->files[i].name, name) == 0)
            return WRONG(r, "the file %s stands here already; put all of it in one place", name);
    if (r->m->mapping.file_count == MAP_FILE_FILES)
        return WRONG(r, "a mapping has at most %d files", MAP_FILE_FILES);
    r->columns = &r->m->columns[r->m->mapping.file_count];
    r->file = &r->m->files[r->m->mapping.file_count++];
    r->file->name = name;
    r->record = NULL;
    return 0;
}

/* Notes that a column is read. mark: '#', '@', ANY: as whatever another line reads it, or 0: as text. */
static int use_column(struct reading *r, const char *name, char mark, int is_needed)
{
    struct columns *c = r->columns;
    size_t i = 0;
    if (name[0] == '\0' || strlen(name) > NAME_BYTES || strchr(name, '"') != NULL)
        return WRONG(r, "a column's name has 1 to %d bytes and no quotes", (int)NAME_BYTES);
    if (strcasecmp(name, "line") == 0 || strcasecmp(name, "old") == 0 || strcasecmp(name, "later") == 0)
        return WRONG(r, "a column of the name %s cannot be mapped; give it another heading in the file", name);
    while (i < c->count && strcasecmp(c->all[i].name, name) != 0)
        i++;
    if (i == MAP_FILE_COLUMNS)
        return WRONG(r, "a mapping reads at most %d columns of a file", MAP_FILE_COLUMNS);
    if (i == c->count) {
        c->all[c->count++].name = name;
        c->all[i].mark = mark;
        c->all[i].is_needed = 0;
    }
    if (c->all[i].mark == ANY)
        c->all[i].mark = mark;
    if (c->all[i].mark != mark && mark != ANY)
        return WRONG(r, "the column %s is read as a day, as a time or as words, but not as two of these", name);
    c->all[i].is_needed |= is_needed;
    return 0;
}

/* key, updated, deleted. */
static int read_column(struct reading *r)
{
    const char *what = r->words[0].text;
    const char **column = what[0] == 'k' ? &r->file->key : what[0] == 'u' ? &r->file->updated : &r->file->deleted;
    int code = needs_words(r, 2, what[0] == 'k' ? "key COLUMN" : what[0] == 'u' ? "updated COLUMN" : "deleted COLUMN");
    if (code != 0)
        return code;
    if (*column != NULL)
        return WRONG(r, "the file %s has such a column already", r->file->name);
    if (what[0] != 'k' && r->file->key == NULL)
        return WRONG(r, "say first which column is the key of a row: key COLUMN");
    *column = r->words[1].text;
    return use_column(r, *column, what[0] == 'u' ? '@' : 0, what[0] == 'k');
}

/* --- records --- */

/* Notes that a column names a row of a file, which is to make a record of the kind. */
static int refer(struct reading *r, const char *column, const char *file, unsigned kind, int is_needed)
{
    struct mapping *m = &r->m->mapping;
    const struct mapping_file *to = find_file(r->m, file);
    if (to == NULL || to->key == NULL)
        return WRONG(r, "no file %s with a key stands above; put the files in the order in which one names another",
                     file);
    if (r->m->promise_count == REFERENCES_MAX)
        return WRONG(r, "a mapping has at most %d references", (int)REFERENCES_MAX);
    r->m->promises[r->m->promise_count++] = (struct promise){to->name, kind, r->line};
    if (to == r->file && strcasecmp(column, r->file->key) == 0)
        return 0; /* of the same row */
    r->m->references[m->reference_count++] = (struct mapping_reference){
        r->file->name, column, to->name, is_needed ? "the row that it hangs on was not taken" : "no row has this key",
        is_needed};
    return 0;
}

/* A record in a case may be moved to another by its row. */
static int add_orphans(struct reading *r, const char *column)
{
    struct mapping_record *record = r->record;
    struct import_orphans *o = &r->m->orphans[r->m->mapping.orphan_count];
    o->kind = r->kind->name;
    o->records =
        keep(r, sqlite3_mprintf("SELECT id, scope, source_id FROM \"%w\" WHERE source_id IS NOT NULL AND voided "
                                "= 0",
                                r->kind->name));
    o->has_gone =
        keep(r, sqlite3_mprintf("SELECT 1 FROM \"%w\" WHERE \"%w\" = ?3 AND old = 0 AND \"%w\" <> '' AND %s <> "
                                "?2 AND ?1 IN (record_id(%Q, ?3), record_id(%Q, ?3 || ' in ' || ?2))",
                                r->file->name, r->file->key, column, record->scope, record->table, record->table));
    if (o->records == NULL || o->has_gone == NULL)
        return error_code(r->e);
    r->m->mapping.orphan_count++;
    record->moves = 1;
    return 0;
}

/* "in FILE COLUMN" */
static int read_place(struct reading *r)
{
    const char *file, *column;
    int is_in = r->kind->place == SCHEMA_CASE && r->kind->number != KIND_CASE, code;
    if (is_in != (r->word_count == 5 && is_keyword(r, 2, "in")))
        return is_in ? WRONG(r, "a %s stands in a case; write: record %s in FILE COLUMN", r->kind->name, r->kind->name)
                     : WRONG(r, "a %s stands in no case; write: record %s", r->kind->name, r->kind->name);
    if (!is_in)
        return r->word_count == 2 ? 0 : WRONG(r, "write: record %s", r->kind->name);
    file = r->words[3].text;
    column = r->words[4].text;
    if ((code = use_column(r, column, 0, 1)) != 0 || (code = refer(r, column, file, KIND_CASE, 1)) != 0)
        return code;
    r->record->scope = keep(r, sqlite3_mprintf("record_id('%q case', \"%w\")", file, column));
    return r->record->scope == NULL ? error_code(r->e) : add_orphans(r, column);
}

static int read_record(struct reading *r)
{
    struct mapping *m = &r->m->mapping;
    if (r->word_count < 2)
        return WRONG(r, "write: record KIND, or record KIND in FILE COLUMN");
    if (r->file->key == NULL)
        return WRONG(r, "say first which column is the key of a row: key COLUMN");
    r->kind = schema_kind_named(r->words[1].text);
    if (r->kind == NULL || (!schema_is_erasable(r->kind->number) && r->kind->number != KIND_PROVIDER))
        return WRONG(r,
                     "%s is nothing that a mapping can make; it makes client, case, contact, note, service, plan and "
                     "provider",
                     r->words[1].text);
    for (size_t i = 0; i < m->record_count; i++)
        if (r->m->records[i].file == r->file->name && strcmp(r->m->records[i].kind, r->kind->name) == 0)
            return WRONG(r, "a row of %s makes a %s already; a row makes one record of a kind", r->file->name,
                         r->kind->name);
    if (m->record_count == MAP_FILE_RECORDS)
        return WRONG(r, "a mapping makes at most %d kinds of records", MAP_FILE_RECORDS);
    r->record = &r->m->records[m->record_count];
    r->record->fields = r->m->fields[m->record_count++];
    r->record->kind = r->kind->name;
    r->record->file = r->file->name;
    r->record->goes = r->file->deleted != NULL;
    if ((r->record->table = keep(r, sqlite3_mprintf("%s %s", r->file->name, r->kind->name))) == NULL ||
        (r->record->key = keep(r, sqlite3_mprintf("\"%w\"", r->file->key))) == NULL ||
        (r->record->from = keep(r, sqlite3_mprintf("\"%w\" WHERE old = 0", r->file->name))) == NULL)
        return error_code(r->e);
    return read_place(r);
}

/* --- fields --- */

/* Lists a kind's fields that a mapping can write; freed with sqlite3_free. */
static char *field_names(const struct schema_kind *kind)
{
    sqlite3_str *names = sqlite3_str_new(NULL);
    for (size_t i = 0; i < kind->field_count; i++)
        sqlite3_str_appendf(names, "%s%s", i == 0 ? "" : ", ", kind->fields[i].name);
    return sqlite3_str_finish(names);
}

static const struct schema_field *find_field(const struct schema_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->field_count; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return &kind->fields[i];
    return NULL;
}

static char mark_of(const struct schema_field *field)
{
    if (field->type == SCHEMA_DATE)
        return '#';
    return field->type == SCHEMA_TIME ? '@' : 0;
}

/* COLUMN codes WORD WORD ...: a code that is not told stands as it is, and the field's type judges it. */
static char *codes_sql(const struct reading *r, size_t count)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "CASE \"%w\"", r->words[1].text);
    for (size_t i = 3; i + 1 < count; i += 2)
        sqlite3_str_appendf(sql, " WHEN %Q THEN %Q", r->words[i].text, r->words[i + 1].text);
    sqlite3_str_appendf(sql, " ELSE \"%w\" END", r->words[1].text);
    return sqlite3_str_finish(sql);
}

/* COLUMN...: the columns' words, with a space between them; NULL if the file has none of the columns. */
static char *columns_sql(const struct reading *r, size_t count)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    if (count == 2) {
        sqlite3_str_appendf(sql, "\"%w\"", r->words[1].text);
        return sqlite3_str_finish(sql);
    }
    sqlite3_str_appendall(sql, "CASE WHEN coalesce(");
    for (size_t i = 1; i < count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i == 1 ? "" : ", ", r->words[i].text);
    sqlite3_str_appendall(sql, ") IS NOT NULL THEN words(");
    for (size_t i = 1; i < count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i == 1 ? "" : ", ", r->words[i].text);
    sqlite3_str_appendall(sql, ") END");
    return sqlite3_str_finish(sql);
}

static int use_columns(struct reading *r, const struct schema_field *field, size_t count)
{
    int code = 0;
    if (count > 2 && mark_of(field) != 0)
        return WRONG(r, "%s is a day or a time, and comes from one column", field->name);
    for (size_t i = 1; code == 0 && i < count; i++)
        code = use_column(r, r->words[i].text, mark_of(field), 0);
    return code;
}

/* The expression for a field, of the words 1 to count - 1. NULL: e says why. */
static const char *read_value(struct reading *r, const struct schema_field *field, size_t count)
{
    int is_ref = field->type == SCHEMA_REF;
    if (count == 4 && is_keyword(r, 2, "from")) {
        const char *column = r->words[1].text, *file = r->words[3].text;
        int needed = r->kind->number == KIND_CASE && field->ref == KIND_CLIENT && strcmp(field->name, "client") == 0;
        const char *made = schema_kind(field->ref) != NULL ? schema_kind(field->ref)->name : "";
        if (!is_ref) {
            (void)WRONG(r, "%s names no other record; write the column alone", field->name);
            return NULL;
        }
        return use_column(r, column, 0, needed) != 0 || refer(r, column, file, field->ref, needed) != 0
                   ? NULL
                   : keep(r, sqlite3_mprintf("record_id('%q %q', \"%w\")", file, made, column));
    }
    if (is_ref) {
        (void)WRONG(r, "%s names another record; write: %s COLUMN from FILE", field->name, field->name);
        return NULL;
    }
    if (count == 3 && is_keyword(r, 1, "always"))
        return keep(r, sqlite3_mprintf("%Q", r->words[2].text));
    if (count == 4 && is_keyword(r, 2, "split")) {
        if (schema_holds_one(field) || schema_traits(field)->adds_up || r->words[3].text[0] == '\0') {
            (void)WRONG(r, "%s holds one value, and is not split", field->name);
            return NULL;
        }
        return use_column(r, r->words[1].text, mark_of(field), 0) != 0
                   ? NULL
                   : keep(r, sqlite3_mprintf("replace(\"%w\", %Q, char(31))", r->words[1].text, r->words[3].text));
    }
    if (count == 6 && is_keyword(r, 2, "filled") && is_keyword(r, 4, "empty"))
        return use_column(r, r->words[1].text, ANY, 0) != 0
                   ? NULL
                   : keep(r, sqlite3_mprintf("CASE WHEN \"%w\" = '' THEN %Q WHEN \"%w\" <> '' THEN %Q END",
                                             r->words[1].text, r->words[5].text, r->words[1].text, r->words[3].text));
    if (is_keyword(r, 2, "codes")) {
        if (count < 5 || count % 2 == 0) {
            (void)WRONG(r, "write: %s COLUMN codes CODE WORD CODE WORD ...", field->name);
            return NULL;
        }
        return use_column(r, r->words[1].text, 0, 0) != 0 ? NULL : keep(r, codes_sql(r, count));
    }
    return use_columns(r, field, count) != 0 ? NULL : keep(r, columns_sql(r, count));
}

static int read_field(struct reading *r)
{
    const struct schema_field *field = find_field(r->kind, r->words[0].text);
    size_t count = r->word_count;
    int is_once = is_keyword(r, count - 1, "once");
    struct mapping_field *out = &r->m->fields[r->record - r->m->records][r->record->field_count];
    if (field == NULL || field->type == SCHEMA_BYTES || field->type == SCHEMA_DOTS) {
        char *names = field_names(r->kind);
        int code =
            WRONG(r, "a %s has no field %s; it has %s", r->kind->name, r->words[0].text, names == NULL ? "" : names);
        sqlite3_free(names);
        return code;
    }
    count -= (size_t)is_once;
    if (count < 2)
        return WRONG(r, "write: %s COLUMN", field->name);
    if (r->record->field_count == IMPORT_FIELDS_MAX)
        return WRONG(r, "a record has at most %d lines", IMPORT_FIELDS_MAX);
    if ((out->value = read_value(r, field, count)) == NULL)
        return error_code(r->e);
    out->field = field->name;
    out->policy = schema_traits(field)->is_amended || is_once ? MAPPING_NEW
                  : schema_holds_one(field)                   ? MAPPING_SET
                                                              : MAPPING_ELEMENTS;
    r->record->field_count++;
    return 0;
}

/* --- all of it --- */

static int read_line(struct reading *r)
{
    if (r->word_count == 0)
        return 0;
    if (is_keyword(r, 0, "source"))
        return read_source(r);
    if (is_keyword(r, 0, "file"))
        return read_file(r);
    if (r->file == NULL)
        return WRONG(r, "say first which file this is of: file NAME");
    if (is_keyword(r, 0, "key") || is_keyword(r, 0, "updated") || is_keyword(r, 0, "deleted"))
        return r->record == NULL ? read_column(r)
                                 : WRONG(r, "%s stands before the first record of its file", r->words[0].text);
    if (is_keyword(r, 0, "record"))
        return read_record(r);
    return r->record != NULL ? read_field(r) : WRONG(r, "say first what a row is: record KIND");
}

static int check_promises(struct reading *r)
{
    for (size_t i = 0; i < r->m->promise_count; i++) {
        const struct promise *p = &r->m->promises[i];
        const struct schema_kind *kind = schema_kind(p->kind);
        size_t k = 0;
        while (k < r->m->mapping.record_count && (strcmp(r->m->records[k].file, p->file) != 0 || kind == NULL ||
                                                  strcmp(r->m->records[k].kind, kind->name) != 0))
            k++;
        r->line = p->line;
        if (k == r->m->mapping.record_count)
            return WRONG(r, "a row of %s makes no %s; name the file whose rows do", p->file,
                         kind != NULL ? kind->name : "such record");
    }
    return 0;
}

/* Makes the list of a file's columns, as import_stage takes it: the key first. */
static int list_columns(struct reading *r, size_t at)
{
    static const char marks[][2] = {{0}, {'#'}, {'@'}};
    const struct columns *c = &r->m->columns[at];
    sqlite3_str *list = sqlite3_str_new(NULL);
    for (size_t i = 0; i < c->count; i++)
        sqlite3_str_appendf(list, "%s\"%s\"%s%s", i == 0 ? "" : " ", c->all[i].name, c->all[i].is_needed ? "!" : "",
                            marks[c->all[i].mark == '#'   ? 1
                                  : c->all[i].mark == '@' ? 2
                                                          : 0]);
    return (r->m->files[at].columns = keep(r, sqlite3_str_finish(list))) == NULL ? error_code(r->e) : 0;
}

static int finish(struct reading *r)
{
    struct mapping *m = &r->m->mapping;
    int code = check_promises(r);
    if (code == 0 && (m->format == NULL || m->record_count == 0))
        return error_set(r->e, E_INPUT, "%s: it %s", r->name,
                         m->format == NULL ? "does not say of which source it is; write: source NAME"
                                           : "makes no records; write: record KIND");
    for (size_t i = 0; code == 0 && i < m->file_count; i++)
        code = list_columns(r, i);
    m->needs[0] = m->file_count != 0 ? r->m->files[0].name : NULL;
    m->files = r->m->files;
    m->references = r->m->references;
    m->records = r->m->records;
    m->orphans = r->m->orphans;
    return code;
}

static int read_lines(struct reading *r, const char *text, size_t size)
{
    const char *end = text + size;
    int code = 0;
    for (const char *at = text; code == 0 && at < end; r->line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL)
            stop = end;
        if ((code = take_words(r, at, stop)) == 0)
            code = read_line(r);
        at = stop + (stop < end);
    }
    return code == 0 ? finish(r) : code;
}

int map_file_parse(const char *text, size_t size, const char *name, struct map_file **out, struct error *e)
{
    struct reading *r;
    int code;
    *out = NULL;
    if (size > MAP_FILE_MAX)
        return error_set(e, E_LIMIT, "%s: a mapping has at most %d bytes", name, MAP_FILE_MAX);
    if (!pack_is_utf8((const uint8_t *)text, size))
        return error_set(e, E_INPUT, "%s: it is no text in UTF-8", name);
    if ((r = calloc(1, sizeof *r)) == NULL || (r->m = calloc(1, sizeof *r->m)) == NULL) {
        free(r);
        return error_memory(e);
    }
    r->name = name;
    r->line = 1;
    r->e = e;
    if ((code = read_lines(r, text, size)) == 0)
        *out = r->m;
    else
        map_file_free(r->m);
    free(r);
    return code;
}

int map_file_read(const char *path, struct map_file **out, struct error *e)
{
    char *text = malloc(MAP_FILE_MAX + 1);
    size_t size = 0;
    FILE *f = NULL;
    int code = text == NULL ? error_memory(e) : letters_regular(path, &f, e);
    *out = NULL;
    if (code == 0) {
        size = fread(text, 1, MAP_FILE_MAX + 1, f);
        code = ferror(f) ? error_set(e, E_IO, "%s cannot be read", path) : map_file_parse(text, size, path, out, e);
        (void)fclose(f);
    }
    free(text);
    return code;
}

const struct mapping *map_file_mapping(const struct map_file *m)
{
    return &m->mapping;
}

void map_file_free(struct map_file *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->string_count; i++)
        sqlite3_free(m->strings[i]);
    free(m);
}
