/* Tells the result of a proof, in lines or as JSON. */
#include <sodium.h>
#include <stdio.h>

#include "audit_verify.h"
#include "json.h"

int audit_verify_is_complete(const struct audit_verify_result *r)
{
    return r->sealed == 0 && r->heads_unchecked == 0 && r->unjudged == 0;
}

static void print_json(const struct cli *cli, const struct audit_verify_result *r, const char *root)
{
    struct json j = json_start(cli->out);
    json_object(&j);
    json_flag(json_key(&j, "verified"), 1);
    json_flag(json_key(&j, "complete"), audit_verify_is_complete(r));
    json_text(json_key(&j, "origin"), r->checkpoint.origin);
    json_uint(json_key(&j, "entries"), r->entries);
    json_text(json_key(&j, "root"), root);
    json_uint(json_key(&j, "first_received_ms"), r->first_ms);
    json_uint(json_key(&j, "last_received_ms"), r->last_ms);
    json_uint(json_key(&j, "heads"), r->heads);
    json_uint(json_key(&j, "heads_unchecked"), r->heads_unchecked);
    json_uint(json_key(&j, "devices"), r->devices);
    json_uint(json_key(&j, "bodies"), r->bodies);
    json_uint(json_key(&j, "bodies_erased"), r->erased);
    json_uint(json_key(&j, "bodies_sealed"), r->sealed);
    json_uint(json_key(&j, "judged"), r->judged);
    json_uint(json_key(&j, "break_later_rules"), r->late);
    json_uint(json_key(&j, "held"), r->held);
    json_uint(json_key(&j, "unjudged"), r->unjudged);
    json_uint(json_key(&j, "set_backs"), r->set_backs);
    json_uint(json_key(&j, "set_back_size"), r->set_back_size);
    json_uint(json_key(&j, "lost_heads"), r->lost_heads);
    json_uint(json_key(&j, "lost_size"), r->lost_size);
    json_uint(json_key(&j, "stated_size"), r->stated_size);
    json_uint(json_key(&j, "false_statements"), r->false_stated);
    json_uint(json_key(&j, "laptops_that_saw_more"), r->losers);
    json_uint(json_key(&j, "witnesses"), r->witnesses);
    json_uint(json_key(&j, "witnessed"), r->witnessed);
    json_uint(json_key(&j, "office_changes"), r->own_changes);
    json_array(json_key(&j, "office_writers"));
    for (size_t i = 0; i < r->writer_count; i++) {
        json_object(&j);
        json_id(json_key(&j, "person"), &r->writers[i].id);
        json_text(json_key(&j, "name"), r->writers[i].name);
        json_text(json_key(&j, "role"), r->writers[i].role);
        json_uint(json_key(&j, "changes"), r->writers[i].changes);
        json_uint(json_key(&j, "last_entry"), r->writers[i].last);
        json_end(&j);
    }
    json_end(&j);
    json_uint(json_key(&j, "office_writers_more"), r->writers_more);
    for (size_t i = 0; i < 2; i++) {
        json_key(&j, i == 0 ? "seen" : "since");
        if (!r->evidence_given[i])
            json_null(&j);
        else
            json_text(&j, r->evidence_lost[i] ? "lost" : "extended");
    }
    json_end(&j);
}

/* What the rules say of the laptops' changes: how many keep them, and of how many that is not so. */
static void print_rules(const struct cli *cli, const struct audit_verify_result *r)
{
    char count[64];
    fprintf(cli->out, "rules       %s judged by the log before each: ",
            cli_count(r->judged, "change of a laptop", "changes of laptops", count, sizeof count));
    if (r->late == 0)
        fputs("all keep them", cli->out);
    else
        fprintf(cli->out, "%llu keep them, %s a rule that only a newer program than the office's of that time knows",
                (unsigned long long)(r->judged - r->late), cli_count(r->late, "breaks", "break", count, sizeof count));
    if (r->unjudged != 0)
        fprintf(cli->out, "; %llu not judged, since this program is older than the office's",
                (unsigned long long)r->unjudged);
    fprintf(cli->out, "; %llu more held by the office\n", (unsigned long long)r->held);
}

/* What no laptop's signature covers. */
static void print_witnesses(const struct cli *cli, const struct audit_verify_result *r)
{
    char laptops[64], count[64], rest[64];
    if (r->witnessed == 0) {
        fputs(r->heads_unchecked != 0
                  ? "witnesses   no laptop's signature could be checked: all of it stands on the office's word\n"
                  : "witnesses   no laptop has signed what it saw: all of it stands on the office's word alone\n",
              cli->out);
        return;
    }
    fprintf(cli->out, "witnesses   under the signatures of %s up to %s",
            cli_count(r->witnesses, "laptop", "laptops", laptops, sizeof laptops),
            cli_count(r->witnessed, "entry", "entries", count, sizeof count));
    if (r->witnessed < r->entries)
        fprintf(cli->out, "; the last %s on the office's word alone",
                cli_count(r->entries - r->witnessed, "entry", "entries", rest, sizeof rest));
    fputs(r->heads_unchecked != 0 ? "; other laptops' signatures could not be checked\n" : "\n", cli->out);
}

/* Who wrote in the office's own chain: what stands there under a worker's name was signed by the office. */
static void print_writers(const struct cli *cli, const struct audit_verify_result *r)
{
    char count[64];
    fprintf(cli->out, "by office   %s signed by the office itself",
            cli_count(r->own_changes, "change", "changes", count, sizeof count));
    for (size_t i = 0; i < r->writer_count; i++) {
        const struct audit_person *p = &r->writers[i];
        char id[ID_TEXT];
        id_format(&p->id, id);
        fprintf(cli->out, "%s %llu in the name of ", i == 0 ? ", of them" : ",", (unsigned long long)p->changes);
        cli_text(cli->out, p->name[0] != 0 ? p->name : id);
        if (p->role[0] != 0)
            fprintf(cli->out, " (%s)", p->role);
    }
    if (r->writers_more != 0)
        fprintf(cli->out, ", and others in the names of %s",
                cli_count(r->writers_more, "more person", "more persons", count, sizeof count));
    fputc('\n', cli->out);
}

static void print_evidence(const struct cli *cli, const struct audit_verify_result *r)
{
    static const char *const names[] = {"seen        the checkpoint", "since       the earlier archive"};
    char count[64], when[32];
    for (size_t i = 0; i < 2; i++) {
        if (!r->evidence_given[i])
            continue;
        fprintf(cli->out, "%s, of %s, ", names[i],
                cli_count(r->evidence_size[i], "entry", "entries", count, sizeof count));
        if (!r->evidence_lost[i]) {
            fputs("is of this log\n", cli->out);
            continue;
        }
        cli_time(r->evidence_lost_ms[i], when);
        fprintf(cli->out,
                "is not of this log: the office was put back since, if it is from before %s; if it is from later, the "
                "office has two histories\n",
                when);
    }
}

static void print_set_backs(const struct cli *cli, const struct audit_verify_result *r)
{
    char when[32], times[64], heads[64], count[64];
    if (r->set_backs != 0) {
        cli_time(r->set_back_ms, when);
        fprintf(cli->out,
                "set back    the office was put back from a backup %s, as its log says; the last on %s, to %llu "
                "entries; %s of devices that had seen what was lost\n",
                cli_count(r->set_backs, "time", "times", times, sizeof times), when,
                (unsigned long long)r->set_back_size,
                cli_count(r->lost_heads, "head is", "heads are", heads, sizeof heads));
    }
    if (r->stated_size != 0)
        fprintf(cli->out, "lost        the office had signed a log of %s: a laptop handed that statement in\n",
                cli_count(r->stated_size, "entry", "entries", count, sizeof count));
    if (r->false_stated != 0)
        fprintf(cli->out, "lost        %s a laptop handed in as the office's, without the office's signature\n",
                cli_count(r->false_stated, "statement that", "statements that", count, sizeof count));
}

/* The last line of an archive whose office was put back: what was lost. */
static void print_lost(const struct cli *cli, const struct audit_verify_result *r)
{
    char when[32], times[64], count[64], laptops[64] = "no laptop";
    cli_time(r->set_back_ms, when);
    if (r->losers != 0)
        cli_count(r->losers, "laptop", "laptops", laptops, sizeof laptops);
    fputs("verified, but the office was put back from a backup ", cli->out);
    if (r->set_backs > 1)
        fprintf(cli->out, "%s, the last time ", cli_count(r->set_backs, "time", "times", times, sizeof times));
    fprintf(cli->out, "on %s: what it had received after %s is lost; %s had seen more", when,
            cli_count(r->set_back_size, "entry", "entries", count, sizeof count), laptops);
    if (r->lost_size != 0)
        fprintf(cli->out, ", up to %s", cli_count(r->lost_size, "entry", "entries", count, sizeof count));
    fputc('\n', cli->out);
}

int audit_verify_print(const struct cli *cli, const struct audit_verify_result *r)
{
    int incomplete = !audit_verify_is_complete(r);
    char root[sodium_base64_ENCODED_LEN(MERKLE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    char first[32], last[32], count[64], more[64];
    sodium_bin2base64(root, sizeof root, r->checkpoint.root.b, MERKLE_BYTES, sodium_base64_VARIANT_ORIGINAL);
    if (cli->json) {
        print_json(cli, r, root);
        return incomplete || r->set_backs != 0 ? ERROR_STATUS_WAITING : 0;
    }
    cli_time(r->first_ms, first);
    cli_time(r->last_ms, last);
    fputs("office      ", cli->out);
    cli_text(cli->out, r->checkpoint.origin);
    fprintf(cli->out, "\ncheckpoint  signed by the office's key: %s, root %s\n",
            cli_count(r->checkpoint.size, "entry", "entries", count, sizeof count), root);
    fprintf(cli->out, "entries     %s, every chain unbroken, the tree's root is the checkpoint's",
            cli_count(r->entries, "entry", "entries", count, sizeof count));
    fprintf(cli->out, r->entries == 0 ? "\n" : "; received %s to %s\n", first, last);
    fprintf(cli->out, "heads       %s of %s, every entry covered", cli_count(r->heads, "head", "heads", count, 64),
            cli_count(r->devices, "device", "devices", more, 64));
    if (r->heads_unchecked == 0)
        fputs(", every signature valid\n", cli->out);
    else
        fprintf(cli->out, ", %s not checked\n",
                cli_count(r->heads_unchecked, "signature", "signatures", count, sizeof count));
    fprintf(cli->out, "bodies      %llu match their hashes, %llu erased, %llu not opened\n",
            (unsigned long long)r->bodies, (unsigned long long)r->erased, (unsigned long long)r->sealed);
    if (r->sealed == 0)
        print_rules(cli, r);
    print_witnesses(cli, r);
    print_writers(cli, r);
    print_evidence(cli, r);
    print_set_backs(cli, r);
    if (!incomplete && r->set_backs == 0) {
        fputs("verified: nothing was altered, dropped, added or moved\n", cli->out);
        return 0;
    }
    if (r->unjudged != 0)
        fprintf(cli->out,
                "verified in part: the office took %s by a program that is newer than this one, whose rules are not "
                "known here; verify with the newest satchel-audit\n",
                cli_count(r->unjudged, "change", "changes", count, sizeof count));
    if (r->sealed != 0 || r->heads_unchecked != 0)
        fputs("verified in part: what the bodies say, and who signed for the laptops, could not be checked without the "
              "passphrase; give it with --passphrase-file, --passphrase-fd or --ask\n",
              cli->out);
    if (r->set_backs != 0)
        print_lost(cli, r);
    return ERROR_STATUS_WAITING;
}
