#!/usr/bin/env bats
# Tests: client/command/note.c client/command/note_text.c client/command/drafts.c client/command/typing.c client/store/draft.c
# Goal: what a person types at a terminal is not lost, whatever ends the program, and stands nowhere in clear.
load lib

setup_file() {
    new_office 12
    start
    add_laptop anna
}
teardown_file() { end_all; }

# at_terminal: a note on anna's laptop, at a terminal of its own, whose keys come from descriptor 5. What a script puts into the
# background ignores Ctrl-C, unless that is taken back.
at_terminal() {
    rm -f "$home/keys"
    mkfifo "$home/keys"
    : >"$home/screen"
    SATCHEL_HOME=$home/anna env --default-signal=INT,QUIT script -qefc "'$bin/satchel' note --type telephone $case" "$home/screen" <"$home/keys" >/dev/null 2>&1 3>&- &
    seat=$!
    exec 5>"$home/keys"
}
shown() { grep -qaF "$1" "$home/screen"; }
leave() { exec 5>&-; wait "$seat" || true; }

@test "a half-typed note is kept at Ctrl-C, offered at the next note, and gone when it is written" {
    take_case anna
    at_terminal
    await shown "type the note for "
    printf 'She fell on the stairs\nand half a line' >&5
    await shown "half a line"
    printf '\003' >&5
    await shown "is kept as a draft"
    leave
    has_not "$(laptop anna show "$case")" "She fell"
    # On the disk nothing of it is in clear.
    run grep -rlaF "She fell on the stairs" "$home/anna"
    equal "$output" ""
    at_terminal
    await shown "there is a draft of "
    printf '\n' >&5
    await shown "and half a line"
    printf ' more\n\004' >&5
    await shown "note written for "
    leave
    has "$(laptop anna show "$case")" "and half a line more"
    at_terminal
    await shown "type the note for "
    has_not "$(cat "$home/screen")" "there is a draft"
    printf '\003' >&5
    leave
}

@test "a pasted line over 4095 bytes is whole" {
    take_case anna
    at_terminal
    await shown "type the note for "
    head -c 9000 /dev/zero | tr '\0' x >&5
    printf 'END\n\004' >&5
    await shown "note written for "
    leave
    has "$(field '$[0].text' laptop anna list note --case "$case" --json)" "xxxxEND"
}

@test "a draft of a case that has left the laptop is listed, printed whole, and thrown away" {
    take_case anna
    at_terminal
    await shown "type the note for "
    printf 'She fell on the stairs\nand lay there' >&5
    await shown "and lay there"
    printf '\003' >&5
    await shown "is kept as a draft"
    leave
    number=$(rows "json_extract(value, '$.number')" "json_extract(value, '$.text') LIKE 'She fell on the stairs%lay there%'" laptop anna drafts --json)
    has "$(laptop anna drafts | sed -n "${number}p")" "She fell on the stairs"
    satcheld case release "$office" "$case" anna
    sync anna
    fails 2 "" laptop anna show "$case"
    has "$(laptop anna drafts | sed -n "${number}p")" "for a case that has left this laptop: She fell on the stairs"
    has "$(laptop anna drafts "$number")" "and lay there"
    fails 2 "no draft 99" laptop anna drafts 99
    laptop anna drafts "$number" --drop
    has_not "$(laptop anna drafts)" "She fell on the stairs"
}
