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
    has "$stderr" "1 change that it had not got was written once more, in epoch 2"
    for who in anna; do
        has "$(notes $who)" "Written after the copy."
        has "$(notes $who)" "Written on the old copy."
    done
    equal "$(status_of anna epoch)" 2
    equal "$(status_of anna queued)" 0
    equal "$(status_of anna reissued)" 1
    equal "$(status_of anna agrees)" 1
    # The office: what stands beside the chain is kept, listed, and readable; the laptop says what happened.
    satcheld fork list "$office" --json >"$home/forks.json"
    fork=$(sql_json "$home/forks.json" "json_extract(j, '\$[#-1].fork')")
    equal "$(sql_json "$home/forks.json" "json_extract(j, '\$[#-1].new_epoch')")" 2
    has "$(satcheld fork show "$office" "$fork")" "Written on the old copy."
    has "$(satcheld fork show "$office" "$fork" --json)" "Written on the old copy."
    has "$(satcheld event list "$office")" "new epoch"
    # It goes on as any laptop.
    laptop anna note "$case" "And later."
    sync anna
    equal "$(status_of anna epoch)" 2
    has "$(notes anna)" "And later."
    whole
}
