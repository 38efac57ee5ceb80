#!/usr/bin/env bats
# Tests: client/command/satchel.c client/command/sync.c client/command/sync_told.c client/sync/apply.c client/sync/queue.c daemon/server/peer.c
#     daemon/intake/receive.c daemon/deal/deal.c
# One laptop and the office: visits without a network, coming home, and what the office gives and takes meanwhile.
load lib

release_all() {
    local hold
    for hold in $(satcheld held list "$office" --json | sed -n 's/.*"hold": "\([^"]*\)".*/\1/p'); do
        satcheld held release "$office" "$hold"
    done
}

setup_file() {
    new_office 60
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

queued() { field '$.queued' laptop "$1" status --json; }
agrees() { field '$.agrees' laptop "$1" status --json; }
# The ids of the cases that a laptop shows.
caseload() { rows "json_extract(value, '$.id')" 1 laptop "$1" list --json; }

@test "a home visit is written without a network, shown at once, queued, and at the office after the next sync" {
    take_case anna
    stop
    laptop anna set "$case" risk=moderate next_visit="2027-01-04 10:00"
    laptop anna note "$case" "Door answered late; the stove was left on." --type "home visit"
    echo "A second note, from standard input." | laptop anna note "$case"
    laptop anna new contact "$case" name="Uncle Bob" phone="+1 555 0144" emergency=yes
    laptop anna add "$client" "allergy=latex (moderate: rash)"
    equal "$(queued anna)" 5
    run laptop anna show "$case"
    has "$output" "stove was left on"
    has "$output" "latex"
    has "$output" "Uncle Bob"
    fails 2 "5 queued" laptop anna sync
    equal "$(queued anna)" 5
    start
    run laptop anna sync
    equal "$status" 0
    has "$output" "5 changes, all received by the office"
    has "$output" "verified"
    equal "$(queued anna)" 0
    equal "$(agrees anna)" 1
    equal "$(rows "json_extract(value, '$.risk')" "json_extract(value, '$.case') = '$case'" satcheld case list "$office" --json)" moderate
}

@test "a person who is new is taken down in the field, and the office has client, case and note" {
    take_case anna
    clients=$(field '$.clients' satcheld status "$office" --json)
    who=$(laptop anna new client legal_name="Rosalind Newcombe" birth_date=1961-07-25)
    new=$(laptop anna new case client="$who" title="Winter shelter" status=open)
    laptop anna note "$new" "Met at the bridge."
    sync anna
    equal "$(queued anna)" 0
    equal "$(agrees anna)" 1
    equal "$(field '$.clients' satcheld status "$office" --json)" $((clients + 1))
    # Nobody has given the case to anybody yet; it stays with its author.
    has "$(caseload anna)" "$new"
    satcheld case assign "$office" "$new" ben
    sync ben
    run laptop ben show "$new"
    has "$output" "Met at the bridge."
}

@test "what a laptop wrote can be found, and read in its log with its state" {
    take_case anna
    note=$(laptop anna note "$case" "A bandoneon stands in the corner.")
    has "$(laptop anna search bandoneon)" "bandoneon"
    equal "$(rows "json_extract(value, '$.kind')" 1 laptop anna search "bandoneon corner" --json)" note
    equal "$(rows "json_extract(value, '$.state')" 1 laptop anna log "$note" --json)" queued
    sync anna
    equal "$(rows "json_extract(value, '$.state')" 1 laptop anna log "$note" --json)" accepted
}

@test "a note is amended, never edited: both stay" {
    take_case anna
    note=$(laptop anna note "$case" "He has two cats.")
    laptop anna set "$note" text="He has three cats."
    sync anna
    run laptop anna show "$case"
    has "$output" "He has two cats."
    has "$output" "He has three cats."
}

@test "a void is said with a reason, hides the record, and the log keeps both" {
    take_case anna ben
    note=$(laptop anna note "$case" "Written into the wrong case.")
    fails 2 "--reason" laptop anna void "$note"
    laptop anna void "$note" --reason "wrong case"
    sync anna ben
    has_not "$(laptop ben list note --case "$case")" "wrong case"
    has_not "$(laptop ben list note --case "$case")" "Written into"
    has "$(laptop ben log "$note")" "wrong case"
    has "$(laptop ben log "$note")" "Written into the wrong case."
    fails 2 "voided" laptop ben set "$note" text="on top"
}

@test "a case that is assigned later arrives whole with the next sync, and only that" {
    take_case anna
    laptop anna note "$case" "Written before Ben came."
    laptop anna set "$case" risk=low
    laptop anna set "$case" risk=high
    sync anna ben
    before=$(caseload ben)
    satcheld case assign "$office" "$case" ben
    equal "$(field '$.arrived' laptop ben sync --json)" 2
    equal "$(comm -13 <(echo "$before" | sort) <(caseload ben | sort))" "$case"
    has "$(laptop ben show "$case")" "Written before Ben came."
    equal "$(field '$.fields.risk' laptop ben show "$case" --json)" high
    # It comes compact: of the two risks only the one that lives.
    equal "$(rows "count(*)" "json_extract(value, '$.author') = 'Worker Anna' AND json_extract(value, '$.kind') = 'case'" laptop ben log "$case" --json)" 1
    equal "$(agrees ben)" 1
}

@test "a released case leaves the laptop with the next sync, and stays at the office" {
    take_case ben
    has "$(caseload ben)" "$case"
    satcheld case release "$office" "$case" ben
    run laptop ben sync
    equal "$status" 0
    has "$output" "left this laptop"
    has_not "$(caseload ben)" "$case"
    fails 2 "" laptop ben show "$case"
    has "$(satcheld case list "$office" --json)" "$case"
    # And comes back.
    satcheld case assign "$office" "$case" ben
    sync ben
    has "$(caseload ben)" "$case"
    equal "$(agrees ben)" 1
}

@test "a change in a case that was taken away meanwhile is held, with a reason that its author and the office see; released, it counts" {
    take_case anna ben
    laptop ben note "$case" "Ben was there before he heard of it."
    laptop ben set "$case" risk=critical
    satcheld case release "$office" "$case" ben
    run laptop ben sync
    equal "$status" 1
    # 1. Its author sees it.
    run laptop ben status
    equal "$status" 1
    has "$output" "held back   2"
    reason=$(field '$.held[0].reason' laptop ben status --json)
    has "$reason" "caseload"
    # 2. The office sees it, and it does not count yet.
    run --separate-stderr satcheld held list "$office"
    equal "$status" 1
    equal "${#lines[@]}" 2
    has "$output" "$reason"
    has "$output" "ben"
    sync anna
    has_not "$(laptop anna show "$case")" "before he heard of it"
    # Its author can read it, though the case has left his laptop.
    run laptop ben held
    has "$output" "before he heard of it"
    has "$output" "$reason"
    # 3. A person releases it.
    release_all
    run satcheld held list "$office"
    equal "$status" 0
    sync anna ben
    has "$(laptop anna show "$case")" "before he heard of it"
    equal "$(field '$.fields.risk' laptop anna show "$case" --json)" critical
    equal "$(agrees anna)" 1
    equal "$(agrees ben)" 1
    # 4. Who gets the case back sees that it was applied.
    satcheld case assign "$office" "$case" ben
    sync ben
    has "$(laptop ben show "$case")" "before he heard of it"
    equal "$(field '$.held' laptop ben status --json)" "[]"
    equal "$(agrees ben)" 1
    fails 2 "no held change" satcheld held release "$office" 0199aaaa-0000-7000-8000-000000000000
}

# silent_sync: a sync of anna's, whose office has taken the connection and says nothing.
silent_sync() {
    kill -STOP "$(cat "$office.pid")"
    laptop anna sync >"$home/silent" 2>&1 &
    sync=$!
    await is_connected "$(port)"
}

@test "a note saves while a sync waits on a silent link, and does not wait for it" {
    local waits=yes
    take_case anna
    silent_sync
    laptop anna note "$case" --type telephone <<<"Written while nobody answered." || { kill -CONT "$(cat "$office.pid")"; return 1; }
    ! has_ended "$sync" || waits=no
    kill -CONT "$(cat "$office.pid")"
    wait
    equal "$waits" yes
    sync anna
    equal "$(queued anna)" 0
    has "$(laptop anna show "$case")" "Written while nobody answered."
}

@test "a case is not let go of while a change in it is unsent" {
    take_case ben
    satcheld case release "$office" "$case" ben
    laptop ben note "$case" "Not sent yet."
    stop
    fails 2 "queued" laptop ben sync
    has "$(laptop ben show "$case")" "Not sent yet."
    start
    # The change goes out first, is held, and then nothing is unsent.
    run laptop ben sync
    equal "$status" 1
    equal "$(queued ben)" 0
    has "$(laptop ben status)" "not in the caseload"
    # Persons and cases by name: no id, and no number of the program's own.
    for id in $(field '$.user' laptop ben status --json) $(field '$.device' laptop ben status --json); do
        has_not "$(laptop ben status)" "$id"
    done
    has "$(laptop ben status)" "user        Worker Ben"
    has_not "$(laptop ben log)" "position"
    has "$(satcheld held list "$office")" "not in the caseload"
    release_all
    sync ben
}

@test "what a disabled person's laptop brings is held, not lost" {
    add_laptop gerd
    take_case anna gerd
    laptop gerd note "$case" "The last visit before leaving the job."
    satcheld user disable "$office" gerd
    fails 2 "disabled" laptop gerd sync
    has "$(satcheld held list "$office")" "gerd"
    release_all
    sync anna
    has "$(laptop anna show "$case")" "The last visit before leaving the job."
}

@test "a wrong clock is said to its owner at once, and decides nothing" {
    take_case anna ben
    # Ben's clock is ten days ahead; he writes first, Anna later.
    later 864000 laptop ben set "$client" address="1 Early Street"
    later 864000 laptop ben sync >"$home/out" 2>&1 || [ $? -eq 1 ]
    has "$(cat "$home/out")" "clock is wrong"
    has "$(cat "$home/out")" "10 days ahead; set it right before you write: what is written until then is marked"
    sync anna
    equal "$(field '$.fields.address' laptop anna show "$client" --json)" "1 Early Street"
    laptop anna set "$client" address="2 Later Road"
    sync anna ben
    for who in anna ben; do
        equal "$(field '$.fields.address' laptop "$who" show "$client" --json)" "2 Later Road"
        equal "$(agrees "$who")" 1
    done
}

@test "commands that read and that write work while a sync waits for the office" {
    take_case anna
    laptop anna note "$case" "Written before the sync that hangs."
    silent_sync
    has "$(laptop anna show "$case")" "Written before the sync that hangs."
    laptop anna list >/dev/null
    laptop anna note "$case" "Written while it hangs."
    kill -CONT "$(cat "$office.pid")"
    wait
    laptop anna note "$case" "Written after it."
    sync anna
    equal "$(queued anna)" 0
    has "$(laptop anna show "$case")" "Written while it hangs."
    equal "$(agrees anna)" 1
}

@test "every reading command of a laptop gives JSON that parses" {
    take_case anna
    laptop anna note "$case" $'Quotes " and \\ and tabs\t, and a line\nbreak, ünïcödé 家 \x1b[31m.'
    for command in list "list client" "list note" "list user" "list provider" "list service" "show $case" "show $client" \
        conflicts status log "log $case" "search quotes" sync; do
        laptop anna $command --json >"$home/out.json" 2>/dev/null || [ $? -eq 1 ]
        equal "$command: $(sql_json "$home/out.json" "json_valid(j)")" "$command: 1"
    done
    for command in "show nothing" "list nothing" "set $case nothing=1"; do
        run --separate-stderr laptop anna $command --json
        equal "$status" 2
        printf '%s' "$output" >"$home/out.json"
        equal "$command: $(sql_json "$home/out.json" "json_type(j, '$.sentence')")" "$command: text"
    done
    # What a record says cannot drive the terminal that shows it.
    has_not "$(laptop anna show "$case")" $'\x1b'
}

@test "the office forgets nothing when it is restarted, and its record is a replay of its log" {
    before=$(digest)
    stop
    start
    equal "$(digest)" "$before"
    run satcheld check "$office"
    equal "$status" 0
}
