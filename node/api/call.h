/* Inside the API: one call, and what the resources' handlers may do with it. A handler reads
 * everything it wants and fills the request; the first refusal stands, and later reads give zeros.
 */
#ifndef CALL_H
#define CALL_H

#include "api.h"
#include "auth.h"
#include "json.h"
#include "problem.h"
#include "render.h"
#include "target.h"

struct route;

enum {
    CALL_WAIT_MS_MAX = 10000,
    CALL_CURSOR_MAX = 96, /* sizeof page.cursor */
};

struct api_call {
    struct api *api;
    const struct route *route;
    const struct token *token; /* NULL on routes for everybody */
    struct target target;
    uint8_t *target_memory;
    json_t *body;
    bool refused; /* the response is a problem */
    bool ready;   /* the response is made */
    bool asks;    /* request is to be put to the node */
    struct request request;
    struct page *page;
    uint8_t cursor[CALL_CURSOR_MAX];
    struct render out;
    struct api_response response;
    char allow[48];
};

/* Makes the response a problem, unless it is one already. `field` names what is wrong, or NULL. */
__attribute__((format(printf, 4, 5))) void call_refuse(struct api_call *call, enum problem problem,
                                                       const char *field, const char *detail, ...);

/* The response is what stands in call->out. */
void call_finish(struct api_call *call, unsigned status, const char *content_type);
/* The same for bytes that live as long as the program. */
void call_finish_static(struct api_call *call, unsigned status, const char *content_type,
                        struct bytes body);
void call_header(struct api_call *call, const char *name, const char *value);

/* 1 to IDEMPOTENCY_KEY_SIZE_MAX printable ASCII characters. */
bool key_is_sound(struct bytes key);
/* The fact that a command wrote: event, at, replayed. */
void call_render_fact(struct api_call *call, const struct answer *answer);
/* East of UTC: the organisation's, as the host last said (api_set_zone). */
int32_t call_zone_minutes(const struct api_call *call);

/* The value of a parameter of the query; empty when absent. Those never asked for are refused. */
struct bytes query_text(struct api_call *call, const char *name);
uint64_t query_count(struct api_call *call, const char *name, uint64_t min, uint64_t max,
                     uint64_t fallback);
/* A card number; empty when absent. */
struct bytes query_card(struct api_call *call);
/* "YYYY-MM-DD"; 0 when absent. */
uint32_t query_day(struct api_call *call, const char *name);
/* A date (its first or, if `end`, last millisecond in the organisation's zone) or an RFC 3339 time;
 * 0 when absent. */
int64_t query_moment(struct api_call *call, const char *name, bool end);
/* limit (or the fallback) and cursor of a page, into the request. */
void query_page(struct api_call *call, uint32_t fallback);
/* Refuses parameters that nobody asked for. */
void query_done(struct api_call *call);

/* Segment `index` of the path as 32 hex digits; refused as `problem` says otherwise. */
void path_subject(struct api_call *call, uint32_t index, enum verdict unknown,
                  struct subject_id *id);
/* CARD_NUMBER_SIZE digits. */
bool card_is_formed(struct bytes card);
/* Makes the response what the rules refused. */
void call_refuse_answer(struct api_call *call, const struct answer *answer);
/* The same where the API can tell by itself. */
void call_refuse_verdict(struct api_call *call, enum verdict verdict);

#endif
