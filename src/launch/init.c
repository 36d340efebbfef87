/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launch/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/sys.h"
#include "launch/launch.h"
#include "launch/stdio.h"
#include "launch/sync.h"
#include "wall/net.h"
#include "wall/ns.h"

/* --- monitor --------------------------------------------------------------------------- */

/* Arguments and environment as execve wants them, made before the clone, so that init allocates nothing. */
static int make_environment(struct run *r, struct err *e)
{
	const struct list *env = &r->spec->process.env, *args = &r->spec->process.args;

	r->envp = calloc(env->n + 2, sizeof(*r->envp));
	r->argv = calloc(args->n + 1, sizeof(*r->argv));
	if (!r->envp || !r->argv)
		return err_mem(e);
	for (size_t i = 0; i < args->n; i++)
		r->argv[i] = args->item[i];
	for (size_t i = 0; i < env->n; i++)
		r->envp[i] = env->item[i];
	return 0;
}

int spawn(struct run *r, struct err *e)
{
	uint64_t flags = 0;

	/* The other namespaces are made by init itself: wall/ns.c. */
	if (r->spec->ns[NS_USER].how == NS_NEW)
		flags |= ns_flag(NS_USER);
	if (r->spec->ns[NS_PID].how == NS_NEW)
		flags |= ns_flag(NS_PID);
	return spawn_clone(r, flags, e);
}

int spawn_clone(struct run *r, uint64_t flags, struct err *e)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | flags,
		.pidfd = (uint64_t)(uintptr_t)&r->pidfd,
		/* A sibling of ours has our own signal: clone(2), CLONE_PARENT. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	int pair[2], ret;

	ret = make_environment(r, e);
	if (ret < 0)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the sync socket");
	r->sync = pair[0];
	r->peer = pair[1];
	if (r->cg.inner >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)r->cg.inner;
	}
	r->pid = sys_clone3(&args);
	if (r->pid == 0) {
		/* The container's lock is the monitor's alone: while we are still dying after a killed
		 * monitor, the next command must already see that nobody owns the container. */
		fd_close(&r->claim.lock);
		fd_close(&r->sync);
		r->sync = take_fd(r->peer);
		r->inside = true;
		launch_init(r);
	}
	if (r->pid < 0) {
		err_sys(e, "start the container's init");
		if (e->code == ENOSPC || e->code == EPERM)
			err_hint(
				e,
				"user namespaces may be switched off or used up: look at the sysctls "
				"user.max_user_namespaces and kernel.unprivileged_userns_clone");
		if (e->code == EAGAIN)
			err_hint(e, "no more processes are allowed here");
		return -e->code;
	}
	fd_close(&r->peer);
	return 0;
}

void spawn_kill(struct run *r)
{
	siginfo_t info;

	if (r->pidfd >= 0) {
		sys_pidfd_send_signal(r->pidfd, SIGKILL);
		while (waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED) < 0 && errno == EINTR)
			;
	}
	fd_close(&r->pidfd);
	fd_close(&r->sync);
	fd_close(&r->peer);
	fd_close(&r->console);
	fd_close(&r->terminal);
	free(r->envp);
	free(r->argv);
	r->envp = r->argv = NULL;
	r->pid = 0;
}

int send_mapped(struct run *r, struct err *e)
{
	int fds[MSG_FDS_MAX];
	size_t n = 0;

	for (int i = 0; i < CG_HIERARCHIES; i++)
		if (r->cg.tasks[i] >= 0)
			fds[n++] = r->cg.tasks[i];
	return sync_send(r->sync, MSG_MAPPED, NULL, fds, n, e);
}

int wait_entered(struct run *r, struct err *e)
{
	size_t want = net_has_made(r->spec) ? 1 : 0, got = 0;
	int ret = sync_wait(r->sync, MSG_ENTERED, NULL, &r->net.inside, want, &got, e);

	return ret == 0 && got != want ? err_msg(e, EPROTO, "`entered` came without its socket") :
					 ret;
}

int send_staged(struct run *r, struct err *e)
{
	int ret = stdio_own(r, e);

	if (ret == 0)
		ret = sync_send(r->sync, MSG_STAGED, &r->identity, &r->terminal, r->terminal >= 0,
				e);
	/* The terminal's slave end stays open in the monitor: when the last one is closed the master
	 * reads as at its end, and a program may well open its console again. */
	for (int i = 0; i < 3; i++)
		fd_close(&r->stdio[i]);
	return ret;
}

int wait_mounted(struct run *r, struct err *e)
{
	return sync_wait(r->sync, MSG_MOUNTED, NULL, NULL, 0, NULL, e);
}

int wait_sealed(struct run *r, struct err *e)
{
	return sync_wait(r->sync, MSG_SEALED, NULL, NULL, 0, NULL, e);
}

int send_go(struct run *r, struct err *e)
{
	return sync_send(r->sync, MSG_GO, NULL, NULL, 0, e);
}

/* What execve(2) says of a program, as against what can go wrong around it. */
static bool is_about_program(int code)
{
	static const int codes[] = { ENOENT, EACCES, ENOEXEC, ENOTDIR, ELOOP, EISDIR, EPERM, ETXTBSY,
				     EINVAL, E2BIG, ENAMETOOLONG, ELIBBAD };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

int wait_exec(struct run *r, struct err *e)
{
	int ret = sync_wait_end(r->sync, e);

	r->exec_failed = ret < 0 && is_about_program(-ret);
	fd_close(&r->sync);
	return ret;
}

/* --- init ------------------------------------------------------------------------------ */

int init_bind(struct run *r, struct err *e)
{
	struct pollfd peer = { .fd = r->sync, .events = 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "bind init to its monitor");
	/* The monitor may have died before. Its pid cannot be asked for from a new pid namespace,
	 * but its end of the socket can. */
	if (poll(&peer, 1, 0) > 0 && peer.revents & (POLLHUP | POLLERR))
		_exit(125);
	/* A session of its own, so that the caller's terminal does not reach it. The second time
	 * it leads one already. */
	setsid();
	return 0;
}

int wait_mapped(struct run *r, struct err *e)
{
	int fds[MSG_FDS_MAX];
	size_t n = 0;
	int ret;

	for (int i = 0; i < CG_HIERARCHIES; i++)
		r->cg.tasks[i] = -EBADF;
	ret = sync_wait(r->sync, MSG_MAPPED, NULL, fds, CG_HIERARCHIES - 1, &n, e);
	/* All v1; which is which does not matter to who only enters them. */
	for (size_t i = 0; ret == 0 && i < n; i++)
		r->cg.tasks[i + 1] = fds[i];
	return ret;
}

int send_entered(struct run *r, struct err *e)
{
	int ret = sync_send(r->sync, MSG_ENTERED, NULL, &r->net.inside, r->net.inside >= 0, e);

	fd_close(&r->net.inside);
	return ret;
}

int wait_staged(struct run *r, struct err *e)
{
	return sync_wait(r->sync, MSG_STAGED, &r->identity, &r->terminal, 1, NULL, e);
}

int send_mounted(struct run *r, struct err *e)
{
	return sync_send(r->sync, MSG_MOUNTED, NULL, NULL, 0, e);
}

int init_stdio(struct run *r, struct err *e)
{
	for (int i = 0; i < 3; i++)
		if (dup2(r->spec->process.terminal ? r->terminal : r->stdio[i], i) < 0)
			return err_sys(e, "set up standard input and output");
	return 0;
}

int init_close(struct run *r, struct err *e)
{
	unsigned sync = (unsigned)r->sync;

	if (sync > 3 && sys_close_range(3, sync - 1, 0) < 0)
		return err_sys(e, "close the host's descriptors");
	if (sys_close_range(sync + 1, ~0U, 0) < 0)
		return err_sys(e, "close the host's descriptors");
	return 0;
}

/* What /proc/1/cmdline and /proc/1/environ would show is the caller's. */
int init_scrub(struct run *r, struct err *e)
{
	(void)e;
	for (char **p = r->caller_argv; p && *p; p++)
		memset(*p, 0, strlen(*p));
	for (char **p = environ; p && *p; p++)
		memset(*p, 0, strlen(*p));
	return 0;
}

int init_sched(struct run *r, struct err *e)
{
	struct sched_param none = { 0 };

	(void)r;
	if (sys_sched_getscheduler(0) != SCHED_OTHER &&
	    sys_sched_setscheduler(0, SCHED_OTHER, &none) < 0)
		return err_sys(e, "go back to ordinary scheduling");
	if (getpriority(PRIO_PROCESS, 0) < 0 && setpriority(PRIO_PROCESS, 0, 0) < 0)
		return err_sys(e, "give up the caller's better nice value");
	return 0;
}

int init_cwd(struct run *r, struct err *e)
{
	const char *cwd = r->spec->process.cwd ? r->spec->process.cwd : "/";
	char seen[PATH_MAX];

	if (chdir(cwd) < 0)
		return err_sys(e, "enter the working directory %s", cwd);
	/* Outside of the root the kernel says "(unreachable)": CVE-2024-21626. */
	if (!getcwd(seen, sizeof(seen)) || seen[0] != '/')
		return err_msg(e, EPERM, "the working directory %s leads out of the container",
			       cwd);
	return 0;
}

int send_sealed(struct run *r, struct err *e)
{
	return sync_send(r->sync, MSG_SEALED, NULL, NULL, 0, e);
}

int wait_go(struct run *r, struct err *e)
{
	return sync_wait(r->sync, MSG_GO, NULL, NULL, 0, NULL, e);
}

int init_show(struct run *r, struct err *e)
{
	(void)r;
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? err_sys(e, "let the monitor look at init") : 0;
}

/* Our own pid 1: reap whatever ends, pass on what is sent, end with the program. */
static _Noreturn void reaper_main(pid_t program)
{
	sigset_t all;
	siginfo_t info;

	sigfillset(&all);
	/* The caller's streams are the program's: held open here, their readers would wait for
	 * an end that does not come. */
	sys_close_range(0, ~0U, 0);
	for (;;) {
		int status, sig = sigwaitinfo(&all, &info);

		if (sig > 0 && sig != SIGCHLD)
			kill(program, sig);
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
			if (pid == program)
				_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
							    WEXITSTATUS(status));
	}
}

/* The program's side of the fork: the remaining rows. */
static int program_main(void *arg)
{
	launch_init(arg);
}

int init_reaper(struct run *r, struct err *e)
{
	char stack[32 << 10] __attribute__((aligned(16)));
	sigset_t all;
	pid_t pid;

	/* Blocked before the fork: a signal that pid 1 neither handles nor blocks is dropped. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* As vfork(2): we sleep until the program is executed, and no page table is copied. */
	pid = clone(program_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, r);
	if (pid < 0)
		return err_sys(e, "start the program beside pid 1");
	prctl(PR_SET_NAME, "ward:[init]");
	reaper_main(pid);
}

int init_terminal(struct run *r, struct err *e)
{
	(void)r;
	/* pid 1 without a reaper leads a session already. */
	if (setsid() < 0 && getsid(0) != getpid())
		return err_sys(e, "make a session");
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return err_sys(e, "take the console as controlling terminal");
	return 0;
}

static const char *environment(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp; envp++)
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

/* Try every directory of PATH; the error of one that exists says more than "not found". */
static int exec_search(const char *file, char *const *argv, char *const *envp)
{
	const char *path = environment(envp, "PATH");
	char candidate[PATH_MAX];
	int worst = ENOENT;

	for (path = path ? path : "/usr/bin:/bin"; path; path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
		int dir = (int)strcspn(path, ":");

		if (snprintf(candidate, sizeof(candidate), "%.*s/%s", dir, path, file) >=
		    (int)sizeof(candidate))
			continue;
		execve(candidate, argv, envp);
		if (errno != ENOENT && errno != ENOTDIR)
			worst = errno;
	}
	return worst;
}

/* The monitor may have run with signals blocked or ignored; a program expects neither. */
static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Real-time signals are never ignored by convention, and each costs a system call. */
	for (int sig = 1; sig < SIGSYS + 1; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
}

int init_exec(struct run *r, struct err *e)
{
	char home[sizeof(r->identity.home) + sizeof("HOME=")];
	size_t n = 0;

	if (!environment(r->envp, "HOME")) {
		snprintf(home, sizeof(home), "HOME=%s", r->identity.home);
		while (r->envp[n])
			n++;
		r->envp[n] = home;
	}
	default_signals();
	if (strchr(r->argv[0], '/')) {
		execve(r->argv[0], r->argv, r->envp);
		return err_sys(e, "execute %s", r->argv[0]);
	}
	errno = exec_search(r->argv[0], r->argv, r->envp);
	if (errno == ENOENT)
		return err_msg(e, ENOENT, "execute %s: not found in the container's PATH",
			       r->argv[0]);
	return err_sys(e, "execute %s", r->argv[0]);
}
