/* Remembers which record a script's name (:c1) stands for, and reads names out of what commands print. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "schema.h"

enum { NAMES = 1024 };
static struct {
    char name[24], id[40];
} names[NAMES];
static size_t count;

void names_reset(void)
{
    count = 0;
}

/* --- a little JSON: enough for what our own programs print --- */

/* Behind `"key": "`; NULL: not there. */
static const char *find(const char *json, const char *key)
{
    char mark[48];
    const char *at;
    (void)snprintf(mark, sizeof mark, "\"%s\": \"", key);
    at = json != NULL ? strstr(json, mark) : NULL;
    return at != NULL ? at + strlen(mark) : NULL;
}

static int copy(const char *from, char *out, size_t size)
{
    size_t length = strcspn(from, "\"");
    if (length >= size)
        return 0;
    memcpy(out, from, length);
    out[length] = '\0';
    return 1;
}

static const char *nth(const char *json, const char *key, unsigned n)
{
    const char *at = find(json, key);
    unsigned all = 0;
    for (const char *p = at; p != NULL; p = find(p, key))
        all++;
    for (n = all != 0 ? n % all : 0; n > 0; n--)
        at = find(at, key);
    return at;
}

int names_nth(const char *json, const char *key, unsigned n, char *out, size_t size)
{
    const char *at = nth(json, key, n);
    return at != NULL && copy(at, out, size);
}

int names_before(const char *json, const char *mark, unsigned n, const char *key, char *out, size_t size)
{
    const char *end = nth(json, mark, n), *last = NULL;
    for (const char *p = find(json, key); p != NULL && p < end; p = find(p, key))
        last = p;
    return last != NULL && copy(last, out, size);
}

void names_value(const char *json, const char *key, char *out, size_t size)
{
    const char *at = find(json, key);
    out[0] = '\0';
    if (at != NULL)
        (void)copy(at, out, size);
}

/* --- names --- */

void names_give(const char *name, const char *id)
{
    size_t i = 0;
    while (i < count && strcmp(names[i].name, name) != 0)
        i++;
    if (i == NAMES)
        return;
    (void)snprintf(names[i].name, sizeof names[i].name, "%s", name);
    (void)snprintf(names[i].id, sizeof names[i].id, "%s", id);
    count = i == count ? count + 1 : count;
}

void names_learn(const char *name, const char *out)
{
    char id[40];
    names_value(out, "record", id, sizeof id);
    if (id[0] != '\0')
        names_give(name, id);
}

static const char *look_up(const struct world *w, const char *word)
{
    if (word[0] == '@') {
        int m = world_machine(w, word + 1);
        return m > 0 && w->laptops[m].device[0] != '\0' ? w->laptops[m].device : NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i].name, word) == 0)
            return names[i].id;
    return NULL;
}

/* "bread *20000": a text that goes on to so many bytes. One in a command. */
static const char *lengthen(const char *word)
{
    static char text[SCHEMA_TEXT_MAX + 1];
    const char *star = strstr(word, " *");
    size_t at = star != NULL ? (size_t)(star - word) : 0, size = star != NULL ? strtoul(star + 2, NULL, 10) : 0;
    if (size >= sizeof text || at >= size)
        return word;
    memcpy(text, word, at);
    for (unsigned line = 1; at < size; line++)
        at += (size_t)snprintf(text + at, size + 1 - at, "\nand line %u", line);
    text[size] = '\0';
    return text;
}

int names_put(const struct world *w, int argc, char *const *argv, const char **words)
{
    static char room[SCRIPT_WORDS_MAX][128];
    for (int i = 0; i < argc; i++) {
        char *mark = strstr(argv[i], "=:");
        const char *id;
        words[i] = lengthen(argv[i]);
        if (argv[i][0] == ':' || argv[i][0] == '@') {
            if ((words[i] = look_up(w, argv[i])) == NULL)
                return -1;
        } else if (mark != NULL) {
            if ((id = look_up(w, mark + 1)) == NULL)
                return -1;
            (void)snprintf(room[i], sizeof room[i], "%.*s=%s", (int)(mark - argv[i]), argv[i], id);
            words[i] = room[i];
        }
    }
    return 0;
}
