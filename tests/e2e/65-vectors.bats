#!/usr/bin/env bats
# Tests: common/text/text.c common/text/text_script.c common/text/text_diff.c common/record/record_contest.c
#     common/record/record_dump.c common/record/record_digest.c common/log/archive.c client/audit/audit_replay.c
# The published vectors: the programs give exactly these, and so does a second implementation of the merge of texts that was
# written from docs/TEXT.md alone. If a format really changes, `docs/vectors/make` makes them anew (with the word `archive`, a
# new archive too).
argon2id=real
load lib

vectors=$root/docs/vectors
setup_file() { install -m 600 "$vectors/passphrase" "$home/archive.passphrase"; }
# same FILE NAME: what the programs give now is the vector.
same() {
    cmp "$1" "$vectors/$2" || { diff "$1" "$vectors/$2" | head -n 5; echo "if this is meant: docs/vectors/make"; return 1; }
}

@test "the vectors of texts: the program gives exactly these 200" {
    "$bin/tests/text_vectors" 200 1 >"$home/texts.json"
    same "$home/texts.json" texts.json
}

@test "the merge of texts is determined by docs/TEXT.md: a second implementation gives the same for all 200, and for 1,000 others" {
    [ -n "$(type -P python3)" ] || skip "there is no python3"
    run env -u LD_PRELOAD python3 "$root/tests/second/text_merge.py" "$vectors/texts.json"
    equal "$output" "200 of 200 texts agree"
    seed=$RANDOM
    "$bin/tests/text_vectors" 1000 "$seed" >"$home/others.json"
    run env -u LD_PRELOAD python3 "$root/tests/second/text_merge.py" "$home/others.json"
    equal "seed $seed: $output" "seed $seed: 1000 of 1000 texts agree"
    # It can fail: a word that is not what the program says.
    sed 's/She lives/She loves/' "$vectors/texts.json" >"$home/wrong.json"
    run env -u LD_PRELOAD python3 "$root/tests/second/text_merge.py" "$home/wrong.json"
    equal "$status" 1
}

@test "key files are determined by docs/VAULT.md: a second opener, with another Argon2id, gets the same from the vector" {
    [ -n "$(type -P python3)" ] || skip "there is no python3"
    run env -u LD_PRELOAD python3 "$root/tests/second/keyfile.py" "$vectors/store.keys" "$vectors/store.txt"
    [ "$status" -ne 77 ] || skip "there is no libargon2"
    equal "$output" "5 of 5 agree"
    # It can fail: another passphrase opens nothing.
    sed 's/^passphrase ./passphrase P/' "$vectors/store.txt" >"$home/wrong.txt"
    run env -u LD_PRELOAD python3 "$root/tests/second/keyfile.py" "$vectors/store.keys" "$home/wrong.txt"
    equal "$status" 1
}

@test "the vector of an archive: it verifies, and gives exactly this dump and these digests" {
    satchel_audit verify "$vectors/archive.satchel" --key "$vectors/office.key" --json >"$home/verify.json"
    satchel_audit replay "$vectors/archive.satchel" >"$home/dump.txt"
    satchel_audit replay "$vectors/archive.satchel" --digest --json >"$home/digest.json"
    {
        echo "entries $(sql_json "$home/verify.json" "json_extract(j, '\$.entries')")"
        echo "root $(sql_json "$home/verify.json" "json_extract(j, '\$.root')")"
        echo "dump $(sql_json "$home/digest.json" "json_extract(j, '\$.digest')")"
        echo "ops $(sql_json "$home/digest.json" "json_extract(j, '\$.ops')")"
    } >"$home/digests.txt"
    same "$home/dump.txt" dump.txt
    same "$home/digests.txt" digests.txt
}

@test "the vector of an archive has what a second reader stumbles over" {
    has "$(cat "$vectors/dump.txt")" '[another version, to be brought together]'
    has "$(cat "$vectors/dump.txt")" '[versions of this place, to be brought together:]'
    has "$(cat "$vectors/dump.txt")" ' void "voided" '
    has "$(cat "$vectors/dump.txt")" 'veteran "no"'
    has "$(cat "$vectors/dump.txt")" 'veteran=0'
    has "$(cat "$vectors/dump.txt")" 'amount=1250'
    has "$(cat "$vectors/dump.txt")" 'next_visit="2026-12-01T14:30:00Z"'
    grep -q '^hold .* status="released"' "$vectors/dump.txt"
    has_not "$(cat "$vectors/dump.txt")" "A held note."
    has "$(cat "$vectors/dump.txt")" "Held, and let in."
}
