#!/usr/bin/env bats
# Tests: client/command/courier_out.c client/store/outbox.c proto/courier.c daemon/task/task_courier.c
# Work that was not sent, and a laptop that does not open any more: it comes to the office in a file, each change once,
# and nobody on the way can read it.
load lib

setup_file() {
    new_office 60
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

# The process that holds the key of a laptop dies without a word.
kill_agent() { kill_hard "$(agent_of "$1")"; }
unlock() { laptop "$1" unlock --passphrase-file "$home/laptop.passphrase" 2>/dev/null; }
notes_like() { satcheld report "$office" "SELECT count(*) FROM note WHERE text LIKE '%$1%'" | tail -n 1 | tr -d '\r'; }
outbox_bytes() { stat -c %s "$home/$1/store.outbox"; }

@test "what is unsent waits sealed, and is let go of once the office has it" {
    take_case anna
    equal "$(outbox_bytes anna)" 82
    laptop anna note "$case" "mark-follow-1"
    laptop anna set "$case" risk=high
    equal "$(field '$.queued' laptop anna status --json)" 2
    equal "$(field '$.sealed' laptop anna status --json)" 2
    has "$(laptop anna status)" "sealed      2 of them"
    [ "$(outbox_bytes anna)" -gt 82 ]
    sync anna
    equal "$(field '$.sealed' laptop anna status --json)" 0
    equal "$(outbox_bytes anna)" 82
    run laptop anna courier out "$home/nothing.courier"
    equal "$status" 0
    has "$output" "nothing is unsent"
    [ ! -e "$home/nothing.courier" ]
}

@test "a locked laptop whose passphrase nobody knows gives its work to the office; opened again, it finds it there" {
    take_case anna
    laptop anna note "$case" "mark-locked-1"
    laptop anna note "$case" "mark-locked-2"
    kill_agent anna
    fails 11 "" laptop anna list
    equal "$(field '$.sealed' laptop anna status --json)" 2
    has "$(laptop anna status)" "sealed      2 changes"
    run --separate-stderr laptop anna courier out "$home/locked.courier"
    equal "$status" 0
    has "$output" "2 unsent changes"
    has "$stderr" "satcheld courier DIR"
    equal "$(stat -c %a "$home/locked.courier")" 600
    # Not over what is there; the outbox is not used up.
    fails 2 "is there already" laptop anna courier out "$home/locked.courier"
    equal "$(field '$.typed' laptop anna courier out "$home/again.courier" --json)" 2
    cmp "$home/locked.courier" "$home/again.courier"
    cd "$home" # a path is relative to who calls
    run --separate-stderr satcheld courier "$office" locked.courier
    equal "$status" 0
    has "$output" "2 changes were taken"
    equal "$(notes_like mark-locked)" 2
    equal "$(field '$.already' satcheld courier "$office" "$home/again.courier" --json)" 2
    equal "$(notes_like mark-locked)" 2
    unlock anna
    equal "$(field '$.queued' laptop anna status --json)" 2
    sync anna
    equal "$(field '$.queued' laptop anna status --json)" 0
    equal "$(field '$.agrees' laptop anna status --json)" 1
    equal "$(notes_like mark-locked)" 2
    equal "$(outbox_bytes anna)" 82
}

@test "store damaged, keys gone: the notes come into the record and into the auditor's replay" {
    add_laptop cleo
    take_case cleo
    for i in 1 2 3; do laptop cleo note "$case" "mark-broken-$i-end" >/dev/null 2>&1; done
    kill_agent cleo
    head -c 200000 /dev/urandom >"$home/cleo/store.db"
    rm -f "$home/cleo/store.keys" "$home/cleo"/store.db-*
    fails 13 "courier out" laptop cleo unlock --passphrase-file "$home/laptop.passphrase"
    equal "$(field '$.typed' laptop cleo courier out "$home/broken.courier" --json)" 3
    # From a folder that was saved off the laptop, too.
    mkdir "$home/saved"
    mv "$home/cleo/store.outbox" "$home/saved"
    fails 10 "no outbox" laptop cleo courier out "$home/more.courier"
    laptop cleo courier out "$home/more.courier" --from "$home/saved" 2>/dev/null
    cmp "$home/broken.courier" "$home/more.courier"
    # The office need not run, and the outbox itself is a courier file.
    stop
    equal "$(field '$.taken' satcheld courier "$office" "$home/broken.courier" --json)" 3
    equal "$(field '$.taken' satcheld courier "$office" "$home/saved/store.outbox" --json)" 0
    start
    equal "$(notes_like mark-broken)" 3
    "$bin/satcheld" archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        >"$home/office.key" 2>/dev/null
    run satchel_audit verify "$home/log.satchel" --key "$home/office.key"
    equal "$status" 0
    satchel_audit replay "$home/log.satchel" >"$home/replay"
    equal "$(grep -o 'mark-broken-[0-9]-end' "$home/replay" | sort | uniq | wc -l)" 3
    run satcheld check "$office"
    equal "$status" 0
}

@test "what a crash left out of the outbox, the next command puts in" {
    take_case ben
    laptop ben note "$case" "mark-crash-1"
    truncate -s -1 "$home/ben/store.outbox"
    # Not opened: the whole records alone, and it is said.
    kill_agent ben
    fails 13 "nothing whole in it" laptop ben courier out "$home/torn.courier"
    unlock ben
    equal "$(field '$.typed' laptop ben courier out "$home/torn.courier" --json)" 1
    rm "$home/ben/store.outbox"
    laptop ben note "$case" "mark-crash-2"
    truncate -s -1 "$home/ben/store.outbox"
    kill_agent ben
    run --separate-stderr laptop ben courier out "$home/half.courier"
    equal "$status" 1
    has "$stderr" "breaks off behind change"
    unlock ben
    laptop ben courier out "$home/crash.courier" 2>/dev/null
    satcheld courier "$office" "$home/crash.courier" >/dev/null
    equal "$(notes_like mark-crash)" 2
    sync ben
    equal "$(field '$.agrees' laptop ben status --json)" 1
}

@test "a file that was cut or changed on its way is said to be, and what is whole in it is taken" {
    take_case ben
    for i in 1 2 3; do laptop ben note "$case" "mark-cut-$i" >/dev/null 2>&1; done
    laptop ben courier out "$home/whole.courier" 2>/dev/null
    cp "$home/whole.courier" "$home/cut.courier"
    truncate -s -10 "$home/cut.courier"
    fails 2 "cut short" satcheld courier "$office" "$home/cut.courier"
    equal "$(notes_like mark-cut)" 2
    cp "$home/whole.courier" "$home/flipped.courier"
    flip "$home/flipped.courier" $(($(stat -c %s "$home/whole.courier") - 40))
    fails 13 "damaged" satcheld courier "$office" "$home/flipped.courier"
    equal "$(notes_like mark-cut)" 2
    fails 2 "not a courier file" satcheld courier "$office" "$home/log.satchel"
    equal "$(field '$.taken' satcheld courier "$office" "$home/whole.courier" --json)" 1
    equal "$(notes_like mark-cut)" 3
    sync ben
}

@test "another office refuses the file and cannot open it" {
    take_case ben
    laptop ben note "$case" "mark-other"
    laptop ben courier out "$home/other.courier" 2>/dev/null
    satcheld init "$home/second" --name Second --admin x --admin-name X 2>/dev/null
    fails 2 "sealed for another office" satcheld courier "$home/second" "$home/other.courier"
    sync ben
}

@test "what a revoked laptop brings is held, with a reason; released, it counts" {
    add_laptop dora
    take_case dora
    laptop dora note "$case" "mark-revoked"
    kill_agent dora
    satcheld device revoke "$office" dora
    laptop dora courier out "$home/revoked.courier" 2>/dev/null
    run --separate-stderr satcheld courier "$office" "$home/revoked.courier"
    equal "$status" 1
    has "$stderr" "held"
    has "$(satcheld held list "$office" || true)" "disabled"
    equal "$(notes_like mark-revoked)" 0
    run satcheld courier "$office" "$home/revoked.courier" --json
    equal "$status" 1
    has "$output" '"taken": 0, "already": 1, "held": 1'
    satcheld held list "$office" >"$home/held" || true
    equal "$(grep -c dora "$home/held")" 1
    satcheld held release "$office" "$(grep dora "$home/held" | cut -d' ' -f1)" >/dev/null
    equal "$(notes_like mark-revoked)" 1
}

@test "neither the outbox nor a courier file holds what was typed, or any key" {
    take_case ben
    laptop ben note "$case" "canary-note canary-note canary-note"
    laptop ben set "$client" legal_name="canary-name Lovelace"
    laptop ben courier out "$home/secret.courier" 2>/dev/null
    equal "$(stat -c %a "$home/ben/store.outbox")" 600
    run grep -laiF -e canary -e lovelace -e "$(cat "$home/laptop.passphrase")" \
        -e "$(printf canary- | od -An -tx1 | tr -d ' \n')" -e Y2FuYXJ5 "$home/secret.courier" "$home/ben/store.outbox"
    equal "$output" ""
    # It does not shrink: what is in it is not to be told from noise.
    [ "$(tail -c +83 "$home/secret.courier" | gzip -9 | wc -c)" -gt "$(($(stat -c %s "$home/secret.courier") - 250))" ]
    sync ben
}

@test "the disk is full: the change is kept, its copy is said to be missing, and comes later" {
    take_case ben
    mkdir "$home/ben/store.outbox.was"
    mv "$home/ben/store.outbox" "$home/ben/store.outbox.was/file"
    mkdir "$home/ben/store.outbox" # stands for a disk that takes no more
    run --separate-stderr laptop ben note "$case" "mark-full"
    equal "$status" 0
    has "$stderr" "is saved, but not its sealed copy"
    equal "$(field '$.queued' laptop ben status --json)" 1
    equal "$(field '$.sealed' laptop ben status --json)" 0
    rmdir "$home/ben/store.outbox"
    equal "$(field '$.sealed' laptop ben status --json)" 1
    sync ben
    equal "$(notes_like mark-full)" 1
}
