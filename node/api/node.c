/* This node: who it is, how it is, and its documents. */
#include "api_state.h"
#include "openapi.h"
#include "resources.h"

void node_get_read(struct api_call *call)
{
    (void)call;
}

static void identity_render(struct render *out, const struct node_view *node)
{
    render_journal(out, "journal", node->journal);
    render_count(out, "branch", journal_branch(node->journal));
    render_text(out, "name", bytes_of(node->name, node->name_size));
    render_text(out, "organisation", bytes_of(node->organisation, node->organisation_size));
    render_integer(out, "zone_minutes", node->zone_minutes);
    render_code(out, "currency", BYTES_OF(node->currency));
    render_hex(out, "network", BYTES_OF(node->network.bytes));
    roles_render(out, node->roles);
}

static void spread_render(struct render *out, const struct node_view *node)
{
    static const char *const modes[] = {"off", "shares", "visits"};
    render_string(out, "spread", modes[node->spread.mode < 3 ? node->spread.mode : 0]);
    render_integer(out, "spread_second", node->spread.second_percent);
    render_money(out, "spread_second_max", node->spread.second_max, node->currency);
    render_integer(out, "spread_vault", node->spread.vault_percent);
    render_money(out, "spread_threshold", node->spread.threshold, node->currency);
    render_money(out, "spread_account_max", node->spread.account_max, node->currency);
    render_money(out, "spread_branch_max", node->spread.branch_max, node->currency);
    render_count(out, "spread_moves", node->spread_moves);
}

/* Journals with two histories, and what proves it. */
static void quarantine_render(struct render *out, const struct node_view *node)
{
    render_open(out, "quarantined", '[');
    for (uint32_t i = 0; i < node->quarantine_count; i++) {
        const struct quarantine_view *one = &node->quarantined[i];
        render_open(out, NULL, '{');
        render_journal(out, "journal", one->journal);
        render_count(out, "branch", journal_branch(one->journal));
        render_count(out, "seq", one->seq);
        render_open(out, "blocks", '[');
        render_hex(out, NULL, BYTES_OF(one->ids[0].bytes));
        render_hex(out, NULL, BYTES_OF(one->ids[1].bytes));
        render_close(out, ']');
        render_time(out, "seen_at", one->seen_ms);
        render_journal(out, "told_by", one->told_by);
        render_close(out, '}');
    }
    render_close(out, ']');
}

/* The lease, and how far the office has confirmed the own journal. */
static void trust_render(struct render *out, const struct trust_view *trust)
{
    enum { DAY_MS = 86400 * 1000 };
    render_time(out, "lease_until", trust->leased ? trust->lease_ends_ms : 0);
    if (trust->leased) {
        render_integer(out, "lease_days_left", trust->lease_left_ms / DAY_MS);
    } else {
        render_null(out, "lease_days_left");
    }
    render_truth(out, "lease_over", trust->lease_over);
    render_count(out, "checkpoint_seq", trust->checkpoint_seq);
    render_count(out, "checkpoint_authority", trust->checkpoint_auth);
    render_day(out, "checkpoint_day", trust->checkpoint_day);
}

void node_get_render(struct api_call *call, const struct answer *answer)
{
    const struct node_view *node = &call->page->rows.node;
    struct render *out = &call->out;
    (void)answer;
    identity_render(out, node);
    render_count(out, "head_seq", node->head_seq);
    render_hex(out, "head_id", BYTES_OF(node->head_id.bytes));
    render_count(out, "auth_seq", node->auth_seq);
    render_hex(out, "auth_id", BYTES_OF(node->auth_id.bytes));
    render_count(out, "auth_epoch", node->auth_epoch);
    render_day(out, "auth_until", node->auth_until_day);
    render_hex(out, "frontier", BYTES_OF(node->frontier.bytes));
    render_hex(out, "state", BYTES_OF(node->state.bytes));
    render_count(out, "events", node->events);
    render_count(out, "blocks", node->blocks);
    render_count(out, "unreplicated", node->unreplicated);
    render_integer(out, "unreplicated_ms", node->unreplicated_ms);
    render_count(out, "peers", node->peers);
    render_count(out, "parked", node->parked);
    render_count(out, "pulls_asked", node->pulls_asked);
    render_count(out, "pulls_served", node->pulls_served);
    spread_render(out, node);
    trust_render(out, &node->trust);
    render_count(out, "alarms", node->alarms);
    render_count(out, "divergences", node->divergences);
    render_count(out, "invalid_events", node->invalid_events);
    render_count(out, "unknown_events", node->unknown_events);
    quarantine_render(out, node);
    render_truth(out, "read_only", node->read_only);
    render_truth(out, "retired", node->retired);
    render_truth(out, "settling", node->settling);
    render_truth(out, "synced", node->synced);
}

static struct api_health health_of(struct api *api)
{
    pthread_mutex_lock(&api->publishing);
    struct api_health health = api->health;
    pthread_mutex_unlock(&api->publishing);
    return health;
}

void health_get_read(struct api_call *call)
{
    struct api_health health = health_of(call->api);
    render_open(&call->out, NULL, '{');
    render_truth(&call->out, "alive", health.alive);
    render_close(&call->out, '}');
    call_finish(call, health.alive ? 200 : 503, "application/json");
}

void ready_get_read(struct api_call *call)
{
    struct api_health health = health_of(call->api);
    render_open(&call->out, NULL, '{');
    render_truth(&call->out, "ready", health.ready);
    if (!health.ready) {
        render_text(&call->out, "reason",
                    bytes_of(health.reason, strnlen(health.reason, sizeof health.reason)));
    }
    render_close(&call->out, '}');
    call_finish(call, health.ready ? 200 : 503, "application/json");
}

void metrics_get_read(struct api_call *call)
{
    struct api *api = call->api;
    pthread_mutex_lock(&api->publishing);
    render_raw(&call->out, api->metrics, api->metrics_size);
    pthread_mutex_unlock(&api->publishing);
    call_finish(call, 200, "text/plain; version=0.0.4; charset=utf-8");
}

void openapi_get_read(struct api_call *call)
{
    call_finish_static(call, 200, "application/yaml", openapi_document());
}
