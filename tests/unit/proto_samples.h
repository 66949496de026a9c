/* One well-formed value of each kind that travels, for the tests of the codecs; and bytes as hex.
 */
#ifndef PROTO_SAMPLES_H
#define PROTO_SAMPLES_H

#include "tally/event.h"
#include "tally/message.h"

#include "ledger_samples.h"
#include "manifest.h"

enum {
    SAMPLE_EVENTS = 17 + LEDGER_SAMPLES,
    SAMPLE_MESSAGES = 20,
};

/* The first two are the top-up and the sale of the worked example (proto/README.md), the others one
 * of each type with every element and list in use. */
void sample_event(size_t number, struct event *event);
void sample_message(size_t number, struct message *message);
void sample_manifest(struct manifest *manifest);
/* `memory` (MANIFEST_SIZE_MAX) holds the manifest inside. */
void sample_invitation(struct invitation *invitation, struct buffer *memory);

/* The worked example: branch 7, seed 00 01 .. 1f, network 11.., one block of two events. */
struct worked_example {
    struct digest network;
    uint8_t public_key[32];
    uint8_t secret_key[64];
    uint8_t event_memory[2][256];
    struct bytes events[2];
    struct digest leaves[2];
    struct block_header header;
    uint8_t header_memory[256];
    struct bytes header_bytes;
    uint8_t signature[64];
    uint8_t block_memory[512];
    struct bytes block;
};

void worked_example_make(struct worked_example *example);

/* Bytes of hex digits; white space is skipped. Fails the test on anything else. */
struct bytes hex(const char *digits, struct buffer *memory);

/* Decodes, encodes again and compares where this version knows all that is there. Returns the
 * status of the decoding. */
enum status event_survives(struct bytes input);
enum status message_survives(struct bytes input);
enum status block_survives(struct bytes input);
enum status manifest_survives(struct bytes input);
enum status invitation_survives(struct bytes input);

/* Every truncation of `valid` must be refused, and every change of one byte refused or survived. */
void bytes_survive_damage(struct bytes valid, enum status (*survives)(struct bytes));

#endif
