/* The audit of `tally verify`: a small network made by hand, then spoiled in one place at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit.h"

#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROOM = 2048, BLOCKS = 4 };

struct pair {
    uint8_t public_key[32];
    uint8_t secret_key[64];
};

/* One block as it is stored. */
struct stored {
    uint64_t journal;
    uint64_t seq;
    uint8_t memory[BLOCK_ROOM];
    struct buffer whole;
    struct digest id;
};

struct network {
    struct pair root;
    struct pair authority;
    struct pair branch;
    struct manifest manifest;
    struct digest network;
    struct stored blocks[BLOCKS]; /* two of the authority, two of branch 2 */
};

/* What each block is made from; tests spoil it before it is signed. */
struct draft {
    const struct pair *signer;
    struct block_header header;
    struct event event;
};

static const uint64_t authority_journal = 1;
static const uint64_t branch_journal = UINT64_C(2) << 16 | 1;

static struct pair pair_from(uint8_t seed_byte)
{
    struct pair pair;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    crypto_sign_seed_keypair(pair.public_key, pair.secret_key, seed);
    return pair;
}

static void block_make(const struct network *network, struct draft *draft, struct stored *stored)
{
    uint8_t event_memory[EVENT_SIZE_MAX];
    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    uint8_t body_memory[BLOCK_HEADER_SIZE_MAX + 128];
    struct buffer event = BUFFER_OVER(event_memory);
    struct buffer header = BUFFER_OVER(header_memory);
    struct buffer body = BUFFER_OVER(body_memory);
    uint8_t signature[64];
    struct block block;
    assert_int_equal(event_encode(&draft->event, &event), STATUS_OK);
    struct bytes events[1] = {buffer_bytes(&event)};
    struct digest leaf = hash_leaf(events[0]);
    draft->header.version = 1;
    draft->header.rules = 1;
    draft->header.count = 1;
    draft->header.size = (uint32_t)event.size;
    draft->header.root = hash_root(&leaf, 1);
    assert_int_equal(block_header_encode(&draft->header, &header), STATUS_OK);
    assert_int_equal(block_signed_bytes(&network->network, buffer_bytes(&header), &body),
                     STATUS_OK);
    crypto_sign_detached(signature, NULL, body.data, body.size, draft->signer->secret_key);
    stored->journal = draft->header.journal;
    stored->seq = draft->header.seq;
    stored->whole = (struct buffer){.data = stored->memory, .capacity = sizeof stored->memory};
    assert_int_equal(block_assemble(buffer_bytes(&header), signature, events, 1, &stored->whole),
                     STATUS_OK);
    assert_int_equal(block_decode(buffer_bytes(&stored->whole), &block), STATUS_OK);
    stored->id = block.id;
}

static struct event epoch_event(const struct network *network)
{
    uint8_t memory[512];
    struct buffer body = BUFFER_OVER(memory);
    struct event event = {.type = EVENT_AUTH_EPOCH, .known = true};
    event.body.auth_epoch.epoch = 1;
    event.body.auth_epoch.until_day = 30000;
    event.body.auth_epoch.signature_count = 1;
    memcpy(event.body.auth_epoch.public_key, network->authority.public_key, 32);
    assert_int_equal(auth_signed_bytes(&network->network, &event, &body), STATUS_OK);
    crypto_sign_detached(event.body.auth_epoch.signatures[0].signature, NULL, body.data, body.size,
                         network->root.secret_key);
    return event;
}

static struct event admission_event(const struct network *network)
{
    struct event event = {.type = EVENT_JOURNAL_ADMIT, .known = true};
    event.body.admit.journal = branch_journal;
    event.body.admit.roles = ROLE_MINT | ROLE_SELL;
    event.body.admit.name = bytes_of("Branch", 6);
    memcpy(event.body.admit.public_key, network->branch.public_key, 32);
    memset(event.body.admit.transport_key, 7, 32);
    return event;
}

static struct event freeze_event(void)
{
    struct event event = {.type = EVENT_ACCOUNT_FREEZE, .known = true};
    memset(event.subject.bytes, 9, sizeof event.subject.bytes);
    event.body.freeze.kind = FREEZE_LOSS;
    return event;
}

/* The draft of block `i`, given the blocks before it. */
static struct draft draft_of(const struct network *network, size_t i)
{
    bool authority = i < 2;
    bool first = i % 2 == 0;
    struct draft draft = {.signer = authority ? &network->authority : &network->branch};
    draft.header.journal = authority ? authority_journal : branch_journal;
    draft.header.seq = i % 2 + 1;
    draft.header.hlc = (UINT64_C(1800000000000) + i) << 16;
    draft.header.day = 20833;
    draft.event = !authority ? freeze_event()
                  : first    ? epoch_event(network)
                             : admission_event(network);
    if (!first) {
        draft.header.prev = network->blocks[i - 1].id;
    }
    draft.header.auth = authority ? i : 2;
    if (draft.header.auth > 0) {
        memcpy(draft.header.auth_id, network->blocks[draft.header.auth - 1].id.bytes, 16);
    }
    return draft;
}

static void block_make_usual(struct network *network, size_t i)
{
    struct draft draft = draft_of(network, i);
    block_make(network, &draft, &network->blocks[i]);
}

static int setup(void **state)
{
    struct network *network = calloc(1, sizeof *network);
    assert_non_null(network);
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer encoded = BUFFER_OVER(memory);
    network->root = pair_from(1);
    network->authority = pair_from(2);
    network->branch = pair_from(3);
    network->manifest = (struct manifest){
        .name = bytes_of("Chain", 5), .threshold = 1, .root_count = 1, .created_day = 20833};
    memcpy(network->manifest.roots[0], network->root.public_key, 32);
    assert_int_equal(manifest_encode(&network->manifest, &encoded), STATUS_OK);
    network->network = hash_network(buffer_bytes(&encoded));
    for (size_t i = 0; i < BLOCKS; i++) {
        block_make_usual(network, i);
    }
    *state = network;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static struct audit *audited(const struct network *network)
{
    struct audit *audit = audit_new(&network->manifest, &network->network);
    assert_non_null(audit);
    for (size_t i = 0; i < BLOCKS; i++) {
        const struct stored *stored = &network->blocks[i];
        if (stored->journal != 0) {
            audit_block(audit, stored->journal, stored->seq, buffer_bytes(&stored->whole));
        }
    }
    audit_finish(audit);
    return audit;
}

static void finds(const struct network *network, const char *sentence)
{
    struct audit *audit = audited(network);
    assert_true(audit->findings > 0);
    bool said = false;
    for (uint64_t i = 0; i < audit->findings && i < AUDIT_FINDINGS_MAX; i++) {
        said = said || strstr(audit->sentences[i], sentence) != NULL;
    }
    assert_true(said);
    audit_free(audit);
}

static void a_network_without_fault_has_no_findings(void **state)
{
    const struct network *network = *state;
    struct audit *audit = audited(network);
    assert_int_equal(audit->findings, 0);
    const struct audit_journal *branch = audit_find(audit, branch_journal);
    assert_non_null(branch);
    assert_string_equal(branch->name, "Branch");
    assert_int_equal(branch->blocks, 2);
    assert_int_equal(branch->events, 2);
    assert_int_equal(branch->seq, 2);
    assert_true(digest_equal(&branch->id, &network->blocks[3].id));
    audit_free(audit);
}

static void a_flipped_bit_is_found_wherever_it_is(void **state)
{
    struct network *network = *state;
    struct stored *stored = &network->blocks[3];
    for (size_t at = 0; at < stored->whole.size; at++) {
        stored->memory[at] ^= 1;
        struct audit *audit = audited(network);
        assert_true(audit->findings > 0);
        audit_free(audit);
        stored->memory[at] ^= 1;
    }
}

static void a_missing_block_is_found(void **state)
{
    struct network *network = *state;
    network->blocks[2].journal = 0;
    finds(network, "blocks are missing");
}

static void a_block_of_another_past_is_found(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 3);
    draft.header.prev.bytes[0] ^= 1;
    block_make(network, &draft, &network->blocks[3]);
    finds(network, "block 2.1-2: does not name the block before it");
}

static void a_stranger_s_signature_is_found(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 3);
    struct pair stranger = pair_from(9);
    draft.signer = &stranger;
    block_make(network, &draft, &network->blocks[3]);
    finds(network, "block 2.1-2: the signature does not hold");
}

static void an_authority_that_the_root_did_not_sign_is_found(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 0);
    draft.event.body.auth_epoch.signatures[0].signature[0] ^= 1;
    block_make(network, &draft, &network->blocks[0]);
    block_make_usual(network, 1);
    block_make_usual(network, 2);
    block_make_usual(network, 3);
    finds(network, "the root of the manifest did not sign");
}

static void a_root_that_signs_twice_counts_once(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 0);
    draft.event.body.auth_epoch.signature_count = 2;
    draft.event.body.auth_epoch.signatures[1] = draft.event.body.auth_epoch.signatures[0];
    block_make(network, &draft, &network->blocks[0]);
    block_make_usual(network, 1);
    block_make_usual(network, 2);
    block_make_usual(network, 3);
    network->manifest.threshold = 2;
    network->manifest.root_count = 2;
    finds(network, "the root of the manifest did not sign");
}

static void a_journal_that_nobody_admitted_is_found(void **state)
{
    struct network *network = *state;
    for (size_t i = 2; i < BLOCKS; i++) {
        struct draft draft = draft_of(network, i);
        draft.header.journal = UINT64_C(3) << 16 | 1;
        block_make(network, &draft, &network->blocks[i]);
    }
    finds(network, "block 3.1-1: the authority never admitted this journal");
}

static void an_authority_block_that_is_not_here_is_found(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 3);
    draft.header.auth_id[0] ^= 1;
    block_make(network, &draft, &network->blocks[3]);
    finds(network, "names an authority block that is not here");
}

static void time_that_stands_still_is_found(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 3);
    draft.header.hlc = draft_of(network, 2).header.hlc;
    block_make(network, &draft, &network->blocks[3]);
    finds(network, "is not later than the one before it");
}

static void a_block_that_builds_on_nothing_is_found(void **state)
{
    struct network *network = *state;
    struct draft draft = draft_of(network, 3);
    draft.header.dep_count = 1;
    draft.header.deps[0] = (struct block_dep){.journal = UINT64_C(5) << 16 | 1, .seq = 1};
    block_make(network, &draft, &network->blocks[3]);
    finds(network, "block 2.1-2: builds on a block that is not here");
}

static void a_block_under_another_number_is_found(void **state)
{
    struct network *network = *state;
    network->blocks[3].seq = 3;
    finds(network, "another block stands under this number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_network_without_fault_has_no_findings, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_found_wherever_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_block_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_of_another_past_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stranger_s_signature_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(an_authority_that_the_root_did_not_sign_is_found, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_root_that_signs_twice_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_journal_that_nobody_admitted_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(an_authority_block_that_is_not_here_is_found, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(time_that_stands_still_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_that_builds_on_nothing_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_under_another_number_is_found, setup, teardown),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
