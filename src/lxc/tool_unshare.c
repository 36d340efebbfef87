/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-unshare and lxc-usernsexec: a command in new namespaces, without a container around it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/nl.h"
#include "base/sys.h"
#include "lxc/tool.h"
#include "store/range.h"

/* --- maps of ids --------------------------------------------------------------------------------- */

enum { MAPS_MAX = 32 };

struct map {
	bool uid, gid;
	uint32_t inside, outside, count;
};

struct maps {
	struct map item[MAPS_MAX];
	size_t n;
};

static int maps_add(struct maps *m, struct map one, struct err *e)
{
	if (m->n == MAPS_MAX)
		return err_msg(e, E2BIG, "more than %d maps", MAPS_MAX);
	m->item[m->n++] = one;
	return 0;
}

/* "u:0:100000:65536": u, g or b for both. */
static int map_parse(const char *text, struct map *out, struct err *e)
{
	uint64_t number[3];
	autofree char *copy = strdup(text);
	char *rest = copy, *word = strsep(&rest, ":");

	if (!copy)
		return err_mem(e);
	*out = (struct map){ .uid = !strcmp(word, "u") || !strcmp(word, "b"),
			     .gid = !strcmp(word, "g") || !strcmp(word, "b") };
	for (size_t i = 0; i < 3; i++) {
		word = strsep(&rest, ":");
		if (!word || str_u64(word, 10, i == 2, UINT32_MAX - 1, &number[i]) < 0)
			return err_msg(e, EINVAL, "'%.64s' is not u|g|b:INSIDE:OUTSIDE:COUNT",
				       text);
	}
	if (rest || (!out->uid && !out->gid))
		return err_msg(e, EINVAL, "'%.64s' is not u|g|b:INSIDE:OUTSIDE:COUNT", text);
	out->inside = (uint32_t)number[0];
	out->outside = (uint32_t)number[1];
	out->count = (uint32_t)number[2];
	return 0;
}

/* The caller's subordinate ids, from 0 on. */
static int maps_default(struct maps *m, struct err *e)
{
	struct range_pool pool;
	int ret = range_pool_user(getuid(), &pool, e);

	if (ret < 0)
		return ret;
	ret = maps_add(m, (struct map){ .uid = true, .outside = pool.base, .count = pool.count },
		       e);
	if (ret < 0)
		return ret;
	return maps_add(m,
			(struct map){ .gid = true, .outside = pool.gid_base, .count = pool.count },
			e);
}

/* The first id that no map has, for the caller himself. */
static uint32_t free_inside(const struct maps *m, bool gid)
{
	uint32_t next = 0;

	for (size_t i = 0; i < m->n; i++)
		if ((gid ? m->item[i].gid : m->item[i].uid) &&
		    m->item[i].inside + m->item[i].count > next)
			next = m->item[i].inside + m->item[i].count;
	return next;
}

static void maps_text(const struct maps *m, bool gid, struct list *words)
{
	char number[16];

	for (size_t i = 0; i < m->n; i++) {
		const uint32_t of[] = { m->item[i].inside, m->item[i].outside, m->item[i].count };

		if (!(gid ? m->item[i].gid : m->item[i].uid))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(of); k++) {
			snprintf(number, sizeof(number), "%u", of[k]);
			list_add(words, number);
		}
	}
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* newuidmap PID INSIDE OUTSIDE COUNT ...: it checks what the caller may map. */
static int run_helper(const char *program, pid_t pid, const struct list *words)
{
	autofree char **argv = calloc(words->n + 3, sizeof(*argv));
	char number[16];
	pid_t child;

	snprintf(number, sizeof(number), "%d", pid);
	if (!argv)
		return -ENOMEM;
	argv[0] = (char *)program;
	argv[1] = number;
	memcpy(argv + 2, words->item, words->n * sizeof(*argv));
	child = fork();
	if (child == 0) {
		execvp(program, argv);
		_exit(127);
	}
	return child < 0 ? -errno : wait_status(child) ? -EPERM : 0;
}

/* Root writes the maps itself. */
static int write_map(pid_t pid, bool gid, const struct list *words)
{
	autostr path = { 0 }, text = { 0 };
	autoclose int fd = -EBADF;

	str_addf(&path, "/proc/%d/%s", pid, gid ? "gid_map" : "uid_map");
	for (size_t i = 0; i + 2 < words->n; i += 3)
		str_addf(&text, "%s %s %s\n", words->item[i], words->item[i + 1],
			 words->item[i + 2]);
	fd = open(str_text(&path), O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, str_text(&text), text.len) < 0)
		return -errno;
	return 0;
}

static int maps_write(const struct maps *m, pid_t pid, struct err *e)
{
	for (int gid = 1; gid >= 0; gid--) {
		struct list words = { 0 };
		int ret;

		maps_text(m, gid, &words);
		ret = !words.n	     ? 0 :
		      geteuid() == 0 ? write_map(pid, gid, &words) :
				       run_helper(gid ? "newgidmap" : "newuidmap", pid, &words);
		list_clear(&words);
		if (ret < 0)
			return err_msg(e, -ret, "map the %s ids: %s; see /etc/sub%s",
				       gid ? "group" : "user", strerror(-ret), gid ? "gid" : "uid");
	}
	return 0;
}

/* --- lxc-usernsexec -------------------------------------------------------------------------------- */

struct userns_args {
	struct tool_args common;
	struct maps maps;
	bool self;
	int uid, gid;
};

static int take_map(const struct opt *o, const char *value, void *into, struct err *e)
{
	struct map one = { 0 };
	int ret = map_parse(value, &one, e);

	(void)o;
	return ret < 0 ? ret : maps_add(&((struct userns_args *)into)->maps, one, e);
}

static const struct opt userns_opts[] = {
	{ .name = "map",
	  .letter = 'm',
	  .arg = OPT_VALUE,
	  .metavar = "u|g|b:INSIDE:OUTSIDE:COUNT",
	  .take = take_map,
	  .doc = "map ids; the caller's subordinate ids from 0 by default" },
	{ .name = "self",
	  .letter = 's',
	  .take = opt_true,
	  .at = offsetof(struct userns_args, self),
	  .doc = "map the caller's own id too, to the next free one" },
	{ .name = "uid",
	  .letter = 'u',
	  .arg = OPT_VALUE,
	  .metavar = "UID",
	  .take = tool_take_int,
	  .at = offsetof(struct userns_args, uid),
	  .doc = "user id inside (0)" },
	{ .name = "gid",
	  .letter = 'g',
	  .arg = OPT_VALUE,
	  .metavar = "GID",
	  .take = tool_take_int,
	  .at = offsetof(struct userns_args, gid),
	  .doc = "group id inside (0)" },
	{ 0 }
};

/* The child waits for its maps: a byte, or the end when they could not be written. */
static void await(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(1);
}

static void run_program(const struct tool_args *a, char **argv)
{
	char sh[] = "/bin/sh", *shell[] = { sh, NULL };
	char **words = argv[0] ? argv : shell;

	execvp(words[0], words);
	tool_error(a, "execute %s: %m", words[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

static void userns_child(const struct userns_args *a, int ready, int go, char **argv)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		tool_error(&a->common, "make a user namespace: %m");
		_exit(1);
	}
	if (write(ready, "", 1) < 0)
		_exit(1);
	await(go);
	if (setgroups(0, NULL) < 0 || setresgid((gid_t)a->gid, (gid_t)a->gid, (gid_t)a->gid) < 0 ||
	    setresuid((uid_t)a->uid, (uid_t)a->uid, (uid_t)a->uid) < 0) {
		tool_error(&a->common, "become user %d:%d inside: %m", a->uid, a->gid);
		_exit(1);
	}
	run_program(&a->common, argv);
}

static int userns_start(const struct userns_args *a, char **argv)
{
	autoclose int ready_in = -EBADF, ready_out = -EBADF, go_in = -EBADF, go_out = -EBADF;
	struct err e = ERR_NONE;
	int ready[2], go[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return tool_error(&a->common, "make a pipe: %m");
	ready_in = ready[0];
	ready_out = ready[1];
	if (pipe2(go, O_CLOEXEC) < 0)
		return tool_error(&a->common, "make a pipe: %m");
	go_in = go[0];
	go_out = go[1];
	pid = fork();
	if (pid == 0) {
		fd_close(&go_out);
		userns_child(a, ready_out, go_in, argv);
	}
	fd_close(&ready_out);
	if (pid < 0)
		return tool_error(&a->common, "fork: %m");
	if (read(ready_in, &byte, 1) == 1 && maps_write(&a->maps, pid, &e) < 0)
		tool_error(&a->common, "%s", e.text);
	else if (write(go_out, "", 1) < 0)
		tool_error(&a->common, "the child is gone");
	fd_close(&go_out);
	return wait_status(pid);
}

static int userns_run(void *args, int argc, char **argv)
{
	struct userns_args *a = args;
	struct err e = ERR_NONE;

	(void)argc;
	if (!a->maps.n && maps_default(&a->maps, &e) < 0)
		return tool_error(&a->common, "%s", e.text);
	if (a->self && (maps_add(&a->maps,
				 (struct map){ .uid = true,
					       .inside = free_inside(&a->maps, false),
					       .outside = getuid(),
					       .count = 1 },
				 &e) < 0 ||
			maps_add(&a->maps,
				 (struct map){ .gid = true,
					       .inside = free_inside(&a->maps, true),
					       .outside = getgid(),
					       .count = 1 },
				 &e) < 0))
		return tool_error(&a->common, "%s", e.text);
	return userns_start(a, argv);
}

const struct tool tool_usernsexec = {
	.name = "lxc-usernsexec",
	.operands = "[-- COMMAND...]",
	.doc = "Run a command as root of a user namespace of its own.",
	.opts = userns_opts,
	.size = sizeof(struct userns_args),
	.run = userns_run,
};

/* --- lxc-unshare --------------------------------------------------------------------------------------- */

struct unshare_args {
	struct tool_args common;
	int flags;
	const char *user, *hostname;
	struct list interfaces;
	bool daemon, remount;
};

static int take_namespaces(const struct opt *o, const char *value, void *into, struct err *e)
{
	(void)o;
	return tool_words(value, tool_namespaces, &((struct unshare_args *)into)->flags, e);
}

#define UNSHARE(member) offsetof(struct unshare_args, member)

static const struct opt unshare_opts[] = {
	{ .name = "namespaces",
	  .letter = 's',
	  .arg = OPT_VALUE,
	  .metavar = "LIST",
	  .take = take_namespaces,
	  .doc = "which: MOUNT PID UTSNAME IPC USER NETWORK CGROUP, with | between" },
	{ .name = "user",
	  .letter = 'u',
	  .arg = OPT_VALUE,
	  .metavar = "UID|NAME",
	  .take = opt_text,
	  .at = UNSHARE(user),
	  .doc = "become this user" },
	{ .name = "hostname",
	  .letter = 'H',
	  .arg = OPT_VALUE,
	  .metavar = "NAME",
	  .take = opt_text,
	  .at = UNSHARE(hostname),
	  .doc = "host name in a new UTSNAME namespace" },
	{ .name = "ifname",
	  .letter = 'i',
	  .arg = OPT_VALUE,
	  .metavar = "INTERFACE",
	  .take = tool_take_list,
	  .at = UNSHARE(interfaces),
	  .doc = "move this interface into a new NETWORK namespace" },
	{ .name = "daemon",
	  .letter = 'd',
	  .take = opt_true,
	  .at = UNSHARE(daemon),
	  .doc = "do not wait for the command" },
	{ .name = "remount",
	  .letter = 'M',
	  .take = opt_true,
	  .at = UNSHARE(remount),
	  .doc = "mount /proc, /dev/shm and /dev/mqueue anew in a new MOUNT namespace" },
	{ 0 }
};

static int remount_all(const struct tool_args *a)
{
	static const struct {
		const char *type, *at;
	} all[] = { { "proc", "/proc" }, { "tmpfs", "/dev/shm" }, { "mqueue", "/dev/mqueue" } };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (sys_mount(all[i].type, all[i].at, all[i].type, MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      NULL) < 0 &&
		    errno != ENOENT)
			return tool_error(a, "mount %s: %m", all[i].at);
	return 0;
}

static int become(const struct unshare_args *a)
{
	const struct passwd *user = NULL;
	uint64_t uid;

	if (!a->user)
		return 0;
	if (str_u64(a->user, 10, 0, UINT32_MAX - 1, &uid) == 0)
		user = getpwuid((uid_t)uid);
	else
		user = getpwnam(a->user);
	if (!user)
		return tool_error(&a->common, "there is no user %s", a->user);
	if (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return tool_error(&a->common, "become user %s: %m", a->user);
	return 0;
}

static void unshare_child(const struct unshare_args *a, int go, char **argv)
{
	await(go);
	if (a->hostname && sethostname(a->hostname, strlen(a->hostname)) < 0) {
		tool_error(&a->common, "set the host name: %m");
		_exit(1);
	}
	if (a->flags & CLONE_NEWNS && sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		tool_error(&a->common, "make the mounts private: %m");
		_exit(1);
	}
	if ((a->remount && remount_all(&a->common)) || become(a))
		_exit(1);
	run_program(&a->common, argv);
}

static int move_interfaces(const struct unshare_args *a, pid_t pid, struct err *e)
{
	autoclose int nl = a->interfaces.n ? nl_open(NETLINK_ROUTE, e) : -EBADF;
	struct nl_batch b;

	if (!a->interfaces.n)
		return 0;
	if (nl < 0)
		return nl;
	nl_begin(&b);
	for (size_t i = 0; i < a->interfaces.n; i++) {
		struct ifinfomsg head = { .ifi_index = nl_index(nl, a->interfaces.item[i], e) };

		if (head.ifi_index < 0)
			return head.ifi_index;
		nl_request(&b, RTM_SETLINK, 0, &head, sizeof(head), "move %s",
			   a->interfaces.item[i]);
		nl_put_u32(&b, IFLA_NET_NS_PID, (uint32_t)pid);
	}
	return nl_send(nl, &b, e);
}

static int unshare_refused(const struct unshare_args *a, int argc)
{
	if (!a->flags)
		return tool_error(&a->common, "no namespaces; --namespaces=MOUNT, say");
	if (!argc)
		return tool_error(&a->common, "no command");
	if (a->hostname && !(a->flags & CLONE_NEWUTS))
		return tool_error(&a->common, "--hostname needs the namespace UTSNAME");
	if (a->interfaces.n && !(a->flags & CLONE_NEWNET))
		return tool_error(&a->common, "--ifname needs the namespace NETWORK");
	if (a->remount && !(a->flags & CLONE_NEWNS))
		return tool_error(&a->common, "--remount needs the namespace MOUNT");
	return 0;
}

/* In a new user namespace the caller is root. */
static int map_caller(pid_t pid, struct err *e)
{
	struct maps m = { .n = 2,
			  .item = { { .uid = true, .outside = getuid(), .count = 1 },
				    { .gid = true, .outside = getgid(), .count = 1 } } };
	autostr path = { 0 };
	autoclose int fd = -EBADF;

	if (geteuid() == 0)
		return maps_write(&m, pid, e);
	/* Who may map only himself must give up setgroups(2) first: user_namespaces(7). */
	str_addf(&path, "/proc/%d/setgroups", pid);
	fd = open(str_text(&path), O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "deny", 4) < 0)
		return err_sys(e, "give up setgroups(2)");
	for (int gid = 0; gid < 2; gid++) {
		struct list words = { 0 };
		int ret;

		maps_text(&m, gid, &words);
		ret = write_map(pid, gid, &words);
		list_clear(&words);
		if (ret < 0)
			return err_msg(e, -ret, "map the caller's id: %s", strerror(-ret));
	}
	return 0;
}

static int unshare_run(void *args, int argc, char **argv)
{
	struct unshare_args *a = args;
	autoclose int in = -EBADF, out = -EBADF;
	struct err e = ERR_NONE;
	int go[2];
	pid_t pid;

	if (unshare_refused(a, argc))
		return 1;
	if (pipe2(go, O_CLOEXEC) < 0)
		return tool_error(&a->common, "make a pipe: %m");
	in = go[0];
	out = go[1];
	pid = sys_clone3(
		&(struct clone_args){ .flags = (uint64_t)a->flags, .exit_signal = SIGCHLD });
	if (pid < 0)
		return tool_error(&a->common, "make the namespaces: %m");
	if (pid == 0) {
		fd_close(&out);
		unshare_child(a, in, argv);
	}
	if ((a->flags & CLONE_NEWUSER && map_caller(pid, &e) < 0) ||
	    move_interfaces(a, pid, &e) < 0)
		tool_error(&a->common, "%s", e.text);
	else if (write(out, "", 1) < 0)
		tool_error(&a->common, "the child is gone");
	else if (a->daemon)
		return 0;
	fd_close(&out);
	return wait_status(pid);
}

const struct tool tool_unshare = {
	.name = "lxc-unshare",
	.operands = "COMMAND...",
	.doc = "Run a command in new namespaces.",
	.opts = unshare_opts,
	.size = sizeof(struct unshare_args),
	.run = unshare_run,
};
