/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: controlling and reading the kernel through /proc and /sys. The instances belong to the
 * container's namespaces; dangerous parts are covered by an empty file or directory, or made
 * read-only. Interfaces: procfs(5) (hidepid, subset), sysfs(5), cgroups(7), mqueue.
 *
 * A procfs instance shows the pid namespace of who makes it, a sysfs instance the network
 * namespace, mqueue the ipc and cgroup the cgroup namespace. If init made them, they and the
 * masks over them could be undone by a payload with CAP_SYS_ADMIN; so the monitor, or a helper of
 * it, enters init's namespaces (but not its user namespace) and makes the instances, and the monitor
 * attaches them on the stage. Afterwards a fresh /proc cannot be mounted inside either: the one
 * that is visible has locked mounts over it (fs/namespace.c:mount_too_revealing).
 *
 * Comes after init is in its namespaces, before it copies the mounts.
 * Lost without it: programs need /proc; unmasked, it tells about the host's kernel. */
#include "wall/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "wall/stage.h"

#define ATTR_KERNEL_FS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* --- keys ------------------------------------------------------------------------------ */

static const char *const mode_words[] = { [MOUNT_NONE] = "none", [MOUNT_RO] = "ro",
					  [MOUNT_RW] = "rw", NULL };
static const char *const hide_words[] = { [HIDEPID_OFF] = "off", [HIDEPID_NOACCESS] = "noaccess",
					  [HIDEPID_INVISIBLE] = "invisible",
					  [HIDEPID_PTRACEABLE] = "ptraceable", NULL };

static const struct key keys[] = {
	{ .name = "proc.mode", .type = &key_enum, .of = mode_words, .at = SPEC(proc.proc),
	  .metavar = "none|ro|rw", .doc = "mount /proc" },
	{ .name = "sys.mode", .type = &key_enum, .of = mode_words, .at = SPEC(proc.sys),
	  .metavar = "none|ro|rw", .doc = "mount /sys" },
	{ .name = "cgroup.mode", .type = &key_enum, .of = mode_words, .at = SPEC(proc.cgroup),
	  .metavar = "none|ro|rw", .doc = "mount the container's own cgroup at /sys/fs/cgroup" },
	{ .name = "proc.mask", .type = &key_paths, .at = SPEC(proc.mask), .metavar = "PATH",
	  .doc = "covered by an empty file or directory" },
	{ .name = "proc.readonly", .type = &key_paths, .at = SPEC(proc.readonly), .metavar = "PATH",
	  .doc = "made read-only" },
	{ .name = "proc.hidepid", .type = &key_enum, .of = hide_words, .at = SPEC(proc.hidepid),
	  .metavar = "off|noaccess|invisible|ptraceable",
	  .doc = "what users see of each other's processes" },
	{ .name = "proc.subset_pid", .type = &key_bool, .at = SPEC(proc.subset_pid),
	  .doc = "/proc shows processes only, nothing of the system" },
	{ .name = "proc.own_ids", .type = &key_bool, .at = SPEC(proc.own_ids),
	  .doc = "a boot_id and machine-id of its own" },
	{ .name = "sysctl", .type = &key_list, .at = SPEC(proc.sysctl), .metavar = "NAME=VALUE",
	  .doc = "kernel parameters of the container's own namespaces" },
};

/* --- check ----------------------------------------------------------------------------- */

/* Parameters that belong to a namespace; everything else is the whole host's. */
static const struct {
	const char *prefix;
	enum ns_kind ns;
} sysctls[] = {
	{ "net.", NS_NET },	      { "kernel.shm", NS_IPC },	    { "kernel.msg", NS_IPC },
	{ "kernel.sem", NS_IPC },     { "fs.mqueue.", NS_IPC },	    { "kernel.hostname", NS_UTS },
	{ "kernel.domainname", NS_UTS }, { "kernel.pid_max", NS_PID },
};

static int sysctl_check(const struct spec *s, const char *line, struct err *e)
{
	if (!strchr(line, '=') || line[0] == '=' || strstr(line, "..") || strchr(line, '/'))
		return err_msg(e, EINVAL, "%s: sysctl: '%s' is not NAME=VALUE",
			       key_origin(s, "sysctl"), line);
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		if (!str_starts(line, sysctls[i].prefix))
			continue;
		if (s->ns[sysctls[i].ns].how == NS_NEW)
			return 0;
		return err_msg(e, EPERM, "%s: sysctl: %s would change the host: its namespace is shared",
			       key_origin(s, "sysctl"), line);
	}
	return err_msg(e, EPERM, "%s: sysctl: %s belongs to the whole host, not to a container",
		       key_origin(s, "sysctl"), line);
}

static int proc_check(struct spec *s, const struct host *h, struct err *e)
{
	int ret = 0;

	(void)h;
	if (s->proc.cgroup != MOUNT_NONE && s->proc.sys == MOUNT_NONE)
		return err_msg(e, EINVAL, "%s: cgroup.mode needs /sys (sys.mode)",
			       key_origin(s, "cgroup.mode"));
	for (size_t i = 0; i < s->proc.sysctl.n && ret == 0; i++)
		ret = sysctl_check(s, s->proc.sysctl.item[i], e);
	return ret;
}

/* --- steps: monitor -------------------------------------------------------------------- */

/* A random id in the two shapes that systemd and the kernel use. */
static int random_ids(char machine[34], char boot[38], struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char id[16];
	size_t n = 0, m = 0;

	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		return err_sys(e, "get random bytes");
	id[6] = (id[6] & 0x0f) | 0x40; /* RFC 4122, version 4 */
	id[8] = (id[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(id); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			boot[m++] = '-';
		boot[m++] = machine[n++] = digits[id[i] >> 4];
		boot[m++] = machine[n++] = digits[id[i] & 0xf];
	}
	strcpy(machine + n, "\n");
	strcpy(boot + m, "\n");
	return 0;
}

static int mask_file(const struct run *r, const char *name, const char *text, mode_t mode,
		     struct err *e)
{
	autoclose int fd = openat(r->mask, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int ret = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));

	if (ret == 0)
		return 0;
	errno = -ret;
	return err_sys(e, "make the mask %s", name);
}

int proc_masks(struct run *r, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int target = -EBADF;
	char machine[34], boot[38];
	int ret;

	/* Clones can only be made of what is mounted: it lies where /dev/mqueue will cover it. */
	if (mkdirat(r->dev, "mqueue", 0755) < 0)
		return err_sys(e, "make /dev/mqueue");
	target = openat(r->dev, "mqueue", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_sys(e, "open /dev/mqueue");
	r->mask = stage_tmpfs(r, 64 << 10, 16, 0755, ATTR_KERNEL_FS, e);
	if (r->mask < 0)
		return r->mask;
	ret = stage_attach(r->mask, target, "the masks", e);
	if (ret == 0)
		ret = random_ids(machine, boot, e);
	if (ret == 0)
		ret = mask_file(r, "file", "", 0444, e);
	if (ret == 0 && r->spec->proc.own_ids)
		ret = mask_file(r, "machine-id", machine, 0444, e);
	if (ret == 0 && r->spec->proc.own_ids)
		ret = mask_file(r, "boot_id", boot, 0444, e);
	/* Not masks, but laid over files of the image in the same way: wall/net_files.c. */
	if (ret == 0 && r->net.resolv.len)
		ret = mask_file(r, "resolv.conf", r->net.resolv.text, 0444, e);
	if (ret == 0 && r->net.hosts.len)
		ret = mask_file(r, "hosts", r->net.hosts.text, 0444, e);
	if (ret < 0)
		return ret;
	if (mkdirat(r->mask, "dir", 0555) < 0)
		return err_sys(e, "make the mask directory");
	if (sys_mount_setattr(r->mask, "", AT_EMPTY_PATH, &readonly) < 0)
		return err_sys(e, "make the masks read-only");
	return 0;
}

/* The instances that are made; a helper's descriptors are shared with the monitor (CLONE_FILES), and
 * this lies in memory that both see. */
struct made {
	struct run *r;
	int pid_ns; /* for procfs to show; -EBADF: that of who makes it */
	int proc, sys, mqueue, cgroup[CG_HIERARCHIES];
	struct err err;
	int ret;
};

static uint64_t mode_attr(enum mount_mode mode)
{
	return ATTR_KERNEL_FS | (mode == MOUNT_RO ? MOUNT_ATTR_RDONLY : 0);
}

static int make_proc(struct made *m)
{
	static const char *const hide[] = { "off", "noaccess", "invisible", "ptraceable" };
	const struct spec *s = m->r->spec;
	struct stage_opt opts[3];
	size_t n = 0;

	if (s->proc.proc == MOUNT_NONE || m->proc >= 0)
		return 0;
	if (m->pid_ns >= 0)
		opts[n++] = (struct stage_opt){ "pidns", NULL, m->pid_ns };
	if (s->proc.hidepid != HIDEPID_OFF)
		opts[n++] = (struct stage_opt){ "hidepid", hide[s->proc.hidepid] };
	if (s->proc.subset_pid)
		opts[n++] = (struct stage_opt){ "subset", "pid" };
	m->proc = stage_fs("proc", opts, n, mode_attr(s->proc.proc), &m->err);
	return m->proc < 0 ? m->proc : 0;
}

static const char *const v1_names[CG_HIERARCHIES] = {
	[CG_MEMORY] = "memory",	  [CG_PIDS] = "pids",	    [CG_CPU] = "cpu",
	[CG_CPUACCT] = "cpuacct", [CG_CPUSET] = "cpuset",   [CG_DEVICES] = "devices",
	[CG_FREEZER] = "freezer", [CG_BLKIO] = "blkio",	    [CG_HUGETLB] = "hugetlb",
};

/* The controllers that are mounted together with `name`, "cpu,cpuacct": a hierarchy can only be
 * mounted again with exactly its own. Lines are "4:cpu,cpuacct:/path": cgroups(7). */
static void comounted(const char *hierarchies, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	snprintf(out, size, "%s", name);
	for (const char *line = hierarchies; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *list = strchr(line, ':');
		size_t n = list ? strcspn(++list, ":\n") : 0;

		for (size_t at = 0; at < n; at += strcspn(list + at, ",:") + 1) {
			if (strncmp(list + at, name, len) || !strchr(",:", list[at + len]))
				continue;
			snprintf(out, size, "%.*s", (int)n, list);
			return;
		}
	}
}

static int make_v1(struct made *m, int i, uint64_t attr)
{
	static const struct stage_opt systemd[] = { { "none", NULL }, { "name", "systemd" } };
	struct stage_opt opts[CG_HIERARCHIES] = { { v1_names[i], NULL } };
	char names[128], *rest = names;
	autostr text = { 0 };
	size_t n = 0;
	int fd;

	if (i == CG_SYSTEMD)
		return stage_fs("cgroup", systemd, ARRAY_SIZE(systemd), attr, &m->err);
	fd = stage_fs("cgroup", opts, 1, attr, &m->err);
	/* It shares its hierarchy with others: to mount it alone would make another one. */
	if ((fd != -EBUSY && fd != -EPERM) ||
	    file_read(m->r->proc, "self/cgroup", 65536, &text) < 0)
		return fd;
	m->err = ERR_NONE;
	comounted(str_text(&text), v1_names[i], names, sizeof(names));
	while (rest && n < ARRAY_SIZE(opts))
		opts[n++] = (struct stage_opt){ strsep(&rest, ","), NULL };
	return stage_fs("cgroup", opts, n, attr, &m->err);
}

/* v1 has a file system for each controller. Who manages cgroups inside needs all of them; who only
 * reads his own limits, those that have any which programs look for. */
static bool is_shown(const struct run *r, int i)
{
	static const bool read[CG_HIERARCHIES] = {
		[CG_MEMORY] = true, [CG_CPU] = true, [CG_CPUACCT] = true, [CG_CPUSET] = true
	};

	if (r->cg.dir[i] < 0)
		return false;
	return r->spec->cgroup.delegate || read[i] || (i == CG_UNIFIED && r->cg.dir[CG_MEMORY] < 0);
}

static int make_cgroup(struct made *m)
{
	const uint64_t attr = mode_attr(m->r->spec->proc.cgroup);

	if (m->r->spec->proc.cgroup == MOUNT_NONE)
		return 0;
	for (int i = 0; i < CG_HIERARCHIES; i++) {
		if (!is_shown(m->r, i))
			continue;
		m->cgroup[i] = i == CG_UNIFIED ? stage_fs("cgroup2", NULL, 0, attr, &m->err) :
						 make_v1(m, i, attr);
		if (m->cgroup[i] < 0)
			return m->cgroup[i];
	}
	return 0;
}

static int make_all(struct made *m)
{
	const struct spec *s = m->r->spec;
	int ret = 0;

	if (setns(m->r->pidfd, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0)
		return err_sys(&m->err, "enter the container's namespaces");
	ret = make_proc(m);
	if (ret == 0 && s->proc.sys != MOUNT_NONE) {
		m->sys = stage_fs("sysfs", NULL, 0, mode_attr(s->proc.sys), &m->err);
		ret = m->sys < 0 ? m->sys : 0;
	}
	if (ret == 0) {
		m->mqueue = stage_fs("mqueue", NULL, 0, ATTR_KERNEL_FS, &m->err);
		ret = m->mqueue < 0 ? m->mqueue : 0;
	}
	return ret == 0 ? make_cgroup(m) : ret;
}

static int helper_main(void *arg)
{
	struct made *m = arg;

	m->ret = make_all(m);
	return 0;
}

/* Run the helper in init's pid namespace. For root a vfork-like child that shares our memory, so that
 * it costs no copy of the address space; an ordinary user's monitor has entered the time namespace
 * of its children for good, and then kernels before 6.2 refuse to share memory (EINVAL). */
static int helper_run(struct run *r, struct made *m, struct err *e)
{
	const int flags = CLONE_FILES | SIGCHLD | (r->host->rootless ? 0 : CLONE_VM | CLONE_VFORK);
	autoclose int own_pid_ns = openat(r->proc, "self/ns/pid_for_children",
					  O_RDONLY | O_CLOEXEC);
	autofree char *stack = malloc(64 << 10);
	pid_t pid;

	if (!stack)
		return err_mem(e);
	if (own_pid_ns < 0)
		return err_sys(e, "remember our pid namespace");
	if (setns(r->pidfd, CLONE_NEWPID) < 0)
		return err_sys(e, "enter the container's pid namespace");
	pid = clone(helper_main, stack + (64 << 10), flags, m);
	if (pid < 0)
		return err_sys(e, "start the mount helper");
	/* Reaped before anything else can fail: init's end waits for every process of its pid
	 * namespace, also for this one. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* From an outer user namespace there is no way back, and no more children come. */
	if (!r->host->rootless && setns(own_pid_ns, CLONE_NEWPID) < 0)
		return err_sys(e, "come back to our pid namespace");
	if (m->ret < 0)
		*e = m->err;
	return m->ret;
}

/* Since Linux 6.18 procfs can be told whose processes to show. Then nobody needs to be born in init's
 * pid namespace, and a process less is started. */
static bool make_proc_from_here(struct made *m)
{
	autoclose int pid_ns = -EBADF;
	char path[32];

	snprintf(path, sizeof(path), "%d/ns/pid", (int)m->r->pid);
	pid_ns = openat(m->r->proc, path, O_RDONLY | O_CLOEXEC);
	m->pid_ns = pid_ns;
	if (pid_ns < 0 || make_proc(m) < 0)
		m->err = ERR_NONE;
	m->pid_ns = -EBADF;
	return m->proc >= 0;
}

/* For root the monitor itself goes into the other namespaces for as long as it takes. */
static int visit(struct run *r, struct made *m, struct err *e)
{
	static const struct {
		const char *file;
		int flag;
	} kinds[] = { { "self/ns/net", CLONE_NEWNET },
		      { "self/ns/ipc", CLONE_NEWIPC },
		      { "self/ns/cgroup", CLONE_NEWCGROUP } };
	int own[ARRAY_SIZE(kinds)], ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		own[i] = openat(r->proc, kinds[i].file, O_RDONLY | O_CLOEXEC);
		if (own[i] < 0 && ret == 0)
			ret = err_sys(e, "remember our own namespaces");
	}
	if (ret == 0) {
		ret = make_all(m);
		if (ret < 0)
			*e = m->err;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (own[i] >= 0 && setns(own[i], kinds[i].flag) < 0)
			ret = err_sys(e, "come back to our own namespaces");
		fd_close(&own[i]);
	}
	return ret;
}

static int attach_at(const struct run *r, int tree, const char *path, struct err *e)
{
	autoclose int target = -EBADF;

	if (tree < 0)
		return 0;
	/* /proc or /sys as a link in the image would put the mount, and what the runtime later
	 * believes about it, elsewhere (CVE-2019-19921, CVE-2023-27561). */
	target = path_open(r->root, path, O_PATH | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	if (target == -ENOENT)
		target = stage_target(r, path, false, e);
	else if (target < 0)
		return err_msg(e, -target, "%s of the root file system is not a directory", path);
	return target < 0 ? target : stage_attach(tree, target, path, e);
}

/* v2 alone is mounted at /sys/fs/cgroup itself; with v1 hierarchies that is a tmpfs which
 * holds one directory for each. */
static int attach_cgroups(const struct run *r, const struct made *m, struct err *e)
{
	static const char *const dirs[CG_HIERARCHIES] = {
		[CG_UNIFIED] = "unified", [CG_MEMORY] = "memory",   [CG_PIDS] = "pids",
		[CG_CPU] = "cpu",	  [CG_CPUACCT] = "cpuacct", [CG_CPUSET] = "cpuset",
		[CG_DEVICES] = "devices", [CG_FREEZER] = "freezer", [CG_BLKIO] = "blkio",
		[CG_HUGETLB] = "hugetlb", [CG_SYSTEMD] = "systemd",
	};
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int top = -EBADF;
	int ret = 0;

	if (r->host->cgroup_v2_only)
		return attach_at(r, m->cgroup[CG_UNIFIED], "/sys/fs/cgroup", e);
	top = stage_tmpfs(r, 64 << 10, 32, 0755, ATTR_KERNEL_FS, e);
	if (top < 0)
		return top;
	ret = attach_at(r, top, "/sys/fs/cgroup", e);
	for (int i = 0; i < CG_HIERARCHIES && ret == 0; i++) {
		if (m->cgroup[i] < 0)
			continue;
		if (mkdirat(top, dirs[i], 0755) < 0)
			return err_sys(e, "make /sys/fs/cgroup/%s", dirs[i]);
		/* By name: the tmpfs is ours, nobody else has seen it yet. */
		if (sys_move_mount(m->cgroup[i], "", top, dirs[i], MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_sys(e, "mount /sys/fs/cgroup/%s", dirs[i]);
	}
	if (ret == 0 && sys_mount_setattr(top, "", AT_EMPTY_PATH, &readonly) < 0)
		return err_sys(e, "make /sys/fs/cgroup read-only");
	return ret;
}

static bool any_cgroup(const struct made *m)
{
	for (int i = 0; i < CG_HIERARCHIES; i++)
		if (m->cgroup[i] >= 0)
			return true;
	return false;
}

static int attach_mqueue(const struct run *r, int tree, struct err *e)
{
	autoclose int target = openat(r->dev, "mqueue",
				      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return err_sys(e, "open /dev/mqueue");
	return stage_attach(tree, target, "/dev/mqueue", e);
}

static int attach_all(struct run *r, struct made *m, struct err *e)
{
	int ret = attach_at(r, m->proc, "/proc", e);

	if (ret == 0)
		ret = attach_at(r, m->sys, "/sys", e);
	if (ret == 0)
		ret = attach_mqueue(r, m->mqueue, e);
	return ret == 0 && any_cgroup(m) ? attach_cgroups(r, m, e) : ret;
}

static int stage_all(struct run *r, struct made *m, struct err *e)
{
	int ret;

	*m = (struct made){ .r = r, .pid_ns = -EBADF, .proc = -EBADF, .sys = -EBADF,
			    .mqueue = -EBADF };
	for (int i = 0; i < CG_HIERARCHIES; i++)
		m->cgroup[i] = -EBADF;
	ret = !r->host->rootless && make_proc_from_here(m) ? visit(r, m, e) : helper_run(r, m, e);
	if (ret == 0)
		ret = attach_all(r, m, e);
	r->kernel_proc = m->proc;
	r->kernel_sys = m->sys;
	fd_close(&m->mqueue);
	for (int i = 0; i < CG_HIERARCHIES; i++)
		fd_close(&m->cgroup[i]);
	return ret;
}

int proc_stage(struct run *r, struct err *e)
{
	struct made here, *shared;
	int ret;

	if (!r->host->rootless)
		return stage_all(r, &here, e);
	/* The helper does not share our memory then. */
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return err_mem(e);
	ret = stage_all(r, shared, e);
	munmap(shared, sizeof(*shared));
	return ret;
}

/* Cover `target` by `name` of the mask tmpfs; a clone of it inherits its read-only flags. */
static int cover(const struct run *r, int target, const char *name, const char *what, struct err *e)
{
	autoclose int tree = sys_open_tree(r->mask, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return err_sys(e, "copy the mask for %s", what);
	return stage_attach(tree, target, what, e);
}

/* Masks go onto the instances themselves, by descriptor: whoever can write the image could exchange
 * the directory /proc is mounted on for another while we work. */
static int open_place(const struct run *r, const char *path)
{
	if (str_starts(path, "/proc/"))
		return r->kernel_proc < 0 ? -ENOENT :
					    path_open(r->kernel_proc, path + strlen("/proc/"),
						      O_PATH, 0, PATH_NO_SYMLINKS);
	if (str_starts(path, "/sys/"))
		return r->kernel_sys < 0 ? -ENOENT :
					   path_open(r->kernel_sys, path + strlen("/sys/"), O_PATH,
						     0, PATH_NO_SYMLINKS);
	return path_open(r->root, path, O_PATH, 0, PATH_NO_SYMLINKS);
}

static int mask_one(const struct run *r, const char *path, struct err *e)
{
	autoclose int target = open_place(r, path);
	struct stat st;

	/* What this kernel does not have needs no mask. */
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0) {
		errno = -target;
		return err_sys(e, "open %s to mask it", path);
	}
	if (fstat(target, &st) < 0)
		return err_sys(e, "stat %s", path);
	return cover(r, target, S_ISDIR(st.st_mode) ? "dir" : "file", path, e);
}

static int readonly_one(const struct run *r, const char *path, struct err *e)
{
	struct stage_attr attr = { .attr = ATTR_KERNEL_FS | MOUNT_ATTR_RDONLY, .userns = -EBADF };
	autoclose int target = open_place(r, path);
	autoclose int tree = -EBADF;
	int ret;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0) {
		errno = -target;
		return err_sys(e, "open %s to make it read-only", path);
	}
	tree = stage_clone(target, false, path, e);
	if (tree < 0)
		return tree;
	ret = stage_setattr(tree, &attr, path, e);
	return ret < 0 ? ret : stage_attach(tree, target, path, e);
}

static int own_id(const struct run *r, const char *path, const char *name, struct err *e)
{
	autoclose int target = str_starts(path, "/proc/") ?
				       open_place(r, path) :
				       path_open(r->root, path, O_PATH, 0, PATH_FOLLOW);

	/* An image without one needs none. */
	if (target == -ENOENT)
		return 0;
	if (target < 0) {
		errno = -target;
		return err_sys(e, "open %s to give it an own value", path);
	}
	return cover(r, target, name, path, e);
}

int proc_mask(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	int ret = 0;

	for (size_t i = 0; i < s->proc.readonly.n && ret == 0; i++)
		ret = readonly_one(r, s->proc.readonly.item[i], e);
	for (size_t i = 0; i < s->proc.mask.n && ret == 0; i++)
		ret = mask_one(r, s->proc.mask.item[i], e);
	if (ret == 0 && s->proc.own_ids)
		ret = own_id(r, "/proc/sys/kernel/random/boot_id", "boot_id", e);
	if (ret == 0 && s->proc.own_ids)
		ret = own_id(r, "/etc/machine-id", "machine-id", e);
	return ret;
}

/* --- steps: init ----------------------------------------------------------------------- */

int proc_sysctl(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->spec->proc.sysctl.n; i++) {
		const char *line = r->spec->proc.sysctl.item[i];
		const char *equals = strchr(line, '=');
		char path[256];
		int ret;

		if (snprintf(path, sizeof(path), "sys/%.*s", (int)(equals - line), line) >=
		    (int)sizeof(path))
			return err_msg(e, ENAMETOOLONG, "sysctl: %s", line);
		for (char *p = path; *p; p++)
			if (*p == '.')
				*p = '/';
		/* The host's /proc: files of a namespace show the opener's. */
		ret = file_write(r->proc, path, equals + 1);
		if (ret < 0) {
			errno = -ret;
			return err_sys(e, "sysctl: set %s", line);
		}
	}
	return 0;
}

/* --- observe --------------------------------------------------------------------------- */

/* Every listed path that exists in this kernel must be a mount point now. Existence is judged
 * by the host's own /proc and /sys, never by the container's. */
static int covered(const struct run *r, const struct look *l, const struct list *paths,
		   const char *how, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		const char *path = paths->item[i];
		char options[300];
		bool in_proc = str_starts(path, "/proc/");

		if (!in_proc && !str_starts(path, "/sys/"))
			continue;
		if (in_proc ? r->spec->proc.proc == MOUNT_NONE || r->spec->proc.subset_pid :
			      r->spec->proc.sys == MOUNT_NONE)
			continue;
		if (look_mount(l, path, options, sizeof(options)) && strstr(options, ",ro,"))
			continue;
		if (in_proc && faccessat(r->proc, path + strlen("/proc/"), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!in_proc && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		return err_msg(e, EPROTO, "proc: %s was asked to be %s, the kernel shows it is not", path,
			       how);
	}
	return 0;
}

static int proc_verify(const struct run *r, const struct look *l, const struct spec *seen,
		       struct err *e)
{
	int ret = covered(r, l, &r->spec->proc.mask, "masked", e);

	(void)seen;
	return ret < 0 ? ret : covered(r, l, &r->spec->proc.readonly, "read-only", e);
}

const struct wall wall_proc = {
	.name = "proc",
	.stops = "controlling and reading the kernel through /proc and /sys",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = proc_check,
	.settled = SETTLED_MOUNTED,
	.verify = proc_verify,
};
