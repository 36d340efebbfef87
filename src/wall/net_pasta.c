/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pasta(1) reads every packet of the container, so it gets as little as it can work with: an id of the
 * container, which owns nothing on the host; capabilities in the container's user namespace (it
 * enters the network namespace again and again), or for an ordinary user in the outer one; no new
 * privileges; and by itself an empty root, and a filter of system calls. It cannot be seen from
 * inside, because of its own pid namespace. Two processes, because somebody must end pasta with the
 * monitor:
 *
 *	monitor --- minder, pid 1 of a pid namespace	dies with the monitor (parent-death signal)
 *	               `--- pasta			dies with its pid 1, whatever it did to itself
 *
 * pasta cannot carry that signal: the kernel takes it away when credentials change. */
#include "wall/net_pasta.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/nsfs.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/nl.h"
#include "base/sys.h"
#include "wall/wall.h"

/* What minder and pasta need, made by the monitor. */
struct minder {
	const struct run *r;
	const struct net_device *d;
	char **argv;
	int netns;	/* the container's */
	int report;	/* one struct err: code 0 = the device is there */
	int words, say; /* both ends of a pipe: what pasta has to say */
	int go, hold;	/* pasta waits for the end of file of `go`, until `hold` is closed */
};

/* Capabilities that pasta needs in the container's user namespace. */
static const int pasta_caps[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_BIND_SERVICE };

/* The last id of a map of the container's user namespace, as a process inside it says it. Not the
 * first: that is init's, and namespaces are counted by id (wall/ucount.c). */
static int last_inside(const struct run *r, const char *file, uint32_t *out)
{
	autostr text = { 0 };
	uint32_t inside, outside, count;
	int ret = file_read(r->proc, file, 65536, &text);
	char *line, *rest = text.text;

	if (ret == 0)
		ret = -EINVAL;
	while (rest && (line = strsep(&rest, "\n")))
		if (sscanf(line, "%u %u %u", &inside, &outside, &count) == 3) {
			*out = inside + count - 1;
			ret = 0;
		}
	return ret;
}

/* Root: into the container's user namespace, whose capabilities count for nothing outside. */
static int enter_inner(const struct minder *k, uint32_t *uid, uint32_t *gid, struct err *e)
{
	autoclose int userns = ioctl(k->netns, NS_GET_USERNS);

	if (userns < 0)
		return err_sys(e, "find the user namespace of the container's network");
	if (setns(userns, CLONE_NEWUSER) < 0)
		return err_sys(e, "enter the user namespace of the container's network");
	if (last_inside(k->r, "self/uid_map", uid) < 0 ||
	    last_inside(k->r, "self/gid_map", gid) < 0)
		return err_msg(e, EINVAL, "the container's user namespace has no ids");
	return 0;
}

static uint32_t last_outside(const struct id_map *map)
{
	const struct id_range *last = map->n ? &map->range[map->n - 1] : NULL;

	return last ? last->outside + last->count - 1 : 0;
}

/* Nobody on the host; without subordinate ids, the caller himself. An ordinary user's pasta stays in
 * the outer user namespace: a single id could not make pasta's namespaces and init's too. */
static int become(const struct minder *k, struct err *e)
{
	uint32_t uid = last_outside(&k->r->uid_map), gid = last_outside(&k->r->gid_map);
	int ret = 0;

	/* Denied with a single id, and then there are no groups but the caller's to begin with. */
	if (setgroups(0, NULL) < 0 && !k->r->host->single_id)
		return err_sys(e, "drop groups before starting pasta");
	if (!k->r->host->rootless)
		ret = enter_inner(k, &uid, &gid, e);
	if (ret < 0)
		return ret;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(e, "keep root's powers from pasta");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_sys(e, "take an id of the container for pasta");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(e, "set no_new_privs") : 0;
}

static int set_caps(uint64_t permitted, uint64_t inheritable, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (uint32_t)(permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(inheritable >> 32 * i);
	}
	return syscall(SYS_capset, &head, data) < 0 ? err_sys(e, "set capabilities") : 0;
}

static void pasta_main(const struct minder *k, struct err *e)
{
	char *envp[] = { NULL };
	uint64_t caps = 0;
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(pasta_caps); i++)
		caps |= 1ULL << pasta_caps[i];
	if (set_caps(caps, caps, e) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(pasta_caps); i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, pasta_caps[i], 0, 0) < 0) {
			err_sys(e, "give pasta its capabilities");
			return;
		}
	while (read(k->go, &byte, 1) < 0 && errno == EINTR)
		;
	if (dup2(k->netns, 0) < 0 || dup2(k->say, 1) < 0 || dup2(k->say, 2) < 0 ||
	    sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		err_sys(e, "set up pasta's descriptors");
		return;
	}
	execve("/usr/bin/pasta", k->argv, envp);
	err_sys(e, "net.%u.type: start /usr/bin/pasta for a network of kind user", k->d->index);
	if (e->code == ENOENT)
		err_hint(e, "it comes with the package passt");
}

/* Before the device is made: nobody but its configuration tells it routes and addresses, and its
 * addresses count at once (there is nobody else on that link). */
static int minder_sysctls(const struct minder *k, struct err *e)
{
	static const char *const sysctls[][2] = {
		{ "sys/net/ipv6/conf/default/accept_ra", "0" },
		{ "sys/net/ipv6/conf/default/accept_redirects", "0" },
		{ "sys/net/ipv6/conf/default/accept_dad", "0" },
		{ "sys/net/ipv4/conf/default/accept_redirects", "0" },
		{ "sys/net/ipv4/conf/default/rp_filter", "1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		int ret = wall_write_proc(k->r->proc, sysctls[i][0], sysctls[i][1]);

		/* A kernel without IPv6. */
		if (ret == 0 || ret == -ENOENT)
			continue;
		errno = -ret;
		return err_sys(e, "set the container's /proc/%s", sysctls[i][0]);
	}
	return 0;
}

struct seen {
	int index;
	bool up, address;
};

static int see_link(const struct nlmsghdr *m, void *ctx)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);
	struct seen *seen = ctx;

	if (m->nlmsg_type == RTM_NEWLINK && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*link)))
		seen->up = link->ifi_flags & IFF_UP;
	return 0;
}

static int see_address(const struct nlmsghdr *m, void *ctx)
{
	const struct ifaddrmsg *address = NLMSG_DATA(m);
	struct seen *seen = ctx;

	if (m->nlmsg_type == RTM_NEWADDR && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*address)) &&
	    (int)address->ifa_index == seen->index && address->ifa_scope == RT_SCOPE_UNIVERSE)
		seen->address = true;
	return 0;
}

/* pasta's word is not enough: look at the device from inside. */
static int minder_verify(const struct minder *k, struct err *e)
{
	const char *name = k->d->name ? k->d->name : "eth0";
	struct ifinfomsg link = { 0 };
	struct ifaddrmsg address = { 0 };
	struct seen seen = { 0 };
	autoclose int nl = nl_open(NETLINK_ROUTE, e);
	struct nl_batch b;
	int ret;

	if (nl < 0)
		return nl;
	seen.index = link.ifi_index = nl_index(nl, name, e);
	if (seen.index < 0)
		return seen.index;
	nl_begin(&b);
	nl_request(&b, RTM_GETLINK, 0, &link, sizeof(link), "look at %s", name);
	ret = nl_ask(nl, &b, see_link, &seen, e);
	nl_begin(&b);
	nl_request(&b, RTM_GETADDR, NLM_F_DUMP, &address, sizeof(address), "look at addresses");
	if (ret == 0)
		ret = nl_ask(nl, &b, see_address, &seen, e);
	if (ret == 0 && k->d->up && (!seen.up || !seen.address))
		return err_msg(e, ENETDOWN, "net.%u: pasta has left %s %s", k->d->index, name,
			       seen.up ? "without an address" : "down");
	return ret;
}

static void report(const struct minder *k, const struct err *e)
{
	/* A monitor that does not read has died, and takes us with it. */
	if (write(k->report, e, sizeof(*e)) < 0)
		_exit(1);
}

/* What pasta said before it gave up, as one line; not what it says about the system's logger. */
static int pasta_failed(const struct minder *k, struct err *e)
{
	autostr said = { 0 };
	char *line, *rest;

	file_read_fd(k->words, ERR_TEXT_MAX / 2, &said);
	err_msg(e, ENETUNREACH, "net.%u: pasta could not be started", k->d->index);
	rest = said.text;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line && !str_starts(line, "Failed to send"))
			err_hint(e, "%s", line);
	err_clean(e);
	return -e->code;
}

/* pasta's first process ends with 0 when the device is there and it has gone into the background. */
static int minder_wait(const struct minder *k, pid_t pasta, struct err *e)
{
	int status;

	while (waitpid(pasta, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for pasta");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		_exit(1); /* it has reported why it could not even be executed */
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return pasta_failed(k, e);
	return minder_verify(k, e);
}

static int minder_start(struct minder *k, struct err *e)
{
	struct pollfd reader = { .fd = k->report };
	struct err failed = ERR_NONE;
	pid_t pasta;
	int ret;

	/* The stage has the container's root by now. */
	if (k->r->host_ns[NS_MOUNT] >= 0 && !k->r->host->rootless &&
	    setns(k->r->host_ns[NS_MOUNT], CLONE_NEWNS) < 0)
		return err_sys(e, "enter the host's mount namespace for pasta");
	ret = become(k, e);
	if (ret < 0)
		return ret;
	/* Only now: a change of credentials takes the signal away. The monitor may have died before. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "bind pasta to the monitor");
	if (poll(&reader, 1, 0) > 0 && reader.revents & POLLERR)
		_exit(1);
	pasta = fork();
	if (pasta == 0) {
		fd_close(&k->hold);
		pasta_main(k, &failed);
		report(k, &failed);
		_exit(127);
	}
	if (pasta < 0)
		return err_sys(e, "start a process for pasta");
	fd_close(&k->say);
	if (setns(k->netns, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	ret = minder_sysctls(k, e);
	if (ret < 0)
		return ret;
	fd_close(&k->hold);
	return minder_wait(k, pasta, e);
}

/* As a program expects them: pasta takes a signal that is ignored already for an error. */
static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig <= SIGSYS; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
}

static _Noreturn void minder_main(struct minder *k)
{
	struct err e = ERR_NONE;

	default_signals();
	prctl(PR_SET_NAME, "ward:[pasta]");
	if (minder_start(k, &e) < 0 || set_caps(0, 0, &e) < 0) {
		report(k, &e);
		_exit(1);
	}
	report(k, &e);
	sys_close_range(0, ~0U, 0);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	_exit(0);
}

/* --- the monitor's side ---------------------------------------------------------------- */

/* True when the root directory is the container's: too late to execute anything. */
static bool pivoted(const struct run *r)
{
	struct stat here, staged;

	return r->host->rootless && r->root >= 0 && stat("/", &here) == 0 &&
	       fstat(r->root, &staged) == 0 && here.st_dev == staged.st_dev &&
	       here.st_ino == staged.st_ino;
}

static int minder_clone(struct run *r, struct minder *k, struct err *e)
{
	/* An ordinary user's monitor cannot go back to the host's mount namespace, and soon the container's
	 * root will be the root of everybody who is in its own: nothing may be executed from there. */
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_NEWPID | (r->host->rootless ? CLONE_NEWNS : 0),
		.pidfd = (uint64_t)(uintptr_t)&r->net_user,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);

	if (pid == 0) {
		fd_close(&r->net_report);
		minder_main(k);
	}
	return pid < 0 ? err_sys(e, "start a pid namespace for pasta") : 0;
}

static int make_pipe(int *from, int *to, struct err *e)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	*from = pair[0];
	*to = pair[1];
	return 0;
}

static int start_minder(struct run *r, struct minder *k, struct err *e)
{
	int ret = make_pipe(&r->net_report, &k->report, e);

	if (ret == 0)
		ret = make_pipe(&k->words, &k->say, e);
	if (ret == 0)
		ret = make_pipe(&k->go, &k->hold, e);
	if (ret == 0)
		ret = minder_clone(r, k, e);
	/* Whoever holds an end of these must be the minder and pasta alone. */
	fd_close(&k->report);
	fd_close(&k->words);
	fd_close(&k->say);
	fd_close(&k->go);
	fd_close(&k->hold);
	return ret;
}

int pasta_start(struct run *r, const struct net_device *d, char **argv, struct err *e)
{
	autoclose int netns = -EBADF;
	struct minder k = { .r = r,
			    .d = d,
			    .argv = argv,
			    .report = -EBADF,
			    .words = -EBADF,
			    .say = -EBADF,
			    .go = -EBADF,
			    .hold = -EBADF };
	char path[64];

	if (pivoted(r))
		return err_msg(e, EXDEV, "net.%u: pasta cannot be started from here", d->index);
	snprintf(path, sizeof(path), "%d/ns/net", (int)r->pid);
	netns = openat(r->proc, path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(e, "open the container's network namespace");
	k.netns = netns;
	return start_minder(r, &k, e);
}
