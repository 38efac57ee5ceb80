#!/usr/bin/env bats
# Tests: common/review/review.c common/review/review_owner.c client/command/conflicts.c client/command/decisions.c
# The review queue: every conflict is somebody's, a decision is over what was looked at, and both authors hear of it.
load lib

setup_file() {
    new_office 60
    start
    add_laptop anna
    add_laptop ben
    satcheld user add "$office" sue --name "Sue Supervisor" --role supervisor >/dev/null
    enrol sue sue
}
teardown_file() { end_all; }

shown() { field "\$.fields.$3" laptop "$1" show "$2" --json; }
# entry EXPRESSION COMMAND...: EXPRESSION of the conflict over the risk of `case` in the queue that a command prints.
entry() { rows "$1" "json_extract(value, '\$.record') = '$case' AND json_extract(value, '\$.field') = 'risk'" "${@:2}" --json; }
# disagree: Anna and Ben set the risk of a new case, neither having seen the other, and all have heard of it.
disagree() {
    take_case anna ben sue
    laptop anna set "$case" risk=critical
    laptop ben set "$case" risk=low --reason "Calm by now."
    sync anna
    sync ben
    sync anna sue
}
# told WHO: what the last sync of WHO said of decisions.
told() { grep "was decided by" "$home/sync.$1" || true; }

@test "a conflict is somebody's, has an age and a sentence, and laptop and office say the same of it" {
    disagree
    everything="json_extract(value, '\$.owners'), json_extract(value, '\$.since_ms'), json_extract(value, '\$.code'),
        json_extract(value, '\$.label'), json_extract(value, '\$.sentence'),
        (SELECT group_concat(json_extract(v.value, '\$.value') || json_extract(v.value, '\$.device') ||
            json_extract(v.value, '\$.received_ms') || json_extract(v.value, '\$.seen')) FROM json_each(value, '\$.values') v)"
    equal "$(entry "$everything" laptop anna conflicts)" "$(entry "$everything" satcheld conflicts "$office")"
    equal "$(entry "$everything" laptop sue conflicts)" "$(entry "$everything" satcheld conflicts "$office")"
    equal "$(entry "json_extract(value, '\$.owners[0].login') || json_extract(value, '\$.owners[1].login')" laptop ben conflicts)" annasue
    run laptop sue conflicts --mine
    equal "$status" 1
    has "$output" "Two people changed the risk without seeing each other's change."
    has "$output" "to decide: Worker Anna, Sue Supervisor; since "
    grep -Eq '\((less than a minute|[0-9]+ minutes?)\)$' <<<"$output"
    run laptop ben conflicts --mine
    equal "$status" 0
    run satcheld conflicts "$office" --owner ben
    equal "$status" 0
    run satcheld conflicts "$office" --owner sue
    equal "$status" 1
}

@test "the sync that brings a conflict says to its owner that it is new, and the next one that it waits" {
    take_case anna ben
    laptop ben set "$case" risk=low --reason "Calm by now."
    laptop anna set "$case" risk=critical
    sync ben anna
    before=$(sed -n 's/.* \([0-9]*\) of them yours, 1 new;.*/\1/p' "$home/sync.anna")
    [ -n "$before" ]
    sync anna
    has "$(cat "$home/sync.anna")" " $before of them yours; "
    sync ben
    has "$(cat "$home/sync.ben")" " 0 of them yours; "
}

@test "a third person decides: both authors are told at their next sync, once, and the one who decided is not" {
    disagree
    resolve sue "$case" risk high
    sync sue anna ben
    name=$(rows "json_extract(value, '$.name') || ', case ' || json_extract(value, '$.number')" \
        "json_extract(value, '$.id') = '$case'" laptop anna list --json)
    equal "$(told anna)" "The conflict over risk of $name was decided by Sue Supervisor: high (yours: critical)"
    equal "$(told ben)" "The conflict over risk of $name was decided by Sue Supervisor: high (yours: low)"
    equal "$(told sue)" ""
    equal "$(field '$.decided' laptop anna status --json)" 1
    sync sue anna ben
    for who in anna ben sue; do equal "$(told $who)" ""; done
    has "$(laptop anna decided)" "decided by Sue Supervisor: high (yours: critical)"
    equal "$(field '$.decided' laptop anna status --json)" 0
    equal "$(rows "json_extract(value, '\$.yours')" "json_extract(value, '\$.record') = '$case'" laptop ben decided --json)" low
    equal "$(laptop sue decided)" ""
}

@test "one of the two decides for himself: the other is told" {
    disagree
    resolve ben "$case" risk low
    sync ben anna
    has "$(told anna)" "was decided by Worker Ben: low (yours: critical)"
    equal "$(told ben)" ""
}

@test "the one whose value was taken is told as well; what could not be said is said at the next sync" {
    disagree
    resolve sue "$case" risk critical
    sync sue
    # The words do not get out of this one.
    laptop anna sync >/dev/full 2>&1 || true
    sync anna
    has "$(told anna)" "was decided by Sue Supervisor: critical (as you wrote)"
    sync anna
    equal "$(told anna)" ""
}

@test "what came between looking and deciding is not decided over" {
    take_case anna ben sue
    laptop anna set "$case" risk=moderate
    laptop ben set "$case" risk=low --reason "Calm by now."
    sync anna ben anna
    looked=$(seen anna "$case" risk)
    laptop sue set "$case" risk=critical
    sync sue anna
    fails 2 "has changed since you looked" laptop anna resolve "$case" risk low --seen "$looked"
    equal "$(shown anna "$case" risk)" critical
    fails 2 "look first" laptop anna resolve "$case" risk low
    # The command that the queue prints does it.
    line=$(laptop anna conflicts | grep -o "satchel resolve ${case: -8} risk VALUE --seen [0-9a-f]*")
    set -- ${line/VALUE/moderate}
    fails 2 "say why, with --reason TEXT" laptop anna "${@:2}"
    laptop anna "${@:2}" --reason "Seen on Monday."
    equal "$(shown anna "$case" risk)" moderate
}

@test "two decide for the same at the same time: that is one decision" {
    disagree
    resolve sue "$case" risk high
    resolve ben "$case" risk high
    sync sue ben
    sync anna sue ben
    for who in anna ben sue; do
        equal "$(shown $who "$case" risk)" high
        equal "$(entry 1 laptop $who conflicts)" ""
        equal "$who: $(field '$.agrees' laptop "$who" status --json)" "$who: 1"
    done
    equal "$(entry 1 satcheld conflicts "$office")" ""
}

@test "the office says who answers for a case, and who supervises whom; laptops follow" {
    disagree
    satcheld case responsible "$office" "$case" ben
    satcheld user add "$office" tom --name "Tom Chief" --role supervisor >/dev/null
    satcheld user supervisor "$office" ben tom
    sync anna
    has "$(laptop anna conflicts)" "to decide: Worker Ben, Tom Chief; since "
    has "$(satcheld case list "$office" | grep "${case: -8}")" " ben"
    has "$(satcheld user list "$office" | grep "Worker Ben")" " tom "
    satcheld user supervisor "$office" ben ""
    sync anna
    has "$(laptop anna conflicts)" "to decide: Worker Ben, Sue Supervisor, Tom Chief; since "
    fails 2 "does not hold this case" satcheld case responsible "$office" "$case" tom
}

@test "what waits for a supervisor comes to the supervisor's laptop, can be decided there, and goes again" {
    take_case anna ben
    laptop anna show "$case" >/dev/null
    laptop ben show "$case" >/dev/null
    laptop anna set "$case" risk=critical
    laptop ben set "$case" risk=low --reason "as agreed"
    sync sue
    run laptop sue show "$case"
    equal "$status" 2
    sync anna ben
    sync sue
    has "$(laptop sue show "$case" 2>&1)" critical
    has "$(entry "json_extract(value, '\$.owners[1].login')" laptop sue conflicts --mine)" sue
    resolve sue "$case" risk critical
    sync sue anna
    equal "$(shown anna "$case" risk)" critical
    equal "$(entry "1" satcheld conflicts "$office")" ""
    run satcheld held list "$office"
    has_not "$output" "Sue"
    # Decided: the case is Anna's and Ben's again, and no more of it comes to Sue.
    sync sue
    run laptop sue show "$case"
    equal "$status" 2
}

@test "a parallel edit is nobody's alarm: it is listed, settled, and told" {
    take_case anna ben
    laptop ben set "$client" phone="+1 555 0100"
    laptop anna set "$client" phone="+1 555 0199"
    sync anna ben anna
    run laptop ben conflicts
    has "$output" "phone  parallel edit"
    has "$output" "settle: satchel resolve"
    resolve ben "$client" phone 2
    sync ben anna
    equal "$(shown anna "$client" phone)" "$(shown ben "$client" phone)"
    has "$(cat "$home/sync.anna")" "The parallel edits of phone of "
    equal "$(field '$.conflicts.phone' laptop anna show "$client" --json)" ""
}

@test "after all of it the office's record is a replay of its log" {
    run satcheld check "$office"
    equal "$status" 0
    satcheld archive "$office" "$home/log.satchel" --archive-passphrase-file "$home/archive.passphrase" \
        >"$home/office.key" 2>/dev/null
    run satchel_audit verify "$home/log.satchel" --key "$home/office.key"
    equal "$status" 0
}
