/* --- a laptop --- */

/* Is a sync worth its while? A scheduler's knowledge that keeps the runs finite: a sync that would do nothing is left
 * out. A laptop that was told waits for the office to change. */
#define SYNCS(l) (up[l] && v[l].ph == AWAY && !told[l] && (d[l].n > d[l].a || d[l].rcpt || d[l].cks != size || \
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

/* ANNOUNCED (setback_follow): the office was set back and says so in its log: told loudly, everything kept, and what its log does not
 * have any more waits again. Own changes are re-sent under their numbers: nothing else has them. */
inline new_term(l)
{
    printf("laptop %d: tells its user that the office was set back to %d entries; re-sends its own from %d on\n", l, common, v[l].ahave + 1);
    d[l].term = v[l].ax;
    if :: d[l].cur > common -> d[l].cur = common :: else fi;
    if :: d[l].a > v[l].ahave && BUG != 16 -> d[l].a = v[l].ahave :: else fi;
    d[l].cks = 0; d[l].ckg = 0; sgs[l] = 0; sgg[l] = 0; tks[l] = 0; tkg[l] = 0;
    v[l].acon = 1;
    /* What others wrote and the office lost stays here until it is dealt again. */
    if :: d[l].row == WHOLE -> d[l].row = PART :: else fi
}

/* meet, queue_welcome: check_checkpoint, check_chain, keep_checkpoint */
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
        /* check_chain. What the office has at have must be what is here under that number. */
        y = 255;
        if :: v[l].ahave != 0 -> y = v[l].am :: else fi;
        if
        :: v[l].ahave < d[l].a && BUG != 5 && BUG != 16 ->
            printf("laptop %d: refuses: the office has lost changes that it had proved to hold\n", l); refuse(l)
        :: !(v[l].ahave < d[l].a && BUG != 5 && BUG != 16) && BUG != 7 && v[l].ahave != 0 && (v[l].ahave > d[l].n || d[l].ch[v[l].ahave - 1] != y) ->
#ifdef NEW_EPOCH
            printf("laptop %d: sees a fork: asks for a new epoch\n", l);
            seen(l, v[l].as, v[l].ag); clear_answer(l);
            v[l].ph = FORKS;
            batch_of(l, d[l].n); give_epoch(l)
#else
            printf("laptop %d: refuses: a fork: the office has other changes of this laptop\n", l); refuse(l)
#endif
        :: else ->
            printf("laptop %d: is welcome, keeps the checkpoint of %d entries\n", l, v[l].as);
            seen(l, v[l].as, v[l].ag); clear_answer(l);
            v[l].owes = (dealt[DEV(l)] != (d[l].row == WHOLE)); /* want_caseload */
            v[l].ph = SENDS;
            if :: BUG == 4 -> v[l].ph = PULLS :: else fi
        fi
    fi
}

/* queue_take, fill: bk .. bc := what waits, up to the number t */
inline batch_of(l, t) { bk = d[l].k; bf = d[l].a + 1; bt = t; bc[0] = d[l].ch[0]; bc[1] = d[l].ch[1]; bc[2] = d[l].ch[2] }

/* push_batch: what waits from acked + 1 up to the number t */
inline push(l, t, then)
{
    batch_of(l, t);
    printf("laptop %d: pushes %d to %d of chain %d\n", l, bf, t, d[l].k);
    v[l].ph = then;
    take_push(l)
}

/* push_batch, queue_pushed: verify (checkpoint, consistency, range), keep_checkpoint, log_accept, note_acked, note_held */
inline pushed(l)
{
    ok = (BUG == 5 || (v[l].as >= d[l].cks && v[l].acon));
    y = 0;
#if RESTORES && !defined(ANNOUNCED)
    i = 0; /* log_accept: another entry here may have the place that this one gets */
    do
    :: i < size -> if :: lk[i] == d[l].k && (d[l].spos & M(i)) != 0 && (d[l].stray & M(lc[i])) == 0 -> y = 1 :: else fi; i++
    :: else -> break
    od;
#endif
    if
    :: ok && y != 0 -> printf("laptop %d: cannot store the answer: another entry has that place\n", l); refuse(l)
    :: !ok -> printf("laptop %d: refuses the answer: its history changed\n", l); refuse(l)
    :: ok && y == 0 ->
        printf("laptop %d: lets go of its changes up to %d, keeps the checkpoint of %d entries\n", l, v[l].ax, v[l].as);
        i = d[l].a;
        do
        :: i < v[l].ax -> acked = acked | M(d[l].ch[i]); reset = reset & ~M(d[l].ch[i]); d[l].stray = d[l].stray & ~M(d[l].ch[i]); i++
        :: else -> break
        od;
        if :: v[l].ax > d[l].a -> d[l].a = v[l].ax :: else fi;
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

/* record_purge, let_go. */
inline let_go(l)
{
    waiting(l, y);
    if
    :: (y & d[l].got) != 0 && BUG != 4 && BUG != 13 ->
        printf("laptop %d: keeps S, in which changes wait\n", l); d[l].row = PART
    :: else ->
        if :: (y & d[l].got) != 0 -> printf("BROKEN: purged before what waits was pushed\n"); assert(false) :: else fi;
        if
        :: BUG == 8 -> printf("laptop %d: says in its receipt that S is purged, and purges it later\n", l)
        :: else -> printf("laptop %d: purges S\n", l); d[l].got = 0; d[l].hm = 0; d[l].stray = 0; d[l].spos = 0
        fi;
        d[l].row = NONE; v[l].owes = 1;
        if :: d[l].got != 0 -> printf("BROKEN: a purge is confirmed that did not happen\n"); assert(false) :: else fi
    fi
}

/* take, take_known: new changes go in and count; one that is here counts no more */
inline take(l, what)
{
    if :: BUG == 6 && (d[l].got & (what)) != 0 -> d[l].tw = d[l].tw | (d[l].got & (what)) :: else fi;
    if :: ((what) & ~d[l].got) != 0 -> v[l].owes = 1 :: else fi;
#ifdef ANNOUNCED
    d[l].stray = d[l].stray & ~(what); /* its new place */
#endif
    d[l].got = d[l].got | (what)
}

/* settle: what was dealt takes the place of what is here, but for what waits and what the office holds back */
inline settle(l)
{
    waiting(l, y);
#ifdef ANNOUNCED
    d[l].stray = d[l].stray & ~v[l].staged;
    x = d[l].stray; /* kept: see new_term */
#else
    x = 0;
#endif
    if
    :: (y & d[l].got) == 0 || BUG == 12 -> d[l].got = (d[l].got & (d[l].hm | x)); d[l].stray = d[l].stray & d[l].got; if :: d[l].stray == 0 -> d[l].spos = 0 :: else fi
    :: else
    fi;
    take(l, v[l].staged); /* take_staged */
    v[l].staged = 0; v[l].owes = 1;
    d[l].row = WHOLE
}

/* apply_entries: take_batch, then finish where the deal is done: let_go_of_all, compare; apply_receipt. One transaction. */
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
        :: d[l].row == WHOLE && (x != v[l].ahave || (x & d[l].stray) != 0) ->
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

/* NEW_EPOCH, reissue_write: the office has said how many of what waits it has under the old numbers, and the new epoch. The rest is
 * written once more under the new epoch; the old bytes stay as evidence, here and at the office. One transaction. */
inline new_epoch(l)
{
    x = d[l].a + v[l].ahave; /* how many of ours the office has */
    i = d[l].a;
    do :: i < x -> acked = acked | M(d[l].ch[i]); i++ :: else -> break od;
    if :: BUG == 14 -> x = d[l].a :: else fi;
    i = x;
    do
    :: i < d[l].n ->
        if :: BUG != 15 -> d[l].evid = d[l].evid | M(d[l].ch[i]) :: else fi;
        reissued = reissued | M(d[l].ch[i]);
        i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < SEQ -> if :: x + i < d[l].n -> d[l].ch[i] = d[l].ch[x + i] :: else -> d[l].ch[i] = 0 fi; i++
    :: else -> break
    od;
    d[l].n = d[l].n - x; d[l].a = 0; d[l].k = v[l].ax;
    printf("laptop %d: tells its user of the fork; begins chain %d with %d changes re-issued, keeps both\n", l, d[l].k, d[l].n);
    clear_answer(l);
    if :: d[l].row == WHOLE -> d[l].row = PART :: else fi; /* deals own changes that the put-back disk lacks */
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
    :: d_step { v[l].ph == SENDS && d[l].a + 1 < d[l].n -> push(l, d[l].a + 1, PUSHES); check_state() } /* a small room */
    :: d_step { v[l].ph == SENDS && d[l].a < d[l].n -> push(l, d[l].n, PUSHES); check_state() }
    :: d_step { v[l].ph == SENDS && d[l].a >= d[l].n && d[l].rcpt -> v[l].ph = PUSHES; take_receipt(l); check_state() }
    :: d_step { v[l].an == PUSHED -> pushed(l); check_state() }
    :: d_step { v[l].an == RECEIPT -> receipt_pushed(l); check_state() }
    :: d_step { v[l].ph == PULLS || (v[l].ph == SENDS && d[l].a >= d[l].n && !d[l].rcpt) -> pull(l); check_state() }
    :: d_step { v[l].an == ENTRIES -> apply(l); check_state() }
    :: d_step { v[l].ph == CLOSES && d[l].a < d[l].n -> push(l, d[l].n, CLOSING); check_state() }
    :: d_step { v[l].ph == CLOSES && d[l].a >= d[l].n && d[l].rcpt ->
        printf("laptop %d: pushes its receipt\n", l); v[l].ph = CLOSING; take_receipt(l); check_state() }
    :: d_step { v[l].ph == CLOSES && d[l].a >= d[l].n && !d[l].rcpt -> end_sync(l); check_state() }
#ifdef NEW_EPOCH
    :: d_step { v[l].an == EPOCH -> new_epoch(l); check_state() }
#endif
#if BUG == 2
    :: d_step { v[l].ph == SENDS && d[l].a < d[l].n -> /* what it sent is lost on the way */
        i = d[l].a;
        do :: i < d[l].n -> acked = acked | M(d[l].ch[i]); i++ :: else -> break od;
        d[l].a = d[l].n; printf("laptop %d: pushes, and lets go before the office has answered\n", l); hang_up(l); check_state() }
#endif
#if BUG == 1
    :: d_step { pend[l] != 0 && v[l].an == PUSHED -> batch_of(l, pend[l]); pend[l] = 0; receive(may[l]); check_state() }
#endif
    od
}
