#!/usr/bin/env bats
# Tests: client/command/satchel.c daemon/task/satcheld.c client/audit/satchel_audit.c client/command/with_store.c
#     client/store/store.c
# What goes wrong, and what somebody wants to go wrong: one clear sentence, an exit status, and nothing is lost.
load lib

setup_file() {
    new_office 60
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

queued() { field '$.queued' laptop "$1" status --json; }
agrees() { field '$.agrees' laptop "$1" status --json; }
# A disk of so many KiB at a folder; skips the test where this user cannot mount one.
small_disk() {
    mkdir -p "$1"
    mount -t tmpfs -o "size=$2k,mode=700" tmpfs "$1" 2>/dev/null || skip "this user cannot mount a small disk"
}
fill() { dd if=/dev/zero of="$1/filler" bs=4k status=none 2>/dev/null || true; }
lock() { laptop "$1" lock 2>/dev/null; }
marks() { laptop "$1" list note --json 2>/dev/null | grep -o "mark-$2-[0-9]*-end" | sort; }

# --- what a person types ---

@test "unknown fields, kinds, records, choices, dates: one sentence each, and nothing is queued" {
    take_case anna
    before=$(queued anna)
    fails 2 "no field shoe_size" laptop anna set "$case" shoe_size=44
    fails 2 "spaceship" laptop anna new spaceship name=x
    fails 2 "spaceship" laptop anna list spaceship
    fails 2 "called that" laptop anna show 0199aaaa-0000-7000-8000-000000000000
    fails 2 "called that" laptop anna note "no such case" "text"
    fails 2 "risk" laptop anna set "$case" risk=enormous
    fails 2 "birth_date" laptop anna set "$client" birth_date=1999-02-30
    fails 2 "birth_date" laptop anna set "$client" birth_date=yesterday
    fails 2 "next_visit" laptop anna set "$case" next_visit="at noon"
    fails 2 "" laptop anna set "$case" risk
    fails 2 "" laptop anna set "$case"
    fails 2 "" laptop anna set "$case" =high
    fails 2 "" laptop anna add "$case" risk=high
    fails 2 "" laptop anna remove "$client" allergy="never added"
    fails 2 "" laptop anna new user name=Eve role=director
    fails 2 "" laptop anna new assignment "$case" user=anna
    fails 2 "" laptop anna note "$case" ""
    fails 2 "" laptop anna resolve "$case" risk high
    fails 2 "" laptop anna list --frobnicate
    fails 2 "" laptop anna sync --port 0
    fails 2 "" laptop anna unlock --idle 0
    equal "$(queued anna)" "$before"
}

# note_fails WORDS [TEXT]: a refused note is one sentence, and one more says where its words are.
note_fails() {
    local words=$1
    shift
    run --separate-stderr laptop anna note "$case" "$@"
    equal "$status" 2
    equal "$output" ""
    equal "${#stderr_lines[@]}" 2
    has "${stderr_lines[0]}" "draft"
    has "${stderr_lines[1]}" "$words"
}

@test "text that is not text: invalid UTF-8, NUL, more than a field holds" {
    take_case anna
    before=$(queued anna)
    note_fails "not UTF-8" $'\xff\xfe'
    fails 2 "" laptop anna set "$client" preferred_name=$'over\xc0\xaflong'
    printf 'a\0b' >"$home/nul"
    fails 2 "NUL" laptop anna note "$case" <"$home/nul"
    head -c 3000000 /dev/zero | tr '\0' x >"$home/long"
    fails 2 "too long" laptop anna note "$case" <"$home/long" # more than a draft holds
    equal "$(queued anna)" "$before"
    # What looks like an option, SQL or a format is text.
    laptop anna note "$case" "Robert'); DROP TABLE note;-- %s%n"
    laptop anna note "$case" -- "--json"
    sync anna
    has "$(laptop anna show "$case")" "DROP TABLE note;-- %s%n"
    equal "$(agrees anna)" 1
}

# --- no office, another office, a bad link ---

@test "no office in reach: exit status 2, and the queue stays" {
    take_case anna
    laptop anna note "$case" "Waits."
    fails 2 "1 queued" laptop anna sync --host 127.0.0.1 --port 1
    fails 2 "1 queued" laptop anna sync --host no-such-host.invalid
    equal "$(queued anna)" 1
    sync anna
    equal "$(queued anna)" 0
}

@test "an office with another key on the same port is refused, and gets nothing" {
    take_case anna
    laptop anna note "$case" "For our office alone."
    stop
    satcheld init "$home/second" --name Second --admin x --admin-name X 2>/dev/null
    cp "$office.port" "$home/second.port"
    start "$home/second"
    before=$("$bin/satcheld" status "$home/second" --digest)
    fails 2 "" laptop anna sync
    equal "$("$bin/satcheld" status "$home/second" --digest)" "$before"
    stop "$home/second"
    start
    equal "$(queued anna)" 1
    sync anna
    equal "$(queued anna)" 0
}

@test "strangers that speak garbage, HTTP or nothing do not disturb the office" {
    ensure_running
    head -c 70000 /dev/urandom >"$home/garbage"
    for _ in 1 2 3; do cat "$home/garbage" 2>/dev/null >"/dev/tcp/127.0.0.1/$(port)" || true; done
    # In shells of their own: the office may hang up between two lines, and a pipe signal is no failure.
    (printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >"/dev/tcp/127.0.0.1/$(port)") 2>/dev/null || true
    (printf '\x7f\xff' >"/dev/tcp/127.0.0.1/$(port)") 2>/dev/null || true
    exec 8<>"/dev/tcp/127.0.0.1/$(port)" # says nothing, and stays
    sync anna
    exec 8>&-
    is_running
    equal "$(agrees anna)" 1
}

@test "the link breaks at any point: the next sync goes on, nothing is lost, nothing is doubled" {
    take_case anna ben
    sync anna ben
    wrote=0
    for bytes in 1 40 80 120 150 200 260 330 400 470 540 620 700 800 900 1100 1400 1800 2500 4000; do
        wrote=$((wrote + 1))
        laptop anna note "$case" "mark-out-$wrote-end" >/dev/null 2>&1
        code=0
        laptop anna sync --break-after $bytes >"$home/out" 2>&1 || code=$?
        [ $code -le 2 ]
        [ $code -lt 2 ] || has "$(cat "$home/out")" "queued"
        # What comes in breaks, too.
        laptop ben sync --break-after $bytes >/dev/null 2>&1 || [ $? -le 2 ]
    done
    sync anna
    sync ben
    for who in anna ben; do
        equal "$(marks $who out | uniq | wc -l)" $wrote
        equal "$(marks $who out | uniq -d)" ""
        equal "$(queued $who)" 0
        equal "$(agrees $who)" 1
    done
}

@test "the office dies in the middle of it all: what it acknowledged it has" {
    take_case anna
    for i in 1 2 3 4 5; do laptop anna note "$case" "mark-die-$i-end" >/dev/null 2>&1; done
    laptop anna sync >/dev/null 2>&1 &
    await is_connected_or_ended "$(port)" $!
    crash
    wait $! || true
    start
    sync anna
    equal "$(queued anna)" 0
    equal "$(marks anna die | uniq | wc -l)" 5
    equal "$(agrees anna)" 1
    run satcheld check "$office"
    equal "$status" 0
}

# --- disks ---

@test "a laptop's full disk: the note is refused with a sentence, what was queued stays, and it goes on with room" {
    satcheld device invite "$office" ben --address "127.0.0.1:$(port)" --out "$home/tiny.ticket" 2>/dev/null
    small_disk "$home/tiny" 4096
    laptop tiny enrol "$home/tiny.ticket" --label tiny --passphrase-file "$home/laptop.passphrase"
    laptop tiny unlock --passphrase-file "$home/laptop.passphrase"
    take_case ben
    sync tiny
    laptop tiny note "$case" "mark-full-1-end" >/dev/null
    fill "$home/tiny"
    before=$(queued tiny)
    head -c 40000 /dev/urandom | base64 -w 0 >"$home/long"
    run laptop tiny note "$case" <"$home/long"
    for i in $(seq 20); do
        [ "$status" -eq 0 ] || break
        before=$(queued tiny)
        run laptop tiny note "$case" <"$home/long"
    done
    fails 2 "full" laptop tiny note "$case" <"$home/long"
    equal "$(queued tiny)" "$before"
    rm "$home/tiny/filler"
    laptop tiny note "$case" "mark-full-2-end"
    equal "$(queued tiny)" $((before + 1))
    sync tiny
    equal "$(queued tiny)" 0
    equal "$(agrees tiny)" 1
    equal "$(marks tiny full | wc -l)" 2
    lock tiny
    umount "$home/tiny"
}

@test "the office's full disk: nothing is acknowledged, the laptop keeps its queue, and both go on with room" {
    take_case anna
    small="$home/smalloffice"
    small_disk "$small" 4096
    satcheld init "$small/office" --name Small --admin maria --admin-name Maria 2>/dev/null
    satcheld user add "$small/office" anna --name Anna --role "case manager"
    start "$small/office"
    satcheld device invite "$small/office" anna --address "127.0.0.1:$(cat "$small/office.port")" --out "$home/s.ticket"
    laptop sally enrol "$home/s.ticket" --label sally --passphrase-file "$home/laptop.passphrase"
    laptop sally unlock --passphrase-file "$home/laptop.passphrase"
    sync sally
    who=$(laptop sally new client legal_name="Someone New")
    new=$(laptop sally new case client="$who" title=x status=open)
    fill "$small"
    head -c 40000 /dev/urandom | base64 -w 0 >"$home/long"
    for i in 1 2 3 4 5 6 7 8; do laptop sally note "$new" <"$home/long"; done
    wrote=$(queued sally)
    equal "$wrote" 10
    fails 2 "full" laptop sally sync
    [ "$(queued sally)" -ge 8 ]
    # The daemon lives, answers, and says what is wrong.
    "$bin/satcheld" status "$small/office" --digest </dev/null
    has "$(cat "$small/office.journal")" "full"
    rm "$small/filler"
    sync sally
    equal "$(queued sally)" 0
    equal "$(agrees sally)" 1
    run satcheld check "$small/office"
    equal "$status" 0
    stop "$small/office"
    umount "$small"
}

# --- stores that are not what they were ---

@test "a store that was put back to an older copy opens with words, and where the right one comes back nothing was lost" {
    take_case ben
    lock ben
    mkdir "$home/kept"
    cp "$home/ben/"store.db* "$home/kept/"
    laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    laptop ben note "$case" "Written after the copy."
    lock ben
    mkdir "$home/newer"
    mv "$home/ben/"store.db* "$home/newer/"
    cp "$home/kept/"* "$home/ben/"
    run --separate-stderr laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    equal "$status" 0
    has "$stderr" "older copy"
    has_not "$(laptop ben show "$case")" "Written after the copy."
    lock ben
    # The right one put back: nothing was lost.
    rm "$home/ben/"store.db*
    cp "$home/newer/"* "$home/ben/"
    laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    has "$(laptop ben show "$case")" "Written after the copy."
    sync ben
}

@test "a store with a flipped bit, a cut one, one without its keys: a sentence, never an empty store" {
    take_case ben
    sync ben
    lock ben
    cp -a "$home/ben" "$home/safe"
    size=$(stat -c %s "$home/ben/store.db")
    for at in $(seq 6000 4096 $size); do flip "$home/ben/store.db" $at; done
    fails 13 "" laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    cp "$home/safe/store.db" "$home/ben/store.db"
    truncate -s $((size - 5000)) "$home/ben/store.db"
    fails 13 "" laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    equal "$(stat -c %s "$home/ben/store.db")" $((size - 5000))
    : >"$home/ben/store.db"
    fails 13 "missing or empty" laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    equal "$(stat -c %s "$home/ben/store.db")" 0
    cp "$home/safe/store.db" "$home/ben/store.db"
    mv "$home/ben/store.keys" "$home/keys"
    run --separate-stderr laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    [ "$status" -ge 2 ]
    equal "${#stderr_lines[@]}" 1
    flip "$home/keys" 100
    cp "$home/keys" "$home/ben/store.keys"
    run --separate-stderr laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    [ "$status" -ge 12 ]
    equal "${#stderr_lines[@]}" 1
    cp "$home/safe/store.keys" "$home/ben/store.keys"
    laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    sync ben
}

@test "an office that was put back to an older copy is noticed by the laptop, exit status 13, and nothing is lost" {
    take_case anna
    stop
    cp -a "$office" "$home/older"
    start
    laptop anna note "$case" "After the office's backup."
    sync anna
    laptop anna note "$case" "And one that waits."
    stop
    mv "$office" "$home/truth"
    cp -a "$home/older" "$office"
    start
    fails 13 "" laptop anna sync
    equal "$(queued anna)" 1
    has "$(laptop anna show "$case")" "After the office's backup."
    stop
    rm -rf "$office"
    mv "$home/truth" "$office"
    start
    sync anna
    equal "$(queued anna)" 0
    equal "$(agrees anna)" 1
}

@test "a damaged office does not start as if nothing were, and is not made anew" {
    stop
    cp -a "$office" "$home/broken"
    truncate -s 20000 "$home/broken/office.db"
    fails 13 "" satcheld status "$home/broken"
    fails 13 "" satcheld run "$home/broken" --port 0
    equal "$(stat -c %s "$home/broken/office.db")" 20000
    rm "$home/broken/office.db"
    run --separate-stderr satcheld status "$home/broken"
    [ "$status" -ge 2 ]
    equal "${#stderr_lines[@]}" 1
    [ ! -s "$home/broken/office.db" ]
    start
}

# --- files from elsewhere ---

# left REASON: how many rows an import left for it.
left() { rows "sum(json_extract(value, '$.rows'))" "json_extract(value, '$.left') LIKE '%$1%'" cat "$home/counts"; }

@test "invalid CSV rows are left, counted by reason, and all others are taken" {
    mkdir "$home/bad"
    "$root/packaging/make-caseload" "$home/bad" 8 3
    {
        printf '\xef\xbb\xbf' # a byte order mark, as spreadsheets write it
        head -n 6 "$home/bad/Client.csv"
        echo '900,Too,,Few'
        echo '901,Too,,Many,,1960-01-01,1,0,2022-01-01 09:00:00,2022-03-01 10:00:00,,and,more'
        echo ',No,,Key,,1960-01-01,1,0,2022-01-01 09:00:00,2022-03-01 10:00:00,'
        printf '903,"Quoted ""Name"", and\na second line",,Quill,,1960-01-01,1,0,2022-01-01 09:00:00,2022-03-01 10:00:00,\r\n'
        echo '904,Bad,,Date,,1960-13-45,1,0,2022-01-01 09:00:00,2022-03-01 10:00:00,'
        echo '905,Last,,"Unclosed'
    } >"$home/Client.csv"
    mv "$home/Client.csv" "$home/bad/Client.csv"
    before=$("$bin/satcheld" status "$office" --digest)
    clients=$(field '$.clients' "$bin/satcheld" status "$office" --json)
    run --separate-stderr "$bin/satcheld" import "$office" "$home/bad" --source bad --json
    equal "$status" 1
    echo "$output" >"$home/whole.json"
    equal "$(sql_json "$home/whole.json" "json_valid(j)")" 1
    sql_json "$home/whole.json" "json_extract(j, '$.counts')" >"$home/counts"
    equal "$(left columns)" 2
    equal "$(left 'not closed')" 1
    equal "$(left 'key is empty')" 1
    now=$(field '$.clients' "$bin/satcheld" status "$office" --json)
    # Five good rows, the quoted one, and the one with a bad date, if it is taken without it.
    [ $((now - clients)) -ge 6 ] && [ $((now - clients)) -le 7 ] || { cat "$home/counts" && false; }
    # Once more writes nothing.
    after=$("$bin/satcheld" status "$office" --digest)
    [ "$before" != "$after" ]
    run "$bin/satcheld" import "$office" "$home/bad" --source bad
    equal "$status" 1
    has "$output" "Client.csv:7 900: it has more or fewer columns than the heading"
    has "$output" 'DOB "1960-13-45": this is no day'
    equal "$("$bin/satcheld" status "$office" --digest)" "$after"
    # A file of another encoding is refused as a whole, until it is said what it is.
    printf '902,Ren\xe9e,,Fold,,1960-01-01,1,0,2022-01-01 09:00:00,2022-03-01 10:00:00,\n' >"$home/more"
    sed -i -e '1s/^\xef\xbb\xbf//' -e '/^905/d' "$home/bad/Client.csv"
    cat "$home/more" >>"$home/bad/Client.csv"
    fails 2 "--encoding windows-1252" "$bin/satcheld" import "$office" "$home/bad" --source bad
    equal "$("$bin/satcheld" status "$office" --digest)" "$after"
    run "$bin/satcheld" import "$office" "$home/bad" --source bad --encoding windows-1252
    equal "$status" 1
}

@test "a folder that holds no export, a heading that lacks its columns, no folder: one sentence each, nothing written" {
    before=$("$bin/satcheld" status "$office" --digest)
    mkdir "$home/empty"
    fails 2 "export" "$bin/satcheld" import "$office" "$home/empty"
    fails 2 "" "$bin/satcheld" import "$office" "$home/nowhere"
    cp -r "$home/csv" "$home/headless"
    sed -i '1s/PersonalID/Person/' "$home/headless/Client.csv"
    fails 2 "PersonalID" "$bin/satcheld" import "$office" "$home/headless" --source headless
    cp "$bin/satcheld" "$home/headless/Client.csv"
    fails 2 "" "$bin/satcheld" import "$office" "$home/headless" --source headless
    : >"$home/headless/Client.csv"
    fails 2 "" "$bin/satcheld" import "$office" "$home/headless" --source headless
    equal "$("$bin/satcheld" status "$office" --digest)" "$before"
    # The name of a source is text in JSON, too, or it is refused.
    "$bin/satcheld" import "$office" "$home/csv" --source 'a"b' --dry-run --json >"$home/out.json" || true
    equal "$(sql_json "$home/out.json" "json_valid(j)")" 1
}

@test "after all of it the office's record is a replay of its log" {
    run "$bin/satcheld" check "$office"
    equal "$status" 0
}
