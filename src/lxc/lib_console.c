/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container's terminals. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "lxc/lib_enter.h"
#include "watch/terminal.h"

static int take_terminal(struct lxc_container *c, int *ttynum, int *ptxfd, struct err *e)
{
	struct lib_question q = { .cmd = LXC_CMD_GET_TTY_FD, .number = (uint64_t)(int64_t)*ttynum,
				  .keep = true };
	autoanswer a = { 0 };
	int ret = lib_ask(c, &q, &a, e);

	if (ret == -EBUSY)
		return err_msg(e, EBUSY, "container %s: there is no free terminal %d", c->name,
			       *ttynum);
	if (ret < 0)
		return ret;
	if (a.fd < 0)
		return err_msg(e, EBUSY, "container %s: there is no terminal %d, or it is in use",
			       c->name, *ttynum);
	*ttynum = (int)a.number;
	*ptxfd = take_fd(a.fd);
	return take_fd(a.sock);
}

static int console_getfd(struct lxc_container *c, int *ttynum, int *ptxfd)
{
	struct err e = ERR_NONE;
	int ret = take_terminal(c, ttynum, ptxfd, &e);

	return ret < 0 ? lib_fail_int(c, &e) : ret;
}

/* --- connecting it with the caller's ------------------------------------------------------------ */

struct session {
	int in, out, ptx, sock, signals;
	int escape; /* 1 = Ctrl+a; -1 = none */
	bool escaped;
};

/* What was typed, without the escape: the prefix twice is the prefix, with q it is the end. */
static size_t take_typed(struct session *s, char *text, size_t n, bool *quit)
{
	size_t kept = 0;

	for (size_t i = 0; i < n && !*quit; i++) {
		if (!s->escaped && s->escape > 0 && text[i] == s->escape) {
			s->escaped = true;
			continue;
		}
		*quit = s->escaped && text[i] == 'q';
		s->escaped = false;
		if (!*quit)
			text[kept++] = text[i];
	}
	return kept;
}

/* False: the end. */
static bool pass_input(struct session *s)
{
	char text[1024];
	bool quit = false;
	ssize_t n = read(s->in, text, sizeof(text));
	size_t kept;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	kept = take_typed(s, text, (size_t)n, &quit);
	for (size_t done = 0; done < kept;) {
		struct pollfd p = { .fd = s->ptx, .events = POLLOUT };
		ssize_t w = write(s->ptx, text + done, kept - done);

		if (w < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (w > 0)
			done += (size_t)w;
		else
			poll(&p, 1, -1);
	}
	return !quit;
}

static bool pass_output(struct session *s)
{
	char text[4096];
	ssize_t n = read(s->ptx, text, sizeof(text));

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	return file_write_all(s->out, text, (size_t)n) == 0;
}

static void converse(struct session *s)
{
	struct pollfd p[] = {
		{ .fd = s->in, .events = POLLIN }, { .fd = s->ptx, .events = POLLIN },
		{ .fd = s->sock, .events = POLLIN }, { .fd = s->signals, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	bool on = true;

	while (on) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[3].revents && read(s->signals, &info, sizeof(info)) == sizeof(info))
			terminal_resize(s->in, s->ptx);
		if (p[1].revents)
			on = pass_output(s);
		/* The monitor says nothing any more: its end of the connection is the container's. */
		if (on && p[2].revents)
			on = false;
		if (on && p[0].revents)
			on = pass_input(s);
	}
}

static int console(struct lxc_container *c, int ttynum, int stdinfd, int stdoutfd, int stderrfd,
		   int escape)
{
	struct session s = { .in = stdinfd, .out = stdoutfd, .ptx = -EBADF, .escape = escape };
	struct terminal terminal;
	struct err e = ERR_NONE;
	sigset_t winch, before;

	(void)stderrfd;
	s.sock = take_terminal(c, &ttynum, &s.ptx, &e);
	if (s.sock < 0)
		return lib_fail_int(c, &e);
	sigemptyset(&winch);
	sigaddset(&winch, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &winch, &before);
	s.signals = signalfd(-1, &winch, SFD_CLOEXEC | SFD_NONBLOCK);
	terminal_resize(s.in, s.ptx);
	terminal_raw(&terminal, s.in);
	converse(&s);
	terminal_restore(&terminal);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fd_close(&s.signals);
	fd_close(&s.ptx);
	fd_close(&s.sock);
	return 0;
}

/* The end of the program is told by its pidfd; what it wrote before is still in the terminal. */
void lib_converse(int in, int out, int master, pid_t pid)
{
	struct session s = { .in = in, .out = out, .ptx = master, .escape = -1 };
	struct terminal terminal;
	sigset_t winch, before;

	s.sock = sys_pidfd_open(pid);
	sigemptyset(&winch);
	sigaddset(&winch, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &winch, &before);
	s.signals = signalfd(-1, &winch, SFD_CLOEXEC | SFD_NONBLOCK);
	terminal_resize(in, master);
	terminal_raw(&terminal, in);
	converse(&s);
	for (struct pollfd p = { .fd = master, .events = POLLIN };
	     poll(&p, 1, 0) > 0 && p.revents & POLLIN && pass_output(&s);)
		;
	terminal_restore(&terminal);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fd_close(&s.signals);
	fd_close(&s.sock);
}

/* --- what it has written ------------------------------------------------------------------------ */

static int console_log(struct lxc_container *c, struct lxc_console_log *log)
{
	struct lxc_log_request want = { .clear = log->clear, .read = log->read,
					.read_max = log->read_max ? *log->read_max : 0 };
	struct lib_question q = { .cmd = LXC_CMD_CONSOLE_LOG, .data = &want, .len = sizeof(want) };
	struct err e = ERR_NONE;
	autoanswer a = { 0 };
	int ret = lib_ask(c, &q, &a, &e);

	if (log->read_max)
		*log->read_max = ret == 0 ? a.len : 0;
	if (log->read)
		log->data = ret == 0 ? take_ptr(a.data) : NULL;
	if (ret < 0)
		lib_fail(c, &e);
	return ret;
}

void lib_console_members(struct lxc_container *c)
{
	c->console_getfd = console_getfd;
	c->console = console;
	c->console_log = console_log;
}
