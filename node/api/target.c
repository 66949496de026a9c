#include "target.h"

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that "%xy" stands for, or -1. */
static int escape_value(const char *at)
{
    int high = at[1] == 0 ? -1 : hex_value(at[1]);
    int low = high < 0 ? -1 : hex_value(at[2]);
    return low < 0 ? -1 : high * 16 + low;
}

static const char *byte_fault(const char *at, bool in_path)
{
    unsigned char byte = (unsigned char)*at;
    if (byte <= 0x20 || byte >= 0x7f) {
        return "The target has a space, a control character or a byte above ASCII in it; write it "
               "percent-encoded.";
    }
    if (byte == '#' || byte == '\\') {
        return "The target has # or \\ in it.";
    }
    if (byte != '%') {
        return NULL;
    }
    int value = escape_value(at);
    if (value < 0) {
        return "The target has a % that two hex digits do not follow.";
    }
    if (value == 0 || (in_path && (value == '/' || value == '.' || value == '%'))) {
        return "The target encodes NUL, or in its path a slash, a dot or a percent sign.";
    }
    return NULL;
}

/* `at` is a slash of the path: what follows must be a name. */
static bool segment_is_odd(const char *at)
{
    const char *end = at + 1;
    while (*end != 0 && *end != '/' && *end != '?') {
        end++;
    }
    size_t size = (size_t)(end - at) - 1;
    if (size == 0) {
        return *end == '/'; /* "//"; a slash at the end merely leads nowhere */
    }
    return (size == 1 && at[1] == '.') || (size == 2 && at[1] == '.' && at[2] == '.');
}

bool target_is_sound(const char *raw, const char **why)
{
    bool in_path = true;
    if (raw[0] != '/') {
        *why = "The target is not a path that begins with a slash.";
        return false;
    }
    size_t size = 0;
    for (const char *at = raw; *at != 0; at++, size++) {
        in_path = in_path && *at != '?';
        const char *fault = byte_fault(at, in_path);
        if (fault == NULL && in_path && *at == '/' && segment_is_odd(at)) {
            fault = "The path has an empty, . or .. segment.";
        }
        if (fault == NULL && size >= TARGET_SIZE_MAX) {
            fault = "The target is too long.";
        }
        if (fault != NULL) {
            *why = fault;
            return false;
        }
    }
    return true;
}

/* Decodes up to any of `ends`; `*raw` and `*memory` move on. */
static struct bytes decode(const char **raw, uint8_t **memory, const char *ends)
{
    const char *at = *raw;
    uint8_t *out = *memory;
    while (*at != 0 && strchr(ends, *at) == NULL) {
        if (*at == '%') {
            *out++ = (uint8_t)escape_value(at);
            at += 3;
        } else {
            *out++ = (uint8_t)*at++;
        }
    }
    struct bytes piece = bytes_of(*memory, (size_t)(out - *memory));
    *raw = at;
    *memory = out;
    return piece;
}

static bool parameter_is_new(const struct target *target, struct bytes name)
{
    for (uint32_t i = 0; i < target->parameter_count; i++) {
        if (bytes_equal(target->parameters[i].name, name)) {
            return false;
        }
    }
    return true;
}

static bool parameters_parse(const char *raw, uint8_t *memory, struct target *target,
                             const char **why)
{
    while (*raw != 0) {
        struct target_parameter parameter = {.name = decode(&raw, &memory, "=&")};
        if (*raw == '=') {
            raw++;
            parameter.value = decode(&raw, &memory, "&");
        }
        if (*raw == '&') {
            raw++;
        }
        if (parameter.name.size == 0) {
            continue;
        }
        if (target->parameter_count == TARGET_PARAMETERS_MAX) {
            *why = "The query has too many parameters.";
            return false;
        }
        if (!parameter_is_new(target, parameter.name)) {
            *why = "The query has a parameter twice.";
            return false;
        }
        target->parameters[target->parameter_count++] = parameter;
    }
    return true;
}

bool target_parse(const char *raw, uint8_t *memory, struct target *target, const char **why)
{
    *target = (struct target){0};
    if (!target_is_sound(raw, why)) {
        return false;
    }
    while (*raw == '/') {
        raw++;
        if (target->segment_count == TARGET_SEGMENTS_MAX) {
            *why = "The path has too many segments.";
            return false;
        }
        target->segments[target->segment_count++] = decode(&raw, &memory, "/?");
    }
    return *raw == 0 || parameters_parse(raw + 1, memory, target, why);
}
