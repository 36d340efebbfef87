/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting: the library never becomes a monitor. Between fork and exec, in a process that may have
 * many threads, only what signal-safety(7) allows is done. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lxc/lib.h"
#include "lxc/program.h"
#include "lxc/start.h"

static bool want_daemonize(struct lxc_container *c, bool state)
{
	lib_lock(c);
	c->daemonize = state;
	lib_unlock(c);
	return true;
}

/* The monitor gets three descriptors and no others, whatever is wanted: a leaked descriptor of the
 * host would be a way out of the container. */
static bool want_close_all_fds(struct lxc_container *c, bool state)
{
	(void)c;
	(void)state;
	return true;
}

/* --- what the monitor is told ----------------------------------------------------------------- */

/* A copy of pointers: nothing in it is freed. */
static int describe(struct lxc_container *c, bool useinit, char *const argv[], struct str *out,
		    struct err *e)
{
	static struct lxc_config none;
	struct lxc_start s = { .name = c->name, .lxcpath = c->config_path,
			       .configfile = c->configfile, .pidfile = c->pidfile,
			       .daemonize = c->daemonize, .useinit = useinit,
			       .secure = lib_is_secure() };

	for (size_t n = 0; argv && argv[n]; n++)
		s.argv = (struct list){ (char **)argv, n + 1 };
	s.config = c->lxc_conf ? *lib_config(c) : none;
	lxc_start_write(&s, out);
	return out->failed ? err_mem(e) : 0;
}

static int make_memfd(const struct str *text, struct err *e)
{
	autoclose int fd = memfd_create("lxc-start", MFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_sys(e, "make a file in memory");
	ret = file_write_all(fd, str_text(text), text->len);
	return ret < 0 ? err_msg(e, -ret, "write a file in memory: %s", strerror(-ret)) :
			 take_fd(fd);
}

/* --- the process -------------------------------------------------------------------------------- */

struct launchpad {
	const char *program;
	char *argv[2];
	int text, report;
	bool daemonize;
};

static void place(int from, int to)
{
	if (from == to)
		fcntl(to, F_SETFD, 0);
	else
		dup2(from, to);
}

static _Noreturn void become_monitor(const struct launchpad *l)
{
	int text, report, null;
	sigset_t none;

	/* Out of the way of each other first. */
	text = fcntl(l->text, F_DUPFD, START_REPORT_FD + 1);
	report = fcntl(l->report, F_DUPFD, START_REPORT_FD + 1);
	if (text < 0 || report < 0)
		_exit(1);
	if (l->daemonize) {
		setsid();
		null = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++)
			place(null, i);
		if (chdir("/") < 0)
			_exit(1);
	}
	place(text, START_TEXT_FD);
	place(report, START_REPORT_FD);
	syscall(SYS_close_range, START_REPORT_FD + 1, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(l->program, l->argv, environ);
	_exit(127);
}

/* Daemonized, it is nobody's child. */
static pid_t fork_monitor(const struct launchpad *l, struct err *e)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (l->daemonize && fork() > 0)
			_exit(0);
		become_monitor(l);
	}
	if (pid < 0)
		return err_sys(e, "start the monitor");
	if (l->daemonize)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return pid;
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int hear(int sock, struct lxc_report *r, const char *program, struct err *e)
{
	ssize_t n;

	do
		n = recv(sock, r, sizeof(*r), 0);
	while (n < 0 && errno == EINTR);
	if (n == sizeof(*r))
		return 0;
	return err_msg(e, ECONNRESET, "the monitor %s ended without a word", program);
}

static int failed(struct lxc_container *c, const struct lxc_report *r, struct err *e)
{
	c->error_num = r->value;
	*e = r->err;
	return e->code ? -e->code : err_msg(e, EIO, "the container did not start");
}

/* What a terminal or a person sends to who waits is meant for the container. */
static void forward_signal(int signals, int watcher)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		if (watcher > 0)
			kill(watcher, (int)info.ssi_signo);
}

static int hear_end(struct lxc_container *c, int sock, int signals, int watcher,
		    const char *program, struct err *e)
{
	struct lxc_report r = { .word = LXC_WORD_RUNNING };
	struct pollfd p[] = { { .fd = sock, .events = POLLIN },
			      { .fd = signals, .events = POLLIN } };
	int ret = 0;

	while (ret == 0 && r.word != LXC_WORD_ENDED) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[1].revents)
			forward_signal(signals, watcher);
		if (!p[0].revents)
			continue;
		ret = hear(sock, &r, program, e);
		/* A container that reboots is watched by another process. */
		if (ret == 0 && r.word == LXC_WORD_RUNNING)
			watcher = r.pid;
		else if (ret == 0 && r.word == LXC_WORD_FAILED)
			ret = failed(c, &r, e);
	}
	if (ret == 0)
		c->error_num = r.value;
	return ret;
}

static int wait_foreground(struct lxc_container *c, int sock, int watcher, const char *program,
			   struct err *e)
{
	static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };
	autoclose int signals = -EBADF;
	sigset_t set, before;
	int ret;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	ret = signals < 0 ? err_sys(e, "wait for signals") :
			    hear_end(c, sock, signals, watcher, program, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

static int launch_monitor(struct lxc_container *c, const struct str *text, struct err *e)
{
	autoclose int memfd = make_memfd(text, e), mine = -EBADF;
	autofree char *program = lxc_program("ward-lxc", e);
	struct launchpad l = { .program = program, .text = memfd, .daemonize = c->daemonize };
	autostr title = { 0 };
	struct lxc_report r;
	pid_t pid;
	int pair[2], ret;

	if (memfd < 0 || !program)
		return -e->code;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket");
	mine = pair[0];
	l.report = pair[1];
	str_addf(&title, START_TITLE " %s %s", c->config_path, c->name);
	l.argv[0] = (char *)str_text(&title);
	pid = fork_monitor(&l, e);
	close(pair[1]);
	if (pid < 0)
		return pid;
	ret = hear(mine, &r, program, e);
	if (ret == 0 && r.word == LXC_WORD_FAILED)
		ret = failed(c, &r, e);
	else if (ret == 0 && !l.daemonize)
		ret = wait_foreground(c, mine, r.pid, program, e);
	if (!l.daemonize)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return ret;
}

static int start_checked(struct lxc_container *c, int useinit, char *const argv[], struct err *e)
{
	autostr text = { 0 };
	int ret;

	if (!c->lxc_conf)
		return err_msg(e, ENOENT, "container %s has no configuration: there is no %s",
			       c->name, c->configfile);
	if (lib_state(c) > LXC_STOPPED)
		return err_msg(e, EBUSY, "container %s is already running", c->name);
	/* What it ended with has nothing to do with how it begins. */
	lib_lock(c);
	c->error_num = 1;
	ret = describe(c, useinit, argv, &text, e);
	lib_unlock(c);
	return ret < 0 ? ret : launch_monitor(c, &text, e);
}

static bool start(struct lxc_container *c, int useinit, char *const argv[])
{
	struct err e = ERR_NONE;

	if (start_checked(c, useinit, argv, &e) < 0)
		return lib_fail(c, &e);
	if (c->daemonize)
		c->error_num = 0;
	return true;
}

char **lib_arguments(const char *first, va_list args)
{
	va_list counted;
	size_t n = 0;
	char **argv;

	va_copy(counted, args);
	while (va_arg(counted, const char *))
		n++;
	va_end(counted);
	argv = calloc(n + 2, sizeof(*argv));
	if (!argv)
		return NULL;
	n = 0;
	if (first)
		argv[n++] = (char *)first;
	while ((argv[n] = va_arg(args, char *)))
		n++;
	return argv;
}

static bool startl(struct lxc_container *c, int useinit, ...)
{
	autofree char **argv = NULL;
	va_list args;

	va_start(args, useinit);
	argv = lib_arguments(NULL, args);
	va_end(args);
	return argv && start(c, useinit, argv[0] ? argv : NULL);
}

void lib_start_members(struct lxc_container *c)
{
	c->start = start;
	c->startl = startl;
	c->want_daemonize = want_daemonize;
	c->want_close_all_fds = want_close_all_fds;
}
