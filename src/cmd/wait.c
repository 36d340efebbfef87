/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward wait: until containers have ended; prints their exit statuses. */
#include <errno.h>
#include <stdio.h>

#include "cmd/commands.h"
#include "launch/control.h"
#include "watch/container.h"

static int wait_one(struct container *c, const char *name, void *into, struct err *e)
{
	const struct control_request request = { CONTROL_WAIT, 0 };
	struct control_reply answer;
	char text[16];
	int ret = control_call(&c->store, name, &request, &answer, e);

	(void)into;
	if (ret < 0)
		return ret;
	snprintf(text, sizeof(text), "%d", answer.status);
	if (cmd_print_line(text) != CMD_OK)
		ret = err_msg(e, EIO, "the status of container %s was not printed", name);
	return ret;
}

static int run(int argc, char **argv)
{
	return cmd_each_name(&cmd_wait, argc, argv, NULL, wait_one);
}

const struct cmd cmd_wait = {
	.name = "wait",
	.args = "NAME...",
	.summary = "wait until containers have ended and print their exit statuses",
	.run = run,
};
