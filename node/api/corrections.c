/* What is put right by hand: a top-up taken back, value added or paid out by two persons of the
 * office, and every lot added up. */
#include "body.h"
#include "names.h"
#include "resources.h"

#include <string.h>

static const struct {
    uint8_t kind;
    const char *name;
} kinds[] = {{CORRECTION_ADD, "add"}, {CORRECTION_GRANT, "grant"}, {CORRECTION_PAYOUT, "payout"}};

static const struct {
    uint8_t cause;
    const char *name;
} causes[] = {{ADJUST_CORRECTION, "correction"},
              {ADJUST_COMPENSATION, "compensation"},
              {ADJUST_OPENING, "opening"},
              {ADJUST_CLOSING, "closing"},
              {ADJUST_GRANT, "grant"}};

/* Who asks, as the office calls the token: it stands in the signed fact. */
static struct bytes person_of(const struct api_call *call)
{
    return bytes_of(call->token->name, strlen(call->token->name));
}

void voids_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "topup", "reason", "wait_ms");
    call->request.body.undo.topup = body_ref(&body, "topup");
    call->request.body.undo.reason = body_text(&body, "reason", BODY_OPTIONAL, REASON_SIZE_MAX);
    call->request.body.undo.wait_ms =
        (uint32_t)body_integer(&body, "wait_ms", 0, CALL_WAIT_MS_MAX, 0);
}

static uint8_t kind_read(const struct body *body)
{
    struct bytes text = body_text(body, "kind", BODY_REQUIRED, NAME_SIZE_MAX);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (bytes_equal(text, bytes_of(kinds[i].name, strlen(kinds[i].name)))) {
            return kinds[i].kind;
        }
    }
    body_refuse(body, "kind", "must be add, grant or payout.");
    return 0;
}

static uint8_t cause_read(const struct body *body, uint8_t kind)
{
    struct bytes text = body_text(body, "cause", BODY_OPTIONAL, NAME_SIZE_MAX);
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (bytes_equal(text, bytes_of(causes[i].name, strlen(causes[i].name)))) {
            return causes[i].cause;
        }
    }
    if (text.size > 0) {
        body_refuse(body, "cause", "must be correction, compensation, opening, closing or grant.");
    }
    return kind == CORRECTION_GRANT ? ADJUST_GRANT : ADJUST_CORRECTION;
}

void corrections_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "kind", "card", "account", "principal", "bonus", "cause", "of", "reason");
    call->request.body.propose.kind = kind_read(&body);
    call->request.body.propose.account = body_account(&body);
    call->request.body.propose.cause = cause_read(&body, call->request.body.propose.kind);
    call->request.body.propose.principal = body_amount(&body, "principal", 0).minor;
    call->request.body.propose.bonus = body_amount(&body, "bonus", 0).minor;
    if (json_object_get(call->body, "of") != NULL) {
        call->request.body.propose.of = body_ref(&body, "of");
    }
    call->request.body.propose.reason = body_text(&body, "reason", BODY_REQUIRED, REASON_SIZE_MAX);
    call->request.body.propose.person = person_of(call);
}

void corrections_post_render(struct api_call *call, const struct answer *answer)
{
    render_count(&call->out, "proposal", answer->proposal);
    topups_post_render(call, answer);
}

void corrections_decide_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "wait_ms");
    if (!count_parse(call->target.segments[3], UINT32_MAX, &call->request.body.decide.proposal)) {
        call_refuse_verdict(call, REFUSED_UNKNOWN_PROPOSAL);
    }
    call->request.body.decide.wait_ms =
        (uint32_t)body_integer(&body, "wait_ms", 0, CALL_WAIT_MS_MAX, 0);
    call->request.body.decide.person = person_of(call);
}

void corrections_get_read(struct api_call *call)
{
    query_page(call, 50);
}

static const char *state_name(uint8_t state)
{
    static const char *const names[] = {"unknown", "open", "done", "withdrawn", "expired"};
    return names[state < 5 ? state : 0];
}

static void proposal_render(struct render *out, const struct proposal_view *proposal,
                            const uint8_t *currency)
{
    render_open(out, NULL, '{');
    render_count(out, "proposal", proposal->number);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == proposal->kind) {
            render_string(out, "kind", kinds[i].name);
        }
    }
    render_string(out, "state", state_name(proposal->state));
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].cause == proposal->cause) {
            render_string(out, "cause", causes[i].name);
        }
    }
    render_hex(out, "account", BYTES_OF(proposal->account.bytes));
    render_money(out, "principal", proposal->principal, currency);
    render_money(out, "bonus", proposal->bonus, currency);
    render_ref(out, "of", proposal->of);
    render_text(out, "reason", bytes_of(proposal->reason, proposal->reason_size));
    render_time(out, "proposed_at", proposal->proposed_ms);
    render_time(out, "until", proposal->until_ms);
    render_text(out, "proposed_by", bytes_of(proposal->proposer_name, proposal->proposer_size));
    render_time(out, "decided_at", proposal->decided_ms);
    render_text(out, "decided_by", bytes_of(proposal->decider_name, proposal->decider_size));
    render_ref(out, "event", proposal->done);
    render_close(out, '}');
}

void corrections_get_render(struct api_call *call, const struct answer *answer)
{
    render_open(&call->out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        proposal_render(&call->out, &call->page->rows.proposals[i], answer->currency);
    }
    render_close(&call->out, ']');
}

void conservation_get_render(struct api_call *call, const struct answer *answer)
{
    struct render *out = &call->out;
    (void)answer;
    render_open(out, "entries", '[');
    for (uint32_t i = 0; i < call->page->count; i++) {
        const struct lot_sum *sum = &call->page->rows.lot_sums[i];
        render_open(out, NULL, '{');
        render_hex(out, "lot", BYTES_OF(sum->lot.bytes));
        render_hex(out, "account", BYTES_OF(sum->account.bytes));
        render_count(out, "product", sum->product);
        render_string(out, "bucket", bucket_name(sum->bucket));
        render_journal(out, "issued_by", sum->issued_by);
        render_integer(out, "issued", sum->issued);
        render_integer(out, "refunded", sum->refunded);
        render_integer(out, "made_good", sum->made_good);
        render_integer(out, "used", sum->used);
        render_integer(out, "covered", sum->covered);
        render_integer(out, "expired", sum->expired);
        render_integer(out, "taken_back", sum->clawed);
        render_integer(out, "moved_on", sum->rebound);
        render_integer(out, "paid_out", sum->paid_out);
        render_integer(out, "held", sum->held);
        render_integer(out, "on_hold", sum->on_hold);
        render_integer(out, "in_flight", sum->in_flight);
        render_integer(out, "pictured", sum->pictured);
        render_close(out, '}');
    }
    render_close(out, ']');
}
