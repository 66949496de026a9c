/* Whole nodes in processes of their own, on disks that fail when the test says so. The process is
 * this one, forked: host_run is what tallyd's main calls. */
#include "host.h"

#include "clock.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 30000, /* only a failing test waits so long */
    DONE = 0,            /* exit codes of `tally` */
    REFUSED = 1,
    NOT_REACHED = 3,
    UNKNOWN = 4,
    FIRST_PORT = 11000,
    PORTS = 3, /* the API's, control, bulk */
    PORT_RANGES = 1500,
};

static char folder[SCRATCH_PATH_SIZE];
static char directory[SCRATCH_PATH_SIZE + 64];
static char faults[SCRATCH_PATH_SIZE + 64]; /* a folder; files in it are faults */
static pid_t node;
static char card[64];

/* ---- the disk ---- */

static bool has_fault(const char *name)
{
    char path[SCRATCH_PATH_SIZE + 128];
    (void)snprintf(path, sizeof path, "%s/%s", faults, name);
    return faults[0] != '\0' && access(path, F_OK) == 0;
}

static void set_fault(const char *name, bool on)
{
    const char *path = scratch_in(faults, name);
    if (on) {
        scratch_write(path, "", 0);
    } else {
        assert_int_equal(unlink(path), 0);
    }
}

static bool is_of_the_store(int descriptor)
{
    char link[64];
    char path[1024] = "";
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof path - 1);
    return size > 0 && strstr(path, "/db/") != NULL && strstr(path, "/LOG") == NULL;
}

static bool was_full; /* in the node's process */

/* Once a write found no room there is none, until the fault is over. */
int statvfs(const char *path, struct statvfs *info)
{
    struct statfs found;
    if (statfs(path, &found) != 0) {
        return -1;
    }
    memset(info, 0, sizeof *info);
    info->f_bsize = (unsigned long)found.f_bsize;
    info->f_frsize = (unsigned long)found.f_frsize;
    info->f_bavail = was_full && has_fault("full") ? 0 : found.f_bavail;
    return 0;
}

/* LevelDB's calls come here instead of to the C library. */
ssize_t write(int descriptor, const void *bytes, size_t size)
{
    if (has_fault("full") && is_of_the_store(descriptor)) {
        was_full = true;
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, descriptor, bytes, size);
}

int fdatasync(int descriptor)
{
    if (has_fault("broken") && is_of_the_store(descriptor)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, descriptor);
}

/* LevelDB's, as this program sees it: the sheet of an account cannot be read. */
char *leveldb_get(void *store, const void *options, const char *key, size_t key_size, size_t *size,
                  char **error);
char *leveldb_get(void *store, const void *options, const char *key, size_t key_size, size_t *size,
                  char **error)
{
    static char *(*real)(void *, const void *, const char *, size_t, size_t *, char **);
    if (has_fault("unreadable") && key_size > 0 && key[0] == 'B') {
        *error = strdup("Corruption: block checksum mismatch");
        return NULL;
    }
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "leveldb_get");
    }
    return real(store, options, key, key_size, size, error);
}

/* ---- the node and `tally` ---- */

static int exit_code_of(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Standard output and error of the child go to the end of a file in the folder. */
static void redirect(const char *name)
{
    int file = open(scratch_in(folder, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    (void)dup2(file, STDOUT_FILENO);
    (void)dup2(file, STDERR_FILENO);
}

static pid_t start_on(const char *where)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct host_options options = {.directory = where};
        redirect("log");
        _exit(host_run(&options));
    }
    return pid;
}

/* Runs `tally`; the words end with NULL. What it prints is in the file "said". */
static int tally(const char *first, ...)
{
    static const char program[] = TALLY_BINARY_DIR "/tally";
    char *words[20] = {strdup(program), strdup(first)};
    size_t count = 2;
    va_list more;
    va_start(more, first);
    for (const char *word = va_arg(more, const char *); word != NULL && count < 17;
         word = va_arg(more, const char *)) {
        words[count++] = strdup(word);
    }
    va_end(more);
    words[count++] = strdup("--dir");
    words[count++] = strdup(directory);
    (void)unlink(scratch_in(folder, "said"));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        redirect("said");
        (void)execv(program, words);
        _exit(127);
    }
    for (size_t i = 0; i < count; i++) {
        free(words[i]);
    }
    return exit_code_of(pid);
}

/* The text after `before` in a file, up to the next quote. */
static void said(const char *before, char *out, size_t size)
{
    size_t length = 0;
    uint8_t *text = scratch_read(scratch_in(folder, "said"), &length);
    text[length] = '\0';
    const char *found = strstr((const char *)text, before);
    assert_non_null(found);
    found += strlen(before);
    size_t end = strcspn(found, "\"");
    assert_in_range(end, 1, size - 1);
    memcpy(out, found, end);
    out[end] = '\0';
    free(text);
}

static bool file_says(const char *name, const char *what)
{
    size_t length = 0;
    uint8_t *text = scratch_read(scratch_in(folder, name), &length);
    text[length] = '\0';
    bool found = strstr((const char *)text, what) != NULL;
    free(text);
    return found;
}

/* Until the log says so, for the n-th time. */
static void await_log(const char *what, int times)
{
    uint64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    for (;;) {
        size_t length = 0;
        int found = 0;
        uint8_t *text = scratch_read(scratch_in(folder, "log"), &length);
        text[length] = '\0';
        for (const char *at = strstr((const char *)text, what); at != NULL;
             at = strstr(at + 1, what)) {
            found += 1;
        }
        free(text);
        if (found >= times) {
            return;
        }
        if (clock_monotonic_ms() > deadline_ms || waitpid(node, NULL, WNOHANG) != 0) {
            fail_msg("the log never says %s", what);
        }
        (void)poll(NULL, 0, 10);
    }
}

static void start_node(void)
{
    (void)unlink(scratch_in(folder, "log"));
    scratch_write(scratch_in(folder, "log"), "", 0);
    node = start_on(directory);
    await_log(" started ", 1);
}

static int stop_node(void)
{
    assert_int_equal(kill(node, SIGTERM), 0);
    int code = exit_code_of(node);
    node = 0;
    return code;
}

static void kill_node(void)
{
    assert_int_equal(kill(node, SIGKILL), 0);
    assert_int_equal(exit_code_of(node), 128 + SIGKILL);
    node = 0;
}

static bool port_is_free(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool is_free =
        bind(probe, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    (void)close(probe);
    return is_free;
}

/* The first of three free ports in a row, below those of other tests and of those who dial. Each
 * process looks from another place on, so that two at once do not take the same. */
static unsigned choose_ports(void)
{
    unsigned range = (unsigned)getpid() % PORT_RANGES;
    for (unsigned i = 0; i < PORT_RANGES; i++) {
        unsigned first = FIRST_PORT + (range + i) % PORT_RANGES * PORTS;
        if (port_is_free(first) && port_is_free(first + 1) && port_is_free(first + 2)) {
            return first;
        }
    }
    fail_msg("no free ports from %d on", FIRST_PORT);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    char api[64];
    char peers[64];
    scratch_make(folder);
    (void)snprintf(directory, sizeof directory, "%s/office", folder);
    (void)snprintf(faults, sizeof faults, "%s/faults", folder);
    assert_int_equal(mkdir(faults, 0700), 0);
    unsigned port = choose_ports();
    (void)snprintf(api, sizeof api, "127.0.0.1:%u", port);
    (void)snprintf(peers, sizeof peers, "tcp://127.0.0.1:%u", port + 1);
    assert_int_equal(tally("cluster", "init", "--name", "Tea", "--listen", api, "--peer-listen",
                           peers, "--advertise", peers, NULL),
                     DONE);
    node = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (node > 0) {
        (void)kill(node, SIGKILL);
        (void)waitpid(node, NULL, 0);
    }
    scratch_remove(folder);
    return 0;
}

static void open_account(void)
{
    char member[64];
    assert_int_equal(tally("member", "add", "--name", "Li Wei", "--json", NULL), DONE);
    said("\"member\": \"", member, sizeof member);
    assert_int_equal(tally("card", "issue", "--member", member, "--json", NULL), DONE);
    said("\"card\": \"", card, sizeof card);
}

static void assert_balance(const char *balance)
{
    char line[96];
    assert_int_equal(tally("account", "show", card, NULL), DONE);
    (void)snprintf(line, sizeof line, "balance      %s CNY", balance);
    assert_true(file_says("said", line));
}

/* ---- tests ---- */

static void a_node_starts_sells_and_stops_cleanly(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    assert_int_equal(tally("spend", card, "30.00", NULL), DONE);
    assert_balance("70.00");
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    assert_int_equal(tally("spend", card, "1.00", NULL), NOT_REACHED);
    start_node();
    assert_balance("70.00");
    assert_int_equal(stop_node(), HOST_EXIT_OK);
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", "--key", "k1", NULL), DONE);
    kill_node();
    start_node();
    assert_balance("100.00");
    /* The same key again is the same top-up. */
    assert_int_equal(tally("topup", card, "100.00", "--key", "k1", NULL), DONE);
    assert_balance("100.00");
    assert_int_equal(stop_node(), HOST_EXIT_OK);
}

static void a_full_disk_makes_it_reopen_in_place_and_nothing_is_done_twice(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    set_fault("full", true);
    assert_int_equal(tally("topup", card, "50.00", "--key", "k2", NULL), UNKNOWN);
    await_log(" waiting_for_space ", 1);
    assert_int_equal(tally("account", "show", card, NULL), REFUSED);
    set_fault("full", false);
    await_log(" started ", 2);
    assert_int_equal(tally("topup", card, "50.00", "--key", "k2", NULL), DONE);
    assert_balance("150.00");
    assert_int_equal(stop_node(), HOST_EXIT_OK);
}

static void a_failing_sync_ends_the_process_and_the_next_one_knows_what_happened(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    set_fault("broken", true);
    assert_int_equal(tally("topup", card, "50.00", "--key", "k3", NULL), UNKNOWN);
    assert_int_equal(exit_code_of(node), HOST_EXIT_IO);
    node = 0;
    set_fault("broken", false);
    start_node();
    assert_int_equal(tally("topup", card, "50.00", "--key", "k3", NULL), DONE);
    assert_balance("150.00");
    assert_int_equal(stop_node(), HOST_EXIT_OK);
}

/* (J5) An account that cannot be read is not one without money. */
static void what_rests_on_a_read_that_failed_is_not_said(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    start_node();
    set_fault("unreadable", true);
    assert_int_not_equal(tally("account", "show", card, NULL), DONE);
    assert_int_equal(exit_code_of(node), HOST_EXIT_IO);
    set_fault("unreadable", false);
    start_node();
    assert_balance("100.00");
    assert_int_equal(stop_node(), HOST_EXIT_OK);
}

static void stop_with_a_balance(void)
{
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    assert_int_equal(stop_node(), HOST_EXIT_OK);
}

static void expect_that_money_waits(void)
{
    for (int i = 0; i < 2; i++) {
        /* The head file is there again at the second start, and still nobody has confirmed it. */
        start_node();
        assert_int_equal(tally("spend", card, "1.00", NULL), REFUSED);
        assert_true(file_says("said", "read_only"));
        assert_balance("100.00");
        assert_int_equal(stop_node(), HOST_EXIT_OK);
    }
}

static void without_its_head_file_money_waits(void **state)
{
    (void)state;
    stop_with_a_balance();
    assert_int_equal(unlink(scratch_in(directory, "head")), 0);
    expect_that_money_waits();
}

/* (H2) What it says is gone either way. */
static void with_a_damaged_head_file_money_waits(void **state)
{
    char content[256];
    (void)state;
    stop_with_a_balance();
    FILE *head = fopen(scratch_in(directory, "head"), "r+");
    assert_non_null(head);
    size_t size = fread(content, 1, sizeof content, head);
    assert_in_range(size, 100, sizeof content - 1);
    content[size - 1] ^= 1; /* of the signature */
    assert_int_equal(fseek(head, 0, SEEK_SET), 0);
    assert_int_equal(fwrite(content, 1, size, head), size);
    assert_int_equal(fclose(head), 0);
    expect_that_money_waits();
}

static void copy_store(const char *from, const char *to)
{
    char command[4 * SCRATCH_PATH_SIZE];
    (void)snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    assert_int_equal(system(command), 0);
}

static void a_store_that_went_back_in_time_is_not_extended(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    copy_store(scratch_in(directory, "db"), scratch_in(folder, "old"));
    start_node();
    assert_int_equal(tally("spend", card, "40.00", NULL), DONE);
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    copy_store(scratch_in(folder, "old"), scratch_in(directory, "db"));
    for (int i = 0; i < 2; i++) {
        /* Twice: the first start must not make the second forget. */
        start_node();
        assert_int_equal(tally("spend", card, "40.00", NULL), REFUSED);
        assert_true(file_says("said", "read_only"));
        assert_int_equal(stop_node(), HOST_EXIT_OK);
    }
}

static void damage(const char *ending)
{
    size_t size = 0;
    const char *path = scratch_largest(scratch_in(directory, "db"), ending);
    uint8_t *content = scratch_read(path, &size);
    assert_true(size > 100);
    content[size / 2] ^= 0x5a;
    scratch_write(path, content, size);
    free(content);
}

static void a_damaged_log_leaves_no_money_to_sell_and_the_damaged_store_is_kept(void **state)
{
    (void)state;
    start_node();
    open_account();
    assert_int_equal(tally("topup", card, "100.00", NULL), DONE);
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    damage(".log");
    /* What is left does not reach the head file: it is not put in place of the damaged one. */
    node = start_on(directory);
    assert_int_equal(exit_code_of(node), HOST_EXIT_DATA);
    node = 0;
    assert_true(file_says("log", "Re-enrol this branch"));
    assert_int_equal(access(scratch_in(directory, "db/CURRENT"), F_OK), 0);
}

static int run_on(const char *where)
{
    return exit_code_of(start_on(where));
}

static void a_start_that_cannot_be_says_why_and_with_which_code(void **state)
{
    (void)state;
    scratch_write(scratch_in(folder, "log"), "", 0);
    assert_int_equal(run_on(scratch_in(folder, "nothing")), HOST_EXIT_NOT_FOUND);
    assert_true(file_says("log", "tally cluster init"));
    start_node();
    assert_int_equal(run_on(directory), HOST_EXIT_AGAIN);
    /* Another node with the same ports. */
    char twin[SCRATCH_PATH_SIZE + 64];
    (void)snprintf(twin, sizeof twin, "%s/twin", folder);
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    copy_store(directory, twin);
    start_node();
    assert_int_equal(run_on(twin), HOST_EXIT_UNAVAILABLE);
    assert_true(file_says("log", "peer_listen"));
    assert_int_equal(stop_node(), HOST_EXIT_OK);
    scratch_write(scratch_in(directory, "config.conf"), "sleep = 5\n", 10);
    assert_int_equal(run_on(directory), HOST_EXIT_CONFIG);
    assert_true(file_says("log", "config.conf:1:"));
}

#define with_node(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_node(a_node_starts_sells_and_stops_cleanly),
        with_node(what_was_acknowledged_survives_a_kill),
        with_node(a_full_disk_makes_it_reopen_in_place_and_nothing_is_done_twice),
        with_node(a_failing_sync_ends_the_process_and_the_next_one_knows_what_happened),
        with_node(what_rests_on_a_read_that_failed_is_not_said),
        with_node(without_its_head_file_money_waits),
        with_node(with_a_damaged_head_file_money_waits),
        with_node(a_store_that_went_back_in_time_is_not_extended),
        with_node(a_damaged_log_leaves_no_money_to_sell_and_the_damaged_store_is_kept),
        with_node(a_start_that_cannot_be_says_why_and_with_which_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
