#!/usr/bin/env bats
# Tests: common/person/match.c daemon/task/task_duplicate.c client/command/duplicates.c
# Two laptops without a network take down one person. The office proposes with the evidence, a person links, and both
# laptops show what both wrote; undone, each is as it was. Nothing is linked by itself.
load lib

setup_file() {
    new_office 30
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

# take_down WHO NAME BIRTH ALLERGY: a new person with a case, on a laptop without a network; sets client_WHO and case_WHO.
take_down() {
    local client file
    client=$(laptop "$1" new client "legal_name=$2" "birth_date=$3" "allergy=$4" 2>/dev/null)
    file=$(laptop "$1" new case "client=$client" "title=taken down by $1" risk=high 2>/dev/null)
    printf -v "client_$1" %s "$client"
    printf -v "case_$1" %s "$file"
}
# The office gives each case to whoever took it down.
give_back() {
    sync anna ben
    satcheld case assign "$office" "$case_anna" anna
    satcheld case assign "$office" "$case_ben" ben
    sync anna ben
}
# pairs WORDS: how many pairs the office proposes of the two records.
pairs() {
    rows "count(*)" "json_extract(value, '\$.class') = '$1' AND '$client_anna' IN (json_extract(value, '\$.a.id'),
        json_extract(value, '\$.b.id')) AND '$client_ben' IN (json_extract(value, '\$.a.id'),
        json_extract(value, '\$.b.id'))" proposed
}
proposed() {
    satcheld duplicates "$office" --json >"$home/proposed.json" 2>/dev/null || [ $? -eq 1 ]
    sql_json "$home/proposed.json" "json_extract(j, '\$.pairs')"
}
shows() { laptop "$1" show "$2" 2>/dev/null; }

@test "one person, two laptops: proposed with the evidence, linked by a person, both allergies on both laptops, undone" {
    take_down anna "Wilhelmina Ashgrove" 1971-03-04 "penicillin (severe)"
    take_down ben "ASHGROVE Wilhelmine" 1971-04-03 "nuts"
    give_back
    # Neither laptop has heard of the other's record, and nothing happened by itself.
    has_not "$(shows anna "$case_anna")" nuts
    has_not "$(shows ben "$case_ben")" penicillin
    run satcheld duplicates "$office"
    equal "$status" 1
    has "$output" "'Wilhelmina Ashgrove' / 'ASHGROVE Wilhelmine'"
    has "$output" "day and month swapped: '1971-03-04' / '1971-04-03'"
    equal "$(pairs possible)" 1
    satcheld link "$office" "$client_anna" "${client_ben: -8}" --reason "Both say so." 2>/dev/null
    equal "$(pairs possible)" 0
    sync anna ben
    has "$(shows anna "$case_anna")" "nuts  (recorded on ${client_ben: -8})"
    has "$(shows ben "$case_ben")" "penicillin (severe)  (recorded on ${client_anna: -8})"
    has "$(shows anna "$case_anna")" "SAME PERSON AS    ${client_ben: -8}"
    has "$(laptop anna list 2>/dev/null)" "[linked]"
    # The record comes, its case does not.
    fails 2 "" laptop anna show "$case_ben"
    for who in anna ben; do equal "$who: $(field '$.agrees' laptop "$who" status --json)" "$who: 1"; done
    # Anna, who holds both now, undoes it.
    laptop anna unlink "$client_anna" "$client_ben" --reason "Two cousins." 2>/dev/null
    sync anna ben
    sync anna ben
    has_not "$(shows anna "$case_anna")" nuts
    has "$(shows anna "$case_anna")" "penicillin (severe)"
    has_not "$(shows ben "$case_ben")" penicillin
    fails 2 "" laptop anna show "$client_ben"
    for who in anna ben; do equal "$who: $(field '$.agrees' laptop "$who" status --json)" "$who: 1"; done
    equal "$(pairs possible)" 1
    # Nothing of either record is lost at the office, and its log says who linked and unlinked, and why.
    equal "$(satcheld report "$office" "SELECT allergy FROM client WHERE id = '$client_ben'" --json | grep -c nuts)" 1
    satcheld check "$office" >/dev/null
}

@test "marked as two people they are not proposed again, until somebody takes the mark back" {
    take_down anna "Ottoline Fairbrother" 1980-05-06 "latex"
    take_down ben "Ottoline Fairbrother" 1980-05-06 "dust"
    give_back
    equal "$(pairs likely)" 1
    satcheld different "$office" "$client_anna" "$client_ben" 2>/dev/null
    equal "$(pairs likely)" 0
    satcheld different "$office" --undo "$client_anna" "$client_ben" 2>/dev/null
    equal "$(pairs likely)" 1
}

@test "who takes down a person that is on the laptop already is told, with the commands for both answers" {
    laptop anna new client "legal_name=Ignatius Copperfield" birth_date=1966-07-08 >"$home/first" 2>/dev/null
    run --separate-stderr laptop anna new client "legal_name=Ignatius Coperfield" birth_date=1966-07-08
    equal "$status" 0
    has "$stderr" "looks like Ignatius Copperfield, born 1966-07-08 ($(tail -c 9 "$home/first"))"
    has "$stderr" "satchel link ${output: -8}"
    run laptop anna duplicates
    equal "$status" 1
    has "$output" "the same date of birth: '1966-07-08'"
    laptop anna link 'Ignatius Copperfield' 'ignatius coperfield' 2>/dev/null
    run laptop anna duplicates
    has_not "$output" Copperfield
}
