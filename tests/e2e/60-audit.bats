#!/usr/bin/env bats
# Tests: client/audit/satchel_audit.c client/audit/audit_evidence.c client/audit/audit_own.c client/audit/audit_history.c
#     client/audit/audit_replay.c client/audit/audit_verify.c common/log/archive.c
# The auditor: an archive and a key, no daemon, no trust in anybody.
load lib

setup_file() {
    new_office 20
    start
    add_laptop anna
    add_laptop ben
    take_case anna ben
    laptop anna set "$case" risk=high
    laptop anna set "$client" legal_name="Anna's Spelling"
    laptop anna add "$client" "allergy=penicillin"
    laptop anna note "$case" "Anna's visit, with \"quotes\", a tab	and ünïcödé."
    laptop ben set "$case" risk=low --reason "Calm by now."
    laptop ben set "$client" legal_name="Ben's Spelling"
    laptop ben note "$case" "Ben's visit."
    sync anna
    sync ben
    sync anna
    resolve anna "$case" risk moderate
    sync anna
    # One held change, in the log and not in the record.
    laptop ben note "$case" "A held note."
    satcheld case release "$office" "$case" ben
    sync ben
    echo "$case" >"$home/case"
    echo "$client" >"$home/client"
    "$bin/satcheld" archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        --passphrase-file "$home/office.passphrase" >"$home/office.key" 2>/dev/null
    digest >"$home/digest"
    records "$home/log.satchel" >"$home/records"
}
teardown_file() { end_all; }

# records FILE: "type offset size" of each record of an archive, with its length and checksum (docs/LOG.md). The first
# byte of a record is the head of its array, the second its type.
records() {
    od -An -v -tu1 -w1 "$1" | awk '
        NR <= 18 { next } # the magic line
        state == 0 { size = 0; start = NR - 1; state = 1 }
        state <= 4 { size = size * 256 + $1; state++; next }
        state == 5 { left = size + 16; state = 6 }
        left == size + 15 { type = $1 }
        left > 0 { left-- }
        left == 0 { print type, start, size + 20; state = 0 }'
}
# record NUMBER: the bytes of record NUMBER (from 1) of the archive.
record() {
    local type at size
    read -r type at size < <(sed -n "$1p" "$home/records")
    tail -c +$((at + 1)) "$home/log.satchel" | head -c "$size"
}
# entry POSITION: the number of its record.
entry() { echo $(($(grep -n '^4 ' "$home/records" | head -n 1 | cut -d: -f1) + $1)); }
offset() { sed -n "$1p" "$home/records" | cut -d' ' -f2; }
# before RECORD, after RECORD: the bytes on either side of the start of a record.
before() { head -c "$(offset "$1")" "$home/log.satchel"; }
after() { tail -c +$(($(offset "$1") + 1)) "$home/log.satchel"; }
verify() { "$bin/satchel-audit" verify "$1" --key "$home/office.key" "${@:2}"; }

@test "the archive verifies, and its file is its owner's alone" {
    run satchel_audit verify "$home/log.satchel" --key "$home/office.key"
    equal "$status" 0
    equal "$(stat -c %a "$home/log.satchel")" 600
    satchel_audit verify "$home/log.satchel" --key "$(cat "$home/office.key")"
}

@test "without the passphrase it verifies in part, says so, and that is exit status 1" {
    run verify "$home/log.satchel"
    equal "$status" 1
    # And without the office being there at all.
    stop
    mv "$office" "$home/away"
    run satchel_audit verify "$home/log.satchel" --key "$home/office.key"
    mv "$home/away" "$office"
    equal "$status" 0
    start
}

@test "replay of the archive is, byte for byte, the record of the office" {
    equal "$(satchel_audit replay "$home/log.satchel" --digest)" "$(cat "$home/digest")"
    # The digest is of the dump's bytes: what is printed is what was compared.
    satchel_audit replay "$home/log.satchel" >"$home/dump"
    equal "$(b2sum -l 256 "$home/dump" | cut -d' ' -f1)" "$(cat "$home/digest")"
    has "$(cat "$home/dump")" "Ben's visit."
    has_not "$(cat "$home/dump")" "A held note."
    # Twice is the same.
    satchel_audit replay "$home/log.satchel" | cmp - "$home/dump"
}

@test "replay shows what the record was at a time, and one case alone" {
    satchel_audit replay "$home/log.satchel" --at "2020-01-01" >"$home/dump" 2>"$home/said"
    has "$(cat "$home/said")" "the record as the office had it at 2020-01-01 23:59 UTC"
    equal "$(stat -c %s "$home/dump")" 0
    satchel_audit replay "$home/log.satchel" --case "$(cat "$home/case")" >"$home/dump"
    has "$(cat "$home/dump")" "Anna's visit"
    equal "$(grep -c "^case " "$home/dump")" 1
    fails 2 "" satchel_audit replay "$home/log.satchel" --at "yesterday or so"
    fails 2 "" satchel_audit replay "$home/log.satchel" --case 0199aaaa-0000-7000-8000-000000000000
}

@test "the history of a case tells every change with author, device and what it replaced" {
    run satchel_audit history "$home/log.satchel" "$(cat "$home/case")"
    equal "$status" 0
    has "$output" "Ben's visit."
    has "$output" "A held note."
    has "$output" "moderate"
    for command in "verify --key $home/office.key" "replay --digest" "replay" "history $(cat "$home/case")"; do
        set -- $command
        satchel_audit "$1" "$home/log.satchel" "${@:2}" --json >"$home/out.json"
        equal "$1: $(sql_json "$home/out.json" "json_valid(j)")" "$1: 1"
    done
}

@test "replay and history of an unverified archive say so; with --key they verify in the same pass" {
    for command in "replay --digest" "history $(cat "$home/case")"; do
        set -- $command
        run --separate-stderr satchel_audit "$1" "$home/log.satchel" "${@:2}"
        equal "$status" 0
        has "$stderr" "not verified: this is what the archive says"
        plain=$output
        run --separate-stderr satchel_audit "$1" "$home/log.satchel" "${@:2}" --key "$home/office.key"
        equal "$status" 0
        has "$stderr" "verified in the same pass: nothing was altered"
        equal "$output" "$plain"
    done
    # An archive without a head reads well, and is not what was signed.
    heads=$(grep -n '^3 ' "$home/records" | tail -n 1 | cut -d: -f1)
    cp "$home/log.satchel" "$home/forged"
    flip "$home/forged" $(($(offset "$heads") + 30))
    fails 13 "" satchel_audit replay "$home/forged" --digest --key "$home/office.key"
}

@test "what no witness covers is said, and who wrote in the office's own chain" {
    run satchel_audit verify "$home/log.satchel" --key "$home/office.key"
    [[ "$output" =~ witnesses\ +under\ the\ signatures\ of\ 2\ laptops\ up\ to\ [0-9]+\ entries ]] || { echo "$output" && false; }
    [[ "$output" =~ by\ office\ .*in\ the\ name\ of\ Maria\ Ortiz\ \(administrator\) ]] || { echo "$output" && false; }
}

@test "a laptop's status has the checkpoint's signed note; --seen and --since hold the archive against it and against an earlier one" {
    laptop anna status --json >"$home/status.json" || [ $? -eq 1 ]
    has "$(sql_json "$home/status.json" "json_extract(j, '\$.checkpoint_note')")" "satchel/"
    # The laptop has seen more than the archive of the morning has, or as much.
    sync anna
    satcheld case list "$office" >/dev/null
    laptop anna status --json >"$home/status.json" || [ $? -eq 1 ]
    "$bin/satcheld" archive "$office" "$home/evening.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        --passphrase-file "$home/office.passphrase" >/dev/null 2>&1
    run satchel_audit verify "$home/evening.satchel" --key "$home/office.key" --seen "$home/status.json" \
        --since "$home/log.satchel"
    equal "$status" 0
    has "$output" "seen        the checkpoint, of "
    has "$output" "since       the earlier archive, of "
    sql_json "$home/status.json" "json_extract(j, '\$.checkpoint_note')" >"$home/note" # sqlite adds one newline
    head -c -1 "$home/note" >"$home/seen"
    satchel_audit verify "$home/evening.satchel" --key "$home/office.key" --seen "$home/seen"
    # The other way round the history has shrunk.
    fails 13 "shrunk" satchel_audit verify "$home/log.satchel" --key "$home/office.key" --since "$home/evening.satchel"
    fails 13 "shrunk" satchel_audit verify "$home/log.satchel" --key "$home/office.key" --seen "$home/status.json"
    fails 2 "checkpoint" satchel_audit verify "$home/log.satchel" --key "$home/office.key" --seen "$root/README.md"
}

@test "a flipped bit anywhere is found, and named" {
    cp "$home/log.satchel" "$home/forged"
    size=$(stat -c %s "$home/forged")
    for part in 1 2 3 5 8 13 21 34; do
        at=$((size * part / 35))
        flip "$home/forged" $at
        fails 13 "" verify "$home/forged"
        [[ "$stderr" =~ (entry|head)\ [0-9]+|preamble|checkpoint ]] || { echo "$stderr" && false; }
        flip "$home/forged" $at
    done
    cmp "$home/log.satchel" "$home/forged"
    # The entry that is named is the one that was touched.
    flip "$home/forged" $(($(offset "$(entry 17)") + 30))
    fails 13 "entry 17" verify "$home/forged"
    fails 13 "entry 17" satchel_audit replay "$home/forged" --digest
    fails 13 "entry 17" satchel_audit history "$home/forged" "$(cat "$home/case")"
}

@test "a dropped entry is found, and named" {
    { before "$(entry 12)" && after "$(entry 13)"; } >"$home/forged"
    fails 13 "entry 12" verify "$home/forged"
}

@test "two swapped entries are found, and named" {
    { before "$(entry 12)" && record "$(entry 13)" && record "$(entry 12)" && after "$(entry 14)"; } >"$home/forged"
    fails 13 "entry 12" verify "$home/forged"
}

@test "an added entry is found, and named" {
    { before "$(entry 13)" && record "$(entry 12)" && after "$(entry 13)"; } >"$home/forged"
    fails 13 "entry 13" verify "$home/forged"
    last=$(($(grep -c '^4 ' "$home/records") - 1))
    { cat "$home/log.satchel" && record "$(entry "$last")"; } >"$home/forged"
    fails 13 "" verify "$home/forged"
}

@test "an archive that was cut is found, wherever it was cut" {
    size=$(stat -c %s "$home/log.satchel")
    last=$(($(grep -c '^4 ' "$home/records") - 1))
    for keep in 18 19 100 $((size / 2)) $((size - 1)) "$(offset "$(entry "$last")")"; do
        head -c "$keep" "$home/log.satchel" >"$home/forged"
        fails 13 "" verify "$home/forged"
    done
    head -c 10 "$home/log.satchel" >"$home/forged"
    fails 2 "archive" verify "$home/forged"
}

@test "the heads of the laptops cannot be left out" {
    heads=$(grep -n '^3 ' "$home/records" | head -n 1 | cut -d: -f1)
    { before "$heads" && after $((heads + 1)); } >"$home/forged"
    fails 13 "" verify "$home/forged"
}

@test "entries of another office do not pass, even in a whole archive of its own" {
    satcheld init "$home/other" --name "North Street" --admin maria --admin-name "Maria Ortiz" 2>/dev/null
    "$bin/satcheld" archive "$home/other" "$home/other.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        --passphrase-file "$home/office.passphrase" >"$home/other.key" 2>/dev/null
    run "$bin/satchel-audit" verify "$home/other.satchel" --key "$home/other.key"
    equal "$status" 1
    # The wrong key of the two.
    fails 13 "" "$bin/satchel-audit" verify "$home/other.satchel" --key "$home/office.key"
    fails 13 "" "$bin/satchel-audit" verify "$home/log.satchel" --key "$home/other.key"
}

@test "a file that is no archive, no file, a key that is no key, a wrong passphrase: one sentence each" {
    fails 2 "archive" verify "$root/README.md"
    fails 2 "archive" verify "$bin/satcheld"
    fails 2 "" verify /dev/null
    fails 2 "" verify "$home"
    fails 2 "nowhere" verify "$home/nowhere"
    fails 2 "key" "$bin/satchel-audit" verify "$home/log.satchel" --key "no key at all"
    fails 2 "key" "$bin/satchel-audit" verify "$home/log.satchel" --key "$home/laptop.passphrase"
    fails 2 "key" "$bin/satchel-audit" verify "$home/log.satchel"
    fails 12 "passphrase" "$bin/satchel-audit" replay "$home/log.satchel" --passphrase-file "$home/laptop.passphrase"
    fails 12 "passphrase" verify "$home/log.satchel" --passphrase-file "$home/laptop.passphrase"
}

@test "an archive is not written over a file, nor where the disk is full" {
    before=$(sha256sum "$home/log.satchel")
    fails 2 "log.satchel" "$bin/satcheld" archive "$office" "$home/log.satchel" \
        --archive-passphrase-file "$home/archive.passphrase"
    equal "$(sha256sum "$home/log.satchel")" "$before"
    mkdir "$home/small"
    mount -t tmpfs -o size=16k tmpfs "$home/small" 2>/dev/null || skip "this user cannot mount a small disk"
    fails 2 "No space" "$bin/satcheld" archive "$office" "$home/small/log.satchel" \
        --archive-passphrase-file "$home/archive.passphrase"
    left=$(ls -A "$home/small")
    umount "$home/small"
    equal "$left" ""
}

@test "a later archive continues the earlier one" {
    sync anna
    "$bin/satcheld" archive "$office" "$home/later.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        >"$home/key" 2>/dev/null
    cmp "$home/key" "$home/office.key"
    run verify "$home/later.satchel"
    equal "$status" 1
    equal "$(satchel_audit replay "$home/later.satchel" --digest)" "$("$bin/satcheld" status "$office" --digest)"
}

@test "a healthy office cannot announce a set-back of any size, and nothing is excused by trying" {
    for size in 1 2 17; do
        fails 2 "ut the copy back again" satcheld restored "$office" --size "$size"
    done
    "$bin/satcheld" archive "$office" "$home/tried.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        >"$home/key" 2>/dev/null
    run satchel_audit verify "$home/tried.satchel" --key "$home/office.key"
    equal "$status" 0
    has "$output" "verified: nothing was altered"
}

@test "a command that wrote in a copy before anybody said so has to be undone: put the copy back again" {
    stop
    mv "$office" "$home/whole"
    cp -a "$home/whole" "$office"
    size=$(satcheld check "$office" --json | grep -o '"entries": [0-9]*' | tr -dc 0-9)
    satcheld user add "$office" zoe --name "Zoe" --role "case manager" >/dev/null
    fails 2 "ut the copy back again" satcheld restored "$office" --size "$size"
    rm -rf "$office"
    cp -a "$home/whole" "$office"
    satcheld restored "$office" --size "$size" >/dev/null 2>&1
    satcheld check "$office"
    satcheld archive "$office" "$home/back.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        >"$home/key" 2>/dev/null
    run satchel_audit verify "$home/back.satchel" --key "$home/office.key"
    equal "$status" 1
    has "$(tail -n 1 <<<"$output")" "verified, but the office was put back from a backup"
    has "$(tail -n 1 <<<"$output")" "what it had received after $size entries is lost; no laptop had seen more"
    rm -rf "$office"
    mv "$home/whole" "$office"
    start
}
