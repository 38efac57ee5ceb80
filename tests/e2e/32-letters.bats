#!/usr/bin/env bats
# Tests: client/command/note.c client/command/search.c client/command/list.c common/base/fold.c common/base/utf8.c
# Days, times and letters as people write and read them.
load lib

setup_file() {
    new_office 40
    start
    add_laptop anna
}
teardown_file() { end_all; }

# at_terminal WHO LINES COMMAND...: satchel on a terminal, on which LINES are typed.
at_terminal() {
    local who=$1 typed=$2
    shift 2
    printf '%b' "$typed" | SATCHEL_HOME=$home/$who timeout 60 script -qec "$(printf '%q ' "$bin/satchel" "$@")" /dev/null 3>&-
}

@test "a note's type is asked for on a terminal, by its first letters" {
    take_case anna
    run at_terminal anna 'x\ntel\n' note "$case" "Rang twice."
    has "$output" "type of the visit"
    equal "$(field '$[0].type[0]' laptop anna list note --case "$case" --json)" "telephone"
}

@test "blank notes are refused" {
    take_case anna
    fails 2 "the note is empty" laptop anna note "$case" "  "
    fails 2 "the note is empty" laptop anna note "$case" $' \n\t\xc2\xa0\xe2\x80\x8b'
}
