/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probes of mounts, files and devices. */
#include "look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sys.h"

#ifndef MS_REC
#define MS_REC 16384
#endif

/* --- mounts ---------------------------------------------------------------------------- */

static int do_mount(int argc, char **argv)
{
	const char *target = argc > 1 ? argv[1] : "/tmp";

	return errno_of(sys_mount(argv[0], target, argv[0], 0, argc > 2 ? argv[2] : NULL));
}

static int do_bind(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_mount(argv[0], argv[1], NULL, MS_BIND, NULL));
}

static int do_fsopen(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_fsopen(argv[0], 0));
}

static int do_open_tree(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_open_tree(AT_FDCWD, argv[0], OPEN_TREE_CLONE));
}

static int do_umount(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_umount2(argv[0], 0));
}

static int do_umount_lazy(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_umount2(argv[0], MNT_DETACH));
}

static int do_remount_rw(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_mount(NULL, argv[0], NULL, MS_REMOUNT | MS_BIND, NULL));
}

/* Also asks the file system itself, not only this mount of it. */
static int do_remount_super(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_mount(NULL, argv[0], NULL, MS_REMOUNT, NULL));
}

static const struct {
	const char *name;
	__u64 attr;
} attr_names[] = {
	{ "ro", MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC },
};

static __u64 attr_of(const char *name)
{
	for (size_t i = 0; i < sizeof(attr_names) / sizeof(attr_names[0]); i++) {
		if (!strcmp(attr_names[i].name, name))
			return attr_names[i].attr;
	}
	fprintf(stderr, "look: '%s' is not one of ro, nosuid, nodev, noexec\n", name);
	exit(200);
}

static int do_setattr_clear(int argc, char **argv)
{
	struct mount_attr attr = { .attr_clr = attr_of(argv[1]) };

	(void)argc;
	return errno_of(sys_mount_setattr(AT_FDCWD, argv[0], 0, &attr));
}

static int do_setattr_set(int argc, char **argv)
{
	struct mount_attr attr = { .attr_set = attr_of(argv[1]) };

	(void)argc;
	return errno_of(sys_mount_setattr(AT_FDCWD, argv[0], 0, &attr));
}

static int do_move_mount(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_mount(argv[0], argv[1], NULL, MS_MOVE, NULL));
}

/* A copy of the subtree without what is mounted over parts of it: shows what a mask hides. */
static int do_peel(int argc, char **argv)
{
	int tree = sys_open_tree(AT_FDCWD, argv[0], OPEN_TREE_CLONE);

	if (tree < 0)
		return errno;
	if (argc > 1)
		return errno_of(openat(tree, argv[1], O_RDONLY | O_CLOEXEC));
	return 0;
}

static int do_pivot(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return errno_of(sys_pivot_root("/tmp", "/tmp"));
}

static int do_propagation(int argc, char **argv)
{
	(void)argc;
	return errno_of(sys_mount(NULL, argv[0], NULL, MS_SHARED | MS_REC, NULL));
}

/* --- files ----------------------------------------------------------------------------- */

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	int result = errno_of(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

static int do_open_r(int argc, char **argv)
{
	(void)argc;
	return open_as(argv[0], O_RDONLY);
}

static int do_open_w(int argc, char **argv)
{
	(void)argc;
	return open_as(argv[0], O_WRONLY);
}

static int do_create(int argc, char **argv)
{
	(void)argc;
	return open_as(argv[0], O_WRONLY | O_CREAT | O_EXCL);
}

static int do_write(int argc, char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	(void)argc;
	if (fd < 0)
		return errno;
	return errno_of(write(fd, argv[1], strlen(argv[1])));
}

static int do_read(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char buffer[4096];
	ssize_t n;

	(void)argc;
	if (fd < 0)
		return errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)n, stdout);
	return errno_of(n);
}

static int do_mkdir(int argc, char **argv)
{
	(void)argc;
	return errno_of(mkdir(argv[0], 0755));
}

static int do_unlink(int argc, char **argv)
{
	(void)argc;
	return errno_of(unlink(argv[0]));
}

static int do_symlink(int argc, char **argv)
{
	(void)argc;
	return errno_of(symlink(argv[0], argv[1]));
}

static int do_chmod(int argc, char **argv)
{
	(void)argc;
	return errno_of(chmod(argv[1], (mode_t)strtoul(argv[0], NULL, 8)));
}

static int do_chown(int argc, char **argv)
{
	(void)argc;
	return errno_of(chown(argv[1], (uid_t)number(argv[0]), (gid_t)-1));
}

static int do_mknod(int argc, char **argv)
{
	mode_t type = argv[1][0] == 'b' ? S_IFBLK : argv[1][0] == 'p' ? S_IFIFO : S_IFCHR;

	if (type == S_IFIFO)
		return errno_of(mknod(argv[0], S_IFIFO | 0600, 0));
	if (argc < 4)
		return EINVAL;
	return errno_of(mknod(argv[0], type | 0600,
			      makedev((unsigned)number(argv[2]), (unsigned)number(argv[3]))));
}

/* A file capability as `setcap cap_sys_admin+ep` writes it (struct vfs_cap_data, revision 2). */
static int do_setcap(int argc, char **argv)
{
	const unsigned int data[5] = { 0x02000001, 1U << 21, 0, 0, 0 };

	(void)argc;
	return errno_of(setxattr(argv[0], "security.capability", data, sizeof(data), 0));
}

static int do_immutable(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC), flags = 0;

	(void)argc;
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return errno;
	flags |= FS_IMMUTABLE_FL;
	return errno_of(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* --- ways out of the root -------------------------------------------------------------- */

/* Open a file by its handle, walking around every path check: "shocker". */
static int do_handle(int argc, char **argv)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	const char *path = argc ? argv[0] : "/";
	int mount_id, at;

	if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount_id, 0) < 0)
		return errno;
	at = open(path, O_RDONLY | O_CLOEXEC);
	if (at < 0)
		return errno;
	return errno_of(open_by_handle_at(at, &handle.head, O_RDONLY | O_CLOEXEC));
}

static int do_chroot(int argc, char **argv)
{
	return errno_of(chroot(argc ? argv[0] : "/"));
}

/* chroot deeper, keep the old directory open, climb: leads out of a mere chroot, and only to
 * the mount namespace's root after pivot_root. */
static int do_chroot_escape(int argc, char **argv)
{
	const char *below = argc ? argv[0] : "/tmp";
	struct stat before, after;
	int old;

	if (stat("/", &before) < 0)
		return errno;
	old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || chroot(below) < 0 || fchdir(old) < 0)
		return errno;
	for (int i = 0; i < 64; i++) {
		if (chdir("..") < 0)
			return errno;
	}
	if (chroot(".") < 0 || stat("/", &after) < 0)
		return errno;
	printf("%s\n", before.st_ino == after.st_ino && before.st_dev == after.st_dev ?
			       "same root" :
			       "another root");
	return 0;
}

/* --- what is writable ------------------------------------------------------------------ */

/* Print every regular file below `path` that opens for writing; nothing is written. Returns how
 * many files there are. */
static long walk_writable(const char *path, int depth)
{
	DIR *dir = depth > 12 ? NULL : opendir(path);
	char below[4096];
	struct dirent *entry;
	struct stat st;
	long seen = 0;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (lstat(below, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			seen += walk_writable(below, depth + 1);
		if (!S_ISREG(st.st_mode))
			continue;
		seen++;
		if (!open_as(below, O_WRONLY))
			puts(below);
	}
	if (dir)
		closedir(dir);
	return seen;
}

static int do_writable_sysctls(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("of %ld files\n", walk_writable("/proc/sys", 0));
	return 0;
}

static int do_writable(int argc, char **argv)
{
	(void)argc;
	printf("of %ld files\n", walk_writable(argv[0], 0));
	return 0;
}

/* Exchange two names again and again: the attacker of the races. Run by the tests on the host. */
static int do_swap(int argc, char **argv)
{
	long rounds = argc > 2 ? number(argv[2]) : 1000000;

	for (long i = 0; i < rounds; i++) {
		if (syscall(SYS_renameat2, AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE) <
			    0 &&
		    errno != ENOENT)
			return errno;
	}
	return 0;
}

const struct probe probes_fs[] = {
	TRY("mount", 1, do_mount, "TYPE [TARGET [DATA]]", "mount a file system, on /tmp"),
	TRY("bind", 2, do_bind, "FROM TO", "bind mount"),
	TRY("fsopen", 1, do_fsopen, "TYPE", "the new mount interface"),
	TRY("open-tree", 1, do_open_tree, "PATH", "copy a mount"),
	TRY("peel", 1, do_peel, "PATH [FILE]", "copy a mount without what covers FILE, open it"),
	TRY("umount", 1, do_umount, "PATH", "unmount"),
	TRY("umount-lazy", 1, do_umount_lazy, "PATH", "unmount with MNT_DETACH"),
	TRY("remount-rw", 1, do_remount_rw, "PATH", "clear a mount's flags"),
	TRY("remount-super", 1, do_remount_super, "PATH", "clear the file system's read-only"),
	TRY("setattr-clear", 2, do_setattr_clear, "PATH FLAG",
	    "mount_setattr: ro nosuid nodev noexec"),
	TRY("setattr-set", 2, do_setattr_set, "PATH FLAG", "the same, setting it"),
	TRY("move-mount", 2, do_move_mount, "FROM TO", "move a mount away"),
	TRY("share-mounts", 1, do_propagation, "PATH", "make mounts propagate"),
	TRY("pivot", 0, do_pivot, "", "pivot_root"),
	TRY("open-r", 1, do_open_r, "PATH", "open for reading"),
	TRY("open-w", 1, do_open_w, "PATH", "open for writing, nothing is written"),
	TRY("create", 1, do_create, "PATH", "make a new file"),
	TRY("write", 2, do_write, "PATH TEXT", "write"),
	SHOW("read", 1, do_read, "PATH", "print a file"),
	TRY("mkdir", 1, do_mkdir, "PATH", "make a directory"),
	TRY("unlink", 1, do_unlink, "PATH", "remove a file"),
	TRY("symlink", 2, do_symlink, "TEXT PATH", "make a symbolic link"),
	TRY("chmod", 2, do_chmod, "MODE PATH", "octal mode"),
	TRY("chown", 2, do_chown, "UID PATH", "change the owner"),
	TRY("mknod", 2, do_mknod, "PATH c|b|p [MAJ MIN]", "make a device node or fifo"),
	TRY("setcap", 1, do_setcap, "PATH", "give a file CAP_SYS_ADMIN"),
	TRY("immutable", 1, do_immutable, "PATH", "set FS_IMMUTABLE_FL"),
	TRY("handle", 0, do_handle, "[PATH]", "open_by_handle_at"),
	TRY("chroot", 0, do_chroot, "[PATH]", "chroot"),
	SHOW("chroot-escape", 0, do_chroot_escape, "[PATH]", "climb out of a chroot"),
	SHOW("writable-sysctls", 0, do_writable_sysctls, "", "list all that opens for writing"),
	SHOW("writable", 1, do_writable, "PATH", "the same for a directory"),
	SHOW("swap", 2, do_swap, "A B [ROUNDS]", "exchange two names again and again"),
	{ 0 },
};
