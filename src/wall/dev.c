/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: reaching hardware and the host's terminals. /dev is a small tmpfs that holds the nodes
 * every program expects and nothing else; ptys come from an instance of devpts of its own, with
 * a bound; the console is one of them and is passed by descriptor, never opened by name.
 * Interfaces: mknod(2), devpts, TIOCGPTPEER (ioctl_tty(2)).
 *
 * Comes after the root. The device rules (wall device) are the second wall behind it.
 * Lost without it: the payload sees the host's device nodes. */
#include "wall/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "wall/stage.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { TTY_GROUP = 5, DEV_INODES = 256, DEV_SIZE = 64 << 10 };

static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 },    { "full", 1, 7 },
	{ "tty", 5, 0 },  { "random", 1, 8 }, { "urandom", 1, 9 },
};

static const struct {
	const char *name, *to;
} links[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

/* --- keys ------------------------------------------------------------------------------ */

static const struct key_bounds pts_bounds = { 1, 65536 };

static const struct key_bounds tty_bounds = { 0, DEV_TTYS_MAX };

static const struct key keys[] = {
	{ .name = "dev.node", .type = &key_paths, .at = SPEC(dev.nodes), .metavar = "PATH",
	  .doc = "a device node of the host to show and allow: /dev/fuse" },
	{ .name = "dev.pts_max", .type = &key_count, .of = &pts_bounds, .at = SPEC(dev.pts_max),
	  .metavar = "COUNT", .doc = "pseudo terminals" },
	{ .name = "dev.ttys", .type = &key_u32, .of = &tty_bounds, .at = SPEC(dev.ttys),
	  .metavar = "COUNT", .doc = "terminals beside the console, /dev/tty1 and so on" },
	{ .name = "dev.shm_size", .type = &key_size, .at = SPEC(dev.shm_size), .metavar = "SIZE",
	  .doc = "bound of /dev/shm" },
};

/* --- check ----------------------------------------------------------------------------- */

/* A node that is shown must also be allowed: the rule follows from its numbers. */
static int node_rule(struct spec *s, const char *path, struct err *e)
{
	struct stat st;
	char rule[64];

	if (!str_starts(path, "/dev/"))
		return err_msg(e, EINVAL, "%s: dev.node: %s is not below /dev",
			       key_origin(s, "dev.node"), path);
	if (stat(path, &st) < 0)
		return err_sys(e, "%s: dev.node: %s", key_origin(s, "dev.node"), path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_msg(e, EINVAL, "%s: dev.node: %s is not a device",
			       key_origin(s, "dev.node"), path);
	snprintf(rule, sizeof(rule), "%c %u:%u rw", S_ISCHR(st.st_mode) ? 'c' : 'b',
		 major(st.st_rdev), minor(st.st_rdev));
	return key_set(s, "device.rule", rule, "dev.node", e);
}

static int dev_check(struct spec *s, const struct host *h, struct err *e)
{
	int ret = 0;

	(void)h;
	for (size_t i = 0; i < s->dev.nodes.n && ret == 0; i++)
		ret = node_rule(s, s->dev.nodes.item[i], e);
	return ret;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* In a user namespace mknod is refused, so the host's node is bound instead; it is checked to
 * be the device it should be. */
static int node_bind(int dev, const char *name, const char *host_path, dev_t expected,
		     struct err *e)
{
	struct stat st;
	autoclose int target = -EBADF, tree = -EBADF;
	autoclose int from = open(host_path, O_PATH | O_CLOEXEC);

	if (from < 0)
		return err_sys(e, "open %s", host_path);
	if (fstat(from, &st) < 0 || st.st_rdev != expected)
		return err_msg(e, EINVAL, "%s is not the device %u:%u", host_path, major(expected),
			       minor(expected));
	target = path_make(dev, name, true, PATH_NO_SYMLINKS, e);
	if (target < 0)
		return target;
	tree = stage_clone(from, false, host_path, e);
	return tree < 0 ? tree : stage_attach(tree, target, host_path, e);
}

static int node_make(const struct run *r, const char *name, mode_t type, dev_t number, mode_t mode,
		     struct err *e)
{
	char host_path[300];

	snprintf(host_path, sizeof(host_path), "/dev/%s", name);
	if (r->host->rootless)
		return node_bind(r->dev, name, host_path, number, e);
	if (mknodat(r->dev, name, type | mode, number) < 0)
		return err_sys(e, "make /dev/%s", name);
	return 0;
}

/* As the container's root, who is to own them, and with the modes as they stand here. */
static int dev_nodes(struct run *r, struct err *e)
{
	mode_t before = umask(0);
	int ret = 0;

	stage_as_container(r);
	for (size_t i = 0; i < ARRAY_SIZE(nodes) && ret == 0; i++)
		ret = node_make(r, nodes[i].name, S_IFCHR, makedev(nodes[i].major, nodes[i].minor),
				0666, e);
	for (size_t i = 0; i < ARRAY_SIZE(links) && ret == 0; i++)
		if (symlinkat(links[i].to, r->dev, links[i].name) < 0)
			ret = err_sys(e, "make the link /dev/%s", links[i].name);
	stage_as_self();
	umask(before);
	return ret;
}

/* Nodes that the configuration added, "/dev/net/tun" with its directory. */
static int dev_extra(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->spec->dev.nodes.n; i++) {
		const char *path = r->spec->dev.nodes.item[i];
		const char *name = path + strlen("/dev/");
		autofree char *parent = strdup(name);
		char *slash = parent ? strrchr(parent, '/') : NULL;
		struct stat st;
		int ret;

		/* One that every container has, and one that was asked for twice. */
		if (faccessat(r->dev, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (stat(path, &st) < 0)
			return err_sys(e, "dev.node: %s", path);
		if (slash) {
			*slash = '\0';
			ret = path_make(r->dev, parent, false, PATH_NO_SYMLINKS, e);
			if (ret < 0)
				return ret;
			close(ret);
		}
		umask(0);
		stage_as_container(r);
		ret = node_make(r, name, st.st_mode & S_IFMT, st.st_rdev, 0666, e);
		stage_as_self();
		umask(022);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int dev_mount_at(int dev, int tree, const char *name, struct err *e)
{
	autoclose int target = -EBADF;

	if (mkdirat(dev, name, 0755) < 0)
		return err_sys(e, "make /dev/%s", name);
	target = openat(dev, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_sys(e, "open /dev/%s", name);
	return stage_attach(tree, target, name, e);
}

static int dev_pts(struct run *r, struct err *e)
{
	char gid[16], max[24];
	int64_t tty = run_outside(&r->gid_map, TTY_GROUP);
	const struct stage_opt opts[] = {
		{ "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", gid }, { "max", max },
	};
	int ret;

	/* Without the group in the map, root's: grantpt(3) only needs it to exist. */
	snprintf(gid, sizeof(gid), "%u", tty >= 0 ? (unsigned)tty : stage_root_gid(r));
	snprintf(max, sizeof(max), "%" PRIu64, r->spec->dev.pts_max);
	r->pts = stage_fs("devpts", opts, ARRAY_SIZE(opts), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
			  e);
	if (r->pts < 0)
		return r->pts;
	ret = dev_mount_at(r->dev, r->pts, "pts", e);
	return ret;
}

static int dev_shm(struct run *r, struct err *e)
{
	autoclose int tree = stage_tmpfs(r, r->spec->dev.shm_size, 65536, 01777,
					 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
					 e);

	return tree < 0 ? tree : dev_mount_at(r->dev, tree, "shm", e);
}

int dev_pty(int proc, int pts, int *slave, struct err *e)
{
	autoclose int node = path_open(pts, "ptmx", O_PATH, 0, PATH_NO_SYMLINKS);
	autoclose int master = -EBADF;
	struct stat st;
	struct statfs fs;
	char path[32];
	int zero = 0;

	/* A container's root may have mounted something over its ptmx, even a link (it would be
	 * followed in our root): what is opened must be the node of a devpts, proven beforehand. */
	if (node < 0 || fstat(node, &st) < 0 || fstatfs(node, &fs) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_msg(e, ENOTTY, "the container's /dev/pts/ptmx is not one");
	snprintf(path, sizeof(path), "self/fd/%d", node);
	master = openat(proc, path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0)
		return err_sys(e, "open a pseudo terminal of the container");
	if (ioctl(master, TIOCSPTLCK, &zero) < 0)
		return err_sys(e, "unlock the pseudo terminal");
	*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		return err_sys(e, "open the other end of the pseudo terminal");
	return take_fd(master);
}

/* /dev/console is the slave end itself, bound by descriptor: a name in /dev/pts could have been
 * swapped for something else in between (CVE-2025-52565). */
static int dev_console(struct run *r, struct err *e)
{
	autoclose int target = -EBADF, tree = -EBADF;
	int64_t uid = run_outside(&r->uid_map, r->identity.uid);
	struct winsize size;

	if (!r->spec->process.terminal)
		return 0;
	r->console = dev_pty(r->proc, r->pts, &r->terminal, e);
	if (r->console < 0)
		return r->console;
	if (uid >= 0 && fchown(r->terminal, (uid_t)uid, (gid_t)-1) < 0)
		return err_sys(e, "give the console to the payload's user");
	/* Before the program asks for it. */
	if (!r->detached && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(r->console, TIOCSWINSZ, &size);
	target = path_make(r->dev, "console", true, PATH_NO_SYMLINKS, e);
	if (target < 0)
		return target;
	tree = stage_clone(r->terminal, false, "the console", e);
	return tree < 0 ? tree : stage_attach(tree, target, "/dev/console", e);
}

int dev_stage(struct run *r, struct err *e)
{
	autoclose int target = path_open(r->root, "dev", O_PATH | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	struct stat st;
	int ret;

	/* /dev as a link would lead what is made there elsewhere (CVE-2026-41579). */
	if (target == -ENOENT)
		target = stage_target(r, "/dev", false, e);
	else if (target < 0)
		return err_msg(e, -target, "/dev of the root file system is not a directory");
	if (target < 0)
		return target;
	r->dev = stage_tmpfs(r, DEV_SIZE, DEV_INODES, 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
			     e);
	if (r->dev < 0)
		return r->dev;
	if (fstat(r->dev, &st) == 0)
		r->dev_number = st.st_dev;
	ret = stage_attach(r->dev, target, "/dev", e);
	if (ret == 0)
		ret = dev_nodes(r, e);
	if (ret == 0)
		ret = dev_pts(r, e);
	if (ret == 0)
		ret = dev_shm(r, e);
	if (ret == 0)
		ret = dev_extra(r, e);
	if (ret == 0)
		ret = dev_console(r, e);
	return ret < 0 ? ret : dev_ttys(r, e);
}

int dev_seal(struct run *r, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (!(r->spec->rootfs.attr & MOUNT_ATTR_RDONLY))
		return 0;
	if (sys_mount_setattr(r->dev, "", AT_EMPTY_PATH, &attr) < 0)
		return err_sys(e, "make /dev read-only");
	return 0;
}

/* --- a running container --------------------------------------------------------------- */

/* The directory of the node `path`; *name receives its last part. Everything on the way is ours. */
static int plug_place(const struct run *r, const char *path, uint64_t number, bool make,
		      const char **name, struct err *e)
{
	autoclose int dev = path_open(r->root, "dev", O_PATH | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	autofree char *parent = strdup(path + strlen("/dev/"));
	char *slash = parent ? strrchr(parent, '/') : NULL;
	autoclose int place = -EBADF;
	struct stat st;

	if (!parent)
		return err_mem(e);
	*name = path + strlen("/dev/") + (slash ? slash + 1 - parent : 0);
	if (slash)
		*slash = '\0';
	if (dev < 0 || fstat(dev, &st) < 0 || st.st_dev != number)
		return err_msg(e, EXDEV,
			       "/dev of the container is not the one it was started with");
	if (!slash)
		place = take_fd(dev);
	else if (make)
		place = path_make(dev, parent, false, PATH_NO_SYMLINKS, e);
	else
		place = path_open(dev, parent, O_PATH | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	if (place < 0)
		return err_msg(e, -place, "/dev/%s of the container cannot be entered", parent);
	if (fstat(place, &st) < 0 || st.st_dev != number)
		return err_msg(e, EXDEV, "something else is mounted on /dev/%s of the container",
			       parent);
	return take_fd(place);
}

static bool same_node(int place, const char *name, const struct stat *st)
{
	struct stat there;

	return fstatat(place, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (there.st_mode & S_IFMT) == (st->st_mode & S_IFMT) && there.st_rdev == st->st_rdev;
}

static int plug_node(const struct run *r, const char *path, const struct stat *st, uint64_t number,
		     struct err *e)
{
	const char *name;
	autoclose int place = plug_place(r, path, number, true, &name, e);

	if (place < 0)
		return place;
	if (mknodat(place, name, (st->st_mode & S_IFMT) | 0666, st->st_rdev) == 0)
		return 0;
	if (errno == EEXIST && same_node(place, name, st))
		return 1;
	return err_sys(e, "make %s in the container", path);
}

int dev_plug(const struct run *r, const char *path, const struct stat *st, uint64_t number,
	     struct err *e)
{
	mode_t before = umask(0);
	int ret;

	stage_as_container(r);
	ret = plug_node(r, path, st, number, e);
	stage_as_self();
	umask(before);
	if (ret == -EROFS)
		return err_hint(
			e,
			"where the root file system is read-only, so is /dev: give the device "
			"at the start, with --set dev.node=%s",
			path);
	return ret;
}

int dev_unplug(const struct run *r, const char *path, const struct stat *st, uint64_t number,
	       struct err *e)
{
	const char *name;
	autoclose int place = plug_place(r, path, number, false, &name, e);

	if (place == -ENOENT || (place >= 0 && !same_node(place, name, st)))
		return 0;
	if (place < 0)
		return place;
	if (unlinkat(place, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s in the container", path);
	return 0;
}

const struct wall wall_dev = {
	.name = "dev",
	.stops = "reaching hardware and the host's terminals",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = dev_check,
};
