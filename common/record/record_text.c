/* A text that grows while it is written: SQL, dumps and columns are made in it. Failing memory is remembered, and told
 * once by record_text_check. */
#include "record_private.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What schema_format can make of a value: hex digits, two for a byte, or a few words of its own. */
#define WORDS_MAX 96

/* Room for `more` bytes behind what is there; NULL if there is no memory. The old bytes are wiped. */
static char *room_for_text(struct record_text *t, size_t more)
{
    if (t->failed)
        return NULL;
    if (t->room - t->used < more) {
        size_t room = 2 * t->room > t->used + more ? 2 * t->room : t->used + more + 256;
        char *p = malloc(room);
        if (p == NULL) {
            t->failed = 1;
            return NULL;
        }
        if (t->p != NULL) {
            memcpy(p, t->p, t->used);
            sodium_memzero(t->p, t->used);
            free(t->p);
        }
        t->p = p;
        t->room = room;
    }
    return t->p + t->used;
}

void record_text_add(struct record_text *t, const char *bytes, size_t size)
{
    char *p = room_for_text(t, size);
    if (p == NULL || size == 0)
        return;
    memcpy(p, bytes, size);
    t->used += size;
}

void record_text_words(struct record_text *t, const char *words)
{
    record_text_add(t, words, strlen(words));
}

void record_text_number(struct record_text *t, int64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, number);
    record_text_words(t, digits);
}

void record_text_id(struct record_text *t, const struct id *id)
{
    char text[ID_TEXT];
    id_format(id, text);
    record_text_words(t, text);
}

void record_text_json(struct record_text *t, const char *bytes, size_t size)
{
    size_t plain = 0; /* what has been looked at and not been written yet starts here */
    record_text_add(t, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escaped[8];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        record_text_add(t, bytes + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            (void)snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c == '\n')
            (void)snprintf(escaped, sizeof escaped, "\\n");
        else
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", c);
        record_text_words(t, escaped);
    }
    record_text_add(t, bytes + plain, size - plain);
    record_text_add(t, "\"", 1);
}

void record_text_value(struct record_text *t, const struct schema_field *field, struct slice value)
{
    size_t room = 2 * value.size + WORDS_MAX;
    char *p = room_for_text(t, room);
    if (p != NULL)
        t->used += strlen(schema_format(field, value, p, room));
}

void record_text_json_value(struct record_text *t, const struct schema_field *field, struct slice value)
{
    struct record_text words = {NULL, 0, 0, 0};
    if (slice_is_nil(value)) {
        record_text_words(t, "null");
        return;
    }
    record_text_value(&words, field, value);
    record_text_json(t, words.used == 0 ? "" : words.p, words.used);
    t->failed |= words.failed;
    record_text_free(&words);
}

int record_text_check(const struct record_text *t, struct error *e)
{
    return t->failed ? error_memory(e) : 0;
}

void record_text_free(struct record_text *t)
{
    if (t->p != NULL)
        sodium_memzero(t->p, t->used);
    free(t->p);
    *t = (struct record_text){NULL, 0, 0, 0};
}
