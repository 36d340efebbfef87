/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this kernel can do for this caller. Not asked of version numbers or configurations but
 * tried, in a child that ends right after: distributions port back, and filters forbid. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cmd/check.h"
#include "wall/landlock.h"

#ifndef SYS_lsm_list_modules
#define SYS_lsm_list_modules 461
#endif

/* --- trying ------------------------------------------------------------------------------ */

/* Run fn in a child; returns what it returned: 0 or an errno below 256. */
static int tried(int (*fn)(int argument), int argument)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(fn(argument));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* A user namespace first, as ward does: it owns the others. */
static int try_unshare(int flags)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return errno;
	return flags && unshare(flags) < 0 ? errno : 0;
}

static enum check_state said(int error, enum check_state bad, struct str *found)
{
	str_add(found, error ? strerror(error) : "works");
	return error ? bad : CHECK_OK;
}

/* --- namespaces -------------------------------------------------------------------------- */

enum check_state check_version(const struct check *c, const struct host *h, struct str *found)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	(void)c;
	(void)h;
	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return CHECK_MISSING;
	str_addf(found, "%s; 5.15 is needed", u.release);
	return major > 5 || (major == 5 && minor >= 15) ? CHECK_OK : CHECK_MISSING;
}

enum check_state check_userns(const struct check *c, const struct host *h, struct str *found)
{
	(void)c;
	(void)h;
	return said(tried(try_unshare, 0), CHECK_MISSING, found);
}

enum check_state check_namespaces(const struct check *c, const struct host *h, struct str *found)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{ "mnt", CLONE_NEWNS },	 { "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET },
		{ "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS }, { "cgroup", CLONE_NEWCGROUP },
	};
	bool all = true;

	(void)c;
	(void)h;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int error = tried(try_unshare, kinds[i].flag);

		if (error)
			str_addf(found, "%s%s: %s", all ? "" : ", ", kinds[i].name,
				 strerror(error));
		all = all && !error;
	}
	if (all)
		str_add(found, "mnt pid net ipc uts cgroup");
	return all ? CHECK_OK : CHECK_MISSING;
}

enum check_state check_time(const struct check *c, const struct host *h, struct str *found)
{
	(void)c;
	(void)h;
	return said(tried(try_unshare, CLONE_NEWTIME), CHECK_WARN, found);
}

/* --- system calls ------------------------------------------------------------------------ */

static int try_mount_api(int unused)
{
	int fs, mount;

	(void)unused;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return errno;
	fs = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno;
	mount = sys_fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
	if (mount < 0)
		return errno;
	return sys_mount_setattr(mount, "", AT_EMPTY_PATH,
				 &(struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY }) < 0 ?
		       errno :
		       0;
}

enum check_state check_mount_api(const struct check *c, const struct host *h, struct str *found)
{
	(void)c;
	(void)h;
	return said(tried(try_mount_api, 0), CHECK_MISSING, found);
}

enum check_state check_openat2(const struct check *c, const struct host *h, struct str *found)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	autoclose int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	(void)c;
	(void)h;
	return said(fd < 0 ? errno : 0, CHECK_MISSING, found);
}

enum check_state check_clone3(const struct check *c, const struct host *h, struct str *found)
{
	/* A size of zero is refused with EINVAL by every kernel that has the call. */
	bool known = syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL;

	(void)c;
	(void)h;
	return said(known ? 0 : errno, CHECK_MISSING, found);
}

enum check_state check_seccomp(const struct check *c, const struct host *h, struct str *found)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	int error = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? errno : 0;

	(void)c;
	(void)h;
	return said(error, CHECK_MISSING, found);
}

/* --- id-mapped mounts -------------------------------------------------------------------- */

/* A child in a user namespace of its own, which waits to be ended. Returns its pid, -1 if not. */
static pid_t userns_start(int *end)
{
	int ready[2], stop[2];
	pid_t pid = -1;
	char byte = 0;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(stop, O_CLOEXEC) == 0) {
		pid = fork();
		if (pid == 0) {
			close(stop[1]);
			byte = unshare(CLONE_NEWUSER) == 0;
			(void)!write(ready[1], &byte, 1);
			(void)!read(stop[0], &byte, 1); /* until the other end is closed */
			_exit(0);
		}
		close(stop[0]);
		*end = stop[1];
	}
	close(ready[1]);
	if (pid > 0 && (read(ready[0], &byte, 1) != 1 || !byte)) {
		fd_close(end);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ready[0]);
	return pid;
}

static int idmap_root(pid_t pid)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	autoclose int tree = -EBADF, userns = -EBADF, proc = -EBADF;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || file_write(proc, "uid_map", "0 1000000 65536") < 0 ||
	    file_write(proc, "gid_map", "0 1000000 65536") < 0)
		return errno;
	userns = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	tree = sys_open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (userns < 0 || tree < 0)
		return errno;
	attr.userns_fd = (uint64_t)userns;
	return sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0 ? errno : 0;
}

enum check_state check_idmap(const struct check *c, const struct host *h, struct str *found)
{
	autoclose int end = -EBADF;
	int error;
	pid_t pid;

	(void)c;
	if (!h->privileged) {
		str_add(found, "for root only");
		return CHECK_WARN;
	}
	pid = userns_start(&end);
	error = pid < 0 ? EPERM : idmap_root(pid);
	fd_close(&end);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	said(error, CHECK_WARN, found);
	str_add(found, " on the file system of /");
	return error ? CHECK_WARN : CHECK_OK;
}

/* --- security and devices ---------------------------------------------------------------- */

enum check_state check_landlock(const struct check *c, const struct host *h, struct str *found)
{
	int abi = landlock_abi();

	(void)c;
	(void)h;
	if (abi)
		str_addf(found, "version %d", abi);
	else
		str_add(found, "none");
	/* Version 1 refuses every rename between directories: ward does not use it. */
	return abi >= 2 ? CHECK_OK : CHECK_WARN;
}

/* securityfs is often not mounted in containers; since 6.8 there is a system call. */
static void lsm_names(struct str *names)
{
	static const char *const known[] = {
		"capability", "selinux",  "smack", "tomoyo",   "apparmor", "yama", "loadpin",
		"safesetid",  "lockdown", "bpf",   "landlock", "ima",	   "evm",  "ipe",
	};
	enum { FIRST_ID = 100 /* LSM_ID_CAPABILITY of linux/lsm.h */ };
	uint64_t ids[32];
	uint32_t size = sizeof(ids);
	long n;

	if (file_read(AT_FDCWD, "/sys/kernel/security/lsm", 4096, names) == 0)
		return;
	n = syscall(SYS_lsm_list_modules, ids, &size, 0);
	for (long i = 0; i < n; i++)
		if (ids[i] >= FIRST_ID && ids[i] - FIRST_ID < ARRAY_SIZE(known))
			str_addf(names, "%s%s", i ? "," : "", known[ids[i] - FIRST_ID]);
}

enum check_state check_lsm(const struct check *c, const struct host *h, struct str *found)
{
	autostr names = { 0 };

	(void)c;
	(void)h;
	lsm_names(&names);
	str_add(found, names.len ? names.text : "unknown: securityfs is not mounted");
	return strstr(str_text(&names), "apparmor") || strstr(str_text(&names), "selinux") ?
		       CHECK_OK :
		       CHECK_WARN;
}

/* "Everything is allowed", as the kernel's verifier likes it. */
static bool device_bpf(void)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	autoclose int fd = -EBADF;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = ARRAY_SIZE(program);
	attr.license = (uintptr_t) "GPL";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd >= 0;
}

enum check_state check_devices(const struct check *c, const struct host *h, struct str *found)
{
	struct stat st;
	bool v1 = stat("/sys/fs/cgroup/devices/devices.list", &st) == 0;
	bool v2 = device_bpf();

	(void)c;
	if (!h->privileged) {
		str_add(found, "for root only");
		return CHECK_WARN;
	}
	str_add(found, v1 && v2 ? "v1 list and eBPF" : v1 ? "v1 list" : v2 ? "eBPF" : "none");
	return v1 || v2 ? CHECK_OK : CHECK_WARN;
}

enum check_state check_overlay(const struct check *c, const struct host *h, struct str *found)
{
	autostr list = { 0 };

	(void)c;
	(void)h;
	if (file_read(AT_FDCWD, "/proc/filesystems", 65536, &list) == 0 &&
	    strstr(str_text(&list), "\toverlay\n")) {
		str_add(found, "known");
		return CHECK_OK;
	}
	str_add(found, "not loaded");
	return CHECK_WARN;
}
