#!/usr/bin/env bats
# Tests: daemon/central/hidden.c daemon/central/keyring.c daemon/central/keyring_recover.c daemon/central/keyring_slots.c
#     daemon/central/backup.c
# The second key, which wraps the office's private keys: whatever is done with the office's key file and its store, the
# office goes on with its private keys, and a key for reports opens the pages and nothing else.
load lib

setup_file() {
    new_office 10
    secret new.passphrase "a new passphrase for the same old office"
    for who in ines jonas; do
        satcheld user add "$office" "$who" --name "Officer ${who^}" --role supervisor >/dev/null
        secret "$who.passphrase" "the officer $who keeps a long secret"
        "$bin/satcheld" officer add "$office" "$who" --out "$home/$who.officer" --officer-passphrase-file "$home/$who.passphrase" \
            --passphrase-file "$home/office.passphrase" 2>/dev/null
    done
    start
    add_laptop anna
    # One ticket for each test, made before anything is done to the keys.
    for who in tom rita bea; do
        satcheld user add "$office" "$who" --name "Worker ${who^}" --role "case manager" >/dev/null
        satcheld device invite "$office" "$who" --address "127.0.0.1:$(port)" --out "$home/$who.ticket" >/dev/null 2>&1
    done
    stop
    satcheld archive "$office" "$home/first.satchel" --archive-passphrase-file "$home/archive.passphrase" >"$home/office.pub" 2>/dev/null
    satcheld key add "$office" --reports --label before --out "$home/before.key" 2>/dev/null
}
teardown_file() { end_all; }

# reads KEY: the users that whoever has the key for reports reads with SQLite.
reads() {
    sqlite3 -batch :memory: ".load $bin/satchel_vault" ".open 'file:$office/office.db?vfs=satchel-vault&key_file=$home/$1.key'" \
        "$2" 2>&1 || true
}
# reports_alone KEY: it opens the pages, and neither the office nor a private key.
reports_alone() {
    fails 12 "for reports" "$bin/satcheld" status "$office" --key-file "$home/$1.key"
    fails 12 "for reports" "$bin/satcheld" key rotate "$office" --key-file "$home/$1.key"
    [ -n "$(type -P sqlite3)" ] || return 0
    equal "$(reads "$1" 'SELECT count(*) FROM "user"')" \
        "$(field '$[0].n' satcheld report "$office" 'SELECT count(*) AS n FROM "user"' --json)"
    # The sealed keys stand there: 24 bytes of nonce and 16 of tag more than each has.
    equal "$(reads "$1" "SELECT group_concat(length(value)) FROM (SELECT value FROM meta WHERE name IN ('lease_secret',
        'noise_secret', 'seal_secret', 'sign_secret') ORDER BY name)")" "72,72,72,104"
}
# goes_on WHO: the office signs its log, talks to a laptop, opens what is sealed to it, and knows WHO's ticket, with the
# private keys that it always had.
goes_on() {
    satcheld archive "$office" "$home/$1.satchel" --archive-passphrase-file "$home/archive.passphrase" >"$home/$1.pub" 2>/dev/null
    equal "$(cat "$home/$1.pub")" "$(cat "$home/office.pub")"
    start
    laptop anna new client legal_name="For $1" >/dev/null 2>&1
    laptop anna courier out "$home/$1.courier" 2>/dev/null
    satcheld courier "$office" "$home/$1.courier" >/dev/null 2>&1
    sync anna
    laptop "$1" enrol "$home/$1.ticket" --label "$1" --passphrase-file "$home/laptop.passphrase" >/dev/null 2>&1
    laptop "$1" unlock --passphrase-file "$home/laptop.passphrase" 2>/dev/null
    sync "$1"
    stop
    run satcheld check "$office"
    equal "$status" 0
}

@test "two officers recover: the office goes on with its private keys, and keys for reports, old and new, open pages alone" {
    "$bin/satcheld" recover "$office" --officer "$home/jonas.officer" --officer "$home/ines.officer" \
        --first-passphrase-file "$home/jonas.passphrase" --second-passphrase-file "$home/ines.passphrase" \
        --new-passphrase-file "$home/new.passphrase" 2>/dev/null
    fails 12 "passphrase" satcheld status "$office"
    cp "$home/new.passphrase" "$home/office.passphrase"
    reports_alone before
    satcheld key add "$office" --reports --label recovered --out "$home/recovered.key" 2>/dev/null
    reports_alone recovered
    goes_on tom
}

@test "a new data key: the office goes on with its private keys; old keys for reports open nothing, a new one pages alone" {
    satcheld key rotate "$office" 2>/dev/null
    fails 12 "" "$bin/satcheld" status "$office" --key-file "$home/before.key"
    [ -z "$(type -P sqlite3)" ] || has "$(reads before 'SELECT count(*) FROM "user"')" "rror"
    satcheld key add "$office" --reports --label rotated --out "$home/rotated.key" 2>/dev/null
    reports_alone rotated
    goes_on rita
}

@test "a backup is put in the office's place: it goes on with its private keys, and keys for reports open pages alone" {
    satcheld backup "$office" "$home/backup" 2>/dev/null
    rm -rf "$office"
    cp -a "$home/backup" "$office"
    reports_alone rotated
    satcheld restored "$office" >/dev/null 2>&1
    satcheld key add "$office" --reports --label restored --out "$home/restored.key" 2>/dev/null
    reports_alone restored
    reports_alone rotated
    goes_on bea
}
