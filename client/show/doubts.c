/* Marks, prints and asks about implausible values. */
#include "doubts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fields.h"

static int keep(void *arg, const struct schema_kind *kind, const struct id *record, const struct plausible_doubt *doubt,
                struct error *e)
{
    struct doubts *d = arg;
    (void)kind;
    (void)doubt;
    if (d->count == d->room) {
        size_t room = d->room == 0 ? 16 : 2 * d->room;
        struct id *more = realloc(d->ids, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        d->ids = more;
        d->room = room;
    }
    d->ids[d->count++] = *record;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(((const struct id *)a)->b, ((const struct id *)b)->b, ID_BYTES);
}

int doubts_load(struct db *db, const struct schema_kind *kind, struct doubts *out, struct error *e)
{
    int code = plausible_each(db, kind, clock_wall(), keep, out, e);
    if (code == 0 && out->count != 0)
        qsort(out->ids, out->count, sizeof *out->ids, compare_ids);
    return code;
}

int doubts_has(const struct doubts *d, const struct id *record)
{
    return d->count != 0 && bsearch(record, d->ids, d->count, sizeof *d->ids, compare_ids) != NULL;
}

void doubts_free(struct doubts *d)
{
    free(d->ids);
    memset(d, 0, sizeof *d);
}

int doubts_words(struct printer *v, const struct schema_kind *kind, const struct id *record, int indent,
                 struct error *e)
{
    struct plausible_doubts doubts;
    int code = plausible_check(v->db, kind, record, clock_wall(), &doubts, e);
    for (size_t i = 0; code == 0 && i < doubts.count; i++) {
        fields_label(v, "IS THIS RIGHT?", indent);
        (void)fprintf(v->cli->out, "%s\n", doubts.all[i].words);
    }
    return code;
}

int doubts_json(struct printer *v, const struct schema_kind *kind, const struct id *record, struct error *e)
{
    struct plausible_doubts doubts;
    struct json *j = &v->json;
    int code = plausible_check(v->db, kind, record, clock_wall(), &doubts, e);
    if (code != 0)
        return code;
    json_array(json_key(j, "implausible"));
    for (size_t i = 0; i < doubts.count; i++) {
        json_object(j);
        json_text(json_key(j, "field"), doubts.all[i].field);
        json_text(json_key(j, "words"), doubts.all[i].words);
        json_end(j);
    }
    json_end(j);
    return 0;
}

void doubts_new(const struct plausible_doubts *before, struct plausible_doubts *now)
{
    size_t kept = 0;
    for (size_t i = 0; i < now->count; i++) {
        size_t k = 0;
        while (k < before->count && strcmp(before->all[k].words, now->all[i].words) != 0)
            k++;
        if (k == before->count)
            now->all[kept++] = now->all[i];
    }
    now->count = kept;
}

/* 1: somebody at the terminal says yes. */
static int says_yes(void)
{
    char c = 0, first = 0;
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        first = first == 0 ? c : first;
    return first == 'y' || first == 'Y';
}

int doubts_can_ask(const struct cli *cli)
{
    return !cli->json && cli->err == stderr && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void say_all(struct cli *cli, const struct plausible_doubts *doubts)
{
    for (size_t i = 0; i < doubts->count; i++)
        (void)fprintf(cli->err, "%s%s", i == 0 ? "is this right? " : "; ", doubts->all[i].words);
}

int doubts_ask(struct cli *cli, const struct plausible_doubts *doubts)
{
    say_all(cli, doubts);
    (void)fputs(". Write it all the same? [y/N] ", cli->err);
    (void)fflush(cli->err);
    return says_yes();
}

void doubts_say(struct cli *cli, const struct plausible_doubts *doubts)
{
    say_all(cli, doubts);
    if (doubts->count != 0)
        (void)fputs(": it is written, and marked where the record is shown\n", cli->err);
}
