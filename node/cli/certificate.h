/* The certificate of an authority key as a file that people carry: JSON, so that who signs can read
 * what he signs. A request is one without signatures. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "tally/event.h"
#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"
#include "manifest.h"

struct certificate {
    struct digest network;
    uint8_t manifest[512]; /* encoded: names the roots that may sign */
    uint32_t manifest_size;
    struct event epoch; /* AUTH.EPOCH */
};

/* STATUS_MALFORMED: something is missing, wrong, or too much. */
MUST_CHECK enum status certificate_load(const char *path, struct certificate *certificate,
                                        struct explanation *explanation);
/* A new file; STATUS_DENIED if it exists. */
MUST_CHECK enum status certificate_save(const char *path, const struct certificate *certificate,
                                        struct explanation *explanation);

#endif
