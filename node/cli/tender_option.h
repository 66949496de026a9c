/* --tender NAME:AMOUNT, as often as wanted: what is paid or given back beside the card. */
#ifndef TENDER_OPTION_H
#define TENDER_OPTION_H

#include "session.h"

/* Sets "tenders" in the body, if the option was given at all. */
enum outcome tender_option_add(struct session *session, json_t *body);

#endif
