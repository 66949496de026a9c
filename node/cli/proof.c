#include "proof.h"

#include "clock.h"
#include "tally/event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ASK_TIMEOUT_MS = 10 * 1000,
    POLL_MS = 50,
    TARGET_SIZE_MAX = 160,
    DIGEST_TEXT_SIZE = 65,
};

/* One proof under way. */
struct proving {
    const struct proof_question *question;
    struct traffic_client *client;
    struct feed feed;
    struct proof *proof;
};

static void conclude(struct proof *proof, bool holds, const char *claim, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void conclude(struct proof *proof, bool holds, const char *claim, const char *format, ...)
{
    assert(proof->check_count < PROOF_CHECKS_MAX);
    struct proof_check *check = &proof->checks[proof->check_count++];
    check->claim = claim;
    check->holds = holds;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->detail, sizeof check->detail, format, arguments);
    va_end(arguments);
    proof->holds = proof->holds && holds;
}

static json_t *ask(struct proving *proving, size_t node, const char *target)
{
    struct traffic_request request = {.method = "GET", .target = target};
    struct traffic_answer answer =
        traffic_client_ask(proving->client, node, &request, ASK_TIMEOUT_MS);
    return answer.http == 200 ? replay_answer_parse(answer.body) : NULL;
}

static bool stopped(const struct proof_question *question)
{
    return question->stop != NULL && *question->stop != 0;
}

/* True if every node shows the frontier and the state that the first one shows. `same_frontier`
 * says whether at least the frontiers are equal. */
static bool digests_equal(struct proving *proving, bool *same_frontier)
{
    struct proof *proof = proving->proof;
    bool equal = true;
    *same_frontier = true;
    for (size_t i = 0; i < proving->question->node_count; i++) {
        json_t *node = ask(proving, i, "/v1/node");
        const char *frontier = replay_answer_text(node, "frontier");
        const char *state = replay_answer_text(node, "state");
        if (i == 0) {
            (void)snprintf(proof->frontier, sizeof proof->frontier, "%s", frontier);
            (void)snprintf(proof->state, sizeof proof->state, "%s", state);
        }
        *same_frontier =
            *same_frontier && frontier[0] != '\0' && strcmp(frontier, proof->frontier) == 0;
        equal = equal && *same_frontier && state[0] != '\0' && strcmp(state, proof->state) == 0;
        json_decref(node);
    }
    return equal;
}

static void check_digests(struct proving *proving)
{
    const struct proof_question *question = proving->question;
    uint64_t started = clock_monotonic_ms();
    bool same_frontier = false;
    bool equal = false;
    uint64_t passed = 0;
    while (!equal && passed <= question->patience_ms && !stopped(question)) {
        equal = digests_equal(proving, &same_frontier);
        passed = clock_monotonic_ms() - started;
        if (!equal) {
            (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
        }
    }
    proving->proof->converged_ms = clock_monotonic_ms() - question->ended_ms;
    if (equal) {
        conclude(proving->proof, true, "every node has the same history and the same state",
                 "%zu nodes, state %.16s.., frontier %.16s..", question->node_count,
                 proving->proof->state, proving->proof->frontier);
    } else {
        conclude(proving->proof, false, "every node has the same history and the same state",
                 "%s after %" PRIu64 " s",
                 same_frontier ? "equal histories but different states"
                               : "the histories are still different",
                 passed / 1000);
    }
}

static void check_feed(struct proving *proving)
{
    const struct proof_question *question = proving->question;
    struct feed_census *census = &proving->proof->census;
    struct explanation why = {.text = "there is not enough memory"};
    enum status status = feed_read(proving->client, question->office, &proving->feed, &why);
    if (status == STATUS_OK) {
        status = feed_compare(&proving->feed, question->book, census);
    }
    if (status != STATUS_OK) {
        conclude(proving->proof, false, "every acknowledged operation is there exactly once", "%s",
                 why.text);
        return;
    }
    bool exact = census->missing == 0 && census->different == 0 && census->repeated == 0;
    conclude(proving->proof, exact, "every acknowledged operation is there exactly once",
             "%" PRIu64 " found with event, amounts and ticket; %" PRIu64 " missing, %" PRIu64
             " different, %" PRIu64 " repeated%s%s",
             census->matched, census->missing, census->different, census->repeated,
             exact ? "" : "; e.g. ", exact ? "" : census->example);
    bool nothing_else = census->forbidden == 0 && (!question->alone || census->foreign == 0);
    conclude(proving->proof, nothing_else, "nothing is there that was refused or not asked for",
             "%" PRIu64 " events; %" PRIu64 " refused ones, %" PRIu64 " strange ones, %" PRIu64
             " whose answer never came%s%s",
             census->events, census->forbidden, census->foreign, census->unheard,
             nothing_else ? "" : "; e.g. ", nothing_else ? "" : census->example);
    conclude(proving->proof, census->invalid == 0, "no event breaks a rule",
             "%" PRIu64 " INVALID events", census->invalid);
}

/* An account of the traffic, as the feed adds it up. */
struct account_sum {
    struct subject_id account;
    int64_t expected;
    int64_t balance;
    int64_t lowest;
};

static int compare_accounts(const void *a, const void *b)
{
    const struct account_sum *first = a;
    const struct account_sum *second = b;
    return memcmp(first->account.bytes, second->account.bytes, sizeof first->account.bytes);
}

static size_t list_accounts(const struct proof_question *question, struct account_sum *sums)
{
    size_t count = 0;
    for (size_t i = 0; i < question->book->traffic->card_count; i++) {
        struct account_sum sum = {0};
        if (replay_engine_account(question->engine, i, &sum.account, &sum.expected)) {
            sums[count++] = sum;
        }
    }
    qsort(sums, count, sizeof *sums, compare_accounts);
    return count;
}

static void add_fact(struct account_sum *sums, size_t count, const struct feed_fact *fact)
{
    struct account_sum wanted = {.account = fact->subject};
    struct account_sum *sum = bsearch(&wanted, sums, count, sizeof *sums, compare_accounts);
    if (sum == NULL || !fact->valid) {
        return;
    }
    int64_t amount = fact->principal + fact->bonus;
    if (fact->type == EVENT_TOPUP || fact->type == EVENT_REFUND) {
        sum->balance += amount;
    } else if (fact->type == EVENT_SPEND) {
        sum->balance -= amount;
    }
    if (sum->balance < sum->lowest) {
        sum->lowest = sum->balance;
    }
}

static void check_told_balances(struct proving *proving, const struct account_sum *sums,
                                size_t count)
{
    size_t wrong = 0;
    int64_t told_sum = 0;
    char target[TARGET_SIZE_MAX];
    for (size_t i = 0; i < count && !stopped(proving->question); i++) {
        char hex[2 * sizeof sums->account.bytes + 1];
        for (size_t k = 0; k < sizeof sums->account.bytes; k++) {
            (void)snprintf(hex + 2 * k, 3, "%02x", sums[i].account.bytes[k]);
        }
        (void)snprintf(target, sizeof target, "/v1/accounts/%s", hex);
        json_t *account = ask(proving, proving->question->office, target);
        int64_t told = 0;
        if (!replay_answer_amount(account, "balance", &told) || told != sums[i].expected) {
            wrong++;
        }
        told_sum += told;
        json_decref(account);
    }
    conclude(proving->proof, wrong == 0, "the office shows every card's balance to the cent",
             "%zu accounts hold %" PRId64 ".%02" PRId64 " together; %zu wrong", count,
             told_sum / 100, told_sum % 100, wrong);
}

static void check_accounts(struct proving *proving)
{
    const struct proof_question *question = proving->question;
    struct account_sum *sums = calloc(question->book->traffic->card_count + 1, sizeof *sums);
    if (sums == NULL) {
        conclude(proving->proof, false, "no balance was ever below zero", "not enough memory");
        return;
    }
    size_t count = list_accounts(question, sums);
    for (size_t i = 0; i < proving->feed.count; i++) {
        add_fact(sums, count, &proving->feed.facts[i]);
    }
    size_t below = 0;
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        below += sums[i].lowest < 0 ? 1 : 0;
        wrong += sums[i].balance != sums[i].expected ? 1 : 0;
    }
    conclude(proving->proof, below == 0, "no balance was ever below zero",
             "%zu accounts followed event by event, %zu below zero", count, below);
    bool settled = question->book->visits_undetermined == 0;
    conclude(proving->proof, wrong == 0 || !settled,
             "each account is what was issued less what was spent",
             "%zu accounts, %zu different from the book of the tills", count, wrong);
    check_told_balances(proving, sums, count);
    free(sums);
}

static bool read_class(const json_t *row, struct proof_class *class)
{
    *class = (struct proof_class){0};
    (void)replay_answer_count(row, "product", &class->product);
    (void)snprintf(class->bucket, sizeof class->bucket, "%s", replay_answer_text(row, "bucket"));
    return replay_answer_amount(row, "issued", &class->issued) &&
           replay_answer_amount(row, "spent", &class->spent) &&
           replay_answer_amount(row, "refunded", &class->refunded) &&
           replay_answer_amount(row, "expired", &class->expired) &&
           replay_answer_amount(row, "held", &class->held) &&
           replay_answer_amount(row, "in_flight", &class->in_flight);
}

static void read_classes(struct proving *proving, const json_t *rows, bool *readable)
{
    struct proof *proof = proving->proof;
    *readable = rows != NULL;
    for (size_t i = 0; i < json_array_size(rows) && i < PROOF_PRODUCTS_MAX; i++) {
        struct proof_class *class = &proof->classes[proof->class_count];
        *readable = read_class(json_array_get(rows, i), class) && *readable;
        proof->class_count++;
    }
}

struct money_sums {
    int64_t topup_principal;
    int64_t topup_bonus;
    int64_t sale_principal;
    int64_t sale_bonus;
    uint64_t topups;
    uint64_t sales;
};

static struct money_sums book_sums(const struct replay_book *book, size_t from, size_t to)
{
    struct money_sums sums = {0};
    for (size_t i = from; i < to; i++) {
        const struct node_count *node = &book->nodes[i];
        sums.topup_principal += node->topup_principal;
        sums.topup_bonus += node->topup_bonus;
        sums.sale_principal += node->sale_principal;
        sums.sale_bonus += node->sale_bonus;
        sums.topups += node->done[OPERATION_TOPUP];
        sums.sales += node->done[OPERATION_SALE];
    }
    return sums;
}

static void check_liability(struct proving *proving)
{
    struct proof *proof = proving->proof;
    const struct replay_book *book = proving->question->book;
    bool readable = false;
    json_t *page = ask(proving, proving->question->office, "/v1/office/liability");
    read_classes(proving, replay_answer_rows(page), &readable);
    json_decref(page);

    bool balanced = readable;
    int64_t issued[2] = {0};
    int64_t spent[2] = {0};
    for (size_t i = 0; i < proof->class_count; i++) {
        const struct proof_class *class = &proof->classes[i];
        balanced = balanced && class->issued + class->refunded ==
                                   class->held + class->in_flight + class->spent + class->expired;
        bool bonus = strcmp(class->bucket, "bonus") == 0;
        if (bonus || strcmp(class->bucket, "principal") == 0) {
            issued[bonus] += class->issued;
            spent[bonus] += class->spent;
        }
    }
    conclude(proof, balanced,
             "issued + refunded = held + in flight + spent + expired, class by class",
             readable ? "%zu classes of value" : "the office does not show %zu classes readably",
             proof->class_count);
    struct money_sums sums = book_sums(book, 0, book->node_count);
    if (proving->question->alone) {
        conclude(proof,
                 issued[0] == sums.topup_principal && issued[1] == sums.topup_bonus &&
                     spent[0] == sums.sale_principal && spent[1] == sums.sale_bonus,
                 "the office's sums are the sums that the tills were told",
                 "issued %" PRId64 " + %" PRId64 ", spent %" PRId64 " + %" PRId64
                 " minor units; tills: %" PRId64 " + %" PRId64 ", %" PRId64 " + %" PRId64,
                 issued[0], issued[1], spent[0], spent[1], sums.topup_principal, sums.topup_bonus,
                 sums.sale_principal, sums.sale_bonus);
    }
}

static bool add_day(const json_t *row, struct money_sums *sums)
{
    uint64_t topups = 0;
    uint64_t sales = 0;
    int64_t amounts[4] = {0};
    bool readable = replay_answer_count(row, "topups", &topups) &&
                    replay_answer_count(row, "sales", &sales) &&
                    replay_answer_amount(row, "topup_principal", &amounts[0]) &&
                    replay_answer_amount(row, "topup_bonus", &amounts[1]) &&
                    replay_answer_amount(row, "sale_principal", &amounts[2]) &&
                    replay_answer_amount(row, "sale_bonus", &amounts[3]);
    sums->topups += topups;
    sums->sales += sales;
    sums->topup_principal += amounts[0];
    sums->topup_bonus += amounts[1];
    sums->sale_principal += amounts[2];
    sums->sale_bonus += amounts[3];
    return readable;
}

/* Pages of /v1/office/days to the end. */
static bool read_days(struct proving *proving, struct money_sums *sums)
{
    char target[TARGET_SIZE_MAX + 256] = "/v1/office/days";
    bool readable = true;
    bool more = true;
    while (more && readable) {
        json_t *page = ask(proving, proving->question->office, target);
        const json_t *rows = replay_answer_rows(page);
        readable = rows != NULL;
        for (size_t i = 0; readable && i < json_array_size(rows); i++) {
            readable = add_day(json_array_get(rows, i), sums);
        }
        more = json_is_true(json_object_get(page, "more"));
        (void)snprintf(target, sizeof target, "/v1/office/days?cursor=%.255s",
                       replay_answer_text(page, "cursor"));
        json_decref(page);
    }
    return readable;
}

static void check_days(struct proving *proving)
{
    const struct replay_book *book = proving->question->book;
    struct money_sums told = {0};
    struct money_sums sums = book_sums(book, 0, book->node_count);
    bool readable = read_days(proving, &told);
    bool equal = readable && told.topups == sums.topups && told.sales == sums.sales &&
                 told.topup_principal == sums.topup_principal &&
                 told.topup_bonus == sums.topup_bonus &&
                 told.sale_principal == sums.sale_principal && told.sale_bonus == sums.sale_bonus;
    conclude(proving->proof, equal, "the day book of the branches adds up to the same",
             readable ? "%" PRIu64 " top-ups and %" PRIu64 " sales in the day book"
                      : "the day book cannot be read (%" PRIu64 " top-ups, %" PRIu64 " sales)",
             told.topups, told.sales);
}

static void check_book(struct proving *proving)
{
    const struct replay_book *book = proving->question->book;
    const struct traffic *traffic = book->traffic;
    struct money_sums sums = book_sums(book, 0, book->node_count);
    conclude(proving->proof, book->contradictions == 0, "no answer contradicts another",
             "%" PRIu64 " contradictions%s%s", book->contradictions,
             book->contradictions == 0 ? "" : "; e.g. ", book->contradiction);
    bool exact = sums.sale_principal + sums.sale_bonus == book->sold &&
                 book->sold + book->refused + book->undetermined - traffic->coupon_over ==
                     traffic->sales - traffic->coupons &&
                 book->visits_sold + book->visits_refused + book->visits_undetermined ==
                     traffic->visit_count;
    conclude(proving->proof, exact && book->visits_undetermined == 0,
             "spent is the traffic's sum less what was refused",
             "%" PRId64 " - %" PRId64 " coupons - %" PRId64 " refused - %" PRId64
             " undetermined + %" PRId64 " of coupons beyond their basket = %" PRId64 " minor units",
             traffic->sales, traffic->coupons, book->refused, book->undetermined,
             traffic->coupon_over, book->sold);
}

void proof_run(const struct proof_question *question, struct proof *proof)
{
    struct explanation why;
    struct proving proving = {.question = question, .proof = proof};
    assert(question->office < question->node_count);
    *proof = (struct proof){.holds = true};
    proving.client = traffic_client_new(question->nodes, question->node_count, 1, &why);
    if (proving.client == NULL) {
        conclude(proof, false, "the nodes can be asked", "%s", why.text);
        return;
    }
    check_digests(&proving);
    check_feed(&proving);
    check_accounts(&proving);
    check_liability(&proving);
    if (question->alone) {
        check_days(&proving);
    }
    check_book(&proving);
    feed_free(&proving.feed);
    traffic_client_free(proving.client);
}
