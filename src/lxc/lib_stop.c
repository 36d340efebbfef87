/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending, rebooting, freezing. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "lxc/lib.h"

/* No answer comes but the end of the connection, and that is the end of the container. */
static bool stop(struct lxc_container *c)
{
	struct lib_question q = { .cmd = LXC_CMD_STOP, .keep = true };
	struct err e = ERR_NONE;
	autoanswer a = { 0 };
	int ret = lib_ask(c, &q, &a, &e);

	if (ret < 0 && ret != -ESRCH)
		return lib_fail(c, &e);
	fd_close(&a.sock);
	lib_wait_gone(c);
	return true;
}

/* --- signals to init -------------------------------------------------------------------------- */

/* systemd is the init that blocks SIGRTMIN+3, to take it when it comes. */
static bool blocks(pid_t pid, int sig)
{
	autostr text = { 0 };
	char path[64];
	const char *line;
	unsigned long long mask;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read(AT_FDCWD, path, 65536, &text) < 0)
		return false;
	line = strstr(str_text(&text), "\nSigBlk:");
	if (!line || sscanf(line, "\nSigBlk: %llx", &mask) != 1)
		return false;
	return mask >> (sig - 1) & 1;
}

static int configured_signal(struct lxc_container *c, const char *key)
{
	autofree char *running = lib_running_item(c, key);
	char value[16] = "";

	if (!running)
		c->get_config_item(c, key, value, sizeof(value));
	return atoi(running ? running : value);
}

/* By descriptor where the monitor sends one: a number may be somebody else's by then. */
static int signal_init(struct lxc_container *c, int sig, struct err *e)
{
	autoanswer a = { 0 };
	int ret = lib_ask_simple(c, LXC_CMD_GET_INIT_PIDFD, &a, e);
	pid_t pid;

	if (ret == -ESRCH)
		return ret;
	if (ret == 0 && a.fd >= 0)
		ret = sys_pidfd_send_signal(a.fd, sig);
	else
		ret = (pid = lib_init_pid(c)) > 0 ? kill(pid, sig) : -1;
	return ret < 0 ? err_sys(e, "send signal %d to the init of container %s", sig, c->name) : 0;
}

static int halt_signal(struct lxc_container *c)
{
	int sig = configured_signal(c, "lxc.signal.halt");
	pid_t pid = lib_init_pid(c);

	if (sig > 0)
		return sig;
	return pid > 0 && blocks(pid, SIGRTMIN + 3) ? SIGRTMIN + 3 : SIGPWR;
}

static bool shutdown_container(struct lxc_container *c, int timeout)
{
	static const bool stopped[LXC_STATES] = { [LXC_STOPPED] = true };
	struct err e = ERR_NONE;
	autoclose int sock = -EBADF;
	int64_t deadline = lib_deadline(timeout);
	int ret = timeout ? lib_wait_begin(c, stopped, &sock, &e) : 0;

	if (ret >= 0)
		ret = signal_init(c, halt_signal(c), &e);
	if (ret == 0 && timeout)
		ret = lib_wait_end(sock, deadline, &e);
	/* It ended, or did not run at all. */
	if (ret == -ESRCH || ret >= 0) {
		if (timeout)
			lib_wait_gone(c);
		return true;
	}
	return lib_fail(c, &e);
}

static int reboot_signal(struct lxc_container *c)
{
	int sig = configured_signal(c, "lxc.signal.reboot");

	return sig > 0 ? sig : SIGINT;
}

static bool reboot_container(struct lxc_container *c)
{
	struct err e = ERR_NONE;

	return signal_init(c, reboot_signal(c), &e) == 0 || lib_fail(c, &e);
}

/* It stops, and its monitor starts it again. */
static bool reboot2(struct lxc_container *c, int timeout)
{
	static const bool stopped[LXC_STATES] = { [LXC_STOPPED] = true };
	static const bool running[LXC_STATES] = { [LXC_RUNNING] = true };
	struct err e = ERR_NONE;
	autoclose int sock = -EBADF;
	int64_t deadline = lib_deadline(timeout);
	int ret;

	if (timeout == 0)
		return reboot_container(c);
	ret = lib_wait_begin(c, stopped, &sock, &e);
	if (ret >= 0)
		ret = signal_init(c, reboot_signal(c), &e);
	if (ret == 0)
		ret = lib_wait_end(sock, deadline, &e);
	if (ret >= 0 || ret == -ESRCH)
		ret = lib_wait(c, running, timeout, &e);
	return ret >= 0 || lib_fail(c, &e);
}

/* --- freezing --------------------------------------------------------------------------------- */

/* LXC's monitor leaves a v1 freezer to who asks. */
static int freeze_v1(struct lxc_container *c, enum lxc_state state, struct err *e)
{
	const char *word = state == LXC_FROZEN ? "FROZEN" : "THAWED";
	struct lib_question tell = { .cmd = LXC_CMD_SERVE_STATE_CLIENTS, .number = state };
	autoanswer a = { 0 };

	if (!c->set_cgroup_item(c, "freezer.state", word))
		return err_msg(e, EOPNOTSUPP, "container %s cannot be frozen", c->name);
	return lib_ask(c, &tell, &a, e);
}

static bool freeze_or_thaw(struct lxc_container *c, enum lxc_cmd cmd, enum lxc_state state)
{
	struct lib_question q = { .cmd = cmd, .number = (uint64_t)-1 };
	struct err e = ERR_NONE;
	autoanswer a = { 0 };
	int ret = lib_ask(c, &q, &a, &e);

	if (ret < 0 && ret != -ESRCH && ret != -EINVAL)
		ret = freeze_v1(c, state, &e);
	return ret == 0 || lib_fail(c, &e);
}

static bool freeze(struct lxc_container *c)
{
	return freeze_or_thaw(c, LXC_CMD_FREEZE, LXC_FROZEN);
}

static bool unfreeze(struct lxc_container *c)
{
	return freeze_or_thaw(c, LXC_CMD_UNFREEZE, LXC_THAWED);
}

void lib_stop_members(struct lxc_container *c)
{
	c->stop = stop;
	c->shutdown = shutdown_container;
	c->reboot = reboot_container;
	c->reboot2 = reboot2;
	c->freeze = freeze;
	c->unfreeze = unfreeze;
}
