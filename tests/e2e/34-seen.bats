#!/usr/bin/env bats
# Tests: client/store/seen.c client/store/store.c client/command/unseen.c client/command/told_news.c client/sync/news.c client/command/voiding.c
# What a person was shown is the person's, not the laptop's: nothing else is replaced.
load lib

setup_file() {
    new_office 40
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

shown() { field "\$.fields.$3" laptop "$1" show "$2" --json; }
# at_terminal WHO LINES COMMAND...: satchel on a terminal, on which LINES are typed.
at_terminal() {
    local who=$1 typed=$2
    shift 2
    printf '%b' "$typed" | SATCHEL_HOME=$home/$who timeout 60 script -qec "$(printf '%q ' "$bin/satchel" "$@")" /dev/null 3>&-
}

@test "a sync says by name what came: a risk that was raised, an alert, an allergy, a closing, a new case" {
    take_case anna ben
    laptop ben set "$case" risk=critical status=closed --reason "threats with a knife"
    laptop ben add "$client" "alert=a dog that bites" "allergy=latex"
    sync ben
    run laptop anna sync
    equal "$status" 0
    has "$output" "was raised: critical, by Worker Ben"
    has "$output" "'threats with a knife'"
    has "$output" "a dog that bites, by Worker Ben"
    has "$output" "latex, by Worker Ben"
    has "$output" ": closed, by Worker Ben"
    # It is told once.
    run laptop anna sync
    has_not "$output" "latex"
    take_case anna
    has "$(cat "$home/sync.anna")" "new case of "
}

@test "a risk that a sync brought for a program alone is not lowered: it stays, and the answer says so" {
    take_case anna ben
    laptop ben set "$case" risk=critical --reason "threats with a knife"
    sync ben
    laptop anna sync --json >/dev/null 2>&1
    laptop anna show "$case" --json >/dev/null
    run laptop anna set "$case" risk=low
    equal "$status" 1
    has "$output" "critical, by Worker Ben on "
    has "$output" ": 'threats with a knife'; you had not seen it"
    has "$output" "risk stays critical; to lower it: "
    equal "$(shown anna "$case" risk)" critical
    fails 2 "contested" laptop anna set "$case" risk=low
    resolve anna "$case" risk low
    equal "$(shown anna "$case" risk)" low
}

@test "what was shown is still shown in another sitting; --json shows it with --seen" {
    take_case anna ben
    laptop ben set "$client" phone="555 0100"
    sync ben anna
    laptop anna show "$client" >/dev/null
    laptop anna set "$client" phone="555 0101"
    equal "$(field '$.conflicts.phone.label' laptop anna show "$client" --json)" ""
    sync anna ben
    laptop ben show "$client" --json --seen >/dev/null
    laptop ben set "$client" phone="555 0102"
    equal "$(field '$.conflicts.phone.label' laptop ben show "$client" --json)" ""
    sync ben anna
    laptop anna show "$client" --json >/dev/null
    laptop anna set "$client" phone="555 0103"
    equal "$(field '$.conflicts.phone.label' laptop anna show "$client" --json)" "parallel edit"
}

@test "what did not reach its reader was not shown" {
    take_case anna ben
    laptop ben set "$client" phone="555 0100"
    sync ben anna
    laptop anna show "$client" >/dev/full 2>/dev/null || true
    laptop anna set "$client" phone="555 0101"
    equal "$(field '$.conflicts.phone.label' laptop anna show "$client" --json)" "parallel edit"
}

@test "what could not be shown is not written over" {
    take_case anna ben
    laptop ben set "$case" assessment="She is safe at her sister's."
    sync ben anna
    run bash -c "SATCHEL_HOME=$home/anna $bin/satchel set $case assessment='Nothing new.' 3>&- 2>/dev/full"
    equal "$status" 2
    equal "$(shown anna "$case" assessment)" "She is safe at her sister's."
}

@test "lowering a risk asks for the reason on a terminal, and is refused without one" {
    take_case anna
    laptop anna set "$case" risk=critical
    fails 2 "say why, with --reason TEXT" laptop anna set "$case" risk=low
    equal "$(shown anna "$case" risk)" critical
    run at_terminal anna '\n' set "$case" risk=low
    equal "$status" 2
    equal "$(shown anna "$case" risk)" critical
    run at_terminal anna 'It was a letter opener.\n' set "$case" risk=low
    equal "$status" 0
    has "$output" "this lowers risk; why?"
    equal "$(shown anna "$case" risk)" low
    has "$(laptop anna log "$case")" "It was a letter opener."
}

@test "a void of a whole case asks on a terminal, says what goes out of view, and how to undo it" {
    take_case anna
    laptop anna note "$case" "A word."
    run at_terminal anna 'no\n' void "$case" --reason twice
    equal "$status" 2
    has "$output" " out of view for everybody"
    has "$output" "of kind note"
    equal "$(field '$.voided' laptop anna show "$case" --json)" 0
    run at_terminal anna 'yes\n' void "$case" --reason twice
    equal "$status" 0
    has "$output" "to bring it back: "
    equal "$(field '$.voided' laptop anna show "$case" --json)" 1
    resolve anna "$case" void no
    equal "$(field '$.voided' laptop anna show "$case" --json)" 0
}
