#!/usr/bin/env bats
# Tests: client/command/sync.c client/store/sync_lock.c client/store/store.c client/sync/apply.c
# A sync that waits on a link that has fallen silent, at each place where it can wait, and a person who works meanwhile.
load lib

setup_file() {
    new_office 20
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }
teardown() {
    end_link
    laptop anna sync --host 127.0.0.1 --port "$(port)" >/dev/null 2>&1 || true
}

queued() { field '$.queued' laptop "$1" status --json; }
agrees() { field '$.agrees' laptop "$1" status --json; }

# link RULE...: a proxy before the office, in $link; what it says goes into $home/link.
link() {
    rm -f "$home/link" "$home/link.go"
    "$bin/tests/proxy" "$home/link" "$(port)" "$@" 3>&- &
    echo $! >"$home/proxy.pid"
    await test -s "$home/link"
    link=$(head -n 1 "$home/link")
}
end_link() {
    [ ! -e "$home/proxy.pid" ] || kill -9 "$(cat "$home/proxy.pid")" 2>/dev/null || true
    rm -f "$home/proxy.pid"
}
is_silent() { grep -q silent "$home/link"; }

# begin_sync RULE...: anna's sync in $sync, over a link that falls silent; it waits when this returns.
begin_sync() {
    link "$@"
    laptop anna sync --host 127.0.0.1 --port "$link" >"$home/said" 2>&1 &
    sync=$!
    await is_silent
}
# note_meanwhile TEXT: a note of anna's, written while the sync waits; it must not wait for the sync.
note_meanwhile() {
    laptop anna note "$case" --type telephone "$1"
    ! has_ended "$sync" || { echo "the sync did not wait any more"; return 1; }
}
# go_on: the link goes on; the sync must end well, with all that was written sent, and agree with the office.
go_on() {
    touch "$home/link.go"
    wait "$sync" || { cat "$home/said"; return 1; }
    equal "$(queued anna)" 0
    equal "$(agrees anna)" 1
    laptop ben sync >/dev/null 2>&1
    for words in "$@"; do has "$(laptop ben show "$case")" "$words"; done
    equal "$(agrees ben)" 1
}

@test "a note saves at once while a sync waits on a link that is silent after the hello" {
    take_case anna ben
    begin_sync answers=2
    note_meanwhile "Written after the hello."
    go_on "Written after the hello."
}

@test "a note saves at once while a sync waits on a link that is silent after a push" {
    take_case anna ben
    laptop anna note "$case" "Pushed and unanswered."
    begin_sync answers=3
    note_meanwhile "Written after the push."
    laptop anna set "$case" risk=high
    go_on "Pushed and unanswered." "Written after the push."
    equal "$(field '$.fields.risk' laptop ben show "$case" --json)" high
}

@test "a note saves at once while a sync waits on a link that is silent in the middle of a pull" {
    take_case anna ben
    laptop ben note "$case" "Anna must get this."
    laptop ben sync >/dev/null
    begin_sync answers=3 bytes=300
    note_meanwhile "Written in the middle of the pull."
    go_on "Anna must get this." "Written in the middle of the pull."
    has "$(laptop anna show "$case")" "Anna must get this."
}

@test "a client and a case that are taken down in the middle of a pull are at the office after that sync" {
    local client
    take_case anna
    begin_sync answers=3 bytes=300
    client=$(laptop anna new client legal_name="Taken Down Meanwhile" birth_date=1970-02-03 2>/dev/null)
    laptop anna new case client="$client" title=care >/dev/null 2>&1
    go_on
    has "$(satcheld case list "$office" "Taken Down Meanwhile")" "Taken Down Meanwhile"
}

@test "a note in a case that is being taken away meanwhile is held, and the case leaves with that sync" {
    local number
    take_case anna
    number=$case
    satcheld case release "$office" "$case" anna
    begin_sync answers=3 bytes=300
    note_meanwhile "Before she heard of it."
    touch "$home/link.go"
    wait "$sync" || [ $? -eq 1 ]
    has_not "$(laptop anna list)" "$number"
    equal "$(queued anna)" 0
    equal "$(agrees anna)" 1
    has "$(laptop anna held)" "Before she heard of it."
}

@test "a link that breaks after a note was written meanwhile loses neither" {
    take_case anna
    laptop anna note "$case" "Pushed before the break."
    begin_sync answers=3
    note_meanwhile "Written before the break."
    end_link
    wait "$sync" && return 1
    has "$(cat "$home/said")" "queued"
    laptop anna sync --host 127.0.0.1 --port "$(port)" >/dev/null 2>&1
    equal "$(queued anna)" 0
    has "$(laptop anna show "$case")" "Written before the break."
    has "$(laptop anna show "$case")" "Pushed before the break."
    equal "$(agrees anna)" 1
}

@test "two syncs at once: the second is refused with one sentence, and so is a new key" {
    take_case anna
    begin_sync answers=3
    run laptop anna sync
    equal "$status" 2
    equal "${#lines[@]}" 1
    has "$output" "a sync of this laptop is under way"
    run laptop anna key rotate --passphrase-file "$home/laptop.passphrase"
    equal "$status" 2
    has "$output" "a sync of this laptop is under way"
    go_on
}
