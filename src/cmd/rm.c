/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward rm: forget created containers. Their root file systems are not touched. */
#include <errno.h>

#include "cmd/commands.h"
#include "launch/control.h"
#include "net/network.h"
#include "watch/container.h"

struct args {
	bool force;
};

static const struct opt opts[] = {
	{ .name = "force", .letter = 'f', .take = opt_true, .at = offsetof(struct args, force),
	  .doc = "kill it first when it is running" },
	{ 0 }
};

static int forget(struct container *c, const char *name, void *into, struct err *e)
{
	const struct control_request kill = { CONTROL_STOP, 0 };
	struct control_reply answer;
	bool was_running = store_running(&c->store, name);
	int ret;

	if (was_running && !((struct args *)into)->force)
		return err_msg(e, EBUSY, "container %s is running: stop it first, or use --force",
			       name);
	if (was_running) {
		ret = control_call(&c->store, name, &kill, &answer, e);
		if (ret < 0 && ret != -ESRCH)
			return ret;
	}
	ret = store_undefine(&c->store, name, e);
	if (ret == 0)
		ret = lease_release(&c->store, name, true, e);
	/* One made by `run -d` has no definition and is gone when it has ended. */
	return ret == -ENOENT && was_running ? 0 : ret;
}

static int run(int argc, char **argv)
{
	struct args a = { 0 };

	return cmd_each_name(&cmd_rm, argc, argv, &a, forget);
}

const struct cmd cmd_rm = {
	.name = "rm",
	.args = "NAME...",
	.summary = "forget created containers; their root file systems stay",
	.opts = opts,
	.run = run,
};
