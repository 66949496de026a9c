/* The table of routes: what may be asked, by whom, and which handlers read the wish and write the
 * answer. openapi.yaml lists the same, and a test compares them. */
#ifndef ROUTE_H
#define ROUTE_H

#include "call.h"

enum route_need {
    ROUTE_KEY = 1,   /* a command: needs an Idempotency-Key */
    ROUTE_BODY = 2,  /* needs a JSON object */
    ROUTE_ROWS = 4,  /* the answer is a page: more, cursor */
    ROUTE_FRESH = 8, /* the answer says as of which frontier */
};

struct route {
    const char *method;
    const char *pattern;    /* "{..}" stands for one segment */
    uint8_t roles;          /* enum token_role, any of; 0 = everybody, without a token */
    uint8_t needs;          /* enum route_need, any of */
    enum command_kind kind; /* 0: answered here, by `read` */
    void (*read)(struct api_call *call);
    /* Members of the answer, into an open object. */
    void (*render)(struct api_call *call, const struct answer *answer);
};

/* The table; `*count` long. */
const struct route *route_table(size_t *count);

/* The route of this method and path, HEAD being GET without the body. NULL: no such path, and
 * `allow` is empty; or the path has other methods, and `allow` names them ("GET, POST"). */
const struct route *route_find(const char *method, const struct target *target, char *allow,
                               size_t allow_size);

/* The route whose command this is, for answers that are read again later; or NULL. */
const struct route *route_of_kind(enum command_kind kind);

#endif
