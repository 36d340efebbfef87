/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the container does now, and waiting for it to do something else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "lxc/lib.h"

static const char *state(struct lxc_container *c)
{
	return lxc_state_name(lib_state(c));
}

static bool is_running(struct lxc_container *c)
{
	return lib_state(c) > LXC_STOPPED;
}

static pid_t init_pid(struct lxc_container *c)
{
	return lib_init_pid(c);
}

static int init_pidfd(struct lxc_container *c)
{
	struct err e = ERR_NONE;
	autoanswer a = { 0 };
	int ret = lib_ask_simple(c, LXC_CMD_GET_INIT_PIDFD, &a, &e);

	if (ret == 0 && a.fd < 0)
		ret = err_msg(&e, EBADF, "container %s: the monitor sent no descriptor", c->name);
	if (ret == 0)
		return take_fd(a.fd);
	lib_fail(c, &e);
	return ret;
}

static int devpts_fd(struct lxc_container *c)
{
	struct err e = ERR_NONE;
	autoanswer a = { 0 };
	int ret = lib_ask_simple(c, LXC_CMD_GET_DEVPTS_FD, &a, &e);

	if (ret == 0 && a.fd < 0)
		ret = err_msg(&e, EBADF, "container %s has no terminals of its own", c->name);
	if (ret == 0)
		return take_fd(a.fd);
	lib_fail(c, &e);
	return ret;
}

static bool may_control(struct lxc_container *c)
{
	return lib_state(c) >= 0;
}

/* "RUNNING|STOPPED" */
static int parse_states(const char *text, bool *wanted, struct err *e)
{
	for (const char *p = text; *p; p += *p == '|') {
		size_t n = strcspn(p, "|");
		int number = lxc_state_number(p, n);

		if (number < 0)
			return err_msg(e, EINVAL, "'%.*s' is not a state", (int)n, p);
		wanted[number] = true;
		p += n;
	}
	return 0;
}

static bool wait_for(struct lxc_container *c, const char *states, int timeout)
{
	bool wanted[LXC_STATES] = { 0 };
	struct err e = ERR_NONE;
	int ret = parse_states(states ? states : "", wanted, &e);

	if (ret == 0)
		ret = lib_wait(c, wanted, timeout, &e);
	/* A state that did not come in time is an answer and no failure. */
	return ret >= 0 || (ret != -ETIMEDOUT && lib_fail(c, &e));
}

static bool set_timeout(struct lxc_container *c, int timeout)
{
	if (timeout < 0)
		return false;
	c->rcv_timeout = timeout;
	return true;
}

void lib_state_members(struct lxc_container *c)
{
	c->state = state;
	c->is_running = is_running;
	c->init_pid = init_pid;
	c->init_pidfd = init_pidfd;
	c->devpts_fd = devpts_fd;
	c->may_control = may_control;
	c->wait = wait_for;
	c->set_timeout = set_timeout;
}
