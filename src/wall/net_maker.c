/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices take the kernel the better part of a millisecond, most of it for files in /sys and /proc. So a
 * child of the monitor makes them while that one mounts, and init waits. It ends when it has written
 * one report: what went wrong, and the ports with their indices. */
#include "wall/net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wall/net_look.h"

static bool lends(const struct spec *s)
{
	for (size_t i = 0; i < s->net.devices.n; i++)
		if (s->net.devices.item[i].kind == NET_PHYS)
			return true;
	return false;
}

static _Noreturn void maker_main(struct run *r, int report)
{
	struct err e = ERR_NONE;
	int ret = 0;

	fd_close(&r->claim.lock); /* as init does: a killed monitor owns nothing any more */
	/* What it makes before it dies ends with the container's network namespace. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < r->net.n && ret == 0; i++)
		ret = net_make_port(r, &r->net.port[i], &e);
	e.code = -ret;
	file_write_all(report, &e, sizeof(e));
	file_write_all(report, r->net.port, r->net.n * sizeof(*r->net.port));
	_exit(0);
}

int net_make(struct run *r, struct err *e)
{
	autoclose int report = -EBADF;
	int ends[2], ret = net_take(r, e);

	if (ret == 0 && lends(r->spec))
		ret = net_reenter(r, e);
	if (ret < 0)
		return ret;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	r->net.report = ends[0];
	report = ends[1];
	r->net.maker = fork();
	if (r->net.maker == 0)
		maker_main(r, report);
	return r->net.maker < 0 ? err_sys(e, "start a process that makes the network devices") : 0;
}

void net_maker_end(struct run *r)
{
	fd_close(&r->net.report);
	while (r->net.maker > 0 && waitpid(r->net.maker, NULL, 0) < 0 && errno == EINTR)
		;
	r->net.maker = 0;
}

static int read_all(int fd, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, (char *)to + done, size - done);

		if (n == 0 || (n < 0 && errno != EINTR))
			return n < 0 ? -errno : -EPIPE;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

/* The report does not come from the container: the child is ours, from its first to its last word. */
int net_made(struct run *r, struct err *e)
{
	struct err theirs = ERR_NONE;
	int ret = read_all(r->net.report, &theirs, sizeof(theirs));

	if (ret == 0)
		ret = read_all(r->net.report, r->net.port, r->net.n * sizeof(*r->net.port));
	net_maker_end(r);
	if (ret < 0)
		return err_msg(e, ECHILD, "the process that makes the network devices was killed");
	*e = theirs;
	return -theirs.code;
}

int net_up(struct run *r, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; i < r->net.n && ret == 0; i++)
		ret = net_script_up(r, &r->net.port[i], e);
	return ret == 0 && r->spec->net.publish.n ? net_publish(r, e) : ret;
}
