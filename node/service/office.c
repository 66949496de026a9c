#include "office.h"

#include "journal.h"
#include "manifest.h"
#include "query.h"
#include "row_key.h"
#include "talk.h"

#include "bonus.h"
#include "number.h"
#include "text.h"

#include <assert.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, INVITE_HOURS_DEFAULT = 24, INVITE_HOURS_MAX = 24 * 30 };

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

static enum verdict check_product(const struct request *request)
{
    if (!text_is_sound(request->body.product.name, NAME_SIZE_MAX)) {
        return REFUSED_FIELD;
    }
    if (!text_is_currency(request->body.product.currency)) {
        return REFUSED_CURRENCY;
    }
    bool amounts =
        request->body.product.balance_cap >= 0 && request->body.product.balance_cap <= AMOUNT_MAX &&
        bonus_steps_are_sound(request->body.product.steps, request->body.product.step_count);
    return amounts ? VERDICT_ALLOWED : REFUSED_AMOUNT;
}

enum decision office_publish(struct node *node, const struct request *request,
                             struct answer *answer)
{
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    enum verdict verdict = check_product(request);
    if (verdict != VERDICT_ALLOWED) {
        answer->field = verdict == REFUSED_FIELD ? FIELD_NAME : 0;
        return refuse(answer, verdict);
    }
    uint64_t auth = node->roster.seq;
    uint32_t number = request->body.product.product;
    for (uint32_t i = 0; number == 0 && i < node->roster.product_count; i++) {
        answer->product = answer->product > node->roster.products[i].product
                              ? answer->product
                              : node->roster.products[i].product;
    }
    number = number == 0 ? answer->product + 1 : number;
    const struct roster_product *newest = roster_product(&node->roster, number, 0, auth);
    uint32_t version = newest == NULL ? 1 : newest->version + 1;
    answer->product = number;
    answer->version = version;
    bool wrong = request->body.product.version != 0 && request->body.product.version != version;
    bool other_money =
        newest != NULL && !bytes_equal(BYTES_OF(newest->currency), request->body.product.currency);
    if (wrong || node->roster.product_count == PRODUCT_VERSIONS_MAX) {
        return refuse(answer, REFUSED_VERSION);
    }
    if (other_money) {
        return refuse(answer, REFUSED_CURRENCY);
    }
    struct event event = desk_event(request, EVENT_PRODUCT_PUBLISH, &(struct subject_id){{0}});
    event.body.product.product = number;
    event.body.product.version = version;
    event.body.product.name = request->body.product.name;
    event.body.product.currency = request->body.product.currency;
    event.body.product.named = request->body.product.named != 0;
    event.body.product.order = request->body.product.order;
    event.body.product.balance_cap = request->body.product.balance_cap;
    event.body.product.bonus_days = request->body.product.bonus_days;
    event.body.product.bonus_months = request->body.product.bonus_months;
    event.body.product.step_count = request->body.product.step_count;
    memcpy(event.body.product.steps, request->body.product.steps, sizeof event.body.product.steps);
    answer->event = journal_append_authority(node, &event);
    answer->at_ms = world_wall_ms(node->world);
    memcpy(answer->currency, request->body.product.currency.data, CURRENCY_SIZE);
    return DECIDED;
}

static bool has_ended(const struct node *node, uint64_t until_ms)
{
    int64_t now = world_wall_ms(node->world);
    return now > 0 && (uint64_t)now > until_ms;
}

/* One that has ended is kept while there is room: who comes with it is let in to be told so. */
static struct open_invitation *invitation_place(struct node *node)
{
    struct open_invitation *ended = NULL;
    for (uint32_t i = 0; i < INVITATIONS_OPEN_MAX; i++) {
        struct open_invitation *one = &node->invitations[i];
        if (!one->used) {
            return one;
        }
        if (ended == NULL && has_ended(node, one->until_ms)) {
            ended = one;
        }
    }
    return ended;
}

static uint32_t open_invitations(const struct node *node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < INVITATIONS_OPEN_MAX; i++) {
        const struct open_invitation *one = &node->invitations[i];
        count += one->used && !has_ended(node, one->until_ms) ? 1 : 0;
    }
    return count;
}

static void open_invitation(struct node *node, const struct ticket_id *name,
                            const struct invitation_record *record)
{
    struct open_invitation *place = invitation_place(node);
    if (place == NULL) {
        return;
    }
    *place = (struct open_invitation){.used = true, .until_ms = record->until_ms, .name = *name};
    uint8_t secret_key[32];
    invitation_transport_keys(record->secret, place->transport_key, secret_key);
    memset(secret_key, 0, sizeof secret_key);
}

static bool write_token(struct node *node, const struct invitation_record *record,
                        struct answer *answer)
{
    struct invitation invitation = {
        .manifest = node->manifest,
        .journal = record->journal,
        .endpoint = node->office_endpoint,
        .name = bytes_of(record->name, record->name_size),
        .until_ms = record->until_ms,
    };
    memcpy(invitation.secret, record->secret, sizeof invitation.secret);
    memcpy(invitation.office_transport_key, node->transport_key,
           sizeof invitation.office_transport_key);
    struct buffer text = BUFFER_OVER(answer->token);
    if (invitation_encode(&invitation, &text) != STATUS_OK) {
        return false;
    }
    answer->token_size = (uint16_t)text.size;
    return true;
}

/* The last incarnation of the branch that any invitation was ever for. Also those that have ended
 * count: a clock that goes back would let them in again, and two machines would be one journal. */
static uint16_t last_invited(struct node *node, uint32_t branch)
{
    uint16_t last = 0;
    struct invitation_record record;
    for (uint32_t i = 0; i < INVITATIONS_OPEN_MAX; i++) {
        if (invitation_load(node->rows, &node->invitations[i].name, &record) &&
            journal_branch(record.journal) == branch &&
            journal_incarnation(record.journal) > last) {
            last = journal_incarnation(record.journal);
        }
    }
    struct walk walk = walk_over(row_key(TABLE_INVITATION));
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        if (invitation_decode_row(buffer_bytes(&value), &record) &&
            journal_branch(record.journal) == branch &&
            journal_incarnation(record.journal) > last) {
            last = journal_incarnation(record.journal);
        }
    }
    return last;
}

/* A branch whose journal was retired gets a new one, which holds nothing; card numbers and events
 * of the two never mix. */
static enum verdict next_incarnation(struct node *node, uint32_t branch, uint64_t *journal)
{
    uint16_t last = 0;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if (journal_branch(one->journal) != branch) {
            continue;
        }
        if (one->retired.since == 0) {
            return REFUSED_STILL_WRITES;
        }
        last = journal_incarnation(one->journal);
    }
    if (last == 0) {
        return REFUSED_UNKNOWN_BRANCH;
    }
    uint16_t invited = last_invited(node, branch);
    last = invited > last ? invited : last;
    *journal = journal_of(branch, (uint16_t)(last + 1));
    return last < INCARNATION_MAX ? VERDICT_ALLOWED : REFUSED_NUMBERS;
}

static enum verdict invited_journal(struct node *node, const struct request *request,
                                    uint64_t *journal)
{
    if (request->body.invite.branch != 0) {
        return next_incarnation(node, request->body.invite.branch, journal);
    }
    *journal = journal_of(node->next_branch, 1);
    return node->next_branch <= BRANCH_NUMBER_MAX ? VERDICT_ALLOWED : REFUSED_NUMBERS;
}

enum decision office_invite(struct node *node, const struct request *request, struct answer *answer)
{
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    if (!text_is_sound(request->body.invite.name, NAME_SIZE_MAX)) {
        answer->field = FIELD_NAME;
        return refuse(answer, REFUSED_FIELD);
    }
    /* Every node of the network has this many places: one more admission would stop them all. */
    bool full =
        node->roster.journal_count + open_invitations(node) >= node->roster.journal_capacity;
    if (full || invitation_place(node) == NULL) {
        return refuse(answer, REFUSED_NUMBERS);
    }
    uint64_t journal = 0;
    enum verdict verdict = invited_journal(node, request, &journal);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    uint32_t hours =
        request->body.invite.hours == 0 ? INVITE_HOURS_DEFAULT : request->body.invite.hours;
    hours = hours < INVITE_HOURS_MAX ? hours : INVITE_HOURS_MAX;
    int64_t now = world_wall_ms(node->world);
    struct invitation_record record = {
        .journal = journal,
        .until_ms = (uint64_t)(now < 0 ? 0 : now) + (uint64_t)hours * HOUR_MS,
        .name_size = (uint32_t)request->body.invite.name.size,
    };
    memcpy(record.name, request->body.invite.name.data, record.name_size);
    world_random(node->world, record.secret, sizeof record.secret);
    struct ticket_id name = invitation_name(record.secret);
    if (!write_token(node, &record, answer)) {
        answer->field = FIELD_NAME;
        return refuse(answer, REFUSED_FIELD);
    }
    invitation_save(node->rows, &name, &record);
    open_invitation(node, &name, &record);
    answer->branch = journal_branch(journal);
    node->next_branch += answer->branch == node->next_branch ? 1 : 0;
    answer->at_ms = now;
    answer->limit = (int64_t)record.until_ms;
    return DECIDED;
}

void office_invite_again(struct node *node, struct answer *answer)
{
    for (uint32_t i = 0; i < INVITATIONS_OPEN_MAX; i++) {
        struct invitation_record record;
        bool open = node->invitations[i].used &&
                    invitation_load(node->rows, &node->invitations[i].name, &record);
        /* A branch that is invited again has more than one: its end tells which was answered. */
        if (open && journal_branch(record.journal) == answer->branch &&
            record.until_ms == (uint64_t)answer->limit) {
            (void)write_token(node, &record, answer);
            return;
        }
    }
}

bool office_invited(const struct node *node, const uint8_t transport_key[static 32])
{
    for (uint32_t i = 0; i < INVITATIONS_OPEN_MAX; i++) {
        if (node->invitations[i].used &&
            memcmp(node->invitations[i].transport_key, transport_key, 32) == 0) {
            return true;
        }
    }
    return false;
}

void office_load(struct node *node)
{
    node->next_branch = 1;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        uint32_t branch = journal_branch(node->roster.journals[i].journal);
        node->next_branch = branch >= node->next_branch ? branch + 1 : node->next_branch;
    }
    struct walk walk = walk_over(row_key(TABLE_INVITATION));
    uint8_t memory[512];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        struct invitation_record record = {0};
        struct ticket_id name;
        assert(walk.key.size == 1 + sizeof name.bytes);
        memcpy(name.bytes, walk.key_memory + 1, sizeof name.bytes);
        if (invitation_decode_row(buffer_bytes(&value), &record)) {
            uint32_t branch = journal_branch(record.journal);
            node->next_branch = branch >= node->next_branch ? branch + 1 : node->next_branch;
            open_invitation(node, &name, &record);
        }
    }
}

static void joined(struct node *node, struct peer *peer, enum message_error status,
                   uint64_t journal, const char *text)
{
    struct message answer = {.kind = MESSAGE_JOINED};
    answer.body.joined.status = (uint32_t)status;
    answer.body.joined.journal = journal;
    answer.body.joined.auth_seq = node->roster.seq;
    answer.body.joined.text = bytes_of(text, strlen(text));
    if (status == 0) {
        talk_send_after(node, node->open, peer, &answer);
    } else {
        talk_send(node, peer, CHANNEL_CONTROL, &answer);
    }
}

static bool proof_holds(struct node *node, const struct message *message)
{
    uint8_t memory[256];
    struct buffer body = BUFFER_OVER(memory);
    if (join_signed_bytes(&node->network, &message->body.join.invitation,
                          message->body.join.public_key, message->body.join.transport_key,
                          &body) != STATUS_OK) {
        return false;
    }
    struct signature_check check = {.body = buffer_bytes(&body),
                                    .signature = message->body.join.proof,
                                    .public_key = message->body.join.public_key};
    return world_verify_now(node->world, &check);
}

static void admit(struct node *node, const struct message *message,
                  struct invitation_record *record)
{
    struct event event = {.type = EVENT_JOURNAL_ADMIT, .known = true};
    event.body.admit.journal = record->journal;
    memcpy(event.body.admit.public_key, message->body.join.public_key, 32);
    memcpy(event.body.admit.transport_key, message->body.join.transport_key, 32);
    event.body.admit.roles = ROLE_MINT | ROLE_SELL | ROLE_RELAY;
    event.body.admit.endpoint_count = (uint8_t)message->body.join.endpoint_count;
    memcpy(event.body.admit.endpoints, message->body.join.endpoints,
           sizeof event.body.admit.endpoints);
    event.body.admit.name = bytes_of(record->name, record->name_size);
    (void)journal_append_authority(node, &event);
    memcpy(record->used_by, message->body.join.public_key, sizeof record->used_by);
    invitation_save(node->rows, &message->body.join.invitation, record);
}

void office_hear_join(struct node *node, struct peer *peer, const struct message *message)
{
    struct invitation_record record;
    if (node->office && node->held) {
        joined(node, peer, MESSAGE_ERROR_BUSY, 0, "the office waits for a branch: try again");
        return;
    }
    if (!node->office || node->read_only) {
        joined(node, peer, MESSAGE_ERROR_REFUSED, 0, "this node is not the office");
        return;
    }
    /* The connection itself must have proved the invitation's key. */
    bool invited = invitation_load(node->rows, &message->body.join.invitation, &record);
    uint8_t public_key[32];
    uint8_t secret_key[32];
    if (invited) {
        invitation_transport_keys(record.secret, public_key, secret_key);
        memset(secret_key, 0, sizeof secret_key);
        invited = memcmp(public_key, peer->key, sizeof public_key) == 0;
    }
    if (!invited || !proof_holds(node, message)) {
        joined(node, peer, MESSAGE_ERROR_REFUSED, 0, "no such invitation");
        return;
    }
    bool used = !id_is_none(record.used_by, sizeof record.used_by);
    bool same = memcmp(record.used_by, message->body.join.public_key, 32) == 0;
    if (used && !same) {
        joined(node, peer, MESSAGE_ERROR_REFUSED, 0, "this invitation was used by another machine");
        return;
    }
    if (!used && has_ended(node, record.until_ms)) {
        joined(node, peer, MESSAGE_ERROR_REFUSED, 0,
               "this invitation has ended: ask the office for another");
        return;
    }
    /* A clock that went back may have brought more invitations to life than there are places. */
    if (!used && node->roster.journal_count >= node->roster.journal_capacity) {
        joined(node, peer, MESSAGE_ERROR_REFUSED, 0,
               "this network has no place for another branch");
        return;
    }
    if (!journal_has_room(node, 1, EVENT_SIZE_MAX)) {
        joined(node, peer, MESSAGE_ERROR_BUSY, 0, "busy: try again");
        return;
    }
    if (!used) {
        admit(node, message, &record);
    }
    joined(node, peer, 0, record.journal, "");
}
