/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward create: define a container that can be started again and again. */
#include "cmd/commands.h"
#include "watch/container.h"

static const struct cli_form form = { .profile = "system" };

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct err e = ERR_NONE;
	autocli cli = { 0 };
	int ret = cli_parse(&cli, &form, argc, argv, &e);

	if (ret < 0)
		return cmd_refused(&cmd_create, ret, &e);
	ret = container_open(&c, &e);
	if (ret == 0)
		ret = container_define(&c, &cli.spec, &e);
	container_close(&c);
	return ret < 0 ? cmd_fail(&e, CMD_FAILED) : cmd_print_line(cli.spec.name);
}

const struct cmd cmd_create = {
	.name = "create",
	.args = "ROOTFS [--] [COMMAND [ARGUMENT...]]",
	.summary = "define a container, to be started with `ward start`",
	.form = &form,
	.run = run,
};
