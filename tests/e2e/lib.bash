# What every end-to-end test stands on: an office and laptops in a folder of their own, as a new user would set them up.
#
# SATCHEL_BIN is the folder with satchel, satchel-audit and satcheld (by default build/debug). Each file of tests has one
# office, made in setup_file; each test takes cases that no other test of its file touches (take_case), so that tests do
# not lean on each other.
bats_require_minimum_version 1.5.0

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
bin=${SATCHEL_BIN:-$root/build/debug}
home=$BATS_FILE_TMPDIR
office=$home/office
unset XDG_RUNTIME_DIR SATCHEL_HOME
export NO_COLOR=1 TZ=UTC
umask 077 # a passphrase's file that others may read is refused
# A sanitizer's finding is no exit status of ours. Leaks cannot be looked for in a process that nobody may trace,
# and the library that shifts the clock stands before the sanitizer's.
export ASAN_OPTIONS=exitcode=99:detect_leaks=0:verify_asan_link_order=0:${ASAN_OPTIONS:-} UBSAN_OPTIONS=exitcode=99:print_stacktrace=1

# A hash in place of Argon2id (quick.c), but in files that say `argon2id=real` before they load this.
if [ "${argon2id:-}" != real ]; then
    [ -e "$bin/tests/quick.so" ] || { echo "$bin/tests/quick.so is not there: build everything first" >&2; exit 1; }
    export LD_PRELOAD=$bin/tests/quick.so
fi

# --- the programs ---

satcheld() { "$bin/satcheld" "$@" --passphrase-file "$home/office.passphrase" 3>&-; }
satchel_audit() { "$bin/satchel-audit" "$@" --passphrase-file "$home/archive.passphrase" 3>&-; }
# laptop anna list: satchel on anna's laptop. The agent takes the word of `lock` and ends by itself, a moment after the
# command has: who unmounts the disk or unlocks again must find it gone, so a lock is over when the agent is.
laptop() {
    local agent= code=0
    [ "${2:-}" != lock ] || agent=$(agent_of "$1") || true
    SATCHEL_HOME=$home/$1 "$bin/satchel" "${@:2}" 3>&- || code=$?
    [ -z "$agent" ] || [ $code -ne 0 ] || await has_ended "$agent"
    return $code
}

secret() { (umask 077 && printf '%s\n' "$2" >"$home/$1"); }

# --- what is waited for ---
#
# No test waits for a time: it waits for what must come, and as long as a busy machine may need for it.

# await COMMAND...: until it succeeds; a failure after two minutes.
await() {
    local until=$((SECONDS + 120))
    [ -p "$home/never" ] || mkfifo "$home/never"
    while ! "$@" 2>/dev/null; do
        if [ $SECONDS -ge $until ]; then
            echo "waited in vain for: $*"
            return 1
        fi
        read -rt 0.02 _ <>"$home/never" || true # nobody writes: it costs no process, as every pause of another kind does
    done
}
# has_ended PID: nothing of it is left but what its parent has not yet asked for.
has_ended() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }
is_gone() { [ ! -e "$1" ]; }
has_ended_or_said() { [ -s "$2" ] || has_ended "$1"; }
# is_connected PORT: somebody has a connection to it; a daemon that stands still is connected to all the same.
is_connected() { awk -v at="$(printf ':%04X' "$1")" '$3 ~ at "$" && $4 == "01" { n++ } END { exit n == 0 }' /proc/net/tcp; }
is_connected_or_ended() { is_connected "$1" || has_ended "$2"; }
# kill_hard PID...: as a crash does, and waits until they are gone with all that they had open.
kill_hard() {
    local pid
    kill -9 "$@"
    for pid in "$@"; do await has_ended "$pid"; done
}
# crash: the office's daemon.
crash() {
    kill_hard "$(cat "$office.pid")"
    rm -f "$office.pid"
}

# --- the office ---

# new_office [CLIENTS]: an office with a made-up caseload, and its first administrator.
new_office() {
    secret office.passphrase "seven cold herons wait by the office pond"
    secret archive.passphrase "an auditor reads what the log says about us"
    secret laptop.passphrase "the laptop opens with five plain words"
    satcheld init "$office" --name "North Street" --admin maria --admin-name "Maria Ortiz" 2>/dev/null
    "$root/packaging/make-caseload" "$home/csv" "${1:-60}"
    satcheld import "$office" "$home/csv" >/dev/null
    satcheld case list "$office" --json | sed -n 's/.*"case": "\([^"]*\)".*/\1/p' >"$home/cases"
    : >"$home/taken"
}

# start [FOLDER]: the daemon, on a port of its own that it keeps over restarts.
start() {
    local folder=${1:-$office}
    rm -f "$folder.ready"
    "$bin/satcheld" run "$folder" --listen 127.0.0.1 --port "$(cat "$folder.port" 2>/dev/null || echo 0)" \
        --ready "$folder.ready" --passphrase-file "$home/office.passphrase" >/dev/null 2>>"$folder.journal" 3>&- &
    echo $! >"$folder.pid"
    await has_ended_or_said "$(cat "$folder.pid")" "$folder.ready" || true
    if [ ! -s "$folder.ready" ]; then
        echo "the daemon does not start:" && tail -n 5 "$folder.journal"
        return 1
    fi
    cp "$folder.ready" "$folder.port"
}

# stop [FOLDER]: asks the daemon to end, and waits until it has. It may be the child of another shell.
stop() {
    local pid
    pid=$(cat "${1:-$office}.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true # a test that failed may have left it standing still
    await has_ended "$pid"
    rm -f "${1:-$office}.pid"
}

is_running() { [ -f "$office.pid" ] && kill -0 "$(cat "$office.pid")" 2>/dev/null; }
# What the daemon does not need to be restarted for is cheaper with it: it holds the key.
ensure_running() { is_running || start; }
ensure_stopped() { ! is_running || stop; }

port() { cat "$office.port"; }

# add_laptop WHO: a case manager WHO with an enrolled, unlocked laptop.
add_laptop() {
    satcheld user add "$office" "$1" --name "Worker ${1^}" --role "case manager" >/dev/null
    enrol "$1" "$1"
}
# enrol LOGIN LAPTOP
enrol() {
    satcheld device invite "$office" "$1" --address "127.0.0.1:$(port)" --out "$home/$2.ticket" >/dev/null 2>&1
    laptop "$2" enrol "$home/$2.ticket" --label "$2" --passphrase-file "$home/laptop.passphrase" >/dev/null 2>&1
    laptop "$2" unlock --passphrase-file "$home/laptop.passphrase" 2>/dev/null
}

# agent_of WHO: the process that holds the key of a laptop.
agent_of() {
    local p
    for p in /proc/[0-9]*; do
        if [ "$p/exe" -ef "$bin/satchel" ] && grep -qzxF "SATCHEL_HOME=$home/$1" "$p/environ" 2>/dev/null; then
            echo "${p#/proc/}"
            return
        fi
    done
    return 1
}

# end_all: what teardown_file does. Nothing of ours runs on.
end_all() {
    local store folder
    for store in "$home"/*/store.db; do
        [ -e "$store" ] || continue
        SATCHEL_HOME=${store%/store.db} "$bin/satchel" lock >/dev/null 2>&1 3>&- || true
    done
    for folder in "$home"/*.pid "$home"/*/*.pid; do
        [ ! -e "$folder" ] || stop "${folder%.pid}"
    done
    # Small disks that a failed test left.
    for folder in "$home"/*/; do
        ! mountpoint -q "$folder" || umount -l "$folder"
    done
}

# take_case WHO...: sets `case` to one that no test has taken yet, puts it into their caseloads, and syncs them.
take_case() {
    local who
    case=$(grep -vxFf "$home/taken" "$home/cases" | head -n 1)
    echo "$case" >>"$home/taken"
    ensure_running
    for who in "$@"; do satcheld case assign "$office" "$case" "$who"; done
    for who in "$@"; do sync "$who"; done
    client=
    [ $# -eq 0 ] || client=$(field '$.fields.client' laptop "$1" show "$case" --json)
}

# seen WHO RECORD FIELD: the code of what a laptop shows of a contested field; of a void that nobody contests as well.
seen() {
    if [ "$3" = void ]; then
        field '$.void_code' laptop "$1" show "$2" --json
    else
        field "\$.conflicts.$3.code" laptop "$1" show "$2" --json
    fi
}
# resolve WHO RECORD FIELD VALUE [OPTION...]: decides as somebody does who has just looked.
resolve() { laptop "$1" resolve --reason "All was looked at." "${@:2}" --seen "$(seen "$1" "$2" "$3")"; }

# sync WHO...: that conflicts wait for a person (exit status 1) is no failure.
sync() {
    local who code
    for who in "$@"; do
        code=0
        laptop "$who" sync >"$home/sync.$who" 2>&1 || code=$?
        if [ "$code" -gt 1 ]; then
            echo "sync of $who: exit status $code: $(cat "$home/sync.$who")"
            return 1
        fi
    done
}

# later SECONDS COMMAND...: with a clock that is so far ahead. Skips the test where the library for it was not built.
later() {
    [ -e "$bin/tests/later.so" ] || skip "the library that shifts the clock was not built"
    echo "$1" >"$home/later"
    LATER_FILE=$home/later LD_PRELOAD=$bin/tests/later.so:${LD_PRELOAD:-} "${@:2}"
}

digest() { satcheld status "$office" --digest; }

# --- what came out ---

# sql_json FILE EXPRESSION: an SQL expression over the JSON value `j` in FILE.
sql_json() { sqlite3 :memory: "WITH t AS (SELECT CAST(readfile('$1') AS TEXT) AS j) SELECT $2 FROM t"; }
# field PATH COMMAND...: what stands at PATH in the JSON that a command prints.
field() {
    local path=$1
    shift
    "$@" >"$home/field.json" 2>/dev/null || [ $? -eq 1 ] || return 1
    sql_json "$home/field.json" "json_extract(j, '$path')"
}
# rows EXPRESSION WHERE COMMAND...: EXPRESSION for each element (json_each's value) of the JSON array that a command prints.
rows() {
    local expression=$1 where=$2
    shift 2
    "$@" >"$home/rows.json" 2>/dev/null || [ $? -eq 1 ] || return 1
    sqlite3 :memory: "SELECT $expression FROM json_each(CAST(readfile('$home/rows.json') AS TEXT)) WHERE $where"
}

equal() {
    if [ "$1" != "$2" ]; then
        printf 'expected: %s\ngot:      %s\n' "$2" "$1"
        return 1
    fi
}
has() {
    if [[ "$1" != *"$2"* ]]; then
        printf 'not found: %s\nin:        %s\n' "$2" "$1"
        return 1
    fi
}
has_not() {
    if [[ "$1" == *"$2"* ]]; then
        printf 'found: %s\nin:    %s\n' "$2" "$1"
        return 1
    fi
}

# fails STATUS WORDS COMMAND...: the command ends with STATUS, says one sentence with WORDS in it, and nothing else.
fails() {
    local wanted=$1 words=$2
    shift 2
    run --separate-stderr "$@"
    if [ "$status" -ne "$wanted" ]; then
        printf 'expected exit status %s, got %s\nstdout: %s\nstderr: %s\n' "$wanted" "$status" "$output" "$stderr"
        return 1
    fi
    equal "${#stderr_lines[@]}" 1 || { echo "stderr: $stderr"; return 1; }
    [[ "$stderr" =~ ^satch(el|eld|el-audit):\ . ]] || { echo "stderr: $stderr"; return 1; }
    equal "$output" "" || return 1
    has "$stderr" "$words"
}

# flip FILE OFFSET: one bit.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
