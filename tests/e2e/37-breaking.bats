#!/usr/bin/env bats
# Tests: client/command/sync.c client/sync/unfinished.c client/store/wire.c proto/session_resume.c daemon/server/exchange.c
# A link that breaks after 2,500 bytes each time: what there is to move gets through, however much that is. Each test
# prints what it took: links, bytes to the office, bytes from it.
load lib

setup_file() {
    new_office 12
    start
    add_laptop writer
    head -n 2 "$home/cases" >"$home/two"
    while read -r case; do satcheld case assign "$office" "$case" writer; done <"$home/two" >/dev/null 2>&1
    sync writer
    write_notes writer
    sync writer
}
teardown_file() { end_all; }
teardown() { end_link; }

queued() { field '$.queued' laptop "$1" status --json; }
agrees() { field '$.agrees' laptop "$1" status --json; }
# noise BYTES: text that nothing makes shorter.
noise() { head -c "$1" /dev/urandom | base64 -w 0 | head -c "$1"; }
# write_notes WHO: 30 short ones in one case, and one of 20,000 bytes in the other.
write_notes() {
    local long short
    { read -r long; read -r short; } <"$home/two"
    noise 20000 >"$home/long.$1"
    laptop "$1" note "$long" --type "home visit" <"$home/long.$1" >/dev/null 2>&1
    for i in $(seq 30); do laptop "$1" note "$short" --type telephone "Call number $i of $1: all is well." >/dev/null 2>&1; done
}
# has_notes WHO WRITER: all of them.
has_notes() {
    local long short
    { read -r long; read -r short; } <"$home/two"
    has "$(laptop "$1" show "$long" --json)" "$(cat "$home/long.$2")"
    for i in 1 17 30; do has "$(laptop "$1" show "$short")" "Call number $i of $2:"; done
}

# link RULE...: a proxy before the office, in $link; what it says goes into $home/link.
link() {
    rm -f "$home/link"
    "$bin/tests/proxy" "$home/link" "$(port)" "$@" 3>&- &
    echo $! >"$home/proxy.pid"
    await test -s "$home/link"
    link=$(head -n 1 "$home/link")
}
end_link() {
    [ ! -e "$home/proxy.pid" ] || kill -9 "$(cat "$home/proxy.pid")" 2>/dev/null || true
    rm -f "$home/proxy.pid"
}
# sync_over WHO RULE...: one sync over such links. Sets links, up and down to how many there were and what they carried.
sync_over() {
    local code=0
    link "${@:2}"
    laptop "$1" sync --host 127.0.0.1 --port "$link" >"$home/said" 2>&1 || code=$?
    [ $code -le 1 ] || { cat "$home/said"; return 1; }
    await grep -q carried "$home/link"
    read -r links up down < <(awk '$1 == "carried" { n++; up += $2; down += $3 } END { print n + 0, up + 0, down + 0 }' "$home/link")
    end_link
    echo "# ${*:2}: $links links, $up bytes up, $down down" >&3
}
# new_laptop WHO: enrolled over a good link; nothing of its two cases has come yet.
new_laptop() {
    add_laptop "$1" >/dev/null
    while read -r case; do satcheld case assign "$office" "$case" "$1"; done <"$home/two" >/dev/null 2>&1
}
# at_most BYTES GOOD: no more than half as much again, and what each link costs.
at_most() { [ "$1" -le $(($2 * 3 / 2 + 500 * links)) ]; }

@test "cut after 2,500 bytes each time, in either direction: a first sync ends" {
    local good_up good_down
    new_laptop good
    sync_over good
    equal "$links" 1
    good_up=$up good_down=$down
    [ "$good_down" -gt 20000 ]
    for rules in up=2500 down=2500 "up=2500 down=2500"; do
        new_laptop "first-${rules//[^a-z]/}"
        sync_over "first-${rules//[^a-z]/}" $rules
        [ "$links" -le 40 ]
        at_most "$up" "$good_up"
        at_most "$down" "$good_down"
        equal "$(agrees "first-${rules//[^a-z]/}")" 1
        has_notes "first-${rules//[^a-z]/}" writer
    done
}

@test "cut after 2,500 bytes each time, in either direction: a long queue ends" {
    local good_up good_down
    for who in fine up down both; do
        new_laptop "queue-$who"
        sync "queue-$who"
        write_notes "queue-$who"
        case $who in
        fine) sync_over queue-fine && good_up=$up good_down=$down && equal "$links" 1 ;;
        up) sync_over queue-up up=2500 ;;
        down) sync_over queue-down down=2500 ;;
        both) sync_over queue-both up=2500 down=2500 ;;
        esac
        [ "$links" -le 60 ]
        at_most "$up" "$good_up"
        equal "$(queued "queue-$who")" 0
        equal "$(agrees "queue-$who")" 1
        sync writer
        has_notes writer "queue-$who"
    done
    [ "$good_up" -gt 20000 ]
}

@test "what came is remembered between syncs: each goes on where the one before was cut, and says so" {
    local tries=0 code=2
    new_laptop drill
    while [ $code -gt 1 ] && [ $tries -lt 60 ]; do
        tries=$((tries + 1)) code=0
        laptop drill sync --break-after 2500 >"$home/said" 2>&1 || code=$?
        [ $code -le 1 ] || has "$(cat "$home/said")" "run \`satchel sync\` again: it goes on from where this one stopped"
    done
    echo "# $tries syncs of 2,500 bytes" >&3
    [ $code -le 1 ] || { cat "$home/said"; return 1; }
    [ $tries -gt 8 ]
    equal "$(agrees drill)" 1
    has_notes drill writer
}

@test "an office that was started anew has forgotten where it was: the next sync begins anew, and nothing is lost" {
    new_laptop anew
    laptop anew note "$(head -n 1 "$home/two")" "Written in vain?" >/dev/null 2>&1 || true # nothing has come of it yet
    for _ in 1 2 3; do laptop anew sync --break-after 2500 >/dev/null 2>&1 || true; done
    stop
    start
    sync anew
    equal "$(agrees anew)" 1
    has_notes anew writer
    # While a sync runs, too.
    new_laptop meanwhile
    link down=2500
    laptop meanwhile sync --host 127.0.0.1 --port "$link" >"$home/said" 2>&1 &
    sync=$!
    await grep -q carried "$home/link"
    crash
    start
    wait "$sync" || sync meanwhile
    equal "$(agrees meanwhile)" 1
    has_notes meanwhile writer
}

@test "a case that is taken away between two syncs is not dealt on" {
    new_laptop gone
    for _ in 1 2 3 4; do laptop gone sync --break-after 2500 >/dev/null 2>&1 || true; done
    satcheld case release "$office" "$(head -n 1 "$home/two")" gone >/dev/null 2>&1
    sync gone
    equal "$(agrees gone)" 1
    run laptop gone show "$(head -n 1 "$home/two")"
    [ "$status" -ne 0 ]
    has "$(laptop gone show "$(tail -n 1 "$home/two")")" "Call number 30 of writer"
}
