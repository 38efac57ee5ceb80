/* What a sync tells when it is over: in words, or as one object of JSON. */
#include "sync_told.h"

#include <stdio.h>

#include "closing.h"
#include "decided.h"
#include "decisions.h"
#include "news.h"
#include "printer.h"
#include "told_news.h"
#include "unsent.h"

struct end {
    struct printer v;
    struct unsent_seen seen;    /* the newest signed state of the office's log */
    struct own_conflicts owned; /* what is this person's to decide now */
    size_t told;                /* decisions over this person's words, told now */
    size_t news;                /* and what else came, told now */
};

static int say_numbers(const struct sync_told *t, struct end *end, struct error *e)
{
    struct json *j = &end->v.json;
    int code;
    json_object(j);
    json_uint(json_key(j, "sent"), t->sent);
    json_uint(json_key(j, "held"), t->held);
    json_uint(json_key(j, "checkpoint"), end->seen.size);
    json_flag(json_key(j, "verified"), 1);
    json_uint(json_key(j, "entries"), t->got.entries);
    json_uint(json_key(j, "arrived"), t->got.arrived);
    json_uint(json_key(j, "purged"), t->got.purged);
    json_uint(json_key(j, "kept"), t->got.kept);
    json_flag(json_key(j, "agrees"), t->got.agrees);
    json_flag(json_key(j, "rebuilt"), t->got.rebuilt);
    json_uint(json_key(j, "conflicts"), end->owned.all);
    json_uint(json_key(j, "yours"), end->owned.count);
    json_uint(json_key(j, "new"), own_conflicts_new(&t->owned, &end->owned));
    json_uint(json_key(j, "clock_skew_ms"), t->skew_ms);
    json_uint(json_key(j, "new_epoch"), t->new_epoch);
    json_uint(json_key(j, "reissued"), t->reissued);
    json_key(j, "set_back");
    if (t->back.found) {
        json_object(j);
        json_uint(json_key(j, "size"), t->back.size);
        json_uint(json_key(j, "seen"), t->back.seen);
        json_uint(json_key(j, "sent_again"), t->back.sent_again);
        json_uint(json_key(j, "kept"), t->back.kept);
        json_end(j);
    } else {
        json_null(j);
    }
    json_array(json_key(j, "decided"));
    code = decisions_tell(&end->v, &end->told, e);
    json_end(j);
    json_end(j);
    return code;
}

/* Tells what others decided over this person's words, and what waits for a decision. */
static int say_conflicts(const struct sync_told *t, struct end *end, struct error *e)
{
    size_t fresh = own_conflicts_new(&t->owned, &end->owned), closings;
    char count[64], yours[64];
    int code = decisions_tell(&end->v, &end->told, e);
    if (code == 0)
        code = closing_tell(&end->v, &closings, e);
    if (code != 0 || end->owned.all == 0)
        return code;
    (void)snprintf(yours, sizeof yours, fresh != 0 ? "%zu of them yours, %zu new" : "%zu of them yours",
                   end->owned.count, fresh);
    fprintf(end->v.cli->err, "%s for a decision, %s; `satchel conflicts` lists them\n",
            cli_count(end->owned.all, "conflict waits", "conflicts wait", count, sizeof count), yours);
    return 0;
}

/* Tells what came from the office, in the words of who works with cases. */
static void say_received(FILE *out, const struct sync_told *t)
{
    char count[64];
    if (t->got.entries != 0)
        fprintf(out, "%s from the office",
                cli_count(t->got.entries, "change came", "changes came", count, sizeof count));
    else
        fputs("nothing new came from the office", out);
    if (t->got.cases != 0)
        fprintf(out, "; %s new on this laptop",
                cli_count(t->got.cases, "case or person is", "cases and persons are", count, sizeof count));
    if (t->got.purged != 0)
        fprintf(out, "; %s not yours any more and left this laptop",
                cli_count(t->got.purged, "case or person is", "cases and persons are", count, sizeof count));
    fputc('\n', out);
}

static int say_words(struct store *s, const struct sync_told *t, struct end *end, struct error *e)
{
    FILE *out = end->v.cli->out;
    char count[64];
    int code;
    if (t->sent != 0)
        fprintf(out, "%s, all received by the office (verified)\n",
                cli_count(t->sent, "change", "changes", count, sizeof count));
    else
        fputs("nothing was queued (the office's log is verified)\n", out);
    say_received(out, t);
    if ((code = told_news(&end->v, &end->news, e)) != 0)
        return code;
    if (t->got.kept != 0)
        fprintf(
            end->v.cli->err,
            "%s not yours any more and still here: a change in it waits to be sent (sync again), or the office lost "
            "it when it was put back from a backup\n",
            cli_count(t->got.kept, "case or person is", "cases and persons are", count, sizeof count));
    store_warn(s, end->v.cli->err);
    if (t->held != 0)
        fprintf(end->v.cli->err, "the office holds back %s; `satchel status` says why\n",
                cli_count(t->held, "of your changes", "of your changes", count, sizeof count));
    return say_conflicts(t, end, e);
}

int sync_tell(struct store *s, struct cli *cli, const struct sync_told *t, int *waiting, struct error *e)
{
    struct end end = {.told = 0};
    int code;
    if ((code = printer_open(&end.v, s->db, cli, e)) != 0)
        return code;
    end.v.seen = &s->seen;
    if ((code = unsent_seen(s->db, &end.seen, e)) == 0 &&
        (code = own_conflicts_load(s->db, &s->user, &end.owned, e)) == 0) {
        *waiting = end.owned.all != 0 || t->held != 0 || t->got.kept != 0 || t->new_epoch != 0;
        code = cli->json ? say_numbers(t, &end, e) : say_words(s, t, &end, e);
        /* Decisions that could not be printed are told at the next sync. */
        if (code == 0 && end.told != 0 && cli_is_out(cli))
            code = decided_told(s, e);
        if (code == 0 && !cli->json && cli_is_out(cli))
            code = news_told(s, e);
    }
    own_conflicts_free(&end.owned);
    printer_close(&end.v);
    return code;
}

/* --- on the way, and instead --- */

void sync_set_back_words(const struct setback *back, char words[SYNC_SET_BACK_WORDS])
{
    char again[64], kept[64];
    (void)snprintf(words, SYNC_SET_BACK_WORDS,
                   "THE OFFICE WAS PUT BACK FROM A BACKUP: its log had %llu changes then, and this laptop had seen "
                   "%llu. Nothing is lost here: %s that it does not have any more %s sent again, %s of others %s kept "
                   "here until it comes again; the office's signed statement from before is kept. If nobody at the "
                   "office told you of it, call them",
                   (unsigned long long)back->size, (unsigned long long)back->seen,
                   cli_count(back->sent_again, "change of yours", "changes of yours", again, sizeof again),
                   back->sent_again == 1 ? "is" : "are", cli_count(back->kept, "change", "changes", kept, sizeof kept),
                   back->kept == 1 ? "is" : "are");
}

int sync_check_agreement(const struct sync_told *t, struct error *e)
{
    if (!t->got.agrees)
        return error_set(
            e, E_VERIFY,
            "what this laptop shows differs from the office's record (after change %llu of its log), even made "
            "anew; nothing is lost: run `satchel sync` again, which fetches everything anew, and tell the "
            "office",
            (unsigned long long)t->got.position);
    if (t->got.rebuilt)
        return error_set(e, E_VERIFY,
                         "what this laptop showed differed from the office's record (after change %llu of its log); it "
                         "has been made anew and agrees now; tell the office",
                         (unsigned long long)t->got.position);
    return 0;
}
