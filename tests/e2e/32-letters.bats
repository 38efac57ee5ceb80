#!/usr/bin/env bats
# Tests: client/command/note.c client/command/search.c client/command/list.c client/show/doubts.c common/base/fold.c common/base/utf8.c
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

@test "a name is found by any spelling: capitals, marks, either apostrophe" {
    laptop anna new client legal_name="José García" preferred_name="Pepe O’Neill" phone="(030) 555-12 34" >/dev/null
    laptop anna new client legal_name="Ulrike Öberg" >/dev/null
    for words in jose JOSÉ "garcia jose" "o'neill" "O’NEILL"; do
        has "$(laptop anna search "$words")" "García"
    done
    for words in oberg Öberg öberg OBERG; do
        has "$(laptop anna search "$words")" "Ulrike Öberg"
    done
    equal "$(laptop anna search oberh)" ""
}

@test "a telephone number is found in any spelling" {
    for words in 0305551234 "030 5551234" "+49 30 555 1234" "030/555-1234"; do
        has "$(laptop anna search "$words")" "phone: (030) 555-12 34"
    done
    equal "$(laptop anna search 0305551235)" ""
}

@test "names are sorted by their letters, not by their bytes" {
    for name in "Ángel Zz" "andrea zz" "Zoë Zz" "Åke Zz" "bert Zz"; do laptop anna new client legal_name="$name" >/dev/null; done
    equal "$(laptop anna list client | grep -io '[^ ]* zz' | tr '\n' ',')" "Åke Zz,andrea zz,Ángel Zz,bert Zz,Zoë Zz,"
}

@test "times are local, with their zone, in show, list, history and errors" {
    take_case anna
    TZ=America/Los_Angeles laptop anna set "$case" next_visit="2027-01-04 10:00"
    TZ=America/Los_Angeles laptop anna note "$case" "Rang." --visited "2026-07-01 22:30" >/dev/null
    has "$(TZ=America/Los_Angeles laptop anna show "$case")" "2027-01-04 10:00 PST"
    has "$(TZ=America/Los_Angeles laptop anna list)" "2027-01-04 10:00 PST"
    has "$(TZ=Europe/Berlin laptop anna list)" "2027-01-04 19:00 CET"
    has "$(TZ=America/Los_Angeles laptop anna list note --case "$case")" "2026-07-01 22:30 PDT"
    has "$(TZ=America/Los_Angeles laptop anna show "$case")" "written           $(TZ=America/Los_Angeles date +%Y-%m-%d)"
    TZ=America/Los_Angeles fails 2 "a time: write it as 2025-05-31 14:30" laptop anna set "$case" next_visit=tomorrow
    equal "$(field '$.fields.next_visit' laptop anna show "$case" --json)" "2027-01-04T18:00:00Z"
    secret wrong.passphrase "not the one that opens it"
    laptop anna lock
    ! laptop anna unlock --passphrase-file "$home/wrong.passphrase"
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    sync anna
    [[ "$(satcheld event list "$office" | tail -n 1)" =~ ^[0-9-]+\ [0-9:]+\ UTC\ \ [0-9-]+\ [0-9:]+\ UTC\ \ anna ]]
    has "$(satcheld event list "$office" --json)" "Z\""
}

@test "a day is a day: it is shown as that day in every zone" {
    take_case anna
    TZ=Pacific/Auckland laptop anna set "$case" next_visit=2027-01-04
    TZ=Pacific/Auckland laptop anna new service "$case" type=meal started=2026-05-09 >/dev/null
    for zone in America/Los_Angeles UTC Pacific/Auckland; do
        has "$(TZ=$zone laptop anna show "$case" | grep next_visit)" "2027-01-04"
        has_not "$(TZ=$zone laptop anna show "$case" | grep next_visit)" ":"
        has "$(TZ=$zone laptop anna list service --case "$case")" "2026-05-09"
    done
}

@test "notes and services are listed by date, the newest first" {
    take_case anna
    laptop anna note "$case" "Second." --visited "2026-03-02 10:00" --type other >/dev/null
    laptop anna note "$case" "Third." --visited "2026-03-03 10:00" --type other >/dev/null
    laptop anna note "$case" "First." --visited "2026-03-01 10:00" --type other >/dev/null
    equal "$(laptop anna list note --case "$case" | grep -o 'First\|Second\|Third' | tr '\n' ' ')" "Third Second First "
}

@test "death stands first wherever a person does" {
    take_case anna
    name=$(field '$.fields.legal_name' laptop anna show "$client" --json)
    laptop anna set "$client" death_date=2025-03-05
    equal "$(laptop anna show "$case" | head -n 1)" "DIED              2025-03-05"
    equal "$(laptop anna show "$client" | head -n 1)" "DIED              2025-03-05"
    # The day stands before the name, so that no screen cuts it off.
    has "$(laptop anna list | grep "${case: -8}")" " [died 2025-03-05] $name "
    has "$(laptop anna list client | grep "${client: -8}")" "  [died 2025-03-05] $name"
    has "$(laptop anna show "$case" | grep '^  client ')" " [died 2025-03-05] $name ("
    has "$(laptop anna show "$case" | grep '^case ')" "  [died 2025-03-05] $name"
    has "$(laptop anna search "$name" | head -n 1)" "  [died 2025-03-05] $name"
    has "$(laptop anna set "$case" risk=high 2>&1)" "[died 2025-03-05] $name"
    equal "$(rows "json_extract(value, '$.died')" "json_extract(value, '$.id') = '$case'" laptop anna list --json)" 2025-03-05
    equal "$(rows "DISTINCT json_extract(value, '$.died')" "json_extract(value, '$.scope') = '$client'" laptop anna search "$name" --json)" 2025-03-05
    # It is the person's, whichever of the records it was written on.
    other=$(field '$.record' laptop anna new client legal_name="Of One Person" --json)
    laptop anna link "$client" "$other"
    has "$(laptop anna set "$other" phone=5 2>&1)" "[died 2025-03-05] Of One Person"
    has "$(laptop anna list client | grep "${other: -8}")" "  [died 2025-03-05] Of One Person"
}

@test "a person who goes for a coffee at a question keeps nobody from writing" {
    take_case anna
    laptop anna set "$case" risk=high
    mkfifo "$home/coffee"
    for question in "new client legal_name=Nova_Later birth_date=2114-05-31" "set $case risk=low" "void $case --reason twice"; do
        SATCHEL_HOME=$home/anna timeout 120 script -qefc "'$bin/satchel' $question" "$home/screen" <"$home/coffee" >/dev/null 2>&1 3>&- &
        exec 8>"$home/coffee"
        await grep -Eq "same\? |why\? |yes or no" "$home/screen"
        laptop anna note "$case" --type telephone "Meanwhile: ${question%% *}."
        case $question in new*) echo y >&8 ;; set*) echo "calm again" >&8 ;; void*) echo yes >&8 ;; esac
        exec 8>&-
        wait $!
    done
    has "$(laptop anna search Nova_Later)" "Nova_Later"
    has "$(laptop anna log "$case")" "calm again"
    equal "$(field '$.voided' laptop anna show "$case" --json)" 1
    laptop anna sync >/dev/null 2>&1 || [ $? -eq 1 ]
    equal "$(field '$.agrees' laptop anna status --json)" 1
}

@test "implausible values are asked about once at a terminal, written elsewhere, and marked" {
    run at_terminal anna 'n\n' new client legal_name="Nova Tomorrow" birth_date=2114-05-31
    has "$output" "the birth date lies in the future. Write it all the same?"
    equal "$(laptop anna search "Nova Tomorrow")" ""
    run at_terminal anna 'y\n' new client legal_name="Nova Tomorrow" birth_date=2114-05-31
    has "$(laptop anna search "Nova Tomorrow")" "Nova Tomorrow"
    has "$(laptop anna list client | grep Tomorrow)" "[implausible]"
    # Once: what was asked about is not asked about again.
    run at_terminal anna '' set "Nova Tomorrow" gender=woman
    has_not "$output" "the birth date"
    run laptop anna new client preferred_name="No Papers"
    equal "$status" 0
    has "$output" "there is no legal name: it is written, and marked"
    has "$(laptop anna show "No Papers")" "IS THIS RIGHT?    there is no legal name"
    equal "$(field '$.implausible[0].words' laptop anna show "No Papers" --json)" "there is no legal name"
    take_case anna
    has "$(laptop anna new service "$case" type=meal units=-3 started=2026-11-20 2>&1)" "the units are negative"
    has "$(laptop anna show "$case")" "the units are negative"
}
