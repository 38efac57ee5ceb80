/* --- the office --- */

/* Everything that an answer says of the log: checkpoint, and whether a consistency proof from the laptop's can be made. */
inline state_log(l)
{
    v[l].as = size;
    v[l].ag = (size == 0 -> 0 : lg[size - 1]);
    v[l].acon = (d[l].cks == 0 || (d[l].cks <= size && lg[d[l].cks - 1] == d[l].ckg))
}

/* peer.c: welcome; log_chain_end, deal_remembers */
inline welcome(l)
{
    chain_end(d[l].k, x);
    v[l].ahave = x; v[l].am = 0;
    if :: x != 0 -> log_find(d[l].k, x, v[l].am) :: else fi;
    state_log(l);
    v[l].ax = gen;
    printf("office: welcomes laptop %d (has %d of chain %d, log of %d, history %d)\n", l, x, d[l].k, size, gen);
    v[l].an = WELCOME
}

/* receive_push: find_old, take_new (chain_follow, caseload_judge, central_append), log_head_add; central_commit.
 * y := how far it is on the disk; 0: refused. The push is
 * bk .. bc; right: is S in the caseload of its laptop? */
inline receive(right)
{
    chain_end(bk, x);
    y = 0; ok = 1;
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
            :: (j == x + 1 || BUG == 9) && (j == 1 || z == bc[j - 2] || BUG == 7) && size < LOG ->
                lc[size] = bc[j - 1]; lk[size] = bk; lg[size] = gen;
                if :: !(right) -> oheld = oheld | M(bc[j - 1]) :: else fi;
                size++; x++; y = j; office_changed()
            :: else -> ok = 0
            fi
        :: else
        fi;
        j++
    :: else -> break
    od
}

/* peer_pushed, receive_answer: only after the commit */
inline take_push(l)
{
#if BUG == 1
    pend[l] = bt; v[l].as = size + 1 + bt - bf; v[l].ag = gen; v[l].acon = 1;
    v[l].ax = bt; v[l].an = PUSHED
#else
    receive(may[l]);
    if
    :: !ok && y == 0 ->
        printf("office: refuses a push of laptop %d (fork or gap)\n", l);
        v[l].an = FAIL
    :: else ->
        printf("office: has laptop %d's changes up to %d on its disk, and says so\n", l, y);
        state_log(l); v[l].ax = y; v[l].am = oheld; v[l].an = PUSHED
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

/* peer.c: pull; deal_start, deal_next: deal_news, deal_arrivals, finish. A batch carries one entry, or half a scope. */
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
            :: ok && (oheld & M(lc[i])) == 0 && (!v[l].dheld || lk[i] != d[l].k) -> x = M(lc[i])
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
                v[l].dpart = 1; v[l].am = M(lc[0]) & ~oheld
            :: v[l].dmay && !v[l].dheld && (v[l].dpart != 0 || size <= 1) ->
                in_log(y);
                v[l].dpart = 2; v[l].am = v[l].am | (y & ~oheld); v[l].aarr = 1; v[l].fin = 1
            :: (!v[l].dmay || v[l].dheld) -> v[l].fin = 1
            :: else
            fi
        fi;
        if
        :: v[l].fin ->
            in_log(y);
            v[l].ahave = y & ~oheld; v[l].afin = 1; v[l].apur = (v[l].dheld && !v[l].dmay)
        :: else
        fi;
        state_log(l); /* deal_witness */
        printf("office: deals a batch to laptop %d\n", l);
        v[l].an = ENTRIES
    fi
}

/* NEW_EPOCH, fork_take, fork_close: a number that no disk has: the smallest free one stands for the next that was never given. Keeps what the
 * laptop has to show of its side; both are then evidence. */
inline give_epoch(l)
{
    y = 0; ok = 1;
    j = bf;
    do
    :: j <= bt ->
        log_find(bk, j, z);
        if :: ok && z == bc[j - 1] -> y++ :: else -> ok = 0; if :: BUG != 15 -> oevid = oevid | M(bc[j - 1]) :: else fi fi;
        j++
    :: else -> break
    od;
    v[l].ahave = y;
    x = 2;
    do
    :: x < 8 ->
        chain_end(x, z);
        if :: z == 0 && d[0].k != x && d[1].k != x -> break :: else -> x++ fi
    :: else -> break
    od;
    v[l].ax = x; v[l].an = EPOCH;
    printf("office: keeps the fork of laptop %d as evidence (%d of its changes are here); gives it chain %d\n", l, y, x)
}
