/* Finds pairs of client records that may be of one person, without comparing everybody with everybody: two clients are
 * compared if they share a key, such as the sound of two names, a date of birth, or a telephone. Keys are chosen so
 * that two records of one person still share one after one mistake, and after most pairs of mistakes. */
#include <stdlib.h>
#include <string.h>

#include "match_private.h"
#include "person.h"
#include "record.h"
#include "schema.h"

enum { BLOCK_MAX = 250 }; /* clients that share a key and are all compared with each other over it */

struct found {
    uint32_t a, b; /* of memory.clients; a < b */
    int16_t class, score;
};

struct matching {
    struct db *db;
    struct match_memory *memory;
    struct id *first; /* of each client: the first record of its person */
    size_t parted_count;
    struct person_pair *parted; /* marked as different: the first records of two persons, the smaller id first */
    size_t count, room;
    struct found *found;
};

void match_free(struct match_result *result)
{
    match_read_free(result->memory);
    free(result->pairs);
    memset(result, 0, sizeof *result);
}

/* --- what somebody has decided already --- */

static int by_pair(const void *one, const void *other)
{
    const struct person_pair *a = one, *b = other;
    int order = id_compare(&a->a, &b->a);
    return order != 0 ? order : id_compare(&a->b, &b->b);
}

static struct person_pair in_order(const struct id *a, const struct id *b)
{
    return id_compare(a, b) < 0 ? (struct person_pair){*a, *b} : (struct person_pair){*b, *a};
}

static int add_found(struct matching *x, struct match_client *a, struct match_client *b, enum match_class class,
                     int score, struct error *e)
{
    if (x->found == NULL || x->count == x->room) {
        struct found *more = realloc(x->found, (x->room = 2 * x->room + 256) * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        x->found = more;
    }
    x->found[x->count++] =
        (struct found){(uint32_t)((a < b ? a : b) - x->memory->clients),
                       (uint32_t)((a < b ? b : a) - x->memory->clients), (int16_t) class, (int16_t)score};
    return 0;
}

/* Reads who is linked, and who is marked as different. A mark on a record counts for all records of its person. */
static int read_decided(struct matching *x, struct error *e)
{
    struct person_map map = {0};
    int code = person_map_load(x->db, &map, e);
    if (code == 0)
        code = person_pairs(x->db, PERSON_DIFFERENT_FROM, &x->parted, &x->parted_count, e);
    if (code == 0 && (x->first = calloc(x->memory->count + 1, sizeof *x->first)) == NULL)
        code = error_memory(e);
    for (size_t i = 0; code == 0 && i < x->memory->count; i++)
        x->first[i] = person_map_first(&map, &x->memory->clients[i].id);
    for (size_t i = 0; code == 0 && i < x->parted_count; i++) {
        struct person_pair *pair = &x->parted[i];
        struct match_client *a = match_read_find(x->memory, &pair->a), *b = match_read_find(x->memory, &pair->b);
        struct id one = person_map_first(&map, &pair->a), other = person_map_first(&map, &pair->b);
        if (a != NULL && b != NULL && id_equal(&one, &other))
            code = add_found(x, a, b, MATCH_CONTRADICTED, 0, e);
        *pair = in_order(&one, &other);
    }
    if (code == 0 && x->parted_count != 0)
        qsort(x->parted, x->parted_count, sizeof *x->parted, by_pair);
    person_map_free(&map);
    return code;
}

/* Compares two clients, and keeps the pair if it is worth a look. */
static int look_at(struct matching *x, struct match_client *a, struct match_client *b, struct error *e)
{
    const struct id *one = &x->first[a - x->memory->clients], *other = &x->first[b - x->memory->clients];
    struct person_pair key;
    struct match_pair pair;
    if (a == b || id_equal(one, other))
        return 0;
    match_compare(a, b, &pair);
    if (pair.class == MATCH_NONE)
        return 0;
    key = in_order(one, other);
    if (x->parted_count != 0 && bsearch(&key, x->parted, x->parted_count, sizeof key, by_pair) != NULL)
        return 0;
    return add_found(x, a, b, pair.class, pair.score, e);
}

/* --- keys --- */

enum key_sort { KEY_NAMES, KEY_NAME_YEAR, KEY_NAME_DAY, KEY_BIRTH, KEY_PHONE, KEY_EMAIL, KEY_IDENTIFIER };

struct key {
    uint64_t hash; /* of what is shared; a collision only costs a comparison */
    uint32_t sort, client;
};

struct keys {
    size_t count, room;
    struct key *all;
    int failed;
};

/* One round of FNV-1a for each byte. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

static struct slice bytes_of(const void *p, size_t size)
{
    return (struct slice){p, size};
}

static void add_key(struct keys *k, enum key_sort sort, uint32_t client, struct slice a, struct slice b)
{
    uint64_t hash = mix(mix(14695981039346656037u, a.p, a.size), "", 1);
    if (k->all == NULL || k->count == k->room) {
        struct key *more = realloc(k->all, (k->room = 2 * k->room + 1024) * sizeof *more);
        if (more == NULL) {
            k->failed = 1;
            return;
        }
        k->all = more;
    }
    k->all[k->count++] = (struct key){mix(hash, b.p, b.size), (uint32_t)sort, client};
}

/* A hash of the sound of a part; in another script than the Latin one, of its first three letters. */
static uint64_t part_key(const struct match_part *part)
{
    if (part->sound[0] != 0)
        return mix(1, part->sound, 4);
    return mix(2, part->letter, (part->length < 3 ? part->length : 3u) * sizeof *part->letter);
}

static void add_name_keys(struct keys *k, uint32_t client, const struct match_client *c, const struct match_name *name)
{
    for (size_t i = 0; i < name->count; i++) {
        uint64_t one = part_key(&name->parts[i]);
        for (size_t b = 0; b < c->birth_count; b++) {
            add_key(k, KEY_NAME_YEAR, client, bytes_of(&one, sizeof one), bytes_of(c->births[b], 4));
            if (strcmp(c->births[b] + 5, "01-01") != 0)
                add_key(k, KEY_NAME_DAY, client, bytes_of(&one, sizeof one), bytes_of(c->births[b] + 5, 5));
        }
        for (size_t j = i + 1; j < name->count; j++) {
            uint64_t other = part_key(&name->parts[j]);
            const uint64_t *low = one < other ? &one : &other, *high = one < other ? &other : &one;
            add_key(k, KEY_NAMES, client, bytes_of(low, sizeof *low), bytes_of(high, sizeof *high));
        }
    }
}

static void add_client_keys(struct keys *k, uint32_t client, const struct match_client *c)
{
    const struct slice nothing = bytes_of("", 0);
    for (size_t i = 0; i < c->name_count; i++)
        add_name_keys(k, client, c, &c->names[i]);
    for (size_t i = 0; i < c->birth_count; i++) {
        const char *day = c->births[i] + 8, *month = c->births[i] + 5;
        int swap = strncmp(day, month, 2) < 0; /* day and month in either order make one key */
        char both[4];
        memcpy(both, swap ? day : month, 2);
        memcpy(both + 2, swap ? month : day, 2);
        if (strcmp(month, "01-01") != 0)
            add_key(k, KEY_BIRTH, client, bytes_of(c->births[i], 4), bytes_of(both, sizeof both));
    }
    for (size_t i = 0; i < c->phone_count; i++)
        add_key(k, KEY_PHONE, client, bytes_of(c->phones[i], strlen(c->phones[i])), nothing);
    for (size_t i = 0; i < c->email_count; i++)
        add_key(k, KEY_EMAIL, client, bytes_of(c->emails[i], strlen(c->emails[i])), nothing);
    for (size_t i = 0; i < c->identifier_count; i++)
        add_key(k, KEY_IDENTIFIER, client, bytes_of(c->identifiers[i].folded, strlen(c->identifiers[i].folded)),
                nothing);
}

static int by_key(const void *one, const void *other)
{
    const struct key *a = one, *b = other;
    if (a->sort != b->sort)
        return a->sort < b->sort ? -1 : 1;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->client < b->client ? -1 : a->client > b->client;
}

static int is_one_block(const struct key *a, const struct key *b)
{
    return a->sort == b->sort && a->hash == b->hash;
}

static int by_worth(const void *one, const void *other)
{
    const struct found *a = one, *b = other;
    if (a->class != b->class)
        return a->class > b->class ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return a->b < b->b ? -1 : a->b > b->b;
}

/* Sorts what was found, the best first, and keeps each pair once. */
static void order(struct matching *x)
{
    size_t kept = 0;
    if (x->count != 0)
        qsort(x->found, x->count, sizeof *x->found, by_worth);
    for (size_t i = 0; i < x->count; i++)
        if (kept == 0 || by_worth(&x->found[kept - 1], &x->found[i]) != 0)
            x->found[kept++] = x->found[i];
    x->count = kept;
}

/* Keeps each client once among the keys of one block, at its front. Returns how many there are. */
static size_t each_once(struct key *first, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || first[kept - 1].client != first[i].client)
            first[kept++] = first[i];
    return kept;
}

static int look_at_blocks(struct matching *x, struct keys *k, struct match_result *out, struct error *e)
{
    size_t *const common[] = {[KEY_NAMES] = &out->common_names,        [KEY_NAME_YEAR] = &out->common_names,
                              [KEY_NAME_DAY] = &out->common_names,     [KEY_BIRTH] = &out->common_births,
                              [KEY_PHONE] = &out->common_contacts,     [KEY_EMAIL] = &out->common_contacts,
                              [KEY_IDENTIFIER] = &out->common_contacts};
    int code = 0;
    for (size_t start = 0, end; code == 0 && start < k->count; start = end) {
        struct key *block = &k->all[start];
        size_t size;
        for (end = start; end < k->count && is_one_block(block, &k->all[end]); end++)
            ;
        if ((size = each_once(block, end - start)) > BLOCK_MAX) {
            (*common[block->sort])++;
            continue;
        }
        for (size_t i = 0; code == 0 && i < size; i++)
            for (size_t j = i + 1; code == 0 && j < size; j++)
                code = look_at(x, &x->memory->clients[block[i].client], &x->memory->clients[block[j].client], e);
        if (x->count > 1u << 20)
            order(x);
    }
    return code;
}

/* --- the whole --- */

static int look_at_all(struct matching *x, struct match_result *out, struct error *e)
{
    struct keys k = {0};
    int code = 0;
    for (size_t i = 0; i < x->memory->count; i++)
        add_client_keys(&k, (uint32_t)i, &x->memory->clients[i]);
    if (k.failed)
        code = error_memory(e);
    else if (k.count != 0) {
        qsort(k.all, k.count, sizeof *k.all, by_key);
        code = look_at_blocks(x, &k, out, e);
    }
    free(k.all);
    return code;
}

static int look_at_one(struct matching *x, const struct id *client, struct error *e)
{
    struct match_client *one = match_read_find(x->memory, client);
    size_t kept = 0;
    int code = 0;
    for (size_t i = 0; one != NULL && code == 0 && i < x->memory->count; i++)
        code = look_at(x, one, &x->memory->clients[i], e);
    /* read_decided found the contradictions of the whole store: keep those of this client. */
    for (size_t i = 0; i < x->count; i++)
        if (&x->memory->clients[x->found[i].a] == one || &x->memory->clients[x->found[i].b] == one)
            x->found[kept++] = x->found[i];
    x->count = kept;
    return code;
}

/* Puts the best of what was found into *out, with its evidence. */
static int tell_pairs(struct matching *x, size_t limit, struct match_result *out, struct error *e)
{
    order(x);
    out->clients = x->memory->count;
    out->count = x->count < limit ? x->count : limit;
    out->more = x->count - out->count;
    if (out->count != 0 && (out->pairs = calloc(out->count, sizeof *out->pairs)) == NULL) {
        out->count = 0;
        return error_memory(e);
    }
    for (size_t i = 0; i < out->count; i++) {
        const struct found *f = &x->found[i];
        struct match_pair *pair = &out->pairs[i];
        match_compare(&x->memory->clients[f->a], &x->memory->clients[f->b], pair);
        if (f->class != MATCH_CONTRADICTED)
            continue;
        pair->class = MATCH_CONTRADICTED;
        pair->score = 0;
        pair->count = 1;
        pair->evidence[0] = (struct match_evidence){MATCH_BOTH_MARKS, 0, NULL, NULL};
    }
    return 0;
}

static int match(struct db *db, const struct id *client, size_t limit, struct match_result *out, struct error *e)
{
    struct matching x = {.db = db};
    struct error own;
    int code;
    if (e == NULL)
        e = &own;
    memset(out, 0, sizeof *out);
    code = match_read(db, &x.memory, e);
    out->memory = x.memory;
    if (code == 0 && (code = read_decided(&x, e)) == 0)
        code = client == NULL ? look_at_all(&x, out, e) : look_at_one(&x, client, e);
    if (code == 0)
        code = tell_pairs(&x, limit, out, e);
    free(x.first);
    free(x.parted);
    free(x.found);
    return code;
}

int match_all(struct db *db, size_t limit, struct match_result *out, struct error *e)
{
    return match(db, NULL, limit, out, e);
}

int match_one(struct db *db, const struct id *client, size_t limit, struct match_result *out, struct error *e)
{
    return match(db, client, limit, out, e);
}
