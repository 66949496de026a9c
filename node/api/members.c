#include "body.h"
#include "names.h"
#include "resources.h"
#include "text.h"

/* Refuses here what the rules would refuse, with the member's name. */
static void field_read(const struct body *body, uint8_t field, enum body_need need)
{
    struct request *request = &body->call->request;
    const char *name = member_field_name(field);
    size_t size_max = field == FIELD_NAME ? NAME_SIZE_MAX : FIELD_SIZE_MAX;
    struct bytes text = body_text(body, name, need, size_max);
    if (text.size == 0) {
        return;
    }
    if (!text_fits_field(field, text)) {
        static const char *const wants[] = {
            [FIELD_NAME] = "must be a name.",
            [FIELD_PHONE] = "must be 5 to 20 digits, with a + before a country code.",
            [FIELD_ID_NUMBER] = "must be 4 to 40 letters and digits.",
            [FIELD_BIRTHDAY] = "must be a date: MM-DD or YYYY-MM-DD.",
            [FIELD_EMAIL] = "must be an e-mail address.",
            [FIELD_NOTE] = "must be readable text.",
        };
        body_refuse(body, name, wants[field]);
        return;
    }
    struct member_text *to = &request->body.enrol.fields[request->body.enrol.field_count++];
    *to = (struct member_text){.field = field, .text = text};
}

void members_post_read(struct api_call *call)
{
    struct body body = body_of(call);
    BODY_ONLY(&body, "name", "phone", "id_number", "birthday", "email", "note");
    field_read(&body, FIELD_NAME, BODY_REQUIRED);
    for (unsigned field = FIELD_PHONE; field <= FIELD_NOTE; field++) {
        field_read(&body, (uint8_t)field, BODY_OPTIONAL);
    }
}

void members_post_render(struct api_call *call, const struct answer *answer)
{
    render_hex(&call->out, "member", BYTES_OF(answer->member.bytes));
}

static void no_text(struct api_call *call)
{
    call->request.body.member.card = bytes_of("", 0);
    call->request.body.member.phone = bytes_of("", 0);
}

void members_get_read(struct api_call *call)
{
    no_text(call);
    path_subject(call, 2, REFUSED_UNKNOWN_MEMBER, &call->request.body.member.member);
}

void members_find_read(struct api_call *call)
{
    no_text(call);
    struct bytes card = query_card(call);
    struct bytes phone = query_text(call, "phone");
    if ((card.size == 0) == (phone.size == 0)) {
        call_refuse(call, PROBLEM_QUERY, "card",
                    "Refused: say whom to look for, by ?card= or by ?phone=, and by one of them "
                    "only.");
    } else if (phone.size > 0 && !text_fits_field(FIELD_PHONE, phone)) {
        call_refuse(call, PROBLEM_QUERY, "phone",
                    "Refused: the parameter \"phone\" must be a phone number: 5 to 20 digits, "
                    "with a + before them if it has a country code.");
    }
    call->request.body.member.card = card;
    call->request.body.member.phone = phone;
}

static void fields_render(struct render *out, const struct member_view *member)
{
    render_open(out, "fields", '{');
    for (uint32_t i = 0; i < member->field_count; i++) {
        if (!member->fields[i].locked) {
            render_text(out, member_field_name(member->fields[i].field),
                        bytes_of(member->fields[i].text, member->fields[i].size));
        }
    }
    render_close(out, '}');
    render_open(out, "locked", '[');
    for (uint32_t i = 0; i < member->field_count; i++) {
        if (member->fields[i].locked) {
            render_string(out, NULL, member_field_name(member->fields[i].field));
        }
    }
    render_close(out, ']');
}

void members_get_render(struct api_call *call, const struct answer *answer)
{
    const struct member_view *member = &call->page->rows.member;
    struct render *out = &call->out;
    (void)answer;
    render_hex(out, "member", BYTES_OF(member->member.bytes));
    render_count(out, "home_branch", member->home_branch);
    fields_render(out, member);
    render_open(out, "accounts", '[');
    for (uint32_t i = 0; i < member->account_count; i++) {
        render_hex(out, NULL, BYTES_OF(member->accounts[i].bytes));
    }
    render_close(out, ']');
}
