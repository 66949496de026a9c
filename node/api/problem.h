/* What went wrong, as RFC 9457 problem details. Codes are stable: programs read them. Sentences are
 * for people: what was refused, why, what to do next. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "render.h"
#include "tally/command.h"

/* What the API itself refuses, before the node is asked. */
enum problem {
    PROBLEM_TARGET = 1,   /* 400: path or query that may be read two ways */
    PROBLEM_QUERY,        /* 400: a parameter */
    PROBLEM_JSON,         /* 400 */
    PROBLEM_KEY,          /* 400: Idempotency-Key missing or not acceptable */
    PROBLEM_TOKEN,        /* 401 */
    PROBLEM_FORBIDDEN,    /* 403: the token's role does not include it */
    PROBLEM_NOT_FOUND,    /* 404: no such path */
    PROBLEM_METHOD,       /* 405 */
    PROBLEM_NAME_TAKEN,   /* 409: a till of that name is there */
    PROBLEM_CONTENT_TYPE, /* 415 */
    PROBLEM_MEMBER,       /* 422: a member of the body that is not known */
    PROBLEM_FIELD,        /* 422: the verdict's code "field" */
    PROBLEM_MISSING,      /* 422: the verdict's code "missing_field" */
    PROBLEM_AMOUNT,       /* 422: the verdict's code "amount" */
    PROBLEM_CURRENCY,     /* 422: the verdict's code "currency" */
    PROBLEM_UNKNOWN,      /* 503: the outcome is not known: repeat the same key */
    PROBLEM_BUSY,         /* 503: the verdict's code "busy" */
    PROBLEM_SPACE,        /* 507: the verdict's code "space": the tokens cannot be written */
    PROBLEM_INTERNAL,     /* 500 */
    PROBLEM_COUNT,
};

unsigned problem_status(enum problem problem);
const char *problem_code(enum problem problem);
const char *problem_title(enum problem problem);

/* HTTP status, title and sentence of a refusal by the rules. The answer gives the numbers. */
unsigned verdict_status(enum verdict verdict);
const char *verdict_title(enum verdict verdict);
void verdict_explain(const struct answer *answer, char *text, size_t size);

/* The members of a problem, into an open object. `field` may be NULL. */
void problem_render(struct render *out, enum problem problem, const char *field,
                    const char *detail);
/* The same for an answer with a refusal, with its numbers. */
void verdict_render(struct render *out, const struct answer *answer);

#endif
