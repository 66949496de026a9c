#include "explanation.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void explain(struct explanation *explanation, const char *format, ...)
{
    if (explanation == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(explanation->text, sizeof explanation->text, format, arguments) < 0) {
        explanation->text[0] = '\0';
    }
    va_end(arguments);
}
