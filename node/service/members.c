#include "members.h"

#include "hash.h"
#include "journal.h"
#include "row_key.h"
#include "sealed.h"
#include "talk.h"

#include "number.h"
#include "text.h"

#include <assert.h>
#include <string.h>

enum { KEY_SWEEP_EVERY_MS = 1000, KEYS_PER_SWEEP_MAX = 32, CLASSES = 4 };

static enum decision refuse(struct answer *answer, enum verdict verdict, uint8_t field)
{
    answer->verdict = verdict;
    answer->field = field;
    return DECIDED;
}

/* Seals every field under the key of its class; makes the keys that do not exist yet. The keys are
 * durable before the event that needs them. */
static enum status seal_fields(struct node *node, const struct request *request,
                               const struct subject_id *member, struct event *event,
                               struct buffer *boxes)
{
    bool made[CLASSES + 1] = {false};
    uint8_t keys[CLASSES + 1][32];
    for (uint32_t i = 0; i < request->body.enrol.field_count; i++) {
        const struct member_text *text = &request->body.enrol.fields[i];
        enum privacy_class class_number = field_class(text->field);
        if (!made[class_number]) {
            world_random(node->world, keys[class_number], 32);
            enum status status = world_member_key_put(node->world, member, (uint8_t)class_number,
                                                      keys[class_number]);
            if (status != STATUS_OK) {
                return status;
            }
            made[class_number] = true;
        }
        uint8_t nonce[24];
        world_random(node->world, nonce, sizeof nonce);
        struct seal_context context = {.event_type = EVENT_MEMBER_ENROL,
                                       .member = *member,
                                       .class_number = (uint8_t)class_number};
        size_t at = boxes->size;
        enum status status = seal_field(keys[class_number], nonce, &context, text->text, boxes);
        if (status != STATUS_OK) {
            return status;
        }
        event->body.enrol.fields[i] =
            (struct sealed_field){.field = text->field,
                                  .class_number = (uint8_t)class_number,
                                  .box = bytes_of(boxes->data + at, boxes->size - at)};
    }
    event->body.enrol.field_count = (uint8_t)request->body.enrol.field_count;
    return STATUS_OK;
}

static enum verdict check_fields(const struct request *request, uint8_t *field)
{
    bool named = false;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < request->body.enrol.field_count; i++) {
        const struct member_text *text = &request->body.enrol.fields[i];
        *field = text->field;
        bool twice = text->field < 32 && (seen & (1U << text->field)) != 0;
        if (text->field == 0 || text->field > FIELD_NOTE || twice ||
            !text_fits_field(text->field, text->text)) {
            return REFUSED_FIELD;
        }
        seen |= 1U << text->field;
        named = named || text->field == FIELD_NAME;
    }
    *field = FIELD_NAME;
    return named ? VERDICT_ALLOWED : REFUSED_MISSING_FIELD;
}

enum decision members_enrol(struct node *node, const struct request *request, struct answer *answer)
{
    uint8_t field = 0;
    enum verdict verdict = check_fields(request, &field);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict, field);
    }
    struct subject_id member;
    world_random(node->world, member.bytes, sizeof member.bytes);
    struct event event = desk_event(request, EVENT_MEMBER_ENROL, &member);
    event.flags = EVENT_FLAG_SEALED;
    event.body.enrol.home_branch = journal_branch(node->journal);
    uint8_t memory[MEMBER_FIELDS_MAX * SEALED_SIZE_MAX];
    struct buffer boxes = BUFFER_OVER(memory);
    if (seal_fields(node, request, &member, &event, &boxes) != STATUS_OK) {
        return refuse(answer, REFUSED_SPACE, 0); /* the key store did not take the keys */
    }
    answer->event = journal_append(node, &event);
    answer->at_ms = (int64_t)(journal_header(node)->hlc >> 16);
    answer->member = member;
    members_index(node, &member);
    if (!node->office) {
        struct row_key task = key_of_subject(TABLE_KEY_TASK, &member);
        number_save(node->rows, row_key_bytes(&task), 1);
    }
    return DECIDED;
}

/* A card in somebody's name needs the fields that the law asks for. */
static uint8_t missing_field(struct node *node, const struct subject_id *member)
{
    const uint8_t needed[2] = {FIELD_NAME, FIELD_ID_NUMBER};
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t memory[SEALED_SIZE_MAX + 64];
        struct buffer scratch = BUFFER_OVER(memory);
        struct field_record record;
        if (!field_load(node->rows, member, needed[i], &scratch, &record)) {
            return needed[i];
        }
    }
    return 0;
}

bool members_next_number(struct node *node, uint8_t number[static CARD_NUMBER_SIZE])
{
    struct row_key key = key_of_journal(TABLE_SERIAL, node->journal);
    uint64_t serial = number_load(node->rows, row_key_bytes(&key)) + 1;
    if (serial > CARD_SERIAL_MAX || !number_make(node->journal, (uint32_t)serial, number)) {
        memset(number, 0, CARD_NUMBER_SIZE);
        return false;
    }
    return true;
}

enum decision members_issue(struct node *node, const struct request *request, struct answer *answer)
{
    struct subject_id member = request->body.issue.member;
    struct member_record record;
    if (!member_load(node->rows, &member, &record) || !record.enrolled) {
        return refuse(answer, REFUSED_UNKNOWN_MEMBER, 0);
    }
    const struct block_header *header = journal_header(node);
    const struct roster_product *product =
        roster_product(&node->roster, request->body.issue.product, 0, header->auth);
    if (product == NULL) {
        return refuse(answer, REFUSED_UNKNOWN_PRODUCT, 0);
    }
    uint8_t field = product->named != 0 ? missing_field(node, &member) : 0;
    if (field != 0) {
        return refuse(answer, REFUSED_MISSING_FIELD, field);
    }
    if (!members_next_number(node, answer->card)) {
        return refuse(answer, REFUSED_NUMBERS, 0);
    }
    struct subject_id account;
    world_random(node->world, account.bytes, sizeof account.bytes);
    struct event open = desk_event(request, EVENT_ACCOUNT_OPEN, &account);
    open.body.open.member = member;
    open.body.open.product = product->product;
    open.body.open.version = product->version;
    open.body.open.home_branch = journal_branch(node->journal);
    (void)journal_append(node, &open);
    struct event issue = desk_event(request, EVENT_CARD_ISSUE, &account);
    issue.body.issue.number = BYTES_OF(answer->card);
    issue.body.issue.form = request->body.issue.form;
    issue.body.issue.holder = member;
    answer->event = journal_append(node, &issue);
    answer->at_ms = (int64_t)(journal_header(node)->hlc >> 16);
    answer->account = account;
    answer->member = member;
    answer->product = product->product;
    answer->version = product->version;
    memcpy(answer->currency, product->currency, sizeof answer->currency);
    return DECIDED;
}

/* The field's plain text, if this node has the key. */
static bool read_field(struct node *node, const struct subject_id *member, uint8_t field,
                       struct buffer *plain, bool *exists)
{
    uint8_t memory[SEALED_SIZE_MAX + 64];
    struct buffer scratch = BUFFER_OVER(memory);
    struct field_record record;
    *exists = field_load(node->rows, member, field, &scratch, &record);
    uint8_t key[32];
    if (!*exists ||
        world_member_key_get(node->world, member, record.class_number, key) != STATUS_OK) {
        return false;
    }
    struct seal_context context = {.event_type = record.event_type,
                                   .member = *member,
                                   .class_number = record.class_number,
                                   .key_number = record.key_number};
    enum status status = open_field(key, &context, record.box, plain);
    memset(key, 0, sizeof key);
    return status == STATUS_OK;
}

static struct row_key phone_key(struct node *node, struct bytes phone)
{
    uint8_t digits[24];
    size_t size = text_phone_key(phone, digits);
    uint8_t secret[32];
    world_node_secret(node->world, secret);
    uint8_t blind[16];
    hash_blind(secret, bytes_of(digits, size), blind);
    memset(secret, 0, sizeof secret);
    struct row_key key = row_key(TABLE_PHONE);
    row_key_raw(&key, blind, sizeof blind);
    return key;
}

void members_index(struct node *node, const struct subject_id *member)
{
    uint8_t memory[FIELD_SIZE_MAX];
    struct buffer phone = BUFFER_OVER(memory);
    bool exists = false;
    if (!read_field(node, member, FIELD_PHONE, &phone, &exists)) {
        return;
    }
    struct row_key key = phone_key(node, buffer_bytes(&phone));
    row_key_raw(&key, member->bytes, sizeof member->bytes);
    number_save(node->rows, row_key_bytes(&key), 1);
}

bool members_by_phone(struct node *node, struct bytes phone, struct subject_id *member)
{
    struct row_key prefix = phone_key(node, phone);
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    uint8_t value_memory[64];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    if (!rows_next_committed(node->rows, row_key_bytes(&prefix), row_key_bytes(&prefix), &key,
                             &value) ||
        key.size != prefix.size + sizeof member->bytes) {
        return false;
    }
    memcpy(member->bytes, key_memory + prefix.size, sizeof member->bytes);
    return true;
}

bool members_view(struct node *node, const struct subject_id *member, struct member_view *view)
{
    struct member_record record;
    *view = (struct member_view){.member = *member};
    if (!member_load(node->rows, member, &record) || !record.enrolled) {
        return false;
    }
    view->home_branch = record.home_branch;
    view->account_count = record.account_count;
    memcpy(view->accounts, record.accounts, sizeof view->accounts);
    bool locked = false;
    for (uint8_t field = FIELD_NAME; field <= FIELD_NOTE; field++) {
        uint32_t at = view->field_count;
        struct buffer plain = BUFFER_OVER(view->fields[at].text);
        bool exists = false;
        bool open = read_field(node, member, field, &plain, &exists);
        if (!exists) {
            continue;
        }
        view->fields[at].field = field;
        view->fields[at].locked = !open;
        view->fields[at].size = open ? (uint32_t)plain.size : 0;
        view->field_count++;
        locked = locked || !open;
    }
    if (locked) {
        members_ask_keys(node, member);
    }
    return true;
}

static struct peer *office_peer(struct node *node)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        const struct roster_journal *entry =
            peer->state == PEER_ESTABLISHED
                ? roster_journal(&node->roster, peer->journal, node->roster.seq)
                : NULL;
        if (entry != NULL && (entry->roles & ROLE_OFFICE) != 0) {
            return peer;
        }
    }
    return NULL;
}

/* All keys of the member that this node holds; none is a message too ("I have none"). */
static void send_keys(struct node *node, struct peer *peer, const struct subject_id *member)
{
    struct message *message = &node->message;
    message_begin(message, MESSAGE_KEY_PUT, peer->session);
    message->body.keys.member = *member;
    for (uint8_t class_number = 1; class_number <= CLASSES; class_number++) {
        struct member_key *one = &message->body.keys.list[message->body.keys.count];
        if (world_member_key_get(node->world, member, class_number, one->key) == STATUS_OK) {
            one->class_number = class_number;
            message->body.keys.count++;
        }
    }
    if (message->body.keys.count > 0) {
        talk_send(node, peer, CHANNEL_CONTROL, message);
    }
    memset(message, 0, sizeof *message);
}

void members_ask_keys(struct node *node, const struct subject_id *member)
{
    struct peer *peer = office_peer(node);
    if (peer == NULL) {
        return;
    }
    struct message *message = &node->message;
    message_begin(message, MESSAGE_KEY_GET, peer->session);
    message->body.keys.member = *member;
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

static void take_keys(struct node *node, struct peer *peer, const struct message *message)
{
    struct subject_id member = message->body.keys.member;
    bool kept = true;
    for (uint32_t i = 0; i < message->body.keys.count; i++) {
        const struct member_key *one = &message->body.keys.list[i];
        kept = kept &&
               world_member_key_put(node->world, &member, one->class_number, one->key) == STATUS_OK;
    }
    if (!kept || !journal_has_room(node, 0, 0)) {
        return; /* not acknowledged: it is sent again */
    }
    members_index(node, &member);
    struct message *answer = &node->message;
    message_begin(answer, MESSAGE_KEY_ACK, peer->session);
    answer->body.keys.member = member;
    talk_send(node, peer, CHANNEL_CONTROL, answer);
}

void members_hear_keys(struct node *node, struct peer *peer, const struct message *message)
{
    struct subject_id member = message->body.keys.member;
    if (message->kind == MESSAGE_KEY_GET) {
        if (roster_is_active(&node->roster, peer->journal, node->roster.seq)) {
            send_keys(node, peer, &member);
        }
        return;
    }
    bool from_office = office_peer(node) == peer;
    if (message->kind == MESSAGE_KEY_PUT) {
        /* Keys go to the office, and from it to who serves the member: nowhere else. */
        if (node->office || from_office) {
            take_keys(node, peer, message);
        }
        return;
    }
    struct row_key task = key_of_subject(TABLE_KEY_TASK, &member);
    if (from_office && number_load(node->rows, row_key_bytes(&task)) == 1) {
        rows_put(node->rows, row_key_bytes(&task), (struct bytes){0});
    }
}

void members_sweep_keys(struct node *node, uint64_t now_ms)
{
    struct peer *peer = office_peer(node);
    if (node->office || peer == NULL || now_ms - node->key_sweep_ms < KEY_SWEEP_EVERY_MS) {
        return;
    }
    node->key_sweep_ms = now_ms;
    struct row_key prefix = row_key(TABLE_KEY_TASK);
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    uint8_t value_memory[64];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    struct row_key *after = &node->key_sweep_after;
    if (after->size == 0) {
        *after = prefix;
    }
    for (uint32_t i = 0; i < KEYS_PER_SWEEP_MAX; i++) {
        if (!rows_next_committed(node->rows, row_key_bytes(&prefix), row_key_bytes(after), &key,
                                 &value)) {
            after->size = 0; /* from the start, next time */
            return;
        }
        struct subject_id member;
        assert(key.size == 1 + sizeof member.bytes);
        memcpy(member.bytes, key_memory + 1, sizeof member.bytes);
        send_keys(node, peer, &member);
        after->size = 0;
        row_key_raw(after, key_memory, key.size);
    }
}
