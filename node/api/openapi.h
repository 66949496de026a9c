/* The description of the API, as it was when the program was built (openapi.yaml). */
#ifndef OPENAPI_H
#define OPENAPI_H

#include "tally/bytes.h"

/* Lives as long as the program. */
struct bytes openapi_document(void);

#endif
