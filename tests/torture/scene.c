/* What every scenario does to say how it goes. */
#include "torture.h"

#include "clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_SKIPPED = 77 };

static void say(const char *format, va_list values) __attribute__((format(printf, 1, 0)));
static void say(const char *format, va_list values)
{
    static uint64_t began_ms;
    uint64_t now_ms = clock_monotonic_ms();
    began_ms = began_ms == 0 ? now_ms : began_ms;
    (void)printf("%9.3f  ", (double)(now_ms - began_ms) / 1000.0);
    (void)vprintf(format, values);
    (void)putchar('\n');
    (void)fflush(stdout);
}

void torture_step(const struct torture *torture, const char *format, ...)
{
    va_list values;
    (void)torture;
    va_start(values, format);
    say(format, values);
    va_end(values);
}

void torture_fault(const struct torture *torture, const char *format, ...)
{
    va_list values;
    torture->result->faults += 1;
    va_start(values, format);
    say(format, values);
    va_end(values);
}

static void note(const struct torture *torture, const char *format, va_list values)
    __attribute__((format(printf, 2, 0)));
static void note(const struct torture *torture, const char *format, va_list values)
{
    va_list again;
    va_copy(again, values);
    (void)vsnprintf(torture->result->note, sizeof torture->result->note, format, again);
    va_end(again);
    say(format, values);
}

void torture_note(const struct torture *torture, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    note(torture, format, values);
    va_end(values);
}

/* Without the handlers of exit: what runs still ends with this process. */
void torture_fail(const struct torture *torture, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    note(torture, format, values);
    va_end(values);
    _exit(EXIT_FAILED);
}

void torture_skip(const struct torture *torture, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    note(torture, format, values);
    va_end(values);
    _exit(EXIT_SKIPPED);
}

void torture_must(const struct torture *torture, enum status status,
                  const struct explanation *explanation)
{
    if (status != STATUS_OK) {
        torture_fail(torture, "%.180s", explanation->text);
    }
}

bool torture_time_is_up(const struct torture *torture)
{
    return clock_monotonic_ms() >= torture->until_ms;
}

void torture_needs_program(const struct torture *torture, const char *path)
{
    if (access(path, X_OK) != 0) {
        torture_skip(torture, "there is no %s: ops/setup test", path);
    }
}

void torture_needs_network(const struct torture *torture)
{
    if (!torture->isolated) {
        torture_skip(torture, "this machine does not permit network namespaces");
    }
    torture_needs_program(torture, "/usr/sbin/ip");
    torture_needs_program(torture, "/usr/sbin/nft");
    torture_needs_program(torture, "/usr/bin/nsenter");
}

void torture_needs_mounts(const struct torture *torture)
{
    if (!torture->isolated || !torture->privileged) {
        torture_skip(torture, "only root may mount a file as a disk");
    }
}

void torture_needs_preload(const struct torture *torture)
{
#if defined(SANITIZED)
    torture_skip(torture, "a sanitizer must be loaded first, so nothing can be put before it");
#else
    (void)torture;
#endif
}
