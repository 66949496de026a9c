#include "manifest.h"

#include "hash.h"
#include "proto_samples.h"

#include <ctype.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

struct token {
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer manifest;
    struct invitation invitation;
    uint8_t text_memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer text;
};

static void token_make(struct token *token)
{
    token->manifest = BUFFER_OVER(token->memory);
    token->text = BUFFER_OVER(token->text_memory);
    sample_invitation(&token->invitation, &token->manifest);
    assert_int_equal(invitation_encode(&token->invitation, &token->text), STATUS_OK);
}

static void assert_same_invitation(const struct invitation *actual,
                                   const struct invitation *expected)
{
    assert_true(bytes_equal(actual->manifest, expected->manifest));
    assert_true(actual->journal == expected->journal);
    assert_memory_equal(actual->secret, expected->secret, 32);
    assert_true(bytes_equal(actual->endpoint, expected->endpoint));
    assert_memory_equal(actual->office_transport_key, expected->office_transport_key, 32);
    assert_true(bytes_equal(actual->name, expected->name));
    assert_true(actual->until_ms == expected->until_ms);
}

static void a_manifest_survives_damage(void **state)
{
    (void)state;
    struct manifest manifest;
    sample_manifest(&manifest);
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(manifest_encode(&manifest, &out), STATUS_OK);
    bytes_survive_damage(buffer_bytes(&out), manifest_survives);
    struct manifest read;
    assert_int_equal(manifest_decode(buffer_bytes(&out), &read), STATUS_OK);
    assert_true(bytes_equal(read.name, bytes_of("Blue Whale Swimming", 19)));
    assert_int_equal(read.root_count, 1);
    assert_int_equal(read.roots[0][31], 0x71);
    assert_int_equal(read.created_day, 20454);
}

static void the_largest_manifest_fits_its_bound(void **state)
{
    (void)state;
    static const char name[NAME_SIZE_MAX] = {'x'};
    struct manifest manifest = {.name = BYTES_OF(name), .threshold = 1, .root_count = ROOTS_MAX};
    manifest.created_day = UINT32_MAX;
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(manifest_encode(&manifest, &out), STATUS_OK);
    assert_int_equal(manifest_survives(buffer_bytes(&out)), STATUS_OK);
}

static void a_threshold_that_is_not_kept_is_refused(void **state)
{
    (void)state;
    uint8_t memory[256];
    struct buffer buffer = BUFFER_OVER(memory);
    const char *roots = "91c4207171717171717171717171717171717171717171717171717171717171717171";
    for (unsigned threshold = 0; threshold <= 2; threshold++) {
        buffer.size = 0;
        (void)hex("9501a161", &buffer);
        uint8_t byte = (uint8_t)threshold;
        assert_true(buffer_append(&buffer, bytes_of(&byte, 1)));
        (void)hex(roots, &buffer);
        (void)hex("05", &buffer);
        struct manifest manifest;
        assert_int_equal(manifest_decode(buffer_bytes(&buffer), &manifest),
                         threshold == 1 ? STATUS_OK : STATUS_MALFORMED);
    }
    struct manifest manifest;
    buffer.size = 0;
    assert_int_equal(manifest_decode(hex("9501a161019005", &buffer), &manifest),
                     STATUS_MALFORMED); /* no root at all */
    sample_manifest(&manifest);
    manifest.threshold = 2;
    buffer.size = 0;
    assert_int_equal(manifest_encode(&manifest, &buffer), STATUS_TOO_LARGE);
}

static void an_invitation_comes_back_as_it_was(void **state)
{
    (void)state;
    struct token token;
    token_make(&token);
    assert_memory_equal(token.text.data, "tally1-", 7);
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(memory);
    struct invitation read;
    assert_int_equal(invitation_decode(buffer_bytes(&token.text), &scratch, &read), STATUS_OK);
    assert_same_invitation(&read, &token.invitation);
}

static void an_invitation_forgives_how_it_was_copied(void **state)
{
    (void)state;
    struct token token;
    token_make(&token);
    uint8_t copied_memory[2 * INVITATION_TEXT_SIZE_MAX];
    struct buffer copied = BUFFER_OVER(copied_memory);
    for (size_t i = 0; i < token.text.size; i++) {
        uint8_t letter = token.text.data[i];
        if (letter == '0') {
            letter = 'O';
        } else if (letter == '1') {
            letter = i % 2 == 0 ? 'l' : 'I';
        } else {
            letter = (uint8_t)toupper(letter);
        }
        assert_true(buffer_append(&copied, bytes_of(&letter, 1)));
        if (i % 5 == 0) {
            assert_true(buffer_append(&copied, bytes_of(i % 10 == 0 ? " -" : "\r\n", 2)));
        }
    }
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(memory);
    struct invitation read;
    assert_int_equal(invitation_decode(buffer_bytes(&copied), &scratch, &read), STATUS_OK);
    assert_same_invitation(&read, &token.invitation);
}

static void an_invitation_survives_damage(void **state)
{
    (void)state;
    struct token token;
    token_make(&token);
    bytes_survive_damage(buffer_bytes(&token.text), invitation_survives);
}

static void a_wrong_letter_is_told_apart_from_a_wrong_alphabet(void **state)
{
    (void)state;
    struct token token;
    token_make(&token);
    uint8_t memory[INVITATION_TEXT_SIZE_MAX];
    struct buffer scratch = BUFFER_OVER(memory);
    struct invitation read;
    uint8_t *letter = &token.text.data[token.text.size / 2];
    *letter = *letter == 'a' ? 'b' : 'a';
    assert_int_equal(invitation_decode(buffer_bytes(&token.text), &scratch, &read), STATUS_FORGED);
    assert_int_equal(scratch.size, 0);
    *letter = 'u'; /* no letter of the alphabet */
    assert_int_equal(invitation_decode(buffer_bytes(&token.text), &scratch, &read),
                     STATUS_MALFORMED);
    assert_int_equal(invitation_decode(bytes_of("tally2-abc", 10), &scratch, &read),
                     STATUS_MALFORMED);
    assert_int_equal(invitation_decode(bytes_of("tally1-", 7), &scratch, &read), STATUS_MALFORMED);
    assert_int_equal(invitation_decode(bytes_of("", 0), &scratch, &read), STATUS_MALFORMED);
    struct buffer small = {memory, 0, 10};
    assert_int_equal(
        invitation_decode(bytes_of("tally1-000000000000000000000000", 31), &small, &read),
        STATUS_TOO_LARGE);
    assert_int_equal(small.size, 0);
}

static void a_text_has_no_letter_and_no_bit_too_many(void **state)
{
    (void)state;
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    for (size_t name_size = 1; name_size <= 5; name_size++) { /* each remainder by five bits */
        struct token token;
        token_make(&token);
        token.invitation.name.size = name_size;
        token.text.size = 0;
        assert_int_equal(invitation_encode(&token.invitation, &token.text), STATUS_OK);
        assert_int_equal(invitation_survives(buffer_bytes(&token.text)), STATUS_OK);

        size_t bits = (token.text.size - 7) * 5;
        if (bits % 8 != 0) { /* the last bit of the text encodes nothing */
            uint8_t *last = &token.text.data[token.text.size - 1];
            const char *at = strchr(letters, *last);
            assert_non_null(at);
            uint8_t kept = *last;
            *last = (uint8_t)letters[(size_t)(at - letters) | 1];
            assert_int_equal(invitation_survives(buffer_bytes(&token.text)), STATUS_MALFORMED);
            *last = kept;
        }
        assert_true(buffer_append(&token.text, bytes_of("0", 1)));
        assert_int_not_equal(invitation_survives(buffer_bytes(&token.text)), STATUS_OK);
    }
}

static void an_invitation_that_would_not_fit_is_refused(void **state)
{
    (void)state;
    static const char text[ENDPOINT_SIZE_MAX] = {'x'};
    struct token token;
    token_make(&token);
    struct buffer small = {token.text_memory, 0, token.text.size - 1};
    assert_int_equal(invitation_encode(&token.invitation, &small), STATUS_TOO_LARGE);
    assert_int_equal(small.size, 0);
    token.invitation.name = BYTES_OF(text);
    token.invitation.endpoint = BYTES_OF(text);
    token.text.size = 0;
    assert_int_equal(invitation_encode(&token.invitation, &token.text), STATUS_TOO_LARGE);
    assert_int_equal(token.text.size, 0);
}

static void names_of_usual_length_fit_an_invitation(void **state)
{
    (void)state;
    static const char text[60] = {'x'}; /* twenty Chinese characters */
    struct token token;
    token_make(&token);
    struct manifest manifest;
    sample_manifest(&manifest);
    manifest.name = BYTES_OF(text);
    uint8_t memory[MANIFEST_SIZE_MAX];
    struct buffer encoded = BUFFER_OVER(memory);
    assert_int_equal(manifest_encode(&manifest, &encoded), STATUS_OK);
    token.invitation.manifest = buffer_bytes(&encoded);
    token.invitation.name = BYTES_OF(text);
    token.invitation.endpoint = bytes_of("tcp://office.blue-whale.example.org:7700", 40);
    token.invitation.journal = journal_of(99999, 999);
    token.text.size = 0;
    assert_int_equal(invitation_encode(&token.invitation, &token.text), STATUS_OK);
    assert_int_equal(invitation_survives(buffer_bytes(&token.text)), STATUS_OK);
}

static void the_secret_seeds_a_key_pair_and_names_the_invitation(void **state)
{
    (void)state;
    uint8_t secret[32] = {7};
    uint8_t public_key[32];
    uint8_t secret_key[32];
    uint8_t expected[32];
    invitation_transport_keys(secret, public_key, secret_key);
    assert_int_equal(crypto_scalarmult_base(expected, secret_key), 0);
    assert_memory_equal(public_key, expected, 32);
    assert_memory_not_equal(secret_key, secret, 32);

    struct ticket_id name = invitation_name(secret);
    struct ticket_id again = invitation_name(secret);
    assert_true(ticket_equal(&name, &again));
    assert_memory_not_equal(name.bytes, secret, 16);
    secret[31] ^= 1;
    struct ticket_id other = invitation_name(secret);
    assert_false(ticket_equal(&name, &other));
}

static void a_join_is_signed_with_network_invitation_and_both_keys(void **state)
{
    (void)state;
    struct digest network = {{0x11}};
    struct ticket_id invitation = {{0x65}};
    uint8_t public_key[32] = {0x66};
    uint8_t transport_key[32] = {0x67};
    uint8_t memory[256];
    struct buffer out = BUFFER_OVER(memory);
    assert_int_equal(join_signed_bytes(&network, &invitation, public_key, transport_key, &out),
                     STATUS_OK);
    assert_int_equal(out.size, 13 + 32 + 16 + 32 + 32);
    assert_memory_equal(out.data, "tally/join/1", 13);
    assert_int_equal(out.data[13], 0x11);
    assert_int_equal(out.data[13 + 32], 0x65);
    assert_int_equal(out.data[13 + 48], 0x66);
    assert_int_equal(out.data[13 + 80], 0x67);
    struct buffer small = {memory, 0, out.size - 1};
    assert_int_equal(join_signed_bytes(&network, &invitation, public_key, transport_key, &small),
                     STATUS_TOO_LARGE);
    assert_int_equal(small.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_survives_damage),
        cmocka_unit_test(the_largest_manifest_fits_its_bound),
        cmocka_unit_test(a_threshold_that_is_not_kept_is_refused),
        cmocka_unit_test(an_invitation_comes_back_as_it_was),
        cmocka_unit_test(an_invitation_forgives_how_it_was_copied),
        cmocka_unit_test(an_invitation_survives_damage),
        cmocka_unit_test(a_wrong_letter_is_told_apart_from_a_wrong_alphabet),
        cmocka_unit_test(a_text_has_no_letter_and_no_bit_too_many),
        cmocka_unit_test(an_invitation_that_would_not_fit_is_refused),
        cmocka_unit_test(names_of_usual_length_fit_an_invitation),
        cmocka_unit_test(the_secret_seeds_a_key_pair_and_names_the_invitation),
        cmocka_unit_test(a_join_is_signed_with_network_invitation_and_both_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
