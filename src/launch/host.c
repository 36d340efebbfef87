/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
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
	unsigned long long inside, outside, count;
	autostr text = { 0 };
	char *at;

	if (file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &text) < 0 || !text.len)
		return false;
	inside = strtoull(text.text, &at, 10);
	outside = strtoull(at, &at, 10);
	count = strtoull(at, &at, 10);
	return inside == 0 && outside == 0 && count == 4294967295ULL;
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
