/* Is this request framed so that every program on its way reads the same bytes as the same request?
 * libmicrohttpd accepts forms whose body it then serves as a second request; here they are refused.
 * Give it every header line in turn, then ask once. Pure. */
#ifndef FRAMING_H
#define FRAMING_H

#include "tally/bytes.h"

enum {
    FRAMING_BODY_SIZE_MAX = 64 * 1024,
    FRAMING_METHOD_SIZE_MAX = 16,
};

/* Headers that may stand in a request once only. */
enum framing_header {
    FRAMING_CONTENT_LENGTH,
    FRAMING_TRANSFER_ENCODING,
    FRAMING_HOST,
    FRAMING_AUTHORIZATION,
    FRAMING_COOKIE,
    FRAMING_CONTENT_TYPE,
    FRAMING_CONTENT_ENCODING,
    FRAMING_ORIGIN,
    FRAMING_IDEMPOTENCY_KEY,
    FRAMING_EXPECT,
    FRAMING_HEADER_COUNT,
};

/* Zeroed at first. Texts are borrowed from whoever gave the headers. */
struct framing {
    const char *values[FRAMING_HEADER_COUNT]; /* NULL = absent */
    unsigned status;                          /* 0, or the status of the first refusal */
    const char *why;                          /* a sentence without quotes */
    size_t body_size;                         /* what Content-Length says; after framing_end */
};

/* `value` ends with a terminator beyond its size. */
void framing_header(struct framing *framing, struct bytes name, struct bytes value);

/* True if the request may be served. Else `status` and `why` say what to answer, and the connection
 * must be closed after the answer, whatever came behind. */
bool framing_end(struct framing *framing, const char *method, const char *target,
                 const char *version);

#endif
