#!/usr/bin/env bats
# Tests: client/store/wire.c client/command/enrol.c daemon/server/operator.c daemon/task/office_command.c
# What is said when something stands in the way is what stands in the way.
load lib

setup_file() {
    new_office 10
    start
    add_laptop anna
}
teardown_file() { end_all; }

@test "the right office, killed in the handshake, is not called a wrong one" {
    ensure_running
    pid=$(cat "$office.pid")
    kill -STOP "$pid"
    laptop anna sync >"$home/said" 2>&1 &
    await is_connected "$(port)"
    kill_hard "$pid"
    rm -f "$office.pid"
    code=0
    wait $! || code=$?
    equal "$code" 2
    has_not "$(cat "$home/said")" "does not hold"
    has_not "$(cat "$home/said")" "no office at all"
    start
    sync anna
}

@test "another office at the address: the laptop says what may be, and what to do" {
    ensure_stopped
    secret other.passphrase "eleven grey geese fly over the other office"
    "$bin/satcheld" init "$home/other" --name Other --admin otto --admin-name "Otto O" --passphrase-file "$home/other.passphrase" 3>&-
    "$bin/satcheld" run "$home/other" --listen 127.0.0.1 --port "$(port)" --ready "$home/other.ready" \
        --passphrase-file "$home/other.passphrase" 2>/dev/null 3>&- &
    echo $! >"$home/other.pid"
    await test -s "$home/other.ready"
    fails 2 "ask the office whether this is its address" laptop anna sync
    stop "$home/other"
}

@test "another user's office is said to be another user's, not to be missing" {
    command -v setpriv >/dev/null && [ "$(id -u)" -eq 0 ] || skip "only root can be another user"
    ensure_stopped
    cp "$bin/satcheld" "$home/satcheld" && chmod 755 "$home/satcheld"
    chmod 711 "$home"
    setpriv --reuid=65534 --clear-groups true 2>/dev/null && setpriv --reuid=65534 --clear-groups "$home/satcheld" --version >/dev/null || skip "this user cannot reach the folder"
    fails 2 "belongs to another user" setpriv --reuid=65534 --clear-groups "$home/satcheld" status "$office"
    ensure_running
    fails 2 "belongs to another user" setpriv --reuid=65534 --clear-groups "$home/satcheld" status "$office"
}

@test "the journal says why a command was not carried out" {
    ensure_running
    command -v perl >/dev/null || skip "no perl"
    perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die; connect($s, sockaddr_un($ARGV[0])) or die; syswrite($s, "\0\0\0\x05abcde"); sysread($s, my $x, 1)' "$office/operator.sock"
    await grep -q "command: not carried out, since it is not of this version" "$office.journal"
}

@test "a path too long for a socket is found before a ticket is used, and before an office is made" {
    ensure_running
    satcheld user add "$office" tess --name "Tess Tall" --role "case manager" >/dev/null
    satcheld device invite "$office" tess --address "127.0.0.1:$(port)" --out "$home/tess.ticket" >/dev/null 2>&1
    long=$home/$(printf 'x%.0s' {1..110})
    SATCHEL_HOME=$long fails 2 "longer than the system's" "$bin/satchel" enrol "$home/tess.ticket" --passphrase-file "$home/laptop.passphrase"
    laptop tess enrol "$home/tess.ticket" --passphrase-file "$home/laptop.passphrase"
    fails 2 "too long for the operator's socket" "$bin/satcheld" init "$long" --name O --admin a --admin-name A --passphrase-file "$home/office.passphrase"
    [ ! -e "$long" ]
}

@test "a read-only copy of a backup is taken by check and status, and nothing else" {
    ensure_running
    mkdir "$home/disk"
    mount -t tmpfs -o size=64m,mode=700 tmpfs "$home/disk" 2>/dev/null || skip "this user cannot mount a disk"
    satcheld backup "$office" "$home/disk/copy" >/dev/null 2>&1
    mount -o remount,ro "$home/disk"
    has "$(satcheld check "$home/disk/copy")" "replay agree"
    has "$(satcheld status "$home/disk/copy")" "clients"
    fails 2 "cannot be written" satcheld user add "$home/disk/copy" zoe --name Zoe --role senior
    umount "$home/disk"
}

@test "a second daemon is told that one runs" {
    ensure_running
    fails 2 "a daemon runs for the office" satcheld run "$office" --listen 127.0.0.1 --port 0
}
