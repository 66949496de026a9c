#include "epochs.h"

#include "journal.h"

#include "event_codec.h"
#include "manifest.h"

bool authority_epoch_holds(struct node *node, const struct event *epoch)
{
    struct manifest manifest;
    if (epoch->type != EVENT_AUTH_EPOCH || !epoch->known ||
        manifest_decode(node->manifest, &manifest) != STATUS_OK) {
        return false;
    }
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    if (auth_signed_bytes(&node->network, epoch, &body) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < epoch->body.auth_epoch.signature_count; i++) {
        const struct auth_signature *one = &epoch->body.auth_epoch.signatures[i];
        struct signature_check check = {
            .body = buffer_bytes(&body), .signature = one->signature, .public_key = NULL};
        if (one->root_index < manifest.root_count) {
            check.public_key = manifest.roots[one->root_index];
            if (world_verify_now(node->world, &check)) {
                return true; /* threshold 1 */
            }
        }
    }
    return false;
}

/* Does this certificate begin an epoch behind the authority's block `seq` - 1? It names the block
 * up to which the root had seen the authority's journal, which must be part of it. */
static bool epoch_follows(struct node *node, const struct event *epoch, uint64_t seq)
{
    const struct roster_epoch *last = roster_epoch(&node->roster);
    struct digest id = {{0}};
    uint64_t prev = epoch->body.auth_epoch.prev_seq;
    if (seq == 1) {
        return last == NULL && authority_epoch_holds(node, epoch);
    }
    return last != NULL && epoch->body.auth_epoch.epoch == last->number + 1 && prev > 0 &&
           prev < seq && journal_block_id(node, journal_of(0, 1), prev, &id) &&
           digest_equal(&id, &epoch->body.auth_epoch.prev_id) && authority_epoch_holds(node, epoch);
}

/* A new key of the authority stands first in its block, with the root's word. An office cannot make
 * itself another key. */
bool epochs_hold(struct node *node, const struct block *block)
{
    for (uint32_t i = 0; i < block->header.count; i++) {
        bool epoch = event_decode(block->events[i], &node->event) == STATUS_OK &&
                     node->event.type == EVENT_AUTH_EPOCH;
        if (epoch != (i == 0 && (epoch || block->header.seq == 1))) {
            return false;
        }
#if defined(MUTANT_epoch_without_root)
        continue;
#endif
        if (epoch && !epoch_follows(node, &node->event, block->header.seq)) {
            return false;
        }
    }
    return true;
}

enum status node_renew_authority(struct node *node, const struct event *epoch)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    if (!node->office || node->read_only || tip == NULL) {
        return STATUS_DENIED;
    }
    if (!epoch_follows(node, epoch, tip->seq + 1)) {
        return STATUS_FORGED;
    }
    (void)journal_append_authority(node, epoch);
    return STATUS_OK;
}
