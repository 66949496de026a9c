/* What a run says: findings, a trace for people, and a hash of all that happened. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>

enum { FINDINGS_MAX = 3 }; /* the rest follows from the first */

void sim_finding(struct sim *sim, const char *invariant, const char *format, ...)
{
    if (sim->findings++ >= FINDINGS_MAX) {
        return;
    }
    if (sim->findings == 1) {
        (void)snprintf(sim->invariant, sizeof sim->invariant, "%s", invariant);
    }
    char text[SIM_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("finding seed=%llu step=%llu ms=%llu invariant=%s %s\n", (unsigned long long)sim->seed,
           (unsigned long long)sim->steps, (unsigned long long)sim_ms(sim), invariant, text);
    (void)fflush(stdout);
}

void sim_tell(struct sim *sim, const char *format, ...)
{
    if (!sim->loud) {
        return;
    }
    printf("%9.3f ", (double)sim->now_us / 1000.0);
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void sim_narrate(struct sim *sim, const struct step *step)
{
    char text[SIM_TEXT_MAX];
    step_tell(step, text, sizeof text);
    printf("%3u. %8.3f s  %s\n", ++sim->narrated, (double)sim->now_us / 1e6, text);
}

void sim_note(struct sim *sim, uint64_t value)
{
    sim->trace = random_mix(sim->trace ^ value);
}
