/* Tells the result of a proof, in lines or as JSON. */
#include <sodium.h>
#include <stdio.h>

#include "audit_verify.h"
#include "json.h"

static void print_json(const struct cli *cli, const struct audit_verify_result *r, const char *root)
{
    struct json j = json_start(cli->out);
    json_object(&j);
    json_flag(json_key(&j, "verified"), 1);
    json_flag(json_key(&j, "complete"), r->sealed == 0 && r->heads_unchecked == 0);
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
    json_uint(json_key(&j, "set_backs"), r->set_backs);
    json_uint(json_key(&j, "set_back_size"), r->set_back_size);
    json_uint(json_key(&j, "lost_heads"), r->lost_heads);
    json_uint(json_key(&j, "lost_size"), r->lost_size);
    json_uint(json_key(&j, "stated_size"), r->stated_size);
    json_uint(json_key(&j, "false_statements"), r->false_stated);
    json_uint(json_key(&j, "laptops_that_saw_more"), r->losers);
    json_end(&j);
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
    int incomplete = r->sealed != 0 || r->heads_unchecked != 0;
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
    print_set_backs(cli, r);
    if (!incomplete && r->set_backs == 0) {
        fputs("verified: nothing was altered, dropped, added or moved\n", cli->out);
        return 0;
    }
    if (incomplete)
        fputs("verified in part: what the bodies say, and who signed for the laptops, could not be checked without the "
              "passphrase; give it with --passphrase-file, --passphrase-fd or --ask\n",
              cli->out);
    if (r->set_backs != 0)
        print_lost(cli, r);
    return ERROR_STATUS_WAITING;
}
