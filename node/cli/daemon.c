#include "daemon.h"

#include "clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_NOT_STARTED = 127, WAIT_POLL_MS = 5 };

enum status daemon_find(const char *name, char path[static DAEMON_PATH_SIZE_MAX],
                        struct explanation *explanation)
{
    char self[DAEMON_PATH_SIZE_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size <= 0) {
        explain(explanation, "This program cannot find its own folder: %s.",
                strerrordesc_np(errno));
        return STATUS_IO;
    }
    self[size] = '\0';
    char *end = strrchr(self, '/');
    if (end == NULL) {
        explain(explanation, "This program cannot find its own folder.");
        return STATUS_IO;
    }
    *end = '\0';
    int length = snprintf(path, DAEMON_PATH_SIZE_MAX, "%s/%s", self, name);
    if (length < 0 || length >= DAEMON_PATH_SIZE_MAX || access(path, X_OK) != 0) {
        explain(explanation, "There is no program \"%s\" in %s: build it with ops/build.", name,
                self);
        return STATUS_NOT_FOUND;
    }
    return STATUS_OK;
}

/* In the child, after fork: only calls that are safe there. Never returns. */
static void become(const char *const *arguments, int in, int out, int error)
{
    char *words[DAEMON_ARGUMENTS_MAX + 1] = {0};
    for (size_t i = 0; i < DAEMON_ARGUMENTS_MAX && arguments[i] != NULL; i++) {
        /* execv promises not to change them, though its type does not say so. */
        memcpy(&words[i], &arguments[i], sizeof words[i]);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* Ctrl-C at the terminal is for the parent, which then stops its children in order. */
    (void)setpgid(0, 0);
    if (arguments[0] != NULL && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(error, 2) >= 0) {
        (void)execv(arguments[0], words);
    }
    _exit(EXIT_NOT_STARTED);
}

enum status daemon_start(struct daemon *daemon, const char *const *arguments, const char *log_path,
                         struct explanation *explanation)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (null < 0 || log < 0) {
        explain(explanation, "The log %s cannot be written: %s.", log_path, strerrordesc_np(errno));
        if (null >= 0) {
            (void)close(null);
        }
        return STATUS_IO;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(arguments, null, log, log);
    }
    (void)close(null);
    (void)close(log);
    if (pid < 0) {
        explain(explanation, "%s cannot be started: %s.", arguments[0], strerrordesc_np(errno));
        return STATUS_IO;
    }
    daemon->pid = pid;
    return STATUS_OK;
}

bool daemon_alive(struct daemon *daemon)
{
    if (daemon->pid != 0 && waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid) {
        daemon->pid = 0;
    }
    return daemon->pid != 0;
}

bool daemon_stop(struct daemon *daemon)
{
    if (daemon->pid == 0) {
        return false;
    }
    (void)kill(daemon->pid, SIGTERM);
    uint64_t started = clock_monotonic_ms();
    int how = 0;
    while (waitpid(daemon->pid, &how, WNOHANG) == 0) {
        if (clock_monotonic_ms() - started > DAEMON_STOP_MS_MAX) {
            daemon_kill(daemon);
            return false;
        }
        (void)poll(NULL, 0, WAIT_POLL_MS);
    }
    daemon->pid = 0;
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

void daemon_kill(struct daemon *daemon)
{
    if (daemon->pid != 0) {
        (void)kill(daemon->pid, SIGKILL);
        while (waitpid(daemon->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        daemon->pid = 0;
    }
}

/* What comes out of a pipe until its end; what does not fit is read and dropped. */
struct gathering {
    char *text;
    size_t size;
    size_t at;
    bool ended;
};

static void gather(struct gathering *gathering, int from)
{
    char piece[1024];
    ssize_t got = read(from, piece, sizeof piece);
    if (got <= 0) {
        gathering->ended = gathering->ended || got == 0 || errno != EINTR;
        return;
    }
    size_t room = gathering->size - 1 - gathering->at;
    size_t taken = (size_t)got < room ? (size_t)got : room;
    memcpy(gathering->text + gathering->at, piece, taken);
    gathering->at += taken;
    gathering->text[gathering->at] = '\0';
}

static void gather_once(struct gathering both[static 2], const int from[static 2])
{
    struct pollfd polls[2] = {
        {.fd = both[0].ended ? -1 : from[0], .events = POLLIN},
        {.fd = both[1].ended ? -1 : from[1], .events = POLLIN},
    };
    (void)poll(polls, 2, -1);
    for (size_t i = 0; i < 2; i++) {
        if (polls[i].revents != 0) {
            gather(&both[i], from[i]);
        }
    }
}

enum status daemon_call(const char *const *arguments, char *output, size_t size,
                        struct explanation *explanation)
{
    char complaint[EXPLANATION_SIZE / 2] = "";
    int out[2];
    int error[2];
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
        explain(explanation, "%s cannot be started: %s.", arguments[0], strerrordesc_np(errno));
        return STATUS_IO;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(arguments, null, out[1], error[1]);
    }
    (void)close(null);
    (void)close(out[1]);
    (void)close(error[1]);
    output[0] = '\0';
    struct gathering both[2] = {
        {.text = output, .size = size, .ended = pid < 0},
        {.text = complaint, .size = sizeof complaint, .ended = pid < 0},
    };
    while (!both[0].ended || !both[1].ended) {
        gather_once(both, (const int[2]){out[0], error[0]});
    }
    (void)close(out[0]);
    (void)close(error[0]);
    int how = -1;
    while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0) {
        const char *name = strrchr(arguments[0], '/');
        explain(explanation, "\"%s %s\" failed: %s", name == NULL ? arguments[0] : name + 1,
                arguments[1] == NULL ? "" : arguments[1],
                complaint[0] == '\0' ? "it said nothing." : complaint);
        return STATUS_DENIED;
    }
    return STATUS_OK;
}
