#include "net.h"

#include "stage.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 32 };

static const char ip[] = "/usr/sbin/ip";
static const char nft[] = "/usr/sbin/nft";
static const char tc[] = "/usr/sbin/tc";

/* The names of our namespaces live in a mount that nobody else sees. */
static void hide_names(const struct torture *torture)
{
    (void)mkdir("/run/netns", 0755);
    if (mount("tmpfs", "/run/netns", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) {
        torture_skip(torture, "this machine does not permit network namespaces with names");
    }
}

static void forward(const struct torture *torture)
{
    int file = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "1", 1) != 1) {
        torture_skip(torture, "this machine does not permit to pass packets on");
    }
    (void)close(file);
}

static void add_node(struct net *net, const struct torture *torture, size_t i)
{
    char line[LINE_SIZE];
    char near[40];
    char far[40];
    char gateway[32];
    (void)snprintf(net->spaces[i], sizeof net->spaces[i], "n%zu", i);
    (void)snprintf(net->hosts[i], sizeof net->hosts[i], "10.77.%zu.2", i);
    (void)snprintf(line, sizeof line, "line%zu", i);
    (void)snprintf(gateway, sizeof gateway, "10.77.%zu.1", i);
    (void)snprintf(near, sizeof near, "%s/24", gateway);
    (void)snprintf(far, sizeof far, "%s/24", net->hosts[i]);
    const char *space = net->spaces[i];
    net->space_list[i] = space;
    net->host_list[i] = net->hosts[i];
    if (!run_try(ip, "netns", "add", space, NULL)) {
        torture_skip(torture, "this machine does not permit network namespaces with names");
    }
    run_must(torture, ip, "link", "add", line, "type", "veth", "peer", "name", "eth0", "netns",
             space, NULL);
    run_must(torture, ip, "addr", "add", near, "dev", line, NULL);
    run_must(torture, ip, "link", "set", line, "up", NULL);
    run_must(torture, ip, "-n", space, "addr", "add", far, "dev", "eth0", NULL);
    run_must(torture, ip, "-n", space, "link", "set", "lo", "up", NULL);
    run_must(torture, ip, "-n", space, "link", "set", "eth0", "up", NULL);
    run_must(torture, ip, "-n", space, "route", "add", "default", "via", gateway, NULL);
}

void net_open(struct net *net, const struct torture *torture, size_t count)
{
    torture_needs_network(torture);
    hide_names(torture);
    forward(torture);
    *net = (struct net){.count = count};
    for (size_t i = 0; i < count; i++) {
        add_node(net, torture, i);
    }
    if (!run_try(nft,
                 "add table ip torture; add chain ip torture between { type filter hook "
                 "forward priority 0; policy accept; }",
                 NULL)) {
        torture_skip(torture, "nftables does not work on this machine");
    }
}

const char *net_fault_name(enum net_fault how)
{
    static const char *const names[] = {"drop", "reset", "loss"};
    return names[how];
}

void net_cut(const struct net *net, const struct torture *torture, enum net_fault how, size_t from,
             size_t to)
{
    static const char *const actions[] = {
        "drop",
        "meta l4proto tcp reject with tcp reset",
        "numgen random mod 10 < 3 drop",
    };
    char rule[160];
    (void)net;
    (void)snprintf(rule, sizeof rule,
                   "add rule ip torture between iifname \"line%zu\" oifname \"line%zu\" %s", from,
                   to, actions[how]);
    run_must(torture, nft, rule, NULL);
}

void net_cut_both(const struct net *net, const struct torture *torture, enum net_fault how,
                  size_t one, size_t other)
{
    net_cut(net, torture, how, one, other);
    net_cut(net, torture, how, other, one);
}

void net_cut_all(const struct net *net, const struct torture *torture, enum net_fault how)
{
    for (size_t i = 0; i < net->count; i++) {
        for (size_t j = 0; j < i; j++) {
            net_cut_both(net, torture, how, i, j);
        }
    }
}

void net_slow(const struct net *net, const struct torture *torture, size_t node, unsigned kbit)
{
    char line[LINE_SIZE];
    char rate[32];
    (void)net;
    (void)snprintf(line, sizeof line, "line%zu", node);
    (void)snprintf(rate, sizeof rate, "%ukbit", kbit);
    run_must(torture, tc, "qdisc", "replace", "dev", line, "root", "tbf", "rate", rate, "burst",
             "16kb", "latency", "300ms", NULL);
}

void net_unplug(const struct net *net, const struct torture *torture, size_t node, bool out)
{
    char line[LINE_SIZE];
    (void)net;
    (void)snprintf(line, sizeof line, "line%zu", node);
    run_must(torture, ip, "link", "set", line, out ? "down" : "up", NULL);
}

void net_heal(const struct net *net, const struct torture *torture)
{
    run_must(torture, nft, "flush chain ip torture between", NULL);
    for (size_t i = 0; i < net->count; i++) {
        char line[LINE_SIZE];
        (void)snprintf(line, sizeof line, "line%zu", i);
        net_unplug(net, torture, i, false);
        run_must(torture, tc, "qdisc", "replace", "dev", line, "root", "pfifo", NULL);
    }
}
