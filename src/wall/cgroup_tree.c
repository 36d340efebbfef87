/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes in a container's cgroup: killed, frozen and waited for, in every layout.
 *
 * v2 does it all by itself (cgroup.kill since 5.14, cgroup.freeze, cgroup.events with poll). v1
 * needs the freezer to hold a fork bomb still while its members get their signals one by one,
 * and tells nobody when the last one is gone. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "wall/cgroup_layout.h"

enum { FREEZE_MS = 10000, KILL_ROUNDS = 50 };

int64_t cgroup_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleep a little longer each time, from 0.2 to 10 ms; false when the time is over. */
static bool nap(int64_t deadline, long *microseconds)
{
	struct timespec time = { .tv_nsec = *microseconds * 1000 };

	if (cgroup_clock() >= deadline)
		return false;
	nanosleep(&time, NULL);
	*microseconds = *microseconds < 5000 ? *microseconds * 2 : 10000;
	return true;
}

/* --- v2 ------------------------------------------------------------------------------------- */

/* Wait until `name` in cgroup.events is `want`. The kernel wakes poll(2) at every change. */
static int events_wait(int dir, const char *name, uint64_t want, int timeout_ms)
{
	autoclose int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd wait = { .fd = fd, .events = POLLPRI };
	int64_t deadline = cgroup_clock() + timeout_ms, left;
	char text[256];

	if (fd < 0)
		return -errno;
	for (;;) {
		/* The descriptor that is polled must be the one that was read. */
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		const char *at;

		if (n < 0)
			return -errno;
		text[n] = '\0';
		at = strstr(text, name);
		if (at && strtoull(at + strlen(name), NULL, 10) == want)
			return 0;
		left = deadline - cgroup_clock();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&wait, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

static int v2_freeze(int dir, bool frozen)
{
	int ret = file_write(dir, "cgroup.freeze", frozen ? "1" : "0");

	return ret < 0 ? ret : events_wait(dir, "frozen ", frozen, FREEZE_MS);
}

/* --- v1 ------------------------------------------------------------------------------------- */

/* FREEZING lasts until the last task has stopped; writing again catches tasks that were forked
 * meanwhile (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst). */
static int v1_freeze(int dir, bool frozen, int timeout_ms)
{
	const char *state = frozen ? "FROZEN" : "THAWED";
	int64_t deadline = cgroup_clock() + timeout_ms;
	long microseconds = 200;

	do {
		autostr now = { 0 };
		int ret = file_write(dir, "freezer.state", state);

		if (ret == 0)
			ret = file_read(dir, "freezer.state", 64, &now);
		if (ret < 0)
			return ret;
		if (str_starts(str_text(&now), state))
			return 0;
	} while (nap(deadline, &microseconds));
	return -ETIMEDOUT;
}

/* Unless all are frozen, a number may have changed hands since it was read: hold the process
 * first, then look whether it is a member, then signal what is held. */
static void kill_member(int dir, enum cg_hierarchy h, pid_t pid)
{
	autoclose int pidfd = sys_pidfd_open(pid);
	autostr text = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (pidfd >= 0 && file_read(AT_FDCWD, path, 1 << 16, &text) == 0 &&
	    cgroup_holds(dir, h, str_text(&text)))
		sys_pidfd_send_signal(pidfd, SIGKILL);
}

/* Number of processes that were there to kill, or -errno. A frozen process cannot exit, so its
 * number is its own; that way needs nothing but the cgroup, as in a monitor that has given up
 * all else. */
static int kill_members(int dir, enum cg_hierarchy h, bool frozen)
{
	autostr text = { 0 };
	char *line, *rest;
	uint64_t pid;
	int n = 0, ret = file_read(dir, "cgroup.procs", 1 << 24, &text);

	if (ret < 0)
		return ret;
	rest = text.text;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (str_u64(line, 10, 1, INT32_MAX, &pid) < 0)
			continue;
		if (frozen)
			kill((pid_t)pid, SIGKILL);
		else
			kill_member(dir, h, (pid_t)pid);
		n++;
	}
	return n;
}

/* A v1 hierarchy in which the container cannot have moved deeper: not the delegated one. */
static enum cg_hierarchy v1_roster(const struct run_cgroup *cg)
{
	for (int h = CG_UNIFIED + 1; h < CG_SYSTEMD; h++)
		if (cg->dir[h] >= 0)
			return h;
	return CG_SYSTEMD;
}

static int v1_kill(const struct run_cgroup *cg)
{
	enum cg_hierarchy h = v1_roster(cg);
	int freezer = cg->dir[CG_FREEZER];
	int n = 0;

	if (cg->dir[h] < 0)
		return -ENOENT;
	for (int round = 0; round < KILL_ROUNDS; round++) {
		/* A short while only: what sleeps in the kernel does not freeze, but what forks
		 * does. The signals act when thawed. */
		int ret = freezer >= 0 ? v1_freeze(freezer, true, 200) : -EOPNOTSUPP;

		n = kill_members(cg->dir[h], h, ret == 0);
		if (freezer >= 0)
			v1_freeze(freezer, false, 200);
		/* Frozen, all of them have it now; otherwise until none is left. */
		if (n <= 0 || ret == 0)
			break;
	}
	return n < 0 ? n : 0;
}

/* --- both ----------------------------------------------------------------------------------- */

int cgroup_kill(const struct run_cgroup *cg)
{
	if (cg->dir[CG_UNIFIED] >= 0)
		return file_write(cg->dir[CG_UNIFIED], "cgroup.kill", "1");
	return v1_kill(cg);
}

int cgroup_freeze(const struct run_cgroup *cg, bool frozen, struct err *e)
{
	const char *what = frozen ? "freeze" : "thaw";
	int ret;

	if (cg->dir[CG_UNIFIED] >= 0)
		ret = v2_freeze(cg->dir[CG_UNIFIED], frozen);
	else if (cg->dir[CG_FREEZER] >= 0)
		ret = v1_freeze(cg->dir[CG_FREEZER], frozen, FREEZE_MS);
	else
		return err_msg(e, EOPNOTSUPP,
			       "%s the container: it has no cgroup that can (cgroup v2, or the "
			       "freezer of v1)",
			       what);
	if (ret == 0)
		return 0;
	/* Half frozen is worse than running. */
	if (frozen && cg->dir[CG_UNIFIED] >= 0)
		file_write(cg->dir[CG_UNIFIED], "cgroup.freeze", "0");
	else if (frozen)
		file_write(cg->dir[CG_FREEZER], "freezer.state", "THAWED");
	errno = -ret;
	err_sys(e, "%s the container", what);
	return ret == -ETIMEDOUT ? err_hint(e, "a process does not leave the kernel") : ret;
}

bool cgroup_is_empty(const struct run_cgroup *cg)
{
	enum cg_hierarchy h = v1_roster(cg);
	autostr text = { 0 };

	if (cg->dir[CG_UNIFIED] >= 0)
		return cgroup_field(cg->dir[CG_UNIFIED], "cgroup.events", "populated") != 1;
	/* An unreadable list is not an empty one. */
	if (cg->dir[h] < 0)
		return true;
	return file_read(cg->dir[h], "cgroup.procs", 1 << 24, &text) == 0 && !text.len;
}

int cgroup_wait_empty(const struct run_cgroup *cg, int timeout_ms)
{
	int64_t deadline = cgroup_clock() + timeout_ms;
	long microseconds = 200;

	if (cg->dir[CG_UNIFIED] >= 0)
		return events_wait(cg->dir[CG_UNIFIED], "populated ", 0, timeout_ms);
	while (!cgroup_is_empty(cg))
		if (!nap(deadline, &microseconds))
			return -ETIMEDOUT;
	return 0;
}

/* --- removal -------------------------------------------------------------------------------- */

/* The first directory in `dir`. */
static bool first_child(int dir, char *name, size_t size)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!list && copy >= 0)
		close(copy);
	while (list && (entry = readdir(list))) {
		/* A container's root may have called its cgroup ".x". */
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, size, "%s", entry->d_name);
		return true;
	}
	return false;
}

/* Walks with one descriptor instead of recursion: the container may have made any depth. */
int cgroup_tree_remove(int dir)
{
	autoclose int at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool descended = false;
	char name[256];
	int depth = 0;

	while (at >= 0) {
		bool child = first_child(at, name, sizeof(name));
		int next;

		if (!child && depth == 0)
			return 0;
		/* We came down because it could not be removed, and it has no children. */
		if (!child && descended)
			return -EBUSY;
		if (child && (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)) {
			descended = false;
			continue;
		}
		if (child && errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		next = openat(at, child ? name : "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		depth += child ? 1 : -1;
		descended = child;
		fd_close(&at);
		at = next;
	}
	return -errno;
}
