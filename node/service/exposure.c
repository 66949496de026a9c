/* What can still be spent by branches that have not heard: U2 and U3 of the promises. Figures are
 * of committed rows; what was topped up elsewhere meanwhile was never in the balance that was
 * shown. */
#include "fold_parts.h"
#include "freezes.h"
#include "query.h"
#include "risk.h"
#include "row_key.h"

#include "calendar.h"

#include <string.h>

enum {
    ROWS_SEEN_MAX = 65536,    /* registers walked of one account: 64 lots at 1,000 branches */
    JOURNALS_SEEN_MAX = 4096, /* a network beyond it is told so */
};

static uint32_t journals_seen(const struct node *node)
{
    return node->roster.journal_count < JOURNALS_SEEN_MAX ? node->roster.journal_count
                                                          : JOURNALS_SEEN_MAX;
}

static int64_t *held_of(struct node *node, int64_t *held, uint64_t journal)
{
    for (uint32_t i = 0; i < journals_seen(node); i++) {
        if (node->roster.journals[i].journal == journal) {
            return &held[i];
        }
    }
    return NULL;
}

static bool is_connected(const struct node *node, uint64_t journal)
{
    bool connected = journal == node->journal;
    for (uint32_t i = 0; i < node->peers_max; i++) {
        connected = connected ||
                    (node->peers[i].state == PEER_ESTABLISHED && node->peers[i].journal == journal);
    }
    return connected;
}

/* Ended for everybody, whatever the branch's clock says: a day's grace. */
static bool has_ended(struct node *node, const struct terms_record *terms)
{
    uint32_t today = calendar_day(world_wall_ms(node->world), node->roster.zone_minutes);
    return terms->to_day != 0 && terms->to_day + 1 < today;
}

static void add_flights(struct node *node, const struct lot_id *lot, int64_t *held)
{
    struct row_key prefix = row_key(TABLE_GRANT);
    row_key_raw(&prefix, lot->bytes, sizeof lot->bytes);
    struct walk walk = walk_over(prefix);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        const uint8_t *at = walk.key_memory + walk.prefix.size;
        uint64_t from = key_u64(at);
        uint64_t to = key_u64(at + 8);
        struct row_key key = key_of_grant(lot, from, to);
        struct grant_record record;
        int64_t *sum = held_of(node, held, to);
        if (grant_load(node->rows, &key, &record) && sum != NULL) {
            *sum += record.grant.granted - record.grant.accepted;
        }
    }
}

/* Rights of each journal (beside the roster) in money of the account: held, on hold, coming. */
static void hold_by_journal(struct node *node, const struct subject_id *account, int64_t *held,
                            int64_t *on_hold, int64_t *issued)
{
    struct walk walk = walk_over(key_of_subject(TABLE_REGISTERS, account));
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    struct lot_id before = {{0}};
    bool counts = false;
    bool ended = false;
    for (uint32_t i = 0; i < ROWS_SEEN_MAX && walk_next(node, &walk, &value); i++) {
        struct lot_id lot;
        memcpy(lot.bytes, walk.key_memory + walk.prefix.size, sizeof lot.bytes);
        uint64_t journal = key_u64(walk.key_memory + walk.prefix.size + sizeof lot.bytes);
        if (!lot_equal(&lot, &before)) {
            struct terms_record terms;
            counts = terms_load(node->rows, &lot, &terms) &&
                     (terms.bucket == BUCKET_PRINCIPAL || terms.bucket == BUCKET_BONUS);
            ended = counts && has_ended(node, &terms);
            before = lot;
#if !defined(MUTANT_exposure_forgets_flights)
            if (counts && !ended) {
                add_flights(node, &lot, held);
            }
#endif
        }
        int64_t *sum = held_of(node, held, journal);
        if (counts && sum != NULL) {
            struct row_key key = key_of_registers(account, &lot, journal);
            struct registers registers;
            (void)registers_load(node->rows, &key, &registers);
            /* A branch that was written off may be alive and not know: what was taken over from it
             * may be spent there all the same. */
            bool unaware = roster_retired(&node->roster, journal, node->roster.seq) != NULL &&
                           roster_end_of(&node->roster, journal) == NULL;
            int64_t set_aside = registers.held - registers.released;
            int64_t may_use =
                (unaware ? registers_raw(&registers) : registers_merged(&registers)) + set_aside;
            /* An order that was promised a lot gets it, also after the lot's end. */
            may_use = ended ? set_aside : may_use;
            *sum += may_use > 0 ? may_use : 0;
            on_hold[sum - held] += set_aside;
            *issued += registers.issued;
        }
    }
}

/* Has the journal said that it knows of every live freeze? */
static bool knows_all(struct node *node, const struct subject_id *account, uint64_t journal)
{
    struct walk walk = walk_over(key_of_subject(TABLE_FREEZE, account));
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    bool all = true;
    while (all && walk_next(node, &walk, &value)) {
        struct event_ref place = key_ref(walk.key_memory + walk.prefix.size);
        struct freeze_record token;
        bool live = freeze_decode(buffer_bytes(&value), &token) && token.seen && !token.lifted;
        struct row_key ack = key_of_ack(account, journal, place);
        all = !live || number_load(node->rows, row_key_bytes(&ack)) == ACK_LIVE;
    }
    return all;
}

static void add_entry(struct page *page, const struct exposure_entry *entry)
{
    page->rows.exposure.branches++;
    page->rows.exposure.acknowledged += entry->acknowledged ? 1 : 0;
#if defined(MUTANT_exposure_forgets_holds)
    int64_t promised = 0;
#else
    int64_t promised = entry->on_hold; /* a freeze does not stop what was promised before (A4) */
#endif
    page->rows.exposure.spendable += entry->acknowledged ? promised : entry->held + entry->room;
    page->rows.exposure.room += entry->acknowledged ? 0 : entry->room;
    if (page->rows.exposure.entry_count < PAGE_ENTRIES_MAX) {
        page->rows.exposure.entries[page->rows.exposure.entry_count++] = *entry;
    } else {
        page->more = true; /* the sums are of all */
    }
}

/* An office that has not acknowledged a freeze may go on settling sales without cover, and with
 * each the branch's allowance is free again: then only all that was ever paid in is a bound. Once
 * it has, whoever admits a later settlement of it has the freeze too. */
static int64_t room_of(struct node *node, uint64_t journal, bool office_knows, int64_t issued)
{
    int64_t room = risk_room_of_account(node, journal);
#if defined(MUTANT_risk_not_in_exposure)
    room = 0;
#endif
    return room == 0 || office_knows ? room : amount_larger(room, issued);
}

static bool office_knows_all(struct node *node, const struct subject_id *account)
{
    bool knows = true;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        knows =
            knows && ((one->roles & ROLE_OFFICE) == 0 || knows_all(node, account, one->journal));
    }
    return knows;
}

enum verdict freezes_exposure(struct node *node, const struct request *request,
                              struct answer *answer, struct page *page)
{
    struct account_record record;
    enum verdict verdict = desk_account(node, &request->body.account.account, answer, &record);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    memset(&page->rows.exposure, 0, sizeof page->rows.exposure);
    struct sheet sheet;
    (void)sheet_load_committed(node->rows, &answer->account, &sheet);
    page->rows.exposure.freezes = sheet.frozen;
    int64_t held[JOURNALS_SEEN_MAX] = {0};
    int64_t on_hold[JOURNALS_SEEN_MAX] = {0};
    uint32_t count = journals_seen(node);
    page->more = count < node->roster.journal_count;
    int64_t issued = 0;
    hold_by_journal(node, &answer->account, held, on_hold, &issued);
    bool office_knows = sheet.frozen == 0 || office_knows_all(node, &answer->account);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t journal = node->roster.journals[i].journal;
        add_entry(page, &(struct exposure_entry){
                            .journal = journal,
                            .acknowledged =
                                sheet.frozen > 0 && knows_all(node, &answer->account, journal),
                            .connected = is_connected(node, journal),
                            .held = held[i],
                            .on_hold = on_hold[i],
                            .room = room_of(node, journal, office_knows, issued)});
    }
    page->count = 1;
    return VERDICT_ALLOWED;
}

enum verdict freezes_chain_exposure(struct node *node, struct page *page)
{
    memset(&page->rows.exposure, 0, sizeof page->rows.exposure);
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        uint64_t journal = node->roster.journals[i].journal;
        struct row_key coming = key_of_journal(TABLE_COMING, journal);
        struct row_key holds = key_of_journal(TABLE_HOLDER, journal);
        uint8_t memory[64];
        struct buffer value = BUFFER_OVER(memory);
        struct holder_record holder = {0};
        if (rows_load_committed(node->rows, row_key_bytes(&holds), &value)) {
            (void)holder_decode(buffer_bytes(&value), &holder);
        }
        int64_t held = holder.principal + holder.bonus +
                       (int64_t)number_load(node->rows, row_key_bytes(&coming));
        bool connected = is_connected(node, journal);
        /* In this view "acknowledged" is: within reach, it would hear of a freeze at once. */
        add_entry(page, &(struct exposure_entry){.journal = journal,
                                                 .acknowledged = connected,
                                                 .connected = connected,
                                                 .held = held,
                                                 .room = risk_room_of_branch(node, journal)});
    }
    page->count = 1;
    return VERDICT_ALLOWED;
}
