# Tests: daemon/intake/quota.c daemon/task/task_quota.c daemon/server/peer.c client/sync/reissue.c
# A laptop brings more than its quota: it is told to come later and keeps what it has, the others go on, an administrator
# allows more. Of a laptop that is shut out only so much is kept, and it gets no new epoch.
load lib

setup_file() {
    new_office 60
    start
    for who in anna ben cara dora; do add_laptop "$who"; done
}
teardown_file() { end_all; }

families() {
    local i
    for i in $(seq "$2"); do laptop "$1" new client "legal_name=Family $i of $1" >/dev/null 2>&1; done
}
quota() { field "\$.$2" satcheld device quota "$office" "$1" --json; }

@test "over its quota a laptop is told to come later: all of it waits there, others sync, an administrator allows more" {
    take_case anna ben
    run satcheld device quota "$office" anna --percent 1
    equal "$status" 0
    has "$output" 'the laptop "anna" of Worker Anna (anna) may bring 1 percent of what is usual'
    has "$output" "0 of       10  new persons and cases in 24 hours"
    families anna 6
    sync anna
    families anna 6
    fails 2 "later: in one day the office takes no more than 10 new persons and cases from one laptop" laptop anna sync
    has "$stderr" "Nothing is lost: it waits on this laptop"
    has "$stderr" "ask an administrator of the office"
    equal "$(field '$.queued' laptop anna status --json)" 6
    equal "$(quota anna records)" 6
    laptop ben note "$case" "Written beside a flood." >/dev/null 2>&1
    sync ben
    fails 2 "later" laptop anna sync
    satcheld device quota "$office" anna --percent 100 2>/dev/null >/dev/null
    sync anna
    equal "$(field '$.queued' laptop anna status --json)" 0
    equal "$(quota anna records)" 12
    equal "$(quota anna changes_max)" 50000
    has "$(laptop anna list)$(satcheld status "$office")" " 0  held changes"
}

@test "of a revoked laptop no more is kept than may be held; then its link is closed, until it is allowed more" {
    take_case cara
    satcheld device quota "$office" cara --percent 1 >/dev/null 2>&1
    satcheld device revoke "$office" cara 2>/dev/null
    for i in $(seq 130); do laptop cara note "$case" "Note $i on a laptop that was revoked." >/dev/null 2>&1; done
    fails 2 "its link is closed" laptop cara sync
    has "$(satcheld device list "$office")" "  closed  cara"
    equal "$(quota cara closed)" 1
    fails 2 "Nothing on the laptop is lost" laptop cara sync
    # Whoever has the laptop's key can claim that it was wiped; the office says that it says so.
    satcheld device quota "$office" cara --percent 100 >/dev/null 2>&1
    fails 2 "has disabled this laptop" laptop cara sync
    has "$(satcheld device list "$office")" "  disabled  cara"
    [ "$(quota cara held)" -ge 130 ]
}

@test "a revoked laptop whose disk was put back gets no new epoch: what it had not sent is kept as evidence" {
    take_case dora
    laptop dora lock 2>/dev/null
    cp -a "$home/dora" "$home/dora.old"
    laptop dora unlock --passphrase-file "$home/laptop.passphrase" 2>/dev/null
    laptop dora note "$case" "Written after the copy." >/dev/null 2>&1
    sync dora
    laptop dora lock 2>/dev/null
    rm -rf "${home:?}/dora"
    mv "$home/dora.old" "$home/dora"
    laptop dora unlock --passphrase-file "$home/laptop.passphrase" 2>/dev/null
    laptop dora note "$case" "Written on the old copy." >/dev/null 2>&1
    satcheld device revoke "$office" dora 2>/dev/null
    for _ in 1 2; do fails 2 "received there now, as evidence" laptop dora sync; done
    satcheld fork list "$office" --json >"$home/forks.json"
    equal "$(sql_json "$home/forks.json" 'json_array_length(j)')" 1
    has "$(satcheld fork show "$office" 1)" "Written on the old copy."
    # Ordered to wipe itself it does so, though it gets no epoch.
    satcheld device wipe "$office" dora 2>/dev/null
    fails 2 "keys and store were destroyed" laptop dora sync
    equal "$(find "$home/dora" -type f)" ""
    has "$(satcheld check "$office")" "replay agree"
}
