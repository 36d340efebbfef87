/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wall/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"

int stage_enter(struct run *r, struct err *e)
{
	r->host_ns[NS_MOUNT] = openat(r->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (r->host_ns[NS_MOUNT] < 0)
		return err_sys(e, "remember the host's mount namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make the staging mount namespace");
	/* Slave, not private: a disk that the host unmounts must not stay busy because of us. */
	if (sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(e, "stop mounts from reaching the host");
	return 0;
}

int stage_leave(struct run *r, struct err *e)
{
	if (r->host_ns[NS_MOUNT] < 0)
		return 0;
	r->stage_ns = openat(r->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (setns(r->host_ns[NS_MOUNT], CLONE_NEWNS) < 0)
		return err_sys(e, "come back to the host's mount namespace");
	fd_close(&r->host_ns[NS_MOUNT]);
	return 0;
}

int stage_drop(struct run *r, struct err *e)
{
	(void)e;
	fd_close(&r->stage_ns);
	return 0;
}

int stage_close(struct run *r, struct err *e)
{
	(void)e;
	fd_close(&r->root);
	fd_close(&r->mask);
	fd_close(&r->kernel_proc);
	fd_close(&r->kernel_sys);
	fd_close(&r->dev);
	fd_close(&r->pts);
	fd_close(&r->userns);
	return 0;
}

int stage_pivot(struct run *r, struct err *e)
{
	if (fchdir(r->root) < 0)
		return err_sys(e, "enter the staged root file system");
	/* Stack the old root on the new one and take it away: pivot_root(2), NOTES. Init is in this
	 * namespace too; the kernel moves its root along with ours. */
	if (sys_pivot_root(".", ".") < 0)
		return err_sys(e, "make the container's root the root of the stage");
	if (sys_umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "drop the host's file systems from the stage");
	return 0;
}

static uint32_t outside_root(const struct id_map *map)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->range[i].inside == 0)
			return map->range[i].outside;
	/* A map without root (a single id): its first id owns what we make. */
	return map->n ? map->range[0].outside : 0;
}

uint32_t stage_root_uid(const struct run *r)
{
	return outside_root(&r->uid_map);
}

uint32_t stage_root_gid(const struct run *r)
{
	return outside_root(&r->gid_map);
}

void stage_as_container(const struct run *r)
{
	/* Without this bit a file system id other than 0 loses CAP_CHOWN, CAP_FOWNER and their
	 * kin (capabilities(7)), and an overlay made meanwhile could never copy a file up. */
	prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
	setfsgid(stage_root_gid(r));
	setfsuid(stage_root_uid(r));
}

void stage_as_self(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
	prctl(PR_SET_SECUREBITS, 0);
}

int stage_target(const struct run *r, const char *path, bool as_file, struct err *e)
{
	int fd = path_open(r->root, path, O_PATH, 0, PATH_FOLLOW);

	if (fd >= 0)
		return fd;
	if (fd != -ENOENT) {
		errno = -fd;
		return err_sys(e, "open %s in the root file system", path);
	}
	/* Made as the container's root: through an id-mapped mount the host's root is nobody who could
	 * own a file (EOVERFLOW), and what is made belongs to the image like the rest of it. */
	stage_as_container(r);
	fd = path_make(r->root, path, as_file, PATH_FOLLOW, e);
	stage_as_self();
	if (fd == -EROFS)
		return err_hint(
			e,
			"the root file system lacks it and cannot be written: make %s there, "
			"or use overlay:DIR",
			path);
	return fd;
}

int stage_clone(int fd, bool recursive, const char *what, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	int tree = sys_open_tree(fd, "", recursive ? flags | AT_RECURSIVE : flags);

	return tree < 0 ? err_sys(e, "copy the mount of %s", what) : tree;
}

int stage_setattr(int tree, const struct stage_attr *want, const char *what, struct err *e)
{
	struct mount_attr attr = {
		.attr_set = want->attr,
		.propagation = want->slave ? MS_SLAVE : MS_PRIVATE,
	};
	unsigned flags = AT_EMPTY_PATH | (want->recursive ? AT_RECURSIVE : 0);

	if (want->userns >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)want->userns;
	}
	if (sys_mount_setattr(tree, "", flags, &attr) == 0)
		return 0;
	if (want->userns >= 0 && errno == EINVAL) {
		err_sys(e, "id-map the mount of %s", what);
		return err_hint(e, "its file system does not support id-mapped mounts on this kernel; "
				   "move it to ext4, xfs or btrfs (tmpfs can from Linux 6.3 on), or say "
				   "rootfs.idmap=false (or the volume option noidmap) and give its files the "
				   "container's ids");
	}
	return err_sys(e, "set the mount attributes of %s", what);
}

int stage_attach(int tree, int target, const char *what, struct err *e)
{
	if (sys_move_mount(tree, "", target, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "mount %s", what);
	return 0;
}

static int owner_map(const struct run *r, pid_t pid, const char *file, uint32_t disk,
		     int64_t outside)
{
	char path[32], text[64];

	snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
	snprintf(text, sizeof(text), "%u %" PRId64 " 1", disk, outside);
	return file_write(r->proc, path, text);
}

/* A user namespace lives only as long as a process in it, or a descriptor of it. */
int stage_owner(const struct run *r, uint32_t uid, uint32_t gid, struct err *e)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	char path[32];
	int fd = -EBADF, ret;
	pid_t pid = sys_clone3(&args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return err_sys(e, "make the user namespace of a volume");
	ret = owner_map(r, pid, "uid_map", uid, run_outside(&r->uid_map, r->identity.uid));
	if (ret == 0)
		ret = owner_map(r, pid, "gid_map", gid, run_outside(&r->gid_map, r->identity.gid));
	snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	if (ret == 0)
		fd = openat(r->proc, path, O_RDONLY | O_CLOEXEC);
	if (ret == 0 && fd < 0)
		ret = -errno;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (ret == 0)
		return fd;
	errno = -ret;
	return err_sys(e, "map the owner of a volume");
}

/* The file system's own words about what it did not like are in the context's log. */
static void fs_log(int fs, struct err *e)
{
	char text[256];
	ssize_t n = read(fs, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	err_hint(e, "the kernel says: %s", text);
}

int stage_fs(const char *type, const struct stage_opt *opts, size_t n, uint64_t attr, struct err *e)
{
	autoclose int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
	int mount;

	if (fs < 0)
		return err_sys(e, "open the file system type %s", type);
	for (size_t i = 0; i < n; i++) {
		unsigned cmd = opts[i].value  ? FSCONFIG_SET_STRING :
			       opts[i].fd > 0 ? FSCONFIG_SET_FD :
						FSCONFIG_SET_FLAG;

		if (sys_fsconfig(fs, cmd, opts[i].key, opts[i].value, opts[i].fd) == 0)
			continue;
		err_sys(e, "%s: option %s=%s", type, opts[i].key, opts[i].value ? opts[i].value : "");
		fs_log(fs, e);
		return -e->code;
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		err_sys(e, "make a %s instance", type);
		fs_log(fs, e);
		return -e->code;
	}
	mount = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr);
	return mount < 0 ? err_sys(e, "mount a %s instance", type) : mount;
}

int stage_tmpfs(const struct run *r, uint64_t size, uint64_t inodes, unsigned mode, uint64_t attr,
		struct err *e)
{
	char text[5][24];
	const struct stage_opt opts[] = {
		{ "mode", text[0] }, { "uid", text[1] }, { "gid", text[2] },
		{ "size", text[3] }, { "nr_inodes", text[4] },
	};

	/* No tmpfs without a bound: "max" would be half of the host's memory per instance. */
	if (size >= LIMIT_UNSET || inodes >= LIMIT_UNSET)
		return err_msg(e, EINVAL, "tmpfs: size and inodes must be finite");
	snprintf(text[0], sizeof(text[0]), "%o", mode);
	snprintf(text[1], sizeof(text[1]), "%u", stage_root_uid(r));
	snprintf(text[2], sizeof(text[2]), "%u", stage_root_gid(r));
	snprintf(text[3], sizeof(text[3]), "%" PRIu64, size);
	snprintf(text[4], sizeof(text[4]), "%" PRIu64, inodes);
	return stage_fs("tmpfs", opts, ARRAY_SIZE(opts), attr, e);
}
