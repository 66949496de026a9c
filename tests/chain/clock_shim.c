/* Loaded into a daemon before its libraries: the wall clock of all daemons that look into one file
 * is as many seconds ahead as it says, from the moment at which it says so. TALLY_CLOCK names the
 * file. Other clocks run as they do. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long shift_s(void)
{
    const char *path = getenv("TALLY_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return 0;
    }
    char text[32] = "";
    ssize_t size = read(file, text, sizeof text - 1);
    (void)close(file);
    return size <= 0 ? 0 : strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (failed == 0 && clock == CLOCK_REALTIME) {
        now->tv_sec += (time_t)shift_s();
    }
    return (int)failed;
}
