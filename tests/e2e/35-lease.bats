#!/usr/bin/env bats
# Tests: client/store/renewal.c daemon/central/lease.c client/store/wipe.c client/command/key.c
#     client/command/recover.c daemon/task/task_store.c
# What becomes of a laptop whose lease is over, whose passphrase is forgotten, that is lost, or that gets another owner:
# nobody opens it who should not, and nothing that was typed is lost.
load lib

setup_file() {
    new_office 20
    secret officer.passphrase "an officer keeps this row of words apart"
    secret wrong.passphrase "these words open nothing at all here"
    start
}
teardown_file() { end_all; }

DAY=86400
note() { laptop "$1" note "$case" "$2" >/dev/null 2>&1; }
# held_or_shown WORDS: the office has the note, in the record or held back, with the auditor as the witness.
at_office() {
    rm -f "$home/log.satchel"
    satcheld archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" >/dev/null 2>&1
    satchel_audit history "$home/log.satchel" "$case" >"$home/history"
    has "$(cat "$home/history")" "$1"
}
events() { satcheld event list "$office" --json; }

@test "an enrolled laptop has a lease, its passphrase stands under it, and status says when it ends" {
    ensure_running
    add_laptop anna
    now=$(date +%s)
    until=$(($(field '$.lease_until_ms' laptop anna status --json) / 1000))
    [ "$until" -gt $((now + 29 * DAY)) ] && [ "$until" -le $((now + 30 * DAY + 60)) ]
    has "$(laptop anna status)" "lease"
    has "$(laptop anna key list)" "while the lease lasts"
    equal "$(field '$[0].leased' laptop anna key list --json)" 1
}

@test "a lease that ends within a week is warned of, and a sync renews it" {
    ensure_running
    add_laptop bea
    before=$(field '$.lease_until_ms' laptop bea status --json)
    laptop bea lock
    run later $((25 * DAY)) laptop bea unlock --passphrase-file "$home/laptop.passphrase"
    equal "$status" 0
    has "$output" "lease ends"
    has "$output" "satchel sync"
    sync bea
    [ "$(field '$.lease_until_ms' laptop bea status --json)" -gt "$before" ]
    laptop bea lock
    run laptop bea unlock --passphrase-file "$home/laptop.passphrase"
    has_not "$output" "lease ends"
}

@test "when the lease is over the right passphrase opens nothing, even with the clock turned back; what is unsent comes out sealed" {
    ensure_running
    add_laptop cai
    take_case cai
    note cai "written before the lease was over"
    laptop cai lock
    ensure_stopped
    fails 11 "lease" later $((31 * DAY)) laptop cai unlock --passphrase-file "$home/laptop.passphrase"
    fails 11 "lease" laptop cai unlock --passphrase-file "$home/laptop.passphrase"
    fails 12 "passphrase" laptop cai unlock --passphrase-file "$home/wrong.passphrase"
    fails 11 "" laptop cai list
    laptop cai courier out "$home/cai.courier"
    satcheld courier "$office" "$home/cai.courier"
    at_office "written before the lease was over"
}

@test "a lease that is over is renewed by meeting the office, and the laptop goes on where it stood" {
    ensure_running
    add_laptop dan
    take_case dan
    note dan "written offline for a month"
    laptop dan lock
    ensure_stopped
    fails 11 "lease" later $((31 * DAY)) laptop dan unlock --passphrase-file "$home/laptop.passphrase"
    start
    laptop dan unlock --passphrase-file "$home/laptop.passphrase"
    has "$(laptop dan show "$case")" "written offline for a month"
    sync dan
    at_office "written offline for a month"
}

# without_device FILE: a key file without its device slot. alter_device FILE: one bit of the lease's end in it.
device_at() { grep -abo SLOT "$1" | cut -d: -f1 | while read -r at; do
    [ "$(od -An -tu1 -j $((at + 6)) -N 1 "$1" | tr -d ' ')" != 3 ] || echo "$at"
done; }
without_device() {
    local at
    at=$(device_at "$1")
    { head -c "$at" "$1"; tail -c +$((at + 144 + 1)) "$1"; } >"$1.without"
    mv "$1.without" "$1"
}
alter_device() { flip "$1" $(($(device_at "$1") + 96 + 5)); }

@test "a lease that somebody took away or altered locks, gives no passphrase a way round it, and the office mends it" {
    ensure_running
    add_laptop ned
    take_case ned
    note ned "typed before somebody meddled"
    for meddle in without_device alter_device; do
        "$meddle" "$home/ned/store.keys"
        run laptop ned key add --label ned --passphrase-file "$home/officer.passphrase"
        [ "$status" -eq 11 ] || [ "$status" -eq 13 ]
        has "$output" "satchel unlock"
        fails 11 "" laptop ned list
        laptop ned unlock --passphrase-file "$home/laptop.passphrase"
        equal "$(laptop ned key list | grep -c "while the lease lasts")" 1
    done
    has "$(laptop ned show "$case")" "typed before somebody meddled"
    sync ned
}

@test "a key file that is damaged as a whole leaves the agent its key" {
    ensure_running
    add_laptop pia
    cp "$home/pia/store.keys" "$home/pia.keys"
    flip "$home/pia/store.keys" 50
    fails 13 "" laptop pia list
    cp "$home/pia.keys" "$home/pia/store.keys"
    laptop pia list >/dev/null
}

@test "an agent that outlives the lease gives its key to nobody" {
    ensure_running
    add_laptop eva
    fails 11 "lease" later $((31 * DAY)) laptop eva list
    fails 11 "" laptop eva list
}

@test "a laptop that was disabled gets no new lease, and what is unsent in it is not lost" {
    ensure_running
    add_laptop fay
    take_case fay
    note fay "typed before she knew"
    device=$(field '$.device' laptop fay status --json)
    laptop fay lock
    satcheld device revoke "$office" "$device"
    ensure_stopped
    fails 11 "lease" later $((31 * DAY)) laptop fay unlock --passphrase-file "$home/laptop.passphrase"
    start
    fails 2 "disabled" laptop fay unlock --passphrase-file "$home/laptop.passphrase"
    laptop fay courier out "$home/fay.courier"
    run satcheld courier "$office" "$home/fay.courier"
    equal "$status" 1
    at_office "typed before she knew"
}

@test "a laptop that is to be wiped sends what is unsent, destroys keys and store, and signs for it" {
    ensure_running
    add_laptop gus
    take_case gus
    note gus "typed on a laptop that was reported lost"
    device=$(field '$.device' laptop gus status --json)
    satcheld device wipe "$office" "$device"
    has "$(satcheld device list "$office")" "to be wiped"
    fails 2 "wiped" laptop gus sync
    equal "$(find "$home/gus" -type f)" ""
    fails 10 "" laptop gus list
    fails 10 "" laptop gus unlock --passphrase-file "$home/laptop.passphrase"
    has "$(events)" '"says that it was wiped"'
    has "$(satcheld device list "$office")" "says that it was wiped"
    at_office "typed on a laptop that was reported lost"
}

@test "a wipe that broke off is finished by the next command, or by an enrolment, and never begins with a whole key file" {
    ensure_running
    add_laptop ula
    touch "$home/ula/wiping" # the power went before anything was destroyed
    laptop ula status >/dev/null 2>&1
    [ ! -e "$home/ula/wiping" ]
    laptop ula lock 2>/dev/null
    touch "$home/ula/wiping" # and here after the key file was overwritten
    truncate -s 0 "$home/ula/store.keys"
    truncate -s 4096 "$home/ula/store.keys"
    fails 2 "the wipe, which had broken off, is finished now" laptop ula unlock --passphrase-file "$home/laptop.passphrase"
    equal "$(find "$home/ula" -type f)" ""
    fails 10 "is not enrolled" laptop ula list
    mkdir -p "$home/vic"
    touch "$home/vic/wiping" "$home/vic/store.db"
    add_laptop vic
    laptop vic status >/dev/null 2>&1
    [ ! -e "$home/vic/wiping" ]
}

@test "two officers open a store whose passphrase is forgotten; one does not; that they did stands in the log" {
    ensure_running
    add_laptop hal
    take_case hal
    note hal "typed before the passphrase was forgotten"
    for who in jon kim; do
        satcheld user add "$office" "$who" --name "Officer $who" --role director >/dev/null
        "$bin/satcheld" officer add "$office" "$who" --out "$home/$who.officer" \
            --officer-passphrase-file "$home/officer.passphrase" >/dev/null
    done
    sync hal
    laptop hal lock
    equal "$(rows "json_extract(value, '$.type')" "json_extract(value, '$.type') = 'recovery'" laptop hal key list --json)" recovery
    secret new.passphrase "a new row of words for hal to keep"
    recover() {
        laptop hal recover "$home/$1.officer" "$home/$2.officer" --first-passphrase-file "$home/officer.passphrase" \
            --second-passphrase-file "$home/officer.passphrase" --new-passphrase-file "$home/new.passphrase"
    }
    fails 12 "" recover jon jon
    fails 12 "" laptop hal recover "$home/jon.officer" "$home/kim.officer" \
        --first-passphrase-file "$home/officer.passphrase" --second-passphrase-file "$home/wrong.passphrase" \
        --new-passphrase-file "$home/new.passphrase"
    recover kim jon
    fails 12 "" laptop hal unlock --passphrase-file "$home/laptop.passphrase"
    laptop hal unlock --passphrase-file "$home/new.passphrase"
    has "$(laptop hal show "$case")" "typed before the passphrase was forgotten"
    sync hal
    has "$(events)" '"recovered"'
    has "$(events)" "$(satcheld user list "$office" --json | sqlite3 :memory: "SELECT json_extract(value, '$.id') FROM json_each(CAST(readfile('/dev/stdin') AS TEXT)) WHERE json_extract(value, '$.login') = 'jon'")"
}

@test "wrong passphrases are counted, told to the owner, and reach the office's log" {
    ensure_running
    add_laptop ida
    before=$(events | grep -c '"wrong passphrases"' || true)
    laptop ida lock
    for _ in 1 2 3; do fails 12 "" laptop ida unlock --passphrase-file "$home/wrong.passphrase"; done
    run laptop ida unlock --passphrase-file "$home/laptop.passphrase"
    equal "$status" 0
    has "$output" "3 wrong passphrases were tried"
    laptop ida lock
    run laptop ida unlock --passphrase-file "$home/laptop.passphrase"
    has_not "$output" "wrong"
    # Whoever gives the right one tells of them, whatever for.
    fails 12 "" laptop ida key rotate --passphrase-file "$home/wrong.passphrase"
    run laptop ida key rotate --passphrase-file "$home/laptop.passphrase"
    has "$output" "1 wrong passphrase was tried"
    fails 12 "" laptop ida unlock --passphrase-file "$home/wrong.passphrase"
    run laptop ida passphrase --passphrase-file "$home/laptop.passphrase" --new-passphrase-file "$home/laptop.passphrase"
    has "$output" "1 wrong passphrase was tried"
    laptop ida unlock --passphrase-file "$home/laptop.passphrase"
    sync ida
    has "$(events)" "\"at\": \"$(date -u +%Y)"
    equal "$(events | grep -c '"wrong passphrases"')" $((before + 3))
}

@test "another person's passphrase opens the store, is taken away again, and the owner's stays" {
    ensure_running
    add_laptop jim
    secret ben.passphrase "ben has words of his own for this laptop"
    laptop jim key add --label ben --passphrase-file "$home/ben.passphrase"
    laptop jim lock
    laptop jim unlock --passphrase-file "$home/ben.passphrase"
    number=$(rows "json_extract(value, '$.number')" "json_extract(value, '$.label') = 'ben'" laptop jim key list --json)
    laptop jim key remove "$number"
    laptop jim lock
    fails 12 "" laptop jim unlock --passphrase-file "$home/ben.passphrase"
    laptop jim unlock --passphrase-file "$home/laptop.passphrase"
    own=$(rows "json_extract(value, '$.number')" "json_extract(value, '$.label') = 'owner'" laptop jim key list --json)
    fails 2 "" laptop jim key remove "$own"
}

@test "a new data key: every record is still there, an old copy of the key file opens nothing of the new store" {
    ensure_running
    add_laptop kay
    take_case kay
    note kay "typed before the new key"
    cp "$home/kay/store.keys" "$home/kay.keys"
    laptop kay key rotate --passphrase-file "$home/laptop.passphrase"
    fails 11 "" laptop kay list
    laptop kay unlock --passphrase-file "$home/laptop.passphrase"
    has "$(laptop kay show "$case")" "typed before the new key"
    sync kay
    has "$(events)" '"new data key"'
    laptop kay lock
    cp "$home/kay/store.keys" "$home/kay.new"
    cp "$home/kay.keys" "$home/kay/store.keys"
    fails 12 "" laptop kay unlock --passphrase-file "$home/laptop.passphrase"
    cp "$home/kay.new" "$home/kay/store.keys"
    laptop kay unlock --passphrase-file "$home/laptop.passphrase"
}

@test "a laptop gets another owner: the old store is set aside whole, and what was unsent in it reaches the office" {
    ensure_running
    add_laptop lea
    take_case lea
    note lea "typed by lea and not sent"
    satcheld user add "$office" max --name "Max" --role "case manager" >/dev/null
    satcheld device invite "$office" max --address "127.0.0.1:$(port)" --out "$home/max.ticket" >/dev/null 2>&1
    fails 2 "--set-aside" laptop lea enrol "$home/max.ticket" --passphrase-file "$home/laptop.passphrase"
    aside=$(field '$.aside' laptop lea enrol "$home/max.ticket" --set-aside --passphrase-file "$home/laptop.passphrase" --json)
    [ -e "$aside/store.db" ] && [ -e "$aside/store.keys" ]
    laptop lea unlock --passphrase-file "$home/laptop.passphrase"
    laptop lea courier out "$home/lea.courier" --from "$aside"
    satcheld courier "$office" "$home/lea.courier"
    at_office "typed by lea and not sent"
    # The old store still opens with its passphrase, where it stands.
    SATCHEL_HOME=$aside "$bin/satchel" unlock --passphrase-file "$home/laptop.passphrase" 3>&-
    has "$(SATCHEL_HOME=$aside "$bin/satchel" show "$case")" "typed by lea and not sent"
    SATCHEL_HOME=$aside "$bin/satchel" lock 3>&-
}

@test "an enrolment that sets the old store aside and then fails says where that is; before the passphrase nothing moves" {
    ensure_running
    add_laptop oda
    satcheld user add "$office" rik --name "Rik" --role "case manager" >/dev/null
    satcheld device invite "$office" rik --address "127.0.0.1:$(port)" --out "$home/rik.ticket" >/dev/null 2>&1
    rik() { SATCHEL_HOME=$home/oda/ "$bin/satchel" enrol "$home/rik.ticket" --set-aside --passphrase-file "$1" 3>&-; }
    fails 2 "cannot be opened" rik "$home/no.such.passphrase"
    [ -e "$home/oda/store.db" ]
    equal "$(find "$home" -maxdepth 1 -name 'oda-aside*')" ""
    ensure_stopped
    fails 2 "the old store is in $home/oda-aside-" rik "$home/laptop.passphrase"
    [ -e "$(echo "$home"/oda-aside-*)/store.db" ]
    fails 10 "not finished" laptop oda list
    start
    rik "$home/laptop.passphrase"
    laptop oda unlock --passphrase-file "$home/laptop.passphrase"
}

@test "a store whose key file is gone is not taken for a laptop that was never enrolled" {
    ensure_running
    add_laptop quin
    take_case quin
    note quin "typed before the key file went"
    laptop quin lock
    mv "$home/quin/store.keys" "$home/quin.keys"
    fails 13 "courier out" laptop quin unlock --passphrase-file "$home/laptop.passphrase"
    laptop quin courier out "$home/quin.courier"
    satcheld courier "$office" "$home/quin.courier"
    at_office "typed before the key file went"
}

@test "where lease and officers cannot be kept, what is unsent reaches the office all the same" {
    ensure_running
    add_laptop sue
    take_case sue
    note sue "typed on a laptop whose key file cannot be written"
    mkdir "$home/sue/store.keys.new"
    fails 2 "what was unsent is sent" laptop sue sync
    at_office "typed on a laptop whose key file cannot be written"
    rmdir "$home/sue/store.keys.new"
    sync sue
}

@test "what a laptop knows of its office is made again where a power cut left it empty" {
    ensure_running
    add_laptop tia
    cp "$home/tia/store.office" "$home/tia.office"
    : >"$home/tia/store.office"
    laptop tia status >/dev/null
    cmp "$home/tia/store.office" "$home/tia.office"
    sed 's/127.0.0.1/localhost/' "$home/tia.office" >"$home/tia/store.office"
    laptop tia status >/dev/null
    has "$(cat "$home/tia/store.office")" localhost
}

@test "a rotation that died between its last two steps is ended by whoever opens next, also to change the passphrase" {
    ensure_running
    add_laptop uma
    take_case uma
    note uma "typed before the rotation died"
    secret ben.passphrase "ben has words of his own for this laptop"
    laptop uma key add --label ben --passphrase-file "$home/ben.passphrase"
    cp "$home/uma/store.keys" "$home/uma.keys"
    laptop uma key rotate --passphrase-file "$home/ben.passphrase"
    mv "$home/uma/store.keys" "$home/uma/store.keys.next"
    cp "$home/uma.keys" "$home/uma/store.keys"
    laptop uma passphrase --passphrase-file "$home/ben.passphrase" --new-passphrase-file "$home/officer.passphrase"
    [ ! -e "$home/uma/store.keys.next" ]
    laptop uma unlock --passphrase-file "$home/officer.passphrase"
    has "$(laptop uma show "$case")" "typed before the rotation died"
}

@test "store.office is checked before anything is sent: another office's key in it is told, with the store open or shut" {
    ensure_running
    add_laptop wim
    sync wim
    cp "$home/wim/store.office" "$home/wim.office"
    sed "4s/.*/$(printf 'ab%.0s' $(seq 32))/" "$home/wim.office" >"$home/wim/store.office"
    fails 13 "does not name the office that this laptop was enrolled with" laptop wim sync
    laptop wim lock 2>/dev/null
    ensure_stopped # with the office out of reach the answer is the same: nothing was sent
    fails 13 "somebody changed it. Nothing was sent" later $((32 * DAY)) laptop wim unlock --passphrase-file "$home/laptop.passphrase"
    # Another address is no other office.
    sed 's/127.0.0.1/localhost/' "$home/wim.office" >"$home/wim/store.office"
    fails 11 "connect to the office" later $((32 * DAY)) laptop wim unlock --passphrase-file "$home/laptop.passphrase"
    start
    laptop wim unlock --passphrase-file "$home/laptop.passphrase"
    sync wim
}
