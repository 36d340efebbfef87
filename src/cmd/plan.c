/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward plan: the order in which a container would be started here. */
#include "cmd/commands.h"
#include "launch/host.h"
#include "launch/launch.h"
#include "wall/wall.h"

static const struct cli_form form = { .profile = "app" };

static int run(int argc, char **argv)
{
	struct host host;
	struct err e = ERR_NONE;
	autocli cli = { 0 };
	autostr out = { 0 };
	int ret = cli_parse(&cli, &form, argc, argv, &e);

	if (ret < 0)
		return cmd_refused(&cmd_plan, ret, &e);
	ret = host_look(&host, &e);
	if (ret == 0)
		ret = walls_check(&cli.spec, &host, &e);
	if (ret < 0)
		return cmd_fail(&e, CMD_FAILED);
	launch_plan(&cli.spec, &host, &out);
	return cmd_print(&out);
}

const struct cmd cmd_plan = {
	.name = "plan",
	.args = "ROOTFS",
	.summary = "print the steps of a start: who does what, when and why (M monitor, I init)",
	.form = &form,
	.run = run,
};
