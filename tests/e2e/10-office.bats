#!/usr/bin/env bats
# Tests: daemon/task/satcheld.c daemon/task/task.c daemon/task/task_people.c daemon/task/task_case.c
#     daemon/task/task_import.c daemon/task/task_status.c daemon/server/server.c
# The office alone: setting it up, its caseload, its people, its folder.
load lib

setup_file() { new_office 40; }
teardown_file() { end_all; }

@test "a new office is sound, and says so in words and in JSON" {
    run satcheld check "$office"
    equal "$status" 0
    has "$output" "replay agree"
    equal "$(field '$.ok' satcheld check "$office" --json)" 1
    equal "$(field '$.clients' satcheld status "$office" --json)" 40
    equal "$(field '$.devices' satcheld status "$office" --json)" 0
}

@test "nobody but its owner can read the office's files" {
    equal "$(stat -c %a "$office")" 700
    for file in "$office"/*; do
        case $(stat -c %a "$file") in 600 | 400) ;; *) echo "$file: $(stat -c %a "$file")" && false ;; esac
    done
}

@test "every program shows help, and every command an example" {
    for program in satchel satchel-audit satcheld; do
        run "$bin/$program" --help
        equal "$status" 0
        has "$output" "Exit status"
        run "$bin/$program" --version
        equal "$status" 0
        has "$output" "$program"
    done
    for program in satchel satcheld satchel-audit; do
        commands=0
        while read -r command; do
            # shellcheck disable=SC2086 # a command may be two words
            run "$bin/$program" $command --help
            equal "$command: $status" "$command: 0"
            has "$output" "Usage: $program $command"
            has "$output" "Example: $program $command"
            commands=$((commands + 1))
        done < <("$bin/$program" --help | awk '/^Kinds/ {exit} /^  [a-z]+( [a-z]+)?  +[a-z]/ && $1 !~ /^sat/ {sub(/^  /, ""); sub(/  .*/, ""); print}')
        equal "$program: $((commands >= 3))" "$program: 1"
    done
    for command in key user case; do
        run "$bin/satcheld" "$command" --help
        equal "$status" 0
        has "$output" "  $command list "
        has "$output" "Example: satcheld $command "
        has_not "$output" "archive"
    done
    run "$bin/satchel" help client
    has "$output" "allergy"
}

# complete WORD...: what bash offers in place of the last word.
complete_words() {
    bash -c '. "$1/packaging/completions/satchel.bash"; PATH=$2:$PATH; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _satchel "$1"; printf "%s\n" "${COMPREPLY[@]}"' bash "$root" "$bin" "$@"
}

@test "the shell completes commands and options from the same table" {
    has "$(complete_words satchel sy)" "sync"
    equal "$(complete_words satcheld device in)" "invite"
    has "$(complete_words satcheld user add "$office" --)" "--phone"
    equal "$(complete_words satchel-audit verify --k)" "--key"
    equal "$(complete_words satchel enrol an)" ""
}

@test "numbers are read whole, and two dashes are nobody's name" {
    fails 2 "--hours takes a number" satcheld device invite "$office" boss --address x --out "$home/x.ticket" --hours 5x
    fails 2 "--admin-name needs a value" satcheld init "$home/other" --name N --admin a --admin-name --
    [ ! -e "$home/other" ]
    run satcheld init "$home/other" --name N --admin a --admin-name A --json
    equal "$status" 0
    has "$output" '"created": true'
}

@test "a word that is no command, and a command that lacks its words, are one sentence and exit status 2" {
    fails 2 "frobnicate" satcheld frobnicate "$office"
    fails 2 "folder" "$bin/satcheld" status
    fails 2 "user frob" satcheld user frob "$office"
    fails 2 "usage" satcheld case assign "$office"
    fails 2 "--name" satcheld user add "$office" dora
    fails 2 "frobnicate" "$bin/satchel" frobnicate
    fails 2 "help" "$bin/satchel" help frobnicate
    fails 2 "" "$bin/satchel-audit" frobnicate
    fails 2 "" satcheld status "$office" --frobnicate
    fails 2 "port" satcheld run "$office" --port 70000
}

@test "an office is not set up over another one" {
    before=$(digest)
    fails 2 "" satcheld init "$office" --name X --admin x --admin-name X
    equal "$(digest)" "$before"
}

@test "an office needs a first administrator, and a passphrase that is one" {
    fails 2 "--admin" satcheld init "$home/none" --name X
    secret empty ""
    fails 2 "" "$bin/satcheld" init "$home/none" --name X --admin x --admin-name X --passphrase-file "$home/empty"
    fails 2 "" "$bin/satcheld" init "$home/none" --name X --admin x --admin-name X --passphrase-file "$home/nowhere"
    [ ! -e "$home/none/office.db" ]
}

@test "a folder without an office is exit status 10" {
    fails 10 "init" satcheld status "$home/csv"
    fails 10 "init" satcheld run "$home/nowhere"
    [ ! -e "$home/nowhere" ]
}

@test "a wrong passphrase is exit status 12, for every command, and all that it changes is that the log tells of it" {
    before=$(field '$.entries' satcheld status "$office" --json)
    secret wrong "this is not the passphrase of the office"
    for command in status "case list"; do
        fails 12 "passphrase" "$bin/satcheld" $command "$office" --passphrase-file "$home/wrong"
    done
    fails 12 "passphrase" "$bin/satcheld" run "$office" --passphrase-file "$home/wrong"
    equal "$(field '$.wrong' satcheld status "$office" --json)" 3
    equal "$(field '$.entries' satcheld status "$office" --json)" "$((before + 1))"
}

@test "without a terminal and without a file the passphrase cannot be asked for, and the sentence says how to give it" {
    fails 2 "--passphrase-file" setsid -w "$bin/satcheld" status "$office" </dev/null
}

@test "a passphrase can come through a descriptor" {
    run "$bin/satcheld" status "$office" --passphrase-fd 9 9<"$home/office.passphrase"
    equal "$status" 0
}

@test "an import that is run again writes nothing, and one that is tried out writes nothing" {
    before=$(digest)
    run satcheld import "$office" "$home/csv"
    equal "$status" 0
    equal "$(digest)" "$before"
    "$root/packaging/make-caseload" "$home/other" 5 99
    run satcheld import "$office" "$home/other" --source "another" --dry-run
    equal "$status" 0
    equal "$(digest)" "$before"
}

@test "people: added once, with a role that exists, listed, disabled" {
    start
    satcheld user add "$office" dora --name "Dora Lind" --role "case manager"
    equal "$(rows "json_extract(value, '$.login')" "json_extract(value, '$.login') = 'dora'" satcheld user list "$office" --json)" dora
    before=$(digest)
    fails 2 "dora" satcheld user add "$office" dora --name "Dora Again" --role "case manager"
    fails 2 "role" satcheld user add "$office" emil --name "Emil" --role "king"
    fails 2 "nobody" satcheld user disable "$office" nobody
    fails 2 "nobody" satcheld case assign "$office" "$(head -n 1 "$home/cases")" nobody
    fails 2 "no case" satcheld case assign "$office" 0199aaaa-0000-7000-8000-000000000000 dora
    equal "$(digest)" "$before"
    satcheld user disable "$office" dora
    equal "$(rows "json_extract(value, '$.status')" "json_extract(value, '$.login') = 'dora'" satcheld user list "$office" --json)" disabled
    stop
}

@test "a command goes to a running daemon without the passphrase, and gives what it gives without one" {
    alone=$(satcheld case list "$office")
    start
    equal "$("$bin/satcheld" case list "$office" </dev/null)" "$alone"
    equal "$("$bin/satcheld" status "$office" --digest </dev/null)" "$(digest)"
    fails 2 "satcheld" "$bin/satcheld" case assign "$office" "$(head -n 1 "$home/cases")" nobody
    stop
}

@test "one office has one daemon: a second one is refused, and the first goes on" {
    start
    fails 2 "" satcheld run "$office" --port 0
    equal "$("$bin/satcheld" status "$office" --digest </dev/null | wc -c)" 65
    stop
}

@test "two offices cannot have one port" {
    start
    satcheld init "$home/second" --name Second --admin x --admin-name X 2>/dev/null
    fails 2 "$(port)" satcheld run "$home/second" --listen 127.0.0.1 --port "$(port)"
    stop
}

@test "every reading command of the office gives JSON that parses" {
    start
    for command in "status" "status --digest" "check" "conflicts" "user list" "device list" "case list" "held list" "officer list" "event list" "import list" "lease"; do
        set -- $command
        if [ "$1" = user ] || [ "$1" = device ] || [ "$1" = case ] || [ "$1" = held ] || [ "$1" = officer ] ||
            [ "$1" = event ] || [ "$1" = import ]; then
            satcheld "$1" "$2" "$office" --json >"$home/out.json"
        else
            satcheld "$1" "$office" "${@:2}" --json >"$home/out.json"
        fi
        equal "$command: $(sql_json "$home/out.json" "json_valid(j)")" "$command: 1"
    done
    satcheld import "$office" "$home/csv" --dry-run --json >"$home/out.json"
    equal "$(sql_json "$home/out.json" "json_valid(j)")" 1
    # An error is JSON, too.
    run --separate-stderr satcheld case assign "$office" nothing maria --json
    equal "$status" 2
    printf '%s' "$output" >"$home/out.json"
    equal "$(sql_json "$home/out.json" "json_extract(j, '$.error')")" not-found
    stop
}
