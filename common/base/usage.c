/* Calls of commands: the rows of a program's commands, turned into parsing, help, completion and a main. */
#include "usage.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct usage_option always[] = {{.name = "json", .help = "one JSON value on the standard output"},
                                             {.name = "help", .help = "this"},
                                             {.name = NULL}};

/* --- the words of a row --- */

/* One of the words that a row names, such as "[CASE]". */
struct spec {
    const char *at; /* with its brackets and dots */
    size_t bytes;
    int is_optional, repeats;
};

/* Finds the next word that a row names, and moves *words behind it. 1: out has it; 0: there is none. */
static int next_spec(const char **words, struct spec *out)
{
    const char *p = *words;
    if (p == NULL)
        return 0;
    p += strspn(p, " ");
    if ((out->bytes = strcspn(p, " ")) == 0)
        return 0;
    out->at = p;
    out->is_optional = p[0] == '[';
    out->repeats = out->bytes > 3 && memcmp(p + out->bytes - (out->is_optional ? 4 : 3), "...", 3) == 0;
    *words = p + out->bytes;
    return 1;
}

/* --- finding the row --- */

static int is_called(const struct usage *usage, const char *first, const char *second)
{
    if (usage->group == NULL)
        return strcmp(usage->name, first) == 0;
    return second != NULL && strcmp(usage->group, first) == 0 && strcmp(usage->name, second) == 0;
}

/* A command of two words is found before one of its first word alone. */
static const struct usage *find_row(const struct usage_program *p, const char *first, const char *second)
{
    const struct usage *alone = NULL;
    for (size_t i = 0; i < p->count; i++)
        if (is_called(p->rows[i], first, second)) {
            if (p->rows[i]->group != NULL)
                return p->rows[i];
            alone = p->rows[i];
        }
    return alone;
}

static int is_group(const struct usage_program *p, const char *word)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct usage *row = p->rows[i];
        assert(row != NULL);
        if (row->group != NULL && strcmp(row->group, word) == 0)
            return 1;
    }
    return 0;
}

/* Writes the second words of a group: "list, add or remove". */
static void name_group(const struct usage_program *p, const char *group, char *out, size_t out_max)
{
    size_t used = 0, left = 0;
    for (size_t i = 0; i < p->count; i++)
        left += p->rows[i]->group != NULL && strcmp(p->rows[i]->group, group) == 0;
    out[0] = '\0';
    for (size_t i = 0; i < p->count && used < out_max; i++)
        if (p->rows[i]->group != NULL && strcmp(p->rows[i]->group, group) == 0) {
            left--;
            used += (size_t)snprintf(out + used, out_max - used, "%s%s", p->rows[i]->name,
                                     left > 1    ? ", "
                                     : left == 1 ? " or "
                                                 : "");
        }
}

static int fail_unknown(const struct usage_program *p, const char *first, const char *second, struct error *e)
{
    char names[256];
    if (!is_group(p, first))
        return error_set(e, E_USAGE, "%s does not know the command %.60s; `%s --help` lists its commands", p->name,
                         first, p->name);
    name_group(p, first, names, sizeof names);
    if (second == NULL)
        return error_set(e, E_USAGE, "behind `%s %s` a word is missing: %s", p->name, first, names);
    return error_set(e, E_USAGE, "%s does not know the command `%s %.60s`; behind %s stands %s", p->name, first, second,
                     first, names);
}

/* --- help --- */

void usage_form(const struct usage_program *p, const struct usage *usage, FILE *out)
{
    int has_more = 0;
    (void)fprintf(out, "%s %s%s%s", p->name, usage->group != NULL ? usage->group : "", usage->group != NULL ? " " : "",
                  usage->name);
    if (p->folder != NULL)
        (void)fprintf(out, " %s", p->folder);
    if (usage->words != NULL && usage->words[0] != '\0')
        (void)fprintf(out, " %s", usage->words);
    for (const struct usage_option *o = usage->options; o->name != NULL; o++)
        if (o->required)
            (void)fprintf(out, " --%s %s", o->name, o->value);
        else
            has_more = 1;
    if (has_more)
        (void)fputs(" [OPTIONS]", out);
}

/* Writes the form into out, for a sentence. Returns out. */
static char *form_text(const struct usage_program *p, const struct usage *usage, char *out, size_t out_max)
{
    FILE *text = fmemopen(out, out_max, "w");
    out[0] = '\0';
    if (text != NULL) {
        usage_form(p, usage, text);
        (void)fclose(text);
    }
    out[out_max - 1] = '\0';
    return out;
}

/* Writes "--name VALUE"; returns how many characters that is. */
static int option_text(const struct usage_option *o, char out[64])
{
    return snprintf(out, 64, "--%s%s%s", o->name, o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
}

static int widest(const struct usage_option *o, int width)
{
    char text[64];
    for (; o != NULL && o->name != NULL; o++) {
        int wide = option_text(o, text);
        width = wide > width ? wide : width;
    }
    return width;
}

static void show_options(const struct usage_option *o, int width, FILE *out)
{
    char text[64];
    for (; o != NULL && o->name != NULL; o++) {
        (void)option_text(o, text);
        (void)fprintf(out, "  %-*s  %s", width, text, o->help);
        if (o->max != 0)
            (void)fprintf(out, " (%llu to %llu)", (unsigned long long)o->min, (unsigned long long)o->max);
        (void)fputc('\n', out);
    }
}

static void show_command(const struct usage_program *p, const struct usage *usage, FILE *out)
{
    int width = widest(usage->options, widest(p->shared, widest(always, 0)));
    (void)fputs("Usage: ", out);
    usage_form(p, usage, out);
    (void)fprintf(out, "\n\n%c%s.\n",
                  usage->help[0] >= 'a' && usage->help[0] <= 'z' ? usage->help[0] - 32 : usage->help[0],
                  usage->help + 1);
    if (usage->more != NULL)
        (void)fprintf(out, "%s\n", usage->more);
    if (p->folder_help != NULL)
        (void)fprintf(out, "%s is %s.\n", p->folder, p->folder_help);
    (void)fputc('\n', out);
    show_options(usage->options, width, out);
    show_options(p->shared, width, out);
    show_options(always, width, out);
    (void)fprintf(out, "\nExample: %s\n", usage->example);
}

/* Prints the commands with what they do: those of a group, or all if it is NULL. */
static void show_list(const struct usage_program *p, const char *group, FILE *out)
{
    int width = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct usage *u = p->rows[i];
        int wide = (int)(strlen(u->name) + (u->group != NULL ? strlen(u->group) + 1 : 0));
        width = wide > width ? wide : width;
    }
    for (size_t i = 0; i < p->count; i++) {
        const struct usage *u = p->rows[i];
        char name[64];
        if (group != NULL && (u->group == NULL || strcmp(u->group, group) != 0))
            continue;
        (void)snprintf(name, sizeof name, "%s%s%s", u->group != NULL ? u->group : "", u->group != NULL ? " " : "",
                       u->name);
        (void)fprintf(out, "  %-*s  %s\n", width, name, u->help);
    }
}

void usage_help_program(const struct usage_program *p, FILE *out)
{
    (void)fprintf(out, "Usage: %s COMMAND%s%s [WORDS] [OPTIONS]\n\n%s\n\n", p->name, p->folder != NULL ? " " : "",
                  p->folder != NULL ? p->folder : "", p->about);
    show_list(p, NULL, out);
    (void)fprintf(out, "\n  %s COMMAND --help   how a command is used, with an example\n  %s --version\n\n%s\n",
                  p->name, p->name, p->footer);
    if (p->topic != NULL)
        (void)p->topic(NULL, out);
}

int usage_help(const struct usage_program *p, const char *first, const char *second, FILE *out)
{
    const struct usage *usage = find_row(p, first, second);
    if (usage == NULL && !is_group(p, first))
        return 0;
    if (usage != NULL) {
        show_command(p, usage, out);
    } else {
        size_t at = 0;
        show_list(p, first, out);
        while (p->rows[at]->group == NULL || strcmp(p->rows[at]->group, first) != 0)
            at++;
        (void)fprintf(out, "\n  %s %s COMMAND --help   how one of them is used\n\nExample: %s\n", p->name, first,
                      p->rows[at]->example);
    }
    return 1;
}

/* --- parsing --- */

static const struct usage_option *find_option(const struct usage_option *options, const char *name, size_t bytes)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strlen(options->name) == bytes && memcmp(options->name, name, bytes) == 0)
            return options;
    return NULL;
}

static const struct usage_option *option_of(const struct usage_call *c, const char *name, size_t bytes)
{
    const struct usage_option *o = find_option(c->usage->options, name, bytes);
    if (o == NULL)
        o = find_option(c->shared, name, bytes);
    return o != NULL ? o : find_option(always, name, bytes);
}

/* Finds room to write down that an option was given; NULL: too many were given. */
static struct usage_given *given_of(struct usage_call *c, const struct usage_option *o)
{
    for (size_t i = 0; i < c->given_count && !o->repeats; i++)
        if (c->given[i].option == o)
            return &c->given[i];
    return c->given_count < USAGE_GIVEN_MAX ? &c->given[c->given_count++] : NULL;
}

/* Takes one argument that begins with two dashes. Moves *at on if the value is an argument of its own. */
static int take_option(struct usage_call *c, int argc, char **argv, int *at, struct error *e)
{
    char *name = argv[*at] + 2, *equals = strchr(name, '='), label[64];
    size_t bytes = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct usage_option *o = option_of(c, name, bytes);
    struct usage_given *given, g = {.option = o, .argument = argv[*at]};
    if (o == NULL)
        return error_set(e, E_USAGE, "there is no option --%.*s here; --help shows those that there are",
                         bytes > 60 ? 60 : (int)bytes, name);
    if (o->value == NULL && equals != NULL)
        return error_set(e, E_USAGE, "--%s takes no value", o->name);
    if (o->value != NULL && equals != NULL) {
        g.value = equals + 1;
    } else if (o->value != NULL) {
        /* Do not take what looks like the next option for a value; whoever means it writes --reason=--x. */
        if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0)
            return error_set(e, E_USAGE, "--%s needs a value after it", o->name);
        g.value = argv[++*at];
    }
    (void)snprintf(label, sizeof label, "--%s", o->name);
    if (o->max != 0 && cli_number(g.value, label, o->min, o->max, &g.number, e) != 0)
        return E_USAGE;
    if ((given = given_of(c, o)) == NULL)
        return error_set(e, E_USAGE, "--%s is given too often", o->name);
    *given = g;
    return 0;
}

/* Checks that all words are there that the row names, and no others. E_USAGE. */
static int check_words(const struct usage_program *p, const struct usage_call *c, struct error *e)
{
    const char *words = c->usage->words;
    struct spec s;
    int needed = 0, allowed = 0;
    char form[512];
    form_text(p, c->usage, form, sizeof form);
    if (p->folder != NULL && !p->is_folder_elsewhere && c->folder == NULL)
        return error_set(e, E_USAGE, "%s is missing, which is %s; usage: %s", p->folder, p->folder_help, form);
    while (next_spec(&words, &s)) {
        if (!s.is_optional && needed++ == c->count)
            return error_set(e, E_USAGE, "%.*s is missing; usage: %s", (int)s.bytes, s.at, form);
        allowed = s.repeats ? INT_MAX : allowed + (allowed != INT_MAX);
    }
    if (c->count > allowed)
        return error_set(e, E_USAGE, "`%.60s` is a word too many (put quotes around what has spaces); usage: %s",
                         c->words[allowed], form);
    return 0;
}

static int check_required(const struct usage_program *p, const struct usage_call *c, struct error *e)
{
    char form[512];
    for (const struct usage_option *o = c->usage->options; o->name != NULL; o++)
        if (o->required && usage_text(c, o->name) == NULL)
            return error_set(e, E_USAGE, "--%s %s is missing: %s; usage: %s", o->name, o->value, o->help,
                             form_text(p, c->usage, form, sizeof form));
    return 0;
}

int usage_parse(const struct usage_program *p, struct cli *cli, int argc, char **argv, struct usage_call *call,
                struct error *e)
{
    int kept, at, is_over = 0, code;
    memset(call, 0, sizeof *call);
    call->cli = cli;
    /* Look for --json before anything can be wrong, so that the sentence of an error is JSON, too. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        cli->json |= strcmp(argv[i], "--json") == 0;
    call->shared = p->shared;
    if ((call->usage = find_row(p, argv[0], argc > 1 ? argv[1] : NULL)) == NULL)
        return fail_unknown(p, argv[0], argc > 1 ? argv[1] : NULL, e);
    kept = at = call->usage->group != NULL ? 2 : 1;
    call->words = argv + at;
    for (; at < argc; at++) {
        if (!is_over && strcmp(argv[at], "--") == 0) {
            is_over = 1;
        } else if (!is_over && strncmp(argv[at], "--", 2) == 0) {
            if ((code = take_option(call, argc, argv, &at, e)) != 0)
                return code;
        } else if (p->folder != NULL && !p->is_folder_elsewhere && call->folder == NULL) {
            call->folder = argv[at];
        } else {
            argv[kept++] = argv[at];
        }
    }
    argv[kept] = NULL;
    call->count = (int)(argv + kept - call->words);
    return (code = check_words(p, call, e)) != 0 ? code : check_required(p, call, e);
}

int usage_names(const struct usage_call *call, const char *option)
{
    return option_of(call, option, strlen(option)) != NULL;
}

static const struct usage_given *find_given(const struct usage_call *c, const char *option, size_t at)
{
    const struct usage_option *o = option_of(c, option, strlen(option));
    assert(o != NULL); /* our mistake: the command asks for what its row does not name */
    for (size_t i = 0; i < c->given_count; i++)
        if (c->given[i].option == o && at-- == 0)
            return &c->given[i];
    return NULL;
}

const char *usage_text(const struct usage_call *call, const char *option)
{
    return usage_text_at(call, option, 0);
}

const char *usage_text_at(const struct usage_call *call, const char *option, size_t at)
{
    const struct usage_given *g = find_given(call, option, at);
    return g != NULL ? g->value : NULL;
}

int usage_flag(const struct usage_call *call, const char *option)
{
    return find_given(call, option, 0) != NULL;
}

uint64_t usage_number(const struct usage_call *call, const char *option, uint64_t otherwise)
{
    const struct usage_given *g = find_given(call, option, 0);
    return g != NULL ? g->number : otherwise;
}

/* --- completion --- */

static void offer(const char *word, const char *begun, FILE *out)
{
    if (strncmp(word, begun, strlen(begun)) == 0)
        (void)fprintf(out, "%s\n", word);
}

static void offer_options(const struct usage_option *o, const char *begun, FILE *out)
{
    char text[64];
    for (; o != NULL && o->name != NULL; o++) {
        (void)snprintf(text, sizeof text, "--%s", o->name);
        offer(text, begun, out);
    }
}

/* Prints the commands, each group once; or, behind a group, its second words. */
static void offer_commands(const struct usage_program *p, const char *group, const char *begun, FILE *out)
{
    const char *last = "";
    for (size_t i = 0; i < p->count; i++) {
        const struct usage *u = p->rows[i];
        const char *word = group == NULL && u->group != NULL ? u->group : u->name;
        if ((group != NULL && (u->group == NULL || strcmp(u->group, group) != 0)) || strcmp(word, last) == 0)
            continue;
        offer(last = word, begun, out);
    }
}

void usage_complete(const struct usage_program *p, int argc, char **argv, FILE *out)
{
    const char *begun = argc > 0 ? argv[argc - 1] : "";
    const struct usage *usage = argc > 1 ? find_row(p, argv[0], argc > 2 ? argv[1] : NULL) : NULL;
    if (argc <= 1) {
        offer_commands(p, NULL, begun, out);
    } else if (begun[0] != '-' || usage == NULL) {
        /* A first word may be a command by itself, and have second words all the same. */
        if (argc == 2)
            offer_commands(p, argv[0], begun, out);
    } else {
        offer_options(usage->options, begun, out);
        offer_options(p->shared, begun, out);
        offer_options(always, begun, out);
    }
}

/* --- a program --- */

/* The arguments of main: at[0] is the program, at[count] is NULL. */
struct arguments {
    int count;
    char **at;
};

/* Takes a flag out of the arguments before `--`. 1: it was there. */
static int take_flag(struct arguments *a, const char *flag)
{
    int kept = 1, found = 0, over = 0;
    for (int i = 1; i < a->count; i++) {
        over |= strcmp(a->at[i], "--") == 0;
        if (!over && strcmp(a->at[i], flag) == 0)
            found = 1;
        else
            a->at[kept++] = a->at[i];
    }
    a->count = kept;
    a->at[kept] = NULL;
    return found;
}

/* Carries out --help, and `help [COMMAND [WORD] | TOPIC]`; at[1] is what it is about. */
static int help(const struct usage_program *p, struct cli *cli, struct arguments a, struct error *e)
{
    const char *first = a.count > 1 ? a.at[1] : NULL, *second = a.count > 2 ? a.at[2] : NULL;
    if (first == NULL) {
        usage_help_program(p, cli->out);
    } else if (!usage_help(p, first, second, cli->out) && (p->topic == NULL || !p->topic(first, cli->out))) {
        return error_set(e, E_USAGE, "%s does not know `%.60s`; `%s --help` lists what it knows", p->name, first,
                         p->name);
    }
    return 0;
}

/* Answers --version, --completion and the calls for help; hands every other call to `run`. */
static int answer(const struct usage_program *p, struct cli *cli, struct arguments a, usage_run *run, int *status,
                  struct error *e)
{
    int wants_help = take_flag(&a, "--help");
    if (a.count > 1 && strcmp(a.at[1], "--version") == 0) {
        (void)fprintf(cli->out, "%s %s\n", p->name, SATCHEL_VERSION);
        return 0;
    }
    if (a.count > 1 && strcmp(a.at[1], "--completion") == 0) {
        usage_complete(p, a.count - 2, a.at + 2, cli->out);
        return 0;
    }
    if (a.count > 1 && strcmp(a.at[a.count - 1], "-h") == 0) {
        a.at[--a.count] = NULL;
        return help(p, cli, a, e);
    }
    if (a.count > 1 && strcmp(a.at[1], "help") == 0)
        return help(p, cli, (struct arguments){a.count - 1, a.at + 1}, e);
    if (wants_help)
        return help(p, cli, a, e);
    if (a.count > 1)
        return run(cli, a.count - 1, a.at + 1, status, e);
    usage_help_program(p, cli->err);
    return error_set(e, E_USAGE, "say what to do: one of the commands above");
}

int usage_main(const struct usage_program *p, int argc, char **argv, usage_run *run)
{
    struct arguments a = {argc, argv};
    struct cli cli = {stdout, stderr, 0, 0};
    struct error e = {E_INTERNAL, "the command failed without a word; please report that"};
    const char *no_color = getenv("NO_COLOR");
    int status = 0, code;
    cli.color = isatty(STDERR_FILENO) && (no_color == NULL || no_color[0] == '\0');
    cli.json = argc > 0 && take_flag(&a, "--json");
    code = answer(p, &cli, a, run, &status, &e);
    if (code != 0)
        return cli_fail(&cli, p->name, &e);
    /* A command whose output is lost has failed. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)error_set(&e, E_IO, "the output could not be written whole");
        return cli_fail(&cli, p->name, &e);
    }
    return status;
}
