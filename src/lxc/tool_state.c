/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lxc-stop, lxc-freeze, lxc-unfreeze and lxc-wait. */
#include "lxc/tool.h"

/* --- lxc-stop -------------------------------------------------------------------------------- */

struct stop_args {
	struct tool_args common;
	bool reboot, nowait, kill, nokill, nolock;
	int timeout;
};

#define STOP(member) offsetof(struct stop_args, member)

static const struct opt stop_opts[] = {
	{ .name = "reboot",
	  .letter = 'r',
	  .take = opt_true,
	  .at = STOP(reboot),
	  .doc = "reboot the container" },
	{ .name = "nowait",
	  .letter = 'W',
	  .take = opt_true,
	  .at = STOP(nowait),
	  .doc = "ask, and do not wait" },
	{ .name = "timeout",
	  .letter = 't',
	  .arg = OPT_VALUE,
	  .metavar = "SECONDS",
	  .take = tool_take_int,
	  .at = STOP(timeout),
	  .doc = "how long to wait before it is killed; -1 = for ever" },
	{ .name = "kill",
	  .letter = 'k',
	  .take = opt_true,
	  .at = STOP(kill),
	  .doc = "kill it at once" },
	{ .name = "nokill",
	  .take = opt_true,
	  .at = STOP(nokill),
	  .doc = "only ask; do not kill it after the timeout" },
	{ .name = "nolock",
	  .take = opt_true,
	  .at = STOP(nolock),
	  .doc = "take no lock of the container; only with --kill" },
	{ 0 }
};

static const struct stop_args stop_defaults = { .timeout = 60 };

static int stop_refused(const struct stop_args *a)
{
	if (a->kill && (a->reboot || a->nokill || a->nowait))
		return tool_error(&a->common, "--kill excludes --reboot, --nokill and --nowait");
	if (a->nolock && !a->kill)
		return tool_error(&a->common, "--nolock is for --kill only");
	return 0;
}

static bool stop_ask(const struct stop_args *a, struct lxc_container *c)
{
	int timeout = a->nowait ? 0 : a->timeout;

	if (a->reboot)
		return a->nowait ? c->reboot(c) : c->reboot2(c, timeout);
	return c->shutdown(c, timeout);
}

static int stop_run(void *args, int argc, char **argv)
{
	struct stop_args *a = args;
	autocontainer *c = NULL;

	(void)argc;
	(void)argv;
	if (stop_refused(a))
		return 1;
	c = tool_existing(&a->common);
	if (!c)
		return 1;
	if (!c->is_running(c)) {
		tool_error(&a->common, "it is not running");
		return 2;
	}
	if (a->kill)
		return c->stop(c) ? 0 : tool_failed(&a->common, c, "it cannot be stopped");
	if (stop_ask(a, c))
		return 0;
	if (a->reboot || a->nokill)
		return tool_failed(&a->common, c, "it did not end in time");
	return c->stop(c) ? 0 : tool_failed(&a->common, c, "it cannot be stopped");
}

const struct tool tool_stop = {
	.name = "lxc-stop",
	.doc = "Stop a container: ask its init to end, and kill it after the timeout.",
	.opts = stop_opts,
	.size = sizeof(struct stop_args),
	.defaults = &stop_defaults,
	.takes_name = true,
	.run = stop_run,
};

/* --- lxc-freeze, lxc-unfreeze ----------------------------------------------------------------- */

static int freeze_run(void *args, int argc, char **argv)
{
	struct tool_args *a = args;
	autocontainer *c = tool_existing(a);

	(void)argc;
	(void)argv;
	if (!c)
		return 1;
	return c->freeze(c) ? 0 : tool_failed(a, c, "it cannot be frozen");
}

static int unfreeze_run(void *args, int argc, char **argv)
{
	struct tool_args *a = args;
	autocontainer *c = tool_existing(a);

	(void)argc;
	(void)argv;
	if (!c)
		return 1;
	return c->unfreeze(c) ? 0 : tool_failed(a, c, "it cannot be thawed");
}

const struct tool tool_freeze = {
	.name = "lxc-freeze",
	.doc = "Freeze all processes of a container.",
	.size = sizeof(struct tool_args),
	.takes_name = true,
	.run = freeze_run,
};

const struct tool tool_unfreeze = {
	.name = "lxc-unfreeze",
	.doc = "Let the processes of a frozen container go on.",
	.size = sizeof(struct tool_args),
	.takes_name = true,
	.run = unfreeze_run,
};

/* --- lxc-wait ---------------------------------------------------------------------------------- */

struct wait_args {
	struct tool_args common;
	const char *state;
	int timeout;
};

static const struct opt wait_opts[] = {
	{ .name = "state",
	  .letter = 's',
	  .arg = OPT_VALUE,
	  .metavar = "STATES",
	  .take = opt_text,
	  .at = offsetof(struct wait_args, state),
	  .doc = "states to wait for, with | between: STOPPED STARTING RUNNING STOPPING ABORTING "
		 "FREEZING FROZEN THAWED" },
	{ .name = "timeout",
	  .letter = 't',
	  .arg = OPT_VALUE,
	  .metavar = "SECONDS",
	  .take = tool_take_int,
	  .at = offsetof(struct wait_args, timeout),
	  .doc = "how long to wait; -1, the default, for ever" },
	{ 0 }
};

static const struct wait_args wait_defaults = { .timeout = -1 };

static int wait_run(void *args, int argc, char **argv)
{
	struct wait_args *a = args;
	autocontainer *c = NULL;

	(void)argc;
	(void)argv;
	if (!a->state)
		return tool_error(&a->common, "no states to wait for; --state=RUNNING, say");
	c = tool_container(&a->common);
	if (!c)
		return 1;
	return c->wait(c, a->state, a->timeout) ? 0 : 1;
}

const struct tool tool_wait = {
	.name = "lxc-wait",
	.doc = "Wait until a container is in one of some states.",
	.opts = wait_opts,
	.size = sizeof(struct wait_args),
	.defaults = &wait_defaults,
	.takes_name = true,
	.run = wait_run,
};
