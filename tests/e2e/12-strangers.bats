#!/usr/bin/env bats
# Tests: daemon/server/strangers.c daemon/server/peer.c daemon/server/server.c
# Whoever connects without a key takes no room from laptops and operators.

load lib

setup_file() {
    new_office 10
    # A machine that allows few descriptors, and no more.
    (ulimit -Sn 256 && ulimit -Hn 1024 && start)
    add_laptop anna
}
teardown_file() {
    [ ! -e "$home/crowd" ] || kill "$(cat "$home/crowd")" 2>/dev/null || true
    end_all
}

# crowd COUNT: so many connections that say nothing; those that are closed are made anew, until it is killed.
crowd() {
    # shellcheck disable=SC2016 # perl's variables
    (
        ulimit -Sn "$(ulimit -Hn)"
        exec perl -MIO::Socket::INET -e '
            my ($port, $count, $done, @all) = @ARGV;
            sub one { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 5) }
            push @all, one() for 1 .. $count;
            open my $f, ">", $done; close $f;
            for (my $i = 0; ; $i = ($i + 1) % $count) { $all[$i] = one(); select undef, undef, undef, 0.01 }
        ' "$(port)" "$1" "$home/crowded" >/dev/null 2>&1 3>&-
    ) &
    echo $! >"$home/crowd"
    await test -e "$home/crowded"
}

# constant WORD FILE: the number that a constant of a header has.
constant() { sed -n "s/^#define $1 \([0-9]*\).*/\1/p" "$root/daemon/server/$2"; }

@test "the limit on open files is raised at start as far as it goes, and the unit allows enough for every link" {
    equal "$(awk '/^Max open files/ { print $4, $5 }' "/proc/$(cat "$office.pid")/limits")" "1024 1024"
    has "$(cat "$office.journal")" "the system allows this program 1024 open files"
    needs=$(($(constant SERVER_PEERS_MAX server.h) + $(constant STRANGERS_MAX strangers.h) + $(constant SERVER_RESERVE server.h)))
    [ "$needs" -gt 1024 ]
    has "$(cat "$office.journal")" "(LimitNOFILE in systemd) to $needs"
    [ "$(sed -n 's/^LimitNOFILE=//p' "$root/packaging/systemd/satcheld.service")" -ge "$needs" ]
}

@test "1,200 idle connections from one host: a laptop syncs, and status and backup work, with 1,024 descriptors" {
    [ "$(ulimit -Hn)" -ge 1300 ] || skip "this shell may not open 1,300 files"
    take_case anna
    crowd 1200
    laptop anna note "$case" "Written beside a crowd." >/dev/null
    for _ in 1 2 3; do sync anna; done
    run satcheld status "$office"
    [ "$status" -eq 0 ]
    run satcheld backup "$office" "$home/backup"
    [ "$status" -eq 0 ]
    kill "$(cat "$home/crowd")"
    rm "$home/crowd"
    # The journal counts them.
    stop
    [ "$(grep -c 'not known yet, at 127.0.0.1' "$office.journal")" -le 12 ]
    grep -Eq '[0-9]+ more connections from 127.0.0.1 in the last minute' "$office.journal"
}
