#include "reception.h"

#include "auditor.h"
#include "book_risk.h"
#include "sim.h"
#include "workload.h"

#include "names.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXTS_MAX = 8192,
    PATIENCE_US = 15000000, /* stuck disks and full queues included */
    PROMPT_US = 1000000,
};

struct asked_key {
    uint64_t machine;
    uint64_t till;
    struct ticket_id ticket;
};

struct reception reception_new(void)
{
    return (struct reception){.asked = map_of(sizeof(struct asked_key), sizeof(struct asked)),
                              .pending = map_of(sizeof(uint64_t), sizeof(struct pending))};
}

void reception_free(struct reception *reception)
{
    map_free(&reception->asked);
    map_free(&reception->pending);
}

struct asked *reception_asked(const struct sim *sim, const struct world *machine, uint32_t till,
                              const struct ticket_id *ticket)
{
    struct asked_key key = {.machine = machine->index, .till = till, .ticket = *ticket};
    return map_find(&sim->reception.asked, &key);
}

/* ---- a copy of a request whose texts live apart ---- */

struct request_copy {
    struct request request;
    size_t used;
    uint8_t texts[TEXTS_MAX];
};

static void copy_text(struct request_copy *copy, struct bytes *text)
{
    if (text->size == 0) {
        *text = (struct bytes){0};
        return;
    }
    if (text->size > sizeof copy->texts - copy->used) {
        abort();
    }
    memcpy(copy->texts + copy->used, text->data, text->size);
    text->data = copy->texts + copy->used;
    copy->used += text->size;
}

static void copy_texts(struct request_copy *copy)
{
    struct request *request = &copy->request;
    copy_text(copy, &request->cursor);
    switch ((int)request->kind) {
    case COMMAND_ENROL:
        for (uint32_t i = 0; i < request->body.enrol.field_count; i++) {
            copy_text(copy, &request->body.enrol.fields[i].text);
        }
        break;
    case COMMAND_TOP_UP:
        copy_text(copy, &request->body.top_up.account.card);
        copy_text(copy, &request->body.top_up.currency);
        break;
    case COMMAND_SPEND:
    case COMMAND_HOLD:
        copy_text(copy, &request->body.spend.order);
        copy_text(copy, &request->body.spend.account.card);
        copy_text(copy, &request->body.spend.currency);
        for (uint32_t i = 0; i < request->body.spend.item_count; i++) {
            copy_text(copy, &request->body.spend.items[i].name);
        }
        break;
    case COMMAND_REFUND:
        copy_text(copy, &request->body.refund.reason);
        break;
    case COMMAND_REPLACE_CARD:
        copy_text(copy, &request->body.replace.card);
        break;
    case COMMAND_TRANSFER:
        copy_text(copy, &request->body.transfer.from.card);
        copy_text(copy, &request->body.transfer.to.card);
        copy_text(copy, &request->body.transfer.currency);
        copy_text(copy, &request->body.transfer.reason);
        break;
    case COMMAND_FILE_REQUEST:
        copy_text(copy, &request->body.file.reason);
        break;
    case COMMAND_FREEZE:
    case COMMAND_UNFREEZE:
    case COMMAND_REPORT_LOSS:
        copy_text(copy, &request->body.freeze.account.card);
        copy_text(copy, &request->body.freeze.reason);
        break;
    case COMMAND_MOVE:
        copy_text(copy, &request->body.move.account.card);
        break;
    case COMMAND_PUBLISH_PRODUCT:
        copy_text(copy, &request->body.product.name);
        copy_text(copy, &request->body.product.currency);
        break;
    case COMMAND_INVITE:
        copy_text(copy, &request->body.invite.name);
        break;
    case COMMAND_SUSPEND:
        copy_text(copy, &request->body.suspend.reason);
        break;
    case COMMAND_RETIRE:
        copy_text(copy, &request->body.retire.reason);
        break;
    case QUERY_MEMBER:
        copy_text(copy, &request->body.member.card);
        copy_text(copy, &request->body.member.phone);
        break;
    case COMMAND_CAPTURE:
        for (uint32_t i = 0; i < request->body.capture.item_count; i++) {
            copy_text(copy, &request->body.capture.items[i].name);
        }
        break;
    case QUERY_ACCOUNT:
    case QUERY_HOLDS:
    case QUERY_EXPOSURE:
        copy_text(copy, &request->body.account.account.card);
        break;
    case QUERY_HISTORY:
    case QUERY_LOTS:
        copy_text(copy, &request->body.history.account.card);
        break;
    default: /* no texts but the cursor */
        break;
    }
}

static int64_t amount_of(const struct request *request)
{
    switch (request->kind) {
    case COMMAND_TOP_UP:
        return request->body.top_up.amount;
    case COMMAND_SPEND:
    case COMMAND_HOLD:
        return request->body.spend.amount;
    case COMMAND_CAPTURE:
        return request->body.capture.amount;
    case COMMAND_RELEASE:
        return 0;
    case COMMAND_REFUND:
        return request->body.refund.amount;
    case COMMAND_MOVE:
        return request->body.move.amount;
    case COMMAND_TRANSFER:
        return request->body.transfer.amount;
    case COMMAND_FILE_REQUEST:
        return request->body.file.amount;
    case COMMAND_ENROL:
    case COMMAND_ISSUE_CARD:
    case COMMAND_FREEZE:
    case COMMAND_UNFREEZE:
    case COMMAND_REPORT_LOSS:
    case COMMAND_REPLACE_CARD:
    case COMMAND_PUBLISH_PRODUCT:
    case COMMAND_INVITE:
    case COMMAND_SET_RISK:
    case COMMAND_SET_EXPIRY:
    case COMMAND_SET_LIMITS:
    case COMMAND_SET_QUOTA:
    case COMMAND_APPROVE_MINT:
    case COMMAND_SUSPEND:
    case COMMAND_RETIRE:
    case QUERY_MEMBER:
    case QUERY_ACCOUNT:
    case QUERY_HISTORY:
    case QUERY_LOTS:
    case QUERY_SALE:
    case QUERY_HOLD:
    case QUERY_HOLDS:
    case QUERY_TICKET:
    case QUERY_NODE:
    case QUERY_BRANCHES:
    case QUERY_PRODUCTS:
    case QUERY_DAYS:
    case QUERY_LIABILITY:
    case QUERY_EXPIRED:
    case QUERY_HOLDERS:
    case QUERY_FEED:
    case QUERY_BLOCKS:
    case QUERY_INVALID:
    case QUERY_EXPOSURE:
    case QUERY_CHAIN_EXPOSURE:
    case QUERY_REQUESTS:
    case QUERY_RISK:
    case QUERY_LIMITS:
    case QUERY_QUOTAS:
    case QUERY_MINTS:
    case COMMAND_KIND_COUNT:
        return 0;
    }
    return 0;
}

static struct asked *remember(struct world *machine, const struct request *request)
{
    struct asked_key key = {
        .machine = machine->index, .till = request->till, .ticket = request->ticket};
    struct asked *asked = map_put(&machine->sim->reception.asked, &key);
    if (asked->kind == 0) {
        asked->kind = request->kind;
        asked->amount = amount_of(request);
    }
    return asked;
}

/* A spend that this node can cover alone, with nothing else under way on the account. */
static bool is_affordable_here(struct world *machine, const struct request *request)
{
    struct sim *sim = machine->sim;
    if (request->kind != COMMAND_SPEND || request->body.spend.amount < 1 ||
        id_is_none(request->body.spend.account.account.bytes, 16)) {
        return false;
    }
    const struct subject_id *account = &request->body.spend.account.account;
    const struct book_journal *own = book_journal_of(auditor_book_of(machine), machine->journal);
    uint32_t day = own == NULL ? 0 : (uint32_t)own->day;
    const struct map *pending = &sim->reception.pending;
    for (uint32_t i = sim->reception.open_from; i < pending->count; i++) {
        const struct pending *other = map_at(pending, i);
        if (!other->done && other->machine == machine->index && !command_is_query(other->kind)) {
            return false;
        }
    }
    /* Of an account that owes a branch may know more than the others: it sells less. */
    return day > 0 && !book_had_risk(auditor_book(sim), account) &&
           machine->space_low_until_us <= sim->now_us && !disk_has_batch(machine->disk) &&
           auditor_frozen_at(machine, account) == 0 &&
           book_lots_of_account(auditor_book_of(machine), account) <= EVENT_LINES_MAX &&
           book_sure_of_account(auditor_book_of(machine), account, machine->journal, day) >=
               request->body.spend.amount;
}

struct pending *reception_send(struct world *machine, const struct request *request, uint32_t till,
                               enum meaning meaning)
{
    struct sim *sim = machine->sim;
    if (!sim_is_awake(machine)) {
        return NULL;
    }
    const struct asked *before = reception_asked(sim, machine, request->till, &request->ticket);
    if (meaning == MEANING_OTHER_BODY && before != NULL && before->forgotten) {
        return NULL; /* it would be the first request of its name, and be carried out */
    }
    uint64_t number = ++sim->reception.numbers;
    struct pending *pending = map_put(&sim->reception.pending, &number);
    pending->machine = machine->index;
    pending->boot = machine->boot;
    pending->till = till;
    pending->kind = request->kind;
    pending->sent_us = sim->now_us;
    pending->other_body = meaning == MEANING_OTHER_BODY;
    if (command_is_query(request->kind)) {
        sim->census->counts[CENSUS_QUERIES]++;
    } else if (meaning == MEANING_PLAIN) {
        pending->expects_allowed = is_affordable_here(machine, request);
        pending->asked = remember(machine, request);
    }
    struct request_copy *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        abort();
    }
    copy->request = *request;
    copy->request.number = number;
    copy->used = 0;
    copy_texts(copy);
    sim_feed(machine, &(struct input){.kind = INPUT_REQUEST, .request = &copy->request});
    /* Whatever the node still points at from here on is wrong, and shows. */
    memset(copy, 0xa5, sizeof *copy);
    free(copy);
    return pending;
}

/* ---- answers ---- */

static int64_t handed_out(const struct answer *answer)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < answer->tender_count; i++) {
        sum += answer->tenders[i].amount;
    }
    return sum;
}

static bool answers_agree(const struct answer *a, const struct answer *b)
{
    return a->verdict == b->verdict && event_ref_equal(a->event, b->event) &&
           a->at_ms == b->at_ms && subject_equal(&a->account, &b->account) &&
           subject_equal(&a->member, &b->member) && memcmp(a->card, b->card, sizeof a->card) == 0 &&
           a->principal == b->principal && a->bonus == b->bonus && a->balance == b->balance &&
           a->uncovered == b->uncovered && a->on_hold == b->on_hold &&
           a->usable_here == b->usable_here && a->offer == b->offer && a->limit == b->limit &&
           a->field == b->field && a->product == b->product && a->version == b->version &&
           a->branch == b->branch && subject_equal(&a->other, &b->other) &&
           handed_out(a) == handed_out(b);
}

/* Said when it is so already, it is allowed and writes nothing. */
static bool changes_nothing_twice(enum command_kind kind)
{
    return kind == COMMAND_RETIRE || kind == COMMAND_SET_LIMITS || kind == COMMAND_SET_QUOTA ||
           kind == COMMAND_APPROVE_MINT || kind == COMMAND_SUSPEND;
}

/* "ok" was said: the fact is durable here, and is what was asked. */
static void check_fact(struct world *machine, const struct pending *pending,
                       const struct answer *answer)
{
    struct sim *sim = machine->sim;
    const char *what = "";
    if (answer->event.journal == 0) {
        if (pending->kind != COMMAND_INVITE && !changes_nothing_twice(pending->kind)) {
            sim_finding(sim, "S9", "machine %u allowed a command without a fact", machine->index);
        }
        return;
    }
    const struct book_event *record = book_event_at(auditor_book_of(machine), answer->event);
    if (answer->event.seq > auditor_durable(machine, answer->event.journal) || record == NULL) {
        sim_finding(sim, "S9", "machine %u answered with a fact (seq %llu) that is not durable",
                    machine->index, (unsigned long long)answer->event.seq);
        return;
    }
    const struct asked *asked = pending->asked;
    if (!ticket_equal(&record->ticket, &asked->ticket)) {
        what = "ticket";
    } else if (pending->kind == COMMAND_SPEND &&
               (answer->principal + answer->bonus + answer->uncovered != asked->amount ||
                answer->principal != record->principal || answer->bonus != record->bonus ||
                answer->uncovered != record->uncovered)) {
        what = "amounts of a spend";
    } else if ((pending->kind == COMMAND_HOLD || pending->kind == COMMAND_CAPTURE) &&
               (answer->principal + answer->bonus != asked->amount ||
                answer->principal != record->principal || answer->bonus != record->bonus)) {
        what = "amounts of a hold or a capture";
    } else if (pending->kind == COMMAND_REFUND &&
               (answer->principal + answer->bonus + handed_out(answer) != asked->amount ||
                answer->principal != record->principal || answer->bonus != record->bonus)) {
        what = "amounts of a refund";
    } else if (pending->kind == COMMAND_TRANSFER &&
               (answer->principal + answer->bonus != asked->amount ||
                answer->principal != record->principal || answer->bonus != record->bonus)) {
        what = "amounts of a transfer";
    } else if (pending->kind == COMMAND_TOP_UP &&
               (answer->principal != asked->amount || answer->bonus != record->bonus)) {
        what = "amounts of a top-up";
    }
    if (what[0] != '\0') {
        sim_finding(sim, "S10", "machine %u: answer and fact differ in the %s", machine->index,
                    what);
    }
}

static void check_other_body(struct world *machine, const struct answer *answer)
{
    if (!answer->unknown && verdict_is_stored(answer->verdict) &&
        answer->verdict != REFUSED_KEY_REUSED) {
        sim_finding(machine->sim, "S10",
                    "machine %u answered %s to another request with one ticket", machine->index,
                    verdict_name(answer->verdict));
    }
}

static void check_answer(struct world *machine, struct pending *pending,
                         const struct answer *answer)
{
    struct sim *sim = machine->sim;
    struct asked *asked = pending->asked;
    if (answer->verdict == REFUSED_KEY_REUSED) {
        sim_finding(sim, "S10", "machine %u calls the same request another one", machine->index);
        return;
    }
    if (answer->replayed) {
        sim->census->counts[CENSUS_REPLAYED_ANSWERS]++;
    }
    if (asked->answered && !asked->forgotten) {
        if (!answers_agree(&asked->answer, answer)) {
            sim_finding(sim, "S10", "machine %u gave two answers for one ticket: %s, then %s",
                        machine->index, verdict_name(asked->answer.verdict),
                        verdict_name(answer->verdict));
        }
    } else if (!asked->forgotten) {
        asked->answered = true;
        asked->answer = *answer;
        asked->answer.page = NULL;
        if (answer->verdict != VERDICT_ALLOWED && asked->effects > 0) {
            sim_finding(sim, "S10", "machine %u refused (%s) what it had done", machine->index,
                        verdict_name(answer->verdict));
        }
    }
    if (answer->verdict == VERDICT_ALLOWED) {
        check_fact(machine, pending, answer);
    }
}

static void check_prompt(struct world *machine, const struct pending *pending)
{
    struct sim *sim = machine->sim;
    if (!pending->expects_allowed || pending->answer.unknown) {
        return;
    }
    uint64_t took_us = pending->answered_us - pending->sent_us;
    bool refused =
        pending->answer.verdict != VERDICT_ALLOWED && verdict_is_stored(pending->answer.verdict);
    bool excused = machine->was_stuck || machine->paused_until_us > pending->sent_us;
    if (refused || (!excused && took_us > PROMPT_US)) {
        sim_finding(sim, "L6", "machine %u: a spend within its rights: %s after %llu ms",
                    machine->index, verdict_name(pending->answer.verdict),
                    (unsigned long long)(took_us / 1000));
    }
}

static void count_answer(struct sim *sim, const struct pending *pending)
{
    const struct answer *answer = &pending->answer;
    if (answer->unknown) {
        sim->census->counts[CENSUS_UNKNOWN_ANSWERS]++;
        return;
    }
    if ((uint32_t)answer->verdict < 64) {
        sim->census->counts[CENSUS_VERDICT + (uint32_t)answer->verdict]++;
    }
    bool pulled = answer->verdict == VERDICT_ALLOWED && answer->pulled_ms > 0;
    sim->census->counts[CENSUS_PULLED_SPENDS] += pulled && pending->kind == COMMAND_SPEND ? 1 : 0;
    sim->census->counts[CENSUS_PULLED_REFUNDS] += pulled && pending->kind == COMMAND_REFUND ? 1 : 0;
    sim->census->counts[CENSUS_TENDER_REFUNDS] += answer->tender_count > 0 ? 1 : 0;
    sim->census->counts[CENSUS_UNCOVERED_SPENDS] += answer->uncovered > 0 ? 1 : 0;
}

void reception_answered(struct world *machine, uint64_t number, const struct answer *answer)
{
    struct sim *sim = machine->sim;
    struct pending *pending = map_find(&sim->reception.pending, &number);
    if (pending == NULL || pending->machine != machine->index || pending->boot != machine->boot) {
        sim_finding(sim, "S10", "machine %u answered a request that nobody sent", machine->index);
        return;
    }
    if (pending->done) {
        sim_finding(sim, "S10", "machine %u answered one request twice", machine->index);
        return;
    }
    pending->done = true;
    pending->answered_us = sim->now_us;
    pending->answer = *answer;
    sim_note(sim, number * 64 + (uint64_t)answer->verdict);
    sim_tell(sim, "  machine %u answers #%llu: %s%s", machine->index, (unsigned long long)number,
             verdict_name(answer->verdict), answer->unknown ? " (unknown)" : "");
    if (!command_is_query(pending->kind) && !answer->unknown) {
        if (pending->other_body) {
            check_other_body(machine, answer);
        } else if (verdict_is_stored(answer->verdict)) {
            check_answer(machine, pending, answer);
        }
    }
    count_answer(sim, pending);
    check_prompt(machine, pending);
    workload_heard(sim, pending);
}

void reception_crashed(struct world *machine)
{
    struct sim *sim = machine->sim;
    for (uint32_t i = sim->reception.open_from; i < sim->reception.pending.count; i++) {
        struct pending *pending = map_at(&sim->reception.pending, i);
        if (!pending->done && pending->machine == machine->index) {
            pending->done = true;
            pending->lost = true;
            sim->census->counts[CENSUS_UNKNOWN_ANSWERS]++;
            workload_heard(sim, pending);
        }
    }
}

void reception_restored(struct world *machine)
{
    const struct map *all = &machine->sim->reception.asked;
    for (uint32_t i = 0; i < all->count; i++) {
        struct asked *asked = map_at(all, i);
        asked->forgotten = asked->forgotten || asked->machine == machine->index;
    }
}

static void skip_done(struct sim *sim)
{
    struct reception *reception = &sim->reception;
    while (reception->open_from < reception->pending.count) {
        const struct pending *pending = map_at(&reception->pending, reception->open_from);
        if (!pending->done) {
            return;
        }
        reception->open_from++;
    }
}

void reception_check_patience(struct sim *sim)
{
    skip_done(sim);
    for (uint32_t i = sim->reception.open_from; i < sim->reception.pending.count; i++) {
        struct pending *pending = map_at(&sim->reception.pending, i);
        /* A machine that stands still answers when it goes on; several times in a row adds up. */
        uint64_t still_us = sim->machines[pending->machine].paused_until_us;
        uint64_t since_us = pending->sent_us > still_us ? pending->sent_us : still_us;
        if (!pending->done && !pending->late && sim->now_us > since_us + PATIENCE_US) {
            pending->late = true;
            sim_finding(sim, "L3", "machine %u left request #%llu (kind %d) without an answer",
                        pending->machine, (unsigned long long)pending->number, (int)pending->kind);
        }
    }
}

bool reception_is_quiet(const struct sim *sim)
{
    for (uint32_t i = sim->reception.open_from; i < sim->reception.pending.count; i++) {
        const struct pending *pending = map_at(&sim->reception.pending, i);
        if (!pending->done) {
            return false;
        }
    }
    return true;
}

bool reception_ask(struct world *machine, const struct request *request, enum meaning meaning,
                   struct answer *answer)
{
    struct sim *sim = machine->sim;
    struct pending *pending = reception_send(machine, request, TILL_NONE, meaning);
    for (int i = 0; pending != NULL && !pending->done && i < 4000; i++) {
        sim_run(sim, sim->now_us + 5000);
    }
    if (pending == NULL || !pending->done || pending->lost) {
        return false;
    }
    *answer = pending->answer;
    return true;
}
