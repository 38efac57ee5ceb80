#!/usr/bin/env bats
# Tests: README.md
# Goal: a newcomer who pastes the README's walk into a terminal in one go, without reading it, gets to its end. Nothing of
# it asks for anything, since a question would swallow the lines that follow.
argon2id=real
load lib

@test "the README's walk can be pasted in one go" {
    walk=$home/walk
    sed -n '/^```sh$/,/^```$/{//!p}' "$root/README.md" | sed "s#\$PWD/build/release#$bin#" >"$walk"
    [ "$(grep -c '^sat' "$walk")" -gt 15 ]
    # What each command ended with, then the end of the shell. An exit status of 1 is no failure: something waits
    # for a person.
    {
        echo 'PS1=; trap '\''s=$?; [ $s -le 1 ] || echo "FAILED $s: $BASH_COMMAND"'\'' DEBUG'
        cat "$walk"
        echo 'wait; echo "the walk $((1 + 1))nded"; exit'
    } >"$home/pasted"
    cd "$root"
    run timeout 300 script -qec "env -u SATCHEL_HOME TMPDIR=$home bash --norc --noprofile -i" /dev/null <"$home/pasted"
    echo "$output"
    has "$output" "the walk 2nded"
    equal "$(grep -cE "FAILED [0-9]" <<<"$output")" 0
    has "$output" "verified: nothing was altered, dropped, added or moved"
    has "$output" "Home visit. The stove was left on twice this week."
}
