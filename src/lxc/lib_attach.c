/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attach(): a function of the caller's in the container. The caller forks; what the fork does is
 * in lib_enter.c; the process that runs the function is the caller's own child. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "lxc/lib.h"
#include "lxc/lib_enter.h"

/* What execvp(3) says as shells say it. */
static int exec_failed(const char *program)
{
	int status = errno == ENOENT ? 127 : 126;

	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	return status;
}

API int lxc_attach_run_command(void *payload)
{
	const lxc_attach_command_t *command = payload;

	execvp(command->program, command->argv);
	return exec_failed(command->program);
}

API int lxc_attach_run_shell(void *payload)
{
	const struct passwd *user = getpwuid(getuid());
	const char *shell = user && user->pw_shell && *user->pw_shell ? user->pw_shell : "/bin/sh";

	(void)payload;
	execlp(shell, shell, (char *)NULL);
	execlp("/bin/sh", "/bin/sh", (char *)NULL);
	return exec_failed(shell);
}

/* --- the caller's side -------------------------------------------------------------------------- */

static const lxc_attach_options_t standard = LXC_ATTACH_OPTIONS_DEFAULT;

static int prepare(struct lxc_container *c, const lxc_attach_options_t *options,
		   struct lib_visit *v, struct err *e)
{
	int state = lib_state(c);

	if (state == LXC_STOPPED)
		return err_msg(e, ESRCH, "container %s is not running", c->name);
	if (state == LXC_FROZEN)
		return err_msg(e, EBUSY, "container %s is frozen: unfreeze it first", c->name);
	v->c = c;
	v->options = options;
	v->environment = lib_running_item(c, "lxc.environment");
	v->runtime = lib_running_item(c, "lxc.environment.runtime");
	v->arch = lib_running_item(c, "lxc.arch");
	v->secure = lib_is_secure();
	return 0;
}

static void visit_free(struct lib_visit *v)
{
	free(v->environment);
	free(v->runtime);
	free(v->arch);
}

static int hear(int sock, struct lib_arrival *a, int *master)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { a, sizeof(*a) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(master, CMSG_DATA(head), sizeof(int));
	return n == sizeof(*a) ? 0 : -ECONNRESET;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int visit(struct lib_visit *v, struct lib_arrival *a, int *master, struct err *e)
{
	autoclose int mine = -EBADF;
	int pair[2], ret;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket");
	mine = pair[0];
	pid = fork();
	if (pid == 0)
		lib_enter(v, pair[1]);
	close(pair[1]);
	if (pid < 0)
		return err_sys(e, "start a process");
	ret = hear(mine, a, master);
	reap(pid);
	if (ret < 0)
		return err_msg(e, ECONNRESET,
			       "the process that enters the container ended without a word");
	if (!a->err.code)
		return 0;
	*e = a->err;
	/* It is our child, whoever made it. */
	if (a->pid > 0)
		reap(a->pid);
	return -e->code;
}

static int attach(struct lxc_container *c, lxc_attach_exec_t exec_function, void *exec_payload,
		  lxc_attach_options_t *options, pid_t *attached_process)
{
	struct lib_visit v = { .function = exec_function, .payload = exec_payload };
	struct lib_arrival a = { .err = ERR_NONE };
	autoclose int master = -EBADF;
	struct err e = ERR_NONE;
	int ret;

	if (!options)
		options = (lxc_attach_options_t *)&standard;
	ret = prepare(c, options, &v, &e);
	if (ret == 0)
		ret = visit(&v, &a, &master, &e);
	visit_free(&v);
	if (ret < 0)
		return lib_fail_int(c, &e);
	if (attached_process)
		*attached_process = a.pid;
	if (master >= 0)
		lib_converse(options->stdin_fd, options->stdout_fd, master, a.pid);
	return 0;
}

static int run_wait(struct lxc_container *c, lxc_attach_options_t *options, const char *program,
		    char **argv)
{
	lxc_attach_command_t command = { (char *)program, argv };
	int status;
	pid_t pid;

	if (attach(c, lxc_attach_run_command, &command, options, &pid) < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int attach_run_wait(struct lxc_container *c, lxc_attach_options_t *options,
			   const char *program, const char *const argv[])
{
	return run_wait(c, options, program, (char **)argv);
}

static int attach_run_waitl(struct lxc_container *c, lxc_attach_options_t *options,
			    const char *program, const char *arg, ...)
{
	autofree char **argv = NULL;
	va_list args;

	va_start(args, arg);
	argv = lib_arguments(arg, args);
	va_end(args);
	return argv ? run_wait(c, options, program, argv) : -1;
}

void lib_attach_members(struct lxc_container *c)
{
	c->attach = attach;
	c->attach_run_wait = attach_run_wait;
	c->attach_run_waitl = attach_run_waitl;
}
