/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the name server: an ordinary user, in a mount namespace where everything is read-only and
 * `served` is its /tmp. Its pid is noted before it is executed, so that a kill of who starts it leaves
 * no server that nobody knows. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "net/inner.h"
#include "store/account.h"
#include "store/state.h"

struct account_names {
	char user[33], group[33];
};

static int find_user(const struct account *a, void *ctx)
{
	struct account_names *n = ctx;
	bool own = a->name_len == 7 && !strncmp(a->name, "dnsmasq", 7);

	if (own || (a->name_len == 6 && !strncmp(a->name, "nobody", 6) && !n->user[0]))
		snprintf(n->user, sizeof(n->user), "%.*s", (int)a->name_len, a->name);
	return own;
}

/* Its own group, and not the one that dnsmasq takes by itself. */
static int find_group(const struct account *a, void *ctx)
{
	struct account_names *n = ctx;

	if (!n->group[0] && a->name_len < sizeof(n->group) &&
	    ((a->name_len == 7 &&
	      (!strncmp(a->name, "dnsmasq", 7) || !strncmp(a->name, "nogroup", 7))) ||
	     (a->name_len == 6 && !strncmp(a->name, "nobody", 6))))
		snprintf(n->group, sizeof(n->group), "%.*s", (int)a->name_len, a->name);
	return 0;
}

static int find_account(struct account_names *n, struct err *e)
{
	int ret = account_read("/etc", ACCOUNT_PASSWD, find_user, n, e);

	if (ret >= 0)
		ret = account_read("/etc", ACCOUNT_GROUP, find_group, n, e);
	if (ret >= 0 && (!n->user[0] || !n->group[0]))
		return err_msg(e, ENOENT, "the host has neither a user dnsmasq nor a user nobody");
	return ret < 0 ? ret : 0;
}

static void arguments4(const struct net_config *c, struct list *args)
{
	struct in_addr mask = { htonl(~0U << (32 - c->length4)) };
	struct in_addr base = { c->address4.s_addr & mask.s_addr };
	char from[INET_ADDRSTRLEN], text[INET_ADDRSTRLEN];
	autostr range = { 0 };

	str_addf(&range, "--dhcp-range=%s,static,%s,1h",
		 inet_ntop(AF_INET, &base, from, sizeof(from)),
		 inet_ntop(AF_INET, &mask, text, sizeof(text)));
	list_add(args, str_text(&range));
}

/* Stateful, and told so by router advertisements: what a container made up itself, the guard of its
 * port would drop. */
static void arguments6(const struct net_config *c, struct list *args)
{
	struct in6_addr base = c->address6;
	char text[INET6_ADDRSTRLEN];
	autostr range = { 0 };

	for (unsigned bit = c->length6; bit < 128; bit++)
		base.s6_addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	str_addf(&range, "--dhcp-range=%s,static,%u,1h",
		 inet_ntop(AF_INET6, &base, text, sizeof(text)), c->length6);
	list_add(args, str_text(&range));
	list_add(args, "--enable-ra");
	list_add(args, "--quiet-ra");
}

static void arguments(const struct net_config *c, const struct account_names *n, struct list *args)
{
	static const char *const fixed[] = {
		"dnsmasq", "--conf-file=/dev/null", "--pid-file=", "--keep-in-foreground",
		/* This bridge and nothing else; the host's own /etc/hosts is nobody's business. */
		"--except-interface=lo", "--bind-dynamic", "--no-hosts", "--hostsdir=/tmp/hosts",
		"--dhcp-hostsdir=/tmp/dhcp",
		/* Addresses come from the leases; a client neither chooses one nor a name. */
		"--leasefile-ro", "--dhcp-authoritative", "--dhcp-ignore-names", "--no-ping",
		"--quiet-dhcp", "--quiet-dhcp6",
		"--domain=" NAMES_DOMAIN, "--local=/" NAMES_DOMAIN "/", "--domain-needed", "--bogus-priv",
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		list_add(args, fixed[i]);
	snprintf(text, sizeof(text), "--interface=%s", c->bridge);
	list_add(args, text);
	snprintf(text, sizeof(text), "--user=%s", n->user);
	list_add(args, text);
	snprintf(text, sizeof(text), "--group=%s", n->group);
	list_add(args, text);
	/* A name of the outside that leads to a private address makes a container's browser or
	 * fetcher attack what only it can reach. */
	if (!c->rebind)
		list_add(args, "--stop-dns-rebind");
	if (c->length4)
		arguments4(c, args);
	if (c->length6)
		arguments6(c, args);
}

static void refuse(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

/* In the process that becomes dnsmasq. tree: `served` as a detached tree. */
static void confine(int tree)
{
	static const uint64_t keep = 1ULL << CAP_CHOWN | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
				     1ULL << CAP_SETPCAP | 1ULL << CAP_NET_ADMIN |
				     1ULL << CAP_NET_RAW | 1ULL << CAP_NET_BIND_SERVICE |
				     1ULL << CAP_DAC_OVERRIDE;
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		refuse("make a mount namespace");
	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &readonly) < 0)
		refuse("make all mounts read-only");
	if (sys_move_mount(tree, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		refuse("attach the served directory");
	for (int cap = 0; cap <= 63; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			refuse("drop a capability");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		refuse("set no_new_privs");
}

/* How the starter and the process that becomes dnsmasq talk. */
struct talk {
	int go[2];   /* a byte: you are noted; its end: the starter was killed */
	int said[2]; /* the pid; then the complaints of dnsmasq, until it runs */
};

static void talk_close(struct talk *t)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&t->go[i]);
		fd_close(&t->said[i]);
	}
}
#define autotalk __attribute__((cleanup(talk_close))) struct talk

static void become(const struct talk *t, int tree, const char *path, const char *const *argv)
{
	static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
						   NULL };
	int self, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	char go;

	/* The caller waits for its own children only. */
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	self = getpid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(t->go[1]);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(t->said[1], 2) < 0 ||
	    write(2, &self, sizeof(self)) != sizeof(self) || read(t->go[0], &go, 1) != 1)
		_exit(1);
	confine(tree);
	sys_close_range(3, ~0U, 0);
	execve(path, (char *const *)argv, (char *const *)environment);
	refuse("execute dnsmasq");
}

static int note(int dir, const struct names_server *server, struct err *e)
{
	autostr text = { 0 };
	int ret;

	str_addf(&text, "%d %llu\n", (int)server->pid, (unsigned long long)server->start_time);
	ret = file_replace(dir, "names", str_text(&text), text.len, 0600);
	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "note the pid of the name server");
}

/* dnsmasq lets go of its standard error when it serves, or when it ends. */
static int wait_ready(const struct talk *t, const struct names_server *server, struct err *e)
{
	struct pollfd said = { .fd = t->said[0], .events = POLLIN };
	char text[256] = "";
	size_t len = 0;

	while (poll(&said, 1, 5000) > 0) {
		ssize_t n = read(t->said[0], text + len, sizeof(text) - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
	}
	/* Who complained is about to end, or only warned. */
	for (int i = 0; i < 50 && len && names_alive(server); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	if (names_alive(server))
		return 0;
	text[strcspn(text + 1, "\n") + 1] = '\0'; /* it begins with an empty line */
	return err_msg(e, EIO, "dnsmasq does not start: %s", text[0] == '\n' ? text + 1 : text);
}

static int handle(int dir, struct talk *t, struct names_server *out, struct err *e)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int pid = 0, ret;

	fd_close(&t->go[0]);
	fd_close(&t->said[1]);
	if (proc < 0 || read(t->said[0], &pid, sizeof(pid)) != sizeof(pid))
		return err_sys(e, "start the name server");
	*out = (struct names_server){ .pid = pid, .start_time = state_start_time(proc, pid) };
	ret = note(dir, out, e);
	if (ret == 0 && send(t->go[1], "", 1, MSG_NOSIGNAL) != 1)
		ret = err_sys(e, "start the name server");
	return ret == 0 ? wait_ready(t, out, e) : ret;
}

static int spawn(int dir, int tree, const char *path, const char *const *argv,
		 struct names_server *out, struct err *e)
{
	autotalk t = { { -EBADF, -EBADF }, { -EBADF, -EBADF } };
	pid_t child;
	int ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, t.go) < 0 ||
	    pipe2(t.said, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	child = fork();
	if (child == 0)
		become(&t, tree, path, argv);
	if (child < 0)
		return err_sys(e, "start the name server");
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	ret = handle(dir, &t, out, e);
	if (ret < 0)
		*out = (struct names_server){ .pid = 0 };
	return ret;
}

static int make_served(int dir, struct err *e)
{
	static const char *const folders[] = { "served", "served/hosts", "served/dhcp" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if ((mkdirat(dir, folders[i], 0755) < 0 && errno != EEXIST) ||
		    fchmodat(dir, folders[i], 0755, 0) < 0)
			return err_sys(e, "make the directory %s of the name server", folders[i]);
	return 0;
}

static int start(int dir, const char *path, const struct net_config *c, struct names_server *out,
		 struct err *e)
{
	autolist args = { 0 };
	struct account_names accounts = { .user = "" };
	autofree const char **argv = NULL;
	autoclose int tree = -EBADF;
	int ret = make_served(dir, e);

	if (ret == 0)
		ret = find_account(&accounts, e);
	if (ret < 0)
		return ret;
	arguments(c, &accounts, &args);
	argv = calloc(args.n + 1, sizeof(*argv));
	if (!argv)
		return err_mem(e);
	memcpy(argv, args.item, args.n * sizeof(*argv));
	tree = sys_open_tree(dir, "served", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return err_sys(e, "open the served directory");
	return spawn(dir, tree, path, argv, out, e);
}

int names_start(const struct store *s, const struct net_config *c, struct names_server *out,
		struct err *e)
{
	autoclose int dir = net_run_dir(s, c->name, true, e);
	struct err why = ERR_NONE;
	char path[64];

	if (dir < 0)
		return dir;
	names_running(dir, out);
	if (names_alive(out))
		return 0;
	*out = (struct names_server){ .pid = 0 };
	if (!tool_find("dnsmasq", path, sizeof(path))) {
		log_warn(
			"network %s has no names and no DHCP: dnsmasq is not installed; install the "
			"package dnsmasq-base",
			c->name);
	} else if (start(dir, path, c, out, &why) < 0) {
		err_clean(&why);
		log_warn("network %s has no names and no DHCP: %s", c->name, why.text);
	}
	return 0;
}
