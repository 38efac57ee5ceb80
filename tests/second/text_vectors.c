/* Writes cases of the merge of texts as JSON, in the form that docs/TEXT.md gives ("Vectors"): the shapes below, then
 * random ones up to COUNT. The same SEED gives the same cases on every machine.
 *
 *   text_vectors [COUNT [SEED]]      200 cases of seed 1 are docs/vectors/texts.json */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record_private.h"
#include "text.h"

enum { VERSIONS = 4, ROOM = 1 << 14, PARTS = 400 };

struct shape {
    const char *base, *versions[VERSIONS]; /* a version of NULL ends the list */
};

static const struct shape shapes[] = {
    /* one side, both sides, equal edits */
    {"", {"", ""}},
    {"", {"Lives alone.", ""}},
    {"", {"Lives alone.", "Lives alone."}},
    {"Lives alone.", {"", "Lives alone."}},
    {"Lives alone.", {"", "Lives with her son."}},
    {"Lives alone.", {"", ""}},
    {"She lives alone.", {"She lives with her son.", "She lives alone."}},
    {"He takes five pills every day.", {"He takes six pills every day.", "He takes five pills every week."}},
    {"He takes five pills every day.", {"He takes six pills every day.", "He takes six pills every week."}},
    /* conflicts */
    {"Calls on Monday.", {"Calls on Friday.", "Calls on Sunday."}},
    {"Calls on Monday.", {"Calls on Friday.", "Calls on Sunday.", "Calls on Friday."}},
    {"the red house", {"the blue house", "the red barn"}},
    {"the red old house", {"the blue old house", "the red old barn"}},
    {"a red, house", {"a blue, house", "a red; house"}},
    {"Sees his sister.", {"Sees his sister. Weekly.", "Sees his sister. Monthly."}},
    {"One.\n", {"One.\nTwo.\n", "One.\nThree.\n"}},
    {"One.\nTwo.\n", {"One.\n", "One.\nThree.\n"}},
    /* words that are changed as a whole */
    {"due 2026-01-05, 5.5 mg, don't", {"due 2025-01-05, 5.5 mg, can't", "due 2026-01-06, 6.5 mg, don't"}},
    {"a--b 'c' d'", {"a--x 'c' d'", "a--b 'y' d'"}},
    /* paragraphs and empty lines */
    {"One.\n\nTwo.\n", {"One.\n\nNew.\n\nTwo.\n", "One.\n\nThree.\n"}},
    {"One.\n\nTwo.\n", {"Two.\n", "One.\n\nThree.\n", "One.\n\nTwo.\n\nEnd."}},
    {"One.\n\n\n\nTwo.\n \t\nThree.\n", {"One.\n\nTwo.\n \t\nThree.\n", "One.\n\n\n\nTwo.\nThree.\n"}},
    {"\n\nOne.\n", {"One.\n", "\n\nOne!\n"}},
    {"One.\n", {"\nOne.\n", "One.\n\n"}},
    {"One.\n \n", {"One.\n ", "One.\n \n\n"}},
    {"One.\nTwo.\nThree.\n", {"One.\nTwo!\nThree.\n", "One.\nTwo.\nAnd.\nThree.\n"}},
    {"One.\nTwo.\nThree.\n", {"One.\nThree.\n", "One!\nTwo.\nThree!\n"}},
    {"He is home", {"He is home, he says", "He is home\n\nMore.", "He is out"}},
    {"Word\nEnd\n", {"Ward\nEnd\n", "Word\nfoo\nEnd\n", "Word more\nEnd\n", "Word\nEnd\nfoo\n"}},
    /* what can stand in several places */
    {"a b a b", {"a b", "a b a b a b"}},
    {"a a a", {"a a", "a a a a", "a, a a"}},
    {"x\nx\nx\n", {"x\nx\n", "x\nx\nx\nx\n"}},
    {"a b c d e f g h", {"X Y c d e f g h", "a S T U e f g h", "a b c V W f g h", "a b c d e f g Z"}},
    /* classes of characters */
    {"One\r\nTwo\r\n\r\nThree\rFour\xe2\x80\xa8"
     "Five\xe2\x80\xa9Six",
     {"One\nTwo\r\n\r\nThree\rFour\xe2\x80\xa8"
      "Five\xe2\x80\xa9Six",
      "One\r\nTwo!\r\n\r\nThree\nFour\xe2\x80\xa8"
      "Fire\xe2\x80\xa9Six"}},
    {"e\xcc\x81t\xc3\xa9 x y", {"e\xcc\x80t\xc3\xa9 x y", "e\xcc\x81te x z"}},
    {"\xcc\x81 a\n\xcc\x81 b", {"\xcc\x81 c\n\xcc\x81 b", "\xcc\x81 a\n\xcc\x82 b"}},
    {"\xe5\xad\x97\xe6\xbc\xa2\xe3\x80\x82\xe3\x81\x82\xe3\x82\xab",
     {"\xe5\xad\x97\xe5\xad\x97\xe3\x80\x82\xe3\x81\x82\xe3\x82\xab",
      "\xe5\xad\x97\xe6\xbc\xa2\xe3\x80\x82\xe3\x81\x84\xe3\x82\xab"}},
    {"a\xc2\xa0"
     "b\xe3\x80\x80"
     "c\xc2\x85"
     "d",
     {"a\xc2\xa0"
      "x\xe3\x80\x80"
      "c\xc2\x85"
      "d",
      "a\xc2\xa0"
      "b\xe3\x80\x80"
      "c\xc2\x85"
      "y"}},
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 \xf0\xa0\x80\x80\xf0\xa0\x80\x81",
     {"\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa7 \xf0\xa0\x80\x80\xf0\xa0\x80\x81",
      "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 \xf0\xa0\x80\x80\xf0\xa0\x80\x80"}},
    {"\xc2\xab"
     "5\xc2\xa0\xe2\x82\xac\xc2\xbb \xe2\x80\x9cno\xe2\x80\x9d \xc2\xbd",
     {"\xc2\xab"
      "6\xc2\xa0\xe2\x82\xac\xc2\xbb \xe2\x80\x9cno\xe2\x80\x9d \xc2\xbd",
      "\xc2\xab"
      "5\xc2\xa0\xe2\x82\xac\xc2\xbb \xe2\x80\x9cyes\xe2\x80\x9d \xc2\xbc"}},
};

/* --- random texts --- */

static uint64_t state;

/* splitmix64 */
static uint64_t below(uint64_t bound)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
}

/* What texts are strung together from. A small alphabet gives alignments that leave a choice. */
static const char *const few[] = {"a", "b", " ", " ", "\n", ",", NULL};
static const char *const prose[] = {"She ", "he ",     "takes ",   "five ",    "pills ",   "on ",    "Monday",
                                    ". ",   ", ",      "Friday",   "son",      " and ",    "visits", "\n",
                                    "\n\n", "at 5.30", " 555-014", "home. \n", "doesn't ", NULL};
static const char *const classes[] = {"a",
                                      "e\xcc\x81",
                                      "'",
                                      " ",
                                      "\xc2\xa0",
                                      "\r\n",
                                      "\r",
                                      "\n",
                                      "\xe2\x80\xa8",
                                      "\xcc\x81",
                                      "-",
                                      "\xe5\xad\x97",
                                      "\xe3\x81\x82",
                                      "\xe3\x80\x82",
                                      "5",
                                      "\xe2\x80\x8d",
                                      "\t",
                                      "\xe2\x80\x99",
                                      "\xf0\x9f\x91\xa9",
                                      "\n\n",
                                      NULL};
static const char *const lines[] = {"One.\n", "Two.\n", "Three.\n", "\n", " \n", "Four", "\n\n", "a b.\n", NULL};
static const char *const *const alphabets[] = {few, prose, classes, lines};

struct parts {
    const char *p[PARTS];
    size_t count;
};

static const char *any_of(const char *const *alphabet)
{
    size_t count = 0;
    while (alphabet[count] != NULL)
        count++;
    return alphabet[below(count)];
}

static void random_base(struct parts *t, const char *const *alphabet)
{
    t->count = (size_t)below(alphabet == few ? 24 : 40);
    for (size_t i = 0; i < t->count; i++)
        t->p[i] = any_of(alphabet);
}

/* Takes parts out and puts parts in, at a few places. */
static void edit(struct parts *t, const char *const *alphabet)
{
    for (uint64_t n = below(4); n > 0; n--) {
        size_t at = (size_t)below(t->count + 1), out = (size_t)below(4), in = (size_t)below(4);
        if (out > t->count - at)
            out = t->count - at;
        if (t->count - out + in > PARTS)
            continue;
        memmove(&t->p[at + in], &t->p[at + out], (t->count - at - out) * sizeof t->p[0]);
        for (size_t i = 0; i < in; i++)
            t->p[at + i] = any_of(alphabet);
        t->count = t->count - out + in;
    }
}

static void join(const struct parts *t, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t size = strlen(t->p[i]);
        assert(used + size < ROOM);
        memcpy(out + used, t->p[i], size);
        used += size;
    }
    out[used] = 0;
}

/* --- writing --- */

static void write_slice(struct json *j, struct slice text)
{
    json_bytes(j, text.p, text.size);
}

static void write_writers(struct json *j, text_writers writers)
{
    json_array(j);
    for (unsigned i = 0; i < TEXT_VERSIONS_MAX; i++)
        if (writers >> i & 1)
            json_uint(j, i);
    json_end(j);
}

static void write_segment(struct json *j, const struct text_merged *m, const struct text_segment *s)
{
    static const char *const forms[] = {"common", "edit", "overlap"};
    json_array(j);
    json_text(j, forms[s->form]);
    write_slice(j, s->base);
    if (s->form == TEXT_EDIT) {
        write_slice(j, s->text);
        write_writers(j, s->writers);
    } else if (s->form == TEXT_OVERLAP) {
        json_array(j);
        for (size_t i = s->first; i < s->first + s->count; i++) {
            json_array(j);
            write_slice(j, m->alternatives[i].text);
            write_writers(j, m->alternatives[i].writers);
            json_end(j);
        }
        json_end(j);
    }
    json_end(j);
}

static void write_case(struct json *j, const char *base, const char *const versions[VERSIONS])
{
    struct text_version v[VERSIONS];
    struct record_text text = {NULL, 0, 0, 0};
    struct text_merged m;
    struct error e;
    size_t count = 0;
    for (; count < VERSIONS && versions[count] != NULL; count++) {
        memset(&v[count], 0, sizeof v[count]);
        v[count].dot.device.b[0] = (uint8_t)count;
        v[count].text = (struct slice){(const uint8_t *)versions[count], strlen(versions[count])};
    }
    if (text_merge((struct slice){(const uint8_t *)base, strlen(base)}, v, count, &m, &e) != 0) {
        fprintf(stderr, "text_vectors: %s\n", e.text);
        exit(2);
    }
    record_contest_words(&text, &m);
    json_object(j);
    json_text(json_key(j, "base"), base);
    json_array(json_key(j, "versions"));
    for (size_t i = 0; i < count; i++)
        json_text(j, versions[i]);
    json_end(j);
    json_uint(json_key(j, "overlaps"), m.overlaps);
    json_bytes(json_key(j, "text"), text.p, text.used);
    json_array(json_key(j, "segments"));
    for (size_t i = 0; i < m.segment_count; i++)
        write_segment(j, &m, &m.segments[i]);
    json_end(j);
    json_end(j);
    record_text_free(&text);
    text_merged_free(&m);
}

static void write_random(struct json *j)
{
    static char texts[VERSIONS + 1][ROOM];
    const char *versions[VERSIONS] = {NULL};
    const char *const *alphabet = alphabets[below(sizeof alphabets / sizeof *alphabets)];
    size_t count = below(4) == 0 ? 3 : 2;
    struct parts base;
    random_base(&base, alphabet);
    join(&base, texts[VERSIONS]);
    for (size_t i = 0; i < count; i++) {
        struct parts own = base;
        edit(&own, alphabet);
        join(&own, texts[i]);
        versions[i] = texts[i];
    }
    write_case(j, texts[VERSIONS], versions);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200, fixed = sizeof shapes / sizeof *shapes;
    struct json j = json_start(stdout);
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    json_array(&j);
    for (size_t i = 0; i < count; i++) {
        if (i < fixed)
            write_case(&j, shapes[i].base, shapes[i].versions);
        else
            write_random(&j);
    }
    json_end(&j);
    return ferror(stdout) || fflush(stdout) != 0 ? 2 : 0;
}
