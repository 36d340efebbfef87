/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward run: one program, behind every wall, gone afterwards. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "cmd/commands.h"
#include "spec/dump.h"
#include "watch/container.h"

static const struct cli_form form = { .profile = "app", .session = true, .command = true };

/* --keep: write the definition first, so that it can be started again. */
static int define(struct container *c, struct spec *spec, struct err *e)
{
	autostr text = { 0 };
	int ret = container_name(c, spec, e);

	if (ret < 0)
		return ret;
	dump_write(spec, true, &text);
	if (text.failed)
		return err_mem(e);
	c->defined = true;
	return store_define(&c->store, spec->name, str_text(&text), text.len, e);
}

static int run(int argc, char **argv)
{
	struct container c = { 0 };
	struct err e = ERR_NONE;
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
	if (ret == 0 && cli.keep)
		ret = define(&c, &cli.spec, &e);
	if (ret == 0)
		ret = container_run(&c, &cli.spec, &status, &e);
	if (ret < 0)
		status = cmd_container_failed(&c, &e);
	else if (cli.detach)
		printf("%s\n", cli.spec.name);
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
