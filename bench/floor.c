/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* floor PROGRAM: the namespaces of a container around PROGRAM, and no wall at all: no file
 * system of its own, no ids, no limits, no filter. What the kernel alone costs; no runtime that
 * makes these namespaces can be faster. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* struct clone_args as of Linux 5.3; headers may be older than the kernel. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

int main(int argc, char **argv)
{
	char *const no_environment[] = { NULL };
	struct clone3_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			 CLONE_NEWUTS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int status;
	long pid;

	if (argc < 2) {
		fprintf(stderr, "usage: floor PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		execve(argv[1], argv + 1, no_environment);
		_exit(127);
	}
	if (pid < 0 || waitpid((pid_t)pid, &status, 0) < 0) {
		fprintf(stderr, "floor: %s\n", strerror(errno));
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
