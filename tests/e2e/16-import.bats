#!/usr/bin/env bats
# Tests: daemon/import/import_mark.c daemon/task/task_import.c
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
        await has_grown "$((before + 300000))"
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
