/* The sync protocol as a model for Spin: what laptops and the office keep on their disks, what they say to each other,
 * and what weather, power and restored disks do to it. Each step below is one transaction of the code, and names the C
 * functions that it stands for. docs/MODEL.md says what is left out, and what each property means; tests/model/check
 * chooses a setting (below), runs Spin and tells the result.
 *
 * Perfect hashes and signatures: change c is the number c, so two changes with one (chain, seq) and different numbers are
 * a fork. A chain is a device's epoch: 0 and 1 are the laptops' first ones, from 2 on those that the office gave. A change
 * that is written once more in a new epoch keeps its number c and gets another (chain, seq). A root of the log's first n
 * entries is (n, history in which entry n was appended): within one history the log only grows, so this names the whole
 * beginning. Record S is the one scope; all changes are in it. A receipt is a message of its own and no change. */

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
#define IMAGES 0 /* the disk of laptop 0 is copied once, and put back so often */
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
#define STRICT 0 /* 1, 2: a property more; the second today's rules do not keep (docs/MODEL.md, "Findings") */
#endif
/* ANNOUNCED: an office that was set back says so, as `satcheld restored` does; without it, nobody told the office. */
#ifndef BUG
#define BUG 0 /* which mistake is planted; the numbers stand in tests/model/broken */
#endif

#define ALL 4    /* changes that laptops write, at most */
#define SEQ 4    /* changes in one chain, at most */
#define CHAINS 7 /* the laptops' first ones, and the epochs that are given */
#define OFFICE 7 /* the office's chain, and its one change */
#define LOG 5    /* entries of the office's log, at most */
#define NONE 0 /* row of S in a laptop's table `scope`: none, incomplete, complete */
#define PART 1
#define WHOLE 2

#define M(c) (1 << (c))
#define DEV(l) ((CLONES) -> 0 : (l)) /* a clone is the same device */
#define OWN(l, k) ((k) != OFFICE && ((k) == 1) == (DEV(l) == 1)) /* is chain k of this laptop's device? */
#define NUM(k, c) num[(k) * ALL + (c)]

/* What the office answers; 0: nothing. */
#define WELCOME 1
#define PUSHED 2
#define RECEIPT 3 /* pushed, for a receipt */
#define ENTRIES 4
#define FAIL 5
#define EPOCH 6 /* the answer to a fork: what is in common, and a new epoch */

/* Where a laptop's sync stands. */
#define AWAY 0
#define MEETS 1   /* said hello */
#define SENDS 2   /* push_all, before the pull */
#define PUSHES 3  /* sent a batch, waits for pushed */
#define PULLS 4   /* pull_all */
#define TAKES 5   /* asked, waits for entries */
#define CLOSES 6  /* push_all, after the pull: the receipt */
#define CLOSING 7 /* sent a batch or the receipt, waits for pushed */
#define FORKS 8   /* handed over what waits, waits for the new epoch */

/* --- what is on disks --- */

typedef Disk { /* store.db of a laptop */
    byte k;       /* the chain that it writes, */
    byte n;       /* and its end: meta, store->author.chain */
    byte a;       /* acked_seq: how far that is proved to be at the office */
    byte at[ALL]; /* the chain in which it knows a change, and one; its device's also by a header alone (own_header) */
    byte w;       /* of its device's, those that wait (position NULL), of any chain */
    byte got;     /* the changes in its log whose words are here */
    byte hm;      /* of these, held back by the office: held_note */
    byte stray;   /* of these, with a place that the office's log gives them no more */
    byte lost;    /* of its device's, the same; also where only the header is here */
    byte tw;      /* counted twice in its tables */
    byte cks;     /* checkpoint_size */
    byte ckg;     /* checkpoint_root: in which history entry cks was appended */
    byte cur;     /* pull_cursor */
    byte row;     /* scope: NONE, PART, WHOLE */
    bit rcpt;     /* a receipt waits */
    bit back;     /* put_back: key file or outbox know a later end of the chain than the store has */
    byte evid;    /* stranded: changes that were written once more, kept under their old number */
    byte term;    /* ANNOUNCED: set_back: the last history of the office that it was told of */
};

Disk d[2];
Disk img; /* the copy of laptop 0's disk */
bit up[2];
bit imaged;
byte put_back;
byte num[CHAINS * ALL]; /* the number that a change has in a chain: stands in its header, wherever that is */

byte size; /* office.db: the log */
byte lc[LOG], lk[LOG], lg[LOG]; /* change, chain, history */
byte oheld;   /* hold: places of the log whose change is not applied */
bit may[2];   /* assignments: has the laptop's user S in his caseload? */
bit dealt[2]; /* dealt: does the office believe that the laptop holds S? */
byte oevid;   /* evidence: the fork's other side */
byte given;   /* fork: the epochs that the log says were given (mask of chains) */
byte clock;   /* the office's clock, which no disk sets back: the last epoch that it gave; 0: none */
byte gen;     /* which history: counts how often the office was set back */
byte bsize;   /* the backup; 0xff: none */
bit bdealt[2], bmay[2];
byte bheld, boevid, bgiven;
byte common; /* ANNOUNCED: size of the backup that the history began with; stands in the log's first entry after it */

/* --- what is in memory and on the way --- */

typedef Link {
    byte ph;     /* the laptop's place in its sync */
    byte staged; /* arriving: emptied by apply_restart */
    bit owes;    /* owes_receipt */
    byte an;     /* the office's answer, on the way to the laptop */
    byte ax, ak, as, ag, ahave, am;
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
byte reissued; /* written once more */
bit all_here; /* everything that is on a laptop of the device that wrote it is in the office's log */
bit agree[2]; /* a laptop that has S whole shows of it what the office shows */
byte sgs[2], sgg[2]; /* the last checkpoint that the laptop has answered to */
byte tks[2], tkg[2]; /* the last entry that the laptop has taken from the office */
byte budget_typed[2];
byte budget_break, budget_cut, budget_late, budget_move;

/* Of a single step: not a part of the state. */
hidden byte i, j, x, y, z, m, c, s, ok;
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

/* out := the changes that the office applies (mask) */
inline applied(out)
{
    out = 0;
    i = 0;
    do
    :: i < size -> if :: (oheld & M(i)) == 0 -> out = out | M(lc[i]) :: else fi; i++
    :: else -> break
    od
}

/* --- reading a laptop's chains --- */

/* log_find, own_header: out := the laptop's change with that number of a chain; 255: there is none */
inline own_find(l, chain, number, out)
{
    out = 255;
    m = 0;
    do
    :: m < ALL -> if :: d[l].at[m] == (chain) + 1 && NUM(chain, m) == (number) -> out = m :: else fi; m++
    :: else -> break
    od
}

/* --- the properties that hold in every state; at the end of each step --- */

inline check_state()
{
    in_log(x);
    if :: (acked & ~x & ~reset) != 0 -> printf("BROKEN: acknowledged, and not on the office's disk\n"); assert(false) :: else fi;
    all_here = 1;
    z = 0;
    do
    :: z < 2 * ALL -> /* changes of its own device, on either laptop */
        if :: d[z / ALL].at[z % ALL] != 0 && OWN(z / ALL, d[z / ALL].at[z % ALL] - 1) && (d[z / ALL].got & ~x & M(z % ALL)) != 0 -> all_here = 0 :: else fi;
        z++
    :: else -> break
    od;
    x = x | d[0].got | d[1].got | oevid;
    if :: (typed & ~x & ~excused) != 0 -> printf("BROKEN: typed, and on no disk any more\n"); assert(false) :: else fi;
    /* no change twice in the log, but where a repeat is held */
    i = 0;
    do
    :: i < size ->
        j = i + 1;
        do
        :: j < size -> if :: lc[i] == lc[j] && (lk[i] == lk[j] || (oheld & (M(i) | M(j))) == 0) -> printf("BROKEN: counted twice at the office\n"); assert(false) :: else fi; j++
        :: else -> break
        od;
        i++
    :: else -> break
    od;
#if STRICT == 2
    if :: (excused & acked) != 0 -> printf("BROKEN: acknowledged and let go of, and gone with the office's disk though the laptop's is whole\n"); assert(false) :: else fi;
#endif
    if :: (d[0].tw | d[1].tw) != 0 -> printf("BROKEN: counted twice on a laptop\n"); assert(false) :: else fi;
    if :: (reissued & ~(d[0].evid | d[1].evid | oevid)) != 0 -> printf("BROKEN: written once more, and the evidence of the fork is gone\n"); assert(false) :: else fi;
    /* the cursor counts what has been applied: a complete scope has every entry of others before it */
    z = 0;
    do
    :: z < 2 ->
        if
        :: up[z] && d[z].row == WHOLE && d[z].term == gen ->
            i = 0;
            do
            :: i < size && i < d[z].cur ->
                if :: lk[i] != d[z].k && put_back == 0 && !(CLONES) && (oheld & M(i)) == 0 && (M(lc[i]) & ~d[z].got) != 0 -> printf("BROKEN: the cursor is past an entry that was not applied\n"); assert(false) :: else fi;
                i++
            :: else -> break
            od
        :: else
        fi;
        z++
    :: else -> break
    od;
#ifdef LIVE
    applied(x);
    agree[0] = (d[0].row != WHOLE || (d[0].got & ~d[0].hm & ~d[0].stray) == x);
    agree[1] = (d[1].row != WHOLE || (d[1].got & ~d[1].hm & ~d[1].stray) == x);
#endif
    i = 0
}

/* --- links --- */

inline clear_answer(l)
{
    v[l].an = 0; v[l].ax = 0; v[l].ak = 0; v[l].as = 0; v[l].ag = 0; v[l].ahave = 0; v[l].am = 0;
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
        bsize = 255; all_here = 1; agree[0] = 1; agree[1] = 1;
        up[0] = 1; d[0].k = 0; d[1].k = 1;
        may[0] = 1; may[1] = 1;
        assert(TYPED + TYPED2 <= ALL);
#ifdef FIRST /* both laptops are new: their caseload is still to arrive */
        d[0].row = NONE;
#else
        d[0].row = WHOLE; dealt[0] = 1;
#endif
#if !CLONES
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

#define EMPTY(l) (!up[l] || (v[l].ph == AWAY && d[l].w == 0 && !d[l].rcpt && !d[l].back && d[l].row != PART && \
    (d[l].row == WHOLE) == may[l] && agree[l]))
#define TOLD(l) (v[l].ph == AWAY && told[l])

#ifdef LIVE
#if LIVE == 1
ltl all_queues_empty { <>[] (EMPTY(0) && EMPTY(1) && all_here) }
#else
ltl empty_or_told { <>[] ((EMPTY(0) || TOLD(0)) && (EMPTY(1) || TOLD(1))) }
#endif
#endif
