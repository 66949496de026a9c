/* The life of rights: moved, accepted, spent, burned; a node that crashes, or comes back from a
   backup; a journal retired, its rights taken over by the office. README.md explains it; ops/model
   checks it, as it is and with each planted bug.

   A journal is a log. Network: nothing is sent or lost one by one; whoever may have a block learns
   it now, later, again or never, which is what loss, doubling and reordering come to when blocks
   are asked for until they are there. */

#ifndef ISSUED
#define ISSUED 2 /* units of the one lot, minted by branch 1 */
#endif
#ifndef MOVES
#define MOVES 2 /* as many moves are made in one run */
#endif
#ifndef BLOCKS
#define BLOCKS 7 /* a log has room for so many */
#endif
#ifndef ONLY
#define ONLY 0 /* 0: all properties; else the one */
#endif
#define CHECK(number, what) assert((ONLY != 0 && ONLY != number) || (what))

/* Nodes: the office and two branches. Journals: theirs, and NEXT, which branch 1 writes after it
   came back; a second history of its old journal also lives there (then `forked`). */
#define NODES 3
#define OFFICE 0
#define ONE 1
#define TWO 2
#define JOURNALS 4
#define NEXT 3

/* Events, a block each. MOVE is of one unit; ACCEPT says how many units in all. */
#define NOTHING 0
#define ISSUE 1
#define SPEND 2
#define BURN 3
#define RECLAIM 4 /* of one unit of journal ONE, by the office */
#define MOVE(to) (16 + (to))
#define IS_MOVE(e) ((e) >= 16 && (e) < 32)
#define ACCEPT(from, all) (32 + (from) * 8 + (all))
#define IS_ACCEPT(e) ((e) >= 32 && (e) < 64)
#define PROXY(from, all) (64 + (from) * 8 + (all)) /* an ACCEPT of the office for journal ONE */
#define IS_PROXY(e) ((e) >= 64)
#define TO(e) ((e) - 16)
#define FROM(e) (((e) % 32) / 8)
#define ALL(e) ((e) % 8)
#define PAIR(a, b) ((a) * JOURNALS + (b))
#define MAX(a, b) ((a) * ((a) > (b)) + (b) * ((a) <= (b)))

byte log[JOURNALS * BLOCKS];
byte size[JOURNALS];
bit open[NODES]; /* the last block of the node is not yet synced */

/* What the logs add up to, for one who sees all. */
short raw[JOURNALS]; /* what the path of the journal may still use */
byte granted[JOURNALS * JOURNALS];
byte accepted[JOURNALS * JOURNALS]; /* [PAIR(receiver, giver)] */
byte proxied[JOURNALS];             /* by the office, for journal ONE: [giver] */
byte reclaimed;

/* What a node has of others. */
byte known[NODES * JOURNALS];           /* so many blocks */
byte seen[NODES * JOURNALS * JOURNALS]; /* granted, as of these */
byte office_accepted[JOURNALS * JOURNALS];
short office_raw; /* raw of journal ONE, as the office has it */
#define SEEN(node, giver, to) seen[((node) * JOURNALS + (giver)) * JOURNALS + (to)]

/* Branch 1: as it was, back from a backup (writes nothing), or under a new incarnation. */
#define AS_WAS 0
#define AMNESIA 1
#define AGAIN 2
byte one;
bit forked;
bit told[NODES]; /* the node knows that journal ONE is retired; the office's own word is the fact */
bit over[NODES]; /* by the node's clock the lot has ended */
bit healed;
byte moves, faults;

/* What really happened, whatever a log still says of it. */
byte issued, spent, burned;
byte unrecorded; /* spent, but the only disk that said so is gone */
byte basis;      /* blocks of journal ONE that the office had when it reclaimed last */
bit fenced;      /* branch 1 came back from a backup: journal ONE may not grow */

#define SELF(node) ((node) == ONE && (one == AGAIN || forked) -> NEXT : (node))
#define NAME(journal) (forked && (journal) == NEXT -> ONE : (journal))
#define WRITES(node)                                                                              \
    (!open[node] && size[SELF(node)] < BLOCKS &&                                                   \
        ((node) != ONE || one == AGAIN || (one == AS_WAS && !told[ONE])))

/* Scratch; zero between steps, so that it adds no states. */
byte i, e, was;
short sum, flying, good;

/* Registers of a journal, from its log. */
inline fold(j)
{
    raw[j] = 0;
    i = 0;
    do
    :: i < JOURNALS -> granted[PAIR(j, i)] = 0; accepted[PAIR(j, i)] = 0; i++
    :: else -> break
    od;
    if
    :: j == OFFICE -> reclaimed = 0; proxied[OFFICE] = 0; proxied[TWO] = 0
    :: else -> skip
    fi;
    i = 0;
    do
    :: i < size[j] ->
        e = log[j * BLOCKS + i];
        if
        :: e == ISSUE -> raw[j] = raw[j] + ISSUED
        :: e == SPEND || e == BURN -> raw[j]--
        :: e == RECLAIM -> raw[j]++; reclaimed++
        :: IS_PROXY(e) -> proxied[FROM(e)] = ALL(e)
        :: IS_MOVE(e) -> raw[j]--; granted[PAIR(j, TO(e))]++
        :: IS_ACCEPT(e) ->
            was = accepted[PAIR(j, FROM(e))];
            accepted[PAIR(j, FROM(e))] = MAX(was, ALL(e));
            raw[j] = raw[j] + accepted[PAIR(j, FROM(e))] - was
        :: else -> skip
        fi;
        i++
    :: else -> break
    od;
    e = 0; i = 0; was = 0
}

/* A block that no other node of this model would look into need not be there. */
#ifdef CRASH
#define READ_BY_OTHERS(node, event) true
#else
#define READ_BY_OTHERS(node, event)                                                               \
    (SELF(node) == ONE || IS_MOVE(event) || ((node) != OFFICE && IS_ACCEPT(event)))
#endif

/* Appends and, unless crashes are played, commits. Goods leave with the commit. */
inline append(node, event)
{
    if
    :: READ_BY_OTHERS(node, event) ->
        log[SELF(node) * BLOCKS + size[SELF(node)]] = event;
        size[SELF(node)]++
    :: else -> skip
    fi;
    CHECK(6, node != ONE || !fenced || NAME(SELF(node)) != ONE);
#ifdef CRASH
    open[node] = 1
#else
    effect(event)
#endif
}

inline effect(event)
{
    if
    :: event == SPEND -> spent++
    :: event == BURN -> burned++
    :: else -> skip
    fi
}

inline move(node, to)
{
    raw[SELF(node)]--;
    granted[PAIR(SELF(node), to)]++;
    moves++;
    append(node, MOVE(to));
    printf("%d moves one unit to journal %d\n", node, to)
}

/* Accepts are cumulative: what is granted in all, so far as it is seen here. */
inline accept(node, giver)
{
    was = accepted[PAIR(SELF(node), NAME(giver))];
    accepted[PAIR(SELF(node), NAME(giver))] = SEEN(node, giver, NAME(SELF(node)));
    raw[SELF(node)] = raw[SELF(node)] + SEEN(node, giver, NAME(SELF(node))) - was;
    was = 0;
    append(node, ACCEPT(NAME(giver), SEEN(node, giver, NAME(SELF(node)))));
    printf("%d accepts from journal %d\n", node, giver)
}
#define WAITS(node, giver)                                                                        \
    (SEEN(node, giver, NAME(SELF(node))) > accepted[PAIR(SELF(node), NAME(giver))])

#define MAY_MOVE(node) (WRITES(node) && raw[SELF(node)] > 0 && moves < MOVES)
#define ONE_IS_ALIVE(node) (!told[node])
#define NEXT_IS_ADMITTED(node) (told[node] && one == AGAIN)

/* A node: an office or a branch, with its tills. */
proctype Node(byte n)
{
    do
    :: d_step { WRITES(n) && raw[SELF(n)] > 0 && !over[n] ->
        raw[SELF(n)]--;
        append(n, SPEND);
        printf("%d sells for one unit\n", n) }
    :: d_step { n != OFFICE && MAY_MOVE(n) -> move(n, OFFICE) }
    :: d_step { n != ONE && MAY_MOVE(n) && ONE_IS_ALIVE(n) -> move(n, ONE) }
    :: d_step { n != TWO && MAY_MOVE(n) -> move(n, TWO) }
    :: d_step { n != ONE && MAY_MOVE(n) && NEXT_IS_ADMITTED(n) -> move(n, NEXT) }
#ifdef SELF_MOVE /* planted: a move to oneself counts as received at once */
    :: d_step { MAY_MOVE(n) && n == TWO ->
        moves++;
        raw[n]++;
        append(n, NOTHING);
        printf("%d moves one unit to itself\n", n) }
#endif
    :: d_step { WRITES(n) && n != OFFICE && WAITS(n, OFFICE) -> accept(n, OFFICE) }
    :: d_step { WRITES(n) && n != ONE && WAITS(n, ONE) -> accept(n, ONE) }
    :: d_step { WRITES(n) && n != TWO && WAITS(n, TWO) -> accept(n, TWO) }
    :: d_step { WRITES(n) && n != ONE && WAITS(n, NEXT) -> accept(n, NEXT) }
#ifdef CRASH
    :: d_step { open[n] ->
        open[n] = 0;
        effect(log[SELF(n) * BLOCKS + size[SELF(n)] - 1]);
        printf("%d has synced\n", n) }
#endif
#ifdef EXPIRY
    :: d_step { WRITES(n) && over[n] && raw[SELF(n)] > 0 ->
        raw[SELF(n)]--;
        append(n, BURN);
        printf("%d burns one unit\n", n) }
#ifdef BURN_ALL /* planted: burns what the lot has left by its own books, not what it holds */
    :: d_step { WRITES(n) && over[n] && raw[SELF(n)] <= 0 && burned + spent < ISSUED ->
        raw[SELF(n)]--;
        append(n, BURN);
        printf("%d burns one unit that it does not hold\n", n) }
#endif
#endif
#ifdef RETIRE
    :: d_step { n == ONE && told[ONE] && one != AGAIN && !open[ONE] && !forked ->
        one = AGAIN;
        printf("branch 1 goes on under a new incarnation\n") }
#endif
    od
}

/* A journal has rights that the office may take over: as the office has it, plus what it accepted
   in the journal's place, less what it took. */
#ifdef DELTA /* planted: see MERGED */
#define STANDS_FOR(giver) proxied[giver]
#else
#define STANDS_FOR(giver)                                                                         \
    (proxied[giver] > office_accepted[PAIR(ONE, giver)]                                           \
            -> proxied[giver] - office_accepted[PAIR(ONE, giver)] : 0)
#endif
#ifdef RECLAIM_TWICE /* planted: forgets what was taken */
#define TAKEN (reclaimed > 0 -> reclaimed - 1 : 0)
#else
#define TAKEN reclaimed
#endif
#define LEFT_OF_ONE (office_raw + STANDS_FOR(OFFICE) + STANDS_FOR(TWO) - TAKEN)

#ifdef RECLAIM_ALIVE /* planted: takes rights of a journal that is not retired */
#define MAY_RECLAIM true
#else
#define MAY_RECLAIM told[OFFICE]
#endif

#define PROXY_WAITS(giver)                                                                        \
    (told[OFFICE] && WRITES(OFFICE) &&                                                            \
        SEEN(OFFICE, giver, ONE) > MAX(proxied[giver], office_accepted[PAIR(ONE, giver)]))
#define OWN_PROXY_WAITS                                                                           \
    (told[OFFICE] && WRITES(OFFICE) &&                                                            \
        granted[PAIR(OFFICE, ONE)] > MAX(proxied[OFFICE], office_accepted[PAIR(ONE, OFFICE)]))

#if defined(RETIRE) || defined(RECLAIM_ALIVE)
proctype Office()
{
    do
#ifdef RETIRE
    :: d_step { !told[OFFICE] && !healed || !told[OFFICE] && one == AMNESIA ->
        told[OFFICE] = 1;
        printf("the office retires journal 1\n") }
#ifndef NO_PROXY /* planted: nobody accepts what flies to a retired journal */
    :: d_step { PROXY_WAITS(TWO) ->
        proxied[TWO] = SEEN(OFFICE, TWO, ONE);
        append(OFFICE, PROXY(TWO, proxied[TWO]));
        printf("the office accepts for journal 1 from journal 2\n") }
    :: d_step { OWN_PROXY_WAITS ->
        proxied[OFFICE] = granted[PAIR(OFFICE, ONE)];
        append(OFFICE, PROXY(OFFICE, proxied[OFFICE]));
        printf("the office accepts for journal 1 from itself\n") }
#endif
#endif
    :: d_step { MAY_RECLAIM && WRITES(OFFICE) && LEFT_OF_ONE > 0 ->
        reclaimed++;
        raw[OFFICE]++;
        basis = known[PAIR(OFFICE, ONE)];
        append(OFFICE, RECLAIM);
        printf("the office reclaims one unit of journal 1\n") }
    od
}
#endif

/* The network. A block is sent only when it is synced. */
#define OPEN(journal)                                                                             \
    ((journal) == SELF(ONE) -> open[ONE]                                                          \
            : ((journal) == OFFICE -> open[OFFICE] : ((journal) == TWO -> open[TWO] : 0)))
#ifdef EARLY /* planted: as soon as it is written */
#define SENT(journal) size[journal]
#else
#define SENT(journal) (size[journal] - OPEN(journal))
#endif
#define NEXT_BLOCK(node, journal) log[(journal) * BLOCKS + known[PAIR(node, journal)]]

/* The office admits an accept only after the grant that it rests on. (What the branches have of each
   other's accepts matters to nothing here.) */
#ifdef NO_DEPS /* planted */
#define DEPS_ARE_THERE(node, journal) true
#else
#define DEPS_ARE_THERE(node, journal)                                                             \
    ((node) != OFFICE || forked || !IS_ACCEPT(NEXT_BLOCK(node, journal)) ||                       \
        FROM(NEXT_BLOCK(node, journal)) == OFFICE ||                                              \
        SEEN(OFFICE, FROM(NEXT_BLOCK(node, journal)), journal) >= ALL(NEXT_BLOCK(node, journal)))
#endif

inline learn(node, journal)
{
    e = NEXT_BLOCK(node, journal);
    known[PAIR(node, journal)]++;
    if
    :: IS_MOVE(e) -> SEEN(node, journal, TO(e))++
    :: node == OFFICE && IS_ACCEPT(e) ->
        was = office_accepted[PAIR(journal, FROM(e))];
        office_accepted[PAIR(journal, FROM(e))] = MAX(was, ALL(e));
        was = office_accepted[PAIR(journal, FROM(e))] - was
    :: else -> skip
    fi;
    if
    :: node == OFFICE && journal == ONE && (IS_MOVE(e) || e == SPEND || e == BURN) -> office_raw--
    :: node == OFFICE && journal == ONE && IS_ACCEPT(e) -> office_raw = office_raw + was
    :: else -> skip
    fi;
    printf("%d learns block %d of journal %d\n", node, known[PAIR(node, journal)], journal);
    e = 0; was = 0
}

#ifdef LIVE
bit cut[NODES]; /* nothing gets in or out */
#ifdef LOST_FOR_GOOD /* planted: what was lost once is never asked for again */
#define REACH(a, b) (!cut[a] && !cut[b])
#else
#define REACH(a, b) (healed || (!cut[a] && !cut[b]))
#endif
#else
#define REACH(a, b) true
#endif
#define LINK(node, journal, writer)                                                               \
    ::d_step                                                                                      \
    {                                                                                             \
        known[PAIR(node, journal)] < SENT(journal) && REACH(node, writer) &&                      \
            DEPS_ARE_THERE(node, journal) -> learn(node, journal)                                 \
    }
#ifdef NO_DEDUP /* planted: a grant that comes again is credited again */
#define REPEAT(node, journal)                                                                     \
    ::d_step                                                                                      \
    {                                                                                             \
        SEEN(node, journal, node) > 0 && accepted[PAIR(node, journal)] > 0 &&                     \
            accepted[PAIR(node, journal)] < 4 && WRITES(node) -> accepted[PAIR(node, journal)]++; \
        raw[node]++;                                                                              \
        append(node, ACCEPT(journal, accepted[PAIR(node, journal)]));                             \
        printf("%d hears of a unit from journal %d again\n", node, journal)                       \
    }
#else
#define REPEAT(node, journal)
#endif

proctype Network()
{
    do
    LINK(OFFICE, ONE, ONE)
    LINK(OFFICE, TWO, TWO)
    LINK(OFFICE, NEXT, ONE)
    LINK(ONE, OFFICE, OFFICE)
    LINK(ONE, TWO, TWO)
    LINK(TWO, OFFICE, OFFICE)
    LINK(TWO, ONE, ONE)
    LINK(TWO, NEXT, ONE)
    REPEAT(TWO, ONE)
#ifdef RETIRE
    :: d_step { told[OFFICE] && !told[ONE] && REACH(OFFICE, ONE) ->
        told[ONE] = 1;
        printf("branch 1 learns that journal 1 is retired\n") }
    :: d_step { told[OFFICE] && !told[TWO] && REACH(OFFICE, TWO) ->
        told[TWO] = 1;
        printf("branch 2 learns that journal 1 is retired\n") }
#endif
    od
}

/* Journal NEXT begins as the first `blocks` blocks of journal ONE: a second history of it. */
inline fork(blocks)
{
    i = 0;
    do
    :: i < blocks ->
        log[NEXT * BLOCKS + i] = log[ONE * BLOCKS + i];
        i++
    :: else -> break
    od;
    size[NEXT] = blocks;
    forked = 1;
    fold(NEXT)
}

/* What branch 1 had of others comes back from others. */
inline forget()
{
    i = 0;
    do
    :: i < JOURNALS -> SEEN(ONE, i, ONE) = 0; SEEN(ONE, i, OFFICE) = 0; SEEN(ONE, i, TWO) = 0;
        SEEN(ONE, i, NEXT) = 0; known[PAIR(ONE, i)] = 0; i++
    :: else -> break
    od;
    i = 0
}

/* The blocks of journal ONE that nobody else has are gone with the disk. */
inline lose_tail()
{
    good = MAX(known[PAIR(OFFICE, ONE)], known[PAIR(TWO, ONE)]);
    i = good;
    do
    :: i < size[ONE] ->
        if
        :: log[ONE * BLOCKS + i] == SPEND -> unrecorded++
        :: log[ONE * BLOCKS + i] == BURN -> burned--
        :: else -> skip
        fi;
        log[ONE * BLOCKS + i] = NOTHING;
        i++
    :: else -> break
    od;
    size[ONE] = good;
    good = 0;
    fold(ONE)
}

#define CRASHES(node)                                                                             \
    ::d_step                                                                                      \
    {                                                                                             \
        faults > 0 && !healed && open[node] -> faults--;                                          \
        open[node] = 0;                                                                           \
        size[SELF(node)]--;                                                                        \
        log[SELF(node) * BLOCKS + size[SELF(node)]] = NOTHING;                                     \
        fold(SELF(node));                                                                         \
        printf("%d crashes before its sync\n", node)                                              \
    }

proctype Faults()
{
    do
#ifdef CRASH
#ifdef EARLY /* what was sent stays with those who have it, the branch writes something else there */
    :: d_step { faults > 0 && !healed && open[ONE] && one == AS_WAS && !forked &&
            (known[PAIR(OFFICE, ONE)] == size[ONE] || known[PAIR(TWO, ONE)] == size[ONE]) ->
        faults--;
        open[ONE] = 0;
        fork(size[ONE] - 1);
        printf("branch 1 crashes before its sync\n") }
#else
    CRASHES(OFFICE)
    CRASHES(ONE)
    CRASHES(TWO)
#endif
#endif
#ifdef RESTORE
#ifdef NO_FENCE /* planted: it goes on from the backup, as if nothing had been */
    :: d_step { faults > 0 && !healed && one == AS_WAS && !open[ONE] && size[ONE] > 1 ->
        faults--;
        fenced = 1;
        forget();
        fork(1);
        printf("branch 1 comes back as of block 1 and goes on\n") }
    :: d_step { faults > 0 && !healed && one == AS_WAS && !open[ONE] && size[ONE] > 2 ->
        faults--;
        fenced = 1;
        forget();
        fork(size[ONE] - 1);
        printf("branch 1 comes back without its last block and goes on\n") }
#else
    :: d_step { faults > 0 && !healed && one == AS_WAS && !open[ONE] ->
        faults--;
        fenced = 1;
        one = AMNESIA;
        forget();
        printf("branch 1 comes back from a backup; its old disk turns up later\n") }
    :: d_step { faults > 0 && !healed && one == AS_WAS && !open[ONE] &&
            size[ONE] > known[PAIR(OFFICE, ONE)] && size[ONE] > known[PAIR(TWO, ONE)] ->
        faults--;
        fenced = 1;
        one = AMNESIA;
        forget();
        lose_tail();
        printf("branch 1 comes back from a backup; what nobody else has is gone\n") }
#endif
#endif
#ifdef EXPIRY
    :: d_step { !over[OFFICE] -> over[OFFICE] = 1; printf("the office's clock passes the lot's end\n") }
    :: d_step { !over[ONE] -> over[ONE] = 1; printf("branch 1's clock passes the lot's end\n") }
    :: d_step { !over[TWO] -> over[TWO] = 1; printf("branch 2's clock passes the lot's end\n") }
#endif
#ifdef LIVE
    :: d_step { !healed && !cut[ONE] -> cut[ONE] = 1; printf("branch 1 is cut off\n") }
    :: d_step { !healed && !cut[TWO] -> cut[TWO] = 1; printf("branch 2 is cut off\n") }
    :: d_step { !healed -> healed = 1; printf("the network heals\n") }
#endif
    :: false
    od
}

/* What counts as accepted, whoever of the two said so: the larger. */
#ifdef DELTA /* planted: accepts are added up, as if each told of other rights */
#define MERGED(giver) (accepted[PAIR(ONE, giver)] + proxied[giver])
#else
#define MERGED(giver) MAX(accepted[PAIR(ONE, giver)], proxied[giver])
#endif
#define CREDITED(to, giver) ((to) == ONE -> MERGED(giver) : accepted[PAIR(to, giver)])
#define NET(journal)                                                                              \
    (raw[journal] +                                                                               \
        ((journal) == ONE) * (MERGED(OFFICE) + MERGED(TWO) - accepted[PAIR(ONE, OFFICE)] -        \
                                 accepted[PAIR(ONE, TWO)] - reclaimed))
#define UNSYNCED_USE(node)                                                                        \
    (open[node] && (log[SELF(node) * BLOCKS + size[SELF(node)] - 1] == SPEND ||                    \
                       log[SELF(node) * BLOCKS + size[SELF(node)] - 1] == BURN))

/* A journal that was retired before all of it was known may come short by what the office could not
   know of, a unit a block. */
#define LATE (told[OFFICE] && reclaimed > 0 -> size[ONE] - basis : 0)

inline properties()
{
    sum = UNSYNCED_USE(OFFICE) + UNSYNCED_USE(ONE) + UNSYNCED_USE(TWO);
    flying = 0;
    good = 0;
    i = 0;
    do
    :: i < JOURNALS ->
        CHECK(4, raw[i] >= 0);
        if
        :: NET(i) < 0 -> good = good - NET(i)
        :: else -> sum = sum + NET(i)
        fi;
        e = 0;
        do
        :: e < JOURNALS ->
            CHECK(2, forked || CREDITED(i, e) <= granted[PAIR(e, i)]);
            CHECK(7, e == OFFICE || office_accepted[PAIR(i, e)] <= SEEN(OFFICE, e, i) || forked);
            flying = flying + granted[PAIR(e, i)] - CREDITED(i, e);
            e++
        :: else -> break
        od;
        i++
    :: else -> break
    od;
    CHECK(1, spent <= issued + unrecorded + LATE);
    CHECK(3, forked || sum + flying == issued + good - (spent - unrecorded) - burned);
    CHECK(5, forked || (good <= LATE && good <= reclaimed));
    sum = 0; flying = 0; good = 0; i = 0; e = 0
}

#ifdef LIVE
#define ARRIVED(giver, to) (granted[PAIR(giver, to)] == accepted[PAIR(to, giver)])
ltl arrives { [] (healed -> <> (
    ARRIVED(ONE, OFFICE) && ARRIVED(TWO, OFFICE) && ARRIVED(NEXT, OFFICE) &&
    ARRIVED(OFFICE, TWO) && ARRIVED(ONE, TWO) && ARRIVED(NEXT, TWO) &&
    ARRIVED(OFFICE, NEXT) && ARRIVED(TWO, NEXT) &&
    granted[PAIR(OFFICE, ONE)] == MERGED(OFFICE) && granted[PAIR(TWO, ONE)] == MERGED(TWO) &&
    (!told[OFFICE] || NET(ONE) <= 0))) }
#else
active proctype Observer()
{
    do
    :: d_step { properties() }
    od
}
#endif

#ifndef FAULTS
#define FAULTS 1
#endif

init
{
    d_step {
        log[ONE * BLOCKS] = ISSUE;
        size[ONE] = 1;
        raw[ONE] = ISSUED;
        issued = ISSUED;
        office_raw = ISSUED;
        known[PAIR(OFFICE, ONE)] = 1;
        known[PAIR(TWO, ONE)] = 1;
        faults = FAULTS
    }
    atomic {
        run Node(OFFICE);
        run Node(ONE);
        run Node(TWO);
#if defined(RETIRE) || defined(RECLAIM_ALIVE)
        run Office();
#endif
        run Network();
        run Faults()
    }
}
