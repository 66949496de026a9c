#include "fork_proof.h"

#include "block_codec.h"
#include "hash.h"
#include "reader.h"

bool fork_proof_of(const struct bytes headers[static 2], const struct bytes signatures[static 2],
                   struct fork_proof *proof)
{
    struct block_header decoded[2];
    for (int i = 0; i < 2; i++) {
        if (signatures[i].size != 64 || block_header_decode(headers[i], &decoded[i]) != STATUS_OK) {
            return false;
        }
        proof->headers[i] = headers[i];
        proof->signatures[i] = signatures[i];
        proof->ids[i] = hash_block_id(headers[i], signatures[i]);
    }
    proof->journal = decoded[0].journal;
    proof->seq = decoded[0].seq;
    return decoded[1].journal == proof->journal && decoded[1].seq == proof->seq &&
           !digest_equal(&proof->ids[0], &proof->ids[1]) && !journal_is_authority(proof->journal);
}

bool block_halves(struct bytes whole, struct bytes *header, struct bytes *signature)
{
    struct reader reader = reader_over(whole, BLOCK_EVENTS_MAX + 8);
    read_array(&reader, 3);
    *header = read_bin(&reader, BLOCK_HEADER_SIZE_MAX);
    *signature = read_bin(&reader, 64);
    return !reader_failed(&reader) && signature->size == 64;
}
