#include "names.h"

static const char UNKNOWN[] = "unknown";

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_NOT_FOUND:
        return "not_found";
    case STATUS_TOO_LARGE:
        return "too_large";
    case STATUS_MALFORMED:
        return "malformed";
    case STATUS_FORGED:
        return "forged";
    case STATUS_CORRUPT:
        return "corrupt";
    case STATUS_IO:
        return "io";
    case STATUS_FULL:
        return "full";
    case STATUS_BUSY:
        return "busy";
    case STATUS_DENIED:
        return "denied";
    case STATUS_UNKNOWN:
        return "unknown";
    }
    return UNKNOWN;
}

const char *event_type_name(uint16_t type)
{
    switch ((enum event_type)type) {
    case EVENT_AUTH_EPOCH:
        return "auth_epoch";
    case EVENT_JOURNAL_ADMIT:
        return "journal_admit";
    case EVENT_LIMITS_SET:
        return "limits_set";
    case EVENT_ORGANISATION_SET:
        return "organisation_set";
    case EVENT_PRODUCT_PUBLISH:
        return "product_publish";
    case EVENT_TOPUP:
        return "topup";
    case EVENT_SPEND:
        return "spend";
    case EVENT_REFUND:
        return "refund";
    case EVENT_RIGHTS_MOVE:
        return "rights_move";
    case EVENT_RIGHTS_ACCEPT:
        return "rights_accept";
    case EVENT_MEMBER_ENROL:
        return "member_enrol";
    case EVENT_ACCOUNT_OPEN:
        return "account_open";
    case EVENT_CARD_ISSUE:
        return "card_issue";
    case EVENT_ACCOUNT_FREEZE:
        return "account_freeze";
    case EVENT_ACCOUNT_UNFREEZE:
        return "account_unfreeze";
    case EVENT_BRANCH_SUSPEND:
        return "branch_suspend";
    case EVENT_BRANCH_RESUME:
        return "branch_resume";
    case EVENT_JOURNAL_RETIRE:
        return "journal_retire";
    case EVENT_JOURNAL_RESOLVE:
        return "journal_resolve";
    case EVENT_QUOTA_GRANT:
        return "quota_grant";
    case EVENT_MINT_APPROVE:
        return "mint_approve";
    case EVENT_CHECKPOINT_SIGN:
        return "checkpoint_sign";
    case EVENT_LOT_ISSUE:
        return "lot_issue";
    case EVENT_ADJUST:
        return "adjust";
    case EVENT_MINT_RELEASE:
        return "mint_release";
    case EVENT_SPEND_HOLD:
        return "spend_hold";
    case EVENT_SPEND_CAPTURE:
        return "spend_capture";
    case EVENT_SPEND_RELEASE:
        return "spend_release";
    case EVENT_LOT_EXPIRE:
        return "lot_expire";
    case EVENT_LOT_CLAWBACK:
        return "lot_clawback";
    case EVENT_LOT_REBIND:
        return "lot_rebind";
    case EVENT_PAYOUT:
        return "payout";
    case EVENT_RIGHTS_RETURN:
        return "rights_return";
    case EVENT_RIGHTS_RECLAIM:
        return "rights_reclaim";
    case EVENT_RIGHTS_COVER:
        return "rights_cover";
    case EVENT_RISK_SETTLE:
        return "risk_settle";
    case EVENT_RISK_ACK:
        return "risk_ack";
    case EVENT_FREEZE_ACK:
        return "freeze_ack";
    case EVENT_LEASE_RECORD:
        return "lease_record";
    case EVENT_JOURNAL_FORK:
        return "journal_fork";
    case EVENT_CARD_LOSS_REPORT:
        return "card_loss_report";
    case EVENT_CARD_REPLACE:
        return "card_replace";
    case EVENT_REQUEST_FILE:
        return "request_file";
    case EVENT_REQUEST_CLOSE:
        return "request_close";
    }
    return UNKNOWN;
}

const char *bucket_name(uint8_t bucket)
{
    switch ((enum bucket)bucket) {
    case BUCKET_PRINCIPAL:
        return "principal";
    case BUCKET_BONUS:
        return "bonus";
    case BUCKET_POINTS:
        return "points";
    case BUCKET_VISITS:
        return "visits";
    case BUCKET_VOUCHER:
        return "voucher";
    case BUCKET_REFUND:
        return "refund";
    case BUCKET_CAPACITY:
        return "capacity";
    }
    return UNKNOWN;
}

const char *request_outcome_name(uint8_t outcome)
{
    switch (outcome) {
    case 0:
        return "open";
    case REQUEST_DONE:
        return "done";
    case REQUEST_REFUSED:
        return "refused";
    case REQUEST_WITHDRAWN:
        return "withdrawn";
    default:
        return UNKNOWN;
    }
}

const char *tender_name(uint8_t tender)
{
    switch ((enum tender)tender) {
    case TENDER_CASH:
        return "cash";
    case TENDER_BANK_CARD:
        return "bank_card";
    case TENDER_MOBILE:
        return "mobile";
    case TENDER_TRANSFER:
        return "transfer";
    case TENDER_OTHER:
        return "other";
    }
    return UNKNOWN;
}

const char *freeze_kind_name(uint8_t kind)
{
    switch ((enum freeze_kind)kind) {
    case FREEZE_LOSS:
        return "loss";
    case FREEZE_WISH:
        return "wish";
    case FREEZE_CASE:
        return "case";
    case FREEZE_COURT:
        return "court";
    }
    return UNKNOWN;
}

const char *spend_order_name(uint8_t order)
{
    switch ((enum spend_order)order) {
    case SPEND_PROPORTIONAL:
        return "proportional";
    case SPEND_PRINCIPAL_FIRST:
        return "principal_first";
    case SPEND_BONUS_FIRST:
        return "bonus_first";
    case SPEND_EXPIRY_FIRST:
        return "expiry_first";
    }
    return UNKNOWN;
}

const char *event_verdict_name(uint8_t verdict)
{
    switch ((enum event_verdict)verdict) {
    case EVENT_VALID:
        return "valid";
    case EVENT_PENDING:
        return "pending";
    case EVENT_UNKNOWN:
        return "unknown";
    case EVENT_INVALID:
        return "invalid";
    }
    return UNKNOWN;
}

const char *invalid_reason_name(uint8_t reason)
{
    switch ((enum invalid_reason)reason) {
    case INVALID_NONE:
        return "none";
    case INVALID_MALFORMED:
        return "malformed";
    case INVALID_BAD_AMOUNT:
        return "bad_amount";
    case INVALID_NO_ROLE:
        return "no_role";
    case INVALID_NOT_ACTIVE:
        return "not_active";
    case INVALID_NOT_COVERED:
        return "not_covered";
    case INVALID_WRONG_ACCOUNT:
        return "wrong_account";
    case INVALID_LOT_TIME:
        return "lot_time";
    case INVALID_SELF_MOVE:
        return "self_move";
    case INVALID_OVER_ACCEPT:
        return "over_accept";
    case INVALID_OVER_WITNESS:
        return "over_witness";
    case INVALID_RISK_CAP:
        return "risk_cap";
    case INVALID_BAD_REF:
        return "bad_ref";
    case INVALID_NOT_RETIRED:
        return "not_retired";
    case INVALID_EXPOSED:
        return "exposed";
    case INVALID_RISK_GUARD:
        return "risk_guard";
    case INVALID_FROZEN:
        return "frozen";
    case INVALID_OVER_QUOTA:
        return "over_quota";
    case INVALID_WRONG_NUMBER:
        return "wrong_number";
    }
    return UNKNOWN;
}

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_ALLOWED:
        return "allowed";
    case REFUSED_AMOUNT:
        return "amount";
    case REFUSED_UNKNOWN_CARD:
        return "unknown_card";
    case REFUSED_UNKNOWN_ACCOUNT:
        return "unknown_account";
    case REFUSED_UNKNOWN_MEMBER:
        return "unknown_member";
    case REFUSED_UNKNOWN_PRODUCT:
        return "unknown_product";
    case REFUSED_UNKNOWN_SALE:
        return "unknown_sale";
    case REFUSED_UNKNOWN_HOLD:
        return "unknown_hold";
    case REFUSED_HOLD_UNTIL:
        return "hold_until";
    case REFUSED_HOLD_AMOUNT:
        return "hold_amount";
    case REFUSED_HOLD_ELSEWHERE:
        return "hold_elsewhere";
    case REFUSED_HOLD_ENDED:
        return "hold_ended";
    case REFUSED_HOLD_OVER:
        return "hold_over";
    case REFUSED_UNKNOWN_BRANCH:
        return "unknown_branch";
    case REFUSED_UNKNOWN_KEY:
        return "unknown_key";
    case REFUSED_REVOKED_CARD:
        return "revoked_card";
    case REFUSED_FROZEN:
        return "frozen";
    case REFUSED_NEWER_FACT:
        return "newer_fact";
    case REFUSED_NOT_FROZEN:
        return "not_frozen";
    case REFUSED_BALANCE:
        return "balance";
    case REFUSED_RIGHTS:
        return "rights";
    case REFUSED_REFUNDABLE:
        return "refundable";
    case REFUSED_OTHER_BRANCH:
        return "other_branch";
    case REFUSED_CAP:
        return "cap";
    case REFUSED_LOTS:
        return "lots";
    case REFUSED_MISSING_FIELD:
        return "missing_field";
    case REFUSED_FIELD:
        return "field";
    case REFUSED_NUMBERS:
        return "numbers";
    case REFUSED_SELF:
        return "self";
    case REFUSED_CURRENCY:
        return "currency";
    case REFUSED_ROLE:
        return "role";
    case REFUSED_OTHER_MEMBER:
        return "other_member";
    case REFUSED_OTHER_PRODUCT:
        return "other_product";
    case REFUSED_VERSION:
        return "version";
    case REFUSED_STILL_WRITES:
        return "still_writes";
    case REFUSED_AWAY:
        return "away";
    case REFUSED_NOT_FORKED:
        return "not_forked";
    case REFUSED_ENDED:
        return "ended";
    case REFUSED_KEY_REUSED:
        return "key_reused";
    case REFUSED_UNWITNESSED:
        return "unwitnessed";
    case REFUSED_QUOTA:
        return "quota";
    case REFUSED_SUSPENDED:
        return "suspended";
    case REFUSED_UNKNOWN_MINT:
        return "unknown_mint";
    case REFUSED_BUSY:
        return "busy";
    case REFUSED_SPACE:
        return "space";
    case REFUSED_READ_ONLY:
        return "read_only";
    case REFUSED_LEASE:
        return "lease";
    case REFUSED_RETIRED:
        return "retired";
    case VERDICT_COUNT:
        return UNKNOWN;
    }
    return UNKNOWN;
}

const char *alarm_name(enum alarm alarm)
{
    switch (alarm) {
    case ALARM_AUTHORITY_FORK:
        return "authority_fork";
    case ALARM_JOURNAL_FORK:
        return "journal_fork";
    case ALARM_DIVERGENCE:
        return "divergence";
    case ALARM_INVALID_EVENT:
        return "invalid_event";
    case ALARM_DIGEST_MISMATCH:
        return "digest_mismatch";
    case ALARM_BAD_BLOCK:
        return "bad_block";
    case ALARM_CLOCK:
        return "clock";
    case ALARM_AMNESIA:
        return "amnesia";
    case ALARM_RETIRED:
        return "retired";
    case ALARM_NEWER_RULES:
        return "newer_rules";
    case ALARM_COUNT:
        return UNKNOWN;
    }
    return UNKNOWN;
}

const char *message_name(enum message_kind kind)
{
    switch (kind) {
    case MESSAGE_HELLO:
        return "hello";
    case MESSAGE_WELCOME:
        return "welcome";
    case MESSAGE_ERROR:
        return "error";
    case MESSAGE_BYE:
        return "bye";
    case MESSAGE_TIPS:
        return "tips";
    case MESSAGE_DIGEST:
        return "digest";
    case MESSAGE_WANT:
        return "want";
    case MESSAGE_BLOCKS:
        return "blocks";
    case MESSAGE_NACK:
        return "nack";
    case MESSAGE_FORK_PROOF:
        return "fork_proof";
    case MESSAGE_RIGHTS_REQ:
        return "rights_req";
    case MESSAGE_RIGHTS_RSP:
        return "rights_rsp";
    case MESSAGE_STATE_DIGEST:
        return "state_digest";
    case MESSAGE_CKPT_REQ:
        return "ckpt_req";
    case MESSAGE_LEASE:
        return "lease";
    case MESSAGE_KEY_GET:
        return "key_get";
    case MESSAGE_KEY_PUT:
        return "key_put";
    case MESSAGE_KEY_ACK:
        return "key_ack";
    case MESSAGE_JOIN:
        return "join";
    case MESSAGE_JOINED:
        return "joined";
    }
    return UNKNOWN;
}

const char *member_field_name(uint8_t field)
{
    switch ((enum member_field)field) {
    case FIELD_NAME:
        return "name";
    case FIELD_PHONE:
        return "phone";
    case FIELD_ID_NUMBER:
        return "id_number";
    case FIELD_BIRTHDAY:
        return "birthday";
    case FIELD_EMAIL:
        return "email";
    case FIELD_NOTE:
        return "note";
    }
    return UNKNOWN;
}

static bool is_name(struct bytes name, const char *known)
{
    for (size_t i = 0; i < name.size; i++) {
        if (known[i] == 0 || (uint8_t)known[i] != name.data[i]) {
            return false;
        }
    }
    return known[name.size] == 0 && known != UNKNOWN;
}

uint8_t tender_by_name(struct bytes name)
{
    for (unsigned tender = 1; tender <= TENDER_OTHER; tender++) {
        if (is_name(name, tender_name((uint8_t)tender))) {
            return (uint8_t)tender;
        }
    }
    return 0;
}

uint8_t freeze_kind_by_name(struct bytes name)
{
    for (unsigned kind = 1; kind <= FREEZE_COURT; kind++) {
        if (is_name(name, freeze_kind_name((uint8_t)kind))) {
            return (uint8_t)kind;
        }
    }
    return 0;
}

uint16_t event_type_by_name(struct bytes name)
{
    for (unsigned type = 1; type <= EVENT_REQUEST_CLOSE; type++) {
        if (is_name(name, event_type_name((uint16_t)type))) {
            return (uint16_t)type;
        }
    }
    return 0;
}

uint8_t spend_order_by_name(struct bytes name)
{
    for (unsigned order = 0; order <= SPEND_EXPIRY_FIRST; order++) {
        if (is_name(name, spend_order_name((uint8_t)order))) {
            return (uint8_t)order;
        }
    }
    return UINT8_MAX;
}
