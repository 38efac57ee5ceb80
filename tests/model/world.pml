/* --- the world --- */

/* The laptop that a chain is of: laptop 1's own first chain, and what a clone began, count as laptop 1's. */
inline type(l)
{
    z = (l == 0 -> 0 : TYPED) + next[l];
    printf("laptop %d: its user writes change %d (chain %d, number %d)\n", l, z, d[l].k, d[l].n + 1);
    d[l].ch[d[l].n] = z; d[l].n++;
    d[l].got = d[l].got | M(z);
    typed = typed | M(z);
    next[l]++; budget_typed[l]--
}

#define COPY(to, from) \
    to.k = from.k; to.n = from.n; to.a = from.a; to.ch[0] = from.ch[0]; to.ch[1] = from.ch[1]; to.ch[2] = from.ch[2]; \
    to.got = from.got; to.hm = from.hm; to.stray = from.stray; to.spos = from.spos; to.tw = from.tw; to.cks = from.cks; to.ckg = from.ckg; \
    to.cur = from.cur; to.row = from.row; to.rcpt = from.rcpt; to.evid = from.evid; to.term = from.term

/* What was typed and is nowhere now went with the disk. */
inline excuse()
{
    in_log(x);
    x = x | d[0].got | d[1].got | oevid;
    excused = excused | (typed & ~x)
}

#define CAN_TYPE(l) (budget_typed[l] != 0 && up[l] && d[l].row != NONE && d[l].n < SEQ)

proctype World()
{
    do
    :: d_step { CAN_TYPE(0) -> type(0); check_state() }
    :: d_step { CAN_TYPE(1) -> type(1); check_state() }
    :: d_step { budget_break != 0 && v[0].ph != AWAY -> budget_break--; printf("the link of laptop 0 breaks, or its power\n"); hang_up(0) }
    :: d_step { budget_break != 0 && v[1].ph != AWAY -> budget_break--; printf("the link of laptop 1 breaks, or its power\n"); hang_up(1) }
#if CUTS
    :: d_step { budget_cut != 0 && (v[0].ph != AWAY || v[1].ph != AWAY) -> budget_cut--;
        printf("the office's power is cut\n"); hang_up(0); hang_up(1); check_state() }
#endif
#if LATE
    :: d_step { budget_late != 0 && !late.on && v[0].ph == SENDS && d[0].a < d[0].n -> budget_late--; batch_of(0, d[0].n);
        printf("a push of laptop 0 stays on the way\n");
        late.on = 1; late.rk = bk; late.rf = bf; late.rt = bt;
        late.rc[0] = bc[0]; late.rc[1] = bc[1]; late.rc[2] = bc[2] }
    :: d_step { late.on -> printf("office: a push arrives late (chain %d, %d to %d)\n", late.rk, late.rf, late.rt);
        bk = late.rk; bf = late.rf; bt = late.rt; bc[0] = late.rc[0]; bc[1] = late.rc[1]; bc[2] = late.rc[2];
        receive(may[0]);
#ifdef NEW_EPOCH
        j = late.rf;
        do
        :: j <= late.rt -> log_find(late.rk, j, z); if :: z != late.rc[j - 1] -> oevid = oevid | M(late.rc[j - 1]) :: else fi; j++
        :: else -> break
        od;
#endif
        late.on = 0; late.rk = 0; late.rf = 0; late.rt = 0; late.rc[0] = 0; late.rc[1] = 0; late.rc[2] = 0; check_state() }
#endif
#if MOVES
    :: d_step { budget_move != 0 -> budget_move--; may[0] = !may[0]; office_changed();
        printf("office: S is in the caseload of laptop 0: %d\n", may[0]) }
    :: d_step { budget_move != 0 -> budget_move--; may[1] = !may[1]; office_changed();
        printf("office: S is in the caseload of laptop 1: %d\n", may[1]) }
#endif
#if WRITES
    :: d_step { (typed & M(7)) == 0 && size < LOG -> typed = typed | M(7); lc[size] = 7; lk[size] = 7; lg[size] = gen; size++;
        office_changed(); printf("office: writes change 7 of its own\n"); check_state() }
#endif
#if IMAGES
    :: d_step { !imaged && typed != 0 -> imaged = 1; COPY(img, d[0]); printf("the disk of laptop 0 is copied\n") }
    :: d_step { imaged && !put_back -> put_back = 1; hang_up(0); COPY(d[0], img);
        sgs[0] = img.cks; sgg[0] = img.ckg; tks[0] = 0; tkg[0] = 0; told[0] = 0;
        img.k = 0; img.n = 0; img.a = 0; img.ch[0] = 0; img.ch[1] = 0; img.ch[2] = 0; img.got = 0; img.hm = 0; img.cks = 0;
        img.ckg = 0; img.cur = 0; img.row = 0; img.rcpt = 0; img.evid = 0; img.term = 0; img.stray = 0; img.spos = 0;
        excuse(); printf("the old copy is put back on laptop 0\n"); check_state() }
#endif
#if CLONES
    :: d_step { !up[1] -> up[1] = 1; COPY(d[1], d[0]); sgs[1] = sgs[0]; sgg[1] = sgg[0];
        printf("laptop 1 begins as a copy of laptop 0\n"); check_state() }
#endif
#if RESTORES
    :: d_step { bsize == 255 && gen == 0 -> bsize = size; bdealt[0] = dealt[0]; bdealt[1] = dealt[1]; bmay[0] = may[0]; bmay[1] = may[1];
        bheld = oheld; printf("the office is backed up: %d entries\n", size) }
    :: d_step { bsize != 255 && size > bsize -> printf("the office is set back to its backup of %d entries\n", bsize);
        hang_up(0); hang_up(1);
        x = 0; y = 0; z = 0; i = bsize;
        waiting(0, j); waiting(1, m); i = bsize;
        do :: i < size -> x = x | M(lc[i]);
            if :: (d[0].got & ~j & M(lc[i])) != 0 -> y = y | M(i) :: else fi;
            if :: (d[1].got & ~m & M(lc[i])) != 0 -> z = z | M(i) :: else fi;
            lc[i] = 0; lk[i] = 0; lg[i] = 0; i++ :: else -> break od;
        d[0].stray = d[0].stray | (d[0].got & x); d[1].stray = d[1].stray | (d[1].got & x);
        d[0].spos = y; d[1].spos = z;
        reset = reset | (acked & x);
        size = bsize; common = bsize; gen++; dealt[0] = bdealt[0]; dealt[1] = bdealt[1]; may[0] = bmay[0]; may[1] = bmay[1];
        oheld = bheld; bsize = 255; bdealt[0] = 0; bdealt[1] = 0; bmay[0] = 0; bmay[1] = 0; bheld = 0; office_changed();
        /* What waits has no place yet. */
        waiting(0, y); d[0].stray = d[0].stray & ~y; waiting(1, y); d[1].stray = d[1].stray & ~y;
        excuse(); check_state() }
#endif
#ifdef LIVE
    :: d_step { budget_typed[0] + budget_typed[1] + budget_break + budget_cut + budget_late + budget_move != 0 ->
        budget_typed[0] = 0; budget_typed[1] = 0; budget_break = 0; budget_cut = 0; budget_late = 0; budget_move = 0;
        printf("the weather clears\n") }
#endif
    od
}
