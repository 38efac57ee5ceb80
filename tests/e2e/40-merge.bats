#!/usr/bin/env bats
# Tests: common/record/merge.c common/record/record.c client/command/conflicts.c client/sync/decided.c
# Two laptops without a network, one case: what each wrote is there afterwards, whoever comes home first, and all agree.
load lib

setup_file() {
    new_office 60
    start
    add_laptop anna
    add_laptop ben
    add_laptop carla
}
teardown_file() { end_all; }

shown() { field "\$.fields.$3" laptop "$1" show "$2" --json; }
# values WHO RECORD FIELD: the live values of a contested field with their authors, as a laptop lists them.
values() {
    laptop "$1" conflicts --json >"$home/conflicts.json" 2>/dev/null || [ $? -eq 1 ]
    sqlite3 :memory: "SELECT json_extract(v.value, '$.value') || ' by ' || json_extract(v.value, '$.author')
        FROM json_each(CAST(readfile('$home/conflicts.json') AS TEXT)) c, json_each(c.value, '$.values') v
        WHERE json_extract(c.value, '$.record') = '$2' AND json_extract(c.value, '$.field') = '$3' ORDER BY 1"
}
# all_agree WHO...: everyone meets the office until nobody brings anything new, and shows what the office shows.
all_agree() {
    sync "$@"
    sync "$@"
    for who in "$@"; do equal "$who: $(field '$.agrees' laptop "$who" status --json)" "$who: 1"; done
    for who in "$@"; do equal "$who: $(field '$.queued' laptop "$who" status --json)" "$who: 0"; done
}

# risk FIRST SECOND RAISER LOWERER
risk() {
    local raiser=$3 lowerer=$4
    laptop "$raiser" set "$case" risk=critical
    laptop "$lowerer" set "$case" risk=low --reason "Calm by now."
    sync "$1"
    run laptop "$2" sync
    equal "$status" 1
    has "$output" "for a decision, "
    all_agree anna ben carla
    for who in anna ben carla; do
        equal "$who: $(shown $who "$case" risk)" "$who: critical"
        equal "$(values $who "$case" risk)" "critical by Worker ${raiser^}
low by Worker ${lowerer^}"
    done
}

# What is said of a conflict at the office: authors, values, and times as evidence.
office_lists_both() {
    satcheld conflicts "$office" --json >"$home/conflicts.json" 2>/dev/null || [ $? -eq 1 ]
    sqlite3 :memory: "SELECT count(*), count(DISTINCT json_extract(v.value, '$.author')),
        count(DISTINCT json_extract(v.value, '$.value')), min(json_extract(v.value, '$.wall_ms')) > 1700000000000,
        min(json_extract(v.value, '$.received_ms')) > 1700000000000
        FROM json_each(CAST(readfile('$home/conflicts.json') AS TEXT)) c, json_each(c.value, '$.values') v
        WHERE json_extract(c.value, '$.record') = '$case' AND json_extract(c.value, '$.field') = 'risk'"
}

@test "risk raised by one and lowered by another: all show the higher, both are listed; the one who raised comes home first" {
    take_case anna ben carla
    laptop carla set "$case" risk=moderate
    all_agree anna ben carla
    risk anna ben anna ben
    equal "$(office_lists_both)" "2|2|2|1|1"
}

@test "risk raised by one and lowered by another: all show the higher, both are listed; the one who lowered comes home first" {
    take_case anna ben carla
    laptop carla set "$case" risk=moderate
    all_agree anna ben carla
    risk ben anna anna ben
    equal "$(office_lists_both)" "2|2|2|1|1"
}

@test "the conflict waits until one who saw both decides, and then all show the decision" {
    take_case anna ben carla
    risk anna ben anna ben
    # Words at the office say who must decide, and the exit status that somebody must.
    run satcheld conflicts "$office"
    equal "$status" 1
    has "$output" "A PERSON MUST DECIDE"
    has "$output" "to decide: Worker Anna"
    fails 2 "" resolve carla "$case" risk nothing
    fails 2 "not contested" laptop carla resolve "$case" title x
    resolve carla "$case" risk low --reason "Seen together with both."
    all_agree anna ben carla
    for who in anna ben carla; do
        equal "$(shown $who "$case" risk)" low
        equal "$(values $who "$case" risk)" ""
        has "$(laptop $who log "$case")" "Seen together with both."
    done
    # Nothing that was said is gone.
    has "$(laptop ben log "$case")" "critical"
}

@test "what is contested is not set in passing: it takes a decision" {
    take_case anna ben
    laptop anna set "$case" risk=critical
    laptop ben set "$case" risk=low --reason "Calm by now."
    sync anna ben anna
    fails 2 "contested" laptop anna set "$case" risk=low
    equal "$(shown anna "$case" risk)" critical
    resolve anna "$case" risk critical --reason "Still so."
    laptop anna set "$case" risk=high --reason "Better."
    equal "$(shown anna "$case" risk)" high
    sync anna ben
    equal "$(shown ben "$case" risk)" high
}

@test "one who saw only one of two values does not end the conflict" {
    take_case anna ben carla
    laptop anna set "$case" risk=high
    laptop ben set "$case" risk=critical
    sync anna
    sync carla
    # Carla lowers what she sees: Anna's. She has not seen Ben's.
    laptop carla set "$case" risk=low --reason "Calm by now."
    sync ben
    all_agree anna ben carla
    for who in anna ben carla; do
        equal "$(shown $who "$case" risk)" critical
        equal "$(values $who "$case" risk)" "critical by Worker Ben
low by Worker Carla"
    done
}

@test "two people decide differently at the same time: that is a conflict again" {
    take_case anna ben
    laptop anna set "$case" risk=high
    laptop ben set "$case" risk=low --reason "Calm by now."
    all_agree anna ben
    resolve anna "$case" risk low
    resolve ben "$case" risk high
    all_agree anna ben
    equal "$(shown anna "$case" risk)" high
    equal "$(values ben "$case" risk)" "high by Worker Ben
low by Worker Anna"
    resolve anna "$case" risk 1
    all_agree anna ben
    equal "$(values ben "$case" risk)" ""
}

@test "two laptops add different allergies: both are there, and nothing is to be decided" {
    take_case anna ben
    laptop anna add "$client" "allergy=penicillin (severe: anaphylaxis)"
    laptop ben add "$client" "allergy=latex (moderate: rash)"
    all_agree ben anna
    for who in anna ben; do
        has "$(shown $who "$client" allergy)" "penicillin (severe: anaphylaxis)"
        has "$(shown $who "$client" allergy)" "latex (moderate: rash)"
        equal "$(values $who "$client" allergy)" ""
    done
}

@test "one takes an allergy out while another adds it again: it stays" {
    take_case anna ben
    laptop anna add "$client" "allergy=walnut"
    all_agree anna ben
    laptop anna remove "$client" "allergy=walnut"
    laptop ben add "$client" "allergy=walnut"
    all_agree anna ben
    for who in anna ben; do has "$(shown $who "$client" allergy)" walnut; done
    # One who sees both takes it out, and it is out.
    laptop ben remove "$client" "allergy=walnut"
    all_agree anna ben
    for who in anna ben; do has_not "$(laptop $who show "$client")" walnut; done
}

@test "two laptops write notes: both are there" {
    take_case anna ben
    laptop anna note "$case" "In good spirits."
    laptop ben note "$case" "Asks for help with the rent."
    all_agree anna ben
    for who in anna ben; do
        has "$(laptop $who show "$case")" "In good spirits."
        has "$(laptop $who show "$case")" "Asks for help with the rent."
    done
}

@test "two telephone numbers: the later one shows, the other one is listed, quietly" {
    take_case anna ben
    laptop ben set "$client" phone="+1 555 0100"
    laptop anna set "$client" phone="+1 555 0199"
    sync anna
    sync ben
    run laptop ben conflicts
    has "$output" "parallel edit"
    all_agree anna ben
    for who in anna ben; do
        equal "$(shown $who "$client" phone)" "+1 555 0199"
        equal "$(values $who "$client" phone)" "+1 555 0100 by Worker Ben
+1 555 0199 by Worker Anna"
    done
}

@test "two legal names: the one that the office accepted first shows, contested, until a person decides" {
    take_case anna ben
    laptop ben set "$client" legal_name="Grace B. Hopper"
    laptop anna set "$client" legal_name="Grace Brewster Hopper"
    sync anna
    sync ben
    all_agree anna ben
    for who in anna ben; do equal "$(shown $who "$client" legal_name)" "Grace Brewster Hopper"; done
    equal "$(values anna "$client" legal_name)" "Grace B. Hopper by Worker Ben
Grace Brewster Hopper by Worker Anna"
    resolve ben "$client" legal_name "Grace B. Hopper"
    all_agree anna ben
    for who in anna ben; do equal "$(shown $who "$client" legal_name)" "Grace B. Hopper"; done
}

@test "hours of service are summed, whoever adds them" {
    take_case anna ben
    service=$(laptop anna new service "$case" type="Cleaning" units=30)
    all_agree anna ben
    laptop anna add "$service" units=15
    laptop ben add "$service" units=-5
    all_agree anna ben
    for who in anna ben; do equal "$(shown $who "$service" units)" 40; done
}

@test "two write in different paragraphs of one assessment: both are in, nobody is called, and one who comes later sees it too" {
    take_case anna ben
    laptop anna set "$case" assessment=$'Lives alone.\n\nWalks well.'
    laptop anna set "$case" assessment=$'Lives alone here.\n\nWalks well.'
    all_agree anna ben
    laptop anna set "$case" assessment=$'Lives alone here.\n\nWalks with a stick.'
    laptop ben set "$case" assessment=$'Lives with a friend here.\n\nWalks well.'
    all_agree anna ben
    # Carla gets the case only now: the text before both has long been replaced.
    satcheld case assign "$office" "$case" carla
    all_agree carla anna
    for who in anna ben carla; do
        equal "$(shown $who "$case" assessment)" $'Lives with a friend here.\n\nWalks with a stick.'
        equal "$(field '$.conflicts.assessment.loud' laptop $who show "$case" --json)" 0
        equal "$(field '$.conflicts.assessment.merged.overlaps' laptop $who show "$case" --json)" 0
        has "$(laptop $who show "$case")" "Worker Anna"
        has "$(laptop $who show "$case")" '"with a stick" in place of "well"'
        has "$(values $who "$case" assessment)" "Lives with a friend here."
    done
    # One makes it one version; and who writes over it sees both.
    resolve ben "$case" assessment merged
    all_agree anna ben carla
    for who in anna ben carla; do
        equal "$(shown $who "$case" assessment)" $'Lives with a friend here.\n\nWalks with a stick.'
        equal "$(values $who "$case" assessment)" ""
    done
}

@test "two write in one place of an assessment: both stand whole, marked, until a person brings them together" {
    take_case anna ben
    laptop anna set "$case" assessment=$'Lives alone.\n\nWalks well.'
    all_agree anna ben
    laptop anna set "$case" assessment=$'Lives with her sister.\n\nWalks well.'
    laptop ben set "$case" assessment=$'Lives in a home.\n\nWalks with a stick.'
    all_agree anna ben
    satcheld case assign "$office" "$case" carla
    all_agree carla anna
    for who in anna ben carla; do
        has "$(shown $who "$case" assessment)" "[versions of this place, to be brought together:]"
        has "$(shown $who "$case" assessment)" "with her sister"
        has "$(shown $who "$case" assessment)" "in a home"
        has "$(shown $who "$case" assessment)" "Walks with a stick."
        has_not "$(shown $who "$case" assessment)" "Walks well."
        equal "$(field '$.conflicts.assessment.loud' laptop $who show "$case" --json)" 1
        has "$(values $who "$case" assessment)" "by Worker Ben"
    done
    fails 2 "overlap in 1 place" resolve ben "$case" assessment merged
    resolve ben "$case" assessment $'Lives with her sister.\n\nWalks with a stick.'
    all_agree anna ben carla
    for who in anna ben carla; do
        equal "$(shown $who "$case" assessment)" $'Lives with her sister.\n\nWalks with a stick.'
        equal "$(values $who "$case" assessment)" ""
    done
}

@test "one writes on a version that is long replaced, for a laptop that never had it: the office sends what it lacks" {
    take_case anna ben
    laptop anna set "$case" assessment=$'Lives alone.\n\nWalks well.'
    all_agree anna ben
    laptop ben set "$case" assessment=$'Lives alone.\n\nWalks badly.'
    laptop anna set "$case" assessment=$'Lives alone, upstairs.\n\nWalks well.'
    sync anna
    laptop anna set "$case" assessment=$'Lives alone, downstairs.\n\nWalks well.'
    sync anna
    # Carla gets the case with the last version alone; only then does Ben come home.
    satcheld case assign "$office" "$case" carla
    sync carla
    equal "$(shown carla "$case" assessment)" $'Lives alone, downstairs.\n\nWalks well.'
    sync ben
    all_agree carla anna ben
    for who in anna ben carla; do
        equal "$(shown $who "$case" assessment)" $'Lives alone, downstairs.\n\nWalks badly.'
    done
}

@test "a status change whose start is gone is contested, and never shown over one that follows" {
    take_case anna ben carla
    laptop carla set "$case" status=open
    all_agree anna ben carla
    laptop ben set "$case" status="on hold" # ben stays out
    laptop anna set "$case" status=closed
    sync anna carla
    laptop carla set "$case" status=open # carla has not got ben's
    sync ben
    all_agree anna ben carla
    for who in anna ben carla; do
        equal "$(shown $who "$case" status)" open
        equal "$(values $who "$case" status)" "on hold by Worker Ben
open by Worker Carla"
    done
    # Who gets the case only now sees the same.
    satcheld case release "$office" "$case" anna
    sync anna
    satcheld case assign "$office" "$case" anna
    all_agree anna
    equal "$(shown anna "$case" status)" open
    resolve anna "$case" status "on hold"
    all_agree anna ben carla
    for who in anna ben carla; do equal "$(shown $who "$case" status)" "on hold"; done
}

@test "one voids a note, another amends it: it comes back, contested, until a person decides" {
    take_case anna ben
    note=$(laptop anna note "$case" "He was not at home.")
    all_agree anna ben
    laptop anna void "$note" --reason "wrong case"
    laptop ben set "$note" text="He was in the garden."
    all_agree ben anna
    for who in anna ben; do
        has "$(laptop $who show "$case")" "He was in the garden."
        equal "$(field '$.void_contested' laptop $who show "$note" --json)" 1
    done
    resolve anna "$note" void yes
    all_agree anna ben
    for who in anna ben; do equal "$(field '$.voided' laptop $who show "$note" --json)" 1; done
}

@test "after all of it the office's record is a replay of its log" {
    run satcheld check "$office"
    equal "$status" 0
}
