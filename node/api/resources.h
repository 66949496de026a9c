/* The handlers, one file a resource: ..._read takes a request apart, ..._render writes an answer.
 * Only the table of routes names them. */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "body.h"
#include "call.h"

/* members.c */
void members_post_read(struct api_call *call);
void members_get_read(struct api_call *call);
void members_find_read(struct api_call *call);
void members_post_render(struct api_call *call, const struct answer *answer);
void members_get_render(struct api_call *call, const struct answer *answer);

/* cards.c */
/* "form" of a new card. */
uint8_t card_form_of(const struct body *body);
void cards_post_read(struct api_call *call);
void cards_post_render(struct api_call *call, const struct answer *answer);

/* sales.c */
/* "items" of a sale; their count. */
uint32_t body_items(const struct body *body, struct sale_item items[static SALE_ITEMS_MAX]);
void topups_post_read(struct api_call *call);
void spends_post_read(struct api_call *call);
void refunds_post_read(struct api_call *call);
void moves_post_read(struct api_call *call);
void sales_get_read(struct api_call *call);
void topups_post_render(struct api_call *call, const struct answer *answer);
void topups_answer_render(struct api_call *call, const struct answer *answer);
void spends_post_render(struct api_call *call, const struct answer *answer);
void refunds_post_render(struct api_call *call, const struct answer *answer);
void sales_get_render(struct api_call *call, const struct answer *answer);

/* holds.c */
void holds_post_read(struct api_call *call);
void holds_capture_read(struct api_call *call);
void holds_release_read(struct api_call *call);
void holds_get_read(struct api_call *call);
void holds_post_render(struct api_call *call, const struct answer *answer);
void holds_get_render(struct api_call *call, const struct answer *answer);
void holds_list_render(struct api_call *call, const struct answer *answer);

/* transfers.c */
void transfers_post_read(struct api_call *call);
void transfers_post_render(struct api_call *call, const struct answer *answer);

/* requests.c */
void requests_post_read(struct api_call *call);
void requests_get_read(struct api_call *call);
void requests_post_render(struct api_call *call, const struct answer *answer);
void requests_get_render(struct api_call *call, const struct answer *answer);

/* accounts.c */
void accounts_get_read(struct api_call *call);
void accounts_find_read(struct api_call *call);
void accounts_lots_read(struct api_call *call);
void accounts_lots_render(struct api_call *call, const struct answer *answer);
void accounts_events_read(struct api_call *call);
void accounts_get_render(struct api_call *call, const struct answer *answer);
void accounts_events_render(struct api_call *call, const struct answer *answer);

/* freezes.c */
void freezes_post_read(struct api_call *call);
void unfreezes_post_read(struct api_call *call);
void freezes_post_render(struct api_call *call, const struct answer *answer);
void losses_post_read(struct api_call *call);
void replacements_post_read(struct api_call *call);
void replacements_post_render(struct api_call *call, const struct answer *answer);
void exposure_account_read(struct api_call *call);
void exposure_chain_read(struct api_call *call);
void exposure_render(struct api_call *call, const struct answer *answer);

/* limits.c */
void limits_get_read(struct api_call *call); /* and of quotas */
void limits_get_render(struct api_call *call, const struct answer *answer);
void limits_post_read(struct api_call *call);
void limits_post_render(struct api_call *call, const struct answer *answer); /* and of quotas */
void quotas_get_render(struct api_call *call, const struct answer *answer);
void quotas_post_read(struct api_call *call);
void mints_get_read(struct api_call *call);
void mints_get_render(struct api_call *call, const struct answer *answer);
void mints_post_read(struct api_call *call);
void mints_post_render(struct api_call *call, const struct answer *answer);
void suspensions_post_read(struct api_call *call);
void suspensions_post_render(struct api_call *call, const struct answer *answer);
/* risk.c */
void risk_get_read(struct api_call *call);
void risk_get_render(struct api_call *call, const struct answer *answer);
void risk_post_read(struct api_call *call);
void risk_post_render(struct api_call *call, const struct answer *answer);

/* office.c */
void office_days_read(struct api_call *call);
void office_page_read(struct api_call *call);
void office_days_render(struct api_call *call, const struct answer *answer);
void expired_read(struct api_call *call);
void expired_render(struct api_call *call, const struct answer *answer);
void expiry_post_read(struct api_call *call);
void expiry_post_render(struct api_call *call, const struct answer *answer);
void office_liability_render(struct api_call *call, const struct answer *answer);
void office_holders_render(struct api_call *call, const struct answer *answer);

/* branches.c */
void roles_render(struct render *out, uint16_t roles);
void branches_get_read(struct api_call *call);
void branches_get_render(struct api_call *call, const struct answer *answer);
void invitations_post_read(struct api_call *call);
void invitations_post_render(struct api_call *call, const struct answer *answer);
void retirements_post_read(struct api_call *call);
void retirements_post_render(struct api_call *call, const struct answer *answer);

/* products.c */
void products_get_read(struct api_call *call);
void products_get_render(struct api_call *call, const struct answer *answer);
void products_post_read(struct api_call *call);
void products_post_render(struct api_call *call, const struct answer *answer);

/* node.c */
void node_get_read(struct api_call *call);
void node_get_render(struct api_call *call, const struct answer *answer);
void health_get_read(struct api_call *call);
void ready_get_read(struct api_call *call);
void metrics_get_read(struct api_call *call);
void openapi_get_read(struct api_call *call);

/* feed.c */
void feed_get_read(struct api_call *call);
void feed_get_render(struct api_call *call, const struct answer *answer);
void blocks_get_read(struct api_call *call);
void blocks_get_render(struct api_call *call, const struct answer *answer);
void invalid_get_read(struct api_call *call);
void invalid_get_render(struct api_call *call, const struct answer *answer);

/* tickets.c */
void tickets_get_read(struct api_call *call);
void tickets_find_read(struct api_call *call);
void tickets_get_render(struct api_call *call, const struct answer *answer);

/* tills.c */
void tills_get_read(struct api_call *call);
void tills_post_read(struct api_call *call);

#endif
