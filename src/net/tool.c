/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs of the host: nft, iptables, firewall-cmd. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "net/inner.h"

enum { SAID_MAX = 1 << 20 };

const char *tool_find(const char *name, char *path, size_t size)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin",
					       "/usr/local/sbin", "/usr/local/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, size, "%s/%s", folders[i], name);
		if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
			return path;
	}
	return NULL;
}

struct pipes {
	int in[2], out[2], err[2];
};

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->in[i]);
		fd_close(&p->out[i]);
		fd_close(&p->err[i]);
	}
}

static int pipes_open(struct pipes *p, struct err *e)
{
	*p = (struct pipes){ { -EBADF, -EBADF }, { -EBADF, -EBADF }, { -EBADF, -EBADF } };
	if (pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 &&
	    pipe2(p->err, O_CLOEXEC) == 0)
		return 0;
	err_sys(e, "make a pipe");
	pipes_close(p);
	return -e->code;
}

static void child(const char *path, const char *const *argv, const struct pipes *p)
{
	static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
						   NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(p->in[0], 0) < 0 || dup2(p->out[1], 1) < 0 || dup2(p->err[1], 2) < 0)
		_exit(127);
	/* A lock that the caller holds would live on in a server that the program starts. */
	sys_close_range(3, ~0U, 0);
	execve(path, (char *const *)argv, (char *const *)environment);
	_exit(127);
}

static void feed(int *fd, const char **input, size_t *left)
{
	ssize_t n = write(*fd, *input, *left);

	if (n > 0) {
		*input += n;
		*left -= (size_t)n;
	}
	/* A program that reads no further says why itself. */
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || !*left)
		fd_close(fd);
}

static void drain(int *fd, struct str *into)
{
	char chunk[4096];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0 && into->len < SAID_MAX)
		str_addn(into, chunk, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(fd);
}

/* Both ways at once, or a program that prints before it has read everything would wait for us. */
static void converse(struct pipes *p, const char *input, struct str *out, struct str *said)
{
	size_t left = input ? strlen(input) : 0;

	fd_close(&p->in[0]);
	fd_close(&p->out[1]);
	fd_close(&p->err[1]);
	if (!left)
		fd_close(&p->in[1]);
	else
		fcntl(p->in[1], F_SETFL, O_NONBLOCK);
	while (p->in[1] >= 0 || p->out[0] >= 0 || p->err[0] >= 0) {
		struct pollfd fds[] = { { .fd = p->in[1], .events = POLLOUT },
					{ .fd = p->out[0], .events = POLLIN },
					{ .fd = p->err[0], .events = POLLIN } };

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			feed(&p->in[1], &input, &left);
		if (fds[1].revents)
			drain(&p->out[0], out);
		if (fds[2].revents)
			drain(&p->err[0], said);
	}
}

static int ended(pid_t pid, const char *path, const struct str *said, struct err *e)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for %s", path);
	if (WIFSIGNALED(status))
		return err_msg(e, EIO, "%s was ended by signal %d", path, WTERMSIG(status));
	err_msg(e, EIO, "%s: %.*s", path, (int)strcspn(str_text(said), "\n"), str_text(said));
	return WEXITSTATUS(status);
}

int tool_run(const char *path, const char *const *argv, const char *input, struct str *out,
	     struct err *e)
{
	autostr said = { 0 }, unwanted = { 0 };
	struct sigaction old, ignore = { .sa_handler = SIG_IGN };
	struct pipes p;
	pid_t pid;

	if (pipes_open(&p, e) < 0)
		return -e->code;
	pid = fork();
	if (pid == 0)
		child(path, argv, &p);
	if (pid < 0) {
		err_sys(e, "start %s", path);
		pipes_close(&p);
		return -e->code;
	}
	sigaction(SIGPIPE, &ignore, &old);
	converse(&p, input, out ? out : &unwanted, &said);
	sigaction(SIGPIPE, &old, NULL);
	pipes_close(&p);
	return ended(pid, path, &said, e);
}

int tool_must(const char *path, const char *const *argv, const char *input, struct str *out,
	      struct err *e)
{
	int ret = tool_run(path, argv, input, out, e);

	return ret > 0 ? -EIO : ret;
}
