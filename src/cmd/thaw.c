/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward thaw. */
#include "cmd/commands.h"
#include "launch/control.h"
#include "watch/container.h"

static int thaw(struct container *c, const char *name, void *into, struct err *e)
{
	const struct control_request request = { CONTROL_THAW, 0 };
	struct control_reply answer;

	(void)into;
	return control_call(&c->store, name, &request, &answer, e);
}

static int run(int argc, char **argv)
{
	return cmd_each_name(&cmd_thaw, argc, argv, NULL, thaw);
}

const struct cmd cmd_thaw = {
	.name = "thaw",
	.args = "NAME...",
	.summary = "let the processes of a frozen container go on",
	.run = run,
};
