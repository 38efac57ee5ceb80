#!/usr/bin/env bats
# Tests: client/show/unknown.c common/record/record_newer.c common/schema/schema_table.c daemon/central/upgrade.c daemon/central/hold.c
# Programs of different schemas: a laptop, an office or an auditor that is older than the others keeps, deals on and shows
# as newer than itself what it does not know, and nothing is lost in either direction. The newer programs are built from
# the same sources with newer_schema.h.
load lib

setup_file() {
    new_office 30
    start
    touch "$home/zoe.newer" "$home/yan.newer"
    for who in anna ben zoe yan; do add_laptop "$who"; done
}
teardown_file() { end_all; }

# A laptop, and the office, run the newer programs where their mark is there; with `clock`, by another time.
clock=()
laptop() {
    local programs=$bin
    [ ! -e "$home/$1.newer" ] || programs=$bin/newer
    env "${clock[@]}" SATCHEL_HOME="$home/$1" "$programs/satchel" "${@:2}" 3>&-
}
office_is() { # newer or older
    [ "$1 $(test -e "$office.newer" && echo newer || echo older)" != "$1 $1" ] || return 0
    stop
    rm -f "$office.newer"
    [ "$1" = older ] || touch "$office.newer"
    restart
}
restart() { if [ -e "$office.newer" ]; then bin=$bin/newer start; else start; fi; }
older_auditor() { satchel_audit "$@"; }
newer_auditor() { local bin=$bin/newer; satchel_audit "$@"; }

report() { satcheld report "$office" "$1" | tail -n 1 | tr -d '\r'; }
shown() { field "\$.fields.$3" laptop "$1" show "$2" --json; }
# newer WHO RECORD FIELD: the values of a field that this laptop does not know, with their authors.
newer() {
    laptop "$1" show "$2" --json >"$home/newer.json"
    sqlite3 :memory: "SELECT json_extract(v.value, '$.value') || ' by ' || json_extract(v.value, '$.author')
        FROM json_each(CAST(readfile('$home/newer.json') AS TEXT), '$.newer') f, json_each(f.value, '$.values') v
        WHERE json_extract(f.value, '$.field') = $3 ORDER BY 1"
}
# conflict WHO RECORD FIELD|NUMBER: the live values of a contested field.
conflict() {
    laptop "$1" conflicts --json >"$home/conflicts.json" 2>/dev/null || [ $? -eq 1 ]
    sqlite3 :memory: "SELECT json_extract(v.value, '$.value')
        FROM json_each(CAST(readfile('$home/conflicts.json') AS TEXT)) c, json_each(c.value, '$.values') v
        WHERE json_extract(c.value, '$.record') = '$2'
        AND coalesce(json_extract(c.value, '$.field'), json_extract(c.value, '$.number') || '') = '$3' ORDER BY 1"
}
# Everyone meets the office until nobody brings anything new. A disagreement would be exit status 13, also where the record
# made anew agrees; so would be anything that is held.
all_agree() {
    sync "$@"
    sync "$@"
    for who in "$@"; do equal "$who: $(field '$.agrees' laptop "$who" status --json)" "$who: 1"; done
    for who in "$@"; do equal "$who: $(field '$.queued' laptop "$who" status --json)" "$who: 0"; done
    for who in "$@"; do equal "$who: $(field '$.held' laptop "$who" status --json)" "$who: []"; done
}
same_ops() { # the office and a replay of its log; and the auditors, both programs
    satcheld check "$office"
    rm -f "$home/log.satchel"
    satcheld archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" >"$home/office.key" 2>/dev/null
    ops=$(field '$.ops' satcheld status "$office" --digest --json)
    for auditor in older_auditor newer_auditor; do
        # An older auditor says that it does not know the rules of a newer office: exit status 1.
        $auditor verify "$home/log.satchel" --key "$home/office.key" || [ "$auditor $?" = "older_auditor 1" ]
        equal "$auditor: $(field '$.ops' $auditor replay "$home/log.satchel" --digest --json)" "$auditor: $ops"
    done
}

# write_newer WHO: what only a newer program can say of case and client.
write_newer() {
    laptop "$1" set "$client" pronouns=they tax_name="A. Taxed"
    laptop "$1" add "$client" "aid=walking stick"
    laptop "$1" add "$client" visits=3
    run laptop "$1" set "$case" fall_risk=high story="The long story." pledge="I call on Friday." stage=open risk=imminent
    equal "$status" 0
    has_not "$output" "day of closing" # a stage is no status of the case
    goal=$(laptop "$1" new goal "$case" title="Walk again" note="slowly")
    laptop "$1" new diary "$case" text="For the office alone."
}
# has_newer WHO: a newer laptop shows all of that.
has_newer() {
    equal "$(shown "$1" "$client" pronouns)" they
    equal "$(shown "$1" "$client" tax_name)" "A. Taxed"
    equal "$(shown "$1" "$client" aid)" '["walking stick"]'
    equal "$(shown "$1" "$client" visits)" 3
    equal "$(shown "$1" "$case" fall_risk)" high
    equal "$(shown "$1" "$case" story)" "The long story."
    equal "$(shown "$1" "$case" stage)" open
    equal "$(shown "$1" "$goal" title)" "Walk again"
    has "$(laptop "$1" show "$case")" "I call on Friday."
    equal "$(newer "$1" "$case" 1910)" ""
}

@test "a newer laptop at an older office: what the office does not know is kept, dealt on, archived and replayed" {
    office_is older
    take_case anna zoe yan
    run laptop zoe sync
    has "$output" "the office works with an older Satchel"
    run laptop anna sync
    has_not "$output" "Satchel"
    write_newer zoe
    all_agree zoe yan anna
    has_newer yan
    equal "$(shown yan "$case" risk)" imminent
    # What no laptop gets stays at the office, also where the office does not know that kind.
    has "$(laptop zoe log)" "For the office alone."
    has_not "$(laptop yan log "$case" --json)$(laptop yan search office alone)" "For the office alone."
    [ "$(field '$.newer' satcheld status "$office" --json)" -ge 10 ]
    same_ops
    run older_auditor replay "$home/log.satchel"
    has "$output" "newer than this program"
    has "$(older_auditor history "$home/log.satchel" "$case")" "The long story."
    # An office-wide kind is the office's own.
    fails 2 "written by the office alone" laptop zoe new holiday day=2026-12-25
}

@test "an older laptop shows what it does not know as newer than itself, in words, lists and JSON" {
    office_is older
    take_case anna zoe
    other=$case
    take_case anna zoe
    laptop anna set "$other" risk=critical
    write_newer zoe
    all_agree zoe anna
    run laptop anna show "$case"
    equal "$status" 0
    for words in "newer than this program (6)" "field 1910" "The long story." "I call on Friday." "they" "walking stick" \
        "kind 900 (newer than this program) $goal" "Walk again" "Worker Zoe"; do has "$output" "$words"; done
    equal "$(newer anna "$client" 1900)" "they by Worker Zoe"
    equal "$(newer anna "$case" 1910)" "4 by Worker Zoe"
    equal "$(shown anna "$case" risk)" "newer than this program (6)"
    has "$(field '$.unknown_records' laptop anna show "$case" --json)" "\"kind_number\":900"
    # The record alone, by its short id as well.
    has "$(laptop anna show "${goal: -8}")" "Walk again"
    equal "$(field '$.newer[0].values[0].value' laptop anna show "$goal" --json)" "Walk again"
    # The list: the unknown risk ranks above all that are known.
    equal "$(rows "json_extract(value, '$.risk')" "json_extract(value, '$.id') IN ('$case', '$other')" laptop anna list --json)" \
        "newer than this program (6)
critical"
    equal "$(rows "json_extract(value, '$.newer')" "json_extract(value, '$.id') = '$case'" laptop anna list --json)" 10
    equal "$(rows "json_extract(value, '$.newer')" "json_extract(value, '$.id') = '$other'" laptop anna list --json)" 0
    has "$(laptop anna list)" "[newer than this program: 10]"
    equal "$(rows "json_extract(value, '$.newer')" "json_extract(value, '$.id') = '$client'" laptop anna list client --json)" 1
    has "$(laptop anna list client 2>/dev/null | grep "^${client: -8}")" "[newer than this program]"
    run laptop anna search "long story"
    has "$output" "newer than this program"
    has "$(laptop anna status)" "newer       "
    # All of it, also without JSON's help.
    for words in "Walk again" "The long story." "walking stick"; do has "$(laptop anna list newer)" "$words"; done
    equal "$(rows "json_array_length(value, '$.newer')" "json_extract(value, '$.id') = '$case'" laptop anna list newer --json)" 4
    has "$(laptop anna show "$client")" "walking stick"
    # The log.
    has "$(laptop anna log "$case")" "field 1911 (newer than this program): The long story."
    has "$(laptop anna log "$goal")" "kind 900 (newer than this program)"
    equal "$(rows "json_extract(value, '$.kind_number')" 1 laptop anna log "$goal" --json)" 900
    # It is kept, and not edited.
    fails 2 "kind 900, which is newer than this program" laptop anna set "$goal" title=x
    fails 2 "kind 900, which is newer than this program" laptop anna void "$goal" --reason x
    fails 2 "no field pronouns" laptop anna set "$client" pronouns=x
}

@test "an older laptop edits, decides and voids beside what it does not know, and ends nothing of it" {
    office_is older
    take_case anna zoe yan
    laptop anna set "$case" risk=moderate
    all_agree anna zoe
    write_newer zoe
    laptop anna set "$case" risk=low title="Seen by Anna" --reason "Calm by now."
    laptop anna set "$client" phone="555 0101"
    all_agree anna zoe yan
    # The code that Anna does not know is shown; she chooses it by its number.
    equal "$(shown anna "$case" risk)" "newer than this program (6)"
    equal "$(conflict anna "$case" risk)" "low
newer than this program (6)"
    resolve anna "$case" risk 1
    laptop anna set "$case" status="on hold"
    all_agree anna zoe yan
    equal "$(shown zoe "$case" risk)" imminent
    equal "$(conflict zoe "$case" risk)" ""
    equal "$(shown zoe "$case" title)" "Seen by Anna"
    equal "$(shown zoe "$client" phone)" "555 0101"
    has_newer zoe
    has_newer yan
    # Voided by one who saw that there was something newer: it stays voided at those who know what.
    laptop anna void "$client" --reason "a double"
    all_agree anna zoe
    equal "$(field '$.voided' laptop zoe show "$client" --json)" 1
    equal "$(field '$.void_contested' laptop zoe show "$client" --json)" 0
    # And what somebody wrote who had not seen that brings it back, also on a field that Anna does not know.
    laptop yan set "$client" pronouns=he
    all_agree yan anna zoe
    for who in anna zoe yan; do equal "$(field '$.void_contested' laptop $who show "$client" --json)" 1; done
    resolve anna "$client" void no
    all_agree anna zoe yan
    equal "$(shown zoe "$client" pronouns)" he
    equal "$(newer anna "$client" 1900)" "he by Worker Yan"
}

@test "an older laptop at a newer office: it is told, agrees at every sync, and says that it cannot weigh unknown values" {
    office_is newer
    take_case anna zoe yan
    run laptop anna sync
    has "$output" "the office works with a newer Satchel"
    run laptop zoe sync
    has_not "$output" "Satchel"
    write_newer zoe
    laptop anna note "$case" "Anna's note."
    all_agree zoe anna yan
    laptop zoe set "$client" tax_name="Zoe's"
    laptop yan show "$client" >/dev/null
    laptop yan set "$client" tax_name="Yan's"
    laptop anna set "$client" preferred_name="Annas"
    all_agree zoe yan anna
    # The newer programs know that somebody must decide; the older one knows that it does not know.
    equal "$(conflict zoe "$client" tax_name)" "Yan's
Zoe's"
    equal "$(conflict anna "$client" 1901)" "Yan's
Zoe's"
    run laptop anna conflicts
    has "$output" "cannot tell whether their values agree"
    resolve zoe "$client" tax_name "A. Taxed"
    all_agree zoe anna yan
    equal "$(conflict anna "$client" 1901)" ""
    for who in zoe yan; do
        has_newer $who
        equal "$(shown $who "$client" preferred_name)" Annas
    done
    # A case that comes to an older laptop as new, compact.
    satcheld case assign "$office" "$case" ben
    all_agree ben
    equal "$(newer ben "$client" 1901)" "A. Taxed by Worker Zoe"
    has "$(laptop ben show "$case")" "Walk again"
    same_ops
}

@test "a laptop's program is replaced: what was carried is shown; an older program put back carries it again" {
    office_is newer
    take_case anna zoe
    write_newer zoe
    laptop anna note "$case" "Before."
    all_agree zoe anna
    laptop anna note "$case" "Queued by the older program."
    touch "$home/anna.newer"
    has_newer anna
    equal "$(shown anna "$case" risk)" imminent
    laptop anna set "$client" pronouns=he
    laptop anna set "$case" risk=low --reason "Calm by now."
    # Back: what the newer program queued is sent by the older one.
    rm "$home/anna.newer"
    equal "$(newer anna "$client" 1900)" "he by Worker Anna"
    equal "$(shown anna "$case" risk)" low
    laptop anna note "$case" "Queued by the older program, again."
    all_agree anna zoe
    equal "$(shown zoe "$client" pronouns)" he
    has "$(laptop zoe show "$case")" "Queued by the older program, again."
    # While the older one had it, the newer column stood still; it must not be taken for true afterwards.
    laptop zoe set "$client" pronouns=she
    all_agree zoe anna
    touch "$home/anna.newer"
    equal "$(shown anna "$client" pronouns)" she
    equal "$(rows "json_extract(value, '$.pronouns')" "json_extract(value, '$.id') = '$client'" laptop anna list client --json)" she
    all_agree anna
    rm "$home/anna.newer"
    all_agree anna
}

@test "the office's program is replaced, and put back: its record is the log's each time" {
    office_is older
    take_case anna zoe
    write_newer zoe
    all_agree zoe anna
    older=$(report "SELECT schema_version FROM office")
    office_is newer
    same_ops
    equal "$(report "SELECT pronouns FROM client WHERE id = '$client'")" they
    equal "$(report "SELECT risk FROM \"case\" WHERE id = '$case'")" imminent
    equal "$(report "SELECT count(*) FROM goal WHERE id = '$goal'")" 1
    # The log says from where on another schema is written.
    equal "$(report "SELECT schema_version FROM office")" $((older + 1))
    all_agree zoe anna
    office_is older
    same_ops
    fails 2 "" satcheld report "$office" "SELECT pronouns FROM client"
    laptop zoe set "$client" pronouns=he
    all_agree zoe anna
    office_is newer
    equal "$(report "SELECT pronouns FROM client WHERE id = '$client'")" he
    all_agree zoe anna
    satcheld check "$office"
}

# The last one: its clocks are a year ahead of those of the others.
@test "a laptop that was away for a year, with an older schema, syncs without loss in both directions" {
    [ -e "$bin/tests/later.so" ] || skip "the library that shifts the clock was not built"
    office_is older
    take_case anna zoe
    first=$case first_client=$client
    take_case anna zoe
    laptop anna set "$case" risk=moderate assessment="As it was."
    laptop anna add "$client" "allergy=latex"
    all_agree anna zoe
    # Anna goes, and writes.
    for i in $(seq 25); do laptop anna note "$case" "Visit $i."; done 2>/dev/null
    laptop anna set "$case" risk=high title="Anna's title"
    laptop anna set "$client" legal_name="Anna's Spelling" phone="555 0001"
    laptop anna add "$client" "allergy=penicillin"
    mine=$(laptop anna new client legal_name="Taken Down Away")
    laptop anna new case client="$mine" title="From far away"
    laptop anna void "$first_client" --reason "a double"
    equal "$(field '$.queued' laptop anna status --json)" 31
    laptop anna lock
    # A year goes by at the office, with a newer program.
    stop
    laptop zoe lock
    echo "$((366 * 86400)) awake" >"$home/later"
    clock=(LATER_FILE="$home/later" LD_PRELOAD="$bin/tests/later.so:${LD_PRELOAD:-}")
    touch "$office.newer"
    LATER_FILE=$home/later LD_PRELOAD=$bin/tests/later.so:${LD_PRELOAD:-} restart
    laptop zoe unlock --passphrase-file "$home/laptop.passphrase"
    for i in $(seq 25); do laptop zoe note "$case" "Zoe's visit $i."; done 2>/dev/null
    write_newer zoe
    laptop zoe remove "$client" "allergy=latex"
    laptop zoe set "$client" legal_name="Zoe's Spelling" phone="555 0002"
    laptop zoe set "$first_client" pronouns=they
    sync zoe
    # Anna comes home; her lease was over long ago.
    laptop anna unlock --passphrase-file "$home/laptop.passphrase"
    equal "$(field '$.queued' laptop anna status --json)" 31
    run laptop anna sync
    equal "$status" 1
    has "$output" "the office works with a newer Satchel"
    all_agree zoe anna
    # Nothing of either is lost, and both show the same conflicts.
    for who in anna zoe; do
        for i in 1 25; do
            has "$(laptop $who show "$case")" "Visit $i."
            has "$(laptop $who show "$case")" "Zoe's visit $i."
        done
        equal "$(shown $who "$client" allergy)" '["penicillin"]'
        equal "$(shown $who "$client" phone)" "555 0002"
        equal "$(conflict $who "$client" phone)" "555 0001
555 0002"
        equal "$(conflict $who "$client" legal_name)" "Anna's Spelling
Zoe's Spelling"
        equal "$(shown $who "$case" title)" "Anna's title"
        equal "$(field '$.void_contested' laptop $who show "$first_client" --json)" 1
    done
    equal "$(conflict anna "$case" risk)" "high
newer than this program (6)"
    equal "$(conflict zoe "$case" risk)" "high
imminent"
    has_newer zoe
    equal "$(report "SELECT count(*) FROM client WHERE id = '$mine'")" 1
    # She decides what she knows, gets the newer program, and decides the rest.
    resolve anna "$client" legal_name "Anna's Spelling"
    touch "$home/anna.newer"
    has_newer anna
    resolve anna "$case" risk imminent
    all_agree anna zoe
    equal "$(shown zoe "$case" risk)" imminent
    equal "$(shown zoe "$client" legal_name)" "Anna's Spelling"
    same_ops
}

@test "what an older office took unjudged is judged when its program is updated: a stranger's client is not dealt" {
    office_is older
    take_case anna zoe
    mine=$case
    # Zoe has another case, links its client offline, and the office takes that case from her meanwhile.
    take_case ben zoe
    stranger=$client other=$case
    sync anna
    run satcheld held list "$office"
    before=$(grep -c "not in the caseload" <<<"$output" || true)
    laptop zoe set "$mine" second_client="$stranger"
    satcheld case release "$office" "$other" zoe
    laptop zoe sync || [ $? -eq 1 ]
    run laptop zoe show "$stranger"
    [ "$status" -eq 2 ]
    run satcheld held list "$office"
    equal "$(grep -c "not in the caseload" <<<"$output" || true)" "$before"
    office_is newer
    run satcheld held list "$office"
    equal "$(grep -c "it names a person who is not in the caseload" <<<"$output")" $((before + 1))
    # Who wrote it is told; the case comes anew without it, and the two agree at once.
    laptop zoe sync || [ $? -eq 1 ]
    has "$(field '$.held' laptop zoe status --json)" "it names a person who is not in the caseload"
    equal "$(field '$.agrees' laptop zoe status --json)" 1
    equal "$(shown zoe "$mine" second_client)" ""
    run laptop zoe show "$stranger"
    [ "$status" -eq 2 ]
    laptop anna sync || [ $? -eq 1 ]
    equal "$(field '$.agrees' laptop anna status --json)" 1
    satcheld check "$office"
    rm -f "$home/log.satchel"
    satcheld archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" >"$home/office.key" 2>/dev/null
    newer_auditor verify "$home/log.satchel" --key "$home/office.key"
    # An auditor with an older program cannot judge by rules that it does not have, and says so.
    run older_auditor verify "$home/log.satchel" --key "$home/office.key"
    [ "$status" -le 1 ]
    has "$output" "verif"
}
