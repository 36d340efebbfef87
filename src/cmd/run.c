/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward run: one program, behind every wall, gone afterwards. */
#include "base/log.h"
#include "cmd/commands.h"
#include "watch/container.h"

static const struct cli_form form = { .profile = "app", .session = true, .command = true };

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct err e = ERR_NONE, ignored = ERR_NONE;
	autocli cli = { 0 };
	int status = 0, ret;

	ret = cli_parse(&cli, &form, argc, argv, &e);
	if (ret < 0)
		return cmd_refused(&cmd_run, ret, &e);
	if (cli.debug)
		log_level = LOG_DEBUG;
	c.detach = cli.detach;
	c.verbose = cli.verbose;
	c.argv = argv;
	ret = container_open(&c, &e);
	if (ret == 0)
		ret = container_protect(&c, &cli.spec, &e);
	if (ret == 0 && cli.keep)
		ret = container_define(&c, &cli.spec, &e);
	if (ret == 0)
		ret = container_run(&c, &cli.spec, &status, &e);
	/* One that never ran is not kept either. */
	if (ret < 0 && c.defined)
		store_undefine(&c.store, cli.spec.name, &ignored);
	if (ret < 0)
		status = cmd_container_failed(&c, &e);
	else if (cli.detach && cmd_print_line(cli.spec.name) != CMD_OK)
		status = CMD_WARD_FAILED;
	container_close(&c);
	return status;
}

const struct cmd cmd_run = {
	.name = "run",
	.args = "ROOTFS [--] COMMAND [ARGUMENT...]",
	.summary = "run one program behind every wall",
	.form = &form,
	.run = run,
};
