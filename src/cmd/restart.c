/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward restart: stop, if it runs, and start. */
#include <errno.h>

#include "cmd/commands.h"
#include "launch/control.h"
#include "wall/wall.h"
#include "watch/container.h"

static int restart(struct container *c, const char *name, void *into, struct err *e)
{
	const struct control_request stop = { CONTROL_STOP, -1 };
	struct control_reply answer;
	autospec spec = { 0 };
	int status, ret;

	(void)into;
	spec_init(&spec);
	/* All that can be known to fail fails while the old one still runs. */
	ret = cmd_definition(c, name, &spec, e);
	if (ret == 0)
		ret = container_protect(c, &spec, e);
	if (ret == 0)
		ret = walls_check(&spec, &c->host, e);
	c->checked = ret == 0;
	if (ret == 0 && store_running(&c->store, name)) {
		ret = control_call(&c->store, name, &stop, &answer, e);
		ret = ret == -ESRCH ? 0 : ret;
	}
	if (ret < 0)
		return ret;
	c->detach = c->defined = true;
	return container_run(c, &spec, &status, e);
}

static int run(int argc, char **argv)
{
	return cmd_each_name(&cmd_restart, argc, argv, NULL, restart);
}

const struct cmd cmd_restart = {
	.name = "restart",
	.args = "NAME...",
	.summary = "stop created containers, if they run, and start them",
	.run = run,
};
