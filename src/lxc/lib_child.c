/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lxc/lib_child.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/sys.h"

/* A datagram: text that was appended, or (the last one) how it went. */
struct message {
	bool last;
	struct err err;
	size_t len;
	char text[4096];
};

static _Noreturn void child(lib_work *work, void *context, int sock)
{
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct str out = { 0 };

	work(context, &out, &e);
	for (size_t done = 0; done < out.len; done += m.len) {
		m.len = out.len - done < sizeof(m.text) ? out.len - done : sizeof(m.text);
		memcpy(m.text, out.text + done, m.len);
		(void)!send(sock, &m, sizeof(m), MSG_NOSIGNAL);
	}
	m.last = true;
	m.err = e;
	(void)!send(sock, &m, sizeof(m), MSG_NOSIGNAL);
	_exit(0);
}

static int hear(int sock, struct str *out, struct err *e)
{
	struct message m;

	for (;;) {
		ssize_t n = recv(sock, &m, sizeof(m), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(m))
			return err_msg(e, ECONNRESET,
				       "a process that looks into the container ended");
		if (m.last)
			break;
		if (out)
			str_addn(out, m.text, m.len);
	}
	if (m.err.code)
		*e = m.err;
	return -m.err.code;
}

int lib_in_child(lib_work *work, void *context, struct str *out, struct err *e)
{
	autoclose int mine = -EBADF;
	int pair[2], ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket");
	mine = pair[0];
	pid = fork();
	if (pid == 0)
		child(work, context, pair[1]);
	close(pair[1]);
	if (pid < 0)
		return err_sys(e, "start a process");
	ret = hear(mine, out, e);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return ret;
}

int lib_open_init(const struct lxc_container *c, pid_t *pid, struct err *e)
{
	struct err ignored = ERR_NONE;
	autoanswer a = { 0 };
	pid_t init = lib_init_pid(c);
	int fd;

	if (init <= 0)
		return err_msg(e, ESRCH, "container %s is not running", c->name);
	if (lib_ask_simple(c, LXC_CMD_GET_INIT_PIDFD, &a, &ignored) == 0 && a.fd >= 0)
		fd = take_fd(a.fd);
	else
		fd = sys_pidfd_open(init);
	/* Asked again: the number could have become somebody else's before it was held. */
	if (fd < 0 || lib_init_pid(c) != init) {
		fd_close(&fd);
		return err_msg(e, ESRCH, "container %s is not running", c->name);
	}
	if (pid)
		*pid = init;
	return fd;
}

int lib_join(const struct lxc_container *c, int flags, struct err *e)
{
	autoclose int init = lib_open_init(c, NULL, e);

	if (init < 0)
		return init;
	if (geteuid() != 0)
		flags |= CLONE_NEWUSER;
	if (setns(init, flags) < 0)
		return err_sys(e, "enter the namespaces of container %s", c->name);
	return 0;
}
