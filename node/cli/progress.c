#include "progress.h"

#include "clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum {
    BAR_WIDTH = 30,
    DRAW_MS = 100,
    LINE_MS = 5000,
    RATE_MS = 1000,
};

void progress_start(struct progress *progress, FILE *out, uint64_t total)
{
    uint64_t now = clock_monotonic_ms();
    *progress = (struct progress){
        .out = out,
        .terminal = isatty(fileno(out)) == 1,
        .total = total,
        .started_ms = now,
        .shown_ms = now,
        .recent_ms = now,
    };
}

static void progress_measure(struct progress *progress, uint64_t done, uint64_t now)
{
    uint64_t passed = now - progress->recent_ms;
    if (passed >= RATE_MS) {
        progress->rate = (done - progress->recent_done) * 1000 / passed;
        progress->recent_ms = now;
        progress->recent_done = done;
    }
}

static void draw_bar(struct progress *progress, uint64_t done)
{
    char bar[BAR_WIDTH + 1];
    uint64_t filled = progress->total == 0 ? BAR_WIDTH : done * BAR_WIDTH / progress->total;
    for (uint64_t i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(progress->out, "\r[%s] ", bar);
    progress->drawn = true;
}

static void draw(struct progress *progress, uint64_t done)
{
    uint64_t percent = progress->total == 0 ? 100 : done * 100 / progress->total;
    uint64_t left = progress->total > done ? progress->total - done : 0;
    if (progress->terminal) {
        draw_bar(progress, done);
    }
    (void)fprintf(progress->out, "%3" PRIu64 " %%  %" PRIu64 " of %" PRIu64 " visits", percent,
                  done, progress->total);
    if (progress->rate > 0) {
        uint64_t seconds = left / progress->rate;
        (void)fprintf(progress->out, "  %" PRIu64 "/s  %" PRIu64 ":%02" PRIu64 " left",
                      progress->rate, seconds / 60, seconds % 60);
    }
    if (progress->note != NULL) {
        (void)fprintf(progress->out, "  %s", progress->note);
    }
    (void)fputs(progress->terminal ? "\x1b[K" : "\n", progress->out);
    (void)fflush(progress->out);
}

void progress_show(struct progress *progress, uint64_t done)
{
    uint64_t now = clock_monotonic_ms();
    progress_measure(progress, done, now);
    if (now - progress->shown_ms >= (progress->terminal ? DRAW_MS : LINE_MS)) {
        progress->shown_ms = now;
        draw(progress, done);
    }
}

void progress_end(struct progress *progress, uint64_t done)
{
    uint64_t passed = clock_monotonic_ms() - progress->started_ms;
    progress->rate = passed == 0 ? 0 : done * 1000 / passed;
    progress->note = NULL;
    draw(progress, done);
    if (progress->terminal) {
        (void)fputc('\n', progress->out);
    }
    progress->drawn = false;
}

void progress_say(struct progress *progress, const char *format, ...)
{
    va_list arguments;
    assert(format != NULL);
    if (progress->drawn) {
        (void)fputs("\r\x1b[K", progress->out);
        progress->drawn = false;
    }
    va_start(arguments, format);
    (void)vfprintf(progress->out, format, arguments);
    va_end(arguments);
    (void)fputc('\n', progress->out);
    (void)fflush(progress->out);
}
