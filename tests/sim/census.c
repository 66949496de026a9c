#include "census.h"

#include "message_codec.h"
#include "names.h"

#include <string.h>

void census_add(struct census *census, const struct census *more)
{
    for (size_t i = 0; i < CENSUS_COUNT; i++) {
        census->counts[i] += more->counts[i];
    }
}

/* The types of events, in the order of their places in the census. */
static const uint16_t event_types[] = {
    EVENT_TOPUP,           EVENT_SPEND,
    EVENT_REFUND,          EVENT_RIGHTS_MOVE,
    EVENT_RIGHTS_ACCEPT,   EVENT_MEMBER_ENROL,
    EVENT_ACCOUNT_OPEN,    EVENT_CARD_ISSUE,
    EVENT_ACCOUNT_FREEZE,  EVENT_JOURNAL_ADMIT,
    EVENT_PRODUCT_PUBLISH, EVENT_ACCOUNT_UNFREEZE,
    EVENT_FREEZE_ACK,      EVENT_CARD_LOSS_REPORT,
    EVENT_CARD_REPLACE,    EVENT_LOT_REBIND,
    EVENT_REQUEST_FILE,    EVENT_REQUEST_CLOSE,
    EVENT_CARD_REPLACE,    EVENT_RIGHTS_COVER,
    EVENT_RISK_SETTLE,     EVENT_RISK_ACK,
    EVENT_CHECKPOINT_SIGN, EVENT_LEASE_RECORD,
    EVENT_JOURNAL_FORK,    EVENT_LOT_EXPIRE,
    EVENT_QUOTA_GRANT,     EVENT_LIMITS_SET,
    EVENT_MINT_APPROVE,    EVENT_MINT_RELEASE,
    EVENT_BRANCH_SUSPEND,  EVENT_BRANCH_RESUME,
    EVENT_SPEND_HOLD,      EVENT_SPEND_CAPTURE,
    EVENT_SPEND_RELEASE,
};

enum { EVENT_TYPES = sizeof event_types / sizeof event_types[0] };

void census_event(struct census *census, uint16_t type)
{
    for (size_t i = 0; i < EVENT_TYPES; i++) {
        if (event_types[i] == type) {
            census->counts[CENSUS_EVENT + i]++;
        }
    }
}

void census_witness(struct census *census, const struct event *event)
{
    bool names = event->type == EVENT_RIGHTS_ACCEPT && event->body.accept.checkpoint > 0;
    census->counts[CENSUS_WITNESSED] += names ? 1 : 0;
}

struct census_name {
    enum census_item item;
    const char *name;
};

/* What must happen. */
static const struct census_name names[] = {
    {CENSUS_FRAMES_LOST, "frames lost"},
    {CENSUS_FRAMES_DOUBLED, "frames doubled"},
    {CENSUS_FRAMES_OVERTAKEN, "frames that overtook others"},
    {CENSUS_FRAMES_SLOWED, "frames on slow links"},
    {CENSUS_FRAMES_QUEUE_FULL, "links given up with a full queue"},
    {CENSUS_FRAMES_DAMAGED, "frames damaged on the way"},
    {CENSUS_CUT_STALLED, "cuts that stalled a link"},
    {CENSUS_CUT_KILLED, "cuts that ended a link"},
    {CENSUS_CUT_ONE_WAY, "cuts in one direction"},
    {CENSUS_PARTITIONS, "partitions"},
    {CENSUS_SWIZZLES, "machines clogged one by one"},
    {CENSUS_HEALS, "heals in the storm"},
    {CENSUS_LINKS_RESET, "links reset"},
    {CENSUS_CRASHES, "crashes"},
    {CENSUS_CRASH_BATCH_KEPT, "crashes that kept the batch in flight"},
    {CENSUS_CRASH_BATCH_LOST, "crashes that lost the batch in flight"},
    {CENSUS_CRASH_STARTING, "crashes during a start"},
    {CENSUS_PAUSES, "machines that stood still"},
    {CENSUS_RESTARTS, "restarts"},
    {CENSUS_COMMIT_UNKNOWN_KEPT, "unknown commits that were kept"},
    {CENSUS_COMMIT_UNKNOWN_LOST, "unknown commits that were lost"},
    {CENSUS_COMMIT_STUCK, "commits that were stuck"},
    {CENSUS_READ_FAILED, "reads that failed"},
    {CENSUS_SPACE_LOW, "disks nearly full"},
    {CENSUS_CLOCK_JUMPS, "clock jumps"},
    {CENSUS_CLOCK_ERAS, "clocks in 1970, 2038 or 2106"},
    {CENSUS_CLOCK_FROZEN, "clocks that stood still"},
    {CENSUS_CLOCK_FAST, "clocks ten times too fast"},
    {CENSUS_DAYS, "times that days passed"},
    {CENSUS_BACKUPS, "backups made"},
    {CENSUS_RESTORES, "backups put back"},
    {CENSUS_CLONES, "clones"},
    {CENSUS_DOUBLES_BEHIND, "doubles behind their journal"},
    {CENSUS_DOUBLES_NOTICED, "doubles that learned what they are"},
    {CENSUS_FORKS_SEEN, "forks that a node saw"},
    {CENSUS_FORK_PROOFS, "machines that hold the proof of a fork, at each calm"},
    {CENSUS_ACCUSED, "honest journals that were said to be forked, without proof"},
    {CENSUS_RESOLVED, "forks that the office resolved"},
    {CENSUS_PAID_TWICE, "lots of which a double paid too much"},
    {CENSUS_WRITTEN_OFF, "branches written off"},
    {CENSUS_WRITTEN_OFF_ALIVE, "branches written off too early"},
    {CENSUS_REENROLLED, "branches enrolled again"},
    {CENSUS_LATE_BLOCKS, "late blocks of retired journals, at each node"},
    {CENSUS_DISKS_FOUND, "disks of dead branches that were found"},
    {CENSUS_MADE_GOOD, "shortfalls made good, at each look"},
    {CENSUS_LATE_JOINS, "joins in a storm"},
    {CENSUS_EPOCHS, "epochs of the authority begun"},
    {CENSUS_PULLS, "moves that a peer asked for"},
    {CENSUS_SPREADS, "moves by distribution"},
    {CENSUS_OLDER, "machines of an older version"},
    {CENSUS_UPDATED, "updates of such a machine"},
    {CENSUS_UNKNOWN_KEPT, "events that an older version kept until it was updated"},
    {CENSUS_OBSERVERS, "observers that replayed all"},
    {CENSUS_ED25519_SEEDS, "seeds with real signatures"},
    {CENSUS_HOSTILE_SEEDS, "seeds with a hostile branch"},
    {CENSUS_HOSTILE_INVALID, "hostile events that break a rule"},
    {CENSUS_HOSTILE_VALID, "hostile events that are valid"},
    {CENSUS_HOSTILE_REJECTED, "hostile blocks that are not authentic"},
    {CENSUS_MESH, "seeds with a mesh"},
    {CENSUS_STAR, "seeds with a star"},
    {CENSUS_LINE, "seeds with a line"},
    {CENSUS_REPLAYED_ANSWERS, "answers given again"},
    {CENSUS_UNKNOWN_ANSWERS, "answers of unknown outcome"},
    {CENSUS_TILL_TIMEOUTS, "tills that lost patience"},
    {CENSUS_PARALLEL_DOUBLES, "requests sent twice at once"},
    {CENSUS_OTHER_BODY, "tickets used for something else"},
    {CENSUS_PULLED_SPENDS, "spends with rights pulled from peers"},
    {CENSUS_PULLED_REFUNDS, "refunds with rights pulled from peers"},
    {CENSUS_TENDER_REFUNDS, "refunds in other tenders"},
    {CENSUS_RESTORED_LOTS, "refunds of lots that had ended"},
    {CENSUS_REQUESTS_DONE, "requests carried out"},
    {CENSUS_HOLDS_LAPSED, "holds that lapsed"},
    {CENSUS_HOLDS_PART, "holds captured in part"},
    {CENSUS_HOLDS_FROZEN, "holds captured after a freeze was acknowledged"},
    {CENSUS_HOLDS_VOID, "holds that their branch's end made void, at each look"},
    {CENSUS_RISK_SEEDS, "seeds with the risk allowance on"},
    {CENSUS_UNCOVERED_SPENDS, "spends without cover"},
    {CENSUS_QUERIES, "queries"},
    {CENSUS_RUN_TWICE, "seeds run twice"},
    {CENSUS_CALMS, "calms"},
    {CENSUS_ACCOUNTS_COMPARED, "accounts compared"},
    {CENSUS_PENDING_MINTS, "top-ups that wait for approval"},
    {CENSUS_WITNESSED, "acceptances that name a checkpoint"},
};

/* Verdicts that the workload must meet. */
static const enum verdict verdicts[] = {
    VERDICT_ALLOWED,        REFUSED_AMOUNT,
    REFUSED_UNKNOWN_CARD,   REFUSED_UNKNOWN_ACCOUNT,
    REFUSED_UNKNOWN_MEMBER, REFUSED_UNKNOWN_PRODUCT,
    REFUSED_UNKNOWN_SALE,   REFUSED_UNKNOWN_BRANCH,
    REFUSED_REVOKED_CARD,   REFUSED_FROZEN,
    REFUSED_NOT_FROZEN,     REFUSED_BALANCE,
    REFUSED_RIGHTS,         REFUSED_REFUNDABLE,
    REFUSED_OTHER_BRANCH,   REFUSED_CAP,
    REFUSED_FIELD,          REFUSED_SELF,
    REFUSED_CURRENCY,       REFUSED_ROLE,
    REFUSED_VERSION,        REFUSED_KEY_REUSED,
    REFUSED_SPACE,          REFUSED_OTHER_MEMBER,
    REFUSED_NEWER_FACT,     REFUSED_UNKNOWN_HOLD,
    REFUSED_HOLD_UNTIL,     REFUSED_HOLD_AMOUNT,
    REFUSED_HOLD_ELSEWHERE, REFUSED_HOLD_ENDED,
};

static const enum message_kind messages[] = {
    MESSAGE_HELLO,   MESSAGE_WELCOME, MESSAGE_TIPS,       MESSAGE_DIGEST,
    MESSAGE_WANT,    MESSAGE_BLOCKS,  MESSAGE_RIGHTS_REQ, MESSAGE_RIGHTS_RSP,
    MESSAGE_KEY_PUT, MESSAGE_KEY_ACK, MESSAGE_JOINED,     MESSAGE_FORK_PROOF,
};

static bool report_one(const struct census *census, size_t item, const char *family,
                       const char *name, FILE *out)
{
    uint64_t count = census->counts[item];
    (void)fprintf(out, "census %12llu  %s%s%s\n", (unsigned long long)count, family, name,
                  count == 0 ? "   <- never" : "");
    return count > 0;
}

bool census_report(const struct census *census, FILE *out)
{
    bool all = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        all = report_one(census, names[i].item, "", names[i].name, out) && all;
    }
    for (size_t i = 0; i < EVENT_TYPES; i++) {
        all =
            report_one(census, CENSUS_EVENT + i, "event ", event_type_name(event_types[i]), out) &&
            all;
    }
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        all = report_one(census, CENSUS_VERDICT + (size_t)verdicts[i], "verdict ",
                         verdict_name(verdicts[i]), out) &&
              all;
    }
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        all = report_one(census, CENSUS_MESSAGE + (size_t)messages[i], "message ",
                         message_name(messages[i]), out) &&
              all;
    }
    return all;
}
