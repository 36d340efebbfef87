/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that try something with a wall and without it, each in a child of its own, so that
 * nothing done there outlives the test. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spec/key.h"
#include "wall/run.h"

enum { BROKEN = 200 }; /* a trial that could not be made */

/* Run fn in a child; its answer is the exit status: 0, or the errno of what was refused. */
static inline int in_child(int (*fn)(bool wall), bool wall)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		_exit(fn(wall));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int broken(const struct err *e)
{
	fprintf(stderr, "# %s\n", e->text);
	return BROKEN;
}

/* What the steps of the small walls need: the host's /proc, and nothing to come back to. */
static inline void run_of(struct run *r, const struct spec *s, const struct host *h)
{
	*r = (struct run){ .spec = s, .host = h };
	for (int i = 0; i < NS_KINDS; i++)
		r->host_ns[i] = -EBADF;
	r->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static inline int set(struct spec *s, const char *key, const char *value, const char *where)
{
	struct err e = ERR_NONE;
	int ret = key_set(s, key, value, where, &e);

	if (ret < 0)
		printf("#   %s\n", e.text);
	return ret;
}
