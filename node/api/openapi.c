#include "openapi.h"

/* openapi_text.S holds the file. */
extern const uint8_t openapi_text[];
extern const uint8_t openapi_text_end[];

struct bytes openapi_document(void)
{
    return bytes_of(openapi_text, (size_t)(openapi_text_end - openapi_text));
}
