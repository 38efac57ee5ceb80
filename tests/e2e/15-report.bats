#!/usr/bin/env bats
# Tests: daemon/task/task_report.c daemon/task/task_doubt.c
# The office's own questions over the record's tables: one SELECT, and nothing that stands beside the record.
load lib

setup_file() { new_office 40; }
teardown_file() { end_all; }

@test "a question over a table of the record is answered as CSV and as JSON, with the daemon and without" {
    run satcheld report "$office" 'SELECT count(*) AS n FROM client'
    equal "$status" 0
    equal "${lines[1]%$'\r'}" 40
    ensure_running
    equal "$(field '$[0].n' satcheld report "$office" 'SELECT count(*) AS n FROM client' --json)" 40
    ensure_stopped
}

@test "a value with a comma, a quote or a line end is quoted" {
    run satcheld report "$office" "SELECT 'a,\"b\"' AS x, 'c' AS y"
    equal "$status" 0
    equal "${lines[1]%$'\r'}" '"a,""b""",c'
}

@test "the office's keys, the tickets' secrets, the log and the other tables stay closed" {
    for table in meta ticket_secret entry head node op dealt sqlite_schema; do
        fails 2 "no question that can be asked" satcheld report "$office" "SELECT * FROM $table"
    done
}

@test "a report changes nothing" {
    before=$(digest)
    for sql in 'DELETE FROM client' "UPDATE client SET legal_name = 'x'" 'DROP TABLE client' 'PRAGMA journal_mode=DELETE' \
        "ATTACH 'x' AS y" 'SELECT load_extension(1)'; do
        fails 2 "no question that can be asked" satcheld report "$office" "$sql"
    done
    fails 2 "one SELECT" satcheld report "$office" 'SELECT 1; SELECT 2'
    equal "$(digest)" "$before"
    run satcheld check "$office"
    equal "$status" 0
}

@test "formulas in CSV are defused, but for numbers, and for those who ask for them raw" {
    run satcheld report "$office" "SELECT '=1+1' AS a, '+49 30 55' AS b, '-5' AS c, -5 AS d, '@SUM(1)' AS e, char(9) || 'x' AS f"
    equal "$status" 0
    equal "${lines[1]%$'\r'}" $'"\'=1+1","\'+49 30 55","\'-5",-5,"\'@SUM(1)","\'\tx"'
    run satcheld report "$office" "SELECT '=1+1' AS a" --raw
    equal "${lines[1]%$'\r'}" "=1+1"
}

@test "an import takes what can hardly be right, says how much, and lists it" {
    mkdir "$home/odd"
    cp "$home/csv"/*.csv "$home/odd/"
    [ -e "$home/odd/Client.csv" ] || skip "the made-up caseload is no HMIS export"
    sed -i '2s/[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]/2114-05-31/' "$home/odd/Client.csv"
    run satcheld import "$office" "$home/odd" --source odd
    has "$output" "look"
    has "$output" "satcheld implausible"
    run satcheld implausible "$office"
    equal "$status" 1
    has "$output" "the birth date lies in the future"
    [ "$(rows "json_extract(value, '$.field')" "json_extract(value, '$.words') LIKE '%future'" satcheld implausible "$office" --json)" = birth_date ]
}
