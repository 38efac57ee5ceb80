/* --- a laptop --- */

/* Is a sync worth its while? A scheduler's knowledge that keeps the runs finite: a sync that would do nothing is left
 * out. A laptop that was told waits for the office to change. */
#define SYNCS(l) (up[l] && v[l].ph == AWAY && !told[l] && (d[l].w != 0 || d[l].back || d[l].rcpt || d[l].cks != size || \
    (size != 0 && d[l].ckg != lg[size - 1]) || d[l].cur < size || (d[l].row == WHOLE) != may[l] || \
    d[l].row == PART || dealt[DEV(l)] != may[l]))

/* say_hello */
inline say_hello(l)
{
    printf("laptop %d: connects and says hello (chain %d up to %d, checkpoint %d of history %d)\n", l, d[l].k, d[l].n, d[l].cks, d[l].ckg);
    forget_deal(l);
    v[l].ph = MEETS;
    welcome(l)
}

/* The laptop answers to a checkpoint: it must have it on its disk then. */
inline seen(l, s, g)
{
    sgs[l] = s; sgg[l] = g;
    if
    :: BUG == 3 -> mcs[l] = s; mcg[l] = g
    :: else -> d[l].cks = s; d[l].ckg = g
    fi
}

/* queue_again, bring_headers: what the office has lost of this laptop's waits again under its old number. Where the office
 * does not know the laptop's epoch, that of earlier ones too. */
inline queue_again(l)
{
    c = 0;
    do
    :: c < ALL ->
        if
        :: BUG != 16 && d[l].at[c] != 0 && OWN(l, d[l].at[c] - 1) && (d[l].w & M(c)) == 0 && (
                ((d[l].lost & M(c)) != 0 && (d[l].at[c] - 1 == d[l].k || (v[l].ak != d[l].k && BUG != 21))) ||
                (d[l].at[c] - 1 == d[l].k && (v[l].ak != d[l].k || NUM(d[l].k, c) > v[l].ahave))) ->
            d[l].w = d[l].w | M(c);
            d[l].hm = d[l].hm & ~M(c); d[l].stray = d[l].stray & ~M(c); d[l].lost = d[l].lost & ~M(c)
        :: else
        fi;
        c++
    :: else -> break
    od
}

/* ANNOUNCED: setback_follow. The office was set back and says so in its log. Where that does not continue what the laptop
 * has seen, go_back (queue_again, take_back_acked, set_aside, begin_anew): told loudly, everything kept. */
inline new_term(l)
{
    d[l].term = v[l].ax;
    if
    :: v[l].as >= d[l].cks && v[l].acon -> printf("laptop %d: hears that the office was set back; it loses nothing by it\n", l)
    :: else ->
        printf("laptop %d: tells its user that the office was set back to %d entries; what it lost waits again\n", l, common);
        queue_again(l);
        x = (v[l].ak == d[l].k -> v[l].ahave : 0);
        if :: x < d[l].a && BUG != 16 -> d[l].a = x :: else fi;
        if :: d[l].cur > common -> d[l].cur = common :: else fi;
        d[l].lost = 0; d[l].cks = 0; d[l].ckg = 0; sgs[l] = 0; sgg[l] = 0; tks[l] = 0; tkg[l] = 0;
        v[l].acon = 1;
        /* What others wrote and the office lost stays here until it is dealt again. */
        if :: d[l].row == WHOLE -> d[l].row = PART :: else fi
    fi
}

/* check_chain, find_gap: out := is what the office has of the laptop's epoch no beginning of its chain, or has the office
 * lost what does not wait here? Or did key file or outbox tell? */
inline has_forked(l, out)
{
    out = d[l].back;
    if
    :: BUG == 7 || (BUG == 20 && v[l].ak != d[l].k)
    :: else ->
        own_find(l, d[l].k, v[l].ahave, y);
        out = out || v[l].ak != d[l].k || v[l].ahave > d[l].n || (v[l].ahave != 0 && y != v[l].am);
        s = v[l].ahave + 1;
        do
        :: s <= d[l].n && !out -> own_find(l, d[l].k, s, y); out = (y == 255 || (d[l].w & M(y)) == 0); s++
        :: else -> break
        od
    fi
}

/* meet, keep_welcome: setback_follow; queue_welcome: check_checkpoint, check_chain, keep_checkpoint. Where there is a fork,
 * begin_epoch: reissue_ask, hand_over. */
inline met(l)
{
#ifdef ANNOUNCED
    if :: v[l].ax != d[l].term -> new_term(l) :: else fi;
#endif
    ok = (BUG == 5 || (v[l].as >= d[l].cks && v[l].acon));
    if
    :: !ok ->
        printf("laptop %d: refuses: the office's log of %d entries does not continue the %d it has seen\n", l, v[l].as, d[l].cks);
        refuse(l)
    :: ok ->
        /* what it has answered to, on whichever disk that stands, must have been a beginning of this log */
        if :: v[l].as < sgs[l] || (sgs[l] != 0 && lg[sgs[l] - 1] != sgg[l]) -> printf("BROKEN: a history that shrank or changed was accepted\n"); assert(false) :: else fi;
#if STRICT == 1
        if :: v[l].as < tks[l] || (tks[l] != 0 && lg[tks[l] - 1] != tkg[l]) -> printf("BROKEN: the history from which this laptop has taken entries is gone, and it was accepted\n"); assert(false) :: else fi;
#endif
        if
        :: v[l].ak == d[l].k && v[l].ahave <= d[l].n && v[l].ahave < d[l].a && BUG != 5 && BUG != 16 ->
            printf("laptop %d: refuses: the office has lost changes that it had proved to have\n", l); refuse(l)
        :: else ->
            seen(l, v[l].as, v[l].ag);
            has_forked(l, ok);
            clear_answer(l);
            v[l].owes = (dealt[DEV(l)] != (d[l].row == WHOLE)); /* want_caseload */
            if
            :: ok ->
                printf("laptop %d: sees a fork: hands over what waits, and asks for a new epoch\n", l);
                v[l].ph = FORKS; give_epoch(l)
            :: else ->
                printf("laptop %d: is welcome, keeps the checkpoint of %d entries\n", l, d[l].cks);
                v[l].ph = SENDS;
                if :: BUG == 4 -> v[l].ph = PULLS :: else fi
            fi
        fi
    fi
}

/* queue_oldest, queue_take, fill: bk .. bc := the run that waits in the oldest epoch in which anything does; `one`: no more
 * than its first change */
inline batch_of(l, one)
{
    bk = 255; bf = 255;
    c = 0;
    do
    :: c < ALL ->
        if
        :: (d[l].w & M(c)) != 0 && !(BUG == 22 && d[l].at[c] - 1 != d[l].k) ->
            x = d[l].at[c] - 1; y = NUM(x, c);
            if :: x < bk || (x == bk && y < bf) -> bk = x; bf = y :: else fi
        :: else
        fi;
        c++
    :: else -> break
    od;
    own_find(l, bk, 1, bc[0]); own_find(l, bk, 2, bc[1]); own_find(l, bk, 3, bc[2]); own_find(l, bk, 4, bc[3]);
    bt = bf;
    do
    :: !(one) && bt < SEQ && bc[bt] != 255 && (d[l].w & M(bc[bt])) != 0 -> bt++
    :: else -> break
    od
}

#define WAITS(l) (d[l].w != 0 && (BUG != 22 || d[l].a < d[l].n))

/* push_batch */
inline push(l, one, then)
{
    batch_of(l, one);
    printf("laptop %d: pushes %d to %d of chain %d\n", l, bf, bt, bk);
    v[l].ph = then;
    take_push(l)
}

/* push_batch, queue_pushed: verify (check_checkpoint, make_leaves), keep_checkpoint, log_clear, log_accept, note_acked,
 * note_held */
inline pushed(l)
{
    ok = (BUG == 5 || (v[l].as >= d[l].cks && v[l].acon));
    if
    :: !ok -> printf("laptop %d: refuses the answer: its history changed\n", l); refuse(l)
    :: else ->
        printf("laptop %d: lets go of its changes of chain %d up to %d, keeps the checkpoint of %d entries\n", l, v[l].ak, v[l].ax, v[l].as);
        c = 0;
        do
        :: c < ALL ->
            if
            :: (d[l].w & M(c)) != 0 && d[l].at[c] == v[l].ak + 1 && NUM(v[l].ak, c) <= v[l].ax ->
                d[l].w = d[l].w & ~M(c); d[l].stray = d[l].stray & ~M(c);
                acked = acked | M(c); reset = reset & ~M(c)
            :: else
            fi;
            c++
        :: else -> break
        od;
        if :: v[l].ak == d[l].k && v[l].ax > d[l].a -> d[l].a = v[l].ax :: else fi;
        d[l].hm = d[l].hm | (v[l].am & d[l].got);
        v[l].owes = 1;
        seen(l, v[l].as, v[l].ag); clear_answer(l);
        v[l].ph = (v[l].ph == PUSHES -> SENDS : CLOSES)
    fi
}

/* the same for a receipt, which is a change of no consequence */
inline receipt_pushed(l)
{
    d[l].rcpt = 0; seen(l, v[l].as, v[l].ag); clear_answer(l);
    v[l].ph = (v[l].ph == PUSHES -> SENDS : CLOSES)
}

/* pull_all: apply_restart, then a pull */
inline pull(l)
{
    if
    :: !v[l].deal ->
        v[l].staged = 0;
        if :: BUG == 10 && d[l].row == PART -> /* what is not complete is let go of at once */
            d[l].row = NONE; d[l].got = 0; printf("laptop %d: purges S, which had not arrived\n", l);
            if :: may[l] -> printf("BROKEN: a purge that no complete deal ordered\n"); assert(false) :: else fi
        :: else fi
    :: else
    fi;
    printf("laptop %d: pulls from %d\n", l, d[l].cur);
    v[l].ph = TAKES;
    deal_next(l)
}

/* Of others' changes that have gone nothing stays; of its device's the header does. */
inline drop(l)
{
    c = 0;
    do
    :: c < ALL ->
        if :: d[l].at[c] != 0 && (d[l].got & M(c)) == 0 && !OWN(l, d[l].at[c] - 1) -> d[l].at[c] = 0 :: else fi;
        c++
    :: else -> break
    od
}

/* setback_set_apart: one that the office lost gives way to another with its number: it stays, under no number. */
#define APART(l, c) (BUG != 23 && (d[l].stray & M(c)) != 0)

/* add, log_add: (device, epoch, seq) is unique in entry. out := has the laptop another change with the number of one that comes,
 * among what is not about to give way to it (settle)? 2: of its own epoch, where it may also be the next that it would write
 * itself: then the receipt of the same transaction has no number. */
inline collides(l, out)
{
    out = 0;
    x = v[l].am; y = d[l].got;
    if
    :: v[l].aarr && d[l].row != WHOLE ->
        x = x | v[l].staged;
        if
        :: (d[l].w & d[l].got) == 0 ->
            y = d[l].got & d[l].hm;
#ifdef ANNOUNCED
            y = y | (d[l].got & d[l].stray)
#endif
        :: else
        fi
    :: v[l].am != 0 && d[l].row != WHOLE && !v[l].aarr -> x = 0
    :: else
    fi;
    i = 0;
    do
    :: i < size && x != 0 && out == 0 ->
        if
        :: (x & M(lc[i])) != 0 && (oheld & M(i)) == 0 && lk[i] != OFFICE ->
            m = 0;
            do
            :: m < ALL ->
                if
                :: m != lc[i] && ((y | d[l].w) & M(m)) != 0 && !APART(l, m) && d[l].at[m] == lk[i] + 1 && NUM(lk[i], m) == NUM(lk[i], lc[i]) -> out = 1
                :: else
                fi;
                m++
            :: else -> break
            od;
            if :: lk[i] == d[l].k && (out || NUM(lk[i], lc[i]) > d[l].n) -> out = 2 :: else fi
        :: else
        fi;
        i++
    :: else -> break
    od
}

/* let_go: setback_is_alone; purge: setback_keep_headers, record_purge */
inline let_go(l)
{
    ok = (d[l].w & d[l].got) != 0;
    if
    :: ok && BUG != 4 && BUG != 13 ->
        printf("laptop %d: keeps S, in which changes wait\n", l); d[l].row = PART
#ifdef ANNOUNCED
    :: (!ok || BUG == 4 || BUG == 13) && d[l].stray != 0 ->
        printf("laptop %d: keeps S, of which the office lost what is here\n", l); d[l].row = PART
    :: (!ok || BUG == 4 || BUG == 13) && d[l].stray == 0 ->
#else
    :: else ->
#endif
        if :: ok -> printf("BROKEN: purged before what waits was pushed\n"); assert(false) :: else fi;
        if
        :: BUG == 8 -> printf("laptop %d: says in its receipt that S is purged, and purges it later\n", l)
        :: else -> printf("laptop %d: purges S\n", l); d[l].got = 0; d[l].hm = 0; d[l].stray = 0; d[l].evid = 0 /* reissue_forget */; drop(l)
        fi;
        d[l].row = NONE; v[l].owes = 1;
        if :: d[l].got != 0 -> printf("BROKEN: a purge is confirmed that did not happen\n"); assert(false) :: else fi
    fi
}

/* take, add, take_known: new changes go in and count; one that is here counts no more. One that waits goes on waiting. What the
 * office deals it does not hold back. */
inline take(l, what)
{
    if :: BUG == 6 && (d[l].got & (what)) != 0 -> d[l].tw = d[l].tw | (d[l].got & (what)) :: else fi;
    if :: ((what) & ~d[l].got) != 0 -> v[l].owes = 1 :: else fi;
#ifdef ANNOUNCED
    d[l].stray = d[l].stray & ~(what); /* its new place */
#endif
    i = 0;
    do
    :: i < size ->
        if
        :: ((what) & M(lc[i])) != 0 && (oheld & M(i)) == 0 && lk[i] != OFFICE ->
            /* one that was written once more waits here, and its like comes from another epoch: shown twice */
            if :: (d[l].w & M(lc[i])) != 0 && d[l].at[lc[i]] != lk[i] + 1 -> d[l].tw = d[l].tw | M(lc[i]) :: else fi;
            if :: d[l].at[lc[i]] == 0 -> d[l].at[lc[i]] = lk[i] + 1 :: else fi;
#ifdef ANNOUNCED
            m = 0;
            do
            :: m < ALL ->
                if
                :: m != lc[i] && APART(l, m) && d[l].at[m] == lk[i] + 1 && NUM(lk[i], m) == NUM(lk[i], lc[i]) -> d[l].at[m] = 0
                :: else
                fi;
                m++
            :: else -> break
            od
#endif
        :: else
        fi;
        i++
    :: else -> break
    od;
    d[l].hm = d[l].hm & ~(what);
    d[l].got = d[l].got | (what)
}

/* settle: what was dealt takes the place of what is here, but for what waits and what the office holds back */
inline settle(l)
{
#ifdef ANNOUNCED
    d[l].stray = d[l].stray & ~v[l].staged;
    x = d[l].stray; /* kept: see new_term */
#else
    x = 0;
#endif
    if
    :: (d[l].w & d[l].got) == 0 || BUG == 12 -> d[l].got = (d[l].got & (d[l].hm | x)); d[l].stray = d[l].stray & d[l].got; d[l].hm = d[l].hm & d[l].got; drop(l)
    :: else
    fi;
    take(l, v[l].staged); /* take_staged */
    v[l].staged = 0; v[l].owes = 1;
    d[l].row = WHOLE
}

/* apply_entries: take_batch, then finish where the deal is done: let_go_of_all, compare; owes_receipt,
 * apply_receipt. One transaction. */
inline apply(l)
{
    printf("laptop %d: takes a batch (entries %d, complete %d, purge %d, done %d), cursor %d\n", l, v[l].am, v[l].aarr, v[l].apur, v[l].afin, v[l].ax);
    if
    :: v[l].am != 0 && d[l].row != WHOLE -> v[l].staged = v[l].staged | v[l].am; d[l].row = PART
    :: v[l].am != 0 && d[l].row == WHOLE && BUG != 11 -> take(l, v[l].am) /* its place is behind the cursor: free */
    :: else
    fi;
    if :: v[l].aarr && d[l].row != WHOLE -> settle(l) :: else fi;
    d[l].cur = v[l].ax;
    seen(l, v[l].as, v[l].ag); /* queue_witness: the checkpoint that covers the batch is kept with it */
    tks[l] = v[l].ax; tkg[l] = (v[l].ax == 0 -> 0 : lg[v[l].ax - 1]);
    if
    :: v[l].afin ->
        v[l].staged = 0;
        if :: v[l].apur || (d[l].row == PART && !v[l].aarr) -> let_go(l) :: else fi;
        /* compare: the digest of what is held whole, unsent changes and places among it */
        x = d[l].got & ~d[l].hm;
#ifdef ANNOUNCED
        x = x & ~d[l].stray;
#endif
        if
        :: d[l].row == WHOLE && BUG != 19 && (x != v[l].ahave || (x & d[l].stray) != 0) ->
            printf("laptop %d: differs from the office's record and says so; all is dealt anew next time\n", l);
            d[l].row = PART; v[l].owes = 1
        :: else
        fi;
        if :: v[l].owes -> d[l].rcpt = 1 :: else fi;
        v[l].ph = CLOSES
    :: else -> v[l].ph = PULLS
    fi;
    clear_answer(l)
}

/* reissue_ask, reissue_write: strand, write_all_again. What the office has under its old number goes on waiting, for the
 * proof of an ordinary push; the rest is written once more in the new epoch, in its old order, and its old bytes are kept.
 * What is only a header is not. All is dealt anew: a disk that was put back lacks own changes. One transaction. */
inline new_epoch(l)
{
    if
    :: BUG == 17 -> acked = acked | (v[l].am & d[l].w); d[l].w = d[l].w & ~v[l].am
    :: else
    fi;
    x = 0;
    j = 0;
    do
    :: j < v[l].ax ->
        s = 1;
        do
        :: s <= SEQ ->
            own_find(l, j, s, c);
            if
            :: c != 255 && (d[l].w & ~v[l].am & M(c)) != 0 ->
                if
                :: (d[l].got & M(c)) != 0 ->
                    if :: BUG != 15 -> d[l].evid = d[l].evid | M(c) :: else fi;
                    reissued = reissued | M(c);
                    x++; d[l].at[c] = v[l].ax + 1; NUM(v[l].ax, c) = x
                :: else -> d[l].w = d[l].w & ~M(c); d[l].at[c] = 0
                fi
            :: else
            fi;
            s++
        :: else -> break
        od;
        j++
    :: else -> break
    od;
    d[l].k = v[l].ax; d[l].n = x; d[l].a = 0; d[l].back = 0;
    printf("laptop %d: tells its user of the fork; begins chain %d with %d changes written once more\n", l, d[l].k, d[l].n);
    clear_answer(l);
    if :: d[l].row == WHOLE && BUG != 19 -> d[l].row = PART :: else fi;
    v[l].owes = 1; /* want_caseload */
    v[l].ph = SENDS
}

inline end_sync(l)
{
    printf("laptop %d: ends its sync\n", l);
    if :: BUG == 3 && mcs[l] != 0 -> d[l].cks = mcs[l]; d[l].ckg = mcg[l] :: else fi;
    hang_up(l)
}

/* --- who does what ---
 *
 * A step of a laptop goes from one answer that it has read to the next question, and the office's work on that question:
 * a question that is lost on the way is the same as one that was not asked, and whatever else happens between asking and
 * the office's work could as well have happened before. The answer is a step of its own: all may happen before it is read,
 * and it may be lost. */

proctype Laptop(byte l)
{
    do
    :: d_step { SYNCS(l) -> say_hello(l); check_state() }
    :: d_step { v[l].an == WELCOME -> met(l); check_state() }
    :: d_step { v[l].an == FAIL -> printf("laptop %d: is refused by the office, and keeps everything\n", l);
        /* where a push was refused the next welcome says why */
        if :: v[l].ph == TAKES -> refuse(l) :: else -> hang_up(l) fi; check_state() }
    :: d_step { v[l].ph == SENDS && WAITS(l) -> push(l, 1, PUSHES); check_state() } /* a small room */
    :: d_step { v[l].ph == SENDS && WAITS(l) && (d[l].w & (d[l].w - 1)) != 0 -> push(l, 0, PUSHES); check_state() }
    :: d_step { v[l].ph == SENDS && !WAITS(l) && d[l].rcpt -> v[l].ph = PUSHES; take_receipt(l); check_state() }
    :: d_step { v[l].an == PUSHED -> pushed(l); check_state() }
    :: d_step { v[l].an == RECEIPT -> receipt_pushed(l); check_state() }
    :: d_step { v[l].ph == PULLS || (v[l].ph == SENDS && !WAITS(l) && !d[l].rcpt) -> pull(l); check_state() }
    :: d_step { v[l].an == ENTRIES ->
        collides(l, ok);
        if
        :: ok == 1 -> printf("laptop %d: refuses the batch: it has another change with a number of it\n", l); refuse(l)
        :: ok == 2 -> printf("laptop %d: takes nothing: its chain has forked in the middle of the sync\n", l); hang_up(l)
        :: else -> apply(l)
        fi;
        check_state() }
    :: d_step { v[l].ph == CLOSES && WAITS(l) -> push(l, 0, CLOSING); check_state() }
    :: d_step { v[l].ph == CLOSES && !WAITS(l) && d[l].rcpt ->
        printf("laptop %d: pushes its receipt\n", l); v[l].ph = CLOSING; take_receipt(l); check_state() }
    :: d_step { v[l].ph == CLOSES && !WAITS(l) && !d[l].rcpt -> end_sync(l); check_state() }
    :: d_step { v[l].an == EPOCH -> new_epoch(l); check_state() }
#if BUG == 2
    :: d_step { v[l].ph == SENDS && d[l].w != 0 -> /* what it sent is lost on the way */
        acked = acked | d[l].w; d[l].w = 0; d[l].a = d[l].n;
        printf("laptop %d: pushes, and lets go before the office has answered\n", l); hang_up(l); check_state() }
#endif
#if BUG == 1
    :: d_step { pend[l] != 0 && v[l].an == PUSHED -> batch_of(l, 0); bt = pend[l]; pend[l] = 0; receive(may[l]); check_state() }
#endif
    od
}
