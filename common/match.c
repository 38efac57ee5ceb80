/* Candidates for one person, without comparing everybody with everybody: clients are compared where they share a key,
 * such as the sound of two names, a date of birth, or a telephone. Keys are chosen so that one mistake, and most pairs
 * of mistakes, leave one in common. */
#include <stdlib.h>
#include <string.h>

#include "match_private.h"
#include "person.h"
#include "record.h"
#include "schema.h"

enum {
    BLOCK_MAX = 250,    /* clients that share a key and are all compared with each other over it */
    DIGITS_MIN = 6,     /* of a telephone */
    DIGITS = 9,         /* of a telephone, its last: without the code of the country, which is not always written */
    IDENTIFIER_MIN = 4, /* letters and digits */
    ADDRESS_MIN = 8,
    CHUNK = 1 << 16
};

struct chunk {
    struct chunk *next;
    size_t used, room;
    char bytes[];
};

/* Everything that a result points to. */
struct memory {
    struct chunk *chunks;
    size_t count, room;
    struct match_client *clients; /* by their ids */
};

struct found {
    uint32_t a, b; /* of memory.clients; a < b */
    int16_t class, score;
};

struct matching {
    struct db *db;
    struct memory *memory;
    struct id *first; /* of each client: the first record of its person */
    size_t parted_count;
    struct person_pair *parted; /* marked as different: first records, the smaller one first */
    size_t count, room;
    struct found *found;
};

static int no_memory(struct error *e)
{
    return error_set(e, E_MEMORY, "there is no memory left; close other programs and try again");
}

/* --- memory --- */

static void *take(struct memory *m, size_t size)
{
    struct chunk *c = m->chunks;
    size = (size + 15) & ~(size_t)15;
    if (c == NULL || c->room - c->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        if ((c = malloc(sizeof *c + room)) == NULL)
            return NULL;
        c->next = m->chunks;
        c->used = 0;
        c->room = room;
        m->chunks = c;
    }
    c->used += size;
    return c->bytes + c->used - size;
}

static const char *keep(struct memory *m, const char *text)
{
    size_t size = strlen(text) + 1;
    char *p = take(m, size);
    return p == NULL ? NULL : memcpy(p, text, size);
}

void match_free(struct match_result *result)
{
    struct memory *m = result->memory;
    while (m != NULL && m->chunks != NULL) {
        struct chunk *next = m->chunks->next;
        free(m->chunks);
        m->chunks = next;
    }
    if (m != NULL)
        free(m->clients);
    free(m);
    free(result->pairs);
    memset(result, 0, sizeof *result);
}

/* --- what a client says --- */

/* Letters and digits without case and marks, as UTF-8 would be cut: bytes of one character stay together or go. */
static void fold(const char *text, int digits_only, char *out, size_t out_max)
{
    size_t used = 0;
    while (*text != '\0' && used + 9 < out_max) {
        uint32_t folded[2], c = match_name_next(&text);
        size_t letters = match_name_fold(c, folded);
        for (size_t i = 0; i < letters; i++) {
            int is_digit = folded[i] >= '0' && folded[i] <= '9';
            if (folded[i] < 0x80) {
                if (is_digit || (!digits_only && ((folded[i] >= 'a' && folded[i] <= 'z') || folded[i] == '@')))
                    out[used++] = (char)folded[i];
            } else if (!digits_only) {
                for (int shift = 24; shift >= 0; shift -= 8) /* any unambiguous bytes without a NUL do */
                    out[used++] = (char)(1 + ((folded[i] >> shift & 0xffu) % 255u));
            }
        }
    }
    out[used] = '\0';
}

static int add_name(struct memory *m, struct match_client *c, const char *text, int is_preferred, struct error *e)
{
    struct match_part parts[MATCH_PARTS_MAX];
    size_t count = match_name_cut(text, parts);
    struct match_name *name = &c->names[c->name_count];
    /* What somebody is called among friends says nothing beside a name on paper. */
    if (count == 0 || c->name_count == MATCH_VALUES_MAX || (is_preferred && count == 1 && c->name_count != 0))
        return 0;
    name->count = count;
    if ((name->parts = take(m, count * sizeof *parts)) == NULL || (name->shown = keep(m, text)) == NULL)
        return no_memory(e);
    memcpy(name->parts, parts, count * sizeof *parts);
    if (c->name[0] == '\0')
        c->name = name->shown;
    c->name_count++;
    return 0;
}

static int add_folded(struct memory *m, const char **values, size_t *count, const char *folded, struct error *e)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(values[i], folded) == 0)
            return 0;
    if (*count == MATCH_VALUES_MAX)
        return 0;
    return (values[*count] = keep(m, folded)) == NULL ? no_memory(e) : ((*count)++, 0);
}

/* One value of a field, in words. */
static int add_value(struct memory *m, struct match_client *c, const char *field, const char *text, struct error *e)
{
    char folded[256];
    size_t size;
    if (text[0] == '\0')
        return 0;
    if (strcmp(field, "legal_name") == 0 || strcmp(field, "preferred_name") == 0)
        return add_name(m, c, text, field[0] == 'p', e);
    if (strcmp(field, "birth_date") == 0)
        return strlen(text) == 10 ? add_folded(m, c->births, &c->birth_count, text, e) : 0;
    fold(text, strcmp(field, "phone") == 0, folded, sizeof folded);
    size = strlen(folded);
    if (strcmp(field, "phone") == 0)
        return size < DIGITS_MIN
                   ? 0
                   : add_folded(m, c->phones, &c->phone_count, folded + (size > DIGITS ? size - DIGITS : 0), e);
    if (strcmp(field, "email") == 0)
        return strchr(text, '@') == NULL ? 0 : add_folded(m, c->emails, &c->email_count, folded, e);
    return size < ADDRESS_MIN ? 0 : add_folded(m, c->addresses, &c->address_count, folded, e);
}

/* "SSN 999-49-3983": the word in front says of which sort the number is. */
static int add_identifier(struct memory *m, struct match_client *c, const char *text, struct error *e)
{
    struct match_identifier *identifier = &c->identifiers[c->identifier_count];
    char folded[256], words[64], sort[64];
    size_t word = strcspn(text, " :#0123456789");
    fold(text, 0, folded, sizeof folded);
    if (strlen(folded) < IDENTIFIER_MIN || c->identifier_count == MATCH_IDENTIFIERS_MAX)
        return 0;
    if (text[word] == '\0' || word >= sizeof words)
        word = 0;
    memcpy(words, text, word);
    words[word] = '\0';
    fold(words, 0, sort, sizeof sort);
    identifier->sort = strlen(sort);
    if ((identifier->shown = keep(m, text)) == NULL || (identifier->folded = keep(m, folded)) == NULL)
        return no_memory(e);
    c->identifier_count++;
    return 0;
}

/* --- reading the store --- */

static const char *const compared[] = {"legal_name", "preferred_name", "birth_date", "phone", "email", "address"};
enum { COMPARED = sizeof compared / sizeof *compared };

static struct match_client *find_client(struct memory *m, const struct id *id)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&m->clients[middle].id, id);
        if (order == 0)
            return &m->clients[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int read_clients(struct matching *x, struct error *e)
{
    static const char sql[] = "SELECT id, legal_name, preferred_name, birth_date, phone, email, address FROM client "
                              "WHERE voided = 0 ORDER BY id";
    struct memory *m = x->memory;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(x->db, &s, e, sql, "")) != 0)
        return code;
    while ((row = db_next(x->db, s, e)) == 1) {
        struct match_client *c;
        if (m->count == m->room) {
            struct match_client *more = realloc(m->clients, (m->room = 2 * m->room + 64) * sizeof *more);
            if (more == NULL) {
                db_done(x->db, s);
                return no_memory(e);
            }
            m->clients = more;
        }
        c = &m->clients[m->count++];
        memset(c, 0, sizeof *c);
        c->name = "";
        code = id_parse(db_text(s, 0), &c->id, e);
        for (int i = 0; code == 0 && i < COMPARED; i++)
            code = add_value(m, c, compared[i], db_text(s, i + 1), e);
        if (code != 0) {
            db_done(x->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int read_identifiers(struct matching *x, struct error *e)
{
    static const char sql[] = "SELECT client.id, j.value FROM client, json_each(client.identifier) j WHERE "
                              "client.identifier IS NOT NULL AND voided = 0";
    struct match_client *c;
    sqlite3_stmt *s;
    struct id id;
    int row, code;
    if ((code = db_query(x->db, &s, e, sql, "")) != 0)
        return code;
    while ((row = db_next(x->db, s, e)) == 1) {
        if (id_parse(db_text(s, 0), &id, NULL) == 0 && (c = find_client(x->memory, &id)) != NULL &&
            (code = add_identifier(x->memory, c, db_text(s, 1), e)) != 0) {
            db_done(x->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* What stands beside the shown value of a contested field: the person may be known by it. */
static int read_field(struct matching *x, struct match_client *c, const struct schema_field *field, struct error *e)
{
    struct record_field f;
    char text[1024];
    int code = record_field_load(x->db, &c->id, schema_kind(KIND_CLIENT), field, &f, e);
    if (code != 0)
        return code;
    for (size_t i = 1; code == 0 && i < f.count; i++)
        code = add_value(x->memory, c, field->name, schema_format(field, f.ops[i].merge.value, text, sizeof text), e);
    record_field_free(&f);
    return code;
}

static int read_contested(struct matching *x, struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_CLIENT);
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(x->db, &s, e, "SELECT record, field FROM conflict WHERE kind = ?", "u",
                         (uint64_t)KIND_CLIENT)) != 0)
        return code;
    while ((row = db_next(x->db, s, e)) == 1) {
        struct id id = db_id(s, 0);
        const struct schema_field *field = schema_field(kind, (unsigned)db_uint(s, 1));
        struct match_client *c = find_client(x->memory, &id);
        for (size_t i = 0; code == 0 && c != NULL && field != NULL && i < COMPARED; i++)
            if (strcmp(field->name, compared[i]) == 0)
                code = read_field(x, c, field, e);
        if (code != 0) {
            db_done(x->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* --- what persons have said already --- */

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
    if (x->count == x->room) {
        struct found *more = realloc(x->found, (x->room = 2 * x->room + 256) * sizeof *more);
        if (more == NULL)
            return no_memory(e);
        x->found = more;
    }
    x->found[x->count++] =
        (struct found){(uint32_t)((a < b ? a : b) - x->memory->clients),
                       (uint32_t)((a < b ? b : a) - x->memory->clients), (int16_t) class, (int16_t)score};
    return 0;
}

/* Who is linked, and who is marked as different: what holds for a record holds for all of its person. */
static int read_decided(struct matching *x, struct error *e)
{
    struct person_map map = {0};
    int code = person_map_load(x->db, &map, e);
    if (code == 0)
        code = person_pairs(x->db, PERSON_DIFFERENT_FROM, &x->parted, &x->parted_count, e);
    if (code == 0 && (x->first = malloc((x->memory->count + 1) * sizeof *x->first)) == NULL)
        code = no_memory(e);
    for (size_t i = 0; code == 0 && i < x->memory->count; i++)
        x->first[i] = person_map_first(&map, &x->memory->clients[i].id);
    for (size_t i = 0; code == 0 && i < x->parted_count; i++) {
        struct person_pair *pair = &x->parted[i];
        struct match_client *a = find_client(x->memory, &pair->a), *b = find_client(x->memory, &pair->b);
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

/* Compares two clients, and notes the pair where it is worth a look. */
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
    uint64_t hash; /* of what is shared; two that only hash alike are compared for nothing */
    uint32_t sort, client;
};

struct keys {
    size_t count, room;
    struct key *all;
    int failed;
};

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

static void add_key(struct keys *k, enum key_sort sort, uint32_t client, const void *a, size_t a_size, const void *b,
                    size_t b_size)
{
    uint64_t hash = mix(mix(14695981039346656037u, a, a_size), "", 1);
    if (k->count == k->room) {
        struct key *more = realloc(k->all, (k->room = 2 * k->room + 1024) * sizeof *more);
        if (more == NULL) {
            k->failed = 1;
            return;
        }
        k->all = more;
    }
    k->all[k->count++] = (struct key){mix(hash, b, b_size), (uint32_t)sort, client};
}

/* The sound of a part; of one in another script its first letters. */
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
            add_key(k, KEY_NAME_YEAR, client, &one, sizeof one, c->births[b], 4);
            if (strcmp(c->births[b] + 5, "01-01") != 0)
                add_key(k, KEY_NAME_DAY, client, &one, sizeof one, c->births[b] + 5, 5);
        }
        for (size_t j = i + 1; j < name->count; j++) {
            uint64_t other = part_key(&name->parts[j]);
            const uint64_t *low = one < other ? &one : &other, *high = one < other ? &other : &one;
            add_key(k, KEY_NAMES, client, low, sizeof *low, high, sizeof *high);
        }
    }
}

static void add_client_keys(struct keys *k, uint32_t client, const struct match_client *c)
{
    for (size_t i = 0; i < c->name_count; i++)
        add_name_keys(k, client, c, &c->names[i]);
    for (size_t i = 0; i < c->birth_count; i++) {
        const char *day = c->births[i] + 8, *month = c->births[i] + 5;
        int swap = strncmp(day, month, 2) < 0; /* the two in either order are one key */
        char both[4];
        memcpy(both, swap ? day : month, 2);
        memcpy(both + 2, swap ? month : day, 2);
        if (strcmp(month, "01-01") != 0)
            add_key(k, KEY_BIRTH, client, c->births[i], 4, both, sizeof both);
    }
    for (size_t i = 0; i < c->phone_count; i++)
        add_key(k, KEY_PHONE, client, c->phones[i], strlen(c->phones[i]), "", 0);
    for (size_t i = 0; i < c->email_count; i++)
        add_key(k, KEY_EMAIL, client, c->emails[i], strlen(c->emails[i]), "", 0);
    for (size_t i = 0; i < c->identifier_count; i++)
        add_key(k, KEY_IDENTIFIER, client, c->identifiers[i].folded, strlen(c->identifiers[i].folded), "", 0);
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

/* Best first, each pair once. */
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

/* The keys from first on that are one block, each client once: they move to the front. Returns how many. */
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
        code = no_memory(e);
    else if (k.count != 0) {
        qsort(k.all, k.count, sizeof *k.all, by_key);
        code = look_at_blocks(x, &k, out, e);
    }
    free(k.all);
    return code;
}

static int look_at_one(struct matching *x, const struct id *client, struct error *e)
{
    struct match_client *one = find_client(x->memory, client);
    size_t kept = 0;
    int code = 0;
    for (size_t i = 0; one != NULL && code == 0 && i < x->memory->count; i++)
        code = look_at(x, one, &x->memory->clients[i], e);
    /* Contradictions are the whole store's. */
    for (size_t i = 0; i < x->count; i++)
        if (&x->memory->clients[x->found[i].a] == one || &x->memory->clients[x->found[i].b] == one)
            x->found[kept++] = x->found[i];
    x->count = kept;
    return code;
}

/* The best of what was found, with its evidence. */
static int tell(struct matching *x, size_t limit, struct match_result *out, struct error *e)
{
    order(x);
    out->clients = x->memory->count;
    out->count = x->count < limit ? x->count : limit;
    out->more = x->count - out->count;
    if (out->count != 0 && (out->pairs = calloc(out->count, sizeof *out->pairs)) == NULL) {
        out->count = 0;
        return no_memory(e);
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
    if ((x.memory = out->memory = calloc(1, sizeof *x.memory)) == NULL)
        return no_memory(e);
    if ((code = read_clients(&x, e)) == 0 && (code = read_identifiers(&x, e)) == 0 &&
        (code = read_contested(&x, e)) == 0 && (code = read_decided(&x, e)) == 0)
        code = client == NULL ? look_at_all(&x, out, e) : look_at_one(&x, client, e);
    if (code == 0)
        code = tell(&x, limit, out, e);
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
