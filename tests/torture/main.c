/* Runs the scenarios, one after the other, each in a process and namespaces of its own, and prints
 * how they ended. */
#include "torture.h"

#include "clock.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_SKIPPED = 77,
    SPARE_SECONDS = 240, /* over its time, a scenario may take so much for set-up and checks */
    OPEN_FILES_MAX = 16,
    PATH_SIZE = TORTURE_PATH_SIZE + 64,
    POLL_MS = 20,
};

static const struct scenario {
    const char *name;
    void (*run)(struct torture *);
    unsigned seconds; /* of its share in a long run */
    unsigned brief;   /* and in a short one; 0: not in it */
    const char *what;
} scenarios[] = {
    {"kill", scenario_kill, 60, 6, "SIGKILL to any node at random times under load"},
    {"freeze", scenario_freeze, 60, 6, "SIGSTOP of one node while the others' tills go on"},
    {"partition", scenario_partition, 180, 14, "an office and four branches, cut by a seed"},
    {"delay", scenario_delay, 90, 10, "late, uneven, narrow and one-way lines, by a forwarder"},
    {"one-card", scenario_one_card, 60, 8, "four branches cut from each other, one card of 100.00"},
    {"syscall", scenario_syscall, 120, 10, "SIGKILL at the n-th system call of one kind"},
    {"disk-error", scenario_disk_error, 90, 10, "the n-th write, sync, open, rename .. fails"},
    {"disk-full", scenario_disk_full, 60, 6, "a small ext4 that fills up and is freed"},
    {"disk-full-log", scenario_disk_full_log, 60, 6, "the same, unseen until a write fails"},
    {"damage", scenario_damage, 180, 14, "every file of a stopped store damaged in every way"},
    {"rollback", scenario_rollback, 40, 1, "a branch put back to an earlier copy of itself"},
    {"clone", scenario_clone, 1, 1, "a copy of a branch beside the original"},
    {"power-ext4", scenario_power_cut_ext4, 90, 6, "power cuts of an ext4 disk under load"},
    {"power-xfs", scenario_power_cut_xfs, 90, 6, "power cuts of an xfs disk under load"},
};

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

struct outcome {
    bool wanted;
    int code;
    uint64_t took_ms;
    struct torture_result result;
};

static volatile sig_atomic_t interrupted;

/* ---- options ---- */

struct options {
    bool brief;
    bool list;
    bool keep;
    uint64_t seed;
    uint64_t seconds; /* 0: each has its own */
    const char *only;
    const char *dir;
};

static bool is_wanted(const struct options *options, const struct scenario *scenario)
{
    if (options->only != NULL) {
        return strcmp(options->only, scenario->name) == 0;
    }
    return !options->brief || scenario->brief > 0;
}

static error_t take_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    char *end = NULL;
    switch (key) {
    case 'b':
        options->brief = true;
        return 0;
    case 'l':
        options->list = true;
        return 0;
    case 'k':
        options->keep = true;
        return 0;
    case 'o':
        options->only = argument;
        return 0;
    case 'd':
        options->dir = argument;
        return 0;
    case 's':
    case 't':
        errno = 0;
        *(key == 's' ? &options->seed : &options->seconds) = strtoull(argument, &end, 10);
        if (errno != 0 || *end != '\0' || end == argument) {
            argp_error(state, "\"%s\" is not a number", argument);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_table[] = {
    {"short", 'b', NULL, 0, "The short form, of about two minutes", 0},
    {"keep", 'k', NULL, 0, "Keep the data also of what passed", 0},
    {"only", 'o', "NAME", 0, "Only this scenario", 0},
    {"list", 'l', NULL, 0, "Print the scenarios and what they do", 0},
    {"seconds", 't', "N", 0, "How long each scenario goes on, instead of its own share", 0},
    {"seed", 's', "N", 0, "The seed of all that is drawn; without it, the clock's", 0},
    {"dir", 'd', "DIR", 0, "Where data and logs go", 0},
    {0},
};

/* ---- one scenario ---- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_folder(const char *path)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    (void)nftw(path, remove_one, OPEN_FILES_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)!write(file, text, strlen(text));
        (void)close(file);
    }
}

/* Namespaces of its own for the next child of this process. As root of this machine if it is that,
 * else as root of a user namespace. */
static bool separate(void)
{
    int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET;
    unsigned user = getuid();
    unsigned group = getgid();
    if (user == 0) {
        return unshare(spaces) == 0;
    }
    char line[64];
    if (unshare(spaces | CLONE_NEWUSER) != 0) {
        return false;
    }
    write_text("/proc/self/setgroups", "deny");
    (void)snprintf(line, sizeof line, "0 %u 1\n", user);
    write_text("/proc/self/uid_map", line);
    (void)snprintf(line, sizeof line, "0 %u 1\n", group);
    write_text("/proc/self/gid_map", line);
    return true;
}

/* As the first process of its namespaces: its own processes in /proc, and a loopback that is up. */
static void settle_in(void)
{
    struct ifreq loopback = {.ifr_name = "lo", .ifr_ifru.ifru_flags = IFF_UP | IFF_RUNNING};
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    (void)ioctl(any, SIOCSIFFLAGS, &loopback);
    (void)close(any);
}

static int wait_for(pid_t child)
{
    int how = 0;
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

/* In a process of its own: makes the namespaces, and in them the process that runs the scenario. */
static _Noreturn void keep(const struct scenario *scenario, struct torture *torture)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    torture->privileged = geteuid() == 0;
    torture->isolated = separate();
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (torture->isolated) {
            settle_in();
        }
        scenario->run(torture);
        _exit(0);
    }
    _exit(child < 0 ? EXIT_FAILURE : wait_for(child));
}

static uint64_t seconds_of(const struct options *options, const struct scenario *scenario)
{
    if (options->seconds > 0) {
        return options->seconds;
    }
    return options->brief && scenario->brief > 0 ? scenario->brief : scenario->seconds;
}

/* Every scenario draws from a stream of its own. */
static uint64_t stream_of(uint64_t seed, const char *name)
{
    uint64_t stream = seed + 1;
    for (; *name != '\0'; name++) {
        stream = (stream ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    return stream == 0 ? 1 : stream;
}

static pid_t start(const struct options *options, const struct scenario *scenario,
                   struct torture_result *shared)
{
    struct torture torture = {
        .seed = options->seed,
        .dice.state = stream_of(options->seed, scenario->name),
        .brief = options->brief,
        .lasts_ms = 1000 * seconds_of(options, scenario),
        .result = shared,
    };
    char log[PATH_SIZE];
    (void)snprintf(torture.dir, sizeof torture.dir, "%.300s/%s", options->dir, scenario->name);
    (void)snprintf(log, sizeof log, "%s.log", torture.dir);
    remove_folder(torture.dir);
    if (mkdir(torture.dir, 0700) != 0) {
        (void)fprintf(stderr, "%s cannot be made: %s.\n", torture.dir, strerrordesc_np(errno));
        return -1;
    }
    *shared = (struct torture_result){0};
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        (void)dup2(out, STDOUT_FILENO);
        (void)dup2(out, STDERR_FILENO);
        (void)printf("%s, seed %" PRIu64 "\n", scenario->name, options->seed);
        (void)fflush(stdout);
        keep(scenario, &torture);
    }
    return child;
}

static int attend(const struct options *options, const struct scenario *scenario, pid_t child,
                  struct torture_result *shared)
{
    uint64_t until_ms =
        clock_monotonic_ms() + 1000 * (seconds_of(options, scenario) + SPARE_SECONDS);
    int how = 0;
    while (waitpid(child, &how, WNOHANG) == 0) {
        if (interrupted || clock_monotonic_ms() > until_ms) {
            (void)kill(child, SIGKILL);
            (void)wait_for(child);
            if (!interrupted) {
                (void)snprintf(shared->note, sizeof shared->note, "it did not come to an end");
            }
            return EXIT_FAILURE;
        }
        (void)poll(NULL, 0, POLL_MS);
    }
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static const char *word_of(int code)
{
    return code == 0 ? "ok" : code == EXIT_SKIPPED ? "SKIPPED" : "FAILED";
}

static void run_one(const struct options *options, const struct scenario *scenario,
                    struct outcome *outcome, struct torture_result *shared)
{
    uint64_t started = clock_monotonic_ms();
    (void)printf("%-14s %s ..", scenario->name, scenario->what);
    pid_t child = start(options, scenario, shared);
    outcome->code = child < 0 ? EXIT_FAILURE : attend(options, scenario, child, shared);
    outcome->took_ms = clock_monotonic_ms() - started;
    outcome->result = *shared;
    (void)printf(" %s\n", interrupted ? "interrupted" : word_of(outcome->code));
    if (outcome->code != 0) {
        (void)printf("    %s\n", outcome->result.note);
    }
    if (outcome->code != 0 && outcome->code != EXIT_SKIPPED) {
        (void)printf("    log: %s/%s.log; again: ops/torture --only %s --seed %" PRIu64 "%s\n",
                     options->dir, scenario->name, scenario->name, options->seed,
                     options->brief ? " --short" : "");
    } else if (!options->keep) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%.300s/%s", options->dir, scenario->name);
        remove_folder(path);
    }
    (void)fflush(stdout);
}

/* ---- all ---- */

static int summarize(const struct outcome outcomes[static SCENARIOS], uint64_t seed)
{
    size_t passed = 0;
    size_t failed = 0;
    size_t skipped = 0;
    (void)printf("\n%-14s %-8s %5s %7s %9s %8s %8s  %s\n", "scenario", "", "s", "faults", "acked",
                 "refused", "unknown", "");
    for (size_t i = 0; i < SCENARIOS; i++) {
        const struct outcome *outcome = &outcomes[i];
        if (!outcome->wanted) {
            continue;
        }
        passed += outcome->code == 0;
        skipped += outcome->code == EXIT_SKIPPED;
        failed += outcome->code != 0 && outcome->code != EXIT_SKIPPED;
        (void)printf("%-14s %-8s %5" PRIu64 " %7" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8" PRIu64
                     "  %s\n",
                     scenarios[i].name, word_of(outcome->code), outcome->took_ms / 1000,
                     outcome->result.faults, outcome->result.acknowledged, outcome->result.refused,
                     outcome->result.unknown, outcome->result.note);
    }
    (void)printf("seed %" PRIu64 ": %zu passed, %zu failed, %zu skipped\n", seed, passed, failed,
                 skipped);
    return failed == 0 && passed > 0 ? 0 : 1;
}

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int run_all(const struct options *options)
{
    static struct outcome outcomes[SCENARIOS];
    struct torture_result *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct sigaction action = {.sa_handler = interrupt};
    if (shared == MAP_FAILED) {
        return EXIT_FAILURE;
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < SCENARIOS && !interrupted; i++) {
        outcomes[i].wanted = is_wanted(options, &scenarios[i]);
        if (outcomes[i].wanted) {
            run_one(options, &scenarios[i], &outcomes[i], shared);
        }
    }
    int code = summarize(outcomes, options->seed);
    return interrupted ? 130 : code;
}

static int list(void)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        (void)printf("%-14s %s%s\n", scenarios[i].name, scenarios[i].what,
                     scenarios[i].brief == 0 ? " (not in the short form)" : "");
    }
    return 0;
}

int main(int count, char **words)
{
    struct options options = {.dir = TALLY_BINARY_DIR "/torture-run", .seed = (uint64_t)time(NULL)};
    const struct argp argp = {
        .options = option_table,
        .parser = take_option,
        .doc = "Does to a chain of real daemons what machines, disks and networks do, and holds "
               "what the tills were told against what the ledger says afterwards.",
    };
    if (argp_parse(&argp, count, words, 0, NULL, &options) != 0) {
        return 2;
    }
    if (options.list) {
        return list();
    }
    bool known = options.only == NULL;
    for (size_t i = 0; i < SCENARIOS && !known; i++) {
        known = strcmp(options.only, scenarios[i].name) == 0;
    }
    if (!known) {
        (void)fprintf(stderr, "There is no scenario \"%s\"; see --list.\n", options.only);
        return 2;
    }
    if (mkdir(options.dir, 0700) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "%s cannot be made: %s.\n", options.dir, strerrordesc_np(errno));
        return 2;
    }
    return run_all(&options);
}
