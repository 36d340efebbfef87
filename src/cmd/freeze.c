/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward freeze. */
#include "cmd/commands.h"
#include "launch/control.h"
#include "watch/container.h"

static int freeze(struct container *c, const char *name, void *into, struct err *e)
{
	const struct control_request request = { CONTROL_FREEZE, 0 };
	struct control_reply answer;

	(void)into;
	return control_call(&c->store, name, &request, &answer, e);
}

static int run(int argc, char **argv)
{
	return cmd_each_name(&cmd_freeze, argc, argv, NULL, freeze);
}

const struct cmd cmd_freeze = {
	.name = "freeze",
	.args = "NAME...",
	.summary = "stop all processes of a container where they are",
	.run = run,
};
