/* The target of a request, taken apart: "/v1/accounts/{id}?from=..". Only the origin form, and
 * nothing that two programs could read differently: no "%00", no encoded "/" or ".", no empty, "."
 * or ".." segment. A "+" is a plus sign. */
#ifndef TARGET_H
#define TARGET_H

#include "tally/bytes.h"

enum {
    TARGET_SIZE_MAX = 2048,
    TARGET_SEGMENTS_MAX = 6,
    TARGET_PARAMETERS_MAX = 12,
};

struct target_parameter {
    struct bytes name;
    struct bytes value;
    bool used;
};

struct target {
    uint32_t segment_count;
    struct bytes segments[TARGET_SEGMENTS_MAX]; /* decoded */
    uint32_t parameter_count;
    struct target_parameter parameters[TARGET_PARAMETERS_MAX]; /* decoded */
};

/* True if the raw target may be looked at at all (see above). `why` is a static sentence. */
bool target_is_sound(const char *raw, const char **why);

/* `memory` is at least as large as `raw` and keeps the decoded pieces. False with a static sentence
 * in `why`: not sound, too many pieces, or a parameter twice. */
bool target_parse(const char *raw, uint8_t *memory, struct target *target, const char **why);

#endif
