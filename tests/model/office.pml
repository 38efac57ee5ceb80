/* --- the office --- */

/* Everything that an answer says of the log: checkpoint, and whether a consistency proof from the laptop's can be made. */
inline state_log(l)
{
    v[l].as = size;
    v[l].ag = (size == 0 -> 0 : lg[size - 1]);
    v[l].acon = (d[l].cks == 0 || (d[l].cks <= size && lg[d[l].cks - 1] == d[l].ckg))
}

/* device_was_given */
#define GIVEN(k) ((k) < 2 || (given & M(k)) != 0)

/* device_newest_epoch: out := the newest chain of the laptop's device that the office knows of */
inline newest(l, out)
{
    out = CHAINS - 1;
    do
    :: out > 1 && (given & M(out)) == 0 -> out--
    :: else -> break
    od;
    if :: out == 1 -> out = DEV(l) :: else fi
}

/* peer.c: answer_hello; device_was_given, log_chain_end, deal_remembers; tell_log, backup_tell. Of an epoch that it never gave the
 * office has nothing: it answers with another. */
inline welcome(l)
{
    y = d[l].k;
    if :: !GIVEN(y) -> newest(l, y) :: else fi;
    chain_end(y, x);
    v[l].ak = y; v[l].ahave = x; v[l].am = 0;
    if :: x != 0 -> log_find(y, x, v[l].am) :: else fi;
    state_log(l);
    v[l].ax = gen;
    printf("office: welcomes laptop %d (has %d of chain %d, log of %d, history %d)\n", l, x, y, size, gen);
    v[l].an = WELCOME
}

/* judge: out := must it be held? S is not in the caseload (caseload_judge), or it was written once more and is here already
 * (is_repeat in judge.c) */
inline judge(right, chain, change, out)
{
    out = !(right);
    i = 0;
    do
    :: i < size -> if :: BUG != 14 && lc[i] == change && lk[i] != chain -> out = 1 :: else fi; i++
    :: else -> break
    od
}

/* receive_push: device_was_given, find_old, take_new (chain_follow, judge, central_append), log_head_add; central_commit.
 * y := how far it is on the disk; 0: refused. The push is
 * bk .. bc; right: is S in the caseload of its laptop? */
inline receive(right)
{
    chain_end(bk, x);
    y = 0; ok = GIVEN(bk);
    j = bf;
    do
    :: j <= bt ->
        if
        :: ok && j <= x && BUG != 9 -> /* find_old: known by number; the hash must be the same */
            log_find(bk, j, z);
            if :: z == bc[j - 1] || BUG == 7 -> y = j :: else -> ok = 0; y = 0 fi
        :: ok && (j > x || BUG == 9) -> /* chain_follow: the next number, behind the very change before */
            z = 255;
            if :: j > 1 -> log_find(bk, j - 1, z) :: else fi;
            if
            :: (j == x + 1 || BUG == 9) && (j == 1 || z == bc[j - 2] || BUG == 7) ->
                assert(size < LOG || BUG != 0);
                if
                :: size < LOG ->
                    judge(right, bk, bc[j - 1], z);
                    if :: z -> oheld = oheld | M(size) :: else fi;
                    lc[size] = bc[j - 1]; lk[size] = bk; lg[size] = gen;
                    size++; x++; y = j; office_changed()
                :: else -> ok = 0
                fi
            :: else -> ok = 0
            fi
        :: else
        fi;
        j++
    :: else -> break
    od
}

/* find_old_holds, and those of take_new: out := which of the changes bf .. y of chain bk are held */
inline holds(out)
{
    out = 0;
    m = 0;
    i = 0;
    do
    :: i < size ->
        if
        :: lk[i] == bk -> m++; if :: m >= bf && m <= y && (oheld & M(i)) != 0 -> out = out | M(lc[i]) :: else fi
        :: else
        fi;
        i++
    :: else -> break
    od
}

/* peer_pushed, receive_answer: only after the commit */
inline take_push(l)
{
#if BUG == 1
    pend[l] = bt; v[l].as = size + 1 + bt - bf; v[l].ag = gen; v[l].acon = 1;
    v[l].ax = bt; v[l].ak = bk; v[l].an = PUSHED
#else
    receive(may[l]);
    if
    :: !ok && y == 0 ->
        printf("office: refuses a push of laptop %d (fork or gap)\n", l);
        v[l].an = FAIL
    :: else ->
        printf("office: has laptop %d's changes up to %d on its disk, and says so\n", l, y);
        state_log(l); v[l].ax = y; v[l].ak = bk; holds(v[l].am); v[l].an = PUSHED
    fi
#endif
}

/* receive_push of a receipt; deal_confirm in the same commit */
inline take_receipt(l)
{
    if
    :: v[l].deal && v[l].fin ->
        printf("office: has laptop %d's receipt: it holds S: %d\n", l, v[l].dmay);
        dealt[DEV(l)] = v[l].dmay;
        if :: !v[l].dmay && d[l].row == NONE && d[l].got != 0 -> printf("BROKEN: a purge is confirmed that did not happen\n"); assert(false) :: else fi
    :: else -> printf("office: has an old receipt of laptop %d\n", l)
    fi;
    state_log(l); v[l].an = RECEIPT
}

/* peer.c: answer_pull; deal_start, deal_next: deal_news (is_wanted, is_applied), deal_arrivals, finish_deal. A batch carries one entry,
 * or half a scope. Of the laptop's device those of other epochs than its own are a colleague's. */
inline deal_next(l)
{
    if
    :: d[l].cur > size -> printf("office: refuses: the cursor of laptop %d is behind the end of the log\n", l); v[l].an = FAIL
    :: else ->
        if
        :: !v[l].deal || v[l].fin ->
            v[l].deal = 1; v[l].fin = 0; v[l].dpart = 0;
            v[l].dheld = (d[l].row == WHOLE); v[l].dmay = may[l];
            v[l].dcur = (v[l].dheld -> d[l].cur : size)
        :: else
        fi;
        /* news: one entry of others that the laptop follows */
        x = 0; ok = (v[l].dmay && (v[l].dheld || v[l].dpart != 0));
        do
        :: v[l].dcur < size && x == 0 ->
            i = v[l].dcur;
            if
            :: ok && (oheld & M(i)) == 0 && (!v[l].dheld || lk[i] != d[l].k) -> x = M(lc[i])
            :: else
            fi;
            v[l].dcur++
        :: else -> break
        od;
        v[l].am = x; v[l].ax = v[l].dcur;
        if
        :: v[l].dcur < size
        :: else ->
            if
            :: v[l].dmay && !v[l].dheld && v[l].dpart == 0 && x == 0 && size > 1 -> /* the first half of S */
                v[l].dpart = 1; if :: (oheld & 1) == 0 -> v[l].am = M(lc[0]) :: else fi
            :: v[l].dmay && !v[l].dheld && (v[l].dpart != 0 || size <= 1) ->
                applied(y);
                v[l].dpart = 2; v[l].am = v[l].am | y; v[l].aarr = 1; v[l].fin = 1
            :: (!v[l].dmay || v[l].dheld) -> v[l].fin = 1
            :: else
            fi
        fi;
        if
        :: v[l].fin ->
            applied(y);
            v[l].ahave = y; v[l].afin = 1; v[l].apur = (v[l].dheld && !v[l].dmay)
        :: else
        fi;
        state_log(l); /* deal_witness */
        printf("office: deals a batch to laptop %d\n", l);
        v[l].an = ENTRIES
    fi
}

/* peer.c: answer_fork; fork_take_next, fork_take, fork_close, next_epoch; central_commit. Compares all that waits there with
 * what the log has under those numbers, keeps the rest as evidence, and gives an epoch by its clock. The code does this
 * batch by batch; here it is one step. */
inline give_epoch(l)
{
    y = 0;
    c = 0;
    do
    :: c < ALL ->
        if
        :: (d[l].w & M(c)) != 0 ->
            log_find(d[l].at[c] - 1, NUM(d[l].at[c] - 1, c), z);
            if
            :: z == c || (BUG == 17 && z != 255) -> y = y | M(c)
            :: else -> if :: BUG != 15 -> oevid = oevid | M(c) :: else fi
            fi
        :: else
        fi;
        c++
    :: else -> break
    od;
    x = (clock == 0 -> 2 : clock + 1);
    if
    :: BUG == 18 -> /* the first that the log does not say was given */
        x = 2;
        do :: (given & M(x)) != 0 -> x++ :: else -> break od
    :: else
    fi;
    if :: x <= clock -> printf("BROKEN: an epoch is given twice\n"); assert(false) :: else fi;
    assert(x < CHAINS);
    clock = x; given = given | M(x);
    v[l].am = y; v[l].ax = x; v[l].an = EPOCH;
    printf("office: has some of what laptop %d hands over (mask %d), keeps the rest as evidence, and gives it chain %d\n", l, y, x)
}
