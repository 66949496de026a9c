/* The data keys of members, one per (member, class), in an SQLite file of their own and never in
 * the store, whose files keep old values: destroying a key erases what it sealed. Each is wrapped
 * under the node's master key.
 *
 * A destroyed key stays destroyed (H3); a put never replaces a key. Any thread; one at a time
 * inside. */
#ifndef MEMBER_KEYS_H
#define MEMBER_KEYS_H

#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"

#include <stddef.h>
#include <stdint.h>

enum { MEMBER_KEYS_CACHED_MAX = 65536 /* unwrapped keys held in memory */ };

struct member_keys;

/* Opens `path`, or makes it with mode 0600; refuses one that others may read. Copies `master`. */
MUST_CHECK enum status member_keys_open(const char *path, const uint8_t master[static 32],
                                        struct member_keys **keys, struct explanation *explanation);
void member_keys_close(struct member_keys *keys);

/* STATUS_NOT_FOUND: none here, or destroyed. STATUS_FORGED: not wrapped by our master key. */
MUST_CHECK enum status member_keys_get(struct member_keys *keys, const struct subject_id *member,
                                       uint8_t class_number, uint8_t key[static 32]);

/* Durable before STATUS_OK (or, between begin and commit, when commit says so). Putting what is
 * there already is STATUS_OK; another key than the one there, or a destroyed one: STATUS_DENIED. */
MUST_CHECK enum status member_keys_put(struct member_keys *keys, const struct subject_id *member,
                                       uint8_t class_number, const uint8_t key[static 32]);

/* Durable before STATUS_OK: the key's bytes are gone from the file, and no put brings it back. Also
 * for a key that never was here. Not between begin and commit. */
MUST_CHECK enum status member_keys_destroy(struct member_keys *keys,
                                           const struct subject_id *member, uint8_t class_number);

/* Puts between begin and commit share one sync and are kept together or not at all. After a failed
 * commit none of them is. */
MUST_CHECK enum status member_keys_begin(struct member_keys *keys);
MUST_CHECK enum status member_keys_commit(struct member_keys *keys);

/* How many live keys there are. */
MUST_CHECK enum status member_keys_count(struct member_keys *keys, uint64_t *count);

#endif
