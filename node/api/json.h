/* JSON from outside, strictly: one object, UTF-8, no name twice, at most JSON_DEPTH_MAX levels, no
 * number that jansson would have to round. What is refused is said in a sentence for people. */
#ifndef JSON_H
#define JSON_H

#include "tally/bytes.h"

#include <jansson.h>

enum {
    JSON_DEPTH_MAX = 16,
    JSON_BODY_SIZE_MAX = 64 * 1024,
};

/* Brackets outside strings go at most JSON_DEPTH_MAX deep, and no number is written "-0". Looks at
 * nothing else, and never recurses. */
bool json_is_shallow(struct bytes text);

/* The object (json_decref), or NULL and why in `why`. */
json_t *json_parse_object(struct bytes text, char *why, size_t why_size);

/* BLAKE2b-128 over the method, the route and the object with sorted names and no spaces: the same
 * wish however it was typed. */
void json_hash_request(const char *method, const char *route, const json_t *object,
                       uint8_t hash[static 16]);

#endif
