# Tests: daemon/intake/fork.c client/sync/reissue.c daemon/task/task_fork.c
# A laptop's store is copied, or an old copy put back: nothing is lost, both sides are shown, and people are told.
load lib

setup_file() {
    new_office 60
    start
    for who in anna ben cora dora; do add_laptop "$who"; done
}
teardown_file() { end_all; }

lock() { laptop "$1" lock 2>/dev/null; }
unlock() { laptop "$1" unlock --passphrase-file "$home/laptop.passphrase" 2>/dev/null; }
# copy FROM TO: the folder as it is, store, keys and outbox.
copy() {
    lock "$1"
    rm -rf "${home:?}/$2"
    cp -a "$home/$1" "$home/$2"
    unlock "$1"
}
# put_back FROM TO: an image takes the folder's place.
put_back() {
    lock "$2"
    rm -rf "${home:?}/$2"
    cp -a "$home/$1" "$home/$2"
    unlock "$2"
}
status_of() { field "\$.$2" laptop "$1" status --json; }
notes() { laptop "$1" show "$case"; }
forks() { satcheld fork list "$office" --json >"$home/forks.json"; sql_json "$home/forks.json" 'json_array_length(j)'; }

# The office's tables are its log's, and an auditor can prove and replay it.
whole() {
    has "$(satcheld check "$office")" "replay agree"
    rm -f "$home/archive"
    satcheld archive "$office" "$home/archive" --archive-passphrase-file "$home/archive.passphrase" >"$home/key" 2>/dev/null
    run satchel_audit verify "$home/archive" --key "$(cat "$home/key")"
    equal "$status" 0 || { echo "$output"; return 1; }
    equal "$(satchel_audit replay "$home/archive" --digest)" "$(digest)"
}

@test "an old copy of the whole folder is put back: it goes on in a new epoch, and nothing of either time is lost" {
    take_case anna
    copy anna image
    laptop anna note "$case" "Written after the copy."
    sync anna
    put_back image anna
    laptop anna note "$case" "Written on the old copy."
    run --separate-stderr laptop anna sync
    equal "$status" 1
    has "$stderr" "an old copy was put back"
    has "$stderr" "1 change that it had not got was written once more"
    for who in anna; do
        has "$(notes $who)" "Written after the copy."
        has "$(notes $who)" "Written on the old copy."
    done
    epoch=$(status_of anna epoch)
    [ "$epoch" -gt 1 ]
    equal "$(status_of anna queued)" 0
    equal "$(status_of anna reissued)" 1
    equal "$(status_of anna agrees)" 1
    # The office: what stands beside the chain is kept, listed, and readable; the laptop says what happened.
    satcheld fork list "$office" --json >"$home/forks.json"
    fork=$(sql_json "$home/forks.json" "json_extract(j, '\$[#-1].fork')")
    equal "$(sql_json "$home/forks.json" "json_extract(j, '\$[#-1].new_epoch')")" "$epoch"
    has "$(satcheld fork show "$office" "$fork")" "Written on the old copy."
    has "$(satcheld fork show "$office" "$fork" --json)" "Written on the old copy."
    has "$(satcheld event list "$office")" "new epoch"
    # It goes on as any laptop.
    laptop anna note "$case" "And later."
    sync anna
    equal "$(status_of anna epoch)" "$epoch"
    has "$(notes anna)" "And later."
    whole
}

@test "the store alone is put back, beside the key file and outbox of later: it opens with words, and goes on" {
    take_case ben
    lock ben
    mkdir "$home/kept"
    cp "$home/ben/"store.db* "$home/kept/"
    unlock ben
    laptop ben note "$case" "Unsent, and only in the outbox."
    lock ben
    rm "$home/ben/"store.db*
    cp "$home/kept/"* "$home/ben/"
    run --separate-stderr laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    equal "$status" 0
    has "$stderr" "older copy"
    has "$stderr" "store.outbox."
    equal "$(status_of ben put_back)" 1
    run --separate-stderr laptop ben note "$case" "Written on the old store."
    equal "$status" 0
    has "$stderr" "older copy"
    run --separate-stderr laptop ben sync
    equal "$status" 1
    has "$stderr" "written once more, what the office has is fetched"
    equal "$(status_of ben put_back)" 0
    [ "$(status_of ben epoch)" -gt 1 ]
    equal "$(status_of ben agrees)" 1
    has "$(notes ben)" "Written on the old store."
    # The key file follows the chain again, and what the outbox held comes home.
    lock ben
    run --separate-stderr laptop ben unlock --passphrase-file "$home/laptop.passphrase"
    has_not "$stderr" "older copy"
    aside=$(ls "$home"/ben/store.outbox.*.1)
    has "$(laptop ben status 2>&1)" "$aside"
    run satcheld courier "$office" "$aside"
    equal "$status" 0 || { echo "$output"; return 1; }
    has "$output" "taken from the laptop"
    sync ben
    has "$(notes ben)" "Unsent, and only in the outbox."
    whole
}

@test "a cloned folder: both go on in turn, each in its own epoch, and see each other's work" {
    take_case cora
    copy cora clone
    unlock clone
    laptop cora note "$case" "First on the first."
    laptop clone note "$case" "First on the clone."
    sync cora
    run --separate-stderr laptop clone sync
    equal "$status" 1
    has "$stderr" "was copied"
    for turn in 1 2 3; do
        laptop cora note "$case" "Turn $turn on the first."
        laptop clone note "$case" "Turn $turn on the clone."
        sync cora clone cora
        for who in cora clone; do
            equal "$(status_of $who agrees)" 1
            equal "$(status_of $who queued)" 0
            for of in first clone; do has "$(notes $who)" "Turn $turn on the $of."; done
        done
    done
    equal "$(status_of cora epoch)" 1
    [ "$(status_of clone epoch)" -gt 1 ]
    for who in cora clone; do has "$(notes $who)" "First on the clone."; done
    whole
}

@test "the link breaks anywhere in the exchange: the next sync goes on, and nothing is there twice" {
    local before=0 behind=0 bytes="100 200 400 600 800 1000 1200 1400 1600 1800 2000 2200 2500 3000 3500 4000 5000 6000"
    take_case dora
    copy dora prepared
    laptop dora note "$case" "Sent before the disk was put back."
    sync dora
    for after in $bytes; do
        put_back prepared dora
        laptop dora note "$case" "Note number $after."
        run laptop dora sync --break-after "$after"
        equal "$status" 2
        # Before the laptop has its new epoch, and behind it.
        if [[ "$output" == *"once more"* ]]; then behind=$((behind + 1)); else before=$((before + 1)); fi
        sync dora
        equal "$(status_of dora agrees)" 1
        equal "$(status_of dora queued)" 0
        equal "$(notes dora | grep -c "Note number $after\.")" 1
        equal "$(notes dora | grep -c "Sent before the disk was put back\.")" 1
    done
    [ "$before" -ge 4 ] && [ "$behind" -ge 4 ]
    for after in $bytes; do equal "$(notes dora | grep -c "Note number $after\.")" 1; done
    whole
}

@test "what a put-back laptop left unsent comes in by courier, as evidence that can be read" {
    take_case anna
    copy anna image
    laptop anna note "$case" "Sent."
    sync anna
    put_back image anna
    laptop anna note "$case" "Only on a stick."
    laptop anna courier out "$home/anna.courier" 2>/dev/null
    run satcheld courier "$office" "$home/anna.courier"
    equal "$status" 1
    has "$output" "kept as evidence"
    satcheld fork list "$office" --json >"$home/forks.json"
    fork=$(sql_json "$home/forks.json" "json_extract(j, '\$[#-1].fork')")
    has "$(satcheld fork show "$office" "$fork")" "Only on a stick."
    # A second time nothing new is kept; the laptop itself writes it once more.
    run satcheld courier "$office" "$home/anna.courier"
    equal "$status" 1
    sync anna
    equal "$(notes anna | grep -c "Only on a stick\.")" 1
    has "$(notes anna)" "Sent."
    whole
}
