/* A hostile giver with two histories, and what unwitnessed rights can cost. README.md explains it;
   ops/model checks it, as it is and with each planted bug.

   Branch 1 is hostile: it writes two histories, A and B, of one journal, each within its rights, and
   shows branch 2 the one, branch 3 the other, the office whichever it likes. These are honest. The
   office witnesses, by its checkpoints, one history at most. */

#ifndef ISSUED
#define ISSUED 3 /* units that branch 1 has when its histories part */
#endif
#define LIMIT 1  /* so many unwitnessed rights may a journal have used or passed on */
#ifndef MOVES
#define MOVES 1 /* as many moves between honest nodes are made in one run */
#endif
#ifndef ONLY
#define ONLY 0 /* 0: all properties; else the one */
#endif
#define CHECK(number, what) assert((ONLY != 0 && ONLY != number) || (what))

#define OFFICE 0
#define TWO 1
#define THREE 2
#define HONEST 3
#define A 3
#define B 4
#define NONE 5
#define PAIR(giver, to) ((giver) * HONEST + (to))

byte granted[5 * HONEST];
byte accepted[5 * HONEST];
byte witnessed[5 * HONEST];
byte raw[HONEST];
byte used, moves;
byte history[HONEST] = NONE; /* the one that a node has; the other is then a proved fork to it */
byte covered = NONE;         /* the history that is checkpointed, */
byte covers[HONEST];         /* and what it had granted by then */

#define FRESH(node, giver) (accepted[PAIR(giver, node)] - witnessed[PAIR(giver, node)])
#ifdef NO_LIMIT /* planted: accepted is as good as witnessed */
#define UNWITNESSED(node) 0
#else
#define UNWITNESSED(node) TRULY_UNWITNESSED(node)
#endif
/* An honest giver's rights are unwitnessed too, but for the office's: nobody can see who is honest. */
#define TRULY_UNWITNESSED(node)                                                                   \
    (FRESH(node, A) + FRESH(node, B) + FRESH(node, TWO) + FRESH(node, THREE))

#define MAY_SELL(node) (raw[node] > 0 && UNWITNESSED(node) + 1 <= LIMIT + raw[node])
#ifdef LIMIT_FORGETS_MOVES /* planted: it counts what is sold, not what is passed on */
#define MAY_MOVE(node) (raw[node] > 0 && moves < MOVES)
#else
#define MAY_MOVE(node) (MAY_SELL(node) && moves < MOVES)
#endif
#define MAY_TAKE(node, h) (history[node] == NONE || history[node] == (h))
#define GRANTED_BY(h) (granted[PAIR(h, OFFICE)] + granted[PAIR(h, TWO)] + granted[PAIR(h, THREE)])

byte i;

inline accept(node, giver)
{
    raw[node] = raw[node] + granted[PAIR(giver, node)] - accepted[PAIR(giver, node)];
    accepted[PAIR(giver, node)] = granted[PAIR(giver, node)];
    printf("%d accepts from journal %d\n", node, giver)
}
#define WAITS(node, giver) (granted[PAIR(giver, node)] > accepted[PAIR(giver, node)])

inline move(node, to)
{
    raw[node]--;
    granted[PAIR(node, to)]++;
    moves++;
    printf("%d moves one unit to %d\n", node, to)
}

#define LESSER(a, b) ((a) < (b) -> (a) : (b))
#ifdef WITNESS_BY_NUMBER /* planted: a checkpoint is taken for the history that it is not of, too */
#define COVERS(h, node)                                                                           \
    (covered == NONE -> 0 : (covered == (h) -> LESSER(accepted[PAIR(h, node)], covers[node])      \
                                            : accepted[PAIR(h, node)]))
#else
#define COVERS(h, node) (covered == (h) -> LESSER(accepted[PAIR(h, node)], covers[node]) : 0)
#endif

proctype Node(byte n)
{
    do
    :: d_step { MAY_SELL(n) -> raw[n]--; used++; printf("%d sells for one unit\n", n) }
    :: d_step { n != OFFICE && MAY_MOVE(n) -> move(n, OFFICE) }
    :: d_step { n != TWO && MAY_MOVE(n) -> move(n, TWO) }
    :: d_step { n != THREE && MAY_MOVE(n) -> move(n, THREE) }
    :: d_step { WAITS(n, OFFICE) -> accept(n, OFFICE) }
    :: d_step { WAITS(n, TWO) -> accept(n, TWO) }
    :: d_step { WAITS(n, THREE) -> accept(n, THREE) }
    :: d_step { WAITS(n, A) && MAY_TAKE(n, A) -> history[n] = A; accept(n, A) }
    :: d_step { WAITS(n, B) && MAY_TAKE(n, B) -> history[n] = B; accept(n, B) }
    :: d_step { COVERS(A, n) > witnessed[PAIR(A, n)] ->
        witnessed[PAIR(A, n)] = COVERS(A, n);
        printf("%d finds its rights from history A witnessed\n", n) }
    :: d_step { COVERS(B, n) > witnessed[PAIR(B, n)] ->
        witnessed[PAIR(B, n)] = COVERS(B, n);
        printf("%d finds its rights from history B witnessed\n", n) }
    /* The office has an honest journal sooner or later, and says so. */
    :: d_step { FRESH(n, TWO) > 0 -> witnessed[PAIR(TWO, n)] = accepted[PAIR(TWO, n)];
        printf("%d finds its rights from 2 witnessed\n", n) }
    :: d_step { FRESH(n, THREE) > 0 -> witnessed[PAIR(THREE, n)] = accepted[PAIR(THREE, n)];
        printf("%d finds its rights from 3 witnessed\n", n) }
    od
}

#define GRANTS(h, to)                                                                             \
    ::d_step                                                                                      \
    {                                                                                             \
        GRANTED_BY(h) < ISSUED -> granted[PAIR(h, to)]++;                                         \
        printf("history %d moves one unit to %d\n", h, to)                                        \
    }

proctype Hostile()
{
    do
    GRANTS(A, OFFICE)
    GRANTS(A, TWO)
    GRANTS(B, OFFICE)
    GRANTS(B, THREE)
    od
}

#ifdef WITNESS_BOTH /* planted: a checkpoint of one history after that of another */
#define MAY_COVER(h) true
#else
#define MAY_COVER(h) (MAY_TAKE(OFFICE, h) && (covered == NONE || covered == (h)))
#endif
#define GROWN(h)                                                                                  \
    (covered != (h) || granted[PAIR(h, OFFICE)] > covers[OFFICE] ||                               \
        granted[PAIR(h, TWO)] > covers[TWO] || granted[PAIR(h, THREE)] > covers[THREE])
#define COVER(h)                                                                                  \
    ::d_step                                                                                      \
    {                                                                                             \
        GRANTED_BY(h) > 0 && MAY_COVER(h) && GROWN(h) -> covered = h;                             \
        history[OFFICE] = h;                                                                      \
        covers[OFFICE] = granted[PAIR(h, OFFICE)];                                                \
        covers[TWO] = granted[PAIR(h, TWO)];                                                      \
        covers[THREE] = granted[PAIR(h, THREE)];                                                  \
        printf("the office checkpoints history %d\n", h)                                          \
    }

proctype Office()
{
    do
    COVER(A)
    COVER(B)
    od
}

inline properties()
{
    i = 0;
    do
    :: i < HONEST ->
        CHECK(8, TRULY_UNWITNESSED(i) <= LIMIT + raw[i]);
        CHECK(2, accepted[PAIR(A, i)] <= granted[PAIR(A, i)]);
        CHECK(2, accepted[PAIR(B, i)] <= granted[PAIR(B, i)]);
        i++
    :: else -> break
    od;
    /* One history is true, and each of the others' receivers is good for the limit. */
    CHECK(9, used <= ISSUED + LIMIT * (HONEST - 1));
    i = 0
}

active proctype Observer()
{
    do
    :: d_step { properties() }
    od
}

init
{
    atomic {
        run Node(OFFICE);
        run Node(TWO);
        run Node(THREE);
        run Hostile();
        run Office()
    }
}
