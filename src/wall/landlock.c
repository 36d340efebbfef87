/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: writing where nothing should be written, once more: when a mount turns out writable
 * after all, or a descriptor leads to another tree, the domain still refuses. Reading and
 * executing are left to the mounts. Interfaces: landlock_create_ruleset(2),
 * landlock_add_rule(2), landlock_restrict_self(2).
 *
 * Comes after everything that mounts, because a domain that handles files forbids mount(2),
 * move_mount(2) and pivot_root(2) for ever; so it is for programs and not for systems with an
 * init, and CAP_SYS_ADMIN beside it is refused. After no_new_privs, before seccomp.
 *
 * Whoever enters later (`ward exec`) gets a domain of the same rules, but not the same domain:
 * such a process cannot ptrace the main program, nor the other way round.
 *
 * Lost without it: the mounts' flags stand alone. It is a second wall, so a kernel that lacks
 * it is told in a note, and only somebody who asked for it by name is refused. */
#include "wall/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

/* The interface as of version 7, written down here because headers of older kernels end sooner. */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define FS_WRITE_FILE  (1ULL << 1)
#define FS_REMOVE_DIR  (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_CHAR   (1ULL << 6)
#define FS_MAKE_DIR    (1ULL << 7)
#define FS_MAKE_REG    (1ULL << 8)
#define FS_MAKE_SOCK   (1ULL << 9)
#define FS_MAKE_FIFO   (1ULL << 10)
#define FS_MAKE_BLOCK  (1ULL << 11)
#define FS_MAKE_SYM    (1ULL << 12)
#define FS_REFER       (1ULL << 13)
#define FS_TRUNCATE    (1ULL << 14)
#define FS_IOCTL_DEV   (1ULL << 15)

#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL		   (1ULL << 1)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4; zero = the older, shorter struct */
	uint64_t scoped;	     /* ABI 6 */
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

static int create_ruleset(const struct ruleset_attr *attr, size_t size, unsigned flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

/* What is handled (forbidden unless a rule allows it), and since which version it can be. */
enum { ABI_LEAST = 2, ABI_SCOPE = 6 };

static const struct {
	uint64_t bit;
	int since;
} rights[] = {
	{ FS_WRITE_FILE, 1 },  { FS_REMOVE_DIR, 1 }, { FS_REMOVE_FILE, 1 }, { FS_MAKE_CHAR, 1 },
	{ FS_MAKE_DIR, 1 },    { FS_MAKE_REG, 1 },   { FS_MAKE_SOCK, 1 },   { FS_MAKE_FIFO, 1 },
	{ FS_MAKE_BLOCK, 1 },  { FS_MAKE_SYM, 1 },   { FS_REFER, 2 },	    { FS_TRUNCATE, 3 },
	{ FS_IOCTL_DEV, 5 },
};

/* What a rule on something that is no directory may hold. */
#define FILE_RIGHTS (FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define NODE_RIGHTS (FS_MAKE_CHAR | FS_MAKE_BLOCK)
#define ALL_RIGHTS  UINT64_MAX

/* Places that are there without being asked for. The tree of devices can be used, not added to;
 * where a mount is read-only it stays so whatever is allowed here. */
static const struct {
	const char *path;
	uint64_t rights;
} places[] = {
	{ "/dev", FILE_RIGHTS },
	{ "/dev/shm", ALL_RIGHTS },
	{ "/dev/mqueue", ALL_RIGHTS },
	{ "/proc", FS_WRITE_FILE | FS_TRUNCATE },
};

int landlock_abi(void)
{
	int abi = create_ruleset(NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : abi;
}

/* --- keys ------------------------------------------------------------------------------ */

static const struct key keys[] = {
	{ .name = "landlock", .type = &key_bool, .at = SPEC(landlock),
	  .doc = "writing only beneath what is mounted writable, enforced a second time by "
		 "Landlock; mounting becomes impossible inside" },
};

/* --- check ----------------------------------------------------------------------------- */

/* Version 1 (before 5.19) refuses every rename and link between directories, writable or not:
 * programs break on it, so it counts as none. */
static int check_kernel(struct spec *s, const struct host *h, struct err *e)
{
	if (h->landlock_abi >= ABI_LEAST)
		return 0;
	if (wall_asked(s, "landlock") && !wall_optional(s, "landlock"))
		return err_msg(e, ENOTSUP,
			       "%s: landlock: this kernel has %s; Linux 5.19 is needed, "
			       "and landlock in the lsm= list",
			       key_origin(s, "landlock"),
			       h->landlock_abi ? "only version 1" : "none");
	log_note("no Landlock in this kernel: read-only mounts stand alone");
	s->landlock = false;
	return 0;
}

static int landlock_check(struct spec *s, const struct host *h, struct err *e)
{
	if (!s->landlock)
		return 0;
	if (s->caps.bounding & 1ULL << CAP_SYS_ADMIN) {
		/* caps.add reaches the same set and is remembered under its own name. */
		const char *giver = wall_asked(s, "caps.add") ? "caps.add" : "caps.bounding";

		err_msg(e, EINVAL,
			"landlock (%s) and CAP_SYS_ADMIN from %s (%s) exclude each other: a "
			"Landlock domain that handles files forbids every mount",
			key_origin(s, "landlock"), giver, key_origin(s, giver));
		return err_hint(e, "drop sys_admin or set landlock = false");
	}
	if (!s->caps.no_new_privs) {
		err_msg(e, EINVAL, "landlock (%s) needs no_new_privs = true, which is false (%s)",
			key_origin(s, "landlock"), key_origin(s, "no_new_privs"));
		return err_hint(e, "set no_new_privs = true or landlock = false");
	}
	return check_kernel(s, h, e);
}

/* --- steps: init ----------------------------------------------------------------------- */

static uint64_t handled(int abi)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		if (rights[i].since <= abi)
			mask |= rights[i].bit;
	return mask;
}

/* Where a namespace of its own hides other processes and their sockets, a scope would only keep
 * `ward exec` from signalling the main program, since each of them has its own domain. Where the
 * host's is shared, that is the smaller loss. */
static uint64_t scoped(const struct spec *s, int abi)
{
	uint64_t mask = 0;

	if (abi < ABI_SCOPE)
		return 0;
	if (s->ns[NS_PID].how == NS_HOST)
		mask |= SCOPE_SIGNAL;
	if (s->ns[NS_NET].how == NS_HOST)
		mask |= SCOPE_ABSTRACT_UNIX_SOCKET;
	return mask;
}

static int allow_fd(int ruleset, int fd, uint64_t access)
{
	struct path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	if (!rule.allowed_access)
		return 0;
	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static int allow_path(int ruleset, const char *path, uint64_t access, struct err *e)
{
	autoclose int fd = open(path, O_PATH | O_CLOEXEC);

	/* What is not there or beyond our user's reach is the payload's neither: no rule. */
	if (fd < 0 && (errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return err_sys(e, "landlock: open %s", path);
	if (allow_fd(ruleset, fd, access) < 0)
		return err_sys(e, "landlock: allow writing beneath %s", path);
	return 0;
}

/* The payload opens its own output again as /dev/stdout; that may be a file of the host, which
 * lies beneath no place of the container. Pipes and sockets are never restricted (EBADFD). */
static int allow_stdio(int ruleset, uint64_t access, struct err *e)
{
	for (int fd = 0; fd <= 2; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_RDONLY)
			continue;
		if (allow_fd(ruleset, fd, access & FILE_RIGHTS) < 0 && errno != EBADFD)
			return err_sys(e, "landlock: allow writing to descriptor %d", fd);
	}
	return 0;
}

static int allow_places(int ruleset, const struct spec *s, uint64_t access, struct err *e)
{
	int ret = 0;

	if (!(s->rootfs.attr & MOUNT_ATTR_RDONLY))
		return allow_path(ruleset, "/", access, e);
	for (size_t i = 0; i < ARRAY_SIZE(places) && ret == 0; i++)
		ret = allow_path(ruleset, places[i].path, access & places[i].rights, e);
	for (size_t i = 0; i < s->volumes.n && ret == 0; i++)
		if (!(s->volumes.item[i].attr & MOUNT_ATTR_RDONLY))
			ret = allow_path(ruleset, s->volumes.item[i].target, access, e);
	if (ret == 0 && s->proc.sys == MOUNT_RW)
		ret = allow_path(ruleset, "/sys", access, e);
	if (ret == 0 && s->proc.cgroup == MOUNT_RW)
		ret = allow_path(ruleset, "/sys/fs/cgroup", access, e);
	return ret;
}

int landlock_apply(struct run *r, struct err *e)
{
	const struct spec *s = r->spec;
	struct ruleset_attr attr = { .handled_access_fs = handled(r->host->landlock_abi),
				     .scoped = scoped(s, r->host->landlock_abi) };
	uint64_t access = attr.handled_access_fs;
	autoclose int ruleset = -EBADF;
	int ret;

	if (!s->landlock)
		return 0;
	/* Without CAP_MKNOD only whiteouts (0:0) could be made, which is a layer's business. */
	if (!(s->caps.bounding & 1ULL << CAP_MKNOD))
		access &= ~NODE_RIGHTS;
	ruleset = create_ruleset(&attr, sizeof(attr), 0);
	if (ruleset < 0)
		return err_sys(e, "landlock: make a ruleset");
	ret = allow_places(ruleset, s, access, e);
	if (ret == 0)
		ret = allow_stdio(ruleset, access, e);
	if (ret == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		ret = err_sys(e, "landlock: enforce the ruleset");
	return ret;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool holds_second(const struct spec *s)
{
	return s->landlock;
}

static const struct rule rules[] = {
	{ "landlock.write", holds_second, "what is mounted read-only is refused a second time",
	  "no second wall behind the read-only mounts" },
};

static void landlock_summary(const struct spec *seen, struct str *out)
{
	if (seen->landlock)
		str_add(out, "Landlock: writing only beneath writable mounts");
}

const struct wall wall_landlock = {
	.name = "landlock",
	.stops = "writing outside of what is mounted writable, when a mount fails to",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = landlock_check,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = landlock_summary,
};
