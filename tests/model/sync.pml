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
/* ANNOUNCED: an office that was set back says so, as `satcheld restored` does; without it, nobody told the office.
 * NEW_EPOCH: the rules to come, for forks; and announced. */
#ifdef NEW_EPOCH
#define ANNOUNCED
#endif
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
    byte term;   /* ANNOUNCED: the last history of the office that it was told of */
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
byte common; /* ANNOUNCED: size of the backup that the history began with; stands in the log's first entry after it */

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

#include "office.pml"
#include "laptop.pml"
#include "world.pml"

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
