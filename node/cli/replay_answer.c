#include "replay_answer.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

json_t *replay_answer_parse(struct bytes body)
{
    return json_loadb((const char *)body.data, body.size, 0, NULL);
}

bool replay_answer_amount(const json_t *object, const char *field, int64_t *amount)
{
    const json_t *value = json_object_get(object, field);
    if (json_is_object(value)) {
        value = json_object_get(value, "minor");
    }
    if (!json_is_integer(value)) {
        return false;
    }
    *amount = json_integer_value(value);
    return true;
}

bool replay_answer_count(const json_t *object, const char *field, uint64_t *count)
{
    const json_t *value = json_object_get(object, field);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *count = (uint64_t)json_integer_value(value);
    return true;
}

const char *replay_answer_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text == NULL ? "" : text;
}

bool replay_answer_hex(const json_t *object, const char *field, uint8_t *out, size_t size)
{
    const char *text = replay_answer_text(object, field);
    size_t written = 0;
    return strlen(text) == size * 2 &&
           sodium_hex2bin(out, size, text, size * 2, NULL, &written, NULL) == 0 && written == size;
}

static bool take_number(const char **at, char end, uint64_t max, uint64_t *number)
{
    char *stop = NULL;
    errno = 0;
    unsigned long long value = strtoull(*at, &stop, 10);
    if (**at < '0' || **at > '9' || errno != 0 || value > max || *stop != end) {
        return false;
    }
    *at = end == '\0' ? stop : stop + 1;
    *number = value;
    return true;
}

bool replay_answer_ref(const char *text, struct event_ref *ref)
{
    uint64_t branch = 0;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    uint64_t index = 0;
    if (!take_number(&text, '.', UINT32_MAX, &branch) ||
        !take_number(&text, '-', UINT16_MAX, &incarnation) ||
        !take_number(&text, '-', UINT64_MAX, &seq) ||
        !take_number(&text, '\0', UINT16_MAX, &index)) {
        return false;
    }
    *ref = (struct event_ref){
        .journal = journal_of((uint32_t)branch, (uint16_t)incarnation),
        .seq = seq,
        .index = (uint16_t)index,
    };
    return true;
}

const json_t *replay_answer_rows(const json_t *document)
{
    static const char *const names[] = {"entries", "rows", "items", "branches", "products"};
    if (json_is_array(document)) {
        return document;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *rows = json_object_get(document, names[i]);
        if (json_is_array(rows)) {
            return rows;
        }
    }
    return NULL;
}
