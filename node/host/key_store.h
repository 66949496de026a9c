/* The node's secret keys, in DIR/keys, outside the store: files of mode 0600 in a directory of mode
 * 0700, one key each. In memory they live in guarded, locked pages and are wiped on close. */
#ifndef KEY_STORE_H
#define KEY_STORE_H

#include "tally/bytes.h"
#include "tally/status.h"
#include "tally/world.h"

#include "explanation.h"
#include "member_keys.h"

#include <stdbool.h>
#include <stdint.h>

enum { KEY_Z85_SIZE = 41 /* 40 characters and a terminator, as libzmq wants */ };

struct key_store;

struct public_keys {
    uint8_t journal[32];   /* Ed25519 */
    uint8_t transport[32]; /* X25519, CURVE */
    uint8_t authority[32]; /* Ed25519; zeroes unless has_authority */
    bool has_authority;
    uint8_t next_authority[32]; /* prepared; zeroes unless has_next_authority */
    bool has_next_authority;
};

/* Makes `data_directory`/keys with fresh random keys; the authority's too if asked for. If it
 * exists STATUS_DENIED: keys are never overwritten. The data directory itself must exist. */
MUST_CHECK enum status key_store_create(const char *data_directory, bool with_authority,
                                        struct explanation *explanation);

/* The office prepares the authority's next key: made once, kept in keys/authority.next until it is
 * put in the place of the present one. Asked again it answers the same key. */
MUST_CHECK enum status key_store_prepare_authority(const char *data_directory,
                                                   uint8_t public_key[static 32],
                                                   struct explanation *explanation);
/* Puts it there. The caller has seen that the authority's journal goes on under it. */
MUST_CHECK enum status key_store_promote_authority(const char *data_directory,
                                                   struct explanation *explanation);

/* Loads the keys and opens the members' data keys. STATUS_NOT_FOUND: no keys; STATUS_DENIED: others
 * may read them; STATUS_MALFORMED: a damaged file; STATUS_BUSY: another process has them open. */
MUST_CHECK enum status key_store_open(const char *data_directory, struct key_store **keys,
                                      struct explanation *explanation);

/* Wipes and ends. NULL is allowed. */
void key_store_close(struct key_store *keys);

/* Signs as the authority with the prepared key from here on: `public_keys.authority` is that one.
 */
void key_store_use_next_authority(struct key_store *keys);

struct public_keys key_store_public(const struct key_store *keys);

/* Ed25519, detached. SIGNER_AUTHORITY only where there is an authority key. Any thread. */
void key_store_sign(const struct key_store *keys, enum signer signer, struct bytes body,
                    uint8_t signature[static 64]);

/* As world_node_secret. */
void key_store_node_secret(const struct key_store *keys, uint8_t secret[static 32]);

/* The X25519 secret, raw and as libzmq's options take it. The caller wipes what he got. */
void key_store_transport_secret(const struct key_store *keys, uint8_t secret[static 32]);
void key_store_transport_z85(const struct key_store *keys, char public_text[static KEY_Z85_SIZE],
                             char secret_text[static KEY_Z85_SIZE]);

/* The members' data keys; open as long as `keys` is. */
struct member_keys *key_store_members(const struct key_store *keys);

/* Any 32-byte key in Z85. */
void key_z85(const uint8_t key[static 32], char text[static KEY_Z85_SIZE]);

#endif
