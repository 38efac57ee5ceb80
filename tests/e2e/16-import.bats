#!/usr/bin/env bats
# Tests: daemon/import/import_mark.c daemon/import/map_file.c daemon/task/task_import.c
# Imports as the office runs them, night after night: one that is killed in the middle is run again.
load lib

setup_file() { new_office 20; }
teardown_file() { end_all; }

# stored: how many bytes the office's store has; has_grown BYTES: it has as many.
stored() { cat "$office"/office.db* | wc -c; }
has_grown() { [ "$(stored)" -gt "$1" ]; }

# everything: what stands in the record after an import, and the digest of what lives in it.
everything() {
    satcheld report "$office" "SELECT id, legal_name, birth_date, gender FROM client ORDER BY id"
    satcheld report "$office" "SELECT id, scope, type, started, amount, voided FROM service ORDER BY id"
    satcheld report "$office" "SELECT id, number, status, closed FROM \"case\" ORDER BY id"
    satcheld report "$office" "SELECT id, status FROM assignment ORDER BY id"
    satcheld status "$office" --digest
}

@test "an import that is killed in the middle goes on without doubles when it is run again" {
    "$root/packaging/make-caseload" "$home/big" 400
    for part in 1 2; do
        before=$(stored)
        "$bin/satcheld" import "$office" "$home/big" --source big --passphrase-file "$home/office.passphrase" \
            >"$home/out" 2>&1 3>&- &
        await has_grown "$((before + 2000000))"
        kill_hard "$!"
    done
    has "$(satcheld import list "$office")" "broken off before its end"
    satcheld import "$office" "$home/big" --source big || [ $? -eq 1 ]
    for file in Client Services; do
        kind=client && [ "$file" = Client ] || kind=service
        has "$(satcheld report "$office" "SELECT 'there are ' || count(*) AS n FROM $kind")" \
            "there are $(($(tail -n +2 "$home/csv/$file.csv" | wc -l) + $(tail -n +2 "$home/big/$file.csv" | wc -l)))"
    done
    everything >"$home/once"
    run satcheld import "$office" "$home/big" --source big
    has "$output" "400  client       unchanged"
    has_not "$output" "  new"
    everything >"$home/twice"
    cmp "$home/once" "$home/twice"
    run satcheld check "$office"
    equal "$status" 0
}

@test "another system's CSV files come in by a mapping file, and a wrong one is refused with its line" {
    mkdir "$home/old"
    printf 'Nr,First name,Last name,Born,Shoe\n1,Ada,Example,1950-12-10,38\n2,Ben,Example,no day,44\n' >"$home/old/persons.csv"
    printf 'source old-register\nfile persons\n  key Nr\n  record client\n    legal_name "First name" "Last name"\n    birth_date Born\n' >"$home/map"
    run satcheld import "$office" "$home/old" --map "$home/map" --dry-run
    equal "$status" 1
    has "$output" "client 1 birth_date: 1950-12-10"
    run satcheld import "$office" "$home/old" --map "$home/map"
    equal "$status" 1
    has "$output" "2  client       new"
    has "$output" 'persons.csv:3 2: Born "no day": this is no day'
    has "$output" "persons.csv has columns that Satchel does not read: Shoe (2 values)"
    has "$(satcheld import list "$office")" "old-register"
    sed 's/birth_date/birthday/' "$home/map" >"$home/map.wrong"
    run satcheld import "$office" "$home/old" --map "$home/map.wrong"
    equal "$status" 2
    has "$output" "map.wrong, line 6: a client has no field birthday; it has legal_name"
    mkfifo "$home/map.pipe"
    run satcheld import "$office" "$home/old" --map "$home/map.pipe"
    equal "$status" 2
    has "$output" "only regular files are imported"
    run satcheld import "$office" "$home/csv" --map "$home/map"
    has "$output" "has no persons.csv, which the mapping"
}

# begin_import: an import of the big export through the daemon, in the background; its output goes to $home/out.
begin_import() {
    "$bin/satcheld" import "$office" "$home/big" --source beside >"$home/out" 2>&1 3>&- &
    echo "$!" >"$home/import"
    await journal_says "import begins, beside the loop"
}
journal_says() { grep -qF "$1" "$office.journal"; }

@test "beside an import the daemon answers laptops and operators, and tells a second import that one runs" {
    start
    user=$(satcheld user list "$office" --json | grep -o '"login": *"[^"]*"' | grep -v maria | sed -n 1p | cut -d'"' -f4)
    enrol "$user" anna
    laptop anna sync
    begin_import
    run satcheld import "$office" "$home/old" --map "$home/map"
    equal "$status" 2
    has "$output" "\`satcheld import\` runs already"
    run satcheld user list "$office"
    equal "$status" 0
    laptop anna sync
    await has_ended "$(cat "$home/import")"
    has "$(cat "$home/out")" "400  client       new"
    laptop anna sync
    stop
    run satcheld check "$office"
    equal "$status" 0
}

@test "an import that is broken off, by the daemon's end or by whoever called, goes on without doubles" {
    start
    : >"$office.journal"
    "$bin/satcheld" import "$office" "$home/big" --source stopped >"$home/out" 2>&1 3>&- &
    caller=$!
    before=$(stored)
    await has_grown "$((before + 2000000))"
    kill "$caller"
    await journal_says "its caller hung up, and it ends"
    await journal_says "satcheld import has ended, with status 2"
    : >"$office.journal"
    "$bin/satcheld" import "$office" "$home/big" --source stopped >"$home/out" 2>&1 3>&- &
    caller=$!
    before=$(stored)
    await has_grown "$((before + 2000000))"
    stop
    await has_ended "$caller"
    has "$(cat "$home/out")" "it was broken off, since the daemon stops or whoever called hung up"
    satcheld import "$office" "$home/big" --source stopped >"$home/out" || [ $? -eq 1 ]
    run satcheld import "$office" "$home/big" --source stopped
    has "$output" "400  client       unchanged"
    has_not "$output" "  new"
    has "$(satcheld report "$office" "SELECT count(*) AS n FROM client WHERE source_id = '1'")" "5"
    run satcheld check "$office"
    equal "$status" 0
}

# A question that nobody waits for to its end.
endless='SELECT count(*) FROM service a, service b, service c, service d WHERE a.amount + b.amount + c.amount < d.amount'

@test "commands that read go on beside the loop, show the office as it was, and end with whoever called" {
    start
    : >"$office.journal"
    "$bin/satcheld" report "$office" "$endless" >"$home/out" 2>&1 3>&- &
    caller=$!
    await journal_says "report begins, beside the loop"
    laptop anna sync
    everything >"$home/before"
    satcheld import "$office" "$home/big" --source reads --dry-run >"$home/dry" || [ $? -eq 1 ]
    has "$(cat "$home/dry")" "400  client       new"
    everything >"$home/after"
    cmp "$home/before" "$home/after"
    satcheld check "$office"
    satcheld backup "$office" "$home/copy"
    satcheld archive "$office" "$home/one.satchel" --archive-passphrase-file "$home/office.passphrase"
    run satcheld duplicates "$office"
    [ "$status" -le 1 ]
    satcheld user add "$office" later --name Later --role 'case manager'
    satcheld check "$home/copy"
    equal "$(satcheld status "$home/copy" --digest)" "$(cat "$home/before" | tail -1)"
    kill "$caller"
    await journal_says "its caller hung up, and it ends"
    await journal_says "satcheld report has ended, with status 2"
    : >"$office.journal"
    for i in 1 2 3; do
        "$bin/satcheld" report "$office" "$endless" >"$home/out" 2>&1 3>&- &
    done
    await all_begun
    run satcheld report "$office" "SELECT 1 AS n"
    equal "$status" 2
    has "$output" "3 commands that read the whole office run already"
    run satcheld user list "$office"
    equal "$status" 0
    stop
    wait
    has "$(cat "$home/out")" "the report was told to end"
    equal "$(ls "$office" | grep -c scratch || true)" "0"
}
all_begun() { [ "$(grep -cF "report begins, beside the loop" "$office.journal")" -ge 3 ]; }

@test "on a terminal an import says how far it is, through the daemon and without one" {
    ensure_running
    run script -qec "$bin/satcheld import $office $home/big --source told" /dev/null
    has "$output" " records compared with what the source said before"
    has "$output" "400  client       new"
    stop
    run script -qec "$bin/satcheld import $office $home/big --source told --dry-run --passphrase-file $home/office.passphrase" /dev/null
    has "$output" " rows read"
    has "$output" "400  client       unchanged"
}
