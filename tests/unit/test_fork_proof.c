/* S5: what is a proof that a journal has two histories, as far as its bytes say. */
#include "fork_proof.h"

#include "block_codec.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

struct half {
    uint8_t memory[BLOCK_HEADER_SIZE_MAX];
    uint8_t signature[64];
    struct bytes header;
};

static void make(struct half *half, uint64_t journal, uint64_t seq, uint64_t hlc)
{
    struct block_header header = {.version = 1,
                                  .journal = journal,
                                  .seq = seq,
                                  .hlc = hlc,
                                  .auth = 1,
                                  .rules = 1,
                                  .count = 1,
                                  .size = 8};
    struct buffer out = BUFFER_OVER(half->memory);
    assert_int_equal(block_header_encode(&header, &out), STATUS_OK);
    half->header = buffer_bytes(&out);
    memset(half->signature, (int)hlc, sizeof half->signature);
}

static bool proves(const struct half *a, const struct half *b, struct fork_proof *proof)
{
    const struct bytes headers[2] = {a->header, b->header};
    const struct bytes signatures[2] = {BYTES_OF(a->signature), BYTES_OF(b->signature)};
    return fork_proof_of(headers, signatures, proof);
}

static void two_headers_of_one_place_are_a_proof_and_name_it(void **state)
{
    (void)state;
    static struct half a;
    static struct half b;
    struct fork_proof proof;
    make(&a, journal_of(7, 1), 5, 100);
    make(&b, journal_of(7, 1), 5, 200);
    assert_true(proves(&a, &b, &proof));
    assert_int_equal(proof.journal, journal_of(7, 1));
    assert_int_equal(proof.seq, 5);
    assert_false(digest_equal(&proof.ids[0], &proof.ids[1]));
}

static void one_header_with_another_signature_is_a_proof_too(void **state)
{
    (void)state;
    static struct half a;
    static struct half b;
    struct fork_proof proof;
    make(&a, journal_of(7, 1), 5, 100);
    make(&b, journal_of(7, 1), 5, 100);
    b.signature[3] ^= 1;
    assert_true(proves(&a, &b, &proof));
}

static void nothing_else_is_a_proof(void **state)
{
    (void)state;
    static struct half a;
    static struct half b;
    struct fork_proof proof;
    make(&a, journal_of(7, 1), 5, 100);
    assert_false(proves(&a, &a, &proof)); /* one block, said twice */
    make(&b, journal_of(7, 1), 6, 200);
    assert_false(proves(&a, &b, &proof)); /* another place */
    make(&b, journal_of(8, 1), 5, 200);
    assert_false(proves(&a, &b, &proof)); /* another journal */
    make(&a, journal_of(0, 1), 5, 100);
    make(&b, journal_of(0, 1), 5, 200);
    assert_false(proves(&a, &b, &proof)); /* the authority's has an alarm of its own */
    make(&a, journal_of(7, 1), 5, 100);
    make(&b, journal_of(7, 1), 5, 200);
    b.header.size--;
    assert_false(proves(&a, &b, &proof)); /* damaged */
}

static void a_signature_of_another_size_proves_nothing(void **state)
{
    (void)state;
    static struct half a;
    static struct half b;
    struct fork_proof proof;
    make(&a, journal_of(7, 1), 5, 100);
    make(&b, journal_of(7, 1), 5, 200);
    const struct bytes headers[2] = {a.header, b.header};
    const struct bytes signatures[2] = {BYTES_OF(a.signature), bytes_of(b.signature, 63)};
    assert_false(fork_proof_of(headers, signatures, &proof));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_headers_of_one_place_are_a_proof_and_name_it),
        cmocka_unit_test(one_header_with_another_signature_is_a_proof_too),
        cmocka_unit_test(nothing_else_is_a_proof),
        cmocka_unit_test(a_signature_of_another_size_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
