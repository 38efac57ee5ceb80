/* The sync protocol as a model for Spin: what laptops and the office keep on their disks, what they say to each other,
 * and what weather, power and restored disks do to it. Each step below is one transaction of the code, and names the C
 * functions that it stands for. docs/MODEL.md says what is left out, and what each property means; tests/model/check
 * chooses a setting (below), runs Spin and tells the result.
 *
 * Perfect hashes and signatures: change c is the number c, so two changes with one (chain, seq) and different numbers are
 * a fork. A root of the log's first n entries is (n, history in which entry n was appended): within one history the log
 * only grows, so this names the whole beginning. Record S is the one scope; all changes are in it. A receipt is a
 * message of its own and no change. */

/* --- settings --- */

#ifndef TYPED
#define TYPED 2 /* changes that each laptop writes, at most */
#endif
#ifndef TYPED2
#define TYPED2 TYPED /* the same for laptop 1 */
#endif
#ifndef BREAKS
#define BREAKS 1 /* broken links or power cuts of a laptop */
#endif
#ifndef CUTS
#define CUTS 0 /* power cuts of the office */
#endif
#ifndef LATE
#define LATE 0 /* pushes that arrive, or arrive once more, at any later time: a dead link's buffer, a courier file */
#endif
#ifndef MOVES
#define MOVES 0 /* times that S enters or leaves a caseload */
#endif
#ifndef IMAGES
#define IMAGES 0 /* 1: the disk of laptop 0 is copied once and put back once */
#endif
#ifndef CLONES
#define CLONES 0 /* 1: laptop 1 begins as a copy of the disk of laptop 0, at any time */
#endif
#ifndef WRITES
#define WRITES 0 /* 1: the office writes a change of its own (assignments, holds, events) */
#endif
#ifndef RESTORES
#define RESTORES 0 /* 1: the office is backed up once and set back once */
#endif
#ifndef STRICT
#define STRICT 0 /* 1, 2: a property more, which today's rules do not keep (docs/MODEL.md, "Findings") */
#endif
/* NEW_EPOCH: the rules to come, for forks and for an office that was set back.
 * WITNESS: entries carry a checkpoint, as a remedy for what docs/MODEL.md found. */
#ifndef BUG
#define BUG 0 /* which mistake is planted; the numbers stand in tests/model/broken */
#endif

#define SEQ 3  /* changes in one chain, at most */
#define LOG 5  /* entries of the office's log, at most */
#define NONE 0 /* row of S in a laptop's table `scope`: none, incomplete, complete */
#define PART 1
#define WHOLE 2

#define M(c) (1 << (c))
#define DEV(l) ((CLONES) -> 0 : (l)) /* a clone is the same device */

/* What the office answers; 0: nothing. */
#define WELCOME 1
#define PUSHED 2
#define RECEIPT 3 /* pushed, for a receipt */
#define ENTRIES 4
#define FAIL 5
#define EPOCH 6 /* NEW_EPOCH alone: the answer to "my store was copied or put back, and this waits": a new epoch */

/* Where a laptop's sync stands. */
#define AWAY 0
#define MEETS 1   /* said hello */
#define SENDS 2   /* push_all, before the pull */
#define PUSHES 3  /* sent a batch, waits for pushed */
#define PULLS 4   /* pull_all */
#define TAKES 5   /* asked, waits for entries */
#define CLOSES 6  /* push_all, after the pull: the receipt */
#define CLOSING 7 /* sent a batch or the receipt, waits for pushed */
#define FORKS 8   /* NEW_EPOCH: asked for a new epoch */

/* --- what is on disks --- */

typedef Disk { /* store.db of a laptop */
    byte k;    /* its chain: (device, epoch) */
    byte n;    /* its end: meta, store->author.chain */
    byte a;    /* acked_seq: how far it is proved to be at the office; what is behind waits (position NULL) */
    byte ch[SEQ];
    byte got;    /* the changes in its log, its own among them */
    byte hm;     /* of these, held back by the office: held_note */
    byte stray;  /* of these, with a place that the office's log gives them no more */
    byte spos;   /* these places (mask): position is unique in entry */
    byte tw;     /* counted twice in its tables */
    byte cks;    /* checkpoint_size */
    byte ckg;    /* checkpoint_root: in which history entry cks was appended */
    byte cur;    /* pull_cursor */
    byte row;    /* scope: NONE, PART, WHOLE */
    bit rcpt;    /* a receipt waits */
    byte evid;   /* NEW_EPOCH: changes that were re-issued, kept under their old number */
    byte term;   /* NEW_EPOCH: the last history of the office that it was told of */
};

Disk d[2];
Disk img; /* the copy of laptop 0's disk */
bit up[2];
bit imaged, put_back;

byte size; /* office.db: the log */
byte lc[LOG], lk[LOG], lg[LOG]; /* change, chain, history */
byte oheld;   /* hold: changes in the log that are not applied */
bit may[2];   /* assignments: has the laptop's user S in his caseload? */
bit dealt[2]; /* dealt: does the office believe that the laptop holds S? */
byte oevid;   /* NEW_EPOCH: the fork's other side */
byte gen;     /* which history: counts how often the office was set back */
byte bsize;   /* the backup; 0xff: none */
bit bdealt[2], bmay[2];
byte bheld;
byte common; /* NEW_EPOCH: size of the backup that the history began with; stands in the log's first entry after it */

/* --- what is in memory and on the way --- */

typedef Link {
    byte ph;     /* the laptop's place in its sync */
    byte staged; /* arriving: emptied by apply_restart */
    bit owes;    /* owes_receipt */
    byte an;     /* the office's answer, on the way to the laptop */
    byte ax, as, ag, ahave, am;
    bit acon, afin, aarr, apur;
    bit deal; /* the office's memory of the link: peer->deal */
    bit fin, dheld, dmay;
    byte dcur, dpart;
};
Link v[2];
byte told[2]; /* the laptop has refused the office, or been refused: it is told, and tries again once the office changed */
byte pend[2]; /* BUG 1: acknowledged up to here, and not committed yet */
byte mcs[2], mcg[2]; /* BUG 3: a checkpoint in memory */

typedef Late { /* a push that is still to arrive */
    bit on;
    byte rk, rf, rt;
    byte rc[SEQ];
};
Late late;

/* --- ghosts: what the properties speak of, and no program knows --- */

byte typed;   /* changes that were written */
byte next[2]; /* how many by each laptop: its changes have numbers of their own */
byte acked;   /* that a laptop believes to be at the office */
byte reset;   /* of these, that the office lost when it was set back, and has not got again */
byte excused; /* that were on no disk but the one that was put back or set back */
byte reissued;
bit all_here; /* everything that was written, and is not gone with a disk, is in the office's log */
byte sgs[2], sgg[2]; /* the last checkpoint that the laptop has answered to */
byte tks[2], tkg[2]; /* the last entry that the laptop has taken from the office */
byte budget_typed[2];
byte budget_break, budget_cut, budget_late, budget_move;

/* Of a single step: not a part of the state. */
hidden byte i, j, x, y, z, m, ok;
hidden byte bk, bf, bt, bc[SEQ];

/* --- reading the log --- */

/* out := the changes in the log (mask) */
inline in_log(out)
{
    out = 0;
    i = 0;
    do
    :: i < size -> out = out | M(lc[i]); i++
    :: else -> break
    od
}

/* log_chain_end: out := how many changes of a chain the log has */
inline chain_end(chain, out)
{
    out = 0;
    i = 0;
    do
    :: i < size -> if :: lk[i] == chain -> out++ :: else fi; i++
    :: else -> break
    od
}

/* log_find: out := the change with that number of a chain; 255: there is none */
inline log_find(chain, number, out)
{
    out = 255;
    m = 0;
    i = 0;
    do
    :: i < size -> if :: lk[i] == chain -> m++; if :: m == number && out == 255 -> out = lc[i] :: else fi :: else fi; i++
    :: else -> break
    od
}

/* out := own changes of laptop l that wait (mask) */
inline waiting(l, out)
{
    out = 0;
    i = d[l].a;
    do
    :: i < d[l].n -> out = out | M(d[l].ch[i]); i++
    :: else -> break
    od
}

/* --- the properties that hold in every state; at the end of each step --- */

inline check_state()
{
    in_log(x);
    if :: (acked & ~x & ~reset) != 0 -> printf("BROKEN: acknowledged, and not on the office's disk\n"); assert(false) :: else fi;
    all_here = ((typed & ~x & ~excused & ~oevid) == 0);
    x = x | d[0].got | d[1].got | oevid;
    if :: (typed & ~x & ~excused) != 0 -> printf("BROKEN: typed, and on no disk any more\n"); assert(false) :: else fi;
    /* no number twice, no change twice, in the log */
    i = 0;
    do
    :: i < size ->
        j = i + 1;
        do
        :: j < size -> if :: lc[i] == lc[j] -> printf("BROKEN: counted twice at the office\n"); assert(false) :: else fi; j++
        :: else -> break
        od;
        i++
    :: else -> break
    od;
#if STRICT == 2
    if :: (excused & acked) != 0 -> printf("BROKEN: acknowledged and let go of, and gone with the office's disk though the laptop's is whole\n"); assert(false) :: else fi;
#endif
    if :: (d[0].tw | d[1].tw) != 0 -> printf("BROKEN: counted twice on a laptop\n"); assert(false) :: else fi;
    if :: (reissued & ~(d[0].evid | d[1].evid | oevid)) != 0 -> printf("BROKEN: re-issued, and the evidence of the fork is gone\n"); assert(false) :: else fi;
    /* the cursor counts what has been applied: a complete scope has every entry of others before it */
    z = 0;
    do
    :: z < 2 ->
        if
        :: up[z] && d[z].row == WHOLE && d[z].term == gen ->
            i = 0;
            do
            :: i < size && i < d[z].cur ->
                if :: lk[i] != d[z].k && !put_back && !(CLONES) && (M(lc[i]) & ~oheld & ~d[z].got) != 0 -> printf("BROKEN: the cursor is past an entry that was not applied\n"); assert(false) :: else fi;
                i++
            :: else -> break
            od
        :: else
        fi;
        z++
    :: else -> break
    od;
    i = 0; j = 0; x = 0; y = 0; z = 0; m = 0; ok = 0
}

/* --- links --- */

inline clear_answer(l)
{
    v[l].an = 0; v[l].ax = 0; v[l].as = 0; v[l].ag = 0; v[l].ahave = 0; v[l].am = 0;
    v[l].acon = 0; v[l].afin = 0; v[l].aarr = 0; v[l].apur = 0
}

/* close_older, close_peer, deal_free */
inline forget_deal(l) { v[l].deal = 0; v[l].fin = 0; v[l].dheld = 0; v[l].dmay = 0; v[l].dcur = 0; v[l].dpart = 0 }

inline hang_up(l)
{
    clear_answer(l); forget_deal(l);
    v[l].ph = AWAY; v[l].staged = 0; v[l].owes = 0; mcs[l] = 0; mcg[l] = 0; pend[l] = 0
}

/* The office has something new: whoever was refused tries again. */
inline office_changed() { told[0] = 0; told[1] = 0 }

inline refuse(l) { hang_up(l); told[l] = 1 }

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
#ifdef WITNESS
        state_log(l);
#endif
        printf("office: deals a batch to laptop %d\n", l);
        v[l].an = ENTRIES
    fi
}

/* NEW_EPOCH: a number that no disk has: the smallest free one stands for the next that was never given. Keeps what the
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

/* NEW_EPOCH: the office was set back and says so in its log: told loudly, everything kept, and what its log does not
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
#ifdef NEW_EPOCH
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
#if RESTORES && !defined(NEW_EPOCH)
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
#ifdef NEW_EPOCH
    d[l].stray = d[l].stray & ~(what); /* its new place */
#endif
    d[l].got = d[l].got | (what)
}

/* settle: what was dealt takes the place of what is here, but for what waits and what the office holds back */
inline settle(l)
{
    waiting(l, y);
#ifdef NEW_EPOCH
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
#ifdef WITNESS /* a remedy: a batch brings the checkpoint that covers it, with its consistency, and it is kept with it */
    seen(l, v[l].as, v[l].ag);
#endif
    tks[l] = v[l].ax; tkg[l] = (v[l].ax == 0 -> 0 : lg[v[l].ax - 1]);
    if
    :: v[l].afin ->
        v[l].staged = 0;
        if :: v[l].apur || (d[l].row == PART && !v[l].aarr) -> let_go(l) :: else fi;
        /* compare: the digest of what is held whole, unsent changes and places among it */
        x = d[l].got & ~d[l].hm;
#ifdef NEW_EPOCH
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

/* NEW_EPOCH: the office has said how many of what waits it has under the old numbers, and the new epoch. The rest is
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

init
{
    d_step {
        bsize = 255; all_here = 1;
        up[0] = 1; d[0].k = 0; d[1].k = 1;
        may[0] = 1; may[1] = 1;
#ifdef FIRST /* both laptops are new: their caseload is still to arrive */
        d[0].row = NONE;
#else
        d[0].row = WHOLE; dealt[0] = 1;
#endif
#if CLONES
        may[1] = 1;
#else
        up[1] = 1;
#ifndef ONE /* laptop 1 is new */
        d[1].row = WHOLE; dealt[1] = 1;
#endif
#endif
        budget_typed[0] = TYPED; budget_typed[1] = TYPED2; budget_break = BREAKS; budget_cut = CUTS;
        budget_late = LATE; budget_move = MOVES
    }
    run Laptop(0); run Laptop(1); run World()
}

/* --- what must come at last, once the weather is clear --- */

#define EMPTY(l) (!up[l] || (v[l].ph == AWAY && d[l].n == d[l].a && !d[l].rcpt && d[l].row != PART && (d[l].row == WHOLE) == may[l]))
#define TOLD(l) (v[l].ph == AWAY && told[l])

#ifdef LIVE
#if LIVE == 1
ltl all_queues_empty { <>[] (EMPTY(0) && EMPTY(1) && all_here) }
#else
ltl empty_or_told { <>[] ((EMPTY(0) || TOLD(0)) && (EMPTY(1) || TOLD(1))) }
#endif
#endif
