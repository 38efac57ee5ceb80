/* The writer of JSON. It knows what is open and what is in it, and so puts each comma, newline and quote. */
#include "json.h"

#include <assert.h>
#include <string.h>

#include "utf8.h"

#define LINES_DEPTH 2 /* the arrays whose objects stand on a line each are open at this depth, or above it */

struct json json_start(FILE *out)
{
    struct json j = {.out = out};
    return j;
}

/* --- where a value goes --- */

/* Called before each value: the comma between elements, and the line of an object. */
static void begin_value(struct json *j, int is_object)
{
    int in_array = j->depth != 0 && j->open[j->depth - 1].end == ']';
    assert(j->depth == 0 || in_array || j->has_key);
    if (in_array) {
        int on_line = is_object && j->depth <= LINES_DEPTH;
        if (j->open[j->depth - 1].filled)
            (void)fputs(on_line ? "," : ", ", j->out);
        if (on_line)
            (void)fprintf(j->out, "\n%*s", (int)j->depth - 1, "");
        j->open[j->depth - 1].filled = 1;
        j->open[j->depth - 1].lines = (char)on_line;
    }
    j->has_key = 0;
}

/* Called after each value: one that is whole ends its line. */
static void end_value(struct json *j)
{
    if (j->depth == 0)
        (void)fputc('\n', j->out);
}

static void begin(struct json *j, char start, char end)
{
    begin_value(j, start == '{');
    assert(j->depth < JSON_DEPTH_MAX);
    j->open[j->depth].end = end;
    j->open[j->depth].filled = j->open[j->depth].lines = 0;
    j->depth++;
    (void)fputc(start, j->out);
}

void json_object(struct json *j)
{
    begin(j, '{', '}');
}

void json_array(struct json *j)
{
    begin(j, '[', ']');
}

void json_end(struct json *j)
{
    assert(j->depth != 0 && !j->has_key);
    j->depth--;
    if (j->open[j->depth].lines)
        (void)fputc('\n', j->out);
    (void)fputc(j->open[j->depth].end, j->out);
    end_value(j);
}

/* --- strings --- */

static void put_string(FILE *out, const char *text, size_t bytes)
{
    (void)fputc('"', out);
    for (size_t i = 0; i < bytes;) {
        size_t n = utf8_character(text + i, bytes - i);
        if (n == 0) {
            (void)fputs(text[i] == 0 ? "\\u0000" : "\\ufffd", out);
            n = 1;
        } else if (text[i] == '"' || text[i] == '\\') {
            (void)fprintf(out, "\\%c", text[i]);
        } else if (text[i] == '\n') {
            (void)fputs("\\n", out);
        } else if (utf8_is_control(text + i, n)) {
            (void)fprintf(out, "\\u%04x", (unsigned)utf8_number(text + i, n));
        } else {
            (void)fwrite(text + i, 1, n, out);
        }
        i += n;
    }
    (void)fputc('"', out);
}

struct json *json_key(struct json *j, const char *name)
{
    assert(j->depth != 0 && j->open[j->depth - 1].end == '}' && !j->has_key);
    if (j->open[j->depth - 1].filled)
        (void)fputs(", ", j->out);
    put_string(j->out, name, strlen(name));
    (void)fputs(": ", j->out);
    j->open[j->depth - 1].filled = 1;
    j->has_key = 1;
    return j;
}

void json_bytes(struct json *j, const void *bytes, size_t size)
{
    begin_value(j, 0);
    put_string(j->out, bytes, size);
    end_value(j);
}

void json_text(struct json *j, const char *text)
{
    if (text != NULL)
        json_bytes(j, text, strlen(text));
    else
        json_null(j);
}

void json_id(struct json *j, const struct id *id)
{
    char text[ID_TEXT];
    id_format(id, text);
    json_text(j, text);
}

void json_ids(struct json *j, const struct id *ids, size_t count)
{
    json_array(j);
    for (size_t i = 0; i < count; i++)
        json_id(j, &ids[i]);
    json_end(j);
}

/* --- the other values --- */

void json_uint(struct json *j, uint64_t n)
{
    begin_value(j, 0);
    (void)fprintf(j->out, "%llu", (unsigned long long)n);
    end_value(j);
}

void json_int(struct json *j, int64_t n)
{
    begin_value(j, 0);
    (void)fprintf(j->out, "%lld", (long long)n);
    end_value(j);
}

void json_hundredths(struct json *j, int64_t n)
{
    unsigned long long size = n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n;
    begin_value(j, 0);
    (void)fprintf(j->out, "%s%llu.%02llu", n < 0 ? "-" : "", size / 100, size % 100);
    end_value(j);
}

void json_flag(struct json *j, int flag)
{
    begin_value(j, 0);
    (void)fputs(flag ? "true" : "false", j->out);
    end_value(j);
}

void json_null(struct json *j)
{
    begin_value(j, 0);
    (void)fputs("null", j->out);
    end_value(j);
}

void json_json(struct json *j, const char *json)
{
    begin_value(j, 0);
    for (; *json != '\0'; json++) {
        const unsigned char c = (unsigned char)*json, next = (unsigned char)json[1];
        if (c == 0x7f)
            (void)fputs("\\u007f", j->out);
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            (void)fprintf(j->out, "\\u%04x", (unsigned)(unsigned char)*++json);
        else
            (void)fputc(c, j->out);
    }
    end_value(j);
}

void json_answer(FILE *out, const char *name, int flag)
{
    struct json j = json_start(out);
    json_object(&j);
    json_flag(json_key(&j, name), flag);
    json_end(&j);
}
