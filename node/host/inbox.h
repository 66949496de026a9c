/* Requests on their way from the listener's thread to the core thread: a bounded queue of pointers
 * whose ownership goes with them, and a descriptor that is readable while it is not empty. */
#ifndef INBOX_H
#define INBOX_H

#include "tally/command.h"

struct inbox;

/* NULL when memory or descriptors are short. */
struct inbox *inbox_new(uint32_t capacity);
void inbox_free(struct inbox *inbox);

/* From any thread. False when it is full: answer "busy" at once. The request must stay valid until
 * it is answered (http_deliver). */
bool inbox_put(struct inbox *inbox, const struct request *request);

/* From now on inbox_put says false: nobody is there any more to take. */
void inbox_close(struct inbox *inbox);

/* Core thread only. NULL when empty. */
const struct request *inbox_take(struct inbox *inbox);
int inbox_descriptor(const struct inbox *inbox);

#endif
