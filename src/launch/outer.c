/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/outer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/range.h"
#include "wall/net_user.h"

static int single_id(struct run *r, struct err *e)
{
	struct {
		const char *file;
		char text[32];
	} writes[] = { { "self/setgroups", "deny" },
		       { "self/gid_map", "" },
		       { "self/uid_map", "" } };

	snprintf(writes[1].text, sizeof(writes[1].text), "0 %u 1", (unsigned)r->host->gid);
	snprintf(writes[2].text, sizeof(writes[2].text), "0 %u 1", (unsigned)r->host->uid);
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		int ret = file_write(r->proc, writes[i].file, writes[i].text);

		if (ret == 0)
			continue;
		errno = -ret;
		return err_sys(e, "write %s", writes[i].file);
	}
	return 0;
}

/* Run newuidmap or newgidmap on the monitor: "TOOL PID 0 OWN 1 1 BASE COUNT". */
static void exec_tool(const char *tool, pid_t pid, unsigned own, unsigned base, unsigned count)
{
	char text[4][16];
	/* execve(2) does not change its arguments; its prototype is older than const. */
	char *argv[] = { (char *)tool, text[0], (char *)"0", text[1], (char *)"1",
			 (char *)"1", text[2],	text[3],     NULL };
	char *envp[] = { NULL };

	snprintf(text[0], sizeof(text[0]), "%d", (int)pid);
	snprintf(text[1], sizeof(text[1]), "%u", own);
	snprintf(text[2], sizeof(text[2]), "%u", base);
	snprintf(text[3], sizeof(text[3]), "%u", count);
	execve(tool, argv, envp);
	_exit(127);
}

static int run_tool(const char *tool, pid_t pid, unsigned own, unsigned base, unsigned count)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		exec_tool(tool, pid, own, base, count);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

/* Stays outside while the monitor enters its namespace, then maps it. */
static _Noreturn void mapper(const struct run *r, const struct range_pool *pool, pid_t monitor,
			     int go)
{
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(1);
	if (run_tool("/usr/bin/newuidmap", monitor, r->host->uid, pool->base, pool->count) < 0)
		_exit(2);
	if (run_tool("/usr/bin/newgidmap", monitor, r->host->gid, pool->gid_base, pool->count) < 0)
		_exit(3);
	_exit(0);
}

static int enter(struct err *e)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return 0;
	err_sys(e, "make a user namespace");
	if (e->code == EPERM || e->code == ENOSPC)
		err_hint(e,
			 "unprivileged user namespaces are switched off here: look at the sysctls "
			 "user.max_user_namespaces and kernel.unprivileged_userns_clone");
	return -e->code;
}

static int ranges(struct run *r, struct err *e)
{
	struct range_pool pool;
	pid_t monitor = getpid(), child;
	autoclose int ready = -EBADF;
	int go[2], status, ret;

	ret = range_pool_user(r->host->uid, &pool, e);
	if (ret < 0)
		return ret;
	if (pipe2(go, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	child = fork();
	if (child == 0) {
		close(go[1]);
		mapper(r, &pool, monitor, go[0]);
	}
	close(go[0]);
	ready = go[1];
	if (child < 0)
		return err_sys(e, "start the id mapper");
	ret = enter(e);
	if (ret == 0 && write(ready, "x", 1) != 1)
		ret = err_sys(e, "wake the id mapper");
	fd_close(&ready);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (ret < 0)
		return ret;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_msg(e, EPERM,
			       "%s refused the ids %u-%u of /etc/sub%s: is it installed "
			       "set-user-id root (package uidmap)?",
			       WEXITSTATUS(status) == 3 ? "newgidmap" : "newuidmap", pool.base,
			       pool.base + pool.count - 1,
			       WEXITSTATUS(status) == 3 ? "gid" : "uid");
	return 0;
}

int outer_enter(struct run *r, struct err *e)
{
	int ret = net_user_outside(r, e);

	if (ret < 0)
		return ret;
	if (r->host->single_id) {
		ret = enter(e);
		if (ret == 0)
			ret = single_id(r, e);
	} else {
		ret = ranges(r, e);
	}
	if (ret < 0)
		return ret;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root of the outer user namespace");
	return 0;
}
