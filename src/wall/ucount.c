/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stops: new user namespaces, which are the key to most holes of the kernel, and one container
 * using up the inotify instances of all: these are charged to every user namespace up to the
 * creator's, so that without a bound of its own each container can make all others of the same
 * creator fail with EMFILE, whatever their ids. Interfaces: /proc/sys/user/max_*
 * (namespaces(7), inotify(7), fanotify(7)).
 *
 * The files show and change the values of the user namespace of who opens them, whichever
 * procfs it is: only init can write them, and nobody outside can read them. So there is no
 * observe(): init reads back what it wrote. The bound above still counts, which makes a value
 * larger than the host's harmless. A process without CAP_SYS_RESOURCE in its user namespace
 * cannot raise them again.
 *
 * Lost without it: nesting of namespaces is left to seccomp, exhaustion to nobody. */
#include "wall/ucount.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* The order of spec.ucount[]. */
static const char *const ucount_names[UCOUNT_KINDS] = {
	"max_user_namespaces",	 "max_pid_namespaces",	  "max_uts_namespaces",
	"max_ipc_namespaces",	 "max_net_namespaces",	  "max_mnt_namespaces",
	"max_cgroup_namespaces", "max_time_namespaces",	  "max_inotify_instances",
	"max_inotify_watches",	 "max_fanotify_groups",	  "max_fanotify_marks",
};

enum { UCOUNT_USER = 0, UCOUNT_INOTIFY = 8 };

/* --- keys ------------------------------------------------------------------------------ */

static const struct key_bounds bounds = { 0, INT_MAX };

#define UCOUNT_ROW(index, what, says)                                                              \
	{                                                                                          \
		.name = "ucount.max_" what, .type = &key_count, .of = &bounds,                     \
		.at = SPEC(ucount[index]), .metavar = "COUNT", .doc = says                         \
	}

static const struct key keys[UCOUNT_KINDS] = {
	UCOUNT_ROW(0, "user_namespaces", "user namespaces below the container's"),
	UCOUNT_ROW(1, "pid_namespaces", "pid namespaces made in the container"),
	UCOUNT_ROW(2, "uts_namespaces", "uts namespaces made in the container"),
	UCOUNT_ROW(3, "ipc_namespaces", "ipc namespaces made in the container"),
	UCOUNT_ROW(4, "net_namespaces", "network namespaces made in the container"),
	UCOUNT_ROW(5, "mnt_namespaces", "mount namespaces made in the container"),
	UCOUNT_ROW(6, "cgroup_namespaces", "cgroup namespaces made in the container"),
	UCOUNT_ROW(7, "time_namespaces", "time namespaces made in the container"),
	UCOUNT_ROW(8, "inotify_instances", "inotify instances of the container"),
	UCOUNT_ROW(9, "inotify_watches", "inotify watches of the container"),
	UCOUNT_ROW(10, "fanotify_groups", "fanotify groups of the container"),
	UCOUNT_ROW(11, "fanotify_marks", "fanotify marks of the container"),
};

/* --- check ----------------------------------------------------------------------------- */

/* Without a user namespace of its own the host's values would be written. A profile's defaults
 * then fall away with the namespace; what somebody asked for is refused. */
static int ucount_check(struct spec *s, const struct host *h, struct err *e)
{
	(void)h;
	if (s->ns[NS_USER].how == NS_NEW)
		return 0;
	for (size_t i = 0; i < UCOUNT_KINDS; i++) {
		if (s->ucount[i] == LIMIT_UNSET)
			continue;
		if (wall_asked(s, keys[i].name)) {
			err_msg(e, EINVAL, "%s: %s needs a user namespace of its own",
				key_origin(s, keys[i].name), keys[i].name);
			return err_hint(e, "set ns.user = new, or leave %s empty", keys[i].name);
		}
		s->ucount[i] = LIMIT_UNSET;
	}
	return 0;
}

/* --- steps: init ----------------------------------------------------------------------- */

/* A kernel without inotify or fanotify has nothing to bound and no file for it. */
static bool kind_absent(int proc, size_t index)
{
	autoclose int fd = -EBADF;

	if (index < UCOUNT_INOTIFY)
		return false;
	fd = wall_open_proc(proc, "sys/user/max_user_namespaces", O_RDONLY);
	return fd >= 0;
}

static int write_back(int fd, uint64_t value)
{
	char text[24], seen[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	ssize_t n;

	if (write(fd, text, (size_t)len) != len)
		return -errno;
	n = pread(fd, seen, sizeof(seen), 0);
	if (n < 0)
		return -errno;
	return n == len && !memcmp(seen, text, (size_t)len) ? 0 : -EPROTO;
}

static int set_one(struct run *r, size_t index, struct err *e)
{
	uint64_t value = r->spec->ucount[index];
	autoclose int fd = -EBADF;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "sys/user/%s", ucount_names[index]);
	fd = wall_open_proc(r->proc, path, O_RDWR);
	if (fd == -ENOENT && kind_absent(r->proc, index))
		return 0;
	ret = fd < 0 ? fd : write_back(fd, value == LIMIT_MAX ? INT_MAX : value);
	if (ret == 0)
		return 0;
	errno = -ret;
	err_sys(e, "%s (%s): write /proc/%s", keys[index].name,
		key_origin(r->spec, keys[index].name), path);
	if (ret == -EROFS)
		return err_hint(e, "ward needs a writable /proc/sys on the host");
	if (ret == -EPROTO)
		return err_hint(e, "the kernel shows another value than was written");
	return ret;
}

int ucount_set(struct run *r, struct err *e)
{
	for (size_t i = 0; i < UCOUNT_KINDS; i++) {
		int ret = r->spec->ucount[i] == LIMIT_UNSET ? 0 : set_one(r, i, e);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- rules ----------------------------------------------------------------------------- */

static bool holds_user(const struct spec *s)
{
	return s->ucount[UCOUNT_USER] == 0;
}

static bool holds_inotify(const struct spec *s)
{
	return s->ucount[UCOUNT_INOTIFY] < LIMIT_UNSET;
}

static const struct rule rules[] = {
	{ "ucount.nesting", holds_user, "no user namespace can be made inside",
	  "user namespaces can be made inside: they reach code that only root reaches" },
	{ "ucount.inotify", holds_inotify, "inotify instances are bounded for this container",
	  "this container can use up the inotify instances of all" },
};

static void ucount_summary(const struct spec *seen, struct str *out)
{
	if (holds_user(seen))
		str_add(out, "no nested user namespaces");
	if (holds_inotify(seen))
		str_addf(out, "%s%" PRIu64 " inotify instances", holds_user(seen) ? ", " : "",
			 seen->ucount[UCOUNT_INOTIFY]);
}

const struct wall wall_ucount = {
	.name = "ucount",
	.stops = "nested user namespaces, and using up the inotify instances of other containers",
	.keys = keys,
	.n_keys = ARRAY_SIZE(keys),
	.check = ucount_check,
	.rules = rules,
	.n_rules = ARRAY_SIZE(rules),
	.summary = ucount_summary,
};
