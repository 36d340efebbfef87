/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ward net attach, ward net detach: network devices of a running container. */
#include "cmd/net.h"

#include <errno.h>

#include "cmd/commands.h"
#include "launch/plug_net.h"
#include "watch/container.h"

struct args {
	const char *words;
};

static const struct opt attach_opts[] = {
	{ .name = "net",
	  .arg = OPT_VALUE,
	  .metavar = "KIND[,KEY=VALUE...]",
	  .take = opt_text,
	  .at = offsetof(struct args, words),
	  .doc = "the device, in the words of `ward run --net`; otherwise a veth on the network default" },
	{ 0 }
};

/* words: attach these; NULL: detach `device`. */
static int change(const char *name, const char *words, const char *device, char made[16],
		  struct err *e)
{
	struct container c = { 0 };
	autospec spec = { 0 };
	int ret = container_open(&c, e);

	spec_init(&spec);
	if (ret == 0)
		ret = container_find(&c, name, &spec, e);
	if (ret == 0) {
		ret = words ? plug_net(&c.run, words, made, e) : unplug_net(&c.run, device, e);
		if (ret < 0)
			err_add(e, "container %s", name);
	}
	container_lose(&c);
	container_close(&c);
	return ret;
}

static int attach_run(int argc, char **argv)
{
	struct args args = { .words = "auto" };
	struct err e = ERR_NONE;
	char made[16] = "";
	int first, status;

	if (!cmd_parse(&cmd_net_attach, argc, argv, &args, &first, &status))
		return status;
	if (argc - first != 1) {
		err_msg(&e, EINVAL, "one container is needed");
		return cmd_refused(&cmd_net_attach, -EINVAL, &e);
	}
	if (change(argv[first], args.words, NULL, made, &e) < 0)
		return cmd_fail(&e, CMD_FAILED);
	return cmd_print_line(made);
}

static int detach_run(int argc, char **argv)
{
	struct err e = ERR_NONE;
	char unused[16];
	int first, status;

	if (!cmd_parse(&cmd_net_detach, argc, argv, NULL, &first, &status))
		return status;
	if (argc - first != 2) {
		err_msg(&e, EINVAL, "a container and a device are needed");
		return cmd_refused(&cmd_net_detach, -EINVAL, &e);
	}
	return change(argv[first], NULL, argv[first + 1], unused, &e) < 0 ?
		       cmd_fail(&e, CMD_FAILED) :
		       CMD_OK;
}

const struct cmd cmd_net_attach = {
	.name = "net attach",
	.args = "CONTAINER",
	.summary = "give a running container a network device; prints its name inside",
	.opts = attach_opts,
	.run = attach_run,
};

const struct cmd cmd_net_detach = {
	.name = "net detach",
	.args = "CONTAINER DEVICE",
	.summary = "take a network device away from a running container",
	.run = detach_run,
};
