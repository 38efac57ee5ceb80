#!/usr/bin/env bats
# Tests: client/command/satchel.c client/command/enrol.c client/command/unlock.c client/command/status.c
#     client/command/with_store.c client/store/skew.c client/show/wrong_clock.c client/store/store.c client/store/agent.c daemon/intake/admit.c
# Tickets, enrolling, unlocking, locking: what a case manager does on the first day, and what goes wrong on it.
load lib

setup_file() {
    new_office 20
    start
    for who in anna ben; do
        satcheld user add "$office" $who --name "Worker ${who^}" --role "case manager" >/dev/null
    done
    enrol anna anna
}
teardown_file() { end_all; }

invite() { satcheld device invite "$office" ben --address "127.0.0.1:$(port)" --out "$home/$1.ticket" "${@:2}"; }
enrol_with() { laptop "$1" enrol "$2" --passphrase-file "$home/laptop.passphrase"; }

@test "a ticket is a file for its owner alone, and is not written over another file" {
    invite mode
    equal "$(stat -c %a "$home/mode.ticket")" 600
    fails 2 "mode.ticket" invite mode
    fails 2 "hours" invite long --hours 25
    fails 2 "hours" invite none --hours 0
    fails 2 "hours" invite words --hours two
    [ ! -e "$home/long.ticket" ] && [ ! -e "$home/none.ticket" ] && [ ! -e "$home/words.ticket" ]
}

@test "an enrolled laptop is listed at the office with its person, and its files are its owner's alone" {
    equal "$(rows "json_extract(value, '$.label')" "json_extract(value, '$.login') = 'anna'" satcheld device list "$office" --json)" anna
    equal "$(stat -c %a "$home/anna")" 700
    equal "$(stat -c %a "$home/anna/store.db" "$home/anna/store.keys" "$home/anna/agent.sock" | sort -u)" 600
}

@test "a ticket enrols one laptop: the second one is refused with a reason, and has no store" {
    fails 2 "used" enrol_with thief "$home/anna.ticket"
    [ ! -e "$home/thief/store.db" ]
    fails 10 "enrol" laptop thief status
    equal "$(rows "count(*)" "json_extract(value, '$.login') = 'anna'" satcheld device list "$office" --json)" 1
}

@test "a laptop that is enrolled already is not enrolled over, whatever the ticket" {
    invite again
    before=$(sha256sum "$home/anna/store.db" "$home/anna/store.keys")
    fails 2 "enrolled already" enrol_with anna "$home/again.ticket"
    equal "$(sha256sum "$home/anna/store.db" "$home/anna/store.keys")" "$before"
}

@test "a file that is no ticket, a truncated one, a damaged one, one that is not there: one sentence each, no store" {
    invite good
    fails 2 "ticket" enrol_with no "$root/README.md"
    fails 2 "ticket" enrol_with no /dev/null
    fails 2 "ticket" enrol_with no "$home/nowhere.ticket"
    fails 2 "ticket" enrol_with no "$home"
    head -c 1000000 /dev/zero >"$home/zeros.ticket"
    fails 2 "ticket" enrol_with no "$home/zeros.ticket"
    size=$(stat -c %s "$home/good.ticket")
    for part in 1 30 200 $((size / 2)) $((size - 40)); do
        head -c "$part" "$home/good.ticket" >"$home/cut.ticket"
        fails 2 "ticket" enrol_with no "$home/cut.ticket"
    done
    sed '2s/^\(.\{60\}\)./\1!/' "$home/good.ticket" >"$home/bad.ticket"
    fails 2 "ticket" enrol_with no "$home/bad.ticket"
    sed '2s/^\(.\{60\}\)\(.\)\(.\)/\1\3\2/' "$home/good.ticket" >"$home/bad.ticket"
    cmp -s "$home/bad.ticket" "$home/good.ticket" || fails 2 "ticket" enrol_with no "$home/bad.ticket"
    [ ! -e "$home/no/store.db" ]
    # The whole one still enrols.
    enrol_with yes "$home/good.ticket"
}

@test "a ticket that has expired is refused with a reason" {
    invite expired --hours 1
    ensure_stopped
    # The office's clock goes two hours ahead.
    later 7200 start
    fails 2 "expired" enrol_with late "$home/expired.ticket"
    [ ! -e "$home/late/store.db" ]
    stop
    start
    enrol_with late "$home/expired.ticket"
}

@test "a clock that is years off at enrolment is said at once, and what was written under it is marked wherever it is shown" {
    take_case anna
    satcheld user add "$office" ines --name "Ines Roth" --role "case manager"
    satcheld case assign "$office" "$case" ines
    satcheld device invite "$office" ines --address "127.0.0.1:$(port)" --out "$home/ines.ticket"
    later -190000000 enrol_with ines "$home/ines.ticket" >"$home/out" 2>&1
    has "$(cat "$home/out")" "6 years behind; set it right before you write"
    later -190000000 laptop ines unlock --passphrase-file "$home/laptop.passphrase"
    later -190000000 laptop ines sync >"$home/out" 2>&1
    has "$(cat "$home/out")" "6 years behind; set it right before you write: what is written until then is marked"
    later -190000000 laptop ines note "$case" "Written six years ago, says the clock."
    later -190000000 laptop ines set "$case" risk=critical
    # Before the office has it, and afterwards, in words and as a flag.
    for round in waiting received; do
        has "$(later -190000000 laptop ines show "$case")" "written by a clock that was at least 6 years behind"
        has "$(later -190000000 laptop ines list note)" "[wrong clock]"
        has "$(later -190000000 laptop ines log)" "[wrong clock: at least 6 years behind]"
        has "$(later -190000000 laptop ines log --json)" '"wrong_clock": true'
        has "$(later -190000000 laptop ines list note --json)" '"wrong_clock": true'
        later -190000000 sync ines
    done
    laptop anna set "$case" risk=high
    laptop anna sync >"$home/out" 2>&1 || [ $? -eq 1 ]
    has "$(cat "$home/out")" "[wrong clock: at least 6 years behind]"
    has "$(laptop anna conflicts)" "[wrong clock: at least 6 years behind]"
    has "$(satcheld conflicts "$office")" "[wrong clock: at least 6 years behind]"
    has "$(laptop anna list note)" "[wrong clock]"
    has "$(laptop anna show "$case")" "written by a clock that was at least 6 years behind"
    # The clock is set right: what is written then is not marked.
    sync ines
    laptop ines set "$case" title="After the clock was set right"
    sync ines
    has "$(laptop ines log | grep -B 1 "After the clock was set right")" "case "
    has_not "$(laptop ines log | grep -B 1 "After the clock was set right")" "wrong clock"
}

@test "an enrolment without an office in reach is one sentence, and goes on with the same ticket later" {
    invite patient
    stop
    fails 2 "" enrol_with patient "$home/patient.ticket"
    fails 10 "enrol" laptop patient list
    start
    enrol_with patient "$home/patient.ticket"
    laptop patient unlock --passphrase-file "$home/laptop.passphrase"
    sync patient
}

@test "an enrolment that broke off goes on with the passphrase it was begun with, and no other" {
    invite begun
    stop
    run enrol_with begun "$home/begun.ticket"
    start
    secret other "quite another passphrase than the first"
    fails 12 "passphrase" laptop begun enrol "$home/begun.ticket" --passphrase-file "$home/other"
    enrol_with begun "$home/begun.ticket"
}

@test "a ticket of one office does not open another one on the same port" {
    invite elsewhere
    stop
    satcheld init "$home/second" --name Second --admin x --admin-name X 2>/dev/null
    cp "$office.port" "$home/second.port"
    start "$home/second"
    fails 2 "ticket" enrol_with elsewhere "$home/elsewhere.ticket"
    fails 2 "" laptop anna sync
    stop "$home/second"
    start
    sync anna
    enrol_with elsewhere "$home/elsewhere.ticket"
}

@test "a disabled person gets no ticket, and a ticket made before does not enrol" {
    satcheld user add "$office" emil --name Emil --role "case manager" >/dev/null
    satcheld device invite "$office" emil --address "127.0.0.1:$(port)" --out "$home/emil.ticket"
    satcheld user disable "$office" emil
    fails 2 "disabled" enrol_with emil "$home/emil.ticket"
    fails 2 "disabled" satcheld device invite "$office" emil --address "127.0.0.1:$(port)" --out "$home/emil2.ticket"
}

@test "no store is exit status 10, for every command that needs one" {
    for command in unlock lock passphrase list "show x" "set x y=z" "note x y" conflicts sync status log "search x"; do
        fails 10 "satchel enrol" laptop nobody $command
    done
    [ ! -e "$home/nobody" ]
}

@test "a locked store is exit status 11 for every command that reads or writes, and status says that it is locked" {
    laptop anna lock
    for command in list "show x" "set x y=z" "note x y" conflicts sync log "search x"; do
        fails 11 "satchel unlock" laptop anna $command
    done
    run laptop anna status
    equal "$status" 0
    has "$output" "locked"
    equal "$(field '$.locked' laptop anna status --json)" 1
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
}

@test "a wrong passphrase is exit status 12, and the store stays locked" {
    laptop anna lock
    secret wrong "this is not what opens the laptop"
    fails 12 "passphrase" laptop anna unlock --passphrase-file "$home/wrong"
    fails 11 "unlock" laptop anna list
    fails 12 "passphrase" laptop anna passphrase --passphrase-file "$home/wrong" --new-passphrase-file "$home/wrong"
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    laptop anna list
}

@test "a changed passphrase opens the store, and the old one does not" {
    secret new "a new row of words for this laptop"
    laptop anna passphrase --passphrase-file "$home/laptop.passphrase" --new-passphrase-file "$home/new"
    laptop anna lock
    fails 12 "passphrase" laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    laptop anna unlock --passphrase-file "$home/new"
    laptop anna passphrase --passphrase-file "$home/new" --new-passphrase-file "$home/laptop.passphrase"
}

# The agent sees by itself that it has to end: nobody asks it.
agent_ends() {
    await is_gone "$home/anna/agent.sock"
    fails 11 "unlock" laptop anna list
}

@test "a store locks itself when nobody has asked for it for a while" {
    laptop anna lock
    later 0 laptop anna unlock --idle 2 --passphrase-file "$home/laptop.passphrase"
    laptop anna list
    echo 119 awake >"$home/later"
    laptop anna list
    echo 300 awake >"$home/later"
    agent_ends
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
}

@test "a store is locked when the laptop wakes up, however short it slept; and whoever suspends it can lock it before" {
    laptop anna lock
    later 0 laptop anna unlock --idle 60 --passphrase-file "$home/laptop.passphrase"
    laptop anna list
    echo 5 >"$home/later"
    fails 11 "unlock" laptop anna list
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    # By its name, as packaging/systemd/satchel-lock.service does.
    for p in /proc/[0-9]*; do
        [ "$(cat "$p/comm" 2>/dev/null)" != satchel-agent ] ||
            ! tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -qxF "SATCHEL_HOME=$home/anna" || kill -TERM "${p#/proc/}"
    done
    agent_ends
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
}

@test "a passphrase that is too short is refused, and the old one goes on" {
    secret short "ab"
    fails 2 "" laptop anna passphrase --passphrase-file "$home/laptop.passphrase" --new-passphrase-file "$home/short"
    laptop anna lock
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
}

@test "a laptop that was revoked is told so, and gets nothing any more" {
    invite lost
    enrol_with lost "$home/lost.ticket"
    laptop lost unlock --passphrase-file "$home/laptop.passphrase"
    sync lost
    device=$(field '$.device' laptop lost status --json)
    satcheld device revoke "$office" "$device"
    fails 2 "disabled" laptop lost sync
    fails 2 "" satcheld device revoke "$office" 0199aaaa-0000-7000-8000-000000000000
}

@test "what an auditor's laptop writes is held, and a disabled person can be let in again" {
    satcheld user add "$office" ivo --name "Ivo" --role auditor >/dev/null
    ensure_running
    enrol ivo ivo
    sync ivo
    laptop ivo new client legal_name="Somebody"
    sync ivo
    has "$(satcheld held list "$office")" "an auditor reads"
    satcheld user disable "$office" ivo
    satcheld user enable "$office" ivo
    sync ivo
    laptop ivo lock
}

@test "the last administrator cannot be disabled: nobody could mend anything again" {
    fails 2 "last active administrator" satcheld user disable "$office" maria
}
