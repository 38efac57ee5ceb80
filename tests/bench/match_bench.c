/* What the search for duplicates finds, and what it takes: a made-up caseload with households, twins, common names and
 * known duplicates, each with one or two mistakes as people make them.
 *
 *   match_bench [CLIENTS [DUPLICATES [SEED]]]     by default 10000, 500, 1
 *
 * Recall: how many of the known duplicates are proposed. Precision: how many of the proposed pairs are known
 * duplicates. Nobody in it exists; names are drawn with the common ones far more often than the rare. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "edit.h"
#include "match.h"
#include "person.h"
#include "record.h"

enum { NAME_ROOM = 96, FOLLOWED = 14 };

static struct error error;

static void must(int code, const char *what)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "match_bench: %s: %s\n", what, error.text);
    exit(2);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t random_state = 1;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* --- names --- */

static const char *const given[] = {
    "Maria",    "James",  "John",      "Anna",    "Robert",    "Michael",   "Mary",     "David",    "Ahmed",
    "Fatima",   "José",   "Sofía",     "Elena",   "Peter",     "Thomas",    "Linda",    "Susan",    "Karen",
    "Nguyễn",   "Thị",    "Olga",      "Ivan",    "Paul",      "Marie",     "Jörg",     "Zoë",      "Chloé",
    "Renée",    "Łukasz", "Agnieszka", "Björn",   "Åsa",       "Søren",     "Mette",    "Ayşe",     "Mehmet",
    "Yusuf",    "Amina",  "Omar",      "Layla",   "Catherine", "Kathryn",   "Steven",   "Stephen",  "Jon",
    "Sean",     "Shaun",  "Geoffrey",  "Jeffrey", "Philip",    "Christian", "Kristina", "Margaret", "Greta",
    "Heinrich", "Hannah", "Isabella",  "Jacob",   "Kwame",     "Abena",     "Wei",      "Xiu",      "Haruto",
    "Yui",      "Arjun",  "Priya",     "Rahul",   "Deepa",     "Tomasz",    "Ewa"};
static const char *const family[] = {
    "Smith",      "Johnson",    "García",    "Rodríguez", "Müller",   "Meyer",     "Maier",    "Brown",     "Jones",
    "Nguyen",     "Tran",       "Hernández", "López",     "Martínez", "González",  "Williams", "Davis",     "Miller",
    "Wilson",     "Anderson",   "Andersen",  "Larsen",    "Nielsen",  "Johansson", "Karlsson", "Kowalski",  "Nowak",
    "Wójcik",     "Schmidt",    "Schneider", "Fischer",   "Weber",    "O'Brien",   "O'Connor", "MacDonald", "McDonald",
    "Khan",       "Ali",        "Hassan",    "Hussein",   "Ibrahim",  "Yılmaz",    "Şahin",    "Öztürk",    "Petrov",
    "Ivanova",    "Popescu",    "Ionescu",   "Horvat",    "Novák",    "Dvořák",    "Szabó",    "Nagy",      "Tóth",
    "Silva",      "Santos",     "Ferreira",  "Gonçalves", "Rossi",    "Bianchi",   "Ferrari",  "Dubois",    "Lefèvre",
    "Moreau",     "Kim",        "Lee",       "Park",      "Chen",     "Wang",      "Li",       "Zhang",     "Suzuki",
    "Takahashi",  "Singh",      "Kaur",      "Patel",     "Sharma",   "Okafor",    "Mensah",   "Diallo",    "Traoré",
    "Whitehorse", "Yellowbird", "Thompson",  "Thomson",   "Phillips", "Philips",   "Clarke",   "Clark",     "Reid",
    "Reed",       "Byron",      "Lovelace",  "Hopper",    "Babbage",  "Quill",     "Heron",    "Tallow",    "Wicket"};
enum { GIVEN = sizeof given / sizeof *given, FAMILY = sizeof family / sizeof *family };

/* The first ones far more often than the last. */
static unsigned often(unsigned count)
{
    unsigned a = below(count), b = below(count), c = below(count);
    unsigned least = a < b ? a : b;
    return below(3) == 0 ? a : least < c ? least : c;
}

struct client {
    char first[NAME_ROOM], middle[NAME_ROOM], last[NAME_ROOM], birth[16], phone[24], address[64];
};

static void day(char out[16], unsigned from, unsigned to)
{
    (void)snprintf(out, 16, "%u-%02u-%02u", from + below(to - from), 1 + below(12), 1 + below(28));
}

/* A rare syllable behind one name in three, so that there are more names than stand above. */
static void put_family(char out[NAME_ROOM])
{
    static const char *const ends[] = {"mann", "berg", "ov", "sen", "ez", "ton", "ski", "ová", "ford", "well"};
    (void)snprintf(out, NAME_ROOM, "%s%s", family[often(FAMILY)], below(3) == 0 ? ends[below(10)] : "");
}

static void put_household(struct client *c)
{
    put_family(c->last);
    (void)snprintf(c->phone, sizeof c->phone, "402 555 %04u%u", below(10000), below(10));
    (void)snprintf(c->address, sizeof c->address, "%u %s Street, Omaha", 1 + below(900), family[below(FAMILY)]);
}

static void make_person(struct client *c)
{
    (void)snprintf(c->first, sizeof c->first, "%s", given[often(GIVEN)]);
    (void)snprintf(c->middle, sizeof c->middle, "%s", below(4) == 0 ? given[below(GIVEN)] : "");
    day(c->birth, 1935, 2020);
    if (below(50) == 0)
        memcpy(c->birth + 5, "01-01", 5); /* a day that nobody knew */
}

/* --- mistakes --- */

static const char *const mistakes[FOLLOWED] = {"none",
                                               "a typing error in the family name",
                                               "a typing error in the first name",
                                               "day and month swapped",
                                               "one digit of the date",
                                               "first and family name swapped",
                                               "no accents, all capitals",
                                               "middle name left out, or a new one",
                                               "no date of birth, same telephone",
                                               "no date of birth, no telephone",
                                               "first of January for the day",
                                               "another family name, same telephone",
                                               "a typing error, and one digit of the date",
                                               "typing errors in both names"};

/* In ASCII letters alone, so that UTF-8 stays whole. */
static void typing_error(char name[NAME_ROOM])
{
    size_t size = strlen(name), at = 0;
    for (int tries = 0; tries < 50; tries++) {
        at = below((unsigned)size);
        if (((unsigned char)name[at] | (unsigned char)name[at + 1]) < 0x80 && name[at + 1] != '\0')
            break;
    }
    if (((unsigned char)name[at] | (unsigned char)name[at + 1]) >= 0x80 || name[at + 1] == '\0')
        return;
    switch (below(4)) {
    case 0: { /* two letters the wrong way round */
        char kept = name[at];
        name[at] = name[at + 1];
        name[at + 1] = kept;
        break;
    }
    case 1: /* one left out */
        memmove(name + at, name + at + 1, size - at);
        break;
    case 2: /* one twice */
        if (size + 2 < NAME_ROOM)
            memmove(name + at + 1, name + at, size - at + 1);
        break;
    default: /* another one */
        name[at] = (char)('a' + below(26));
    }
}

static void wrong_digit(char birth[16])
{
    static const int places[] = {3, 6, 9, 2, 9, 6};
    for (;;) {
        char tried[16];
        int at = places[below(6)];
        memcpy(tried, birth, sizeof tried);
        tried[at] = (char)('0' + below(10));
        if (strcmp(tried + 8, "00") > 0 && strcmp(tried + 8, "28") <= 0 && strncmp(tried + 5, "00", 2) > 0 &&
            strncmp(tried + 5, "12", 2) <= 0 && strcmp(tried, birth) != 0) {
            memcpy(birth, tried, sizeof tried);
            return;
        }
    }
}

static void plain(char name[NAME_ROOM])
{
    static const char *const pairs[] = {"é", "E", "í", "I", "ü", "U", "ö", "O", "ó", "O", "ñ", "N", "ř", "R",
                                        "á", "A", "ç", "C", "è", "E", "ë", "E", "Ł", "L", "Å", "A", "ø", "O",
                                        "ş", "S", "Ş", "S", "ı", "I", "Ö", "O", "ễ", "E", "ị", "I"};
    char out[NAME_ROOM];
    size_t used = 0;
    for (const char *p = name; *p != '\0' && used + 5 < sizeof out;) {
        size_t i = 0;
        while (i < sizeof pairs / sizeof *pairs && strncmp(p, pairs[i], strlen(pairs[i])) != 0)
            i += 2;
        if (i < sizeof pairs / sizeof *pairs) {
            out[used++] = pairs[i + 1][0];
            p += strlen(pairs[i]);
        } else {
            out[used++] = (char)toupper((unsigned char)*p); /* of ASCII, in the C locale */
            p++;
        }
    }
    out[used] = '\0';
    (void)memcpy(name, out, used + 1);
}

static void spoil(struct client *c, unsigned mistake)
{
    char kept[NAME_ROOM];
    if (mistake != 8 && mistake != 11 && below(2))
        c->phone[0] = '\0'; /* not everybody is asked for it again */
    if (below(2))
        c->address[0] = '\0';
    switch (mistake) {
    case 1:
        typing_error(c->last);
        break;
    case 2:
        typing_error(c->first);
        break;
    case 3:
        memcpy(kept, c->birth + 5, 2);
        memcpy(c->birth + 5, c->birth + 8, 2);
        memcpy(c->birth + 8, kept, 2);
        break;
    case 4:
        wrong_digit(c->birth);
        break;
    case 5:
        memcpy(kept, c->first, NAME_ROOM);
        memcpy(c->first, c->last, NAME_ROOM);
        memcpy(c->last, kept, NAME_ROOM);
        break;
    case 6:
        plain(c->first);
        plain(c->middle);
        plain(c->last);
        break;
    case 7:
        (void)snprintf(c->middle, sizeof c->middle, "%s", c->middle[0] != '\0' ? "" : given[below(GIVEN)]);
        break;
    case 9:
        c->phone[0] = '\0';
        c->birth[0] = '\0';
        break;
    case 8:
        c->birth[0] = '\0';
        break;
    case 10:
        memcpy(c->birth + 5, "01-01", 5);
        break;
    case 11:
        put_family(c->last);
        break;
    case 12:
        typing_error(below(2) ? c->first : c->last);
        wrong_digit(c->birth);
        break;
    case 13:
        typing_error(c->first);
        typing_error(c->last);
        break;
    default:
        break;
    }
}

/* --- the store --- */

static struct id number_id(unsigned number)
{
    struct id id = {{0x01, 0x90}};
    for (int i = 0; i < 4; i++)
        id.b[15 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

static unsigned id_number(const struct id *id)
{
    return (unsigned)id->b[12] << 24 | (unsigned)id->b[13] << 16 | (unsigned)id->b[14] << 8 | id->b[15];
}

static uint64_t wall(void)
{
    static uint64_t t = 1800000000000;
    return t++;
}

static void write_client(struct db *db, struct edit_author *author, unsigned number, const struct client *c)
{
    struct id id = number_id(number);
    char name[3 * NAME_ROOM];
    struct edit edit;
    (void)snprintf(name, sizeof name, "%s%s%s %s", c->first, c->middle[0] != '\0' ? " " : "", c->middle, c->last);
    must(edit_new(&edit, db, schema_kind(KIND_CLIENT), &id, &id, &error), "a client");
    must(edit_set_text(&edit, "legal_name", name, &error), "a name");
    must(edit_set_text(&edit, "birth_date", c->birth, &error), c->birth);
    must(edit_set_text(&edit, "phone", c->phone, &error), "a telephone");
    must(edit_set_text(&edit, "address", c->address, &error), "an address");
    must(edit_commit(&edit, author, NULL, NULL, &error), "a change");
}

/* Links each known duplicate, and tells how long the office takes to read who is one person: at every sync. */
static void time_links(struct db *db, struct edit_author *author, unsigned clients, unsigned duplicates,
                       const unsigned *of)
{
    struct person_map map;
    double before;
    must(db_begin(db, &error), "links");
    for (unsigned i = 0; i < duplicates; i++) {
        struct id id = number_id(clients + i), other = number_id(of[i]);
        char text[ID_TEXT];
        struct edit edit;
        id_format(&other, text);
        must(edit_open(&edit, db, &id, &error), "a link");
        must(edit_add_text(&edit, "same_as", text, &error), "a link");
        must(edit_commit(&edit, author, NULL, NULL, &error), "a link");
    }
    must(db_commit(db, &error), "links");
    before = now();
    must(person_map_load(db, &map, &error), "links");
    (void)printf("who is one person, read from %zu links: %.4f s\n", map.link_count / 2, now() - before);
    person_map_free(&map);
}

/* --- what came out --- */

/* Which mistake makes two records a known pair; -1: they are two people. Record clients + i is the duplicate of of[i].
 */
static int known(const struct match_pair *pair, unsigned clients, const unsigned *of, const int *mistake)
{
    unsigned a = id_number(&pair->a), b = id_number(&pair->b);
    return b >= clients && of[b - clients] == a ? mistake[b - clients] : -1;
}

static void tell(const struct match_result *found, unsigned clients, unsigned duplicates, const unsigned *of,
                 const int *mistake, const char *twins)
{
    unsigned all[FOLLOWED] = {0}, likely[FOLLOWED] = {0}, possible[FOLLOWED] = {0};
    unsigned right[2] = {0}, wrong[2] = {0}, wrong_twins[2] = {0};
    for (unsigned i = 0; i < duplicates; i++)
        all[mistake[i]]++;
    for (size_t i = 0; i < found->count; i++) {
        const struct match_pair *pair = &found->pairs[i];
        int m = known(pair, clients, of, mistake), is_likely = pair->class == MATCH_LIKELY;
        unsigned a = id_number(&pair->a), b = id_number(&pair->b);
        if (m >= 0)
            (is_likely ? likely : possible)[m]++;
        (m >= 0 ? right : wrong)[is_likely]++;
        wrong_twins[is_likely] += m < 0 && b < clients && b == a + 1 && twins[a];
    }
    (void)printf("%-42s %6s %7s %9s %7s\n", "mistake", "known", "likely", "possible", "missed");
    for (int m = 0; m < FOLLOWED; m++)
        (void)printf("%-42s %6u %7u %9u %7u\n", mistakes[m], all[m], likely[m], possible[m],
                     all[m] - likely[m] - possible[m]);
    (void)printf("\nlikely:               %u right, %u wrong (%u of them twins): precision %.3f, recall %.3f\n",
                 right[1], wrong[1], wrong_twins[1], (double)right[1] / (double)(right[1] + wrong[1]),
                 (double)right[1] / (double)duplicates);
    (void)printf("likely and possible:  %u right, %u wrong (%u of them twins): precision %.3f, recall %.3f\n",
                 right[0] + right[1], wrong[0] + wrong[1], wrong_twins[0] + wrong_twins[1],
                 (double)(right[0] + right[1]) / (double)found->count,
                 (double)(right[0] + right[1]) / (double)duplicates);
    (void)printf("left out: %zu names, %zu dates, %zu contacts; pairs not listed: %zu\n", found->common_names,
                 found->common_births, found->common_contacts, found->more);
}

int main(int argc, char **argv)
{
    unsigned clients = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    unsigned duplicates = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500;
    struct client *all = calloc(clients, sizeof *all), *c;
    unsigned *of = calloc(duplicates + 1, sizeof *of);
    int *mistake = calloc(duplicates + 1, sizeof *mistake);
    char *twins = calloc(clients + 1, 1);
    struct id device = number_id(0xdddddd), last;
    struct match_result found;
    struct edit_author author;
    struct db *db;
    double before;
    if (argc > 3)
        random_state = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
    if (clients == 0 || duplicates > clients || all == NULL || of == NULL || mistake == NULL || twins == NULL) {
        (void)fprintf(stderr, "match_bench: CLIENTS is at least 1, and not less than DUPLICATES\n");
        exit(2);
    }
    must(db_open_memory(&db, &error), "a store");
    must(log_create(db, &error), "a store");
    must(record_create(db, &error), "a store");
    must(edit_author_create(db, &device, &error), "a store");
    must(edit_author_load(db, &author, &error), "a store");
    author.wall = wall;
    must(db_begin(db, &error), "a store");
    for (unsigned i = 0; i < clients; i++) {
        c = &all[i];
        /* Two in five live with the one before: the same family name, telephone and address. One in a hundred is a
         * twin. */
        if (i > 0 && below(5) < 2)
            *c = all[i - 1];
        else
            put_household(c);
        make_person(c);
        if (i > 0 && below(100) == 0) {
            *c = all[i - 1];
            while (strcmp(c->first, all[i - 1].first) == 0)
                (void)snprintf(c->first, sizeof c->first, "%s", given[below(GIVEN)]);
            twins[i - 1] = 1;
        }
        write_client(db, &author, i, c);
    }
    for (unsigned i = 0; i < duplicates; i++) {
        struct client twice;
        mistake[i] = (int)(i % FOLLOWED);
        of[i] = i * (clients / duplicates);
        /* Where day and month are swapped, both must be a month, and not the same one. */
        while (
            mistake[i] == 3 && of[i] + 1 < clients &&
            (strncmp(all[of[i]].birth + 8, "12", 2) > 0 || strncmp(all[of[i]].birth + 8, all[of[i]].birth + 5, 2) == 0))
            of[i]++;
        twice = all[of[i]];
        spoil(&twice, (unsigned)mistake[i]);
        write_client(db, &author, clients + i, &twice);
    }
    must(db_commit(db, &error), "a store");
    before = now();
    must(match_all(db, 1000000, &found, &error), "matching");
    (void)printf("%zu clients compared in %.2f s; %zu pairs\n\n", found.clients, now() - before, found.count);
    tell(&found, clients, duplicates, of, mistake, twins);
    match_free(&found);
    last = number_id(clients);
    before = now();
    must(match_one(db, &last, 10, &found, &error), "matching");
    (void)printf("one new client against all: %.3f s\n", now() - before);
    match_free(&found);
    time_links(db, &author, clients, duplicates, of);
    db_close(db);
    free(all);
    free(of);
    free(mistake);
    free(twins);
    return 0;
}
