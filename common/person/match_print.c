/* Prints candidates, in words or as JSON. */
#include "match_print.h"

#include <string.h>

#include "json.h"
#include "whose.h"

static const char *const sentences[MATCH_REASONS] = {
    [MATCH_NAME_SAME] = "the same name",
    [MATCH_NAME_PART_MISSING] = "the same name but for a part that one of them lacks",
    [MATCH_NAME_ALIKE] = "names that differ by a letter or two, or sound alike",
    [MATCH_NAME_SHARED] = "one name in common, the others differ",
    [MATCH_NAME_DIFFERENT] = "different names",
    [MATCH_BIRTH_SAME] = "the same date of birth",
    [MATCH_BIRTH_SAME_YEAR] =
        "the same first of January as date of birth, which often stands for a day that nobody knows",
    [MATCH_BIRTH_SWAPPED] = "dates of birth with day and month swapped",
    [MATCH_BIRTH_DIGIT] = "dates of birth that differ by one digit, or by two swapped",
    [MATCH_BIRTH_UNKNOWN_DAY] = "the same year of birth, and in one of them perhaps no more than the year is known",
    [MATCH_BIRTH_DIFFERENT] = "different dates of birth",
    [MATCH_IDENTIFIER] = "an identifier in common",
    [MATCH_IDENTIFIER_DIFFERENT] = "different identifiers of one sort",
    [MATCH_PHONE] = "the same telephone",
    [MATCH_EMAIL] = "the same electronic mail",
    [MATCH_ADDRESS] = "the same address",
    [MATCH_BOTH_MARKS] = "linked as one person, and marked as different people",
};

const char *match_class_name(enum match_class class)
{
    static const char *const names[] = {"none", "possible", "likely", "contradicted"};
    return names[class];
}

char *match_words(const struct match_evidence *evidence, int quote, char *out, size_t out_max)
{
    const char *a = evidence->a, *b = evidence->b, *sentence = sentences[evidence->reason];
    if (!quote || a == NULL || b == NULL)
        (void)snprintf(out, out_max, "%s", sentence);
    else if (strcmp(a, b) == 0)
        (void)snprintf(out, out_max, "%s: '%s'", sentence, a);
    else
        (void)snprintf(out, out_max, "%s: '%s' / '%s'", sentence, a, b);
    return out;
}

static void print_pair(const struct match_pair *pair, struct db *db, FILE *out)
{
    char one[ID_BRIEF], other[ID_BRIEF], words[1024];
    (void)fprintf(out, "%-13s%s  ", match_class_name(pair->class), id_brief(&pair->a, one));
    whose_died(out, db, &pair->a);
    cli_line(out, pair->a_name);
    (void)fprintf(out, "  /  %s  ", id_brief(&pair->b, other));
    whose_died(out, db, &pair->b);
    cli_line(out, pair->b_name);
    (void)fputc('\n', out);
    for (size_t i = 0; i < pair->count; i++) {
        (void)fprintf(out, "%-13s%+3d  ", "", pair->evidence[i].weight);
        cli_line(out, match_words(&pair->evidence[i], 1, words, sizeof words));
        (void)fputc('\n', out);
    }
}

static void json_record(struct json *j, struct db *db, const char *which, const struct id *id, const char *name)
{
    char died[WHOSE_BIRTH];
    whose_day_of_death(db, id, died);
    json_object(json_key(j, which));
    json_id(json_key(j, "id"), id);
    json_text(json_key(j, "name"), name);
    json_text(json_key(j, "died"), died[0] != '\0' ? died : NULL);
    json_end(j);
}

static void json_pair(struct json *j, struct db *db, const struct match_pair *pair)
{
    char words[1024];
    json_object(j);
    json_text(json_key(j, "class"), match_class_name(pair->class));
    json_int(json_key(j, "score"), pair->score);
    json_record(j, db, "a", &pair->a, pair->a_name);
    json_record(j, db, "b", &pair->b, pair->b_name);
    json_array(json_key(j, "evidence"));
    for (size_t i = 0; i < pair->count; i++) {
        json_object(j);
        json_int(json_key(j, "weight"), pair->evidence[i].weight);
        json_text(json_key(j, "words"), match_words(&pair->evidence[i], 1, words, sizeof words));
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void print_json(struct db *db, const struct match_result *result, FILE *out)
{
    struct json j = json_start(out);
    json_object(&j);
    json_array(json_key(&j, "pairs"));
    for (size_t i = 0; i < result->count; i++)
        json_pair(&j, db, &result->pairs[i]);
    json_end(&j);
    json_uint(json_key(&j, "more"), result->more);
    json_uint(json_key(&j, "clients"), result->clients);
    json_object(json_key(&j, "left_out"));
    json_uint(json_key(&j, "names"), result->common_names);
    json_uint(json_key(&j, "births"), result->common_births);
    json_uint(json_key(&j, "contacts"), result->common_contacts);
    json_end(&j);
    json_end(&j);
}

static void say_left_out(FILE *err, size_t count, const char *one, const char *many, size_t *total)
{
    char words[96];
    if (count == 0)
        return;
    (void)fprintf(err, "%s%s", *total == 0 ? "left out: " : ", ", cli_count(count, one, many, words, sizeof words));
    *total += count;
}

void match_print(struct db *db, const struct match_result *result, const struct cli *cli, const char *program)
{
    const char *folder = strcmp(program, "satcheld") == 0 ? " DIR" : "";
    FILE *err = cli->err;
    char words[64], clients[64];
    size_t left = 0;
    if (cli->json)
        print_json(db, result, cli->out);
    for (size_t i = 0; !cli->json && i < result->count; i++)
        print_pair(&result->pairs[i], db, cli->out);
    (void)fprintf(err, "%s may be one person, among %s%s",
                  cli_count(result->count + result->more, "pair", "pairs", words, sizeof words),
                  cli_count(result->clients, "client", "clients", clients, sizeof clients),
                  result->more != 0 ? "; the first are shown" : "");
    if (result->count != 0)
        (void)fprintf(err,
                      ". Nothing is linked by itself: `%s link%s A B` where both are one person, `%s different%s A B` "
                      "where they are not",
                      program, folder, program, folder);
    (void)fputc('\n', err);
    say_left_out(err, result->common_names, "name", "names", &left);
    say_left_out(err, result->common_births, "date of birth", "dates of birth", &left);
    say_left_out(err, result->common_contacts, "telephone, address of mail or identifier",
                 "telephones, addresses of mail or identifiers", &left);
    if (left != 0)
        (void)fputs(": so many share each of these that not all who do were compared over it; what else they share was "
                    "still looked at\n",
                    err);
}
