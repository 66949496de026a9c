#include "errand.h"

#include "errand_office.h"

#include "auditor.h"
#include "foresight.h"
#include "hold_watch.h"
#include "sim.h"
#include "skew.h"

#include <stdio.h>
#include <string.h>

enum { PRODUCT = 1 };

void errands_start(struct errands *errands, struct random_stream *random)
{
    *errands = (struct errands){
        .random = random,
        .accounts_wanted = (uint32_t)random_magnitude(random, 1, 50),
        .freezes = random_chance(random, 5000) ? 1 : 0,
    };
}

static struct bytes text_of(const char *text)
{
    return bytes_of(text, strlen(text));
}

/* Amounts at the edges of what is held here, what the account has, and what can be written. */
static int64_t draw_amount(struct world *machine, struct errands *errands,
                           const struct subject_id *account)
{
    struct random_stream *random = errands->random;
    const struct book *book = auditor_book_of(machine);
    int64_t held = book_held_of_account(book, account, machine->journal);
    int64_t all = book_left_of_account(book, account, BUCKET_PRINCIPAL) +
                  book_left_of_account(book, account, BUCKET_BONUS);
    static const int64_t strange[] = {0, -1, INT64_MIN, INT64_MAX, 0, 1};
    switch (random_below(random, 16)) {
    case 0:
        return 1;
    case 1:
        return held;
    case 2:
        return held + 1;
    case 3:
        return all;
    case 4:
        return all + 1;
    case 5:
        return AMOUNT_MAX + (int64_t)random_below(random, 2);
    case 6:
        return strange[random_below(random, 6)];
    case 7:
    case 8:
        return all / 2 + 1;
    case 9:
    case 10:
        return held / 3 + 1;
    default:
        return (int64_t)random_magnitude(random, 1, 8000);
    }
}

static const struct known_account *pick_account(const struct errands *errands)
{
    return &errands->accounts[random_zipf(errands->random, errands->account_count)];
}

/* By its id, by its card, or (rarely) something that does not exist. */
static struct account_name name_account(struct errands *errands, struct errand *errand,
                                        const struct known_account *known)
{
    struct account_name name = {.account = known->account};
    uint64_t drawn = random_below(errands->random, 100);
    if (drawn < 30) {
        memcpy(errand->card, known->card, sizeof errand->card);
        if (drawn < 6 && errands->revoked_count > 0) { /* one that was lost or replaced */
            uint32_t kept = errands->revoked_count < ERRAND_REVOKED_MAX ? errands->revoked_count
                                                                        : ERRAND_REVOKED_MAX;
            memcpy(errand->card, errands->revoked[random_below(errands->random, kept)].card,
                   sizeof errand->card);
        }
        name.account = (struct subject_id){{0}};
        name.card = bytes_of(NULL, sizeof errand->card); /* set once the errand has its place */
    } else if (drawn == 30) {
        name.account.bytes[0] ^= 1;
    } else if (drawn == 31) {
        memcpy(errand->card, known->card, sizeof errand->card);
        errand->card[15] = errand->card[15] == '9' ? '0' : (uint8_t)(errand->card[15] + 1);
        name.account = (struct subject_id){{0}};
        name.card = bytes_of(NULL, sizeof errand->card);
    }
    return name;
}

/* Other ways of paying, with or without one of the kinds given twice. */
static uint32_t draw_tenders(struct random_stream *random, struct tender_line *tenders)
{
    uint32_t count = (uint32_t)random_between(random, 1, 3);
    for (uint32_t i = 0; i < count; i++) {
        tenders[i] = (struct tender_line){.tender = (uint8_t)random_between(random, 1, 3),
                                          .amount = (int64_t)random_magnitude(random, 1, 5000)};
    }
    return count;
}

static void draw_enrol(struct errands *errands, struct errand *errand)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_ENROL;
    errands->made++;
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "Canary %llu",
                   (unsigned long long)errands->made);
    (void)snprintf(errand->texts[1], ERRAND_TEXT_MAX, "13800138%03llu",
                   (unsigned long long)(errands->made % 1000));
    if (random_chance(errands->random, 500)) {
        (void)snprintf(errand->texts[1], ERRAND_TEXT_MAX, "no telephone");
    }
    request->body.enrol.field_count = random_chance(errands->random, 300) ? 0 : 2;
    request->body.enrol.fields[0].field = FIELD_NAME;
    request->body.enrol.fields[1].field = FIELD_PHONE;
}

static void draw_issue(struct errands *errands, struct errand *errand)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_ISSUE_CARD;
    request->body.issue.member =
        errands->members[random_below(errands->random, errands->member_count)];
    request->body.issue.product = random_chance(errands->random, 200) ? 77 : PRODUCT;
    request->body.issue.form = CARD_PLASTIC;
    if (random_chance(errands->random, 200)) {
        request->body.issue.member.bytes[3] ^= 1;
    }
}

static void draw_top_up(struct errands *errands, struct errand *errand,
                        const struct known_account *known)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_TOP_UP;
    request->body.top_up.account = name_account(errands, errand, known);
    request->body.top_up.tender = TENDER_CASH;
    static const int64_t steps[] = {30000, 29999, 10000, 0, -5, 1};
    request->body.top_up.amount = random_chance(errands->random, 3000)
                                      ? steps[random_below(errands->random, 6)]
                                      : (int64_t)random_magnitude(errands->random, 1, 60000);
    if (random_chance(errands->random, 1000)) {
        (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "%s",
                       random_chance(errands->random, 5000) ? "CNY" : "USD");
    }
}

static void draw_spend(struct world *machine, struct errands *errands, struct errand *errand,
                       const struct known_account *known)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_SPEND;
    request->body.spend.account = name_account(errands, errand, known);
    request->body.spend.amount = draw_amount(machine, errands, &known->account);
    if (random_chance(errands->random, 2000)) {
        request->body.spend.tender_count =
            draw_tenders(errands->random, request->body.spend.tenders);
    }
    if (random_chance(errands->random, 2000)) {
        (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "oolong");
        request->body.spend.item_count = 1;
        int64_t amount = request->body.spend.amount;
        request->body.spend.items[0] =
            (struct sale_item){.quantity = 1,
                               .list_minor = amount > 0 && amount < AMOUNT_MAX ? amount : 1,
                               .charged_minor = amount > 0 && amount < AMOUNT_MAX ? amount : 1};
    }
}

/* Some are over before they begin, most lapse while the run goes on. */
static void draw_hold(struct world *machine, struct errands *errands, struct errand *errand,
                      const struct known_account *known)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_HOLD;
    request->body.spend.account = name_account(errands, errand, known);
    request->body.spend.amount = draw_amount(machine, errands, &known->account);
    request->body.spend.until_ms =
        hold_now_ms(machine) + random_magnitude(errands->random, 100, 3600000);
    if (random_chance(errands->random, 500)) {
        request->body.spend.until_ms -= 200000;
    }
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "table %u",
                   (unsigned)random_below(errands->random, 20));
}

static bool is_own_and_open(struct world *machine, const struct known_hold *known)
{
    const struct book_hold *hold = book_hold_at(auditor_book_of(machine), known->hold);
    return known->machine == machine->index && hold != NULL && hold->ended_by == 0;
}

/* Mostly one of the own branch that nobody has ended. */
static const struct known_hold *pick_hold(struct world *machine, const struct errands *errands)
{
    uint32_t kept = errands->hold_count < ERRAND_HOLDS_MAX ? errands->hold_count : ERRAND_HOLDS_MAX;
    const struct known_hold *hold = NULL;
    for (int i = 0; i < 12 && kept > 0 && (hold == NULL || !is_own_and_open(machine, hold)); i++) {
        hold = &errands->holds[random_below(errands->random, kept)];
    }
    return hold;
}

static bool draw_end_of_hold(struct world *machine, struct errands *errands, struct errand *errand)
{
    const struct known_hold *hold = pick_hold(machine, errands);
    if (hold == NULL) {
        return false;
    }
    struct request *request = &errand->request;
    request->kind = random_chance(errands->random, 3500) ? COMMAND_RELEASE : COMMAND_CAPTURE;
    request->body.capture.hold = hold->hold;
    int64_t amounts[] = {hold->amount,
                         hold->amount,
                         hold->amount / 2 + 1,
                         1,
                         hold->amount + 1,
                         hold->amount / 3 + 1,
                         0,
                         hold->amount};
    if (request->kind == COMMAND_CAPTURE) {
        request->body.capture.amount = amounts[random_below(errands->random, 8)];
    }
    if (random_chance(errands->random, 200)) {
        request->body.capture.hold.seq += 1000;
    }
    return true;
}

/* Of any branch: a member takes it back where he is. */
static const struct known_sale *pick_sale(const struct errands *errands)
{
    uint32_t kept = errands->sale_count < ERRAND_SALES_MAX ? errands->sale_count : ERRAND_SALES_MAX;
    return kept == 0 ? NULL : &errands->sales[random_below(errands->random, kept)];
}

static bool draw_refund(struct world *machine, struct errands *errands, struct errand *errand)
{
    const struct known_sale *sale = pick_sale(errands);
    if (sale == NULL) {
        return false;
    }
    struct request *request = &errand->request;
    request->kind = COMMAND_REFUND;
    request->body.refund.sale = sale->sale;
    int64_t left = book_refundable(auditor_book_of(machine), sale->sale);
    int64_t amounts[] = {left, left + 1, 1, left / 2 + 1, left / 3 + 1, 0, sale->amount, -1};
    request->body.refund.amount = amounts[random_below(errands->random, 8)];
    if (random_chance(errands->random, 200)) {
        request->body.refund.sale.seq += 1000;
    }
    if (random_chance(errands->random, 1500)) {
        request->body.refund.by_tender = true;
        request->body.refund.tender_count =
            draw_tenders(errands->random, request->body.refund.tenders);
        for (uint32_t i = 0; i < request->body.refund.tender_count; i++) {
            request->body.refund.amount += request->body.refund.tenders[i].amount;
        }
    }
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "broken cup");
    return true;
}

static bool draw_file(struct world *machine, struct errands *errands, struct errand *errand)
{
    const struct known_sale *sale = pick_sale(errands);
    if (sale == NULL) {
        return false;
    }
    struct request *request = &errand->request;
    request->kind = COMMAND_FILE_REQUEST;
    request->body.file.sale = sale->sale;
    int64_t left = book_refundable(auditor_book(machine->sim), sale->sale);
    int64_t amounts[] = {left, left + 1, 1, left / 2 + 1, 0};
    request->body.file.amount = amounts[random_below(errands->random, 5)];
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "his branch is away");
    return true;
}

/* Between two accounts of one member if some are found, else between any two. */
static void draw_transfer(struct world *machine, struct errands *errands, struct errand *errand,
                          const struct known_account *from)
{
    struct request *request = &errand->request;
    const struct known_account *to = pick_account(errands);
    for (uint32_t i = 0; i < errands->account_count && random_chance(errands->random, 9000); i++) {
        const struct known_account *other = &errands->accounts[i];
        if (other != from && subject_equal(&other->member, &from->member)) {
            to = other;
            break;
        }
    }
    request->kind = COMMAND_TRANSFER;
    request->body.transfer.from = name_account(errands, errand, from);
    request->body.transfer.to.account = to->account;
    request->body.transfer.amount = draw_amount(machine, errands, &from->account);
    (void)snprintf(errand->texts[1], ERRAND_TEXT_MAX, "one card is enough");
    if (random_chance(errands->random, 300)) {
        (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "USD");
    }
}

static void draw_freeze(struct world *machine, struct errands *errands, struct errand *errand,
                        const struct known_account *known)
{
    struct request *request = &errand->request;
    bool frozen = auditor_frozen_at(machine, &known->account) > 0;
    request->kind =
        frozen || random_chance(errands->random, 500) ? COMMAND_UNFREEZE : COMMAND_FREEZE;
    request->body.freeze.account = name_account(errands, errand, known);
    request->body.freeze.kind = FREEZE_LOSS;
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "lost");
    uint64_t drawn = random_below(errands->random, 10);
    if (drawn < 2) {
        request->kind = COMMAND_REPORT_LOSS;
        request->body.freeze.account.account = (struct subject_id){{0}};
        request->body.freeze.account.card = bytes_of(NULL, sizeof errand->card);
        memcpy(errand->card, known->card, sizeof errand->card);
    } else if (drawn < (frozen ? 6 : 3)) {
        request->kind = COMMAND_REPLACE_CARD;
        memcpy(errand->card, known->card, sizeof errand->card);
        request->body.replace.card = bytes_of(NULL, sizeof errand->card);
        request->body.replace.form = CARD_PLASTIC;
        request->body.replace.keep_frozen = random_chance(errands->random, 2000) ? 1 : 0;
    }
}

static void draw_move(struct world *machine, struct errands *errands, struct errand *errand,
                      const struct known_account *known)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_MOVE;
    request->body.move.account = name_account(errands, errand, known);
    request->body.move.amount = draw_amount(machine, errands, &known->account);
    uint64_t target = random_below(errands->random, machine->sim->machine_count + 1);
    request->body.move.branch = target == machine->sim->machine_count
                                    ? 99
                                    : journal_branch(machine->sim->machines[target].journal);
}

static void draw_product(struct errands *errands, struct errand *errand)
{
    struct request *request = &errand->request;
    request->kind = COMMAND_PUBLISH_PRODUCT;
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "Stored value");
    (void)snprintf(errand->texts[1], ERRAND_TEXT_MAX, "CNY");
    request->body.product.product = PRODUCT;
    request->body.product.version = random_chance(errands->random, 1000) ? 90 : 0;
    request->body.product.order = (uint8_t)random_below(errands->random, 4);
    static const uint32_t days[] = {0, 1, 1, 365};
    request->body.product.bonus_days = days[random_below(errands->random, 4)];
    if (request->body.product.bonus_days == 365) {
        request->body.product.bonus_days = 0;
        request->body.product.bonus_months = 12;
    }
    request->body.product.step_count = 1;
    request->body.product.steps[0] = (struct bonus_step){.amount = 10000, .bonus = 1500};
    if (random_chance(errands->random, 5000)) {
        request->body.product.balance_cap = 50000;
    }
}

static void draw_kind(struct world *machine, struct errands *errands, struct errand *errand)
{
    struct random_stream *random = errands->random;
    if (errands->member_count == 0) {
        draw_enrol(errands, errand);
        return;
    }
    if (errands->account_count == 0) {
        if (machine->index == SIM_OFFICE && random_chance(random, 7000)) {
            draw_product(errands, errand); /* the first accounts have other versions, too */
        } else {
            draw_issue(errands, errand);
        }
        return;
    }
    uint64_t drawn = random_below(random, 1000);
    const struct known_account *known = pick_account(errands);
    if (errands->account_count < errands->accounts_wanted && drawn < 150) {
        if (drawn < 50 && errands->member_count < ERRAND_MEMBERS_MAX) {
            draw_enrol(errands, errand);
        } else {
            draw_issue(errands, errand);
        }
    } else if (drawn < 310) {
        draw_top_up(errands, errand, known);
    } else if (drawn < 400) {
        draw_move(machine, errands, errand, known);
    } else if (drawn < 500 && draw_refund(machine, errands, errand)) {
        return;
    } else if (drawn < 500 + 40 * errands->freezes) {
        draw_freeze(machine, errands, errand, known);
    } else if ((drawn < 545 || drawn >= 985) && machine->index == SIM_OFFICE) {
        draw_product(errands, errand);
    } else if (drawn >= 940 && machine->index == SIM_OFFICE) {
        errand_office_draw(machine, errands->random, errand);
    } else if (drawn == 939) {
        errand_office_draw(machine, errands->random, errand); /* of a branch: refused */
    } else if (drawn < 548) {
        draw_product(errands, errand); /* of a branch: refused */
    } else if (drawn < 552) {
        draw_enrol(errands, errand);
    } else if (drawn < 580 && draw_file(machine, errands, errand)) {
        return;
    } else if (drawn < 640) {
        draw_transfer(machine, errands, errand, known);
    } else if (drawn < 700) {
        draw_hold(machine, errands, errand, known);
    } else if (drawn < 760 && draw_end_of_hold(machine, errands, errand)) {
        return;
    } else {
        draw_spend(machine, errands, errand, known);
    }
}

static bool pays_by_card(const struct request *request)
{
    bool spends = request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD;
    return (spends && request->body.spend.account.card.size > 0) ||
           (request->kind == COMMAND_TOP_UP && request->body.top_up.account.card.size > 0);
}

/* Was this machine told, before this errand was drawn, that the card is no good? */
static bool is_revoked(const struct world *machine, const struct errands *errands,
                       const uint8_t *card)
{
    for (uint32_t i = 0; i < ERRAND_REVOKED_MAX; i++) {
        if (errands->revoked[i].machine == machine->index &&
            memcmp(errands->revoked[i].card, card, CARD_NUMBER_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void note_revoked(const struct world *machine, struct errands *errands,
                         const struct errand *errand)
{
    uint32_t at = errands->revoked_count++ % ERRAND_REVOKED_MAX;
    errands->revoked[at].machine = machine->index;
    memcpy(errands->revoked[at].card, errand->card, CARD_NUMBER_SIZE);
}

struct errand errand_draw(struct world *machine, struct errands *errands, uint32_t till)
{
    struct errand errand = {.request = {.till = 1 + till % 4, .staff = 7}};
    random_fill(errands->random, errand.request.ticket.bytes, 16);
    random_fill(errands->random, errand.request.request_hash, 16);
    draw_kind(machine, errands, &errand);
    if (!skew_can_ask(machine, errand.request.kind)) {
        memset(&errand.request.body, 0, sizeof errand.request.body);
        memset(errand.texts, 0, sizeof errand.texts);
        draw_spend(machine, errands, &errand, pick_account(errands));
    }
    errand.revoked = pays_by_card(&errand.request) && is_revoked(machine, errands, errand.card);
    return errand;
}

void errand_settle(struct errand *errand)
{
    struct request *request = &errand->request;
    struct account_name *name = NULL;
    switch (request->kind) {
    case COMMAND_ENROL:
        request->body.enrol.fields[0].text = text_of(errand->texts[0]);
        request->body.enrol.fields[1].text = text_of(errand->texts[1]);
        break;
    case COMMAND_TOP_UP:
        name = &request->body.top_up.account;
        request->body.top_up.currency = text_of(errand->texts[0]);
        break;
    case COMMAND_SPEND:
        name = &request->body.spend.account;
        request->body.spend.items[0].name = text_of(errand->texts[0]);
        break;
    case COMMAND_HOLD:
        name = &request->body.spend.account;
        request->body.spend.order = text_of(errand->texts[0]);
        break;
    case COMMAND_REFUND:
        request->body.refund.reason = text_of(errand->texts[0]);
        break;
    case COMMAND_REPLACE_CARD:
        request->body.replace.card = BYTES_OF(errand->card);
        break;
    case COMMAND_FILE_REQUEST:
        request->body.file.reason = text_of(errand->texts[0]);
        break;
    case COMMAND_TRANSFER:
        name = &request->body.transfer.from;
        request->body.transfer.currency = text_of(errand->texts[0]);
        request->body.transfer.reason = text_of(errand->texts[1]);
        break;
    case COMMAND_FREEZE:
    case COMMAND_UNFREEZE:
    case COMMAND_REPORT_LOSS:
        name = &request->body.freeze.account;
        request->body.freeze.reason = text_of(errand->texts[0]);
        break;
    case COMMAND_MOVE:
        name = &request->body.move.account;
        break;
    case COMMAND_SUSPEND:
        request->body.suspend.reason = text_of(errand->texts[0]);
        break;
    case COMMAND_PUBLISH_PRODUCT:
        request->body.product.name = text_of(errand->texts[0]);
        request->body.product.currency = text_of(errand->texts[1]);
        break;
    case COMMAND_CAPTURE:
    case COMMAND_RELEASE:
    case COMMAND_ISSUE_CARD:
    case COMMAND_INVITE:
    case COMMAND_SET_RISK:
    case COMMAND_SET_EXPIRY:
    case COMMAND_SET_LIMITS:
    case COMMAND_SET_QUOTA:
    case COMMAND_APPROVE_MINT:
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
        break;
    }
    if (name != NULL && name->card.size > 0) {
        name->card = BYTES_OF(errand->card);
    }
}

bool errand_change(struct errand *errand)
{
    struct request *request = &errand->request;
    if (request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD) {
        request->body.spend.amount = 7;
    } else if (request->kind == COMMAND_CAPTURE) {
        request->body.capture.amount = 7;
    } else if (request->kind == COMMAND_TOP_UP) {
        request->body.top_up.amount = 700;
    } else if (request->kind == COMMAND_MOVE) {
        request->body.move.amount = 7;
    } else if (request->kind == COMMAND_TRANSFER) {
        request->body.transfer.amount = 7;
    } else {
        return false;
    }
    request->request_hash[0] ^= 0xff;
    return true;
}

void errand_learn(struct world *machine, struct errands *errands, const struct errand *errand,
                  const struct answer *answer)
{
    if (answer->verdict != VERDICT_ALLOWED) {
        return;
    }
    if (errand->revoked) {
        sim_finding(machine->sim, "C11", "machine %u took a card that it knows is lost or replaced",
                    machine->index);
    }
    if (errand->request.kind == COMMAND_REPORT_LOSS ||
        errand->request.kind == COMMAND_REPLACE_CARD) {
        note_revoked(machine, errands, errand);
    }
    if (errand->request.kind == COMMAND_ENROL && errands->member_count < ERRAND_MEMBERS_MAX) {
        errands->members[errands->member_count++] = answer->member;
    }
    if (errand->request.kind == COMMAND_ISSUE_CARD &&
        errands->account_count < ERRAND_ACCOUNTS_MAX) {
        struct known_account *known = &errands->accounts[errands->account_count++];
        known->account = answer->account;
        known->member = answer->member;
        known->machine = machine->index;
        memcpy(known->card, answer->card, sizeof known->card);
    }
    if (errand->request.kind == COMMAND_REPLACE_CARD) {
        for (uint32_t i = 0; i < errands->account_count; i++) {
            struct known_account *known = &errands->accounts[i];
            if (subject_equal(&known->account, &answer->account)) {
                memcpy(known->card, answer->card, sizeof known->card);
            }
        }
    }
    if (errand->request.kind == COMMAND_HOLD) {
        errands->holds[errands->hold_count++ % ERRAND_HOLDS_MAX] =
            (struct known_hold){.hold = answer->event,
                                .machine = machine->index,
                                .amount = answer->principal + answer->bonus};
    }
    if (errand->request.kind == COMMAND_SPEND || errand->request.kind == COMMAND_CAPTURE) {
        errands->sales[errands->sale_count++ % ERRAND_SALES_MAX] =
            (struct known_sale){.sale = answer->event,
                                .machine = machine->index,
                                .amount = answer->principal + answer->bonus};
        bool sold = errand->request.kind == COMMAND_SPEND;
        for (uint32_t i = 0; sold && i < errand->request.body.spend.tender_count; i++) {
            errands->sales[(errands->sale_count - 1) % ERRAND_SALES_MAX].amount +=
                errand->request.body.spend.tenders[i].amount;
        }
    }
}

/* ---- queries ---- */

struct request errand_query(struct world *machine, struct errands *errands, struct page *page)
{
    (void)machine;
    static const enum command_kind kinds[] = {
        QUERY_NODE,   QUERY_ACCOUNT, QUERY_HISTORY,   QUERY_BRANCHES,       QUERY_PRODUCTS,
        QUERY_DAYS,   QUERY_HOLDERS, QUERY_LIABILITY, QUERY_FEED,           QUERY_INVALID,
        QUERY_NODE,   QUERY_MEMBER,  QUERY_EXPOSURE,  QUERY_CHAIN_EXPOSURE, QUERY_REQUESTS,
        QUERY_RISK,   QUERY_EXPIRED, QUERY_HOLDS,     QUERY_BLOCKS,         QUERY_LIMITS,
        QUERY_QUOTAS, QUERY_MINTS};
    memset(page, 0, sizeof *page);
    struct request request = {
        .kind = kinds[random_below(errands->random, sizeof kinds / sizeof kinds[0])],
        .page = page,
        .page_limit = (uint32_t)random_between(errands->random, 1, 50),
    };
    bool about_account = request.kind == QUERY_ACCOUNT || request.kind == QUERY_HOLDS ||
                         request.kind == QUERY_HISTORY || request.kind == QUERY_MEMBER ||
                         request.kind == QUERY_EXPOSURE;
    if (about_account && errands->account_count == 0) {
        request.kind = QUERY_NODE;
    }
    if (request.kind == QUERY_ACCOUNT || request.kind == QUERY_HOLDS ||
        request.kind == QUERY_EXPOSURE) {
        request.body.account.account.account = pick_account(errands)->account;
    } else if (request.kind == QUERY_HISTORY) {
        request.body.history.account.account = pick_account(errands)->account;
    } else if (request.kind == QUERY_MEMBER) {
        request.body.member.member = pick_account(errands)->member;
    }
    return request;
}

static void check_account_view(struct world *machine, const struct account_view *view)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < view->lot_count; i++) {
        sum += view->lots[i].left;
    }
    int64_t balance = view->principal + view->bonus;
    if (!view->more_lots && sum != balance) {
        sim_finding(machine->sim, "I1", "machine %u: lots of %lld, balance %lld", machine->index,
                    (long long)sum, (long long)balance);
    }
    if (view->principal < 0 || view->bonus < 0 || view->on_hold < 0 || view->usable_here < 0 ||
        view->elsewhere < 0 || view->owed < 0) {
        sim_finding(machine->sim, "S2", "machine %u shows a negative amount", machine->index);
    }
}

void errand_check_query(struct world *machine, const struct answer *answer)
{
    if (answer->page == NULL || answer->verdict != VERDICT_ALLOWED) {
        return;
    }
    if (answer->kind == QUERY_NODE) {
        const struct node_view *view = &answer->page->rows.node;
        if (view->unknown_events == 0) { /* else it lacks what others have (U1) */
            auditor_state(machine, &view->frontier, &view->state);
        }
    } else if (answer->kind == QUERY_EXPOSURE) {
        foresight_note(machine, answer);
    } else if (answer->kind == QUERY_ACCOUNT) {
        check_account_view(machine, &answer->page->rows.account);
    }
}
