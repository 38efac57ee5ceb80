/* --- the world --- */

/* The laptop that a chain is of: laptop 1's own first chain, and what a clone began, count as laptop 1's. */
inline type(l)
{
    z = (l == 0 -> 0 : TYPED) + next[l];
    printf("laptop %d: its user writes change %d (chain %d, number %d)\n", l, z, d[l].k, d[l].n + 1);
    d[l].n++; NUM(d[l].k, z) = d[l].n; d[l].at[z] = d[l].k + 1; d[l].w = d[l].w | M(z);
    d[l].got = d[l].got | M(z);
    typed = typed | M(z);
    next[l]++; budget_typed[l]--
}

#define COPY(to, from) \
    to.k = from.k; to.n = from.n; to.a = from.a; to.at[0] = from.at[0]; to.at[1] = from.at[1]; to.at[2] = from.at[2]; \
    to.at[3] = from.at[3]; to.w = from.w; to.got = from.got; to.hm = from.hm; to.stray = from.stray; to.lost = from.lost; \
    to.tw = from.tw; to.cks = from.cks; to.ckg = from.ckg; to.cur = from.cur; to.row = from.row; to.rcpt = from.rcpt; \
    to.back = from.back; to.evid = from.evid; to.term = from.term

/* Does key file or outbox, where they were not put back with the store, show that the store is an older one? is_later */
#define LATER (d[0].k > img.k || (d[0].k == img.k && d[0].n > img.n))

inline put_back_image(knows)
{
    ok = (knows);
    put_back++; hang_up(0);
    COPY(d[0], img);
    d[0].back = d[0].back | ok;
    sgs[0] = img.cks; sgg[0] = img.ckg; tks[0] = 0; tkg[0] = 0; told[0] = 0;
    if
    :: put_back == IMAGES -> /* it is of no account any more */
        img.k = 0; img.n = 0; img.a = 0; img.at[0] = 0; img.at[1] = 0; img.at[2] = 0; img.at[3] = 0; img.w = 0; img.got = 0;
        img.hm = 0; img.stray = 0; img.lost = 0; img.tw = 0; img.cks = 0; img.ckg = 0; img.cur = 0; img.row = 0; img.rcpt = 0;
        img.back = 0; img.evid = 0; img.term = 0
    :: else
    fi;
    excuse();
    printf("the old copy is put back on laptop 0 (its key file knows: %d)\n", ok);
    check_state()
}

/* What the office's set-back takes from under a laptop's store: places that are given no more. What waits has none. */
inline lose(disk, l)
{
    i = bsize;
    do
    :: i < size ->
        if
        :: (disk.w & M(lc[i])) == 0 ->
            disk.stray = disk.stray | (disk.got & M(lc[i]));
            if :: OWN(l, lk[i]) && disk.at[lc[i]] == lk[i] + 1 -> disk.lost = disk.lost | M(lc[i]) :: else fi
        :: else
        fi;
        i++
    :: else -> break
    od
}

/* What was typed and is nowhere now went with the disk. */
inline excuse()
{
    in_log(x);
    x = x | d[0].got | d[1].got | oevid;
    excused = excused | (typed & ~x);
    reissued = reissued & (d[0].evid | d[1].evid | oevid)
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
    :: d_step { budget_late != 0 && !late.on && v[0].ph == SENDS && d[0].w != 0 -> budget_late--; batch_of(0, 0);
        printf("a push of laptop 0 stays on the way\n");
        late.on = 1; late.rk = bk; late.rf = bf; late.rt = bt;
        late.rc[0] = bc[0]; late.rc[1] = bc[1]; late.rc[2] = bc[2]; late.rc[3] = bc[3] }
    :: d_step { late.on -> printf("office: a push arrives late (chain %d, %d to %d)\n", late.rk, late.rf, late.rt);
        bk = late.rk; bf = late.rf; bt = late.rt; bc[0] = late.rc[0]; bc[1] = late.rc[1]; bc[2] = late.rc[2]; bc[3] = late.rc[3];
        receive(may[0]);
        j = late.rf; /* take_beside: what a courier file brings beside the chain is evidence */
        do
        :: j <= late.rt -> log_find(late.rk, j, z); if :: z != late.rc[j - 1] -> oevid = oevid | M(late.rc[j - 1]) :: else fi; j++
        :: else -> break
        od;
        late.on = 0; late.rk = 0; late.rf = 0; late.rt = 0; late.rc[0] = 0; late.rc[1] = 0; late.rc[2] = 0; late.rc[3] = 0; check_state() }
#endif
#if MOVES
    :: d_step { budget_move != 0 -> budget_move--; may[0] = !may[0]; office_changed();
        printf("office: S is in the caseload of laptop 0: %d\n", may[0]) }
    :: d_step { budget_move != 0 -> budget_move--; may[1] = !may[1]; office_changed();
        printf("office: S is in the caseload of laptop 1: %d\n", may[1]) }
#endif
#if WRITES
    :: d_step { (typed & M(OFFICE)) == 0 && size < LOG -> typed = typed | M(OFFICE); lc[size] = OFFICE; lk[size] = OFFICE; lg[size] = gen; size++;
        office_changed(); printf("office: writes change 7 of its own\n"); check_state() }
#endif
#if IMAGES
    :: d_step { !imaged -> imaged = 1; COPY(img, d[0]); printf("the disk of laptop 0 is copied\n") }
    :: d_step { imaged && put_back < IMAGES -> put_back_image(0) }
    :: d_step { imaged && put_back < IMAGES && LATER -> put_back_image(1) }
#endif
#if CLONES
    :: d_step { !up[1] -> up[1] = 1; COPY(d[1], d[0]); sgs[1] = sgs[0]; sgg[1] = sgg[0];
        printf("laptop 1 begins as a copy of laptop 0\n"); check_state() }
#endif
#if RESTORES
    :: d_step { bsize == 255 && gen == 0 -> bsize = size; bdealt[0] = dealt[0]; bdealt[1] = dealt[1]; bmay[0] = may[0]; bmay[1] = may[1];
        bheld = oheld; boevid = oevid; bgiven = given; printf("the office is backed up: %d entries\n", size) }
    :: d_step { bsize != 255 && (size > bsize || given != bgiven) -> printf("the office is set back to its backup of %d entries\n", bsize);
        hang_up(0); hang_up(1);
        lose(d[0], 0); lose(d[1], 1);
#if IMAGES
        lose(img, 0);
#endif
        i = bsize;
        do :: i < size -> reset = reset | (acked & M(lc[i])); lc[i] = 0; lk[i] = 0; lg[i] = 0; i++ :: else -> break od;
        size = bsize; common = bsize; gen++; dealt[0] = bdealt[0]; dealt[1] = bdealt[1]; may[0] = bmay[0]; may[1] = bmay[1];
        oheld = bheld; oevid = boevid; given = bgiven;
        bsize = 255; bdealt[0] = 0; bdealt[1] = 0; bmay[0] = 0; bmay[1] = 0; bheld = 0; boevid = 0; bgiven = 0; office_changed();
        excuse(); check_state() }
#endif
#ifdef LIVE
    :: d_step { budget_typed[0] + budget_typed[1] + budget_break + budget_cut + budget_late + budget_move != 0 ->
        budget_typed[0] = 0; budget_typed[1] = 0; budget_break = 0; budget_cut = 0; budget_late = 0; budget_move = 0;
        printf("the weather clears\n") }
#endif
    od
}
