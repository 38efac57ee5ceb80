#!/usr/bin/env bats
# Tests: common/record/record_closing.c common/review/review_closing.c client/show/closing.c client/command/unseen.c client/command/conflicts.c
# Closing beside writing: who closes a case says how far it was seen, and what was written beside that contests it.
load lib

setup_file() {
    new_office 40
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

code_of() { field '$.conflicts.status.code' laptop "$1" show "$2" --json; }
loud() { field '$.conflicts.status.loud' laptop "$1" show "$2" --json; }
status_of() { field '$.fields.status' laptop "$1" show "$2" --json; }
# closed_beside: anna closes a case while ben, who has not seen that, writes into it.
closed_beside() {
    take_case anna ben
    laptop anna show "$case" >/dev/null
    laptop ben show "$case" >/dev/null
    laptop anna set "$case" status=closed outcome="moved away"
    printf 'needs insulin\n' | laptop ben note "$case" --type telephone
    laptop ben set "$case" risk=high
    sync anna ben anna
}

@test "A closes a case; B, offline, writes 'needs insulin' and risk=high; both sync; both hear of it by name" {
    closed_beside
    # Both laptops, and the office, show the case as closed and contested.
    for who in anna ben; do
        equal "$(status_of $who "$case")" closed
        equal "$(loud $who "$case")" 1
        run laptop $who show "$case"
        has "$output" "closed, though others went on"
        has "$output" "note, text: needs insulin"
        has "$output" "case, risk: high"
        has "$output" "by Worker Ben"
        has "$output" "who had not seen that it was closed"
        has "$output" "closed by Worker Anna"
        run laptop $who conflicts --mine
        equal "$status" 1
        has "$output" "without having seen that this case was closed"
        has "$output" "needs insulin"
    done
    run satcheld conflicts "$office"
    has "$output" "without having seen that this case was closed"
    run laptop ben sync
    has "$output" "was closed by Worker Anna"
    has "$output" "needs insulin"
    # It is a person's to decide, with all of it in view.
    fails 2 "contested" laptop anna set "$case" status=open
    laptop anna resolve "$case" status closed --seen "$(code_of anna "$case")"
    sync anna ben
    for who in anna ben; do
        equal "$(status_of $who "$case")" closed
        equal "$(loud $who "$case")" ""
    done
}

@test "whoever was shown the closing names it, and contests nothing" {
    take_case anna ben
    laptop anna set "$case" status=closed
    sync anna ben
    has "$(cat "$home/sync.ben")" ": closed, by Worker Anna"
    printf 'called to say goodbye\n' | laptop ben note "$case" --type telephone
    laptop ben set "$case" title="as it ended"
    # What is voided in a closed case is voided, and no more.
    note=$(printf 'wrong case\n' | laptop ben note "$case" --type telephone | tail -n 1)
    laptop ben void "$note" --reason "wrong case"
    equal "$(field '$.voided' laptop ben show "$note" --json)" 1
    equal "$(field '$.void_contested' laptop ben show "$note" --json)" 0
    sync ben anna
    equal "$(loud anna "$case")" ""
    equal "$(loud ben "$case")" ""
}

@test "what lies on the laptop and was not shown is no knowledge of the closing" {
    take_case anna ben
    laptop anna set "$case" status=closed
    sync anna
    laptop ben sync --json >/dev/null 2>&1 || true
    printf 'went there\n' | laptop ben note "$case" --type "home visit" --visited 2026-01-05
    sync ben anna
    equal "$(loud anna "$case")" 1
}

@test "before a closing, what of the case was not shown is printed, and then it is seen" {
    take_case anna ben
    printf 'needs a wheelchair\n' | laptop ben note "$case" --type telephone
    sync ben
    laptop anna sync --json >/dev/null 2>&1 || true
    run laptop anna set "$case" status=closed --json
    equal "$status" 2
    has "$output" "look first"
    run laptop anna set "$case" status=closed
    equal "$status" 0
    has "$output" "note: text by Worker Ben"
    has "$output" "needs a wheelchair"
    sync anna ben
    equal "$(loud ben "$case")" ""
}

@test "what an import wrote is counted before a closing, not listed and not taken for seen, and contests nothing" {
    take_case anna ben
    run laptop anna set "$case" status=closed
    equal "$status" 0
    has "$output" "an import wrote 1 case"
    has "$output" "that you have not looked at whole; \`satchel show "
    [ "${#lines[@]}" -lt 8 ]
    # A title that the import wrote was not shown: it stays beside the new one.
    run laptop anna set "$case" title="as it ended"
    has "$output" "you had not seen it"
    sync anna ben
    for who in anna ben; do equal "$(loud $who "$case")" ""; done
}

@test "--json says what stands beside a closing: kind, record, field, value and author" {
    closed_beside
    laptop ben conflicts --json >"$home/answer" || [ $? -eq 1 ]
    rows="json_each(CAST(readfile('$home/answer') AS TEXT)) c, json_each(c.value, '$.beside') b"
    equal "$(sqlite3 :memory: "SELECT group_concat(key) FROM (SELECT DISTINCT k.key FROM $rows, json_each(b.value) k)")" \
        "field,kind,record,value,author,author_id,device,device_label,wall_ms,received_ms,wrong_clock,import"
    has "$(sqlite3 :memory: "SELECT json_extract(b.value, '$.kind') || ' ' || json_extract(b.value, '$.field') || ' ' || json_extract(b.value, '$.value') || ' ' || json_extract(b.value, '$.author') FROM $rows")" \
        "case risk high Worker Ben"
}

@test "a plan that is completed beside writing is contested in the same way" {
    take_case anna ben
    plan=$(laptop anna new plan "$case" title="learn to inject" status=active)
    sync anna ben
    laptop anna set "$plan" status=completed
    printf 'has not learnt it\n' | laptop ben note "$case" --type telephone
    sync anna ben anna
    equal "$(loud anna "$plan")" 1
    run laptop anna show "$plan"
    has "$output" "has not learnt it"
    has "$output" "status active --seen"
    laptop anna resolve "$plan" status active --seen "$(code_of anna "$plan")"
    sync anna ben
    equal "$(status_of ben "$plan")" active
    equal "$(loud ben "$plan")" ""
}

@test "the --seen code covers what contests: what came after the look is not decided over" {
    add_laptop cara
    take_case anna ben cara
    laptop anna set "$case" status=closed outcome="moved away"
    printf 'needs insulin\n' | laptop ben note "$case" --type telephone
    laptop cara set "$case" risk=high
    sync anna ben anna
    code=$(code_of anna "$case")
    laptop anna show "$case" >/dev/null
    sync cara anna
    fails 2 "has changed since you looked" laptop anna resolve "$case" status closed --seen "$code"
    laptop anna resolve "$case" status open --seen "$(code_of anna "$case")" --reason "insulin"
    # Reopening ends outcome and day of closing with it.
    equal "$(status_of anna "$case")" open
    equal "$(field '$.fields.outcome' laptop anna show "$case" --json)" ""
    sync anna cara
    equal "$(status_of cara "$case")" open
    equal "$(loud cara "$case")" ""
}

@test "a closing with the case's import, or of what is taken down as closed, follows the status alone" {
    take_case anna ben
    plan=$(laptop anna new plan "$case" title="long ago" status=completed)
    printf 'another matter\n' | laptop ben note "$case" --type telephone
    sync anna ben anna
    equal "$(loud anna "$plan")" ""
    equal "$(status_of anna "$plan")" completed
}

@test "what comes into view with a closing is not lowered by the same line" {
    take_case anna ben
    laptop anna set "$case" level_of_care=intensive
    sync anna
    laptop ben sync --json >/dev/null 2>&1 || true
    run laptop ben set "$case" level_of_care=minimal status=closed --reason "moved away"
    equal "$status" 1
    has "$output" "level_of_care by Worker Anna"
    has "$output" "intensive, by Worker Anna"
    has "$output" "you saw it only now"
    has "$output" "level_of_care stays intensive; to lower it: "
    run laptop ben show "$case"
    has "$output" "level_of_care     intensive"
    sync ben
    run laptop anna sync
    has "$output" "stays as high as it was, and lower was written beside it: minimal, by Worker Ben"
    has_not "$output" "was raised"
}
