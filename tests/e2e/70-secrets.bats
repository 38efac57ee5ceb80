#!/usr/bin/env bats
# Tests: client/store/agent.c common/vault/vault.c common/base/secretfile.c client/store/wipe.c
# What must never stand anywhere in clear: names, notes, passphrases, keys of tickets. After a whole working day every
# file of everybody is searched for them.
argon2id=real
load lib
export XDG_RUNTIME_DIR=$home/run # as on a desktop; the other files have their sockets in the store's folder

setup_file() {
    export TMPDIR=$home/tmp SQLITE_TMPDIR=$home/tmp
    mkdir "$home/tmp" "$home/run"
    chmod 700 "$home/run"
    new_office 20
    # What was imported came from outside, in clear; it is not ours to look at.
    imported=$(sed -n '2p' "$home/csv/Client.csv" | cut -d, -f4)
    rm -r "$home/csv"
    echo "canary-disk-passphrase of the laptops" >"$home/laptop.passphrase"
    start
    add_laptop anna
    add_laptop ben
    take_case anna ben
    laptop anna set "$client" legal_name="canary-name Lovelace" phone="canary-phone 5550100"
    laptop anna add "$client" "allergy=canary-allergy penicillin"
    laptop anna note "$case" "canary-note: the stove was left on"
    echo "canary-stdin: from standard input" | laptop anna note "$case"
    laptop anna new contact "$case" name="canary-contact Bob"
    laptop anna set "$case" risk=high --reason "canary-reason"
    laptop ben set "$case" risk=low --reason "canary-reason"
    laptop ben set "$client" legal_name="canary-rival Lovelace"
    # Errors with what was typed in them, a link that breaks, searching, showing.
    laptop anna set "$case" risk="canary-choice" 2>>"$home/words" || true
    laptop anna set "$client" birth_date="canary-date" 2>>"$home/words" || true
    laptop anna sync --break-after 500 >/dev/null 2>>"$home/words" || true
    laptop ben sync >/dev/null 2>>"$home/words" || true
    laptop anna search canary-note >/dev/null 2>>"$home/words"
    sync anna
    sync ben
    # Ben's case is taken away while he writes: a held change, and a case that was let go of.
    laptop ben note "$case" "canary-held: the last visit"
    satcheld case release "$office" "$case" ben
    sync ben
    sync ben
    # Something goes wrong at the office, too.
    head -c 3000 /dev/urandom >"/dev/tcp/127.0.0.1/$(port)" || true
    laptop thief enrol "$home/anna.ticket" --passphrase-file "$home/laptop.passphrase" 2>>"$home/words" || true
    "$bin/satcheld" archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        >"$home/office.key" 2>>"$home/words"
    # Nobody says goodbye: what a killed program leaves behind is searched as well.
    laptop anna note "$case" "canary-last: written just before the power went"
    echo "$case" >"$home/case"
    echo "$client" >"$home/client"
    echo "$imported" >"$home/imported"
}
teardown_file() { end_all; }

# Every file of the office, the laptops, the archive, the journal, the runtime and the temporary folder: all but the
# passphrases and tickets that this test itself wrote, and its notes.
everything() {
    find "$home" -type f ! -name '*.passphrase' ! -name '*.ticket' ! -name imported ! -name words ! -name 'sync.*' \
        ! -name field.json ! -name found
}

@test "the search would find what it searches for" {
    echo "canary-note" >"$home/run/probe"
    everything | xargs -d '\n' grep -laF canary >"$home/found" || true
    rm "$home/run/probe"
    equal "$(cat "$home/found")" "$home/run/probe"
    # And the record does hold it all: as the office's replay shows.
    satchel_audit replay "$home/log.satchel" >"$home/found"
    for word in name rival phone allergy note stdin contact; do has "$(cat "$home/found")" "canary-$word"; done
    satchel_audit history "$home/log.satchel" "$(cat "$home/case")" >"$home/found"
    for word in held reason; do has "$(cat "$home/found")" "canary-$word"; done
    : >"$home/found"
}

@test "no file of office, laptops, archive, journal or sockets' folder holds a name, a note, an allergy, a passphrase" {
    [ "$(everything | wc -l)" -ge 10 ]
    run grep -laF -e canary -e "$(cat "$home/imported")" -e "$(cat "$home/office.passphrase")" \
        -e "$(cat "$home/archive.passphrase")" -e "$(cat "$home/laptop.passphrase")" $(everything)
    equal "$output" ""
    # Nor in UTF-16, nor as hexadecimal, nor in base64 at any of its three places.
    run grep -laiF -e "$(printf canary- | od -An -tx1 | tr -d ' \n')" -e Y2FuYXJ5 -e NhbmFyeS -e jYW5hcnkt $(everything)
    equal "$output" ""
    run grep -laP 'c\x00a\x00n\x00a\x00r\x00y' $(everything)
    equal "$output" ""
}

@test "the secret of a ticket stands in the ticket alone" {
    [ -s "$home/anna.ticket" ]
    # msgpack [1, ticket (16 bytes), secret (32 bytes), ...]
    bytes=$(sed '1d;$d' "$home/anna.ticket" | base64 -d | od -An -v -tx1 | tr -d ' \n')
    equal "${bytes:2:6}${bytes:40:4}" "01c410c420"
    secret=${bytes:44:64}
    for file in $(everything); do
        od -An -v -tx1 "$file" | tr -d ' \n' | grep -qF "$secret" && echo "$file" && false
    done
    run grep -laF "$(sed -n 2p "$home/anna.ticket" | cut -c1-40)" $(everything)
    equal "$output" ""
}

@test "errors and the daemon's journal hold ids, never what a record says" {
    [ -s "$home/words" ] && [ -s "$office.journal" ]
    has_not "$(cat "$office.journal")" canary
    has_not "$(cat "$home/words")" canary
    has_not "$(cat "$home/words")" "Lovelace"
}

@test "nobody but their owner can read the files of laptops and office, and no temporary file is left" {
    run find "$office" "$home/anna" "$home/ben" "$home/run" -perm /077
    equal "$output" ""
    run find "$home/log.satchel" "$home/anna.ticket" -perm /077
    equal "$output" ""
    equal "$(ls -A "$home/tmp")" ""
}

@test "no secret is in the arguments or the environment of what runs" {
    for pid in "$(agent_of anna)" "$(agent_of ben)" "$(cat "$office.pid")"; do
        for file in cmdline environ; do
            has_not "$(tr '\0' '\n' <"/proc/$pid/$file")" "$(cat "$home/laptop.passphrase")"
            has_not "$(tr '\0' '\n' <"/proc/$pid/$file")" "$(cat "$home/office.passphrase")"
            has_not "$(tr '\0' '\n' <"/proc/$pid/$file")" canary
        done
    done
    # There is no option that would take one.
    for program in satchel satcheld satchel-audit; do
        run "$bin/$program" --help
        [[ ! "$output" =~ --passphrase[\ =][^f] ]]
    done
    fails 2 "" laptop anna unlock --passphrase "words words words"
}

@test "the agent and the daemon leave no core file, and hold their keys in locked memory" {
    for pid in "$(agent_of anna)" "$(agent_of ben)" "$(cat "$office.pid")"; do
        equal "$(awk '/^Max core file size/ {print $5, $6}' "/proc/$pid/limits")" "0 0"
        # A sanitizer makes mlock do nothing.
        grep -qF __asan_init "$bin/satchel" || [ "$(awk '/^VmLck/ {print $2}' "/proc/$pid/status")" -gt 0 ]
    done
}

@test "a program that is killed as by a crash leaves no core file, whatever the limits were" {
    mkdir "$home/cores"
    cd "$home/cores"
    ulimit -c unlimited
    # The office's daemon, with everything in its memory; and a laptop's command that waits for it.
    stop
    start
    kill -ABRT "$(cat "$office.pid")"
    ended=0
    wait "$(cat "$office.pid")" || ended=$?
    equal "$ended" $((128 + 6))
    start
    kill -STOP "$(cat "$office.pid")"
    laptop anna sync >/dev/null 2>&1 3>&- &
    sync=$!
    await is_connected_or_ended "$(port)" "$sync"
    pkill -ABRT -P "$sync" || kill -ABRT "$sync"
    wait "$sync" || true
    kill -CONT "$(cat "$office.pid")"
    equal "$(find "$home/cores" / -maxdepth 1 -name 'core*' -type f)" ""
}

@test "the agent has nothing open but its socket" {
    pid=$(agent_of anna)
    for fd in /proc/"$pid"/fd/*; do
        case $(readlink "$fd") in /dev/null | socket:*) ;; *) ls -l /proc/"$pid"/fd && false ;; esac
    done
    equal "$(readlink "/proc/$pid/cwd")" /
}

@test "locking ends the agent and takes its socket away; a signal does the same" {
    sockets() { find "$home/run" -name 'satchel-*.sock' -type s -perm 600 | wc -l; }
    equal "$(sockets)" 2
    pid=$(agent_of anna)
    laptop anna lock
    await has_ended "$pid"
    equal "$(sockets)" 1
    pid=$(agent_of ben)
    kill "$pid"
    await has_ended "$pid"
    equal "$(sockets)" 0
    fails 11 "unlock" laptop ben list
}

@test "after the lights went out nothing of it stands in clear, and the last note is there" {
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    kill_hard "$(agent_of anna)"
    crash
    run grep -laF canary $(everything)
    equal "$output" ""
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    has "$(laptop anna show "$(cat "$home/case")")" "canary-last"
    start
    sync anna
}

@test "a passphrase's file that others may read is refused by each of the three programs" {
    local file=$home/open.passphrase
    cp "$home/office.passphrase" "$file"
    chmod 644 "$file"
    fails 2 "others may use" "$bin/satcheld" init "$home/shown" --name X --admin x --admin-name X --passphrase-file "$file"
    fails 2 "others may use" laptop anna passphrase --passphrase-file "$file" --new-passphrase-file "$file"
    fails 2 "others may use" "$bin/satchel-audit" replay "$root/docs/vectors/archive.satchel" --passphrase-file "$file"
    chmod 600 "$file"
    "$bin/satcheld" init "$home/shown" --name X --admin x --admin-name X --passphrase-file "$file" 2>/dev/null
}
