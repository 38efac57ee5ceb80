/* Prints a text that was merged from several versions, and who wrote what in it. */
#include <string.h>

#include "printer.h"

#define SHORT 60 /* characters of a piece of text on one line */

/* --- pieces --- */

/* A piece of a text in v->room, as a string. */
static const char *piece(struct printer *v, struct slice text)
{
    size_t size = text.size < SCHEMA_FORMAT_MAX - 1 ? text.size : SCHEMA_FORMAT_MAX - 1;
    if (size != 0)
        memcpy(v->room, text.p, size);
    v->room[size] = '\0';
    return v->room;
}

static int is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The text without the line ends and blanks around it. */
static struct slice bare(struct slice text)
{
    while (text.size != 0 && is_blank(text.p[0])) {
        text.p++;
        text.size--;
    }
    while (text.size != 0 && is_blank(text.p[text.size - 1]))
        text.size--;
    return text;
}

static void put_piece(struct printer *v, struct slice text)
{
    (void)fputc('"', v->cli->out);
    printer_line(v->cli->out, piece(v, bare(text)), SHORT);
    (void)fputc('"', v->cli->out);
}

/* The op of writer number i. */
static const struct record_op *writer(const struct record_field *f, size_t i)
{
    return &f->ops[f->merged->text.order[i]];
}

static int wrote(text_writers writers, size_t i)
{
    return (int)(writers >> i & 1);
}

/* --- in words --- */

/* Anna Berg, 2026-11-23 20:45; Ben ... */
static void put_writers(struct printer *v, const struct record_field *f, text_writers writers)
{
    FILE *out = v->cli->out;
    int first = 1;
    for (size_t i = 0; i < f->merged->text.version_count; i++) {
        char author[PRINTER_NAME], when[MOMENT_WRITTEN];
        if (!wrote(writers, i))
            continue;
        printer_author(v->db, &writer(f, i)->author, author);
        printer_written(v, writer(f, i), when);
        (void)fputs(first ? "" : "; ", out);
        printer_line(out, author, 0);
        (void)fprintf(out, ", %s", when);
        first = 0;
    }
}

/* Anna Berg, 2026-11-23 20:45: "leaks" in place of "works" */
static void put_edit(struct printer *v, const struct record_field *f, text_writers writers, struct slice text,
                     struct slice base)
{
    FILE *out = v->cli->out;
    put_writers(v, f, writers);
    (void)fputs(text.size == 0 ? ": took out " : ": ", out);
    put_piece(v, text.size == 0 ? base : text);
    if (text.size != 0 && base.size != 0) {
        (void)fputs(" in place of ", out);
        put_piece(v, base);
    }
    (void)fputc('\n', out);
}

void printer_merged_who(struct printer *v, const struct record_field *f, int indent)
{
    const struct text_merged *m = &f->merged->text;
    for (size_t i = 0; i < m->segment_count; i++) {
        const struct text_segment *s = &m->segments[i];
        if (s->form == TEXT_EDIT) {
            (void)fprintf(v->cli->out, "%*s", indent, "");
            put_edit(v, f, s->writers, s->text, s->base);
        }
        for (size_t k = 0; s->form == TEXT_OVERLAP && k < s->count; k++) {
            (void)fprintf(v->cli->out, "%*s%s", indent, "", k == 0 ? "either " : "or ");
            put_edit(v, f, m->alternatives[s->first + k].writers, m->alternatives[s->first + k].text, s->base);
        }
    }
}

void printer_merged(struct printer *v, const struct record_field *f, int indent)
{
    const char *p = f->merged->words;
    size_t left = f->merged->words_bytes;
    /* Line by line: v->room may be too small for several versions together. */
    while (left != 0) {
        const char *line_end = memchr(p, '\n', left);
        size_t size = line_end == NULL ? left : (size_t)(line_end - p) + 1;
        printer_block(v->cli->out, piece(v, (struct slice){(const uint8_t *)p, size}), indent);
        p += size;
        left -= size;
        if (line_end != NULL && left != 0)
            (void)fprintf(v->cli->out, "\n%*s", indent, "");
    }
}

/* --- in JSON --- */

static void json_slice(struct json *j, const char *name, struct slice text)
{
    json_bytes(json_key(j, name), text.p, text.size);
}

static void json_writers(struct printer *v, const struct record_field *f, text_writers writers)
{
    json_array(json_key(&v->json, "authors"));
    for (size_t i = 0; i < f->merged->text.version_count; i++) {
        if (!wrote(writers, i))
            continue;
        json_object(&v->json);
        printer_json_author(v, &writer(f, i)->author);
        json_uint(json_key(&v->json, "wall_ms"), writer(f, i)->wall_ms);
        json_flag(json_key(&v->json, "wrong_clock"),
                  printer_is_off(v, writer(f, i)->merge.hlc, writer(f, i)->wall_ms, writer(f, i)->merge.received_ms));
        json_end(&v->json);
    }
    json_end(&v->json);
}

static void json_alternatives(struct printer *v, const struct record_field *f, const struct text_segment *s)
{
    json_array(json_key(&v->json, "alternatives"));
    for (size_t k = 0; k < s->count; k++) {
        const struct text_alternative *a = &f->merged->text.alternatives[s->first + k];
        json_object(&v->json);
        json_slice(&v->json, "text", a->text);
        json_writers(v, f, a->writers);
        json_end(&v->json);
    }
    json_end(&v->json);
}

static void json_segment(struct printer *v, const struct record_field *f, const struct text_segment *s)
{
    static const char *const forms[] = {"common", "edit", "overlap"};
    json_object(&v->json);
    json_text(json_key(&v->json, "form"), forms[s->form]);
    if (s->form != TEXT_OVERLAP)
        json_slice(&v->json, "text", s->text);
    json_slice(&v->json, "base", s->base);
    if (s->form == TEXT_EDIT)
        json_writers(v, f, s->writers);
    if (s->form == TEXT_OVERLAP)
        json_alternatives(v, f, s);
    json_end(&v->json);
}

void printer_merged_json(struct printer *v, const struct record_field *f)
{
    const struct text_merged *m = &f->merged->text;
    json_object(&v->json);
    json_uint(json_key(&v->json, "rule"), m->rule);
    json_uint(json_key(&v->json, "overlaps"), m->overlaps);
    json_bytes(json_key(&v->json, "text"), f->merged->words, f->merged->words_bytes);
    json_array(json_key(&v->json, "segments"));
    for (size_t i = 0; i < m->segment_count; i++)
        json_segment(v, f, &m->segments[i]);
    json_end(&v->json);
    json_end(&v->json);
}
