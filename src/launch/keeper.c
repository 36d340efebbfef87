/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "wall/net.h"
#include "wall/net_record.h"

/* What it needs to do its work, and nothing else stays open. */
enum { KEPT = 9 };

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_all_but(int *keep, size_t n)
{
	int next = 3;

	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < next)
			continue;
		if (keep[i] > next)
			sys_close_range((unsigned)next, (unsigned)keep[i] - 1, 0);
		next = keep[i] + 1;
	}
	sys_close_range((unsigned)next, ~0U, 0);
}

/* A script may need whatever root can; without one, the network is all that is left to change. */
static void lower(const struct spec *s)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.devices.item[i].script_down)
			return;
	/* The name server, which runs as another user, is told by a signal. */
	data[0].effective = data[0].permitted = 1U << CAP_NET_ADMIN | 1U << CAP_DAC_OVERRIDE |
						1U << CAP_KILL;
	data[1].effective = data[1].permitted = 1U << (CAP_BPF - 32);
	syscall(SYS_capset, &head, data);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* The device that was put in later. */
static void undo_device(struct run *r, int record)
{
	autofree struct net_recorded *was = NULL;
	struct err ignored = ERR_NONE;
	autostr text = { 0 };
	size_t n;

	if (file_read_fd(record, 4096, &text) < 0 ||
	    net_record_parse(str_text(&text), &was, &n, &ignored) < 0 || n != 1)
		return;
	net_undo_device(r, was, &ignored);
	if (strcmp(was->network, "-") != 0)
		lease_release(r->store, r->spec->name, false, &ignored);
	net_record_change(r->claim.dir, was->index, NULL, &ignored);
}

/* record: of a device that was put in later, or -EBADF for those of the start. */
static _Noreturn void keeper_main(struct run *r, int until, int record, int lock, int null)
{
	struct pollfd end = { .fd = until, .events = POLLIN };
	int keep[KEPT] = { until,  lock,	r->net.host,   r->net.inside, r->claim.dir,
			   record, r->store->run, r->store->lib, r->proc };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "ward:[keeper]");
	/* Whoever reads the caller's streams must not wait for us. */
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close_all_but(keep, KEPT);
	r->sync = r->pidfd = r->net.ns = -EBADF;
	if (chdir("/") < 0)
		_exit(1);
	lower(r->spec);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	if (record >= 0)
		undo_device(r, record);
	else
		net_undo(r);
	_exit(0);
}

/* Locked here and not in the child: from now on there is always one who will unlock it. The child's
 * copy is all that holds it once ours is closed. */
static int open_lock(const struct run *r, struct err *e)
{
	autoclose int lock = openat(r->claim.dir, KEEPER_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (lock < 0 || flock(lock, LOCK_SH) < 0)
		return err_sys(e, "start the network's keeper");
	return take_fd(lock);
}

/* The child has a copy of the container's own lock until it has closed all it does not need. Killed before
 * that, we would leave a container that looks owned. */
static void wait_until_closed(int *ends)
{
	char none;

	fd_close(&ends[1]);
	while (read(ends[0], &none, 1) < 0 && errno == EINTR)
		;
	fd_close(&ends[0]);
}

int keeper_start(struct run *r, struct err *e)
{
	autoclose int lock = open_lock(r, e), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	autoclose int until = -EBADF;
	int ends[2], ready[2];

	if (lock < 0)
		return lock;
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "start the network's keeper");
	until = ends[0];
	r->net.keeper = ends[1];
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(e, "start the network's keeper");
	r->net.keeper_pid = fork();
	if (r->net.keeper_pid == 0)
		keeper_main(r, until, -EBADF, lock, null);
	wait_until_closed(ready);
	return r->net.keeper_pid < 0 ? err_sys(e, "start the network's keeper") : 0;
}

void keeper_end(struct run *r)
{
	fd_close(&r->net.keeper);
	while (r->net.keeper_pid > 0 && waitpid(r->net.keeper_pid, NULL, 0) < 0 && errno == EINTR)
		;
	r->net.keeper_pid = 0;
}

int keeper_start_for(struct run *r, const char *record, struct err *e)
{
	autoclose int lock = open_lock(r, e), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	autoclose int file = openat(r->claim.dir, record, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (lock < 0)
		return lock;
	if (null < 0 || file < 0)
		return err_sys(e, "start the network's keeper");
	pid = fork();
	if (pid == 0) {
		/* Its own child, so that nobody has to reap it. */
		pid = fork();
		if (pid == 0)
			keeper_main(r, r->target, file, lock, null);
		_exit(pid < 0);
	}
	if (pid < 0)
		return err_sys(e, "start the network's keeper");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

void keeper_wait(int dir)
{
	autoclose int lock = openat(dir, KEEPER_LOCK, O_RDWR | O_CLOEXEC);

	if (lock >= 0)
		flock(lock, LOCK_EX);
}
