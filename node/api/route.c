#include "route.h"

#include "resources.h"

#include <stdio.h>

enum {
    ALL = TOKEN_TILL | TOKEN_MANAGER | TOKEN_OFFICE | TOKEN_OPERATOR,
    COUNTER = TOKEN_TILL | TOKEN_MANAGER | TOKEN_OPERATOR, /* who serves members */
    MANAGERS = TOKEN_MANAGER | TOKEN_OPERATOR,
    OFFICE = TOKEN_OFFICE | TOKEN_OPERATOR,
    OPERATORS = TOKEN_OPERATOR,
    WRITE = ROUTE_KEY | ROUTE_BODY,
    REPORT = ROUTE_ROWS | ROUTE_FRESH,
};

static const struct route routes[] = {
    {"POST", "/v1/spends", COUNTER, WRITE, COMMAND_SPEND, spends_post_read, spends_post_render},
    {"POST", "/v1/holds", COUNTER, WRITE, COMMAND_HOLD, holds_post_read, holds_post_render},
    {"POST", "/v1/holds/{ref}/capture", COUNTER, WRITE, COMMAND_CAPTURE, holds_capture_read,
     holds_post_render},
    {"POST", "/v1/holds/{ref}/release", COUNTER, WRITE, COMMAND_RELEASE, holds_release_read,
     holds_post_render},
    {"GET", "/v1/holds/{ref}", ALL, ROUTE_FRESH, QUERY_HOLD, holds_get_read, holds_get_render},
    {"POST", "/v1/topups", COUNTER, WRITE, COMMAND_TOP_UP, topups_post_read, topups_answer_render},
    {"POST", "/v1/refunds", COUNTER, WRITE, COMMAND_REFUND, refunds_post_read, refunds_post_render},
    {"POST", "/v1/transfers", COUNTER, WRITE, COMMAND_TRANSFER, transfers_post_read,
     transfers_post_render},
    {"POST", "/v1/requests", COUNTER, WRITE, COMMAND_FILE_REQUEST, requests_post_read,
     requests_post_render},
    {"POST", "/v1/members", COUNTER, WRITE, COMMAND_ENROL, members_post_read, members_post_render},
    {"POST", "/v1/cards", COUNTER, WRITE, COMMAND_ISSUE_CARD, cards_post_read, cards_post_render},
    {"POST", "/v1/freezes", COUNTER, WRITE, COMMAND_FREEZE, freezes_post_read, freezes_post_render},
    {"POST", "/v1/unfreezes", MANAGERS, WRITE, COMMAND_UNFREEZE, unfreezes_post_read,
     freezes_post_render},
    {"POST", "/v1/losses", COUNTER, WRITE, COMMAND_REPORT_LOSS, losses_post_read,
     freezes_post_render},
    {"POST", "/v1/replacements", COUNTER, WRITE, COMMAND_REPLACE_CARD, replacements_post_read,
     replacements_post_render},
    {"POST", "/v1/moves", MANAGERS, WRITE, COMMAND_MOVE, moves_post_read, topups_post_render},
    {"POST", "/v1/products", OFFICE, WRITE, COMMAND_PUBLISH_PRODUCT, products_post_read,
     products_post_render},
    {"POST", "/v1/invitations", OPERATORS, WRITE, COMMAND_INVITE, invitations_post_read,
     invitations_post_render},
    {"POST", "/v1/retirements", OPERATORS, WRITE, COMMAND_RETIRE, retirements_post_read,
     retirements_post_render},
    {"POST", "/v1/tills", OPERATORS, ROUTE_BODY, 0, tills_post_read, NULL},
    {"GET", "/v1/accounts", ALL, 0, QUERY_ACCOUNT, accounts_find_read, accounts_get_render},
    {"GET", "/v1/accounts/{id}", ALL, 0, QUERY_ACCOUNT, accounts_get_read, accounts_get_render},
    {"GET", "/v1/accounts/{id}/events", ALL, REPORT, QUERY_HISTORY, accounts_events_read,
     accounts_events_render},
    {"GET", "/v1/accounts/{id}/lots", ALL, REPORT, QUERY_LOTS, accounts_lots_read,
     accounts_lots_render},
    {"GET", "/v1/accounts/{id}/holds", ALL, REPORT, QUERY_HOLDS, accounts_lots_read,
     holds_list_render},
    {"GET", "/v1/accounts/{id}/exposure", ALL, ROUTE_FRESH, QUERY_EXPOSURE, exposure_account_read,
     exposure_render},
    {"GET", "/v1/exposure", MANAGERS | OFFICE, ROUTE_FRESH, QUERY_CHAIN_EXPOSURE,
     exposure_chain_read, exposure_render},
    {"GET", "/v1/risk", MANAGERS | OFFICE, ROUTE_FRESH, QUERY_RISK, risk_get_read, risk_get_render},
    {"POST", "/v1/risk", OPERATORS, WRITE, COMMAND_SET_RISK, risk_post_read, risk_post_render},
    {"GET", "/v1/limits", MANAGERS | OFFICE, ROUTE_FRESH, QUERY_LIMITS, limits_get_read,
     limits_get_render},
    {"POST", "/v1/limits", OPERATORS, WRITE, COMMAND_SET_LIMITS, limits_post_read,
     limits_post_render},
    {"GET", "/v1/quotas", MANAGERS | OFFICE, ROUTE_FRESH, QUERY_QUOTAS, limits_get_read,
     quotas_get_render},
    {"POST", "/v1/quotas", OPERATORS, WRITE, COMMAND_SET_QUOTA, quotas_post_read,
     limits_post_render},
    {"GET", "/v1/mints", MANAGERS | OFFICE, REPORT, QUERY_MINTS, mints_get_read, mints_get_render},
    {"POST", "/v1/mints", OFFICE, WRITE, COMMAND_APPROVE_MINT, mints_post_read, mints_post_render},
    {"POST", "/v1/suspensions", OPERATORS, WRITE, COMMAND_SUSPEND, suspensions_post_read,
     suspensions_post_render},
    {"GET", "/v1/members", ALL, 0, QUERY_MEMBER, members_find_read, members_get_render},
    {"GET", "/v1/members/{id}", ALL, 0, QUERY_MEMBER, members_get_read, members_get_render},
    {"GET", "/v1/sales/{ref}", ALL, ROUTE_FRESH, QUERY_SALE, sales_get_read, sales_get_render},
    {"GET", "/v1/tickets", COUNTER | TOKEN_OFFICE, 0, QUERY_TICKET, tickets_find_read,
     tickets_get_render},
    {"GET", "/v1/tickets/{key}", COUNTER | TOKEN_OFFICE, 0, QUERY_TICKET, tickets_get_read,
     tickets_get_render},
    {"GET", "/v1/requests", ALL, REPORT, QUERY_REQUESTS, requests_get_read, requests_get_render},
    {"GET", "/v1/node", ALL, 0, QUERY_NODE, node_get_read, node_get_render},
    {"GET", "/v1/branches", ALL, REPORT, QUERY_BRANCHES, branches_get_read, branches_get_render},
    {"GET", "/v1/products", ALL, REPORT, QUERY_PRODUCTS, products_get_read, products_get_render},
    {"GET", "/v1/tills", OPERATORS, 0, 0, tills_get_read, NULL},
    {"GET", "/v1/feed", OFFICE, REPORT, QUERY_FEED, feed_get_read, feed_get_render},
    {"GET", "/v1/blocks", OFFICE, 0, QUERY_BLOCKS, blocks_get_read, blocks_get_render},
    {"GET", "/v1/invalid", OFFICE, REPORT, QUERY_INVALID, invalid_get_read, invalid_get_render},
    {"GET", "/v1/office/days", OFFICE, REPORT, QUERY_DAYS, office_days_read, office_days_render},
    {"GET", "/v1/office/expired", OFFICE, ROUTE_FRESH, QUERY_EXPIRED, expired_read, expired_render},
    {"POST", "/v1/expiry", OPERATORS, WRITE, COMMAND_SET_EXPIRY, expiry_post_read,
     expiry_post_render},
    {"GET", "/v1/office/liability", OFFICE, REPORT, QUERY_LIABILITY, office_page_read,
     office_liability_render},
    {"GET", "/v1/office/holders", OFFICE, REPORT, QUERY_HOLDERS, office_page_read,
     office_holders_render},
    {"GET", "/v1/office/branches", OFFICE, REPORT, QUERY_BRANCHES, branches_get_read,
     branches_get_render},
    {"GET", "/healthz", 0, 0, 0, health_get_read, NULL},
    {"GET", "/readyz", 0, 0, 0, ready_get_read, NULL},
    {"GET", "/metrics", 0, 0, 0, metrics_get_read, NULL},
    {"GET", "/openapi.yaml", 0, 0, 0, openapi_get_read, NULL},
};

static const size_t route_count = sizeof routes / sizeof routes[0];

const struct route *route_table(size_t *count)
{
    *count = route_count;
    return routes;
}

static bool segment_matches(struct bytes pattern, struct bytes segment)
{
    if (pattern.size > 0 && pattern.data[0] == '{') {
        return segment.size > 0;
    }
    return bytes_equal(pattern, segment);
}

static bool pattern_matches(const char *pattern, const struct target *target)
{
    uint32_t index = 0;
    while (*pattern == '/') {
        size_t size = strcspn(pattern + 1, "/");
        if (index == target->segment_count ||
            !segment_matches(bytes_of(pattern + 1, size), target->segments[index])) {
            return false;
        }
        pattern += 1 + size;
        index++;
    }
    return index == target->segment_count;
}

const struct route *route_find(const char *method, const struct target *target, char *allow,
                               size_t allow_size)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    size_t used = 0;
    allow[0] = 0;
    for (size_t i = 0; i < route_count; i++) {
        if (!pattern_matches(routes[i].pattern, target)) {
            continue;
        }
        if (strcmp(routes[i].method, wanted) == 0) {
            return &routes[i];
        }
        const char *head = strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "";
        used += (size_t)snprintf(allow + used, allow_size - used, "%s%s%s", used > 0 ? ", " : "",
                                 routes[i].method, head);
    }
    return NULL;
}

const struct route *route_of_kind(enum command_kind kind)
{
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].kind == kind) {
            return &routes[i];
        }
    }
    return NULL;
}
