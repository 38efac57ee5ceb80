#!/usr/bin/env bats
# Tests: common/base/json.c client/command/status.c client/command/list.c client/command/search.c
# The answers of --json are what docs/JSON.md says.
load lib

setup_file() {
    new_office 10
    start
    add_laptop anna
}
teardown_file() { end_all; }

# said COMMAND: the members that the page names for it, sorted.
said() {
    sed -n "s/^| \`$1\` | \(.*\) |$/\1/p" "$root/docs/JSON.md" | head -n 1 | sed 's/^an array of [a-z]*: //; s/^an array of //; s/([^)]*)//g' |
        tr ',' '\n' | tr -d ' ' | sort
}
# members EXPRESSION: of the object in the last answer.
members() { sqlite3 :memory: "SELECT key FROM json_each(CAST(readfile('$home/answer') AS TEXT), '$1')" | sort; }

@test "docs/JSON.md names the members of status, list and search, and no others" {
    take_case anna
    laptop anna status --json >"$home/answer" || [ $? -eq 1 ]
    equal "$(members '$')" "$(said status)"
    laptop anna list --json >"$home/answer"
    equal "$(members '$[0]')" "$(said list)"
    name=$(field '$[0].name' laptop anna list --json)
    laptop anna search "$name" --json >"$home/answer"
    equal "$(members '$[0]')" "$(said search)"
}

@test "flags are true and false, and what is not known is null" {
    take_case anna
    for path in arriving voided linked implausible alert; do
        has "true false" "$(sqlite3 :memory: "SELECT json_type(j, '\$[0].$path') FROM (SELECT '$(laptop anna list --json 2>/dev/null | sed "s/'/''/g")' AS j)")"
    done
    equal "$(sqlite3 :memory: "SELECT json_type(j, '\$[0].died') FROM (SELECT '$(laptop anna list --json 2>/dev/null | sed "s/'/''/g")' AS j)")" null
}

@test "an error is one JSON value with its sentence" {
    run --separate-stderr laptop anna show nobody-is-called-so --json
    equal "$status" 2
    equal "$stderr" ""
    printf '%s' "$output" >"$home/answer"
    equal "$(members '$')" $'error\nsentence'
}
