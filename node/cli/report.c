#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { TEXT_SIZE = 40, REASON_COUNT_SHOWN = REPLAY_REASONS_MAX };

/* 1234567 as "1,234,567" */
static const char *grouped(uint64_t number, char text[static TEXT_SIZE])
{
    char digits[TEXT_SIZE];
    size_t count = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

/* 1234567 as "12,345.67" */
static const char *money(int64_t amount, char text[static TEXT_SIZE])
{
    char whole[TEXT_SIZE];
    uint64_t size = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
    (void)snprintf(text, TEXT_SIZE, "%s%.30s.%02u", amount < 0 ? "-" : "",
                   grouped(size / 100, whole), (unsigned)(size % 100));
    return text;
}

static const char *milliseconds(uint32_t us, char text[static TEXT_SIZE])
{
    (void)snprintf(text, TEXT_SIZE, "%u.%u", us / 1000, us / 100 % 10);
    return text;
}

static uint64_t rate(uint64_t count, uint64_t took_ms)
{
    return took_ms == 0 ? 0 : count * 1000 / took_ms;
}

static void print_traffic(const struct report *report, FILE *out)
{
    const struct traffic *traffic = report->book->traffic;
    char a[TEXT_SIZE];
    char b[TEXT_SIZE];
    char c[TEXT_SIZE];
    char d[TEXT_SIZE];
    (void)fprintf(out, "\nThe traffic\n  %s: %s baskets\n", report->source,
                  grouped(traffic->basket_count, a));
    (void)fprintf(out, "  %s sales - %s coupons + %s coupons beyond their basket = %s %s to pay\n",
                  money(traffic->sales, a), money(traffic->coupons, b),
                  money(traffic->coupon_over, c), money(traffic->payable, d), report->currency);
    (void)fprintf(
        out,
        "  %s baskets had nothing to pay: their till asks nothing; there remain %s visits\n"
        "  of %s households (a member with a card each) to %s stores (dealt out to %zu "
        "branches)\n",
        grouped(traffic->free_count, a), grouped(traffic->visit_count, b),
        grouped(traffic->card_count, c), grouped(traffic->store_count, d),
        report->book->node_count);
    if (traffic->unnamed_count > 0) {
        (void)fprintf(
            out, "  %s visits have no basket number of their own and are named by their line\n",
            grouped(traffic->unnamed_count, a));
    }
    (void)fprintf(out, "  Top-ups are synthetic (the traffic has none): before a sale that would "
                       "overdraw the card,\n  what is missing, rounded up to a whole 50.00, at the "
                       "same branch, tender \"other\".\n");
}

static void print_operations(const struct report *report, FILE *out)
{
    const struct replay_book *book = report->book;
    struct node_count sum = {0};
    for (size_t i = 0; i < book->node_count; i++) {
        for (size_t kind = 0; kind < OPERATION_KINDS; kind++) {
            sum.done[kind] += book->nodes[i].done[kind];
        }
        sum.topup_principal += book->nodes[i].topup_principal;
        sum.topup_bonus += book->nodes[i].topup_bonus;
        sum.sale_principal += book->nodes[i].sale_principal;
        sum.sale_bonus += book->nodes[i].sale_bonus;
    }
    uint64_t all = sum.done[0] + sum.done[1] + sum.done[2] + sum.done[3];
    char a[TEXT_SIZE];
    char b[TEXT_SIZE];
    char c[TEXT_SIZE];
    (void)fprintf(out,
                  "\nThe operations\n  %s acknowledged in %" PRIu64 ".%" PRIu64 " s, %s a second\n",
                  grouped(all, a), report->took_ms / 1000, report->took_ms / 100 % 10,
                  grouped(rate(all, report->took_ms), b));
    (void)fprintf(out, "  %10s members   %10s cards\n", grouped(sum.done[OPERATION_ENROL], a),
                  grouped(sum.done[OPERATION_ISSUE], b));
    (void)fprintf(out, "  %10s top-ups   %16s paid in + %s bonus\n",
                  grouped(sum.done[OPERATION_TOPUP], a), money(sum.topup_principal, b),
                  money(sum.topup_bonus, c));
    (void)fprintf(out, "  %10s sales     %16s principal + %s bonus\n",
                  grouped(sum.done[OPERATION_SALE], a), money(sum.sale_principal, b),
                  money(sum.sale_bonus, c));
}

static void print_nodes(const struct report *report, FILE *out)
{
    const struct replay_book *book = report->book;
    (void)fprintf(out,
                  "\nBranch by branch (latencies in ms, of the answer to a till)\n"
                  "  %-14s %8s %8s %13s %8s %8s %7s %7s %7s %7s\n",
                  "branch", "sales", "top-ups", "sold", "refused", "ops/s", "p50", "p95", "p99",
                  "max");
    for (size_t i = 0; i < book->node_count; i++) {
        const struct node_count *node = &book->nodes[i];
        struct latencies latencies = {0};
        char text[9][TEXT_SIZE];
        uint64_t done = node->done[0] + node->done[1] + node->done[2] + node->done[3];
        if (!latencies_of(book, i, REPLAY_PHASES, &latencies)) {
            latencies.count = 0;
        }
        (void)fprintf(out, "  %-14s %8s %8s %13s %8s %8s %7s %7s %7s %7s\n", report->names[i],
                      grouped(node->done[OPERATION_SALE], text[0]),
                      grouped(node->done[OPERATION_TOPUP], text[1]),
                      money(node->sale_principal + node->sale_bonus, text[2]),
                      grouped(node->refused, text[3]),
                      grouped(rate(done, report->took_ms), text[4]),
                      milliseconds(latencies_at(&latencies, 500), text[5]),
                      milliseconds(latencies_at(&latencies, 950), text[6]),
                      milliseconds(latencies_at(&latencies, 990), text[7]),
                      milliseconds(latencies_at(&latencies, 1000), text[8]));
        latencies_free(&latencies);
    }
}

static void print_refusals(const struct report *report, FILE *out)
{
    const struct replay_book *book = report->book;
    char a[TEXT_SIZE];
    char b[TEXT_SIZE];
    char c[TEXT_SIZE];
    char d[TEXT_SIZE];
    (void)fprintf(out, "\nRefusals by reason\n");
    if (book->reason_count == 0 && book->traffic->free_count == 0) {
        (void)fprintf(out, "  none\n");
        return;
    }
    (void)fprintf(out, "  %-18s %9s %18s %14s %14s\n", "reason", "answers", "by a cut-off branch",
                  "visits lost", "amount lost");
    for (size_t i = 0; i < book->reason_count; i++) {
        const struct reason_count *reason = &book->reasons[i];
        (void)fprintf(out, "  %-18s %9s %18s %14s %14s\n", reason->code,
                      grouped(reason->askings, a), grouped(reason->askings_offline, b),
                      grouped(reason->visits, c), money(reason->amount, d));
    }
    if (book->traffic->free_count > 0) {
        (void)fprintf(out, "  %-18s %9s %18s %14s %14s\n", "nothing to pay", "not asked", "",
                      grouped(book->traffic->free_count, a), money(-book->traffic->coupon_over, b));
    }
    (void)fprintf(out,
                  "  The rule: a sale refused for \"rights\" or \"balance\" is followed by a "
                  "synthetic top-up at that\n  branch of what is missing there (whole 50.00s), and "
                  "asked again under a new key: %s top-ups\n  of %s saved %s visits. A card not "
                  "known at a branch yet is asked for again for %d s.\n",
                  grouped(book->rescue_topups, a), money(book->rescue_amount, b),
                  grouped(book->visits_rescued, c), STRANGER_MS_MAX / 1000);
}

/* The till of the branch that was cut off: did it wait longer for its answers than before? */
static void print_cut_latencies(const struct report *report, FILE *out)
{
    static const char *const phases[REPLAY_PHASES] = {"before the cut", "cut off", "healed"};
    (void)fprintf(out, "  Its till had its answers in (p50, p95; ms):\n   ");
    for (unsigned phase = 0; phase < REPLAY_PHASES; phase++) {
        struct latencies latencies = {0};
        char text[2][TEXT_SIZE];
        if (!latencies_of(report->book, report->story.cut_node, phase, &latencies)) {
            latencies.count = 0;
        }
        (void)fprintf(out, "%s %s %s, %s", phase == 0 ? "" : ";", phases[phase],
                      milliseconds(latencies_at(&latencies, 500), text[0]),
                      milliseconds(latencies_at(&latencies, 950), text[1]));
        latencies_free(&latencies);
    }
    (void)fprintf(out, ".\n");
}

static void print_faults(const struct report *report, FILE *out)
{
    const struct report_story *story = &report->story;
    const struct replay_book *book = report->book;
    struct node_count sum = {0};
    for (size_t i = 0; i < book->node_count; i++) {
        const struct node_count *node = &book->nodes[i];
        sum.offline_sales += node->offline_sales;
        sum.offline_amount += node->offline_amount;
        sum.offline_topups += node->offline_topups;
        sum.unanswered += node->unanswered;
        sum.recovered += node->recovered;
        sum.pulled += node->pulled;
        sum.pulled_ms += node->pulled_ms;
        sum.wait_max_ms = node->wait_max_ms > sum.wait_max_ms ? node->wait_max_ms : sum.wait_max_ms;
    }
    char a[TEXT_SIZE];
    char b[TEXT_SIZE];
    char c[TEXT_SIZE];
    (void)fprintf(out, "\nWhat went wrong meanwhile\n");
    if (story->told) {
        (void)fprintf(out,
                      "  %s was cut off from every peer for %" PRIu64 ".%" PRIu64
                      " s and went on: %s sales of %s,\n  %s top-ups. After the heal the office "
                      "had all of it in %" PRIu64 " ms%s.\n",
                      story->cut_name, story->cut_ms / 1000, story->cut_ms / 100 % 10,
                      grouped(sum.offline_sales, a), money(sum.offline_amount, b),
                      grouped(sum.offline_topups, c), story->catch_up_ms,
                      story->caught_up ? "" : " (not even then)");
        print_cut_latencies(report, out);
        (void)fprintf(out, "  %s was killed (SIGKILL) and answered again after %" PRIu64 " ms.\n",
                      story->killed_name, story->killed_ms);
    }
    (void)fprintf(out,
                  "  %s requests had no answer and were sent again under the same key; %s of them "
                  "had been\n  carried out the first time. The longest wait at a till: %" PRIu64
                  ".%" PRIu64 " s.\n",
                  grouped(sum.unanswered, a), grouped(sum.recovered, b), sum.wait_max_ms / 1000,
                  sum.wait_max_ms / 100 % 10);
    (void)fprintf(
        out, "  %s sales waited for rights from other branches, %" PRIu64 " ms each on average.\n",
        grouped(sum.pulled, a), sum.pulled == 0 ? 0 : sum.pulled_ms / sum.pulled);
    if (report->proof != NULL) {
        (void)fprintf(out, "  Rights moved between branches %s times%s%s.\n",
                      grouped(report->proof->census.moves, a),
                      report->proof->census.moved > 0 ? ", in all " : "",
                      report->proof->census.moved > 0 ? money(report->proof->census.moved, b) : "");
    }
}

static void print_proof(const struct report *report, FILE *out)
{
    const struct proof *proof = report->proof;
    if (proof == NULL) {
        return;
    }
    (void)fprintf(out, "\nThe proof (all nodes were level %" PRIu64 " ms after the last sale)\n",
                  proof->converged_ms);
    for (size_t i = 0; i < proof->check_count; i++) {
        const struct proof_check *check = &proof->checks[i];
        (void)fprintf(out, "  [%s] %s\n         %s\n", check->holds ? " ok " : "FAIL", check->claim,
                      check->detail);
    }
    (void)fprintf(out, "\n  %-9s %-10s %15s %13s %13s %15s %11s\n", "product", "value", "issued",
                  "refunded", "spent", "held", "in flight");
    for (size_t i = 0; i < proof->class_count; i++) {
        const struct proof_class *class = &proof->classes[i];
        char text[5][TEXT_SIZE];
        (void)fprintf(out, "  %-9" PRIu64 " %-10s %15s %13s %13s %15s %11s\n", class->product,
                      class->bucket, money(class->issued, text[0]), money(class->refunded, text[1]),
                      money(class->spent, text[2]), money(class->held, text[3]),
                      money(class->in_flight, text[4]));
    }
    (void)fprintf(out, "\n%s\n",
                  proof->holds ? "The proof holds."
                               : "THE PROOF DOES NOT HOLD: see the lines marked FAIL.");
}

void report_print(const struct report *report, FILE *out)
{
    print_traffic(report, out);
    print_operations(report, out);
    print_nodes(report, out);
    print_refusals(report, out);
    print_faults(report, out);
    print_proof(report, out);
    (void)fflush(out);
}

static json_t *node_json(const struct report *report, size_t index)
{
    const struct node_count *node = &report->book->nodes[index];
    struct latencies latencies = {0};
    if (!latencies_of(report->book, index, REPLAY_PHASES, &latencies)) {
        latencies.count = 0;
    }
    uint64_t done = node->done[0] + node->done[1] + node->done[2] + node->done[3];
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
                  report->names[index], "visits", (json_int_t)node->visits, "operations",
                  (json_int_t)done, "sales", (json_int_t)node->done[OPERATION_SALE], "topups",
                  (json_int_t)node->done[OPERATION_TOPUP], "refusals", (json_int_t)node->refused,
                  "operations_per_second", (json_int_t)rate(done, report->took_ms), "p50_us",
                  (json_int_t)latencies_at(&latencies, 500), "p95_us",
                  (json_int_t)latencies_at(&latencies, 950), "p99_us",
                  (json_int_t)latencies_at(&latencies, 990), "max_us",
                  (json_int_t)latencies_at(&latencies, 1000));
    latencies_free(&latencies);
    json_t *more =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "topup_principal",
                  (json_int_t)node->topup_principal, "topup_bonus", (json_int_t)node->topup_bonus,
                  "sale_principal", (json_int_t)node->sale_principal, "sale_bonus",
                  (json_int_t)node->sale_bonus, "offline_sales", (json_int_t)node->offline_sales,
                  "offline_amount", (json_int_t)node->offline_amount, "pulled",
                  (json_int_t)node->pulled, "unanswered", (json_int_t)node->unanswered, "recovered",
                  (json_int_t)node->recovered, "longest_wait_ms", (json_int_t)node->wait_max_ms);
    (void)json_object_update(json, more);
    json_decref(more);
    return json;
}

static json_t *reasons_json(const struct replay_book *book)
{
    json_t *reasons = json_array();
    for (size_t i = 0; i < book->reason_count; i++) {
        const struct reason_count *reason = &book->reasons[i];
        (void)json_array_append_new(
            reasons, json_pack("{s:s, s:I, s:I, s:I, s:I}", "code", reason->code, "answers",
                               (json_int_t)reason->askings, "answers_offline",
                               (json_int_t)reason->askings_offline, "visits",
                               (json_int_t)reason->visits, "amount", (json_int_t)reason->amount));
    }
    return reasons;
}

static json_t *proof_json(const struct proof *proof)
{
    json_t *checks = json_array();
    json_t *classes = json_array();
    for (size_t i = 0; i < proof->check_count; i++) {
        const struct proof_check *check = &proof->checks[i];
        (void)json_array_append_new(checks,
                                    json_pack("{s:s, s:b, s:s}", "claim", check->claim, "holds",
                                              (int)check->holds, "detail", check->detail));
    }
    for (size_t i = 0; i < proof->class_count; i++) {
        const struct proof_class *class = &proof->classes[i];
        (void)json_array_append_new(
            classes,
            json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:I}", "product", (json_int_t) class->product,
                      "bucket", class->bucket, "issued", (json_int_t) class->issued, "refunded",
                      (json_int_t) class->refunded, "spent", (json_int_t) class->spent, "held",
                      (json_int_t) class->held, "in_flight", (json_int_t) class->in_flight));
    }
    return json_pack("{s:b, s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "holds", (int)proof->holds,
                     "converged_ms", (json_int_t)proof->converged_ms, "state", proof->state,
                     "frontier", proof->frontier, "events", (json_int_t)proof->census.events,
                     "rights_moves", (json_int_t)proof->census.moves, "rights_moved",
                     (json_int_t)proof->census.moved, "checks", checks, "classes", classes);
}

static json_t *cut_latencies_json(const struct report *report)
{
    static const char *const phases[REPLAY_PHASES] = {"before", "cut", "healed"};
    json_t *json = json_object();
    for (unsigned phase = 0; phase < REPLAY_PHASES; phase++) {
        struct latencies latencies = {0};
        if (!latencies_of(report->book, report->story.cut_node, phase, &latencies)) {
            latencies.count = 0;
        }
        (void)json_object_set_new(json, phases[phase],
                                  json_pack("{s:I, s:I, s:I, s:I}", "answers",
                                            (json_int_t)latencies.count, "p50_us",
                                            (json_int_t)latencies_at(&latencies, 500), "p95_us",
                                            (json_int_t)latencies_at(&latencies, 950), "p99_us",
                                            (json_int_t)latencies_at(&latencies, 990)));
        latencies_free(&latencies);
    }
    return json;
}

static json_t *report_json(const struct report *report)
{
    const struct replay_book *book = report->book;
    const struct traffic *traffic = book->traffic;
    json_t *nodes = json_array();
    for (size_t i = 0; i < book->node_count; i++) {
        (void)json_array_append_new(nodes, node_json(report, i));
    }
    json_t *json =
        json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}",
                  "source", report->source, "generated", (int)report->generated, "seed",
                  (json_int_t)book->seed, "took_ms", (json_int_t)report->took_ms, "baskets",
                  (json_int_t)traffic->basket_count, "visits", (json_int_t)traffic->visit_count,
                  "payable", (json_int_t)traffic->payable, "visits_sold",
                  (json_int_t)book->visits_sold, "visits_refused", (json_int_t)book->visits_refused,
                  "visits_undetermined", (json_int_t)book->visits_undetermined, "sold",
                  (json_int_t)book->sold, "refused", (json_int_t)book->refused, "undetermined",
                  (json_int_t)book->undetermined, "currency", report->currency);
    json_t *more = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "nodes", nodes, "refusals",
                             reasons_json(book), "rescue_topups", (json_int_t)book->rescue_topups,
                             "rescue_amount", (json_int_t)book->rescue_amount, "sales",
                             (json_int_t)traffic->sales, "coupons", (json_int_t)traffic->coupons,
                             "visits_with_nothing_to_pay", (json_int_t)traffic->free_count,
                             "coupons_beyond_their_basket", (json_int_t)traffic->coupon_over);
    (void)json_object_update(json, more);
    json_decref(more);
    if (report->story.told) {
        const struct report_story *story = &report->story;
        (void)json_object_set_new(
            json, "faults",
            json_pack("{s:s, s:o, s:I, s:I, s:b, s:s, s:I}", "cut", story->cut_name,
                      "cut_branch_answers", cut_latencies_json(report), "cut_ms",
                      (json_int_t)story->cut_ms, "catch_up_ms", (json_int_t)story->catch_up_ms,
                      "caught_up", (int)story->caught_up, "killed", story->killed_name, "killed_ms",
                      (json_int_t)story->killed_ms));
    }
    if (report->proof != NULL) {
        (void)json_object_set_new(json, "proof", proof_json(report->proof));
    }
    return json;
}

enum status report_write(const struct report *report, const char *path,
                         struct explanation *explanation)
{
    json_t *json = report_json(report);
    int failed = json == NULL || json_dump_file(json, path, JSON_INDENT(2)) != 0;
    json_decref(json);
    if (failed) {
        explain(explanation, "The figures cannot be written to %s: %s.", path,
                strerrordesc_np(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}
