#!/usr/bin/env bats
# Tests: daemon/import/account.c daemon/import/mapping.c daemon/import/import_hmis.c daemon/import/import_synthea.c
# Every row and every cell of the shared exports is accounted for, by a second accountant that shares nothing with the importer
# (tests/second/account.py). The reports of the small exports with one thing wrong each are those expected
# (tests/second/expected; `ACCOUNT_WRITES=1 bats tests/e2e/17-accounting.bats` writes them anew: read what changed).
load lib

shared=${SATCHEL_SHARED:-$root/../shared}/data

setup() {
    [ -d "$shared" ] || skip "there is no $shared"
    [ -n "$(type -P python3)" ] || skip "there is no python3"
    secret office.passphrase "seven cold herons wait by the office pond"
}
teardown_file() { end_all; }

# tables: what stands in the office, as JSON.
tables() {
    local table mark='{'
    for table in user provider client case assignment service plan; do
        printf '%s"%s": ' "$mark" "$table"
        satcheld report "$office" "SELECT * FROM \"$table\" WHERE voided = 0" --json --raw
        mark=', '
    done
    echo '}'
}

# account FOLDER...: imports exports of one source in turn into a new office, and accounts for the last.
account() {
    local folder flags=() expected
    rm -rf "$office"
    satcheld init "$office" --name "North Street" --admin maria --admin-name "Maria Ortiz" >"$home/out" 2>&1
    for folder in "$@"; do
        rm -f "$home/report.csv"
        satcheld import "$office" "$shared/$folder" --report "$home/report.csv" >"$home/out" 2>&1 || [ $? -eq 1 ] || {
            rm -f "$home/report.csv"
            flags=(-o)
            has "$(cat "$home/out")" "has been taken already"
            satcheld import "$office" "$shared/$folder" --report "$home/report.csv" --older >"$home/out" 2>&1 || [ $? -eq 1 ]
        }
    done
    tables >"$home/tables.json"
    expected=$(printf '+%s' "${@##*/}")
    expected=$root/tests/second/expected/${expected#+}.txt
    [ -n "${ACCOUNT_WRITES-}" ] && flags+=(-w)
    case $1 in hmis-edge-cases/*) ;; *) expected= ;; esac
    env -u LD_PRELOAD python3 "$root/tests/second/account.py" "${flags[@]}" "$shared/$folder" "$home/report.csv" "$home/tables.json" \
        ${expected:+"$expected"}
}

@test "every row and cell of a whole HMIS export is accounted for" {
    run account hmis-fy2026
    echo "$output"
    has "$output" "20004 rows: 10870 not read, 667 passed over, 8467 taken; 34022 cells compared; 0 differences"
    # It can fail: a cell that stands otherwise, a row that is not told.
    sed -i '0,/"legal_name": "/s//"legal_name": "X/' "$home/tables.json"
    sed -i '/^Services,7,/d' "$home/report.csv"
    run env -u LD_PRELOAD python3 "$root/tests/second/account.py" "$shared/hmis-fy2026" "$home/report.csv" "$home/tables.json"
    equal "$status" 1
    has "$output" "Services.csv:7 is not in the report"
    has "$output" "; 3 differences"
}

@test "every row and cell of a whole Synthea export is accounted for" {
    run account synthea-csv-nebraska
    echo "$output"
    has "$output" "14814 rows: 1784 not read, 3712 passed over, 9318 taken; 58756 cells compared; 0 differences"
}

@test "each small export with one thing wrong gives the report that is expected" {
    for folder in "$shared"/hmis-edge-cases/*/; do
        run account "hmis-edge-cases/$(basename "$folder")"
        echo "$(basename "$folder"): $output"
        equal "$status" 0
    done
}

@test "exports of one source in turn give the reports that are expected" {
    for pair in "date_updated_initial date_updated_newer" "date_updated_initial date_updated_older" \
        "date_updated_initial date_updated_same_day" "client_processing client_processing_2" \
        "client_processing incoming_older_processing" "enrollment_test_files enrollment_change_files" \
        "enrollment_test_files enrollment_with_deletes_test_files" \
        "enrollment_test_with_restores_initial_files enrollment_test_with_restores_update_files"; do
        run account "hmis-edge-cases/${pair% *}" "hmis-edge-cases/${pair#* }"
        echo "$pair: $output"
        equal "$status" 0
    done
}
