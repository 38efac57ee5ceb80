#!/usr/bin/env bats
# Tests: client/sync/setback.c daemon/central/backup.c daemon/task/task_backup.c common/chain/announcement.c
# The office is put back from a backup: refused until it says so, and then nothing that is on a laptop is lost.
load lib

setup_file() {
    new_office 20
    start
    add_laptop anna
    add_laptop ben
}
teardown_file() { end_all; }

notes_like() { satcheld report "$office" "SELECT count(*) FROM note WHERE text LIKE '%$1%'" | tail -n 1 | tr -d '\r'; }
# put_back BACKUP: the office as it is goes away, and the backup stands in its place.
put_back() {
    ensure_stopped
    rm -rf "$office.lost"
    mv "$office" "$office.lost"
    cp -a "$1" "$office"
}
# quiet WHO: a sync that does nothing, and says nothing.
quiet() {
    run --separate-stderr laptop "$1" sync
    equal "$status" 0
    equal "$stderr" ""
    has "$output" "nothing was queued"
    has "$output" "nothing new came from the office"
}
archive_holds() {
    "$bin/satcheld" archive "$office" "$home/$1.archive" --archive-passphrase-file "$home/archive.passphrase" \
        --passphrase-file "$home/office.passphrase" >"$home/office.key" 2>/dev/null
    # A set-back is never "nothing was dropped": the last line says what was lost.
    run satchel_audit verify "$home/$1.archive" --key "$home/office.key"
    equal "$status" 1
    has_not "$output" "nothing was altered"
    has "$(tail -n 1 <<<"$output")" "verified, but the office was put back from a backup"
    has "$(tail -n 1 <<<"$output")" "$2"
    satchel_audit replay "$home/$1.archive" >"$home/replay"
}

@test "a backup is whole or not there, and is no office until it is said to be one" {
    ensure_running
    satcheld backup "$office" "$home/first" 2>/dev/null
    equal "$(ls "$home/first" | tr '\n' ' ')" "office.db office.keys "
    equal "$(stat -c %a "$home/first")" 700
    fails 2 "is there already" satcheld backup "$office" "$home/first"
    fails 2 "cannot be made" satcheld backup "$office" "$home/nowhere/first"
    [ ! -e "$home/nowhere" ]
    # It is verified where it lies, and nothing is written in it.
    satcheld check "$home/first"
    equal "$(satcheld status "$home/first" --digest)" "$(digest)"
    fails 2 "satcheld restored" satcheld user add "$home/first" zoe --name Zoe --role "case manager"
    fails 2 "satcheld restored" satcheld run "$home/first"
    fails 2 "is a backup itself" satcheld backup "$home/first" "$home/second"
    # An office that was not put back says nothing of the kind.
    fails 2 "--size N" satcheld restored "$office"
    # Without the daemon, as well.
    stop
    rm -rf "$home/first"
    satcheld backup "$office" "$home/first" 2>/dev/null
    satcheld check "$home/first"
}

@test "put back, refused, announced: both laptops go on in one sync each, and nothing is lost" {
    take_case anna ben
    laptop anna note "$case" "mark-before-anna"
    sync anna ben
    satcheld backup "$office" "$home/backup" 2>/dev/null
    # After the backup: both work and sync; ben has pulled what anna wrote.
    laptop anna note "$case" "mark-after-anna"
    laptop anna set "$case" risk=high
    laptop ben note "$case" "mark-after-ben"
    sync anna ben anna ben
    laptop anna note "$case" "mark-unsent-anna"
    equal "$(notes_like mark-)" 3
    put_back "$home/backup"
    # As if nobody had noticed: the copy by hand has no mark.
    cp -a "$office" "$home/unmarked"
    satcheld restored "$office" --json 2>/dev/null | grep -q '"size": [0-9]'
    equal "$(satcheld event list "$office" | grep -c 'set back')" 1
    start
    equal "$(notes_like mark-)" 1
    run --separate-stderr laptop anna sync --json
    equal "$status" 0
    has "$stderr" "THE OFFICE WAS PUT BACK FROM A BACKUP"
    echo "$output" >"$home/anna.json"
    equal "$(sql_json "$home/anna.json" "json_extract(j, '\$.set_back.sent_again')")" 2
    equal "$(sql_json "$home/anna.json" "json_extract(j, '\$.set_back.kept')")" 1
    equal "$(sql_json "$home/anna.json" "json_extract(j, '\$.agrees')")" 1
    equal "$(notes_like mark-)" 3
    # What ben wrote is still in view at anna's, is not queued, and goes to its new place once it comes again.
    has "$(laptop anna show "$case")" "mark-after-ben"
    equal "$(field '$.queued' laptop anna status --json)" 0
    run --separate-stderr laptop ben sync
    equal "$status" 0
    has "$stderr" "THE OFFICE WAS PUT BACK FROM A BACKUP"
    equal "$(notes_like mark-)" 4
    equal "$(field '$.lost_there' laptop anna status --json)" 1
    sync anna ben
    equal "$(field '$.lost_there' laptop anna status --json)" 0
    quiet anna
    quiet ben
    for who in anna ben; do
        equal "$(field '$.agrees' laptop $who status --json)" 1
        equal "$(laptop $who show "$case" --json | grep -o 'mark-[a-z]*-[a-z]*' | sort -u | wc -l)" 4
        equal "$(field '$.fields.risk' laptop $who show "$case" --json)" "high"
    done
    # The laptops' own words are in the log.
    equal "$(satcheld event list "$office" | grep -c 'set back')" 3
    stop
    satcheld check "$office"
    # Both laptops hand in the office's signed statement of what it lost.
    archive_holds once "2 laptops had seen more, up to"
    has "$output" "the office had signed a log of"
    equal "$(grep -o 'mark-[a-z]*-[a-z]*' "$home/replay" | sort -u | wc -l)" 4
}

@test "an office that does not say that it was put back is refused, and its journal names the command" {
    ensure_running
    take_case ben
    # A copy that was made by other means does not know that it is one.
    stop
    cp -a "$office" "$home/silent"
    start
    laptop ben note "$case" "mark-silent"
    sync ben
    put_back "$home/silent"
    start
    fails 13 "satcheld restored" laptop ben sync
    has "$(cat "$office.journal")" "that this one"
    has "$(cat "$office.journal")" "run \`satcheld restored\` on it"
    said=$(satcheld event list "$office" | grep -c 'set back')
    size=$(satcheld check "$office" --json | grep -o '"entries": [0-9]*' | tr -dc 0-9)
    fails 2 "cannot have had more" satcheld restored "$office" --size $((size + 1))
    # Nor fewer: somebody would have written in the copy, and what the laptops have seen of that must not be excused.
    fails 2 "ut the copy back again" satcheld restored "$office" --size 1
    fails 2 "ut the copy back again" satcheld restored "$office" --size $((size - 1))
    equal "$(satcheld event list "$office" | grep -c 'set back')" "$said"
    # The daemon may run.
    satcheld restored "$office" --size "$size" >/dev/null 2>&1
    equal "$(notes_like mark-silent)" 0
    sync ben
    has "$(cat "$home/sync.ben")" "THE OFFICE WAS PUT BACK"
    equal "$(notes_like mark-silent)" 1
    quiet ben
    sync anna # who had not seen what was lost, and need not be told
    has_not "$(cat "$home/sync.anna")" "PUT BACK"
}

@test "put back twice to the same backup: no number is used again, and both laptops are whole" {
    ensure_running
    take_case anna ben
    satcheld backup "$office" "$home/twice" 2>/dev/null
    laptop anna note "$case" "twice-one"
    sync anna ben
    put_back "$home/twice"
    satcheld restored "$office" 2>/dev/null >/dev/null
    start
    satcheld user add "$office" "lost" --name "Lost Again" --role "case manager"
    sync anna
    laptop anna note "$case" "twice-two"
    sync anna
    put_back "$home/twice"
    satcheld restored "$office" 2>/dev/null >/dev/null
    start
    satcheld user add "$office" "other" --name "Another" --role "case manager"
    sync ben anna ben anna
    equal "$(notes_like twice-)" 2
    for who in anna ben; do
        equal "$(field '$.agrees' laptop $who status --json)" 1
        equal "$(laptop $who show "$case" --json | grep -o 'twice-[a-z]*' | sort -u | wc -l)" 2
    done
    stop
    satcheld check "$office"
    archive_holds twice "laptops had seen more"
}

@test "a case that left a laptop after the backup does not keep the laptop from sending what came after" {
    ensure_running
    take_case anna ben
    gone=$case
    take_case anna
    satcheld backup "$office" "$home/gap" 2>/dev/null
    laptop anna note "$gone" "gap-gone"
    laptop anna note "$case" "gap-here"
    sync anna ben
    satcheld case release "$office" "$gone" anna
    sync anna
    laptop anna note "$case" "gap-later"
    put_back "$home/gap"
    satcheld restored "$office" 2>/dev/null >/dev/null
    start
    sync anna ben
    equal "$(field '$.queued' laptop anna status --json)" 0
    equal "$(notes_like gap-here)" 1
    equal "$(notes_like gap-later)" 1
    # The words left the laptop with their case; ben, who has them, keeps them in view.
    equal "$(notes_like gap-gone)" 0
    has "$(laptop ben show "$gone")" "gap-gone"
    stop
    satcheld check "$office"
}

@test "a courier file that was taken out before the set-back is taken in after it" {
    ensure_running
    take_case anna
    satcheld backup "$office" "$home/courier" 2>/dev/null
    laptop anna note "$case" "courier-one"
    laptop anna courier out "$home/one.courier" 2>/dev/null
    sync anna
    put_back "$home/courier"
    satcheld restored "$office" 2>/dev/null >/dev/null
    start
    equal "$(field '$.taken' satcheld courier "$office" "$home/one.courier" --json)" 1
    laptop anna note "$case" "courier-two"
    # The outbox has what the sync will queue again, and the office knows what it has of it.
    sync anna
    equal "$(notes_like courier-)" 2
    equal "$(field '$.queued' laptop anna status --json)" 0
    equal "$(stat -c %s "$home/anna/store.outbox")" 82
    # From queued again to the file, without a sync that ends.
    satcheld backup "$office" "$home/courier2" 2>/dev/null
    laptop anna note "$case" "courier-three"
    sync anna
    put_back "$home/courier2"
    satcheld restored "$office" 2>/dev/null >/dev/null
    start
    laptop anna note "$case" "courier-four"
    # The link breaks right behind the welcome: two are queued then.
    for bytes in $(seq 300 60 6000); do
        [ "$(field '$.queued' laptop anna status --json)" -lt 2 ] || break
        laptop anna sync --break-after "$bytes" 2>/dev/null || true
    done
    equal "$(field '$.queued' laptop anna status --json)" 2
    laptop anna courier out "$home/three.courier" 2>/dev/null
    satcheld courier "$office" "$home/three.courier" >/dev/null
    equal "$(notes_like courier-)" 4
    sync anna
    quiet anna
    equal "$(field '$.agrees' laptop anna status --json)" 1
    stop
    satcheld check "$office"
    archive_holds courier "had seen more"
}
