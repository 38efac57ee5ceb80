/* Ends what belongs to the closing of a case when it is opened again. */
#include "reopen.h"

#include <string.h>

#include "record.h"
#include "schema.h"

/* Writes what a field shows, in words; "" for nothing. */
static int shown_words(struct edit *edit, const struct schema_field *field, char *out, size_t out_max, struct error *e)
{
    struct record_field f;
    int code = record_field_load(edit->db, &edit->record, edit->kind, field, &f, e);
    out[0] = '\0';
    if (code != 0)
        return code;
    if (f.count != 0)
        (void)schema_format(field, f.ops[0].merge.value, out, out_max);
    record_field_free(&f);
    return 0;
}

static int is_written(const struct schema_field *field, const struct schema_field *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == field)
            return 1;
    return 0;
}

int reopen_case(struct edit *edit, const char *status, const struct schema_field *const *fields, size_t count,
                unsigned *ended, struct error *e)
{
    static const char *const of_closing[] = {"outcome", "closed"};
    char words[64];
    int code;
    *ended = 0;
    if (edit->kind->number != KIND_CASE || strcmp(status, "closed") == 0)
        return 0;
    if ((code = shown_words(edit, schema_field_named(edit->kind, "status"), words, sizeof words, e)) != 0 ||
        strcmp(words, "closed") != 0)
        return code;
    for (size_t i = 0; code == 0 && i < sizeof of_closing / sizeof *of_closing; i++) {
        const struct schema_field *field = schema_field_named(edit->kind, of_closing[i]);
        if (is_written(field, fields, count) || (code = shown_words(edit, field, words, sizeof words, e)) != 0 ||
            words[0] == '\0')
            continue;
        code = edit_set_text(edit, of_closing[i], "", e);
        ++*ended;
    }
    return code;
}
