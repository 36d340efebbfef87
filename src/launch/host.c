/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/host.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "store/range.h"
#include "wall/cgroup.h"
#include "wall/landlock.h"

enum { FLOOR_MAJOR = 5, FLOOR_MINOR = 15 };

static int check_kernel(struct err *e)
{
	struct utsname u;
	int major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2)
		return err_msg(e, ENOSYS, "cannot tell the version of this kernel");
	if (major > FLOOR_MAJOR || (major == FLOOR_MAJOR && minor >= FLOOR_MINOR))
		return 0;
	return err_msg(e, ENOSYS,
		       "this kernel is %s, ward needs %d.%d or later (id-mapped mounts, "
		       "clone into a cgroup, openat2)",
		       u.release, FLOOR_MAJOR, FLOOR_MINOR);
}

static bool has_cap(unsigned cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &head, data) == 0 &&
	       (data[cap / 32].effective & (1U << (cap % 32)));
}

/* Root of a user namespace that is not the initial one is, to us, an ordinary user. */
static bool initial_userns(void)
{
	FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned long inside = 1, outside = 1, count = 0;
	bool whole;

	if (!f)
		return false;
	whole = fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
		outside == 0 && count == 4294967295UL;
	fclose(f);
	return whole;
}

int host_look(struct host *h, struct err *e)
{
	struct err none = ERR_NONE;
	struct range_pool pool;
	int ret = check_kernel(e);

	if (ret < 0)
		return ret;
	*h = (struct host){ .uid = getuid(), .gid = getgid() };
	h->privileged = has_cap(CAP_SYS_ADMIN) && initial_userns();
	h->rootless = !h->privileged;
	if (h->rootless)
		h->single_id = range_pool_user(h->uid, &pool, &none) < 0 ||
			       access("/usr/bin/newuidmap", X_OK) < 0;
	h->landlock_abi = landlock_abi();
	cgroup_look(h);
	return 0;
}
