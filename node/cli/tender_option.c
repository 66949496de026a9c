#include "tender_option.h"

#include "tally/bounds.h"

#include <stdio.h>
#include <string.h>

static enum outcome tender_add(struct session *session, const char *text, json_t *tenders)
{
    char name[16];
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof name) {
        return session_misused(session, "--tender is written name:amount, like cash:20.00.");
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    json_t *amount = NULL;
    enum outcome outcome = session_money(session, colon + 1, &amount);
    if (outcome == OUTCOME_DONE) {
        json_t *tender = json_object();
        session_set(tender, "tender", name);
        json_object_set_new(tender, "amount", amount);
        json_array_append_new(tenders, tender);
    }
    return outcome;
}

enum outcome tender_option_add(struct session *session, json_t *body)
{
    enum outcome outcome = OUTCOME_DONE;
    json_t *tenders = json_array();
    const char *text = arguments_option_nth(&session->arguments, "tender", 0);
    for (uint32_t i = 0; text != NULL && outcome == OUTCOME_DONE; i++) {
        outcome = i < TENDERS_MAX ? tender_add(session, text, tenders)
                                  : session_misused(session, "At most %d tenders beside the card.",
                                                    TENDERS_MAX);
        text = arguments_option_nth(&session->arguments, "tender", i + 1);
    }
    if (json_array_size(tenders) > 0) {
        json_object_set(body, "tenders", tenders);
    }
    json_decref(tenders);
    return outcome;
}
