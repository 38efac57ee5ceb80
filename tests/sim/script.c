/* Reads and writes scripts. */
#include "script.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- words --- */

/* Cuts ev->words into words in place. 0, or -1. */
static int cut(struct script_event *ev)
{
    char *from = ev->words, *to = ev->words;
    for (;;) {
        while (*from == ' ')
            from++;
        if (*from == '\0')
            break;
        if (ev->argc == SCRIPT_WORDS_MAX)
            return -1;
        ev->argv[ev->argc++] = to;
        for (int quoted = 0; *from != '\0' && (quoted || *from != ' '); from++) {
            if (*from == '\'')
                quoted = !quoted;
            else if (*from == '\\' && from[1] == 'n')
                *to++ = '\n', from++;
            else
                *to++ = *from;
        }
        if (*from == ' ')
            from++;
        *to++ = '\0';
    }
    return ev->argc > 1 ? 0 : -1;
}

int script_add(struct script *s, uint64_t at_s, const char *line)
{
    struct script_event *ev;
    if (s->count == SCRIPT_EVENTS_MAX)
        return -1;
    if (s->count == s->room) {
        s->room = 2 * s->room + 64;
        if ((s->events = realloc(s->events, s->room * sizeof *s->events)) == NULL)
            abort();
    }
    ev = &s->events[s->count];
    memset(ev, 0, sizeof *ev);
    ev->at_s = at_s;
    ev->line = strdup(line);
    ev->words = malloc(strlen(line) + 2);
    if (ev->line == NULL || ev->words == NULL)
        abort();
    memcpy(ev->words, line, strlen(line) + 1);
    if (cut(ev) != 0) {
        free(ev->line);
        free(ev->words);
        return -1;
    }
    s->count++;
    return 0;
}

int script_addf(struct script *s, uint64_t at_s, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return script_add(s, at_s, line);
}

/* Merge sort, since qsort keeps no order among equals. */
static void sort(struct script_event *at, struct script_event *room, size_t count)
{
    size_t half = count / 2, a = 0, b = half;
    if (count < 2)
        return;
    sort(at, room, half);
    sort(at + half, room, count - half);
    for (size_t i = 0; i < count; i++)
        room[i] = b == count || (a < half && at[a].at_s <= at[b].at_s) ? at[a++] : at[b++];
    memcpy(at, room, count * sizeof *at);
}

void script_sort(struct script *s)
{
    struct script_event *room = calloc(s->count + 1, sizeof *room);
    if (room == NULL)
        abort();
    sort(s->events, room, s->count);
    free(room);
}

/* --- files --- */

static int read_laptops(struct script *s, char *words)
{
    char *rest = words, *name;
    while ((name = strtok_r(rest, " ", &rest)) != NULL) {
        if (s->laptops == SCRIPT_LAPTOPS_MAX || strlen(name) >= SCRIPT_NAME_MAX)
            return -1;
        (void)snprintf(s->names[s->laptops++], SCRIPT_NAME_MAX, "%s", name);
    }
    return s->laptops != 0 ? 0 : -1;
}

static int read_line(struct script *s, char *line)
{
    unsigned day, hour, minute, second;
    int at = 0;
    if (line[0] == '\0' || line[0] == '#')
        return 0;
    if (strncmp(line, "seed ", 5) == 0) {
        s->seed = strtoull(line + 5, NULL, 10);
        return 0;
    }
    if (strncmp(line, "laptops ", 8) == 0)
        return read_laptops(s, line + 8);
    /* NOLINTNEXTLINE(cert-err34-c): digits, and not too many */
    if (sscanf(line, "%6u %2u:%2u:%2u %n", &day, &hour, &minute, &second, &at) != 4 || at == 0)
        return -1;
    return script_add(s, ((day * 24ull + hour) * 60 + minute) * 60 + second, line + at);
}

int script_read(struct script *s, const char *path)
{
    char line[4096];
    unsigned number = 0;
    FILE *f = fopen(path, "r");
    int bad = 0;
    memset(s, 0, sizeof *s);
    if (f == NULL) {
        (void)fprintf(stderr, "sim: %s cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    while (!bad && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        number++;
        bad = read_line(s, line) != 0;
    }
    (void)fclose(f);
    if (bad)
        (void)fprintf(stderr, "sim: line %u of %s is no event\n", number, path);
    script_sort(s);
    return bad ? -1 : 0;
}

void script_write(const struct script *s, const char *kept, FILE *out)
{
    (void)fprintf(out, "seed %llu\nlaptops", (unsigned long long)s->seed);
    for (unsigned i = 0; i < s->laptops; i++)
        (void)fprintf(out, " %s", s->names[i]);
    (void)fputc('\n', out);
    for (size_t i = 0; i < s->count; i++) {
        uint64_t t = s->events[i].at_s;
        if (kept == NULL || kept[i])
            (void)fprintf(out, "%llu %02u:%02u:%02u %s\n", (unsigned long long)(t / 86400), (unsigned)(t / 3600 % 24),
                          (unsigned)(t / 60 % 60), (unsigned)(t % 60), s->events[i].line);
    }
}

void script_free(struct script *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->events[i].line);
        free(s->events[i].words);
    }
    free(s->events);
    memset(s, 0, sizeof *s);
}

uint64_t script_event_seed(const struct script *s, const struct script_event *ev)
{
    crypto_generichash_state state;
    uint8_t hash[16];
    uint64_t out;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash);
    (void)crypto_generichash_update(&state, (const uint8_t *)&s->seed, sizeof s->seed);
    (void)crypto_generichash_update(&state, (const uint8_t *)&ev->at_s, sizeof ev->at_s);
    (void)crypto_generichash_update(&state, (const uint8_t *)ev->line, strlen(ev->line));
    (void)crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&out, hash, sizeof out);
    return out;
}
