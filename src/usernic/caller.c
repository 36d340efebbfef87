/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usernic/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "store/account.h"

/* --- who ------------------------------------------------------------------------------- */

struct find_groups {
	struct caller *c;
	const gid_t *gid;
	int n;
};

static int find_group(const struct account *a, void *ctx)
{
	struct find_groups *f = ctx;
	struct caller *c = f->c;
	bool mine = a->first == c->gid;

	for (int i = 0; i < f->n && !mine; i++)
		mine = a->first == f->gid[i];
	if (mine && c->n_groups < CALLER_GROUPS && a->name_len < CALLER_GROUP_NAME)
		snprintf(c->group[c->n_groups++], CALLER_GROUP_NAME, "%.*s", (int)a->name_len,
			 a->name);
	return 0;
}

int caller_read(struct caller *c, struct err *e)
{
	gid_t gid[NGROUPS_MAX];
	struct find_groups f = { .c = c, .gid = gid, .n = getgroups(NGROUPS_MAX, gid) };
	int ret;

	*c = (struct caller){ .uid = getuid(), .gid = getgid() };
	if (geteuid() != 0)
		return err_msg(e, EPERM,
			       "this program is not set-user-ID root (chmod 4755), or "
			       "is used inside of a user namespace");
	if (f.n < 0)
		return err_sys(e, "read your groups");
	ret = account_user_name("/etc", c->uid, c->name, sizeof(c->name), e);
	if (ret == 0 && !c->name[0])
		snprintf(c->name, sizeof(c->name), "%u", (unsigned)c->uid);
	return ret < 0 ? ret : account_read("/etc", ACCOUNT_GROUP, find_group, &f, e);
}

bool caller_is(const struct caller *c, const char *owner)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", (unsigned)c->uid);
	if (owner[0] != '@')
		return !strcmp(owner, c->name) || !strcmp(owner, number);
	for (size_t i = 0; i < c->n_groups; i++)
		if (!strcmp(owner + 1, c->group[i]))
			return true;
	return false;
}

/* --- what is his ----------------------------------------------------------------------- */

static int refuse(struct err *e)
{
	return err_msg(e, EPERM, "that is no network namespace of a user namespace of yours");
}

int caller_given(const char *text)
{
	uint64_t n;

	if (!str_starts(text, "/proc/self/fd/") ||
	    str_u64(text + strlen("/proc/self/fd/"), 10, 3, 1 << 20, &n) < 0)
		return -1;
	return (int)n;
}

static bool is_namespace(int fd)
{
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

/* By the caller's rights. O_PATH first: opening a device or a fifo for real does something, and a
 * path that is not a namespace is not opened at all. */
static int open_path(const char *path)
{
	autoclose int place = open(path, O_PATH | O_CLOEXEC);
	char self[32];

	if (!is_namespace(place))
		return -EPERM;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	return open(self, O_RDONLY | O_CLOEXEC);
}

/* While its pidfd says that the process lives, its pid is nobody else's. */
static int open_process(pid_t pid)
{
	autoclose int pidfd = sys_pidfd_open(pid), fd = -EBADF;
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };
	char path[32];

	if (pidfd < 0)
		return -EPERM;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open_path(path);
	return poll(&gone, 1, 0) == 0 ? take_fd(fd) : -EPERM;
}

static int open_as_caller(const struct caller *c, const char *text, int given)
{
	autoclose int fd = -EBADF;
	uint64_t pid;

	/* Of effective root's powers nothing is left until we come back: capabilities(7). */
	if (setegid(c->gid) < 0 || seteuid(c->uid) < 0)
		return -EPERM;
	if (given >= 0)
		fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
	else if (str_u64(text, 10, 1, INT_MAX, &pid) == 0)
		fd = open_process((pid_t)pid);
	else if (text[0] == '/')
		fd = open_path(text);
	if (seteuid(0) < 0 || setegid(0) < 0)
		return -EPERM;
	return take_fd(fd);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* True when the caller has made this user namespace, and all that it lies in up to ours. */
static bool is_his_userns(const struct caller *c, int userns, int own)
{
	autoclose int parent = -EBADF;
	uid_t owner;

	/* The kernel allows 32 levels, and shows nobody a parent of his own. */
	for (int i = 0; i < 33 && userns >= 0 && !same_file(userns, own); i++) {
		if (ioctl(userns, NS_GET_OWNER_UID, &owner) < 0 || owner != c->uid)
			return false;
		userns = ioctl(userns, NS_GET_PARENT);
		fd_close(&parent);
		parent = userns;
	}
	return userns >= 0;
}

/* A network namespace, not ours, of such a user namespace, not ours. */
static bool is_his(const struct caller *c, int netns)
{
	autoclose int own_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int own_user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	autoclose int userns = -EBADF;

	if (own_net < 0 || own_user < 0 || !is_namespace(netns) ||
	    ioctl(netns, NS_GET_NSTYPE) != CLONE_NEWNET || same_file(netns, own_net))
		return false;
	userns = ioctl(netns, NS_GET_USERNS);
	return userns >= 0 && !same_file(userns, own_user) && is_his_userns(c, userns, own_user);
}

int caller_netns(const struct caller *c, const char *text, int given, struct err *e)
{
	autoclose int fd = open_as_caller(c, text, given);

	return is_his(c, fd) ? take_fd(fd) : refuse(e);
}
