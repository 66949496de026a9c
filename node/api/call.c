#include "call.h"

#include "calendar.h"
#include "route.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

static const int64_t DAY_MS = INT64_C(86400000);

void call_header(struct api_call *call, const char *name, const char *value)
{
    assert(call->response.header_count < 8);
    call->response.headers[call->response.header_count++] = (struct api_header){name, value};
}

void call_finish_static(struct api_call *call, unsigned status, const char *content_type,
                        struct bytes body)
{
    call->response.status = status;
    call->response.content_type = content_type;
    call->response.body = body;
    call->ready = true;
}

void call_finish(struct api_call *call, unsigned status, const char *content_type)
{
    call_finish_static(call, status, content_type, bytes_of(call->out.data, call->out.size));
}

static void headers_of_status(struct api_call *call, unsigned status)
{
    if (status == 503) {
        call_header(call, "Retry-After", "1");
    } else if (status == 401) {
        call_header(call, "WWW-Authenticate", "Bearer realm=\"tally\"");
    }
}

void call_refuse(struct api_call *call, enum problem problem, const char *field, const char *detail,
                 ...)
{
    if (call->refused) {
        return;
    }
    call->refused = true;
    call->asks = false;
    char sentence[512];
    va_list values;
    va_start(values, detail);
    (void)vsnprintf(sentence, sizeof sentence, detail, values);
    va_end(values);
    call->out.size = 0;
    call->out.comma = false;
    render_open(&call->out, NULL, '{');
    problem_render(&call->out, problem, field, sentence);
    render_close(&call->out, '}');
    headers_of_status(call, problem_status(problem));
    call_finish(call, problem_status(problem), "application/problem+json");
}

void call_refuse_answer(struct api_call *call, const struct answer *answer)
{
    if (call->refused) {
        return;
    }
    call->refused = true;
    call->asks = false;
    call->out.size = 0;
    call->out.comma = false;
    render_open(&call->out, NULL, '{');
    verdict_render(&call->out, answer);
    render_close(&call->out, '}');
    headers_of_status(call, verdict_status(answer->verdict));
    call_finish(call, verdict_status(answer->verdict), "application/problem+json");
}

void call_refuse_verdict(struct api_call *call, enum verdict verdict)
{
    struct answer answer = {.verdict = verdict};
    call_refuse_answer(call, &answer);
}

bool card_is_formed(struct bytes card)
{
    for (size_t i = 0; i < card.size; i++) {
        if (card.data[i] < '0' || card.data[i] > '9') {
            return false;
        }
    }
    return card.size == CARD_NUMBER_SIZE;
}

struct bytes query_text(struct api_call *call, const char *name)
{
    for (uint32_t i = 0; i < call->target.parameter_count; i++) {
        struct target_parameter *parameter = &call->target.parameters[i];
        if (bytes_equal(parameter->name, bytes_of(name, strlen(name)))) {
            parameter->used = true;
            return parameter->value;
        }
    }
    return bytes_of("", 0);
}

static void refuse_parameter(struct api_call *call, const char *name, const char *detail)
{
    call_refuse(call, PROBLEM_QUERY, name, "Refused: the parameter \"%s\" %s", name, detail);
}

uint64_t query_count(struct api_call *call, const char *name, uint64_t min, uint64_t max,
                     uint64_t fallback)
{
    struct bytes text = query_text(call, name);
    uint64_t value = fallback;
    if (text.size > 0 && (!count_parse(text, max, &value) || value < min)) {
        char detail[100];
        (void)snprintf(detail, sizeof detail,
                       "must be a whole number from %" PRIu64 " to %" PRIu64 ".", min, max);
        refuse_parameter(call, name, detail);
    }
    return value;
}

struct bytes query_card(struct api_call *call)
{
    struct bytes card = query_text(call, "card");
    if (card.size > 0 && !card_is_formed(card)) {
        refuse_parameter(call, "card", "must be the 16 digits of a card.");
        return bytes_of("", 0);
    }
    return card;
}

uint32_t query_day(struct api_call *call, const char *name)
{
    uint32_t day = 0;
    struct bytes text = query_text(call, name);
    if (text.size > 0 && !calendar_parse(text, &day)) {
        refuse_parameter(call, name, "must be a date, as in 2026-11-21.");
    }
    return day;
}

int64_t query_moment(struct api_call *call, const char *name, bool end)
{
    int64_t wall_ms = 0;
    uint32_t day = 0;
    struct bytes text = query_text(call, name);
    if (text.size == 0 || time_parse(text, &wall_ms)) {
        return wall_ms;
    }
    if (!calendar_parse(text, &day)) {
        refuse_parameter(call, name,
                         "must be a date, as in 2026-11-21, or a time, as in "
                         "2026-11-21T21:59:53Z.");
        return 0;
    }
    wall_ms = day * DAY_MS - call_zone_minutes(call) * INT64_C(60000) + (end ? DAY_MS - 1 : 0);
    return wall_ms > 0 ? wall_ms : 1;
}

static struct bytes query_cursor(struct api_call *call)
{
    struct bytes text = query_text(call, "cursor");
    size_t size = 0;
    if (text.size == 0) {
        return text;
    }
    if (sodium_base642bin(call->cursor, sizeof call->cursor, (const char *)text.data, text.size,
                          NULL, &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size == 0) {
        refuse_parameter(call, "cursor",
                         "is not one that this node gave. Take it from the answer before, or "
                         "leave it out to begin anew.");
    }
    return bytes_of(call->cursor, size);
}

void query_page(struct api_call *call, uint32_t fallback)
{
    call->request.page_limit = (uint32_t)query_count(call, "limit", 1, PAGE_ENTRIES_MAX, fallback);
    call->request.cursor = query_cursor(call);
}

void query_done(struct api_call *call)
{
    for (uint32_t i = 0; i < call->target.parameter_count; i++) {
        const struct target_parameter *parameter = &call->target.parameters[i];
        if (!parameter->used) {
            char name[41] = {0};
            memcpy(name, parameter->name.data,
                   parameter->name.size < 40 ? parameter->name.size : 40);
            refuse_parameter(call, name,
                             "is not known here. Check its spelling, or leave it out; "
                             "/openapi.yaml lists what there is.");
            return;
        }
    }
}

void path_subject(struct api_call *call, uint32_t index, enum verdict unknown,
                  struct subject_id *id)
{
    if (!hex_parse(call->target.segments[index], id->bytes, sizeof id->bytes) ||
        id_is_none(id->bytes, sizeof id->bytes)) {
        call_refuse_verdict(call, unknown);
    }
}
