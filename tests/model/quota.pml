/* Minting: a branch that is hostile or whose clock runs wild, its quota a day, new incarnations,
   value that waits for approval. README.md explains it; ops/model checks it, as it is and with each
   planted bug. What is decided here is the verdict, which every node finds from the path alone. */

#define QUOTA 1   /* units a journal and day */
#define OFFLINE 1 /* days that a journal may run ahead of the authority's */
#define LAST 2    /* last day of the authority */
#define DAYS 5    /* days that a branch may write: 0 .. DAYS - 1 */
#define JOURNALS 2
#define MINTS 4 /* blocks a journal */
#ifndef ONLY
#define ONLY 0 /* 0: all properties; else the one */
#endif
#define CHECK(number, what) assert((ONLY != 0 && ONLY != number) || (what))

byte today;               /* the authority's day */
byte authority[JOURNALS]; /* as of the journal's last block; it may cling to an old one */
byte day[JOURNALS];       /* of the journal's last block */
byte counted[JOURNALS * DAYS];
byte blocks[JOURNALS];
byte current;  /* the journal that is written: the first, or the one after a restore */
byte admitted = 1;

byte minted;   /* VALID, by the branch in all its journals */
byte pending;  /* recorded, worth nothing yet */
byte approved; /* by the authority */
byte released; /* by the branch, after that */
byte usable;   /* what its journals hold */

byte i, written;

#ifdef DAY_FALLS /* planted: a block's day may lie before the last one's, and a new day counts afresh */
#define DAY_IS_FIT(d) true
#else
#define DAY_IS_FIT(d) ((d) >= day[current])
#endif
#ifdef DAY_AHEAD /* planted: any day that the branch's clock shows */
#define DAY_IS_NEAR(d) true
#else
#define DAY_IS_NEAR(d) ((d) <= authority[current] + OFFLINE)
#endif

inline mint(d)
{
#ifdef DAY_FALLS
    if
    :: d != day[current] -> counted[current * DAYS + d] = 0
    :: else -> skip
    fi;
#endif
    day[current] = d;
    blocks[current]++;
    if
    :: DAY_IS_NEAR(d) && counted[current * DAYS + d] < QUOTA ->
        counted[current * DAYS + d]++;
        minted++;
        usable++;
        printf("journal %d mints on day %d\n", current, d)
    :: else ->
        pending++;
        printf("journal %d mints on day %d: that waits for approval\n", current, d)
    fi
}

#define MINT(d)                                                                                   \
    ::d_step                                                                                      \
    {                                                                                             \
        blocks[current] < MINTS && DAY_IS_FIT(d) -> mint(d)                                       \
    }

proctype Branch()
{
    do
    MINT(0)
    MINT(1)
    MINT(2)
    MINT(3)
    MINT(4)
    :: d_step { authority[current] < today ->
        authority[current] = today;
        printf("the branch hears that it is day %d\n", today) }
    :: d_step { approved > released ->
        released++;
        usable++;
        printf("the branch releases an approved unit\n") }
#ifdef RELEASE_TWICE /* planted: a release names no mint */
    :: d_step { approved > 0 && released == approved && usable < 6 ->
        usable++;
        printf("the branch releases a unit once more\n") }
#endif
#ifdef RESTART_FORGETS /* planted: the count is kept in memory */
    :: d_step { counted[current * DAYS + day[current]] > 0 ->
        counted[current * DAYS + day[current]] = 0;
        printf("the branch restarts\n") }
#endif
#ifdef SELF_ADMITTED /* planted: a restored branch makes a new incarnation by itself */
    :: d_step { current == 0 ->
        current = 1;
        authority[1] = authority[0];
        printf("the branch goes on under an incarnation of its own making\n") }
#endif
    od
}

proctype Authority()
{
    do
    :: d_step { today < LAST -> today++; printf("day %d\n", today) }
    :: d_step { approved < pending -> approved++; printf("the authority approves a unit\n") }
#ifndef SELF_ADMITTED
    :: d_step { current == 0 ->
        current = 1;
        authority[1] = today;
        admitted++;
        printf("the branch was restored; the authority admits a new incarnation\n") }
#endif
    od
}

active proctype Observer()
{
    do
    :: d_step {
        CHECK(10, minted <= QUOTA * (today + OFFLINE + 1) * admitted);
        CHECK(11, usable == minted + released && released <= approved && approved <= pending) }
    od
}

init
{
    atomic {
        run Branch();
        run Authority()
    }
}
