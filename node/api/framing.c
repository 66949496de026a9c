#include "framing.h"

#include "target.h"

#include <strings.h>

static const char *const once[FRAMING_HEADER_COUNT] = {
    [FRAMING_CONTENT_LENGTH] = "content-length",
    [FRAMING_TRANSFER_ENCODING] = "transfer-encoding",
    [FRAMING_HOST] = "host",
    [FRAMING_AUTHORIZATION] = "authorization",
    [FRAMING_COOKIE] = "cookie",
    [FRAMING_CONTENT_TYPE] = "content-type",
    [FRAMING_CONTENT_ENCODING] = "content-encoding",
    [FRAMING_ORIGIN] = "origin",
    [FRAMING_IDEMPOTENCY_KEY] = "idempotency-key",
    [FRAMING_EXPECT] = "expect",
};

static void refuse(struct framing *framing, unsigned status, const char *why)
{
    if (framing->status == 0) {
        framing->status = status;
        framing->why = why;
    }
}

/* tchar of RFC 9110. */
static bool is_token_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_token_byte(text.data[i])) {
            return false;
        }
    }
    return text.size > 0;
}

static bool begins_with(struct bytes text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && strncasecmp((const char *)text.data, start, size) == 0;
}

static bool value_is_clean(struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

void framing_header(struct framing *framing, struct bytes name, struct bytes value)
{
    if (!is_token(name)) {
        refuse(framing, 400, "A header's name has a character that names do not have.");
        return;
    }
    if (!value_is_clean(value)) {
        refuse(framing, 400, "A header's value has a control character.");
        return;
    }
    for (size_t i = 0; i < FRAMING_HEADER_COUNT; i++) {
        if (!begins_with(name, once[i])) {
            continue;
        }
        if (name.size == strlen(once[i])) {
            if (framing->values[i] != NULL) {
                refuse(framing, 400, "A header that may stand once only is there twice.");
            }
            framing->values[i] = (const char *)value.data;
        } else {
            /* What was folded onto the line arrives as a part of the name. */
            refuse(framing, 400, "A header's name only begins like one that matters here.");
        }
    }
}

/* Digits only; larger than any body counts as just that. */
static void read_length(struct framing *framing)
{
    const char *text = framing->values[FRAMING_CONTENT_LENGTH];
    size_t size = 0;
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    if (text == NULL) {
        return;
    }
    if (digits == 0 || text[digits] != 0) {
        refuse(framing, 400, "Content-Length is not a number written in digits.");
        return;
    }
    for (size_t i = 0; i < digits && size <= FRAMING_BODY_SIZE_MAX; i++) {
        size = size * 10 + (size_t)(text[i] - '0');
    }
    framing->body_size = size;
    if (size > FRAMING_BODY_SIZE_MAX) {
        refuse(framing, 413, "The body is larger than 65536 bytes.");
    }
}

static bool takes_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static void check_body(struct framing *framing, const char *method)
{
    const char *coding = framing->values[FRAMING_CONTENT_ENCODING];
    const char *expect = framing->values[FRAMING_EXPECT];
    bool has_length = framing->values[FRAMING_CONTENT_LENGTH] != NULL;
    if (framing->values[FRAMING_TRANSFER_ENCODING] != NULL) {
        refuse(framing, has_length ? 400 : 411,
               "A body in transfer coding is not accepted. Send its Content-Length.");
    }
    read_length(framing);
    if (takes_body(method) && !has_length) {
        refuse(framing, 411, "The length of the body is missing. Send Content-Length.");
    }
    if (!takes_body(method) && framing->body_size > 0) {
        refuse(framing, 400, "This method has no body here.");
    }
    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        refuse(framing, 415, "A compressed body is not accepted. Send it as it is.");
    }
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0) {
        refuse(framing, 417, "The only expectation that can be met is 100-continue.");
    }
}

static bool method_is_sound(const char *method)
{
    size_t size = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return size > 0 && size <= FRAMING_METHOD_SIZE_MAX && method[size] == 0;
}

static void check_line(struct framing *framing, const char *method, const char *target,
                       const char *version)
{
    const char *why = NULL;
    bool current = strcmp(version, "HTTP/1.1") == 0;
    if (!current && strcmp(version, "HTTP/1.0") != 0) {
        refuse(framing, 505, "The version is neither HTTP/1.1 nor HTTP/1.0.");
    }
    if (!method_is_sound(method)) {
        refuse(framing, 400, "The method is not a word in capital letters.");
    }
    if (strlen(target) > TARGET_SIZE_MAX) {
        refuse(framing, 414, "The target is longer than 2048 bytes.");
    } else if (!target_is_sound(target, &why)) {
        refuse(framing, 400, why);
    }
    if (current && framing->values[FRAMING_HOST] == NULL) {
        refuse(framing, 400, "The header Host is missing.");
    }
}

bool framing_end(struct framing *framing, const char *method, const char *target,
                 const char *version)
{
    check_line(framing, method, target, version);
    check_body(framing, method);
    return framing->status == 0;
}
