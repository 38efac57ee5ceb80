/* Judges imports by the office's log alone: it knows what the exports said, and nothing of how an import compares. */
#include "oracle_import.h"

#include <string.h>

#include "oracle.h"
#include "oracle_book.h"
#include "schema.h"
#include "source.h"

/* The office's own device wrote the first entry of the log. */
static int is_offices(const struct oracle_book_op *op)
{
    return id_equal(&op->dot.device, &oracle_book_at(0)->device);
}

static struct slice text_of(struct slice value)
{
    struct unpack r;
    struct slice text;
    unpack_start(&r, value);
    text = unpack_text(&r);
    return r.failed ? (struct slice){NULL, 0} : text;
}

static unsigned field_number(unsigned field)
{
    return schema_field_named(schema_kind(KIND_CLIENT), source_fields[field])->number;
}

/* 1: nobody but the office wrote in the record, nothing of it is voided, and none of its words are missing. *last: what
 * was written last to the field; p NULL: nothing. */
static int only_imports(const struct id *record, unsigned field, struct slice *last)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    *last = (struct slice){NULL, 0};
    for (size_t i = 0; i < oracle_book_count(); i++) {
        const struct oracle_book_entry *entry = oracle_book_at(i);
        if (id_equal(&entry->record, record) && (entry->body.p == NULL || entry->held))
            return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!id_equal(&ops[i].record, record))
            continue;
        if (!is_offices(&ops[i]) || ops[i].field == FIELD_VOID)
            return 0;
        if (ops[i].field == field)
            *last = text_of(ops[i].value);
    }
    return 1;
}

void oracle_import_taken(void)
{
    if (!oracle_book_read(1) || oracle_book_count() == 0)
        return;
    for (unsigned person = 0; person < SOURCE_PERSONS; person++)
        for (unsigned f = 0; f < SOURCE_FIELDS; f++) {
            struct id record = source_id(SOURCE_PERSON, person);
            const char *words = source_says(person, f);
            struct slice last;
            if (words == NULL || !only_imports(&record, field_number(f), &last))
                continue;
            if (last.size != strlen(words) || (last.size != 0 && memcmp(last.p, words, last.size) != 0))
                oracle_found(
                    "9: the newest export was taken, and says \"%s\" of %s of person %u; the log says \"%.*s\"", words,
                    source_fields[f], person, (int)last.size, (const char *)last.p);
        }
}

void oracle_import_judge(void)
{
    size_t count;
    const struct oracle_book_op *ops = oracle_book_ops(&count);
    for (unsigned person = 0; source_newest() != 0 && person < SOURCE_PERSONS; person++)
        for (unsigned f = 0; f < SOURCE_FIELDS; f++) {
            struct id record = source_id(SOURCE_PERSON, person);
            unsigned field = field_number(f);
            for (size_t i = 0; i < count; i++) {
                struct slice words;
                if (!id_equal(&ops[i].record, &record) || ops[i].field != field || is_offices(&ops[i]))
                    continue;
                words = text_of(ops[i].value);
                for (size_t k = 0; k < count; k++)
                    if (id_equal(&ops[k].record, &record) && ops[k].field == field && is_offices(&ops[k]) &&
                        oracle_book_names(&ops[k], &ops[i].dot) &&
                        !source_said(person, f, (const char *)words.p, words.size))
                        oracle_found("9: an import ended \"%.*s\", which a person typed as %s of person %u",
                                     (int)words.size, (const char *)words.p, source_fields[f], person);
            }
        }
}
