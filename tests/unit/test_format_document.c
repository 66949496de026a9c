/* proto/README.md is the format's specification. Each of its vectors is computed here again. */
#include "block_codec.h"
#include "event_codec.h"
#include "hash.h"
#include "manifest.h"
#include "message_codec.h"
#include "names.h"
#include "proto_samples.h"
#include "sealed.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

enum {
    VECTORS_MAX = 160,
    VECTOR_SIZE_MAX = 1024,
    NAME_MAX_SIZE = 40,
    DOCUMENT_SIZE_MAX = 64 * 1024,
};

struct vector {
    char name[NAME_MAX_SIZE];
    bool is_text;
    bool compared;
    size_t size;
    uint8_t bytes[VECTOR_SIZE_MAX];
};

struct vectors {
    size_t count;
    struct vector list[VECTORS_MAX];
};

static void vector_add(struct vectors *vectors, const char *name, struct bytes value)
{
    assert_true(vectors->count < VECTORS_MAX);
    struct vector *vector = &vectors->list[vectors->count++];
    memset(vector, 0, sizeof *vector);
    int size = snprintf(vector->name, sizeof vector->name, "%s", name);
    assert_true(size > 0 && (size_t)size < sizeof vector->name);
    assert_true(value.size <= sizeof vector->bytes);
    memcpy(vector->bytes, value.data, value.size);
    vector->size = value.size;
}

static void events_add(struct vectors *vectors)
{
    for (size_t i = 2; i < SAMPLE_EVENTS; i++) {
        struct event event;
        uint8_t memory[EVENT_SIZE_MAX];
        struct buffer out = BUFFER_OVER(memory);
        sample_event(i, &event);
        assert_int_equal(event_encode(&event, &out), STATUS_OK);
        char name[NAME_MAX_SIZE];
        (void)snprintf(name, sizeof name, "event-%s", event_type_name(event.type));
        vector_add(vectors, name, buffer_bytes(&out));
    }
}

static void messages_add(struct vectors *vectors)
{
    static struct message message;
    static uint8_t memory[FRAME_SIZE_MAX];
    for (size_t i = 0; i < SAMPLE_MESSAGES; i++) {
        struct buffer out = BUFFER_OVER(memory);
        sample_message(i, &message);
        assert_int_equal(message_encode(&message, &out), STATUS_OK);
        char name[NAME_MAX_SIZE];
        (void)snprintf(name, sizeof name, "message-%s", message_name(message.kind));
        vector_add(vectors, name, buffer_bytes(&out));
    }
}

static void digest_add(struct vectors *vectors, const char *name, struct digest digest)
{
    vector_add(vectors, name, BYTES_OF(digest.bytes));
}

static void lot_add(struct vectors *vectors, const char *name, struct lot_id lot)
{
    vector_add(vectors, name, BYTES_OF(lot.bytes));
}

static void worked_add(struct vectors *vectors, const struct worked_example *worked)
{
    uint64_t journal = worked->header.journal;
    struct digest id = hash_block_id(worked->header_bytes, BYTES_OF(worked->signature));
    vector_add(vectors, "worked-public-key", BYTES_OF(worked->public_key));
    vector_add(vectors, "worked-event-0", worked->events[0]);
    vector_add(vectors, "worked-event-1", worked->events[1]);
    digest_add(vectors, "worked-leaf-0", worked->leaves[0]);
    digest_add(vectors, "worked-leaf-1", worked->leaves[1]);
    lot_add(vectors, "worked-lot-0", hash_issued_lot(journal, 1, &worked->leaves[0], 0));
    lot_add(vectors, "worked-lot-1", hash_issued_lot(journal, 1, &worked->leaves[0], 1));
    lot_add(vectors, "worked-refund-lot-0", hash_refund_lot(journal, 1, &worked->leaves[1], 0));
    lot_add(vectors, "worked-refund-lot-1", hash_refund_lot(journal, 1, &worked->leaves[1], 1));
    digest_add(vectors, "worked-root", worked->header.root);
    vector_add(vectors, "worked-header", worked->header_bytes);
    vector_add(vectors, "worked-signature", BYTES_OF(worked->signature));
    digest_add(vectors, "worked-block-id", id);
    digest_add(vectors, "worked-block-hash", hash_bytes(worked->block));

    uint8_t memory[128];
    struct buffer body = BUFFER_OVER(memory);
    uint8_t signature[64];
    assert_int_equal(head_signed_bytes(&worked->network, journal, 1, &id, &body), STATUS_OK);
    crypto_sign_detached(signature, NULL, body.data, body.size, worked->secret_key);
    vector_add(vectors, "worked-head-signature", BYTES_OF(signature));
}

static void deps_header_add(struct vectors *vectors, const struct worked_example *worked,
                            struct bytes event)
{
    struct digest leaf = hash_leaf(event);
    struct block_header header = worked->header;
    header.seq = 2;
    header.prev = hash_block_id(worked->header_bytes, BYTES_OF(worked->signature));
    header.hlc++;
    header.count = 1;
    header.size = (uint32_t)event.size;
    header.root = hash_root(&leaf, 1);
    header.dep_count = 2;
    header.deps[0] = (struct block_dep){.journal = journal_of(3, 1), .seq = 5};
    header.deps[1] = (struct block_dep){.journal = journal_of(8, 2), .seq = 70000};
    memset(header.deps[0].id.bytes, 0x33, 32);
    memset(header.deps[1].id.bytes, 0x44, 32);

    uint8_t header_memory[BLOCK_HEADER_SIZE_MAX];
    uint8_t memory[512];
    uint8_t signature[64];
    struct buffer out = BUFFER_OVER(header_memory);
    struct buffer body = BUFFER_OVER(memory);
    assert_int_equal(block_header_encode(&header, &out), STATUS_OK);
    assert_int_equal(block_signed_bytes(&worked->network, buffer_bytes(&out), &body), STATUS_OK);
    crypto_sign_detached(signature, NULL, body.data, body.size, worked->secret_key);
    vector_add(vectors, "deps-header", buffer_bytes(&out));
    vector_add(vectors, "deps-signature", BYTES_OF(signature));
    digest_add(vectors, "deps-block-id", hash_block_id(buffer_bytes(&out), BYTES_OF(signature)));
}

static void trees_add(struct vectors *vectors, const struct worked_example *worked)
{
    struct digest leaves[5];
    uint8_t small_memory[16];
    for (uint8_t i = 5; i >= 1; i--) {
        struct buffer buffer = BUFFER_OVER(small_memory);
        (void)hex("97cd03e700c400c400000091", &buffer);
        assert_true(buffer_append(&buffer, bytes_of(&i, 1)));
        leaves[i - 1] = hash_leaf(buffer_bytes(&buffer));
        if (i == 1) {
            assert_true(event_envelope_holds(buffer_bytes(&buffer)));
            vector_add(vectors, "small-event-1", buffer_bytes(&buffer));
            deps_header_add(vectors, worked, buffer_bytes(&buffer));
        }
    }
    digest_add(vectors, "tree-1", hash_root(leaves, 1));
    digest_add(vectors, "tree-3", hash_root(leaves, 3));
    digest_add(vectors, "tree-5", hash_root(leaves, 5));
}

static void names_add(struct vectors *vectors, const struct worked_example *worked)
{
    struct subject_id account;
    memset(account.bytes, 0xaa, 16);
    struct lot_terms terms = {BUCKET_POINTS, 1, 20454, 20819, 5, bytes_of("2026-01", 7)};
    lot_add(vectors, "shared-lot", hash_shared_lot(&account, &terms));

    struct ticket_id ticket = hash_ticket(3, bytes_of("sale-1", 6));
    vector_add(vectors, "ticket", BYTES_OF(ticket.bytes));
    uint8_t card[16];
    hash_card(bytes_of("7000070010000011", 16), card);
    vector_add(vectors, "card", BYTES_OF(card));
    uint8_t secret[32];
    uint8_t blind[16];
    memset(secret, 1, 32);
    hash_blind(secret, bytes_of("13800000000", 11), blind);
    vector_add(vectors, "blind-index", BYTES_OF(blind));

    struct digest sum = {{0}};
    digest_sum_add(&sum, bytes_of("a", 1), bytes_of("1", 1));
    digest_sum_add(&sum, bytes_of("bc", 2), bytes_of("", 0));
    digest_add(vectors, "row-sum", sum);

    struct event epoch;
    sample_event(2, &epoch);
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    assert_int_equal(auth_signed_bytes(&worked->network, &epoch, &body), STATUS_OK);
    vector_add(vectors, "certificate-signed", buffer_bytes(&body));
}

static void sealed_add(struct vectors *vectors)
{
    uint8_t key[32];
    uint8_t nonce[24];
    for (uint8_t i = 0; i < 32; i++) {
        key[i] = i;
    }
    memset(nonce, 2, 24);
    struct seal_context context = {
        .event_type = EVENT_MEMBER_ENROL, .class_number = CLASS_SERVICE, .key_number = 1};
    memset(context.member.bytes, 0xcc, 16);
    uint8_t memory[SEALED_SIZE_MAX];
    struct buffer box = BUFFER_OVER(memory);
    assert_int_equal(seal_field(key, nonce, &context, bytes_of("Wang Fang", 9), &box), STATUS_OK);
    vector_add(vectors, "sealed-field", buffer_bytes(&box));
}

static void invitation_add(struct vectors *vectors)
{
    uint8_t memory[MANIFEST_SIZE_MAX];
    uint8_t text_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer manifest = BUFFER_OVER(memory);
    struct buffer text = BUFFER_OVER(text_memory);
    struct invitation invitation;
    sample_invitation(&invitation, &manifest);
    assert_int_equal(invitation_encode(&invitation, &text), STATUS_OK);
    vector_add(vectors, "manifest", buffer_bytes(&manifest));
    digest_add(vectors, "network-id", hash_network(buffer_bytes(&manifest)));
    vector_add(vectors, "invitation", buffer_bytes(&text));
    vectors->list[vectors->count - 1].is_text = true;

    struct ticket_id name = invitation_name(invitation.secret);
    uint8_t public_key[32];
    uint8_t secret_key[32];
    invitation_transport_keys(invitation.secret, public_key, secret_key);
    vector_add(vectors, "invitation-name", BYTES_OF(name.bytes));
    vector_add(vectors, "invitation-transport-key", BYTES_OF(public_key));
}

static void vectors_compute(struct vectors *vectors)
{
    static struct worked_example worked;
    worked_example_make(&worked);
    vectors->count = 0;
    events_add(vectors);
    messages_add(vectors);
    worked_add(vectors, &worked);
    trees_add(vectors, &worked);
    names_add(vectors, &worked);
    sealed_add(vectors);
    invitation_add(vectors);
    for (size_t i = 0; i < vectors->count; i++) {
        for (char *letter = vectors->list[i].name; *letter != 0; letter++) {
            if (*letter == '_') {
                *letter = '-';
            }
        }
    }
}

/* As it stands in the document, for who has to mend it. */
static void vector_print(const struct vector *vector)
{
    print_message("```%s %s\n", vector->is_text ? "text" : "hex", vector->name);
    for (size_t i = 0; i < vector->size; i++) {
        bool wraps = i > 0 && i % (vector->is_text ? 100 : 50) == 0;
        print_message(vector->is_text ? "%s%c" : "%s%02x", wraps ? "\n" : "", vector->bytes[i]);
    }
    print_message("\n```\n");
}

static struct vector *vector_named(struct vectors *vectors, const char *name)
{
    for (size_t i = 0; i < vectors->count; i++) {
        if (strcmp(vectors->list[i].name, name) == 0) {
            return &vectors->list[i];
        }
    }
    return NULL;
}

static void vector_compare(struct vectors *vectors, const char *name, char *content)
{
    struct vector *vector = vector_named(vectors, name);
    if (vector == NULL) {
        fail_msg("proto/README.md has a vector \"%s\" that nothing computes", name);
        return;
    }
    uint8_t memory[2 * VECTOR_SIZE_MAX];
    struct buffer buffer = BUFFER_OVER(memory);
    if (vector->is_text) {
        for (const char *letter = content; *letter != 0; letter++) {
            assert_true(*letter == '\n' || buffer_append(&buffer, bytes_of(letter, 1)));
        }
    } else {
        (void)hex(content, &buffer);
    }
    vector->compared = true;
    if (!bytes_equal(buffer_bytes(&buffer), bytes_of(vector->bytes, vector->size))) {
        vector_print(vector);
        fail_msg("proto/README.md differs from the code in \"%s\"; the code says the above", name);
    }
}

static char *document_read(void)
{
    FILE *file = fopen(TALLY_SOURCE_DIR "/proto/README.md", "rb");
    assert_non_null(file);
    char *text = calloc(1, DOCUMENT_SIZE_MAX);
    assert_non_null(text);
    size_t size = fread(text, 1, DOCUMENT_SIZE_MAX - 1, file);
    assert_in_range(size, 1, DOCUMENT_SIZE_MAX - 2);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Calls vector_compare on each block that opens with ```hex NAME or ```text NAME. */
static void document_compare(struct vectors *vectors, char *text)
{
    char *at = text;
    while ((at = strstr(at, "\n```")) != NULL) {
        char kind[8];
        char name[NAME_MAX_SIZE];
        at += 4;
        assert_int_equal(sscanf(at, "%7s %39s", kind, name), 2);
        char *content = strchr(at, '\n');
        assert_non_null(content);
        char *end = strstr(content, "\n```");
        assert_non_null(end);
        *end = 0;
        vector_compare(vectors, name, content);
        at = end + 4;
    }
}

static void every_vector_of_the_document_is_what_the_code_computes(void **state)
{
    (void)state;
    static struct vectors vectors;
    vectors_compute(&vectors);
    char *text = document_read();
    document_compare(&vectors, text);
    free(text);
    size_t missing = 0;
    for (size_t i = 0; i < vectors.count; i++) {
        if (!vectors.list[i].compared) {
            vector_print(&vectors.list[i]);
            missing++;
        }
    }
    assert_int_equal(missing, 0); /* proto/README.md lacks the vectors printed above */
}

/* The fuzzers start from the vectors. With TALLY_WRITE_SEEDS in the environment the test makes the
 * files that it otherwise compares. */
static void seed_compare(const char *folder, const struct vector *vector)
{
    char path[1024];
    int size = snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s/%s", TALLY_SOURCE_DIR, folder,
                        vector->name);
    assert_true(size > 0 && (size_t)size < sizeof path);
    bool writes = getenv("TALLY_WRITE_SEEDS") != NULL;
    FILE *file = fopen(path, writes ? "wb" : "rb");
    if (file == NULL) {
        fail_msg("%s is missing", path);
        return;
    }
    uint8_t read[VECTOR_SIZE_MAX + 1];
    if (writes) {
        assert_int_equal(fwrite(vector->bytes, 1, vector->size, file), vector->size);
    } else {
        assert_int_equal(fread(read, 1, sizeof read, file), vector->size);
        assert_memory_equal(read, vector->bytes, vector->size);
    }
    assert_int_equal(fclose(file), 0);
}

static void the_fuzzers_start_from_the_vectors(void **state)
{
    (void)state;
    static struct vectors vectors;
    vectors_compute(&vectors);
    size_t seeds = 0;
    for (size_t i = 0; i < vectors.count; i++) {
        const struct vector *vector = &vectors.list[i];
        static const char *const folders[] = {"event", "message", "manifest", "invitation"};
        for (size_t j = 0; j < 4; j++) {
            size_t length = strlen(folders[j]);
            bool lists = j < 2 && vector->name[length] == '-';
            bool single = j >= 2 && vector->name[length] == 0;
            if (strncmp(vector->name, folders[j], length) == 0 && (lists || single)) {
                seed_compare(folders[j], vector);
                seeds++;
            }
        }
    }
    assert_int_equal(seeds, SAMPLE_EVENTS - 2 + SAMPLE_MESSAGES + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fuzzers_start_from_the_vectors),
        cmocka_unit_test(every_vector_of_the_document_is_what_the_code_computes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
