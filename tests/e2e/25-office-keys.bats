#!/usr/bin/env bats
# Tests: daemon/central/keyring.c daemon/central/keyring_recover.c daemon/central/keyring_slots.c
#     daemon/task/task_officer.c
# What opens the office: its passphrases, key files and systemd credentials, and two officers when all of that is lost.
load lib

setup_file() {
    new_office 5
    secret new.passphrase "a new passphrase for the same old office"
    secret second.passphrase "another person knows these other words"
    secret wrong.passphrase "nobody ever set these words anywhere"
    for who in ines jonas kim; do
        satcheld user add "$office" "$who" --name "Officer ${who^}" --role supervisor >/dev/null
        secret "$who.passphrase" "the officer $who keeps a long secret"
    done
}
teardown_file() { end_all; }

# with FILE COMMAND...: satcheld with this passphrase.
with() { "$bin/satcheld" "${@:2}" --passphrase-file "$home/$1.passphrase" 3>&-; }
# keyed FILE COMMAND...: satcheld with a key file.
keyed() { "$bin/satcheld" "${@:2}" --key-file "$1" 3>&-; }
# slot LABEL: the number of its slot.
slot() { rows "json_extract(value, '$.number')" "json_extract(value, '$.label') = '$1'" "$bin/satcheld" key list "$office" --json; }
events() { satcheld report "$office" "SELECT coalesce(sum(count), 0) FROM event WHERE what = '$1'" | sed -n 2p | tr -d '\r'; }

@test "a new office has one passphrase, and its list needs none" {
    equal "$(rows "json_extract(value, '$.type')" 1 "$bin/satcheld" key list "$office" --json)" passphrase
    has "$("$bin/satcheld" key list "$office")" passphrase
    fails 10 "no office" "$bin/satcheld" key list "$home/nowhere"
    fails 2 "key frob" "$bin/satcheld" key frob "$office"
}

@test "a key file opens every command and the daemon, and only its owner may read it" {
    satcheld key add "$office" --label daemon --out "$home/daemon.key" 2>/dev/null
    equal "$(stat -c %a "$home/daemon.key")" 600
    equal "$(keyed "$home/daemon.key" status "$office" --digest)" "$(digest)"
    fails 2 "both" "$bin/satcheld" status "$office" --key-file "$home/daemon.key" --passphrase-file "$home/office.passphrase"
    chmod 640 "$home/daemon.key"
    fails 2 "" "$bin/satcheld" status "$office" --key-file "$home/daemon.key"
    chmod 604 "$home/daemon.key"
    fails 2 "" "$bin/satcheld" run "$office" --port 0 --key-file "$home/daemon.key"
    chmod 600 "$home/daemon.key"
    fails 2 "" satcheld key add "$office" --label again --out "$home/daemon.key"
    equal "$(slot again)" ""
    fails 2 "" "$bin/satcheld" status "$office" --key-file "$home/nothing.key"
    before=$(digest)
    "$bin/satcheld" run "$office" --listen 127.0.0.1 --port 0 --ready "$home/ready" --key-file "$home/daemon.key" \
        >/dev/null 2>>"$home/journal" 3>&- &
    echo $! >"$office.pid"
    await has_ended_or_said "$(cat "$office.pid")" "$home/ready"
    equal "$("$bin/satcheld" status "$office" --digest </dev/null)" "$before"
    stop
}

@test "systemd's credential is found by itself, and only where nothing else is handed in" {
    mkdir -p "$home/credentials"
    cp "$home/daemon.key" "$home/credentials/satchel-office-key"
    chmod 400 "$home/credentials/satchel-office-key"
    export CREDENTIALS_DIRECTORY=$home/credentials
    equal "$("$bin/satcheld" status "$office" --digest </dev/null)" "$(digest)"
    fails 12 "passphrase" "$bin/satcheld" status "$office" --passphrase-file "$home/wrong.passphrase"
    export CREDENTIALS_DIRECTORY=$home/csv
    fails 2 "--passphrase-file" setsid -w "$bin/satcheld" status "$office" </dev/null
}

@test "a second person's passphrase opens beside the first, and is taken away alone" {
    with office key passphrase "$office" --label tom --new-passphrase-file "$home/second.passphrase"
    equal "$(with second status "$office" --digest)" "$(digest)"
    number=$(slot tom)
    fails 12 "passphrase" with wrong key remove "$office" "$number"
    satcheld key remove "$office" "$number"
    fails 12 "passphrase" with second status "$office"
    satcheld status "$office" >/dev/null
    fails 2 "number" satcheld key remove "$office" x
    fails 2 "" satcheld key remove "$office" "$number"
}

@test "a removed key file opens nothing" {
    satcheld key add "$office" --label reports --out "$home/reports.key" 2>/dev/null
    keyed "$home/reports.key" status "$office" >/dev/null
    keyed "$home/daemon.key" key remove "$office" "$(slot reports)"
    run "$bin/satcheld" status "$office" --key-file "$home/reports.key"
    equal "$status" 12
    keyed "$home/daemon.key" status "$office" >/dev/null
}

@test "a key for reports reads the tables and opens neither the office nor its private keys, also after a new data key" {
    satcheld key add "$office" --reports --label figures --out "$home/figures.key" 2>"$home/said"
    has "$(cat "$home/said")" "reads all tables of the record"
    has "$(satcheld key list "$office")" "reports     figures"
    fails 12 "for reports" "$bin/satcheld" status "$office" --key-file "$home/figures.key"
    fails 12 "for reports" "$bin/satcheld" key rotate "$office" --key-file "$home/figures.key"
    if [ -n "$(type -P sqlite3)" ]; then
        for key in figures daemon; do
            sqlite3 -batch :memory: ".load $bin/satchel_vault" \
                ".open 'file:$office/office.db?vfs=satchel-vault&key_file=$home/$key.key'" \
                'SELECT count(*) FROM "user"' >"$home/$key.said" 2>&1 || true
        done
        equal "$(cat "$home/figures.said")" "$(field '$[0].n' satcheld report "$office" 'SELECT count(*) AS n FROM "user"' --json)"
        has_not "$(cat "$home/daemon.said")" "$(cat "$home/figures.said")"
    fi
    # The office's keys come through a new data key, and the key for reports does not.
    satcheld archive "$office" "$home/before.satchel" --archive-passphrase-file "$home/archive.passphrase" >"$home/before.pub" 2>/dev/null
    cp "$office/office.keys" "$home/keys.before"
    keyed "$home/daemon.key" key rotate "$office" 2>"$home/said"
    has "$(cat "$home/said")" "opens nothing any more:"
    keyed "$home/daemon.key" archive "$office" "$home/after.satchel" --archive-passphrase-file "$home/archive.passphrase" >"$home/after.pub" 2>/dev/null
    equal "$(cat "$home/after.pub")" "$(cat "$home/before.pub")"
    keyed "$home/daemon.key" key passphrase "$office" --label office --new-passphrase-file "$home/office.passphrase" 2>/dev/null
    satcheld status "$office" >/dev/null
}

@test "the passphrase is changed to a new one, and back" {
    with office key change "$office" --new-passphrase-file "$home/new.passphrase" 2>/dev/null
    fails 12 "passphrase" with office status "$office"
    with new status "$office" >/dev/null
    with new key change "$office" --new-passphrase-file "$home/office.passphrase" 2>/dev/null
    satcheld status "$office" >/dev/null
}

@test "wrong passphrases are told in the log once the right one comes" {
    satcheld status "$office" >/dev/null
    before=$(events "wrong passphrases")
    for _ in 1 2; do fails 12 "passphrase" with wrong status "$office"; done
    satcheld status "$office" >/dev/null
    equal "$(events "wrong passphrases")" "$((before + 2))"
    has "$(satcheld event list "$office")" "wrong passphrases"
    has "$(satcheld event list "$office")" "the office"
    equal "$(events "wrong passphrases")" "$((before + 2))"
}

@test "officers get their own key files, made where the command is called, also while a daemon runs" {
    start
    cd "$home"
    "$bin/satcheld" officer add "$office" ines --out ines.officer --officer-passphrase-file "$home/ines.passphrase" \
        2>"$home/words" </dev/null
    has "$(cat "$home/words")" "alone opens nothing"
    equal "$(stat -c %a "$home/ines.officer")" 600
    "$bin/satcheld" officer add "$office" jonas --out jonas.officer --officer-passphrase-file "$home/jonas.passphrase" </dev/null
    fails 2 "already" "$bin/satcheld" officer add "$office" jonas --out again.officer --officer-passphrase-file "$home/jonas.passphrase"
    [ ! -e "$home/again.officer" ]
    fails 2 "nobody" "$bin/satcheld" officer add "$office" nobody --out again.officer --officer-passphrase-file "$home/jonas.passphrase"
    [ ! -e "$home/again.officer" ]
    fails 2 "ines.officer" "$bin/satcheld" officer add "$office" kim --out ines.officer --officer-passphrase-file "$home/kim.passphrase"
    [ -s "$home/ines.officer" ]
    "$bin/satcheld" officer add "$office" kim --out kim.officer --officer-passphrase-file "$home/kim.passphrase" </dev/null
    equal "$(rows "json_extract(value, '$.login')" 1 "$bin/satcheld" officer list "$office" --json | tr '\n' ' ')" "ines jonas kim "
    stop
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 3
    satcheld officer remove "$office" kim
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 1
}

@test "one officer opens nothing, nor one twice, nor one who was removed; and not while a daemon runs" {
    recover() { "$bin/satcheld" recover "$office" "$@" --new-passphrase-file "$home/new.passphrase" 3>&-; }
    words() { echo "--first-passphrase-file $home/$1.passphrase --second-passphrase-file $home/$2.passphrase"; }
    fails 2 "two officers" recover --officer "$home/ines.officer" $(words ines jonas)
    run recover --officer "$home/ines.officer" --officer "$home/ines.officer" $(words ines ines)
    [ "$status" -ne 0 ]
    run recover --officer "$home/ines.officer" --officer "$home/kim.officer" $(words ines kim)
    [ "$status" -ne 0 ]
    fails 12 "jonas.officer" recover --officer "$home/ines.officer" --officer "$home/jonas.officer" $(words ines wrong)
    start
    fails 2 "" recover --officer "$home/ines.officer" --officer "$home/jonas.officer" $(words ines jonas)
    stop
    satcheld status "$office" >/dev/null
    fails 12 "passphrase" with new status "$office"
    equal "$(events recovered)" 0
}

@test "two officers open the office and set a new passphrase; the old one opens no more, and the log says who it was" {
    "$bin/satcheld" recover "$office" --officer "$home/jonas.officer" --officer "$home/ines.officer" \
        --first-passphrase-file "$home/jonas.passphrase" --second-passphrase-file "$home/ines.passphrase" \
        --new-passphrase-file "$home/new.passphrase" 2>/dev/null
    fails 12 "passphrase" with office status "$office"
    cp "$home/new.passphrase" "$home/office.passphrase"
    list=$(satcheld event list "$office")
    has "$list" recovered
    has "$list" ines
    has "$list" jonas
    equal "$(field '$.recovered' satcheld status "$office" --json)" 1
    keyed "$home/daemon.key" status "$office" >/dev/null
    run satcheld check "$office"
    equal "$status" 0
}

@test "who is disabled is no officer any more" {
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 1
    satcheld user disable "$office" ines
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 0
    satcheld user enable "$office" ines
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 1
}

@test "a new data key: the record is the same, what was handed in and the officers open it, and nothing else does" {
    before=$(field '$.entries' satcheld status "$office" --json)
    cp "$office/office.keys" "$home/old.keys"
    start
    fails 2 "" satcheld key rotate "$office"
    stop
    satcheld key rotate "$office" 2>"$home/words"
    has "$(cat "$home/words")" daemon
    has "$(cat "$home/words")" "new data key"
    equal "$(field '$.entries' satcheld status "$office" --json)" "$((before + 1))"
    has "$(satcheld event list "$office")" "new data key"
    run satcheld check "$office"
    equal "$status" 0
    fails 12 "" keyed "$home/daemon.key" status "$office"
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 1
    # The old key file does not open what is there now.
    mkdir "$home/stolen" && cp "$office"/office.db "$home/stolen" && cp "$home/old.keys" "$home/stolen/office.keys"
    fails 12 "" satcheld status "$home/stolen"
    rm -r "$home/stolen"
}

@test "a rotation that died between its last two steps is ended by the next opening" {
    cp "$office/office.keys" "$home/old.keys"
    satcheld key rotate "$office" 2>/dev/null
    mv "$office/office.keys" "$office/office.keys.next"
    cp "$home/old.keys" "$office/office.keys"
    satcheld status "$office" >/dev/null
    [ ! -e "$office/office.keys.next" ]
    run satcheld check "$office"
    equal "$status" 0
    equal "$("$bin/satcheld" key list "$office" | grep -c recovery)" 1
}

@test "a rotation with a key file keeps the key file, and drops every passphrase" {
    satcheld key add "$office" --label keeper --out "$home/keeper.key" 2>/dev/null
    keyed "$home/keeper.key" key rotate "$office" 2>"$home/words"
    has "$(cat "$home/words")" office
    fails 12 "passphrase" satcheld status "$office"
    keyed "$home/keeper.key" status "$office" >/dev/null
    keyed "$home/keeper.key" key passphrase "$office" --label office --new-passphrase-file "$home/office.passphrase"
    satcheld status "$office" >/dev/null
}

@test "no slot changes while a rotation waits for its end: the command ends it first, or says who can" {
    "$bin/satcheld" key add "$office" --label other --out "$home/other.key" --passphrase-file "$home/office.passphrase" 2>/dev/null
    cp "$office/office.keys" "$home/old.keys"
    satcheld key rotate "$office" 2>/dev/null
    mv "$office/office.keys" "$office/office.keys.next"
    cp "$home/old.keys" "$office/office.keys"
    # A key that the rotation was not begun with could take away the slot that ends it.
    fails 12 "begun with" keyed "$home/other.key" key remove "$office" 0
    "$bin/satcheld" key change "$office" --passphrase-file "$home/office.passphrase" \
        --new-passphrase-file "$home/kim.passphrase" 2>/dev/null
    [ ! -e "$office/office.keys.next" ]
    cp "$home/kim.passphrase" "$home/office.passphrase"
    run satcheld check "$office"
    equal "$status" 0
}

@test "a rotation that died between its last two steps goes on when it is called again" {
    cp "$office/office.keys" "$home/old.keys"
    satcheld key rotate "$office" 2>/dev/null
    mv "$office/office.keys" "$office/office.keys.next"
    cp "$home/old.keys" "$office/office.keys"
    satcheld key rotate "$office" 2>/dev/null
    [ ! -e "$office/office.keys.next" ]
    run satcheld check "$office"
    equal "$status" 0
}
