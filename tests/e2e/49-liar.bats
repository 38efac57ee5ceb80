# Tests: client/sync/vouch.c daemon/deal/deal_vouch.c client/sync/apply.c
# An office that lies: it deals, as a laptop's own, what the laptop never wrote.
load lib

setup_file() {
    new_office 20
    start
    add_laptop anna
}
teardown_file() { end_all; }

@test "a laptop does not take as its own what it did not write: nothing of the batch is taken, and nothing is lost" {
    take_case anna
    laptop anna note "$case" "He was not at home, and the door was open."
    sync anna
    satcheld case release "$office" "$case" anna
    sync anna
    has "$(laptop anna show "$case" 2>&1 || true)" "no record on this laptop"
    stop
    "$bin/tests/liar" "$office" "$home/office.passphrase"
    start
    satcheld case assign "$office" "$case" anna
    for again in 1 2; do
        fails 13 "this laptop did not write it" laptop anna sync
        has "$stderr" "nothing was lost or changed here"
        has "$stderr" "tell your administrator and whoever audits the office"
        has "$(laptop anna show "$case" 2>&1 || true)" "no record on this laptop"
        # It goes on being of use, and what is written here is kept, and sent.
        laptop anna new client legal_name="Vera Holm $again" >/dev/null
    done
    has "$(laptop anna search Vera)" "Vera Holm 1"
    has "$(laptop anna search Vera)" "Vera Holm 2"
}
