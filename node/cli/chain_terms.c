#include "chain_terms.h"

#include "money_text.h"

#include <stdio.h>
#include <string.h>

enum { ZONE_MINUTES_MAX = 14 * 60 };

static bool two_digits(const char *text, int32_t *number)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return false;
    }
    *number = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

bool zone_parse(const char *text, int32_t *minutes)
{
    int32_t hour = 0;
    int32_t minute = 0;
    if (strcmp(text, "Z") == 0) {
        *minutes = 0;
        return true;
    }
    bool formed = strlen(text) == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
                  two_digits(text + 1, &hour) && two_digits(text + 4, &minute);
    int32_t total = hour * 60 + minute;
    if (!formed || minute > 59 || total > ZONE_MINUTES_MAX) {
        return false;
    }
    *minutes = text[0] == '-' ? -total : total;
    return true;
}

bool bonus_parse(const char *text, const char *currency, struct bonus_step *step)
{
    char amount[MONEY_TEXT_SIZE];
    struct bonus_step parsed = {0};
    size_t size = strcspn(text, ":");
    if (text[size] != ':' || size >= sizeof amount) {
        return false;
    }
    (void)snprintf(amount, sizeof amount, "%.*s", (int)size, text);
    if (!money_text_parse(amount, currency, &parsed.amount) ||
        !money_text_parse_zero(text + size + 1, currency, &parsed.bonus)) {
        return false;
    }
    *step = parsed;
    return true;
}
